"""Run a student's function so that nothing it does breaks the notebook; compare what it gave.

A check calls the student's function through `Trial`, several times and on fresh random inputs, and
compares each result with what the definition gives. The first thing that is wrong ends the check:
`Wrong` carries the lines that the student reads.
"""

import contextlib
import copy
import io
import linecache
import math
import numbers
import random
import sys
import sysconfig
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..catalogue import t
from . import stop

LIMIT = 10.0  # seconds for one call: a first one may import half of torch
GRACE = 10.0  # seconds to stop one that has not ended: it may sleep, or import much
PACKAGE = Path(__file__).resolve().parent.parent
TORCH = Path(torch.__file__).parent  # as code objects name it, with links as they are
STANDARD = sysconfig.get_paths()["stdlib"]
# What the homework asks a student to write, and the package already has.
OWN = tuple(str(PACKAGE / room) for room in ("layers", "init", "models", "probe", "train"))


class NotSolved(NotImplementedError):
    """What an unsolved part raises in a student's notebook; shown as one line, not a traceback."""

    def __init__(self, message: str = ""):
        super().__init__(
            message or t("This part is not solved yet: write it where YOUR CODE HERE stands.")
        )

    def _render_traceback_(self) -> list[str]:  # IPython asks an exception for it
        return [f"▶ {self}"]


class Either(tuple):
    """Several results that one mistake may give."""


class Wrong(Exception):
    """The first thing wrong with an answer: the lines that a student reads."""

    def __init__(self, *lines: str):
        super().__init__("\n".join(lines))
        self.lines = list(lines)


class _Printed(io.StringIO):
    """What a function prints, the first 300 characters of it: an endless loop may print, too."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, 300 - self.tell())])
        return len(text)


class Draw(random.Random):
    """Fresh random inputs: other ones at every check."""

    def tensor(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        """Standard normal numbers, in float64 unless told otherwise."""
        generator = torch.Generator().manual_seed(self.getrandbits(63))
        return torch.randn(shape, generator=generator, dtype=dtype)


class Trial:
    """One call `function(*inputs.values())`; `out` is what it returned.

    The names of `inputs` are only shown. The call runs in a thread of its own, on copies: it may
    print, raise, call exit(), change its inputs or never end. Wrong says so, with the input.
    `forbid`: names of torch functions that the answer must not call. Nor may it call this package
    or torchvision's models, unless they are `given` to it. `in_place`: the input that it is to
    change, and gets itself. `patience`: how many times LIMIT it may take. `hint`: what to look at
    if it raises.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        forbid: Collection[str] = (),
        given: bool = False,
        in_place: str = "",
        patience: float = 1,
        hint: str = "",
        **inputs: Any,
    ):
        self.inputs, self.printed, self._hint = inputs, _Printed(), hint
        limit = patience * LIMIT
        if not callable(function):
            raise Wrong(
                t("The answer must be a function or a class; it is {a}.", a=described(function))
            )
        copies = [v if name == in_place else _copied(v) for name, v in inputs.items()]
        outcome: dict[str, Any] = {}
        called: set[str] = set()

        def work() -> None:
            torch.get_num_threads()  # unasked, a new thread's oneDNN would use every processor
            sys.setprofile(_watch(frozenset(forbid), given, called))
            try:
                outcome["out"] = function(*copies)
            except stop.TimeUp:  # kept, it would keep all that it has stopped
                raise
            except BaseException as error:  # exit() as well
                outcome["error"] = error
            finally:
                sys.setprofile(None)

        try:
            with (
                contextlib.redirect_stdout(self.printed),
                contextlib.redirect_stderr(self.printed),
            ):
                torch.manual_seed(Draw().getrandbits(63))
                stop.run(work, limit, GRACE)
        except stop.DidNotEnd as late:
            runs = () if late.stopped else (t("It could not be stopped: restart the kernel."),)
            raise self.wrong(
                t("It did not end within {n} seconds.", n=f"{limit:g}"),
                *runs,
                hint=t("Is there a loop that never ends, or work that doubles with each step?"),
            ) from None
        error = outcome.get("error")
        if isinstance(error, NotImplementedError) and "forward" not in str(error):
            raise error
        if called:
            ours = "seminar.initialization"
            first = min(called, key=lambda name: (name == ours, name))  # models use it
            raise self.wrong(t("It calls {a}, which is what you are to write yourself.", a=first))
        if error is not None:
            raise self._stopped(error)
        for name, before, after in zip(inputs, inputs.values(), copies, strict=True):
            if not _same(before, after):
                raise self.wrong(
                    t("It changes its input {a}: the caller still needs it.", a=name),
                    hint=t("Look for reverse(), sort(), append(), or pop(): copy the list first.")
                    if isinstance(before, list)
                    else t(
                        "Look for an assignment into it, for +=, or for a method that ends in _."
                    ),
                )
        self.out = outcome["out"]

    def wrong(self, *lines: str, hint: str = "") -> Wrong:
        """What is wrong, with the input that shows it, what was printed, and a hint."""
        shown = [f"{name} = {described(value)}" for name, value in self.inputs.items()]
        if shown:
            lines += (t("Input: {a}", a=", ".join(shown)),)
        if self.printed.getvalue():
            lines += (t("It printed: {a}", a=self.printed.getvalue().strip()),)
        return Wrong(*lines, *([t("Hint: {a}", a=hint)] if hint else []))

    def _stopped(self, error: BaseException) -> Wrong:
        if isinstance(error, SystemExit):
            return self.wrong(t("It calls exit(), which ends the program: use return."))
        if isinstance(error, NotImplementedError):  # torch's, of a module without forward
            return self.wrong(
                str(error).split("\n")[0],
                hint=t(
                    "Is `forward` spelled so, and indented like __init__, not inside it? A "
                    "ModuleList has none: call its entries one after the other."
                ),
            )
        what = t("It stopped with {a}: {b}", a=type(error).__name__, b=str(error).split("\n")[0])
        own = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.startswith((str(PACKAGE), STANDARD))
            and "site-packages" not in frame.filename
        ]
        if not own:
            return self.wrong(what, hint=self._hint)
        line = linecache.getline(own[-1].filename, own[-1].lineno or 0).strip() or own[-1].line
        where = t("in line {n}: {a}", n=own[-1].lineno, a=line)
        return self.wrong(what, where, hint=self._hint)

    def parts(self, *names: str) -> list[Any]:
        """`out` as a tuple of as many values as there are `names`."""
        if not isinstance(self.out, tuple | list) or len(self.out) != len(names):
            raise self.wrong(
                t("It must return {n} values, ({a}).", n=len(names), a=", ".join(names)),
                t("Came out: {a}", a=described(self.out)),
            )
        return list(self.out)

    def module(self) -> nn.Module:
        """`out` as a torch module."""
        if not isinstance(self.out, nn.Module):
            raise self.wrong(
                t("It must give an nn.Module."), t("Came out: {a}", a=described(self.out))
            )
        return self.out

    def expect(
        self,
        want: Any,
        suspects: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
        *,
        got: Any = ...,
        what: str = "",
        hint: str = "",
        tolerance: float = 1e-6,
    ) -> None:
        """Wrong unless `got` (`out`, if not given) is `want`: a tensor, a number, or several.

        Numbers with a fraction may differ by `tolerance` times the largest wanted one. `suspects`:
        by the hint that belongs to it, what a usual mistake gives; the first that fits names the
        fault, else `hint` is shown. A function that gives them is called only when they are needed.
        `what` names the result if the function returns several.
        """
        got = self.out if got is ... else got
        if close(got, want, tolerance):
            return
        found = suspects() if callable(suspects) else suspects or {}
        for fault, value in found.items():
            # A mistake that makes no difference on this input explains nothing.
            if _fits(got, value, tolerance, want):
                hint = fault
                break
        else:
            hint = _kind(got, want) or hint
        lines = _difference(got, want, tolerance)
        if what:
            lines = [t("Wrong: {a}.", a=what), *lines]
        raise self.wrong(*lines, hint="" if got is None else hint)


def _fits(got: Any, value: Any, tolerance: float, want: Any) -> bool:
    values = value if isinstance(value, Either) else (value,)
    return any(close(got, v, tolerance) and not close(v, want, tolerance) for v in values)


def explain(
    wrong: Sequence[tuple[Trial, Any, Mapping[str, Any]]], hint: str, tolerance: float = 1e-6
) -> None:
    """Of several wrong results (trial, wanted, suspects) show the first, if there is one.

    On one input two mistakes may give the same: named is the one that fits all results.
    """
    for trial, want, suspects in wrong:
        shared = {
            fault: value
            for fault, value in suspects.items()
            if all(_fits(each.out, found[fault], tolerance, w) for each, w, found in wrong)
        }
        trial.expect(want, shared, hint=hint, tolerance=tolerance)


def run(
    module: Callable[[Tensor], Any],
    x: Tensor,
    made: dict[str, Any],
    given: bool = False,
    hint: str = "",
) -> Trial:
    """module(x), detached, as a Trial; its message names the arguments with which it was `made`.

    The module itself is not copied: it keeps what it changes in itself.
    """
    trial = Trial(lambda x, *_: module(x), given=given, hint=hint, x=x, **made)
    trial.out = trial.out.detach() if isinstance(trial.out, Tensor) else trial.out
    return trial


def share(
    trial: Trial, reference: nn.Module, draw: Draw, dtype: torch.dtype = torch.float64
) -> nn.Module:
    """The module that `trial` gave, with the same random state as the `reference`, in `dtype`.

    Wrong if its state_dict() does not have the names and shapes of the reference's.
    """
    module = trial.module()
    want, got = _shapes(reference), _shapes(module)
    own = t("It has: {a}", a=", ".join(got) or "–")
    if missing := [name for name in want if name not in got]:
        raise trial.wrong(
            t("Its state_dict() lacks {a}.", a=_some(missing)),
            own,
            hint=t("Names, numbers and places of the layers must be those of the question."),
        )
    if extra := [name for name in got if name not in want]:
        convolutions = {f"{name.removesuffix('weight')}bias" for name in got if len(got[name]) == 4}
        bias = convolutions.issuperset(extra)
        raise trial.wrong(
            t("Its state_dict() has {a}, which does not belong there.", a=_some(extra)),
            hint=t("A convolution in front of BN needs no bias: BN has its own.")
            if bias
            else t("Is there a layer too many, or one under another name?"),
        )
    for name, shape in want.items():
        if got[name] != shape:
            raise trial.wrong(
                t("{a} has a wrong shape.", a=name),
                t("Came out: {a}", a=got[name]),
                t("Expected: {a}", a=shape),
                hint=t("How many inputs and outputs does this linear layer have?")
                if len(shape) == 2
                else t("Which numbers of channels, and which kernel, does this layer have?"),
            )
    values = {}
    for name, value in reference.state_dict().items():
        if value.is_floating_point():
            values[name] = draw.tensor(*value.shape, dtype=dtype)
            values[name] /= max(1, value[:1].numel()) ** 0.5
            if name.endswith("running_var"):
                values[name] = values[name].exp()
    for each in (module, reference):
        each.to(dtype).load_state_dict(values, strict=False)
    return module


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + ", …" * (len(names) > 6)


def sizes_differ() -> str:
    """The hint for a block that stops with an exception."""
    return t("F(x) and the shortcut must have one shape: where is the stride, where the padding?")


def loss_of(y: Tensor) -> Tensor:
    """A loss that weighs every number of `y` differently: each has a gradient of its own."""
    return (y * torch.linspace(-1, 2, y.numel(), dtype=y.dtype).view_as(y)).sum()


def own_blocks(made: Trial) -> None:
    """Wrong if a parameter of the module stands at two places."""
    everywhere = list(made.module().named_parameters(remove_duplicate=False))
    if len({id(parameter) for _, parameter in everywhere}) < len(everywhere):
        raise made.wrong(
            t("A block stands several times in a stage: its weights are shared."),
            hint=t("Each block is made anew: [Block(…)] * n repeats one and the same."),
        )


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    state = {n: v for n, v in module.state_dict().items() if not n.endswith("batches_tracked")}
    return {name: tuple(value.shape) for name, value in state.items()}


def close(got: Any, want: Any, tolerance: float = 1e-6) -> bool:
    """Whether `got` is `want`: same type, shape and data type, and numbers as near as that."""
    if isinstance(want, Tensor):
        if not isinstance(got, Tensor) or got.shape != want.shape or got.dtype != want.dtype:
            return False
        if not want.is_floating_point():
            return bool((got == want).all())
        atol = tolerance * _scale(want)
        return torch.allclose(got.detach(), want.detach(), rtol=0, atol=atol, equal_nan=False)
    if isinstance(want, Mapping):
        return (
            isinstance(got, Mapping)
            and set(got) == set(want)
            and all(close(got[key], want[key], tolerance) for key in want)
        )
    if isinstance(want, list | tuple):
        return (
            isinstance(got, list | tuple)
            and len(got) == len(want)
            and all(close(a, b, tolerance) for a, b in zip(got, want, strict=True))
        )
    if isinstance(want, float):
        if isinstance(got, Tensor) and got.numel() == 1:
            got = got.item()
        if isinstance(got, bool) or not isinstance(got, int | float):
            return False
        return math.isclose(got, want, rel_tol=tolerance, abs_tol=tolerance * 1e-3)
    if isinstance(want, int) and not isinstance(want, bool):  # NumPy's ints, too
        return isinstance(got, numbers.Integral) and not isinstance(got, bool) and got == want
    return type(got) is type(want) and got == want


def _scale(want: Tensor) -> float:
    finite = want.detach().abs()[want.detach().isfinite()]
    return float(finite.max()) if finite.numel() and finite.max() > 0 else 1.0


def _kind(got: Any, want: Any) -> str:
    """A hint if `got` is of another kind than `want`, whatever its numbers are."""
    if isinstance(want, Tensor) and isinstance(got, Tensor) and got.dtype != want.dtype:
        return t("New tensors get the type of the input: x.new_zeros(…), torch.zeros_like(x).")
    arrays = hasattr(got, "__array__") or isinstance(got, list)  # NumPy's, say
    if isinstance(want, Tensor) and arrays and not isinstance(got, Tensor):
        return t("torch.as_tensor(…) makes a tensor of it.")
    if isinstance(want, list) and not isinstance(got, list | tuple):
        return t("A list is asked for; a tensor's or an array's tolist() gives one.")
    if isinstance(want, int) and isinstance(got, float) and got == want:
        return t("/ always gives a float, // of two ints an int.")
    if isinstance(want, int) and isinstance(got, Tensor) and got.numel() == 1:
        return t("An int is asked for: int(…) or .item() makes one of a tensor.")
    if isinstance(want, int) and isinstance(got, str | list | tuple | Mapping):
        return t("One int is asked for.")
    if isinstance(want, Mapping) and isinstance(got, Mapping) and set(got) == set(want):
        return next((hint for key in want if (hint := _kind(got[key], want[key]))), "")
    if isinstance(want, tuple) and isinstance(got, tuple | list) and len(got) == len(want):
        return next((h for a, b in zip(got, want, strict=True) if (h := _kind(a, b))), "")
    return ""


def _digits(got: float, want: float) -> tuple[str, str]:
    """Both numbers, with as many digits as it takes to tell them apart."""
    for digits in (5, 9, 17):
        one, other = f"{got:.{digits}g}", f"{want:.{digits}g}"
        if one != other:
            break
    return one, other


def _difference(got: Any, want: Any, tolerance: float) -> list[str]:
    """The first thing in which `got` is not `want`, in words."""
    if got is None:
        return [t("It returns nothing: is a `return` missing?")]
    if isinstance(want, Tensor):
        if not isinstance(got, Tensor):
            return [
                t("It must return a tensor of shape {a}.", a=tuple(want.shape)),
                t("Came out: {a}", a=described(got)),
            ]
        if got.shape != want.shape:
            return [
                t("The shape is wrong."),
                t("Came out: {a}", a=tuple(got.shape)),
                t("Expected: {a}", a=tuple(want.shape)),
            ]
        if got.dtype != want.dtype:
            return [
                t("The data type is wrong."),
                t("Came out: {a}", a=got.dtype),
                t("Expected: {a}", a=want.dtype),
            ]
        a, b = got.detach(), want.detach()
        bad = ~((a - b).abs() <= tolerance * _scale(b)) if b.is_floating_point() else a != b
        place = [int(i) for i in bad.nonzero()[0]]
        one, other = _digits(a[tuple(place)].item(), b[tuple(place)].item())
        lines = [
            t("{n} of {m} numbers are wrong.", n=int(bad.sum()), m=bad.numel()),
            t("Came out at position {p}: {a}", p=place, a=one),
            t("Expected there: {a}", a=other),
        ]
        return lines if a.isfinite().all() else [t("There is inf or nan in it."), *lines]
    if isinstance(want, Mapping) and isinstance(got, Mapping) and set(got) == set(want):
        key = next(k for k in want if not close(got[k], want[k], tolerance))
        return [
            t("The entry {a} is wrong.", a=repr(key)),
            *_difference(got[key], want[key], tolerance),
        ]
    several = isinstance(want, list | tuple) and isinstance(got, list | tuple)
    if several and len(got) == len(want):
        pairs = zip(got, want, strict=True)
        place_, (one, other) = next((i, p) for i, p in enumerate(pairs) if not close(*p, tolerance))
        return [t("Entry {n} is wrong.", n=place_), *_difference(one, other, tolerance)]
    if isinstance(want, float) and isinstance(got, float):
        one, other = _digits(got, want)
        return [t("Came out: {a}", a=one), t("Expected: {a}", a=other)]
    lines = [t("Came out: {a}", a=described(got)), t("Expected: {a}", a=described(want))]
    if isinstance(want, int) and isinstance(got, float) and got == want:
        lines.append(t("It must be an int, not a float."))
    return lines


def described(value: Any) -> str:
    """`value` in a few words: a tensor by its shape and its first numbers."""
    if isinstance(value, Tensor):
        if value.numel() == 0:
            return t("an empty tensor of shape {a}", a=tuple(value.shape))
        first = ", ".join(described(v) for v in value.detach().flatten()[:4].tolist())
        dots = ", …" if value.numel() > 4 else ""
        return t("a tensor of shape {a} [{b}]", a=tuple(value.shape), b=first + dots)
    if isinstance(value, bool) or value is None or isinstance(value, str | int):
        return repr(value)
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, numbers.Number):  # NumPy's, say
        return repr(value)
    if isinstance(value, list | tuple) and len(value) <= 8:
        inside = ", ".join(map(described, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, Mapping) and len(value) <= 12:
        return "{" + ", ".join(f"{k!r}: {described(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return t(
            "a {a} of {n}, {b}, …", a=type(value).__name__, n=len(value), b=described(value[0])
        )
    if isinstance(value, torch.Generator):
        return t("a generator with the seed {a}", a=value.initial_seed())
    if isinstance(value, nn.Module) and not list(value.children()):
        return repr(value)  # a layer, with its settings
    if isinstance(value, nn.Module) or callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return type(value).__name__


def _copied(value: Any) -> Any:
    if isinstance(value, torch.Generator):
        return value.clone_state()
    return copy.deepcopy(value)


def _same(before: Any, after: Any) -> bool:
    """Whether two copies are still equal, nan included."""
    if isinstance(before, Tensor):
        return before.shape == after.shape and torch.equal(
            before.detach().nan_to_num(), after.detach().nan_to_num()
        )
    if isinstance(before, Mapping):
        return set(before) == set(after) and all(_same(before[k], after[k]) for k in before)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, nn.Module):
        return _same(before.state_dict(), after.state_dict())
    if isinstance(before, numbers.Number | str):
        return bool(before == after)
    return True


def _watch(forbid: frozenset[str], given: bool, called: set[str]) -> Callable[..., None]:
    """A profiler that notes in `called` what runs and must not."""

    def hook(frame: Any, event: str, argument: Any) -> None:
        if event == "c_call":
            # A method of a tensor, or a function of a module of torch.
            owner = getattr(argument, "__self__", None)
            module = getattr(argument, "__module__", None) or getattr(owner, "__name__", "")
            torchs = isinstance(owner, Tensor) or "torch" in str(module)
            if argument.__name__ in forbid and torchs:
                called.add(argument.__name__)
        elif event == "call":
            file, name = frame.f_code.co_filename, frame.f_code.co_name
            if name in forbid and file.startswith(str(TORCH)):
                called.add(name)
            if name == "<module>" or given:  # an import does nothing yet
                return
            if file.startswith(OWN):
                called.add(
                    f"seminar.{Path(file).relative_to(PACKAGE).parts[0].removesuffix('.py')}"
                )
            elif "torchvision" in file and "models" in file:
                called.add("torchvision.models")

    return hook
