"""torchvision, also where its compiled operators were built for another torch.

A CPU build of torch with a CUDA build of torchvision cannot load torchvision's C++ library, and the import then
stops at the first operator that is declared only there. carekit uses none of these operators, so declaring the two
schemas that the Python side mentions is enough. With a matching pair nothing is declared.
"""

import sys
from types import ModuleType

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared = None  # the library object owns the declarations: they vanish with it


def declare_missing_operators() -> bool:
    """Declare torchvision's operator schemas if its own library did not; returns whether that was needed."""
    global _declared
    if hasattr(torch.ops.torchvision, "nms"):
        return False
    _declared = torch.library.Library("torchvision", "FRAGMENT")
    for schema in _SCHEMAS:
        _declared.define(schema)
    return True


def import_torchvision() -> ModuleType:
    """Return the torchvision module, mended if its operators are missing. Raises whatever else is wrong with it."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]  # the failed import left half of the package behind
        declare_missing_operators()
        import torchvision
    return torchvision


torchvision = import_torchvision()
from torchvision import models, tv_tensors  # noqa: E402
from torchvision.transforms import v2 as transforms  # noqa: E402

__all__ = ["models", "torchvision", "transforms", "tv_tensors"]
