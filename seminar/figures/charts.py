"""Charts of general use, for a slide as for an explorer."""

import math
import time
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter
from torch import Tensor

from ..catalogue import t
from .picture import BLACK, BLUE, COLORS, GREEN, ORANGE, RED, SKY, Picture, show

if TYPE_CHECKING:
    from ..train import History


def images(
    pictures: Tensor,
    titles: Sequence[str] = (),
    title: str = "",
    columns: int = 10,
    side: float = 1.15,
) -> Picture:
    """A grid of `pictures` (N, C, H, W) from 0 to 1, each under its own text of `titles`.

    Each is `side` inches wide, in a thin frame, for white pixels lie on white paper.
    """
    rows = -(-len(pictures) // columns)
    drawn = Picture(side * columns, (side + 0.35 * bool(titles)) * rows + 0.5 * bool(title))
    grid = drawn.subplots(rows, columns, squeeze=False)
    for i, ax in enumerate(grid.flat):
        if i >= len(pictures):
            ax.axis("off")
        else:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=True, color="#aaaaaa")
            _show_image(ax, pictures[i])
            if titles:
                ax.set_title(titles[i], fontsize=13)
    if title:
        drawn.suptitle(t(title))
    return drawn


def _show_image(ax, image: Tensor) -> None:
    pixels = image.detach().float().cpu().permute(1, 2, 0).numpy()
    ax.imshow(pixels if pixels.shape[2] == 3 else pixels[..., 0], vmin=0, vmax=1)


def by_depth(curves: Mapping[str, Sequence[float]], picture: Picture | None = None) -> Picture:
    """`curves` of positive numbers, one a layer, on a log axis; gray: beyond a millionfold.

    A curve ends where it leaves the axis, at 1e-18 and 1e18.
    """
    picture = picture or Picture(10, 4.4)
    (ax,) = picture.empty_axes()
    _depth_axis(ax, curves)
    ax.set_title(t("The signal forward and the gradient backward, layer by layer"))
    picture.legend(loc="outside lower center", ncols=len(curves))
    return picture


def _depth_axis(ax, curves: Mapping[str, Sequence[float]]) -> None:
    ax.set_yscale("log")
    longest = max(map(len, curves.values()))
    for (name, values), style in zip(curves.items(), ("-", "--", ":", "-."), strict=False):
        seen = [v if 1e-18 <= v <= 1e18 else math.nan for v in values]
        ax.plot(range(1, len(values) + 1), seen, style, label=t(name))
    ax.axhspan(1e6, 1e18, color="#eeeeee")
    ax.axhspan(1e-18, 1e-6, color="#eeeeee")
    ax.text(longest, 1e17, t("explodes"), ha="right", va="top")
    ax.text(longest, 1e-17, t("vanishes"), ha="right", va="bottom")
    ax.set(xlim=(1, longest), ylim=(1e-18, 1e18))
    ax.set_yticks([1e-12, 1e-6, 1, 1e6, 1e12], ["1e-12", "1e-6", "1", "1e6", "1e12"])
    ax.minorticks_off()
    ax.set_xlabel(t("layer"))
    ax.set_ylabel(t("size (1 = unchanged, log scale)"))


def flow(
    layers: Mapping[str, tuple[Tensor, str]],
    ends: tuple[float, float],
    sizes: Mapping[str, Sequence[float]],
    caption: str,
    picture: Picture | None = None,
) -> Picture:
    """What flows through a network, under `caption`: left its values, right their size by depth.

    `layers`: (values, note) by name; a histogram each between the `ends` of the axis, as high as
    its own tallest bar. Values beyond are counted at the ends, exact zeros and nan left out.
    `sizes`: positive numbers, one a layer, as in `by_depth`.
    """
    picture = picture or Picture(12, 4.4)
    places = {"left": 0.055, "right": 0.985, "bottom": 0.13, "top": 0.91, "wspace": 0.4}
    left, right = picture.empty_axes(1, 2, places)
    low, high = ends if ends[0] < ends[1] < math.inf else (-1.0, 1.0)  # nan: it has overflowed
    bins = 80
    centers = [low + (high - low) * (i + 0.5) / bins for i in range(bins)]
    left.hlines(range(len(layers)), low, high, color="#888888", linewidth=0.8)
    for row, (values, note) in enumerate(layers.values()):
        kept = values[(values != 0) & ~values.isnan()].clamp(low, high)
        counts = torch.histc(kept, bins, low, high)
        top = row - 0.85 * counts / counts.max().clamp_min(1)
        left.fill_between(centers, row, top.tolist(), step="mid", color=SKY, linewidth=0)
        left.text(high + 0.01 * (high - low), row, note, va="bottom", fontsize=11, linespacing=1.3)
    left.set_yticks(range(len(layers)), layers)
    left.set(xlim=(low, high), ylim=(len(layers) - 0.9, -1))
    left.grid(visible=False, axis="y")
    left.xaxis.set_major_locator(MaxNLocator(5))
    left.set_xlabel(t("value"))
    left.set_ylabel(t("layer"))
    _depth_axis(right, sizes)
    right.legend(loc="upper left", fontsize=11)
    picture.suptitle(caption)
    return picture


def training(history: "History", picture: Picture | None = None) -> Picture:
    """Left the loss of every mini-batch, right the errors after every epoch."""
    picture = picture or Picture(11, 4)
    left, right = picture.empty_axes(1, 2)
    left.plot(range(1, len(history.batch_loss) + 1), history.batch_loss, color=BLUE, linewidth=1.5)
    left.set_ylim(bottom=0)
    left.set_xlabel(t("step (mini-batch)"))
    left.set_ylabel(t("loss (nats)"))
    left.set_title(t("Loss of each mini-batch"))
    epochs = range(1, len(history.test_error) + 1)
    right.plot(epochs, history.train_error, "o-", color=BLUE, label=t("training error"))
    right.plot(epochs, history.test_error, "s--", color=ORANGE, label=t("test error"))
    right.yaxis.set_major_formatter(PercentFormatter(1))
    right.set_ylim(bottom=0)
    right.xaxis.get_major_locator().set_params(integer=True)
    right.set_xlabel(t("epoch"))
    right.set_ylabel(t("wrong answers"))
    right.set_title(t("Error after each epoch"))
    right.legend()
    return picture


class Live:
    """`fit(…, watch=Live())`: the figure of `training`, growing while a network trains."""

    def __init__(self, every: float = 0.5):
        self.every = every  # seconds between two pictures
        self._picture = Picture(11, 4)
        self._handle = None
        self._drawn = (0.0, 0)  # when, and how many epochs were over

    def __call__(self, history: "History") -> None:
        """Draw `history` if the last picture is old enough, or if an epoch has ended."""
        now, epochs = time.monotonic(), len(history.test_error)
        if now - self._drawn[0] < self.every and epochs == self._drawn[1]:
            return
        self._handle = show(training(history, self._picture), self._handle)
        self._drawn = (time.monotonic(), epochs)


def reading(
    digit: Tensor, probabilities: Tensor, label: int | None = None, picture: Picture | None = None
) -> Picture:
    """A `digit` (1, 28, 28), 0 to 1, beside the model's `probabilities` (10,)."""
    picture = picture or Picture(9, 3.6)
    left, right = picture.empty_axes(1, 2, width_ratios=(1, 1.6))
    _show_image(left, digit)
    left.axis("off")
    left.set_title(
        t("what the network sees") if label is None else t("the label says {digit}", digit=label)
    )
    best = set(probabilities.topk(5).indices.tolist())
    answer = int(probabilities.argmax())
    colors = [BLUE if i == answer else SKY if i in best else "#cccccc" for i in range(10)]
    right.bar(range(10), probabilities.tolist(), color=colors)
    right.set_xticks(range(10))
    right.set_ylim(0, 1)
    right.yaxis.set_major_formatter(PercentFormatter(1))
    right.set_xlabel(t("class"))
    right.set_ylabel(t("probability"))
    right.set_title(t("the network reads {digit}", digit=answer))
    handles = [Patch(color=BLUE, label=t("its answer")), Patch(color=SKY, label=t("its top 5"))]
    right.legend(handles=handles, fontsize=11)
    return picture


Curves = Mapping[str, tuple[Sequence[float], Sequence[float]]]  # (xs, ys) by name


def lines(
    curves: Curves,
    title: str,
    x: str,
    y: str,
    percent: bool = False,
    log: bool = False,
    marks: bool = False,
    picture: Picture | None = None,
) -> Picture:
    """`curves` of (xs, ys) by name, under `title`, with the labels `x` and `y` of the axes.

    `percent`: 0.1 is shown as 10%; `log`: the vertical axis is logarithmic; `marks`: a mark at
    every point.
    """
    picture = picture or Picture(10, 4.4)
    (ax,) = picture.empty_axes()
    _curves(ax, curves, percent, log, marks)
    ax.set_xlabel(t(x))
    ax.set_ylabel(t(y))
    ax.set_title(t(title))
    ax.legend()
    return picture


def _curves(ax, curves: Curves, percent: bool, log: bool = False, marks: bool = False) -> None:
    styles = zip(cycle(("-", "--", "-.", ":")), cycle("osD^"), strict=True)
    for (name, (xs, ys)), (line, mark) in zip(curves.items(), styles, strict=False):
        ax.plot(xs, ys, line, marker=mark if marks else None, label=t(name))
    if all(isinstance(x, int) for xs, _ in curves.values() for x in xs):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if log:
        ax.set_yscale("log")
        # Plain text: the font has no mathematical minus.
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
        low, high = ax.get_ylim()
        if high < 1000 * low:  # a decade or two: 1, 2, 5, 10, …
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    if percent:
        ax.yaxis.set_major_formatter(PercentFormatter(1))


def _bands(ax, curves: Curves, runs: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Pale from the lowest to the highest of a curve's `runs`; `curves` are all that `ax` has."""
    for line, (name, (xs, _)) in zip(ax.lines, curves.items(), strict=True):
        if name in runs:
            ends = [(min(ys), max(ys)) for ys in zip(*runs[name], strict=True)]
            low, high = zip(*ends[: len(xs)], strict=True)
            ax.fill_between(xs, low, high, color=line.get_color(), alpha=0.2, linewidth=0)


def panels(
    curves: Mapping[str, Curves],
    title: str,
    x: str,
    y: str,
    percent: bool = False,
    log: bool = False,
    bands: Mapping[str, Mapping[str, Sequence[Sequence[float]]]] | None = None,
    guessing: float | None = None,
    picture: Picture | None = None,
) -> Picture:
    """`curves` side by side, one panel a name, on the same vertical axis.

    `percent` and `log` as in `lines`. `bands`: by panel and curve several runs of it (ys each),
    whose lowest and highest values are the borders of a pale band. `guessing`: a thin line at what
    a network that only guesses would have.
    """
    picture = picture or Picture(12, 4.6)
    grid = picture.empty_axes(1, len(curves), sharey=True)
    for ax, (name, drawn) in zip(grid, curves.items(), strict=True):
        _curves(ax, drawn, percent, log, marks=not log)
        _bands(ax, drawn, (bands or {}).get(name, {}))
        if guessing is not None:
            ax.axhline(guessing, color="#555555", linewidth=1, zorder=0, label=t("guessing"))
        ax.set_xlabel(t(x))
        ax.set_title(t(name))
        ax.legend()
    grid[0].set_ylabel(t(y))
    if not log:
        grid[0].set_ylim(bottom=0)
    picture.suptitle(t(title))
    return picture


def shares(rows: Mapping[str, Mapping[str, float]], title: str) -> Picture:
    """Each of `rows` as a bar of 100%, cut into its parts: fully connected (FC) ones are green."""
    picture = Picture(12, 1.2 + 0.9 * len(rows))
    ax = picture.subplots()
    for i, parts in enumerate(rows.values()):
        left = 0.0
        for j, (name, value) in enumerate(parts.items()):
            share = value / sum(parts.values())
            color = GREEN if name.startswith("FC") else (SKY, BLUE)[j % 2]
            ink = "black" if color == SKY else "white"
            ax.barh(i, share, left=left, color=color, edgecolor="white")
            if share > 0.06:
                text = f"{name}\n{share:.0%}"
                ax.text(left + share / 2, i, text, ha="center", va="center", color=ink)
            left += share
    ax.set_yticks(range(len(rows)), [t(name) for name in rows])
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set_xlabel(t("share"))
    ax.set_title(t(title))
    return picture


def convolution(
    seen: Mapping[str, Tensor], caption: str, picture: Picture | None = None
) -> Picture:
    """Input, kernel and output of one convolution, as `seen` (H, W) by name, under `caption`."""
    picture = picture or Picture(9.5, 3.8)
    grid = picture.empty_axes(1, len(seen))
    for ax, (name, pixels) in zip(grid, seen.items(), strict=True):
        largest = float(pixels.abs().max()) or 1.0
        lowest = -largest if pixels.min() < 0 else 0.0
        ax.imshow(pixels.numpy(), vmin=lowest, vmax=largest, cmap="PuOr_r" if lowest else "gray")
        ax.set_title(f"{t(name)}: {pixels.shape[0]}×{pixels.shape[1]}")
        ax.axis("off")
    picture.suptitle(caption)
    return picture


def field(
    photo: Tensor,
    square: tuple[float, float],
    footprint: Tensor,
    effective: Tensor,
    sizes: Mapping[str, Sequence[int]],
    caption: str,
    picture: Picture | None = None,
) -> Picture:
    """What one output sees of `photo` (H, W), 0 to 1, under `caption`.

    Left the `footprint` (H, W; true or false) in blue, and the `square` (first pixel, side) of
    the recurrence as a frame; in the middle the same frame and `effective` (H, W), 0 to 1; right
    `sizes` by layer.
    """
    picture = picture or Picture(12, 4.3)
    views, right = picture.empty_axes(1, 2, width_ratios=(2.1, 1))
    h, w = photo.shape
    white = torch.ones(h, w // 12, 3)
    tints = []
    for shade, color in ((0.5 * footprint, BLUE), (effective.sqrt(), GREEN)):
        tint = torch.tensor(to_rgb(color))
        tints += [torch.lerp(photo[..., None], tint, shade[..., None]), white]
    # One image for both views: an explorer has no time for a third pair of axes.
    both = torch.cat(tints[:-1], 1)
    views.imshow((255 * both).byte().numpy(), interpolation="nearest")
    first, side = square
    titles = ("formula (frame), footprint (blue)", "how much each pixel matters")
    for x, title in zip((0, w + w // 12), titles, strict=True):
        left, top = max(first, 0), max(first, 0)  # what lies outside the picture is cut off
        width, height = min(first + side, w) - left, min(first + side, h) - top
        corner = (x + left - 0.5, top - 0.5)
        frame = Rectangle(corner, width, height, fill=False, edgecolor=RED, linewidth=2.5)
        views.add_patch(frame)
        views.text(x + w / 2, -3, t(title), ha="center")
    views.set(xlim=(-0.5, both.shape[1] - 0.5), ylim=(h - 0.5, -0.5))
    views.axis("off")
    for (name, values), style in zip(sizes.items(), ("o-", "s--"), strict=False):
        right.plot(range(len(values)), values, style, label=t(name), markersize=5)
    right.set_ylim(bottom=0)
    right.xaxis.get_major_locator().set_params(integer=True)
    right.set_xlabel(t("layer (0: the picture)"))
    right.set_ylabel(t("pixels"))
    right.legend(fontsize=11)
    picture.suptitle(caption)
    return picture


def scatter(
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    title: str,
    x: str,
    y: str,
    lines: Curves | None = None,
    center: tuple[float, float] | None = None,
    limits: tuple[float, float, float, float] | None = None,
    ticks: Mapping[float, str] | None = None,
    picture: Picture | None = None,
) -> Picture:
    """`points` (xs, ys) by name, and `lines` (xs, ys) by name, under `title`.

    `center`: from there to every point a rectangle, blue where the two deviations from it have the
    same sign, orange where they have not. `limits`: (left, right, bottom, top) of the axes.
    `ticks`: what to write under which x.
    """
    picture = picture or Picture(9, 4.6)
    (ax,) = picture.empty_axes(once=True)  # an explorer's axes stay where they are
    if center is not None:
        ax.axvline(center[0], color=BLACK, linewidth=1)
        ax.axhline(center[1], color=BLACK, linewidth=1)
    for (name, (xs, ys)), mark in zip(points.items(), cycle("osD^"), strict=False):
        ax.plot(xs, ys, mark, label=t(name), markersize=8, alpha=0.8)
        if center is not None:
            for a, b in zip(xs, ys, strict=True):
                width, height = a - center[0], b - center[1]
                color = BLUE if width * height > 0 else ORANGE
                ax.add_patch(Rectangle(center, width, height, color=color, alpha=0.25, linewidth=0))
    looks = zip(("-", "--", ":"), (BLACK, RED, GREEN), strict=True)
    for (name, (xs, ys)), (style, color) in zip((lines or {}).items(), looks, strict=False):
        ax.plot(xs, ys, style, label=t(name), color=color)
    if limits:
        ax.set(xlim=limits[:2], ylim=limits[2:])
    if ticks:
        ax.set_xticks(list(ticks), list(ticks.values()))
    ax.set_xlabel(t(x))
    ax.set_ylabel(t(y))
    ax.set_title(t(title))
    ax.legend(fontsize=11)
    return picture


def strip(
    pictures: Tensor,
    titles: Sequence[str],
    curves: Curves,
    caption: str,
    x: str,
    y: str,
    mark: float | None = None,
    percent: bool = False,
    picture: Picture | None = None,
) -> Picture:
    """A row of `pictures` (N, H, W), each under its own text, over `curves`, under `caption`.

    Every picture has its own gray scale. `mark`: a vertical line there. `percent`: 0.1 is shown as
    10%. The axes are laid out once and kept, for an explorer that shall answer at once.
    """
    picture = picture or Picture(11, 5.2)
    places = {"left": 0.09, "right": 0.98, "bottom": 0.13, "top": 0.85, "hspace": 0.25}
    above, below = picture.empty_axes(2, 1, {**places, "height_ratios": (1, 1.7)})
    low, high = pictures.amin((1, 2), keepdim=True), pictures.amax((1, 2), keepdim=True)
    shown = (pictures - low) / (high - low).clamp_min(1e-9)
    n, h, w = shown.shape
    gap = w // 7
    row = torch.ones(h, n * (w + gap) - gap)
    for i, one in enumerate(shown):
        row[:, i * (w + gap) : i * (w + gap) + w] = one
        above.text(i * (w + gap) + w / 2, -0.8, titles[i], ha="center", va="bottom", fontsize=12)
    above.imshow(row.numpy(), vmin=0, vmax=1, interpolation="nearest")
    above.axis("off")
    _curves(below, curves, percent)
    if mark is not None:
        below.axvline(mark, color=BLACK, linewidth=1.5, linestyle=":")
    below.set_xlabel(t(x))
    below.set_ylabel(t(y))
    below.set_ylim(bottom=0)
    below.legend(fontsize=11)
    picture.suptitle(caption)
    return picture


def drift(
    layers: Mapping[str, tuple[Tensor, Tensor]],
    ends: tuple[float, float],
    moved: Mapping[str, Sequence[float]],
    highest: float,
    caption: str,
    picture: Picture | None = None,
) -> Picture:
    """How what enters each layer has moved since the first step, under `caption`.

    `layers`: two histograms by name, before the first step (outline) and now (blue), over bins
    between the `ends` of the axis; the first and the last bin count what is beyond. `moved`: by
    network a number for each layer, on an axis up to `highest`.
    """
    picture = picture or Picture(12, 4.8)
    places = {"left": 0.06, "right": 0.985, "bottom": 0.13, "top": 0.9, "wspace": 0.22}
    left, right = picture.empty_axes(1, 2, places)
    bins = len(next(iter(layers.values()))[0])
    width = (ends[1] - ends[0]) / bins
    centers = [ends[0] + width * (i + 0.5) for i in range(bins)]
    for row, (first, now) in enumerate(layers.values()):
        beyond = float((now[0] + now[-1]) / now.sum().clamp_min(1))
        top = max(float(first[1:-1].max()), float(now[1:-1].max()), 1e-9)
        heights = (row - (0.9 * now / top).clamp_max(0.9)).tolist()
        left.fill_between(centers, row, heights, step="mid", color=SKY, linewidth=0)
        outline = (row - (0.9 * first / top).clamp_max(0.9)).tolist()
        left.plot(centers, outline, color=BLACK, linewidth=1.2, drawstyle="steps-mid")
        if beyond > 0.01:
            text = t("{share} beyond", share=f"{beyond:.0%}")
            x = ends[1] - 1.5 * width  # left of the bin that counts them
            left.text(x, row - 0.45, text, ha="right", va="center", fontsize=11)
    left.set_yticks(range(len(layers)), layers)
    left.set(xlim=ends, ylim=(len(layers) - 0.9, -1))
    left.grid(visible=False, axis="y")
    left.set_xlabel(t("value (0 and 1: mean and standard deviation before the first step)"))
    left.set_ylabel(t("layer"))
    for (name, values), style in zip(moved.items(), ("o-", "s--"), strict=False):
        right.plot(range(1, len(values) + 1), values, style, label=t(name))
    right.set(ylim=(0, highest))
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set_xlabel(t("layer"))
    right.set_ylabel(t("mean moved by (standard deviations)"))
    right.legend(fontsize=11)
    picture.suptitle(caption)
    return picture


def course(
    left: Curves,
    right: Curves,
    titles: tuple[str, str],
    labels: tuple[str, str, str],
    highest: float,
    band: Mapping[str, Sequence[Sequence[float]]],
    mark: float,
    picture: Picture | None = None,
) -> Picture:
    """Two charts of shares side by side, on the same vertical axis up to `highest`.

    `labels`: of both horizontal axes, and of the vertical one. `band`: several runs (ys) of curves
    on the left; between their lowest and highest values it is pale. `mark`: a vertical line on the
    right. The axes are laid out once and kept, for an explorer.
    """
    picture = picture or Picture(12, 4.4)
    places = {"left": 0.09, "right": 0.985, "bottom": 0.14, "top": 0.91, "wspace": 0.06}
    axes = picture.empty_axes(1, 2, places)
    for ax, curves, title, label in zip(axes, (left, right), titles, labels, strict=False):
        _curves(ax, curves, percent=True, marks=True)
        xs, _ = next(iter(curves.values()))
        ax.set_xticks(xs)  # few ticks: they take most of the time to draw
        ax.set(ylim=(0, highest), title=t(title), xlabel=t(label))
        ax.legend(fontsize=12)
    _bands(axes[0], left, band)
    axes[1].axvline(mark, color=BLACK, linewidth=1.5, linestyle=":")
    axes[1].tick_params(labelleft=False)
    axes[0].set_ylabel(t(labels[2]))
    return picture


def maps(
    values: Mapping[str, Sequence[Sequence[float]]],
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    x: str,
    y: str,
    ends: tuple[float, float],
) -> Picture:
    """Maps side by side, one a name: `values` by row and column, each written into its field.

    Dark is the lower, light the upper of the `ends`; a value above the upper one, or infinite, is
    written as such.
    """
    picture = Picture(13, 1.9 + 0.5 * len(rows))
    grid = picture.subplots(1, len(values), sharey=True, squeeze=False)[0]
    for ax, (name, matrix) in zip(grid, values.items(), strict=True):
        shown = torch.tensor(matrix).clamp_max(ends[1])  # an infinite value would stay white
        ax.imshow(shown.numpy(), cmap="cividis", vmin=ends[0], vmax=ends[1], aspect="auto")
        for i, line in enumerate(matrix):
            for j, value in enumerate(line):
                text = f"{value:.1f}" if value <= ends[1] else f">{ends[1]:g}"
                ink = "white" if value < sum(ends) / 2 else "black"
                ax.text(j, i, text, ha="center", va="center", color=ink)
        ax.set_xticks(range(len(columns)), columns)
        ax.set_yticks(range(len(rows)), rows)
        ax.grid(visible=False)
        ax.set_xlabel(t(x))
        ax.set_title(t(name))
    grid[0].set_ylabel(t(y))
    picture.suptitle(t(title))
    return picture


def bars(
    groups: Mapping[str, Mapping[str, float]], caption: str, picture: Picture | None = None
) -> Picture:
    """`groups` side by side under `caption`: a bar for each name, with its number beside it.

    Each panel has its own scale from 0; the names are those of the first. The axes are laid out
    once and kept, for an explorer.
    """
    picture = picture or Picture(13, 3.4)
    places = {"left": 0.2, "right": 0.99, "bottom": 0.04, "top": 0.78, "wspace": 0.06}
    grid = picture.empty_axes(1, len(groups), places)
    for ax, (name, values) in zip(grid, groups.items(), strict=True):
        longest = max(values.values())
        for row, value in enumerate(values.values()):
            ax.add_patch(Rectangle((0, row - 0.35), value, 0.7, color=COLORS[row], linewidth=0))
            text = f"{value:,.0f}" if isinstance(value, int) or value >= 100 else f"{value:.3g}"
            ax.text(value + 0.03 * longest, row, text, va="center")
        ax.set(xlim=(0, 1.65 * longest), ylim=(len(values) - 0.5, -0.5))
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_title(t(name), loc="left", fontsize=13)
    names = next(iter(groups.values()))
    grid[0].set_yticks(range(len(names)), names)
    grid[0].grid(visible=False)
    picture.suptitle(caption)
    return picture


def landscape(
    losses: Mapping[str, Sequence[Sequence[float]]],
    places: Sequence[float],
    title: str,
    x: str,
    y: str,
) -> Picture:
    """`losses` by row (y) and column (x) at `places`, a map a name, on one log scale of colors.

    Dark is low. A cross marks the center; contours are a factor of two apart.
    """
    picture = Picture(13, 3.9)
    grid = picture.subplots(1, len(losses), sharey=True, squeeze=False)[0]
    everything = np.array(list(losses.values()))
    low, high = np.log2(everything.min()), np.log2(everything.max())
    levels = np.arange(math.floor(low), math.ceil(high) + 1)
    for ax, (name, matrix) in zip(grid, losses.items(), strict=True):
        height = np.log2(np.array(matrix))
        drawn = ax.contourf(places, places, height, levels, cmap="cividis")
        ax.contour(places, places, height, levels, colors="white", linewidths=0.8, linestyles="-")
        ax.plot(0, 0, "+", color="white", markersize=14, markeredgewidth=2)
        ax.set(xlabel=t(x), aspect="equal")
        ax.set_title(t(name))
        ax.grid(visible=False)
    grid[0].set_ylabel(t(y))
    bar = picture.colorbar(drawn, ax=list(grid), label=t("loss (log scale)"), shrink=0.85)
    bar.set_ticks(list(levels), labels=[f"{2.0**level:g}" for level in levels])
    picture.suptitle(t(title))
    return picture
