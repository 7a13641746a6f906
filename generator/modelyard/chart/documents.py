"""What stands in a chart besides its templates: values.yaml, their schema, Chart.yaml and the README."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.chart.templates import SENTENCE
from modelyard.chart.values import Schema, Value, tree
from modelyard.files.yaml import write

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_GROUPS: Final = 2  # blanks before what stands apart: a model
_HEAD: Final = f"# {SENTENCE}\n"


def values_file(values: Sequence[Value]) -> str:
    """Return values.yaml, with a comment for each value."""
    lines = ["# What can be changed at install time, with --set or a file of your own with --values.", ""]
    return _HEAD + "\n".join([*lines, *_entries(tree(values), "")]) + "\n"


def _entries(node: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, each in node.items():
        if isinstance(each, Value):
            yield f"{indent}# {each.comment}"
            yield from (f"{indent}{line}" for line in write({key: each.default}).splitlines())
        else:
            yield from ("",) if len(indent) <= _GROUPS else ()
            yield f"{indent}{key}:"
            yield from _entries(each, f"{indent}  ")


def schema(values: Sequence[Value]) -> str:
    """Return values.schema.json: unknown values are refused, at each level."""
    root = _object(tree(values))
    root["properties"]["global"] = {"type": "object"}  # Helm's own, where the chart is a part of another
    return json.dumps({"$comment": SENTENCE, "$schema": _DIALECT, **root}, indent=2, ensure_ascii=False) + "\n"


def _object(node: Mapping[str, Any]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [
            key for key, each in node.items() if not (isinstance(each, Value) and "null" in each.schema["type"])
        ],
        "properties": {
            key: {"description": each.comment, **each.schema} if isinstance(each, Value) else _object(each)
            for key, each in node.items()
        },
    }


def chart_file(name: str, models: Sequence[str], version: str) -> str:
    """Return Chart.yaml."""
    chart = {
        "apiVersion": "v2",
        "name": name,
        "description": f"Models of the set {name}: {', '.join(models)}",
        "type": "application",
        "version": version,
    }
    return _HEAD + write(chart)


def readme(name: str, values: Sequence[Value], *, tested: bool) -> str:
    """Return the README, with a row for each value. tested: `helm test` calls models."""
    rows = [f"| `{'.'.join(each.path)}` | {_cell(each.default)} | {each.comment} |" for each in values]
    test = f"\nWhether its models answer:\n\n```sh\nhelm test {name} --namespace NAMESPACE\n```\n" if tested else ""
    listed = "\n".join(rows)
    return (
        f"<!-- {SENTENCE} -->\n\n# {name}\n\n"
        f"Models that modelyard declares, as a Helm chart. Install or upgrade it with Helm 3 or 4:\n\n"
        f"```sh\nhelm upgrade --install {name} . --namespace NAMESPACE\n```\n{test}\n"
        "`modelyard list`, `status`, `logs` and `score` know what it installs; `modelyard apply`, `traffic` and "
        "`delete` leave it to Helm.\n\n"
        f"## Values\n\n| value | default | what it is |\n|---|---|---|\n{listed}\n"
    )


def _cell(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False).replace("|", "\\|")
    return f"`{text}`"
