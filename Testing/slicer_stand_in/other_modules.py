"""Two of Slicer's other scripted modules and the DICOM database, as far as ours talks to them.

=============  ==============================================================================================
DICOMLib       Modules/Scripted/DICOMLib: the base class of DICOM plugins and what they return (DICOMPlugin.py), how
               they are asked (DICOMUtils.py)
DicomDatabase  ctkDICOMDatabase (commontk/CTK, Libs/DICOM/Core): look-up by file and series, ``insert``
DicomBrowser   SlicerDICOMBrowser (DICOMLib/DICOMBrowser.py) with its two browsers; DICOM.py keeps which one is in use
SampleData     Modules/Scripted/SampleData/SampleData.py: registering a source; its button calls ``customDownloader``
=============  ==============================================================================================
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    from collections.abc import Sequence


class DICOMLoadable:
    """DICOMPlugin.py, ``DICOMLoadable``: its attributes and their defaults."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.name, self.tooltip, self.warning = "Unknown", "No further information available", ""
        self.selected, self.confidence = False, 0.5


class DICOMPlugin:
    """DICOMPlugin.py, ``DICOMPlugin``: the cache of loadables, and where nodes go in the subject hierarchy."""

    def __init__(self) -> None:
        self.loadType = "Generic DICOM"
        self.tags: dict[str, str] = {}
        self.filed: list[tuple[Any, Any]] = []  # for tests: what was filed in the subject hierarchy

    def examine(self, file_lists: list[list[str]]) -> list[Any]:
        return self.examineForImport(file_lists)

    def examineForImport(self, file_lists: list[list[str]]) -> list[Any]:
        return []

    def addSeriesInSubjectHierarchy(self, loadable: Any, node: Any) -> None:
        self.filed.append((loadable, node))


class DicomDatabase:
    """ctkDICOMDatabase: what was inserted, and what it says of a file; an unknown one has empty fields."""

    def __init__(self) -> None:
        self.inserted: list[Path] = []
        self.modalities: dict[str, str] = {}  # for tests: of the series of a file
        self.series: dict[str, list[str]] = {}  # for tests: the files of each series
        self.listed: list[Path] = []  # what open browsers list: they look again when the database says so
        self.isOpen, self.is_prepared = True, False

    def prepareInsert(self) -> None:
        self.is_prepared = True

    def insert(self, filePath: str, storeFile: bool = True) -> None:
        assert self.is_prepared  # else series deleted meanwhile would be taken for known ones
        self.inserted.append(Path(filePath))

    def updateDisplayedFields(self) -> None:
        """Fills the columns that browsers show; what is inserted has none before."""
        self._displayable = list(self.inserted)

    _displayable: Sequence[Path] = ()

    def databaseChanged(self) -> None:
        self.listed = list(self._displayable)

    def filesForSeries(self, seriesUID: str) -> list[str]:
        return self.series[seriesUID]

    def seriesForFile(self, fileName: str) -> str:
        return f"series of {fileName}" if fileName in self.modalities else ""

    def fieldForSeries(self, field: str, seriesUID: str) -> str:
        assert field == "Modality"
        return self.modalities.get(seriesUID.removeprefix("series of "), "")


class DicomBrowser:
    """The classic browser fills ``fileLists`` at each selection; the visual one leaves it as it was."""

    def __init__(self) -> None:
        self.fileLists: list[list[str]] = []
        self._selected: list[str] = []
        view = SimpleNamespace(selectedSeriesInstanceUIDs=lambda: tuple(self._selected))
        self.dicomVisualBrowser = SimpleNamespace(patientView=lambda: view)

    def select(self, series: list[str]) -> None:
        """For tests: click on series in the browser that is in use."""
        if slicer.util.toBool(slicer.app.settings().value("DICOM/UseVisualDICOMBrowser", False)):
            self._selected = series
        else:
            self.fileLists = [slicer.dicomDatabase.filesForSeries(uid) for uid in series]


def getLoadablesFromFileLists(file_lists: list[list[str]]) -> tuple[dict[Any, list[Any]], bool]:
    """DICOMUtils.getLoadablesFromFileLists: an empty answer makes it ask again by the old name."""
    plugins = [plugin() for plugin in slicer.modules.dicomPlugins.values()]
    offers = {plugin: plugin.examineForImport(file_lists) or plugin.examine(file_lists) for plugin in plugins}
    return offers, any(offers.values())


def dicom_lib() -> ModuleType:
    """The module ``DICOMLib``."""
    module = ModuleType("DICOMLib")
    module.DICOMPlugin, module.DICOMLoadable = DICOMPlugin, DICOMLoadable  # type: ignore[attr-defined]
    module.DICOMUtils = SimpleNamespace(getLoadablesFromFileLists=getLoadablesFromFileLists)  # type: ignore[attr-defined]
    return module


class SampleDataLogic:
    """SampleData.py, ``SampleDataLogic.registerCustomSampleDataSource``."""

    @staticmethod
    def registerCustomSampleDataSource(category: str = "Custom", **source: Any) -> None:
        known = {"sampleName", "uris", "fileNames", "nodeNames", "customDownloader", "thumbnailFileName"}
        unknown = set(source) - known - {"loadFileType", "loadFiles", "loadFileProperties", "checksums"}
        if unknown or not isinstance(source.get("uris"), str):
            message = f"SampleDataSource needs text in uris and knows no {sorted(unknown)}"
            raise TypeError(message)
        if not hasattr(slicer.modules, "sampleDataSources"):
            slicer.modules.sampleDataSources = {}
        sources = slicer.modules.sampleDataSources.setdefault(category, [])
        if all(source["sampleName"] != known_source.sampleName for known_source in sources):
            sources.append(SimpleNamespace(**source))


def sample_data() -> ModuleType:
    """The module ``SampleData``."""
    module = ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic  # type: ignore[attr-defined]
    return module
