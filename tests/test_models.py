"""Counts to the last one, the papers' shapes, torchvision's weights and results, wrong use."""

import copy
import itertools
import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from networks import convs, of, shapes
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from seminar import models
from seminar.layers import LocalResponseNorm

META = torch.device("meta")
IN_TORCHVISION = [
    *("alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn"),
    *("vgg19_bn", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
]
IMAGENET = [n for n in models.names() if n.startswith(("resnet", "plain")) and "cifar" not in n]
SMALL = ["lenet5", "resnet18", "resnet50", "plain18", "resnet_cifar20", "plain_cifar20"]


def meta(name, **kwargs):
    with META:
        return models.build(name, **kwargs)


def count(model):
    return sum(math.prod(p.shape) for p in model.parameters())


# --- parameters


@pytest.mark.parametrize(
    ("name", "parameters"),
    {
        "lenet5": 61_706,
        "alexnet": 61_100_840,
        "alexnet_two_tower": 60_965_224,
        "vgg11": 132_863_336,
        "vgg13": 133_047_848,
        "vgg16": 138_357_544,
        "vgg19": 143_667_240,
        "resnet18": 11_689_512,
        "resnet34": 21_797_672,
        "resnet50": 25_557_032,
        "resnet101": 44_549_160,
        "resnet152": 60_192_808,
        "resnet_cifar20": 269_722,
        "resnet_cifar32": 464_154,
        "resnet_cifar44": 658_586,
        "resnet_cifar56": 853_018,
        "resnet_cifar110": 1_727_962,
        "plain_cifar20": 269_722,
        "plain_cifar56": 853_018,
        "plain_cifar110": 1_727_962,
        "preact_resnet_cifar110": 1_727_962,
    }.items(),
)
def test_parameters(name, parameters):
    assert count(meta(name)) == parameters


def conv_bn(c_in, c_out, k):
    return c_in * c_out * k * k + 2 * c_out


def cifar_parameters(depth, option, width=16, classes=10, channels=3):
    n = (depth - 2) // 6
    w = (width, width, 2 * width, 4 * width)
    total = conv_bn(channels, width, 3) + w[3] * classes + classes
    for before, here in itertools.pairwise(w):
        total += conv_bn(before, here, 3) + (2 * n - 1) * conv_bn(here, here, 3)
        if option == "C":
            total += conv_bn(before, here, 1) + (n - 1) * conv_bn(here, here, 1)
        elif option == "B" and before != here:
            total += conv_bn(before, here, 1)
    return total


@pytest.mark.parametrize("option", ["A", "B", "C"])
@pytest.mark.parametrize("depth", [8, 20, 56])
@pytest.mark.parametrize(("width", "classes", "channels"), [(16, 10, 3), (8, 100, 1)])
def test_parameters_of_the_cifar_family(option, depth, width, classes, channels):
    sizes = {"width": width, "num_classes": classes, "in_channels": channels}
    expected = cifar_parameters(depth, option, width, classes, channels)
    with META:
        assert count(models.resnet_cifar(depth, option, **sizes)) == expected
        if option == "A":
            assert count(models.plain_cifar(depth, **sizes)) == expected


def imagenet_parameters(blocks, bottleneck, option):
    e = 4 if bottleneck else 1
    total = conv_bn(3, 64, 7) + 512 * e * 1000 + 1000
    before = 64
    for stage, n in enumerate(blocks):
        w = 64 * 2**stage
        for i in range(n):
            if bottleneck:
                total += conv_bn(before, w, 1) + conv_bn(w, w, 3) + conv_bn(w, 4 * w, 1)
            else:
                total += conv_bn(before, w, 3) + conv_bn(w, w, 3)
            changes = before != w * e or (i == 0 and stage > 0)
            if option == "C" or (option == "B" and changes):
                total += conv_bn(before, w * e, 1)
            before = w * e
    return total


@pytest.mark.parametrize("option", ["A", "B", "C"])
@pytest.mark.parametrize(
    ("name", "blocks", "bottleneck"),
    [
        ("resnet18", (2, 2, 2, 2), False),
        ("resnet34", (3, 4, 6, 3), False),
        ("resnet50", (3, 4, 6, 3), True),
        ("resnet101", (3, 4, 23, 3), True),
        ("resnet152", (3, 8, 36, 3), True),
    ],
)
def test_parameters_of_the_imagenet_resnets(name, blocks, bottleneck, option):
    expected = imagenet_parameters(blocks, bottleneck, option)
    assert count(meta(name, shortcut=option)) == expected
    if option == "A" and not bottleneck:
        assert count(meta(name.replace("resnet", "plain"))) == expected


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_bn_adds_a_gamma_and_a_beta_per_channel_of_vgg(depth):
    channels = sum(m.out_channels for m in convs(meta(f"vgg{depth}")))
    assert count(meta(f"vgg{depth}_bn")) - count(meta(f"vgg{depth}")) == 2 * channels


@pytest.mark.parametrize("name", models.names())
def test_classes_and_channels_change_the_first_and_the_last_layer_only(name):
    model = meta(name)
    first, last = convs(model)[0], list(model.modules())[-1]
    per_channel, per_class = first.weight[:, 0].numel(), last.in_features + 1
    other = meta(name, num_classes=last.out_features + 7, in_channels=first.in_channels + 2)
    assert count(other) - count(model) == 7 * per_class + 2 * per_channel


# --- shapes, as in the papers' figures and tables


def test_shapes_of_lenet5():
    found = shapes(meta("lenet5"), 32)
    assert {n.partition(".")[2]: s for n, s in found.items() if s and "act" not in n} == {
        "C1": (6, 28, 28),
        "S2": (6, 14, 14),
        "C3": (16, 10, 10),
        "S4": (16, 5, 5),
        "flatten": (400,),
        "C5": (120,),
        "F6": (84,),
        "output": (10,),
        "": (10,),
    }


@pytest.mark.parametrize(
    ("name", "channels"),
    [("alexnet", (64, 192, 384, 256, 256)), ("alexnet_two_tower", (96, 256, 384, 384, 256))],
)
def test_shapes_of_alexnet(name, channels):
    model = meta(name)
    found = shapes(model, 224)
    maps = [found[n] for n in of(model, nn.Conv2d)]
    assert maps == [(c, s, s) for c, s in zip(channels, (55, 27, 13, 13, 13), strict=True)]
    pools = [found[n][-1] for n in of(model, nn.MaxPool2d)]
    assert pools == [27, 13, 6]
    assert [found[n] for n in of(model, nn.Linear)] == [(4096,), (4096,), (1000,)]
    assert [m.kernel_size[0] for m in convs(model)] == [11, 5, 3, 3, 3]
    assert [m.stride[0] for m in convs(model)] == [4, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("depth", "per_block"),
    [
        (11, (1, 1, 2, 2, 2)),
        (13, (2, 2, 2, 2, 2)),
        (16, (2, 2, 3, 3, 3)),
        (19, (2, 2, 4, 4, 4)),
    ],
)
@pytest.mark.parametrize("bn", ["", "_bn"])
def test_shapes_of_vgg(depth, per_block, bn):
    model = meta(f"vgg{depth}{bn}")
    found = shapes(model, 224)
    expected = []
    for n, c, side in zip(per_block, (64, 128, 256, 512, 512), (224, 112, 56, 28, 14), strict=True):
        expected += [(c, side, side)] * n + [(c, side // 2, side // 2)]
    assert [found[n] for n in of(model, nn.Conv2d, nn.MaxPool2d)] == expected
    assert all(m.kernel_size == (3, 3) for m in convs(model))
    assert [m.in_features for m in of(model, nn.Linear).values()] == [512 * 7 * 7, 4096, 4096]
    assert len(of(model, nn.BatchNorm2d)) == (sum(per_block) if bn else 0)


@pytest.mark.parametrize("name", IMAGENET)
@pytest.mark.parametrize("stride_in", ["3x3", "1x1"])
def test_shapes_of_the_imagenet_resnets(name, stride_in):
    bottleneck = name in ("resnet50", "resnet101", "resnet152")
    model = meta(name, **({"stride_in": stride_in} if bottleneck else {}))
    found, e = shapes(model, 224), 4 if bottleneck else 1
    assert (found["conv1"], found["maxpool"]) == ((64, 112, 112), (64, 56, 56))
    stages = {1: (64, 56), 2: (128, 28), 3: (256, 14), 4: (512, 7)}
    for i, (c, side) in stages.items():
        for j in range(len(model.get_submodule(f"layer{i}"))):
            assert found[f"layer{i}.{j}"] == (c * e, side, side)
    assert found["avgpool"] == (512 * e, 1, 1)


@pytest.mark.parametrize("name", ["resnet_cifar20", "plain_cifar56", "resnet_cifar110"])
def test_shapes_of_the_cifar_family(name):
    model = meta(name)
    found = shapes(model, 32)
    n = (int(name[name.index("cifar") + 5 :]) - 2) // 6
    assert found["conv1"] == (16, 32, 32)
    for i, (c, side) in {1: (16, 32), 2: (32, 16), 3: (64, 8)}.items():
        assert [s for m, s in found.items() if m.count(".") == 1 and m[:6] == f"layer{i}"] == [
            (c, side, side)
        ] * n
    assert found["avgpool"] == (64, 1, 1)


# --- what goes wrong again and again


@pytest.mark.parametrize("stride_in", ["3x3", "1x1"])
@pytest.mark.parametrize("name", [*IMAGENET, "resnet_cifar20", "plain_cifar20"])
def test_only_the_first_block_of_a_later_stage_has_a_stride(name, stride_in):
    bottleneck = name in ("resnet50", "resnet101", "resnet152")
    model = meta(name, **({"stride_in": stride_in} if bottleneck else {}))
    strides = {n: m.stride for n, m in of(model, nn.Conv2d).items() if n.startswith("layer")}
    assert set(strides.values()) == {(1, 1), (2, 2)}
    strided = [n for n, stride in strides.items() if stride == (2, 2)]
    conv = "conv2" if bottleneck and stride_in == "3x3" else "conv1"
    stages = (2, 3) if "cifar" in name else (2, 3, 4)
    assert [n for n in strided if "downsample" not in n] == [f"layer{i}.0.{conv}" for i in stages]
    kernel = (1, 1) if bottleneck and stride_in == "1x1" else (3, 3)
    assert all(model.get_submodule(f"layer{i}.0.{conv}").kernel_size == kernel for i in stages)
    projections = [n for n in strided if "downsample" in n]
    assert projections in ([], [f"layer{i}.0.downsample.0" for i in stages])


@pytest.mark.parametrize("name", models.names())
def test_the_name_is_the_number_of_layers_with_weights(name):
    depth = {"alexnet": "8", "alexnet_two_tower": "8"}.get(name, name.removesuffix("_bn"))
    layers = [n for n in of(meta(name), nn.Conv2d, nn.Linear) if "downsample" not in n]
    assert depth.endswith(str(len(layers)))


@pytest.mark.parametrize("name", [n for n in models.names() if "resnet" in n or "plain" in n])
def test_no_convolution_has_a_bias_before_bn_in_the_resnets(name):
    layers = list(of(meta(name), nn.Conv2d, nn.BatchNorm2d).values())
    assert all(type(m) is nn.BatchNorm2d for m in layers[1::2])
    assert all(m.bias is None for m in layers[::2])


@pytest.mark.parametrize(
    "name", ["alexnet", "alexnet_two_tower", *(n for n in models.names() if n.startswith("vgg"))]
)
def test_dropout_is_in_the_right_place(name):
    model = meta(name, dropout=0.3)
    assert {m.p for m in of(model, nn.Dropout).values()} == {0.3}
    kinds = [type(m).__name__ for m in model.classifier]
    torchvisions = ["Dropout", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Linear"]
    papers = ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    assert kinds == (torchvisions if name == "alexnet" else papers)
    assert not of(model.features, nn.Dropout)


@pytest.mark.parametrize("name", [n for n in models.names() if "resnet" in n or "plain" in n])
def test_no_dropout_in_the_resnets(name):
    assert not of(meta(name), nn.Dropout)


def test_lrn_is_in_two_towers_only_and_before_pooling():
    found = {n: of(meta(n), LocalResponseNorm, nn.LocalResponseNorm) for n in models.names()}
    assert [n for n, layers in found.items() if layers] == ["alexnet_two_tower"]
    features = meta("alexnet_two_tower").features
    for n in found["alexnet_two_tower"]:
        i = int(n.removeprefix("features."))
        around = [type(m) for m in (features[i - 2], features[i - 1], features[i + 1])]
        assert around == [nn.Conv2d, nn.ReLU, nn.MaxPool2d]


def test_overlapping_pooling_in_alexnet():
    for name in ("alexnet", "alexnet_two_tower"):
        pools = of(meta(name), nn.MaxPool2d).values()
        assert [(m.kernel_size, m.stride) for m in pools] == [(3, 2)] * 3


# --- two towers


@pytest.fixture(scope="module")
def towers():
    """The convolutions, LRN and pooling of the two towers, from conv1's output on."""
    torch.manual_seed(0)
    with META:
        features = models.alexnet_two_tower(num_classes=2).features[1:]
    features.to_empty(device="cpu")
    for p in features.parameters():
        nn.init.uniform_(p, 0.1, 1.0)  # positive: no ReLU hides a connection
    return features


def channels_read(layers, output_channel):
    """Which channels of conv1's output this channel reads, by its gradient's footprint."""
    x = torch.rand(1, 96, 11, 11, requires_grad=True)
    layers(x)[0, output_channel].sum().backward()
    return set(x.grad.abs().sum((0, 2, 3)).nonzero().flatten().tolist())


def test_towers_are_groups_1_2_1_2_2():
    assert [m.groups for m in convs(meta("alexnet_two_tower"))] == [1, 2, 1, 2, 2]
    assert [m.groups for m in convs(meta("alexnet"))] == [1] * 5


@pytest.mark.parametrize(
    ("channel", "reads"), [(0, (0, 48)), (127, (0, 48)), (128, (48, 96)), (255, (48, 96))]
)
def test_conv2_reads_its_own_tower_only(towers, channel, reads):
    to_conv2 = towers[:4]  # ReLU, LRN, pooling, conv2
    assert type(to_conv2[-1]) is nn.Conv2d
    assert channels_read(to_conv2, channel) == set(range(*reads))


@pytest.mark.parametrize("channel", [0, 191, 192, 383])
def test_conv3_reads_both_towers(towers, channel):
    to_conv3 = towers[:8]
    assert len(convs(to_conv3)) == 2
    assert channels_read(to_conv3, channel) == set(range(96))


# --- torchvision


def pretend_trained(model):
    """Weights as if it had been trained: BN's running statistics and affine are not 0 and 1."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            module.num_batches_tracked.fill_(3)
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            bound = math.sqrt(6 / math.prod(module.weight.shape[1:]))
            nn.init.uniform_(module.weight, -bound, bound)
            if module.bias is not None:
                nn.init.uniform_(module.bias, -0.1, 0.1)
    return model


def closer(ours, theirs, tolerance=1e-5):
    assert (ours - theirs).norm() <= tolerance * theirs.norm()
    assert theirs.norm() > 0


@pytest.mark.parametrize("name", IN_TORCHVISION)
def test_state_dicts_load_both_ways(name):
    with META:
        theirs = getattr(torchvision.models, name)()
    ours = meta(name)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(ours.state_dict(), strict=True)


@pytest.mark.parametrize("name", IN_TORCHVISION)
def test_logits_and_gradients_are_torchvisions(name):
    torch.manual_seed(0)
    with META:
        theirs = getattr(torchvision.models, name)(num_classes=7)
        ours = models.build(name, num_classes=7)
    pretend_trained(theirs.to_empty(device="cpu"))
    # assign=True: both have the same weights, and the memory holds them once.
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    side = 32 if name.startswith("vgg") else 64
    x = torch.randn(2, 3, side, side)
    with torch.no_grad():
        closer(ours.eval()(x), theirs.eval()(x))
    # In train() dropout is on: with the same seed it drops the same, where it is in the same place.
    found = []
    for model in (ours, theirs):
        torch.manual_seed(1)
        loss = F.cross_entropy(model.train()(x), torch.tensor([2, 5]))
        # Not those of the weights of FC1 and FC2, for memory: their biases' and inputs' imply them.
        some = {n: p for n, p in model.named_parameters() if p.numel() < 10**7}
        found.append(dict(zip(some, torch.autograd.grad(loss, list(some.values())), strict=True)))
    assert found[0].keys() == found[1].keys()
    for key, theirs_grad in found[1].items():
        closer(found[0][key], theirs_grad)


def macs(model):
    with FlopCounterMode(display=False) as counter:
        model.eval()(torch.empty(1, 3, 224, 224, device="meta"))
    return counter.get_total_flops() / 2


def test_the_papers_bottleneck_is_another_network_of_fewer_multiply_adds():
    torch.manual_seed(0)
    theirs = pretend_trained(torchvision.models.resnet50(num_classes=7)).eval()
    paper = models.resnet50(num_classes=7, stride_in="1x1").eval()
    paper.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert (paper(x) - theirs(x)).norm() > 0.01 * theirs(x).norm()
    assert macs(meta("resnet50")) == pytest.approx(4.09e9, abs=0.005e9)
    # Table 1 says 3.8e9.
    assert macs(meta("resnet50", stride_in="1x1")) == pytest.approx(3.86e9, abs=0.005e9)


@pytest.mark.parametrize(
    ("name", "billions"),
    [("resnet18", 1.8), ("resnet34", 3.6), ("resnet101", 7.6), ("resnet152", 11.3)],
)
def test_multiply_adds_are_table_1s(name, billions):
    kwargs = {"stride_in": "1x1"} if name in ("resnet101", "resnet152") else {}
    assert macs(meta(name, **kwargs)) == pytest.approx(billions * 1e9, rel=0.025)


# --- shortcuts


def cifar_keys(depth, option):
    bn = [f"bn{{}}.{x}" for x in ("weight", "bias", "running_mean", "running_var")]
    bn.append("bn{}.num_batches_tracked")
    keys = {"conv1.weight", *(x.format(1) for x in bn), "fc.weight", "fc.bias"}
    n = (depth - 2) // 6
    for i in (1, 2, 3):
        for j in range(n):
            for k in (1, 2):
                keys |= {f"layer{i}.{j}.{x.format(k)}" for x in ("conv{}.weight", *bn)}
            if option == "C" or (option == "B" and i > 1 and j == 0):
                block = f"layer{i}.{j}.downsample"
                keys |= {f"{block}.0.weight", *(f"{block}.1.{x[5:]}" for x in bn)}
    return keys


@pytest.mark.parametrize("option", ["A", "B", "C"])
def test_state_dict_keys_of_the_cifar_family(option):
    with META:
        assert set(models.resnet_cifar(20, option).state_dict()) == cifar_keys(20, option)


def test_pre_activation_has_the_same_layers_and_its_own_order():
    with META:
        ours = models.preact_resnet_cifar(20)
        usual = models.resnet_cifar(20)
    assert count(ours) == count(usual)
    # The first block's bn1 has become the network's, and the last sum has got one.
    bn = {key.rpartition(".")[2] for key in usual.state_dict() if key.startswith("bn1.")}
    moved = {f"layer1.0.bn1.{what}" for what in bn}
    new = {f"bn2.{what}" for what in bn}
    assert set(ours.state_dict()) == set(usual.state_dict()) - moved | new


def test_pre_activation_by_the_papers_formula():
    torch.manual_seed(0)
    model = pretend_trained(models.preact_resnet_cifar(8, width=4)).eval()
    x = torch.randn(2, 3, 8, 8)
    relu, w = F.relu, model
    with torch.no_grad():
        found = relu(w.bn1(w.conv1(x)))
        # Appendix: the first activation is before the paths part; figure 4 (e) for the others.
        b = w.layer1[0]
        found = found + b.conv2(relu(b.bn2(b.conv1(found))))
        for stage in (w.layer2, w.layer3):
            b = stage[0]
            branch = b.conv2(relu(b.bn2(b.conv1(relu(b.bn1(found))))))
            c = found.shape[1] // 2
            found = F.pad(found[:, :, ::2, ::2], (0, 0, 0, 0, c, c)) + branch
        found = w.fc(relu(w.bn2(found)).mean((2, 3)))
        torch.testing.assert_close(model(x), found)


def test_pre_activation_lets_every_block_reach_the_end():
    # y = F(x) + x without a ReLU: what a block of a stage adds comes out of the stage unchanged
    # as soon as the branches after it give nothing.
    torch.manual_seed(0)
    stage = models.preact_resnet_cifar(20, width=4).layer1.eval()
    for block in stage:
        nn.init.zeros_(block.conv2.weight)
    x = torch.randn(1, 4, 8, 8)  # negative numbers, too
    assert torch.equal(stage(x), x)


@pytest.mark.parametrize("shortcut", ["B", "C"])
def test_pre_activation_has_the_papers_shortcut_only(shortcut):
    with pytest.raises(ValueError, match=f"'{shortcut}' with preactivation.*'A'"):
        models.resnet_cifar(20, shortcut, preactivation=True)


@pytest.mark.parametrize(("c_in", "c_out"), [(4, 8), (16, 32), (3, 6)])
def test_shortcut_a_takes_every_second_position_and_pads_half_before_half_after(c_in, c_out):
    with META:
        shortcut = models.resnet_cifar(8, width=c_in).layer2[0].downsample
    x = torch.randn(2, c_in, 6, 5)
    y = shortcut(x)
    before = (c_out - c_in) // 2
    expected = torch.zeros(2, c_out, 3, 3)
    expected[:, before : before + c_in] = x[:, :, ::2, ::2]
    assert torch.equal(y, expected)


def test_shortcut_a_keeps_every_position_in_the_first_stage_of_bottlenecks():
    with META:
        shortcut = models.resnet50(shortcut="A").layer1[0].downsample
    x = torch.randn(1, 64, 4, 4)
    assert torch.equal(shortcut(x)[:, 96:160], x)
    assert shortcut(x).shape == (1, 256, 4, 4)


@pytest.mark.parametrize("option", ["A", "B", "C"])
def test_a_block_adds_its_shortcut_before_the_last_relu(option):
    torch.manual_seed(0)
    block = models.resnet_cifar(14, option).layer2[0].eval()
    x = torch.randn(2, 16, 8, 8)
    residual = block.bn2(block.conv2(F.relu(block.bn1(block.conv1(x)))))
    torch.testing.assert_close(block(x), F.relu(residual + block.downsample(x)))
    identity = models.resnet_cifar(14).layer1[1].eval()
    nn.init.zeros_(identity.bn2.weight)  # F(x) = 0
    assert torch.equal(identity(x), F.relu(x))


@pytest.mark.parametrize("depth", [20, 56])
def test_a_plain_net_is_the_resnet_without_shortcuts(depth):
    torch.manual_seed(0)
    plain, resnet = models.plain_cifar(depth).eval(), models.resnet_cifar(depth, "A").eval()
    assert list(plain.state_dict()) == list(resnet.state_dict())
    plain.load_state_dict(resnet.state_dict(), strict=True)
    x = torch.randn(2, 3, 16, 16)
    assert not torch.allclose(plain(x), resnet(x))
    y = F.relu(resnet.bn1(resnet.conv1(x)))
    for stage in (resnet.layer1, resnet.layer2, resnet.layer3):
        for b in stage:
            y = F.relu(b.bn2(b.conv2(F.relu(b.bn1(b.conv1(y))))))
    torch.testing.assert_close(plain(x), resnet.fc(y.mean((2, 3))))


def test_a_plain_imagenet_net_has_the_resnets_keys_without_projections():
    for depth in ("18", "34"):
        keys = list(meta(f"resnet{depth}").state_dict())
        expected = [key for key in keys if "downsample" not in key]
        assert list(meta(f"plain{depth}").state_dict()) == expected


# --- LeNet-5


def test_lenet5_pads_28_to_32_by_repeating_the_border():
    model = models.lenet5()
    x = torch.randn(2, 1, 28, 28)
    padded = torch.from_numpy(np.pad(x.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode="edge"))
    assert torch.equal(model(x), model(padded))


@pytest.mark.parametrize(
    ("kwargs", "kind", "n", "other"),
    [
        ({}, nn.Tanh, 4, (nn.ReLU, nn.Sigmoid)),
        ({"activation": "relu"}, nn.ReLU, 4, (nn.Tanh, nn.Sigmoid)),
        ({"activation": "sigmoid"}, nn.Sigmoid, 4, (nn.Tanh, nn.ReLU)),
        ({}, nn.AvgPool2d, 2, (nn.MaxPool2d,)),
        ({"pool": "max"}, nn.MaxPool2d, 2, (nn.AvgPool2d,)),
    ],
)
def test_lenet5_has_the_activation_and_the_pooling_asked_for(kwargs, kind, n, other):
    model = meta("lenet5", **kwargs)
    assert len(of(model, kind)) == n
    assert not of(model, *other)


# --- build, names


@pytest.mark.parametrize("name", models.names())
def test_every_name_builds_and_runs_on_meta(name):
    model = meta(name, num_classes=3)
    side = 32 if name == "lenet5" or "cifar" in name else 224
    y = model(torch.empty(2, model.in_channels, side, side, device="meta"))
    assert y.shape == (2, 3)
    assert y.device.type == "meta"


def test_every_public_model_has_a_name():
    families = [n for n in models.__all__ if n.islower() and n not in ("build", "ledger", "names")]
    assert all(any(n.startswith(family) for n in models.names()) for family in families)
    assert all(callable(getattr(models, n)) for n in models.__all__)
    assert len(set(models.names())) == len(models.names()) == 18 + 15


@pytest.mark.parametrize(
    ("name", "function", "kwargs"),
    [
        ("lenet5", models.lenet5, {"activation": "relu", "pool": "max", "num_classes": 3}),
        ("resnet_cifar20", lambda **k: models.resnet_cifar(20, **k), {"shortcut": "C", "width": 4}),
        ("plain_cifar8", lambda **k: models.plain_cifar(8, **k), {"in_channels": 1}),
        ("resnet18", models.resnet18, {"shortcut": "A", "num_classes": 2}),
    ],
)
def test_build_makes_the_same_as_the_function(name, function, kwargs):
    torch.manual_seed(0)
    built = models.build(name, **kwargs).state_dict()
    torch.manual_seed(0)
    made = function(**kwargs).state_dict()
    assert list(built) == list(made)
    assert all(torch.equal(built[key], made[key]) for key in made)


@pytest.mark.parametrize("name", models.names())
def test_build_calls_the_function_of_that_name(name, monkeypatch):
    function = re.sub(r"(?<=_cifar)\d+$", "", name)
    depth = [int(n) for n in [name.removeprefix(function)] if n]
    known = models._CIFAR if depth else models._MODELS
    assert known[function] is getattr(models, function)
    monkeypatch.setitem(known, function, lambda *given, **named: (given, named))
    assert models.build(name, num_classes=3) == ((*depth,), {"num_classes": 3})


@pytest.mark.parametrize("name", SMALL)
def test_a_copy_is_the_same_and_independent(name):
    torch.manual_seed(0)
    model = models.build(name).eval()
    twin = copy.deepcopy(model)
    x = torch.randn(1, model.in_channels, 32, 32)
    assert torch.equal(model(x), twin(x))
    with torch.no_grad():
        next(twin.parameters()).zero_()
    assert not torch.equal(model(x), twin(x))


@pytest.mark.parametrize("name", SMALL)
def test_the_seed_decides_the_weights(name):
    def drawn(seed):
        torch.manual_seed(seed)
        return torch.cat([p.detach().flatten() for p in models.build(name).parameters()])

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))


# --- wrong use


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: models.resnet_cifar(21), "depth is 21; it must be 6n\\+2"),
        (lambda: models.resnet_cifar(2), "depth is 2; .*8, 14, 20"),
        (lambda: models.plain_cifar("20"), "depth is '20'; .*6n\\+2"),
        (lambda: models.plain_cifar(20.0), "depth is 20.0; .*6n\\+2"),
        (lambda: models.build("resnet_cifar21"), "depth is 21; .*6n\\+2"),
        (lambda: models.resnet_cifar(20, shortcut="D"), "shortcut is 'D'; .*'A', 'B', 'C'"),
        (lambda: models.resnet_cifar(20, shortcut=None), "shortcut is None; .*'A', 'B', 'C'"),
        (lambda: models.resnet18(shortcut="D"), "shortcut is 'D'; .*'A', 'B', 'C'"),
        (lambda: models.resnet34(shortcut=None), "shortcut is None; .*'A', 'B', 'C'"),
        (lambda: models.resnet18(num_classes=0), "num_classes is 0; .*at least 1"),
        (lambda: models.vgg16(num_classes=True), "num_classes is True; .*integer"),
        (lambda: models.lenet5(num_classes=2.5), "num_classes is 2.5; .*integer"),
        (lambda: models.alexnet(in_channels=-1), "in_channels is -1; .*at least 1"),
        (lambda: models.plain_cifar(20, width=0), "width is 0; .*at least 1"),
        (lambda: models.alexnet(dropout=1.0), "dropout is 1.0; .*less than 1"),
        (lambda: models.alexnet_two_tower(dropout=-0.1), "dropout is -0.1; .*at least 0"),
        (lambda: models.vgg11_bn(dropout="0.5"), "dropout is '0.5'; .*number"),
        (lambda: models.vgg11_bn(dropout=float("nan")), "dropout is nan; .*number"),
        (lambda: models.resnet50(stride_in="2x2"), "stride_in is '2x2'; .*'3x3', '1x1'"),
        (lambda: models.lenet5(activation="gelu"), "activation is 'gelu'; .*'tanh', 'relu', 'sig"),
        (lambda: models.lenet5(pool="sum"), "pool is 'sum'; .*'avg', 'max'"),
        (lambda: models.build("resnet51"), "no model 'resnet51'. Did you mean .*'resnet50'"),
        (lambda: models.build("lenet"), "no model 'lenet'. Did you mean 'lenet5'"),
        (lambda: models.build("resnet_cifar"), "Did you mean .*'resnet_cifar"),
        (lambda: models.build("zzz"), "no model 'zzz'. models.names\\(\\) lists them all"),
        (lambda: models.build(None), "no model None"),
    ],
)
def test_wrong_arguments_are_value_errors_that_say_what_is_allowed(make, says):
    with META, pytest.raises(ValueError, match=says):
        make()


LEAST = {
    "lenet5": 28,
    "alexnet": 63,
    "alexnet_two_tower": 224,
    **dict.fromkeys(("vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg19_bn"), 32),
    **dict.fromkeys(IMAGENET, 17),
    **dict.fromkeys(
        ("resnet_cifar8", "resnet_cifar20", "plain_cifar56", "preact_resnet_cifar8"), 3
    ),
}


@pytest.mark.parametrize(("name", "least"), LEAST.items())
def test_one_pixel_below_the_limit_is_too_small(name, least):
    model = meta(name)
    c, long = model.in_channels, least if name in ("lenet5", "alexnet_two_tower") else least + 50
    assert model(torch.empty(2, c, least, long, device="meta")).dim() == 2
    for shape in ((2, c, least - 1, least + 50), (2, c, least + 50, least - 1)):
        says = rf"{shape[2]}×{shape[3]} is too small for .*at least {least}×{least}"
        with pytest.raises(ValueError, match=says):
            model(torch.empty(shape, device="meta"))


@pytest.mark.parametrize(
    ("name", "side", "allowed"),
    [
        ("lenet5", 30, "32×32.*28×28"),
        ("lenet5", 33, "32×32"),
        ("alexnet_two_tower", 225, "227×227"),
    ],
)
def test_a_network_of_one_size_says_which(name, side, allowed):
    model = meta(name)
    with pytest.raises(ValueError, match=f"{allowed}.*{side}×{side}"):
        model(torch.empty(1, model.in_channels, side, side, device="meta"))


@pytest.mark.parametrize("name", [*LEAST])
def test_images_of_another_shape(name):
    model = meta(name)
    c = model.in_channels
    for shape in ((1, c + 1, 227, 227), (c, 227, 227), (227, 227)):
        says = rf"\(N, {c}, H, W\), not {re.escape(str(shape))}"
        with pytest.raises(ValueError, match=says):
            model(torch.empty(shape, device="meta"))
