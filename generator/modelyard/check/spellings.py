"""Plain scalars of objects that kustomize, kubectl and YAML 1.2 read differently."""

import json
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from modelyard.check.finding import Finding, Path
from modelyard.check.streams import Found
from modelyard.files.yaml import ListMarks, MapMarks, Marks
from modelyard.files.yaml.readings import REFUSED, Readings, key_readings, readings
from modelyard.problems.codes import CODES
from modelyard.problems.credentials import is_credential, key_name

_QUOTES: Final = "put it between quotes if it is text"


class _Odd(NamedTuple):
    """A scalar that is read differently. path: of the value, or of what stands under the key."""

    path: Path
    text: str
    is_key: bool
    readings: Readings


def with_readings(findings: Sequence[Finding], found: Sequence[Found]) -> list[Finding]:
    """Return findings on objects of streams, and what their scalars are to each reader.

    Where an error stands at a scalar already, its hint says so; else it is a finding of its own.
    """
    odd = {(i, each.path): each for i, one in enumerate(found) if one.odd for each in _odd(one)}
    if not odd:
        return list(findings)
    result: list[Finding] = []
    for each in findings:
        about = odd.get((each.manifest, each.path))
        if about is not None and CODES[each.code].severity == "error":
            del odd[each.manifest, each.path]
            hint = (
                f"{each.hint}: {_said(about, found[each.manifest])}"
                if each.hint
                else _said(about, found[each.manifest])
            )
            result.append(each._replace(hint=hint))
        else:
            result.append(each)
    result += [_finding(i, each, found[i]) for (i, _), each in odd.items()]
    return sorted(result, key=lambda each: each.manifest)


def _finding(index: int, odd: _Odd, found: Found) -> Finding:
    code = "MY656" if odd.readings.go_agrees else "MY655"
    return Finding(code, _said(odd, found), _hint(odd, found), index, odd.path)


def _hint(odd: _Odd, found: Found) -> str:
    value = odd.readings.kubectl
    if odd.is_key or isinstance(value, str) or value is REFUSED or _is_hidden(odd, found):
        return _QUOTES
    return f"{_QUOTES}, else write {json.dumps(value)}"


def _said(odd: _Odd, found: Found) -> str:
    """Return what a scalar is to each reader; what may be a credential is not shown."""
    hidden = _is_hidden(odd, found)
    shown = _type if hidden else json.dumps
    each = ["refused by" if value is REFUSED else f"{shown(value)} to" for value in odd.readings]
    what = "the value" if hidden else f"the key {odd.text}" if odd.is_key else odd.text
    return f"{what} is {each[0]} kustomize, {each[1]} kubectl and {each[2]} YAML 1.2"


def _type(value: object) -> str:
    return "text" if isinstance(value, str) else "a number"


def _is_hidden(odd: _Odd, found: Found) -> bool:
    """Tell whether a value may be a credential: true, false and null are none, and keys are shown everywhere."""
    if odd.is_key or isinstance(odd.readings.kubectl, bool | None):
        return False
    if found.body.get("kind") == "Secret":
        return True
    node: object = found.body
    name = ""
    for part in odd.path:
        if isinstance(node, dict):
            name = key_name(node, part, name)
            node = node.get(part)
        else:
            node = node[part] if isinstance(node, list) and isinstance(part, int) else None
    return is_credential(name, odd.text)


def _odd(found: Found) -> Iterator[_Odd]:
    """Yield the scalars of an object that are read differently, each once."""
    left = dict(found.odd)
    todo: list[tuple[Path, Marks]] = [((), found.marks)]
    while todo and left:
        path, marks = todo.pop()
        if isinstance(marks, MapMarks):
            for key, (key_mark, below) in marks.entries.items():
                where: Path = (*path, key)
                if (text := left.pop(key_mark, None)) is not None and (read := key_readings(text)):
                    yield _Odd(where, text, is_key=True, readings=read)
                todo.append((where, below))
        elif isinstance(marks, ListMarks):
            todo += [((*path, i), below) for i, below in enumerate(marks.items)]
        elif (text := left.pop(marks, None)) is not None and (read := readings(text)):
            yield _Odd(path, text, is_key=False, readings=read)
