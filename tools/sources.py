"""The notebooks' sources: code once, prose in each language, in jupytext's percent format.

# %% title [markdown] lang="ko"     a text; each language's, one under the other, under one id
# %% title [markdown] lang="en"
# %% imports                        code, the same in every language
# %% race tags=["nbval-ignore-output"]
# %% check-fans role="check" points=3   homework: "answer", "check", or "by hand" with its points
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

ROOT = Path(__file__).resolve().parent.parent / "notebooks"
LANGUAGES = ("ko", "en")  # that are built; a translation that is begun may stand beside them
ROLES = {  # in homework: nbgrader's grade, solution, locked
    "answer": (False, True, False),
    "check": (True, False, True),
    "by hand": (True, True, False),  # a text, or a measurement
}
SPACING = ("cell_marker", "lines_to_next_cell", "lines_to_end_of_cell_marker")  # jupytext's own
Notebook = nbformat.NotebookNode


class SourceError(ValueError):
    """A source that no notebook can be built from: which cell, and what it needs."""


def paths() -> list[Path]:
    """Every source: lectures, deeper/, homework/."""
    found = (
        sorted((ROOT / "source" / folder).glob("*.py")) for folder in ("", "deeper", "homework")
    )
    return [path for some in found for path in some if path != colab()]


def colab() -> Path:
    """The source of the cell that fetches the course in Colab, which every notebook has."""
    return ROOT / "source" / "colab.py"


def product(path: Path, language: str) -> Path:
    """The notebook made of a source in one language; of homework, the one with its solutions."""
    folder = path.parent.name
    if folder == "homework":
        return ROOT / "solutions" / language / f"{path.stem}.ipynb"
    return ROOT / language / ("" if folder == "source" else folder) / f"{path.stem}.ipynb"


def language_of(path: Path) -> str:
    """The language of the notebook in `path`."""
    return next(part for part in path.relative_to(ROOT).parts if part in LANGUAGES)


def lectures() -> list[Path]:
    """Every notebook of the course, by language; no homework."""
    return [product(p, code) for code in LANGUAGES for p in paths() if p.parent.name != "homework"]


def solutions(*languages: str) -> list[Path]:
    """The homework with solutions, in the named languages or in all, by language."""
    chosen = languages or LANGUAGES
    return [product(p, code) for code in chosen for p in paths() if p.parent.name == "homework"]


def read(path: Path) -> Notebook:
    """The notebook in `path`."""
    return nbformat.read(path, as_version=4)


def write(notebook: Notebook, path: Path) -> None:
    """Store `notebook`: valid, with neither the machine's versions nor its widgets' state."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_text(notebook), encoding="utf-8")


def as_text(notebook: Notebook) -> str:
    """What `write` stores."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        **{key: value for key, value in notebook.metadata.items() if key == "made_by"},
    }
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def mark(*texts: str) -> str:
    """A mark of texts that belong together; kept with them, it tells when one has changed."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def cells(path: Path) -> dict[str, dict[str, Notebook]]:
    """The cells of a source in their order: id → language → cell; code has the language "".

    SourceError for a cell without an id, or whose id or metadata no notebook can have.
    """
    import jupytext  # not here for a lecturer, who only hands out, inspects and grades

    found: dict[str, dict[str, Notebook]] = {}
    last = ""
    for cell in jupytext.read(path, fmt="py:percent").cells:
        given = {k: v for k, v in cell.metadata.items() if k not in SPACING}
        name, language = given.pop("title", ""), given.pop("lang", "")
        where = f"{path.name}, cell {name or repr(cell.source[:60])}"
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
            raise SourceError(f"{where}: it needs an id of letters, digits and -: # %% ID")
        if cell.cell_type not in ("code", "markdown"):
            raise SourceError(f"{where}: it is {cell.cell_type}; code and [markdown] are possible")
        if bool(language) != (cell.cell_type == "markdown"):
            raise SourceError(f'{where}: prose has a language, such as lang="ko", code has none')
        others = found.setdefault(name, {})
        if others and (name != last or not language or language in others):
            raise SourceError(f"{where}: this id stands twice; a text's languages go together")
        if strange := set(given) - {"tags", "role", "points"}:
            raise SourceError(f"{where}: {', '.join(sorted(strange))}: only tags, role and points")
        cell.metadata = given
        if any(other.metadata != given for other in others.values()):
            raise SourceError(f"{where}: its languages have other tags, another role or points")
        others[language] = cell
        last = name
    return found


def assembled(path: Path, language: str) -> Notebook:
    """The notebook of a source in one language, without outputs. SourceError for what it lacks."""
    source = cells(path)
    if lack := [name for name, found in source.items() if not found.keys() & {"", language}]:
        raise SourceError(f'{path.name}: no text with lang="{language}" in {", ".join(lack)}')
    if "language" not in source:
        raise SourceError(f"{path.name}: there is no cell `language`, which sets the language")
    book = v4.new_notebook()
    for name, versions in source.items():
        cell = versions.get("") or versions[language]
        where, text = f"{path.name}, cell {name}", cell.source
        if name == "language":
            book.cells += [v4.new_code_cell(c[""].source, id=i) for i, c in cells(colab()).items()]
            text, found = re.subn(r'language\("\w+"\)', f'language("{language}")', text)
            if found != 1:
                raise SourceError(f'{where}: it sets the language once, with language("ko")')
        metadata: dict[str, Any] = {}
        if "tags" in cell.metadata:
            metadata["tags"] = cell.metadata["tags"]
        if {"role", "points"} & cell.metadata.keys():
            metadata["nbgrader"] = _graded(name, where, cell.metadata)
        new = v4.new_markdown_cell if cell.cell_type == "markdown" else v4.new_code_cell
        book.cells.append(new(text, id=name, metadata=metadata))
    return book


def _graded(name: str, where: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """nbgrader's entry for a cell of the homework."""
    role, points = metadata.get("role"), metadata.get("points")
    if role not in ROLES:
        raise SourceError(f"{where}: the role is {role!r}; choose from {', '.join(ROLES)}")
    grade, solution, locked = ROLES[role]
    if grade != isinstance(points, int):
        raise SourceError(f"{where}: points={points!r}; what is graded has some, an answer none")
    return {
        "grade": grade,
        "grade_id": name,
        "locked": locked,
        **({"points": points} if grade else {}),
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
