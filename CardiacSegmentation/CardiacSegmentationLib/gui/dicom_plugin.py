"""The reader that Slicer's DICOM module offers: a short-axis cine as one item, however many series it lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer
from DICOMLib import DICOMLoadable, DICOMPlugin
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.dicom import Offer


class CardiacCinePlugin(DICOMPlugin):  # type: ignore[misc]
    """Slicer makes one when it starts, so the importer is imported only when there is something to examine."""

    def __init__(self) -> None:
        super().__init__()
        self.loadType = _("Short-axis cine")

    def examineForImport(self, file_lists: list[list[str]]) -> list[Any]:  # noqa: N802
        """What of the selected series can be loaded as a cine; the importer's doubts become its warning."""
        from CardiacSegmentationLib.scene.dicom import examine

        return [_loadable(offer) for offer in examine(files for files in file_lists if _may_be_mr(files))]

    def examine(self, file_lists: list[list[str]]) -> list[Any]:  # noqa: ARG002
        """Slicer asks again by this old name where the new one found nothing: the headers are not read twice."""
        return []

    def load(self, loadable: Any) -> bool:
        """Put it into the scene, under its patient and study."""
        from CardiacSegmentationLib.scene.dicom import load

        load(slicer.mrmlScene, loadable.files)
        return True


def _may_be_mr(files: list[str]) -> bool:
    """False where Slicer's database knows another modality: of such a series no header need be read."""
    database = getattr(slicer, "dicomDatabase", None)
    if database is None or not database.isOpen or not files:
        return True
    return database.fieldForSeries("Modality", database.seriesForFile(files[0])) in ("MR", "")


def _loadable(offer: Offer) -> Any:
    loadable = DICOMLoadable()
    for name in ("name", "warning", "tooltip", "confidence", "selected"):
        setattr(loadable, name, getattr(offer, name))
    loadable.files = list(offer.files)
    return loadable
