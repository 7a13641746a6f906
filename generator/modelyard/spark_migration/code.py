"""What a Python file says, by its syntax tree alone: imports, calls, texts, variables of the environment."""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from modelyard.spark_migration.folder import Text

_SESSIONS: Final = frozenset(("SparkSession", "SparkContext", "SQLContext", "HiveContext", "StreamingContext"))


class Literal(NamedTuple):
    """A text in the program. name: of the variable, key or argument that has it. call: whose argument it is."""

    value: str
    line: int
    name: str = ""
    call: str = ""


class Call(NamedTuple):
    """A call. name: with dots, what stands before a chain is left out: `builder.appName`, `kmeans.fit`."""

    name: str
    node: ast.Call

    @property
    def last(self) -> str:
        """The name behind the last dot."""
        return self.name.rpartition(".")[2]

    def text(self, position: int, *names: str) -> str | None:
        """Return an argument that is a text, by its position or its name."""
        found: ast.expr | None = self.node.args[position] if len(self.node.args) > position else None
        found = next((each.value for each in self.node.keywords if each.arg in names), found)
        return constant(found)


@dataclass
class Program:
    """A Python file. error: why it is no Python 3, with its line. imports: module -> line, with leading dots."""

    text: Text
    tree: ast.Module | None = None
    error: tuple[int, str] | None = None
    imports: dict[str, int] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    names: list[tuple[str, int]] = field(default_factory=list)
    attributes: list[tuple[str, int]] = field(default_factory=list)
    is_main: bool = False

    @property
    def makes_session(self) -> bool:
        """Tell whether it makes a SparkSession or SparkContext itself."""
        return any(
            each.last in _SESSIONS or (each.last == "getOrCreate" and _roots(each.node) & _SESSIONS)
            for each in self.calls
        )


def read(text: Text) -> Program:
    """Read a file by its syntax tree. Never raises for what it holds."""
    return _read(text)


@lru_cache(maxsize=4096)
def _read(text: Text) -> Program:
    program = Program(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program.tree = ast.parse(text.text)
    except SyntaxError as error:
        program.error = (error.lineno or 1, error.msg)
    except (MemoryError, RecursionError, ValueError) as error:
        program.error = (1, str(error) or "it is nested too deeply")
    if program.tree is not None:
        _Walk(program).over(program.tree)
    return program


def constant(node: ast.expr | None) -> str | None:
    """Return the text of a constant; of an f-string what stands before its first field."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr) and node.values:
        return constant(node.values[0])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return constant(node.left)
    return None


def dotted(node: ast.expr) -> str:
    """Return the names of a chain of attributes; calls inside of it are left out."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            break
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _roots(node: ast.expr) -> frozenset[str]:
    return frozenset(dotted(node).split("."))


class _Walk:
    """A walk over a tree that fills a Program; iterative, for chains of calls are deep."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def over(self, tree: ast.Module) -> None:
        todo: list[ast.AST] = [tree]
        while todo:
            node = todo.pop()
            self._node(node)
            todo += reversed([each for each in ast.iter_child_nodes(node) if not _is_docstring(node, each)])
        for listed in (self.program.calls, self.program.literals):
            listed.sort(key=_line)

    def _node(self, node: ast.AST) -> None:
        program = self.program
        if isinstance(node, ast.Import):
            program.imports.update({each.name: node.lineno for each in node.names})
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            dot = "" if base.endswith(".") or not base else "."
            program.imports.update({f"{base}{dot}{each.name}": node.lineno for each in node.names})
        elif isinstance(node, ast.Call):
            program.calls.append(Call(dotted(node.func), node))
        elif isinstance(node, ast.Name):
            program.names.append((node.id, node.lineno))
        elif isinstance(node, ast.Attribute):
            program.attributes.append((node.attr, node.end_lineno or node.lineno))
        elif isinstance(node, ast.If):
            program.is_main = program.is_main or _is_main(node.test)
        program.literals += _literals(node)


def _line(each: Call | Literal) -> int:
    return each.node.lineno if isinstance(each, Call) else each.line


def _is_docstring(parent: ast.AST, node: ast.AST) -> bool:
    kinds = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text and isinstance(parent, kinds) and bool(parent.body) and parent.body[0] is node


def _is_main(test: ast.expr) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "__name__" for each in ast.walk(test))


def _literals(node: ast.AST) -> Iterator[Literal]:
    """Yield the texts that a node holds itself, with what they are called."""
    if isinstance(node, ast.Call):
        name = dotted(node.func)
        for each in node.args:
            yield from _named(each, "", name)
        for keyword in node.keywords:
            yield from _named(keyword.value, keyword.arg or "", name)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield from _named(value, constant(key) or "" if key else "")
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        name = next((dotted(each) for each in targets if isinstance(each, ast.Name | ast.Attribute)), "")
        index = next((constant(each.slice) for each in targets if isinstance(each, ast.Subscript)), None)
        yield from _named(node.value, index or name)
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        for each in node.elts:
            yield from _named(each, "")
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for each in [*node.args.defaults, *(each for each in node.args.kw_defaults if each)]:
            yield from _named(each, "")
    elif isinstance(node, ast.Return | ast.Compare | ast.Subscript):
        yield from _named(getattr(node, "value", None) or getattr(node, "left", None), "")


def _named(node: ast.expr | None, name: str, call: str = "") -> Iterator[Literal]:
    value = constant(node)
    if isinstance(node, ast.Constant) and type(node.value) is int and name:
        value = str(node.value)[:20] if abs(node.value) < 10**18 else None
    if value is not None and node is not None:
        yield Literal(value, node.lineno, name, call)
