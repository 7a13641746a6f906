"""Which schema an object is checked against: those of Kubernetes, of the custom resources of all targets, a user's own.

Origins, versions and licences of those that are shipped: shipped/index.json. They are made by
schemas/make.py and are strict: what the API server would drop without a word is refused.
"""

import gzip
import json
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelyard.check.schemas.openapi import Schema, of_version

if TYPE_CHECKING:
    from jsonschema_rs import Validator

_FOLDER: Final = Path(__file__).parent / "shipped"
_CRDS: Final = "crds"
NEWEST: Final = "1.37"


def _read(path: str) -> bytes:
    return (_FOLDER / path).read_bytes()


@cache
def _index() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_read("index.json"))
    return content


@cache
def versions() -> tuple[str, ...]:
    """Return the minor versions of Kubernetes that there are schemas of, the newest last."""
    return tuple(_index()["kubernetes"])


class Definition:
    """The schema of one kind in one version."""

    @cached_property
    def schema(self) -> Schema:
        """The JSON Schema of a whole object."""
        raise NotImplementedError

    @cached_property
    def validator(self) -> "Validator":
        """The schema, compiled. Raises ValueError if it cannot be."""
        # Here, because the exec plugin starts for each build, and most streams have a few kinds.
        import jsonschema_rs

        return jsonschema_rs.validator_for(self._source)

    @property
    def _source(self) -> str | Schema:
        """The schema, as data or as JSON."""
        return self.schema


class _Shipped(Definition):
    def __init__(self, path: str) -> None:
        self.path = path

    @cached_property
    def schema(self) -> Schema:
        content: Schema = json.loads(self._source)
        return content

    @property
    def _source(self) -> str:
        # As text it is read and compiled in half the time.
        return gzip.decompress(_read(self.path)).decode()


class Custom(Definition):
    """A kind of a custom resource definition. node: the openAPIV3Schema of the version."""

    def __init__(self, api_version: str, kind: str, node: Schema) -> None:
        self.name = f"{api_version} {kind}"
        self._head = (api_version, kind)
        self._node = node

    @cached_property
    def schema(self) -> Schema:
        """The JSON Schema of a whole object; it has metadata as every object has."""
        return of_version(self._node, *self._head) | {"$defs": _shipped(NEWEST)["v1 ConfigMap"].schema["$defs"]}


@cache
def _shipped(kubernetes: str) -> dict[str, Definition]:
    """Return `apiVersion kind` -> definition of all kinds that are shipped."""
    sets = _index()["sets"]
    return {name: _Shipped(path) for name, path in {**sets[kubernetes], **sets[_CRDS]}.items()}


class Kinds:
    """The kinds that there are schemas of. Raises ValueError if none are shipped for a version of Kubernetes.

    kubernetes: its minor version, such as 1.37. own: the user's; they win, and of two of a name the last.
    """

    def __init__(self, kubernetes: str = NEWEST, own: Iterable[Custom] = ()) -> None:
        if kubernetes != NEWEST and kubernetes not in versions():
            raise ValueError(kubernetes)
        self._kubernetes = kubernetes
        self._own = {each.name: each for each in own}

    @property
    def minor(self) -> int:
        """The minor version of the Kubernetes whose kinds these are: 37 of 1.37."""
        return int(self._kubernetes.partition(".")[2])

    @cached_property
    def _known(self) -> Mapping[str, Definition]:
        return {**_shipped(self._kubernetes), **self._own}

    def find(self, api_version: object, kind: str) -> Definition | None:
        """Return the schema of a kind, or None if there is none."""
        return self._known.get(f"{api_version} {kind}")

    def versions_of(self, group: str, kind: str) -> list[str]:
        """Return the API versions in which a kind of a group is known."""
        named = [each.split(" ")[0] for each in self._known if each.endswith(f" {kind}")]
        return sorted(each for each in named if each.rpartition("/")[0] == group)


SHIPPED: Final = Kinds()
