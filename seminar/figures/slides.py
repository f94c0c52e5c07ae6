"""What is drawn once, for one slide of the seminar."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

from matplotlib.colors import ListedColormap
from matplotlib.patches import Arc, Patch, Rectangle
from torch import Tensor

from ..catalogue import t
from .charts import _show_image
from .picture import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, SKY, YELLOW, Picture

if TYPE_CHECKING:
    from ..probe import Layer


def competition(entries: Sequence[tuple[int, str, float, int | None]]) -> Picture:
    """Slides 1 and 8: `entries` of (year, name, top-5 error in %, layers; None if shallow)."""
    picture = Picture(13, 5.5)
    axes = picture.subplot_mosaic([["errors", "both"], ["layers", "both"]], width_ratios=(6, 5))
    errors, layers, both = (axes[name] for name in ("errors", "layers", "both"))
    x = range(len(entries))
    colors = [SKY if depth is None else BLUE for *_, depth in entries]
    bars = errors.bar(x, [error for _, _, error, _ in entries], color=colors)
    errors.bar_label(bars, fmt="{:g}", padding=2)
    errors.set_xticks(x, [""] * len(entries))
    errors.set(ylim=(0, 34), ylabel=t("top-5 error (%)"))
    errors.set_title(t("ILSVRC classification: error above, depth below"))
    bars = layers.bar(x, [depth or 0 for *_, depth in entries], color=ORANGE)
    layers.bar_label(bars, ["" if depth is None else depth for *_, depth in entries], padding=2)
    layers.set_xticks(x, [f"{year}\n{t(name)}" for year, name, *_ in entries], fontsize=12)
    layers.set(ylim=(0, 185), ylabel=t("layers with weights"))

    years = [year for year, *_ in entries]
    for i, (year, name, error, depth) in enumerate(entries):
        if depth is not None:
            # Two entries of a year lie close together: the second is named below its point.
            above = year not in years[:i]
            both.plot(depth, error, "o", color=BLUE, markersize=9)
            both.annotate(
                f"{t(name)} ({year})",
                (depth, error),
                xytext=(8, 5 if above else -16),
                textcoords="offset points",
            )
    both.set_xscale("log")
    both.set_xticks([8, 19, 50, 152], ["8", "19", "50", "152"])
    both.minorticks_off()
    both.set(xlim=(6.5, 600), ylim=(0, 19))
    both.set_xlabel(t("layers with weights (log scale)"))
    both.set_ylabel(t("top-5 error (%)"))
    both.set_title(t("The same entries: error against depth"))
    return picture


def sizes(pictures: Mapping[str, Tensor], title: str) -> Picture:
    """`pictures` (C, H, W), 0 to 1, by name: above to one scale, below enlarged."""
    drawn = Picture(12, 7)
    above, below = drawn.subplots(2, len(pictures), height_ratios=(1, 1))
    largest = max(max(p.shape[1:]) for p in pictures.values())
    for small, big, (name, picture) in zip(above, below, pictures.items(), strict=True):
        _, h, w = picture.shape
        for ax in (small, big):
            _show_image(ax, picture)
            ax.grid(visible=False)
        small.set(xlim=(0, largest), ylim=(largest, 0))
        small.set_title(f"{t(name)}: {h}×{w}")
        big.axis("off")
    above[0].set_ylabel(t("pixels"))
    drawn.suptitle(t(title))
    return drawn


_LARGE = ("11×11, 7×7 convolution", RED)
_KINDS = {  # by kernel size; 0 is a fully connected layer
    5: ("5×5 convolution", ORANGE),
    3: ("3×3 convolution", SKY),
    1: ("1×1 convolution", BLUE),
    0: ("fully connected", GREEN),
}


def stacks(nets: Mapping[str, Sequence[tuple[str, int]]]) -> Picture:
    """Slide 8: each network as a row of its layers with weights, from the input to the output.

    A layer is ("conv", kernel size) or ("fc", 0).
    """
    drawn = Picture(13, 1.2 + 1.1 * len(nets))
    ax = drawn.subplots()
    for row, layers in enumerate(nets.values()):
        for i, (_, kernel) in enumerate(layers):
            _, color = _KINDS.get(kernel, _LARGE)
            ax.add_patch(Rectangle((i + 0.6, row - 0.3), 0.8, 0.6, color=color, linewidth=0))
    names = [t("{name}\n{count} layers", name=n, count=len(k)) for n, k in nets.items()]
    ax.set_yticks(range(len(nets)), names, fontsize=15)
    longest = max(map(len, nets.values()))
    ax.set(xlim=(0, longest + 1.5), ylim=(len(nets) - 0.5, -0.5))
    ax.set_xlabel(t("layer, counted from the input"))
    ax.grid(visible=False, axis="y")
    handles = [Patch(color=color, label=t(label)) for label, color in (_LARGE, *_KINDS.values())]
    ax.legend(handles=handles, loc="upper right")
    ax.set_title(t("The revolution of depth, drawn from the models"))
    return drawn


def footprints(layers: Mapping[str, Tensor], title: str) -> Picture:
    """`layers`: matrices (output channel × input channel), true where the input matters."""
    picture = Picture(3.3 * len(layers), 4.2)
    for ax, (name, matrix) in zip(picture.subplots(1, len(layers)), layers.items(), strict=True):
        ax.imshow(
            matrix.numpy(), cmap=ListedColormap(["white", BLUE]), vmin=0, vmax=1, aspect="auto"
        )
        ax.grid(visible=False)
        ax.set_title(name)
        ax.set_xlabel(t("input channel"))
    picture.axes[0].set_ylabel(t("output channel"))
    picture.suptitle(t(title))
    return picture


def networks(costs: Mapping[str, Sequence["Layer"]], title: str) -> Picture:
    """Networks side by side, from `probe.cost`: a box per convolution, pooling or FC layer.

    The height of a box grows with the height of its output, the width with its channels (both on
    a log scale); a fully connected layer is as high as it has units.
    """
    kinds = {"Conv2d": SKY, "MaxPool2d": ORANGE, "AvgPool2d": ORANGE, "Linear": GREEN}
    picture = Picture(13, 2.9 * len(costs))
    for ax, (name, layers) in zip(picture.subplots(len(costs), 1), costs.items(), strict=True):
        left = 0.0
        for layer in layers:
            if layer.kind in kinds:
                channels, size = layer.shape[0], layer.shape[-1]
                flat = len(layer.shape) == 1
                width, height = 0.3 if flat else math.log2(channels) / 4, math.log2(size)
                color = kinds[layer.kind]
                ax.add_patch(Rectangle((left, -height / 2), width, height, color=color))
                text = f"{size:,}" if flat else f"{channels}×{size}×{size}"
                ax.text(left + width / 2, 6.4, text, ha="center", va="bottom", rotation=40)
                left += width + 0.7
        ax.set(xlim=(-0.3, 26), ylim=(-6.5, 12))
        ax.axis("off")
        ax.set_title(name, loc="left")
    handles = [
        Patch(color=SKY, label=t("convolution")),
        Patch(color=ORANGE, label=t("pooling")),
        Patch(color=GREEN, label=t("fully connected")),
    ]
    picture.axes[0].legend(handles=handles, loc="center right")
    picture.suptitle(t(title))
    return picture


Shortcut = tuple[int, int, bool]  # from before one layer to behind another; with new channels?


def stages(nets: Mapping[str, tuple[Sequence["Layer"], Sequence[Shortcut]]], title: str) -> Picture:
    """Slide 19: each network as a row of boxes, one a layer with weights, with its shortcuts.

    A box carries its layer's channels, and has a color by the height of its output. An arc is a
    shortcut, dashed where the number of channels changes.
    """
    convolutions = [layer for layers, _ in nets.values() for layer in layers if layer.shape[1:]]
    heights = sorted({layer.shape[-1] for layer in convolutions}, reverse=True)
    colors = dict(zip(heights, cycle((PURPLE, SKY, BLUE, GREEN, ORANGE, YELLOW)), strict=False))
    longest = max(len(layers) for layers, _ in nets.values())
    picture = Picture(13, 1 + 1.9 * len(nets))
    grid = picture.subplots(len(nets), 1)
    for ax, (name, (layers, shortcuts)) in zip(grid, nets.items(), strict=True):
        for i, layer in enumerate(layers):
            color = colors[layer.shape[-1]] if layer.shape[1:] else "#bbbbbb"
            ax.add_patch(Rectangle((i + 0.08, 0), 0.84, 1, color=color, linewidth=0))
            ink = "white" if color in (BLUE, GREEN) else "black"
            text = f"{layer.shape[0]:,}"
            ax.text(i + 0.5, 0.5, text, ha="center", va="center", rotation=90, color=ink)
        for first, last, changes in shortcuts:
            middle, radius = (first + last + 1) / 2, (last + 1 - first) / 2
            arc = Arc((middle, 1.02), 2 * radius, 1.0, theta1=0, theta2=180)
            arc.set(linewidth=2, linestyle="--" if changes else "-", color=BLACK)
            ax.add_patch(arc)
        ax.set(xlim=(-0.2, longest + 0.2), ylim=(-0.1, 1.6))
        ax.axis("off")
        ax.set_title(name, loc="left")
    handles = [Patch(color=color, label=f"{size}×{size}") for size, color in colors.items()]
    handles.append(Patch(color="#bbbbbb", label=t("fully connected")))
    picture.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    picture.suptitle(t(title))
    return picture


def columns(nets: Mapping[str, Sequence[tuple[str, str]]], title: str) -> Picture:
    """Slide 5: each network as a column of its layers, (kind, text), from the input down.

    A kind is "conv", "lrn", "pool" or "fc".
    """
    colors = {"conv": SKY, "lrn": PURPLE, "pool": ORANGE, "fc": GREEN}
    longest = max(map(len, nets.values()))
    picture = Picture(3.6 * len(nets), 1.4 + 0.36 * longest)
    for ax, (name, layers) in zip(picture.subplots(1, len(nets)), nets.items(), strict=True):
        for i, (kind, text) in enumerate(layers):
            ax.add_patch(Rectangle((0, i + 0.08), 1, 0.84, color=colors[kind], linewidth=0))
            ax.text(0.5, i + 0.5, t(text), ha="center", va="center")
        ax.set(xlim=(-0.02, 1.02), ylim=(longest, 0))
        ax.axis("off")
        ax.set_title(name)
    picture.suptitle(t(title))
    return picture


def dialogue(frames: Sequence[tuple[str, str, str, str]], title: str) -> Picture:
    """Slides 11 to 13: the lower and the upper layers of a network talk, one panel a frame.

    A frame is (title, what the lower layers say, "→" or "←", what the upper layers say).
    """
    picture = Picture(13, 3.8)
    for ax, (name, lower, arrow, upper) in zip(
        picture.subplots(1, len(frames)), frames, strict=True
    ):
        for left, color, label in ((0.04, SKY, "layers 1–6"), (0.56, GREEN, "layers 7–13")):
            ax.add_patch(Rectangle((left, 0.4), 0.4, 0.2, color=color, linewidth=0))
            ax.text(left + 0.2, 0.5, t(label), ha="center", va="center")
        ends = ((0.55, 0.5), (0.45, 0.5))
        head, tail = ends if arrow == "→" else ends[::-1]
        ax.annotate("", head, tail, arrowprops={"arrowstyle": "-|>", "linewidth": 2.5})
        ax.text(0.04, 0.66, t(lower), va="bottom", fontsize=14)
        ax.text(0.96, 0.34, t(upper), va="top", ha="right", fontsize=14)
        ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color="#aaaaaa")
        ax.set_title(t(name))
    picture.suptitle(t(title))
    return picture
