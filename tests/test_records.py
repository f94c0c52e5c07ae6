"""Recorded runs say where they come from, and belong to the code that shows them."""

import copy
import itertools
import json
import statistics
import sys
import zlib
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from torch import nn

from seminar import records

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import record  # noqa: E402


@pytest.mark.parametrize("name", sorted(record.EXPERIMENTS))
def test_a_record_tells_its_source_and_was_made_by_the_code_as_it_is(name):
    source = records.load(name).source
    assert list(source) == ["command", "seeds", "date", "versions", "hardware"]
    assert source["command"] == f"python tools/record.py {name}"
    assert source["seeds"] == ", ".join(map(str, record.SEEDS))
    stale = record.stale(name)
    assert not stale, f"the code of {stale} has changed: python tools/record.py {name}"


def test_every_record_has_its_experiment():
    assert {path.stem for path in record.RECORDS.iterdir()} == set(record.EXPERIMENTS)


def test_an_unknown_record_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"no record 'x'.*'03_initialization'"):
        records.load("x")


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    """`recorder(parts, *names)` runs tools/record.py there: the record of 03, with other parts."""

    def run(parts, *names):
        monkeypatch.setattr(record, "EXPERIMENTS", {"03_initialization": parts})
        monkeypatch.setattr(sys, "argv", ["record.py", "03_initialization", *names])
        record.main()
        monkeypatch.setattr(records, "files", lambda _: tmp_path)
        return records.load("03_initialization")

    monkeypatch.setattr(record, "RECORDS", tmp_path / "assets/records")
    monkeypatch.setattr(record, "UNFINISHED", tmp_path / "unfinished")
    return run


def test_the_recorder_runs_a_part_on_every_seed_and_writes_what_load_reads(recorder, monkeypatch):
    monkeypatch.setattr(record, "SEEDS", range(2))
    short = partial(record.race, epochs=1, width=8)
    runs = recorder({"short": short}).runs
    for found in runs["short"].values():
        assert len(found) == 2
        assert all(0 < error <= 1 for errors in found for error in errors)
    assert set(runs["short"]) == {"22 He", "22 Xavier", "30 He", "30 Xavier"}


def test_an_interrupted_recording_goes_on_where_it_was(recorder, tmp_path, capsys):
    seen = []

    def part(seed):
        seen.append(seed)
        if seen == [0, 1, 2]:
            raise KeyboardInterrupt
        return {("a", "b"): seed, ("a", "c"): [seed, -seed], ("d",): {"x": seed}}

    def other(seed):
        return {(): 10 * seed}

    assert recorder({"other": other}).runs == {"other": [0, 10, 20, 30, 40]}
    with pytest.raises(KeyboardInterrupt):
        recorder({"other": other, "part": part})
    kept = json.loads((tmp_path / "assets/records/03_initialization.json").read_text())
    assert list(kept) == ["other"]
    runs = recorder({"other": other, "part": part}).runs
    assert seen == [0, 1, 2, 2, 3, 4]
    assert runs["other"] == [0, 10, 20, 30, 40]
    assert runs["part"]["a"] == {"b": [0, 1, 2, 3, 4], "c": [[i, -i] for i in range(5)]}
    assert runs["part"]["d"] == [{"x": i} for i in range(5)]
    assert "part: goes on from seed 2" in capsys.readouterr().out
    assert not list(tmp_path.glob("unfinished/*/*"))
    assert recorder({"other": other, "part": part}).runs == runs  # nothing is stale
    assert len(seen) == 6
    recorder({"other": other, "part": part}, "part")  # it is named
    assert seen[6:] == [0, 1, 2, 3, 4]


def test_what_was_begun_with_other_code_is_not_gone_on_with(recorder):
    def stopped(seed, factor):
        if seed == 3:
            raise KeyboardInterrupt
        return {(): factor * seed}

    with pytest.raises(KeyboardInterrupt):
        recorder({"part": partial(stopped, factor=1)})
    with pytest.raises(KeyboardInterrupt):
        recorder({"part": partial(stopped, factor=2)})
    (begun,) = record.UNFINISHED.glob("*/*")
    assert json.loads(begun.read_text())["seeds"] == [[[[], 0]], [[[], 2]], [[[], 4]]]


def test_an_unknown_part_is_refused_with_those_that_there_are(recorder, capsys):
    with pytest.raises(SystemExit):
        recorder({"one": None, "two": None}, "tow")
    assert "has no part 'tow'; its parts are 'one', 'two'" in capsys.readouterr().err


def test_what_is_stale_is_listed_without_recording(recorder, capsys):
    def part(seed, factor=1):
        return {(): factor * seed}

    runs = recorder({"one": part, "two": part}).runs
    capsys.readouterr()
    assert recorder({"one": part, "two": partial(part, factor=2)}, "--list").runs == runs
    assert capsys.readouterr().out == "two\n"


def test_parts_recorded_at_different_times_say_when(recorder, tmp_path):
    recorder({"a": lambda seed: {(): seed}, "b": lambda seed: {(): -seed}})
    path = tmp_path / "assets/records/03_initialization.json"
    kept = json.loads(path.read_text())
    kept["a"]["source"]["date"] = "2026-01-01"
    kept["b"]["source"]["date"] = "2026-02-02"
    path.write_text(json.dumps(kept))
    source = records.load("03_initialization").source
    assert source["date"] == "2026-01-01 (a); 2026-02-02 (b)"
    assert source["seeds"] == "0, 1, 2, 3, 4"


CODE = '''"""A room."""
import math

SIZE = 3


def fit_stack(net):
    """What it does."""
    return helper(net) + SIZE  # a comment


def helper(net):
    return math.pi


def other():
    return 1
'''


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ("import math", "import math as math", False),
        ("What it does.", "Said otherwise.", False),
        ("a comment", "another", False),
        ("return 1", "return 2", False),  # of a function that the part does not reach
        ("math.pi", "math.e", True),
        ("SIZE = 3", "SIZE = 4", True),
    ],
)
def test_a_part_is_stale_when_the_code_that_it_reaches_has_changed(
    old, new, stale, tmp_path, monkeypatch
):
    room = tmp_path / "seminar/experiments/residual_learning.py"
    room.parent.mkdir(parents=True)
    monkeypatch.setattr(record, "ROOT", tmp_path)
    marks = []
    for text in (CODE, CODE.replace(old, new)):
        room.write_text(text, encoding="utf-8")
        record.definitions.cache_clear()
        marks.append(record.mark(record.identity))  # calls residual_learning.fit_stack
    record.definitions.cache_clear()
    assert (marks[0] != marks[1]) == stale


def test_another_setting_of_the_same_function_is_another_part():
    assert record.mark(partial(record.race, epochs=8)) != record.mark(
        partial(record.race, epochs=9)
    )
    assert record.mark(record.race) != record.mark(record.identity)


def test_the_500_steps_were_taken_at_the_best_learning_rates():
    rates = records.load("04_batch_normalization").runs["learning rates"]
    for name, best in record.BEST.items():
        medians = {lr: statistics.median(losses) for lr, losses in rates[name].items()}
        assert min(medians, key=medians.get) == f"{best:g}", name


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
    """Stands for the experiments: its numbers depend on what is given, and on nothing learned."""

    def __getattr__(self, name):
        return lambda *given, **named: self._draw(name, given, named)

    def _draw(self, *what):
        return zlib.crc32(repr(what).encode()) / 2**32

    def load_digits(self):
        return "digits"

    def network(self, *given, **named):
        """A network that knows what it was built with, and has a BN to be set to 0."""
        net = nn.Module()
        net.bn2, net.drawn = nn.BatchNorm2d(1), self._draw(given, named)
        return net

    relu_net = build = stack = network

    def race(self, nets, digits, epochs=8, **named):
        for n in range(1, epochs + 1):
            yield {name: [self._draw(net.drawn, i) for i in range(n)] for name, net in nets.items()}

    def blocks_of(self, net):
        return [net]

    def branch_sizes(self, net, digits):
        return [self._draw(net.drawn, i) for i in range(9)]

    def fit_stack(self, net, steps=200, **named):
        return [self._draw(net.drawn, named, i) for i in range(steps)]

    def learn(self, net, *given, epochs=5, **changed):
        errors = [self._draw(net.drawn, given, changed, i) for i in range(epochs)]
        return SimpleNamespace(train_error=errors, test_error=errors[::-1])

    def learn_and_look(self, net, *given):
        sizes = {n: [self._draw(net.drawn, n, i) for i in range(9)] for n in (1, 5, 10, 20, 40)}
        return self.learn(net), sizes | {n: [self._draw(net.drawn, n)] for n in (80, 160)}


class PretendedSteps(Pretended):
    """For notebook 04, whose `learn` gives the losses after every step, and may diverge."""

    def learn(self, net, digits, lr, clip, steps, seed):
        losses = [self._draw(net.drawn, lr)] * steps
        if lr == 1.0 and clip is None:
            losses[-1] = float("nan")
        return (losses[: step + 1] for step in range(steps))

    def late(self, losses):
        return sum(losses[-25:]) / 25

    def smooth(self, losses):
        return [], [self._draw(losses, i) for i in range(len(losses) // 10)]

    def final_loss(self, bn, digits, lr, *given):
        return float("inf") if lr == 3.0 else self._draw(bn, lr, given)

    def overfit(self, *setup):
        return [self._draw(setup, i) for i in range(3)]


@pytest.mark.parametrize("name", sorted(record.EXPERIMENTS))
def test_an_experiment_measures_every_setting_of_its_record_on_every_seed(name, monkeypatch):
    monkeypatch.setattr(record, "initialization", Pretended())
    monkeypatch.setattr(record, "residual_learning", Pretended())
    monkeypatch.setattr(record, "batch_normalization", PretendedSteps())
    runs = {}
    for part, measure in record.EXPERIMENTS[name].items():
        runs[part] = record.together([list(measure(seed).items()) for seed in record.SEEDS])
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
