import pytest

from carekit.material.intake.layouts.annotations.masks import find_masks, is_mask
from carekit.material.intake.layouts.annotations.place import Place
from carekit.material.intake.layouts.layout import Faults
from carekit.material.intake.layouts.matching import Images
from carekit.material.intake.sources import open_source


def _masks(root, images, masks):
    for name, data in masks.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    with open_source(root) as files:
        return find_masks(Place(files, Faults(), Images(images), []), list(masks))


def test_each_mask_goes_with_the_image_of_its_folder(tmp_path):
    names = {"train/0_mask.png": b"1", "test/0_mask.png": b"2", "a_segmentation.png": b"3"}
    found = _masks(tmp_path, ["train/0.png", "test/0.png", "images/a.jpg"], names)
    assert found == {
        "train/0.png": "train/0_mask.png",
        "test/0.png": "test/0_mask.png",
        "images/a.jpg": "a_segmentation.png",
    }


def test_masks_under_the_names_of_the_images(tmp_path):
    assert _masks(tmp_path, ["images/0.jpg"], {"masks/0.png": b"1"}) == {"images/0.jpg": "masks/0.png"}
    assert (
        is_mask("Masks/0.png") and is_mask("x_MASK.png") and not is_mask("images/0.png") and not is_mask("masks/a.txt")
    )


def test_two_masks_of_one_image(tmp_path):
    assert len(_masks(tmp_path / "a", ["0.png"], {"0_mask.png": b"1", "masks/0.png": b"1"})) == 1
    with pytest.raises(ValueError, match="0_mask.png and masks/0.png in .* are different"):
        _masks(tmp_path / "b", ["0.png"], {"0_mask.png": b"1", "masks/0.png": b"2"})
    with pytest.raises(ValueError, match=r"1 mask\(s\) \(9_mask.png\) fit no image"):
        _masks(tmp_path / "c", ["0.png"], {"9_mask.png": b"1"})
