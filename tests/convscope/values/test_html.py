"""What notebooks show cannot act."""

from html.parser import HTMLParser

from convscope.values.html import box, element, table

HOSTILE = '<script>alert(1)</script>" onclick="x\u202e'


class Tags(HTMLParser):
    """Collects what a page would do."""

    def __init__(self):
        super().__init__()
        self.tags = []
        self.attributes = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def parsed(html):
    tags = Tags()
    tags.feed(html)
    return tags


def test_text_is_escaped_in_content_and_attributes():
    tags = parsed(element("p", HOSTILE, title=HOSTILE))
    assert (tags.tags, tags.attributes) == (["p"], ["title"])


def test_markup_made_here_stays():
    assert element("p", element("b", "x"), class_="y") == '<p class="y"><b>x</b></p>'


def test_long_tables_are_counted_not_shown():
    html = table(HOSTILE, ("n",), [(str(row),) for row in range(1000)])
    assert len(html) < 5000
    assert "and 980 rows more" in html
    assert "script" not in parsed(html).tags


def test_a_box_holds_no_style_sheet_and_no_script():
    assert parsed(box(HOSTILE, HOSTILE)).tags == ["div", "strong"]
