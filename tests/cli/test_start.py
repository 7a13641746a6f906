"""What a process loads before it works: modules are counted, for seconds depend on the machine (`make bench`)."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final, NamedTuple

import pytest

import modelyard as package
from modelyard.cli.app import COMMANDS
from tests.cli.test_cli import GOOD
from tests.conftest import Run
from tests.support.command_line import commands
from tests.support.plugin_calls import generator

Command = Callable[..., CompletedProcess[str]]
_LOADED: Final = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)

# Packages and modules of which each takes 10 ms or more, or opens a door that most commands leave shut.
HEAVY: Final = frozenset(
    [
        "aiohttp", "asyncio", "email.message", "http.client", "importlib.metadata", "importlib.resources", "jinja2",
        "jsonschema_rs", "kubernetes", "logging", "modelyard.api", "modelyard.cluster", "modelyard.kustomize.simulate",
        "modelyard.score", "pyarrow", "pydantic", "rich", "ruamel.yaml", "ssl", "subprocess", "typer", "unittest",
        "urllib3", "yaml", "zipfile", "zstandard",
    ]
)  # fmt: skip
PIPELINE: Final = frozenset(["jinja2", "jsonschema_rs", "modelyard.api", "pydantic", "ruamel.yaml"])
TYPER: Final = frozenset(["typer", "subprocess"])  # typer 0.29 loads pydantic too, with the first command


class Entry(NamedTuple):
    """A way to begin. own and all: how many modules of modelyard's, and beyond Python's own start, it loads at most."""

    arguments: tuple[str, ...]
    heavy: frozenset[str]
    own: int
    all: int


_FUNCTION: Final = "import sys; sys.argv = ['modelyard-fn']; from modelyard.plugin import program; program()"
ENTRIES: Final = {
    "--version": Entry(("-m", "modelyard", "--version"), frozenset(), 5, 40),
    "--help": Entry(("-m", "modelyard", "--help"), TYPER | {"rich", "logging"}, 7, 310),
    "schema": Entry(("-m", "modelyard", "schema"), TYPER | {"pydantic"}, 22, 230),
    "render": Entry(("-m", "modelyard", "render"), TYPER | PIPELINE, 145, 430),
    "modelyard-fn": Entry(("-c", _FUNCTION), PIPELINE, 126, 365),
}


@pytest.fixture
def loaded(run: Run, tmp_path: Path) -> Callable[..., set[str]]:
    """Return a function that begins in a folder with one model, and gives the modules that were loaded."""
    (tmp_path / "models.yaml").write_text(GOOD, "utf-8")
    config = f"kind: ResourceList\nitems: []\nfunctionConfig: {generator('models.yaml')}\n"

    def begin(*arguments: str) -> set[str]:
        done = run(sys.executable, "-X", "importtime", *arguments, stdin=config, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return set(_LOADED.findall(done.stderr))

    return begin


@pytest.mark.parametrize("name", ENTRIES)
def test_no_more_is_loaded_than_an_entry_needs(name: str, loaded: Callable[..., set[str]]) -> None:
    entry = ENTRIES[name]
    loaded(*entry.arguments)  # the first run compiles templates, and keeps them
    found = loaded(*entry.arguments) - loaded("-c", "pass")
    assert HEAVY & found == entry.heavy
    own = {each for each in found if each.partition(".")[0] == "modelyard"}
    assert len(own) <= entry.own, sorted(own)
    assert len(found) <= entry.all, sorted(found)


def test_the_help_lists_all_commands_in_order_and_loads_none(
    modelyard: Command, loaded: Callable[..., set[str]]
) -> None:
    shown = modelyard("--help", env={"COLUMNS": "200"}).stdout
    assert re.findall(r"^│ ([a-z-]+) {2,}", shown.partition("─ Commands ")[2], re.MULTILINE) == [*COMMANDS]
    files = {place.partition(":")[0] for place, _ in COMMANDS.values()}
    assert not {f"modelyard.cli.{each}" for each in files} & loaded("-m", "modelyard", "--help")


def test_each_line_of_the_help_begins_the_documentation_of_its_command() -> None:
    every = commands()
    for name, (_, line) in COMMANDS.items():
        if (name,) in every:
            assert line == " ".join(every[name,].help.partition("\n\n")[0].split())
        else:  # a group: its help says no more than the line
            assert any(words[0] == name for words in every)
        assert len(line) > 20
        assert line.endswith(".")


def test_the_help_of_a_group_is_its_line(modelyard: Command) -> None:
    for name in ("plugin", "sagemaker", "site-config"):
        assert COMMANDS[name][1] in modelyard(name, "--help", env={"COLUMNS": "200"}).stdout


def test_a_shell_completes_commands_and_loads_none(run: Run) -> None:
    env = {"_MODELYARD_COMPLETE": "complete_bash", "COMP_WORDS": "modelyard ", "COMP_CWORD": "1"}
    code = "import sys; sys.argv = ['modelyard']; from modelyard.cli import main\ntry: main()\nfinally: "
    code += "print(*(each for each in sys.modules if each.startswith('modelyard.cli.')), file=sys.stderr)"
    done = run(sys.executable, "-c", code, env=env)
    assert done.stdout.split() == [*COMMANDS]
    assert set(done.stderr.split()) == {"modelyard.cli.app", "modelyard.cli.together"}
    below = run(sys.executable, "-m", "modelyard", env={**env, "COMP_WORDS": "modelyard plugin ", "COMP_CWORD": "2"})
    assert {"install", "status"} <= set(below.stdout.split())


def test_the_version_is_that_of_the_package_however_it_is_asked_for(run: Run, modelyard: Command) -> None:
    shown = f"modelyard {package.__version__}\n"
    assert modelyard("--version").stdout == shown
    assert modelyard("--version", "render").stdout == shown
    said = run(sys.executable, "-c", "from importlib.metadata import version; print('modelyard', version('modelyard'))")
    assert said.stdout == shown


def test_a_process_ends_with_its_code_when_all_others_have_tidied(run: Run) -> None:
    code = "import atexit, sys, threading, time; from modelyard.report import process\ndef main():\n"
    code += "    atexit.register(print, 'tidied', flush=True)\n"
    code += "    threading.Thread(target=lambda: (time.sleep(0.2), print('worked', flush=True))).start()\n    END\n"
    code += "process.alone(main)"
    for end, wanted in (("sys.exit(5)", 5), ("sys.exit(0)", 0), ("raise KeyError", 1)):
        done = run(sys.executable, "-c", code.replace("END", end))
        assert (done.returncode, done.stdout) == (wanted, "worked\ntidied\n")
        assert ("KeyError" in done.stderr) == (end == "raise KeyError")
