"""Checkpoints: whole or not at all, and the weights of others by our names."""

import errno
import json
import os
import stat

import pytest
import torch
from safetensors.torch import save_file
from test_runs import make_folder
from torch import nn

from seminar import checkpoints, data, models, runs, train
from seminar.__main__ import main
from seminar.checkpoints import CheckpointError
from seminar.models.trained import WeightsError, fill


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    monkeypatch.setenv("SEMINAR_DEVICE", "cpu")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some.safetensors"


def test_what_is_saved_is_loaded(path):
    tensors = {
        "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "half": torch.randn(3).half(),
        "count": torch.tensor(7),
        "a view": torch.randn(4, 4)[1:3, ::2],
        "with a gradient": nn.Parameter(torch.randn(2)),
    }
    about = {"model": "resnet_cifar20", "한국어": [1, 2.5, None, True], "nested": {"lr": 0.1}}
    checkpoints.save(path, tensors, about)
    found = checkpoints.load(path)
    assert found.about == about
    assert found.tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found.tensors[name].dtype == tensor.dtype
        assert torch.equal(found.tensors[name], tensor)


def test_it_is_readable_by_all_who_may_read(path):
    checkpoints.save(path, {"x": torch.zeros(1)}, {})
    mask = os.umask(0)
    os.umask(mask)
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_what_was_there(path, monkeypatch, step):
    checkpoints.save(path, {"x": torch.zeros(1)}, {"first": 1})

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, step, full)
        with pytest.raises(CheckpointError, match=r"No space left.*held before is still there"):
            checkpoints.save(path, {"x": torch.ones(1)}, {"second": 2})
    assert checkpoints.load(path).about == {"first": 1}
    assert os.listdir(path.parent) == [path.name]


def test_interrupted_while_writing(path, monkeypatch):
    checkpoints.save(path, {"x": torch.zeros(1)}, {"first": 1})

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save(path, {"x": torch.ones(1)}, {})
    assert checkpoints.load(path).about == {"first": 1}
    assert os.listdir(path.parent) == [path.name]


def test_a_folder_that_there_is_not(path):
    with pytest.raises(CheckpointError, match="cannot be written"):
        checkpoints.save(path.parent / "none" / "x.safetensors", {}, {})


def test_every_cut_of_a_file_is_noticed(path):
    checkpoints.save(path, {"x": torch.randn(10), "y": torch.randn(5)}, {"some": "json"})
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        for read in (checkpoints.load, checkpoints.weights):
            with pytest.raises(CheckpointError, match=r"cannot be read|is not read"):
                read(path)


def test_a_file_without_our_json(path):
    save_file({"x": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="no checkpoint of this package"):
        checkpoints.load(path)
    assert checkpoints.weights(path).about == {}


# --- published weights


def small(**kwargs):
    torch.manual_seed(0)
    return models.resnet_cifar(8, width=2, **kwargs)


def published(model):
    """The names of the most used CIFAR ResNets in PyTorch."""
    names = {name: name.replace("fc.", "linear.") for name in model.state_dict()}
    return {f"module.{names[name]}": t for name, t in model.state_dict().items()}


@pytest.mark.parametrize(
    "packed",
    [
        published,
        lambda model: {"state_dict": published(model), "best_prec1": 91.8, "epoch": 180},
        lambda model: {"model": model.state_dict()},
        lambda model: model.state_dict(),
        lambda model: {k: t for k, t in published(model).items() if "num_batches" not in k},
    ],
)
def test_weights_of_others_by_our_names(tmp_path, packed):
    ours, other = small(), small()
    with torch.no_grad():
        for p in ours.parameters():
            p.add_(1)
    torch.save(packed(ours), tmp_path / "some.th")
    fill(other, checkpoints.weights(tmp_path / "some.th").tensors, "it")
    assert all(
        torch.equal(p, q) for p, q in zip(ours.parameters(), other.parameters(), strict=True)
    )


def test_a_pickle_that_runs_something_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "trapped"),)

    torch.save({"state_dict": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(CheckpointError, match="stranger's program"):
        checkpoints.weights(tmp_path / "trap.pth")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("content", [b"hello world", b"a", b".", b"", b"GIF89a", b"PK\3\4no zip"])
def test_a_file_that_is_none(tmp_path, content):
    (tmp_path / "some.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"cannot be read|is not read"):
        checkpoints.weights(tmp_path / "some.pt")


def test_every_cut_of_a_pickle_is_noticed(tmp_path):
    torch.save(small().state_dict(), tmp_path / "some.pt")
    whole = (tmp_path / "some.pt").read_bytes()
    for length in range(0, len(whole), len(whole) // 23):
        (tmp_path / "some.pt").write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"cannot be read|is not read"):
            checkpoints.weights(tmp_path / "some.pt")


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, "text", {0: torch.zeros(1)}])
def test_a_file_without_weights(tmp_path, content):
    torch.save(content, tmp_path / "some.pt")
    with pytest.raises(CheckpointError, match="holds no weights"):
        checkpoints.weights(tmp_path / "some.pt")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.pop("fc.bias"), "fc.bias is missing there"),
        (lambda t: t.update(more=torch.zeros(1)), "more is only there"),
        (
            lambda t: t.update({"fc.weight": torch.zeros(100, 8)}),
            r"fc.weight is \(100, 8\) there and \(10, 8\) here",
        ),
    ],
)
def test_another_models_weights(change, says):
    model = small()
    before = model.fc.weight.clone()
    tensors = {name: t + 1 for name, t in model.state_dict().items()}
    change(tensors)
    with pytest.raises(WeightsError, match=f"^it holds the weights of another model: {says}"):
        fill(model, tensors, "it")
    assert torch.equal(model.fc.weight, before)


# --- evaluate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("images"), train=10)


def evaluated(capsys, *args, status=0):
    assert main(["evaluate", *map(str, args)]) == status
    said = capsys.readouterr()
    return said.out if status == 0 else said.err


@pytest.mark.parametrize("option", ["A", "B"])
def test_published_weights_are_measured(folder, tmp_path, capsys, option):
    # The names tell the shortcut: published networks have both.
    model = small(num_classes=3, shortcut=option)
    torch.save({"state_dict": published(model)}, tmp_path / "net.th")
    loaded = data.load(f"folder:{folder}", device="cpu")
    loss, error = train.evaluate(model, loaded.test)
    args = ("--model", "resnet_cifar8", "--width", 2, "--precision", "float32")
    said = evaluated(capsys, tmp_path / "net.th", *args, "--data", f"folder:{folder}")
    assert f"test: loss {loss:.4f}, error {error:.2%} of 15" in said
    # Theirs may have learned from images that were standardized otherwise.
    pixels = loaded.test.images * loaded.std[:, None, None] + loaded.mean[:, None, None]
    theirs = data.Split((pixels - 0.5) / 0.25, loaded.test.labels)
    loss, _ = train.evaluate(model, theirs)
    said = evaluated(
        capsys,
        *(tmp_path / "net.th", *args, "--data", f"folder:{folder}"),
        *("--mean", "0.5,0.5,0.5", "--std", ".25,.25,.25"),
    )
    assert f"loss {loss:.4f}" in said


def test_a_checkpoint_knows_its_model_its_data_and_its_standardization(folder, tmp_path, capsys):
    args = ("--model", "resnet_cifar8", "--width", 2, "--data", f"folder:{folder}", "--quiet")
    args = (*args, "--threads", 1, "--epochs", 1, "--out", tmp_path, "--precision", "float32")
    assert main(["train", *map(str, args)]) == 0
    final = json.loads((tmp_path / runs.LOG).read_text())["final"]
    capsys.readouterr()
    file = tmp_path / runs.CHECKPOINT
    said = evaluated(capsys, file, "--precision", "float32")
    assert f"loss {final['test_loss']:.4f}, error {final['test_error']:.2%} of 15" in said
    assert "of 30" in evaluated(capsys, file, "--split", "train")
    # On other images with the numbers of those that it has learned from.
    dark = make_folder(tmp_path / "dark", test=1, contrast=20)
    about = checkpoints.load(file).about
    model = small(num_classes=3)
    fill(model, checkpoints.weights(file).tensors, "it")
    other = data.load(f"folder:{dark}", device="cpu")
    pixels = other.test.images * other.std[:, None, None] + other.mean[:, None, None]
    mean, std = (torch.tensor(about[name])[:, None, None] for name in ("mean", "std"))
    loss, _ = train.evaluate(model, data.Split((pixels - mean) / std, other.test.labels))
    said = evaluated(capsys, file, "--data", f"folder:{dark}", "--precision", "float32")
    assert f"loss {loss:.4f}" in said


def test_weights_that_were_kept_know_their_model(folder, tmp_path, capsys):
    model = small(num_classes=3)
    about = {"model": "resnet_cifar8", "options": {"width": 2}, "mean": [0.5] * 3, "std": [0.2] * 3}
    checkpoints.save(tmp_path / "kept.safetensors", model.state_dict(), about)
    said = evaluated(capsys, tmp_path / "kept.safetensors", "--data", f"folder:{folder}")
    assert "resnet_cifar8" in said
    assert "of 15" in said


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "does not say which model it is of"),
        (("--model", "resnet_cifar14", "--width", "2"), "another model: layer1.1.bn1.bias is"),
        (("--model", "resnet_cifar8"), "another model: bn1.bias is (2,) there and (16,) here"),
        (("--model", "resnet_cifar8", "--width", "2", "--mean", "0.5"), "must be 3 numbers"),
        (("--model", "resnet_cifar8", "--width", "2", "--std", "a,b,c"), "must be 3 numbers"),
    ],
)
def test_what_evaluate_refuses(folder, tmp_path, capsys, args, says):
    torch.save(small(num_classes=3).state_dict(), tmp_path / "net.pt")
    said = evaluated(capsys, tmp_path / "net.pt", *args, "--data", f"folder:{folder}", status=1)
    assert says in said


def test_evaluate_without_a_file(capsys):
    assert "cannot be read" in evaluated(capsys, "nowhere.pt", status=1)


def test_list_has_every_model_with_its_parameters(capsys):
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in (*models.names(), *data.NAMES, *runs.RECIPES))
    assert "269,722" in said


@pytest.mark.parametrize("command", [[], ["train"], ["evaluate"], ["list"]])
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "python -m seminar train --model resnet_cifar20" in capsys.readouterr().out
