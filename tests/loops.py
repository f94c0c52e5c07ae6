"""Functions that never end, of as many kinds as came to mind: what a student's mistake may be.

Each is called with whatever a check gives. `LOOPS` needs no torch, so that it runs on any Python.
"""

# ruff: noqa: B012, B015, C416, C417, E722, RUF012, SIM105
import contextlib
import dataclasses
import functools
import itertools
import threading
import time
import weakref
from typing import Any

LOOPS: list[Any] = []
TORCH: list[Any] = []


def loop(function):
    LOOPS.append(function)
    return function


def torch_loop(function):
    TORCH.append(function)
    return function


@loop
def plain(*_):
    while True:
        pass


@loop
def one_line(*_):
    while True: pass  # fmt: skip # noqa: E701


@loop
def one_line_defended(*_):
    while True:
        try:
            while True: pass  # fmt: skip # noqa: E701
        except BaseException:
            pass


@loop
def one_line_count(*_):
    n = 0
    while n >= 0: n += 1  # fmt: skip # noqa: E701


@loop
def one_line_for(*_):
    for _i in itertools.count(): pass  # fmt: skip # noqa: E701


@loop
def forgets_to_count(*_):
    i = 0
    while i < 3:
        len("abc")


@loop
def while_with_else(*_):
    n = 1
    while n:
        n += 1
    else:
        return n


@loop
def print_in_except(*_):
    while True:
        try:
            print("still here")
        except BaseException:
            pass


@loop
def bare_except_continue(*_):
    while True:
        try:
            n = 1
            n += 1
        except:
            continue


@loop
def swallows_late(*_):
    """Its answer would be right: but it took all its time."""
    try:
        while True:
            pass
    except BaseException:
        pass
    return None


@loop
def swallows_and_returns_on_one_line(*_):
    try:
        while True:
            pass
    except BaseException: return None  # fmt: skip # noqa: E701


@loop
def returns_in_finally(*_):
    while True:
        try:
            while True:
                pass
        finally:
            return 1


@loop
def continues_in_finally(*_):
    while True:
        try:
            int("3")
        finally:
            continue


@loop
def loops_in_finally(*_):
    try:
        raise ValueError
    finally:
        while True:
            try:
                pass
            finally:
                len("a")


@loop
def raises_and_catches(*_):
    while True:
        try:
            raise KeyError("mine")
        except KeyError as error:
            str(error)


@loop
def turns_it_into_another(*_):
    while True:
        try:
            try:
                print()
            except BaseException as error:
                raise OSError from error
        except OSError:
            pass


@loop
def exception_groups(*_):
    while True:
        try:
            raise ExceptionGroup("several", [ValueError(), KeyError()])
        except* ValueError:
            pass
        except* KeyError:
            pass


def numbers():
    n = 0
    while True:
        yield n
        n += 1


@loop
def sum_of_a_generator(*_):
    return sum(numbers())


@loop
def next_of_a_generator(*_):
    source = numbers()
    while True:
        next(source)


def delegates():
    yield from numbers()


@loop
def yield_from(*_):
    for _i in delegates():
        pass


def stubborn():
    while True:
        try:
            yield 1
        except BaseException:
            pass


@loop
def stubborn_generator(*_):
    for _i in stubborn():
        len("a")


def tidy():
    try:
        yield 1
        yield 2
    finally:
        for i in range(3):
            len(str(i))


@loop
def generators_thrown_away(*_):
    """The exception that leaves a loop ends its generator, too: with its finally."""
    while True:
        for _i in tidy():
            next(tidy())


@loop
def a_generator_thrown_away_loops(*_):
    def never_done():
        try:
            yield 1
        finally:
            while True:
                len("a")

    next(never_done())


class Swallows:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return True


@loop
def with_that_swallows(*_):
    while True:
        with Swallows():
            len("a")


@loop
def with_suppress(*_):
    while True:
        with contextlib.suppress(BaseException):
            print("a")


@contextlib.contextmanager
def swallowing():
    try:
        yield
    except BaseException:
        pass


@loop
def with_a_generator(*_):
    while True:
        with swallowing():
            len("a")


@loop
def with_a_lock(*_):
    lock = threading.Lock()
    while True:
        with lock:
            len("a")


@loop
def sort_key(*_):
    def key(x):
        return -x

    while True:
        sorted(range(50), key=key)


@loop
def sort_key_that_loops(*_):
    def key(x):
        while True:
            x += 1

    return sorted([3, 1, 2], key=key)


@loop
def compares(*_):
    class Number:
        def __eq__(self, other):
            return False

        def __hash__(self):
            return 3

    while True:
        Number() in [Number(), Number()]
        {Number(): 1}.get(Number())


@loop
def nested_functions(*_):
    def outer(n):
        def inner(m):
            return m + n

        return inner(n)

    while True:
        outer(2)


@loop
def calls_itself_again_and_again(*_):
    def deep(n):
        try:
            return deep(n + 1)
        except BaseException:
            return deep(n + 1)

    return deep(0)


@loop
def loops_at_every_depth(*_):
    def deep(n):
        while True:
            try:
                deep(n + 1)
            except BaseException:
                pass

    return deep(0)


@loop
def doubles_at_every_step(*_):
    def paths(n):
        return 1 if n == 0 else paths(n - 1) + paths(n - 1)

    return paths(60)


@loop
def comprehension(*_):
    return [i for i in itertools.count() if i < 0]


@loop
def comprehension_in_a_loop(*_):
    while True:
        {i: [j for j in range(i)] for i in range(5)}


@loop
def any_of_them(*_):
    return any(i < 0 for i in itertools.count())


@loop
def calls_until(*_):
    for _i in iter(lambda: 1, 2):
        pass


@loop
def lambdas(*_):
    add = lambda x: x + 1  # noqa: E731
    while True:
        add(1)


@loop
def maps(*_):
    return sum(map(lambda i: i * 0, itertools.count()))


@loop
def filters(*_):
    return next(filter(lambda i: i < 0, itertools.count()))


@loop
def reduces(*_):
    return functools.reduce(lambda a, b: a, itertools.count())


@loop
def cached(*_):
    @functools.lru_cache(maxsize=4)
    def square(x):
        return x * x

    for i in itertools.count():
        square(i % 7)


@loop
def short_sleeps(*_):
    while True:
        time.sleep(0.002)


@loop
def waits(*_):
    event = threading.Event()
    while not event.wait(0.002):
        pass


class Cleans:
    def __init__(self):
        self.all = [1]

    def __del__(self):
        for i in range(20):
            self.all.append(self.count(i))

    def count(self, i):
        return i + 1


@loop
def destructors(*_):
    while True:
        Cleans()


@loop
def destructors_in_cycles(*_):
    while True:
        one = Cleans()
        one.all.append(one)


@loop
def weak_callbacks(*_):
    def gone(_reference):
        len("a")

    while True:
        kept = Cleans()
        reference = weakref.ref(kept, gone)
        del kept
        assert reference() is None


@dataclasses.dataclass
class Point:
    x: int = 0

    def __post_init__(self):
        self.x += 1

    @property
    def twice(self):
        return 2 * self.x


@loop
def properties_of_dataclasses(*_):
    while True:
        Point(3).twice  # noqa: B018


@loop
def makes_dataclasses(*_):
    while True:
        dataclasses.make_dataclass("Made", ["x"])(3)


class Endless:
    def __iter__(self):
        return self

    def __next__(self):
        return 1


@loop
def iterator(*_):
    return list(zip(Endless(), (i for i in Endless()), strict=True)) if max(Endless()) else 0


@loop
def attribute_that_is_missing(*_):
    class Asks:
        def __getattr__(self, name):
            try:
                return getattr(self, name)
            except RecursionError:
                return getattr(self, name)

    return Asks().anything


@loop
def class_bodies(*_):
    while True:

        class Body:
            a = [i for i in range(3)]
            b = len(a)


async def tick():
    return 1


@loop
def coroutine(*_):
    async def forever():
        while True:
            await tick()

    forever().send(None)


@loop
def asynchronous_generator(*_):
    async def ticks():
        while True:
            yield 1

    async def forever():
        async for _i in ticks():
            pass

    forever().send(None)


@loop
def matches(*_):
    state = ("a", 1)
    while True:
        match state:
            case ("a", n):
                state = ("b", n)
            case _:
                state = ("a", 2)


@loop
def threads_one_after_another(*_):
    """What stands in another thread is not stopped; these end by themselves."""
    while True:
        thread = threading.Thread(target=len, args=("a",))
        thread.start()
        thread.join()


@loop
def evaluates(*_):
    while True:
        eval("sum(i for i in range(9))")
        exec("for i in range(9): pass")


@torch_loop
def small_tensors(*_):
    import torch

    x = torch.ones(3)
    while True:
        x = (x * 2).clamp(0, 1)


@torch_loop
def without_gradients(*_):
    import torch

    while True:
        with torch.no_grad():
            torch.ones(3).sum()


@torch_loop
def decorated(*_):
    import torch

    @torch.no_grad()
    def double(x):
        return x * 2

    while True:
        double(torch.ones(3))


@torch_loop
def backward(*_):
    import torch

    weight = torch.ones(3, requires_grad=True)
    while True:
        (weight * 2).sum().backward()


@torch_loop
def gradient_hooks(*_):
    import torch

    weight = torch.ones(3, requires_grad=True)
    weight.register_hook(lambda gradient: gradient * 2)
    while True:
        try:
            (weight * 2).sum().backward()
        except BaseException:
            pass


@torch_loop
def own_function(*_):
    import torch

    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, gradient):
            return 2 * gradient

    x = torch.ones(3, requires_grad=True)
    while True:
        Double.apply(x).sum().backward()


@torch_loop
def modules(*_):
    from torch import nn, ones

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 3)

        def forward(self, x):
            return self.linear(x).relu()

    block = Block()
    while True:
        block(ones(2, 3))


@torch_loop
def forward_hooks(*_):
    from torch import nn, ones

    layer = nn.Linear(3, 3)
    layer.register_forward_hook(lambda module, args, out: out + 1)
    while True:
        try:
            layer(ones(2, 3))
        except:
            continue


@torch_loop
def trains(*_):
    import torch

    layer = torch.nn.Linear(3, 3)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    loss = torch.tensor(1.0)
    while loss > -1:
        optimizer.zero_grad()
        loss = layer(torch.ones(2, 3)).square().mean()
        loss.backward()
        optimizer.step()


@torch_loop
def a_loader(*_):
    import torch

    class Data(torch.utils.data.Dataset):
        def __len__(self):
            return 6

        def __getitem__(self, i):
            return torch.ones(2) * i

    while True:
        for batch in torch.utils.data.DataLoader(Data(), batch_size=3):
            batch.sum()


@torch_loop
def module_that_calls_itself(*_):
    from torch import nn, ones

    class Self(nn.Module):
        def forward(self, x):
            try:
                return self(x)
            except BaseException:
                return self(x)

    return Self()(ones(2))
