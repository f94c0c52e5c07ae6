"""Data, the training loop and the probes."""

import math
import subprocess
import sys

import pytest
import torch
from PIL import Image
from torch import nn

from seminar import data, models, probe, settings, train


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist5k", device="cpu", size=14)


@pytest.fixture(scope="module")
def few(digits):
    cut = (data.Split(s.images[:200], s.labels[:200]) for s in (digits.train, digits.test))
    return data.Data("few", *cut, digits.classes, digits.mean, digits.std)


def tiny():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(196, 10))


def test_mnist5k_is_a_fixed_fair_split():
    d = data.load("mnist5k", device="cpu")
    assert d.train.images.shape == (4000, 1, 28, 28)
    assert d.train.labels.bincount().tolist() == [400] * 10
    assert d.test.labels.bincount().tolist() == [100] * 10
    assert d.train.labels[:10].tolist() == list(range(10))
    both = torch.cat([d.train.images, d.test.images]).flatten(1)
    assert len(both.unique(dim=0)) == 5000
    assert abs(d.train.images.mean()) < 1e-4
    assert d.train.images.std().item() == pytest.approx(1, abs=1e-3)
    pixels = d.pixels(d.test.images)
    torch.testing.assert_close(d.standardized(pixels), d.test.images, atol=1e-5, rtol=1e-4)


def test_importing_opens_no_heavy_room():
    code = (
        "import sys, seminar; from seminar import data; data.load('mnist5k', device='cpu');"
        "names = {'matplotlib', 'ipywidgets', 'torchvision', 'sklearn', 'pandas'};"
        "heavy = names & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_augment_gives_crops_and_mirrors_of_the_same_image():
    x = torch.randn(50, 2, 5, 4)
    y = data.augment(x, pad=1)
    for image, out in zip(x, y, strict=True):
        padded = nn.functional.pad(image, (1, 1, 1, 1))
        crops = [padded[:, i : i + 5, j : j + 4] for i in range(3) for j in range(3)]
        assert any(torch.equal(out, c) or torch.equal(out, c.flip(2)) for c in crops)
    assert torch.equal(data.augment(x, pad=0, flip=False), x)


def folder(path):
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (path / part / name).mkdir(parents=True)
            Image.new("RGB", (8, 6), (200, 10, 10)).save(path / part / name / "a.png")
    return path


def test_an_image_folder(tmp_path):
    d = data.load(f"folder:{folder(tmp_path)}", device="cpu")
    assert d.classes == ("cat", "dog")
    assert d.train.images.shape == (2, 3, 6, 8)


def spoil_image(path):
    (path / "train/cat/a.png").write_bytes(b"no image")


def spoil_class(path):
    (path / "test/dog/a.png").unlink()
    (path / "test/dog").rmdir()


def spoil_size(path):
    Image.new("RGB", (9, 6)).save(path / "test/cat/b.png")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [(spoil_image, "a.png cannot be read"), (spoil_class, "dog is missing"), (spoil_size, "size=")],
)
def test_a_spoiled_image_folder_is_named(tmp_path, spoil, says):
    spoil(folder(tmp_path))
    with pytest.raises(data.DataError, match=says):
        data.load(f"folder:{tmp_path}", device="cpu")


def test_no_network_leaves_nothing_half_written(tmp_path, monkeypatch):
    from torchvision import datasets

    monkeypatch.setattr(datasets.CIFAR10, "url", (tmp_path / "nowhere.tar.gz").as_uri())
    with pytest.raises(data.DataError, match="mnist5k"):
        data.load("cifar10", device="cpu", root=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_damaged_download_is_named(tmp_path):
    (tmp_path / "cifar10/cifar-10-batches-py").mkdir(parents=True)
    (tmp_path / "cifar10/cifar-10-batches-py/data_batch_1").write_bytes(b"half")
    with pytest.raises(data.DataError, match=r"data_batch_1 is damaged.*Delete"):
        data.load("cifar10", device="cpu", root=tmp_path)


def test_an_unknown_data_set():
    with pytest.raises(ValueError, match="'mnist5k'"):
        data.load("mnist5", device="cpu")


def test_same_seed_same_result_and_it_learns(few):
    runs = []
    for seed in (3, 3, 4):
        model = tiny()
        h = train.fit(model, few, epochs=3, batch_size=32, seed=seed, progress=False)
        assert not model.training
        runs.append((h.batch_loss, h.test_error, model[1].weight))
    assert runs[0][:2] == runs[1][:2]
    assert torch.equal(runs[0][2], runs[1][2])
    assert runs[0][0] != runs[2][0]
    assert len(runs[0][0]) == 3 * math.ceil(200 / 32)
    assert runs[0][0][-1] < runs[0][0][0] / 2


def test_both_precisions_and_every_schedule_run(few):
    for precision in ("float32", "bfloat16"):
        for schedule in ("one-cycle", "step", "constant"):
            h = train.fit(
                models.resnet_cifar(8, in_channels=1, width=4),
                few,
                epochs=1,
                precision=precision,
                schedule=schedule,
                augmented=True,
                progress=False,
            )
            assert math.isfinite(h.test_loss[-1])


def test_divergence_keeps_the_history(few):
    nan = data.Split(few.train.images * float("nan"), few.train.labels)
    spoiled = data.Data("nan", nan, few.test, few.classes, few.mean, few.std)
    with pytest.raises(train.TrainingDiverged, match="learning rate") as caught:
        train.fit(tiny(), spoiled, progress=False)
    assert len(caught.value.history.batch_loss) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"lr": 0.0},
        {"schedule": "cosine"},
        {"precision": "int8"},
        {"device": "abacus"},
        {"seed": -1},
    ],
)
def test_wrong_settings_come_before_training(few, wrong):
    model = tiny()
    before = model[1].weight.clone()
    with pytest.raises(ValueError, match=str(next(iter(wrong)))):
        train.fit(model, few, progress=False, **wrong)
    assert torch.equal(model[1].weight, before)


def test_too_few_outputs(few):
    with pytest.raises(ValueError, match="num_classes=10"):
        train.fit(nn.Sequential(nn.Flatten(), nn.Linear(196, 5)), few, progress=False)


def test_settings_from_the_environment(monkeypatch):
    monkeypatch.setenv("SEMINAR_SEED", "7")
    assert settings.seed() == 7
    monkeypatch.setenv("SEMINAR_DEVICE", "cpu")
    assert settings.device() == torch.device("cpu")
    monkeypatch.setenv("SEMINAR_PRECISION", "bfloat16")
    assert settings.bfloat16(torch.device("cpu")) is True
    monkeypatch.setenv("SEMINAR_DATA", "here")
    assert str(settings.data_folder()) == "here"


def test_probes_leave_the_model_alone():
    model = models.resnet_cifar(8, in_channels=1, width=4).train()
    x, y = torch.randn(4, 1, 14, 14), torch.arange(4)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    seen = probe.activations(model, x)
    assert next(iter(seen)) == "conv1"
    torch.testing.assert_close(seen["conv1"], model.conv1(x))
    found = probe.gradients(model, x, y)
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key
    assert all(p.grad is None for p in model.parameters())
    nn.functional.cross_entropy(model(x), y).backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad)


def test_cost_by_hand():
    layers = {x.name: x for x in probe.cost(models.lenet5(), (1, 32, 32))}
    assert layers["features.C3"].macs == 16 * 10 * 10 * 6 * 25
    assert layers["classifier.C5"].macs == 400 * 120
    assert sum(x.parameters for x in layers.values()) == 61_706
    with pytest.raises(ValueError, match="C, H, W"):
        probe.cost(models.lenet5(), (32, 32))
