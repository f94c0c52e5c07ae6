"""Recorded runs: what takes too long for a notebook, kept with where it comes from.

`python tools/record.py NAME` makes a record anew; see there.
"""

import json
import os
import platform
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import torch


class Record(NamedTuple):
    """What was measured, and how: `runs` by part; `source`: the command, seeds, versions, …."""

    runs: dict[str, Any]
    source: dict[str, str]


def load(name: str) -> Record:
    """The record `name`, such as "03_initialization". ValueError if there is none, with those
    that there are.
    """
    folder = files("seminar").joinpath("assets/records")
    known = sorted(path.name.removesuffix(".json") for path in folder.iterdir())
    if name not in known:
        raise ValueError(f"there is no record {name!r}; there are {', '.join(map(repr, known))}")
    parts = json.loads(folder.joinpath(f"{name}.json").read_text(encoding="utf-8"))
    source = {}
    for what in ("command", "seeds", "date", "versions", "hardware"):
        said: dict[str, list[str]] = {}  # recorded at several times, parts may differ
        for part, found in parts.items():
            said.setdefault(found["source"][what], []).append(part)
        source[what] = "; ".join(said)
        if len(said) > 1:
            source[what] = "; ".join(f"{text} ({', '.join(of)})" for text, of in said.items())
    return Record({part: found["runs"] for part, found in parts.items()}, source)


def runs() -> dict[str, dict[str, Any]]:
    """The long training runs that are kept, as `python -m seminar train` logged them, by file.

    Each has its command, date, versions, hardware, plan (model, data, seed, …), steps, seconds,
    epochs (training and held-out errors) and final errors.
    """
    folder = files("seminar").joinpath("assets/runs")
    found = sorted(folder.iterdir(), key=lambda file: file.name)
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in found}


def published() -> list[dict[str, Any]]:
    """What others found on CIFAR-10: name, where, what, and error: model → percent, as a text."""
    text = files("seminar").joinpath("assets/published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["source"]


def hardware(device: torch.device | None = None) -> str:
    """What `device`, or else the best there is, computes with: the GPU, or the processor."""
    if torch.cuda.is_available() if device is None else device.type == "cuda":
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").split("\n") if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor()
    # With another number of threads sums are rounded otherwise, and a run may end elsewhere.
    return f"{processor}, {os.cpu_count()} CPUs, torch threads: {torch.get_num_threads()}"


def versions() -> str:
    """What a run was made with."""
    return f"Python {platform.python_version()}, torch {torch.__version__}"
