"""Networks with and without batch normalization: notebook 04 and its record.

After S. Ioffe, C. Szegedy, arXiv:1502.03167, and S. Santurkar et al., arXiv:1805.11604.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from .. import data, settings, train
from .. import initialization as init
from ..data import Data, Split


def load_digits() -> Data:
    """5,000 digits of 14×14 pixels: mean 0, standard deviation 1."""
    return data.load("mnist5k", size=14)


class Stir(nn.Module):
    """In training: each channel times a random factor, plus a random number, new at every step."""

    def __init__(self, most: float):
        super().__init__()
        self.most = most  # the factor from 1 - most to 1 + most, the number from -most to most

    def forward(self, z: Tensor) -> Tensor:
        if not self.training:
            return z
        factor, number = self.most * (2 * torch.rand(2, z.shape[1], 1, 1, device=z.device) - 1)
        return (1 + factor) * z + number


def network(
    bn: bool, stir: float = 0.0, gain: float = 1.0, seed: int | None = None
) -> nn.Sequential:
    """12 convolutions of 16 channels, the mean of each channel, and the 10 classes.

    He's weights, those of the convolutions times `gain`; `stir`: see `Stir`, after each BN.
    """
    settings.seed(seed)
    layers: list[nn.Module] = []
    channels = 1
    for i in range(12):
        layers.append(nn.Conv2d(channels, 16, 3, padding=1, bias=not bn))
        if bn:
            layers.append(nn.BatchNorm2d(16))
        if stir:
            layers.append(Stir(stir))
        layers.append(nn.ReLU())
        if i in (1, 5):
            layers.append(nn.MaxPool2d(2))
        channels = 16
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
    init.initialize(net, "he")
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, nn.Conv2d):
                layer.weight.mul_(gain)
    net.to(settings.device())
    return net.to(memory_format=torch.channels_last)  # the faster order in memory


def learn(
    net: nn.Module,
    digits: Data,
    lr: float,
    clip: float | None = None,
    steps: int = 125,
    watch: Callable[[nn.Module, int], None] | None = None,
    seed: int | None = None,
) -> Iterator[list[float]]:
    """Train `net`; after every step the losses so far. `watch(net, step)` comes before it."""
    epochs = math.ceil(steps / (len(digits.train) // 64))
    how: dict[str, Any] = {"batch_size": 64, "schedule": "constant", "precision": "float32"}
    run = train.steps(net, digits.train, epochs=epochs, lr=lr, clip=clip, seed=seed, **how)
    losses: list[float] = []
    for step in range(steps):
        if watch:
            watch(net, step)
        losses.append(next(run))
        yield losses


def late(losses: list[float]) -> float:
    """The mean loss of the last 25 steps."""
    return sum(losses[-25:]) / 25


def smooth(losses: list[float], width: int = 10) -> tuple[list[int], list[float]]:
    """(steps, mean loss of each `width` steps)."""
    ends = range(width, len(losses) + 1, width)
    return list(ends), [sum(losses[end - width : end]) / width for end in ends]


def final_loss(
    bn: bool, digits: Data, lr: float, gain: float, steps: int = 60, seed: int | None = None
) -> float:
    """The mean loss of the last 10 steps; infinite if a loss was no longer a number."""
    for losses in learn(network(bn, gain=gain, seed=seed), digits, lr, steps=steps, seed=seed):
        if not math.isfinite(losses[-1]):
            return math.inf
    return sum(losses[-10:]) / 10


def small(bn: bool, seed: int | None = None) -> nn.Sequential:
    """LeNet-like: two convolutions and two fully connected layers, all but the last with BN."""
    settings.seed(seed)
    layers = [
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(288, 128),
        nn.BatchNorm1d(128),
        nn.ReLU(),
        nn.Linear(128, 10),
    ]
    kept = [
        layer for layer in layers if bn or not isinstance(layer, (nn.BatchNorm2d, nn.BatchNorm1d))
    ]
    net = nn.Sequential(*kept)
    init.initialize(net, "he")
    return net.to(settings.device())


class InFullCompany(nn.Module):
    """`net`, whose BN takes mean and variance from all `images`; its input are their numbers."""

    def __init__(self, net: nn.Module, images: Tensor):
        super().__init__()
        self.net, self.images = net, images

    def forward(self, numbers: Tensor) -> Tensor:
        return self.net(self.images)[numbers]


def overfit(
    bn: bool, digits: Data, lr: float, quiet: bool = False, seed: int | None = None
) -> tuple[float, float, float]:
    """Train on 500 digits only; (training loss, test loss, test error). `quiet`: BN takes its
    mean and variance from all 500 instead of the mini-batch of 50.
    """
    few = Split(digits.train.images[:500], digits.train.labels[:500])
    net = small(bn, seed)
    how: dict[str, Any] = {"epochs": 20, "batch_size": 50, "lr": lr, "schedule": "constant"}
    how |= {"seed": seed, "precision": "float32"}
    if quiet:
        numbers = Split(torch.arange(500), few.labels)
        list(train.steps(InFullCompany(net, few.images), numbers, **how))
    else:
        list(train.steps(net, few, **how))
    fitted, _ = train.evaluate(net, few)
    return fitted, *train.evaluate(net, digits.test)
