"""The texts of each language fit the English ones; what the Korean notebooks store is Korean."""

import html
import re
import string
import tomllib

import pytest
from test_notebooks import KOREAN as KO
from test_notebooks import NOTEBOOKS, ROOT, name, sources, twin

from seminar import catalogue

FOLDER = ROOT / "seminar/assets/texts"
TEXTS = {
    file.relative_to(FOLDER).as_posix(): tomllib.loads(file.read_text(encoding="utf-8"))
    for file in sorted(FOLDER.glob("*/*"))
}


def fields(text):
    """What `t` fills in: names with their formats. Korean may need one twice."""
    found = string.Formatter().parse(text)
    return {(field, spec, conversion) for _, field, spec, conversion in found if field is not None}


@pytest.mark.parametrize("file", TEXTS)
def test_a_translation_has_the_placeholders_of_the_english(file):
    assert TEXTS[file]
    for english, text in TEXTS[file].items():
        assert text.strip(), f"no text for {english!r}"
        assert fields(text) == fields(english), english


def test_another_language_is_another_folder_of_texts(tmp_path, monkeypatch):
    for language, text in (("ko", "시험"), ("ja", "試験")):
        (tmp_path / language).mkdir()
        (tmp_path / language / "course.toml").write_text(f'"test" = "{text}"', encoding="utf-8")
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)
    monkeypatch.setenv("SEMINAR_STRICT", "1")
    catalogue._texts.cache_clear()
    try:
        assert catalogue.languages() == ("en", "ja", "ko")
        for language, text in (("ja", "試験"), ("ko", "시험"), ("en", "test")):
            catalogue.language(language)
            assert catalogue.t("test") == text
            assert catalogue.translated(catalogue.t("test")) == text
            assert catalogue.translated(text + " 3") == text + " 3" or language == "en"
        catalogue.language("ja")
        with pytest.raises(LookupError, match="'other' is not in seminar/assets/texts/ja"):
            catalogue.t("other")
        with pytest.raises(ValueError, match="'fr'; choose 'en' or 'ja' or 'ko'"):
            catalogue.language("fr")
        assert catalogue.language() == "ja"
    finally:
        catalogue.language("en")
        catalogue._texts.cache_clear()


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
    for file, texts in TEXTS.items()
    if file.startswith("ko/")
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
    catalogue.language(sources.language_of(path))
    try:
        begins = f"{catalogue.t('Figure')}: "
    finally:
        catalogue.language("en")
    assert [text for text in told if not text.startswith(begins)] == []
