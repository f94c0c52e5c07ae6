# %% title [markdown] lang="ko"
r"""
# HW4. 배치 정규화

[English](../../en/homework/hw4_batch_normalization.ipynb) · 약 180분 · 36점

배치 정규화(batch normalization, BN)는 열 줄 남짓한 코드로 구현할 수 있습니다. 그런데 CNN에서 이만큼 틀리기 쉬운 열 줄도 드뭅니다. 어느 축으로 평균을 낼지, 어떤 분산을 쓸지, ε을 어디에 더할지, `eval()`에서는 무엇을 할지, 기울기(gradient)가 무엇을 거쳐 돌아오는지 하나하나 따져야 합니다. 한 번 직접 써 본 사람은 "학습은 잘되는데 평가가 이상하다"라는 말을 들으면 어디부터 볼지 압니다.

**여기서 할 일**

- 배치 정규화의 순전파(forward pass)와 역전파(backpropagation)를 PyTorch의 함수나 자동 미분 없이 씁니다.
- 이동 통계량(running statistics)을 갱신하고, `nn.BatchNorm2d`를 대신할 층을 만듭니다.
- 직접 만든 층이 있을 때와 없을 때, 신경망이 어떤 학습률(learning rate)에서 학습되는지 잽니다.
- 학습을 마친 신경망에서 이 층을 없앱니다. 계산 비용도 함께 사라집니다.

**푸는 방법.** 검사는 몇 번이든 실행해도 됩니다. 매번 다른 입력을 무작위로 뽑아 시험하고, 처음 틀린 곳을 알려 줍니다. "모두 실행"을 누르면 아직 풀지 않은 첫 문제에서 멈춥니다.
강의는 [04번 노트북](../../ko/04_batch_normalization.ipynb)입니다. 답에는 PyTorch에 들어 있는 배치 정규화(`F.batch_norm`, `nn.BatchNorm2d` 등, 8번에서는 이를 합성곱과 합치는 함수)를 쓸 수 없습니다. 이 강좌의 패키지는 재는 문제에서만 쓸 수 있습니다. 검사에 나오는 텐서는 모두 float64이니, 새 텐서는 `x`와 같은 자료형으로 만드세요.
"""

# %% title [markdown] lang="en"
r"""
# HW4. Batch normalization

[한국어](../../ko/homework/hw4_batch_normalization.ipynb) · about 180 minutes · 36 points

Batch normalization is a dozen lines, and those lines hold more traps than any others in a CNN: which axes, which variance, where ε goes, what happens in `eval()`, what the gradient has to know. Whoever has written them once reads every later bug report about "training is fine, evaluation is not" with different eyes.

**What you will do here**

- You write batch normalization forward and backward, without PyTorch's own and without autograd.
- You keep running statistics, and build a layer that can take the place of `nn.BatchNorm2d`.
- You measure with which learning rates a network learns with your layer, and without it.
- You make the layer disappear again: in a finished network it costs nothing.

**How it works.** Run a check as often as you like. It takes other random inputs each time, and tells you the first thing that is wrong. "Run All" stops at the first part that is not solved yet.
The lecture is [notebook 04](../../en/04_batch_normalization.ipynb). Not allowed in the answers: PyTorch's batch normalization (`F.batch_norm`, `nn.BatchNorm2d` and the like, and in part 8 its functions that fuse it), and the course's package until you measure. All tensors of the checks are float64: make new ones with the type of `x`.
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

from seminar import data, figures, homework, settings, train

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says

# %% s1 [markdown] lang="ko"
r"""
## 1. 미니배치의 통계량 (3점, 10분)

층의 입력은 모양이 $(N, C, H, W)$입니다. 정규화는 채널(channel)마다 따로 합니다. 한 채널에 있는 값 $m = N \cdot H \cdot W$개의 평균과 분산(variance)은 다음과 같습니다.

$$\mu_B = \frac1m \sum_{i=1}^m x_i, \qquad \sigma_B^2 = \frac1m \sum_{i=1}^m (x_i - \mu_B)^2$$

손으로 해 보면 이렇습니다. 채널이 하나이고 크기가 1×2인 이미지 두 장 $[1, 3]$, $[5, 7]$이 미니배치(mini-batch)입니다. $m = 4$이고 $\mu_B = 4$, $\sigma_B^2 = (9 + 1 + 1 + 9)/4 = 5$입니다.

`batch_statistics(x)`를 작성하세요. 모든 채널의 평균과 분산을, 모양이 $(C,)$인 텐서 두 개로 돌려줍니다.
"""

# %% s1 [markdown] lang="en"
r"""
## 1. The statistics of a mini-batch (3 points, 10 minutes)

The input of the layer has the shape $(N, C, H, W)$. Every channel is normalized by itself. Its $m = N \cdot H \cdot W$ values have the mean and the variance

$$\mu_B = \frac1m \sum_{i=1}^m x_i, \qquad \sigma_B^2 = \frac1m \sum_{i=1}^m (x_i - \mu_B)^2 .$$

By hand: a batch of two images with one channel of 1×2 pixels, $[1, 3]$ and $[5, 7]$. Here $m = 4$, $\mu_B = 4$, and $\sigma_B^2 = (9 + 1 + 1 + 9)/4 = 5$.

Write `batch_statistics(x)`. It returns the means and the variances of all channels, two tensors of shape $(C,)$.
"""


# %% answer-batch-statistics role="answer"
def batch_statistics(x):
    """Mean and variance of each channel of a mini-batch.

    x: (N, C, H, W). Returns (mean, var), both of shape (C,).
    """
    ### BEGIN SOLUTION
    mean = x.mean((0, 2, 3))
    var = (x - mean[:, None, None]).square().mean((0, 2, 3))
    return mean, var
    ### END SOLUTION


# %% check-batch-statistics role="check" points=3
homework.check("batch_statistics", batch_statistics).stop_if_wrong()
### BEGIN HIDDEN TESTS
x = torch.arange(24.0).reshape(2, 3, 2, 2) ** 1.5
mean, var = batch_statistics(x)
assert torch.allclose(mean, x.transpose(0, 1).reshape(3, -1).mean(1))
assert torch.allclose(var, x.transpose(0, 1).reshape(3, -1).var(1, correction=0))
### END HIDDEN TESTS

# %% s2 [markdown] lang="ko"
r"""
## 2. 순전파 (4점, 15분)

Ioffe와 Szegedy(2015)의 알고리즘 1은 두 줄이 더 남았습니다.

$$\hat x_i = \frac{x_i - \mu_B}{\sqrt{\sigma_B^2 + \varepsilon}}, \qquad y_i = \gamma\, \hat x_i + \beta$$

γ와 β는 채널마다 하나씩 있는 수입니다.

손으로 해 보면 이렇습니다. 1번의 미니배치에 $\varepsilon = 4$, $\gamma = 3$, $\beta = 1$을 쓰면 제곱근은 $\sqrt{5 + 4} = 3$입니다. 따라서 $\hat x = [-1, -\tfrac13], [\tfrac13, 1]$이고 $y = [-2, 0], [2, 4]$입니다.

$y$를 돌려주는 `bn_forward(x, gamma, beta, eps)`를 작성하세요. 앞에서 작성한 `batch_statistics`를 불러도 됩니다. 검사에는 큰 ε도 나옵니다. ε이 크면, 더하는 자리가 틀렸을 때 값이 뚜렷이 달라집니다.
"""

# %% s2 [markdown] lang="en"
r"""
## 2. Forward (4 points, 15 minutes)

Algorithm 1 of Ioffe and Szegedy (2015) goes on with two more lines:

$$\hat x_i = \frac{x_i - \mu_B}{\sqrt{\sigma_B^2 + \varepsilon}}, \qquad y_i = \gamma\, \hat x_i + \beta .$$

Each channel has its own γ and β, a number each.

By hand: for the batch of part 1 with $\varepsilon = 4$, $\gamma = 3$, $\beta = 1$, the root is $\sqrt{5 + 4} = 3$, hence $\hat x = [-1, -\tfrac13], [\tfrac13, 1]$ and $y = [-2, 0], [2, 4]$.

Write `bn_forward(x, gamma, beta, eps)`, which returns $y$. You may use your `batch_statistics`. The check also takes large values of ε, with which you see where it stands.
"""


# %% answer-bn-forward role="answer"
def bn_forward(x, gamma, beta, eps):
    """Batch normalization in training: algorithm 1.

    x: (N, C, H, W); gamma, beta: (C,); eps: a number. Returns y, of x's shape.
    """
    ### BEGIN SOLUTION
    mean, var = batch_statistics(x)
    x_hat = (x - mean[:, None, None]) / (var[:, None, None] + eps).sqrt()
    return gamma[:, None, None] * x_hat + beta[:, None, None]
    ### END SOLUTION


# %% check-bn-forward role="check" points=4
homework.check("bn_forward", bn_forward).stop_if_wrong()
### BEGIN HIDDEN TESTS
x = 5 + 2 * torch.randn(6, 4, 3, 3, dtype=torch.float64)
gamma, beta = torch.rand(2, 4, dtype=torch.float64)
for eps in (1e-5, 2.0):
    want = F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)
    assert torch.allclose(bn_forward(x, gamma, beta, eps), want)
### END HIDDEN TESTS

# %% s3 [markdown] lang="ko"
r"""
## 3. 역전파 (6점, 45분)

모든 $i$의 $\partial L/\partial y_i$를 알고 있습니다. 구할 것은 $\partial L/\partial x_i$, $\partial L/\partial\gamma$, $\partial L/\partial\beta$입니다.

한 채널의 β는 그 채널의 값 $m$개에 모두 더해지고, γ는 모두에 곱해집니다. 어려운 쪽은 입력입니다. $x_i$는 세 길로 손실에 영향을 줍니다. 자기 자신의 $\hat x_i$, 그리고 $\mu_B$와 $\sigma_B^2$입니다. 뒤의 두 길로는 채널의 *모든* 값이 바뀝니다. $g_i = \partial L/\partial \hat x_i$에서 출발해 $\mu_B$와 $\sigma_B^2$을 $x_i$로 미분한 다음, 세 길로 오는 기울기를 종이 위에서 모두 더하고 나서 코드를 쓰세요.

식이 맞는지 알아보는 방법이 두 가지 있습니다. 한 채널의 $g_i$가 모두 같으면 $\partial L/\partial x_i = 0$이어야 합니다. 채널 전체에 같은 수를 더해도 달라지는 것이 없기 때문입니다. 또 $\varepsilon = 0$이면 $\sum_i x_i\, \partial L/\partial x_i = 0$이어야 합니다. 채널 전체를 몇 배로 늘려도 달라지는 것이 없기 때문입니다.

$(\partial L/\partial x, \partial L/\partial\gamma, \partial L/\partial\beta)$를 돌려주는 `bn_backward(dy, x, gamma, eps)`를 작성하세요. 자동 미분은 쓸 수 없습니다. 검사가 자동 미분의 결과와 비교합니다.
"""

# %% s3 [markdown] lang="en"
r"""
## 3. Backward (6 points, 45 minutes)

Given is $\partial L/\partial y_i$ for all $i$. Wanted are $\partial L/\partial x_i$, $\partial L/\partial\gamma$, and $\partial L/\partial\beta$.

A channel's β is added to all of its $m$ values and its γ multiplies all of them. The input is the hard part, since $x_i$ acts on the loss in three ways: through its own $\hat x_i$, through $\mu_B$, and through $\sigma_B^2$; by the last two on *every* value of the channel. Begin with $g_i = \partial L/\partial \hat x_i$, write down the derivatives of $\mu_B$ and $\sigma_B^2$ with respect to $x_i$, and add up the three ways on paper before you write code.

Two tests for your formula. If all $g_i$ of a channel are equal, then $\partial L/\partial x_i = 0$: to add a constant to the whole channel changes nothing. And with $\varepsilon = 0$ also $\sum_i x_i\, \partial L/\partial x_i = 0$: to stretch the whole channel changes nothing either.

Write `bn_backward(dy, x, gamma, eps)`, which returns $(\partial L/\partial x, \partial L/\partial\gamma, \partial L/\partial\beta)$. Autograd is not allowed here; the check compares with it.
"""


# %% answer-bn-backward role="answer"
def bn_backward(dy, x, gamma, eps):
    """The gradients of batch normalization, by hand.

    dy: ∂L/∂y, x: the layer's input, both (N, C, H, W); gamma: (C,); eps: a number.
    Returns (dx, dgamma, dbeta), of the shapes of x, gamma, and gamma.
    """
    ### BEGIN SOLUTION
    axes = (0, 2, 3)
    mean, var = batch_statistics(x)
    sigma = (var[:, None, None] + eps).sqrt()
    x_hat = (x - mean[:, None, None]) / sigma
    dgamma, dbeta = (dy * x_hat).sum(axes), dy.sum(axes)
    g = dy * gamma[:, None, None]  # ∂L/∂x̂
    through_mean = g.mean(axes)[:, None, None]
    through_var = x_hat * (g * x_hat).mean(axes)[:, None, None]
    return (g - through_mean - through_var) / sigma, dgamma, dbeta
    ### END SOLUTION


# %% check-bn-backward role="check" points=6
homework.check("bn_backward", bn_backward).stop_if_wrong()
### BEGIN HIDDEN TESTS
x = torch.randn(3, 2, 4, 5, dtype=torch.float64, requires_grad=True)
gamma = torch.randn(2, dtype=torch.float64, requires_grad=True)
beta = torch.zeros(2, dtype=torch.float64, requires_grad=True)
dy = torch.randn(3, 2, 4, 5, dtype=torch.float64)
F.batch_norm(x, None, None, gamma, beta, training=True, eps=0.3).backward(dy)
found = bn_backward(dy, x.detach(), gamma.detach(), 0.3)
assert all(torch.allclose(a, b.grad) for a, b in zip(found, (x, gamma, beta), strict=True))
### END HIDDEN TESTS

# %% s4 [markdown] lang="ko"
r"""
## 4. 이동 통계량 (3점, 10분)

학습을 마친 신경망은 이미지 한 장에도 답해야 하고, 그 답이 같은 미니배치에 든 다른 이미지에 따라 달라져서는 안 됩니다. 그래서 학습하는 동안 이동 통계량을 갱신해 둡니다. 미니배치가 지나갈 때마다 다음과 같이 바꿉니다.

$$\text{이동 통계량} \leftarrow (1 - \text{momentum}) \cdot \text{이동 통계량} + \text{momentum} \cdot \text{미니배치의 값}$$

주의할 것이 두 가지 있습니다. PyTorch에서 `momentum`은 *새* 값에 곱해집니다. 옵티마이저(optimizer)의 모멘텀(momentum)과는 반대입니다. 그리고 이동 분산은 학습 데이터 전체(모든 이미지)의 분산을 추정하는데, 미니배치는 거기서 뽑은 표본일 뿐입니다. 그래서 PyTorch는 정규화할 때는 $m$으로 나눈 분산을 쓰면서도, 이동 분산에는 $m - 1$로 나눈 *불편* 분산을 넣습니다.

손으로 해 보면 이렇습니다. 이동 평균이 0, 이동 분산이 1, momentum이 0.1일 때 1번의 미니배치가 들어오면, 새 이동 평균은 $0.4$이고, 새 이동 분산은 $0.9 + 0.1 \cdot \tfrac{20}{3} \approx 1.567$입니다.

`running_statistics(mean, var, x, momentum)`을 작성하세요. 새 평균과 분산을 돌려주고, 받은 것은 그대로 둡니다.
"""

# %% s4 [markdown] lang="en"
r"""
## 4. Running statistics (3 points, 10 minutes)

A finished network has to answer for a single image, too, and the answer must not depend on what else is in the batch. During training the layer therefore keeps *running statistics*. After each mini-batch

$$\text{running} \leftarrow (1 - \text{momentum}) \cdot \text{running} + \text{momentum} \cdot \text{batch's value} .$$

Mind two things. In PyTorch `momentum` weighs the *new* value, not the old one as in an optimizer. And the running variance estimates the variance of all images, of which the mini-batch is only a sample. PyTorch therefore takes the *unbiased* variance of the batch here, with $m - 1$ in place of $m$, although it normalizes with the biased one.

By hand: running mean 0, running variance 1, momentum 0.1, and the batch of part 1. The new mean is $0.4$; the new variance is $0.9 + 0.1 \cdot \tfrac{20}{3} \approx 1.567$.

Write `running_statistics(mean, var, x, momentum)`. It returns the new pair and leaves the old one as it is.
"""


# %% answer-running-statistics role="answer"
def running_statistics(mean, var, x, momentum):
    """The running statistics after one more mini-batch, as PyTorch keeps them.

    mean, var: the old ones, (C,); x: the mini-batch, (N, C, H, W); momentum: a number.
    Returns the new (mean, var); the old ones stay as they are.
    """
    ### BEGIN SOLUTION
    m = x.numel() // x.shape[1]
    now, biased = batch_statistics(x)
    unbiased = biased * m / (m - 1)
    return (1 - momentum) * mean + momentum * now, (1 - momentum) * var + momentum * unbiased
    ### END SOLUTION


# %% check-running-statistics role="check" points=3
homework.check("running_statistics", running_statistics).stop_if_wrong()
### BEGIN HIDDEN TESTS
bn, mean, var = nn.BatchNorm2d(3, momentum=0.25), torch.zeros(3), torch.ones(3)
for _ in range(4):
    x = 2 + 3 * torch.randn(2, 3, 2, 2)
    bn(x)
    mean, var = running_statistics(mean, var, x, 0.25)
assert torch.allclose(mean, bn.running_mean, atol=1e-5)
assert torch.allclose(var, bn.running_var, atol=1e-4)
### END HIDDEN TESTS

# %% s5 [markdown] lang="ko"
r"""
## 5. 층 (6점, 30분)

이제 모두 모아 `nn.Module`로 만듭니다. `BatchNorm(num_features)`은 다음과 같아야 합니다.

- `weight`(γ)는 1, `bias`(β)는 0에서 출발하고, 둘 다 학습됩니다.
- `running_mean`은 0, `running_var`는 1에서 출발합니다. 둘 다 모델과 함께 저장되지만 옵티마이저가 건드려서는 안 됩니다.
- `train()`에서는 미니배치의 통계량으로 정규화하고, 이동 통계량을 갱신합니다(momentum은 0.1).
- `eval()`에서는 이동 통계량으로 정규화하고, 아무것도 갱신하지 않습니다.
- 두 경우 모두 $\varepsilon = 10^{-5}$입니다.

지금 어느 모드인지는 `self.training`이 알려 줍니다. 기울기는 미니배치의 평균과 분산을 거쳐 흘러야 하고, 이동 통계량으로는 흘러들지 않아야 합니다. 이동 통계량은 `torch.no_grad()` 안에서 계산하세요. `self.register_buffer(이름, 텐서)`는 저장되지만 학습되지 않는 텐서를 둡니다.

두 메서드를 작성하세요. 검사는 이 층과 `nn.BatchNorm2d`에 같은 입력을 두 모드에서 넣어 비교합니다.
"""

# %% s5 [markdown] lang="en"
r"""
## 5. The layer (6 points, 30 minutes)

Now everything becomes an `nn.Module`. With `BatchNorm(num_features)`,

- `weight` (γ) starts at 1 and `bias` (β) at 0; both are learned.
- `running_mean` starts at 0 and `running_var` at 1. Both are saved with the model, but no optimizer may touch them.
- In `train()` the layer normalizes with the batch's statistics and moves the running ones (momentum 0.1).
- In `eval()` it normalizes with the running ones, and moves nothing.
- $\varepsilon = 10^{-5}$ in both.

`self.training` tells in which mode the layer is. Gradients must flow through the batch's mean and variance, and must not flow into the running ones: compute those under `torch.no_grad()`. `self.register_buffer(name, tensor)` keeps a tensor that is saved and not learned.

Write the two methods. The check gives your layer and `nn.BatchNorm2d` the same inputs in both modes.
"""


# %% answer-batch-norm role="answer"
class BatchNorm(nn.Module):
    """Does what nn.BatchNorm2d(num_features) does, with ε = 1e-5 and momentum = 0.1.

    weight (γ) and bias (β) are parameters, running_mean and running_var are buffers, all of shape
    (num_features,). Input and output (N, num_features, H, W).
    """

    def __init__(self, num_features):
        super().__init__()
        ### BEGIN SOLUTION
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        eps, momentum = 1e-5, 0.1
        if self.training:
            with torch.no_grad():
                moved = running_statistics(self.running_mean, self.running_var, x, momentum)
                self.running_mean.copy_(moved[0])
                self.running_var.copy_(moved[1])
            return bn_forward(x, self.weight, self.bias, eps)
        scale = self.weight / (self.running_var + eps).sqrt()
        shift = self.bias - self.running_mean * scale
        return scale[:, None, None] * x + shift[:, None, None]
        ### END SOLUTION


# %% check-batch-norm role="check" points=6
homework.check("batch_norm_layer", BatchNorm).stop_if_wrong()
### BEGIN HIDDEN TESTS
ours, theirs = BatchNorm(3), nn.BatchNorm2d(3)
for _ in range(20):
    x = torch.randn(4, 3, 5, 5) * torch.tensor([1.0, 2.0, 3.0])[:, None, None] - 1
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)
x = torch.randn(1, 3, 2, 2)
assert torch.allclose(ours.eval()(x), theirs.eval()(x), atol=1e-4)
assert sum(p.numel() for p in ours.parameters()) == 6
### END HIDDEN TESTS

# %% s6 [markdown] lang="ko"
r"""
## 6. 재어 봅시다: 어떤 학습률에서 학습될까요? (6점, 30분)

Ioffe와 Szegedy(2015, 3.3절)는 배치 정규화를 쓰면 학습률을 훨씬 크게 잡을 수 있다고 씁니다. 우리의 작은 신경망에서도 그럴까요?

다음 셀에는 합성곱(convolution) 층이 다섯 개인 신경망과 학습 설정, 학습률 여섯 개가 있습니다. `network(None)`은 정규화가 없는 신경망이고, `network(BatchNorm)`은 **직접 만든** 층을 넣은 신경망입니다. 두 신경망을 학습률마다 `train.fit(model, digits, lr=…, **setting)`으로 학습시키세요. 결과의 `batch_loss`에는 미니배치마다의 손실이 들어 있습니다. 그 가운데 마지막 16개의 평균을 쓰세요.
손실이 inf나 nan이 되면(시드에 따라 일어납니다) `fit`은 `train.TrainingDiverged`를 일으킵니다. 이 예외를 잡아서, 무작위로 찍을 때의 손실 $\ln 10 \approx 2.30$을 대신 쓰세요.

두 결과를 **그림 하나**에 그리세요. 가로축은 같은 간격으로(또는 로그 눈금으로) 놓은 학습률 여섯 개, 세로축은 손실입니다. 제목, 축 이름, 범례, 그리고 $\ln 10$을 나타내는 선도 넣으세요. `figures.scatter`에 자리 0–5와 `ticks={0: "0.003", …}`, `lines={"guessing": ((0, 5), (2.3, 2.3))}`를 주거나 Matplotlib을 쓰면 됩니다. 열두 번 학습시키는 데 10–40초 걸립니다.
"""

# %% s6 [markdown] lang="en"
r"""
## 6. Measure: which learning rates work? (6 points, 30 minutes)

With batch normalization, write Ioffe and Szegedy (2015, section 3.3), one can use much higher learning rates. Is that so in our small network, too?

The next cell has a network of five convolutions, a training setting, and six learning rates. `network(None)` is the network without normalization, `network(BatchNorm)` the one with **your** layer. Train both with every rate, `train.fit(model, digits, lr=…, **setting)`. The result has a list `batch_loss` with the loss of each mini-batch; take the mean of its last 16 entries.
If the loss becomes inf or nan (with some seeds it does), `fit` raises `train.TrainingDiverged`: catch it, and take the loss of guessing, $\ln 10 \approx 2.30$, in its place.

Draw both curves in **one figure**: the six learning rates on the horizontal axis, equally spaced (or logarithmic), the loss on the vertical one, with a title, labels, a legend, and a line at $\ln 10$. `figures.scatter` does it: the places 0 to 5, `ticks={0: "0.003", …}` and `lines={"guessing": ((0, 5), (2.3, 2.3))}`; or Matplotlib. The twelve trainings take 10 to 40 seconds.
"""

# %% setting
digits = data.load("mnist5k", size=10)  # 4,000 training images of 10×10 pixels
rates = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
setting = {
    "epochs": 2,  # 64 steps
    "batch_size": 128,
    "schedule": "constant",
    "precision": "float32",
    "seed": seed,
    "progress": False,
}


def network(norm):
    """Five 3×3 convolutions of 16 channels and a classifier; `norm(16)` before each ReLU."""
    settings.seed(seed)
    layers = []
    for index in range(5):
        layers.append(nn.Conv2d(16 if index else 1, 16, kernel_size=3, padding=1))
        if norm is not None:
            layers.append(norm(16))
        layers.append(nn.ReLU())
        if index == 1:
            layers.append(nn.MaxPool2d(2))  # 10×10 → 5×5
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 5 * 5, 10))


# %% measure tags=["nbval-ignore-output"] role="by hand" points=6
### BEGIN SOLUTION
def late_loss(norm, lr):
    """The mean loss of the last 16 mini-batches; that of guessing if the training breaks off."""
    try:
        history = train.fit(network(norm), digits, lr=lr, **setting)
    except train.TrainingDiverged:
        return math.log(10)
    return sum(history.batch_loss[-16:]) / 16


variants = {"without BN": None, "with BN": BatchNorm}
losses = {name: [late_loss(norm, lr) for lr in rates] for name, norm in variants.items()}
places = range(len(rates))
figures.scatter(
    {name: (places, values) for name, values in losses.items()},
    "Loss after 64 steps at six learning rates",
    "learning rate",
    "mean loss of the last 16 mini-batches (nats)",
    lines={"guessing": ((0, len(rates) - 1), (math.log(10),) * 2)},
    ticks={place: f"{rate:g}" for place, rate in zip(places, rates, strict=True)},
)
### END SOLUTION

# %% s7 [markdown] lang="ko"
r"""
## 7. 자기 말로 쓰기 (4점, 20분)

(가) 그림을 보세요. 손실이 1.5보다 작게 끝나면 학습된 것으로 봅시다. 두 신경망은 여섯 학습률 가운데 각각 어디에서 학습됩니까? 가장 작은 학습률과 가장 큰 학습률, 그 비를 쓰세요. 범위가 축의 끝에 닿으면 ‘이상’이라고 쓰세요. 배치 정규화가 더 넓혀 준 쪽은 작은 학습률입니까, 큰 학습률입니까?

(나) Ioffe와 Szegedy(2015)는 이 장점을 내부 공변량 변화(internal covariate shift)가 줄어든 덕분이라고 설명합니다. 여러분의 그림은 이 설명이 옳다는 것을 보여 줍니까? 그림이 보여 주는 것과 보여 주지 않는 것을 쓰고, 이 설명을 뒷받침하거나 반박할 실험을 하나 제안하세요.

500자 안팎으로 쓰세요.
"""

# %% s7 [markdown] lang="en"
r"""
## 7. In your own words (4 points, 20 minutes)

(a) Look at your figure, and say that a network learns if its loss ends below 1.5. With which of the six learning rates does each of the two networks learn? Give for each the smallest, the largest, and their ratio; where the range reaches an end of the axis, write "at least". On which side does batch normalization gain more, with small rates or with large ones?

(b) Ioffe and Szegedy (2015) explain the advantage by a reduced internal covariate shift. Does your figure show that this explanation is right? Say what it shows, what it does not show, and name one experiment that would count for or against the explanation.

Answer in about 150 words.
"""

# %% written [markdown] role="by hand" points=4 lang="ko"
r"""
**모범 답안.** (가) 배치 정규화가 없으면 여섯 학습률 가운데 0.1에서만 학습됩니다. 이때 손실은 0.7에서 끝납니다(시드 0–4에서 0.7–1.3, 한 번은 2.2). 가장 작은 것과 가장 큰 것이 같으니 비는 1입니다. 이보다 작으면 64스텝 뒤에도 손실이 2.3에서 거의 내려가지 않고, 크면 학습에 실패합니다. 배치 정규화가 있으면 0.003부터 0.3까지 모두 손실이 0.5 아래로 내려갑니다. 비는 100배 이상입니다. 위쪽으로는 3배, 아래쪽으로는 33배 이상 넓어졌으니, 여기서는 작은 학습률에서 얻은 것이 더 큽니다.

(나) 그림은 더 많은 학습률에서 학습된다는 *사실*을 보여 줄 뿐, *까닭*은 보여 주지 않습니다. 층의 입력이 얼마나 움직이는지는 재지 않았기 때문입니다. 실험을 하나 들면, 배치 정규화 층 뒤에 잡음을 넣되 그 평균과 크기를 스텝마다 무작위로 바꿉니다(Santurkar 등, 2018). 그러면 입력의 분포가 다시 움직입니다. 그런데도 같은 학습률에서 학습된다면 이 설명은 의심스러워집니다.

**채점 기준(4점)**

- 1점: 자기 그림에서 두 범위를 숫자로 읽었다.
- 1점: 두 범위의 비를 쓰고, 작은 학습률 쪽이 더 넓어졌다는 것을 자기 그림에 맞게 썼다.
- 1점: 그림은 효과를 보여 줄 뿐 원인을 보여 주지 않는다고 썼다.
- 1점: 설명과 어긋나는 결과가 나올 수 있는 실험을 들었다.
"""

# %% written [markdown] role="by hand" points=4 lang="en"
r"""
**Model answer.** (a) Without batch normalization only one of the six rates works, 0.1: there the loss ends at 0.7 (seeds 0–4: 0.7–1.3, and 2.2 once). Smallest and largest are the same, the ratio is 1. Below it the loss has hardly left 2.3 after 64 steps, above it the training fails. With batch normalization the loss falls below 0.5 for all rates from 0.003 to 0.3: at least 100-fold. At the upper end that is a factor of 3, at the lower one at least 33: here most of the gain is with small rates.

(b) The figure shows *that* the network learns with more rates, not *why*. Nothing in it measures how the inputs of the layers move. One experiment: add noise after the layer whose mean and scale change at random in every step (Santurkar et al. 2018). That brings the shift back. If the network still learns with the same rates, the explanation is in trouble.

**Rubric (4 points)**

- 1 point: both ranges in numbers, read from the student's own figure.
- 1 point: their ratios, and that most of the gain is with small rates, as far as the figure shows it.
- 1 point: the figure shows an effect, not its cause.
- 1 point: an experiment whose result could contradict the explanation.
"""

# %% s8 [markdown] lang="ko"
r"""
## 8. 층 없애기 (도전, 4점, 20분)

`eval()`에서 이 층은 채널마다 정해진 수를 곱하고 정해진 수를 더합니다. 합성곱도 같은 일을 할 수 있고, 합성곱의 가중치와 편향은 우리가 바꿀 수 있습니다. 그러므로 합성곱과 배치 정규화를 합치면 합성곱 하나가 됩니다. 휴대전화에서는 이렇게 *접어 넣은*(folded) 신경망을 돌립니다.

`fold(conv, bn)`을 작성하세요. `eval()`에서 `bn(conv(x))`와 같은 일을 하는 새 `nn.Conv2d`를 돌려줍니다. 가중치와 편향은 직접 유도하세요. 2번의 식에 $\mathrm{conv}(x) = W * x + b$를 넣고, $\mu_B$와 $\sigma_B^2$의 자리에 이동 통계량을 쓰면 됩니다. 커널의 크기는 얼마든 될 수 있습니다. 받은 합성곱에는 편향이 없을 수도 있지만(`conv.bias is None`), 새 합성곱에는 있어야 합니다. `bn.eps`가 ε입니다.
"""

# %% s8 [markdown] lang="en"
r"""
## 8. Make it disappear (stretch, 4 points, 20 minutes)

In `eval()` the layer multiplies each channel by a fixed number and adds another. So does a convolution, whose weights and bias we are free to change. Hence convolution and batch normalization together are one convolution. Phones run networks that were *folded* in this way.

Write `fold(conv, bn)`. It returns a new `nn.Conv2d` which does what `bn(conv(x))` does in `eval()`. Derive its weights and its bias: put $\mathrm{conv}(x) = W * x + b$ into the formula of part 2, with the running statistics in the place of $\mu_B$ and $\sigma_B^2$. Its kernel may have any size. The given convolution may have no bias (`conv.bias is None`); yours needs one. `bn.eps` is ε.
"""


# %% answer-fold role="answer"
def fold(conv, bn):
    """One convolution that does what `conv` followed by `bn` does in eval().

    conv: nn.Conv2d, with or without bias, any stride and padding, dilation and groups 1;
    bn: nn.BatchNorm2d. Returns a new nn.Conv2d; conv and bn stay as they are.
    """
    ### BEGIN SOLUTION
    folded = copy.deepcopy(conv)
    with torch.no_grad():
        scale = bn.weight / (bn.running_var + bn.eps).sqrt()
        bias = torch.zeros_like(scale) if conv.bias is None else conv.bias
        folded.weight.mul_(scale[:, None, None, None])
        folded.bias = nn.Parameter((bias - bn.running_mean) * scale + bn.bias)
    return folded
    ### END SOLUTION


# %% check-fold role="check" points=4
homework.check("fold", fold).stop_if_wrong()
### BEGIN HIDDEN TESTS
conv, bn = nn.Conv2d(3, 8, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(8)
for _ in range(5):
    bn(conv(torch.randn(8, 3, 9, 9)))
nn.init.normal_(bn.weight)
nn.init.normal_(bn.bias)
x = torch.randn(2, 3, 9, 9)
assert torch.allclose(fold(conv, bn)(x), bn.eval()(conv(x)), atol=1e-4)
assert conv.bias is None
### END HIDDEN TESTS

# %% references [markdown] lang="ko"
r"""
## 참고 문헌

- S. Ioffe, C. Szegedy: Batch normalization: accelerating deep network training by reducing internal covariate shift. ICML 2015, arXiv:1502.03167. 알고리즘 1과 2, 3.2절(합성곱), 3.3절(학습률).
- S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry: How does batch normalization help optimization? NeurIPS 2018, arXiv:1805.11604.
"""

# %% references [markdown] lang="en"
r"""
## References

- S. Ioffe, C. Szegedy: Batch normalization: accelerating deep network training by reducing internal covariate shift. ICML 2015, arXiv:1502.03167. Algorithms 1 and 2; section 3.2 (convolutions), 3.3 (learning rates).
- S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry: How does batch normalization help optimization? NeurIPS 2018, arXiv:1805.11604.
"""
