"""Our layers and initializations equal torch's; the field's usual mistakes are rejected."""

import pytest
import torch
from torch import nn

from seminar import init, layers
from seminar.layers import BatchNorm2d, LocalResponseNorm


def assert_equals_torch(cls, bias=True, **kwargs):
    """Three training steps and an evaluation: outputs, gradients, buffers."""
    torch.manual_seed(0)
    ours = cls(3, bias=bias, **kwargs).double()
    theirs = nn.BatchNorm2d(3, **kwargs).double()
    if not bias:
        theirs.bias = None  # the oldest PyTorch that the package admits has no such argument
    for parameter in theirs.parameters():
        nn.init.normal_(parameter)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    for step in range(4):
        for bn in (ours, theirs):
            bn.train(step < 3)
        x = (
            2 * torch.randn(4, 3, 2, 5, dtype=torch.float64)
            + torch.tensor([0.0, 3, 1e-3])[:, None, None]
        )
        x[:, 2] *= 1e-3  # a variance as small as ε
        weight = torch.randn_like(x)
        found = []
        for bn in (ours, theirs):
            z = x.clone().requires_grad_()
            y = bn(z)
            found.append((y, *torch.autograd.grad((y * weight).sum(), [z, *bn.parameters()])))
        for a, b in zip(*found, strict=True):
            torch.testing.assert_close(a, b)
        for key, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[key], value)


@pytest.mark.parametrize("momentum", [0.1, 0.3, None])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("track", [True, False])
def test_batch_norm_equals_torchs(momentum, affine, track):
    assert_equals_torch(BatchNorm2d, momentum=momentum, affine=affine, track_running_stats=track)


def test_batch_norm_without_bias_equals_torchs():
    assert_equals_torch(BatchNorm2d, bias=False)


class Wrong(BatchNorm2d):
    """The right formulas, with one mistake put in by `mistake`."""

    mistake = ""

    def forward(self, x):
        axes = (0, 2, 3)
        running = self.mistake == "running statistics in training"
        if (self.training and not running) or self.mistake == "batch statistics in eval":
            mean, var = (
                x.mean(axes),
                x.var(axes, unbiased=self.mistake == "unbiased batch variance"),
            )
        else:
            mean, var = self.running_mean, self.running_var
        if self.training:
            self.num_batches_tracked += self.mistake != "batches not counted"
            step = 0.9 if self.mistake == "momentum the wrong way round" else 0.1
            self.running_mean = self.running_mean.lerp(x.detach().mean(axes), step)
            unbiased = self.mistake != "biased running variance"
            self.running_var = self.running_var.lerp(x.detach().var(axes, unbiased=unbiased), step)
        eps = 0 if self.mistake == "missing ε" else self.eps
        sigma = (var + eps).sqrt()
        if self.mistake == "ε outside the root":
            sigma = var.sqrt() + eps
        if self.mistake == "no gradient through the statistics":
            mean, sigma = mean.detach(), sigma.detach()
        x_hat = (x - mean[:, None, None]) / sigma[:, None, None]
        return self.weight[:, None, None] * x_hat + self.bias[:, None, None]


def test_the_check_accepts_the_right_formulas():
    assert_equals_torch(Wrong)


@pytest.mark.parametrize(
    "mistake",
    [
        "batch statistics in eval",
        "running statistics in training",
        "batches not counted",
        "unbiased batch variance",
        "momentum the wrong way round",
        "biased running variance",
        "missing ε",
        "ε outside the root",
        "no gradient through the statistics",
    ],
)
def test_the_check_rejects_planted_mistakes(mistake):
    planted = type("Planted", (Wrong,), {"mistake": mistake})
    with pytest.raises(AssertionError):
        assert_equals_torch(planted)


@pytest.mark.parametrize("left_out", ["mean(g)", "mean(g x̂)"])
def test_the_check_rejects_a_backward_without_a_term(left_out, monkeypatch):
    class Planted(layers._Normalize):
        @staticmethod
        def backward(ctx, g):
            x, mean, sigma = ctx.saved_tensors
            x_hat, axes = (x - mean) / sigma, (0, 2, 3)
            if left_out == "mean(g)":
                g = g - x_hat * (g * x_hat).mean(axes, keepdim=True)
            else:
                g = g - g.mean(axes, keepdim=True)
            return g / sigma, None, None, None

    monkeypatch.setattr(layers, "_Normalize", Planted)
    with pytest.raises(AssertionError):
        assert_equals_torch(BatchNorm2d)


@pytest.mark.parametrize("affine", [True, False])
def test_the_derived_backward_passes_gradcheck(affine):
    torch.manual_seed(0)
    bn = BatchNorm2d(2, affine=affine, track_running_stats=False).double()
    weights = [torch.randn(2, dtype=torch.float64, requires_grad=True) for _ in bn.parameters()]
    x = torch.randn(3, 2, 2, 2, dtype=torch.float64, requires_grad=True)

    def run(x, *weights):
        named = dict(zip(("weight", "bias"), weights, strict=False))
        return torch.func.functional_call(bn, named, (x,))

    assert torch.autograd.gradcheck(run, (x, *weights))


def test_a_second_derivative_is_refused_not_wrong():
    x = torch.randn(3, 2, 2, 2, requires_grad=True)
    (g,) = torch.autograd.grad(BatchNorm2d(2)(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


@pytest.mark.parametrize("kwargs", [{}, {"affine": False}, {"track_running_stats": False}])
def test_the_state_of_either_loads_into_the_other(kwargs):
    ours, theirs = BatchNorm2d(3, **kwargs), nn.BatchNorm2d(3, **kwargs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours(torch.randn(2, 3, 4, 4))
    theirs.load_state_dict(ours.state_dict(), strict=True)
    for key, value in ours.state_dict().items():
        assert torch.equal(theirs.state_dict()[key], value)


@pytest.mark.parametrize("track", [True, False])
def test_eval_leaves_the_buffers_and_their_use_as_torch_does(track):
    """Also where track_running_stats is switched after the buffers were made."""
    torch.manual_seed(0)
    x = 2 + torch.randn(4, 3, 2, 2)
    found = []
    for cls in (BatchNorm2d, nn.BatchNorm2d):
        bn = cls(3)
        bn.track_running_stats = track
        bn(x)
        before = {k: v.clone() for k, v in bn.state_dict().items()}
        found.append((bn.eval()(x), *before.values()))
        assert all(torch.equal(bn.state_dict()[k], v) for k, v in before.items())
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b)


def test_an_in_place_relu_may_follow():
    x = torch.randn(4, 3, 2, 2, requires_grad=True)
    found = []
    for cls in (BatchNorm2d, nn.BatchNorm2d):
        y = nn.ReLU(inplace=True)(cls(3, affine=False)(x))
        found.append(torch.autograd.grad(y.square().sum(), x)[0])
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("wide_buffers", [True, False])  # as under autocast, and not
def test_numbers_of_16_bits(dtype, wide_buffers):
    torch.manual_seed(0)
    x = (3 + torch.randn(8, 3, 4, 4)).to(dtype)
    weights = torch.randn_like(x)
    found = []
    for cls in (BatchNorm2d, nn.BatchNorm2d):
        bn = cls(3) if wide_buffers else cls(3).to(dtype)
        z = x.clone().requires_grad_()
        y = bn(z)
        assert y.dtype == dtype
        (g,) = torch.autograd.grad((y * weights).sum(), z)
        found.append((y, bn.eval()(x), bn.running_mean, bn.running_var, g))
    loose = {} if dtype == torch.float32 else {"atol": 2e-2, "rtol": 2e-2}
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, **(loose or {"atol": 1e-5, "rtol": 1e-4}))


@pytest.mark.parametrize("shape", [(2, 4, 3, 3), (2, 3), (1, 3, 1, 1)])
def test_batch_norm_refuses(shape):
    with pytest.raises(ValueError, match=r"BatchNorm2d|two values"):
        BatchNorm2d(3)(torch.zeros(shape))


def assert_lrn_equals_torchs(cls, size=5, shape=(2, 7, 3, 4), **kwargs):
    torch.manual_seed(0)
    kwargs = {"alpha": 0.5, "beta": 0.6, "k": 2.0, **kwargs}
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    found = []
    for either in (cls, nn.LocalResponseNorm):
        y = either(size, **kwargs)(x)
        found.append((y, torch.autograd.grad(y.sin().sum(), x)[0]))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("size", [1, 2, 4, 5, 20])
@pytest.mark.parametrize("shape", [(2, 7, 3), (2, 7, 3, 4), (1, 7, 2, 3, 2), (1, 1, 2, 2)])
def test_lrn_equals_torchs(size, shape):
    assert_lrn_equals_torchs(LocalResponseNorm, size, shape)


@pytest.mark.parametrize("kwargs", [{"alpha": 3.0}, {"beta": 1.5}, {"k": 0.3}, {"beta": 0.0}])
def test_lrn_equals_torchs_for_every_constant(kwargs):
    assert_lrn_equals_torchs(LocalResponseNorm, **kwargs)


@pytest.mark.parametrize("mistake", ["", "α not over n", "window", "k", "over space"])
def test_the_check_rejects_planted_mistakes_in_lrn(mistake):
    """Without a mistake the plain loop passes."""

    class Planted(LocalResponseNorm):
        def forward(self, a):
            n, total = self.size, torch.zeros_like(a)
            for i in range(a.shape[1]):
                first = i - n // 2 + (mistake == "window")
                total[:, i] = (a[:, max(0, first) : first + n] ** 2).sum(1)
            if mistake == "over space":
                total = (a**2).sum((2, 3), keepdim=True)
            alpha = self.alpha if mistake == "α not over n" else self.alpha / n
            return a / ((1 if mistake == "k" else self.k) + alpha * total) ** self.beta

    if not mistake:
        return assert_lrn_equals_torchs(Planted)
    with pytest.raises(AssertionError):
        assert_lrn_equals_torchs(Planted)


def test_lrn_with_n_times_alpha_is_the_papers():
    k, n, alpha, beta = 2, 5, 1e-4, 0.75
    a = 30 * torch.rand(1, 8, 2, 2, dtype=torch.float64)
    paper = torch.empty_like(a)
    for i in range(8):
        near = range(max(0, i - n // 2), min(8 - 1, i + n // 2) + 1)
        paper[:, i] = a[:, i] / (k + alpha * sum(a[:, j] ** 2 for j in near)) ** beta
    torch.testing.assert_close(LocalResponseNorm(n, alpha=n * alpha, beta=beta, k=k)(a), paper)
    assert not torch.allclose(LocalResponseNorm(n, alpha=alpha, beta=beta, k=k)(a), paper)


def test_lrn_refuses():
    with pytest.raises(ValueError, match="size is 0"):
        LocalResponseNorm(0)
    with pytest.raises(ValueError, match="at least 3"):
        LocalResponseNorm(5)(torch.zeros(2, 2))


@pytest.mark.parametrize(
    ("ours", "torchs"),
    [
        (init.he_normal_, lambda w: nn.init.kaiming_normal_(w)),
        (init.he_uniform_, lambda w: nn.init.kaiming_uniform_(w)),
        (
            lambda w: init.he_normal_(w, "fan_out"),
            lambda w: nn.init.kaiming_normal_(w, mode="fan_out"),
        ),
        (init.xavier_normal_, nn.init.xavier_normal_),
        (init.xavier_uniform_, nn.init.xavier_uniform_),
    ],
)
@pytest.mark.parametrize("shape", [(40, 30), (12, 8, 3, 5)])
def test_initialization_equals_torchs(ours, torchs, shape):
    """kaiming's default gain for leaky_relu(0) is √2. A wrong fan would change every number."""
    drawn = []
    for fill in (ours, torchs):
        torch.manual_seed(1)
        drawn.append(fill(torch.empty(shape)))
    torch.testing.assert_close(*drawn)


def test_initialize_and_its_errors():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    nn.init.zeros_(model[1].weight)
    assert init.initialize(model, "xavier_uniform") is model
    assert not model[0].bias.any()
    assert (model[1].weight == 1).all()
    with pytest.raises(ValueError, match="'he'"):
        init.initialize(model, "hee")
    with pytest.raises(ValueError, match="fan-in"):
        init.he_normal_(torch.empty(3))
    with pytest.raises(ValueError, match="'fan_in', 'fan_out'"):
        init.he_normal_(torch.empty(3, 3), "fan")
