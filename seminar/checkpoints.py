"""Checkpoints: one safetensors file with its JSON inside, never a pickle.

A file is written whole or not at all: what was there before stays until the new one is on the disk.
"""

import json
import os
import pickle
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .models.trained import KEY


class CheckpointError(RuntimeError):
    """A file that cannot be written or read, or that is another model's: the message says which."""


class Checkpoint(NamedTuple):
    """The tensors of a file by name, and its JSON: what they are of."""

    tensors: dict[str, Tensor]
    about: dict[str, Any]


def save(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write `tensors`, of any device and layout, and `about`, as JSON, to `path`.

    CheckpointError if the disk is full, the folder unwritable, …: then `path` is as it was.
    """
    from safetensors.torch import save as packed

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write(path, packed(plain, {KEY: json.dumps(about, ensure_ascii=False)}))


def write(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all. CheckpointError as in `save`."""
    draft = None
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as file:
            draft = file.name
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or a power cut leaves a name without content
        os.chmod(draft, 0o666 & ~_umask())  # a temporary file is its owner's only
        os.replace(draft, path)
    except OSError as error:
        kept = f"; what {path.name} held before is still there" if path.exists() else ""
        raise CheckpointError(
            f"{path} cannot be written ({error}){kept}. Make room on the disk, or name another "
            "folder"
        ) from error
    finally:
        if draft:
            Path(draft).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def load(path: Path) -> Checkpoint:
    """The checkpoint in `path`, on the CPU.

    CheckpointError if it cannot be read, or is no checkpoint of this package.
    """
    from safetensors import SafetensorError

    try:
        tensors, metadata = _unpacked(path.read_bytes())
        return Checkpoint(tensors, json.loads(metadata[KEY]))
    except KeyError as error:
        raise CheckpointError(
            f"{path} is no checkpoint of this package: its JSON is missing. `evaluate` reads "
            "weights of others, with --model"
        ) from error
    except (OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(
            f"{path} cannot be read ({error}): it is damaged, or no safetensors file"
        ) from error


def weights(path: Path) -> Checkpoint:
    """The weights in `path` by this package's names, and its JSON, empty if it has none.

    Of a checkpoint, of other safetensors files, or of what torch.save wrote (.pt, .pth, .th), also
    under "state_dict" or "model". Names may begin with "module.", as DataParallel leaves them, and
    the last layer may be "linear", as in the most used CIFAR ResNets.
    CheckpointError if the file cannot be read, or holds something else.
    """
    from safetensors import SafetensorError

    about: dict[str, Any] = {}
    found: Any
    try:
        content = path.read_bytes()
        # A safetensors file begins with the length of its JSON, then the JSON's brace.
        if content[8:9] == b"{":
            found, metadata = _unpacked(content)
            about = json.loads(metadata.get(KEY, "{}"))
        else:
            found = _unpickled(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read ({_first_line(error)})") from error
    for key in ("state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in found.items()
    ):
        raise CheckpointError(f"{path} holds no weights: a {type(found).__name__}, not tensors")
    if "plan" in about:  # a run's: the optimizer's tensors are beside the weights
        found = model_of(Checkpoint(found, about))
    return Checkpoint({_renamed(name): tensor for name, tensor in found.items()}, about)


def _unpacked(content: bytes) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the metadata of a safetensors file. SafetensorError if it is damaged.

    Of its bytes, not of the file: Windows lets nobody replace one that is mapped into memory.
    """
    from safetensors.torch import load as tensors_of

    tensors = tensors_of(content)  # first: it checks the header, too
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return tensors, header.get("__metadata__", {})


def _unpickled(path: Path) -> Any:
    """What torch.save wrote, if it is harmless. CheckpointError otherwise."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} is not read: it is damaged, or holds more than weights, which could run a "
            f"stranger's program ({_first_line(error)})"
        ) from error
    except Exception as error:  # of a file that is no such file it raises this and that
        raise CheckpointError(f"{path} cannot be read ({_first_line(error)})") from error


def _renamed(name: str) -> str:
    name = name.removeprefix("module.")
    return f"fc.{name.removeprefix('linear.')}" if name.startswith("linear.") else name


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]


def model_of(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """The model's tensors of a run's checkpoint, without the optimizer's."""
    return {
        name.removeprefix("model."): tensor
        for name, tensor in checkpoint.tensors.items()
        if name.startswith("model.")
    }
