"""Make the notebooks out of their sources, run them, and store their outputs.

python tools/notebooks.py build [NAME …]   write them, in each language, and the students' homework;
                                           outputs stay with the code that they come from
python tools/notebooks.py run [NAME …]     build, execute, two at a time, and store the outputs: of
                                           these, or of all whose outputs are not of their code
python tools/notebooks.py seeds [NAME …]   run on seeds 0 to 4; a table of claims × seeds
python tools/notebooks.py publish ADDRESS  give the notebooks in Colab, and the READMEs' badges, the
                                           repository's public address, https://github.com/…

NAME is that of a source in notebooks/source, such as 05_residual_learning, or of one notebook, such
as notebooks/ko/05_residual_learning.ipynb.
"""

import argparse
import ast
import functools
import io
import json
import os
import re
import sys
import tempfile
import tokenize
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from modulefinder import ModuleFinder
from pathlib import Path

from nbclient import NotebookClient
from traitlets.config import Config

import homework
import sources
from sources import Notebook, mark, read, write

ASSETS = Path(__file__).resolve().parent.parent / "seminar" / "assets"
WIDGET = "application/vnd.jupyter.widget-view+json"
SEEDS = range(5)
LIMIT = 600  # seconds for a cell, on a busy machine
BADGES = "<!-- badges -->\n"  # where publish puts them in a README


def made(path: Path, language: str) -> Notebook:
    """The notebook of a source, with the outputs that are stored beside the same code.

    ValueError if the stored one was edited by hand, which would be lost.
    """
    book = sources.assembled(path, language)
    stored = sources.product(path, language)
    kept: dict[str, str] = {}
    if stored.exists():
        old = read(stored)
        kept = old.metadata.get("made_by", {})
        if kept.get("cells", written(old)) != written(old):
            name, origin = (p.relative_to(sources.ROOT).as_posix() for p in (stored, path))
            raise ValueError(
                f"{name} was edited; carry what has changed into {origin}, and delete the "
                "notebook: it is built anew"
            )
        same = {(cell.id, cell.source): cell for cell in old.cells if cell.cell_type == "code"}
        for cell in book.cells:
            if cell.cell_type == "code" and (before := same.get((cell.id, cell.source))):
                cell.outputs, cell.execution_count = before.outputs, before.execution_count
    book.metadata["made_by"] = {**kept, "cells": written(book)}
    return book


def written(book: Notebook) -> str:
    """A mark of what stands in the cells of a notebook."""
    return mark(*(text for cell in book.cells for text in (cell.id, cell.cell_type, cell.source)))


def build(paths: Sequence[Path]) -> None:
    """Write the notebooks of these sources, and what students get of the homework."""
    books: dict[Path, Notebook] = {}
    wrong: list[str] = []
    for path in paths:
        for language in sources.LANGUAGES:
            try:
                books[sources.product(path, language)] = made(path, language)
            except sources.SourceError as error:
                wrong.append(str(error))
    if wrong:  # of all sources, before a notebook is written
        raise sources.SourceError("\n".join(dict.fromkeys(wrong)))
    for path, book in books.items():
        write(book, path)
    if any(path.parent.name == "homework" for path in paths):
        homework.write_students()


def execute(path: Path, allow_errors: bool = False, seed: int | None = None) -> Notebook:
    """Run `path` from a fresh kernel, in its folder; the executed notebook.

    `seed` is the kernel's SEMINAR_SEED; this process keeps its own. A text without a translation
    is an error.
    """
    notebook = read(path)
    with tempfile.TemporaryDirectory() as folder:
        # Kernels that start side by side may pick the same TCP ports; Windows has no other way.
        pipes = {"transport": "ipc", "ip": str(Path(folder) / "kernel")}
        client = NotebookClient(
            notebook,
            timeout=LIMIT,
            kernel_name="python3",
            allow_errors=allow_errors,
            resources={"metadata": {"path": str(path.parent)}},
            config=Config({} if sys.platform == "win32" else {"KernelManager": pipes}),
        )
        given = {} if seed is None else {"SEMINAR_SEED": str(seed)}
        client.execute(env=os.environ | {"SEMINAR_STRICT": "1"} | given)
    return notebook


def still(outputs: list[Notebook]) -> list[Notebook]:
    """Outputs as they are stored: no live widgets, which a reader without a kernel cannot see.

    An explorer keeps its still picture, a progress bar nothing.
    """
    kept = []
    for output in outputs:
        data = output.get("data", {})
        if WIDGET in data:
            del data[WIDGET]
            if set(data) == {"text/plain"}:
                continue
        output.get("metadata", {}).pop(WIDGET, None)
        kept.append(output)
    return kept


def run(paths: Sequence[Path]) -> None:
    """Execute the notebooks, two at a time, and store each one's outputs with their mark."""
    with ThreadPoolExecutor(2) as pool:
        for path, notebook in zip(paths, pool.map(execute, paths), strict=True):
            # Not in a thread: Python 3.11 cannot parse in two of them at once (SystemError).
            for cell in notebook.cells:
                cell.metadata.pop("execution", None)
                if cell.cell_type == "code":
                    cell.outputs = still(cell.outputs)
            write(notebook, path)
            notebook = read(path)  # the outputs as a test will read them
            notebook.metadata["made_by"].update(marks(notebook, sources.language_of(path)))
            write(notebook, path)
            print(f"stored {path.relative_to(sources.ROOT).as_posix()}", flush=True)


def marks(notebook: Notebook, language: str) -> dict[str, str]:
    """Of the code that a notebook's outputs come from, and of its outputs.

    The code is the notebook's own, the rooms of the package that it reaches by imports, without
    their comments and docstrings, the records that these name, the ledgers if it shows one, and
    the texts of all in that language.
    """
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    own = "\n".join(c.source for c in cells if c.id != "colab")  # where Colab finds the course
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "notebook.py"
        script.write_text(own, encoding="utf-8")
        finder = ModuleFinder(path=[str(sources.ROOT.parent)])
        finder.run_script(str(script))
    rooms = sorted(name for name in finder.modules if name.startswith("seminar"))
    files = [Path(vars(finder.modules[name])["__file__"]) for name in rooms]
    code = [own, *(bare(file.read_text(encoding="utf-8")) for file in files)]
    named = frozenset[str]().union(*map(strings, code))
    if "ledger(" in own:
        code.append((ASSETS / "ledger.toml").read_text(encoding="utf-8"))
        named |= set(re.findall(r'"([^"\n]+)"', code[-1]))
    records = [p.read_text("utf-8") for p in sorted(ASSETS.glob("records/*")) if p.stem in named]
    catalogue: dict[str, str] = {}
    for file in ASSETS.glob(f"texts/{language}/*.toml"):
        catalogue |= tomllib.loads(file.read_text(encoding="utf-8"))
    texts = [f"{text}\n{catalogue[text]}" for text in sorted(named & catalogue.keys())]
    outputs = [c.outputs for c in cells]
    return {
        "code": mark(language, *code, *records, *texts),
        "outputs": mark(json.dumps(outputs, ensure_ascii=False, sort_keys=True)),
    }


@functools.cache
def bare(source: str) -> str:
    """The code in `source`, without comments, docstrings and blank lines."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() if ast.get_docstring(node):
                text = node.body[0]
                # A body needs something: the text goes, its place stays.
                lines[text.lineno - 1] = " " * text.col_offset + "..."
                for row in range(text.lineno, text.end_lineno or 0):
                    lines[row] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())


@functools.cache
def strings(code: str) -> frozenset[str]:
    """The string literals of `code`."""
    constants = (n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str))


def unmade(path: Path) -> list[str]:
    """In which way the outputs stored in `path` are not those of a run of its code; [] is good."""
    notebook = read(path)
    kept, now = notebook.metadata.get("made_by", {}), marks(notebook, sources.language_of(path))
    return [what for what in now if kept.get(what) != now[what]]


def claims(notebook: Notebook) -> dict[str, tuple[bool, str]]:
    """Statement → (verdict, evidence) of every claim in an executed notebook.

    What is claimed more than once holds if it holds each time.
    """
    found: dict[str, tuple[bool, str]] = {}
    for output in _outputs(notebook):
        if one := output.get("metadata", {}).get("claim"):
            holds, measured = found.get(one["statement"], (True, ""))
            evidence = "; ".join(filter(None, (measured, one["measured"])))
            found[one["statement"]] = (holds and one["holds"], evidence)
    return found


def errors(notebook: Notebook) -> list[str]:
    """What went wrong in an executed notebook, claims that did not hold apart."""
    return [
        f"{output.ename}: {output.evalue}"
        for output in _outputs(notebook)
        if output.output_type == "error" and output.ename != "ClaimFailed"
    ]


def _outputs(notebook: Notebook) -> list[Notebook]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def seeds(paths: list[Path]) -> bool:
    """Print claims × seeds, in Markdown, and each seed's evidence; whether all hold."""
    good = True
    for path in paths:
        runs: dict[int, dict[str, tuple[bool, str]]] = {}
        for seed in SEEDS:
            notebook = execute(path, allow_errors=True, seed=seed)
            runs[seed] = claims(notebook)
            for error in errors(notebook):
                good = False
                print(f"{path.name}, seed {seed}: {error}")
        print(f"\n## {path.relative_to(sources.ROOT).as_posix()}\n")
        print("| claim | " + " | ".join(f"seed {seed}" for seed in SEEDS) + " |")
        print("|---" * (len(SEEDS) + 1) + "|")
        for statement in {statement: None for found in runs.values() for statement in found}:
            verdicts = [runs[seed].get(statement) for seed in SEEDS]
            good = good and all(v is not None and v[0] for v in verdicts)
            row = ["not reached" if v is None else "holds" if v[0] else "FAILS" for v in verdicts]
            print(f"| {statement} | " + " | ".join(row) + " |")
        for seed in SEEDS:
            for statement, (_, measured) in runs[seed].items():
                print(f"- seed {seed}: {statement} [{measured}]")
    return good


def publish(address: str) -> None:
    """Write the repository's address where a notebook in Colab, or a badge, needs it.

    Raises ValueError for anything but https://github.com/OWNER/NAME, which is what Colab and
    Binder open.
    """
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", address)
    if not found:
        raise ValueError(f"the address is {address!r}, it must be https://github.com/OWNER/NAME")
    repository = found[1]
    cell = sources.colab()
    line = f'    repository = "https://github.com/{repository}"'
    text = re.sub(r"^    repository = .*$", line, cell.read_text(encoding="utf-8"), flags=re.M)
    cell.write_text(text, encoding="utf-8")
    build(sources.paths())
    for path in sources.ROOT.parent.glob("README*.md"):
        language = path.stem.partition(".")[2] or "en"
        first = f"notebooks/{language}/00_revolution_of_depth.ipynb"
        binder = f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/{first}"
        colab = f"https://colab.research.google.com/github/{repository}/blob/main/{first}"
        badges = (
            f"[![Binder](https://mybinder.org/badge_logo.svg)]({binder})\n"
            f"[![Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})\n"
        )
        text = re.sub(
            r"^\[!\[(Binder|Colab)\].*\n", "", path.read_text(encoding="utf-8"), flags=re.M
        )
        path.write_text(text.replace(BADGES, BADGES + badges), encoding="utf-8")


def chosen(name: str) -> list[tuple[Path, str]]:
    """(source, language) of what `name` means on the command line; [] if there is no such."""
    pairs = [(path, language) for path in sources.paths() for language in sources.LANGUAGES]
    if name.endswith(".ipynb"):
        return [pair for pair in pairs if sources.product(*pair) == Path(name).resolve()]
    return [
        (path, code) for path, code in pairs if path.stem == Path(name).name.removesuffix(".py")
    ]


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["build", "run", "seeds", "publish"])
    parser.add_argument("names", nargs="*", metavar="NAME or ADDRESS")
    given = parser.parse_args()
    try:
        if given.command == "publish":
            if len(given.names) != 1:
                parser.error("publish needs the repository's address")
            publish(given.names[0])
            return 0
        pairs = []
        for name in given.names:
            if not (found := chosen(name)):
                parser.error(f"{name}: there is no such source in notebooks/source, or notebook")
            pairs += found
        paths = list(dict.fromkeys(path for path, _ in pairs)) or sources.paths()
        build(paths)
    except ValueError as wrong:  # an address, or a source
        parser.error(str(wrong))
    everything = [*sources.lectures(), *sources.solutions()]
    stored = [sources.product(*pair) for pair in pairs] or everything
    if given.command == "run":
        run(stored if given.names else [path for path in stored if unmade(path)])
    elif given.command == "seeds":
        english = [p for p in stored if sources.language_of(p) == "en"]
        return 0 if seeds(english or stored) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
