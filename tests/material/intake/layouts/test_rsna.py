import io

import numpy as np
import pytest

from carekit.material.intake.doctor.examine import examine
from carekit.material.intake.layouts import recognise, rsna
from carekit.material.intake.layouts.rsna import RSNA
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.sources import open_source

pytest.importorskip("pydicom")
NAMES = {"normal": "Normal", "abnormal": "No Lung Opacity / Not Normal", "opacity": "Lung Opacity"}


def _film(grey):
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    film, film.file_meta = Dataset(), FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    film.Rows, film.Columns, film.SamplesPerPixel, film.PhotometricInterpretation = 64, 64, 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 8, 8, 7, 0
    film.PixelData = np.full((64, 64), grey, np.uint8).tobytes()
    out = io.BytesIO()
    film.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture
def source(tmp_path):
    """20 normal, 15 abnormal and 10 opaque films; the tables as the challenge publishes them, one row a box in both."""
    root = tmp_path / "rsna"
    (root / "stage_2_train_images").mkdir(parents=True)
    (root / "stage_2_test_images").mkdir()
    (root / "stage_2_test_images" / "other.dcm").write_bytes(_film(1))
    labels, info = ["patientId,x,y,width,height,Target"], ["patientId,class"]
    kinds = ["normal"] * 20 + ["abnormal"] * 15 + ["opacity"] * 10
    for i, kind in enumerate(kinds):
        name = f"{i:08x}-aaaa"
        (root / "stage_2_train_images" / f"{name}.dcm").write_bytes(_film(i * 5))
        boxes = [(8.0, 16.0, 16.0, 24.0), (40.0, 16.0, 8.0, 8.0)][: 1 + i % 2] if kind == "opacity" else [()]
        for box in boxes:
            labels.append(f"{name},{','.join(map(str, box)) or ',,,'},{int(bool(box))}")
            info.append(f"{name},{NAMES[kind]}")
    (root / "stage_2_train_labels.csv").write_text("\n".join(labels))
    (root / "stage_2_detailed_class_info.csv").write_text("\n".join(info))
    return root


def _prepare(source, out, **options):
    return prepare(RSNA, source, out, **{"size": 32, "workers": 1, "subset": "all"} | options)


def test_films_classes_and_all_boxes(source, tmp_path):
    data = _prepare(source, tmp_path / "out")
    assert data.counts() == {"normal": 20, "abnormal": 15, "opacity": 10} and data.rare == ["opacity"]
    assert [len(data.boxes_of(i)) for i in (0, 34, 36, 35)] == [0, 0, 1, 2]
    np.testing.assert_allclose(data.boxes_of(35), [[4, 8, 12, 20], [20, 8, 24, 12]])
    assert data.read([20])[0].tolist() == np.full((32, 32, 3), 100).tolist()
    assert recognise(open_source(source)).name == "rsna"


def test_the_doctor_looks_at_all_films(source, monkeypatch):
    monkeypatch.setattr(rsna, "CHEST_COUNTS", {"normal": 4, "abnormal": 3, "opacity": 2})
    assert examine(source, workers=1).counts == {"normal": 20, "abnormal": 15, "opacity": 10}


def test_the_papers_subset_is_drawn_by_a_seed(source, tmp_path, monkeypatch):
    monkeypatch.setattr(rsna, "CHEST_COUNTS", {"normal": 16, "abnormal": 12, "opacity": 4})
    data = _prepare(source, tmp_path / "a", subset="paper")
    assert data.counts() == {"normal": 16, "abnormal": 12, "opacity": 4}
    other = _prepare(source, tmp_path / "b", subset="paper", subset_seed=1)
    assert set(other.samples.image_id) != set(data.samples.image_id)
    monkeypatch.setattr(rsna, "CHEST_COUNTS", {"normal": 160, "abnormal": 120, "opacity": 40})  # more than there are
    assert _prepare(source, tmp_path / "c", subset="paper").counts() == {"normal": 20, "abnormal": 15, "opacity": 5}


def _edit(file, old, new):
    def spoil(source):
        path = source / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return spoil


LABELS, INFO = "stage_2_train_labels.csv", "stage_2_detailed_class_info.csv"
FAULTS = {
    "class": (_edit(INFO, "Normal", "Fine"), "class 'Fine' of image '00000000-aaaa' is unknown"),
    "two classes": (_edit(INFO, "patientId,class", "patientId,class\n00000000-aaaa,Lung Opacity"), "appears twice"),
    "no class info": (lambda s: (s / INFO).unlink(), "must hold one stage_2_detailed_class_info.csv"),
    "only in one": (_edit(INFO, "00000003-aaaa,Normal\n", ""), r"\(00000003-aaaa\) are in only one of"),
    "target": (_edit(LABELS, ",,,,,0", ",,,,,2"), "Target '2' of '00000000-aaaa' is not 0 or 1"),
    "box of a healthy one": (
        _edit(LABELS, ",,,,,0", ",1,1,5,5,1"),
        r"\(00000000-aaaa\) have a box but no lung opacity",
    ),
    "no box": (_edit(LABELS, "8.0,16.0,16.0,24.0,1", ",,,,1"), "x, y, w, h of image '.*' are not all finite"),
    "negative": (_edit(LABELS, "8.0,16.0,16.0,24.0", "8.0,16.0,-16.0,24.0"), "is empty or reversed"),
    "a field too many": (_edit(LABELS, ",,,,,0", ",,,,,0,1"), "stage_2_train_labels.csv is not a table"),
    "lost film": (
        lambda s: (s / "stage_2_train_images" / "00000004-aaaa.dcm").unlink(),
        r"\(00000004-aaaa\) of the table have no .dcm file",
    ),
    "damaged film": (
        lambda s: (s / "stage_2_train_images" / "00000004-aaaa.dcm").write_bytes(b"x" * 500),
        "00000004-aaaa.dcm is damaged or no image",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_one_sentence_and_leaves_nothing(source, tmp_path, fault):
    spoil, sentence = FAULTS[fault]
    spoil(source)
    with pytest.raises(ValueError, match=sentence) as error:
        _prepare(source, tmp_path / "out")
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["rsna"]
