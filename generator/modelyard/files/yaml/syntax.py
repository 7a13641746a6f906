"""What the parser's errors mean to someone who wrote the file: a code, a place and a hint."""

from typing import Final

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from modelyard.files.yaml.parser import Position
from modelyard.files.yaml.source import Source

NO_SHARING: Final = "say it once in spec.defaults, or in a base file; put text that starts with * or & between quotes"
NO_DIRECTIVES: Final = "remove the lines that start with %"
NO_TAGS: Final = "write the value without a tag; put text that starts with ! between quotes"

# A part of the parser's message (libyaml, scanner.c and parser.c) and the hint for it; the first that fits.
_HINTS: Final = (
    ("found unexpected end of stream", "close the quote"),
    ("while scanning a simple key", "write `key: value`, or indent the line if it goes on with the text above"),
    ("mapping values are not allowed", "put text that holds a colon and a blank between quotes; a key has one line"),
    ("tab character", "indent with spaces, not tabs"),
    ("an anchor", NO_SHARING),
    ("an alias", NO_SHARING),
    ("found unknown escape", "write \\\\ for a backslash"),
    ("character escape code", "write the character itself: two \\u escapes for one character are JSON, not YAML"),
    ("found unexpected ':'", "put a blank after the colon of a key, and text that holds a colon between quotes"),
    ("found unexpected '?'", "put text between brackets that holds a question mark between quotes"),
    ("',' or", "close the bracket, and put text that holds one of , [ ] { } ? between quotes"),
    ("block sequence entries", "put a list on a line of its own, and text that starts with - between quotes"),
    ("did not find expected key", "check the indent of this line, and what follows a closing quote or bracket"),
)  # fmt: skip
_OTHER: Final = "check indents, quotes and brackets at this place and just before it"

# Where the mistake is at the start of what was being read: the quote that is not closed, the line without colon.
_AT_CONTEXT: Final = ("found unexpected end of stream", "could not find expected ':'")
# These are placed behind the backslash and its letter.
_BEHIND_ESCAPE: Final = ("found invalid Unicode character escape code", "did not find expected hexdecimal number")


def report_syntax(source: Source, error: YAMLError) -> None:
    """Add the problem that a syntax error is."""
    found, context = _positions(error)
    index = min(found.index, len(source.text)) if found else 0  # libyaml ends each file with a line of its own
    parts = [getattr(error, name, None) for name in ("context", "problem")]
    message = ", ".join(part for part in parts if part) or "not YAML"
    if any(part in message for part in _BEHIND_ESCAPE):
        index -= 2
    mark = source.mark(index)
    related = source.related(source.mark(context.index), _started(parts[0])) if context else ()
    code, hint = _meaning(message, source.text[index : index + 1])
    source.report(code, message, mark, hint=hint, related=related)


def _positions(error: YAMLError) -> tuple[Position | None, Position | None]:
    """Return where the mistake is, and where what was being read starts if that is in another line."""
    if not isinstance(error, MarkedYAMLError):
        return None, None
    found, context = error.problem_mark, error.context_mark
    if found is None or (context and (error.problem in _AT_CONTEXT or "directive" in str(error.context))):
        return context, None
    return found, context if context is not None and context.line != found.line else None


def _started(context: object) -> str:
    what = str(context).removeprefix("while parsing ").removeprefix("while scanning ")
    return f"{what} starts here"


def _meaning(message: str, character: str) -> tuple[str, str]:
    if "tag" in message.split():
        return "MY006", NO_TAGS
    if "directive" in message:
        return "MY014", NO_DIRECTIVES
    if "cannot start any token" in message:
        quoted = f"put text that starts with {character} between quotes"
        return "MY001", "indent with spaces, not tabs" if character == "\t" else quoted
    return "MY001", next((hint for part, hint in _HINTS if part in message), _OTHER)
