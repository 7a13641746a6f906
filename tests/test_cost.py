"""What reading, checking and reporting cost: time and memory grow with the input, and not faster."""

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import ROOT
from tests.expressions import Pattern, patterns, pumped

LENGTH: Final = 20_000  # characters: twice as many steps as that take 0.2 ms, their square takes a second
SLOW: Final = 0.25  # seconds
METHODS: Final = ("fullmatch", "match", "search")
_LIKE: Final = {"findall": "search", "finditer": "search", "sub": "search", "split": "search"}
# Held in tuples and mappings, where their use is not seen by their names.
HELD: Final = {
    "credentials._VALUE": {"search"},
    "check.go_syntax._PART": {"fullmatch"},  # findall: of durations, which have at most 1,000 characters
    "load.viya_rules": {"fullmatch"},
    # findall: of a text that ends with the last ), see the test of variables
    "pods._REFERENCE": {"fullmatch"},
    "targets.sagemaker.environment._EXPANDED": {"fullmatch"},
    "targets.sagemaker.rules": {"fullmatch"},
}
PACKAGE: Final = ROOT / "generator" / "modelyard"
PATTERNS: Final = patterns()


def used(name: str) -> set[str]:
    """Return the methods by which the package uses an expression; all, if that is not seen."""
    held = next((methods for prefix, methods in HELD.items() if name.startswith(prefix)), None)
    if held is not None:
        return held
    module, _, last = re.sub(r"\.\d+$", "", name).rpartition(".")
    own = PACKAGE / f"{module.replace('.', '/')}.py"
    found = {
        _LIKE.get(node.attr, node.attr)
        for path in ([own] if last.startswith("_") and own.exists() else PACKAGE.rglob("*.py"))
        for node in _attributes(path)
        if isinstance(node.value, ast.Name) and node.value.id == last
    }
    return found & set(METHODS) or set(METHODS)


def _attributes(path: Path) -> Iterator[ast.Attribute]:
    if path not in _SEEN:
        _SEEN[path] = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)]
    yield from _SEEN[path]


_SEEN: Final[dict[Path, list[ast.Attribute]]] = {}


def slow(pattern: Pattern, methods: set[str]) -> Iterator[str]:
    """Yield the beginnings of texts that take an expression too long."""
    for text in pumped(pattern, LENGTH):
        data = text.encode() if isinstance(pattern.pattern, bytes) else text
        for method in methods:
            # Twice, because other processes may take the time of one.
            if _seconds(pattern, method, data) > SLOW and _seconds(pattern, method, data) > SLOW:
                yield f"{method} of {text[:20]!r}…{text[-3:]!r}"
                return


def _seconds(pattern: Pattern, method: str, data: str | bytes) -> float:
    start = time.process_time()
    getattr(pattern, method)(data)
    return time.process_time() - start


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_an_expression_takes_time_that_grows_with_the_text(name: str) -> None:
    assert list(slow(PATTERNS[name], used(name))) == []


def test_the_texts_find_expressions_that_are_not_linear() -> None:
    assert len(PATTERNS) > 100
    for text in (r"(a+)+b", r"[0-9]+\.?[0-9]*x", r"\s*\s*x"):
        short = re.compile(text)
        assert any(_runs_away(text, each) for each in pumped(short, 22 if "+)+" in text else LENGTH)), text


def _runs_away(pattern: str, text: str) -> bool:
    return _seconds(re.compile(pattern), "fullmatch", text) > SLOW
