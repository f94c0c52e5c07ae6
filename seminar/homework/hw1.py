"""Homework 1: LeNet and AlexNet. A. Krizhevsky, I. Sutskever, G. Hinton, NIPS 2012."""

import itertools
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..catalogue import t
from .trial import Draw, Either, Trial, close, described, explain

# Left, right, top, bottom: which sides a padding that is not everywhere has.
_PARTLY = ((1, 0, 1, 0), (0, 1, 0, 1), (1, 1, 0, 0), (0, 0, 1, 1))
NEAR = 1e-5  # for float32, which torch.zeros() and the students' own trials have
CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "convolution", "_convolution", "unfold")


def _single(value: Any) -> Any:
    """A tensor of fractions in float32: whether it was float64 (NumPy's) does not matter."""
    floats = isinstance(value, Tensor) and value.is_floating_point()
    return value.float() if floats else value


def conv_output_size(answer: Any) -> str:
    """`conv_output_size(size, kernel, stride, padding)` → ⌊(size + 2p - k)/s⌋ + 1."""
    draw = Draw()
    wrong: list[tuple[Trial, Any, dict[str, Any]]] = []
    # What is left over behind the last step shows rounding at 1 and 3, kernel + 1 at 0 and
    # kernel - 1 at stride - 1.
    for stride, left in ((3, 1), (5, 3), (4, 0), (3, 2), (4, 3)):
        results: list[int] = []
        while len(set(results)) < 6:  # until each mistake has a result of its own
            kernel, padding = draw.randint(3, 11), draw.randint(3, 9)
            size = draw.randint(10, 30) * stride + left + kernel - 2 * padding
            free = size + 2 * padding - kernel
            results = [free // stride, free // stride + 1, (free - padding) // stride + 1]
            results += [(size - kernel) // stride + 1, free + 1, (free + kernel) // stride + 1]
        trial = Trial(answer, size=size, kernel=kernel, stride=stride, padding=padding)
        if not close(trial.out, want := free // stride + 1):
            faults = {
                t("It must be an int, not a float."): free / stride + 1,
                t("The kernel is subtracted as it is: not kernel - 1, not kernel + 1."): Either(
                    ((free + 1) // stride + 1, (free - 1) // stride + 1)
                ),
                t("Rounded up or to the nearest; a kernel that does not fit is left out."): Either(
                    {-(-free // stride) + 1, round(free / stride) + 1}
                ),
                t(
                    "The + 1 is missing, or divided, too: the kernel also stands at the start."
                ): Either((free // stride, free / stride, (free + 1) // stride)),
                t("The padding is on both sides."): (free - padding) // stride + 1,
                t("The padding is missing."): (size - kernel) // stride + 1,
                t("The stride is missing."): free + 1,
                t("The kernel is missing: it needs room at the end."): Either(
                    ((size + 2 * padding) // stride + 1, (size + 2 * padding) // stride)
                ),
                t("All of size + 2 · padding - kernel is divided: mind the brackets."): Either(
                    (
                        size + 2 * padding - kernel // stride + 1,
                        size + (2 * padding - kernel) // stride + 1,
                    )
                ),
            }
            wrong.append((trial, want, faults))
    explain(
        wrong,
        t("How far can the kernel be moved, in steps of the stride? And it starts at 0."),
    )
    return t("The output size is right, with rounding down where the kernel does not fit.")


def conv_cost(answer: Any) -> str:
    """`conv_cost(in_channels, out_channels, kernel, groups, output_size)` → (parameters, MACs)."""
    draw = Draw()
    for groups in (1, 2, draw.choice([3, 4])):
        # c_in < c_out / groups, and size < c_out < size² at 1 group: mistakes differ in result.
        c_in, c_out = groups * draw.randint(5, 10), groups * draw.randint(41, 50)
        kernel, size = draw.choice([3, 5, 11]), draw.randint(12, 40)
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
        found = tuple(trial.parts("parameters", "multiply-adds"))
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
                t("Each output channel has one bias of its own, with groups, too."): Either(
                    (weights + biases, weights * places) for biases in (1, groups, c_out // groups)
                ),
                t("The groups are missing: a kernel reads in_channels/groups channels."): Either(
                    (parameters + c_out, macs * places)
                    for parameters, macs in ((plain, plain), (plain, weights), (weights, plain))
                ),
                t("The order is: first the parameters, then the multiply-adds."): (
                    weights * places,
                    weights + c_out,
                ),
                t(
                    "The multiply-adds of one output channel only: there are out_channels of them."
                ): (
                    weights + c_out,
                    weights // c_out * places,
                ),
                t("The groups were divided out twice: each of the kernels is counted once."): (
                    weights // groups + c_out,
                    weights // groups * places,
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
                t("A bias is added, and costs no multiply-add here."): Either(
                    (parameters, (weights + c_out) * places)
                    for parameters in (weights + c_out, weights)
                ),
                t("A kernel has kernel × kernel positions."): (
                    weights // kernel + c_out,
                    weights // kernel * places,
                ),
            },
            got=found,
            hint=t("How many numbers does one output read? How many outputs are there?"),
        )
    return t("Parameters and multiply-adds are right, with groups as well.")


def conv2d(answer: Any) -> str:
    """`conv2d(image, kernels, stride, padding)`: cross-correlation, written out."""
    draw = Draw()
    # Stride, padding, what is left behind the last step: 0 reads the padding at the end, too,
    # 2 of 3 shows rounding up or to the nearest.
    settings = ((1, 0, 0), (2, 2, 0), (3, 1, 2))
    sides = draw.sample([2, 3, 4], 3)  # no size fits all three, and none is that of the channels
    for (stride, padding, left), k, c in zip(settings, sides, sides[1:] + sides[:1], strict=True):
        o = draw.choice([n for n in (2, 3, 4, 5) if n != c])
        h = draw.randint(7, 8)
        h += (left - (h + 2 * padding - k)) % stride
        w = h + 3
        h, w = (w, h) if stride == 2 else (h, w)  # one is wide, one is high, in their results too
        image = draw.tensor(c, h, w, dtype=torch.float32)
        kernels = draw.tensor(o, c, k, k, dtype=torch.float32)
        trial = Trial(
            answer,
            forbid=CONVOLUTIONS,
            image=image,
            kernels=kernels,
            stride=stride,
            padding=padding,
        )

        def convolved(
            kernels: Tensor = kernels,
            stride: int = stride,
            padding: int = padding,
            x: Tensor = image,
        ) -> Tensor:
            return F.conv2d(x[None], kernels, stride=stride, padding=padding)[0]

        want = convolved()
        _, rows, columns = want.shape
        sizes = {
            t("Rounded up or to the nearest; a kernel that does not fit is left out."): (
                -(-(h + 2 * padding - k) // stride) + 1,
                -(-(w + 2 * padding - k) // stride) + 1,
            ),
            t("The + 1 is missing, or divided, too: the kernel also stands at the start."): (
                rows - 1,
                columns - 1,
            ),
            t("The size is computed with the padding, too."): (
                (h - k) // stride + 1,
                (w - k) // stride + 1,
            ),
            t("The stride acts on one of the two directions only."): (
                rows,
                w + 2 * padding - k + 1,
            ),
            t("Height and width differ: the result is not square."): (rows, rows),
        }
        shape = tuple(trial.out.shape[1:]) if isinstance(trial.out, Tensor) else ()
        by_size = [hint for hint, size in sizes.items() if size == shape != (rows, columns)]
        padded = [F.pad(image, [padding * side for side in sides]) for sides in _PARTLY]
        trial.expect(
            want,
            {
                t("The kernels are turned around: networks do not flip them."): convolved(
                    kernels.flip(2, 3)
                ),
                t("The kernels are transposed: rows and columns exchanged."): convolved(
                    kernels.transpose(2, 3)
                ),
                t("The padding is missing."): convolved(padding=0),
                t("The padding belongs on all four sides, and once."): Either(
                    [convolved(padding=0, x=x) for x in padded] + [convolved(padding=2 * padding)]
                ),
                t("The stride is missing."): convolved(stride=1),
                t("The size has the stride in it, but the patches stand at i, j."): (
                    convolved(stride=1)[:, :rows, :columns]
                ),
                t("Only the first channel was read: all of them are added up."): (
                    convolved(kernels[:, :1], x=image[:1])
                ),
                t("Only the last channel is left: add to the result, do not overwrite it."): (
                    convolved(kernels[:, -1:], x=image[-1:])
                ),
                t("Channel c of the kernel meets only channel c of the image."): convolved(
                    kernels.sum(1, keepdim=True), x=image.sum(0, keepdim=True)
                ),
                t("The channels were averaged: they are added up."): want / c,
                t("The numbers under the kernel were averaged: they are added up."): Either(
                    (want / k**2, want / (c * k**2))
                ),
                t("Height and width of the result are exchanged."): want.transpose(1, 2),
                t("One image goes in, and one comes out: there is an axis too many."): want[None],
                t("The padding must be zeros."): convolved(
                    padding=0, x=F.pad(image, (padding,) * 4, mode="replicate")
                ),
                t("Every output channel has the first kernel."): convolved(
                    kernels[:1].expand_as(kernels)
                ),
            },
            got=_single(trial.out),
            hint=by_size[0]
            if by_size
            else t(
                "Output (o, i, j): the products of kernel o with the patch at i·stride, j·stride."
            ),
            tolerance=NEAR,
        )
    return t("The result is that of PyTorch's convolution, with stride and padding.")


def lrn(answer: Any) -> str:
    """`lrn(a, k, n, alpha, beta)`: section 3.3 of the AlexNet paper."""
    draw = Draw()
    for n in (5, 3, 7):
        c, h, w = draw.sample(range(8, 12), 3)
        a = 2 * draw.tensor(2, c, h, w, dtype=torch.float32)
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
        begins_late = squares.clone()
        begins_late[:, :half] = 0
        around = torch.stack([torch.roll(a**2, s, 1) for s in range(-half, half + 1)]).sum(0)
        spatial = F.avg_pool2d(a**2, n, 1, half) * n**2
        last = (a**2)[:, [min(c - 1, i + half) for i in range(c)]]
        unsquared = normalized(total(a))  # a root of negative numbers is nan
        nans = unsquared.isnan()
        no_squares = isinstance(trial.out, Tensor) and torch.equal(trial.out.isnan(), nans)
        trial.expect(
            normalized(squares),
            {
                t("α was divided by n, as PyTorch does; the paper does not."): normalized(
                    squares / n
                ),
                t("k is missing."): normalized(squares, k=0),
                t("k is always 1 here: it is an argument."): normalized(squares, k=1),
                t("k is always 2 here: it is an argument."): normalized(squares, k=2),
                t("α is missing."): normalized(squares, alpha=1),
                t("These are the paper's numbers: here k, n, α and β are arguments."): Either(
                    (normalized(total(a**2, 2, 2), k=2, alpha=1e-4, beta=0.75),)
                    + ((normalized(total(a**2, 2, 2)),) if n != 5 else ())
                ),
                t("β is missing: it is an exponent."): normalized(squares, beta=1),
                t("β belongs to the whole bracket, with k in it."): (
                    a / (k + (alpha * squares) ** beta)
                ),
                t("The numbers are not squared."): Either((normalized(total(a.abs())), unsquared)),
                t("The sum was squared: each number is, before they are added up."): normalized(
                    total(a) ** 2
                ),
                t("These are means over the window: the paper adds up."): normalized(
                    squares / total(torch.ones_like(a))
                ),
                t("At the first channels the slice begins below 0, which counts from the end."): (
                    normalized(begins_late)
                ),
                t("The sum goes over all channels, not over n neighbors."): normalized(
                    (a**2).sum(1, keepdim=True).expand_as(a)
                ),
                t(
                    "The window is too wide: n channels in all, with channel i in the middle."
                ): Either(normalized(total(a**2, wide, wide)) for wide in (half + 1, n - 1, n)),
                t("The window goes over the images: the channels are axis 1."): normalized(
                    (a**2).sum(0, keepdim=True).expand_as(a)
                ),
                t("The window read numbers that were already normalized: keep a as it is."): (
                    _overwritten(a, k, n, alpha, beta)
                ),
                t("This is the divisor: a is missing."): (k + alpha * squares) ** beta,
                t("The window goes around the edge: it is cut off there."): normalized(around),
                t("The window lies in the image; the paper's goes over the channels."): (
                    normalized(spatial)
                ),
                t("The window is one-sided: n/2 channels before and n/2 after."): Either(
                    (normalized(total(a**2, n - 1, 0)), normalized(total(a**2, 0, n - 1)))
                ),
                t("Channel i itself belongs to the window, too."): normalized(squares - a**2),
                t("The last channel of the window is missing: slices and range leave it out."): (
                    Either((normalized(total(a**2, half, half - 1)), normalized(squares - last)))
                ),
                t("Multiplied, not divided."): a * (k + alpha * squares) ** beta,
            },
            got=_single(trial.out),
            hint=t("The numbers are not squared.")
            if no_squares and nans.any()
            else t("b_i = a_i / (k + α Σ a_j²)^β: over which j does the sum go?"),
            tolerance=NEAR,
        )
    return t("The result agrees with the paper's formula, at the first and last channels as well.")


def _overwritten(a: Tensor, k: float, n: int, alpha: float, beta: float) -> Tensor:
    """What comes out if each result takes the place of its number at once."""
    b = a.clone()
    for i in range(b.shape[1]):
        window = b[:, max(0, i - n // 2) : i + n // 2 + 1]
        b[:, i] /= (k + alpha * window.square().sum(1)) ** beta
    return b


class _Look(NamedTuple):
    """What a model saw at one call."""

    train: bool
    grad: bool
    seen: Tensor  # the first number of each image
    time: float


class _Spy(nn.Module):
    """A linear classifier that notes in `log` what it is shown, and in which mode."""

    def __init__(self, weight: Tensor, bias: Tensor):
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)
        self.log: list[_Look] = []

    def forward(self, x: Tensor) -> Tensor:
        first = x.detach().flatten(1)[:, 0]
        self.log.append(_Look(self.training, torch.is_grad_enabled(), first, time.perf_counter()))
        time.sleep(0.01)  # an epoch takes a time that can be told from that of two
        return x.flatten(1) @ self.weight + self.bias


def train_classifier(answer: Any) -> str:
    """`train_classifier(model, images, labels, epochs, batch_size, lr)` → a dict of curves."""
    draw = Draw()
    for epochs, more in ((2, 1), (3, 0)):  # the last mini-batch has one image, or all of them
        batch_size = draw.choice([6, 8])
        count = 5 * batch_size + more
        images = draw.tensor(count, 1, 2, 3, dtype=torch.float32)
        labels = torch.tensor(draw.sample([i % 3 for i in range(count)], count))
        images[torch.arange(count), 0, 0, labels] += 1.5
        start = tuple(draw.tensor(*shape, dtype=torch.float32) for shape in ((6, 3), (3,)))
        spy, lr = _Spy(*(value.clone() for value in start)), draw.uniform(0.05, 0.2)
        trial = Trial(
            answer,
            in_place="model",
            patience=6,  # the first optimizer and loader import half of torch
            model=spy.eval(),
            images=images,
            labels=labels,
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
        )
        end = time.perf_counter()
        _curves(trial, epochs)
        if torch.equal(_joined(spy.parameters()), _joined(start)):
            raise trial.wrong(
                t("The model has not changed: its weights are those it came with."),
                hint=t(
                    "backward() finds the gradients and step() uses them, with no zero_grad() in "
                    "between; and it is the model itself that is trained, not a copy."
                ),
            )
        batches = _batches(trial, spy, images, epochs, batch_size)
        weights, losses, accuracies, by_batch = _trained(start, images, labels, batches, lr)
        trial.expect(
            weights,
            partial(_loop_faults, start, images, labels, batches, lr),
            got=_joined(spy.parameters()),
            what=t("the trained weights"),
            hint=t(
                "For each mini-batch: loss, zero_grad(), backward(), step(). SGD, momentum 0.9."
            ),
            tolerance=NEAR,
        )
        _losses(trial, losses, [len(batch) for batch in batches[0]])
        trial.expect(
            accuracies,
            {
                t("This is in percent: a fraction is asked for, from 0 to 1."): [
                    100 * a for a in accuracies
                ],
                t("This is the share of wrong answers."): [1 - a for a in accuracies],
                t("The last mini-batch is smaller: add up the right answers, then divide."): (
                    by_batch
                ),
                t("These are numbers of right answers: divide by the number of images."): Either(
                    [[kind(round(count * a)) for a in accuracies] for kind in (float, int)]
                ),
            },
            got=trial.out["accuracy"],
            what='"accuracy"',
            hint=t("After each epoch, all images once, in eval(): how many are right?"),
        )
        _seconds(trial, spy.log, epochs, end)
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
    training = [look for look in spy.log if look.train]
    evaluated = [look for look in spy.log if not look.train]
    steps = epochs * -(-len(images) // batch_size)
    without_eval = not evaluated and len(training) >= steps
    if without_eval or any(not look.grad for look in training):
        raise trial.wrong(
            t("The accuracy was measured in train()."),
            hint=t("Dropout and BN would disturb it: model.eval() before, train() after."),
        )
    if any(len(look.seen) > batch_size for look in training):
        raise trial.wrong(
            t("There was a mini-batch of more than batch_size images."),
            t("Came out: {a}", a=max(len(look.seen) for look in training)),
            t("Expected: {a}", a=batch_size),
            hint=t("batch_size is an argument: the optimizer steps once for so many images."),
        )
    if len(training) < steps and any(
        look.grad and len(look.seen) <= batch_size for look in evaluated
    ):
        raise trial.wrong(
            t("Some mini-batches were trained on in eval()."),
            hint=t("After measuring, every epoch begins with model.train()."),
        )
    if len(training) != steps:
        if any(torch.equal(a.seen, b.seen) for a, b in itertools.pairwise(training)):
            hint = t("The model was called twice for a mini-batch: its first logits are enough.")
        elif any(not len(look.seen) for look in training):
            hint = t("One mini-batch of an epoch has no image: range(0, count, batch_size).")
        elif len(training) == steps - epochs:
            hint = t("The last mini-batch of an epoch is missing: it may be a smaller one.")
        else:
            hint = t("Every epoch shows every image once, batch_size at a time.")
        raise trial.wrong(
            t("The number of mini-batches in train() is wrong."),
            t("Came out: {a}", a=len(training)),
            t("Expected: {a}", a=steps),
            hint=hint,
        )
    if not all(bool(torch.isin(look.seen, first).all()) for look in training):
        raise trial.wrong(
            t("The model saw images that are not among the given ones."),
            hint=t("They are handed on as they are."),
        )
    numbers = [torch.cat([(first == v).nonzero()[0] for v in look.seen]) for look in training]
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
    if all(int(b.max() - b.min()) < len(b) for part in by_epoch for b in part):
        raise trial.wrong(
            t("Only the mini-batches are shuffled: the same images always come together."),
            hint=t("Shuffle the images, and divide them into mini-batches after that."),
        )
    return by_epoch


def _losses(trial: Trial, losses: list[list[float]], sizes: list[int]) -> None:
    """Whether "loss" is right: the mean of the mini-batches', or that of all images."""
    totals, batches, images = [sum(part) for part in losses], len(sizes), sum(sizes)
    sums = list(itertools.accumulate(totals))
    by_image = [
        sum(n * loss for n, loss in zip(sizes, part, strict=True)) / images for part in losses
    ]
    if close(trial.out["loss"], by_image, NEAR):
        return
    trial.expect(
        [total / batches for total in totals],
        {
            t("This is the loss of the last mini-batch: take the mean of the epoch."): [
                part[-1] for part in losses
            ],
            t("The losses of an epoch were added up: take their mean."): totals,
            t("The sum was divided by a wrong number: how many mini-batches are there?"): Either(
                [total / wrong for total in totals]
                for wrong in (images, sizes[0], len(losses), images // sizes[0], batches + 1)
            ),
            t("The losses of earlier epochs are in it as well."): Either(
                [[so_far / each for so_far in sums] for each in (batches, images)]
                + [[so_far / (n * batches) for n, so_far in enumerate(sums, 1)]]
            ),
        },
        got=trial.out["loss"],
        what='"loss"',
        hint=t("The mean of the mini-batches' losses, each as it was when it was trained on."),
        tolerance=NEAR,
    )


def _seconds(trial: Trial, log: list[_Look], epochs: int, end: float) -> None:
    """Whether "seconds" are those of each epoch, as far as the calls of the model can tell."""
    got = trial.out["seconds"]
    steps = [i for i, look in enumerate(log) if look.train]
    each = len(steps) // epochs
    for epoch in range(1, epochs):
        following = log[steps[(epoch + 1) * each]].time if epoch + 1 < epochs else end
        most = following - log[steps[epoch * each] - 1].time  # from call to call of its neighbors
        least = log[steps[(epoch + 1) * each - 1]].time - log[steps[epoch * each]].time
        coarse = 0.02  # as wrong as a clock may be
        if not least - coarse < got[epoch] < most + coarse:
            raise trial.wrong(
                t("Wrong: {a}.", a='"seconds"'),
                t("Came out: {a}", a=described(got)),
                t("Epoch {n} took less than {a} seconds.", n=epoch + 1, a=f"{most:.2g}")
                if got[epoch] > most
                else t("Epoch {n} took more than {a} seconds.", n=epoch + 1, a=f"{least:.2g}"),
                hint=t("In seconds, as perf_counter() gives them.")
                if 100 * most < got[epoch] < 10_000 * most
                else t("perf_counter() at the end of an epoch, minus that at its own start."),
            )


def _joined(values: Iterable[Tensor]) -> Tensor:
    return torch.cat([value.detach().flatten() for value in values])


def _sgd(parameters: Any, lr: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr, momentum=0.9)


def _trained(
    start: tuple[Tensor, ...],
    images: Tensor,
    labels: Tensor,
    batches: list[list[Tensor]],
    lr: float,
    *,
    made: Callable[..., torch.optim.Optimizer] = _sgd,
    loss: Callable[..., Tensor] = F.cross_entropy,
    zero: str = "step",
    anew: bool = False,
    in_order: bool = False,
) -> tuple[Tensor, list[list[float]], list[float], list[float]]:
    """The weights after these mini-batches, their losses, the accuracy after each epoch.

    The last: the mean of the mini-batches' accuracies.
    """
    weight, bias = (value.clone().requires_grad_() for value in start)
    optimizer = made([weight, bias], lr)
    losses, accuracies, by_batch = [], [], []
    for epoch in batches:
        optimizer = made([weight, bias], lr) if anew else optimizer
        if zero == "epoch":
            optimizer.zero_grad()
        losses.append([0.0] * len(epoch))
        for i, batch in enumerate(epoch):
            # In order: labels that are not of these images.
            wanted = labels[i * len(epoch[0]) :][: len(batch)] if in_order else labels[batch]
            value = loss(images[batch].flatten(1) @ weight + bias, wanted)
            losses[-1][i] = value.item()
            if zero == "step":
                optimizer.zero_grad()
            value.backward()
            optimizer.step()
        right = ((images.flatten(1) @ weight + bias).argmax(1) == labels).double()
        accuracies.append(right.mean().item())
        parts = [part.mean().item() for part in right.split(len(epoch[0]))]
        by_batch.append(sum(parts) / len(parts))
    return _joined((weight, bias)), losses, accuracies, by_batch


def _loop_faults(
    start: tuple[Tensor, ...],
    images: Tensor,
    labels: Tensor,
    batches: list[list[Tensor]],
    lr: float,
) -> dict[str, Any]:
    """The weights that usual mistakes give."""

    def weights(lr: float = lr, **change: Any) -> Tensor:
        return _trained(start, images, labels, batches, lr, **change)[0]

    sgd, cross_entropy = torch.optim.SGD, F.cross_entropy
    return {
        t("The gradients add up: zero_grad() is missing before each step."): Either(
            (weights(zero="never"), weights(zero="epoch"))
        ),
        t("The momentum 0.9 is missing, or the optimizer is new for each mini-batch."): weights(
            made=sgd
        ),
        t("The optimizer is made anew in each epoch: its momentum is lost."): weights(anew=True),
        t("The learning rate is not the argument lr."): Either(
            weights(rate) for rate in (0.1, 0.05, 0.01, 0.001)
        ),
        t("Asked is plain SGD with momentum: no weight decay, no Nesterov, no Adam."): Either(
            weights(made=other)
            for other in (
                partial(sgd, momentum=0.9, nesterov=True),
                torch.optim.Adam,
                *(partial(sgd, momentum=0.9, weight_decay=d) for d in (5e-4, 1e-4, 1e-3, 1e-2)),
            )
        ),
        t("The labels are not those of these images: both need the same numbers."): weights(
            in_order=True
        ),
        t("There is a softmax before the cross-entropy, which has its own."): weights(
            loss=lambda y, wanted: cross_entropy(y.softmax(1), wanted)
        ),
        t("The loss is the mean over the mini-batch, not the sum."): weights(
            loss=partial(cross_entropy, reduction="sum")
        ),
    }


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
        want, plain = _alexnet(towers), _alexnet(towers, bias=False)
        biases = {name: want[name] - plain[name] for name in want}
        if isinstance(trial.out, dict) and set(trial.out) != set(want):
            raise trial.wrong(
                t("The keys of the dict are not those of the table."),
                t("Came out: {a}", a=", ".join(map(str, trial.out))),
                t("Expected: {a}", a=", ".join(want)),
            )
        trial.expect(
            want,
            {
                t("The biases are missing: one for each output channel."): Either(
                    (
                        plain,
                        {n: want[n] if n < "fc" else plain[n] for n in want},
                        {n: plain[n] if n < "fc" else want[n] for n in want},
                    )
                ),
                t("The groups were divided out twice: each of the kernels is counted once."): (
                    Either(
                        {
                            n: plain[n] // towers + biases[n] // share
                            if n[-1] in "245"
                            else want[n]
                            for n in want
                        }
                        for share in (1, towers)
                    )
                ),
                t("The biases were divided by the towers: every output channel has one."): Either(
                    {n: plain[n] + (biases[n] // towers if n in some else biases[n]) for n in want}
                    for some in (tuple(want), ("conv2", "conv4", "conv5"))
                ),
                t("These are the numbers of one tower: asked is the whole network."): Either(
                    (
                        {n: want[n] // towers for n in want},
                        {n: plain[n] // towers + biases[n] for n in want},
                    )
                ),
                t("conv3 reads the maps of all towers."): _alexnet(towers, grouped="2345"),
                t("The fully connected layers read all towers."): Either(
                    _alexnet(towers, grouped="245" + some)
                    for some in ("678", "3678", "6", "7", "8")
                ),
                t("The towers make no difference here: who reads only its own half?"): Either(
                    (_alexnet(1), _alexnet(2))
                ),
                t("conv2, conv4 and conv5 all read only their own tower."): Either(
                    _alexnet(towers, grouped=some) for some in ("2", "4", "5", "24", "25", "45")
                ),
                t("fc6 reads 6×6 positions: there is a pooling after conv5."): Either(
                    [_alexnet(towers, side=side) for side in (13, 7, 5, 1)]
                    + [want | {"fc6": 4096 * 256 * 6 + 4096}]
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
