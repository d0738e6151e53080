"""One study from disk to results: what is written, what is reported, how it stops, what a second run does."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.cine import open_study
from CardiacSegmentationLib.errors import Cancelled, ExportError, ModelError, StudyError
from CardiacSegmentationLib.phantom import PhantomSpec, write_study
from CardiacSegmentationLib.pipeline import (
    RECORD_FILE,
    Existing,
    Options,
    Progress,
    read_reading,
    read_segmentation,
    segment_study,
)
from CardiacSegmentationLib.pipeline.local_key import key_path
from CardiacSegmentationLib.pipeline.record import fingerprint, read_record
from CardiacSegmentationLib.reading import KeyPhases, Reading, Signature
from CardiacSegmentationLib.reading_json import reading_to_dict
from CardiacSegmentationLib.segmentation import Label, Papillary

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

TABLES = {"measurements.json", "measurements.csv", "slices.csv", "phases.csv", "patient.csv"}


@pytest.fixture
def options(painted_bundle: Path) -> Options:
    return Options(model=painted_bundle, backend="onnx", parts=("tables", "labels"))


@pytest.fixture
def whole(painted: tuple[CineStack, Segmentation]) -> CineStack:
    """A whole beat."""
    return painted[0]


@pytest.fixture
def stack(whole: CineStack) -> CineStack:
    """Three phases of it, where files matter and not the beat."""
    return replace(whole, voxels=whole.voxels[:3], times_ms=whole.times_ms[:3])


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_study_becomes_numbers_near_the_truth(whole: CineStack, options: Options) -> None:
    results = segment_study(whole, options=options)
    assert results.assessment is not None
    assert results.assessment.lv["ef_percent"].value == pytest.approx(60, abs=1)
    assert results.assessment.rv["ef_percent"].value == pytest.approx(55, abs=1)
    assert results.summary["lv_edv_ml"] == pytest.approx(150, rel=0.02)
    assert results.files == ()


def test_the_folder_holds_what_was_asked_for_and_a_record(tmp_path: Path, stack: CineStack, options: Options) -> None:
    results = segment_study(stack, tmp_path / "out", options)
    assert files_in(tmp_path / "out") == TABLES | {"labels.nii.gz", RECORD_FILE}
    assert {path.name for path in results.files} == files_in(tmp_path / "out")
    assert all(path.is_file() for path in results.files)


def test_the_record_gives_the_segmentation_back(tmp_path: Path, stack: CineStack, options: Options) -> None:
    made = segment_study(stack, tmp_path / "out", options).segmentation
    found = read_segmentation(tmp_path / "out", stack)
    assert made is not None
    for name in ("labels", "labelled", "origin"):
        assert np.array_equal(getattr(made, name), getattr(found, name)), name
    assert made.model == found.model
    assert made.evidence is not None
    assert found.evidence is not None
    assert made.evidence.remarks == found.evidence.remarks
    np.testing.assert_allclose(made.evidence.confidence, found.evidence.confidence, atol=1e-4)


def test_what_was_written_gives_the_same_numbers_to_the_last_digit(
    tmp_path: Path, whole: CineStack, options: Options
) -> None:
    made = segment_study(whole, tmp_path / "out", options).assessment
    again = assess(whole, read_segmentation(tmp_path / "out", whole))
    assert made is not None
    for part in ("lv", "rv", "heart"):
        values = {key: item.value for key, item in getattr(made, part).items()}
        assert values == {key: item.value for key, item in getattr(again, part).items()}
    assert [item.code for item in made.findings] == [item.code for item in again.findings]


def test_a_reading_is_applied(tmp_path: Path, whole: CineStack, options: Options) -> None:
    everything = replace(options, parts=("reading", "labels", "tables"))
    made = segment_study(whole, tmp_path / "first", everything).assessment
    assert made is not None
    decided = Reading(key_phases=KeyPhases(lv_es=made.key_phases.lv_ed), reader="Dr. Who")
    decided = decided.decide_counts([(int(Label.RV), phase, 1) for phase in range(whole.phases)], counts=False)
    path = tmp_path / "reading.json"
    path.write_text(json.dumps(reading_to_dict(decided)))
    found = segment_study(
        whole, tmp_path / "out", replace(everything, reading=path, papillary=Papillary.MASS)
    ).assessment
    assert found is not None
    assert found.key_phases.lv_es == made.key_phases.lv_ed
    assert not found.counted[Label.RV - 1, :, 1].any()
    assert found.conventions.papillary is Papillary.MASS
    assert found.automatic is not None
    assert read_reading(tmp_path / "out").counts == decided.counts


def test_a_signature_does_not_pass_to_labels_that_its_reader_never_saw(
    tmp_path: Path, whole: CineStack, options: Options
) -> None:
    """The folder of results is named in place of its reading; what was decided holds."""
    signed = Reading(
        key_phases=KeyPhases(lv_es=3),
        reader="Dr. Who",
        signature=Signature("Dr. Who", "2026-03-01T12:00:00Z"),
        acknowledged=frozenset({"network-unsure:slice2"}),
        looked_at=frozenset({(0, 2)}),
    )
    first = tmp_path / "first"
    first.mkdir()
    (first / "reading.json").write_text(json.dumps(reading_to_dict(signed)))
    segment_study(whole, tmp_path / "out", replace(options, parts=("reading", "labels"), reading=first))
    again = read_reading(tmp_path / "out")
    assert (again.key_phases, again.reader) == (signed.key_phases, "Dr. Who")
    assert (again.signature, again.acknowledged, again.looked_at) == (None, frozenset(), frozenset())
    assert [entry.action for entry in again.journal] == ["segment"]


def test_progress_names_each_stage_and_ends_at_one(tmp_path: Path, stack: CineStack, options: Options) -> None:
    heard: list[Progress] = []
    segment_study(stack, tmp_path / "out", options, report=heard.append)
    assert list(dict.fromkeys(progress.stage for progress in heard)) == [
        "read", "model", "segment", "measure", "export", "done",
    ]  # fmt: skip
    fractions = [progress.fraction for progress in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(progress.seconds_left is None or progress.seconds_left >= 0 for progress in heard)


@pytest.mark.parametrize("stage", ["read", "model", "segment", "measure", "export"])
def test_a_run_cancelled_in_any_stage_leaves_nothing(
    tmp_path: Path, stack: CineStack, options: Options, stage: str
) -> None:
    stop = threading.Event()

    def listen(progress: Progress) -> None:
        if progress.stage == stage:
            stop.set()

    with pytest.raises(Cancelled):
        segment_study(stack, tmp_path / "out", options, report=listen, is_cancelled=stop.is_set)
    assert not (tmp_path / "out").exists()


def test_a_cancelled_run_leaves_older_results_alone(tmp_path: Path, stack: CineStack, options: Options) -> None:
    segment_study(stack, tmp_path / "out", options)
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    forced = replace(options, existing=Existing.REPLACE, papillary=Papillary.MASS)
    with pytest.raises(Cancelled):
        segment_study(stack, tmp_path / "out", forced, is_cancelled=lambda: True)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_results_that_are_there_are_not_touched_unless_asked(
    tmp_path: Path, stack: CineStack, options: Options
) -> None:
    segment_study(stack, tmp_path / "out", options)
    with pytest.raises(ExportError, match="--resume to keep"):
        segment_study(stack, tmp_path / "out", options)
    only_tables = replace(options, existing=Existing.REPLACE, parts=("tables",))
    segment_study(stack, tmp_path / "out", only_tables)
    assert files_in(tmp_path / "out") == TABLES | {RECORD_FILE}, "files of the earlier run that are not asked for go"


def write_nifti(stack: CineStack, path: Path) -> None:
    import SimpleITK

    frames = [SimpleITK.GetImageFromArray(frame) for frame in stack.voxels]
    for frame in frames:
        frame.SetSpacing(stack.spacing_mm[::-1])
    SimpleITK.WriteImage(SimpleITK.JoinSeries(frames) if len(frames) > 1 else frames[0], str(path))


def test_a_finished_run_is_kept_and_a_changed_study_done_again(
    tmp_path: Path, stack: CineStack, options: Options
) -> None:
    study = tmp_path / "study.nii.gz"
    write_nifti(stack, study)
    first = segment_study(study, tmp_path / "out", options)
    resume = replace(options, existing=Existing.RESUME)
    again = segment_study(study, tmp_path / "out", resume)
    assert again.kept
    assert again.summary == first.summary
    assert set(again.files) == set(first.files) - {tmp_path / "out" / RECORD_FILE}
    assert not segment_study(study, tmp_path / "out", replace(resume, papillary=Papillary.MASS)).kept
    write_nifti(replace(stack, voxels=stack.voxels + 1), study)
    assert not segment_study(study, tmp_path / "out", replace(resume, papillary=Papillary.MASS)).kept


def test_results_among_the_images_hide_no_other_study(tmp_path: Path, stack: CineStack, options: Options) -> None:
    write_nifti(stack, tmp_path / "images.nii.gz")
    resume = replace(options, existing=Existing.RESUME)
    assert not segment_study(tmp_path, tmp_path, options).kept
    assert segment_study(tmp_path, tmp_path, resume).kept
    write_nifti(replace(stack, voxels=stack.voxels + 1), tmp_path / "images.nii.gz")
    assert not segment_study(tmp_path, tmp_path, resume).kept
    only_tables = replace(options, parts=("tables",))
    segment_study(tmp_path, tmp_path, replace(only_tables, existing=Existing.REPLACE))
    assert segment_study(tmp_path, tmp_path, replace(only_tables, existing=Existing.RESUME)).kept


@pytest.mark.parametrize("existing", [Existing.STOP, Existing.RESUME])
def test_files_of_the_user_are_not_replaced_unless_asked(
    tmp_path: Path, stack: CineStack, options: Options, existing: Existing
) -> None:
    (tmp_path / "labels.nii.gz").write_bytes(b"drawn by hand")
    with pytest.raises(ExportError, match=r"files of yours \(labels\.nii\.gz\).*--force"):
        segment_study(stack, tmp_path, replace(options, existing=existing))
    assert files_in(tmp_path) == {"labels.nii.gz"}
    (tmp_path / "measurements.xlsx").write_bytes(b"as well")  # of no name that we write
    segment_study(stack, tmp_path, replace(options, existing=existing, parts=("tables",)))
    assert (tmp_path / "labels.nii.gz").read_bytes() == b"drawn by hand"
    segment_study(stack, tmp_path, replace(options, existing=Existing.REPLACE))
    assert (tmp_path / "labels.nii.gz").read_bytes() != b"drawn by hand"


def write_dicom(folder: Path, **changes: str) -> Path:
    """The phantom as a DICOM study whose headers were tampered with."""
    import pydicom

    write_study(folder, PhantomSpec(slices=6, phases=6, pixel_mm=2.5))
    for path in folder.rglob("*.IMA"):
        image = pydicom.dcmread(path)
        for keyword, value in changes.items():
            setattr(image, keyword, value)
        image.save_as(path)
    return folder


@pytest.mark.parametrize("deidentify", [False, True])
def test_dicom_results_that_cannot_be_made_do_not_cost_the_others(
    tmp_path: Path, options: Options, caplog: pytest.LogCaptureFixture, deidentify: bool
) -> None:
    study, out = write_dicom(tmp_path / "study", StudyInstanceUID=""), tmp_path / "out"
    everything = replace(options, parts=None, deidentify=deidentify)
    results = segment_study(study, out, everything)
    assert "part-not-written" in results.summary["warning_codes"]
    assert files_in(out) >= TABLES | {"labels.nii.gz", "report.pdf", RECORD_FILE}
    assert not any(name.startswith("dicom") for name in files_in(out))
    assert "no StudyInstanceUID" in caplog.text
    findings = json.loads((out / "measurements.json").read_text())["findings"]
    told = [finding for finding in findings if finding["code"].startswith("part-not-written")]
    assert [finding["severity"] for finding in told] == ["error"] * 4
    assert all(("StudyInstanceUID" in finding["message"]) is not deidentify for finding in told)
    assert "part-not-written" in json.loads((out / RECORD_FILE).read_text())["summary"]["warning_codes"]


def test_dicom_results_asked_for_by_name_are_refused_where_they_cannot_be_made(
    tmp_path: Path, stack: CineStack, options: Options
) -> None:
    study = write_dicom(tmp_path / "study", StudyInstanceUID="")
    with pytest.raises(ExportError, match=r"no StudyInstanceUID.*--only tables,labels,slicer,report"):
        segment_study(study, tmp_path / "out", replace(options, parts=("tables", "dicom")))
    write_nifti(stack, tmp_path / "images.nii.gz")
    with pytest.raises(ExportError, match=r"come from NIfTI.*--only tables,labels,slicer,report"):
        segment_study(tmp_path / "images.nii.gz", tmp_path / "out", replace(options, parts=("dicom",)))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../images.nii.gz", "/images.nii.gz"])
def test_a_record_speaks_of_files_in_its_own_folder_alone(
    tmp_path: Path, stack: CineStack, options: Options, name: str
) -> None:
    out = tmp_path / "out"
    segment_study(stack, out, options)
    record = json.loads((out / RECORD_FILE).read_text())
    (out / RECORD_FILE).write_text(json.dumps(record | {"files": [name]}))
    assert read_record(out) is None


def test_an_unfinished_run_is_done_again_and_its_rests_go(tmp_path: Path, stack: CineStack, options: Options) -> None:
    out = tmp_path / "out"
    segment_study(stack, out, options)
    (out / RECORD_FILE).unlink()
    (out / ".cardiacseg-unfinished-1234").mkdir()
    (out / ".cardiacseg-unfinished-1234" / "labels.nii.gz").write_bytes(b"half")
    assert not segment_study(stack, out, replace(options, existing=Existing.RESUME)).kept
    assert files_in(out) == TABLES | {"labels.nii.gz", RECORD_FILE}


def test_a_single_phase_gives_volumes_without_ef(tmp_path: Path, stack: CineStack, options: Options) -> None:
    study = tmp_path / "one.nii.gz"
    write_nifti(replace(stack, voxels=stack.voxels[:1], times_ms=(0.0,), instance_uids=()), study)
    results = segment_study(study, tmp_path / "out", options)
    assert results.summary["lv_edv_ml"] == pytest.approx(150, rel=0.02)
    assert results.summary["lv_ef_percent"] is None


def test_the_label_map_lies_on_the_inputs_grid(tmp_path: Path, stack: CineStack, options: Options) -> None:
    import SimpleITK

    study, labels = tmp_path / "study.nii.gz", tmp_path / "labels.nii.gz"
    write_nifti(stack, study)
    segment_study(study, options=replace(options, labels_file=labels))
    image, found = SimpleITK.ReadImage(str(study)), SimpleITK.ReadImage(str(labels))
    assert found.GetSize() == image.GetSize()
    assert found.GetSpacing() == pytest.approx(image.GetSpacing())
    assert found.GetOrigin() == pytest.approx(image.GetOrigin())
    assert found.GetDirection() == pytest.approx(image.GetDirection())
    assert set(np.unique(SimpleITK.GetArrayViewFromImage(found))) == {0, 1, 2, 3}


def test_only_ed_and_es_when_only_they_are_wanted(whole: CineStack, options: Options) -> None:
    results = segment_study(whole, options=replace(options, phases="ed-es"))
    assert results.segmentation is not None
    assert 2 <= results.segmentation.labelled.sum() < whole.phases
    assert results.summary["lv_ef_percent"] == pytest.approx(60, abs=1)


def test_what_the_user_says_about_the_patient_counts(stack: CineStack, options: Options) -> None:
    results = segment_study(stack, options=replace(options, sex="F", height_cm=150.0, weight_kg=50.0))
    assert results.assessment is not None
    patient = results.assessment.patient
    assert (patient.sex, patient.height_cm, patient.age_years) == ("F", 150.0, stack.patient.age_years)


def test_uncertainty_is_written_where_asked(tmp_path: Path, stack: CineStack, options: Options) -> None:
    short = replace(stack, voxels=stack.voxels[:2], times_ms=stack.times_ms[:2])
    segment_study(short, tmp_path / "out", replace(options, uncertainty=True))
    assert "uncertainty.nii.gz" in files_in(tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parts": ("tables", "film")}, "film"),
        ({"backend": "cloud"}, "cloud"),
        ({"labels_file": Path("labels.png")}, "ends in .nii.gz"),
    ],
)
def test_wrong_choices_are_told(tmp_path: Path, stack: CineStack, options: Options, changes: dict, words: str) -> None:
    with pytest.raises((ExportError, ModelError), match=words):
        segment_study(stack, tmp_path / "out", replace(options, **changes))
    assert not (tmp_path / "out").exists()


def test_a_study_that_cannot_be_read_leaves_no_folder(tmp_path: Path, options: Options) -> None:
    (tmp_path / "study").mkdir()
    with pytest.raises(StudyError):
        segment_study(tmp_path / "study", tmp_path / "out", options)
    assert not (tmp_path / "out").exists()


def test_studies_in_threads_do_not_disturb_each_other(whole: CineStack, options: Options) -> None:
    turned = replace(whole, voxels=np.ascontiguousarray(np.rot90(whole.voxels, 1, axes=(2, 3))))
    alone = [segment_study(one, options=options).segmentation for one in (whole, turned)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda one: segment_study(one, options=options).segmentation, (whole, turned)))
    for one, other in zip(alone, together, strict=True):
        assert one is not None
        assert other is not None
        assert np.array_equal(one.labels, other.labels)


def test_no_fact_about_the_patient_is_in_the_record(tmp_path: Path, stack: CineStack, options: Options) -> None:
    segment_study(stack, tmp_path / "out", replace(options, weight_kg=81.25, deidentify=True))
    text = (tmp_path / "out" / RECORD_FILE).read_text()
    assert json.loads(text)["schema"] == "cardiacseg-run"
    assert "81.25" not in text
    assert str(tmp_path) not in text


def test_checksums_in_deidentified_results_cannot_be_found_by_trial(
    tmp_path: Path, stack: CineStack, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who guesses the patient's facts and the study's files finds nothing; their owner's next run knows them again."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "settings"))
    study, out = tmp_path / "Miller, Anna.nii.gz", tmp_path / "out"
    write_nifti(stack, study)
    hidden = replace(options, sex="F", age_years=61.0, deidentify=True)
    segment_study(study, out, hidden)
    record = json.loads((out / RECORD_FILE).read_text())
    named = replace(hidden, deidentify=False)
    guesses = {
        named.as_recorded()["patient"],
        hashlib.sha256(repr(("F", 61.0, None, None)).encode()).hexdigest(),
        fingerprint(open_study(study), ()),
    }
    assert not guesses & {record["study"], record["options"]["patient"]}
    assert segment_study(study, out, replace(hidden, existing=Existing.RESUME)).kept
    assert key_path().read_bytes() not in (out / RECORD_FILE).read_bytes()
    if sys.platform != "win32":
        assert key_path().stat().st_mode & 0o077 == 0
    key_path().unlink()
    assert not segment_study(study, out, replace(hidden, existing=Existing.RESUME)).kept
