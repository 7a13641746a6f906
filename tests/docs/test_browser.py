"""Every page of the site in a real Chromium: on a desk and on a phone, light and dark.

It logs no error, asks no other host, leads nowhere that is not there, scrolls down alone, and axe-core finds nothing
serious in it.
"""

import functools
import shutil
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import ROOT, need
from tests.support.site import build

pytestmark = pytest.mark.slow
# Debian's names first; playwright's own build is not downloaded.
CHROMIUM: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PAGES: Final = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))
LOCAL: Final = ("http://127.0.0.1:", "data:")
VIEWS: Final = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]  # width in pixels, colours


class View(NamedTuple):
    """How a page is looked at; the width in pixels."""

    context: BrowserContext
    width: int
    colours: str


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "checkout"
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), "chromium-headless-shell")
    need(Path(found), "install Debian's package chromium-headless-shell, or Chromium")
    with sync_playwright() as playwright:
        # Root, as in CI, has no sandbox; the pages are our own.
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


class _Ids(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the names that a link may lead to."""
        self.found |= {value for key, value in attrs if value and (key == "id" or (tag == "a" and key == "name"))}


def _url(page: str) -> str:
    name = page.removesuffix("index.md").removesuffix(".md")
    return f"{name}/" if name and not name.endswith("/") else name


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: f"{view[0]}-{view[1]}")
def view(request: pytest.FixtureRequest, browser: Browser) -> Iterator[View]:
    width, colours = request.param
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=colours)
    yield View(context, width, colours)
    context.close()


@pytest.fixture
def page(view: View) -> Iterator[Page]:
    """Return a page of a view; nothing may have gone wrong in it when the test ends."""
    page, wrong = view.context.new_page(), list[str]()
    page.on("console", lambda said: wrong.append(f"{said.type}: {said.text}") if said.type != "log" else None)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on("response", lambda answer: wrong.append(f"{answer.status}: {answer.url}") if answer.status > 399 else None)
    page.on("request", lambda request: None if request.url.startswith(LOCAL) else wrong.append(f"asks {request.url}"))
    yield page
    page.close()
    assert wrong == []


def _serious(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"][:3]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(name: str, address: str, view: View, page: Page) -> None:
    page.goto(address + _url(name))
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.body.dataset.mdColorScheme") == {"light": "default", "dark": "slate"}[view.colours]
    assert page.evaluate("document.documentElement.scrollWidth") <= view.width
    assert _serious(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name: str, address: str, site: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(address + _url(name))
    links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))")
    page.close()
    inside = {urljoin(address + _url(name), link) for link in links}
    inside = {link for link in inside if link.startswith(address)}
    assert len(inside) > len(PAGES) / 2
    assert [link for link in sorted(inside) if not _leads(link.removeprefix(address), site)] == []


def _leads(link: str, site: Path) -> bool:
    path, anchor = urldefrag(link)
    file = site / unquote(path)
    file = file / "index.html" if file.is_dir() else file
    return file.is_file() and (not anchor or unquote(anchor) in _Ids(file.read_text("utf-8")).found)


def test_the_search_finds_a_field(address: str, page: Page) -> None:
    page.goto(address, wait_until="networkidle")
    page.keyboard.press("Control+k")
    page.keyboard.type("rolloutDuration")
    page.locator("a[href*='reference/models-file/knative']").filter(has_text="rolloutDuration").first.wait_for()
