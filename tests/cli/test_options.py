"""Options that would be dropped without a word: given twice, or without effect beside another. All are refused."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from modelyard.cli.app import app
from modelyard.cli.together import EXCLUDES, NEEDS, called, is_single
from tests.cli.test_cli import BAD, GOOD, contents
from tests.support.command_line import commands

Command = Callable[..., CompletedProcess[str]]


COMMANDS = commands()
SINGLE = [(words, each) for words, command in COMMANDS.items() for each in command.params if is_single(each)]
PAIRS = [
    *((name, pair, "does not go with") for name, pairs in EXCLUDES.items() for pair in pairs),
    *((name, pair, "has an effect only with") for name, pairs in NEEDS.items() for pair in pairs),
]
SEVERAL = {"catalog", "check", "diff", "history", "register", "render"}  # that take several -f


def refused(*arguments: str) -> str:
    """Return what is said of a wrong usage, in one line."""
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    return " ".join(done.stderr.split())


def written(parameter: Any) -> list[str]:
    if parameter.param_type_name == "argument":
        return ["x"]
    return [called(parameter)] if parameter.is_flag else [called(parameter), "1"]


def test_every_command_is_walked_over() -> None:
    assert len(COMMANDS) > 20
    assert len(SINGLE) > 80
    assert {words[0] for words, command in COMMANDS.items() for each in command.params
            if each.name == "file" and getattr(each, "multiple", False)} == SEVERAL  # fmt: skip


@pytest.mark.parametrize(("words", "option"), SINGLE, ids=lambda each: each if isinstance(each, str) else str(each))
def test_an_option_with_one_value_is_not_given_twice(words: tuple[str, ...], option: Any) -> None:
    for spelling in (*option.opts, *option.secondary_opts):
        said = refused(*words, called(option), "1", spelling, "2")
        assert f"{called(option)} is given twice, and takes one value: leave one out" in said


def test_a_flag_given_twice_says_the_same(modelyard: Command, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(GOOD, "utf-8")
    assert modelyard("check", "--strict", "--strict", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(("name", "pair", "words"), PAIRS, ids=lambda each: "-".join(each) if len(each) == 2 else each)
def test_an_option_without_effect_is_refused(name: str, pair: tuple[str, str], words: str) -> None:
    parameters = {each.name: each for each in COMMANDS[(name,)].params}
    one, other = (parameters[each] for each in pair)
    given = [*written(one), *(written(other) if "does not" in words else [])]
    assert f"{called(one)} {words} {called(other)}" in refused(name, *given)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "-", "-"], "standard input is read once"),
        (["check", "--base", ".", "--deploy", "x"], "--deploy goes with --base FILE or -"),
        (["check", "-f", "one", "-f", "two", "--built", "-"], "--built goes with one -f"),
        (["check", "-f", "one", "-f", "two", "--base", "-"], "--base goes with one -f"),
        (["render", "-f", "one", "-f", "two", "--stdout"], "--stdout goes with one -f"),
        (["render", "-f", "one/a.yaml", "-f", "./one/b.yaml"], "one/a.yaml and one/b.yaml have one folder"),
        (["diff", "-f", "one", "-f", "two"], "a comparison with a cluster goes with one -f"),
        (["score", "http://x/y", "in.csv", "-f", "x"], "--file needs the model's name"),
        (["score", "http://x/y", "in.csv", "--url", "http://x"], "--url needs the model's name"),
        (["score", "http://x/y", "in.csv", "--context", "x"], "--context needs the model's name"),
    ],
)
def test_combinations_that_depend_on_a_value(arguments: list[str], said: str) -> None:
    assert said in refused(*arguments)


@pytest.mark.parametrize("words", [("traffic", "churn", "a=100"), ("promote", "churn", "a")])
def test_a_cluster_is_not_named_where_only_the_file_changes(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(GOOD, "utf-8")
    said = refused(*words, "-f", str(tmp_path), "--context", "prod")
    assert "declares churn, and no cluster is changed without --apply" in said


def test_rows_are_not_credited_to_a_variant_that_a_url_passes_by(modelyard: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a\n1\n", "utf-8")
    words = ("score", "churn", "in.csv", "-o", "out.csv", "--url", "http://127.0.0.1:9", "--variant", "nosuch")
    done = modelyard(*words, cwd=tmp_path)
    assert (done.returncode, (tmp_path / "out.csv").exists()) == (2, False)


@pytest.fixture
def overlays(tmp_path: Path) -> Path:
    for name in ("dev", "prod"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "models.yaml").write_text(GOOD, "utf-8")
    return tmp_path


BOTH = ("-f", "dev", "-f", "prod")


def test_every_models_file_is_checked_in_every_format(modelyard: Command, overlays: Path) -> None:
    assert "dev/models.yaml, prod/models.yaml: no problems" in modelyard("check", *BOTH, cwd=overlays).stderr
    for wrong in ("dev", "prod"):
        (overlays / wrong / "models.yaml").write_text(BAD, "utf-8")
        outputs = ("--output", "r.json", "--output", "r.sarif", "--output", "r.xml", "--output", "r.txt")
        done = modelyard("check", *BOTH, *outputs, cwd=overlays)
        assert (done.returncode, done.stdout) == (1, "")
    for shown in (done.stderr, (overlays / "r.txt").read_text("utf-8")):
        assert all(f"{name}/models.yaml:8:27: error: unknown key minscale" in shown for name in ("dev", "prod"))
    files = ["dev/models.yaml", "prod/models.yaml"]
    problems = json.loads((overlays / "r.json").read_text("utf-8"))["problems"]
    assert [each["file"] for each in problems if each["severity"] == "error"] == files
    (run,) = json.loads((overlays / "r.sarif").read_text("utf-8"))["runs"]
    assert [each["location"]["uri"] for each in run["artifacts"]] == files
    places = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]]
    assert sorted(set(places)) == files
    cases = ElementTree.parse(overlays / "r.xml").findall(".//testcase[failure]")  # noqa: S314 - our own
    assert [each.get("file") for each in cases] == files


def test_one_error_and_no_folder_is_written(modelyard: Command, overlays: Path) -> None:
    assert modelyard("render", *BOTH, cwd=overlays).returncode == 0
    (overlays / "dev" / "models.yaml").write_text(GOOD.replace("2.0.0", "2.1.0"), "utf-8")
    (overlays / "prod" / "models.yaml").write_text(BAD, "utf-8")
    before = contents(overlays)
    for more in ((), ("--in-place",), ("--check",)):
        done = modelyard("render", *BOTH, *more, cwd=overlays)
        assert (done.returncode, done.stdout) == (1, "")
        assert "prod/models.yaml:8:27: error" in done.stderr
    assert contents(overlays) == before


def test_a_foreign_file_in_one_folder_keeps_all(modelyard: Command, overlays: Path) -> None:
    (overlays / "prod" / "generated").mkdir()
    (overlays / "prod" / "generated" / "mine.txt").write_text("mine\n", "utf-8")
    for more in ((), ("--in-place",)):
        done = modelyard("render", *BOTH, *more, cwd=overlays)
        assert (done.returncode, "[MY401]" in done.stderr) == (1, True)
        assert not (overlays / "dev" / "generated").exists()
    (overlays / "prod" / "generated" / "mine.txt").unlink()
    assert modelyard("render", *BOTH, cwd=overlays).returncode == 0
    assert contents(overlays / "dev") == contents(overlays / "prod")


def test_the_drift_of_every_folder_is_shown(modelyard: Command, overlays: Path) -> None:
    assert modelyard("render", *BOTH, cwd=overlays).returncode == 0
    assert modelyard("render", "--check", *BOTH, cwd=overlays).returncode == 0
    for name in ("dev", "prod"):
        (overlays / name / "models.yaml").write_text(GOOD.replace("2.0.0", f"{name}-1"), "utf-8")
    done = modelyard("render", "--check", *BOTH, cwd=overlays)
    assert done.returncode == 1
    for name in ("dev", "prod"):
        assert f"+        image: r.io/churn:{name}-1" in done.stdout
        assert f"{name}/generated differs from what {name}/models.yaml gives" in done.stderr


def test_a_models_file_named_twice_is_looked_at_once(modelyard: Command, overlays: Path) -> None:
    done = modelyard("render", "-f", "dev", "-f", "./dev", "-f", "dev/models.yaml", cwd=overlays)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "wrote dev/generated: 4 files",
        (
            "Next: list generated under components: in dev/kustomization.yaml, then run: kubectl apply -k dev; "
            "the cluster needs Knative Serving"
        ),
        "In CI: modelyard render --check -f dev",
    ]
