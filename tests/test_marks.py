"""Stored outputs carry the mark of the code that made them: what has changed since is seen."""

import pytest
from test_notebooks import ROOT, tool
from test_tool import edit, notebook

ROOM = '"""A room."""\n\nfrom . import paint\n\n\ndef draw():\n    return paint.colour\n'


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The folder of a small course: a package of three rooms, a notebook in both languages."""
    files = {
        "seminar/__init__.py": "",
        "seminar/draw.py": ROOM,
        "seminar/paint.py": 'colour = "deep blue"\n',
        "seminar/alone.py": "x = 1\n",
        "seminar/assets/ko.toml": '"deep blue" = "짙은 파랑"\n"other" = "다른"\n',
        "seminar/assets/records/00_x.json": "{}\n",
        "seminar/assets/records/01_y.json": "{}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(tool, "ROOT", tmp_path / "notebooks")
    monkeypatch.setattr(tool, "ASSETS", tmp_path / "seminar/assets")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = 'from seminar import draw\n\nrecord = "00_x"\nprint(draw.draw())'
    for language in tool.LANGUAGES:
        path = tmp_path / "notebooks" / language / "00_x.ipynb"
        path.parent.mkdir(parents=True)
        book = notebook(language, "# Title", code)
        book.cells[1].source = f'language = "{language}"'
        tool.write(book, path)
    tool.run(tool.notebooks())
    return tmp_path


def korean(course):
    return course / "notebooks/ko/00_x.ipynb"


def test_what_was_run_is_marked_and_its_outputs_are_stored(course):
    assert [tool.unmade(path) for path in tool.notebooks()] == [[], []]
    assert tool.read(korean(course)).cells[2].outputs[0].text == "deep blue\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "languages"),
    [
        ("seminar/draw.py", "paint.colour", "paint.colour * 2", "ko en"),
        ("seminar/paint.py", "deep blue", "red", "ko en"),  # reached through draw
        ("seminar/assets/records/00_x.json", "{}", "[]", "ko en"),
        ("seminar/assets/ko.toml", "짙은 파랑", "파랑", "ko"),
        ("seminar/assets/ko.toml", "다른", "또 다른", ""),  # not a text of this notebook
        ("seminar/alone.py", "1", "2", ""),
        ("seminar/assets/records/01_y.json", "{}", "[]", ""),
        ("seminar/draw.py", "A room.", "A room, said better.\n", ""),
        ("seminar/paint.py", "\n", "  # as the sea\n", ""),
    ],
)
def test_a_change_of_what_the_outputs_come_from_is_seen(course, file, old, new, languages):
    path = course / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    found = {p.parent.name: tool.unmade(p) for p in tool.notebooks()}
    assert found == {code: ["code"] if code in languages else [] for code in ("ko", "en")}


def test_a_changed_cell_is_seen_prose_and_the_courses_address_are_not(course):
    edit(korean(course), lambda book: book.cells[0].update(source="# Other"))
    edit(korean(course), lambda book: book.cells[1].update(id="colab"))
    tool.run([korean(course)])
    edit(korean(course), lambda book: book.cells[1].update(source='repository = "there"'))
    assert tool.unmade(korean(course)) == []
    edit(korean(course), lambda book: book.cells[2].update(source="print(1)"))
    assert tool.unmade(korean(course)) == ["code"]


def test_the_other_languages_outputs_are_seen(course):
    english = tool.read(tool.twin(korean(course))).cells[2].outputs
    english[0].text = "English"
    edit(korean(course), lambda book: book.cells[2].update(outputs=english))
    assert tool.unmade(korean(course)) == ["outputs"]


def test_sync_carries_code_without_the_mark_of_its_outputs(course):
    edit(korean(course), lambda book: book.cells[2].update(source='print("new")'))
    tool.run([korean(course)])
    tool.sync(korean(course))
    assert tool.unmade(korean(course)) == []
    assert tool.unmade(tool.twin(korean(course))) == ["code", "outputs"]


def test_make_notebooks_runs_those_whose_outputs_are_old(course, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["notebooks.py", "run"])
    edit(korean(course), lambda book: book.cells[2].update(source="print(1)"))
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
