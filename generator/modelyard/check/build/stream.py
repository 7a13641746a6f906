"""The objects of a stream that kustomize built, found again by what they were declared as."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from modelyard.check.finding import mapping, namespace_of
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import NAME_HASH


class Stream(NamedTuple):
    """The objects of a stream by group and kind, and the names of all."""

    objects: Mapping[tuple[str, str], list[dict[str, Any]]]
    names: Mapping[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, bodies: Sequence[object]) -> "Stream":
        """Sort bodies by group and kind; what is no object is left out."""
        kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
        names: dict[str, list[dict[str, Any]]] = {}
        for body in bodies:
            if isinstance(body, dict) and isinstance(body.get("metadata"), dict):
                kinds.setdefault(_kind(body), []).append(body)
                names.setdefault(name_of(body), []).append(body)
        return cls(kinds, names)

    def of_name(self, manifest: Manifest) -> list[dict[str, Any]]:
        """Return the objects that have a manifest's kind and name, in whatever namespace."""
        kind = (manifest.group, manifest.kind)
        return [each for each in self.names.get(manifest.name, ()) if _kind(each) == kind]

    def find(self, manifest: Manifest, apart: Collection[str] = ()) -> dict[str, Any] | None:
        """Return the object of a manifest: by its name, else by its labels with a name that its own is part of.

        apart: namespaces that are another set's.
        """
        if same := [each for each in self.of_name(manifest) if namespace_of(each) not in apart]:
            return next((each for each in same if namespace_of(each) == namespace_of(manifest.body)), same[0])
        labels = mapping(manifest.body["metadata"].get("labels"))
        part = re.escape(manifest.name)
        form = re.compile(part if labels else rf"(^|[-.]){part}([-.]|$)")
        renamed = [
            each
            for each in self.objects.get((manifest.group, manifest.kind), ())
            if form.search(name_of(each))
            and namespace_of(each) not in apart
            and all(mapping(each["metadata"].get("labels")).get(key) == value for key, value in labels.items())
        ]
        return min(renamed, key=lambda each: len(name_of(each)), default=None)

    def config_maps(self, name: str) -> list[dict[str, Any]]:
        """Return the ConfigMaps that a generator may have made: under its name, or with kustomize's hash behind it."""
        form = re.compile(f"(.*-)?{re.escape(name)}({NAME_HASH})?")
        return [each for each in self.objects.get(("", "ConfigMap"), []) if form.fullmatch(name_of(each))]


def _kind(body: dict[str, Any]) -> tuple[str, str]:
    return str(body.get("apiVersion")).rpartition("/")[0], str(body.get("kind"))


def name_of(body: dict[str, Any]) -> str:
    """Return the name of an object."""
    return str(mapping(body.get("metadata")).get("name"))
