"""Weights of small networks that come with the package: trained here, by recorded runs."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import as_file, files
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

KEY = "seminar"  # of the JSON among a safetensors file's metadata
_FOLDER = files("seminar").joinpath("assets/weights")


class WeightsError(RuntimeError):
    """Weights that are damaged, or another model's: the message says which, and what to do."""


class Weights(NamedTuple):
    """The tensors by name; about: classes, mean and std of the images, the run, its errors."""

    tensors: dict[str, Tensor]
    about: dict[str, Any]


def names() -> list[tuple[str, str]]:
    """(weights, model) of all there are, such as ("cifar10-jpeg", "resnet_cifar20")."""
    return [tuple(file.removesuffix(".safetensors").split("/")) for file in _sums()]  # type: ignore[misc]


def load(weights: str, model: str) -> Weights:
    """The `weights` of `model`, their checksum verified.

    ValueError if there are none, with those that there are; WeightsError if the file is damaged.
    """
    from safetensors import safe_open

    if (weights, model) not in names():
        known = ", ".join(f"{name!r} of {of}" for name, of in names())
        raise ValueError(f"there are no weights {weights!r} of {model}; there are {known}")
    file = f"{weights}/{model}.safetensors"
    with as_file(_FOLDER.joinpath(file)) as path:
        sum_ = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"
        if sum_ != _sums()[file]:
            raise WeightsError(
                f"{path} is damaged: its SHA-256 checksum is {sum_}, not {_sums()[file]}. Install "
                "the package anew, or restore the file from the repository"
            )
        with safe_open(path, "pt") as opened:
            about = json.loads(opened.metadata()[KEY])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    return Weights(tensors, about)


def _sums() -> dict[str, str]:
    """File → its checksum; `sha256sum --check SHA256SUMS` reads the same list."""
    lines = _FOLDER.joinpath("SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {file: sum_ for sum_, file in (line.split("  ") for line in lines)}


def fill(model: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Load `tensors` into `model`. WeightsError, naming `what`, if they are another model's."""
    mine = model.state_dict()
    # BN's counters of batches are younger than some published files, and nothing reads them.
    counters = {name for name in mine if name.endswith("num_batches_tracked")}
    missing = sorted(mine.keys() - tensors.keys() - counters)
    extra = sorted(tensors.keys() - mine.keys())
    other = [
        f"{name} is {tuple(tensors[name].shape)} there and {tuple(mine[name].shape)} here"
        for name in sorted(mine.keys() & tensors.keys())
        if tensors[name].shape != mine[name].shape
    ]
    if missing or extra or other:
        said = [*other[:1], *(f"{name} is missing there" for name in missing[:1])]
        said += [f"{name} is only there" for name in extra[:1]]
        raise WeightsError(f"{what} holds the weights of another model: {'; '.join(said)}")
    with torch.no_grad():
        for name, tensor in tensors.items():
            mine[name].copy_(tensor)
