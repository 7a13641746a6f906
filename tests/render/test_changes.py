"""Differences between two states of a set, in the words of the models file."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard import api
from modelyard.manifests.manifest import Manifest
from modelyard.render.changes import Change, Difference, Pair, of_objects, of_sets, shown
from modelyard.render.changes.field_names import field_of_object

FILE: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: scoring
  labels: {team: risk}
  defaults: {runtime: pcr}
  models:
    - name: churn
      path: /churn
      config: {RATE: "30"}
      variants:
        - {name: champion, image: "reg.example.com/churn:2.0.0", percent: 90}
        - {name: challenger, image: "reg.example.com/churn:2.1.0", percent: 10, env: {LEVEL: "INFO"}}
      targets: {knative: {minScale: 1}}
    - name: pricing
      image: reg.example.com/pricing:3.2.1
      env: {MODE: "fast"}
      targets: {knative: {minScale: 0, maxScale: 5}, deployment: {name: pricing-http, replicas: 2}}
"""
# What is changed in the file, and the line that says so; the two ways of looking agree unless there are two lines.
CHANGES: Final = (
    ("2.0.0", "2.0.1", "churn: champion image 2.0.0 -> 2.0.1", ""),
    ("reg.example.com/pricing:3.2.1", "pricing:4", "pricing: image reg.example.com/pricing:3.2.1 -> pricing:4", ""),
    ("minScale: 1", "minScale: 2", "churn: minScale 1 -> 2", ""),
    ("minScale: 0", "minScale: 1", "pricing: knative.minScale 0 -> 1", ""),
    ("replicas: 2", "replicas: 3", "pricing: deployment.replicas 2 -> 3", ""),
    ('RATE: "30"', 'RATE: "60"', "churn: config.RATE 30 -> 60", ""),
    ('MODE: "fast"', 'MODE: "MODE"', "pricing: env.MODE fast -> MODE", ""),  # a value that is its own name
    ('RATE: "30"', 'RATE: "30", MORE: "a"', "churn: config.MORE none -> a", ""),
    ('LEVEL: "INFO"', 'LEVEL: "DEBUG"', "churn: challenger env.LEVEL INFO -> DEBUG", ""),
    ('MODE: "fast"', 'MODE: "fast", SEED: "7"', "pricing: env.SEED none -> 7", ""),
    ("team: risk", "team: fraud", "the set: labels.team risk -> fraud", ""),
    ("percent: 90", "percent: 80", "churn: champion percent 90 -> 80", ""),
    (
        "minScale: 0, maxScale: 5",
        "minScale: 0",
        "pricing: knative.maxScale 5 -> none",
        "pricing: maxScale 5 -> none",
    ),
    ('MODE: "fast"', "", "pricing: env.MODE fast -> none", ""),
    (', env: {LEVEL: "INFO"}', "", "churn: challenger env.LEVEL INFO -> none", ""),
    (
        "replicas: 2",
        "",
        "pricing: deployment.replicas 2 -> none",
        "pricing: replicas 2 -> 1, PodDisruptionBudget pricing-http present -> none",
    ),
    ("minScale: 1}", "minScale: 1, timeout: 2m}", "churn: timeout none -> 2m", "churn: timeout none -> 120"),
)


def rendering(folder: Path, text: str) -> api.Rendering:
    """Render a file that is not checked: the states in between need not be sound."""
    (folder / "models.yaml").write_text(text, "utf-8")
    return api.render(folder)


def pairs(before: api.Rendering, after: api.Rendering) -> list[Pair]:
    """Return what a cluster would hold between two applies: each object beside the one that it takes the place of."""

    def key(each: Manifest) -> tuple[str, str, str]:
        return each.group, each.kind, each.name.rpartition("-")[0] if each.hashed else each.name

    old, new = ({key(each): each for each in side.objects} for side in (before, after))
    both = {**old, **new}
    return [
        Pair(both[at].model or "", old[at].body if at in old else None, new[at].body if at in new else None)
        for at in both
    ]


def text(found: Sequence[Difference]) -> str:
    return shown(found, "text")


@pytest.mark.parametrize(("old", "new", "declared", "live"), CHANGES, ids=[each[1] for each in CHANGES])
def test_a_change_is_called_as_the_models_file_calls_it(
    old: str, new: str, declared: str, live: str, tmp_path: Path
) -> None:
    assert FILE.count(old) == 1
    before, after = rendering(tmp_path, FILE), rendering(tmp_path, FILE.replace(old, new))
    assert before.models
    assert after.models
    assert text(of_sets(before.models, after.models)) == f"{declared}\n"
    assert text(of_objects(after.models, pairs(before, after))) == f"{live or declared}\n"


def test_what_the_file_no_longer_says_has_the_name_that_it_had() -> None:
    template = (Path(__file__).parents[2] / "templates" / "knative" / "service.yaml").read_text("utf-8")
    pairs_ = re.findall(r'(autoscaling[.]knative[.]dev/[a-z-]+): "?{{ knative[.](\w+) }}', template)
    assert len(pairs_) > 8
    for annotation, name in pairs_:
        path = ("spec", "template", "metadata", "annotations", annotation)
        assert field_of_object(path) == name
    container = ("spec", "template", "spec", "containers", "m")
    assert field_of_object((*container, "resources", "limits", "memory")) == "resources.limits.memory"
    assert field_of_object(("spec", "template", "metadata", "labels", "team")) == "labels.team"
    assert field_of_object(("spec", "template", "spec", "containerConcurrency")) == "containerConcurrency"


def test_what_is_the_same_is_no_difference(tmp_path: Path) -> None:
    one = rendering(tmp_path, FILE)
    assert one.models
    assert of_sets(one.models, one.models) == []
    assert of_objects(one.models, pairs(one, one)) == []


def test_models_and_variants_that_come_and_go(tmp_path: Path) -> None:
    whole = rendering(tmp_path, FILE)
    without_pricing = FILE.partition("    - name: pricing")[0]
    one = rendering(tmp_path, without_pricing)
    assert whole.models
    assert one.models
    assert text(of_sets(whole.models, one.models)) == "pricing: removed\n"
    assert text(of_objects(one.models, pairs(whole, one))) == "pricing: removed\n"
    new = "pricing: new (image reg.example.com/pricing:3.2.1)\n"
    assert text(of_sets(one.models, whole.models)) == new
    assert text(of_objects(whole.models, pairs(one, whole))) == new
    assert text(of_sets(None, one.models)).splitlines() == [
        "the set: labels.team none -> risk, namespace none -> scoring, set none -> risk",
        (
            "churn: new (challenger image reg.example.com/churn:2.1.0, champion image reg.example.com/churn:2.0.0, "
            "challenger percent 10, champion percent 90)"
        ),
    ]
    third = FILE.replace(
        "percent: 90}", 'percent: 85}\n        - {name: third, image: "reg.example.com/churn:3", percent: 5}'
    )
    three = rendering(tmp_path, third)
    assert three.models
    came = "churn: third image none -> reg.example.com/churn:3, champion percent 90 -> 85, third percent none -> 5"
    assert text(of_sets(whole.models, three.models)) == f"{came}\n"
    live = text(of_objects(three.models, pairs(whole, three)))
    assert "third Service churn-third none -> present" in live
    assert "third percent none -> 5" in live
    assert "champion percent 90 -> 85" in live


def test_what_looks_like_a_credential_is_not_shown(tmp_path: Path) -> None:
    secret = "hunter2-planted"  # noqa: S105 - planted, to be looked for in outputs
    text_ = FILE.replace('MODE: "fast"', f'DB_PASSWORD: "{secret}"')
    before, after = rendering(tmp_path, text_), rendering(tmp_path, text_.replace(secret, f"{secret}-2"))
    assert before.models
    assert after.models
    for found in (of_sets(before.models, after.models), of_objects(after.models, pairs(before, after))):
        assert found
        for form in ("text", "markdown", "json"):
            assert secret not in shown(found, form)
            assert "<hidden>" in shown(found, form)


def test_a_number_at_a_place_of_that_number_is_no_name(tmp_path: Path) -> None:
    one = rendering(tmp_path, FILE)
    assert one.models
    body = next(each.body for each in one.objects if each.kind == "NetworkPolicy" and each.model == "churn")
    ports = [{"port": 0}, {"port": 1}]
    live = {**body, "spec": {**body["spec"], "extra": ports}}
    wanted = {**body, "spec": {**body["spec"], "extra": [{"port": 5}, {"port": 6}]}}
    found = text(of_objects(one.models, [Pair("churn", live, wanted)]))
    assert found == "churn: extra.0.port 0 -> 5, extra.1.port 1 -> 6\n"


def test_the_server_s_own_fields_are_no_difference(tmp_path: Path) -> None:
    one = rendering(tmp_path, FILE)
    assert one.models

    def stored(body: dict[str, Any], number: int) -> dict[str, Any]:
        annotations = {**(body["metadata"].get("annotations") or {}), "serving.knative.dev/lastModifier": str(number)}
        own = {"resourceVersion": str(number), "generation": number, "annotations": annotations}
        return {**body, "metadata": {**body["metadata"], **own}, "status": {"observedGeneration": number}}

    found = [Pair(each.model or "", stored(each.body, 1), stored(each.body, 2)) for each in one.objects]
    assert of_objects(one.models, found) == []


def test_markdown_shows_every_text_as_it_is() -> None:
    change = Change("", "env.X", "a|b", "`<b>` @you\n[x](http://y)")
    found = [Difference("m", "changed", (change,)), Difference("gone", "removed")]
    assert shown(found, "markdown").splitlines() == [
        "| model | field | before | after |",
        "|---|---|---|---|",
        "| m | env.X | `a\\|b` | `` `<b>` @you\\u000a[x](http://y) `` |",
        "| gone | removed |  |  |",
    ]
    assert shown([], "markdown") == ""


def test_json_holds_plain_values() -> None:
    found = [Difference("m", "changed", (Change("v", "minScale", 0, None),))]
    assert json.loads(shown(found, "json")) == [
        {
            "model": "m",
            "what": "changed",
            "changes": [{"variant": "v", "field": "minScale", "before": 0, "after": None}],
        }
    ]
    assert json.loads(shown([], "json")) == []
