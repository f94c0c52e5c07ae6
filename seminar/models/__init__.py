"""The seminar's networks, by function (`resnet50()`) or by name (`build("resnet50")`)."""

import difflib
import re
from collections.abc import Callable

import torch
from torch import nn

from . import trained
from .alexnet import alexnet, alexnet_two_tower
from .deviations import Entry, entries
from .lenet import lenet5
from .resnet import (
    plain18,
    plain34,
    plain_cifar,
    preact_resnet_cifar,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    resnet_cifar,
)
from .vgg import vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn

_MODELS: dict[str, Callable[..., nn.Module]] = {
    f.__name__: f
    for f in (
        *(lenet5, alexnet, alexnet_two_tower),
        *(vgg11, vgg13, vgg16, vgg19, vgg11_bn, vgg13_bn, vgg16_bn, vgg19_bn),
        *(resnet18, resnet34, resnet50, resnet101, resnet152, plain18, plain34),
    )
}
_CIFAR: dict[str, Callable[..., nn.Module]] = {
    f.__name__: f for f in (resnet_cifar, plain_cifar, preact_resnet_cifar)
}
__all__ = ["Entry", "build", "ledger", "names", *_MODELS, *_CIFAR]
_PAPER_DEPTHS = (20, 32, 44, 56, 110)  # table 6; any other 6n+2 works as well


def names() -> list[str]:
    """The names that `build` knows; of the CIFAR families, the paper's depths."""
    return [*_MODELS, *(f"{family}{depth}" for family in _CIFAR for depth in _PAPER_DEPTHS)]


def build(name: str, weights: str | None = None, **kwargs) -> nn.Module:
    """Make a model by its name, such as "vgg16" or "resnet_cifar56"; `kwargs` go to it.

    `weights="cifar10-jpeg"` fills plain_cifar20 and 56, resnet_cifar20 and 56 with what they
    learned from CIFAR-10 in a JPEG copy; `trained.load` tells how, and how images are standardized.

    Raises ValueError for an unknown name, with the nearest known ones, and for weights that there
    are not; `trained.WeightsError` for damaged ones, or if `kwargs` make another model.
    """
    model = _build(name, **kwargs)
    if weights is not None:
        found = trained.load(weights, name)
        trained.fill(model, found.tensors, f"weights={weights!r}")
    return model


def _build(name: str, **kwargs) -> nn.Module:
    cifar = re.fullmatch(f"({'|'.join(_CIFAR)})([1-9][0-9]*)", str(name))
    if cifar:
        return _CIFAR[cifar[1]](int(cifar[2]), **kwargs)
    if str(name) in _MODELS:
        return _MODELS[name](**kwargs)
    near = difflib.get_close_matches(str(name), names(), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise ValueError(f"there is no model {name!r}. {hint}models.names() lists them all")


def ledger(name: str) -> list[Entry]:
    """What differs from the paper in the model `name`, and why. Errors as in `build`."""
    with torch.device("meta"):
        return entries(name, build(name))
