"""All regular expressions of the package, and texts that make a backtracking one slow."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

import modelyard
from modelyard.problems.patterns import Later

_ANY: Final = "a:-"
_ENDS: Final = ("!", "\0", " ")
Pattern = re.Pattern[Any]


def patterns() -> dict[str, Pattern]:
    """Return `module.NAME` -> each compiled expression that a module holds, also inside tuples and mappings."""
    found: dict[str, Pattern] = {}
    for info in pkgutil.walk_packages(modelyard.__path__, "modelyard."):
        if info.name == "modelyard.__main__":
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            for i, each in enumerate(_inside(value)):
                found.setdefault(f"{info.name.removeprefix('modelyard.')}.{name}{f'.{i}' if i else ''}", each)
    return found


def _inside(value: object) -> Iterator[Pattern]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Later):
        yield re.compile(value.expression, value.given)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _inside(each)
    elif isinstance(value, Mapping):
        yield from _inside([*value.values()])


def pumped(pattern: Pattern, length: int) -> Iterator[str]:
    """Yield texts of about this length that go round and round one repetition of an expression, and then do not match.

    What stands before the repetition is an example of what must; the same without it serves `search`.
    """
    text = pattern.pattern
    tree = parser.parse(text.decode("latin-1") if isinstance(text, bytes) else text, pattern.flags & ~re.DEBUG)
    seen: set[tuple[str, str]] = set()
    for before, pump in _repetitions(tree):
        for lead in ("", before):
            for each in (pump, before + pump) if before else (pump,):
                if each and (lead, each) not in seen:
                    seen.add((lead, each))
                    for end in _ENDS:
                        yield lead + each * (length // len(each)) + end


def _repetitions(tree: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield what stands before each repetition of a parsed expression, and what it repeats."""
    for code, argument in tree:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            _, most, inner = argument
            if most > 64:
                for one in _examples(inner):
                    yield before, one
            yield from _repetitions(inner, before)
        elif code is codes.SUBPATTERN:
            yield from _repetitions(argument[3], before)
        elif code is codes.ATOMIC_GROUP:
            yield from _repetitions(argument, before)
        elif code is codes.BRANCH:
            for each in argument[1]:
                yield from _repetitions(each, before)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            yield from _repetitions(argument[1], before)
        before += _example([(code, argument)], 0)


def _examples(tree: Any) -> Iterator[str]:
    yield from {_example(tree, 0), _example(tree, 1), _example(tree, 2)}


def _example(tree: Any, choice: int) -> str:
    """Return a text that a parsed expression matches; choice: which of several characters or branches."""
    return "".join(_one(code, argument, choice) for code, argument in tree)


def _one(code: Any, argument: Any, choice: int) -> str:
    if code is codes.LITERAL:
        return chr(argument)
    if code is codes.NOT_LITERAL:
        return "a" if argument != ord("a") else "b"
    if code is codes.ANY:
        return str(_ANY[choice])
    if code is codes.IN:
        return _of_class(argument, choice)
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        least, most, inner = argument
        return _example(inner, choice) * int(least or min(1, most))
    if code is codes.SUBPATTERN:
        return _example(argument[3], choice)
    if code is codes.ATOMIC_GROUP:
        return _example(argument, choice)
    if code is codes.BRANCH:
        branches = argument[1]
        return _example(branches[choice % len(branches)], choice)
    return ""  # an assertion, or a reference


_SAMPLES: Final = "a0-Z.:/ _x=\t,(&é"


def _of_class(items: Any, choice: int) -> str:
    members = [each for each in _SAMPLES if _holds(items, each)]
    if not members:
        code, argument = items[0]
        return chr(argument if code is codes.LITERAL else argument[0])
    return members[choice % len(members)]


def _holds(items: Any, character: str) -> bool:
    negated = items[0][0] is codes.NEGATE
    return negated != any(_matches(code, what, character) for code, what in items[negated:])


def _matches(code: Any, argument: Any, character: str) -> bool:
    if code is codes.LITERAL:
        return bool(argument == ord(character))
    if code is codes.RANGE:
        return bool(argument[0] <= ord(character) <= argument[1])
    kinds = {
        codes.CATEGORY_DIGIT: character.isdigit(),
        codes.CATEGORY_SPACE: character.isspace(),
        codes.CATEGORY_WORD: character.isalnum() or character == "_",
        codes.CATEGORY_NOT_SPACE: not character.isspace(),
        codes.CATEGORY_NOT_DIGIT: not character.isdigit(),
    }
    return bool(kinds.get(argument, False))
