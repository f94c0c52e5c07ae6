"""Make recorded runs anew: what takes too long for a notebook, with the functions that it shows.

python tools/record.py NAME           the parts of seminar/assets/records/NAME.json, such as
                                      03_initialization, whose code has changed since, or are new
python tools/record.py NAME PART …    these parts
python tools/record.py NAME --list    say which parts have changed, and record nothing

One seed of a part after the other is kept in build/records: a recording that was interrupted goes
on from there when it is called again.
"""

import argparse
import ast
import datetime
import functools
import json
import math
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

import sources
from notebooks import bare
from seminar import records
from seminar.experiments import batch_normalization, initialization, residual_learning

ROOT = sources.ROOT.parent
RECORDS = ROOT / "seminar" / "assets" / "records"
UNFINISHED = ROOT / "build" / "records"
SEEDS = range(5)
HIGHEST = 99.0  # a loss above it, or one that is no number any more, is kept as this

Found = dict[tuple[str, ...], Any]  # what one seed of a part gives: where in the record → value
Part = Callable[[int], Found]
Setup = dict[str, Any]


# --- 03: training errors after each epoch


def race(seed: int, bn: bool = False, width: int = 256, **train: Any) -> Found:
    """The four networks of the seminar's figure."""
    nets = {
        (f"{depth} {scheme}",): initialization.relu_net(depth, scheme.lower(), bn, width, seed)
        for depth in (22, 30)
        for scheme in ("He", "Xavier")
    }
    *_, last = initialization.race(nets, initialization.load_digits(), seed=seed, **train)
    return {where: [round(error, 5) for error in found] for where, found in last.items()}


INITIALIZATION: dict[str, Part] = {
    "clipped": race,
    "not clipped": functools.partial(race, clip=None),
    "Adam": functools.partial(race, optimizer=torch.optim.Adam, lr=1e-3),
    "128 units": functools.partial(race, width=128),
    "40 epochs": functools.partial(race, epochs=40),
    "BN": functools.partial(race, bn=True, clip=None),
    "BN, clipped": functools.partial(race, bn=True),
}


# --- 04: losses with and without batch normalization

NETWORKS: dict[str, tuple[Setup, float | None]] = {  # network, clip
    "without BN, not clipped": ({"bn": False}, None),
    "without BN, clipped at 0.3": ({"bn": False}, 0.3),
    "without BN, clipped at 1": ({"bn": False}, 1.0),
    "with BN": ({"bn": True}, None),
    "with BN, stirred": ({"bn": True, "stir": 0.25}, None),
}
BEST = {  # the learning rate with the lowest median in "learning rates", which a test compares
    "without BN, not clipped": 0.01,
    "without BN, clipped at 1": 0.1,
    "with BN": 0.1,
    "with BN, stirred": 0.1,
}


def losses(seed: int, build: Setup, lr: float, clip: float | None, steps: int) -> list[float]:
    """After every step; all are the highest if one is no number any more."""
    net, digits = batch_normalization.network(**build, seed=seed), batch_normalization.load_digits()
    for found in batch_normalization.learn(net, digits, lr, clip, steps, seed=seed):
        if not math.isfinite(found[-1]):
            return [HIGHEST] * steps
    return [min(loss, HIGHEST) for loss in found]


def late(seed: int, build: Setup, lr: float, clip: float | None) -> float:
    """The mean of the last of 125 steps."""
    return round(batch_normalization.late(losses(seed, build, lr, clip, 125)), 4)


def learning_rates(seed: int) -> Found:
    """Network → learning rate → the late loss."""
    rates = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
    return {
        (name, f"{lr:g}"): late(seed, build, lr, clip)
        for name, (build, clip) in NETWORKS.items()
        for lr in rates
    }


def stirred_by(seed: int) -> Found:
    """How much → the late loss."""
    doses = (0.125, 0.25, 0.5, 1.0)
    return {(f"{most:g}",): late(seed, {"bn": True, "stir": most}, 0.1, None) for most in doses}


def steps_500(seed: int) -> Found:
    """Network at its best learning rate → the mean loss of every 10 steps."""
    found: Found = {}
    for name, lr in BEST.items():
        build, clip = NETWORKS[name]
        _, means = batch_normalization.smooth(losses(seed, build, lr, clip, 500))
        found[name,] = [round(mean, 4) for mean in means]
    return found


def loss_map(seed: int) -> Found:
    """Network → "gain learning-rate" → the final loss."""
    digits = batch_normalization.load_digits()
    maps = {
        "without BN, 60 steps": (False, 60),
        "without BN, 250 steps": (False, 250),
        "with BN, 60 steps": (True, 60),
    }
    found: Found = {}
    for name, (bn, steps) in maps.items():
        for gain in (0.25, 0.5, 1.0, 2.0, 4.0):
            for lr in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0):
                loss = batch_normalization.final_loss(bn, digits, lr, gain, steps, seed)
                found[name, f"{gain:g} {lr:g}"] = round(min(loss, HIGHEST), 4)
    return found


def digits_500(seed: int) -> Found:
    """Network and learning rate → training loss, test loss, test error."""
    digits = batch_normalization.load_digits()
    setups: dict[str, tuple[bool, float, bool]] = {
        **{f"without BN {lr:g}": (False, lr, False) for lr in (0.003, 0.01, 0.03)},
        **{f"with BN {lr:g}": (True, lr, False) for lr in (0.01, 0.03, 0.1)},
        "with BN, from all 500 0.1": (True, 0.1, True),
    }
    return {
        (name,): [round(x, 5) for x in batch_normalization.overfit(bn, digits, lr, quiet, seed)]
        for name, (bn, lr, quiet) in setups.items()
    }


BATCH_NORMALIZATION: dict[str, Part] = {
    "500 steps": steps_500,
    "learning rates": learning_rates,
    "stirred by": stirred_by,
    "map": loss_map,
    "500 digits": digits_500,
}


# --- 05: errors of plain and residual networks


def errors(seed: int, net: nn.Module, **changed: Any) -> dict[str, list[float]]:
    """After every epoch."""
    history = residual_learning.learn(net, residual_learning.load_digits(), seed, **changed)
    return {
        "training": [round(error, 5) for error in history.train_error],
        "test": [round(error, 5) for error in history.test_error],
    }


def by_depth(seed: int) -> Found:
    """Network → its errors."""
    return {
        (f"{kind}-{depth}",): errors(seed, residual_learning.build(depth, option, seed))
        for depth in (8, 14, 20, 32, 44, 56)
        for kind, option in (("plain", None), ("ResNet", "A"))
    }


def epochs_20(seed: int) -> Found:
    """Plain network → its errors."""
    shallow, *deep = (residual_learning.build(depth, None, seed) for depth in (20, 56, 56))
    return {
        ("plain-20",): errors(seed, shallow, epochs=20),
        ("plain-56",): errors(seed, deep[0], epochs=20),
        ("plain-56, clipped at 1",): errors(seed, deep[1], epochs=20, clip=1.0),
    }


def rescue(seed: int) -> Found:
    """What is tried to make plain-56 learn → its errors."""
    tried: dict[str, Setup] = {
        "clipped at 1": {"clip": 1.0},
        "clipped at 0.1": {"clip": 0.1},
        "learning rate 0.01": {"lr": 0.01},
        "7 epochs": {"epochs": 7},
    }
    found: Found = {
        (name,): errors(seed, residual_learning.build(56, None, seed), **changed)
        for name, changed in tried.items()
    }
    net = residual_learning.build(56, None, seed)
    errors(seed, net, epochs=2, lr=0.001, schedule="constant")
    found["2 epochs at 0.001, then 5",] = errors(seed, net)
    return found


def zero_gamma(seed: int) -> Found:
    """ResNet-56 whose branches are 0 at the start → its errors."""
    net = residual_learning.build(56, "A", seed)
    for block in residual_learning.blocks_of(net):
        nn.init.zeros_(block.bn2.weight)
    return {("ResNet-56",): errors(seed, net)}


def weight_decay(seed: int) -> Found:
    """Decay → ResNet-20's errors, and how large its branches are in the end."""
    found: Found = {}
    for decay in (0.0, 0.001, 0.01):
        net = residual_learning.build(20, "A", seed)
        measured = errors(seed, net, epochs=20, weight_decay=decay)
        sizes = residual_learning.branch_sizes(net, residual_learning.load_digits())
        found[f"{decay:g}",] = {**measured, "sizes": [round(size, 4) for size in sizes]}
    return found


def identity(seed: int) -> Found:
    """Stack and learning rate → its first relative error, and the mean of the last 20."""
    found: Found = {}
    for kind in ("plain", "residual", "residual from 0"):
        for bn in (False, True):
            for lr in (0.001, 0.003, 0.01):
                net = residual_learning.stack(10, kind, bn, seed)
                steps = residual_learning.fit_stack(net, change=0.2, lr=lr, seed=seed)
                found[f"{kind}{', BN' * bn} {lr:g}",] = {
                    "first": round(steps[0], 4),
                    "last": round(statistics.mean(steps[-20:]), 4),
                }
    return found


RESIDUAL_LEARNING: dict[str, Part] = {
    "depth": by_depth,
    "20 epochs": epochs_20,
    "rescue": rescue,
    "zero γ": zero_gamma,
    "weight decay": weight_decay,
    "identity": identity,
}


# --- 07: last errors, and gradient norms by step and convolution


def watched(seed: int, depth: int, option: str | None) -> Found:
    """One network."""
    net, digits = residual_learning.build(depth, option, seed), residual_learning.load_digits()
    history, sizes = residual_learning.learn_and_look(net, digits, seed)
    measured = {
        "training": round(history.train_error[-1], 5),
        "test": round(history.test_error[-1], 5),
        "sizes": {str(n): [float(f"{x:.3g}") for x in xs] for n, xs in sizes.items()},
    }
    return {(): measured}


WHY_RESNET_WORKS: dict[str, Part] = {
    f"{kind}-{depth}": functools.partial(watched, depth=depth, option=option)
    for depth in (20, 56, 110)
    for kind, option in (("plain", None), ("ResNet", "A"))
}


EXPERIMENTS: dict[str, dict[str, Part]] = {
    "03_initialization": INITIALIZATION,
    "04_batch_normalization": BATCH_NORMALIZATION,
    "05_residual_learning": RESIDUAL_LEARNING,
    "07_why_resnet_works": WHY_RESNET_WORKS,
}


# --- recording


def record(name: str, part: str) -> None:
    """Run a part on every seed, each kept as soon as it is over, and write it into the record."""
    measure = EXPERIMENTS[name][part]
    source = {
        "command": f"python tools/record.py {name}",
        "seeds": ", ".join(map(str, SEEDS)),
        "date": datetime.date.today().isoformat(),
        "versions": records.versions(),
        "hardware": records.hardware(),
        "code": mark(measure),
    }
    unfinished = UNFINISHED / name / f"{part}.json"
    begun = _read(unfinished)
    done = begun.get("seeds", [])
    if any(begun.get("source", {}).get(key) != source[key] for key in source if key != "date"):
        done = []  # with other code, or elsewhere
    if done:
        print(f"{name}, {part}: goes on from seed {len(done)}", flush=True)
    for seed in SEEDS[len(done) :]:
        done.append([[list(where), value] for where, value in measure(seed).items()])
        _write(unfinished, {"source": source, "seeds": done})
        print(f"{name}, {part}: seed {seed}", flush=True)
    kept = _read(RECORDS / f"{name}.json")
    kept[part] = {"source": source, "runs": together(done)}
    _write(RECORDS / f"{name}.json", {p: kept[p] for p in EXPERIMENTS[name] if p in kept})
    unfinished.unlink()


def together(seeds: list[list[Any]]) -> Any:
    """What was measured in each place, a list with the value of every seed."""
    runs: dict[str, Any] = {}
    for i, (where, _) in enumerate(seeds[0]):
        values = [found[i][1] for found in seeds]
        if not where:
            return values
        inside = runs
        for name in where[:-1]:
            inside = inside.setdefault(name, {})
        inside[where[-1]] = values
    return runs


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")  # an interruption must not leave half of a file
    new.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def mark(measure: Part) -> str:
    """A mark of the code of a part: of its settings, and of the definitions that it reaches.

    In this file and in seminar/experiments, without comments, docstrings and imports.
    """
    setup: list[str] = []
    if isinstance(measure, functools.partial):
        setup = [f"{name}={value!r}" for name, value in measure.keywords.items()]
        measure = measure.func
    found: dict[tuple[str, str], str] = {}
    ahead = [("record", measure.__name__)]
    while ahead:
        place = ahead.pop()
        if place in definitions() and place not in found:
            node, found[place] = definitions()[place]
            ahead += reached(place[0], node)
    return sources.mark(*setup, *(found[place] for place in sorted(found)))


@functools.cache
def definitions() -> dict[tuple[str, str], tuple[ast.stmt, str]]:
    """(file, name) of every function, class and constant that a part may reach; and its code."""
    files = [Path(__file__), *sorted((ROOT / "seminar" / "experiments").glob("*.py"))]
    found: dict[tuple[str, str], tuple[ast.stmt, str]] = {}
    for file in files:
        text = bare(file.read_text(encoding="utf-8"))
        for node in ast.parse(text).body:
            first = min(n.lineno for n in ast.walk(node) if isinstance(n, (ast.stmt, ast.expr)))
            lines = "\n".join(text.splitlines()[first - 1 : node.end_lineno])  # decorators, too
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    found[file.stem, name] = node, lines
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(ast.Name(id=name)):
                    found[file.stem, name] = node, lines
    return found


def reached(file: str, node: ast.stmt) -> Iterator[tuple[str, str]]:
    """What a definition in `file` names: in the same file, or as file.name."""
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name):
                yield file, name
            case ast.Attribute(value=ast.Name(id=other), attr=name):
                yield other, name


def stale(name: str) -> list[str]:
    """The parts of a record whose code has changed since, or that it lacks."""
    kept = _read(RECORDS / f"{name}.json")
    return [
        part
        for part, measure in EXPERIMENTS[name].items()
        if kept.get(part, {}).get("source", {}).get("code") != mark(measure)
    ]


def main() -> None:
    """Record what is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted(EXPERIMENTS), metavar="NAME")
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    if unknown := sorted(set(given.parts) - set(EXPERIMENTS[given.name])):
        known = ", ".join(map(repr, EXPERIMENTS[given.name]))
        parser.error(f"{given.name} has no part {unknown[0]!r}; its parts are {known}")
    for part in given.parts or stale(given.name):
        if given.list:
            print(part)
        else:
            record(given.name, part)


if __name__ == "__main__":
    main()
