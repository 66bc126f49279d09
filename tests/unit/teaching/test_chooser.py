"""The button that takes a photo, with ipywidgets and without."""

import sys
from datetime import datetime
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from rainmer_lib.teaching.chooser import TEXT, Chooser


def test_without_ipywidgets_a_sentence_stands_in_its_place(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    chooser = Chooser()
    assert chooser.chosen is None and chooser._repr_mimebundle_() == {"text/markdown": TEXT, "text/plain": TEXT}
    assert "ipywidgets" in TEXT and "`photo`" in TEXT


def test_what_was_uploaded_is_its_name_and_content(monkeypatch):
    """As ipywidgets 8 holds it."""
    made = {}

    class Upload(SimpleNamespace):
        value = ()

        def _repr_mimebundle_(self, **_):
            return {"text/plain": "FileUpload(...)", "application/vnd.jupyter.widget-view+json": {}}

    monkeypatch.setitem(sys.modules, "ipywidgets", SimpleNamespace(FileUpload=lambda **given: made.update(given) or Upload()))
    chooser = Chooser()
    assert chooser.chosen is None and made["accept"] == "image/*" and not made["multiple"]
    chooser.button.value = ({"name": "street.png", "content": memoryview(b"abc")},)
    assert chooser.chosen == ("street.png", b"abc")
    shown = chooser._repr_mimebundle_()
    assert shown["text/plain"] == TEXT and "application/vnd.jupyter.widget-view+json" in shown


@pytest.mark.skipif(find_spec("ipywidgets") is None, reason="ipywidgets is not installed: pip install -e '.[lab]'")
def test_the_real_button_holds_files_so():
    chooser = Chooser()
    content = {"name": "a.png", "type": "image/png", "size": 3, "content": memoryview(b"abc"), "last_modified": datetime.now()}
    assert chooser.chosen is None
    chooser.button.set_trait("value", (content,))
    assert chooser.chosen == ("a.png", b"abc") and chooser._repr_mimebundle_()["text/plain"] == TEXT
