"""Step 4, Results: the numbers as the labels are now, what they rest on, and their way out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.gui.clicks import once
from CardiacSegmentationLib.gui.exports import EXPORTS, Export, study_folder
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.gui.results_table import ResultsTable
from CardiacSegmentationLib.gui.texts import findings_html
from CardiacSegmentationLib.scene.study import Study, read_study_settings, write_study_settings
from CardiacSegmentationLib.reading import Conventions
from CardiacSegmentationLib.segmentation import Label, Papillary
from CardiacSegmentationLib.stack import Patient

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.study import StudySettings

SEXES = (None, "F", "M")
FORMULAS = ("Mosteller", "DuBois", "Haycock")
PAPILLARIES = (Papillary.VOLUME, Papillary.MASS)
EXPORT_FOLDER = "CardiacSegmentation/ExportFolder"  # key in Slicer's settings


class ResultsPanel:
    """What the fourth section shows and does."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel, self._ui = panel, panel.ui
        self._table = ResultsTable(self._ui.resultsTable)
        self._is_filling = False
        for spin in (self._ui.heightSpin, self._ui.weightSpin, self._ui.ageSpin):
            spin.connect("valueChanged(double)", lambda _value: self._facts_changed())
        for combo in (self._ui.sexCombo, self._ui.bsaCombo, self._ui.papillaryCombo):
            combo.connect("currentIndexChanged(int)", lambda _index: self._facts_changed())
        for button, export in EXPORTS.items():
            getattr(self._ui, button).connect("clicked()", once(partial(self.export, export)))
        self._ui.exportEdit.currentPath = str(slicer.app.settings().value(EXPORT_FOLDER, "") or Path.home())

    def show_study(self, study: Study | None) -> None:
        """Another study, or another segmentation of it."""
        segmented = self._panel.live is not None
        for name in (*EXPORTS, "exportEdit", "resultsTable", "bsaCombo", "papillaryCombo"):
            getattr(self._ui, name).enabled = segmented
        for name in ("sexCombo", "heightSpin", "weightSpin", "ageSpin"):
            getattr(self._ui, name).enabled = study is not None
        self._ui.exportLabel.text = ""
        if study is not None:
            self._fill_facts(read_study_settings(study)[0])
        self.show_numbers()

    def show_numbers(self) -> None:
        """The table, and what the numbers rest on."""
        live = self._panel.live
        if live is None:
            self._table.clear()
            self._ui.conventionsLabel.text = ""
            self._ui.findingsLabel.visible = False
            return
        self._table.show(live.assessment)
        self._ui.conventionsLabel.text = _conventions_text(live.assessment)
        about_the_study = [finding for finding in live.assessment.findings if finding.slice is None]
        self._ui.findingsLabel.text = findings_html(about_the_study)
        self._ui.findingsLabel.visible = bool(about_the_study)

    def export(self, export: Export) -> None:
        """Write one kind of result into the study's folder in the chosen one, and say where it is."""
        live = self._panel.live
        if live is None:
            return
        self._panel.settle()
        self._ui.exportLabel.text = ""
        with errors_shown(self._panel.messages):
            parent = self._chosen_folder()
            folder = study_folder(live.study, parent)
            if not self._may_replace(export.replaced(folder)):
                return
            written = export.write(live, folder)
            self._ui.exportEdit.addCurrentPathToHistory()
            slicer.app.settings().setValue(EXPORT_FOLDER, str(parent))
            self._ui.exportLabel.text = _written_html(folder, written)

    def apply_settings(self, live: LiveStudy) -> None:
        """Measure a newly opened or segmented study by the facts and conventions that were chosen for it."""
        settings, _notes = read_study_settings(live.study)
        live.set_patient(_patient(settings))
        live.set_conventions(_conventions(settings, live.segmentation.conventions))

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

    def _fill_facts(self, settings: StudySettings) -> None:
        self._is_filling = True
        ui = self._ui
        ui.sexCombo.currentIndex = SEXES.index(settings.sex) if settings.sex in SEXES else 0
        ui.heightSpin.value = settings.height_cm or 0.0
        ui.weightSpin.value = settings.weight_kg or 0.0
        ui.ageSpin.value = -1.0 if settings.age_years is None else settings.age_years
        ui.bsaCombo.currentIndex = FORMULAS.index(settings.bsa_formula) if settings.bsa_formula in FORMULAS else 0
        ui.papillaryCombo.currentIndex = PAPILLARIES.index(settings.papillary)
        self._is_filling = False

    def _facts_changed(self) -> None:
        study, ui = self._panel.study, self._ui
        if study is None or self._is_filling:
            return
        settings, _notes = read_study_settings(study)
        changed = replace(
            settings,
            sex=SEXES[ui.sexCombo.currentIndex],
            height_cm=ui.heightSpin.value or None,
            weight_kg=ui.weightSpin.value or None,
            age_years=ui.ageSpin.value if ui.ageSpin.value >= 0 else None,
            bsa_formula=FORMULAS[ui.bsaCombo.currentIndex],
            papillary=PAPILLARIES[ui.papillaryCombo.currentIndex],
        )
        write_study_settings(study, changed)
        live = self._panel.live
        if live is not None:
            if _patient(changed) != _patient(settings):
                live.set_patient(_patient(changed))
            else:
                live.set_conventions(_conventions(changed, live.segmentation.conventions))
            self._panel.numbers_changed()


def _patient(settings: StudySettings) -> Patient:
    return Patient(settings.sex, settings.age_years, settings.height_cm, settings.weight_kg)


def _conventions(settings: StudySettings, before: Conventions) -> Conventions:
    return replace(before, papillary=settings.papillary, bsa_formula=settings.bsa_formula)


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
        parts.append(text.format(area=surface.text, formula=assessment.conventions.bsa_formula))
    return ". ".join(parts) + "."


def _counted(assessment: Assessment, label: Label, phase: int) -> int:
    counted: Any = assessment.counted[label - 1, phase] & (assessment.areas_mm2[label - 1, phase] > 0)
    return int(counted.sum())


def _written_html(folder: Path, paths: list[Path]) -> str:
    links = [f'<a href="{path.as_uri()}">{path.name}</a>' for path in paths[:4]]
    more = _(" and {count} more").format(count=len(paths) - 4) if len(paths) > 4 else ""
    place = f'<a href="{folder.as_uri()}">{folder.name}</a>'
    return _("Written into {folder}: {files}").format(folder=place, files=", ".join(links) + more)
