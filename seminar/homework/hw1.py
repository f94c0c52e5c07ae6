"""Homework 1: LeNet and AlexNet. A. Krizhevsky, I. Sutskever, G. Hinton, NIPS 2012."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..catalogue import t
from .trial import Draw, Either, Trial

CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "convolution", "_convolution", "unfold")


def conv_output_size(answer: Any) -> str:
    """`conv_output_size(size, kernel, stride, padding)` → ⌊(size + 2p - k)/s⌋ + 1."""
    draw = Draw()
    for remainder in (0, 1, 2, 0, 1):
        results: list[int] = []
        while len(set(results)) < 6:  # until each mistake has a result of its own
            kernel, stride, padding = draw.randint(3, 11), draw.randint(3, 4), draw.randint(3, 9)
            size = draw.randint(10, 30) * stride + remainder + kernel - 2 * padding
            free = size + 2 * padding - kernel
            results = [free // stride, free // stride + 1, (free - padding) // stride + 1]
            results += [(size - kernel) // stride + 1, free + 1, (free + kernel) // stride + 1]
        trial = Trial(answer, size=size, kernel=kernel, stride=stride, padding=padding)
        trial.expect(
            free // stride + 1,
            {
                t("It must be an int, not a float."): free / stride + 1,
                t("Rounded up or to the nearest; a kernel that does not fit is left out."): Either(
                    {-(-free // stride) + 1, round(free / stride) + 1}
                ),
                t(
                    "The + 1 is missing, or divided, too: the kernel also stands at the start."
                ): Either((free // stride, free / stride, (free + 1) // stride)),
                t("The padding is on both sides."): (free - padding) // stride + 1,
                t("The padding is missing."): (size - kernel) // stride + 1,
                t("The stride is missing."): free + 1,
                t("The kernel is missing: it needs room at the end."): (
                    (size + 2 * padding) // stride + 1
                ),
            },
            hint=t("How far can the kernel be moved, in steps of the stride? And it starts at 0."),
        )
    return t("The output size is right, with rounding down where the kernel does not fit.")


def conv_cost(answer: Any) -> str:
    """`conv_cost(in_channels, out_channels, kernel, groups, output_size)` → (parameters, MACs)."""
    draw = Draw()
    for groups in (1, 2, draw.choice([3, 4])):
        c_in, c_out = groups * draw.randint(5, 20), groups * draw.randint(21, 40)
        kernel, size = draw.choice([3, 5, 11]), draw.randint(7, 55)
        trial = Trial(
            answer,
            in_channels=c_in,
            out_channels=c_out,
            kernel=kernel,
            groups=groups,
            output_size=size,
        )
        weights, places = c_out * (c_in // groups) * kernel**2, size**2
        plain = c_out * c_in * kernel**2
        trial.expect(
            (weights + c_out, weights * places),
            {
                t("The biases are missing: one for each output channel."): (
                    weights,
                    weights * places,
                ),
                t("There is one bias for each output channel, not for each input."): (
                    weights + c_in,
                    weights * places,
                ),
                t("The groups are missing: a kernel reads in_channels/groups channels."): (
                    plain + c_out,
                    plain * places,
                ),
                t("The groups were divided out twice: each of the kernels is counted once."): (
                    weights // groups + c_out,
                    weights // groups * places,
                ),
                t("The multiply-adds were multiplied, not divided, by the groups."): (
                    weights + c_out,
                    weights * places * groups,
                ),
                t("The multiply-adds are those of one position: there are size² of them."): (
                    weights + c_out,
                    weights,
                ),
                t("The output has size × size positions."): (weights + c_out, weights * size),
                t("A multiply-add counts as one, not as two."): (
                    weights + c_out,
                    2 * weights * places,
                ),
                t("A bias is added, and costs no multiply-add here."): (
                    weights + c_out,
                    (weights + c_out) * places,
                ),
                t("A kernel has kernel × kernel positions."): (
                    weights // kernel + c_out,
                    weights // kernel * places,
                ),
            },
            hint=t("How many numbers does one output read? How many outputs are there?"),
        )
    return t("Parameters and multiply-adds are right, with groups as well.")


def conv2d(answer: Any) -> str:
    """`conv2d(image, kernels, stride, padding)`: cross-correlation, written out."""
    draw = Draw()
    for stride, padding in ((1, 0), (2, 1), (draw.randint(2, 3), 2)):
        c, o, h, w = draw.sample(range(2, 5), 2) + draw.sample(range(7, 12), 2)
        k = draw.choice([2, 3])
        image, kernels = draw.tensor(c, h, w), draw.tensor(o, c, k, k)
        trial = Trial(
            answer,
            forbid=CONVOLUTIONS,
            image=image,
            kernels=kernels,
            stride=stride,
            padding=padding,
        )

        def convolved(
            kernels: Tensor = kernels, stride: int = stride, padding: int = padding, x: Any = image
        ) -> Tensor:
            return F.conv2d(x[None], kernels, stride=stride, padding=padding)[0]

        trial.expect(
            convolved(),
            {
                t("The kernels are turned around: networks do not flip them."): convolved(
                    kernels.flip(2, 3)
                ),
                t("The kernels are transposed: rows and columns exchanged."): convolved(
                    kernels.transpose(2, 3)
                ),
                t("The padding is missing."): convolved(padding=0),
                t("The stride is missing."): convolved(stride=1),
                t("Only the first channel was read: all of them are added up."): (
                    F.conv2d(image[None, :1], kernels[:, :1], stride=stride, padding=padding)[0]
                ),
                t("The channels were averaged: they are added up."): convolved() / c,
                t("The numbers under the kernel were averaged: they are added up."): (
                    convolved() / k**2
                ),
                t("Height and width of the result are exchanged."): convolved().transpose(1, 2),
                t("The padding must be zeros."): convolved(
                    padding=0, x=F.pad(image, (padding,) * 4, mode="replicate")
                ),
                t("Every output channel has the first kernel."): convolved(
                    kernels[:1].expand_as(kernels)
                ),
            },
            hint=t(
                "Output (o, i, j): the products of kernel o with the patch at i·stride, j·stride."
            ),
        )
    return t("The result is that of PyTorch's convolution, with stride and padding.")


def lrn(answer: Any) -> str:
    """`lrn(a, k, n, alpha, beta)`: section 3.3 of the AlexNet paper."""
    draw = Draw()
    for n in (3, 5, 7):
        c, h, w = draw.sample(range(8, 12), 3)
        a = 2 * draw.tensor(2, c, h, w)
        k, alpha, beta = draw.uniform(1.5, 3), draw.uniform(0.3, 0.9), draw.uniform(0.3, 0.7)
        trial = Trial(
            answer, forbid=("local_response_norm",), a=a, k=k, n=n, alpha=alpha, beta=beta
        )
        half = n // 2

        def total(values: Tensor, before: int = half, after: int = half) -> Tensor:
            padded = F.pad(values, (0, 0, 0, 0, before, after))
            return padded.unfold(1, before + after + 1, 1).sum(-1)

        def normalized(
            total_: Tensor, a: Tensor = a, k: float = k, alpha: float = alpha, beta: float = beta
        ) -> Tensor:
            return a / (k + alpha * total_) ** beta

        squares = total(a**2)
        around = torch.stack([torch.roll(a**2, s, 1) for s in range(-half, half + 1)]).sum(0)
        spatial = F.avg_pool2d(a**2, n, 1, half) * n**2
        trial.expect(
            normalized(squares),
            {
                t("α was divided by n, as PyTorch does; the paper does not."): normalized(
                    squares / n
                ),
                t("k is missing."): normalized(squares, k=0),
                t("k is always 1 here: it is an argument."): normalized(squares, k=1),
                t("β is missing: it is an exponent."): normalized(squares, beta=1),
                t("The numbers are not squared."): Either(
                    (normalized(total(a.abs())), normalized(total(a)))
                ),
                t("The window goes around the edge: it is cut off there."): normalized(around),
                t("The window lies in the image; the paper's goes over the channels."): (
                    normalized(spatial)
                ),
                t("The window is one-sided: n/2 channels before and n/2 after."): Either(
                    (normalized(total(a**2, n - 1, 0)), normalized(total(a**2, 0, n - 1)))
                ),
                t("The sum goes over all channels, not over n neighbors."): normalized(
                    (a**2).sum(1, keepdim=True).expand_as(a)
                ),
                t("The last channel of the window is missing: it has n of them."): Either(
                    (normalized(total(a**2, half, half - 1)), normalized(squares - a**2))
                ),
                t("Multiplied, not divided."): a * (k + alpha * squares) ** beta,
            },
            hint=t("b_i = a_i / (k + α Σ a_j²)^β: over which j does the sum go?"),
        )
    return t("The result agrees with the paper's formula, at the first and last channels as well.")


class _Spy(nn.Module):
    """A linear classifier that notes in `log` what it is shown, and in which mode."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.log: list[tuple[bool, bool, Tensor]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.log.append((self.training, torch.is_grad_enabled(), x.detach().flatten(1)[:, 0]))
        return x.flatten(1) @ self.weight


def train_classifier(answer: Any) -> str:
    """`train_classifier(model, images, labels, epochs, batch_size, lr)` → a dict of curves."""
    draw = Draw()
    for epochs in (2, 3):
        batch_size = draw.choice([6, 8])
        count = 6 * batch_size
        images, labels = draw.tensor(count, 1, 2, 3), torch.arange(count) % 3
        images[torch.arange(count), 0, 0, labels] += 1.5
        spy, lr = _Spy(draw.tensor(6, 3)), draw.uniform(0.05, 0.2)
        start = spy.weight.detach().clone()
        trial = Trial(
            answer,
            in_place=True,
            patience=6,  # the first optimizer and loader import half of torch
            model=spy.eval(),
            images=images.clone(),
            labels=labels.clone(),
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
        )
        _curves(trial, epochs)
        batches = _batches(trial, spy, images, epochs, batch_size)
        weights, losses, accuracies = _trained(start, images, labels, batches, lr)
        trial.expect(
            weights,
            partial(_loop_faults, batch_size, start, images, labels, batches, lr),
            got=spy.weight.detach(),
            what=t("the trained weights"),
            hint=t(
                "For each mini-batch: loss, zero_grad(), backward(), step(). SGD, momentum 0.9."
            ),
        )
        trial.expect(
            [sum(part) / len(part) for part in losses],
            {
                t("This is the loss of the last mini-batch: take the mean of the epoch."): [
                    part[-1] for part in losses
                ],
                t("The losses of an epoch were added up: take their mean."): [
                    sum(part) for part in losses
                ],
            },
            got=trial.out["loss"],
            what='"loss"',
            hint=t("The mean of the mini-batches' losses, each as it was when it was trained on."),
        )
        trial.expect(
            accuracies,
            {
                t("This is in percent: a fraction is asked for, from 0 to 1."): [
                    100 * a for a in accuracies
                ],
                t("This is the share of wrong answers."): [1 - a for a in accuracies],
                t("These are numbers of right answers: divide by the number of images."): Either(
                    [[kind(round(count * a)) for a in accuracies] for kind in (float, int)]
                ),
            },
            got=trial.out["accuracy"],
            what='"accuracy"',
            hint=t("After each epoch, all images once, in eval(): how many are right?"),
        )
    return t("Mini-batches, modes, weights, losses and accuracies are right in every epoch.")


def _curves(trial: Trial, epochs: int) -> None:
    """Whether a dictionary of three lists of floats came out."""
    out, names = trial.out, ("loss", "accuracy", "seconds")
    if not isinstance(out, dict) or any(not isinstance(out.get(name), list) for name in names):
        raise trial.wrong(
            t('It must return a dict of three lists, "loss", "accuracy" and "seconds".'),
            t("Came out: {a}", a=list(out) if isinstance(out, dict) else type(out).__name__),
        )
    for name in names:
        if len(out[name]) != epochs:
            raise trial.wrong(
                t("{a} must have one entry for each epoch.", a=f'"{name}"'),
                t("Came out: {a}", a=len(out[name])),
                t("Expected: {a}", a=epochs),
            )
        if any(isinstance(value, Tensor) for value in out[name]):
            raise trial.wrong(
                t("{a} holds tensors.", a=f'"{name}"'),
                hint=t("item() gives a number, and lets go of the graph that hangs on the tensor."),
            )
    if not all(isinstance(s, float) and s > 0 for s in out["seconds"]):
        raise trial.wrong(
            t("{a} must hold times above 0, as floats.", a='"seconds"'),
            t("Came out: {a}", a=out["seconds"]),
        )


def _batches(
    trial: Trial, spy: _Spy, images: Tensor, epochs: int, batch_size: int
) -> list[list[Tensor]]:
    """By epoch the numbers of the images in each mini-batch; Wrong if these are not in order."""
    first = images.flatten(1)[:, 0]
    training = [(grad, seen) for train, grad, seen in spy.log if train]
    evaluated = [(grad, seen) for train, grad, seen in spy.log if not train]
    if any(not grad or len(seen) > batch_size for grad, seen in training):
        if not evaluated or any(not grad for grad, _ in training):
            raise trial.wrong(
                t("The accuracy was measured in train()."),
                hint=t("Dropout and BN would disturb it: model.eval() before, train() after."),
            )
        raise trial.wrong(
            t("There was a mini-batch of more than batch_size images."),
            t("Came out: {a}", a=max(len(seen) for _, seen in training)),
            t("Expected: {a}", a=batch_size),
        )
    steps = epochs * (len(images) // batch_size)
    if len(training) < steps and any(grad and len(seen) <= batch_size for grad, seen in evaluated):
        raise trial.wrong(
            t("Some mini-batches were trained on in eval()."),
            hint=t("After measuring, every epoch begins with model.train()."),
        )
    if len(training) != steps:
        raise trial.wrong(
            t("The number of mini-batches in train() is wrong."),
            t("Came out: {a}", a=len(training)),
            t("Expected: {a}", a=steps),
            hint=t("Every epoch shows every image once, batch_size at a time."),
        )
    if not evaluated:
        raise trial.wrong(
            t("The accuracy was measured in train()."),
            hint=t("Dropout and BN would disturb it: model.eval() before, train() after."),
        )
    numbers = [torch.cat([(first == v).nonzero()[0] for v in seen]) for _, seen in training]
    each = len(numbers) // epochs
    by_epoch = [numbers[i * each : (i + 1) * each] for i in range(epochs)]
    orders = [torch.cat(part) for part in by_epoch]
    if any(len(set(order.tolist())) != len(images) for order in orders):
        raise trial.wrong(
            t("In an epoch some images were shown several times, others not at all."),
            hint=t("torch.randperm gives every number once."),
        )
    if any(torch.equal(order, order.sort().values) for order in orders):
        raise trial.wrong(
            t("The images come in their own order."),
            hint=t("Shuffle them: torch.randperm gives the numbers in a random order."),
        )
    if torch.equal(orders[0], orders[1]):
        raise trial.wrong(
            t("Every epoch has the same order."), hint=t("Shuffle anew in each epoch.")
        )
    return by_epoch


def _trained(
    start: Tensor,
    images: Tensor,
    labels: Tensor,
    batches: list[list[Tensor]],
    lr: float,
    zero: bool = True,
    momentum: float = 0.9,
    softmax: bool = False,
    scale: float = 1.0,
) -> tuple[Tensor, list[list[float]], list[float]]:
    """The weights after these mini-batches, their losses, the accuracy after each epoch."""
    model = _Spy(start.clone())
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum)
    losses, accuracies = [], []
    for epoch in batches:
        losses.append([0.0] * len(epoch))
        for i, batch in enumerate(epoch):
            logits = model(images[batch])
            loss = F.cross_entropy(logits.softmax(1) if softmax else logits, labels[batch])
            losses[-1][i] = loss.item()
            if zero:
                optimizer.zero_grad()
            (scale * loss).backward()
            optimizer.step()
        right = model(images).argmax(1) == labels
        accuracies.append(right.double().mean().item())
    return model.weight.detach(), losses, accuracies


def _loop_faults(batch_size: int, *arguments: Any) -> dict[str, Tensor]:
    """The weights that usual mistakes give."""
    changes: dict[str, dict[str, Any]] = {
        t("The gradients add up: zero_grad() is missing before each step."): {"zero": False},
        t("The momentum is missing: 0.9."): {"momentum": 0.0},
        t("There is a softmax before the cross-entropy, which has its own."): {"softmax": True},
        t("The loss is the mean over the mini-batch, not the sum."): {"scale": batch_size},
    }
    return {hint: _trained(*arguments, **change)[0] for hint, change in changes.items()}


def _alexnet(towers: int, *, bias: bool = True, side: int = 6, grouped: str = "245") -> dict:
    """Weights and biases of the layers of Krizhevsky et al., figure 2."""
    convolutions = {"1": (3, 96, 11), "2": (96, 256, 5), "3": (256, 384, 3)}
    convolutions |= {"4": (384, 384, 3), "5": (384, 256, 3)}
    found = {}
    for name, (c_in, c_out, kernel) in convolutions.items():
        groups = towers if name in grouped else 1
        found[f"conv{name}"] = c_out * (c_in // groups) * kernel**2 + bias * c_out
    for name, c_in, c_out in (("6", 256 * side**2, 4096), ("7", 4096, 4096), ("8", 4096, 1000)):
        groups = towers if name in grouped else 1
        found[f"fc{name}"] = c_out * c_in // groups + bias * c_out
    return found


def alexnet_parameters(answer: Any) -> str:
    """`alexnet_parameters(towers)`: weights and biases by layer, figure 2 of the paper."""
    for towers in (1, 2, 4):
        trial = Trial(answer, towers=towers)
        want = _alexnet(towers)
        trial.expect(
            want,
            {
                t("The biases are missing: one for each output channel."): _alexnet(
                    towers, bias=False
                ),
                t("conv3 reads the maps of all towers."): _alexnet(towers, grouped="2345"),
                t("The fully connected layers read all towers."): Either(
                    (_alexnet(towers, grouped="245678"), _alexnet(towers, grouped="2345678"))
                ),
                t("The towers make no difference here: who reads only its own half?"): _alexnet(1),
                t("conv2, conv4 and conv5 all read only their own tower."): Either(
                    _alexnet(towers, grouped=some) for some in ("2", "4", "5", "24", "25", "45")
                ),
                t("fc6 reads 6×6 positions: there is a pooling after conv5."): Either(
                    _alexnet(towers, side=side) for side in (13, 7, 5, 1)
                ),
                t("Asked is a dict, layer by layer, not the sum."): sum(want.values()),
            },
            hint=t("Weights: outputs times inputs that one output reads; biases: outputs."),
        )
    return t("All eight layers are right, for one, two and four towers.")


CHECKS: dict[str, Callable[[Any], str]] = {
    "conv_output_size": conv_output_size,
    "conv_cost": conv_cost,
    "conv2d": conv2d,
    "lrn": lrn,
    "train_classifier": train_classifier,
    "alexnet_parameters": alexnet_parameters,
}
