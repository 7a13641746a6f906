"""How a path in a model's merged data is called, and how its value is shown."""

from collections.abc import Collection
from typing import Final

from modelyard.problems.credentials import HIDDEN, is_credential, without
from modelyard.render.changes.leaves import Path

_AUTOSCALING: Final = "autoscaling.knative.dev/"
_LIST_ITEM: Final = 2  # the parts of `env.NAME` or of `NAME/value` that name a value


def field(path: Path, targets: Collection[str] = ()) -> str:
    """Return a path's name: `minScale` of the model's only target, with the target's name if it has several."""
    parts = [str(part) for part in path]
    if parts[:1] == ["targets"] and len(parts) > 1:
        parts = parts[1:] if len(targets) != 1 or len(parts) == _LIST_ITEM else parts[2:]
    return ".".join(parts)


def field_of_object(path: Path) -> str:
    """Return the name of what stands at a path of an object and comes from no value of the models file any more.

    It is that of the field that it was most likely rendered from: `env.NAME`, `resources.limits.memory`, `replicas`,
    `maxScale`; of other annotations and labels their key, of all else the path below `spec`.
    """
    parts = [str(part) for part in path]
    if "metadata" in parts[:-2]:
        kind, key = parts[parts.index("metadata") + 1], parts[-1]
        return _camel(key) if key.startswith(_AUTOSCALING) else f"{kind}.{key}"
    if held := [key for key in ("initContainers", "containers") if key in parts[:-2]]:
        parts = parts[parts.index(held[0]) + 2 :]
        return ".".join(parts[:_LIST_ITEM]) if parts[0] == "env" else ".".join(parts)
    while parts[:1] in (["spec"], ["template"]) and len(parts) > 1:
        parts = parts[1:]
    return ".".join(parts)


def _camel(annotation: str) -> str:
    """Return the field of an annotation of Knative's autoscaler: `autoscaling.knative.dev/max-scale` is maxScale."""
    words = annotation.removeprefix(_AUTOSCALING).removesuffix("-period").removesuffix("-percentage").split("-")
    return words[0] + "".join(word.capitalize() for word in words[1:])


def hidden(path: Path, value: object, named: Collection[str] = ()) -> object:
    """Return the value, without what looks like a credential by its name or its form.

    named: what it is called besides, such as the flag before it in a list of arguments.
    """
    if value is None:
        return None
    names = [*(str(part) for part in path[-_LIST_ITEM:]), *named]
    if not isinstance(value, dict | list):
        return HIDDEN if any(is_credential(name, value) for name in names) else value
    return without(value, names[-1] if names else "")
