"""Wrong answers to homework 5."""

import copy
import itertools
import math

import torch
import torch.nn.functional as F
from torch import nn

from seminar.models.resnet import BasicBlock, resnet_cifar

from . import wrong


def pad(x, before, after):
    return F.pad(x, (0, 0, 0, 0, before, after))


def pads(x, out_channels):
    extra = out_channels - x.shape[1]
    return extra // 2, extra - extra // 2


@wrong("pad_shortcut", "half of them belong before")
def zeros_after(x, out_channels, stride):
    return pad(x[:, :, ::stride, ::stride], 0, out_channels - x.shape[1])


@wrong("pad_shortcut", "half of them belong after")
def zeros_before(x, out_channels, stride):
    return pad(x[:, :, ::stride, ::stride], out_channels - x.shape[1], 0)


@wrong("pad_shortcut", "positions were averaged")
def averaged(x, out_channels, stride):
    return pad(F.avg_pool2d(x, stride, ceil_mode=True), *pads(x, out_channels))


@wrong("pad_shortcut", "one of the two directions")
def one_direction(x, out_channels, stride):
    return pad(x[:, :, ::stride], *pads(x, out_channels))


@wrong("pad_shortcut", "one of the two directions")
def other_direction(x, out_channels, stride):
    return pad(x[..., ::stride], *pads(x, out_channels))


@wrong("pad_shortcut", "always 2")
def always_two(x, out_channels, stride):
    return pad(x[:, :, ::2, ::2], *pads(x, out_channels))


@wrong("pad_shortcut", "zero channels are missing")
def no_zeros(x, out_channels, stride):
    return x[:, :, ::stride, ::stride]


@wrong("pad_shortcut", "stride is missing")
def no_stride(x, out_channels, stride):
    return pad(x, *pads(x, out_channels))


@wrong("pad_shortcut", "No gradient comes back")
def detached(x, out_channels, stride):
    return pad(x[:, :, ::stride, ::stride], *pads(x, out_channels)).detach()


@wrong("pad_shortcut", "New tensors get the type")
def filled_in(x, out_channels, stride):
    few, (before, _) = x[:, :, ::stride, ::stride], pads(x, out_channels)
    y = torch.zeros(len(x), out_channels, *few.shape[2:])
    y[:, before : before + x.shape[1]] = few
    return y


class Block(nn.Module):
    """Right, but for what a subclass changes."""

    bias, norm, second = False, True, False

    def __init__(self, in_channels, channels, stride, option):
        super().__init__()
        s1, s2 = (1, stride) if self.second else (stride, 1)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, s1, 1, bias=self.bias)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, s2, 1, bias=self.bias)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.channels = stride, channels
        changes = stride != 1 or in_channels != channels
        if self.projects(option, changes, stride):
            parts = [nn.Conv2d(in_channels, channels, 1, stride, bias=False)]
            self.downsample = nn.Sequential(*parts, *[nn.BatchNorm2d(channels)] * self.norm)
        else:
            self.downsample = None

    def projects(self, option, changes, stride):
        return option == "C" or (option == "B" and changes)

    def padded(self, x):
        return pad(x[:, :, :: self.stride, :: self.stride], *pads(x, self.channels))

    def shortcut(self, x):
        if self.downsample is not None:
            return self.downsample(x)
        return x if x.shape[1] == self.channels and self.stride == 1 else self.padded(x)

    def branch(self, x):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))

    def forward(self, x):
        return F.relu(self.branch(x) + self.shortcut(x))


@wrong("residual_block", "the gradient at x", "is one detached")
class DetachedBranch(Block):
    def branch(self, x):
        return super().branch(x).detach()


@wrong("residual_block", "the gradient at x", "is one detached")
class DetachedShortcut(Block):
    def shortcut(self, x):
        return super().shortcut(x.detach())


@wrong("residual_block", "It stopped with RuntimeError")
class ForgetsTheStride(Block):
    def padded(self, x):
        return x if x.shape[1] == self.channels else super().padded(x)


@wrong("residual_block", "Is `forward` spelled so")
class Misspelled(nn.Module):
    def __init__(self, *arguments):
        super().__init__()
        for name, part in Block(*arguments).named_children():
            setattr(self, name, part)

    def foward(self, x):
        return x


@wrong("residual_block", "downsample.0.bias", "needs no bias")
class ProjectionWithBias(Block):
    def __init__(self, in_channels, channels, stride, option):
        super().__init__(in_channels, channels, stride, option)
        if self.downsample is not None:
            self.downsample[0].bias = nn.Parameter(torch.zeros(channels))


@wrong("residual_block", "ReLU stands before the addition")
class ReluBefore(Block):
    def forward(self, x):
        return F.relu(self.branch(x)) + self.shortcut(x)


@wrong("residual_block", "no ReLU after the addition")
class NoReluAfter(Block):
    def forward(self, x):
        return self.branch(x) + self.shortcut(x)


@wrong("residual_block", "as well as after")
class ReluTwice(Block):
    def forward(self, x):
        return F.relu(F.relu(self.branch(x)) + self.shortcut(x))


@wrong("residual_block", "shortcut is missing")
class Plain(Block):
    def forward(self, x):
        return F.relu(self.branch(x))


@wrong("residual_block", "no ReLU between")
class Linear(Block):
    def branch(self, x):
        return self.bn2(self.conv2(self.bn1(self.conv1(x))))


@wrong("residual_block", "second BN is missing")
class NoSecondNorm(Block):
    def branch(self, x):
        return self.conv2(F.relu(self.bn1(self.conv1(x))))


@wrong("residual_block", "stride stands in the second")
class StrideSecond(Block):
    second = True


@wrong("residual_block", "needs no bias")
class WithBias(Block):
    bias = True


@wrong("residual_block", "downsample.1")
class ProjectionWithoutNorm(Block):
    norm = False


@wrong("residual_block", "`downsample` is missing", "C always")
class NeverProjects(Block):
    def projects(self, option, changes, stride):
        return option == "B" and changes


@wrong("residual_block", "must have none")
class AlwaysProjects(Block):
    def projects(self, option, changes, stride):
        return option != "A"


@wrong("residual_block", "`downsample` is missing", "number of channels or the resolution")
class ProjectsWithStrideOnly(Block):
    def projects(self, option, changes, stride):
        return option == "C" or (option == "B" and stride != 1)


@wrong("residual_block", "half of them belong before")
class ZerosAfter(Block):
    def padded(self, x):
        return pad(x[:, :, :: self.stride, :: self.stride], 0, self.channels - x.shape[1])


@wrong("residual_block", "It changes its input x")
class InPlace(Block):
    def forward(self, x):
        y = self.branch(x)
        return F.relu_(y) + F.relu_(x) if y.shape == x.shape else super().forward(x)


@wrong("residual_block", "It calls seminar")
def the_packages_own(in_channels, channels, stride, option):
    return BasicBlock(in_channels, channels, stride, option)


@wrong("residual_block", "lacks", "bn2")
class OneNorm(Block):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        del self.bn2

    def branch(self, x):
        return self.bn1(self.conv2(F.relu(self.bn1(self.conv1(x)))))


@wrong("start_as_identity", "When is that 0")
def tiny_gamma(block):
    nn.init.constant_(block.bn2.weight, 1e-8)
    nn.init.zeros_(block.bn2.bias)
    return block


@wrong("start_as_identity", "adds its β")
def gamma_only(block):
    with torch.no_grad():
        block.bn2.weight.zero_()
    return block


@wrong("start_as_identity", "adds its β")
def last_convolution(block):
    with torch.no_grad():
        block.conv2.weight.zero_()
    return block


@wrong("start_as_identity", "Wrong: conv1.weight.", "Only the last BN")
def everything(block):
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.zero_()
    return block


@wrong("start_as_identity", "stands in eval()")
def stays_in_eval(block):
    return gamma_and_beta(block.eval())


@wrong("start_as_identity", "Wrong: bn1.running_mean.", "Only two parameters")
def forgets_the_statistics(block):
    block.bn1.reset_running_stats()
    return gamma_and_beta(block)


@wrong("start_as_identity", "must change the block that it is given")
def a_copy(block):
    return gamma_and_beta(copy.deepcopy(block))


@wrong("start_as_identity", "can no longer be learned")
def frozen(block):
    block = gamma_and_beta(block)
    block.bn2.weight.requires_grad_(False)
    return block


@wrong("start_as_identity", "When is that 0")
def half_of_gamma(block):
    with torch.no_grad():
        block.bn2.weight[::2] = 0
        block.bn2.bias[::2] = 0
    return block


@wrong("start_as_identity", "adds its β")
def the_first_norm(block):
    with torch.no_grad():
        block.bn1.weight.zero_()
        block.bn1.bias.zero_()
    return block


@wrong("start_as_identity", "must change the block that it is given", "NoneType")
def without_return(block):
    gamma_and_beta(block)


@wrong("start_as_identity", "TypeError")
def no_parameter(block):
    block.bn2.weight = torch.zeros_like(block.bn2.weight)
    return block


def gamma_and_beta(block):
    with torch.no_grad():
        block.bn2.weight.zero_()
        block.bn2.bias.zero_()
    return block


class Net(nn.Module):
    """Right, but for what a subclass changes."""

    strides, extra = (1, 2, 2), 0

    def __init__(self, n, width, in_channels, num_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        widths = (width, width, 2 * width, 4 * width)
        for i, stride in enumerate(self.strides):
            setattr(self, f"layer{i + 1}", self.stage(widths[i], widths[i + 1], n, stride))
        self.fc = nn.Linear(4 * width, num_classes)

    def stage(self, c, width, n, stride):
        first = Block(c, width, stride, "A")
        return nn.Sequential(first, *(Block(width, width, 1, "A") for _ in range(n - 1)))

    def stem(self, x):
        return F.relu(self.bn1(self.conv1(x)))

    def pool(self, y):
        return y.mean((2, 3))

    def forward(self, x):
        return self.fc(self.pool(self.layer3(self.layer2(self.layer1(self.stem(x))))))


@wrong("cifar_resnet", "the logits in train()")
class WithDropout(Net):
    def pool(self, y):
        return F.dropout(super().pool(y), 0.5, self.training)


@wrong("cifar_resnet", "A ModuleList has none")
class ListOfBlocks(Net):
    def stage(self, c, width, n, stride):
        return nn.ModuleList(super().stage(c, width, n, stride))


@wrong("cifar_resnet", "no ReLU after bn1")
class StemWithoutRelu(Net):
    def stem(self, x):
        return self.bn1(self.conv1(x))


@wrong("cifar_resnet", "pooling after conv1")
class StemWithPooling(Net):
    def stem(self, x):
        return F.max_pool2d(super().stem(x), 3, 2, 1)


@wrong("cifar_resnet", "positions were added up")
class SumPooling(Net):
    def pool(self, y):
        return y.sum((2, 3))


@wrong("cifar_resnet", "largest position")
class MaxPooling(Net):
    def pool(self, y):
        return y.amax((2, 3))


@wrong("cifar_resnet", "softmax at the end")
class WithSoftmax(Net):
    def forward(self, x):
        return super().forward(x).softmax(1)


@wrong("cifar_resnet", "layer1 halves the map")
class FirstStageHalves(Net):
    strides = (2, 2, 2)


@wrong("cifar_resnet", "No stage halves")
class NeverHalves(Net):
    strides = (1, 1, 1)


@wrong("cifar_resnet", "belongs to the first")
class StrideInTheLastBlock(Net):
    def stage(self, c, width, n, stride):
        blocks = [Block(c if i == 0 else width, width, 1, "A") for i in range(n)]
        blocks[-1] = Block(c if n == 1 else width, width, stride, "A")
        return nn.Sequential(*blocks)


@wrong("cifar_resnet", "blocks; it must have n")
class OneBlockMore(Net):
    def stage(self, c, width, n, stride):
        return super().stage(c, width, n + 1, stride)


@wrong("cifar_resnet", "weights are shared")
class OneBlockRepeated(Net):
    def stage(self, c, width, n, stride):
        same = [Block(width, width, 1, "A")]
        return nn.Sequential(Block(c, width, stride, "A"), *same * (n - 1))


@wrong("cifar_resnet", "conv1.weight has a wrong shape")
def three_channels(n, width, in_channels, num_classes):
    return Net(n, width, 5, num_classes)


@wrong("cifar_resnet", "downsample", "does not belong there")
class OptionB(Net):
    def stage(self, c, width, n, stride):
        first = Block(c, width, stride, "B")
        return nn.Sequential(first, *(Block(width, width, 1, "B") for _ in range(n - 1)))


@wrong("cifar_resnet", "It calls seminar")
def the_packages_network(n, width, in_channels, num_classes):
    return resnet_cifar(6 * n + 2, "A", num_classes, in_channels, width)


@wrong("delete_block", "It changes its input model")
def the_original(model, stage, block):
    getattr(model, f"layer{stage}")[block] = nn.Identity()
    return model


@wrong("delete_block", "It changes its input model")
def a_shallow_copy(model, stage, block):
    return the_original(copy.copy(model), stage, block)


@wrong("delete_block", "counted from 0")
def counted_from_one(model, stage, block):
    return the_original(copy.deepcopy(model), stage, block - 1)


@wrong("delete_block", "still gives something")
def weights_of_zero(model, stage, block):
    copied = copy.deepcopy(model)
    with torch.no_grad():
        getattr(copied, f"layer{stage}")[block].conv2.weight.zero_()
    return copied


@wrong("delete_block", "All blocks but the first")
def the_stage(model, stage, block):
    copied = copy.deepcopy(model)
    blocks = getattr(copied, f"layer{stage}")
    for i in range(1, len(blocks)):
        blocks[i] = nn.Identity()
    return copied


@wrong("delete_block", "unchanged")
def nothing(model, stage, block):
    copied = copy.deepcopy(model)
    list(getattr(copied, f"layer{stage}"))[block] = nn.Identity()
    return copied


@wrong("delete_block", "shortcut is gone")
def the_shortcut(model, stage, block):
    copied = copy.deepcopy(model)
    getattr(copied, f"layer{stage}")[block].residual = False
    return copied


@wrong("delete_block", "nn.Module", "None")
def no_return(model, stage, block):
    the_original(copy.deepcopy(model), stage, block)


@wrong("gradient_by_length", "did not end", "doubles")
def enumerated(slopes):
    parts = [0.0] * (len(slopes) + 1)
    for taken in itertools.product((0, 1), repeat=len(slopes)):
        parts[sum(taken)] += math.prod(s for s, on in zip(slopes, taken, strict=True) if on)
    return parts


def polynomial(slopes):
    parts = [1.0]
    for s in slopes:
        parts = [a + s * b for a, b in zip([*parts, 0.0], [0.0, *parts], strict=True)]
    return parts


@wrong("gradient_by_length", "order is reversed")
def longest_first(slopes):
    return polynomial(slopes)[::-1]


@wrong("gradient_by_length", "length 0 is missing")
def without_the_shortest(slopes):
    return polynomial(slopes)[1:]


@wrong("gradient_by_length", "numbers of paths")
def counts(slopes):
    return [math.comb(len(slopes), k) for k in range(len(slopes) + 1)]


@wrong("gradient_by_length", "one path of each length")
def one_each(slopes):
    return [math.prod(slopes[:k]) for k in range(len(slopes) + 1)]


@wrong("gradient_by_length", "mean one")
def by_the_mean(slopes):
    n, mean = len(slopes), sum(slopes) / len(slopes)
    return [math.comb(n, k) * mean**k for k in range(n + 1)]


@wrong("gradient_by_length", "whole gradient")
def the_product(slopes):
    return math.prod(1 + s for s in slopes)


@wrong("gradient_by_length", "sums of powers")
def powers(slopes):
    return [1.0, *(sum(s**k for s in slopes) for k in range(1, len(slopes) + 1))]
