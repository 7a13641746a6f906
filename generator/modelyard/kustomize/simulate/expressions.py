r"""Regular expressions of Go (RE2), matched in linear time: whoever writes a kustomization chooses them.

jsonschema-rs brings the engine of Rust's crate regex, which has RE2's syntax and its promise. Python's backtracks, for
hours over (a+)+b, and reads flags, POSIX classes and \z otherwise. Source: github.com/google/re2/wiki/Syntax.
"""

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError


class Expression:
    """A regular expression over whole texts. Raises ValueError for a text that is none."""

    def __init__(self, text: str) -> None:
        try:
            self._schema = Draft202012Validator({"pattern": f"^(?:{text})$"}, pattern_options=RegexOptions())
        except ValidationError as error:
            raise ValueError("no regular expression of RE2") from error

    def fullmatch(self, text: str) -> bool:
        """Tell whether it matches the whole text."""
        return self._schema.is_valid(str(text))  # a MarkedText is not text to Rust
