"""Pages: one style, names shown as they are, whole or not at all."""

from carekit.ground import page
from carekit.ground.environment import ROOT


def test_a_page_is_whole_and_its_title_is_text(tmp_path):
    path = page.write_page(tmp_path / "a.html", "df & <others>", "<p>x</p>")
    text = path.read_text(encoding="utf-8")
    assert text.count("<h1>df &amp; &lt;others&gt;</h1>\n<p>x</p>") == 1 and text.endswith("</html>\n")
    assert page.STYLE in text and "http" not in text
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]


def test_pictures_and_links_show_names_as_they_are():
    assert page.image(b"\x00", 'a "b" <c>') == '<img alt="a &quot;b&quot; &lt;c&gt;" src="data:image/png;base64,AA==">'
    assert page.image("AA\n==", "x", "jpeg") == '<img alt="x" src="data:image/jpeg;base64,AA==">'
    assert page.link('a"b.html', "<b>", rel="next") == '<a rel="next" href="a&quot;b.html">&lt;b&gt;</a>'
    assert page.paragraphs("a < b\n\nc") == "<p>a &lt; b</p><p>c</p>"


def test_one_module_of_the_kit_writes_pages():
    files = (ROOT / "carekit").rglob("*.py")
    writers = [str(file.relative_to(ROOT)) for file in files if "<!doctype" in file.read_text(encoding="utf-8")]
    assert writers == ["carekit/ground/page.py"]
