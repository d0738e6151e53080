"""The study behind the page: commands once, all tabs alike, nobody else let in."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.browser.commands import COMMANDS
from CardiacSegmentationLib.browser.served import RESTS_ON_WHAT_IS_SEEN, ServedStudy
from CardiacSegmentationLib.browser.server import (
    MOST_BYTES,
    Desk,
    ReadingServer,
    load_tls,
    read_password,
    serve_in_background,
)
from CardiacSegmentationLib.contours import Border
from CardiacSegmentationLib.contours.points import PointDrag
from CardiacSegmentationLib.errors import CardiacSegmentationError
from CardiacSegmentationLib.segmentation import STRUCTURES, Label
from CardiacSegmentationLib.segmentation_json import round_contours
from CardiacSegmentationLib.session import Recovery, StudySession
from CardiacSegmentationLib.session.contour_commands import contours_at, edit_contours
from drags import pull, push
from overlap import dice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

PLACE = {"phase": 0, "slice": 3}


class Tab:
    """What a tab does, without its page."""

    def __init__(self, study: ServedStudy, name: str = "tab") -> None:
        self.study, self.name, self.number, self.seen = study, name, 0, 0

    def command(self, name: str, /, **details: Any) -> dict[str, Any]:
        self.number += 1
        return self.again(name, **details)

    def again(self, name: str, /, **details: Any) -> dict[str, Any]:
        """The last command once more, as after an answer that was lost."""
        facts = {"tab": self.name, "number": self.number, "seen": self.seen, "run": self.study.run}
        news = self.study.answer({**details, **facts, "command": name})
        self.seen = news.get("revision", self.seen)
        return news


@pytest.fixture
def study(stack: CineStack, segmentation: Segmentation, tmp_path: Path) -> ServedStudy:
    session, recovery = StudySession(stack, segmentation), Recovery(tmp_path / "kept")
    recovery.find(session)
    return ServedStudy(session, recovery, "en", lambda _session, _parts: [])


@pytest.fixture
def inwards(study: ServedStudy) -> list[list[float]]:
    """A drag from the LV's inner border into the cavity."""
    border = study.contours_at((0, 3)).borders[Border.ENDO]
    return [border[0].tolist(), (border[0] + 0.3 * (border.mean(axis=0) - border[0])).tolist()]


def test_a_pull_is_that_of_the_contours_to_the_last_digit(
    study: ServedStudy, stack: CineStack, segmentation: Segmentation, inwards: Any
) -> None:
    session = StudySession(stack, segmentation)
    edit_contours(session, {(0, 3): pull(contours_at(session, (0, 3)), *np.array(inwards))}, "Pull")
    news = Tab(study).command("pull", **PLACE, line=inwards)
    assert study.session.assessment.lv["ef_percent"].value == session.assessment.lv["ef_percent"].value
    assert (study.session.segmentation.labels == session.segmentation.labels).all()
    assert list(news["changed"]) == ["0,3"] == list(news["changedAutomatic"])
    assert news["reading"]["undo"]


def test_a_control_point_is_put_in_dragged_and_taken_out(study: ServedStudy, inwards: Any) -> None:
    tab, contours = Tab(study), study.contours_at((0, 3))
    shown = study.preview({"command": "points", **PLACE, "line": inwards[:1], "every": 20.0})
    drag = PointDrag.begin(contours, inwards[0], 20.0)
    assert shown["points"] == drag.points.round(2).tolist(), "they appear at the press"
    tab.command("points", **PLACE, line=inwards, every=20.0)
    bent = study.contours_at((0, 3))
    expected = round_contours(drag.move(inwards[1])).borders[Border.ENDO]
    np.testing.assert_array_equal(bent.borders[Border.ENDO], expected)
    tab.command("points", **PLACE, line=inwards[1:], every=20.0, delete=True)
    lv_mm2 = [each.areas_mm2[Label.LV] for each in (bent, study.contours_at((0, 3)), contours)]
    assert lv_mm2[0] < lv_mm2[1] == pytest.approx(lv_mm2[2], rel=0.02), "the dent is gone with its point"
    assert [entry.tool for entry in study.session.reading.journal] == ["Points", "Points"]


def test_a_push_goes_on_from_message_to_message_as_in_one_go(study: ServedStudy, inwards: Any) -> None:
    start, end = np.array(inwards)
    line = [(end + share * (start - end)).tolist() for share in np.linspace(0.0, 1.2, 9)]
    tab, before = Tab(study), study.contours_at((0, 3))
    for count in (2, 5, 5, 3, 8):
        study.preview({"command": "push", **PLACE, "line": line[:count], "radius": 6.0})
    tab.command("push", **PLACE, line=line, radius=6.0)
    expected = round_contours(push(before, line, 6.0)).borders[Border.ENDO]
    np.testing.assert_array_equal(study.contours_at((0, 3)).borders[Border.ENDO], expected)
    tab.command("undo")
    far = [[0.0, 0.0], [0.0, 1.0]]
    tab.command("push", **PLACE, line=far, radius=6.0)
    assert [entry.undone for entry in study.session.reading.journal] == [True], "what meets no border is no step"


def test_a_preview_changes_nothing(study: ServedStudy, inwards: Any) -> None:
    before = study.session.segmentation.labels.copy()
    borders = study.preview({"command": "pull", **PLACE, "line": inwards})["borders"]
    assert borders.keys() == {"endo", "epi", "rv"}
    assert (study.session.segmentation.labels == before).all()
    assert study.session.reading.journal == ()


def test_a_command_that_comes_twice_is_done_once(study: ServedStudy) -> None:
    tab = Tab(study)
    first = tab.command("copy", **PLACE, step=[4, 0])
    assert tab.again("copy", **PLACE, step=[4, 0]) == first
    second = Tab(study, "tab")
    second.number, second.seen = 2, tab.seen
    second.again("undo")
    second.again("undo")
    assert [entry.undone for entry in study.session.reading.journal] == [True]
    assert second.study.answer({"tab": "tab", "number": 1, "seen": 0, "run": study.run, "command": "undo"})["changed"]
    assert len(study.session.reading.journal) == 1


def test_a_second_tab_hears_and_does_not_edit_what_it_has_not_seen(study: ServedStudy, inwards: Any) -> None:
    first, second = Tab(study, "first"), Tab(study, "second")
    heard: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: heard.append(study.wait(study.run, 0, 20.0)))
    waiting.start()
    first.command("pull", **PLACE, line=inwards)
    waiting.join(20.0)
    assert list(heard[0]["changed"]) == ["0,3"]
    assert second.command("delete", **PLACE)["stale"], "it had not seen the pull"
    assert len(study.session.reading.journal) == 1
    second.command("delete", **PLACE)
    assert len(study.session.reading.journal) == 2
    second.seen = 0
    assert "stale" not in second.command("reader", text="Ada"), "a name rests on no image"
    first.command("look", **PLACE)  # and hears of the other's work
    first.command("undo")
    assert second.command("sign")["stale"], "nobody signs numbers that she has not seen"
    assert not study.session.is_signed
    assert study.session.reading.reader == "Ada"


def test_propagation_is_shown_first_and_taken_over_as_one_step(study: ServedStudy, inwards: Any) -> None:
    tab, session = Tab(study), study.session
    assert "Nothing is corrected" in tab.command("propose", **PLACE, along="phases")["problem"]
    tab.command("pull", **PLACE, line=inwards)
    before = session.assessment.lv["esv_ml"].value
    answer = tab.command("propose", **PLACE, along="phases")
    proposal = answer["proposal"]
    assert len(proposal) > 3
    assert "1 image stays as you corrected it." in answer["details"]
    assert "0,3" not in proposal, "the reader's own"
    assert session.assessment.lv["esv_ml"].value == before
    assert tab.command("take")["changed"].keys() == proposal.keys()
    assert session.assessment.lv["esv_ml"].value != before
    assert "does not fit" in tab.command("take")["problem"]
    tab.command("undo")
    assert session.assessment.lv["esv_ml"].value == before


def test_what_was_deleted_in_two_phases_goes_between_and_in_all_where_asked(study: ServedStudy) -> None:
    tab, labels, phases = Tab(study), study.session.segmentation.labels, study.session.stack.phases
    tab.command("delete", phase=0, slice=3, structure="RV")
    answer = tab.command("propose", **PLACE, along="phases")
    assert answer["proposal"] == {}
    assert "on one side" in answer["details"]
    tab.command("delete", phase=phases // 2, slice=3, structure="RV")
    answer = tab.command("propose", **PLACE, along="phases")
    assert f"Deleted in {phases - 2} images: RV." in answer["details"]
    assert (labels[1, 3] == Label.RV).any()
    tab.command("take")
    assert not (labels[:, 3] == Label.RV).any()
    tab.command("undo")
    assert (labels[1, 3] == Label.RV).any()
    tab.command("delete", **PLACE, structure="LV+MYO", allPhases=True)
    assert not np.isin(labels[:, 3], (Label.LV, Label.MYO)).any()
    tab.command("undo")
    assert (labels[:, 3] == Label.LV).any(axis=(1, 2)).all()


@pytest.mark.parametrize("along", ["slices", "phases"])
def test_an_empty_image_between_others_is_filled_by_shape(
    study: ServedStudy, segmentation: Segmentation, along: str
) -> None:
    tab, place = Tab(study), (1, 3)
    tab.command("delete", phase=1, slice=3)
    assert not study.session.segmentation.labels[place].any()
    assert list(tab.command("propose", phase=1, slice=3, along=along, fill=True)["proposal"]) == ["1,3"]
    assert not study.session.segmentation.labels[place].any()
    tab.command("take")
    for label in STRUCTURES:
        assert dice(study.session.segmentation.labels[place] == label, segmentation.labels[place] == label) > 0.9
    assert study.session.reading.journal[-1].tool == "Fill"
    tab.command("undo")
    assert not study.session.segmentation.labels[place].any()


@pytest.mark.parametrize("step", [(-1, 0), (1, 0), (0, -1), (0, 1)])
def test_one_structure_is_copied_from_every_neighbour(study: ServedStudy, step: tuple[int, int]) -> None:
    labels = study.session.segmentation.labels
    before = labels[2, 3].copy()
    source = (2 + step[0], 3 + step[1])
    Tab(study).command("copy", phase=2, slice=3, step=step, structure="RV")
    assert dice(labels[2, 3] == Label.RV, labels[source] == Label.RV) > 0.95  # it gives way to the LV
    assert dice(labels[2, 3] == Label.LV, before == Label.LV) > 0.98


def test_the_network_looks_again_and_what_it_sees_is_shown_first(
    study: ServedStudy, segmentation: Segmentation
) -> None:
    tab, session, place = Tab(study), study.session, (0, 3)
    tab.command("delete", **PLACE)
    before = session.segmentation.labels.copy()
    middle = [float(value) for value in np.argwhere(segmentation.labels[place] == Label.LV).mean(axis=0)]
    at_mm = [value * mm for value, mm in zip(middle, session.stack.spacing_mm[1:], strict=True)]
    news = tab.command("again", **PLACE, line=[at_mm, at_mm])
    assert list(news["proposal"]) == ["0,3"]
    assert news["number"] == 1 < news["count"]
    assert news["drawn"] == ["LV", "MYO", "RV"]
    assert (session.segmentation.labels == before).all()
    assert tab.command("next")["number"] == 2
    for _ in range(news["count"] - 1):
        assert tab.command("next")["count"] == news["count"]
    assert list(tab.command("take")["changed"]) == ["0,3"]
    for label in STRUCTURES:
        assert dice(session.segmentation.labels[place] == label, segmentation.labels[place] == label) > 0.9
    assert "again" in tab.command("look", **PLACE)["reading"]["undo"]
    assert "does not fit" in tab.command("next")["problem"]
    tab.command("undo")
    assert (session.segmentation.labels == before).all()


def test_a_phase_is_segmented_again_but_for_what_the_reader_corrected(study: ServedStudy) -> None:
    tab = Tab(study)
    tab.command("delete", **PLACE)
    news = tab.command("again", **PLACE, wholePhase=True)
    assert "0,3" not in news["proposal"]
    assert {place.partition(",")[0] for place in news["proposal"]} == {"0"}
    assert len(tab.command("take")["changed"]) > 1


def test_without_an_engine_that_is_said(study: ServedStudy, tmp_path: Path) -> None:
    from CardiacSegmentationLib.network.loaded import load_network

    study.network = lambda: load_network(tmp_path)
    assert str(tmp_path) in Tab(study).command("again", **PLACE)["problem"]


@pytest.mark.parametrize("name", ["smooth", "snap", "grow", "shrink"])
def test_an_image_is_changed_as_a_whole(study: ServedStudy, name: str) -> None:
    news = Tab(study).command(name, **PLACE, structure="MYO" if name == "grow" else "LV")
    assert list(news["changed"]) == ["0,3"]
    assert len(study.session.reading.journal) == 1


def test_another_run_of_the_server_applies_nothing(study: ServedStudy) -> None:
    message = {"tab": "t", "number": 1, "seen": 0, "run": "before", "command": "delete", **PLACE}
    assert study.answer(message) == {"reload": True}
    assert study.wait("before", 0, 0.0) == {"reload": True}
    assert study.session.reading.journal == ()


@pytest.mark.parametrize(
    ("name", "details"),
    [
        ("nonsense", {}),
        ("pull", {"phase": 99, "slice": 0, "line": [[0, 0], [1, 1]]}),
        ("pull", {**PLACE, "line": [[0, 0]]}),
        ("pull", {**PLACE, "line": [["a", 0], [1, 1]]}),
        ("pull", {**PLACE, "line": [[float("nan"), 0], [1, 1]]}),
        ("delete", {**PLACE, "structure": "ATRIUM"}),
        ("count", {"phase": 0, "slice": -1, "structure": "LV", "counts": False}),
        ("key-phase", {"name": "lv_es", "phase": 10}),
        ("key-phase", {"name": "aorta", "phase": 1}),
        ("convention", {"name": "papillary", "value": "both"}),
        ("propose", {**PLACE, "along": "time"}),
        ("again", {**PLACE, "line": [[-99.0, 5.0], [-99.0, 5.0]]}),
        ("next", {}),
        ("sign", {}),
    ],
)
def test_what_cannot_be_done_is_said(study: ServedStudy, name: str, details: Any) -> None:
    assert Tab(study).command(name, **details)["problem"]
    assert study.session.reading.journal == ()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left", "report.pdf"), "report.pdf cannot be used (No space left)"),
        (KeyError("x"), "defect"),
    ],
)
def test_what_goes_wrong_while_writing_is_said_and_work_goes_on(
    study: ServedStudy, inwards: Any, error: Exception, said: str
) -> None:
    def fail(_session: StudySession, _parts: list[str]) -> list[Path]:
        raise error

    study.write = fail
    tab = Tab(study)
    assert said in tab.command("export", parts=["report"])["problem"]
    assert "problem" not in tab.command("pull", **PLACE, line=inwards)


def test_a_step_that_a_full_disk_does_not_keep_says_so(
    study: ServedStudy, inwards: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_arrays: object) -> None:
        raise OSError(28, "No space left on device")

    tab = Tab(study)
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez_compressed", fail)
        answer = tab.command("pull", **PLACE, line=inwards)
    assert "would not outlive a crash: it cannot be written down (No space left on device)" in answer["problem"]
    assert study.session.segmentation.corrected.any()
    assert "problem" not in tab.command("reader", text="Ada")


def test_a_signed_reading_refuses_every_change_until_it_is_unlocked(study: ServedStudy, inwards: Any) -> None:
    tab = Tab(study)
    tab.command("reader", text="Ada")
    assert tab.command("sign")["reading"]["isSigned"]
    assert "signed by Ada" in tab.command("pull", **PLACE, line=inwards)["problem"]
    with pytest.raises(CardiacSegmentationError, match="signed by Ada"):
        study.preview({"command": "pull", **PLACE, "line": inwards})
    tab.command("unlock")
    assert "problem" not in tab.command("pull", **PLACE, line=inwards)


def test_every_decision_reaches_the_reading(study: ServedStudy) -> None:
    tab, session = Tab(study), study.session
    tab.command("count", phase=0, slice=2, structure="RV", counts=False)
    tab.command("count", phase=0, slice=2, structure="LV", counts=False, allPhases=True)
    assert len(session.reading.counts) == 1 + 2 * session.stack.phases
    tab.command("key-phase", name="rv_es", phase=4)
    assert session.assessment.key_phases.rv_es == 4
    tab.command("convention", name="papillary", value="mass")
    assert session.reading.conventions.papillary.value == "mass"
    tab.command("look", **PLACE)
    assert (0, 3) in session.reading.looked_at
    finding = session.assessment.findings[0]
    state = tab.command("tick", key=tab.command("look", **PLACE)["state"]["findings"][0]["key"], seen=True)["state"]
    assert finding not in session.assessment.open_findings
    assert state["findings"][0]["ticked"]
    for _ in range(4):
        news = tab.command("undo")
    assert session.reading.counts == ()
    assert news["reading"]["undo"] == ""
    assert news["place"] == (0, 2), "undo leads to where it was"
    assert set(COMMANDS) >= RESTS_ON_WHAT_IS_SEEN


@pytest.fixture
def server(study: ServedStudy) -> Iterator[ReadingServer]:
    server = ReadingServer(Desk("en", study))
    serve_in_background(server)
    yield server
    server.shutdown()
    server.server_close()


def ask(server: ReadingServer, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    """Status and answer; ``headers`` in place of what the page itself would send."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    own = {"Host": server.names[0], "Origin": server.origin, "Content-Type": "application/json"}
    own |= {name.replace("_", "-"): text for name, text in headers.items()}
    connection.putrequest("GET" if body is None else "POST", path, skip_host=True)
    content = b"" if body is None else json.dumps(body).encode()
    for name, text in {"Content-Length": str(len(content)), **own}.items():
        connection.putheader(name, text)
    connection.endheaders(content)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_only_its_own_page_at_its_own_name_with_the_secret_is_answered(server: ReadingServer) -> None:
    home, command = f"/{server.secret}/", f"/{server.secret}/command"
    study = server.desk.study
    assert study is not None
    message = {"tab": "t", "number": 1, "seen": 0, "run": study.run, "command": "reader", "text": "Ada"}
    assert ask(server, home)[0] == 200
    assert ask(server, home, Host="evil.example")[0] == 421
    assert ask(server, home, Host=f"evil.example:{server.server_address[1]}")[0] == 421
    assert ask(server, home, Sec_Fetch_Site="cross-site")[0] == 403
    assert ask(server, "/")[0] == 404
    assert ask(server, "/guess/")[0] == 404
    assert ask(server, f"{home}files/../../etc/passwd")[0] == 404
    assert ask(server, command, message, Origin="http://evil.example")[0] == 403
    assert ask(server, command, message, Origin="null")[0] == 403
    assert ask(server, command, message, Content_Type="text/plain")[0] == 403
    assert ask(server, command, message, Content_Length=str(MOST_BYTES + 1))[0] == 413
    assert ask(server, command, ["no message"])[0] == 400
    assert ask(server, command, {"tab": "a", "number": float("inf"), "seen": 0, "command": "undo"})[0] == 400
    assert study.session.reading.reader == ""
    assert ask(server, command, message)[0] == 200
    assert study.session.reading.reader == "Ada"


def test_beyond_this_computer_it_takes_tls_and_a_password(study: ServedStudy, tmp_path: Path) -> None:
    with pytest.raises(CardiacSegmentationError, match="--certificate"):
        ReadingServer(Desk("en", study), "0.0.0.0")
    with pytest.raises(CardiacSegmentationError, match="--password-file"):
        ReadingServer(Desk("en", study), "0.0.0.0", tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    (tmp_path / "short").write_text("secret\n")
    with pytest.raises(CardiacSegmentationError, match="fewer than 12"):
        read_password(tmp_path / "short")
    with pytest.raises(CardiacSegmentationError, match="no certificate"):
        load_tls(tmp_path / "short")


def test_a_password_is_asked_for(study: ServedStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("CardiacSegmentationLib.browser.server.WRONG_PASSWORD_S", 0.0)
    server = ReadingServer(Desk("en", study), password="a long password")
    serve_in_background(server)
    home = f"/{server.secret}/"
    assert ask(server, home)[0] == 401
    assert ask(server, home, Authorization="Basic b3RoZXI6d3Jvbmc=")[0] == 401
    assert ask(server, home, Authorization="Basic cmVhZGVyOmEgbG9uZyBwYXNzd29yZA==")[0] == 200
    server.shutdown()
    server.server_close()
