"""Slicer's terminology lists, shortened.

vtkSlicerTerminologiesModuleLogic::LoadDefaultTerminologies reads three files from the module's share directory
(Modules/Loadable/Terminologies/Resources). The wheel has the logic but not the files, and the logic reports each
missing file as an error. These are files of the same names and form, with the few terms a heart study meets; like the
real ones they know both ventricles only as anatomic regions and do not know the myocardium.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "https://raw.githubusercontent.com/qiicr/dcmqi/master/doc/schemas"


def write_default_terms(folder: Path) -> None:
    """Write the three lists that Slicer loads by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    lists = {
        "SegmentationCategoryTypeModifier-SlicerGeneralAnatomy": _types(
            "Segmentation category and type - 3D Slicer General Anatomy list", _term("80891009", "Heart")
        ),
        "SegmentationCategoryTypeModifier-DICOM-Master": _types(
            "Segmentation category and type - DICOM master list", _term("80891009", "Heart")
        ),
        "AnatomicRegionAndModifier-DICOM-Master": _regions(
            "Anatomic codes - DICOM master list",
            _term("87878005", "Left ventricle"),
            _term("53085002", "Right ventricle"),
        ),
    }
    for name, content in lists.items():
        (folder / f"{name}.term.json").write_text(json.dumps(content), encoding="utf-8")


def _types(name: str, *types: dict[str, Any]) -> dict[str, Any]:
    category = {**_term("123037004", "Anatomical Structure"), "showAnatomy": True, "Type": list(types)}
    return {
        "SegmentationCategoryTypeContextName": name,
        "@schema": f"{SCHEMA}/segment-context-schema.json#",
        "SegmentationCodes": {"Category": [category]},
    }


def _regions(name: str, *regions: dict[str, Any]) -> dict[str, Any]:
    return {
        "AnatomicContextName": name,
        "@schema": f"{SCHEMA}/anatomic-context-schema.json#",
        "AnatomicCodes": {"AnatomicRegion": list(regions)},
    }


def _term(value: str, meaning: str) -> dict[str, Any]:
    return {
        "CodeMeaning": meaning,
        "CodingSchemeDesignator": "SCT",
        "CodeValue": value,
        "recommendedDisplayRGBValue": [206, 110, 84],
    }
