"""Slicer without its window: scene, logics and file handling of the ``slicer-core`` wheel, wired as in Slicer.

What is real: every MRML node, storage node, module logic and displayable manager; ``slicer.util`` itself. What stands
in: the few C++ classes built on Qt that hold them together in the application. Each stand-in names the source file it
stands for (paths in the Slicer repository), does what that file does as far as this project needs it, and raises
``AttributeError`` or ``NotImplementedError`` for the rest instead of accepting it silently.

==================  ====================================================================================
``host.py``         the application object, the logics, start and orderly stop
``files.py``        loading and saving: qSlicerCoreIOManager and the readers and writers registered in it
``terms.py``        short terminology lists in place of the long ones that the wheel leaves out
``view.py``         a slice view rendered off screen
``data_module.py``  what a user does in the Data module's tree
``output.py``       what VTK prints, caught
``fixtures.py``     all of it for pytest
==================  ====================================================================================
"""
