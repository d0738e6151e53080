"""Train, compare and export the networks of CardiacSegmentation."""

from CardiacSegmentationLib.telemetry import switch_telemetry_off

__version__ = "0.2.0.dev0"

switch_telemetry_off()
