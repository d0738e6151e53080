"""From a spec to a phantom: in memory, or as a study on disk with its truth beside it."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import PhantomError, reason_of
from CardiacSegmentationLib.phantom.geometry import stack_affine
from CardiacSegmentationLib.phantom.heart import Heart, beating_heart
from CardiacSegmentationLib.phantom.image import label_plane
from CardiacSegmentationLib.phantom.layouts import Layout, find_layout
from CardiacSegmentationLib.phantom.rendering import SHORT_AXIS, render_short_axis, render_study
from CardiacSegmentationLib.phantom.truth import LABELS_FILE, SCHEMA, TRUTH_FILE, Truth, find_truth, write_labels
from CardiacSegmentationLib.reading import KeyPhases
from CardiacSegmentationLib.segmentation import Segmentation
from CardiacSegmentationLib.stack import CineStack, Patient

if TYPE_CHECKING:
    from CardiacSegmentationLib.phantom.geometry import ImagePlane
    from CardiacSegmentationLib.phantom.spec import PhantomSpec
    from CardiacSegmentationLib.stack import Array


def make_stack(spec: PhantomSpec) -> tuple[CineStack, Segmentation]:
    """The short-axis cine and its true labels in memory, voxel for voxel those that ``write_study`` writes.

    >>> stack, truth = make_stack(PhantomSpec(phases=5))  # doctest: +SKIP
    """
    heart = beating_heart(spec)
    cine = render_short_axis(spec, heart)
    stack = CineStack(
        voxels=cine.pixels,
        affine=stack_affine(cine.views),
        times_ms=cine.times_ms,
        rr_ms=spec.rr_ms,
        slice_thickness_mm=spec.thickness_mm,
        patient=Patient(spec.sex, float(spec.age_years), spec.height_cm, spec.weight_kg),
        title="Phantom",
    )
    return stack, Segmentation.of(_labels(cine.views, spec, heart))


def true_key_phases(spec: PhantomSpec) -> KeyPhases:
    """End-diastole and end-systole of the phantom; both ventricles beat as one."""
    es = beating_heart(spec).es_phase
    return KeyPhases(0, es, 0, es)


def write_study(folder: Path, spec: PhantomSpec, *, force: bool = False) -> Truth:
    """Write a phantom study and its truth; the folder appears only once everything is in it."""
    layout = find_layout(spec.layout)
    heart = beating_heart(spec)
    _check_target(folder, force=force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            truth = _write_all(work / "study", spec, heart, layout.files)
            _move_into_place(work / "study", folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise PhantomError.of("unwritable", path=folder, reason=reason_of(error)) from error
    return truth


def _labels(views: tuple[ImagePlane, ...], spec: PhantomSpec, heart: Heart) -> Array:
    return np.stack([label_plane(view, spec, heart) for view in views], axis=1)


def _write_all(folder: Path, spec: PhantomSpec, heart: Heart, files: Layout) -> Truth:
    study = render_study(spec, heart)
    written: dict[str, dict[str, Any]] = {}
    for path, image in files(spec, study):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        image.save_as(target, enforce_file_format=True)
        entry = written.setdefault(
            str(image.SeriesInstanceUID),
            {"uid": str(image.SeriesInstanceUID), "description": image.SeriesDescription, "files": []},
        )
        entry["files"].append(path)
    views = next(series.views for series in study if series.name == SHORT_AXIS)
    truth = find_truth(spec, heart, views)
    write_labels(folder / LABELS_FILE, _labels(views, spec, heart), truth.affine)
    (folder / TRUTH_FILE).write_text(truth.as_json(list(written.values())) + "\n", encoding="utf-8")
    return truth


def _check_target(folder: Path, *, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file. Name a folder that does not exist yet."
        raise PhantomError(msg)
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not force:
        msg = f"{folder} is not empty. Name another folder, or replace the phantom in it with --force."
        raise PhantomError(msg)
    if not _is_phantom(folder):
        msg = f"{folder} holds no phantom, so --force does not replace it. Name another folder."
        raise PhantomError(msg)


def _is_phantom(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8"))["schema"] == SCHEMA)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _move_into_place(made: Path, folder: Path) -> None:
    """Rename where the folder is new; else remove the phantom in it and move the parts in, the truth last."""
    if not folder.exists():
        made.rename(folder)
        return
    _remove_phantom(folder)
    parts = [path.relative_to(made) for path in made.rglob("*") if path.is_file()]
    for part in sorted(parts, key=lambda path: path.name == TRUTH_FILE):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (made / part).replace(folder / part)


def _remove_phantom(folder: Path) -> None:
    """Remove what ``write_study`` wrote, and nothing that came later."""
    if not _is_phantom(folder):
        return
    truth = json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8"))
    named = [folder / name for series in truth["series"] for name in series["files"]]
    images = [path for path in named if folder.resolve() in path.resolve().parents]
    for path in (*images, folder / LABELS_FILE, folder / TRUTH_FILE):
        path.unlink(missing_ok=True)
    for parent in {image.parent for image in images} - {folder}:
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
