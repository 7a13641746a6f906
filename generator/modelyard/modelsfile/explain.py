"""Documentation of a field of the models file, or of a problem's code, as text."""

import json
import textwrap
from collections.abc import Iterable

from modelyard.manifests.names import nearest, one_of
from modelyard.models.fields import Node, all_names, alternatives, fields, homes, schema
from modelyard.problems.codes import CODES

WIDTH = 100  # characters of a line
SHOWN = 3  # fields that a hint proposes


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
    # The short form leaves out what every path would start with.
    parts = path if path[0] in fields(schema()) else ["spec", *path]
    node, walked = schema(), list[str]()
    for part in parts:
        known = fields(node)
        if part not in known:
            return _elsewhere(path, f"{'.'.join([*walked, part])} is not a field", _proposal(part, walked, known))
        node = known[part]
        walked.append(part)
    return _described(".".join(walked), node), ""


def _proposal(part: str, walked: list[str], known: dict[str, Node]) -> str:
    here, anywhere = nearest(part, known), nearest(part, all_names())
    # A name that differs in case alone is meant before one that is spelt otherwise.
    if here and (here == anywhere or not (anywhere and anywhere.lower() == part.lower())):
        return f"did you mean {_short([*walked, here])}?"
    if anywhere and (found := [_short([*home, anywhere]) for home in homes(anywhere)]):
        return f"did you mean {one_of(found[:SHOWN])}?"
    return f"there are {', '.join(sorted(known))}"


def _elsewhere(path: list[str], wrong: str, otherwise: str) -> tuple[str | None, str]:
    """Explain the one field that stands somewhere under this path, or say which do."""
    *above, name = path
    found = [(*home, name) for home in homes(name) if list(home[len(home) - len(above) :]) == above]
    if len(found) == 1:
        return _field(list(found[0]))
    if not found and path[0] != "spec" and len(first := homes(path[0])) == 1 and first != [("spec",)]:
        return _field([*first[0], *path])
    if not found:
        return None, f"{wrong}; {otherwise}"
    return None, f"{wrong}; name one of {', '.join(map(_short, found))}"


def _short(path: Iterable[str]) -> str:
    return ".".join(path).removeprefix("spec.")


def _described(path: str, node: Node) -> str:
    lines = [f"{path} <{type_of(node)}>", "", *textwrap.wrap(node.get("description", ""), WIDTH)]
    if "default" in node and node["default"] not in ({}, None):
        lines += ["", f"default: {json.dumps(node['default'])}"]
    allowed = [value for each in alternatives(node) for value in each.get("enum", ())]
    if allowed:
        lines += ["", f"allowed: {', '.join(str(value) for value in allowed)}"]
    if known := fields(node):
        width = max(len(name) for name in known) + 2
        lines += ["", "fields:"]
        lines += [f"  {name:<{width}}{known[name].get('description', '')}".rstrip() for name in sorted(known)]
    return "\n".join(lines) + "\n"


def type_of(node: Node) -> str:
    """Return what a field takes, in words."""
    kinds = []
    for each in alternatives(node):
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
