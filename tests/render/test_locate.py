"""Rules in the pipeline: findings have the line of the models file, can be accepted, and never follow from mistakes."""

import time
from pathlib import Path
from textwrap import indent
from typing import Final

import pytest

from modelyard import api
from modelyard.api import parts
from modelyard.check import check_objects
from modelyard.check.finding import Cluster
from modelyard.check.schemas.kinds import Kinds
from tests.support import rule_examples

pytestmark = pytest.mark.long

HEAD: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  models:\n"
GATEWAY: Final = "{gateway: {name: main, namespace: edge, host: models.example.com}}"


def _problems(folder: Path, *models: str) -> set[tuple[str, int]]:
    text = HEAD + "".join(indent(each, "    ") + "\n" for each in models)
    (folder / "models.yaml").write_text(text, "utf-8")
    found = (each for each in api.check(folder) if not each.accepted)
    return {(each.code, each.place.line if each.place else 0) for each in found}


def test_two_models_on_one_host_and_path_are_found_at_the_second(tmp_path: Path) -> None:
    models = [
        f'- name: {name}\n  image: "r.io/{name}:1"\n  runtime: pcr\n  path: /score\n'
        f"  securityContext: {{runAsUser: 1001}}\n  targets: {{deployment: {GATEWAY}}}"
        for name in ("churn", "fraud")
    ]
    assert {code for code, _ in _problems(tmp_path, *models)} == {"MY380"}
    (found,) = api.check(tmp_path)
    related = found.related[-1]
    assert (str(found.place), str(related.place), related.message) == (
        f"{tmp_path}/models.yaml:12:13", f"{tmp_path}/models.yaml:6:13", "the first",
    )  # fmt: skip
    assert _problems(tmp_path, models[0], models[1].replace("/score", "/other")) == set()


def test_an_image_without_a_version_is_found_at_its_line_and_can_be_accepted(tmp_path: Path) -> None:
    model = "- name: churn\n  image: r.io/churn\n  targets: {knative: {minScale: 1}}"
    assert _problems(tmp_path, model) == {("MY370", 7)}
    assert _problems(tmp_path, f"{model}\n  ignore: [{{code: MY370, reason: a test}}]") == set()


@pytest.mark.parametrize("mistake", ["resources: {requests: {cpu: lots}}", "labels: {app.kubernetes.io/name: other}"])
def test_what_follows_from_a_mistake_is_not_said(mistake: str, tmp_path: Path) -> None:
    model = f"- name: churn\n  image: r.io/churn\n  {mistake}\n  targets: {{deployment: {{}}}}"
    sound = "- name: fraud\n  image: r.io/fraud\n  targets: {knative: {minScale: 1}}"
    found = _problems(tmp_path, model, sound)
    assert ("MY370", 11) in found
    assert "MY324" not in {code for code, _ in found}
    assert ("MY370", 7) not in found


def test_a_finding_names_the_index_in_the_stream() -> None:
    bodies = [None, "text", {}, {"kind": "A"}, *rule_examples.changed(["configmap"], {"/0/metadata/name": "Bad_Name"})]
    found = {(each.manifest, each.code) for each in check_objects(bodies, Cluster())}
    assert found == {(0, "MY303"), (1, "MY303"), (2, "MY303"), (3, "MY303"), (4, "MY320")}


def test_a_version_without_schemas_is_no_version() -> None:
    with pytest.raises(ValueError, match=r"1\.20"):
        Kinds("1.20")


def test_checking_takes_less_than_twice_the_time_of_rendering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = (
        "    - name: model-{0}\n      image: r.io/model_{0}:1.0.0\n      path: /model_{0}\n"
        "      env: {{THRESHOLD: '0.{0}'}}\n      config: {{RATE: '{0}'}}\n"
        "      resources: {{requests: {{cpu: 500m, memory: 1Gi}}, limits: {{memory: 2Gi}}}}\n"
        "      targets: {{knative: {{minScale: 1, maxScale: 5, target: 10, window: 60s}}}}\n"
    )
    (tmp_path / "models.yaml").write_text(HEAD + "".join(model.format(number) for number in range(400)), "utf-8")
    ratios = []
    for _ in range(3):
        start = time.process_time()
        assert api.check(tmp_path) == []
        middle = time.process_time()
        with monkeypatch.context() as without_rules:
            without_rules.setattr(parts, "_check", lambda *_: [])
            assert len(api.overlay(tmp_path).content) == 403
        ratios.append((middle - start) / (time.process_time() - middle))
    assert min(ratios) < 2, ratios  # 1.2 to 1.5
