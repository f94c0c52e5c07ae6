"""Wrong answers to homework 4."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from . import wrong

AXES = (0, 2, 3)


def col(v):
    return v[:, None, None]


@wrong("batch_statistics", "divided by m - 1")
def unbiased_statistics(x):
    return x.mean(AXES), x.var(AXES)


@wrong("batch_statistics", "all channels together")
def one_mean(x):
    return x.mean(), x.var(correction=0)


@wrong("batch_statistics", "over N only")
def over_images_only(x):
    return x.mean(0), x.var(0, correction=0)


@wrong("batch_statistics", "standard deviation")
def deviation(x):
    return x.mean(AXES), x.std(AXES, correction=0)


@wrong("batch_statistics", "mean of the squares")
def second_moment(x):
    return x.mean(AXES), (x**2).mean(AXES)


@wrong("batch_statistics", "still there, with size 1")
def kept_axes(x):
    return x.mean(AXES, keepdim=True), x.var(AXES, correction=0, keepdim=True)


@wrong("batch_statistics", "must return 2 values")
def only_the_mean(x):
    return x.mean(AXES)


@wrong("batch_statistics", "New tensors get the type")
def always_float32(x):
    mean, var = torch.zeros(x.shape[1]), torch.zeros(x.shape[1])
    for c in range(x.shape[1]):
        mean[c], var[c] = x[:, c].mean(), x[:, c].var(correction=0)
    return mean, var


@wrong("batch_statistics", "It calls batch_norm")
def statistics_by_torch(x):
    mean, var = x.new_zeros(x.shape[1]), x.new_ones(x.shape[1])
    F.batch_norm(x, mean, var, training=True, momentum=1.0)
    return mean, var


@wrong("batch_statistics", "It changes its input x")
def centered_in_place(x):
    mean = x.mean(AXES, keepdim=True)
    x -= mean
    return mean.flatten(), (x**2).mean(AXES)


def normalized(x, eps, correction=0):
    var = x.var(AXES, correction=correction, keepdim=True)
    return (x - x.mean(AXES, keepdim=True)) / (var + eps).sqrt()


@wrong("bn_forward", "divided by m - 1")
def unbiased_forward(x, gamma, beta, eps):
    return col(gamma) * normalized(x, eps, correction=1) + col(beta)


@wrong("bn_forward", "no ε")
def without_epsilon(x, gamma, beta, eps):
    return col(gamma) * normalized(x, 0) + col(beta)


@wrong("bn_forward", "after the square root")
def epsilon_outside(x, gamma, beta, eps):
    std = x.std(AXES, correction=0, keepdim=True)
    return col(gamma) * (x - x.mean(AXES, keepdim=True)) / (std + eps) + col(beta)


@wrong("bn_forward", "ε was added squared")
def epsilon_squared(x, gamma, beta, eps):
    return col(gamma) * normalized(x, eps**2) + col(beta)


@wrong("bn_forward", "divided by the variance")
def without_root(x, gamma, beta, eps):
    var = x.var(AXES, correction=0, keepdim=True)
    return col(gamma) * (x - x.mean(AXES, keepdim=True)) / (var + eps) + col(beta)


@wrong("bn_forward", "It calls batch_norm")
def torchs_own(x, gamma, beta, eps):
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


@wrong("bn_forward", "It calls batch_norm")
def torchs_own_layer(x, gamma, beta, eps):
    layer = nn.BatchNorm2d(x.shape[1], eps=eps, dtype=x.dtype)
    with torch.no_grad():
        layer.weight.copy_(gamma)
        layer.bias.copy_(beta)
    return layer(x).detach()


@wrong("bn_forward", "It calls seminar.layers")
def the_packages_own(x, gamma, beta, eps):
    from seminar.layers import BatchNorm2d

    return col(gamma) * BatchNorm2d(x.shape[1], eps, affine=False)(x) + col(beta)


@wrong("bn_forward", "instance normalization")
def each_image(x, gamma, beta, eps):
    mean, var = x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True)
    return col(gamma) * (x - mean) / (var + eps).sqrt() + col(beta)


@wrong("bn_forward", "what do γ and β do")
def without_gamma_and_beta(x, gamma, beta, eps):
    return normalized(x, eps)


@wrong("bn_forward", "It stopped with RuntimeError", "in line")
def gamma_along_the_width(x, gamma, beta, eps):
    assert x.shape[3] != x.shape[1]
    return gamma * normalized(x, eps) + beta


@wrong("bn_forward", "inf or nan")
def not_a_number(x, gamma, beta, eps):
    return col(gamma) * torch.log(normalized(x, eps)) + col(beta)


@wrong("bn_forward", "data type")
def in_float32(x, gamma, beta, eps):
    return (col(gamma) * normalized(x, eps) + col(beta)).float()


@wrong("bn_forward", "returns nothing")
def without_return(x, gamma, beta, eps):
    _ = col(gamma) * normalized(x, eps) + col(beta)


@wrong("bn_forward", "Came out: ndarray")
def as_numpy(x, gamma, beta, eps):
    return (col(gamma) * normalized(x, eps) + col(beta)).numpy()


@wrong("bn_backward", "ways are missing")
def straight_through(dy, x, gamma, eps):
    sigma = (x.var(AXES, correction=0, keepdim=True) + eps).sqrt()
    x_hat = normalized(x, eps)
    return dy * col(gamma) / sigma, (dy * x_hat).sum(AXES), dy.sum(AXES)


def gradients(dy, x, gamma, eps, mean=1.0, product=1.0, root=1, scale=1.0):
    sigma = (x.var(AXES, correction=0, keepdim=True) + eps).sqrt()
    x_hat, g = normalized(x, eps), dy * col(gamma)
    through = mean * g.mean(AXES, keepdim=True) + product * x_hat * (g * x_hat).mean(
        AXES, keepdim=True
    )
    return (g - through) / sigma**root, scale * (dy * x_hat).sum(AXES), scale * dy.sum(AXES)


@wrong("bn_backward", "way through σ² is missing")
def without_variance(dy, x, gamma, eps):
    return gradients(dy, x, gamma, eps, product=0)


@wrong("bn_backward", "way through μ is missing")
def without_mean(dy, x, gamma, eps):
    return gradients(dy, x, gamma, eps, mean=0)


@wrong("bn_backward", "division by σ is missing")
def without_sigma(dy, x, gamma, eps):
    return gradients(dy, x, gamma, eps, root=0)


@wrong("bn_backward", "factor m")
def sums_for_means(dy, x, gamma, eps):
    m = x.numel() // x.shape[1]
    return gradients(dy, x, gamma, eps, mean=m, product=m)


@wrong("bn_backward", "Averaged")
def averaged(dy, x, gamma, eps):
    return gradients(dy, x, gamma, eps, scale=x.shape[1] / x.numel())


@wrong("bn_backward", "γ is multiplied by x̂")
def gamma_times_x(dy, x, gamma, eps):
    dx, _, dbeta = gradients(dy, x, gamma, eps)
    return dx, (dy * x).sum(AXES), dbeta


@wrong("bn_backward", "γ is missing")
def gradient_without_gamma(dy, x, gamma, eps):
    return gradients(dy, x, torch.ones_like(gamma), eps)


@wrong("bn_backward", "look at the signs")
def added_ways(dy, x, gamma, eps):
    return gradients(dy, x, gamma, eps, mean=-1, product=-1)


@wrong("bn_backward", "look at the signs")
def one_way_added(dy, x, gamma, eps):
    return gradients(dy, x, gamma, eps, product=-1)


@wrong("bn_backward", "Wrong: dgamma.", "x̂ has no ε")
def gradients_without_epsilon(dy, x, gamma, eps):
    return gradients(dy, x, gamma, 0)


@wrong("bn_backward", "Wrong: dgamma.", "divided by m - 1")
def gradients_of_unbiased(dy, x, gamma, eps):
    dx, _, dbeta = gradients(dy, x, gamma, eps)
    return dx, (dy * normalized(x, eps, correction=1)).sum(AXES), dbeta


@wrong("bn_backward", "It calls")
def by_autograd(dy, x, gamma, eps):
    with torch.enable_grad():
        x, gamma = x.clone().requires_grad_(), gamma.clone().requires_grad_()
        beta = torch.zeros_like(gamma).requires_grad_()
        y = col(gamma) * normalized(x, eps) + col(beta)
        return torch.autograd.grad(y, (x, gamma, beta), dy)


def move(old, new, momentum):
    return (1 - momentum) * old + momentum * new


@wrong("running_statistics", "divided by m.")
def biased_running(mean, var, x, momentum):
    return move(mean, x.mean(AXES), momentum), move(var, x.var(AXES, correction=0), momentum)


@wrong("running_statistics", "N · H · W")
def corrected_by_the_images(mean, var, x, momentum):
    n, biased = len(x), x.var(AXES, correction=0)
    return move(mean, x.mean(AXES), momentum), move(var, biased * n / (n - 1), momentum)


@wrong("running_statistics", "N · H · W")
def corrected_by_the_positions(mean, var, x, momentum):
    m, biased = x.shape[2] * x.shape[3], x.var(AXES, correction=0)
    return move(mean, x.mean(AXES), momentum), move(var, biased * m / (m - 1), momentum)


@wrong("running_statistics", "momentum weighs the old value")
def momentum_reversed(mean, var, x, momentum):
    return move(x.mean(AXES), mean, momentum), move(x.var(AXES), var, momentum)


@wrong("running_statistics", "has been forgotten")
def forgets(mean, var, x, momentum):
    return x.mean(AXES), x.var(AXES)


@wrong("running_statistics", "Wrong: var.", "old value has not moved")
def only_the_mean_moves(mean, var, x, momentum):
    return move(mean, x.mean(AXES), momentum), var


@wrong("running_statistics", "standard deviation was averaged")
def running_deviation(mean, var, x, momentum):
    return move(mean, x.mean(AXES), momentum), move(var, x.std(AXES), momentum)


@wrong("running_statistics", "not made smaller")
def added_up(mean, var, x, momentum):
    return mean + momentum * x.mean(AXES), var + momentum * x.var(AXES)


@wrong("running_statistics", "It changes its input mean")
def in_place(mean, var, x, momentum):
    return mean.lerp_(x.mean(AXES), momentum), var.lerp_(x.var(AXES), momentum)


class Norm(nn.Module):
    """Right, but for what a subclass changes."""

    def __init__(self, num_features):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def statistics(self, x):
        return x.mean(AXES), x.var(AXES, correction=0)

    def update(self, x):
        with torch.no_grad():
            self.running_mean.lerp_(x.mean(AXES), 0.1)
            self.running_var.lerp_(x.var(AXES), 0.1)

    def normalize(self, x, mean, var):
        return col(self.weight) * (x - col(mean)) / (col(var) + 1e-5).sqrt() + col(self.bias)

    def forward(self, x):
        if not self.training:
            return self.normalize(x, self.running_mean, self.running_var)
        self.update(x)
        return self.normalize(x, *self.statistics(x))


@wrong("batch_norm_layer", "eval() it still uses the batch")
class AlwaysBatch(Norm):
    def forward(self, x):
        if self.training:
            self.update(x)
        return self.normalize(x, *self.statistics(x))


@wrong("batch_norm_layer", "not the batch's")
class AlwaysRunning(Norm):
    def forward(self, x):
        self.update(x)
        return self.normalize(x, self.running_mean, self.running_var)


@wrong("batch_norm_layer", "In training ε is missing")
class NoEpsilon(Norm):
    def normalize(self, x, mean, var):
        return col(self.weight) * (x - col(mean)) / col(var).sqrt() + col(self.bias)


@wrong("batch_norm_layer", "In training ε was added after the square root")
class EpsilonOutside(Norm):
    def normalize(self, x, mean, var):
        return col(self.weight) * (x - col(mean)) / (col(var).sqrt() + 1e-5) + col(self.bias)


@wrong("batch_norm_layer", "In eval() ε is missing")
class NoEpsilonInEval(Norm):
    def normalize(self, x, mean, var):
        eps = 1e-5 if self.training else 0
        return col(self.weight) * (x - col(mean)) / (col(var) + eps).sqrt() + col(self.bias)


@wrong("batch_norm_layer", "In eval() ε was added after the square root")
class EpsilonOutsideInEval(Norm):
    def normalize(self, x, mean, var):
        if self.training:
            return super().normalize(x, mean, var)
        return col(self.weight) * (x - col(mean)) / (col(var).sqrt() + 1e-5) + col(self.bias)


@wrong("batch_norm_layer", "biased variance")
class BiasedRunning(Norm):
    def update(self, x):
        with torch.no_grad():
            self.running_mean.lerp_(x.mean(AXES), 0.1)
            self.running_var.lerp_(x.var(AXES, correction=0), 0.1)


@wrong("batch_norm_layer", "divided by m, not by m - 1")
class UnbiasedBatch(Norm):
    def statistics(self, x):
        return x.mean(AXES), x.var(AXES)


@wrong("batch_norm_layer", "lacks running_mean, running_var")
class NoBuffers(Norm):
    def __init__(self, num_features):
        super().__init__(num_features)
        mean, var = self.running_mean, self.running_var
        del self.running_mean, self.running_var
        self.running_mean, self.running_var = mean, var


@wrong("batch_norm_layer", "is an nn.Parameter")
class RunningParameters(Norm):
    def __init__(self, num_features):
        super().__init__(num_features)
        for name in ("running_mean", "running_var"):
            value = getattr(self, name)
            delattr(self, name)
            setattr(self, name, nn.Parameter(value))


@wrong("batch_norm_layer", "is no nn.Parameter")
class NothingToLearn(Norm):
    def __init__(self, num_features):
        super().__init__(num_features)
        for name in ("weight", "bias"):
            value = getattr(self, name).detach()
            delattr(self, name)
            self.register_buffer(name, value)


@wrong("batch_norm_layer", "must not move the running statistics")
class MovesInEval(Norm):
    def forward(self, x):
        if self.training:
            return super().forward(x)
        y = super().forward(x)
        self.update(x)
        return y


@wrong("batch_norm_layer", "under no_grad")
class Detached(Norm):
    @torch.no_grad()
    def statistics(self, x):
        return super().statistics(x)


@wrong("batch_norm_layer", "It calls batch_norm")
class TorchsOwn(Norm):
    def forward(self, x):
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training
        )


@wrong("batch_norm_layer", "old value here")
class MomentumReversed(Norm):
    def update(self, x):
        with torch.no_grad():
            self.running_mean.lerp_(x.mean(AXES), 0.1)
            self.running_var.lerp_(x.var(AXES), 0.9)


@wrong("batch_norm_layer", "carry the graph")
class GraphInTheStatistics(Norm):
    def update(self, x):
        self.running_mean = 0.9 * self.running_mean + 0.1 * x.mean(AXES)
        self.running_var = 0.9 * self.running_var + 0.1 * x.var(AXES)


@wrong("batch_norm_layer", "No gradient reaches")
class NoGradientInEval(Norm):
    def forward(self, x):
        with torch.set_grad_enabled(self.training):
            return super().forward(x)


@wrong("batch_norm_layer", "eval() γ and β are missing")
class NotAffineInEval(Norm):
    def forward(self, x):
        y = super().forward(x)
        return y if self.training else (y - col(self.bias)) / col(self.weight)


def folded(conv, weight, bias):
    new = nn.Conv2d(
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding
    )
    with torch.no_grad():
        new.to(conv.weight.dtype)
        new.weight.copy_(weight)
        new.bias.copy_(bias)
    return new


def scales(conv, bn, eps=None):
    scale = bn.weight / (bn.running_var + (bn.eps if eps is None else eps)).sqrt()
    bias = torch.zeros_like(scale) if conv.bias is None else conv.bias
    return scale[:, None, None, None], scale, bias


@wrong("fold", "kernel must be as large")
def fold_with_a_fixed_kernel(conv, bn):
    new = nn.Conv2d(conv.in_channels, conv.out_channels, 3, conv.stride, conv.padding)
    wide, scale, bias = scales(conv, bn)
    new.weight = nn.Parameter(conv.weight.detach() * wide)
    new.bias = nn.Parameter((bias - bn.running_mean) * scale + bn.bias.detach())
    return new


@wrong("fold", "It calls fuse_conv_bn_eval")
def fold_by_torch(conv, bn):
    return fuse_conv_bn_eval(conv.eval(), bn.eval())


@wrong("fold", "no ε")
def fold_without_epsilon(conv, bn):
    wide, scale, bias = scales(conv, bn, eps=0)
    return folded(conv, conv.weight * wide, (bias - bn.running_mean) * scale + bn.bias)


@wrong("fold", "own bias was lost")
def fold_loses_the_bias(conv, bn):
    wide, scale, _ = scales(conv, bn)
    return folded(conv, conv.weight * wide, bn.bias - bn.running_mean * scale)


@wrong("fold", "β is missing")
def fold_without_beta(conv, bn):
    wide, scale, bias = scales(conv, bn)
    return folded(conv, conv.weight * wide, (bias - bn.running_mean) * scale)


@wrong("fold", "running mean is missing")
def fold_without_mean(conv, bn):
    wide, scale, bias = scales(conv, bn)
    return folded(conv, conv.weight * wide, bias * scale + bn.bias)


@wrong("fold", "one nn.Conv2d")
def fold_puts_them_in_a_row(conv, bn):
    return nn.Sequential(conv, bn)


@wrong("fold", "Stride and padding")
def fold_forgets_the_stride(conv, bn):
    wide, scale, bias = scales(conv, bn)
    new = nn.Conv2d(conv.in_channels, conv.out_channels, 3, stride=3)
    with torch.no_grad():
        new.weight.copy_(conv.weight * wide)
        new.bias.copy_((bias - bn.running_mean) * scale + bn.bias)
    return new


@wrong("fold", "It changes its input conv")
def fold_in_place(conv, bn):
    wide, scale, _ = scales(conv, bn)
    with torch.no_grad():
        conv.weight.mul_(wide)
    return folded(conv, conv.weight, bn.bias - bn.running_mean * scale)
