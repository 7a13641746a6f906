"""What a hand-written kustomization.yaml beside a models file does to the objects that are rendered."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES, MapMarks, Plain, Sources, at, read
from modelyard.problems import Problem, problem

# kustomize 5.8.1, konfig.RecognizedKustomizationFileNames
NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# kustomize 5.8.1, kyaml/fn/runtime/runtimeutil/functiontypes.go
FUNCTION_ANNOTATIONS: Final = ("config.kubernetes.io/function", "config.k8s.io/function")
KINDS: Final = ("ModelGenerator", "ModelSet")

Reference = tuple[str, ...]


def find(folder: Path) -> Path | None:
    """Return the kustomization of a folder, or None."""
    return next((folder / name for name in NAMES if regular.is_file(folder / name)), None)


def namespace(folder: Path) -> str:
    """Return the namespace that a folder's kustomization puts all objects into; empty where it names none."""
    path = find(folder)
    found = _mapping(_content(path)).get("namespace") if path else None
    return str(found) if isinstance(found, str | Plain) else ""


def renaming(folder: Path) -> list[Problem]:
    """Find prefixes and suffixes in a folder's kustomization: they turn a DomainMapping into one for another host."""
    path = find(folder)
    if path is None:
        return []
    sources = Sources()
    document = read(_content(path), sources, str(path), keep_plain=True)
    if not isinstance(document.data, dict) or not isinstance(document.marks, MapMarks):
        return []
    problems = []
    for key in ("namePrefix", "nameSuffix"):
        value = document.data.get(key)
        if (isinstance(value, Plain) and value.text) or (isinstance(value, str) and value):
            place = sources.place(at(document.marks.entries[key][1]))
            message = f"{key} changes the host name of every DomainMapping"
            hint = "take it out, or take domains out of the models file and write the DomainMapping by hand"
            problems.append(problem("MY220", message, hint=hint, place=place))
    return problems


class Generator(NamedTuple):
    """An entry under generators that modelyard-fn answers.

    file: where it stands, relative to the kustomization. is_function: it has the annotation of a KRM function.
    config: the entry itself.
    """

    kind: str
    file: str
    is_function: bool
    config: Mapping[str, object]


def generators(path: Path) -> Iterator[Generator]:
    """Yield the entries of a kustomization that are a ModelGenerator or ModelSet, in files beside it or inline."""
    for entry in _texts(_mapping(_content(path)).get("generators")):
        inline = "\n" in entry
        content = entry.encode() if inline else _content(path.parent / entry)
        for document in re.split(rb"(?m)^---(?:\s.*)?$", content):
            config = _mapping(document)
            if (kind := str(config.get("kind"))) in KINDS:
                metadata = config.get("metadata")
                annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
                is_function = isinstance(annotations, dict) and any(key in annotations for key in FUNCTION_ANNOTATIONS)
                yield Generator(kind, path.name if inline else entry, is_function, config)


def texts(path: Path, key: str) -> Iterator[str]:
    """Yield the entries of a list of a kustomization, such as `components`, that are text."""
    yield from _texts(_mapping(_content(path)).get(key))


def missing_references(path: Path, wanted: bytes) -> tuple[list[str], set[Reference]]:
    """Compare the `configurations:` of a kustomization with the one that our objects need.

    Returns the files that it lists, and the name references in wanted that none of them has.
    """
    files = list(_texts(_mapping(_content(path)).get("configurations")))
    found = {each for file in files for each in _references(_mapping(_content(path.parent / file)))}
    return files, set(_references(_mapping(wanted))) - found


def _references(configuration: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield the entries of nameReference as kind and group of what is named, then group, kind and path of where."""
    for named in _mappings(configuration.get("nameReference")):
        for field in _mappings(named.get("fieldSpecs")):
            values = (named.get("kind"), named.get("group"), field.get("group"), field.get("kind"), field.get("path"))
            yield tuple(str(value or "") for value in values)


def _texts(value: object) -> Iterator[str]:
    yield from (str(each) for each in value if isinstance(each, str | Plain)) if isinstance(value, list) else ()


def _mappings(value: object) -> Iterator[dict[str, Any]]:
    yield from (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()


def _mapping(content: bytes) -> dict[str, Any]:
    data = read(content, Sources(), "", keep_plain=True).data
    return data if isinstance(data, dict) else {}


def _content(path: Path) -> bytes:
    """Return the bytes of a file; empty if it cannot be read, for kustomize will say so."""
    try:
        return regular.content(path, MAX_BYTES + 1)
    except OSError:
        return b""
