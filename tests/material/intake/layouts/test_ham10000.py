import io
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from carekit.data import chunked_arrays, filling
from carekit.material.intake.layouts.ham10000 import CLASSES, HAM10000
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.sources import open_source

ROOT = Path(__file__).resolve().parents[4]
REAL = ROOT / "../shared/data/ham10000_200x150.zip"
WIDTH, HEIGHT = 40, 30


def _file(array, kind, **options):
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind, **options)
    return out.getvalue()


def _mask(x0=10, y0=6, x1=30, y1=24):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[y0:y1, x0:x1] = 255
    return mask


def _make(root, lesions=4, seed=0):
    """A small folder laid out as the official one: 7 classes, every second lesion with two images."""
    rng, rows = np.random.default_rng(seed), []
    for part in ("HAM10000_images_part_1", "HAM10000_images_part_2", "masks"):
        (root / part).mkdir(parents=True)
    for lesion in range(7 * lesions):
        for _ in range(1 + lesion % 2):
            name = f"ISIC_{len(rows):07d}"
            rows.append(f"HAM_{lesion:07d},{name},{list(CLASSES)[lesion % 7]},histo,50.0,male,back")
            image = np.full((HEIGHT, WIDTH, 3), rng.integers(0, 256, 3), np.uint8)
            (root / f"HAM10000_images_part_{1 + len(rows) % 2}" / f"{name}.jpg").write_bytes(_file(image, "JPEG"))
            (root / "masks" / f"{name}_segmentation.png").write_bytes(_file(_mask(), "PNG"))
    lines = ["lesion_id,image_id,dx,dx_type,age,sex,localization", *rng.permutation(rows)]
    (root / "HAM10000_metadata.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    return _make(tmp_path_factory.mktemp("ham") / "source")


@pytest.fixture
def source(pristine, tmp_path):
    return Path(shutil.copytree(pristine, tmp_path / "source"))


def _prepare(source, out, **options):
    return prepare(HAM10000, source, out, **{"size": 16, "workers": 1} | options)


def _image(source, number):
    return next(source.rglob(f"ISIC_{number:07d}.jpg"))


def _bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_becomes_a_prepared_data_set(source, tmp_path):
    data = _prepare(source, tmp_path / "out")
    assert len(data) == 42 and data.size == 16
    assert data.classes == ["nv", "mel", "bkl", "bcc", "akiec", "vasc", "df"] and data.rare == ["df"]
    assert list(data.counts().values()) == [6] * 7
    assert data.samples.image_id.is_monotonic_increasing
    np.testing.assert_allclose(data.boxes_of(0), [[10 * 16 / 40, 6 * 16 / 30, 30 * 16 / 40, 24 * 16 / 30]])
    assert len(data.boxes) == 42 and data.facts["source_pixels"] == {"40 x 30": 42}
    data.verify()


def test_pixels_and_masks_are_those_of_the_files(source, tmp_path):
    data = _prepare(source, tmp_path / "out")
    for i in (0, 7, 41):
        colour = np.asarray(Image.open(_image(source, i)))[15, 20].astype(int)
        assert np.abs(data.read([i])[0].astype(int) - colour).max() <= 3
    mask = data.read_masks([0])[0]
    assert mask[4:12, 4:12].all() and mask.sum() < 10 * 12


def test_an_archive_gives_the_same_bytes_as_the_folder(source, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "ham"), "zip", source)
    _prepare(source, tmp_path / "a")
    _prepare(archive, tmp_path / "b")
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")


def test_the_number_of_workers_does_not_matter(source, tmp_path, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 16)
    _prepare(source, tmp_path / "a", workers=1)
    _prepare(source, tmp_path / "b", workers=2)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")


def test_a_damaged_file_is_named_by_a_worker_too(source, tmp_path, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 16)
    _image(source, 30).write_bytes(b"\xff\xd8 no image")
    with pytest.raises(ValueError, match="ISIC_0000030.jpg is damaged"):
        _prepare(source, tmp_path / "out", workers=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["source"]


def test_splits_keep_lesions_whole_or_images_single(source, tmp_path):
    data = _prepare(source, tmp_path / "lesion")
    parts = [set(data.split(name).samples.group) for name in ("train", "test")]
    assert not parts[0] & parts[1] and "by lesion" in data.facts["split"]
    data = _prepare(source, tmp_path / "image", split="image")
    parts = [set(data.split(name).samples.group) for name in ("train", "test")]
    assert parts[0] & parts[1] and "by image" in data.facts["split"]
    for name in ("train", "test"):
        assert min(data.split(name).counts().values()) >= 1


def test_limit_and_cap_keep_every_class(source, tmp_path):
    assert len(_prepare(source, tmp_path / "a", limit=20)) == 20
    assert set(_prepare(source, tmp_path / "b", limit=14).counts().values()) == {2}
    assert set(_prepare(source, tmp_path / "c", max_per_class=3).counts().values()) == {3}
    other = _prepare(source, tmp_path / "d", limit=14, seed=1)
    assert list(other.samples.image_id) != list(_prepare(source, tmp_path / "e", limit=14).samples.image_id)


@pytest.mark.parametrize("name", ["HAM10000_metadata", "HAM10000_metadata.tab"])
def test_metadata_under_its_official_names(source, tmp_path, name):
    path = source / "HAM10000_metadata.csv"
    text = path.read_text()
    path.unlink()
    (source / name).write_text("\ufeff" + (text.replace(",", "\t") if name.endswith("tab") else text), "utf-8")
    assert len(_prepare(source, tmp_path / "out")) == 42


def test_a_copy_of_an_image_is_no_matter_but_another_image_of_that_name_is(source, tmp_path):
    first = _image(source, 3)
    (source / "again").mkdir()
    shutil.copy(first, source / "again")
    assert len(_prepare(source, tmp_path / "out")) == 42
    shutil.copy(_image(source, 4), source / "again" / first.name)
    with pytest.raises(ValueError, match="ISIC_0000003.jpg and .* are different"):
        _prepare(source, tmp_path / "out2")


def test_images_without_a_lesion_are_kept_without_a_box_and_counted(source, tmp_path):
    (source / "masks" / "ISIC_0000001_segmentation.png").unlink()
    (source / "masks" / "ISIC_0000002_segmentation.png").write_bytes(_file(_mask(0, 0, 0, 0), "PNG"))
    (source / "masks" / "ISIC_0000003_segmentation.png").write_bytes(_file(_mask(0, 0, WIDTH, HEIGHT), "PNG"))
    data = _prepare(source, tmp_path / "out")
    assert len(data) == 42
    assert [len(data.boxes_of(i)) for i in range(4)] == [1, 0, 0, 1]
    np.testing.assert_allclose(data.boxes_of(3), [[0, 0, 16, 16]])
    keys = ("images_without_mask", "empty_masks", "boxes_filling_the_image")
    assert [data.facts[key] for key in keys] == [1, 1, 1]


def test_grey_cmyk_and_turned_images(source, tmp_path):
    grey = np.tile(np.uint8(90), (HEIGHT, WIDTH))
    _image(source, 0).write_bytes(_file(grey, "JPEG"))
    out = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (200, 30, 40)).convert("CMYK").save(out, "JPEG")
    _image(source, 1).write_bytes(out.getvalue())
    upright = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    upright[: HEIGHT // 2] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned by a quarter, to be shown turned back
    _image(source, 2).write_bytes(_file(np.ascontiguousarray(np.rot90(upright)), "JPEG", exif=exif))
    grey, colour, turned = _prepare(source, tmp_path / "out").read([0, 1, 2]).astype(int)
    assert np.abs(grey - 90).max() <= 3
    assert np.abs(colour - [200, 30, 40]).max() <= 8
    assert turned[:6].min() > 240 and turned[-6:].max() < 15


def _drop_column(source):
    path = source / "HAM10000_metadata.csv"
    path.write_text(path.read_text().replace("dx,", "diagnosis,", 1))


def _edit(old, new):
    def edit(source):
        path = source / "HAM10000_metadata.csv"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return edit


def _truncate(source):
    path = _image(source, 5)
    path.write_bytes(path.read_bytes()[:-40])


def _huge(source):
    out = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(out, "PNG")  # 100 million pixels in few bytes
    _image(source, 5).write_bytes(out.getvalue())


FAULTS = {
    "no metadata": (
        lambda s: (s / "HAM10000_metadata.csv").unlink(),
        "not laid out as ham10000: it must hold HAM10000_metadata.csv",
    ),
    "two metadata": (
        lambda s: shutil.copy(s / "HAM10000_metadata.csv", s / "masks" / "HAM10000_metadata"),
        "there is 2 of them",
    ),
    "column": (_drop_column, "no column 'dx'"),
    "unknown class": (
        _edit(",mel,", ",scc,"),
        "class 'scc' of image 'ISIC_.*' is unknown: it must be one of nv.*and . more",
    ),
    "absent class": (_edit(",df,", ",nv,"), "no image of class 'df'"),
    "twice": (_edit("ISIC_0000003", "ISIC_0000002"), "image_id 'ISIC_0000002' appears twice"),
    "no lesion": (_edit("HAM_0000003,", ","), "belongs to no group"),
    "lost image": (lambda s: _image(s, 4).unlink(), r"1 image\(s\) \(ISIC_0000004\) of the table have no .jpg"),
    "extra image": (
        lambda s: [shutil.copy(_image(s, 4), s / f"ISIC_9{n}.jpg") for n in range(4)],
        r"4 image\(s\) \(ISIC_90, ISIC_91, ISIC_92, ...\) in .* have no row",
    ),
    "truncated": (_truncate, "ISIC_0000005.jpg is damaged or no image"),
    "huge": (_huge, "ISIC_0000005.jpg has 100000000 pixels, more than 89478485: scale it down"),
    "mask size": (
        lambda s: (s / "masks" / "ISIC_0000005_segmentation.png").write_bytes(_file(_mask()[:, :20], "PNG")),
        r"mask masks/ISIC_0000005_segmentation.png has \(20, 30\) pixels",
    ),
    "mask damaged": (
        lambda s: (s / "masks" / "ISIC_0000005_segmentation.png").write_bytes(b""),
        "ISIC_0000005_segmentation.png is empty",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_source_is_told_in_one_sentence_and_leaves_nothing(source, tmp_path, fault):
    spoil, sentence = FAULTS[fault]
    spoil(source)
    with pytest.raises(ValueError, match=sentence) as error:
        _prepare(source, tmp_path / "out")
    assert "\n" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


def test_a_class_of_one_lesion_is_named(tmp_path):
    with pytest.raises(ValueError, match="class '.*' has images in the train part only"):
        _prepare(_make(tmp_path / "source", lesions=1), tmp_path / "out")


@pytest.mark.parametrize(
    "options", [{"size": 4}, {"workers": 0}, {"limit": 13}, {"limit": 3}, {"max_per_class": 1}, {"split": "patient"}]
)
def test_options_out_of_range_are_told(source, tmp_path, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        _prepare(source, tmp_path / "out", **options)


def test_too_small_a_disk_is_told_before_anything_is_written(source, tmp_path, monkeypatch):
    monkeypatch.setattr(chunked_arrays.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(OSError, match="MB are needed"):
        _prepare(source, tmp_path / "out")


def test_parts_may_still_be_packed(source, tmp_path):
    _prepare(source, tmp_path / "a")
    for part in ("HAM10000_images_part_1", "masks"):
        shutil.make_archive(str(source / part), "zip", source / part)
        shutil.rmtree(source / part)
    _prepare(source, tmp_path / "b")
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")


@pytest.mark.skipif(not REAL.exists(), reason="../shared/data/ham10000_200x150.zip is not here")
def test_real_images(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = prepare(HAM10000, REAL, tmp_path / "out", size=64, limit=60)
    assert len(data) == 60 and len(data.boxes) == 60
    assert min(data.split("train").counts().values()) >= 2 and min(data.split("test").counts().values()) >= 1
    assert data.counts()["nv"] > data.counts()["df"] == 5
    with open_source(REAL) as files:
        name = data.samples.image_id[0]
        mask = files.mask(f"masks/{name}_segmentation.png", (200, 150))
    inside = data.boxes_of(0)[0] * np.array([200, 150, 200, 150]) / 64
    x0, y0, x1, y1 = inside.round().astype(int)
    assert mask[y0:y1, x0:x1].sum() >= 0.9 * mask.sum() > 0
    # Skin is redder than blue, and a lesion darker than what surrounds it, in most images.
    images, masks = data.read(np.arange(60)).astype(float), data.read_masks(np.arange(60)).astype(bool)
    assert (images[..., 0].mean((1, 2)) > images[..., 2].mean((1, 2))).mean() > 0.9
    darker = [image[m].mean() < image[~m].mean() for image, m in zip(images, masks, strict=True) if not m.all()]
    assert np.mean(darker) > 0.8
