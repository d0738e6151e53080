"""The files that work is kept in: one for each load, offered afterwards, gone when all ends well."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from CardiacSegmentationLib.corrections import describe_work
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.session import Recovery, StudySession, recovery
from CardiacSegmentationLib.session.contour_commands import delete_here
from left_behind import Begin, crash, kept_images, left_behind, work
from same_assessment import differences

WORK = """
import sys, time
import numpy as np
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.session import Recovery, StudySession
from CardiacSegmentationLib.session.contour_commands import delete_here
from CardiacSegmentationLib.stack import CineStack
from pathlib import Path

study = np.load(sys.argv[1])
stack = CineStack(study["voxels"], study["affine"], tuple(study["times"]), float(study["rr"]))
session = StudySession(stack, Segmentation.of(study["labels"], model="a network"))
recovery = Recovery(Path(sys.argv[2]))
assert recovery.find(session) is None
delete_here(session, (2, 3), [Label.LV])
session.set_counts([Label.RV], [0, 1], 1, counts=False)
print(recovery.keep(session), flush=True)
time.sleep(600)
"""


def test_what_waits_to_be_restored_is_kept_beside_this_sessions_work(begin: Begin, folder: Path) -> None:
    left_behind(begin, folder)
    session, kept = begin(), Recovery(folder)
    found = kept.find(session)
    assert found is not None
    delete_here(session, (5, 5), [Label.RV])
    assert kept.keep(session)
    assert kept_images(found.path, kept.path_of(session)) == [[2, 3], [5, 5]]
    kept.forget_all()
    assert kept_images(folder) == [[2, 3]]
    kept.find(session)
    kept.discard(found)
    delete_here(session, (5, 4), [Label.RV])
    assert kept.keep(session)
    assert [5, 4] in kept_images(folder)


def two_loads(begin: Begin, folder: Path) -> tuple[list[StudySession], Recovery]:
    """The same images twice in one program, each with work of its own."""
    sessions, kept = [begin(), begin()], Recovery(folder)
    for load, session in enumerate(sessions):
        assert kept.find(session, load) is None
        delete_here(session, (2, 3 + load), [Label.LV])
        assert kept.keep(session, load)
    return sessions, kept


def test_two_loads_of_a_study_both_outlive_a_crash(begin: Begin, folder: Path) -> None:
    """The latest is offered first; each is restored where the reader wants it."""
    lost, kept = two_loads(begin, folder)
    crash(folder)
    paths = [kept.path_of(session, load) for load, session in enumerate(lost)]
    for load, path in enumerate(paths):
        os.utime(path, (1e9 + load, 1e9 + load))
    sessions, kept = [begin(), begin()], Recovery(folder)
    for load in (1, 0):
        found = kept.find(sessions[load], load)
        assert found is not None
        assert (found.path, found.kept_at) == (paths[load], 1e9 + load)
        kept.restore(sessions[load], found, load)
        assert differences(sessions[load].assessment, lost[load].assessment) == []
        assert (kept.find(sessions[load], load) is None) == (load == 0)  # the other one waits
    assert not any(path.exists() for path in paths)
    assert len(list(folder.glob("*.npz"))) == 2  # kept on as these loads' own
    kept.forget_all()
    assert list(folder.glob("*")) == []


def test_a_load_that_is_finished_leaves_the_others_work(begin: Begin, folder: Path) -> None:
    sessions, kept = two_loads(begin, folder)
    kept.forget(0)
    assert kept_images(folder) == [[2, 4]]
    assert kept.path_of(sessions[1], 1).exists()
    assert kept.loads == (1,)


def test_a_load_that_was_deleted_is_offered_to_the_next(begin: Begin, folder: Path) -> None:
    sessions, kept = two_loads(begin, folder)
    path = kept.path_of(sessions[0], 0)
    kept.leave(0)
    found = kept.find(begin(), 2)
    assert found is not None
    assert found.path == path
    kept.forget_all()
    assert kept_images(folder) == [[2, 3]]


def test_a_file_of_an_earlier_version_is_found(begin: Begin, folder: Path) -> None:
    """There was one file for each study, by its images' name alone."""
    left_behind(begin, folder)
    (path,) = folder.glob("*.npz")
    session = begin()
    path.rename(folder / f"{recovery.fingerprint(session.stack)}.npz")
    kept = Recovery(folder)
    found = kept.find(session)
    assert found is not None
    kept.restore(session, found)
    assert kept_images(folder) == [[2, 3]]
    kept.forget_all()
    assert list(folder.glob("*")) == []


def test_work_is_never_without_a_file_while_it_is_restored(
    begin: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    left_behind(begin, folder)
    session, kept = begin(), Recovery(folder)
    found = kept.find(session)
    monkeypatch.setattr(recovery.np, "savez_compressed", fail)
    kept.restore(session, found)
    assert kept_images(folder) == [[2, 3]]


def test_new_work_is_kept_where_a_killed_session_had_written_its_own(begin: Begin, folder: Path) -> None:
    """What it left then adds nothing to the study that comes to hand, and must not stand in the way of what follows."""
    left_behind(begin, folder)
    session, kept = begin(), Recovery(folder)
    work(session)  # as in the files that it had written before it was killed
    assert kept.find(session) is None
    session.set_impression("Dilated.")
    assert kept.keep(session)
    again = Recovery(folder).find(begin())
    assert again is not None
    assert again.reading.impression == "Dilated."


def test_a_session_that_still_runs_is_not_stolen_from(begin: Begin, folder: Path) -> None:
    left_behind(begin, folder)
    crash(folder, os.getppid())
    session, kept = begin(), Recovery(folder)
    assert kept.find(session) is None
    delete_here(session, (5, 5), [Label.RV])
    assert kept.keep(session)
    kept.forget()
    assert kept_images(folder) == [[2, 3]]


def test_a_process_number_that_comes_again_hides_nothing(begin: Begin, folder: Path) -> None:
    """In a container every program may have the same number."""
    left_behind(begin, folder)
    crash(folder, os.getpid())
    session, kept = begin(), Recovery(folder)
    found = kept.find(session)
    assert found is not None
    kept.restore(session, found)
    assert session.segmentation.corrected.any()


def test_one_session_does_not_find_its_own_work(begin: Begin, folder: Path) -> None:
    session, kept = begin(), Recovery(folder)
    kept.find(session)
    work(session)
    kept.keep(session)
    assert kept.find(session) is None
    assert kept.find(begin()) is None


def test_what_is_all_taken_back_is_not_kept(begin: Begin, folder: Path) -> None:
    session, kept = begin(), Recovery(folder)
    kept.find(session)
    assert not kept.keep(session)
    session.look_at(2, 3)
    assert not kept.keep(session)
    delete_here(session, (2, 3), [Label.LV])
    session.set_counts([Label.RV], 0, 1, counts=False)
    assert kept.keep(session)
    session.undo()
    assert kept.keep(session)
    session.undo()
    assert not kept.keep(session)
    assert list(folder.glob("*")) == []


def test_corrections_of_a_saved_scene_that_were_taken_back_come_back_so(begin: Begin, folder: Path) -> None:
    """The scene on disk still holds them: what the reader did last wins."""
    before = begin()
    delete_here(before, (2, 3), [Label.LV])
    saved = (before.segmentation, before.reading, before.history)
    session, kept = begin(saved[0], reading=saved[1], history=saved[2]), Recovery(folder)
    kept.find(session)
    assert not kept.keep(session)
    session.undo()
    assert kept.keep(session)
    crash(folder)
    again = begin(saved[0], reading=saved[1])
    found = Recovery(folder).find(again)
    assert found is not None
    again.restore(found.images, found.reading)
    assert describe_work(again.segmentation, again.reading) == ""


def test_what_a_saved_scene_holds_is_not_offered_again(begin: Begin, folder: Path) -> None:
    lost = left_behind(begin, folder)
    again, kept = begin(lost.segmentation, reading=lost.reading), Recovery(folder)
    assert kept.find(again) is None
    assert list(folder.glob("*")) == []


def test_saved_or_closed_knowingly_all_is_forgotten(begin: Begin, folder: Path) -> None:
    session, kept = begin(), Recovery(folder)
    kept.find(session)
    work(session)
    kept.keep(session)
    kept.forget()
    assert list(folder.glob("*.npz")) == []
    assert not kept.keep(session)  # from here on only what is new
    delete_here(session, (5, 5), [Label.RV])
    assert kept.keep(session)
    kept.forget_all()
    assert list(folder.glob("*.npz")) == []


@pytest.mark.parametrize("keep", [0, 10, 200, -1])
def test_a_file_that_is_cut_off_is_no_help_and_no_harm(begin: Begin, folder: Path, keep: int) -> None:
    left_behind(begin, folder)
    (path,) = folder.glob("*.npz")
    path.write_bytes(path.read_bytes()[:keep])
    session, kept = begin(), Recovery(folder)
    assert kept.find(session) is None
    delete_here(session, (5, 5), [Label.RV])
    assert kept.keep(session)
    assert kept_images(kept.path_of(session)) == [[5, 5]]


@pytest.mark.parametrize(
    "damage",
    [
        {"places": [[99, 0]]},
        {"places": [[2, 3], [2, 4]]},
        {"origins": ["MARS"]},
        {"owner": {}},
        {"owner": {"process": "x", "token": ""}},
        {"reading": {}},
    ],
)
def test_a_file_that_does_not_fit_is_no_help_and_no_harm(begin: Begin, folder: Path, damage: dict[str, Any]) -> None:
    left_behind(begin, folder)
    (path,) = folder.glob("*.npz")
    with np.load(path) as stored:
        state, images = json.loads(str(stored["state"])), stored["images"]
    np.savez(path, state=np.array(json.dumps({**state, **damage})), images=images)
    session, kept = begin(), Recovery(folder)
    assert kept.find(session) is None
    delete_here(session, (5, 5), [Label.RV])
    assert kept.keep(session)


def test_no_pickle_is_opened(begin: Begin, folder: Path) -> None:
    left_behind(begin, folder)
    (path,) = folder.glob("*.npz")
    np.savez(path, state=np.array([{}], dtype=object), images=np.zeros((1, 2, 2)))
    assert Recovery(folder).find(begin()) is None


def test_the_file_is_named_after_the_images_and_holds_nothing_else(begin: Begin, folder: Path) -> None:
    left_behind(begin, folder)
    (path,) = folder.iterdir()
    name, number = path.stem.split("-")
    assert name == recovery.fingerprint(begin().stack)
    assert (len(name), len(number)) == (32, 8)


def test_another_study_finds_nothing(begin: Begin, folder: Path, made: Segmentation) -> None:
    lost = left_behind(begin, folder)
    stack = replace(lost.stack, voxels=np.ascontiguousarray(lost.stack.voxels[..., ::-1]))
    assert Recovery(folder).find(StudySession(stack, made)) is None


def test_a_full_disk_does_not_stop_the_work(
    begin: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    session, kept = begin(), Recovery(folder)
    kept.find(session)
    work(session)
    monkeypatch.setattr(recovery.np, "savez_compressed", fail)
    assert not kept.keep(session)
    assert "No space left on device" in caplog.text
    assert list(folder.glob("*")) == []


def test_old_files_go(begin: Begin, folder: Path) -> None:
    left_behind(begin, folder)
    Recovery(folder).forget_old(time.time() + 29 * 86_400)
    assert len(list(folder.glob("*.npz"))) == 1
    Recovery(folder).forget_old(time.time() + 31 * 86_400)
    assert list(folder.glob("*.npz")) == []


def test_of_one_study_the_latest_files_stay(begin: Begin, folder: Path) -> None:
    """Who crashes again and again, and never decides, fills no disk."""
    left_behind(begin, folder)
    (first,) = folder.glob("*.npz")
    for number in range(recovery.KEPT_FILES):
        later = folder / f"{first.stem[:-8]}{number:08}.npz"
        later.write_bytes(first.read_bytes())
        os.utime(later, (time.time() + 60 + number,) * 2)
    other = folder / f"{'0' * 32}.npz"
    other.write_bytes(first.read_bytes())
    Recovery(folder).forget_old(time.time())
    assert not first.exists()
    assert other.exists()
    assert len(list(folder.glob("*.npz"))) == recovery.KEPT_FILES + 1


def test_a_process_that_is_killed_leaves_its_work(session: StudySession, folder: Path, tmp_path: Path) -> None:
    """A real program, killed as a crash would: while it runs nobody takes its work, afterwards it is offered."""
    stack, labels = session.stack, session.segmentation.labels
    study = tmp_path / "study.npz"
    np.savez(
        study, voxels=stack.voxels, affine=stack.affine, times=np.array(stack.times_ms), rr=stack.rr_ms, labels=labels
    )
    library = Path(recovery.__file__).parents[2]
    program = subprocess.Popen(
        [sys.executable, "-c", WORK, str(study), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(library)},
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "True\n"
        kept = Recovery(folder)
        assert kept.find(session) is None
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait()
    found = kept.find(session)
    assert found is not None
    kept.restore(session, found)
    assert not (session.segmentation.labels[2, 3] == Label.LV).any()
    assert not session.assessment.counted[Label.RV - 1, :2, 1].any()
