"""The Korean texts fit the English ones, and what the Korean notebooks store is Korean."""

import html
import re
import string
import tomllib

import pytest
from test_notebooks import KOREAN as KO
from test_notebooks import NOTEBOOKS, ROOT, name, sources, twin

KOREAN = {
    file.name: tomllib.loads(file.read_text(encoding="utf-8"))
    for file in sorted((ROOT / "seminar/assets").glob("ko*.toml"))
}
FIGURE = {"en": "Figure: ", "ko": "그림: "}


def fields(text):
    """What `t` fills in: names with their formats. Korean may need one twice."""
    found = string.Formatter().parse(text)
    return {(field, spec, conversion) for _, field, spec, conversion in found if field is not None}


@pytest.mark.parametrize("file", KOREAN)
def test_korean_has_the_placeholders_of_the_english(file):
    assert KOREAN[file]
    for english, korean in KOREAN[file].items():
        assert korean.strip(), f"no Korean for {english!r}"
        assert fields(korean) == fields(english), english


@pytest.mark.parametrize("korean", ["{a}", "{a} {c}", "{a} {b:.1f}", "{a} {b!r}", "{a} {b} {c}"])
def test_other_placeholders_are_found(korean):
    assert fields(korean) != fields("{a} {b}")
    assert fields("{b} {a} {b}") == fields("{a} {b}")


def pattern(english):
    """What finds the text `english` in an output, with anything for its placeholders.

    A long one anywhere; up to three words where a text ends, such as a header or a title: "input
    size" is in torch's own messages, too. None for one without words.
    """
    pieces = re.split(r"\{[^}]*\}", english)
    words = max(len(re.findall("[A-Za-z]{2,}", piece)) for piece in pieces)
    edge, body = r"[\n|:;·\[\]]", ".+?".join(map(re.escape, pieces))
    if words > 3:
        return re.compile(body)
    return re.compile(rf"(?:^|{edge})\s*{body}\s*(?:$|{edge})") if words else None


ENGLISH = [
    (max(re.split(r"\{[^}]*\}", english), key=len), pattern(english), english)
    for texts in KOREAN.values()
    for english, korean in texts.items()
    if korean != english and pattern(english)
]


def english_in(text):
    """The first text of the catalogue that stands in `text` in English, though it has a Korean."""
    found = (key for part, wanted, key in ENGLISH if part in text and wanted.search(text))
    return next(found, None)


def stored(path):
    """(cell id, what is stored as text, whether a picture is) of every output of the notebook."""
    for cell in sources.read(path).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            rich = re.sub("<[^>]*>", "\n", data.get("text/html", ""))
            texts = [output.get("text", ""), data.get("text/plain", ""), html.unescape(rich)]
            yield cell.id, texts, "image/png" in data


@pytest.mark.parametrize("path", KO, ids=name)
def test_a_korean_notebook_stores_no_english_that_has_a_korean(path):
    for cell, texts, _ in stored(path):
        for text in texts:
            assert english_in(text) is None, f"cell {cell}: {text[:200]}"


@pytest.mark.parametrize("path", KO, ids=name)
def test_the_english_notebooks_outputs_would_be_found_in_the_korean_one(path):
    differ = 0
    for (cell, ko, _), (_, en, _) in zip(stored(path), stored(twin(path)), strict=True):
        for korean, english in zip(ko, en, strict=True):
            if korean != english:
                differ += 1
                assert english_in(english), f"cell {cell}: {english[:200]}"
    assert differ > 10


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the label says 3", "the label says {digit}"),
        ("a | test error | b", "test error"),
        ("got input size torch.Size([1])", None),
        ("Jupyter", None),
    ],
)
def test_english_is_told_from_what_only_looks_like_it(text, found):
    assert english_in(text) == found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_picture_tells_its_titles_in_the_notebooks_language(path):
    told = [texts[1] for _, texts, picture in stored(path) if picture]
    assert [text for text in told if not text.startswith(FIGURE[sources.language(path)])] == []
