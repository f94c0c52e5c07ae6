"""The homework, from the notebooks with its solutions: for students, and as an nbgrader course.

python tools/homework.py course FOLDER [ko|en]  make an nbgrader course of the six assignments
python tools/homework.py inspect FOLDER         before grading: what came back to that course and
                                                is not as it was handed out, by name
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import sources


def config(language: str) -> str:
    """A course's nbgrader_config.py."""
    text = Path(__file__).with_name("nbgrader_config.py").read_text(encoding="utf-8")
    return text.replace('LANGUAGE = "ko"', f'LANGUAGE = "{language}"')


def make_course(folder: Path, language: str) -> None:
    """An nbgrader course in `folder`, which must be new or empty: its source, its configuration.

    FileExistsError if something is there already, which grades may depend on.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; give a new folder for the course")
    for path in sources.solutions(language):
        source = folder / "source" / path.stem
        source.mkdir(parents=True)
        (source / path.name).write_bytes(path.read_bytes())
    (folder / "nbgrader_config.py").write_text(config(language), encoding="utf-8")


def for_students(language: str) -> dict[str, str]:
    """By file name, the six notebooks as students get them: nbgrader's, without what varies."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    # nbgrader calls a program of its environment by name, also where that is not activated.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    made = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source" / "homework"
        source.mkdir(parents=True)
        for path in sources.solutions(language):
            (source / path.name).write_bytes(path.read_bytes())
        settings = Config()
        exec(config(language), {"get_config": lambda: settings})
        settings.CourseDirectory.root = name
        result = NbGraderAPI(config=settings).generate_assignment("homework", create=True)
        if not result["success"]:
            raise RuntimeError(result["log"])
        for path in sorted((folder / "release" / "homework").glob("*.ipynb")):
            notebook = sources.read(path)
            notebook.metadata.pop("made_by", None)  # nothing is stored in it
            made[path.name] = sources.as_text(notebook)
    return made


def write_students() -> None:
    """Write what students get, in each language."""
    for language in sources.LANGUAGES:
        folder = sources.ROOT / language / "homework"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in for_students(language).items():
            (folder / name).write_text(text, encoding="utf-8")


def inspect(course: Path) -> list[str]:
    """What is amiss in `submitted`, against `release`: who, what, and what to do; a line each.

    FileNotFoundError if the course has handed out nothing, or nothing has come back.
    """
    handed_out = {path.parent.name: path for path in sorted(course.glob("release/*/*.ipynb"))}
    if not handed_out:
        raise FileNotFoundError(f"{course} has no release/ASSIGNMENT: generate_assignment first")
    students = sorted(path for path in course.glob("submitted/*") if path.is_dir())
    if not students:
        raise FileNotFoundError(f"{course} has no submitted/NAME: collect the notebooks first")
    lines = []
    for student in students:
        for path in sorted(student.iterdir()):
            if path.name.startswith("."):
                continue
            if path.name in handed_out and path.is_dir():
                found = _amiss(path, handed_out[path.name])
            else:
                found = [f"nobody looks here: put it into one of {', '.join(handed_out)}"]
            lines += [f"{student.name}, {path.name}: {what}" for what in found]
    return lines


def _amiss(folder: Path, handed_out: Path) -> list[str]:
    """What is amiss in a student's folder of one assignment."""
    came = [path.name for path in sorted(folder.glob("*.ipynb"))]
    wanted = handed_out.name
    others = ", ".join(name for name in came if name != wanted)
    if not came:
        return [f"there is no notebook; {wanted} is looked for"]
    if wanted not in came and len(came) > 1:
        return [f"{others}: none has the name {wanted}; give it to the one that is to be graded"]
    lines = []
    if wanted not in came:
        lines.append(f"nbgrader does not find {others}: rename it to {wanted}")
    elif others:
        lines.append(f"{others}: not graded, only {wanted} is; make sure that it is the right one")
    try:
        notebook = sources.read(folder / (wanted if wanted in came else came[0]))
        cells = [(cell, cell.metadata.get("nbgrader")) for cell in notebook.cells]
    except Exception as error:  # a text, half a file, a notebook of long ago
        reason = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        return [*lines, f"it cannot be read ({reason}): ask for it again"]
    original = {
        cell.metadata["nbgrader"]["grade_id"]: cell
        for cell in sources.read(handed_out).cells
        if "nbgrader" in cell.metadata
    }
    found: dict[str, list[sources.Notebook]] = {}
    for cell, entry in cells:
        if isinstance(entry, dict) and "grade_id" in entry:
            found.setdefault(entry["grade_id"], []).append(cell)
    again = f"copy the answers into a new {wanted} from release/, or ask for it again"
    if not set(found) & set(original):
        return [*lines, f"no cell has nbgrader's data any more, so it would get 0 points: {again}"]
    for name, cell in original.items():
        lines += _changed(name, cell, found.get(name, []))
    if strange := [name for name in found if name not in original]:
        lines.append(f"not handed out and not graded: the cells {', '.join(strange)}")
    order = [name for name in found if name in original]
    if order != [name for name in original if name in found]:
        lines.append(f"the cells are in another order, and a check may stand too early: {again}")
    return lines


def _changed(name: str, original: sources.Notebook, cells: list[sources.Notebook]) -> list[str]:
    """What became of the cell `name`, of which these have come back."""
    was = original.metadata["nbgrader"]
    points = f" ({was['points']} points)" if was["grade"] else ""
    if not cells:
        return [f"the cell {name}{points} is missing: copy it from release/ to its place"]
    lines = []
    if len(cells) > 1:
        lines.append(
            f"the cell {name}{points} is there {len(cells)} times and the last one is graded: "
            "delete those that are not meant"
        )
    last = cells[-1]
    if last.cell_type != original.cell_type:
        lines.append(
            f"the cell {name}{points} is {last.cell_type} instead of {original.cell_type}: "
            "change it back"
        )
    now = last.metadata["nbgrader"]
    keys = [key for key in ("schema_version", "grade", "solution") if now.get(key) != was[key]]
    if keys:
        lines.append(
            f"the cell {name}{points} has other nbgrader data ({', '.join(keys)}) than handed out: "
            "copy its text into a new cell from release/"
        )
    return lines


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("course")
    new.add_argument("folder", type=Path)
    new.add_argument("language", nargs="?", default="ko", choices=sources.LANGUAGES)
    look = commands.add_parser("inspect")
    look.add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.command == "inspect":
        try:
            lines = inspect(given.folder)
        except FileNotFoundError as error:
            parser.error(str(error))
        print(*lines or ["All came back as it was handed out."], sep="\n")
        return 1 if lines else 0
    try:
        make_course(given.folder, given.language)
    except FileExistsError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
