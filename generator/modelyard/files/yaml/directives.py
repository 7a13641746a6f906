"""Lines that start with %, which change how the rest of a file is read."""

from modelyard.files.yaml.parser import is_empty
from modelyard.files.yaml.source import Source
from modelyard.files.yaml.syntax import NO_DIRECTIVES


def without_directives(source: Source) -> bytes:
    """Return the content with its directives made comments, and report the first.

    The parser must not see them: it compares each %TAG with all before it (30,000 lines take 3 s).
    """
    content = source.content
    first = _percent(content)
    if first < 0 or not is_empty(content[:first]):
        return content
    mark = source.mark(len(content[:first].decode("utf-8")))
    source.report("MY014", "a YAML directive", mark, hint=NO_DIRECTIVES)
    rest = content[first + 1 :].replace(b"\n%", b"\n#").replace(b"\r%", b"\r#")
    return b"".join([content[:first], b"#", rest])


def _percent(content: bytes) -> int:
    """Return where the first line that starts with % is, in bytes; -1 if there is none."""
    if content.startswith(b"%"):
        return 0
    found = [index for index in (content.find(b"\n%"), content.find(b"\r%")) if index >= 0]
    return min(found) + 1 if found else -1
