"""The homework, from its source in notebooks/solutions: for students, and as an nbgrader course.

python tools/homework.py students               write notebooks/{ko,en}/homework
python tools/homework.py course FOLDER [ko|en]  make an nbgrader course of the six assignments
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import notebooks as tool

CODE = "# YOUR CODE HERE\nraise homework.NotSolved"
TEXT = {"ko": "여기에 답을 쓰세요.", "en": "Write your answer here."}


def config(language: str) -> str:
    """A course's nbgrader_config.py."""
    return (
        "c = get_config()\n"
        'c.CourseDirectory.course_id = "seminar"\n'
        f'c.ClearSolutions.code_stub = {{"python": {CODE!r}}}\n'
        f"c.ClearSolutions.text_stub = {TEXT[language]!r}\n"
        "c.Execute.timeout = 120  # seconds for a cell\n"
        "c.SingleNotebookExporter.exclude_input_prompt = True\n"
    )


def course(folder: Path, language: str) -> None:
    """An nbgrader course in `folder`, which must be new or empty: its source, its configuration.

    FileExistsError if something is there already, which grades may depend on.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; give a new folder for the course")
    for path in tool.solutions(language):
        source = folder / "source" / path.stem
        source.mkdir(parents=True)
        (source / path.name).write_bytes(path.read_bytes())
    (folder / "nbgrader_config.py").write_text(config(language), encoding="utf-8")


def students(language: str) -> dict[str, str]:
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
        for path in tool.solutions(language):
            (source / path.name).write_bytes(path.read_bytes())
        settings = Config()
        exec(config(language), {"get_config": lambda: settings})
        settings.CourseDirectory.root = name
        result = NbGraderAPI(config=settings).generate_assignment("homework", create=True)
        if not result["success"]:
            raise RuntimeError(result["log"])
        for path in sorted((folder / "release" / "homework").glob("*.ipynb")):
            notebook = tool.read(path)
            notebook.metadata.pop("made_by", None)  # nothing is stored in it
            for cell in notebook.cells:
                cell.metadata.pop("pair", None)
            tool.write(notebook, path)
            made[path.name] = path.read_text(encoding="utf-8")
    return made


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("students")
    new = commands.add_parser("course")
    new.add_argument("folder", type=Path)
    new.add_argument("language", nargs="?", default="ko", choices=tool.LANGUAGES)
    given = parser.parse_args()
    if given.command == "course":
        try:
            course(given.folder, given.language)
        except FileExistsError as error:
            parser.error(str(error))
        return 0
    for language in tool.LANGUAGES:
        folder = tool.ROOT / language / "homework"
        folder.mkdir(exist_ok=True)
        for name, text in students(language).items():
            (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
