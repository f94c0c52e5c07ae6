"""From numbers to a figure. Every function returns a `Picture`, which a notebook shows.

Those that take `picture` draw into it instead of a new one, as an explorer does on each move of a
slider. Texts come out in the language of the notebook. Colors: Okabe and Ito's, which the
color-blind can tell apart.
"""

import html
import io
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import PercentFormatter
from torch import Tensor

from .catalogue import t

if TYPE_CHECKING:
    from .train import History

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#000000"
COLORS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK, YELLOW)


def _style() -> None:
    """Hangul without a system font, and sizes that can be read from the last row."""
    with as_file(files("seminar").joinpath("assets/SeminarGothic.ttf")) as font:
        fontManager.addfont(font)
    mpl.rcParams.update(
        {
            # Hangul first: the other way round a title with both Hangul and $…$ loses its Hangul.
            "font.family": ["Seminar Gothic", "DejaVu Sans"],
            "axes.unicode_minus": False,
            "font.size": 13,
            "axes.titlesize": 15,
            "axes.prop_cycle": cycler(color=COLORS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#dddddd",
            "lines.linewidth": 2.5,
            "legend.frameon": False,
            "image.cmap": "gray",
        }
    )


_style()


class Picture(Figure):
    """A figure that a notebook shows as PNG, and that tells its titles where it cannot be seen."""

    def __init__(self, width: float = 10, height: float = 4.2):
        super().__init__(figsize=(width, height), dpi=100, layout="constrained")

    def png(self) -> bytes:
        """The picture as a PNG file."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()

    def __repr__(self) -> str:
        titles = [self.get_suptitle(), *(ax.get_title() for ax in self.axes)]
        return f"{t('Figure')}: " + "; ".join(" ".join(x.split()) for x in titles if x)


class Table:
    """Rows under headers; a notebook shows it as HTML, a terminal as text."""

    def __init__(self, headers: Sequence[str], rows: Iterable[Sequence[object]]):
        self.headers = [t(h) if h else "" for h in headers]
        self.rows = [[_cell(value) for value in row] for row in rows]

    def __repr__(self) -> str:
        lines = [self.headers, *self.rows]
        return "\n".join(" | ".join(line) for line in lines)

    def _repr_html_(self) -> str:
        def line(cells: Sequence[str], tag: str) -> str:
            side = (' style="text-align: left"', ' style="text-align: right"')
            made = (f"<{tag}{side[_numeric(c)]}>{html.escape(c)}</{tag}>" for c in cells)
            return f"<tr>{''.join(made)}</tr>"

        body = "".join(line(row, "td") for row in self.rows)
        return f"<table><thead>{line(self.headers, 'th')}</thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return t(value) if isinstance(value, str) and value else str(value)


def _numeric(text: str) -> bool:
    return text[:1].isdigit()


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; headers and texts are translated, integers get their thousands commas."""
    return Table(headers, rows)


def competition(entries: Sequence[tuple[int, str, float, int | None]]) -> Picture:
    """Slides 1 and 8: `entries` of (year, name, top-5 error in %, layers; None if shallow)."""
    picture = Picture(13, 5)
    bars, scatter = picture.subplots(1, 2, width_ratios=(7, 5))
    x = range(len(entries))
    shallow = [depth is None for *_, depth in entries]
    colors = [SKY if s else BLUE for s in shallow]
    drawn = bars.bar(x, [error for _, _, error, _ in entries], color=colors)
    bars.bar_label(drawn, fmt="{:g}", padding=2)
    bars.set_xticks(x, [f"{year}\n{t(name)}" for year, name, *_ in entries], fontsize=11)
    bars.set_ylabel(t("top-5 error (%)"))
    bars.set_title(t("ILSVRC classification: error (bars) and depth (line)"))
    layers = bars.twinx()
    deep = [(i, depth) for i, (*_, depth) in enumerate(entries) if depth is not None]
    layers.plot(*zip(*deep, strict=True), "o--", color=RED)
    for i, count in deep:
        layers.annotate(
            str(count),
            (i, count),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            color=RED,
            bbox={"boxstyle": "round,pad=0.15", "color": "white"},  # readable on a bar
        )
    layers.set(ylabel=t("layers with weights"), ylim=(0, 170))
    layers.yaxis.label.set_color(RED)
    layers.grid(visible=False)
    layers.spines["right"].set_visible(True)

    years = [year for year, *_ in entries]
    for i, (year, name, error, depth) in enumerate(entries):
        if depth is not None:
            # Two entries of a year lie close together: the second is named below its point.
            above = year not in years[:i]
            scatter.plot(depth, error, "o", color=BLUE, markersize=9)
            scatter.annotate(
                f"{t(name)} ({year})",
                (depth, error),
                xytext=(8, 5 if above else -16),
                textcoords="offset points",
            )
    scatter.set_xscale("log")
    scatter.set_xticks([8, 19, 50, 152], ["8", "19", "50", "152"])
    scatter.minorticks_off()
    scatter.set(xlim=(6.5, 400), ylim=(0, 19))
    scatter.set_xlabel(t("layers with weights (log scale)"))
    scatter.set_ylabel(t("top-5 error (%)"))
    scatter.set_title(t("The same entries: error against depth"))
    return picture


def images(
    pictures: Tensor, titles: Sequence[str] = (), title: str = "", columns: int = 10
) -> Picture:
    """A grid of `pictures` (N, C, H, W) from 0 to 1, each under its own text of `titles`."""
    rows = -(-len(pictures) // columns)
    drawn = Picture(1.15 * columns, (1.15 + 0.35 * bool(titles)) * rows + 0.5 * bool(title))
    grid = drawn.subplots(rows, columns, squeeze=False)
    for i, ax in enumerate(grid.flat):
        ax.axis("off")
        if i < len(pictures):
            _show_image(ax, pictures[i])
            if titles:
                ax.set_title(titles[i], fontsize=13)
    if title:
        drawn.suptitle(t(title))
    return drawn


def _show_image(ax, image: Tensor) -> None:
    pixels = image.detach().float().cpu().permute(1, 2, 0)
    ax.imshow(pixels if pixels.shape[2] == 3 else pixels[..., 0], vmin=0, vmax=1)


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


def stacks(networks: Mapping[str, Sequence[tuple[str, int]]]) -> Picture:
    """Slide 8: each network as a stack of its layers with weights, the first at the top.

    A layer is ("conv", kernel size) or ("fc", 0).
    """
    drawn = Picture(9, 9)
    ax = drawn.subplots()
    tallest = max(map(len, networks.values()))
    for column, (name, layers) in enumerate(networks.items()):
        for row, (_, kernel) in enumerate(layers):
            _, color = _KINDS.get(kernel, _LARGE)
            ax.add_patch(Rectangle((column - 0.3, row + 0.1), 0.6, 0.8, color=color, linewidth=0))
        text = t("{name}\n{count} layers", name=name, count=len(layers))
        ax.text(column, -2, text, ha="center", va="bottom", fontsize=15)
    ax.set(xlim=(-0.6, len(networks) - 0.4), ylim=(tallest + 1, -tallest * 0.1))
    ax.set_xticks([])
    ax.set_ylabel(t("layer, counted from the input"))
    handles = [Patch(color=color, label=t(label)) for label, color in (_LARGE, *_KINDS.values())]
    ax.legend(handles=handles, loc="lower left", fontsize=12, frameon=True)
    ax.set_title(t("The revolution of depth, drawn from the models"), pad=14)
    return drawn


def by_depth(curves: Mapping[str, Sequence[float]], picture: Picture | None = None) -> Picture:
    """`curves` of positive numbers, one a layer, on a log axis; gray: beyond a millionfold."""
    picture = picture or Picture(10, 4.2)
    picture.clear()
    ax = picture.subplots()
    ax.set_yscale("log")
    longest = max(map(len, curves.values()))
    for (name, values), style in zip(curves.items(), ("-", "--", ":", "-."), strict=False):
        # A log axis has no 0: what underflowed is drawn at the lower edge.
        ax.plot(range(1, len(values) + 1), [max(v, 1e-14) for v in values], style, label=t(name))
    ax.axhspan(1e6, 1e14, color="#eeeeee")
    ax.axhspan(1e-14, 1e-6, color="#eeeeee")
    ax.text(longest, 1e12, t("explodes"), ha="right", va="top")
    ax.text(longest, 1e-12, t("vanishes"), ha="right", va="bottom")
    ax.set(xlim=(1, longest), ylim=(1e-14, 1e14))
    ax.set_yticks([1e-12, 1e-6, 1, 1e6, 1e12], ["1e-12", "1e-6", "1", "1e6", "1e12"])
    ax.minorticks_off()
    ax.set_xlabel(t("layer"))
    ax.set_ylabel(t("size (1 = unchanged, log scale)"))
    ax.set_title(t("The signal forward and the gradient backward, layer by layer"))
    ax.legend(loc="upper left")
    return picture


def training(history: "History", picture: Picture | None = None) -> Picture:
    """Left the loss of every mini-batch, right the errors after every epoch."""
    picture = picture or Picture(11, 4)
    picture.clear()
    left, right = picture.subplots(1, 2)
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
        from IPython.display import display

        training(history, self._picture)
        if self._handle is None:
            self._handle = display(self._picture, display_id=True)
        else:
            self._handle.update(self._picture)
        self._drawn = (time.monotonic(), epochs)


def reading(
    digit: Tensor, probabilities: Tensor, label: int | None = None, picture: Picture | None = None
) -> Picture:
    """A `digit` (1, 28, 28), 0 to 1, beside the model's `probabilities` (10,)."""
    picture = picture or Picture(9, 3.6)
    picture.clear()
    left, right = picture.subplots(1, 2, width_ratios=(1, 1.6))
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
