"""Wrong answers to homework 3."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from . import wrong


def right_fans(shape):
    area = math.prod(shape[2:])
    return shape[1] * area, shape[0] * area


@wrong("fans", "are exchanged")
def exchanged(weight):
    return right_fans(weight.shape)[::-1]


@wrong("fans", "kernel's positions are missing")
def without_kernel(weight):
    return weight.shape[1], weight.shape[0]


@wrong("fans", "fan_out counts")
def kernel_for_fan_in_only(weight):
    return right_fans(weight.shape)[0], weight.shape[0]


@wrong("fans", "need not be square")
def square_kernels(weight):
    area = weight.shape[2] ** 2 if weight.dim() > 2 else 1
    return weight.shape[1] * area, weight.shape[0] * area


@wrong("fans", "one side")
def one_side(weight):
    side = weight.shape[2] if weight.dim() > 2 else 1
    return weight.shape[1] * side, weight.shape[0] * side


@wrong("fans", "It stopped with", "not enough values")
def convolutions_only(weight):
    o, c, h, w = weight.shape
    return c * h * w, o * h * w


@wrong("fans", "makes one of a tensor")
def as_tensors(weight):
    return tuple(torch.tensor(right_fans(weight.shape)))


@wrong("fans", "It must be an int, not a float", "/ always gives a float")
def as_floats(weight):
    return tuple(float(f) for f in right_fans(weight.shape))


def uniform(shape, generator, variance, low=-1.0):
    a = math.sqrt(3 * variance)
    return a * (low + (1 - low) * torch.rand(shape, generator=generator))


def fan_sum(shape):
    return sum(right_fans(shape))


@wrong("xavier_uniform", "√3 times")
def deviation_as_bound(shape, generator):
    return uniform(shape, generator, 2 / fan_sum(shape) / 3)


@wrong("xavier_uniform", "Only fan_in")
def only_fan_in(shape, generator):
    return uniform(shape, generator, 1 / right_fans(shape)[0])


@wrong("xavier_uniform", "no negative number")
def positive(shape, generator):
    return uniform(shape, generator, 2 / fan_sum(shape), low=0.0)


@wrong("xavier_uniform", "kernel's positions are missing")
def xavier_without_kernel(shape, generator):
    return uniform(shape, generator, 2 / (shape[0] + shape[1]))


@wrong("xavier_uniform", "root is missing")
def xavier_without_root(shape, generator):
    return (2 * torch.rand(shape, generator=generator) - 1) * 6 / fan_sum(shape)


@wrong("xavier_uniform", "must be uniform")
def xavier_normal(shape, generator):
    return torch.randn(shape, generator=generator) * math.sqrt(2 / fan_sum(shape))


@wrong("xavier_uniform", "Twice the same generator")
def ignores_the_generator(shape, generator):
    return uniform(shape, None, 2 / fan_sum(shape))


@wrong("xavier_uniform", "It calls xavier_uniform_")
def torchs_xavier(shape, generator):
    return nn.init.xavier_uniform_(torch.empty(shape), generator=generator)


@wrong("xavier_uniform", "multiplied, not added")
def product_of_fans(shape, generator):
    n_in, n_out = right_fans(shape)
    return uniform(shape, generator, 2 / n_in / n_out)


@wrong("xavier_uniform", "same numbers")
def its_own_seed(shape, generator):
    return uniform(shape, torch.Generator().manual_seed(0), 2 / fan_sum(shape))


@wrong("xavier_uniform", "One generator, used twice")
def a_new_generator_for_xavier(shape, generator):
    again = torch.Generator().manual_seed(generator.initial_seed())
    return uniform(shape, again, 2 / fan_sum(shape))


@wrong("xavier_uniform", "Only fan_out")
def only_fan_out(shape, generator):
    return uniform(shape, generator, 1 / right_fans(shape)[1])


@wrong("xavier_uniform", "fan_out counts")
def kernel_in_fan_in_only(shape, generator):
    return uniform(shape, generator, 2 / (right_fans(shape)[0] + shape[0]))


@wrong("xavier_uniform", "need not be square")
def xavier_of_squares(shape, generator):
    side = shape[2] if len(shape) > 2 else 1
    return uniform(shape, generator, 2 / (shape[0] + shape[1]) / side**2)


@wrong("xavier_uniform", "standard deviation of normal numbers")
def bound_as_deviation(shape, generator):
    return torch.randn(shape, generator=generator) * math.sqrt(6 / fan_sum(shape))


@wrong("xavier_uniform", "mean of the fans")
def mean_for_sum(shape, generator):
    return uniform(shape, generator, 4 / fan_sum(shape))


@wrong("xavier_uniform", "from the 6 only")
def root_of_six(shape, generator):
    return (2 * torch.rand(shape, generator=generator) - 1) * math.sqrt(6) / fan_sum(shape)


@wrong("xavier_uniform", "root is missing")
def linear_layers_without_root(shape, generator):
    if len(shape) > 2:
        return uniform(shape, generator, 2 / fan_sum(shape))
    return xavier_without_root(shape, generator)


@wrong("xavier_uniform", "IndexError")
def two_sides_only(shape, generator):
    area = shape[2] * shape[3] if len(shape) > 2 else 1
    return uniform(shape, generator, 2 / (shape[0] + shape[1]) / area)


@wrong("xavier_uniform", "not uniformly distributed")
def mostly_at_the_ends(shape, generator):
    return torch.cos(math.pi * torch.rand(shape, generator=generator)) * math.sqrt(
        4 / fan_sum(shape)
    )


@wrong("xavier_uniform", "more than once")
def one_number_for_each_kernel(shape, generator):
    w = uniform(shape[:2], generator, 2 / fan_sum(shape))
    return w.reshape(*w.shape, *[1] * len(shape[2:])).expand(shape).clone()


def normal(shape, generator, variance):
    return torch.randn(shape, generator=generator) * math.sqrt(variance)


def fan_of(shape, mode):
    return right_fans(shape)[mode == "fan_out"]


@wrong("he_normal", "the other fan")
def other_fan(shape, generator, mode):
    return normal(shape, generator, 2 / fan_of(shape, "fan_out" if mode == "fan_in" else "fan_in"))


@wrong("he_normal", "the other fan")
def always_fan_in(shape, generator, mode):
    return normal(shape, generator, 2 / fan_of(shape, "fan_in"))


@wrong("he_normal", "factor 2 is missing")
def without_two(shape, generator, mode):
    return normal(shape, generator, 1 / fan_of(shape, mode))


@wrong("he_normal", "This is the variance")
def variance_for_deviation(shape, generator, mode):
    return torch.randn(shape, generator=generator) * 2 / fan_of(shape, mode)


@wrong("he_normal", "kernel's positions are missing")
def he_without_kernel(shape, generator, mode):
    return normal(shape, generator, 2 / shape[1 if mode == "fan_in" else 0])


@wrong("he_normal", "not normally distributed")
def he_uniform(shape, generator, mode):
    return uniform(shape, generator, 2 / fan_of(shape, mode))


@wrong("he_normal", "Xavier's variance")
def xavier_for_he(shape, generator, mode):
    return normal(shape, generator, 2 / fan_sum(shape))


@wrong("he_normal", "It calls kaiming_normal_")
def torchs_he(shape, generator, mode):
    return nn.init.kaiming_normal_(torch.empty(shape), mode=mode, generator=generator)


@wrong("he_normal", "shape is wrong")
def flat(shape, generator, mode):
    return normal(shape, generator, 2 / fan_of(shape, mode)).flatten()


@wrong("he_normal", "The mean of the numbers")
def around_one(shape, generator, mode):
    return 1 + normal(shape, generator, 2 / fan_of(shape, mode))


@wrong("he_normal", "Twice the same generator")
def generator_for_fan_in_only(shape, generator, mode):
    given = generator if mode == "fan_in" else None
    return normal(shape, given, 2 / fan_of(shape, mode))


@wrong("he_normal", "One generator, used twice")
def a_new_generator_for_he(shape, generator, mode):
    again = torch.Generator().manual_seed(generator.initial_seed())
    return normal(shape, again, 2 / fan_of(shape, mode))


@wrong("he_normal", "need not be square")
def he_of_squares(shape, generator, mode):
    side = shape[2] if len(shape) > 2 else 1
    return normal(shape, generator, 2 / shape[1 if mode == "fan_in" else 0] / side**2)


@wrong("he_normal", "This is the variance")
def linear_layers_by_variance(shape, generator, mode):
    variance = 2 / fan_of(shape, mode)
    return normal(shape, generator, variance if len(shape) > 2 else variance**2)


@wrong("he_normal", "not normally distributed")
def laplace(shape, generator, mode):
    u = torch.rand(shape, generator=generator) - 0.5
    return -u.sign() * (1 - 2 * u.abs()).clamp(min=1e-6).log() / math.sqrt(fan_of(shape, mode))


@torch.no_grad()
def initialized(model, modules=None, mode="fan_in", factor=2, biases=True, norm=True):
    for module in model.modules() if modules is None else modules:
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.copy_(
                normal(module.weight.shape, None, factor / fan_of(module.weight.shape, mode))
            )
            if biases and module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.BatchNorm2d) and norm:
            module.weight.fill_(1)
            module.bias.zero_()
    return model


@wrong("initialize", "layers inside layers")
def top_level_only(model):
    return initialized(model, model.children())


@wrong("initialize", "of a Linear has not been drawn")
def convolutions(model):
    return initialized(model, [m for m in model.modules() if not isinstance(m, nn.Linear)])


@wrong("initialize", "0.bias of the Conv2d must be 0", "not touched")
def biases_left(model):
    return initialized(model, biases=False)


@wrong("initialize", "of the BatchNorm2d must be 1", "not touched")
def norms_left(model):
    return initialized(model, norm=False)


@wrong("initialize", "of the BatchNorm2d must be 1", "none of them is drawn")
def everything_drawn(model):
    model = initialized(model)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.normal_()
    return model


@wrong("initialize", "fan_out's variance")
def by_fan_out(model):
    return initialized(model, mode="fan_out")


@wrong("initialize", "factor 2 is missing")
def by_lecun(model):
    return initialized(model, factor=1)


@wrong("initialize", "Wrong: 5.0.weight", "are changed")
def all_that_has_a_weight(model):
    with torch.no_grad():
        for module in model.modules():
            if getattr(module, "weight", None) is not None and module.weight.dim() > 1:
                shape = module.weight.shape
                module.weight.copy_(normal(shape, None, 2 / right_fans(shape)[0]))
    return initialized(model, [m for m in model.modules() if not isinstance(m, nn.Embedding)])


@wrong("initialize", "Wrong: scale", "are changed")
def own_parameters_as_well(model):
    nn.init.ones_(model.scale)
    return initialized(model)


@wrong("initialize", "num_batches_tracked", "are changed")
def counts_anew(model):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.num_batches_tracked.zero_()
    return initialized(model)


@wrong("initialize", "stands in eval()")
def left_in_eval(model):
    return initialized(model.eval())


@wrong("initialize", "0.weight of a Conv2d has not been drawn", "Which two kinds")
def linear_only(model):
    return initialized(model, [m for m in model.modules() if not isinstance(m, nn.Conv2d)])


@wrong("initialize", "0.weight of a Conv2d has not been drawn", "only gives a name")
def names_only(model):
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            w = module.weight
            w = normal(w.shape, None, 2 / fan_of(w.shape, "fan_in"))
    return model


@wrong("initialize", "The old numbers are still in 0.weight")
def added(model):
    old = {name: p.detach().clone() for name, p in model.named_parameters()}
    initialized(model)
    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.add_(old[f"{name}.weight"])
    return model


@wrong("initialize", "RuntimeError", "no_grad")
def with_gradients(model):
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.normal_()
    return model


@wrong("initialize", "AttributeError", "have a bias")
def biases_everywhere(model):
    with torch.no_grad():
        for module in initialized(model).modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.bias.zero_()
    return model


@wrong("initialize", "kernel's positions are missing")
def without_the_kernel(model):
    initialized(model)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                shape = module.weight.shape
                module.weight.copy_(normal(shape, None, 2 / shape[1]))
    return model


@wrong("initialize", "not normally distributed")
def uniform_of_the_right_variance(model):
    initialized(model)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear):
                shape = module.weight.shape
                module.weight.copy_(uniform(shape, None, 2 / right_fans(shape)[0]))
    return model


@wrong("initialize", "the same numbers as another layer")
def one_seed_for_each_layer(model):
    initialized(model)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                generator = torch.Generator().manual_seed(0)
                shape = module.weight.shape
                module.weight.copy_(normal(shape, generator, 2 / right_fans(shape)[0]))
    return model


@wrong("initialize", "return it", "NoneType")
def no_return(model):
    initialized(model)


@wrong("initialize", "is another parameter now")
def new_parameters(model):
    model = initialized(model)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight = nn.Parameter(module.weight.detach().clone())
    return model


@wrong("initialize", "TypeError")
def tensors(model):
    model = initialized(model)
    model[0].weight = normal(model[0].weight.shape, None, 1)
    return model


@wrong("initialize", "It calls kaiming_normal_")
def by_torch(model):
    model = initialized(model)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
    return model


def mask(x, p, generator, shape=None):
    return (torch.rand(shape or x.shape, generator=generator) >= p).to(x.dtype)


@wrong("dropout", "mean must stay")
def not_scaled(x, p, training, generator):
    return x * mask(x, p, generator) if training else x


@wrong("dropout", "scales in training")
def the_papers(x, p, training, generator):
    return x * mask(x, p, generator) if training else x * (1 - p)


@wrong("dropout", "not to be kept")
def p_to_keep(x, p, training, generator):
    return x * mask(x, 1 - p, generator) / p if training else x


@wrong("dropout", "multiplied by", "mean must stay")
def scaled_by_p(x, p, training, generator):
    return x * mask(x, p, generator) / p if training else x


@wrong("dropout", "In evaluation nothing is dropped")
def always(x, p, training, generator):
    return x * mask(x, p, generator) / (1 - p)


@wrong("dropout", "Every image has lost the same")
def one_mask(x, p, training, generator):
    return x * mask(x, p, generator, x.shape[1:]) / (1 - p) if training else x


@wrong("dropout", "Every channel has lost the same")
def mask_of_positions(x, p, training, generator):
    n, _, h, w = x.shape
    return x * mask(x, p, generator, (n, 1, h, w)) / (1 - p) if training else x


@wrong("dropout", "Whole channels are dropped")
def whole_channels(x, p, training, generator):
    keep = torch.ones(*x.shape[:2], 1, 1)
    keep[:, ::2] = 0
    return x * keep * 2 if training else x


@wrong("dropout", "Whole images are dropped")
def whole_images(x, p, training, generator):
    shape = (len(x), *[1] * (x.dim() - 1))
    return x * mask(x, p, generator, shape) / (1 - p) if training else x


@wrong("dropout", "Every column has lost the same")
def mask_of_rows(x, p, training, generator):
    return x * mask(x, p, generator, (*x.shape[:-1], 1)) / (1 - p) if training else x


@wrong("dropout", "are multiplied by 0.5", "mean must stay")
def negative_numbers_lost(x, p, training, generator):
    scale = torch.where(x < 0, 0.5, 1 / (1 - p))
    return x * mask(x, p, generator) * scale if training else x


@wrong("dropout", "A share of", "Expected")
def clamped(x, p, training, generator):
    return x.clamp(min=0) * mask(x, p, generator) / (1 - p) if training else x


@wrong("dropout", "ValueError", "not enough values")
def four_axes(x, p, training, generator):
    n, c, h, w = x.shape
    return x * mask(x, p, generator, (n, c, h, w)) / (1 - p) if training else x


@wrong("dropout", "With p = 0")
def nothing_for_zero(x, p, training, generator):
    if training and p == 0:
        return torch.zeros_like(x)
    return x * mask(x, p, generator) / (1 - p) if training else x


@wrong("dropout", "No gradient comes back")
def cut_off(x, p, training, generator):
    return x.detach() * mask(x, p, generator) / (1 - p) if training else x


@wrong("dropout", "none is taken out")
def taken_out(x, p, training, generator):
    return x[mask(x, p, generator).bool()] / (1 - p) if training else x


@wrong("dropout", "happened to remain")
def by_the_remaining_share(x, p, training, generator):
    keep = mask(x, p, generator)
    return x * keep / keep.mean() if training else x


@wrong("dropout", "A share of 0%", "exactly 0")
def without_brackets(x, p, training, generator):
    return x * mask(x, p, generator) / 1 - p if training else x


@wrong("dropout", "One generator, used twice")
def a_new_generator_for_dropout(x, p, training, generator):
    again = torch.Generator().manual_seed(generator.initial_seed())
    return x * mask(x, p, again) / (1 - p) if training else x


@wrong("dropout", "It calls dropout")
def torchs_dropout(x, p, training, generator):
    return F.dropout(x, p, training)


@wrong("dropout", "Twice the same generator")
def by_global_numbers(x, p, training, generator):
    return x * mask(x, p, None) / (1 - p) if training else x


@wrong("dropout", "It changes its input x")
def dropped_in_place(x, p, training, generator):
    if training:
        x *= mask(x, p, generator) / (1 - p)
    return x


def moments(activation):
    z = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0))
    return activation(z)


@wrong("gain", "square of it")
def gain_squared(activation):
    return 1 / moments(activation).square().mean().item()


@wrong("gain", "its inverse")
def gain_inverted(activation):
    return moments(activation).square().mean().sqrt().item()


@wrong("gain", "mean was subtracted")
def gain_by_deviation(activation):
    return 1 / moments(activation).std().item()


@wrong("gain", "mean of |f(z)|")
def gain_by_size(activation):
    return 1 / moments(activation).abs().mean().item()


@wrong("gain", "gain of the ReLU")
def always_root_two(activation):
    return math.sqrt(2)


@wrong("gain", "How large is the mean")
def gain_of_another_density(activation):
    return 1 / activation(torch.randn(1_000_000) / math.sqrt(2)).square().mean().sqrt().item()


@wrong("gain", "How large is the mean")
def gain_of_wide_numbers(activation):
    return 1 / activation(2 * torch.randn(1_000_000)).square().mean().sqrt().item()


@wrong("gain", "Only positive z")
def gain_of_positive_numbers(activation):
    z = torch.randn(1_000_000).abs()
    return 1 / activation(z).square().mean().sqrt().item()


@wrong("gain", "How large is the mean")
def gain_of_uniform(activation):
    z = 4 * torch.rand(1_000_000) - 2
    return 1 / activation(z).square().mean().sqrt().item()


@wrong("gain", "Came out: nan")
def gain_of_nothing(activation):
    return (moments(activation).mean() - math.inf).sqrt().item()
