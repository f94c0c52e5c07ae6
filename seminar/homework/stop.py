"""Run a function in a thread of its own, and stop it when its time is up, whatever it loops in.

The interpreter's own hooks for debuggers raise in the thread itself, at the next line of the
student's code. An exception thrown in from outside (PyThreadState_SetAsyncExc) may land anywhere,
in a destructor or with a lock half taken, and has crashed CPython.
"""

import dis
import functools
import os
import sys
import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

# The standard library's and this package's code, as it names itself, with links as they are.
ROOMS = (os.path.dirname(threading.__file__), os.path.dirname(os.path.dirname(__file__)))

_late: set[int] = set()  # the threads whose time is up
_lock = threading.Lock()


class TimeUp(BaseException):
    """What stops a function: raised in its code again and again, for it may be caught there."""


class DidNotEnd(Exception):
    """It took more than its time; `stopped`: whether it has ended since."""

    def __init__(self, stopped: bool):
        super().__init__("it was stopped" if stopped else "it still runs")
        self.stopped = stopped


def run(work: Callable[[], Any], limit: float, grace: float) -> None:
    """Call `work` in a thread of its own and wait until it ends.

    DidNotEnd if `limit` seconds do not suffice, even if it caught TimeUp and returned. It is
    stopped, within `grace` seconds, when it comes to a line of a student's code: out of a sleep, or
    a loop in C or in a library, it does so late or never, and no exception waits for it elsewhere.
    KeyboardInterrupt stops it, too. Other exceptions of `work` are reported as in any thread.
    """
    done, too_late = threading.Event(), threading.Event()

    def body() -> None:
        try:
            if sys.version_info < (3, 12):
                sys.settrace(_call)  # in the place of coverage's, say
            if not too_late.is_set():
                work()
        except TimeUp:
            pass
        finally:
            if sys.version_info < (3, 12):
                sys.settrace(None)
            with _lock:
                done.set()
                _late.discard(threading.get_ident())
                _arm()

    thread = threading.Thread(target=body, daemon=True)
    in_time = False
    try:
        thread.start()
        end = time.monotonic() + limit
        # In short waits: the stop button does not wake a lock that is waited for on Windows.
        while not in_time and (left := end - time.monotonic()) > 0:
            in_time = done.wait(min(left, 0.05))
    finally:  # the stop button, too, must leave nothing running
        too_late.set()
        with _lock:
            if thread.ident and not done.is_set():
                _late.add(thread.ident)
                _arm()
        # Not join() alone: interrupted, 3.11's takes a thread that runs for one that has ended.
        if thread.ident and done.wait(grace):
            thread.join()
    if not in_time:
        raise DidNotEnd(done.is_set())


@functools.cache
def _students(file: str) -> bool:
    """Whether code of this file is a student's: a cell's, or of a file of their own.

    Not names in <>: dataclasses make such code, and an exception there breaks what is imported.
    """
    if file.startswith("<"):
        return file.startswith("<ipython")
    return not (file.startswith(ROOMS) or "site-packages" in file or "dist-packages" in file)


def _must_end(frame: FrameType | None) -> bool:
    """Whether to raise in this frame, which is the running one."""
    if threading.get_ident() not in _late or not frame or not _students(frame.f_code.co_filename):
        return False
    while frame:  # what a destructor raises, nobody can catch
        if frame.f_code.co_name == "__del__":
            return False
        frame = frame.f_back
    return True


_report = sys.unraisablehook


def _quiet(unraisable: Any) -> None:
    """A late thread's generator that is thrown away, or weakref's callback, cannot pass TimeUp on.

    Nor can a destructor do well whose __init__ was stopped; what ends later shows that, as usual.
    """
    if threading.get_ident() not in _late:
        _report(unraisable)


def _arm() -> None:
    """Set the hooks that are needed while a thread is late, or take them off."""
    global _report
    if _late and sys.unraisablehook is not _quiet:
        _report, sys.unraisablehook = sys.unraisablehook, _quiet
    elif not _late and sys.unraisablehook is _quiet:
        sys.unraisablehook = _report
    if sys.version_info >= (3, 12):
        _monitor()


if sys.version_info >= (3, 12):
    _tool: int | None = None

    def _monitor() -> None:
        """Have every line and jump call `_raise` while a thread is late: before, nothing is slower.

        `while True: pass` comes to no new line; nor does, on 3.13, a lambda (cpython issue 155992).
        """
        global _tool
        monitoring, events = sys.monitoring, sys.monitoring.events
        if _late and _tool is None:
            for tool in (3, 4, 5, 2, 1, 0):  # by custom 1 is coverage's, 0 a debugger's
                if monitoring.get_tool(tool) is None:
                    monitoring.use_tool_id(tool, __name__)
                    _tool = tool
                    for event in (events.LINE, events.JUMP, events.PY_START):
                        monitoring.register_callback(tool, event, _raise)
                    monitoring.set_events(tool, events.LINE | events.JUMP | events.PY_START)
                    return
            # All are taken: then it cannot be stopped.
        elif not _late and _tool is not None:
            monitoring.set_events(_tool, 0)
            for event in (events.LINE, events.JUMP, events.PY_START):
                monitoring.register_callback(_tool, event, None)
            monitoring.free_tool_id(_tool)
            _tool = None

    def _raise(code: CodeType, *_: int) -> None:
        # Never DISABLE: that would hold for all threads, and for whoever has the id next.
        if _must_end(sys._getframe(1)):
            raise TimeUp

else:
    _deep: Any = int  # isinstance(…, _deep) fails when only so many calls are left
    for _ in range(12):
        _deep = (_deep,)
    _codes: dict[int, tuple[CodeType, bool]] = {}

    def _call(frame: Any, event: str, argument: Any) -> Any:
        """The thread's trace function: which of its calls are to be traced by line."""
        try:
            isinstance(None, _deep)
        except RecursionError:
            # Soon this function could not be called any more, and CPython would drop it.
            frame.f_trace = _Again(frame)
            raise
        code = frame.f_code
        if not _students(code.co_filename):
            return None
        if _stands_still(code):
            frame.f_trace_opcodes = True
        return _line

    def _line(frame: Any, event: str, argument: Any) -> Any:
        if _late and event in ("line", "opcode") and _must_end(frame):
            frame.f_trace = _Again(frame)
            raise TimeUp
        return _line

    def _stands_still(code: CodeType) -> bool:
        """Whether an instruction jumps to itself: `while True: pass` comes to no new line."""
        if id(code) not in _codes:  # its own hash takes longer than a short function
            jump = bytes([dis.opmap["JUMP_BACKWARD"], 1])
            pairs = zip(*2 * [iter(code.co_code)], strict=True)
            _codes[id(code)] = code, tuple(jump) in pairs
        return _codes[id(code)][1]

    class _Again:
        """In the place of a frame's trace function while that raises.

        CPython then drops it, and the thread's: that ends this object, which sets them again.
        """

        def __init__(self, frame: FrameType):
            self.frame = frame

        def __del__(self) -> None:
            sys.settrace(_call)
            self.frame.f_trace = _line
