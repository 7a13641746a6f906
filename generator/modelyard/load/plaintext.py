"""Credentials in plain text: the texts of a model that end up in objects which anybody may read."""

from collections.abc import Iterator

from modelyard.credentials import is_credential_name, is_credential_value
from modelyard.load.merge import Tree
from modelyard.models.declared import DeclaredModel, Served
from modelyard.problem import Problem, problem
from modelyard.yamlio import Sources

Path = tuple[str | int, ...]


def credentials(model: DeclaredModel, _: Tree, sources: Sources) -> Iterator[Problem]:
    """Find what looks like a credential in the texts that a cluster will show. Never says its value."""
    for served in model.served:
        for path, name, text in _literals(served):
            if not text:
                continue
            by_name = is_credential_name(name) and not text.startswith("$(")
            if by_name or is_credential_value(text):
                place = sources.place(served.find(*path))
                hint = "keep it in a Secret, and write NAME: {secretKeyRef: {name: …, key: …}} under env"
                yield problem("MY208", f"{name} holds a credential in plain text", hint=hint, place=place)


def _literals(served: Served) -> Iterator[tuple[Path, str, str]]:
    """Yield path, name and text of what a model writes down and a cluster will show."""
    model = served.model
    for key, mapping in (("env", model.env), ("config", model.config), ("podAnnotations", model.podAnnotations)):
        for name, value in (mapping or {}).items():
            if text := _text(value):
                yield (key, name), name, text
    for key, words in (("args", model.args), ("command", model.command)):
        for i, word in enumerate(words or []):
            yield (key, i), key, _text(word) or ""
    for i, patch in enumerate(model.patches or []):
        for j, op in enumerate(patch.ops):
            yield from _texts(("patches", i, "ops", j, "value"), op.path.rpartition("/")[2], op.value)
    yield from _texts(("targets",), "targets", served.data.get("targets"))


def _text(value: object) -> str | None:
    """Return the text of a value that is written down; None for a reference."""
    return value if isinstance(value, str) else getattr(value, "expand", None)


def _texts(path: Path, name: str, value: object) -> Iterator[tuple[Path, str, str]]:
    """Yield the texts in free data; that of {name: …, value: …} under its name, as in an env list."""
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, dict):
        named = value.get("name")
        for key, item in value.items():
            own = named if key == "value" and isinstance(named, str) else key
            yield from _texts((*path, key), own, item)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _texts((*path, i), name, item)
