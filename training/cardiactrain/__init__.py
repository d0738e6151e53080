"""Train, compare and export the networks of CardiacSegmentation."""

from CardiacSegmentationLib.telemetry import switch_telemetry_off

__version__ = "0.1.0"

switch_telemetry_off()
