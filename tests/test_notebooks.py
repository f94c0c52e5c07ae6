"""Every notebook is executed, in order, without an error; its two languages say the same."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import jupytext
import pytest
from jupytext.config import load_jupytext_config

import seminar
from seminar import catalogue, figures, models

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import notebooks as tool  # noqa: E402
import sources  # noqa: E402

HANGUL = re.compile("[가-힣]")
NOTEBOOKS = [*sources.lectures(), *sources.solutions()]
KOREAN = [path for path in NOTEBOOKS if sources.language_of(path) == "ko"]


def name(path):
    return path.relative_to(sources.ROOT).with_suffix("").as_posix()


def twin(path):
    """The English notebook of a Korean one."""
    return Path(*("en" if part == "ko" else part for part in path.parts))


def kinds(cell):
    """Which kinds of output a cell stores, in order."""
    return [
        sorted(o.get("data", {})) if "data" in o else o.output_type for o in cell.get("outputs", [])
    ]


@pytest.mark.parametrize("path", sources.paths(), ids=lambda path: path.stem)
def test_what_is_committed_is_what_the_source_builds(path):
    for language in sources.LANGUAGES:
        stored = sources.product(path, language)
        built = sources.as_text(tool.made(path, language))
        assert stored.read_text(encoding="utf-8") == built, f"{stored.name} is old: make build"


@pytest.mark.parametrize("path", [*sources.paths(), sources.colab()], ids=lambda path: path.stem)
def test_a_source_is_as_jupyterlab_would_save_it(path):
    config = load_jupytext_config(str(path))
    book = jupytext.read(path)
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    for cell in book.cells:
        cell.metadata["trusted"] = True  # what Jupyter itself puts there
    saved = jupytext.writes(book, fmt="py:percent", config=config)
    assert saved == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_executed_in_order_without_error(path):
    cells = [c for c in sources.read(path).cells if c.cell_type == "code"]
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    assert not [o for c in cells for o in c.outputs if o.output_type == "error"]
    assert not [o for c in cells for o in c.outputs if o.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_the_stored_outputs_are_those_of_a_run_of_the_code_as_it_is(path):
    assert tool.unmade(path) == [], "run it again: make notebooks"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_small_and_without_paths_or_widget_state(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) < 1.5e6
    assert not re.search(r"/(home|root|work|tmp|Users)/", text)
    assert tool.WIDGET not in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_the_first_cell_fetches_the_course_in_colab_and_does_nothing_elsewhere(path, monkeypatch):
    first = next(c for c in sources.read(path).cells if c.cell_type == "code")
    address, commands = "https://github.com/owner/name", []
    source = re.sub(r"repository = .*", f"repository = {address!r}", first.source)
    monkeypatch.setattr("subprocess.run", lambda command, check: commands.append(command))
    exec(source, {})
    assert commands == []
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    exec(source, {})
    assert commands == [[sys.executable, "-m", "pip", "install", "-q", f"git+{address}"]]


@pytest.mark.parametrize(("installed", "says"), [("7.7.1", ""), ("8.1.9", "ipywidgets==7.7.1")])
def test_in_colab_it_is_said_if_no_sliders_will_show(installed, says, monkeypatch, capsys):
    monkeypatch.setattr(seminar.settings, "version", lambda package: installed)
    monkeypatch.setattr("subprocess.run", lambda command, check: None)
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    (first, *_) = [c for c in sources.read(KOREAN[0]).cells if c.cell_type == "code"]
    exec(re.sub(r"repository = .*", "repository = 'https://github.com/o/n'", first.source), {})
    said = capsys.readouterr().out
    assert said.count(says) == 2 if says else said == ""


@pytest.mark.parametrize("path", KOREAN, ids=name)
def test_the_languages_store_the_same_kinds_of_outputs(path):
    ko, en = sources.read(path).cells, sources.read(twin(path)).cells
    # Progress and live pictures vary in number, hence not in what the tagged cells store.
    for a, b in zip(ko, en, strict=True):
        assert kinds(a) == kinds(b), a.id


def blocks(source):
    """Paragraphs without code, math, links' targets, cursive titles and HTML tags."""
    source = re.sub(r"`[^`]*`|\$\$[^$]*\$\$|\$[^$]*\$|\]\([^)]*\)|\*[^*\n]+\*|<[^>]+>", "", source)
    return re.split(r"\n\s*\n|\n- ", source)


@pytest.mark.parametrize("path", KOREAN, ids=name)
def test_korean_prose_is_korean_and_english_has_no_hangul(path):
    for cell in sources.read(path).cells:
        if cell.cell_type == "markdown":
            for block in blocks(cell.source.split("## 참고 문헌")[0]):
                assert HANGUL.search(block) or len(re.findall("[A-Za-z]{2,}", block)) < 4, block
    for cell in sources.read(twin(path)).cells:
        assert not HANGUL.search(re.sub(r"\[한국어\]\([^)]*\)", "", cell.source)), cell.id
        assert not HANGUL.search(str(cell.get("outputs", ""))), cell.id


RAW = {"set_title", "set_xlabel", "set_ylabel", "suptitle", "annotate", "legend", "text", "print"}


def shown_literals(tree):
    """Texts in the code that would be shown without translation. Print may give a name."""
    for node in ast.walk(tree):
        called = getattr(node, "func", None)
        function = getattr(called, "attr", getattr(called, "id", None))
        if function not in RAW:
            continue
        words = r"[A-Za-z]{2,}\W+[A-Za-z]{2,}" if function == "print" else "[A-Za-z]{2,}"
        for argument in [*node.args, *(k.value for k in node.keywords if k.arg == "label")]:
            parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
            for part in parts:
                text = part.value if isinstance(part, ast.Constant) else None
                if isinstance(text, str) and re.search(words, text):
                    yield text


@pytest.mark.parametrize(
    "code",
    [
        "ax.set_title('one')",
        "print(f'the error is {e}')",
        "plt.plot(x); plt.text(0, 0, 'a bc de')",
    ],
)
def test_shown_literals_are_found(code):
    assert list(shown_literals(ast.parse(code)))


@pytest.mark.parametrize("path", KOREAN, ids=name)
def test_notebooks_show_no_text_past_the_catalogue(path):
    for cell in sources.read(path).cells:
        if cell.cell_type == "code":
            assert list(shown_literals(ast.parse(cell.source))) == [], cell.id


def test_the_catalogue_has_every_ledger():
    seminar.language("ko")
    try:
        for model in models.names():
            for entry in models.ledger(model):
                figures.table(["what", "paper", "here", "why"], [entry])  # LookupError if not
    finally:
        seminar.language("en")


@pytest.mark.parametrize("language", catalogue.languages()[1:])
@pytest.mark.parametrize(
    "room", ["figures/picture", "figures/charts", "figures/slides", "explorers", "claims"]
)
def test_the_package_shows_only_texts_of_the_catalogue(room, language):
    file = ROOT / f"seminar/assets/texts/{language}/course.toml"
    known = tomllib.loads(file.read_text(encoding="utf-8"))
    tree = ast.parse((ROOT / f"seminar/{room}.py").read_text(encoding="utf-8"))
    assert list(shown_literals(tree)) == []
    texts = [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "t"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert texts
    assert [text for text in texts if text not in known] == []


@pytest.mark.parametrize("language", catalogue.languages()[1:])
def test_a_text_has_its_translation_in_one_place(language):
    texts = [
        text
        for path in (ROOT / "seminar/assets/texts" / language).iterdir()
        for text in tomllib.loads(path.read_text(encoding="utf-8"))
    ]
    assert sorted(texts) == sorted(set(texts))


def test_the_font_has_every_character_of_the_catalogue_and_of_ks_x_1001():
    from matplotlib import ft2font

    font = ft2font.FT2Font(str(ROOT / "seminar/assets/SeminarGothic.ttf"))
    files = (ROOT / "seminar/assets/texts/ko").iterdir()
    korean = "".join(path.read_text(encoding="utf-8") for path in files)
    wanted = {c for c in korean if HANGUL.match(c)} | set("가나다")
    assert not [c for c in wanted if not font.get_char_index(ord(c))]
    assert sum(1 for code in font.get_charmap() if 0xAC00 <= code <= 0xD7A3) == 2350
