"""What importing the package does not do, and the package alone, as pip installs it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat.v4 as v4
import pytest
from test_notebooks import ROOT, sources, tool


def test_importing_opens_no_heavy_room():
    code = (
        "import sys, seminar; from seminar import data; data.load('mnist5k', device='cpu');"
        "names = {'matplotlib', 'ipywidgets', 'torchvision', 'sklearn', 'pandas'};"
        "heavy = names & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The folder in which pip has put the package, built as a wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "seminar", source / "seminar")
    for file in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT"):
        shutil.copy(ROOT / file, source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    pip += ["--no-build-isolation", "--target", str(folder / "installed"), str(source)]
    subprocess.run(pip, check=True)
    return folder / "installed"


def inside(folder):
    files = [p.relative_to(folder) for p in folder.rglob("*") if p.is_file()]
    return sorted(p.as_posix() for p in files if "__pycache__" not in p.parts)


def test_the_wheel_has_every_file_of_the_package(wheel):
    assert inside(wheel / "seminar") == inside(ROOT / "seminar")


def test_the_wheel_alone_runs_a_notebook_in_another_folder(wheel, tmp_path, monkeypatch):
    path = tmp_path / "내 노트북" / "00_revolution_of_depth.ipynb"
    path.parent.mkdir()
    notebook = sources.read(sources.ROOT / "ko" / path.name)
    where = "import seminar; print(seminar.__file__)"
    notebook.cells.append(v4.new_code_cell(where))
    sources.write(notebook, path)
    monkeypatch.setenv("PYTHONPATH", str(wheel))  # before the course that is being worked on
    ran = tool.execute(path)
    assert Path(ran.cells[-1].outputs[0].text.strip()).parent == wheel / "seminar"


def test_a_warning_of_the_machine_is_not_compared_and_an_error_is(tmp_path):
    """An old driver, a newer Python: what they say at an import is no output of the notebook."""
    codes = (
        "import warnings; warnings.warn('an old driver')",
        "import os; os.write(2, b'a library of C\\n'); print(1)",
        "import sys; print('on stderr', file=sys.stderr); 1 / 0",
        "print(2)",
    )
    cells = [v4.new_code_cell(code, execution_count=1) for code in codes]
    for cell in (cells[1], cells[3]):
        cell.outputs = [v4.new_output("stream", text="1\n")]
    path = tmp_path / "machine.ipynb"
    sources.write(v4.new_notebook(cells=cells), path)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "conftest"]
    ran = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-rA", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    verdicts = re.findall(r"^(PASSED|FAILED) .*::Cell (\d)", ran.stdout, re.M)
    ended = {int(number): verdict for verdict, number in verdicts}
    assert [ended.get(n) for n in range(4)] == ["PASSED", "PASSED", "FAILED", "FAILED"]
