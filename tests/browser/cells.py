"""Which cells of a notebook some of its cells need, found by the names they bind and use."""

import ast
import builtins
import symtable
from collections.abc import Iterable, Sequence

# What does not change the argument that it is called with, beside Python's own functions.
HARMLESS = {"claims", "figures", "display", "replace", *dir(builtins)}
CONSTANT = {"seed", "device", *dir(builtins)}


def needed(sources: Sequence[str], wanted: Iterable[int]) -> list[int]:
    """The numbers of the cells, in order, after which the `wanted` ones work as in the whole.

    Those are the cells that bind a name that a later one of them uses, and those that may change
    its object: assign to a part of it, call its method for the effect, or give it first to a
    function, as in `fit(net, data)`. What a function does counts where it is named.
    """
    cells = [[Statement(node) for node in ast.parse(source).body] for source in sources]
    functions: dict[str, list[Statement]] = {}
    wholes: dict[str, set[str]] = {}
    constant = set(CONSTANT)
    for statement in (s for cell in cells for s in cell):
        if isinstance(statement.node, ast.FunctionDef | ast.ClassDef):
            functions.setdefault(statement.node.name, []).append(statement)
            constant.add(statement.node.name)
        elif isinstance(statement.node, ast.Import | ast.ImportFrom):
            constant |= statement.binds
        for name, others in statement.wholes:
            wholes.setdefault(name, set()).update(others)

    def closed(names: set[str], more: dict[str, set[str]]) -> set[str]:
        while new := set().union(*(more.get(name, ()) for name in names)) - names:
            names = names | new
        return names

    inside = {name: set().union(*(s.uses for s in found)) for name, found in functions.items()}
    wanted, names, found = set(wanted), set(), []
    for i, cell in reversed(list(enumerate(cells))):
        binds, changes, needs, fresh = set(), set(), set(), set()  # fresh: bound for certain
        for s in cell:
            reached = closed(s.uses, inside)  # the functions it may call, too
            called = [f for name in reached & set(functions) for f in functions[name]]
            if not isinstance(s.node, ast.FunctionDef | ast.ClassDef):
                changes |= s.changes.union(*(f.changes for f in called))
            needs |= reached - fresh
            binds |= s.binds
            if not isinstance(s.node, ast.If | ast.Try | ast.While | ast.For):
                fresh |= s.binds
        changes = closed(changes - constant, wholes) - constant
        if i in wanted or names & (binds | changes):
            found.append(i)
            names = (names - fresh) | needs
    return found[::-1]


class Statement:
    """The names of a notebook that a statement `uses`, `binds`, and whose objects it `changes`.

    `wholes`: pairs of a name and those of what it may be a part of.
    """

    def __init__(self, node: ast.stmt):
        self.node = node
        top = symtable.symtable(ast.unparse(node), "cell", "exec")
        inner = [table for child in top.get_children() for table in _all_tables(child)]
        self.uses = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
        self.binds = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
        for symbol in (s for table in inner for s in table.get_symbols() if s.is_global()):
            (self.binds if symbol.is_assigned() else self.uses).add(symbol.get_name())
        self.changes, self.wholes, nodes = set(), [], list(ast.walk(node))
        for n in nodes:
            if isinstance(n, ast.For | ast.comprehension):
                self.wholes.append((n.target, _names(n.iter)))
                if isinstance(n, ast.For) and n is node:
                    self.uses -= _names(n.target) - _names(n.iter)
            elif isinstance(n, ast.AugAssign):
                self.uses |= {_root(n.target)} & self.binds
            elif isinstance(n, ast.Assign):
                self.wholes += [(target, {_root(n.value)} - {None}) for target in n.targets]
            elif isinstance(n, ast.Call) and _root(n.func) not in HARMLESS:
                self.changes |= {_root(argument) for argument in n.args[:1]}
            elif isinstance(n, ast.Expr) and _root(n.value) not in HARMLESS:
                self.changes.add(_root(n.value))
            elif isinstance(n, ast.Attribute | ast.Subscript) and not isinstance(n.ctx, ast.Load):
                self.changes.add(_root(n))
        self.wholes = [(name, others) for target, others in self.wholes for name in _names(target)]
        if isinstance(node, ast.FunctionDef | ast.ClassDef):  # less what is its own
            self.changes &= self.uses
            self.wholes = []


def _all_tables(table: symtable.SymbolTable) -> list[symtable.SymbolTable]:
    return [table, *(t for child in table.get_children() for t in _all_tables(child))]


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _root(node: ast.AST) -> str | None:
    """`x` in `x`, `x.a`, `x[i].a()` …"""
    while not isinstance(node, ast.Name):
        node = getattr(node, "func", None) or getattr(node, "value", None)
        if not isinstance(node, ast.AST):
            return None
    return node.id
