"""Make docs/reference/rules/ from the codes, the rules and the examples that are their tests: `make reference`.

A page a family. Of rules over objects it has the example that fails and the one that passes.
"""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from modelyard.check import check_objects
from modelyard.check.finding import Cluster
from modelyard.problems.codes import CODES
from tests.support import rule_examples
from tests.support.markdown import cell, escaped

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = ROOT / "docs" / "reference" / "rules"
FAMILIES: Final = sorted((ROOT / "generator" / "modelyard" / "check").rglob("*.py"))


class Family(NamedTuple):
    """The codes of one page: name of its file, title, what it says at the top, and which numbers."""

    name: str
    title: str
    text: str
    numbers: frozenset[int]


def _numbers(*ranges: tuple[int, int]) -> frozenset[int]:
    return frozenset(number for first, last in ranges for number in range(first, last + 1))


# A code is on the first page that has its number.
PAGED: Final = (
    Family("reading", "Reading YAML", "What is no sound YAML, or is YAML that readers disagree on.", _numbers((1, 99))),
    Family("shape", "Shape of the models file", "A key or value that the format does not have.", _numbers((101, 199))),
    Family("sagemaker", "SageMaker", "What SageMaker or ACK would refuse or leave aside.", _numbers((241, 249))),
    Family("models", "Models and sets", "Rules over several fields or models of a models file.", _numbers((200, 299))),
    Family("knative", "Knative", "What Knative's webhook refuses.", _numbers((301, 319))),
    Family("pod-security", "Pod Security", "What Pod Security restricted refuses.", _numbers((340, 356))),
    Family("openshift", "OpenShift", "What OpenShift refuses, or has given up.", _numbers((360, 364))),
    Family("sets", "Whole sets", "What kustomize made, images, sizes, quotas and schemas.", _numbers((365, 399))),
    Family("kubernetes", "Kubernetes", "What the API server or the kubelet refuses.", _numbers((320, 359))),
    Family("files", "Files and folders", "What cannot be read or written.", _numbers((401, 499))),
    Family("plugin", "The kustomize plugin", "What modelyard-fn cannot do.", _numbers((501, 599))),
    Family("kustomizations", "Kustomizations", "What a kustomization does to a base, and what a stream holds.",
           _numbers((601, 699))),
    Family("registries", "Registries", "What a registry refuses, or says of a lock.", _numbers((750, 769))),
    Family("promotion", "Promotion", "What a source of models refuses, and why no version is proposed.",
           _numbers((770, 789))),
    Family("cluster", "Live clusters", "What a cluster refuses, or is not ready for.", _numbers((701, 799))),
    Family("score", "Scoring", "What stops a table on its way through a model.", _numbers((801, 899))),
    Family("migration", "Migration", "What of a pyspark project will not move as it is.", _numbers((901, 999))),
)  # fmt: skip
_HEAD: Final = """\
# Problems and rules

Every problem has a code. `modelyard explain CODE` prints what these pages say of it. Rules over objects hold whether a
models file gives the objects or another program wrote them. Each has an example that is its test: a sound object with
the changes that are shown. `make reference` makes these pages.

| code | what it says | severity |
|---|---|---|
"""


def pages() -> dict[Path, str]:
    """Return path -> text of all pages."""
    sources = _sources()
    rules = {path.stem[:5]: path for path in rule_examples.FILES}
    found = {PAGES / "index.md": _HEAD + "".join(map(_row, sorted(CODES)))}
    for family in PAGED:
        own = [name for name in sorted(CODES) if family_of(name) is family]
        texts = [_code(name, sources) + (_example(name, rules[name]) if name in rules else "") for name in own]
        found[PAGES / f"{family.name}.md"] = f"# {family.title}\n\n{family.text}\n" + "".join(texts)
    return found


def family_of(name: str) -> Family:
    """Return the family that a code such as MY301 belongs to."""
    return next(each for each in PAGED if int(name[2:]) in each.numbers)


def _row(name: str) -> str:
    code = CODES[name]
    return f"| [{name}]({family_of(name).name}.md#{name.lower()}) | {cell(code.title)} | {code.severity} |\n"


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


def _code(name: str, sources: Mapping[str, str]) -> str:
    code = CODES[name]
    severity = f"*{code.severity}{', a model may accept it' if code.ignorable else ''}*"
    lines = [
        f"\n## {name}: {escaped(code.title)} {{ #{name.lower()} }}\n",
        f"{escaped(code.text)}\n",
        f"{severity}\n",
    ]
    if name in sources:
        lines.append(f"Source: {escaped(sources[name])}\n")
    return "\n".join(lines)


def _example(name: str, path: Path) -> str:
    example = yaml.safe_load(path.read_text("utf-8"))
    bad = check_objects(rule_examples.changed(example["objects"], example["bad"]), Cluster())
    finding = next(each for each in bad if each.code == name)
    lines = ["\nRefused:\n", _changes(example["objects"], example["bad"])]
    lines.append(f"> {escaped(finding.message)}  \n> hint: {escaped(finding.hint)}\n")
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
    PAGES.mkdir(parents=True, exist_ok=True)
    for page, body in pages().items():
        page.write_text(body, "utf-8")
