"""LeNet-5.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document
recognition. Proceedings of the IEEE 86(11), 1998, section II.B and figure 2.

The names C1, S2, C3, S4, C5, F6 are the paper's.
"""

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

from .. import checks
from ..initialization import initialize

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid}
POOLS = {"avg": nn.AvgPool2d, "max": nn.MaxPool2d}


class LeNet5(nn.Module):
    """Two convolutions with pooling, then three fully connected layers."""

    def __init__(self, num_classes: int, in_channels: int, activation: str, pool: str):
        super().__init__()
        act, pooling = ACTIVATIONS[activation], POOLS[pool]
        self.in_channels = in_channels
        self.features = nn.Sequential(
            OrderedDict(
                C1=nn.Conv2d(in_channels, 6, kernel_size=5),  # 32×32 → 6 × 28×28
                act1=act(),
                S2=pooling(kernel_size=2),  # → 6 × 14×14
                C3=nn.Conv2d(6, 16, kernel_size=5),  # → 16 × 10×10
                act3=act(),
                S4=pooling(kernel_size=2),  # → 16 × 5×5
            )
        )
        self.classifier = nn.Sequential(
            OrderedDict(
                flatten=nn.Flatten(),
                C5=nn.Linear(16 * 5 * 5, 120),  # a 5×5 convolution of a 5×5 map
                act5=act(),
                F6=nn.Linear(120, 84),
                act6=act(),
                output=nn.Linear(84, num_classes),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        checks.images(x, self.in_channels, 28, "LeNet-5")
        if x.shape[2:] == (28, 28):  # the paper centers its 28×28 digits in a 32×32 field
            x = F.pad(x, (2, 2, 2, 2), mode="replicate")  # the border of a digit is background
        if x.shape[2:] != (32, 32):
            raise ValueError(
                f"LeNet-5 takes 32×32 images, or 28×28 ones, which it pads; not {x.shape[2]}×"
                f"{x.shape[3]}. Resize with torch.nn.functional.interpolate(x, size=(32, 32))"
            )
        return self.classifier(self.features(x))


def lenet5(
    num_classes: int = 10, in_channels: int = 1, activation: str = "tanh", pool: str = "avg"
) -> nn.Module:
    """LeNet-5 (LeCun et al. 1998): images (N, in_channels, 32, 32) → logits (N, num_classes).

    28×28 images are padded to 32×32 by repeating their border. `activation` is "tanh" (the
    paper's), "relu" or "sigmoid"; `pool` is "avg" (nearest to the paper's) or "max".
    `ledger("lenet5")` lists what differs from the paper. ValueError on any other argument.
    """
    checks.positive(num_classes=num_classes, in_channels=in_channels)
    checks.one_of("activation", activation, tuple(ACTIVATIONS))
    checks.one_of("pool", pool, tuple(POOLS))
    return initialize(LeNet5(num_classes, in_channels, activation, pool), "he")
