"""Python 2: what does not parse as Python 3, and names that Python 3 does not have.

Source: Python 3.0, "What's New In Python 3.0"; Dataproc's image version list: Python 3.11 in image 2.2.
"""

import ast
from collections.abc import Iterable
from typing import Final

from modelyard.problems import Problem
from modelyard.spark_migration.code import Program
from modelyard.spark_migration.evidence import Evidence, Value

_NAMES: Final = {
    "basestring": "str", "long": "int", "raw_input": "input", "reduce": "functools.reduce", "unichr": "chr",
    "unicode": "str", "xrange": "range", "execfile": "exec", "cmp": "a key function",
}  # fmt: skip
_METHODS: Final = {"iteritems": "items", "iterkeys": "keys", "itervalues": "values", "has_key": "in"}
_MODULES: Final = {
    "ConfigParser": "configparser", "Queue": "queue", "StringIO": "io", "cPickle": "pickle", "cStringIO": "io",
    "httplib": "http.client", "urllib2": "urllib.request", "urlparse": "urllib.parse", "__builtin__": "builtins",
}  # fmt: skip


def check(evidence: Evidence) -> Iterable[Problem]:
    """Find files that are no Python 3, and names of Python 2."""
    for program in evidence.own_programs():
        path = program.text.path
        if program.error:
            line, why = program.error
            at = Value(path, line, "", "")
            yield evidence.finding("MY909", at, f"this is no Python 3: {why}", "port it to Python 3")
            continue
        for name, line, new in _old(program):
            at = Value(path, line, "", "")
            yield evidence.finding("MY909", at, f"{name} is Python 2's", f"write {new}")


def _old(program: Program) -> Iterable[tuple[str, int, str]]:
    """Yield each name of Python 2 once, where a file uses it and does not bring its own."""
    if any(each.endswith("*") for each in program.imports):
        return  # which names there are is not known
    own = {each.rpartition(".")[2] for each in program.imports} | _bound(program)
    first: dict[str, int] = {}
    for name, line in program.names:
        if name in _NAMES and name not in own:
            first.setdefault(name, line)
    yield from ((name, line, _NAMES[name]) for name, line in first.items())
    methods: dict[str, int] = {}
    for name, line in program.attributes:
        if name in _METHODS:
            methods.setdefault(name, line)
    yield from ((f"{name}()", line, _METHODS[name]) for name, line in methods.items())
    if not _is_compatible(program):
        yield from ((name, line, _MODULES[name]) for name, line in program.imports.items() if name in _MODULES)


def _is_compatible(program: Program) -> bool:
    """Tell whether a file imports the new modules too, as those that run with both do."""
    new = {each.partition(".")[0] for each in _MODULES.values()} - {"io"}
    return any(each.partition(".")[0] in new | {"six", "future"} for each in program.imports)


def _bound(program: Program) -> set[str]:
    """Return the names that a file assigns, defines or takes as arguments."""
    found: set[str] = set()
    for node in ast.walk(program.tree) if program.tree else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
    return found
