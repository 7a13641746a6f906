"""Faults of models files that other tools find in what is rendered, placed where they were written."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

import pytest

from modelyard import api
from modelyard.api.findings import mapped
from modelyard.files.yaml import write_all
from modelyard.problems import Problem
from tests.conftest import CHECKOV, KUBE_SCORE, KUBECONFORM, need
from tests.support.foreign_faults import FAULTS, Seeded, seeded

Run = Callable[..., CompletedProcess[str]]

SEED: Final = 20


class Rendered:
    """A models file with faults, and what it renders, whatever `check` says of it."""

    def __init__(self, folder: Path, shared: Path, count: int) -> None:
        text, self.faults = seeded(SEED, count)
        self.folder, self.shared = folder, shared
        (folder / "models.yaml").write_text(text, "utf-8")
        self.objects = api.render(folder).objects
        self.file = folder / "rendered.yaml"
        self.file.write_text(write_all(each.body for each in self.objects), "utf-8")

    @property
    def sound(self) -> str:
        """The objects of the right types: kube-score stops at the first that it cannot decode."""
        wrong = {each.name for each in self.faults if "kubeconform" in each.fault.rules}
        return write_all(each.body for each in self.objects if each.model not in wrong)

    def schemas(self) -> str:
        """Return where kubeconform finds the schemas of Kubernetes."""
        folder = self.folder / "schemas"
        folder.mkdir()
        for each in json.loads((self.shared / "data" / "schemas" / "index.json").read_text("utf-8")):
            if each["set"] == "kubernetes-1.37":
                group, _, version = each["apiVersion"].rpartition("/")
                path = folder / f"{group or version}-{each['kind'].lower()}-{version}.json"
                shutil.copy(self.shared / "data" / "schemas" / each["path"], path)
        return f"{folder}/{{{{.Group}}}}-{{{{.ResourceKind}}}}-{{{{.ResourceAPIVersion}}}}.json"


def kubeconform(run: Run, rendered: Rendered) -> str:
    program = need(KUBECONFORM, "`make tools` builds it")
    options = ["-strict", "-output", "json", "-schema-location", rendered.schemas()]
    return run(program, *options, "-", stdin=rendered.file.read_text("utf-8")).stdout


def kube_score(run: Run, rendered: Rendered) -> str:
    program = need(KUBE_SCORE, "`make tools` builds it")
    return run(program, "score", "-o", "json", "--kubernetes-version", "v1.37", "-", stdin=rendered.sound).stdout


def checkov(run: Run, rendered: Rendered) -> str:
    program = need(CHECKOV, "`make tools` installs it")
    options = ["--framework", "kubernetes", "--quiet", "--compact", "--skip-download", "--output", "json"]
    temporary = rendered.folder / "temporary"  # it leaves files there
    temporary.mkdir()
    env = {"TMPDIR": str(temporary)}
    return run(program, *options, "--file", rendered.file.name, cwd=rendered.folder, env=env).stdout


def of_fault(problems: Sequence[Problem], tool: str, rule: str, name: str) -> Iterator[int]:
    """Yield the lines of what a tool's rule found in an object."""
    for each in problems:
        if each.message.startswith(f"{tool} {rule}: ") and each.subject and each.subject.object.split()[-1] == name:
            yield each.place.line if each.place else 0


def missed(problems: Sequence[Problem], tool: str, faults: Sequence[Seeded]) -> list[object]:
    """Return the faults that a tool has not found, or that are shown elsewhere."""
    found: list[object] = []
    for each in faults:
        for rule in each.fault.rules.get(tool, ()):
            lines = set(of_fault(problems, tool, rule, each.name))
            if lines != {each.line}:
                found.append((each.fault.name, rule, each.line, lines))
    return found


def strayed(problems: Sequence[Problem], faults: Sequence[Seeded]) -> list[Problem]:
    """Return the findings that are not shown within the model that their object is of."""
    models = {each.name.partition("-")[0]: each.lines for each in faults}
    return [
        each
        for each in problems
        if not (each.code == "MY661" and each.place and each.subject)
        or not _within(each.place.line, models[each.subject.object.split()[-1].partition("-")[0]])
    ]


def _within(line: int, lines: tuple[int, int]) -> bool:
    return lines[0] <= line <= lines[1]


def check(run: Run, rendered: Rendered, tools: Mapping[str, Callable[[Run, Rendered], str]]) -> int:
    """Assert that all is found in its line, and return how many findings there were."""
    total = 0
    for tool, report in tools.items():
        found = mapped(rendered.folder, report(run, rendered).encode(), tool)
        problems = [each for each in found.problems if each.code.startswith("MY66")]
        assert missed(problems, tool, rendered.faults) == []
        assert strayed(problems, rendered.faults) == []
        assert found.findings >= sum(tool in each.fault.rules for each in rendered.faults) > 0
        total += found.findings
    return total


def test_every_kind_of_fault_is_noticed_by_a_tool() -> None:
    assert all(each.rules for each in FAULTS)
    assert {tool for each in FAULTS for tool in each.rules} == {"kubeconform", "kube-score", "checkov"}


def test_20_faults_are_found_in_their_lines(run: Run, shared: Path, tmp_path: Path) -> None:
    rendered = Rendered(tmp_path, shared, 20)
    assert check(run, rendered, {"kubeconform": kubeconform, "kube-score": kube_score}) > 20


@pytest.mark.slow
def test_200_faults_are_found_in_their_lines_by_three_tools(run: Run, shared: Path, tmp_path: Path) -> None:
    rendered = Rendered(tmp_path, shared, 200)
    assert {each.fault.name for each in rendered.faults} == {each.name for each in FAULTS}
    tools = {"kubeconform": kubeconform, "kube-score": kube_score, "checkov": checkov}
    assert check(run, rendered, tools) > 1000
