import numpy as np
import pytest
from PIL import Image

from carekit.material.autobox.pairs import match, read_pairs


def write(folder, name, array):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(folder / name)


def image():
    return np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)


def mask(shape=(20, 30)):
    found = np.zeros(shape, np.uint8)
    found[: shape[0] // 2] = 255
    return found


def test_masks_are_found_by_their_ending_or_their_folder():
    names = ["a/x.jpg", "a/x_segmentation.png", "images/y.png", "masks/y.png", "z.jpg", "q_mask.png", "q.bmp", "t.csv"]
    assert match(names) == [
        ("q.bmp", "q_mask.png"),
        ("a/x.jpg", "a/x_segmentation.png"),
        ("images/y.png", "masks/y.png"),
    ]


def test_pairs_are_squashed_to_a_square(tmp_path):
    for name in "ab":
        write(tmp_path, f"images/{name}.png", image())
        write(tmp_path, f"masks/{name}_segmentation.png", mask())
    pairs = read_pairs(tmp_path, 16, progress=False)
    assert pairs.images.shape == (2, 3, 16, 16) and pairs.masks.shape == (2, 16, 16)
    assert pairs.masks[:, :8].all() and not pairs.masks[:, 8:].any()


def test_a_prepared_data_set_is_one_of_pairs():
    from carekit.material.autobox.pairs import of_prepared
    from carekit.material.drawing import skin

    data = skin(0, 32, {"nv": 3, "df": 2}, {"nv": 1, "df": 1})
    pairs = of_prepared(data)
    assert len(pairs.images) == 5
    np.testing.assert_array_equal(pairs.images[4].permute(1, 2, 0).numpy(), data.read([4])[0])
    np.testing.assert_array_equal(pairs.masks[4].numpy(), data.read_masks([4])[0])


def test_a_prepared_data_set_on_disk_is_read_at_the_size_asked_for(tmp_path):
    from carekit.material.drawing import skin

    skin(0, 32, {"nv": 3, "df": 2}, {"nv": 1, "df": 1}).save(tmp_path / "skin")
    assert read_pairs(tmp_path / "skin", 48).images.shape == (5, 3, 48, 48)


def test_a_mask_of_another_shape_than_its_image_is_refused(tmp_path):
    for name in "ab":
        write(tmp_path, f"{name}.png", image())
        write(tmp_path, f"{name}_mask.png", mask((30, 20)))
    with pytest.raises(ValueError, match="mask a_mask.png has .* but its image has"):
        read_pairs(tmp_path, 16, progress=False)


def test_a_mask_of_another_resolution_is_welcome(tmp_path):
    for name in "ab":
        write(tmp_path, f"{name}.png", image())
        write(tmp_path, f"{name}_mask.png", mask((40, 60)))
    assert read_pairs(tmp_path, 16, progress=False).masks[:, :8].all()


def test_fewer_than_two_pairs_are_refused(tmp_path):
    write(tmp_path, "a.png", image())
    write(tmp_path, "a_mask.png", mask())
    write(tmp_path, "b.png", image())
    with pytest.raises(ValueError, match="has 1 pairs of image and mask, and at least 2 are needed"):
        read_pairs(tmp_path, 16, progress=False)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_pairs(tmp_path / "nix", 16)
