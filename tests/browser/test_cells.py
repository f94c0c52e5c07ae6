"""What `needed` takes of a notebook, and what it leaves."""

import pytest
from cells import needed

TRAINING = ["net = build()", "fit(net, digits)", "print(net)", "scores = net(x)", "explore(scores)"]


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        (["a = 1", "b = 2", "c = a", "show(c)"], [0, 2, 3]),
        (TRAINING, [0, 1, 3, 4]),
        (["a = []", "b = []", "a.append(1)", "b.append(1)", "show(a)"], [0, 2, 4]),
        (["a = {}", "a['x'] = 1", "a.y = 2", "len(a)", "show(a)"], [0, 1, 2, 4]),
        (["a = 1", "a = 2", "show(a)"], [1, 2]),  # bound anew
        (["a = 1", "a = a + 1", "show(a)"], [0, 1, 2]),
        (["a = 1", "if a:\n    a = 2", "show(a)"], [0, 1, 2]),  # perhaps not
        (["a = 1", "a += 1", "show(a)"], [0, 1, 2]),
        (["a = 1", "for i in []:\n    a = i", "show(a)"], [0, 1, 2]),
        (["a = []", "if b:\n    a.append(1)", "show(a)"], [0, 1, 2]),
        (["i = 1", "def f():\n    i = 2\n    return i", "show(f)"], [1, 2]),  # its own name
        (["k = 1", "def f():\n    return k", "show(f)"], [0, 1, 2]),
        (["def f():\n    return k", "k = 1", "show(f())"], [0, 1, 2]),  # bound after it
        (["a = []", "def f():\n    a.append(1)", "f()", "show(a)"], [0, 1, 2, 3]),
        (["n = {}", "for m in n.values():\n    fit(m)", "show(n)"], [0, 1, 2]),  # its parts
        (["n = {}", "m = n['a']", "fit(m)", "show(n)"], [0, 1, 2, 3]),  # another name of a part
        (["n = {}", "h = {k: fit(m) for k, m in n.items()}", "show(n)"], [0, 1, 2]),
        (["import a\nfrom b import c", "a.seed()", "show(c)"], [0, 2]),  # a module is no object
    ],
)
def test_needed(sources, found):
    assert needed(sources, [len(sources) - 1]) == found


def test_all_that_is_wanted_is_needed():
    assert needed(["a = 1", "b = 1", "c = 1"], [0, 2]) == [0, 2]
