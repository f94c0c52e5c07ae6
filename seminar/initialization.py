"""Weight initialization, written out as in the papers.

X. Glorot, Y. Bengio: Understanding the difficulty of training deep feedforward neural networks.
AISTATS 2010, equations (12) and (16) ("Xavier").
K. He, X. Zhang, S. Ren, J. Sun: Delving deep into rectifiers. ICCV 2015, equations (10) and (14)
("He", in PyTorch "kaiming").

Every function fills its tensor in place and returns it. A uniform distribution on [-a, a] has
the variance a²/3, hence the factor 3.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.utils.parametrize import is_parametrized

from . import checks
from .layers import BatchNorm2d


def fans(weight: Tensor) -> tuple[int, int]:
    """(n_in, n_out) of a weight: (out, in) of a linear layer, (out, in, *kernel) of a convolution.

    n_in is how many inputs one output reads, n_out how many outputs one input feeds (at stride 1
    and without groups: as in torch, n_out counts the outputs of all groups). ValueError below two
    dimensions.
    """
    if weight.dim() < 2:
        raise ValueError(
            f"a weight of shape {tuple(weight.shape)} has no fan-in and fan-out; give the weight "
            "of a linear layer (out, in) or of a convolution (out, in, height, width)"
        )
    kernel = math.prod(weight.shape[2:])
    return weight.shape[1] * kernel, weight.shape[0] * kernel


def _he_variance(weight: Tensor, mode: str) -> float:
    checks.one_of("mode", mode, ("fan_in", "fan_out"))
    n_in, n_out = fans(weight)
    return 2 / (n_in if mode == "fan_in" else n_out)


def _xavier_variance(weight: Tensor) -> float:
    n_in, n_out = fans(weight)
    return 2 / (n_in + n_out)


@torch.no_grad()
def he_normal_(weight: Tensor, mode: str = "fan_in") -> Tensor:
    """N(0, 2/n_in): He et al. 2015, equation (10); with "fan_out" N(0, 2/n_out), equation (14)."""
    return weight.normal_(0, math.sqrt(_he_variance(weight, mode)))


@torch.no_grad()
def he_uniform_(weight: Tensor, mode: str = "fan_in") -> Tensor:
    """U(-a, a) with a² = 3 · 2/n_in (or n_out): the variance of `he_normal_`."""
    a = math.sqrt(3 * _he_variance(weight, mode))
    return weight.uniform_(-a, a)


@torch.no_grad()
def xavier_normal_(weight: Tensor) -> Tensor:
    """N(0, 2/(n_in + n_out)): Glorot & Bengio 2010, equation (12)."""
    return weight.normal_(0, math.sqrt(_xavier_variance(weight)))


@torch.no_grad()
def xavier_uniform_(weight: Tensor) -> Tensor:
    """U(-a, a) with a² = 6/(n_in + n_out): Glorot & Bengio 2010, equation (16)."""
    a = math.sqrt(3 * _xavier_variance(weight))
    return weight.uniform_(-a, a)


SCHEMES = {
    "he": he_normal_,
    "he_normal": he_normal_,
    "he_uniform": he_uniform_,
    "xavier": xavier_normal_,
    "xavier_normal": xavier_normal_,
    "xavier_uniform": xavier_uniform_,
}


@torch.no_grad()
def _draw_transposed(weight: Tensor, scheme: str, groups: int, stride: int) -> None:
    # (in, out/groups, *kernel): the other way round, and by groups.
    for part in weight.chunk(groups):
        turned = part.transpose(0, 1)
        n_in, n_out = fans(turned)
        SCHEMES[scheme](turned)  # for n_in; of these an output reads one in `stride`
        he = scheme.startswith("he")
        turned.mul_(math.sqrt(stride if he else (n_in + n_out) / (n_in / stride + n_out)))


def initialize(model: nn.Module, scheme: str) -> nn.Module:
    """Draw every convolution's and linear layer's weight by `scheme`; biases 0; BN γ = 1, β = 0.

    `scheme` is "he", "xavier", or one of these with "_normal" (the default) or "_uniform".
    A transposed convolution's n_in is what one of its outputs reads on the average: its stride
    counts. Returns the model. ValueError for another scheme.
    """
    checks.one_of("scheme", scheme, SCHEMES)
    for module in model.modules():
        if isinstance(module, (_ConvNd, nn.Linear)):
            weight = module.weight
            if isinstance(module, _ConvTransposeNd):
                _draw_transposed(weight, scheme, module.groups, math.prod(module.stride))
            else:
                SCHEMES[scheme](weight)
            if is_parametrized(module, "weight"):  # by weight_norm, say: it was computed from them
                module.weight = weight
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, (_BatchNorm, BatchNorm2d)):
            module.reset_parameters()
    return model
