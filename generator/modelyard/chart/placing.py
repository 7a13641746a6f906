"""An object with expressions where values reach it, and with what its hashed name has to follow."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from modelyard.chart.expressions import Lines, Tokens, at, grouped, quoted
from modelyard.chart.offers import NAMESPACE, REGISTRY
from modelyard.chart.values import Reach
from modelyard.files.yaml.marked import mark_of
from modelyard.manifests.names import repository, tag
from modelyard.targets.workloads.objects import RESERVED_LABELS

_PROJECT: Final = "cnrm.cloud.google.com/project-id"  # see manifests.hashed_names.content_hash
_RELEASE: Final = ".Release.Namespace"


@dataclass(slots=True)
class Context:
    """What an object is placed with.

    chart: its name, which those of its helpers begin with. model: whose objects are placed. names: sealed name ->
    expression, of those that values change. used: marks of values that reached an object, and REGISTRY_MARK. tagged:
    marks of images whose tag stands alone somewhere. whole: of those whose reference stands somewhere.
    """

    chart: str
    namespace: str
    registry: str
    reaches: list[Reach]
    tokens: Tokens
    model: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    tagged: set[int] = field(default_factory=set)
    whole: set[int] = field(default_factory=set)


REGISTRY_MARK: Final = -1


@dataclass(slots=True)
class Placed:
    """An object as data with tokens. inputs: expression -> default, of all that its content follows from."""

    body: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)


def place(context: Context, body: dict[str, Any]) -> Placed:
    """Put tokens in the places of values."""
    annotations = body["metadata"].get("annotations") or {}
    placer = _Placer(context, counts_labels=_PROJECT in annotations)
    placed = placer.mapping(body, ())
    return Placed(placed, placer.inputs)


class _Placer:
    def __init__(self, context: Context, *, counts_labels: bool) -> None:
        self.context = context
        self.counts_labels = counts_labels
        self.inputs: dict[str, Any] = {}

    def node(self, node: Any, path: tuple[str | int, ...]) -> Any:
        if isinstance(node, dict):
            return self.mapping(node, path)
        if isinstance(node, list):
            return [self.node(item, (*path, i)) for i, item in enumerate(node)]
        if isinstance(node, str):
            return self.text(node, path)
        if isinstance(node, int) and not isinstance(node, bool) and (reach := self.reach(node, "number")):
            return self.context.tokens.inline(self.number(reach, path)) if node == reach.placed else node
        return node

    def mapping(self, node: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
        placed: dict[str, Any] = {}
        labels = {key: reach for key, value in node.items() if (reach := self.reach(value, "labels"))}
        first = next(iter(labels), None)
        for key, value in node.items():
            below = (*path, key)
            if key in labels:
                if key == first:
                    self.use(labels[key])
                    self.count(below, f"toJson {self.at(labels[key])}", _json(labels[key].default))
                    placed[self.context.tokens.lines(_labels([each for each in node if each not in labels]))] = ""
            elif lines := self.block(key, value, below):
                placed[self.context.tokens.lines(lines)] = ""
            elif condition := self.condition(value):
                placed[self.context.tokens.lines(_line(f"if {condition}"))] = ""
                placed[str(key)] = self.node(value, below)
                placed[self.context.tokens.lines(_line("end"))] = ""
            else:
                placed[self.key(str(key), below)] = self.node(value, below)
        return placed

    def block(self, key: str, value: Any, path: tuple[str | int, ...]) -> Lines | None:
        """Return the lines of an entry whose value is written by Helm as a whole."""
        if isinstance(value, list) and (reach := self.reach(value, "secrets")):
            self.use(reach)
            self.count(path, f"toJson {self.at(reach)}", _json(reach.default))
            return secrets_lines(key, self.at(reach), named=isinstance(value[0], dict))
        first = next(iter(value.values()), None) if isinstance(value, dict) else None
        if isinstance(first, dict) and (reach := self.reach(first, "resources")):
            self.use(reach)
            self.count(path, f"toJson {self.at(reach)}", _json(reach.default))
            return _resources(key, self.at(reach))
        return None

    def condition(self, value: Any) -> str | None:
        """Return when an entry is there, if its value may be absent; of a mapping, when one of its entries is."""
        if (reach := self.reach(value, "number")) and "null" in reach.values[0].schema["type"]:
            return f'not (kindIs "invalid" {grouped(self.at(reach))})'
        if isinstance(value, dict) and value:
            found = [self.condition(each) for each in value.values()]
            if all(found):
                return f"or {' '.join(f'({each})' for each in found)}" if len(found) > 1 else found[0]
        return None

    def key(self, key: str, path: tuple[str | int, ...]) -> str:
        return str(self.text(key, path)) if REGISTRY in key or NAMESPACE in key else key

    def text(self, value: str, path: tuple[str | int, ...]) -> str:
        """Return a text with tokens: one for all of it, or for parts."""
        parts = list(self.parts(value, path))
        if len(parts) == 1 and isinstance(parts[0], _Expression):
            return self.context.tokens.inline(f"{parts[0]} | quote")
        return "".join(self.context.tokens.inline(p) if isinstance(p, _Expression) else p for p in parts)

    def parts(self, value: str, path: tuple[str | int, ...]) -> Iterator[str]:
        """Yield the parts of a text: expressions, and what stands between them."""
        mark = mark_of(value)
        reach = self.context.reaches[mark] if mark is not None else None
        if reach and reach.kind == "image":
            yield from self.image(str(value), reach, path)
        elif reach and reach.kind == "number" and value == str(reach.placed):
            self.use(reach)
            yield _Expression(self.number(reach, path))
        elif reach and reach.kind == "text" and reach.placed in value:
            self.use(reach)
            before, _, after = value.partition(reach.placed)
            self.count(path, self.at(reach), reach.placed)
            yield from self.known(before, path)
            yield _Expression(self.at(reach))
            yield from self.known(after, path)
        else:
            yield from self.known(value, path)

    def image(self, value: str, reach: Reach, path: tuple[str | int, ...]) -> Iterator[str]:
        """Yield an image's reference, or what ends with its tag; nothing else that comes from it changes with it."""
        own = self.at(reach)
        with_registry = value == f"{REGISTRY}/{reach.placed}"
        tagged = tag(reach.placed)
        if with_registry or value == reach.placed:
            before = '"registry" .Values.registry ' if with_registry else ""
            arguments = f'{before}"repository" {quoted(repository(reach.placed))} "image" {grouped(own)}'
            expression = f'include "{self.context.chart}.image" (dict {arguments})'
            self.context.used |= {reach.mark, REGISTRY_MARK} if with_registry else {reach.mark}
            self.context.whole.add(reach.mark)
            registry = f"{self.context.registry}/" if with_registry and self.context.registry else ""
            self.count(path, expression, registry + reach.placed)
            yield _Expression(expression)
        elif tagged and (value == tagged or value.endswith(f":{tagged}")):
            self.use(reach)
            self.context.tagged.add(reach.mark)
            self.count(path, f"{grouped(own)}.tag", tagged)
            yield from self.known(value.removesuffix(tagged), path)
            yield _Expression(f"{grouped(own)}.tag")
        else:
            yield from self.known(value, path)

    def known(self, value: str, path: tuple[str | int, ...]) -> Iterator[str]:
        """Yield a text that no mark explains: with the registry, the namespace and hashed names in it."""
        words = {f"{REGISTRY}/": _Expression(f'include "{self.context.chart}.registry" .')}
        words |= {NAMESPACE: _Expression(_RELEASE)}
        words |= {name: _Expression(expression) for name, expression in self.context.names.items()}
        pattern = "|".join(re.escape(each) for each in sorted(words, key=len, reverse=True))
        for part in filter(None, re.split(f"({pattern})", str(value))):
            if part not in words:
                yield part
                continue
            default: str = {NAMESPACE: self.context.namespace}.get(part, part)
            if part == f"{REGISTRY}/":
                default = f"{self.context.registry}/" if self.context.registry else ""
                self.context.used.add(REGISTRY_MARK)
            self.count(path, words[part], default)
            yield words[part]

    def number(self, reach: Reach, path: tuple[str | int, ...]) -> str:
        self.use(reach)
        expression = f"{self.at(reach)} | int"
        self.count(path, expression, reach.default)
        return expression

    def reach(self, value: Any, kind: str) -> Reach | None:
        """Return what stands behind the mark of a value, if it is of a kind."""
        mark = mark_of(value)
        found = self.context.reaches[mark] if mark is not None else None
        return found if found and found.kind == kind else None

    def at(self, reach: Reach) -> str:
        return at(reach.path, self.context.model)

    def use(self, reach: Reach) -> None:
        self.context.used.add(reach.mark)

    def count(self, path: tuple[str | int, ...], expression: str, default: Any) -> None:
        """Note what the content follows from, and so a hashed name: not from metadata, see `content_hash`."""
        if path[:1] != ("metadata",) or (self.counts_labels and path[:2] == ("metadata", "labels")):
            self.inputs[expression] = default


class _Expression(str):
    """A part of a text that is an expression."""

    __slots__ = ()


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _line(statement: str) -> Lines:
    def lines(indent: str) -> Iterator[str]:
        yield f"{indent}{{{{- {statement} }}}}"

    return lines


def _labels(others: list[str]) -> Lines:
    """Return the lines of the labels that are values, without those that the object has of its own."""
    own = sorted(set(others) - RESERVED_LABELS)
    expression = f"omit .Values.labels {' '.join(quoted(each) for each in own)}" if own else ".Values.labels"

    def lines(indent: str) -> Iterator[str]:
        yield f"{indent}{{{{- with {expression} }}}}"
        yield f"{indent}{{{{- toYaml . | nindent {len(indent)} }}}}"
        yield f"{indent}{{{{- end }}}}"

    return lines


def secrets_lines(key: str, expression: str, *, named: bool) -> Lines:
    """Return the lines of a list of Secrets. named: its items are mappings."""

    def lines(indent: str) -> Iterator[str]:
        yield f"{indent}{{{{- with {expression} }}}}"
        yield f"{indent}{key}:"
        yield f"{indent}{{{{- range . }}}}"
        yield f"{indent}- {'name: ' if named else ''}{{{{ . | quote }}}}"
        yield f"{indent}{{{{- end }}}}"
        yield f"{indent}{{{{- end }}}}"

    return lines


def _resources(key: str, expression: str) -> Lines:
    def lines(indent: str) -> Iterator[str]:
        yield f"{indent}{{{{- with {expression} }}}}"
        yield f"{indent}{key}:"
        yield f"{indent}  {{{{- toYaml . | nindent {len(indent) + 2} }}}}"
        yield f"{indent}{{{{- end }}}}"

    return lines
