"""What differs from the papers, and why: for each model the paper's value and ours."""

import tomllib
from importlib.resources import files
from typing import NamedTuple

from torch import nn


class Entry(NamedTuple):
    """One line of a ledger."""

    what: str
    paper: str
    ours: str
    why: str


def entries(name: str, model: nn.Module) -> list[Entry]:
    """The ledger of `model`, whose name is `name`, from assets/ledger.toml."""
    text = files("seminar").joinpath("assets/ledger.toml").read_text(encoding="utf-8")
    ledger = tomllib.loads(text)
    paper, why = ledger["parameters"].get(name, ("not given", "counted from the model"))
    ours = f"{sum(p.numel() for p in model.parameters()):,}"
    family = name if name in ledger["models"] else name.rstrip("0123456789")
    lines = [line for group in ledger["models"][family] for line in ledger["lines"][group]]
    return [Entry("parameters", paper, ours, why), *(Entry(*line) for line in lines)]
