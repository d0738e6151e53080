"""A network in training labels a stack exactly as the program does: one way of finding the heart, views and repairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from CardiacSegmentationLib.network.bundle import load_bundle
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.network.segment import segment_stack
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from cardiactrain.networks import make_network
from cardiactrain.normalise import make_normaliser
from cardiactrain.predict import Predictor
from cardiactrain.recipe import load_recipe


@pytest.fixture(scope="module")
def shipped() -> Predictor:
    """The network that ships, as training holds it; its presence was moved to the border when it was exported."""
    from safetensors.torch import load_file

    recipe = load_recipe("ours")
    recipe = replace(recipe, predict=replace(recipe.predict, present_from={}))
    network = make_network(recipe)
    weights = load_file(load_bundle().file("models/model.safetensors"))
    network.load_state_dict({name: values.float() for name, values in weights.items()}, strict=False)
    return Predictor(network.eval(), make_normaliser(recipe.normalise), recipe, torch.device("cpu"))


@pytest.mark.parametrize("apart", [0, 60])
def test_the_predictor_labels_as_the_program_does(shipped: Predictor, apart: int) -> None:
    stack, _ = make_stack(PhantomSpec(phases=2, slices=6))
    voxels = np.pad(stack.voxels, ((0, 0), (0, 0), (apart, 0), (0, 0)), mode="edge")
    stack = replace(stack, voxels=voxels)
    program = segment_stack(stack, load_network(None, "onnx")).segmentation
    ours = shipped.labels(list(stack.voxels), stack.pixel_mm)
    heart = program.labels != 0
    assert heart.any()
    assert (np.stack(ours) == program.labels)[heart].mean() > 0.999
