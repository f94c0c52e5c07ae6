"""Binder gets the versions of requirements.txt, and repo2docker plans to install them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONDA = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}  # conda-forge's names


def test_versions_are_those_of_requirements_txt():
    pip = re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.M)
    conda = re.findall(
        r"^  - ([\w-]+)=([\w.]+)", (ROOT / "binder/environment.yml").read_text(), re.M
    )
    assert dict(conda) == {"python": "3.11", **{CONDA.get(n, n): v for n, v in pip}}


def test_the_build_plan():
    pytest.importorskip("repo2docker")
    plan = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(ROOT)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "binder/environment.yml"' in plan
    assert "RUN ./binder/postBuild" in plan
    assert "requirements.txt" not in plan.split("pre-assemble")[1]  # no CUDA from the registry
