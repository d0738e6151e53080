"""How each structure is named, coloured and coded wherever it leaves the program: in Slicer, in files, in reports."""

from __future__ import annotations

from dataclasses import dataclass

from CardiacSegmentationLib.assessment import Code
from CardiacSegmentationLib.segmentation import Label

ANATOMICAL_STRUCTURE = Code("SCT", "123037004", "Anatomical Structure")
TERMINOLOGY_CONTEXT = "Segmentation category and type - Cardiac cine MR"  # Resources/Terminologies


@dataclass(frozen=True)
class Structure:
    """One segmented structure; ``segment_id`` is the same in every phase and never translated."""

    label: Label
    segment_id: str
    name: str
    code: Code
    color_rgb: tuple[int, int, int]

    @property
    def terminology_entry(self) -> str:
        """The text of Slicer's segment tag ``TerminologyEntry``: context, category, type, no region."""
        parts = (TERMINOLOGY_CONTEXT, _triplet(ANATOMICAL_STRUCTURE), _triplet(self.code), "^^", "", "^^", "^^")
        return "~".join(parts)


# The colours are three of Okabe and Ito's palette, which colour-blind readers tell apart too.
BY_LABEL = {
    Label.LV: Structure(Label.LV, "LV", "LV cavity", Code("SCT", "87878005", "Left ventricle"), (213, 94, 0)),
    Label.MYO: Structure(
        Label.MYO, "MYO", "LV myocardium", Code("SCT", "49848007", "Myocardium of left ventricle"), (0, 158, 115)
    ),
    Label.RV: Structure(Label.RV, "RV", "RV cavity", Code("SCT", "53085002", "Right ventricle"), (86, 180, 233)),
}


def _triplet(code: Code) -> str:
    return f"{code.scheme}^{code.value}^{code.meaning}"
