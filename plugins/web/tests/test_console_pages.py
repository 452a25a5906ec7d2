"""What pages say of what buttons did, and what they offer; without a browser."""

import re

import pytest

from pulp_events.outbox.records import DeliveryQuery

from .console_site import app_of, bus_at


@pytest.fixture
def bus(tmp_path):
    with bus_at(tmp_path, "external") as bus:
        yield bus


@pytest.fixture
def app(bus):
    return app_of(bus)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def listener(bus):
    return bus.listeners.create("chat", {"server": "chat.example"}, ["repo.#"], name="chat-of-ours")


def delivery_of(bus, listener, **query):
    return bus.deliveries.list(DeliveryQuery(listener_id=listener.id, **query))[0]


def main_of(text):
    return re.sub(r"\s+", " ", text[text.index("<main") :])


def test_a_page_that_a_button_answers_with_has_an_address_of_its_own(client, listener):
    page = f"/console/listeners/{listener.id}"
    for what, data in (("test", {}), ("mute", {"for": "soon"})):
        assert f'data-page="{page}"' in client.post(f"{page}/{what}", data=data).text
    for what in ("test", "mute", "unmute", "enable", "disable"):
        answer = client.get(f"{page}/{what}")
        assert (answer.status_code, answer.location) == (303, page)


def test_addresses_of_retries_lead_to_what_was_retried(bus, client, listener):
    bus.emit("repo.sync.start", {})
    delivery = f"/console/deliveries/{delivery_of(bus, listener).id}"
    assert client.get(f"{delivery}/retry").location == delivery
    assert client.get("/console/deliveries/retry").location == "/console/deliveries?state=dead"


def switched(bus, listener, what):
    bus.listeners.mute(listener.id, 3600) if what == "mute" else bus.listeners.disable(listener.id)


@pytest.mark.parametrize("what", ["mute", "disable"])
def test_a_retry_that_would_change_nothing_is_not_offered(bus, client, listener, what):
    bus.emit("repo.sync.start", {})
    switched(bus, listener, what)
    page = f"/console/deliveries/{delivery_of(bus, listener).id}"
    text = main_of(client.get(page).text)
    assert "<button" not in text and "a retry would not change that" in text
    assert "is being attempted" not in main_of(client.post(f"{page}/retry", follow_redirects=True).text)


@pytest.mark.parametrize("what", ["mute", "disable"])
def test_what_was_given_up_is_retried_when_its_listener_delivers_again(bus, client, listener, what):
    bus.emit("repo.sync.start", {})
    assert sum(bus.deliveries.discard(DeliveryQuery(listener_id=listener.id), "given up")) == 1
    switched(bus, listener, what)
    page = f"/console/deliveries/{delivery_of(bus, listener).id}"
    assert ">Retry once" in main_of(client.get(page).text)
    assert "in line again, but waits: the listener is" in client.post(f"{page}/retry", follow_redirects=True).text


def test_while_no_process_delivers_a_page_says_so_and_offers_nothing(bus, client, listener):
    bus.emit("repo.sync.start", {})
    page = f"/console/deliveries/{delivery_of(bus, listener).id}"
    text = main_of(client.get(page).text)
    assert "once a process that delivers is running" in text and "any moment" not in text and "<button" not in text
    answer = main_of(client.post(f"{page}/retry", follow_redirects=True).text)
    assert "Nothing was retried. It is due already" in answer


def test_what_was_delivered_is_sent_again_once_and_each_page_leads_to_the_other(bus, client, listener):
    bus.emit("repo.sync.start", {})
    bus.deliver_due()
    page = f"/console/deliveries/{delivery_of(bus, listener).id}"
    assert "Send it again</button>" in client.get(page).text
    answer = client.post(f"{page}/retry")
    assert answer.status_code == 303 and answer.location != page
    text = main_of(client.get(answer.location).text)
    assert "new delivery of what was delivered before" in text and "no process that delivers is running" in text
    assert f'href="{page}"' in text
    text = main_of(client.get(page).text)
    assert f'href="{answer.location}"' in text and "Send it again" not in text
    assert "It was sent again already" in client.post(f"{page}/retry", follow_redirects=True).text


def test_a_delivery_to_a_listener_that_was_deleted_is_not_offered_again(bus, client, listener):
    bus.emit("repo.sync.start", {})
    bus.deliver_due()
    bus.listeners.delete(listener.id)
    [found] = bus.deliveries.list()
    text = main_of(client.get(f"/console/deliveries/{found.id}").text)
    assert "Its listener was deleted" in text and "<button" not in text


def test_many_that_are_retried_while_no_process_delivers_are_said_to_wait(bus, client, listener):
    bus.emit("repo.sync.start", {})
    assert sum(bus.deliveries.discard(DeliveryQuery(listener_id=listener.id), "given up")) == 1
    answer = client.post("/console/deliveries/retry", data={"state": "dead"}, follow_redirects=True)
    assert "1 delivery is in line again. They wait: no process" in answer.text


TURNED = "\u202egnp.exe\u2069"


def test_what_turns_the_direction_of_writing_is_spelt_out_on_each_page_and_kept_in_forms(bus, app, client):
    config = {"server": "gone.example", "motto": TURNED}
    made = bus.listeners.create("chat", config, ["repo.#"], description=TURNED)
    event = bus.emit("repo.sync.start", {"repo_id": TURNED + "\x9b31m"})
    bus.deliver_due()
    bus.listeners.disable(made.id, TURNED)
    bus.emit("repo.sync.start", {"repo_id": TURNED + "\x9b31m"})
    [*deliveries] = bus.deliveries.list()
    paths = ["", "listeners", f"listeners/{made.id}", "deliveries", "history", f"events/{event.id}"]
    paths += [f"deliveries/{each.id}" for each in deliveries]
    paths += ["deliveries?event_type=%E2%80%AEx", "listeners/%E2%80%AEx"]
    texts = {path: client.get(f"/console/{path}").text for path in paths}
    for path, text in texts.items():
        shown = re.sub(r'(?:value|href)="[^"]*"', "", text)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x80-\x9f]", shown), path
    for path in ("listeners", f"listeners/{made.id}", "history", f"events/{event.id}"):
        assert "\\u202e" in texts[path], path
    form = client.get(f"/console/listeners/{made.id}/edit").text
    assert form.count(TURNED) == 2  # description and motto: to store it untouched changes nothing


def test_times_in_sentences_and_in_the_history_follow_the_readers_zone(bus, client, listener):
    event = bus.emit("repo.sync.start", {})
    late = bus.listeners.create("chat", {"server": "a"}, ["repo.#"], name="late", timeout=90.0)
    bus.listeners.mute(late.id, 3600, reason="2026-01-31T12:00:00Z")
    bus.listeners.update(late.id, {"server": "b"}, timeout=120.0)
    text = main_of(client.get(f"/console/events/{event.id}").text)
    assert "it was created at <time datetime=" in text and "changed 2 times since" in text
    text = main_of(client.get("/console/history").text)
    assert re.search(r"Muted until: <span class=\"quiet\">not set</span> → <ins><time datetime=", text)
    assert "<ins>2026-01-31T12:00:00Z</ins>" in text  # what somebody typed is not changed
    assert "Timeout: <del>1m 30s</del> → <ins>2m</ins>" in text
    assert "Server: <del>a</del> → <ins>b</ins>" in text and "notifier_config" not in text


def test_a_listener_that_was_only_created_since_is_not_said_to_be_changed(bus, client):
    event = bus.emit("repo.sync.start", {})
    bus.listeners.create("chat", {"server": "a"}, ["repo.#"])
    text = main_of(client.get(f"/console/events/{event.id}").text)
    assert "it was created at" in text and "changed" not in text


def test_the_address_of_a_page_with_a_slash_at_its_end_leads_to_it(client, listener):
    for path in ("listeners", f"listeners/{listener.id}", "history"):
        answer = client.get(f"/console/{path}/?page=2")
        assert (answer.status_code, answer.location) == (308, f"/console/{path}?page=2")
    for path in ("/console//evil.example/", "/console/%2F%2Fevil.example/"):
        answer = client.get(path)
        assert answer.status_code == 404 or answer.location.removeprefix("http://localhost").startswith("/console/"), (
            path
        )
    assert client.get("/console/nothing/", follow_redirects=True).status_code == 404


def test_no_page_sends_its_reader_to_a_shell_for_what_the_console_shows(client):
    for path in (
        "listeners/nobody",
        "deliveries/x",
        "events/x",
        "deliveries?listener=nobody",
        "history?listener=nobody",
    ):
        text = main_of(client.get(f"/console/{path}").text)
        assert "no " in text.lower() and "pulp-admin" not in text, path


def test_a_state_stands_first_in_each_list_and_outcomes_are_in_words(bus, client):
    bus.listeners.create("chat", {"server": "gone.example"}, ["repo.#"])
    bus.emit("repo.sync.start", {})
    bus.deliver_due()
    for path in ("listeners", "deliveries"):
        assert re.search(
            r"<tbody>\s*<tr>\s*<td data-label=\"State\"><span class=\"state", client.get(f"/console/{path}").text
        ), path
    [found] = bus.deliveries.list()
    text = main_of(client.get(f"/console/deliveries/{found.id}").text)
    assert ">refused for good<" in text and ">permanent<" not in text


def test_each_notifier_is_offered_with_a_sentence_that_says_what_it_does(client):
    text = main_of(client.get("/console/listeners/new").text)
    assert ">chat</a>" in text and "Says each event in a room." in text and "that there is not" not in text
