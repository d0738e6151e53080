"""What is selected in Slicer's DICOM browser."""

from __future__ import annotations

from pathlib import Path

import slicer


def selected_files() -> list[Path]:
    """The files of the selected patients, studies or series; none where the browser was never opened.

    ``SlicerDICOMBrowser.fileLists`` (DICOMLib/DICOMBrowser.py) has one list for each selected series.
    """
    module = getattr(slicer.modules, "DICOMInstance", None)
    browser = getattr(module, "browserWidget", None)
    return [Path(file) for files in getattr(browser, "fileLists", []) for file in files]
