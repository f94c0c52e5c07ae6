"""Recorded runs say where they come from, and belong to the code that shows them."""

import copy
import itertools
import json
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from torch import nn

from seminar import records

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import record  # noqa: E402


@pytest.mark.parametrize("name", sorted(record.EXPERIMENTS))
def test_a_record_tells_its_source_and_was_made_by_the_notebook_as_it_is(name):
    found = records.load(name)
    assert set(found.source) == {"command", "seeds", "date", "versions", "hardware", "code"}
    assert found.source["command"] == f"python tools/record.py {name}"
    ids, _ = record.EXPERIMENTS[name]
    assert found.source["code"] == record.sources.mark(*record.code(name, ids)), (
        f"notebook {name} has changed since: python tools/record.py {name}"
    )


def test_every_record_has_its_experiment():
    assert {path.stem for path in record.RECORDS.iterdir()} == set(record.EXPERIMENTS)


def test_an_unknown_record_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"no record 'x'.*'03_initialization'"):
        records.load("x")


def test_the_recorder_runs_the_notebook_s_cells_and_writes_what_load_reads(tmp_path, monkeypatch):
    def short(of, seeds=range(1)):
        of["seed"] = 0
        nets = {"2 He": of["relu_net"](2, "he")}
        *_, errors = of["race"](nets, epochs=1)
        return {"short": errors}

    ids, _ = record.EXPERIMENTS["03_initialization"]
    monkeypatch.setattr(record, "RECORDS", tmp_path)
    monkeypatch.setattr(record, "EXPERIMENTS", {"03_initialization": (ids, short)})
    monkeypatch.setattr(sys, "argv", ["record.py", "03_initialization"])
    record.main()
    written = records.Record(**json.loads((tmp_path / "03_initialization.json").read_text()))
    (error,) = written.runs["short"]["2 He"]
    assert 0 < error < 0.5  # one epoch of two layers: better than guessing


def test_the_record_of_03_has_every_network_on_every_seed():
    runs = records.load("03_initialization").runs
    for variant, nets in runs.items():
        epochs = 40 if variant == "40 epochs" else 8
        assert set(nets) == {"22 He", "22 Xavier", "30 He", "30 Xavier"}
        for seeds in nets.values():
            assert [len(errors) for errors in seeds] == [epochs] * len(record.SEEDS)
            assert all(0 <= error <= 1 for errors in seeds for error in errors)


def test_the_record_of_04_has_every_network_on_every_seed():
    runs = records.load("04_batch_normalization").runs
    for what in ("learning rates", "map"):
        for by_setting in runs[what].values():
            assert {len(losses) for losses in by_setting.values()} == {len(record.SEEDS)}
    assert all(len(by_rate) == 6 for by_rate in runs["learning rates"].values())
    assert {len(by_place) for by_place in runs["map"].values()} == {5 * 7}
    for curves in runs["500 steps"].values():
        assert [len(curve) for curve in curves] == [50] * len(record.SEEDS)
        assert all(0 < loss <= record.HIGHEST for curve in curves for loss in curve)
    assert {len(found) for found in runs["500 digits"].values()} == {len(record.SEEDS)}
    assert all(len(measured) == 3 for found in runs["500 digits"].values() for measured in found)


def test_the_record_of_05_has_every_network_on_every_seed():
    runs = records.load("05_residual_learning").runs
    depths = (8, 14, 20, 32, 44, 56)
    assert set(runs["depth"]) == {f"{kind}-{d}" for kind in ("plain", "ResNet") for d in depths}
    assert len(runs["identity"]) == 3 * 2 * 3  # stacks, with and without BN, learning rates
    for by_name in runs.values():
        assert {len(found) for found in by_name.values()} == {len(record.SEEDS)}
    for what, epochs in (("depth", 5), ("20 epochs", 20), ("zero γ", 5), ("weight decay", 20)):
        for found in runs[what].values():
            for run in found:
                assert len(run["training"]) == len(run["test"]) == epochs
                assert all(0 <= error <= 1 for error in (*run["training"], *run["test"]))
    for found in runs["weight decay"].values():
        assert {len(run["sizes"]) for run in found} == {9}  # ResNet-20's blocks


def test_the_record_of_07_has_every_convolution_at_every_step_on_every_seed():
    runs = records.load("07_why_resnet_works").runs
    assert set(runs) == {f"{kind}-{d}" for kind in ("plain", "ResNet") for d in (20, 56, 110)}
    for name, seeds in runs.items():
        assert len(seeds) == len(record.SEEDS)
        for run in seeds:
            assert 0 <= run["training"] <= 1
            assert list(run["sizes"]) == ["1", "5", "10", "20", "40", "80", "160"]
            depth = int(name.split("-")[1])
            assert all(len(sizes) == depth - 1 for sizes in run["sizes"].values())


# --- five seeds are five runs

PAIRS = list(itertools.combinations(range(len(record.SEEDS)), 2))
NOTHING = {record.HIGHEST, 0.9}  # clipped, or the error of a network that names one digit always


def settings(runs, where=()):
    """Where in the record, and what was measured there: a list with an entry for each seed."""
    if isinstance(runs, list):
        yield where, runs
    else:
        for name, inside in runs.items():
            yield from settings(inside, (*where, name))


def quantities(where, seeds):
    """The same for each quantity, where one setting has several ("training", "test")."""
    if isinstance(seeds[0], dict):
        for name in seeds[0]:
            yield from quantities((*where, name), [measured[name] for measured in seeds])
    else:
        yield where, seeds


def alike(runs):
    """Where seeds measured the same, and should not have.

    No two seeds may agree in a list of numbers that says something. Single numbers are rounded, so
    two of them may agree, but not all five, and not in every setting of a group.
    """
    found, groups = [], {}
    for where, seeds in settings(runs):
        groups.setdefault(where[:-1], []).append(seeds)
        for place, values in quantities(where, seeds):
            lists = [tuple(v) if isinstance(v, list) else (v,) for v in values]
            telling = [v for v in lists if not set(v) <= NOTHING]
            kinds = len(set(telling))
            if isinstance(values[0], list):
                found += [place] * (kinds < len(telling))
            else:
                found += [place] * (kinds == 1 and len(telling) == len(record.SEEDS))
    for where, group in groups.items():
        found += [where] * any(all(s[a] == s[b] for s in group) for a, b in PAIRS)
    return found


@pytest.mark.parametrize("name", sorted(record.EXPERIMENTS))
def test_no_two_seeds_of_a_record_measured_the_same(name):
    assert alike(records.load(name).runs) == []


@pytest.mark.parametrize("name", sorted(record.EXPERIMENTS))
@pytest.mark.parametrize("copies", [PAIRS[:4], [(1, 3)]])  # all are seed 0, or 3 is 1
def test_the_check_finds_copied_seeds(name, copies):
    runs = copy.deepcopy(records.load(name).runs)
    for _, seeds in settings(runs):
        for source, target in copies:
            seeds[target] = seeds[source]
    assert alike(runs)


@pytest.mark.parametrize(
    ("runs", "where"),
    [
        ({"a": [1.0, 2.0, 3.0, 4.0, 5.0]}, []),
        ({"a": [1.0, 2.0, 2.0, 4.0, 5.0], "b": [2.0, 2.0, 3.0, 4.0, 4.0]}, []),  # rounded
        ({"a": [1.0, 2.0, 2.0, 4.0, 5.0], "b": [1.0, 2.0, 2.0, 4.0, 4.0]}, [()]),  # seeds 1 and 2
        ({"a": [2.0] * 5, "b": [1.0, 2.0, 3.0, 4.0, 5.0]}, [("a",)]),
        ({"a": [99.0] * 5, "b": [1.0, 2.0, 3.0, 4.0, 5.0]}, []),
        ({"a": [[0.9, 0.9]] * 5, "b": [[i, 0.0] for i in range(5)]}, []),
        ({"a": [[0.9, 0.8]] * 2 + [[i, 0.0] for i in range(3)], "b": [1, 2, 3, 4, 5]}, [("a",)]),
        ({"a": [{"x": i, "y": [1, 2 + (i > 3)]} for i in range(5)]}, [("a", "y")]),
    ],
)
def test_the_check_of_seeds_knows_rounding_and_what_says_nothing(runs, where):
    assert alike(runs) == where


class Pretended:
    """Stands for the cells of a notebook: its numbers depend on the seed and on nothing learned."""

    def __init__(self):
        self.of = {name: getattr(self, name) for name in dir(self) if name[0] != "_"}

    def _draw(self, *what):
        return zlib.crc32(repr((self.of["seed"], *what)).encode()) / 2**32

    def relu_net(self, depth, scheme, **build):
        return self.network(depth, scheme, build)

    def network(self, *given, **build):
        """A network that knows the seed it was built with, and has a BN to be set to 0."""
        net = nn.Module()
        net.bn2, net.drawn = nn.BatchNorm2d(1), self._draw(given, build)
        return net

    build = stack = network

    def race(self, nets, epochs=8, clip=1.0, optimizer=None):
        for n in range(1, epochs + 1):
            yield {name: [self._draw(net.drawn, i) for i in range(n)] for name, net in nets.items()}

    def learn(self, net, *given, epochs=5, **changed):
        errors = [self._draw(net.drawn, given, changed, i) for i in range(epochs)]
        return SimpleNamespace(train_error=errors, test_error=errors[::-1])

    def branch_sizes(self, net):
        return [self._draw(net.drawn, i) for i in range(9)]

    def fit_stack(self, net, change=0.0, lr=0.003, steps=200):
        return [self._draw(net.drawn, i) for i in range(steps)]

    def learn_and_look(self, net):
        steps = (1, 5, 10, 20, 40, 80, 160)
        sizes = {str(step): [self._draw(net.drawn, step, i) for i in range(9)] for step in steps}
        return self.learn(net), sizes


class PretendedSteps(Pretended):
    """For notebook 04, whose `learn` gives the losses after every step, and may diverge."""

    def learn(self, net, lr, clip=None, steps=125, watch=None):
        losses = [self._draw(net.drawn, lr)] * steps
        if lr == 1.0 and clip is None:
            losses[-1] = float("nan")
        return (losses[: step + 1] for step in range(steps))

    def late(self, losses):
        return sum(losses[-25:]) / 25

    def smooth(self, losses, width=10):
        return [], [self._draw(losses, i) for i in range(len(losses) // width)]

    def final_loss(self, bn, lr, gain, steps=60):
        return float("inf") if lr == 3.0 else self._draw(bn, lr, gain, steps)

    def overfit(self, *setup):
        return [self._draw(setup, i) for i in range(3)]


@pytest.mark.parametrize("name", sorted(record.EXPERIMENTS))
def test_an_experiment_measures_every_setting_of_its_record_on_every_seed(name):
    _, experiment = record.EXPERIMENTS[name]
    cells = PretendedSteps() if name.startswith("04") else Pretended()
    runs = experiment(cells.of)
    measured, kept = (dict(settings(r)) for r in (runs, records.load(name).runs))
    assert list(measured) == list(kept)
    for where, seeds in measured.items():
        assert len(seeds) == len(kept[where]) == len(record.SEEDS)
        assert [w for w, _ in quantities(where, seeds)] == [
            w for w, _ in quantities(where, kept[where])
        ]
    assert alike(runs) == []
    if name.startswith("04"):  # what is no number any more is kept as the highest loss
        assert runs["learning rates"]["with BN"]["1"] == [record.HIGHEST] * 5
        assert runs["map"]["with BN, 60 steps"]["1 3"] == [record.HIGHEST] * 5
