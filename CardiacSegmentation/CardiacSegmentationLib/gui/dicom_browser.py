"""What is selected in Slicer's DICOM browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer

IS_VISUAL = "DICOM/UseVisualDICOMBrowser"  # key in Slicer's settings: which of its two browsers is in use


def selected_files() -> list[Path]:
    """The files of the selected patients, studies or series; none where the browser was never opened."""
    module = getattr(slicer.modules, "DICOMInstance", None)
    browser = getattr(module, "browserWidget", None)
    is_visual = slicer.util.toBool(slicer.app.settings().value(IS_VISUAL, False))
    file_lists = _visually_selected(browser) if is_visual else getattr(browser, "fileLists", [])
    return [Path(file) for files in file_lists for file in files]


def _visually_selected(browser: Any) -> list[list[str]]:
    """``SlicerDICOMBrowser.fileLists`` (DICOMLib/DICOMBrowser.py) follows the classic browser alone."""
    visual = getattr(browser, "dicomVisualBrowser", None)
    if visual is None or not hasattr(visual, "patientView"):  # before Slicer 5.12
        return []
    return [slicer.dicomDatabase.filesForSeries(series) for series in visual.patientView().selectedSeriesInstanceUIDs()]
