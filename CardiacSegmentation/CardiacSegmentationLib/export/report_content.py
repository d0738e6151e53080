"""What a report is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.export.corrections import Corrections, find_corrections
from CardiacSegmentationLib.export.report_template import SiteTemplate
from CardiacSegmentationLib.export.wording import phrase, word
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

FOOTER_MM = 14.0


@dataclass(frozen=True)
class Content:
    """Everything a report is made from."""

    stack: CineStack
    segmentation: Segmentation
    assessment: Assessment
    facts: Mapping[str, str] = field(default_factory=dict)  # what the source says about patient and study
    paper: str = "A4"
    created: str = ""
    language: str = DEFAULT_LANGUAGE
    template: SiteTemplate = field(default_factory=SiteTemplate)

    @cached_property
    def corrections(self) -> Corrections:
        """What the reader changed."""
        return find_corrections(self.segmentation, self.assessment)

    def phrase(self, code: str, **values: Any) -> str:
        """A sentence of the catalogue in the report's language."""
        return phrase(code, self.language, **values)

    def word(self, text: str) -> str:
        """A title in the report's language."""
        return word(text, self.language)
