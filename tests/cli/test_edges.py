"""The edges: closed and full streams, names that no file can have, disks that take nothing, users without a home.

None of them is a bug in modelyard: each has its message and exit code, and no file is left half written.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from modelyard import api
from modelyard.files import disk as files
from modelyard.files import regular
from modelyard.modelsfile.load import load
from modelyard.plugin.install import homes, install
from modelyard.plugin.status import status
from tests.cli.test_cli import GOOD, contents
from tests.conftest import Run
from tests.support.forks import FORKS

FN: Final = Path(sys.executable).parent / "modelyard-fn"
LONG: Final = "x" * 5000
BUG: Final = "a bug in modelyard"


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    folder = tmp_path / "overlay"
    folder.mkdir()
    (folder / "models.yaml").write_text(GOOD, "utf-8")
    return folder


def shell(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell, in which $M is modelyard."""
    programs = {"M": str(FORKS.programs() / "modelyard"), "FN": str(FORKS.programs() / "modelyard-fn")}
    variables = {**os.environ, **programs, **env}
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    "command", ["render --stdout", "schema", "targets", "explain MY104", "show churn", "--version"]
)
@pytest.mark.parametrize(("sink", "why"), [(">&-", "it is closed"), (">/dev/full", "No space left on device")])
def test_output_that_cannot_be_written_is_an_error(command: str, sink: str, why: str, overlay: Path) -> None:
    done = shell(f"$M {command} {sink}", overlay)
    assert done.returncode == 1
    assert done.stderr.endswith(f"modelyard: error: cannot read or write standard output: {why}\n")


@pytest.mark.parametrize(("command", "code"), [("render", 0), ("check", 0), ("check -f nowhere", 1), ("nonsense", 2)])
def test_a_command_without_output_does_not_mind_a_closed_one(command: str, code: int, overlay: Path) -> None:
    assert shell(f"$M {command} >&-", overlay).returncode == code
    assert shell(f"$M {command} <&- >&- 2>&-", overlay).returncode == code


def test_no_file_is_taken_for_a_closed_stream(overlay: Path) -> None:
    for number in (0, 1, 2):
        shutil.rmtree(overlay / "generated", ignore_errors=True)
        assert shell(f"$M render {number}>&-", overlay).returncode == 0
        written = contents(overlay / "generated")
        assert b"version:" in written.pop(".modelyard")
        assert written == {name: text.encode() for name, text in api.overlay(overlay).content.items()}


def test_errors_that_cannot_be_written_change_no_file_and_are_no_bug(overlay: Path) -> None:
    assert shell("$M check -f nowhere 2>/dev/full", overlay).returncode == 1
    assert shell("$M check -f nowhere 2>&-", overlay).returncode == 1


def test_closed_input_is_an_error(overlay: Path) -> None:
    for command in ("check -", "check --built -", "score http://localhost:1/x - -o out.csv"):
        done = shell(f"$M {command} <&-", overlay)
        assert done.returncode in (1, 2), done.stderr
        assert BUG not in done.stderr
    assert shell("$FN </dev/null >&-", overlay).returncode in (1, 2)


def test_manifests_are_utf_8_whatever_the_locale_is(overlay: Path) -> None:
    (overlay / "models.yaml").write_text(GOOD.replace("image:", 'env: {NAME: "é"}\n      image:'), "utf-8")
    for encoding in ("ascii", "latin-1", "utf-16"):
        command = "$M render --stdout"
        done = subprocess.run(
            ["sh", "-c", command], cwd=overlay, capture_output=True, check=False,
            env={**os.environ, "M": f"{sys.executable} -m modelyard", "PYTHONIOENCODING": encoding},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert 'value: "é"'.encode() in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        *(["render", "-f", LONG], ["check", "-f", LONG], ["check", LONG], ["check", "--base", LONG], ["init", LONG]),
        *(["check", "--built", LONG], ["check", "--crds", LONG], ["site-config", "install", LONG, "--yes"]),
        *(["site-config", "status", LONG], ["plugin", "status", "-f", LONG], ["image", "churn", "-o", LONG]),
        *(["diff", "--git", LONG], ["show", LONG], ["explain", LONG], ["check", "--output", f"{LONG}.json"]),
        *(["score", LONG, "t.csv"], ["score", "http://localhost:1/x", LONG], ["render", "-f", "\udcff"]),
        *(["score", "http://localhost:1/x", "models.yaml", "-o", LONG], ["init", "models.yaml"], ["show", "\udcff"]),
        *(["init", "/dev/null/x"], ["image", "churn", "-o", "."], ["image", "churn", "-o", ".."], ["check", "."]),
        *(["score", "http://localhost:1/x", "models.yaml", "-o", "."], ["traffic", "churn", f"a={'9' * 5000}"]),
        *(["score", "http://localhost:1/x", "models.yaml", "--encoding", each] for each in ("rot13", "base64", "hex")),
        *(["score", "http://localhost:1/x", "models.yaml", "--token-file", each] for each in (LONG, ".", "/dev/zero")),
        *(["explain", "\udcff"], ["check", "\udcff"], ["site-config", "status", "\udcff"], ["explain", ""]),
        *(["render", "-f", ""], ["init", "\udcff/\udcff/models.yaml/x"], ["deploy", LONG, "--image", LONG]),
    ],
    ids=lambda words: " ".join(words)[:60].encode("utf-8", "backslashreplace").decode(),
)  # fmt: skip
def test_an_argument_that_nothing_can_be_made_of_is_no_bug(modelyard: Run, overlay: Path, words: list[str]) -> None:
    before = contents(overlay)
    done = modelyard(*words, cwd=overlay, env={"KUBECONFIG": "/dev/null", "HOME": str(overlay)})
    assert done.returncode in (0, 1, 2), done.stderr
    assert BUG not in done.stderr
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert done.stdout == "" or words[:2] == ["plugin", "status"]
        assert {name: data for name, data in contents(overlay).items() if "template" not in name} == before


@pytest.mark.parametrize("size", [0, 1000])
def test_init_leaves_no_half_of_a_file(size: int, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=8k tmpfs {disk} && head -c {size + 4096} /dev/zero > {disk}/full; "
    done = shell(
        f"unshare -m sh -c '{mount} $M init {disk}/new; echo code $?; find {disk}/new -type f -size 0'", tmp_path
    )
    assert "code 1\n" in done.stdout, done.stderr
    assert done.stdout.endswith("code 1\n"), "an empty file is left"
    assert "No space left on device" in done.stderr
    assert BUG not in done.stderr


def test_init_on_a_read_only_disk_says_so(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    done = shell(
        f"unshare -m sh -c 'mount -t tmpfs -o ro tmpfs {tmp_path} && $M init {tmp_path}/new; echo $?'", tmp_path
    )
    assert done.stdout == "1\n", done.stderr
    assert "Read-only file system" in done.stderr
    assert BUG not in done.stderr


def test_init_writes_only_what_is_missing(modelyard: Run, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("")
    assert modelyard("init", tmp_path).returncode == 0
    assert (tmp_path / "kustomization.yaml").read_text() == ""
    assert sorted(contents(tmp_path)) == ["kustomization.yaml", "models.schema.json", "models.yaml"]


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    env = {"PATH": str(FN.parent)}
    assert homes(env) == []
    made, problems = install(env)
    assert (made, [each.message for each in problems]) == ([], ["this user has no home folder"])
    assert any("has no home" in line.text for line in status(env, tmp_path))
    (tmp_path / "models.yaml").write_text(GOOD, "utf-8")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert api.render(tmp_path).objects


# What is read by a path that a user or a file names: a pipe would hold it up for ever, a device has no end.
NAMED: Final = {  # what is read: lines of shell before, and the command
    "a models file": ("", "check -f {}"),
    "a stream": ("", "check {}"),
    "a build": ("", "check --built {}"),
    "a base": ("", "check --base {}"),
    "definitions": ("", "check --crds {} models.yaml"),
    "a base file": ("printf 'spec: {base: %s}\\n' {} > based.yaml", "check -f based.yaml"),
    "a kustomization": ("mkdir d; ln -s {} d/kustomization.yaml", "site-config status d"),
    "a kustomization with plugins": ("mkdir d; ln -s {} d/kustomization.yaml", "plugin status -f d"),
    "a generator": ("printf 'generators: [%s]\\n' {} > kustomization.yaml", "plugin status"),
    "configurations": (
        "printf 'generators: [g]\\nconfigurations: [%s]\\n' {} > kustomization.yaml; echo 'kind: ModelGenerator' > g",
        "plugin status",
    ),
    "a resource": (
        "printf 'resources: [%s]\\npatches: [{path: %s}]\\n' {} {} > kustomization.yaml; echo 'kind: List' > built",
        "check --base built --deploy .",
    ),
    "a token": ("", "score http://localhost:1/x models.yaml --token-file {}"),
}
NAMED_TO_THE_PLUGIN: Final = {
    "a configuration": "$FN {}",
    "a models file": "printf 'apiVersion: modelyard.dev/v1alpha1\\nkind: ModelGenerator\\n"
    "metadata: {name: a}\\nspec: {models: %s}\\n' {} > g; $FN g",
}
MEMORY: Final = 4_000_000  # KiB
special = pytest.mark.parametrize("named", ["pipe", "/dev/zero"])


@special
@pytest.mark.parametrize("what", sorted(NAMED))
def test_only_regular_files_are_read(modelyard: Run, what: str, named: str, overlay: Path) -> None:
    os.mkfifo(overlay / "pipe")
    before, command = (text.replace("{}", named) for text in NAMED[what])
    assert shell(before, overlay).returncode == 0
    done = modelyard(*command.split(), cwd=overlay, memory=MEMORY * 1024)
    assert done.returncode in (1, 2) or "plugin status" in command, done.stderr
    assert BUG not in done.stderr
    assert "MemoryError" not in done.stderr


@special
@pytest.mark.parametrize("what", sorted(NAMED_TO_THE_PLUGIN))
def test_the_plugin_reads_only_regular_files(what: str, named: str, overlay: Path) -> None:
    os.mkfifo(overlay / "pipe")
    command = NAMED_TO_THE_PLUGIN[what].replace("{}", named)
    done = shell(f"ulimit -v {MEMORY}; {command} </dev/null", overlay, KUSTOMIZE_PLUGIN_CONFIG_ROOT=".")
    assert done.returncode in (1, 2), done.stderr
    assert BUG not in done.stderr
    assert "MemoryError" not in done.stderr


@pytest.mark.parametrize("name", ["a\0b", LONG, "\udcff"])
def test_names_that_no_file_can_have_are_not_there(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    assert not regular.is_file(path)
    assert not regular.is_folder(path)
    assert not regular.exists(path)
    with pytest.raises(OSError, match=r"no file can have this name|too long|No such file"):
        regular.content(path, 1)
    assert [each.code for each in load(path, "models.yaml").problems] == ["MY013"]


def test_a_folder_without_a_name_of_its_own_is_not_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (".", "..", "/"):
        (found,) = files.exchange(Path(name), {"a": "# x\n"}, "# x")
        assert found.code == "MY402"
    assert list(tmp_path.iterdir()) == []
