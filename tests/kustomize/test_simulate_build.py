"""The objects after all steps are those that the real kustomize builds."""

import shutil
from pathlib import Path

import pytest

from modelyard.kustomize.build import build
from modelyard.kustomize.simulate import effect
from modelyard.kustomize.simulate.objects import Objects
from modelyard.problems import has_errors
from tests.support.viya_deployments import DATA, bodies, lay, normal, variant

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


FRESH = "- {name: fresh, behavior: merge, literals: [Q=2]}\n"
WITH_CLAIMS = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: "db@sha512:ab"}]
      volumes: [{name: v, image: {reference: db}}]
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: job}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: db, image: db}]
          volumes: [{name: v, image: {reference: db}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: map}
data: {a: "1"}
"""
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
# What versions do otherwise, one at a time.
DIFFERENT: dict[str, dict[str, str]] = {
    "labels of claims": {
        "kustomization.yaml": "resources: [base]\nlabels:\n- {pairs: {a: b}, includeTemplates: true}\n",
    },
    "labels of claims with selectors": {
        "kustomization.yaml": "resources: [base]\nlabels:\n- {pairs: {a: b}, includeSelectors: true}\n",
    },
    "labels of claims by a field of their own": {
        "kustomization.yaml": "resources: [base]\nlabels:\n- {pairs: {a: b}, includeVolumeClaimTemplates: true}\n",
    },
    "labels by a configuration": {
        "kustomization.yaml": "resources: [base]\nlabels:\n- {pairs: {a: b}}\nconfigurations: [conf.yaml]\n",
        "conf.yaml": "labels:\n- {path: spec/template/metadata/labels, kind: StatefulSet}\n",
    },
    "image volumes and digests": {
        "kustomization.yaml": "resources: [base]\nimages:\n- {name: db, newName: other, newTag: '2'}\n",
    },
    "a component before a generator": {
        "kustomization.yaml": "resources: [base]\ncomponents: [comp]\nconfigMapGenerator:\n"
        "- {name: map, behavior: merge, literals: [a=2]}\n",
        "comp/kustomization.yaml": f"{COMPONENT}configMapGenerator:\n"
        "- {name: map, behavior: merge, literals: [a=3]}\n",
    },
    "a component of a generator": {
        "kustomization.yaml": "resources: [base]\ncomponents: [comp]\nconfigMapGenerator:\n"
        "- {name: late, literals: [a=2]}\n",
        "comp/kustomization.yaml": f"{COMPONENT}configMapGenerator:\n"
        "- {name: late, behavior: merge, literals: [a=3]}\n",
    },
}
REFUSED = {
    ("a component of a generator", "v5.0.1"),
    *(("labels of claims by a field of their own", version) for version in ("v5.0.1", "kubectl", "v5.8.1")),
}


@pytest.fixture
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


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("name", [None, *VARIANTS])
def test_a_viya_deployment(name: str | None, shared: Path, tmp_path: Path) -> None:
    deploy = variant(shared, tmp_path / "deploy", name)
    ours = normal(each.body for each in after_steps(deploy))
    assert ours == normal(really(deploy))
    expected = shared / "data" / "viya-base" / (f"variants/{name}" if name else "") / "expected.yaml"
    assert ours == normal(bodies(expected.read_bytes()))


@pytest.mark.usefixtures("each_kustomize")
@pytest.mark.parametrize("name", ["lts-2023.10", "newest"])
def test_a_viya_deployment_by_each_kustomize(name: str, shared: Path, tmp_path: Path) -> None:
    deploy = variant(shared, tmp_path / "deploy", name)
    assert normal(each.body for each in after_steps(deploy)) == normal(really(deploy))


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("name", NO_BUILD)
def test_what_kustomize_refuses_is_an_error_here(name: str, shared: Path, tmp_path: Path) -> None:
    deploy = variant(shared, tmp_path / "deploy", name)
    assert build(deploy).problems
    assert has_errors(effect(deploy, component=None)[1])


def test_components_transformers_generators_and_fields_in_one_tree(each_kustomize: str, tmp_path: Path) -> None:
    deploy = Path(shutil.copytree(DATA / "everything", tmp_path / "deploy"))
    if each_kustomize == "v5.0.1":  # its components run before the generator of `fresh`
        assert build(deploy).problems
        assert "MY611" in {each.code for each in effect(deploy, component=None)[1]}
        path = deploy / "comp" / "kustomization.yaml"
        path.write_text(path.read_text("utf-8").replace(FRESH, ""), "utf-8")
        path = deploy / "kustomization.yaml"  # and it ends in a panic at -1 on the way of a path
        path.write_text(path.read_text("utf-8").replace("/-1/name", "/0/name"), "utf-8")
    ours = normal(each.body for each in after_steps(deploy))
    theirs = normal(really(deploy))
    assert len(theirs) == 18
    assert ours == theirs


@pytest.mark.usefixtures("each_kustomize")
@pytest.mark.parametrize("step", STEPS)
def test_one_kind_of_step(step: str, tmp_path: Path) -> None:
    deploy = lay(tmp_path / "deploy", {**BASE, "kustomization.yaml": f"resources: [base]\n{STEPS[step]}"})
    assert normal(each.body for each in after_steps(deploy)) == normal(really(deploy))


@pytest.mark.parametrize("step", DIFFERENT)
def test_a_step_that_versions_take_otherwise(step: str, each_kustomize: str, tmp_path: Path) -> None:
    files = {"base/kustomization.yaml": "resources: [all.yaml]\n", "base/all.yaml": WITH_CLAIMS, **DIFFERENT[step]}
    deploy = lay(tmp_path / "deploy", files)
    built = build(deploy)
    if built.problems:
        assert (step, each_kustomize) in REFUSED
        assert has_errors(effect(deploy, component=None)[1])
        return
    assert normal(each.body for each in after_steps(deploy)) == normal(bodies(built.stream))


@pytest.mark.usefixtures("pinned")
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
[ "$1" = build ] || exec {kustomize} "$@"
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
    assert said == [
        f"building the resources of {deploy} with kustomize",
        "steps are simulated as in kustomize 5.8.1",
    ]
    content = bodies((tmp_path / "built.yaml").read_text())[0]
    assert content.keys() == {"resources", "patches", "configurations"}
    assert [Path(each).name for each in content["resources"]] == ["base", "folder"]
