"""A simulator of Google Cloud Workflows: it runs a workflow's source as the service does, one blocking call at a time.

Source: the syntax reference of Workflows, and its standard library. What the source uses and this does not know is an
error, and so is what the service would refuse when it is deployed: a step that is not there, a name that stands twice,
an expression of more than 400 characters.
"""

import ast
import base64
import hashlib
import operator
import re
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final
from urllib.parse import quote

Step = dict[str, Any]
Values = dict[str, Any]
Blocking = Generator[tuple[str, Values], Any, Any]  # (name of the call, its arguments) -> its result

_EXPRESSION: Final = re.compile(r"\$\{(.*)\}", re.DOTALL)
_LONGEST: Final = 400
_STEPS: Final = ("assign", "call", "for", "raise", "return", "steps", "switch", "try")
_KNOWN: Final = frozenset({*_STEPS, "args", "as", "condition", "except", "next", "result", "retry"})
BLOCKING: Final = frozenset(["http.get", "http.post", "sys.log", "sys.sleep"])
_OPERATORS: Final[dict[type[ast.AST], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Gt: operator.gt,
    ast.In: lambda a, b: a in b,
}


class Raised(Exception):  # noqa: N818 - the service's own word
    """What a step raised: a text or a mapping."""

    def __init__(self, value: Any) -> None:
        super().__init__(str(value))
        self.value = value


class _Returned(Exception):  # noqa: N818
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Workflow:
    """One workflow, ready to be executed."""

    def __init__(self, source: dict[str, Any], clock: Callable[[], float]) -> None:
        self.parts = source
        self.clock = clock
        for part in source.values():
            self._look_over(part["steps"])

    def execute(self, event: Any, execution: str) -> Blocking:
        """Run it; yields each blocking call, and is sent its result, or thrown Raised. Returns what it returns."""
        return (yield from self._call("main", [event], execution))

    def value(self, given: Any) -> Any:
        """Return data with its expressions evaluated, where they need no variable."""
        return self._value(given, {})

    def _look_over(self, steps: list[Step]) -> None:
        names = [name for name, _ in _all_steps(steps)]
        assert len(names) == len(set(names)), names
        for _, step in _all_steps(steps):
            assert not step.keys() - _KNOWN, step.keys() - _KNOWN
            assert step.get("next", names[0]) in names, step
        for text in _texts(steps):
            assert len(text) <= _LONGEST, text

    def _call(self, name: str, arguments: list[Any], execution: str) -> Blocking:
        part = self.parts[name]
        values: Values = dict(zip(part.get("params", []), arguments, strict=True))
        values["\0execution"] = execution
        try:
            yield from self._steps(part["steps"], values)
        except _Returned as returned:
            return returned.value
        return None

    def _steps(self, steps: list[Step], values: Values) -> Blocking:
        names = [name for each in steps for name in each]
        at = 0
        while at < len(steps):
            ((_, step),) = steps[at].items()
            wanted = yield from self._step(step, values)
            if wanted is None:
                at += 1
            elif wanted in names:
                at = names.index(wanted)
            else:
                return wanted
        return None

    def _step(self, step: Step, values: Values) -> Blocking:  # noqa: C901, PLR0912 - a table of the kinds of steps
        """Run one step; returns the step that comes next, or None for the one behind it."""
        if "assign" in step:
            for each in step["assign"]:
                ((target, given),) = each.items()
                _assign(values, target, self._value(given, values))
        elif "switch" in step:
            for each in step["switch"]:
                if self._value(each["condition"], values) is True:
                    return (yield from self._chosen(each, values))
        elif "for" in step:
            loop = step["for"]
            for item in self._value(loop["in"], values):
                inner = values | {loop["value"]: item}
                if (wanted := (yield from self._steps(loop["steps"], inner))) is not None:
                    return wanted
        elif "try" in step:
            if (wanted := (yield from self._try(step, values))) is not None:
                return wanted
        elif "call" in step:
            yield from self._called(step, values)
        elif "steps" in step:
            if (wanted := (yield from self._steps(step["steps"], values))) is not None:
                return wanted
        elif "raise" in step:
            raise Raised(self._value(step["raise"], values))
        elif "return" in step:
            raise _Returned(self._value(step["return"], values))
        return step.get("next")

    def _chosen(self, each: Step, values: Values) -> Blocking:
        if "steps" in each:
            return (yield from self._steps(each["steps"], values))
        if "return" in each:
            raise _Returned(self._value(each["return"], values))
        return each["next"]

    def _try(self, step: Step, values: Values) -> Blocking:
        body, tries = step["try"], 5 if "retry" in step else 1
        assert step.get("retry", "${http.default_retry}") == "${http.default_retry}"
        for attempt in range(1, tries + 1):
            try:
                if "steps" in body:
                    return (yield from self._steps(body["steps"], values))
                return (yield from self._called(body, values))
            except Raised as raised:
                if attempt < tries and _is_retried(raised.value):
                    yield "sys.sleep", {"seconds": 2**attempt}
                    continue
                if "except" not in step:
                    raise
                inner = values | {step["except"]["as"]: raised.value}
                return (yield from self._steps(step["except"]["steps"], inner))
        raise AssertionError

    def _called(self, step: Step, values: Values) -> Blocking:
        name, given = step["call"], self._value(step.get("args", {}), values)
        if name in self.parts:
            params = self.parts[name].get("params", [])
            assert set(params) == set(given), (name, params, given)
            result = yield from self._call(name, [given[each] for each in params], values["\0execution"])
        else:
            assert name in BLOCKING, name
            result = yield name, given
        if "result" in step:
            values[step["result"]] = result

    def _value(self, given: Any, values: Values) -> Any:
        if isinstance(given, dict):
            return {key: self._value(each, values) for key, each in given.items()}
        if isinstance(given, list):
            return [self._value(each, values) for each in given]
        if not isinstance(given, str) or not given.startswith("${"):
            return given
        found = _EXPRESSION.fullmatch(given)
        assert found, given
        return self._node(ast.parse(found[1].strip(), mode="eval").body, values)

    def _node(self, node: ast.AST, values: Values) -> Any:  # noqa: C901, PLR0912 - a table of the kinds of nodes
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id="null"):
                return None
            case ast.Name(id="true" | "false" as word):
                return word == "true"
            case ast.Name(id=name):
                return values[name]
            case ast.Attribute(value=inner, attr=name):
                return self._node(inner, values)[name]
            case ast.Subscript(value=inner, slice=key):
                return self._node(inner, values)[self._node(key, values)]
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](self._node(left, values), self._node(right, values))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return _OPERATORS[type(op)](self._node(left, values), self._node(right, values))
            case ast.BoolOp(op=ast.And(), values=parts):
                return all(self._node(each, values) for each in parts)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return not self._node(inner, values)
            case ast.Call(func=func, args=arguments):
                name = ast.unparse(func)
                given = [self._node(each, values) for each in arguments]
                if name == "sys.now":
                    return self.clock()
                if name == "sys.get_env":
                    assert given == ["GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID"]
                    return values["\0execution"]
                return FUNCTIONS[name](*given)
        raise AssertionError(ast.dump(node))


def _string(value: Any) -> str:
    assert isinstance(value, str | int | float), value
    return str(value)


def _substring(text: str, start: int, end: int) -> str:
    assert 0 <= start <= end <= len(text), (text, start, end)  # the service raises IndexError
    return text[start:end]


def _iso(seconds: float) -> str:
    return f"2026-11-30T{int(seconds) // 3600 % 24:02}:{int(seconds) // 60 % 60:02}:{seconds % 60:09.6f}Z"


def _checksum(data: bytes, algorithm: str) -> bytes:
    assert algorithm == "SHA256"
    return hashlib.sha256(data).digest()


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "base64.encode": lambda data: base64.b64encode(data).decode(),
    "default": lambda value, other: other if value is None else value,
    "hash.compute_checksum": _checksum,
    "keys": list,
    "map.get": lambda mapping, key: mapping.get(key),
    "string": _string,
    "text.encode": str.encode,
    "text.match_regex": lambda text, pattern: re.search(pattern, text) is not None,
    "text.replace_all": str.replace,
    "text.substring": _substring,
    "text.url_encode": lambda text: quote(text, safe=""),
    "time.format": _iso,
}


def _is_retried(error: Any) -> bool:
    """Tell what http.default_retry tries again."""
    if not isinstance(error, dict):
        return False
    tags = error.get("tags", [])
    return error.get("code") in (429, 502, 503, 504) or "ConnectionError" in tags or "TimeoutError" in tags


def _assign(values: Values, target: str, value: Any) -> None:
    name, *keys = target.split(".")
    if not keys:
        values[name] = value
        return
    node = values[name] = dict(values[name])  # a mapping is copied when it is changed
    for key in keys[:-1]:
        node = node.setdefault(key, {})
    node[keys[-1]] = value


def _all_steps(steps: list[Step]) -> Iterator[tuple[str, Step]]:
    for each in steps:
        for name, step in each.items():
            yield name, step
            nested = [step, *step.get("switch", ()), step.get("for", {}), step.get("try", {}), step.get("except", {})]
            for inner in nested:
                if isinstance(inner, dict) and "steps" in inner:
                    yield from _all_steps(inner["steps"])


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str) and node.startswith("${"):
        yield node
    elif isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from _texts(each)
