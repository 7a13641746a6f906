"""The post-renderer: an executable for Helm 3, and for Helm 4 a plugin, whose standard error Helm throws away.

Under Helm 4 problems are printed as one block scalar, with exit code 0: Helm stops at what is no object, and shows it
(4.3.2, pkg/action/action.go, splitAndDeannotate). Helm 3 would install without the objects.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from modelyard.api.post_render import post_render as rendered
from modelyard.files import disk
from modelyard.files.yaml import MAX_BYTES
from modelyard.plugin.helm.words import Words
from modelyard.problems import has_errors, is_open
from modelyard.report.text import text

POST_RENDERER: Final = "modelyard-post-renderer"  # the name of our plugin of Helm 4; Helm 3 can load none of this name
_TERMINAL: Final = "/dev/tty"


def post_render(given: Words, env: Mapping[str, str], stdin: BinaryIO, stdout: TextIO, stderr: TextIO) -> int:
    """Answer a call of Helm: the objects on standard output, or problems where somebody sees them."""
    result = rendered(given.models, stdin.read(MAX_BYTES + 1))
    is_wrong = has_errors(result.problems)
    shown = text([each for each in result.problems if is_open(each)])
    _tell(shown, given.problems, env, stderr)
    if is_wrong and not is_plugin(env):
        return 1
    stdout.write(block(shown) if is_wrong else result.text)
    stdout.flush()
    return 0


def is_plugin(env: Mapping[str, str]) -> bool:
    """Tell whether Helm 4 calls its post-renderer of this name."""
    return env.get("HELM_PLUGIN_NAME") == POST_RENDERER


def block(text: str) -> str:
    """Return a text of printable lines as a literal block scalar, at which Helm 4 stops."""
    return "".join(["|\n", *(f"  {line}\n" for line in text.splitlines())])


def problems_file(env: Mapping[str, str]) -> Path | None:
    """Return the file that problems are written to if none is named; None for a user without a home."""
    base = env.get("XDG_CACHE_HOME") or (f"{env['HOME']}/.cache" if env.get("HOME") else "")
    return Path(base) / "modelyard" / "helm-problems.txt" if base else None


def _tell(shown: str, named: str | None, env: Mapping[str, str], stderr: TextIO) -> None:
    """Write problems to a file, whose older ones go; and, unless the caller names it, to whoever may see it."""
    path = problems_file(env) if named is None else Path(named)
    if path is not None and (shown or path.exists()):
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
        stderr.write(text(disk.write(path, shown.encode())))
    if named is not None or not shown:
        return
    if not is_plugin(env):
        stderr.write(shown)
        return
    with suppress(OSError), Path(_TERMINAL).open("w", encoding="utf-8") as terminal:
        terminal.write(shown)
