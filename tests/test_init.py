"""Initialization: the variances and bounds of the papers' formulas, statistically."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from seminar import init

# A linear weight, a convolution's, and one whose groups share the outputs.
WEIGHTS = {
    "linear": (400, 600),
    "convolution": (96, 64, 5, 5),
    "groups": tuple(nn.Conv2d(128, 96, (5, 3), groups=2).weight.shape),
}


def assert_he(fill, shape, fan):
    """`fill` draws with the variance 2/fan; 1 % is more than 5 of its standard errors."""
    torch.manual_seed(0)
    w = fill(torch.empty(shape))
    wanted = math.sqrt(2 / fan)
    assert w.std().item() == pytest.approx(wanted, rel=0.01)
    assert abs(w.mean()) < 5 * wanted / math.sqrt(w.numel())


@pytest.mark.parametrize("fill", [init.he_normal_, init.he_uniform_])
@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_he(fill, name, mode):
    shape = WEIGHTS[name]
    channels = shape[1] if mode == "fan_in" else shape[0]
    fan = channels * math.prod(shape[2:])
    assert_he(lambda w: fill(w, mode), shape, fan)
    if fill is init.he_uniform_:
        bound = math.sqrt(6 / fan)
        assert 0.99 * bound < fill(torch.empty(shape), mode).abs().max() <= bound * (1 + 1e-6)


def he(w, swapped=False, kernel=True, factor=2.0, root=True):
    fan = w.shape[0 if swapped else 1] * (math.prod(w.shape[2:]) if kernel else 1)
    return w.normal_(0, (factor / fan) ** (0.5 if root else 1))


@pytest.mark.parametrize(
    "mistake",
    [{}, {"swapped": True}, {"kernel": False}, {"factor": 1.0}, {"root": False}],
)
def test_the_check_rejects_planted_mistakes(mistake):
    shape = WEIGHTS["convolution"]
    if not mistake:
        return assert_he(he, shape, 64 * 25)
    with pytest.raises(AssertionError):
        assert_he(lambda w: he(w, **mistake), shape, 64 * 25)


@pytest.mark.parametrize("name", WEIGHTS)
def test_xavier(name):
    shape = WEIGHTS[name]
    wanted = math.sqrt(2 / ((shape[0] + shape[1]) * math.prod(shape[2:])))
    torch.manual_seed(0)
    normal, uniform = (
        fill(torch.empty(shape)) for fill in (init.xavier_normal_, init.xavier_uniform_)
    )
    for w in (normal, uniform):
        assert w.std().item() == pytest.approx(wanted, rel=0.01)
    bound = math.sqrt(3) * wanted
    assert 0.99 * bound < uniform.abs().max() <= bound * (1 + 1e-6)
    assert normal.abs().max() > bound


@pytest.mark.parametrize("fill", list(dict.fromkeys(init.SCHEMES.values())))
def test_a_parameter_is_filled_in_place_and_without_a_graph(fill):
    w = nn.Parameter(torch.zeros(4, 3))
    assert fill(w) is w
    assert w.all()
    assert w.is_leaf
    assert w.requires_grad
    assert w.grad_fn is None


@pytest.mark.parametrize("scheme", init.SCHEMES)
def test_every_scheme_fills_every_layer(scheme):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(8, 100, 5, groups=2),
        nn.BatchNorm2d(100),
        nn.Sequential(nn.Conv1d(30, 200, 3, bias=False), nn.Linear(200, 300)),
    )
    for tensor in [*model.parameters(), model[1].running_mean]:
        nn.init.constant_(tensor, 7)
    assert init.initialize(model, scheme) is model
    for layer in (model[0], model[2][0], model[2][1]):
        n_in, n_out = init.fans(layer.weight)
        variance = 2 / n_in if scheme.startswith("he") else 2 / (n_in + n_out)
        assert layer.weight.std().item() == pytest.approx(math.sqrt(variance), rel=0.05)
        assert layer.bias is None or not layer.bias.any()
    assert (model[1].weight == 1).all()
    assert not model[1].bias.any()
    assert not model[1].running_mean.any()


@pytest.mark.parametrize("scheme", init.SCHEMES)
def test_a_scheme_draws_from_the_distribution_it_names(scheme):
    torch.manual_seed(0)
    weight = init.initialize(nn.Linear(200, 300), scheme).weight
    beyond = weight.abs().max() > 1.01 * math.sqrt(3) * weight.std()  # no uniform number lies there
    assert bool(beyond) != scheme.endswith("uniform")


@pytest.mark.parametrize("scheme", init.SCHEMES)
@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (nn.ConvTranspose2d, {"kernel_size": 3}),
        (nn.ConvTranspose2d, {"kernel_size": 4, "stride": 2}),
        (nn.ConvTranspose2d, {"kernel_size": 3, "stride": 2}),
        (nn.ConvTranspose2d, {"kernel_size": 3, "groups": 4}),
        (nn.ConvTranspose1d, {"kernel_size": 6, "stride": 3, "groups": 2}),
        (nn.ConvTranspose3d, {"kernel_size": 2, "stride": 2}),
    ],
    ids=lambda x: getattr(x, "__name__", None) or " ".join(f"{k} {v}" for k, v in x.items()),
)
def test_a_transposed_convolution_keeps_what_the_scheme_promises(kind, settings, scheme):
    """Twice the input's variance for He; for Xavier n_in Var(w), by what an output really reads."""
    torch.manual_seed(0)
    layer = init.initialize(kind(64, 8, **settings), scheme)
    dims = layer.weight.dim() - 2
    x = torch.randn(6 if dims < 3 else 3, 64, *[{1: 300, 2: 24, 3: 9}[dims]] * dims)
    with torch.no_grad():
        y = layer(x)
    inside = (..., *[slice(layer.kernel_size[0], -layer.kernel_size[0])] * dims)
    area = math.prod(layer.kernel_size)
    n_in = 64 // layer.groups * area / math.prod(layer.stride)
    n_out = 8 // layer.groups * area
    wanted = 2 if scheme.startswith("he") else 2 * n_in / (n_in + n_out)
    assert y[inside].var().item() == pytest.approx(wanted, rel=0.1)
    assert not layer.bias.any()


@pytest.mark.parametrize("norm", [parametrizations.weight_norm, parametrizations.orthogonal])
def test_a_weight_that_is_computed_from_others_is_initialized_too(norm):
    torch.manual_seed(0)
    layer = norm(nn.Linear(300, 200))
    before = layer.weight.detach().clone()
    init.initialize(layer, "he")
    assert not torch.allclose(layer.weight, before, atol=0.01)
    if norm is parametrizations.weight_norm:
        assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / 300), rel=0.05)
