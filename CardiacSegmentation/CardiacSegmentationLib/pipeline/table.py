"""The tables of a batch: each row on disk as soon as its study is done, the rest when the batch ends."""

from __future__ import annotations

import csv
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.export.overview import write_overview
from CardiacSegmentationLib.export.study_row import COLUMNS as STUDY
from CardiacSegmentationLib.export.study_row import NUMBERS, WHOLE_NUMBERS
from CardiacSegmentationLib.export.tables import safe_cell
from CardiacSegmentationLib.findings import readable
from CardiacSegmentationLib.pipeline.plan import OVERVIEW_FILE, PARQUET_FILE, SUMMARY_FILE, THUMBNAILS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COLUMNS = ("study", "status", "error", "seconds", *STUDY)
OVERVIEW_EVERY_S = 60.0
WITHHELD_ERROR = "told on the screen alone, for it may name series, files and dates"


class BatchTables:
    """``summary.csv``, ``summary.parquet`` (where pyarrow is installed) and ``overview.html`` in the batch's folder.

    De-identified, they do not hold what errors say.
    """

    def __init__(self, folder: Path, *, deidentify: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._deidentify = folder, deidentify
        self._rows: list[Mapping[str, Any]] = []
        self._overview_due = time.monotonic() + OVERVIEW_EVERY_S
        self._file = (folder / SUMMARY_FILE).open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)
        self._file.flush()

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row; the page follows once in a while."""
        row = {name: readable(value) if isinstance(value, str) else value for name, value in row.items()}
        if self._deidentify and row["status"] == "failed":
            row["error"] = f"{row.get('kind') or 'failed'}: {WITHHELD_ERROR}"
        self._rows.append(row)
        self._writer.writerow([safe_cell(row.get(name)) for name in COLUMNS])
        self._file.flush()
        if time.monotonic() > self._overview_due:
            self._write_overview()
            self._overview_due = time.monotonic() + OVERVIEW_EVERY_S

    def close(self) -> None:
        """Close the table, and write the others."""
        self._file.close()
        self._write_overview()
        if find_spec("pyarrow") is not None:
            _write_parquet(self._folder / PARQUET_FILE, self._rows)

    def _write_overview(self) -> None:
        write_overview(self._folder / OVERVIEW_FILE, self._rows, readable(self._folder.absolute().name), THUMBNAILS)


def _write_parquet(path: Path, rows: list[Mapping[str, Any]]) -> None:
    """The same columns as the CSV file, with their types; what is missing is null."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, getattr(pa, _type_of(name))()) for name in COLUMNS])
    content = pa.Table.from_pylist([{name: row.get(name) for name in COLUMNS} for row in rows], schema=schema)
    with atomic_path(path) as temporary:
        parquet.write_table(content, temporary)


def _type_of(column: str) -> str:
    if column in WHOLE_NUMBERS:
        return "int32"
    return "float64" if column in ("seconds", *NUMBERS) else "string"
