"""What a student clicks, moves and draws, without a browser."""

import base64
import io
import random
import sys

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops, ImageStat

import seminar
from seminar import data, explorers, figures, models

PNG = b"\x89PNG"


@pytest.fixture
def shown(monkeypatch):
    """The bundles that were displayed, in order."""
    seen = []
    monkeypatch.setattr(
        "IPython.display.display", lambda bundle, raw=False, **_: seen.append(bundle)
    )
    return seen


@pytest.fixture
def boxes(monkeypatch):
    """The widgets that an explorer shows."""
    seen = []
    monkeypatch.setattr(explorers, "_display", lambda widget, still: seen.append((widget, still)))
    return seen


def parabola(power=2, sign="plus", shifted=False):
    """One curve, of three controls."""
    if power == 3:
        raise RuntimeError("no cubes today")
    heights = [((i + shifted) / 10) ** power for i in range(1, 20)]
    return {"curve": heights if sign == "plus" else heights[::-1]}


CONTROLS = {"power": (1, 4, 1), "sign": ["plus", "minus"], "shifted": False}


def test_ticks_tell_which_names_are_ticked_in_their_order(boxes):
    ticks = explorers.Ticks([["1", "2"], ["block"]])

    def count(deleted=()):
        return {"curve": [1.0 + len(deleted)] * 3}

    explorers.explore(count, figures.by_depth, deleted=ticks)
    ((box, _),) = boxes
    shown, image, _ = box.children
    assert shown is ticks
    title, above, below = ticks.children
    assert title.value == "deleted"
    assert [len(row.children) for row in (above, below)] == [2, 1]
    assert below.children[0].description == "block"
    assert ticks.value == ()
    before = image.value
    below.children[0].value = True
    above.children[1].value = True
    assert ticks.value == ("2", "block")
    assert image.value != before
    below.children[0].value = above.children[1].value = False
    assert ticks.value == ()
    assert image.value == before


def test_explore_answers_at_every_end_of_its_controls(boxes):
    explorers.explore(parabola, figures.by_depth, **CONTROLS)
    ((box, still),) = boxes
    slider, choice, tick, image, _ = box.children
    first = image.value
    assert bytes(first).startswith(PNG)
    pixels = (
        Image.open(io.BytesIO(p)).convert("RGB")
        for p in (base64.b64decode(still["image/png"]), first)
    )
    assert max(ImageStat.Stat(ImageChops.difference(*pixels)).mean) < 0.2  # in fewer colors
    assert still["text/plain"].startswith("Figure: ")
    assert (slider.value, choice.value, tick.value) == (2, "plus", False)  # compute's defaults
    for end in (slider.min, slider.max):
        slider.value = end
        assert bytes(image.value).startswith(PNG)
        assert image.value != first
    slider.value = 2
    assert image.value == first  # nothing of the other pictures is left in it
    choice.value, tick.value = "minus", True
    assert image.value != first


def test_explore_shows_an_error_and_recovers(boxes):
    explorers.explore(parabola, figures.by_depth, **CONTROLS)
    slider, *_, image, _ = boxes[0][0].children
    before = image.value
    with pytest.raises(RuntimeError, match="no cubes today"):  # nothing swallows it
        slider.value = 3
    assert image.value == before
    slider.value = 4
    assert image.value != before


def test_in_a_kernel_an_error_is_shown_under_the_picture(boxes, monkeypatch):
    class Shell:
        """Where ipywidgets' Output takes an error to if there is a kernel."""

        def showtraceback(self, error, **_):
            shown.append(str(error[1]))

    shown = []
    explorers.explore(parabola, figures.by_depth, **CONTROLS)
    monkeypatch.setattr("ipywidgets.widgets.widget_output.get_ipython", Shell)
    slider, *_, image, _ = boxes[0][0].children
    before = image.value
    slider.value = 3
    assert shown == ["no cubes today"]
    assert image.value == before
    with pytest.raises(RuntimeError, match="no cubes today"):  # an end that fails is no mere show
        explorers.explore(parabola, figures.by_depth, **CONTROLS | {"power": (1, 3, 1)})


def constant(gain=2, depth=3, extra=False):
    return {"curve": [gain, depth, 2.0 + extra]}


@pytest.mark.parametrize("trap", [None, "swallows"])
def test_tried_out_an_error_comes_out_with_its_place(boxes, monkeypatch, trap):
    def fails(gain=2):
        if gain == 4:
            raise ZeroDivisionError("at its end")
        return {"curve": [gain] * 3}

    if trap == "swallows":  # as a refresh would with `except Exception: pass`
        monkeypatch.setattr("ipywidgets.Output.__exit__", lambda *_: True)
    with pytest.raises(ZeroDivisionError, match="at its end") as caught:
        explorers.explore(fails, figures.by_depth, gain=(1, 4, 1))
    assert caught.value.__notes__ == ["in fails(), gain = 4"]
    assert boxes == []


@pytest.mark.parametrize("in_draw", [False, True])
@pytest.mark.parametrize("leak", ["stdout", "stderr", "display"])
def test_tried_out_an_answer_shows_no_more_than_its_picture(boxes, in_draw, leak):
    from IPython.display import display

    def say():
        display("noise") if leak == "display" else print("noise", file=getattr(sys, leak))

    def compute(gain=2):
        if not in_draw:
            say()
        return {"curve": [gain] * 3}

    def draw(found, picture=None):
        if in_draw:
            say()
        return figures.by_depth(found, picture)

    with pytest.raises(AssertionError, match=r"more than its picture: .*noise") as caught:
        explorers.explore(compute, draw, gain=(1, 4, 1))
    assert caught.value.__notes__ == ["in compute(), gain = 1"]


def test_tried_out_every_control_changes_the_picture(boxes):
    controls = {"gain": (1, 4, 1), "depth": (1, 5, 1)}
    explorers.explore(constant, figures.by_depth, **controls, extra=False)

    def without(gain=2, extra=False):
        return {"curve": [gain] * 3}

    with pytest.raises(AssertionError, match=r"without\(\), extra: no end of it changes"):
        explorers.explore(without, figures.by_depth, gain=(1, 4, 1), extra=False)

    def beside(gain=2, extra=False):  # at the default of gain, extra changes nothing
        return {"curve": [gain if gain == 2 or not extra else 9] * 3}

    explorers.explore(beside, figures.by_depth, gain=(1, 4, 1), extra=False)
    assert len(boxes) == 2


def test_tried_out_a_picture_keeps_nothing_of_another(boxes):
    def draw(found, picture=None):
        picture = picture or figures.Picture(4, 3)
        picture.gca().plot(found["curve"])  # onto what is there
        return picture

    with pytest.raises(AssertionError, match=r"constant\(\), gain: moved back"):
        explorers.explore(constant, draw, gain=(1, 4, 1))


def test_tried_out_every_text_is_translated(boxes, monkeypatch):
    def curve(gain=2, kernel="blur"):
        return {"layer": [gain, 1.0, 2.0 + (kernel == "blur")]}

    def explore():
        explorers.explore(
            curve, figures.by_depth, gain=(1, 4, 1), kernel=["vertical edges", "blur"]
        )

    picture = figures.by_depth(curve())
    slider = explorers.widgets.IntSlider(2, description="gain")
    choice = explorers.widgets.Dropdown(options=["커널", "blur"])
    try:
        seminar.language("ko")
        explore()
        for control in (slider, choice):
            with pytest.raises(LookupError, match=r"f\(\) shows '(gain|blur)', not '.*', its ko"):
                explorers._show("f", [control], [control], picture.png, picture)
        with pytest.raises(LookupError, match="'colour' is not in"):
            explorers.explore(lambda gain: None, lambda *_: picture, gain=["colour", "blur"])
    finally:
        seminar.language("en")
    ((box, _),) = boxes
    slider, choice, *_ = box.children
    assert slider.description == "gain(배율)"
    assert (choice.description, choice._options_labels) == ("커널", ("세로 가장자리", "흐리게"))
    assert choice.value == "blur"  # what compute gets
    assert choice._options_values == ("vertical edges", "blur")
    digits, lenet = data.load("mnist5k"), models.lenet5()
    try:
        seminar.language("ko")
        explorers.digit_reader(lenet, digits)
        monkeypatch.setattr(explorers, "t", lambda text: text)  # and forgets it
        monkeypatch.setattr(explorers, "translated", seminar.t)
        with pytest.raises(LookupError, match=r"digit_reader\(\) shows"):
            explorers.digit_reader(lenet, digits)
    finally:
        seminar.language("en")


def test_tried_out_all_is_as_it_was(boxes):
    seen = []

    def compute(gain=2, kernel="blur", ticked=()):
        random.seed(len(seen))
        np.random.seed(len(seen))  # noqa: NPY002
        torch.manual_seed(len(seen))
        seen.append((gain, kernel, ticked))
        return {"curve": [gain, 1.0, 2.0 + (kernel == "blur") + len(ticked)]}

    def state():
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002

    def draw(found, picture=None):
        if len(seen) == 1:
            states.append(state())
        return figures.by_depth(found, picture)

    states = []
    ticks = explorers.Ticks([["1", "2"], ["block"]])
    controls = {"gain": (1.0, 4.0, 0.5), "kernel": ["vertical edges", "blur"], "ticked": ticks}
    explorers.explore(compute, draw, **controls)
    assert states == [state()]
    assert set(seen) == {
        *((gain, "blur", ()) for gain in (1.0, 2.0, 4.0)),
        *((2.0, "vertical edges", ()), (2.0, "blur", ("1",)), (2.0, "blur", ("block",))),
    }
    ((box, still),) = boxes
    *shown, image, _ = box.children
    assert [control.value for control in shown] == [2.0, "blur", ()]
    first = figures.by_depth({"curve": [2.0, 1.0, 3.0]})
    assert image.value == first.png()
    assert base64.b64decode(still["image/png"]) == first._repr_png_()


def test_without_strict_nothing_is_tried_out(boxes, monkeypatch):
    asked = []
    monkeypatch.delenv("SEMINAR_STRICT")
    explorers.explore(
        lambda gain=2: asked.append(gain), lambda _: figures.Picture(), gain=(1, 4, 1)
    )
    assert asked == [2]


def test_explore_names_the_arguments_it_could_control():
    with pytest.raises(TypeError, match=r"no argument 'colour'.*power, sign, shifted"):
        explorers.explore(parabola, figures.by_depth, colour=(1, 2, 1))


def test_explorers_show_a_widget_and_its_still_picture(shown):
    explorers.explore(parabola, figures.by_depth, power=(1, 4, 1))
    (bundle,) = shown
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert base64.b64decode(bundle["image/png"]).startswith(PNG)
    assert bundle["text/plain"].startswith("Figure: The signal forward")


def test_a_prediction_is_shown_beside_what_the_run_gave(shown):
    asked = explorers.predict("How many of 10?", ["all", "half <of> them"])
    assert shown[0]["text/plain"] == "Your prediction: How many of 10?\n- all\n- half <of> them"
    assert "<li>half &lt;of&gt; them</li>" in shown[0]["text/html"]
    assert asked.choice is None
    asked.compare("{n} of 10", n=4)
    assert shown[1]["text/plain"] == "Your prediction: nothing clicked\n[measured: 4 of 10]"
    asked._radio.value = "half <of> them"
    asked.compare("{n} of 10", n=4)
    assert "</b> half &lt;of&gt; them<br>" in shown[2]["text/html"]
    assert '<span class="measured">4 of 10</span>' in shown[2]["text/html"]


def test_a_prediction_in_korean(shown):
    try:
        seminar.language("ko")
        explorers.predict("x", ["about 30"]).compare("{wrong} of 1,000", wrong=28)
    finally:
        seminar.language("en")
    assert shown[0]["text/plain"] == "예상: x\n- 30장쯤"
    assert shown[1]["text/plain"] == "예상: 선택하지 않음\n[측정값: 1,000장 가운데 28장]"


def stroke(height=56, width=56, rows=(10, 40), columns=(20, 24)):
    drawing = torch.zeros(height, width)
    drawing[slice(*rows), slice(*columns)] = 1
    return drawing


@pytest.mark.parametrize(
    ("rows", "columns"), [((0, 9), (0, 3)), ((47, 56), (50, 56)), ((5, 7), (2, 50))]
)
def test_center_digit_scales_to_20_and_centers_the_mass(rows, columns):
    digit = explorers.center_digit(stroke(rows=rows, columns=columns))
    assert digit.shape == (1, 28, 28)
    assert digit.min() >= 0
    assert digit.max() <= 1
    inked = (digit[0] > 0.1).nonzero()
    assert max(inked.max(0).values - inked.min(0).values + 1) == 20
    mass = digit[0] / digit.sum()
    middle = torch.arange(28.0)
    assert float((mass.sum(1) * middle).sum()) == pytest.approx(13.5, abs=0.51)
    assert float((mass.sum(0) * middle).sum()) == pytest.approx(13.5, abs=0.51)


def test_center_digit_takes_an_empty_pad_a_dot_and_a_full_pad():
    assert explorers.center_digit(torch.zeros(56, 56)).sum() == 0
    dot = torch.zeros(56, 56)
    dot[0, 55] = 1
    assert explorers.center_digit(dot).sum() > 0
    assert explorers.center_digit(torch.ones(56, 56)).shape == (1, 28, 28)


def test_center_digit_leaves_an_mnist_digit_almost_as_it_is():
    digits = data.load("mnist5k")
    for image in digits.pixels(digits.test.images[:50]).cpu():
        again = explorers.center_digit(image[0])
        shifts = [torch.roll(again, (i, j), (1, 2)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        assert min((image - s).abs().mean() for s in shifts) < 0.03


def test_read_gives_the_probabilities_of_the_models_own_logits():
    digits, lenet = data.load("mnist5k"), models.lenet5().eval()
    digit = digits.pixels(digits.test.images[3]).cpu()
    read = explorers.read(lenet, digits, digit)
    with torch.no_grad():
        logits = lenet(digits.test.images[3:4].cpu())
    assert torch.allclose(read, logits[0].softmax(0), atol=1e-5)


def test_digit_reader_reads_what_is_chosen_what_is_drawn_and_what_is_left(boxes):
    digits, lenet = data.load("mnist5k"), models.lenet5()
    explorers.digit_reader(lenet, digits, first=7)
    ((box, _),) = boxes
    tools, image, _ = box.children
    pad, column = tools.children
    _, slider, empty = column.children
    assert slider.value == 7
    first = image.value
    for end in (slider.min, slider.max):
        slider.value = end
        assert image.value != first
    slider.value = 7
    assert image.value == first
    pad.pixels = (stroke() * 255).int().flatten().tolist()
    drawn = image.value
    assert drawn != first
    slider.value = 8  # another digit empties the pad
    assert pad.pixels == []
    assert image.value not in (first, drawn)
    slider.value = 7
    pad.pixels = (stroke() * 255).int().flatten().tolist()
    assert image.value == drawn
    empty.click()
    assert pad.pixels == []
    assert image.value == first
    pad.pixels = [0] * 56 * 56  # a pad that holds nothing visible
    assert bytes(image.value).startswith(PNG)
