"""The door to the kustomize binary."""

import os
import time
from pathlib import Path

import pytest

from modelyard.kustomize.build import Program, build, program, said
from modelyard.kustomize.simulate import effect
from tests.support.viya_deployments import lay

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\n"


def fake(folder: Path, name: str, script: str) -> Path:
    """Put an executable into a folder; return the folder."""
    lay(folder, {name: f"#!/bin/sh\n{script}\n"})
    (folder / name).chmod(0o755)
    return folder


def test_a_base_outside_of_the_folder(tmp_path: Path, kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(kustomize.parent))
    folder = lay(tmp_path, {"a/kustomization.yaml": "resources: [../map.yaml]\n", "map.yaml": MAP})
    result = build(folder / "a")
    assert result.problems == []
    assert result.stream.startswith(b"apiVersion: v1\nkind: ConfigMap\n")


def test_kubectl_where_there_is_no_kustomize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_ = fake(tmp_path / "bin", "kubectl", 'echo "kubectl $@"')
    monkeypatch.setenv("PATH", str(bin_))
    assert build(tmp_path).stream == f"kubectl kustomize --load-restrictor LoadRestrictionsNone {tmp_path}\n".encode()


def test_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    [problem] = build(tmp_path).problems
    assert (problem.code, problem.message) == ("MY624", "neither kustomize nor kubectl is on PATH")
    assert "install kustomize" in problem.hint


def test_what_kustomize_says_becomes_a_problem(
    tmp_path: Path, kustomize: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(kustomize.parent))
    lay(tmp_path, {"kustomization.yaml": "resources: [absent.yaml]\ncommonLabels: {a: b}\n"})
    result = build(tmp_path)
    assert result.stream == b""
    assert [each.code for each in result.problems] == ["MY625"]
    assert result.problems[0].message.startswith("kustomize stops: accumulating resources: ")
    assert "absent.yaml" in result.problems[0].message


def test_a_program_that_cannot_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, {"kustomize": "\0"})
    (tmp_path / "kustomize").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    [problem] = build(tmp_path).problems
    assert problem.code == "MY624"
    assert "cannot be run" in problem.message


def test_progress_and_the_end_of_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_ = fake(tmp_path, "kustomize", f"echo $$ > {tmp_path}/pid; exec sleep 60")
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    seconds: list[float] = []
    start = time.monotonic()
    [problem] = build(tmp_path, progress=seconds.append, timeout=2.5).problems
    assert time.monotonic() - start < 10
    assert problem.message == "kustomize has not ended after 2 s"
    assert [round(each) for each in seconds] == [1, 2]
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_environment_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{fake(tmp_path, 'kustomize', 'echo $ONE_OF_MINE')}:/bin")
    monkeypatch.setenv("ONE_OF_MINE", "here")
    assert build(tmp_path).stream == b"here\n"


@pytest.mark.parametrize(
    ("err", "text"),
    [
        ("# Warning: 'bases' is deprecated.\nError: a\n  b\n", "a b"),
        ("Error: loading: literal sources [A=secret b]: invalid literal source b", "loading: literal sources …"),
        ('Error: no patch from [patch: "secret"]', 'no patch from [patch: "…'),
        ("Error: builtin X with config: `\nsecret\n`: bad", "builtin X with config: `…"),
        ("x" * 5_000, "x" * 1_500 + "…"),
    ],
)  # fmt: skip
def test_what_kustomize_said_in_one_line_without_values(err: str, text: str) -> None:
    assert said(err.encode()) == text


@pytest.mark.parametrize(
    ("name", "prints", "version", "called"),
    [
        ("kustomize", "v5.8.1", (5, 8, 1), "kustomize 5.8.1"),
        ("kustomize", "v5.10.0-rc.1", (5, 10, 0), "kustomize 5.10.0"),
        ("kustomize", "{Version:kustomize/v4.5.7 GitCommit:56d82a8}", (4, 5, 7), "kustomize 4.5.7"),
        ("kubectl", '{"clientVersion": {"gitVersion": "v1.32.4"}, "kustomizeVersion": "v5.5.0"}', (5, 5, 0),
         "kubectl's kustomize 5.5.0"),
        ("kubectl", '{"clientVersion": {"gitVersion": "v1.20.2"}}', None, ""),
        ("kustomize", "(devel)", None, ""),
        ("kustomize", "{Version:unknown GitCommit:$Format:%H$}", None, ""),
        ("kustomize", "v999999999999999999999.1.1", None, ""),
    ],
)  # fmt: skip
def test_the_program_is_asked_for_its_version(
    name: str, prints: str, version: tuple[int, int, int] | None, called: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("PATH", str(fake(tmp_path, name, f"echo '{prints}'")))
    assert program() == Program(name, version)
    assert not called or str(program()) == called


def test_each_kustomize_says_its_version(each_kustomize: str) -> None:
    found = program()
    assert found is not None
    assert found.version is not None
    assert each_kustomize in ("kubectl", f"v{'.'.join(map(str, found.version))}")


@pytest.mark.parametrize(
    ("prints", "told", "codes"),
    [
        ("v5.5.0", "steps are simulated as in kustomize 5.5.0", []),
        ("v4.5.7", "kustomize 4.5.7 is older than what is known here: steps are simulated as in 5.0.1", ["MY627"]),
        ("v6.0.0", "kustomize 6.0.0 is newer than what is known here: steps are simulated as in 5.8.3", ["MY627"]),
        ("(devel)", "kustomize does not say its version: steps are simulated as in 5.8.3", ["MY627"]),
        (None, "kustomize is not on PATH: steps are simulated as in 5.8.3", []),
    ],
)
def test_it_is_said_which_version_is_followed(
    prints: str | None, told: str, codes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if prints is not None:
        fake(tmp_path / "bin", "kustomize", f"echo '{prints}'")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    heard: list[str] = []
    deploy = lay(tmp_path / "deploy", {"kustomization.yaml": "namePrefix: p-\n"})
    _, problems = effect(deploy, component=None, base=MAP.encode(), progress=heard.append)
    assert heard == [told]
    assert [each.code for each in problems] == codes
    assert all(str(each.severity) == "note" for each in problems)
