"""The console in a real Chromium: no script of others runs, no other host is asked, axe-core finds nothing."""

import contextlib
import importlib.util
import threading
from pathlib import Path

import pytest
from waitress.server import create_server

from pulp_events import EventBus
from pulp_events_web import create_app

from .console_site import act_as, fill, plugin

pytest.importorskip("selenium", reason="pip install selenium axe-core-python; apt install chromium-driver")

from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    settings = {"events": {"data_dir": str(tmp_path_factory.mktemp("data")), "keep": "all"}}
    with EventBus.open(settings=settings, deliver="inline") as bus:
        bus.plugins.add("chat", plugin())
        app = create_app(bus)
        act_as(app)
        made, event = fill(bus)
        server = create_server(app, listen="127.0.0.1:0", threads=4)

        def run():
            with contextlib.suppress(OSError):  # at the end, its sockets are closed under it
                server.run()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.effective_port}", bus, made, event
        server.close()


def start(*arguments, javascript=True):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for each in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,900", *arguments):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    return webdriver.Chrome(options=options, service=service)


@pytest.fixture(scope="module")
def browser():
    if not Path("/usr/bin/chromedriver").exists() or not Path("/usr/bin/chromium").exists():
        pytest.skip("apt install chromium chromium-driver")
    found = start()
    yield found
    found.quit()


def pages(bus, made, event):
    states = {each.state: each.id for each in bus.deliveries.list()}
    return {
        "overview": "/console/",
        "listeners": "/console/listeners",
        "listener": f"/console/listeners/{made['bad'].id}",
        "listener-types": "/console/listeners/new",
        "listener-new": "/console/listeners/new/chat",
        "listener-edit": f"/console/listeners/{made['good'].id}/edit",
        "listener-delete": f"/console/listeners/{made['good'].id}/delete",
        "deliveries": "/console/deliveries",
        **{f"delivery-{state}": f"/console/deliveries/{each}" for state, each in states.items()},
        "events": "/console/events",
        "event": f"/console/events/{event.id}",
        "event-types": "/console/event-types",
        "event-type": "/console/event-types/repo.sync.start",
        "plugins": "/console/plugins",
        "history": "/console/history",
        "nothing": "/console/nothing",
    }


def axe():
    found = importlib.util.find_spec("axe_core_python")
    if found is None:
        pytest.skip("pip install axe-core-python")
    return Path(found.origin).with_name("axe.min.js").read_text()


RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run().then(found => done(found.violations.map(each =>
    each.id + ": " + each.nodes.map(node => node.html.slice(0, 120)).join(" | "))));
"""


def requested(browser):
    import json

    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            yield message["params"]["request"]["url"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_is_clean_accessible_and_asks_nobody_else(site, browser, scheme):
    address, bus, made, event = site
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    script = axe()
    faults = {}
    for name, path in pages(bus, made, event).items():
        browser.get(address + path)
        ran = browser.execute_script("return window.ran")
        errors = [
            each["message"]
            for each in browser.get_log("browser")
            if f"{path} - " not in each["message"] or "404" not in each["message"]
        ]
        elsewhere = [url for url in requested(browser) if not url.startswith((address, "data:", "about:", "chrome"))]
        browser.execute_cdp_cmd("Runtime.evaluate", {"expression": script})
        found = browser.execute_async_script(RUN_AXE)
        if ran or errors or elsewhere or found:
            faults[name] = (ran, errors, elsewhere, found)
    assert not faults


@pytest.mark.parametrize("width", [360, 1280, 3840])
def test_no_page_is_wider_than_its_window(site, browser, width):
    address, bus, made, event = site
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for name, path in pages(bus, made, event).items():
            browser.get(address + path)
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width, name
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_keyboard_alone_reaches_the_content_and_mutes_a_listener(site, browser):
    address, bus, made, _ = site
    browser.get(f"{address}/console/listeners/{made['gone'].id}")
    active = lambda: browser.switch_to.active_element  # noqa: E731
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert active().text == "Skip to the content"
    active().send_keys(Keys.ENTER)
    for _ in range(20):
        active().send_keys(Keys.TAB)
        if active().tag_name == "summary":
            break
    active().send_keys(Keys.ENTER)
    active().send_keys(Keys.TAB)
    assert active().get_attribute("name") == "for"
    active().send_keys(Keys.CONTROL, "a")
    active().send_keys("2h", Keys.ENTER)
    WebDriverWait(browser, 20).until(lambda _: bus.listeners.get(made["gone"].id).muted_until is not None)


def test_times_are_in_the_readers_zone_and_in_utc_without_javascript(site, browser):
    address, *_ = site
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    browser.get(address + "/console/events")
    there = browser.find_element(By.CSS_SELECTOR, "td time")
    assert "UTC" not in there.text and "UTC" in there.get_attribute("title")
    plain = start(javascript=False)
    try:
        plain.get(address + "/console/events")
        assert plain.find_element(By.CSS_SELECTOR, "td time").text.endswith("UTC")
    finally:
        plain.quit()
