"""A class of ten whose notebooks came back other than they were handed out, to their grades."""

import copy
import shutil
import subprocess
import sys

import pytest
from test_grading import ROOT, exported, files, generator, nbgrader, sources

ASSIGNMENT = "hw2_vgg_receptive_field"
NOTEBOOK = f"{ASSIGNMENT}.ipynb"
SOLVED = ("answer-stack-weights", "answer-receptive-field")  # and nothing else, by everybody
POINTS = 3 + 5


def cell(notebook, name):
    return next(c for c in notebook.cells if c.id == name)


def copied(notebook):
    """The answer twice, as with Ctrl+C, Ctrl+V: the first is not right."""
    place = notebook.cells.index(cell(notebook, SOLVED[1]))
    first = copy.deepcopy(notebook.cells[place])
    first.update(id="first", source="def receptive_field(layers):\n    return 1")
    notebook.cells.insert(place, first)


def a_check_copied(notebook):
    place = notebook.cells.index(cell(notebook, "check-receptive-field"))
    second = copy.deepcopy(notebook.cells[place])
    second.id = "second"
    notebook.cells.insert(place + 1, second)


def bare(notebook):
    """What some editors leave of a cell's metadata."""
    for c in notebook.cells:
        c.metadata = {}


def a_check_deleted(notebook):
    notebook.cells.remove(cell(notebook, "check-receptive-field"))


def of_another_format(notebook):
    cell(notebook, "s1").metadata["nbgrader"] = {}
    cell(notebook, "check-path-counts").metadata.nbgrader.schema_version = 2


def turned_into_text(notebook):
    found = cell(notebook, SOLVED[1])
    found.update(cell_type="markdown")
    del found["outputs"], found["execution_count"]


def moved(notebook):
    check = cell(notebook, "check-receptive-field")
    notebook.cells.remove(check)
    notebook.cells.insert(4, check)


# Each student: what became of the notebook, its name, what inspect says, and the points of
# automatic grading if nothing is done about it (None: no notebook could be graded).
CLASS = {
    "copied": (copied, NOTEBOOK, ["answer-receptive-field is there 2 times"], POINTS),
    "check copied": (a_check_copied, NOTEBOOK, ["check-receptive-field (5 points) is there 2"], 8),
    "bare": (bare, NOTEBOOK, ["no cell has nbgrader's data any more"], 0),
    "check deleted": (a_check_deleted, NOTEBOOK, ["check-receptive-field (5 points) is miss"], 3),
    "format": (of_another_format, NOTEBOOK, ["other nbgrader data (schema_version)"], POINTS),
    "text": (turned_into_text, NOTEBOOK, ["is markdown instead of code"], POINTS),
    "moved": (moved, NOTEBOOK, ["the cells are in another order"], 3),
    "downloaded twice": (None, f"{ASSIGNMENT} (1).ipynb", [f"rename it to {NOTEBOOK}"], None),
    "half": (None, NOTEBOOK, ["cannot be read", "ask for it again"], None),
    "sound": (None, NOTEBOOK, [], POINTS),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The folder of a course with what the class has handed in."""
    course = tmp_path_factory.mktemp("class") / "course"
    generator.make_course(course, "ko")
    status, said = nbgrader(course, "generate_assignment", ASSIGNMENT)
    assert status == 0, said
    solved = sources.read(course / "source" / ASSIGNMENT / NOTEBOOK)
    for student, (change, name, *_) in CLASS.items():
        notebook = sources.read(course / "release" / ASSIGNMENT / NOTEBOOK)
        for answer in SOLVED:
            cell(notebook, answer).source = cell(solved, answer).source
        if change:
            change(notebook)
        path = course / "submitted" / student / ASSIGNMENT / name
        path.parent.mkdir(parents=True)
        sources.write(notebook, path)
        if student == "half":
            path.write_text(path.read_text(encoding="utf-8")[:5000], encoding="utf-8")
    return course


@pytest.fixture(scope="module")
def inspected(course):
    before = files(course)
    lines = generator.inspect(course)
    assert files(course) == before
    return lines


@pytest.mark.parametrize("student", CLASS)
def test_what_is_amiss_is_said_by_name(inspected, student):
    mine = [line for line in inspected if line.startswith(f"{student}, {ASSIGNMENT}: ")]
    wanted = CLASS[student][2]
    assert len(mine) == min(1, len(wanted))
    assert [text for text in wanted if text not in mine[0]] == []


def test_nothing_else_is_said(inspected):
    assert len(inspected) == len(CLASS) - 1


@pytest.fixture(scope="module")
def grades(course, inspected):
    """What was exported for each student, and what autograde said."""
    status, said = nbgrader(course, "autograde", ASSIGNMENT)
    assert status == 1
    return exported(course), said


@pytest.mark.parametrize("student", CLASS)
def test_nobody_stops_the_grading_of_another(grades, student):
    scores, said = grades
    points = CLASS[student][3]
    failed = f"assignment '{ASSIGNMENT}' for student '{student}'" in said
    assert failed == (points is None)
    assert scores[student] == (points or 0)


def test_who_does_what_inspect_says_gets_the_points(grades, course):
    folder = course / "submitted" / "downloaded twice" / ASSIGNMENT
    (folder / CLASS["downloaded twice"][1]).rename(folder / NOTEBOOK)
    broken = course / "submitted" / "check deleted" / ASSIGNMENT / NOTEBOOK
    notebook = sources.read(broken)
    place = notebook.cells.index(cell(notebook, SOLVED[1]))
    released = sources.read(course / "release" / ASSIGNMENT / NOTEBOOK)
    notebook.cells.insert(place + 1, cell(released, "check-receptive-field"))
    sources.write(notebook, broken)
    said = generator.inspect(course)
    for student in ("downloaded twice", "check deleted"):
        assert [line for line in said if line.startswith(f"{student}, ")] == []
        again = ("autograde", ASSIGNMENT, "--student", student, "--force")
        assert nbgrader(course, *again)[0] == 0
    scores = exported(course)
    for student in ("downloaded twice", "check deleted"):
        assert scores[student] == POINTS


# --- without grading ------------------------------------------------------------------------


@pytest.fixture
def handed_out(tmp_path):
    """A course that has handed out one homework; a student's folder."""
    release = tmp_path / "release" / ASSIGNMENT
    release.mkdir(parents=True)
    shutil.copy(sources.ROOT / "ko" / "homework" / NOTEBOOK, release)
    folder = tmp_path / "submitted" / "kim" / ASSIGNMENT
    folder.mkdir(parents=True)
    return tmp_path, folder


def test_a_folder_without_a_notebook_or_with_several(handed_out):
    course, folder = handed_out
    assert "there is no notebook" in generator.inspect(course)[0]
    sound = (sources.ROOT / "ko" / "homework" / NOTEBOOK).read_bytes()
    for name in ("a.ipynb", "b.ipynb"):
        (folder / name).write_bytes(sound)
    assert "none has the name" in generator.inspect(course)[0]
    (folder / NOTEBOOK).write_bytes(sound)
    (line,) = generator.inspect(course)
    assert "a.ipynb, b.ipynb: not graded" in line


def test_what_lies_in_the_wrong_place(handed_out):
    course, folder = handed_out
    (folder / NOTEBOOK).write_bytes((sources.ROOT / "ko" / "homework" / NOTEBOOK).read_bytes())
    (folder.parent / "hw9").mkdir()
    (folder.parent / NOTEBOOK).write_text("lies beside its folder")
    (folder.parent / ".DS_Store").touch()
    lines = generator.inspect(course)
    assert [line.split(":")[0] for line in lines] == [f"kim, {NOTEBOOK}", "kim, hw9"]
    assert all(f"put it into one of {ASSIGNMENT}" in line for line in lines)


@pytest.mark.parametrize("content", ["", "no notebook", "[]", '{"cells": 1}', '{"nbformat": 3}'])
def test_what_is_no_notebook(handed_out, content):
    course, folder = handed_out
    (folder / NOTEBOOK).write_text(content)
    (line,) = generator.inspect(course)
    assert "cannot be read" in line
    assert len(line) < 250


def test_a_lecturer_needs_none_of_the_authors_tools(handed_out):
    course, _ = handed_out
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['jupytext', 'pytest', 'nbclient']));"
        "sys.path.insert(0, 'tools'); import homework;"
        "print(*homework.inspect(homework.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(course)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "kim, " in ran.stdout


def test_the_command_line(handed_out, monkeypatch, capsys):
    course, folder = handed_out
    monkeypatch.setattr("sys.argv", ["homework.py", "inspect", str(course)])
    assert generator.main() == 1
    assert "kim, " in capsys.readouterr().out
    (folder / NOTEBOOK).write_bytes((sources.ROOT / "ko" / "homework" / NOTEBOOK).read_bytes())
    assert generator.main() == 0
    assert "as it was handed out" in capsys.readouterr().out
    for gone, says in (("submitted", "collect"), ("release", "generate_assignment")):
        shutil.rmtree(course / gone)
        with pytest.raises(SystemExit):
            generator.main()
        assert says in capsys.readouterr().err
