"""The way out of the numbers and labels: what can be written of a study, and the folder that it goes to.

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
from CardiacSegmentationLib.export.wording import capitalised, word
from CardiacSegmentationLib.gui.packages import ensure_packages
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.scene.dicom import identifiers_of_study
from CardiacSegmentationLib.scene.study import stack_of
from CardiacSegmentationLib.session.recovery import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.study import Study

PACKAGES = {  # that Slicer does not bring, by the parts that are made with them
    "report": ("matplotlib",),
    "dicom-seg": ("highdicom",),
    "dicom-sr": ("highdicom",),
    "dicom-pdf": ("matplotlib", "highdicom"),
    "dicom-rtstruct": ("highdicom",),
}
MARK = ".study"  # a file in a result folder: the fingerprint of the images that its results are about


@dataclass(frozen=True)
class Export:
    """One line of the menu: a part or several of them, by their names in the registry of results."""

    title: str
    parts: tuple[str, ...]
    is_offered: bool = True


def exports_of(live: LiveStudy | None) -> list[Export]:
    """Every part by itself, then groups of them, then everything; what the study does not allow is not offered."""
    from CardiacSegmentationLib.export.result_parts import PARTS
    from CardiacSegmentationLib.export.results import choose_parts, default_parts

    can = default_parts(live.session.stack) if live is not None else []
    parts = [name for name in PARTS if name != "uncertainty"]
    titles = {name: capitalised(word(PARTS[name].title, language())) for name in parts}
    groups = {_("All tables"): "tables", _("All DICOM objects"): "dicom"}
    return [
        *(Export(titles[name], (name,), name in can) for name in parts),
        *(
            Export(title, tuple(chosen), set(chosen) <= set(can))
            for title, chosen in ((title, choose_parts([group])) for title, group in groups.items())
        ),
        Export(_("Everything"), tuple(name for name in parts if name in can), bool(can)),
    ]


def can_be_sent(live: LiveStudy | None) -> bool:
    """Whether a study allows the DICOM objects, which are what a PACS takes."""
    from CardiacSegmentationLib.export.results import choose_parts, default_parts

    return live is not None and set(choose_parts(["dicom"])) <= set(default_parts(live.session.stack))


def replaced(parts: Iterable[str], folder: Path) -> list[Path]:
    """The files in a folder that parts would replace."""
    from CardiacSegmentationLib.export.result_parts import PARTS

    return sorted(path for name in parts for path in folder.glob(PARTS[name].pattern))


def write(
    live: LiveStudy, parts: Sequence[str], folder: Path, progress: Callable[[str, float], None] = lambda *_: None
) -> list[Path]:
    """Write parts into a folder and return their files; DICOM objects also go into Slicer's DICOM database.

    ``progress`` hears what is written next, in the reader's language, and how much is done; it may raise ``Cancelled``.
    """
    from CardiacSegmentationLib.export.result_parts import ExportOptions
    from CardiacSegmentationLib.export.results import write_results

    ensure_packages(dict.fromkeys(package for name in parts for package in PACKAGES.get(name, ())))
    session, chosen = live.session, [name for name in parts if name != "scene"]
    written = write_results(
        folder,
        session.stack,
        session.segmentation,
        session.assessment,
        chosen,
        options=ExportOptions(language=language()),
        progress=lambda title, done: progress(capitalised(word(title, language())), done),
    )
    _put_into_database([path for path in written if path.suffix == ".dcm"])
    return [*written, *([_write_scene(folder)] if "scene" in parts else [])]


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


def _put_into_database(files: list[Path]) -> None:
    database = getattr(slicer, "dicomDatabase", None)
    if files and database is not None and database.isOpen:
        database.prepareInsert()
        for path in files:
            database.insert(str(path))
        database.updateDisplayedFields()
        database.databaseChanged()  # an open browser looks again


def _write_scene(folder: Path) -> Path:
    """The whole scene; whoever opens it goes on where this session stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scene.mrb"
    if not slicer.util.saveScene(str(path)):
        raise ExportError(_("{path} could not be written. Slicer's error log says why.").format(path=path))
    return path


def _read_mark(folder: Path) -> str:
    mark = folder / MARK
    return mark.read_text(encoding="ascii", errors="replace") if mark.is_file() else ""
