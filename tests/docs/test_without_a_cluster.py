"""The page on scoring without a cluster runs as it stands, and starts the image as the pods of its models file do."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard import api
from tests.support.forks import FORKS
from tests.support.model_server import Server, running
from tests.support.score_tables import expected, read, rows, table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "scoring-without-a-cluster.md"
LISTENS = "127.0.0.1:8080"
# Stands in for Docker, which runs nothing here: it notes its arguments.
DOCKER = '#!/bin/sh\necho "$@" >> "$(dirname "$0")/calls"\n'


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


def _lines(page: str) -> list[str]:
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()]


def _run(line: str, server: Server, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), str(FORKS.programs()), os.environ["PATH"]])
    return subprocess.run(
        ["sh", "-c", line.replace(LISTENS, f"127.0.0.1:{server.port}")], cwd=folder, env={**os.environ, "PATH": path},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    return tmp_path


def test_its_lines_run(page: str, server: Server, folder: Path) -> None:
    body = rows(20)
    table(folder / "input.csv", body)
    table(folder / "known.csv", body)
    table(folder / "known-scored.csv", expected(body)[1:], expected(body)[0])
    lines = _lines(page)
    assert len(lines) == 9
    for line in lines:
        done = _run(line, server, folder)
        if "/prometheus" not in line:
            assert done.returncode == 0, line + done.stderr
            assert done.stdout == "", line
    assert read(folder / "output.csv") == expected(body)
    assert [call.split()[0] for call in (folder / "calls").read_text().splitlines()] == ["run", "stop", "ps", "image"]


def test_its_lines_tell_a_stand_in(page: str, server: Server, folder: Path) -> None:
    [metrics] = [line for line in _lines(page) if "/prometheus" in line]
    assert _run(metrics, server, folder).stdout == "0\n"
    compare = _lines(page)[-1]
    for name, last in (("again.csv", "0.5"), ("known-scored.csv", "0.75")):
        (folder / name).write_text(f"ID,P_BAD\na,{last}\n")
    assert _run(compare, server, folder).returncode == 1


def _container(page: str, folder: Path) -> dict[str, Any]:
    [models] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (folder / "models.yaml").write_text(models)
    rendered = api.render(folder)
    assert rendered.problems == []
    [deployment] = [each.body for each in rendered.objects if each.body["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = yaml.safe_load(yaml.safe_dump(container))
    return found


def test_its_container_is_started_as_the_pods_are(page: str, folder: Path) -> None:
    words = shlex.split(_lines(page)[0])
    container = _container(page, folder)
    given = dict(pairwise(words))
    assert words[:2] == ["docker", "run"]
    assert words[-1] == container["image"]
    assert given["--env"].split("=") == [*container["env"][0].values()]
    assert given["--publish"] == f"{LISTENS}:{container['ports'][0]['containerPort']}"
    assert given["--user"] == str(container["securityContext"]["runAsUser"])
    assert given["--cap-drop"] == container["securityContext"]["capabilities"]["drop"][0]
    assert given["--memory"] == container["resources"]["limits"]["memory"].lower().removesuffix("i")
    assert [given["--tmpfs"]] == [each["mountPath"] for each in container["volumeMounts"]]
    assert ("--read-only" in words) is container["securityContext"]["readOnlyRootFilesystem"]
    assert ("no-new-privileges" in words) is not container["securityContext"]["allowPrivilegeEscalation"]
