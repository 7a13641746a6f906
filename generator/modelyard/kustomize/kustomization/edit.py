"""Entries of the lists of a kustomization, put in and taken out without a change to any other byte.

Each edit is proven before it is given: read again, the file holds the same data but for the entry, and what was
put in can be taken out to the byte.
"""

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from modelyard.files.yaml import edit
from modelyard.files.yaml.nodes import Node, Shape
from modelyard.kustomize.kustomization.layout import WRITE_LIST, Layout, RefusedError, open_list
from modelyard.kustomize.kustomization.paths import same_path
from modelyard.problems import Problem

_UNSAFE: Final = "cannot be edited here without a change to something else"
_BY_HAND: Final = "make this change by hand"


def with_entry(content: bytes, key: str, entry: str, *, shown: str) -> tuple[bytes | None, list[Problem]]:
    """Return the content with an entry at the end of a list; the same content if it has this path already.

    The list of strings under `key` is made if it is missing. Raises ValueError for an entry that is no line of
    text. None with problems for what cannot be edited safely: MY001, MY002, MY003, MY009 and MY014 as for every
    YAML file, MY404 no kustomization, MY405 a key that stands twice, MY406 a list that leaves no safe place.
    """
    if not entry.strip() or not entry.isprintable():
        raise ValueError(f"not an entry: {entry!r}")
    return _edited(lambda: _add(content, key, entry, shown))


def without_entry(content: bytes, key: str, entry: str, *, shown: str) -> tuple[bytes | None, list[Problem]]:
    """Return the content without all entries of a list that are this path, whoever wrote them.

    What `with_entry` had to make for the entry goes too, so that its argument comes back byte for byte; a list
    that someone else wrote stays, empty if need be. None with problems as for `with_entry`.
    """
    return _edited(lambda: _remove(content, key, entry, shown))


def _edited(change: Callable[[], bytes]) -> tuple[bytes | None, list[Problem]]:
    try:
        return change(), []
    except RefusedError as error:
        return None, error.problems


def _add(content: bytes, key: str, entry: str, shown: str) -> bytes:
    found = open_list(content, key, shown)
    if _of_path(found, entry):
        return content
    with _refusing(found):
        new = _spliced(content, found, edit.add(found.tree, found.key, entry))
    at = found.value.start if found.value else 0
    try:
        after = open_list(new, key, shown)
        proven = len(_of_path(after, entry)) == 1 and _rest(after, entry) == _rest(found, entry)
        proven = proven and _remove(new, key, entry, shown) == content
    except RefusedError:
        proven = False
    if not proven:
        raise found.refused(f"{key} {_UNSAFE}", at, hint=_BY_HAND)
    return new


def _remove(content: bytes, key: str, entry: str, shown: str) -> bytes:
    before = found = open_list(content, key, shown)
    while of_path := _of_path(found, entry):
        with _refusing(found):
            content = _spliced(content, found, edit.remove(found.tree, found.key, of_path[-1]))
        try:
            after = open_list(content, key, shown)
        except RefusedError:
            after = before
        if len(_of_path(after, entry)) != len(of_path) - 1 or _rest(after, entry) != _rest(before, entry):
            raise found.refused(f"{key} {_UNSAFE}", found.items[of_path[-1]].start, hint=_BY_HAND)
        found = after
    return content


@contextmanager
def _refusing(found: Layout) -> Iterator[None]:
    """Turn what leaves no place for a splice into a problem."""
    try:
        yield
    except edit.NoPlaceError as error:
        raise found.refused(f"{found.key} cannot be edited: {error}", error.index, hint=WRITE_LIST) from error


def _spliced(content: bytes, found: Layout, splices: list[edit.Splice]) -> bytes:
    start = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    return start + edit.apply(found.tree.text, splices).encode()


def _of_path(found: Layout, entry: str) -> list[int]:
    return [index for index, item in enumerate(found.items) if same_path(item.value, entry)]


def _rest(found: Layout, entry: str) -> Shape:
    """Return the data of a file without the entries of this path, and without the list if it has no others."""
    root = found.tree.root
    if root is None:
        return ()
    pairs: list[Shape] = []
    for key, value in root.pairs():
        if value is found.value:
            items = tuple(item.shape() for item in found.items if not same_path(item.value, entry))
            pairs += [(key.shape(), items)] if items else []
        else:
            pairs.append((key.shape(), value.shape()))
    return (_own(root), *pairs)


def _own(root: Node) -> Shape:
    return root.kind, root.anchor, root.tag
