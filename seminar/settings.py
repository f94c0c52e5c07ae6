"""Settings from the environment: SEMINAR_SEED, _DEVICE, _PRECISION, _THREADS and _DATA.

Importing this room sets the number of threads, and importing the package imports it: notebooks,
homework, recorded runs and tests all compute alike. It also lets `console` see to it that print
does not stop.
"""

import io
import math
import os
import sys
from importlib.metadata import version
from pathlib import Path

import torch

from . import checks

PRECISIONS = ("auto", "float32", "bfloat16")


def seed(value: int | None = None) -> int:
    """Seed torch's random numbers with `value`, else SEMINAR_SEED, else 0; return the seed.

    ValueError for what is not an integer from 0 to 2⁶⁴ - 1.
    """
    given = (os.environ.get("SEMINAR_SEED") or "0") if value is None else str(value)
    if not given.isascii() or not given.isdigit() or int(given) >= 2**64:
        raise ValueError(
            f"the seed (or SEMINAR_SEED) is {given!r}; it must be an integer from 0 to 2**64 - 1"
        )
    torch.manual_seed(int(given))
    return int(given)


def threads(value: int | None = None) -> int:
    """Let torch compute with `value` threads, else SEMINAR_THREADS, else one; return the number.

    One by default: the course's networks are small, and threads that wait for each other on a busy
    machine take many times as long. With one, a result does not depend on the number of cores.
    Never more than this process may use. What is large enough to gain from more asks here.
    ValueError for what is not an integer from 1 on.
    """
    given = (os.environ.get("SEMINAR_THREADS") or "1") if value is None else str(value)
    if not given.isascii() or not given.isdigit() or int(given) < 1:
        raise ValueError(
            f"the number of threads (or SEMINAR_THREADS) is {given!r}; "
            "it must be an integer of at least 1"
        )
    number = min(int(given), processors())
    torch.set_num_threads(number)
    return number


def processors(files: Path = Path("/")) -> int:
    """How many processors this process may use: the machine's, or fewer if it is held to some.

    On Linux what its affinity and its container's quota (cgroup v2, cpu.max, rounded down) leave,
    at least 1. `files`: where the file system begins.
    """
    if sys.platform != "linux":
        return os.cpu_count() or 1
    number = float(len(os.sched_getaffinity(0)))
    try:
        groups = (files / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # no /proc in this sandbox
        groups = []
    root = files / "sys/fs/cgroup"
    for line in groups:
        if line.startswith("0::/"):  # version 2; a quota of any folder above holds, too
            group = root / line.removeprefix("0::/")
            for folder in (group, *group.parents):
                number = min(number, _quota(folder / "cpu.max"))
                if folder == root:
                    break
    return max(1, math.floor(number))


def _quota(file: Path) -> float:
    """Processors that a cpu.max such as "150000 100000" grants; infinite without a limit."""
    try:
        quota, period = file.read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):  # there is none, or it says "max"
        return math.inf


def device(name: str | torch.device | None = None) -> torch.device:
    """`name`, else SEMINAR_DEVICE, else "auto": CUDA, then Apple's MPS, then CPU.

    ValueError for a device that torch does not know or this machine does not have.
    """
    wanted = str(name or os.environ.get("SEMINAR_DEVICE") or "auto")
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        found = torch.device(wanted)
        torch.empty(1, device=found)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(
            f"device {wanted!r} cannot be used here ({reason}); "
            "choose 'auto', 'cpu', 'cuda' or 'mps'"
        ) from error
    return found


def bfloat16(where: torch.device, precision: str | None = None) -> bool:
    """Whether to compute in bfloat16: `precision`, else SEMINAR_PRECISION, else "auto".

    "auto" says yes where the hardware multiplies bfloat16 numbers. ValueError for a precision
    other than "auto", "float32" and "bfloat16".
    """
    wanted = precision or "auto"
    if wanted == "auto":
        wanted = os.environ.get("SEMINAR_PRECISION") or "auto"
    checks.one_of("precision (or SEMINAR_PRECISION)", wanted, PRECISIONS)
    if wanted != "auto":
        return wanted == "bfloat16"
    if where.type == "cuda":
        return torch.cuda.get_device_capability(where) >= (8, 0)
    if where.type == "cpu":
        # torch 2.11 and later can tell.
        has: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
        return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
    return False


def data_folder(root: str | Path | None = None) -> Path:
    """Where downloads are kept: `root`, else SEMINAR_DATA, else ~/.cache/seminar.

    RuntimeError where ~ is meant and this user has no home, as in a container without HOME.
    """
    given = Path(root or os.environ.get("SEMINAR_DATA") or "~/.cache/seminar")
    try:
        return given.expanduser()
    except RuntimeError as error:
        raise RuntimeError(
            f"{given}: {error}. Name a folder for downloads in the environment variable "
            "SEMINAR_DATA, or as root= of load"
        ) from error


def console() -> None:
    """Let print write ? for a sign that the console's encoding lacks, instead of stopping.

    ✘ in a pipe on a Korean Windows (cp949), say. Where the encoding has all signs, nothing changes.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def colab() -> None:
    """Print, in both languages, what does not work in this Colab and what to do; usually nothing.

    Its front end shows the widgets of ipywidgets 7, which it has installed, and no others
    (github.com/googlecolab/colabtools, issue 4525).
    """
    have = version("ipywidgets")
    if have.split(".")[0] != "7":
        print(
            f"Colab은 ipywidgets 7의 슬라이더만 보여 주는데, 지금은 {have}입니다. 새 셀에서 "
            "%pip install ipywidgets==7.7.1 을 실행하고, 런타임 메뉴에서 세션을 다시 시작한 다음 "
            "처음부터 실행하세요. 나머지는 슬라이더 없이도 모두 실행됩니다.\n\n"
            f"Colab shows sliders of ipywidgets 7 only, and this is {have}. Run "
            "%pip install ipywidgets==7.7.1 in a new cell, restart the session from the menu "
            "Runtime, and run from the top. All else works without sliders, too."
        )


threads()
console()
