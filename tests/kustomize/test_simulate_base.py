"""Where the objects come from: a build, or a stream that is handed over. And what must not come out again."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from modelyard.kustomize.build import build
from modelyard.kustomize.simulate import check, effect
from modelyard.report import text as report
from tests.support.viya_deployments import DATA, bodies, found, lay, normal, variant

BASE: Final = (DATA / "base.yaml").read_bytes()
PATCH: Final = """\
patches:
- target: {kind: ConfigMap, name: settings}
  patch: |-
    - {op: add, path: /data/patched, value: "1"}
"""


@pytest.fixture
def pinned(kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the pinned kustomize first on PATH."""
    monkeypatch.setenv("PATH", f"{kustomize.parent}:/usr/bin:/bin")


def configmap(name: str, data: str = "A: '1'") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{{data}}}\n---\n"


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("name", ["older", "newest", "good-order", "bad-order", "bad-target", "bad-pointer"])
def test_a_ready_made_stream_finds_the_same(name: str, shared: Path, tmp_path: Path) -> None:
    deploy = variant(shared, tmp_path / "deploy", name)
    resources = lay(
        tmp_path / "resources",
        {"kustomization.yaml": "resources: [../deploy/sas-bases/base, ../deploy/sas-bases/overlays/cas-server]\n"},
    )
    stream = build(resources).stream
    assert b"sas-restore-job-parameters-" in stream  # hashes are in it
    built, expected = effect(deploy, component=None)
    ready, problems = effect(deploy, component=None, base=stream)
    assert found(problems, deploy) == found(expected, deploy)
    assert normal(each.body for each in ready or ()) == normal(each.body for each in built or ())


def test_a_stream_that_holds_what_the_generators_give(tmp_path: Path) -> None:
    deploy = lay(tmp_path, {"kustomization.yaml": "configMapGenerator:\n- {name: made, literals: [A=1]}\n"})
    assert check(deploy, component=None, base=configmap("made-2456789bcd").encode()) == []
    other = check(deploy, component=None, base=configmap("made-2456789bcd", "A: '2'").encode())
    assert [each.code for each in other] == ["MY611"]


def test_a_generated_name_is_known_without_its_hash_everywhere(tmp_path: Path) -> None:
    stream = configmap("settings-2456789bcd") + configmap("other-9bff752mb") + configmap("last-aeiou13579")
    stream += (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\n"
        "spec: {containers: [{name: a, envFrom: [{configMapRef: {name: settings-2456789bcd}}]}]}\n"
    )
    objects, problems = effect(lay(tmp_path, {"kustomization.yaml": PATCH}), component=None, base=stream.encode())
    assert problems == []
    by_name = {each.name: each.body for each in objects or ()}
    assert by_name.keys() == {"settings", "other-9bff752mb", "last-aeiou13579", "pod"}
    assert by_name["pod"]["spec"]["containers"][0]["envFrom"] == [{"configMapRef": {"name": "settings"}}]


def test_two_names_that_differ_in_the_hash_alone_stay_two(tmp_path: Path) -> None:
    stream = configmap("settings-2456789bcd") + configmap("settings-9bff752mbm")
    objects, _ = effect(lay(tmp_path, {"kustomization.yaml": PATCH}), component=None, base=stream.encode())
    assert sorted(each.name for each in objects or ()) == ["settings", "settings-9bff752mbm"]


@pytest.mark.parametrize(
    ("stream", "says"),
    [
        (b"", "the base holds no objects"),
        (b"# nothing\n---\n", "the base holds no objects"),
        (b"a: [\n", "did not find expected node content"),
        (b"a: 1\n", "1 of 1 documents of the base have no kind or no name"),
        (b"kind: Pod\nmetadata: {}\n", "1 of 1 documents of the base have no kind or no name"),
        (b"- a\n", "1 of 1 documents of the base have no kind or no name"),
        (b"\xff\xfea\x00", "UTF-16"),
    ],
)
def test_a_stream_that_is_none(stream: bytes, says: str, tmp_path: Path) -> None:
    deploy = lay(tmp_path, {"kustomization.yaml": PATCH})
    objects, [problem] = effect(deploy, component=None, base=stream)
    assert objects is None
    assert says in problem.message


def test_a_list_of_objects_is_a_stream_too(tmp_path: Path) -> None:
    stream = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}\n"
    objects, _ = effect(lay(tmp_path, {"kustomization.yaml": "labels: []\n"}), component=None, base=stream.encode())
    assert [each.name for each in objects or ()] == ["settings"]


@pytest.mark.usefixtures("pinned")
def test_a_base_that_does_not_build(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": f"resources: [base]\n{PATCH}",
        "base/kustomization.yaml": "resources: [absent.yaml]\n",
    }
    [problem] = check(lay(tmp_path, files), component=None)
    assert problem.code == "MY602"
    files["base/kustomization.yaml"] = "resources: [a.yaml, b.yaml]\n"
    files["base/a.yaml"] = files["base/b.yaml"] = configmap("one")
    [problem] = check(lay(tmp_path, files), component=None)
    assert problem.code == "MY625"
    assert "may not add resource with an already registered id: ConfigMap" in problem.message


def test_no_kustomization_and_nothing_else_is_said(tmp_path: Path) -> None:
    [problem] = check(tmp_path, component=None)
    assert (problem.code, problem.message) == ("MY601", f"there is no kustomization.yaml in {tmp_path}")


@pytest.mark.usefixtures("pinned")
def test_a_missing_component_does_not_keep_the_rest_from_being_looked_at(tmp_path: Path) -> None:
    nothing = PATCH.replace("settings", "absent")
    files = {
        "kustomization.yaml": f"resources: [map.yaml]\ncomponents: [absent, half]\n{nothing}",
        "half/kustomization.yaml": "kind: Component\nresources: [gone.yaml, folder]\n",
        "map.yaml": configmap("settings"),
    }
    problems = check(lay(tmp_path, files), component=None)
    assert found(problems, tmp_path) == [
        "half/kustomization.yaml:2 MY602",
        "half/kustomization.yaml:2 MY602",
        "kustomization.yaml:2 MY602",
        "kustomization.yaml:4 MY608",
    ]


VALUE: Final = "correct-horse-battery"


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize(
    "extra",
    [
        "  literals: [PASSWORD, PASSWORD]\n",
        f"  literals: [{VALUE}]\n",
        f"  literals: [A={VALUE}, A={VALUE}]\n",
        f"  literals: ['A={{{{ {VALUE} }}}}']\n",
        f"  behavior: merge\n  literals: [A={VALUE}]\n",
        f"  envs: [secret.env]\n  literals: [A={VALUE}]\n",
        "  files: [secret.env]\n  behavior: replace\n",
    ],
)
def test_the_value_of_a_secret_is_in_no_message(extra: str, tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": f"resources: [base]\nsecretGenerator:\n- name: login\n{extra}patches:\n"
        "- target: {kind: Secret, name: keys}\n  patch: |-\n"
        f"    - {{op: test, path: /data/a, value: {VALUE}}}\n    - {{op: add, path: /data, value: {{b: {VALUE}}}}}\n"
        f"    - {{op: remove, path: /stringData/{'x' * 8}}}\n",
        "base/kustomization.yaml": "resources: [secret.yaml]\n",
        "base/secret.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\nstringData: {{a: {VALUE}}}\n",
        "secret.env": f"A={VALUE}\nA={VALUE}\n",
    }
    objects, problems = effect(lay(tmp_path, files), component=None)
    assert problems
    assert VALUE not in report.text(problems)
    [keys] = [each.body for each in objects or () if each.name == "keys"]
    assert keys["stringData"] == {"a": ""}


@pytest.mark.usefixtures("pinned")
def test_what_kustomize_says_of_a_literal_is_cut(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": "resources: [base]\n",
        "base/kustomization.yaml": f"secretGenerator:\n- name: login\n  literals: [A={VALUE}, {VALUE}]\n",
    }
    [problem] = check(lay(tmp_path, files), component=None)
    assert problem.code == "MY625"
    assert "literal sources …" in problem.message
    assert VALUE not in report.text([problem])


@pytest.mark.usefixtures("pinned")
def test_all_files_stay_as_they_are(tmp_path: Path) -> None:
    deploy = Path(shutil.copytree(DATA / "everything", tmp_path / "deploy"))
    before = {each: each.read_bytes() for each in deploy.rglob("*") if each.is_file()}
    assert effect(deploy, component=None)[0] is not None
    assert {each: each.read_bytes() for each in deploy.rglob("*") if each.is_file()} == before


def test_every_object_of_the_base_is_read(tmp_path: Path) -> None:
    objects, _ = effect(lay(tmp_path, {"kustomization.yaml": "labels: []\n"}), component=None, base=BASE)
    assert normal(each.body for each in objects or ()) == normal(bodies(BASE))
