"""A MONAI bundle that CardiacSegmentation reads: weights, preprocessing as data, licences, figures, checksums."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.network.bundle import METADATA, OWN_DIGEST, digest_facts
from CardiacSegmentationLib.network.check_image import CHECK_IMAGE, write_check_image
from CardiacSegmentationLib.network.preprocess import Preprocessing
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Label

from cardiactrain.data.sources import cite, name_ages
from cardiactrain.errors import RunError
from cardiactrain.export.card import write_card, write_licence
from cardiactrain.export.graph import round_weights, write_graph, write_weights
from cardiactrain.files import save_text
from cardiactrain.networks import members_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    from torch import nn

    from cardiactrain.predict import Predictor
    from cardiactrain.recipe import Recipe
    from cardiactrain.run import Run

GRAPH = "models/model.onnx"
ONE_NETWORK, SEVERAL_NETWORKS = 1, 2  # the bundle's schema: what an older program cannot read, it refuses
CHECK_SIZE = 128  # pixels of the check image, fewer where a heart is shown on larger ones
FULL_OUTPUT = ("RV", "MYO", "LV")
NETWORK_DEFINITIONS = {  # those with slice presence, and where MONAI finds them
    "compact-unet": "cardiactrain.networks.compact.CompactUNet",
    "residual-unet": "cardiactrain.networks.residual.ResidualUNet",
    "ensemble": "cardiactrain.networks.make_ensemble",
}


def export_bundle(
    run: Run,
    predictor: Predictor,
    rows: Sequence[Mapping[str, str]],
    out: Path,
    *,
    name: str = "cardiac-sax",
    version: str = "1.0.0",
    changes: str = "first release",
    figures: Mapping[str, Any] | None = None,
    age: str | None = None,
) -> Path:
    """Write a bundle into an empty folder.

    ``rows`` are the store's index, ``age`` tells whom it shows where the data sets do not.
    """
    _check(run.recipe)
    (out / "models").mkdir(parents=True)
    network = round_weights(predictor.exported_network())
    graphs = graph_names(network)
    for member, graph in zip(members_of(network), graphs, strict=True):
        weights = (out / graph).with_suffix(".safetensors")
        write_weights(member, weights)
        write_graph(member, predictor.preprocessing.channels, weights, out / graph)
    (out / CHECK_IMAGE).parent.mkdir()
    write_check_image(out / CHECK_IMAGE, replace(predictor, network=network), _check_views(run.recipe))
    save_text(write_licence(run.datasets), out / "LICENSE")
    save_text(write_card(name, version, run, rows, figures or {}), out / "docs" / "README.md")
    save_text(_json(_inference(run.recipe, predictor, graphs)), out / "configs" / "inference.json")
    used = [row for row in rows if row["key"] in set(run.training)]
    facts = {
        "schema": SEVERAL_NETWORKS if len(graphs) > 1 else ONE_NETWORK,
        "name": name,
        "version": version,
        "preprocessing": asdict(predictor.preprocessing),
        "labels": {"background": 0} | {label.name: int(label) for label in Label if label},
        "input": "image",
        "outputs": {"logits": "logits", "presence": "presence"},
        **({"graphs": graphs} if len(graphs) > 1 else {}),
        "training_range": _training_range(run.recipe, used, age or name_ages(run.datasets)),
        "figures": dict(figures or {}),
        "files": {
            path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(out.rglob("*"))
            if path.is_file()
        },
    }
    facts[OWN_DIGEST] = digest_facts(facts)
    save_text(_json(_metadata(run.recipe, {version: changes}, run.datasets, facts)), out / METADATA)
    return out


def graph_names(network: nn.Module) -> list[str]:
    """Where the bundle of a network keeps its graphs: one, or one for each member of an ensemble."""
    count = len(members_of(network))
    return [GRAPH, *(f"models/model-{n}.onnx" for n in range(2, count + 1))]


def _check(recipe: Recipe) -> None:
    """The product reads one kind of network; say so before anything is written."""
    refused = f"The recipe {recipe.name!r} cannot become a bundle: CardiacSegmentation"
    if recipe.view.dims != 2 or recipe.normalise.kind != "percentile-zscore" or not recipe.view.spacing_mm:
        msg = f"{refused} reads 2D networks on a fixed spacing with percentile-zscore normalisation."
        raise RunError(msg)
    kinds = {part["kind"] for part in recipe.network.options.get("members", [{"kind": recipe.network.kind}])}
    if tuple(recipe.data.structures) != FULL_OUTPUT or not kinds <= {*NETWORK_DEFINITIONS}:
        msg = (
            f"{refused} needs a network with slice presence (compact-unet, residual-unet, or an ensemble of them) "
            "for RV, MYO and LV."
        )
        raise RunError(msg)


def _check_views(recipe: Recipe) -> npt.NDArray[np.generic]:
    """The middle of a phantom's slices, ``[slice, row, column]``, as the network is used to see hearts."""
    stack, _ = make_stack(PhantomSpec(phases=2, slices=8, pixel_mm=recipe.view.spacing_mm or 1.0))
    multiple = Preprocessing().size_multiple
    side = min(CHECK_SIZE, *(size // multiple * multiple for size in stack.voxels.shape[2:]))
    rows, columns = (slice((size - side) // 2, (size + side) // 2) for size in stack.voxels.shape[2:])
    return stack.voxels[0, 2:5, rows, columns]


def _training_range(recipe: Recipe, rows: Sequence[Mapping[str, str]], age: str) -> dict[str, Any]:
    """What the network has seen: of the data, widened by the augmentation's zoom."""
    zoom = next((part.options for part in recipe.augment if part.kind == "zoom"), {})
    smallest, largest = float(zoom.get("smallest", 1.0)), float(zoom.get("largest", 1.0))
    pixels = _numbers(rows, "pixel_mm")
    slices = _numbers(rows, "slice_mm")
    pixel_mm = recipe.view.coarse_spacing_mm if recipe.view.coarse_share else recipe.view.spacing_mm or 1.0
    size_mm = recipe.view.size * pixel_mm
    return {
        "pixel_mm": [round(min(pixels), 2), round(max(pixels), 2)],
        "fov_mm": [round(min(size_mm / largest, 200)), round(size_mm / smallest)],
        "slice_mm": [min(slices), max(slices)],
        "vendors": sorted({row["vendor"] for row in rows}),
        "age": age,
    }


def _numbers(rows: Sequence[Mapping[str, str]], key: str) -> list[float]:
    found = [float(row[key]) for row in rows if row[key] != "nan"]
    return found or [1.0]


def _metadata(
    recipe: Recipe, changelog: Mapping[str, str], datasets: Sequence[str], facts: Mapping[str, Any]
) -> dict[str, Any]:
    import monai
    import numpy as np
    import torch

    channels = 2 * (recipe.view.slices // 2) + 1
    return {
        "schema": "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20220324.json",
        "version": facts["version"],
        "changelog": dict(changelog),
        "monai_version": monai.__version__,
        "pytorch_version": torch.__version__.split("+")[0],
        "numpy_version": np.__version__,
        "optional_packages_version": {},
        "task": "Segmentation of both ventricles and the LV myocardium in cine short-axis cardiac MR",
        "description": recipe.description,
        "authors": "The CardiacSegmentation developers",
        "copyright": "The CardiacSegmentation developers",
        "data_source": "; ".join(f"{name}: {cite(name)}" for name in datasets),
        "data_type": "DICOM, NIfTI",
        "intended_use": "Research. Not a medical device.",
        "network_data_format": {
            "inputs": {
                "image": {
                    "type": "image",
                    "format": "magnitude",
                    "modality": "MR",
                    "num_channels": channels,
                    "spatial_shape": ["32*n", "32*n"],
                    "dtype": "float32",
                    "value_range": [],
                    "is_patch_data": True,
                    "channel_def": {str(n): f"slice {n - channels // 2:+d}" for n in range(channels)},
                }
            },
            "outputs": {
                "pred": {
                    "type": "image",
                    "format": "segmentation",
                    "num_channels": len(Label),
                    "spatial_shape": ["32*n", "32*n"],
                    "dtype": "float32",
                    "value_range": [],
                    "is_patch_data": True,
                    "channel_def": {str(int(label)): label.name for label in Label},
                }
            },
        },
        "cardiacseg": dict(facts),
    }


def _inference(recipe: Recipe, predictor: Predictor, graphs: Sequence[str]) -> dict[str, Any]:
    """MONAI's own way in: the network with its weights, for those who have ``cardiactrain`` installed."""
    files = [f"load_file(@bundle_root + '/{graph.replace('.onnx', '.safetensors')}')" for graph in graphs]
    joined = len(files) > 1
    joining = ["$from cardiactrain.networks import join_weights"] if joined else []
    weights = f"$join_weights([{', '.join(files)}])" if joined else f"${files[0]}"
    return {
        "imports": ["$from safetensors.torch import load_file", *joining, "$import torch"],
        "bundle_root": ".",
        "device": "$torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "network_def": {
            "_target_": NETWORK_DEFINITIONS[recipe.network.kind],
            "channels": predictor.preprocessing.channels,
            "classes": len(recipe.classes),
            **recipe.network.options,
        },
        "weights": weights,
        "network": (
            "$(@network_def.load_state_dict({k: v.float() for k, v in @weights.items()}, strict=False), "
            "@network_def.to(@device).eval())[1]"
        ),
        "preprocessing": asdict(predictor.preprocessing),
    }


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def bundle_bytes(folder: Path) -> int:
    """How large a bundle is."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
