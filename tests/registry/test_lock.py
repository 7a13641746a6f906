"""lock: what a registry says is rendered everywhere, what has moved is found, and no error changes the lock."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

import pytest
import yaml

from modelyard import api
from modelyard.api import history, locking
from modelyard.check.images import places, without_digest
from modelyard.modelsfile.load import Loaded
from tests.conftest import Run
from tests.registry.conftest import commit
from tests.support import registries
from tests.support.plugin_calls import generator
from tests.support.registries import SET

pytestmark = pytest.mark.long

Command = Callable[..., CompletedProcess[str]]
D: Final = f"sha256:{'4b1c0e7a' * 8}"
LOCK: Final = f'apiVersion: modelyard.dev/v1alpha1\nkind: ImageLock\nimages: {{"IMAGE": {D}}}\n'


def _write(folder: Path, host: str, text: str = SET) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models.yaml").write_text(text.replace("HOST", host), "utf-8")
    return folder / "models.lock.yaml"


def _digests(lock: Path) -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load(lock.read_text("utf-8"))["images"]
    return found


def _images(text: str) -> set[str]:
    found = set()
    for each in yaml.safe_load_all(text):
        spec = each.get("spec", {}).get("template", {}).get("spec", {})
        found |= {container["image"] for container in spec.get("containers", ())}
    return found


@pytest.fixture
def pushed(registry: str) -> dict[str, str]:
    """Put the images of SET into the registry; return image -> digest."""
    names = ("churn:2.0.0", "churn:2.1.0", "fraud:1.0.0")
    return {f"{registry}/models/{name}": registries.put(registry, f"models/{name}", "first") for name in names}


def test_what_is_rendered_names_the_digests_of_the_registry(
    modelyard: Command, registry: str, pushed: dict[str, str], tmp_path: Path, run: Run
) -> None:
    lock = _write(tmp_path, registry)
    done = modelyard("lock", "-f", tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{registry}/models/fraud:1.0.0 {pushed[f'{registry}/models/fraud:1.0.0']}\n" in done.stdout
    assert f"wrote {lock}: 3 images" in done.stderr
    assert _digests(lock) == pushed
    wanted = {f"{image}@{digest}" for image, digest in pushed.items()}
    assert _images(modelyard("render", "--stdout", "-f", tmp_path).stdout) == wanted
    assert modelyard("render", "-f", tmp_path).returncode == 0
    written = "---\n".join(path.read_text("utf-8") for path in (tmp_path / "generated" / "models").iterdir())
    assert _images(written) == wanted
    config = f"kind: ResourceList\nitems: []\nfunctionConfig: {generator('models.yaml')}\n"
    function = "import sys; sys.argv = ['modelyard-fn']; from modelyard.plugin import program; program()"
    answer = run(sys.executable, "-c", function, stdin=config, cwd=tmp_path)
    assert _images("---\n".join(yaml.safe_dump(each) for each in yaml.safe_load(answer.stdout)["items"])) == wanted


@pytest.mark.usefixtures("pushed")
def test_a_second_lock_changes_no_byte_and_asks_no_registry(modelyard: Command, registry: str, tmp_path: Path) -> None:
    lock = _write(tmp_path, registry)
    modelyard("lock", "-f", tmp_path)
    before = lock.read_bytes(), lock.stat().st_mtime_ns
    registries.put(registry, "models/fraud:1.0.0", "moved")
    again = modelyard("lock", "-f", tmp_path)
    assert (again.returncode, again.stdout) == (0, "")
    assert "nothing has changed" in again.stderr
    assert (lock.read_bytes(), lock.stat().st_mtime_ns) == before
    outcome = locking.lock(tmp_path, ask=lambda images: ({}, []) if not images else pytest.fail(str(images)))
    assert outcome.changes == []


def test_a_tag_that_moved_is_found_and_taken_with_update_alone(
    modelyard: Command, registry: str, pushed: dict[str, str], tmp_path: Path
) -> None:
    lock = _write(tmp_path, registry)
    modelyard("lock", "-f", tmp_path)
    assert modelyard("lock", "--check", "-f", tmp_path).returncode == 0
    moved = registries.put(registry, "models/fraud:1.0.0", "moved")
    before = lock.read_bytes()
    found = modelyard("lock", "--check", "-f", tmp_path)
    assert (found.returncode, found.stdout, lock.read_bytes()) == (1, "", before)
    old = pushed[f"{registry}/models/fraud:1.0.0"]
    assert f"error: {registry}/models/fraud:1.0.0 was {old}, and is {moved} now [MY755]" in found.stderr
    assert "churn" not in found.stderr
    assert modelyard("lock", "--update", "churn", "-f", tmp_path).stdout == ""
    assert f"{old} -> {moved}" in modelyard("lock", "--update", "fraud", "-f", tmp_path).stdout
    assert _digests(lock) == {**pushed, f"{registry}/models/fraud:1.0.0": moved}


@pytest.mark.usefixtures("pushed")
def test_an_image_that_changed_in_the_models_file_is_named_at_its_line(
    modelyard: Command, registry: str, tmp_path: Path
) -> None:
    lock = _write(tmp_path, registry)
    modelyard("lock", "-f", tmp_path)
    new = registries.put(registry, "models/fraud:1.1.0", "new")
    text = SET.replace("fraud:1.0.0", "fraud:1.1.0")
    _write(tmp_path, registry, text)
    line = text.splitlines().index("      image: fraud:1.1.0") + 1
    said = modelyard("check", "-f", tmp_path)
    assert said.returncode == 0
    assert (
        f"models.yaml:{line}:14: warning: the lock has no digest of {registry}/models/fraud:1.1.0, only of"
        in said.stderr
    )
    assert modelyard("check", "--strict", "-f", tmp_path).returncode == 1
    checked = modelyard("lock", "--check", "-f", tmp_path).stderr
    assert f"{lock} has no digest of {registry}/models/fraud:1.1.0 [MY756]" in checked
    assert f"nothing uses {registry}/models/fraud:1.0.0 of {lock} [MY756]" in checked
    done = modelyard("lock", "-f", tmp_path)
    assert f"{registry}/models/fraud:1.0.0 is gone\n{registry}/models/fraud:1.1.0 {new}\n" in done.stdout
    assert "MY372" not in modelyard("check", "-f", tmp_path).stderr


@pytest.mark.usefixtures("pushed")
def test_only_the_models_that_are_named_are_locked(modelyard: Command, registry: str, tmp_path: Path) -> None:
    lock = _write(tmp_path, registry)
    assert modelyard("lock", "fraud", "-f", tmp_path).returncode == 0
    assert set(_digests(lock)) == {f"{registry}/models/fraud:1.0.0"}
    assert modelyard("check", "-f", tmp_path).stderr.count("[MY372]") == 2
    wrong = modelyard("lock", "frued", "-f", tmp_path)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "did you mean fraud?" in wrong.stderr


def test_an_index_over_platforms_stays_an_index(modelyard: Command, registry: str, tmp_path: Path) -> None:
    own = [registries.put(registry, f"models/wide:{name}", name) for name in ("amd64", "arm64")]
    index = registries.put_index(registry, "models/wide:1.0.0", own)
    text = (
        SET[: SET.index("    - name: churn")] + "    - {name: wide, image: 'wide:1.0.0', targets: {deployment: {}}}\n"
    )
    lock = _write(tmp_path, registry, text)
    assert modelyard("lock", "-f", tmp_path).returncode == 0
    assert _digests(lock) == {f"{registry}/models/wide:1.0.0": index}


def test_each_environment_has_a_lock_of_its_own(modelyard: Command, registry: str, tmp_path: Path) -> None:
    digests = {tag: registries.put(registry, f"models/churn:{tag}", tag) for tag in ("2.0.0", "2.1.0", "3.0.0")}
    registries.put(registry, "models/fraud:1.0.0", "x")
    _write(tmp_path / "base", registry)
    overlay = f"{SET[: SET.index('spec:')]}spec:\n  base: ../base/models.yaml\n"
    overlay += '  models: [{name: churn, variants: [{name: champion, image: "churn:3.0.0"}]}]\n'
    lock = _write(tmp_path / "prod", registry, overlay)
    (tmp_path / ".git").mkdir()
    assert modelyard("lock", "-f", tmp_path / "base").returncode == 0
    assert "sha256" not in modelyard("render", "--stdout", "-f", tmp_path / "prod").stdout
    assert modelyard("lock", "-f", tmp_path / "prod").returncode == 0
    assert _digests(lock)[f"{registry}/models/churn:3.0.0"] == digests["3.0.0"]
    shown = modelyard("render", "--stdout", "-f", tmp_path / "prod").stdout
    assert f"churn:3.0.0@{digests['3.0.0']}" in shown
    assert f"churn:2.0.0@{digests['2.0.0']}" not in shown
    assert f"churn:2.0.0@{digests['2.0.0']}" in modelyard("render", "--stdout", "-f", tmp_path / "base").stdout


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("images: [", "MY001"),
        ("apiVersion: modelyard.dev/v1alpha1\nkind: ImageLock\nimages: {x: yes-it-is}\n", "MY105"),
        ("apiVersion: modelyard.dev/v1alpha1\nkind: ImageLock\nimages: {}\nmore: 1\n", "MY101"),
        ("<<<<<<< ours\n", "MY"),
        ("", "MY"),
    ],
)
def test_a_lock_that_is_none_stops_every_command_and_stays(
    text: str, code: str, modelyard: Command, tmp_path: Path
) -> None:
    lock = _write(tmp_path, "registry.example.com")
    lock.write_text(text, "utf-8")
    for words in (["render"], ["check"], ["lock"], ["lock", "--update"], ["render", "--stdout"]):
        done = modelyard(*words, "-f", tmp_path)
        assert (done.returncode, done.stdout) == (1, ""), words
        assert f"{lock}" in done.stderr
        assert code in done.stderr
        assert "MY372" not in done.stderr
    assert lock.read_text("utf-8") == text


def test_a_lock_that_leads_out_of_the_working_tree_is_not_read(modelyard: Command, tmp_path: Path) -> None:
    lock = _write(tmp_path / "set", "registry.example.com")
    (tmp_path / "secret").write_text("planted: 1\n", "utf-8")
    lock.symlink_to(tmp_path / "secret")
    done = modelyard("check", "-f", tmp_path / "set")
    assert done.returncode == 1
    assert "[MY015]" in done.stderr
    assert "planted" not in done.stderr


def test_a_digest_that_moved_is_a_difference_between_commits(run: Run, tmp_path: Path) -> None:
    lock = _write(tmp_path, "registry.example.com")
    image = "registry.example.com/models/fraud:1.0.0"
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ImageLock\nimages:\n"
    lock.write_text(f"{head}  {image}: {D}\n", "utf-8")
    own = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for words in (("init", "-q"), ("add", "."), (*own, "commit", "-q", "-m", "first")):
        assert run("git", "-C", tmp_path, *words).returncode == 0
    assert history.differences(tmp_path, "HEAD")[0] == []
    lock.write_text(f"{head}  {image}: sha256:{'0' * 64}\n", "utf-8")
    (found,) = history.differences(tmp_path, "HEAD")[0]
    assert (found.model, [(each.field, each.before, each.after) for each in found.changes]) == (
        "fraud",
        [("digest", D, f"sha256:{'0' * 64}")],
    )


def test_every_image_of_every_set_is_rendered_with_the_digest_of_the_lock(
    renderings: dict[str, api.Rendering], tmp_path: Path
) -> None:
    """Of all samples and cases: what has a digest then is what had none before, and it is the only change of images."""
    seen = logged = 0
    for name, before in renderings.items():
        if before.models is None:
            continue
        every = [*before.objects, *before.site_config.manifests]
        images = {image for _, _, image in without_digest(every)}
        locked = before.models._replace(digests=dict.fromkeys(images, D))
        after = api.render_loaded(Loaded(locked), tmp_path)
        objects = [*after.objects, *after.site_config.manifests]
        assert list(without_digest(objects)) == [], name
        for index, _, value in places(objects):
            if str(value).endswith(D) and objects[index].kind == "Model":
                assert ":" not in str(value).partition("@")[0].rpartition("/")[2], name
            elif str(value).endswith(D):
                assert str(value).removesuffix(f"@{D}") in images, name
                seen += 1
        for each in objects:  # what the request log is told of the model behind it
            told = re.findall(r'"--image=([^"]+)"', json.dumps(each.body))
            assert all("@sha256:" in image for image in told), name
            logged += len(told)
    assert seen > 300
    assert logged > 5


def test_the_image_of_a_patch_is_locked_too(modelyard: Command, tmp_path: Path) -> None:
    path = "/spec/template/spec/containers/0/image"
    ops = f'[{{op: replace, path: {path}, value: "registry.example.com/other:1.0.0"}}]'
    patch = f"      patches: [{{target: {{kind: Deployment}}, ops: {ops}}}]\n"
    lock = _write(tmp_path, "registry.example.com", SET + patch)
    lock.write_text(
        json.dumps(
            {
                "apiVersion": "modelyard.dev/v1alpha1",
                "kind": "ImageLock",
                "images": {"registry.example.com/other:1.0.0": D},
            }
        ),
        "utf-8",
    )
    assert f"registry.example.com/other:1.0.0@{D}" in _images(modelyard("render", "--stdout", "-f", tmp_path).stdout)


def test_a_rollback_waits_for_no_registry(modelyard: Command, run: Run, overlay: Path) -> None:
    """What it brings back is rendered with the tag alone, and said to be so."""
    file, lock = overlay / "models.yaml", overlay / "models.lock.yaml"
    file.write_text(file.read_text("utf-8").replace("fraud:1.0.0", "fraud:1.1.0"), "utf-8")
    lock.write_text(LOCK.replace("IMAGE", "registry.example.com/models/fraud:1.1.0"), "utf-8")
    commit(run, overlay)
    assert "MY372" not in modelyard("check", "-f", overlay).stderr.partition("fraud")[2]
    done = modelyard("rollback", "fraud", "-f", overlay)
    assert done.returncode == 0, done.stderr
    assert "image: fraud:1.0.0" in file.read_text("utf-8")
    assert "fraud:1.0.0, only of registry.example.com/models/fraud:1.1.0" in modelyard("check", "-f", overlay).stderr
