"""Recorded runs say where they come from, and belong to the code that shows them."""

import json
import sys
from pathlib import Path

import pytest

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
    assert found.source["code"] == record.tool.mark(*record.sources(name, ids)), (
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
