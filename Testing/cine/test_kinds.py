"""What a series' name says it is, and what it only seems to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cine.spoiling import SPEC, Spoilable, chosen, edit

if TYPE_CHECKING:
    from CardiacSegmentationLib.cine import Candidate

from CardiacSegmentationLib.cine import find_stacks
from CardiacSegmentationLib.cine.elements import Elements
from CardiacSegmentationLib.cine.kinds import CINE, kind_of

NAMES = {
    "TFL_perf_sax": "perfusion",
    "stressPERF": "perfusion",
    "Perfusion rest": "perfusion",
    "SAX retro perfect BH": CINE,
    "superfast cine": CINE,
    "SAX cine loc 3": CINE,
    "loc_3_cine": CINE,
    "SA loc": "localizer",
    "cine localizer": "localizer",
}


@pytest.mark.parametrize("name", NAMES)
def test_words_in_a_name(name: str) -> None:
    assert kind_of(Elements({"SeriesDescription": name.encode()})) == NAMES[name]


def test_one_perfect_slice_stays_in_its_stack(ge: Spoilable) -> None:
    for path in ge.slices()[3]:
        edit(path, SeriesDescription="SAX retro perfect BH", ProtocolName="")
    one = chosen(ge.folder)
    assert (one.slices, one.complete) == (SPEC.slices, True)


def named(study: Spoilable, name: str) -> list[Candidate]:
    for path in study.images():
        edit(path, SeriesDescription=name, ProtocolName="")
    return [one for one in find_stacks(study.folder).stacks if one.description == name]


def test_a_location_with_several_phases_is_a_cine(ge: Spoilable) -> None:
    (one,) = named(ge, "SAX_loc")
    assert (one.kind, one.phases, one.is_short_axis) == (CINE, SPEC.phases, True)


def test_a_location_with_one_phase_is_a_localizer(ge: Spoilable) -> None:
    for files in ge.slices():
        for path in files[1:]:
            path.unlink()
    (one,) = named(ge, "SAX_loc")
    assert (one.kind, one.phases) == ("localizer", 1)
