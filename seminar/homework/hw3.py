"""Homework 3: initialization and dropout. Glorot & Bengio 2010; He et al., arXiv:1502.01852."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .. import initialization as init
from ..catalogue import t
from .trial import Draw, Either, Trial, close, explain

INIT = tuple(f"{name}_{kind}_" for name in ("xavier", "kaiming") for kind in ("normal", "uniform"))


def fans(answer: Any) -> str:
    """`fans(weight)` → (fan_in, fan_out) of a linear layer's or a convolution's weight."""
    draw = Draw()
    for kernel in ((), (3, 5), (2, 7), (4,), (2, 3, 5)):
        out, channels = draw.sample(range(6, 20), 2)
        weight = draw.tensor(out, channels, *kernel)
        area = math.prod(kernel)
        trial = Trial(answer, weight=weight)
        trial.expect(
            (channels * area, out * area),
            {
                t("The two are exchanged: a weight's shape is (out, in, …)."): (
                    out * area,
                    channels * area,
                ),
                t("The kernel's positions are missing: each is one more input."): (channels, out),
                t("fan_out counts the kernel's positions, too."): (channels * area, out),
                t("fan_in counts the kernel's positions, too."): (channels, out * area),
                t("The kernel need not be square: its sides are multiplied."): (
                    channels * kernel[0] ** 2,
                    out * kernel[0] ** 2,
                )
                if kernel
                else None,
                t("Only one side of the kernel was counted."): (
                    channels * kernel[0],
                    out * kernel[0],
                )
                if kernel
                else None,
            },
            hint=t("fan_in: how many numbers one output reads. fan_out: how many read one input."),
        )
    return t("fan_in and fan_out are right, for linear layers and for any kernel.")


def _wide(draw: Draw) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Shapes of many weights, whose fan_in and fan_out are far apart; and these two.

    The sizes are such that each usual mistake has a spread of its own at the first shape.
    """
    for kernel in (draw.choice([(3, 4), (4, 3)]), (), (5,)):
        area = math.prod(kernel)
        a = math.ceil(math.sqrt(6000 / area)) + draw.randint(0, 3)
        b = round(a * draw.uniform(5.7, 6.3))
        out, channels = (a, b) if kernel == () else (b, a)
        yield (out, channels, *kernel), channels * area, out * area


def _drawn(trial: Trial, shape: tuple[int, ...], hint: str = "") -> Tensor:
    """What came out, if it is a tensor of this shape without inf or nan."""
    out = trial.out
    if not isinstance(out, Tensor) or tuple(out.shape) != shape or not out.is_floating_point():
        floats = isinstance(out, Tensor) and out.is_floating_point()
        kind = out.dtype if floats else torch.get_default_dtype()
        trial.expect(torch.zeros(shape, dtype=kind), got=out, hint=hint)
    if not out.isfinite().all():
        raise trial.wrong(t("There is inf or nan in it."))
    return out.detach().double()


def _spread(
    trial: Trial, values: Tensor, want: float, suspects: Mapping[str, Any], what: str = ""
) -> None:
    """Wrong unless the standard deviation is `want`, within 3%: 8 standard errors and more.

    The numbers must be many, of mean 0, and drawn one by one.
    """
    found = values.std().item()
    head = t("Wrong: {a}.", a=what or t("the standard deviation"))
    if abs(values.mean().item()) > 0.05 * found:
        raise trial.wrong(
            *([head] if what else []),
            t("The mean of the numbers is {a}; it must be 0.", a=f"{values.mean().item():.3g}"),
            hint=t("The distribution is symmetric around 0."),
        )
    if values.unique().numel() < values.numel() / 2:
        raise trial.wrong(
            *([head] if what else []),
            t("Most of the numbers occur more than once."),
            hint=t("Each number of the weight is drawn by itself: draw the whole shape."),
        )
    if abs(found / want - 1) < 0.03:
        return
    hints = [
        hint
        for hint, several in suspects.items()
        for std in (several if isinstance(several, Either) else (several,))
        if abs(found / std - 1) < 0.03 < abs(std / want - 1)
    ]
    raise trial.wrong(
        head,
        t("Came out: {a}", a=f"{found:.4g}"),
        t("Expected: {a}", a=f"{want:.4g}"),
        hint=hints[0] if hints else t("Which of the fans, which factor, and is a root missing?"),
    )


def _fourth(values: Tensor) -> float:
    """The mean of the fourth powers, of numbers divided by their standard deviation."""
    return (values**4).mean().item() / values.std().item() ** 4


def _normal(trial: Trial, values: Tensor, what: str = "") -> None:
    """Wrong unless the fourth moment is a normal distribution's."""
    fourth = _fourth(values)
    if not 2.5 < fourth < 3.5:  # 3 of a normal distribution, 1.8 of a uniform one
        raise trial.wrong(
            *([t("Wrong: {a}.", a=what)] if what else []),
            t("These numbers are not normally distributed."),
            hint=t("The standard deviation is right; normal numbers come from torch.randn."),
        )


def _repeats(answer: Any, make: Callable[[int], dict[str, Any]]) -> None:
    """The generator, and nothing else, decides what is drawn."""
    first, again, other = (Trial(answer, forbid=INIT, **make(seed)) for seed in (1, 1, 2))
    if not torch.equal(first.out, again.out):
        raise first.wrong(
            t("Twice the same generator, twice other numbers."),
            hint=t("Draw from the generator that you are given: generator=generator."),
        )
    if torch.equal(first.out, other.out):
        raise first.wrong(
            t("Two different generators, and the same numbers."),
            hint=t("Draw from the generator that you are given: generator=generator."),
        )
    inputs = make(3)
    once, twice = (
        Trial(answer, forbid=INIT, in_place="generator", **inputs).out.clone() for _ in range(2)
    )
    if torch.equal(once, twice):
        raise first.wrong(
            t("One generator, used twice, and the same numbers both times."),
            hint=t("Draw from it: a new one with its seed begins anew, for every layer."),
        )


def xavier_uniform(answer: Any) -> str:
    """`xavier_uniform(shape, generator)`: U(-a, a), a² = 6/(fan_in + fan_out)."""
    draw = Draw()
    for shape, n_in, n_out in _wide(draw):
        kernel = shape[2:]
        area = math.prod(kernel)
        generator = torch.Generator().manual_seed(draw.getrandbits(40))
        trial = Trial(answer, forbid=INIT, shape=shape, generator=generator)
        values = _drawn(trial, shape)
        std = math.sqrt(2 / (n_in + n_out))
        if values.min() >= 0:
            raise trial.wrong(
                t("There is no negative number: the interval is [-a, a]."),
                hint=t("torch.rand gives numbers from 0 to 1: stretch them and move them."),
            )
        _spread(
            trial,
            values,
            std,
            {
                t("a is √3 times the standard deviation: here they were taken to be equal."): (
                    std / math.sqrt(3)
                ),
                t("Only fan_in was used; Xavier takes the mean of both."): Either(
                    (math.sqrt(2 / n_in), math.sqrt(1 / n_in))
                ),
                t("Only fan_out was used; Xavier takes the mean of both."): Either(
                    (math.sqrt(2 / n_out), math.sqrt(1 / n_out))
                ),
                t("fan_out counts the kernel's positions, too."): math.sqrt(
                    2 / (n_in + n_out // area)
                ),
                t("The kernel need not be square: its sides are multiplied."): Either(
                    std * math.sqrt(area / side**2) for side in kernel
                ),
                t("a was taken for the standard deviation of normal numbers."): math.sqrt(3) * std,
                t("6 was divided by the mean of the fans; equation 16 has their sum."): (
                    math.sqrt(2) * std
                ),
                t("The kernel's positions are missing: each is one more input."): (
                    std * math.sqrt(area)
                ),
                t("The root is missing."): 6 / (n_in + n_out) / math.sqrt(3),
                t("The root was drawn from the 6 only."): math.sqrt(2) / (n_in + n_out),
                t("fan_in and fan_out were multiplied, not added."): math.sqrt(2 / n_in / n_out),
                t("The variance is 1/(fan_in + fan_out) here; equation 12 has 2."): (
                    std / math.sqrt(2)
                ),
            },
        )
        fourth = _fourth(values)
        if fourth < 1.7:  # 1.8 of a uniform distribution, 1 of two values
            raise trial.wrong(
                t("These numbers are not uniformly distributed."),
                hint=t("The standard deviation is right; uniform numbers come from torch.rand."),
            )
        if values.abs().max() > 1.001 * math.sqrt(3) * std:
            raise trial.wrong(
                t("There are numbers beyond ±a = ±{a}.", a=f"{math.sqrt(3) * std:.4g}"),
                hint=t("The standard deviation is right, but the distribution must be uniform."),
            )
    _repeats(
        answer, lambda seed: {"shape": (5, 4), "generator": torch.Generator().manual_seed(seed)}
    )
    return t("Uniform on [-a, a] with Xavier's a, drawn from the given generator.")


def he_normal(answer: Any) -> str:
    """`he_normal(shape, generator, mode)`: N(0, 2/fan)."""
    draw = Draw()
    modes = ("fan_in", "fan_out")
    for (shape, n_in, n_out), mode in itertools.product(_wide(draw), modes):
        area = math.prod(shape[2:])
        fan, other = (n_in, n_out) if mode == "fan_in" else (n_out, n_in)
        generator = torch.Generator().manual_seed(draw.getrandbits(40))
        trial = Trial(answer, forbid=INIT, shape=shape, generator=generator, mode=mode)
        values, std = _drawn(trial, shape), math.sqrt(2 / fan)
        _spread(
            trial,
            values,
            std,
            {
                t("This is the other fan: look at `mode`, and at (out, in, …)."): math.sqrt(
                    2 / other
                ),
                t("The factor 2 is missing: a ReLU lets only half of the square pass."): math.sqrt(
                    1 / fan
                ),
                t("This is the variance; normal_ and randn want the standard deviation."): 2 / fan,
                t("The kernel's positions are missing: each is one more input."): (
                    std * math.sqrt(area)
                ),
                t("This is Xavier's variance, with the mean of both fans."): math.sqrt(
                    2 / (n_in + n_out)
                ),
                t("A bound of √(2/fan) was taken for a uniform distribution."): std / math.sqrt(3),
                t("The kernel need not be square: its sides are multiplied."): Either(
                    std * math.sqrt(area / side**2) for side in shape[2:]
                ),
            },
        )
        _normal(trial, values)
    for mode in modes:

        def make(seed: int, mode: str = mode) -> dict[str, Any]:
            generator = torch.Generator().manual_seed(seed)
            return {"shape": (5, 4), "generator": generator, "mode": mode}

        _repeats(answer, make)
    return t("Normal, with variance 2/fan for both modes, drawn from the given generator.")


def _model(draw: Draw) -> nn.Sequential:
    """Layers inside layers, as if they had been trained: no number is 0 or 1 by itself."""
    a, b = draw.randint(70, 90), draw.randint(20, 25)
    model = nn.Sequential(
        nn.Conv2d(b, a, 3, bias=True),
        nn.BatchNorm2d(a),
        nn.ReLU(),
        nn.Sequential(nn.Conv2d(a, 3 * a, 3, bias=False), nn.BatchNorm2d(3 * a)),
        nn.Sequential(nn.Sequential(nn.Linear(3 * a, 9 * a), nn.Linear(9 * a, 3 * b))),
        nn.Sequential(nn.Conv1d(3, 4, 5), nn.Embedding(5, 4), nn.LayerNorm(4), nn.BatchNorm1d(3)),
    )
    model.register_parameter("scale", nn.Parameter(torch.zeros(3, 4)))
    with torch.no_grad():
        for value in (*model.parameters(), *model.buffers()):
            if value.is_floating_point():
                value.copy_(draw.tensor(*value.shape) + 3)
            else:  # num_batches_tracked
                value.fill_(7)
    return model


def initialize(answer: Any) -> str:
    """`initialize(model)`: He (fan_in) for all convolutions and linear layers, in place."""
    draw = Draw()
    for _ in range(2):
        model = _model(draw)
        objects = dict(model.named_parameters())
        buffers = {name: value.clone() for name, value in model.named_buffers()}
        old = {name: value.detach().clone() for name, value in objects.items()}
        others = t("Only the parameters of Conv2d, Linear, and BatchNorm2d are changed.")
        starts: list[list[float]] = []
        trial = Trial(
            answer,
            forbid=INIT,
            in_place="model",
            hint=t("Is it under torch.no_grad()? And does each layer have a bias?"),
            model=model,
        )
        if trial.out is not model:
            raise trial.wrong(
                t("It must change the model that it is given, and return it."),
                t("Came out: {a}", a=type(trial.out).__name__),
            )
        for name, parameter in model.named_parameters():
            if parameter is not objects[name] or not parameter.requires_grad:
                raise trial.wrong(
                    t("{a} is another parameter now, or can no longer be learned.", a=name),
                    hint=t("Change the numbers in it (copy_ under no_grad); keep the object."),
                )
            module = model.get_submodule(name.rpartition(".")[0])
            kind = type(module).__name__
            if not isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                trial.expect(old[name], got=parameter.detach(), what=name, hint=others)
                continue
            if isinstance(module, nn.BatchNorm2d) or name.endswith("bias"):
                want = float(isinstance(module, nn.BatchNorm2d) and name.endswith("weight"))
                same = torch.equal(parameter, old[name])
                if not bool((parameter == want).all()):
                    raise trial.wrong(
                        t("{a} of the {b} must be {c} everywhere.", a=name, b=kind, c=int(want)),
                        t("Came out: {a}", a=_first(parameter)),
                        hint=t("It was not touched.")
                        if same
                        else t("Biases and β are 0, γ is 1: none of them is drawn."),
                    )
                continue
            if torch.equal(parameter, old[name]):
                drawn = [
                    n for n, p in objects.items() if p.dim() > 1 and not torch.equal(p, old[n])
                ]
                alike = [
                    n
                    for n in drawn
                    if type(model.get_submodule(n.rpartition(".")[0])) is type(module)
                ]
                raise trial.wrong(
                    t("{a} of a {b} has not been drawn.", a=name, b=kind),
                    hint=t("model.modules() goes through layers inside layers as well.")
                    if alike
                    else t("Which two kinds of layer are drawn?")
                    if drawn
                    else t("w = … only gives a name to something new; w.copy_(…) changes w."),
                )
            if abs(parameter.mean().item() - 3) < 0.5:  # the old numbers are around 3
                raise trial.wrong(
                    t("The old numbers are still in {a} of a {b}.", a=name, b=kind),
                    hint=t("Replace them, by copy_: they are not added to."),
                )
            n_in, n_out = init.fans(parameter)
            _spread(
                trial,
                parameter.detach().double(),
                math.sqrt(2 / n_in),
                {
                    t("This is fan_out's variance; asked is fan_in."): math.sqrt(2 / n_out),
                    t("The factor 2 is missing: a ReLU lets only half of the square pass."): (
                        math.sqrt(1 / n_in)
                    ),
                    t("This is Xavier's variance, with the mean of both fans."): math.sqrt(
                        2 / (n_in + n_out)
                    ),
                    t("This is the variance; normal_ and randn want the standard deviation."): (
                        2 / n_in
                    ),
                    t("The kernel's positions are missing: each is one more input."): math.sqrt(
                        2 / parameter.shape[1]
                    ),
                },
                t("the standard deviation of {a} ({b})", a=name, b=kind),
            )
            _normal(trial, parameter.detach().double(), f"{name} ({kind})")
            start = (parameter.detach().flatten()[:5] * math.sqrt(n_in)).tolist()
            if any(close(start, other, 1e-4) for other in starts):
                raise trial.wrong(
                    t("{a} begins with the same numbers as another layer.", a=name),
                    hint=t("A new generator with the same seed begins anew, for every layer."),
                )
            starts.append(start)
        for name, value in buffers.items():
            trial.expect(value, got=model.get_buffer(name), what=name, hint=others)
        if not all(module.training for module in model.modules()):
            raise trial.wrong(
                t("It stands in eval() now: it was in train() when it came."), hint=others
            )
    return t("All convolutions and linear layers are drawn, biases and β are 0, γ is 1.")


def _first(values: Tensor) -> str:
    return ", ".join(f"{v:.3g}" for v in values.flatten()[:3].tolist()) + ", …"


def dropout(answer: Any) -> str:
    """`dropout(x, p, training, generator)`: inverted dropout."""
    draw = Draw()
    forbid = ("dropout", "dropout_", "dropout2d", "alpha_dropout", "feature_dropout")

    def make(p: float, training: bool, seed: int, x: Tensor) -> dict[str, Any]:
        generator = torch.Generator().manual_seed(seed)
        return {"x": x, "p": p, "training": training, "generator": generator}

    for shape in ((20, 30, 10, 11), (200, 330)):
        p = draw.uniform(0.15, 0.4)
        x = draw.tensor(*shape)
        x += 0.5 * x.sign()
        seed = draw.getrandbits(40)
        still = Trial(answer, forbid=forbid, **make(p, False, seed, x))
        still.expect(
            x,
            {
                t("Scaled in evaluation: inverted dropout scales in training."): x * (1 - p),
                t("Scaled in evaluation, and by p."): x * p,
            },
            what=t("the output with training=False"),
            hint=t("In evaluation nothing is dropped."),
        )
        trial = Trial(answer, forbid=forbid, **make(p, True, seed, x))
        out = _drawn(trial, shape, t("Numbers become 0; none is taken out of x."))
        zero = out == 0
        share = zero.double().mean().item()
        factor = (out / x)[~zero]
        if not bool(zero.any()) or share == 1:
            raise trial.wrong(
                t("A share of {a} of the numbers is 0.", a=f"{share:.0%}"),
                t("Expected: {a}", a=f"{p:.0%}"),
                hint=t("A number that is dropped must become exactly 0: look at the brackets."),
            )
        by_itself = t("The mask has the shape of x: each number is drawn by itself.")
        for axes, whole in (
            (1, t("Whole images are dropped.")),
            (2, t("Whole channels are dropped.")),
        ):
            if axes < len(shape) and bool((zero.flatten(axes).double().std(-1) == 0).all()):
                raise trial.wrong(whole, hint=by_itself)
        for axis, whole in enumerate(
            (t("image"), t("channel"), t("row"), t("column"))[: len(shape)]
        ):
            if bool((zero == zero.select(axis, 0).unsqueeze(axis)).all()):
                raise trial.wrong(t("Every {a} has lost the same places.", a=whole), hint=by_itself)
        want = 1 / (1 - p)
        found = factor[(factor - want).abs().argmax()].item()
        if abs(share - p) > 0.02:
            raise trial.wrong(
                t("A share of {a} of the numbers is 0.", a=f"{share:.1%}"),
                t("Expected: {a}", a=f"{p:.1%}"),
                hint=t("p is the probability to be dropped, not to be kept.")
                if abs(share - (1 - p)) < 0.02
                else t("Is each number dropped by itself, with probability p?"),
            )
        if not torch.allclose(factor, torch.full_like(factor, want), rtol=1e-4):
            raise trial.wrong(
                t("The numbers that remain are multiplied by {a}.", a=f"{found:.6g}"),
                t("Expected: {a}", a=f"{want:.6g}"),
                hint=t("This divides by the share that happened to remain, not by 1 - p.")
                if abs(found - 1 / (1 - share)) < 1e-4
                else t("The mean must stay what it was: how much of it is left otherwise?"),
            )
    x = draw.tensor(4, 5, 6)
    Trial(answer, forbid=forbid, **make(0.0, True, 1, x)).expect(
        x, hint=t("With p = 0 nothing is dropped.")
    )
    for training in (True, False):
        x = draw.tensor(4, 5, 6).requires_grad_()
        trial = Trial(answer, forbid=forbid, **make(0.5, training, 1, x))
        if not trial.out.requires_grad:
            raise trial.wrong(
                t("No gradient comes back to x."),
                hint=t("The network learns through dropout: nothing in it may be detached."),
            )
    small = draw.tensor(4, 5, 6, 7)
    _repeats(answer, lambda seed: make(0.5, True, seed, small))
    return t("Dropped with probability p, the rest scaled; in evaluation nothing changes.")


def gain(answer: Any) -> str:
    """`gain(activation)`: 1/√E[f(z)²] for z of N(0, 1), for any activation function."""
    draw = Draw()
    slope, factor = draw.uniform(0.1, 0.4), draw.uniform(2, 3)
    z = torch.linspace(-9, 9, 200_001, dtype=torch.float64)
    density = torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])

    def relu(x: Tensor) -> Tensor:
        return x.clamp(min=0)

    def leaky(x: Tensor) -> Tensor:
        return torch.where(x > 0, x, slope * x)

    def scaled(x: Tensor) -> Tensor:
        return factor * x

    def squashed(x: Tensor) -> Tensor:
        return torch.tanh(factor * x)

    wrong: list[tuple[Trial, float, dict[str, Any]]] = []
    for function in (relu, leaky, scaled, squashed):
        y = function(z)
        second = (y.square() * density).sum().item()
        first, size = (y * density).sum().item(), (y.abs() * density).sum().item()
        want = 1 / math.sqrt(second)
        trial = Trial(answer, activation=function)
        if not close(trial.out, want, 0.02):
            faults = {
                t("This is √2, the gain of the ReLU: wanted is that of any function."): math.sqrt(
                    2
                ),
                t("This is the square of it: a gain multiplies the standard deviation."): 1
                / second,
                t("This is its inverse: the gain makes up for what the function takes away."): (
                    math.sqrt(second)
                ),
                t("The mean was subtracted. What the next layer adds up is f(z)², mean and all."): (
                    1 / math.sqrt(second - first**2)
                ),
                t("The mean of |f(z)| was used; variances need the mean of the square."): 1 / size,
                t("Only positive z were used: negative ones count, too."): (
                    1 / math.sqrt(2 * (y.square() * density)[z > 0].sum().item())
                ),
            }
            wrong.append((trial, want, faults))
    explain(
        wrong,
        t("z is N(0, 1). How large is the mean of f(z)²? How large should it be?"),
        tolerance=0.02,
    )
    return t("The gain is right within 2% for ReLU, leaky ReLU, and other functions.")


CHECKS: dict[str, Callable[[Any], str]] = {
    "fans": fans,
    "xavier_uniform": xavier_uniform,
    "he_normal": he_normal,
    "initialize": initialize,
    "dropout": dropout,
    "gain": gain,
}
