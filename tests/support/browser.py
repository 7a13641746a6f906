"""Pages in a real Chromium: on a desk and on a phone, light and dark, and what is wrong with them there."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import need

# Debian's names first; playwright's own build is not downloaded.
CHROMIUM: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
VIEWS: Final = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]  # width in pixels, colours
# What axe-core looks at colours for; all else is the same, light or dark (axe-core 4.12.1, doc/rule-descriptions.md).
OF_COLOURS: Final = ("color-contrast", "link-in-text-block")
LOCAL: Final = ("http://127.0.0.1:", "data:")


@contextlib.contextmanager
def started() -> Iterator[Browser]:
    """Run a browser."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), "chromium-headless-shell")
    need(Path(found), "install Debian's package chromium-headless-shell, or Chromium")
    with sync_playwright() as playwright:
        # Root, as in CI, has no sandbox; the pages are our own.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def watched(context: BrowserContext, *local: str) -> Iterator[Page]:
    """Open a page in which nothing may go wrong. local: what addresses begin with that it may ask, beside LOCAL."""
    page, wrong, own = context.new_page(), list[str](), (*LOCAL, *local)
    page.on("console", lambda said: wrong.append(f"{said.type}: {said.text}") if said.type != "log" else None)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on("response", lambda answer: wrong.append(f"{answer.status}: {answer.url}") if answer.status > 399 else None)
    page.on("request", lambda request: None if request.url.startswith(own) else wrong.append(f"asks {request.url}"))
    yield page
    page.close()
    assert wrong == []


def violations(page: Page, *impacts: str, rules: Sequence[str] = ()) -> list[str]:
    """Return what axe-core finds in a page. impacts, rules: of these alone; all if absent."""
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for each in found
        if not impacts or each["impact"] in impacts
        for node in each["nodes"][:3]
    ]
