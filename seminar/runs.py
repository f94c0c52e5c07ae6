"""A long training run: by the paper's recipe, interrupted at any time, in one or more processes.

The step under it is `train.update`. What is random in a step is drawn from the seed and the step's
number: so weights, momentum and the number of steps are all that a run needs to go on, and several
processes draw alike.
"""

import contextlib
import copy
import datetime
import json
import math
import os
import re
import signal
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm.auto import tqdm

from . import checkpoints, checks, data, models, records, settings, train
from .checkpoints import Checkpoint
from .data import Split
from .models.trained import fill

CHECKPOINT, LOG, CURVES = "checkpoint.safetensors", "log.json", "curves.png"
RECIPES = ("paper", "short")
PAPER_STEPS = 64_000
SHORT_EPOCHS = 10
SAVE_EVERY = 300.0  # seconds, where an epoch takes longer
GLANCE = 20  # steps between two looks at the loss: a GPU has to be waited for


class RunError(RuntimeError):
    """A run that cannot begin or go on; the message says why, and what to do."""


class Interrupted(Exception):
    """Somebody asked the run to end, by Ctrl-C, say; the checkpoint is written."""


# --- what is to be done


@dataclass(frozen=True)
class Plan:
    """All that a run's result depends on, but for the machine. `plan` makes one."""

    model: str
    data: str = "cifar10"
    options: dict[str, Any] = field(default_factory=dict)  # of the model: width, shortcut, …
    size: int | None = None  # that images are scaled to
    recipe: str = "paper"
    epochs: int | None = None  # how long: either these
    steps: int | None = None  # or these
    batch_size: int = 128  # of all processes together
    lr: float = 0.1  # the highest
    momentum: float = 0.9
    weight_decay: float = 1e-4
    augmented: bool = True
    held_out: int = 5_000  # of the training images; a tenth of them at most
    seed: int = 0
    precision: str = "auto"
    threads: int | None = None  # of each process; None: as many as pay
    processes: int = 1
    device: str = "auto"


def plan(model: str, *, recipe: str | None = None, **given: Any) -> Plan:
    """What to do to train `model`: what is `given`, and all else by the recipe.

    "paper", the default of the CIFAR nets (He et al. 2015, section 4.2): SGD, momentum 0.9, weight
    decay 1e-4, mini-batches of 128, padded by 4, cropped and mirrored; the learning rate 0.1, a
    tenth of it after half and again after three quarters of the 64,000 steps; with 110 layers or
    more it begins at 0.01, until the training error is below 80 %. "short": the same with
    `train.fit`'s one-cycle schedule up to 0.2, 10 epochs. Other models than the CIFAR nets: up to
    0.05, for they may have no batch normalization. MNIST's digits are not mirrored, nor cropped.

    ValueError for settings that make no sense.
    """
    cifar = "_cifar" in model
    recipe = recipe or ("paper" if cifar else "short")
    checks.one_of("recipe", recipe, RECIPES)
    if recipe == "short":
        given.setdefault("lr", 0.2 if cifar else 0.05)
    given.setdefault("augmented", not given.get("data", "").startswith("mnist"))
    if not given.get("epochs") and not given.get("steps"):
        given |= {"steps": PAPER_STEPS} if recipe == "paper" else {"epochs": SHORT_EPOCHS}
    made = Plan(model, recipe=recipe, **given)
    if made.epochs and made.steps:
        raise ValueError("epochs and steps are both given; one of them says how long the run is")
    counts = {name: getattr(made, name) for name in ("epochs", "steps", "batch_size", "held_out")}
    checks.positive(**{what: count for what, count in counts.items() if count is not None})
    for what, value in (("lr", made.lr), ("weight_decay", made.weight_decay)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{what} is {value!r}; it must be a number of at least 0")
    checks.probability(momentum=made.momentum)
    if made.batch_size < 2 * made.processes:
        raise ValueError(
            f"batch_size is {made.batch_size} for {made.processes} processes together; each needs "
            "2 images at least, which batch normalization can average"
        )
    return made


def learning_rate(plan: Plan, step: int, total: int) -> float:
    """That of step `step`, counted from 0, of `total`, without the warm-up of deep networks."""
    if plan.recipe == "paper":
        return plan.lr * 0.1 ** ((step >= total / 2) + (step >= total * 3 / 4))
    # torch's OneCycleLR, which cannot be entered in its middle: up for 30 % of the steps.
    top = 0.3 * total - 1
    if step <= top:
        return _cosine(plan.lr / 25, plan.lr, step / top)
    return _cosine(plan.lr, plan.lr / 25e4, (step - top) / (total - 1 - top))


def _cosine(start: float, end: float, way: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * way)) / 2


def hold_out(split: Split, number: int) -> tuple[Split, Split]:
    """(the rest, `number` images) of `split`, at random, but the same ones for every seed.

    A tenth of `split` at most, and one at least.
    """
    number = max(1, min(number, len(split) // 10))
    order = np.random.default_rng(0).permutation(len(split))
    rest, out = (torch.from_numpy(np.sort(part)) for part in (order[number:], order[:number]))
    return Split(split.images[rest], split.labels[rest]), Split(
        split.images[out], split.labels[out]
    )


def build(plan: Plan, classes: int, channels: int) -> nn.Module:
    """The model of `plan`. ValueError for a model or an option that there is not."""
    try:
        return models.build(plan.model, num_classes=classes, in_channels=channels, **plan.options)
    except TypeError as error:
        options = ", ".join(plan.options)
        raise ValueError(f"{plan.model} does not take all of these options: {options}") from error


# --- who does it


class Team:
    """The processes of this run: one, or those that torchrun has started."""

    def __init__(self, device: str | None = None):
        self.rank = int(os.environ.get("RANK", 0))
        self.size = int(os.environ.get("WORLD_SIZE", 1))
        self.here = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
        self.device = settings.device(device)
        self.first = self.rank == 0  # the one that speaks and writes
        if self.size == 1:
            return
        if self.device.type == "mps":
            self.device = torch.device("cpu")  # between processes torch has nothing for MPS
        cuda = self.device.type == "cuda"
        if cuda:
            number, there = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
            if number >= there:
                raise RunError(
                    f"{self.here} processes on a machine with {there} GPUs: each needs its own; "
                    f"--nproc-per-node {there}, or --device cpu"
                )
            self.device = torch.device("cuda", number)
            torch.cuda.set_device(self.device)
        dist.init_process_group(
            "nccl" if cuda else "gloo",
            timeout=datetime.timedelta(hours=2),  # a download, or a large network's evaluation
            device_id=self.device if cuda else None,
        )

    def summed(self, numbers: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.size > 1:
            dist.all_reduce(numbers)
        return numbers

    def together(self, model: nn.Module) -> nn.Module:
        """`model`, taking every step with the other processes."""
        if self.size == 1:
            return model
        if self.device.type == "cuda":
            return DistributedDataParallel(model, device_ids=[self.device.index])
        return DistributedDataParallel(model)

    def wait(self) -> None:
        """Until all processes have come here."""
        if self.size > 1:
            dist.barrier()

    def close(self) -> None:
        """Part from the other processes."""
        if self.size > 1:
            dist.destroy_process_group()


# --- how far it is


@dataclass
class State:
    """What has been done and measured so far; with weights and momentum, all that goes on."""

    step: int = 0
    epochs: list[dict[str, float]] = field(default_factory=list)  # a line of the log each
    loss: float = 0.0  # of this epoch: the sum over its images,
    wrong: float = 0.0  # how many were classified wrongly,
    seen: float = 0.0  # of how many
    seconds: float = 0.0  # of this epoch's training
    wall: float = 0.0  # of everything
    warm: bool = False  # still at a tenth of the learning rate
    final: dict[str, float] = field(default_factory=dict)


class Run:
    """A run of `plan`, new or going on from `found`: `go` trains, measures and writes to `out`."""

    def __init__(
        self,
        plan: Plan,
        out: Path,
        team: Team,
        command: str,
        found: Checkpoint | None = None,
    ):
        self.out, self.team = out, team
        self.state = State(**found.about["state"]) if found else State()
        if not team.first:
            team.wait()  # until the first one has downloaded
        loaded = data.load(plan.data, device="cpu", size=plan.size)
        if team.first:
            team.wait()
        rest, held_out = hold_out(loaded.train, plan.held_out)
        self.plan = replace(plan, held_out=len(held_out))
        self.about = {
            "command": found.about["command"] if found else command,
            "classes": list(loaded.classes),
            "mean": loaded.mean.tolist(),
            "std": loaded.std.tolist(),
        }
        if found and not _same_images(found.about, self.about):
            raise RunError(
                f"{plan.data} is not what the run in {out} has begun with: its classes, mean or "
                "standard deviation are others. Restore it, or begin anew in another folder"
            )
        self.train, self.held_out = rest.to(team.device), held_out.to(team.device)
        self.test = loaded.test
        torch.manual_seed(plan.seed)
        model = build(plan, len(loaded.classes), rest.images.shape[1])
        with torch.no_grad():
            model.eval()(rest.images[:1])  # images that the model cannot take end the run here
        if found:
            fill(model, checkpoints.model_of(found), str(out / CHECKPOINT))
        elif plan.recipe == "paper":
            depth = re.search("_cifar([0-9]+)", plan.model)
            self.state.warm = depth is not None and int(depth[1]) >= 110
        self.bf16 = settings.bfloat16(team.device, plan.precision)
        if team.size > 1 and team.device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        self.model = model.to(team.device).to(memory_format=train.layout(team.device, self.bf16))
        self.plan = self._settled()
        self.descent = torch.optim.SGD(
            self.model.parameters(), plan.lr, plan.momentum, weight_decay=plan.weight_decay
        )
        if found:
            for name, p in self.model.named_parameters():
                if (momentum := found.tensors.get(f"momentum.{name}")) is not None:
                    # In the layout that the step has made it in: to the last bit the same sums.
                    buffer = torch.empty_like(p).copy_(momentum)
                    self.descent.state[p]["momentum_buffer"] = buffer
        self.together = team.together(self.model)
        self.cuts = train.cuts(len(self.train), plan.batch_size, 2 * team.size)
        self.an_epoch = len(self.cuts) + 1
        self.total = plan.steps or (plan.epochs or 1) * self.an_epoch
        # Loss, wrong, seen, as in the state; and how many processes were asked to end.
        so_far = [self.state.loss, self.state.wrong, self.state.seen, 0.0]
        self.sums = torch.tensor(so_far, device=team.device)
        self.order: Tensor | None = None
        self.asked_to_end = 0  # by which signal

    def _settled(self) -> Plan:
        """The plan with the precision and the threads that this machine computes with."""
        threads = self.plan.threads
        if threads is None:
            threads = self._threads_that_pay()
        return replace(
            self.plan,
            precision="bfloat16" if self.bf16 else "float32",
            threads=settings.threads(threads),
            device=self.team.device.type,
        )

    def _threads_that_pay(self) -> int:
        """As many as make a step at least a quarter faster than half as many do."""
        if os.environ.get("SEMINAR_THREADS") or self.team.device.type != "cpu":
            return settings.threads()
        processors = settings.processors()
        if self.team.size > 1 or processors == 1:
            return max(1, processors // self.team.here)
        model = copy.deepcopy(self.model)
        descent = torch.optim.SGD(model.parameters(), lr=1e-6)
        x, y = self.train.images[: self.plan.batch_size], self.train.labels[: self.plan.batch_size]

        def seconds(threads: int) -> float:
            settings.threads(threads)
            took = []
            for _ in range(4):
                start = time.perf_counter()
                train.update(model, descent, x, y, bf16=self.bf16)
                took.append(time.perf_counter() - start)
            return statistics.median(took[1:])  # the first one allocates

        best, now = 1, seconds(1)
        while (more := 2 * best) <= processors:
            if (then := seconds(more)) > 0.8 * now:
                break
            best, now = more, then
        return best

    # --- training

    def go(self, progress: bool = True) -> dict[str, Any]:
        """Train to the end; the log. Interrupted, or RunError, with a checkpoint to go on from."""
        state = self.state
        self.begun = self.saved = time.perf_counter()
        self.before = state.wall
        with (
            self._listening(),
            tqdm(
                total=self.total,
                initial=state.step,
                disable=not (progress and self.team.first),
                unit="step",
                dynamic_ncols=True,
            ) as bar,
        ):
            if self.team.first:
                for draft in self.out.glob(f".{CHECKPOINT}-*"):  # of a process killed as it wrote
                    draft.unlink(missing_ok=True)
            if not state.step:
                self._save()  # from here on --resume knows what to do
            while state.step < self.total:
                start = time.perf_counter()
                lr = self._step()
                if state.step % GLANCE == 0:
                    self._look(bar, lr)
                state.seconds += time.perf_counter() - start
                bar.update()
                leaving = self._all_asked_to_end()  # before the epoch's sums are gone
                if state.step % self.an_epoch == 0 or state.step == self.total:
                    self._end_epoch(bar, lr)
                elif leaving or time.perf_counter() - self.saved > SAVE_EVERY:
                    self._save()
                if leaving:
                    raise Interrupted
            if self.team.first and not state.final:
                bar.set_description("measuring")
                self._measure()
        return self.log()

    def _step(self) -> float:
        """One step, with the others; gives its learning rate."""
        plan, state, team = self.plan, self.state, self.team
        epoch, place = divmod(state.step, self.an_epoch)
        if self.order is None or place == 0:
            order = np.random.default_rng((plan.seed, epoch)).permutation(len(self.train))
            self.order = torch.from_numpy(order).to(team.device)
        batch = self.order.tensor_split(self.cuts)[place]
        _draw(plan.seed, state.step)
        x, y = self.train.images[batch], self.train.labels[batch]
        if plan.augmented:
            x = data.augment(x)  # all of it everywhere: in several processes as in one
        if team.size > 1:
            x, y = (part.tensor_split(team.size)[team.rank] for part in (x, y))
            _draw(plan.seed, state.step, 1 + team.rank)  # what dropout drops is each process's own
        lr = learning_rate(plan, state.step, self.total) * (0.1 if state.warm else 1)
        for group in self.descent.param_groups:
            group["lr"] = lr
        measured = torch.empty_like(self.sums)

        def loss(logits: Tensor, labels: Tensor) -> Tensor:
            value = F.cross_entropy(logits, labels, reduction="sum")
            measured[0], measured[2] = value.detach(), len(labels)
            measured[1] = (logits.argmax(1) != labels).sum()
            measured[3] = bool(self.asked_to_end)
            # The processes' gradients are averaged: to that of the mean over the whole batch.
            return value * (team.size / len(batch))

        train.update(self.together, self.descent, x, y, loss=loss, bf16=self.bf16)
        self.sums += team.summed(measured)
        state.step += 1
        return lr

    def _look(self, bar: tqdm, lr: float) -> None:
        """Show the epoch's loss so far, stop if it is no number, end the warm-up in time."""
        state = self.state
        state.loss, state.wrong, state.seen, _ = self.sums.tolist()
        loss, error = state.loss / state.seen, state.wrong / state.seen
        if not math.isfinite(loss):
            raise self._diverged()
        state.warm = state.warm and error >= 0.8
        bar.set_postfix(
            epoch=len(state.epochs) + 1, loss=f"{loss:.3f}", error=f"{error:.1%}", lr=f"{lr:.2g}"
        )

    def _end_epoch(self, bar: tqdm, lr: float) -> None:
        """A line for the log, and a checkpoint."""
        self._look(bar, lr)
        state = self.state
        if self.team.first:
            loss, error = self._evaluated(self.held_out)
            line = {
                "lr": lr,
                "train_loss": state.loss / state.seen,
                "train_error": state.wrong / state.seen,
                "held_out_loss": loss,
                "held_out_error": error,
                "seconds": state.seconds,
            }
            rounded = {what: float(f"{value:.8g}") for what, value in line.items()}
            state.epochs.append({"step": state.step, **rounded})
            bar.write(
                f"epoch {len(state.epochs)}: training error {line['train_error']:.1%}, "
                f"held out {error:.1%}, lr {lr:.2g}, {state.seconds:.0f} s"
            )
        else:
            state.epochs.append({})
        self.sums.zero_()
        state.loss = state.wrong = state.seen = state.seconds = 0.0
        self._save()

    def _evaluated(self, split: Split) -> tuple[float, float]:
        return train.evaluate(self.model, split, self.plan.precision)

    def _measure(self) -> None:
        """At the end, once: the training images as they are, and for the first time the test."""
        measured = {
            part: self._evaluated(split)
            for part, split in (
                ("train", self.train),
                ("held_out", self.held_out),
                ("test", self.test),
            )
        }
        for part, (loss, error) in measured.items():
            self.state.final |= {f"{part}_loss": loss, f"{part}_error": error}
        self._save()

    # --- keeping

    def _save(self) -> None:
        """The checkpoint, then the log, which says what the checkpoint does."""
        self.saved = time.perf_counter()
        state = self.state
        state.wall = self.before + self.saved - self.begun
        if not self.team.first:
            return
        state.loss, state.wrong, state.seen, _ = self.sums.tolist()
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for name, p in self.model.named_parameters():
            if (momentum := self.descent.state[p].get("momentum_buffer")) is not None:
                tensors[f"momentum.{name}"] = momentum
        if not all(tensor.isfinite().all() for tensor in tensors.values()):
            raise self._diverged()
        log = self.log()
        about = {"plan": asdict(self.plan), "state": asdict(state), "log": log, **self.about}
        checkpoints.save(self.out / CHECKPOINT, tensors, about)
        write_log(self.out, log)

    def _diverged(self) -> RunError:
        return RunError(
            f"loss or weights are no finite numbers any more at step {self.state.step} of "
            f"{self.total}: lower the learning rate (--lr is {self.plan.lr:g}) and begin anew in "
            f"another folder. {self.out / CHECKPOINT} is of an earlier step"
        )

    def log(self) -> dict[str, Any]:
        """The run as LOG has it: what was done, with what, and what was measured."""
        device = self.team.device
        return {
            "command": self.about["command"],
            "date": datetime.date.today().isoformat(),
            "versions": records.versions(),
            "hardware": records.hardware(device),
            "plan": asdict(self.plan),
            "steps": self.state.step,
            "seconds": round(self.state.wall, 1),
            "epochs": self.state.epochs,
            "final": self.state.final,
        }

    # --- ending before the end

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        """A first Ctrl-C, or SIGTERM, lets the step be finished; a second one does not."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        heard = (signal.SIGINT, signal.SIGTERM)
        usual = {number: signal.getsignal(number) for number in heard}

        def end(number, frame):
            self.asked_to_end = number
            for number in heard:
                signal.signal(number, usual[number])

        for number in heard:
            signal.signal(number, end)
        try:
            yield
        finally:
            for number in heard:
                signal.signal(number, usual[number])

    def _all_asked_to_end(self) -> bool:
        """Whether a process was asked to end: all see it after the same step, and end together."""
        if self.team.device.type == "cpu" or self.state.step % GLANCE == 0:
            return bool(self.sums[3])
        return False


def _same_images(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two data sets have the same classes, means and deviations, but for rounding."""
    mine, theirs = (torch.tensor(about["mean"] + about["std"]) for about in (one, other))
    return one["classes"] == other["classes"] and torch.allclose(mine, theirs, atol=1e-5)


def write_log(out: Path, log: dict[str, Any]) -> None:
    """Write a run's log, as its checkpoint has it, to LOG."""
    text = json.dumps(log, indent=1, ensure_ascii=False)
    checkpoints.write(out / LOG, (text + "\n").encode())


def _draw(*numbers: int) -> None:
    """Seed torch's random numbers by `numbers` together: neighbors have nothing in common."""
    torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1)[0]))
