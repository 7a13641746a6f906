"""traffic, promote, rollback and diff --git on a models file under git, as users call them."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from modelyard.api import edits
from tests.support.faulty_proxy import Answer, modelyard

FILE: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: reg.example.com
  defaults: {runtime: pcr, targets: {knative: {minScale: 1}}}
  models:
    # Who serves the calls.
    - name: churn
      path: /churn
      variants:
        - {name: champion, image: "churn:2.0.0", percent: 90}    # since May
        - name: challenger
          image: churn:2.1.0
          percent: 10
      targets: {knative: {}}
    - {name: fraud, image: "fraud:1.0", targets: {knative: {}}}
"""
BASED: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  base: ../base/models.yaml
  models:
    - {name: fraud, $remove: true}
"""


class Checkout:
    """A git repository with a base and an overlay."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in (("base", FILE), ("prod", BASED)):
            (root / name).mkdir()
            (root / name / "models.yaml").write_text(text, "utf-8")
        self.git("init", "--quiet")
        self.commit("first")

    def git(self, *words: str) -> str:
        """Run git."""
        author = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        env = {**os.environ, **author, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(["git", *words], cwd=self.root, env=env, capture_output=True, text=True, check=True)
        return done.stdout

    def commit(self, message: str) -> None:
        """Commit all."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def file(self, name: str) -> Path:
        """Return a models file."""
        return self.root / name / "models.yaml"

    def run(self, *words: str, folder: str = "base") -> Answer:
        """Run a command of modelyard on a folder."""
        return modelyard(*words, "-f", self.root / folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_traffic_changes_the_numbers_and_nothing_else(checkout: Checkout) -> None:
    answer = checkout.run("traffic", "churn", "champion=60", "challenger=40")
    assert (answer.code, answer.out) == (0, "churn: challenger percent 10 -> 40, champion percent 90 -> 60\n")
    assert checkout.file("base").read_text("utf-8") == FILE.replace(" 90}", " 60}").replace(
        "percent: 10", "percent: 40"
    )
    assert checkout.run("diff", "--git", "HEAD").out == answer.out
    again = checkout.run("traffic", "churn", "champion=60")
    assert (again.code, again.out) == (0, "")
    assert "the calls are already split like this" in again.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("churn", "champion=80"), 1, "the percents of churn would add up to 90: challenger 10, champion 80 [MY723]"),
        (("churn", "champion=101", "challenger=0"), 1, "101 is not a percent [MY723]"),
        (("churn", "champio=90"), 1, "hint: did you mean champion?"),
        (("fraud", "champion=100"), 1, "fraud has no variants [MY723]"),
        (("churn", "champion=eighty"), 2, "is not VARIANT=PERCENT"),
        (("churn", "champion=50", "champion=50"), 2, "is not VARIANT=PERCENT"),
        (("churn", "champion=-1"), 2, "is not VARIANT=PERCENT"),
        (("churn",), 2, "Missing argument"),
    ],
)
def test_a_split_that_is_none_changes_nothing(words: tuple[str, ...], code: int, said: str, checkout: Checkout) -> None:
    answer = checkout.run("traffic", *words)
    assert (answer.code, answer.out) == (code, "")
    assert said in " ".join(answer.err.split())
    assert checkout.file("base").read_text("utf-8") == FILE


def test_promote_keeps_the_list(checkout: Checkout) -> None:
    answer = checkout.run("promote", "churn", "challenger")
    assert (answer.code, answer.out) == (0, "churn: challenger percent 10 -> 100, champion percent 90 -> 0\n")
    text = checkout.file("base").read_text("utf-8")
    assert text == FILE.replace(" 90}", " 0}").replace("percent: 10", "percent: 100")
    assert checkout.run("promote", "churn", "nobody").code == 1


def test_an_overlay_overrides_its_base(checkout: Checkout) -> None:
    answer = checkout.run("promote", "churn", "challenger", folder="prod")
    assert answer.code == 0, answer.err
    assert checkout.file("base").read_text("utf-8") == FILE
    added = "    - {name: churn, variants: [{name: challenger, percent: 100}, {name: champion, percent: 0}]}\n"
    assert checkout.file("prod").read_text("utf-8") == BASED + added
    assert checkout.run("diff", "--git", "HEAD", folder="prod").out == answer.out
    assert checkout.run("diff", "--git", "HEAD").out == ""


def test_rollback_goes_to_the_newest_commit_that_differs(checkout: Checkout) -> None:
    checkout.run("traffic", "churn", "champion=50", "challenger=50")
    checkout.commit("half")
    text = checkout.file("base").read_text("utf-8").replace("churn:2.1.0", "churn:2.2.0").replace("# since May", "# x")
    checkout.file("base").write_text(text, "utf-8")
    # What is not committed goes back to the last commit.
    back = checkout.run("rollback", "churn")
    assert (back.code, back.out) == (0, "churn: challenger image 2.2.0 -> 2.1.0\n")
    assert "# x" in checkout.file("base").read_text("utf-8")
    checkout.commit("a comment")
    first = checkout.run("rollback", "churn")
    assert first.out == "churn: challenger percent 50 -> 10, champion percent 50 -> 90\n"
    assert checkout.file("base").read_text("utf-8") == FILE.replace("# since May", "# x")


def test_rollback_of_a_single_model(checkout: Checkout) -> None:
    checkout.file("base").write_text(FILE.replace("fraud:1.0", "fraud:1.1"), "utf-8")
    assert checkout.run("rollback", "fraud").out == "fraud: image 1.1 -> 1.0\n"
    assert checkout.file("base").read_text("utf-8") == FILE


def test_rollback_without_a_previous_revision_is_refused(checkout: Checkout) -> None:
    answer = checkout.run("rollback", "churn")
    assert (answer.code, answer.out) == (1, "")
    assert "git has no previous revision of churn [MY724]" in answer.err
    renamed = FILE.replace("name: challenger", "name: second")
    checkout.file("base").write_text(renamed, "utf-8")
    answer = checkout.run("rollback", "churn")
    assert (answer.code, answer.out) == (1, "")
    assert "has other variants [MY724]" in answer.err
    assert checkout.file("base").read_text("utf-8") == renamed


def test_without_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "models.yaml").write_text(FILE, "utf-8")
    for words in (("rollback", "churn"), ("diff", "--git", "HEAD")):
        answer = modelyard(*words, "-f", tmp_path)
        assert (answer.code, answer.out) == (1, "")
        assert "[MY721]" in answer.err
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = modelyard("rollback", "churn", "-f", tmp_path)
    assert "git cannot be run" in answer.err


def test_diff_with_git_takes_the_base_of_then(checkout: Checkout) -> None:
    text = FILE.replace("fraud:1.0", "fraud:2.0").replace("churn:2.0.0", "churn:3.0.0")
    checkout.file("base").write_text(text, "utf-8")
    assert checkout.run("diff", "--git", "HEAD", folder="prod").out == "churn: champion image 2.0.0 -> 3.0.0\n"
    checkout.commit("second")
    assert checkout.run("diff", "--git", "HEAD~1", folder="prod").out == "churn: champion image 2.0.0 -> 3.0.0\n"
    none = checkout.run("diff", "--git", "HEAD", folder="prod")
    assert (none.code, none.out) == (0, "")
    assert checkout.run("diff", "--git", "HEAD~1", "--exit-code", folder="prod").code == 1
    assert checkout.run("diff", "--git", "HEAD", "--exit-code", folder="prod").code == 0


def test_diff_names_what_is_wrong_with_a_revision(checkout: Checkout) -> None:
    for revision in ("HEAD~7", "--help", "nowhere"):
        answer = checkout.run("diff", f"--git={revision}")
        assert (answer.code, answer.out) == (1, "")
        assert f"git has no revision {revision} [MY722]" in answer.err
    checkout.file("base").write_text(FILE.replace("kind: ModelSet", "kind: Modelset"), "utf-8")
    checkout.commit("broken")
    checkout.file("base").write_text(FILE, "utf-8")
    answer = checkout.run("diff", "--git", "HEAD")
    assert (answer.code, answer.out) == (1, "")
    assert "HEAD:base/models.yaml:2:7: error" in answer.err


def test_a_file_that_was_not_there_is_all_new(checkout: Checkout) -> None:
    (checkout.root / "new").mkdir()
    checkout.file("new").write_text(FILE, "utf-8")
    lines = checkout.run("diff", "--git", "HEAD", folder="new").out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["the set", "churn", "fraud"]
    markdown = checkout.run("diff", "--git", "HEAD", "-o", "markdown", folder="new").out
    assert "| fraud | new |  |  |" in markdown


def test_an_edit_of_a_file_that_changed_meanwhile_is_refused(checkout: Checkout) -> None:
    edit, problems = edits.promote(checkout.root / "base", "churn", "challenger")
    assert edit is not None, problems
    checkout.file("base").write_text(f"{FILE}# later\n", "utf-8")
    assert [each.code for each in edits.write(edit)] == ["MY407"]
    assert checkout.file("base").read_text("utf-8") == f"{FILE}# later\n"


def test_an_edit_that_leaves_errors_is_refused(checkout: Checkout) -> None:
    # The base gives the model its image; a second overlay may not take the sum away from 100.
    checkout.file("base").write_text(FILE.replace("percent: 10", "percent: 20"), "utf-8")
    answer = checkout.run("traffic", "churn", "champion=80")
    assert (answer.code, answer.out) == (1, "")
    assert checkout.file("base").read_text("utf-8") == FILE.replace("percent: 10", "percent: 20")


def test_what_another_run_has_written_meanwhile_is_read_once_more(checkout: Checkout) -> None:
    file = checkout.file("base")

    def planned() -> edits.Result:
        found = edits.split(checkout.root / "base", "churn", {"champion": 70, "challenger": 30})
        if "later" not in file.read_text("utf-8"):
            file.write_text(f"{FILE}# later\n", "utf-8")
        return found

    edit, problems = edits.written(planned)
    assert edit is not None, problems
    assert file.read_text("utf-8") == f"{FILE}# later\n".replace("percent: 90", "percent: 70").replace(
        "percent: 10", "percent: 30"
    )
