"""From a slider to numbers to a figure.

What is shown is a widget where widgets run, and a still picture or a text of its first state where
they do not (GitHub, nbviewer, a notebook that has not been run yet). An error in an answer to a
control is shown under it.
"""

import base64
import html
import inspect
import os
import random
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from IPython.utils.capture import capture_output
from torch import Tensor, nn

from . import figures
from .catalogue import language, t, translated
from .data import Data
from .figures import Picture

_WIDE = {"description_width": "initial"}
_SLIDERS = (widgets.IntSlider, widgets.FloatSlider)


def explore(compute: Callable[..., Any], draw: Callable[..., Picture], **controls: Any) -> None:
    """Show controls; each move calls `draw(compute(**values), picture=…)` and shows the picture.

    A control is (start, stop, step) for a slider or a list or dict for a choice, which start at
    the default of `compute`'s argument of that name; True or False for a box to tick, which starts
    so; or any ipywidgets widget, such as `Ticks`. Names and choices are shown translated. TypeError
    if `compute` takes no such argument. With SEMINAR_STRICT every control is tried, which can raise
    AssertionError, LookupError or what an answer raises.
    """
    known = inspect.signature(compute).parameters
    for name in controls:
        if name not in known:
            raise TypeError(
                f"{compute.__name__}() has no argument {name!r} for the control of that name; "
                f"its arguments are {', '.join(known)}"
            )
    # Else it would call `compute` itself, a second time on every move.
    by_us = {"manual": True}
    made = list(widgets.interactive(compute, by_us, **controls).kwargs_widgets)
    for widget in made:
        widget.description = t(widget.description)
        widget.style = _WIDE
        if isinstance(widget, widgets.Dropdown):
            start, labels = widget.value, widget._options_labels
            pairs = zip(map(translated, labels), widget._options_values, strict=True)
            widget.options = list(pairs)
            widget.value = start  # new options choose their first

    def numbers() -> Any:
        return compute(**{w._kwarg: w.value for w in made})

    picture = draw(numbers())

    def answer() -> bytes:
        return draw(numbers(), picture=picture).png()

    _show(getattr(compute, "__name__", "explore"), made, made, answer, picture)


class Ticks(widgets.VBox, widgets.ValueWidget):
    """Rows of boxes to tick; `value` are the names of those that are ticked.

    A control for `explore`.
    """

    value = traitlets.Tuple()
    description = traitlets.Unicode()
    style: Any = None  # the boxes have their own

    def __init__(self, rows: Sequence[Sequence[str]]):
        unstretched = widgets.Layout(width="auto", margin="0 12px 0 0")
        boxes = {
            name: widgets.Checkbox(False, description=t(name), indent=False, layout=unstretched)
            for row in rows
            for name in row
        }
        title = widgets.Label()
        traitlets.link((self, "description"), (title, "value"))
        super().__init__([title, *(widgets.HBox([boxes[name] for name in row]) for row in rows)])

        def refresh(_change: object) -> None:
            self.value = tuple(name for name, box in boxes.items() if box.value)

        for box in boxes.values():
            box.observe(refresh, names="value")


def _show(
    name: str,
    layout: Sequence[Any],
    controls: Sequence[Any],
    answer: Callable[[], bytes],
    first: Picture,
) -> None:
    """Show the widgets of `layout` over a picture; any change in `controls` asks for a new one.

    With SEMINAR_STRICT every control is tried before; messages call the explorer `name`.
    """
    unstretched = widgets.Layout(align_self="flex-start")
    image = widgets.Image(value=first.png(), format="png", layout=unstretched)
    trouble = widgets.Output()

    strict = bool(os.environ.get("SEMINAR_STRICT"))
    answer = _silent(answer) if strict else answer
    shown = False

    def refresh(_change: object = None) -> None:
        if shown:  # before, it would empty the cell's own output
            trouble.clear_output()
        with trouble:  # shows the error, where the log would swallow it
            image.value = answer()

    for control in controls:
        control.observe(refresh, names=_moved(control))
    if strict:
        _try_out(name, layout, controls, answer, image)
    _display(
        widgets.VBox([*layout, image, trouble]),
        {"image/png": base64.b64encode(first._repr_png_()).decode(), "text/plain": repr(first)},
    )
    shown = True


def _silent(answer: Callable[[], bytes]) -> Callable[[], bytes]:
    """`answer`, with an AssertionError if it prints or displays something."""

    def silent() -> bytes:
        with capture_output() as leaked:
            picture = answer()
        if said := leaked.stdout + leaked.stderr + "".join(map(repr, leaked.outputs)):
            raise AssertionError(f"an answer shows more than its picture: {said}")
        return picture

    return silent


def _moved(control: Any) -> str:
    return "pixels" if isinstance(control, DrawingPad) else "value"


def _parts(widget: Any) -> list[Any]:
    """`widget` and all widgets in it."""
    inside = getattr(widget, "children", ())
    return [widget, *(part for child in inside for part in _parts(child))]


def _ends(control: Any) -> tuple[Any, ...]:
    """Two values of `control` that are as far apart as can be, none if we know of none."""
    if isinstance(control, DrawingPad):
        return [], [255] * 56 * 56
    if isinstance(control, widgets.Checkbox):
        return False, True
    if values := getattr(control, "_options_values", ()):
        return values[0], values[-1]
    return (control.min, control.max) if isinstance(control, _SLIDERS) else ()


def _try_out(
    name: str,
    layout: Sequence[Any],
    controls: Sequence[Any],
    answer: Callable[[], bytes],
    image: widgets.Image,
) -> None:
    """Move every control to both of its ends, as a student may; then all is as it was.

    LookupError for a text that is shown in English in another language; AssertionError for a move
    that is not answered, a control without effect, a picture that keeps something of another one.
    An answer's own error comes out.
    """
    parts = [part for widget in layout for part in _parts(widget)]
    for part in parts:
        labels = (getattr(part, "description", ""), *getattr(part, "_options_labels", ()))
        for text in (*labels, getattr(part, "label", None) or ""):
            if translated(text) != text:
                wanted = f"{translated(text)!r}, its {language()}"
                raise LookupError(f"{name}() shows {text!r}, not {wanted}")

    tried: list[Any] = []
    for control in controls:  # of Ticks the first box and the last
        boxes = [part for part in _parts(control) if isinstance(part, widgets.Checkbox)]
        tried += [boxes[0], *boxes[1:][-1:]] if boxes else [control] if _ends(control) else []
    start = {control: getattr(control, _moved(control)) for control in tried}
    called = (getattr(c, "_kwarg", getattr(c, "description", "the pad")) for c in tried)
    title = {c: f"{name}(), {says}" for c, says in zip(tried, called, strict=True)}

    def move(control: Any, value: Any) -> bytes:
        if getattr(control, _moved(control)) == value:
            return image.value
        image.value = b""
        try:
            setattr(control, _moved(control), value)
            if not image.value:
                answer()  # again: a kernel shows an error, but does not raise it
                raise AssertionError("the picture stays as it was")
        except Exception as error:
            error.add_note(f"in {title[control]} = {str(value)[:40]}")
            raise
        return image.value

    def has_effect(control: Any) -> bool:
        before = image.value
        seen = [move(control, value) for value in (*_ends(control), start[control])]
        if seen[-1] != before:
            raise AssertionError(f"{title[control]}: moved back it leaves another picture")
        return any(picture != before for picture in seen)

    generators = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng():
        for control in tried:
            others = [other for other in tried if other is not control]
            found = has_effect(control)
            for end in (0, 1):
                if not found:  # it may have one beside other values of the others
                    for other in others:
                        move(other, _ends(other)[end])
                    found = has_effect(control)
                    for other in others:
                        move(other, start[other])
            if not found:
                raise AssertionError(f"{title[control]}: no end of it changes the picture")
    random.setstate(generators[0])
    np.random.set_state(generators[1])  # noqa: NPY002


def _display(widget: Any, still: dict[str, str]) -> None:
    from IPython.display import display

    # Written out, for the widgets of ipywidgets 7 (in Colab) have no _repr_mimebundle_.
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display({"application/vnd.jupyter.widget-view+json": view, **still}, raw=True)


class Prediction:
    """The student's expectation, asked before an experiment and shown again beside its result."""

    def __init__(self, question: str, choices: Sequence[str]):
        shown = [t(c) for c in choices]
        self._radio = widgets.RadioButtons(
            options=list(zip(shown, choices, strict=True)),
            value=None,
            layout=widgets.Layout(width="auto"),
        )
        title = f"<b>{t('Your prediction')}:</b> {html.escape(t(question))}"
        items = "".join(f"<li>{html.escape(c)}</li>" for c in shown)
        _display(
            widgets.VBox([widgets.HTML(title), self._radio]),
            {
                "text/html": f"<p>{title}</p><ul>{items}</ul>",
                "text/plain": f"{t('Your prediction')}: {t(question)}\n- " + "\n- ".join(shown),
            },
        )

    @property
    def choice(self) -> str | None:
        """What was clicked, None if nothing was."""
        return self._radio.value

    def compare(self, result: str, **measured: object) -> None:
        """Show the choice beside what the run gave, as in `compare("{n} of 10", n=wrong)`.

        `result` is translated, then filled in from `measured`; notebook tests do not compare it.
        """
        from IPython.display import display

        mine = t("nothing clicked") if self.choice is None else t(self.choice)
        said, gave = t("Your prediction"), t(result, **measured)
        rich = (
            f"<p><b>{said}:</b> {html.escape(mine)}<br>"
            f'<b>{t("The run gave")}:</b> <span class="measured">{html.escape(gave)}</span></p>'
        )
        plain = f"{said}: {mine}\n[{t('measured')}: {gave}]"
        display({"text/plain": plain, "text/html": rich}, raw=True)


def predict(question: str, choices: Sequence[str]) -> Prediction:
    """Ask the student for a prediction, by click; unanswered it disturbs nothing.

    `question` and `choices` are translated. Keep the result: its `compare` shows it again.
    """
    return Prediction(question, choices)


class DrawingPad(anywidget.AnyWidget):
    """A black pad to draw on in white. `pixels`: 56×56 brightnesses from 0 to 255, or none yet."""

    _esm = files("seminar").joinpath("assets/pad.js").read_text(encoding="utf-8")
    pixels = traitlets.List(traitlets.Int()).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)


def center_digit(drawing: Tensor) -> Tensor:
    """A drawing (H, W) from 0 to 1 as MNIST would have it: (1, 28, 28), zeros if it is empty.

    MNIST's digits are scaled to fit 20×20 pixels and put so that their center of mass is in the
    center of 28×28 (LeCun et al. 1998, section III.A).
    """
    field = torch.zeros(1, 28, 28)
    inked = (drawing > 0.1).nonzero()
    if len(inked) == 0:
        return field
    (top, left), (bottom, right) = inked.min(0).values.tolist(), inked.max(0).values.tolist()
    box = drawing[top : bottom + 1, left : right + 1]
    scale = 20 / max(box.shape)
    h, w = (max(1, round(side * scale)) for side in box.shape)
    digit = F.interpolate(box[None, None], size=(h, w), mode="bilinear", antialias=True)[0, 0]
    rows, columns = torch.arange(h), torch.arange(w)
    y = float((digit.sum(1) * rows).sum() / digit.sum())
    x = float((digit.sum(0) * columns).sum() / digit.sum())
    row = min(max(round(13.5 - y), 0), 28 - h)
    column = min(max(round(13.5 - x), 0), 28 - w)
    field[0, row : row + h, column : column + w] = digit.clamp(0, 1)
    return field


def read(model: nn.Module, data: Data, digit: Tensor) -> Tensor:
    """The probabilities (10,) that `model` gives the classes for a `digit` (1, 28, 28), 0 to 1."""
    where = next(model.parameters()).device
    with torch.no_grad():
        x = data.standardized(digit.to(data.mean.device))[None].to(where)
        return model.eval()(x)[0].float().softmax(0).cpu()


def digit_reader(model: nn.Module, data: Data, first: int = 0) -> None:
    """Pick a test digit with the slider, which starts at `first`, or draw one; the model reads it.

    `data` are gray images of 28×28 pixels.
    """
    slider = widgets.IntSlider(
        first, min=0, max=len(data.test) - 1, description=t("test digit"), style=_WIDE
    )
    pad = DrawingPad(label=t("a pad to draw a digit on"))
    empty = widgets.Button(description=t("empty the pad"))

    def numbers() -> tuple[Tensor, Tensor, int | None]:
        if pad.pixels:
            drawing = torch.tensor(pad.pixels).view(56, 56) / 255
            digit, label = center_digit(drawing), None
        else:
            i = slider.value
            digit = data.pixels(data.test.images[i]).cpu()
            label = int(data.test.labels[i])
        return digit, read(model, data, digit), label

    picture = figures.reading(*numbers())

    def answer() -> bytes:
        return figures.reading(*numbers(), picture=picture).png()

    empty.on_click(lambda _button: setattr(pad, "pixels", []))
    slider.observe(lambda _change: setattr(pad, "pixels", []), names="value")
    hint = widgets.HTML(t("Choose a digit of the test set, or draw one with mouse, finger or pen:"))
    tools = widgets.HBox([pad, widgets.VBox([hint, slider, empty])])
    _show("digit_reader", [tools], [slider, pad], answer, picture)
