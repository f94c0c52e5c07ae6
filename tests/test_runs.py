"""Long training runs: recipes, and that one which was interrupted ends as one that was not."""

import contextlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from forks import Forks
from PIL import Image
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

from seminar import checkpoints, data, models, runs
from seminar.__main__ import main

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
SMALL = ("--model", "resnet_cifar8", "--width", 2, "--batch-size", 8, "--threads", 1)


def make_folder(path, side=8, train=25, test=5, classes=("a", "b", "c"), contrast=90):
    """An image folder of noise; the classes differ in `contrast` of their color."""
    draw = random.Random(0)
    for part, number in (("train", train), ("test", test)):
        for label, name in enumerate(classes):
            (path / part / name).mkdir(parents=True)
            for i in range(number):
                color = [70 + contrast * (label == c) for c in range(3)]
                pixels = [tuple(x + draw.randrange(-60, 60) for x in color) for _ in range(side**2)]
                image = Image.new("RGB", (side, side))
                image.putdata(pixels)
                image.save(path / part / name / f"{i}.png")
    return path


@pytest.fixture(scope="module", autouse=True)
def _on_the_cpu():
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("SEMINAR_DEVICE", "cpu")
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def forks():
    made = Forks()
    yield made
    made.close()


def weights(out):
    return checkpoints.load(out / runs.CHECKPOINT).tensors


def same(one, other):
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def log(out):
    return json.loads((out / runs.LOG).read_text())


# --- plans


def test_the_papers_recipe():
    plan = runs.plan("resnet_cifar56")
    assert (plan.recipe, plan.data, plan.steps, plan.epochs) == ("paper", "cifar10", 64_000, None)
    assert (plan.lr, plan.momentum, plan.weight_decay, plan.batch_size) == (0.1, 0.9, 1e-4, 128)
    assert plan.augmented
    assert plan.held_out == 5_000
    rates = [runs.learning_rate(plan, step, 64_000) for step in (0, 31_999, 32_000, 47_999, 48_000)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])


@pytest.mark.parametrize("total", [7, 100, 3520])
def test_the_short_recipe_is_torchs_one_cycle(total):
    plan = runs.plan("plain_cifar20", recipe="short")
    assert (plan.epochs, plan.steps, plan.lr) == (10, None, 0.2)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.2)
    schedule = OneCycleLR(optimizer, 0.2, total_steps=total, cycle_momentum=False)
    for step in range(total):
        expected = optimizer.param_groups[0]["lr"]
        assert runs.learning_rate(plan, step, total) == pytest.approx(expected, rel=1e-9, abs=1e-15)
        optimizer.step()
        schedule.step()


def test_other_models_and_digits():
    plan = runs.plan("lenet5", data="mnist")
    assert (plan.recipe, plan.lr, plan.augmented) == ("short", 0.05, False)
    assert runs.plan("resnet18", data="cifar100").augmented


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"recipe": "long"}, "recipe is 'long'.*'paper', 'short'"),
        ({"epochs": 2, "steps": 3}, "both given"),
        ({"epochs": -1}, "epochs is -1"),
        ({"steps": 1.5}, "steps is 1.5"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"held_out": 0}, "held_out is 0"),
        ({"lr": math.nan}, "lr is nan"),
        ({"lr": -0.1}, "lr is -0.1"),
        ({"weight_decay": -1}, "weight_decay is -1"),
        ({"momentum": 1.0}, "momentum is 1.0"),
        ({"batch_size": 3, "processes": 2}, "batch_size is 3 for 2 processes"),
    ],
)
def test_a_plan_without_sense(given, says):
    with pytest.raises(ValueError, match=says):
        runs.plan("resnet_cifar20", **given)


def test_held_out_images_are_the_same_for_every_seed_and_none_is_lost():
    images = torch.arange(50.0).reshape(50, 1, 1, 1)
    split = data.Split(images, torch.arange(50))
    rest, out = runs.hold_out(split, 5)
    assert len(out) == 5
    assert sorted([*rest.labels.tolist(), *out.labels.tolist()]) == list(range(50))
    assert torch.equal(rest.images.flatten(), rest.labels.float())
    assert torch.equal(runs.hold_out(split, 5)[1].labels, out.labels)
    assert len(runs.hold_out(split, 5_000)[1]) == 5  # a tenth at most
    assert len(runs.hold_out(data.Split(images[:3], split.labels[:3]), 5_000)[1]) == 1


def test_an_order_and_an_augmentation_of_its_own_for_every_step_and_seed():
    drawn = []
    for numbers in ((0, 0), (0, 1), (1, 0), (1, 1), (0, 1, 1)):
        runs._draw(*numbers)
        drawn.append(torch.rand(3).tolist())
    assert len({tuple(x) for x in drawn}) == 5


# --- a run


def test_a_run_leaves_a_checkpoint_a_log_and_curves(folder, tmp_path, capsys):
    out = tmp_path / "new" / "run"
    args = map(str, ("train", *SMALL, "--data", f"folder:{folder}", "--epochs", 3, "--out", out))
    assert main([*args, "--recipe", "short", "--seed", "4"]) == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(
        (runs.CHECKPOINT, runs.CURVES, runs.LOG)
    )
    found = log(out)
    assert found["command"].startswith("python -m seminar train --model resnet_cifar8")
    assert found["plan"]["seed"] == 4
    assert found["plan"]["options"] == {"width": 2}
    assert found["versions"].startswith("Python")
    assert "torch threads: 1" in found["hardware"]
    assert found["seconds"] > 0
    # 75 images: 68 to learn, 7 held out; mini-batches of 8, and a last one of 4.
    assert [epoch["step"] for epoch in found["epochs"]] == [9, 18, 27]
    assert found["steps"] == 27
    final = found["final"]
    assert set(final) == {
        f"{p}_{w}" for p in ("train", "held_out", "test") for w in ("loss", "error")
    }
    # What the log says is what the checkpoint's weights do.
    loaded = data.load(f"folder:{folder}", device="cpu")
    model = models.build("resnet_cifar8", width=2, num_classes=3)
    model.load_state_dict(checkpoints.model_of(checkpoints.load(out / runs.CHECKPOINT)))
    from seminar import train

    precision = found["plan"]["precision"]
    assert train.evaluate(model, loaded.test, precision)[1] == pytest.approx(final["test_error"])
    rest, held_out = runs.hold_out(loaded.train, 7)
    assert train.evaluate(model, rest, precision)[1] == pytest.approx(final["train_error"])
    error = train.evaluate(model, held_out, precision)[1]
    assert found["epochs"][-1]["held_out_error"] == pytest.approx(error)
    said = capsys.readouterr()
    assert "68 images to learn, 7 held out, 15 for the test" in said.out
    assert f"test {final['test_error']:.2%}" in said.out
    assert (out / runs.CURVES).read_bytes().startswith(b"\x89PNG")


def test_the_test_set_is_looked_at_once_at_the_end(folder, tmp_path, monkeypatch):
    looked = []
    evaluated = runs.Run._evaluated

    def watched(run, split):
        looked.append((run.state.step, "test" if split is run.test else "other"))
        return evaluated(run, split)

    monkeypatch.setattr(runs.Run, "_evaluated", watched)
    args = ("train", *SMALL, "--data", f"folder:{folder}", "--epochs", 2, "--out", tmp_path)
    assert main([str(a) for a in args]) == 0
    assert [step for step, part in looked if part == "test"] == [18]


def test_it_learns(folder, tmp_path):
    args = ("train", *SMALL, "--width", 8, "--data", f"folder:{folder}", "--out", tmp_path)
    assert main([*map(str, args), "--recipe", "short", "--epochs", "15", "--quiet"]) == 0
    assert log(tmp_path)["final"]["test_error"] < 0.2


def started(folder, out, model="resnet_cifar8", **given):
    plan = runs.plan(
        model, data=f"folder:{folder}", options={"width": 2}, batch_size=8, threads=1, **given
    )
    return runs.Run(plan, out, runs.Team("cpu"), "")


@pytest.mark.parametrize(
    ("model", "recipe", "warm"),
    [
        ("resnet_cifar110", "paper", True),
        ("preact_resnet_cifar116", "paper", True),
        ("plain_cifar104", "paper", False),
        ("resnet_cifar110", "short", False),
    ],
)
def test_the_paper_warms_up_networks_of_110_layers(folder, tmp_path, model, recipe, warm):
    assert started(folder, tmp_path, model, recipe=recipe).state.warm is warm


def test_the_warm_up_is_a_tenth_of_the_learning_rate_until_the_error_is_below_80_percent(
    folder, tmp_path
):
    run = started(folder, tmp_path)
    run.state.warm = True

    class Bar:
        def set_postfix(self, **_):
            pass

    for error, rate in ((0.9, 0.01), (0.8, 0.01), (0.79, 0.1), (0.9, 0.1)):
        run.sums = torch.tensor([1.0, error * 1000, 1000.0, 0.0])
        run._look(Bar(), 0.1)
        assert run._step() == pytest.approx(rate)


@pytest.mark.parametrize("bad", [9, 17])  # the first step of the second epoch; its last
def test_a_loss_that_is_no_number_ends_the_run_and_the_checkpoint_before_stays(
    folder, tmp_path, capsys, monkeypatch, bad
):
    rate = runs.learning_rate
    monkeypatch.setattr(runs, "learning_rate", lambda *a: math.inf if a[1] == bad else rate(*a))
    args = [str(a) for a in ("train", *SMALL, "--data", f"folder:{folder}", "--out", tmp_path)]
    assert main([*args, "--epochs", "2"]) == 1
    said = capsys.readouterr().err
    assert "lower the learning rate (--lr is 0.1)" in said
    found = checkpoints.load(tmp_path / runs.CHECKPOINT)
    assert found.about["state"]["step"] == 9
    assert all(torch.isfinite(tensor).all() for tensor in found.tensors.values())
    assert len(log(tmp_path)["epochs"]) == 1


@pytest.mark.parametrize("seeds", [(0, 0), (0, 1)])
def test_the_seed_decides_everything(folder, tmp_path, seeds):
    for i, seed in enumerate(seeds):
        args = (*SMALL, "--data", f"folder:{folder}", "--seed", seed, "--out", tmp_path / str(i))
        torch.manual_seed(i)  # what was drawn before does not matter
        assert main([str(a) for a in ("train", *args, "--epochs", 1)]) == 0
    assert same(weights(tmp_path / "0"), weights(tmp_path / "1")) == (seeds[0] == seeds[1])


def test_threads_are_tried_or_told(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(runs.settings, "processors", lambda: 4)
    monkeypatch.setattr(runs.settings, "threads", lambda n=None: tried.append(n) or n or 7)
    tried: list = []
    now = [0.0]

    def update(*_, **__):
        # Two threads make a step half as long, four hardly shorter.
        now[0] += {1: 1.0, 2: 0.5, 4: 0.45}[tried[-1]]

    monkeypatch.setattr(runs.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(runs.train, "update", update)
    plan = runs.plan("resnet_cifar8", data=f"folder:{folder}", options={"width": 2})
    assert runs.Run(plan, tmp_path, runs.Team("cpu"), "").plan.threads == 2
    monkeypatch.setenv("SEMINAR_THREADS", "7")
    assert runs.Run(plan, tmp_path, runs.Team("cpu"), "").plan.threads == 7


# --- interrupted


def resumed(forks, out):
    status, said = forks("train", "--out", out, "--resume", "--quiet")
    assert status == 0, said


@pytest.fixture(scope="module")
def whole(folder, forks, tmp_path_factory):
    """The command line of a run, and the weights it ends with when nothing happens."""
    args = ("train", *SMALL, "--data", f"folder:{folder}", "--epochs", 60, "--quiet")
    out = tmp_path_factory.mktemp("whole")
    status, said = forks(*args, "--out", out)
    assert status == 0, said
    return args, out


@forking
def test_a_run_killed_at_20_random_moments_ends_with_the_same_weights(whole, forks, tmp_path):
    args, out = whole
    left = tmp_path / runs.CHECKPOINT
    epoch = sum(epoch["seconds"] for epoch in log(out)["epochs"]) / 60
    draw = random.Random()
    seen = []
    for i in range(20):
        # Every fifth one as it starts; else up to two epochs after it has written a checkpoint.
        moment = {"after": draw.uniform(0, 0.3)}
        if i % 5:
            moment = {"changed": str(left), "after": draw.uniform(0, 2 * epoch)}
        status, said = forks(*args, "--out", tmp_path, "--resume", signal=signal.SIGKILL, **moment)
        if status != -signal.SIGKILL:
            assert status == 0, said  # this machine was faster than before: it has come to its end
            break
        seen.append(checkpoints.load(left).about["state"]["step"] if left.exists() else 0)
    assert len(seen) >= 10
    assert seen == sorted(seen)
    assert len(set(seen)) >= 5
    resumed(forks, tmp_path)
    assert same(weights(tmp_path), weights(out))
    without = [{k: v for k, v in e.items() if k != "seconds"} for e in log(tmp_path)["epochs"]]
    assert without == [{k: v for k, v in e.items() if k != "seconds"} for e in log(out)["epochs"]]
    assert log(tmp_path)["final"] == log(out)["final"]
    # What killed processes were writing is gone, too.
    names = {runs.CHECKPOINT, runs.LOG, runs.CURVES}
    assert {path.name for path in tmp_path.iterdir()} == names


@forking
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_a_checkpoint_in_the_middle_of_an_epoch(whole, forks, tmp_path, number):
    args, out = whole
    moment = {"changed": str(tmp_path / runs.LOG), "after": 0.1}
    status, said = forks(*args, "--out", tmp_path, signal=number, **moment)
    assert status == 130
    assert "interrupted after step" in said
    assert f"seminar train --out {tmp_path} --resume" in said
    assert "Traceback" not in said
    assert 0 < checkpoints.load(tmp_path / runs.CHECKPOINT).about["state"]["step"] < 540
    resumed(forks, tmp_path)
    assert same(weights(tmp_path), weights(out))


def test_it_can_end_after_any_step(folder, tmp_path):
    ends = []
    for step in (1, 8, 9, 10, 18, None):
        out = tmp_path / str(step)
        out.mkdir()
        run = started(folder, out, epochs=2)
        original = run._step

        def one(run=run, original=original, step=step):
            run.asked_to_end = run.state.step + 1 == step
            return original()

        run._step = one
        if step:
            with pytest.raises(runs.Interrupted):
                run.go(progress=False)
            found = checkpoints.load(out / runs.CHECKPOINT)
            assert found.about["state"]["step"] == step
            plan = runs.Plan(**found.about["plan"])
            runs.Run(plan, out, runs.Team("cpu"), "", found).go(progress=False)
        else:
            run.go(progress=False)
        losses = [epoch["train_loss"] for epoch in log(out)["epochs"]]
        assert len(losses) == 2
        ends.append((weights(out), log(out)["final"], losses))
    for end in ends[:-1]:
        assert same(end[0], ends[-1][0])
        assert end[1:] == ends[-1][1:]


def test_a_run_that_was_killed_before_its_first_epoch_is_gone_on_with(folder, tmp_path):
    run = started(folder, tmp_path, epochs=1)
    run._step = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        run.go(progress=False)
    assert main(["train", "--out", str(tmp_path), "--resume"]) == 0
    assert log(tmp_path)["steps"] == 9


def test_a_long_epoch_is_saved_in_between(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SAVE_EVERY", 0.0)
    steps = []
    save = checkpoints.save
    monkeypatch.setattr(
        checkpoints, "save", lambda *a: steps.append(a[2]["state"]["step"]) or save(*a)
    )
    started(folder, tmp_path, epochs=1).go(progress=False)
    assert steps == [*range(10), 9]  # the last one with the final errors


@forking
def test_a_full_disk_ends_the_run_and_loses_nothing(whole, forks, tmp_path):
    args, out = whole
    forks(
        *args, "--out", tmp_path, signal=signal.SIGINT, changed=str(tmp_path / runs.LOG), after=0.1
    )
    before = (tmp_path / runs.CHECKPOINT).read_bytes()
    status, said = forks("train", "--out", tmp_path, "--resume", limit=len(before) // 2)
    assert status == 1
    assert "error: " in said
    assert "cannot be written" in said
    assert "held before is still there" in said
    assert (tmp_path / runs.CHECKPOINT).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    resumed(forks, tmp_path)
    assert same(weights(tmp_path), weights(out))


# --- what is refused


@pytest.fixture(scope="module")
def done(folder, tmp_path_factory):
    """A finished run."""
    out = tmp_path_factory.mktemp("done")
    args = ("train", *SMALL, "--data", f"folder:{folder}", "--epochs", 1, "--out", out)
    assert main([str(a) for a in args]) == 0
    return out


def refused(capsys, *args):
    assert main([str(a) for a in args]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "Traceback" not in said
    return said


def test_a_folder_that_holds_a_run_is_not_written_over(done, capsys):
    before = (done / runs.CHECKPOINT).read_bytes()
    assert "--resume" in refused(capsys, "train", *SMALL, "--out", done)
    assert (done / runs.CHECKPOINT).read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--model", "resnet_cifar14", "model 'resnet_cifar8', not 'resnet_cifar14'"),
        ("--lr", 0.3, "lr 0.1, not 0.3"),
        ("--seed", 5, "seed 0, not 5"),
        ("--width", 4, "not {'width': 4}"),
    ],
)
def test_another_run_is_not_gone_on_with(done, capsys, option, value, says):
    before = (done / runs.CHECKPOINT).read_bytes()
    assert says in refused(capsys, "train", "--out", done, "--resume", option, value)
    assert (done / runs.CHECKPOINT).read_bytes() == before


def test_a_run_at_its_end_is_said_to_be(done, capsys):
    before = (done / runs.CHECKPOINT).read_bytes()
    assert main(["train", "--out", str(done), "--resume"]) == 0
    assert "at the end: training error" in capsys.readouterr().out
    assert (done / runs.CHECKPOINT).read_bytes() == before


def test_what_follows_the_last_checkpoint_is_made_up_for(done):
    whole = (done / runs.LOG).read_bytes()
    (done / runs.CURVES).unlink()
    (done / runs.LOG).unlink()
    assert main(["train", "--out", str(done), "--resume"]) == 0
    assert (done / runs.LOG).read_bytes() == whole
    assert (done / runs.CURVES).read_bytes().startswith(b"\x89PNG")


def test_another_number_of_processes_is_another_run(done, capsys, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    said = refused(capsys, "train", "--out", done, "--resume")
    assert "processes 1, not 2" in said


def test_images_that_have_changed_are_noticed(tmp_path, capsys):
    folder = make_folder(tmp_path / "images")
    run = started(folder, tmp_path, epochs=1)
    run._step = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        run.go(progress=False)
    first = next((folder / "train" / "a").iterdir())
    Image.new("RGB", (8, 8), "white").save(first)
    said = refused(capsys, "train", "--out", tmp_path, "--resume")
    assert "is not what the run in" in said


def test_a_checkpoint_of_another_version(done, capsys, tmp_path):
    found = checkpoints.load(done / runs.CHECKPOINT)
    for part in ("plan", "state"):
        about = found.about | {part: found.about[part] | {"wings": 2}}
        checkpoints.save(tmp_path / runs.CHECKPOINT, found.tensors, about)
        said = refused(capsys, "train", "--out", tmp_path, "--resume")
        assert "another version of this package" in said
        assert "wings" in said


def test_weights_are_not_a_run(tmp_path, capsys):
    checkpoints.save(tmp_path / runs.CHECKPOINT, {"x": torch.zeros(1)}, {"model": "some"})
    said = refused(capsys, "train", "--out", tmp_path, "--resume")
    assert "weights only, not a run" in said


def test_another_models_checkpoint(done, capsys, tmp_path):
    found = checkpoints.load(done / runs.CHECKPOINT)
    found.about["plan"]["model"] = "resnet_cifar14"
    found.about["state"]["final"] = {}
    checkpoints.save(tmp_path / runs.CHECKPOINT, found.tensors, found.about)
    said = refused(capsys, "train", "--out", tmp_path, "--resume")
    assert "holds the weights of another model: layer1.1.bn1.bias is missing there" in said


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x08" + bytes(7) + b"{notjson"])
def test_a_damaged_checkpoint(tmp_path, capsys, content):
    (tmp_path / runs.CHECKPOINT).write_bytes(content)
    assert "it is damaged" in refused(capsys, "train", "--out", tmp_path, "--resume")


def test_nothing_to_go_on_with(tmp_path, capsys):
    assert "no run to go on with" in refused(capsys, "train", "--out", tmp_path, "--resume")


def test_a_folder_that_cannot_be_written(folder, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        said = refused(capsys, "train", *SMALL, "--data", f"folder:{folder}", "--out", out)
        assert "cannot be written" in said


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--model", "resnet_cifar21"), "6n+2"),
        (("--model", "resnet51"), "there is no model 'resnet51'"),
        (("--model", "resnet18", "--width", 4), "resnet18 does not take all of these options"),
        (("--model", "alexnet"), "too small"),
        (("--seed", -1), "seed"),
        (("--threads", 0), "threads"),
        (("--epochs", 0), "epochs is 0"),
        (("--data", "cifra10"), "Did you mean 'cifar10'"),
        (("--data", "folder:/nowhere"), "is not a folder"),
        (("--device", "abacus"), "device 'abacus'"),
    ],
)
def test_wrong_options(folder, tmp_path, capsys, args, says):
    usual = {"--model": "resnet_cifar8", "--data": f"folder:{folder}"}
    usual |= dict(zip(args[::2], args[1::2], strict=True))
    line = [str(part) for pair in usual.items() for part in pair]
    assert says in refused(capsys, "train", *line, "--out", tmp_path)


# --- several processes


def torchrun(*args, **how):
    """`args` of the package's command line in two processes on this machine."""
    command = (sys.executable, "-m", "torch.distributed.run", "--standalone")
    return subprocess.Popen(
        [*command, "--nproc-per-node", "2", "-m", "seminar", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **how,
    )


@contextlib.contextmanager
def under_way(*args):
    """`torchrun` on args that end with the run's folder, after its first epoch."""
    run, out = torchrun(*args), args[-1]
    try:
        end = time.monotonic() + 120
        while not (out / runs.LOG).exists() or not log(out)["epochs"]:
            assert time.monotonic() < end
            assert run.poll() is None, run.communicate()[0]
            time.sleep(0.05)
        yield run
    finally:
        run.kill()


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Noise to learn by heart, for a network without BN; 63 images, so that halves differ."""
    return make_folder(tmp_path_factory.mktemp("digits"), side=28, train=23, contrast=0)


@forking
def test_two_processes_take_the_steps_of_one(digits, tmp_path):
    # An epoch is one step here, so that the log has the loss of each.
    args = ("train", "--model", "lenet5", "--data", f"folder:{digits}", "--batch-size", 99)
    args = (*args, "--epochs", 50, "--precision", "float32", "--threads", 1)
    assert main([str(a) for a in (*args, "--out", tmp_path / "one")]) == 0
    two = torchrun(*args, "--out", tmp_path / "two")
    said, _ = two.communicate(timeout=300)
    assert two.returncode == 0, said
    one, both = (
        [epoch["train_loss"] for epoch in log(tmp_path / out)["epochs"]] for out in ("one", "two")
    )
    assert len(one) == 50
    assert one[-1] < 0.8 * one[0]
    assert both == pytest.approx(one, rel=1e-5)
    assert log(tmp_path / "two")["plan"]["processes"] == 2
    # One speaks.
    assert said.count("63 images to learn") == 1
    assert said.count("epoch 7:") == 1
    assert said.count("test ") == 2  # in the introduction and at the end


@forking
@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_worker_ends_the_run_with_a_clear_word(folder, tmp_path, victim):
    args = ("train", *SMALL, "--data", f"folder:{folder}", "--epochs", 3000)
    with under_way(*args, "--out", tmp_path) as run:
        for process in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                child = int((process / "stat").read_text().split()[3]) == run.pid
                if child and f"\0RANK={victim}\0" in (process / "environ").read_text():
                    os.kill(int(process.name), signal.SIGKILL)
                    break
        said, _ = run.communicate(timeout=120)
    assert run.returncode != 0
    assert f"error{' in process 1' if victim == 0 else ''}: another process of this run" in said
    assert "start all of them again with --resume" in said
    found = checkpoints.load(tmp_path / runs.CHECKPOINT)  # whole
    assert found.about["state"]["step"] > 0


@forking
def test_ctrl_c_ends_all_processes_after_the_same_step(folder, tmp_path):
    args = ("train", *SMALL, "--data", f"folder:{folder}", "--epochs", 3000)
    with under_way(*args, "--out", tmp_path) as run:
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=120)
    assert "interrupted after step" in said
    assert "go on with: torchrun --nproc-per-node 2 -m seminar train" in said
    assert "another process" not in said
    assert checkpoints.load(tmp_path / runs.CHECKPOINT).about["state"]["step"] > 0
