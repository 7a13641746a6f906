"""Make the pages of docs/reference/models-file/ that list fields, from the schema of the shapes: `make reference`.

What the shapes say of a field is its documentation in editors and in `modelyard explain`, too.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from modelyard.models.fields import Node, alternatives, below, fields, schema
from modelyard.modelsfile.explain import type_of
from modelyard.targets import SECTIONS, TARGETS, section, target
from tests.support.markdown import cell

PAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "reference" / "models-file"
_HEAD: Final = """\
# {title}

{text}

`make reference` makes this page from the shapes of the models file. `modelyard explain {path}` prints the same.
"""
_TABLE: Final = "\n| field | type | what it is |\n|---|---|---|\n"
_ANY: Final = "NAME"  # stands for a key that the user chooses
_MODELS: Final = ("spec", "models")


class Part(NamedTuple):
    """What one page lists: title, what it says at the top, path of its mapping, fields that have pages of their own."""

    title: str
    text: str
    path: tuple[str, ...]
    elsewhere: Mapping[str, str] = MappingProxyType({})


def parts() -> dict[str, Part]:
    """Return name of the page -> what it lists."""
    return {
        "set": Part(
            "The set",
            "`spec` of a models file: what holds for all models.",
            ("spec",),
            {"viya": "viya.md", "models": "model.md", "defaults": "model.md"},
        ),
        "model": Part(
            "A model",
            "An item of `spec.models`. `spec.defaults` and an item of `variants` have these fields, too.",
            _MODELS,
            {"targets": "index.md", "variants": "index.md#how-values-come-together"},
        ),
        **{
            name: Part(f"Target {name}", f"{_sentence(target(name).SUMMARY)}.", (*_MODELS, "targets", name))
            for name in sorted(TARGETS)
        },
        **{name: Part(f"Section {name}", f"{_sentence(section(name).SUMMARY)}.", ("spec", name)) for name in SECTIONS},
    }


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def pages() -> dict[Path, str]:
    """Return path -> text of all pages."""
    return {PAGES / f"{name}.md": _page(part) for name, part in parts().items()}


def _page(part: Part) -> str:
    node = schema()
    for key in part.path:
        node = below(node, key)
    path = ".".join(part.path)
    head = _HEAD.format(title=part.title, text=part.text, path=path)
    return head + "".join(_sections(part, node))


def _sections(part: Part, top: Node) -> Iterator[str]:
    """Yield a table for the mapping, and one for each that a field of it is, each shape once."""
    done: dict[str, str] = {}
    waiting = [("", top)]
    while waiting:
        name, node = waiting.pop(0)
        rows = []
        for key, each in sorted(fields(node).items()):
            own, inner = _inner(f"{name}.{key}".strip("."), each)
            link = "" if name else part.elsewhere.get(key, "")
            if inner and not link:
                shape = json.dumps(sorted(fields(inner).items()))
                if shape not in done:
                    done[shape] = own
                    waiting.append((own, inner))
                link = f"#{_anchor(done[shape])}"
            rows.append(_row(key, each, link))
        yield (f"\n## {name} {{ #{_anchor(name)} }}\n" if name else "\n## Fields\n") + _TABLE + "".join(rows)


def _inner(name: str, node: Node) -> tuple[str, Node]:
    """Return the mapping with fields that a field is, or has under keys of any name, and what it is called."""
    if fields(node):
        return name, node
    free = below(node, _ANY)
    return (f"{name}.{_ANY}", free) if fields(free) else (name, {})


def _anchor(name: str) -> str:
    return f"field-{name.replace('.', '-').lower()}"


def _row(key: str, node: Node, link: str) -> str:
    name = f"[`{key}`]({link})" if link else f"`{key}`"
    said = [node.get("description", "")]
    allowed = [str(value) for each in alternatives(node) for value in each.get("enum", ())]
    said += [f"One of {', '.join(f'`{value}`' for value in allowed)}."] if allowed else []
    if "default" in node and node["default"] not in ({}, [], None):
        said.append(f"Default: `{json.dumps(node['default']).strip(chr(34))}`.")
    return f"| {name} | {type_of(node)} | {cell(' '.join(filter(None, said)))} |\n"


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, "utf-8")
