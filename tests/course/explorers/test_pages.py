import json
from html.parser import HTMLParser

import pytest

from carekit.course.explorers.pages import as_html

NAMES = ["<!--<script>", "</script><script>alert(1)</script>", "<!-- df", "]]>", "\u2028", "a & b", '"><img src=x>']


class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_never_taken_for_a_tag_or_a_comment(name):
    page = as_html({"title": name, name: [name]}, "<img>")
    seen = Seen()
    seen.feed(f"{page}<h2></h2>")
    assert seen.tags == ["div", "script", "img", "h2"]
    assert json.loads(seen.text) == {"title": name, name: [name]}
    assert "<" not in seen.text
