"""JSON Patch with kustomize's own leniencies: the same results as the binary, and as RFC 6902 where it allows."""

import copy
import json
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard.kustomize.build import build
from modelyard.manifests.json_patch import PatchFailed, apply_as_kustomize
from tests.support.viya_deployments import bodies, lay

BODY: Final[dict[str, Any]] = {
    "apiVersion": "example.com/v1",
    "kind": "Kind",
    "metadata": {"name": "a"},
    "list": [1, 2, {"x": "y"}],
    "map": {"a/b": 1, "m~n": 2, "empty": {}, "text": "t", "null": None, "deep": {"er": [0]}},
}
OPERATIONS: Final[list[dict[str, Any]]] = [
    {"op": "add", "path": "/list/-", "value": 3},
    {"op": "add", "path": "/list/0", "value": 0},
    {"op": "add", "path": "/list/3", "value": 3},
    {"op": "add", "path": "/list/4", "value": 3},
    {"op": "add", "path": "/list/-1", "value": "last"},
    {"op": "add", "path": "/list/-4", "value": "first"},
    {"op": "add", "path": "/list/-5", "value": 0},
    {"op": "add", "path": "/list/+1", "value": 0},
    {"op": "add", "path": "/list/01", "value": 0},
    {"op": "add", "path": "/list/x", "value": 0},
    {"op": "add", "path": "/list/2/z", "value": 0},
    {"op": "add", "path": "/list/-1/z", "value": 0},
    {"op": "add", "path": "/map/a~1b", "value": 0},
    {"op": "add", "path": "/map/m~0n", "value": 0},
    {"op": "add", "path": "/map/new", "value": {"a": [1]}},
    {"op": "add", "path": "/map/new"},
    {"op": "add", "path": "/map/none/new", "value": 1},
    {"op": "add", "path": "/map/text/new", "value": 1},
    {"op": "add", "path": "/map/null/new", "value": 1},
    {"op": "add", "path": "map/new", "value": 1},
    {"op": "add", "path": "", "value": {}},
    {"op": "add", "path": "/", "value": 1},
    {"op": "replace", "path": "/map/text", "value": "u"},
    {"op": "replace", "path": "/map/absent", "value": "u"},
    {"op": "replace", "path": "/absent/deeper", "value": "u"},
    {"op": "replace", "path": "/list/2", "value": "u"},
    {"op": "replace", "path": "/list/-1", "value": "u"},
    {"op": "replace", "path": "/list/3", "value": "u"},
    {"op": "replace", "path": "/list/-", "value": "u"},
    {"op": "remove", "path": "/map/text"},
    {"op": "remove", "path": "/map/absent"},
    {"op": "remove", "path": "/list/-1"},
    {"op": "remove", "path": "/list/3"},
    {"op": "remove", "path": "/list/-"},
    {"op": "move", "from": "/list/0", "path": "/map/moved"},
    {"op": "move", "from": "/map/absent", "path": "/map/moved"},
    {"op": "move", "from": "/list/0", "path": "/list/-"},
    {"op": "copy", "from": "/map/deep", "path": "/map/copied"},
    {"op": "copy", "from": "/map/absent", "path": "/map/copied"},
    {"op": "copy", "from": "/list/9", "path": "/map/copied"},
    {"op": "copy", "from": "/absent/x", "path": "/map/copied"},
    {"op": "copy", "path": "/map/copied"},
    {"op": "test", "path": "/map/text", "value": "t"},
    {"op": "test", "path": "/map/text", "value": "u"},
    {"op": "test", "path": "/map/absent", "value": None},
    {"op": "test", "path": "/map/absent", "value": 1},
    {"op": "test", "path": "/list/0", "value": 1.0},
    {"op": "test", "path": "/list/0", "value": "1"},
    {"op": "test", "path": "/list/0", "value": True},
    {"op": "test", "path": "/map/deep", "value": {"er": [0]}},
    {"op": "test", "path": "/list/9", "value": 1},
    {"op": "append", "path": "/list/-", "value": 1},
    {"op": "add", "value": 1},
]


def test_every_operation_does_what_the_binary_does(
    tmp_path: Path, kustomize: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(kustomize.parent))
    lay(tmp_path, {"a.yaml": json.dumps(BODY)})
    for index, operation in enumerate(OPERATIONS):
        patch = {"target": {"kind": "Kind"}, "patch": json.dumps([operation])}
        folder = lay(
            tmp_path / str(index),
            {"kustomization.yaml": json.dumps({"resources": ["../a.yaml"], "patches": [patch]})},
        )
        result = build(folder)
        ours = copy.deepcopy(BODY)
        if result.problems:
            with pytest.raises(PatchFailed):
                apply_as_kustomize(ours, operation)
            assert ours == BODY, operation
        else:
            apply_as_kustomize(ours, operation)
            assert [ours] == bodies(result.stream), operation


def vectors(shared: Path) -> list[dict[str, Any]]:
    """Return the vectors of RFC 6902 on mappings with a sound result."""
    folder = shared / "data" / "rfc6902"
    listed = [each for name in ("tests.json", "spec_tests.json") for each in json.loads((folder / name).read_text())]
    return [
        each
        for each in listed
        if not each.get("disabled") and isinstance(each.get("expected"), dict) and isinstance(each["doc"], dict)
    ]


def test_the_vectors_of_the_rfc_that_have_a_result(shared: Path) -> None:
    known = 0
    for each in vectors(shared):
        if any(operation.get("path") == "" for operation in each["patch"]):
            continue  # of a whole object: kustomize refuses it
        body = copy.deepcopy(each["doc"])
        for operation in each["patch"]:
            apply_as_kustomize(body, operation)
        assert body == each["expected"], each
        known += 1
    assert known > 30


def test_a_failed_operation_names_what_is_missing_and_no_value() -> None:
    with pytest.raises(PatchFailed, match=r"add /map/txt/x: there is no txt in /map") as failed:
        apply_as_kustomize(copy.deepcopy(BODY), {"op": "add", "path": "/map/txt/x", "value": "secret"})
    assert failed.value.hint == "did you mean text?"
    with pytest.raises(PatchFailed) as failed:
        apply_as_kustomize(copy.deepcopy(BODY), {"op": "test", "path": "/map/text", "value": "secret"})
    assert "secret" not in failed.value.message + failed.value.hint
