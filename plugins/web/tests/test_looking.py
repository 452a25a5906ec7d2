"""What fits a filter may be rare: a request looks for a time, says how far back, and the next one goes on."""

import re
from datetime import datetime

import pytest

from pulp_events import EventBus
from pulp_events_web import create_app, looking
from pulp_events_web.context import context
from pulp_events_web.principal import Role

from .console_site import act_as, plugin

API = "/api/v1"
CHAT = {"server": "chat.example", "password": "sesame1"}
RARE = {"events": {"scope": "rare"}, "deliveries": {"event_type": "*.*.finish"}}


@pytest.fixture
def bus(tmp_path):
    settings = {"events": {"data_dir": str(tmp_path), "keep": "all"}}
    with EventBus.open(settings=settings, deliver="external") as bus:
        bus.plugins.add("chat", plugin())
        bus.listeners.create("chat", CHAT, ["*"])
        bus.emit("repo.sync.finish", {}, scope="rare")
        for _ in range(100):
            bus.emit("repo.sync.start")
        yield bus


@pytest.fixture
def app(bus):
    app = create_app(bus)
    act_as(app)
    return app


@pytest.fixture
def client(app, monkeypatch):
    """Of a server where a request looks a single step further than it must."""
    monkeypatch.setattr(looking, "QUICK", 0.0)
    monkeypatch.setattr(looking, "LONG", 0.0)
    return app.test_client()


@pytest.mark.parametrize("what", RARE)
def test_the_api_says_how_far_it_looked_and_goes_on_there(client, bus, what):
    found, looked, query = [], [], dict(RARE[what])
    while True:
        answer = client.get(f"{API}/{what}", query_string=query).json
        found += answer["items"]
        if answer["next"] is None:
            break
        assert answer["items"] == [], "what there is, is the oldest"
        looked.append(datetime.fromisoformat(answer["looked_back_to"]))
        query["cursor"] = answer["next"]
    assert len(found) == 1 and answer["looked_back_to"] is None
    assert len(looked) >= 2 and looked == sorted(looked, reverse=True)
    assert bus.events.list(limit=101)[-1].time < looked[-1]


def test_a_page_that_is_full_or_the_last_one_was_looked_at_as_far_as_is_needed(client):
    for what in RARE:
        pages, cursor = [], {}
        while cursor is not None:
            answer = client.get(f"{API}/{what}", query_string={"limit": 10, "event_type": "repo.sync.*", **cursor}).json
            pages += answer["items"]
            cursor = answer["next"] and {"cursor": answer["next"]}
        assert len(pages) == len({each["id"] for each in pages}) == 101


@pytest.mark.parametrize("what", RARE)
def test_the_console_has_a_link_that_goes_on(client, what):
    field, value = next(iter(RARE[what].items()))
    page = client.get(f"/console/{what}", query_string={field: value})
    links = 0
    while link := re.search(r'role="status">.*?Looked back to <time.*?href="([^"]+)">Look further back', page.text):
        assert "None fits so far" in page.text
        page, links = client.get(link[1].replace("&amp;", "&")), links + 1
    assert links >= 2 and "repo.<wbr>sync.<wbr>finish" in page.text and "None fits" not in page.text
    begin = client.get(f"/console/{what}", query_string={field: value, "before" if what == "events" else "below": "x"})
    assert begin.status_code == 422 and "no place of an event" in begin.text


def test_whoever_finds_no_place_gets_what_was_found_at_once(app, client, monkeypatch):
    monkeypatch.setattr(looking, "LONG", 60.0)
    query = {"error": "nobody says that"}
    with app.app_context():
        budget = context().budget.long
    assert client.get(f"{API}/deliveries", query_string=query).json["next"] is None, "a minute is enough"
    assert budget.open == 0
    for _ in range(budget.each):
        budget.take("alice")
    answer = client.get(f"{API}/deliveries", query_string=query)
    assert answer.status_code == 200 and answer.json["next"] and answer.json["looked_back_to"]


def test_the_page_of_a_listener_that_had_its_last_event_long_ago_says_where_to_look(app, bus, client, monkeypatch):
    act_as(app, Role.VIEWER)
    old = bus.listeners.create("chat", CHAT, ["*"], name="old")
    path = f"/console/listeners/{old.id}"
    assert "Nothing was emitted for it yet" in client.get(path).text
    bus.emit("repo.sync.start")
    bus.listeners.update(old.id, event_types=["repo.publish.*"])
    assert "Recent deliveries" in client.get(path).text
    for _ in range(100):
        bus.emit("repo.sync.start")
    monkeypatch.setattr("pulp_events_web.console.pages.listeners.QUICK", 0.0)
    page = client.get(path).text
    assert "Nothing was emitted for it lately" in page and f"/console/deliveries?listener={old.id}" in page
