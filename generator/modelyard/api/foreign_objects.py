"""The objects of a set, as other tools name them, and the fields in them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from modelyard.check.finding import Path, items, mapping
from modelyard.check.pods import PodTemplate, pod_templates
from modelyard.manifests.manifest import POD_SPECS, Manifest
from modelyard.models.declared import DeclaredModel
from modelyard.report.foreign import POD, Field, Part, Reference
from modelyard.targets.workloads.objects import lasting

_STEPS: Final = {"Revision": "/spec", "ReplicaSet": "/spec/template/spec", **POD_SPECS}


class Entry(NamedTuple):
    """An object of a set, with marks on its values, and the model that it is of; None: it is the set's."""

    model: DeclaredModel | None
    manifest: Manifest

    @property
    def pods(self) -> PodTemplate | None:
        """Its pod template, if it has one."""
        return next(pod_templates(self.manifest), None)


class Spot(NamedTuple):
    """A field of an object. lacking: how many parts of the path, from its end, the object does not have."""

    entry: Entry
    path: Path
    lacking: int = 0


class Objects:
    """The objects of a set."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries

    def owner(self, about: Reference) -> Entry | None:
        """Return the object that made one: a Pod, or a Revision of Knative, is named after it."""
        if about.kind not in _STEPS or not about.name:
            return None
        found = [
            each
            for each in self.entries
            if about.name.startswith(f"{each.manifest.name}-") and each.pods and _is_there(each.manifest.body, about)
        ]
        return max(found, key=lambda each: len(each.manifest.name), default=None)


def matches(body: dict[str, Any], about: Reference) -> bool:
    """Tell whether an object is the one that a tool names, as far as the tool tells."""
    group = str(body.get("apiVersion")).rpartition("/")[0]
    return (
        _is_kind(str(body.get("kind")), about.kind)
        and (not about.name or mapping(body.get("metadata")).get("name") == about.name)
        and (about.group is None or about.group == group)
        and _is_there(body, about)
    )


def _is_there(body: dict[str, Any], about: Reference) -> bool:
    """Tell whether the namespaces go together: what names none can be in any."""
    namespace = mapping(body.get("metadata")).get("namespace")
    return not namespace or not about.namespace or namespace == about.namespace


def _is_kind(kind: str, named: str) -> bool:
    """Tell whether a kind is named: as it is, or as the API server's resource, such as `networkpolicies`."""
    if kind == named:
        return True
    small = kind.lower()
    return named in (small, f"{small}s", f"{small}es", f"{small.removesuffix('y')}ies")


def containers_with(entries: Sequence[Entry], image: str) -> list[Spot]:
    """Return the first place of each image that is used, by model: its vulnerabilities are the same everywhere."""
    found: dict[str, Spot] = {}
    for entry in entries:
        pods = entry.pods
        for path, each in pods.containers if pods else ():
            if each.get("image") == image:
                found.setdefault(image, Spot(entry, (*path, "image")))
    return list(found.values())


def resolved(entry: Entry, field: Field | None, near: Path = ()) -> Spot:
    """Return where a field is in an object. near: a path that the tool told besides, by a line."""
    body = entry.manifest.body
    if field is None:
        return Spot(entry, near)
    pods = entry.pods
    start: Path = ()
    if field.within != "object" and pods is not None:
        start = pods.spec_path if field.within == POD else _container(pods, field.container, near)
    elif field.within != "object":
        return Spot(entry, near, len(field.path))
    return _walked(entry, body, start, field.path)


def _container(pods: PodTemplate, name: str, near: Path) -> Path:
    """Return the path of a container: by its name, by a path into it, or the model's."""
    at = pods.spec_path
    paths = {path: each.get("name") for path, each in pods.containers}
    named = [path for path, own in paths.items() if name and own == name]
    around = [path for path in paths if near[: len(path)] == path]
    first = [(*at, key, index) for key, index, _ in lasting(pods.spec)]
    return next(iter([*named, *around, *first]), at)


def _walked(entry: Entry, body: object, start: Path, parts: Sequence[Part]) -> Spot:
    """Follow a path as tools write it, as far as the object has it; what it lacks stays in the path."""
    path: list[str | int] = []
    node, lacking = body, 0
    whole = (*start, *parts)
    for i, part in enumerate(whole):
        step = _step(node, part)
        found, below_it = _inside(node, step)
        if not found and isinstance(step, int):
            return Spot(entry, tuple(path), len(whole) - i)  # there is no such item, and nothing below it
        lacking += not found
        node = below_it
        path.append(step)
    return Spot(entry, tuple(path), lacking)


def likeliest(spots: Sequence[Spot]) -> list[Spot]:
    """Return the places of a path that have most of it: all, or all but its end."""
    least = min((each.lacking for each in spots), default=0)
    return [each for each in spots if each.lacking == least] if least <= 1 else []


def _inside(node: object, step: Part) -> tuple[bool, object]:
    if isinstance(node, dict) and step in node:
        return True, node[step]
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return True, node[step]
    return False, None


def _step(node: object, part: Part) -> Part:
    """Return the key or index that a part of a path means in what it leads on from."""
    if not isinstance(node, list):
        return str(part) if isinstance(node, dict) else part
    if isinstance(part, int):
        return part
    key, equals, value = part.partition("=")
    named = (i for i, each in items(node) if equals and str(each.get(key)) == value)
    return next(named, 0)  # what a Go type says of a list names no item


def translated(field: Field | None, kind: str, owner: Entry) -> Field | None:
    """Return a field of a Pod, or of what else was made of an owner, as a field of the owner."""
    pods = owner.pods
    if field is None or field.within != "object" or pods is None:
        return field
    own = tuple(_STEPS[kind].strip("/").split("/"))
    if field.path[: len(own)] == own:
        return Field((*pods.spec_path, *field.path[len(own) :]))
    return Field()


def below(node: object, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of all that stands in data, each before what is in it."""
    yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from below(value, (*path, str(key)))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from below(value, (*path, i))
