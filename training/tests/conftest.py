"""Small hearts, drawn in a moment: enough for every path through the package, on two CPU cores in seconds."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from cardiactrain.data.sources import describe
from cardiactrain.data.splits import save_split, split_holdout
from cardiactrain.data.store import read_index, write_store
from cardiactrain.data.subject import LabelledStack, Subject
from drawn_hearts import SLICES, draw_stack

os.environ.setdefault("MPLBACKEND", "Agg")
torch.set_num_threads(1)


def make_subject(n: int, dataset: str = "acdc") -> Subject:
    """Subject ``n``; those of another data set have LV labels only."""
    stacks = []
    for phase, scale in (("ED", 1.0), ("ES", 0.7)):
        stack = LabelledStack.fully_labelled(phase, *draw_stack(n if dataset == "acdc" else 100 + n, scale))
        if dataset != "acdc":
            known = np.zeros((SLICES, 3), bool)
            known[:, 2] = True
            stack = replace(stack, labels=np.where(stack.labels == 3, 3, 0).astype(np.uint8), known=known)
        stacks.append(stack)
    vendor, group = ("Siemens", f"G{n % 2}") if dataset == "acdc" else ("GE", "HF")
    return Subject(describe(dataset, f"p{n:02d}", vendor=vendor, group=group), (10.0, 2.0, 2.0), tuple(stacks))


@pytest.fixture(scope="session")
def subjects() -> list[Subject]:
    return [make_subject(n) for n in range(8)] + [make_subject(n, "sunnybrook") for n in range(2)]


@pytest.fixture(scope="session")
def store(subjects: list[Subject], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    write_store(subjects, folder)
    return folder


@pytest.fixture(scope="session")
def split(store: Path) -> Path:
    path = store.parent / "split.json"
    save_split(split_holdout(read_index(store), 0.25, seed=1), path)
    return path


@pytest.fixture
def tiny_recipe(tmp_path: Path) -> Path:
    """``ours`` at its smallest."""
    path = tmp_path / "tiny.yaml"
    path.write_text(
        "base: ours\nname: tiny\n"
        "data: {datasets: [acdc, sunnybrook], phantoms: 0}\n"
        "view: {size: 32, spacing_mm: 4.0, coarse_spacing_mm: 8.0}\n"
        "network: {widths: [4, 8, 8]}\n"
        "train: {epochs: 3, steps_per_epoch: 3, batch: 4, validate_every: 3, precision: float32}\n"
    )
    return path


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real studies, which are never part of the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("CARDIACSEG_DATA", beside))
    if not folder.is_dir():
        pytest.skip("no real studies here: set CARDIACSEG_DATA to their folder")
    return folder
