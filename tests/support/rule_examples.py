"""Examples of rules: sound objects, and changes of them by JSON pointers that start with the object's number."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from modelyard.check import check_objects
from modelyard.check.finding import Cluster, Finding
from modelyard.manifests.json_patch import pointer_of

Object: TypeAlias = dict[str, Any]

RULES: Final = Path(__file__).parents[1] / "check" / "rules"
OBJECTS: Final[dict[str, Object]] = yaml.safe_load((RULES / "objects.yaml").read_text("utf-8"))
FILES: Final = sorted(RULES.glob("MY*.yaml"))


def changed(names: Sequence[str], changes: Mapping[str, Any]) -> list[Object]:
    """Return copies of sound objects with values set, appended (`-`) or removed (null)."""
    bodies = [deepcopy(OBJECTS[name]) for name in names]
    for pointer, value in changes.items():
        *above, last = (part.replace("~1", "/") for part in pointer.split("/")[1:])
        node: Any = bodies
        for part in above:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        _set(node, last, value)
    return bodies


def _set(node: Any, key: str, value: Any) -> None:
    if isinstance(value, dict) and value.keys() == {"repeat", "times"}:
        value = value["repeat"] * value["times"]
    if isinstance(node, list):
        if key == "-":
            node.append(value)
        else:
            node[int(key)] = value
    elif value is None:
        node.pop(key, None)
    else:
        node[key] = value


def found(bodies: Sequence[Object], cluster: Cluster | None = None) -> set[tuple[str, str]]:
    """Return code and pointer of all findings; the pointer starts with the object's number."""
    return {(each.code, pointer(each)) for each in check_objects(bodies, cluster or Cluster())}


def pointer(finding: Finding) -> str:
    """Return the pointer of a finding, which starts with the object's number."""
    return pointer_of(finding.manifest, *finding.path)
