"""The coded concepts of the structured report that are not the measurements' own."""

from __future__ import annotations

from CardiacSegmentationLib.assessment import Code
from CardiacSegmentationLib.export.dicom_objects import PRIVATE_SCHEME
from CardiacSegmentationLib.segmentation import Papillary

END_DIASTOLE, END_SYSTOLE = Code("SCT", "416190007", "End diastole"), Code("SCT", "416430001", "End Systole")
HEART = Code("SCT", "80891009", "Heart")
VOLUME = Code("SCT", "118565006", "Volume")
WALL_THICKNESS = Code("DCM", "122445", "Wall Thickness")
WALL_THICKENING = Code(PRIVATE_SCHEME, "WALL_THICKENING", "Wall thickening from end-diastole to end-systole")
PAPILLARY_CONVENTION = Code(PRIVATE_SCHEME, "PAPILLARY", "Papillary muscle convention")
PAPILLARY_VALUES = {
    Papillary.VOLUME: Code(PRIVATE_SCHEME, "PAP_VOLUME", "Papillary muscles counted in the blood volume"),
    Papillary.MASS: Code(PRIVATE_SCHEME, "PAP_MASS", "Papillary muscles counted in the myocardial mass"),
}
BSA_FORMULA = Code(PRIVATE_SCHEME, "BSA_FORMULA", "Body surface area formula")
BASAL_RULE = Code(PRIVATE_SCHEME, "BASAL_RULE", "Rule for basal slices")
KEY_PHASES = Code(PRIVATE_SCHEME, "KEY_PHASES", "Phases measured")
NOT_KNOWN = Code(PRIVATE_SCHEME, "NOT_KNOWN", "Not measured, and why")
DISCLAIMER = Code(PRIVATE_SCHEME, "DISCLAIMER", "What these numbers may be used for")
CORRECTIONS = Code(PRIVATE_SCHEME, "CORRECTIONS", "What the reader changed")
JOURNAL = Code(PRIVATE_SCHEME, "JOURNAL", "Journal of the reader's work")
IMPRESSION = Code("DCM", "121073", "Impression")
FINDING = Code(PRIVATE_SCHEME, "FINDING", "Finding about images, labels or numbers")

CYCLE_PHASE = Code("SCT", "246092007", "Cardiac cycle phase")
COMMENT = Code("DCM", "121106", "Comment")
MAXIMUM, MEAN = Code("SCT", "56851009", "Maximum"), Code("SCT", "373098007", "Mean")
PAPILLARY_MUSCLE = Code("DCM", "122670", "Papillary Muscle Included/Excluded")
EXCLUDED = Code("DCM", "122620", "Papillary Muscle Excluded")
INCLUDED = Code("DCM", "122621", "Papillary Muscle Included")

AHA_SEGMENTS = {
    1: Code("SCT", "264850008", "left ventricle basal anterior segment"),
    2: Code("SCT", "396482007", "left ventricle basal anteroseptal segment"),
    3: Code("SCT", "396646008", "left ventricle basal inferoseptal segment"),
    4: Code("SCT", "264846001", "left ventricle basal inferior segment"),
    5: Code("SCT", "396652009", "left ventricle basal inferolateral segment"),
    6: Code("SCT", "396654005", "left ventricle basal anterolateral segment"),
    7: Code("SCT", "264848000", "left ventricle mid anterior segment"),
    8: Code("SCT", "396647004", "left ventricle mid anteroseptal segment"),
    9: Code("SCT", "396649001", "left ventricle mid inferoseptal segment"),
    10: Code("SCT", "264847005", "left ventricle mid inferior segment"),
    11: Code("SCT", "396655006", "left ventricle mid inferolateral segment"),
    12: Code("SCT", "396656007", "left ventricle mid anterolateral segment"),
    13: Code("SCT", "264844003", "left ventricle apical anterior segment"),
    14: Code("SCT", "264845002", "left ventricle apical septal segment"),
    15: Code("SCT", "264849008", "left ventricle apical inferior segment"),
    16: Code("SCT", "264853005", "left ventricle apical lateral segment"),
    17: Code("SCT", "128564006", "Apex of left ventricle"),
}
