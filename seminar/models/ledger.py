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
NOT_GIVEN = "not given"
TWO_TOWERS = "as with two towers"
_HE = "He normal, fan-in; biases 0"
_BN = "after every convolution"
_PADDING_WHY = "gives the paper's map sizes"

_RELU = Entry("activation", "ReLU", "ReLU", SAME)
_SOFTMAX = Entry("output", "softmax", "logits", "the softmax is in the loss")
_DROPOUT = Entry("dropout", "0.5 in the first two FC layers", "0.5 after FC1 and FC2", SAME)

# What the paper says of the number of parameters, and why ours is another number.
_ROUNDS = "the paper rounds"
_PARAMETERS = {
    "lenet5": (
        "60,000",
        "C3 reads all maps (+900); the output is trained (+850); pooling has no weights (−44)",
    ),
    "alexnet_two_tower": ("60M", "the paper's layers; its text rounds down"),
    "alexnet": ("0.2% more than with two towers", "fits the channels here, not the footnote's"),
    # Table 2.
    "vgg11": ("133M", _ROUNDS),
    "vgg13": ("133M", _ROUNDS),
    "vgg16": ("138M", _ROUNDS),
    "vgg19": ("144M", _ROUNDS),
    # Table 6; "the same number of parameters" in the plain counterparts.
    **{
        f"{family}_cifar{depth}": (millions, _ROUNDS)
        for family in ("resnet", "plain")
        for depth, millions in (
            *((20, "0.27M"), (32, "0.46M"), (44, "0.66M")),
            *((56, "0.85M"), (110, "1.7M"), (1202, "19.4M")),
        )
    },
}

LENET = [
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
    Entry("input size", "224×224", "227×227", "the paper's layers need 227; 224 is padded"),
    Entry("padding", NOT_GIVEN, "0, 2, 1, 1, 1", _PADDING_WHY),
    Entry("groups", "two GPUs in conv2, conv4, conv5", "1, 2, 1, 2, 2", SAME),
    _RELU,
    Entry("pooling", "max of 3×3, stride 2", "max of 3×3, stride 2", SAME),
    Entry(
        "LRN",
        "after conv1 and conv2, before pooling: k=2, n=5, α=1e-4, β=0.75",
        "after conv1 and conv2, before pooling, in each tower: k=2, n=5, α=5e-4, β=0.75",
        "torch divides α by n; a GPU held the maps of its own tower",
    ),
    _DROPOUT,
    _SOFTMAX,
    Entry(
        "initialization",
        "N(0, 0.01²); biases 1 in conv2, conv4, conv5, FC1, FC2",
        _HE,
        "biases of 1 gave Caffe's authors a flat loss (bvlc_alexnet)",
    ),
]

ONE_TOWER = [
    Entry("input size", NOT_GIVEN, "any from 63×63", "adaptive pooling makes the map 6×6"),
    Entry(
        "channels",
        "64-192-384-384-256 (footnote 1)",
        "64-192-384-256-256",
        "as in Krizhevsky's own code and in torchvision",
    ),
    Entry("padding", NOT_GIVEN, "2, 2, 1, 1, 1", _PADDING_WHY),
    Entry("activation", TWO_TOWERS, "ReLU", SAME),
    Entry("pooling", TWO_TOWERS, "max of 3×3, stride 2", SAME),
    Entry("LRN", TWO_TOWERS, "none", "torchvision's choice"),
    Entry("dropout", TWO_TOWERS, "0.5 before FC1 and FC2", "torchvision's choice"),
    Entry("output", "1,000 logistic units", "logits", "this course's loss is the softmax's"),
    Entry("initialization", NOT_GIVEN, _HE, "the choice of this course"),
]

VGG = [
    Entry("input size", "224×224", "any from 32×32", "adaptive pooling makes the map 7×7"),
    Entry("padding", "1 in every convolution", "1 in every convolution", SAME),
    _RELU,
    Entry("pooling", "max of 2×2, stride 2", "max of 2×2, stride 2", SAME),
    _DROPOUT,
    _SOFTMAX,
    Entry(
        "initialization",
        "N(0, 0.1²); the deeper ones start from a trained VGG-11",
        _HE,
        "trains such depths from scratch (He et al. 2015b)",
    ),
]
VGG_BN = [
    *VGG,
    Entry("batch normalization", "none", _BN, "the paper is older than BN"),
    Entry("convolution bias", "yes", "yes", "useless before BN; torchvision's weights have it"),
]

# The ResNet paper's networks, ImageNet's and CIFAR's.
_EVERY_RESNET = [
    Entry("padding", NOT_GIVEN, "half the kernel size, rounded down", _PADDING_WHY),
    _RELU,
    Entry("batch normalization", _BN, _BN, SAME),
    Entry("convolution bias", NOT_GIVEN, "none", "BN would subtract it"),
    Entry("dropout", "none", "none", SAME),
    _SOFTMAX,
    Entry("initialization", "He et al. 2015b", _HE, SAME),
]
_NO_SHORTCUT = Entry("shortcut", "none", "none", SAME)

_IMAGENET = [
    Entry("input size", "224×224", "any from 17×17", "global average pooling"),
    Entry(
        "pooling",
        "max of 3×3, stride 2; global average",
        "max of 3×3, stride 2; global average",
        SAME,
    ),
    *_EVERY_RESNET,
]
PLAIN = [*_IMAGENET, _NO_SHORTCUT]
RESNET_18 = [*_IMAGENET, Entry("shortcut", "A (table 2)", "B", "torchvision's choice")]
RESNET_34 = [
    *_IMAGENET,
    Entry("shortcut", "A (table 2); A, B and C (table 3)", "B", "torchvision's choice"),
]
RESNET_50 = [
    *_IMAGENET,
    Entry("shortcut", "B", "B", SAME),
    Entry("stride of a stage", "in the first 1×1", "in the 3×3", "torchvision's choice"),
]

_CIFAR = [
    Entry("input size", "32×32", "any from 3×3", "global average pooling"),
    Entry("pooling", "global average", "global average", SAME),
    *_EVERY_RESNET,
]
PLAIN_CIFAR = [*_CIFAR, _NO_SHORTCUT]
RESNET_CIFAR = [
    *_CIFAR,
    Entry(
        "shortcut",
        "A",
        "A, zero channels half before, half after",
        "the paper does not say where; published weights need it so",
    ),
]

_LINES = {
    "lenet5": LENET,
    "alexnet_two_tower": TWO_TOWER,
    "alexnet": ONE_TOWER,
    **dict.fromkeys(("vgg11", "vgg13", "vgg16", "vgg19"), VGG),
    **dict.fromkeys(("vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"), VGG_BN),
    "resnet18": RESNET_18,
    "resnet34": RESNET_34,
    **dict.fromkeys(("resnet50", "resnet101", "resnet152"), RESNET_50),
    **dict.fromkeys(("plain18", "plain34"), PLAIN),
    "resnet_cifar": RESNET_CIFAR,  # of any depth
    "plain_cifar": PLAIN_CIFAR,
}


def entries(name: str, model: nn.Module) -> list[Entry]:
    """The ledger of `model`, whose name is `name`."""
    family = name if name in _LINES else name.rstrip("0123456789")
    paper, why = _PARAMETERS.get(name, (NOT_GIVEN, "counted from the model"))
    ours = f"{sum(p.numel() for p in model.parameters()):,}"
    return [Entry("parameters", paper, ours, why), *_LINES[family]]
