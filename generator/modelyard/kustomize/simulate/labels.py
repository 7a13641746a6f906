"""Label selectors, as kubectl and kustomize read them.

Source: k8s.io/apimachinery, pkg/labels/selector.go, Parse and Matches.
"""

import re
from typing import Final, NamedTuple

from modelyard.check.go_syntax import integer

_PART: Final = re.compile(
    r"\s*(?:(?P<not>!)\s*)?(?P<key>[^\s!=<>(),]+)"
    r"(?:\s*(?P<operator>==|!=|=|<|>)\s*(?P<value>[^\s!=<>(),]*)|\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?\s*"
)


class Requirement(NamedTuple):
    """One part of a selector."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: object) -> bool:
        """Tell whether labels (or annotations) meet this."""
        found = labels if isinstance(labels, dict) else {}
        value = found.get(self.key)
        match self.operator:
            case "exists":
                return self.key in found
            case "!":
                return self.key not in found
            case "in":
                return self.key in found and str(value) in self.values
            case "notin":
                return self.key not in found or str(value) not in self.values
        number, limit = integer(str(value)), integer(self.values[0])
        if number is None or limit is None:
            return False
        return number < limit if self.operator == "<" else number > limit


def parse(text: str) -> tuple[Requirement, ...] | None:
    """Return the parts of a selector, or None if it is none."""
    found: list[Requirement] = []
    end = 0
    while text.strip() and (match := _PART.match(text, end)):
        found.append(_requirement(match))
        end = match.end()
        if end == len(text):
            return tuple(found)
        if text[end] != ",":
            return None
        end += 1
    return None if text.strip() else ()


def _requirement(match: re.Match[str]) -> Requirement:
    if match["set"]:
        return Requirement(match["key"], match["set"], tuple(each.strip() for each in match["values"].split(",")))
    operator = {"=": "in", "==": "in", "!=": "notin"}.get(match["operator"] or "", match["operator"])
    if operator:
        return Requirement(match["key"], operator, (match["value"],))
    return Requirement(match["key"], "!" if match["not"] else "exists")
