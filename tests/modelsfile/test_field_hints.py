"""Public reports of values and names that were refused or not, or by a hint that led nowhere: what is right."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from modelyard.problems import Problem
from tests.modelsfile.test_hints import applied, errors, spelled

Command = Callable[..., CompletedProcess[str]]


def build(kustomize: Path, folder: Path) -> str:
    """Return what kustomize makes of a folder."""
    return subprocess.run([kustomize, "build", folder], check=True, capture_output=True, text=True).stdout


def field(shared: Path, name: str) -> Path:
    return shared / "data" / "field" / name


def lines(found: list[Problem]) -> list[int]:
    return [each.place.line for each in found if each.place]


def test_the_hints_about_an_octal_mode_end_at_a_file_that_works(shared: Path) -> None:
    for name in ("octal.yaml", "quoted.yaml"):
        text = (field(shared, "file-mode-octal-hint") / name).read_text("utf-8")
        (found,) = errors(text)
        assert found.hint == "write 288, which is 0440 in octal"
        assert errors(applied(text, found, "288")) == []


@pytest.mark.parametrize("mode", ["555", "0555", '"0555"'])
def test_a_mode_that_no_server_takes_is_told_its_number(shared: Path, mode: str) -> None:
    text = (field(shared, "octal-mode") / "models.yaml").read_text("utf-8").replace("555", mode)
    (found,) = errors(text)
    assert found.place
    assert (found.place.line, found.place.column) == (13, 68)
    assert found.hint == "write 365, which is 0555 in octal"
    assert errors(applied(text, found, "365")) == []


def test_modes_and_paths_of_a_stream(modelyard: Command, shared: Path) -> None:
    done = modelyard("check", field(shared, "octal-mode") / "stream.yaml")
    assert done.returncode == 1
    found = re.findall(r"error: (.*) \[MY332\]", done.stderr)
    assert [each.partition(" is no")[0] for each in found] == [
        "555", "589", "1777", "the path leads out of the volume", "-1",
    ]  # fmt: skip


def test_decimal_modes(modelyard: Command, shared: Path) -> None:
    text = (field(shared, "file-mode-decimal") / "models.yaml").read_text("utf-8")
    found = errors(text)
    assert [each.code for each in found] == ["MY332"] * 3
    assert [spelled(each.hint) for each in found] == [["365"], [], ["511"]]
    done = modelyard("check", field(shared, "file-mode-decimal") / "pod.yaml")
    assert done.returncode == 1
    assert "hint: write 420, which is 0644 in octal" in done.stderr


def test_words_that_kubectl_takes_for_booleans(modelyard: Command, shared: Path) -> None:
    done = modelyard("check", field(shared, "words-on-off") / "stream.yaml")
    assert done.returncode == 1
    places = re.findall(r":(\d+:\d+): error: (\w+) is a boolean", done.stderr)
    assert places == [("3:61", "mode"), ("4:14", "FLAG"), ("4:27", "ANSWER")]
    assert done.stderr.count("hint: put it between quotes") == 3


def test_names_that_start_with_a_digit(modelyard: Command, shared: Path) -> None:
    found = errors((field(shared, "digit-name") / "models.yaml").read_text("utf-8"))
    assert [each.code for each in found] == ["MY105", "MY105"]
    assert lines(found) == [9, 13]
    done = modelyard("check", field(shared, "digit-name") / "stream.yaml")
    assert done.returncode == 1
    assert re.findall(r"error: .*\[(MY\d+)\]", done.stderr) == ["MY304"]


def test_long_names(modelyard: Command, shared: Path) -> None:
    folder = field(shared, "long-name")
    assert errors((folder / "models.yaml").read_text("utf-8")) == []
    (found,) = errors((folder / "too-long.yaml").read_text("utf-8"))
    assert "65 characters are more than 63" in found.message
    assert modelyard("check", folder / "stream.yaml").returncode == 0


def test_the_time_that_an_endpoint_has_to_start(shared: Path) -> None:
    text = (field(shared, "startup-timeout") / "models.yaml").read_text("utf-8")
    found = errors(text)
    assert lines(found) == [16, 18, 19, 20]
    assert found[2].hint == "write 60s, with its unit"
    assert lines(errors(applied(text, found[2], "60s"))) == [16, 18, 20]


def test_a_namespace_of_digits(modelyard: Command, kustomize: Path, shared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "build"
    shutil.copytree(field(shared, "numeric-namespace"), folder)
    assert modelyard("render", "-f", folder).returncode == 0
    built = build(kustomize, folder)
    assert built.count('namespace: "01234"') == 8
    assert 'MODE: "on"' in built
    assert 'LIMIT: "1e3"' in built
    (tmp_path / "built.yaml").write_text(built, "utf-8")
    compared = modelyard("check", "-f", folder, "--built", tmp_path / "built.yaml")
    alone = modelyard("check", tmp_path / "built.yaml")
    assert (compared.returncode, alone.returncode) == (0, 0)
    assert "error" not in compared.stderr + alone.stderr


def test_the_same_names_in_two_namespaces(modelyard: Command, kustomize: Path, shared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "build"
    shutil.copytree(field(shared, "two-places"), folder)
    assert [modelyard("render", "-f", folder / each).returncode for each in "ab"] == [0, 0]
    (tmp_path / "built.yaml").write_text(build(kustomize, folder), "utf-8")
    alone = modelyard("check", "--strict", tmp_path / "built.yaml")
    compared = modelyard("check", "-f", folder / "a", "--built", tmp_path / "built.yaml")
    assert (alone.returncode, compared.returncode) == (0, 0), alone.stderr + compared.stderr
    assert not re.search("error:|warning:", alone.stderr + compared.stderr)
