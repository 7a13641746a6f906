"""Credentials in plain data: how a value is called there, and what is left when they are hidden."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from modelyard.problems.credentials.names import is_credential_name, is_no_credential
from modelyard.problems.credentials.values import HIDDEN, is_credential_value
from modelyard.problems.patterns import pattern

__all__ = ["HIDDEN", "Leaf", "Path", "is_credential", "item_names", "key_name", "leaves", "without"]

Path = tuple[str | int, ...]

# Keys that say nothing about what stands under them: it is called as what they stand in.
_NEUTRAL: Final = frozenset(["default", "expand", "literal", "text", "value", "values"])
_INDEX: Final = pattern(r"-|[0-9]+")


class Leaf(NamedTuple):
    """A scalar of plain data. name: what it is called, such as the variable or the flag that it is the value of."""

    path: Path
    name: str
    value: object


def is_credential(name: str, value: object) -> bool:
    """Tell whether the value of a setting is a credential, by the setting's name or by its own form."""
    text = value if isinstance(value, str) else "" if value is None or isinstance(value, bool) else str(value)
    if is_credential_name(name.lstrip("-").rpartition("/")[2]) and not is_no_credential(name, text):
        return True
    return is_credential_value(text)


def key_name(mapping: Mapping[Any, object], key: object, above: str = "") -> str:
    """Return what the value under a key is called. above: what the mapping itself is called.

    Of `{name: DB_PASSWORD, value: …}`, as variables and headers are written, it is the name; of an operation of a
    JSON patch the field that it changes.
    """
    if key not in _NEUTRAL:
        return str(key)
    named, pointer = mapping.get("name"), mapping.get("path")
    if isinstance(named, str):
        return named
    if isinstance(pointer, str) and "op" in mapping:
        fields = [part for part in pointer.split("/") if part not in _NEUTRAL and not _INDEX.fullmatch(part)]
        return fields[-1].replace("~1", "/").replace("~0", "~") if fields else ""
    return above


def item_names(items: Sequence[object], above: str = "") -> list[str]:
    """Return what each item of a list is called: in a list of arguments as the flag before it, else as the list."""
    flags = [each if isinstance(each, str) and each.startswith("-") and "=" not in each else "" for each in items]
    return [flag or above for flag in ["", *flags]][: len(items)]


def leaves(data: object, path: Path = (), name: str = "") -> Iterator[Leaf]:
    """Yield the scalars of plain data, each with what it is called."""
    todo: list[Leaf] = [Leaf(path, name, data)]
    while todo:
        leaf = todo.pop()
        if isinstance(leaf.value, str):  # most are, and to ask whether one is a Mapping takes longer
            yield leaf
        elif isinstance(leaf.value, Mapping):
            todo += [
                Leaf((*leaf.path, key), key_name(leaf.value, key, leaf.name), item)
                for key, item in reversed(list(leaf.value.items()))
            ]
        elif isinstance(leaf.value, list | tuple):
            named = enumerate(zip(item_names(leaf.value, leaf.name), leaf.value, strict=True))
            todo += reversed([Leaf((*leaf.path, i), each, item) for i, (each, item) in named])
        else:
            yield leaf


def without(value: object, name: str = "") -> object:
    """Return plain data with HIDDEN in place of each credential."""
    if isinstance(value, dict):
        return {key: without(item, key_name(value, key, name)) for key, item in value.items()}
    if isinstance(value, list):
        return [without(item, each) for each, item in zip(item_names(value, name), value, strict=True)]
    return HIDDEN if is_credential(name, value) else value
