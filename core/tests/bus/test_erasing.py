"""`bus.events.erase`: what is chosen, what is recorded, what is left."""

from datetime import UTC, datetime

import pytest

from pulp_events import DeliveryQuery, EventBus
from pulp_events.bus.erasing import asked
from pulp_events.errors import EventsError, InvalidConfig
from pulp_events.outbox.erasure import Erased
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.redaction.expressions import masked


@pytest.fixture
def bus(tmp_path):
    conf = tmp_path / "server.conf"
    conf.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\nkeep = all\n")
    with EventBus.open(conf, deliver="external") as opened:
        opened.emit("repo.sync.start", {"repo_id": "x", "user": "ada"}, id="one")
        opened.emit("repo.sync.finish", {"repo_id": "y", "user": "ada"}, id="two")
        opened.emit("repo.sync.start", {"repo_id": "z", "user": "bob"}, id="three")
        yield opened


def erased(bus):
    return sorted(each.id for each in bus.events.each() if each.erased is not None)


@pytest.mark.parametrize(
    ("query", "where", "expected"),
    [
        (None, "payload.user == 'ada'", ["one", "two"]),
        (EventQuery(["repo.sync.start"]), None, ["one", "three"]),
        (EventQuery(["repo.#"]), "payload.user == 'ada' && payload.repo_id == 'y'", ["two"]),
        (EventQuery(id_prefix="t"), None, ["three", "two"]),
        (EventQuery(ids=["one"]), None, ["one"]),
        (EventQuery(until=datetime(2020, 1, 1, tzinfo=UTC)), None, []),
        (None, "payload.nothing", []),
    ],
)
def test_what_is_asked_for_is_erased_and_nothing_else(bus, query, where, expected):
    found = bus.events.erase(query, where=where, dry_run=True)
    assert (found.erased.events, erased(bus), bus.events.erasures()) == (len(expected), [], [])
    assert bus.events.erase(query, where=where).erased == found.erased
    assert erased(bus) == expected
    assert bus.events.erase(query, where=where).erased == Erased()


@pytest.mark.parametrize("query", [None, EventQuery(), EventQuery(id_prefix="")])
def test_all_events_are_erased_only_where_that_is_said(bus, query):
    for dry_run in (False, True):
        with pytest.raises(EventsError, match=r"choose the events to erase.* all_events=True; nothing was given"):
            bus.events.erase(query, dry_run=dry_run)
    with pytest.raises(EventsError, match="both were given"):
        bus.events.erase(EventQuery(ids=["one"]), all_events=True)
    with pytest.raises(EventsError, match="both were given"):
        bus.events.erase(where="payload.user == 'ada'", all_events=True)
    assert (erased(bus), bus.events.erasures()) == ([], [])
    assert bus.events.erase(query, all_events=True).erased.events == 3
    assert bus.events.erasures()[0].asked == "all events"


def test_it_is_recorded_by_whom_and_what_without_the_values(bus):
    bus.events.erase(where="payload.user == 'ada'")
    bus.events.erase(EventQuery(ids=["three"]), by="the office for data")
    last, first = bus.events.erasures()
    assert (first.asked, first.erased) == ("where payload.user == '…'", Erased(2)) and first.by
    assert (last.asked, last.erased, last.by) == ("id three", Erased(1), "the office for data")
    assert first.ended is not None and last.ended is not None


def test_it_ends_between_two_steps_when_told_to_and_goes_on_the_next_time(bus):
    for number in range(250):
        bus.emit("repo.sync.start", {"user": "eve", "n": number})
    result = bus.events.erase(where="payload.user == 'eve'", progress=lambda done: done.events >= 100)
    assert result.interrupted and result.erased.events == 100
    assert bus.events.erasures()[0].ended is None
    assert bus.events.erase(where="payload.user == 'eve'").erased.events == 150
    assert all(each.ended is not None for each in bus.events.erasures())


def test_an_expression_that_is_none_is_refused_before_anything_is_recorded(bus):
    with pytest.raises(InvalidConfig):
        bus.events.erase(where="payload.user ==")
    assert bus.events.erasures() == []


WHERE_ONE_HAS_IT = "contains(payload.nick, 'ad')"


def test_events_on_which_the_expression_fails_are_counted_and_left(bus, caplog):
    bus.emit("repo.sync.start", {"nick": "ada"}, id="four")
    for dry_run in (True, False):
        result = bus.events.erase(where=WHERE_ONE_HAS_IT, dry_run=dry_run)
        assert (result.erased.events, result.failed) == (1, 3)
        assert result.remarks == (
            "the expression fails on 3 of the 4 events that it was asked about, which stay as they are: "
            "contains() was given null, and takes array or string",
        )
    assert erased(bus) == ["four"]
    assert bus.events.erase(where=WHERE_ONE_HAS_IT).failed == 3  # not 4: what is erased is not asked about
    bus.events.erase(EventQuery(ids=["one", "two", "three"]))
    assert not bus.events.erase(where=WHERE_ONE_HAS_IT).failed
    assert "ad'" not in caplog.text


@pytest.mark.parametrize(
    "where",
    [
        "payload.user == 'ada",
        "payload.user == 'ada' &&",
        "payload.user == 'ada' ada@",
        "nothing('ada')",
        "contains('ada')",
        f"payload.user == '{'ada' * 5000}'",
        "'ada' || " * 200 + "x",
    ],
)
def test_no_message_quotes_the_expression(bus, where):
    with pytest.raises(InvalidConfig) as caught:
        bus.events.erase(where=where)
    assert "ada" not in str(caught.value) and str(caught.value).startswith("where ")


def test_emitted_again_it_is_the_erased_one(bus):
    bus.events.erase(where="payload.user == 'ada'")
    bus.emit("repo.sync.start", {"repo_id": "x", "user": "ada"}, id="one")
    assert b"ada" not in bus.events.get("one").report


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("payload.user == 'ada'", "payload.user == '…'"),
        ("payload.user == `\"ada\"` || payload.n > `5`", "payload.user == '…' || payload.n > '…'"),
        ("payload.users.\"ada@here.example\" | [0]", "payload.users.'…' | [0]"),
        ("contains(payload.text, 'it\\'s ada') && payload.x", "contains(payload.text, '…') && payload.x"),
        ("'ada'", "'…'"),
        ("payload.\"a\"", "payload.'…'"),
    ],
)  # fmt: skip
def test_values_in_expressions_are_masked(expression, shown):
    assert masked(expression) == shown


def test_all_conditions_are_recorded():
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    query = EventQuery(["repo.#"], moment, moment, "ab", ["x", "y"])
    assert asked(query, "a == 'b'") == (
        "where a == '…'; event type repo.#; since 2026-01-02T00:00:00+0000; until 2026-01-02T00:00:00+0000; id ab…; "
        "2 ids"
    )
    assert asked(EventQuery(), None) == "all events"


@pytest.fixture
def told(bus):
    """A bus whose event `one` went to a listener with a filter and to one without, and was then erased."""
    for name, condition in (("filtered", "payload.user == 'ada'"), ("open", None), ("by-marker", "payload.erased")):
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.sync.*"], name=name, filter=condition)
    bus.emit("repo.sync.start", {"repo_id": "x", "user": "ada"}, id="own")
    bus.events.erase(EventQuery(ids=["own"]))
    return bus


def test_an_erased_event_is_not_explained_by_what_took_the_place_of_its_report(told):
    names = {each.id: each.name for each in told.listeners.list()}
    found = {names[each.listener_id]: (each.gets, each.reason) for each in told.explain_event("own")}
    for name in ("filtered", "by-marker"):
        gets, reason = found[name]
        assert gets == "unknown" and "cannot be applied: the event was erased at " in reason
    assert found["open"][0] == "yes"


def test_a_backtest_leaves_erased_events_out_and_counts_them(told):
    for name, others in (("filtered", 2), ("open", 3), ("by-marker", 0)):
        result = told.backtest(name, since=datetime(2020, 1, 1, tzinfo=UTC))
        assert (result.erased, result.messages) == (1, others)
        assert "own" not in [each.event_id for each in result.tested]


def test_what_was_erased_is_not_counted_among_what_would_be_retried(told):
    dead = DeliveryQuery(state="dead")
    assert told.deliveries.count(dead) == 2 and told.deliveries.count_retried(dead) == 0
    assert list(told.deliveries.retry(dead)) == []
