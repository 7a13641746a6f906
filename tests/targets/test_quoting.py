"""Words of shells and Containerfiles: whatever a value holds, the readers of these formats get it back."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from modelyard.targets.workloads import quoting

OWN: Final = [
    "", " ", "'", '"', "\\", "$", "`", "$(id)", "${HOME}", "$HOME", "`id`", "a'b\"c", '\\"', "\\'", "\\$(id)",
    "'; id; '",
    '"; id; "', "a\nb", "a\\\nb", "#", "# x", "!", "*", "~", "&&id", "|id", ">x", "{a,b}", "\t", "é\u2028", "a\\", "$$",
    "--flag=$HOME", "{env.HOME}", "{$HOME}", "}\n{", "<<EOF", "%s", "\x1b[31m",
]  # fmt: skip


def strings(shared: Path) -> list[str]:
    """Return texts that break what is quoted badly; without what a models file cannot hold in any value."""
    rows = json.loads((shared / "data" / "yaml-hostile" / "strings.json").read_text("utf-8"))
    found = [*OWN, *(row["value"] for row in rows)]
    return [text for text in found if "\0" not in text and not re.search("[\ud800-\udfff]", text)]


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_a_shell_reads_every_word_as_it_was(shared: Path, shell: str) -> None:
    wanted = strings(shared)
    assert _read(shell, " ".join(quoting.shell(each) for each in wanted)) == wanted


def test_a_word_of_a_command_holds_variables_as_kubernetes_fills_them_in() -> None:
    words = ["--port=$(PORT)", "$(PORT)$(PORT)", "$$(PORT)", "$(UNSET)", "$PORT", "${PORT}", "$(a b)", "$(", "a$$"]
    wanted = ["--port=90 '\"90", "90 '\"9090 '\"90", "$(PORT)", "$(UNSET)", "$PORT", "${PORT}", "$(a b)", "$(", "a$"]
    script = " ".join(quoting.shell_of_command(each) for each in words)
    assert _read("bash", script, PORT="90 '\"90") == wanted


def test_a_word_of_a_command_is_otherwise_as_it_was(shared: Path) -> None:
    wanted = [each for each in strings(shared) if not re.search(r"\$\$|\$\(\w+\)", each)]
    assert _read("bash", " ".join(quoting.shell_of_command(each) for each in wanted)) == wanted
    assert len(wanted) > 300


def _read(shell: str, words: str, **env: str) -> list[str]:
    """Let a shell read words, and return what it makes of them."""
    script = f"set -- {words}\nfor each; do printf '%s\\0' \"$each\"; done"
    done = subprocess.run(
        [shell, "-c", script], capture_output=True, check=True, env={"PATH": os.environ["PATH"], **env}
    )
    return done.stdout.decode().split("\0")[:-1]


def test_a_containerfile_reads_every_word_as_it_was(shared: Path) -> None:
    wanted = [each for each in strings(shared) if not re.search(r"[\x00-\x1f\x7f]", each)]
    assert [_read_by_buildkit(quoting.containerfile(each)) for each in wanted] == wanted
    assert len(wanted) > 300


def _read_by_buildkit(word: str) -> str:
    """Read one word between double quotes, which must be the whole text.

    Source: moby/buildkit v0.17.0, frontend/dockerfile/shell/lex.go, processDoubleQuote: a backslash takes its meaning
    from ", $ and itself alone; any other dollar begins a variable.
    """
    assert re.fullmatch(r'"(?:[^"\\$\n]|\\["\\$])*"', word), word
    return re.sub(r'\\(["\\$])', r"\1", word[1:-1])


@pytest.mark.parametrize("text", ["a\nUSER 0", "a\rb", "\0", "\x7f"])
def test_what_no_containerfile_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no instruction can hold"):
        quoting.containerfile(text)


def test_what_no_shell_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="a shell script cannot hold"):
        quoting.shell("a\0b")
