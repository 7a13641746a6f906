"""What the kubelet makes of `$` in env, command, args and the commands of probes.

Source: k8s.io/kubernetes v1.36.3, third_party/forked/golang/expansion/expand.go: `$$` is a dollar, $(NAME) the value of
a variable if it is defined, and any other dollar stays.
"""

import re
from collections.abc import Mapping
from typing import Final

from modelyard.problems.patterns import pattern

_TOKEN: Final = pattern(r"\$(?:\$|\(([^)]*)\))")
_PAIR: Final = pattern(r"\$\$((?!))?")  # with the group of _TOKEN, which is never there
# Kubernetes before utf8.DecodeRuneInString was used there broke a character of several bytes behind a single dollar.
_READ: Final = pattern(r"\$(?=[$(]|[^\x00-\x7f])")
_READ_UNCLOSED: Final = pattern(r"\$(?=\$|[^\x00-\x7f])")


def escaped(text: str) -> str:
    """Return what the kubelet reads as this text, whatever is defined; a dollar that it would leave stays single."""
    if "$" not in text:
        return text
    end = text.rfind(")") + 1  # behind it, no `$(` is closed
    return _READ.sub("$$", text[:end]) + _READ_UNCLOSED.sub("$$", text[end:])


def references(text: str) -> list[str]:
    """Return the names of the variables that the kubelet would look for, in their order."""
    return [found[1] for found in _tokens(text) if found[1] is not None]


def expanded(text: str, known: Mapping[str, str], most: int) -> str | None:
    """Return a text with variables replaced, as the kubelet does; None beyond so many characters."""
    parts, size, end = [], 0, 0
    for found in _tokens(text):
        value = "$" if found[1] is None else known.get(found[1], found[0])
        parts += [text[end : found.start()], value]
        size += len(parts[-1]) + len(parts[-2])
        end = found.end()
        if size > most:
            return None
    return "".join([*parts, text[end:]]) if size + len(text) - end <= most else None


def _tokens(text: str) -> list[re.Match[str]]:
    end = text.rfind(")") + 1
    return [*_TOKEN.finditer(text, 0, end), *_PAIR.finditer(text, end)]
