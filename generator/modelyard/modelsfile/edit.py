"""A models file changed in place: values of its models, or a model more, and not a byte beside them.

Each edit is proven before it is given: read again, the file holds what it held, with the change and nothing else.
"""

import copy
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from modelyard.files.yaml import Sources, edit, quote, read, resolve
from modelyard.files.yaml.edit import NoPlaceError, Splice
from modelyard.files.yaml.nodes import Node, Tree, parse
from modelyard.files.yaml.parser import BREAK
from modelyard.problems import Place, Problem, problem

# Plain in every reader in a block, where a colon that no blank follows is text.
_PLAIN_IMAGE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*:[A-Za-z0-9_.-]*[A-Za-z0-9_]")
_BY_HAND: Final = "make this change by hand"


class Setting(NamedTuple):
    """A field of a model and its new value. variant: empty for the model's own field.

    below: keys of mappings in the field that lead to the value; those that are not there are added.
    """

    model: str
    variant: str
    field: str
    value: str | int
    below: tuple[str, ...] = ()


class _RefusedError(Exception):
    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


def with_settings(content: bytes, settings: Iterable[Setting], *, shown: str) -> tuple[bytes | None, list[Problem]]:
    """Return the content with the settings; what the file does not hold, such as a field of its base, is added.

    content: of a models file that loads without errors. shown: its name in messages. None with MY408 where the
    text is laid out in a way that leaves no safe place.
    """
    new = content
    for each in settings:
        try:
            changed = _spliced(new, _set(_tree(new, shown), each))
            _prove(new, changed, each)
        except (_RefusedError, NoPlaceError) as error:
            return None, [_problem(error, new, shown)]
        new = changed
    return new, []


def with_model(content: bytes, lines: Iterable[str], *, shown: str) -> tuple[bytes | None, list[Problem]]:
    """Return the content with a model at the end of the list.

    lines: the model as a mapping in YAML's block style, from its first column. None with MY408 as for `with_settings`.
    """
    try:
        return _added(content, "\n".join(lines), shown), []
    except (_RefusedError, NoPlaceError) as error:
        return None, [_problem(error, content, shown)]


def _added(content: bytes, model: str, shown: str) -> bytes:
    tree = _tree(content, shown)
    items = _models(tree)
    if items is None or items.kind != "sequence" or items.flow:
        raise _RefusedError("models: is not a list in block style", items.start if items else 0)
    changed = _spliced(content, edit.item(tree, items, model))
    before, after = _data(content), _data(changed)
    if _list(before) != _list(after)[:-1] or _rest(before) != _rest(after):
        raise _RefusedError("an edit here would change something else", items.start)
    return changed


def _tree(content: bytes, shown: str) -> Tree:
    tree, problems = parse(content, Sources(), shown)
    if tree is None or tree.root is None:
        raise _RefusedError(problems[0].message if problems else "the file is empty")
    return tree


def _models(tree: Tree) -> Node | None:
    return _value(_value(tree.root, "spec"), "models")


def _set(tree: Tree, wanted: Setting) -> list[Splice]:
    """Return the splices for one setting: at its place, or in what has to be added for it."""
    models = _models(tree)
    value = _below(wanted, wanted.below)
    name, variant = edit.spelled(wanted.model, []), edit.spelled(wanted.variant, [])
    own = f"{wanted.field}: {value}"
    if wanted.variant:
        own = f"variants: [{{name: {variant}, {own}}}]"
    if models is None or models.kind != "sequence":
        raise _RefusedError("the file has no list of models")
    model = _item(models, wanted.model)
    if model is None:
        return edit.item(tree, models, f"{{name: {name}, {own}}}")
    if wanted.variant:
        variants = _value(model, "variants")
        if variants is None:
            key, _, text = own.partition(": ")
            return edit.pair(tree, model, "name", key, text)
        found = _item(variants, wanted.variant)
        if found is None:
            return edit.item(tree, variants, f"{{name: {variant}, {wanted.field}: {value}}}")
        model = found
    return _put(tree, model, wanted)


def _put(tree: Tree, owner: Node, wanted: Setting) -> list[Splice]:
    """Return the splices that set a field of the mapping of a model or variant."""
    *above, last = (wanted.field, *wanted.below)
    named = owner
    for depth, key in enumerate(above):
        found = _value(owner, key)
        if found is None:
            beside = "name" if owner is named else _last_in_line(owner)
            return edit.pair(tree, owner, beside, key, _below(wanted, [*above, last][depth + 1 :]))
        if found.kind != "mapping" or not found.children:
            raise _RefusedError(f"{key} is not a mapping with keys", found.start)
        owner = found
    old = _value(owner, last)
    if old is None:
        return edit.pair(tree, owner, "name" if owner is named else _last_in_line(owner), last, _below(wanted, ()))
    if old.kind != "scalar" or old.style in {"|", ">"}:
        raise _RefusedError(f"{last} is not a text of one line", old.start)
    return [Splice(old.start, old.end, _spelled(wanted.value, old))]


def _below(wanted: Setting, path: Sequence[str]) -> str:
    """Return the value as it is spelled, in mappings between brackets with the keys that lead to it."""
    text = str(wanted.value) if isinstance(wanted.value, int) else quote(wanted.value)
    for key in reversed(path):
        text = f"{{{key}: {text}}}"
    return text


def _last_in_line(mapping: Node) -> str:
    """Return the last key whose value stands in its line."""
    found = [key.value for key, value in mapping.pairs() if value.kind == "scalar" or value.flow]
    if not found:
        raise _RefusedError("no value in this mapping stands beside its key", mapping.start)
    return found[-1]


def _spelled(value: str | int, old: Node) -> str:
    """Return a value as the one that it takes the place of is written, or quoted where a reader may need it."""
    if isinstance(value, int):
        return str(value)
    is_plain = not old.style and ":" in old.value and _PLAIN_IMAGE.fullmatch(value) and isinstance(resolve(value), str)
    return value if is_plain else edit.spelled(value, [old])


def _value(mapping: Node | None, key: str) -> Node | None:
    if mapping is None or mapping.kind != "mapping":
        return None
    return next((value for name, value in mapping.pairs() if name.value == key), None)


def _item(items: Node, name: str) -> Node | None:
    return next((each for each in items.children if (found := _value(each, "name")) and found.value == name), None)


def _spliced(content: bytes, splices: list[Splice]) -> bytes:
    return edit.apply(content.decode(), splices).encode()


def _prove(before: bytes, after: bytes, wanted: Setting) -> None:
    """Raise _RefusedError unless the data differ in this setting alone."""
    expected = copy.deepcopy(_data(before))
    models = _list(expected)
    owner = _named(models, wanted.model)
    if wanted.variant:
        owner = _named(owner.setdefault("variants", []), wanted.variant)
    *above, last = (wanted.field, *wanted.below)
    for key in above:
        owner = owner.setdefault(key, {})
    owner[last] = wanted.value
    if _data(after) != expected:
        raise _RefusedError("an edit here would change something else")


def _named(items: list[Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] | None = next((each for each in items if each.get("name") == name), None)
    if found is None:
        found = {"name": name}
        items.append(found)
    return found


def _data(content: bytes) -> dict[str, Any]:
    document = read(content, Sources(), "")
    if document.problems or not isinstance(document.data, dict):
        raise _RefusedError("an edit here would break the file")
    return document.data


def _list(data: dict[str, Any]) -> list[Any]:
    models: list[Any] = data["spec"]["models"]
    return models


def _rest(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "spec": {key: value for key, value in data["spec"].items() if key != "models"}}


def _problem(error: Exception, content: bytes, shown: str) -> Problem:
    """Return the problem, at the line of the text that the error names."""
    text = content.decode()
    index = getattr(error, "index", 0)
    starts = [0, *(found.end() for found in BREAK.finditer(text) if found.end() <= index)]
    place = Place(shown, len(starts), index - starts[-1] + 1)
    return problem("MY408", f"{shown} cannot be edited here: {error}", hint=_BY_HAND, place=place)
