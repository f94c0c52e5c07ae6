"""The seminar's networks, by function (`resnet50()`) or by name (`build("resnet50")`)."""

import torch

from .alexnet import alexnet, alexnet_two_tower
from .ledger import Entry, entries
from .lenet import lenet5
from .registry import build, names
from .resnet import (
    plain18,
    plain34,
    plain_cifar,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    resnet_cifar,
)
from .vgg import vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn

__all__ = [
    "Entry",
    "alexnet",
    "alexnet_two_tower",
    "build",
    "ledger",
    "lenet5",
    "names",
    "plain18",
    "plain34",
    "plain_cifar",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnet_cifar",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
]


def ledger(name: str) -> list[Entry]:
    """What differs from the paper in the model `name`, and why. Errors as in `build`."""
    with torch.device("meta"):
        return entries(name, build(name))
