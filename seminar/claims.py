"""A statement, its evidence, its verdict."""

import html
import numbers

from .catalogue import t


class ClaimFailed(AssertionError):
    """A claim that the measurement did not bear out."""


def claim(statement: str, holds: bool, **evidence: object) -> None:
    """Show `statement`, what was measured, and whether it `holds`; ClaimFailed if it does not.

    The statement carries its margin, as in "at least 90 % of the test digits". Evidence is given
    by keywords, whose underscores become spaces: numbers are shown with 3 significant digits,
    anything else as it is. Statement and verdict are what the notebook tests compare; the
    evidence may vary. TypeError if `holds` is not a single truth value.
    """
    holds = _truth(holds)
    measured = {name: f"{t(name.replace('_', ' '))}: {_shown(v)}" for name, v in evidence.items()}
    _display(t(statement), list(measured.values()), holds, statement)
    if not holds:
        raise ClaimFailed("\n".join([t(statement), *measured.values()]))


def _truth(holds: object) -> bool:
    # A tuple or a text would count as true: the oldest mistake with assert.
    item = holds.item() if hasattr(holds, "item") and getattr(holds, "ndim", 1) == 0 else holds
    if not isinstance(item, bool):
        raise TypeError(f"holds is {holds!r}; give one comparison, such as error < 0.1")
    return item


def _shown(value: object) -> str:
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return t(value) if isinstance(value, str) else str(value)
    return f"{value:,}" if isinstance(value, numbers.Integral) else f"{float(value):.3g}"


def _display(statement: str, measured: list[str], holds: bool, key: str) -> None:
    from IPython.display import display

    verdict = t("The claim holds.") if holds else t("The claim does NOT hold.")
    color = "#0072B2" if holds else "#D55E00"
    evidence = " · ".join(measured)
    # What stands between the markers is not compared: tests/sanitize.cfg.
    plain = f"{t('Claim')}: {statement}\n[{t('measured')}: {evidence}]\n{verdict}"
    rich = (
        f'<div style="border-left: 5px solid {color}; padding: 4px 12px; margin: 6px 0">'
        f"<b>{t('Claim')}:</b> {html.escape(statement)}<br>"
        f'<span class="measured" style="opacity: .75">{t("measured")}: {html.escape(evidence)}'
        f'</span><br><b style="color: {color}">{"✔" if holds else "✘"} {verdict}</b></div>'
    )
    display(
        {"text/plain": plain, "text/html": rich},
        raw=True,
        metadata={"claim": {"statement": key, "holds": holds, "measured": evidence}},
    )
