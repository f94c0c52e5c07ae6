"""Wrong answers to homework 2."""

import itertools

import torch
from torch import nn

from seminar.models import vgg16

from . import wrong


@wrong("stack_weights", "Only one layer")
def one_layer(kernel, depth, channels):
    return kernel**2 * channels**2


@wrong("stack_weights", "kernel × kernel")
def one_side(kernel, depth, channels):
    return depth * kernel * channels**2


@wrong("stack_weights", "reads all channels")
def channel_by_channel(kernel, depth, channels):
    return depth * kernel**2 * channels


@wrong("stack_weights", "Biases were counted")
def with_biases(kernel, depth, channels):
    return depth * (kernel**2 * channels + 1) * channels


@wrong("stack_weights", "are added")
def multiplied(kernel, depth, channels):
    return (kernel**2 * channels**2) ** depth


@wrong("stack_weights", "an int, not a float")
def as_float(kernel, depth, channels):
    return depth * kernel**2 * channels**2 / 1


def field(layers, after=False, dilated=True, strided=True):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump = jump * stride if after else jump
        size += (kernel - 1) * (dilation if dilated else 1) * (jump if strided else 1)
        jump = jump if after else jump * stride
    return size, jump


@wrong("receptive_field", "acts behind it")
def stride_too_early(layers):
    return field(layers, after=True)


@wrong("receptive_field", "strides are missing in the size")
def without_strides(layers):
    return field(layers, strided=False)


@wrong("receptive_field", "dilation is missing")
def without_dilation(layers):
    return field(layers, dilated=False)


@wrong("receptive_field", "product of the strides")
def sum_of_strides(layers):
    return field(layers)[0], sum(stride for _, stride, _ in layers)


@wrong("receptive_field", "product of the strides")
def last_stride(layers):
    return field(layers)[0], layers[-1][1]


@wrong("receptive_field", "kernel - 1")
def whole_kernels(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += kernel * dilation * jump
        jump *= stride
    return size, jump


@wrong("receptive_field", "Begin with 1")
def from_zero(layers):
    size, jump = field(layers)
    return size - 1, jump


@wrong("receptive_field", "size and jump")
def only_the_size(layers):
    return field(layers)[0]


@wrong("receptive_field", "It changes its input layers")
def eats_its_layers(layers):
    size, jump = 1, 1
    while layers:
        kernel, stride, dilation = layers.pop(0)
        size += (kernel - 1) * dilation * jump
        jump *= stride
    return size, jump


def interval(position, layers, scaled=True, sign=-1):
    size, jump, start = 1, 1, 0
    for kernel, stride, padding in layers:
        size += (kernel - 1) * jump
        start += sign * padding * (jump if scaled else 1)
        jump *= stride
    return position * jump + start, position * jump + start + size - 1


@wrong("field_of", "padding is missing")
def without_padding(position, layers):
    return interval(position, layers, sign=0)


@wrong("field_of", "larger steps")
def padding_not_scaled(position, layers):
    return interval(position, layers, scaled=False)


@wrong("field_of", "padding was added")
def padding_to_the_right(position, layers):
    return interval(position, layers, sign=1)


@wrong("field_of", "not the one after it")
def exclusive(position, layers):
    first, last = interval(position, layers)
    return first, last + 1


@wrong("field_of", "counted from 0")
def from_one(position, layers):
    return interval(position - 1, layers)


@wrong("field_of", "position · jump")
def without_jump(position, layers):
    first, last = interval(0, layers)
    return first + position, last + position


@wrong("field_of", "TypeError")
def by_position_only(position):
    return position, position


def gradient(model, shape, rows=None, columns=None):
    x = torch.rand(1, *shape, requires_grad=True)
    y = model(x)
    rows = y.shape[2] // 2 if rows is None else rows
    columns = y.shape[3] // 2 if columns is None else columns
    return torch.autograd.grad(y[0, :, rows, columns].sum(), x)[0][0].abs().sum(0)


def sides(seen):
    return int(seen.any(1).sum()), int(seen.any(0).sum())


@wrong("footprint", "are exchanged")
def exchanged(model, shape):
    return sides(gradient(model, shape) > 0)[::-1]


@wrong("footprint", "gradient of all outputs")
def all_outputs(model, shape):
    x = torch.rand(1, *shape, requires_grad=True)
    model(x).sum().backward()
    return sides(x.grad[0].abs().sum(0) > 0)


@wrong("footprint", "not how many pixels")
def area(model, shape):
    return int((gradient(model, shape) > 0).sum())


@wrong("footprint", "at the corner")
def corner(model, shape):
    return sides(gradient(model, shape, 0, 0) > 0)


@wrong("footprint", "last - first + 1")
def one_less(model, shape):
    height, width = sides(gradient(model, shape) > 0)
    return height - 1, width - 1


@wrong("footprint", "It stopped with")
def no_gradient(model, shape):
    x = torch.rand(1, *shape)
    y = model(x)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    return sides(x.grad[0].abs().sum(0) > 0)


@wrong("footprint", "not zero")
def of_one_layer(model, shape):
    return model[0].kernel_size


def features(configuration, in_channels, padding=1, relu=True, last=True, bias=True, pool=None):
    layers = []
    for item in configuration:
        if item == "M":
            layers.append(pool or nn.MaxPool2d(2))
        else:
            layers.append(nn.Conv2d(in_channels, item, 3, padding=padding, bias=bias))
            layers.append(nn.ReLU() if relu else nn.Identity())
            in_channels = item
    if not last:
        layers[max(i for i, layer in enumerate(layers) if isinstance(layer, nn.ReLU))] = (
            nn.Identity()
        )
    return nn.Sequential(*layers)


@wrong("vgg_features", "padding is missing")
def no_padding(configuration, in_channels):
    return features(configuration, in_channels, padding=0)


@wrong("vgg_features", "ReLUs are missing")
def no_relus(configuration, in_channels):
    return features(configuration, in_channels, relu=False)


@wrong("vgg_features", "no ReLU after the last")
def no_last_relu(configuration, in_channels):
    return features(configuration, in_channels, last=False)


@wrong("vgg_features", "takes the mean")
def mean_pooling(configuration, in_channels):
    return features(configuration, in_channels, pool=nn.AvgPool2d(2))


@wrong("vgg_features", "stride 1")
def overlapping(configuration, in_channels):
    return features(configuration, in_channels, pool=nn.MaxPool2d(2, 1))


@wrong("vgg_features", "pooling is 3×3")
def large_pooling(configuration, in_channels):
    return features(configuration, in_channels, pool=nn.MaxPool2d(3, 2, 1))


@wrong("vgg_features", "lacks", "0.bias")
def without_bias(configuration, in_channels):
    return features(configuration, in_channels, bias=False)


@wrong("vgg_features", "0.weight has a wrong shape")
def hard_coded_colors(configuration, in_channels):
    return features(configuration, 7)


@wrong("vgg_features", "state_dict() lacks")
def with_norms(configuration, in_channels):
    layers = []
    for layer in features(configuration, in_channels):
        layers.append(layer)
        if isinstance(layer, nn.Conv2d):
            layers.append(nn.BatchNorm2d(layer.out_channels))
    return nn.Sequential(*layers)


@wrong("vgg_features", "It calls seminar")
def the_packages(configuration, in_channels):
    return vgg16(in_channels=in_channels).features


def counts(kernel, depth):
    found = [1]
    for _ in range(depth):
        padded = [0] * (kernel - 1) + found + [0] * (kernel - 1)
        found = [sum(padded[i : i + kernel]) for i in range(len(found) + kernel - 1)]
    return found


@wrong("path_counts", "are shares")
def shares(kernel, depth):
    return [count / kernel**depth for count in counts(kernel, depth)]


@wrong("path_counts", "One layer too few")
def one_too_few(kernel, depth):
    return counts(kernel, depth - 1)


@wrong("path_counts", "One layer too many")
def one_too_many(kernel, depth):
    return counts(kernel, depth + 1)


@wrong("path_counts", "always 3")
def always_three(kernel, depth):
    return counts(3, depth)


@wrong("path_counts", "ends are missing")
def without_ends(kernel, depth):
    return counts(kernel, depth)[1:-1]


@wrong("path_counts", "binomial")
def binomials(kernel, depth):
    return counts(2, depth * (kernel - 1))


@wrong("path_counts", "taken to be alike")
def alike(kernel, depth):
    return [1] * (depth * (kernel - 1) + 1)


@wrong("path_counts", "did not end", "doubles")
def one_by_one(kernel, depth):
    found = [0] * (depth * (kernel - 1) + 1)
    for path in itertools.product(range(kernel), repeat=depth):
        found[sum(path)] += 1
    return found
