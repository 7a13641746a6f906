"""Tables of rules by kind: the path of a value, and what the API server asks of it.

Source: kubernetes v1.36.3, pkg/apis/*/validation; each table names the functions that it follows.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final, TypeAlias

from modelyard.check.finding import Found, Path, integer, items, mapping, sequence, text
from modelyard.check.quantities import amount
from modelyard.check.rules.refused.tree import Check
from modelyard.manifests.names import dns_1123_label, dns_1123_subdomain, label_key, label_value, nearest, one_of
from modelyard.problems.patterns import pattern

Form: TypeAlias = Callable[[str], str | None]

_PERCENT: Final = pattern(r"[0-9]+%")

_OPERATORS: Final = ("DoesNotExist", "Exists", "In", "NotIn")

_CHANGE: Final = "change it"

_MAX_INTEGER: Final = 2**31 - 1

_UNKNOWN_WORD: Final = "MY327"

DNS_LABEL: Final = dns_1123_label

SUBDOMAIN: Final = dns_1123_subdomain


def named(form: Form, *, empty: bool = False, hint: str = _CHANGE) -> Check:
    """Ask for a text of a form. empty: the empty text is checked too, where it does not mean that nothing is given."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        if isinstance(value, str) and (value or empty) and (wrong := form(value)):
            yield Found(f"{_of(path)} {wrong}", hint, path)

    return check


def words(*known: str, empty: bool = False) -> Check:
    """Ask for one of some words. empty: the empty text is refused too."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        if isinstance(value, str) and (value or empty) and value not in known:
            meant = nearest(value, known)
            hint = f"did you mean {meant}?" if meant else f"write {one_of(known)}"
            yield Found(f"{_of(path)} {value or 'that is empty'} is unknown", hint, path, code=_UNKNOWN_WORD)

    return check


def between(least: int | None, most: int | None = None) -> Check:
    """Ask for an integer in a range."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        number = integer(value)
        if number is None:
            return
        if least is not None and number < least:
            yield Found(f"{_of(path)} {number} is less than {least}", _CHANGE, path)
        elif most is not None and number > most:
            yield Found(f"{_of(path)} {number} is more than {most}", _CHANGE, path)

    return check


def share(most: int | None = 100) -> Check:
    """Ask for a number of at least 0, or a percentage of at most so many."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        number = integer(value)
        if isinstance(value, str):
            if not _PERCENT.fullmatch(value):
                yield Found(f"{_of(path)} is no percentage", "write a number, or a text such as 25%", path)
                return
            number = int(value[:-1])
            if most is not None and number > most:
                yield Found(f"{_of(path)} is more than {most}%", _CHANGE, path)
        if number is not None and number < 0:
            yield Found(f"{_of(path)} is less than 0", _CHANGE, path)
        elif number is not None and number > _MAX_INTEGER:
            yield Found(f"{_of(path)} is more than {_MAX_INTEGER}", _CHANGE, path)

    return check


def quantity_of(*, positive: bool = False) -> Check:
    """Ask for an amount that is not less than 0, or more than 0."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        number = amount(value.strip() if isinstance(value, str) else value)
        if isinstance(value, str | int) and not isinstance(value, bool) and number is None:
            yield Found(f"{_of(path)} is no amount", "write a number with a unit such as 500m or 1Gi", path)
        elif number is not None and (number <= 0 if positive else number < 0):
            yield Found(f"{_of(path)} is {'not more' if positive else 'less'} than 0", _CHANGE, path)

    return check


def needed(*fields: str, what: str = "") -> Check:
    """Ask a mapping for fields that are not empty."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        for field in fields if isinstance(value, dict) else ():
            if value.get(field) in (None, "", [], {}) and not (field not in value and nearest(field, value)):
                where = (*path, field) if field in value else path
                yield Found(f"{what or _of(path)} has no {field}", f"add {field}:", where)

    return check


def filled(*fields: str) -> Check:
    """Ask a mapping for fields that are not empty where they are given; that they are missing is said by the schema."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        for field in fields if isinstance(value, dict) else ():
            if field in value and value[field] in ("", [], {}):
                yield Found(f"{field} is empty", "give it a value", (*path, field))

    return check


def exclusive(first: str, second: str) -> Check:
    """Ask for one of two fields at most."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        if mapping(value).get(first) is not None and value.get(second) is not None:
            message = f"{first} and {second} exclude each other"
            yield Found(message, "keep one of them", (*path, second), (*path, first), f"{first} is here")

    return check


def exactly_one(*fields: str) -> Check:
    """Ask for exactly one of some fields."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        given = [field for field in fields if mapping(value).get(field) is not None]
        if isinstance(value, dict) and len(given) != 1:
            said = f"{_of(path)} has {' and '.join(given)}" if given else f"{_of(path)} has no {one_of(fields)}"
            yield Found(said, f"give exactly one of {one_of(fields)}", path)

    return check


def only_where(field: str, other: str, known: tuple[Any, ...], *, default: Any = None) -> Check:
    """Ask that a field is given only where another has one of some values. default: what the other is if absent."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        if mapping(value).get(field) is not None:
            found = value.get(other)
            if (default if found in (None, "") else found) not in known:
                hint = f"take it out, or write {other}: {one_of(map(str, known))}"
                yield Found(f"{field} needs {other} {one_of(map(str, known))}", hint, (*path, field))

    return check


def unique(*fields: str) -> Check:
    """Ask that the items of a list differ in a field, or by themselves."""

    def check(path: Path, value: Any) -> Iterator[Found]:
        first: dict[object, Path] = {}
        for i, each in enumerate(sequence(value)):
            key: Any = tuple(mapping(each).get(field) for field in fields) if fields else each
            where: Path = (*path, i, fields[0]) if fields and fields[0] in mapping(each) else (*path, i)
            if not _is_plain(key) or (fields and not mapping(each).get(fields[0])):
                continue
            shown = " ".join(str(part) for part in key if part) if isinstance(key, tuple) else key
            if key in first:
                yield Found(f"{shown} stands there twice", "keep one of them", where, first[key], "the first")
            first.setdefault(key, where)

    return check


def _is_plain(key: object) -> bool:
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is None or isinstance(part, str | int) for part in parts)


def address(path: Path, value: Any) -> Iterator[Found]:
    """Ask for an IP address."""
    if isinstance(value, str) and not is_address(value):
        yield Found(f"{_of(path)} is no IP address", "write one such as 10.9.8.7 or 2001:db8::1", path)


def is_address(value: str) -> bool:
    """Tell whether a text is an IP address."""
    try:
        return "%" not in value and bool(ip_address(value))
    except ValueError:
        return False


def cidr(path: Path, value: Any) -> Iterator[Found]:
    """Ask for an address range."""
    if isinstance(value, str) and range_of(value) is None:
        yield Found(f"{_of(path)} is no address range", "write one such as 10.9.8.0/24", path)


def range_of(value: str) -> Any:
    """Return an address range, or None where a text is none. Since Kubernetes 1.36 no bits stand behind the prefix."""
    try:
        return ip_network(value) if re.fullmatch(r"[0-9a-fA-F:.]+/[0-9]{1,3}", value) else None
    except ValueError:
        return None


def labels(path: Path, value: Any) -> Iterator[Found]:
    """Ask for labels."""
    for key, each in mapping(value).items():
        wrong = label_key(str(key)) or (label_value(each) if isinstance(each, str) else None)
        if wrong:
            yield Found(f"the label {key} {wrong}", _CHANGE, (*path, key))


def selector(path: Path, value: Any) -> Iterator[Found]:
    """Ask for a label selector (apimachinery pkg/apis/meta/v1/validation, ValidateLabelSelector)."""
    if not isinstance(value, dict):
        return
    yield from labels((*path, "matchLabels"), value.get("matchLabels"))
    for i, each in items(value.get("matchExpressions")):
        yield from _expression((*path, "matchExpressions", i), each)


def _expression(path: Path, each: Mapping[str, Any]) -> Iterator[Found]:
    operator, values = each.get("operator"), sequence(each.get("values"))
    if isinstance(operator, str) and operator not in _OPERATORS:
        yield from words(*_OPERATORS, empty=True)((*path, "operator"), operator)
    elif operator in ("In", "NotIn") and not values:
        yield Found(f"{operator} needs values", "add values: […]", path)
    elif operator in ("Exists", "DoesNotExist") and values:
        yield Found(f"{operator} takes no values", "take them out", (*path, "values"))
    if isinstance(each.get("key"), str) and (wrong := label_key(each["key"])):
        yield Found(f"the key {wrong}", _CHANGE, (*path, "key"))
    for i, one in enumerate(values):
        if isinstance(one, str) and (wrong := label_value(one)):
            yield Found(f"the value {wrong}", _CHANGE, (*path, "values", i))


def domain_path(value: str) -> str | None:
    """Check a path below a domain (apimachinery pkg/util/validation, IsDomainPrefixedPath)."""
    host, _, path = value.partition("/")
    if not host or not path or dns_1123_subdomain(host):
        return "must be a domain and a path, such as example.com/name"
    return None if re.fullmatch(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", path) else "has characters that no URL path has"


def _of(path: Path) -> str:
    """Return what a message calls the value at a path: its field, or its place in a list."""
    *above, last = path or ("the object",)
    if isinstance(last, int):
        return f"item {last} of {next((str(each) for each in reversed(above) if isinstance(each, str)), 'the list')}"
    return "the object" if last == "spec" and not above else text(last)
