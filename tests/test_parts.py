"""The runner of the parts: all of them run, what failed is named, and its status is the result."""

import sys

import pytest
from test_notebooks import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import parts

GOOD, BAD = ("this",), ("no_such_module",)  # python -m this


@pytest.mark.parametrize(
    ("commands", "verdicts"),
    [
        ({"unit": (GOOD,), "notebooks": (GOOD,)}, {"unit": "passed", "notebooks": "passed"}),
        ({"unit": (BAD,), "notebooks": (GOOD,)}, {"unit": "FAILED", "notebooks": "passed"}),
        ({"unit": (GOOD,), "notebooks": (BAD, GOOD)}, {"unit": "passed", "notebooks": "FAILED"}),
    ],
)
def test_every_part_runs_and_the_failed_ones_are_named(commands, verdicts, monkeypatch, capfd):
    monkeypatch.setattr(parts, "PARTS", commands)
    monkeypatch.setattr(sys, "argv", ["parts.py", *commands])
    assert parts.main() == (1 if "FAILED" in verdicts.values() else 0)
    said = capfd.readouterr().out
    ran = sum(command == GOOD for part in commands.values() for command in part)
    assert said.count("The Zen of Python") == ran
    lines = [line.split() for line in said.split("== the parts\n")[1].splitlines()]
    assert {part: verdict for part, verdict, *_ in lines} == verdicts
    assert all(float(seconds) >= 0 and unit == "s" for *_, seconds, unit in lines)


def test_an_unknown_part_is_refused_with_those_there_are(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["parts.py", "units"])
    with pytest.raises(SystemExit):
        parts.main()
    assert "notebooks" in capsys.readouterr().err


def test_what_a_part_names_is_there():
    named = [word for part in parts.PARTS.values() for command in part for word in command]
    paths = [word for word in named if word.startswith(("tests/", "notebooks/"))]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
