"""One file per kind of source; a reader is a module with ``find(folder) -> Iterator[Found]``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cardiactrain.data.readers.reading import naming
from cardiactrain.errors import DataError
from cardiactrain.parallel import map_in_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cardiactrain.data.readers.reading import Found
    from cardiactrain.data.subject import Subject

READERS = {
    "acdc": "ACDC as downloaded: patientNNN/ with NIfTI and Info.cfg",
    "mms": "M&Ms as downloaded: a csv and folders of NIfTI",
    "sunnybrook": "Sunnybrook as downloaded: DICOM and contour text files",
    "chla": "the CHLA paediatric set as downloaded: MATLAB files and Metadata.csv",
    "compact": "the compact .npz files of ACDC, CHLA and Sunnybrook",
    "dicom-seg": "any folder of studies, each with DICOM images and DICOM SEG",
}


def read_source(kind: str, folder: Path) -> Iterator[Subject]:
    """Read every subject of a source folder; whatever is wrong with one names its folder or file."""
    if kind not in READERS:
        msg = f"Unknown kind of data {kind!r}: choose one of {', '.join(READERS)}."
        raise DataError(msg)
    if not folder.is_dir():
        msg = f"{folder} is no folder."
        raise DataError(msg)
    reader = import_module(f"cardiactrain.data.readers.{kind.replace('-', '_')}")
    return _read_each(folder, reader.find)


def _read_each(folder: Path, find: Callable[[Path], Iterator[Found]]) -> Iterator[Subject]:
    with naming(folder):
        found = list(find(folder))
    for subject in map_in_processes(_read_one, found):
        if subject is not None:
            yield subject


def _read_one(found: Found) -> Subject | None:
    place, read = found
    with naming(place):
        return read()
