"""What a challenger takes and gives goes into the lock of its proposal, and its text compares it for a person."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from modelyard.api import locking, proposals
from modelyard.api.challenger import Wanted
from modelyard.api.challenger_contract import locked
from modelyard.models.contract import Column, Contract
from modelyard.problems import has_errors
from tests.conftest import CACHE, Run, need
from tests.support import registries
from tests.support.promotions import GIT, Project

REGISTRY: Final = CACHE / "registry-v3.1.1" / "registry"
NUMBER, TEXT = Column(type="number"), Column(type="string")
FIRST: Final = Contract(origin="MLmodel", inputs={"age": NUMBER, "city": TEXT}, outputs={"score": NUMBER})
WIDER: Final = Contract(origin="MLmodel", inputs={"age": NUMBER, "city": TEXT}, outputs={"score": NUMBER, "b|x": TEXT})
OTHER: Final = Contract(origin="MLmodel", inputs={"age": TEXT, "town": TEXT}, outputs={"score": NUMBER})


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registries.real(need(REGISTRY, "`make tools` builds it"), tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture
def project(registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project whose prod has the first contract pinned; dev runs version 2."""
    for name, value in {**GIT, "DOCKER_CONFIG": str(tmp_path / "nobody")}.items():
        monkeypatch.setenv(name, value)
    found = Project(tmp_path, registry)
    for version in ("1", "2"):
        found.image(version)
    pin(found, "prod", FIRST)
    dev = found.file("dev")
    dev.write_text(dev.read_text("utf-8").replace("churn:1", "churn:2"), "utf-8")
    return found


def pin(project: Project, overlay: str, contract: Contract) -> None:
    outcome = locking.lock(project.file(overlay), learn=lambda _model, _served: (contract, []))
    assert not has_errors(outcome.problems)


def propose(project: Project, *, wanted: Wanted | None = None) -> proposals.Outcome:
    return proposals.propose(project.file(), "churn", wanted or Wanted(other=project.file("dev")), push=True)


def test_the_contract_goes_along_as_the_other_file_pins_it(project: Project, modelyard: Run) -> None:
    pin(project, "dev", WIDER)
    project.commit("locked")
    before = project.text("main", name="models.lock.yaml")
    outcome = propose(project)
    assert outcome.problems == []
    section = outcome.text.partition("## Inputs and outputs\n\n")[2].partition("\n\n## ")[0]
    assert section == "* `the output b\\|x is new; it is string`"
    after = project.text(outcome.commit, name="models.lock.yaml")
    pinned = locked(after.encode())["churn"]
    assert pinned.relied_on == FIRST
    assert sorted(map(repr, pinned.images.values())) == sorted(map(repr, (FIRST, WIDER)))
    assert {*before.splitlines()} <= {*after.splitlines()}
    again = propose(project)  # the text of a branch that is there is the same
    assert (again.new, again.text) == (False, outcome.text)
    project.merge(outcome.branch)
    assert modelyard("render", "--check", "-f", project.file()).returncode == 1  # nothing is rendered yet
    assert modelyard("lock", "--check", "-f", project.file()).returncode == 0
    checked = modelyard("check", "-f", project.file())
    assert "MY28" not in checked.stdout + checked.stderr


def test_what_breaks_callers_is_no_proposal_before_it_is_accepted(project: Project) -> None:
    pin(project, "dev", OTHER)
    project.commit("locked")
    outcome = propose(project)
    assert (outcome.branch, project.branches()) == ("", {})
    assert [(each.code, each.message.partition(": ")[2]) for each in outcome.problems] == [
        ("MY280", "the input age is string, and was number"),
        ("MY280", "the input city is gone; it was string"),
        ("MY280", "the required input town is new; it is string"),
    ]
    file = project.file()
    accepted = "- name: churn\n      allowContractChange: the callers `moved` on 2 May\n"
    file.write_text(file.read_text("utf-8").replace("- name: churn ", f"{accepted}     ", 1), "utf-8")
    project.commit("accepted")
    outcome = propose(project)
    assert not has_errors(outcome.problems)
    assert "* `the input city is gone; it was string`, **which breaks callers**\n" in outcome.text
    assert "It is accepted, for: ``the callers `moved` on 2 May``" in outcome.text


@pytest.mark.parametrize("known", [False, True])
def test_without_both_contracts_the_text_says_so(project: Project, *, known: bool) -> None:
    if known:
        assert not has_errors(locking.lock(project.file("dev")).problems)  # it has digests alone
    else:
        project.file().with_name("models.lock.yaml").unlink()
    project.commit("locked")
    wanted = Wanted(other=project.file("dev")) if known else Wanted(image="churn:2")
    outcome = propose(project, wanted=wanted)
    said = "They were not compared: the lock does not have both. `modelyard lock churn` pins what callers rely on."
    assert said in outcome.text
    assert not has_errors(outcome.problems)


def test_a_source_that_cannot_be_asked_is_said_in_the_text(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
    project.commit("locked")
    outcome = propose(project, wanted=Wanted(image="churn:2"))
    assert [each.code for each in outcome.problems] == ["MY283"]
    assert "They were not compared: `challenger of churn: " in outcome.text
