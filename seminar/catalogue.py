"""What the course shows, in the reader's language: English in the code, others from a catalogue.

A language is a folder of seminar/assets/texts: files of "English" = "its text".
"""

import functools
import os
import re
import tomllib
from importlib.resources import files

_FOLDER = files("seminar").joinpath("assets/texts")
_ANOTHER_SCRIPT = re.compile("[\u0400-\u1dff\u2e80-\ud7ff]")  # no Latin, Greek, or mathematics
_current = "en"


def languages() -> tuple[str, ...]:
    """The codes of the languages there are."""
    return "en", *sorted(folder.name for folder in _FOLDER.iterdir())


def language(code: str | None = None) -> str | None:
    """Set the language of everything shown, such as "ko" or "en"; without an argument tell it.

    ValueError for a code that is none of `languages`.
    """
    global _current
    if code is None:
        return _current
    if code not in languages():
        raise ValueError(f"language is {code!r}; choose {' or '.join(map(repr, languages()))}")
    _current = code
    return None  # nothing for a notebook to show


@functools.cache
def _texts(code: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    if code != "en":
        for file in _FOLDER.joinpath(code).iterdir():
            texts |= tomllib.loads(file.read_text(encoding="utf-8"))
    return texts


def t(text: str, **values: object) -> str:
    """`text` in the current language; then `{name}` is filled in from `values`.

    A text that the catalogue lacks (a student's own title, say) stays as it is. With SEMINAR_STRICT
    set, as in the tests, it is a LookupError instead.
    """
    if _current != "en":
        known = _texts(_current)
        if text not in known and os.environ.get("SEMINAR_STRICT") and re.search("[a-z]{2}", text):
            raise LookupError(f"{text!r} is not in seminar/assets/texts/{_current}")
        text = known.get(text, text)
    return text.format(**values) if values else text


def translated(text: str) -> str:
    """`text` in the current language, also if a notebook has translated it before."""
    return text if _ANOTHER_SCRIPT.search(text) or text in _texts(_current).values() else t(text)
