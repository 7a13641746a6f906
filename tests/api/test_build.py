"""check --built: what a kustomization made of a models file, by the real kustomize."""

import copy
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from modelyard import api
from modelyard.api.build import check_built
from modelyard.api.objects import check_streams
from modelyard.check.build.differences import differences
from modelyard.check.build.kustomized import Kustomized
from modelyard.check.build.models import compare
from modelyard.check.build.site_config import arrived
from modelyard.check.build.stream import Stream
from modelyard.manifests.manifest import Rendered
from modelyard.problems import Problem, has_errors
from modelyard.render.locate import marked_section
from tests.support import viya
from tests.targets.test_viya import NFS, README, install

ROOT = Path(__file__).resolve().parents[2]


CLAIM = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: claims}
spec:
  namespace: scoring
  registry: registry.example.com/models
  models:
    - name: claims
      path: /claims
      image: "claims:1.0.0"
      volumes: [{name: data, mountPath: /data, persistentVolumeClaim: {claimName: data}}]
      targets: {deployment: {replicas: 1}}
"""


def dumped(bodies: list[Any]) -> bytes:
    return yaml.safe_dump_all(bodies, sort_keys=False).encode()


def leaves(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each scalar, and of each empty mapping or list."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [leaf for key, child in children for leaf in leaves(child, (*path, key))]
    yield from found or [path]


def replaced(body: Any, path: tuple[str | int, ...]) -> Any:
    """Return a copy with another value at a path, of the same type."""
    body = copy.deepcopy(body)
    parent = at(body, path[:-1])
    old = parent[path[-1]]
    parent[path[-1]] = not old if isinstance(old, bool) else old + 1 if isinstance(old, int) else f"other{old}"
    return body


def removed(body: Any, path: tuple[str | int, ...]) -> Any:
    """Return a copy without the value at a path."""
    body = copy.deepcopy(body)
    del at(body, path[:-1])[path[-1]]
    return body


def stream(kustomize: Path, folder: Path) -> bytes:
    return subprocess.run([kustomize, "build", folder], capture_output=True, check=True).stdout


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "overlays" / "dev", tmp_path / "dev"))


def check(folder: Path, content: bytes) -> list[Problem]:
    found = check_built(folder, content, "built.yaml")
    return [each for each in found if each.code.startswith("MY63")]


def add_to(folder: Path, **own: object) -> None:
    path = folder / "kustomization.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text("utf-8")), **own}), "utf-8")


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"namespace": "elsewhere"},
        {"labels": [{"pairs": {"a": "b"}}]},
        {"labels": [{"pairs": {"a": "b"}, "includeTemplates": True}]},
        {"commonAnnotations": {"owner": "lending"}},
        {"buildMetadata": ["originAnnotations"]},
    ],
    ids=str,
)
def test_an_honest_build_has_no_finding(dev: Path, kustomize: Path, own: dict[str, object]) -> None:
    add_to(dev, **own)
    assert check(dev, stream(kustomize, dev)) == []


@pytest.mark.parametrize(("prefix", "suffix"), [("blue-", "-v2"), ("blue", "v2")])
def test_renamed_objects_are_found_and_their_references_are_no_change(
    dev: Path, kustomize: Path, prefix: str, suffix: str
) -> None:
    models = (dev / "models.yaml").read_text("utf-8")
    without_domain = "\n".join(line for line in models.split("\n") if "domains:" not in line)
    (dev / "models.yaml").write_text(without_domain, "utf-8")
    shutil.rmtree(dev / "generated")
    assert api.write(dev, api.overlay(dev)) == []
    add_to(dev, namePrefix=prefix, nameSuffix=suffix)
    assert check(dev, stream(kustomize, dev)) == []


def test_a_missing_object_is_an_error_at_its_model(dev: Path, kustomize: Path) -> None:
    whole = list(yaml.safe_load_all(stream(kustomize, dev)))
    rest = [each for each in whole if (each["kind"], each["metadata"]["name"]) != ("Route", "churn")]
    (found,) = check(dev, yaml.safe_dump_all(rest).encode())
    assert (found.code, found.severity) == ("MY631", "error")
    assert found.message == "Route.serving.knative.dev churn is not in the stream"
    line = (dev / "models.yaml").read_text("utf-8").split("\n").index("    - name: churn") + 1
    assert found.place
    assert (found.place.file, found.place.line) == (str(dev / "models.yaml"), line)


def test_an_image_for_both_variants_is_an_error(dev: Path, kustomize: Path) -> None:
    name = "registry.example.com/models/churn"
    add_to(dev, images=[{"name": name, "newTag": "3.0.0"}])
    found = check(dev, stream(kustomize, dev))
    (error,) = [each for each in found if each.severity == "error"]
    assert error.code == "MY633"
    assert error.message == f"challenger and champion of churn run one image: {name}:3.0.0"
    notes = [each for each in found if each.severity == "note"]
    assert {each.code for each in notes} == {"MY632"}
    assert [each.message for each in notes if "churn:2.1.0" in each.message]


def test_an_image_that_lost_its_locked_digest_is_a_warning(dev: Path, kustomize: Path) -> None:
    images = {each["image"] for each in _containers(stream(kustomize, dev)) if "@" not in each["image"]}
    lock = {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ImageLock",
        "images": dict.fromkeys(images, f"sha256:{'a' * 64}"),
    }
    (dev / "models.lock.yaml").write_text(yaml.safe_dump(lock), "utf-8")
    assert api.write(dev, api.overlay(dev)) == []
    assert check(dev, stream(kustomize, dev)) == []
    add_to(dev, images=[{"name": "registry.example.com/models/pricing", "newTag": "9.0"}])
    found = check(dev, stream(kustomize, dev))
    (lost,) = [each for each in found if each.severity == "warning"]
    assert lost.code == "MY636"
    image = "registry.example.com/models/pricing:9.0"
    assert lost.message == f"Deployment.apps pricing runs {image} without the digest that is locked"
    assert lost.place
    assert "image:" in (dev / "models.yaml").read_text("utf-8").split("\n")[lost.place.line - 1]
    assert not [each for each in found if each is not lost and each.place == lost.place], "it is said once"


def _containers(content: bytes) -> list[dict[str, str]]:
    """Return the containers of all pods of a stream."""
    pods = [each.get("spec", {}).get("template", {}).get("spec", {}) for each in yaml.safe_load_all(content)]
    return [container for pod in pods for container in pod.get("containers", ())]


def test_what_was_changed_is_a_note_at_its_line_and_never_shows_a_variable(dev: Path, kustomize: Path) -> None:
    text = (
        stream(kustomize, dev)
        .decode()
        .replace('autoscaling.knative.dev/max-scale: "5"', 'autoscaling.knative.dev/max-scale: "9"')
    )
    text = text.replace('value: "true"', "value: geheim")
    found = check(dev, text.encode())
    assert {each.severity for each in found} == {"note"}
    (scale,) = [each for each in found if "max-scale" in each.message]
    assert scale.message.endswith('is "9", not "5"')
    source = (dev / "models.yaml").read_text("utf-8").split("\n")
    assert scale.place
    assert "maxScale: 5" in source[scale.place.line - 1]
    assert not [each for each in found if "geheim" in each.message]


def test_a_stream_that_is_no_yaml_is_one_error(dev: Path) -> None:
    (found,) = [each for each in check_built(dev, b"a: [", "built.yaml") if each.severity == "error"]
    assert found.place
    assert found.place.file == "built.yaml"


# ------------------------------------------------------------ all that was declared, and each once


def test_an_empty_stream_lacks_every_object(dev: Path) -> None:
    found = check(dev, b"")
    declared = [str(each) for each in api.render(dev).objects]
    assert len(declared) > 10
    assert sorted(each.message for each in found) == sorted(f"{each} is not in the stream" for each in declared)


def test_each_changed_field_is_a_note_of_its_own(dev: Path) -> None:
    bodies = [copy.deepcopy(each.body) for each in api.render(dev).objects]
    spec = next(each for each in bodies if each["kind"] == "Deployment")["spec"]
    pod = spec["template"]["spec"]
    spec["minReadySeconds"] = 3
    pod["automountServiceAccountToken"] = True
    pod["securityContext"] = {"runAsNonRoot": False}
    pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = False
    pod["volumes"].append({"name": "added", "emptyDir": {}})
    found = [each.message.partition(": ")[2] for each in check(dev, dumped(bodies))]
    assert sorted(found) == [
        "/spec/minReadySeconds was added",
        "/spec/template/spec/automountServiceAccountToken is true, not false",
        "/spec/template/spec/containers/0/securityContext/readOnlyRootFilesystem is false, not true",
        "/spec/template/spec/securityContext was added",
        "/spec/template/spec/volumes/1 (added) was added",
    ]


def test_every_declared_value_is_compared(dev: Path) -> None:
    manifests = api.render(dev).objects
    tried = 0
    for manifest in manifests:
        for path in leaves(manifest.body):
            if path in (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")):
                continue
            for change in (replaced, removed):
                bodies = [change(each.body, path) if each is manifest else each.body for each in manifests]
                of = Kustomized.of(manifests, Stream.of(bodies))
                found = [each for each in compare(manifests, of.found, of) if each.code == "MY632"]
                assert found, (manifest, path, change)
                assert {id(manifests[each.manifest]) for each in found} == {id(manifest)}
                tried += 1
    assert tried > 500


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            [{"name": "C", "value": "3"}, {"name": "B", "value": "0"}, {"name": "A", "value": "1"}],
            ["/1/value differs (hidden)", "/0 (C) was added"],
        ),
        ([{"name": "A"}, {"name": "B"}], [{"name": "B"}], ["/0 (A) is gone"]),
        (["a", "b"], ["a", "b", "c"], [" has 3 entries, not 2"]),
        (["a", "b"], ["a", "c"], ['/1 is "c", not "b"']),
        ([{"x": 1}, {"x": 2}], [{"x": 0}, {"x": 1}, {"x": 2}], ["/0 was added"]),
        ([{"x": 1}, {"x": 2}], [{"x": 1}, {"x": 3}, {"x": 4}], ["/1/x is 3, not 2", "/2 was added"]),
        (True, 1, [" is 1, not true"]),
        ({"a": None}, {"b": None}, []),
        ({"a": "1"}, {"a": 1}, ['/a is 1, not "1"']),
        ({"a": [1]}, {"a": {"b": "geheim"}}, ["/a is a mapping, not a list"]),
        ({"DB_PASSWORD": "x"}, {"DB_PASSWORD": "geheim"}, ["/DB_PASSWORD differs (hidden)"]),
        ({"args": ["--password", "x"]}, {"args": ["--password", "geheim"]}, ["/args/1 differs (hidden)"]),
    ],
)
def test_lists_and_types_are_compared_as_their_readers_do(old: object, new: object, said: list[str]) -> None:
    assert [f"{each.pointer} {each.words}".replace("  ", " ") for each in differences({"at": old}, {"at": new})] == [
        f"/at{each}" for each in said
    ]


def test_a_label_of_one_object_is_no_common_one(dev: Path) -> None:
    bodies = [copy.deepcopy(each.body) for each in api.render(dev).objects]
    bodies[0]["metadata"]["labels"]["owner"] = "lending"
    (found,) = check(dev, dumped(bodies))
    assert found.message.endswith("/metadata/labels/owner was added")


def test_a_longer_name_of_another_object_is_no_rename(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(CLAIM, "utf-8")
    bodies = [each.body for each in api.render(tmp_path).objects]
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data-backup"}}
    text = dumped([*bodies, claim]).decode().replace("claimName: data", "claimName: data-backup")
    (found,) = check(tmp_path, text.encode())
    assert found.message.endswith('/claimName is "data-backup", not "data"')


def test_what_may_be_a_credential_differs_and_is_not_shown(dev: Path) -> None:
    bodies = [copy.deepcopy(each.body) for each in api.render(dev).objects]
    service = next(each for each in bodies if each["metadata"]["name"] == "churn-challenger")
    variables = service["spec"]["template"]["spec"]["containers"][0]["env"]
    next(each for each in variables if each.get("value") == "DEBUG")["value"] = "geheim"
    (found,) = check(dev, dumped(bodies))
    assert found.message.endswith("/value differs (hidden)")


# ------------------------------------------------------------ no less than check of the stream


def test_a_container_that_lost_its_image_is_an_error(dev: Path) -> None:
    """A strategic merge replaces the lists of a kind that kustomize does not know."""
    bodies = [copy.deepcopy(each.body) for each in api.render(dev).objects]
    service = next(
        each for each in bodies if each["apiVersion"] == "serving.knative.dev/v1" and each["kind"] == "Service"
    )
    service["spec"]["template"]["spec"]["containers"] = [{"name": "model", "env": [{"name": "A", "value": "b"}]}]
    found = check_built(dev, dumped(bodies), "built.yaml")
    assert has_errors(found)
    assert [each for each in found if each.severity == "error" and each.place and each.place.file == "built.yaml"]
    assert "/spec/template/spec/containers/0/image is gone" in "".join(each.message for each in found)


def test_a_split_of_140_percent_is_an_error(dev: Path) -> None:
    bodies = [copy.deepcopy(each.body) for each in api.render(dev).objects]
    route = next(each for each in bodies if each["kind"] == "Route")
    route["spec"]["traffic"][0]["percent"] += 40
    found = check_built(dev, dumped(bodies), "built.yaml")
    assert "MY309" in [each.code for each in found if each.severity == "error"]


def test_built_finds_all_that_check_finds_on_the_stream(dev: Path) -> None:
    """On others' objects too, and on each kind of broken field of the set's own."""
    foreign = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}}
    bodies = [copy.deepcopy(each.body) for each in api.render(dev).objects]
    for body in bodies:
        body["spec" if "spec" in body else "data"] = {"unknown": True, **(body.get("spec") or {})}
    content = dumped([*bodies, foreign])
    features = api.load(dev).models
    assert features is not None
    whole = check_streams({"built.yaml": content}, features=features.spec.knative.features or []).problems
    found = check_built(dev, content, "built.yaml")
    assert len(whole) > len(bodies)
    assert {(each.code, each.place, each.message) for each in whole} <= {
        (each.code, each.place, each.message) for each in found
    }


def test_what_a_model_accepts_is_accepted_in_the_stream_too(tmp_path: Path) -> None:
    text = CLAIM.replace("      image:", "      ignore: [{code: MY370, reason: a mirror pins it}]\n      image:")
    (tmp_path / "models.yaml").write_text(text.replace("claims:1.0.0", "claims"), "utf-8")
    assert not has_errors(check_built(tmp_path, dumped([each.body for each in api.render(tmp_path).objects]), "b"))


# ------------------------------------------------------------ site-config


def test_an_installed_site_config_has_arrived(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    models = viya.models_file(tmp_path / "models", README % "model-repository")
    deploy = viya.deployment(shared, tmp_path / "deploy")
    install(models, deploy)
    assert check(models, stream(kustomize, deploy)) == []


def test_a_site_config_that_is_not_listed_has_not_arrived(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    models = viya.models_file(tmp_path / "models", README % "model-repository")
    deploy = viya.deployment(shared, tmp_path / "deploy")
    found = check(models, stream(kustomize, deploy))
    assert {each.code for each in found} == {"MY631"}
    said = [each.message for each in found]
    assert "ConfigMap sas-restore-job-parameters has no SAS_BACKUP_ID" in said
    assert [each for each in said if "/spec/template/spec/volumes/-" in each]
    assert all(each.place and each.place.file.endswith("models.yaml") for each in found)


def test_a_restore_of_another_backup_is_an_error(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    models = viya.models_file(tmp_path / "models", README % "model-repository")
    deploy = viya.deployment(shared, tmp_path / "deploy")
    install(models, deploy)
    content = stream(kustomize, deploy).replace(b"20261119-014500", b"20250101-000000")
    (found,) = check(models, content)
    assert (found.code, found.severity) == ("MY634", "error")
    said = 'ConfigMap sas-restore-job-parameters: SAS_BACKUP_ID is "20250101-000000", not "20261119-014500"'
    assert found.message == said
    assert "site-config install" in found.hint


@pytest.mark.parametrize("rest", [True, False], ids=["python alone", "no viya"])
def test_a_restore_that_left_the_models_file_and_not_the_folder_is_an_error(
    shared: Path, kustomize: Path, tmp_path: Path, *, rest: bool
) -> None:
    models = viya.models_file(tmp_path / "models", README % "model-repository")
    deploy = viya.deployment(shared, tmp_path / "deploy")
    install(models, deploy)
    python = README.partition("\n    restore:")[0]
    if rest:
        viya.models_file(models, python)
    else:
        (models / "models.yaml").write_text(CLAIM, "utf-8")
    found = [each for each in check(models, stream(kustomize, deploy)) if "is not in the stream" not in each.message]
    assert [(each.code, each.severity) for each in found] == [("MY635", "error")]
    assert found[0].place


SERVER = ("/nfs/server", "nfs: {server: other.example.com, path: /vol/python}")


@pytest.mark.parametrize(
    ("pointer", "volume"),
    [
        SERVER,
        ("/nfs/path", "nfs: {server: nfs.example.com, path: /vol/other}"),
        ("/persistentVolumeClaim is gone", "persistentVolumeClaim: {claimName: python}"),
    ],
)
def test_another_source_of_a_volume_is_an_error(
    shared: Path, kustomize: Path, tmp_path: Path, pointer: str, volume: str
) -> None:
    models = viya.models_file(tmp_path / "models", README % "model-repository")
    deploy = viya.deployment(shared, tmp_path / "deploy")
    install(models, deploy)
    text = (models / "models.yaml").read_text("utf-8")
    (models / "models.yaml").write_text(text.replace(NFS, f"{{{volume}}}"), "utf-8")
    found = check(models, stream(kustomize, deploy))
    assert {each.severity for each in found} == {"error"}
    assert [each for each in found if pointer in each.message]
    assert [each.place.line for each in found if each.place] == [7] * len(found)


def test_every_value_of_a_site_config_is_compared(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(ROOT / "tests" / "render" / "cases" / "viya-every-field", models)
    deploy = viya.with_more(viya.deployment(shared, tmp_path / "deploy"))
    install(models, deploy)
    bodies = [each for each in yaml.safe_load_all(stream(kustomize, deploy)) if each]
    loaded = api.load(models).models
    assert loaded is not None
    rendered = marked_section(loaded, "viya")
    assert differing(rendered, bodies) == []
    tried = 0
    for body in bodies:
        for path in leaves(body):
            if is_ours(body, path):
                for change in (replaced, removed) if path[-1] != "prefix" else (replaced,):
                    other = [change(each, path) if each is body else each for each in bodies]
                    assert {"MY631", "MY634"} & set(differing(rendered, other)), (body["kind"], path, change)
                    tried += 1
    assert tried > 250


def test_what_others_put_into_the_pods_is_no_finding(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    """A strategic merge puts its containers before the first, and other volumes and variables are not ours."""
    models = viya.models_file(tmp_path / "models", README % "model-repository")
    deploy = viya.deployment(shared, tmp_path / "deploy")
    install(models, deploy)
    bodies = [each for each in yaml.safe_load_all(stream(kustomize, deploy)) if each]
    name = ("Deployment", "sas-model-repository")
    (body,) = [each for each in bodies if (each["kind"], each["metadata"]["name"]) == name]
    pod = body["spec"]["template"]["spec"]
    image = pod["containers"][0]["image"]
    pod["containers"].insert(0, {"name": "proxy", "image": image, "volumeMounts": [{"name": "own", "mountPath": "/p"}]})
    pod["volumes"].insert(0, {"name": "own", "emptyDir": {}})
    assert check_built(models, dumped(bodies), "built.yaml") == []


@pytest.mark.parametrize("twin_first", [True, False])
def test_a_second_volume_of_the_name_is_an_error(
    shared: Path, kustomize: Path, tmp_path: Path, *, twin_first: bool
) -> None:
    models = viya.models_file(tmp_path / "models", README % "model-repository")
    deploy = viya.deployment(shared, tmp_path / "deploy")
    install(models, deploy)
    text = stream(kustomize, deploy).decode()
    ours = re.search(
        "( +)- name: python-volume\n +nfs:\n(?: +[a-z]+: .*\n){2}|( +)- nfs:\n.*\n.*\n +name: python-volume\n", text
    )
    assert ours
    twin = ours[0].replace("nfs.example.com", "other.example.com")
    both = f"{twin}{ours[0]}" if twin_first else f"{ours[0]}{twin}"
    assert has_errors(check_built(models, text.replace(ours[0], both).encode(), "built.yaml"))


def test_a_job_that_is_gone_and_a_key_that_was_added_are_found(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(ROOT / "tests" / "render" / "cases" / "viya-every-field", models)
    deploy = viya.with_more(viya.deployment(shared, tmp_path / "deploy"))
    install(models, deploy)
    bodies = [each for each in yaml.safe_load_all(stream(kustomize, deploy)) if each and each["kind"] != "Job"]
    (maps,) = [each for each in bodies if each["metadata"]["name"].startswith("sas-open-source-config-r-")]
    maps["data"]["SAS_EXTLANG_SETTINGS"] = "/r/extlang.xml"
    found = check(models, dumped(bodies))
    assert [each.code for each in found] == ["MY631", "MY632"]
    assert found[0].message.startswith("Job.batch analytics-python-check")
    assert found[1].message == "ConfigMap sas-open-source-config-r: SAS_EXTLANG_SETTINGS was added"


def differing(rendered: Rendered, bodies: list[Any]) -> list[str]:
    return [each.code for each in arrived(rendered, Kustomized.of(rendered.manifests, Stream.of(bodies)))]


def is_ours(body: dict[str, Any], path: tuple[str | int, ...]) -> bool:
    """Tell whether a value of the built stream comes from the site-config: by the names in what holds it."""
    name = body["metadata"]["name"]
    if body["kind"] == "ConfigMap":
        return name.startswith("sas-open-source-config") and path[0] == "data"
    if body["kind"] == "Job":
        return path[0] == "spec"
    for end in range(1, len(path)):
        held = at(body, path[:end])
        if isinstance(held, dict):
            names = {held.get("name"), (held.get("configMapRef") or {}).get("name", "")[:22]}
            if names & {"python-volume", "r-volume", "pytmp", "viya4-mas-python-runner", "sas-open-source-config"}:
                return True
    return False


def at(node: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        node = node[part]
    return node


def test_the_command_reads_standard_input(
    dev: Path, kustomize: Path, modelyard: Callable[..., CompletedProcess[str]]
) -> None:
    done = modelyard("check", "-f", dev, "--built", "-", stdin=stream(kustomize, dev).decode())
    assert (done.returncode, done.stdout) == (0, "")
    done = modelyard("check", "-f", dev, "--built", "-", stdin="")
    assert done.returncode == 1
    assert "is not in the stream [MY631]" in done.stderr


def test_a_set_that_patches_a_chart_answers_for_no_other_object_of_it(tmp_path: Path) -> None:
    text = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: site}\nspec:\n  patches:\n"
    text += "    - {target: {kind: Pod}, ops: [{op: add, path: /spec/priorityClassName, value: high}]}\n"
    (tmp_path / "models.yaml").write_text(text, "utf-8")
    spec = {"priorityClassName": "high", "containers": [{"name": "c", "image": "busybox"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    assert check_built(tmp_path, yaml.safe_dump(pod).encode(), "stream") == []
    (tmp_path / "models.yaml").write_text(text.replace("value: high", "value: low"), "utf-8")
    (found,) = check_built(tmp_path, yaml.safe_dump(pod).encode(), "stream")
    assert (found.code, found.severity) == ("MY637", "error")
    assert found.message == "Pod p is not as the patch leaves it"
