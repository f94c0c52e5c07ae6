"""The training loop: what it measures, what it promises, what it refuses."""

import dataclasses
import math
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from seminar import data, models, train


@pytest.fixture(scope="module")
def few():
    """200 training and 100 test digits of 14×14."""
    d = data.load("mnist5k", device="cpu", size=14)
    cut = {
        "train": data.Split(d.train.images[:200], d.train.labels[:200]),
        "test": data.Split(d.test.images[:100], d.test.labels[:100]),
    }
    return dataclasses.replace(d, **cut)


@pytest.fixture(autouse=True)
def _settings(monkeypatch):
    monkeypatch.setenv("SEMINAR_DEVICE", "cpu")
    monkeypatch.setenv("SEMINAR_PRECISION", "float32")
    monkeypatch.delenv("SEMINAR_SEED", raising=False)


def tiny(dropout=0.0):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(8 * 36, 10),
    )


def fit(model, few, **kwargs):
    return train.fit(model, few, **{"epochs": 2, "batch_size": 50, "progress": False, **kwargs})


def first(d, n):
    split = data.Split(d.train.images[:n], d.train.labels[:n])
    return dataclasses.replace(d, train=split)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("augmented", [False, True])
def test_it_learns_and_the_history_says_what_was_measured(few, precision, augmented):
    model = tiny()
    before = train.evaluate(model, few.train)
    epochs = 20 if augmented else 4
    h = fit(model, few, epochs=epochs, precision=precision, augmented=augmented)
    assert not any(m.training for m in model.modules())
    assert h.train_loss[-1] < before[0] * (0.95 if augmented else 0.5)
    assert h.train_error[-1] < before[1]
    assert (
        len(h.train_loss) == len(h.train_error) == len(h.test_loss) == len(h.test_error) == epochs
    )
    assert len(h.seconds) == epochs
    assert len(h.batch_loss) == epochs * 4
    # The last entries are those of the model that is left, measured in float32 in both cases: a
    # notebook that measures again must find the same number on hardware with bfloat16, too.
    assert (h.train_loss[-1], h.train_error[-1]) == train.evaluate(model, few.train)
    assert (h.test_loss[-1], h.test_error[-1]) == train.evaluate(model, few.test)
    assert f"epochs={epochs}, steps={4 * epochs}" in repr(h)
    assert repr(train.History()) == "History(epochs=0, steps=0)"


def test_augmented_changes_the_images_that_are_trained_on(few):
    seen = {}
    for augmented in (False, True):
        model = tiny()
        images = seen.setdefault(augmented, [])
        model.register_forward_pre_hook(
            lambda m, x, images=images: images.append(x[0]) if m.training else None
        )
        fit(model, few, augmented=augmented, epochs=1)
    same = [torch.equal(a, b) for a, b in zip(*map(torch.cat, seen.values()), strict=True)]
    assert len(same) == 200
    assert sum(same) < 10


def test_evaluate_is_mean_cross_entropy_and_fraction_wrong(few):
    model = tiny().train()
    many = data.Split(few.train.images.repeat(6, 1, 1, 1), few.train.labels.repeat(6))  # > 1000
    loss, error = train.evaluate(model, many)
    with torch.no_grad():
        logits = model.eval()(few.train.images)
    assert loss == pytest.approx(F.cross_entropy(logits, few.train.labels).item(), rel=1e-5)
    wrong = (logits.argmax(1) != few.train.labels).float().mean().item()
    assert error == pytest.approx(wrong)


def test_both_precisions_come_out_close(few):
    exact, rough = (fit(tiny(), few, precision=p, epochs=3) for p in ("float32", "bfloat16"))
    assert exact.batch_loss != rough.batch_loss
    assert rough.train_loss[-1] == pytest.approx(exact.train_loss[-1], abs=0.1)
    assert rough.test_error[-1] == pytest.approx(exact.test_error[-1], abs=0.06)


def test_our_batch_normalization_trains_in_bfloat16(few):
    from seminar.layers import BatchNorm2d

    found = []
    for bn in (BatchNorm2d, nn.BatchNorm2d):
        model = tiny()
        model[1] = bn(8)
        found.append(fit(model, few, precision="bfloat16").train_loss[-1])
    assert found[0] == pytest.approx(found[1], abs=0.05)


def test_images_in_another_memory_layout(few):
    images = few.train.images.repeat(1, 3, 1, 1)
    d = dataclasses.replace(
        few,
        train=data.Split(images.contiguous(memory_format=torch.channels_last), few.train.labels),
        test=data.Split(few.test.images.repeat(1, 3, 1, 1), few.test.labels),
    )
    for precision in ("float32", "bfloat16"):
        model = models.resnet_cifar(8, width=4)
        assert math.isfinite(fit(model, d, epochs=1, precision=precision).test_loss[-1])


@pytest.mark.parametrize("seeds", [(3, 3), (0, None), (3, 4)])
def test_the_seed_decides_everything(few, seeds):
    runs = []
    for seed in seeds:
        model = tiny(dropout=0.5)
        h = fit(model, few, seed=seed, augmented=True)
        runs.append((dataclasses.replace(h, seconds=[]), model.state_dict()))
    same = seeds != (3, 4)
    assert (runs[0][0] == runs[1][0]) is same
    assert torch.equal(runs[0][1]["5.weight"], runs[1][1]["5.weight"]) is same


def test_the_environment_is_heard(few, monkeypatch):
    wanted = fit(tiny(), few, seed=7, precision="bfloat16").batch_loss
    monkeypatch.setenv("SEMINAR_SEED", "7")
    monkeypatch.setenv("SEMINAR_PRECISION", "bfloat16")
    assert fit(tiny(), few).batch_loss == wanted
    monkeypatch.setenv("SEMINAR_DEVICE", "abacus")
    with pytest.raises(ValueError, match="abacus"):
        fit(tiny(), few)


class Spy(torch.optim.SGD):
    """SGD that writes down the learning rate of every step."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        Spy.lrs, Spy.momenta = [], []

    def step(self, closure=None):
        Spy.lrs.append(self.param_groups[0]["lr"])
        Spy.momenta.append(self.param_groups[0]["momentum"])
        return super().step(closure)


def lrs(monkeypatch, few, steps, **kwargs):
    monkeypatch.setattr(torch.optim, "SGD", Spy)
    fit(tiny(), first(few, steps * 5), epochs=1, batch_size=5, lr=0.1, **kwargs)
    assert len(Spy.lrs) == steps
    assert set(Spy.momenta) == {0.9}
    return Spy.lrs


def test_one_cycle(monkeypatch, few):
    used = lrs(monkeypatch, few, 40, schedule="one-cycle")
    peak = used.index(max(used))
    assert max(used) == pytest.approx(0.1)
    assert peak == 0.3 * 40 - 1
    assert used[: peak + 1] == sorted(used[: peak + 1])
    assert used[peak:] == sorted(used[peak:], reverse=True)
    assert used[0] == pytest.approx(0.1 / 25)
    assert used[-1] < 1e-5


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7, 20])
def test_step_divides_by_ten_at_a_half_and_three_quarters(monkeypatch, few, steps):
    used = lrs(monkeypatch, few, steps, schedule="step")
    done = [i / steps for i in range(steps)]
    assert used == pytest.approx([0.1 / 10 ** ((f >= 0.5) + (f >= 0.75)) for f in done])


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_constant_and_the_shortest_cycles(monkeypatch, few, steps):
    assert lrs(monkeypatch, few, steps, schedule="constant") == [0.1] * steps
    assert all(0 < lr <= 0.1 for lr in lrs(monkeypatch, few, steps, schedule="one-cycle"))


@pytest.mark.parametrize(
    ("images", "batch_size", "sizes"),
    [
        (10, 5, [5, 5]),
        (12, 5, [5, 5, 2]),
        (11, 5, [5, 6]),  # not 5, 5, 1
        (6, 5, [6]),
        (1, 5, [1]),
        (3, 5, [3]),
        (3, 1, [1, 1, 1]),
        (3, 2, [3]),
    ],
)
def test_every_image_once_and_no_last_batch_of_one(few, images, batch_size, sizes):
    d = first(few, images)
    seen = []
    model = tiny()
    model.register_forward_pre_hook(lambda m, x: seen.append(x[0]) if m.training else None)
    fit(model, d, epochs=1, batch_size=batch_size)
    assert [len(x) for x in seen] == sizes
    key = lambda x: sorted(x.flatten(1).sum(1).tolist())  # noqa: E731
    assert key(torch.cat(seen)) == pytest.approx(key(d.train.images), abs=1e-3)


def test_batch_normalization_of_single_values_trains_though_one_image_is_left(few):
    model = nn.Sequential(nn.Flatten(), nn.Linear(196, 8), nn.BatchNorm1d(8), nn.Linear(8, 10))
    h = fit(model, first(few, 101), epochs=1, batch_size=50)
    assert len(h.batch_loss) == 2


def test_clip_shortens_the_gradient_of_all_parameters_together(few):
    def steps(**kwargs):
        model, lengths = tiny(), []
        parameters = list(model.parameters())

        def watch(history):
            if len(history.batch_loss) > len(lengths):
                gradients = torch.cat([p.grad.flatten() for p in parameters])
                lengths.append(gradients.norm().item())

        fit(model, few, watch=watch, **kwargs)
        return lengths

    free = steps()
    limit = max(free) / 3
    clipped = steps(clip=limit)
    assert clipped[0] == pytest.approx(min(limit, free[0]), rel=1e-3)
    assert max(clipped) <= limit * 1.001
    assert steps(clip=10 * max(free)) == free  # nothing is longer: nothing changes


def test_measuring_does_not_move_the_running_statistics(few):
    model = tiny()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    train.evaluate(model, few.train)
    with pytest.raises(ValueError, match="schedule"):  # after the model was tried on an image
        fit(model, few, schedule="none")
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key
    fit(model, few)
    assert model[1].num_batches_tracked == 8  # one a step, none for the measurements


def test_watch_sees_every_step_and_epoch_and_may_evaluate(few):
    model, seen, modes = tiny(), [], []
    model[1].register_forward_pre_hook(lambda m, _: modes.append(m.training))

    def watch(history):
        seen.append((len(history.batch_loss), len(history.test_loss)))
        train.evaluate(model, data.Split(few.test.images[:2], few.test.labels[:2]))

    fit(model, few, watch=watch)
    assert seen == [(i, 0) for i in (1, 2, 3, 4)] + [(4, 1)] + [(i, 1) for i in (5, 6, 7, 8)] + [
        (8, 2)
    ]
    assert modes.count(True) == 8


@pytest.mark.parametrize("augmented", [False, True])
def test_steps_train_as_fit_does_and_measure_nothing(few, augmented, monkeypatch):
    how = {"epochs": 2, "batch_size": 50, "clip": 1.0, "augmented": augmented, "seed": 3}
    fitted, stepped = tiny(0.5), tiny(0.5)
    history = fit(fitted, few, **how)
    monkeypatch.setattr(train, "evaluate", None)
    assert list(train.steps(stepped, few.train, **how)) == history.batch_loss
    ours, fits = stepped.state_dict(), fitted.state_dict()
    assert all(torch.equal(ours[key], fits[key]) for key in fits)


def test_networks_that_take_turns_learn_as_each_does_alone(few):
    how = {"epochs": 3, "batch_size": 50, "lr": 0.01}
    alone = [list(train.steps(tiny(), few.train, seed=seed, **how)) for seed in (3, 4)]
    runs = [train.steps(tiny(), few.train, seed=seed, **how) for seed in (3, 4)]
    deterministic, taken = torch.backends.cudnn.deterministic, []
    for pair in zip(*runs, strict=True):
        taken.append(pair)
        torch.rand(7)  # what is drawn between two steps, too, changes nothing
        assert torch.backends.cudnn.deterministic == deterministic
    assert [list(losses) for losses in zip(*taken, strict=True)] == alone


def test_steps_take_another_optimizer_and_another_loss(few):
    """Adam on a regression, without images: as a loop of torch's own does it."""
    torch.manual_seed(1)
    x, y = torch.rand(40, 3), torch.rand(40, 2)
    ours, loop = nn.Linear(3, 2), nn.Linear(3, 2)
    loop.load_state_dict(ours.state_dict())
    split = data.Split(x, y)
    how = {"epochs": 3, "batch_size": 40, "lr": 0.01, "schedule": "constant"}
    found = list(train.steps(ours, split, optimizer=torch.optim.Adam, loss=F.mse_loss, **how))
    adam = torch.optim.Adam(loop.parameters(), lr=0.01)
    assert len(found) == 3
    for loss in found:
        wanted = F.mse_loss(loop(x), y)
        assert loss == pytest.approx(wanted.item(), rel=1e-5)
        adam.zero_grad()
        wanted.backward()
        adam.step()


def test_steps_stop_where_the_caller_does_and_leave_inf_to_it(few):
    deterministic = torch.backends.cudnn.deterministic
    run = train.steps(tiny(), few.train, epochs=9, lr=1e30, schedule="constant", batch_size=50)
    losses = [loss for loss, _ in zip(run, range(4), strict=False)]
    assert math.isfinite(losses[0])
    assert not math.isfinite(losses[-1])
    run.close()
    assert torch.backends.cudnn.deterministic == deterministic


@pytest.mark.parametrize("wrong", ["lr", "nan in training", "nan in test", "lr, one step"])
def test_divergence_is_said_and_keeps_the_history(few, wrong):
    d, kwargs = few, {}
    if "lr" in wrong:
        kwargs = {"lr": 1e30, "schedule": "constant"}
        if "one step" in wrong:  # its own loss is finite: only the measurement shows it
            kwargs |= {"batch_size": 200, "epochs": 1}
    else:
        part = "train" if "training" in wrong else "test"
        spoiled = getattr(few, part).images.clone()
        spoiled[0] = float("nan")
        d = dataclasses.replace(few, **{part: data.Split(spoiled, getattr(few, part).labels)})
    with pytest.raises(train.TrainingDiverged, match="lower the learning rate") as caught:
        fit(tiny(), d, **kwargs)
    h = caught.value.history
    losses = h.batch_loss + h.train_loss + h.test_loss
    assert losses
    assert not all(map(math.isfinite, losses))
    assert len(h.batch_loss) <= 8


@pytest.mark.parametrize(
    "wrong",
    [
        *({"epochs": e} for e in (0, -1, 1.5, True)),
        *({"batch_size": b} for b in (0, -1, 2.5)),
        *({"lr": lr} for lr in (0.0, -0.1, math.nan, math.inf)),
        *({"clip": clip} for clip in (0.0, -1.0, math.nan)),
        {"momentum": -1.0},
        {"weight_decay": -1.0},
        {"schedule": "cosine"},
        {"precision": "int8"},
        {"device": "abacus"},
        {"seed": -1},
    ],
    ids=str,
)
def test_wrong_settings_come_before_the_first_step(few, wrong):
    model, steps = tiny(), []
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        fit(model, few, watch=steps.append, **wrong)
    assert not steps
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key


@pytest.mark.parametrize("classes", [5, 11])
def test_a_model_of_other_classes(few, classes):
    model = models.resnet_cifar(8, num_classes=classes, in_channels=1, width=4)
    with pytest.raises(ValueError, match=rf"\(1, {classes}\).*num_classes=10"):
        fit(model, few)


def test_frozen_parameters_stay(few):
    model = tiny()
    model[0].requires_grad_(False)
    before = model[0].weight.clone()
    fit(model, few, weight_decay=0.1)
    assert torch.equal(model[0].weight, before)


def test_progress_can_be_silent(few, capfd):
    fit(tiny(), few, progress=False)
    assert capfd.readouterr() == ("", "")
    fit(tiny(), few, progress=True)
    out, err = capfd.readouterr()
    assert not out
    assert "/8" in err


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: (s.images, s.labels + 1), r"go from 1 to 10; .* from 0 to 9: subtract 1"),
        (lambda s: (s.images, s.labels - 1), "go from -1 to 8"),
        (lambda s: (s.images, s.labels * 2), "go from 0 to 18"),
        (lambda s: (s.images, s.labels.float()), r"\.long\(\)"),
        (lambda s: (s.images, s.labels.int()), r"\.long\(\)"),
        (lambda s: (s.images, F.one_hot(s.labels)), r"\.argmax\(1\)"),
        (lambda s: (s.images, s.labels[1:]), "each image needs one label"),
        (lambda s: (s.images[:0], s.labels[:0]), "at least one"),
        (lambda s: (s.images.byte(), s.labels), "/ 255"),
        (lambda s: (s.images.flatten(1), s.labels), r"\(N, C, H, W\)"),
    ],
)
def test_a_students_own_data_are_looked_at_before_the_first_step(few, part, change, says):
    wrong = dataclasses.replace(few, **{part: data.Split(*change(getattr(few, part)))})
    model = tiny()
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(ValueError, match=f"of {part}|{part} has") as caught:
        train.fit(model, wrong, epochs=1, progress=False)
    assert re.search(says, str(caught.value))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_model_that_gives_several_tensors_is_named(few):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tiny()

        def forward(self, x):
            return self.net(x), x

    with pytest.raises(ValueError, match="a tuple, not one tensor"):
        train.fit(Two(), few, epochs=1, progress=False)


@pytest.mark.parametrize(
    ("images", "batch_size", "least", "sizes"),
    [
        (10, 4, 2, [4, 4, 2]),
        (9, 4, 2, [4, 5]),
        (10, 4, 4, [4, 6]),
        (3, 4, 4, [3]),
        (5, 1, 2, [1, 1, 1, 1, 1]),
        (8, 4, 4, [4, 4]),
    ],
)
def test_a_last_batch_of_too_few_joins_the_one_before(images, batch_size, least, sizes):
    parts = torch.arange(images).tensor_split(train.cuts(images, batch_size, least))
    assert [len(part) for part in parts] == sizes


def test_an_update_is_one_step_of_the_optimizer_on_the_loss(few):
    net, other = tiny(), tiny()
    x, y = few.train.images[:20], few.train.labels[:20]
    descent = torch.optim.SGD(net.parameters(), lr=0.1)
    value = train.update(net.eval(), descent, x, y)
    assert net.training
    expected = F.cross_entropy(other(x), y)
    expected.backward()
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q - 0.1 * q.grad)


def test_evaluate_in_bfloat16_is_close_and_in_float32_by_default(few):
    net = tiny()
    fit(net, few)
    loss, error = train.evaluate(net, few.test)
    near_loss, near_error = train.evaluate(net, few.test, "bfloat16")
    assert near_loss != loss
    assert near_loss == pytest.approx(loss, rel=0.05)
    assert near_error == pytest.approx(error, abs=0.05)
    assert train.evaluate(net, few.test) == (pytest.approx(loss), error)
    with pytest.raises(ValueError, match="precision"):
        train.evaluate(net, few.test, "float8")
