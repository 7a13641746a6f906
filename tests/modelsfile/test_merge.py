"""Removals: what null and $remove take out stays out, however many layers are merged, and in which order."""

import json
from functools import reduce
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard import api
from modelyard.files.yaml import ListMarks, MapMarks, Marks, Sources, read
from modelyard.models.fields import shipped
from modelyard.modelsfile.load import Loaded, load_text
from modelyard.modelsfile.merge import BY_NAME, REMOVE, Tree, merge, settled

Data = dict[str, Any]

HEAD = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"

# Few names, so that layers meet: mappings, lists by name, lists that are replaced, texts and null for one key.
_KEYS = st.sampled_from(["a", "b", "volumes"])
_SCALARS = st.none() | st.sampled_from(["x", "y"])
_NAMES = st.sampled_from(["v", "w"])


@st.composite
def _mappings(draw: st.DrawFn, depth: int) -> Data:
    return draw(st.dictionaries(_KEYS, _values(depth), max_size=3))


@st.composite
def _items(draw: st.DrawFn, depth: int) -> list[Data]:
    names = draw(st.lists(st.tuples(_NAMES, st.booleans()), max_size=3, unique=True))
    return [{"name": name, REMOVE: True} if gone else {**draw(_mappings(depth)), "name": name} for name, gone in names]


def _values(depth: int) -> st.SearchStrategy[Any]:
    if depth == 0:
        return _SCALARS
    return _SCALARS | _mappings(depth - 1) | _items(depth - 1) | st.lists(_SCALARS, max_size=2)


_LAYERS = st.lists(_mappings(3), min_size=1, max_size=5)


def _marks(data: object) -> Marks:
    if isinstance(data, dict):
        marks = MapMarks(0)
        marks.entries = {key: (0, _marks(value)) for key, value in data.items()}
        return marks
    if isinstance(data, list):
        items = ListMarks(0)
        items.items = [_marks(item) for item in data]
        return items
    return 0


def _tree(data: Data) -> Tree:
    marks = _marks(data)
    assert isinstance(marks, MapMarks)
    return Tree(data, marks)


def _laid(below: Any, value: Any, key: str) -> Any:
    """Lay a value over what is really there, removing at once: the reference."""
    if isinstance(value, dict):
        result = dict(below) if isinstance(below, dict) else {}
        for each, item in value.items():
            if item is None:
                result.pop(each, None)
            else:
                result[each] = _laid(result.get(each), item, each)
        return result
    if not isinstance(value, list) or key not in BY_NAME:
        return value
    items: list[Any] = list(below) if isinstance(below, list) else []
    own = set[str]()  # what this layer brought itself is not merged with
    for item in value:
        if not isinstance(item, dict):
            items.append(item)
            continue
        name = item["name"]
        at = next((i for i, each in enumerate(items) if isinstance(each, dict) and each["name"] == name), None)
        if item.get(REMOVE):
            items = [each for i, each in enumerate(items) if i != at or name in own]
        elif at is None or name in own:
            items.append(_laid(None, item, ""))
        else:
            items[at] = _laid(items[at], item, "")
        own.add(name)
    return items


def _plain(data: object) -> object:
    """Return data in which the order of items by name does not count: what is rendered is sorted."""
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    if isinstance(data, list):
        items = [_plain(item) for item in data]
        return sorted(items, key=repr) if any(isinstance(item, dict) for item in items) else items
    return data


@given(_LAYERS)
def test_layers_give_what_removing_at_once_gives(layers: list[Data]) -> None:
    expected: Data = reduce(lambda below, layer: _laid(below, layer, ""), layers, {})
    from_below = settled(reduce(merge, map(_tree, layers)))
    assert _plain(from_below.data) == _plain(expected)


@given(_LAYERS)
def test_it_does_not_matter_which_layers_meet_first(layers: list[Data]) -> None:
    from_below = settled(reduce(merge, map(_tree, layers)))
    from_above = settled(reduce(lambda upper, lower: merge(lower, upper), map(_tree, reversed(layers))))
    assert _plain(from_above.data) == _plain(from_below.data)


@given(_LAYERS)
def test_marks_have_the_shape_of_the_data(layers: list[Data]) -> None:
    tree = settled(reduce(merge, map(_tree, layers)))

    def check(data: object, marks: Marks) -> None:
        if isinstance(data, dict):
            assert isinstance(marks, MapMarks)
            for key, value in data.items():
                check(value, marks.entries[key][1])
        elif isinstance(data, list):
            assert isinstance(marks, ListMarks)
            for item, mark in zip(data, marks.items, strict=True):
                check(item, mark)

    check(*tree)


def _load(spec: str) -> Loaded:
    return load_text((HEAD + spec).encode(), "models.yaml", Path())


DEFAULTS = """\
  defaults:
    env: {TRACE: "1", REGION: north}
    nodeSelector: {disk: fast}
    resources: {limits: {cpu: "1", memory: 1Gi}}
    volumes: [{name: v, mountPath: /v, emptyDir: {sizeLimit: 1Gi}}]
    probes: {liveness: false}
    targets: {knative: {minScale: 1, maxScale: 3}}
"""
MODEL = '  models: [{name: a, image: "r.io/a:1", targets: {knative: {minScale: 1}}, '
CHANGES = """\
env: {TRACE: null, OTHER: x},
      nodeSelector: null,
      resources: {limits: {cpu: null}},
      volumes: [{name: v, emptyDir: {sizeLimit: null}}],
      probes: ~,
      targets: {knative: {maxScale: null}}"""


def _shown(loaded: Loaded) -> Data:
    assert loaded.models is not None
    (model,) = loaded.models.models
    (served,) = model.served
    return served.data


@pytest.mark.parametrize(
    "spec",
    [
        DEFAULTS + f'  models:\n    - {{name: a, image: "r.io/a:1.0.0", {CHANGES}}}\n',
        DEFAULTS
        + '  models:\n    - {name: a, image: "r.io/a:1.0.0", targets: {knative: {}}, variants: [{name: c, '
        + f"{CHANGES}}}]}}\n",
    ],
    ids=["model", "variant"],
)
def test_null_removes_a_default(spec: str) -> None:
    loaded = _load(spec)
    assert loaded.problems == []
    data = _shown(loaded)
    assert data["env"] == {"REGION": "north", "OTHER": "x"}
    assert "nodeSelector" not in data
    assert data["resources"] == {"limits": {"memory": "1Gi"}}
    assert data["volumes"] == [{"name": "v", "mountPath": "/v", "emptyDir": {}}]
    assert "probes" not in data
    assert data["targets"] == {"knative": {"minScale": 1}}


@pytest.mark.parametrize(
    ("base", "own", "data"),
    [
        ("env: null", "env: {B: own}", {"env": {"B": "own"}}),
        ("env: {A: null}", "env: {B: own}", {"env": {"B": "own"}}),
        ("env: {A: base}", "env: {A: null}", {"env": {}}),
        ("env: {A: null}", "env: {A: own}", {"env": {"A": "own"}}),
        (
            "volumes: [{name: v, mountPath: /base}]",
            "volumes: [{name: v, $remove: true}]",
            {"volumes": []},
        ),
        (
            "volumes: [{name: v, $remove: true}]",
            "volumes: [{name: v, mountPath: /own, emptyDir: {}}]",
            {"volumes": [{"name": "v", "mountPath": "/own", "emptyDir": {}}]},
        ),
    ],
)
def test_what_a_base_removes_stays_removed_from_the_defaults(tmp_path: Path, base: str, own: str, data: Data) -> None:
    defaults = "  defaults: {env: {A: default}, volumes: [{name: v, mountPath: /v, secret: {secretName: s}}]}\n"
    model = '  models:\n    - {name: a, image: "r.io/a:1.0.0", targets: {knative: {minScale: 1}}, '
    (tmp_path / "base.yaml").write_text(f"{HEAD}{defaults}{model}{base}}}\n", "utf-8")
    (tmp_path / "models.yaml").write_text(
        f"{HEAD}  base: base.yaml\n  models:\n    - {{name: a, {own}}}\n", encoding="utf-8"
    )
    loaded = api.load(tmp_path / "models.yaml")
    assert loaded.problems == []
    shown = _shown(loaded)
    assert {key: shown[key] for key in data} == data


def test_a_default_that_a_file_removes_is_no_default(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(HEAD + DEFAULTS, "utf-8")
    top = tmp_path / "models.yaml"
    top.write_text(
        HEAD + "  base: base.yaml\n  defaults: {env: {TRACE: null}, nodeSelector: ~}\n"
        '  models: [{name: a, image: "r.io/a:1.0.0", targets: {knative: {}}}]\n',
        "utf-8",
    )
    loaded = api.load(top)
    assert loaded.problems == []
    assert _shown(loaded)["env"] == {"REGION": "north"}
    assert "nodeSelector" not in _shown(loaded)


def test_null_takes_a_target_out() -> None:
    loaded = _load(
        DEFAULTS + '  models: [{name: a, image: "r.io/a:1.0.0", targets: {knative: null, deployment: {replicas: 1}}}]\n'
    )
    assert loaded.problems == []
    assert _shown(loaded)["targets"] == {"deployment": {"replicas": 1}}


@pytest.mark.parametrize(
    ("spec", "code", "message", "hint", "at"),
    [
        ("  platfrom: null\n", "MY101", "unknown key platfrom", "did you mean platform?", "platfrom"),
        ("  defaults: {enw: null}\n", "MY101", "unknown key enw", "did you mean env?", "enw"),
        (
            '  models: [{name: a, image: "r.io/a:1", targets: {knative: {minScal: ~, minScale: 1}}}]\n',
            "MY101",
            "unknown key minScal",
            "take it out: minScale is there already",
            "minScal:",
        ),
        (
            '  models: [{name: a, image: "r.io/a:1", targets: {knativ: ~, knative: {minScale: 1}}}]\n',
            "MY106",
            "unknown target knativ",
            "take it out: knative is there already",
            "knativ:",
        ),
        (
            MODEL + "env: {A: {fieldRef: {fieldPath: b}, subpath: ~}}}]\n",
            "MY101",
            "unknown key subpath",
            "known here: configMapKeyRef, expand, fieldRef, resourceFieldRef, secretKeyRef",
            "subpath",
        ),
        (
            MODEL + "variants: [{name: c, targets: {knative: null}}]}]\n",
            "MY210",
            "target knative belongs to the model",
            "take it out there",
            "knative: null",
        ),
    ],
)
def test_null_that_can_remove_nothing_is_a_mistake(spec: str, code: str, message: str, hint: str, at: str) -> None:
    loaded = _load(spec + ("" if "models" in spec else "  allowEmpty: true\n"))
    (found,) = loaded.problems
    assert (found.code, found.message, found.hint) == (code, message, hint)
    assert found.place
    assert (found.place.line, found.place.column) == (5, spec.index(at) + 1)


def test_null_over_defaults_of_the_field(shared: Path) -> None:
    folder = shared / "data" / "field" / "null-over-defaults"
    rendering = api.render(folder / "models.yaml")
    assert rendering.models is not None
    own = [each.body for each in rendering.objects if each.body["metadata"]["name"] == "nulls"]
    (service,) = [body for body in own if body["kind"] == "Service"]
    template = service["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert [each["name"] for each in container["env"]] == ["REGION", "SAS_SCR_APP_PATH"]
    assert container["resources"]["limits"] == {"memory": "1Gi"}
    assert not [key for key in template["metadata"].get("annotations", {}) if "scale" in key.lower()]
    other = {each.body["kind"] for each in rendering.objects if each.body["metadata"]["name"] == "nulls-b"}
    assert "Deployment" in other
    assert [each.specs.keys() for model in rendering.models.models for each in model.served] == [
        {"knative"},
        {"deployment"},
    ]


def test_editors_take_null_wherever_it_removes(shared: Path) -> None:
    text = (shared / "data" / "field" / "null-over-defaults" / "models.yaml").read_bytes()
    validator = jsonschema_rs.validator_for(json.loads(shipped()))
    assert [str(each) for each in validator.iter_errors(read(text, Sources(), "models.yaml").data)] == []
