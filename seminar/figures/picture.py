"""What every figure is made with: its colors and style, `Picture` and `Table`."""

import html
import io
import re
import sys
from collections.abc import Iterable, Sequence
from importlib.resources import as_file, files
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import AutoLocator, ScalarFormatter
from PIL import Image, ImageChops, ImageStat

from ..catalogue import t

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
        self._canvas = FigureCanvasAgg(self)
        self._made: Any = None  # which axes, and what they were asked for with

    def empty_axes(
        self, rows: int = 1, columns: int = 1, places: Any = None, once: bool = False, **how: Any
    ) -> list[Any]:
        """Axes to draw into: made for the first drawing, kept and emptied for the next one.

        They are fitted to what is drawn, which takes as long as the drawing itself: at each
        drawing, at the first one only (`once`), or never, at fixed `places` (what `GridSpec`
        takes). `how` is as in `subplots`.
        """
        asked = (rows, columns, places, how)
        axes: list[Any] = self.axes
        if self._made != (asked, axes):
            self.clear()
            self.set_layout_engine("none" if places else "constrained")
            self.subplots(rows, columns, gridspec_kw=places, **how)
            self._made = asked, self.axes
            return self.axes
        self.legends.clear()
        for ax in axes:
            _empty(ax)
            if not (places or once):
                ax.set_subplotspec(ax.get_subplotspec())  # where it was before it was fitted
        if once:
            self.set_layout_engine("none")
        return axes

    def png(self) -> bytes:
        """The picture as a PNG file, packed in no time."""
        return _packed(self._pixels(), 1)

    def _pixels(self) -> Image.Image:
        self._canvas.draw()  # savefig would lay it out twice
        return Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")

    def _repr_png_(self) -> bytes:
        """To store in a notebook: a chart in 256 colors, a third as large; a photograph in all."""
        pixels = self._pixels()
        few = pixels.quantize(256, dither=Image.Dither.NONE)
        lost = ImageStat.Stat(ImageChops.difference(few.convert("RGB"), pixels)).mean
        return _packed(few if max(lost) < 0.2 else pixels, 9)  # of 255

    def __repr__(self) -> str:
        titles = [self.get_suptitle(), *(ax.get_title() for ax in self.axes)]
        return f"{t('Figure')}: " + "; ".join(" ".join(x.split()) for x in titles if x)


def _empty(ax) -> None:
    """Keep titles, labels and ticks, to be set anew: `ax.clear()` and new axes are far slower."""
    for artist in (*ax.lines, *ax.collections, *ax.patches, *ax.texts, *ax.images):
        artist.remove()
    ax.containers.clear()
    ax.legend_ = None
    ax.relim()  # or the axes would still reach to what is gone
    for axis, rescale in ((ax.xaxis, ax.set_xscale), (ax.yaxis, ax.set_yscale)):
        if axis.get_scale() != "linear":
            rescale("linear")  # which takes longer than what follows
        axis.set_major_locator(AutoLocator())
        axis.set_major_formatter(ScalarFormatter())
    ax.set_xlim(0, 1, auto=True)
    ax.set_ylim(0, 1, auto=True)
    ax.set_prop_cycle(None)
    ax.set_axis_on()
    ax.set_aspect("auto")


def _packed(pixels: Image.Image, level: int) -> bytes:
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()


def _as_stored() -> None:
    """Jupyter has its own way to draw matplotlib's figures, much larger; ours for a Picture."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        shell.display_formatter.formatters["image/png"].for_type(Picture, Picture._repr_png_)


_as_stored()
_NUMBER = re.compile(r"-?[\d,.]+%?")


class Table:
    """Rows under headers; a notebook shows it as HTML, a terminal as text."""

    def __init__(self, headers: Sequence[str], rows: Iterable[Sequence[object]]):
        self.headers = [t(h) if h else "" for h in headers]
        self.rows = [[_cell(value) for value in row] for row in rows]

    def __repr__(self) -> str:
        lines = [self.headers, *self.rows]
        return "\n".join(" | ".join(line) for line in lines)

    def _repr_html_(self) -> str:
        columns = zip(*self.rows, strict=True)
        sides = ["right" if all(map(_NUMBER.fullmatch, c)) else "left" for c in columns]

        def line(cells: Sequence[str], tag: str) -> str:
            made = (
                f'<{tag} style="text-align: {side}">{html.escape(cell)}</{tag}>'
                for cell, side in zip(cells, sides, strict=True)
            )
            return f"<tr>{''.join(made)}</tr>"

        body = "".join(line(row, "td") for row in self.rows)
        return f"<table><thead>{line(self.headers, 'th')}</thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return t(value) if isinstance(value, str) and value else str(value)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; headers and texts are translated, integers get their thousands commas."""
    return Table(headers, rows)


def show(picture: Picture, handle: Any = None) -> Any:
    """Show `picture`, in the place of an earlier one if its `handle` is given; the handle."""
    from IPython.display import display

    if handle is None:
        return display(picture, display_id=True)
    handle.update(picture)
    return handle
