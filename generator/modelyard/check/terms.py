"""Terms that say where pods may run: requirements of labels and fields, and tolerations of taints.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, ValidateNodeSelectorRequirement,
ValidateNodeFieldSelectorRequirement and ValidateTolerations; apimachinery pkg/apis/meta/v1/validation,
ValidateLabelSelectorRequirement.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Found, Path, items, sequence, text
from modelyard.manifests.names import label_key, label_value
from modelyard.problems.patterns import pattern

COMPARISONS: Final = ("Gt", "Lt")
_NODE_FIELD: Final = "metadata.name"
_INTEGER: Final = pattern(r"[+-]?[0-9]+")
_PLAIN_INTEGER: Final = pattern(r"-?(0|[1-9][0-9]*)")


def expressions(path: Path, term: Mapping[str, Any]) -> Iterator[Found]:
    """Find what is wrong with the requirements of a term: of nodes, or of labels."""
    for i, each in items(term.get("matchExpressions")):
        where: Path = (*path, "matchExpressions", i)
        if each.get("operator") == "":
            yield Found("the operator is empty", "write one such as In", (*where, "operator"))
        yield from _values(where, text(each.get("operator")), sequence(each.get("values")))
        if wrong := label_key(text(each.get("key"))):
            yield Found(f"the key {wrong}", "change it", (*where, "key") if "key" in each else where)
        for j, value in enumerate(sequence(each.get("values"))):
            if isinstance(value, str) and (wrong := label_value(value)):
                yield Found(f"the value {wrong}", "change it", (*where, "values", j))
    for i, each in items(term.get("matchFields")):
        where = (*path, "matchFields", i)
        if each.get("operator") not in ("In", "NotIn") or len(sequence(each.get("values"))) != 1:
            yield Found(
                "matchFields takes In or NotIn, with one value", "write operator: In, and values: [NAME]", where
            )
        if each.get("key") != _NODE_FIELD:
            yield Found("matchFields takes only the field metadata.name", f"write key: {_NODE_FIELD}", where)


def _values(path: Path, operator: str, values: Sequence[Any]) -> Iterator[Found]:
    if operator in ("In", "NotIn") and not values:
        yield Found(f"{operator} needs values", "add values: […]", path)
    elif operator in ("Exists", "DoesNotExist") and values:
        yield Found(f"{operator} takes no values", "take them out", (*path, "values"))
    elif operator in ("Gt", "Lt") and not (len(values) == 1 and _INTEGER.fullmatch(str(values[0]))):
        yield Found(f"{operator} needs one whole number", 'write values: ["4"]', path)


def toleration(path: Path, toleration: Mapping[str, Any]) -> Iterator[Found]:
    """Find what contradicts each other in a toleration (ValidateTolerations)."""
    key, value, operator = (text(toleration.get(each)) for each in ("key", "value", "operator"))
    if key and (wrong := label_key(key)):
        yield Found(f"the key of the taint {wrong}", "change it", (*path, "key"))
    if not key and operator != "Exists":
        hint = "add key:, or write operator: Exists, which tolerates all taints"
        yield Found("a toleration without a key needs the operator Exists", hint, path)
    if operator == "Exists" and value:
        hint = "take value out, or write operator: Equal"
        yield Found("Exists takes no value", hint, (*path, "value"))
    elif operator in COMPARISONS and not _PLAIN_INTEGER.fullmatch(value):
        yield Found(f"{operator} compares with a whole number", 'write value: "100"', path)
    elif operator in ("", "Equal") and (wrong := label_value(value)):
        yield Found(f"the value of the taint {wrong}", "change it", (*path, "value"))
    if toleration.get("tolerationSeconds") is not None and toleration.get("effect") != "NoExecute":
        hint = "write effect: NoExecute, or take tolerationSeconds out"
        yield Found("tolerationSeconds needs the effect NoExecute", hint, (*path, "tolerationSeconds"))
