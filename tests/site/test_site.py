"""The built site: whole, small, without a network, and readable by a browser."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from browser import BROWSER, FLAGS, REASON

from rainmer_lib import paths
from rainmer_lib.plots.slider import slider
from rainmer_lib.pretrained.models import shipped
from rainmer_lib.site import executed, reference
from rainmer_lib.workflow.catalogue import ITEMS
from rainmer_lib.workflow.judged import judge
from rainmer_lib.workflow.stated import CLAIMS

LARGEST = 40e6  # bytes
LOOKS = [*FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--dump-dom", "--virtual-time-budget=8000"]
THEME_SPEAKS = '"[PST]: '  # of what it did; no complaint
BROWSERS_OWN = "not an origin"  # who asks, where it is the browser itself: at every start, and other hosts in each version

INSTALLED = all(map(find_spec, ("myst_nb", "sphinx_book_theme")))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not INSTALLED, reason="the extra `site` is not installed: pip install -e '.[site]'"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make site` does: warnings are errors.

    Without the names of functions in the lists of contents, which take a quarter of the time.
    """
    folder = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-m", "rainmer_lib.site", folder / "source"], check=True)
    words = ["-q", "-W", "--keep-going", "-c", paths.REPOSITORY / "docs", "-d", folder / "doctrees"]
    command = [sys.executable, "-m", "sphinx", *words, "-D", "toc_object_entries=0", folder / "source", folder / "site"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "site"


class Page(HTMLParser):
    """What a page refers to: `links` of anchors, `loads` of everything that a browser fetches by itself, and its ids."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.ids, self.maths = [], [], set(), 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids.add(attributes.get("id"))
        self.maths += "math" in (attributes.get("class") or "").split()
        for name in {"src", "href"} & set(attributes):
            (self.links if tag == "a" else self.loads).append(attributes[name])


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}


def test_no_link_is_broken_and_nothing_is_loaded_from_elsewhere(site, pages):
    broken = []
    for path, page in pages.items():
        for goal in page.links + page.loads:
            parts = urlsplit(goal)
            if parts.scheme or parts.netloc:
                if goal in page.loads and parts.scheme != "data":
                    broken.append((path.name, f"loads {goal[:80]}"))
                continue
            found = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            missing = not found.exists() or found.suffix == ".html" and parts.fragment and found in pages and (
                unquote(parts.fragment) not in pages[found].ids)  # fmt: skip
            broken += [(str(path.relative_to(site)), goal)] if missing else []
    assert not broken
    assert len(pages) > 30


def test_it_is_small(site):
    sizes = {path.relative_to(site): path.stat().st_size for path in site.rglob("*") if path.is_file()}
    largest = sorted(sizes, key=sizes.get)[-5:]
    assert sum(sizes.values()) < LARGEST, f"{sum(sizes.values()) / 1e6:.0f} MB; the largest files are {largest}"


def test_every_item_with_results_has_its_picture_numbers_and_page(site):
    shown, text = executed.best(paths.REPOSITORY / "results"), (site / "gallery.html").read_text(encoding="utf-8")
    assert "ablation_negatives" in shown
    for item in ITEMS:
        assert f"<strong>{item.label}</strong>" in text
        if item.notebook in shown:
            assert f'href="notebooks/{item.notebook}.html"' in text
            assert (f'alt="{item.label}, ' in text) == (item.figure is not None)
            if item.published:
                assert f"{item.paper}, {item.label}: {item.title}" in text
    for stem in shown:
        assert (site / "notebooks" / f"{stem}.html").exists()


def test_equations_and_reference_are_there(site, pages):
    assert pages[site / "notebooks" / "walkthroughs" / "02_measuring_deraining.html"].maths >= 3
    for package in reference.modules():
        assert f"module-{package}" in pages[site / "api" / f"{package}.html"].ids
    text = re.sub(r"<[^>]+>", "", (site / "api" / "rainmer_lib.metrics.html").read_text(encoding="utf-8"))
    assert "Float[ndarray, 'h w 3']" in text.replace("&#39;", "'"), "shapes stand in signatures"


def test_no_signature_shows_an_object_of_one_process(site):
    """Its address would differ in every build, and tell a reader nothing."""
    shown = {page.name: re.sub("<[^>]*>", "", page.read_text()) for page in (site / "api").glob("*.html")}
    assert "convert(name: str" in shown["rainmer_lib.cli.html"]
    assert [name for name, text in shown.items() if " object at 0x" in text] == []


def test_the_search_knows_words_of_a_notebook_and_has_texts_for_excerpts(site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert "negatives" in index
    texts = json.loads((site / "_static" / "page_texts.js").read_text(encoding="utf-8").partition(" = ")[2].rstrip(";\n"))
    assert "negatives" in texts["notebooks/ablation_negatives"] and not [name for name in texts if name.startswith("quick/")]
    loaded = (site / "search.html").read_text(encoding="utf-8")
    assert loaded.index("page_texts.js") < loaded.index("excerpts.js") < loaded.index("searchtools.js")
    assert "page_texts.js" not in (site / "gallery.html").read_text(encoding="utf-8"), "only the search needs it"


def test_the_readme_keeps_its_picture_and_each_profile_its_page(site, pages):
    assert any(goal.startswith("_images/") for goal in pages[site / "readme.html"].loads)
    links = pages[site / "docs" / "results.html"].links
    assert {"../notebooks/ablation_negatives.html", "../quick/ablation_negatives.html"} <= set(links)


def test_verdicts_stand_under_a_claim_and_on_the_page_of_claims(site):
    """Said the same in both places."""
    notebook = (site / "notebooks" / "ablation_negatives.html").read_text(encoding="utf-8")
    words = re.sub(r"<[^>]+>", "", notebook)
    stated = [claim for claim in CLAIMS if claim.record == "ablation_negatives"]
    page = re.sub(r"<[^>]+>", "|", (site / "docs" / "claims.html").read_text(encoding="utf-8"))
    for claim in stated:
        verdict = judge(claim).verdict
        line = rf"{re.escape(claim.says)}[|\s]+{re.escape(claim.where)}[|\s]+{verdict}"
        assert f"{verdict}: {claim.says}. " in words and re.search(line, page)


def test_every_network_that_ships_has_its_page(site, pages):
    for name in shipped():
        assert len([goal for goal in pages[site / "models" / f"{name}.html"].loads if "_images/" in goal]) >= 3


def browse(path, folder):
    """The page as a browser has rendered it without a network, what its scripts complained of, and what it asked hosts for."""
    words = [BROWSER, *LOOKS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}", path.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line and THEME_SPEAKS not in line]
    events = [event.get("params", {}) for event in json.loads((folder / "net.json").read_text())["events"]]
    asked = {event["url"] for event in events if event.get("initiator", BROWSERS_OWN) != BROWSERS_OWN}
    return done.stdout, said + sorted(url for url in asked if urlsplit(url).scheme in ("http", "https"))


@pytest.mark.skipif(BROWSER is None, reason=REASON)
def test_the_browser_would_tell(tmp_path):
    """A script that fails and a picture from elsewhere are both seen."""
    (tmp_path / "page.html").write_text('<script>throw Error("broken")</script><img src="http://example.invalid/a.png">')
    complaints = " ".join(browse(tmp_path / "page.html", tmp_path)[1])
    assert "broken" in complaints and "http://example.invalid/a.png" in complaints


@pytest.mark.skipif(BROWSER is None, reason=REASON)
@pytest.mark.parametrize("name", ["notebooks/walkthroughs/02_measuring_deraining", "gallery", "api/rainmer_lib.losses"])
def test_a_browser_renders_pages_without_complaint(site, pages, name, tmp_path):
    dom, complaints = browse(site / f"{name}.html", tmp_path)
    assert not complaints
    assert dom.count("<mjx-container") == pages[site / f"{name}.html"].maths and "mjx-merror" not in dom


@pytest.mark.skipif(BROWSER is None, reason=REASON)
def test_a_slider_moves(tmp_path):
    """By its input and by a pointer on the picture; the upper picture keeps its proportions."""
    body = slider(np.zeros((60, 120, 3)), np.ones((60, 120, 3)), width=120)._repr_html_()
    script = """<script>onload = () => {
      const input = document.querySelector('input'), [below, above] = document.images, frame = above.parentNode, seen = [];
      const see = () => seen.push([frame, above, below].map(e => Math.round(e.getBoundingClientRect().width)).join('/'));
      see(); input.value = 80; input.dispatchEvent(new Event('input')); see();
      const left = below.getBoundingClientRect().left;
      frame.dispatchEvent(new PointerEvent('pointerdown', {clientX: left + 30, buttons: 1, bubbles: true})); see();
      document.title = seen.concat(input.value).join(' ');
    }</script>"""
    (tmp_path / "page.html").write_text(f"<title></title>{body}{script}")
    dom, complaints = browse(tmp_path / "page.html", tmp_path)
    assert re.search("<title>(.*?)</title>", dom)[1] == "60/120/120 96/120/120 30/120/120 25" and not complaints
