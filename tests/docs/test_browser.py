"""Every page of the site in a real Chromium: on a desk and on a phone, light and dark.

It logs no error, asks no other host, leads nowhere that is not there, scrolls down alone, and axe-core finds nothing
serious in it.
"""

import functools
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.conftest import ROOT
from tests.support import browser as browsers
from tests.support.site import build

pytestmark = pytest.mark.slow
_SCHEME: Final = "document.body.dataset.mdColorScheme"
PAGES: Final = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))


class View(NamedTuple):
    """How a page is looked at; the width in pixels."""

    light: BrowserContext
    dark: BrowserContext
    width: int


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
    with browsers.started() as started:
        yield started


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


@pytest.fixture(scope="module", params=sorted({width for width, _ in browsers.VIEWS}))
def view(request: pytest.FixtureRequest, browser: Browser) -> Iterator[View]:
    size = ViewportSize(width=request.param, height=844)
    light, dark = (browser.new_context(viewport=size, color_scheme=colours) for colours in ("light", "dark"))
    yield View(light, dark, request.param)
    light.close()
    dark.close()


@pytest.fixture
def page(view: View) -> Iterator[Page]:
    """Return a page of a view; nothing may have gone wrong in it when the test ends."""
    with browsers.watched(view.light) as opened:
        yield opened


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(name: str, address: str, site: Path, view: View, page: Page) -> None:
    page.goto(address + _url(name))
    assert page.locator("h1").count() == 1
    assert page.evaluate(_SCHEME) == "default"
    assert page.evaluate("document.documentElement.scrollWidth") <= view.width
    assert browsers.violations(page, "serious", "critical") == []
    links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))")
    inside = {urljoin(address + _url(name), link) for link in links}
    inside = {link for link in inside if link.startswith(address)}
    assert len(inside) > len(PAGES) / 2
    assert [link for link in sorted(inside) if not _leads(link.removeprefix(address), site)] == []
    with browsers.watched(view.dark) as dark:
        dark.goto(address + _url(name))
        assert dark.evaluate(_SCHEME) == "slate"
        assert dark.evaluate("document.documentElement.scrollWidth") <= view.width
        assert browsers.violations(dark, "serious", "critical", rules=browsers.OF_COLOURS) == []


def _leads(link: str, site: Path) -> bool:
    path, anchor = urldefrag(link)
    file = site / unquote(path)
    file = file / "index.html" if file.is_dir() else file
    return file.is_file() and (not anchor or unquote(anchor) in _ids(file))


@functools.cache
def _ids(file: Path) -> set[str]:
    return _Ids(file.read_text("utf-8")).found


def test_the_search_finds_a_field(address: str, page: Page) -> None:
    page.goto(address, wait_until="networkidle")
    page.keyboard.press("Control+k")
    page.keyboard.type("rolloutDuration")
    page.locator("a[href*='reference/models-file/knative']").filter(has_text="rolloutDuration").first.wait_for()
