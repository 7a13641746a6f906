"""Every door gives the same objects: the written component, the stream, the KRM function, the legacy plugin."""

from pathlib import Path
from typing import Final

import pytest
import yaml

from modelyard import api
from tests.conftest import Run
from tests.support import model_format
from tests.support.kustomize_builds import (
    DOORS,
    KUSTOMIZATIONS,
    PLUGINS,
    ROOT,
    Builder,
    copied,
    dangling,
    furnish,
    installed,
    load,
)
from tests.support.plugin_calls import MODELS

pytestmark = pytest.mark.long

MISTAKE: Final = 'spec:\n  "50%x": 1\n'
EMPTY: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec: {allowEmpty: true, serviceAccount: {create: false}}
"""


@pytest.fixture(scope="module")
def builder(kustomize: Path, run: Run, modelyard: Run, tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return installed(Builder(kustomize, tmp_path_factory.mktemp("plugins"), run), modelyard)


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """Return a folder with a models file of one model."""
    (tmp_path / "models.yaml").write_text(MODELS)
    return tmp_path


@pytest.mark.parametrize("name", ["base", "dev", "prod", "sagemaker"])
def test_every_door_gives_the_same_objects(
    name: str, builder: Builder, modelyard: Run, run: Run, tmp_path: Path
) -> None:
    copied(ROOT / "overlays", tmp_path / "overlays")
    folder = furnish(tmp_path / "overlays" / name, "static")
    expected = builder.objects(folder, "static")
    assert load(run("kubectl", "kustomize", folder).stdout) == expected
    assert load(modelyard("render", "-f", folder, "--stdout").stdout) == expected
    for door in ("krm", "legacy"):
        assert builder.objects(furnish(folder, door), door) == expected, door


@pytest.mark.parametrize("name", ["base", "dev", "prod", "sagemaker"])
def test_every_version_builds_the_same_objects(
    name: str, each_kustomize: str, modelyard: Run, run: Run, tmp_path: Path
) -> None:
    copied(ROOT / "overlays", tmp_path / "overlays")
    folder = furnish(tmp_path / "overlays" / name, "static")
    command = ("kubectl", "kustomize") if each_kustomize == "kubectl" else ("kustomize", "build")
    assert load(run(*command, folder).stdout) == load(modelyard("render", "-f", folder, "--stdout").stdout)


def test_the_plugin_of_the_samples_is_that_of_the_documentation() -> None:
    found = model_format.example("As a kustomize plugin")
    assert (KUSTOMIZATIONS / "plugin-krm" / "models-generator.yaml").read_text("utf-8") == found


def test_the_legacy_plugin_runs_in_kustomize_too(builder: Builder, overlay: Path) -> None:
    expected = builder.objects(furnish(overlay, "legacy"), "legacy")
    assert builder.objects(overlay, "krm") == expected


@pytest.mark.parametrize("door", ["krm", "legacy"])
def test_a_mistake_stops_the_build_with_its_place(door: str, builder: Builder, overlay: Path) -> None:
    furnish(overlay, door)
    (overlay / "models.yaml").write_text(MODELS.replace("spec:\n", MISTAKE))
    done = builder.build(overlay, door)
    assert (done.returncode, done.stdout) == (1, "")
    # kustomize 5.8 shows the doubled sign that older ones need.
    assert "models.yaml:5:3: error: unknown key 50%x [MY101]" in done.stderr.replace("%%", "%")


@pytest.mark.parametrize("door", DOORS)
def test_a_prefix_on_a_domain_is_refused_with_its_place(
    door: str, builder: Builder, modelyard: Run, overlay: Path
) -> None:
    furnish(overlay, door)
    domain = MODELS.replace("{minScale: 1}", "{minScale: 1, domains: [{host: churn.example.com}]}")
    (overlay / "models.yaml").write_text(domain)
    path = overlay / "kustomization.yaml"
    path.write_text(f"# A comment.\nnamePrefix:   blue-\n{path.read_text()}")
    done = builder.build(overlay, door) if door != "static" else modelyard("check", "-f", overlay)
    assert (done.returncode, done.stdout) == (1, "")
    place = f"{path}:2:15" if door == "static" else "kustomization.yaml:2:15"
    assert f"{place}: error: namePrefix changes the host name of every DomainMapping [MY220]" in done.stderr


@pytest.mark.parametrize("file", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
@pytest.mark.parametrize("entry", ["namePrefix: 'blue-'", "nameSuffix: -v2"])
def test_a_renaming_is_found_wherever_kustomize_finds_it(file: str, entry: str, overlay: Path) -> None:
    (overlay / "models.yaml").write_text(MODELS.replace("minScale: 1", "domains: [{host: churn.example.com}]"))
    (overlay / file).write_text(f"components: [generated]\n{entry}\n")
    (problem,) = (each for each in api.check(overlay) if each.code == "MY220")
    assert str(problem.place) == f"{overlay / file}:2:13"


def test_a_prefix_without_domains_reaches_everything(builder: Builder, overlay: Path) -> None:
    own = {"namePrefix": "blue-", "nameSuffix": ""}
    objects = builder.objects(furnish(overlay, "static", own), "static")
    assert {name for _, _, name in objects} == {"blue-risk", "blue-churn"}
    assert not dangling(objects)


@pytest.mark.parametrize("host", ["kustomize build", "kubectl kustomize"])
def test_without_its_second_flag_the_function_is_skipped_without_a_word(
    host: str, builder: Builder, run: Run, overlay: Path
) -> None:
    # What `modelyard plugin status` warns of. Should this fail, a host has become better than what it says.
    program, command = host.split()
    program = str(builder.kustomize) if program == "kustomize" else program
    done = run(program, command, PLUGINS, furnish(overlay, "krm"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("door", ["krm", "legacy"])
def test_nothing_is_generated_only_where_that_is_permitted(door: str, builder: Builder, overlay: Path) -> None:
    furnish(overlay, door)
    (overlay / "models.yaml").write_text(EMPTY.replace("true", "false"))
    assert builder.build(overlay, door).returncode == 1
    (overlay / "models.yaml").write_text(EMPTY)
    done = builder.build(overlay, door)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_function_passes_on_what_hashes_and_prefixes_need(builder: Builder, overlay: Path) -> None:
    container = {"name": "train", "image": "train:1", "envFrom": [{"configMapRef": {"name": "settings"}}]}
    spec = {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"}, "spec": spec}
    (overlay / "job.yaml").write_text(yaml.safe_dump(job))
    settings = [{"name": "settings", "literals": ["rate=30"]}]
    own = {"resources": ["job.yaml"], "configMapGenerator": settings, "namePrefix": "blue-"}
    _among_transformers(furnish(overlay, "krm", own))
    objects = builder.objects(overlay, "krm")
    assert not dangling(objects)
    assert {kind for _, kind, _ in objects} == {"Job", "ConfigMap", "NetworkPolicy", "Service", "ServiceAccount"}


def test_the_legacy_plugin_refuses_to_stand_among_transformers(builder: Builder, overlay: Path) -> None:
    settings = [{"name": "settings", "literals": ["rate=30"]}]
    _among_transformers(furnish(overlay, "legacy", {"configMapGenerator": settings}))
    done = builder.build(overlay, "legacy")
    assert (done.returncode, done.stdout) == (1, "")
    assert "hint: move its entry from transformers or validators to generators" in done.stderr


def _among_transformers(folder: Path) -> None:
    path = folder / "kustomization.yaml"
    path.write_text(path.read_text().replace("generators:", "transformers:"))


def test_in_a_folder_of_transformers_it_runs_once(builder: Builder, overlay: Path) -> None:
    # A function that echoes its configuration there runs again, as one of the transformers that it generated.
    inner = overlay / "transformers"
    inner.mkdir()
    (inner / "models.yaml").write_text(EMPTY)
    furnish(inner, "krm")
    program = inner / "modelyard-fn"
    program.write_text('#!/bin/sh\necho run >>runs\nexec modelyard-fn "$@"\n')
    program.chmod(0o755)
    generator = inner / "models-generator.yaml"
    generator.write_text(generator.read_text().replace("path: modelyard-fn", "path: ./modelyard-fn"))
    settings = [{"name": "settings", "literals": ["rate=30"]}]
    (overlay / "kustomization.yaml").write_text(
        yaml.safe_dump({"transformers": ["transformers"], "configMapGenerator": settings})
    )
    assert [kind for _, kind, _ in builder.objects(overlay, "krm")] == ["ConfigMap"]
    assert (inner / "runs").read_text() == "run\n"


def test_a_package_keeps_its_own_files(builder: Builder, overlay: Path) -> None:
    # `kustomize fn run` is what kpt grew from: it calls the function with the files of a folder, and writes them back.
    package = overlay / "package"
    package.mkdir()
    (overlay / ".git").mkdir()  # the package leads to a file above it
    generator = (KUSTOMIZATIONS / "plugin-krm" / "models-generator.yaml").read_text()
    (package / "models-generator.yaml").write_text(generator.replace("models.yaml ", "../models.yaml "))
    settings = "# My own.\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings # stays\ndata:\n  rate: '010'\n"
    (package / "settings.yaml").write_text(settings)
    contents = []
    for _ in range(2):
        done = builder.run(builder.kustomize, "fn", "run", ".", "--enable-exec", cwd=package, env=builder.env)
        assert done.returncode == 0, done.stderr
        contents.append({path.name: path.read_text() for path in package.iterdir()})
    assert contents[0] == contents[1]
    assert contents[0].pop("settings.yaml") == settings.replace("'010'", '"010"')
    assert "modelyard-fn" in contents[0].pop("models-generator.yaml")
    assert sorted(contents[0]) == ["networkpolicy_churn.yaml", "service_churn.yaml", "serviceaccount_risk.yaml"]
