"""Deployments that tests of effects lay down, and what they look at."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from modelyard.problems import Problem

DATA: Final = Path(__file__).parents[1] / "kustomize" / "simulate"
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HASH_CHARACTERS: Final = frozenset("2456789bcdfghkmt")


def lay(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder; return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def variant(shared: Path, folder: Path, name: str | None) -> Path:
    """Lay the Viya-shaped deployment, and a variant over it, into a folder; return it."""
    source = shared / "data" / "viya-base"
    shutil.copytree(source / "deploy", folder)
    if name:
        shutil.copytree(source / "variants" / name, folder, dirs_exist_ok=True)
    return folder


def bodies(stream: bytes | str) -> list[dict[str, Any]]:
    """Return the objects of a stream."""
    return [each for each in yaml.load_all(stream, _Loader) if each]


def normal(objects: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], Any]:
    """Return objects by identity: names without hash, also where they are referred to, and Secrets without values."""
    found = [dict(each) for each in objects]
    names = {
        each["metadata"]["name"]: _unhashed(each["metadata"]["name"])
        for each in found
        if each["kind"] in ("ConfigMap", "Secret")
    }
    for each in found:
        if each["kind"] == "Secret" and "data" in each:
            each["data"] = sorted(each["data"])
    plain = [_renamed(each, names) for each in found]
    return {(each["apiVersion"], each["kind"], each["metadata"]["name"]): each for each in plain}


def _unhashed(name: str) -> str:
    stem, _, last = name.rpartition("-")
    return stem if len(last) == 10 and set(last) <= _HASH_CHARACTERS else name


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {str(key): _renamed(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    return str(names.get(value, value)) if isinstance(value, str) else value


def found(problems: Iterable[Problem], folder: Path) -> list[str]:
    """Return each problem as `file:line CODE`, with its related places behind it."""
    return [
        " ".join(
            [
                f"{_relative(each.place, folder)} {each.code}",
                *(_relative(related.place, folder) for related in each.related),
            ]
        )
        for each in problems
    ]


def _relative(place: Any, folder: Path) -> str:
    if place is None:
        return "nowhere"
    path = Path(place.file)
    return f"{path.relative_to(folder) if path.is_relative_to(folder) else path}:{place.line}"
