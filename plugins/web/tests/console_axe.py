"""What is wrong with a page: axe-core, scripts of others, requests to others, what the browser logs."""

import importlib.util
import json
from pathlib import Path

import pytest


def axe():
    found = importlib.util.find_spec("axe_core_python")
    if found is None:
        pytest.skip("pip install axe-core-python")
    return Path(found.origin).with_name("axe.min.js").read_text()


EXPECTED = (400, 401, 403, 404, 409, 412, 413, 422, 429, 503)
"""Statuses that a browser logs of pages that are looked at for them."""
RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run().then(found => done(found.violations.map(each =>
    each.id + ": " + each.nodes.map(node => node.html.slice(0, 120)).join(" | "))));
"""


def faults_of(browser, address, script):
    """What is wrong with the page that is shown; empty if nothing is."""
    found = []
    if ran := browser.execute_script("return window.ran"):
        found.append(f"a script of others ran: {ran}")
    for entry in browser.get_log("browser"):
        expected = any(f"status of {code}" in entry["message"] for code in EXPECTED)
        found += [] if expected else [entry["message"]]
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            found += [] if url.startswith((address, "data:", "about:", "chrome")) else [f"it asked for {url}"]
    if browser.execute_script("return document.documentElement.scrollWidth > innerWidth"):
        found.append("it is wider than its window")
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": script})
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        found += [f"{scheme}: {each}" for each in browser.execute_async_script(RUN_AXE)]
    return found
