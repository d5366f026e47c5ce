import numpy as np
import pytest
from PIL import Image

from carekit.__main__ import main
from carekit.research.figures.sheet import draw_sheet


def test_one_data_set_beside_another(tiny, tmp_path, capsys):
    tiny.save(tmp_path / "tiny")
    out = tmp_path / "sheet.png"
    arguments = ["synthetic-chest", str(tmp_path / "tiny"), "--out", str(out), "--size", "32", "--columns", "2"]
    assert main(["sheet", *arguments, "--boxes"]) == 0
    assert str(out) in capsys.readouterr().out
    picture = np.asarray(Image.open(out).convert("RGB")).astype(int)
    left, right = np.array_split(picture, 2, axis=1)
    colour = np.ptp(picture, axis=2)
    assert (left < 200).mean() > 0.1 and (right < 200).mean() > 0.05  # pictures in both halves
    assert colour[:, : left.shape[1]].max() < 40 < colour.max()  # grey films, coloured noise


def test_what_is_no_data_set_is_one_sentence(tmp_path, capsys):
    assert main(["sheet", "nothing", "--out", str(tmp_path / "a.png")]) == 2
    assert "not a prepared data set" in capsys.readouterr().err and not (tmp_path / "a.png").exists()
    with pytest.raises(ValueError, match="columns = 0 is too small"):
        draw_sheet(["synthetic"], tmp_path / "a.png", columns=0)
