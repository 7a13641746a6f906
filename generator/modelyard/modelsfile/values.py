"""What to write in place of a value that has the wrong type: only what the shape takes there is proposed."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError

from modelyard.files.yaml import Plain, quote
from modelyard.files.yaml.scalars import core
from modelyard.problems.patterns import pattern

TEXT: Final = "text"
INTEGER: Final = "an integer"
BOOLEAN: Final = "true or false"
MAPPING: Final = "a mapping"
LIST: Final = "a list"
ANY: Final = "a value that all YAML readers agree on"

# Kubernetes' names of file modes, in volume sources.
_FILE_MODES: Final = frozenset(["defaultMode", "mode"])
_OCTAL: Final = pattern(r"0[oO]?([0-7]{1,7})")
_PERCENT: Final = pattern(r"([0-9]{1,3}) ?%")
_YES: Final = frozenset(["true", "yes", "y", "on"])
_NO: Final = frozenset(["false", "no", "n", "off"])
_TAGS: Final = frozenset(["mapping", "scalar", "text", "list"])  # of the unions of the shapes


class Proposal(NamedTuple):
    """A value, how it is written, and what that says besides."""

    value: object
    text: str
    remark: str = ""


def spelling(shape: type[BaseModel], path: Sequence[str | int], value: object, wanted: str) -> str:
    """Return the hint that names what can be written at a path of a shape in place of a value.

    Empty if nothing that is like the value would be taken there.
    """
    taken = [each for each in _proposals(path, value, wanted) if refusal(shape, path, each.value) is None]
    if not taken:
        return ""
    several = taken[:1] if wanted == TEXT else taken
    return "write " + ", or ".join(dict.fromkeys(f"{each.text}{each.remark}" for each in several))


def is_file_mode(path: Sequence[str | int], text: str) -> bool:
    """Tell whether a value is a file mode, which is no secret wherever it stands."""
    return (
        path[-1:] in [[each] for each in _FILE_MODES]
        and len(text) <= len("0o7777")
        and text.isascii()
        and text.lstrip("0o").isdigit()
    )


def refusal(shape: type[BaseModel], path: Sequence[str | int], value: object) -> str | None:
    """Return what a shape says against a value at a path, whatever stands beside it; None if it takes the value."""
    data: Any = value
    for part in reversed(path):
        data = {part: data} if isinstance(part, str) else [data]
    where = [0 if isinstance(part, int) else part for part in path]
    try:
        shape.model_validate(data)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            if _without_tags(each["loc"], where)[: len(where)] == where:
                return str(each["ctx"]["error"]) if each["type"] == "value_error" else each["msg"]
    return None


def _without_tags(place: tuple[str | int, ...], path: Sequence[str | int]) -> list[str | int]:
    """Return the place of an error without the tags of unions, which are no part of the data."""
    kept: list[str | int] = []
    for part in place:
        if part not in _TAGS or path[len(kept) : len(kept) + 1] == [part]:
            kept.append(part)
    return kept


def _proposals(path: Sequence[str | int], value: object, wanted: str) -> Iterator[Proposal]:
    mode = bool(path) and path[-1] in _FILE_MODES
    if wanted == ANY and isinstance(value, Plain) and not mode:
        numbers = [each for each in _plain(value.text) if each.value is not None]
        yield Proposal(value.text, quote(value.text), " for text" if numbers else "")
        yield from numbers
    elif wanted in (ANY, INTEGER):
        yield from _integers(value, mode=mode)
    elif wanted == TEXT:
        yield from _texts(value)
    elif wanted == BOOLEAN:
        yield from _booleans(value)
    elif wanted == LIST and value is not None and not isinstance(value, list):
        yield Proposal([value], _in_brackets(value))
    elif wanted == MAPPING:
        yield from _mappings(value)


def _texts(value: object) -> Iterator[Proposal]:
    if isinstance(value, Plain):
        yield Proposal(value.text, quote(value.text))
    elif isinstance(value, bool | int | float):
        text = str(value).lower()
        yield Proposal(text, f'"{text}"')
        if isinstance(value, int) and not isinstance(value, bool):
            yield Proposal(f"{value}s", f"{value}s", ", with its unit")


def _integers(value: object, *, mode: bool = False) -> Iterator[Proposal]:
    text = value.text if isinstance(value, Plain) else value
    if isinstance(text, float) and text.is_integer():
        yield Proposal(int(text), str(int(text)))
    if not isinstance(text, str) or len(text) > 24:
        return
    if found := _OCTAL.fullmatch(text):
        number = int(found[1], 8)
        yield Proposal(number, str(number), f", which is {text} in octal")
        if not mode:
            yield Proposal(int(found[1]), str(int(found[1])))
        return
    if found := _PERCENT.fullmatch(text):
        yield Proposal(int(found[1]), str(int(found[1])))
        return
    number_ = core(text, yaml_1_1=False) if text.isascii() else None
    if isinstance(number_, float) and number_.is_integer():
        number_ = int(number_)
    if isinstance(number_, int) and not isinstance(number_, bool):
        yield Proposal(number_, str(number_))


def _booleans(value: object) -> Iterator[Proposal]:
    word = (value.text if isinstance(value, Plain) else str(value)).lower()
    if word in _YES:
        yield Proposal(value=True, text="true")
    elif word in _NO:
        yield Proposal(value=False, text="false")


def _plain(text: str) -> Iterator[Proposal]:
    """Yield what an ambiguous plain scalar may mean besides text, in forms that all readers agree on."""
    yield from _booleans(text)
    yield from _integers(text)
    number = core(text, yaml_1_1=False)
    if isinstance(number, float) and not number.is_integer() and abs(number) < 1e15:
        yield Proposal(number, repr(number))


def _in_brackets(value: object) -> str:
    if isinstance(value, dict):
        return "a list, with - before the mapping"
    text = value.text if isinstance(value, Plain) else value
    return f"[{quote(text)}]" if isinstance(text, str) else f"[{str(text).lower()}]"


def _mappings(value: object) -> Iterator[Proposal]:
    if not isinstance(value, list) or not value:
        return
    if all(isinstance(each, dict) and set(each) == {"name", "value"} for each in value):
        pairs = {str(each["name"]): each["value"] for each in value}
        yield Proposal(pairs, "NAME: VALUE", " in place of name: NAME and value: VALUE")
    elif all(isinstance(each, str) for each in value):
        named: dict[str, object] = {each: {} for each in value}
        yield Proposal(named, "a mapping such as " + f"{value[0]}: {{}}")
    elif len(value) == 1 and isinstance(value[0], dict):
        yield Proposal(value[0], "the mapping without the - before it")
    elif all(isinstance(each, dict) for each in value):
        merged = {key: each[key] for each in value for key in each}
        if len(merged) == sum(map(len, value)):
            yield Proposal(merged, "one mapping, without the - before its keys")
