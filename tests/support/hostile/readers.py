"""What other readers make of YAML: PyYAML, ruamel.yaml, and the programs that output is made for."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from ruamel.yaml import YAML

from modelyard.files.yaml import Sources, read
from tests.conftest import need

Objects = list[dict[str, Any]]


def pyyaml(text: str) -> Objects:
    return list(yaml.safe_load_all(text))


def libyaml(text: str) -> Objects:
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def ruamel(text: str) -> Objects:
    return list(YAML(typ="safe", pure=True).load_all(text))


def ruamel_1_1(text: str) -> Objects:
    return [_version_1_1().load(part) for part in text.split("\n---\n")]


def _version_1_1() -> YAML:
    """Return a reader for one document: with the next, ruamel.yaml goes back to YAML 1.2."""
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 1)
    return reader


PYTHON: Final[dict[str, Callable[[str], Objects]]] = {
    "PyYAML": pyyaml,
    "PyYAML with libyaml": libyaml,
    "ruamel.yaml": ruamel,
    "ruamel.yaml as YAML 1.1": ruamel_1_1,
}


def own(text: str) -> Objects:
    found = [read(part.encode(), Sources(), "output.yaml") for part in text.split("\n---\n")]
    assert [each.problems for each in found] == [[]] * len(found)
    return [dict(each.data) for each in found if isinstance(each.data, dict)]


def kubectl(file: Path) -> Objects:
    """Return the objects of a file as kubectl reads them, without a cluster: it applies an empty patch."""
    program = need(Path(shutil.which("kubectl") or "kubectl"), "it stands for Kubernetes' own reader of YAML")
    command = [str(program), "patch", "--local", "--type=merge", "--patch={}", "--output=json", f"--filename={file}"]
    env = {**os.environ, "KUBECONFIG": os.devnull}
    done = subprocess.run(command, capture_output=True, env=env, timeout=120, check=True)
    return list(_concatenated(done.stdout.decode()))


def kustomize_build(program: Path, text: str, folder: Path) -> Path:
    """Return a file with what kustomize makes of resources."""
    (folder / "resources.yaml").write_bytes(text.encode())
    (folder / "kustomization.yaml").write_text("resources: [resources.yaml]\n")
    done = subprocess.run([program, "build", folder], capture_output=True, timeout=120, check=True)
    built = folder / "built.yaml"
    built.write_bytes(done.stdout)
    return built


def _concatenated(text: str) -> Iterator[dict[str, Any]]:
    decoder, index = json.JSONDecoder(), 0
    while index < len(text):
        value, index = decoder.raw_decode(text, index)
        yield value
        index += len(text[index:]) - len(text[index:].lstrip())
