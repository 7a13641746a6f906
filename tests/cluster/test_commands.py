"""apply, list, status and delete on a real API server with Knative's controller."""

import json
from pathlib import Path

import yaml

from tests.support.cluster_scene import KSVC, ONE, SET, Scene


def test_created_then_unchanged_then_one_changed(scene: Scene) -> None:
    first = scene.apply(SET, "--wait", "--timeout", "60")
    assert (first.code, first.out) == (0, f"{scene.namespace}: 13 created\n"), first.err
    route = scene.get("routes.serving.knative.dev", "churn")
    assert {each["tag"]: each["percent"] for each in route["status"]["traffic"]} == {"champion": 60, "challenger": 40}
    before = scene.get(KSVC, "fraud")["metadata"]["resourceVersion"]
    again = scene.apply(SET, "--wait")
    assert (again.code, again.out) == (0, f"{scene.namespace}: 13 unchanged\n")
    assert scene.get(KSVC, "fraud")["metadata"]["resourceVersion"] == before
    changed = scene.apply(SET.replace("fraud:1.0", "fraud:1.1"), "--wait", "--timeout", "60")
    assert (changed.code, changed.out) == (0, f"{scene.namespace}: 1 changed, 12 unchanged\n"), changed.err
    assert scene.get(KSVC, "fraud")["status"]["latestReadyRevisionName"] == "fraud-00002"


def test_list_and_status_fit_80_columns(scene: Scene) -> None:
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    shown = scene.run("list").out
    assert max(map(len, shown.splitlines())) <= 80
    rows = [line.split() for line in shown.splitlines()]
    assert ["fraud", "-", "100%", "yes"] in [row[:4] for row in rows]
    assert ["champion", "60%", "churn:2.0.0"] in rows
    assert [f"http://churn.{scene.namespace}.svc.cluster.local"] in rows
    models = {each["name"]: each for each in json.loads(scene.run("list", "-o", "json").out)}
    assert {name: each["ready"] for name, each in models.items()} == {"churn": True, "fraud": True, "pricing": True}
    assert {each["part_of"] for each in models.values()} == {"risk"}
    documents = list(yaml.safe_load_all(scene.run("list", "--revisions", "-o", "yaml").out))
    shares = {each["name"]: each["percent"] for each in documents}
    assert shares == {"churn-champion-00001": 60, "churn-challenger-00001": 40, "fraud-00001": 100}
    assert scene.run("status", "churn").code == 0


def test_status_says_that_an_image_cannot_be_fetched(scene: Scene) -> None:
    text = ONE.replace("registry.example.com/solo:1", "unresolvable.invalid/solo:1")
    applied = scene.apply(text, "--wait", "--timeout", "40")
    assert (applied.code, applied.out) == (1, "")
    assert "[MY708]" in applied.err
    status = scene.run("status", "solo")
    assert status.code == 1
    assert "the image cannot be fetched: check its name, and imagePullSecrets" in status.out


def test_status_says_that_an_image_pull_secret_is_missing(scene: Scene) -> None:
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    name = next(each for each in scene.names("pods") if each.startswith("pricing-"))
    at = ("-n", scene.namespace)
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    status = {"status": {"containerStatuses": [{**_container(scene, name), "state": {"waiting": waiting}}]}}
    scene.cluster.succeed("patch", "pod", name, *at, "--subresource=status", "--type=merge", "-p", json.dumps(status))
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "no-secret", "namespace": scene.namespace},
        "involvedObject": {
            "kind": "Pod",
            "name": name,
            "namespace": scene.namespace,
            "uid": scene.get("pods", name)["metadata"]["uid"],
        },
        "reason": "FailedToRetrieveImagePullSecret",
        "message": "Unable to retrieve some image pull secrets (registry-login)",
        "type": "Warning",
    }
    scene.cluster.succeed("create", "-f", "-", stdin=json.dumps(event))
    shown = " ".join(scene.run("status", "pricing").out.split())
    assert f"pod {name}: the image cannot be pulled" in shown
    assert "a Secret that imagePullSecrets names is not in this namespace" in shown
    assert "(registry-login)" in shown


def _container(scene: Scene, pod: str) -> dict[str, object]:
    found: dict[str, object] = scene.get("pods", pod)["status"]["containerStatuses"][0]
    return {**found, "ready": False}


def test_a_refused_object_lets_nothing_through(scene: Scene) -> None:
    quota = ("create", "quota", "small", "--hard=services=0", "-n", scene.namespace)
    scene.cluster.succeed(*quota)
    refused = scene.apply(SET)
    assert (refused.code, refused.out) == (1, "")
    assert "exceeded quota" in refused.err
    assert refused.err.count("[MY704]") == 1
    assert scene.names(KSVC) == set()
    assert scene.names("deployments") == set()
    assert "risk" not in scene.names("serviceaccounts")


def test_a_conflict_names_the_owner(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    scene.take_over()
    refused = scene.apply(SET)
    assert (refused.code, refused.out) == (1, "")
    assert "Deployment.apps pricing: .spec.replicas is set by night-shift [MY705]" in refused.err
    assert scene.apply(SET, "--force-conflicts").code == 0
    assert scene.get("deployments", "pricing")["spec"]["replicas"] == 2


def test_prune_takes_only_what_this_set_no_longer_declares(scene: Scene) -> None:
    assert scene.apply(ONE).code == 0
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    scene.cluster.succeed("create", "configmap", "foreign", "-n", scene.namespace)
    fewer = SET[: SET.index("    - {name: fraud")].replace('RATE: "30"', 'RATE: "60"')
    asked = scene.apply(fewer, "--prune")
    assert (asked.code, asked.out) == (2, "")
    assert "Service.serving.knative.dev fraud" in asked.err
    assert "fraud" in scene.names(KSVC)
    configs = scene.names("configmaps")
    pruned = scene.apply(fewer, "--prune", "--yes", "--wait", "--timeout", "60")
    assert pruned.code == 0, pruned.err
    assert scene.names(KSVC) == {"churn-champion", "churn-challenger", "solo"}
    assert scene.names("deployments") & {"pricing"} == set()
    assert {"risk", "other"} <= scene.names("serviceaccounts")
    # The Revisions before this one still name their ConfigMaps.
    assert configs < scene.names("configmaps")


def test_prune_takes_the_config_of_a_model_that_goes(scene: Scene) -> None:
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    assert any(name.startswith("churn-") for name in scene.names("configmaps"))
    without = SET[: SET.index("    - name: churn")] + SET[SET.index("    - {name: fraud") :]
    pruned = scene.apply(without, "--prune", "--yes", "--wait", "--timeout", "60")
    assert pruned.code == 0, pruned.err
    assert not any(name.startswith("churn-") for name in scene.names("configmaps"))
    assert scene.names(KSVC) == {"fraud"}


def test_a_model_that_gains_or_loses_its_variants_is_refused_by_name(scene: Scene) -> None:
    single = '- {name: solo, image: "registry.example.com/solo:1", runtime: pcr, targets: {knative: {minScale: 1}}}'
    split = (
        "- {name: solo, path: /solo, runtime: pcr, targets: {knative: {minScale: 1}}, "
        'variants: [{name: a, image: "registry.example.com/solo:1", percent: 100}]}'
    )
    assert scene.apply(ONE, "--wait", "--timeout", "60").code == 0
    gained = scene.apply(ONE.replace(single, split))
    assert (gained.code, gained.out) == (1, "")
    assert "solo has gained its list of variants" in gained.err
    assert scene.names(KSVC) == {"solo"}
    assert scene.run("delete", "solo", "--yes").code == 0
    assert scene.apply(ONE.replace(single, split), "--wait", "--timeout", "60").code == 0
    lost = scene.apply(ONE)
    assert (lost.code, lost.out) == (1, "")
    assert "solo has lost its list of variants" in lost.err


def test_delete_shows_what_goes_and_takes_no_foreign_model(scene: Scene) -> None:
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    foreign = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "theirs", "namespace": scene.namespace},
        "spec": {"template": {"spec": {"containers": [{"image": "registry.example.com/theirs:1"}]}}},
    }
    scene.cluster.succeed("apply", "-f", "-", stdin=json.dumps(foreign))
    assert "theirs*" in scene.run("list").out
    assert "[MY711]" in scene.run("delete", "theirs", "--yes").err
    assert "[MY710]" in scene.run("delete", "nobody", "--yes").err
    assert scene.run("delete", "churn").code == 2
    assert scene.names(KSVC) == {"churn-champion", "churn-challenger", "fraud", "theirs"}
    deleted = scene.run("delete", "churn", "theirs", "--force", "--yes")
    assert deleted.code == 0
    assert "deleted Route.serving.knative.dev churn" in deleted.out
    assert scene.names(KSVC) == {"fraud"}


def test_only_a_revision_without_calls_is_deleted(scene: Scene) -> None:
    assert scene.apply(ONE, "--wait", "--timeout", "60").code == 0
    assert scene.apply(ONE.replace("solo:1", "solo:2"), "--wait", "--timeout", "60").code == 0
    assert "[MY712]" in scene.run("delete", "--revision", "solo-00002", "--yes").err
    assert scene.run("delete", "--revision", "solo-00001", "--yes").code == 0
    assert scene.names("revisions.serving.knative.dev") == {"solo-00002"}


def test_who_may_only_read_applies_nothing(scene: Scene, tmp_path: Path) -> None:
    at = ("-n", scene.namespace)
    scene.cluster.succeed("create", "serviceaccount", "reader", *at)
    scene.cluster.succeed("create", "role", "reader", "--verb=get,list", "--resource=serviceaccounts,pods", *at)
    scene.cluster.succeed(
        "create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={scene.namespace}:reader", *at
    )
    token = scene.cluster.succeed("create", "token", "reader", *at).strip()
    config = yaml.safe_load(scene.cluster.kubeconfig.read_text("utf-8"))
    config["users"][0]["user"] = {"token": token}
    scene.where[-1] = str(tmp_path / "reader")
    (tmp_path / "reader").write_text(json.dumps(config), "utf-8")
    refused = scene.apply(ONE)
    assert (refused.code, refused.out) == (1, "")
    assert "[MY703]" in refused.err
    assert token not in refused.err
    assert scene.names(KSVC) == set()
