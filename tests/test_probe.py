"""Probes: what they say equals plain computation, and they change nothing."""

import math
import random

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from seminar import models, probe

NETS = {
    "lenet5": (lambda: models.lenet5(), (1, 32, 32)),
    "resnet_cifar8": (lambda: models.resnet_cifar(8, in_channels=1, width=4), (1, 14, 14)),
    "dropout": (
        lambda: (
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
            .append(nn.Dropout(0.5))
            .append(nn.Flatten())
            .append(nn.Linear(4 * 36, 10))
        ),
        (1, 8, 8),
    ),
}


@pytest.fixture(params=NETS)
def net(request):
    torch.manual_seed(0)
    make, shape = NETS[request.param]
    return make(), torch.randn(6, *shape)


def state(model):
    """Everything a probe must not touch."""
    tensors = {k: v.clone() for k, v in model.state_dict().items()}
    modes = [m.training for m in model.modules()]
    hooks = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())
    grads = [p.grad for p in model.parameters()]
    return tensors, modes, hooks, grads


def assert_same(before, after):
    for key, value in before[0].items():
        assert torch.equal(value, after[0][key]), key
    assert before[1:] == after[1:]


@pytest.mark.parametrize("training", [True, False])
def test_activations_are_what_flows(net, training):
    model, x = net
    model.train(training)
    before = state(model)
    torch.manual_seed(1)
    seen = probe.activations(model, x)
    assert_same(before, state(model))
    torch.manual_seed(1)
    logits = model(x)
    torch.testing.assert_close(list(seen.values())[-1], logits)
    assert not any(a.requires_grad for a in seen.values())


def test_activations_are_in_order_and_before_a_later_in_place_relu():
    torch.manual_seed(0)
    model, x = NETS["dropout"][0]().eval(), torch.randn(3, 1, 8, 8)
    seen = probe.activations(model, x)
    assert list(seen) == ["0", "1", "2", "3", "4", "5"]
    torch.testing.assert_close(seen["1"], model[1](model[0](x)))
    assert (seen["1"] < 0).any()
    assert seen["2"].shape == (3, 4, 6, 6)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_are_those_of_backward(net, training):
    model, x = net
    model.train(training)
    y = torch.arange(len(x))
    before = state(model)
    torch.manual_seed(1)
    with torch.no_grad():  # they are computed even so
        found = probe.gradients(model, x, y)
    assert_same(before, state(model))
    torch.manual_seed(1)
    F.cross_entropy(model(x), y).backward()
    assert list(found) == [name for name, _ in model.named_parameters()]
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad)


def test_gradients_of_a_frozen_and_of_an_unused_parameter():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.Linear(2, 3))
    model[1].requires_grad_(False)
    model[2].register_parameter("unused", nn.Parameter(torch.ones(2)))
    found = probe.gradients(model, torch.randn(2, 1, 2, 2), torch.tensor([0, 1]))
    assert set(found) == {"2.weight", "2.bias", "2.unused"}
    assert not found["2.unused"].any()


# Multiply-adds by hand: output positions × outputs × inputs one output reads.
LENET_5 = 28 * 28 * 6 * 25 + 100 * 16 * 6 * 25 + 400 * 120 + 120 * 84 + 84 * 10
TWO_TOWERS = (
    55 * 55 * 96 * 3 * 121
    + 27 * 27 * 256 * (96 // 2) * 25
    + 13 * 13 * 384 * 256 * 9
    + 13 * 13 * 384 * (384 // 2) * 9
    + 13 * 13 * 256 * (384 // 2) * 9
    + (9216 + 4096) * 4096
    + 4096 * 1000
)


@pytest.mark.parametrize(
    ("name", "shape", "macs", "exact"),
    [
        ("lenet5", (1, 32, 32), LENET_5, True),
        ("alexnet_two_tower", (3, 227, 227), TWO_TOWERS, True),
        ("resnet18", (3, 224, 224), 1.814e9, False),
        ("resnet50", (3, 224, 224), 4.089e9, False),
        ("vgg16", (3, 224, 224), 15.47e9, False),
    ],
)
def test_cost_of_whole_networks(name, shape, macs, exact):
    with torch.device("meta"):
        model = models.build(name)
    layers = probe.cost(model, shape)
    total = sum(x.macs for x in layers)
    assert total == macs if exact else total == pytest.approx(macs, rel=1e-3)
    assert sum(x.parameters for x in layers) == sum(p.numel() for p in model.parameters())
    assert layers[-1].shape == (layers[-1].shape[0],)
    assert layers[-1].kind == "Linear"


def test_cost_on_the_cpu_changes_nothing(net):
    model, x = net
    model.train()
    list(model.modules())[-1].eval()  # a part may be in another mode than the whole
    before = state(model)
    layers = probe.cost(model, tuple(x.shape[1:]))
    assert_same(before, state(model))
    model.eval()
    seen = probe.activations(model, x)
    assert [x.name for x in layers] == list(seen)
    assert [x.shape for x in layers] == [tuple(a.shape[1:]) for a in seen.values()]


def test_cost_of_one_layer_and_of_a_layer_used_twice():
    (one,) = probe.cost(nn.Conv2d(3, 4, 3, padding=1), (3, 8, 8))
    assert one == ("", "Conv2d", (4, 8, 8), 112, 64 * 4 * 27)

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1, bias=False)

        def forward(self, x):
            return self.conv(self.conv(x))

    (twice,) = probe.cost(Twice(), (3, 8, 8))
    assert (twice.parameters, twice.macs) == (81, 2 * 64 * 81)


class Gated(nn.Module):
    """A parameter, a convolution and a product of its own beside a layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.gate = nn.Parameter(torch.zeros(16, 1, 1))
        self.kernel = nn.Parameter(torch.zeros(16, 16, 1, 1))

    def forward(self, x):
        return F.conv2d(self.conv(x) * self.gate, self.kernel)


def test_cost_of_what_a_module_does_itself():
    inner = ("inner", "Gated", (16, 8, 8), 16 + 256, 64 * 256)
    conv = ("inner.conv", "Conv2d", (16, 8, 8), 2304, 64 * 2304)
    model = nn.Sequential()
    model.inner = Gated()
    assert probe.cost(model, (16, 8, 8)) == [conv, inner]
    twice = nn.Sequential(model.inner, nn.ReLU(), model.inner)
    rows = {row.name: row for row in probe.cost(twice, (16, 8, 8))}
    assert (rows["0"].parameters, rows["0"].macs) == (272, 2 * 64 * 256)
    assert rows["0.conv"].macs == 2 * 64 * 2304


def test_cost_has_parameters_once_that_are_shared_unused_or_in_a_list():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4, bias=False)
            self.b.weight = self.a.weight
            self.list = nn.ParameterList([torch.zeros(3), torch.zeros(5)])
            self.auxiliary = nn.Sequential(nn.Linear(4, 7), nn.Linear(7, 2))

        def forward(self, x):
            return self.b(self.a(x.mean((2, 3))))

    model = nn.Sequential(Odd())
    rows = probe.cost(model, (4, 2, 2))
    assert [(row.name, row.parameters) for row in rows] == [
        *(("0.a", 20), ("0.b", 0)),
        ("0", 8 + 35 + 16),
    ]
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in model.parameters())


def test_cost_of_attention_by_hand():
    """Projections 4·n·d², products 2·n²·d, on the meta device and where numbers are needed."""
    n, d = 6, 8

    class Attention(nn.Module):
        def __init__(self, look):
            super().__init__()
            self.attention = nn.MultiheadAttention(d, 2, batch_first=True)
            self.look = look

        def forward(self, x):
            x = x.flatten(2).transpose(1, 2)
            if self.look:
                assert x.sum().item() == 0
            return self.attention(x, x, x, need_weights=False)

    for look in (False, True):
        (row,) = [r for r in probe.cost(Attention(look), (d, 2, 3)) if r.macs]
        assert row[:3] == ("attention", "MultiheadAttention", (n, d))
        assert (row.parameters, row.macs) == (4 * d * d + 4 * d, 4 * n * d * d + 2 * n * n * d)


@pytest.mark.parametrize("how", ["zeros", "arange", "a plain tensor", "item", "numpy"])
def test_cost_of_a_network_that_makes_tensors_of_its_own(how):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)
            self.bn = nn.BatchNorm2d(2)
            self.plain = torch.ones(2, 1, 1)

        def forward(self, x):
            x = self.bn(self.conv(x))
            if how == "zeros":
                return x + torch.zeros(x.shape)
            if how == "arange":
                return x + torch.arange(x.shape[-1])
            if how == "item":
                return x + x.mean().item()
            if how == "numpy":
                return torch.from_numpy(x.detach().numpy())
            return x + self.plain

    model = Own().train()
    before = state(model)
    rows = probe.cost(model, (1, 6, 6))
    assert_same(before, state(model))
    assert [(r.name, r.shape, r.macs) for r in rows] == [
        ("conv", (2, 4, 4), 16 * 2 * 9),
        ("bn", (2, 4, 4), 0),
    ]


def test_cost_of_a_network_that_needs_numbers_and_has_no_parameters_or_is_on_meta():
    class Looks(nn.Module):
        def forward(self, x):
            return x + x.mean().item()

    assert probe.cost(Looks(), (1, 2, 2)) == [("", "Looks", (1, 2, 2), 0, 0)]
    model = nn.Sequential(nn.Conv2d(1, 1, 1, device="meta"), Looks())
    with pytest.raises(RuntimeError) as caught:
        probe.cost(model, (1, 2, 2))
    assert "needs numbers" in caught.value.__notes__[0]


class Several(nn.Module):
    """Its layers and itself give tuples and dictionaries."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.rnn = nn.GRU(4, 5, batch_first=True)

    def forward(self, x):
        x = self.conv(x)
        return {"out": [self.rnn(x.flatten(2).transpose(1, 2))[0]], "aux": x}


def test_a_network_that_gives_several_tensors():
    model, x = nn.Sequential(Several()), torch.randn(2, 1, 5, 5)
    assert [(r.name, r.shape) for r in probe.cost(model, (1, 5, 5))] == [
        ("0.conv", (4, 3, 3)),
        ("0.rnn", (9, 5)),
    ]
    seen = probe.activations(model, x)
    assert torch.equal(seen["0.rnn"], model(x)["out"][0])
    for look in (
        lambda: probe.gradients(model, x, torch.zeros(2).long()),
        lambda: probe.effective_receptive_field(model, x),
    ):
        with pytest.raises(ValueError, match="gives a dict, not one tensor"):
            look()


@pytest.mark.parametrize("name", torchvision.models.list_models(module=torchvision.models))
def test_cost_of_every_classification_model_of_torchvision(name, monkeypatch):
    """Parameters as they are, multiply-adds as torchvision publishes them, rounded."""
    weights = torchvision.models.get_model_weights(name).DEFAULT
    (side,) = weights.transforms().crop_size
    more = {"image_size": side} if name.startswith("vit") else {}
    if name in ("googlenet", "inception_v3"):
        more = {"aux_logits": False, "init_weights": False}
    plan = torchvision.models.regnet.BlockParams.from_init_params

    def with_numbers(**arguments):  # its widths are computed by tensors
        with torch.device("cpu"):
            return plan(**arguments)

    monkeypatch.setattr(torchvision.models.regnet.BlockParams, "from_init_params", with_numbers)
    with torch.device("meta"):
        model = torchvision.models.get_model(name, weights=None, **more)
    rows = probe.cost(model, (3, side, side))
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in model.parameters())
    published = weights.meta["_ops"]  # GMACs
    assert sum(row.macs for row in rows) / 1e9 == pytest.approx(published, rel=2e-3, abs=6e-4)


@pytest.mark.parametrize("shape", [(32, 32), (1, 3, 32, 32), (0, 32, 32), (3, -1, 32)])
def test_a_wrong_shape(shape):
    with pytest.raises(ValueError, match="C, H, W"):
        probe.cost(models.lenet5(), shape)


def test_an_error_in_the_model_leaves_it_as_it_was():
    model = models.lenet5().train()
    before = state(model)
    with pytest.raises(ValueError, match="LeNet-5"):
        probe.cost(model, (3, 32, 32))
    with pytest.raises(ValueError, match="LeNet-5"):
        probe.activations(model, torch.randn(1, 3, 32, 32))
    assert_same(before, state(model))


# Receptive fields


def random_stack(seed):
    """A chain of convolutions and average poolings, one channel, no activation: all of it linear,
    so that the gradient is 0 exactly where an output does not depend on a pixel."""
    draw = random.Random(seed)
    layers = []
    for _ in range(draw.randint(1, 5)):
        k, s = draw.randint(1, 5), draw.randint(1, 3)
        if draw.random() < 0.3:
            layers.append(nn.AvgPool2d(k, s, draw.randint(0, k // 2), count_include_pad=False))
        else:
            p, d = draw.randint(0, 3), draw.randint(1, 3)
            layers.append(nn.Conv2d(1, 1, k, s, p, d, bias=draw.random() < 0.5))
    return nn.Sequential(*layers)


def footprint(model, size, output):
    """First and last row of the pixels that the output in row and column `output` depends on."""
    x = torch.zeros(1, 1, size, size, dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(model.double()(x)[0, 0, output, output], x)
    rows = gradient[0, 0].any(1).nonzero()
    return rows.min().item(), rows.max().item()


@pytest.mark.parametrize("seed", range(200))
def test_receptive_field_is_the_gradients_footprint(seed):
    torch.manual_seed(seed)
    stack = random_stack(seed)
    field = probe.receptive_field(stack)[-1]
    # The first output whose field lies inside the picture, and a picture that holds its next.
    output = max(0, -math.floor((field.start - (field.size - 1) / 2) / field.jump))
    size = int(field.start + (output + 1) * field.jump + field.size) + 1
    first, last = footprint(stack, size, output)
    assert last - first + 1 == field.size
    assert (first + last) / 2 == field.start + output * field.jump
    assert footprint(stack, size, output + 1) == (first + field.jump, last + field.jump)


def test_receptive_field_by_hand():
    """VGG-16's five poolings end at 6, 16, 44, 100, 212 pixels; the jump doubles each time."""
    with torch.device("meta"):
        vgg = models.vgg16().features
    pools = [f for f in probe.receptive_field(vgg) if f.kind == "MaxPool2d"]
    assert [f.size for f in pools] == [6, 16, 44, 100, 212]
    assert [f.jump for f in pools] == [2, 4, 8, 16, 32]
    assert [f.size for f in probe.receptive_field(models.alexnet_two_tower().features)][-1] == 195
    lenet = probe.receptive_field(models.lenet5().features)
    assert [(f.name, f.size) for f in lenet if f.kind != "Tanh"] == [
        *(("C1", 5), ("S2", 6)),
        *(("C3", 14), ("S4", 16)),
    ]


def test_receptive_field_of_same_padding_one_layer_and_nothing():
    same = nn.Sequential(nn.Conv2d(1, 1, 5, padding="same", dilation=2))
    assert probe.receptive_field(same)[0][2:] == (9, 1, 0.0)
    assert probe.receptive_field(nn.Conv2d(1, 1, 3, padding="valid"))[0][2:] == (3, 1, 1.0)
    assert probe.receptive_field(nn.Sequential()) == []


def test_receptive_field_counts_a_layer_that_is_used_twice_twice():
    conv, pool = nn.Conv2d(1, 1, 3), nn.AvgPool2d(2)
    found = probe.receptive_field(nn.Sequential(conv, pool, conv, pool))
    assert [(f.name, f.size) for f in found] == [("0", 3), ("1", 4), ("2", 8), ("3", 10)]


class Branches(nn.Sequential):
    """Its parts side by side, not one after the other."""

    def forward(self, x):
        return sum(F.interpolate(branch(x), x.shape[2:]) for branch in self)


class Dilating(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, self.weight, self.bias, dilation=2)


def test_receptive_field_of_a_chain_under_another_name():
    block = torchvision.ops.Conv2dNormActivation(1, 1, 5)
    assert probe.receptive_field(nn.Sequential(block))[-1][2:4] == (5, 1)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (models.lenet5(), "the model is a LeNet5.*model.features"),
        (models.resnet_cifar(8), "a chain of layers"),
        (nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten()), "layer 1 is a Flatten"),
        (Branches(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 5)), "the model is a Branches"),
        (nn.Sequential(Dilating(1, 1, 3)), "layer 0 is a Dilating"),
        (nn.Sequential(nn.Conv2d(1, 1, (3, 5))), r"kernel_size \(3, 5\); give one that is square"),
    ],
)
def test_receptive_field_names_what_it_cannot_follow(model, message):
    with pytest.raises(ValueError, match=message):
        probe.receptive_field(model)


def test_effective_receptive_field_of_ones_is_a_binomial():
    """Luo et al. 2016, section 2.2: kernels of ones convolve to a bell."""
    stack = nn.Sequential(*[nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(4)])
    for conv in stack:
        nn.init.ones_(conv.weight)
    found = probe.effective_receptive_field(stack, torch.randn(2, 1, 21, 21))
    row = torch.ones(1)
    for _ in range(4):
        row = F.conv1d(row[None, None], torch.ones(1, 1, 3), padding=2)[0, 0]
    expected = torch.zeros(21, 21)
    expected[6:15, 6:15] = torch.outer(row, row) / row.max() ** 2
    torch.testing.assert_close(found, expected)


def test_effective_receptive_field_is_of_sizes_that_do_not_cancel():
    conv = nn.Conv2d(2, 1, 1, bias=False)
    conv.weight.data = torch.tensor([1.0, -1.0]).view(1, 2, 1, 1)
    found = probe.effective_receptive_field(conv, torch.randn(1, 2, 3, 3))
    assert found.nonzero().tolist() == [[1, 1]]


def test_effective_receptive_field_changes_nothing_and_lies_inside_the_field():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 5), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)).eval()
    before = state(net)
    found = probe.effective_receptive_field(net, torch.randn(8, 3, 20, 20))
    assert_same(before, state(net))
    assert found.max() == 1
    assert found.nonzero().min() == 8
    assert found.nonzero().max() == 13


def test_effective_receptive_field_of_a_dead_network_is_zero():
    net = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU())
    nn.init.constant_(net[0].bias, -100)
    assert not probe.effective_receptive_field(net, torch.randn(1, 1, 9, 9)).any()


def test_effective_receptive_field_needs_a_feature_map():
    with pytest.raises(ValueError, match=r"\(1, 10\), not \(N, C, h, w\)"):
        probe.effective_receptive_field(models.lenet5(), torch.randn(1, 1, 32, 32))
