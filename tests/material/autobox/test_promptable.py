import numpy as np
import pytest

from carekit.material.autobox.promptable import Promptable, load_predictor, segment_prompted


class Predictor:
    """In place of a segmenter: the pixels of its image that are as dark as those the prompt points at."""

    def set_image(self, image):
        self.image = image

    def predict(self, box=None, point_coords=None, point_labels=None, multimask_output=True):
        assert not multimask_output
        grey = self.image.mean(-1)
        if box is not None:
            x0, y0, x1, y1 = box.astype(int)
            mask = np.zeros(grey.shape, bool)
            mask[y0:y1, x0:x1] = grey[y0:y1, x0:x1] < 130
        else:
            ((x, y),) = point_coords.astype(int)
            assert point_labels.tolist() == [1]
            mask = abs(grey - grey[y, x]) < 30
        return mask[None], np.ones(1), None


def test_a_box_or_a_point_is_the_prompt(lesion):
    image, mask = lesion
    np.testing.assert_array_equal(segment_prompted(Predictor(), image, box=np.array([0, 0, 64, 64.0])), mask)
    assert (segment_prompted(Predictor(), image, point=np.array([30, 34.0])) & mask).sum() > 0.9 * mask.sum()


@pytest.mark.parametrize("prompt", [{}, {"box": np.zeros(4), "point": np.zeros(2)}])
def test_one_prompt_is_needed_and_not_two(lesion, prompt):
    with pytest.raises(ValueError, match="a box or a point as prompt, one of the two"):
        segment_prompted(Predictor(), lesion[0], **prompt)


def test_the_box_by_dsr_is_refined(lesion, monkeypatch):
    from carekit.data.masks import around
    from carekit.material.autobox import promptable

    image, mask = lesion
    monkeypatch.setattr(promptable, "load_predictor", lambda _weights: Predictor())
    images = np.stack([image, np.full_like(image, 200)])
    found, nothing = Promptable("any").find(images, np.zeros(2, int))
    assert np.abs(found[0] - around(mask)).max() <= 2
    assert nothing.shape == (0, 4)


def test_weights_that_are_not_there_are_told_before_anything_is_done(tmp_path):
    for ask in (lambda: load_predictor(str(tmp_path / "x.pth")), Promptable(str(tmp_path / "x.pth")).parameters):
        with pytest.raises(FileNotFoundError, match="there are no weights .*x.pth .* download MedSAM's"):
            ask()


def test_a_package_that_is_not_installed_is_told(tmp_path, monkeypatch):
    (tmp_path / "x.pth").write_bytes(b"weights")
    monkeypatch.setitem(__import__("sys").modules, "segment_anything", None)
    with pytest.raises(ImportError, match=r"pip install 'carekit\[promptable\]'"):
        load_predictor(str(tmp_path / "x.pth"))


def test_weights_of_something_else_are_told(tmp_path):
    pytest.importorskip("segment_anything", reason="the promptable extra is not installed")
    (tmp_path / "x.pth").write_bytes(b"weights")
    with pytest.raises(ValueError, match="holds no weights of SAM's vit_b") as caught:
        load_predictor(str(tmp_path / "x.pth"))
    assert "\n" not in str(caught.value)
