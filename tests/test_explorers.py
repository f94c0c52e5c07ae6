"""What a student clicks, moves and draws, without a browser."""

import base64
import io

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
    return {"curve": [max((i / 10) ** power, 1e-9) for i in range(1, 20)]}


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
    slider, choice, tick, image, trouble = box.children
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
    assert trouble.outputs == ()


def test_explore_shows_an_error_and_recovers(boxes):
    explorers.explore(parabola, figures.by_depth, **CONTROLS)
    slider, *_, image, _ = boxes[0][0].children
    before = image.value
    with pytest.raises(RuntimeError, match="no cubes today"):  # nothing swallows it
        slider.value = 3
    assert image.value == before
    slider.value = 4
    assert image.value != before


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
