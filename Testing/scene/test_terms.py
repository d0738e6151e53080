"""The program's own terminology list in Slicer's Terminologies module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.structures import BY_LABEL, TERMINOLOGY_CONTEXT, Structure

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study


@pytest.fixture
def a_logic(a_scene: Any) -> Any:
    import slicer
    from CardiacSegmentationLib.scene.terms import load_terms

    logic = slicer.modules.terminologies.logic()
    load_terms(logic)
    return logic


@pytest.mark.parametrize("structure", BY_LABEL.values(), ids=lambda structure: structure.segment_id)
def test_slicer_knows_the_term_of_each_structure(a_logic: Any, a_study: Study, structure: Structure) -> None:
    import slicer

    segment = a_study.segmentation_node.GetSegmentation().GetSegment(structure.segment_id)
    entry = slicer.vtkSlicerTerminologyEntry()
    assert a_logic.DeserializeTerminologyEntry(segment.GetTerminology(), entry)
    assert entry.GetTerminologyContextName() == TERMINOLOGY_CONTEXT
    known = slicer.vtkSlicerTerminologyType()
    count = a_logic.GetNumberOfTypesInTerminologyCategory(TERMINOLOGY_CONTEXT, entry.GetCategoryObject())
    meanings = {}
    for index in range(count):
        a_logic.GetNthTypeInTerminologyCategory(TERMINOLOGY_CONTEXT, entry.GetCategoryObject(), index, known)
        meanings[known.GetCodeValue()] = (known.GetCodeMeaning(), tuple(known.GetRecommendedDisplayRGBValue()))
    assert meanings[entry.GetTypeObject().GetCodeValue()] == (structure.code.meaning, structure.color_rgb)


def test_the_list_is_loaded_once(a_logic: Any) -> None:
    from CardiacSegmentationLib.scene.terms import load_terms

    load_terms(a_logic)
    assert a_logic.IsTerminologyContextLoaded(TERMINOLOGY_CONTEXT)


@pytest.mark.parametrize("structure", BY_LABEL.values(), ids=lambda structure: structure.segment_id)
def test_a_hovering_reader_sees_the_term(a_logic: Any, structure: Structure) -> None:
    import slicer

    entry = slicer.vtkSlicerTerminologyEntry()
    a_logic.DeserializeTerminologyEntry(structure.terminology_entry, entry)
    assert structure.code.meaning in a_logic.GetInfoStringFromTerminologyEntry(entry)
