"""The examples of the format, as the reference of the models file shows them."""

import re
from typing import Final

from tests.support.consoles import blocks, read

PAGE: Final = "docs/reference/models-file/index.md"


def example(chapter: str) -> str:
    """Return the first YAML of a chapter."""
    [text] = re.findall(rf"(?ms)^## {re.escape(chapter)}\n(.*?)(?=^## |\Z)", read(PAGE))
    return blocks(text, "yaml")[0]
