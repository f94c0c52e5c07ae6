"""What the course shows, in the reader's language: English in the code, Korean from a catalogue."""

import os
import re
import tomllib
from importlib.resources import files

_LANGUAGES = ("en", "ko")
_current = "en"
_korean: dict[str, str] = {}


def language(code: str | None = None) -> str | None:
    """Set the language of everything shown, "ko" or "en"; without an argument tell it.

    ValueError for any other code.
    """
    global _current
    if code is not None:
        if code not in _LANGUAGES:
            raise ValueError(f"language is {code!r}; choose 'ko' or 'en'")
        _current = code
        if code == "ko" and not _korean:
            for file in files("seminar").joinpath("assets").iterdir():  # ko.toml, ko_hw1.toml, …
                if file.name.startswith("ko"):
                    _korean.update(tomllib.loads(file.read_text(encoding="utf-8")))
        return None  # nothing for a notebook to show
    return _current


def t(text: str, **values: object) -> str:
    """`text` in the current language; then `{name}` is filled in from `values`.

    A text that the catalogue lacks (a student's own title, say) stays as it is. With SEMINAR_STRICT
    set, as in the tests, it is a LookupError instead.
    """
    if _current == "ko":
        if text not in _korean and os.environ.get("SEMINAR_STRICT") and re.search("[a-z]{2}", text):
            raise LookupError(f"no Korean for {text!r} in seminar/assets/ko*.toml")
        text = _korean.get(text, text)
    return text.format(**values) if values else text
