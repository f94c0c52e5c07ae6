"""What `make versions` tries. (It makes environments of gigabytes: no test runs it whole.)"""

import re
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from test_notebooks import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import versions

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RANGES = {need.name: need.specifier for need in map(Requirement, PROJECT["dependencies"])}


def pins(name):
    return dict(versions.PINNED.findall(versions.requirements(name)))


@pytest.mark.parametrize("name", versions.NAMES)
def test_every_environment_is_what_the_package_admits(name):
    found = pins(name)
    assert set(RANGES) <= set(found)
    assert [p for p, allowed in RANGES.items() if found[p] not in allowed] == []
    assert {"pytest", "nbval", "pytest-xdist"} <= set(found)


def test_the_oldest_is_the_oldest():
    now, old = pins("3.11"), pins("oldest")
    changed = {package for package in now if now[package] != old[package]}
    assert changed == {"torch", "torchvision"}
    for package in changed:
        below = re.sub(r"\d+\.0$", lambda m: f"{int(m[0][:-2]) - 1}.99", old[package])
        assert below not in RANGES[package]
    assert "-e ." in versions.requirements("oldest")


def test_colab_has_the_wheel_and_no_editable_package():
    assert "-e" not in versions.requirements("colab")
    assert pins("colab")["ipywidgets"].startswith("7.")


def test_the_readme_has_a_row_of_each_or_says_which_is_missing():
    assert PROJECT["requires-python"] == f">={versions.NAMES[0]}"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| 3\.\d+ \| [\d.]+ \| [\d.]+ \|", text, re.M)
    missing = re.findall(r"`([\w.]+)`", "".join(re.findall(r"^Not run yet: .*", text, re.M)))
    assert sorted(["3.11", *rows, *missing]) == sorted(versions.NAMES)  # which every change runs


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_python_that_is_here_is_found_and_another_is_named(monkeypatch, tmp_path):
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / f"python{here}").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert versions.interpreter(here) == str(tmp_path / f"python{here}")
    with pytest.raises(FileNotFoundError, match=r"no python3\.99 here"):
        versions.interpreter("3.99")


def test_an_unknown_environment_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["versions.py", "3.8"])
    with pytest.raises(SystemExit):
        versions.main()
    assert "choose from 3.11" in capsys.readouterr().err
