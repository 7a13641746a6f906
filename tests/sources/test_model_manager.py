"""SAS Model Manager as a source, by the real sasctl: champion, publication, pages, tokens; and no secret anywhere."""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from modelyard.api import candidates, challenger, sources
from modelyard.api.challenger import Planned, Wanted
from modelyard.problems import Problem
from tests.conftest import Run
from tests.sources.conftest import declare
from tests.support import notice_servers
from tests.support.model_manager import SECRET, ModelManager
from tests.support.registries import Stub

FOLLOWED: Final = "{modelManager: {project: Churn, destination: prodRegistry}}"
DIGEST: Final = f"sha256:{'1' * 64}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelManager]:
    with ModelManager() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


def ask(images: Collection[str]) -> tuple[Mapping[str, str], list[Problem]]:
    return dict.fromkeys(images, DIGEST), []


def planned(folder: Path, *, publish: bool = False, seconds: float = 20) -> Planned:
    said: list[str] = []
    wanted = Wanted(publish=candidates.publisher(seconds, said.append) if publish else None)
    return challenger.plan(declare(folder, FOLLOWED), "churn", wanted, ask=ask)


def test_the_champion_is_named_with_its_model_and_who_made_it(server: ModelManager, tmp_path: Path) -> None:
    server.champion = ("QS_Reg1", "2.0")
    (found,), problems = sources.standings(declare(tmp_path, FOLLOWED))
    assert problems == []
    assert found.champion is not None
    assert (found.champion.model, found.champion.version) == ("QS_Reg1", "2.0")
    assert found.champion.source == "modelManager:Churn/QS_Reg1"
    assert found.champion.details["modeler"] == "ada"
    assert found.champion.image == ""


def test_a_version_that_is_published_has_the_image_that_the_moving_tag_names(
    server: ModelManager, tmp_path: Path
) -> None:
    server.page = 2  # so that what is published comes in pages
    for version, name in (("1.0", "churn"), ("2.0", "other"), ("1.0", "third"), ("2.0", "churn"), ("1.0", "other")):
        server.publish("QS_Reg1", version, name)
    server.publish("QS_Reg1", "3.0", "churn", "failed")
    server.champion = ("QS_Reg1", "2.0")
    plan = planned(tmp_path).plan
    assert plan is not None
    new = f'image: "churn:latest@{DIGEST}", percent: 10, source: {{modelManager: {{model: "QS_Reg1", version: "2.0"}}}}'
    assert new in plan.files[tmp_path / "models.yaml"][1].decode()
    assert any("start=" in each for each in server.seen)


def test_a_version_that_was_published_over_has_no_image(server: ModelManager, tmp_path: Path) -> None:
    server.publish("QS_Reg1", "1.0", "churn")
    server.publish("QS_Reg1", "2.0", "churn")
    (found,) = planned(tmp_path).problems
    assert (found.code, "add --publish" in found.hint) == ("MY781", True)


def test_a_version_is_published_and_waited_for(server: ModelManager, tmp_path: Path) -> None:
    server.outcome = ("pending", "pending", "completed")
    plan = planned(tmp_path, publish=True).plan
    assert plan is not None
    assert plan.candidate.image == "churn:latest"
    assert [each["publishName"] for each in server.published] == ["churn"]
    assert sum("modelPublish/models/" in each for each in server.seen) == 3


def test_a_publication_that_fails_shows_its_log(server: ModelManager, tmp_path: Path) -> None:
    server.outcome = ("pending", "failed")
    (found,) = planned(tmp_path, publish=True).problems
    assert found.code == "MY777"
    assert "ended with failed; it says: line one | BUILD FAILED: no space left" in found.message


def test_with_notify_a_publication_that_fails_is_told(server: ModelManager, tmp_path: Path, modelyard: Run) -> None:
    server.outcome = ("failed",)
    file = declare(tmp_path, FOLLOWED)
    file.write_text(file.read_text("utf-8").replace("spec:\n", "spec:\n  notify: {webhook: {}}\n", 1), "utf-8")
    words = ("challenger", "churn", "--publish", "--notify", "-f", file)
    with notice_servers.webhook() as received:
        done = modelyard(*words, env={**server.environment, "MODELYARD_WEBHOOK_URL": received.url})
        (body,) = map(json.loads, received.bodies)
    assert done.returncode == 1
    assert body["event"] == "publish failed"
    assert "BUILD FAILED: no space left" in str(body)
    assert SECRET not in str(body) + done.stdout + done.stderr


def test_a_publication_that_takes_too_long_is_left_alone(server: ModelManager, tmp_path: Path) -> None:
    server.outcome = ("pending",)
    (found,) = planned(tmp_path, publish=True, seconds=1).problems
    assert (found.code, "in time" in found.message) == ("MY777", True)


def test_no_champion_and_no_project_are_named(server: ModelManager, tmp_path: Path) -> None:
    server.champion = None
    (found,) = sources.standings(declare(tmp_path, FOLLOWED))[1]
    assert (found.code, found.message) == ("MY774", "the project Churn has no champion")
    (found,) = sources.standings(declare(tmp_path, FOLLOWED.replace("Churn", "Fraud")))[1]
    assert (found.code, found.message) == ("MY774", "Model Manager has no project Fraud")


def test_a_token_that_expires_is_renewed(server: ModelManager, tmp_path: Path) -> None:
    server.expired = 1
    (found,), problems = sources.standings(declare(tmp_path, FOLLOWED))
    assert problems == []
    assert found.champion is not None
    assert server.tokens == 2


def test_files_come_in_pages_and_whole(server: ModelManager, tmp_path: Path) -> None:
    server.page = 2
    server.files = {f"file-{number}.json": f"{{{number}}}".encode() for number in range(7)}
    found, problems = sources.fetch(declare(tmp_path, FOLLOWED), "churn", tmp_path / "out")
    assert problems == []
    assert found is not None
    assert found.files == 7
    assert {each: (tmp_path / "out" / each).read_bytes() for each in server.files} == server.files


@pytest.mark.parametrize("name", ["../up", "a\nb"])
def test_a_file_whose_name_leads_elsewhere_is_refused(server: ModelManager, tmp_path: Path, name: str) -> None:
    server.files = {name: b"x"}
    found, problems = sources.fetch(declare(tmp_path, FOLLOWED), "churn", tmp_path / "out")
    assert (found, [each.code for each in problems]) == (None, ["MY775"])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["models.yaml"]


def problem_of(folder: Path) -> Problem:
    (found,) = sources.standings(declare(folder, FOLLOWED))[1]
    assert SECRET not in repr(found)
    return found


def test_a_wrong_secret_a_server_that_fails_and_none_at_all(
    server: ModelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/modelRepository/projects"] = (503, {}, SECRET.encode())
    assert problem_of(tmp_path).code == "MY775"
    server.answers["/modelRepository/projects"] = (403, {}, SECRET.encode())
    assert problem_of(tmp_path).code == "MY773"
    server.answers["/modelRepository/projects"] = (200, {}, b"<html>")
    assert problem_of(tmp_path).code == "MY775"
    monkeypatch.setenv("SASCTL_CLIENT_SECRET", f"wrong-{SECRET}")
    assert problem_of(tmp_path).code == "MY773"
    monkeypatch.delenv("SASCTL_CLIENT_ID")
    monkeypatch.delenv("SASCTL_CLIENT_SECRET")
    assert problem_of(tmp_path).code == "MY773"
    monkeypatch.setenv("SASCTL_SERVER_NAME", "http://127.0.0.1:9")
    assert problem_of(tmp_path).code in ("MY772", "MY773")
    monkeypatch.setenv("SASCTL_CLIENT_ID", "a")
    monkeypatch.setenv("SASCTL_CLIENT_SECRET", SECRET)
    assert problem_of(tmp_path).code == "MY772"
    monkeypatch.delenv("SASCTL_SERVER_NAME")
    assert problem_of(tmp_path).code == "MY776"


@pytest.mark.parametrize("path", ["/SASLogon/oauth/token", "/modelRepository/projects"])
@pytest.mark.parametrize("status", [302, 307])
def test_no_login_follows_a_redirect_to_another_host(
    server: ModelManager, tmp_path: Path, path: str, status: int
) -> None:
    with Stub("127.0.0.2") as other:
        server.answers[path] = (status, {"Location": f"http://{other.host}{path}"}, b"")
        found = problem_of(tmp_path)
    assert (found.code, "redirects to another address" in found.message) == ("MY775", True)
    assert not other.seen
