"""The register: which version served what share, from when to when, and who stands behind it, by Git."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from modelyard.api import register
from modelyard.api.register import bom, formats
from modelyard.files.trailers import Trailers, with_trailers
from tests.conftest import Run, need
from tests.support.register_histories import History, by_checkout, by_register

HEAD: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"
DIGEST: Final = f"sha256:{'4b' * 32}"
ADA: Final = "Ada <ada@example.com>"
BOB: Final = "Bob <bob@example.com>"
DAY: Final = 86_400  # seconds
START: Final = 1_700_006_400  # 2023-11-15T00:00:00Z


class Team:
    """A repository that people commit to, one commit a day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.day = 0
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str, author: str = ADA, committer: str = "") -> str:
        """Run git as somebody, on the day that it is."""
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        for kind, person in (("AUTHOR", author), ("COMMITTER", committer or author)):
            name, _, email = person.partition(" <")
            date = f"{START + self.day * DAY} +0000"
            env |= {f"GIT_{kind}_NAME": name, f"GIT_{kind}_EMAIL": email.rstrip(">"), f"GIT_{kind}_DATE": date}
        done = subprocess.run(["git", *words], cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, message: str, *, author: str = ADA, committer: str = "") -> None:
        """Commit all that has changed, a day later."""
        self.day += 1
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message, author=author, committer=committer)

    def write(self, image: str, percent: int = 10, name: str = "models.yaml", more: str = "") -> None:
        """Write a models file with a champion and a challenger."""
        variants = f"[{{name: champion, image: 'r.io/churn:1.0', percent: {100 - percent}}}, "
        variants += f"{{name: challenger, image: '{image}', percent: {percent}}}]"
        models = (
            f"  models: [{{name: churn, path: /churn, variants: {variants}, targets: {{knative: {{minScale: 1}}}}}}]\n"
        )
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + more + models, "utf-8")

    def challengers(self) -> list[register.Entry]:
        """Return the register of the challenger."""
        found, problems = register.read([self.folder])
        assert problems == []
        return [each for each in found if each.variant == "challenger"]


@pytest.fixture
def team(tmp_path: Path) -> Team:
    made = Team(tmp_path)
    made.write("r.io/churn:1.1")
    made.commit("begin")
    return made


@pytest.mark.slow
@pytest.mark.parametrize("number", range(5))
def test_intervals_are_those_of_a_checkout_of_every_commit(number: int, tmp_path: Path) -> None:
    history = History(tmp_path, 1000 + number)
    history.grow(200)
    found = by_register(history)
    assert len(found) > 20
    assert found == by_checkout(history)


def test_a_branch_counts_from_its_merge_and_who_merged_has_approved(team: Team) -> None:
    team.git("switch", "--quiet", "--create", "proposal")
    team.write("r.io/churn:1.2")
    team.commit(with_trailers("Challenge", Trailers("mlflow:churn", "7", DIGEST)), author=ADA)
    (team.folder / "README.md").write_text("more\n", "utf-8")
    team.commit("read me", author="Cyd <cyd@example.com>")
    team.git("switch", "--quiet", "main")
    team.day += 1
    team.git("merge", "--quiet", "--no-ff", "--message", "Merge proposal", "proposal", author=BOB)
    first, second = team.challengers()
    assert (first.image, first.until) == ("r.io/churn:1.1", START + 4 * DAY)
    assert (second.since, second.until, second.percent) == (START + 4 * DAY, None, 10)
    assert (second.people.proposed, second.people.approved) == (ADA, (BOB,))
    assert (second.source, second.version, second.digest) == ("mlflow:churn", "7", DIGEST)
    assert first.ended == second.commit


def test_of_a_squash_who_commits_for_another_has_approved_but_a_forge_has_not(team: Team) -> None:
    team.write("r.io/churn:1.2")
    team.commit("Challenge (#7)\n\nReviewed-by: Cyd <cyd@example.com>", committer=BOB)
    team.write("r.io/churn:1.3")
    team.commit("Challenge (#8)", committer="GitHub <noreply@github.com>")
    _, by_person, by_forge = team.challengers()
    assert by_person.people == (ADA, (BOB, "Cyd <cyd@example.com>"), "")
    assert by_forge.people == (ADA, (), "")


def test_a_signature_is_what_git_says_of_it(team: Team, tmp_path: Path) -> None:
    key = need(Path(shutil.which("ssh-keygen") or "ssh-keygen"), "install the client of OpenSSH")
    (tmp_path / ".git/keys").mkdir()
    own = tmp_path / ".git/keys/id"
    subprocess.run([key, "-q", "-t", "ed25519", "-N", "", "-f", str(own)], check=True)
    signers = tmp_path / ".git/keys/signers"
    signers.write_text(f"ada@example.com {own.with_suffix('.pub').read_text('utf-8')}", "utf-8")
    for name, value in {"gpg.format": "ssh", "user.signingKey": own, "gpg.ssh.allowedSignersFile": signers}.items():
        team.git("config", name, str(value))
    team.git("config", "commit.gpgSign", "true")
    team.write("r.io/churn:1.2")
    team.commit("signed")
    unsigned, signed = team.challengers()
    assert unsigned.people.signature == ""
    assert signed.people.signature == "good, by ada@example.com"
    signers.write_text("", "utf-8")
    assert team.challengers()[1].people.signature == "good, of a key that is not trusted"


def test_a_revert_brings_back_what_was_known_of_the_image(team: Team) -> None:
    team.write("r.io/churn:1.2")
    team.commit(with_trailers("Challenge", Trailers("mlflow:churn", "7")))
    team.write("r.io/churn:1.3")
    team.commit(with_trailers("Challenge", Trailers("mlflow:churn", "8")))
    team.day += 1
    team.git("revert", "--no-edit", "HEAD", author=BOB)
    assert [(each.version, each.people.proposed) for each in team.challengers()] == [
        ("1.1", ADA),
        ("7", ADA),
        ("8", ADA),
        ("7", BOB),
    ]


def test_trailers_of_another_digest_are_not_taken(team: Team) -> None:
    team.write(f"r.io/churn@sha256:{'00' * 32}")
    team.commit(with_trailers("Challenge", Trailers("mlflow:churn", "7", DIGEST)))
    assert team.challengers()[-1].source == ""


def test_a_file_that_moved_keeps_its_history_and_environments_stand_side_by_side(team: Team) -> None:
    (team.folder / "env/prod").mkdir(parents=True)
    team.git("mv", "models.yaml", "env/prod/models.yaml")
    team.commit("move")
    team.write("r.io/churn:1.1", name="env/dev/models.yaml")
    team.write("r.io/churn:1.2", name="env/prod/models.yaml")
    team.commit("another environment")
    found, problems = register.history([team.folder / "env/dev", team.folder / "env/prod"], "churn")
    assert problems == []
    challengers = [each for each in found if each.variant == "challenger"]
    assert [(each.environment, each.image, each.since) for each in challengers] == [
        ("env/prod/models.yaml", "r.io/churn:1.1", START + DAY),
        ("env/dev/models.yaml", "r.io/churn:1.1", START + 3 * DAY),
        ("env/prod/models.yaml", "r.io/churn:1.2", START + 3 * DAY),
    ]


def test_a_file_that_moved_and_changed_beyond_recognition_is_followed(team: Team) -> None:
    (team.folder / "models.yaml").unlink()
    team.write(
        "r.io/churn:1.2", name="env/prod/models.yaml", more="".join(f"# {each} another line\n" for each in range(99))
    )
    team.commit("move and change")
    found, problems = register.history([team.folder / "env/prod"], "churn")
    assert problems == []
    assert [each.image for each in found if each.variant == "challenger"] == ["r.io/churn:1.1", "r.io/churn:1.2"]


def test_what_is_published_into_git_is_in_the_register(team: Team) -> None:
    fragment = team.folder / "published/fraud/model.yaml"
    fragment.parent.mkdir(parents=True)
    text = "apiVersion: modelyard.dev/v1alpha1\nkind: PublishedModel\nmetadata: {name: fraud}\n"
    text += "spec: {image: 'r.io/fraud:1'}\n"
    fragment.write_text(text, "utf-8")
    include = "  include: ['published/*/model.yaml']\n  defaults: {targets: {deployment: {}}}\n"
    team.write("r.io/churn:1.1", more=include)
    team.commit("publish")
    fragment.write_text(text.replace("fraud:1", "fraud:2"), "utf-8")
    team.commit("publish again")
    found, _ = register.history([team.folder], "fraud")
    assert [(each.image, each.target, each.until is None) for each in found] == [
        ("r.io/fraud:1", "deployment", False),
        ("r.io/fraud:2", "deployment", True),
    ]


def test_the_bill_of_materials_is_valid_and_names_each_version_once(team: Team) -> None:
    team.write("r.io/churn:1.2", 50)
    team.commit(with_trailers("Challenge", Trailers("mlflow:churn", "7", DIGEST)))
    team.write("r.io/churn:1.2", 100)
    team.commit("promote")
    found, _ = register.read([team.folder])
    text, problems = bom.as_bom(found)
    assert problems == []
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    components = json.loads(text)["components"]
    assert {each["type"] for each in components} == {"machine-learning-model"}
    assert sorted(each["version"] for each in components) == ["1.0", "1.1", "7"]
    (seven,) = (each for each in components if each["version"] == "7")
    assert seven["hashes"] == [{"alg": "SHA-256", "content": "4b" * 32}]
    served = [each["value"] for each in seven["properties"] if each["name"] == "modelyard:served"]
    assert sorted(served) == [
        "models.yaml knative challenger 100% 2023-11-18T00:00:00Z/..",
        "models.yaml knative challenger 50% 2023-11-17T00:00:00Z/2023-11-18T00:00:00Z",
    ]


def test_json_and_markdown_hold_every_entry_and_no_markup_of_others(team: Team) -> None:
    team.write("r.io/churn:1.2")
    team.commit("a | b", author="Eve | <img src=x> <eve@example.com>")
    found, _ = register.read([team.folder])
    document: dict[str, Any] = json.loads(formats.as_json(found))
    assert len(document["entries"]) == len(found) == 3
    assert document["entries"][-1]["since"] == "2023-11-17T00:00:00Z"
    lines = formats.as_markdown(found).splitlines()
    assert len(lines) == 5
    assert "<img" not in lines[-1]
    assert {line.count("|") for line in lines} == {15}


def test_the_commands_print_it(team: Team, modelyard: Run) -> None:
    done = modelyard("history", "churn", cwd=team.folder)
    assert done.returncode == 0, done.stderr
    assert "churn challenger on knative, models.yaml\n  2023-11-16T00:00:00Z .. now" in done.stdout
    assert f"proposed by {ADA}" in done.stdout
    for form in ("json", "markdown", "cyclonedx"):
        assert "churn" in modelyard("register", "-o", form, cwd=team.folder).stdout
    assert modelyard("register", "-o", "xml", cwd=team.folder).returncode == 2
    done = modelyard("history", "chrun", cwd=team.folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean churn?" in done.stderr


def test_promote_and_rollback_write_the_trailers_of_what_is_served(team: Team, modelyard: Run) -> None:
    team.write("r.io/churn:1.2")
    team.commit(with_trailers("Challenge", Trailers("mlflow:churn", "7")))
    (team.folder / "staged").write_text("not this\n", "utf-8")
    team.git("add", "staged")
    identity = {"GIT_CONFIG_GLOBAL": os.devnull}
    for kind in ("AUTHOR", "COMMITTER"):
        identity |= {f"GIT_{kind}_NAME": "Bob", f"GIT_{kind}_EMAIL": "bob@example.com"}
    done = modelyard("promote", "churn", "challenger", "--commit", cwd=team.folder, env=identity)
    assert done.returncode == 0, done.stderr
    assert "committed models.yaml as " in done.stderr
    body = team.git("log", "-1", "--format=%B")
    assert body.startswith("Promote challenger of churn\n\nchurn: challenger percent 10 -> 100")
    assert body.endswith("\n\nModel-Source: mlflow:churn\nModel-Version: 7\n\n")
    assert team.git("show", "--name-only", "--format=", "HEAD").split() == ["models.yaml"]
    done = modelyard("rollback", "churn", "--commit", cwd=team.folder, env=identity)
    assert done.returncode == 0, done.stderr
    assert team.git("log", "-1", "--format=%s").strip() == "Roll back churn"
    assert [(each.percent, each.version) for each in team.challengers()][-3:] == [(10, "7"), (100, "7"), (10, "7")]


def test_a_commit_that_git_refuses_is_said_and_the_file_is_written(team: Team, modelyard: Run) -> None:
    hook = team.folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    done = modelyard("promote", "churn", "challenger", "--commit", cwd=team.folder)
    assert done.returncode == 1
    assert "[MY744]" in done.stderr
    assert "percent: 100" in (team.folder / "models.yaml").read_text("utf-8")


def test_what_has_no_history_is_said(team: Team, tmp_path: Path, modelyard: Run) -> None:
    team.write("r.io/churn:1.1", name="new/models.yaml")
    assert [each.code for each in register.read([team.folder / "new"])[1]] == ["MY741"]
    assert [each.code for each in register.read([team.folder], revision="nothing")[1]] == ["MY722"]
    team.commit("more")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{team.folder}", str(shallow)], check=True)
    done = modelyard("register", cwd=shallow)
    assert done.returncode == 0
    assert "[MY742]" in done.stderr
    assert "fetch-depth: 0" in done.stderr
