import numpy as np
import pytest
from PIL import Image

from carekit.material.intake.doctor.examine import examine
from carekit.material.intake.layouts import recognise
from carekit.material.intake.layouts.ham10000 import CLASSES
from carekit.material.intake.layouts.isic2018 import ISIC2018
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.sources import open_source

COLUMNS = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"
ORDER = [name.lower() for name in COLUMNS.split(",")[1:]]


def _part(root, part, first, n, masks=False):
    folder, truth = root / f"ISIC2018_Task3_{part}_Input", [COLUMNS]
    folder.mkdir(parents=True)
    for i in range(first, first + n):
        name, one_hot = f"ISIC_{i:07d}", ["0.0"] * 7
        one_hot[i % 7] = "1.0"
        truth.append(",".join([name, *one_hot]))
        Image.new("RGB", (40, 30), (i % 256, 90, 90)).save(folder / f"{name}.jpg")
        if masks and i % 2:
            mask = np.zeros((30, 40), np.uint8)
            mask[6:24, 10:30] = 255
            Image.fromarray(mask).save(root / "masks" / f"{name}_segmentation.png")
    target = root / f"ISIC2018_Task3_{part}_GroundTruth"
    target.mkdir()
    (target / f"ISIC2018_Task3_{part}_GroundTruth.csv").write_text("\n".join(truth))
    return target / f"ISIC2018_Task3_{part}_GroundTruth.csv"


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "isic"
    (root / "masks").mkdir(parents=True)
    _part(root, "Training", 0, 42, masks=True)
    groups = ["image,lesion_id,diagnosis_confirm_type"]
    groups += [f"ISIC_{i:07d},HAM_{i % 7}_{i // 14},histopathology" for i in range(42)]
    (root / "ISIC2018_Task3_Training_LesionGroupings.csv").write_text("\n".join(groups))
    return root


def _prepare(source, out, **options):
    return prepare(ISIC2018, source, out, **{"size": 16, "workers": 1} | options)


def test_training_images_split_by_lesion_with_the_masks_there_are(source, tmp_path):
    data = _prepare(source, tmp_path / "out")
    assert data.classes == list(CLASSES) and set(data.counts().values()) == {6} and data.rare == ["df"]
    assert [data.classes[label] for label in data.labels[:7]] == ORDER
    assert [len(data.boxes_of(i)) for i in range(4)] == [0, 1, 0, 1]
    assert data.samples.group.nunique() == 21
    parts = [set(data.split(name).samples.group) for name in ("train", "test")]
    assert not parts[0] & parts[1]
    assert recognise(open_source(source)).name == "isic2018"


def test_without_the_lesion_groupings_no_split_by_lesion_is_claimed(source, tmp_path):
    table = source / "ISIC2018_Task3_Training_LesionGroupings.csv"
    table.write_text("\n".join(table.read_text().splitlines()[:-1]))
    with pytest.raises(ValueError, match=r"1 image\(s\) \(ISIC_0000041\) have no row in ISIC2018_Task3_Training"):
        _prepare(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert len(_prepare(source, tmp_path / "out", split="image")) == 42
    findings = [finding.text for finding in examine(source, workers=1).findings if finding.about == "groups"]
    assert len(findings) == 1 and "a split by lesion cannot be drawn" in findings[0]


def test_the_challenges_own_test_set(source, tmp_path):
    _part(source, "Validation", 100, 7)
    _part(source, "Test", 200, 14)
    data = _prepare(source, tmp_path / "out", split="fixed")
    assert len(data.split("train")) == 49 and len(data.split("test")) == 14
    assert set(data.split("test").samples.image_id) == {f"ISIC_{i:07d}" for i in range(200, 214)}


def _truth(source):
    return next(source.rglob("*Training_GroundTruth.csv"))


def _edit(old, new):
    def spoil(source):
        text = _truth(source).read_text()
        assert old in text
        _truth(source).write_text(text.replace(old, new, 1))

    return spoil


FAULTS = {
    "two classes": (_edit("1.0,0.0", "1.0,1.0"), "image 'ISIC_.*' is not of exactly one class"),
    "no class": (_edit("1.0", "0.0"), "image 'ISIC_.*' is not of exactly one class"),
    "text": (_edit("1.0", "yes"), "are not all finite numbers"),
    "column": (_edit("VASC", "SCC"), "no column 'VASC'"),
    "lost": (lambda s: next(s.rglob("ISIC_0000003.jpg")).unlink(), r"\(ISIC_0000003\) of the table have no .jpg"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_one_sentence(source, tmp_path, fault):
    spoil, sentence = FAULTS[fault]
    spoil(source)
    with pytest.raises(ValueError, match=sentence) as error:
        _prepare(source, tmp_path / "out")
    assert "\n" not in str(error.value) and not (tmp_path / "out").exists()


def test_without_a_test_set_there_is_no_fixed_split(source, tmp_path):
    with pytest.raises(ValueError, match="needs a split that comes with the source"):
        _prepare(source, tmp_path / "out", split="fixed")
