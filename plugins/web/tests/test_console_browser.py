"""Each page in a real Chromium: no script of others runs, no other host is asked, axe-core finds nothing."""

import pytest

from pulp_events import EventBus
from pulp_events_web.principal import Role

from .console_axe import axe, faults_of
from .console_browser import Person, served, start, token
from .console_site import HOSTILE, act_as, fill, plugin

from selenium.webdriver.common.by import By  # isort: skip
from selenium.webdriver.common.keys import Keys  # isort: skip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """An administrator's, who need not log in: address, bus, its listeners, an event."""
    settings = {"events": {"data_dir": str(tmp_path_factory.mktemp("data")), "keep": "all"}}
    with EventBus.open(settings=settings, deliver="inline") as bus:
        bus.plugins.add("chat", plugin())
        made, event = fill(bus)
        with served(bus, act_as) as address:
            yield address, bus, made, event


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A bus on which nothing happened yet; one has to log in."""
    settings = {"events": {"data_dir": str(tmp_path_factory.mktemp("data"))}}
    with EventBus.open(settings=settings, deliver="inline") as bus, served(bus) as address:
        yield address, bus


def pages(bus, made, event):
    """Path of each page, by name."""
    states = {each.state: each.id for each in bus.deliveries.list()}
    return {
        "overview": "/console/",
        "listeners": "/console/listeners",
        "listeners-none": "/console/listeners?q=nothing-such",
        "listener": f"/console/listeners/{made['bad'].id}",
        "listener-types": "/console/listeners/new",
        "listener-new": "/console/listeners/new/chat",
        "listener-edit": f"/console/listeners/{made['good'].id}/edit",
        "listener-delete": f"/console/listeners/{made['good'].id}/delete",
        "deliveries": "/console/deliveries",
        "deliveries-dead": "/console/deliveries?state=dead&since=2020-01-01T00:00:00Z",
        "deliveries-none": "/console/deliveries?event_type=repo.publish.start",
        "deliveries-refused": "/console/deliveries?since=yesterday",
        **{f"delivery-{state}": f"/console/deliveries/{each}" for state, each in states.items()},
        "events": "/console/events",
        "event": f"/console/events/{event.id}",
        "event-types": "/console/event-types",
        "event-type": "/console/event-types/repo.sync.start",
        "plugins": "/console/plugins",
        "history": "/console/history",
        "nothing": "/console/nothing",
    }


def refused_form(person, made):
    """A form with what is wrong beside its fields."""
    person.open("/console/listeners/new/chat")
    person.type("Event types", "no.such.type")
    person.type("Retries", "12")
    person.type("Extra", "{")
    person.type("Description", HOSTILE)
    person.press("Create")
    person.see("It was not stored")


def conflict(person, made):
    """A form for a listener that somebody else changed since."""
    path = f"/console/listeners/{made['good'].id}/edit"
    person.open(path)
    person.browser.execute_script("document.querySelector('[name=version]').value = '1.000000'")
    person.type("Description", HOSTILE * 2)
    person.press("Store")
    person.see("Somebody changed this listener")


def preview(person, made):
    """A message that would leave."""
    person.open(f"/console/listeners/{made['good'].id}/edit")
    person.type("Motto", HOSTILE)
    person.press("Preview its message")
    person.see("nothing was sent or stored")


def trial(person, made):
    """What a hostile receiver said to a test."""
    person.open(f"/console/listeners/{made['bad'].id}")
    person.press("Send a test")
    person.see("Result of the test")


def not_muted(person, made):
    """A time that is none."""
    person.open(f"/console/listeners/{made['bad'].id}")
    person.unfold("Mute it for a time")
    person.type("How long", "soon")
    person.press("Mute")
    person.see("Not a duration")


def test_each_page_is_clean_accessible_and_asks_nobody_else(filled, quiet):
    (address, bus, made, event), browser = filled, quiet
    person, script, faults = Person(browser, address), axe(), {}
    for name, path in pages(bus, made, event).items():
        person.open(path)
        faults[name] = faults_of(browser, address, script)
    for show in (refused_form, conflict, preview, trial, not_muted):
        show(person, made)
        faults[show.__name__] = faults_of(browser, address, script)
    assert not {name: found for name, found in faults.items() if found}


def test_login_errors_and_pages_of_an_empty_bus_are_so_too(empty, quiet):
    (address, bus), browser = empty, quiet
    person, script, faults = Person(browser, address), axe(), {}
    browser.delete_all_cookies()
    person.open("/console/")
    assert "/login?next=/console/" in browser.current_url
    faults["login"] = faults_of(browser, address, script)
    person.type("Token", "pulpev_wrong")
    person.press("Log in")
    faults["login-refused"] = faults_of(browser, address, script)
    person.log_in(token(bus, "carol", Role.VIEWER))
    for path in ("", "listeners", "deliveries", "events", "event-types", "plugins", "history", "listeners/new", "x"):
        person.open(f"/console/{path}")
        faults[path] = faults_of(browser, address, script)
    person.press("Log out")
    assert "/login" in browser.current_url
    assert not {name: found for name, found in faults.items() if found}


@pytest.mark.parametrize("width", [360, 3840])
def test_no_page_is_wider_than_its_window(filled, empty, browser, width):
    address, bus, made, event = filled
    person = Person(browser, address)
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    found = {}

    def look(name):
        found[name] = browser.execute_script("return document.documentElement.scrollWidth")

    try:
        for name, path in pages(bus, made, event).items():
            person.open(path)
            look(name)
        for show in (refused_form, conflict, trial):
            show(person, made)
            look(show.__name__)
        browser.get(f"{empty[0]}/login")
        look("login")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert not {name: wide for name, wide in found.items() if wide > width}


@pytest.mark.parametrize("width", [1280, 360])
def test_a_long_description_pushes_no_value_of_a_listener_out_of_sight(filled, browser, width):
    address, bus, *_ = filled
    made = bus.listeners.create("chat", {"server": "a"}, ["repo.#"], name="wordy" * 12, description="x" * 300)
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.get(f"{address}/console/listeners")
        cells = browser.find_elements(By.CSS_SELECTOR, "tbody tr:last-child > *")
        assert len(cells) == 8
        # Also where a row stands as a card, it is a row of a table to screen readers.
        assert [each.aria_role for each in cells if each.tag_name == "th"] == ["rowheader"]
        assert {each.aria_role for each in cells if each.text} == {"cell", "rowheader"}
        assert not [each.text for each in cells if each.rect["x"] + each.rect["width"] > width]
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        bus.listeners.delete(made.id)


def test_the_keyboard_alone_creates_a_listener_and_mutes_it(filled, browser):
    address, bus, *_ = filled
    person = Person(browser, address)
    person.open("/console/")
    active = lambda: browser.switch_to.active_element  # noqa: E731

    def tab_to(what):
        for _ in range(80):
            if what(active()):
                # Whoever tabs must see where they are.
                assert active().value_of_css_property("outline-style") != "none"
                return active()
            active().send_keys(Keys.TAB)
        raise AssertionError(f"it cannot be reached: {person.text}")

    def enter(text):
        before = browser.current_url
        tab_to(lambda each: each.text == text).send_keys(Keys.ENTER)
        person.until(lambda: browser.current_url != before)

    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert active().text == "Skip to the content"
    enter("Listeners")
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    active().send_keys(Keys.ENTER)  # skips the menu
    enter("New listener")
    enter("chat")
    tab_to(lambda each: each.get_attribute("name") == "event_types").send_keys("repo.publish.start")
    tab_to(lambda each: each.get_attribute("name") == "name").send_keys("by-keys")
    tab_to(lambda each: each.get_attribute("name") == "config.server").send_keys("chat.example", Keys.ENTER)
    person.see("by-keys is created")
    tab_to(lambda each: each.tag_name == "summary").send_keys(Keys.ENTER)
    tab_to(lambda each: each.get_attribute("name") == "for").send_keys(Keys.CONTROL, "a")
    active().send_keys("2h", Keys.ENTER)
    person.see("It is muted until")
    assert bus.listeners.get("by-keys").muted_until is not None
    bus.listeners.delete("by-keys")


def test_times_are_in_the_readers_zone_and_those_in_the_url_in_utc(filled, browser):
    address, bus, _, event = filled
    person = Person(browser, address)
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    try:
        person.open("/console/events?since=2026-01-31T23:30:00Z")
        there = browser.find_element(By.CSS_SELECTOR, "td time")
        assert "UTC" not in there.text and "UTC" in there.get_attribute("title")
        assert person.field("Since").get_attribute("value").startswith("2026-02-01T08:30")
        person.press("Show")
        assert "since=2026-01-31T23%3A30%3A00Z" in browser.current_url
        person.open(f"/console/events?id_prefix={event.id}")
        person.press("Show")
        assert "since" not in browser.current_url and len(person.rows()) == 1
    finally:
        browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_all_can_be_read_with_javascript_off(filled):
    address, bus, made, event = filled
    plain = start(javascript=False)
    try:
        person = Person(plain, address)
        paths = pages(bus, made, event)
        for name in ("overview", "listener", "delivery-dead", "events", "event", "plugins", "history"):
            person.open(paths[name])
            assert plain.find_element(By.TAG_NAME, "h1").text, name
            assert all(each.text.endswith("UTC") for each in plain.find_elements(By.CSS_SELECTOR, "td time")), name
            assert not plain.find_element(By.ID, "live").is_displayed(), name
        person.open("/console/deliveries")
        person.type("State", "dead")
        person.type("Since (UTC)", "2026-01-31T12:00")
        person.press("Show")
        assert "since=2026-01-31T12%3A00" in plain.current_url and len(person.rows()) == 1
        person.open("/console/")
        assert "<rect" in plain.page_source  # the chart, too
    finally:
        plain.quit()
