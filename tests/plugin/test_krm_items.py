"""What passes through modelyard-fn, and what it adds: items, annotations, results."""

import io
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.plugin_calls import API, MODELS, NOTHING, Answer, call, function, generator, inline

COPY: Final = {  # what kustomize 5.8.1 adds to the copy of a generator's configuration
    "config.kubernetes.io/local-config": "true",
    "config.kubernetes.io/index": "0",
    "internal.config.kubernetes.io/index": "0",
    "internal.config.kubernetes.io/annotations-migration-resource-id": "0",
    "internal.config.kubernetes.io/id": "1",
    "config.k8s.io/id": "1",
}
SERVICE: Final = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "churn"}}
COLD: Final = {"name": "cold", "image": "registry.example.com/cold:1", "targets": {"knative": {"minScale": 0}}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with a models file, and one that renders nothing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.yaml").write_text(MODELS)
    (tmp_path / "nothing.yaml").write_text(MODELS.partition("spec:")[0] + NOTHING)
    return tmp_path


def passed(items: str) -> Answer:
    """Send items as they stand in this text."""
    config = yaml.safe_dump({"functionConfig": generator("nothing.yaml")})
    return call(io.BytesIO(f"kind: ResourceList\nitems:\n{items}{config}".encode()))


def tree(node: yaml.Node) -> object:
    """Return a node with the tags that a reader gives its scalars, so that `1.10` and "1.10" differ.

    Keys have none: in an object they are strings, quoted or not.
    """
    if isinstance(node, yaml.MappingNode):
        return [(key.value, tree(value)) for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [tree(item) for item in node.value]
    tag = str(node.tag).rpartition(":")[2]
    return tag, "null" if tag == "null" else node.value


def items_of(text: str) -> object:
    """Return the items of a ResourceList as a tree."""
    top = yaml.compose(text, yaml.SafeLoader)
    assert isinstance(top, yaml.MappingNode)
    return next(tree(value) for key, value in top.value if key.value == "items")


ITEMS: Final = r"""
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: settings            # a comment may go
    annotations:
      config.kubernetes.io/path: 'settings.yaml'
      internal.config.kubernetes.io/prefixes: blue-
      own/annotation: "010"
  data:
    z: 1.10
    y: "1.10"
    b: 010
    a: '010'
    on: on
    quoted: "on"
    when: 2024-01-02
    long: 123456789012345678901234567890
    nothing:
    tilde: ~
    empty: ""
    odd: "tab\tbell\a \"quotes\" \\ é"
    folded: plain text
      over two lines
    block: |
      one
        two

      three
    strip: >-
      four
      five
    list: [a, 1e5, {b: no}, [], {}, [[1]]]
- apiVersion: v1
  kind: Secret
  metadata: {name: first-after-z}
- a text
- apiVersion: modelyard.dev/v1alpha1
  kind: ModelGenerator
  metadata: {name: another, annotations: {config.kubernetes.io/local-config: "true"}}
"""


def test_items_keep_values_types_and_order() -> None:
    answer = passed(ITEMS)
    assert answer.code == 0, answer.err
    assert items_of(answer.out) == items_of(f"items:{ITEMS}")


_TEXT: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\x7f\ufffe\uffff"), max_size=20)
_CLEAN: Final = _TEXT.filter(lambda text: not any("\x80" <= character <= "\x9f" for character in text))
_DATA: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _CLEAN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_CLEAN, inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(_CLEAN, _DATA, max_size=4), max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_items_of_any_data_come_back(items: list[dict[str, Any]]) -> None:
    config = generator("nothing.yaml")
    assert function(config, items).items == items


def test_no_items_at_all() -> None:
    for items in ("", "~", "null", "[]"):
        text = f"kind: ResourceList\nitems: {items}\n{yaml.safe_dump({'functionConfig': generator('nothing.yaml')})}"
        assert call(io.BytesIO(text.encode())).items == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("&shared {a: b}", "an anchor (&shared) [MY005]"),
        ("{a: *shared}", "an alias (*shared) [MY005]"),
        ("{a: !!binary aGk=}", "a tag (tag:yaml.org,2002:binary) [MY006]"),
        ("{a: b, a: c}", "the key 'a' is repeated here [MY004]"),
    ],
)
def test_items_that_readers_disagree_about_are_refused_by_name(data: str, message: str) -> None:
    # kustomize resolves them before it calls. kpt does not: the file is named, for nobody sees the lines of a pipe.
    answer = passed(
        "- {kind: ConfigMap, metadata: {name: a}}\n"
        "- kind: ConfigMap\n  metadata: {name: b, annotations: {config.kubernetes.io/path: b.yaml}}\n"
        f"  data: {data}\n"
    )
    assert (answer.code, answer.out) == (1, "")
    assert message in answer.err
    assert "  in ConfigMap b (b.yaml): /items/1\n" in answer.err


def test_a_mistake_behind_the_items_is_in_none_of_them() -> None:
    answer = call(io.BytesIO(b"kind: ResourceList\nitems:\n- {kind: A}\nfunctionConfig: &a {}\n"))
    assert "an anchor (&a)" in answer.err
    assert "  in " not in answer.err


def test_the_copy_of_the_configuration_is_not_echoed() -> None:
    config = generator("nothing.yaml")
    copy = {**config, "metadata": {"name": "models", "annotations": COPY}}
    other = {**copy, "metadata": {"name": "others", "annotations": COPY}}
    own = {**config, "metadata": {"name": "models", "annotations": {"own/annotation": "x"}}}
    assert function(config, [copy, other, own]).items == [other, own]


@pytest.mark.parametrize("key", ["config.kubernetes.io/path", "internal.config.kubernetes.io/path"])
def test_the_file_of_the_configuration_stays_in_a_package_of_kpt(key: str) -> None:
    config = generator("nothing.yaml")
    file = {**config, "metadata": {"name": "models", "annotations": {**COPY, key: "fn.yaml"}}}
    assert function(config, [file]).items == [file]


def test_an_object_that_was_there_is_replaced_in_its_place() -> None:
    noted = {
        "config.kubernetes.io/path": "churn.yaml",
        "config.kubernetes.io/index": "1",
        "internal.config.kubernetes.io/previousNames": "churn",
        "config.k8s.io/id": "2",
        "kustomize.config.k8s.io/id": "kind: Service\n",
    }
    old = {**SERVICE, "metadata": {"name": "churn", "annotations": {**noted, "own": "x"}}, "spec": {"old": True}}
    before, after = ({"kind": "ConfigMap", "metadata": {"name": name}} for name in ("z", "a"))
    rendered = {item["kind"]: item for item in function().items}
    first, service, last, *rest = function(items=[before, old, after]).items
    assert (first, last) == (before, after)
    assert service["metadata"].pop("annotations") == noted
    assert service == rendered.pop("Service")
    assert rest == list(rendered.values())


@pytest.mark.parametrize("other", [{"namespace": "blue"}, {"name": "chum"}])
def test_an_object_of_another_identity_stays(other: dict[str, str]) -> None:
    item = {**SERVICE, "metadata": {"name": "churn", **other}}
    assert function(items=[item]).items[0] == item


def test_results_carry_warnings_with_file_and_place(folder: Path) -> None:
    (folder / "cold.yaml").write_text(yaml.safe_dump(inline(models=[COLD])))
    answer = function(generator("cold.yaml"))
    (result,) = yaml.safe_load(answer.out)["results"]
    assert result["message"].startswith("cold scales to zero, and SAS Container Runtime takes 12 to 15 s to start; set")
    place = {"line": "11", "column": "19"}
    assert result | {"message": ""} == {
        "message": "",
        "severity": "warning",
        "file": {"path": "cold.yaml", "index": 0},
        "tags": {"code": "MY231", **place},
    }
    assert f"cold.yaml:{place['line']}:{place['column']}: warning: cold scales to zero" in answer.err
    assert answer.err.endswith("\n1 warning\n")


def test_results_of_an_inline_set_name_the_field() -> None:
    answer = function(inline(models=[COLD]))
    (result,) = yaml.safe_load(answer.out)["results"]
    assert result | {"message": ""} == {
        "message": "",
        "severity": "warning",
        "resourceRef": {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ModelSet", "name": "risk"},
        "field": {"path": "spec.models[0].targets.knative.minScale"},
        "tags": {"code": "MY231"},
    }


def test_without_warnings_there_are_no_results() -> None:
    assert list(yaml.safe_load(function().out)) == ["apiVersion", "kind", "items"]


def _set(*names: str) -> dict[str, Any]:
    """Return a ModelSet with models of these names."""
    return inline(models=[{**COLD, "name": name} for name in names])


def _keys(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted((each["kind"], each["metadata"]["name"]) for each in items)


def test_objects_of_a_model_that_was_renamed_go_and_others_stay() -> None:
    before = function(_set("churn", "credit")).items
    paths = {"internal.config.kubernetes.io/path": "x.yaml"}
    foreign = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "labels": labels}}
        for labels in (
            {},
            {"app.kubernetes.io/managed-by": "modelyard", "app.kubernetes.io/part-of": "another"},
            {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/part-of": "risk"},
        )
    ]
    for each in before:
        each["metadata"].setdefault("annotations", {}).update(paths)
    after = function(_set("churn", "credit2"), [*foreign, *before])
    assert after.items[: len(foreign)] == foreign
    assert _keys(after.items[len(foreign) :]) == _keys(function(_set("churn", "credit2")).items)
    old = [each for each in before if each["metadata"]["name"].startswith("credit")]
    assert old
    assert "note" in after.err
    assert f"{len(old)} object" in after.err
    results = yaml.safe_load(after.out)["results"]
    assert [(each["severity"], each["tags"]["code"]) for each in results if each["tags"]["code"] == "MY503"] == [
        ("info", "MY503")
    ]


def test_a_set_that_is_empty_drops_all_that_it_made_and_transformers_nothing(folder: Path) -> None:
    before = function().items
    assert function(generator("nothing.yaml"), before).items == []
    (folder / "viya.yaml").write_text(
        "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"
        "  viya: {python: {volume: {emptyDir: {}}, mountPath: /python, services: [compute]}}\n"
    )
    kept = function(generator("viya.yaml", emit="transformers"), before)
    assert kept.items[: len(before)] == before


@pytest.mark.usefixtures("folder")
def test_a_models_file_among_the_objects_is_said_and_stays() -> None:
    noted = {"config.kubernetes.io/path": "models.yaml"}
    item = {**API, "kind": "ModelSet", "metadata": {"name": "risk", "annotations": noted}, "spec": {}}
    answer = function(items=[item])
    assert item in answer.items
    assert "ModelSet risk (models.yaml) is among the objects: it would be rewritten, and applied [MY504]" in answer.err
    noted["config.kubernetes.io/local-config"] = "true"  # kpt applies no such object
    assert "MY504" not in function(items=[item]).err
