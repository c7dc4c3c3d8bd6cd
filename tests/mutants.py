"""Mutants of a module: its code with one thing changed, such as a comparison, a constant or a returned value."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

COMPARISONS = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


@dataclass(frozen=True)
class Mutant:
    """A change of a module: the lines of its statement, the first of them as it is written, and what is changed."""

    first: int
    last: int
    line: str
    change: str
    make: Callable[[], ast.Module]

    @property
    def tree(self) -> ast.Module:
        """The changed module, made anew: a copy of a whole module takes a while."""
        return self.make()

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others, wherever in the module its line is."""
        return self.line, self.change


def mutants(source: str) -> list[Mutant]:
    """All mutants of a module; those of one key are numbered."""
    tree, lines = ast.parse(source), source.splitlines()
    found: list[Mutant] = []
    counts: dict[tuple[str, str], int] = {}
    for path, node, (first, last) in _places(tree):
        for change, apply in _changes(node):
            key = lines[node.lineno - 1].strip(), change
            counts[key] = counts.get(key, 0) + 1
            number = f" ({counts[key]})" if counts[key] > 1 else ""
            found.append(Mutant(first, last, key[0], change + number, partial(_changed, tree, path, apply)))
    return found


def _changed(tree: ast.Module, path: Path, apply: Callable[[ast.AST], None]) -> ast.Module:
    """A copy of a module in which the node at the end of a path is changed."""
    mutated = copy.deepcopy(tree)
    apply(_follow(mutated, path))
    return ast.fix_missing_locations(mutated)


Path = tuple[tuple[str, int | None], ...]


def _follow(tree: ast.AST, path: Path) -> ast.AST:
    for field, i in path:
        tree = getattr(tree, field) if i is None else getattr(tree, field)[i]
    return tree


def _places(tree: ast.AST) -> Iterator[tuple[Path, ast.AST, tuple[int, int]]]:
    """Every node that may be changed, the way to it, and the lines of its statement (of the head of a block)."""

    def walk(node: ast.AST, path: Path, lines: tuple[int, int]) -> Iterator[tuple[Path, ast.AST, tuple[int, int]]]:
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            lines = node.lineno, max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
        if path and hasattr(node, "lineno"):
            yield path, node, lines
        for field, value in ast.iter_fields(node):
            if _is_left_alone(node, field):
                continue
            if isinstance(value, ast.AST):
                yield from walk(value, (*path, (field, None)), lines)
            elif isinstance(value, list):
                for i, each in enumerate(value):
                    if isinstance(each, ast.AST) and not isinstance(each, ast.Assert):
                        yield from walk(each, (*path, (field, i)), lines)

    yield from walk(tree, (), (1, 1))


def _is_left_alone(node: ast.AST, field: str) -> bool:
    """Types, decorators, documentation, and the wording of messages are no part of what tests could tell apart."""
    if field in ("annotation", "returns", "decorator_list", "type_params"):
        return True
    if _is_alias(node):
        return True
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "cast":
        return field == "args"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Raise) and field in ("exc", "cause"))


def _is_alias(node: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias"


Change = tuple[str, Callable[[ast.AST], None]]


def _changes(node: ast.AST) -> Iterator[Change]:
    """What may be changed in a node: a description, and a function that changes the same node of a copy."""
    for kinds, find in CHANGES:
        if isinstance(node, kinds):
            yield from find(node)


def _set(field: str, value: object) -> Callable[[ast.AST], None]:
    return lambda node: setattr(node, field, value)


def _compared(node: ast.Compare) -> Iterator[Change]:
    for i, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield (
                f"{type(operator).__name__} -> {other.__name__}",
                lambda copied, i=i, other=other: copied.ops.__setitem__(i, other()),
            )


def _computed(node: ast.BinOp | ast.AugAssign) -> Iterator[Change]:
    other = ARITHMETIC[type(node.op)]
    yield f"{type(node.op).__name__} -> {other.__name__}", _set("op", other())


def _joined(node: ast.BoolOp) -> Iterator[Change]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield f"{type(node.op).__name__} -> {type(other).__name__}", _set("op", other)


def _unary(node: ast.UnaryOp) -> Iterator[Change]:
    def remove(copied: ast.UnaryOp) -> None:
        copied.op, copied.operand = ast.UAdd(), copied.operand

    if isinstance(node.op, ast.USub):
        yield "USub -> UAdd", remove
    elif isinstance(node.op, ast.Not):  # of the truth value, so that the type stays
        yield (
            "Not removed",
            lambda copied: _set("operand", ast.UnaryOp(ast.Not(), copied.operand))(copied),
        )


def _constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} -> {not value}", _set("value", not value)
    elif isinstance(value, int | float):
        yield f"{value!r} -> {value + 1!r}", _set("value", value + 1)
    elif isinstance(value, str):
        yield f"{value!r} -> {'XX' + value!r}", _set("value", "XX" + value)


def _decided(node: ast.If | ast.IfExp | ast.While) -> Iterator[Change]:
    if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant):
        yield "condition negated", lambda copied: _set("test", ast.UnaryOp(ast.Not(), copied.test))(copied)


def _is_none(value: ast.AST | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _valued(node: ast.Return | ast.Assign | ast.AnnAssign) -> Iterator[Change]:
    if not _is_none(node.value) and not _is_alias(node):
        yield f"{'return' if isinstance(node, ast.Return) else 'assign'} None", _set("value", ast.Constant(None))


def _removed(node: ast.Expr | ast.Raise | ast.Break | ast.Continue) -> Iterator[Change]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.Yield | ast.YieldFrom):
        return  # documentation; a generator without its yield is none

    def remove(copied: ast.AST) -> None:  # in place: what stands there becomes a statement without effect
        copied.__class__ = ast.Expr
        copied.value = ast.Constant(None)

    yield "removed", remove


CHANGES = [
    (ast.Compare, _compared),
    (ast.BinOp | ast.AugAssign, _computed),
    (ast.BoolOp, _joined),
    (ast.UnaryOp, _unary),
    (ast.Constant, _constant),
    (ast.If | ast.IfExp | ast.While, _decided),
    (ast.Return | ast.Assign | ast.AnnAssign, _valued),
    (ast.Expr | ast.Raise | ast.Break | ast.Continue, _removed),
]
