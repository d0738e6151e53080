"""Single content items of the report: a number with all that qualifies it, a line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.assessment import Code
from CardiacSegmentationLib.export.dicom_codes import (
    COMMENT,
    CYCLE_PHASE,
    EXCLUDED,
    INCLUDED,
    MAXIMUM,
    MEAN,
    PAPILLARY_MUSCLE,
)
from CardiacSegmentationLib.export.dicom_objects import PRIVATE_SCHEME, concept, new_uid
from CardiacSegmentationLib.segmentation import Papillary

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Measurement, ReferenceRange
    from CardiacSegmentationLib.reading import Conventions

VOLUMES, MASSES = ("edv_ml", "esv_ml"), ("mass_g", "mass_es_g")


def make_measurement(part: str, item: Measurement, value: float, conventions: Conventions) -> Any:
    """One of our measurements; what has no public code gets one of our own, named as in ``measurements.json``."""
    name = f"{part}.{item.key}"
    made = make_number(
        item.code or Code(PRIVATE_SCHEME, name, item.title[:64]),
        value,
        item.ucum,
        name,
        decimals=item.decimals,
        derivation=MAXIMUM if "_max_" in item.key else MEAN if "_mean_" in item.key else None,
        reference=item.reference,
    )
    if part == "lv" and item.key in (*VOLUMES, *MASSES):
        in_volume = conventions.papillary is Papillary.VOLUME
        included = in_volume if item.key in VOLUMES else not in_volume
        _qualify(made, PAPILLARY_MUSCLE, INCLUDED if included else EXCLUDED)
    if item.note:
        made[0].ContentSequence.append(make_text(COMMENT, item.note, "HAS PROPERTIES"))
    return made


def make_number(
    code: Code,
    value: float,
    unit: str,
    name: str,
    phase: Code | None = None,
    *,
    site: Code | None = None,
    derivation: Code | None = None,
    reference: ReferenceRange | None = None,
    decimals: int = 1,
) -> Any:
    """A number with its unit and what qualifies it, rounded as the tables show it."""
    from highdicom.sr import FindingSite, Measurement, TrackingIdentifier

    made = Measurement(
        name=concept(code),
        value=round(float(value), decimals) + 0.0,  # zero has no sign
        unit=_unit(unit),
        tracking_identifier=TrackingIdentifier(uid=new_uid(), identifier=name),
        derivation=concept(derivation) if derivation else None,
        finding_sites=[FindingSite(anatomic_location=concept(site))] if site else None,
        properties=_properties(reference, unit) if reference else None,
    )
    if phase:
        _qualify(made, CYCLE_PHASE, phase)
    return made


def make_text(code: Code, text: str, relation: str = "CONTAINS") -> Any:
    """A line of text under a coded name."""
    from highdicom.sr import TextContentItem

    return TextContentItem(name=concept(code), value=text, relationship_type=relation)


def _qualify(measurement: Any, name: Code, value: Code) -> None:
    from highdicom.sr import CodeContentItem

    measurement[0].ContentSequence.append(
        CodeContentItem(name=concept(name), value=concept(value), relationship_type="HAS CONCEPT MOD")
    )


def _unit(ucum: str) -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept(value=ucum, scheme_designator="UCUM", meaning=ucum)


def _properties(reference: ReferenceRange, unit: str) -> Any:
    """The limits of normal, for whom they hold and who says so."""
    from highdicom.sr import MeasurementProperties, NormalRangeProperties, NumContentItem
    from pydicom.sr.codedict import codes

    limits = [
        NumContentItem(name=name, value=value, unit=_unit(unit), relationship_type="HAS PROPERTIES")
        for name, value in (
            (codes.SCT.NormalRangeLowerLimit, reference.low),
            (codes.SCT.NormalRangeUpperLimit, reference.high),
        )
    ]
    ranges = NormalRangeProperties(values=limits, description=reference.group, authority=reference.source)
    return MeasurementProperties(normal_range_properties=ranges)
