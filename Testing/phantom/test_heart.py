"""The closed-form geometry against numerical integration, and against what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.errors import PhantomError
from CardiacSegmentationLib.phantom import PhantomSpec
from CardiacSegmentationLib.phantom.chambers import outlines
from CardiacSegmentationLib.phantom.cycle import contraction, end_systole
from CardiacSegmentationLib.phantom.heart import (
    RV_PROFILE_INTEGRAL,
    RV_PROFILE_PEAK,
    beating_heart,
    oval,
    septal_profile,
)

ANGLES = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)

HEARTS = {
    "default": {},
    "small child": {"lv_edv_ml": 40, "rv_edv_ml": 42},
    "dilated": {"lv_edv_ml": 350, "lv_ef_percent": 20, "rv_edv_ml": 220, "rv_ef_percent": 30, "slices": 14},
    "hyperdynamic": {"lv_ef_percent": 80, "rv_ef_percent": 75},
    "large RV": {"rv_edv_ml": 320, "rv_ef_percent": 40},
    "still": {"lv_ef_percent": 0, "rv_ef_percent": 0},
}


@pytest.fixture(params=HEARTS, scope="module")
def spec(request: pytest.FixtureRequest) -> PhantomSpec:
    return PhantomSpec(**HEARTS[request.param])


@pytest.mark.parametrize("name", ["cavity", "epicardium", "rv"])
def test_a_solids_areas_integrate_to_its_volume_in_every_phase(spec: PhantomSpec, name: str) -> None:
    solid = getattr(beating_heart(spec), name)
    step = 0.01
    depths = np.broadcast_to(np.arange(-20, 150, step) + step / 2, (spec.phases, 17_000))
    assert solid.area_mm2(depths).sum(axis=1) * step == pytest.approx(solid.volume_mm3, rel=2e-4)


def test_papillary_muscles_keep_their_volume(spec: PhantomSpec) -> None:
    heart = beating_heart(spec)
    depths = np.broadcast_to(np.arange(-20, 150, 0.01), (spec.phases, 17_000))
    assert heart.papillary_mm2(depths).sum(axis=1) * 0.01 == pytest.approx(heart.papillary_mm3, rel=1e-3)


def test_outlines_enclose_the_areas_of_the_solids(spec: PhantomSpec) -> None:
    heart = beating_heart(spec)
    depth = heart.slice_depths_mm[None, :, None]
    cavity, epicardium, rv = (np.mean(square, axis=2) * np.pi for square in outlines(heart, ANGLES, depth))
    assert cavity == pytest.approx(heart.cavity.area_mm2(depth[..., 0]), rel=1e-6)
    assert epicardium == pytest.approx(heart.epicardium.area_mm2(depth[..., 0]), rel=1e-6)
    assert rv - epicardium == pytest.approx(heart.rv.area_mm2(depth[..., 0]), rel=1e-4, abs=1e-6)


def test_profiles_have_the_integrals_that_the_closed_form_uses() -> None:
    assert septal_profile(ANGLES).mean() * 2 * np.pi == pytest.approx(RV_PROFILE_INTEGRAL, rel=1e-6)
    assert 0.95 < septal_profile(ANGLES).max() < RV_PROFILE_PEAK
    assert oval(ANGLES).mean() == pytest.approx(1)


def test_volumes_and_ef_are_those_asked_for(spec: PhantomSpec) -> None:
    heart = beating_heart(spec)
    for solid, edv, ef in (
        (heart.cavity, spec.lv_edv_ml, spec.lv_ef_percent),
        (heart.rv, spec.rv_edv_ml, spec.rv_ef_percent),
    ):
        volumes_ml = solid.volume_mm3 / 1000
        assert volumes_ml[0] == pytest.approx(edv)
        assert volumes_ml.min() == pytest.approx(edv * (1 - ef / 100))
        assert volumes_ml[heart.es_phase] == volumes_ml.min()


def test_muscle_is_neither_made_nor_lost(spec: PhantomSpec) -> None:
    heart = beating_heart(spec)
    muscle_ml = (heart.epicardium.volume_mm3 - heart.cavity.volume_mm3) / 1000
    assert muscle_ml * 1.05 == pytest.approx(spec.mass_g)


def test_simpsons_rule_meets_the_true_volumes_at_ed_and_es(spec: PhantomSpec) -> None:
    heart = beating_heart(spec)
    depths = np.broadcast_to(heart.slice_depths_mm, (spec.phases, heart.slices))
    for solid in (heart.cavity, heart.epicardium, heart.rv):
        sums = solid.area_mm2(depths).sum(axis=1) * heart.spacing_mm
        key = [0, heart.es_phase]
        assert sums[key] == pytest.approx(solid.volume_mm3[key], rel=5e-4)


def test_the_wall_thickens_and_the_base_comes_down_in_systole() -> None:
    heart = beating_heart(PhantomSpec())
    depth = np.full((25, 1), 45.0)
    wall = np.sqrt(heart.epicardium.area_mm2(depth) / np.pi) - np.sqrt(heart.cavity.area_mm2(depth) / np.pi)
    assert 6 < wall[0, 0] < 11
    assert 1.3 < wall[heart.es_phase, 0] / wall[0, 0] < 2
    assert heart.cavity.base_mm[heart.es_phase] == 10
    assert heart.rv.base_mm[heart.es_phase] == 20


def test_slices_lie_above_the_base_and_below_the_apex() -> None:
    heart = beating_heart(PhantomSpec(slices=13))
    assert heart.slice_depths_mm[1] < 0 < heart.slice_depths_mm[2]
    assert heart.slice_depths_mm[-1] > heart.epicardium.apex_mm.max()


@pytest.mark.parametrize("phases", [2, 5, 20, 25, 30, 50])
def test_the_cycle_ejects_once_and_fills_once(phases: int) -> None:
    shortened, es = contraction(phases), end_systole(phases)
    assert shortened[0] == 0
    assert shortened[es] == 1 == shortened.max()
    assert (np.diff(shortened[: es + 1]) > 0).all()
    assert (np.diff(shortened[es:]) <= 1e-12).all()


def test_filling_is_rapid_then_pauses_then_the_atria_kick() -> None:
    shortened = contraction(100)
    filling = -np.diff(shortened)
    early, pause, kick = filling[40:60].max(), filling[68:78].max(), filling[82:100].max()
    assert early > kick > 3 * pause
    assert 0.35 <= end_systole(100) / 100 <= 0.40


def test_too_few_slices_widen_the_gap_unless_it_was_asked_for() -> None:
    heart = beating_heart(PhantomSpec(slices=6))
    assert heart.slice_depths_mm[-1] + heart.spacing_mm / 2 >= heart.epicardium.apex_mm[0]
    with pytest.raises(PhantomError, match=r"6 slices, 10 mm apart, do not cover this heart: it takes 10"):
        beating_heart(PhantomSpec(slices=6, gap_mm=2))
    with pytest.raises(PhantomError, match="do not cover"):
        beating_heart(PhantomSpec(slices=3))


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"lv_ef_percent": 95}, "LV ejection fraction .* between 0 and 90; 95"),
        ({"rv_edv_ml": float("nan")}, "RV end-diastolic volume"),
        ({"heart_rate_bpm": 0}, "Heart rate"),
        ({"phases": 1}, "Number of phases"),
        ({"gap_mm": -1}, "Gap"),
        ({"pixel_mm": 0}, "Pixel size"),
        ({"sex": "X"}, "Sex"),
    ],
)
def test_what_no_heart_or_scanner_can_be_is_refused(choice: dict[str, object], text: str) -> None:
    with pytest.raises(PhantomError, match=text):
        PhantomSpec(**choice)


@pytest.mark.parametrize("mass_g", [15, 500])
def test_a_wall_that_no_heart_has_is_refused(mass_g: float) -> None:
    with pytest.raises(PhantomError, match=r"makes a wall of \d+\.\d mm"):
        beating_heart(PhantomSpec(lv_edv_ml=60, lv_mass_g=mass_g) if mass_g > 100 else PhantomSpec(lv_mass_g=mass_g))
