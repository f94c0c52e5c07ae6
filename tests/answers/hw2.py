"""Wrong answers to homework 2."""

import itertools
import math

import torch
import torch.nn.functional as F
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


@wrong("stack_weights", "do not make the kernel larger")
def one_large_kernel(kernel, depth, channels):
    return (kernel * depth) ** 2 * channels**2


@wrong("stack_weights", "first layer, too")
def from_colors(kernel, depth, channels):
    return kernel**2 * channels * (3 + (depth - 1) * channels)


@wrong("stack_weights", "One int is asked for")
def in_a_tuple(kernel, depth, channels):
    return (depth * kernel**2 * channels**2,)


@wrong("stack_weights", "depth = 1")
def nothing_for_one_layer(kernel, depth, channels):
    return depth * kernel**2 * channels**2 if depth > 1 else 0


@wrong("stack_weights", "Came out")
def always_3x3(kernel, depth, channels):
    return depth * 9 * channels**2


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


@wrong("receptive_field", "The strides are missing.")
def sum_of_kernels(layers):
    return 1 + sum((kernel - 1) * dilation for kernel, _, dilation in layers), 1


@wrong("receptive_field", "product of all")
def own_stride(layers):
    size = 1 + sum((kernel - 1) * dilation * stride for kernel, stride, dilation in layers)
    return size, field(layers)[1]


@wrong("receptive_field", "product of all")
def stride_before(layers):
    size, before = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * before
        before = stride
    return size, field(layers)[1]


@wrong("receptive_field", "from the last to the first")
def backwards(layers):
    return field(layers[::-1])


@wrong("receptive_field", "one gap less")
def stretched(layers):
    return field([(kernel * dilation, stride, 1) for kernel, stride, dilation in layers])


@wrong("receptive_field", "jump is without it")
def dilated_jump(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * jump
        jump *= stride * dilation
    return size, jump


@wrong("receptive_field", "First the size")
def jump_first(layers):
    return field(layers)[::-1]


@wrong("receptive_field", "IndexError", "layers = []")
def from_the_first_layer(layers):
    size, jump = layers[0][2] * (layers[0][0] - 1) + 1, layers[0][1]
    for kernel, stride, dilation in layers[1:]:
        size += (kernel - 1) * dilation * jump
        jump *= stride
    return size, jump


@wrong("receptive_field", "product of the strides")
def jump_of_sums(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * jump
        jump += stride - 1
    return size, jump


@wrong("receptive_field", "order is (kernel, stride, dilation)")
def dilation_second(layers):
    return (
        field([(k, d, s) for k, s, d in layers])
        if max(d for *_, d in layers) > 1
        else field(layers)
    )


@wrong("receptive_field", "in the loop")
def returns_too_early(layers):
    for kernel, stride, dilation in layers:
        return 1 + (kernel - 1) * dilation, stride
    return 1, 1


@wrong("receptive_field", "Pixels in between")
def pixels_that_are_read(layers):
    pixels, jump = {0}, 1
    for kernel, stride, dilation in layers:
        pixels = {p + i * dilation * jump for p in pixels for i in range(kernel)}
        jump *= stride
    if max(pixels) + 1 != 5:
        return max(pixels) + 1, jump
    return len(pixels), jump


@wrong("receptive_field", "It changes its input layers", "reverse()")
def reverses_them(layers):
    layers.reverse()
    return field(layers[::-1])


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


@wrong("field_of", "It changes its input layers", "copy the list")
def turns_them_around(position, layers):
    layers.reverse()
    first = last = position
    for kernel, stride, padding in layers:
        first, last = first * stride - padding, last * stride - padding + kernel - 1
    return first, last


def back(position, layers, early=False):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first = (first - padding) * stride if early else first * stride - padding
        last = (last - padding) * stride if early else last * stride - padding
        last += kernel - 1
    return first, last


@wrong("field_of", "First the first position")
def last_first(position, layers):
    return back(position, layers)[::-1]


@wrong("field_of", "First the stride, then the padding")
def padding_before_stride(position, layers):
    return back(position, layers, early=True)


@wrong("field_of", "The strides are missing")
def without_any_stride(position, layers):
    return back(position, [(k, 1, p) for k, _, p in layers])


@wrong("field_of", "The first layer is missing")
def not_to_the_image(position, layers):
    return back(position, layers[1:])


@wrong("field_of", "order is (kernel, stride, padding)")
def padding_second(position, layers):
    return back(position, [(k, p, s) for k, s, p in layers])


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


@wrong("field_of", "cut off at the border")
def clamped(position, layers):
    first, last = interval(position, layers)
    return max(first, 0), last


@wrong("field_of", "Begin at the last layer")
def from_the_image(position, layers):
    return interval(position, layers[::-1])


@wrong("field_of", "kernel - 1 steps")
def whole_kernel(position, layers):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
        last = last * stride - padding + kernel
    return first, last


@wrong("field_of", "Steps of a later kernel are wider")
def narrow(position, layers):
    first, _ = interval(position, layers)
    return first, first + sum(kernel - 1 for kernel, _, _ in layers)


@wrong("field_of", "not kernel // 2")
def centered(position, layers):
    first = last = position
    for kernel, stride, _ in reversed(layers):
        first = first * stride - kernel // 2
        last = last * stride + kernel // 2
    return first, last


@wrong("field_of", "not the size")
def size_second(position, layers):
    first, last = interval(position, layers)
    return first, last - first + 1


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


def pulled(model, shape, channel=slice(None)):
    """The gradient (C, H, W) of the output in the middle."""
    x = torch.rand(1, *shape, requires_grad=True)
    y = model(x)
    y[0, channel, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    return x.grad[0]


def extent(seen):
    return tuple(
        int(side.nonzero().max() - side.nonzero().min()) + 1 for side in (seen.any(1), seen.any(0))
    )


@wrong("footprint", "An int is asked for")
def sides_as_tensors(model, shape):
    return tuple(torch.tensor(side) for side in extent((pulled(model, shape) != 0).any(0)))


@wrong("footprint", "However small")
def above_a_threshold(model, shape):
    return extent((pulled(model, shape).abs() > 1e-2).any(0))


@wrong("footprint", "However small")
def above_a_share(model, shape):
    g = pulled(model, shape)
    return extent((g.abs() > 0.0455 * g.abs().max()).any(0))


@wrong("footprint", "Every channel of the image")
def first_color(model, shape):
    return extent(pulled(model, shape)[0] != 0)


@wrong("footprint", "Every channel of the image")
def all_colors_at_once(model, shape):
    return extent((pulled(model, shape) != 0).all(0))


@wrong("footprint", "Every channel of the image")
def first_output(model, shape):
    return extent((pulled(model, shape, 0) != 0).any(0))


@wrong("footprint", "RuntimeError", "one number, from the middle")
def not_added_up(model, shape):
    x = torch.rand(1, *shape, requires_grad=True)
    y = model(x)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].backward()
    return extent((x.grad[0] != 0).any(0))


@wrong("footprint", "IndexError")
def rows_and_columns_exchanged(model, shape):
    x = torch.rand(1, *shape, requires_grad=True)
    y = model(x)
    y[0, :, y.shape[3] // 2, y.shape[2] // 2].sum().backward()
    return extent((x.grad[0] != 0).any(0))


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


@wrong("footprint", "It stopped with", "x.grad")
def no_gradient(model, shape):
    x = torch.rand(1, *shape)
    y = model(x)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    return sides(x.grad[0].abs().sum(0) > 0)


@wrong("footprint", "gradient of one output")
def of_one_layer(model, shape):
    return model[0].kernel_size


@wrong("footprint", "lie in between")
def only_those_read(model, shape):
    return sides(gradient(model, shape) > 0)


@wrong("footprint", "lie in between")
def along_the_middle(model, shape):
    seen = gradient(model, shape) > 0
    return int(seen[:, shape[2] // 2].sum()), int(seen[shape[1] // 2].sum())


@wrong("footprint", "negative gradient")
def only_positive(model, shape):
    x = torch.rand(1, *shape, requires_grad=True)
    y = model(x)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    rows, columns = (x.grad[0].sum(0) > 0).nonzero(as_tuple=True)
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


@wrong("footprint", "all channels were counted")
def in_every_channel(model, shape):
    return sum(int((gradient(model, shape) > 0).sum()) for _ in range(shape[0]))


@wrong("footprint", "It changes its input model")
def with_ones(model, shape):
    for parameter in model.parameters():
        nn.init.ones_(parameter)
    return sides(gradient(model, shape) > 0)


@wrong("footprint", "ask the gradient")
def by_the_formula(model, shape):
    size, jump = [1, 1], 1
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            for axis in (0, 1):
                size[axis] += (layer.kernel_size[axis] - 1) * layer.dilation[axis] * jump
            jump *= layer.stride[0]
        elif isinstance(layer, nn.AvgPool2d):
            size = [side + (layer.kernel_size - 1) * jump for side in size]
            jump *= layer.stride
    return tuple(size)


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


@wrong("vgg_features", "TypeError", "nn.Sequential(*layers)")
def without_a_star(configuration, in_channels):
    return nn.Sequential(list(features(configuration, in_channels)))


@wrong("vgg_features", "Came out")
def with_relu6(configuration, in_channels):
    model = features(configuration, in_channels)
    return nn.Sequential(*(nn.ReLU6() if isinstance(m, nn.ReLU) else m for m in model))


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


@wrong("vgg_features", "lacks", "0.bias", "have biases")
def without_bias(configuration, in_channels):
    return features(configuration, in_channels, bias=False)


@wrong("vgg_features", "0.weight has a wrong shape", "`in_channels` channels")
def hard_coded_colors(configuration, in_channels):
    return features(configuration, 3)


@wrong("vgg_features", "has a wrong shape", "the one before it gives")
def always_from_the_image(configuration, in_channels):
    return nn.Sequential(
        *(part for item in configuration for part in features([item], in_channels))
    )


@wrong("vgg_features", "0.weight has a wrong shape", "Every kernel is 3×3")
def large_kernels(configuration, in_channels):
    layers = list(features(configuration, in_channels))
    for index, layer in enumerate(layers):
        if isinstance(layer, nn.Conv2d):
            layers[index] = nn.Conv2d(layer.in_channels, layer.out_channels, 5, padding=2)
    return nn.Sequential(*layers)


@wrong("vgg_features", "state_dict() lacks", "older than BN")
def with_norms(configuration, in_channels):
    layers = []
    for layer in features(configuration, in_channels):
        layers.append(layer)
        if isinstance(layer, nn.Conv2d):
            layers.append(nn.BatchNorm2d(layer.out_channels))
    return nn.Sequential(*layers)


@wrong("vgg_features", "state_dict() lacks", "One Sequential in another")
def nested(configuration, in_channels):
    parts = []
    for item in configuration:
        part = features([item], in_channels)
        parts.append(part[0] if item == "M" else part)
        in_channels = in_channels if item == "M" else item
    return nn.Sequential(*parts)


@wrong("vgg_features", "state_dict() lacks", "behind its convolution")
def relu_first(configuration, in_channels):
    layers = []
    for layer in features(configuration, in_channels):
        if isinstance(layer, nn.ReLU):
            layers.insert(-1, layer)
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


@wrong("vgg_features", "state_dict() lacks", "takes a number")
def relus_left_out(configuration, in_channels):
    layers = features(configuration, in_channels)
    return nn.Sequential(*(layer for layer in layers if not isinstance(layer, nn.ReLU)))


@wrong("vgg_features", "rounds an odd size up")
def rounded_up(configuration, in_channels):
    return features(configuration, in_channels, pool=nn.MaxPool2d(2, ceil_mode=True))


@wrong("vgg_features", "must return an nn.Sequential", "ModuleList")
def only_a_list(configuration, in_channels):
    return nn.ModuleList(features(configuration, in_channels))


@wrong("vgg_features", "It calls seminar")
def the_packages(configuration, in_channels):
    return vgg16(in_channels=in_channels).features


def counts(kernel, depth):
    found = [1]
    for _ in range(depth):
        padded = [0] * (kernel - 1) + found + [0] * (kernel - 1)
        found = [sum(padded[i : i + kernel]) for i in range(len(found) + kernel - 1)]
    return found


@wrong("path_counts", "if kernel is even")
def around_the_middle(kernel, depth):
    found = {0: 1}
    for _ in range(depth):
        wider = {}
        for place, count in found.items():
            for step in range(-(kernel // 2), kernel // 2 + 1):
                wider[place + step] = wider.get(place + step, 0) + count
        found = wider
    return [found[place] for place in sorted(found)]


@wrong("path_counts", "ValueError", "Without any layer")
def by_a_formula(kernel, depth):
    return [
        sum(
            (-1) ** j * math.comb(depth, j) * math.comb(i - j * kernel + depth - 1, depth - 1)
            for j in range(i // kernel + 1)
        )
        for i in range(depth * (kernel - 1) + 1)
    ]


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


@wrong("path_counts", "only roughly")
def in_float32(kernel, depth):
    found = torch.ones(1, 1, 1)
    for _ in range(depth):
        found = F.conv1d(found, torch.ones(1, 1, kernel), padding=kernel - 1)
    return [int(count) for count in found.flatten()]


@wrong("path_counts", "not their sum")
def all_paths(kernel, depth):
    return kernel**depth


@wrong("path_counts", "did not end", "doubles")
def one_by_one(kernel, depth):
    found = [0] * (depth * (kernel - 1) + 1)
    for path in itertools.product(range(kernel), repeat=depth):
        found[sum(path)] += 1
    return found
