"""Regular expressions that are compiled when they are first used: together they take as long as a small library."""

import re
from typing import Final, cast

_METHODS: Final = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub")


class Later:
    """Stands for a pattern, and has its methods from the first use on."""

    def __init__(self, expression: str, flags: int) -> None:
        self.expression = expression
        self.given = flags

    def __getattr__(self, name: str) -> object:
        """Compile the expression: this is called for what is not there yet."""
        found = re.compile(self.expression, self.given)
        vars(self).update({each: getattr(found, each) for each in _METHODS})
        return getattr(found, name)


def pattern(expression: str, flags: int = 0) -> re.Pattern[str]:
    """Return what `re.compile` returns, for all that a pattern does. A mistake in it shows with the first use."""
    return cast("re.Pattern[str]", Later(expression, flags))
