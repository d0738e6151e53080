"""The way out of the numbers and labels: one function per button, each returns the files it wrote.

Every study has a folder of its own in the one that the user chose: nothing of one patient takes another's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.export.study_row import study_folder_name
from CardiacSegmentationLib.gui.packages import ensure_packages
from CardiacSegmentationLib.scene.dicom import identifiers_of_study
from CardiacSegmentationLib.scene.study import stack_of
from CardiacSegmentationLib.session.recovery import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.study import Study

MARK = ".study"  # a file in a result folder: the fingerprint of the images that its results are about


@dataclass(frozen=True)
class Export:
    """What one button does, and the names of the files that it replaces."""

    write: Callable[[LiveStudy, Path], list[Path]]
    patterns: tuple[str, ...]

    def replaced(self, folder: Path) -> list[Path]:
        """What is there already."""
        return sorted(path for pattern in self.patterns for path in folder.glob(pattern))


def study_folder(study: Study, parent: Path) -> Path:
    """The study's own folder, named after patient, date and series.

    Equal names are no equal studies: a folder that holds the results of other images is passed by.
    """
    identifiers, images = identifiers_of_study(study), fingerprint(stack_of(study))
    folders = (parent / study_folder_name(identifiers, load) for load in count(1))
    return next(folder for folder in folders if not folder.is_dir() or _read_mark(folder) == images)


def mark_folder(study: Study, folder: Path) -> None:
    """Note in a folder whose results it holds."""
    with atomic_path(folder / MARK) as temporary:
        temporary.write_text(fingerprint(stack_of(study)), encoding="ascii")


def write_csv(live: LiveStudy, folder: Path) -> list[Path]:
    """Measures, slices and phases as tables for a spreadsheet."""
    from CardiacSegmentationLib.export import tables

    files = {
        "measurements.csv": tables.write_measurements_csv,
        "slices.csv": tables.write_slices_csv,
        "phases.csv": tables.write_phases_csv,
    }
    for name, write in files.items():
        write(live.assessment, folder / name)
    return [folder / name for name in files]


def write_json(live: LiveStudy, folder: Path) -> list[Path]:
    """All numbers for other programs."""
    from CardiacSegmentationLib.export.tables import write_measurements_json

    path = folder / "measurements.json"
    write_measurements_json(live.assessment, path)
    return [path]


def write_report(live: LiveStudy, folder: Path) -> list[Path]:
    """The report as PDF."""
    ensure_packages(["matplotlib"])
    return _write_parts(live, folder, "report")


def write_nifti(live: LiveStudy, folder: Path) -> list[Path]:
    """The label map of all phases, on the grid of the source."""
    return _write_parts(live, folder, "labels")


def write_dicom(live: LiveStudy, folder: Path) -> list[Path]:
    """DICOM segmentations of ED and ES and a structured report; also into Slicer's DICOM database."""
    ensure_packages(["highdicom"])
    written = _write_parts(live, folder, "dicom-seg", "dicom-sr")
    database = getattr(slicer, "dicomDatabase", None)
    if database is not None and database.isOpen:
        database.prepareInsert()
        for path in written:
            database.insert(str(path))
        database.updateDisplayedFields()
        database.databaseChanged()  # an open browser looks again
    return written


def write_scene(_live: LiveStudy, folder: Path) -> list[Path]:
    """The whole scene; whoever opens it goes on where this session stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scene.mrb"
    if not slicer.util.saveScene(str(path)):
        raise ExportError(_("{path} could not be written. Slicer's error log says why.").format(path=path))
    return [path]


EXPORTS = {  # by their buttons
    "csvButton": Export(write_csv, ("measurements.csv", "slices.csv", "phases.csv")),
    "jsonButton": Export(write_json, ("measurements.json",)),
    "reportButton": Export(write_report, ("report.pdf",)),
    "niftiButton": Export(write_nifti, ("labels.nii.gz",)),
    "dicomButton": Export(write_dicom, ("dicom/seg_*.dcm", "dicom/sr.dcm")),
    "sceneButton": Export(write_scene, ("scene.mrb",)),
}


def _write_parts(live: LiveStudy, folder: Path, *parts: str) -> list[Path]:
    from CardiacSegmentationLib.export.results import write_results

    session = live.session
    return write_results(folder, session.stack, session.segmentation, session.assessment, parts)


def _read_mark(folder: Path) -> str:
    mark = folder / MARK
    return mark.read_text(encoding="ascii", errors="replace") if mark.is_file() else ""
