"""`modelyard catalog`: what is declared, approved, pinned and measured, as a site that asks nobody for anything."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser

from modelyard.api import catalog, register
from modelyard.api.pages import person
from tests.conftest import ROOT, Run
from tests.support import browser as browsers
from tests.support.pages import Reading

ADA: Final = ("-c", "user.name=Ada <script>alert(1)</script>", "-c", "user.email=ada@example.com")
LOCK: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ImageLock
images:
  registry.example.com/churn:2.0.0: sha256:{digest}
contracts:
  churn:
    pinned: sha256:{digest}
    served: sha256:{digest}
    images:
      sha256:{digest}:
        from: "<b>export/7</b>"
        inputs:
          AGE: {{type: number, format: double}}
          "<img src=x onerror=alert(1)>": {{type: string, maxLength: 20, required: false}}
          ADDRESS: {{type: object, properties: {{CITY: {{type: string}}}}}}
        outputs:
          P_1: {{type: number, shape: [-1, 1]}}
""".format(digest="1a" * 32)
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: scoring
  models:
    - name: churn
      source: {mlflow: {model: "churn & more", version: 7}}
      image: registry.example.com/churn:2.0.0
      targets: {deployment: {replicas: 2}}
"""


@pytest.fixture
def overlays(tmp_path: Path) -> Path:
    """Return a repository with the samples, and a set with a lock."""
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / "overlays", folder / "overlays")
    (folder / "pinned").mkdir()
    (folder / "pinned" / "models.yaml").write_text(MODELS, "utf-8")
    (folder / "pinned" / "models.lock.yaml").write_text(LOCK, "utf-8")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "begin")):
        subprocess.run(["git", *ADA, *words], cwd=folder, check=True)
    return folder


def _sets(folder: Path) -> list[Path]:
    return [folder / "overlays" / "dev", folder / "overlays" / "prod", folder / "pinned"]


def _read(site: Path) -> dict[str, Reading]:
    return {
        each.relative_to(site).as_posix(): Reading(each.read_text("utf-8"))
        for each in sorted(site.rglob("*")) if each.is_file()
    }  # fmt: skip


def test_the_site_has_a_page_for_each_model_of_each_set(overlays: Path, modelyard: Run) -> None:
    done = modelyard("catalog", "-f", "overlays/dev", "-f", "overlays/prod", "-f", "pinned", "-o", "site", cwd=overlays)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.endswith("wrote site: 7 models, 8 pages\n")
    pages = _read(overlays / "site")
    assert {"index.html", "overlays-dev/churn.html", "overlays-prod/churn.html", "pinned/churn.html"} <= pages.keys()
    links = {value for name, value in pages["index.html"].attributes if name == "href" and value.endswith(".html")}
    assert links == pages.keys() - {"index.html"}
    for name, page in pages.items():
        inside = [value for key, value in page.attributes if key == "href" and not value.startswith(("data:", "#"))]
        assert {urljoin(f"/{name}", each)[1:] for each in inside} <= pages.keys()


def test_what_is_served_is_what_the_register_says(overlays: Path, tmp_path: Path) -> None:
    outcome = catalog.write(_sets(overlays), output=tmp_path / "site")
    assert [each for each in outcome.problems if each.severity == "error"] == []
    pages = _read(tmp_path / "site")
    entries, _ = register.read(_sets(overlays))
    assert len(entries) > 7
    found = {
        (name.partition("/")[0], name.rpartition("/")[2].removesuffix(".html"), row["Target"], row["Variant"],
         row["Image"], int(row["Share in %"]), row["Version"], row["Commit"], row["Proposed by"])
        for name, page in pages.items() if name != "index.html"
        for row in page.tables[f"{name.rpartition('/')[2].removesuffix('.html')}-served.csv"]
    }  # fmt: skip
    wanted = {
        (each.environment.removesuffix("/models.yaml").replace("/", "-"), each.model, each.target, each.variant,
         each.image, each.percent, each.version, each.commit[:12], person(each.people.proposed))
        for each in entries
    }  # fmt: skip
    assert found == wanted
    assert "ada@example.com" not in "".join(page.text for page in pages.values())


def test_contract_source_and_version_are_shown_and_nothing_of_them_is_markup(overlays: Path, tmp_path: Path) -> None:
    catalog.write([overlays / "pinned"], output=tmp_path / "site")
    pages = _read(tmp_path / "site")
    own = pages["pinned/churn.html"]
    assert [(row["Name"], row["Type"], row["Required"]) for row in own.tables["churn-inputs.csv"]] == [
        ("AGE", "number", "true"),
        ("<img src=x onerror=alert(1)>", "string", "false"),
        ("ADDRESS", "object", "true"),
        ("ADDRESS.CITY", "string", "true"),
    ]
    assert own.tables["churn-outputs.csv"][0]["Shape"] == "[-1, 1]"
    (served,) = own.tables["churn-served.csv"]
    assert (served["Source"], served["Version"]) == ("mlflow:churn & more", "7")
    assert served["Image"] == f"registry.example.com/churn:2.0.0@sha256:{'1a' * 32}"
    assert "3 inputs, 1 outputs" in pages["index.html"].text
    for page in pages.values():
        assert {"script", "img", "b"} & page.tags == set()
        assert [name for name, _ in page.attributes if name.startswith("on")] == []


def test_a_set_outside_of_git_is_listed_too(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(MODELS, "utf-8")
    outcome = catalog.write([tmp_path], output=tmp_path / "site")
    assert outcome.problems == []
    (name,) = _read(tmp_path / "site").keys() - {"index.html"}
    assert "nobody is known to have approved it" in _read(tmp_path / "site")[name].text


def test_what_is_wrong_leaves_the_old_site(overlays: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    catalog.write([overlays / "pinned"], output=site)
    before = {path: page.text for path, page in _read(site).items()}
    (overlays / "pinned" / "models.yaml").write_text(MODELS.replace("replicas: 2", "replicas: two"), "utf-8")
    assert catalog.write([overlays / "pinned"], output=site).path is None
    assert {path: page.text for path, page in _read(site).items()} == before
    (overlays / "pinned" / "models.yaml").write_text(MODELS, "utf-8")
    (site / "notes.txt").write_text("mine", "utf-8")
    outcome = catalog.write([overlays / "pinned"], output=site)
    assert [each.severity for each in outcome.problems] == ["error"]
    assert (site / "notes.txt").read_text("utf-8") == "mine"


def test_a_model_that_has_gone_has_no_page_and_what_stays_is_not_written_again(overlays: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    catalog.write(_sets(overlays), output=site)
    times = {path: path.stat().st_mtime_ns for path in site.rglob("*.html")}
    catalog.write(_sets(overlays), output=site)
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*.html")} == times
    catalog.write([overlays / "pinned"], output=site)
    assert _read(site).keys() == {"index.html", "pinned/churn.html"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.started() as started:
        yield started


@pytest.mark.slow
@pytest.mark.parametrize(("width", "colours"), browsers.VIEWS)
def test_the_site_is_sound_in_a_browser(
    width: int, colours: Any, overlays: Path, tmp_path: Path, browser: Browser
) -> None:
    site = tmp_path / "site"
    catalog.write(_sets(overlays), output=site)
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=colours)
    with browsers.watched(context, site.as_uri()) as page:
        for each in sorted(site.rglob("*.html")):
            page.goto(each.as_uri())
            assert page.locator("h1").count() == 1
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("document.compatMode") == "CSS1Compat"
            assert browsers.violations(page) == []
        page.goto((site / "index.html").as_uri())
        page.get_by_role("link", name="churn").first.click()
        page.get_by_role("link", name="Catalog of models").click()
        assert page.url == (site / "index.html").as_uri()
    context.close()
