"""Checks of a student's answer: what is right, or the first thing that is wrong and how to see it.

`homework.check("bn_forward", bn_forward)` is all that a notebook calls.
"""

import html
from typing import Any

import torch

from ..catalogue import t
from . import hw1, hw2, hw3, hw4, hw5, hw6
from .trial import NotSolved, Wrong

__all__ = ["NotSolved", "Result", "check", "names"]

CHECKS = {
    **hw1.CHECKS,
    **hw2.CHECKS,
    **hw3.CHECKS,
    **hw4.CHECKS,
    **hw5.CHECKS,
    **hw6.CHECKS,
}


class Result:
    """Whether an answer `passed`, and the `message` for the student; it shows itself."""

    def __init__(self, name: str, passed: bool, lines: list[str]):
        self.name, self.passed = name, passed
        verdict = t("✔ {a}: right.", a=name) if passed else t("✘ {a}: not yet.", a=name)
        self._lines = [verdict, *lines]

    @property
    def message(self) -> str:
        """The text that is shown, in the notebook's language."""
        return "\n".join(self._lines)

    def __repr__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        color = "#0072B2" if self.passed else "#D55E00"
        verdict, *rest = map(html.escape, self._lines)
        return (
            f'<div style="border-left: 5px solid {color}; padding: 4px 12px; margin: 6px 0">'
            f'<b style="color: {color}">{verdict}</b>'
            + "".join(f"<br>{line}" for line in rest).replace("\n", "<br>")
            + "</div>"
        )

    def stop_if_wrong(self) -> None:
        """Show it; unless it passed, stop the notebook here with one line (NotSolved)."""
        from IPython.display import display

        display(self)
        if not self.passed:
            raise NotSolved(t("The notebook stops here: mend the answer above and run it again."))


def names() -> list[str]:
    """The names of all checks, in the order of the homework."""
    return list(CHECKS)


def check(name: str, answer: Any) -> Result:
    """Try `answer`, a function or a class, on fresh random inputs; a Result that shows itself.

    Whatever the answer does (it raises, prints, never ends, changes its input), the notebook goes
    on. ValueError for a name that `names()` does not list.
    """
    if name not in CHECKS:
        raise ValueError(f"there is no check {name!r}; choose one of {', '.join(CHECKS)}")
    try:
        with torch.random.fork_rng(devices=[]):  # what is drawn leaves the notebook's seed alone
            torch.seed()
            return Result(name, True, [CHECKS[name](answer)])
    except NotImplementedError:
        text = t("This part is not solved yet: write it where YOUR CODE HERE stands.")
        return Result(name, False, [text])
    except Wrong as wrong:
        return Result(name, False, wrong.lines)
    except (Exception, SystemExit) as error:  # an object that defends itself
        text = t("It stopped with {a}: {b}", a=type(error).__name__, b=error)
        return Result(name, False, [text])
