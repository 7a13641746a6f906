"""Tabs: what to refuse where readers differ.

A tab may stand inside quotes, block scalars and comments. Elsewhere libyaml and Go take it for white space,
PyYAML and ruamel.yaml stop at it, and to an editor it is an indent of any width.
"""

import re
from typing import Final

from modelyard.files.yaml.parser import Event
from modelyard.files.yaml.reader import Reader
from modelyard.files.yaml.source import Source

# In what stands between scalars, and in plain scalars: a comment to its end, or a tab.
_COMMENT_OR_TAB: Final = re.compile(r"(?<!\S)#[^\r\n]*+|\t")


class TabReader(Reader):
    """A reader of files that hold tabs; a type of its own, because the check costs time and few files need it."""

    def __init__(self, source: Source, length: int, *, keep_plain: bool) -> None:
        """Start before the first event; length: characters of the file."""
        super().__init__(source, length, keep_plain=keep_plain)
        self.done = 0  # characters checked

    def scalar(self, event: Event) -> None:
        """Check what stands in front of the scalar, and read it."""
        self.check(event.start_mark.index)
        if event.style:
            self.done = event.end_mark.index
        super().scalar(event)

    def end(self, event: Event) -> bool:
        """Check what stands behind the last scalar, and end."""
        self.check(event.end_mark.index)
        return super().end(event)

    def check(self, until: int) -> None:
        """Report the first tab. Raises StopReadingError: one more per line would say nothing new."""
        between = self.source.text[self.done : until]
        if "\t" in between:
            for found in _COMMENT_OR_TAB.finditer(between):
                if found[0] == "\t":
                    mark = self.source.mark(self.done + found.start())
                    hint = "use spaces, or put text that holds a tab between quotes"
                    self.source.stop("MY001", "a tab outside of quotes", mark, hint=hint)
        self.done = until
