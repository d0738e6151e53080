"""Cine cardiac MR: from a study on disk to ventricular volumes, ejection fraction and mass."""

from CardiacSegmentationLib.telemetry import switch_telemetry_off

__version__ = "0.2.0.dev0"

switch_telemetry_off()
