"""Findings of streams that somebody accepts: by an annotation of the object, by an option, or by a file."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from modelyard.check.finding import mapping, text
from modelyard.problems import Place, Problem, problem
from modelyard.problems.codes import CODES

ANNOTATION: Final = "modelyard.dev/ignore"
_FORM: Final = re.compile(
    r"(?P<code>MY[0-9]{3})(?::(?P<kind>[A-Za-z]+)/(?P<name>[^\s/]+))?(?:\s*[:\s]\s*(?P<reason>.*))?"
)
_HINT: Final = "write CODE, or CODE:KIND/NAME, and a reason"


class Ignore(NamedTuple):
    """A finding that is accepted: of which code, on which object (all if empty), and why."""

    code: str
    kind: str
    name: str
    reason: str

    def holds(self, code: str, kind: str, name: str) -> bool:
        """Tell whether it is about a finding on an object."""
        return self.code == code and (not self.kind or (self.kind, self.name) == (kind, name))


class Ignores(NamedTuple):
    """What is accepted, and what is wrong with how it was said."""

    all: tuple[Ignore, ...]
    problems: tuple[Problem, ...] = ()


def ignores(words: Iterable[str], files: Mapping[str, bytes]) -> Ignores:
    """Read what options and files accept.

    words: CODE or CODE:KIND/NAME, as of --ignore. files: what messages call a file -> its lines, each CODE[:KIND/NAME]
    and a reason; # begins a comment.
    """
    found: list[Ignore] = []
    wrong: list[Problem] = []
    for word in words:
        _read(word, "--ignore", None, found, wrong)
    for shown, content in files.items():
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
            if stated := line.partition("#")[0].strip():
                _read(stated, shown, Place(shown, number, 1), found, wrong)
    return Ignores(tuple(found), tuple(wrong))


def _read(stated: str, source: str, place: Place | None, found: list[Ignore], wrong: list[Problem]) -> None:
    match = _FORM.fullmatch(stated)
    if not match or match["code"] not in CODES:
        message = f"{stated.split(maxsplit=1)[0]} names no finding that can be accepted"
        wrong.append(problem("MY654", message, hint=_HINT, place=place))
    elif (code := match["code"]) and not is_acceptable(code):
        message = f"{code} cannot be accepted: a cluster refuses such an object"
        wrong.append(problem("MY654", message, hint="mend what it finds", place=place))
    else:
        reason = (match["reason"] or "").strip() or f"accepted by {source}"
        found.append(Ignore(code, match["kind"] or "", match["name"] or "", reason))


def is_acceptable(code: str) -> bool:
    """Tell whether a finding may be accepted: what no cluster refuses, and what depends on the cluster."""
    known = CODES.get(code)
    return known is not None and (known.ignorable or known.severity != "error")


def annotated(body: Mapping[str, Any]) -> Iterator[Ignore]:
    """Yield what the annotation of an object accepts: CODE: reason; CODE: reason. Others have no effect."""
    metadata = mapping(body.get("metadata"))
    stated = text(mapping(metadata.get("annotations")).get(ANNOTATION))
    for part in re.split(r"[;\n]", stated):
        match = _FORM.fullmatch(part.strip())
        if match and is_acceptable(match["code"]) and match["reason"]:
            yield Ignore(match["code"], "", "", match["reason"].strip())


def accepting(each: Problem, body: Mapping[str, Any], ignores_: Iterable[Ignore]) -> Problem:
    """Return a finding on an object, with the reason for which it is accepted if it is."""
    kind, name = str(body.get("kind")), text(mapping(body.get("metadata")).get("name"))
    for one in (*ignores_, *annotated(body)):
        if is_acceptable(each.code) and one.holds(each.code, kind, name):
            return replace(each, accepted=one.reason)
    return each
