"""Beyond `max_backlog` or `min_free_disk`, `emit` refuses clearly, or drops and says so; nothing is lost silently."""

import logging

import pytest

from pulp_events import EventBus, StoreError, StoreFull
from pulp_events.fields import Size, format_size, parse_size
from pulp_events.outbox.records import NewDelivery, NewEvent
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock

ONE = "repo.sync.start"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def limited(recording_bus, clock):
    """Opens a bus with these limits and one listener; nothing is delivered."""

    def open_it(events, **options):
        bus = recording_bus(f"[events]\n{events}\n", deliver="external", clock=clock, **options)
        if not bus.listeners.list():
            bus.listeners.create("recording", {}, ["*"])
        return bus

    return open_it


def test_beyond_max_backlog_emit_refuses_and_says_what_to_do(limited, clock):
    bus = limited("max_backlog = 3")
    bus.emit_many([(ONE, {"n": n}) for n in range(3)])
    with pytest.raises(StoreFull) as refused:
        bus.emit(ONE)
    for part in (
        "has at least 3 of at most 3 pending",
        "1 more",
        "max_backlog",
        "run more workers",
        "nothing was stored",
    ):
        assert part in str(refused.value)
    assert isinstance(refused.value, StoreError) and "\n" not in str(refused.value)
    assert bus.deliveries.stats().pending == 3


def test_a_batch_that_does_not_fit_is_refused_as_a_whole(limited):
    bus = limited("max_backlog = 3")
    with pytest.raises(StoreFull):
        bus.emit_many([(ONE, {"n": n}) for n in range(4)])
    assert bus.deliveries.stats().pending == 0
    bus.emit_many([(ONE, {"n": n}) for n in range(3)])


def test_a_number_that_is_not_counted_to_its_end_is_not_told_as_if_it_were(limited, clock):
    bus = limited("max_backlog = 3")
    bus.emit(ONE)
    with pytest.raises(StoreFull, match="has 1 of at most 3 pending deliveries"):
        bus.emit_many([(ONE, {})] * 3)
    bus.outbox.add([NewEvent(f"other{n}", ONE, 1.0, "", b"{}", [NewDelivery("x")]) for n in range(7)])
    clock.advance(1.1)
    with pytest.raises(StoreFull, match="has at least 3 of at most 3 pending deliveries"):
        bus.emit(ONE)


def test_it_is_noticed_in_a_moment_that_there_is_room_again_or_none_any_more(limited, clock):
    bus, other = limited("max_backlog = 2"), limited("max_backlog = 2")
    bus.emit(ONE)
    other.emit_many([(ONE, {})])
    clock.advance(1.1)
    with pytest.raises(StoreFull):
        bus.emit(ONE)
    listener = bus.listeners.list()[0]
    other.outbox.bury(listener.id, "gone")
    clock.advance(0.2)
    bus.emit(ONE)


def test_what_adds_nothing_is_not_refused(limited):
    bus = limited("max_backlog = 1\nkeep = all")
    bus.emit(ONE, id="x")
    bus.listeners.update(bus.listeners.list()[0].id, event_types=["repo.publish.*"])
    bus.emit(ONE)
    assert bus.emit(ONE, id="x").id == "x"
    bus.listeners.update(bus.listeners.list()[0].id, event_types=["*"])
    assert bus.emit_many([(ONE, {}, None, "x"), (ONE, {}, None, "x")])[1].id == "x", "it is there already"
    with pytest.raises(StoreFull):
        bus.emit_many([(ONE, {}, None, "x"), (ONE, {})])


def test_below_min_free_disk_emit_refuses(limited, clock, monkeypatch):
    bus = limited("min_free_disk = 1.5G")
    free = [2 << 30]
    monkeypatch.setattr(type(bus.outbox), "free_space", lambda self: free[0])
    bus.emit(ONE)
    free[0] = 1 << 30
    bus.emit(ONE)
    clock.advance(1.1)
    with pytest.raises(StoreFull, match=r"1 GiB are free .*min_free_disk = 1\.5 GiB; free some space"):
        bus.emit(ONE)
    free[0] = None  # as of a store that cannot tell
    clock.advance(0.2)
    bus.emit(ONE)
    monkeypatch.undo()
    assert bus.outbox.free_space() > 1 << 20
    huge = limited("min_free_disk = 1000000T")
    with pytest.raises(StoreFull):
        huge.emit(ONE)


def test_what_is_dropped_by_choice_is_counted_and_logged_once_a_minute(limited, clock, caplog):
    def dropped():
        return [each.message for each in caplog.records if "dropped" in each.message]

    bus = limited("max_backlog = 1\nwhen_full = drop")
    bus.emit(ONE)
    with caplog.at_level(logging.WARNING, "pulp_events"):
        for _ in range(5):
            assert bus.emit(ONE).event_type == ONE
        bus.emit("repo.publish.start")
        assert len(dropped()) == 1
        assert dropped()[0].startswith(
            "events were dropped: 1 repo.sync.start; the outbox has at least 1 of at most 1 pending"
        )
        clock.advance(61)
        bus.emit(ONE)
        assert "events were dropped: 1 repo.publish.start, 5 repo.sync.start; " in dropped()[1]
    assert bus.dropped == 7
    bus.close()
    reopened = limited("")
    stats = reopened.deliveries.stats()
    assert {each.event_type: each.count for each in stats.dropped} == {ONE: 6, "repo.publish.start": 1}
    assert stats.pending == 1


def test_of_several_events_those_that_are_there_are_answered_and_the_others_dropped(limited):
    bus = limited("max_backlog = 1\nwhen_full = drop")
    first = bus.emit(ONE, id="x")
    again, dropped = bus.emit_many([(ONE, {}, None, "x"), (ONE, {}, None, "y")])
    assert again == first and dropped.id == "y"
    assert [each.id for each in bus.events.list()] == ["x"]


def test_without_limits_the_outbox_is_not_asked(recording_bus, monkeypatch):
    bus = recording_bus(deliver="external")
    bus.listeners.create("recording", {}, ["*"])
    for name in ("backlog", "free_space", "note_dropped"):
        monkeypatch.setattr(type(bus.outbox), name, lambda *_: pytest.fail("it was asked"))
    bus.emit(ONE)


@pytest.mark.parametrize(
    ("text", "size", "shown"),
    [("0", 0, "0 B"), ("512", 512, "512 B"), ("500M", 500 << 20, "500 MiB"), ("1.5 GiB", 3 << 29, "1.5 GiB"),
     ("2tb", 2 << 40, "2 TiB"), ("1kib", 1024, "1 KiB")],
)  # fmt: skip
def test_sizes(text, size, shown):
    assert parse_size(text) == size and format_size(size) == shown
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize("text", ["", "x", "-1", "1Q", "1 2", True, None, "9" * 30])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError):
        parse_size(text)
    with pytest.raises(Exception, match=r"Not a size|may not be null"):
        Size().deserialize(text)


def test_a_limit_that_is_none_is_refused(tmp_path):
    config = tmp_path / "server.conf"
    for line, said in (("max_backlog = 0", "max_backlog"), ("min_free_disk = much", "500M"), ("when_full = x", "drop")):
        config.write_text(f"[events]\n{line}\n")
        with pytest.raises(Exception, match=said):
            EventBus.open(config, plugins=Plugins(), data_dir=tmp_path / "data")
