"""A YAML text edited by splices: not a character changes that need not.

What is added can be taken out again with nothing but the text: where the list itself was made, or stood as a
spelled null, the item carries MARK. Between brackets, where no comment fits, `[ item ]` with a blank at both
ends says the same: an item that comes into an empty list gets no blank in front.
"""

from collections.abc import Sequence

from modelyard.files.yaml.edit import block, flow
from modelyard.files.yaml.edit.block import MARK
from modelyard.files.yaml.edit.text import NoPlaceError, Splice, apply, spelled
from modelyard.files.yaml.nodes import Node, Tree

__all__ = [
    "MARK", "NoPlaceError", "Splice", "add", "apply", "item", "pair", "put", "remove", "spelled", "unpaired",
]  # fmt: skip


def add(tree: Tree, key: str, item: str) -> list[Splice]:
    """Return the splices that put a text at the end of the list under a top-level key; a missing list is made.

    tree: its root is a mapping that has the key at most once, with null or a list of strings. Raises
    NoPlaceError where the text is laid out in a way that leaves no safe place.
    """
    root = _mapping(tree)
    pair = next((pair for pair in root.pairs() if pair[0].value == key), None)
    if pair is None:
        make = flow.make if root.flow else block.make
        return make(tree, root, key, item)
    if pair[1].kind == "scalar":
        if root.flow:
            raise NoPlaceError("null between brackets", pair[1].start)
        return block.fill(tree, root, pair, item)
    text = spelled(item, pair[1].children or (root.children[::2] if root.flow else ()))
    return flow.insert(tree.text, pair[1], text) if pair[1].flow else block.append(tree, pair[1], text)


def item(tree: Tree, items: Node, text: str) -> list[Splice]:
    """Return the splices that put a spelled item, between brackets of one line, at the end of a list that is there."""
    return flow.insert(tree.text, items, text) if items.flow else block.append(tree, items, text)


def pair(tree: Tree, mapping: Node, beside: str, key: str, value: str) -> list[Splice]:
    """Return the splices that put a spelled key and value into a mapping, in a block below the key `beside`.

    Raises NoPlaceError where the text is laid out in a way that leaves no safe place.
    """
    if mapping.flow:
        return flow.pair(tree.text, mapping, key, value)
    return block.pair(tree, next(each for each in mapping.pairs() if each[0].value == beside), key, value)


def put(tree: Tree, mapping: Node, key: str, lines: Sequence[str], *, beside: str) -> list[Splice]:
    """Return the splices that give a key of a mapping a value of several lines: in its place, else below `beside`.

    key: plain text. lines: without indentation. Raises NoPlaceError as `pair` does, and for braces.
    """
    if mapping.flow:
        raise NoPlaceError("a mapping in braces", mapping.start)
    return block.put(tree, mapping, key, lines, beside)


def unpaired(tree: Tree, mapping: Node, key: str) -> list[Splice]:
    """Return the splices that take a key and its value out of a mapping. Raises NoPlaceError as `pair` does."""
    number = next(n for n, each in enumerate(mapping.pairs()) if each[0].value == key)
    if mapping.flow:
        return flow.remove_pair(tree.text, mapping, number)
    return block.unpaired(tree, list(mapping.pairs())[number])


def remove(tree: Tree, key: str, index: int) -> list[Splice]:
    """Return the splices that take out the item of this index, and what `add` had to make for it.

    tree, key: as for `add`, with a list that has the item. Raises NoPlaceError as `add` does.
    """
    root = _mapping(tree)
    number, pair = next((n, pair) for n, pair in enumerate(root.pairs()) if pair[0].value == key)
    if not pair[1].flow:
        return block.remove(tree, pair, index)
    if root.flow and flow.is_made(tree.text, pair[1]):
        return flow.remove_pair(tree.text, root, number)
    return flow.remove(tree.text, pair[1], index)


def _mapping(tree: Tree) -> Node:
    if tree.root is None or tree.root.kind != "mapping":
        raise ValueError("the top level is not a mapping")
    return tree.root
