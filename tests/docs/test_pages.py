"""The pages of docs/ tell the truth: their commands run as they stand, what they name exists, none is left out."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard import api
from modelyard.problems import has_errors
from modelyard.report.formats import FORMATS
from tests.conftest import Run
from tests.support import viya
from tests.support.consoles import ROOT, blocks, environment, prints_what_it_says, read, sessions
from tests.support.model_server import Server, running

pytestmark = pytest.mark.long

DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
WHOLE = [
    (page, number)
    for page in PAGES
    for number, block in enumerate(blocks(read(page), "yaml"))
    if "kind: ModelSet" in block and "base:" not in block and "include:" not in block
]


def test_the_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    steps = sessions(read("docs/start/tutorial.md"))
    assert len(steps) >= 8
    prints_what_it_says(steps, tmp_path)


def test_the_page_on_splits_prints_what_it_says(tmp_path: Path) -> None:
    page = read("docs/how-to/knative-split.md")
    (tmp_path / "models.yaml").write_text(blocks(page, "yaml")[0], "utf-8")
    steps = sessions(page)
    assert len(steps) >= 4
    prints_what_it_says(steps, tmp_path)


@pytest.mark.slow
def test_the_page_on_contracts_prints_what_it_says(tmp_path: Path) -> None:
    page = read("docs/how-to/contract.md")
    (tmp_path / "models.yaml").write_text(blocks(page, "yaml")[0], "utf-8")
    (tmp_path / "churn-1").mkdir()
    for name, text in zip(("inputVar.json", "outputVar.json"), blocks(page, "json"), strict=True):
        (tmp_path / "churn-1" / name).write_text(text, "utf-8")
    steps = sessions(page)
    assert len(steps) >= 8
    prints_what_it_says(steps, tmp_path)


@pytest.mark.parametrize(
    ("name", "least"), [("tensorflow", 2), ("request-log", 2), ("monitor", 2), ("alerts", 2), ("metrics", 3)]
)
def test_a_page_with_its_first_models_file_prints_what_it_says(name: str, least: int, tmp_path: Path) -> None:
    page = read(f"docs/how-to/{name}.md")
    (tmp_path / "models.yaml").write_text(blocks(page, "yaml")[0], "utf-8")
    steps = sessions(page)
    assert len(steps) >= least
    prints_what_it_says(steps, tmp_path)


def test_the_page_on_sas_git_prints_what_it_says_and_its_models_are_rendered(tmp_path: Path) -> None:
    page = read("docs/how-to/sas-git.md")
    prints_what_it_says(sessions(page), tmp_path)
    template, models, published = blocks(page, "yaml")
    assert yaml.safe_load(template) == yaml.safe_load((tmp_path / "risk/sas-model/model.yaml").read_text("utf-8"))
    (tmp_path / "published/credit_risk").mkdir(parents=True)
    (tmp_path / "models.yaml").write_text(models, "utf-8")
    (tmp_path / "published/credit_risk/model.yaml").write_text(published, "utf-8")
    assert {each.code for each in api.check(tmp_path)} == {"MY370"}, "the tag moves, as the page says"
    assert [each.kind for each in api.render(tmp_path).objects if each.model] == ["NetworkPolicy", "Service"]


def test_the_page_on_challengers_prints_what_it_says(tmp_path: Path) -> None:
    with running(Server()) as model:
        page = read("docs/how-to/rollout.md").replace("localhost:8080", f"127.0.0.1:{model.port}")
        (tmp_path / "models.yaml").write_text(blocks(page, "yaml")[0], "utf-8")
        (tmp_path / "scored.csv").write_text(blocks(page, "csv")[0], "utf-8")
        steps = sessions(page)
        assert len(steps) >= 2
        prints_what_it_says(steps, tmp_path)


def test_the_page_on_pyspark_prints_what_it_says(tmp_path: Path) -> None:
    page = read("docs/how-to/pyspark.md")
    (tmp_path / "anomaly").mkdir()
    (tmp_path / "anomaly" / "score.py").write_text(blocks(page, "py")[0], "utf-8")
    steps = sessions(page)
    assert len(steps) >= 4
    prints_what_it_says(steps, tmp_path)


def test_the_page_on_viya_prints_what_it_says(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    steps = sessions(read("docs/how-to/viya.md"))
    assert len(steps) >= 8
    viya.deployment(shared, tmp_path / "deploy")
    shutil.copytree(ROOT / "overlays" / "viya", tmp_path / "viya")
    before = (tmp_path / "deploy" / "kustomization.yaml").read_bytes()
    prints_what_it_says(steps, tmp_path, kustomize.parent)
    assert (tmp_path / "deploy" / "kustomization.yaml").read_bytes() == before


@pytest.mark.parametrize(("page", "number"), WHOLE)
def test_every_whole_models_file_is_accepted(page: str, number: int, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(blocks(read(page), "yaml")[number], "utf-8")
    problems = api.check(tmp_path)
    assert not has_errors(problems), problems


def test_the_samples_for_ci_run_as_they_stand(kustomize: Path, tmp_path: Path) -> None:
    page = read("docs/how-to/ci.md")
    lines = re.findall(r"^ *(?:- run: |- |)((?:modelyard|kustomize) [^#\n]*)", page, re.MULTILINE)
    assert len(lines) >= 6
    shutil.copytree(ROOT / "overlays", tmp_path / "overlays")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)  # CI works in a checkout
    for line in lines:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, env=environment(kustomize.parent), text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, line + done.stderr
    written = {"check.sarif", "junit.xml", "rendered.yaml", "built.yaml"}
    assert {path.name for path in tmp_path.iterdir()} == {".git", "overlays", *written}


def test_the_commands_of_the_register_run_as_they_stand(tmp_path: Path) -> None:
    lines = [line for line in blocks(read("docs/how-to/register.md"), "sh")[0].splitlines() if line]
    assert len(lines) >= 7
    shutil.copytree(ROOT / "overlays", tmp_path / "overlays")
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "begin")):
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True)
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment(), text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, line + done.stderr
        assert "churn" in done.stdout


def test_the_commands_of_the_catalog_run_as_they_stand(tmp_path: Path) -> None:
    (line,) = blocks(read("docs/how-to/register.md"), "sh")[-1].splitlines()
    shutil.copytree(ROOT / "overlays", tmp_path / "overlays")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)  # a models file leads no further
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment(), text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "churn" in (tmp_path / "site" / "index.html").read_text("utf-8")


def test_every_format_and_hook_is_documented() -> None:
    page = read("docs/how-to/ci.md")
    samples = [yaml.safe_load(text) for text in blocks(page, "yaml")]
    hooks = {each["id"] for each in yaml.safe_load(read(".pre-commit-hooks.yaml"))}
    assert {each["id"] for each in samples[2]["repos"][0]["hooks"]} == hooks
    reports = page.partition("## Reports")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", reports, re.MULTILINE) == list(FORMATS)
    inputs = page.partition("| input |")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", inputs, re.MULTILINE) == list(yaml.safe_load(read("action.yml"))["inputs"])


def test_help_and_the_reference_name_every_exit_code(modelyard: Run) -> None:
    helped = " ".join(modelyard("--help", env={"COLUMNS": "100"}).stdout.split())
    page = read("docs/reference/exit-codes.md")
    for code, word in (("0", "fine"), ("1", "problems"), ("2", "wrong usage"), ("3", "a bug"), ("130", "interrupted")):
        assert f"{code} {word}" in helped
        assert f"| {code} | {word}" in page
    assert len(re.findall(r"^\| \d+ \|", page, re.MULTILINE)) == 5


def test_every_function_of_the_api_is_documented() -> None:
    page = read("docs/reference/python-api.md")
    constants = {name for name in api.__all__ if name.isupper()}
    assert set(re.findall(r"^::: modelyard\.api\.(\w+)$", page, re.MULTILINE)) == set(api.__all__) - constants


def test_the_navigation_names_every_page_once() -> None:
    navigation = tomllib.loads(read("zensical.toml"))["project"]["nav"]
    named = _named(navigation)
    assert sorted(named) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def _named(node: Any) -> list[str]:
    if isinstance(node, str):
        return [node]
    return [name for each in (node.values() if isinstance(node, dict) else node) for name in _named(each)]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "overlays/viya/README.md"])
def test_every_link_of_a_page_outside_the_site_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", read(page))
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
