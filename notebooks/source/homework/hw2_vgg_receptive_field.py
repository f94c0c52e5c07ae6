# %% title [markdown] lang="ko"
r"""
# HW2. VGG와 수용 영역

[English](../../en/homework/hw2_vgg_receptive_field.ipynb) · 약 110분 · 37점

"이 값 하나는 이미지를 얼마나 알고 있을까?" 신경망을 설계하거나 고칠 때면 늘 나오는 질문입니다. 답은 정확하게 구할 수 있습니다. 공식으로도 구하고, 공식 없이 재어서도 구합니다. 두 방법을 모두 코드로 쓴 다음, 신경망이 볼 수 있는 것을 다 활용하지는 않는다는 것도 확인합니다.

**여기서 할 일**

- 가중치를 셉니다. 작은 커널(kernel) 셋과 큰 커널 하나를 견줍니다.
- 합성곱(convolution)과 풀링을 어떻게 쌓든 수용 영역(receptive field)을 구하는 함수를 씁니다.
- 어떤 신경망이든 기울기(gradient) 하나로 수용 영역을 잽니다.
- 구성표에서 VGG의 합성곱 부분을 만듭니다.
- 수용 영역 가운데 실제로 중요한 부분이 얼마인지 잽니다.

**푸는 방법.** 검사는 몇 번이든 실행해도 됩니다. 매번 다른 입력을 무작위로 뽑아 시험하고, 처음 틀린 곳을 알려 줍니다. "모두 실행"을 누르면 아직 풀지 않은 첫 문제에서 멈춥니다.
강의는 [02번 노트북](../../ko/02_vgg.ipynb)입니다. 답에는 이 강좌의 패키지(`seminar.probe`, `seminar.models`)를 쓸 수 없습니다.
"""

# %% title [markdown] lang="en"
r"""
# HW2. VGG and the receptive field

[한국어](../../ko/homework/hw2_vgg_receptive_field.ipynb) · about 110 minutes · 37 points

"How much of the image does this number know about?" The question comes up whenever a network is designed or repaired, and it can be answered exactly: by a formula, and by a measurement that needs no formula. You write both, and then find out that a network by no means uses all that it could see.

**What you will do here**

- You count weights: three small kernels against one large one.
- You write the receptive field of any stack of convolutions and poolings.
- You measure it in any network, with one gradient.
- You write VGG's convolutional part from its configuration.
- You measure how much of the receptive field really matters.

**How it works.** Run a check as often as you like. It takes other random inputs each time, and tells you the first thing that is wrong. "Run All" stops at the first part that is not solved yet.
The lecture is [notebook 02](../../en/02_vgg.ipynb). The course's package (`seminar.probe`, `seminar.models`) is not allowed in the answers.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
import math

import torch
from torch import nn

from seminar import figures, homework, models, settings

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says

# %% s1 [markdown] lang="ko"
r"""
## 1. 작은 커널, 적은 가중치 (3점, 5분)

VGG는 남들이 7×7 합성곱 하나를 두는 곳에 3×3 합성곱 셋을 둡니다. 보는 범위는 둘 다 7×7입니다. 비용은 어떨까요?

손으로 해 보면, 앞뒤 채널(channel)이 2개씩이고 편향이 없는 3×3 합성곱 하나의 가중치는 $3 \cdot 3 \cdot 2 \cdot 2 = 36$개입니다.

`stack_weights(kernel, depth, channels)`를 작성하세요. 커널이 kernel × kernel이고 앞뒤 채널이 모두 `channels`개이며 편향이 없는 합성곱 `depth`개의 가중치 수입니다. 다 쓰면 새 셀에서 `stack_weights(3, 3, 64)`와 `stack_weights(7, 1, 64)`를 견주어 보세요.
"""

# %% s1 [markdown] lang="en"
r"""
## 1. Small kernels, fewer weights (3 points, 5 minutes)

VGG puts three 3×3 convolutions where others had one 7×7. Both see 7×7 pixels. What do they cost?

By hand: with 2 channels before and after, one 3×3 convolution without bias has $3 \cdot 3 \cdot 2 \cdot 2 = 36$ weights.

Write `stack_weights(kernel, depth, channels)`: the weights of `depth` convolutions in a row, kernel × kernel, each with `channels` channels before and after it, without biases. Then compare `stack_weights(3, 3, 64)` with `stack_weights(7, 1, 64)` in a new cell.
"""


# %% answer-stack-weights role="answer"
def stack_weights(kernel, depth, channels):
    """Weights of `depth` convolutions in a row, kernel × kernel, channels → channels, no biases.

    Returns an int.
    """
    ### BEGIN SOLUTION
    return depth * kernel**2 * channels**2
    ### END SOLUTION


# %% check-stack-weights role="check" points=3
homework.check("stack_weights", stack_weights).stop_if_wrong()
### BEGIN HIDDEN TESTS
assert (stack_weights(3, 3, 64), stack_weights(7, 1, 64)) == (27 * 64**2, 49 * 64**2)
assert isinstance(stack_weights(3, 2, 8), int)
### END HIDDEN TESTS

# %% s2 [markdown] lang="ko"
r"""
## 2. 어떻게 쌓든 구할 수 있는 수용 영역 (5점, 15분)

한 축만 봅니다. 다른 축도 마찬가지입니다. 출력 하나의 수용 영역은 그 출력을 바꿀 수 있는 입력 픽셀의 범위입니다. 층은 수 세 개로 정해집니다.

- *커널*: 읽는 위치의 개수
- *스트라이드*(stride): 이웃한 출력끼리 떨어진 거리. 그 층의 입력으로 몇 칸인지 셉니다.
- *팽창*(dilation): 읽는 위치끼리 떨어진 거리. 2이면 하나씩 건너뛰며 읽습니다. 보통 합성곱은 1입니다. 풀링도 층으로 칩니다.

입력에서부터 층을 하나씩 지나가며 두 수만 알고 있으면 됩니다. 수용 영역의 *크기*(size), 그리고 이웃한 두 출력이 입력 픽셀로 얼마나 떨어져 있는지를 나타내는 *간격*(jump)입니다. 층이 하나도 없으면 둘 다 1입니다. 층이 하나 늘면 둘이 각각 어떻게 바뀌는지, 무엇이 먼저 바뀌는지 생각해 보세요.

손으로 해 봅시다. 크기 2, 스트라이드 2인 풀링 다음에 스트라이드 1인 3×3 합성곱이 옵니다. 풀링의 이웃한 출력은 입력에서 2픽셀씩 떨어져 있고, 저마다 2픽셀을 봅니다. 합성곱은 이웃 셋을 읽으니 $2 \cdot 2 = 4$픽셀만큼 더 봅니다. 크기는 6, 간격은 2입니다.

(커널, 스트라이드, 팽창)의 리스트를 받는 `receptive_field(layers)`를 작성하세요.
"""

# %% s2 [markdown] lang="en"
r"""
## 2. The receptive field of any stack (5 points, 15 minutes)

We look along one axis; the other works alike. The *receptive field* of an output is the range of input pixels that can change it. A layer has three numbers:

- the *kernel*, how many positions it reads;
- the *stride*, how far apart its own outputs are, counted in its inputs;
- the *dilation*, how far apart the positions are that it reads: with 2 it leaves out every second one. Ordinary convolutions have 1. Poolings count as layers, too.

Two numbers are enough to go through a stack from the input on: the *size* of the receptive field and the *jump*, the distance in input pixels between two neighboring outputs. Without any layer both are 1. Think about what one more layer does to each of them, and in which order.

By hand: a pooling of 2 with stride 2, then a 3×3 convolution with stride 1. Behind the pooling neighbors are 2 pixels apart and see 2. The convolution reads three of them: it reaches $2 \cdot 2 = 4$ pixels further, so size 6, jump 2.

Write `receptive_field(layers)`, for a list of (kernel, stride, dilation).
"""


# %% answer-receptive-field role="answer"
def receptive_field(layers):
    """Receptive field of any stack, along one axis.

    layers: a list of (kernel, stride, dilation), from the input on. Returns two ints, (size,
    jump): how many input pixels one output sees, first to last, and how many input pixels lie
    between two neighboring outputs.
    """
    ### BEGIN SOLUTION
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * jump
        jump *= stride
    return size, jump
    ### END SOLUTION


# %% check-receptive-field role="check" points=5
homework.check("receptive_field", receptive_field).stop_if_wrong()
### BEGIN HIDDEN TESTS
assert receptive_field([]) == (1, 1)
assert receptive_field([(3, 1, 1)] * 3) == (7, 1)
assert receptive_field([(11, 4, 1), (3, 2, 1), (5, 1, 1), (3, 2, 1)]) == (67, 16)  # AlexNet
vgg16 = [(3, 1, 1)] * 2 + [(2, 2, 1)] + [(3, 1, 1)] * 2 + [(2, 2, 1)]
vgg16 += ([(3, 1, 1)] * 3 + [(2, 2, 1)]) * 3
assert receptive_field(vgg16) == (212, 32)
### END HIDDEN TESTS

# %% s3 [markdown] lang="ko"
r"""
## 3. 어디를 보는가 (4점, 15분)

이번에는 어느 픽셀인지 알아봅니다. 층은 입력 쪽부터 차례로 나오고, 저마다 (커널, 스트라이드, 패딩(padding))입니다. 팽창은 1입니다. 층의 출력 위치 $p$는 자기 입력을 $p \cdot \text{stride} - \text{padding}$부터 커널 크기만큼 이어서 읽습니다. 위치는 0부터 셉니다. 패딩이 있으면 −1 같은 위치도 나오는데, 이것도 수용 영역에 넣습니다.

손으로 해 보면 이렇습니다. 스트라이드 1, 패딩 1인 3×3 합성곱이 둘 있습니다. 둘째 층의 출력 0은 첫째 층의 −1부터 1까지를 읽고, 이것들은 이미지의 −2부터 2까지를 읽습니다.

수용 영역의 첫 위치와 마지막 위치를 입력의 위치로 돌려주는 `field_of(position, layers)`를 작성하세요. 층이 없으면 둘 다 `position`입니다.
"""

# %% s3 [markdown] lang="en"
r"""
## 3. Where it lies (4 points, 15 minutes)

Now we want to know the pixels themselves. The layers come from the input on, each as (kernel, stride, padding), dilation 1. Output position $p$ of a layer reads `kernel` of its inputs, beginning with position $p \cdot \text{stride} - \text{padding}$. Positions are counted from 0. Padding makes positions such as −1 possible; they belong to the field.

By hand: two 3×3 convolutions with stride 1 and padding 1. Output 0 of the second reads −1 to 1 of the first, and these read −2 to 2 of the image.

Write `field_of(position, layers)`, which returns the first and the last input position; without any layer both are `position`.
"""


# %% answer-field-of role="answer"
def field_of(position, layers):
    """Which input pixels one output reads, along one axis.

    position: the output's place, from 0; layers: a list of (kernel, stride, padding). Returns two
    ints, (first, last): both belong to the field, and may lie outside of the image.
    """
    ### BEGIN SOLUTION
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
        last = last * stride - padding + kernel - 1
    return first, last
    ### END SOLUTION


# %% check-field-of role="check" points=4
homework.check("field_of", field_of).stop_if_wrong()
### BEGIN HIDDEN TESTS
assert field_of(0, [(3, 1, 1)] * 3) == (-3, 3)
assert field_of(2, [(7, 2, 3), (3, 2, 1)]) == (3, 13)
assert field_of(4, []) == (4, 4)
### END HIDDEN TESTS

# %% s4 [markdown] lang="ko"
r"""
## 4. 재어 보기 (5점, 20분)

신경망에 직접 물을 수 있으면 공식은 필요 없습니다. 출력을 바꾸는 픽셀에는 기울기가 있습니다. 특징 맵(feature map) 한가운데의 출력 하나를 입력 이미지로 미분하고, 기울기가 0이 아닌 곳을 찾으면 됩니다.

`footprint(model, shape)`를 작성하세요. 모양이 `shape` $(C, H, W)$인 무작위 이미지 한 장을 `requires_grad=True`로 하여 한 장짜리 미니배치(mini-batch)로 넣습니다. 출력의 크기를 $H' \times W'$라고 하면, 한가운데 위치(`H' // 2`, `W' // 2`)를 골라 채널을 모두 더합니다. 입력 채널 가운데 하나라도 기울기가 0이 아닌 영역의 세로와 가로를 돌려주세요. 세로는 기울기가 0이 아닌 픽셀이 있는 첫 행부터 마지막 행까지의 행 수입니다. 사이에 있는 행은 기울기가 0이어도 셉니다. 가로도 같습니다. 기울기는 아무리 작아도 0이 아니면 셉니다. 검사에 나오는 모델에는 합성곱과 평균 풀링, 그리고 모든 값을 그대로 통과시키는 ReLU가 있습니다. 커널은 정사각형이 아닐 수도 있고 팽창이 있을 수도 있으며, 한 모델은 두 분기의 출력을 더합니다. 이미지는 충분히 큽니다.

최대 풀링(max pooling)에서는 가장 큰 값만 살아남으므로, 수용 영역 안에서도 기울기가 없는 픽셀이 생깁니다. 그래서 검사에는 최대 풀링이 없습니다.
"""

# %% s4 [markdown] lang="en"
r"""
## 4. Measure it (5 points, 20 minutes)

No formula is needed if the network itself can be asked. What changes an output has a gradient: compute one output in the middle of the map, differentiate it by the input image, and look where the gradient is not 0.

Write `footprint(model, shape)`. Feed the model one random image of `shape` $(C, H, W)$, a batch of one, with `requires_grad=True`. The output has the size $H' \times W'$; take it at the middle position, `H' // 2` and `W' // 2`, its channels added up. Return how many rows and how many columns the region covers in which the gradient of at least one channel is not 0, from the first such row to the last one. Rows in between belong to it even if their own gradient is 0. However small a gradient is: it counts if it is not 0. The models of the check have convolutions, mean poolings, and ReLUs that let everything through. Their kernels need not be square, some are dilated, and one model adds up two branches. The images are large enough.

With a max pooling some pixels of the field get no gradient, since only the largest of them counts. That is why the check has none.
"""


# %% answer-footprint role="answer"
def footprint(model, shape):
    """The receptive field of the output in the middle, measured by a gradient.

    model: any convolutional network; shape: (C, H, W) of its input. Returns two ints, (height,
    width): from the first to the last row, and column, where the gradient is not 0.
    """
    ### BEGIN SOLUTION
    x = torch.rand(1, *shape, requires_grad=True)
    y = model(x)
    middle = y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum()
    seen = torch.autograd.grad(middle, x)[0][0].abs().sum(0) > 0
    rows, columns = seen.any(1).nonzero(), seen.any(0).nonzero()
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1
    ### END SOLUTION


# %% check-footprint role="check" points=5
homework.check("footprint", footprint).stop_if_wrong()
### BEGIN HIDDEN TESTS
stack = nn.Sequential(nn.Conv2d(2, 3, (3, 7), dilation=2), nn.Conv2d(3, 1, 3, stride=2))
assert footprint(stack, (2, 40, 60)) == (7, 15)
holes = nn.Conv2d(1, 1, (3, 5), dilation=4)
assert footprint(holes, (1, 30, 40)) == (9, 17)
### END HIDDEN TESTS

# %% s5 [markdown] lang="ko"
r"""
## 5. 리스트로 만드는 VGG (6점, 15분)

Simonyan과 Zisserman(2015)의 표 1은 리스트로 쓸 수 있습니다. 숫자는 출력 채널이 그만큼이고 패딩이 1인 3×3 합성곱(편향 있음)과 그 뒤의 ReLU를 뜻합니다. `"M"`은 스트라이드가 2인 2×2 최대 풀링입니다. VGG-11은 다음과 같습니다.

`[64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]`

`vgg_features(configuration, in_channels)`를 작성하세요. 합성곱, ReLU, 풀링을 저마다 한 층으로 하여 차례대로 담은 `nn.Sequential`을 돌려줍니다. 그러면 키가 torchvision과 같아서(`0.weight`, `0.bias`, `3.weight`, …) 공개된 가중치를 그대로 넣을 수 있습니다. 검사는 직접 만든 신경망과 강좌의 신경망에 같은 가중치를 넣어 비교합니다.
"""

# %% s5 [markdown] lang="en"
r"""
## 5. VGG from a list (6 points, 15 minutes)

Table 1 of Simonyan and Zisserman (2015) can be written as a list. A number stands for a 3×3 convolution with padding 1 and so many output channels (with bias), followed by a ReLU. `"M"` stands for a max pooling of 2×2 with stride 2. VGG-11 is

`[64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]`.

Write `vgg_features(configuration, in_channels)`. It returns an `nn.Sequential` in which convolutions, ReLUs, and poolings are layers of their own, in this order. Then its keys are torchvision's (`0.weight`, `0.bias`, `3.weight`, …), and published weights would fit. The check gives your network and ours the same weights.
"""


# %% answer-vgg-features role="answer"
def vgg_features(configuration, in_channels):
    """The convolutional part of a VGG network.

    configuration: numbers of channels and "M", such as [64, "M", 128, "M"]. Returns an
    nn.Sequential; in_channels are the image's.
    """
    ### BEGIN SOLUTION
    layers = []
    for item in configuration:
        if item == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(in_channels, item, 3, padding=1), nn.ReLU()]
            in_channels = item
    return nn.Sequential(*layers)
    ### END SOLUTION


# %% check-vgg-features role="check" points=6
homework.check("vgg_features", vgg_features).stop_if_wrong()
### BEGIN HIDDEN TESTS
configuration = [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]
with torch.device("meta"):  # shapes without numbers
    ours, theirs = vgg_features(configuration, 3), models.vgg11().features
sizes = [{k: tuple(v.shape) for k, v in m.state_dict().items()} for m in (ours, theirs)]
assert sizes[0] == sizes[1]
assert ours(torch.empty(1, 3, 224, 224, device="meta")).shape == (1, 512, 7, 7)
### END HIDDEN TESTS

# %% s6 [markdown] lang="ko"
r"""
## 6. 재어 봅시다: 보이는 것 가운데 무엇이 중요할까요? (6점, 20분)

3×3 합성곱 $L$개의 수용 영역은 $2L + 1$픽셀입니다. 그 픽셀은 모두 출력에 똑같이 영향을 줄까요?

다음 셀의 `stack(depth)`는 가중치가 무작위인 합성곱을 쌓습니다. `depths`의 깊이마다 다음과 같이 재세요.

1. 41×41 무작위 수를 입력으로 넣고, 출력 하나를 고릅니다. 채널 0의 한가운데 (20, 20)입니다. 이 출력을 입력으로 미분한 기울기 $g$를 구합니다.
2. 열 $j$의 *비중*은 $s_j = \sum_i g_{ij}^2 \big/ \sum_{i,k} g_{ik}^2$입니다. 무작위 신경망 20개에서 평균을 냅니다.
3. 비중은 확률처럼 모두 더하면 1입니다. 한가운데 열을 중심으로 한 표준편차는 $\sigma = \sqrt{\sum_j s_j\, (j - 20)^2}$입니다. $4\sigma$를 *유효 폭*이라고 합시다(02번 노트북의 유효 수용 영역과는 재는 방법이 다릅니다). 종 모양 분포라면 95%가 이 안에 듭니다. (한두 층에서는 아직 종 모양이 아니어서, $4\sigma$가 수용 영역만큼 넓거나 조금 더 넓게 나올 수 있습니다.)

층 수에 따라 유효 폭과 수용 영역 $2L + 1$을 그림 하나에 그리세요. 제목, 축 이름과 단위, 범례를 넣습니다(`figures.lines`나 Matplotlib). 먼저 `torch.manual_seed(seed)`를 호출하세요. 1초도 걸리지 않습니다.
"""

# %% s6 [markdown] lang="en"
r"""
## 6. Measure: what matters of all that is seen? (6 points, 20 minutes)

The receptive field of $L$ convolutions 3×3 has $2L + 1$ pixels. Does the output depend on all of them alike?

The next cell has `stack(depth)`: convolutions with random weights. For each of the depths in `depths`:

1. Take an input of 41×41 random numbers and one output: channel 0, the middle position (20, 20). Compute the gradient $g$ of this output by the input.
2. The *share* of column $j$ is $s_j = \sum_i g_{ij}^2 \big/ \sum_{i,k} g_{ik}^2$. Average the shares over 20 random networks.
3. The shares add up to 1, like probabilities. Their standard deviation around the middle column is $\sigma = \sqrt{\sum_j s_j\, (j - 20)^2}$. We call $4\sigma$ the *effective width* (notebook 02 measures the effective receptive field in another way): of a bell curve it would hold 95%. (One or two layers give no bell yet: there $4\sigma$ may come out as wide as the receptive field, or a little wider.)

Draw the effective width and the receptive field $2L + 1$ against the number of layers, in one figure with a title, labels, units, and a legend (`figures.lines` or Matplotlib). Call `torch.manual_seed(seed)` first. It takes less than a second.
"""

# %% setting
depths = (1, 2, 4, 8, 12, 16)


def stack(depth):
    """`depth` convolutions 3×3 with 8 channels, random weights, no biases, no ReLUs."""
    sizes = [(1 if index == 0 else 8, 8) for index in range(depth)]
    return nn.Sequential(*(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in sizes))


# %% measure tags=["nbval-ignore-output"] role="by hand" points=6
### BEGIN SOLUTION
def effective_width(depth, networks=20, size=41):
    """Four standard deviations of the squared gradient, along the horizontal axis."""
    share = torch.zeros(size)
    for _ in range(networks):
        x = torch.randn(1, 1, size, size, requires_grad=True)
        output = stack(depth)(x)[0, 0, size // 2, size // 2]
        squares = torch.autograd.grad(output, x)[0].square().sum((0, 1, 2))
        share += squares / squares.sum() / networks
    distance = torch.arange(size) - size // 2
    return 4 * (share * distance**2).sum().sqrt().item()


torch.manual_seed(seed)
figures.lines(
    {
        "receptive field": (depths, [2 * depth + 1 for depth in depths]),
        "effective, 4 standard deviations": (depths, [effective_width(d) for d in depths]),
    },
    "What one output sees, by depth",
    "3×3 convolutions",
    "width (pixels)",
    marks=True,
)
### END SOLUTION

# %% s7 [markdown] lang="ko"
r"""
## 7. 자기 말로 쓰기 (4점, 10분)

(가) 4층에서 16층으로 가면 수용 영역은 몇 배가 되고, 유효 폭은 몇 배가 됩니까? 층이 많을 때 각각 깊이의 몇 제곱에 비례합니까?

(나) 한 동료가 신경망이 200픽셀짜리 물체를 알아보게 하려고, 공식의 값이 200이 될 때까지 3×3 합성곱을 쌓습니다. 무엇이라고 말해 주겠습니까? 대신 무엇을 하면 됩니까? 여러분의 측정이 보여 주지 *않는* 것도 쓰세요(어떤 신경망을 쟀는지 보세요).

500자 안팎으로 쓰세요.
"""

# %% s7 [markdown] lang="en"
r"""
## 7. In your own words (4 points, 10 minutes)

(a) By which factor does the receptive field grow from 4 to 16 layers, and by which factor does the effective width? Which power of the depth does each of them follow, for many layers?

(b) A colleague wants a network to recognize objects of 200 pixels and stacks 3×3 convolutions until the formula says 200. What do you tell her, and what could she do instead? Say also what your measurement does *not* show (look at what kind of networks you measured).

Answer in about 150 words.
"""

# %% written [markdown] role="by hand" points=4 lang="ko"
r"""
**모범 답안.** (가) 수용 영역은 9픽셀에서 33픽셀로 3.7배가 됩니다. 깊이에 비례합니다. 유효 폭은 6.5에서 13.1로 2.0배가 됩니다(시드 0–4에서 6.4–6.8과 13.1–13.4). $\sqrt{16/4} = 2$이니 깊이의 제곱근을 따릅니다.

(나) 200픽셀이 되려면 100층이 필요하고, 그래도 출력은 한가운데 33픽셀쯤에 좌우됩니다($3.27\sqrt{L}$). 스트라이드나 풀링을 쓰는 편이 낫습니다. 풀링 뒤에서는 한 걸음이 두 배로 넓어져 두 폭이 모두 늘어납니다. 팽창 합성곱도 방법입니다. 다만 제가 잰 것은 ReLU도 풀링도 없고 학습도 하지 않은, 가중치가 무작위인 신경망입니다. 학습한 신경망은 가장자리를 더 중요하게 여길 수 있습니다. Luo 등(2016)은 학습하면서 유효 수용 영역이 넓어진다고 보고했습니다.

**채점 기준(4점)**

- 1점: 자기가 잰 값으로 두 배율을 계산했다.
- 1점: 하나는 깊이에, 하나는 깊이의 제곱근에 비례한다고 썼다.
- 1점: 공식의 값은 상한이라는 것을 쓰고, 대책으로 스트라이드나 풀링, 팽창을 들었다.
- 1점: 측정의 한계(무작위 가중치, ReLU 없음, 학습하지 않음)를 썼다.
"""

# %% written [markdown] role="by hand" points=4 lang="en"
r"""
**Model answer.** (a) The receptive field grows from 9 to 33 pixels, 3.7-fold: it is proportional to the depth. The effective width grows from 6.5 to 13.1, 2.0-fold (seeds 0–4: 6.4–6.8 and 13.1–13.4). $\sqrt{16/4} = 2$: it follows the square root of the depth.

(b) She needs 100 layers for 200 pixels, and even then the output depends on about 33 pixels around the middle ($3.27\sqrt{L}$). Strides or poolings help: behind a pooling each step is twice as wide, which multiplies both widths. So do dilated convolutions. My measurement is of random weights, without ReLUs, poolings, or training. Trained networks can weigh the border more; Luo et al. (2016) found that the effective field grows during training.

**Rubric (4 points)**

- 1 point: both factors from the student's own numbers.
- 1 point: proportional to the depth, and to its square root.
- 1 point: the formula gives an upper limit; strides, pooling, or dilation as a remedy.
- 1 point: a limit of the measurement (random weights, no ReLU, not trained).
"""

# %% s8 [markdown] lang="ko"
r"""
## 8. 왜 종 모양일까요? (도전, 4점, 10분)

경로(path)를 세어 봅시다. 한가운데 픽셀에서 출력으로 가는 경로는 많지만, 가장자리 픽셀에서는 하나뿐입니다. 층마다 커널의 맨 끝 위치를 지나야 하기 때문입니다. 가중치가 서로 독립이고 평균이 0인 무작위 수라면, $g^2$의 평균에서 서로 다른 두 경로의 값을 곱한 항은 사라집니다. 남는 것은 경로의 수에 비례합니다.

손으로 해 보면 이렇습니다. 한 축에서 이웃을 3개씩 읽는 층이 둘 있으면, 입력 위치 다섯에서 오는 경로는 $1, 2, 3, 2, 1$개입니다.

이 수들을 int의 리스트로 돌려주는 `path_counts(kernel, depth)`를 작성하세요. 검사에는 짝수 커널, 층이 없는 경우(답은 `[1]`), 경로가 $3^{40}$개인 40층도 나옵니다. 경로를 하나씩 따라가며 세어서는 안 됩니다.

다 되면 `path_counts(3, 16)`을 종 모양과 견주고, 표준편차를 6번과 견주어 보세요. 층 하나가 분산에 $(3^2 - 1)/12 = \tfrac23$를 더하므로 $4\sigma = 4\sqrt{2L/3} \approx 3.27\sqrt{L}$입니다.
"""

# %% s8 [markdown] lang="en"
r"""
## 8. Why a bell? (stretch, 4 points, 10 minutes)

Count the ways. A pixel in the middle reaches the output along many paths, a pixel at the edge along one: always the outermost position of each kernel. If the weights are random, independent, and of mean 0, then in the mean of $g^2$ the products of different paths cancel. What remains is in proportion to the number of paths.

By hand: along one axis, two layers that read 3 neighbors each. From the five input positions there are $1, 2, 3, 2, 1$ paths.

Write `path_counts(kernel, depth)`, the list of these numbers as ints. The check also takes even kernels, no layer at all (then the list is `[1]`), and 40 layers with $3^{40}$ paths: do not visit them one by one.

When it works, compare `path_counts(3, 16)` with a bell curve, and its standard deviation with part 6: each layer adds $(3^2 - 1)/12 = \tfrac23$ to the variance, so that $4\sigma = 4\sqrt{2L/3} \approx 3.27\sqrt{L}$.
"""


# %% answer-path-counts role="answer"
def path_counts(kernel, depth):
    """How many paths lead from each input position to one output, along one axis.

    A stack of `depth` layers whose outputs read `kernel` neighbors each, stride 1. Returns a list
    of ints, from the first to the last position of the receptive field.
    """
    ### BEGIN SOLUTION
    counts = [1]
    for _ in range(depth):
        wider = [0] * (len(counts) + kernel - 1)
        for place, count in enumerate(counts):
            for step in range(kernel):
                wider[place + step] += count
        counts = wider
    return counts
    ### END SOLUTION


# %% check-path-counts role="check" points=4
homework.check("path_counts", path_counts).stop_if_wrong()
### BEGIN HIDDEN TESTS
assert path_counts(3, 0) == [1]
assert path_counts(2, 4) == [math.comb(4, k) for k in range(5)]
assert path_counts(5, 2) == [1, 2, 3, 4, 5, 4, 3, 2, 1]
assert sum(path_counts(3, 30)) == 3**30
### END HIDDEN TESTS

# %% references [markdown] lang="ko"
r"""
## 참고 문헌

- K. Simonyan, A. Zisserman: Very deep convolutional networks for large-scale image recognition. ICLR 2015, arXiv:1409.1556. 2.3절, 표 1.
- A. Araujo, W. Norris, J. Sim: Computing receptive fields of convolutional neural networks. Distill, 2019.
- W. Luo, Y. Li, R. Urtasun, R. Zemel: Understanding the effective receptive field in deep convolutional neural networks. NIPS 2016, arXiv:1701.04128.
"""

# %% references [markdown] lang="en"
r"""
## References

- K. Simonyan, A. Zisserman: Very deep convolutional networks for large-scale image recognition. ICLR 2015, arXiv:1409.1556. Section 2.3, table 1.
- A. Araujo, W. Norris, J. Sim: Computing receptive fields of convolutional neural networks. Distill, 2019.
- W. Luo, Y. Li, R. Urtasun, R. Zemel: Understanding the effective receptive field in deep convolutional neural networks. NIPS 2016, arXiv:1701.04128.
"""
