import pandas as pd
import pytest

from carekit.material.intake.layouts.layout import Faults, and_more
from carekit.material.intake.layouts.tables import (
    attach_files,
    check_rows,
    files_by_stem,
    one_table,
    parse_boxes,
    parse_numbers,
    read_table,
)
from carekit.material.intake.sources import open_source


class Noted(Faults):
    """Keeps the sentences and continues."""

    def __init__(self):
        super().__init__()
        self.sentences = []

    def refuse(self, sentence):
        self.sentences.append(sentence)


@pytest.fixture
def source(tmp_path):
    files = {"a/Labels.CSV": "image,x\n 1.png , 2\n", "a/p.jpg": "P", "b/q.JPEG": "Q", "b/q_mask.png": "M"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with open_source(tmp_path) as opened:
        yield opened


def test_a_table_is_found_whatever_its_folder_and_case_and_read_without_blanks(source):
    name = one_table(source, ("labels.csv",))
    table = read_table(source, name, ["image"], ("x", "y"))
    assert name == "a/Labels.CSV" and table.to_dict("list") == {"image": ["1.png"], "x": ["2"]}
    with pytest.raises(ValueError, match="a/Labels.CSV has no column 'y': it needs image, y"):
        read_table(source, name, ["image", "y"])
    with pytest.raises(ValueError, match="must hold one boxes.csv, and there is none"):
        one_table(source, ("boxes.csv",))


def test_a_table_with_tabs_is_one_too(tmp_path):
    (tmp_path / "t.csv").write_text("image\tx\na,b\t1\n")
    with open_source(tmp_path) as source:
        assert read_table(source, "t.csv", ["image", "x"]).iloc[0].tolist() == ["a,b", "1"]


def test_numbers_are_floats_and_the_first_that_is_none_is_named():
    table = pd.DataFrame({"image_id": ["a", "b", "c"], "x": ["1", "nan", "2e9"]})
    with pytest.raises(ValueError, match=r"t.csv: x of image 'b' are not all finite numbers \(and 1 more\)"):
        parse_numbers(Faults(), table, ["x"], "t.csv")
    kept = parse_numbers(Noted(), table, ["x"], "t.csv")
    assert kept.image_id.tolist() == ["a"] and kept.x.tolist() == [1.0]


def test_boxes_by_corners_and_by_sides_are_the_same():
    corners = pd.DataFrame({"image_id": ["a"], "x0": ["1"], "y0": ["2.5"], "x1": ["4"], "y1": ["8"]})
    sides = pd.DataFrame({"image_id": ["a"], "x": ["1"], "y": ["2.5"], "w": ["3"], "h": ["5.5"]})
    expected = ["a", 1.0, 2.5, 4.0, 8.0]
    for given in (corners, sides):
        assert parse_boxes(Faults(), given, "t.csv").iloc[0].tolist() == expected


def test_an_empty_or_reversed_box_is_dropped_and_named():
    sides = pd.DataFrame({"image_id": ["a", "b"], "x": ["1", "1"], "y": ["1", "1"], "w": ["0", "2"], "h": ["3", "3"]})
    noted = Noted()
    assert parse_boxes(noted, sides, "t.csv").image_id.tolist() == ["b"]
    assert noted.sentences == ["t.csv: box (1, 1, 1, 4) of image 'a' is empty or reversed"]


def test_rows_with_a_fault_are_dropped_one_fault_after_the_other():
    rows = [("", "g", "nv"), ("a", "g", "nv"), ("a", "g", "nv"), ("b", "", "nv"), ("c", "g", "scc"), ("d", "g", "df")]
    table = pd.DataFrame(rows, columns=["image_id", "group", "diagnosis"])
    noted = Noted()
    assert check_rows(noted, table, "t.csv", ["nv", "df"]).image_id.tolist() == ["a", "d"]
    for words, sentence in zip(("no image_id", "'a' appears twice", "no group", "'scc'"), noted.sentences, strict=True):
        assert sentence.startswith("t.csv: ") and words in sentence


def test_files_are_attached_to_their_rows(source):
    found = files_by_stem(Faults(), source, (".jpg", ".jpeg"))
    assert found == {"p": "a/p.jpg", "q": "b/q.JPEG"}
    assert files_by_stem(Faults(), source, ("_mask.png",), within="b/") == {"q": "b/q_mask.png"}
    table = attach_files(Faults(), source, pd.DataFrame({"image_id": ["q", "p"]}), found, ".jpg")
    assert table.image.tolist() == ["b/q.JPEG", "a/p.jpg"]
    noted = Noted()
    assert attach_files(noted, source, pd.DataFrame({"image_id": ["q", "x"]}), found, ".jpg").image_id.tolist() == ["q"]
    assert ["(x)" in noted.sentences[0], "(p)" in noted.sentences[1]] == [True, True]


def test_files_of_one_name_must_be_alike(tmp_path):
    for folder, text in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.jpg").write_text(text)
    with open_source(tmp_path) as source, pytest.raises(ValueError, match="a/p.jpg and c/p.jpg in .* are different"):
        files_by_stem(Faults(), source, (".jpg",))


def test_many_names_are_cut_short():
    assert and_more(["a"]) == "1 image(s) (a)" and and_more("abcd") == "4 image(s) (a, b, c, ...)"
