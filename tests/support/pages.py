"""Pages that modelyard writes, read as their readers do: their text, their elements, and the CSV that they offer."""

import base64
import csv
import io
from html.parser import HTMLParser
from typing import Final

_PREFIX: Final = "data:text/csv;charset=utf-8;base64,"


class Reading(HTMLParser):
    """A page. tags: names of all elements. attributes: all of them, with their values. tables: name -> rows of CSV."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.tables: dict[str, list[dict[str, str]]] = {}
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, and what it offers to save."""
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        named = dict(attrs)
        link = named.get("href") or ""
        if link.startswith(_PREFIX):
            content = base64.b64decode(link.removeprefix(_PREFIX)).decode()
            self.tables[named.get("download") or ""] = list(csv.DictReader(io.StringIO(content, newline="")))

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data
