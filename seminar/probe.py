"""What flows through a network, and what it costs. Nothing here changes the model it looks at."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode


def _layers(model: nn.Module) -> dict[str, nn.Module]:
    """The modules that hold no others, by name ("": the model), in the order of definition."""
    return {n: m for n, m in model.named_modules() if not list(m.children())}


def _run(model: nn.Module, x: Tensor) -> Tensor:
    """model(x) on copies of its buffers: running statistics stay as they are."""
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    return functional_call(model, buffers, (x,))


def activations(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Every layer's output for the images `x` (N, C, H, W), by the layer's name, in order of use.

    The model runs in the mode it is in, train() or eval(). A layer used twice keeps its last
    output.
    """
    found: dict[str, Tensor] = {}

    def keep(name: str):
        def hook(_module, _inputs, output: Tensor) -> None:
            found[name] = output.detach().clone()  # a later in-place ReLU would change it

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

    The model runs in the mode it is in; its own `.grad` is neither used nor changed.
    """
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    with torch.enable_grad():
        loss = F.cross_entropy(_run(model, x), y)
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

    For one image of `shape` (C, H, W). Computed on the meta device, so that the largest network
    takes no memory and no time; the model may be there itself, or anywhere. MACs are those of
    convolutions and linear layers, counted by torch.utils.flop_counter (2 FLOPs each).
    ValueError for a shape that is not (C, H, W).
    """
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"shape is {shape!r}; give one image's (C, H, W), such as (3, 224, 224)")
    used: dict[str, tuple[int, ...]] = {}
    macs: dict[str, int] = {}
    counter = FlopCounterMode(display=False)

    def before(name: str):
        def hook(_module, _inputs) -> None:
            macs[name] = macs.get(name, 0) - counter.get_total_flops() // 2

        return hook

    def after(name: str):
        def hook(_module, _inputs, output: Tensor) -> None:
            macs[name] += counter.get_total_flops() // 2
            used[name] = tuple(output.shape[1:])

        return hook

    layers = _layers(model)
    hooks = [m.register_forward_pre_hook(before(n)) for n, m in layers.items()]
    hooks += [m.register_forward_hook(after(n)) for n, m in layers.items()]
    everything = [*model.named_parameters(), *model.named_buffers()]
    nothing = {name: torch.empty_like(tensor, device="meta") for name, tensor in everything}
    modes = {module: module.training for module in model.modules()}
    try:
        with torch.no_grad(), counter:
            functional_call(model.eval(), nothing, (torch.empty(1, *shape, device="meta"),))
    finally:
        for module, mode in modes.items():
            module.training = mode
        for hook in hooks:
            hook.remove()
    return [
        Layer(
            name,
            type(layers[name]).__name__,
            out,
            sum(math.prod(p.shape) for p in layers[name].parameters()),
            macs[name],
        )
        for name, out in used.items()
    ]
