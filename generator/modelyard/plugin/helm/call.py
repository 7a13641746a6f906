"""One call of modelyard-helm: a command of the plugin, or a post-renderer."""

import os
from collections.abc import Mapping, Sequence
from typing import BinaryIO, TextIO

from modelyard.modelsfile.load import allowing_outside
from modelyard.plugin.call import ALLOW
from modelyard.plugin.helm.post_renderer import block, is_plugin, post_render
from modelyard.plugin.helm.words import USAGE, UsageError, read


def run(words: Sequence[str], env: Mapping[str, str], stdin: BinaryIO | None, stdout: TextIO, stderr: TextIO) -> int:
    """Answer one call. Returns the exit code."""
    if {"-h", "--help"} & {*words[:1]}:
        stdout.write(USAGE)
        return 0
    try:
        given = read(words)
    except UsageError as error:
        said = f"helm modelyard: error: {error}\n\n{USAGE}"
        if is_plugin(env):
            stdout.write(block(said))
            return 0
        stderr.write(said)
        return 2
    if given.command is None and (stdin is None or stdin.isatty()):
        stderr.write(USAGE)
        return 2
    with allowing_outside(*filter(None, env.get(ALLOW, "").split(os.pathsep))):
        if given.command is None and stdin is not None:
            return post_render(given, env, stdin, stdout, stderr)
        from modelyard.plugin.helm.command import run_helm  # a post-renderer starts no program

        return run_helm(given, env, stderr)
