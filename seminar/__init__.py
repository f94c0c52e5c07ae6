"""A seminar on CNN architectures that one can run: the models, and what the notebooks need.

    import seminar
    seminar.language("en")              # or "ko": titles, axes, claims and hints
    seminar.models.build("resnet50")    # see seminar.models, .data, .train, .probe, …

Settings come from the environment; see `seminar.settings`.
"""

import sys
from importlib import import_module

from . import initialization, settings  # settings: the number of torch's threads
from .catalogue import language, t

# The public name; a file init.py would be taken for this one.
sys.modules[f"{__name__}.init"] = init = initialization

__version__ = "0.1.0"
__all__ = ["__version__", "init", "language", "settings", "t"]

_ROOMS = (
    *("checkpoints", "claims", "data", "experiments", "explorers", "figures", "homework"),
    *("layers", "models", "probe", "records", "runs", "train"),
)


def __getattr__(name: str):
    # A room opens when it is first entered: matplotlib, ipywidgets are slow to import.
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
