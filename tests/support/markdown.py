"""Text that is no Markdown, put into a page."""

import html
import re
from typing import Final

# A word's own underscores are text to a reader of Markdown, and signs between backquotes are.
_MARKUP: Final = re.compile(r"(`[^`]*`)|(?<!\w)_|_(?!\w)|[\\*\[\]<]")


def escaped(text: str) -> str:
    """Return a text in which nothing but words between backquotes is markup."""
    return _MARKUP.sub(lambda found: found[1] or ("&lt;" if found[0] == "<" else f"\\{found[0]}"), text)


def cell(text: str) -> str:
    """Return a text as a cell of a table."""
    words = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(code(each[1:-1]) if each.startswith("`") else escaped(each).replace("|", "\\|") for each in words)


def code(text: str) -> str:
    """Return code as part of a cell. GitHub and the site differ in how a bar between backquotes is written."""
    return f"<code>{html.escape(text, quote=False).replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"
