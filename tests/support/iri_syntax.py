"""What jsonschema checks an IRI by, loaded with the first IRI: 38 grammars take seconds, and few processes meet one."""

import sys
from types import ModuleType
from typing import Final

_NAME: Final = "rfc3987_syntax"  # jsonschema 4.26, _format.py, imports it where it is installed


def load_later() -> None:
    """Stand in for the package until the first text is checked."""
    stand_in = ModuleType(_NAME)

    def is_valid_syntax(term: str, value: str) -> bool:
        if sys.modules.get(_NAME) is stand_in:
            del sys.modules[_NAME]
        from rfc3987_syntax import is_valid_syntax as checked  # noqa: PLC0415 - see above

        return bool(checked(term, value))

    stand_in.is_valid_syntax = is_valid_syntax  # type: ignore[attr-defined]
    sys.modules[_NAME] = stand_in
