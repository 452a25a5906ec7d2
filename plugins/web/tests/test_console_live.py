"""Pages that change while one looks, in a real Chromium: nobody loads them again."""

import contextlib
import signal
import subprocess
import sys
import time

import pytest
import requests

from pulp_events.outbox.records import DeliveryQuery
from pulp_events.testing.http_sink import Answer, HttpSink

from .console_browser import Person, served, start, token

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def alice(bus, browser):
    """With a bus that delivers only when told."""
    with served(bus) as address:
        browser.delete_all_cookies()
        person = Person(browser, address)
        person.log_in(token(bus))
        yield person
        browser.get("about:blank")


@contextlib.contextmanager
def without_timer(browser):
    """Whatever changes on a page, the stream said so: it is not read again every ten seconds."""
    script = {"source": "window.setInterval = () => 0; window.began = Math.random();"}
    made = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)
    yield
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", made)


def figure(person, name):
    """A number of the overview or of a listener."""
    return person.browser.execute_script(
        "return [...document.querySelectorAll('.figures > div')].find(each => "
        "each.querySelector('dt').textContent === arguments[0])?.querySelector('dd').textContent.trim()",
        name,
    )


def began(person):
    return person.browser.execute_script("return window.began")


def test_the_stream_changes_overview_listener_deliveries_and_delivery(bus, alice, browser):
    with HttpSink(Answer(400, body=b"not now")) as sink, without_timer(browser):
        listener = bus.listeners.create("http", {"url": sink.url}, ["repo.#"], name="watched")
        alice.open("/console/")
        first = began(alice)
        alice.see("Live")
        event = bus.emit("repo.sync.start", {"repo_id": "a"})
        alice.until(lambda: figure(alice, "Pending") == "1")
        bus.deliver_due()
        alice.until(lambda: figure(alice, "Failed, last hour") == "1")
        alice.see("not now", "watched")  # in the table of those that fail
        assert began(alice) == first

        alice.open(f"/console/deliveries/{event.id}.0")
        first = began(alice)
        alice.see("Attempt 1", "Next attempt")
        sink.answer = Answer(200)
        assert sum(bus.deliveries.retry(DeliveryQuery(ids=[f"{event.id}.0"], state="pending"))) == 1
        bus.deliver_due()
        alice.see("Attempt 2")
        alice.until(lambda: browser.find_element("css selector", ".head .state").text == "delivered")
        assert began(alice) == first

        for path in (f"/console/listeners/{listener.id}", "/console/deliveries?listener=watched"):
            alice.open(path)
            first, count = began(alice), len(alice.rows())
            event = bus.emit("repo.sync.finish", {"repo_id": "a"})
            alice.until(lambda count=count: len(alice.rows()) == count + 1)
            assert began(alice) == first


def test_what_has_the_focus_or_is_open_stays(bus, alice, browser):
    with HttpSink() as sink, without_timer(browser):
        bus.listeners.create("http", {"url": sink.url}, ["repo.#"], name="watched")
        bus.emit("repo.sync.start", {"repo_id": "a"})
        bus.deliver_due()
        alice.open("/console/")
        alice.unfold("Numbers of the chart")
        browser.execute_script("document.activeElement.blur()")
        bus.emit("repo.sync.finish", {"repo_id": "a"})
        bus.deliver_due()
        alice.until(lambda: figure(alice, "Delivered, last hour") == "2")
        assert browser.execute_script("return document.querySelector('#day details').open")
        browser.execute_script("document.querySelector('#day summary').focus()")
        bus.emit("repo.sync.finish", {"repo_id": "a"})
        bus.deliver_due()
        alice.until(lambda: figure(alice, "Delivered, last hour") == "3")
        assert browser.execute_script("return document.activeElement.tagName") == "SUMMARY"


def test_a_page_says_that_the_server_is_lost_and_that_it_is_back(bus, alice, browser):
    script = {"source": "const real = window.setInterval; window.setInterval = (what) => real(what, 300);"}
    made = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)
    try:
        alice.open("/console/")
        alice.see("Live")
        network = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        browser.execute_cdp_cmd("Network.enable", {})
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", network)
        alice.see("The server does not answer")
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", {**network, "offline": False})
        alice.see("Live")
        browser.delete_all_cookies()
        alice.see("You are logged out")
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", made)


def test_a_page_that_answers_a_button_follows_too_and_says_when_what_it_shows_is_gone(bus, alice, browser):
    with HttpSink(Answer(400, body=b"not now")) as sink, without_timer(browser):
        made = bus.listeners.create("http", {"url": sink.url}, ["repo.#"], name="watched")
        alice.open(f"/console/listeners/{made.id}")
        alice.press("Send a test")
        alice.see("Result of the test", "Live")
        first = began(alice)
        bus.emit("repo.sync.start", {"repo_id": "a"})
        alice.until(lambda: figure(alice, "Pending") == "1")
        alice.until(lambda: browser.find_element("id", "live").text == "Live" and "Result of the test" in alice.text)
        bus.listeners.disable(made.id, "too many complaints")
        bus.deliver_due()
        bus.emit("repo.sync.start", {"repo_id": "b"})
        alice.see("It is disabled: too many complaints")
        browser.find_element("xpath", "//button[normalize-space()='Enable']")  # what is offered follows as well
        assert began(alice) == first
        for each in bus.deliveries.list():
            bus.deliveries.discard(DeliveryQuery(ids=[each.id]), "away")
        event = bus.emit("repo.sync.finish", {"repo_id": "c"})
        bus.listeners.delete(made.id)
        assert event
        browser.execute_script("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        bus.deliver_due()
        alice.see("not there any more")
        assert "does not answer" not in alice.text


def test_a_page_for_whose_stream_there_was_no_place_has_one_once_there_is(bus, alice, browser):
    with HttpSink() as sink, without_timer(browser), contextlib.ExitStack() as streams:
        bus.listeners.create("http", {"url": sink.url}, ["repo.#"])
        browser.get("about:blank")  # whose stream is over
        others = [{"Authorization": f"Bearer {token(bus, name)}"} for name in ("bob", "carol")]
        taken = []

        def is_full():
            for headers in others:
                answer = requests.get(f"{alice.address}/api/v1/tail", headers=headers, stream=True, timeout=20)
                streams.callback(answer.close)
                taken.extend([answer] * answer.ok)
            return len(taken) == 4  # half of the server's eight threads

        alice.until(is_full)
        alice.open("/console/")
        alice.see("Live")
        bus.emit("repo.sync.start", {"repo_id": "a"})
        time.sleep(1)
        assert figure(alice, "Pending") == "0", "nothing told it"
        streams.close()
        alice.until(lambda: figure(alice, "Pending") == "1")


def test_two_administrators_who_change_one_listener(bus, alice, browser):
    made = bus.listeners.create("http", {"url": "http://a.example/"}, ["repo.sync.*"], name="ours")
    other = start()
    try:
        bob = Person(other, alice.address)
        bob.log_in(token(bus, "bob"))
        for each in (alice, bob):
            each.open(f"/console/listeners/{made.id}/edit")
        alice.type("URL", "http://alice.example/")
        alice.press("Store")
        alice.see("ours is changed")
        bob.type("Description", "typed by bob, at length")
        bob.type("Event types", "repo.publish.*")
        bob.press("Store")
        bob.see("Somebody changed this listener while you were editing it", "Nothing was stored", "alice")
        assert "http://alice.example/" in bob.rows()[0]
        assert bob.field("Description").get_attribute("value") == "typed by bob, at length"
        assert bob.field("Event types").get_attribute("value").strip() == "repo.publish.*"
        assert bus.listeners.get(made.id).description is None
        bob.type("URL", "http://alice.example/")  # he takes hers over
        bob.press("Store")
        bob.see("ours is changed", "typed by bob, at length")
        found = bus.listeners.get(made.id)
        assert found.notifier_config["url"] == "http://alice.example/" and [*found.event_types] == ["repo.publish.*"]
        assert [each.by for each in bus.listeners.history(made.id)][:2] == ["bob", "alice"]
    finally:
        other.quit()


@pytest.fixture
def worker(bus, tmp_path):
    """Starts the real one on the same store."""
    conf = tmp_path / "server.conf"
    conf.write_text(f"[events]\ndata_dir = {tmp_path}\n")
    processes = []

    def begin():
        command = [sys.executable, "-m", "pulp_events_cli", "--config", str(conf), "event", "worker"]
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return processes[-1]

    yield begin
    for each in processes:
        each.kill()
        each.wait()


def test_a_worker_that_is_killed_is_missed_and_its_successor_delivers(bus, alice, browser, worker):
    with HttpSink() as sink:
        bus.listeners.create("http", {"url": sink.url}, ["repo.#"], name="watched")
        process = worker()
        bus.emit("repo.sync.start", {"repo_id": "a"})
        alice.open("/console/")
        alice.until(lambda: figure(alice, "Delivered, last hour") == "1")
        alice.until(lambda: any(each.delivers for each in bus.workers()))
        process.send_signal(signal.SIGKILL)
        process.wait()
        bus.emit("repo.sync.finish", {"repo_id": "a"})
        alice.until(lambda: figure(alice, "Pending") == "1")  # the page goes on, and shows what is not delivered
        alice.see("1 delivery waits, and no process delivers", str(process.pid), "ended unexpectedly")
        alice.go("Plugins")
        row = next(row for row in alice.rows() if f" {process.pid}" in row)
        assert "gone" in row
        alice.go("Overview")
        worker()
        alice.until(lambda: figure(alice, "Pending") == "0" and figure(alice, "Delivered, last hour") == "2")
        alice.until(lambda: "no process delivers" not in alice.text)
