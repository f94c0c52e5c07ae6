"""Weights that come with the package."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest
import torch

from seminar import data, models, records, train
from seminar.models import trained

FOLDER = Path(trained.__file__).parent.parent / "assets" / "weights"
NAMES = trained.names()
COPY = os.environ.get("SEMINAR_CIFAR10_JPEG")  # the images that they learned from, if they are here


def test_plain_and_residual_20_and_56_are_there():
    wanted = {f"{kind}_cifar{depth}" for kind in ("plain", "resnet") for depth in (20, 56)}
    assert {(weights, model) for weights, model in NAMES} == {("cifar10-jpeg", m) for m in wanted}


def test_they_are_small_and_all_are_listed():
    files = list(FOLDER.rglob("*.safetensors"))
    assert sum(file.stat().st_size for file in files) <= 5_000_000
    assert {file.relative_to(FOLDER).as_posix() for file in files} == set(trained._sums())


@pytest.mark.parametrize(("weights", "name"), NAMES)
def test_a_model_is_built_with_them(weights, name):
    torch.manual_seed(0)
    model = models.build(name, weights=weights)
    found = trained.load(weights, name)
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, found.tensors[key].to(tensor.dtype))
        assert torch.isfinite(tensor).all()
    assert found.about["model"] == name
    assert len(found.about["classes"]) == 10
    # They are those of the run whose log is kept.
    log = records.runs()[found.about["log"]]
    assert log["plan"]["model"] == name
    for what in ("command", "date", "hardware", "final"):
        assert found.about[what] == log[what]


@pytest.mark.skipif(not COPY, reason="SEMINAR_CIFAR10_JPEG does not name the images' folder")
def test_their_error_on_the_copys_test_set_is_the_runs():
    loaded = data.load(f"folder:{COPY}", device="cpu")
    for weights, name in NAMES:
        about = trained.load(weights, name).about
        assert tuple(about["classes"]) == loaded.classes
        torch.testing.assert_close(torch.tensor(about["mean"]), loaded.mean)
        torch.testing.assert_close(torch.tensor(about["std"]), loaded.std)
        _, error = train.evaluate(models.build(name, weights=weights), loaded.test, "auto")
        # Halved to float16, and perhaps computed in another precision.
        assert error == pytest.approx(about["final"]["test_error"], abs=0.002), name


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the weights of one network, to be damaged."""
    weights, name = NAMES[0]
    path = tmp_path / weights / f"{name}.safetensors"
    path.parent.mkdir()
    shutil.copy(FOLDER / weights / path.name, path)
    shutil.copy(FOLDER / "SHA256SUMS", tmp_path)
    monkeypatch.setattr(trained, "_FOLDER", tmp_path)
    return path


@pytest.mark.parametrize("place", [0, 5000, -1])
def test_a_damaged_file_is_refused(folder, place):
    content = bytearray(folder.read_bytes())
    content[place] ^= 1
    folder.write_bytes(content)
    says = f"{folder.name} is damaged: its SHA-256.*{hashlib.sha256(content).hexdigest()}"
    with pytest.raises(trained.WeightsError, match=says):
        models.build(folder.stem, weights="cifar10-jpeg")


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_a_missing_or_empty_file_is_refused(folder, damage):
    damage(folder)
    with pytest.raises(trained.WeightsError, match=r"is damaged.*Install the package anew"):
        models.build(folder.stem, weights="cifar10-jpeg")


@pytest.mark.parametrize(
    ("name", "weights"), [("resnet_cifar20", "cifar10"), ("resnet_cifar26", "cifar10-jpeg")]
)
def test_weights_that_there_are_not(name, weights):
    says = rf"no weights '{weights}' of {name}; there are .*'cifar10-jpeg' of plain_cifar20"
    with pytest.raises(ValueError, match=says):
        models.build(name, weights=weights)


def test_they_are_of_ten_classes_and_of_width_16():
    for other, says in (({"num_classes": 100}, "fc.bias"), ({"width": 8}, "bn1.bias")):
        with pytest.raises(trained.WeightsError, match=f"weights='cifar10-jpeg'.*{says}"):
            models.build("plain_cifar20", weights="cifar10-jpeg", **other)
