"""Two contracts compared: what has changed for callers, and which of that breaks them.

Who calls by the first contract must be answered by the second as before: inputs may take more, outputs give no more.

Source: oasdiff/oasdiff, checker/rules.go (levels of new-required-request-property, request-property-became-required,
-became-not-nullable, -type-changed, -max-length-decreased, response-required-property-removed, response-property-
became-optional, -became-nullable, -type-changed, -max-length-increased; request-property-removed is a warning there).
An input that is gone breaks callers: TensorFlow Serving refuses a call with a name that the signature does not have
(tensorflow/serving, util/json_tensor.cc). Of formats: the ranges of IEEE 754 and of two's complement.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from modelyard.models.contract import Column, Contract

# Format -> those whose values it holds without loss, itself left out.
_HOLDS: Final[dict[str, frozenset[str]]] = {
    "int16": frozenset(["int8", "uint8"]),
    "int32": frozenset(["int8", "int16", "uint8", "uint16"]),
    "int64": frozenset(["int8", "int16", "int32", "uint8", "uint16", "uint32"]),
    "uint16": frozenset(["uint8"]),
    "uint32": frozenset(["uint8", "uint16"]),
    "uint64": frozenset(["uint8", "uint16", "uint32"]),
    "float": frozenset(["int8", "int16", "uint8", "uint16"]),
    "double": frozenset(["float", "int8", "int16", "int32", "uint8", "uint16", "uint32"]),
}
_ENCODED: Final = "byte"  # base64: no other text is that


class Change(NamedTuple):
    """One change: of which column, in words, and whether it breaks callers."""

    column: str
    text: str
    breaks: bool


def changes(before: Contract, after: Contract) -> list[Change]:
    """Return what has changed from one contract to another: inputs, then outputs."""
    found = [*_signature(before, after)]
    found += _columns("input", before.inputs, after.inputs)
    return [*found, *_columns("output", before.outputs, after.outputs)]


def breaking(before: Contract, after: Contract) -> list[Change]:
    """Return the changes that break callers."""
    return [each for each in changes(before, after) if each.breaks]


def _signature(before: Contract, after: Contract) -> Iterator[Change]:
    one, other = (each.signature or "serving_default" for each in (before, after))
    if one != other:
        yield Change("", f"it is called by the signature {other}, and was by {one}", breaks=True)


def _columns(what: str, before: Mapping[str, Column], after: Mapping[str, Column], at: str = "") -> Iterator[Change]:
    for name, old in before.items():
        shown = f"{at}{name}"
        if name in after:
            yield from _column(what, shown, old, after[name])
        else:
            yield Change(shown, f"the {what} {shown} is gone; it was {described(old)}", breaks=True)
    for name, new in after.items():
        if name not in before:
            required = what == "input" and new.required
            kind = f"required {what}" if required else f"optional {what}" if what == "input" else what
            yield Change(f"{at}{name}", f"the {kind} {at}{name} is new; it is {described(new)}", breaks=required)


def _column(what: str, name: str, old: Column, new: Column) -> Iterator[Change]:
    """Yield the changes of one column. An input must take all that the old one took, an output gives no more."""
    is_input = what == "input"
    if old.required != new.required:
        now, was = ("required", "optional") if new.required else ("optional", "required")
        yield Change(name, f"the {what} {name} is {now}, and was {was}", breaks=new.required == is_input)
    if old.nullable != new.nullable:
        now, was = ("may be null", "was never null") if new.nullable else ("may not be null", "could be null")
        yield Change(name, f"the {what} {name} {now}, and {was}", breaks=new.nullable != is_input)
    wide, narrow = (new, old) if is_input else (old, new)
    if old.type == new.type and old.type in ("array", "object") and _has_parts(old, new):
        yield from _parts(what, name, old, new)
    elif described(old) != described(new):
        breaks = not _holds(wide, narrow)
        yield Change(name, f"the {what} {name} is {described(new)}, and was {described(old)}", breaks=breaks)


def _has_parts(old: Column, new: Column) -> bool:
    fields = old.properties is not None and new.properties is not None
    return fields or bool(old.items and new.items)


def _parts(what: str, name: str, old: Column, new: Column) -> Iterator[Change]:
    if old.items and new.items:
        yield from _column(what, f"{name}[]", old.items, new.items)
    if old.properties is not None and new.properties is not None:
        yield from _columns(what, old.properties, new.properties, f"{name}.")


def _holds(wide: Column, narrow: Column) -> bool:
    """Tell whether each value of one is a value of the other. What is not known is taken to fit."""
    if wide.type == "any":
        return True
    types = wide.type == narrow.type or (wide.type == "number" and narrow.type == "integer")
    return types and _format(wide, narrow) and _length(wide, narrow) and _shape(wide.shape, narrow.shape)


def _format(wide: Column, narrow: Column) -> bool:
    one, other = wide.format, narrow.format
    if one == other:
        return True
    if wide.type == "string":  # a date is a text too; a text is no date
        return one is None and other != _ENCODED
    return one is None or other is None or other in _HOLDS.get(one, ())


def _length(wide: Column, narrow: Column) -> bool:
    return wide.maxLength is None or narrow.maxLength is None or narrow.maxLength <= wide.maxLength


def _shape(wide: list[int] | None, narrow: list[int] | None) -> bool:
    if wide is None or wide == narrow:
        return True
    if narrow is None or len(wide) != len(narrow):
        return False
    return all(one in (-1, other) for one, other in zip(wide, narrow, strict=True))


def described(column: Column) -> str:
    """Return a column's type in words, as messages show it."""
    text = column.type if column.format is None else f"{column.type} ({column.format})"
    if column.items:
        text = f"{text} of {described(column.items)}"
    if column.maxLength is not None:
        text = f"{text} of at most {column.maxLength} characters"
    return text if column.shape is None else f"{text} of shape ({', '.join(map(str, column.shape))})"
