"""Settings from the environment: SEMINAR_SEED, SEMINAR_DEVICE, SEMINAR_PRECISION, SEMINAR_DATA."""

import os
from pathlib import Path

import torch

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


def bfloat16(device: torch.device, precision: str | None = None) -> bool:
    """Whether to compute in bfloat16: `precision`, else SEMINAR_PRECISION, else "auto".

    "auto" says yes where the hardware multiplies bfloat16 numbers. ValueError for a precision
    other than "auto", "float32" and "bfloat16".
    """
    wanted = precision or "auto"
    if wanted == "auto":
        wanted = os.environ.get("SEMINAR_PRECISION") or "auto"
    if wanted not in PRECISIONS:
        allowed = ", ".join(map(repr, PRECISIONS))
        raise ValueError(f"precision (or SEMINAR_PRECISION) is {wanted!r}; choose one of {allowed}")
    if wanted != "auto":
        return wanted == "bfloat16"
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        # torch 2.11 and later can tell.
        has: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
        return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
    return False


def data_folder() -> Path:
    """Where downloads are kept: SEMINAR_DATA, else ~/.cache/seminar."""
    given = os.environ.get("SEMINAR_DATA")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "seminar"
