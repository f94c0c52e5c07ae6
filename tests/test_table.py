"""The tables of docs/training.md say what the logs, others, and the benchmark say."""

import json
import re
import sys
from pathlib import Path

import pytest
import torch
from test_runs import make_folder

from seminar import checkpoints, data, models, records, runs
from seminar.__main__ import main
from seminar.models import trained

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import benchmark  # noqa: E402
import keep_run  # noqa: E402
import table  # noqa: E402


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    monkeypatch.setenv("SEMINAR_DEVICE", "cpu")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_documents_tables_are_up_to_date(language):
    text = table.DOCS[language].read_text(encoding="utf-8")
    assert table.written(text, language) == text, "python tools/table.py"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_log_is_linked_and_no_other(language):
    text = table.DOCS[language].read_text(encoding="utf-8")
    linked = re.findall(r"\(\.\./(seminar/assets/runs/[^)]+)\)", text)
    assert sorted(linked) == sorted(f"seminar/assets/runs/{file}" for file in records.runs())


@pytest.mark.parametrize("log", records.runs().values(), ids=list(records.runs()))
def test_a_log_tells_all_that_a_run_needs(log):
    plan = runs.Plan(**log["plan"])
    assert f"--model {plan.model} " in log["command"]
    assert f"--seed {plan.seed} " in log["command"]
    assert log["versions"].startswith("Python 3.")
    assert log["hardware"]
    assert log["seconds"] >= sum(epoch["seconds"] for epoch in log["epochs"])
    assert plan.held_out == 5_000
    assert log["epochs"][-1]["step"] == log["steps"]
    last = log["epochs"][-1]["held_out_error"]
    assert log["final"]["held_out_error"] == pytest.approx(last, abs=1e-6)
    assert 0 < log["final"]["train_error"] < log["final"]["test_error"] + 0.05
    assert "/" not in log["command"].replace("--out runs/", "")  # no path of a machine


def test_others_errors_are_of_models_that_there_are():
    for source in records.published():
        assert set(source["error"]) <= set(models.names())
        assert source["where"].startswith(("arXiv:", "github.com/"))


def test_several_seeds_are_one_row(monkeypatch):
    log = next(iter(records.runs().values()))
    others = {}
    for seed, error in ((0, 0.1), (1, 0.2), (2, 0.15)):
        plan = log["plan"] | {"seed": seed}
        final = log["final"] | {"test_error": error}
        others[f"{seed}.json"] = log | {"plan": plan, "final": final, "seconds": 60.0 * (1 + seed)}
    monkeypatch.setattr(records, "runs", lambda: others)
    head, row = table.ours("en")
    found = dict(zip(head, row, strict=True))
    assert found["test error %"] == "15.00 (10.00–20.00)"
    assert found["seeds"] == "0, 1, 2"
    assert found["minutes a run"] == "2 (1–3)"
    assert "--seed {0,1,2}" in found["command"]
    assert found["logs"].count(".json") == 3
    assert "of 64,000 steps; JPEG copy" in found["not the paper's"]


# --- keeping a run


@pytest.fixture
def done(tmp_path, monkeypatch):
    """A finished run, and empty folders to keep it in."""
    monkeypatch.setattr(keep_run, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(keep_run, "WEIGHTS", tmp_path / "weights")
    (tmp_path / "runs").mkdir()
    folder = make_folder(tmp_path / "images")
    args = ("--model", "resnet_cifar8", "--data", f"folder:{folder}", "--recipe", "short")
    args = (*args, "--epochs", 2, "--threads", 1, "--quiet", "--out", tmp_path / "out")
    assert main(["train", *map(str, args)]) == 0
    return tmp_path / "out"


def test_a_finished_run_is_kept(done, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["keep_run.py", str(done), "--weights", "some"])
    keep_run.main()
    kept = keep_run.RUNS / "resnet_cifar8-images-short-0.json"
    assert kept.read_bytes() == (done / runs.LOG).read_bytes()
    monkeypatch.setattr(trained, "_FOLDER", keep_run.WEIGHTS)
    assert trained.names() == [("some", "resnet_cifar8")]
    model = models.build("resnet_cifar8", weights="some", num_classes=3)
    found = checkpoints.model_of(checkpoints.load(done / runs.CHECKPOINT))
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, found[name], rtol=1e-3, atol=1e-4)
    about = trained.load("some", "resnet_cifar8").about
    assert about["log"] == kept.name
    assert about["classes"] == ["a", "b", "c"]


def test_weights_that_float16_would_change_stay_whole(done, monkeypatch):
    errors = iter([0.2, 0.202])
    monkeypatch.setattr(keep_run.train, "evaluate", lambda *_: (0.0, next(errors)))
    path = keep_run.keep_weights(done, "some")
    assert checkpoints.load(path).tensors["conv1.weight"].dtype == torch.float32


def test_a_run_that_is_not_over_is_not_kept(done):
    log = json.loads((done / runs.LOG).read_text())
    (done / runs.LOG).write_text(json.dumps(log | {"final": {}}))
    with pytest.raises(SystemExit, match="go on with --resume"):
        keep_run.keep_log(done)
    assert not list(keep_run.RUNS.iterdir())


# --- speed


def test_the_benchmark_measures_both_loops_on_the_same_images(tmp_path):
    loaded = data.load(f"folder:{make_folder(tmp_path, side=8, train=100)}", device="cpu")
    found = benchmark.measure(loaded, "resnet_cifar8", steps=5, threads=1)
    assert found["workers"] in (0, 1, 2)
    ms = found["ms a step"]
    assert found["times as fast"] == pytest.approx(ms["ordinary"] / ms["ours"], rel=0.05)
    assert 0 < found["of the matrix product"] < 1


def test_both_loops_train(tmp_path, monkeypatch):
    loaded = data.load(f"folder:{make_folder(tmp_path, side=8, train=100)}", device="cpu")
    torch.manual_seed(0)
    nets = []
    build = models.build
    monkeypatch.setattr(models, "build", lambda *a, **k: nets.append(build(*a, **k)) or nets[-1])
    net = models.build("resnet_cifar8", num_classes=3)
    descent = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(15):
        for _ in benchmark.ordinary(benchmark.dataset(loaded), net, descent, 0):
            pass
    for _ in benchmark.ours(loaded, "resnet_cifar8", 15):
        pass
    assert len(nets) == 2
    for net in nets:
        right = net.eval()(loaded.train.images).argmax(1) == loaded.train.labels
        assert right.float().mean() > 0.8


def test_the_operations_of_a_step_are_those_of_its_convolutions():
    with torch.device("meta"):
        convolution = torch.nn.Conv2d(3, 16, 3, padding=1, bias=False)
    # ResNet-20 has 41 million multiply-adds an image; backward twice as many, but not into images.
    macs = 40.81e6
    first = convolution.weight.numel() * 32 * 32
    expected = benchmark.BATCH * 2 * (3 * macs - first)
    assert benchmark.flops("resnet_cifar20", (3, 32, 32), 10) == pytest.approx(expected, rel=0.01)


def test_what_was_measured_is_kept_and_an_epoch_is_more_than_twice_as_fast():
    found = json.loads(benchmark.SPEED.read_text(encoding="utf-8"))
    assert found["steps"] == 352
    assert found["precision"] == "bfloat16"
    assert found["times as fast"] > 2
