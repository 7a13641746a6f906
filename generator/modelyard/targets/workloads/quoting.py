"""Words of formats that are not YAML: each function makes one word of a value, and nothing in it can leave the word."""

import re
import shlex
from typing import Final

# k8s.io/kubernetes v1.32, third_party/forked/golang/expansion: $$ is a dollar, $(NAME) a variable.
_REFERENCE: Final = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def shell(value: object) -> str:
    """Return a word of a POSIX shell (POSIX.1-2024, 2.2 Quoting). Raises ValueError for U+0000, which none can hold."""
    text = str(value)
    if "\0" in text:
        raise ValueError(f"a shell script cannot hold {text!r}")
    return shlex.quote(text)


def shell_of_command(value: object) -> str:
    """Return a word of a shell for one of a container's command, in which Kubernetes puts variables for $(NAME).

    As there, a variable that is not set is not expanded. Raises ValueError for U+0000.
    """
    text, parts, end = str(value), [], 0
    for found in _REFERENCE.finditer(text):
        name = found[1]
        parts += [text[end : found.start()] and shell(text[end : found.start()])]
        parts += [shell("$") if name is None else f'"${{{name}-\\$({name})}}"']
        end = found.end()
    return "".join(parts) + shell(text[end:]) if end < len(text) or not parts else "".join(parts)


def containerfile(value: object) -> str:
    r"""Return a word of a Containerfile: between double quotes, with \, " and $ escaped.

    Source: BuildKit, Dockerfile reference, "Environment replacement" and "ENV". Raises ValueError for control
    characters: an instruction ends with its line.
    """
    text = str(value)
    if _CONTROL.search(text):
        raise ValueError(f"no instruction can hold {text!r}")
    return '"' + re.sub(r'([\\"$])', r"\\\1", text) + '"'
