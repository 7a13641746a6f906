"""A credential in each field of a models file and of a stream, beside a mistake on its line: no format shows it."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard import api
from modelyard.api.objects import check_streams
from modelyard.problems import Problem
from modelyard.report.counts import Report
from modelyard.report.formats import FORMATS, written
from tests.support.shares import share

CASES: Final = Path(__file__).resolve().parents[1] / "render" / "cases"
SETS: Final = (
    "deployment-embedder",
    "knative-every-field",
    "knative-token-sidecar",
    "sagemaker-async",
    "sagemaker-containers",
    "sagemaker-every-field",
    "sagemaker-model-data",
    "sagemaker-proxy-every-field",
    "viya-every-field",
)
CANARY: Final = "canaryqzwqzw"
FORMED: Final = f"user:{CANARY}@host"  # a credential wherever it stands
SELECTING: Final = frozenset(["labels", "matchLabels", "selector"])
FREE: Final = frozenset(["annotations", "args", "command", "config", "data", "env", "podAnnotations", "stringData"])

Path_ = tuple[Any, ...]


def _leaves(node: object, path: Path_ = ()) -> Iterator[Path_]:
    if isinstance(node, dict):
        for key, item in node.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _leaves(item, (*path, index))
    else:
        yield path


def _at(node: Any, path: Path_) -> Any:
    for part in path:
        node = node[part]
    return node


def _formed(data: Any, path: Path_) -> Any:
    """Put a credential in place of a value, and a mistake into the nearest mapping around it."""
    changed = copy.deepcopy(data)
    _at(changed, path[:-1])[path[-1]] = FORMED
    return _mistaken(changed, path)


def _unknown(data: Any, path: Path_) -> Any:
    """Misspell the key of a value, which has no form that gives it away."""
    changed = copy.deepcopy(data)
    # What selects objects is no place for credentials, and a selector that finds nothing is told with its words.
    if isinstance(path[-1], str) and not SELECTING.intersection(path[-2:-1]):
        above = _at(changed, path[:-1])
        above.pop(path[-1])
        above[f"{path[-1]}x"] = CANARY
    return _mistaken(changed, path)


def _free(data: Any, path: Path_) -> Any:
    """Put a value without such a form where the user alone decides what stands there."""
    changed = copy.deepcopy(data)
    if FREE.intersection(path[-2:-1]) or (path[-1] == "value" and "env" in path[-3:]):
        _at(changed, path[:-1])[path[-1]] = CANARY
    return _mistaken(changed, path)


WAYS: Final[dict[str, Callable[[Any, Path_], Any]]] = {"formed": _formed, "unknown": _unknown, "free": _free}


def _mistaken(data: Any, path: Path_) -> Any:
    around = next(path[:end] for end in range(len(path) - 1, -1, -1) if isinstance(_at(data, path[:end]), dict))
    _at(data, around)["minscale"] = 1
    return data


def _on_one_line(data: Any) -> str:
    return yaml.safe_dump(data, default_flow_style=True, width=10**6, allow_unicode=True)


def _shown(problems: list[Problem], contents: dict[str, bytes]) -> str:
    report = Report(tuple(problems), tuple(contents), strict=False, contents=contents)
    return "".join(written(name, report) for name in FORMATS)


def _reports(data: Any, way: str) -> Iterator[tuple[Path_, str]]:
    for path in share(list(_leaves(data)), list(WAYS).index(way)):
        yield path, _on_one_line(WAYS[way](data, path))


@pytest.mark.many
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", SETS)
def test_no_field_of_a_models_file_shows_it(case: str, way: str, tmp_path: Path) -> None:
    data = yaml.safe_load((CASES / case / "models.yaml").read_text("utf-8"))
    file = tmp_path / "models.yaml"
    found = 0
    for path, text in _reports(data, way):
        file.write_text(text, "utf-8")
        problems = api.check(file)
        assert CANARY not in _shown(problems, {str(file): text.encode()}), path
        found += bool(problems)
    assert found > len(share(range(20)))


def _objects() -> Iterator[Any]:
    """Yield what the samples render, an object of each kind, with what is no part of them."""
    yield {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "data": {"a": "b"},
        "stringData": {"a": "b"},
    }
    yield {"apiVersion": "example.com/v1", "kind": "Own", "metadata": {"name": "a"}, "spec": {"login": {"phrase": "b"}}}
    seen: set[str] = set()
    for case in SETS:
        for file in sorted((CASES / case / "expected").rglob("*.yaml")):
            for each in yaml.safe_load_all(file.read_text("utf-8")):
                if isinstance(each, dict) and each.get("kind") not in (*seen, None):
                    seen.add(each["kind"])
                    yield each


@pytest.mark.many
@pytest.mark.parametrize("way", WAYS)
def test_no_field_of_a_stream_shows_it(way: str) -> None:
    found = 0
    for each in _objects():
        for path, text in _reports(each, way):
            contents = {"stream.yaml": text.encode()}
            problems = check_streams(contents).problems
            assert CANARY not in _shown(problems, contents), (each["kind"], path)
            found += bool(problems)
    assert found > len(share(range(100)))


@pytest.mark.parametrize("place", ["a: [", "a: 1\n  b: 2", "'", "&a b", "\tb: 1"])
def test_no_file_that_cannot_be_read_shows_it(place: str, tmp_path: Path) -> None:
    data = yaml.safe_load((CASES / SETS[0] / "models.yaml").read_text("utf-8"))
    file = tmp_path / "models.yaml"
    for line in yaml.safe_dump(data).splitlines():
        key = line[: line.index(":") + 1] if ":" in line else "- "
        text = f"{key} {CANARY}\n{place}\n{key} {CANARY}\nx: {CANARY}\n"
        file.write_text(text, "utf-8")
        assert CANARY not in _shown(api.check(file), {str(file): text.encode()}), line
