"""Random damage: a stack with findings or a clear error, never anything else."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.cine import describe_study, find_stacks, read_stack
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.phantom import PhantomSpec, write_study
from pydicom.dataelem import RawDataElement
from pydicom.uid import ExplicitVRLittleEndian

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.stack import CineStack

LAYOUTS = ("ge", "siemens", "philips", "enhanced", "rle")
GARBAGE = [b"", b"\0\0", b"NaN ", b"-1", b"0 ", b"1e308 ", b"99999999999999", b"A\\B\\C ", b"\xff\xfe\xfd\xfc"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A study small enough to be spoiled hundreds of times."""
    folder = tmp_path_factory.mktemp("tiny")

    def write(layout: str) -> Path:
        if not (folder / layout).exists():
            write_study(folder / layout, PhantomSpec(slices=6, phases=4, pixel_mm=4.0, layout=layout))
        return folder / layout

    return write


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_spoiled_the_importer_keeps_its_word(
    seed: int, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    chance = np.random.default_rng(seed)
    folder = Path(shutil.copytree(tiny(LAYOUTS[seed % len(LAYOUTS)]), tmp_path / "study"))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in chance.choice(np.array(files), size=chance.integers(1, len(files) + 1), replace=False):
        spoil(path, chance)
    try:
        study = find_stacks(folder)
        describe_study(study)
    except StudyError:
        return
    for index in range(len(study.stacks)):
        with suppress(StudyError):
            require_sound(read_stack(study, index))


def require_sound(stack: CineStack) -> None:
    assert stack.voxels.shape[:2] == (stack.phases, stack.slices)
    assert np.isfinite(stack.affine).all()
    assert np.isfinite(stack.times_ms).all()
    assert (np.diff(stack.times_ms) > 0).all()


def spoil(path: Path, chance: np.random.Generator) -> None:
    """Drop or garble elements, flip bytes, cut off or empty a file."""
    how = chance.integers(6)
    data = bytearray(path.read_bytes())
    if how == 0:
        path.write_bytes(data[: chance.integers(len(data))])
    elif how == 1:
        for place in chance.integers(len(data), size=20):
            data[place] = chance.integers(256)
        path.write_bytes(data)
    elif how == 2:
        for place in chance.integers(min(len(data), 2000), size=5):  # in the header
            data[place] = chance.integers(256)
        path.write_bytes(data)
    elif how == 3 and chance.random() < 0.1:
        path.unlink()
    elif path.suffix not in (".json", ".gz"):
        spoil_elements(path, chance)


def spoil_elements(path: Path, chance: np.random.Generator) -> None:
    image = pydicom.dcmread(path)
    tags = [tag for tag in image.keys() if tag.group != 2]  # noqa: SIM118 - a dataset iterates over elements
    for number in chance.choice(np.array(tags, dtype=np.uint32), size=chance.integers(1, 4), replace=False):
        tag = pydicom.tag.Tag(int(number))
        if chance.random() < 0.4 or image[tag].VR == "SQ":
            del image[tag]
        elif tag.group != 0x7FE0:
            value = GARBAGE[chance.integers(len(GARBAGE))]
            implicit = image.file_meta.TransferSyntaxUID != ExplicitVRLittleEndian
            image[tag] = RawDataElement(tag, image[tag].VR, len(value), value, 0, implicit, True)
    try:
        image.save_as(path)
    except Exception:  # pydicom refuses to write some of it: then the file is left cut off
        path.write_bytes(path.read_bytes()[:500])
