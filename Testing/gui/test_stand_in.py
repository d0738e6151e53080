"""The stand-in is as strict as Slicer: what PythonQt, Qt or Slicer would refuse is refused here."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.stand_in

REFUSED: dict[str, tuple[type[Exception], Callable[[Any], object]]] = {
    "a property called like a method": (TypeError, lambda qt: qt.QPushButton("Load").text()),
    "a new attribute on a widget": (AttributeError, lambda qt: setattr(qt.QPushButton(), "study", 1)),
    "an attribute that does not exist": (AttributeError, lambda qt: qt.QPushButton().txt),
    "a signal that does not exist": (ValueError, lambda qt: qt.QPushButton().connect("pressed(int)", print)),
    "a value of the wrong type": (AttributeError, lambda qt: setattr(qt.QSlider(), "maximum", "many")),
    "a property that is read only": (AttributeError, lambda qt: setattr(qt.QTimer(), "active", True)),
    "a flag of a path line": (AttributeError, lambda _qt: __import__("ctk").ctkPathLineEdit.Dirs),
    "a class that Qt does not have": (AttributeError, lambda qt: qt.QTabel),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(a_window: Any, case: str) -> None:
    import qt

    error, do = REFUSED[case]
    with pytest.raises(error):
        do(qt)


def test_properties_are_attributes_also_on_objects_that_qt_made(a_window: Any) -> None:
    import qt

    button = qt.QPushButton("Load")
    button.enabled = False
    assert (button.text, button.enabled, button.checkable) == ("Load", False, False)
    table = qt.QTableWidget(1, 2)
    header = table.horizontalHeader()
    header.visible = False
    assert not header.visible
    assert isinstance(header, qt.QHeaderView)
    with pytest.raises(AttributeError):
        header.study = 1
    table.delete()


def test_values_are_converted_as_pythonqt_does(a_window: Any) -> None:
    import numpy as np
    import qt

    label, slider = qt.QLabel(), qt.QSlider()
    label.text = 5
    assert label.text == "5"
    label.text = Path("study")
    assert label.text == "study"
    label.enabled = None
    assert label.enabled is False
    slider.value = np.int64(7)
    assert slider.value == 7


def test_a_function_gets_as_many_arguments_as_it_takes(a_window: Any) -> None:
    import qt

    heard: list[Any] = []
    slider = qt.QSlider()
    slider.connect("valueChanged(int)", lambda: heard.append("none"))
    slider.connect("valueChanged(int)", heard.append)
    slider.value = 7
    assert heard == ["none", 7]
    slider.disconnect("valueChanged(int)", heard.append)
    slider.value = 8
    assert heard[2:] == ["none"]


def test_an_error_in_a_slot_is_found_by_the_test(a_window: Any, capfd: pytest.CaptureFixture[str]) -> None:
    import qt
    from slicer_stand_in import pythonqt

    button = qt.QPushButton()
    button.connect("clicked()", lambda: {}["study"])
    button.click()
    assert [type(error) for error in pythonqt.slot_errors] == [KeyError]
    pythonqt.slot_errors.clear()


def test_a_form_with_an_unknown_widget_is_not_loaded(a_window: Any, tmp_path: Path) -> None:
    import slicer

    form = tmp_path / "form.ui"
    form.write_text('<ui version="4.0"><class>F</class><widget class="ctkNoSuchWidget" name="w"/></ui>')
    with pytest.raises(RuntimeError, match="ctkNoSuchWidget"):
        slicer.util.loadUI(str(form))


def test_what_was_hidden_on_purpose_stays_hidden_when_its_section_opens(a_window: Any) -> None:
    import ctk
    import qt

    section = ctk.ctkCollapsibleButton()
    layout = qt.QVBoxLayout(section)
    shown, hidden = qt.QLabel("shown"), qt.QLabel("hidden")
    layout.addWidget(shown)
    layout.addWidget(hidden)
    section.show()
    hidden.visible = False
    section.collapsed = True
    assert not shown.visible
    section.collapsed = False
    assert shown.visible
    assert not hidden.visible


def test_a_node_selector_follows_the_scene(a_window: Any) -> None:
    import slicer

    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    selector.noneEnabled = True
    selector.setMRMLScene(slicer.mrmlScene)
    chosen: list[Any] = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", chosen.append)
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "cine")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "table")
    assert selector.nodeCount() == 1
    selector.setCurrentNode(volume)
    slicer.mrmlScene.RemoveNode(volume)
    assert chosen == [volume, None]


def test_a_node_selector_never_sees_what_was_hidden_when_it_was_added(a_window: Any) -> None:
    import slicer

    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLTextNode"]
    selector.setMRMLScene(slicer.mrmlScene)
    node = slicer.vtkMRMLTextNode()
    node.SetHideFromEditors(True)
    slicer.mrmlScene.AddNode(node)
    node.SetHideFromEditors(False)
    assert selector.nodeCount() == 0
    slicer.mrmlScene.StartState(slicer.vtkMRMLScene.BatchProcessState)
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode")
    assert selector.currentNode() is None
    slicer.mrmlScene.EndState(slicer.vtkMRMLScene.BatchProcessState)
    assert selector.nodeCount() == 2


def test_the_application_and_packaging_know_only_what_slicer_knows(a_window: Any) -> None:
    from slicer_stand_in import other_modules, packaging

    with pytest.raises(KeyError):
        a_window.connect("studyLoaded()", print)
    with pytest.raises(AttributeError):
        a_window.studyCount()
    with pytest.raises(TypeError):
        packaging.pip_ensure([], silently=True)
    with pytest.raises(TypeError):
        other_modules.SampleDataLogic.registerCustomSampleDataSource(sampleName="x", uris="", colour="red")


def test_a_layout_is_not_set_again_and_an_unknown_one_is_slicers_own(a_window: Any) -> None:
    manager = a_window.layoutManager()
    node = manager.layoutLogic().GetLayoutNode()
    node.SetViewArrangement(node.SlicerLayoutConventionalView)
    changes: list[int] = []
    manager.connect("layoutChanged(int)", changes.append)
    for layout in (node.SlicerLayoutFourUpView, node.SlicerLayoutFourUpView, 123456):
        manager.setLayout(layout)
    assert changes == [node.SlicerLayoutFourUpView, node.SlicerLayoutConventionalView]


def test_a_module_may_set_only_the_metadata_slicer_has(a_window: Any) -> None:
    from slicer_stand_in.application import ModuleParent

    with pytest.raises(AttributeError):
        ModuleParent(Path("X.py")).author = "somebody"


def test_the_tests_of_the_panel_need_no_stand_in() -> None:
    """They run in a real Slicer as well; what cannot is marked."""
    for path in sorted(set(Path(__file__).parent.glob("test_*.py")) - {Path(__file__)}):
        text = path.read_text(encoding="utf-8")
        assert "PySide6" not in text, path.name
        if "pytestmark = pytest.mark.stand_in" in text:
            continue
        for function in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)):
            source = ast.unparse(function)
            is_tied = "slicer_stand_in" in source and function.name.startswith("test_")
            assert not is_tied or "@pytest.mark.stand_in" in source, function.name
