# %% title [markdown] lang="ko"
r"""
# HW1. LeNet에서 AlexNet으로

[English](../../en/homework/hw1_lenet_alexnet.ipynb) · 약 125분 · 39점

이 강좌에 나오는 것은 모두 합성곱(convolution)과 학습 루프(training loop)로 이루어집니다. 둘 다 한 줄이면 불러 쓸 수 있습니다. 그러나 부르는 법만 알아서는 결과가 왜 55픽셀인지, 파라미터(parameter) 6천만 개가 어디서 왔는지, 정확도(accuracy)가 왜 기대보다 낮은지 말할 수 없습니다. 그래서 한 번은 직접 써 봅니다.

**여기서 할 일**

- 출력 크기와 파라미터 수, 곱셈-덧셈(MAC) 수를 계산합니다.
- 합성곱과 AlexNet의 정규화를 직접 구현합니다.
- 학습 루프를 써서 LeNet-5를 실제 손글씨 숫자로 학습시키고, 곡선을 그리고 시간을 잽니다.
- AlexNet의 파라미터를 갈래(8번에서 설명합니다)가 하나, 둘, 넷일 때 각각 셉니다.

**푸는 방법.** 검사는 몇 번이든 실행해도 됩니다. 매번 다른 입력을 무작위로 뽑아 시험하고, 처음 틀린 곳을 알려 줍니다. "모두 실행"을 누르면 아직 풀지 않은 첫 문제에서 멈춥니다.
강의는 [01번 노트북](../../ko/01_lenet_to_alexnet.ipynb)입니다. 이 강좌의 패키지는 답에는 쓸 수 없고, 측정 문제(6번)에서만 쓸 수 있습니다.
"""

# %% title [markdown] lang="en"
r"""
# HW1. From LeNet to AlexNet

[한국어](../../ko/homework/hw1_lenet_alexnet.ipynb) · about 125 minutes · 39 points

Everything in this course is made of convolutions and of a training loop. Both come as one-line calls, and whoever only knows the call cannot say why a result has 55 pixels, where 60 million parameters come from, or why the accuracy is lower than it should be. So you write them once yourself.

**What you will do here**

- You compute output sizes, parameters, and multiply-adds.
- You write a convolution with loops, and AlexNet's normalization.
- You write a training loop and train LeNet-5 on real digits, with curves and a stopwatch.
- You count the parameters of AlexNet, with two towers, with one, and with four.

**How it works.** Run a check as often as you like. It takes other random inputs each time, and tells you the first thing that is wrong. "Run All" stops at the first part that is not solved yet.
The lecture is [notebook 01](../../en/01_lenet_to_alexnet.ipynb). The course's package is not allowed in the answers, until you measure.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
import time

import torch
import torch.nn.functional as F
from torch import nn

from seminar import data, figures, homework, models, settings

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says

# %% s1 [markdown] lang="ko"
r"""
## 1. 결과는 얼마나 클까요? (3점, 5분)

`size`픽셀인 입력의 양쪽에 0을 `padding`개씩 붙이고, 커널(kernel)을 `stride`칸씩 옮깁니다. 커널은 통째로 들어가는 자리에만 놓입니다. 한 축에서 커널은 몇 자리에 놓입니까?

손으로 해 보면 이렇습니다. size 7, kernel 3, stride 2, padding 0이면 커널은 0, 2, 4에 놓여 세 자리입니다. size가 8이어도 세 자리입니다. 6에는 다 들어가지 않기 때문입니다.

`conv_output_size(size, kernel, stride, padding)`을 작성하세요. 다 쓰면 AlexNet의 첫 층(kernel 11, stride 4, padding 0)에 논문에 적힌 224와, 논문에는 없는 227을 각각 넣고, 논문의 출력 크기 55가 어느 쪽에서 나오는지 보세요.
"""

# %% s1 [markdown] lang="en"
r"""
## 1. How large is the result? (3 points, 5 minutes)

A kernel slides over an input of `size` pixels with `padding` zeros on each side, in steps of `stride`, as long as it fits in completely. How many positions does it take along this axis?

By hand: size 7, kernel 3, stride 2, padding 0. The kernel stands at 0, 2, and 4: three positions. With size 8 there are also three, because at 6 it would no longer fit.

Write `conv_output_size(size, kernel, stride, padding)`. Then try AlexNet's first layer (kernel 11, stride 4, no padding) with 224, which the paper says, and with 227: which of the two gives the paper's 55?
"""


# %% answer-output-size role="answer"
def conv_output_size(size, kernel, stride, padding):
    """How many positions a kernel takes along one axis, an int.

    size: of the input, padding: zeros on each side; all ints.
    """
    ### BEGIN SOLUTION
    return (size + 2 * padding - kernel) // stride + 1
    ### END SOLUTION


# %% check-output-size role="check" points=3
homework.check("conv_output_size", conv_output_size).stop_if_wrong()
### BEGIN HIDDEN TESTS
assert conv_output_size(227, 11, 4, 0) == 55
assert conv_output_size(224, 7, 2, 3) == 112
assert conv_output_size(32, 5, 1, 0) == 28
### END HIDDEN TESTS

# %% s2 [markdown] lang="ko"
r"""
## 2. 비용은 얼마일까요? (4점, 10분)

합성곱의 출력 하나는 입력 채널(channel)마다 kernel × kernel 조각을 하나씩 읽고, 읽은 값마다 가중치를 하나씩 곱합니다. `groups`가 있으면 채널을 그룹으로 나눕니다. 출력 채널은 자기 그룹의 입력 채널 `in_channels / groups`개만 읽습니다. 편향은 출력 채널마다 하나씩 있습니다.

손으로 해 보면 이렇습니다. 입력 4채널, 출력 6채널, kernel 3, 그룹 2개라고 합시다. 출력 하나는 수 $2 \cdot 9 = 18$개를 읽습니다. 가중치 $6 \cdot 18 = 108$개와 편향 6개를 합해 파라미터는 114개입니다. 결과가 5×5이면 곱셈-덧셈은 $108 \cdot 25 = 2700$번입니다.

`conv_cost(in_channels, out_channels, kernel, groups, output_size)`를 작성하세요. 파라미터 수와 이미지 한 장의 곱셈-덧셈 수를 돌려줍니다. 편향을 더하는 것은 세지 않습니다.
"""

# %% s2 [markdown] lang="en"
r"""
## 2. What does it cost? (4 points, 10 minutes)

One output number of a convolution reads a patch of kernel × kernel pixels in its input channels, each with its own weight. With `groups` the channels are divided: every output channel reads only the `in_channels / groups` input channels of its own group. Each output channel has one bias.

By hand: from 4 to 6 channels, kernel 3, 2 groups. An output reads $2 \cdot 9 = 18$ numbers. There are $6 \cdot 18 = 108$ weights and 6 biases, 114 parameters. On a result of 5×5 this makes $108 \cdot 25 = 2700$ multiply-adds.

Write `conv_cost(in_channels, out_channels, kernel, groups, output_size)`. It returns the parameters and the multiply-adds for one image; adding the bias is not counted.
"""


# %% answer-conv-cost role="answer"
def conv_cost(in_channels, out_channels, kernel, groups, output_size):
    """What a convolution costs: (parameters, multiply-adds for one image), two ints.

    kernel × kernel, with one bias for each output channel; output_size: height and width of the
    result. Adding a bias is not counted as a multiply-add.
    """
    ### BEGIN SOLUTION
    weights = out_channels * (in_channels // groups) * kernel**2
    return weights + out_channels, weights * output_size**2
    ### END SOLUTION


# %% check-conv-cost role="check" points=4
homework.check("conv_cost", conv_cost).stop_if_wrong()
### BEGIN HIDDEN TESTS
layer = nn.Conv2d(96, 256, 5, groups=2)
parameters, macs = conv_cost(96, 256, 5, 2, 27)
assert parameters == sum(p.numel() for p in layer.parameters())
assert macs == layer.weight.numel() * 27**2
### END HIDDEN TESTS

# %% s3 [markdown] lang="ko"
r"""
## 3. 합성곱 직접 구현하기 (6점, 25분)

$$y_{o,i,j} = \sum_{c}\sum_{u=0}^{k-1}\sum_{v=0}^{k-1} \mathrm{kernels}_{o,c,u,v}\; x_{c,\; i s + u,\; j s + v}$$

$x$는 0으로 패딩(padding)한 이미지이고 $s$는 스트라이드(stride)입니다. 커널은 뒤집지 않습니다. 신경망에서 합성곱이라고 부르는 것을 수학에서는 교차 상관(cross-correlation)이라고 합니다.

손으로 해 보면, 이미지 $\begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \end{pmatrix}$과 커널 $\begin{pmatrix} 1 & 0 \\ 0 & -1 \end{pmatrix}$에서 $(1 - 5,\; 2 - 6) = (-4, -4)$가 나옵니다.

`conv2d(image, kernels, stride, padding)`을 작성하세요. PyTorch의 합성곱과 `unfold`는 쓸 수 없습니다. 위치마다 도는 반복문은 괜찮습니다. `F.pad(image, (왼쪽, 오른쪽, 위, 아래))`는 0을 붙여 줍니다.
"""

# %% s3 [markdown] lang="en"
r"""
## 3. A convolution, written out (6 points, 25 minutes)

$$y_{o,i,j} = \sum_{c}\sum_{u=0}^{k-1}\sum_{v=0}^{k-1} \mathrm{kernels}_{o,c,u,v}\; x_{c,\; i s + u,\; j s + v}$$

where $x$ is the image with its padding of zeros and $s$ the stride. The kernel is not turned around: what networks call convolution, mathematicians call cross-correlation.

By hand: the image $\begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \end{pmatrix}$ and the kernel $\begin{pmatrix} 1 & 0 \\ 0 & -1 \end{pmatrix}$ give $(1 - 5,\; 2 - 6) = (-4, -4)$.

Write `conv2d(image, kernels, stride, padding)`. Not allowed are PyTorch's convolutions and `unfold`; loops over the positions are fine. `F.pad(image, (left, right, top, bottom))` adds zeros.
"""


# %% answer-conv2d role="answer"
def conv2d(image, kernels, stride, padding):
    """A convolution as networks use it.

    image: (C, H, W); kernels: (O, C, k, k); stride and padding: ints. Returns (O, H', W').
    """
    ### BEGIN SOLUTION
    k = kernels.shape[-1]
    image = F.pad(image, (padding,) * 4)
    height, width = ((side - k) // stride + 1 for side in image.shape[1:])
    result = image.new_zeros(len(kernels), height, width)
    for i in range(height):
        for j in range(width):
            top, left = i * stride, j * stride
            patch = image[:, top : top + k, left : left + k]
            result[:, i, j] = (kernels * patch).sum((1, 2, 3))
    return result
    ### END SOLUTION


# %% check-conv2d role="check" points=6
homework.check("conv2d", conv2d).stop_if_wrong()
### BEGIN HIDDEN TESTS
image, kernels = torch.randn(3, 12, 9), torch.randn(5, 3, 4, 4)
for stride, padding in ((1, 0), (3, 2), (4, 1)):
    want = F.conv2d(image[None], kernels, stride=stride, padding=padding)[0]
    assert torch.allclose(conv2d(image, kernels, stride, padding), want, atol=1e-4)
### END HIDDEN TESTS

# %% s4 [markdown] lang="ko"
r"""
## 4. AlexNet의 정규화 (5점, 15분)

논문 3.3절에서는 각 값을 이웃 값의 크기로 나눕니다. 이웃은 같은 위치에 있는 옆 채널의 값이고, 자기 자신도 들어갑니다. 이것이 국소 응답 정규화(local response normalization, LRN)입니다.

$$b_i = \frac{a_i}{\Big(k + \alpha \displaystyle\sum_{j=\max(0,\, i - n/2)}^{\min(C-1,\, i + n/2)} a_j^2\Big)^{\beta}}$$

$n/2$는 내림합니다. 여기서 $n$은 홀수입니다. 첫 채널과 마지막 채널에서는 창이 잘립니다. 이것이 논문의 식이고, PyTorch는 α를 $n$으로 한 번 더 나눕니다.

손으로 해 보면, 한 위치에 세 채널 $a = [1, 2, 3]$이 있고 $k = 1$, $n = 3$, $\alpha = 1$, $\beta = 1$일 때 $b = [1/(1 + 5),\; 2/(1 + 14),\; 3/(1 + 13)]$입니다.

`lrn(a, k, n, alpha, beta)`를 작성하세요. `F.local_response_norm`은 쓸 수 없습니다.
"""

# %% s4 [markdown] lang="en"
r"""
## 4. AlexNet's normalization (5 points, 15 minutes)

Section 3.3 of the paper divides every number by a measure of its neighbors, the numbers at the same position in the channels next to it; it belongs to them itself:

$$b_i = \frac{a_i}{\Big(k + \alpha \displaystyle\sum_{j=\max(0,\, i - n/2)}^{\min(C-1,\, i + n/2)} a_j^2\Big)^{\beta}}$$

with $n/2$ rounded down; $n$ is odd here. At the first and last channels the window is cut off. This is the paper's formula; PyTorch also divides α by $n$.

By hand: one position, three channels $a = [1, 2, 3]$, with $k = 1$, $n = 3$, $\alpha = 1$, $\beta = 1$: $b = [1/(1 + 5),\; 2/(1 + 14),\; 3/(1 + 13)]$.

Write `lrn(a, k, n, alpha, beta)`. `F.local_response_norm` is not allowed.
"""


# %% answer-lrn role="answer"
def lrn(a, k, n, alpha, beta):
    """Local response normalization as in the paper, section 3.3.

    a: (N, C, H, W); n: an odd number of channels; k, alpha, beta: numbers. Returns b, a's shape.
    """
    ### BEGIN SOLUTION
    channels, half = a.shape[1], n // 2
    b = torch.empty_like(a)
    for i in range(channels):
        window = a[:, max(0, i - half) : i + half + 1]
        b[:, i] = a[:, i] / (k + alpha * window.square().sum(1)) ** beta
    return b
    ### END SOLUTION


# %% check-lrn role="check" points=5
homework.check("lrn", lrn).stop_if_wrong()
### BEGIN HIDDEN TESTS
a = 10 * torch.randn(2, 7, 3, 4)
want = F.local_response_norm(a, 5, alpha=5 * 1e-2, beta=0.75, k=2.0)  # PyTorch divides by n
assert torch.allclose(lrn(a, 2.0, 5, 1e-2, 0.75), want, atol=1e-5)
### END HIDDEN TESTS

# %% s5 [markdown] lang="ko"
r"""
## 5. 학습 루프 (6점, 25분)

에폭(epoch)마다 다음을 합니다.

1. 이미지의 순서를 새로 무작위로 섞고, `batch_size`장씩 미니배치(mini-batch)로 나누어 모든 이미지를 한 번씩 씁니다. 마지막 미니배치는 더 작을 수 있습니다. `images`와 `labels` 자체는 바꾸지 않습니다.
2. 미니배치마다 모델을 `train()` 상태로 두고 로짓(logit), 교차 엔트로피(`F.cross_entropy`), 기울기(gradient)를 차례로 구하고 스텝(step)을 한 번 실행합니다. 옵티마이저(optimizer)는 모멘텀(momentum)이 0.9이고 가중치 감쇠(weight decay)가 없는 `torch.optim.SGD`이고, 처음에 한 번만 만듭니다.
3. 미니배치 손실의 평균을 적습니다(손실은 저마다 그 미니배치로 가중치를 갱신하기 전의 값). 이미지 전체에 대한 평균, 곧 미니배치마다 손실에 그 미니배치의 이미지 수를 곱해 모두 더한 다음 전체 이미지 수로 나눈 값이어도 됩니다.
4. 모델을 `eval()` 상태로 두고, 받은 이미지 **전부** 가운데 이 시점의 모델이 맞히는 비율을 적습니다.
5. 그 에폭 하나에 걸린 시간을 초로 적습니다(`time.perf_counter()`). 4의 시간은 넣어도 되고 빼도 됩니다.

`train_classifier(model, images, labels, epochs, batch_size, lr)`를 작성하세요. float의 리스트 `"loss"`, `"accuracy"`, `"seconds"`가 든 딕셔너리를 돌려줍니다. 검사는 학습하는 동안 모델 안을 들여다봅니다. 미니배치와 가중치를 빠짐없이 보고, `train()` 상태인지 `eval()` 상태인지도 봅니다.
"""

# %% s5 [markdown] lang="en"
r"""
## 5. The training loop (6 points, 25 minutes)

In each epoch:

1. Put the images into a new random order, and go through them in mini-batches of `batch_size`, every image once; the last mini-batch may be a smaller one. `images` and `labels` themselves stay as they are.
2. For each mini-batch, with the model in `train()`: logits, cross-entropy (`F.cross_entropy`), gradient, step. The optimizer is `torch.optim.SGD` with momentum 0.9 and no weight decay, made once at the beginning.
3. Note the mean of the mini-batches' losses (each before its own step). The mean over the images, each mini-batch's loss times its number of images, is fine, too.
4. With the model in `eval()`: which fraction of **all** given images is right now?
5. Note the seconds that this epoch alone took (`time.perf_counter()`), with or without step 4.

Write `train_classifier(model, images, labels, epochs, batch_size, lr)`, which returns a dictionary with the lists `"loss"`, `"accuracy"`, and `"seconds"`, of floats. The check looks into the model while you train it: at every mini-batch, every mode, and every weight.
"""


# %% answer-train role="answer"
def train_classifier(model, images, labels, epochs, batch_size, lr):
    """Train `model` by SGD with momentum 0.9 and cross-entropy, and note how it goes.

    images: (count, C, H, W); labels: (count,). Returns a dict of three lists of floats, one entry
    for each epoch: "loss" (mean of the mini-batches' losses), "accuracy" (fraction of all images
    that are right after the epoch, in eval()), "seconds" (of the epoch).
    """
    ### BEGIN SOLUTION
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0.9)
    curves = {"loss": [], "accuracy": [], "seconds": []}
    for _ in range(epochs):
        start, losses = time.perf_counter(), []
        model.train()
        for batch in torch.randperm(len(images), device=images.device).split(batch_size):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            right = model(images).argmax(1) == labels
        curves["loss"].append(sum(losses) / len(losses))
        curves["accuracy"].append(right.double().mean().item())
        curves["seconds"].append(time.perf_counter() - start)
    return curves
    ### END SOLUTION


# %% check-train role="check" points=6
homework.check("train_classifier", train_classifier).stop_if_wrong()
### BEGIN HIDDEN TESTS
torch.manual_seed(0)
images, labels = torch.randn(300, 1, 2, 2), torch.arange(300) % 2
images[:, 0, 0, 0] += 4 * labels - 2
curves = train_classifier(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), images, labels, 3, 32, 0.1)
assert curves["loss"][-1] < curves["loss"][0]
assert curves["accuracy"][-1] > 0.9
### END HIDDEN TESTS

# %% s6 [markdown] lang="ko"
r"""
## 6. 재어 봅시다: 숫자를 배우는 LeNet-5 (7점, 20분)

`models.lenet5(activation="relu")`를 여러분의 학습 루프로, 다음 셀의 설정에 따라 학습시키세요. 먼저 `settings.seed(seed)`를 호출합니다. (에폭마다 값을 얻으려면 `epochs=1`로 여러 번 부르면 됩니다. 그러면 부를 때마다 옵티마이저를 새로 만들어 모멘텀이 0에서 시작하지만, 여기서는 그래도 됩니다.)

그림을 두 개 그리세요. 에폭이 끝날 때마다 잰 **손실**과 **정확도**입니다. 훈련 이미지(`digits.train.images`, `digits.train.labels`)와 테스트 이미지(`digits.test`) 모두 `eval()` 상태로 잽니다. 그림마다 제목, 축 이름, 범례를 넣습니다.

그다음 CPU에서, 그리고 GPU가 있으면 GPU에서 **에폭 하나에 걸리는 시간**을 재세요. 모델과 이미지는 `.to("cuda")`로 옮기고, 첫 에폭은 세지 않습니다. GPU가 없으면 스레드를 하나만 쓸 때와 모두 쓸 때를 비교하세요. 이 강좌는 스레드 하나로 계산합니다. `settings.threads(settings.processors())`를 부르면 torch가 프로세서를 모두 쓰고, `settings.threads()`를 부르면 다시 하나로 돌아옵니다. 결과는 작은 표로 보입니다.

모두 15–30초 걸립니다. 인터넷이 되면 CIFAR-10으로도 해 볼 수 있습니다. `data.load("cifar10")`과 `models.lenet5(in_channels=3, activation="relu")`를 쓰세요. 데이터(170 MB)는 처음 한 번만 내려받습니다.
"""

# %% s6 [markdown] lang="en"
r"""
## 6. Measure: LeNet-5 learns digits (7 points, 20 minutes)

Train `models.lenet5(activation="relu")` with your loop, with the settings of the next cell, after `settings.seed(seed)`. (To get numbers after each epoch, call your function several times with `epochs=1`. Each call then begins with a new optimizer, whose momentum is 0; here that is accepted.)

Draw two figures, each with title, labels, and legend: the **loss** and the **accuracy** after each epoch, on the training images (`digits.train.images`, `digits.train.labels`) and on the test images (`digits.test`), both measured in `eval()`.

Then measure **how long an epoch takes** on the CPU and on a GPU, if you have one: model and images go there with `.to("cuda")`, and the first epoch does not count. Without a GPU compare one thread, as the course computes, with all of them: `settings.threads(settings.processors())` lets torch use every processor, `settings.threads()` sets it back. Show the result as a small table.

It takes 15 to 30 seconds. With an internet connection you can do the same with CIFAR-10, `data.load("cifar10")` and `models.lenet5(in_channels=3, activation="relu")`: it is downloaded once (170 MB).
"""

# %% setting
digits = data.load("mnist5k")  # 4,000 training and 1,000 test images, 28×28, on the CPU
epochs, batch_size, lr = 5, 64, 0.05


# %% measure tags=["nbval-ignore-output"] role="by hand" points=7
### BEGIN SOLUTION
def evaluate(model, images, labels):
    """(mean loss, fraction right) in eval()."""
    model.eval()
    with torch.no_grad():
        logits = model(images)
    right = (logits.argmax(1) == labels).double().mean().item()
    return F.cross_entropy(logits, labels).item(), right


def learn(device, epochs):
    """Train a new LeNet-5 there, epoch by epoch; losses, accuracies, seconds."""
    settings.seed(seed)
    model = models.lenet5(activation="relu").to(device)
    train, test = digits.train.to(device), digits.test.to(device)
    losses, accuracies = (
        {"training images": [], "test images": []},
        {"training images": [], "test images": []},
    )
    seconds = []
    for _ in range(epochs):
        once = train_classifier(model, train.images, train.labels, 1, batch_size, lr)
        seconds += once["seconds"]
        for name, part in (("training images", train), ("test images", test)):
            loss, accuracy = evaluate(model, part.images, part.labels)
            losses[name].append(loss)
            accuracies[name].append(accuracy)
    return losses, accuracies, seconds


losses, accuracies, seconds = learn("cpu", epochs)
numbers = range(1, epochs + 1)
figures.show(
    figures.lines(
        {name: (numbers, values) for name, values in losses.items()},
        "LeNet-5 on 4,000 digits: loss",
        "epoch",
        "loss (nats)",
        marks=True,
    )
)
figures.show(
    figures.lines(
        {name: (numbers, values) for name, values in accuracies.items()},
        "LeNet-5 on 4,000 digits: accuracy",
        "epoch",
        "right answers",
        percent=True,
        marks=True,
    )
)
rows = [(seminar.t("CPU, threads: {n}", n=torch.get_num_threads()), f"{min(seconds):.2f}")]
if torch.cuda.is_available():
    learn("cuda", 1)  # the first epoch also starts the GPU
    rows.append(("GPU", f"{min(learn('cuda', 2)[2]):.2f}"))
else:
    all_of_them = settings.threads(settings.processors())
    rows.append((seminar.t("CPU, threads: {n}", n=all_of_them), f"{min(learn('cpu', 2)[2]):.2f}"))
    settings.threads()  # as before
figures.table(["computed on", "seconds for an epoch"], rows)
### END SOLUTION

# %% s7 [markdown] lang="ko"
r"""
## 7. 자기 말로 쓰기 (4점, 15분)

(가) 여러분의 신경망은 과적합(overfitting)되었습니까? 무엇을 보고 판단했는지 쓰고, 마지막 에폭 뒤의 네 값(훈련과 테스트의 손실과 정확도)을 드세요.

(나) GPU를 쓰면, 또는 스레드를 모두 쓰면 몇 배 빨라집니까? 느려졌다면 그것도 결과입니다. LeNet-5는 이미지 한 장에 곱셈-덧셈이 약 40만 번 듭니다. 왜 하드웨어가 늘어난 만큼 빨라지지 않을까요? 하드웨어를 더 잘 쓰려면 무엇을 바꾸겠습니까?

500자 안팎으로 쓰세요.
"""

# %% s7 [markdown] lang="en"
r"""
## 7. In your own words (4 points, 15 minutes)

(a) Does your network overfit? Say what you look at, and give the four numbers (loss and accuracy, training and test) after the last epoch.

(b) How many times faster is the GPU, or are all threads? (If they are slower, that is a result, too.) LeNet-5 needs about 0.4 million multiply-adds for an image. Why does it not become faster in proportion to the hardware, and what would you change to make better use of it?

Answer in about 150 words.
"""

# %% written [markdown] role="by hand" points=4 lang="ko"
r"""
**모범 답안.** (가) 과적합이 있다고 해도 조금입니다. 5에폭 뒤 훈련과 테스트의 손실은 0.05와 0.13, 정확도는 98%와 96%입니다(시드 0. 시드 0–3에서는 0.04–0.14와 0.11–0.22, 96–99%와 94–97%). 차이는 있지만, 다섯 에폭 동안 테스트 손실도 오르내리면서 훈련 손실과 함께 내려왔습니다. 과적합이라면 훈련 손실은 계속 내려가는데 테스트 손실은 계속 올라가야 합니다.

(나) 프로세서가 둘인 컴퓨터에서 실행한 위의 표를 보면, 스레드 둘이 하나보다 빠르지만 두 배까지는 아닙니다. (다른 일로 바쁜 컴퓨터에서는 서로를 기다리느라 오히려 느려질 수도 있습니다.) 계산 장치가 수천 개인 GPU라면 빨라지는 배율이 장치의 수에 훨씬 더 못 미칩니다. 스텝 하나가 보는 것은 작은 이미지 64장뿐이라, 층을 하나하나 시작하는 데와 파이썬 코드를 실행하는 데 시간이 많이 듭니다. 하드웨어가 좋아져도 이 시간은 줄지 않습니다. 미니배치나 신경망을 키우면 한 번 부를 때 스레드(또는 GPU)가 할 일이 늘어납니다. 다만 미니배치를 키우면 에폭마다 스텝 수가 줄어듭니다.

**채점 기준(4점)**

- 1점: 자기 실행에서 얻은 네 값을 썼다.
- 1점: 테스트 손실을 보고 과적합을 판단했고, 그림과 맞는다.
- 1점: 잰 배율과 기기를 썼다.
- 1점: 까닭(부를 때마다 드는 정해진 비용, 작은 층)과 알맞은 방법을 썼다.
"""

# %% written [markdown] role="by hand" points=4 lang="en"
r"""
**Model answer.** (a) A little at most. After 5 epochs the loss is 0.05 on the training and 0.13 on the test images, the accuracy 98% and 96% (seed 0; on seeds 0–3 0.04–0.14 against 0.11–0.22, and 96–99% against 94–97%). There is a gap, but over the five epochs the test loss has come down with the training loss, in jumps. Overfitting would show as a test loss that keeps rising while the training loss goes on falling.

(b) In the run above, on a machine with two processors, two threads were faster than one, but not twice as fast. (On a machine that is busy with other work they can even be slower: each waits for the other.) A GPU with thousands of units falls much further short of its number. Each step has only 64 small images: much of the time goes into starting the layers one by one and into Python, and that does not become faster. Larger mini-batches, or a larger network, give every thread (or the GPU) more to do per call. Mind that larger mini-batches also mean fewer steps per epoch.

**Rubric (4 points)**

- 1 point: four numbers, from the student's own run.
- 1 point: a conclusion on overfitting that looks at the test loss, and fits the figure.
- 1 point: the measured ratio, with the device.
- 1 point: a reason (fixed cost for each call, small layers) and a fitting remedy.
"""

# %% s8 [markdown] lang="ko"
r"""
## 8. 파라미터 6천만 개 (도전, 4점, 10분)

논문의 그림 2에 있는 AlexNet의 층입니다. 채널은 그래픽 카드 두 장에 절반씩 놓여 있습니다. 카드 한 장에 놓인 것을 *갈래*(tower)라고 합시다.

| 층 | 출력 | 커널 | 읽는 것 |
|---|---|---|---|
| conv1 | 96 | 11×11 | 이미지, 3채널 |
| conv2 | 256 | 5×5 | conv1, 자기 갈래만 |
| conv3 | 384 | 3×3 | conv2, 모든 갈래 |
| conv4 | 384 | 3×3 | conv3, 자기 갈래만 |
| conv5 | 256 | 3×3 | conv4, 자기 갈래만 |
| fc6 | 4096 | – | 6×6으로 풀링한 conv5, 모든 갈래 |
| fc7 | 4096 | – | fc6, 모든 갈래 |
| fc8 | 1000 | – | fc7, 모든 갈래 |

출력 채널마다, 그리고 완전 연결 층(fully connected layer)의 출력마다 편향이 하나씩 있습니다.

갈래가 1개, 2개, 4개일 때 층마다 파라미터가 몇 개인지 세는 `alexnet_parameters(towers)`를 작성하세요. 손으로 해 보면 conv1은 갈래의 수와 상관없이 $96 \cdot 3 \cdot 121 + 96 = 34{,}944$개입니다. 갈래가 둘이면 모두 60,965,224개여야 합니다.
"""

# %% s8 [markdown] lang="en"
r"""
## 8. Sixty million parameters (stretch, 4 points, 10 minutes)

AlexNet's layers, figure 2 of the paper. Its channels lie on two graphics cards, half on each; a *tower* is what is on one of them.

| layer | outputs | kernel | reads |
|---|---|---|---|
| conv1 | 96 | 11×11 | the image, 3 channels |
| conv2 | 256 | 5×5 | conv1, only the own tower |
| conv3 | 384 | 3×3 | conv2, all towers |
| conv4 | 384 | 3×3 | conv3, only the own tower |
| conv5 | 256 | 3×3 | conv4, only the own tower |
| fc6 | 4096 | – | conv5, pooled to 6×6, all towers |
| fc7 | 4096 | – | fc6, all towers |
| fc8 | 1000 | – | fc7, all towers |

Every output channel has a bias, and so has every output of a fully connected layer.

Write `alexnet_parameters(towers)`: how many parameters has each layer with 1, 2, or 4 towers? By hand: conv1 has $96 \cdot 3 \cdot 121 + 96 = 34{,}944$, whatever the number of towers. With two towers the sum must be 60,965,224.
"""


# %% answer-alexnet role="answer"
def alexnet_parameters(towers):
    """Weights and biases of AlexNet's layers, with so many towers in place of its two.

    Returns a dict with the keys "conv1" … "conv5", "fc6", "fc7", "fc8" and ints.
    """
    ### BEGIN SOLUTION
    found = {}
    for name, c_in, c_out, kernel, groups in (
        ("conv1", 3, 96, 11, 1),
        ("conv2", 96, 256, 5, towers),
        ("conv3", 256, 384, 3, 1),
        ("conv4", 384, 384, 3, towers),
        ("conv5", 384, 256, 3, towers),
        ("fc6", 256, 4096, 6, 1),  # a fully connected layer is a kernel as large as its input
        ("fc7", 4096, 4096, 1, 1),
        ("fc8", 4096, 1000, 1, 1),
    ):
        found[name] = conv_cost(c_in, c_out, kernel, groups, 1)[0]
    return found
    ### END SOLUTION


# %% check-alexnet role="check" points=4
homework.check("alexnet_parameters", alexnet_parameters).stop_if_wrong()
### BEGIN HIDDEN TESTS
with torch.device("meta"):
    reference = models.alexnet_two_tower()
total = sum(p.numel() for p in reference.parameters())
assert sum(alexnet_parameters(2).values()) == total == 60_965_224
### END HIDDEN TESTS

# %% references [markdown] lang="ko"
r"""
## 참고 문헌

- Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document recognition. Proceedings of the IEEE 86(11), 1998. II.B절.
- A. Krizhevsky, I. Sutskever, G. Hinton: ImageNet classification with deep convolutional neural networks. NIPS 2012. 3.3절(정규화), 3.5절과 그림 2(구조).
"""

# %% references [markdown] lang="en"
r"""
## References

- Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document recognition. Proceedings of the IEEE 86(11), 1998. Section II.B.
- A. Krizhevsky, I. Sutskever, G. Hinton: ImageNet classification with deep convolutional neural networks. NIPS 2012. Sections 3.3 (normalization), 3.5 and figure 2 (architecture).
"""
