"""Two layers written out as their papers' formulas; both give what torch's own give.

Local response normalization: A. Krizhevsky, I. Sutskever, G. Hinton, NIPS 2012, section 3.3.
Batch normalization: S. Ioffe, C. Szegedy, arXiv:1502.03167, ICML 2015, algorithms 1 and 2.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import checks


class LocalResponseNorm(nn.Module):
    """b_i = a_i / (k + (α/n) Σ_j a_j²)^β over n = `size` neighboring channels j of channel i.

    Input and output N×C×H×W (any shape with at least 3 dimensions, channels second). The window
    is torch's: ⌊n/2⌋ channels before i, ⌊(n-1)/2⌋ after, cut off at the ends.

    torch divides α by n; the paper does not. The paper's k = 2, n = 5, α = 1e-4, β = 0.75 is
    therefore `LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)`. Note torch's default k = 1.
    ValueError for a `size` below 1, or for an input with fewer than 3 dimensions.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        super().__init__()
        checks.positive(size=size)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, a: Tensor) -> Tensor:
        if a.dim() < 3:
            raise ValueError(f"LRN takes (N, C, …) of at least 3 dimensions, not {tuple(a.shape)}")
        n = self.size
        # Σ_j a_j²: pad the channels with zeros, then add up every window of n neighbors.
        padding = (0, 0) * (a.dim() - 2) + (n // 2, (n - 1) // 2)
        squares = F.pad(a.square(), padding)
        total = squares.unfold(1, n, 1).sum(-1)
        return a / (self.k + self.alpha / n * total) ** self.beta

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class _Normalize(torch.autograd.Function):
    """x̂ = (x - μ_B) / √(σ_B² + ε) per channel, with the gradient derived by hand.

    The m values of a channel, x_1 … x_m, enter x̂_i three times: directly, through μ_B and through
    σ_B² (1/m, not 1/(m-1)). With g_i = ∂L/∂x̂_i and σ = √(σ_B² + ε), the chain rule gives

        ∂L/∂σ_B² = Σ_i g_i (x_i - μ_B) · (-1/2) σ⁻³
        ∂L/∂μ_B  = -Σ_i g_i / σ                        (its way through σ_B² sums to zero)
        ∂L/∂x_i  = g_i / σ + ∂L/∂σ_B² · 2 (x_i - μ_B)/m + ∂L/∂μ_B / m
                 = (g_i - mean(g) - x̂_i · mean(g x̂)) / σ
    """

    @staticmethod
    def forward(ctx, x: Tensor, mean: Tensor, var: Tensor, eps: float) -> Tensor:
        sigma = (var + eps).sqrt()
        ctx.save_for_backward(x, mean, sigma)
        return (x - mean) / sigma

    @staticmethod
    @once_differentiable
    def backward(ctx, g: Tensor):
        x, mean, sigma = ctx.saved_tensors
        x_hat = (x - mean) / sigma
        axes = (0, 2, 3)
        dx = g - g.mean(axes, keepdim=True) - x_hat * (g * x_hat).mean(axes, keepdim=True)
        return dx / sigma, None, None, None  # μ and σ² are functions of x: accounted for above


class BatchNorm2d(nn.Module):
    """y = γ x̂ + β per channel of N×C×H×W; constructor, buffers and results as torch's.

    Training: x̂ from the mini-batch, whose variance is biased (1/m). The running statistics move
    by `momentum` towards the batch's, with the unbiased variance (1/(m-1)); `momentum=None` keeps
    their plain average instead. Evaluation: x̂ from the running statistics, or from the batch if
    `track_running_stats=False`. `affine=False` leaves out γ (`weight`) and β (`bias`),
    `bias=False` only β. Numbers of 16 bits are computed with in 32. ValueError for an input of
    another shape, or where a batch has fewer than two values per channel.
    """

    # None where `affine`, `bias` or `track_running_stats` is False
    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        bias: bool = True,
    ):
        super().__init__()
        kind: dict[str, Any] = {"device": device, "dtype": dtype}
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):  # γ and β
            value = nn.Parameter(torch.empty(num_features, **kind)) if wanted else None
            self.register_parameter(name, value)
        track = track_running_stats
        self.register_buffer("running_mean", torch.empty(num_features, **kind) if track else None)
        self.register_buffer("running_var", torch.empty(num_features, **kind) if track else None)
        batches = torch.tensor(0, device=device) if track else None
        self.register_buffer("num_batches_tracked", batches)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Running mean 0, running variance 1, no batch seen."""
        if self.running_mean is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """γ = 1, β = 0, running statistics as new."""
        self.reset_running_stats()
        if self.affine:
            nn.init.ones_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 4 or x.shape[1] != self.num_features:
            raise ValueError(
                f"BatchNorm2d({self.num_features}) takes (N, {self.num_features}, H, W), "
                f"not {tuple(x.shape)}"
            )
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        if self.training or self.running_mean is None:
            y = self._by_batch(wide)
        else:
            mean, var = self.running_mean[:, None, None], self.running_var[:, None, None]
            y = (wide - mean) / (var + self.eps).sqrt()
        if self.affine:
            y = self.weight[:, None, None] * y
        if self.bias is not None:
            y = y + self.bias[:, None, None]
        return y.to(x.dtype)

    def _by_batch(self, x: Tensor) -> Tensor:
        m = x.numel() // self.num_features
        if m < 2:
            raise ValueError(
                f"{tuple(x.shape)} has fewer than two values per channel, so there is no variance "
                "to divide by: use more images at once, or call eval() first"
            )
        with torch.no_grad():
            mean = x.mean((0, 2, 3), keepdim=True)
            var = (x - mean).square().mean((0, 2, 3), keepdim=True)
            if self.training and self.track_running_stats:
                self.num_batches_tracked += 1
                step = self.momentum
                if step is None:  # the plain average of all batches so far
                    step = 1 / self.num_batches_tracked.item()
                unbiased = var * m / (m - 1)
                self.running_mean.lerp_(mean.flatten().to(self.running_mean), step)
                self.running_var.lerp_(unbiased.flatten().to(self.running_var), step)
        return _Normalize.apply(x, mean, var, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )
