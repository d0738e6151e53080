"""``cardiactrain ends RUN … --out FILE``: when end slices still show a ventricle, learned on patients left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cardiactrain.cli.shared import add_device

if TYPE_CHECKING:
    import argparse

    from cardiactrain.ends import Samples


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose left-out patients, where to."""
    parser.add_argument("runs", type=Path, nargs="+", help="run folders; each looks at the patients it has not seen")
    parser.add_argument("--out", type=Path, required=True, help="JSON file that `export --ends` puts into a bundle")
    parser.add_argument("--weights", default="auto", choices=("auto", "best", "last"))
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Look, learn, say how well it fits."""
    from CardiacSegmentationLib.network.ends import Ends

    from cardiactrain.data.store import load_subjects
    from cardiactrain.distributed import choose_device
    from cardiactrain.ends import collect, describe, learn
    from cardiactrain.files import save_text
    from cardiactrain.run import open_run

    samples: Samples = {}
    for folder in options.runs:
        trained = open_run(folder)
        predictor = trained.predictor(choose_device(options.device), options.weights)
        collect(load_subjects(trained.store, trained.validation), predictor, samples)
    weights = learn(samples)
    save_text(json.dumps(weights, indent=1) + "\n", options.out)
    print("\n".join([*describe(samples, Ends.read(weights)), str(options.out)]))
    return 0
