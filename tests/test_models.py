"""Counts to the last one, the papers' shapes, torchvision's weights and results, wrong use."""

import pytest
import torch
import torchvision
from torch import nn

from seminar import init, models, probe

META = torch.device("meta")
COUNTS = {
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
}
IN_TORCHVISION = [
    *("alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn"),
    *("vgg19_bn", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
]


def count(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(("name", "parameters"), COUNTS.items())
def test_parameters(name, parameters):
    with META:
        assert count(models.build(name)) == parameters


@pytest.mark.parametrize(("shortcut", "extra"), [("A", 0), ("B", 2752), ("C", 0)])
def test_parameters_of_the_shortcuts(shortcut, extra):
    # 1×1 weights and γ, β: B 16·32+64 and 32·64+128; C also 3·(16²+32), 2·(32²+64), 2·(64²+128).
    if shortcut == "C":
        extra = 2752 + 3 * (16**2 + 32) + 2 * (32**2 + 64) + 2 * (64**2 + 128)
    with META:
        assert count(models.resnet_cifar(20, shortcut)) == 269_722 + extra


def outputs(name, size, channels=3):
    with META:
        return {
            layer.name: layer.shape
            for layer in probe.cost(models.build(name), (channels, size, size))
        }


def test_shapes_of_lenet5():
    shapes = outputs("lenet5", 32, 1)
    assert [shapes[f"features.{x}"] for x in ("C1", "S2", "C3", "S4")] == [
        (6, 28, 28),
        (6, 14, 14),
        (16, 10, 10),
        (16, 5, 5),
    ]


@pytest.mark.parametrize("name", ["alexnet", "alexnet_two_tower"])
def test_shapes_of_alexnet(name):
    sides = [shape[-1] for shape in outputs(name, 224).values() if len(shape) == 3]
    assert sorted(set(sides), reverse=True) == [55, 27, 13, 6]


@pytest.mark.parametrize("name", ["vgg11", "vgg19"])
def test_shapes_of_vgg(name):
    with META:
        layers = probe.cost(models.build(name), (3, 224, 224))
    pools = [layer.shape for layer in layers if layer.kind == "MaxPool2d"]
    assert pools == [(64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14), (512, 7, 7)]


@pytest.mark.parametrize(
    ("name", "last"), [("resnet34", 512), ("plain18", 512), ("resnet50", 2048)]
)
def test_shapes_of_the_imagenet_resnets(name, last):
    shapes = outputs(name, 224)
    assert shapes["conv1"] == (64, 112, 112)
    assert shapes["maxpool"] == (64, 56, 56)
    ends = [[s for n, s in shapes.items() if n.startswith(f"layer{i}.")][-1] for i in (1, 2, 3, 4)]
    assert ends == [(last // 2**k, 7 * 2**k, 7 * 2**k) for k in (3, 2, 1, 0)]


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "plain34", "resnet_cifar20"])
def test_only_the_first_block_of_a_later_stage_has_a_stride(name):
    with META:
        model = models.build(name)
    strided = [
        n
        for n, m in model.named_modules()
        if isinstance(m, nn.Conv2d) and n.startswith("layer") and m.stride == (2, 2)
    ]
    stages = (2, 3) if "cifar" in name else (2, 3, 4)
    conv = "conv2" if name == "resnet50" else "conv1"
    assert [n for n in strided if "downsample" not in n] == [f"layer{i}.0.{conv}" for i in stages]


def test_the_papers_bottleneck_strides_in_the_1x1():
    with META:
        ours, paper = models.resnet50(), models.resnet50(stride_in="1x1")
    macs = [sum(x.macs for x in probe.cost(m, (3, 224, 224))) for m in (ours, paper)]
    assert macs[0] == pytest.approx(4.089e9, rel=1e-3)
    assert macs[1] == pytest.approx(3.86e9, rel=1e-2)


@pytest.mark.parametrize("name", [n for n in models.names() if n[-1].isdigit() and n != "lenet5"])
def test_the_name_is_the_number_of_layers_with_weights(name):
    with META:
        model = models.build(name)
    layers = [
        n
        for n, m in model.named_modules()
        if isinstance(m, (nn.Conv2d, nn.Linear)) and "downsample" not in n
    ]
    assert name.endswith(str(len(layers)))


@pytest.mark.parametrize("name", IN_TORCHVISION)
def test_same_results_and_gradients_as_torchvision(name):
    torch.manual_seed(0)
    ours = models.build(name, num_classes=7)
    theirs = getattr(torchvision.models, name)(num_classes=7)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    for module in ours.modules():
        if isinstance(module, nn.Dropout):
            assert module.p == 0.5
            module.p = 0.0
    ours.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    size = 64 if name == "alexnet" else 32
    x = torch.randn(2, 3, size, size, dtype=torch.float64)
    ours, theirs = ours.double().eval(), theirs.double().eval()
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-12)
    probes = []
    for model in (ours, theirs):
        model.train()
        weights = [p for p in model.parameters() if p.dim() == 4]
        probes.append(torch.autograd.grad(model(x).square().sum(), weights))
    for a, b in zip(*probes, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-9 * float(b.abs().max()) + 1e-12)


def test_shortcut_a_pads_half_before_and_half_after():
    x = torch.randn(1, 4, 6, 6)
    y = models.resnet_cifar(8, width=4).layer2[0].downsample(x)
    assert y.shape == (1, 8, 3, 3)
    assert torch.equal(y[:, 2:6], x[:, :, ::2, ::2])
    assert not y[:, :2].any()
    assert not y[:, 6:].any()


def test_lrn_only_in_two_towers_and_before_pooling():
    with META:
        kinds = [type(m).__name__ for m in models.alexnet_two_tower().features]
        assert not any("Response" in type(m).__name__ for m in models.alexnet().modules())
        groups = [m.groups for m in models.alexnet_two_tower().features if isinstance(m, nn.Conv2d)]
    lrn = [i for i, kind in enumerate(kinds) if kind == "LocalResponseNorm"]
    assert [kinds[i + 1] for i in lrn] == ["MaxPool2d", "MaxPool2d"]
    assert groups == [1, 2, 1, 2, 2]


def test_no_bias_before_bn_in_resnets():
    with META:
        convs = [m for m in models.resnet50().modules() if isinstance(m, nn.Conv2d)]
    assert all(m.bias is None for m in convs)


def test_lenet5_pads_28_by_its_border():
    model = models.lenet5().eval()
    x = torch.randn(2, 1, 28, 28)
    padded = nn.functional.pad(x, (2, 2, 2, 2), mode="replicate")
    assert torch.equal(model(x), model(padded))


@pytest.mark.parametrize("name", models.names())
def test_first_line_of_every_ledger_is_the_true_count(name):
    ledger = models.ledger(name)
    with META:
        assert ledger[0].ours == f"{count(models.build(name)):,}"
    assert ledger[0].what == "parameters"
    assert all(all(entry) for entry in ledger)


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "plain_cifar20", "alexnet"])
def test_he_initialization_as_the_ledger_says(name):
    assert "He normal, fan-in; biases 0" in [entry.ours for entry in models.ledger(name)]
    torch.manual_seed(0)
    for module in models.build(name).modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            n_in, _ = init.fans(module.weight)
            if module.weight.numel() > 2000:
                assert module.weight.std().item() == pytest.approx((2 / n_in) ** 0.5, rel=0.1)
            assert module.bias is None or not module.bias.any()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: models.resnet_cifar(21), "6n\\+2"),
        (lambda: models.plain_cifar(2), "6n\\+2"),
        (lambda: models.resnet_cifar(20, shortcut="D"), "'A', 'B', 'C'"),
        (lambda: models.resnet18(num_classes=0), "num_classes is 0"),
        (lambda: models.vgg16(num_classes=True), "num_classes is True"),
        (lambda: models.alexnet(in_channels=-1), "in_channels is -1"),
        (lambda: models.alexnet(dropout=1.0), "dropout is 1.0"),
        (lambda: models.resnet50(stride_in="2x2"), "'3x3', '1x1'"),
        (lambda: models.lenet5(activation="gelu"), "'tanh', 'relu', 'sigmoid'"),
        (lambda: models.build("resnet51"), "resnet50"),
        (lambda: models.build("lenet"), "lenet5"),
        (lambda: models.lenet5()(torch.zeros(1, 3, 32, 32)), "in_channels"),
        (lambda: models.lenet5()(torch.zeros(1, 1, 30, 30)), "32×32"),
        (lambda: models.resnet_cifar(8)(torch.zeros(3, 32, 32)), "in_channels"),
    ],
)
def test_wrong_use_is_a_value_error_that_says_what_is_allowed(make, says):
    with META, pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize(
    ("name", "least", "channels"),
    [
        ("lenet5", 28, 1),
        ("alexnet", 63, 3),
        ("vgg11", 32, 3),
        ("resnet18", 17, 3),
        ("resnet_cifar8", 3, 3),
    ],
)
def test_images_too_small(name, least, channels):
    with META:
        model = models.build(name).eval()
        assert model(torch.zeros(1, channels, least, least)).dim() == 2
        with pytest.raises(ValueError, match="too small"):
            model(torch.zeros(1, channels, least - 1, least - 1))
