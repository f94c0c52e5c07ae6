"""Wrong answers to homework 1."""

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


class Loop:
    """The training loop, right but for what a subclass changes."""

    momentum, zero, shuffle, evaluates, trains = 0.9, True, True, True, True

    def order(self, count, epoch):
        return torch.randperm(count) if self.shuffle else torch.arange(count)

    def loss(self, logits, labels):
        return F.cross_entropy(logits, labels)

    def recorded(self, losses):
        return sum(losses) / len(losses)

    def number(self, loss):
        return loss.item()

    def accuracy(self, model, images, labels):
        with torch.no_grad():
            return (model(images).argmax(1) == labels).double().mean().item()

    def __call__(self, model, images, labels, epochs, batch_size, lr):
        optimizer = torch.optim.SGD(model.parameters(), lr, self.momentum)
        curves = {"loss": [], "accuracy": [], "seconds": []}
        model.train()
        for epoch in range(epochs):
            start, losses = time.perf_counter(), []
            if self.trains:
                model.train()
            for batch in self.order(len(images), epoch).split(batch_size):
                loss = self.loss(model(images[batch]), labels[batch])
                if self.zero:
                    optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(self.number(loss))
            if self.evaluates:
                model.eval()
            curves["loss"].append(self.recorded(losses))
            curves["accuracy"].append(self.accuracy(model, images, labels))
            curves["seconds"].append(time.perf_counter() - start)
        return curves

    __name__ = "Loop"


def loop(name, **changes):
    """A loop with these attributes changed, as a function of this name."""
    made = type(name, (Loop,), {"__name__": name, **changes})()
    return made


for made, *words in (
    (loop("no_zero_grad", zero=False), "zero_grad() is missing"),
    (loop("no_momentum", momentum=0), "momentum is missing"),
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
):
    wrong("train_classifier", *words)(made)


@wrong("train_classifier", "must return a dict")
def no_curves(model, images, labels, epochs, batch_size, lr):
    Loop()(model, images, labels, epochs, batch_size, lr)


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


@wrong("alexnet_parameters", "It calls seminar")
def counted_in_the_package(towers):
    from seminar.models import alexnet_two_tower

    with torch.device("meta"):
        net = alexnet_two_tower()
    return {n: p.numel() for n, p in net.named_parameters() if isinstance(p, nn.Parameter)}
