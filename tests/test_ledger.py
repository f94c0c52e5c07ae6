"""Every line of every ledger is true of its model.

A checker reads the model and says what the ledger's `ours` must be. A line without one fails.
"""

import functools
import math
import re

import pytest
import torch
from networks import convs, of, shapes
from torch import nn
from torch.overrides import TorchFunctionMode

from seminar import data, models, train
from seminar.layers import LocalResponseNorm

NAMES = [*models.names(), "resnet_cifar8", "plain_cifar14", "preact_resnet_cifar14"]
META = torch.device("meta")


@functools.cache
def meta(name):
    with META:
        return models.build(name).eval()


def blocks(model):
    return [m for m in model.modules() if hasattr(m, "residual")]


def only(values):
    """The one value that all of them are."""
    (value,) = set(values)
    return value


def images(model, side):
    return torch.empty(1, model.in_channels, side, side, device="meta")


def runs(model, side):
    try:
        model(images(model, side))
    except ValueError:
        return False
    return True


def parameters(name, model):
    return f"{sum(math.prod(p.shape) for p in model.parameters()):,}"


def input_size(name, model):
    sides = (side for side in range(1, 260) if runs(model, side))
    least = next(sides)
    if next(sides) == least + 1:
        return f"any from {least}×{least}"
    side = {"lenet5": 32, "alexnet_two_tower": 227}[name]
    assert [s for s in range(1, side + 5) if runs(model, s)] == [least, side]
    assert shapes(model, least) == shapes(model, side)  # padded
    return f"{side}×{side}"


def padding(name, model):
    assert only(m.padding_mode for m in convs(model)) == "zeros"
    if "alexnet" in name:
        sides = {shape[-1] for n, shape in shapes(model, 224).items() if "features." in n}
        assert sides == {55, 27, 13, 6}
        return ", ".join(str(only(m.padding)) for m in convs(model))
    if "vgg" in name:
        return f"{only(only(m.padding) for m in convs(model))} in every convolution"
    for m in of(model, nn.Conv2d, nn.MaxPool2d).values():
        sizes = [v if isinstance(v, tuple) else (v, v) for v in (m.kernel_size, m.padding)]
        assert sizes[1] == (sizes[0][0] // 2, sizes[0][1] // 2)
    return "half the kernel size, rounded down"


def channels(name, model):
    return "-".join(str(m.out_channels) for m in convs(model))


def groups(name, model):
    return ", ".join(str(m.groups) for m in convs(model))


def activation(name, model):
    used = set()

    class Calls(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            used.add(getattr(func, "__name__", ""))
            return func(*args, **(kwargs or {}))

    with Calls():
        model(images(model, 32 if name == "lenet5" else 224))
    return {"relu": "ReLU", "tanh": "tanh"}[only(used & {"relu", "tanh", "sigmoid", "gelu"})]


def pooling(name, model):
    found = of(model, nn.MaxPool2d, nn.AvgPool2d).values()
    parts = {(type(m).__name__, m.kernel_size, m.stride) for m in found}
    texts = {
        ("AvgPool2d", 2, 2): "average",
        ("MaxPool2d", 2, 2): "max of 2×2, stride 2",
        ("MaxPool2d", 3, 2): "max of 3×3, stride 2",
    }
    ends = of(model, nn.AdaptiveAvgPool2d).values()
    last = ["global average" for m in ends if m.output_size == (1, 1)]
    return "; ".join([texts[only(parts)], *last] if parts else last)


def c3_connections(name, model):
    c1, c3 = convs(model)
    assert c3.groups == 1
    return f"each map reads {c3.in_channels} of {c1.out_channels}"


def lrn(name, model):
    found = of(model, LocalResponseNorm, nn.LocalResponseNorm)
    if not found:
        return "none"
    kinds = [type(m) for m in model.features]
    places = [int(n.removeprefix("features.")) for n in found]
    assert [kinds[:i].count(nn.Conv2d) for i in places] == [1, 2]
    assert all(kinds[i + 1] is nn.MaxPool2d for i in places)
    # The paper's formula, tower by tower, on values that are large enough for it to matter.
    a = 100 * torch.randn(1, 12, 2, 2, dtype=torch.float64)
    near = [range(max(t, i - 2), min(t + 6, i + 3)) for t in (0, 6) for i in range(t, t + 6)]
    total = torch.stack([a[:, list(j)].square().sum(1) for j in near], dim=1)
    for layer in found.values():
        torch.testing.assert_close(layer(a), a / (2 + 1e-4 * total) ** 0.75)
    k, n, alpha, beta = only((m.k, m.size, m.alpha, m.beta) for m in found.values())
    return (
        "after conv1 and conv2, before pooling, in each tower: "
        f"k={k:g}, n={n}, α={alpha * 1e4:g}e-4, β={beta:g}"
    )


def dropout(name, model):
    found = of(model, nn.Dropout)
    if not found:
        return "none"
    assert all(n.startswith("classifier.") for n in found)
    kinds = [type(m).__name__ for m in model.classifier]
    p = only(m.p for m in found.values())
    if kinds == ["Dropout", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Linear"]:
        return f"{p} before FC1 and FC2"
    assert kinds == ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    return f"{p} after FC1 and FC2"


def batch_normalization(name, model):
    layers = list(of(model, nn.Conv2d, nn.BatchNorm2d).values())
    for conv, bn in zip(layers[::2], layers[1::2], strict=True):
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(bn, nn.BatchNorm2d)
        assert bn.num_features == conv.out_channels
    first = [next(m for m in block.children() if m is not None) for block in blocks(model)]
    if any(isinstance(m, nn.BatchNorm2d) for m in first):
        assert isinstance(first[0], nn.Identity)  # that of conv1 is before it
        assert all(isinstance(m, nn.BatchNorm2d) for m in first[1:])
        return "before every convolution but the first, and after the last sum"
    return "after every convolution"


def convolution_bias(name, model):
    return "none" if only(m.bias is None for m in convs(model)) else "yes"


def shortcut(name, model):
    has = [block.downsample is not None for block in blocks(model)]
    if not only(block.residual for block in blocks(model)):
        assert not any(has)
        return "none"
    for block, own in zip(blocks(model), has, strict=True):
        inside = [m for n, m in block.named_modules() if isinstance(m, nn.Conv2d) and "." not in n]
        assert own == (
            inside[0].in_channels != inside[-1].out_channels
            or any(only(m.stride) == 2 for m in inside)
        )
    kind = only(type(b.downsample) for b in blocks(model) if b.downsample is not None)
    if kind is nn.Sequential:
        kinds = [[type(m) for m in b.downsample] for b in blocks(model) if b.downsample]
        assert all(pair == [nn.Conv2d, nn.BatchNorm2d] for pair in kinds)
        return "B"
    for block in blocks(model):
        if block.downsample is not None:
            c = block.conv1.in_channels
            y = block.downsample(torch.ones(1, c, 2, 2)).flatten().tolist()
            assert y == [0] * (c // 2) + [1] * c + [0] * (c // 2)
    return "A, zero channels half before, half after"


def stride_of_a_stage(name, model):
    strided = [
        n
        for n, m in of(model, nn.Conv2d).items()
        if n.startswith("layer") and m.stride == (2, 2) and "downsample" not in n
    ]
    assert strided == [f"layer{i}.0.conv2" for i in (2, 3, 4)]
    return "in the {}×{}".format(*only(model.get_submodule(n).kernel_size for n in strided))


def output(name, model):
    last = list(model.modules())[-1]
    assert isinstance(last, nn.Linear)
    found = []
    hook = last.register_forward_hook(lambda _m, _x, y: found.append(y))
    result = model(images(model, 32 if name == "lenet5" else 224))
    hook.remove()
    assert result is found[0]  # nothing comes after the last linear layer
    return f"linear, {last.out_features} logits" if name == "lenet5" else "logits"


def initialization(name, _):
    torch.manual_seed(0)
    for module in of(models.build(name), nn.Conv2d, nn.Linear).values():
        n_in = math.prod(module.weight.shape[1:])
        some = module.weight.detach().flatten()[:: -(-module.weight.numel() // 10_000)]
        z = some / math.sqrt(2 / n_in)
        error = 5 / math.sqrt(len(z))  # five standard errors or more, of each of the three
        assert z.mean().item() == pytest.approx(0, abs=error)
        assert z.std().item() == pytest.approx(1, abs=error)
        assert (z.abs() < 1).float().mean().item() == pytest.approx(0.6827, abs=error)
        assert module.bias is None or not module.bias.any()
    return "He normal, fan-in; biases 0"


CHECKERS = {
    "C3 connections": c3_connections,
    "LRN": lrn,
    "activation": activation,
    "batch normalization": batch_normalization,
    "channels": channels,
    "convolution bias": convolution_bias,
    "dropout": dropout,
    "groups": groups,
    "initialization": initialization,
    "input size": input_size,
    "output": output,
    "padding": padding,
    "parameters": parameters,
    "pooling": pooling,
    "shortcut": shortcut,
    "stride of a stage": stride_of_a_stage,
}
LINES = [
    pytest.param(name, entry, id=f"{name}-{entry.what}")
    for name in NAMES
    for entry in models.ledger(name)
]
ROUNDED = [name for name in NAMES if models.ledger(name)[0].why == "the paper rounds"]


@pytest.mark.parametrize(("name", "entry"), LINES)
def test_ours_is_what_the_model_has(name, entry):
    assert entry.what in CHECKERS, f"{entry.what!r} has no checker"
    assert entry.ours == CHECKERS[entry.what](name, meta(name))


@pytest.mark.parametrize("name", NAMES)
def test_form(name):
    ledger = models.ledger(name)
    assert ledger[0].what == "parameters"
    assert len({entry.what for entry in ledger}) == len(ledger)
    for entry in ledger:
        assert all(isinstance(text, str) and text for text in entry)
        assert not re.search(r"\d{5}", " ".join(entry)), "thousands take a comma"
        assert entry.why != "as in the paper" or entry.paper != "not given"


@pytest.mark.parametrize(
    "name", ["resnet51", "resnet_cifar21", "plain_cifar2", "resnet_cifar020", "", None]
)
def test_errors_are_builds(name):
    with pytest.raises(ValueError, match=r"there is no model|6n\+2") as ours:
        models.ledger(name)
    with pytest.raises(ValueError, match=r"there is no model|6n\+2") as builds:
        models.build(name)
    assert str(ours.value) == str(builds.value)


def test_it_draws_no_random_numbers():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    models.ledger("resnet18")
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.empty(1).device.type == "cpu"


@pytest.mark.parametrize("name", [*ROUNDED, "resnet_cifar1202"])
def test_the_papers_count_is_ours_rounded(name):
    entry = models.ledger(name)[0]
    millions = entry.paper.removesuffix("M")
    digits = len(millions.partition(".")[2])
    assert f"{int(entry.ours.replace(',', '')) / 1e6:.{digits}f}" == millions


def test_the_papers_round_the_counts_of_vgg_and_of_the_cifar_families():
    assert len(ROUNDED) == 4 + 5 + 5


def count(entry):
    return int(entry.ours.replace(",", ""))


def test_the_papers_count_of_alexnet():
    towers, ours = (models.ledger(name)[0] for name in ("alexnet_two_tower", "alexnet"))
    two, one = count(towers), count(ours)
    assert towers.paper == f"{two // 10**6}M"
    assert ours.paper == f"{one / two - 1:.1%} more than with two towers"
    # 384 channels in conv4, as footnote 1 says, would be 1.4 %.
    footnote = one + (384 - 256) * (384 * 9 + 1) + (384 - 256) * 256 * 9
    assert f"{footnote / two - 1:.1%}" == "1.4%"


def test_the_papers_count_of_lenet5_and_what_makes_ours_another():
    # Table I: 6 maps of C3 read 3 maps of S2, 9 read 4, 1 reads all 6. S2 and S4 have two
    # parameters a map. The output's RBF parameters are fixed.
    c1, s2, s4, c5, f6 = 6 * 26, 6 * 2, 16 * 2, 120 * 401, 84 * 121
    c3 = (6 * 3 + 9 * 4 + 6) * 25 + 16
    full_c3, output = 16 * (6 * 25 + 1), 10 * 85
    entry = models.ledger("lenet5")[0]
    paper, more = c1 + s2 + c3 + s4 + c5 + f6, (full_c3 - c3, output, -(s2 + s4))
    assert entry.paper == f"{paper:,}"
    assert count(entry) == paper + sum(more)
    assert [int(n.replace("−", "-")) for n in re.findall(r"[+−]\d+", entry.why)] == [*more]


def test_the_papers_initialization_of_lenet5_hardly_starts_under_plain_sgd():
    digits = data.load("mnist5k")
    torch.manual_seed(0)
    he, paper = models.lenet5(), models.lenet5()
    with torch.no_grad():
        for layer in of(paper, nn.Conv2d, nn.Linear).values():
            bound = 2.4 / math.prod(layer.weight.shape[1:])
            for p in layer.parameters():
                p.uniform_(-bound, bound)
    ours, theirs = (
        train.fit(model, digits, seed=0, progress=False).test_error[-1] for model in (he, paper)
    )
    # Measured on seeds 0 to 2: He 3.4–4.0 %, the paper's 90 %, which is chance.
    assert ours < 0.10
    assert theirs > 0.50
