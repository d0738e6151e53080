"""A real Chromium for the pages, where Playwright and Chromium are installed (Debian: chromium)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.cine import read_labels, read_study
from CardiacSegmentationLib.phantom import PhantomSpec, write_study
from CardiacSegmentationLib.segmentation import Segmentation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SPEC = PhantomSpec(slices=8, phases=10, pixel_mm=1.8)


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phantom study as DICOM."""
    folder = tmp_path_factory.mktemp("phantom") / "study"
    write_study(folder, SPEC)
    return folder


@pytest.fixture(scope="session")
def stack(study_folder: Path) -> CineStack:
    """The phantom."""
    return read_study(study_folder)


@pytest.fixture
def segmentation(stack: CineStack, study_folder: Path) -> Segmentation:
    """Its true labels, as a network's."""
    labels = read_labels(study_folder / "labels.nii.gz", stack).labels
    return Segmentation.of(labels, model="phantom-net 0.1 (sha256 0123456789ab)")


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
