import subprocess
import sys

import numpy as np
import pytest

from carekit.data.masks import around
from carekit.material.autobox.components import Cut
from carekit.material.autobox.dsr import dsr, stages
from carekit.material.autobox.quality import compare


def test_a_dark_ellipse_is_found(lesion):
    image, mask = lesion
    found = compare(Cut().box(dsr(image)), around(mask)[None], 64)
    assert found["iou"] > 0.7


def test_every_stage_can_be_shown(lesion):
    image, _ = lesion
    found = stages(image)
    assert len(found.scales) == 8
    for errors in (found.dense, found.sparse):
        for scale, raw, spread in zip(found.scales, errors.raw, errors.spread, strict=True):
            assert raw.shape == spread.shape == scale.background.shape
        for each in (errors.pixels, errors.centred):
            assert each.shape == (64, 64) and each.min() == 0 and each.max() == 1
    assert found.saliency.min() == 0 and found.saliency.max() == 1


def test_without_the_step_towards_the_object_the_maps_before_it_are_combined(lesion):
    image, _ = lesion
    found = stages(image, gaussian=False)
    np.testing.assert_array_equal(found.dense.centred, stages(image).dense.pixels)


def test_the_same_image_gives_the_same_bits_in_another_process_with_other_threads(lesion, tmp_path):
    image, _ = lesion
    np.save(tmp_path / "image.npy", image)
    code = f"""
import numpy as np
from carekit.material.autobox.dsr import dsr
np.save({str(tmp_path / "map.npy")!r}, dsr(np.load({str(tmp_path / "image.npy")!r})))
"""
    import os

    environment = os.environ | {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    here = dsr(image)
    assert here.tobytes() == dsr(image).tobytes() == np.load(tmp_path / "map.npy").tobytes()


@pytest.mark.parametrize("value", [0, 128, 255])
def test_in_an_image_of_one_colour_nothing_stands_out(value):
    image = np.full((48, 64, 3), value, np.uint8)
    assert not dsr(image).any()
    assert Cut().box(dsr(image)).shape == (0, 4)


def test_an_image_need_not_be_square(lesion):
    image, _ = lesion
    assert dsr(image[8:56]).shape == (48, 64)
