"""AlexNet, as in its paper (two towers) and as in torchvision (one tower).

A. Krizhevsky, I. Sutskever, G. Hinton: ImageNet classification with deep convolutional neural
networks. NIPS 2012. Section 3.5 and figure 2 give the layers, 3.3 the LRN, 4.2 the dropout.
A. Krizhevsky: One weird trick for parallelizing convolutional neural networks. arXiv:1404.5997,
2014: the one-tower variant.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import checks
from ..initialization import initialize
from ..layers import LocalResponseNorm


class TowerLRN(LocalResponseNorm):
    """LRN within each tower: a GPU has only its own half of the channels (figure 2; not said)."""

    def forward(self, a: Tensor) -> Tensor:
        one, two = a.chunk(2, dim=1)
        return torch.cat((super().forward(one), super().forward(two)), dim=1)


class AlexNetTwoTower(nn.Module):
    """Krizhevsky et al. 2012: two GPUs, one network; groups=2 where they do not talk."""

    def __init__(self, num_classes: int, in_channels: int, dropout: float):
        super().__init__()
        self.in_channels = in_channels

        def lrn() -> nn.Module:  # the paper's k = 2, n = 5, α = 1e-4, β = 0.75; torch's α is n·α
            return TowerLRN(size=5, alpha=5e-4, beta=0.75, k=2.0)

        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 96, kernel_size=11, stride=4),  # 227×227 → 96 × 55×55
            nn.ReLU(),
            lrn(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # overlapping: → 27×27
            nn.Conv2d(96, 256, kernel_size=5, padding=2, groups=2),
            nn.ReLU(),
            lrn(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # → 13×13
            nn.Conv2d(256, 384, kernel_size=3, padding=1),  # here the towers exchange
            nn.ReLU(),
            nn.Conv2d(384, 384, kernel_size=3, padding=1, groups=2),
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=2),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # → 256 × 6×6
        )
        self.classifier = nn.Sequential(
            nn.Linear(256 * 6 * 6, 4096),  # and here, in every fully connected layer
            nn.ReLU(),
            nn.Dropout(dropout),  # 4.2: on the outputs of the first two FC layers
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        checks.images(x, self.in_channels, 224, "AlexNet (two towers)")
        if x.shape[2:] == (224, 224):  # the size in the paper's text; its layers need 227
            x = F.pad(x, (1, 2, 1, 2))
        if x.shape[2:] != (227, 227):
            raise ValueError(
                f"AlexNet (two towers) takes 227×227 images, or 224×224 ones, which it pads; not "
                f"{x.shape[2]}×{x.shape[3]}. Resize or crop them; alexnet() takes other sizes"
            )
        return self.classifier(torch.flatten(self.features(x), 1))


class AlexNet(nn.Module):
    """Krizhevsky 2014: one tower. Channels (384 in the paper's conv4) and no LRN: torchvision's."""

    def __init__(self, num_classes: int, in_channels: int, dropout: float):
        super().__init__()
        self.in_channels = in_channels
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 64, kernel_size=11, stride=4, padding=2),  # 224 → 55
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # → 27
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # → 13
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # → 6
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))  # does nothing to 224×224 images
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        checks.images(x, self.in_channels, 63, "AlexNet")
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def alexnet_two_tower(
    num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5
) -> nn.Module:
    """AlexNet of Krizhevsky et al. 2012: (N, in_channels, 227, 227) → logits (N, num_classes).

    Grouped convolutions are the two GPUs' halves; LRN after conv1 and conv2, before the
    overlapping pooling. 224×224 images are padded. ValueError on wrong arguments.
    """
    checks.positive(num_classes=num_classes, in_channels=in_channels)
    checks.probability(dropout=dropout)
    return initialize(AlexNetTwoTower(num_classes, in_channels, dropout), "he")


def alexnet(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> nn.Module:
    """One-tower AlexNet (Krizhevsky 2014): (N, in_channels, H, W) → logits (N, num_classes).

    H, W ≥ 63; the paper's are 224. Loads torchvision's alexnet weights. ValueError on wrong
    arguments.
    """
    checks.positive(num_classes=num_classes, in_channels=in_channels)
    checks.probability(dropout=dropout)
    return initialize(AlexNet(num_classes, in_channels, dropout), "he")
