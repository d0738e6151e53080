"""The sample: a phantom heart with known volumes, made on this computer. Nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.resources import resource

NAME = "CardiacCinePhantom"
CATEGORY = "Cardiac"


def sample_folder() -> Path:
    """The sample as a DICOM folder; made the first time, which takes a few seconds."""
    from CardiacSegmentationLib.phantom import PhantomSpec, write_study

    folder = Path(slicer.mrmlScene.GetCacheManager().GetRemoteCacheDirectory()) / NAME
    if not folder.is_dir():
        write_study(folder, PhantomSpec())
    return folder


def register_sample() -> None:
    """List the sample in Slicer's Sample Data module; its button makes and loads it."""
    try:
        from SampleData import SampleDataLogic
    except ImportError:  # Slicer can be built and started without that module
        return
    SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=_("Cardiac cine phantom"),
        uris="",  # nothing to fetch: the sample is made here
        fileNames=NAME,
        nodeNames=None,
        customDownloader=load_sample,
        thumbnailFileName=str(resource("Icons", f"{NAME}.png")),
        loadFileType=None,
    )


def load_sample(_source: Any = None) -> list[Any]:
    """Make the sample if need be and load it; returns the volume on display, as Sample Data expects."""
    from CardiacSegmentationLib.cine import find_stacks
    from CardiacSegmentationLib.scene.long_axes import load_found

    with slicer.util.WaitCursor():
        study = load_found(slicer.mrmlScene, find_stacks(sample_folder()))
    return [study.volume_node]
