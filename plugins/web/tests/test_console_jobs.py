"""What an administrator does in the console, ten jobs, each as they would do it: in a real Chromium, with a login."""

import contextlib
from types import ModuleType

import pytest

from pulp_events import EventBus, hookimpl
from pulp_events.errors import PluginError
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.testing.http_sink import Answer, HttpSink

from .console_browser import Person, served, start, token
from .console_site import HOSTILE, plugin

REFUSAL = Answer(400, body=b"no such project")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def broken():
    module = ModuleType("broken_plugin")

    def fail():
        raise RuntimeError("no database driver is installed")

    module.pulp_notifiers = hookimpl(fail, specname="pulp_notifiers")
    return module


@pytest.fixture(scope="module")
def sink():
    with HttpSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def refusing():
    with HttpSink(REFUSAL) as sink:
        yield sink


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    settings = {"events": {"data_dir": str(data), "keep": "all"}, "delivery": {"retry_schedule": "1h"}}
    with EventBus.open(settings=settings, deliver="inline") as bus:
        bus.plugins.add("chat", plugin())
        with contextlib.suppress(PluginError):  # it stays in the list of plugins, with the reason
            bus.plugins.add("broken", broken())
        yield bus


@pytest.fixture(scope="module")
def alice(bus):
    browser = start()
    try:
        with served(bus) as address:
            person = Person(browser, address)
            person.log_in(token(bus))
            yield person
    finally:
        browser.quit()


@pytest.fixture
def listener(bus, sink):
    """One that works."""
    made = bus.listeners.create("http", {"url": f"{sink.url}/hook"}, ["repo.sync.*"], name="works")
    yield made
    bus.listeners.delete(made.id)


@pytest.fixture
def failing(bus, refusing):
    """One whose receiver refuses."""
    made = bus.listeners.create("http", {"url": f"{refusing.url}/hook"}, ["repo.sync.*"], name="refused")
    yield made
    bus.listeners.delete(made.id)


def test_creates_an_http_listener_after_an_error(bus, alice, sink):
    alice.go("Listeners")
    alice.follow("Create the first one")
    alice.follow("http")
    alice.type("Event types", "repo.synk.*")
    alice.type("Name", "ci")
    alice.type("URL", "ci.example")
    alice.press("Create")
    alice.see("It was not stored")
    assert "repo.sync.start" in alice.said_beside("Event types") and alice.said_beside("URL")  # both at once
    assert alice.field("Name").get_attribute("value") == "ci" and not bus.listeners.list()
    alice.type("Event types", "repo.sync.*")
    alice.type("URL", f"{sink.url}/ci")
    alice.press("Create")
    alice.see("ci is created", "Nothing was emitted for it yet")
    assert bus.listeners.get("ci").notifier_config["url"] == f"{sink.url}/ci"
    bus.listeners.delete("ci")


def test_edits_a_listener(bus, alice, listener):
    alice.go("Listeners")
    alice.follow("works")
    alice.press("Edit")
    alice.type("Description", "Tells the build server")
    alice.type("Timeout", "soon")
    alice.press("Store")
    assert "not a duration" in alice.said_beside("Timeout")
    alice.type("Timeout", "20s")
    alice.press("Store")
    alice.see("works is changed", "Tells the build server")
    found = bus.listeners.get(listener.id)
    assert (found.description, found.timeout) == ("Tells the build server", 20.0)
    assert bus.listeners.history(found.id)[0].by == "alice"


def test_tests_a_listener(alice, listener, failing, sink):
    alice.open(f"/console/listeners/{listener.id}")
    alice.press("Send a test")
    alice.see("Result of the test", "200 OK")
    assert sink.requests[-1].path == "/hook"
    alice.open(f"/console/listeners/{failing.id}")
    alice.press("Send a test")
    alice.see("Result of the test", "400", "no such project")


def test_mutes_and_unmutes_a_listener(bus, alice, listener):
    alice.open(f"/console/listeners/{listener.id}")
    alice.unfold("Mute it for a time")
    alice.type("How long", "a while")
    alice.press("Mute")
    assert "Not a duration" in alice.said_beside("How long")
    alice.type("How long", "2h")
    alice.type("Why", "the build server moves")
    alice.press("Mute")
    alice.see("It is muted until", "by alice", "the build server moves")
    assert bus.listeners.get(listener.id).mute_reason == "the build server moves"
    alice.press("Unmute")
    alice.see("is not muted any more")
    assert bus.listeners.get(listener.id).muted_until is None


def test_finds_a_failed_delivery_sees_its_attempts_and_retries_it(bus, alice, failing, refusing):
    bus.emit("repo.sync.start", {"repo_id": "a"})
    bus.emit("repo.sync.finish", {"repo_id": "a"})
    [wanted] = bus.deliveries.list(DeliveryQuery(listener_id=failing.id, event_type="repo.sync.finish"))
    alice.go("Deliveries")
    alice.type("State", "pending")
    alice.type("Listener", "refused")
    alice.type("Event type", "repo.sync.finish")
    alice.type("Last answer", "no such PROJECT")
    alice.press("Show")
    for each in ("state=pending", "listener=refused", "event_type=repo.sync.finish", "error=no+such+PROJECT"):
        assert each in alice.browser.current_url
    assert len(alice.rows()) == 1
    alice.browser.refresh()  # whoever gets the link sees the same
    assert len(alice.rows()) == 1
    alice.follow("repo.sync.finish")
    alice.see("Attempt 1", "400", "no such project", "Next attempt:")
    refusing.answer = Answer(200)
    alice.press("Retry now")
    alice.see("It is in line again")
    bus.deliver_due()
    alice.see("Attempt 2")  # without loading it again
    assert bus.deliveries.get(wanted.id).state == State.DELIVERED


def test_retries_all_that_fit(bus, alice, failing, refusing):
    refusing.answer = REFUSAL
    for _ in range(3):
        bus.emit("repo.sync.start", {"repo_id": "a"})
    assert sum(bus.deliveries.discard(DeliveryQuery(listener_id=failing.id), "given up")) == 3
    alice.open("/console/deliveries?state=dead&listener=refused")
    alice.press("Retry all dead ones that fit")
    alice.see("3 deliveries are in line again")
    assert bus.deliveries.count(DeliveryQuery(listener_id=failing.id, state=State.DEAD)) == 0


def test_sees_why_an_event_went_where_it_went(bus, alice, listener):
    picky = bus.listeners.create("chat", {"server": "a"}, ["repo.#"], name="picky", filter="payload.repo_id == 'z'")
    event = bus.emit("repo.sync.start", {"repo_id": "why"})
    alice.go("Events")
    alice.type("Id begins with", event.id)
    alice.press("Show")
    alice.follow("repo.sync.start")
    alice.see("Where it went, and why")
    why = {row.split()[0]: row for row in alice.rows()}
    assert "delivered" in why["works"]
    assert "no" in why["picky"].split() and "payload.repo_id == 'z'" in why["picky"]
    bus.listeners.delete(picky.id)


def test_previews_a_template_on_a_stored_event(bus, alice):
    event = bus.emit("repo.publish.finish", {"repo_id": "previewed"})
    alice.open("/console/listeners/new/chat")
    alice.type("Event types", "repo.#")
    alice.type("Server", "chat.example")
    alice.type("Motto", HOSTILE)
    alice.browser.execute_script("document.querySelector('[name=preview_event]').value = arguments[0]", event.id)
    alice.press("Preview its message")
    alice.see("nothing was sent or stored", f"{HOSTILE}: repo.publish.finish")
    assert alice.browser.execute_script("return window.ran") is None
    assert alice.field("Motto").get_attribute("value").strip() == HOSTILE
    assert not bus.listeners.list()


def test_looks_at_a_plugin_that_is_broken(alice):
    alice.go("Plugins")
    row = next(row for row in alice.rows() if row.startswith("broken"))
    assert "no database driver is installed" in row


def test_looks_up_who_changed_what(bus, alice, listener):
    bus.listeners.by("bob").update(listener.id, event_types=["repo.#"])
    alice.go("History")
    alice.type("Listener", "works")
    alice.press("Show")
    newest = alice.rows()[0]
    assert "bob" in newest and "repo.sync.*" in newest and "repo.#" in newest


def test_makes_a_third_partys_listener_from_its_schema_and_rotates_its_secret(bus, alice):
    alice.go("Listeners")
    alice.press("New listener")
    alice.follow("chat")
    alice.type("Event types", "repo.sync.start\nrepo.sync.finish")
    alice.type("Name", "room")
    alice.type("Server", "chat.example")
    alice.type("Password", "abc")
    alice.type("Tone", "loud")
    alice.type("Rooms", "ops\ndev")
    alice.press("Create")
    assert "Shorter than minimum length 4" in alice.said_beside("Password")
    assert alice.field("Password").get_attribute("value") == "" and alice.field("Rooms").get_attribute("value")
    alice.type("Password", "sesame1")
    alice.press("Create")
    alice.see("room is created", "set, never shown")
    config = bus.listeners.get("room").notifier_config
    assert (config["password"], config["tone"], [*config["rooms"]]) == ("sesame1", "loud", ["ops", "dev"])
    alice.press("Edit")
    alice.see("One is stored")
    assert "sesame1" not in alice.browser.page_source
    alice.type("Password", "sesame2")
    alice.press("Store")
    alice.see("room is changed", "changed, not shown")
    assert bus.listeners.get("room").notifier_config["password"] == "sesame2"
    alice.press("Delete")
    alice.see("Delete room?")
    alice.press("Delete it")
    alice.see("room is deleted")


def test_a_form_says_where_it_went_wrong_what_it_would_send_and_outlives_its_session(bus, alice):
    bus.emit("repo.sync.start", {"repo_id": "a"})
    in_view = """const box = document.activeElement.getBoundingClientRect();
        return document.activeElement.tabIndex === -1 && box.top >= 0 && box.top < innerHeight"""
    alice.open("/console/listeners/new/chat")
    alice.type("Event types", "repo.#")
    alice.type("Name", "kept")
    alice.type("Retries", "12")
    alice.press("Create")
    alice.until(lambda: alice.browser.execute_script(in_view))
    assert alice.browser.title.startswith("Not stored")
    alice.browser.find_element("xpath", "//main//li/a[.='Server']").click()
    alice.until(lambda: alice.browser.switch_to.active_element.get_attribute("name") == "config.server")
    alice.type("Server", "chat.example")
    alice.type("Retries", "3")
    alice.type("Password", "sesame1")
    alice.press("Preview its message")
    alice.see("nothing was sent or stored", "Type it again")
    alice.until(lambda: alice.browser.execute_script(in_view))
    alice.type("Password", "sesame1")
    alice.browser.delete_all_cookies()
    alice.press("Create")
    alice.see("You are logged out", "What you typed is kept")
    alice.type("Token", token(bus, "alice again"))
    alice.press("Log in")
    alice.press("Go on with what you typed")
    alice.see("Nothing was stored yet", "Type it again")
    assert alice.field("Server").get_attribute("value") == "chat.example"
    alice.type("Password", "sesame2")
    alice.press("Create")
    alice.see("kept is created")
    assert bus.listeners.get("kept").notifier_config["password"] == "sesame2"
    bus.listeners.delete("kept")
