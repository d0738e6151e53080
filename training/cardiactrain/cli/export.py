"""``cardiactrain export RUN --out BUNDLE``."""

from __future__ import annotations

from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from cardiactrain.errors import RunError
from cardiactrain.files import load_object

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, where to."""
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder; a bundle there is replaced")
    parser.add_argument("--name", default="cardiac-sax")
    parser.add_argument("--bundle-version", default="1.0.0")
    parser.add_argument("--changes", default="first release", help="what is new in this version")
    parser.add_argument("--figures", type=Path, help="JSON with the figures to print in the bundle")
    parser.add_argument("--age", help="whom the data are of, e.g. adults (default: as far as the data sets tell)")
    parser.add_argument("--weights", default="auto", choices=("auto", "best", "last"))


def run(options: argparse.Namespace) -> int:
    """Export what a check of the graph against the network, on real views, finds to be the same."""
    import torch

    from cardiactrain.data.store import load_subjects, read_index
    from cardiactrain.data.views import Views
    from cardiactrain.export.bundle import bundle_bytes, export_bundle, graph_names
    from cardiactrain.export.graph import round_weights
    from cardiactrain.export.parity import compare_with_graph, worst
    from cardiactrain.export.place import replacing
    from cardiactrain.networks import members_of
    from cardiactrain.run import open_run

    trained = open_run(options.run_folder)
    predictor = trained.predictor(torch.device("cpu"), options.weights)
    figures = load_object(options.figures) if options.figures else None
    version = {"name": options.name, "version": options.bundle_version, "changes": options.changes}
    views = Views(load_subjects(trained.store, trained.training[:2]), trained.recipe)
    batch = views.draw(range(min(16, len(views))), None, torch.Generator()).split_slices()
    images = predictor.normaliser(batch.image).numpy()
    with replacing(options.out) as part:
        export_bundle(trained, predictor, read_index(trained.store), part, figures=figures, age=options.age, **version)
        network = round_weights(predictor.exported_network())
        graphs = [part / name for name in graph_names(network)]
        parity = worst(map(compare_with_graph, members_of(network), graphs, repeat(images)))
        words = (
            f"ONNX Runtime against PyTorch: logits within {parity.largest_difference:.1e}, "
            f"{100 * parity.same_labels:.4f} % of labels the same"
        )
        if not parity.holds:
            msg = f"The exported graph does not compute what the network does, so nothing was written. {words}."
            raise RunError(msg)
    print(f"{options.out}: {bundle_bytes(options.out) / 1e6:.1f} MB; {words}")
    return 0
