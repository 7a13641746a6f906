"""Make docs/rules.md from the rules, their codes and the examples that are their tests: `make rules`."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from modelyard.check import check_objects
from modelyard.check.finding import Cluster
from modelyard.problems.codes import CODES
from tests.support import rule_examples

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "rules.md"
FAMILIES: Final = sorted((ROOT / "generator" / "modelyard" / "check").rglob("*.py"))
_HEAD: Final = """\
# Rules

What `modelyard check` finds on objects, whether a models file gives them or another program wrote them. Each rule has
an example that is its test: a sound object with the changes that are shown. `modelyard explain CODE` says the same
of one code. `make rules` makes this page.
"""
_REST: Final = """
## All other codes

| code | what it says | severity |
|---|---|---|
"""


def page() -> str:
    """Return the page."""
    sources = _sources()
    rules = [_rule(path, sources) for path in rule_examples.FILES]
    named = {path.stem[:5] for path in rule_examples.FILES}
    rest = (
        f"| {name} | {code.title} | {code.severity} |\n" for name, code in sorted(CODES.items()) if name not in named
    )
    return _HEAD + "".join(rules) + _REST + "".join(rest)


def _sources() -> dict[str, str]:
    """Return code -> where its rule comes from, as the family's file says it."""
    found: dict[str, str] = {}
    for path in FAMILIES:
        text = path.read_text("utf-8")
        said = " ".join((ast.get_docstring(ast.parse(text)) or "").split())
        source = re.search(r"(?:Source|Origins): (.*)", said)
        for code in re.findall(r'"(MY\d{3})"', text) if source else ():
            found.setdefault(code, source[1] if source else "")
    return found


def _rule(path: Path, sources: Mapping[str, str]) -> str:
    name, example = path.stem[:5], yaml.safe_load(path.read_text("utf-8"))
    code = CODES[name]
    lines = [f"\n## {name}: {code.title}\n", f"{code.text}\n"]
    lines.append(f"*{code.severity}{', a model may accept it' if code.ignorable else ''}*\n")
    if name in sources:
        lines.append(f"Source: {sources[name]}\n")
    bad = check_objects(rule_examples.changed(example["objects"], example["bad"]), Cluster())
    finding = next(each for each in bad if each.code == name)
    lines += ["Refused:\n", _changes(example["objects"], example["bad"])]
    lines.append(f"> {finding.message}  \n> hint: {finding.hint}\n")
    lines += ["Accepted:\n", _changes(example["objects"], example["good"])]
    return "\n".join(lines)


def _changes(names: list[str], changes: Mapping[str, Any]) -> str:
    """Return the changes of sound objects as YAML, one document for each object."""
    documents = []
    for number, name in enumerate(names):
        body = rule_examples.OBJECTS[name]
        own = {pointer: value for pointer, value in changes.items() if pointer.startswith(f"/{number}/")}
        text = yaml.safe_dump(_body(own), sort_keys=False, allow_unicode=True, width=110) if own else "# as it is\n"
        documents.append(f"# {body['kind']} of {body['apiVersion']}\n{text}")
    return "```yaml\n" + "---\n".join(documents) + "```\n"


def _body(changes: Mapping[str, Any]) -> Any:
    """Return the part of an object that changes make, by JSON pointers that start with the object's number."""
    tree: dict[str, Any] = {}
    for pointer, value in changes.items():
        *above, last = (part.replace("~1", "/") for part in pointer.split("/")[2:])
        node = tree
        for part in above:
            node = node.setdefault(part, {})
        node[last] = "(taken out)" if value is None else _short(value)
    return _with_lists(tree)


def _short(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"repeat", "times"}:
        return f"{value['repeat']}… ({value['times']} times)"
    return value


def _with_lists(node: Any) -> Any:
    """Return a tree with lists where its keys are the numbers of items."""
    if not isinstance(node, dict):
        return node
    if node and all(key == "-" or key.isdecimal() for key in node):
        return [_with_lists(each) for each in node.values()]
    return {key: _with_lists(each) for key, each in node.items()}


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
