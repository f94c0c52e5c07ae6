"""Wrong answers to homework 6."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from seminar import models
from seminar.homework.hw6 import macs
from seminar.models import resnet

from . import wrong


@wrong("conv1x1", "It calls conv2d")
def torchs_own(x, weight):
    return F.conv2d(x, weight[:, :, None, None])


@wrong("conv1x1", "It calls conv2d")
def torchs_layer(x, weight):
    layer = nn.Conv2d(*weight.shape[::-1], 1, bias=False, dtype=x.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight[:, :, None, None])
    return layer(x).detach()


@wrong("conv1x1", "reshaped, not exchanged")
def scrambled(x, weight):
    n, c, h, w = x.shape
    return (x.reshape(n, h, w, c) @ weight.T).permute(0, 3, 1, 2)


@wrong("conv1x1", "reshaped, not permuted")
def scrambled_result(x, weight):
    n, _, h, w = x.shape
    return (x.permute(0, 2, 3, 1) @ weight.T).reshape(n, -1, h, w)


@wrong("conv1x1", "channels come last")
def channels_last(x, weight):
    return x.permute(0, 2, 3, 1) @ weight.T


@wrong("conv1x1", "were averaged")
def averaged(x, weight):
    return torch.einsum("nchw,oc->nohw", x, weight) / x.shape[1]


@wrong("conv1x1", "It calls conv_transpose2d")
def turned_around(x, weight):
    return F.conv_transpose2d(x, weight.T.contiguous()[:, :, None, None])


@wrong("conv1x1", "Height and width")
def sides_exchanged(x, weight):
    return torch.einsum("nchw,oc->nowh", x, weight)


@wrong("conv1x1", "RuntimeError", "in line", "Print both shapes")
def transposed(x, weight):
    return (x.permute(0, 2, 3, 1) @ weight).permute(0, 3, 1, 2)


@wrong("conv1x1", "Only one channel")
def one_channel(x, weight):
    return x[:, :1] * weight[:, 0, None, None]


def cost(kind, channels, size, bias=0, inside=9, width=None, positions=None, kernel=1):
    width = width or channels // 4
    if kind == "basic":
        weights = 2 * inside * channels**2 + bias * 2 * channels
    else:
        weights = 2 * kernel * channels * width + inside * width**2
        weights += bias * (2 * width + channels)
    return weights, weights * (size**2 if positions is None else positions)


@wrong("block_cost", "Biases were counted")
def with_biases(kind, channels, size):
    return cost(kind, channels, size, bias=1)


@wrong("block_cost", "BN was counted")
def with_bn(kind, channels, size):
    return cost(kind, channels, size, bias=2)


@wrong("block_cost", "two of the bottleneck's are 1×1")
def all_3x3(kind, channels, size):
    return cost(kind, channels, size, kernel=9)


@wrong("block_cost", "channels/4 inside")
def as_wide_inside(kind, channels, size):
    return cost(kind, channels, size, width=channels)


@wrong("block_cost", "four times the width")
def width_for_channels(kind, channels, size):
    return cost(kind, channels if kind == "basic" else 4 * channels, size)


@wrong("block_cost", "one position")
def one_position(kind, channels, size):
    return cost(kind, channels, size, positions=1)


@wrong("block_cost", "size once")
def one_side(kind, channels, size):
    return cost(kind, channels, size, positions=size)


@wrong("block_cost", "not as two")
def flops(kind, channels, size):
    return cost(kind, channels, size, positions=2 * size**2)


@wrong("block_cost", "First the weights")
def exchanged(kind, channels, size):
    return cost(kind, channels, size)[::-1]


@wrong("block_cost", "must return 2 values, (weights, multiply-adds)")
def only_one_number(kind, channels, size):
    return cost(kind, channels, size)[1]


@wrong("block_cost", "an int, not a float")
def divided(kind, channels, size):
    return tuple(float(v) for v in cost(kind, channels, size))


class Block(nn.Module):
    """Right, but for what a subclass changes."""

    strides, bias, norm, expansion, padding = (0, 1, 0), False, True, 4, 1

    def __init__(self, in_channels, width, stride, projection):
        super().__init__()
        s1, s2, s3 = (stride if here else 1 for here in self.strides)
        out = self.expansion * width
        self.conv1 = nn.Conv2d(in_channels, width, 1, s1, bias=self.bias)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, s2, self.padding, bias=self.bias)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, s3, bias=self.bias)
        self.bn3 = nn.BatchNorm2d(out)
        if projection:
            parts = [nn.Conv2d(in_channels, out, 1, stride, bias=False)]
            self.downsample = nn.Sequential(*parts, *[nn.BatchNorm2d(out)] * self.norm)
        else:
            self.downsample = None

    def branch(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return self.bn3(self.conv3(y))

    def shortcut(self, x):
        return x if self.downsample is None else self.downsample(x)

    def forward(self, x):
        return F.relu(self.branch(x) + self.shortcut(x))


@wrong("bottleneck", "paper's place")
class StrideFirst(Block):
    strides = (1, 0, 0)


@wrong("bottleneck", "last 1×1")
class StrideLast(Block):
    strides = (0, 0, 1)


@wrong("bottleneck", "no ReLU after bn2")
class NoSecondRelu(Block):
    def branch(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return self.bn3(self.conv3(self.bn2(self.conv2(y))))


@wrong("bottleneck", "no ReLU after bn1.")
class NoFirstRelu(Block):
    def branch(self, x):
        y = self.bn1(self.conv1(x))
        return self.bn3(self.conv3(F.relu(self.bn2(self.conv2(y)))))


@wrong("bottleneck", "before the addition")
class ReluBefore(Block):
    def forward(self, x):
        return F.relu(self.branch(x)) + self.shortcut(x)


@wrong("bottleneck", "no ReLU after the addition")
class NoReluAtTheEnd(Block):
    def forward(self, x):
        return self.branch(x) + self.shortcut(x)


@wrong("bottleneck", "shortcut is missing")
class Plain(Block):
    def forward(self, x):
        return F.relu(self.branch(x))


@wrong("bottleneck", "conv3.weight has a wrong shape")
class ExpansionOfTwo(Block):
    expansion = 2


@wrong("bottleneck", "RuntimeError", "where the padding")
class NoPadding(Block):
    padding = 0


@wrong("bottleneck", "RuntimeError", "where is the stride")
class NoStrideInTheBranch(Block):
    strides = (0, 0, 0)


@wrong("bottleneck", "The stride is missing")
class NoStride(Block):
    def __init__(self, in_channels, width, stride, projection):
        super().__init__(in_channels, width, 1, projection)


@wrong("bottleneck", "side by side")
class SideBySide(Block):
    def forward(self, x):
        return F.relu(torch.cat((self.branch(x), self.shortcut(x)), 1))


@wrong("bottleneck", "bn3 is made, but not used")
class LastNormUnused(Block):
    def branch(self, x):
        return self.conv3(F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))))


@wrong("bottleneck", "bn1 is made, but not used")
class FirstNormUnused(Block):
    def branch(self, x):
        return self.bn3(self.conv3(F.relu(self.bn2(self.conv2(F.relu(self.conv1(x)))))))


@wrong("bottleneck", "wrong order")
class ReluBeforeNorm(Block):
    def branch(self, x):
        y = self.bn2(F.relu(self.conv2(self.bn1(F.relu(self.conv1(x))))))
        return self.bn3(self.conv3(y))


@wrong("bottleneck", "ReLU in the shortcut")
class ReluInTheShortcut(Block):
    def shortcut(self, x):
        return F.relu(super().shortcut(x))


@wrong("bottleneck", "a layer too many")
class OneConvolutionMore(Block):
    def __init__(self, in_channels, width, stride, projection):
        super().__init__(in_channels, width, stride, projection)
        self.conv4 = nn.Conv2d(width, width, 1)


@wrong("bottleneck", "needs no bias")
class WithBias(Block):
    bias = True


@wrong("bottleneck", "downsample.1")
class ProjectionWithoutNorm(Block):
    norm = False


@wrong("bottleneck", "and must have none", "argument `projection`")
class AlwaysProjects(Block):
    def __init__(self, in_channels, width, stride, projection):
        super().__init__(in_channels, width, stride, True)


@wrong("bottleneck", "no weights here", "argument `projection`")
class ProjectsByShape(Block):
    def __init__(self, in_channels, width, stride, projection):
        super().__init__(in_channels, width, stride, stride != 1 or in_channels != 4 * width)


@wrong("bottleneck", "no weights here")
class NeverProjects(Block):
    def __init__(self, in_channels, width, stride, projection):
        super().__init__(in_channels, width, stride, False)


@wrong("bottleneck", "It calls seminar")
def the_packages_block(in_channels, width, stride, projection):
    return resnet.Bottleneck(in_channels, width, stride, "C" if projection else "A")


@wrong("make_stage", "These blocks project: 0, 1")
def all_project(in_channels, width, blocks, stride):
    first = Block(in_channels, width, stride, True)
    return nn.Sequential(first, *(Block(4 * width, width, 1, True) for _ in range(blocks - 1)))


@wrong("make_stage", "halves the map")
def stride_everywhere(in_channels, width, blocks, stride):
    stage = right_stage(in_channels, width, blocks, stride)
    for block in stage[1:]:
        block.conv2.stride = (2, 2)
        block.shortcut = lambda x: x[:, :, ::2, ::2]
    return stage


@wrong("make_stage", "RuntimeError", "other than the first one")
def stride_in_every_block(in_channels, width, blocks, stride):
    first = Block(in_channels, width, stride, True)
    return nn.Sequential(first, *(Block(4 * width, width, stride, False) for _ in range(1, blocks)))


@wrong("make_stage", "halves the map")
def always_halves(in_channels, width, blocks, stride):
    return right_stage(in_channels, width, blocks, 2)


@wrong("make_stage", "These blocks project: –", "always projects")
def projects_where_it_halves(in_channels, width, blocks, stride):
    first = Block(in_channels, width, stride, stride != 1)
    return nn.Sequential(first, *(Block(4 * width, width, 1, False) for _ in range(1, blocks)))


@wrong("make_stage", "These blocks project: –", "always projects")
def projects_where_the_channels_change(in_channels, width, blocks, stride):
    first = Block(in_channels, width, stride, in_channels != 4 * width)
    return nn.Sequential(first, *(Block(4 * width, width, 1, False) for _ in range(1, blocks)))


@wrong("make_stage", "There is a ReLU in the stage")
def relu_at_the_end(in_channels, width, blocks, stride):
    return nn.Sequential(*right_stage(in_channels, width, blocks, stride), nn.ReLU())


@wrong("make_stage", "blocks; it must have")
def always_two(in_channels, width, blocks, stride):
    return right_stage(in_channels, width, max(blocks, 2), stride)


@wrong("make_stage", "The blocks are called block0")
def with_names(in_channels, width, blocks, stride):
    stage = right_stage(in_channels, width, blocks, stride)
    return nn.Sequential(OrderedDict((f"block{i}", block) for i, block in enumerate(stage)))


@wrong("make_stage", "halves the map")
def stride_forgotten(in_channels, width, blocks, stride):
    return right_stage(in_channels, width, blocks, 1)


@wrong("make_stage", "1.conv1.weight has a wrong shape")
def width_between(in_channels, width, blocks, stride):
    first = Block(in_channels, width, stride, True)
    return nn.Sequential(first, *(Block(width, width, 1, False) for _ in range(blocks - 1)))


@wrong("make_stage", "blocks; it must have")
def one_too_few(in_channels, width, blocks, stride):
    return right_stage(in_channels, width, blocks - 1, stride)


@wrong("make_stage", "weights are shared")
def repeated(in_channels, width, blocks, stride):
    same = [Block(4 * width, width, 1, False)]
    return nn.Sequential(Block(in_channels, width, stride, True), *same * (blocks - 1))


@wrong("make_stage", "must be an nn.Sequential", "ModuleList")
def a_list(in_channels, width, blocks, stride):
    return nn.ModuleList(right_stage(in_channels, width, blocks, stride))


@wrong("make_stage", "These blocks project: –")
def none_projects(in_channels, width, blocks, stride):
    rest = (Block(4 * width, width, 1, False) for _ in range(blocks - 1))
    return nn.Sequential(Block(in_channels, width, stride, False), *rest)


def right_stage(in_channels, width, blocks, stride):
    first = Block(in_channels, width, stride, True)
    return nn.Sequential(first, *(Block(4 * width, width, 1, False) for _ in range(blocks - 1)))


class Net(nn.Module):
    """Right, but for what a subclass changes."""

    counts, first_stride, stem_stride = (3, 4, 6, 3), 1, 2

    def __init__(self, num_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, self.stem_stride, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for i, blocks in enumerate(self.counts):
            stride = 2 if i else self.first_stride
            setattr(self, f"layer{i + 1}", right_stage(channels, 64 * 2**i, blocks, stride))
            channels = 4 * 64 * 2**i
        self.fc = nn.Linear(2048, num_classes)

    def stem(self, x):
        return F.relu(self.bn1(self.conv1(x)))

    def pool(self, x):
        return F.max_pool2d(x, 3, 2, 1)

    def head(self, y):
        return self.fc(y.mean((2, 3)))

    def forward(self, x):
        y = self.pool(self.stem(x))
        return self.head(self.layer4(self.layer3(self.layer2(self.layer1(y)))))


@wrong("resnet50", "layer3 has 4 blocks; table 1 has 6")
class WrongCounts(Net):
    counts = (3, 4, 4, 3)


@wrong("resnet50", "pooling has no padding")
class PoolWithoutPadding(Net):
    def pool(self, x):
        return F.max_pool2d(x, 3, 2)


@wrong("resnet50", "pooling is 2×2")
class SmallPool(Net):
    def pool(self, x):
        return F.max_pool2d(x, 2)


@wrong("resnet50", "no ReLU after bn1")
class StemWithoutRelu(Net):
    def stem(self, x):
        return self.bn1(self.conv1(x))


@wrong("resnet50", "conv1 has stride 1")
class StemStride(Net):
    stem_stride = 1


@wrong("resnet50", "layer1 halves the map")
class FirstStageHalves(Net):
    first_stride = 2


@wrong("resnet50", "softmax at the end")
class WithSoftmax(Net):
    def head(self, y):
        return super().head(y).softmax(1)


@wrong("resnet50", "Wrong: the logits in train()", "only in train()")
class WithDropout(Net):
    def head(self, y):
        return self.fc(F.dropout(y.mean((2, 3)), 0.5, self.training))


@wrong("resnet50", "Wrong: the logits in train()", "bn1 is missing")
class NormOnlyInEval(Net):
    def stem(self, x):
        return F.relu(self.conv1(x) if self.training else self.bn1(self.conv1(x)))


@wrong("resnet50", "bn1 is missing")
class StemWithoutNorm(Net):
    def stem(self, x):
        return F.relu(self.conv1(x))


@wrong("resnet50", "were added up before fc")
class Summed(Net):
    def head(self, y):
        return self.fc(y.sum((2, 3)))


@wrong("resnet50", "squeeze()")
class Squeezed(Net):
    def head(self, y):
        return self.fc(F.adaptive_avg_pool2d(y, 1).squeeze())


@wrong("resnet50", "fc.weight has a wrong shape", "linear layer")
class AThousandClasses(Net):
    def __init__(self, num_classes):
        super().__init__(1000)


@wrong("resnet50", "RuntimeError")
class FlattenedForOneSize(Net):
    def head(self, y):
        return self.fc(y.flatten(1))


@wrong("resnet50", "needs no bias")
class StemBias(Net):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3)


@wrong("resnet50", "It calls")
def the_packages_network(num_classes):
    return models.resnet50(num_classes)


@wrong("resnet50", "It calls torchvision.models")
def torchvisions_network(num_classes):
    import torchvision

    return torchvision.models.resnet50(num_classes=num_classes)


@wrong("macs_by_stage", "projections are missing")
def without_projections(counts, size):
    return macs(counts, size, projects=False)


@wrong("macs_by_stage", "still works on the large map")
def stride_in_the_first(counts, size):
    return macs(counts, size, early=True)


@wrong("macs_by_stage", "does not become smaller")
def one_resolution(counts, size):
    return macs(counts, size, halves=False)


@wrong("macs_by_stage", "the first one differs")
def all_alike(counts, size):
    found = macs(counts, size)
    for i, blocks in enumerate(counts):
        width, at = 64 * 2**i, size // 4 // 2**i
        found[f"layer{i + 1}"] = blocks * at**2 * 17 * width**2
    return found


@wrong("macs_by_stage", "half the size of the image")
def stem_at_full_size(counts, size):
    found = macs(counts, size)
    return found | {"stem": size**2 * 3 * 64 * 49}


@wrong("macs_by_stage", "not as two")
def twice(counts, size):
    return {k: 2 * v for k, v in macs(counts, size).items()}


@wrong("macs_by_stage", "with the keys stem, layer1")
def with_the_total(counts, size):
    found = macs(counts, size)
    return found | {"total": sum(found.values())}


@wrong("macs_by_stage", "an int, not a float", "// of two ints")
def true_division(counts, size):
    return macs(counts, size) | {"stem": size * size / 4 * 3 * 64 * 49}


@wrong("macs_by_stage", "layer1 projects, too")
def layer1_without_projection(counts, size):
    found = macs(counts, size)
    return found | {"layer1": found["layer1"] - (size // 4) ** 2 * 64 * 256}


def changed(counts, size, more):
    """Right, but for `more(stage, blocks, width, channels before it, side of its map)`."""
    found = macs(counts, size)
    for i, blocks in enumerate(counts):
        width = 64 * 2**i
        channels = 2 * width if i else 64
        found[f"layer{i + 1}"] += more(i, blocks, width, channels, size // 4 // 2**i)
    return found


@wrong("macs_by_stage", "works on the small map")
def projection_on_the_large_map(counts, size):
    return changed(counts, size, lambda i, n, w, c, s: c * 4 * w * ((2 * s) ** 2 - s**2) * (i > 0))


@wrong("macs_by_stage", "Only the first block of a stage projects")
def all_blocks_project(counts, size):
    return changed(counts, size, lambda i, n, w, c, s: (n - 1) * s**2 * 4 * w * 4 * w)


@wrong("macs_by_stage", "like the first one")
def all_like_the_first(counts, size):
    def more(i, blocks, w, c, s):
        first = (2 * s if i else s) ** 2 * c * w + s**2 * (9 * w**2 + 4 * w**2 + c * 4 * w)
        return (blocks - 1) * (first - s**2 * 17 * w**2)

    return changed(counts, size, more)


@wrong("macs_by_stage", "is no multiply-add")
def with_the_bias_of_fc(counts, size):
    found = macs(counts, size)
    return found | {"fc": found["fc"] + 1000}


@wrong("macs_by_stage", "size × size")
def sides(counts, size):
    return macs(counts, size, side=lambda s: s)
