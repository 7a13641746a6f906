"""Our own component in a deployment: its lines of the models file, and where it meets hand-written patches."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard.files.yaml import Sources
from modelyard.files.yaml.marked import marked
from modelyard.files.yaml.stream import read_all
from modelyard.kustomize.simulate import Ours, check, effect
from modelyard.kustomize.simulate.read import first_mark
from modelyard.manifests.manifest import ConfigMapEntries, Manifest, Rendered, TargetPatch
from modelyard.problems import Place
from tests.support.viya_deployments import DATA, found, lay

NAME: Final = "site-config/modelyard-risk"
BASE: Final = (DATA / "base.yaml").read_bytes()
VOLUME: Final = (
    "{op: add, path: /spec/template/spec/volumes/-, value: {name: python-volume, nfs: {server: nfs, path: /p}}}"
)
MOUNT: Final = (
    "{op: add, path: /spec/template/spec/containers/0/volumeMounts/-, value: {name: python-volume, mountPath: /python}}"
)
ENV_FROM: Final = (
    "{op: add, path: /spec/template/spec/containers/0/envFrom/-,"
    " value: {configMapRef: {name: sas-restore-job-parameters}}}"
)


def component(text: str) -> Ours:
    """Return a component whose values have the places of a text, which stands for a models file.

    patches: operations by kind and name. merge, create: data of ConfigMaps by name.
    """
    sources = Sources()
    [document] = read_all(text.encode(), sources, "models.yaml")
    data: Any = marked(document.data, document.marks)
    patches = [
        TargetPatch(
            "apps" if target[0] == "Deployment" else "", "v1", *target, each["operations"], each.get("lacks", False)
        )
        for each in data.get("patches", [])
        for target in [(each["kind"], each["name"])]
    ]
    maps = [
        ConfigMapEntries(name, entries, merge=key == "merge")
        for key in ("merge", "create")
        for name, entries in data.get(key, {}).items()
    ]
    manifests = [Manifest(each, "made.yaml") for each in data.get("objects", [])]

    def place(value: object) -> Place:
        mark = first_mark(value)
        return Place("models.yaml", 1, 1) if mark is None else sources.place(mark)

    return Ours(NAME, Rendered(manifests, patches, maps), place)


def patching(name: str, *operations: str, kind: str = "Deployment", lacks: bool = False) -> str:
    """Return the text of a component with one patch: its name in line 2, and an operation in each line from 6 on."""
    lines = [f"- name: {name}", f"  kind: {kind}", f"  lacks: {str(lacks).lower()}", "  operations:"]
    return "\n".join(["patches:", *lines, *(f"  - {each}" for each in operations)]) + "\n"


def by_hand(*operations: str, name: str = "sas-model-manager") -> dict[str, str]:
    """Return a deployment with a hand-written patch, with an operation in each line from 5 on."""
    head = ["apiVersion: builtin", "kind: PatchTransformer", f"metadata: {{name: {name}}}", "patch: |-"]
    tail = [f"target: {{kind: Deployment, name: {name}}}"]
    text = "\n".join([*head, *(f"  - {each}" for each in operations), *tail]) + "\n"
    return {"kustomization.yaml": "transformers: [hand.yaml]\n", "hand.yaml": text}


def said(folder: Path, files: Mapping[str, str], text: str) -> list[str]:
    """Return what is found in a deployment with a component."""
    return found(check(lay(folder, files), component=component(text), base=BASE), folder)


PLAIN: Final = {"kustomization.yaml": "labels: []\n"}


def test_a_sound_component_is_not_complained_about(tmp_path: Path) -> None:
    text = patching("sas-model-manager", VOLUME, MOUNT, ENV_FROM) + "merge: {sas-restore-job-parameters: {A: '1'}}\n"
    assert said(tmp_path, PLAIN, text) == []


def test_a_target_of_ours_that_matches_nothing(tmp_path: Path) -> None:
    deploy = lay(tmp_path, PLAIN)
    [problem] = check(deploy, component=component(patching("sas-model-repository", ENV_FROM)), base=BASE)
    assert (problem.code, problem.place) == ("MY608", Place("models.yaml", 2, 9))
    assert problem.hint.endswith("where sas-model-manager restores: write restore.service: model-manager")


def test_a_pointer_of_ours_that_fails(tmp_path: Path) -> None:
    wrong = VOLUME.replace("/spec/template", "/template")
    assert said(tmp_path, PLAIN, patching("sas-model-manager", MOUNT.replace("python-volume", "tmp"), wrong)) == [
        "models.yaml:7 MY609"
    ]


def test_a_merge_of_ours_into_nothing(tmp_path: Path) -> None:
    assert said(tmp_path, PLAIN, "merge:\n  absent:\n    A: '1'\n") == ["models.yaml:2 MY611"]


def test_a_new_map_of_ours_that_exists(tmp_path: Path) -> None:
    assert said(tmp_path, PLAIN, "create:\n  sas-shared-config:\n    A: '1'\n") == ["models.yaml:2 MY611"]


def test_a_hand_written_patch_that_does_the_same_is_one_finding(tmp_path: Path) -> None:
    text = patching("sas-model-manager", VOLUME, MOUNT, ENV_FROM)
    assert said(tmp_path, by_hand(VOLUME, MOUNT, ENV_FROM), text) == ["hand.yaml:5 MY616 models.yaml:6"]


def test_one_volume_name_with_two_sources(tmp_path: Path) -> None:
    other = VOLUME.replace("path: /p", "path: /other")
    text = patching("sas-model-manager", VOLUME)
    assert said(tmp_path, by_hand(other), text) == ["hand.yaml:5 MY615 models.yaml:6"]


def test_the_hand_written_one_is_the_place_also_where_it_runs_first(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": f"components: [hand, {NAME}]\n",
        "hand/kustomization.yaml": "kind: Component\npatches:\n- target: {name: sas-model-manager}\n  path: p.yaml\n",
        "hand/p.yaml": f"- {VOLUME}\n",
    }
    assert said(tmp_path, files, patching("sas-model-manager", VOLUME)) == ["hand/p.yaml:1 MY616 models.yaml:6"]


MERGES: Final = """\
configMapGenerator:
- name: sas-restore-job-parameters
  behavior: merge
  literals:
  - SAS_BACKUP_ID=20260101-000000F
"""


@pytest.mark.parametrize(("value", "code"), [("other", "MY618"), ("20260101-000000F", "MY619")])
def test_a_parameter_that_ours_overrides(value: str, code: str, tmp_path: Path) -> None:
    text = f"merge:\n  sas-restore-job-parameters:\n    SAS_BACKUP_ID: {value}\n"
    problems = check(lay(tmp_path, {"kustomization.yaml": MERGES}), component=component(text), base=BASE)
    assert found(problems, tmp_path) == [f"models.yaml:3 {code} kustomization.yaml:5"]
    assert ("the models file wins" in problems[0].message) is (code == "MY618")


def test_a_parameter_of_ours_that_is_overridden(tmp_path: Path) -> None:
    text = "merge:\n  sas-restore-job-parameters:\n    SAS_BACKUP_ID: ours\n"
    files = {
        "kustomization.yaml": f"components: [{NAME}, late]\n",
        "late/kustomization.yaml": f"kind: Component\n{MERGES}",
    }
    problems = check(lay(tmp_path, files), component=component(text), base=BASE)
    assert found(problems, tmp_path) == ["late/kustomization.yaml:6 MY618 models.yaml:3"]
    assert "the hand-written one wins silently" in problems[0].message


def test_a_patch_of_the_same_key(tmp_path: Path) -> None:
    text = "merge:\n  sas-restore-job-parameters:\n    SAS_BACKUP_ID: ours\n"
    patch = "- target: {kind: ConfigMap, name: sas-restore.*}\n  patch: |-\n    - op: replace\n"
    patch += "      path: /data/SAS_BACKUP_ID\n      value: theirs\n"
    files = {"kustomization.yaml": f"patches:\n{patch}"}
    assert said(tmp_path, files, text) == ["kustomization.yaml:6 MY618 models.yaml:3"]


def test_restore_mode_of_ours_is_checked_elsewhere(tmp_path: Path) -> None:
    text = "merge:\n  sas-restore-job-parameters:\n    SAS_DEPLOYMENT_START_MODE: RESTORE\n"
    assert said(tmp_path, PLAIN, text) == []


def test_settings_of_ours_and_of_a_hand(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": "configMapGenerator:\n- name: sas-open-source-config-r\n"
        "  literals: [SAS_EXTLANG_SETTINGS=/r.xml]\n"
    }
    text = "create:\n  sas-open-source-config-python:\n    SAS_EXTLANG_SETTINGS: /p.xml\n"
    assert said(tmp_path, files, text) == ["kustomization.yaml:3 MY621 models.yaml:3"]


def test_an_append_makes_the_list_where_it_is_missing(tmp_path: Path) -> None:
    operation = ENV_FROM.replace("/spec/template/spec", "/template/spec")
    text = patching("sas-batch-cmd-pod-template", operation, kind="PodTemplate", lacks=True)
    objects, problems = effect(lay(tmp_path, PLAIN), component=component(text), base=BASE)
    assert problems == []
    [template] = [each.body["template"] for each in objects or () if each.kind == "PodTemplate"]
    assert template["spec"]["containers"][0]["envFrom"] == [
        {"configMapRef": {"name": "sas-restore-job-parameters"}, "prefix": None}
    ]


def test_the_folder_on_disk_is_replaced_by_the_data(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": f"components:\n- ./{NAME}/\n",
        f"{NAME}/kustomization.yaml": "kind: Component\npatches:\n- target: {name: absent}\n  patch: '- op: none'\n",
    }
    text = patching("sas-model-manager", VOLUME)
    objects, problems = effect(lay(tmp_path, files), component=component(text), base=BASE)
    assert problems == []
    [manager] = [each.body for each in objects or () if each.name == "sas-model-manager"]
    assert [each["name"] for each in manager["spec"]["template"]["spec"]["volumes"]] == ["tmp", "python-volume"]


def test_it_runs_where_it_is_listed_and_before_transformers(tmp_path: Path) -> None:
    files = by_hand("{op: test, path: /spec/template/spec/volumes/1/name, value: python-volume}")
    assert said(tmp_path, files, patching("sas-model-manager", VOLUME)) == []
    late = {
        "kustomization.yaml": f"components: [{NAME}, hand]\n",
        "hand/kustomization.yaml": "kind: Component\ntransformers: [hand.yaml]\n",
        "hand/hand.yaml": files["hand.yaml"],
    }
    assert said(tmp_path / "late", late, patching("sas-model-manager", VOLUME)) == []
    early = {**late, "kustomization.yaml": f"components: [hand, {NAME}]\n"}
    assert said(tmp_path / "early", early, patching("sas-model-manager", VOLUME)) == ["hand/hand.yaml:5 MY609"]


def test_objects_of_ours_are_there(tmp_path: Path) -> None:
    job = "objects:\n- {apiVersion: batch/v1, kind: Job, metadata: {name: checks-python}}\n"
    files = by_hand("{op: add, path: /metadata/labels, value: {a: b}}", name="checks-python")
    files["hand.yaml"] = files["hand.yaml"].replace("kind: Deployment", "kind: Job")
    assert said(tmp_path, files, job) == []
    assert said(tmp_path, files, "objects: []\n") == ["hand.yaml:6 MY608"]


def test_without_a_deployment_a_base_is_enough() -> None:
    text = patching("sas-model-manager", VOLUME, MOUNT)
    assert check(None, component=component(text), base=BASE) == []
    with pytest.raises(ValueError, match="a deployment or a base"):
        check(None, component=component(text))
