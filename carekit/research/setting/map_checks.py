"""Maps of many images by several methods, before any normalising, to compare them with experiments."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int

from carekit.data.cached import network_for
from carekit.data.prepared import Prepared
from carekit.method.cam import raw_activation_map
from carekit.networks import Backbone

CHUNK = 128  # images at a time


def raw_maps(model: Backbone, data: Prepared, classes: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n u v"]:
    """Grad-CAM before any normalising: votes for the class, and against it. Arguments as `maps_by_method`."""
    return maps_by_method(model, data, classes, ["grad_cam"])["grad_cam"]


def maps_by_method(
    model: Backbone, data: Prepared, classes: Int[np.ndarray, " n"], methods: Sequence[str]
) -> dict[str, Float[np.ndarray, "n u v"]]:
    """The maps of one class of each image by several methods, not normalised.

    Args:
        model: trained or not.
        data: its images, n in all, or cached features of them.
        classes: the class of each image.
        methods: names of `carekit.method.cam.MAPS`.

    Raises:
        ValueError: for an unknown method.
    """
    chunks: dict[str, list[np.ndarray]] = {method: [] for method in methods}
    net = network_for(model, data)
    with net.evaluating():
        for rows in np.array_split(np.arange(len(data)), -(-len(data) // CHUNK)):
            # One forward pass for all methods: they differ in what they make of features and gradient.
            logits, features = net.with_head_graph(data.tensor(rows))
            wanted = torch.tensor(classes[rows])
            for method, maps in chunks.items():
                made = raw_activation_map(logits, features, wanted, classifier=model.linear_head, method=method)
                maps.append(made.detach().numpy())
    return {method: np.concatenate(maps) for method, maps in chunks.items()}
