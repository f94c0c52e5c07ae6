"""How long a layer takes: notebooks 01 and 02."""

import time

import torch
from torch import Tensor, nn


def seconds(layer: nn.Module, x: Tensor) -> tuple[float, Tensor]:
    """The shortest of three times that a `layer` of a network on the meta device takes for `x`.

    And its output. Only for that does it get memory, and random weights.
    """
    layer.to_empty(device="cpu")
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.01)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        with torch.no_grad():
            y = layer.eval()(x)
        times.append(time.perf_counter() - start)
    layer.to("meta")
    return min(times), y
