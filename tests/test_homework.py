"""Every check of the homework: the right answer passes, every wrong one is told its fault."""

import ast
import importlib
import itertools
import os
import random
import re
import sys
import threading
import time
import tomllib
from pathlib import Path

import nbformat
import pytest
import torch
from answers import WRONG, otherwise

import seminar
from seminar import catalogue, homework
from seminar.homework import trial

ROOT = Path(__file__).resolve().parent.parent
SOLUTIONS = sorted((ROOT / "notebooks/solutions/en").glob("*.ipynb"))
for path in SOLUTIONS:
    importlib.import_module(f"answers.{path.stem.split('_')[0]}")
NAMES = homework.names()
# How often each answer is tried. If it is set (the scheduled workflow says 20), every run draws
# other inputs, and wrong answers are tried as often; HOMEWORK_SEED, too, repeats such a run.
FRESH = "HOMEWORK_ROUNDS" in os.environ or "HOMEWORK_SEED" in os.environ
ROUNDS = int(os.environ.get("HOMEWORK_ROUNDS", "5"))
SEED = int(os.environ.get("HOMEWORK_SEED", random.SystemRandom().getrandbits(40) if FRESH else 0))


def right_answers():
    """By check, the answer in the notebooks with solutions: their graded functions and classes."""
    found = {}
    for path in SOLUTIONS:
        names = {"__name__": path.stem}
        checks = []
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type != "code":
                continue
            kind = cell.metadata.get("nbgrader", {})
            if cell.id == "imports" or (kind.get("solution") and not kind.get("grade")):
                exec(cell.source, names)
            checks += re.findall(r'homework\.check\("(\w+)", (\w+)\)', cell.source)
        found |= {check: names[answer] for check, answer in checks}
    return found


RIGHT = right_answers()


@pytest.fixture
def korean():
    seminar.language("ko")
    yield
    seminar.language("en")


@pytest.fixture(autouse=True)
def the_same_inputs_in_every_run(monkeypatch, record_property):
    """Each check still draws inputs of its own; but what fails in CI fails again at home."""
    seeds = itertools.count(SEED)
    if FRESH:  # shown if the test fails
        print(f"HOMEWORK_SEED={SEED}")
        record_property("HOMEWORK_SEED", SEED)
    monkeypatch.setattr(trial.Draw, "__init__", lambda draw: draw.seed(next(seeds)))


def test_every_check_is_asked_in_a_notebook_in_its_order():
    assert list(RIGHT) == NAMES


def test_an_unknown_check_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"no check 'bn'; choose one of .*bn_forward"):
        homework.check("bn", len)


@pytest.mark.parametrize("name", NAMES)
def test_the_right_answer_passes_every_time(name):
    results = [homework.check(name, RIGHT[name]) for _ in range(ROUNDS)]
    assert [r.message for r in results if not r.passed] == []


@pytest.mark.parametrize(
    ("name", "answer"), otherwise.RIGHT, ids=[f"{n}-{a.__name__}" for n, a in otherwise.RIGHT]
)
def test_another_right_answer_passes_too(name, answer):
    results = [homework.check(name, answer) for _ in range(ROUNDS)]
    assert [r.message for r in results if not r.passed] == []


@pytest.mark.parametrize(
    ("name", "answer", "words"), WRONG, ids=[f"{n}-{a.__name__}" for n, a, _ in WRONG]
)
def test_a_wrong_answer_is_told_its_fault(name, answer, words, korean, monkeypatch):
    if "did not end" in words:  # no need to wait for it
        monkeypatch.setattr(trial, "LIMIT", 1)
    told = homework.check(name, answer)
    assert not told.passed
    assert "LookupError" not in told.message  # every text has its Korean
    seminar.language("en")
    for _ in range(ROUNDS if FRESH else 1):
        result = homework.check(name, answer)
        assert not result.passed
        assert [word for word in words if word not in result.message] == [], result.message


def test_there_are_enough_wrong_answers():
    counts = {name: sum(check == name for check, _, _ in WRONG) for name in NAMES}
    assert min(counts.values()) >= 5, counts
    assert len(WRONG) >= 100


def raises(*_):
    raise KeyError("mine")


def leaves(*_):
    sys.exit(3)


def loops(*_):
    while True:
        pass


def loops_and_defends_itself(*_):
    while True:
        try:  # noqa: SIM105
            print("still here")
        except BaseException:
            pass


def prints(*_):
    print("a" * 10_000)
    print("b", file=sys.stderr)


class Defensive:
    """Something that cannot even be looked at."""

    def __init__(self, *_):
        pass

    def __getattr__(self, name):
        raise OSError(name)


HOSTILE = [
    raises,
    leaves,
    prints,
    Defensive,
    None,
    3,
    "text",
    int,
    torch.nn.Identity,
    torch.ones(2),
]


@pytest.mark.parametrize("answer", HOSTILE, ids=lambda a: getattr(a, "__name__", type(a).__name__))
@pytest.mark.parametrize("name", NAMES)
def test_nothing_breaks_a_check(name, answer, capfd):
    before = torch.random.get_rng_state()
    result = homework.check(name, answer)
    assert not result.passed
    assert "\n" in result.message
    assert repr(result) == result.message
    assert capfd.readouterr() == ("", "")
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("answer", [loops, loops_and_defends_itself])
@pytest.mark.parametrize("name", NAMES)
def test_an_endless_loop_is_stopped(name, answer, monkeypatch):
    monkeypatch.setattr(trial, "LIMIT", 0.05)
    start = time.monotonic()
    result = homework.check(name, answer)
    assert "did not end within" in result.message
    assert time.monotonic() - start < 60


def test_what_cannot_be_stopped_is_said(monkeypatch):
    monkeypatch.setattr(trial, "LIMIT", 0.1)
    monkeypatch.setattr(trial, "GRACE", 0.2)
    threads = threading.active_count()
    result = homework.check("bn_forward", lambda *_: time.sleep(1))
    while threading.active_count() > threads:
        time.sleep(0.05)
    assert "restart the kernel" in result.message


@pytest.mark.parametrize("name", NAMES)
def test_an_unsolved_part_is_called_so(name):
    def unsolved(*_):
        raise homework.NotSolved

    assert "not solved yet" in homework.check(name, unsolved).message


def test_the_message_says_input_result_expectation_and_hint():
    def biased(x, gamma, beta, eps):
        print("my x", tuple(x.shape))
        mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True)
        return gamma[:, None, None] * (x - mean) / (var + eps).sqrt() + beta[:, None, None]

    message = homework.check("bn_forward", biased).message
    for word in ("Input: x = a tensor of shape", "eps = ", "Came out at position [0, 0, 0, 0]:"):
        assert word in message
    for word in ("Expected there:", "It printed: my x (", "Hint: ", "m - 1"):
        assert word in message


def test_an_error_is_shown_with_the_students_line():
    message = homework.check("bn_forward", lambda x, gamma, beta, eps: x.norm_me()).message
    assert "AttributeError" in message
    assert "x.norm_me()" in message


def test_the_inputs_are_other_ones_each_time():
    seen = [homework.check("bn_forward", raises).message for _ in range(3)]
    assert len(set(seen)) == 3


def test_stop_if_wrong_shows_the_result_and_stops_with_one_line(capsys):
    homework.check("bn_forward", RIGHT["bn_forward"]).stop_if_wrong()
    assert "✔ bn_forward" in capsys.readouterr().out
    with pytest.raises(homework.NotSolved, match="stops here") as stopped:
        homework.check("bn_forward", raises).stop_if_wrong()
    assert "✘ bn_forward" in capsys.readouterr().out
    assert stopped.value._render_traceback_() == [f"▶ {stopped.value}"]


def test_a_result_is_shown_in_html_with_what_could_be_a_tag_escaped():
    def fails(*_):
        raise ValueError("<b>")

    shown = homework.check("bn_forward", fails)._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "✘ bn_forward" in shown


def test_korean(korean):
    assert homework.check("bn_forward", RIGHT["bn_forward"]).message.startswith(
        "✔ bn_forward: 맞았습니다."
    )


@pytest.mark.parametrize(
    "room",
    [p for p in sorted((ROOT / "seminar/homework").glob("*.py")) if p.stem != "stop"],
    ids=lambda p: p.stem,
)
@pytest.mark.parametrize("language", catalogue.languages()[1:])
def test_every_text_of_the_checks_has_its_translation(room, language):
    known = {}
    for path in (ROOT / "seminar/assets/texts" / language).iterdir():
        known |= tomllib.loads(path.read_text(encoding="utf-8"))
    texts = [
        node.args[0].value
        for node in ast.walk(ast.parse(room.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "t"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert texts
    assert [text for text in texts if text not in known] == []


@pytest.mark.parametrize(
    ("got", "want", "same"),
    [
        (torch.ones(2), torch.ones(2), True),
        (torch.ones(2), torch.ones(2, dtype=torch.float64), False),
        (torch.ones(2), torch.ones(2, 1), False),
        (torch.tensor([1.0, float("nan")]), torch.ones(2), False),
        (1.0, torch.ones(()), False),
        (3.0, 3, False),
        (True, 1, False),
        (3, 3, True),
        (3, 3.0, True),
        (torch.tensor(3.0), 3.0, True),
        ([1, 2], (1, 2), True),
        ([1, 2], [1, 2, 3], False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        (float("nan"), 1.0, False),
        (torch.tensor([True]), torch.tensor([True]), True),
    ],
)
def test_close(got, want, same):
    assert trial.close(got, want) is same
