"""Each option that takes a time takes it in the same forms, in each command."""

import re
from typing import Any, Final

import pytest
import typer

from modelyard.cli.durations import FORMS, Seconds, duration
from modelyard.cli.together import NEEDS, called
from tests.support.command_line import commands
from tests.support.faulty_proxy import modelyard

# Words in the name, help text or metavar of an option that takes a time.
TIME: Final = re.compile(r"time-?out|duration|seconds|since|\bfor how long\b|interval|deadline", re.IGNORECASE)
COMMANDS: Final = {
    "apply", "challenger", "delete", "deploy", "invocations", "logs", "promote", "replay", "rollback",
    "rollout", "run", "score", "traffic",
}  # fmt: skip


def _takes_a_time(option: Any) -> bool:
    words = f"{' '.join(option.opts)} {option.metavar or ''}"
    return bool(TIME.search(words)) and not option.is_flag


TIMES: Final = [
    (words, option.opts[0])
    for words, command in commands().items()
    for option in command.params
    if option.opts[0].startswith("--") and _takes_a_time(option) and words != ("request-log",)  # its times may be 0
]


def test_the_walk_comes_to_all_commands_that_wait() -> None:
    assert {words[0] for words, _ in TIMES} == COMMANDS
    assert [option for words, option in TIMES if words == ("score",)] == [
        "--connect-timeout", "--headers-timeout", "--body-timeout", "--total-timeout",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "option"), TIMES, ids=lambda value: " ".join(value) if isinstance(value, tuple) else value
)
def test_each_option_takes_durations_and_seconds_and_names_the_forms(words: tuple[str, ...], option: str) -> None:
    command = commands()[words]
    (found,) = (each for each in command.params if option in each.opts)
    for text, seconds in (("40s", 40), ("5m", 300), ("1h30m", 5400), ("90", 90), ("2.5", 2.5)):
        context = command.make_context("x", [option, text], resilient_parsing=True)
        assert context.params[found.name] == seconds
    assert found.metavar == "DURATION"
    beside = [called(each) for each in command.params if (found.name, each.name) in NEEDS.get(str(command.name), ())]
    for text in ("5x", "0", "0s", "nan", "inf", "-5", "5M", "366d", "9" * 400, "9" * 400 + "d", ""):
        answer = modelyard(*words, *beside, option, text)
        assert (answer.code, answer.out) == (2, ""), text
        said = " ".join(answer.err.replace("│", " ").split())
        assert option in said
        assert FORMS in said


def test_a_default_is_shown_as_a_duration() -> None:
    assert "[default: 5m]" in modelyard("apply", "--help").out
    assert "[default: 1m]" in modelyard("delete", "--help").out
    assert [str(Seconds(each)) for each in (5, 60, 90, 7200, 2.5)] == ["5s", "1m", "90s", "2h", "2.5s"]


@pytest.mark.parametrize("text", ["1s", "1", "1d", "365d", "1h1m1s", "0.1m", "1.s", "٣s"])
def test_the_forms_are_those_of_the_models_file_and_plain_seconds(text: str) -> None:
    if text in ("0.1m", "1.s", "٣s"):
        with pytest.raises(typer.BadParameter, match="write a duration such as 40s"):
            duration(text)
    else:
        assert duration(text) >= 1
