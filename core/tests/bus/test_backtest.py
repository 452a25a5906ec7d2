"""A backtest of a listener that stays as it is finds what was stored for it, and of another what that one gets."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import Schema, fields

from pulp_events import EventBus, ListenerNotFound, Notifier, Plugins, TransientFailure
from pulp_events.bus.backtest import Verdict
from pulp_events.fields import Duration
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.testing.clock import FakeClock

TYPES = ["repo.sync.start", "repo.sync.finish", "repo.publish.start", "repo.publish.finish"]
PATTERNS = [*TYPES, "*", "repo.sync.*", "#.finish", "repo.*.start"]
SCOPES = [None, "a", "b"]
FILTERS = [None, "payload.n > `3`", "payload.ok", "length(payload.n) > `1`", "contains(payload.tags, 'a')"]


class RoomsConfig(Schema):
    rooms = fields.List(fields.String(), required=True)
    text = fields.String(load_default="n is {n}")
    token = fields.String(metadata={"secret": True})
    every = Duration()


class Rooms(Notifier):
    type_id = "rooms"
    config_schema = RoomsConfig

    def deliver(self, event, config):
        raise AssertionError("nothing is to leave")

    def targets(self, config):
        return config["rooms"]

    def window(self, config):
        return config.get("every")

    def preview(self, deliveries, config, settings):
        if "{bad}" in config["text"]:
            raise TransientFailure(f"no such name; the token is {config['token']}")
        texts = [config["text"].format(n=each.event.payload["n"]) for each in deliveries]
        return f"{deliveries[0].target}: {', '.join(texts)} ({config.get('token')})"


class Plain(Rooms):
    type_id = "plain"

    def preview(self, deliveries, config, settings):
        return None


class Broken(Rooms):
    type_id = "broken"

    def preview(self, deliveries, config, settings):
        return 7


def opened(folder, clock=None, extra=""):
    conf = folder / "server.conf"
    conf.write_text(f"[events]\ndata_dir = {folder}/data\nkeep = all\npayloads = off\n{extra}")
    plugins = Plugins()
    for notifier in (Rooms(), Plain(), Broken()):
        plugins.add(notifier.type_id, notifier)
    return EventBus.open(conf, plugins=plugins, deliver="external", clock=clock)


@pytest.fixture
def bus(tmp_path):
    with opened(tmp_path, FakeClock()) as bus:
        yield bus


scopes = st.sampled_from(SCOPES)
listeners = st.fixed_dictionaries(
    {
        "event_types": st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True),
        "filter": st.sampled_from(FILTERS),
        "rooms": st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True),
        "scope": scopes,
    }
)
payloads = st.fixed_dictionaries(
    {"n": st.integers(0, 6)},
    optional={"ok": st.sampled_from([True, False, "", "x", None]), "tags": st.sampled_from([["a"], "bar", 7, []])},
)


def create(bus, made):
    config, options = {"rooms": made["rooms"]}, {name: made[name] for name in ("filter", "scope")}
    return bus.listeners.create("rooms", config, made["event_types"], **options)


def stored(bus, listener):
    found = {}
    for event in bus.events.each():
        targets = [each.target for each in bus.events.deliveries(event.id) if each.listener_id == listener.id]
        if targets:
            found[event.id] = sorted(targets)
    return found


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    one=listeners, other=listeners, events=st.lists(st.tuples(st.sampled_from(TYPES), payloads, scopes), max_size=12)
)
def test_what_would_be_sent_is_what_is_stored_for_such_a_listener(one, other, events):
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder, opened(Path(folder)) as bus:
        first, second = create(bus, one), create(bus, other)
        for event_type, payload, scope in events:
            bus.emit(event_type, payload, scope=scope)
        unchanged = bus.backtest(first.id)
        assert {each.event_id: sorted(each.would) for each in unchanged.tested} == stored(bus, first)
        assert all(each.would == each.sent or sorted(each.would) == list(each.sent) for each in unchanged.tested)
        assert unchanged.counts.keys() <= {Verdict.BOTH} and unchanged.older == 0
        draft = bus.listeners.draft_update(
            first.id, {"rooms": other["rooms"]}, other["event_types"], filter=other["filter"], scope=other["scope"]
        )
        changed = bus.backtest(draft)
        would = {each.event_id: sorted(each.would) for each in changed.tested if each.would}
        assert would == stored(bus, second)
        assert {each.event_id: list(each.sent) for each in changed.tested if each.sent} == stored(bus, first)
        assert changed.messages == sum(map(len, would.values()))
        assert bus.listeners.get(first.id) == first and len(bus.listeners.list()) == 2


def test_the_difference_is_told_for_each_event(bus):
    listener = bus.listeners.create("rooms", {"rooms": ["a", "b"]}, ["repo.sync.*"], filter="payload.n > `3`")
    events = bus.emit_many([(TYPES[0], {"n": 5}), (TYPES[0], {"n": 4}), (TYPES[0], {"n": 1}), (TYPES[2], {"n": 5})])

    def verdicts(config=None, types=None, **options):
        found = bus.backtest(bus.listeners.draft_update(listener.id, config, types, **options))
        assert found.counts.total() == len(found.tested)
        numbers = {event.id: number for number, event in enumerate(events)}
        return {numbers[each.event_id]: str(each.verdict) for each in found.tested}

    assert verdicts() == {0: "both", 1: "both"}
    assert verdicts(filter="payload.n < `5`") == {0: "dropped", 1: "both", 2: "added"}
    assert verdicts(types=["repo.publish.*"]) == {0: "dropped", 1: "dropped", 3: "added"}
    assert verdicts({"rooms": ["a", "c"]}) == {0: "moved", 1: "moved"}
    assert verdicts({"rooms": ["a"]}) == {0: "dropped", 1: "dropped"}
    bus.clock.advance(1)
    new = bus.listeners.draft("rooms", {"rooms": ["x"]}, ["*"], filter="payload.n == `5`")
    found = bus.backtest(new, sample=1)
    assert found.counts == {Verdict.ADDED: 2} and found.older == 2 and found.looked_at == 4 and len(found.tested) == 1


def test_only_what_was_emitted_in_the_time_that_is_asked_for_is_looked_at(bus):
    listener = bus.listeners.create("rooms", {"rooms": ["a"]}, ["*"])
    first, second, third = (bus.emit(TYPES[0], {"n": number}) for number in range(3) if not bus.clock.advance(60))
    found = bus.backtest(listener.id, since=second.time, until=third.time)
    assert [each.event_id for each in found.tested] == [second.id] and found.looked_at == 1
    draft = bus.listeners.draft_update(listener.id, event_types=[TYPES[1]])
    assert [str(each.verdict) for each in bus.backtest(draft, since=second.time).tested] == ["dropped"] * 2


def test_what_leaves_together_is_one_message(bus):
    listener = bus.listeners.create("rooms", {"rooms": ["a", "b"], "every": "1h"}, ["*"])
    for number in range(6):
        bus.emit(TYPES[0], {"n": number})
        bus.clock.advance(1200)
    found = bus.backtest(listener.id, previews=True)
    hours = {int(each.time.timestamp() // 3600) for each in found.tested}
    assert found.messages == len(found.previews) == 2 * len(hours) and len(found.tested) == 6
    assert sum(len(each.event_ids) for each in found.previews) == 12
    assert found.previews[0].text.startswith("a: n is 0, n is 1")
    assert len(bus.backtest(listener.id, sample=1, previews=True).previews) == 1


def test_a_digest_that_cannot_be_rendered_counts_once(bus):
    listener = bus.listeners.create("rooms", {"rooms": ["a", "b"], "every": "1h", "text": "{bad}"}, ["*"])
    for number in range(6):
        bus.emit(TYPES[0], {"n": number})
        bus.clock.advance(1200)
    found = bus.backtest(listener.id, sample=1, previews=True)
    assert found.failing == found.messages > 2 and len(found.previews) == 1


def test_an_event_shows_the_state_of_its_delivery(bus):
    listener = bus.listeners.create("plain", {"rooms": ["a"]}, ["*"])
    bus.emit(TYPES[0], {"n": 1})
    [tested] = bus.backtest(listener.id).tested
    assert (tested.sent, tested.states) == (("a",), ("pending",))
    assert list(bus.deliveries.discard(DeliveryQuery(listener_id=listener.id), "no"))
    [tested] = bus.backtest(listener.id).tested
    assert (tested.verdict, tested.states) == (Verdict.BOTH, ("dead",))


def test_messages_are_rendered_and_have_no_secret(bus):
    listener = bus.listeners.create("rooms", {"rooms": ["a"], "token": "hunter2"}, ["*"])
    event = bus.emit(TYPES[0], {"n": 5})
    [shown] = bus.backtest(listener.id, previews=True).previews
    assert (shown.target, shown.event_ids, shown.text) == ("a", (event.id,), "a: n is 5 (********)")
    draft = bus.listeners.draft_update(listener.id, {"text": "{bad}"})
    found = bus.backtest(draft, previews=True)
    [shown] = found.previews
    assert found.failing == 1 and shown.failed and bus.backtest(draft).failing == 0
    assert shown.text == "(cannot be rendered: no such name; the token is ********)"
    [shown] = bus.backtest(bus.listeners.draft("plain", {"rooms": ["a"]}, ["*"]), previews=True).previews
    assert shown.text is None
    [shown] = bus.backtest(bus.listeners.draft("broken", {"rooms": ["a"]}, ["*"]), previews=True).previews
    assert "cannot be rendered: notifier type 'broken', preview" in shown.text
    assert bus.deliveries.stats().pending == 1 and len(bus.listeners.list()) == 1
    with pytest.raises(ListenerNotFound):
        bus.backtest("nobody")
