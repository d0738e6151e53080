"""Studies as anonymisers, archives and examinations leave them; each differs as its docstring says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from CardiacSegmentationLib.phantom.rendering import SHORT_AXIS
from cine.foreign import STEP_MS, Foreign, Image, foreign, one_series_per_slice
from cine.spoiling import SPEC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


# --- anonymised ---


@foreign("uids-odd")
def anonymised_without_uids_and_dates(study: Foreign) -> None:
    """No study, series or frame of reference, no patient, dates of zeros."""
    gone = dict.fromkeys(("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PatientID", "PatientName"))
    dates = {"StudyDate": "00000000", "SeriesDate": "00000000", "AcquisitionDate": "00000000", "ContentDate": ""}
    study.each(lambda _: {**gone, **dates, "AcquisitionTime": "000000"}, study.images)


@foreign()
def anonymised_one_series_uid_for_each_file(study: Foreign) -> None:
    """Every file got its own SeriesInstanceUID."""
    study.each(lambda image: {"SeriesInstanceUID": f"2.25.8{image.data.SOPInstanceUID[5:30]}"}, study.images)


@foreign()
def anonymised_one_series_uid_for_all_files(study: Foreign) -> None:
    """And one number."""
    study.each(lambda _: {"SeriesInstanceUID": "2.25.8", "SeriesNumber": 1, "SeriesDescription": "ANON"}, study.images)


@foreign(about_study=["studies-scattered"])
def anonymised_one_study_uid_for_each_file(study: Foreign) -> None:
    """Every file got its own StudyInstanceUID."""
    study.each(lambda image: {"StudyInstanceUID": f"2.25.8{image.data.SOPInstanceUID[5:30]}"}, study.images)


@foreign()
def archived_with_a_series_for_each_phase(study: Foreign) -> None:
    """Split by phases, each a series with all slices."""
    study.each(lambda image: {"SeriesInstanceUID": f"2.25.8{image.phase}", "SeriesNumber": 80 + image.phase})


@foreign()
def archived_in_two_series_by_phases(study: Foreign) -> None:
    """The first half of the beat in one series, the second half in another."""
    half = SPEC.phases // 2
    study.each(
        lambda image: {"SeriesInstanceUID": f"2.25.8{image.phase // half}", "SeriesNumber": 80 + image.phase // half}
    )


@foreign()
def numbered_as_two_acquisitions_by_phases(study: Foreign) -> None:
    """The first half of the beat under one AcquisitionNumber, the second half under another."""
    study.each(lambda image: {"AcquisitionNumber": 1 + image.phase // (SPEC.phases // 2)})


# --- places ---


@foreign()
def equal_slice_locations(study: Foreign) -> None:
    """SliceLocation is 0 everywhere."""
    study.each(lambda _: {"SliceLocation": "0"}, study.images)


@foreign()
def places_rounded_to_a_millimetre(study: Foreign) -> None:
    """ImagePositionPatient in whole millimetres."""
    study.each(lambda image: {"ImagePositionPatient": [round(float(v)) for v in image.data.ImagePositionPatient]})


def _jitter(study: Foreign, mm: float) -> None:
    chance = np.random.default_rng(1)
    for image in study.sax:
        place = np.array(image.data.ImagePositionPatient, float) + chance.uniform(-mm, mm, 3)
        image.put(ImagePositionPatient=[f"{v:.4f}" for v in place])


@foreign()
def places_jittered_by_a_hundredth(study: Foreign) -> None:
    """Each image's own noise of 0.01 mm."""
    _jitter(study, 0.01)


@foreign()
def places_jittered_by_a_tenth(study: Foreign) -> None:
    """Each image's own noise of 0.1 mm."""
    _jitter(study, 0.1)


@foreign()
def places_jittered_by_half_a_millimetre(study: Foreign) -> None:
    """Each image's own noise of 0.5 mm, as of slices that follow the breath."""
    _jitter(study, 0.5)


@foreign()
def directions_rounded_to_two_decimals(study: Foreign) -> None:
    """ImageOrientationPatient with two decimals."""
    study.each(
        lambda image: {"ImageOrientationPatient": [f"{float(v):.2f}" for v in image.data.ImageOrientationPatient]},
        study.images,
    )


@foreign()
def slices_that_overlap_by_two_thirds(study: Foreign) -> None:
    """Thick slices, each a series of its own, at a third of their thickness."""
    one_series_per_slice(study)
    study.each(lambda image: {"SliceThickness": f"{3 * float(image.data.SpacingBetweenSlices):.1f}"})


@foreign()
def overlapping_slices_in_two_blocks(study: Foreign) -> None:
    """Slices thicker than their distance, the basal ones in one series, the apical ones in another."""
    thick = {"SliceThickness": f"{1.2 * float(study.sax[0].data.SpacingBetweenSlices):.1f}"}
    study.each(lambda image: {"SeriesInstanceUID": f"2.25.31{image.slice // 3}", "SeriesNumber": 31 + image.slice // 3})
    study.each(lambda _: thick)


# --- pixels ---


@foreign()
def signed_and_inverted_with_a_slope_for_each_image(study: Foreign) -> None:
    """MONOCHROME1, and RescaleSlope as Philips states it."""
    for image in study.sax:
        values = np.frombuffer(image.data.PixelData, "<u2").astype(int)
        image.put(PixelData=(4095 - values).astype("<u2").tobytes(), PhotometricInterpretation="MONOCHROME1")


@foreign(refused="12 bit")
def packed_twelve_bits(study: Foreign) -> None:
    """Two pixels in three bytes, as ACR-NEMA allowed."""
    study.images = study.sax
    for image in study.images:
        values = np.frombuffer(image.data.PixelData, "<u2").astype(np.uint32)
        pairs = (values[0::2] << 12 | values[1::2]).astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:]
        image.put(PixelData=pairs.tobytes(), BitsAllocated=12)


# --- times and repeats ---


def _beats(study: Foreign, count: int, time_ms: Callable[[int, int], float | None]) -> None:
    """Real time: the same heart over several beats."""
    more = []
    for beat in range(1, count):
        more += [image.copy(200 + beat) for image in study.sax]
    for number, image in enumerate([*study.sax, *more]):
        beat = number // (SPEC.slices * SPEC.phases)
        time = time_ms(beat, image.phase)
        image.put(
            TriggerTime=None if time is None else f"{time:.1f}",
            InstanceNumber=beat * SPEC.phases + image.phase + 1,
            SeriesInstanceUID="2.25.200",
            SeriesNumber=200,
            SeriesDescription="realtime SAX free breathing",
        )
    study.images += more


@foreign("phase-order", "times-assumed", "several-beats", timed=False, same=False)
def real_time_of_two_beats(study: Foreign) -> None:
    """TriggerTime counts on through two beats."""
    _beats(study, 2, lambda beat, phase: beat * SPEC.rr_ms + phase * STEP_MS)


@foreign("several-beats", same=False)
def real_time_that_counts_each_beat_anew(study: Foreign) -> None:
    """TriggerTime begins anew at each R wave, the phases fall elsewhere in each beat."""
    _beats(study, 3, lambda beat, phase: beat * 13.0 + phase * STEP_MS)


@foreign("rr-differs", timed=False)
def interval_shorter_than_the_phases_last(study: Foreign) -> None:
    """NominalInterval is another beat's: times reach beyond it."""
    study.each(lambda _: {"NominalInterval": "640", "HeartRate": None})


@foreign("phase-order", "times-assumed", timed=False)
def times_in_seconds(study: Foreign) -> None:
    """TriggerTime in seconds, where DICOM wants milliseconds."""
    study.each(lambda image: {"TriggerTime": f"{image.phase * STEP_MS / 1000:.4f}"})


@foreign("unequal-phases", same=False)
def half_of_the_slices_with_more_phases(study: Foreign) -> None:
    """Apical slices in eight phases, basal ones in seven."""
    study.images = [image for image in study.images if image.view != SHORT_AXIS or image.slice > 2 or image.phase < 7]
    study.each(
        lambda image: {"TriggerTime": f"{image.phase * SPEC.rr_ms / (8 if image.slice > 2 else 7):.1f}"}, study.sax
    )


@foreign("missing-slice", "reacquired-slice", same=False)
def one_slice_missing_and_one_taken_again(study: Foreign) -> None:
    """After a bad breath-hold slice 2 comes again at the end of the examination; slice 4 was never sent."""
    one_series_per_slice(study)
    study.images += [image.copy(99) for image in study.sax if image.slice == 1]
    study.images = [image for image in study.images if image.view != SHORT_AXIS or image.slice != 3]


@foreign()
def even_and_odd_slices_in_two_series(study: Foreign) -> None:
    """As some protocols interleave breath-holds."""
    study.each(lambda image: {"SeriesInstanceUID": f"2.25.30{image.slice % 2}", "SeriesNumber": 30 + image.slice % 2})


# --- whole examinations ---


def _examination(study: Foreign, names: dict[str, str]) -> None:
    """Everything a cardiac examination holds beside the cine, by its headers alone or with names."""
    sax = study.sax
    study.each(lambda _: {"SeriesDescription": names.get("cine", ""), "ProtocolName": None}, study.images)
    inversion = {"ScanningSequence": ["GR", "IR"], "SequenceVariant": ["SK", "SP"], "TriggerTime": "650"}
    extra: list[Image] = []

    def add(number: int, name: str, images: Iterable[Image], values: Callable[[Image], dict[str, Any]]) -> None:
        for image in images:
            again = image.copy(number, SeriesDescription=names.get(name, ""), **values(image))
            extra.append(again)

    add(301, "late", [i for i in sax if i.phase == 0], lambda _: {**inversion, "InversionTime": "300"})
    add(
        302,
        "t1",
        [i for i in sax if i.slice in (1, 3, 4)],
        lambda i: {
            **inversion,
            "InversionTime": f"{100 + 400 * i.phase}",
            "TriggerTime": f"{650 + 900 * i.phase}",
            "AcquisitionTime": f"1100{i.phase:02d}.5",
        },
    )
    add(
        303,
        "perfusion",
        [i for i in sax if i.slice in (1, 3, 4)],
        lambda i: {
            "ScanningSequence": "GR",
            "SequenceVariant": "SP",
            "TriggerTime": f"{100 + 150 * (i.slice // 2)}",
            "AcquisitionTime": f"1200{i.phase:02d}.5",
        },
    )
    add(
        304,
        "flow",
        [i for i in sax if i.slice == 0],
        lambda _: {"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"], "SequenceName": "*fl2d1_v150in"},
    )
    study.images += extra


@foreign()
def examination_without_any_name(study: Foreign) -> None:
    """Cine, late enhancement, T1 mapping, perfusion, flow, long axes and localizer, all without a name."""
    _examination(study, {})


NAMES = {
    "german": ("ISO_IR 100", "Kurze Achse Kine", "Spätaufnahmen", "T1-Messung", "Durchblutung", "Fluß"),
    "french": ("ISO_IR 100", "ciné petit axe", "rehaussement tardif", "cartographie T1", "premier passage", "débit"),
    "spanish": ("ISO_IR 100", "cine eje corto", "realce tardío", "mapa T1", "perfusión", "flujo"),
    "chinese": ("GB18030", "短轴电影", "延迟强化", "T1定量", "灌注", "流速"),
    "japanese": ("\\ISO 2022 IR 87", "シネ短軸", "遅延造影", "T1マップ", "灌流", "血流"),
}


def _in_language(language: str) -> Callable[[Foreign], None]:
    def write(study: Foreign) -> None:
        charset, cine, late, t1, perfusion, flow = NAMES[language]
        charsets = charset.split("\\") if "\\" in charset else charset
        _examination(study, {"cine": cine, "late": late, "t1": t1, "perfusion": perfusion, "flow": flow})
        study.each(lambda _: {"SpecificCharacterSet": charsets, "PatientName": "Phantom"}, study.images)

    write.__name__ = f"examination_in_{language}"
    write.__doc__ = f"The same with names in {language.title()}."
    return write


for _language in NAMES:
    foreign()(_in_language(_language))


@foreign("parallel-slices", "several-stacks")
def high_resolution_stack_of_three(study: Foreign) -> None:
    """Three slices between those of the stack, scanned otherwise."""
    study.images += [
        image.copy(95, SequenceVariant="SK", SeriesDescription="cine SAX hires").move(3.0)
        for image in study.sax
        if image.slice in (1, 2, 3)
    ]


@foreign()
def axial_stack_with_more_slices(study: Foreign) -> None:
    """A transverse cine stack for the right heart, of more slices than the short axis."""
    for number in range(2):
        for image in study.sax:
            again = image.copy(97, SeriesDescription="cine biventricular", InstanceNumber=number * 500 + image.slice)
            height = 12.0 * image.slice + 72.0 * number
            again.put(
                SOPInstanceUID=f"{again.data.SOPInstanceUID}{number}",
                ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
                ImagePositionPatient=[-100, -100, round(height - 80, 1)],
            )
            study.images.append(again)
