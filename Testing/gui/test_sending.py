"""The way to a PACS: a real node in this process receives what the panel sends, and nothing before *Send*."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.export.archive_node import VERIFICATION
from dicom_node import ALL_KINDS, run_node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from CardiacSegmentationLib.scene.study import Study
    from pydicom import Dataset
    from slicer_stand_in.hand import Hand


@pytest.fixture
def kept() -> list[Dataset]:
    """What the node received."""
    return []


@pytest.fixture
def address(kept: list[Dataset]) -> Iterator[str]:
    """A node that takes everything."""
    with run_node(*ALL_KINDS, kept=kept) as port:
        yield f"NODE@127.0.0.1:{port}"


def line_of_menu(hand: Hand) -> Any:
    menu = hand.panel._results.export_menu
    menu.fill()
    return next(action for action in menu.menu.actions() if action.objectName == "send")


def ask(hand: Hand, address: str = "") -> Any:
    """The window, with an address typed in."""
    line_of_menu(hand).trigger()
    hand.see()
    dialog = hand.panel._results.sending.dialog
    if address:
        dialog.address.setEditText(address)
    hand.see()
    return dialog


def send(hand: Hand, address: str) -> None:
    ask(hand, address).send_button.click()
    hand.wait_for(lambda: not hand.panel._results.sending.is_running, 120, "sending")


def answer_to_test(hand: Hand, dialog: Any) -> str:
    dialog.test_button.click()
    assert not dialog.send_button.enabled
    hand.wait_for(lambda: dialog.send_button.enabled, 120, "the answer")
    return str(dialog.answer.text)


def test_every_object_arrives_and_is_counted(a_segmented_hand: Hand, address: str, kept: list[Dataset]) -> None:
    dialog = ask(a_segmented_hand)
    assert not dialog.send_button.enabled  # no address yet
    assert a_segmented_hand.panel.identity.label.text
    dialog.close()
    send(a_segmented_hand, address)
    assert not a_segmented_hand.messages.errors
    assert a_segmented_hand.ui.exportLabel.text.endswith(f"→ {address}: {len(kept)} objects stored.")
    assert [dataset.Modality for dataset in kept] == ["SEG", "SEG", "SR", "DOC", "RTSTRUCT", "RTSTRUCT"]
    assert len({dataset.StudyInstanceUID for dataset in kept}) == 1


def test_a_test_says_what_the_node_answers_and_sends_nothing(
    a_segmented_hand: Hand, address: str, kept: list[Dataset], tmp_path: Path
) -> None:
    dialog = ask(a_segmented_hand, address)
    assert "It answers." in answer_to_test(a_segmented_hand, dialog)
    dialog.address.setEditText(address.replace("NODE", "OTHER"))
    assert dialog.answer.text == ""
    assert "it does not go by that AE title" in answer_to_test(a_segmented_hand, dialog)
    with run_node(VERIFICATION, ALL_KINDS[0], echo=0x0122) as port:
        dialog.address.setEditText(f"NODE@127.0.0.1:{port}")
        assert "answers a C-ECHO with status 0122" in answer_to_test(a_segmented_hand, dialog)
    with run_node(VERIFICATION, ALL_KINDS[0]) as port:
        dialog.address.setEditText(f"NODE@127.0.0.1:{port}")
        assert "It does not take: structured report" in answer_to_test(a_segmented_hand, dialog)
    dialog.encrypted.checked = True
    assert dialog.answer.text == ""  # that was said without TLS
    dialog.close()
    assert not kept
    assert not (tmp_path / "results").exists()


def test_nodes_are_remembered_with_their_choices_last_used_first(
    a_segmented_hand: Hand, address: str, tmp_path: Path
) -> None:
    from CardiacSegmentationLib.gui.nodes import Node, remember, remembered_nodes

    secure = Node("PACS@pacs.example.org:2762", "READING", True, str(tmp_path / "ca.pem"), "")
    remember(secure)
    dialog = ask(a_segmented_hand, address)
    assert dialog.encrypted.checked  # another port, say: what was encrypted does not become plain by itself
    dialog.encrypted.checked, dialog.title.text, dialog.authorities.currentPath = False, "", ""
    dialog.send_button.click()
    a_segmented_hand.wait_for(lambda: not a_segmented_hand.panel._results.sending.is_running, 120, "sending")
    assert remembered_nodes() == [Node(address), secure]
    dialog = ask(a_segmented_hand)
    assert [dialog.address.itemText(place) for place in range(2)] == [address, secure.address]
    assert dialog.address.currentText == address
    assert not dialog.authorities.enabled
    dialog.address.setEditText(secure.address)
    assert dialog._node() == secure
    assert dialog.authorities.enabled
    dialog.close()
    options = [f"--to={secure.address}", "--tls", f"--tls-authorities={secure.authorities}", "--as=READING"]
    assert secure.arguments() == options
    assert Node("https://pacs.example.org/dicom-web").arguments() == ["--dicomweb=https://pacs.example.org/dicom-web"]


def test_a_node_that_is_removed_is_remembered_no_longer(a_segmented_hand: Hand) -> None:
    from CardiacSegmentationLib.gui.nodes import Node, remember, remembered_nodes

    kept, gone = Node("PACS@pacs.example.org:2762", "READING", True), Node("OLD@old.example.org:104")
    for node in (kept, gone):
        remember(node)
    dialog = ask(a_segmented_hand)
    assert dialog.address.currentText == gone.address
    assert dialog.remove_button.enabled
    dialog.remove_button.click()
    assert remembered_nodes() == [kept]
    assert [dialog.address.itemText(place) for place in range(dialog.address.count)] == [kept.address]
    assert dialog._node() == kept
    dialog.remove_button.click()
    assert remembered_nodes() == []
    assert dialog.address.currentText == ""
    assert not dialog.remove_button.enabled
    dialog.address.setEditText("NEW@new.example.org:104")
    assert not dialog.remove_button.enabled  # nothing is remembered of it yet
    dialog.close()
    assert ask(a_segmented_hand).address.count == 0


@pytest.mark.parametrize("code", ["de"])
def test_a_refusal_is_told_in_the_readers_language(
    a_segmented_hand: Hand, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    from CardiacSegmentationLib.gui import background

    monkeypatch.setattr(background, "language", lambda: code)
    with run_node(*ALL_KINDS, store=0xA700) as port:
        send(a_segmented_hand, f"NODE@127.0.0.1:{port}")
    told = a_segmented_hand.messages.errors[0]
    assert "0 von 6 Objekten gespeichert." in told
    assert "sr.dcm: das Archiv hat keinen Platz oder keinen Speicher mehr: Status A700" in told


def test_what_a_text_in_the_settings_spoils_is_forgotten(a_window: Any) -> None:
    from CardiacSegmentationLib.gui.nodes import NODES, remembered_nodes

    for text in ("no json", '[{"host": "pacs"}]', "7"):
        a_window.settings().setValue(NODES, text)
        assert remembered_nodes() == []


def test_who_declines_sends_nothing(a_segmented_hand: Hand, address: str, kept: list[Dataset], tmp_path: Path) -> None:
    ask(a_segmented_hand, address).close()
    a_segmented_hand.see()
    assert not (tmp_path / "results").exists()
    a_segmented_hand.export("dicom-seg")
    a_segmented_hand.messages.answer = False  # to the question whether what is there may be replaced
    send(a_segmented_hand, address)
    assert len(a_segmented_hand.messages.questions) == 1
    assert not kept


def test_the_question_goes_with_its_study(a_segmented_hand: Hand, address: str, kept: list[Dataset]) -> None:
    dialog = ask(a_segmented_hand, address)
    a_segmented_hand.panel.select(None)
    assert dialog.window is None
    assert a_segmented_hand.panel._results.sending.dialog is None
    assert not line_of_menu(a_segmented_hand).enabled
    assert not kept


def test_what_is_no_address_is_told_before_anything_is_written(a_segmented_hand: Hand, tmp_path: Path) -> None:
    dialog = ask(a_segmented_hand, "pacs.example.org")
    dialog.send_button.click()
    assert "“pacs.example.org” is no address of a PACS" in a_segmented_hand.messages.errors[0]
    dialog.address.setEditText("NODE@127.0.0.1:104")
    dialog.title.text = "ÄRZTE"
    dialog.send_button.click()
    assert "“ÄRZTE” is no AE title" in a_segmented_hand.messages.errors[1]
    dialog.address.setEditText("https://pacs.example.org/dicom-web")
    assert not dialog.test_button.enabled
    assert dialog.test_button.toolTip == "DICOMweb knows no C-ECHO."
    dialog.close()
    assert not (tmp_path / "results").exists()


def test_what_is_not_stored_is_an_error_in_words(a_segmented_hand: Hand) -> None:
    with run_node(*ALL_KINDS, store=0xA700) as port:
        send(a_segmented_hand, f"NODE@127.0.0.1:{port}")
    assert "0 of 6 objects stored." in a_segmented_hand.messages.errors[0]
    assert "sr.dcm: the archive has no room or no memory left: status A700" in a_segmented_hand.messages.errors[0]
    assert a_segmented_hand.ui.exportLabel.text.endswith("Not everything was stored.")


def test_sending_can_be_cancelled(a_segmented_hand: Hand, address: str) -> None:
    ask(a_segmented_hand, address).send_button.click()
    assert line_of_menu(a_segmented_hand).text == "Cancel sending"
    line_of_menu(a_segmented_hand).trigger()
    a_segmented_hand.wait_for(lambda: not a_segmented_hand.panel._results.sending.is_running, 60, "the end")
    assert a_segmented_hand.ui.exportLabel.text.endswith("Cancelled; what was stored before stays there.")
    assert not a_segmented_hand.messages.errors
    assert line_of_menu(a_segmented_hand).text == "Send to PACS …"


def test_without_a_dicom_study_the_line_says_why(a_hand: Hand, a_segmented_study: Study) -> None:
    line = line_of_menu(a_hand)
    assert not line.enabled
    assert "loaded from DICOM" in line.toolTip


@pytest.mark.stand_in
def test_pynetdicom_is_asked_for_when_a_node_is_used(a_segmented_hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    from CardiacSegmentationLib.gui import packages
    from slicer_stand_in import packaging

    real = packages.importlib.util.find_spec
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None if name == "pynetdicom" else real(name))
    monkeypatch.setattr(packaging, "_is_satisfied", lambda requirement: requirement.name != "pynetdicom")
    monkeypatch.setattr(packaging, "answer", lambda _missing: False)
    packaging.asked.clear()
    dialog = ask(a_segmented_hand, "NODE@127.0.0.1:9")
    for button in (dialog.test_button, dialog.send_button):
        button.click()
    dialog.close()
    assert packaging.asked == [["pynetdicom>=3.0"]] * 2
    assert all("pynetdicom is needed" in error for error in a_segmented_hand.messages.errors)
