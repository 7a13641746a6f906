"""The GitHub Action and the GitLab job, their steps run as the runners run them, with names that a shell would run."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard import api
from tests.cli.test_cli import BAD, GOOD
from tests.conftest import ROOT
from tests.support.consoles import environment

pytestmark = pytest.mark.long

ACTION: Final = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
JOB: Final = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text("utf-8"))["modelyard"]
STEPS: Final = {step["name"]: step for step in ACTION["runs"]["steps"]}
BASH: Final = ("bash", "--noprofile", "--norc", "-eo", "pipefail")  # as GitHub's runner calls it
INSTALL: Final = "Install modelyard"
HOSTILE: Final = "a$(touch${IFS}pwned);touch${IFS}pwned|`touch${IFS}pwned`'\"&touch${IFS}pwned"
# A stand-in for GitHub's program: it keeps what it is called with, and knows one comment where the test says so.
GH: Final = """\
#!/bin/sh
printf '%s\\n' "$@" '--' >> "$CALLS"
for word in "$@"; do case "$word" in body=@*) cat "${word#body=@}" >> "$CALLS";; esac; done
case "$*" in *--jq*) printf '%s' "$COMMENTS";; esac
"""


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@dataclass
class Repository:
    """A checkout whose newest commit changes an image, on a branch of any name, and the commit before."""

    folder: Path
    base: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def write(self, text: str, *, rendered: bool = True) -> None:
        """Change the models file."""
        (self.folder / "test" / "models.yaml").write_text(text, "utf-8")
        if rendered:
            assert api.write(self.folder / "test", api.overlay(self.folder / "test")) == []

    @property
    def is_harmed(self) -> bool:
        """Tell whether something in a name was run."""
        return any(path.name.startswith("pwned") for path in self.folder.parent.rglob("*"))

    def shell(self, script: str, variables: Mapping[str, str], *shell: str) -> subprocess.CompletedProcess[str]:
        """Run a script as a runner does."""
        file = self.folder.parent / "script.sh"
        file.write_text(script, "utf-8")
        return subprocess.run(
            [*shell, str(file)], cwd=self.folder, env={**self.environment, **variables}, capture_output=True, text=True,
            check=False, timeout=400,
        )  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "repository"
    (folder / "test").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gh").write_text(GH, "utf-8")
    (tmp_path / "bin" / "gh").chmod(0o755)
    found = Repository(folder, environment=environment(tmp_path / "bin"))
    found.write(GOOD)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    found.base = git(folder, "rev-parse", "HEAD")
    git(folder, "switch", "--quiet", "--create", HOSTILE)
    found.write(GOOD.replace("2.0.0", "2.1.0"))
    git(folder, "commit", "--quiet", "--all", "--message", "$(touch pwned)")
    return found


def on_github(
    repository: Repository,
    inputs: Mapping[str, str] | None = None,
    *,
    comments: str = "",
    number: str = "7",
    only: str = "",
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run the steps of the action but the first, all of them as after a failure, and return what each did."""
    values = {f"inputs.{name}": str(each["default"]) for name, each in ACTION["inputs"].items()}
    values |= {f"inputs.{name}": value for name, value in (inputs or {"files": "test"}).items()}
    base = values["inputs.base"] or repository.base
    values |= {
        "inputs.base || github.event.pull_request.base.sha": base, "github.event.pull_request.number": number,
        "github.repository": "owner/name",
    }  # fmt: skip
    around = {
        "GITHUB_STEP_SUMMARY": str(repository.folder.parent / "summary.md"), "GITHUB_HEAD_REF": HOSTILE,
        "CALLS": str(repository.folder.parent / "calls"), "COMMENTS": comments,
    }  # fmt: skip
    done = {}
    for name, step in STEPS.items():
        if name == only or (not only and name != INSTALL):
            own = {key: _evaluated(value, values) for key, value in step.get("env", {}).items()}
            done[name] = repository.shell(step["run"], {**around, **own}, *BASH)
    return done


def _evaluated(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: values[found[1]], text)


def test_no_input_stands_in_a_script_and_each_script_has_its_shell() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
    assert all("description" in each for each in ACTION["inputs"].values())


def test_the_action_checks_and_says_what_changes(repository: Repository) -> None:
    done = on_github(repository)
    assert {name: each.returncode for name, each in done.items()} == dict.fromkeys(done, 0), done
    reports = repository.folder / "modelyard-reports"
    assert {each.name for each in reports.iterdir()} == {"check.sarif", "junit.xml", "diff.md"}
    assert "| churn | image | 2.0.0 | 2.1.0 |" in (reports / "diff.md").read_text("utf-8")
    assert (repository.folder.parent / "summary.md").read_text("utf-8") == (reports / "diff.md").read_text("utf-8")
    calls = (repository.folder.parent / "calls").read_text("utf-8")
    assert "POST\nrepos/owner/name/issues/7/comments\n" in calls
    assert "| churn | image | 2.0.0 | 2.1.0 |" in calls
    assert not repository.is_harmed


def test_a_later_push_changes_the_comment_that_is_there(repository: Repository) -> None:
    on_github(repository, comments="42\n43\n", only="Show what the pull request changes")
    calls = (repository.folder.parent / "calls").read_text("utf-8")
    assert "PATCH\nrepos/owner/name/issues/comments/42\n" in calls
    assert "POST" not in calls


def test_no_comment_is_made_without_a_pull_request_or_where_it_is_not_wanted(repository: Repository) -> None:
    show = "Show what the pull request changes"
    on_github(repository, number="", only=show)
    on_github(repository, {"files": "test", "comment": "false"}, only=show)
    assert not (repository.folder.parent / "calls").exists()


def test_a_mistake_and_a_folder_that_was_not_rendered_fail_their_steps(repository: Repository) -> None:
    repository.write(GOOD.replace("2.0.0", "2.2.0"), rendered=False)
    done = on_github(repository)  # all steps are run, also those behind one that fails
    failed = [name for name, each in done.items() if each.returncode]
    assert failed == ["Compare generated/ with the models files"]
    repository.write(BAD, rendered=False)
    done = on_github(repository)
    assert done["Check the models files"].returncode == 1
    assert "::error file=test/models.yaml,line=8,col=27,title=MY101::" in done["Check the models files"].stdout
    assert json.loads((repository.folder / "modelyard-reports" / "check.sarif").read_text("utf-8"))["runs"][0][
        "results"
    ]


@pytest.mark.parametrize("name", [HOSTILE, "--help", "x/y\n--strict"])
def test_whatever_an_input_holds_is_data(repository: Repository, name: str) -> None:
    done = on_github(repository, dict.fromkeys(["files", "base", "reports", "strict", "comment"], name))
    assert not repository.is_harmed
    assert {each.returncode for each in done.values()} == {1}
    for each in done.values():
        assert "usage" not in each.stdout.lower()
        assert "command not found" not in each.stderr


@pytest.mark.parametrize(("name", "code"), [(HOSTILE, 0), ("--output=x", 1), ("a b", 1)])
def test_a_base_is_a_branch_of_any_name_or_an_error(repository: Repository, name: str, code: int) -> None:
    show = "Show what the pull request changes"
    done = on_github(repository, {"files": "test", "base": name}, only=show)[show]
    assert done.returncode == code
    assert ("MY722" in done.stderr) == bool(code)
    assert not repository.is_harmed


@dataclass
class GitLab:
    """A stand-in for GitLab's API of notes: those that are there, and the calls that were made."""

    url: str = ""
    notes: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str, str, str]] = field(default_factory=list)


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    state = GitLab()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size))["body"] if size else ""
            state.calls.append((self.command, self.path, str(self.headers["PRIVATE-TOKEN"]), body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(state.notes if self.command == "GET" else {}).encode())

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - names that the server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def on_gitlab(
    repository: Repository, shell: str, gitlab: GitLab | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the script of the job as a runner does, which ends at the first line that fails."""
    own = {
        **{name: str(value) for name, value in JOB["variables"].items()}, "MODELYARD_FILES": "test",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": repository.base, "CI_COMMIT_REF_NAME": HOSTILE, "CI_MERGE_REQUEST_IID": "7",
        "CI_PROJECT_ID": "3", **variables,
    }  # fmt: skip
    if gitlab is not None:
        own |= {"CI_API_V4_URL": gitlab.url, "MODELYARD_TOKEN": "glpat-x", "no_proxy": "*"}
    return repository.shell("set -e\n" + "\n".join(JOB["script"]), own, shell)


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_the_job_checks_and_says_what_changes(repository: Repository, gitlab: GitLab, shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")
    done = on_gitlab(repository, shell, gitlab)
    assert done.returncode == 0, done.stderr
    reports = repository.folder / "modelyard-reports"
    assert {each.name for each in reports.iterdir()} == {
        "check.sarif", "junit.xml", "diff.md", "gl-code-quality-report.json",
    }  # fmt: skip
    for each in JOB["artifacts"]["reports"].values():
        assert (repository.folder / each).is_file()
    assert json.loads((reports / "gl-code-quality-report.json").read_text("utf-8")) == []
    assert [call[:3] for call in gitlab.calls] == [
        ("GET", "/projects/3/merge_requests/7/notes?per_page=100&sort=asc", "glpat-x"),
        ("POST", "/projects/3/merge_requests/7/notes", "glpat-x"),
    ]
    assert "| churn | image | 2.0.0 | 2.1.0 |" in gitlab.calls[1][3]
    assert not repository.is_harmed


def test_a_later_push_changes_the_note_that_is_there(repository: Repository, gitlab: GitLab) -> None:
    gitlab.notes = [{"id": 1, "body": "looks good"}, {"id": 2, "body": "<!-- modelyard -->\nold"}]
    assert on_gitlab(repository, "bash", gitlab).returncode == 0
    assert gitlab.calls[1][:2] == ("PUT", "/projects/3/merge_requests/7/notes/2")


def test_the_job_fails_after_its_reports_are_written(repository: Repository) -> None:
    repository.write(BAD, rendered=False)
    done = on_gitlab(repository, "bash")
    assert done.returncode == 1
    report = json.loads((repository.folder / "modelyard-reports" / "gl-code-quality-report.json").read_text("utf-8"))
    assert report[0]["location"] == {"path": "test/models.yaml", "lines": {"begin": 8}}
    assert not (repository.folder / "modelyard-reports" / "diff.md").exists()


@pytest.mark.parametrize("name", [HOSTILE, "--help", "x\nEND_OF_FILES\ntouch pwned"])
def test_whatever_a_variable_holds_is_data(repository: Repository, name: str) -> None:
    names = ["MODELYARD_FILES", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "MODELYARD_STRICT"]
    done = on_gitlab(repository, "bash", None, **dict.fromkeys(names, name))
    assert not repository.is_harmed
    assert done.returncode == 1
    assert "command not found" not in done.stderr


@pytest.mark.slow
def test_both_install_modelyard_from_where_it_is(repository: Repository) -> None:
    path = repository.folder.parent / "path"
    step = STEPS[INSTALL]
    variables = {"SOURCE": str(ROOT), "FOLDER": str(repository.folder.parent), "GITHUB_PATH": str(path)}
    assert set(step["env"]) == {"SOURCE", "FOLDER"}
    done = repository.shell(step["run"], variables, *BASH)
    assert done.returncode == 0, done.stderr
    program = Path(path.read_text("utf-8").strip()) / "modelyard"
    assert subprocess.run([program, "--version"], check=True, capture_output=True).stdout.startswith(b"modelyard ")
    script = "set -e\n" + "\n".join([*JOB["before_script"], "command -v modelyard"])
    done = repository.shell(script, {"MODELYARD_PACKAGE": str(ROOT)}, "bash")
    assert done.stdout.strip() == f"{repository.folder}/.modelyard/bin/modelyard"
