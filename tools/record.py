"""Make a recorded run anew, with the code of the notebook that shows it.

python tools/record.py NAME …    write seminar/assets/records/NAME.json, such as 03_initialization
"""

import argparse
import datetime
import json
import os
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

import notebooks as tool

RECORDS = tool.ROOT.parent / "seminar" / "assets" / "records"
SEEDS = range(5)


def sources(notebook: str, ids: tuple[str, ...]) -> list[str]:
    """The code cells `ids` of `notebook`."""
    cells = {
        cell.id: cell.source for cell in tool.read(tool.ROOT / "en" / f"{notebook}.ipynb").cells
    }
    return [cells[name] for name in ids]


def initialization(of: dict[str, Any], seeds: range = SEEDS) -> dict[str, Any]:
    """Training errors after each epoch: variant → "depth scheme" → a list for each seed."""
    variants: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # of relu_net, of race
        "clipped": ({}, {}),
        "not clipped": ({}, {"clip": None}),
        "Adam": ({}, {"optimizer": partial(torch.optim.Adam, lr=1e-3)}),
        "128 units": ({"width": 128}, {}),
        "40 epochs": ({}, {"epochs": 40}),
        "BN": ({"bn": True}, {"clip": None}),
        "BN, clipped": ({"bn": True}, {}),
    }
    runs: dict[str, dict[str, list[list[float]]]] = {}
    for variant, (build, train) in variants.items():
        runs[variant] = {}
        for seed in seeds:
            of["seed"] = seed
            nets = {
                f"{depth} {scheme}": of["relu_net"](depth, scheme.lower(), **build)
                for depth in (22, 30)
                for scheme in ("He", "Xavier")
            }
            *_, errors = of["race"](nets, **train)
            for name, values in errors.items():
                runs[variant].setdefault(name, []).append([round(e, 5) for e in values])
            print(variant, seed, {name: values[-1] for name, values in errors.items()}, flush=True)
    return runs


EXPERIMENTS: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "03_initialization": (("imports", "nets", "race"), initialization),
}


def hardware() -> str:
    """The processor, or the GPU that the experiments run on."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    lines = info.read_text().split("\n") if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} CPUs"


def main() -> None:
    """Run the experiments that are named, and write what they gave."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="+", choices=sorted(EXPERIMENTS), metavar="NAME")
    for name in parser.parse_args().names:
        ids, experiment = EXPERIMENTS[name]
        code = sources(name, ids)
        of: dict[str, Any] = {}
        for source in code:
            exec(source, of)
        record = {
            "runs": experiment(of),
            "source": {
                "command": f"python tools/record.py {name}",
                "seeds": ", ".join(map(str, SEEDS)),
                "date": datetime.date.today().isoformat(),
                "versions": f"Python {platform.python_version()}, torch {torch.__version__}",
                "hardware": hardware(),
                "code": tool.mark(*code),  # a test compares it with the notebook's
            },
        }
        text = json.dumps(record, ensure_ascii=False, indent=1)
        (RECORDS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
