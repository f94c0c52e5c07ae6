"""Homework 6: the bottleneck and ResNet-50. K. He et al., arXiv:1512.03385, 4.1, table 1."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import models
from ..catalogue import t
from ..models import resnet
from .trial import Draw, Either, Trial, described, own_blocks, run, share, sizes_differ

COUNTS = (3, 4, 6, 3)  # ResNet-50
KINDS = ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
CONVOLUTIONS = (*KINDS, "convolution", "_convolution")


def conv1x1(answer: Any) -> str:
    """`conv1x1(x, weight)`: the same linear map at every position, without a convolution."""
    draw = Draw()
    for _ in range(3):
        n, c, h, w, o = draw.sample(range(2, 8), 5)
        x, weight = draw.tensor(n, c, h, w), draw.tensor(o, c)
        trial = Trial(
            answer,
            forbid=CONVOLUTIONS,
            hint=t("Print both shapes: which axis of one must be as long as which of the other?"),
            x=x,
            weight=weight,
        )
        want = torch.einsum("nchw,oc->nohw", x, weight)
        scrambled = x.reshape(n, h, w, c) @ weight.T
        trial.expect(
            want,
            {
                t("The axes were reshaped, not exchanged: numbers of other positions mix."): (
                    scrambled.permute(0, 3, 1, 2)
                ),
                t("The result was reshaped, not permuted: its numbers are at other places."): (
                    want.permute(0, 2, 3, 1).reshape(n, o, h, w)
                ),
                t("The channels come last here: their place is the second."): want.permute(
                    0, 2, 3, 1
                ),
                t("Height and width have changed places."): want.transpose(2, 3),
                t("The channels were averaged: they are added up."): want / c,
                t("Only one channel of x was used."): torch.einsum(
                    "nhw,o->nohw", x[:, 0], weight[:, 0]
                ),
                t("The positions were added up: each keeps its own result."): want.sum((2, 3)),
            },
            hint=t("At each position: output channel o is Σ_c weight[o, c] · x[c]."),
        )
    return t("Each position has its own product with the weights, as a 1×1 convolution gives it.")


def block_cost(answer: Any) -> str:
    """`block_cost(kind, channels, size)` → (weights, multiply-adds), convolutions only."""
    draw = Draw()
    for kind in ("basic", "bottleneck", "basic", "bottleneck"):
        channels, size = 4 * draw.randint(3, 80), draw.randint(5, 60)
        width = channels // 4
        shapes = {
            "basic": [(channels, channels, 9)] * 2,
            "bottleneck": [(channels, width, 1), (width, width, 9), (width, channels, 1)],
        }[kind]
        weights = sum(a * b * k for a, b, k in shapes)
        outs = sum(b for _, b, _ in shapes)
        wide = 2 * channels**2 + 9 * channels**2  # without becoming narrower

        def both(weights: int, size: int = size) -> tuple[int, int]:
            return weights, weights * size**2

        trial = Trial(answer, kind=kind, channels=channels, size=size)
        found = tuple(trial.parts("weights", "multiply-adds"))
        trial.expect(
            both(weights),
            {
                t("Biases were counted: in front of BN there are none."): both(weights + outs),
                t("BN was counted: only the convolutions are asked for."): both(weights + 2 * outs),
                t("All convolutions were taken to be 3×3: two of the bottleneck's are 1×1."): both(
                    sum(a * b * 9 for a, b, _ in shapes)
                ),
                t("The bottleneck works on channels/4 inside."): both(wide),
                t("`channels` enter and leave the block; they are four times the width."): both(
                    17 * channels**2
                ),
                t("The multiply-adds are those of one position: there are size² of them."): (
                    weights,
                    weights,
                ),
                t("The map is size × size: the multiply-adds were multiplied by size once."): (
                    weights,
                    weights * size,
                ),
                t("A multiply-add counts as one, not as two."): (weights, 2 * weights * size**2),
                t("Only one of the two convolutions was counted."): both(weights // 2),
                t("It must be an int, not a float."): tuple(map(float, both(weights))),
                t("First the weights, then the multiply-adds."): both(weights)[::-1],
            },
            got=found,
            hint=t("A convolution has kernel² · in · out weights, each used at every position."),
        )
    return t("Weights and multiply-adds of both blocks are right.")


def bottleneck(answer: Any) -> str:
    """`Bottleneck(in_channels, width, stride, projection)`: figure 5 (right), stride in the 3×3."""
    draw = Draw()
    width = draw.randint(4, 6)
    cases = [
        (4 * width, width, 1, False),
        (3 * width, width, 2, True),
        (3 * width, width, 1, True),
        (4 * width, width, 2, True),
        (4 * width, width, 1, True),
    ]
    for in_channels, width, stride, projection in cases:
        arguments: dict[str, Any] = {"in_channels": in_channels, "width": width}
        arguments |= {"stride": stride, "projection": projection}
        made = Trial(answer, **arguments)
        reference = resnet.Bottleneck(in_channels, width, stride, "C" if projection else "A")
        has = any(name.startswith("downsample") for name in made.module().state_dict())
        if has != projection:
            raise made.wrong(
                t("The shortcut has weights here, and must have none.")
                if has
                else t("The shortcut has no weights here: `downsample` is missing."),
                hint=t("Whether it projects is said by the argument `projection`, nothing else."),
            )
        block = share(made, reference, draw)
        h, w = draw.sample(range(5, 10), 2)
        for training in (False, True):
            x = draw.tensor(3, in_channels, h, w)
            reference.train(training)
            block.train(training)
            trial = run(block, x, arguments, hint=sizes_differ())
            trial.expect(
                reference(x).detach(),
                partial(_block_faults, reference, x, stride),
                what=t("the output in train()") if training else t("the output in eval()"),
                hint=t(
                    "Three times convolution and BN; a ReLU after the first two and at the end."
                ),
            )
    return t("The block gives what the reference gives, with and without projection.")


@torch.no_grad()
def _block_faults(block: resnet.Bottleneck, x: Tensor, stride: int) -> dict[str, Any]:
    """What usual mistakes give, in the mode that the block is in."""
    block, relu = copy.deepcopy(block), F.relu
    one, two, three = block.conv1.weight, block.conv2.weight, block.conv3.weight
    shortcut = x if block.downsample is None else block.downsample(x)

    def branch(
        first: int = 1, second: int = stride, third: int = 1, skip: str = "", early: str = ""
    ) -> Tensor:
        def after(y: Tensor, name: str) -> Tensor:
            y = relu(y) if name in early else y
            y = y if f"bn{name}" in skip else getattr(block, f"bn{name}")(y)
            return y if f"relu{name}" in skip + "relu3" or name in early else relu(y)

        y = after(F.conv2d(x, one, stride=first), "1")
        y = after(F.conv2d(y, two, stride=second, padding=1), "2")
        return after(F.conv2d(y, three, stride=third), "3")

    right = branch()
    found: dict[str, Any] = {
        t("The stride stands in the first 1×1: this is the paper's place, not the one asked."): (
            relu(branch(stride, 1) + shortcut)
        ),
        t("The stride stands in the last 1×1."): relu(branch(1, 1, stride) + shortcut),
        t("There is no ReLU after bn1."): relu(branch(skip="relu1") + shortcut),
        t("There is no ReLU after bn2."): relu(branch(skip="relu2") + shortcut),
        t("There is no ReLU after bn1 and bn2."): relu(branch(skip="relu1 relu2") + shortcut),
        t("There is no ReLU after the addition."): right + shortcut,
        t("The ReLU stands before the addition: figure 5 has it after."): relu(right) + shortcut,
        t("There is a ReLU before the addition as well as after it."): relu(relu(right) + shortcut),
        t("The shortcut is missing: nothing is added."): relu(right),
        t("There is a ReLU in the shortcut: there must be none."): relu(right + relu(shortcut)),
        t("F(x) and the shortcut were put side by side: they are added."): Either(
            [torch.cat((right, shortcut), 1), relu(torch.cat((right, shortcut), 1))]
        ),
        t("ReLU and BN are in the wrong order: the convolution is followed by BN."): Either(
            relu(branch(early=early) + shortcut) for early in ("1", "2", "12")
        ),
    }
    for bn in ("bn1", "bn2", "bn3"):
        found[t("{a} is made, but not used.", a=bn)] = relu(branch(skip=bn) + shortcut)
    if isinstance(block.downsample, nn.Sequential):
        conv: Any = block.downsample[0]
        whole = block.downsample[1](F.conv2d(x, conv.weight))
        found[t("The stride is missing.")] = relu(branch(second=1) + whole)
        found[t("The projection has no BN: every convolution has one (3.4).")] = relu(
            right + block.downsample[0](x)
        )
    return found


def make_stage(answer: Any) -> str:
    """`make_stage(in_channels, width, blocks, stride)` → nn.Sequential of bottlenecks."""
    draw = Draw()
    for blocks, stride, times in ((3, 2, 2), (2, 1, 3), (1, 2, 5), (4, 1, 4)):
        width = draw.randint(2, 4)
        in_channels = times * width
        arguments: dict[str, Any] = {"in_channels": in_channels, "width": width}
        arguments |= {"blocks": blocks, "stride": stride}
        made = Trial(answer, **arguments)
        stage = made.module()
        if not isinstance(stage, nn.Sequential):
            raise made.wrong(
                t("A stage must be an nn.Sequential."), t("Came out: {a}", a=type(stage).__name__)
            )
        if idle := [part for part in stage if not list(part.parameters())]:
            raise made.wrong(
                t("There is a {a} in the stage: it has only blocks.", a=type(idle[0]).__name__)
            )
        if len(stage) != blocks:
            raise made.wrong(t("It has {m} blocks; it must have {n}.", m=len(stage), n=blocks))
        own_blocks(made)
        if (names := [name for name, _ in stage.named_children()]) != list(map(str, range(blocks))):
            raise made.wrong(
                t("The blocks are called {a}.", a=", ".join(names)),
                hint=t("nn.Sequential(first, second, …) calls them 0, 1, …, as is asked here."),
            )
        projected = [
            name.split(".")[0] for name in stage.state_dict() if ".downsample.0.weight" in name
        ]
        if projected != ["0"]:
            raise made.wrong(
                t("These blocks project: {a}.", a=", ".join(projected) or "–"),
                hint=t("The first block always projects; the others get what they give."),
            )
        first = resnet.Bottleneck(in_channels, width, stride, "C")
        rest = (resnet.Bottleneck(4 * width, width, 1, "A") for _ in range(blocks - 1))
        reference = nn.Sequential(first, *rest)
        share(made, reference, draw)
        x = draw.tensor(2, in_channels, 11, 14)
        trial = run(
            stage.eval(), x, arguments, hint=t("Has a block other than the first one a stride?")
        )
        trial.expect(
            reference.eval()(x).detach(),
            hint=t("Which of the blocks halves the map, and how often may that happen?"),
        )
    return t("The first block projects and has the stride, the others keep the shape.")


def resnet50(answer: Any) -> str:
    """`ResNet50(num_classes)`: with the reference's weights its logits are the reference's."""
    draw = Draw()
    classes = draw.randint(5, 20)
    made = Trial(answer, num_classes=classes, patience=6)
    names = made.module().state_dict()
    for stage, wanted in enumerate(COUNTS, 1):
        blocks = {n.split(".")[1] for n in names if n.startswith(f"layer{stage}.")}
        if blocks and len(blocks) != wanted:
            raise made.wrong(
                t(
                    "{a} has {m} blocks; table 1 has {n}.",
                    a=f"layer{stage}",
                    m=len(blocks),
                    n=wanted,
                )
            )
    own_blocks(made)
    with torch.device("meta"):  # its weights are drawn below
        reference: Any = models.resnet50(classes)
    reference = reference.to_empty(device="cpu")
    model = share(made, reference, draw, torch.float32).eval()
    reference.eval()
    for count, training in ((1, False), (2, False), (2, True)):
        size = (draw.randint(65, 75), draw.randint(80, 110))
        x = draw.tensor(count, 3, *size, dtype=torch.float32)
        reference.train(training)
        trial = run(model.train(training), x, {"num_classes": classes})
        with torch.no_grad():
            trial.expect(
                reference(x),
                partial(_network_faults, reference, x),
                what=t("the logits in train()") if training else t("the logits in eval()"),
                tolerance=1e-4,
                hint=t("In eval() all is well: what does the network do only in train()?")
                if training
                else t(
                    "Print the shape after each part, and compare with table 1. If they are "
                    "right: is every layer used, and in this order?"
                ),
            )
    return t("With the same weights your ResNet-50 gives the logits of the reference.")


@torch.no_grad()
def _network_faults(model: Any, x: Tensor) -> dict[str, Tensor]:
    """What usual mistakes give, with the reference's weights."""

    def stem(x: Tensor, relu: bool = True, stride: int = 2) -> Tensor:
        y = model.bn1(F.conv2d(x, model.conv1.weight, stride=stride, padding=3))
        return F.relu(y) if relu else y

    def pooled(y: Tensor) -> Tensor:
        return F.max_pool2d(y, 3, 2, 1)

    def rest(y: Tensor, pool: Callable[..., Tensor] = torch.mean) -> Tensor:
        y = model.layer4(model.layer3(model.layer2(model.layer1(y))))
        return model.fc(pool(y, (2, 3)))

    logits = model(x)
    found = {
        t("The max pooling has no padding: 3×3, stride 2, padding 1."): rest(
            F.max_pool2d(stem(x), 3, 2)
        ),
        t("The max pooling is 2×2: the paper's is 3×3 with stride 2."): rest(
            F.max_pool2d(stem(x), 2)
        ),
        t("There is no max pooling after conv1."): rest(stem(x)),
        t("The stem's pooling takes the mean; the paper's takes the maximum."): rest(
            F.avg_pool2d(stem(x), 3, 2, 1)
        ),
        t("There is no ReLU after bn1."): rest(pooled(stem(x, relu=False))),
        t("conv1 has stride 1; the paper's has 2."): rest(pooled(stem(x, stride=1))),
        t("The largest position was taken before fc: the paper takes the mean."): rest(
            pooled(stem(x)), torch.amax
        ),
        t("The positions were added up before fc: the paper takes their mean."): rest(
            pooled(stem(x)), torch.sum
        ),
        t("bn1 is missing after conv1."): rest(pooled(F.relu(model.conv1(x)))),
        t("squeeze() has removed the axis of the images, too: there was only one."): (
            logits.squeeze(0)
        ),
        t("There is a softmax at the end: the loss function has it already."): logits.softmax(1),
        t("There is a ReLU after fc."): logits.relu(),
    }
    with _first_stage(model, 2):
        found[t("layer1 halves the map: the max pooling has done so already.")] = model(x)
    return found


@contextmanager
def _first_stage(model: Any, stride: int) -> Iterator[None]:
    """For a moment layer1 has another stride."""
    layers = (model.layer1[0].conv2, model.layer1[0].downsample[0])
    for layer in layers:
        layer.stride = (stride, stride)
    yield
    for layer in layers:
        layer.stride = (1, 1)


def macs(
    counts: Sequence[int],
    size: int,
    *,
    early: bool = False,
    projects: bool = True,
    halves: bool = True,
    side: Callable[[int], int] = lambda s: s * s,
) -> dict[str, int]:
    """Multiply-adds of a ResNet of bottlenecks, by stage, 1,000 classes; mistakes by argument."""
    found = {"stem": side(size // 2) * 3 * 64 * 49}
    channels, at = 64, size // 4
    for stage, blocks in enumerate(counts):
        width = 64 * 2**stage
        after = at // 2 if stage and halves else at
        total = side(after if early else at) * channels * width
        total += side(after) * (9 * width**2 + 4 * width**2)
        total += side(after) * channels * 4 * width if projects else 0
        found[f"layer{stage + 1}"] = total + (blocks - 1) * side(after) * 17 * width**2
        channels, at = 4 * width, after
    return found | {"fc": 2048 * 1000}


def macs_by_stage(answer: Any) -> str:
    """`macs_by_stage(counts, size)`: where a ResNet of bottlenecks computes."""
    draw = Draw()
    for _ in range(3):
        counts, size = [draw.randint(2, 9) for _ in range(4)], 32 * draw.randint(3, 9)
        trial = Trial(answer, counts=counts, size=size)
        want = macs(counts, size)
        if not isinstance(trial.out, Mapping) or set(trial.out) != set(want):
            raise trial.wrong(
                t("It must return a dict with the keys {a}.", a=", ".join(want)),
                t("Came out: {a}", a=described(trial.out)),
            )
        naive, large, every, first = (dict(want) for _ in range(4))
        for stage, blocks in enumerate(counts):
            name, width, at = f"layer{stage + 1}", 64 * 2**stage, size // 4 // 2**stage
            channels = 2 * width if stage else 64
            naive[name] = blocks * at**2 * 17 * width**2
            large[name] += 3 * at**2 * channels * 4 * width if stage else 0
            every[name] += (blocks - 1) * at**2 * 16 * width**2
            first[name] = blocks * (want[name] - (blocks - 1) * at**2 * 17 * width**2)
        trial.expect(
            want,
            {
                t("The projections are missing: each stage has one, in its first block."): macs(
                    counts, size, projects=False
                ),
                t("The first 1×1 of a stage still works on the large map: the 3×3 halves it."): (
                    macs(counts, size, early=True)
                ),
                t("The map does not become smaller from stage to stage."): macs(
                    counts, size, halves=False
                ),
                t("All blocks of a stage were taken to be alike; the first one differs."): naive,
                t("The stem works at half the size of the image: its stride is 2."): want
                | {"stem": 4 * want["stem"]},
                t("A multiply-add counts as one, not as two."): {k: 2 * v for k, v in want.items()},
                t("The last linear layer is missing, or 0."): want | {"fc": 0},
                t("Adding the bias of fc is no multiply-add."): want | {"fc": want["fc"] + 1000},
                t("layer1 projects, too: from 64 to 256 channels."): want
                | {"layer1": want["layer1"] - (size // 4) ** 2 * 64 * 256},
                t("The projection has the stride: it works on the small map."): large,
                t("Only the first block of a stage projects."): every,
                t("All blocks were counted like the first one of their stage."): first,
                t("The map has size × size positions."): macs(counts, size, side=lambda s: s),
            },
            hint=t("Go through table 1: kernel² · in · out, times the positions of the output."),
        )
    return t("The multiply-adds of all stages are right, for other depths and sizes as well.")


CHECKS: dict[str, Callable[[Any], str]] = {
    "conv1x1": conv1x1,
    "block_cost": block_cost,
    "bottleneck": bottleneck,
    "make_stage": make_stage,
    "resnet50": resnet50,
    "macs_by_stage": macs_by_stage,
}
