"""Nothing of a planted credential appears in any output of a command that speaks to a server, nor in a file it writes.

A command that speaks to a server gets a line in COMMANDS.
"""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from traceback import format_exception
from typing import Final

import pytest

from modelyard import cli
from modelyard.cluster.client import Client
from tests.support.cluster_scene import SET
from tests.support.cluster_server import Cluster
from tests.support.faulty_proxy import modelyard, proxied
from tests.support.model_server import Server, running
from tests.support.planted_secrets import NAMES, SECRETS, Echo, appearing, echo, kubeconfig, users
from tests.support.score_tables import rows, table

# What is called in a folder with models.yaml and in.csv; -n and --kubeconfig come behind it.
COMMANDS: Final[dict[str, list[str]]] = {
    "apply": ["apply", "--wait", "--timeout", "30"],
    "diff": ["diff"],
    "list": ["list"],
    "revisions": ["list", "--revisions", "-o", "json"],
    "status": ["status", "churn"],
    "traffic": ["traffic", "churn", "champion=50", "challenger=50", "--apply"],
    "promote": ["promote", "churn", "challenger", "--apply"],
    "rollback": ["rollback", "churn", "--apply"],
    "logs": ["logs", "fraud"],
    "score": ["score", "fraud", "in.csv", "-o", "out.csv", "--no-retry"],
    "deploy": ["deploy", "extra", "--image", "registry.example.com/extra:1"],
    "prune": ["apply", "--prune", "--yes"],
    "delete": ["delete", "pricing", "--yes"],
}
ME: Final = ["-c", "user.name=me", "-c", "user.email=me@example.com"]
PLANTED: Final = {"kubeconfig", "token", "models.yaml", "in.csv"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into a folder with a models file, and plant credentials in the environment."""
    for text in (SET.replace("60", "70").replace("40", "30"), SET):
        (tmp_path / "models.yaml").write_text(text, "utf-8")
        for words in (["init", "-q"], ["add", "models.yaml"], [*ME, "commit", "-qm", "models"]):
            subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    table(tmp_path / "in.csv", rows(3))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELYARD_TOKEN", SECRETS["modelyard-token"].replace('"', ""))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def server() -> Iterator[Echo]:
    with echo() as one:
        yield one


def _shown(folder: Path) -> str:
    """Return all that was written below a folder, but for what was planted."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in PLANTED]
    return "".join(f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in files)


def _fails(folder: Path, command: str, config: Path) -> str:
    """Run a command that must fail as a user's does, and return what it says."""
    answer = modelyard(*COMMANDS[command], "-n", "models", "--kubeconfig", config)
    assert answer.code == 1, answer.err
    assert answer.out == ""
    assert answer.err
    assert appearing(answer.err + _shown(folder)) == []
    return answer.err


def test_there_are_enough_secrets_and_all_are_looked_for() -> None:
    assert len(NAMES) >= 20
    assert appearing("".join(SECRETS.values())) == list(NAMES)


@pytest.mark.parametrize("how", ["status", "401", "500", "html", "redirect", "drop"])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_shows_what_a_server_repeats(folder: Path, server: Echo, command: str, how: str) -> None:
    server.how = how
    _fails(folder, command, kubeconfig(folder, server.port, users()["token"]))
    assert server.seen


@pytest.mark.parametrize("user", users())
@pytest.mark.parametrize("command", ["list", "apply", "score"])
def test_no_way_to_log_in_shows(folder: Path, server: Echo, command: str, user: str) -> None:
    _fails(folder, command, kubeconfig(folder, server.port, users()[user]))


@pytest.mark.parametrize("command", ["list", "apply", "score"])
def test_no_proxy_shows(folder: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    through = "http://user:{}@127.0.0.1:1"
    config = kubeconfig(
        folder, 1, users()["token"], **{"proxy-url": through.format(SECRETS["proxy-url-password"].replace('"', ""))}
    )
    _fails(folder, command, config)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, through.format(SECRETS["proxy-env-password"].replace('"', "")))
    monkeypatch.delenv("NO_PROXY")
    _fails(folder, command, kubeconfig(folder, 1, users()["token"]))


@pytest.mark.parametrize("text", ["{[", "users: [{name: a, user: {token: '", "", "[]", "a: &a [*a, "])
@pytest.mark.parametrize("command", ["list", "score"])
def test_a_broken_kubeconfig_is_not_quoted(folder: Path, command: str, text: str) -> None:
    config = folder / "kubeconfig"
    config.write_text(f"current-context: a\n{text}{SECRETS['broken-kubeconfig-token']}", "utf-8")
    assert "[MY701]" in _fails(folder, command, config)


@pytest.mark.parametrize("traceback", ["", "1"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_bug_shows_no_credential(
    folder: Path, server: Echo, monkeypatch: pytest.MonkeyPatch, command: str, traceback: str
) -> None:
    def broken(self: Client, *_: object, **__: object) -> None:
        raise RuntimeError(type(self).__name__)

    monkeypatch.setattr(Client, "_request", broken)
    monkeypatch.setenv("MODELYARD_TRACEBACK", traceback)
    config = kubeconfig(folder, server.port, users()["token"])
    monkeypatch.setattr(sys, "argv", ["modelyard", *COMMANDS[command], "-n", "models", "--kubeconfig", str(config)])
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    with pytest.raises((SystemExit, RuntimeError)) as ended:
        cli.main()
    if isinstance(ended.value, SystemExit):
        assert (ended.value.code, traceback) == (3, "")
    else:
        said.write("".join(format_exception(ended.value)))  # as the interpreter prints it
    assert "RuntimeError" in said.getvalue()
    assert appearing(said.getvalue() + _shown(folder)) == []


@pytest.mark.parametrize("user", ["token", "keys", "login program that fails", "oidc"])
def test_warnings_and_tracebacks_of_a_process_show_none(folder: Path, server: Echo, user: str) -> None:
    config = kubeconfig(folder, server.port, users()[user])
    (folder / "tmp").mkdir()
    env = {**os.environ, "PYTHONWARNINGS": "default", "PYTHONDEVMODE": "1", "MODELYARD_TRACEBACK": "1"}
    env["TMPDIR"] = str(folder / "tmp")
    command = [sys.executable, "-m", "modelyard", *COMMANDS["list"], "-n", "models", "--kubeconfig", str(config)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert appearing(done.stdout + done.stderr + _shown(folder)) == []
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("how", ["status", "401", "html", "redirect"])
def test_scoring_by_a_url_shows_none(folder: Path, server: Echo, how: str) -> None:
    server.how = how
    (folder / "token").write_text(SECRETS["score-token-file"], "utf-8")
    url = f"http://user:{SECRETS['score-url-password'].replace('/', '')}@127.0.0.1:{server.port}/churn"
    headers = ["--header", f"X-Key: {SECRETS['score-header']}", "--header", f"Cookie: s={SECRETS['score-cookie']}"]
    for more in ([], ["--token-file", "token"]):
        answer = modelyard("score", url, "in.csv", "-o", "out.csv", "--no-retry", *headers, *more)
        assert answer.code == 1
        assert "[MY802]" in answer.err
        assert appearing(answer.out + answer.err + _shown(folder)) == []


def test_nothing_shows_where_all_goes_well(cluster: Cluster, folder: Path) -> None:
    namespace = "secrets"
    cluster.succeed("create", "namespace", namespace)
    planted = f"--from-literal=password={SECRETS['cluster-secret']}"
    cluster.succeed("create", "secret", "generic", "database", planted, "-n", namespace)
    with running(Server()) as model, proxied(cluster.kubeconfig) as proxy:
        config = kubeconfig(folder, proxy.server_address[1], users()["login program"])
        for name, words in COMMANDS.items():
            gate = ["--ingress", f"127.0.0.1:{model.port}"] if name == "score" else []
            answer = modelyard(*words, *gate, "-n", namespace, "--kubeconfig", config)
            # The pods are make-believe: they have no log.
            assert answer.code == (1 if name == "logs" else 0), f"{name}: {answer.err}"
            assert appearing(answer.out + answer.err + _shown(folder)) == [], name
    assert (folder / "out.csv").exists()
