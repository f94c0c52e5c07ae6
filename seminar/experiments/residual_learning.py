"""Plain and residual networks, and what they are trained with: notebooks 05 and 07, their records.

After K. He, X. Zhang, S. Ren, J. Sun: Deep residual learning for image recognition.
arXiv:1512.03385, section 4.2: the same networks, half as wide.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import data, models, settings, train
from .. import initialization as init
from ..data import Data, Split
from ..train import History


def load_digits() -> Data:
    """5,000 digits of 10×10 pixels: mean 0, standard deviation 1."""
    return data.load("mnist5k", size=10)


def build(depth: int, shortcut: str | None = None, seed: int | None = None) -> nn.Module:
    """A network of section 4.2 of the paper, 8 channels wide: plain, or with shortcuts "A"."""
    settings.seed(seed)
    options: dict[str, Any] = {"in_channels": 1, "width": 8}
    if shortcut:
        net = models.resnet_cifar(depth, shortcut, **options)
    else:
        net = models.plain_cifar(depth, **options)
    net.to(settings.device())
    return net.to(memory_format=torch.channels_last)  # the faster order in memory


def learn(net: nn.Module, digits: Data, seed: int | None = None, **changed: Any) -> History:
    """Train `net` in our setting, less what is `changed`; its History."""
    setting = {"epochs": 5, "batch_size": 128, "lr": 0.1, "schedule": "one-cycle"}
    return train.fit(net, digits, seed=seed, **{"progress": False, **setting, **changed})


def learn_and_look(
    net: nn.Module, digits: Data, seed: int | None = None, **changed: Any
) -> tuple[History, dict[int, list[float]]]:
    """Train `net`: its History, and at seven steps the gradient norm of every convolution."""
    steps = (1, 5, 10, 20, 40, 80, 160)
    weights: list[Any] = [m.weight for m in net.modules() if isinstance(m, nn.Conv2d)]
    sizes: dict[int, list[float]] = {}

    def look(history: History) -> None:
        step = len(history.batch_loss)
        if step in steps and step not in sizes:
            sizes[step] = [w.grad.norm().item() for w in weights]

    return learn(net, digits, seed, watch=look, **changed), sizes


def blocks_of(net: Any) -> list[Any]:
    """The blocks of a network, from the input to the output."""
    return [*net.layer1, *net.layer2, *net.layer3]


@torch.no_grad()
def branch_sizes(net: nn.Module, digits: Data) -> list[float]:
    """‖F(x)‖ / ‖W_s x‖ in every block of a ResNet, over the test digits."""
    sizes = []

    def look(block: Any, inputs: tuple[Tensor], _output: Tensor) -> None:
        (x,) = inputs
        y = block.bn2(block.conv2(F.relu(block.bn1(block.conv1(x)))))
        kept = x if block.downsample is None else block.downsample(x)
        sizes.append((y.norm() / kept.norm()).item())

    hooks = [block.register_forward_hook(look) for block in blocks_of(net)]
    net.eval()(digits.test.images)
    for hook in hooks:
        hook.remove()
    return sizes


class Block(nn.Module):
    """F(x): two linear layers of 32 units. Then ReLU(F(x)), or with a shortcut ReLU(F(x) + x)."""

    def __init__(self, shortcut: bool, bn: bool = False):
        super().__init__()
        self.shortcut = shortcut
        norms = [nn.BatchNorm1d(32) if bn else nn.Identity() for _ in range(2)]
        self.f = nn.Sequential(nn.Linear(32, 32), norms[0], nn.ReLU(), nn.Linear(32, 32), norms[1])

    def forward(self, x: Tensor) -> Tensor:
        y = self.f(x)
        return F.relu(y + x if self.shortcut else y)


def stack(blocks: int, kind: str, bn: bool = False, seed: int | None = None) -> nn.Sequential:
    """`blocks` blocks that are "plain", "residual", or "residual from 0": F(x) = 0 at the start."""
    settings.seed(seed)
    made = [Block(kind != "plain", bn) for _ in range(blocks)]
    net = nn.Sequential(*made)
    init.initialize(net, "he")
    if kind == "residual from 0":
        for block in made:
            last: Any = block.f[4 if bn else 3]  # the last BN, whose weight is γ, or the last layer
            nn.init.zeros_(last.weight)
    return net


def fit_stack(
    net: nn.Module,
    change: float = 0.0,
    lr: float = 0.003,
    steps: int = 200,
    seed: int | None = None,
) -> list[float]:
    """Let `net` learn H(x) = x + `change` · g(x) by Adam; the relative error at every step."""
    draw = torch.Generator().manual_seed(settings.seed(seed))
    mixed = torch.randn(32, 32, generator=draw) / 32**0.5
    x = torch.rand(256 * steps, 32, generator=draw)  # new inputs at every step, none negative
    wanted = x + change * F.relu(torch.tanh(x @ mixed))
    how: dict[str, Any] = {"epochs": 1, "batch_size": 256, "lr": lr, "schedule": "constant"}
    how |= {"optimizer": torch.optim.Adam, "loss": F.mse_loss, "seed": seed}
    run = train.steps(net, Split(x, wanted), **how, device="cpu", precision="float32")
    of_the_mean = wanted.var(0, correction=0).mean().item()  # the loss of answering it always
    return [math.sqrt(loss / of_the_mean) for loss in run]  # 1: no better than the mean
