"""What is true of a phantom, and how it is written down."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.errors import PhantomError, reason_of
from CardiacSegmentationLib.phantom.geometry import in_chest, stack_affine
from CardiacSegmentationLib.phantom.spec import DENSITY_G_PER_ML
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.utf8_names import utf8_name

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.phantom.geometry import ImagePlane
    from CardiacSegmentationLib.phantom.heart import Heart
    from CardiacSegmentationLib.phantom.spec import PhantomSpec
    from CardiacSegmentationLib.stack import Array


SCHEMA, VERSION = "cardiacseg-phantom-truth", 1
TRUTH_FILE, LABELS_FILE = "truth.json", "labels.nii.gz"


@dataclass(frozen=True)
class VentricleTruth:
    """The numbers a reader should find for one ventricle."""

    edv_ml: float
    esv_ml: float
    sv_ml: float
    ef_percent: float
    co_l_min: float


@dataclass(frozen=True, eq=False)
class Truth:
    """Everything known about a phantom. Structures are ``lv`` (with its papillary muscles), ``myocardium``, ``rv``,
    ``papillary``; ``simpson_ml`` sums true areas in the slices' middles, ``volumes_ml`` is the continuous truth.
    """

    spec: PhantomSpec
    lv: VentricleTruth
    rv: VentricleTruth
    mass_g: float  # without the papillary muscles
    ed_phase: int
    es_phase: int
    times_ms: tuple[float, ...]
    spacing_mm: float
    affine: Array  # (column, row, slice, 1) to patient space (LPS), slices base to apex
    slice_centres_mm: Array  # [slice, x y z]: where each slice meets the LV's axis
    volumes_ml: dict[str, Array]  # [phase]
    simpson_ml: dict[str, Array]  # [phase]
    areas_mm2: dict[str, Array]  # [phase, slice]
    wall_mm: Array  # [phase, slice], NaN where there is no cavity

    def as_json(self, series: list[dict[str, Any]]) -> str:
        """The truth as written beside the images; ``series`` says what was written where."""
        return json.dumps(
            {
                "schema": SCHEMA,
                "version": VERSION,
                "written_by": f"cardiacseg {__version__}",
                "spec": asdict(self.spec),
                "lv": {**asdict(self.lv), "mass_g": self.mass_g, "myocardial_density_g_per_ml": DENSITY_G_PER_ML},
                "rv": asdict(self.rv),
                "ed_phase": self.ed_phase,
                "es_phase": self.es_phase,
                "rr_ms": self.spec.rr_ms,
                "times_ms": self.times_ms,
                "slice_spacing_mm": self.spacing_mm,
                "slice_thickness_mm": self.spec.thickness_mm,
                "slice_gap_mm": self.spacing_mm - self.spec.thickness_mm,
                "affine_lps": self.affine.tolist(),
                "slice_centres_lps_mm": self.slice_centres_mm.tolist(),
                "volumes_ml": _lists(self.volumes_ml),
                "simpson_ml": _lists(self.simpson_ml),
                "areas_mm2": _lists(self.areas_mm2),
                "wall_thickness_mm": {
                    "ed": _with_nulls(self.wall_mm[self.ed_phase]),
                    "es": _with_nulls(self.wall_mm[self.es_phase]),
                },
                "labels": {"file": LABELS_FILE, "codes": {label.name: int(label) for label in Label}},
                "series": series,
            },
            indent=1,
        )


def find_truth(spec: PhantomSpec, heart: Heart, views: tuple[ImagePlane, ...]) -> Truth:
    """The truth about this heart in these slices."""
    depths = np.broadcast_to(heart.slice_depths_mm, (spec.phases, heart.slices))
    cavity, epicardium = heart.cavity.area_mm2(depths), heart.epicardium.area_mm2(depths)
    areas = {
        "lv": cavity,
        "myocardium": epicardium - cavity,
        "rv": heart.rv.area_mm2(depths),
        "papillary": heart.papillary_mm2(depths),
    }
    volumes = {
        "lv": heart.cavity.volume_mm3 / 1000,
        "myocardium": (heart.epicardium.volume_mm3 - heart.cavity.volume_mm3) / 1000,
        "rv": heart.rv.volume_mm3 / 1000,
        "papillary": np.full(spec.phases, heart.papillary_mm3 / 1000),
    }
    wall = (np.sqrt(epicardium) - np.sqrt(cavity)) / np.sqrt(np.pi)
    return Truth(
        spec=spec,
        lv=_ventricle(spec, volumes["lv"], heart.es_phase),
        rv=_ventricle(spec, volumes["rv"], heart.es_phase),
        mass_g=float(volumes["myocardium"][0]) * DENSITY_G_PER_ML,
        ed_phase=0,
        es_phase=heart.es_phase,
        times_ms=spec.times_ms,
        spacing_mm=heart.spacing_mm,
        affine=stack_affine(views),
        slice_centres_mm=np.array([in_chest(0, 0, float(depth), spec) for depth in heart.slice_depths_mm]),
        volumes_ml=volumes,
        simpson_ml={name: area.sum(axis=1) * heart.spacing_mm / 1000 for name, area in areas.items()},
        areas_mm2=areas,
        wall_mm=np.where(cavity > 0, wall, np.nan),
    )


def write_labels(path: Path, labels: Array, affine: Array) -> None:
    """Labels [phase, slice, row, column] as a NIfTI file on the stack's grid."""
    import SimpleITK

    itk: Any = SimpleITK

    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    volumes = []
    for phase in labels:
        volume = itk.GetImageFromArray(phase)
        volume.SetOrigin(affine[:3, 3].tolist())
        volume.SetSpacing(spacing.tolist())
        volume.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
        volumes.append(volume)
    with utf8_name(path) as name:
        try:
            itk.WriteImage(itk.JoinSeries(volumes), name, useCompression=True)
        except RuntimeError as error:
            raise PhantomError.of("unwritable", path=path, reason=reason_of(error)) from error


def _ventricle(spec: PhantomSpec, volumes_ml: Array, es_phase: int) -> VentricleTruth:
    edv, esv = float(volumes_ml[0]), float(volumes_ml[es_phase])
    stroke = edv - esv
    return VentricleTruth(edv, esv, stroke, 100 * stroke / edv, stroke * spec.heart_rate_bpm / 1000)


def _lists(arrays: dict[str, Array]) -> dict[str, Any]:
    return {name: np.round(values, 4).tolist() for name, values in arrays.items()}


def _with_nulls(values: Array) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 3) for value in values]
