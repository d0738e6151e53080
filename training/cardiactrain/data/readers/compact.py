"""Reader of compact ``.npz`` copies of ACDC, CHLA and Sunnybrook (two labelled phases per subject)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiactrain.data.readers import chla
from cardiactrain.data.sources import describe
from cardiactrain.data.subject import LabelledStack, Subject, to_codes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cardiactrain.data.readers.reading import Found

RV, MYO, LV = 0, 1, 2  # columns of ``known``
LABELS = ("label", "ed_label", "es_label")
SAME_PATIENT = {"SC-HF-I-01"}  # its frames are those of SCD0000101, which holds more of them with spacing


def find(folder: Path) -> Iterator[Found]:
    """Every file; its members tell which data set it is from."""
    for path in sorted(folder.rglob("*.npz")):
        yield path, partial(_read, path)


def _read(path: Path) -> Subject | None:
    with np.load(path, allow_pickle=False) as file:
        data = {name: to_codes(file[name]) if name in LABELS else file[name] for name in file.files}
    if "ed_image" in data:
        return _chla(data)
    if "nb_frame" in data:
        return _acdc(data)
    if "has_endo" in data:
        return _sunnybrook(data)
    if "slice_index" in data and str(data["subject"]) not in SAME_PATIENT:
        return _contoured_slices(data)
    return None


def _spacing(data: dict[str, Any]) -> tuple[float, float, float]:
    slice_mm, row_mm, column_mm = (float(mm) for mm in data["spacing_mm"])
    return slice_mm, row_mm, column_mm


def _acdc(data: dict[str, Any]) -> Subject:
    facts = describe("acdc", str(data["subject"]), vendor="Siemens", group=str(data["group"]))
    stacks = [
        LabelledStack.fully_labelled(name, data["image"][n], data["label"][n]) for n, name in enumerate(("ED", "ES"))
    ]
    return Subject(facts, _spacing(data), tuple(stacks))


def _chla(data: dict[str, Any]) -> Subject:
    facts = describe("chla", str(data["subject"]), vendor="Philips", group=str(data["disease"]))
    stacks: list[LabelledStack] = []
    for phase in ("ed", "es"):
        parts = {name.removeprefix(f"{phase}_"): value for name, value in data.items() if name.startswith(f"{phase}_")}
        stacks += chla.phase_stacks(phase.upper(), parts)
    return Subject(facts, _spacing(data), tuple(stacks))


def _sunnybrook(data: dict[str, Any]) -> Subject:
    facts = describe("sunnybrook", str(data["subject"]), vendor="GE", group=sunnybrook_group(str(data["original_id"])))
    stacks = []
    for n, name in enumerate(("ED", "ES")):
        endo, epi = data["has_endo"][n], data["has_epi"][n]
        known = np.zeros((len(endo), 3), bool)
        known[:, LV] = endo.any()  # a slice without contour is one the reader saw no cavity on
        known[:, MYO] = epi
        stacks.append(LabelledStack(name, data["image"][n], data["label"][n], known, np.ones(len(endo), bool)))
    return Subject(facts, _spacing(data), tuple(stacks))


def _contoured_slices(data: dict[str, Any]) -> Subject:
    """Only slices with an LV contour are there; ES is the phase with the smaller cavity."""
    facts = describe("sunnybrook", str(data["subject"]), vendor="GE", group=sunnybrook_group(str(data["subject"])))
    found = []
    for phase in np.unique(data["phase"]):
        chosen = np.flatnonzero(data["phase"] == phase)
        chosen = chosen[np.argsort(data["slice_index"][chosen])]
        image, labels = data["image"][chosen], data["label"][chosen]
        known = np.zeros((len(chosen), 3), bool)
        known[:, LV] = True
        found.append((float((labels == 3).sum((1, 2)).max()), image, labels, known))
    found.sort(key=lambda item: -item[0])
    names = ["ED", "ES"] if len(found) == 2 else [f"P{n}" for n in range(len(found))]
    stacks = [
        LabelledStack(name, image, labels, known, np.ones(len(image), bool))
        for name, (_, image, labels, known) in zip(names, found, strict=True)
    ]
    return Subject(facts, _spacing(data), tuple(stacks))


def sunnybrook_group(original_id: str) -> str:
    """Heart failure with or without infarction, hypertrophy, normal: the middle of names like SC-HF-I-01."""
    for mark, group in (("HF-I", "HF-I"), ("HF-NI", "HF-NI"), ("HYP", "HYP"), ("-N-", "NORMAL")):
        if mark in original_id:
            return group
    return "unknown"
