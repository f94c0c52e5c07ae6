"""Settings: an argument, else the environment, else a default; what makes no sense is refused."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from seminar import settings

CPU = torch.device("cpu")


@pytest.mark.parametrize("given", ["", None])
def test_defaults(given, monkeypatch):
    for name in ("SEED", "DEVICE", "PRECISION", "THREADS", "DATA"):
        if given is None:
            monkeypatch.delenv(f"SEMINAR_{name}", raising=False)
        else:
            monkeypatch.setenv(f"SEMINAR_{name}", given)
    assert settings.seed() == 0
    assert settings.threads() == torch.get_num_threads() == 1
    assert settings.data_folder() == Path.home() / ".cache" / "seminar"


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_default_device_is_the_best_there_is(cuda, mps, best, monkeypatch):
    monkeypatch.delenv("SEMINAR_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert settings.device() == settings.device("auto") == torch.device(best)


def test_the_seed_seeds():
    settings.seed(5)
    first = torch.rand(3)
    assert not torch.equal(torch.rand(3), first)
    assert settings.seed(5) == 5
    assert torch.equal(torch.rand(3), first)


def test_an_argument_comes_before_the_environment(monkeypatch):
    for name, given in (("SEED", "7"), ("DEVICE", "abacus"), ("PRECISION", "bfloat16")):
        monkeypatch.setenv(f"SEMINAR_{name}", given)
    assert settings.seed(3) == 3
    assert settings.seed(0) == 0
    assert settings.device("cpu") == settings.device(CPU) == CPU
    assert settings.bfloat16(CPU, "float32") is False
    assert settings.bfloat16(CPU, "auto") is True


@pytest.mark.parametrize("wrong", ["-1", "1.5", "x", "٣", str(2**64)])
def test_a_wrong_seed(wrong, monkeypatch):
    monkeypatch.setenv("SEMINAR_SEED", wrong)
    with pytest.raises(ValueError, match="SEMINAR_SEED"):
        settings.seed()


@pytest.mark.parametrize("wrong", [-1, 1.5, True])
def test_a_wrong_seed_as_an_argument(wrong):
    with pytest.raises(ValueError, match="seed"):
        settings.seed(wrong)


@pytest.mark.parametrize("wrong", ["abacus", "cuda:99", "CPU!"])
def test_a_wrong_device(wrong, monkeypatch):
    with pytest.raises(ValueError, match="'auto', 'cpu', 'cuda' or 'mps'"):
        settings.device(wrong)
    monkeypatch.setenv("SEMINAR_DEVICE", wrong)
    with pytest.raises(ValueError, match="cannot be used here"):
        settings.device()


def test_a_wrong_precision(monkeypatch):
    with pytest.raises(ValueError, match=r"'float16'.*'bfloat16'"):
        settings.bfloat16(CPU, "float16")
    monkeypatch.setenv("SEMINAR_PRECISION", "half")
    with pytest.raises(ValueError, match="SEMINAR_PRECISION"):
        settings.bfloat16(CPU)


def test_auto_precision_asks_the_hardware(monkeypatch):
    monkeypatch.delenv("SEMINAR_PRECISION", raising=False)
    for flag in ("avx512_bf16", "amx_bf16", "sse2"):
        has = {flag: True}
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has=has: has, raising=False)
        assert settings.bfloat16(CPU) is (flag != "sse2")
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert settings.bfloat16(CPU) is False


def test_the_data_folder_may_be_under_home(monkeypatch):
    monkeypatch.setenv("SEMINAR_DATA", "~/here")
    assert settings.data_folder() == Path.home() / "here"


@pytest.fixture
def four_processors(monkeypatch):
    monkeypatch.setattr(settings, "processors", lambda: 4)
    yield
    monkeypatch.undo()
    settings.threads()


def test_threads_are_one_or_what_is_asked_and_never_more_than_there_are(
    four_processors, monkeypatch
):
    for given, argument, number in (
        ("", None, 1),
        ("3", None, 3),
        ("3", 2, 2),
        ("99", None, 4),
        ("", 99, 4),
    ):
        monkeypatch.setenv("SEMINAR_THREADS", given)
        assert settings.threads(argument) == torch.get_num_threads() == number


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "all", "٢"])
def test_a_wrong_number_of_threads(wrong, monkeypatch):
    monkeypatch.setenv("SEMINAR_THREADS", wrong)
    with pytest.raises(ValueError, match=f"SEMINAR_THREADS.*{wrong}.*at least 1"):
        settings.threads()


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
def test_a_wrong_number_of_threads_as_an_argument(wrong):
    with pytest.raises(ValueError, match="number of threads"):
        settings.threads(wrong)


@pytest.mark.skipif(sys.platform != "linux", reason="cgroups are Linux's")
@pytest.mark.parametrize(
    ("quotas", "number"),
    [
        ({}, 8),
        ({"": "max 100000"}, 8),
        ({"": "400000 100000"}, 4),
        ({"": "199999 100000"}, 1),  # rounded down
        ({"": "50000 100000"}, 1),  # at least 1
        ({"pod/box": "200000 100000"}, 2),
        ({"pod": "200000 100000", "pod/box": "max 100000"}, 2),  # the folder above holds, too
        ({"pod": "300000 100000", "pod/box": "200000 100000"}, 2),
        ({"": "9900000 100000"}, 8),
    ],
)
def test_processors_are_those_of_the_container(quotas, number, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("1:cpu:/old\n0::/pod/box\n")
    for folder, quota in quotas.items():
        place = tmp_path / "sys/fs/cgroup" / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "cpu.max").write_text(f"{quota}\n")
    assert settings.processors(tmp_path) == number


def test_processors_without_proc_or_on_another_system(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    for system, number in (("win32", 6), ("darwin", 6)):
        monkeypatch.setattr(sys, "platform", system)
        assert settings.processors(tmp_path) == number
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert settings.processors(tmp_path) == 3


WORK = """
import torch
from seminar import models
from seminar.homework.trial import Trial
def work():
    x = torch.randn(64, 16, 64, 64)
    layers = torch.nn.Sequential(torch.nn.Conv2d(16, 32, 3), torch.nn.ReLU())
    layers(x).square().mean().backward()
    torch.mm(torch.randn(500, 500), torch.randn(500, 500))
def threads():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Threads"))
before, seen = threads(), []
work(); seen.append(threads() - before)
before = threads()
Trial(lambda: (work(), seen.append(threads() - before - 1)))
print(*seen)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.skipif(settings.processors() < 2, reason="one processor: there is no second thread")
def test_one_thread_computes_in_a_notebook_and_in_a_check_of_the_homework():
    def more(threads):
        free = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
        ran = subprocess.run(
            [sys.executable, "-c", WORK],
            env={**free, "SEMINAR_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        )
        return [int(number) for number in ran.stdout.split()]

    assert more("") == [0, 0]
    assert min(more("2")) > 0  # or the test could not tell


@pytest.mark.parametrize(
    ("encoding", "shown"), [("cp949", "? fans: 아직"), ("utf-8", "✘ fans: 아직")]
)
def test_a_console_without_a_sign_shows_another(encoding, shown):
    """✘ in a pipe on a Korean Windows."""
    code = (
        "import seminar; seminar.language('ko');"
        "from seminar import homework; print(homework.check('fans', None))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert ran.stdout.decode(encoding).startswith(shown)


def test_what_is_no_console_is_left_alone(monkeypatch):
    """A kernel's stdout, or a program's without a window (None)."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    settings.console()
