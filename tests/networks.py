"""What the tests of the models and of their ledgers both look at."""

import torch
from torch import nn


def of(model, *kinds):
    """The modules of these kinds, by name, in order."""
    return {n: m for n, m in model.named_modules() if isinstance(m, kinds)}


def convs(model):
    return list(of(model, nn.Conv2d).values())


def shapes(model, side):
    """(channels, height, width) after every module, by its name, for one image on meta."""
    found = {}
    hooks = [
        m.register_forward_hook(lambda _m, _x, y, n=n: found.update({n: tuple(y.shape[1:])}))
        for n, m in model.named_modules()
    ]
    model.eval()(torch.empty(1, model.in_channels, side, side, device="meta"))
    for hook in hooks:
        hook.remove()
    return found
