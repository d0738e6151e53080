"""One file per kind of source; a reader is a module with ``read(folder) -> Iterator[Subject]``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cardiactrain.data.subject import Subject

READERS = {
    "acdc": "ACDC as downloaded: patientNNN/ with NIfTI and Info.cfg",
    "mms": "M&Ms as downloaded: a csv and folders of NIfTI",
    "sunnybrook": "Sunnybrook as downloaded: DICOM and contour text files",
    "chla": "the CHLA paediatric set as MATLAB files",
    "compact": "the compact .npz files of ACDC, CHLA and Sunnybrook",
    "dicom-seg": "any folder of studies, each with DICOM images and DICOM SEG",
}


def read_source(kind: str, folder: Path) -> Iterator[Subject]:
    """Read every subject of a source folder."""
    if kind not in READERS:
        msg = f"Unknown kind of data {kind!r}: choose one of {', '.join(READERS)}."
        raise DataError(msg)
    if not folder.is_dir():
        msg = f"{folder} is no folder."
        raise DataError(msg)
    reader = import_module(f"cardiactrain.data.readers.{kind.replace('-', '_')}")
    subjects: Iterator[Subject] = reader.read(folder)
    return subjects
