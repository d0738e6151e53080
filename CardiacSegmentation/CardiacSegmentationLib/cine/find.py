"""Path → study: every candidate stack described from its headers, and the one that would be segmented."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cine.choose import choose, find_rivals, judge, order_of
from CardiacSegmentationLib.cine.elements import quietly
from CardiacSegmentationLib.cine.excluded import DAMAGE, Excluded, Reason
from CardiacSegmentationLib.cine.group import group_frames
from CardiacSegmentationLib.cine.headers import read_headers
from CardiacSegmentationLib.cine.identifiers import check_identifiers
from CardiacSegmentationLib.cine.lost import find_lost_images, some_of
from CardiacSegmentationLib.cine.open import StudyFiles, is_volume_file, open_files, open_study
from CardiacSegmentationLib.cine.parse import read_header
from CardiacSegmentationLib.cine.slices import stack_slices
from CardiacSegmentationLib.cine.sort import arrange
from CardiacSegmentationLib.cine.study import Candidate, FoundStudy
from CardiacSegmentationLib.cine.volume_files import describe_volume, is_label_file
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.cine.frames import Frame
    from CardiacSegmentationLib.cine.slices import Acquisition
    from CardiacSegmentationLib.findings import Parameter

MOST_REASONS = 4  # that an error repeats
FEWEST_SCATTERED = 10  # images, each of a study of its own
IMAGE_CLASSES = ("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1")  # MR and enhanced MR images


def find_stacks(
    path: Path | str | StudyFiles | Sequence[Path],
    progress: Callable[[int, int], None] | None = None,
    *,
    reacquired: Acquisition = "last",
) -> FoundStudy:
    """The stacks of a study, from headers only.

    ``path`` is a folder, an archive of one (zip, tar), a DICOMDIR, a multi-frame DICOM file, or a NIfTI or NRRD file;
    or the study's files one by one, or what ``open_study`` listed.
    ``progress`` is told (files done, files in all) and may raise to cancel. ``reacquired`` says which acquisition of a
    slice counts when it was taken more than once.
    """
    opened = _open(path)
    path = opened.path
    if opened.missing and not opened.files:
        raise StudyError.of("dicomdir-alone", path=path, count=len(opened.missing))
    if not opened.files and not opened.closed:
        raise StudyError.of("no-files", path=path)
    with quietly():
        headers = read_headers([file for file in opened.files if not is_volume_file(file)], progress)
    volume_files = [file for file in opened.files if is_volume_file(file)]
    volumes, left_out = _describe_volumes(volume_files, beside_dicom=bool(headers.frames))
    left_out += _separate_cut_off(headers.excluded)
    if opened.closed:
        left_out.insert(0, Excluded(Reason.UNREADABLE, files=opened.closed))
    if not headers.frames and not volumes:
        if len(left_out) == 1 and isinstance(left_out[0].detail, StudyError):
            raise left_out[0].detail
        raise StudyError.of("nothing-usable", path=path, reasons=tuple(left_out[:MOST_REASONS]))
    frames, copies = _drop_copies(headers.frames)
    if copies:
        left_out.append(Excluded(Reason.COPY, files=copies))
    frames, scattered = _gather_scattered(frames)
    stacks = volumes + _arrange_by_study(frames, reacquired)
    chosen, why = choose(stacks)
    rivals = () if chosen is None else find_rivals(stacks, chosen)
    stacks = [_check_in_study(stack, rivals if index == chosen else (), left_out) for index, stack in enumerate(stacks)]
    return FoundStudy(
        path=path,
        root=opened.root,
        stacks=tuple(stacks),
        left_out=tuple(left_out),
        chosen=chosen,
        why=why,
        findings=(*scattered, *_check_study(opened, frames, left_out)),
        temporary=opened.temporary,
    )


def _open(path: Path | str | StudyFiles | Sequence[Path]) -> StudyFiles:
    if isinstance(path, StudyFiles):
        return path
    return open_study(Path(path).expanduser()) if isinstance(path, (str, Path)) else open_files(path)


def _describe_volumes(paths: Sequence[Path], *, beside_dicom: bool) -> tuple[list[Candidate], list[Excluded]]:
    """Volume files beside DICOM images are results of someone's work on them, no part of the study."""
    found: list[Candidate] = []
    left_out: list[Excluded] = []
    if beside_dicom and paths:
        return found, [Excluded(Reason.VOLUME_BESIDE_DICOM, files=tuple(paths))]
    for path in paths:
        if is_label_file(path):
            left_out.append(Excluded(Reason.LABEL_MAP, files=(path,)))
            continue
        try:
            found.append(describe_volume(path))
        except StudyError as error:
            left_out.append(Excluded(Reason.UNUSABLE_VOLUME, error, files=(path,)))
    return judge(found), left_out


def _arrange_by_study(frames: Sequence[Frame], reacquired: Acquisition) -> list[Candidate]:
    """Candidates of every study by itself: the views of one patient say nothing about another's."""
    studies: dict[tuple[str, str], list[Frame]] = {}
    for frame in sorted(frames, key=_taken):  # names of files must not matter
        studies.setdefault((frame.file.patient_id, frame.file.study_uid), []).append(frame)
    found: list[Candidate] = []
    for members in studies.values():
        found += judge(
            [arrange(slices) for group in group_frames(members) for slices in stack_slices(group, reacquired)]
        )
    return sorted(found, key=_listing_order)


def _listing_order(candidate: Candidate) -> tuple[object, ...]:
    """Short-axis stacks first, then the larger ones."""
    return (not candidate.is_short_axis, -candidate.slices * candidate.phases, *order_of(candidate))


def _taken(frame: Frame) -> tuple[object, ...]:
    file, timing = frame.file, frame.timing
    return file.study_uid, file.series_number, timing.acquisition, timing.instance, file.instance_uid, str(file.path)


def _separate_cut_off(excluded: Sequence[Excluded]) -> list[Excluded]:
    """An MR image without pixels was cut off; other objects of MR have none, such as spectra and raw data."""
    separated = []
    for group in excluded:
        cut = tuple(file for file in group.files if group.reason is Reason.NO_PIXELS and _should_be_image(file))
        whole = tuple(file for file in group.files if file not in cut)
        if cut:
            separated.append(replace(group, reason=Reason.HEADER_CUT_OFF, files=cut))
        if whole:
            separated.append(replace(group, files=whole))
    return separated


def _should_be_image(file: Path) -> bool:
    with quietly():
        header = read_header(file)
        return header is not None and header.elements.text("SOPClassUID") in IMAGE_CLASSES


def _drop_copies(frames: Sequence[Frame]) -> tuple[list[Frame], tuple[Path, ...]]:
    """The same instance may lie in a folder twice under two names."""
    unique: dict[tuple[str, int], Frame] = {}
    copies = []
    for frame in frames:
        key = (frame.file.instance_uid or str(frame.file.path), frame.number)
        before = unique.setdefault(key, frame)
        if before is not frame and _same_place(before, frame):
            copies.append(frame.file.path)
        elif before is not frame:  # two different images under one UID, as careless anonymisers leave them
            unique[(str(frame.file.path), frame.number)] = frame
    return list(unique.values()), tuple(dict.fromkeys(copies))


def _gather_scattered(frames: Sequence[Frame]) -> tuple[list[Frame], list[Finding]]:
    """Images that an anonymiser gave a StudyInstanceUID each: of one patient and day they are one study."""
    uids = {frame.file.study_uid for frame in frames}
    if len(uids) < max(len(frames), FEWEST_SCATTERED):
        return list(frames), []
    by_day: dict[tuple[str, str], str] = {}
    for frame in frames:
        day = frame.file.patient_id, frame.file.study_date
        by_day[day] = min(frame.file.study_uid, by_day.get(day, frame.file.study_uid))
    gathered = [
        replace(frame, file=replace(frame.file, study_uid=by_day[frame.file.patient_id, frame.file.study_date]))
        for frame in frames
    ]
    return gathered, [Finding("studies-scattered", parameters={"count": len(uids)})]


def _same_place(a: Frame, b: Frame) -> bool:
    return a.position == b.position and a.orientation == b.orientation and a.timing == b.timing


def _check_in_study(candidate: Candidate, rivals: Sequence[Finding], left_out: Sequence[Excluded]) -> Candidate:
    """A stack with what only the whole study tells about it; the user may name any, so each is told of its own."""
    lost = find_lost_images(candidate, left_out)
    findings = (*candidate.findings, *rivals, *lost, *check_identifiers(candidate))
    return replace(candidate, findings=findings, complete=candidate.complete and not lost)


def _check_study(opened: StudyFiles, frames: Sequence[Frame], left_out: Sequence[Excluded]) -> list[Finding]:
    findings = []
    patients = {frame.file.patient_id for frame in frames}
    studies = {(frame.file.patient_id, frame.file.study_uid) for frame in frames}
    if len(patients) > 1:
        findings.append(Finding("several-patients", parameters={"count": len(patients)}))
    elif len(studies) > 1:
        findings.append(Finding("several-studies", parameters={"count": len(studies)}))
    if opened.missing:
        facts: dict[str, Parameter] = {"count": len(opened.missing), "files": some_of(opened.missing)}
        findings.append(Finding("files-missing", Severity.ERROR, parameters=facts))
    return findings + [_report_damage(group) for group in left_out if group.reason in DAMAGE]


def _report_damage(group: Excluded) -> Finding:
    facts: dict[str, Parameter] = {"count": len(group.files), "files": some_of([file.name for file in group.files])}
    if group.files[0].is_file():
        return Finding("file-damaged", Severity.ERROR, parameters={**facts, "why": group.reason.value})
    return Finding("folder-closed", Severity.ERROR, parameters=facts)
