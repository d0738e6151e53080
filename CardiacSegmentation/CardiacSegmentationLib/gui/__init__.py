"""The panel in 3D Slicer. Importing this package imports nothing; its modules need Slicer's ``qt`` and ``slicer``."""
