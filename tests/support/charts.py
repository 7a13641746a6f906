"""Charts of models files, and what Helm makes of them, as data."""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from modelyard import api
from modelyard.api import chart
from modelyard.problems import has_errors

Object = dict[str, Any]
Objects = dict[tuple[str, str, str], Object]
_HASH = re.compile(r"-[0-9a-f]{10}(?:-[0-9a-f]{10})?(?![0-9a-z])")


def written(file: Path, folder: Path, number: str = "1.0.0") -> Path:
    """Write the chart of a models file, and return its folder."""
    made, problems = chart.chart(file, number=number)
    assert not has_errors(problems), problems
    assert chart.write(folder, made) == []
    return folder


def template(
    helm: Path, folder: Path, values: Mapping[str, Any] | None = None, *words: str, namespace: str = "model-inference"
) -> subprocess.CompletedProcess[str]:
    """Run `helm template` without hooks, with values."""
    command = [str(helm), "template", "risk", str(folder), "--namespace", namespace, "--no-hooks", *words]
    given = ["--values", "-"] if values is not None else []
    text = json.dumps(values or {})
    return subprocess.run([*command, *given], input=text, capture_output=True, text=True, timeout=60, check=False)


def objects(stream: str) -> Objects:
    """Return the objects of a stream by version, kind and name."""
    found = [each for each in yaml.safe_load_all(stream) if each]
    return {(each["apiVersion"], each["kind"], each["metadata"]["name"]): each for each in found}


def rendered(file: Path) -> Objects:
    """Return what `render` gives, as data."""
    result = api.render(file)
    assert not has_errors(result.problems), result.problems
    bodies: Iterable[Object] = json.loads(json.dumps([each.body for each in result.objects]))
    return {(each["apiVersion"], each["kind"], each["metadata"]["name"]): each for each in bodies}


def without_hashes(found: Objects) -> list[str]:
    """Return objects as texts in which hashes of names are all the same, so that only contents differ."""
    return sorted(_HASH.sub("-HASH", json.dumps(each, sort_keys=True)) for each in found.values())


def leaves(
    schema: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield path and schema of each value of a values.schema.json; those alone have a description."""
    for key, each in schema["properties"].items():
        if "description" in each:
            yield (*path, key), each
        elif key != "global":
            yield from leaves(each, (*path, key))


def nested(path: Iterable[str], value: object) -> dict[str, Any]:
    """Return a value below the keys of a path."""
    for key in reversed([*path]):
        value = {key: value}
    assert isinstance(value, dict)
    return value


def at(values: Any, path: Iterable[str]) -> Any:
    """Return what stands at a path."""
    for key in path:
        values = values[key]
    return values
