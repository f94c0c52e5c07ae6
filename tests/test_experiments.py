"""What notebooks and records share: the networks are as said, and learn as `train.steps` does."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from seminar import data, experiments, models, train
from seminar.experiments import batch_normalization, initialization, residual_learning, timing


@pytest.fixture(autouse=True)
def _settings(monkeypatch):
    monkeypatch.setenv("SEMINAR_DEVICE", "cpu")
    monkeypatch.delenv("SEMINAR_SEED", raising=False)


def few(digits, number=128):
    """The first of the training digits, and 100 test digits."""
    train_, test = digits.train, digits.test
    return dataclasses.replace(
        digits,
        train=data.Split(train_.images[:number], train_.labels[:number]),
        test=data.Split(test.images[:100], test.labels[:100]),
    )


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: initialization.relu_net(4, "he", seed=seed),
        lambda seed: batch_normalization.network(True, seed=seed),
        lambda seed: batch_normalization.small(False, seed),
        lambda seed: residual_learning.build(8, seed=seed),
        lambda seed: residual_learning.build(8, "A", seed),
        lambda seed: residual_learning.stack(2, "residual", seed=seed),
    ],
)
def test_a_seed_is_a_network_and_without_one_it_is_the_environments(make, monkeypatch):
    assert same(make(3), make(3))
    assert not same(make(3), make(4))
    monkeypatch.setenv("SEMINAR_SEED", "3")
    assert same(make(None), make(3))


@pytest.mark.parametrize("room", [initialization, batch_normalization, residual_learning])
def test_the_digits_fit_the_networks(room):
    digits = room.load_digits()
    side = 10 if room is residual_learning else 14
    assert digits.train.images.shape == (4000, 1, side, side)
    net = {
        initialization: lambda: initialization.relu_net(3, "he"),
        batch_normalization: lambda: batch_normalization.network(True),
        residual_learning: lambda: residual_learning.build(8),
    }[room]()
    assert net(digits.test.images[:2]).shape == (2, 10)


# --- 03


@pytest.mark.parametrize("depth", [3, 22])
def test_a_relu_net_has_so_many_layers_with_weights(depth):
    layers = [m for m in initialization.relu_net(depth, "he").modules() if hasattr(m, "weight")]
    assert [tuple(layer.weight.shape) for layer in layers] == [
        *((256, 196), *[(256, 256)] * (depth - 2), (10, 256))
    ]
    normed = initialization.relu_net(depth, "he", bn=True, width=8)
    assert sum(isinstance(m, nn.BatchNorm1d) for m in normed) == depth - 1


def test_a_race_is_each_network_trained_alone():
    digits = few(initialization.load_digits(), 130)  # 65 and 65: two steps, and no single image
    nets = {scheme: initialization.relu_net(3, scheme, seed=5) for scheme in ("he", "xavier")}
    lengths = []
    for errors in initialization.race(nets, digits, epochs=2, seed=5, batch_size=65):
        lengths.append({name: len(found) for name, found in errors.items()})
    assert lengths == [{"he": 1, "xavier": 1}, {"he": 2, "xavier": 2}]
    alone = initialization.relu_net(3, "xavier", seed=5)
    how = {"batch_size": 65, "lr": 0.02, "schedule": "constant", "clip": 1.0}
    how["precision"] = "float32"
    assert len(list(train.steps(alone, digits.train, epochs=2, seed=5, **how))) == 4
    assert same(alone, nets["xavier"])
    assert errors["xavier"][-1] == train.evaluate(alone, digits.train)[1]


# --- 04


def test_the_network_of_04_has_13_layers_and_what_is_asked_for():
    net = batch_normalization.network(True, stir=0.25, seed=1)
    kinds = [type(layer).__name__ for layer in net]
    assert kinds.count("Conv2d") == kinds.count("BatchNorm2d") == kinds.count("Stir") == 12
    plain, large = (batch_normalization.network(False, gain=gain, seed=1) for gain in (1.0, 2.0))
    assert net[0].bias is None
    assert plain[0].bias is not None
    assert torch.equal(large[0].weight, 2 * plain[0].weight)
    assert torch.equal(large[-1].weight, plain[-1].weight)


def test_stirring_is_by_channel_anew_and_only_in_training():
    stir, z = batch_normalization.Stir(0.25), torch.rand(4, 3, 5, 5)
    one, other = stir(z), stir(z)
    assert not torch.equal(one, other)
    numbers = one - z * ((one[0] - one[1]) / (z[0] - z[1])).mean((1, 2))[:, None, None]
    assert numbers.std((0, 2, 3)).max() < 1e-4  # z times a factor, plus a number, by channel
    assert (one / z - 1 - numbers / z).abs().max() <= 0.2501
    assert torch.equal(stir.eval()(z), z)


def test_learn_gives_the_losses_of_so_many_steps_and_watches_before_each():
    digits = few(batch_normalization.load_digits())
    net, seen = batch_normalization.network(True, seed=2), []

    def watch(watched, step):
        seen.append((step, watched is net, len(losses)))

    losses = []
    for so_far in batch_normalization.learn(net, digits, 0.1, steps=5, watch=watch, seed=2):
        losses = so_far
    assert len(losses) == 5
    assert seen == [(i, True, i) for i in range(5)]
    alone = batch_normalization.network(True, seed=2)
    how = {"epochs": 3, "batch_size": 64, "lr": 0.1, "schedule": "constant", "seed": 2}
    assert losses == list(train.steps(alone, digits.train, **how, precision="float32"))[:5]


def test_means_of_losses():
    losses = [float(i) for i in range(1, 31)]
    assert batch_normalization.late(losses) == sum(range(6, 31)) / 25
    assert batch_normalization.smooth(losses) == ([10, 20, 30], [5.5, 15.5, 25.5])


@pytest.mark.parametrize(("lr", "ends"), [(0.01, True), (1e20, False)])
def test_the_final_loss_is_infinite_once_it_is_no_number(lr, ends):
    digits = few(batch_normalization.load_digits())
    loss = batch_normalization.final_loss(False, digits, lr, gain=1.0, steps=12)
    assert math.isfinite(loss) == ends
    assert loss > 0


def test_in_full_company_statistics_are_those_of_all_images():
    net, images = batch_normalization.small(True, 0), torch.rand(50, 1, 14, 14)
    whole = batch_normalization.InFullCompany(net, images).train()
    numbers = torch.tensor([7, 3])
    assert torch.equal(whole(numbers), net(images)[numbers])
    assert not torch.allclose(whole(numbers), net(images[numbers]), atol=1e-3)


@pytest.mark.parametrize("quiet", [False, True])
def test_overfit_learns_500_digits_by_heart(quiet):
    fitted, test, wrong = batch_normalization.overfit(
        *(True, batch_normalization.load_digits(), 0.1), quiet=quiet
    )
    assert fitted < 0.05 < test
    assert 0 < wrong < 0.2


# --- 05 and 07


def test_learn_is_fit_in_our_setting_less_what_is_changed():
    digits = few(residual_learning.load_digits(), 256)
    net, other = (residual_learning.build(8, "A", 1) for _ in range(2))
    history = residual_learning.learn(net, digits, 1, epochs=2)
    setting = {"epochs": 2, "batch_size": 128, "lr": 0.1, "schedule": "one-cycle", "seed": 1}
    assert history.batch_loss == train.fit(other, digits, **setting, progress=False).batch_loss


def test_learn_and_look_looks_at_seven_steps():
    digits = few(residual_learning.load_digits(), 256)  # 2 steps an epoch
    net = residual_learning.build(8, seed=1)
    history, sizes = residual_learning.learn_and_look(net, digits, 1, epochs=20)
    assert len(history.batch_loss) == 40
    assert list(sizes) == [1, 5, 10, 20, 40]
    assert all(len(found) == 7 and min(found) > 0 for found in sizes.values())


def test_branches_that_are_zero_have_no_size():
    digits = few(residual_learning.load_digits())
    net = residual_learning.build(20, "A", 0)
    blocks = residual_learning.blocks_of(net)
    assert len(blocks) == 9
    assert all(isinstance(block, models.resnet.BasicBlock) for block in blocks)
    for block in blocks[3:]:
        nn.init.zeros_(block.bn2.weight)
    sizes = residual_learning.branch_sizes(net, digits)
    assert min(sizes[:3]) > 0
    assert sizes[3:] == [0.0] * 6
    x = torch.relu(net.bn1(net.conv1(digits.test.images)))  # net is in eval() now
    y = blocks[0].bn2(blocks[0].conv2(torch.relu(blocks[0].bn1(blocks[0].conv1(x)))))
    assert sizes[0] == pytest.approx((y.norm() / x.norm()).item(), rel=1e-5)


@pytest.mark.parametrize("bn", [False, True])
def test_stacks_of_blocks_compute_what_their_kind_says(bn):
    x = torch.rand(16, 32)
    nets = {kind: residual_learning.stack(3, kind, bn, 0).train() for kind in KINDS}
    f = nets["plain"][0].f(x)
    assert torch.equal(nets["plain"][0](x), F.relu(f))
    assert torch.equal(nets["residual"][0](x), F.relu(f + x))
    assert torch.equal(nets["residual from 0"](x), x)


KINDS = ("plain", "residual", "residual from 0")


def test_fit_stack_gives_relative_errors():
    zero = residual_learning.stack(3, "residual from 0", seed=0)
    assert max(residual_learning.fit_stack(zero, steps=20)) == 0  # it is the identity already
    constant = nn.Sequential(nn.Linear(32, 32))
    with torch.no_grad():
        constant[0].weight.zero_()
        constant[0].bias.fill_(0.5)  # the mean of inputs between 0 and 1
    errors = residual_learning.fit_stack(constant, lr=1e-9, steps=20)
    assert len(errors) == 20
    assert errors == pytest.approx([1.0] * 20, abs=0.02)
    errors = residual_learning.fit_stack(residual_learning.stack(1, "residual", seed=0))
    assert errors[-1] < 0.3 * errors[0]


# --- the rest


def test_a_layer_is_timed_and_returns_to_the_meta_device():
    with torch.device("meta"):
        layer = nn.Conv2d(3, 4, 3)
    elapsed, y = timing.seconds(layer, torch.rand(1, 3, 8, 8))
    assert 0 < elapsed < 10
    assert y.shape == (1, 4, 6, 6)
    assert y.isfinite().all()
    assert layer.weight.is_meta


def test_code_is_shown_as_it_stands_in_the_package():
    shown = experiments.code(residual_learning.Block, residual_learning.build)._repr_markdown_()
    assert shown.startswith("```python\nclass Block(nn.Module):\n    ")
    assert "\n\n\ndef build(depth: int" in shown
    assert shown.endswith("\n```")
