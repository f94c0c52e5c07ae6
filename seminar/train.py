"""One training loop."""

import math
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, MultiStepLR, OneCycleLR
from tqdm.auto import tqdm

from . import checks, settings
from .data import Data, Split, augment


@dataclass(repr=False)
class History:
    """What a run of `fit` gave.

    One entry per epoch, measured at its end in eval(): `train_loss`, `test_loss` (mean
    cross-entropy, nats), `train_error`, `test_error` (fraction wrong, 0 to 1), `seconds` (of this
    epoch's training, `watch` included). One entry per step: `batch_loss`, of the mini-batch just
    trained on.
    """

    train_loss: list[float] = field(default_factory=list)
    train_error: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_error: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    batch_loss: list[float] = field(default_factory=list)

    def __repr__(self) -> str:
        if not self.test_error:
            return f"History(epochs=0, steps={len(self.batch_loss)})"
        return (
            f"History(epochs={len(self.test_error)}, steps={len(self.batch_loss)}, "
            f"train_error={self.train_error[-1]:.3f}, test_error={self.test_error[-1]:.3f})"
        )


class TrainingDiverged(RuntimeError):
    """The loss is no longer a finite number. `history` holds what was measured until then."""

    def __init__(self, message: str, history: History):
        super().__init__(message)
        self.history = history


def fit(
    model: nn.Module,
    data: Data,
    *,
    epochs: int = 5,
    batch_size: int = 128,
    lr: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    schedule: str = "one-cycle",
    clip: float | None = None,
    augmented: bool = False,
    seed: int | None = None,
    device: str | torch.device | None = None,
    precision: str = "auto",
    progress: bool = True,
    watch: Callable[[History], None] | None = None,
) -> History:
    """Train `model` on `data.train` with SGD and cross-entropy; measure it on both parts.

    `lr` is the peak of the schedule: "one-cycle" (up for 30 % of the steps, then down to almost
    0), "step" (÷ 10 after 50 % and 75 % of the steps, as He et al. 2015) or "constant".
    `clip` shortens the gradient of all parameters together to that norm when it is longer.
    `augmented` crops and mirrors at random. `precision` "auto" computes in bfloat16 where the
    hardware has it. `watch(history)` is called after every step and every epoch. Same seed, same
    machine, same result: `seed` (else SEMINAR_SEED, else 0) sets the order of the images and, by
    torch's global random numbers, the augmentation and the dropout; the model's first weights were
    drawn before. Leaves `model` trained, on the device, in eval().

    Every epoch sees every image once. A last batch of a single image, on which batch normalization
    may have nothing to average, joins the batch before it.
    ValueError for settings that make no sense, before the first step; TrainingDiverged if a loss
    becomes inf or nan.
    """
    where = settings.device(device)
    _check_data(data)
    train, test = data.train.to(where), data.test.to(where)
    _check(
        model.to(where),
        data,
        train.images[:1],
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        clip=math.inf if clip is None else clip,
    )
    an_epoch = len(cuts(len(train), batch_size)) + 1
    total = epochs * an_epoch
    run = steps(
        model,
        train,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        momentum=momentum,
        weight_decay=weight_decay,
        schedule=schedule,
        clip=clip,
        augmented=augmented,
        seed=seed,
        device=where,
        precision=precision,
    )
    history = History()

    with (
        closing(run),
        tqdm(total=total, disable=not progress, leave=False, unit="step") as bar,
    ):
        start = time.perf_counter()
        for step, loss in enumerate(run, 1):
            epoch = math.ceil(step / an_epoch)
            history.batch_loss.append(loss)
            _finite(loss, f"the loss at step {step} of {total} (epoch {epoch})", lr, history)
            bar.update()
            bar.set_postfix(epoch=epoch, loss=f"{loss:.3f}", refresh=False)
            if watch:
                watch(history)
            if step % an_epoch:
                continue

            history.seconds.append(time.perf_counter() - start)
            for part, losses, errors in (
                (train, history.train_loss, history.train_error),
                (test, history.test_loss, history.test_error),
            ):
                loss_of, error_of = evaluate(model, part)
                losses.append(loss_of)
                errors.append(error_of)
            worst = history.train_loss[-1] + history.test_loss[-1]
            _finite(worst, f"the loss on all images after epoch {epoch}", lr, history)
            if watch:
                watch(history)
            start = time.perf_counter()
    return history


def steps(
    model: nn.Module,
    split: Split,
    *,
    epochs: int = 5,
    batch_size: int = 128,
    lr: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    optimizer: Callable[..., Optimizer] | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    schedule: str = "one-cycle",
    clip: float | None = None,
    augmented: bool = False,
    seed: int | None = None,
    device: str | torch.device | None = None,
    precision: str = "auto",
) -> Generator[float, None, None]:
    """The loop under `fit`, without its checks and measuring: train on `split`, step by step.

    Gives the loss of the mini-batch after each step; inf or nan is left to the caller.
    `list(steps(…))` trains to the end, `next(run)` takes one step: several networks can take turns,
    and each sees its images in the order that it would see them in alone.

    `optimizer(parameters, lr=lr)` makes another one than SGD with `momentum` and `weight_decay`,
    such as torch.optim.Adam. `loss(outputs, labels)` is minimized; then the labels of `split` may
    be anything, a tensor of numbers to be approached, say. All else as in `fit`.
    """
    where = settings.device(device)
    bf16 = settings.bfloat16(where, precision)
    images, labels = split.images.to(where), split.labels.to(where)
    ends = cuts(len(images), batch_size)
    # Global random numbers are for augmentation and dropout; others may draw some between steps.
    draw = torch.Generator(where).manual_seed(settings.seed(seed))
    model.to(where).to(memory_format=layout(where, bf16))
    if optimizer is None:
        optimizer = partial(torch.optim.SGD, momentum=momentum, weight_decay=weight_decay)
    descent = optimizer(model.parameters(), lr=lr)
    scheduler = _schedule(schedule, descent, lr, epochs * (len(ends) + 1))

    for _ in range(epochs):
        order = torch.randperm(len(images), generator=draw, device=where)
        for batch in order.tensor_split(ends):
            x, y = images[batch], labels[batch]
            if augmented:
                x = augment(x)
            value = update(model, descent, x, y, loss=loss, clip=clip, bf16=bf16)
            scheduler.step()
            yield value.item()  # waits for the device: once a step


def update(
    model: nn.Module,
    descent: Optimizer,
    x: Tensor,
    y: Tensor,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    clip: float | None = None,
    bf16: bool = False,
) -> Tensor:
    """One step of `descent` on a mini-batch: `x` and `y` on the model's device. Gives the loss."""
    model.train()  # in every step, for the caller may have evaluated it
    if x.dim() == 4:
        x = x.to(memory_format=layout(x.device, bf16))
    with _exact():
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
            value = loss(model(x).float(), y)
        descent.zero_grad()
        value.backward()
    if clip is not None:
        nn.utils.clip_grad_norm_(model.parameters(), clip)
    descent.step()
    return value


def layout(where: torch.device, bf16: bool) -> torch.memory_format:
    """The faster order of images and kernels in memory: on CPUs, and for bfloat16."""
    return torch.channels_last if bf16 or where.type == "cpu" else torch.preserve_format


def cuts(images: int, batch_size: int, least: int = 2) -> list[int]:
    """Where in an epoch of so many images one mini-batch ends and the next begins.

    A last one of fewer than `least` images joins the one before.
    """
    ends = list(range(batch_size, images, batch_size))
    return ends[:-1] if batch_size >= least and 0 < images % batch_size < least else ends


@torch.no_grad()
def evaluate(model: nn.Module, split: Split, precision: str = "float32") -> tuple[float, float]:
    """(mean cross-entropy, fraction wrong) of `model` on `split`.

    In eval(), where the model is. `fit` measures with it in float32, whatever it trained in: an
    error measured again is the same number. For large sets "bfloat16" is faster, where the
    hardware has it; a few images may then fall on the other side.
    """
    model.eval()
    where = next(model.parameters(), split.images).device
    bf16 = settings.bfloat16(where, precision)
    if bf16:
        model.to(memory_format=layout(where, bf16))
    loss, wrong = 0.0, 0
    for x, y in zip(split.images.split(1000), split.labels.split(1000), strict=True):
        x, y = x.to(where), y.to(where)
        if bf16 and x.dim() == 4:
            x = x.to(memory_format=layout(where, bf16))
        with torch.autocast(where.type, torch.bfloat16, enabled=bf16):
            logits = model(x)
        if bf16:
            logits = logits.float()
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        wrong += int((logits.argmax(1) != y).sum())
    return loss / len(split), wrong / len(split)


def _check(
    model: nn.Module,
    data: Data,
    image: Tensor,
    *,
    epochs: int,
    batch_size: int,
    lr: float,
    clip: float,
) -> None:
    checks.positive(epochs=epochs, batch_size=batch_size)
    if not (lr > 0 and math.isfinite(lr)):
        raise ValueError(f"lr is {lr!r}; it must be a number above 0")
    if not clip > 0:
        raise ValueError(f"clip is {clip!r}; it must be a number above 0, or None")
    with torch.no_grad():
        outputs = checks.tensor(model.eval()(image)).shape
    if outputs != (1, len(data.classes)):
        raise ValueError(
            f"for one image the model gives the shape {tuple(outputs)}; {data.name} has "
            f"{len(data.classes)} classes, so it must be (1, {len(data.classes)}): build the model "
            f"with num_classes={len(data.classes)}"
        )


def _check_data(data: Data) -> None:
    """ValueError for images and labels, a student's own, on which the first step would stop."""
    classes = len(data.classes)
    for name, part in (("train", data.train), ("test", data.test)):
        images, labels = part.images, part.labels
        if images.dim() != 4 or not images.is_floating_point():
            raise ValueError(
                f"the images of {name} are {tuple(images.shape)}, {images.dtype}; they must be "
                "(N, C, H, W) and float: images.float() / 255 makes them of bytes"
            )
        if labels.dim() != 1 or labels.dtype != torch.int64:
            raise ValueError(
                f"the labels of {name} are {tuple(labels.shape)}, {labels.dtype}; they must be "
                "(N,) and int64: .long() makes them of other numbers, .argmax(1) of one-hot rows"
            )
        if len(images) != len(labels) or not len(labels):
            raise ValueError(
                f"{name} has {len(images):,} images and {len(labels):,} labels; each image needs "
                "one label, and there must be at least one"
            )
        first, last = int(labels.min()), int(labels.max())
        if first < 0 or last >= classes:
            hint = ": subtract 1 from each" if first > 0 and last == classes else ""
            raise ValueError(
                f"the labels of {name} go from {first} to {last}; {data.name} has {classes} "
                f"classes, so they must be from 0 to {classes - 1}{hint}"
            )


def _finite(loss: float, what: str, lr: float, history: History) -> None:
    if not math.isfinite(loss):
        raise TrainingDiverged(
            f"{what} is {loss}: lower the learning rate (lr={lr:g} now), and look at the "
            "initialization and at the images for inf and nan",
            history,
        )


def _schedule(name: str, optimizer: Optimizer, lr: float, total: int) -> LRScheduler:
    if name == "one-cycle":
        # The momentum stays: only the learning rate moves.
        return OneCycleLR(optimizer, lr, total_steps=max(total, 2), cycle_momentum=False)
    if name == "step":
        return MultiStepLR(optimizer, [math.ceil(total / 2), math.ceil(total * 3 / 4)], gamma=0.1)
    checks.one_of("schedule", name, ("one-cycle", "step", "constant"))
    return MultiStepLR(optimizer, [])


def _exact():
    """cuDNN chooses its algorithms by what repeats, not by what is fastest today."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True)
