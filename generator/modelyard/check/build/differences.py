"""A value as it was declared and as a stream has it, compared field by field."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, NamedTuple

from modelyard.check.finding import Path
from modelyard.manifests.json_patch import pointer_of
from modelyard.problems.credentials import is_credential

_SHOWN: Final = 60  # characters of a value in a message
# What tells the items of a list apart, where all have it and no two the same.
_KEYS: Final = ("mountPath", "name", "tag", "containerPort")
_NAMES: Final = frozenset(["name", "secretName", "key"])  # under a key that speaks of secrets, and none themselves
_ANY_TEXT: Final = frozenset(["value", "args", "command"])  # of a container, where a password may stand in any form


class Difference(NamedTuple):
    """What differs at a path of what was declared; of what was added, at the nearest that was declared.

    pointer: JSON pointer into the stream's value, and the name of a list's item. words: `is 9, not 5`.
    """

    path: Path
    pointer: str
    what: Literal["changed", "gone", "added"]
    words: str


class Free(NamedTuple):
    """What may differ. value: a path, and both values of it. key: a path of the stream's value that was added."""

    value: Callable[[Path, object, object], bool] = lambda *_: False
    key: Callable[[Path], bool] = lambda _: False


_NOTHING: Final = Free()


def differences(old: object, new: object, free: Free = _NOTHING) -> Iterator[Difference]:
    """Yield each field that differs, once; what was added or is gone as a whole is one field."""
    yield from _Comparison(free).of(old, new, (), ())


def shown(path: Path, old: object, new: object) -> str:
    """Return what differs in words; values of variables and arguments, and what may be a credential, are not shown."""
    texts = [json.dumps(each, ensure_ascii=False, default=str) for each in (new, old)]
    names = [""] if _NAMES.intersection(path[-1:]) else [str(part) for part in path]
    written = [each if isinstance(each, str) else text for each, text in zip((new, old), texts, strict=True)]
    is_switch = isinstance(old, bool) and isinstance(new, bool)
    secret = not is_switch and any(is_credential(name, value) for name in names for value in written)
    if secret or _ANY_TEXT.intersection(path[-2:]):
        return "differs (hidden)"
    if isinstance(old, dict | list) or isinstance(new, dict | list):
        return f"is {_kind(new)}, not {_kind(old)}"
    return "is {}, not {}".format(*(each if len(each) <= _SHOWN else f"{each[: _SHOWN - 1]}…" for each in texts))


def _kind(value: object) -> str:
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a single value"


class _Comparison(NamedTuple):
    free: Free

    def of(self, old: object, new: object, path: Path, there: Path, name: str = "") -> Iterator[Difference]:
        """Compare what stands at a path with what stands at the path `there` of the stream's value."""
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self._mappings(old, new, path, there)
        elif isinstance(old, list) and isinstance(new, list):
            yield from self._lists(old, new, path, there)
        elif not _same(old, new) and not self.free.value(path, old, new):
            yield Difference(path, pointer_of(*there) + name, "changed", shown(path, old, new))

    def _mappings(self, old: dict[str, Any], new: dict[str, Any], path: Path, there: Path) -> Iterator[Difference]:
        for key, value in old.items():
            if new.get(key) is not None:
                yield from self.of(value, new[key], (*path, key), (*there, key))
            elif value is not None:
                yield Difference((*path, key), pointer_of(*path, key), "gone", "is gone")
        for key, value in new.items():
            if value is not None and old.get(key) is None:
                yield from self._added(value, path, (*there, key))

    def _added(self, value: object, path: Path, there: Path, name: str = "") -> Iterator[Difference]:
        """Yield what was added: labels and annotations one by one, for some of them may be free."""
        if isinstance(value, dict) and there[-1] in ("labels", "annotations", "matchLabels", "selector"):
            for key, item in value.items():
                yield from self._added(item, path, (*there, key))
        elif not self.free.key(there):
            yield Difference(path, pointer_of(*there) + name, "added", "was added")

    def _lists(self, old: list[Any], new: list[Any], path: Path, there: Path) -> Iterator[Difference]:
        key = _key(old, new)
        if key is None and _plain(old, new) and len(old) != len(new):
            words = f"has {len(new)} entries, not {len(old)}"
            yield Difference(path, pointer_of(*there), "changed", words)
            return
        pairs = self._pairs(old, new, key, path)
        for i, each in enumerate(old):
            at = pairs.get(i)
            name = f" ({each[key]})" if key else ""
            if at is None:
                yield Difference((*path, i), pointer_of(*path, i) + name, "gone", "is gone")
            else:
                yield from self.of(each, new[at], (*path, i), (*there, at))
        for i in sorted({*range(len(new))} - {*pairs.values()}):
            name = f" ({new[i][key]})" if key else ""
            yield from self._added(new[i], path, (*there, i), name)

    def _pairs(self, old: list[Any], new: list[Any], key: str | None, path: Path) -> dict[int, int]:
        """Return which items belong together: those of one name, those that are equal, then the rest in their order."""
        if key is None and len(old) == len(new):
            return {i: i for i in range(len(old))}
        pairs: dict[int, int] = {}
        for same in (self._is_equal if key is None else _named(key), self._is_renamed(key)):
            left = [i for i in range(len(new)) if i not in pairs.values()]
            for i, each in enumerate(old):
                found = None if i in pairs else next((j for j in left if same(each, new[j], (*path, i))), None)
                if found is not None:
                    pairs[i] = found
                    left.remove(found)
        if key is None or len(old) == len(new) == 1:
            left = [i for i in range(len(new)) if i not in pairs.values()]
            pairs.update(zip((i for i in range(len(old)) if i not in pairs), left, strict=False))
        return pairs

    def _is_equal(self, old: object, new: object, path: Path) -> bool:
        return next(self.of(old, new, path, path), None) is None

    def _is_renamed(self, key: str | None) -> Callable[[Any, Any, Path], bool]:
        return lambda old, new, path: key is not None and self.free.value((*path, key), old[key], new[key])


def _named(key: str) -> Callable[[Any, Any, Path], bool]:
    return lambda old, new, _: bool(old[key] == new[key])


def _key(old: list[Any], new: list[Any]) -> str | None:
    def tells_apart(items: list[Any], key: str) -> bool:
        names = [each[key] for each in items if isinstance(each, dict) and isinstance(each.get(key), str | int)]
        return len(set(names)) == len(items)

    return next((key for key in _KEYS if tells_apart(old, key) and tells_apart(new, key)), None)


def _plain(old: list[Any], new: list[Any]) -> bool:
    return not any(isinstance(each, dict | list) for each in (*old, *new))


def _same(old: object, new: object) -> bool:
    """Tell whether two values are one in YAML: true is not 1."""
    return old == new and isinstance(old, bool) == isinstance(new, bool)
