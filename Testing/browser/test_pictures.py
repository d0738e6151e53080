"""The reading page with a real heart, as README shows it: Sunnybrook's SCD0000101, labelled by the shipped network.

CARDIACSEG_PICTURES=docs/images ./run test Testing/browser/test_pictures.py      makes it in docs anew
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.browser.served import ServedStudy
from CardiacSegmentationLib.browser.server import Desk, ReadingServer, serve_in_background
from CardiacSegmentationLib.cine import read_study
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.network.segment import segment_stack
from CardiacSegmentationLib.session import Recovery, StudySession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chromium import Tab

pytestmark = pytest.mark.real_data
MOST_BYTES = 400_000
# The place of the inner border that lies farthest to a side (x, y), in pixels of the window.
FARTHEST = """([x, y]) => {
  const numbers = bordersAt(at.phase, at.slice).endo.points, places = []
  let column = 0, row = 0
  for (let i = 0; i < numbers.length; i += 2) places.push([column += numbers[i], row += numbers[i + 1]])
  const far = ([column, row]) => column * x + row * y
  const [left, top] = places.reduce((best, place) => far(place) > far(best) ? place : best)
  const box = byId('image').getBoundingClientRect(), frame = shownFrame()
  return [box.left + (left / study.pixelParts - frame.x) / frame.columns * box.width,
          box.top + (top / study.pixelParts - frame.y) / frame.rows * box.height]
}"""


@pytest.fixture
def served(real_data: Path, tmp_path: Path) -> Iterator[ReadingServer]:
    """The heart on a page."""
    stack = read_study(real_data / "sunnybrook" / "dicom" / "SCD0000101.tar.xz")
    session = StudySession(stack, segment_stack(stack, load_network(None, "onnx")).segmentation)
    recovery = Recovery(tmp_path / "kept")
    recovery.find(session)
    server = ReadingServer(Desk("en", ServedStudy(session, recovery, "en", lambda _session, _parts: [])))
    serve_in_background(server)
    yield server
    server.shutdown()
    server.server_close()


def test_a_real_heart_is_corrected_and_pictured(served: ReadingServer, new_tab: Any, tmp_path: Path) -> None:
    from PIL import Image

    tab: Tab = new_tab(reduced_motion="reduce", viewport={"width": 1280, "height": 860}).open(served.address)
    page, before = tab.page, tab.text("#lv-edv_ml")
    page.keyboard.press("1")
    x, y = page.evaluate(FARTHEST, [1.0, -1.2])
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5, y - 6, steps=4)
    page.mouse.up()
    tab.until("!preview && study.reading.undo")
    assert tab.text("#lv-edv_ml") != before
    assert "pull" in tab.text("#undo")
    page.mouse.move(x + 5, y - 6)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    folder = Path(os.environ.get("CARDIACSEG_PICTURES", tmp_path)).resolve()
    picture.save(folder / "browser-read.png", optimize=True)
    assert (folder / "browser-read.png").stat().st_size < MOST_BYTES
    assert page.evaluate("byId('findings').getBoundingClientRect().top < innerHeight"), (
        "numbers, curve and findings show"
    )
