"""Our layers and initializations equal torch's; the field's usual mistakes are rejected."""

import pytest
import torch
from torch import nn

from seminar import init
from seminar.layers import BatchNorm2d, LocalResponseNorm


def assert_equals_torch(cls, **kwargs):
    """Three training steps and an evaluation: outputs, gradients, buffers."""
    torch.manual_seed(0)
    ours = cls(3, **kwargs).double()
    theirs = nn.BatchNorm2d(3, **kwargs).double()
    if theirs.affine:
        nn.init.normal_(theirs.weight)
        nn.init.normal_(theirs.bias)
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


class Wrong(BatchNorm2d):
    """The right formulas, with one mistake put in by `mistake`."""

    mistake = ""

    def forward(self, x):
        axes = (0, 2, 3)
        if self.training or self.mistake == "batch statistics in eval":
            mean, var = (
                x.mean(axes),
                x.var(axes, unbiased=self.mistake == "unbiased batch variance"),
            )
        else:
            mean, var = self.running_mean, self.running_var
        if self.training:
            self.num_batches_tracked += 1
            step = 0.9 if self.mistake == "momentum the wrong way round" else 0.1
            self.running_mean.lerp_(mean.detach(), step)
            unbiased = self.mistake != "biased running variance"
            self.running_var.lerp_(x.detach().var(axes, unbiased=unbiased), step)
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


def test_the_derived_backward_passes_gradcheck():
    bn = BatchNorm2d(2).double()
    x = torch.randn(3, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(bn, (x,))


@pytest.mark.parametrize("shape", [(2, 4, 3, 3), (2, 3), (1, 3, 1, 1)])
def test_batch_norm_refuses(shape):
    with pytest.raises(ValueError, match=r"BatchNorm2d|two values"):
        BatchNorm2d(3)(torch.zeros(shape))


@pytest.mark.parametrize("size", [1, 2, 4, 5])
@pytest.mark.parametrize("shape", [(2, 7, 3), (2, 7, 3, 4), (1, 7, 2, 3, 2)])
def test_lrn_equals_torchs(size, shape):
    torch.manual_seed(0)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    found = []
    for cls in (LocalResponseNorm, nn.LocalResponseNorm):
        y = cls(size, alpha=0.5, beta=0.6, k=2.0)(x)
        found.append((y, torch.autograd.grad(y.sin().sum(), x)[0]))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b)


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
    with pytest.raises(ValueError, match="'fan_in' or 'fan_out'"):
        init.he_normal_(torch.empty(3, 3), "fan")
