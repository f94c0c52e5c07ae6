"""What differs from the papers, and why: for each model the paper's value and ours."""

from typing import NamedTuple

from torch import nn


class Entry(NamedTuple):
    """One line of a ledger."""

    what: str
    paper: str
    ours: str
    why: str


SAME = "as in the paper"
_HE = "He normal, fan-in; biases 0"

LENET = [
    Entry("parameters", "60,000", "61,706", "C3 reads all maps; pooling has no weights"),
    Entry("input size", "32×32", "32×32", "28×28 digits are padded by repeating their border"),
    Entry(
        "activation", "1.7159 tanh(2x/3)", "tanh", "the scale suits the paper's initialization only"
    ),
    Entry(
        "pooling",
        "average, with a weight and a bias per map",
        "average",
        "today's pooling; the weights add little",
    ),
    Entry(
        "C3 connections",
        "a table: each map reads 3, 4 or 6 of 6",
        "each map reads 6 of 6",
        "the table saved time in 1998 and broke the symmetry",
    ),
    Entry(
        "output",
        "distance to fixed patterns (RBF)",
        "linear, 10 logits",
        "so that cross-entropy can be used",
    ),
    Entry(
        "initialization",
        "uniform ±2.4/n_in",
        _HE,
        "with plain SGD the paper's hardly starts; it had a learning rate per weight",
    ),
]

TWO_TOWER = [
    Entry("parameters", "60 million", "60,965,224", SAME),
    Entry("input size", "224×224", "227×227", "the paper's layers need 227; 224 is padded"),
    Entry("groups", "two GPUs in conv2, conv4, conv5", "1, 2, 1, 2, 2", SAME),
    Entry("LRN", "after conv1 and conv2, before pooling", "k=2, n=5, α=1e-4, β=0.75", SAME),
    Entry("dropout", "0.5 in the first two FC layers", "0.5 after FC6 and FC7", SAME),
    Entry(
        "initialization",
        "N(0, 0.01²); biases 1 in conv2, conv4, conv5, FC6, FC7",
        _HE,
        "biases of 1 gave Caffe's authors a flat loss (bvlc_alexnet); He needs no such care",
    ),
]

ONE_TOWER = [
    Entry("parameters", "not given", "61,100,840", "torchvision's layers, whose weights it loads"),
    Entry("input size", "224×224", "any from 63×63", "adaptive pooling makes the map 6×6"),
    Entry("channels", "64-192-384-384-256", "64-192-384-256-256", "conv4 as in torchvision"),
    Entry(
        "dropout", "as in Krizhevsky et al. 2012", "0.5 before FC6 and FC7", "torchvision's place"
    ),
    Entry("initialization", "not given", _HE, "the choice of this course"),
]

# Table 2 of the paper, in millions.
_VGG_MILLIONS = {11: "133 million", 13: "133 million", 16: "138 million", 19: "144 million"}
_VGG_PARAMETERS = {
    "vgg11": "132,863,336",
    "vgg13": "133,047,848",
    "vgg16": "138,357,544",
    "vgg19": "143,667,240",
    "vgg11_bn": "132,868,840",
    "vgg13_bn": "133,053,736",
    "vgg16_bn": "138,365,992",
    "vgg19_bn": "143,678,248",
}
_VGG = [
    Entry("input size", "224×224", "any from 32×32", "adaptive pooling makes the map 7×7"),
    Entry("dropout", "0.5 in the first two FC layers", "0.5 after FC6 and FC7", SAME),
    Entry(
        "initialization",
        "from a trained VGG-11, the rest N(0, 0.01)",
        _HE,
        "trains from scratch at every depth",
    ),
]
_VGG_BN = [
    Entry("batch normalization", "none", "after every convolution", "the paper is older than BN"),
    Entry("convolution bias", "yes", "yes", "useless before BN; torchvision's weights have it"),
]

_RESNET_PARAMETERS = {
    "resnet18": "11,689,512",
    "resnet34": "21,797,672",
    "resnet50": "25,557,032",
    "resnet101": "44,549,160",
    "resnet152": "60,192,808",
    "plain18": "11,515,688",
    "plain34": "21,623,848",
}
_RESNET = [
    Entry("input size", "224×224", "any from 17×17", "global average pooling"),
    Entry("initialization", "He et al. 2015b", _HE, SAME),
]
_SHORTCUT = Entry("shortcut", "B (table 2: A; table 3: A, B and C)", "B", "torchvision's choice")
_STRIDE = Entry("stride of a stage", "in the first 1×1", "in the 3×3", "torchvision's choice")

# Table 6 of the paper, in millions.
_CIFAR_MILLIONS = {20: "0.27", 32: "0.46", 44: "0.66", 56: "0.85", 110: "1.7"}
_CIFAR = [
    Entry("input size", "32×32", "any from 3×3", "global average pooling"),
    Entry("initialization", "He et al. 2015b", _HE, SAME),
]
_CIFAR_SHORTCUT = Entry(
    "shortcut", "A", "A", "zero channels half before, half after, as published weights need it"
)


def entries(name: str, model: nn.Module) -> list[Entry]:
    """The ledger of `model`, whose name is `name`."""
    if name == "lenet5":
        return LENET
    if name == "alexnet_two_tower":
        return TWO_TOWER
    if name == "alexnet":
        return ONE_TOWER
    if name in _VGG_PARAMETERS:
        depth = int(name.removeprefix("vgg").removesuffix("_bn"))
        bn = name.endswith("_bn")
        why = "BN adds a γ and a β per channel" if bn else SAME
        count = Entry("parameters", _VGG_MILLIONS[depth], _VGG_PARAMETERS[name], why)
        return [count, *_VGG, *(_VGG_BN if bn else [])]
    if name in _RESNET_PARAMETERS:
        count = Entry("parameters", "not given", _RESNET_PARAMETERS[name], SAME)
        if name.startswith("plain"):
            return [count, *_RESNET]
        bottleneck = name in ("resnet50", "resnet101", "resnet152")
        return [count, *_RESNET, _SHORTCUT, *([_STRIDE] if bottleneck else [])]
    depth = int(name.rsplit("cifar", 1)[1])
    paper = f"{_CIFAR_MILLIONS[depth]} million" if depth in _CIFAR_MILLIONS else "not given"
    number = sum(p.numel() for p in model.parameters())
    count = Entry("parameters", paper, f"{number:,}", SAME)
    return [count, *_CIFAR, *([_CIFAR_SHORTCUT] if name.startswith("resnet") else [])]
