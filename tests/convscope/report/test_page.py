"""The page says what the evidence says, and what a log holds cannot act in it."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from convscope.report.page import render_page
from convscope.report.sections import SECTIONS
from convscope.values.gap import Verdict
from convscope.values.header import InputFile, Notice
from tests.convscope.report.evidence import BARE, CROWD, SINGLE, Study, gap, header, make_evidence

HOSTILE = (
    "<script>document.title='pwned'</script>",
    '"><img src=x onerror="document.title=\'pwned\'">',
    "</style></title></svg><svg onload=alert(1)>",
    "<a href='https://example.org'>x</a>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)//\u202egnp.exe\u200b\x1b[31m\x00",
    "<meta http-equiv=refresh content='0;url=https://example.org'>",
    "long" * 5000,
)
FORBIDDEN = {"script", "iframe", "object", "embed", "form", "link", "base", "img", "use", "image"}
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.words = []
        self.open = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def hostile_evidence():
    study = Study(runs=HOSTILE[:3], checkpoints=(HOSTILE[3], HOSTILE[4]), agents=HOSTILE[:5])
    first = header(study)
    bad = HOSTILE[0] + HOSTILE[5]
    file = InputFile(name=HOSTILE[1], sha256="0" * 64, n_bytes=1, loader=bad, assumptions=HOSTILE)
    notices = tuple(Notice(code=text, message=text, where=text) for text in HOSTILE)
    fields = tuple(replace(field, path=bad) for field in first.fields)
    bad_header = replace(first, environment=bad, framework=bad, inputs=(file,), notices=notices, fields=fields)
    evidence = make_evidence(study, header=bad_header, notices=notices)
    profiles = tuple(replace(profile, label=HOSTILE[0]) for profile in evidence.roles.profiles)
    gap_with_words = replace(gap(study), reasons=HOSTILE)
    return replace(evidence, roles=replace(evidence.roles, profiles=profiles), gap=gap_with_words)


@pytest.fixture(scope="module")
def html():
    return render_page(make_evidence())


@pytest.fixture(scope="module")
def hostile_html():
    return render_page(hostile_evidence())


STUDIES = pytest.mark.parametrize(
    "study", [Study(), SINGLE, BARE, CROWD], ids=["three-runs", "single", "bare", "crowd"]
)


@STUDIES
def test_the_same_evidence_gives_the_same_bytes(study):
    assert render_page(make_evidence(study)) == render_page(make_evidence(study))


@STUDIES
def test_every_section_is_there_and_well_formed(study):
    page = Page(render_page(make_evidence(study)))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert page.open == []
    assert {section.key for section in SECTIONS} <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["html", "hostile_html"])
def test_nothing_can_run_load_or_lead_away(name, request):
    page = Page(request.getfixturevalue(name))
    assert not {tag for tag, _ in page.elements} & FORBIDDEN
    for tag, attributes in page.elements:
        assert not [key for key in attributes if key.startswith("on") or key in {"src", "xlink:href", "action"}]
        if "href" in attributes:
            assert tag == "a"
            assert re.fullmatch(r"#[a-z]+", attributes["href"])
        if tag == "meta":
            assert attributes.get("http-equiv") in {None, "Content-Security-Policy"}
        assert "url(" not in attributes.get("style", "")
    assert "@import" not in request.getfixturevalue(name)
    assert "url(" not in request.getfixturevalue(name).split("</style>")[0]


def test_hostile_names_are_shown_cut_and_without_hidden_characters(hostile_html):
    assert "{{ 7 * 7 }}{% raw %}" in Page(hostile_html).text
    assert "\\u202egnp.exe\\u200b\\x1b[31m\\x00" in hostile_html
    assert not re.search("[\u202e\u200b\x1b\x00]", hostile_html)
    assert "long" * 160 not in hostile_html
    assert len(hostile_html) < 400_000


def test_the_policy_comes_before_everything_that_could_load(html):
    first = Page(html).elements[2]
    assert first[0] == "meta"
    assert first[1]["http-equiv"] == "Content-Security-Policy"
    assert first[1]["content"].startswith("default-src 'none'")
    assert "script" not in first[1]["content"]


def test_the_verdict_comes_first_with_its_reasons(html):
    text = Page(html.split('id="content">')[1].split("</main>")[0]).text
    assert text.startswith("Verdict Partly as declared")
    assert text.index("Routing follows the declared roles more than chance") < text.index("What was read and assumed")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_words_of_its_own(verdict):
    study = Study()
    page = render_page(make_evidence(study, gap=replace(gap(study), verdict=verdict)))
    assert 'class="headline"' in page


def test_one_run_never_boasts():
    study = Study(runs=("only",))
    text = Page(render_page(make_evidence(study))).text
    assert "Not enough evidence for a verdict" in text
    assert "these runs only" in text
    assert "At least 3 runs in all" in text


def test_without_prior_or_routing_the_page_says_so():
    text = Page(render_page(make_evidence(SINGLE))).text
    assert "Described, not judged" in text
    assert "affords no source of routing" in text
    assert "No prior was given" in text


def test_without_features_the_page_says_so():
    assert "No roles could be looked for" in Page(render_page(make_evidence(BARE))).text


def test_no_figure_has_eight_digits(html):
    prose = re.sub(r"<code.*?</code>|<svg.*?</svg>|<[^>]*>", " ", html.split("</style>")[1], flags=re.DOTALL)
    assert "0.488" in prose
    assert not re.search(r"\d\.\d{5,}", prose)


def test_tables_name_what_they_show(html):
    tables = html.split("<table")[1:]
    assert tables
    assert all("<caption>" in table.split("</table>")[0] for table in tables)
    assert all('scope="col"' in table.split("</table>")[0] for table in tables)


def test_pictures_have_words(html):
    pictures = [attributes for tag, attributes in Page(html).elements if tag == "svg"]
    assert len(pictures) == 4
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in pictures)


def test_learned_declared_and_difference_stand_side_by_side(html):
    text = Page(html).text
    assert re.search(r"Learned receiver .* Declared receiver .* Learned \u2212 declared", text)
    assert "blank" in text
    assert 'class="less unsure"' in html or 'class="more unsure"' in html


def test_a_large_team_is_summed_up():
    study = replace(CROWD, runs=tuple(f"seed_{run}" for run in range(8)), n_episodes=20)
    notices = tuple(Notice(code="assumed", message=f"Sentence {number}.") for number in range(5000))
    html = render_page(make_evidence(study, notices=notices))
    assert len(html) < 3_000_000
    assert len(Page(html).elements) < 20_000
    assert "and 4,988 more in" in Page(html).text


def test_the_page_names_the_digest_of_its_figures(html):
    other = render_page(make_evidence(Study(runs=("a", "b", "c"))))
    digest = re.search(r"[0-9a-f]{64}", html.split("<footer>")[1]).group()
    assert digest not in other


def test_where_slots_are_redrawn_the_edges_between_roles_are_shown():
    evidence = make_evidence()
    redrawn = replace(evidence, header=replace(evidence.header, identities_persist=False))
    html = render_page(redrawn)
    graph_of = html.split('class="graph"')[1].split("</svg>")[0]
    assert "3 of 9 ordered pairs of roles are significant" in Page(html).text.replace("\xa0", " ")
    assert graph_of.count("<circle") == 3
    assert "Edges between slots" in html
