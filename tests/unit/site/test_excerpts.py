"""Excerpts of the search from the file system: the texts, and the script that hands them out."""

import json
import shutil
import subprocess

import pytest

from rainmer_lib import paths
from rainmer_lib.site import excerpts


def test_the_text_of_a_page_is_its_words():
    title = '<h1>Rain &amp; snow<a class="headerlink" href="#a">#</a></h1>'
    body = "<script>x < 1</script><p>falls\n <b>down</b></p><svg><text>z</text></svg>"
    assert excerpts.text_of(title + body) == "Rain & snow falls down"
    assert len(excerpts.text_of("word " * 20_000)) == excerpts.LONGEST


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine: the script is not run")
def test_the_search_gets_the_text_and_nothing_else_is_changed(tmp_path):
    excerpts.write_script({"notebooks/a": "more <rain> & \u2028snow"}, tmp_path)
    ours = (paths.REPOSITORY / "docs" / "_static" / "excerpts.js").read_text(encoding="utf-8")
    script = f"""
      globalThis.window = globalThis; globalThis.document = {{documentElement: {{dataset: {{content_root: "./"}}}}}};
      globalThis.fetch = (url) => Promise.resolve({{text: () => Promise.resolve("fetched " + url)}});
      {(tmp_path / excerpts.SCRIPT).read_text(encoding="utf-8")}
      {ours}
      Promise.all(["./notebooks/a.html", "./notebooks/b.html"].map(url => fetch(url).then(found => found.text())))
        .then(found => console.log(JSON.stringify(found)));"""
    (tmp_path / "try.js").write_text(script, encoding="utf-8")
    done = subprocess.run(["node", tmp_path / "try.js"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ['<div role="main">more &lt;rain> &amp; \u2028snow</div>', "fetched ./notebooks/b.html"]
