"""The pages that the code gives are what it gives: fields, commands, rules."""

from pathlib import Path

import pytest

from modelyard.cli.app import COMMANDS
from modelyard.models.fields import fields, schema
from modelyard.problems.codes import CODES
from tests.support import commands_page, fields_pages, rules_page, target_lists
from tests.support.markdown import cell, escaped

GENERATED = {
    commands_page.PAGE: commands_page.page(),
    **fields_pages.pages(),
    **rules_page.pages(),
    **target_lists.lists(),
}


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_generated_page_is_current(path: Path) -> None:
    assert path.read_text("utf-8") == GENERATED[path], "run `make reference`"


def test_no_page_of_rules_is_left_over() -> None:
    assert set(rules_page.PAGES.iterdir()) <= set(GENERATED)


def test_every_code_is_on_one_page() -> None:
    index = GENERATED[rules_page.PAGES / "index.md"]
    headings = [
        line.split()[1] for page in rules_page.pages().values() for line in page.splitlines() if "{ #my" in line
    ]
    assert sorted(headings) == sorted(f"{code}:" for code in CODES)
    assert [code for code in CODES if f"[{code}](" not in index] == []


def test_every_field_of_a_model_and_of_a_set_is_listed() -> None:
    for name, part in fields_pages.parts().items():
        page = GENERATED[fields_pages.PAGES / f"{name}.md"]
        node = schema()
        for key in part.path:
            node = fields(node)[key]
        assert [key for key in fields(node) if f"`{key}`" not in page] == []


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_documented(command: str) -> None:
    assert f"`modelyard {command}" in GENERATED[commands_page.PAGE]


def test_a_text_is_no_markup() -> None:
    assert escaped("a_b _c_ *d* `_e_` [f] <g>") == r"a_b \_c\_ \*d\* `_e_` \[f\] &lt;g>"
    assert cell("a | b\nc `d` `e|<f>`") == r"a \| b c `d` <code>e&#124;&lt;f&gt;</code>"
