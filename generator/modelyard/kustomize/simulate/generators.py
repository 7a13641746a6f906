"""ConfigMaps and Secrets that generators make, merge into, or replace. Values of Secrets are never kept.

Source: kustomize 5.8.1, api/kv/kv.go, api/internal/generators, api/resmap/reswrangler.go appendReplaceOrMerge.
"""

from pathlib import Path
from typing import Any, Final

from modelyard.check.finding import mapping
from modelyard.files.yaml.marked import MarkedText, derived, mark_of
from modelyard.kustomize.simulate.objects import Object
from modelyard.kustomize.simulate.read import shown
from modelyard.kustomize.simulate.state import Run
from modelyard.manifests.names import nearest
from modelyard.problems import Place

HIDDEN: Final = ""  # what stands for each value of a Secret
_MERGE_HINT: Final = "add behavior: merge, or behavior: replace to drop what it holds"


def generate(run: Run, kind: str, entry: dict[str, Any], folder: Path, options: object) -> None:
    """Do what one entry of configMapGenerator or secretGenerator does; options: generatorOptions."""
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        run.reading.report("MY611", f"a {kind} without a name", entry, hint="add name:")
        return
    data = _Data(run, kind, entry, folder).read()
    body = {"apiVersion": "v1", "kind": kind, "metadata": _metadata(entry, options), "data": data}
    if kind == "Secret":
        body["type"] = entry.get("type") or "Opaque"
    absorb(run, body, entry.get("behavior"), name)


def absorb(run: Run, body: dict[str, Any], behavior: object, name: str) -> None:
    """Add a generated object, or merge it into the one that has its name."""
    kind, namespace = body["kind"], body["metadata"].get("namespace")
    found = run.objects.named(kind, name, namespace=namespace)
    if behavior not in ("merge", "replace"):
        if not found:
            run.objects.add(Object(body))
        elif not (run.is_ready_made and _holds(found[0], body)):
            message = f"{kind} {name} exists; behavior must be merge or replace, or kustomize stops"
            run.reading.report("MY611", message, name, hint=_MERGE_HINT)
    elif not found:
        known = {each.name for each in run.objects if each.kind == kind}
        meant = nearest(name, known)
        hint = f"did you mean {meant}?" if meant else "take behavior out to create it"
        run.reading.report("MY611", f"{kind} {name} does not exist; kustomize cannot {behavior}", name, hint=hint)
    elif len(found) > 1:
        message = f"{len(found)} objects are a {kind} {name}, and kustomize stops"
        run.reading.report("MY611", message, name, hint="add namespace: to say which is meant")
    else:
        _into(run, found[0], body, is_merge=behavior == "merge")


def _holds(old: Object, body: dict[str, Any]) -> bool:
    """Tell whether an object holds what an entry gives: then a ready-made stream has it already."""
    data = mapping(old.body.get("data"))
    known = data if body["kind"] == "ConfigMap" else dict.fromkeys(data, HIDDEN)
    return bool(body["data"].items() <= known.items())


def _into(run: Run, old: Object, body: dict[str, Any], *, is_merge: bool) -> None:
    metadata = old.metadata
    for key in ("labels", "annotations"):
        pairs = {**mapping(metadata.get(key)), **mapping(body["metadata"].get(key))}
        if pairs:
            metadata[key] = pairs
    before = mapping(old.body.get("data")) if is_merge else {}
    data = dict(before)
    for key, value in body["data"].items():
        if key in data and run.clash(data[key], value):
            run.overridden(old, key, data[key], value)
        data.pop(key, None)
        data[key] = value
    old.body.pop("immutable", None)
    kept = {"binaryData": old.body["binaryData"]} if is_merge and "binaryData" in old.body else {}
    old.body.pop("binaryData", None)
    old.body.update({**body, **kept, "metadata": metadata, "data": data})


def _metadata(entry: dict[str, Any], options: object) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": entry["name"]}
    if entry.get("namespace"):
        metadata["namespace"] = entry["namespace"]
    own = entry.get("options")
    both = [each for each in (options, own) if isinstance(each, dict)]
    for key in ("labels", "annotations"):
        pairs = {name: value for each in both for name, value in mapping(each.get(key)).items()}
        if pairs:
            metadata[key] = pairs
    return metadata


class _Data:
    """Reads the sources of one entry, in kustomize's order: envs, literals, files."""

    def __init__(self, run: Run, kind: str, entry: dict[str, Any], folder: Path) -> None:
        self.run = run
        self.is_secret = kind == "Secret"
        self.entry = entry
        self.folder = folder
        self.data: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        """Return the values, each with its place."""
        for each in [*self._texts("envs"), *self._texts("env")]:
            self._env(each)
        for each in self._texts("literals"):
            key, equals, value = each.partition("=")
            if not key or not equals:
                self.run.reading.report("MY611", "a literal that is not KEY=VALUE", each, hint="write KEY=VALUE")
            else:
                self._take(derived(key, each), derived(_unquoted(value), each))
        for each in self._texts("files"):
            key, equals, path = each.partition("=")
            name = key if equals else each.rpartition("/")[2]
            content = self._content(path if equals else each, each)
            if content is not None:
                self._take(derived(name, each), derived(content.decode("utf-8", "replace"), each))
        return self.data

    def _texts(self, key: str) -> list[str]:
        value = self.entry.get(key)
        entries = value if isinstance(value, list) else [value] if value else []
        return [each for each in entries if isinstance(each, str)]

    def _content(self, path: str, listed: str) -> bytes | None:
        file = self.folder / path
        reading = self.run.reading
        content = reading.content(file, listed)
        if content is not None:
            reading.look_for_placeholders(content, file)
        return content

    def _env(self, listed: str) -> None:
        content = self._content(listed, listed)
        sources, file = self.run.reading.sources, shown(self.folder / listed)
        for number, line in enumerate((content or b"").decode("utf-8-sig", "replace").split("\n"), 1):
            text = line.lstrip().removesuffix("\r")
            if text and not text.startswith("#"):
                key, _, value = text.partition("=")
                place = sources.mark(Place(file, number, len(line) - len(line.lstrip()) + 1))
                marked = MarkedText(key)
                marked.mark = place
                self._take(marked, derived(value, marked))

    def _take(self, key: str, value: str) -> None:
        if key in self.data:
            first = next(each for each in self.data if each == key)
            related = ((first, "the first one"),)
            message = f"{key} appears twice in {self.entry['name']}, and kustomize stops"
            self.run.reading.report("MY611", message, key, hint="keep one of the two", related=related)
        elif self.is_secret:
            self.data[key] = derived(HIDDEN, key)
        else:
            self.data[key] = value


def _unquoted(value: str) -> str:
    """Return a literal's value without one pair of quotes around it."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def without_values(body: dict[str, Any]) -> None:
    """Hide the values of a Secret."""
    for key in ("data", "stringData"):
        if isinstance(body.get(key), dict):
            body[key] = {name: derived(HIDDEN, name) if mark_of(name) is not None else HIDDEN for name in body[key]}
