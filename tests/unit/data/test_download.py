"""Fetching: the registered bytes are placed, others leave nothing behind, and without a hash nothing is downloaded."""

import hashlib
import io
import socketserver
import threading
import zipfile
from http.server import BaseHTTPRequestHandler

import pytest

from rainmer_lib.data import registry
from rainmer_lib.data.download import fetch, place


@pytest.fixture
def served():
    """A zip archive on a server of this machine; its address and its hash."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("rain/a.png", b"rainy")
        archive.writestr("norain/a.png", b"clean")
    content = file.getvalue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/toy.zip"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(content) if found else 0))
            self.end_headers()
            self.wfile.write(content if found else b"")

        def log_message(self, *_):
            """Nothing on the test's screen."""

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/toy.zip", hashlib.sha256(content).hexdigest()
        server.shutdown()


def test_the_registered_bytes_are_placed(served, tmp_path):
    url, sha256 = served
    target = place(registry.Download(url, sha256, "sets/Toy"), tmp_path)
    assert target == tmp_path / "sets/Toy"
    files = {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert files == {"sets/Toy/rain/a.png": b"rainy", "sets/Toy/norain/a.png": b"clean"}
    with pytest.raises(ValueError, match="already exists"):
        place(registry.Download(url, sha256, "sets/Toy"), tmp_path)


def test_other_bytes_leave_nothing_behind(served, tmp_path):
    url, _ = served
    with pytest.raises(ValueError, match="toy.zip: .*hash.*nothing was kept"):
        place(registry.Download(url, "0" * 64, "Toy"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_does_not_answer_leaves_nothing_behind(served, tmp_path):
    url, sha256 = served
    with pytest.raises(OSError):
        place(registry.Download(url.replace("toy", "gone"), sha256, "Toy"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_fetch_reads_the_registry(served, tmp_path, monkeypatch):
    url, sha256 = served
    sets = registry.load(f"""
[toy]
title = "Toy"
kind = "paired"
what = "one pair"
licence = "none"
citation = "nobody"
get = "draw it"
[toy.splits.test]
folder = "Toy"
layouts = [{{ kind = "two-folders", rainy = "rain", clean = "norain" }}]
[toy.download]
url = "{url}"
sha256 = "{sha256}"
folder = "Toy"
""")
    monkeypatch.setattr(registry, "BENCHMARKS", sets)
    assert fetch("toy", tmp_path) == tmp_path / "Toy" and sets["toy"].split().present(tmp_path)


def test_without_a_known_hash_a_person_is_told_what_to_do(tmp_path):
    for name, benchmark in registry.BENCHMARKS.items():
        if benchmark.download is None:
            with pytest.raises(ValueError, match="is not downloaded") as error:
                fetch(name, tmp_path)
            assert benchmark.get in str(error.value) and str(tmp_path) in str(error.value)
