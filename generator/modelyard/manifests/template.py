"""The one door to jinja2: from a template and its values to plain data, never through text of the user's.

A template is YAML with `{{ … }}` where values go. Jinja writes a token for each value; the text with tokens is
a skeleton, which is parsed once per shape; then the values take their tokens' places. So no value can add a
key or change its type. In a skeleton

* a scalar that is one token takes the value with its type; between quotes, and within other text, as text;
* a key whose value is one token with nothing in it (none, "", {} or []) is left out, and so is a mapping or list that
  has lost all its entries that way;
* the key "<<" lays a mapping, or each of a list, over what stands before it, level by level.
"""

import marshal
import os
from collections.abc import Callable, Mapping
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any, Final, TypeAlias

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, Undefined, pass_eval_context
from jinja2.bccache import Bucket, BytecodeCache, bc_version
from jinja2.nodes import EvalContext

from modelyard.files import cache
from modelyard.files.yaml import ListMarks, MapMarks, Marks, Sources, at, read
from modelyard.files.yaml.marked import MarkedDict, MarkedList, MarkedText, derived, mark_of, with_mark
from modelyard.problems.patterns import pattern

_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: no YAML reader gives them a meaning
_OPEN_TEXT: Final = "\ue003"  # of a token that stands alone between quotes
_TOKEN: Final = pattern(f"[{_OPEN}{_OPEN_TEXT}]([0-9]+){_CLOSE}")
_QUOTED: Final = pattern(f'"{_OPEN}([0-9]+{_CLOSE})"')
_LINE: Final = pattern("#\ue002([0-9]+)$")
_STATEMENT: Final = pattern(r"^\s*+(\{%.*%\}|\{#.*#\}|)\s*$")

# Three releases with two forms of each template; a compiled one has up to 20,000 bytes.
LIMITS: Final = cache.Limits(256, 1 << 20)

Fill: TypeAlias = Callable[[list[object]], object]


class _Nothing:
    """What a key is left out for."""


_NOTHING: Final = _Nothing()


def folder() -> Path:
    """Return the folder of the templates: inside the package as installed, beside the sources as checked out."""
    package = Path(__file__).parents[1]
    shipped = package / "templates"
    return shipped if shipped.is_dir() else package.parent.parent / "templates"


class _Loader(BaseLoader):
    def __init__(self, root: Path, *, number_lines: bool) -> None:
        self.root = root
        self.number_lines = number_lines

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        path = self.root / template
        try:
            source = path.read_text("utf-8")
        except FileNotFoundError:
            raise TemplateNotFound(template) from None
        if self.number_lines:
            numbered = enumerate(source.split("\n"), 1)
            source = "\n".join(
                line if _STATEMENT.match(line) else f"{line} #\ue002{number}" for number, line in numbered
            )
        return source, str(path), lambda: True


class _CompiledTemplates(BytecodeCache):
    """Compiled templates, kept between runs as Python keeps its modules: compiling takes longer than rendering.

    They are code, so only what this user alone can have written is read. A name is that of all that the code follows
    from: the source, and the versions that compile and run it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take one template from the folder, if it is there."""
        if (content := cache.load(self.folder, _name(bucket), LIMITS)) is not None:
            bucket.code = marshal.loads(content)  # noqa: S302 - see the class

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one template; called when the cache did not have it."""
        cache.keep(self.folder, _name(bucket), marshal.dumps(bucket.code), LIMITS)


def _name(bucket: Bucket) -> str:
    return f"{bucket.checksum}-{bc_version}-{MAGIC_NUMBER.hex()}"


def cache_folder() -> Path | None:
    """Return the folder of compiled templates, which may be deleted at any time; None where there is no home."""
    return cache.folder(os.environ, "templates")


def text(name: str, context: Mapping[str, object], finalize: Callable[[object], str]) -> str:
    """Return the text that a template of another format than YAML gives.

    finalize: makes each value a word of that format. Raises jinja2's exceptions: mistakes of a template.
    """

    def quoted(value: object) -> str:
        str(value)  # StrictUndefined raises here, with the name that is missing
        return finalize(value)

    environment = Environment(
        loader=_Loader(folder(), number_lines=False),
        autoescape=False,  # noqa: S701 - what escapes is finalize
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=quoted,
    )
    return environment.get_template(name).render(context)


class Templates:
    """The templates of one run.

    with_places: every value of the result carries a mark: that of the value it came from, or the template's line.
    sources: where the templates' lines are registered, when places are wanted.
    """

    def __init__(self, *, sources: Sources | None = None) -> None:
        self.sources = sources
        number_lines = sources is not None
        self.root = folder()
        self.values: list[object] = []
        self.skeletons: dict[tuple[str, str], Fill] = {}
        self.bases: dict[str, int] = {}
        self.results: dict[tuple[str | int, ...], dict[str, Any]] = {}
        self.environment = Environment(
            loader=_Loader(self.root, number_lines=number_lines),
            autoescape=False,  # noqa: S701 - the output is parsed as YAML, and no value is part of it
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=self._finalize(),
            auto_reload=False,
            bytecode_cache=_CompiledTemplates(kept) if (kept := cache_folder()) else None,
        )

    def _finalize(self) -> Callable[..., str]:
        # With the evaluation context as an argument Jinja does not call this while it compiles.
        @pass_eval_context
        def finalize(_: EvalContext, value: Any) -> str:
            if isinstance(value, Undefined):
                str(value)  # StrictUndefined raises here, with the name that is missing
            self.values.append(value)
            return f"{_OPEN}{len(self.values) - 1}{_CLOSE}"

        return finalize

    def render(self, name: str, context: Mapping[str, object]) -> dict[str, Any]:
        """Return the mapping that a template gives with these values.

        Raises jinja2's exceptions, or ValueError when the skeleton is not YAML: mistakes of a template.
        """
        template = self.environment.get_template(name)
        self.values = []
        text = _QUOTED.sub(f'"{_OPEN_TEXT}\\1"', template.render(context))
        skeleton = self.skeletons.get((name, text))
        if skeleton is None:
            skeleton = self.skeletons[name, text] = self.parse(name, text)
        result = skeleton(self.values)
        if not isinstance(result, dict):
            raise TypeError(f"{name} gives no mapping")
        return result

    def render_once(self, name: str, **context: str | int) -> dict[str, Any]:
        """Return the same as `render`, kept for the next call with equal values; the result must not be changed."""
        if self.sources is not None:
            return self.render(name, context)  # equal values can have different places
        key = (name, *context.values())
        if key not in self.results:
            self.results[key] = self.render(name, context)
        return self.results[key]

    def parse(self, name: str, text: str) -> Fill:
        """Read a skeleton, and return the function that fills it."""
        lines = Sources()
        document = read(text.encode(), lines, name)
        if document.problems:
            first = document.problems[0]
            raise ValueError(f"{first.place}: {first.message}\n{text}")
        if self.sources is None:
            return _compile(document.data, document.marks, None)
        if name not in self.bases:
            self.bases[name] = self.sources.add(f"templates/{name}")
        numbers = [int(found[1]) if (found := _LINE.search(line)) else 1 for line in text.split("\n")]
        base = self.bases[name]

        def mark(rendered: int) -> int:
            place = lines.place(rendered)
            return base + ((numbers[place.line - 1] - 1) << 24) + place.column - 1

        return _compile(document.data, document.marks, mark)


def _compile(data: object, marks: Marks, place: Callable[[int], int] | None) -> Fill:
    """Return a function from values to data for one node; `place` turns its mark into the template's line."""
    mark = place(at(marks)) if place else None
    if isinstance(data, dict) and isinstance(marks, MapMarks):
        return _compile_mapping(data, marks, place, mark)
    if isinstance(data, list) and isinstance(marks, ListMarks):
        items = [_compile(item, m, place) for item, m in zip(data, marks.items, strict=True)]
        return _filled_list(items, mark)
    return _compile_scalar(data, mark)


def _compile_scalar(data: object, mark: int | None) -> Fill:
    if not isinstance(data, str) or _CLOSE not in data:
        value = with_mark(MarkedText(data), mark) if isinstance(data, str) and mark is not None else data
        return lambda _: value
    if (match := _TOKEN.fullmatch(data)) and data[0] == _OPEN:
        index = int(match[1])
        return lambda values: _NOTHING if _is_nothing(values[index]) else values[index]
    parts = _TOKEN.split(data)

    def fill(values: list[object]) -> object:
        used = [values[int(part)] for part in parts[1::2]]
        if any(value is None for value in used):
            return _NOTHING
        text = "".join(part if i % 2 == 0 else str(values[int(part)]) for i, part in enumerate(parts))
        return derived(text, next((value for value in used if mark_of(value) is not None), None))

    return fill


def _compile_mapping(
    data: dict[str, object], marks: MapMarks, place: Callable[[int], int] | None, mark: int | None
) -> Fill:
    entries = []
    for key, value in data.items():
        key_mark, value_marks = marks.entries[key]
        fill = _compile(value, value_marks, place)
        name: str = key if place is None else with_mark(MarkedText(key), place(key_mark))
        entries.append((name, fill))

    def filled(values: list[object]) -> object:
        result: dict[str, object] = {} if mark is None else with_mark(MarkedDict(), mark)
        for name, fill in entries:
            value = fill(values)
            if value is _NOTHING:
                continue
            if name == "<<":
                for upper in value if isinstance(value, list) else [value]:
                    _lay_over(result, upper)
            else:
                result[name] = value
        return result if result or not entries else _NOTHING

    return filled


def _filled_list(items: list[Fill], mark: int | None) -> Fill:
    def filled(values: list[object]) -> object:
        result = [value for fill in items if (value := fill(values)) is not _NOTHING]
        if not result and items:
            return _NOTHING
        return result if mark is None else with_mark(MarkedList(result), mark)

    return filled


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str | dict | list) and not value)


def _lay_over(lower: dict[str, object], upper: object) -> None:
    if not isinstance(upper, dict):
        raise TypeError('the key "<<" wants a mapping')
    for key, value in upper.items():
        below = lower.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            copied = type(below)(below)
            if (mark := mark_of(below)) is not None:
                with_mark(copied, mark)
            _lay_over(copied, value)
            lower[key] = copied
        else:
            if mark_of(key) is not None:
                lower.pop(key, None)  # a dict keeps the key that it has, and the mark is the new one's
            lower[key] = value
