"""Cine cardiac MR: from a study on disk to ventricular volumes, ejection fraction and mass."""

__version__ = "0.1.0"
