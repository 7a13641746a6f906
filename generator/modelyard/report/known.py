"""Which scalars of a document stand under keys that its format knows: an excerpt shows no others.

A value under a misspelt key, a variable, what a ConfigMap or a patch holds: each may be a credential that neither its
name nor its form gives away.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import PurePath
from typing import Any, Final

from modelyard.check.schemas.kinds import SHIPPED
from modelyard.manifests.names import quantity
from modelyard.models.fields import shipped
from modelyard.models.model_set import API_VERSION
from modelyard.models.published import KIND as PUBLISHED

Schema = Mapping[str, Any]

_SCALARS: Final = frozenset(["boolean", "integer", "number", "string"])
_AMOUNTS: Final = frozenset(["hard", "limits", "requests"])  # mappings with names of the user's own
_WORDS: Final = frozenset(["args", "command"])  # lists of the user's own words; flags alone say nothing of a value
_TEXT: Final[Schema] = {"type": "string"}
_NAMES: Final = ("group", "kind", "labelSelector", "name", "namespace", "path", "version")
_KUSTOMIZATIONS: Final = frozenset(["kustomization.yaml", "kustomization.yml", "Kustomization"])


class Position:
    """A place in a document: what its format says may stand there. schemas: none where it knows nothing."""

    def __init__(self, schemas: Iterable[tuple[Schema, Schema]], name: str = "", *, is_free: bool = False) -> None:
        """Take schemas, each with the document that its references lead into.

        name: the field that this is or belongs to. is_free: the user names what stands here.
        """
        self._open = [each for pair in schemas for each in _flat(*pair)]
        self._name = name
        self._is_free = is_free
        self.is_known = bool(self._open) and not is_free

    def shows(self, value: object) -> bool:
        """Tell whether a scalar here is one that the format has a place for."""
        if not any(_is_scalar(node) for node, _ in self._open):
            return False
        if self._name in _WORDS:
            return _is_flag(value)
        return not self._is_free or (self._name in _AMOUNTS and quantity(str(value)) is None)

    def key(self, name: str) -> "Position":
        """Return the place under a key."""
        named = [(node["properties"][name], root) for node, root in self._open if name in node.get("properties", ())]
        if named:
            return Position(named, name)
        free = [(node["additionalProperties"], root) for node, root in self._open if _is_free(node)]
        return Position(free, self._name, is_free=True)

    def item(self) -> "Position":
        """Return the place of an item of a list."""
        items = [(node["items"], root) for node, root in self._open if isinstance(node.get("items"), Mapping)]
        return Position(items, self._name, is_free=self._is_free)


def _is_scalar(node: Schema) -> bool:
    kinds = node.get("type", ())
    return "enum" in node or "const" in node or not _SCALARS.isdisjoint([kinds] if isinstance(kinds, str) else kinds)


def _is_flag(value: object) -> bool:
    return isinstance(value, str) and value.startswith("-") and value.strip("-").replace("-", "").isalpha()


def _is_free(node: Schema) -> bool:
    return isinstance(node.get("additionalProperties"), Mapping)


def _flat(node: Schema, root: Schema) -> Iterable[tuple[Schema, Schema]]:
    """Yield what a schema consists of, without references and alternatives."""
    todo: list[Schema] = [node]
    seen: set[int] = set()
    while todo:
        each = todo.pop()
        if id(each) in seen or not isinstance(each, Mapping):
            continue
        seen.add(id(each))
        yield each, root
        if isinstance(reference := each.get("$ref"), str):
            todo.append(root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {}))
        for key in ("allOf", "anyOf", "oneOf"):
            todo += each.get(key, ())


def start(data: object, file: str) -> Position:
    """Return the top of a document in a file; a models file's where it does not say what it is."""
    if PurePath(file).name in _KUSTOMIZATIONS:
        return _at_top(_kustomization())
    if isinstance(data, Sequence) and not isinstance(data, str):
        return _at_top({"type": "array", "items": _mapping(op=_TEXT, path=_TEXT, **{"from": _TEXT})})
    return of_object(data) or _at_top(_models_file())


def of_object(data: object) -> Position | None:
    """Return the top of an object by its kind; None if it has none that is known."""
    if not isinstance(data, Mapping):
        return None
    version, kind = data.get("apiVersion"), data.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str):
        return None
    if kind in ("Component", "Kustomization"):
        return _at_top(_kustomization())
    if version == API_VERSION:
        if kind == PUBLISHED:
            return Position([(_published(), _models_file())])
        return _at_top(_generator() if kind == "ModelGenerator" else _models_file())
    definition = SHIPPED.find(version, kind)
    return _at_top(definition.schema if definition else _any_object())


def _at_top(schema: Schema) -> Position:
    return Position([(schema, schema)])


@cache
def _models_file() -> Schema:
    content: Schema = json.loads(shipped())
    return content


def _mapping(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def _texts(*names: str) -> dict[str, Schema]:
    return dict.fromkeys(names, _TEXT)


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


@cache
def _any_object() -> Schema:
    return _mapping(**_texts("apiVersion", "kind"), metadata=_mapping(**_texts("name", "namespace")))


@cache
def _generator() -> Schema:
    spec = _mapping(**_texts("models", "emit"))
    return _mapping(**_texts("apiVersion", "kind"), metadata=_mapping(**_texts("name")), spec=spec)


@cache
def _published() -> Schema:
    """Return what a published model holds: the fields of a model, in the models file's schema."""
    return _mapping(**_texts("apiVersion", "kind"), metadata=_mapping(**_texts("name")), spec={"$ref": "#/$defs/Model"})


@cache
def _kustomization() -> Schema:
    """Return what of a kustomization names files, objects and images (kustomize 5.8.1, api/types/kustomization.go)."""
    lists = ("bases", "components", "configurations", "crds", "generators", "resources", "transformers", "validators")
    object_ = _mapping(**_texts(*_NAMES))
    generated = _mapping(
        **_texts("behavior", "name", "namespace", "type"), files=_list(_TEXT), envs=_list(_TEXT), env=_TEXT
    )
    image = _mapping(**_texts("digest", "name", "newName", "newTag", "tagSuffix"))
    return _mapping(
        **_texts("apiVersion", "kind", "namespace", "namePrefix", "nameSuffix"),
        **dict.fromkeys(lists, _list(_TEXT)),
        images=_list(image),
        patches=_list(_mapping(path=_TEXT, target=object_)),
        patchesJson6902=_list(_mapping(path=_TEXT, target=object_)),
        patchesStrategicMerge=_list(_TEXT),
        replicas=_list(_mapping(name=_TEXT, count=_TEXT)),
        configMapGenerator=_list(generated),
        secretGenerator=_list(generated),
    )
