"""Make a recorded run anew, with the code of the notebook that shows it.

python tools/record.py NAME …    write seminar/assets/records/NAME.json, such as 03_initialization
"""

import argparse
import datetime
import json
import math
import os
import platform
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

import sources

RECORDS = sources.ROOT.parent / "seminar" / "assets" / "records"
SEEDS = range(5)
HIGHEST = 99.0  # a loss above it, or one that is no number any more, is kept as this


def code(notebook: str, ids: tuple[str, ...]) -> list[str]:
    """The code cells `ids` of `notebook`."""
    cells = sources.cells(sources.ROOT / "source" / f"{notebook}.py")
    return [cells[name][""].source for name in ids]


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


def batch_normalization(of: dict[str, Any], seeds: range = SEEDS) -> dict[str, Any]:
    """Losses with and without batch normalization: what → network → a number or a list a seed."""
    nets: dict[str, tuple[dict[str, Any], float | None]] = {  # of network, clip
        "without BN, not clipped": ({"bn": False}, None),
        "without BN, clipped at 0.3": ({"bn": False}, 0.3),
        "without BN, clipped at 1": ({"bn": False}, 1.0),
        "with BN": ({"bn": True}, None),
        "with BN, stirred": ({"bn": True, "stir": 0.25}, None),
    }
    runs: dict[str, dict[str, Any]] = {
        "500 steps": {},
        "learning rates": {},
        "stirred by": {},
        "map": {},
        "500 digits": {},
    }

    def losses(build: dict[str, Any], lr: float, clip: float | None, steps: int) -> list[float]:
        for found in of["learn"](of["network"](**build), lr, clip, steps):
            if not math.isfinite(found[-1]):
                return [HIGHEST] * steps  # no number any more
        return [min(loss, HIGHEST) for loss in found]

    def late(build: dict[str, Any], lr: float, clip: float | None) -> float:
        return round(of["late"](losses(build, lr, clip, 125)), 4)

    for seed in seeds:
        of["seed"] = seed
        for name, (build, clip) in nets.items():
            by_rate = runs["learning rates"].setdefault(name, {})
            for lr in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0):
                by_rate.setdefault(f"{lr:g}", []).append(late(build, lr, clip))
        for most in (0.125, 0.25, 0.5, 1.0):
            loss = late({"bn": True, "stir": most}, 0.1, None)
            runs["stirred by"].setdefault(f"{most:g}", []).append(loss)
        maps = {
            "without BN, 60 steps": (False, 60),
            "without BN, 250 steps": (False, 250),
            "with BN, 60 steps": (True, 60),
        }
        for name, (bn, steps) in maps.items():
            by_place = runs["map"].setdefault(name, {})
            for gain in (0.25, 0.5, 1.0, 2.0, 4.0):
                for lr in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0):
                    loss = round(min(of["final_loss"](bn, lr, gain, steps), HIGHEST), 4)
                    by_place.setdefault(f"{gain:g} {lr:g}", []).append(loss)
        few: dict[str, tuple[Any, ...]] = {
            **{f"without BN {lr:g}": (False, lr) for lr in (0.003, 0.01, 0.03)},
            **{f"with BN {lr:g}": (True, lr) for lr in (0.01, 0.03, 0.1)},
            "with BN, from all 500 0.1": (True, 0.1, True),
        }
        for name, setup in few.items():
            found = [round(value, 5) for value in of["overfit"](*setup)]
            runs["500 digits"].setdefault(name, []).append(found)
        print(
            seed,
            {name: rates["0.1"][-1] for name, rates in runs["learning rates"].items()},
            flush=True,
        )
    for name, (build, clip) in nets.items():
        if "at 0.3" in name:
            continue
        rates = runs["learning rates"][name]
        best = min(rates, key=lambda lr: statistics.median(rates[lr]))
        found = []
        for seed in seeds:
            of["seed"] = seed
            _, values = of["smooth"](losses(build, float(best), clip, 500))
            found.append([round(value, 4) for value in values])
        runs["500 steps"][name] = found
    return runs


def residual_learning(of: dict[str, Any], seeds: range = SEEDS) -> dict[str, Any]:
    """Errors of plain and residual networks: what → network → for each seed what was measured."""
    build, learn = of["build"], of["learn"]
    runs: dict[str, dict[str, list[Any]]] = {}

    def keep(what: str, name: str, found: Any) -> None:
        runs.setdefault(what, {}).setdefault(name, []).append(found)

    def errors(net: Any, **changed: Any) -> dict[str, list[float]]:
        history = learn(net, **changed)
        return {
            "training": [round(error, 5) for error in history.train_error],
            "test": [round(error, 5) for error in history.test_error],
        }

    for seed in seeds:
        of["seed"] = seed
        for depth in (8, 14, 20, 32, 44, 56):
            keep("depth", f"plain-{depth}", errors(build(depth)))
            keep("depth", f"ResNet-{depth}", errors(build(depth, "A")))
        for depth in (20, 56):
            keep("20 epochs", f"plain-{depth}", errors(build(depth), epochs=20))
        keep("20 epochs", "plain-56, clipped at 1", errors(build(56), epochs=20, clip=1.0))

        for name, changed in {
            "clipped at 1": {"clip": 1.0},
            "clipped at 0.1": {"clip": 0.1},
            "learning rate 0.01": {"lr": 0.01},
        }.items():
            keep("rescue", name, errors(build(56), **changed))
        keep("rescue", "7 epochs", errors(build(56), epochs=7))
        net = build(56)
        learn(net, epochs=2, lr=0.001, schedule="constant")
        keep("rescue", "2 epochs at 0.001, then 5", errors(net))

        net = build(56, "A")
        for module in net.modules():
            if hasattr(module, "bn2"):
                torch.nn.init.zeros_(module.bn2.weight)
        keep("zero γ", "ResNet-56", errors(net))

        for decay in (0.0, 0.001, 0.01):
            net = build(20, "A")
            found = errors(net, epochs=20, weight_decay=decay)
            sizes = [round(size, 4) for size in of["branch_sizes"](net)]
            keep("weight decay", f"{decay:g}", {**found, "sizes": sizes})

        for kind in ("plain", "residual", "residual from 0"):
            for bn in (False, True):
                for lr in (0.001, 0.003, 0.01):
                    steps = of["fit_stack"](of["stack"](10, kind, bn), change=0.2, lr=lr)
                    found = {
                        "first": round(steps[0], 4),
                        "last": round(statistics.mean(steps[-20:]), 4),
                    }
                    keep("identity", f"{kind}{', BN' * bn} {lr:g}", found)
        print(seed, {name: found[-1]["training"][-1] for name, found in runs["depth"].items()})
    return runs


def why_resnet_works(of: dict[str, Any], seeds: range = SEEDS) -> dict[str, Any]:
    """Network → for each seed its last errors, and gradient norms by step and convolution."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for seed in seeds:
        of["seed"] = seed
        for depth in (20, 56, 110):
            for kind, option in (("plain", None), ("ResNet", "A")):
                history, sizes = of["learn_and_look"](of["build"](depth, option))
                found = {
                    "training": round(history.train_error[-1], 5),
                    "test": round(history.test_error[-1], 5),
                    "sizes": {n: [float(f"{x:.3g}") for x in xs] for n, xs in sizes.items()},
                }
                runs.setdefault(f"{kind}-{depth}", []).append(found)
                print(seed, f"{kind}-{depth}", found["training"], flush=True)
    return runs


EXPERIMENTS: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "03_initialization": (("imports", "nets", "race"), initialization),
    "04_batch_normalization": (
        ("imports", "net", "learn", "final-loss", "few-net", "stir"),
        batch_normalization,
    ),
    "05_residual_learning": (("imports", "nets", "stack", "branch"), residual_learning),
    "07_why_resnet_works": (("imports", "nets", "watch"), why_resnet_works),
}


def hardware() -> str:
    """The processor, or the GPU that the experiments run on."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").split("\n") if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor()
    # With another number of threads sums are rounded otherwise, and a run may end elsewhere.
    return f"{processor}, {os.cpu_count()} CPUs, torch threads: {torch.get_num_threads()}"


def main() -> None:
    """Run the experiments that are named, and write what they gave."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="+", choices=sorted(EXPERIMENTS), metavar="NAME")
    for name in parser.parse_args().names:
        ids, experiment = EXPERIMENTS[name]
        cells = code(name, ids)
        of: dict[str, Any] = {}
        for cell in cells:
            exec(cell, of)
        record = {
            "runs": experiment(of),
            "source": {
                "command": f"python tools/record.py {name}",
                "seeds": ", ".join(map(str, SEEDS)),
                "date": datetime.date.today().isoformat(),
                "versions": f"Python {platform.python_version()}, torch {torch.__version__}",
                "hardware": hardware(),
                "code": sources.mark(*cells),  # a test compares it with the notebook's
            },
        }
        text = json.dumps(record, ensure_ascii=False, indent=1)
        (RECORDS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
