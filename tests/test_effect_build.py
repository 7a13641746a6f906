"""The objects after all steps are those that the real kustomize builds."""

import shutil
from pathlib import Path

import pytest

from modelyard.effect import effect
from modelyard.effect.objects import Objects
from modelyard.kustomize import build
from modelyard.problem import has_errors
from tests.deployments import DATA, bodies, lay, normal, variant

NO_BUILD = ("bad-pointer", "bad-no-merge", "bad-duplicate-name")
VARIANTS = (
    "older", "lts-2023.10", "newest", "good-order", "bad-order", "bad-target", "bad-target-group", "bad-second-key",
)  # fmt: skip
BASE = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: web, image: web, ports: [{containerPort: 80, protocol: TCP}, {containerPort: 80, protocol: UDP}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: extra}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: map}
data: {a: "1", b: "2"}
""",
}
# What kustomize does with a patch of each kind, one at a time: nothing may hide behind another step.
STEPS = {
    "names and their patches by the old name": """\
namePrefix: p-
nameSuffix: -s
transformers:
- |-
  apiVersion: builtin
  kind: PatchTransformer
  metadata: {name: t}
  patch: '[{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]'
  target: {name: web|p-map-s}
- |-
  apiVersion: builtin
  kind: PrefixSuffixTransformer
  metadata: {name: u}
  prefix: q-
  suffix: -r
  fieldSpecs: [{path: metadata/name, kind: ConfigMap}]
""",
    "a namespace, and what is in it": """\
namespace: one
transformers:
- |-
  apiVersion: builtin
  kind: NamespaceTransformer
  metadata: {name: n, namespace: two}
  unsetOnly: true
  fieldSpecs: [{path: spec/namespace, kind: Deployment, create: true}]
- |-
  apiVersion: builtin
  kind: PatchTransformer
  metadata: {name: t}
  patch: '[{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]'
  target: {namespace: one, kind: "[A-Z].*p.*"}
""",
    "ports by two keys": """\
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec:
          containers:
          - name: web
            ports: [{containerPort: 80, protocol: UDP, name: u}, {containerPort: 81}, {containerPort: 82, name: x}]
""",
    "a list replaced and a mapping deleted": """\
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      strategy: {rollingUpdate: {$patch: delete}, type: Recreate}
      template:
        spec:
          containers: [{$patch: replace}, {name: only, image: only}]
          volumes: [{name: a, emptyDir: {}}, {name: b, $patch: delete}]
- patch: |-
    $patch: replace
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: map}
    data: {c: "3"}
""",
    "a patch that may change kind and name": """\
patches:
- patch: |-
    apiVersion: v1
    kind: Other
    metadata: {name: another}
  target: {kind: ConfigMap}
  options: {allowKindChange: true, allowNameChange: true}
- patch: |-
    - {op: add, path: /data/late, value: "1"}
  target: {kind: Other, name: map}
""",
    "words that are booleans to one reader": """\
patches:
- target: {kind: ConfigMap}
  patch: |-
    - {op: add, path: /metadata/labels, value: {a: 'yes', b: "010"}}
    - {op: add, path: /extra, value: [yes, off, 010, 0x1f, 1e3, 1_000, ~, Null, 2024-01-02x, .5]}
""",
    "images by every part": """\
images:
- {name: web, newTag: "1"}
transformers:
- |-
  apiVersion: builtin
  kind: ImageTagTransformer
  metadata: {name: a}
  imageTag: {name: w.b, newName: "cr.example.com:5000/x/web"}
- |-
  apiVersion: builtin
  kind: ImageTagTransformer
  metadata: {name: b}
  imageTag: {name: "cr.example.com:5000/x/web", tagSuffix: -2, digest: ""}
- |-
  apiVersion: builtin
  kind: ImageTagTransformer
  metadata: {name: c}
  imageTag: {name: map, newName: never}
  fieldSpecs: [{path: metadata/name}]
""",
}


@pytest.fixture(autouse=True)
def pinned(kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the pinned kustomize first on PATH."""
    monkeypatch.setenv("PATH", f"{kustomize.parent}:/usr/bin:/bin")


def after_steps(deploy: Path) -> Objects:
    objects, problems = effect(deploy, component=None)
    assert objects is not None, problems
    return objects


def really(deploy: Path) -> list[dict[str, object]]:
    result = build(deploy)
    assert not result.problems, result.problems
    return bodies(result.stream)


@pytest.mark.parametrize("name", [None, *VARIANTS])
def test_a_viya_deployment(name: str | None, shared: Path, tmp_path: Path) -> None:
    deploy = variant(shared, tmp_path / "deploy", name)
    ours = normal(each.body for each in after_steps(deploy))
    assert ours == normal(really(deploy))
    expected = shared / "data" / "viya-base" / (f"variants/{name}" if name else "") / "expected.yaml"
    assert ours == normal(bodies(expected.read_bytes()))


@pytest.mark.parametrize("name", NO_BUILD)
def test_what_kustomize_refuses_is_an_error_here(name: str, shared: Path, tmp_path: Path) -> None:
    deploy = variant(shared, tmp_path / "deploy", name)
    assert build(deploy).problems
    assert has_errors(effect(deploy, component=None)[1])


def test_components_transformers_generators_and_fields_in_one_tree(tmp_path: Path) -> None:
    deploy = Path(shutil.copytree(DATA / "everything", tmp_path / "deploy"))
    ours = normal(each.body for each in after_steps(deploy))
    theirs = normal(really(deploy))
    assert len(theirs) == 18
    assert ours == theirs


@pytest.mark.parametrize("step", STEPS)
def test_one_kind_of_step(step: str, tmp_path: Path) -> None:
    deploy = lay(tmp_path / "deploy", {**BASE, "kustomization.yaml": f"resources: [base]\n{STEPS[step]}"})
    assert normal(each.body for each in after_steps(deploy)) == normal(really(deploy))


def test_kubectl_gives_the_same_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl = shutil.which("kubectl")
    assert kubectl
    deploy = Path(shutil.copytree(DATA / "everything", tmp_path / "deploy"))
    theirs = normal(really(deploy))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").symlink_to(kubectl)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert normal(each.body for each in after_steps(deploy)) == theirs


def test_a_deployment_without_resources_needs_no_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "configMapGenerator:\n- {name: only, literals: [A=1]}\n"
    deploy = lay(tmp_path / "deploy", {"kustomization.yaml": content})
    theirs = normal(really(deploy))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert normal(each.body for each in after_steps(deploy)) == theirs


def test_one_build_with_nothing_that_changes_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path
) -> None:
    fake = lay(tmp_path / "bin", {"kustomize": f"""#!/bin/sh
for last; do :; done
echo built >> {tmp_path}/builds
cp "$last/kustomization.yaml" {tmp_path}/built.yaml
exec {kustomize} "$@"
"""})  # fmt: skip
    (fake / "kustomize").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:/usr/bin:/bin")
    deploy = Path(shutil.copytree(DATA / "everything", tmp_path / "deploy"))
    said: list[str] = []
    effect(deploy, component=None, progress=said.append)
    assert (tmp_path / "builds").read_text() == "built\n"
    assert said == [f"building the resources of {deploy} with kustomize"]
    content = bodies((tmp_path / "built.yaml").read_text())[0]
    assert content.keys() == {"resources", "patches", "configurations"}
    assert [Path(each).name for each in content["resources"]] == ["base", "folder"]
