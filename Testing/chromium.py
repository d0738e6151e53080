"""A real Chromium for the pages, where Playwright and Chromium are installed (Debian: chromium): a plugin."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser itself."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if program is None:
        pytest.skip("chromium is not installed (Debian: chromium)")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Tab:
    """One page in a window of its own, and what it asked for and complained of."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, address: str) -> Tab:
        """Go there and wait until all images are decoded."""
        self.page.goto(address)
        return self.wait()

    def wait(self) -> Tab:
        """Until all images are decoded."""
        self.page.wait_for_selector("body[data-ready]", timeout=60_000)
        return self

    def until(self, condition: str, seconds: float = 60.0) -> None:
        """Until this is true on the page; asked from outside, for the page evaluates no strings."""
        end = time.monotonic() + seconds
        while not self._holds(condition):
            assert time.monotonic() < end, f"{condition} never came true"
            self.page.wait_for_timeout(30)

    def _holds(self, condition: str) -> bool:
        from playwright.sync_api import Error

        try:
            return bool(self.page.evaluate(condition))
        except Error:  # while the page loads anew
            return False

    def text(self, selector: str) -> str:
        """What an element says."""
        return str(self.page.inner_text(selector))


@pytest.fixture
def new_tab(chromium: Any) -> Iterator[Callable[..., Tab]]:
    """Opens windows: ``new_tab(viewport={"width": 390, "height": 844})``."""
    contexts = []

    def make(**options: Any) -> Tab:
        context = chromium.new_context(**{"viewport": {"width": 1400, "height": 1000}, **options})
        contexts.append(context)
        tab = Tab(context.new_page())
        tab.page.on("request", lambda request: request.url.startswith("data:") or tab.asked.append(request.url))
        tab.page.on("console", lambda message: message.type == "error" and tab.complaints.append(message.text))
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        return tab

    yield make
    for context in contexts:
        context.close()
