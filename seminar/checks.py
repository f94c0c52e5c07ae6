"""What is refused everywhere, said in the same words."""

from collections.abc import Iterable
from numbers import Real
from typing import Any

from torch import Tensor


def positive(**counts: int) -> None:
    """Raise ValueError unless every keyword is an integer of at least 1."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"{name} is {count!r}; it must be an integer of at least 1")


def probability(**values: float) -> None:
    """Raise ValueError unless every keyword is a number in [0, 1)."""
    for name, value in values.items():
        if not isinstance(value, Real) or not 0 <= value < 1:
            raise ValueError(
                f"{name} is {value!r}; it must be a number of at least 0 and less than 1"
            )


def one_of(what: str, given: object, allowed: Iterable[str]) -> None:
    """Raise ValueError unless `given` is one of `allowed`."""
    allowed = tuple(allowed)
    if given not in allowed:
        raise ValueError(f"{what} is {given!r}; choose one of {', '.join(map(repr, allowed))}")


def tensor(output: Any) -> Tensor:
    """`output`, what a model gave. Raise ValueError unless it is one tensor."""
    if not isinstance(output, Tensor):
        raise ValueError(
            f"the model gives a {type(output).__name__}, not one tensor; give a module that calls "
            "it and returns the one that is meant"
        )
    return output


def images(x: Tensor, channels: int, least: int, model: str) -> None:
    """Raise ValueError unless `x` is N×`channels`×H×W with H and W of at least `least` pixels."""
    if x.dim() != 4 or x.shape[1] != channels:
        raise ValueError(
            f"{model} takes images of shape (N, {channels}, H, W), not {tuple(x.shape)}; "
            f"in_channels= sets the number of channels, x.unsqueeze(0) makes a batch of one image"
        )
    if min(x.shape[2:]) < least:
        raise ValueError(
            f"{x.shape[2]}×{x.shape[3]} is too small for {model}: its feature maps would run out. "
            f"Give images of at least {least}×{least} pixels, or enlarge these with "
            f"torch.nn.functional.interpolate(x, size=({least}, {least}))"
        )
