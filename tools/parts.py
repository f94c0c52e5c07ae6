"""Run parts of the tests, all of them even if one fails; at the end, which failed and how long.

python tools/parts.py PART …    lint, unit, notebooks, browser, or what a newcomer runs first: quick
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TWO = ("-n", "2")  # workers: each computes with one thread
SLOW = "--durations=12"  # which tests took longest: where to look when a part becomes slow
CORE = ("catalogue", "claims", "init", "layers", "package", "probe", "settings", "train")
LINT = (("ruff", "format", "--check", "."), ("ruff", "check", "."), ("mypy",))

# What each part runs, one after the other, as modules of this Python.
PARTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "lint": LINT,
    # Neighbours stay on one worker while there is work for both: what a file prepares is made once.
    "unit": (("pytest", "tests", *TWO, "--dist=worksteal", SLOW, "--cov", "--cov-report=term"),),
    "notebooks": (("pytest", "notebooks", *TWO, "--dist=loadfile", SLOW),),
    "browser": (("pytest", "tests/browser", *TWO, "--maxschedchunk=1", SLOW),),
    "quick": (
        *LINT,
        (
            "pytest",
            *(f"tests/test_{room}.py" for room in CORE),
            "notebooks/ko/00_revolution_of_depth.ipynb",
            *TWO,
            "--dist=loadfile",
        ),
    ),
}


def run(part: str) -> bool:
    """Run all that belongs to `part`; whether all of it passed."""
    results = []
    for command in PARTS[part]:
        print(f"\n== {part}: {' '.join(command)}", flush=True)
        results.append(subprocess.run([sys.executable, "-m", *command], cwd=ROOT).returncode)
    return not any(results)


def main() -> int:
    """The command line; 0 if every part passed, else 1."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="+", choices=PARTS, metavar="PART")
    lines, good = [], True
    for part in parser.parse_args().parts:
        start = time.monotonic()
        passed = run(part)
        good = good and passed
        seconds = time.monotonic() - start
        lines.append(f"{part:12}{'passed' if passed else 'FAILED':9}{seconds:5.0f} s")
    print("\n== the parts", *lines, sep="\n", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
