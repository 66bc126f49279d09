"""`rainmer demo` in a browser without a network: a photo is dropped, seen derained, and downloaded."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from urllib.parse import urlsplit

import numpy as np
import pytest
from browser import BROWSER, FLAGS
from browser import REASON as NO_BROWSER
from PIL import Image

from rainmer_lib import paths
from rainmer_lib.inference.derain import at_strength, derain
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.pretrained.models import DEFAULT, load_model
from rainmer_lib.teaching.your_photo import open_photo

DRIVER = shutil.which("chromedriver")
HERE = "127.0.0.1"
COMMAND = "from rainmer_lib.cli import main; main(['demo', '--no-browser'])"
MISSING = [
    *(f"{name} is not installed: pip install -e '.[demo]' selenium" for name in ("gradio", "selenium") if not find_spec(name)),
    *([NO_BROWSER] if BROWSER is None else []),
    *(["no chromedriver on this machine"] if DRIVER is None else []),
]
DROP = """
const [target, name, bytes] = arguments, dropped = new DataTransfer();
dropped.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], name, {type: 'image/png'}));
for (const kind of ['dragenter', 'dragover', 'drop'])
  target.dispatchEvent(new DragEvent(kind, {dataTransfer: dropped, bubbles: true, cancelable: true}));
"""
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason="; ".join(MISSING))]


@pytest.fixture
def address(tmp_path):
    """The page's address; Ctrl-C must end the program and leave none of its copies."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "TMPDIR": str(tmp_path), "PYTHONPATH": str(paths.REPOSITORY)}
    server = subprocess.Popen([sys.executable, "-c", COMMAND], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        said = server.stdout.readline()
        yield re.search(r"http://\S+", said)[0]
        assert list(tmp_path.glob("rainmer-demo-*/*")), "the photo went through the folder that is removed"
        server.send_signal(signal.SIGINT)
        assert server.wait(60) in (0, 130) and not list(tmp_path.glob("rainmer-demo-*"))
    finally:
        server.kill()


@pytest.fixture
def browser(tmp_path):
    webdriver, options = import_module("selenium.webdriver"), import_module("selenium.webdriver").ChromeOptions()
    (tmp_path / "kept").mkdir()
    elsewhere = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HERE}"
    files = [f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={tmp_path / 'net.json'}"]
    for flag in [*FLAGS, *files, elsewhere, "--window-size=1280,1400"]:
        options.add_argument(flag)
    options.binary_location = BROWSER
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path / "kept")})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def until(browser, there, seconds=240):
    return import_module("selenium.webdriver.support.ui").WebDriverWait(browser, seconds).until(lambda _: there())


def test_drop_a_photo_see_it_derained_download_it(address, browser, tmp_path):
    assert urlsplit(address).hostname == HERE
    photo = tmp_path / "street.png"
    Image.fromarray(open_photo("").image.rgb[:160, :240]).save(photo)
    rgb = np.asarray(Image.open(photo))
    whole = derain(load_model(DEFAULT), rgb)
    css = "css selector"
    browser.get(address)
    place = until(browser, lambda: browser.find_elements(css, "#photo button"))[0]
    browser.execute_script(DROP, place, photo.name, base64.b64encode(photo.read_bytes()).decode())
    until(browser, lambda: len(browser.find_elements(css, "#both img")) >= 2)
    until(browser, lambda: "went through derain-small whole, at strength 1." in browser.find_element(css, "#words").text)
    assert "Removed: the colours end at" in browser.find_element(css, "#words").text
    pictures = browser.find_elements(css, "#both img")
    assert {browser.execute_script("return arguments[0].naturalWidth", each) for each in pictures} == {240}
    kept = tmp_path / "kept" / "street-derained.png"
    browser.find_element(css, "#keep").click()
    until(browser, kept.exists)
    assert np.array_equal(np.asarray(Image.open(kept)), quantise(whole, "round"))
    kept.unlink()
    change_strength(browser, "0.5")
    until(browser, lambda: "at strength 0.5." in browser.find_element(css, "#words").text)
    half = quantise(at_strength(rgb, whole, 0.5), "round")

    def is_half():  # the button may follow the words
        kept.unlink(missing_ok=True)
        browser.find_element(css, "#keep").click()
        until(browser, kept.exists)
        return np.array_equal(np.asarray(Image.open(kept)), half)

    until(browser, is_half)
    browser.quit()
    events = [event.get("params", {}) for event in json.loads((tmp_path / "net.json").read_text())["events"]]
    asked = {urlsplit(event["url"]) for event in events if event.get("initiator", "").startswith(f"http://{HERE}")}
    assert asked and {url.hostname for url in asked} == {HERE}, "pages ask this machine alone"


def change_strength(browser, value):
    """Type a strength and let the slider go, as its number field does."""
    keys = import_module("selenium.webdriver.common.keys").Keys
    field = browser.find_element("css selector", "#strength input[type=number]")
    field.click()
    field.send_keys(keys.CONTROL, "a")
    field.send_keys(value, keys.TAB)
