"""What flows through a network, and what it costs. Nothing here changes the model it looks at."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from . import checks
from .layers import BatchNorm2d, LocalResponseNorm


def _layers(model: nn.Module) -> dict[str, nn.Module]:
    """The modules that hold no others, by name ("": the model), in the order of definition."""
    return {n: m for n, m in model.named_modules() if not list(m.children())}


def _run(model: nn.Module, x: Tensor) -> Any:
    """model(x) on copies of its buffers: running statistics stay as they are."""
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    return functional_call(model, buffers, (x,))


def activations(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Every layer's output for the images `x` (N, C, H, W), by the layer's name, in order of use.

    The model runs in the mode it is in, train() or eval(). A layer used twice keeps its last
    output; of an output of several tensors the first is kept.
    """
    found: dict[str, Tensor] = {}

    def keep(name: str):
        def hook(_module, _inputs, output: Any) -> None:
            if (first := _first(output)) is not None:
                found[name] = first.detach().clone()  # a later in-place ReLU would change it

        return hook

    hooks = [m.register_forward_hook(keep(n)) for n, m in _layers(model).items()]
    try:
        with torch.no_grad():
            _run(model, x)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def gradients(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """∂(mean cross-entropy)/∂w for every parameter, by its name, for images `x` and labels `y`.

    The model runs in the mode it is in; its own `.grad` is neither used nor changed. ValueError
    for a model that gives anything but one tensor.
    """
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    with torch.enable_grad():
        loss = F.cross_entropy(checks.tensor(_run(model, x)), y)
        found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    return {
        name: torch.zeros_like(p) if g is None else g
        for (name, p), g in zip(parameters.items(), found, strict=True)
    }


class Layer(NamedTuple):
    """A layer's cost: `shape` of its output without N, `parameters`, `macs` for one image."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    macs: int


def cost(model: nn.Module, shape: tuple[int, int, int]) -> list[Layer]:
    """Layer by layer, in order of use: output shape, parameters, multiply-adds (MACs).

    For one image of `shape` (C, H, W). What a module that holds others has or computes itself
    (a parameter of its own, F.conv2d, attention) is a row of its name, and so the sums are the
    whole network's: every parameter once, also those that forward leaves out. Of an output of
    several tensors `shape` is the first one's. MACs are those of convolutions, linear layers and
    matrix products, counted by torch.utils.flop_counter (2 FLOPs each).

    Computed on the meta device, so that the largest network takes no memory and no time; the model
    may be there itself, or anywhere. One that looks at its numbers on the way is run where it is.
    ValueError for a shape that is not (C, H, W).
    """
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"shape is {shape!r}; give one image's (C, H, W), such as (3, 224, 224)")
    modes = {module: module.training for module in model.modules()}
    fast = torch.backends.mha.get_fastpath_enabled()
    try:
        model.eval()
        torch.backends.mha.set_fastpath_enabled(False)  # which is one call that nobody counts
        shapes, macs = _on_meta(model, shape)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for module, mode in modes.items():
            module.training = mode
    modules = dict(model.named_modules())
    parameters = dict.fromkeys(shapes, 0)
    for name, parameter in model.named_parameters():  # each once, if several modules share it
        owner = name
        while True:  # a module that is not called itself, as a list of parameters, has it for one
            owner = owner.rpartition(".")[0]
            if owner in shapes or not owner:
                break
        parameters[owner] += parameter.numel()
    return [
        Layer(name, type(modules[name]).__name__, out, parameters[name], macs[name])
        for name, out in shapes.items()
        if parameters[name] or macs[name] or not list(modules[name].children())
    ]


Measured = tuple[dict[str, tuple[int, ...]], dict[str, int]]


def _on_meta(model: nn.Module, shape: tuple[int, int, int]) -> Measured:
    """`_measured` without numbers; where the model needs some, with them."""
    everything = [*model.named_parameters(), *model.named_buffers()]
    nothing = {name: torch.empty_like(tensor, device="meta") for name, tensor in everything}
    try:
        with torch.device("meta"):  # what forward makes is there, too
            return _measured(model, nothing, torch.empty(1, *shape))
    except Exception as error:
        floating = (tensor for _, tensor in everything if tensor.is_floating_point())
        first = next(floating, torch.zeros(()))
        if first.is_meta:
            error.add_note("The model is on the meta device; one that needs numbers cannot be.")
            raise
    copies = {name: b.clone() for name, b in model.named_buffers()}
    with sdpa_kernel(SDPBackend.MATH):  # others are not counted on the CPU
        return _measured(model, copies, first.new_zeros(1, *shape))


def _measured(model: nn.Module, tensors: dict[str, Tensor], x: Tensor) -> Measured:
    """Every called module's output shape, and the MACs it does itself, in the order they end."""
    shapes: dict[str, tuple[int, ...]] = {}
    macs: dict[str, int] = {}
    inside: list[str] = []  # the modules at work, the innermost last
    counter = FlopCounterMode(display=False)
    counted = 0

    def charge() -> None:
        nonlocal counted
        if inside:
            macs[inside[-1]] += counter.get_total_flops() // 2 - counted
        counted = counter.get_total_flops() // 2

    def before(name: str):
        def hook(_module, _inputs) -> None:
            charge()
            inside.append(name)
            macs.setdefault(name, 0)

        return hook

    def after(name: str):
        def hook(_module, _inputs, output: Any) -> None:
            charge()
            inside.pop()
            first = _first(output)
            shapes[name] = () if first is None else tuple(first.shape[1:])

        return hook

    hooks = [m.register_forward_pre_hook(before(n)) for n, m in model.named_modules()]
    hooks += [m.register_forward_hook(after(n)) for n, m in model.named_modules()]
    try:
        with torch.no_grad(), counter:
            functional_call(model, tensors, (x,))
    finally:
        for hook in hooks:
            hook.remove()
    return shapes, macs


def _first(output: Any) -> Tensor | None:
    """The first tensor of a module's output, which may be a tuple or a dictionary of them."""
    if isinstance(output, Tensor):
        return output
    parts = list(output.values()) if isinstance(output, Mapping) else output
    for part in parts if isinstance(parts, (list, tuple)) else ():
        if (found := _first(part)) is not None:
            return found
    return None


class Field(NamedTuple):
    """What one output of a layer depends on: a square of `size` × `size` pixels.

    The squares of neighboring outputs are `jump` pixels apart; the first output's has its center
    at pixel `start` (pixel 0 has its own at 0; padding can make it negative).
    """

    name: str
    kind: str
    size: int
    jump: int
    start: float


# Layers whose output at a place depends on their input at that place alone (in evaluation).
_POINTWISE = (
    *(nn.ReLU, nn.LeakyReLU, nn.GELU, nn.Tanh, nn.Sigmoid, nn.Identity, nn.Dropout),
    *(nn.BatchNorm2d, BatchNorm2d, nn.LocalResponseNorm, LocalResponseNorm),
)


def receptive_field(model: nn.Module) -> list[Field]:
    """The receptive field after every layer of `model`, a chain of layers (nn.Sequential).

    By the recurrence size += (k - 1)·jump, jump *= s for a convolution or pooling with a kernel
    that covers k pixels and has stride s (Araujo, Norris, Sim 2019, doi:10.23915/distill.00021).
    For a network with a classifier, give its convolutional part, such as `vgg16().features`.
    ValueError for anything but a chain, for a layer that sees the whole image, for a convolution or
    pooling with a forward() of its own, and for a window that is not square.
    """
    found: list[Field] = []
    size, jump, start = 1, 1, 0.0
    for name, layer in _chain(model):
        if _is(layer, nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d):
            kernel, stride, padding, dilation = _window(name, layer)
            reach = dilation * (kernel - 1)  # pixels of its input that it covers, less one
            size += reach * jump
            start += (reach / 2 - padding) * jump
            jump *= stride
        elif not isinstance(layer, _POINTWISE):
            raise ValueError(
                f"layer {name or 0} is a {type(layer).__name__}; receptive_field knows Conv2d, "
                "MaxPool2d, AvgPool2d, and layers that work on each place alone. "
                "Give the convolutional part only, such as model.features"
            )
        found.append(Field(name, type(layer).__name__, size, jump, start))
    return found


def _is(module: nn.Module, *kinds: type[nn.Module]) -> bool:
    """Whether `module` is of one of the kinds, and computes what that kind does."""
    forward = getattr(module.forward, "__func__", None)
    return any(isinstance(module, kind) and forward is kind.forward for kind in kinds)


def _chain(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The layers of nested nn.Sequential modules by name, in order, as often as they are used."""
    for name, module in model.named_modules(remove_duplicate=False):
        if _is(module, nn.Sequential):
            continue
        if list(module.children()):
            raise ValueError(
                f"{name or 'the model'} is a {type(module).__name__}; receptive_field follows a "
                "chain of layers, nn.Sequential. Give such a part, for example model.features"
            )
        yield name, module


def _window(name: str, layer: Any) -> tuple[int, int, int, int]:
    """Kernel, stride, padding (left and above), dilation; ValueError if one is not square."""
    padding = layer.padding
    dilation: Any = getattr(layer, "dilation", 1)
    if padding == "valid":
        padding = 0
    elif padding == "same":
        padding = tuple(d * (k - 1) // 2 for d, k in zip(dilation, layer.kernel_size, strict=True))

    def square(what: str, value: int | tuple[int, ...]) -> int:
        sides = set(value) if isinstance(value, tuple) else {value}
        if len(sides) > 1:
            raise ValueError(f"layer {name} has {what} {value}; give one that is square")
        return sides.pop()

    return (
        square("kernel_size", layer.kernel_size),
        square("stride", layer.stride),
        square("padding", padding),
        square("dilation", dilation),
    )


def effective_receptive_field(model: nn.Module, x: Tensor) -> Tensor:
    """How much each pixel of the images `x` (N, C, H, W) moves the output's center, 0 to 1 (H, W).

    |∂y/∂x|, y being the sum of the channels at the center of the model's output (N, C', h, w);
    the mean over images and channels, over its largest value (Luo et al. 2016, arXiv:1701.04128,
    section 2). The model runs in the mode it is in; its `.grad` is neither used nor changed.
    ValueError when the output is not a feature map.
    """
    x = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        y = checks.tensor(_run(model, x))
        if y.dim() != 4:
            raise ValueError(
                f"the model's output has the shape {tuple(y.shape)}, not (N, C, h, w); "
                "give its convolutional part, such as model.features"
            )
        h, w = y.shape[2:]
        (gradient,) = torch.autograd.grad(y[:, :, h // 2, w // 2].sum(), x)
    seen = gradient.abs().mean((0, 1))
    return seen / seen.max().clamp_min(torch.finfo(seen.dtype).tiny)
