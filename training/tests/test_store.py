"""A store keeps what it was given, refuses what would spoil a training, and loses nothing to one broken subject."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from cardiactrain.cli import main
from cardiactrain.data.sources import name_maker
from cardiactrain.data.store import INDEX, load_subjects, read_index, write_store
from cardiactrain.data.subject import Subject, load_subject
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_a_store_gives_back_what_it_got(store: Path, subjects: list[Subject]) -> None:
    rows = read_index(store)
    assert len(rows) == len(subjects)
    again = load_subjects(store, [subjects[0].key])[0]
    assert again.facts == subjects[0].facts
    np.testing.assert_array_equal(again.stacks[1].image, subjects[0].stacks[1].image)
    assert next(r for r in rows if r["dataset"] == "sunnybrook")["labels"] == "LV"


def test_a_cut_off_file_is_named(tmp_path: Path, store: Path, subjects: list[Subject]) -> None:
    path = tmp_path / "cut.npz"
    path.write_bytes((store / f"{subjects[0].key}.npz").read_bytes()[:2000])
    with pytest.raises(DataError, match=r"cut\.npz is not a subject"):
        load_subject(path)


def with_image(subject: Subject, image: np.ndarray) -> Subject:
    """The subject with another image in its first phase."""
    return replace(subject, stacks=(replace(subject.stacks[0], image=image), *subject.stacks[1:]))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_that_is_not_finite_is_refused(value: float, subjects: list[Subject], tmp_path: Path) -> None:
    image = subjects[0].stacks[0].image.astype(np.float32)
    image[2, 5, 5] = value
    with pytest.raises(DataError, match="acdc-p00, phase ED, slice 3"):
        write_store([with_image(subjects[0], image)], tmp_path)
    assert not list(tmp_path.iterdir())


def test_slices_of_one_grey_value_are_told_once(
    subjects: list[Subject], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image = subjects[0].stacks[0].image.copy()
    image[[0, 2, 4]] = 7
    subject = with_image(subjects[0], image)
    ed = replace(subject.stacks[0], used=np.arange(len(image)) != 2)  # nothing is learned from that slice
    assert write_store([replace(subject, stacks=(ed, *subject.stacks[1:]))], tmp_path) == 1
    (record,) = caplog.records
    assert record.getMessage() == "acdc-p00 has slices of one grey value only: ED 1, ED 5."


def test_a_subject_without_a_usable_slice_is_refused(subjects: list[Subject], tmp_path: Path) -> None:
    unused = tuple(replace(stack, used=~stack.used) for stack in subjects[0].stacks)
    with pytest.raises(DataError, match="acdc-p00 has no slice fit for training"):
        write_store([replace(subjects[0], stacks=unused)], tmp_path)


def test_labels_that_were_lost_or_are_of_one_frame_are_refused(subjects: list[Subject], tmp_path: Path) -> None:
    """A network would learn that there is no heart, an evaluation that its EF is 0."""
    ed, es = subjects[0].stacks
    empty = replace(subjects[0], stacks=(ed, replace(es, labels=0 * es.labels)))
    with pytest.raises(DataError, match="acdc-p00, phase ES, has no label on any image"):
        write_store([empty], tmp_path)
    with pytest.raises(DataError, match="acdc-p00, phase ES, shows the very images of phase ED"):
        write_store([replace(subjects[0], stacks=(ed, replace(ed, phase="ES")))], tmp_path)
    assert not list(tmp_path.iterdir())


def test_those_before_a_broken_subject_are_kept(subjects: list[Subject], tmp_path: Path) -> None:
    def broken_third() -> Iterator[Subject]:
        yield from subjects[:2]
        msg = "the third is broken"
        raise DataError(msg)

    with pytest.raises(DataError, match="the third is broken"):
        write_store(broken_third(), tmp_path)
    assert [row["key"] for row in read_index(tmp_path)] == ["acdc-p00", "acdc-p01"]


def test_a_name_stands_for_one_study(subjects: list[Subject], tmp_path: Path) -> None:
    write_store(subjects[:1], tmp_path)
    corrected = tuple(replace(stack, labels=np.minimum(stack.labels, 1)) for stack in subjects[0].stacks)
    assert write_store([replace(subjects[0], stacks=corrected)], tmp_path) == 1, "the same images, corrected"
    assert load_subjects(tmp_path, ["acdc-p00"])[0].stacks[0].labels.max() == 1
    with pytest.raises(DataError, match=r"'p00' would take the place of .*acdc-p00\.npz"):
        write_store([replace(subjects[0], stacks=subjects[1].stacks)], tmp_path)


def test_a_store_made_before_patients_were_kept_is_read(store: Path, tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "patient"} for row in read_index(store)]
    with (tmp_path / INDEX).open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert read_index(tmp_path) == [row | {"patient": row["key"]} for row in rows]


def test_an_index_without_a_column_is_named(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text("key,dataset\nacdc-p00,acdc\n")
    with pytest.raises(DataError, match=r"index\.csv lacks 'subject' of acdc-p00"):
        read_index(tmp_path)
    (tmp_path / INDEX).write_text("key,dataset\nown-Müller,own\n", encoding="latin-1")
    with pytest.raises(DataError, match=r"index\.csv is no text in UTF-8"):
        read_index(tmp_path)


def test_subjects_without_usable_slices_cannot_be_shown(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with np.load(store / "acdc-p00.npz") as file:
        arrays = {name: np.zeros_like(file[name]) if name.startswith("used") else file[name] for name in file.files}
    np.savez(tmp_path / "acdc-p00.npz", **arrays)
    assert main(["data", "show", str(tmp_path), "--subjects", "acdc-p00", "--out", str(tmp_path)]) == 1
    assert "None of these subjects has a slice fit for training" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("GE MEDICAL SYSTEMS", "GE"),
        ("GE HealthCare", "GE"),
        ("SIEMENS", "Siemens"),
        ("Siemens Healthineers", "Siemens"),
        ("Philips Medical Systems", "Philips"),
        ("TOSHIBA_MEC", "Canon"),
        ("CANON_MEC", "Canon"),
        ("Esaote", "Esaote"),
    ],
)
def test_makers_have_one_name(said: str, name: str) -> None:
    assert name_maker(said) == name
