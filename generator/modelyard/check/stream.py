"""The objects of a stream that kustomize built, found again by what they were declared as."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from modelyard.check.finding import mapping
from modelyard.manifest import Manifest
from modelyard.names import NAME_HASH


class Stream(NamedTuple):
    """The objects of a stream by group and kind."""

    objects: Mapping[tuple[str, str], list[dict[str, Any]]]

    @classmethod
    def of(cls, bodies: Sequence[object]) -> "Stream":
        """Sort bodies by group and kind; what is no object is left out."""
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for body in bodies:
            if isinstance(body, dict) and isinstance(body.get("metadata"), dict):
                key = (str(body.get("apiVersion")).rpartition("/")[0], str(body.get("kind")))
                found.setdefault(key, []).append(body)
        return cls(found)

    def find(self, manifest: Manifest) -> dict[str, Any] | None:
        """Return the object of a manifest: by its name, else by its labels with a name that its own is part of."""
        candidates = self.objects.get((manifest.group, manifest.kind), [])
        same = [each for each in candidates if name_of(each) == manifest.name]
        if same:
            return next((each for each in same if _namespace(each) == _namespace(manifest.body)), same[0])
        labels = mapping(manifest.body["metadata"].get("labels"))
        renamed = [
            each
            for each in candidates
            if re.search(rf"(^|[-.]){re.escape(manifest.name)}([-.]|$)", name_of(each))
            and all(mapping(each["metadata"].get("labels")).get(key) == value for key, value in labels.items())
        ]
        return min(renamed, key=lambda each: len(name_of(each)), default=None)

    def renamed(self, manifests: Sequence[Manifest]) -> dict[str, str]:
        """Return declared -> final name, and namespace, of the objects that the kustomization calls otherwise."""
        found: dict[str, str] = {}
        for manifest in manifests:
            body = self.find(manifest)
            for key in ("name", "namespace"):
                old = manifest.body["metadata"].get(key)
                new = mapping(body.get("metadata")).get(key) if body else None
                if isinstance(old, str) and isinstance(new, str) and old != new:
                    found[old] = new
        return found

    def config_map(self, name: str) -> dict[str, Any] | None:
        """Return a ConfigMap that a generator made: under its name, or with kustomize's hash behind it."""
        form = re.compile(f"(.*-)?{re.escape(name)}({NAME_HASH})?")
        return next((each for each in self.objects.get(("", "ConfigMap"), []) if form.fullmatch(name_of(each))), None)


def name_of(body: dict[str, Any]) -> str:
    """Return the name of an object."""
    return str(mapping(body.get("metadata")).get("name"))


def _namespace(body: dict[str, Any]) -> object:
    return mapping(body.get("metadata")).get("namespace")
