"""Expressions that wait for their first use: each is one, and is compiled once."""

import pkgutil
import re
from importlib import import_module

import modelyard
from modelyard.problems import patterns


def test_each_expression_of_the_package_can_be_compiled() -> None:
    names = [each.name for each in pkgutil.walk_packages(modelyard.__path__, "modelyard.")]
    found = 0
    for name in names:
        if name.endswith("__main__"):
            continue
        for value in vars(import_module(name)).values():
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, patterns.Later):
                    found += 1
                    assert re.compile(each.expression, each.given).pattern == each.pattern
    assert found > 40


def test_a_pattern_is_compiled_with_its_first_use() -> None:
    later = patterns.pattern(r"(a)|b", re.IGNORECASE)
    assert "fullmatch" not in vars(later)
    assert later.fullmatch("A")
    assert later.sub("-", "xaB") == "x--"
    assert [each[0] for each in later.finditer("ab")] == ["a", "b"]
    assert (later.pattern, later.flags & re.IGNORECASE) == (r"(a)|b", re.IGNORECASE)
    assert vars(later)["fullmatch"].__self__ is vars(later)["search"].__self__
