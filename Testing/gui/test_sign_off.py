"""Sign-off in the panel: the reader's name, the impression, the signature that locks, the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from CardiacSegmentationLib.corrections import describe_work
from slicer_stand_in.hand import paint

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in


def sign(hand: Hand, reader: str = "Dr. Ada Reader") -> None:
    hand.panel.sign_off.reader.text = reader
    hand.panel.sign_off.sign_button.click()
    hand.see()


def test_a_signed_reading_is_locked_and_says_so(a_hand: Hand, a_segmented_study: Study) -> None:
    sign_off, live = a_hand.panel.sign_off, a_hand.panel.live
    assert not sign_off.state.visible
    sign(a_hand)
    assert live.session.is_signed
    assert "Ada Reader" in sign_off.state.text
    assert sign_off.sign_button.text == "Unlock"
    assert sign_off.impression.readOnly
    before = live.assessment.lv["edv_ml"].value
    paint(a_segmented_study, 4)
    a_hand.wait_for(lambda: bool(a_hand.messages.errors), 5)
    assert "signed by Dr. Ada Reader" in a_hand.messages.errors[0]
    assert "Unlock it" in a_hand.messages.errors[0]
    assert live.assessment.lv["edv_ml"].value == before
    sign_off.sign_button.click()
    assert not live.session.is_signed
    assert sign_off.sign_button.text == "Sign"
    assert not sign_off.impression.readOnly


def test_nobody_signs_without_a_name(a_hand: Hand, a_segmented_study: Study) -> None:
    sign(a_hand, " ")
    assert not a_hand.panel.live.session.is_signed
    assert a_hand.messages.errors == ["Nobody can sign without a name: say who reads."]


def test_the_reader_is_remembered_for_the_next_study(
    a_hand: Hand, a_segmented_study: Study, phantom: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    sign(a_hand)
    study = load_study(slicer.mrmlScene, phantom[0])
    set_segmentation(study, phantom[1])
    a_hand.panel.select(study)
    assert a_hand.panel.sign_off.reader.text == "Dr. Ada Reader"
    assert a_hand.panel.live.session.reading.reader == ""  # a name proposed is not a name given
    assert describe_work(a_hand.panel.live.session.segmentation, a_hand.panel.live.session.reading) == ""


def test_phrases_from_the_numbers_go_into_the_impression_and_the_letter(a_hand: Hand, a_segmented_study: Study) -> None:
    import qt

    sign_off, session = a_hand.panel.sign_off, a_hand.panel.live.session
    sign_off.menu.aboutToShow.emit()
    proposed = [action.text for action in sign_off.menu.actions()]
    assert any("60" in phrase for phrase in proposed)  # the phantom's LVEF
    sign_off.menu.actions()[0].trigger()
    assert session.reading.impression == proposed[0]
    sign_off.impression.plainText = f"{proposed[0]} No scar."
    sign_off.copy_button.click()  # the pause after typing has not passed: the letter must not miss the words
    assert session.reading.impression.endswith("No scar.")
    text = qt.QApplication.clipboard().text()
    assert "No scar." in text
    assert session.assessment.lv["ef_percent"].text in text


def test_typing_reaches_the_reading_after_a_pause(a_hand: Hand, a_segmented_study: Study) -> None:
    a_hand.panel.sign_off.impression.plainText = "Dilated left ventricle"
    assert a_hand.panel.live.session.reading.impression == ""
    a_hand.wait_for(lambda: a_hand.panel.live.session.reading.impression == "Dilated left ventricle", 5)
    assert a_hand.panel.sign_off.impression.plainText == "Dilated left ventricle"


def test_name_and_words_typed_together_both_arrive(a_hand: Hand, a_segmented_study: Study) -> None:
    sign_off, session = a_hand.panel.sign_off, a_hand.panel.live.session
    sign_off.reader.insert("Dr. Ada Reader")
    sign_off.impression.insertPlainText("Dilated left ventricle")
    a_hand.panel.settle()
    assert (session.reading.reader, session.reading.impression) == ("Dr. Ada Reader", "Dilated left ventricle")
    assert sign_off.reader.text == "Dr. Ada Reader"
    assert sign_off.impression.plainText == "Dilated left ventricle"
