"""Builds of kustomizations as data, by every door that a user has, and the references between the objects."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from modelyard import api
from modelyard.problems import has_errors
from modelyard.render.component import KUSTOMIZECONFIG, kustomizeconfig
from tests.support.forks import FORKS

Object: TypeAlias = dict[str, Any]
Identity: TypeAlias = tuple[str, str, str]  # group, kind, name
Result: TypeAlias = subprocess.CompletedProcess[str]

ROOT: Final = Path(__file__).resolve().parents[2]
KUSTOMIZATIONS: Final = ROOT / "tests" / "kustomize" / "builds"
DOORS: Final = ("static", "krm", "legacy")
PLUGINS: Final = "--enable-alpha-plugins"
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds folders. plugins: the folder that `modelyard plugin install` has linked the legacy plugin into."""

    kustomize: Path
    plugins: Path
    run: Callable[..., Result]

    @property
    def env(self) -> dict[str, str]:
        """Where the plugin and the function are found."""
        path = os.pathsep.join(map(str, (FORKS.programs(), Path(sys.executable).parent, os.environ["PATH"])))
        # kustomize leaves kust-plugin-config-* there when a legacy plugin fails (5.8.1, execplugin.go).
        temporary = self.plugins.with_name(f"{self.plugins.name}-tmp")
        temporary.mkdir(exist_ok=True)
        return {"KUSTOMIZE_PLUGIN_HOME": str(self.plugins), "PATH": path, "TMPDIR": str(temporary)}

    def build(self, folder: Path, door: str) -> Result:
        """Build a folder as users do: static and krm with kustomize, legacy with kubectl."""
        if door == "legacy":
            return self.run("kubectl", "kustomize", PLUGINS, folder, env=self.env)
        flags = (PLUGINS, "--enable-exec") if door == "krm" else ()
        return self.run(self.kustomize, "build", *flags, folder, env=self.env)

    def objects(self, folder: Path, door: str) -> dict[Identity, Object]:
        """Return the objects of a build, which must succeed."""
        done = self.build(folder, door)
        assert done.returncode == 0, done.stderr
        return load(done.stdout)


def installed(builder: Builder, modelyard: Callable[..., Result]) -> Builder:
    """Link the legacy plugin into the builder's folder, as `modelyard plugin install` does; return the builder."""
    done = modelyard("plugin", "install", env={"KUSTOMIZE_PLUGIN_HOME": str(builder.plugins)})
    assert done.returncode == 0, done.stderr
    return builder


def copied(source: Path, target: Path) -> Path:
    """Copy a folder without what is generated, into what looks like a Git working tree; return the copy."""
    (target.parent / ".git").mkdir(exist_ok=True)  # else no base above it may be read
    return Path(shutil.copytree(source, target, ignore=shutil.ignore_patterns("generated")))


def furnish(folder: Path, door: str, own: Mapping[str, object] | None = None) -> Path:
    """Make the kustomization of a models file use a door, with a user's own entries; return the folder.

    The static door writes generated/ beside it, the others lay tests/kustomize/builds/plugin-* over it.
    """
    if door == "static":
        result = api.overlay(folder)
        assert not has_errors(result.problems), result.problems
        assert not api.write(folder, result)
        entries: Mapping[str, object] = {"components": ["generated"]}
    else:
        plugin = KUSTOMIZATIONS / f"plugin-{door}"
        shutil.copy(plugin / "models-generator.yaml", folder)
        (folder / KUSTOMIZECONFIG).write_text(kustomizeconfig(), "utf-8")
        entries = yaml.safe_load((plugin / "kustomization.yaml").read_text("utf-8"))
    path = folder / "kustomization.yaml"
    before = yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}
    before.pop("components", None)
    path.write_text(yaml.safe_dump({**before, **entries, **(own or {})}), "utf-8")
    return folder


def load(stream: str) -> dict[Identity, Object]:
    """Return the objects of a stream, which holds some, and none twice."""
    found: dict[Identity, Object] = {}
    for body in yaml.load_all(stream, _Loader):
        identity = (body["apiVersion"].rpartition("/")[0], body["kind"], body["metadata"]["name"])
        assert identity not in found
        found[identity] = body
    assert found, "an empty stream proves nothing"
    return found


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in an object: of what, and where, as kustomize writes a path in `fieldSpecs`."""

    owner: Identity
    path: str
    target: Identity


# Key -> group and kind of what it names, and the keys of the name below it; none: the value itself is the name.
# Written apart from the product's own list, to judge it.
_NAMED: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "configMapRef": ("", "ConfigMap", ("name",)),
    "configMapKeyRef": ("", "ConfigMap", ("name",)),
    "configMap": ("", "ConfigMap", ("name",)),
    "secretRef": ("", "Secret", ("name",)),
    "secretKeyRef": ("", "Secret", ("name",)),
    "secret": ("", "Secret", ("secretName", "name")),
    "imagePullSecrets": ("", "Secret", ("name",)),
    "tls": ("", "Secret", ("secretName",)),
    "persistentVolumeClaim": ("", "PersistentVolumeClaim", ("claimName",)),
    "serviceAccountName": ("", "ServiceAccount", ()),
    "serviceAccount": ("", "ServiceAccount", ()),
    "serviceAccountRef": ("iam.cnrm.cloud.google.com", "IAMServiceAccount", ("name",)),
    "policyRef": ("dataproc.cnrm.cloud.google.com", "DataprocAutoscalingPolicy", ("name",)),
    "service": ("", "Service", ("name",)),
    "backendRefs": ("", "Service", ("name",)),
    "alternateBackends": ("", "Service", ("name",)),
    "to": ("", "Service", ("name",)),
    "externalCertificate": ("", "Secret", ("name",)),
    "parentRefs": ("gateway.networking.k8s.io", "Gateway", ("name",)),
    "configurationName": ("serving.knative.dev", "Service", ()),
}


def references(objects: Mapping[Identity, Object]) -> Iterator[Reference]:
    """Yield all references of the objects."""
    for owner, body in objects.items():
        yield from _references(owner, body.get("spec", {}), ("spec",))


def dangling(objects: Mapping[Identity, Object]) -> set[Reference]:
    """Return the references to what is not among the objects."""
    return {each for each in references(objects) if each.target not in objects}


def _references(owner: Identity, node: Any, path: tuple[str, ...]) -> Iterator[Reference]:
    if isinstance(node, list):
        for item in node:
            yield from _references(owner, item, path)
    elif isinstance(node, dict):
        yield from _named(owner, node, path)
        for key, value in node.items():
            yield from _references(owner, value, (*path, key))
    elif (path[-1] in _NAMED and not _NAMED[path[-1]][2]) or (path[-1] == "imagePullSecrets" and isinstance(node, str)):
        group, kind, _ = _NAMED[path[-1]]
        yield Reference(owner, "/".join(path), (group, kind, node))


def _named(owner: Identity, node: Object, path: tuple[str, ...]) -> Iterator[Reference]:
    if path[-1] in ("ref", "scaleTargetRef") or (path[-1] == "resourceRef" and "name" in node):
        target = (node["apiVersion"].rpartition("/")[0], node["kind"], node["name"])
        yield Reference(owner, "/".join((*path, "name")), target)
    group, kind, keys = _NAMED.get(path[-1], ("", "", ()))
    for key in keys:
        if key in node:
            yield Reference(owner, "/".join((*path, key)), (group, kind, node[key]))
