import numpy as np
import pytest
from PIL import Image

from carekit.material.intake.layouts import recognise
from carekit.material.intake.layouts.folders import is_folders, read_folders
from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.sources import open_source


@pytest.mark.parametrize(
    "pictures, classes",
    [
        (["mel/1.png", "mel/2.png", "nv/1.png"], ["mel", "mel", "nv"]),
        (["set/images/mel/1.png", "set/images/nv/1.png", "set/images/nv/2.png"], ["mel", "nv", "nv"]),
        (["train/mel/1.png", "test/mel/1.png", "val/nv/1.png"], ["mel", "mel", "nv"]),
        (["a.zip/mel/1.png", "a.zip/mel/2.png", "a.zip/nv/1.png"], ["mel", "mel", "nv"]),
    ],
)
def test_a_folder_is_a_class(pictures, classes):
    assert is_folders(pictures) and read_folders(pictures).diagnosis.tolist() == classes


@pytest.mark.parametrize(
    "pictures",
    [
        [],
        ["1.png", "2.png"],
        ["mel/1.png", "mel/2.png"],
        ["mel/1.png", "mel/2.png", "3.png"],
        ["mel/1.png", "mel/deep/2.png", "nv/1.png"],
        ["train/1.png", "test/2.png"],
        [f"patient{i}/scan.png" for i in range(50)],
    ],
)
def test_other_folders_are_no_classes(pictures):
    assert not is_folders(pictures)


def test_classes_parts_and_boxes_of_a_tool(tmp_path):
    root = tmp_path / "set"
    lines = ["image,x0,y0,x1,y1"]
    for part, n in (("train", 3), ("val", 1), ("test", 2)):
        for kind in ("mel", "nv"):
            (root / part / kind).mkdir(parents=True)
            for i in range(n):
                Image.new("RGB", (40, 30), (i, 90, 90)).save(root / part / kind / f"{i}.png")
                lines.append(f"{part}/{kind}/{i}.png,{10 + i},6,30,24")
    (root / "boxes.csv").write_text("\n".join(lines))
    with open_source(root) as files:
        assert recognise(files) is OWN
    data = prepare(OWN, root, tmp_path / "out", 16, workers=1)
    assert data.counts() == {"mel": 6, "nv": 6} and data.facts["split"] == "as the source has fixed it"
    assert data.split("test").samples.image_id.tolist() == [f"test/{k}/{i}.png" for k in ("mel", "nv") for i in (0, 1)]
    for row, name in enumerate(data.samples.image_id):
        np.testing.assert_allclose(data.boxes_of(row), [[(10 + int(name[-5])) * 0.4, 3.2, 12, 12.8]])
