"""Wrong answers to homework 1."""

import copy
import math
import time

import torch
import torch.nn.functional as F
from torch import nn

from seminar import train
from seminar.homework.hw1 import _alexnet as alexnet

from . import wrong


@wrong("conv_output_size", "an int, not a float")
def not_rounded(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) / stride + 1


@wrong("conv_output_size", "Rounded up")
def rounded_up(size, kernel, stride, padding):
    return math.ceil((size + 2 * padding - kernel) / stride) + 1


@wrong("conv_output_size", "The + 1 is missing")
def without_the_first(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride


@wrong("conv_output_size", "on both sides")
def padded_once(size, kernel, stride, padding):
    return (size + padding - kernel) // stride + 1


@wrong("conv_output_size", "padding is missing")
def not_padded(size, kernel, stride, padding):
    return (size - kernel) // stride + 1


@wrong("conv_output_size", "or divided, too")
def plus_one_too_early(size, kernel, stride, padding):
    return (size + 2 * padding - kernel + 1) // stride


@wrong("conv_output_size", "stride is missing")
def stride_of_one(size, kernel, stride, padding):
    return size + 2 * padding - kernel + 1


@wrong("conv_output_size", "not kernel - 1")
def kernel_less_one(size, kernel, stride, padding):
    return (size + 2 * padding - (kernel - 1)) // stride + 1


@wrong("conv_output_size", "not kernel + 1")
def kernel_and_one(size, kernel, stride, padding):
    return (size + 2 * padding - kernel - 1) // stride + 1


@wrong("conv_output_size", "to the nearest")
def to_the_nearest(size, kernel, stride, padding):
    return round((size + 2 * padding - kernel) / stride) + 1


def cost(c_in, c_out, kernel, groups, size, bias=None, macs=None):
    weights = c_out * (c_in // groups) * kernel**2
    bias = c_out if bias is None else bias
    return weights + bias, weights * size**2 if macs is None else macs


@wrong("conv_cost", "biases are missing")
def cost_without_biases(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, groups, size, bias=0)


@wrong("conv_cost", "not for each input")
def bias_of_inputs(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, groups, size, bias=c_in)


@wrong("conv_cost", "groups are missing")
def without_groups(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, 1, size)


@wrong("conv_cost", "divided out twice")
def groups_twice(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out // groups, kernel, groups, size, bias=c_out)


@wrong("conv_cost", "one position")
def one_position(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, groups, 1)


@wrong("conv_cost", "size × size")
def one_row(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, groups, math.sqrt(size))[0], c_out * (
        c_in // groups
    ) * kernel**2 * size


@wrong("conv_cost", "not as two")
def operations(c_in, c_out, kernel, groups, size):
    parameters, macs = cost(c_in, c_out, kernel, groups, size)
    return parameters, 2 * macs


@wrong("conv_cost", "costs no multiply-add")
def bias_for_each_position(c_in, c_out, kernel, groups, size):
    parameters, _ = cost(c_in, c_out, kernel, groups, size)
    return parameters, parameters * size**2


@wrong("conv_cost", "first the parameters")
def the_other_order(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, groups, size)[::-1]


@wrong("conv_cost", "one bias of its own")
def one_bias(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, groups, size, bias=1)


@wrong("conv_cost", "one bias of its own")
def grouped_bias(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, groups, size, bias=c_out // groups)


@wrong("conv_cost", "groups are missing")
def groups_in_the_parameters_only(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, groups, size)[0], cost(c_in, c_out, kernel, 1, size)[1]


@wrong("conv_cost", "must return 2 values, (parameters, multiply-adds)")
def parameters_only(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, groups, size)[0]


@wrong("conv_cost", "costs no multiply-add")
def bias_in_the_macs(c_in, c_out, kernel, groups, size):
    parameters = cost(c_in, c_out, kernel, groups, size)[0]
    return parameters - c_out, parameters * size**2


@wrong("conv_cost", "one output channel only")
def macs_of_one_channel(c_in, c_out, kernel, groups, size):
    return cost(c_in, c_out, kernel, groups, size)[0], c_in // groups * kernel**2 * size**2


@wrong("conv_cost", "an int, not a float")
def true_division(c_in, c_out, kernel, groups, size):
    weights = c_out * c_in / groups * kernel**2
    return weights + c_out, weights * size**2


def convolved(image, kernels, stride, padding, flip=False, mean=False, channels=None):
    """By loops over the positions."""
    image = F.pad(image, (padding,) * 4)
    kernels = kernels.flip(2, 3) if flip else kernels
    k = kernels.shape[-1]
    rows = range(0, image.shape[1] - k + 1, stride)
    columns = range(0, image.shape[2] - k + 1, stride)
    out = torch.zeros(len(kernels), len(rows), len(columns), dtype=image.dtype)
    for a, i in enumerate(rows):
        for b, j in enumerate(columns):
            patch = image[:channels, i : i + k, j : j + k]
            out[:, a, b] = (patch * kernels[:, :channels]).sum((1, 2, 3))
    return out / len(image) if mean else out


def sized(image, kernels, stride, padding, height, width):
    """By loops over as many positions as that; a patch that does not fit is left out."""
    image, k = F.pad(image, (padding,) * 4), kernels.shape[-1]
    result = image.new_zeros(len(kernels), height, width)
    for i in range(height):
        for j in range(width):
            patch = image[:, i * stride : i * stride + k, j * stride : j * stride + k]
            if patch.shape[1:] == kernels.shape[2:]:
                result[:, i, j] = (patch * kernels).sum((1, 2, 3))
    return result


def free(image, kernels, padding):
    return [side + 2 * padding - kernels.shape[-1] for side in image.shape[1:]]


@wrong("conv2d", "Rounded up")
def size_rounded_up(image, kernels, stride, padding):
    sides = (-(-side // stride) + 1 for side in free(image, kernels, padding))
    return sized(image, kernels, stride, padding, *sides)


@wrong("conv2d", "Rounded up")
def size_rounded(image, kernels, stride, padding):
    sides = (round(side / stride) + 1 for side in free(image, kernels, padding))
    return sized(image, kernels, stride, padding, *sides)


@wrong("conv2d", "The + 1 is missing")
def size_without_one(image, kernels, stride, padding):
    sides = (side // stride for side in free(image, kernels, padding))
    return sized(image, kernels, stride, padding, *sides)


@wrong("conv2d", "computed with the padding")
def size_without_padding(image, kernels, stride, padding):
    sides = (side // stride + 1 for side in free(image, kernels, 0))
    return sized(image, kernels, stride, padding, *sides)


@wrong("conv2d", "is not square")
def square_result(image, kernels, stride, padding):
    side = free(image, kernels, padding)[0] // stride + 1
    return sized(image, kernels, stride, padding, side, side)


@wrong("conv2d", "one of the two directions")
def stride_of_the_rows_only(image, kernels, stride, padding):
    both = convolved(image, kernels, 1, padding)
    return both[:, ::stride]


@wrong("conv2d", "shape is wrong")
def kernel_from_the_channels(image, kernels, stride, padding):
    sides = (side + 2 * padding - kernels.shape[1] for side in image.shape[1:])
    return sized(image, kernels, stride, padding, *(side // stride + 1 for side in sides))


@wrong("conv2d", "numbers under the kernel were averaged")
def mean_of_the_products(image, kernels, stride, padding):
    return convolved(image, kernels, stride, padding) / kernels[0].numel()


@wrong("conv2d", "makes a tensor of it")
def as_an_array(image, kernels, stride, padding):
    return convolved(image, kernels, stride, padding).numpy()


@wrong("conv2d", "It calls conv2d")
def torchs_own(image, kernels, stride, padding):
    return F.conv2d(image[None], kernels, stride=stride, padding=padding)[0]


@wrong("conv2d", "It calls unfold")
def unfolded(image, kernels, stride, padding):
    columns = F.unfold(image[None], kernels.shape[-1], padding=padding, stride=stride)[0]
    return kernels.flatten(1) @ columns


@wrong("conv2d", "turned around")
def flipped(image, kernels, stride, padding):
    return convolved(image, kernels, stride, padding, flip=True)


@wrong("conv2d", "padding is missing")
def unpadded(image, kernels, stride, padding):
    return convolved(image, kernels, stride, 0)


@wrong("conv2d", "stride is missing")
def unstrided(image, kernels, stride, padding):
    return convolved(image, kernels, 1, padding)


@wrong("conv2d", "first channel")
def one_channel(image, kernels, stride, padding):
    return convolved(image, kernels, stride, padding, channels=1)


@wrong("conv2d", "channels were averaged")
def averaged(image, kernels, stride, padding):
    return convolved(image, kernels, stride, padding, mean=True)


@wrong("conv2d", "rows and columns exchanged")
def transposed(image, kernels, stride, padding):
    return convolved(image, kernels.transpose(2, 3), stride, padding)


@wrong("conv2d", "Height and width of the result")
def exchanged(image, kernels, stride, padding):
    return convolved(image, kernels, stride, padding).transpose(1, 2)


@wrong("conv2d", "shape is wrong")
def summed_over_outputs(image, kernels, stride, padding):
    return convolved(image, kernels, stride, padding).sum(0)


@wrong("conv2d", "patches stand at i, j")
def start_without_stride(image, kernels, stride, padding):
    height, width = convolved(image, kernels, stride, padding).shape[1:]
    return convolved(image, kernels, 1, padding)[:, :height, :width]


@wrong("conv2d", "do not overwrite it")
def overwritten(image, kernels, stride, padding):
    for c in range(len(image)):
        result = convolved(image[c : c + 1], kernels[:, c : c + 1], stride, padding)
    return result


@wrong("conv2d", "only channel c of the image")
def channels_added_first(image, kernels, stride, padding):
    return convolved(image.sum(0, keepdim=True), kernels.sum(1, keepdim=True), stride, padding)


@wrong("conv2d", "on all four sides")
def padded_at_one_end(image, kernels, stride, padding):
    return convolved(F.pad(image, (padding, 0, padding, 0)), kernels, stride, 0)


@wrong("conv2d", "on all four sides")
def padded_in_width(image, kernels, stride, padding):
    return convolved(F.pad(image, (padding, padding)), kernels, stride, 0)


@wrong("conv2d", "an axis too many")
def with_a_batch_axis(image, kernels, stride, padding):
    return convolved(image, kernels, stride, padding)[None]


@wrong("conv2d", "It stopped with")
def hard_coded_kernel(image, kernels, stride, padding):
    image, k = F.pad(image, (padding,) * 4), 3
    height, width = ((side - k) // stride + 1 for side in image.shape[1:])
    result = image.new_zeros(len(kernels), height, width)
    for i in range(height):
        for j in range(width):
            patch = image[:, i * stride : i * stride + k, j * stride : j * stride + k]
            result[:, i, j] = (patch * kernels).sum((1, 2, 3))
    return result


@wrong("conv2d", "Input: image")
def hard_coded_channels(image, kernels, stride, padding):
    parts = (convolved(image[[c]], kernels[:, [c]], stride, padding) for c in range(3))
    return sum(parts)


@wrong("conv2d", "shape is wrong")
def as_if_square(image, kernels, stride, padding):
    result = convolved(image, kernels, stride, padding)
    return result[:, :, : result.shape[1]]


@wrong("conv2d", "It calls conv2d")
def torchs_own_layer(image, kernels, stride, padding):
    o, c, k, _ = kernels.shape
    layer = nn.Conv2d(c, o, k, stride, padding, bias=False, dtype=image.dtype)
    layer.weight.data = kernels
    return layer(image).detach()


@wrong("conv2d", "It calls unfold")
def unfolded_by_a_method(image, kernels, stride, padding):
    k = kernels.shape[-1]
    patches = F.pad(image, (padding,) * 4).unfold(1, k, stride).unfold(2, k, stride)
    return torch.einsum("cijuv,ocuv->oij", patches, kernels)


def window(a, n, before=None, after=None, square=True):
    before = n // 2 if before is None else before
    after = n // 2 if after is None else after
    values = a**2 if square else a
    channels = a.shape[1]
    sums = [values[:, max(0, i - before) : i + after + 1].sum(1) for i in range(channels)]
    return torch.stack(sums, 1)


@wrong("lrn", "divided by n")
def as_in_torch(a, k, n, alpha, beta):
    return a / (k + alpha / n * window(a, n)) ** beta


@wrong("lrn", "It calls local_response_norm")
def by_torch(a, k, n, alpha, beta):
    return F.local_response_norm(a, n, alpha * n, beta, k)


@wrong("lrn", "k is missing")
def without_k(a, k, n, alpha, beta):
    return a / (alpha * window(a, n)) ** beta


@wrong("lrn", "not squared")
def not_squared(a, k, n, alpha, beta):
    return a / (k + alpha * window(a.abs(), n, square=False)) ** beta


@wrong("lrn", "β is missing")
def without_beta(a, k, n, alpha, beta):
    return a / (k + alpha * window(a, n))


@wrong("lrn", "goes around the edge")
def around(a, k, n, alpha, beta):
    rolled = [torch.roll(a**2, shift, 1) for shift in range(-(n // 2), n // 2 + 1)]
    return a / (k + alpha * sum(rolled)) ** beta


@wrong("lrn", "over the channels")
def in_the_image(a, k, n, alpha, beta):
    return a / (k + alpha * n**2 * F.avg_pool2d(a**2, n, 1, n // 2)) ** beta


@wrong("lrn", "one-sided")
def only_before(a, k, n, alpha, beta):
    return a / (k + alpha * window(a, n, n - 1, 0)) ** beta


@wrong("lrn", "last channel of the window")
def range_without_end(a, k, n, alpha, beta):
    return a / (k + alpha * window(a, n, after=n // 2 - 1)) ** beta


@wrong("lrn", "over all channels")
def all_channels(a, k, n, alpha, beta):
    return a / (k + alpha * (a**2).sum(1, keepdim=True)) ** beta


@wrong("lrn", "It changes its input a")
def squared_in_place(a, k, n, alpha, beta):
    b = a.clone()
    return b / (k + alpha * window(a.pow_(2), n, square=False)) ** beta


@wrong("lrn", "α is missing")
def without_alpha(a, k, n, alpha, beta):
    return a / (k + window(a, n)) ** beta


@wrong("lrn", "k, n, α and β are arguments")
def the_papers_numbers(a, k, n, alpha, beta):
    return a / (2 + 1e-4 * window(a, 5)) ** 0.75


@wrong("lrn", "whole bracket")
def beta_on_the_sum(a, k, n, alpha, beta):
    return a / (k + (alpha * window(a, n)) ** beta)


@wrong("lrn", "The sum was squared")
def square_of_the_sum(a, k, n, alpha, beta):
    return a / (k + alpha * window(a, n, square=False) ** 2) ** beta


@wrong("lrn", "means over the window")
def mean_of_the_window(a, k, n, alpha, beta):
    return a / (k + alpha * window(a, n) / window(torch.ones_like(a), n)) ** beta


@wrong("lrn", "begins below 0")
def negative_start(a, k, n, alpha, beta):
    half = n // 2
    sums = [a[:, i - half : i + half + 1].square().sum(1) for i in range(a.shape[1])]
    return a / (k + alpha * torch.stack(sums, 1)) ** beta


@wrong("lrn", "too wide")
def n_on_each_side(a, k, n, alpha, beta):
    return a / (k + alpha * window(a, n, n, n)) ** beta


@wrong("lrn", "channels are axis 1")
def over_the_images(a, k, n, alpha, beta):
    return a / (k + alpha * window(a.transpose(0, 1), n).transpose(0, 1)) ** beta


@wrong("lrn", "already normalized")
def one_after_the_other(a, k, n, alpha, beta):
    b = a.clone()
    for i in range(a.shape[1]):
        part = b[:, max(0, i - n // 2) : i + n // 2 + 1]
        b[:, i] = b[:, i] / (k + alpha * part.square().sum(1)) ** beta
    return b


@wrong("lrn", "too wide")
def rounded_up_half(a, k, n, alpha, beta):
    half = (n + 1) // 2
    return a / (k + alpha * window(a, n, half, half)) ** beta


@wrong("lrn", "Channel i itself")
def without_itself(a, k, n, alpha, beta):
    return a / (k + alpha * (window(a, n) - a**2)) ** beta


@wrong("lrn", "leave it out")
def without_the_last(a, k, n, alpha, beta):
    channels = a.shape[1]
    sums = []
    for i in range(channels):
        low, high = max(0, i - n // 2), min(channels - 1, i + n // 2)
        sums.append((a[:, low:high] ** 2).sum(1))
    return a / (k + alpha * torch.stack(sums, 1)) ** beta


@wrong("lrn", "not squared")
def plain_sum(a, k, n, alpha, beta):
    return a / (k + alpha * window(a, n, square=False)) ** beta


@wrong("lrn", "always 2")
def k_of_two(a, k, n, alpha, beta):
    return a / (2 + alpha * window(a, n)) ** beta


@wrong("lrn", "This is the divisor")
def only_the_divisor(a, k, n, alpha, beta):
    return (k + alpha * window(a, n)) ** beta


class Loop:
    """The training loop, right but for what a subclass changes."""

    momentum, zero, shuffle, evaluates, trains, anew = 0.9, True, True, True, True, False

    def order(self, count, epoch):
        return torch.randperm(count) if self.shuffle else torch.arange(count)

    def loss(self, logits, labels):
        return F.cross_entropy(logits, labels)

    def recorded(self, losses):
        return sum(losses) / len(losses)

    def number(self, loss):
        return loss.item()

    def optimizer(self, parameters, lr):
        return torch.optim.SGD(parameters, lr, self.momentum)

    def batches(self, order, size):
        return order.split(size)

    def labels(self, labels, batch, place):
        return labels[batch]

    def step(self, optimizer, loss):
        if self.zero:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def time(self, start, first):
        return time.perf_counter() - start

    def result(self, curves):
        return curves

    def accuracy(self, model, images, labels):
        with torch.no_grad():
            return (model(images).argmax(1) == labels).double().mean().item()

    def __call__(self, model, images, labels, epochs, batch_size, lr):
        optimizer, first = self.optimizer(model.parameters(), lr), time.perf_counter()
        curves = {"loss": [], "accuracy": [], "seconds": []}
        model.train()
        for epoch in range(epochs):
            start, losses = time.perf_counter(), []
            if self.anew:
                optimizer = self.optimizer(model.parameters(), lr)
            if self.trains:
                model.train()
            order = self.order(len(images), epoch)
            for i, batch in enumerate(self.batches(order, batch_size)):
                wanted = self.labels(labels, batch, i * batch_size)
                loss = self.loss(model(images[batch]), wanted)
                self.step(optimizer, loss)
                losses.append(self.number(loss))
            if self.evaluates:
                model.eval()
            curves["loss"].append(self.recorded(losses))
            curves["accuracy"].append(self.accuracy(model, images, labels))
            curves["seconds"].append(self.time(start, first))
        return self.result(curves)

    __name__ = "Loop"


def loop(name, **changes):
    """A loop with these attributes changed, as a function of this name."""
    made = type(name, (Loop,), {"__name__": name, **changes})()
    return made


for made, *words in (
    (loop("no_zero_grad", zero=False), "zero_grad() is missing"),
    (loop("no_momentum", momentum=0), "momentum 0.9 is missing"),
    (loop("not_shuffled", shuffle=False), "their own order"),
    (loop("never_eval", evaluates=False), "measured in train()"),
    (loop("no_train_again", trains=False), "trained on in eval()", "begins with model.train()"),
    (loop("last_loss", recorded=lambda self, losses: losses[-1]), "last mini-batch"),
    (loop("summed_losses", recorded=lambda self, losses: sum(losses)), "were added up"),
    (loop("tensors", number=lambda self, loss: loss.detach()), "holds tensors", "item()"),
    (
        loop("with_softmax", loss=lambda self, y, t: F.cross_entropy(y.softmax(1), t)),
        "softmax before the cross-entropy",
    ),
    (
        loop("sum_loss", loss=lambda self, y, t: F.cross_entropy(y, t, reduction="sum")),
        "mean over the mini-batch",
    ),
    (
        loop("percent", accuracy=lambda self, *a: 100 * Loop.accuracy(self, *a)),
        "in percent",
    ),
    (
        loop("same_order", order=lambda self, n, _: torch.arange(n).flip(0)),
        "same order",
    ),
    (
        loop("with_replacement", order=lambda self, n, _: torch.randint(n, (n,))),
        "several times",
    ),
    (loop("no_step", step=lambda self, o, loss: loss.backward()), "model has not changed"),
    (
        loop(
            "zero_too_late", step=lambda self, o, loss: (loss.backward(), o.zero_grad(), o.step())
        ),
        "model has not changed",
        "no zero_grad() in between",
    ),
    (loop("optimizer_anew", anew=True), "made anew in each epoch"),
    (
        loop("fixed_rate", optimizer=lambda self, p, _: torch.optim.SGD(p, 0.01, 0.9)),
        "not the argument lr",
    ),
    (loop("adam", optimizer=lambda self, p, lr: torch.optim.Adam(p, lr)), "no Adam"),
    (
        loop(
            "weight_decay",
            optimizer=lambda self, p, lr: torch.optim.SGD(p, lr, 0.9, weight_decay=5e-4),
        ),
        "no weight decay",
    ),
    (
        loop("labels_in_order", labels=lambda self, y, b, place: y[place : place + len(b)]),
        "labels are not those",
    ),
    (
        loop(
            "drops_the_last", batches=lambda self, order, n: order[: len(order) // n * n].split(n)
        ),
        "last mini-batch",
        "smaller one",
    ),
    (
        loop(
            "only_batches_shuffled",
            batches=lambda self, order, n: [
                order.sort().values.split(n)[i] for i in torch.randperm(-(-len(order) // n))
            ],
        ),
        "Only the mini-batches are shuffled",
    ),
    (loop("keeps_the_graph", number=lambda self, loss: loss), "holds tensors", "graph"),
    (
        loop("only_the_last_epoch", result=lambda self, c: {k: v[-1:] for k, v in c.items()}),
        "one entry for each epoch",
    ),
    (
        loop("clock_started_once", time=lambda self, _, first: time.perf_counter() - first),
        '"seconds"',
        "its own start",
    ),
    (loop("time_of_day", time=lambda self, *_: time.time()), '"seconds"', "its own start"),
    (
        loop("milliseconds", time=lambda self, s, _: 1000 * (time.perf_counter() - s)),
        '"seconds"',
        "took less than",
    ),
):
    wrong("train_classifier", *words)(made)


@wrong("train_classifier", "must return a dict")
def no_curves(model, images, labels, epochs, batch_size, lr):
    Loop()(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "model has not changed", "not a copy")
def trains_a_copy(model, images, labels, epochs, batch_size, lr):
    return Loop()(copy.deepcopy(model), images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "It changes its input images")
def shuffles_in_place(model, images, labels, epochs, batch_size, lr):
    order = torch.randperm(len(images))
    images[:], labels[:] = images[order], labels[order]
    return Loop()(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "measured in train()")
def evaluated_by_mini_batches_in_train(model, images, labels, epochs, batch_size, lr):
    def accuracy(self, model, x, y):
        pairs = zip(x.split(batch_size), y.split(batch_size), strict=True)
        return sum(int((model(a).argmax(1) == b).sum()) for a, b in pairs) / len(y)

    made = loop("made", evaluates=False, accuracy=accuracy)
    return made(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", '"loss"', "divided by a wrong number")
def divided_by_the_images(model, images, labels, epochs, batch_size, lr):
    made = loop("made", recorded=lambda self, losses: sum(losses) / len(images))
    return made(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "It calls seminar.train")
def by_the_package(model, images, labels, epochs, batch_size, lr):
    return train.evaluate(model, None)


@wrong("train_classifier", "number of mini-batches", "every image once")
def half_of_the_images(model, images, labels, epochs, batch_size, lr):
    n = len(images) // 2 // batch_size * batch_size
    return Loop()(model, images[:n], labels[:n], epochs, batch_size, lr)


@wrong("alexnet_parameters", "biases are missing")
def alexnet_without_biases(towers):
    return alexnet(towers, bias=False)


@wrong("alexnet_parameters", "conv3 reads")
def conv3_grouped(towers):
    return alexnet(towers, grouped="2345")


@wrong("alexnet_parameters", "fully connected layers read all")
def everything_grouped(towers):
    return alexnet(towers, grouped="2345678")


@wrong("alexnet_parameters", "make no difference")
def one_tower(towers):
    return alexnet(1)


@wrong("alexnet_parameters", "conv2, conv4 and conv5")
def conv2_only(towers):
    return alexnet(towers, grouped="2")


@wrong("alexnet_parameters", "6×6")
def without_pool5(towers):
    return alexnet(towers, side=13)


@wrong("alexnet_parameters", "not the sum")
def the_sum(towers):
    return sum(alexnet(towers).values())


OUTPUTS = {"conv1": 96, "conv2": 256, "conv3": 384, "conv4": 384, "conv5": 256}
OUTPUTS |= {"fc6": 4096, "fc7": 4096, "fc8": 1000}


@wrong("alexnet_parameters", "biases were divided")
def biases_divided(towers):
    weights = alexnet(towers, bias=False)
    return {name: weights[name] + OUTPUTS[name] // towers for name in weights}


@wrong("alexnet_parameters", "biases are missing")
def biases_of_convolutions_only(towers):
    full = alexnet(towers)
    return {name: n - OUTPUTS[name] * name.startswith("fc") for name, n in full.items()}


@wrong("alexnet_parameters", "numbers of one tower")
def of_one_tower(towers):
    return {name: n // towers for name, n in alexnet(towers).items()}


@wrong("alexnet_parameters", "make no difference")
def always_two_towers(towers):
    return alexnet(2)


@wrong("alexnet_parameters", "keys of the dict")
def without_fc8(towers):
    return {name: n for name, n in alexnet(towers).items() if name != "fc8"}


@wrong("alexnet_parameters", "It calls seminar")
def counted_in_the_package(towers):
    from seminar.models import alexnet_two_tower

    with torch.device("meta"):
        net = alexnet_two_tower()
    return {n: p.numel() for n, p in net.named_parameters() if isinstance(p, nn.Parameter)}


@wrong("train_classifier", "new for each mini-batch")
def optimizer_for_each_batch(model, images, labels, epochs, batch_size, lr):
    def step(self, optimizer, loss):
        optimizer.zero_grad()
        loss.backward()
        self.optimizer(model.parameters(), lr).step()

    return loop("made", step=step)(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "the trained weights")
def first_parameter_only(model, images, labels, epochs, batch_size, lr):
    def optimizer(self, parameters, lr):
        return torch.optim.SGD(list(parameters)[:1], lr, 0.9)

    return loop("made", optimizer=optimizer)(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "gradients add up")
def cleared_once_per_epoch(model, images, labels, epochs, batch_size, lr):
    def order(self, count, epoch):
        model.zero_grad()
        return torch.randperm(count)

    return loop("made", order=order, zero=False)(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "last mini-batch is smaller")
def mean_of_the_batches(model, images, labels, epochs, batch_size, lr):
    def accuracy(self, model, x, y):
        pairs = list(zip(x.split(batch_size), y.split(batch_size), strict=True))
        return sum((model(a).argmax(1) == b).double().mean().item() for a, b in pairs) / len(pairs)

    return loop("made", accuracy=accuracy)(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "has no image")
def one_batch_too_many(model, images, labels, epochs, batch_size, lr):
    def batches(self, order, size):
        return [order[i * size : (i + 1) * size] for i in range(len(order) // size + 1)]

    return loop("made", batches=batches)(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "may be a smaller one")
def last_image_left_out(model, images, labels, epochs, batch_size, lr):
    def batches(self, order, size):
        return [order[i : i + size] for i in range(0, len(order) - 1, size)]

    return loop("made", batches=batches)(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "called twice")
def logits_twice(model, images, labels, epochs, batch_size, lr):
    def again(self, labels, batch, place):
        model(images[batch])
        return labels[batch]

    return loop("made", labels=again)(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", "not among the given")
def normalized_images(model, images, labels, epochs, batch_size, lr):
    return Loop()(model, images / images.std(), labels, epochs, batch_size, lr)


@wrong("train_classifier", "earlier epochs")
def losses_never_emptied(model, images, labels, epochs, batch_size, lr):
    kept = []

    def recorded(self, losses):
        kept.extend(losses)
        return sum(kept) / len(kept)

    return loop("made", recorded=recorded)(model, images, labels, epochs, batch_size, lr)


@wrong("train_classifier", '"seconds"', "took more than")
def seconds_of_the_last_batch(model, images, labels, epochs, batch_size, lr):
    def begin(self, labels, batch, place):
        self.begun = time.perf_counter()
        return labels[batch]

    made = loop("made", labels=begin, time=lambda self, *_: time.perf_counter() - self.begun)
    return made(model, images, labels, epochs, batch_size, lr)


@wrong("alexnet_parameters", "divided out twice")
def both_sides_divided(towers):
    weights = alexnet(towers, bias=False)
    return {
        name: n // (towers if name in ("conv2", "conv4", "conv5") else 1) + OUTPUTS[name]
        for name, n in weights.items()
    }


@wrong("alexnet_parameters", "fully connected layers read all")
def fc6_divided(towers):
    return alexnet(towers, grouped="2456")


@wrong("alexnet_parameters", "biases are missing")
def biases_of_linear_layers_only(towers):
    full = alexnet(towers)
    return {name: n - OUTPUTS[name] * name.startswith("conv") for name, n in full.items()}


@wrong("alexnet_parameters", "6×6")
def six_positions(towers):
    return alexnet(towers) | {"fc6": 4096 * 256 * 6 + 4096}
