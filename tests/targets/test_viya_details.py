"""What spec.viya keeps when it is written in another order, with other volumes, or with values that quote badly."""

import itertools
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard import api
from modelyard.manifests.manifest import ConfigMapEntries, Rendered
from modelyard.models.pod import VolumeSource
from modelyard.problems import has_errors
from modelyard.render.component import HEADER, site_config
from modelyard.render.generated import write
from tests.files.test_yaml_writer import REFUSED, hostile_strings
from tests.support import viya
from tests.support.hostile.readers import kubectl

TODAY = date.fromisoformat(viya.TODAY)
PYTHON = "{volume: {emptyDir: {}}, mountPath: /python, services: [%s], config: {%s}}"


def content(folder: Path, text: str) -> dict[str, str]:
    result = api.overlay(viya.models_file(folder, text), today=TODAY)
    assert not has_errors(result.problems), result.problems
    return result.content


@settings(max_examples=30, deadline=None)
@given(st.permutations(["launcher", "cas", "batch", "compute"]), st.permutations(["A: a", "B: b", "C: c"]))
def test_order_in_the_file_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, services: list[str], config: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("order")
    straight = content(folder, f"\n    python: {PYTHON % ('batch, cas, compute, launcher', 'A: a, B: b, C: c')}")
    assert content(folder, f"\n    python: {PYTHON % (', '.join(services), ', '.join(config))}") == straight


@pytest.mark.parametrize("source", VolumeSource.SOURCES)
def test_every_volume_source_arrives_as_it_is(tmp_path: Path, source: str) -> None:
    volume = {source: {"any": "thing", "nested": {"list": [1, "a"]}}}
    files = content(tmp_path, f"\n    python: {{volume: {json.dumps(volume)}, mountPath: /p, services: [launcher]}}")
    (document,) = yaml.safe_load_all(files["site-config/transformers.yaml"])
    first = yaml.safe_load(document["patch"])[0]
    assert first == {"op": "add", "path": "/template/spec/volumes/-", "value": {"name": "python-volume", **volume}}


def test_on_openshift_no_user_is_set(tmp_path: Path) -> None:
    config = "MAS_PYPATH: /p/a, MAS_M2PATH: /p/b"
    models = viya.models_file(tmp_path, f"\n    python: {PYTHON % ('mas', config)}", platform="openshift")
    result = api.overlay(models, today=TODAY)
    assert not has_errors(result.problems)
    assert "runAsUser" not in result.content["site-config/transformers.yaml"]


@pytest.mark.parametrize("builder", ["kustomize", "kubectl"])
def test_values_reach_a_generated_configmap_unchanged(
    shared: Path, kustomize: Path, tmp_path: Path, run: Callable[..., CompletedProcess[str]], builder: str
) -> None:
    texts = [text for text in hostile_strings(shared) if not REFUSED.search(text)]
    quotes = [f"{one}{middle}{other}" for one, middle, other in itertools.product("'\"a", ["", "x", "'", '"'], "'\"a")]
    data = {f"k{i}": text for i, text in enumerate([*texts, *quotes, "a=b", "=", '{"a":"*"}', "-", "#", "$(HOME)"])}
    files = site_config("risk", Rendered(config_maps=[ConfigMapEntries("values", data, merge=False)]))
    assert write(tmp_path / "component", files) == []
    (tmp_path / "kustomization.yaml").write_text("components: [component]\n", "utf-8")
    command = [kustomize, "build"] if builder == "kustomize" else ["kubectl", "kustomize"]
    done = run(*command, tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "built.yaml").write_text(done.stdout, "utf-8")
    (found,) = kubectl(tmp_path / "built.yaml")  # PyYAML stops at the plain `0x_` that kustomize writes
    assert found["data"] == data


def test_a_set_for_viya_alone_is_no_stream(modelyard: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    models = viya.models_file(tmp_path, f"\n    python: {PYTHON % ('launcher', 'A: a')}")
    done = modelyard("render", "--stdout", "-f", models)
    assert (done.returncode, done.stdout) == (1, "")
    assert "renders no objects, only site-config" in done.stderr
    assert modelyard("render", "-f", models).returncode == 0
    assert (models / "generated" / "site-config" / "kustomization.yaml").read_text("utf-8").startswith(HEADER)
    assert not (models / "generated" / "kustomization.yaml").exists()


def test_models_and_viya_make_two_components(tmp_path: Path) -> None:
    model = "{name: one, image: 'r.io/one:1', targets: {deployment: {}}}"
    files = content(tmp_path, f"\n    python: {PYTHON % ('launcher', 'A: a')}\n  models: [{model}]")
    assert yaml.safe_load(files["kustomization.yaml"])["resources"] == ["models/one.yaml", "shared.yaml"]
    assert yaml.safe_load(files["site-config/kustomization.yaml"])["kind"] == "Component"
