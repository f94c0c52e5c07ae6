# %% title [markdown] lang="ko"
r"""
# HW3. 초기화와 드롭아웃

[English](../../en/homework/hw3_initialization.ipynb) · 약 110분 · 37점

신경망이 학습될 수 있는지는 이미지를 한 장도 보기 전에, 처음 가중치에서 이미 갈립니다. 가중치를 정하는 규칙은 저마다 한 줄입니다. 그리고 그 한 줄을 사람들은 수없이 틀렸습니다. 다른 쪽 fan을 쓰고, 표준편차 자리에 분산(variance)을 쓰고, 커널(kernel)을 빠뜨렸습니다. 그 규칙들을 직접 써서 30층 신경망에 넣고, 무엇이 갈리는지 보겠습니다.

**여기서 할 일**

- Xavier 초기화(Xavier initialization)와 He 초기화(He initialization), 그리고 어떤 신경망이든 초기화하는 함수를 씁니다.
- 드롭아웃(dropout)을 요즘 쓰는 방식으로 씁니다.
- 신호가 30층을 지나는 모습을 학습하기 전에 살피고, 학습이 되는지도 봅니다.
- ReLU뿐 아니라 어떤 활성화 함수(activation function)에든 맞는 배율을 구합니다.

**푸는 방법.** 검사는 몇 번이든 실행해도 됩니다. 매번 다른 입력을 무작위로 뽑아 시험하고, 처음 틀린 곳을 알려 줍니다. "모두 실행"을 누르면 아직 풀지 않은 첫 문제에서 멈춥니다.
강의는 [03번 노트북](../../ko/03_initialization.ipynb)이고, 드롭아웃은 [01번 노트북](../../ko/01_lenet_to_alexnet.ipynb)에 있습니다. `F.dropout`과 `nn.Dropout`, `torch.nn.init`의 Xavier와 Kaiming 함수는 쓸 수 없습니다(`torch.nn.init`의 다른 함수는 괜찮습니다). 이 강좌의 패키지는 6번에서만 쓸 수 있습니다.

무작위로 뽑은 답은 수를 하나하나 비교할 수 없습니다. 그래서 검사는 수만 개를 뽑아 평균과 퍼진 정도를 봅니다. 맞는 답은 언제나 통과합니다.
"""

# %% title [markdown] lang="en"
r"""
# HW3. Initialization and dropout

[한국어](../../ko/homework/hw3_initialization.ipynb) · about 110 minutes · 37 points

Before a network has seen a single image, its first weights have already decided whether it can learn at all. The rules for them are one line each, and each of these lines has been written wrong many times: the other fan, the variance in place of the standard deviation, a forgotten kernel. You write them, put them into a network of 30 layers, and see what they decide.

**What you will do here**

- You write Xavier's and He's initialization, and a function that initializes any network.
- You write dropout, the way everybody computes it today.
- You watch a signal on its way through 30 layers, before and while they train.
- You find the right factor for any activation function, not only for the ReLU.

**How it works.** Run a check as often as you like. It takes other random inputs each time, and tells you the first thing that is wrong. "Run All" stops at the first part that is not solved yet.
The lecture is [notebook 03](../../en/03_initialization.ipynb); dropout is in [notebook 01](../../en/01_lenet_to_alexnet.ipynb). Not allowed are `F.dropout` and `nn.Dropout`, the Xavier and Kaiming functions of `torch.nn.init` (the others are), and, outside of part 6, the course's package.

Random answers cannot be compared number by number. The checks draw many thousand numbers and look at their mean and their spread; a right answer always passes.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
import math

import torch
from torch import nn

from seminar import data, figures, homework, settings, train

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says

# %% s1 [markdown] lang="ko"
r"""
## 1. fan-in과 fan-out (3점, 10분)

fan-in(입력 연결 수)은 출력 하나가 읽는 수의 개수이고, fan-out(출력 연결 수)은 입력 하나를 읽는 출력의 개수입니다(가장자리에서 멀고 스트라이드(stride)가 1일 때). PyTorch에서 가중치의 모양은 선형 층이면 (출력, 입력), 합성곱(convolution)이면 (출력, 입력, 세로, 가로)입니다. 커널의 변은 `Conv1d`에서 하나, `Conv3d`에서 셋입니다.

손으로 해 보면 이렇습니다. 채널(channel) 3개를 8개로 바꾸는 2×5 커널이면 출력 하나는 수 $3 \cdot 2 \cdot 5 = 30$개를 읽고, 입력 하나는 출력 $8 \cdot 2 \cdot 5 = 80$개가 읽습니다.

둘을 int로 돌려주는 `fans(weight)`를 작성하세요.
"""

# %% s1 [markdown] lang="en"
r"""
## 1. Fan-in and fan-out (3 points, 10 minutes)

*Fan-in* is how many numbers one output reads, *fan-out* how many outputs read one input (far from the border, at stride 1). In PyTorch the weight of a linear layer has the shape (out, in), that of a convolution (out, in, height, width). `Conv1d` and `Conv3d` have one or three kernel sides in place of two.

By hand: a convolution from 3 to 8 channels with a kernel of 2×5. One output reads $3 \cdot 2 \cdot 5 = 30$ numbers; one input is read by $8 \cdot 2 \cdot 5 = 80$ outputs.

Write `fans(weight)`, which returns both as ints.
"""


# %% answer-fans role="answer"
def fans(weight):
    """fan_in and fan_out of a weight, as two ints.

    weight: (out, in) of a linear layer or (out, in, *kernel) of a convolution.
    """
    ### BEGIN SOLUTION
    positions = math.prod(weight.shape[2:])
    return weight.shape[1] * positions, weight.shape[0] * positions
    ### END SOLUTION


# %% check-fans role="check" points=3
homework.check("fans", fans).stop_if_wrong()
### BEGIN HIDDEN TESTS
assert fans(torch.empty(96, 3, 11, 11)) == (363, 11_616)
assert fans(torch.empty(10, 84)) == (84, 10)
assert fans(nn.Conv1d(4, 6, 7).weight) == (28, 42)
### END HIDDEN TESTS

# %% s2 [markdown] lang="ko"
r"""
## 2. Xavier (4점, 10분)

Glorot과 Bengio(2010)는 균등 분포에서 뽑습니다(식 16).

$$W \sim U[-a, a], \qquad a = \sqrt{\frac{6}{\text{fan-in} + \text{fan-out}}}$$

$[-a, a]$의 균등 분포는 분산이 $a^2/3$이므로, 여기서 분산은 $2/(\text{fan-in} + \text{fan-out})$입니다.

손으로 해 보면, 수 2개를 4개로 바꾸는 선형 층에서 $a = \sqrt{6/6} = 1$입니다.

`xavier_uniform(shape, generator)`를 작성하세요. `torch.rand(shape, generator=generator)`로 뽑아 새 텐서를 돌려줍니다. 시드(seed)가 같은 난수 생성기를 주면 같은 가중치가 나와야 합니다.
"""

# %% s2 [markdown] lang="en"
r"""
## 2. Xavier (4 points, 10 minutes)

Glorot and Bengio (2010) draw from a uniform distribution (equation 16),

$$W \sim U[-a, a], \qquad a = \sqrt{\frac{6}{\text{fan-in} + \text{fan-out}}} .$$

A uniform distribution on $[-a, a]$ has the variance $a^2/3$, so that here it is $2/(\text{fan-in} + \text{fan-out})$.

By hand: a linear layer from 2 to 4 has $a = \sqrt{6/6} = 1$.

Write `xavier_uniform(shape, generator)`. It returns a new tensor, drawn with `torch.rand(shape, generator=generator)`: a generator with the same seed has to give the same weights.
"""


# %% answer-xavier role="answer"
def xavier_uniform(shape, generator):
    """A new weight of this shape from U(-a, a), drawn from the given torch.Generator.

    shape: (out, in, *kernel). Equation 16 of Glorot and Bengio.
    """
    ### BEGIN SOLUTION
    fan_in, fan_out = fans(torch.empty(shape, device="meta"))
    a = math.sqrt(6 / (fan_in + fan_out))
    return a * (2 * torch.rand(shape, generator=generator) - 1)
    ### END SOLUTION


# %% check-xavier role="check" points=4
homework.check("xavier_uniform", xavier_uniform).stop_if_wrong()
### BEGIN HIDDEN TESTS
w = xavier_uniform((300, 200), torch.Generator().manual_seed(1))
a = nn.init.xavier_uniform_(torch.empty(300, 200)).abs().max()
assert w.shape == (300, 200)
assert abs(w.abs().max() / a - 1) < 0.01
assert abs(w.std() * math.sqrt(250) - 1) < 0.02
### END HIDDEN TESTS

# %% s3 [markdown] lang="ko"
r"""
## 3. He (4점, 10분)

ReLU는 입력의 절반을 0으로 만듭니다. He 등(2015)은 그만큼을 되돌립니다.

$$W \sim N\Big(0, \frac{2}{\text{fan}}\Big)$$

둘째 자리에 있는 것은 *분산*입니다. `mode="fan_in"`이면 앞으로 가는 신호의 크기가(식 10), `"fan_out"`이면 뒤로 가는 기울기(gradient)의 크기가(식 14) 그대로 유지됩니다.

손으로 해 보면, 수 8개를 50개로 바꾸는 선형 층에서 `mode="fan_in"`이면 분산은 $2/8$, 표준편차는 $0.5$입니다.

`he_normal(shape, generator, mode)`를 작성하세요. 수는 `torch.randn(shape, generator=generator)`로 뽑습니다.
"""

# %% s3 [markdown] lang="en"
r"""
## 3. He (4 points, 10 minutes)

A ReLU sets half of its inputs to zero. He et al. (2015) make up for it:

$$W \sim N\Big(0, \frac{2}{\text{fan}}\Big) ,$$

with the *variance* in the second place. `mode="fan_in"` keeps the signal's size on the way forward (equation 10), `"fan_out"` the gradient's on the way back (equation 14).

By hand: a linear layer from 8 to 50, `mode="fan_in"`. The variance is $2/8$, the standard deviation $0.5$.

Write `he_normal(shape, generator, mode)`. Draw with `torch.randn(shape, generator=generator)`.
"""


# %% answer-he role="answer"
def he_normal(shape, generator, mode):
    """A new weight of this shape from N(0, 2/fan), drawn from the given torch.Generator.

    shape: (out, in, *kernel); mode: "fan_in" or "fan_out". Equations 10 and 14 of He et al.
    """
    ### BEGIN SOLUTION
    fan_in, fan_out = fans(torch.empty(shape, device="meta"))
    fan = fan_in if mode == "fan_in" else fan_out
    return math.sqrt(2 / fan) * torch.randn(shape, generator=generator)
    ### END SOLUTION


# %% check-he role="check" points=4
homework.check("he_normal", he_normal).stop_if_wrong()
### BEGIN HIDDEN TESTS
for mode, fan in (("fan_in", 64 * 9), ("fan_out", 256 * 9)):
    w = he_normal((256, 64, 3, 3), torch.Generator().manual_seed(2), mode)
    assert abs(w.std() * math.sqrt(fan / 2) - 1) < 0.02
    assert w.abs().max() > 3.5 * w.std()
### END HIDDEN TESTS

# %% s4 [markdown] lang="ko"
r"""
## 4. 신경망 전체 (6점, 15분)

`initialize(model)`을 작성하세요.

- `nn.Conv2d`와 `nn.Linear`의 가중치는 모두 fan-in을 쓰는 He로 뽑습니다. 층이 다른 모듈 안에 아무리 깊이 들어 있어도 마찬가지입니다.
- 편향이 있으면 0으로 둡니다.
- `nn.BatchNorm2d`에서는 γ(`weight`)를 1, β(`bias`)를 0으로 둡니다.
- 나머지는 바꾸지 않습니다.

파라미터(parameter)는 `torch.no_grad()` 안에서 *값만* 바꾸고, 모델을 돌려줍니다. 옵티마이저(optimizer)가 파라미터를 이미 알고 있을 수 있으므로 파라미터는 같은 객체로 남아 있어야 합니다. 이 함수는 난수 생성기를 받지 않습니다. `he_normal`의 `generator`에 `None`을 주면 PyTorch의 전역 생성기로 뽑습니다.
"""

# %% s4 [markdown] lang="en"
r"""
## 4. A whole network (6 points, 15 minutes)

Write `initialize(model)`:

- every weight of an `nn.Conv2d` and an `nn.Linear` is drawn by He with fan-in, however deep inside other modules the layer is;
- their biases, where there are any, become 0;
- of every `nn.BatchNorm2d` γ (`weight`) becomes 1 and β (`bias`) 0;
- nothing else changes.

It changes the numbers *in* the parameters, under `torch.no_grad()`, and returns the model. The parameters must remain the same objects, since an optimizer may know them already. There is no generator here: your `he_normal` may be given `None`, for then PyTorch draws from its global one.
"""


# %% answer-initialize role="answer"
def initialize(model):
    """Draw every convolution and linear layer by He (fan_in); biases and β 0, γ 1.

    Changes the numbers in the model's parameters, and returns the model.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.copy_(he_normal(module.weight.shape, None, "fan_in"))
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.BatchNorm2d):
                module.weight.fill_(1)
                module.bias.zero_()
    return model
    ### END SOLUTION


# %% check-initialize role="check" points=6
homework.check("initialize", initialize).stop_if_wrong()
### BEGIN HIDDEN TESTS
model = nn.ModuleDict({"a": nn.ModuleList([nn.Conv2d(64, 256, 3)]), "b": nn.BatchNorm2d(5)})
nn.init.normal_(model["b"].weight)
assert initialize(model) is model
assert abs(model["a"][0].weight.std() * math.sqrt(64 * 9 / 2) - 1) < 0.02
assert model["a"][0].bias.abs().max() == 0
assert model["b"].weight.tolist() == [1] * 5
### END HIDDEN TESTS

# %% s5 [markdown] lang="ko"
r"""
## 5. 드롭아웃 (4점, 10분)

학습할 때는 각 수가 서로 독립적으로 확률 $p$로 0이 됩니다. 남은 수는 $1 - p$로 나누어 평균을 그대로 유지합니다. 평가할 때는 아무 일도 하지 않습니다. 이것이 *역* 드롭아웃(inverted dropout)입니다. 원래 논문에서는 평가할 때 값을 줄였습니다.

손으로 해 보면, $x = [2, 4, 6, 8]$이고 $p = 0.5$일 때 둘째와 셋째가 지워지면 결과는 $[4, 0, 0, 16]$입니다.

`dropout(x, p, training, generator)`를 작성하세요. 무엇을 지울지는 `torch.rand(x.shape, generator=generator)`로 뽑고, `x`는 그대로 두세요.
"""

# %% s5 [markdown] lang="en"
r"""
## 5. Dropout (4 points, 10 minutes)

During training each number becomes 0 with probability $p$, independently of all others. What remains is divided by $1 - p$, so that its mean stays the same. In evaluation nothing happens at all. This is *inverted* dropout; the original scaled in evaluation instead.

By hand: $x = [2, 4, 6, 8]$, $p = 0.5$, and the 2nd and the 3rd number are dropped. The result is $[4, 0, 0, 16]$.

Write `dropout(x, p, training, generator)`. Draw the numbers that decide with `torch.rand(x.shape, generator=generator)`, and leave `x` as it is.
"""


# %% answer-dropout role="answer"
def dropout(x, p, training, generator):
    """Inverted dropout: each number of x becomes 0 with probability p.

    x: any shape; 0 ≤ p < 1; training: bool; generator: a torch.Generator. Returns a new tensor.
    """
    ### BEGIN SOLUTION
    if not training:
        return x
    keep = torch.rand(x.shape, generator=generator) >= p
    return x * keep / (1 - p)
    ### END SOLUTION


# %% check-dropout role="check" points=4
homework.check("dropout", dropout).stop_if_wrong()
### BEGIN HIDDEN TESTS
x = torch.full((100, 1000), 3.0)
y = dropout(x, 0.25, True, torch.Generator().manual_seed(3))
assert set(y.unique().tolist()) == {0.0, 4.0}
assert abs(y.mean() - 3) < 0.03
assert torch.equal(dropout(x, 0.9, False, None), x)
### END HIDDEN TESTS

# %% s6 [markdown] lang="ko"
r"""
## 6. 재어 봅시다: 30층 (7점, 25분)

다음 셀에는 선형 층 30개 사이에 ReLU를 넣은 신경망과 학습 설정이 있습니다. 가중치를 세 가지 방법으로 뽑으세요. fan-in을 쓰는 `he_normal`, `xavier_uniform`, 그리고 AlexNet이 쓴 $N(0, 0.01^2)$입니다. 편향은 모두 0입니다. 난수 생성기는 신경망마다 하나를 만들어 모든 층을 거기서 뽑으세요. 층마다 같은 시드로 새로 만들면 모든 층의 가중치가 똑같아집니다.

**첫째 그림.** 학습하기 전에 숫자 이미지 500장(`digits.train.images[:500]`)을 신경망에 넣고 $z$의 표준편차를 적습니다. $z$는 선형 층 30개가 저마다 내는 값, 곧 ReLU를 지나기 *전*의 값입니다. 곡선 셋을 그리세요. 가로축은 층 번호, 세로축은 로그 눈금입니다. 표준편차는 `z.std()`로 구하세요. 가장 작은 값은 $10^{-34}$쯤이어서, 제곱하면 float32에서는 0이 됩니다.

**둘째 그림.** He와 Xavier로 새로 초기화한 신경망을 `train.fit(model, digits, **setting)`으로 학습시킵니다. 결과의 `train_loss`는 에폭(epoch)마다 잰 훈련 이미지의 손실입니다. 곡선 둘을 그리세요. 두 번 학습시키는 데 5초쯤 걸립니다.

두 그림 모두 제목, 축 이름, 범례가 있어야 합니다. `figures.lines({"He": (xs, ys), …}, 제목, 가로축, 세로축, log=True)`나 Matplotlib을 쓰면 됩니다. 셀 중간에서 그림을 보이려면 `figures.show(…)`를 쓰세요.
"""

# %% s6 [markdown] lang="en"
r"""
## 6. Measure: thirty layers (7 points, 25 minutes)

The next cell has a network of 30 linear layers with ReLUs, and a training setting. Let three schemes draw its weights, each with biases of 0: your `he_normal` with fan-in, your `xavier_uniform`, and $N(0, 0.01^2)$, which AlexNet used. Make one generator for each network, and draw all its layers from it: with a new one for each layer, of the same seed, all layers would have the same weights.

**First figure.** Before training: send 500 digits (`digits.train.images[:500]`) through the network and note the standard deviation of $z$, what each of the 30 linear layers puts out *before* its ReLU. Draw three curves against the layer, with a logarithmic vertical axis. Take `z.std()`: the smallest numbers are around $10^{-34}$, and their squares would be 0 in float32.

**Second figure.** Train the networks of He and Xavier, each new from its start, with `train.fit(model, digits, **setting)`. The result has `train_loss`, the loss on the training images after each epoch. Draw both curves. The two trainings take about 5 seconds.

Both figures need a title, labels, and a legend. `figures.lines({"He": (xs, ys), …}, title, x label, y label, log=True)` does it, or Matplotlib. To show a figure in the middle of a cell: `figures.show(…)`.
"""

# %% setting
digits = data.load("mnist5k", size=14)  # 4,000 training images of 14×14 pixels
setting = {
    "epochs": 4,
    "batch_size": 64,
    "lr": 0.02,
    "clip": 1.0,  # a longer gradient is shortened to this length
    "schedule": "constant",
    "precision": "float32",
    "seed": seed,
    "progress": False,
}


def dense():
    """30 linear layers with ReLUs between them: 196 → 128 → … → 128 → 10."""
    layers = [nn.Flatten(), nn.Linear(196, 128), nn.ReLU()]
    for _ in range(28):
        layers += [nn.Linear(128, 128), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(128, 10))


# %% measure tags=["nbval-ignore-output"] role="by hand" points=7
### BEGIN SOLUTION
def start(draw):
    """The network with its weights from `draw(shape, generator)` and biases of 0."""
    model, generator = dense(), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear):
                layer.weight.copy_(draw(layer.weight.shape, generator))
                layer.bias.zero_()
    return model


def spreads(model):
    """The standard deviation of z behind each linear layer, for 500 digits."""
    x, found = digits.train.images[:500], []
    with torch.no_grad():
        for layer in model:
            x = layer(x)
            if isinstance(layer, nn.Linear):
                found.append(x.std().item())
    return found


schemes = {
    "He": lambda shape, generator: he_normal(shape, generator, "fan_in"),
    "Xavier": xavier_uniform,
    "0.01": lambda shape, generator: 0.01 * torch.randn(shape, generator=generator),
}
figures.show(
    figures.lines(
        {name: (range(1, 31), spreads(start(draw))) for name, draw in schemes.items()},
        "The signal before training",
        "layer",
        "standard deviation of z (log scale)",
        log=True,
    )
)
losses = {name: train.fit(start(schemes[name]), digits, **setting) for name in ("He", "Xavier")}
figures.lines(
    {name: (range(1, 5), history.train_loss) for name, history in losses.items()},
    "Training with two starts",
    "epoch",
    "training loss (nats)",
    marks=True,
)
### END SOLUTION

# %% s7 [markdown] lang="ko"
r"""
## 7. 자기 말로 쓰기 (4점, 15분)

(가) Xavier에서 표준편차는 층 하나를 지날 때마다 몇 배가 됩니까? 첫째 그림에서 읽으세요(예를 들어 2층에서 29층까지). 식에서 기대되는 값은 얼마이고, 까닭은 무엇입니까?

(나) 이 배율은 1에서 그리 멀지 않습니다. 그런데 왜 30층에서는 학습의 성패를 가르고, 5층에서는 거의 차이를 만들지 않을까요? 숫자를 들어 쓰세요.

500자 안팎으로 쓰세요.
"""

# %% s7 [markdown] lang="en"
r"""
## 7. In your own words (4 points, 15 minutes)

(a) By which factor does the standard deviation change from one layer to the next with Xavier, read from your first figure (say, from layer 2 to layer 29)? Which factor do you expect from the formulas, and why?

(b) This factor is not far from 1. Why does it decide over everything at 30 layers, and over hardly anything at 5? Give numbers.

Answer in about 150 words.
"""

# %% written [markdown] role="by hand" points=4 lang="ko"
r"""
**모범 답안.** (가) Xavier에서는 27층을 지나는 동안 표준편차가 약 1만 분의 1이 됩니다. 층마다 약 0.71배입니다. 이 값은 $\sqrt{1/2}$입니다. fan-in과 fan-out이 모두 128이라 Xavier의 분산은 $1/128$로 He의 $2/128$의 절반이고, ReLU를 지나면 제곱의 평균이 절반이 되기 때문입니다. (정확한 값은 시드에 따라 다릅니다. 0.68–0.74면 맞습니다.)

(나) 배율은 층마다 곱해집니다. 5층이면 $0.71^5 \approx 0.18$로 작아지지만 남아 있고, 30층이면 $0.71^{30} \approx 3 \cdot 10^{-5}$입니다. 그러면 모든 이미지의 로짓이 거의 같아지고, 둘째 그림에서 손실이 $\ln 10 \approx 2.30$에 머뭅니다. He는 0.5쯤까지 내려갔습니다.

**채점 기준(4점)**

- 1점: 자기 그림에서 층마다의 배율을 계산했다.
- 1점: 기대되는 배율과 까닭(분산이 절반, ReLU)을 썼다.
- 1점: 배율이 곱해진다고 쓰고, 5층과 30층의 값을 들었다.
- 1점: 둘째 그림의 값을 들어 손실과 이었다.
"""

# %% written [markdown] role="by hand" points=4 lang="en"
r"""
**Model answer.** (a) With Xavier the standard deviation falls about $10^4$-fold over 27 layers, by a factor of about $0.71$ per layer. That is $\sqrt{1/2}$: fan-in and fan-out are both 128, so Xavier's variance is $1/128$, half of He's $2/128$, and the ReLU lets only half of the square pass. (The exact number depends on the seed; 0.68 to 0.74 is fine.)

(b) Such factors are multiplied. Over 5 layers they make $0.71^5 \approx 0.18$: smaller, but there. Over 30 layers they make $0.71^{30} \approx 3 \cdot 10^{-5}$. The logits are nearly the same for all images, the loss stays at $\ln 10 \approx 2.30$, as in my second figure, while He goes down to about 0.5.

**Rubric (4 points)**

- 1 point: the factor per layer, computed from the student's own figure.
- 1 point: the expected factor with its reason (half the variance, the ReLU).
- 1 point: the factors multiply; numbers for 5 and for 30 layers.
- 1 point: the link to the loss, with the value from the second figure.
"""

# %% s8 [markdown] lang="ko"
r"""
## 8. 어떤 활성화 함수든 (도전, 5점, 15분)

He의 2는 어디에서 왔을까요? $z$가 $N(0, 1)$을 따르고 $y = f(z)$이면, 다음 층은 $W y$를 fan-in개 더하므로 분산이 $\text{fan-in} \cdot \mathrm{Var}(W) \cdot E[y^2]$입니다. 이것이 1로 유지되려면 다음과 같아야 합니다.

$$\mathrm{Var}(W) = \frac{\text{gain}^2}{\text{fan-in}}, \qquad \text{gain} = \frac{1}{\sqrt{E[f(z)^2]}}$$

ReLU에서는 $E[f(z)^2] = \tfrac12$입니다. 절반은 사라지고, 나머지 절반은 제곱이 그대로이기 때문입니다. 그래서 배율(gain)은 $\sqrt 2$입니다. $f(z) = 3z$이면 $\tfrac13$입니다.

어떤 함수를 받아도 배율을 구하는 `gain(activation)`을 작성하세요. 길은 두 가지입니다. $z$를 아주 많이(10만 개 이상) 뽑거나, 촘촘한 격자에서 $N(0, 1)$의 밀도를 곱해 더합니다. 오차가 2% 안이면 됩니다.
"""

# %% s8 [markdown] lang="en"
r"""
## 8. Any activation function (stretch, 5 points, 15 minutes)

Where does He's 2 come from? If $z$ is $N(0, 1)$ and $y = f(z)$, the next layer adds up fan-in many products $W y$, and its variance is $\text{fan-in} \cdot \mathrm{Var}(W) \cdot E[y^2]$. It stays 1 if

$$\mathrm{Var}(W) = \frac{\text{gain}^2}{\text{fan-in}}, \qquad \text{gain} = \frac{1}{\sqrt{E[f(z)^2]}} .$$

For the ReLU, $E[f(z)^2] = \tfrac12$: half of the numbers vanish, and the other half keep their square. The gain is $\sqrt 2$. For $f(z) = 3z$ it is $\tfrac13$.

Write `gain(activation)` for any function that is given to you. Two ways are open: draw very many $z$ (100,000 or more), or add up over a fine grid with the density of $N(0, 1)$. Within 2% is near enough.
"""


# %% answer-gain role="answer"
def gain(activation):
    """By how much larger the standard deviation of the weights must be, for any function f.

    activation: a function that is applied to a tensor, number by number. Returns 1/√E[f(z)²] for
    z from N(0, 1), a float; 2% off is near enough.
    """
    ### BEGIN SOLUTION
    z = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0))
    return 1 / activation(z).square().mean().sqrt().item()
    ### END SOLUTION


# %% check-gain role="check" points=5
homework.check("gain", gain).stop_if_wrong()
### BEGIN HIDDEN TESTS
assert abs(gain(torch.relu) / math.sqrt(2) - 1) < 0.02
assert abs(gain(lambda z: z) - 1) < 0.02
assert abs(gain(torch.tanh) / 1.5925 - 1) < 0.02
### END HIDDEN TESTS

# %% references [markdown] lang="ko"
r"""
## 참고 문헌

- X. Glorot, Y. Bengio: Understanding the difficulty of training deep feedforward neural networks. AISTATS 2010. 식 (12)와 (16).
- K. He, X. Zhang, S. Ren, J. Sun: Delving deep into rectifiers. ICCV 2015, arXiv:1502.01852. 2.2절, 식 (10)과 (14).
- N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov: Dropout: a simple way to prevent neural networks from overfitting. JMLR 15, 2014.
- A. Krizhevsky, I. Sutskever, G. Hinton: ImageNet classification with deep convolutional neural networks. NIPS 2012. 5절(표준편차 0.01).
"""

# %% references [markdown] lang="en"
r"""
## References

- X. Glorot, Y. Bengio: Understanding the difficulty of training deep feedforward neural networks. AISTATS 2010. Equations 12 and 16.
- K. He, X. Zhang, S. Ren, J. Sun: Delving deep into rectifiers. ICCV 2015, arXiv:1502.01852. Section 2.2, equations 10 and 14.
- N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov: Dropout: a simple way to prevent neural networks from overfitting. JMLR 15, 2014.
- A. Krizhevsky, I. Sutskever, G. Hinton: ImageNet classification with deep convolutional neural networks. NIPS 2012. Section 5 (standard deviation 0.01).
"""
