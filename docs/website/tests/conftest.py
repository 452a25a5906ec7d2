"""The built site, a server for it on loopback, and a browser."""

import functools
import http.server
import json
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

WEBSITE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(WEBSITE))

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
OLD = "0.0"


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site, as PULP_EVENTS_SITE has it or built now, with an older version beside this one."""
    folder = tmp_path_factory.mktemp("site") / "site"
    if built := os.environ.get("PULP_EVENTS_SITE"):
        shutil.copytree(built, folder)
    else:
        from build import build

        assert build(folder) == 0
    versions = json.loads((folder / "versions.json").read_text("utf-8"))
    shutil.copytree(folder / versions["newest"], folder / OLD, ignore=shutil.ignore_patterns("api", "_images"))
    for page in (folder / OLD).glob("*.html"):  # what an older build has in its pages: itself, and nothing newer
        text = page.read_text("utf-8").replace(f'data-this="{versions["newest"]}"', f'data-this="{OLD}"')
        page.write_text(text, "utf-8")
    versions["versions"].append({"folder": OLD, "name": OLD})
    (folder / "versions.json").write_text(json.dumps(versions), "utf-8")
    return folder


@pytest.fixture
def old():
    """The older version."""
    return OLD


@pytest.fixture(scope="session")
def address(site):
    """Of a server of the site."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a screen."""
    if not (CHROMIUM.exists() and DRIVER.exists()):
        reason = "no browser: .ci/install-system-packages installs it"
        pytest.fail(reason) if os.environ.get("PULP_EVENTS_NO_SKIP") else pytest.skip(reason)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for each in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield opened
    opened.quit()


@pytest.fixture
def screen(browser):
    """`screen(360, "dark")`: the browser with a screen so wide, for somebody who prefers that."""

    def made(width=1280, scheme="light"):
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        preferred = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": preferred})
        return browser

    return made
