import unicodedata

import pytest

from carekit.material.intake.layouts.matching import Images, clean, known_part

SET = ["train/images/1.png", "valid/images/1.png", "valid/images/2.png", "photos/Läsion.JPG", "0007.png"]


@pytest.mark.parametrize(
    "name, near, expected",
    [
        ("train/images/1.png", "", "train/images/1.png"),
        ("train/1.png", "", "train/images/1.png"),  # images/ says nothing
        ("1.png", "", ""),  # which of the two?
        ("1.png", "train/metadata.csv", ""),  # neither lies beside this table
        ("images/1.png", "train/metadata.csv", "train/images/1.png"),
        ("test/1.png", "", ""),
        ("2", "", "valid/images/2.png"),
        ("2.jpg", "", "valid/images/2.png"),
        ("train/2.png", "", ""),
        ("C:\\Users\\ann\\2.png", "", "valid/images/2.png"),
        ("/data/local-files/?d=set%2F2.png", "", ""),  # another set than valid
        ("/data/local-files/?d=valid%2F2.png", "", "valid/images/2.png"),
        ("photos/läsion.jpg", "", "photos/Läsion.JPG"),
        (unicodedata.normalize("NFD", "Läsion.JPG"), "", "photos/Läsion.JPG"),
        ("7.png", "", ""),
        ("", "", ""),
    ],
)
def test_a_name_means_an_image_by_its_path_or_none(name, near, expected):
    assert Images(SET).named(name, near) == expected


@pytest.mark.parametrize(
    "annotation, expected",
    [
        ("train/labels/1.txt", "train/images/1.png"),
        ("valid/labels/1.txt", "valid/images/1.png"),
        ("labels/1.txt", ""),
        ("test/labels/2.txt", ""),  # the only image of that name is in another part
        ("valid/images/2.txt", "valid/images/2.png"),
        ("labels/valid/2.txt", "valid/images/2.png"),
    ],
)
def test_a_file_belongs_to_the_image_of_its_own_folder(annotation, expected):
    assert Images(SET).beside(annotation) == expected


def test_two_folders_of_other_names_belong_together_where_each_holds_all():
    images = Images(["pictures_2019/a.png", "pictures_2019/b.png"])
    assert images.beside("outlines/a.xml", flat=True) == "pictures_2019/a.png"
    assert images.beside("outlines/a.xml") == ""


def test_two_foreign_folders_do_not_mean_one_image():
    images = Images(["a.png"])
    assert images.named("x/upload/1/a.png", "coco.json") == "a.png"
    assert images.named("x/upload/2/a.png", "coco.json") == ""
    assert images.named("y/a.png", "boxes.csv") == "a.png"  # another table has its own folders


@pytest.mark.parametrize(
    "name, words",
    [
        ("7", "; 0007.png is there: '7' seems to have lost its zeros"),
        ("1.png", "; train/images/1.png and valid/images/1.png both have the name of '1.png': write the folder, too"),
        ("test/2.png", "; valid/images/2.png is in another folder than 'test/2.png' says"),
        ("Lasion.jpg", "; the nearest to 'Lasion.jpg' is photos/Läsion.JPG"),
        ("xyzzy", ""),
    ],
)
def test_what_comes_nearest_is_told(name, words):
    assert Images(SET).hint(name) == words


def test_paths_and_parts():
    assert clean(" .\\a\\b.png ") == "a/b.png"
    assert [known_part(name) for name in ("Train/mel/1.png", "x/valid/1.png", "testing/a", "test.png")] == [
        "train",
        "train",
        "test",
        "",
    ]
