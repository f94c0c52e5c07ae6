"""What students get: generated from the solutions, without them, and it stops where they start."""

import re

import pytest
from test_notebooks import NOTEBOOKS, name, sources, tool

import homework as generator

HOMEWORK = ("lenet_alexnet", "vgg_receptive_field", "initialization", "batch_normalization")
HOMEWORK += ("residual_block", "bottleneck_resnet50")
NAMES = [f"hw{n}_{name}.ipynb" for n, name in enumerate(HOMEWORK, 1)]
SOLUTIONS = sources.solutions()
NOT_SOLVED = {"ko": "아직 풀지 않은 문제입니다", "en": "not solved yet"}


def students(path):
    """The student's version of the notebook in `path`."""
    return sources.ROOT / path.parent.name / "homework" / path.name


def graded(notebook, **wanted):
    """The cells that nbgrader knows, with these values."""
    kinds = [(cell, cell.metadata.get("nbgrader")) for cell in notebook.cells]
    return [c for c, kind in kinds if kind and wanted.items() <= kind.items()]


def solution(source):
    """The lines between the marks in a cell, or all if there are none."""
    found = re.findall(r"### BEGIN SOLUTION\n(.*?)\n *### END SOLUTION", source, re.DOTALL)
    return "\n".join(found or [source]).split("\n")


@pytest.mark.parametrize("language", sources.LANGUAGES)
def test_there_are_six_in_each_language(language):
    assert [path.name for path in sources.solutions(language)] == NAMES
    committed = sorted(p.name for p in (sources.ROOT / language / "homework").glob("*.ipynb"))
    assert committed == NAMES


def test_every_notebook_has_a_source():
    there = {p for p in sources.ROOT.rglob("*.ipynb") if p.parent.name != ".ipynb_checkpoints"}
    assert there == {*NOTEBOOKS, *map(students, SOLUTIONS)}


@pytest.mark.parametrize("language", sources.LANGUAGES)
def test_the_students_versions_are_those_that_make_build_writes(language):
    for file, text in generator.for_students(language).items():
        committed = (sources.ROOT / language / "homework" / file).read_text(encoding="utf-8")
        assert committed == text, f"{language}/{file} is old: make build"


@pytest.mark.parametrize("path", SOLUTIONS, ids=name)
def test_parts_points_and_kinds(path):
    notebook = sources.read(path)
    checks = graded(notebook, grade=True, solution=False)
    manual = graded(notebook, grade=True, solution=True)
    written = [cell for cell in manual if cell.cell_type == "markdown"]
    measured = [cell for cell in manual if cell.cell_type == "code"]
    parts = [c for c in notebook.cells if re.match(r"## \d+\. ", c.source)]
    assert 4 <= len(parts) <= 8
    assert len(checks) >= 4
    assert measured
    assert 1 <= len(written) <= 2
    assert all("### BEGIN HIDDEN TESTS" in cell.source for cell in checks)
    rubric = {"ko": "**채점 기준(", "en": "**Rubric ("}[path.parent.name]
    assert all(rubric in cell.source for cell in written)
    total = sum(cell.metadata.nbgrader.points for cell in checks + manual)
    sign = {"ko": f"· {total}점", "en": f"· {total} points"}[path.parent.name]
    assert sign in notebook.cells[0].source
    word = {"ko": r"(\d+)점", "en": r"(\d+) points?"}[path.parent.name]
    assert sum(int(re.search(word, c.source.split("\n")[0])[1]) for c in parts) == total


@pytest.mark.parametrize("path", SOLUTIONS, ids=name)
def test_the_students_version_has_no_solution_no_hidden_test_and_no_output(path):
    source, text = sources.read(path), students(path).read_text(encoding="utf-8")
    given = sources.read(students(path))
    assert [cell.id for cell in given.cells] == [cell.id for cell in source.cells]
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "Rubric", "채점 기준", "/tmp"):
        assert mark not in text
    for cell in given.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
    everything = "\n".join(cell.source for cell in given.cells)
    for cell in graded(source, solution=True):
        for line in solution(cell.source):
            # What stands in the question, or is common to all code, gives nothing away.
            if len(line.strip()) > 30:
                assert line.strip() not in everything, cell.id
    for cell in graded(source, grade=True, solution=False):
        hidden = cell.source.split("### BEGIN HIDDEN TESTS")[1].split("### END")[0]
        for line in hidden.strip().split("\n"):
            assert line.strip() not in everything, cell.id


@pytest.mark.parametrize("path", SOLUTIONS, ids=name)
def test_the_students_version_stops_at_the_first_part_with_one_friendly_line(path):
    ran = tool.execute(students(path), allow_errors=True)
    failed = [
        (cell, output)
        for cell in ran.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    ]
    cell, error = failed[0]
    assert cell.id == graded(ran, grade=True)[0].id
    assert error.ename == "NotSolved"
    assert len(error.traceback) == 1
    assert error.traceback[0].startswith("▶")
    (shown,) = (o.data["text/plain"] for o in cell.outputs if "data" in o)
    assert NOT_SOLVED[path.parent.name] in shown
    # Whoever runs the rest cell by cell sees the same kind of line, or a name that is not there.
    assert {output.ename for _, output in failed} <= {"NotSolved", "NameError", "TypeError"}
