"""The page on hosts: each mistake in its tables is made, the host says nothing, and the command beside it finds it."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import yaml

from tests.conftest import CACHE, need
from tests.support import registries, viya
from tests.support.consoles import ROOT, blocks, environment, read

pytestmark = pytest.mark.long

PAGE: Final = "docs/how-to/hosts.md"
# What needs a cluster is in tests/cluster: test_hosts.py, test_helm_plugin.py.
ON_A_CLUSTER: Final = frozenset(["--reuse-values", "argocd-cm-patch.yaml", "`modelyard` in an upgrade"])
REGISTRY: Final = CACHE / "registry-v3.1.1" / "registry"
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: scoring
  registry: registry.example.com/models
  defaults: {runtime: pcr}
  models:
    - name: churn
      path: /churn
      variants:
        - {name: champion, image: "churn:2.0.0", percent: 90}
        - {name: challenger, image: "churn:2.1.0", percent: 10}
      targets: {knative: {minScale: 1}}
    - {name: pricing, image: "pricing:1.0", config: {TEXT: "${HOME}/a"}, targets: {deployment: {replicas: 2}}}
"""
DIGEST: Final = f"sha256:{'a' * 64}"
LOCK: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ImageLock\nimages:\n" + "".join(
    f"  registry.example.com/models/{image}: {DIGEST}\n" for image in ("churn:2.0.0", "churn:2.1.0", "pricing:1.0")
)
GENERATOR: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelGenerator
metadata:
  name: models
  annotations:
    config.kubernetes.io/function: |
      exec: {path: modelyard-fn}
spec: {models: models.yaml}
"""
SETTINGS: Final = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\ndata: {a: b}\n"
FLUX: Final = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: risk, namespace: flux-system}
spec:
  interval: 30m
  prune: true
  path: ./overlays/prod
  sourceRef: {kind: GitRepository, name: risk}
  postBuild: {substitute: {cluster: prod}}
"""


class Place:
    """A repository with a models file in overlays/prod, and commands that are run at its top."""

    def __init__(self, folder: Path, programs: list[Path]) -> None:
        self.folder, self.overlay = folder, folder / "overlays" / "prod"
        self.host = ""  # of a registry
        self.env = environment(*programs, DOCKER_CONFIG=str(folder / "nobody"))
        self.overlay.mkdir(parents=True)
        (self.overlay / "models.yaml").write_text(MODELS, "utf-8")
        (self.overlay / "own.yaml").write_text(SETTINGS, "utf-8")
        self.says("git init -q . && git remote add origin https://git.example.com/risk.git")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the page."""
        command = command.replace("registry.example.com/sets", f"{self.host}/sets") if self.host else command
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], cwd=self.folder, env=dict(self.env), capture_output=True,
            text=True, check=False, timeout=120,
        )  # fmt: skip

    def says(self, command: str) -> str:
        """Return what a command prints; it must succeed."""
        done = self.run(command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kustomization(self, **parts: object) -> None:
        """Write the kustomization."""
        head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": ["own.yaml"]}
        (self.overlay / "kustomization.yaml").write_text(yaml.safe_dump({**head, **parts}), "utf-8")

    def models(self, old: str, new: str) -> None:
        """Change the models file."""
        assert old in MODELS
        (self.overlay / "models.yaml").write_text(MODELS.replace(old, new), "utf-8")

    def rendered(self, **parts: object) -> None:
        """Be an overlay that is in order."""
        self.kustomization(components=["generated"], **parts)
        self.says("modelyard render -f overlays/prod")

    def plugged(self, **parts: object) -> None:
        """Be an overlay that calls the plugin, and is in order."""
        (self.overlay / "models-generator.yaml").write_text(GENERATOR, "utf-8")
        self.says("modelyard plugin configurations > overlays/prod/kustomizeconfig.yaml")
        names = {"generators": ["models-generator.yaml"], "configurations": ["kustomizeconfig.yaml"]}
        self.kustomization(**{**names, **parts})


class Mistake(NamedTuple):
    """A row: what is in order, the mistake, what the host then does without a word, and what it should have said."""

    order: Callable[[Place], object]
    mistake: Callable[[Place], object]
    host: str  # a command that succeeds
    lacks: str  # what it does not print
    good: str = ""  # the command that finds nothing where all is in order, if it is not that of the page
    says: str = ""  # what the command of the page prints; it fails if absent


NEW: Final = "churn:2.2.0"
BUILD: Final = "kustomize build overlays/prod"
PLUGIN: Final = "kustomize build --enable-alpha-plugins --enable-exec overlays/prod"
ROUTE: Final = "kind: Route"


def _new_image(place: Place) -> None:
    place.models("churn:2.1.0", NEW)


def _locked(place: Place) -> None:
    (place.overlay / "models.lock.yaml").write_text(LOCK, "utf-8")
    place.rendered()


def _flux(place: Place) -> None:
    place.models("spec:\n", "spec:\n  delivery: flux\n")
    place.says("mkdir -p clusters/prod")
    (place.folder / "clusters" / "prod" / "risk.yaml").write_text(FLUX, "utf-8")


def _argocd(place: Place) -> None:
    place.rendered()
    place.says("modelyard render -f overlays/prod --argocd argocd")


def _package(place: Place) -> None:
    place.says("mkdir package && modelyard init --kpt package")


def _viya(place: Place) -> None:
    viya.deployment(ROOT.parent / "shared", place.folder / "deploy")
    shutil.copytree(ROOT / "overlays" / "viya", place.folder / "viya")
    place.says("modelyard site-config install deploy -f viya --yes")


def _change_viya(place: Place) -> None:
    file = place.folder / "viya" / "models.yaml"
    text = file.read_text("utf-8")
    assert "server: nfs.example.com" in text
    file.write_text(text.replace("server: nfs.example.com", "server: other.example.com"), "utf-8")


def _patch_viya(place: Place) -> None:
    file = place.folder / "deploy" / "kustomization.yaml"
    data = yaml.safe_load(file.read_text("utf-8"))
    patch = [{"op": "replace", "path": "/spec/template/spec/volumes/0/nfs/server", "value": "other.example.com"}]
    built = yaml.safe_load_all(place.says("kustomize build deploy"))
    for each in built:
        pod = each.get("spec", {}).get("template", {}).get("spec", {}) if each["kind"] == "Deployment" else {}
        for index, volume in enumerate(pod.get("volumes") or []):
            if "nfs.example.com" in str(volume):
                patch[0]["path"] = f"/spec/template/spec/volumes/{index}/nfs/server"
                target = {"kind": "Deployment", "name": each["metadata"]["name"]}
                last = {"target": target, "patch": json.dumps(patch)}
                wrap = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": [last]}
                (place.folder / "deploy" / "last").mkdir()
                (place.folder / "deploy" / "last" / "kustomization.yaml").write_text(yaml.safe_dump(wrap), "utf-8")
                file.write_text(yaml.safe_dump({**data, "components": [*data["components"], "last"]}), "utf-8")
                return
    raise AssertionError("no volume of the models file is built")


ROWS: Final[Mapping[str, Mistake]] = {
    "`modelyard render`, after a change": Mistake(Place.rendered, _new_image, BUILD, NEW),
    "`components: [generated]`": Mistake(Place.rendered, Place.kustomization, BUILD, ROUTE),
    "`modelyard lock`, after a new image": Mistake(
        _locked, _new_image, f"modelyard render -f overlays/prod && {BUILD} | grep {NEW}", DIGEST
    ),
    "that `newTag` drops a locked digest": Mistake(
        _locked,
        lambda place: place.rendered(images=[{"name": "registry.example.com/models/pricing", "newTag": "1.1"}]),
        f"{BUILD} | grep pricing:1.1",
        DIGEST,
    ),
    "`--enable-exec`": Mistake(
        Place.plugged, lambda _: None, "kustomize build --enable-alpha-plugins overlays/prod", ROUTE,
        f"{PLUGIN} | modelyard check -f overlays/prod --built -",
    ),
    "that kubectl runs no KRM functions": Mistake(
        Place.plugged, lambda _: None, "kubectl kustomize --enable-alpha-plugins overlays/prod", ROUTE,
        f"{PLUGIN} | modelyard check -f overlays/prod --built -",
    ),
    "the entry under `generators:`": Mistake(Place.plugged, Place.kustomization, PLUGIN, ROUTE),
    "`configurations:`, with a `namePrefix`": Mistake(
        lambda place: place.plugged(namePrefix="new-"),
        lambda place: place.plugged(namePrefix="new-", configurations=[]),
        PLUGIN,
        "configurationName: new-churn-champion",
    ),
    "`models.yaml` in `.krmignore`": Mistake(
        _package, lambda place: (place.folder / "package/.krmignore").write_text("models.schema.json\n"),
        "cat package/.krmignore", "models.yaml", says="lets kpt rewrite and apply models.yaml",
    ),
    "`modelyard chart`, after a change": Mistake(
        lambda place: place.says("modelyard chart -f overlays/prod -o charts/risk"),
        _new_image, "helm template risk charts/risk", NEW,
    ),
    "`modelyard render --argocd`, after a change": Mistake(
        _argocd,
        _new_image, BUILD, NEW,
    ),
    "`delivery: flux`, and the Kustomization has `postBuild`": Mistake(
        _flux,
        lambda place: place.models("spec:\n", "spec:\n"),
        "modelyard render --stdout -f overlays/prod", "substitute: disabled",
    ),
    "`modelyard push`, after a change": Mistake(
        lambda place: place.says("modelyard push oci://registry.example.com/sets/risk:prod -f overlays/prod"),
        _new_image, "modelyard pull oci://registry.example.com/sets/risk:prod -o out && cat out/*.yaml", NEW,
    ),
    "`site-config install`, after a change": Mistake(
        _viya, _change_viya, "kustomize build deploy", "other.example.com"
    ),
    "that a later patch of the deployment wins": Mistake(_viya, _patch_viya, "kustomize build deploy", "error"),
}  # fmt: skip


def rows() -> dict[str, str]:
    """Return what is forgotten -> the command that finds it, as the tables of the page say."""
    row = r"^\| ([^|]+) \| [^|]+ \| (?:`|<code>)((?:modelyard|kustomize|kubectl|helm) [^|]+?)(?:`|</code>) \|$"
    return {forgotten: html.unescape(command) for forgotten, command in re.findall(row, read(PAGE), re.MULTILINE)}


def test_every_row_has_its_test() -> None:
    elsewhere = {row for row in rows() if any(each in row for each in ON_A_CLUSTER)}
    assert len(elsewhere) == len(ON_A_CLUSTER)
    assert rows().keys() - elsewhere == ROWS.keys()


@pytest.mark.parametrize("row", ROWS)
def test_what_a_host_does_not_say_is_found(
    row: str, kustomize: Path, newest_helm: Path, shared: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    assert shared.is_dir()
    place = Place(tmp_path, [kustomize.parent, newest_helm.parent])
    command, case = rows()[row], ROWS[row]
    if "oci://" in command:
        place.host = request.getfixturevalue("registry")
    case.order(place)
    good = place.run(case.good or command)
    assert good.returncode == 0, good.stderr
    case.mistake(place)
    done = place.run(case.host)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert case.lacks not in done.stdout + done.stderr
    found = place.run(command)
    assert case.says in found.stderr
    assert bool(case.says) or found.returncode == 1, found.stderr


def test_what_any_host_applies_is_compared(kustomize: Path, newest_helm: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, [kustomize.parent, newest_helm.parent])
    place.rendered()
    place.says("modelyard chart -f overlays/prod -o charts/risk")
    commands = blocks(read(PAGE), "sh")[0].splitlines()
    assert len(commands) == 2
    for command in commands:
        assert place.run(command).returncode == 0
    _new_image(place)
    for command in commands:
        assert NEW in place.run(command).stderr


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the host of a registry that anybody may write to."""
    with registries.real(need(REGISTRY, "`make tools` builds it"), tmp_path_factory.mktemp("registry")) as host:
        yield host
