# %% title [markdown] lang="ko"
r"""
# HW6. 병목 블록과 ResNet-50

[English](../../en/homework/hw6_bottleneck_resnet50.ipynb) · 약 125분 · 38점

ResNet-50은 나온 지 십 년이 되었지만, 새 신경망이 나오면 지금도 이것과 견줍니다. 부품을 하나씩 직접 작성해서 ResNet-50을 조립해 봅시다. 제대로 만들었는지는 가장 엄격한 방법으로 확인합니다. 다른 ResNet-50의 가중치를 그대로 넣으면 두 신경망의 로짓(logit)이 같아야 합니다. 스트라이드(stride) 하나만 잘못 두어도 달라집니다.

**여기서 할 일**

- 1×1 합성곱(1×1 convolution)이 곧 행렬 곱임을 확인하고, 행렬 곱으로 씁니다.
- 기본 블록과 병목 블록(bottleneck block)의 비용을 셉니다.
- 병목 블록, 스테이지(stage), ResNet-50을 만듭니다.
- 걸리는 시간이 곱셈-덧셈 수를 따르는지 잽니다.
- 신경망의 어디에서 계산이 많은지 알아봅니다.

**푸는 방법.** 검사는 몇 번이든 실행해도 됩니다. 매번 다른 입력을 무작위로 뽑아 시험하고, 처음 틀린 곳을 알려 줍니다. "모두 실행"을 누르면 아직 풀지 않은 첫 문제에서 멈춥니다.
강의는 [06번 노트북](../../ko/06_bottleneck.ipynb)입니다. 3–5번에서 PyTorch는 무엇이든 써도 되지만, `seminar.models`와 `torchvision.models`는 시간을 재는 6번에서만 쓸 수 있습니다. 비용을 세는 2번과 8번에서는 `seminar.probe`도 쓸 수 없습니다. 1번과 3–4번의 검사에 나오는 텐서는 float64이니, 새 텐서는 `x`와 같은 자료형으로 만드세요.
"""

# %% title [markdown] lang="en"
r"""
# HW6. The bottleneck and ResNet-50

[한국어](../../ko/homework/hw6_bottleneck_resnet50.ipynb) · about 125 minutes · 38 points

ResNet-50 is ten years old, and still the network that new ones are compared with. You assemble it from parts that you write yourself. The proof is the hardest one there is: your network is given the weights of another ResNet-50, and must come to the same logits. One stride in the wrong place, and it does not.

**What you will do here**

- You write a 1×1 convolution as what it is, a matrix multiplication.
- You count what a basic block and a bottleneck cost.
- You build bottleneck, stage, and ResNet-50.
- You measure whether the time follows the multiply-adds.
- You find out where in the network the computing is done.

**How it works.** Run a check as often as you like. It takes other random inputs each time, and tells you the first thing that is wrong. "Run All" stops at the first part that is not solved yet.
The lecture is [notebook 06](../../en/06_bottleneck.ipynb). In parts 3 to 5 everything from PyTorch is allowed; `seminar.models` and `torchvision.models` are for part 6 alone, where you measure time. Where you count costs, in parts 2 and 8, `seminar.probe` is not allowed either. The checks of parts 1, 3, and 4 use float64: make new tensors of `x`'s type.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

from seminar import figures, homework, models, probe, settings

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says

# %% s1 [markdown] lang="ko"
r"""
## 1. 1×1 합성곱 (3점, 10분)

1×1 합성곱은 한 번에 한 위치만 봅니다. 거기서 채널(channel) $C$개로 새 채널 $O$개를 만듭니다.

$$y_{n,o,h,w} = \sum_{c} \mathrm{weight}_{o,c}\; x_{n,c,h,w}$$

손으로 해 보면 이렇습니다. 한 위치의 채널이 $[1, 2]$이고 가중치가 $\begin{pmatrix} 1 & 1 \\ 0 & 3 \\ 2 & -1 \end{pmatrix}$이면 새 채널은 $[3, 6, 0]$입니다.

행렬 곱(`@`, `torch.matmul`, `torch.einsum`)을 써서 `conv1x1(x, weight)`를 작성하세요. PyTorch의 합성곱은 쓸 수 없습니다. 채널이 몇째 축인지 잘 살피세요. `@`는 마지막 두 축에 대해 계산합니다.
"""

# %% s1 [markdown] lang="en"
r"""
## 1. A 1×1 convolution (3 points, 10 minutes)

A 1×1 convolution looks at one position at a time. There it makes $O$ new channels of the $C$ old ones:

$$y_{n,o,h,w} = \sum_{c} \mathrm{weight}_{o,c}\; x_{n,c,h,w} .$$

By hand: one position with the channels $[1, 2]$ and the weights $\begin{pmatrix} 1 & 1 \\ 0 & 3 \\ 2 & -1 \end{pmatrix}$ give the channels $[3, 6, 0]$.

Write `conv1x1(x, weight)` with a matrix multiplication (`@`, `torch.matmul`, or `torch.einsum`). PyTorch's convolutions are not allowed here. Mind where the channels stand: `@` works on the last axes.
"""


# %% answer-conv1x1 role="answer"
def conv1x1(x, weight):
    """A 1×1 convolution without bias, by matrix multiplication.

    x: (N, C, H, W); weight: (O, C). Returns (N, O, H, W).
    """
    ### BEGIN SOLUTION
    return (x.permute(0, 2, 3, 1) @ weight.T).permute(0, 3, 1, 2)
    ### END SOLUTION


# %% check-conv1x1 role="check" points=3
homework.check("conv1x1", conv1x1).stop_if_wrong()
### BEGIN HIDDEN TESTS
x, weight = torch.randn(2, 5, 4, 3), torch.randn(7, 5)
assert torch.allclose(conv1x1(x, weight), F.conv2d(x, weight[:, :, None, None]), atol=1e-5)
### END HIDDEN TESTS

# %% s2 [markdown] lang="ko"
r"""
## 2. 블록의 비용 (3점, 10분)

논문의 그림 5에는 블록이 두 개 있습니다. 블록에 들어오고 나가는 채널의 수를 `channels`라고 합시다.

- *기본* 블록: 3×3 합성곱 둘, `channels` → `channels`
- *병목* 블록: `channels`를 4분의 1로 줄이는 1×1, 채널 수를 그대로 두는 3×3, 다시 `channels`로 늘리는 1×1

뒤에 배치 정규화(batch normalization, BN)가 오므로 편향은 없고, 합성곱만 셉니다. 스트라이드가 1이고 특징 맵(feature map)이 `size` × `size`이면 가중치 하나는 위치마다 한 번씩 쓰이고, 한 번에 곱셈-덧셈(MAC) 하나가 듭니다.

손으로 해 보면 이렇습니다. 64채널 기본 블록의 가중치는 $2 \cdot 9 \cdot 64^2 = 73{,}728$개입니다.

`block_cost(kind, channels, size)`를 작성하세요. 가중치 수와 곱셈-덧셈 수를 int 두 개로 돌려줍니다. 검사에 나오는 채널 수는 4로 나누어떨어집니다.
"""

# %% s2 [markdown] lang="en"
r"""
## 2. What a block costs (3 points, 10 minutes)

Figure 5 of the paper has two blocks. Let `channels` be what enters and what leaves them.

- The *basic* block: two 3×3 convolutions, `channels` → `channels`.
- The *bottleneck*: 1×1 from `channels` to a quarter of them, 3×3 between as many, 1×1 back to `channels`.

There are no biases, since BN follows, and we count nothing but the convolutions. On a map of `size` × `size` with stride 1 each weight is used once at each position, for one multiply-add.

By hand: the basic block with 64 channels has $2 \cdot 9 \cdot 64^2 = 73{,}728$ weights.

Write `block_cost(kind, channels, size)`, which returns the weights and the multiply-adds as two ints. The check takes numbers of channels that can be divided by 4.
"""


# %% answer-block-cost role="answer"
def block_cost(kind, channels, size):
    """Weights and multiply-adds of the convolutions of one block.

    kind: "basic" or "bottleneck"; channels: what enters and leaves the block; size: height and
    width of its map (stride 1, no projection). Returns (weights, multiply-adds), two ints.
    """
    ### BEGIN SOLUTION
    if kind == "basic":
        weights = 2 * 9 * channels**2
    else:
        width = channels // 4
        weights = channels * width + 9 * width**2 + width * channels
    return weights, weights * size**2
    ### END SOLUTION


# %% check-block-cost role="check" points=3
homework.check("block_cost", block_cost).stop_if_wrong()
### BEGIN HIDDEN TESTS
assert block_cost("basic", 64, 56) == (73_728, 231_211_008)
assert block_cost("bottleneck", 256, 56) == (69_632, 218_365_952)
### END HIDDEN TESTS

# %% s3 [markdown] lang="ko"
r"""
## 3. 병목 블록 (6점, 20분)

$$y = \mathrm{ReLU}\big(F(x) + W_s\, x\big)$$

| $F$의 부분 | 합성곱(편향 없음) | 그다음 |
|---|---|---|
| `conv1`, `bn1` | 1×1, `in_channels` → `width` | BN, ReLU |
| `conv2`, `bn2` | 3×3, `width` → `width`, 패딩(padding) 1, **스트라이드는 여기에** | BN, ReLU |
| `conv3`, `bn3` | 1×1, `width` → 4·`width` | BN |

논문은 스트라이드를 첫 1×1에 둡니다. 여기서는 torchvision과 그 뒤의 구현 대다수를 따라 3×3에 둡니다. 스트라이드가 2인 1×1은 입력의 4분의 3을 아예 보지 않기 때문입니다.

`projection=True`이면 지름길 연결(shortcut connection) $W_s$는 `downsample`입니다. 1×1 합성곱(`in_channels` → 4·`width`, 블록의 스트라이드, 편향 없음)과 BN을 차례로 담은 `nn.Sequential`로 만드세요. 모양이 바뀌지 않아도 `projection=True`이면 투영합니다. `projection=False`이면 지름길은 $x$ 그대로이고, 가중치가 있어서는 안 됩니다. 이때 `in_channels`는 4·`width`, `stride`는 1입니다.

`Bottleneck(in_channels, width, stride, projection)`을 작성하세요. `width`는 블록 안의 채널 수, 곧 블록의 너비입니다. 층의 이름은 꼭 위와 같이 붙이세요. 검사는 이 이름으로 가중치를 옮겨 넣습니다(`state_dict()`).
"""

# %% s3 [markdown] lang="en"
r"""
## 3. The bottleneck (6 points, 20 minutes)

$$y = \mathrm{ReLU}\big(F(x) + W_s\, x\big)$$

| in $F$ | convolution (no bias) | then |
|---|---|---|
| `conv1`, `bn1` | 1×1, `in_channels` → `width` | BN, ReLU |
| `conv2`, `bn2` | 3×3, `width` → `width`, padding 1, **with the stride** | BN, ReLU |
| `conv3`, `bn3` | 1×1, `width` → 4·`width` | BN |

The paper has the stride in the first 1×1. We follow torchvision and nearly everybody since, and put it into the 3×3: a 1×1 with stride 2 never looks at three quarters of its input.

With `projection=True` the shortcut is `downsample`, an `nn.Sequential` of a 1×1 convolution (`in_channels` → 4·`width`, the block's stride, no bias) and a BN, in this order, also where the shape does not change. With `projection=False` it is $x$ itself, and there must be no weights in it; then `in_channels` is 4·`width`, and `stride` is 1.

Write `Bottleneck(in_channels, width, stride, projection)`. `width`, the block's width, is the number of channels inside. Give the layers exactly these names: the check carries weights over by them (`state_dict()`).
"""


# %% answer-bottleneck role="answer"
class Bottleneck(nn.Module):
    """1×1 to `width`, 3×3 with the stride, 1×1 to 4·`width`: figure 5, right.

    projection: whether the shortcut is a 1×1 convolution with BN; else it is x itself.
    (N, in_channels, H, W) → (N, 4·width, ⌈H/stride⌉, ⌈W/stride⌉).
    """

    def __init__(self, in_channels, width, stride, projection):
        super().__init__()
        ### BEGIN SOLUTION
        out = 4 * width
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = None
        if projection:
            conv = nn.Conv2d(in_channels, out, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(out))
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))
        ### END SOLUTION


# %% check-bottleneck role="check" points=6
homework.check("bottleneck", Bottleneck).stop_if_wrong()
### BEGIN HIDDEN TESTS
block = Bottleneck(256, 64, 1, False)
assert sum(p.numel() for p in block.parameters() if p.dim() == 4) == 69_632
assert block(torch.randn(2, 256, 5, 6)).shape == (2, 256, 5, 6)
assert Bottleneck(256, 128, 2, True)(torch.randn(2, 256, 7, 6)).shape == (2, 512, 4, 3)
### END HIDDEN TESTS

# %% s4 [markdown] lang="ko"
r"""
## 4. 스테이지 (4점, 10분)

스테이지는 너비와 해상도가 같은 병목 블록 `blocks`개를 이은 것입니다. 첫 블록은 `in_channels`개의 채널을 받으며, 여기에 스트라이드와 투영 지름길(projection shortcut)이 있습니다. 첫 블록이 내는 채널은 4·`width`개이고, 나머지 블록은 모두 이것을 받습니다. 나머지는 스트라이드가 1이고 투영이 없습니다.

`nn.Sequential`을 돌려주는 `make_stage(in_channels, width, blocks, stride)`를 작성하세요. 가중치는 블록마다 따로 있어야 합니다.
"""

# %% s4 [markdown] lang="en"
r"""
## 4. A stage (4 points, 10 minutes)

A stage is a row of `blocks` bottlenecks of the same width at the same resolution. The first one gets `in_channels`, has the stride, and projects. It gives 4·`width` channels, and that is what all the others get; they have stride 1 and no projection.

Write `make_stage(in_channels, width, blocks, stride)`, which returns an `nn.Sequential`. Each block has weights of its own.
"""


# %% answer-make-stage role="answer"
def make_stage(in_channels, width, blocks, stride):
    """`blocks` bottlenecks in a row; only the first projects and has the stride.

    Returns an nn.Sequential: (N, in_channels, H, W) → (N, 4·width, ⌈H/stride⌉, ⌈W/stride⌉).
    """
    ### BEGIN SOLUTION
    first = Bottleneck(in_channels, width, stride, projection=True)
    rest = (Bottleneck(4 * width, width, 1, projection=False) for _ in range(blocks - 1))
    return nn.Sequential(first, *rest)
    ### END SOLUTION


# %% check-make-stage role="check" points=4
homework.check("make_stage", make_stage).stop_if_wrong()
### BEGIN HIDDEN TESTS
stage = make_stage(64, 64, 3, 1)  # conv2_x of ResNet-50
assert sum(p.numel() for p in stage.parameters()) == 215_808
assert stage(torch.randn(1, 64, 6, 5)).shape == (1, 256, 6, 5)
### END HIDDEN TESTS

# %% s5 [markdown] lang="ko"
r"""
## 5. ResNet-50 (7점, 20분)

| 부분 | 표 1 | 특징 맵(이미지가 224×224일 때) |
|---|---|---|
| `conv1`, `bn1` | 7×7, 64채널, 스트라이드 2, 패딩 3, 편향 없음. 그다음 BN과 ReLU | 112×112 |
| – | 최대 풀링(max pooling) 3×3, 스트라이드 2, 패딩 1 | 56×56 |
| `layer1` | 병목 블록 3개, 너비 64 | 56×56 |
| `layer2` | 병목 블록 4개, 너비 128 | 28×28 |
| `layer3` | 병목 블록 6개, 너비 256 | 14×14 |
| `layer4` | 병목 블록 3개, 너비 512 | 7×7 |
| `fc` | 모든 위치의 평균, 그다음 `num_classes`로 가는 편향 있는 선형 층 | – |

스테이지의 스트라이드는 마지막 열에서 읽을 수 있습니다. 224×224가 아닌 이미지에서도 계산되어야 합니다.

앞에서 작성한 스테이지로 `ResNet50(num_classes)`를 작성하세요. 검사는 몇 초 걸립니다. 직접 조립한 신경망과 강좌의 신경망에 똑같은 무작위 가중치 2,500만 개를 넣고 로짓을 비교합니다.
"""

# %% s5 [markdown] lang="en"
r"""
## 5. ResNet-50 (7 points, 20 minutes)

| part | table 1 | map (of a 224×224 image) |
|---|---|---|
| `conv1`, `bn1` | 7×7, 64 channels, stride 2, padding 3, no bias; then BN and ReLU | 112×112 |
| – | max pooling 3×3, stride 2, padding 1 | 56×56 |
| `layer1` | 3 bottlenecks, width 64 | 56×56 |
| `layer2` | 4 bottlenecks, width 128 | 28×28 |
| `layer3` | 6 bottlenecks, width 256 | 14×14 |
| `layer4` | 3 bottlenecks, width 512 | 7×7 |
| `fc` | mean over all positions, then a linear layer with bias to `num_classes` | – |

The stride of each stage can be read from the last column. The network must also work for other images than 224×224.

Write `ResNet50(num_classes)`, of your own stages. The check takes some seconds: it gives your network and ours the same 25 million random weights, and compares the logits.
"""


# %% answer-resnet50 role="answer"
class ResNet50(nn.Module):
    """ResNet-50 of table 1, stride in the 3×3: (N, 3, H, W) → logits (N, num_classes)."""

    def __init__(self, num_classes):
        super().__init__()
        ### BEGIN SOLUTION
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = make_stage(64, 64, 3, 1)
        self.layer2 = make_stage(256, 128, 4, 2)
        self.layer3 = make_stage(512, 256, 6, 2)
        self.layer4 = make_stage(1024, 512, 3, 2)
        self.fc = nn.Linear(2048, num_classes)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, stride=2, padding=1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))
        ### END SOLUTION


# %% check-resnet50 role="check" points=7
homework.check("resnet50", ResNet50).stop_if_wrong()
### BEGIN HIDDEN TESTS
model = ResNet50(1000).eval()
assert sum(p.numel() for p in model.parameters()) == 25_557_032
reference = models.resnet50().eval()
model.load_state_dict(reference.state_dict(), strict=True)
with torch.no_grad():
    x = torch.randn(1, 3, 96, 64)
    assert torch.allclose(model(x), reference(x), rtol=1e-3, atol=1e-3)
del model, reference
### END HIDDEN TESTS

# %% s6 [markdown] lang="ko"
r"""
## 6. 재어 봅시다: 시간은 곱셈-덧셈 수에 비례할까요? (7점, 25분)

논문은 신경망을 곱셈-덧셈 수로 견줍니다. 센 수는 어느 컴퓨터에서나 같기 때문입니다. 그러나 우리가 기다리는 것은 시간입니다. 하나로 다른 하나를 알 수 있을까요?

`models.build("resnet18")`처럼 ResNet-18, 34, 50, 101을 만들어 `eval()`로 두고 `torch.no_grad()` 안에서 이미지 **한 장**에 걸리는 시간을 재세요. 이미지는 224×224와 64×64 크기의 무작위 텐서로 충분합니다. 곱셈-덧셈 수는 다음 셀의 `gigamacs(depth, size)`가 10억 단위로 세어 줍니다.

제대로 재야 합니다. 신경망의 첫 실행은 느리므로 세지 않고, 다섯 번 이상 되풀이해서 중앙값을 씁니다. GPU가 있으면 거기서 재도 됩니다(`settings.device()`가 찾아 줍니다). GPU는 파이썬이 다음 줄로 넘어간 뒤에도 계산하고 있으므로, 시계를 멈추기 전에 `torch.accelerator.synchronize()`를 호출하세요.

가로축은 곱셈-덧셈 수, 세로축은 시간(ms)으로 하여, 두 크기의 결과를 그림 하나에 그리세요. 제목, 축 이름과 단위, 범례를 넣습니다. `figures.scatter({"224×224": (xs, ys), …}, 제목, 가로축, 세로축)`이나 Matplotlib을 쓰면 됩니다. 10–20초 걸립니다.
"""

# %% s6 [markdown] lang="en"
r"""
## 6. Measure: does the time follow the multiply-adds? (7 points, 25 minutes)

Papers compare networks by their multiply-adds, because a count is the same on every computer. What we wait for is time. Is one a measure of the other?

Take ResNet-18, 34, 50, and 101, built like `models.build("resnet18")`, in `eval()` and under `torch.no_grad()`, and measure how long **one** image takes: random numbers of 224×224, and of 64×64. The next cell counts the multiply-adds, `gigamacs(depth, size)` in billions.

Measure properly: the first run of a network is slower and does not count; repeat at least five times and take the median. If you have a GPU, you may measure there (`settings.device()` finds it). A GPU works on while Python goes on: call `torch.accelerator.synchronize()` before you stop the clock.

Draw time (ms) against multiply-adds, both sizes in one figure, with a title, labels, units, and a legend. `figures.scatter({"224×224": (xs, ys), …}, title, x label, y label)` does it, or Matplotlib. It takes 10 to 20 seconds.
"""


# %% cost
def gigamacs(depth, size):
    """Billions of multiply-adds for one image of size × size; takes no time and no memory."""
    with torch.device("meta"):
        model = models.build(f"resnet{depth}")
    return sum(layer.macs for layer in probe.cost(model, (3, size, size))) / 1e9


# %% measure tags=["nbval-ignore-output"] role="by hand" points=7
### BEGIN SOLUTION
device = settings.device()


def milliseconds(model, size, repeats=7):
    """The median time of one image; the first run is not counted."""
    x = torch.randn(1, 3, size, size, device=device)
    times = []
    with torch.no_grad():
        for _ in range(repeats + 1):
            start = time.perf_counter()
            model(x)
            if device.type != "cpu":
                torch.accelerator.synchronize()  # a GPU works on while Python goes on
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[1:])


points = {"224×224": ([], []), "64×64": ([], [])}
for depth in (18, 34, 50, 101):
    model = models.build(f"resnet{depth}").to(device).eval()
    for size in (224, 64):
        xs, ys = points[f"{size}×{size}"]
        xs.append(gigamacs(depth, size))
        ys.append(milliseconds(model, size))
figures.scatter(
    points,
    "Time of one image on this computer",
    "multiply-adds (billions)",
    "median time (ms)",
)
### END SOLUTION

# %% s7 [markdown] lang="ko"
r"""
## 7. 자기 말로 쓰기 (4점, 15분)

(가) 측정값 여덟 개(모델 4개 × 크기 2개) 각각에서 곱셈-덧셈 10억 번에 몇 ms가 걸렸는지 계산해서 쓰세요. 두 크기에서 각각, 곱셈-덧셈 수로 시간을 얼마나 잘 알 수 있습니까?

(나) 224×224에서 64×64로 가면 곱셈-덧셈은 12분의 1쯤이 됩니다. 여러분의 컴퓨터에서는 몇 배 빨라졌습니까? 그럴 만한 까닭을 하나 들고, 그것이 맞는지 확인할 방법을 쓰세요.

500자 안팎으로 쓰고, 무엇에서 쟀는지(CPU인지 GPU인지, 스레드가 몇 개인지) 밝히세요.
"""

# %% s7 [markdown] lang="en"
r"""
## 7. In your own words (4 points, 15 minutes)

(a) For each of the eight measurements compute milliseconds per billion multiply-adds, and give the numbers. At each of the two sizes, how well does the count tell the time?

(b) From 224×224 to 64×64 the multiply-adds become about 12 times fewer. How many times faster is it on your computer? Give a possible reason, and say how one could test it.

Answer in about 150 words, and say what you measured on (CPU or GPU, how many threads).
"""

# %% written [markdown] role="by hand" points=4 lang="ko"
r"""
**모범 답안.** (노트북 컴퓨터의 CPU, 스레드 2개. 컴퓨터가 다르면 값도 다릅니다.) (가) 224×224에서는 ResNet-18, 34, 50, 101이 10억 번에 18.2, 17.6, 19.0, 15.8 ms였습니다. 서로 20% 안팎만 다르니 곱셈-덧셈 수로 시간을 꽤 잘 알 수 있습니다. 64×64에서는 77, 59, 61, 51 ms였습니다. 서너 배가 들고 서로 더 다릅니다.

(나) 12배가 아니라 서너 배만 빨라졌습니다. 층마다 정해진 비용(시작하고, 스레드에 나누고, 가중치를 읽어 오는 비용)이 들기 때문일 수 있습니다. 특징 맵이 작으면 계산이 적어 이 비용이 드러납니다. layer4는 2×2 위치를 계산하려고 가중치를 모두 읽어 와야 합니다. 확인하려면 이미지 16장을 한꺼번에 넣어 봅니다. 가중치는 한 번만 읽으면 됩니다. 이때 한 장에 드는 시간이 곱셈-덧셈 수가 말하는 만큼 줄어들면 정해진 비용이 까닭이었습니다.

**채점 기준(4점)**

- 1점: 자기가 잰 값으로 여덟 수를 바르게 계산했고, 잰 기기를 밝혔다.
- 1점: 두 크기에 대한 결론이 그 수와 맞는다.
- 1점: 몇 배 빨라졌는지 썼고, 까닭이 "곱셈-덧셈이 줄어서"에 그치지 않는다.
- 1점: 그 까닭과 어긋나는 결과가 나올 수 있는 확인 방법을 들었다.
"""

# %% written [markdown] role="by hand" points=4 lang="en"
r"""
**Model answer.** (On a laptop's CPU with 2 threads; other computers give other numbers.) (a) At 224×224: 18.2, 17.6, 19.0, and 15.8 ms per billion for ResNet-18, 34, 50, and 101. They are within about 20% of one another, so here the count tells the time well. At 64×64: 77, 59, 61, and 51 ms per billion: three to four times as much, and less even.

(b) Only 3 to 4 times faster, not 12 times. A possible reason: each layer has a fixed cost (to start it, to share it among the threads, to fetch its weights), and with small maps there is too little computing to hide it; layer4 works on 2×2 positions, for which all of its weights have to be fetched. A test: 16 images at once. The weights are fetched once for all of them; if the time per image then falls to what the count says, the fixed cost was the reason.

**Rubric (4 points)**

- 1 point: eight numbers with the device, and computed correctly from the student's own measurements.
- 1 point: a conclusion about both sizes that fits these numbers.
- 1 point: the measured speed-up, and a reason that is not "fewer multiply-adds".
- 1 point: a test whose result could contradict that reason.
"""

# %% s8 [markdown] lang="ko"
r"""
## 8. 계산은 어디에 몰려 있을까요? (도전, 4점, 15분)

특징 맵의 가로와 세로가 반이 되면 채널은 두 배가 됩니다. 그러면 모든 스테이지의 비용이 같을까요?

블록의 수가 얼마든 병목 블록으로 된 ResNet이면 셀 수 있는 `macs_by_stage(counts, size)`를 작성하세요. `size` × `size` 이미지 한 장의 곱셈-덧셈 수를 `"stem"`(7×7 합성곱), `"layer1"`–`"layer4"`(투영 포함), `"fc"`(1,000개 클래스)를 키로 하는 딕셔너리로 돌려줍니다. 스테이지의 첫 블록을 조심하세요. 1×1은 아직 큰 특징 맵에서 계산하고, 스트라이드는 3×3에 있습니다.

손으로 해 보면 이렇습니다. 224×224 이미지에서 stem은 $112 \cdot 112$ 위치에 64채널을 내고, 출력값 하나마다 수 $7 \cdot 7 \cdot 3$개를 곱해 더합니다. 곱셈-덧셈은 $118{,}013{,}952$번입니다.

검사를 통과하면 `(3, 4, 6, 3)`과 224를 넣어 값을 보세요. 모두 더하면 `gigamacs(50, 224)`와 같습니다. 어느 스테이지가 가장 많습니까? 블록이 스테이지마다 4개, 곧 `(4, 4, 4, 4)`라면 어떻게 달라집니까?
"""

# %% s8 [markdown] lang="en"
r"""
## 8. Where is the computing done? (stretch, 4 points, 15 minutes)

When the map is halved in both directions, the channels double. So do all stages cost the same?

Write `macs_by_stage(counts, size)` for a ResNet of bottlenecks with any numbers of blocks: a dictionary with the multiply-adds for one image of `size` × `size` in `"stem"` (the 7×7 convolution), `"layer1"` to `"layer4"` (with the projections), and `"fc"` (1,000 classes). Mind the first block of each stage: its 1×1 still works on the large map, its 3×3 has the stride.

By hand: the stem gives $112 \cdot 112$ positions with 64 channels from $7 \cdot 7 \cdot 3$ numbers each, $118{,}013{,}952$ multiply-adds for a 224×224 image.

When the check is satisfied, look at the numbers for `(3, 4, 6, 3)` and 224. Their sum is `gigamacs(50, 224)`. Which stage has most? How does it change with four blocks in each stage, `(4, 4, 4, 4)`?
"""


# %% answer-macs-by-stage role="answer"
def macs_by_stage(counts, size):
    """Where a ResNet of bottlenecks computes: multiply-adds for one image, by stage.

    counts: the blocks of layer1 to layer4, such as (3, 4, 6, 3); size: height and width of the
    image, a multiple of 32. 1,000 classes, stride in the 3×3, convolutions and fc only.
    Returns a dict with the keys "stem", "layer1", …, "layer4", "fc" and ints.
    """
    ### BEGIN SOLUTION
    found = {"stem": (size // 2) ** 2 * 7 * 7 * 3 * 64}
    channels, before = 64, size // 4
    for index, blocks in enumerate(counts):
        width, after = 64 * 2**index, before // 2 if index else before
        first = before**2 * channels * width  # the 3×3 comes after it
        first += after**2 * (9 * width**2 + 4 * width**2 + channels * 4 * width)
        others = (blocks - 1) * after**2 * (4 + 9 + 4) * width**2
        found[f"layer{index + 1}"] = first + others
        channels, before = 4 * width, after
    found["fc"] = 2048 * 1000
    return found
    ### END SOLUTION


# %% check-macs-by-stage role="check" points=4
homework.check("macs_by_stage", macs_by_stage).stop_if_wrong()
### BEGIN HIDDEN TESTS
for counts, depth in (((3, 4, 6, 3), 50), ((3, 4, 23, 3), 101)):
    found = macs_by_stage(counts, 224)
    assert abs(sum(found.values()) / 1e9 - gigamacs(depth, 224)) < 1e-6
### END HIDDEN TESTS

# %% references [markdown] lang="ko"
r"""
## 참고 문헌

- K. He, X. Zhang, S. Ren, J. Sun: Deep residual learning for image recognition. CVPR 2016, arXiv:1512.03385. 4.1절, 표 1, 그림 5.
- torchvision, `models/resnet.py`: 스트라이드를 3×3에 둔 것으로, "ResNet v1.5"라고 부릅니다.
"""

# %% references [markdown] lang="en"
r"""
## References

- K. He, X. Zhang, S. Ren, J. Sun: Deep residual learning for image recognition. CVPR 2016, arXiv:1512.03385. Section 4.1, table 1, figure 5.
- torchvision, `models/resnet.py`: the stride in the 3×3, called "ResNet v1.5".
"""
