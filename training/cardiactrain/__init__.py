"""Train, compare and export the networks of CardiacSegmentation."""

__version__ = "0.1.0"
