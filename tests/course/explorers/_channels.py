"""What the browser makes of an image's channels, in numpy: maps, their sums, the explorer's numbers."""

import numpy as np
import torch

from carekit.method.cam import normalise, resize

METHODS = ("cam", "grad_cam", "grad_cam_relu", "loss")  # whose maps are sums of channels


def softmax(logits):
    powers = np.exp(logits.astype(float) - logits.max())
    return powers / powers.sum()


def sigma(parts, index, method):
    """The channel weights: of the score, or of the loss, Σ_j (p_j - [j = c]) ∂y^j / ∂A."""
    if method != "loss":
        return parts.weights[index].astype(float)
    return (softmax(parts.logits) - np.eye(len(parts.logits))[index]) @ parts.weights.astype(float)


def order_of(parts, index, method):
    """(channels, strongest first; the share of each in all contributions |σ_k| Σ |A^k|)."""
    strength = np.abs(sigma(parts, index, method)) * np.abs(parts.features.astype(float)).sum((1, 2))
    order = np.argsort(-strength, kind="stable")
    return order, strength[order] / (strength.sum() or 1)


def raw_map(parts, index, method, channels=None):
    """Σ_k σ_k A^k over some channels, by default all; of another method its map as it was sent."""
    if method not in METHODS:
        return parts.maps[method][index].astype(float)
    some = slice(None) if channels is None else channels
    map_ = np.tensordot(sigma(parts, index, method)[some], parts.features[some].astype(float), 1)
    return np.maximum(map_, 0) if method == "grad_cam_relu" else map_


def in_unit(map_):
    return normalise(torch.from_numpy(map_.astype(np.float32))[None])[0]


def enlarged(map_, size):
    return resize(in_unit(map_)[None], (size, size))[0].numpy().astype(float)


def correlation(a, b):
    if not (in_unit(a).any() and in_unit(b).any()):
        return np.nan
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def numbers(parts, m_in, index, method, threshold, count):
    """The explorer's numbers, with the strongest `count` channels."""
    whole = raw_map(parts, index, method)
    large, box = enlarged(whole, len(m_in)), m_in.any()
    row, column = np.unravel_index(int(in_unit(whole).argmax()), whole.shape)
    ofsum = {"correlation": np.nan, "contribution": np.nan}
    if method in METHODS:
        order, shares = order_of(parts, index, method)
        some = raw_map(parts, index, method, order[:count])
        ofsum = {"correlation": correlation(some, whole), "contribution": shares[:count].sum()}
    return ofsum | {
        "probability": softmax(parts.logits)[index],
        "inside": (large * m_in).sum() / large.sum() if box and large.any() else np.nan,
        "uniform": m_in.mean() if box else np.nan,
        "row": int(row),
        "column": int(column),
        "above": (large >= threshold).mean(),
        "score_map": correlation(whole, raw_map(parts, index, "grad_cam")),
    }
