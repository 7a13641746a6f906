"""Registries as they are and should not be: a clear error each, the old lock stands, and no secret goes elsewhere."""

import base64
import json
import stat
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

import pytest

from modelyard.registry import credentials, digests
from modelyard.registry.client import Registry
from modelyard.registry.problems import RegistryProblem
from modelyard.registry.reference import Reference, parse, parse_address
from tests.conftest import need
from tests.registry.conftest import REGISTRY
from tests.registry.test_lock import D, _digests, _write
from tests.support import registries
from tests.support.registries import PASSWORD, TOKEN, USER, Stub, docker_config

Command = Callable[..., CompletedProcess[str]]
HEAD: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"
ONE: Final = (
    HEAD + "  models: [{name: fraud, image: 'HOST/models/fraud:1.0.0', targets: {deployment: {replicas: 2}}}]\n"
)
LOCK: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ImageLock\nimages: {'HOST/models/fraud:1.0.0': DIGEST}\n"
PATH: Final = "/v2/models/fraud/manifests/1.0.0"
BASIC: Final = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SECRETS: Final = (PASSWORD, TOKEN, BASIC)


def _bearer(realm: str) -> tuple[int, dict[str, str], bytes]:
    challenge = f'Bearer realm="{realm}",service="models",scope="repository:models/fraud:pull"'
    return 401, {"WWW-Authenticate": challenge}, b""


def _asks_for_a_token(registry: Stub, realm: str) -> None:
    """Let a stub give its digest to who has the token of the realm."""

    def answer(handler: Any) -> tuple[int, dict[str, str], bytes]:
        known = handler.headers.get("Authorization") == f"Bearer {TOKEN}"
        return (200, {"Docker-Content-Digest": D}, b"") if known else _bearer(realm)

    registry.answers[f"HEAD {PATH}"] = answer


def _token(*_: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, json.dumps({"token": TOKEN}).encode()


def _lock(modelyard: Command, folder: Path, host: str, env: dict[str, str] | None = None) -> CompletedProcess[str]:
    _write(folder, host, ONE)
    done = modelyard("lock", "-f", folder, env=env or {})
    assert not any(each in done.stdout + done.stderr for each in SECRETS)
    return done


def test_a_private_registry_is_asked_with_the_credentials_of_docker(
    modelyard: Command, private: str, tmp_path: Path
) -> None:
    wanted = registries.put(private, "models/fraud:1.0.0", "x", login=(USER, PASSWORD))
    anybody = _lock(modelyard, tmp_path, private)
    assert (anybody.returncode, anybody.stdout) == (1, "")
    assert f"{private} does not let anybody at models/fraud:1.0.0 [MY752]" in anybody.stderr
    assert f"docker login {private}" in anybody.stderr
    done = _lock(modelyard, tmp_path, private, docker_config(tmp_path / "docker", private))
    assert done.returncode == 0, done.stderr
    assert _digests(tmp_path / "models.lock.yaml") == {f"{private}/models/fraud:1.0.0": wanted}


def test_a_helper_gives_the_credentials(
    modelyard: Command, private: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = registries.put(private, "models/fraud:1.0.0", "helper", login=(USER, PASSWORD))
    program = tmp_path / "docker-credential-planted"
    answer = json.dumps({"ServerURL": private, "Username": USER, "Secret": PASSWORD})
    program.write_text(f"#!/bin/sh\nread host; [ \"$1 $host\" = 'get {private}' ] && echo '{answer}'\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for more in ({"credHelpers": {private: "planted"}}, {"credsStore": "planted"}):
        (tmp_path / "models.lock.yaml").unlink(missing_ok=True)
        env = {**docker_config(tmp_path / "docker", **more), "PATH": f"{tmp_path}:/usr/bin:/bin"}
        done = _lock(modelyard, tmp_path, private, env)
        assert done.returncode == 0, done.stderr
        assert _digests(tmp_path / "models.lock.yaml") == {f"{private}/models/fraud:1.0.0": wanted}


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (f"echo {PASSWORD} >&2; exit 3", "docker-credential-planted has ended with 3"),
        (f"echo {PASSWORD}", "docker-credential-planted gives no JSON"),
        ("echo credentials not found in native keychain; exit 1", "does not let anybody at"),
        (None, "docker-credential-planted cannot be run"),
    ],
)
def test_a_helper_that_fails_is_named_and_what_it_says_is_not_shown(
    script: str | None, said: str, modelyard: Command, private: str, tmp_path: Path
) -> None:
    if script is not None:
        program = tmp_path / "docker-credential-planted"
        program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        program.chmod(0o755)
    env = {**docker_config(tmp_path / "docker", credsStore="planted"), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = _lock(modelyard, tmp_path, private, env)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": 7}', '{"auths": {"HOST": {"auth": "%%"}}}'])
def test_a_config_of_docker_that_is_none_shows_nothing_of_itself(
    text: str, modelyard: Command, private: str, tmp_path: Path
) -> None:
    env = docker_config(tmp_path / "docker")
    (tmp_path / "docker" / "config.json").write_text(text.replace("HOST", private) + " " * 9, "utf-8")
    done = _lock(modelyard, tmp_path, private, env)
    assert done.returncode == 1
    assert ("[MY757]" in done.stderr) == (text[0] == "{" and "7" not in text)


def test_names_in_the_config_of_docker_lead_to_their_registry(tmp_path: Path) -> None:
    for key, endpoint in (
        ("https://index.docker.io/v1/", "registry-1.docker.io"),
        ("registry.example.com", "registry.example.com"),
        ("https://registry.example.com", "registry.example.com"),
        ("https://registry.example.com:5000/v1/", "registry.example.com:5000"),
    ):
        env = docker_config(tmp_path, key)
        found = credentials.of(endpoint, env)
        assert found is not None
        assert (found.user, found.password) == (USER, PASSWORD)
        assert PASSWORD not in repr(found)
        assert credentials.of("other.example.com", env) is None


def test_a_token_is_exchanged_and_goes_to_the_registry_alone(modelyard: Command, tmp_path: Path) -> None:
    with Stub() as registry, Stub() as tokens:
        _asks_for_a_token(registry, f"http://{tokens.host}/token")
        tokens.answers["GET /token"] = _token
        done = _lock(modelyard, tmp_path, registry.host, docker_config(tmp_path / "docker", registry.host))
        assert done.returncode == 0, done.stderr
        assert _digests(tmp_path / "models.lock.yaml") == {f"{registry.host}/models/fraud:1.0.0": D}
        assert tokens.secrets() == f"Basic {BASIC}"
        assert "scope=repository%3Amodels%2Ffraud%3Apull" in tokens.seen[0][0]
        assert registry.secrets() == f"Bearer {TOKEN}"


def test_anybody_gets_a_token_where_the_registry_is_public(modelyard: Command, tmp_path: Path) -> None:
    with Stub() as registry:
        _asks_for_a_token(registry, f"http://{registry.host}/token")
        registry.answers["GET /token"] = _token
        done = _lock(modelyard, tmp_path, registry.host)
        assert done.returncode == 0, done.stderr
        assert registry.secrets() == f"Bearer {TOKEN}"


def test_an_identity_token_is_exchanged_for_one_of_the_registry(modelyard: Command, tmp_path: Path) -> None:
    with Stub() as registry, Stub() as tokens:
        _asks_for_a_token(registry, f"http://{tokens.host}/token")
        tokens.answers["POST /token"] = lambda _: (200, {}, json.dumps({"access_token": TOKEN}).encode())
        env = docker_config(tmp_path / "docker")
        entry = {"auths": {registry.host: {"auth": "MDA6", "identitytoken": PASSWORD}}}
        (tmp_path / "docker" / "config.json").write_text(json.dumps(entry), "utf-8")
        done = _lock(modelyard, tmp_path, registry.host, env)
        assert done.returncode == 0, done.stderr
        assert f"refresh_token={PASSWORD}" in tokens.secrets()
        assert registry.secrets() == f"Bearer {TOKEN}"


def test_no_secret_is_sent_to_a_server_for_tokens_over_a_plain_connection_elsewhere(
    modelyard: Command, tmp_path: Path
) -> None:
    with Stub() as registry, Stub("localhost") as elsewhere:
        _asks_for_a_token(registry, f"http://{elsewhere.host}/token")
        elsewhere.answers["GET /token"] = _token
        done = _lock(modelyard, tmp_path, registry.host, docker_config(tmp_path / "docker", registry.host))
        assert (done.returncode, done.stdout) == (1, "")
        assert "[MY754]" in done.stderr
        assert elsewhere.seen == []


def test_a_redirect_elsewhere_gets_no_secret(modelyard: Command, tmp_path: Path) -> None:
    """Nor does it get one of ~/.netrc, or a cookie."""
    (tmp_path / ".netrc").write_text(f"machine localhost login {USER} password {PASSWORD}\n", "utf-8")
    with Stub() as registry, Stub("localhost") as elsewhere:
        there = {
            "Location": f"http://{elsewhere.host}/there",
            "Set-Cookie": f"session={TOKEN}; Path=/; Domain=localhost",
        }

        def answer(handler: Any) -> tuple[int, dict[str, str], bytes]:
            if handler.headers.get("Authorization") != f"Basic {BASIC}":
                return 401, {"WWW-Authenticate": 'Basic realm="models"'}, b""
            return 307, there, b""

        registry.answers[f"HEAD {PATH}"] = answer
        elsewhere.answers["HEAD /there"] = 200, {"Docker-Content-Digest": D}, b""
        env = {**docker_config(tmp_path / "docker", registry.host), "HOME": str(tmp_path)}
        done = _lock(modelyard, tmp_path, registry.host, env)
        assert done.returncode == 0, done.stderr
        assert registry.secrets() == f"Basic {BASIC}"
        assert [each for each, _ in elsewhere.seen] == ["HEAD /there"]
        assert elsewhere.secrets() == ""


def _cut(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")
    handler.close_connection = True


def _nothing(handler: Any) -> None:
    handler.close_connection = True


FAULTS: Final[dict[str, tuple[Any, Any, str]]] = {
    "no such tag": (None, None, "has no models/fraud:1.0.0 [MY753]"),
    "an error": (
        (500, {}, b"<html>" + PASSWORD.encode()),
        None,
        "answers with HTTP 500 for models/fraud",
    ),
    "too many calls": ((429, {}, b""), None, "answers with HTTP 429"),
    "forbidden": ((403, {}, b""), None, "does not let anybody at"),
    "a challenge of another kind": ((401, {"WWW-Authenticate": "Negotiate"}, b""), None, "[MY752]"),
    "no challenge": ((401, {}, b""), None, "[MY752]"),
    "a server for tokens that is none": (_bearer("ftp://127.0.0.1/"), None, "[MY754]"),
    "a digest that is none": ((200, {"Docker-Content-Digest": "sha256:1"}, b""), (200, {}, b"x" * (5 << 20)), "4 MiB"),
    "a manifest that is another": (
        (200, {}, b""),
        (200, {"Docker-Content-Digest": D}, b"{}"),
        f"gives a manifest of HOST/models/fraud:1.0.0 that is not {D}",
    ),
    "cut off": ((200, {}, b""), _cut, "breaks its answer off [MY754]"),
    "hung up": (_nothing, None, "cannot be reached [MY751]"),
    "round in a circle": ((302, {"Location": PATH}, b""), None, "redirects in a circle [MY754]"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_registry_gives_a_clear_error_and_the_old_lock_stands(
    fault: str, modelyard: Command, tmp_path: Path
) -> None:
    head, get, said = FAULTS[fault]
    with Stub() as registry:
        registry.answers |= {f"HEAD {PATH}": head} if head else {}
        registry.answers |= {f"GET {PATH}": get} if get else {}
        lock = tmp_path / "models.lock.yaml"
        old = LOCK.replace("HOST", registry.host).replace("DIGEST", D)
        lock.write_text(old, "utf-8")
        _write(tmp_path, registry.host, ONE)
        for words in (["lock", "--update"], ["lock", "--check"]):
            done = modelyard(*words, "-f", tmp_path)
            assert (done.returncode, done.stdout) == (1, "")
            assert said.replace("HOST", registry.host) in done.stderr
            assert "Traceback" not in done.stderr
            assert PASSWORD not in done.stderr
            assert lock.read_text("utf-8") == old


def test_a_manifest_without_a_digest_in_the_answer_is_hashed(modelyard: Command, tmp_path: Path) -> None:
    with Stub() as registry:
        registry.answers = {f"HEAD {PATH}": (200, {}, b""), f"GET {PATH}": (200, {}, b'{"schemaVersion": 2}')}
        assert _lock(modelyard, tmp_path, registry.host).returncode == 0
    wanted = registries.digest(b'{"schemaVersion": 2}')
    assert list(_digests(tmp_path / "models.lock.yaml").values()) == [wanted]


def test_a_certificate_is_trusted_when_it_is_named_and_not_before(
    modelyard: Command, overlay: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "tls"
    with registries.real(need(REGISTRY, "`make tools` builds it"), folder, private=True, tls=True) as host:
        env = docker_config(tmp_path / "docker", host)
        strange = modelyard("push", f"oci://{host}/sets/risk:1", "-f", overlay, env=env)
        assert (strange.returncode, strange.stdout) == (1, "")
        assert f"{host} has a certificate that is not trusted, or speaks no TLS [MY751]" in strange.stderr
        env["REQUESTS_CA_BUNDLE"] = str(folder / "cert.pem")
        pushed = modelyard("push", f"oci://{host}/sets/risk:1", "-f", overlay, env=env)
        assert pushed.returncode == 0, pushed.stderr
        assert modelyard("pull", pushed.stdout.strip(), "-o", tmp_path / "out", env=env).returncode == 0


def test_a_host_that_is_not_there_or_has_no_certificate_is_named(modelyard: Command, tmp_path: Path) -> None:
    gone = _lock(modelyard, tmp_path, "127.0.0.1:9")
    assert "127.0.0.1:9 cannot be reached [MY751]" in gone.stderr
    unknown = _lock(modelyard, tmp_path, "registry.invalid", {"HTTPS_PROXY": ""})
    assert "registry.invalid cannot be reached [MY751]" in unknown.stderr


def test_a_slow_registry_is_given_up_and_holds_up_no_other(registry: str) -> None:
    wanted = registries.put(registry, "models/fraud:1.0.0", "slow")

    def drip(handler: Any) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(100):
                handler.wfile.write(b"X-Slow: 1\r\n")
                handler.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass
        handler.close_connection = True

    with Stub() as slow:
        slow.answers[f"HEAD {PATH}"] = drip
        began = time.monotonic()
        images = [f"{slow.host}/models/fraud:1.0.0", f"{registry}/models/fraud:1.0.0"]
        found, problems = digests.digests_of(images, seconds=2)
        assert time.monotonic() - began < 8
        assert found == {images[1]: wanted}
        assert [each.message for each in problems] == [f"the registry of {images[0]} has not answered in 2 s"]


def test_a_registry_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelyard.registry.session.READ", 0.5)

    def wait(handler: Any) -> None:
        time.sleep(1)
        handler.close_connection = True

    with Stub() as slow:
        slow.answers[f"HEAD {PATH}"] = wait
        with pytest.raises(RegistryProblem) as caught:
            Registry(Reference(slow.host, "models/fraud", "1.0.0")).digest()
        assert caught.value.problem.message == f"{slow.host} has not answered in time"


def test_references_lead_where_docker_takes_them() -> None:
    assert parse("churn:2.0.0") == Reference("docker.io", "library/churn", "2.0.0")
    assert parse("sas/churn") == Reference("docker.io", "sas/churn", "latest")
    found = parse("docker.io/library/caddy:2.11.9")
    assert found is not None
    assert found.endpoint == "registry-1.docker.io"
    assert parse(f"localhost:5000/a/b:1@{D}") == Reference("localhost:5000", "a/b", D)
    assert parse("Not An Image") is None
    assert parse_address("oci://churn:1") is None
    local = {"localhost:5000": True, "127.0.0.1:1": True, "[::1]:5000": True, "127.evil.example.com": False}
    assert {host: Reference(host, "a", "1").is_local for host in local} == local
