"""Documentation of a field of the models file, or of a problem's code, as text."""

import json
import textwrap
from typing import Any

from modelyard.codes import CODES
from modelyard.names import nearest
from modelyard.schema import shipped

WIDTH = 100  # characters of a line


def explain(what: str) -> tuple[str | None, str]:
    """Return (text, "") for a code such as MY104 or a field such as models.env; else (None, hint)."""
    if what.upper() in CODES:
        return _code(what.upper()), ""
    if what[:2].upper() == "MY" and what.isascii() and what[2:].isdecimal():
        return None, f"{what} is not a code; there are {', '.join(CODES)}"
    return _field(what.split("."))


def _code(name: str) -> str:
    code = CODES[name]
    lines = [f"{name}: {code.title} ({code.severity})", "", *textwrap.wrap(code.text, WIDTH)]
    if code.ignorable:
        lines += ["", f'A model accepts it with ignore: [{{code: {name}, reason: "…"}}].']
    return "\n".join(lines) + "\n"


def _field(path: list[str]) -> tuple[str | None, str]:
    schema = json.loads(shipped())
    node: dict[str, Any] = schema
    # The short form leaves out what every path would start with.
    parts = path if path[0] in schema["properties"] else ["spec", *path]
    walked: list[str] = []
    for part in parts:
        fields = _fields(schema, node)
        if part not in fields:
            meant = nearest(part, fields)
            hint = f"did you mean {'.'.join([*walked, meant])}?" if meant else f"there are {', '.join(sorted(fields))}"
            return None, f"{'.'.join([*walked, part])} is no field; {hint}"
        node = fields[part]
        walked.append(part)
    return _described(schema, ".".join(walked), node), ""


def _fields(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for each in _alternatives(schema, node):
        fields |= each.get("properties", {})
    return fields


def _alternatives(schema: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a node with references followed, lists entered and alternatives spread out."""
    if "$ref" in node:
        return _alternatives(schema, schema["$defs"][node["$ref"].rpartition("/")[2]])
    if "items" in node:
        return _alternatives(schema, node["items"])
    options = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    spread = [each for option in options if option != {"type": "null"} for each in _alternatives(schema, option)]
    return spread or [node]


def _described(schema: dict[str, Any], path: str, node: dict[str, Any]) -> str:
    lines = [f"{path} <{_type(schema, node)}>", "", *textwrap.wrap(node.get("description", ""), WIDTH)]
    if "default" in node and node["default"] not in ({}, None):
        lines += ["", f"default: {json.dumps(node['default'])}"]
    allowed = [value for each in _alternatives(schema, node) for value in each.get("enum", ())]
    if allowed:
        lines += ["", f"allowed: {', '.join(str(value) for value in allowed)}"]
    fields = _fields(schema, node)
    if fields:
        width = max(len(name) for name in fields) + 2
        lines += ["", "fields:"]
        lines += [f"  {name:<{width}}{fields[name].get('description', '')}".rstrip() for name in sorted(fields)]
    return "\n".join(lines) + "\n"


def _type(schema: dict[str, Any], node: dict[str, Any]) -> str:
    kinds = []
    for each in _alternatives(schema, node):
        kind = (
            "mapping" if each.get("type") == "object" else each.get("type") or ("text" if "enum" in each else "value")
        )
        kind = {"string": "text", "boolean": "true or false"}.get(kind, kind)
        if "const" in each:
            kind = json.dumps(each["const"])
        kinds += [kind] if kind not in kinds else []
    inner = " or ".join(kinds)
    is_list = any(each.get("type") == "array" for each in (node, *node.get("anyOf", ())))
    return f"list of {inner}" if is_list else inner
