"""A campaign in little: folds, their evaluation, everyone, a bundle; stopped, gone on with, and packed to travel."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.network.bundle import load_bundle
from cardiactrain.checkpoint import LAST, load_checkpoint
from cardiactrain.cli import main
from cardiactrain.cli.campaign import UNFINISHED
from cardiactrain.data.store import load_subjects, read_index, write_store

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from cardiactrain.data.subject import Subject


def test_a_campaign_goes_through_in_pieces(
    tiny_recipe: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folds, out = tmp_path / "folds.json", tmp_path / "campaign"
    assert main(["data", "split", str(store), "--folds", "2", "--out", str(folds)]) == 0
    command = ["campaign", str(tiny_recipe), "--store", str(store), "--split", str(folds), "--out", str(out)]
    command += ["--device", "cpu", "--bundle-version", "9.0.0", "--set", "train.epochs=2"]
    assert main([*command, "--minutes", "0.0001"]) == UNFINISHED
    assert "The time is up in 'fold 0'; the same command goes on" in capsys.readouterr().out
    assert not (out / "fold1").exists()
    assert main(command) == 0
    assert [load_checkpoint(out / name / LAST)["progress"]["epoch"] for name in ("fold0", "fold1", "everyone")] == [
        2
    ] * 3
    assert "Subjects: 10. Trained on: none of them" in capsys.readouterr().out
    assert load_bundle(out / "bundle").version == "9.0.0"
    before = (out / "bundle" / "configs" / "metadata.json").stat().st_mtime_ns
    assert main(command) == 0, "what is done is not done again"
    assert (out / "bundle" / "configs" / "metadata.json").stat().st_mtime_ns == before
    assert main([*command, "--bundle-version", "9.1.0"]) == 0
    assert load_bundle(out / "bundle").version == "9.1.0"
    assert main([*command, "--set", "optimiser.lr=0.5"]) == 1, (
        "another recipe's networks are not passed off as this one's"
    )
    assert "holds a run of another recipe" in capsys.readouterr().err


def test_a_packed_store_comes_back(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Labels as they were, grey values within the noise, and every part small enough."""
    parts, back = tmp_path / "parts", tmp_path / "back"
    assert main(["data", "pack", str(store), "--out", str(parts), "--mib", "0.1"]) == 0
    files = sorted(parts.iterdir())
    assert len(files) > 1
    assert max(file.stat().st_size for file in files) < 0.12 * 2**20
    assert main(["data", "unpack", str(files[0]), "--out", str(back)]) == 0
    assert "are in other parts" in capsys.readouterr().out
    assert main(["data", "unpack", *map(str, files), "--out", str(back)]) == 0
    assert read_index(back) == read_index(store)
    keys = [row["key"] for row in read_index(store)]
    for old, new in zip(load_subjects(store, keys), load_subjects(back, keys), strict=True):
        assert (old.facts, old.spacing_mm) == (new.facts, new.spacing_mm)
        for stack, again in zip(old.stacks, new.stacks, strict=True):
            assert stack.image.dtype == again.image.dtype
            np.testing.assert_array_equal(stack.labels, again.labels)
            assert np.abs(stack.image - again.image).max() <= np.ptp(stack.image) / 160
    files[0].write_bytes(b"no archive")
    assert main(["data", "unpack", str(files[0]), "--out", str(back)]) == 1
    assert "is no part of a packed store" in capsys.readouterr().err


def test_parts_of_several_packings_are_told_apart(
    subjects: list[Subject], store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else labels of before a correction could come back, and a store of other subjects lose them from its index."""
    first, second, other, back = (tmp_path / name for name in ("first", "second", "other", "back"))
    assert main(["data", "pack", str(store), "--out", str(first), "--mib", "0.1"]) == 0
    assert main(["data", "pack", str(store), "--out", str(first)]) == 1
    assert "first holds parts already" in capsys.readouterr().err
    assert main(["data", "pack", str(store), "--out", str(second)]) == 0
    files = [second / "part-01.zip", *sorted(first.iterdir())]
    assert main(["data", "unpack", *map(str, files), "--out", str(back)]) == 1
    assert "both hold acdc-p00.npz" in capsys.readouterr().err
    assert not back.exists()
    write_store([replace(subjects[0], facts=replace(subjects[0].facts, dataset="own"))], other)
    assert main(["data", "unpack", str(files[0]), "--out", str(other)]) == 1
    assert f"part-01.zip is of another store than {other / 'index.csv'}" in capsys.readouterr().err
    assert [row["key"] for row in read_index(other)] == ["own-p00"]


def test_a_part_cannot_write_elsewhere(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part, back = tmp_path / "part-01.zip", tmp_path / "within" / "store"
    with zipfile.ZipFile(part, "w") as file:
        file.write(store / "index.csv", "index.csv")
        file.write(store / "acdc-p00.npz", "../../acdc-p00.npz")
    assert main(["data", "unpack", str(part), "--out", str(back)]) == 1
    assert "'../../acdc-p00.npz' is no subject's file" in capsys.readouterr().err
    with zipfile.ZipFile(part, "w") as file:
        file.write(store / "index.csv", "index.csv")
        file.writestr("acdc-p00.npz", b"cut")
    assert main(["data", "unpack", str(part), "--out", str(back)]) == 1
    assert "acdc-p00.npz in " in capsys.readouterr().err
