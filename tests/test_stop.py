"""Whatever a student's function loops in is stopped, and nothing is left behind.

Without torch only the loops that need none are tried: so it also runs on a bare Python 3.12 or
3.13 (`pytest --noconftest -c /dev/null tests/test_stop.py`). The scheduled workflow sets
STOP_ROUNDS to 300: so often is each loop stopped.
"""

import _thread
import gc
import importlib.util
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import loops
import pytest

try:
    import torch
    import torch._dynamo  # what the first optimizer imports: for seconds no line is a student's

    from seminar import homework
    from seminar.homework import stop, trial
except ImportError:
    torch = None
    room = Path(__file__).parent.parent / "seminar/homework/stop.py"
    spec = importlib.util.spec_from_file_location("stop", room)
    stop = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stop)

ROUNDS = int(os.environ.get("STOP_ROUNDS", "2"))
PROGRAMS = 20 * ROUNDS
LIMIT, GRACE = 0.02, 30

pytestmark = pytest.mark.filterwarnings(
    "error::pytest.PytestUnraisableExceptionWarning",
    "error::pytest.PytestUnhandledThreadExceptionWarning",
)
needs_torch = pytest.mark.skipif(torch is None, reason="torch is not here")


def tools():
    """The tools that watch this interpreter, from Python 3.12 on."""
    watch = getattr(sys, "monitoring", None)
    return (
        [(watch.get_tool(i), watch.get_events(i)) if watch.get_tool(i) else i for i in range(6)]
        if watch
        else []
    )


def state():
    watched = sys.gettrace(), sys.getprofile(), sys.unraisablehook, threading.excepthook, tools()
    return threading.enumerate(), *watched, set(stop._late)


@pytest.fixture(autouse=True, scope="module")
def little_to_collect():
    """What torch and pytest have made is not looked through once more after each test."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def nothing_is_left(little_to_collect):
    """No thread, no hook, no exception that nobody caught."""
    reported = []
    before = sys.unraisablehook, threading.excepthook
    sys.unraisablehook = lambda got: reported.append(f"{got.exc_type} in {got.object}")
    threading.excepthook = lambda got: reported.append(f"{got.exc_type} in {got.thread}")
    was = state()
    yield
    gc.collect()
    now = state()
    sys.unraisablehook, threading.excepthook = before
    assert reported == []
    assert now == was


@pytest.fixture
def times(record_property):
    """Seconds between the time that was up and the end, for the record."""
    found = []
    yield found
    found.sort()
    median, most = 1000 * found[len(found) // 2], 1000 * found[-1]
    record_property("milliseconds", f"{median:.1f} {most:.1f}")
    if ROUNDS > 2:
        print(f"{len(found)} times, median {median:.1f} ms, at most {most:.1f} ms")


def stopped(function, limit=LIMIT, grace=GRACE):
    """Run it; the DidNotEnd that tells how that went, and the seconds after its time was up."""

    def work():
        try:
            function()
        except stop.TimeUp:
            raise
        except BaseException:
            pass

    start = time.perf_counter()
    with pytest.raises(stop.DidNotEnd) as told:
        stop.run(work, limit, grace)
    return told.value.stopped, time.perf_counter() - start - limit


def name(function):
    return function.__name__


def test_there_are_enough_kinds():
    assert len(set(map(name, loops.LOOPS))) >= 40
    assert len(set(map(name, loops.TORCH))) >= 8


@pytest.mark.parametrize("function", loops.LOOPS, ids=name)
def test_a_loop_is_stopped(function, times):
    for _ in range(ROUNDS):
        ended, seconds = stopped(function)
        assert ended
        times.append(seconds)


@needs_torch
@pytest.mark.parametrize("function", loops.LOOPS + loops.TORCH, ids=name)
def test_a_check_says_so(function, times, monkeypatch):
    monkeypatch.setattr(trial, "LIMIT", LIMIT)
    monkeypatch.setattr(trial, "GRACE", GRACE)
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = homework.check("bn_forward", function)
        times.append(time.perf_counter() - start - LIMIT)
        assert not result.passed
        assert "did not end within" in result.message
        assert "restart" not in result.message


class Program:
    """A function that never ends, made of whatever loops and defends itself, by chance."""

    HELPERS = """
import contextlib, itertools
class Swallows:
    def __enter__(self): return self
    def __exit__(self, *_): return True
class Cleans:
    n = 1  # not in __init__, which may be stopped
    def __del__(self):
        for i in range(3): self.n += twice(i)
def twice(n):
    return 2 * n
def some(n=3):
    try:
        for i in range(n):
            yield i
    finally:
        twice(n)
def endless():
    while True:
        try:
            yield 1
        except Exception:
            pass
def deep(n):
    try:
        return deep(n + 1)
    except RecursionError:
        return n
"""
    SIMPLE = (
        "x = twice(1)",
        "x = [twice(i) for i in range(4)]",
        "x = sorted(range(5), key=lambda i: -i)",
        "x = Cleans()",
        "x = sum(i for i in range(5))",
        "x = list(map(twice, range(3)))",
        "x = next(some())",
        "deep(0)",
        "print(x)",
        "pass",
    )
    BLOCKS = (
        ("for _i in range(3):",),
        ("for _i in some():",),
        ("for _i in itertools.islice(endless(), 4):",),
        ("with Swallows():",),
        ("with contextlib.suppress(BaseException):",),
        ("try:", "except BaseException:"),
        ("try:", "except:"),
        ("try:", "finally:"),
        ("try:", "except ValueError:", "finally:"),
        ("if x:", "else:"),
        ("while True:",),
    )

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.text = self.HELPERS + "def program(x=None):\n    while True:\n" + self.block(2, 0)

    def block(self, indent, depth):
        lines = ""
        for _ in range(self.draw.randint(1, 3)):
            space = "    " * indent
            if depth > 3 or self.draw.random() < 0.4:
                lines += f"{space}{self.draw.choice(self.SIMPLE)}\n"
            else:
                for head in self.draw.choice(self.BLOCKS):
                    lines += f"{space}{head}\n{self.block(indent + 1, depth + 1)}"
        return lines

    def __call__(self):
        names = {"print": lambda *_: None}
        exec(compile(self.text, str(Path(__file__).with_name("a_students.py")), "exec"), names)
        names["program"]()


def test_programs_made_by_chance_are_stopped(times):
    for seed in range(PROGRAMS):
        program = Program(seed)
        ended, seconds = stopped(program, limit=0.01)
        assert ended, f"seed {seed}:\n{program.text}"
        times.append(seconds)


def test_what_ends_in_time_is_left_alone():
    out = []
    stop.run(lambda: out.append(sum(range(10))), 20, GRACE)
    assert out == [45]


def test_an_answer_that_comes_late_does_not_count():
    out = []

    def late():
        try:
            while True:
                pass
        except BaseException: out.append("right")  # fmt: skip # noqa: E701

    ended, _ = stopped(late)
    assert ended


def test_what_comes_late_to_its_next_line_is_stopped_there():
    begun, after = threading.Event(), []

    def sleeps():
        begun.set()
        time.sleep(0.5)
        after.append("it went on")

    threads = threading.active_count()
    ended, seconds = stopped(sleeps, grace=0.05)
    assert begun.is_set()
    assert not ended
    assert seconds < 0.4
    while threading.active_count() > threads:
        time.sleep(0.01)
    assert after == []


def test_several_can_be_late_at_a_time():
    threads = threading.active_count()
    for _ in range(3):
        assert not stopped(lambda: time.sleep(0.4), grace=0.02)[0]
    for function in loops.LOOPS[:10]:
        assert stopped(function)[0]
    while threading.active_count() > threads:
        time.sleep(0.01)


class Loops:
    """Its destructor is in a loop, for as long as it is told."""

    go_on = True

    def __del__(self):
        while Loops.go_on:
            self.next()

    def next(self):
        return 1


def test_nothing_is_raised_in_a_destructor():
    threads, done = threading.active_count(), []

    def drops():
        Loops()
        done.append("it went on")

    assert not stopped(drops, grace=0.1)[0]
    Loops.go_on = False
    while threading.active_count() > threads:
        time.sleep(0.01)
    assert done == []


def test_another_thread_is_not_disturbed():
    """It runs the same code as what is stopped, and one with a time limit of its own."""
    go_on, counted, raised = [True], [], []

    def counts():
        n = 0
        while go_on:
            n += 1
            sorted([3, 1, 2], key=lambda x: -x)
        counted.append(n)

    def guarded():
        try:
            counts()
        except BaseException as error:
            raised.append(error)

    def in_time():
        try:
            stop.run(counts, 600, GRACE)
        except BaseException as error:
            raised.append(error)

    others = [threading.Thread(target=work) for work in (guarded, in_time)]
    for other in others:
        other.start()
    ended = [stopped(counts)[0] for _ in range(5 * ROUNDS)]
    before = list(counted)
    go_on.clear()
    for other in others:
        other.join()
    assert all(ended)
    assert before == []
    assert raised == []
    assert len(counted) == 2


def test_the_stop_button_leaves_nothing_running():
    counted = [0]

    def counts():
        while True:
            counted[0] += 1

    # As a kernel has it while a cell runs: a shell's background jobs are started without.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for _ in range(ROUNDS):
            timer = threading.Timer(0.1, _thread.interrupt_main)  # as Jupyter does it on Windows
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                stop.run(counts, 600, GRACE)
            timer.join()
            before = counted[0]
            time.sleep(0.02)
            assert counted[0] == before
    finally:
        signal.signal(signal.SIGINT, handler)


def test_a_generator_that_outlives_its_check_is_not_stopped_elsewhere():
    kept = []

    def numbers():
        n = 0
        while True:
            n += 1
            yield n

    def keeps():
        kept.append(numbers())
        next(kept[0])
        while True:
            next(kept[0])

    assert stopped(keeps)[0]
    kept[:] = [numbers()]
    stop.run(lambda: next(kept[0]), 20, GRACE)
    threads = threading.active_count()
    assert not stopped(lambda: time.sleep(0.3), grace=0.01)[0]
    assert [next(kept[0]) for _ in range(5)] == [2, 3, 4, 5, 6]
    while threading.active_count() > threads:
        time.sleep(0.01)


def test_a_profiler_of_the_function_goes_on():
    calls = set()

    def profiled():
        sys.setprofile(lambda frame, event, _: calls.add((frame.f_code.co_name, event)))
        try:
            loops.nested_functions()
        finally:
            sys.setprofile(None)

    assert stopped(profiled)[0]
    assert {("outer", "call"), ("inner", "return"), ("inner", "call")} <= calls


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="sys.monitoring does not care")
def test_who_takes_the_trace_function_away_is_not_stopped():
    threads, go_on = threading.active_count(), [True]

    def takes():
        sys.settrace(None)
        while go_on:
            pass

    assert not stopped(takes, grace=0.05)[0]
    go_on.clear()
    while threading.active_count() > threads:
        time.sleep(0.01)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")
def test_other_tools_keep_their_places():
    watch = sys.monitoring
    mine = [i for i in range(6) if watch.get_tool(i) is None]
    for i in mine[:-1]:
        watch.use_tool_id(i, "another")
    assert stopped(loops.plain)[0]
    assert stopped(loops.maps)[0]
    watch.use_tool_id(mine[-1], "another")
    threads, go_on = threading.active_count(), [True]

    def counts():
        while go_on:
            pass

    assert not stopped(counts, grace=0.05)[0]  # none is free: it cannot be stopped
    go_on.clear()
    while threading.active_count() > threads:
        time.sleep(0.01)
    for i in mine:
        watch.free_tool_id(i)


@pytest.mark.parametrize(
    ("file", "is_so"),
    [
        ("/tmp/ipykernel_1234/567.py", True),
        (r"C:\Users\kim\AppData\Local\Temp\ipykernel_8\9.py", True),
        ("<ipython-input-3-0a1b>", True),
        ("/home/kim/answers.py", True),
        (__file__, True),
        ("<string>", False),
        ("<frozen importlib._bootstrap>", False),
        (threading.Thread.run.__code__.co_filename, False),
        ("/home/kim/.venv/lib/python3.11/site-packages/torch/nn/modules/module.py", False),
        (stop.run.__code__.co_filename, False),
        ("/usr/lib/python3/dist-packages/numpy/core.py", False),
    ],
)
def test_whose_code_it_is(file, is_so):
    assert stop._students(file) is is_so


@needs_torch
def test_a_check_has_the_notebooks_number_of_threads():
    before, seen = torch.get_num_threads(), []
    for n in (1, 2):
        torch.set_num_threads(n)
        homework.check("bn_forward", lambda *_: seen.append(torch.get_num_threads()))
    torch.set_num_threads(before)
    assert seen == [1, 2]
