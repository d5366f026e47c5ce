import re

from carekit.data.prepared import Prepared
from carekit.material.intake.doctor.page import PAGE, write_page
from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.prepare import prepare


def test_a_page_shows_counts_findings_and_images_of_each_class(own, tmp_path):
    prepare(OWN, own, tmp_path / "out", 32, workers=1, title="Mine <&>")
    write_page(tmp_path / "out")
    page = (tmp_path / "out" / PAGE).read_text(encoding="utf-8")
    assert "<h1>Mine &lt;&amp;&gt;</h1>" in page and "<h2>common</h2>" in page and "<h2>rare</h2>" in page
    assert len(re.findall(r"<figure>", page)) == 16 and 'alt="p00 (t' in page
    assert "http" not in page and 'src="data:image/jpeg;base64,' in page
    assert "no licence is stated" in page and "Areas of the boxes" in page
    shares = re.findall(r"<td>(\d+) to \d+ %</td><td>(\d+)</td>", page)
    assert [n for start, n in shares if start == "30"] == ["24"]  # 20 x 18 of 40 x 30
    Prepared.open(tmp_path / "out").verify()  # it is no part of the data


def test_a_set_without_boxes(own, tmp_path):
    (own / "boxes.csv").unlink()
    prepare(OWN, own, tmp_path / "out", 32, workers=1)
    write_page(tmp_path / "out")
    page = (tmp_path / "out" / PAGE).read_text(encoding="utf-8")
    assert "Areas of the boxes" not in page and "There are no boxes" in page
