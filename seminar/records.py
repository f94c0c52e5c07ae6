"""Recorded runs: what takes too long for a notebook, kept with where it comes from.

`python tools/record.py NAME` makes a record anew; see there.
"""

import json
from importlib.resources import files
from typing import Any, NamedTuple


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
