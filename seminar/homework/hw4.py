"""Homework 4: batch normalization. S. Ioffe, C. Szegedy, arXiv:1502.03167, algorithms 1 and 2."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..catalogue import t
from .trial import Draw, Either, Trial, loss_of

AXES = (0, 2, 3)
FORBIDDEN = ("batch_norm", "native_batch_norm", "instance_norm", "group_norm", "layer_norm")
FUSED = ("fuse_conv_bn_eval", "fuse_conv_bn_weights")


def _batch(draw: Draw) -> Tensor:
    """A mini-batch whose channels differ in mean and in size; N, C, H, W differ, too."""
    n, c, h, w = draw.sample(range(2, 7), 4)
    size, shift = draw.tensor(1, c, 1, 1).exp(), draw.tensor(1, c, 1, 1)
    return draw.tensor(n, c, h, w) * size + 2 * shift


def _by_channel(values: Tensor) -> Tensor:
    return values[:, None, None]


def batch_statistics(answer: Any) -> str:
    """`batch_statistics(x)` → mean and biased variance of each channel."""
    draw = Draw()
    for _ in range(5):
        x = _batch(draw)
        trial = Trial(answer, forbid=FORBIDDEN, x=x)
        mean, var = trial.parts("mean", "var")
        trial.expect(
            x.mean(AXES),
            {
                t("One mean for all channels together? Each channel has its own."): x.mean(),
                t("These are means over N only: each position keeps its own."): x.mean(0),
                t("These are means over H and W only: each image keeps its own."): x.mean((2, 3)),
                t("Here the axes 1 to 3 were averaged: that is a mean for each image."): x.mean(
                    (1, 2, 3)
                ),
                t("The axes that were averaged are still there, with size 1."): x.mean(
                    AXES, keepdim=True
                ),
            },
            got=mean,
            what="mean",
            hint=t("Which axes of (N, C, H, W) does one channel's mean run over?"),
        )
        trial.expect(
            x.var(AXES, correction=0),
            {
                t("The sum of squares was divided by m - 1. Which does algorithm 1 use?"): x.var(
                    AXES
                ),
                t("This is the standard deviation."): x.std(AXES, correction=0),
                t("This is the mean of the squares: the mean was not subtracted."): x.square().mean(
                    AXES
                ),
            },
            got=var,
            what="var",
            hint=t("The variance is the mean squared distance from the channel's own mean."),
        )
    return t("Mean and variance of each channel agree with algorithm 1, divided by m, not m - 1.")


def bn_forward(answer: Any) -> str:
    """`bn_forward(x, gamma, beta, eps)` → y of algorithm 1."""
    draw = Draw()
    # The large ones first: beside a small one, no ε and ε² look alike.
    for eps in (draw.uniform(0.3, 1.0), draw.uniform(0.3, 1.0), draw.uniform(1e-3, 1e-2)):
        x = _batch(draw)
        c = x.shape[1]
        gamma, beta = draw.tensor(c), draw.tensor(c)
        trial = Trial(answer, forbid=FORBIDDEN, x=x, gamma=gamma, beta=beta, eps=eps)
        g, b = _by_channel(gamma), _by_channel(beta)
        away = x - x.mean(AXES, keepdim=True)
        var = x.var(AXES, correction=0, keepdim=True)
        unbiased = x.var(AXES, keepdim=True)
        whole = x - x.mean()
        trial.expect(
            F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps),
            {
                t("These numbers have no ε in them."): g * away / var.sqrt() + b,
                t("Here ε was added after the square root."): g * away / (var.sqrt() + eps) + b,
                t("Here ε was added squared."): g * away / (var + eps**2).sqrt() + b,
                t("The sum of squares was divided by m - 1. Which does algorithm 1 use?"): (
                    g * away / (unbiased + eps).sqrt() + b
                ),
                t("It was divided by the variance, not by its square root."): (
                    g * away / (var + eps) + b
                ),
                t("The mean was not subtracted."): g * x / (var + eps).sqrt() + b,
                t("This is x̂: what do γ and β do?"): away / (var + eps).sqrt(),
                t("γ is missing."): away / (var + eps).sqrt() + b,
                t("β is missing."): g * away / (var + eps).sqrt(),
                t("Here γ multiplies β as well."): g * (away / (var + eps).sqrt() + b),
                t("All channels were normalized together: each has its own mean and variance."): (
                    g * whole / (x.var(correction=0) + eps).sqrt() + b
                ),
                t("Each position has its own statistics here: a channel's go over H and W, too."): (
                    g * (x - x.mean(0)) / (x.var(0, correction=0) + eps).sqrt() + b
                ),
                t("Each image has its own statistics here: that is instance normalization."): (
                    F.instance_norm(x, weight=gamma, bias=beta, eps=eps)
                ),
            },
            hint=t("Go through algorithm 1 line by line: μ, σ², x̂, y. Which one differs?"),
        )
    return t("y agrees with algorithm 1 on random batches in float64, with large ε as well.")


def bn_backward(answer: Any) -> str:
    """`bn_backward(dy, x, gamma, eps)` → dx, dgamma, dbeta, as autograd finds them."""
    draw = Draw()
    for _ in range(4):
        x, eps = _batch(draw), draw.uniform(0.1, 0.5)
        gamma = draw.tensor(x.shape[1])
        dy = draw.tensor(*x.shape) + 0.5  # a mean that does not vanish
        trial = Trial(
            answer, forbid=(*FORBIDDEN, "backward", "grad"), dy=dy, x=x, gamma=gamma, eps=eps
        )
        dx, dgamma, dbeta = trial.parts("dx", "dgamma", "dbeta")
        away, biased = x - x.mean(AXES, keepdim=True), x.var(AXES, correction=0, keepdim=True)
        sigma = (biased + eps).sqrt()
        x_hat = away / sigma
        trial.expect(
            dy.sum(AXES),
            {
                t("Averaged: β is added at m places, and their gradients add up."): dy.mean(AXES),
                t("Summed over the images only: β is the same at every position, too."): dy.sum(0),
                t("The axes that were summed are still there, with size 1."): dy.sum(
                    AXES, keepdim=True
                ),
            },
            got=dbeta,
            what="dbeta",
            hint=t("y = γ x̂ + β: where does one channel's β appear, and how often?"),
        )
        trial.expect(
            (dy * x_hat).sum(AXES),
            {
                t("Averaged: γ appears at m places, and their gradients add up."): (
                    (dy * x_hat).mean(AXES)
                ),
                t("This multiplies dy by x; γ is multiplied by x̂."): (dy * x).sum(AXES),
                t("This multiplies dy by x - μ: the division by σ is missing."): (
                    (dy * x_hat * sigma).sum(AXES)
                ),
                t("x̂ has no ε in it here."): (dy * away / biased.sqrt()).sum(AXES),
                t("The sum of squares was divided by m - 1. Which does algorithm 1 use?"): (
                    (dy * away / (x.var(AXES, keepdim=True) + eps).sqrt()).sum(AXES)
                ),
            },
            got=dgamma,
            what="dgamma",
            hint=t("y = γ x̂ + β: what is γ multiplied by?"),
        )
        g = dy * _by_channel(gamma)
        mean, product = g.mean(AXES, keepdim=True), (g * x_hat).mean(AXES, keepdim=True)
        m = x.numel() // x.shape[1]
        trial.expect(
            (g - mean - x_hat * product) / sigma,
            {
                t("x also acts through μ and through σ²: those two ways are missing."): g / sigma,
                t("The way through σ² is missing."): (g - mean) / sigma,
                t("The way through μ is missing."): (g - x_hat * product) / sigma,
                t("The ways through μ and through σ² have a minus: look at the signs."): Either(
                    (g + a * mean + b * x_hat * product) / sigma
                    for a, b in ((1, 1), (1, -1), (-1, 1))
                ),
                t("γ is missing: y = γ x̂ + β."): (
                    dy - dy.mean(AXES, keepdim=True) - x_hat * (dy * x_hat).mean(AXES, keepdim=True)
                )
                / sigma,
                t("The division by σ is missing."): g - mean - x_hat * product,
                t("Sums stand where means should: each is too large by the factor m."): (
                    (g - m * mean - m * x_hat * product) / sigma
                ),
                t("It was divided by σ² instead of σ."): (g - mean - x_hat * product) / sigma**2,
            },
            got=dx,
            what="dx",
            hint=t("x acts on the loss in three ways: directly, through μ, through σ²."),
        )
    return t("dx, dgamma and dbeta agree with autograd on random batches in float64.")


def running_statistics(answer: Any) -> str:
    """`running_statistics(mean, var, x, momentum)` → the two after one more batch."""
    draw = Draw()
    for _ in range(4):
        x, momentum = _batch(draw), draw.uniform(0.05, 0.4)
        mean, var = draw.tensor(x.shape[1]), draw.tensor(x.shape[1]).exp()
        trial = Trial(answer, forbid=FORBIDDEN, mean=mean, var=var, x=x, momentum=momentum)
        new_mean, new_var = trial.parts("mean", "var")
        now, unbiased, biased = x.mean(AXES), x.var(AXES), x.var(AXES, correction=0)

        def moved(old: Tensor, new: Tensor, step: float = momentum) -> Tensor:
            return (1 - step) * old + step * new

        def suspects(old: Tensor, new: Tensor, step: float = momentum) -> dict[str, Tensor]:
            return {
                t("Here momentum weighs the old value. In PyTorch it weighs the new one."): moved(
                    old, new, 1 - step
                ),
                t("This is the batch's own value: the old one has been forgotten."): new,
                t("The old value has not moved."): old,
                t("The old value was not made smaller by 1 - momentum."): old + step * new,
            }

        trial.expect(
            moved(mean, now),
            suspects(mean, now),
            got=new_mean,
            what="mean",
            hint=t("The new mean lies between the old one and the batch's."),
        )
        biased_hint = t(
            "The variance was divided by m. The running one is to estimate the variance of all "
            "images, of which the batch is a sample."
        )
        trial.expect(
            moved(var, unbiased),
            {
                biased_hint: moved(var, biased),
                t("The standard deviation was averaged, not the variance."): moved(
                    var, unbiased.sqrt()
                ),
                t("m is how many numbers a channel has: N · H · W."): Either(
                    moved(var, biased * m / (m - 1)) for m in (len(x), x[0, 0].numel())
                ),
                **suspects(var, unbiased),
                t("Momentum the wrong way round, and divided by m."): moved(
                    var, biased, 1 - momentum
                ),
            },
            got=new_var,
            what="var",
            hint=t("The new variance lies between the old one and the batch's."),
        )
    return t("Mean and variance move as in PyTorch: the variance unbiased, divided by m - 1.")


def _pair(answer: Any, channels: int, draw: Draw) -> tuple[nn.Module, nn.BatchNorm2d]:
    """The student's layer and torch's, with the same γ and β."""
    trial = Trial(answer, num_features=channels)
    layer, reference = trial.module(), nn.BatchNorm2d(channels)
    names, found = set(reference.state_dict()), set(layer.state_dict())
    names -= {"num_batches_tracked"}
    if missing := sorted(names - found):
        raise trial.wrong(
            t("The layer's state_dict() lacks {a}.", a=", ".join(missing)),
            t("It has: {a}", a=", ".join(sorted(found)) or "–"),
            hint=t("What training changes is an nn.Parameter, or is kept by register_buffer."),
        )
    parameters = {name for name, _ in layer.named_parameters()}
    if wrong := sorted({"running_mean", "running_var"} & parameters):
        raise trial.wrong(
            t("{a} is an nn.Parameter.", a=wrong[0]),
            hint=t("The optimizer would change it: the batches move it, not the gradient."),
        )
    if wrong := sorted({"weight", "bias"} - parameters):
        raise trial.wrong(
            t("{a} is no nn.Parameter.", a=wrong[0]),
            hint=t("The optimizer sees only parameters."),
        )
    for name in sorted(names):
        trial.expect(
            reference.state_dict()[name],
            got=layer.state_dict()[name].float(),
            what=name,
            hint=t("A new layer must leave x̂ as it is, and assume mean 0 and variance 1."),
        )
    with torch.no_grad():
        for name in ("weight", "bias"):
            value = draw.tensor(channels)
            for module in (layer, reference):
                module.double().get_parameter(name).copy_(value)
    return layer, reference


def batch_norm_layer(answer: Any) -> str:
    """`BatchNorm(num_features)`: an nn.Module that does what nn.BatchNorm2d does."""
    draw = Draw()
    for _ in range(3):
        c = draw.randint(2, 5)
        layer, reference = _pair(answer, c, draw)
        for size in (3, 0.02, 3):  # ε shows where σ² is small
            x = size * draw.tensor(draw.randint(2, 5), c, draw.randint(2, 5), 3) + 1
            before = _running(reference)[1].clone()
            want = reference.train()(x)
            trial = _apply(layer.train(), x)
            trial.expect(
                want.detach(),
                {
                    t("In training it used the running statistics, not the batch's."): (
                        _evaluated(reference, x)
                    ),
                    **_with_statistics(reference, x),
                },
                what=t("the output in train()"),
            )
            moved = {
                t("The running variance took the biased variance (m): PyTorch takes m - 1."): (
                    0.9 * before + 0.1 * x.var(AXES, correction=0)
                ),
                t("Has not moved in train(): is it updated in place, and kept as a buffer?"): (
                    before
                ),
                t("Momentum weighs the old value here; in PyTorch it weighs the new one."): (
                    0.1 * before + 0.9 * x.var(AXES)
                ),
            }
            trial.expect(
                reference.running_mean,
                got=layer.running_mean,
                what="running_mean",
                hint=t("After a step in train() it moves by momentum = 0.1 towards the batch's."),
            )
            trial.expect(reference.running_var, moved, got=layer.running_var, what="running_var")
        x = 2 * draw.tensor(draw.randint(1, 3), c, 4, 4) - 1
        kept, var = (value.clone() for value in _running(reference))
        for module in (layer, reference):
            module.running_var = var / 1000
        trial = _apply(layer.eval(), x)
        trial.expect(
            reference.eval()(x).detach(),
            {
                t("In eval() it still uses the batch's own statistics."): F.batch_norm(
                    x, None, None, reference.weight, reference.bias, training=True
                ).detach(),
                t("In eval() ε is missing."): _evaluated(reference, x, eps=0),
                t("In eval() ε was added after the square root."): _outside(reference, x),
                t("In eval() γ and β are missing."): F.batch_norm(x, *_running(reference)),
            },
            what=t("the output in eval()"),
            hint=t("In eval() the layer is a fixed formula with the running statistics."),
        )
        trial.expect(
            kept,
            got=layer.running_mean,
            what="running_mean",
            hint=t("A batch in eval() must not move the running statistics."),
        )
        for training in (True, False):
            _trains(layer.train(training), reference.train(training), draw.tensor(4, c, 3, 3))
        if any(value.requires_grad for value in layer.buffers()):
            raise trial.wrong(
                t("The running statistics carry the graph of the batch along."),
                hint=t("They are numbers to remember: compute them under torch.no_grad()."),
            )
    return t(
        "Output, running statistics and gradients are nn.BatchNorm2d's, in train() and in eval()."
    )


def _running(bn: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    assert bn.running_mean is not None
    assert bn.running_var is not None
    return bn.running_mean, bn.running_var


def _apply(layer: nn.Module, x: Tensor) -> Trial:
    """layer(x), by a function: a module would be copied with its statistics."""
    return Trial(lambda x: layer(x), forbid=FORBIDDEN, x=x)


def _evaluated(bn: nn.BatchNorm2d, x: Tensor, eps: float = 1e-5) -> Tensor:
    return F.batch_norm(x, *_running(bn), bn.weight, bn.bias, eps=eps).detach()


def _outside(bn: nn.BatchNorm2d, x: Tensor) -> Tensor:
    mean, var = map(_by_channel, _running(bn))
    weight, bias = _by_channel(bn.weight.detach()), _by_channel(bn.bias.detach())
    return weight * (x - mean) / (var.sqrt() + 1e-5) + bias


def _with_statistics(bn: nn.BatchNorm2d, x: Tensor) -> dict[str, Tensor]:
    """What usual mistakes in training give."""
    away, weight, bias = x - x.mean(AXES, keepdim=True), bn.weight.detach(), bn.bias.detach()
    biased = away / (x.var(AXES, correction=0, keepdim=True) + 1e-5).sqrt()
    unbiased = away / (x.var(AXES, keepdim=True) + 1e-5).sqrt()
    return {
        t("In training the batch's variance is divided by m, not by m - 1."): (
            _by_channel(weight) * unbiased + _by_channel(bias)
        ),
        t("γ and β are missing."): biased,
        t("In training ε is missing."): (
            _by_channel(weight) * away / x.var(AXES, correction=0, keepdim=True).sqrt()
            + _by_channel(bias)
        ),
        t("In training ε was added after the square root."): (
            _by_channel(weight) * away / (x.std(AXES, correction=0, keepdim=True) + 1e-5)
            + _by_channel(bias)
        ),
    }


def _trains(layer: nn.Module, reference: nn.Module, x: Tensor) -> None:
    """The gradients of x and of γ must be torch's: μ and σ² are functions of x."""

    def gradients(module: nn.Module, x: Tensor) -> dict[str, Tensor | None]:
        leaf = x.clone().requires_grad_()
        y = module(leaf)
        if not y.requires_grad:
            return {"∂L/∂x": None, "∂L/∂γ": None}
        module.zero_grad()
        loss_of(y).backward()
        return {"∂L/∂x": leaf.grad, "∂L/∂γ": module.get_parameter("weight").grad}

    trial = Trial(lambda x: gradients(layer, x), forbid=FORBIDDEN, x=x)
    for name, want in gradients(reference, x).items():
        if trial.out[name] is None:
            raise trial.wrong(
                t("No gradient reaches {a}.", a=name),
                hint=t("Only the running statistics belong under torch.no_grad()."),
            )
        trial.expect(
            want,
            got=trial.out[name],
            what=name,
            hint=t("Are the batch's μ and σ² computed under no_grad(), or detached?"),
        )


def fold(answer: Any) -> str:
    """`fold(conv, bn)` → one convolution that does what both do in eval()."""
    draw = Draw()
    for has_bias, kernel in ((False, (3, 3)), (True, (1, 1)), (False, (5, 3))):
        c_in, c_out = draw.randint(1, 3), draw.randint(2, 4)
        stride, padding = draw.randint(1, 2), draw.randint(0, 1)
        conv = nn.Conv2d(c_in, c_out, kernel, stride=stride, padding=padding, bias=has_bias)
        conv = conv.double()
        bn = nn.BatchNorm2d(c_out, eps=0.1).double().eval()
        with torch.no_grad():
            mean, var = _running(bn)
            for value in (*conv.parameters(), *bn.parameters(), mean):
                value.copy_(draw.tensor(*value.shape))
            var.copy_(draw.tensor(c_out).exp())
        trial = Trial(answer, forbid=FUSED, conv=conv, bn=bn)
        folded = trial.module()
        if not isinstance(folded, nn.Conv2d):
            raise trial.wrong(
                t("It must return one nn.Conv2d."), t("Came out: {a}", a=type(folded).__name__)
            )
        if folded.kernel_size != kernel:
            raise trial.wrong(
                t("The kernel must be as large as that of the given convolution."),
                t("Came out: {a}", a=folded.kernel_size),
                t("Expected: {a}", a=kernel),
            )
        if (folded.stride, folded.padding) != (conv.stride, conv.padding):
            raise trial.wrong(
                t("Stride and padding must be those of the given convolution."),
                t("Came out: {a}", a=(folded.stride, folded.padding)),
                t("Expected: {a}", a=(conv.stride, conv.padding)),
            )
        x = draw.tensor(2, c_in, 6, 7)
        y = _apply(folded.double().eval(), x)
        y.expect(
            bn(conv(x)).detach(),
            _folded_wrong(conv, bn, x),
            hint=t(
                "Is bn.eps under the root, and does the new bias count where conv.bias is None?"
            ),
        )
    return t("One convolution gives what convolution and BN give in eval(), with and without bias.")


@torch.no_grad()
def _folded_wrong(conv: nn.Conv2d, bn: nn.BatchNorm2d, x: Tensor) -> dict[str, Tensor]:
    mean, var = _running(bn)
    scale, bias = bn.weight / (var + bn.eps).sqrt(), conv.bias
    start = torch.zeros_like(mean) if bias is None else bias

    def with_(weight: Tensor, b: Tensor | None) -> Tensor:
        return F.conv2d(x, weight, b, conv.stride, conv.padding)

    scaled = conv.weight * scale[:, None, None, None]
    bare = bn.weight / var.sqrt()
    return {
        t("These numbers have no ε in them."): with_(
            conv.weight * bare[:, None, None, None], bn.bias + (start - mean) * bare
        ),
        t("The convolution's own bias was lost."): with_(scaled, bn.bias - mean * scale),
        t("The convolution's own bias was not scaled."): with_(
            scaled, start + bn.bias - mean * scale
        ),
        t("β is missing."): with_(scaled, (start - mean) * scale),
        t("The running mean is missing."): with_(scaled, start * scale + bn.bias),
        t("The running mean was not scaled."): with_(scaled, start * scale + bn.bias - mean),
        t("γ is missing."): with_(
            conv.weight / (var + bn.eps).sqrt()[:, None, None, None],
            bn.bias + (start - mean) / (var + bn.eps).sqrt(),
        ),
        t("It was divided by the variance, not by its square root."): with_(
            conv.weight * (bn.weight / (var + bn.eps))[:, None, None, None],
            bn.bias + (start - mean) * bn.weight / (var + bn.eps),
        ),
    }


CHECKS: dict[str, Callable[[Any], str]] = {
    "batch_statistics": batch_statistics,
    "bn_forward": bn_forward,
    "bn_backward": bn_backward,
    "running_statistics": running_statistics,
    "batch_norm_layer": batch_norm_layer,
    "fold": fold,
}
