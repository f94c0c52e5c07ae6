"""Run the notebooks, and keep their two languages together.

python tools/notebooks.py run [FILE …]     execute, two at a time, and store the outputs (if none is
                                           named, of all whose outputs are not of their code)
python tools/notebooks.py sync FILE        carry code, tags and order from FILE to its twin in the
                                           other language; name the prose that has to be looked at
python tools/notebooks.py reviewed FILE …  the prose of FILE and of its twin says the same again
python tools/notebooks.py seeds [FILE …]   run on seeds 0 to 4; a table of claims × seeds
python tools/notebooks.py publish ADDRESS  give the notebooks in Colab, and the READMEs' badges, the
                                           repository's public address, https://github.com/…
"""

import argparse
import ast
import copy
import functools
import hashlib
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

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent / "notebooks"
ASSETS = ROOT.parent / "seminar" / "assets"
LANGUAGES = ("ko", "en")
WIDGET = "application/vnd.jupyter.widget-view+json"
SEEDS = range(5)
LIMIT = 600  # seconds for a cell, on a busy machine
BADGES = "<!-- badges -->\n"  # where publish puts them in a README
Notebook = nbformat.NotebookNode


def notebooks() -> list[Path]:
    """Every notebook of the course, Korean ones first; no homework."""
    return [path for language in LANGUAGES for path in sorted((ROOT / language).glob("*.ipynb"))]


def solutions(*languages: str) -> list[Path]:
    """The homework with solutions, in the named languages or in all, Korean ones first."""
    folders = [ROOT / "solutions" / language for language in languages or LANGUAGES]
    return [path for folder in folders for path in sorted(folder.glob("*.ipynb"))]


def twin(path: Path) -> Path:
    """The same notebook in the other language."""
    path = path.resolve()
    other = LANGUAGES[1 - LANGUAGES.index(path.parent.name)]
    return path.parent.parent / other / path.name


def read(path: Path) -> Notebook:
    """The notebook in `path`."""
    return nbformat.read(path, as_version=4)


def write(notebook: Notebook, path: Path) -> None:
    """Store `notebook`: valid, with neither the machine's versions nor its widgets' state."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        **{key: value for key, value in notebook.metadata.items() if key == "made_by"},
    }
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def execute(path: Path, allow_errors: bool = False, seed: int | None = None) -> Notebook:
    """Run `path` from a fresh kernel, in its folder; the executed notebook.

    `seed` is the kernel's SEMINAR_SEED; this process keeps its own.
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
        client.execute(env=os.environ | ({} if seed is None else {"SEMINAR_SEED": str(seed)}))
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
        for path in pool.map(_run, paths):
            print(f"stored {path.parent.name}/{path.name}", flush=True)


def _run(path: Path) -> Path:
    notebook = execute(path)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = still(cell.outputs)
    write(notebook, path)
    notebook = read(path)  # the outputs as a test will read them
    notebook.metadata["made_by"] = marks(notebook, path.parent.name)
    write(notebook, path)
    return path


def marks(notebook: Notebook, language: str) -> dict[str, str]:
    """Of the code that a notebook's outputs come from, and of its outputs.

    The code is the notebook's own, the rooms of the package that it reaches by imports, without
    their comments and docstrings, the records that these name and, in Korean, their texts.
    """
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    own = "\n".join(c.source for c in cells if c.id != "colab")  # where Colab finds the course
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "notebook.py"
        script.write_text(own, encoding="utf-8")
        finder = ModuleFinder(path=[str(ROOT.parent)])
        finder.run_script(str(script))
    rooms = sorted(name for name in finder.modules if name.startswith("seminar"))
    files = [Path(vars(finder.modules[name])["__file__"]) for name in rooms]
    code = [own, *(bare(file.read_text(encoding="utf-8")) for file in files)]
    named = frozenset[str]().union(*map(strings, code))
    records = [p.read_text("utf-8") for p in sorted(ASSETS.glob("records/*")) if p.stem in named]
    korean: dict[str, str] = {}
    if language == "ko":
        for file in ASSETS.glob("ko*.toml"):
            korean |= tomllib.loads(file.read_text(encoding="utf-8"))
    texts = [f"{text}\n{korean[text]}" for text in sorted(named & korean.keys())]
    outputs = [c.outputs for c in cells]
    return {
        "code": mark(language, *code, *records, *texts),
        "outputs": mark(json.dumps(outputs, ensure_ascii=False, sort_keys=True)),
    }


def mark(*texts: str) -> str:
    """A mark of texts that belong together; kept with them, it tells when one has changed."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


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
    kept, now = notebook.metadata.get("made_by", {}), marks(notebook, path.parent.name)
    return [what for what in now if kept.get(what) != now[what]]


def stale(ko: Notebook, en: Notebook) -> list[str]:
    """The ids of the prose cells whose pair is not marked as looked at."""
    return [
        a.id
        for a, b in zip(ko.cells, en.cells, strict=True)
        if a.cell_type == "markdown"
        and not a.metadata.get("pair") == b.metadata.get("pair") == mark(a.source, b.source)
    ]


def sync(path: Path) -> None:
    """Give the twin of `path` its code cells, tags and order; keep the twin's own prose."""
    source, other = read(path), twin(path)
    there = read(other) if other.exists() else nbformat.v4.new_notebook()
    prose = {cell.id: cell for cell in there.cells}
    target = copy.deepcopy(source)
    target.metadata = there.metadata  # whose mark is that of its own outputs
    for cell in target.cells:
        old = prose.get(cell.id)
        keeps = cell.cell_type == "markdown" or "language" in cell.metadata.get("tags", [])
        if old is not None and keeps:
            cell.source = old.source
            cell.metadata.pop("pair", None)
            if "pair" in old.metadata:
                cell.metadata["pair"] = old.metadata["pair"]
        elif "language" in cell.metadata.get("tags", []):
            codes = path.resolve().parent.name, other.parent.name
            cell.source = cell.source.replace(*(f'"{code}"' for code in codes))
        if cell.cell_type == "code" and old is not None and old.source == cell.source:
            cell.outputs, cell.execution_count = old.outputs, old.execution_count
    write(target, other)
    cells = {cell.id: cell for cell in target.cells}
    for name in stale(*_in_order(path)):
        first = cells[name].source.split("\n")[0][:70]
        print(f"look at the prose of {other.parent.name}/{other.name}, cell {name}: {first}")


def _in_order(path: Path) -> tuple[Notebook, Notebook]:
    here, there = read(path), read(twin(path))
    return (here, there) if path.resolve().parent.name == "ko" else (there, here)


def reviewed(path: Path) -> None:
    """Mark every pair of prose cells of `path` and its twin as saying the same."""
    ko, en = _in_order(path)
    for a, b in zip(ko.cells, en.cells, strict=True):
        if a.cell_type == "markdown":
            a.metadata["pair"] = b.metadata["pair"] = mark(a.source, b.source)
    for notebook, language in ((ko, "ko"), (en, "en")):
        write(notebook, path.resolve().parent.parent / language / path.name)


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


def _outputs(notebook: Notebook) -> list[nbformat.NotebookNode]:
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
        print(f"\n## {path.parent.name}/{path.name}\n")
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
    for path in (*notebooks(), *solutions()):
        notebook = read(path)
        (cell,) = (cell for cell in notebook.cells if cell.id == "colab")
        line = f'    repository = "https://github.com/{repository}"'
        cell.source = re.sub(r"^    repository = .*$", line, cell.source, flags=re.M)
        write(notebook, path)
    for language, readme in (("en", "README.md"), ("ko", "README.ko.md")):
        first = f"notebooks/{language}/00_revolution_of_depth.ipynb"
        binder = f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/{first}"
        colab = f"https://colab.research.google.com/github/{repository}/blob/main/{first}"
        badges = (
            f"[![Binder](https://mybinder.org/badge_logo.svg)]({binder})\n"
            f"[![Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})\n"
        )
        path = ROOT.parent / readme
        text = re.sub(
            r"^\[!\[(Binder|Colab)\].*\n", "", path.read_text(encoding="utf-8"), flags=re.M
        )
        path.write_text(text.replace(BADGES, BADGES + badges), encoding="utf-8")


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["run", "sync", "reviewed", "seeds", "publish"])
    parser.add_argument("files", nargs="*", metavar="FILE or ADDRESS")
    given = parser.parse_args()
    if given.command == "publish":
        if len(given.files) != 1:
            parser.error("publish needs the repository's address")
        try:
            publish(given.files[0])
        except ValueError as wrong:
            parser.error(str(wrong))
        return 0
    if given.command in ("sync", "reviewed") and not given.files:
        parser.error(f"{given.command} needs the notebook that was edited")
    paths = [Path(file).resolve() for file in given.files] or [*notebooks(), *solutions()]
    for path in paths:
        if not path.exists() or path.parent.name not in LANGUAGES:
            parser.error(f"{path} is not in notebooks/ko, notebooks/en or notebooks/solutions")
    if given.command == "run":
        run(paths if given.files else [path for path in paths if unmade(path)])
    elif given.command == "seeds":
        english = [p for p in paths if p.parent.name == "en"]
        return 0 if seeds(english or paths) else 1
    else:
        for path in paths:
            (sync if given.command == "sync" else reviewed)(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
