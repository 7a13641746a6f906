"""Patches of a set on the items of a ResourceList, which others wrote: as a KRM transformer."""

import io
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.conftest import Run
from tests.support.consoles import environment
from tests.support.kustomize_builds import PLUGINS
from tests.support.plugin_calls import Answer, call

ITEMS: Final = """\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: web
    annotations: {config.kubernetes.io/index: '0', internal.config.kubernetes.io/id: '7'}
  spec: {replicas: 1, version: 1.10, day: 2024-01-02, mode: 0o17, big: 12345678901234567890, empty: ~}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: web}
  data: {version: "1.10"}
functionConfig:
"""
PATCH: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: site}
spec:
  patches:
    - target: {kind: Deployment, group: apps}
      ops:
        - {op: test, path: /spec/replicas, value: 1}
        - {op: test, path: /spec/version, value: 1.1}
        - {op: replace, path: /spec/replicas, value: 3}
        - {op: add, path: /metadata/annotations, value: {patched: "yes"}}
"""


def _called(config: str) -> Answer:
    indented = "".join(f"  {line}\n" for line in config.splitlines())
    return call(io.BytesIO((ITEMS + indented).encode()))


def test_a_patch_changes_an_item_and_leaves_its_other_values_as_they_are_written() -> None:
    answer = _called(PATCH)
    deployment, config_map = answer.items
    assert deployment["metadata"]["annotations"] == {
        "patched": "yes", "config.kubernetes.io/index": "0", "internal.config.kubernetes.io/id": "7",
    }  # fmt: skip
    assert deployment["spec"]["replicas"] == 3
    for text in ("version: 1.10\n", "day: 2024-01-02\n", "mode: 0o17\n", "big: 12345678901234567890\n"):
        assert f"    {text}" in answer.out
    assert config_map["data"] == {"version": "1.10"}


def test_a_mistake_is_told_at_its_field_and_nothing_is_passed_on() -> None:
    answer = _called(PATCH.replace("replace, path: /spec/replicas", "replace, path: /spec/replcas"))
    assert (answer.code, answer.out) == (1, "")
    assert "ModelSet site: spec.patches[0].ops[2]: error: Deployment.apps web: replace /spec/replcas" in answer.err
    answer = _called(PATCH.replace("group: apps", "group: app"))
    assert (answer.code, answer.out) == (1, "")
    assert "ModelSet site: spec.patches[0].target: error: the patch's target matches no object" in answer.err
    assert "did you mean group: apps?" in answer.err


def test_a_pointer_to_a_file_tells_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models.yaml").write_text(PATCH.replace("replace, path: /spec/replicas", "remove, path: /spec/replcas"))
    generator = (
        "apiVersion: modelyard.dev/v1alpha1\nkind: ModelGenerator\n"
        "metadata: {name: models}\nspec: {models: models.yaml}\n"
    )
    monkeypatch.chdir(tmp_path)
    answer = _called(generator)
    assert "models.yaml:10:11: error: Deployment.apps web: remove /spec/replcas" in answer.err


def test_kustomize_runs_it_as_a_transformer(kustomize: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [web.yaml]\ntransformers: [patches.yaml]\n")
    web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1, version: 1.1}\n"
    (tmp_path / "web.yaml").write_text(web)
    annotation = (
        "metadata:\n  name: site\n  annotations:\n    config.kubernetes.io/function: 'exec: {path: modelyard-fn}'"
    )
    (tmp_path / "patches.yaml").write_text(PATCH.replace("metadata: {name: site}", annotation))
    build = [kustomize, "build", PLUGINS, "--enable-exec", tmp_path]
    done = run(*build, env=environment())
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    assert (found["spec"]["replicas"], found["metadata"]["annotations"]) == (3, {"patched": "yes"})
    (tmp_path / "kustomization.yaml").write_text("generators: [patches.yaml]\n")
    done = run(*build, env=environment())
    assert done.returncode == 1
    assert "list it under transformers:, not under generators:" in done.stderr
