"""A course with nbgrader, by its own commands: hand out, collect, grade, give back, export."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import homework as generator  # noqa: E402
import sources  # noqa: E402

ASSIGNMENT = "hw4_batch_normalization"
NOTEBOOK = f"{ASSIGNMENT}.ipynb"
LOOP = "while True:\n        pass"


def nbgrader(course, *command):
    """Run `nbgrader command` in the folder of the course; exit status and what it said."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=course,
        env={**os.environ, "PATH": programs, "SEMINAR_STRICT": "1"},
        capture_output=True,
        text=True,
    )
    return ran.returncode, ran.stdout + ran.stderr


def submit(course, student, **changes):
    """Hand in the released notebook, with other sources in the cells named (- as _)."""
    notebook = sources.read(course / "release" / ASSIGNMENT / NOTEBOOK)
    cells = {cell.id.replace("-", "_"): cell for cell in notebook.cells}
    for name, source in changes.items():
        cells[name].source = source
    path = course / "submitted" / student / ASSIGNMENT / NOTEBOOK
    path.parent.mkdir(parents=True)
    sources.write(notebook, path)


def exported(course):
    """Export the grades: each student's points, by automatic grading so far."""
    status, said = nbgrader(course, "export", "--to", "grades.csv")
    assert status == 0, said
    with (course / "grades.csv").open(encoding="utf-8") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def files(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The folder of a course after its grading; what `autograde` returned; files before it."""
    course = tmp_path_factory.mktemp("graded") / "course"
    generator.make_course(course, "ko")
    settings = course / "nbgrader_config.py"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("Execute.timeout = 120", "Execute.timeout = 60"))
    status, said = nbgrader(course, "generate_assignment", ASSIGNMENT)
    assert status == 0, said

    source = sources.read(course / "source" / ASSIGNMENT / NOTEBOOK)
    right = {
        cell.id.replace("-", "_"): cell.source
        for cell in source.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    forward = right["answer_bn_forward"]
    submit(course, "right", **right)
    submit(course, "empty")
    wrong = {"answer_bn_forward": forward.replace("+ eps)", "+ eps * eps)")}
    # Whoever makes the check always agree still meets the hidden tests and the restored cells.
    wrong["answer_fold"] = (
        "class homework:\n"
        "    check = staticmethod(lambda *_: homework)\n"
        "    stop_if_wrong = staticmethod(lambda: None)\n"
        "def fold(conv, bn):\n"
        "    return conv"
    )
    submit(course, "wrong", **{**right, **wrong, "check_bn_forward": "assert True"})
    hostile = {"answer_bn_forward": f"def bn_forward(x, gamma, beta, eps):\n    {LOOP}"}
    hostile["answer_bn_backward"] = "def bn_backward(dy, x, gamma, eps):\n    raise SystemExit"
    hostile["measure"] = "import shutil\nshutil.rmtree('.', ignore_errors=True)\nexit()"
    submit(course, "hostile", **{**right, **hostile})
    submit(course, "killer", **{**right, "answer_fold": "import os\nos._exit(1)"})
    before = {name: files(course / name) for name in ("source", "submitted", "release")}

    status, said = nbgrader(course, "autograde", ASSIGNMENT)
    for name, was in before.items():
        assert files(course / name) == was
    assert nbgrader(course, "generate_feedback", ASSIGNMENT)[0] == 0
    return course, status, said


@pytest.fixture(scope="module")
def scores(graded):
    return exported(graded[0])


def points(*names):
    cells = sources.read(sources.ROOT / "solutions" / "ko" / NOTEBOOK).cells
    kinds = [cell.metadata["nbgrader"] for cell in cells if "nbgrader" in cell.metadata]
    automatic = {k.grade_id: k.points for k in kinds if k.grade and not k.solution}
    return sum(automatic[name] for name in names or automatic)


def test_the_right_answers_get_all_points_but_those_given_by_hand(scores):
    assert scores["right"] == points()


def test_wrong_answers_lose_theirs_although_their_checks_were_tampered_with(scores):
    # The layer of part 5 calls bn_forward.
    assert scores["wrong"] == points() - points(
        "check-bn-forward", "check-batch-norm", "check-fold"
    )


def test_nothing_solved_gives_no_points(scores):
    assert scores["empty"] == 0


def test_who_loops_exits_and_deletes_keeps_the_points_of_the_other_parts(scores):
    lost = points("check-bn-forward", "check-bn-backward", "check-batch-norm")
    assert scores["hostile"] == points() - lost


def test_who_kills_the_kernel_is_named_and_harms_nobody_else(graded, scores):
    course, status, said = graded
    assert status != 0
    assert "for student 'killer'" in said
    assert "for student 'right'" not in said
    assert scores["killer"] == 0
    assert not (course / "autograded" / "killer" / ASSIGNMENT / NOTEBOOK).exists()


@pytest.mark.parametrize(
    ("student", "told"),
    [
        ("wrong", "ε을 제곱해서 더했습니다"),
        ("hostile", "초 안에 끝나지 않았습니다"),
        ("empty", "아직 풀지 않은 문제입니다"),
        ("right", "맞았습니다"),
    ],
)
def test_the_feedback_says_why(graded, student, told):
    page = graded[0] / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html"
    assert told in page.read_text(encoding="utf-8")


def test_a_course_is_not_made_over_another(tmp_path):
    (tmp_path / "gradebook.db").touch()
    with pytest.raises(FileExistsError, match="give a new folder"):
        generator.make_course(tmp_path, "ko")
