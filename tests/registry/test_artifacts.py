"""push, pull and diff --oci: an artifact that Flux reads, the same for the same content, and nothing of strangers."""

import gzip
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

import pytest
import requests
import yaml

from modelyard import api
from modelyard.registry import artifact
from tests.conftest import CACHE, ROOT, Run
from tests.registry.conftest import commit
from tests.registry.test_registries import BASIC, SECRETS
from tests.support import registries
from tests.support.folders import state
from tests.support.registries import SET, USER, Stub, docker_config

Command = Callable[..., CompletedProcess[str]]
FLUX: Final = ROOT / "tests" / "support" / "flux"


def _manifest(host: str, name: str) -> dict[str, Any]:
    repository, _, version = name.rpartition("@" if "@" in name else ":")
    url = f"http://{host}/v2/{repository}/manifests/{version}"
    found: dict[str, Any] = requests.get(url, headers={"Accept": registries.MANIFEST}, timeout=10).json()
    return found


def test_an_artifact_has_the_form_that_flux_reads(modelyard: Command, registry: str, overlay: Path, run: Run) -> None:
    head = run("git", "-C", overlay, "rev-parse", "HEAD").stdout.strip()
    done = modelyard("push", f"oci://{registry}/sets/risk:1.0.0", "-f", overlay)
    assert done.returncode == 0, done.stderr
    assert f"pushed oci://{registry}/sets/risk:1.0.0 of sha1:{head}" in done.stderr
    address = done.stdout.strip()
    manifest = _manifest(registry, address.removeprefix(f"oci://{registry}/"))
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.flux.config.v1+json"
    (layer,) = manifest["layers"]
    assert layer["mediaType"] == "application/vnd.cncf.flux.content.v1.tar+gzip"
    assert manifest["annotations"] == {
        "org.opencontainers.image.created": "2026-11-24T09:00:00Z",
        "org.opencontainers.image.revision": f"sha1:{head}",
        "org.opencontainers.image.source": "https://git.example.com/risk.git",
    }
    blob = requests.get(f"http://{registry}/v2/sets/risk/blobs/{layer['digest']}", timeout=10).content
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob))) as archive:
        held = {each.name: (archive.extractfile(each) or io.BytesIO()).read().decode() for each in archive}
        assert {(each.uid, each.gid, each.mtime, each.mode) for each in archive} == {(0, 0, 0, 0o644)}
    assert held == api.overlay(overlay).content


def test_the_same_content_gives_the_same_digest(
    modelyard: Command, registry: str, overlay: Path, tmp_path: Path, run: Run
) -> None:
    """Also from another clone, whose files are younger, and under another tag."""
    first = modelyard("push", f"oci://{registry}/same/risk:1", "-f", overlay).stdout
    assert first.startswith(f"oci://{registry}/same/risk@sha256:")
    assert modelyard("push", f"oci://{registry}/same/risk:1", "-f", overlay).stdout == first
    assert run("git", "clone", "-q", overlay, tmp_path / "clone").returncode == 0
    remote = ("remote", "set-url", "origin", "https://git.example.com/risk.git?x=1")
    assert run("git", "-C", tmp_path / "clone", *remote).returncode == 0
    os.utime(tmp_path / "clone" / "models.yaml", (1, 1))
    assert modelyard("push", f"oci://{registry}/same/risk:2", "-f", tmp_path / "clone").stdout == first
    (overlay / "models.yaml").write_text(
        (overlay / "models.yaml").read_text("utf-8").replace("replicas: 2", "replicas: 3")
    )
    commit(run, overlay)
    assert modelyard("push", f"oci://{registry}/same/risk:1", "-f", overlay).stdout not in ("", first)


def test_a_content_of_any_size_is_stored_so_that_all_can_unpack_it() -> None:
    for size in (0, 1, 65_535, 65_536, 200_000):
        content = os.urandom(size)
        text = {"a.yaml": content.hex()}
        packed = artifact._stored(artifact._archive(text))
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as archive:
            assert (archive.extractfile("a.yaml") or io.BytesIO()).read().decode() == text["a.yaml"]


def test_what_is_not_committed_as_it_is_names_no_revision(
    modelyard: Command, registry: str, overlay: Path, tmp_path: Path
) -> None:
    (overlay / "models.lock.yaml").write_text("apiVersion: modelyard.dev/v1alpha1\nkind: ImageLock\nimages: {}\n")
    done = modelyard("push", f"oci://{registry}/sets/dirty:1", "-f", overlay)
    assert done.returncode == 0
    assert "warning: " in done.stderr
    assert "is not committed as it is [MY759]" in done.stderr
    assert "annotations" not in _manifest(registry, "sets/dirty:1")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "models.yaml").write_text(SET.replace("HOST", "registry.example.com"))
    bare = modelyard("push", f"oci://{registry}/sets/bare:1", "-f", tmp_path / "bare")
    assert (bare.returncode, "[MY759]" in bare.stderr) == (0, True)


def test_what_has_an_error_is_not_pushed(modelyard: Command, registry: str, overlay: Path) -> None:
    (overlay / "models.yaml").write_text("kind: ModelSet\n")
    done = modelyard("push", f"oci://{registry}/sets/wrong:1", "-f", overlay)
    assert (done.returncode, done.stdout) == (1, "")
    assert "MANIFEST_UNKNOWN" in str(_manifest(registry, "sets/wrong:1")) or "NAME_UNKNOWN" in str(
        _manifest(registry, "sets/wrong:1")
    )


def test_pull_gives_what_was_pushed_and_touches_nothing_foreign(
    modelyard: Command, registry: str, overlay: Path, tmp_path: Path
) -> None:
    address = modelyard("push", f"oci://{registry}/sets/risk:2", "-f", overlay).stdout.strip()
    for each in (f"oci://{registry}/sets/risk:2", address):
        assert modelyard("pull", each, "-o", tmp_path / "out").returncode == 0
        assert state(tmp_path / "out") == api.overlay(overlay).content
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    done = modelyard("pull", address, "-o", tmp_path / "mine")
    assert (done.returncode, state(tmp_path / "mine")) == (1, {"notes.txt": "mine"})
    assert "[MY401]" in done.stderr


def test_diff_says_what_has_changed_since_an_artifact(modelyard: Command, registry: str, overlay: Path) -> None:
    address = f"oci://{registry}/sets/risk:3"
    modelyard("push", address, "-f", overlay)
    same = modelyard("diff", "--oci", address, "-f", overlay, "--exit-code")
    assert (same.returncode, same.stdout) == (0, "")
    text = (overlay / "models.yaml").read_text("utf-8").replace("replicas: 2", "replicas: 3")
    (overlay / "models.yaml").write_text(
        text.replace("percent: 90", "percent: 80").replace("percent: 10", "percent: 20")
    )
    done = modelyard("diff", "--oci", address, "-f", overlay, "--exit-code")
    assert done.returncode == 1
    assert "fraud: replicas 2 -> 3\n" in done.stdout
    assert "champion" in done.stdout
    assert modelyard("diff", "--oci", address, "--git", "HEAD", "-f", overlay).returncode == 2


@pytest.mark.parametrize(
    "address", ["risk:1", "oci://risk:1", "oci://", "http://registry.example.com/a:1", "oci://a b/c:1"]
)
def test_an_address_that_is_none_is_refused(address: str, modelyard: Command, overlay: Path, tmp_path: Path) -> None:
    for words in (["push", address, "-f", overlay], ["pull", address, "-o", tmp_path / "out"]):
        done = modelyard(*words)
        assert (done.returncode, done.stdout) == (1, "")
        assert "[MY760]" in done.stderr


def _layer(entries: dict[str, bytes], link: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        if link:
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(entry)
    return buffer.getvalue()


HOSTILE: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "a name that leads out": (lambda: _layer({"../../evil.yaml": b"x"}), "cannot be unpacked [MY758]"),
    "an absolute name": (lambda: _layer({"/evil.yaml": b"x"}), "cannot be unpacked [MY758]"),
    "a link": (lambda: _layer({"a.yaml": b"x"}, link="b.yaml"), "cannot be unpacked [MY758]"),
    "no archive": (lambda: b"nothing", "cannot be unpacked [MY758]"),
    "files of others": (lambda: _layer({"a.yaml": b"kind: Secret\n"}), "a.yaml in it is not modelyard's [MY758]"),
    "nothing": (lambda: _layer({}), "nothing in it is modelyard's [MY758]"),
    "a bomb": (lambda: _layer({"a.yaml": bytes(300 << 20)}), "cannot be unpacked [MY758]"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_an_artifact_of_a_stranger_writes_nothing(what: str, modelyard: Command, registry: str, tmp_path: Path) -> None:
    made, said = HOSTILE[what]
    content = made()
    digest = registries.blob(registry, "sets/hostile", content)
    config = {"mediaType": artifact.CONFIG, "digest": registries.blob(registry, "sets/hostile", b"{}"), "size": 2}
    layer = {"mediaType": artifact.CONTENT, "digest": digest, "size": len(content)}
    manifest = {"schemaVersion": 2, "mediaType": registries.MANIFEST, "config": config, "layers": [layer]}
    registries.put_manifest(registry, "sets/hostile", "1", manifest)
    done = modelyard("pull", f"oci://{registry}/sets/hostile:1", "-o", tmp_path / "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_image_is_no_artifact(modelyard: Command, registry: str, tmp_path: Path) -> None:
    registries.put(registry, "models/plain:1", "x")
    done = modelyard("pull", f"oci://{registry}/models/plain:1", "-o", tmp_path / "out")
    assert f"{registry}/models/plain:1 is no artifact of Flux [MY758]" in done.stderr


def _flux_manifest(layer: bytes, digest: str = "") -> bytes:
    config = {"mediaType": artifact.CONFIG, "digest": registries.digest(b"{}"), "size": 2}
    entry = {"mediaType": artifact.CONTENT, "digest": digest or registries.digest(layer), "size": len(layer)}
    return json.dumps(
        {"schemaVersion": 2, "mediaType": registries.MANIFEST, "config": config, "layers": [entry]}
    ).encode()


def _known(answer: tuple[int, dict[str, str], bytes]) -> Callable[[Any], tuple[int, dict[str, str], bytes]]:
    """Give an answer to who has the password, and a challenge to all others."""

    def answered(handler: Any) -> tuple[int, dict[str, str], bytes]:
        known = handler.headers.get("Authorization") == f"Basic {BASIC}"
        return answer if known else (401, {"WWW-Authenticate": 'Basic realm="sets"'}, b"")

    return answered


def test_a_blob_that_lies_elsewhere_is_read_without_the_secret(modelyard: Command, tmp_path: Path) -> None:
    content = artifact._stored(artifact._archive(api.overlay(ROOT / "overlays" / "dev").content))
    with Stub() as registry, Stub("localhost") as elsewhere:
        there = {"Location": f"http://{elsewhere.host}/blob?signature=1"}
        registry.answers["GET /v2/sets/risk/manifests/1"] = _known((200, {}, _flux_manifest(content)))
        registry.answers[f"GET /v2/sets/risk/blobs/{registries.digest(content)}"] = _known((307, there, b""))
        elsewhere.answers["GET /blob"] = 200, {}, content
        env = docker_config(tmp_path / "docker", registry.host)
        done = modelyard("pull", f"oci://{registry.host}/sets/risk:1", "-o", tmp_path / "out", env=env)
        assert done.returncode == 0, done.stderr
        assert state(tmp_path / "out") == api.overlay(ROOT / "overlays" / "dev").content
        assert (elsewhere.secrets(), [each for each, _ in elsewhere.seen]) == ("", ["GET /blob?signature=1"])
        elsewhere.answers["GET /blob"] = 200, {}, content[:-1] + b"x"
        wrong = modelyard("pull", f"oci://{registry.host}/sets/risk:1", "-o", tmp_path / "other", env=env)
        assert f"gives a blob of sets/risk:1 that is not {registries.digest(content)} [MY754]" in wrong.stderr
        assert not (tmp_path / "other").exists()
        assert not any(each in done.stderr + wrong.stderr for each in SECRETS)


def test_an_upload_that_is_sent_elsewhere_gets_no_secret(modelyard: Command, overlay: Path, tmp_path: Path) -> None:
    with Stub() as registry, Stub("localhost") as elsewhere:
        begun = 202, {"Location": f"http://{elsewhere.host}/upload"}, b""
        registry.answers["POST /v2/sets/risk/blobs/uploads/"] = _known(begun)
        registry.answers["PUT /v2/sets/risk/manifests/1"] = _known((201, {}, b""))
        elsewhere.answers["PUT /upload"] = 201, {}, b""
        env = docker_config(tmp_path / "docker", registry.host)
        done = modelyard("push", f"oci://{registry.host}/sets/risk:1", "-f", overlay, env=env)
        assert done.returncode == 0, done.stderr
        assert elsewhere.secrets() == ""
        assert len(elsewhere.seen) == 2
        assert not any(each in done.stdout + done.stderr for each in SECRETS)


def test_a_registry_that_takes_no_upload_is_named(
    modelyard: Command, private: str, overlay: Path, tmp_path: Path
) -> None:
    anybody = modelyard("push", f"oci://{private}/sets/risk:1", "-f", overlay)
    assert (anybody.returncode, anybody.stdout) == (1, "")
    assert f"{private} does not let anybody at sets/risk:1 [MY752]" in anybody.stderr
    with Stub() as registry:
        registry.answers["POST /v2/sets/risk/blobs/uploads/"] = 202, {}, b""
        done = modelyard("push", f"oci://{registry.host}/sets/risk:1", "-f", overlay)
        assert "names no address for an upload [MY754]" in done.stderr
    env = docker_config(tmp_path / "docker", private)
    known = modelyard("push", f"oci://{private}/sets/risk:1", "-f", overlay, env=env)
    assert known.returncode == 0, known.stderr
    assert modelyard("pull", f"oci://{private}/sets/risk:1", "-o", tmp_path / "out", env=env).returncode == 0
    assert USER not in known.stderr


@pytest.fixture(scope="session")
def flux_read() -> Path:
    """Build the program that reads an artifact with Flux's own packages."""
    target = CACHE / "flux-read"
    command = ["go", "build", "-o", str(target), "."]
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    done = subprocess.run(command, cwd=FLUX, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def _objects(text: str) -> Iterator[dict[str, Any]]:
    yield from (each for each in yaml.safe_load_all(text.partition("\n---\n")[2]) if each)


@pytest.mark.slow
def test_flux_applies_an_artifact_and_leaves_variables_of_models_alone(
    modelyard: Command, registry: str, overlay: Path, tmp_path: Path, run: Run, flux_read: Path
) -> None:
    """As source-controller and kustomize-controller do it: fetched, unpacked, built, and variables put in."""
    plain = (overlay / "models.yaml").read_text("utf-8") + '      env: {GREETING: "Hello ${NAME}!"}\n'
    found = {}
    for delivery in ("kustomize", "flux"):
        (overlay / "models.yaml").write_text(plain.replace("spec:\n", f"spec:\n  delivery: {delivery}\n", 1))
        commit(run, overlay)
        assert modelyard("push", f"oci://{registry}/flux/risk:{delivery}", "-f", overlay).returncode == 0
        (tmp_path / delivery).mkdir()
        done = run(flux_read, f"{registry}/flux/risk:{delivery}", tmp_path / delivery, "OTHER=x")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[0])["org.opencontainers.image.revision"].startswith("sha1:")
        objects = list(_objects(done.stdout))
        kinds = sorted(each["kind"] for each in objects)
        assert kinds == sorted(each.kind for each in api.render(overlay).objects)
        assert {each["metadata"]["namespace"] for each in objects} == {"scoring"}
        (fraud,) = (each for each in objects if each["kind"] == "Deployment")
        found[delivery] = fraud["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"]
    assert found == {"kustomize": "Hello !", "flux": "Hello ${NAME}!"}
