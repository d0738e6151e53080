"""De-identification of everything we write, after the Basic Profile of DICOM PS3.15 (Annex E).

What leaves is built from what may stay, not cleaned of what must go: headers keep geometry and nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.export.dicom_source import STUDY_ELEMENTS, DicomSource, SourceImage, text_in
from CardiacSegmentationLib.findings import WITHHELD, withhold
from CardiacSegmentationLib.stack import Patient

if TYPE_CHECKING:
    from pydicom import Dataset

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.journal import JournalEntry
    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.stack import CineStack

KEY_VARIABLE = "CARDIACSEG_DEIDENTIFY_KEY"
PSEUDONYM_BYTES = 6  # of ten thousand patients, two have the same one with a chance of 2 in 10 million
# Entries of the journal that hold a name, or a fact about the patient.
TELLING_ACTIONS = frozenset({"sign", "unlock", "patient"})
DUMMY_DATE, DUMMY_TIME = "19000101", "000000"
MADE = ("Content", "StructureSet")  # what the standard calls the date on which an object was made
UIDS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")
GEOMETRY = (
    "SOPClassUID", "Modality", "Rows", "Columns", "NumberOfFrames", "ImagePositionPatient", "ImageOrientationPatient",
    "PixelSpacing", "SliceThickness", "SpacingBetweenSlices",
)  # fmt: skip
FRAME_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
FRAME_GEOMETRY = ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113108", "Retain Patient Characteristics Option"),  # body surface; sex, where normal ranges are shown
)


@dataclass(frozen=True)
class Deidentifier:
    """Gives the patient one pseudonym and every UID one substitute; the same key gives the same ones again."""

    key: bytes = field(repr=False)
    pseudonym: str = ""

    @classmethod
    def create(cls, pseudonym: str = "") -> Deidentifier:
        """With the key in ``$CARDIACSEG_DEIDENTIFY_KEY``, else with a new one that nobody keeps."""
        key = os.environ.get(KEY_VARIABLE, "").encode()
        return cls(key or secrets.token_bytes(32), pseudonym)

    def name_of(self, identity: str) -> str:
        """The pseudonym: the one given, or one that follows from the key and who the patient is."""
        return self.pseudonym or f"ANON-{self._digest('patient', identity)[:PSEUDONYM_BYTES].hex().upper()}"

    def uid(self, uid: str) -> str:
        """The substitute of a UID."""
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:16], 'big')}"

    def hide_source(self, source: DicomSource) -> DicomSource:
        """Headers that hold geometry, substituted UIDs and the pseudonym."""
        hidden = {str(header.SOPInstanceUID): self._hide_header(header) for header in source.headers}

        def hide(image: SourceImage | None) -> SourceImage | None:
            return None if image is None else SourceImage(hidden[str(image.header.SOPInstanceUID)], image.frame)

        images = {phase: tuple(map(hide, row)) for phase, row in source.images.items()}
        return DicomSource(hidden[str(source.first.SOPInstanceUID)], images)

    def hide_stack(self, stack: CineStack) -> CineStack:
        """The stack without what its source says about the patient, and without the way back; its pixels stay."""
        uids = tuple(tuple(uid and self.uid(uid) for uid in row) for row in stack.instance_uids)
        findings = tuple(map(withhold, stack.findings))
        return replace(stack, patient=Patient(), title="", findings=findings, instance_uids=uids, source=None)

    def hide_assessment(self, assessment: Assessment) -> Assessment:
        """The numbers without the patient they depend on, and without the person who read them."""
        return replace(
            assessment,
            patient=Patient(),
            reading=hide_reading(assessment.reading),
            findings=tuple(map(withhold, assessment.findings)),
            automatic=None if assessment.automatic is None else self.hide_assessment(assessment.automatic),
        )

    def finish(self, dataset: Dataset) -> Dataset:
        """Take out of one of our own objects when it was made, and say what was done."""
        from pydicom.sr.coding import Code

        for keyword in ("InstanceCreationDate", "InstanceCreationTime", "ContributingEquipmentSequence"):
            if keyword in dataset:
                delattr(dataset, keyword)
        for what in MADE:
            if f"{what}Date" in dataset:
                setattr(dataset, f"{what}Date", DUMMY_DATE)
                setattr(dataset, f"{what}Time", DUMMY_TIME)
        if "BurnedInAnnotation" in dataset:
            dataset.BurnedInAnnotation = "NO"  # the report's pages show the pseudonym only
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = "Rebuilt from geometry and numbers, UIDs substituted"
        dataset.DeidentificationMethodCodeSequence = [
            _code_item(Code(value, "DCM", meaning)) for value, meaning in METHODS
        ]
        return dataset

    def _hide_header(self, header: Dataset) -> Dataset:
        from pydicom import Dataset as NewDataset

        hidden = NewDataset()
        for keyword in STUDY_ELEMENTS:
            setattr(hidden, keyword, "")
        hidden.PatientName = hidden.PatientID = self.name_of(identify(header))
        hidden.SpecificCharacterSet = "ISO_IR 192"
        for keyword in GEOMETRY:
            if keyword in header:
                setattr(hidden, keyword, header[keyword].value)
        for keyword in UIDS:
            setattr(hidden, keyword, self.uid(str(header.get(keyword, ""))))
        for group in FRAME_GROUPS:
            if header.get(group):
                setattr(hidden, group, [_keep_geometry(item) for item in header[group].value])
        return hidden

    def _digest(self, purpose: str, text: str) -> bytes:
        return hmac.digest(self.key, f"{purpose}:{text}".encode(), hashlib.sha256)


def identify(header: Dataset) -> str:
    """Who the patient is, as far as the header tells patients apart."""
    return text_in(header, "PatientID") or text_in(header, "PatientName")


def _keep_geometry(item: Dataset) -> Dataset:
    from pydicom import Dataset as NewDataset

    kept = NewDataset()
    for keyword in FRAME_GEOMETRY:
        if keyword in item:
            setattr(kept, keyword, item[keyword].value)
    return kept


def hide_reading(reading: Reading) -> Reading:
    """The decisions without who made them and when, without facts about the patient, and without free text."""
    return replace(
        reading,
        patient=Patient(),
        reader="",
        impression="",
        signature=None,
        journal=tuple(map(_hide_entry, reading.journal)),
    )


def _hide_entry(entry: JournalEntry) -> JournalEntry:
    """What was done and where stays; when, by whom, and facts about the patient do not."""
    if entry.action in TELLING_ACTIONS:
        return replace(entry, when="", before=WITHHELD, after=WITHHELD)
    return replace(entry, when="")


def _code_item(code: Any) -> Dataset:
    from highdicom.sr import CodedConcept

    item: Dataset = CodedConcept.from_code(code)
    return item
