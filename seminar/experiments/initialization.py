"""ReLU networks without shortcuts, and their race: notebook 03 and its record.

After K. He, X. Zhang, S. Ren, J. Sun: Delving deep into rectifiers. ICCV 2015, section 2.2 and
figures 2 and 3.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from torch import nn

from .. import data, settings, train
from .. import initialization as init
from ..data import Data


def load_digits() -> Data:
    """5,000 digits of 14×14 pixels: mean 0, standard deviation 1."""
    return data.load("mnist5k", size=14)


def relu_net(
    depth: int, scheme: str, bn: bool = False, width: int = 256, seed: int | None = None
) -> nn.Sequential:
    """`depth` layers with weights: each has `width` ReLU units, the last the 10 classes."""
    settings.seed(seed)
    layers: list[nn.Module] = [nn.Flatten()]
    n_in = 14 * 14
    for _ in range(depth - 1):
        layers += [nn.Linear(n_in, width), *([nn.BatchNorm1d(width)] if bn else []), nn.ReLU()]
        n_in = width
    net = nn.Sequential(*layers, nn.Linear(n_in, 10))
    init.initialize(net, scheme)
    return net.to(settings.device())


def race(
    nets: Mapping[Any, nn.Module],
    digits: Data,
    epochs: int = 8,
    clip: float | None = 1.0,
    seed: int | None = None,
    **changed: Any,
) -> Iterator[dict[Any, list[float]]]:
    """Train all `nets` side by side; after every epoch, the training errors so far.

    `changed` is what shall be different in the setting, of what `train.steps` takes.
    """
    setting = {"batch_size": 64, "lr": 0.02, "schedule": "constant", "precision": "float32"}
    how = {**setting, **changed, "epochs": epochs, "clip": clip, "seed": seed}
    runs = {name: train.steps(net, digits.train, **how) for name, net in nets.items()}
    steps_an_epoch = math.ceil(len(digits.train) / how["batch_size"])
    errors: dict[Any, list[float]] = {name: [] for name in nets}
    for _ in range(epochs):
        for name, net in nets.items():
            list(islice(runs[name], steps_an_epoch))
            errors[name].append(train.evaluate(net, digits.train)[1])
        yield errors
