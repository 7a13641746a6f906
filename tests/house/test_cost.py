"""What reading, checking and reporting cost: time and memory grow with the input, and not faster."""

import ast
import re
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard.api.objects import check_streams
from modelyard.manifests import expansion, json_patch
from modelyard.problems import MAX_FINDINGS, problem, unique
from modelyard.targets.workloads import pods
from tests.conftest import ROOT
from tests.support.expressions import Pattern, patterns, pumped

LENGTH: Final = 20_000  # characters: twice as many steps as that take 0.2 ms, their square takes a second
SLOW: Final = 0.25  # seconds
METHODS: Final = ("fullmatch", "match", "search")
_LIKE: Final = {"findall": "search", "finditer": "search", "sub": "search", "split": "search"}
# Held in tuples and mappings, where their use is not seen by their names.
HELD: Final = {
    "check.go_syntax._PART": {"fullmatch"},  # findall: of durations, which have at most 1,000 characters
    "modelsfile.viya_rules": {"fullmatch"},
    # finditer: up to the last ), see the test of variables
    "manifests.expansion._TOKEN": {"fullmatch"},
    "targets.sagemaker.rules": {"fullmatch"},
    "spark_migration.settings": {"fullmatch"},
    "spark_migration.shell._MADE": {"fullmatch"},
    "spark_migration.target": {"fullmatch"},
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


@pytest.mark.slow
def test_the_texts_find_expressions_that_are_not_linear() -> None:
    assert len(PATTERNS) > 100
    for text in (r"(a+)+b", r"[0-9]+\.?[0-9]*x", r"\s*\s*x"):
        short = re.compile(text)
        assert any(_runs_away(text, each) for each in pumped(short, 26 if "+)+" in text else LENGTH)), text


def _runs_away(pattern: str, text: str) -> bool:
    return _seconds(re.compile(pattern), "fullmatch", text) > SLOW


def megabytes() -> int:
    """Return the most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def config_map(rest: str) -> dict[str, bytes]:
    """Return a stream of one ConfigMap with some more lines."""
    return {"stream": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{rest}".encode()}


def as_kustomize(body: dict[str, Any], operations: Sequence[dict[str, Any]]) -> None:
    """Apply operations as kustomize does, one after the other."""
    for operation in operations:
        json_patch.apply_as_kustomize(body, operation)


_APPLY: Final[dict[str, Callable[..., object]]] = {"RFC 6902": json_patch.apply, "kustomize": as_kustomize}


@pytest.mark.parametrize("apply", sorted(_APPLY))
@pytest.mark.parametrize("to", ["/a/{}", "/a" + "/x" * 40])
def test_copies_of_a_patch_have_a_budget(apply: str, to: str) -> None:
    body = {"a": {"x": {"text": "y" * 1000}}}
    operations = [{"op": "copy", "from": "/a", "path": to.format(number)} for number in range(40)]
    if "/x/x" in to:
        operations = [{"op": "copy", "from": "/a", "path": "/a" + "/x" * 2**number} for number in range(12)]
    before = megabytes()
    with pytest.raises(json_patch.PatchFailed, match=r"the object would hold more than|levels inside each other"):
        _APPLY[apply](body, operations)
    assert megabytes() - before < 60


@pytest.mark.parametrize("operation", ["add", "replace"])
def test_an_object_does_not_get_deeper_than_it_can_be_written(operation: str) -> None:
    value: object = {"x": None}
    for _ in range(50):
        value = {"x": value}
    operations = [{"op": operation, "path": "/a" + "/x" * (50 * number), "value": value} for number in range(30)]
    with pytest.raises(json_patch.PatchFailed, match="more than 200 levels"):
        json_patch.apply({"a": None}, operations)


@pytest.mark.parametrize("key", ["9" * 5000, "٣", "-1", "1e3"])
def test_a_pointer_to_a_list_has_an_index_or_fails(key: str) -> None:
    for op in ("add", "remove", "replace", "test"):
        with pytest.raises(json_patch.PatchFailed):
            json_patch.apply({"a": [1]}, [{"op": op, "path": f"/a/{key}", "value": 1}])


def test_aliases_stand_for_a_bounded_text() -> None:
    anchored = f"base: &a '{'x' * 1_000_000}'\nx:\n" + "- *a\n" * 3000
    (found,) = check_streams(config_map(anchored)).problems
    assert (found.code, found.message.partition(" than ")[2]) == ("MY009", "4194304 characters")
    assert check_streams(config_map("base: &a xxxx\nx:\n" + "- *a\n" * 3000)).objects == 1


def test_findings_are_bounded_and_the_report_says_so() -> None:
    containers = ",".join(["{}"] * 100_000)
    content = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers: [{containers}]\n".encode()
    before = megabytes()
    problems = check_streams({"stream": content}).problems
    assert len(problems) == MAX_FINDINGS + 1
    assert [each.message for each in problems if each.code == "MY399"] == ["there are more than 10000 findings"]
    assert unique(problems) == problems
    assert megabytes() - before < 400


def test_errors_are_reported_before_all_else_where_not_all_are() -> None:
    notes = [problem("MY391", f"note {number}") for number in range(MAX_FINDINGS)]
    kept = unique([*notes, problem("MY390", "an error")])
    assert len(kept) == MAX_FINDINGS + 1
    assert [each.message for each in kept if each.code == "MY390"] == ["an error"]
    assert unique(notes[:-1]) == unique(unique(notes[:-1]))


def test_variables_that_refer_to_each_other_are_put_in_order_in_one_pass() -> None:
    used = {f"A{i}": {f"A{i + 1}", f"A{i + 2}"} for i in range(9_998)}
    order = {name: at for at, name in enumerate(pods._in_order(used, [f"A{i}" for i in range(10_000)]))}
    assert all(order[each] < order[user] for user, others in used.items() for each in others)
    assert expansion.references("$(" * 200_000) == []
    assert pods._in_order({"A": {"B"}, "B": {"A"}}, ["A", "B", "C"]) == ["C", "A", "B"]


def test_expressions_that_wait_for_their_first_use_are_tried_too() -> None:
    assert {"manifests.names._QUANTITY", "check.rules.routes._VALUES", "manifests.names._PORT_NAME"} <= set(PATTERNS)
