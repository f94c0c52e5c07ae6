"""The command line: python -m seminar train | evaluate | list.

examples:
  python -m seminar list
  python -m seminar train --model resnet_cifar20 --data cifar10 --out runs/resnet20
  python -m seminar train --model plain_cifar56 --recipe short --epochs 12 --seed 1 --out runs/p56
  python -m seminar train --out runs/resnet20 --resume
  python -m seminar train --model lenet5 --data mnist --out runs/lenet5
  torchrun --nproc-per-node 2 -m seminar train --model resnet_cifar56 --out runs/two
  python -m seminar evaluate runs/resnet20/checkpoint.safetensors
  python -m seminar evaluate resnet56.th --model resnet_cifar56 --data cifar10
"""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from . import checkpoints, data, models, runs, settings, train
from .checkpoints import CheckpointError
from .data import Data, DataError, Split
from .models.resnet import SHORTCUTS
from .models.trained import WeightsError, fill
from .runs import Interrupted, RunError, Team

EXAMPLES = (__doc__ or "").partition("\n\n")[2]  # after the first line
OPTIONS = ("width", "shortcut")  # of a model
# What gloo says when another process is gone.
LOST = re.compile("connection (closed|reset|refused)|broken pipe|timed out", re.IGNORECASE)


def parser() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    top = argparse.ArgumentParser(
        "python -m seminar", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True)

    def command(name: str, about: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=about,
            description=about + ".",
            epilog=EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            argument_default=argparse.SUPPRESS,  # what is not said is not there
        )

    learn = command("train", "train a model, or go on with a run")
    learn.add_argument("--out", type=Path, required=True, help="folder for checkpoint, log, curves")
    learn.add_argument(
        "--resume", action="store_true", help="go on with the run in --out, to the same end"
    )
    _what(learn)
    learn.add_argument(
        "--recipe",
        choices=runs.RECIPES,
        help="paper: He et al. 2015, 64,000 steps, default of the CIFAR nets; short: one-cycle, "
        f"{runs.SHORT_EPOCHS} epochs",
    )
    learn.add_argument("--epochs", type=int, help="how long, and with it the schedule")
    learn.add_argument("--steps", type=int, help="the same in steps")
    learn.add_argument("--batch-size", type=int, help="default 128, of all processes together")
    learn.add_argument("--lr", type=float, help="the highest learning rate")
    learn.add_argument("--momentum", type=float, help="default 0.9")
    learn.add_argument("--weight-decay", type=float, help="default 1e-4")
    learn.add_argument(
        "--augmented",
        action=argparse.BooleanOptionalAction,
        help="pad by 4, crop, mirror; default: yes, but not for MNIST",
    )
    learn.add_argument("--held-out", type=int, help="training images to watch, default 5000")
    learn.add_argument("--seed", type=int, help="default SEMINAR_SEED, else 0")
    learn.add_argument("--threads", type=int, help="default: as many as pay (tried at the start)")
    learn.add_argument("--quiet", action="store_true", help="no progress bar")

    judge = command("evaluate", "measure a checkpoint, or weights of others, on a data set")
    judge.add_argument(
        "file", type=Path, help="a checkpoint of train, .safetensors, .pt, .pth, .th"
    )
    judge.add_argument("--split", choices=("test", "train"), help="default test")
    judge.add_argument("--mean", help="of the channels that the weights were trained with: r,g,b")
    judge.add_argument("--std", help="the same of their standard deviations")
    _what(judge)

    command("list", "list models, data sets and recipes")
    return top


def _what(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", help="a name of `list`, such as resnet_cifar20")
    command.add_argument("--data", help=f"{', '.join(data.NAMES)}; default cifar10")
    command.add_argument("--width", type=int, help="of the CIFAR nets' first stage, default 16")
    command.add_argument("--shortcut", choices=SHORTCUTS, help="of the CIFAR ResNets")
    command.add_argument("--size", type=int, help="scale every image to size×size")
    command.add_argument("--device", help="cpu, cuda, mps; default: the best there is")
    command.add_argument(
        "--precision",
        choices=settings.PRECISIONS,
        help="default bfloat16 where the hardware has it",
    )


def main(arguments: list[str] | None = None) -> int:
    """Do what `arguments` (else the command line's) say; the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    said = vars(parser().parse_args(arguments))
    command = said.pop("command")
    try:
        if command == "train":
            # What began a run is what is kept: these two change nothing in its result.
            return _train(said, [a for a in arguments if a not in ("--resume", "--quiet")])
        return {"evaluate": _evaluate, "list": _list}[command](said)
    except (ValueError, DataError, CheckpointError, WeightsError, RunError) as error:
        rank = os.environ.get("RANK", "0")
        print(f"error{f' in process {rank}' if rank != '0' else ''}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


# --- train


def _train(said: dict[str, Any], arguments: list[str]) -> int:
    out, resume, quiet = said.pop("out"), said.pop("resume", False), said.pop("quiet", False)
    options = {name: said.pop(name) for name in OPTIONS if name in said}
    said |= {"options": options} if options else {}
    plan, found = _plan(out, resume, said)
    team = Team(plan.device)
    run = None
    try:
        if found and found.about["state"]["final"]:
            if team.first:
                _finish(out, found.about["log"])
            return 0
        run = runs.Run(plan, out, team, _command(arguments), found)
        if team.first:
            print(_introduction(run))
        log = run.go(progress=not quiet)
        if team.first:
            _finish(out, log)
        return 0
    except Interrupted:
        if team.first and run:
            again = _command(["train", "--out", str(out), "--resume"])
            print(f"interrupted after step {run.state.step}; go on with: {again}")
        return 130
    except torch.OutOfMemoryError as error:
        raise RunError(f"the memory of {team.device} is full: lower --batch-size") from error
    except RuntimeError as error:
        lost = isinstance(error, dist.DistError) or LOST.search(str(error))
        if team.size == 1 or not lost:
            raise
        if run and run.asked_to_end == signal.SIGINT:
            return 130  # the first process says it
        raise RunError(
            f"another process of this run has ended ({str(error).splitlines()[0]}). {out} holds "
            "its last checkpoint: start all of them again with --resume"
        ) from error
    finally:
        team.close()


def _plan(
    out: Path, resume: bool, said: dict[str, Any]
) -> tuple[runs.Plan, checkpoints.Checkpoint | None]:
    """What to do, and the checkpoint to go on from, if there is one. RunError if `out` forbids."""
    file = out / runs.CHECKPOINT
    said["processes"] = int(os.environ.get("WORLD_SIZE", 1))
    if file.exists():
        if not resume:
            raise RunError(
                f"{out} holds a run: go on with --resume, or name another folder as --out"
            )
        found = checkpoints.load(file)
        if "plan" not in found.about:
            raise RunError(f"{file} holds weights only, not a run to go on with")
        try:
            plan = runs.Plan(**found.about["plan"])
            runs.State(**found.about["state"])
        except TypeError as error:
            raise RunError(f"{file} is of another version of this package: {error}") from error
        for name, value in said.items():
            if value != "auto" and (was := getattr(plan, name)) != value:
                raise RunError(
                    f"the run in {out} is one with {name} {was!r}, not {value!r}: leave the option "
                    "out to go on with it, or name another folder as --out"
                )
        return plan, found
    if "model" not in said:
        raise RunError(
            f"{out} holds no run to go on with: --model begins one, `list` has the names"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise RunError(
            f"{out} cannot be written ({error}); name another folder as --out"
        ) from error
    said["seed"] = settings.seed(said.get("seed"))
    if said.get("threads"):
        settings.threads(said["threads"])
    return runs.plan(**said), None


def _command(arguments: list[str]) -> str:
    """The command line with `arguments`, as one would type it."""
    size = os.environ.get("WORLD_SIZE")
    program = f"torchrun --nproc-per-node {size} -m" if size else "python -m"
    quoted = subprocess.list2cmdline if sys.platform == "win32" else shlex.join
    return f"{program} seminar {quoted(arguments)}"


def _introduction(run: runs.Run) -> str:
    plan, team = run.plan, run.team
    count = sum(p.numel() for p in run.model.parameters())
    begun = f", going on after step {run.state.step}" if run.state.step else ""
    return (
        f"{plan.model}, {count:,} parameters, on {plan.data}: {len(run.train):,} images to learn, "
        f"{len(run.held_out):,} held out, {len(run.test):,} for the test at the end\n"
        f"recipe {plan.recipe}: {run.total:,} steps of {plan.batch_size}, {run.an_epoch} an epoch, "
        f"seed {plan.seed}; {team.device.type}, {plan.precision}, threads: {plan.threads}, "
        f"processes: {team.size}{begun}"
    )


def _summary(final: dict[str, float]) -> str:
    return (
        f"training error {final['train_error']:.2%}, held out {final['held_out_error']:.2%}, "
        f"test {final['test_error']:.2%}"
    )


def _finish(out: Path, log: dict[str, Any]) -> None:
    """What follows the last checkpoint: the log once more, if a kill came between, and curves."""
    runs.write_log(out, log)
    if not (out / runs.CURVES).exists():
        _draw(log, out / runs.CURVES)
    print(f"at the end: {_summary(log['final'])}; {log['seconds']:.0f} s; {out}")


def _draw(log: dict[str, Any], path: Path) -> None:
    """The curves of a finished run as a picture."""
    from .figures import lines

    epochs = range(1, len(log["epochs"]) + 1)
    curves = {
        name: (epochs, [epoch[key] for epoch in log["epochs"]])
        for name, key in (("training error", "train_error"), ("held-out error", "held_out_error"))
    }
    plan = log["plan"]
    title = f"{plan['model']} on {plan['data']}, seed {plan['seed']}"
    picture = lines(curves, title, x="epoch", y="wrong answers", percent=True)
    checkpoints.write(path, picture.png())


# --- evaluate


def _evaluate(said: dict[str, Any]) -> int:
    """Print loss and error of the weights in a file."""
    file = said["file"]
    found = checkpoints.weights(file)
    trained = found.about.get("plan", found.about)  # of a run, or of weights that were kept
    name = said.get("model") or trained.get("model")
    if not name:
        raise RunError(f"{file} does not say which model it is of: say --model NAME")
    device = settings.device(said.get("device"))
    loaded = data.load(
        said.get("data") or trained.get("data", "cifar10"),
        device,
        size=said.get("size") or trained.get("size"),
    )
    options = dict(trained.get("options", {})) | {o: said[o] for o in OPTIONS if o in said}
    projects = any(".downsample." in key for key in found.tensors)  # as some published ones do
    if name.startswith("resnet_cifar") and projects:
        options.setdefault("shortcut", "B")
    plan = runs.Plan(name, options=options)
    model = runs.build(plan, len(loaded.classes), loaded.train.images.shape[1])
    fill(model, found.tensors, str(file))
    split = _as_trained(said, found.about, loaded)
    precision = said.get("precision", "auto")
    loss, error = train.evaluate(model.to(device), split, precision)
    part = said.get("split", "test")
    print(f"{name} on {loaded.name}, {part}: loss {loss:.4f}, error {error:.2%} of {len(split):,}")
    return 0


def _as_trained(said: dict[str, Any], about: dict[str, Any], loaded: Data) -> Split:
    """The images to measure on, standardized as those that the weights have learned from."""
    split = loaded.train if said.get("split") == "train" else loaded.test
    mean, std = (
        _channels(name, said[name], len(loaded.mean)) if name in said else about.get(name)
        for name in ("mean", "std")
    )
    mean, std = (
        torch.tensor(theirs, device=mine.device) if theirs is not None else mine
        for theirs, mine in ((mean, loaded.mean), (std, loaded.std))
    )
    if torch.equal(mean, loaded.mean) and torch.equal(std, loaded.std):
        return split
    pixels = split.images * loaded.std[:, None, None] + loaded.mean[:, None, None]
    return Split((pixels - mean[:, None, None]) / std[:, None, None], split.labels)


def _channels(name: str, said: str, number: int) -> list[float]:
    try:
        values = [float(value) for value in said.split(",")]
    except ValueError:
        values = []
    if len(values) != number:
        raise RunError(f"--{name} is {said!r}; it must be {number} numbers, such as 0.49,0.48,0.45")
    return values


# --- list


def _list(said: dict[str, Any]) -> int:
    print("models, with 10 classes:")
    for name in models.names():
        with torch.device("meta"):
            count = sum(p.numel() for p in models.build(name, num_classes=10).parameters())
        print(f"  {name:24} {count:>13,} parameters")
    print(f"data sets: {', '.join(data.NAMES)}")
    print(f"recipes: {', '.join(runs.RECIPES)} (train --help)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
