"""Merging of two lists whose items are told apart by keys, to the letter of kustomize: with its odd results.

Items of the patch come first. Where a list has two keys (containerPort and protocol) and an item lacks the second, a
patch can lose an item; whoever looks at the result has to see the same.
Source: kustomize 5.8.1, kyaml/yaml/walk/associative_sequence.go and ElementSetter in kyaml/yaml/fns.go.
"""

from collections.abc import Callable, Sequence
from typing import Any

Item = dict[str, Any]
Texts = tuple[str, ...]


def merged(
    old: list[Any], new: list[Any], keys: Texts, merge: Callable[[Item | None, Item | None], Item | None]
) -> list[Any]:
    """Return the merged list; merge: what becomes of two items of one identity, None if they are deleted."""
    identities = _joined(list(dict.fromkeys(_texts(each, keys) for each in [*new, *old] if isinstance(each, dict))))
    added: list[Any] = []
    wanted: Texts = keys
    for identity in identities:
        wanted, values = _valid(identities, identity, keys)
        item = merge(*(_find(each, *_valid([values], values, wanted)) for each in (old, new)))
        if not item:
            old = _set(old, None, wanted, values)
            continue
        for key, value in zip(wanted, values, strict=False):
            if key not in item and value:
                item[key] = value
        added = _set(added, item, wanted, values)
    return _appended(added, old, wanted) if identities else old


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _texts(item: Item, keys: Texts) -> Texts:
    return tuple(_text(item.get(key)) for key in keys)


def _joined(identities: list[Texts]) -> list[Texts]:
    """Give identities that differ only in what one of them lacks the texts of both (mergeValues)."""
    for i, left in enumerate(identities):
        for j, right in enumerate(identities):
            pairs = list(zip(left, right, strict=True))
            if len(left) > 1 and any(a == b for a, b in pairs) and all(a == b or not a or not b for a, b in pairs):
                left = tuple(a or b for a, b in pairs)  # noqa: PLW2901 - as there, for the pairs that follow
                identities[i] = identities[j] = left
    return identities


def _valid(identities: Sequence[Texts], values: Texts, keys: Texts) -> tuple[Texts, Texts]:
    """Return the keys that any identity has, and the values for them (validateKeys)."""
    known = {keys[i] for each in identities for i, value in enumerate(each) if value}
    if not known:
        return keys, values
    wanted = tuple(key for key in keys if key in known)
    return wanted, tuple(value for i, value in enumerate(values) if value or keys[i] in known)


def _find(items: list[Any], keys: Texts, values: Texts) -> Item | None:
    for each in items:
        has_all = isinstance(each, dict) and all(key in each for key in keys)
        if has_all and all(_text(each[key]) == value for key, value in zip(keys, values, strict=False)):
            found: Item = each
            return found
    return None


def _set(items: list[Any], element: Item | None, keys: Texts, values: Texts) -> list[Any]:
    """Put an element in the place of those with these values, or at the end; None takes them out (ElementSetter)."""
    result: list[Any] = []
    was_there = False
    for each in items:
        if each is None or each == {}:
            continue
        if not isinstance(each, dict):
            result.append(each)
        elif not _has(each, keys, values):
            result += [each] if values else []
        else:
            was_there = True
            result += [] if element is None else [element]
    return result if element is None or was_there else [*result, element]


def _has(item: Item, keys: Texts, values: Texts) -> bool:
    """Tell whether an item has the values; an empty value stands for any, and a missing one for the one before."""
    found = False
    for i, key in enumerate(keys):
        if i < len(values):
            found = key in item and (not values[i] or _text(item[key]) == values[i])
        if not found:
            return False
    return True


def _appended(items: list[Any], more: list[Any], keys: Texts) -> list[Any]:
    """Put more items into a list, each in the place of those of its identity (appendListNode)."""
    for each in more:
        values: list[str] = []
        for key in keys:
            if not isinstance(each, dict) or each.get(key) is None:
                items = [*items, each]
            else:
                values.append(_text(each[key]))
        if len(keys) > 1:
            items = _set(items, None, keys, tuple(values))
        items = _set(items, each, keys, tuple(values))
    return items
