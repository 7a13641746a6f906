"""Which objects are too large for `kubectl apply`: what is found in less time is what JSON's length says."""

import json
from datetime import date
from typing import Any, Final

import pytest

from modelyard.check.finding import Cluster
from modelyard.check.rules.sizes import client_side_apply
from modelyard.files.yaml.marked import MarkedText, with_mark
from modelyard.manifests.manifest import Manifest

LIMIT: Final = 256 * 1024
# Of each, JSON is longer than Python's own form of it, or shorter, by another factor.
VALUES: Final[tuple[Any, ...]] = (
    "\x01", "a", "é", "\\", '"', "\n", "", False, None, 0, -2147483648, 1.2345678901234567e-300, {}, [],
    {"a": None}, date(2026, 1, 1), with_mark(MarkedText("x"), 3),
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.98, 1.02, 3.0])
def test_an_object_is_too_large_by_the_length_of_its_json(value: Any, share: float) -> None:
    each = len(json.dumps([value], separators=(",", ":"), ensure_ascii=False, default=str)) - 1
    count = int(LIMIT * share / each)
    bodies: list[dict[str, Any]] = [{"a": [value] * count}, {str(i) * 3: value for i in range(count // 5)}]
    if isinstance(value, str):
        bodies.append({"a": value * count})
    for body in bodies:
        length = len(json.dumps(body, separators=(",", ":"), ensure_ascii=False, default=str))
        found = [each.code for each in client_side_apply([Manifest(body, "")], Cluster())]
        assert found == ["MY376"] * (length > LIMIT)
