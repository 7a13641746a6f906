"""OpenShift gives pods their users: on the target, and in a set whose platform it is, no container names one."""

from pathlib import Path
from typing import Final

import pytest

from modelyard import api
from modelyard.check.pods import containers, pod_templates
from modelyard.modelsfile.load import load_text
from modelyard.targets import TARGETS

# What has a container of its own beside the model, or instead of it.
_MODEL: Final = """
    - name: churn
      runtime: scr
      image: churn:2.0.0
      requestLog: {postgres: {secret: scoring-log}, columns: {hash: {fields: [NAME], secret: log-hash}}}
      monitor: {metric: psi, threshold: 0.2, score: P_BAD, baseline: {from: 2026-09-01, to: 2026-09-30},
        schedule: "0 6 * * *"}
      sidecars: [{name: token, image: "token:1.0.0", securityContext: {runAsUser: 5000}}]
      securityContext: {runAsUser: 5001}
"""
_SERVES: Final = ["deployment", "knative", "openshift", "sagemaker-proxy"]


def _users(target: str, platform: str, model: str = _MODEL) -> list[object]:
    """Return the users that containers and pods name, of everything that is rendered."""
    text = (
        "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  namespace: scoring\n"
        f"  platform: {platform}\n  registry: registry.example.com/m\n  toolImage: modelyard:0.2.0\n  models:{model}"
        f"      targets: {{{target}: {{}}}}\n"
    )
    rendering = api.render_loaded(load_text(text.encode(), "models.yaml", Path()), Path())
    assert [each for each in rendering.problems if each.severity == "error"] == []
    users: list[object] = []
    for manifest in rendering.objects:
        for template in pod_templates(manifest):
            every = [template.spec, *(container for _, container in containers((), template.spec))]
            assert len(every) > 1
            users += [
                context["runAsUser"] for each in every if "runAsUser" in (context := each.get("securityContext", {}))
            ]
    return users


@pytest.mark.parametrize("target", _SERVES)
def test_no_container_names_a_user_where_openshift_gives_it(target: str) -> None:
    assert set(_SERVES) <= set(TARGETS)
    assert _users(target, "openshift") == []
    if target != "openshift":
        assert {5000, 5001, 65532} <= {*_users(target, "kubernetes")}


def test_the_target_is_enough_whatever_the_platform_of_the_set_is() -> None:
    assert _users("openshift", "kubernetes") == []
