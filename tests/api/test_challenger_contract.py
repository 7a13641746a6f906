"""What a challenger takes and gives goes into the lock of its proposal, and its text compares it for a person."""

from pathlib import Path
from typing import Final

import pytest

from modelyard.api import locking, proposals
from modelyard.api.challenger import Wanted
from modelyard.models.contract import Column, Contract
from modelyard.modelsfile.lock import lock_of
from modelyard.problems import has_errors
from tests.conftest import Run
from tests.support.promotions import Project

pytestmark = pytest.mark.long

NUMBER, TEXT = Column(type="number"), Column(type="string")
FIRST: Final = Contract(origin="MLmodel", inputs={"age": NUMBER, "city": TEXT}, outputs={"score": NUMBER})
WIDER: Final = Contract(origin="MLmodel", inputs={"age": NUMBER, "city": TEXT}, outputs={"score": NUMBER, "b|x": TEXT})
OTHER: Final = Contract(origin="MLmodel", inputs={"age": TEXT, "town": TEXT}, outputs={"score": NUMBER})


@pytest.fixture
def pinned(project: Project) -> Project:
    """Return a project whose prod has the first contract pinned; dev runs version 2."""
    pin(project, "prod", FIRST)
    dev = project.file("dev")
    dev.write_text(dev.read_text("utf-8").replace("churn:1", "churn:2"), "utf-8")
    return project


def pin(project: Project, overlay: str, contract: Contract) -> None:
    outcome = locking.lock(project.file(overlay), learn=lambda _model, _served: (contract, []))
    assert not has_errors(outcome.problems)


def propose(project: Project, *, wanted: Wanted | None = None) -> proposals.Outcome:
    return proposals.propose(project.file(), "churn", wanted or Wanted(other=project.file("dev")), push=True)


def test_the_contract_goes_along_as_the_other_file_pins_it(pinned: Project, modelyard: Run) -> None:
    pin(pinned, "dev", WIDER)
    pinned.commit("locked")
    before = pinned.text("main", name="models.lock.yaml")
    outcome = propose(pinned)
    assert outcome.problems == []
    section = outcome.text.partition("## Inputs and outputs\n\n")[2].partition("\n\n## ")[0]
    assert section == "* `the output b\\|x is new; it is string`"
    after = pinned.text(outcome.commit, name="models.lock.yaml")
    lock, problems = lock_of(after.encode(), "models.lock.yaml")
    assert problems == []
    found = lock.contracts["churn"] if lock and lock.contracts else None
    assert found is not None
    assert found.relied_on == FIRST
    assert sorted(map(repr, found.images.values())) == sorted(map(repr, (FIRST, WIDER)))
    assert {*before.splitlines()} <= {*after.splitlines()}
    again = propose(pinned)  # the text of a branch that is there is the same
    assert (again.new, again.text) == (False, outcome.text)
    pinned.merge(outcome.branch)
    assert modelyard("render", "--check", "-f", pinned.file()).returncode == 1  # nothing is rendered yet
    assert modelyard("lock", "--check", "-f", pinned.file()).returncode == 0
    checked = modelyard("check", "-f", pinned.file())
    assert "MY28" not in checked.stdout + checked.stderr


def test_what_breaks_callers_is_no_proposal_before_it_is_accepted(pinned: Project) -> None:
    pin(pinned, "dev", OTHER)
    pinned.commit("locked")
    outcome = propose(pinned)
    assert (outcome.branch, pinned.branches()) == ("", {})
    assert [(each.code, each.message.partition(": ")[2]) for each in outcome.problems] == [
        ("MY280", "the input age is string, and was number"),
        ("MY280", "the input city is gone; it was string"),
        ("MY280", "the required input town is new; it is string"),
    ]
    file = pinned.file()
    accepted = "- name: churn\n      allowContractChange: the callers `moved` on 2 May\n"
    file.write_text(file.read_text("utf-8").replace("- name: churn ", f"{accepted}     ", 1), "utf-8")
    pinned.commit("accepted")
    outcome = propose(pinned)
    assert not has_errors(outcome.problems)
    assert "* `the input city is gone; it was string`, **which breaks callers**\n" in outcome.text
    assert "It is accepted, for: ``the callers `moved` on 2 May``" in outcome.text


@pytest.mark.parametrize("known", [False, True])
def test_without_both_contracts_the_text_says_so(pinned: Project, *, known: bool) -> None:
    if known:
        assert not has_errors(locking.lock(pinned.file("dev")).problems)  # it has digests alone
    else:
        pinned.file().with_name("models.lock.yaml").unlink()
    pinned.commit("locked")
    wanted = Wanted(other=pinned.file("dev")) if known else Wanted(image="churn:2")
    outcome = propose(pinned, wanted=wanted)
    if known:
        said = "They were not compared: `challenger of churn: mlflow:churn names no version, and the champion of today"
    else:
        said = "They were not compared: the lock does not have both. `modelyard lock churn` pins what callers rely on."
    assert said in outcome.text
    assert not has_errors(outcome.problems)


def test_a_source_that_cannot_be_asked_is_said_in_the_text(
    pinned: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
    pinned.commit("locked")
    outcome = propose(pinned, wanted=Wanted(image="churn:2"))
    assert [each.code for each in outcome.problems] == ["MY283"]
    assert "They were not compared: `challenger of churn: " in outcome.text
