"""Stored outputs carry the mark of the code that made them: what has changed since is seen."""

import threading

import pytest
from test_notebooks import ROOT, sources, tool
from test_tool import edit

ROOM = '"""A room."""\n\nfrom . import paint\n\n\ndef draw():\n    return paint.colour\n'

SOURCE = '''# %% title [markdown] lang="ko"
r"""
# 제목
"""

# %% title [markdown] lang="en"
r"""
# Title
"""

# %% language
def language(code):
    return code


language("ko")

# %% code
from seminar import draw

record, ledger = "00_x", len
ledger("model")
print(draw.draw())
'''


KOREAN = """"deep blue" = "짙은 파랑"
"the reason" = "까닭"
"other" = "다른"
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The folder of a small course: a package of three rooms, a notebook in both languages."""
    files = {
        "seminar/__init__.py": "",
        "seminar/draw.py": ROOM,
        "seminar/paint.py": 'colour = "deep blue"\n',
        "seminar/alone.py": "x = 1\n",
        "seminar/assets/texts/ko/course.toml": KOREAN,
        "seminar/assets/ledger.toml": 'model = ["what", "the reason"]\n',
        "seminar/assets/records/00_x.json": "{}\n",
        "seminar/assets/records/01_y.json": "{}\n",
        "notebooks/source/00_x.py": SOURCE,
        "notebooks/source/colab.py": '# %% colab\nrepository = "here"\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(sources, "ROOT", tmp_path / "notebooks")
    monkeypatch.setattr(tool, "ASSETS", tmp_path / "seminar/assets")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    tool.build(sources.paths())
    tool.run(sources.lectures())
    return tmp_path


def korean(course):
    return course / "notebooks/ko/00_x.ipynb"


def source(course):
    return course / "notebooks/source/00_x.py"


def unmade():
    """Language → what of its notebook is not of a run of its code."""
    return {sources.language_of(path): tool.unmade(path) for path in sources.lectures()}


def test_what_was_run_is_marked_and_its_outputs_are_stored(course):
    assert unmade() == {"ko": [], "en": []}
    assert sources.read(korean(course)).cells[-1].outputs[0].text == "deep blue\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "languages"),
    [
        ("seminar/draw.py", "paint.colour", "paint.colour * 2", "ko en"),
        ("seminar/paint.py", "deep blue", "red", "ko en"),  # reached through draw
        ("seminar/assets/records/00_x.json", "{}", "[]", "ko en"),
        ("seminar/assets/texts/ko/course.toml", "짙은 파랑", "파랑", "ko"),
        ("seminar/assets/texts/ko/course.toml", "다른", "또 다른", ""),  # not of this notebook
        ("seminar/assets/texts/ko/course.toml", "까닭", "이유", "ko"),  # of a ledger that it shows
        ("seminar/assets/ledger.toml", "what", "that", "ko en"),
        ("seminar/alone.py", "1", "2", ""),
        ("seminar/assets/records/01_y.json", "{}", "[]", ""),
        ("seminar/draw.py", "A room.", "A room, said better.\n", ""),
        ("seminar/paint.py", "\n", "  # as the sea\n", ""),
    ],
)
def test_a_change_of_what_the_outputs_come_from_is_seen(course, file, old, new, languages):
    edit(course / file, old, new)
    assert unmade() == {code: ["code"] if code in languages else [] for code in ("ko", "en")}


def test_a_changed_cell_is_seen_prose_and_the_courses_address_are_not(course):
    edit(source(course), "# 제목", "# 다른 제목")
    edit(sources.colab(), "here", "there")
    tool.build(sources.paths())
    assert unmade() == {"ko": [], "en": []}
    edit(source(course), "print(draw.draw())", "print(1)")
    tool.build(sources.paths())
    assert unmade() == {"ko": ["code", "outputs"], "en": ["code", "outputs"]}


def test_the_other_languages_outputs_are_seen(course):
    book = sources.read(korean(course))
    book.cells[-1].outputs[0].text = "English"
    sources.write(book, korean(course))
    assert tool.unmade(korean(course)) == ["outputs"]


def test_make_notebooks_runs_those_whose_outputs_are_old(course, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["notebooks.py", "run"])
    edit(course / "seminar/assets/texts/ko/course.toml", "짙은 파랑", "파랑")
    for said in ("stored ko/00_x.ipynb\n", ""):
        assert tool.main() == 0
        assert capsys.readouterr().out == said


@pytest.mark.parametrize("room", sorted((ROOT / "seminar").rglob("*.py")), ids=lambda p: p.stem)
def test_bare_code_is_the_code(room):
    bare = tool.bare(room.read_text(encoding="utf-8"))
    compile(bare, room.name, "exec")
    assert '"""' not in bare
    assert "    # " not in bare
    assert tool.bare(bare) == bare


def test_marks_are_made_in_one_thread(course, monkeypatch):
    """Python 3.11's parser may fail in two at once."""
    threads, marks = [], tool.marks

    def watched(*given):
        threads.append(threading.current_thread())
        return marks(*given)

    monkeypatch.setattr(tool, "marks", watched)
    tool.run(sources.lectures())
    assert threads == [threading.main_thread()] * 2
