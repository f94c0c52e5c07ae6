"""How fast an epoch is: ours, against the ordinary loop, and against the processor's best.

python tools/benchmark.py [--data NAME] [--model NAME] [--steps N] [--write]

Both train the same network on the same images with the same mini-batches and as many threads, in
turns, so that other load on the machine meets both. The ordinary loop: torchvision's CIFAR10 with a
transform for each image, a DataLoader with the best of 0, 1 and 2 workers, float32, the usual
layout. Ours: tensors on the device, a whole mini-batch augmented at once, channels_last, bfloat16
where the hardware has it. The processor's best is a large matrix product. `--write` keeps what was
measured in docs/training-speed.json, for the table of docs/training.md.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode
from torchvision import datasets, transforms

import sources
from seminar import data, models, records, settings, train
from seminar.data import Data

SPEED = sources.ROOT.parent / "docs" / "training-speed.json"
BATCH = 128
TURN = 44  # steps of one, then as many of the other
SIDE = 4096  # of the matrices


def dataset(loaded: Data) -> datasets.CIFAR10:
    """torchvision's CIFAR10 with these images instead of downloaded ones, a transform for each."""
    made = datasets.CIFAR10.__new__(datasets.CIFAR10)
    pixels = (loaded.pixels(loaded.train.images) * 255).round().byte()
    made.data = pixels.permute(0, 2, 3, 1).contiguous().numpy()
    made.targets = loaded.train.labels.tolist()
    made.target_transform = None
    made.transform = transforms.Compose(
        [
            transforms.RandomCrop(pixels.shape[-1], padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(loaded.mean.tolist(), loaded.std.tolist()),
        ]
    )
    return made


def ordinary(
    images: datasets.CIFAR10, net: nn.Module, descent: Optimizer, workers: int
) -> Iterator[None]:
    """The loop of many a tutorial, a step at a time, for an epoch."""
    net.train()
    for x, y in DataLoader(images, BATCH, shuffle=True, num_workers=workers):
        descent.zero_grad()
        F.cross_entropy(net(x), y).backward()
        descent.step()
        yield


def ours(loaded: Data, model: str, epochs: int) -> Iterator[None]:
    """The loop under `fit`; long runs take the same steps."""
    net = models.build(model, num_classes=len(loaded.classes))
    run = train.steps(
        net, loaded.train, epochs=epochs, batch_size=BATCH, weight_decay=1e-4, augmented=True,
        device="cpu", schedule="constant",
    )  # fmt: skip
    for _ in run:
        yield


def seconds(run: Iterator[None], steps: int) -> float:
    """How long so many steps take."""
    start = time.perf_counter()
    for _ in range(steps):
        next(run)
    return time.perf_counter() - start


def product(bf16: bool) -> float:
    """FLOP/s of a large matrix product: the median of five."""
    kind = torch.bfloat16 if bf16 else torch.float32
    a, b = torch.randn(2, SIDE, SIDE).to(kind)
    took = []
    for _ in range(6):
        start = time.perf_counter()
        a @ b
        took.append(time.perf_counter() - start)
    return 2 * SIDE**3 / statistics.median(took[1:])


def flops(model: str, shape: tuple[int, ...], classes: int) -> int:
    """Floating-point operations of a step, forward and backward, counted by torch."""
    with torch.device("meta"):
        net, x = models.build(model, num_classes=classes), torch.empty(BATCH, *shape)
        with FlopCounterMode(display=False) as counter:
            net(x).sum().backward()
    return counter.get_total_flops()


def measure(loaded: Data, model: str, steps: int, threads: int) -> dict[str, Any]:
    """All of it; `steps` of each loop, in turns."""
    settings.threads(threads)
    images = dataset(loaded)
    turn = min(TURN, steps, len(images) // BATCH - 1)
    net = models.build(model, num_classes=len(loaded.classes))
    descent = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)

    def ordinary_turn(workers: int, number: int) -> float:
        # Anew for each turn: its workers would go on loading while the other one is timed.
        run = ordinary(images, net, descent, workers)
        next(run)  # the workers start
        took = seconds(run, number)
        run.close()  # type: ignore[attr-defined]
        return took

    trials = {workers: ordinary_turn(workers, turn) for workers in (0, 1, 2)}
    workers = min(trials, key=trials.__getitem__)
    ours_run = ours(loaded, model, epochs=2 + steps * BATCH // len(loaded.train))
    next(ours_run)
    total = {"ordinary": 0.0, "ours": 0.0}
    done = 0
    while done < steps:
        number = min(turn, steps - done)
        total["ordinary"] += ordinary_turn(workers, number)
        total["ours"] += seconds(ours_run, number)
        done += number
    bf16 = settings.bfloat16(torch.device("cpu"))
    operations = flops(model, tuple(loaded.train.images.shape[1:]), len(loaded.classes))
    best = product(bf16)
    reached = operations * steps / total["ours"]
    return {
        "model": model,
        "data": loaded.name,
        "steps": steps,
        "workers": workers,
        "precision": "bfloat16" if bf16 else "float32",
        "ms a step": {name: round(1000 * s / steps, 1) for name, s in total.items()},
        "times as fast": round(total["ordinary"] / total["ours"], 2),
        "GFLOP/s": {"ours": round(reached / 1e9, 1), "matrix product": round(best / 1e9, 1)},
        "of the matrix product": round(reached / best, 4),
        "hardware": records.hardware(torch.device("cpu")),
        "versions": records.versions(),
    }


def main() -> None:
    """Measure, print, and keep with --write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--model", default="resnet_cifar20")
    parser.add_argument("--steps", type=int, default=352, help="an epoch of 45,000 images: 352")
    parser.add_argument("--threads", type=int, default=settings.processors())
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    loaded = data.load(given.data, device="cpu")
    found = measure(loaded, given.model, given.steps, given.threads)
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    print(text, end="")
    if given.write:
        Path(SPEED).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
