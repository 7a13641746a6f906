"""Only what is implemented is offered: by the schema, by explain, by targets, and by what messages propose."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from modelyard import api
from modelyard.models.fields import shipped
from modelyard.models.model import Runtime
from modelyard.modelsfile.explain import explain
from modelyard.modelsfile.load import load_text
from modelyard.problems.codes import CODES
from modelyard.targets import SECTIONS, TARGETS
from tests.conftest import ROOT, Run

HEAD = (
    "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  registry: r.example.com/m\n"
)
PLANNED_WORDS = re.compile(r"\b(requestLog\.files|log in files)\b")


def words(node: Any) -> set[str]:
    """Return the keys and the allowed words of a schema."""
    if isinstance(node, list):
        return set().union(*map(words, node))
    if not isinstance(node, dict):
        return set()
    own = {*node.get("properties", {}), *(str(each) for each in node.get("enum", ()))}
    return own.union(*(words(each) for key, each in node.items() if key not in ("enum", "description")))


def test_the_schema_offers_no_planned_word() -> None:
    schema = json.loads(shipped())
    assert {"scr", "knative", "deployment", "podMonitor"} <= words(schema)
    log = schema["$defs"]["Model"]["properties"]["requestLog"]
    offered = words(log)
    assert "postgres" in offered
    assert "files" not in offered


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


@pytest.mark.parametrize("field", ["models.runtime", "defaults.runtime", "models.variants.runtime", "models.targets"])
def test_explain_offers_no_planned_word(field: str) -> None:
    text, _ = explain(field)
    assert text
    assert not PLANNED_WORDS.search(text)


def test_targets_lists_what_exists(modelyard: Run) -> None:
    listed = [line.split()[0] for line in modelyard("targets").stdout.splitlines()]
    assert listed == [*sorted(TARGETS), *(f"spec.{name}" for name in SECTIONS)]


@pytest.mark.parametrize(
    ("model", "code", "says"),
    [
        ("runtime: tensorflw", "MY104", "did you mean tensorflow? Allowed: custom, pcr, scr, spark or tensorflow"),
        ("runtime: [scr]", "MY104", "Allowed: custom, pcr, scr, spark or tensorflow"),
        ("patchs: []", "MY101", "did you mean patches?"),
        ("requestLog: {files: 's3://b/log'}", "MY107", "`modelyard targets` lists what exists"),
    ],
)
def test_messages_offer_what_exists(model: str, code: str, says: str) -> None:
    text = f"{HEAD}  models: [{{name: a, image: 'a:1', targets: {{deployment: {{}}}}, {model}}}]\n"
    problems = load_text(text.encode(), "models.yaml", Path()).problems
    (found,) = [each for each in problems if each.code != "MY102"]  # the log needs its other place as long
    assert found.code == code
    assert says in found.hint
    assert not PLANNED_WORDS.search(found.hint)


def test_codes_and_starters_offer_no_planned_word() -> None:
    for code in CODES.values():
        assert not PLANNED_WORDS.search(code.text)
    for path in (ROOT / "templates" / "init").iterdir():
        assert not PLANNED_WORDS.search(path.read_text("utf-8"))
