"""What the README promises, tried: each Python, the oldest PyTorch, and what Colab has.

python tools/versions.py [NAME …]    3.11, 3.12, 3.13, oldest, colab; all of them if none is named

Each has an environment of its own, made anew and removed at the end, and runs the unit tests and
the Korean notebooks; colab has the package as a wheel, beside a copy of the notebooks, and runs
those. At the end a table, for the README.
"""

import argparse
import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("3.11", "3.12", "3.13", "oldest", "colab")
PINNED = re.compile(r"^([\w.-]+)==([\w.+-]+)", re.M)
TWO = ("-q", "-n", "2")


def oldest() -> dict[str, str]:
    """The lowest versions of torch and torchvision that pyproject.toml admits."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    floors = dict(need.split(">=") for need in project["dependencies"])
    return {name: f"{floors[name]}.0" for name in ("torch", "torchvision")}


def requirements(name: str) -> str:
    """What pip installs in the environment `name`."""
    pins = "".join(
        (ROOT / file).read_text(encoding="utf-8")
        for file in ("requirements.txt", "requirements-test.txt")
    )
    if name == "colab":
        tools = ("pytest", "pytest-xdist", "nbval")
        tests = "\n".join(f"{p}=={v}" for p, v in PINNED.findall(pins) if p in tools)
        return (ROOT / "tools" / "colab.txt").read_text(encoding="utf-8") + tests
    changed = oldest() if name == "oldest" else {}
    return PINNED.sub(lambda m: f"{m[1]}=={changed.get(m[1], m[2])}", pins)


def interpreter(version: str) -> str:
    """The Python of that version: on the path, or pyenv's. FileNotFoundError if there is none."""
    command = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    others = map(str, pyenv.glob(f"versions/{version}.*/bin/{command}"))
    found = [shutil.which(command), *others]
    for python in filter(None, found):  # pyenv's command may be there for a version that is not
        if subprocess.run([python, "--version"], capture_output=True).returncode == 0:
            return python
    raise FileNotFoundError(f"there is no {command} here: install it, with pyenv say")


def tried(name: str, folder: Path) -> list[str]:
    """Make the environment `name` in `folder` and run the tests in it; a row of the table."""
    version = {"oldest": "3.11", "colab": "3.13"}.get(name, name)
    subprocess.run([interpreter(version), "-m", "venv", folder / "env"], check=True)
    python = str(folder / "env" / "bin" / "python")
    (folder / "requirements.txt").write_text(requirements(name), encoding="utf-8")
    pip = [python, "-m", "pip", "install", "--quiet", "-r", str(folder / "requirements.txt")]
    notebooks = ROOT / "notebooks" / "ko"
    if name == "colab":
        wheel = [python, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(ROOT)]
        subprocess.run(wheel, check=True)
        pip += map(str, folder.glob("seminar-*.whl"))
        notebooks = folder / "다른 폴더"
        shutil.copytree(ROOT / "notebooks" / "ko", notebooks, ignore=lambda *_: ["homework"])
    subprocess.run(pip, cwd=ROOT, check=True)
    ask = "import torch, torchvision; print(torch.__version__, torchvision.__version__)"
    said = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout
    row = [name, version, *(v.partition("+")[0] for v in said.split())]
    environment = {**os.environ, "PATH": f"{folder}/env/bin{os.pathsep}{os.environ['PATH']}"}
    for part, order in (("tests", "--dist=worksteal"), (str(notebooks), "--dist=loadfile")):
        if name == "colab" and part == "tests":
            row.append("–")
            continue
        command = [python, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *TWO, order, part]
        if name == "colab":
            command += ["-p", "conftest"]  # which is not above that folder
        ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        print(ran.stdout, flush=True)
        last = ran.stdout.rstrip().rpartition("\n")[2]
        counted = re.findall(r"\d+ (?:passed|failed|skipped|errors?)", last)
        row.append(", ".join(counted) or f"exit status {ran.returncode}")
    return [*row, datetime.date.today().isoformat()]


def main() -> int:
    """The command line; 0 if nothing failed, else 1."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    names = parser.parse_args().names or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    rows = [["environment", "Python", "torch", "torchvision", "unit tests", "notebooks", "run on"]]
    rows.append(["---"] * len(rows[0]))
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            try:
                rows.append(tried(name, Path(folder)))
            except (subprocess.CalledProcessError, FileNotFoundError) as error:
                rows.append([name, f"failed: {error}"])
    print(*("| " + " | ".join(row) + " |" for row in rows), sep="\n")
    return int(any(re.search("failed|error|exit status", " ".join(row)) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
