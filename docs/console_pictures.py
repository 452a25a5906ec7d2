"""Pictures of the web console's pages, light, dark and narrow, taken by a headless Chromium.

    python docs/console_pictures.py [FOLDER]     writes docs/pictures/console-*.png

Needs selenium, Pillow, chromium and its driver.
"""

from __future__ import annotations

import io
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver
from waitress.server import create_server

from pulp_events import EventBus
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events_web import create_app

FOLDER = Path(__file__).parent / "pictures"
REFUSES = Answer(503, body=b"upstream is not ready")
SCREENS = {"": (1280, 900, "light"), "-dark": (1280, 900, "dark"), "-narrow": (360, 780, "light")}


def fill(bus: EventBus, sink: HttpSink, failing: HttpSink) -> dict[str, str]:
    """Listeners and deliveries as an installation has them; returns name of a page → path."""
    make = bus.listeners.by("alice").create
    ci = make(
        "http", {"url": f"{sink.url}/hooks/ci", "token": "not-shown"}, ["repo.sync.finish", "repo.publish.*"],
        name="ci-production", description="Starts the smoke tests after each publish",
        labels={"team": "release", "env": "production"},
    )  # fmt: skip
    mirror = make(
        "http", {"url": f"{failing.url}/mirror"}, ["repo.publish.finish"], name="mirror-eu", labels={"team": "mirrors"}
    )
    mail = make(
        "email", {"subject": "pulp notification", "addresses": ["ops@pulp.example"]}, ["repo.*.finish"],
        name="ops-mail", filter="payload.result == 'failure'", labels={"team": "ops"},
    )  # fmt: skip
    bus.listeners.by("bob").mute(mail.id, 7200, reason="maintenance of the mail server")
    bus.listeners.by("bob").update(ci.id, timeout=20.0, retry_schedule=[5, 60, 600])
    event = None
    for number in range(24):
        repository = ("rhel-9-baseos", "epel-9", "ansible-core", "rhel-9-appstream")[number % 4]
        for event_type in ("repo.sync.start", "repo.sync.finish", "repo.publish.finish"):
            event = bus.emit(event_type, {"repo_id": repository, "result": "failure" if number % 7 == 3 else "success"})
    bus.deliver_due()
    assert event is not None
    pending = next(each for each in bus.deliveries.list(limit=500) if each.listener_id == mirror.id and each.attempts)
    return {
        "overview": "/console/",
        "listeners": "/console/listeners",
        "listener": f"/console/listeners/{ci.id}",
        "listener-types": "/console/listeners/new",
        "listener-new": "/console/listeners/new/http",
        "listener-edit": f"/console/listeners/{ci.id}/edit",
        "listener-delete": f"/console/listeners/{mirror.id}/delete",
        "deliveries": "/console/deliveries",
        "delivery": f"/console/deliveries/{pending.id}",
        "events": "/console/events",
        "event": f"/console/events/{event.id}",
        "event-types": "/console/event-types",
        "event-type": "/console/event-types/repo.sync.finish",
        "plugins": "/console/plugins",
        "history": "/console/history",
        "error": "/console/nothing",
    }


def open_browser() -> webdriver.Chrome:
    """Debian's Chromium, headless."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for each in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(each)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))


def save(png: bytes, path: Path) -> None:
    """With 128 colours, of which rare ones and large areas have theirs: a page of text loses nothing that one sees, and
    a file is a quarter as large."""
    page = Image.open(io.BytesIO(png)).convert("RGB")
    page.quantize(128, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE).save(path, optimize=True)


def type_wrongly(browser: webdriver.Chrome) -> None:
    """Send the form that is shown with two fields that are refused."""
    for name, text in (("event_types", "repo.synk.*"), ("config.url", "ci.pulp.example/hook"), ("name", "ci")):
        field = browser.find_element("name", name)
        field.clear()
        field.send_keys(text)
    browser.find_element("css selector", ".actions button").click()


def main(folder: Path) -> None:
    """Take them all."""
    from flask import g

    from pulp_events_web.principal import Principal, Role

    folder.mkdir(parents=True, exist_ok=True)

    def served(bus: EventBus, *, logged_in: bool = True) -> Any:
        app = create_app(bus)
        if logged_in:  # whoever asks is this administrator
            alice = Principal("alice", Role.ADMIN, trusted=True, session=True)
            app.before_request_funcs[None] = [lambda: setattr(g, "principal", alice)]
        server = create_server(app, listen="127.0.0.1:0", threads=8, channel_request_lookahead=1)
        threading.Thread(target=server.run, daemon=True).start()
        return f"http://127.0.0.1:{server.effective_port}"

    def settings() -> dict[str, Any]:
        return {"events": {"data_dir": tempfile.mkdtemp(), "keep": "all"}}

    with (
        HttpSink() as sink,
        HttpSink(REFUSES) as failing,
        EventBus.open(settings=settings(), deliver="inline") as bus,
        EventBus.open(settings=settings(), deliver="external") as nothing,
    ):
        pages = fill(bus, sink, failing)
        here, at_login, empty = served(bus), served(bus, logged_in=False), served(nothing)
        addresses = {name: here + path for name, path in pages.items()}
        addresses |= {"login": f"{at_login}/login", "overview-empty": f"{empty}/console/"}
        browser = open_browser()
        try:
            for suffix, (width, height, scheme) in SCREENS.items():
                features = [{"name": "prefers-color-scheme", "value": scheme}]
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
                size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                for name, address in addresses.items():
                    browser.get(address)
                    save(browser.get_screenshot_as_png(), folder / f"console-{name}{suffix}.png")
                browser.get(addresses["listener-new"])
                type_wrongly(browser)
                save(browser.get_screenshot_as_png(), folder / f"console-listener-errors{suffix}.png")
        finally:
            browser.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
