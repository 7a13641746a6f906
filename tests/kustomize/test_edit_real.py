"""Edits of real kustomizations: every byte that need not change stays, and what was put in can be taken out."""

from pathlib import Path

import pytest

from tests.support.kustomization_texts import ENTRY, VARIANTS, added, changed_lines, faults
from tests.support.shares import share

REFUSED: dict[str, str] = {}  # file -> reason; at most five may stand here
KEYS = ("components", "resources", "transformers")
PAIRS = [(variant, key) for variant in VARIANTS for key in KEYS]


@pytest.fixture(scope="module")
def real(shared: Path) -> dict[str, bytes]:
    """Return name -> content of all real files."""
    found = {path.name: path.read_bytes() for path in sorted((shared / "data" / "kustomizations").glob("*.yaml"))}
    assert len(found) == 639
    return {name: content for name, content in found.items() if name not in REFUSED}


@pytest.mark.many
@pytest.mark.parametrize(("variant", "key"), PAIRS)
def test_an_entry_comes_and_goes_without_a_trace(variant: str, key: str, real: dict[str, bytes]) -> None:
    names = share(list(real), PAIRS.index((variant, key)))
    contents = {name: VARIANTS[variant](real[name]) for name in names}
    assert [f"{name}: {fault}" for name, content in contents.items() for fault in faults(content, key)] == []


@pytest.mark.many
@pytest.mark.parametrize(("variant", "key"), PAIRS)
def test_no_old_line_changes(variant: str, key: str, real: dict[str, bytes]) -> None:
    for name, content in share(list(real.items()), PAIRS.index((variant, key))):
        old = VARIANTS[variant](content)
        new = added(old, key)
        assert changed_lines(old, new) == [], name
        lines = len(new.splitlines()) - len(old.splitlines())
        assert lines == (1 if f"\n{key}:".encode() in b"\n" + content else 2), name


@pytest.mark.parametrize("variant", VARIANTS)
def test_line_ends_and_the_last_one_are_those_of_the_file(variant: str, real: dict[str, bytes]) -> None:
    for name, content in real.items():
        old = VARIANTS[variant](content)
        new = added(old)
        assert new.count(b"\r") == (new.count(b"\n") if b"\r" in old else 0), name
        assert new.endswith(b"\n") == old.endswith(b"\n"), name
        assert new[:3] == old[:3] or b"\n" not in old, name


def test_the_list_is_indented_as_the_others_are(real: dict[str, bytes]) -> None:
    flush = added(b"resources:\n- a\n")
    deep = added(b"resources:\n    - a\n")
    assert flush.endswith(f"components:\n- {ENTRY} # list added by modelyard\n".encode())
    assert deep.endswith(f"components:\n    - {ENTRY} # list added by modelyard\n".encode())
    for name, content in real.items():
        if b"\nresources:\n  - " in content and b"\n- " not in content and b"components:" not in content:
            assert f"components:\n  - {ENTRY}".encode() in added(content), name
