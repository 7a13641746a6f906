"""JSON patches mean the same to modelyard, python-jsonpatch, kubectl and kustomize."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import jsonpatch
import pytest
import yaml

from modelyard.manifests.json_patch import PatchFailed, apply
from tests.support import viya
from tests.support.kustomize_builds import Identity, Object
from tests.targets.test_viya import CONFIG, NFS, RESTORE, install

VECTORS = 108  # of the suite's 112, four are disabled
ALL = f"""
    python:
      volume: {NFS}
      mountPath: /python
      services: [model-repository, mas, cas, launcher, compute, batch, connect]
      config: {CONFIG}
    restore: {RESTORE % "model-repository"}"""


def _vectors(shared: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in ("tests.json", "spec_tests.json"):
        cases = json.loads((shared / "data" / "rfc6902" / file).read_text("utf-8"))
        yield from ((f"{file}[{i}]", case) for i, case in enumerate(cases) if not case.get("disabled"))


def _agrees(case: dict[str, Any]) -> bool:
    before = copy.deepcopy(case["doc"])
    try:
        result = apply(case["doc"], case["patch"])
    except PatchFailed:
        return "error" in case
    assert case["doc"] == before, "the object itself stays as it is"
    return "error" not in case and result == case.get("expected", result)


def test_all_vectors_of_rfc_6902_pass(shared: Path) -> None:
    vectors = dict(_vectors(shared))
    assert len(vectors) == VECTORS
    assert [name for name, case in vectors.items() if not _agrees(case)] == []


@pytest.fixture(scope="module")
def patched(
    shared: Path, kustomize: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[Object, Object, str]]:
    """Return object before, object after kustomize, and patch text, for each PatchTransformer of a component alone."""
    folder = tmp_path_factory.mktemp("agree")
    plain = viya.with_more(viya.deployment(shared, folder / "plain"))
    deploy = viya.with_more(viya.deployment(shared, folder / "deploy"))
    for each in (plain, deploy):
        _without_transformers(each)
    install(viya.models_file(folder / "models", ALL), deploy)
    before, after = viya.build(kustomize, plain), viya.build(kustomize, deploy)
    text = (deploy / "site-config" / "modelyard-risk" / "transformers.yaml").read_text("utf-8")
    return [
        (body, after[identity], document["patch"])
        for document in yaml.safe_load_all(text)
        if document["kind"] == "PatchTransformer"
        for identity, body in before.items()
        if _is_target(identity, document["target"])
    ]


def _without_transformers(deploy: Path) -> None:
    """Leave what the base alone is: labels and image tags of its own transformers are not ours."""
    path = deploy / "kustomization.yaml"
    body = yaml.safe_load(path.read_text("utf-8"))
    del body["transformers"]
    path.write_text(yaml.safe_dump(body), "utf-8")


def _is_target(identity: Identity, target: dict[str, str]) -> bool:
    group, kind, name = identity
    return (group, kind) == (target.get("group", ""), target["kind"]) and target["name"] in (name, ".*")


def _plain(body: Object) -> Object:
    """Return an object without hashes behind the names of ConfigMaps and Secrets, which only a build knows."""
    text = viya.HASHES.sub('"', json.dumps(body))
    return dict(json.loads(text))


def test_kustomize_kubectl_and_jsonpatch_agree(
    patched: list[tuple[Object, Object, str]], run: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    assert {before["kind"] for before, _, _ in patched} == {"Deployment", "CASDeployment", "PodTemplate", "ConfigMap"}
    for before, after, text in patched:
        operations = yaml.safe_load(text)
        ours = apply(before, operations)
        assert jsonpatch.apply_patch(before, operations) == ours
        file = tmp_path / "object.json"
        file.write_text(json.dumps(before), "utf-8")
        done = run("kubectl", "patch", "--local", "--type=json", "-f", file, "-p", json.dumps(operations), "-o", "json")
        assert done.returncode == 0, done.stderr
        assert _plain(json.loads(done.stdout)) == _plain(ours)
        if "batch-cmd" not in before["metadata"]["name"]:  # its envFrom is made by another transformer
            assert _plain(after) == _plain(ours)
