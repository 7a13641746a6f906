"""A model after base, defaults and variants have come together, with the place that each value came from."""

from collections.abc import Iterator

from modelyard.files.yaml import ListMarks, MapMarks, Marks, at, quote
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.model import Model
from modelyard.problems import printable
from modelyard.problems.credentials import HIDDEN, is_credential, item_names, key_name

_COLUMN = 44  # where the places stand; longer lines push theirs to the right


def show(models: DeclaredSet, model: DeclaredModel) -> str:
    """Return YAML with a comment after each value: a document for the model, or for each of its variants."""
    documents = [_document(models, served) for served in model.served]
    return "---\n".join(documents)


def _document(models: DeclaredSet, served: Served) -> str:
    lines = []
    if served.variant:
        lines.append(f"# variant {served.variant}")
        if served.percent is not None:
            lines.append(f"# percent {served.percent}")
    data = {key: served.data[key] for key in Model.model_fields if key in served.data}
    for text, mark in _mapping(data, served.marks, ""):
        place = f"  # {models.place(mark)}" if mark is not None else ""
        lines.append(f"{text:<{_COLUMN}}{place}".rstrip())
    return "\n".join(printable(line) for line in lines) + "\n"


def _mapping(
    data: dict[str, object], marks: MapMarks, indent: str, lead: str | None = None
) -> Iterator[tuple[str, int | None]]:
    before = indent if lead is None else lead
    for key, value in data.items():
        _, value_marks = marks.entries.get(key, (marks.at, marks.at))
        yield from _entry(f"{before}{key}:", key_name(data, key), value, value_marks, indent)
        before = indent


def _entry(start: str, name: str, value: object, marks: Marks, indent: str) -> Iterator[tuple[str, int | None]]:
    if isinstance(value, dict) and value and isinstance(marks, MapMarks):
        yield start, None
        yield from _mapping(value, marks, indent + "  ")
    elif isinstance(value, list) and value and isinstance(marks, ListMarks):
        yield start, None
        for item, item_marks, called in zip(value, marks.items, item_names(value, name), strict=True):
            if isinstance(item, dict) and item and isinstance(item_marks, MapMarks):
                yield from _mapping(item, item_marks, indent + "  ", f"{indent}- ")
            else:
                yield f"{indent}- {_scalar(called, item)}", at(item_marks)
    else:
        yield f"{start} {_scalar(name, value)}", at(marks)


def _scalar(name: str, value: object) -> str:
    if is_credential(name, value):
        return HIDDEN  # it is refused elsewhere; here it must not be printed either
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "null"
    return str(value)
