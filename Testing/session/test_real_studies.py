"""A border moved at ED or ES of a real study moves the number, and never the phase it is taken from."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.cine import read_study
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.network.segment import segment_stack
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.session import StudySession
from scipy.ndimage import binary_dilation, binary_erosion

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data

ONE_PIXEL = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]], bool)


def open_study(path: Path) -> StudySession:
    """A study as the network that ships with the program labels it."""
    stack = read_study(path)
    return StudySession(stack, segment_stack(stack, load_network(None, "onnx")).segmentation)


def test_the_lv_a_pixel_smaller_at_ed(real_data: Path) -> None:
    session = open_study(real_data / "acdc" / "patient090_4d.nii.gz")
    before = session.assessment
    assert before.lv["edv_ml"].value == pytest.approx(76.5, abs=0.1)
    ed = before.key_phases.lv_ed
    labels = session.segmentation.labels[ed]
    cavity = labels == Label.LV
    session.edit(ed, np.where(cavity & ~binary_erosion(cavity, ONE_PIXEL), np.uint8(Label.MYO), labels), "Margin")
    after = session.assessment
    assert after.key_phases == before.key_phases
    assert after.lv["edv_ml"].value == pytest.approx(63.8, abs=0.1)
    assert after.automatic is not None
    assert after.automatic.lv["edv_ml"].value == before.lv["edv_ml"].value
    (finding,) = [one for one in after.findings if one.code == "key-phase-largest"]
    assert finding.message == "LV: end-diastole is phase 3; the volume is largest in phase 2 (+12 ml)."
    session.use_extreme(finding)
    assert session.assessment.lv["edv_ml"].value == pytest.approx(75.7, abs=0.1)
    session.undo()
    session.undo()
    assert session.assessment.lv["edv_ml"].value == before.lv["edv_ml"].value


def test_the_lv_a_pixel_wider_at_es(real_data: Path, tmp_path: Path) -> None:
    with tarfile.open(real_data / "sunnybrook" / "dicom" / "SCD0000101.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    session = open_study(tmp_path)
    es = session.assessment.key_phases.lv_es
    labels = session.segmentation.labels[es]
    session.edit(es, np.where(binary_dilation(labels == Label.LV, ONE_PIXEL), np.uint8(Label.LV), labels), "Margin")
    assert session.assessment.key_phases.lv_es == es
    assert session.assessment.lv["esv_ml"].value == pytest.approx(151.8, abs=0.1)
    (finding,) = [one for one in session.assessment.findings if one.code == "key-phase-smallest"]
    assert finding.parameters["difference_ml"] == pytest.approx(-15.1, abs=0.2)
