"""What a kustomization may do to objects without changing what was declared: names, common labels and annotations.

Source: kustomize 5.8.1, api/konfig/builtinpluginconsts, says where names, labels and annotations go.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from modelyard.check.build.differences import Free, differences
from modelyard.check.build.stream import Stream
from modelyard.check.finding import Path, mapping, namespace_of
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import NAME_HASH

_IDENTITY: Final = frozenset([("metadata", "name"), ("metadata", "namespace")])
_NAMING: Final = re.compile(r"(?:.*N|n)ame(?:space)?")  # keys whose value names an object
# Where a common label goes, and a common annotation.
_COMMON: Final[Mapping[str, str]] = {
    "labels": "labels",
    "matchLabels": "labels",
    "selector": "labels",
    "annotations": "annotations",
}


class Kustomized(NamedTuple):
    """The objects of a set in a stream, None for one that is not there, and what became of all their names.

    names: declared -> final. affixes: what the final ones have before and behind. common: `labels` or `annotations`,
    and a key that all of them have.
    """

    stream: Stream
    found: Sequence[dict[str, Any] | None]
    names: Mapping[str, str]
    affixes: frozenset[tuple[str, str]]
    common: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, manifests: Sequence[Manifest], stream: Stream) -> "Kustomized":
        """Find the objects of a set in a stream; where two namespaces have them, those that are most like it."""
        same = [stream.of_name(each) for each in manifests]
        places = {namespace_of(body) for bodies in same if len(bodies) > 1 for body in bodies}
        own = places & {namespace_of(each.body) for each in manifests}
        tried = [cls._apart(manifests, stream, places - {place}) for place in sorted(own or places or {""})]
        return tried[0] if len(tried) == 1 else min(tried, key=lambda each: each._differing(manifests))

    @classmethod
    def _apart(cls, manifests: Sequence[Manifest], stream: Stream, namespaces: Collection[str]) -> "Kustomized":
        found = [stream.find(each, namespaces) for each in manifests]
        pairs = [(each.body, body) for each, body in zip(manifests, found, strict=True) if body is not None]
        names = dict(_renamed(pairs, "name"))
        affixes = {("", ""), *(_around(old, new) for old, new in names.items() if old in new)}
        keys = [{*_keys(new)} for _, new in pairs] or [set()]
        common = frozenset(set.intersection(*keys))
        return cls(stream, found, {**dict(_renamed(pairs, "namespace")), **names}, frozenset(affixes), common)

    def _differing(self, manifests: Sequence[Manifest]) -> tuple[int, int]:
        """Return how many objects are not as they were declared, and how many fields that are."""
        pairs = zip(manifests, self.found, strict=True)
        fields = [sum(1 for _ in differences(each.body, body or {}, self.free)) for each, body in pairs]
        return sum(map(bool, fields)), sum(fields)

    @property
    def free(self) -> Free:
        """What may differ."""
        return Free(self._may_be, self._may_come)

    def _may_be(self, path: Path, old: object, new: object) -> bool:
        if path in _IDENTITY:
            return True
        key = next((part for part in reversed(path) if isinstance(part, str)), "")
        if not (isinstance(old, str) and isinstance(new, str) and _NAMING.fullmatch(key)):
            return False
        return self.names.get(old) == new or self._is_foreign(old, new)

    def _is_foreign(self, old: str, new: str) -> bool:
        """Tell whether an object of others, which was declared by its first name, has the second in the stream.

        kustomize puts a hash behind what a generator makes, and the set's prefixes and suffixes, or the outer ones of
        them, around all else.
        """
        is_own = old in self.names or old in self.stream.names
        if is_own or old not in new or new not in self.stream.names:
            return False
        before, after = _around(old, new)
        hashed = re.search(f"{NAME_HASH}$", after) is not None
        return hashed or any(ours.startswith(before) and theirs.endswith(after) for ours, theirs in self.affixes)

    def _may_come(self, path: Path) -> bool:
        if path in _IDENTITY:
            return True
        return len(path) > 1 and (_COMMON.get(str(path[-2]), ""), path[-1]) in self.common


def _renamed(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], key: str) -> Iterator[tuple[str, str]]:
    for old, new in pairs:
        before, after = old["metadata"].get(key), new["metadata"].get(key)
        if isinstance(before, str) and isinstance(after, str) and before != after:
            yield before, after


def _around(old: str, new: str) -> tuple[str, str]:
    before, _, after = new.partition(old)
    return before, after


def _keys(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for sort in ("labels", "annotations"):
        yield from ((sort, key) for key in mapping(mapping(body.get("metadata")).get(sort)))
