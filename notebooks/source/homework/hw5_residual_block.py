# %% title [markdown] lang="ko"
r"""
# HW5. 잔차 블록

[English](../../en/homework/hw5_residual_block.ipynb) · 약 150분 · 37점

덧셈 하나로 백 층이 넘는 신경망도 학습되기 시작했습니다. 그리기도 쉽지만, 잘못 그리기도 쉽습니다. ReLU는 덧셈 앞에 있을까요, 뒤에 있을까요? 스트라이드(stride)는 어느 합성곱(convolution)에 둘까요? 모양이 다를 때는 무엇을 더할까요? 논문의 세 가지 지름길 연결(shortcut connection)을 모두 갖춘 블록을 만들고, 그것으로 신경망을 세운 다음, 다시 뜯어 봅니다.

**여기서 할 일**

- 지름길 A, B, C와 이를 담는 블록을 씁니다.
- 블록이 항등 매핑(identity mapping)에서 출발하게 하되, 학습하는 능력은 그대로 둡니다.
- 6n+2층 신경망을 만듭니다. 같은 가중치를 넣으면 강좌의 신경망과 로짓(logit)이 같아야 합니다.
- 성능 저하 문제(degradation problem)와, 지름길이 이를 얼마나 막아 주는지 잽니다.
- 블록을 빼 보고, 경로(path)의 길이마다 기울기(gradient)가 얼마나 돌아오는지 계산합니다.

**푸는 방법.** 검사는 몇 번이든 실행해도 됩니다. 매번 다른 입력을 무작위로 뽑아 시험하고, 처음 틀린 곳을 알려 줍니다. "모두 실행"을 누르면 아직 풀지 않은 첫 문제에서 멈춥니다.
강의는 [05번 노트북](../../ko/05_residual_learning.ipynb)이고, 6번과 8번은 [07번 노트북](../../ko/07_why_resnet_works.ipynb)에도 나옵니다. 1–4번에서 PyTorch는 무엇이든 써도 되지만 `seminar.models`와 `torchvision.models`는 쓸 수 없습니다. 검사는 float64로 계산하니, 새 텐서는 `x`와 같은 자료형으로 만드세요.
"""

# %% title [markdown] lang="en"
r"""
# HW5. The residual block

[한국어](../../ko/homework/hw5_residual_block.ipynb) · about 150 minutes · 37 points

One addition made networks of a hundred layers trainable. It is quickly drawn, and quickly drawn wrong: is the ReLU before it or after it, which convolution has the stride, and what is added where the shapes differ? You build the block with all three of the paper's shortcuts, then the whole network, and then you take it apart again.

**What you will do here**

- You write the shortcuts A, B, and C, and the block around them.
- You let a block begin as the identity, without taking from it the ability to learn.
- You build the 6n+2-layer network; with the same weights it has to give the logits of the course's own.
- You measure degradation, and what the shortcut does against it.
- You delete blocks, and you count what the gradient gets from each length of path.

**How it works.** Run a check as often as you like. It takes other random inputs each time, and tells you the first thing that is wrong. "Run All" stops at the first part that is not solved yet.
The lecture is [notebook 05](../../en/05_residual_learning.ipynb), for parts 6 and 8 also [notebook 07](../../en/07_why_resnet_works.ipynb). In parts 1 to 4 everything from PyTorch is allowed; `seminar.models` and `torchvision.models` are not. The checks compute in float64: make new tensors with the type of `x`.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

from seminar import data, figures, homework, init, models, settings, train

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says
_ = torch.set_flush_denormal(True)  # numbers below 1e-38 become 0; they would slow the processor

# %% s1 [markdown] lang="ko"
r"""
## 1. 가중치가 없는 지름길 (3점, 10분)

스테이지(stage)가 바뀌는 곳에서는 채널(channel)이 늘고 특징 맵(feature map)이 작아집니다. 그러면 입력 $x$를 $F(x)$에 그대로 더할 수 없습니다. *옵션 A*(3.3절)는 가중치를 하나도 쓰지 않고 모양을 맞춥니다.

- 행과 열을 첫째부터 `stride`칸마다 하나씩 고릅니다. 0, `stride`, 2·`stride`, … 번째입니다.
- 모자라는 채널은 0으로 채웁니다. 어디에 채우는지는 논문에 없습니다. 가장 널리 쓰이는 구현을 따라 절반은 $x$의 채널 앞에, 절반은 뒤에 둡니다. (이 과제에서 모자라는 채널의 수는 언제나 짝수입니다.)

손으로 해 보면 이렇습니다. 채널이 하나이고 행이 $[1, 2, 3]$과 $[4, 5, 6]$일 때, `out_channels=3`, `stride=2`이면 행 $[1, 3]$만 남아 채널 셋 중 가운데 채널에 들어갑니다. 나머지 두 채널은 $[0, 0]$입니다.

`pad_shortcut(x, out_channels, stride)`를 작성하세요. `stride=1`이고 채널 수가 그대로이면 $x$의 값을 그대로 돌려줍니다.
"""

# %% s1 [markdown] lang="en"
r"""
## 1. A shortcut without weights (3 points, 10 minutes)

At the beginning of a stage the number of channels grows and the map shrinks. The input $x$ can then not be added to $F(x)$ as it is. *Option A* (section 3.3) makes it fit without a single weight:

- of the rows and of the columns it takes every `stride`-th one, beginning with the first: 0, `stride`, 2·`stride`, …;
- the missing channels are zeros. The paper does not say where. We follow the most used implementation: half of the zero channels come before those of $x$, half after. (Their number is even in this homework.)

By hand: one channel with the rows $[1, 2, 3]$ and $[4, 5, 6]$, `out_channels=3`, `stride=2`. There remains the row $[1, 3]$, in the middle one of three channels. The other two are $[0, 0]$.

Write `pad_shortcut(x, out_channels, stride)`. With `stride=1` and as many channels as before it returns the values of $x$.
"""


# %% answer-pad-shortcut role="answer"
def pad_shortcut(x, out_channels, stride):
    """Option A: a shortcut without weights.

    x: (N, C, H, W). Returns (N, out_channels, ⌈H/stride⌉, ⌈W/stride⌉); out_channels - C is even.
    """
    ### BEGIN SOLUTION
    half = (out_channels - x.shape[1]) // 2
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, half, half))
    ### END SOLUTION


# %% check-pad-shortcut role="check" points=3
homework.check("pad_shortcut", pad_shortcut).stop_if_wrong()
### BEGIN HIDDEN TESTS
y = pad_shortcut(torch.ones(1, 1, 3, 4), 3, 2)
assert y.shape == (1, 3, 2, 2)
assert y.sum((0, 2, 3)).tolist() == [0, 4, 0]
### END HIDDEN TESTS

# %% s2 [markdown] lang="ko"
r"""
## 2. 블록 (7점, 35분)

$$y = \mathrm{ReLU}\big(F(x) + W_s\, x\big), \qquad F(x) = \mathrm{BN}_2\big(\mathrm{conv}_2(\mathrm{ReLU}(\mathrm{BN}_1(\mathrm{conv}_1(x))))\big)$$

두 합성곱은 모두 3×3이고, 패딩(padding)은 1이며, 편향이 없습니다. 첫째 합성곱에 스트라이드가 있고, 여기서 채널 수가 바뀝니다. 지름길 $W_s$는 `option`에 따라 다릅니다.

| 옵션 | 블록에서 모양이 바뀔 때 | 바뀌지 않을 때 |
|---|---|---|
| `"A"` | 앞에서 작성한 `pad_shortcut` | $x$ 그대로 |
| `"B"` | 투영 | $x$ 그대로 |
| `"C"` | 투영 | 투영 |

스트라이드가 1이 아니거나 채널 수가 달라지면 모양이 바뀌는 것입니다. 투영, 곧 투영 지름길(projection shortcut)은 스트라이드가 블록과 같고 편향이 없는 1×1 합성곱과 그 뒤의 배치 정규화(batch normalization, BN)입니다.

가중치를 옮겨 넣을 수 있으려면 이름이 같아야 합니다. `conv1`, `bn1`, `conv2`, `bn2`로 하고, 투영이 있을 때만 `downsample`을 둡니다. `downsample`은 합성곱과 BN을 담은 `nn.Sequential`입니다. `nn.Conv2d`와 `nn.BatchNorm2d`를 쓰세요.

`ResidualBlock(in_channels, channels, stride, option)`을 작성하세요. 검사는 직접 작성한 블록과 강좌의 블록에 같은 가중치를 넣어 비교합니다.
"""

# %% s2 [markdown] lang="en"
r"""
## 2. The block (7 points, 35 minutes)

$$y = \mathrm{ReLU}\big(F(x) + W_s\, x\big), \qquad F(x) = \mathrm{BN}_2\big(\mathrm{conv}_2(\mathrm{ReLU}(\mathrm{BN}_1(\mathrm{conv}_1(x))))\big)$$

Both convolutions are 3×3 with padding 1 and without bias. The first one has the stride and leads to the new number of channels. The shortcut $W_s$ depends on `option`:

| option | the block changes the shape | it does not |
|---|---|---|
| `"A"` | your `pad_shortcut` | $x$ itself |
| `"B"` | projection | $x$ itself |
| `"C"` | projection | projection |

The shape changes if the stride is not 1 or the number of channels is another. The *projection* is a 1×1 convolution with the block's stride, without bias, followed by a BN.

So that weights can be loaded, the names matter: `conv1`, `bn1`, `conv2`, `bn2`, and, only where there is a projection, `downsample`, an `nn.Sequential` of convolution and BN. Take `nn.Conv2d` and `nn.BatchNorm2d`.

Write `ResidualBlock(in_channels, channels, stride, option)`. The check gives your block and ours the same weights.
"""


# %% answer-residual-block role="answer"
class ResidualBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut: figure 5, left.

    option: "A", "B" or "C". (N, in_channels, H, W) → (N, channels, ⌈H/stride⌉, ⌈W/stride⌉).
    """

    def __init__(self, in_channels, channels, stride, option):
        super().__init__()
        ### BEGIN SOLUTION
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.channels, self.stride = channels, stride
        changes = stride != 1 or in_channels != channels
        if option == "C" or (option == "B" and changes):
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride, bias=False),
                nn.BatchNorm2d(channels),
            )
        else:
            self.downsample = None
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.downsample is not None:
            return F.relu(y + self.downsample(x))
        return F.relu(y + pad_shortcut(x, self.channels, self.stride))  # or x itself
        ### END SOLUTION


# %% check-residual-block role="check" points=7
homework.check("residual_block", ResidualBlock).stop_if_wrong()
### BEGIN HIDDEN TESTS
sizes = {}
for option in "ABC":
    block = ResidualBlock(16, 32, 2, option)
    assert block(torch.randn(2, 16, 9, 7)).shape == (2, 32, 5, 4)
    assert block(torch.randn(2, 16, 9, 7)).min() == 0
    sizes[option] = sum(p.numel() for p in block.parameters())
assert (sizes["A"], sizes["B"] - sizes["A"]) == (9 * 16 * 32 + 9 * 32 * 32 + 128, 16 * 32 + 64)
same = ResidualBlock(8, 8, 1, "B"), ResidualBlock(8, 8, 1, "C")
assert [sum(p.numel() for p in b.parameters()) for b in same] == [1184, 1264]
### END HIDDEN TESTS

# %% s3 [markdown] lang="ko"
r"""
## 3. 항등 매핑에서 출발하기 (3점, 10분)

처음에 $F(x) = 0$이면, 모양을 바꾸지 않는 블록은 받은 것을 그대로 넘깁니다. $y = \mathrm{ReLU}(x)$인데, ReLU를 지나온 $x$에는 음수가 없으니 $x$ 그대로입니다. 이런 블록이 백 개 있는 신경망은 블록이 없는 신경망처럼 출발합니다. Goyal 등(2017)은 ResNet-50을 이렇게 학습시켰습니다.

$F$를 0으로 만드는 방법은 여럿입니다. 그러나 대개는 그 뒤로 $F$가 잘 학습되지 않거나, `train()`에서는 0이 되지 않습니다. 여기서는 **마지막 BN만으로** 해야 합니다. $\mathrm{conv}_2$가 무엇을 내든 `train()`에서도 `eval()`에서도 $F(x)$가 정확히 0이어야 합니다. 다른 것은 바꾸지 않고, 바꾼 값도 계속 학습되는 파라미터(parameter)로 남아 있어야 합니다.

`start_as_identity(block)`을 작성하세요. 받은 블록을 바꾸고, 그 블록을 돌려줍니다. 검사에는 이미 쓰던 블록이 나옵니다. γ와 β가 아무 값이나 될 수 있습니다.
"""

# %% s3 [markdown] lang="en"
r"""
## 3. Begin as the identity (3 points, 10 minutes)

If $F(x) = 0$ at the start, a new block that keeps the shape hands on its input: $y = \mathrm{ReLU}(x)$, and that is $x$ itself, because behind a ReLU no number is negative. A network of a hundred such blocks begins as a network without blocks. Goyal et al. (2017) train ResNet-50 in this way.

There are several ways to make $F$ zero, but after most of them $F$ cannot learn well, or is not zero in `train()`. Here it must be done by the **last BN alone**: whatever $\mathrm{conv}_2$ gives, $F(x)$ must be exactly 0, in `train()` and in `eval()`. Nothing else changes, and the values you change must remain parameters that learn.

Write `start_as_identity(block)`. It changes the block that it is given, and returns it. The check gives it blocks that have been in use: their γ and β are arbitrary numbers.
"""


# %% answer-start-as-identity role="answer"
def start_as_identity(block):
    """Make F(x) = 0 for every x, by the last BN alone; F must still be able to learn.

    block: a residual block whose last layers are conv2 and bn2. Changes and returns it.
    """
    ### BEGIN SOLUTION
    nn.init.zeros_(block.bn2.weight)
    nn.init.zeros_(block.bn2.bias)
    return block
    ### END SOLUTION


# %% check-start-as-identity role="check" points=3
homework.check("start_as_identity", start_as_identity).stop_if_wrong()
### BEGIN HIDDEN TESTS
block = start_as_identity(ResidualBlock(4, 4, 1, "A"))
x = torch.rand(2, 4, 5, 5)
y = block(x)
assert torch.allclose(y, x, atol=1e-6)
y.square().sum().backward()
assert block.bn2.weight.grad.abs().min() > 0
### END HIDDEN TESTS

# %% s4 [markdown] lang="ko"
r"""
## 4. 6n+2층 신경망 (6점, 30분)

| 부분 | 하는 일 | 특징 맵(입력이 32×32일 때) |
|---|---|---|
| `conv1`, `bn1` | 3×3, `in_channels` → `width`, 패딩 1, 편향 없음. 그다음 BN과 ReLU | 32×32 |
| `layer1` | 채널이 `width`개인 블록 $n$개 | 32×32 |
| `layer2` | 채널이 2·`width`개인 블록 $n$개. 첫 블록의 스트라이드는 2 | 16×16 |
| `layer3` | 채널이 4·`width`개인 블록 $n$개. 첫 블록의 스트라이드는 2 | 8×8 |
| – | 모든 위치의 평균 | 1×1 |
| `fc` | 편향이 있는 `nn.Linear`, 4·`width` → `num_classes` | – |

블록은 모두 2번에서 작성한 것이고, 옵션은 A입니다. `layer1`–`layer3`은 `nn.Sequential`입니다. 층의 수는 가중치가 있는 층만 셉니다. 처음에 하나, 스테이지 셋에 $2n$개씩, 끝에 `fc` 하나이므로 $1 + 3 \cdot 2n + 1 = 6n + 2$입니다. $n = 3$, `width=16`이면 논문의 ResNet-20입니다.

`CifarResNet(n, width, in_channels, num_classes)`를 작성하세요. 소프트맥스 없이 로짓을 돌려줍니다. 검사는 강좌의 신경망에서 가중치를 옮겨 넣고 로짓을 비교합니다.
"""

# %% s4 [markdown] lang="en"
r"""
## 4. The network of 6n+2 layers (6 points, 30 minutes)

| part | what it is | map (of a 32×32 input) |
|---|---|---|
| `conv1`, `bn1` | 3×3, `in_channels` → `width`, padding 1, no bias; then BN and ReLU | 32×32 |
| `layer1` | $n$ blocks with `width` channels | 32×32 |
| `layer2` | $n$ blocks with 2·`width` channels; the first has stride 2 | 16×16 |
| `layer3` | $n$ blocks with 4·`width` channels; the first has stride 2 | 8×8 |
| – | the mean over all positions | 1×1 |
| `fc` | an `nn.Linear` with bias, 4·`width` → `num_classes` | – |

All blocks are yours, with option A; `layer1` to `layer3` are `nn.Sequential`. Counted are layers with weights: $1 + 3 \cdot 2n + 1 = 6n + 2$. With $n = 3$ and `width=16` this is the paper's ResNet-20.

Write `CifarResNet(n, width, in_channels, num_classes)`. It returns logits, no softmax. The check loads our network's weights into yours and compares the logits.
"""


# %% answer-cifar-resnet role="answer"
class CifarResNet(nn.Module):
    """The network of 6n+2 layers of section 4.2, with option A.

    width: the channels of the first stage. (N, in_channels, H, W) → logits (N, num_classes).
    """

    def __init__(self, n, width, in_channels, num_classes):
        super().__init__()
        ### BEGIN SOLUTION
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)

        def stage(c, channels, stride):
            first = ResidualBlock(c, channels, stride, "A")
            rest = (ResidualBlock(channels, channels, 1, "A") for _ in range(n - 1))
            return nn.Sequential(first, *rest)

        self.layer1 = stage(width, width, 1)
        self.layer2 = stage(width, 2 * width, 2)
        self.layer3 = stage(2 * width, 4 * width, 2)
        self.fc = nn.Linear(4 * width, num_classes)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))
        ### END SOLUTION


# %% check-cifar-resnet role="check" points=6
homework.check("cifar_resnet", CifarResNet).stop_if_wrong()
### BEGIN HIDDEN TESTS
model = CifarResNet(3, 16, 3, 10)  # ResNet-20: 0.27 million parameters, table 6
assert sum(p.numel() for p in model.parameters()) == 269_722
assert sum(isinstance(m, (nn.Conv2d, nn.Linear)) for m in model.modules()) == 20
assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)
### END HIDDEN TESTS

# %% s5 [markdown] lang="ko"
r"""
## 5. 재어 봅시다: 지름길이 있을 때와 없을 때 (6점, 25분)

plain 신경망(plain network)은 깊어지면 성능 저하 문제를 겪습니다. 4번의 신경망은 이 문제를 피할 수 있을까요? 신경망을 네 개나 여섯 개 만드세요. `models.plain_cifar(depth, in_channels=1, width=8)`로 만드는 plain 신경망과, 깊이가 같은 여러분의 `CifarResNet`입니다. 여러분의 신경망도 `width=8`, 입력 채널 하나로 하고, $n$은 $(\text{깊이} - 2)/6$입니다. 깊이는 8, 20, 32 셋이면 좋고, 큰 쪽이 32 이상이면 둘이어도 됩니다. 신경망을 만들기 전에는 매번 `settings.seed(seed)`를 호출하고, `CifarResNet`에는 `init.initialize(model, "he")`를 쓰세요. plain 신경망도 He 초기화(He initialization)에서 출발하고, 여기서 견주려는 것은 초기화가 아니기 때문입니다.

`train.fit(model, digits, **setting)`으로 하나씩 학습시킵니다. 결과의 `train_error`는 에폭(epoch)마다 **훈련** 이미지 가운데 틀린 비율, 곧 훈련 오류율(training error)을 담은 리스트입니다. 여섯 개를 모두 학습시키는 데 노트북 컴퓨터에서 15초쯤, 그 가운데 32층 plain 신경망에 4초쯤 걸립니다. 시드가 다르면 값도 달라지므로, 큰 차이만 견줍니다.

마지막 훈련 오류율을 깊이에 따라 그리세요. 두 종류를 그림 하나에 그리고, 제목, 축 이름과 단위, 범례를 넣습니다. `figures.lines(…, percent=True, marks=True)`나 Matplotlib을 쓰면 됩니다.
"""

# %% s5 [markdown] lang="en"
r"""
## 5. Measure: deeper, with and without shortcuts (6 points, 25 minutes)

Does your network escape what *plain* networks suffer from? Build four or six networks: plain ones, `models.plain_cifar(depth, in_channels=1, width=8)`, and your own with the same depths, also with `width=8` and one input channel ($n = (\text{depth} - 2)/6$). Three depths are good, 8, 20, and 32; two are enough, if the larger one is at least 32. Call `settings.seed(seed)` before you build each network, and `init.initialize(model, "he")` on yours, for the plain ones have He's initialization, too, and two starts are not to be compared here.

Train each with `train.fit(model, digits, **setting)`; the result's `train_error` is a list with the share of wrong answers among the **training** images after each epoch. All six take about 15 seconds on a laptop, the plain network with 32 layers about 4 of these. With another seed the numbers are others; we compare large differences.

Draw the last training error against the depth, both kinds in one figure, with a title, labels and units, and a legend. `figures.lines(…, percent=True, marks=True)` does it, or Matplotlib.
"""

# %% setting
digits = data.load("mnist5k", size=10)  # 4,000 training images of 10×10 pixels
setting = {
    "epochs": 2,
    "batch_size": 128,
    "lr": 0.1,
    "precision": "float32",
    "seed": seed,
    "progress": False,
}

# %% measure tags=["nbval-ignore-output"] role="by hand" points=6
### BEGIN SOLUTION
depths = (8, 20, 32)
errors = {"plain": [], "ResNet": []}
for depth in depths:
    settings.seed(seed)
    plain = models.plain_cifar(depth, in_channels=1, width=8)
    settings.seed(seed)
    residual = init.initialize(CifarResNet((depth - 2) // 6, 8, 1, 10), "he")
    for name, model in (("plain", plain), ("ResNet", residual)):
        errors[name].append(train.fit(model, digits, **setting).train_error[-1])
figures.lines(
    {name: (depths, values) for name, values in errors.items()},
    "Training error after 2 epochs",
    "layers",
    "wrong answers",
    percent=True,
    marks=True,
)
### END SOLUTION

# %% s6 [markdown] lang="ko"
r"""
## 6. 블록 하나 빼기 (4점, 10분)

Veit 등(2016)은 학습을 마친 ResNet에서 블록을 하나씩 빼 보았는데, 대부분의 블록에서는 거의 아무 일도 일어나지 않았습니다. 블록을 뺀다는 것은 그 블록에 들어온 것을 그대로 다음 블록으로 넘긴다는 뜻입니다.

`delete_block(model, stage, block)`을 작성하세요. 그 블록을 뺀 신경망을 **사본**으로 돌려주고, 받은 신경망은 바꾸지 않습니다. 블록의 자리는 0부터 셉니다. `delete_block(model, 2, 1)`은 `model.layer2[1]`을 뺍니다. 검사에는 모양을 바꾸지 않는 블록만 나옵니다. 검사에 나오는 신경망은 강좌의 것이지만 각 부분의 이름은 4번과 같습니다.
"""

# %% s6 [markdown] lang="en"
r"""
## 6. Delete a block (4 points, 10 minutes)

Veit et al. (2016) took single blocks out of a trained ResNet, and with most of them hardly anything happened. To take a block out means: what came into it goes on as it is, to the next block.

Write `delete_block(model, stage, block)`. It returns a **copy** of the network in which this has happened; the given network must not change. Places are counted from 0: `delete_block(model, 2, 1)` deletes `model.layer2[1]`. The check asks only for blocks that keep the shape, and works with a network of ours, whose parts have the names of part 4.
"""


# %% answer-delete-block role="answer"
def delete_block(model, stage, block):
    """A copy of the network in which one block only hands on its input.

    model: with layer1, layer2, layer3, each an nn.Sequential of blocks; stage: 1, 2 or 3;
    block: its place in the stage, from 0. The block does not change the shape. `model` itself
    stays as it is.
    """
    ### BEGIN SOLUTION
    without = copy.deepcopy(model)
    getattr(without, f"layer{stage}")[block] = nn.Identity()
    return without
    ### END SOLUTION


# %% check-delete-block role="check" points=4
homework.check("delete_block", delete_block).stop_if_wrong()
### BEGIN HIDDEN TESTS
model = CifarResNet(3, 4, 1, 10).eval()
x = torch.randn(2, 1, 8, 8)
before = model(x)
y = F.relu(model.bn1(model.conv1(x)))
y = model.layer2[2](model.layer2[0](model.layer1(y)))
assert torch.allclose(delete_block(model, 2, 1).eval()(x), model.fc(model.layer3(y).mean((2, 3))))
assert torch.equal(model(x), before)
### END HIDDEN TESTS

# %% s7 [markdown] lang="ko"
r"""
## 7. 자기 말로 쓰기 (4점, 15분)

CNN은 알지만 ResNet은 처음 듣는 친구에게 ResNet을 설명하세요. 500자 안팎으로 쓰고, 식은 없어도 됩니다.

- 무엇이 문제입니까? **자기 그림에서 읽은 숫자**를 들고, 왜 과적합(overfitting)이 아닌지 쓰세요.
- 잔차 블록(residual block)은 무엇을 계산하고, 그래서 그 안의 층은 무엇을 배우면 됩니까?
- 왜 더 깊은 신경망이 원리상 더 나쁠 까닭이 없고, 블록은 왜 그런 해를 찾기 쉽게 합니까?
"""

# %% s7 [markdown] lang="en"
r"""
## 7. In your own words (4 points, 15 minutes)

Explain ResNet to a fellow student who knows CNNs and has never heard of it. In about 150 words (no formula is needed):

- what the problem is, with **a number from your own figure**, and why it is not overfitting;
- what a residual block computes, and what its layers therefore have to learn;
- why a deeper network need not be worse in principle, and why the block makes this solution easy to find.
"""

# %% written [markdown] role="by hand" points=4 lang="ko"
r"""
**모범 답안.** 층을 늘리면 훈련 이미지를 적어도 층이 적을 때만큼은 맞힐 것 같습니다. 그런데 제가 학습시킨 32층 plain 신경망은 2에폭 뒤에 훈련 이미지의 73%를 틀렸고, 8층은 9%를 틀렸습니다. 과적합이라면 훈련 이미지는 잘 맞히고 새 이미지에서 틀려야 하니 반대입니다. 깊은 신경망도 좋은 해를 나타낼 수는 있습니다(얕은 신경망을 옮겨 놓고 나머지 층은 받은 것을 그대로 넘기면 됩니다). 학습이 거기에 닿지 못할 뿐입니다. 잔차 블록은 안의 층이 계산한 것에 입력을 더합니다. 그래서 층은 바뀌어야 할 만큼만 배우면 되고, 바뀔 것이 없으면 0을 내면 됩니다. 이것은 쉽습니다. 입력은 어차피 그대로 더해지니 층이 항등 매핑을 직접 만들어 내지 않아도 되고, 블록을 더해도 나빠질 까닭이 없습니다. 지름길을 넣은 32층은 7%에서 끝났습니다. (시드 0–4에서 plain-32는 51–73%, plain-8은 7–9%, ResNet-32는 7–19%였습니다.)

**채점 기준(4점)**

- 1점: 자기 그림에서 훈련 오류율을 읽었고, 층을 늘리자 나빠졌다고 썼다.
- 1점: 훈련 이미지부터 틀리므로 과적합이 아니라고 썼다.
- 1점: 블록은 입력을 더하고, 층은 그 차이(잔차)를 배운다고 썼다.
- 1점: F = 0이면 블록이 항등 매핑이므로 깊은 신경망이 얕은 신경망을 포함한다고 썼다.
"""

# %% written [markdown] role="by hand" points=4 lang="en"
r"""
**Model answer.** One would expect more layers to fit the training images at least as well as fewer. My plain network with 32 layers, however, still had 73% wrong answers on its own training images after two epochs, the one with 8 layers 9%. Overfitting would be the opposite: good on the training images, bad on new ones. The deep network can represent the good solution (copy the shallow one and let all other layers hand on what they get); training does not find it. A residual block adds its input to what its layers compute. The layers only have to learn what must change, and if nothing must change, to give zero, which is easy. The input is added in any case, so a stack of layers need not build the identity itself, and added blocks need do no harm. With shortcuts my 32-layer network ended at 7%. (Seeds 0–4: plain-32 51–73%, plain-8 7–9%, ResNet-32 7–19%.)

**Rubric (4 points)**

- 1 point: a training error from the student's own figure, and that more layers made it worse.
- 1 point: not overfitting, because the training images themselves are wrong.
- 1 point: the block adds its input; its layers learn the difference (the residual).
- 1 point: with F = 0 the block is the identity, so the deeper network contains the shallower one.
"""

# %% s8 [markdown] lang="ko"
r"""
## 8. 경로는 얼마나 길까요? (도전, 4점, 20분)

블록을 가장 간단하게, 수 하나로 봅시다. $i$번째 블록은 $x$를 $x + F_i'\, x$로 보냅니다. 블록 $n$개를 이은 것의 미분은 다음과 같습니다.

$$\prod_{i=1}^n (1 + F_i') = 1 + (F_1' + F_2' + \dots) + (F_1' F_2' + F_1' F_3' + \dots) + \dots + F_1' F_2' \cdots F_n'$$

전개하면 항이 $2^n$개이고, 항 하나가 신경망을 지나는 경로 하나입니다. 경로의 *길이*는 지나온 잔차 분기(residual branch)의 수입니다.

손으로 해 보면 이렇습니다. `slopes`가 $[2, 3, 5]$이면 길이 0에서 $1$, 길이 1에서 $2 + 3 + 5 = 10$, 길이 2에서 $6 + 10 + 15 = 31$, 길이 3에서 $30$이 옵니다. 모두 더하면 $72 = 3 \cdot 4 \cdot 6$입니다.

`gradient_by_length(slopes)`를 작성하세요. 길이 0부터 $n$까지 float $n + 1$개를 리스트로 돌려줍니다. 검사에는 블록 30개도 나옵니다. 경로 $2^{30}$개를 모두 지나가면 너무 오래 걸립니다. $n^2$번쯤의 계산으로 끝나는 방법을 찾으세요.
"""

# %% s8 [markdown] lang="en"
r"""
## 8. How long are the paths? (stretch, 4 points, 20 minutes)

Take blocks that are as simple as can be: numbers. Block $i$ maps $x$ to $x + F_i'\, x$. The derivative of a chain of $n$ blocks is

$$\prod_{i=1}^n (1 + F_i') = 1 + (F_1' + F_2' + \dots) + (F_1' F_2' + F_1' F_3' + \dots) + \dots + F_1' F_2' \cdots F_n' .$$

Multiplied out, it has $2^n$ terms, one for each path through the network. The *length* of a path is the number of residual branches that it takes.

By hand: the slopes $[2, 3, 5]$. Length 0 brings $1$, length 1 brings $2 + 3 + 5 = 10$, length 2 brings $6 + 10 + 15 = 31$, length 3 brings $30$; together $72 = 3 \cdot 4 \cdot 6$.

Write `gradient_by_length(slopes)`. It returns the list of these $n + 1$ floats, from length 0 to length $n$. The check also takes 30 blocks. To visit all of the $2^{30}$ paths takes far too long: find a way that takes about $n^2$ steps.
"""


# %% answer-gradient-by-length role="answer"
def gradient_by_length(slopes):
    """How much of the product of all (1 + slope) comes by paths of each length.

    slopes: a list of n numbers F_i'. Returns a list of n + 1 floats: place k holds the sum over
    all paths through exactly k residual branches.
    """
    ### BEGIN SOLUTION
    parts = [1.0]
    for slope in slopes:
        by_shortcut, by_branch = [*parts, 0.0], [0.0, *(slope * part for part in parts)]
        parts = [a + b for a, b in zip(by_shortcut, by_branch, strict=True)]
    return parts
    ### END SOLUTION


# %% check-gradient-by-length role="check" points=4
homework.check("gradient_by_length", gradient_by_length).stop_if_wrong()
### BEGIN HIDDEN TESTS
assert gradient_by_length([2.0, 3.0, 5.0]) == [1.0, 10.0, 31.0, 30.0]
assert gradient_by_length([]) == [1.0]
slopes = [0.05 * i for i in range(40)]
parts = gradient_by_length(slopes)
assert math.isclose(sum(parts), math.prod(1 + s for s in slopes), rel_tol=1e-9)
### END HIDDEN TESTS

# %% references [markdown] lang="ko"
r"""
## 참고 문헌

- K. He, X. Zhang, S. Ren, J. Sun: Deep residual learning for image recognition. CVPR 2016, arXiv:1512.03385. 3.2–3.4절(블록과 지름길), 4.1절(옵션 A, B, C), 4.2절(6n+2층), 그림 5, 표 6.
- P. Goyal et al.: Accurate, large minibatch SGD: training ImageNet in 1 hour. 2017, arXiv:1706.02677. 5.1절(γ = 0에서 출발).
- A. Veit, M. Wilber, S. Belongie: Residual networks behave like ensembles of relatively shallow networks. NIPS 2016, arXiv:1605.06431.
"""

# %% references [markdown] lang="en"
r"""
## References

- K. He, X. Zhang, S. Ren, J. Sun: Deep residual learning for image recognition. CVPR 2016, arXiv:1512.03385. Sections 3.2 to 3.4 (block, shortcuts), 4.1 (options A, B, C), 4.2 (6n+2 layers), figure 5, table 6.
- P. Goyal et al.: Accurate, large minibatch SGD: training ImageNet in 1 hour. 2017, arXiv:1706.02677. Section 5.1 (γ = 0 at the start).
- A. Veit, M. Wilber, S. Belongie: Residual networks behave like ensembles of relatively shallow networks. NIPS 2016, arXiv:1605.06431.
"""
