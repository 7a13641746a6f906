"""What a hand-written kustomization.yaml beside a models file does to the objects that are rendered."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelyard.problem import Problem, problem
from modelyard.yamlio import MapMarks, Plain, Sources, at, read

NAMES: Final = (
    "kustomization.yaml",
    "kustomization.yml",
    "Kustomization",
)  # kustomize, konfig.RecognizedKustomizationFileNames


def renaming(folder: Path, models_file: str) -> list[Problem]:
    """Find name prefixes and suffixes, which turn a DomainMapping into one for another host.

    folder: where the models file lies. models_file: its shown name; the kustomization is shown beside it.
    """
    path = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    if path is None:
        return []
    try:
        content = path.read_bytes()
    except OSError:
        return []  # kustomize will say so
    sources = Sources()
    document = read(content, sources, str(Path(models_file).parent / path.name), keep_plain=True)
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


@dataclass(frozen=True, slots=True)
class Generator:
    """An entry under generators that modelyard-fn answers, and what its kustomization does besides."""

    shown: str
    is_function: bool
    has_configurations: bool


def generators(path: Path) -> Iterator[Generator]:
    """Yield the entries of a kustomization that are ModelGenerator or ModelSet, in files beside it or inline."""
    content = _mapping(path.read_bytes(), str(path))
    has_configurations = bool(content.get("configurations"))
    for entry in content.get("generators") or []:
        text = entry.text if isinstance(entry, Plain) else entry
        if not isinstance(text, str):
            continue
        inline = "\n" in text
        file = path.parent / text
        config = _mapping(text.encode() if inline else file.read_bytes() if file.is_file() else b"", text)
        kind = config.get("kind")
        if str(kind) not in ("ModelGenerator", "ModelSet"):
            continue
        metadata = config.get("metadata")
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        is_function = isinstance(annotations, dict) and any(
            key in annotations for key in ("config.kubernetes.io/function", "config.k8s.io/function")
        )
        yield Generator(f"{kind} in {path.name if inline else text}", is_function, has_configurations)


def _mapping(content: bytes, shown: str) -> dict[str, Any]:
    data = read(content, Sources(), shown, keep_plain=True).data
    return data if isinstance(data, dict) else {}
