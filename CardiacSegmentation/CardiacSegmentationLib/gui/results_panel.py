"""Step 4, Results: the numbers as the labels are now, what they rest on, and their way out."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.choices import CHOICES, CONVENTION_TYPES
from CardiacSegmentationLib.corrections import corrections_text, entry_line
from CardiacSegmentationLib.errors import Cancelled, ExportError
from CardiacSegmentationLib.export.wording import measure_text
from CardiacSegmentationLib.gui.curve import Curve
from CardiacSegmentationLib.gui.export_menu import ExportMenu
from CardiacSegmentationLib.gui.exports import mark_folder, replaced, study_folder, write
from CardiacSegmentationLib.gui.messages import errors_shown, progress_shown
from CardiacSegmentationLib.gui.paths import offer_again
from CardiacSegmentationLib.gui.results_table import ResultsTable
from CardiacSegmentationLib.gui.sending import Sending
from CardiacSegmentationLib.gui.texts import findings_html
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.reading import Conventions
from CardiacSegmentationLib.scene.cine import read_patient
from CardiacSegmentationLib.scene.study import reading_of, set_reading
from CardiacSegmentationLib.segmentation import Label, Papillary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.gui.background import Process
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.study import Study

SEXES = (None, "F", "M")
EXPORT_FOLDER = "CardiacSegmentation/ExportFolder"  # key in Slicer's settings


class ResultsPanel:
    """What the fourth section shows and does."""

    def __init__(self, panel: CardiacPanel, make_process: Callable[[], Process] | None = None) -> None:
        self._panel, self._ui = panel, panel.ui
        self._curve = Curve(panel)
        self._table = ResultsTable(self._ui.resultsTable)
        self._is_filling = False
        self._journal: list[str] = []
        self._shown: dict[str, Any] = {}  # the facts, as the fields showed them last
        for spin in self._spins():
            spin.connect("valueChanged(double)", lambda _value: self._facts_changed())
        for name, combo in self._convention_combos().items():
            combo.clear()
            combo.addItems([CHOICES[name].label(value, language()) for value in CHOICES[name].values])
        for combo in (self._ui.sexCombo, *self._convention_combos().values()):
            combo.connect("currentIndexChanged(int)", lambda _index: self._facts_changed())
        self._ui.journalList.connect("itemDoubleClicked(QListWidgetItem*)", lambda _item: self._go_to_entry())
        self.sending = Sending(panel, self.export, self._say, make_process)
        self.export_menu = ExportMenu(panel, self._ui.exportButton, self.export, self.sending)
        self._ui.exportEdit.currentPath = str(slicer.app.settings().value(EXPORT_FOLDER, "") or Path.home())

    def take_in(self) -> None:
        """Take in a number that was typed and whose field was not left yet."""
        for spin in self._spins():
            spin.interpretText()

    def cancel_drag(self) -> bool:
        """Let go of the curve's mark in hand; false where none is."""
        return self._curve.cancel()

    def show_study(self, study: Study | None) -> None:
        """Another study, or another segmentation of it."""
        segmented = self._panel.live is not None
        combos = ("sexCombo", "bsaCombo", "papillaryCombo", "basalCombo", "thresholdCombo")
        for name in ("exportButton", "exportEdit", "resultsTable"):
            getattr(self._ui, name).enabled = segmented
        for name in (*combos, "heightSpin", "weightSpin", "ageSpin"):
            getattr(self._ui, name).enabled = study is not None
        if study is not None:
            self._fill_facts(study)
        self._say("")
        self._curve.let_go()
        self.sending.forget_question()
        self.show_numbers()

    def show_numbers(self) -> None:
        """Curve and table, and what the numbers rest on."""
        live = self._panel.live
        self.show_phase()
        if live is None:
            self._table.clear()
            self._ui.conventionsLabel.text = ""
            self._ui.findingsLabel.visible = False
            self._ui.correctionsLabel.visible = False
            self._list_journal([])
            return
        self._fill_facts(live.study)
        self._table.show(live.assessment)
        self._show_corrections(live)
        self._ui.conventionsLabel.text = _conventions_text(live.assessment)
        about_the_study = [finding for finding in live.assessment.open_findings if finding.slice is None]
        self._ui.findingsLabel.text = findings_html(about_the_study)
        self._ui.findingsLabel.visible = bool(about_the_study)

    def show_phase(self) -> None:
        """Another phase is on display."""
        self._curve.update()

    def export(self, parts: Sequence[str]) -> list[Path]:
        """Write parts of the results into the study's folder in the chosen one, and say where it is.

        The files; none where it was declined, cancelled or failed.
        """
        live, written = self._panel.live, list[Path]()
        if live is None:
            return written
        self._panel.settle()
        self._say("")
        with errors_shown(self._panel.messages):
            parent = self._chosen_folder()
            folder = study_folder(live.study, parent)
            if not self._may_replace(replaced(parts, folder)):
                return written
            written = self._write(live, parts, folder)
            offer_again(self._ui.exportEdit)
            slicer.app.settings().setValue(EXPORT_FOLDER, str(parent))
        return written

    def clean_up(self) -> None:
        """The module is unloaded."""
        self._curve.clean_up()
        self.sending.clean_up()

    def _say(self, text: str) -> None:
        self._ui.exportLabel.text = text

    def _write(self, live: LiveStudy, parts: Sequence[str], folder: Path) -> list[Path]:
        """Write, with a window that shows how far it is, and say what became of it."""
        try:
            with progress_shown(_("Writing …"), _("Cancelled; what was written before stays.")) as tell:
                written = write(live, parts, folder, lambda title, done: tell(round(100 * done), 100, title))
        except Cancelled as cancelled:
            self._say(str(cancelled))
            return []
        finally:
            if folder.is_dir():
                mark_folder(live.study, folder)
        self._say(_written_html(folder, written))
        return written

    def _show_corrections(self, live: LiveStudy) -> None:
        """What the reader changed against the network, and the journal of it."""
        text = corrections_text(live.assessment, live.session.segmentation, language())
        self._ui.correctionsLabel.text = text
        self._ui.correctionsLabel.visible = bool(text)
        shown = vars(live.assessment.key_phases)
        self._list_journal([entry_line(entry, shown, language()) for entry in reversed(live.session.reading.journal)])

    def _list_journal(self, lines: list[str]) -> None:
        if lines != self._journal:
            self._ui.journalList.clear()
            self._ui.journalList.addItems(lines)
            self._journal = lines
        self._ui.journalBox.visible = bool(lines)

    def _go_to_entry(self) -> None:
        """Show the image that the entry double-clicked tells of."""
        live = self._panel.live
        row = self._ui.journalList.currentRow
        if live is not None and 0 <= row < len(live.session.reading.journal):
            entry = live.session.reading.journal[-1 - row]
            self._panel.go_to(entry.slice, entry.phase)

    def _chosen_folder(self) -> Path:
        text = self._ui.exportEdit.currentPath.strip()
        if not text:
            raise ExportError(_("Choose the folder that the results are written to."))
        return Path(text).expanduser().absolute()

    def _may_replace(self, files: list[Path]) -> bool:
        if not files:
            return True
        question = _("{files} of this study are already in {folder}. Replace them?")
        names = ", ".join(path.name for path in files)
        return self._panel.messages.ask(question.format(files=names, folder=files[0].parent))

    def _fill_facts(self, study: Study) -> None:
        """The facts and conventions that the numbers rest on, or will."""
        self._is_filling = True
        reading = self._reading(study)
        ui, patient, conventions = self._ui, reading.patient_of(read_patient(study.images)), reading.conventions
        ui.sexCombo.currentIndex = SEXES.index(patient.sex) if patient.sex in SEXES else 0
        age = -1.0 if patient.age_years is None else float(math.floor(patient.age_years))
        for spin, value in (
            (ui.heightSpin, patient.height_cm or 0.0),
            (ui.weightSpin, patient.weight_kg or 0.0),
            (ui.ageSpin, age),
        ):
            if spin.value != round(value, spin.decimals):  # to set it anew would rewrite what is being typed
                spin.value = value
        for name, combo in self._convention_combos().items():
            value = getattr(conventions, name)
            combo.currentIndex = CHOICES[name].values.index(str(getattr(value, "value", value)))
        ui.thresholdCombo.enabled = conventions.papillary is Papillary.MASS
        self._shown = self._fields()
        self._is_filling = False

    def _spins(self) -> tuple[Any, ...]:
        return self._ui.heightSpin, self._ui.weightSpin, self._ui.ageSpin

    def _fields(self) -> dict[str, Any]:
        """The facts as the fields show them, by name: rounded, so that what was not touched says nothing."""
        ui = self._ui
        return {
            "sex": SEXES[ui.sexCombo.currentIndex],
            "height_cm": ui.heightSpin.value or None,
            "weight_kg": ui.weightSpin.value or None,
            "age_years": ui.ageSpin.value if ui.ageSpin.value >= 0 else None,
        }

    def _convention_combos(self) -> dict[str, Any]:
        ui = self._ui
        return {
            "papillary": ui.papillaryCombo,
            "bsa_formula": ui.bsaCombo,
            "basal_rule": ui.basalCombo,
            "papillary_percent": ui.thresholdCombo,
        }

    def _facts_changed(self) -> None:
        """Take over what was chosen, as facts put right and conventions of the reading."""
        study = self._panel.study
        if study is None or self._is_filling:
            return
        changed = {name: value for name, value in self._fields().items() if value != self._shown[name]}
        said = replace(self._reading(study).patient_of(read_patient(study.images)), **changed)
        chosen = {name: CHOICES[name].values[combo.currentIndex] for name, combo in self._convention_combos().items()}
        typed = {name: CONVENTION_TYPES[name](text) for name, text in chosen.items() if name in CONVENTION_TYPES}
        conventions = Conventions(**{**chosen, **typed})
        session = self._panel.session
        if session is None:  # not segmented yet: the session to come will know
            reading = replace(self._reading(study), conventions=conventions)
            set_reading(study, reading.put_right(read_patient(study.images), said))
            return
        with errors_shown(self._panel.messages):
            session.set_patient(**vars(said))
            session.set_conventions(**vars(conventions))
        self._fill_facts(study)  # a signed reading refuses

    def _reading(self, study: Study) -> Reading:
        live = self._panel.live
        return live.session.reading if live is not None else reading_of(study)


def _conventions_text(assessment: Assessment) -> str:
    """What a reader must know beside the numbers."""
    key = assessment.key_phases
    parts = []
    for name, label, ed, es in (("LV", Label.LV, key.lv_ed, key.lv_es), ("RV", Label.RV, key.rv_ed, key.rv_es)):
        if ed is None:
            continue
        text = _("{ventricle}: ED phase {ed} ({ed_slices} slices)").format(
            ventricle=name, ed=ed + 1, ed_slices=_counted(assessment, label, ed)
        )
        if es is not None:
            text += _(", ES phase {es} ({es_slices} slices)").format(
                es=es + 1, es_slices=_counted(assessment, label, es)
            )
        parts.append(text)
    in_volume = assessment.conventions.papillary is Papillary.VOLUME
    parts.append(_("Papillary muscles in the volume") if in_volume else _("Papillary muscles in the mass"))
    surface = assessment.heart.get("bsa_m2")
    if surface is not None and surface.value is not None:
        text = _("Body surface {area} m² ({formula})")
        parts.append(text.format(area=measure_text(surface, language()), formula=assessment.conventions.bsa_formula))
    return ". ".join(parts) + "."


def _counted(assessment: Assessment, label: Label, phase: int) -> int:
    counted: Any = assessment.counted[label - 1, phase] & (assessment.areas_mm2[label - 1, phase] > 0)
    return int(counted.sum())


def _written_html(folder: Path, paths: list[Path]) -> str:
    links = [f'<a href="{path.as_uri()}">{path.name}</a>' for path in paths[:4]]
    more = _(" and {count} more").format(count=len(paths) - 4) if len(paths) > 4 else ""
    place = f'<a href="{folder.as_uri()}">{folder.name}</a>'
    return _("Written into {folder}: {files}").format(folder=place, files=", ".join(links) + more)
