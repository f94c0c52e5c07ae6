"""VGG.

K. Simonyan, A. Zisserman: Very deep convolutional networks for large-scale image recognition.
arXiv:1409.1556, 2014 (ICLR 2015). Table 1 gives the configurations A, B, D and E.
"""

import torch
from torch import Tensor, nn

from .. import checks
from ..initialization import initialize

# Table 1, a column each: the channels of the 3×3 convolutions; "M" is a 2×2 max pooling.
CONFIGURATIONS: dict[int, tuple[int | str, ...]] = {
    11: (64, "M", 128, "M", *(256,) * 2, "M", *(512,) * 2, "M", *(512,) * 2, "M"),  # A
    13: (*(64,) * 2, "M", *(128,) * 2, "M", *(256,) * 2, "M", *(512,) * 2, "M", *(512,) * 2, "M"),
    16: (*(64,) * 2, "M", *(128,) * 2, "M", *(256,) * 3, "M", *(512,) * 3, "M", *(512,) * 3, "M"),
    19: (*(64,) * 2, "M", *(128,) * 2, "M", *(256,) * 4, "M", *(512,) * 4, "M", *(512,) * 4, "M"),
}


class VGG(nn.Module):
    """3×3 convolutions with padding 1, 2×2 max pooling, three fully connected layers."""

    def __init__(self, depth: int, bn: bool, num_classes: int, in_channels: int, dropout: float):
        super().__init__()
        self.in_channels = in_channels
        layers: list[nn.Module] = []
        channels = in_channels
        for c in CONFIGURATIONS[depth]:
            if isinstance(c, str):
                layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
                continue
            # The bias does nothing before BN; it stays because torchvision's weights have it.
            layers.append(nn.Conv2d(channels, c, kernel_size=3, padding=1))
            if bn:
                layers.append(nn.BatchNorm2d(c))
            layers.append(nn.ReLU())
            channels = c
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))  # does nothing to 224×224 images
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        checks.images(x, self.in_channels, 32, "VGG")
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def _vgg(depth: int, bn: bool, num_classes: int, in_channels: int, dropout: float) -> nn.Module:
    checks.positive(num_classes=num_classes, in_channels=in_channels)
    checks.probability(dropout=dropout)
    return initialize(VGG(depth, bn, num_classes, in_channels, dropout), "he")


def vgg11(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> nn.Module:
    """VGG-11 (configuration A): (N, in_channels, H, W) → logits (N, num_classes).

    H, W ≥ 32; the paper's are 224. Loads torchvision's weights. ValueError on wrong arguments.
    """
    return _vgg(11, False, num_classes, in_channels, dropout)


def vgg13(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> nn.Module:
    """VGG-13 (configuration B); arguments, shapes and errors as in `vgg11`."""
    return _vgg(13, False, num_classes, in_channels, dropout)


def vgg16(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> nn.Module:
    """VGG-16 (configuration D); arguments, shapes and errors as in `vgg11`."""
    return _vgg(16, False, num_classes, in_channels, dropout)


def vgg19(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> nn.Module:
    """VGG-19 (configuration E); arguments, shapes and errors as in `vgg11`."""
    return _vgg(19, False, num_classes, in_channels, dropout)


def vgg11_bn(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> nn.Module:
    """VGG-11 with BN after every convolution, which the paper did not have; see `vgg11`."""
    return _vgg(11, True, num_classes, in_channels, dropout)


def vgg13_bn(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> nn.Module:
    """VGG-13 with BN after every convolution; see `vgg11`."""
    return _vgg(13, True, num_classes, in_channels, dropout)


def vgg16_bn(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> nn.Module:
    """VGG-16 with BN after every convolution; see `vgg11`."""
    return _vgg(16, True, num_classes, in_channels, dropout)


def vgg19_bn(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> nn.Module:
    """VGG-19 with BN after every convolution; see `vgg11`."""
    return _vgg(19, True, num_classes, in_channels, dropout)
