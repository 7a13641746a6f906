"""A kustomization as a tree with one of its lists found, or the reason why that list cannot be edited."""

import codecs
from bisect import bisect_right
from typing import Final, NamedTuple

from modelyard.files.yaml import Plain, Sources, resolve
from modelyard.files.yaml.nodes import Node, Tree, parse
from modelyard.files.yaml.parser import BREAK
from modelyard.problems import Place, Problem, Related, problem

MAX_BYTES: Final = 1024 * 1024  # of a file that people write by hand; it is parsed four times for one edit

_KINDS: Final = {"", "Kustomization", "Component"}  # kustomize 5.8.1, types.Kustomization.EnforceFields
_GROUP: Final = "kustomize.config.k8s.io/"
_NULLS: Final = {"", "~", "null", "Null", "NULL"}
WRITE_LIST: Final = "write it as a list of its own, one entry a line"


class RefusedError(Exception):
    """The file cannot be edited, for these reasons."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


class Entry(NamedTuple):
    """One entry of a list: its text as kustomize reads it, and where it stands."""

    text: str
    place: Place


class Layout(NamedTuple):
    """A kustomization that can be edited. key: the list's key as it is spelled there; value: None if it is missing."""

    tree: Tree
    shown: str
    key: str
    value: Node | None
    starts: list[int]  # of the lines

    @property
    def items(self) -> list[Node]:
        """Return the entries of the list."""
        return self.value.children if self.value else []

    def place(self, index: int) -> Place:
        """Return the place of a character."""
        line = bisect_right(self.starts, index)
        return Place(self.shown, line, index - self.starts[line - 1] + 1)

    def refused(self, message: str, index: int, *, hint: str, code: str = "MY406") -> RefusedError:
        """Return the error for something at a character."""
        return RefusedError([problem(code, message, hint=hint, place=self.place(index))])


def entries(content: bytes, key: str, *, shown: str) -> tuple[list[Entry], list[Problem]]:
    """Return the entries of a list, such as `resources` or `components`, of a kustomization; none if it is missing.

    content: the file's bytes. shown: the file's name in messages. The problems are those of `with_entry`.
    """
    try:
        found = open_list(content, key, shown)
    except RefusedError as error:
        return [], error.problems
    return [Entry(item.value, found.place(item.start)) for item in found.items], []


def open_list(content: bytes, key: str, shown: str) -> Layout:
    """Return the layout of a kustomization with the list of this key. Raises RefusedError."""
    if len(content) > MAX_BYTES:
        message = f"the file has {len(content)} bytes, more than {MAX_BYTES}"
        place = Place(shown, 1, 1)
        raise RefusedError([problem("MY404", message, hint="split it over folders", place=place)])
    tree, problems = parse(content.removeprefix(codecs.BOM_UTF8), Sources(), shown)
    if tree is None:
        raise RefusedError(problems)
    layout = Layout(tree, shown, key, None, [0, *(found.end() for found in BREAK.finditer(tree.text))])
    root = _kustomization(layout)
    pair = _pair(layout, root)
    if pair is None:
        return layout
    _check_value(layout, pair[1])
    return Layout(tree, shown, pair[0].value, pair[1], layout.starts)


def _kustomization(layout: Layout) -> Node:
    """Return the mapping that the file is."""
    tree = layout.tree
    at = tree.end
    for line in BREAK.split(tree.text[tree.end :]):
        if line.split("#", 1)[0].strip(" \t") not in {"", "---", "..."}:
            message, hint = "a second document", "keep the first document alone: kustomize reads no other"
            raise layout.refused(message, min(at, len(tree.text)), hint=hint, code="MY404")
        at = layout.starts[min(bisect_right(layout.starts, at), len(layout.starts) - 1)]
    root = tree.root
    if root is None or root.kind != "mapping" or not root.children:
        message = "the file holds no kustomization" if root is None else "the top level is not a mapping with keys"
        hint = f"start with `apiVersion: {_GROUP}v1beta1` and `kind: Kustomization`"
        raise layout.refused(message, root.start if root else 0, hint=hint, code="MY404")
    for key, value in root.pairs():
        foreign = (key.value == "kind" and value.value not in _KINDS) or (
            key.value == "apiVersion" and value.value and not value.value.startswith(_GROUP)
        )
        if foreign:
            message = f"{key.value} {value.value!r} is not that of a kustomization"
            hint = "name a file that `kustomize build` reads: kind Kustomization or Component"
            raise layout.refused(message, value.start, hint=hint, code="MY404")
    return root


def _pair(layout: Layout, root: Node) -> tuple[Node, Node] | None:
    """Return the list's key and value; kustomize reads keys as JSON in Go does, in capitals and small letters alike."""
    found = []
    for pair in root.pairs():
        name = pair[0]
        if name.kind == "alias" or name.anchor or name.tag or (name.value == "<<" and not name.style):
            hint = "write the keys of the top level without anchors, aliases, tags and merge keys"
            raise layout.refused("a key that stands for other text", name.start, hint=hint)
        if name.kind == "scalar" and name.value.casefold() == layout.key.casefold():
            found.append(pair)
    if len(found) > 1:
        first, second = found[0][0], found[1][0]
        place = layout.place(first.start)
        message = f"the key {second.value} is repeated here; kustomize takes only one of the two lists"
        hint = f"join the two lists; the first is in line {place.line}"
        related = (Related(place, "the first one"),)
        found_at = layout.place(second.start)
        raise RefusedError([problem("MY405", message, hint=hint, place=found_at, related=related)])
    return found[0] if found else None


def _check_value(layout: Layout, value: Node) -> None:
    """Refuse what is neither null nor a list of strings, and what other parts of the file share."""
    for each in (value, *value.children):
        if each.anchor or each.tag:
            message = f"{layout.key} has an anchor, an alias or a tag"
            raise layout.refused(message, each.start, hint="write the list without & * !: an edit would go further")
    if value.kind == "scalar" and not value.style and value.value in _NULLS:
        return
    if value.kind != "sequence":
        raise layout.refused(f"{layout.key} is not a list", value.start, hint=WRITE_LIST)
    for each in value.children:
        if each.kind != "scalar" or not (each.style or isinstance(resolve(each.value), str | Plain)):
            message = f"{layout.key} has an entry that is not a string"
            hint = "write a path; put text that YAML takes for something else between quotes"
            raise layout.refused(message, each.start, hint=hint)
