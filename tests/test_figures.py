"""Figures show the numbers that they are given."""

import inspect
import io
import math
import sys
from types import SimpleNamespace

import pytest
import torch
from matplotlib import image as png
from matplotlib.colors import to_hex
from PIL import Image, ImageChops, ImageStat

import seminar
from seminar import data, figures, models, probe
from seminar.train import History

HISTORY = History(
    train_loss=[0.5, 0.2],
    train_error=[0.2, 0.1],
    test_loss=[0.6, 0.3],
    test_error=[0.3, 0.15],
    seconds=[1.0, 1.0],
    batch_loss=[2.3, 1.2, 0.8, 0.5],
)


def titles(picture):
    return [ax.get_title() for ax in picture.axes]


def test_importing_the_package_imports_no_plotting():
    import subprocess

    code = (
        "import sys, seminar, seminar.models, seminar.train;"
        "print({'matplotlib', 'ipywidgets', 'torchvision', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_picture_is_a_png_and_tells_its_titles():
    picture = figures.images(torch.rand(3, 1, 8, 8), ["a", "b", "c"], "Three\nimages")
    assert repr(picture) == "Figure: Three images; a; b; c"
    pixels = png.imread(io.BytesIO(picture._repr_png_()))
    assert pixels.shape[1] == round(1.15 * 10 * 100)


def test_a_stored_chart_has_256_colors_and_a_photograph_all_of_its_own():
    chart = figures.lines({"a": ([1, 2], [3, 4]), "b": ([1, 2], [4, 3])}, "t", "x", "y")
    photo = figures.images(data.photograph()[None], columns=1, side=4)
    for picture, mode in ((chart, "P"), (photo, "RGB")):
        stored, drawn = (Image.open(io.BytesIO(p)) for p in (picture._repr_png_(), picture.png()))
        assert (stored.mode, drawn.mode) == (mode, "RGB")
        away = ImageChops.difference(stored.convert("RGB"), drawn)
        assert max(ImageStat.Stat(away).mean) < 0.2
    assert len(chart._repr_png_()) < len(chart.png()) / 2


def test_jupyter_stores_a_picture_as_it_packs_itself(monkeypatch):
    kept = {}
    png = SimpleNamespace(for_type=kept.__setitem__)
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"image/png": png}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    figures.picture._as_stored()
    assert kept == {figures.Picture: figures.Picture._repr_png_}


def test_tables_translate_group_and_align():
    table = figures.table(["layer", "", "parameters"], [("C1", "5×5", 1500), ("S2", "2×2", 0)])
    assert repr(table) == "layer |  | parameters\nC1 | 5×5 | 1,500\nS2 | 2×2 | 0"
    html = table._repr_html_()
    assert '<td style="text-align: right">1,500</td>' in html
    assert '<th style="text-align: right">parameters</th>' in html
    assert '<td style="text-align: left">5×5</td>' in html  # begins with a digit, is no number
    assert "&lt;b&gt;" in figures.table(["x"], [("<b>",)])._repr_html_()
    try:
        seminar.language("ko")
        assert figures.table(["layer"], [(1,)]).headers == ["층"]
    finally:
        seminar.language("en")


def test_competition_draws_every_entry():
    entries = [(2010, "shallow", 28.2, None), (2012, "AlexNet", 16.4, 8), (2012, "VGG", 7.3, 19)]
    errors, both, layers = figures.competition(entries).axes
    assert [bar.get_height() for bar in errors.patches] == [28.2, 16.4, 7.3]
    assert [bar.get_height() for bar in layers.patches] == [0, 8, 19]
    assert [t.get_text() for t in layers.texts] == ["", "8", "19"]
    assert [tuple(line.get_xydata()[0]) for line in both.lines] == [(8, 16.4), (19, 7.3)]


def test_images_and_sizes_show_the_pixels():
    pictures = torch.rand(12, 3, 8, 8)
    drawn = figures.images(pictures, columns=5)
    assert len(drawn.axes) == 15
    shown = [ax.images[0].get_array() for ax in drawn.axes if ax.images]
    assert len(shown) == 12
    assert torch.equal(torch.as_tensor(shown[11]), pictures[11].permute(1, 2, 0))
    sizes = figures.sizes({"small": pictures[0, :, :4, :4], "large": pictures[0]}, "Two sizes")
    assert sizes.axes[0].get_title() == "small: 4×4"
    assert sizes.axes[0].get_xlim() == sizes.axes[1].get_xlim() == (0, 8)  # to one scale


def test_stacks_draw_one_box_a_layer():
    (ax,) = figures.stacks({"a": [("conv", 11), ("fc", 0)], "b": [("conv", 1)] * 5}).axes
    assert len(ax.patches) == 7
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a\n2 layers", "b\n5 layers"]


def test_by_depth_ends_a_curve_where_it_leaves_the_axis_and_reuses_its_picture():
    picture = figures.by_depth({"signal": [1.0, 1e-10, 1e-30, 0.0]})
    (line,) = picture.axes[0].lines
    assert [float(y) for y in line.get_ydata()[:2]] == [1.0, 1e-10]
    assert all(y != y for y in line.get_ydata()[2:])
    again = figures.by_depth({"signal": [1.0, 2.0]}, picture=picture)
    assert again is picture
    assert len(picture.axes) == 1
    assert len(picture.legends) == 1


@pytest.mark.parametrize("history", [HISTORY, History(batch_loss=[2.3])])
def test_training_draws_every_step_and_epoch(history):
    left, right = figures.training(history).axes
    assert list(left.lines[0].get_ydata()) == history.batch_loss
    assert list(right.lines[0].get_ydata()) == history.train_error
    assert list(right.lines[1].get_ydata()) == history.test_error


def test_live_draws_now_and_then_and_after_every_epoch(monkeypatch):
    seen = []

    class Handle:
        def update(self, picture):
            seen.append(picture)

    def display(picture, display_id):
        seen.append(picture)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr("time.monotonic", lambda: 100.0)  # no time passes
    live = figures.Live()
    growing = History()
    for _ in range(3):
        growing.batch_loss.append(1.0)
        live(growing)
    assert len(seen) == 1
    growing.train_error.append(0.1)
    growing.test_error.append(0.2)
    live(growing)
    assert len(seen) == 2
    assert seen[0] is seen[1]  # one figure, which grows


def test_reading_marks_the_answer_and_the_top_5():
    probabilities = torch.tensor([0.01, 0.02, 0.6, 0.1, 0.1, 0.1, 0.05, 0.01, 0.005, 0.005])
    picture = figures.reading(torch.rand(1, 28, 28), probabilities, 3)
    assert titles(picture) == ["the label says 3", "the network reads 2"]
    bars = picture.axes[1].patches
    assert [round(bar.get_height(), 3) for bar in bars[:3]] == [0.01, 0.02, 0.6]
    assert len({bar.get_facecolor() for bar in bars}) == 3
    assert titles(figures.reading(torch.rand(1, 28, 28), probabilities))[0].startswith("what the")


def test_lines_draw_every_curve_and_reuse_their_picture():
    curves = {"a": ([1, 2], [0.5, 0.25]), "b": ([1, 2, 3], [0.9, 0.8, 0.7])}
    picture = figures.lines(curves, "Errors", "step", "error", percent=True)
    (ax,) = picture.axes
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.5, 0.25], [0.9, 0.8, 0.7]]
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("Errors", "step", "error")
    again = figures.lines({"c": ([1], [1])}, "x", "y", "z", picture=picture)
    assert again is picture
    assert len(again.axes[0].lines) == 1


def test_shares_add_up_to_the_whole():
    (ax,) = figures.shares({"parameters": {"conv1": 1, "conv2": 2, "FC1": 5}}, "Where").axes
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == [0.125, 0.25, 0.625]
    assert [bar.get_x() for bar in ax.patches] == [0, 0.125, 0.375]
    assert [t.get_text() for t in ax.texts] == ["conv1\n12%", "conv2\n25%", "FC1\n62%"]
    assert figures.GREEN == "#009E73"
    assert ax.patches[2].get_facecolor() != ax.patches[0].get_facecolor()


def test_footprints_show_the_matrices():
    matrix = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    picture = figures.footprints({"one": matrix, "two": matrix}, "Who reads whom")
    assert titles(picture) == ["one", "two"]
    assert torch.equal(torch.as_tensor(picture.axes[0].images[0].get_array()), matrix)


def test_networks_draw_a_box_for_each_layer_that_counts():
    costs = {name: probe.cost(models.lenet5(pool=name), (1, 32, 32)) for name in ("avg", "max")}
    picture = figures.networks(costs, "Two networks")
    for ax in picture.axes:
        assert len(ax.patches) == 7  # 2 convolutions, 2 poolings, 3 fully connected
        assert [t.get_text() for t in ax.texts][:2] == ["6×28×28", "6×14×14"]
    assert [ax.get_title(loc="left") for ax in picture.axes] == ["avg", "max"]


def test_convolution_shows_signs_and_zeros():
    seen = {"input": torch.rand(8, 8), "output": torch.rand(4, 4) - 0.5, "zero": torch.zeros(2, 2)}
    picture = figures.convolution(seen, "four by four")
    assert titles(picture) == ["input: 8×8", "output: 4×4", "zero: 2×2"]
    low, high = picture.axes[1].images[0].get_clim()
    assert low == -high  # zero is in the middle of the colors
    assert picture.png().startswith(b"\x89PNG")
    assert figures.convolution(seen, "again", picture=picture) is picture


@pytest.mark.parametrize("first", [3.0, -4.0])
def test_field_frames_what_lies_in_the_picture(first):
    photo, seen = torch.rand(20, 20), torch.zeros(20, 20, dtype=torch.bool)
    seen[3:8, 3:8] = True
    sizes = {"receptive field": [1, 3, 5], "feature map": [20, 20, 20]}
    picture = figures.field(photo, (first, 9), seen, seen.float(), sizes, "five by five")
    views, lines = picture.axes
    left, right = views.patches
    start, end = max(first, 0), first + 9
    assert (left.get_x(), left.get_width()) == (start - 0.5, end - start)
    assert right.get_x() == left.get_x() + 21  # the second view: 20 pixels and a gap further
    pixels = torch.as_tensor(views.images[0].get_array())
    gray = (255 * photo).byte()
    assert torch.equal(pixels[10:, :20, 0], gray[10:])  # not seen: not tinted
    assert not torch.equal(pixels[3:8, 3:8, 0], gray[3:8, 3:8])
    assert [list(line.get_ydata()) for line in lines.lines] == list(sizes.values())
    again = figures.field(photo, (0, 2), seen, seen.float(), sizes, "x", picture=picture)
    assert again is picture
    assert len(picture.axes) == 2


def test_columns_draw_a_box_for_each_layer_from_the_input_down():
    nets = {"a": [("conv", "3×3, 8"), ("pool", "2×2"), ("fc", "FC 10")], "b": [("fc", "FC 10")]}
    picture = figures.columns(nets, "Two networks")
    assert titles(picture) == ["a", "b"]
    first, second = picture.axes
    assert [text.get_text() for text in first.texts] == ["3×3, 8", "2×2", "FC 10"]
    assert [box.get_y() for box in first.patches] == sorted(b.get_y() for b in first.patches)
    assert len({box.get_facecolor() for box in first.patches}) == 3
    assert second.patches[0].get_facecolor() == first.patches[2].get_facecolor()


def test_lines_count_epochs_and_layers_in_whole_numbers():
    picture = figures.lines({"a": ([1, 2, 3], [1.0, 2.0, 3.0])}, "x", "y", "z")
    assert all(float(tick).is_integer() for tick in picture.axes[0].get_xticks())


def test_lines_may_be_logarithmic_and_marked():
    curves = {"a": ([1, 2], [0.5, 0.03]), "b": ([1, 2], [0.9, 0.2])}
    (ax,) = figures.lines(curves, "x", "y", "z", percent=True, log=True, marks=True).axes
    assert ax.get_yscale() == "log"
    assert [line.get_marker() for line in ax.lines] == ["o", "s"]
    ax.figure.png()
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert {"5%", "10%", "20%", "50%"} <= set(labels)


def test_flow_counts_what_is_beyond_its_axis_and_leaves_out_zeros():
    values = torch.tensor([0.0, 0.0, 0.5, 7.0, torch.inf, torch.nan])  # 7 and ∞ lie beyond
    layers = {"1": (values, "half zero"), "2": (torch.zeros(4), "all zero")}
    picture = figures.flow(layers, (-1.0, 1.0), {"activations": [1.0, 1e-3]}, "Two layers")
    left, right = picture.axes
    assert [text.get_text() for text in left.texts] == ["half zero", "all zero"]
    first, second = (c.get_paths()[0].vertices[:, 1] for c in left.collections[1:])
    assert first.min() == pytest.approx(-0.85)  # the last bin, of two values, is the tallest
    assert second.min() == second.max() == 1  # nothing is drawn
    assert list(right.lines[0].get_ydata()) == [1.0, 1e-3]
    sizes = {"activations": [1.0, 1e-3, 1e-6]}
    other = {"1": (torch.rand(9), "new")}
    again = figures.flow(other, (0.0, 2.0), sizes, "again", picture)
    assert again is picture
    fresh = figures.flow(other, (0.0, 2.0), sizes, "again")
    assert again.png() == fresh.png()  # nothing old is left
    nothing = {"1": (torch.full((4,), torch.nan), "")}  # a signal may overflow
    figures.flow(nothing, (torch.nan, torch.nan), sizes, "nan", picture).png()


def test_panels_share_an_axis_and_draw_a_band_from_lowest_to_highest():
    curves = {"20": {"a": ([1, 2], [0.5, 0.4])}, "30": {"a": ([1, 2], [0.9, 0.8])}}
    runs = {"20": {"a": [[0.6, 0.5, 0.1], [0.4, 0.3, 0.2]]}}  # a third epoch is not drawn yet
    picture = figures.panels(curves, "Depth", "epoch", "error", True, bands=runs, guessing=0.9)
    left, right = picture.axes
    assert titles(picture) == ["20", "30"]
    assert left.get_ylim() == right.get_ylim()
    corners = left.collections[0].get_paths()[0].vertices
    assert {(1.0, 0.4), (1.0, 0.6), (2.0, 0.3), (2.0, 0.5)} <= {
        (x, round(y, 3)) for x, y in corners
    }
    assert not right.collections
    assert [list(ax.lines[1].get_ydata()) for ax in picture.axes] == [[0.9, 0.9]] * 2
    assert figures.panels(curves, "again", "x", "y", picture=picture) is picture
    assert len(picture.axes) == 2


def test_show_updates_what_it_showed(monkeypatch):
    updated = []

    class Handle:
        update = staticmethod(updated.append)

    monkeypatch.setattr("IPython.display.display", lambda picture, display_id: Handle())
    first, second = figures.Picture(), figures.Picture()
    handle = figures.show(first)
    assert figures.show(second, handle) is handle
    assert updated == [second]


def test_panels_may_be_logarithmic():
    curves = {"forward": {"a": ([1, 2], [1.0, 1e-9])}, "backward": {"a": ([1, 2], [1e-3, 1.0])}}
    left, right = figures.panels(curves, "Flow", "layer", "size", log=True).axes
    assert left.get_yscale() == right.get_yscale() == "log"
    assert left.get_ylim() == right.get_ylim()


def test_scatter_draws_points_lines_and_the_signed_rectangles_from_a_center():
    points = {"a": ([0.0, 4.0, 1.0], [0.0, 4.0, 3.0])}
    line = {"the law": ([0, 4], [0, 4])}
    picture = figures.scatter(points, "t", "x", "y", line, center=(2.0, 2.0), limits=(-1, 5, -2, 6))
    (ax,) = picture.axes
    assert ax.get_xlim() == (-1, 5)
    assert ax.get_ylim() == (-2, 6)
    boxes = [(p.get_width(), p.get_height(), to_hex(p.get_facecolor())) for p in ax.patches]
    assert boxes == [  # the areas' signs are those of the products
        (-2, -2, figures.BLUE.lower()),
        (2, 2, figures.BLUE.lower()),
        (-1, 1, figures.ORANGE.lower()),
    ]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "the law"]
    again = figures.scatter(points, "u", "x", "y", ticks={0: "1", 4: "64"}, picture=picture)
    assert again is picture
    assert titles(picture) == ["u"]
    assert [label.get_text() for label in picture.axes[0].get_xticklabels()] == ["1", "64"]


def test_a_strip_shows_its_pictures_over_its_curves_and_keeps_its_axes():
    pictures = torch.stack([torch.zeros(7, 7), torch.linspace(-2, 5, 49).view(7, 7)])
    curves = {"a": ([0, 1], [0.1, 0.2])}
    picture = figures.strip(pictures, ["0", "1"], curves, "c", "x", "y", mark=0.5, percent=True)
    above, below = picture.axes
    row = above.images[0].get_array()
    assert row.shape == (7, 15)  # two pictures and a gap
    assert row[:, 8:].min() == 0
    assert row[:, 8:].max() == 1
    assert [text.get_text() for text in above.texts] == ["0", "1"]
    assert list(below.lines[1].get_xdata()) == [0.5, 0.5]
    assert below.get_xlim()[1] < 2
    longer = {"a": ([0, 9], [0.1, 0.2])}
    figures.strip(pictures, ["2", "3"], longer, "d", "x", "y", picture=picture)
    assert picture.axes == [above, below]
    assert len(below.lines) == len(above.images) == 1
    assert below.get_xlim()[1] > 9
    figures.strip(pictures, ["2", "3"], curves, "d", "x", "y", picture=picture)
    assert below.get_xlim()[1] < 2  # what is gone does not stretch the axis
    assert picture.get_suptitle() == "d"


def test_drift_draws_both_histograms_and_what_has_moved():
    first, now = torch.tensor([0.0, 4.0, 0.0]), torch.tensor([0.0, 1.0, 2.0])
    layers = {"2": (first, now), "4": (first, first)}
    moved = {"without BN": [0.1, 0.5], "with BN": [0.1, 0.1]}
    picture = figures.drift(layers, (-3, 3), moved, 0.6, "c")
    left, right = picture.axes
    assert list(left.lines[0].get_xdata()) == [-2, 0, 2]  # the centers of the bins
    assert list(left.lines[0].get_ydata()) == pytest.approx([0, -0.9, 0])
    assert list(left.lines[1].get_ydata()) == pytest.approx([1, 0.1, 1])
    assert [list(line.get_ydata()) for line in right.lines] == list(moved.values())
    assert right.get_ylim() == (0, 0.6)
    figures.drift(layers, (-3, 3), moved, 0.6, "d", picture)
    assert picture.axes == [left, right]
    assert len(left.lines) == 2
    assert len(right.lines) == 2


def test_a_course_keeps_its_axes_and_marks_the_place():
    left = {"training error": ([32, 64], [0.5, 0.2])}
    right = {"plain": ([8, 56], [0.1, 0.8]), "residual": ([8, 56], [0.1, 0.1])}
    runs = {"training error": [[0.4, 0.1], [0.6, 0.2]]}
    args = (("l", "r"), ("step", "layers", "share"), 1.0, runs)
    picture = figures.course(left, right, *args, mark=56)
    axes = list(picture.axes)
    assert titles(picture) == ["l", "r"]
    (band,) = axes[0].collections
    assert {(x, round(y, 9)) for x, y in band.get_paths()[0].vertices} == {
        *((32, 0.4), (32, 0.6), (64, 0.1), (64, 0.2))
    }
    assert list(axes[1].lines[-1].get_xdata()) == [56, 56]
    figures.course(left, right, *args, mark=8, picture=picture)
    assert picture.axes == axes
    assert [len(ax.lines) for ax in axes] == [1, 3]
    assert list(axes[1].lines[-1].get_xdata()) == [8, 8]
    assert axes[0].get_ylim() == axes[1].get_ylim() == (0, 1)


def test_stages_draws_a_box_a_layer_and_its_shortcuts():
    def layer(*shape):
        return probe.Layer("n", "k", shape, 1, 1)

    layers = [layer(8, 10, 10), layer(16, 5, 5), layer(16, 5, 5), layer(1000)]
    picture = figures.stages({"a": (layers, []), "b": (layers, [(1, 1, True), (2, 2, False)])}, "t")
    plain, residual = picture.axes
    texts = ["8", "16", "16", "1,000"]
    assert [text.get_text() for text in plain.texts] == texts
    colors = [to_hex(box.get_facecolor()) for box in plain.patches]
    assert colors[0] != colors[1] == colors[2] != colors[3]
    arcs = residual.patches[4:]
    assert [(arc.center[0], arc.width) for arc in arcs] == [(1.5, 1), (2.5, 1)]
    assert [arc.get_linestyle() for arc in arcs] == ["--", "-"]


def test_maps_write_each_value_and_what_is_above_the_axis():
    values = {"a": [[0.5, 2.0], [7.0, 1.25]], "b": [[1.0, 1.0], [1.0, math.inf]]}
    picture = figures.maps(values, ["r", "s"], ["1", "2"], "t", "x", "y", (0, 2.4))
    texts = [[text.get_text() for text in ax.texts] for ax in picture.axes]
    assert texts == [["0.5", "2.0", ">2.4", "1.2"], ["1.0", "1.0", "1.0", ">2.4"]]
    assert [label.get_text() for label in picture.axes[0].get_yticklabels()] == ["r", "s"]


def test_a_dialogue_has_a_panel_a_frame_and_what_is_said():
    frames = [("forward", "mine", "→", "thanks"), ("backward", "ours", "←", "yours")]
    picture = figures.dialogue(frames, "t")
    assert titles(picture) == ["forward", "backward"]
    said = [{text.get_text() for text in ax.texts} for ax in picture.axes]
    assert said == [
        {"layers 1–6", "layers 7–13", "", "mine", "thanks"},
        {"layers 1–6", "layers 7–13", "", "ours", "yours"},
    ]
    heads = [ax.texts[2].xy[0] > 0.5 for ax in picture.axes]
    assert heads == [True, False]


def test_bars_have_a_scale_for_each_panel_and_write_the_numbers():
    panels = {"weights": {"a": 73728, "b": 1024}, "millions": {"a": 1234.5, "b": 0.0141}}
    picture = figures.bars(panels, "t")
    axes = list(picture.axes)
    assert titles(picture) == ["", ""]  # they stand at the left
    assert [ax.get_title(loc="left") for ax in axes] == ["weights", "millions"]
    assert [text.get_text() for text in axes[0].texts] == ["73,728", "1,024"]
    assert [text.get_text() for text in axes[1].texts] == ["1,234", "0.0141"]
    assert [bar.get_width() for bar in axes[1].patches] == [1234.5, 0.0141]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["a", "b"]
    figures.bars(panels, "t", picture=picture)
    assert picture.axes == axes
    assert [len(ax.patches) for ax in axes] == [2, 2]


def test_a_landscape_is_a_map_for_each_network_on_one_scale_of_colors():
    bowl = [[0.1 + a * a + b * b for a in (-1, 0, 1)] for b in (-1, 0, 1)]
    flat = [[2.0] * 3] * 3
    picture = figures.landscape({"bowl": bowl, "flat": flat}, (-1, 0, 1), "t", "x", "y")
    left, right, bar = picture.axes
    assert titles(picture) == ["bowl", "flat", ""]
    assert (left.get_xlabel(), left.get_ylabel(), right.get_ylabel()) == ("x", "y", "")
    assert [line.get_xydata().tolist() for line in left.lines] == [[[0, 0]]]
    ticks = [float(label.get_text()) for label in bar.get_yticklabels()]
    assert ticks == [0.0625, 0.125, 0.25, 0.5, 1, 2, 4]  # from below 0.1 to above 2.1
    scales = [ax.collections[0].norm for ax in (left, right)]
    assert (scales[0].vmin, scales[0].vmax) == (scales[1].vmin, scales[1].vmax)


PROBABILITIES = torch.linspace(0.01, 0.19, 10)
SEEN = torch.ones(20, 30, dtype=torch.bool)
BENT = torch.linspace(-1, 2, 70).view(7, 10)
BINS = torch.linspace(0, 4, 6)
TWO, THREE = {"a": ([1, 2], [0.5, 0.4])}, {"a": ([1, 90], [20, 3e4]), "c": ([1.5, 9], [1, 1])}
# Of each function that draws into `picture`: two of its drawings, as unlike as can be.
AGAIN = {
    "by_depth": [({"a": [1, 1e-9, 0]},), ({"a": [1, 2], "b": [2, 1, 0.5]},)],
    "flow": [
        ({"1": (BENT, "x"), "2": (BENT, "y")}, (-1, 1), {"a": [1.0, 1e-3]}, "c"),
        ({"3": (BENT, "z")}, (0, 2), {"a": [1, 2, 4], "b": [1.0, 1e-9]}, "d"),
    ],
    "training": [(HISTORY,), (History(test_error=[0.02], train_error=[0.01], batch_loss=[90.0]),)],
    "reading": [(BENT[None], PROBABILITIES, 3), (BENT[None] / 2, PROBABILITIES.flip(0))],
    "lines": [(TWO, "t", "x", "y", True), (THREE, "u", "v", "w", False, True, True)],
    "panels": [
        ({"l": TWO, "r": TWO}, "t", "x", "y", True, False, {"l": {"a": [[0, 1], [1, 2]]}}, 0.9),
        ({"L": THREE, "R": TWO}, "u", "v", "w", False, True),
        ({"1": TWO, "2": THREE, "3": TWO}, "three", "x", "y"),
    ],
    "convolution": [
        ({"input": BENT, "output": BENT.abs()}, "c"),
        ({"input": BENT.T, "kernel": -BENT[:3, :3]}, "d"),
        ({"input": BENT.abs()}, "one"),
    ],
    "field": [
        (SEEN / 2, (3, 9), SEEN, SEEN / 1, {"a": [1, 3], "b": [20, 20]}, "c"),
        (SEEN.T / 2, (-1, 3), ~SEEN.T, SEEN.T / 1, {"a": [1, 300, 500]}, "d"),
    ],
    "scatter": [  # its axes stay where they were first: ticks as wide
        ({"a": ([0, 4], [0, 4])}, "t", "x", "y", TWO, (2, 2), (-0.5, 5.5, 0, 5)),
        ({"b": ([3, 8], [2, 9]), "c": ([5], [4])}, "u", "v", "y", None, None, None, {4: "4"}),
        ({"d": ([3, 8], [2, 9])}, "v", "w", "y"),
    ],
    "strip": [
        (BENT[None], ["0"], {"a": ([0, 1], [0.1, 0.2])}, "c", "x", "y", 0.5, True),
        (BENT.expand(3, 7, 10), "123", {"a": ([0, 9.5], [9, 99]), "b": ([0, 1], [5, 6])}, *"dxy"),
    ],
    "drift": [
        ({"2": (BINS, BINS), "4": (BINS, BINS.flip(0))}, (-3, 3), {"a": [0.1, 0.5]}, 0.6, "c"),
        ({"6": (BINS.flip(0), BINS)}, (-1, 1), {"a": [1, 2, 1, 2], "b": [1, 1]}, 2.5, "d"),
    ],
    "course": [
        (TWO, TWO, ("l", "r"), ("x", "y", "z"), 1, {"a": [[0.1, 0.2], [0.3, 0.9]]}, 2),
        (TWO | {"b": ([1, 2], [0, 1])}, THREE, ("L", "R"), ("u", "v", "w"), 0.5, {}, 5),
    ],
    "bars": [
        ({"w": {"a": 73728, "b": 1024}, "m": {"a": 1.5, "b": 0.01}}, "t"),
        ({"v": {"c": 3, "d": 10, "e": 4}, "n": {"c": 0.1, "d": 1e6, "e": 2.0}}, "u"),
        ({"w": {"a": 1}}, "one panel"),
    ],
}


def test_every_function_that_draws_into_a_picture_is_drawn_again():
    functions = dict(inspect.getmembers(figures, inspect.isfunction))
    parameters = {name: inspect.signature(f).parameters for name, f in functions.items()}
    assert set(AGAIN) == {k for k, p in parameters.items() if "picture" in p and k != "show"}


@pytest.mark.parametrize("name", AGAIN)
def test_drawn_again_a_picture_is_as_if_drawn_for_the_first_time(name):
    draw = getattr(figures, name)
    fresh = [draw(*args).png() for args in AGAIN[name]]
    assert len(set(fresh)) == len(fresh)
    picture = draw(*AGAIN[name][0])
    picture.png()
    for args, expected in [*zip(AGAIN[name], fresh, strict=True)][::-1]:
        assert draw(*args, picture=picture) is picture
        assert picture.png() == expected
