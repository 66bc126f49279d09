"""Sphinx settings of the site.  `make site` builds what `python -m rainmer_lib.site` has assembled, without a network."""

import re
from importlib.metadata import files
from pathlib import Path

import rainmer_lib
from rainmer_lib.site import excerpts
from rainmer_lib.site.reference import as_rst

project = "Rainmer"
release = rainmer_lib.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
viewcode_follow_imported_members = False  # a class attribute that holds a function would send its links to the class
nb_execution_mode = "off"  # notebooks are shown as rainmer_lib.workflow.runner executed them
nb_merge_streams = True
nb_code_prompt_show = "Show {type}"
nb_code_prompt_hide = "Hide {type}"
myst_enable_extensions = ["dollarmath", "amsmath", "attrs_block"]
myst_heading_anchors = 3
add_module_names = False
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
maximum_signature_line_length = 100
pygments_style = "friendly"
html_sidebars = {"_modules/**": []}  # the source of 260 modules: a list of all pages beside each would be a fifth of the site
exclude_patterns = ["files/**"]  # downloads, not pages
# a notebook may go from a title to a third-level heading
suppress_warnings = ["myst.header"]

html_theme = "sphinx_book_theme"
html_title = "Rainmer"
html_baseurl = ""
html_copy_source = False  # they would carry every picture twice
html_show_sphinx = html_show_copyright = False
# one file of the package that ships MathJax; the other 22 MB of it stay away
MATHJAX = next(file for file in files("sphinx-mathjax-offline") if file.name == "tex-svg.js")
html_static_path = ["_static", str(MATHJAX.locate())]
mathjax_path = "tex-svg.js"
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}  # without it the theme logs an error on the first page
html_theme_options = {
    "show_navbar_depth": 1,
    "navigation_depth": 2,  # deeper entries are never shown there, and take a fifth of the time
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "footer_content_items": [],
    "navbar_persistent": [],  # the sidebar has the search already
}


def plain_docstrings(app, what, name, obj, options, lines):
    """Docstrings are plain text: give autodoc what it reads."""
    lines[:] = as_rst(lines)


ANNOTATED = re.compile(r"~?(?:\w+\.)?Annotated\[(.+?)(?:, <[^<>]*>)+\]")


def readable_defaults(app, what, name, obj, options, signature, returned):
    """`<factory>`, a dataclass's default, is no Python: Sphinx would show the whole signature as one piece of text.

    Of an annotated type the type is shown alone: what the command line adds to it has no readable form.
    """
    found = ANNOTATED.sub(r"\1", (signature or "").replace("<factory>", "..."))
    return found or signature, returned


texts = {}  # of the pages, for the search


def keep_text(app, pagename, templatename, context, doctree):
    """Keep the text of a page; the search page, which shows excerpts of them, loads both scripts."""
    found = pagename in app.env.found_docs and "nosearch" not in app.env.metadata.get(pagename, {})
    if found and context.get("body"):
        texts[pagename] = excerpts.text_of(context["body"])
    if pagename == "search":
        app.add_js_file(excerpts.SCRIPT)
        app.add_js_file("excerpts.js")


def write_texts(app, exception):
    """Write the texts beside the other scripts, and remove the theme's source maps, megabytes that no reader needs."""
    if exception is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        excerpts.write_script(texts, static)
        for source_map in static.rglob("*.map"):
            source_map.unlink()


def lighten_sources(app, exception):
    """Remove the marks of names, punctuation and blanks, whose colour is that of all text: a third of the pages of source."""
    if exception is None and app.builder.format == "html":
        for page in (Path(app.outdir) / "_modules").rglob("*.html"):
            page.write_text(re.sub(r'<span class="[npw]">([^<]*)</span>', r"\1", page.read_text("utf-8")), "utf-8")


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", plain_docstrings)
    app.connect("autodoc-process-signature", readable_defaults)
    app.connect("html-page-context", keep_text)
    app.connect("build-finished", write_texts)
    app.connect("build-finished", lighten_sources)
