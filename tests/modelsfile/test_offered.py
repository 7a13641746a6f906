"""Only what is implemented is offered: by the schema, by explain, by targets, and by what messages propose."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from modelyard import api
from modelyard.models.fields import shipped
from modelyard.models.model import Runtime
from modelyard.modelsfile.load import load_text
from modelyard.targets import SECTIONS, TARGETS
from tests.conftest import Run

HEAD = (
    "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  registry: r.example.com/m\n"
)


def words(node: Any) -> set[str]:
    """Return the keys and the allowed words of a schema."""
    if isinstance(node, list):
        return set().union(*map(words, node))
    if not isinstance(node, dict):
        return set()
    own = {*node.get("properties", {}), *(str(each) for each in node.get("enum", ()))}
    return own.union(*(words(each) for key, each in node.items() if key not in ("enum", "description")))


def test_the_schema_offers_what_exists() -> None:
    schema = json.loads(shipped())
    assert {"scr", "knative", "deployment", "podMonitor"} <= words(schema)
    assert {"postgres", "files"} <= words(schema["$defs"]["Model"]["properties"]["requestLog"])


@pytest.mark.parametrize("runtime", sorted({*get_args(Runtime)} - {"spark"}))
@pytest.mark.parametrize("target", ["deployment", "knative", "openshift", "sagemaker-proxy"])
def test_every_runtime_that_is_offered_is_rendered(runtime: str, target: str) -> None:
    model = f"  models: [{{name: a, image: 'a:1', runtime: {runtime}, port: 9000, targets: {{{target}: {{}}}}}}]\n"
    model = model.replace("port", "probes: {readiness: {httpGet: {path: /ready}}}, port")
    if runtime == "tensorflow":
        model = model.replace("port: 9000", "version: 7")
    rendering = api.render_loaded(load_text((HEAD + model).encode(), "models.yaml", Path()), Path())
    assert [each for each in rendering.problems if each.severity == "error"] == []
    assert [each for each in rendering.objects if each.model == "a"]


def test_targets_lists_what_exists(modelyard: Run) -> None:
    listed = [line.split()[0] for line in modelyard("targets").stdout.splitlines()]
    assert listed == [*sorted(TARGETS), *(f"spec.{name}" for name in SECTIONS)]


@pytest.mark.parametrize(
    ("model", "code", "says"),
    [
        ("runtime: tensorflw", "MY104", "did you mean tensorflow? Allowed: custom, pcr, scr, spark or tensorflow"),
        ("runtime: [scr]", "MY104", "Allowed: custom, pcr, scr, spark or tensorflow"),
        ("patchs: []", "MY101", "did you mean patches?"),
    ],
)
def test_messages_offer_what_exists(model: str, code: str, says: str) -> None:
    text = f"{HEAD}  models: [{{name: a, image: 'a:1', targets: {{deployment: {{}}}}, {model}}}]\n"
    problems = load_text(text.encode(), "models.yaml", Path()).problems
    (found,) = problems
    assert found.code == code
    assert says in found.hint
