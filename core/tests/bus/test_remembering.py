"""That the store remembers the application's event types keeps nobody from emitting, whatever the store is like."""

import logging
import os

import pytest

from pulp_events import EventBus, EventType, StoreError, UnknownEventType, hookimpl
from pulp_events.events.remembered import AGAIN
from pulp_events.listeners.in_memory_store import InMemoryListenerStore
from pulp_events.listeners.store import RemembersTypes
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock

PAID = EventType("order.paid", "An order was paid.")


class Plain:
    """A store of somebody who knows nothing of types: what every listener store has, and no more."""

    def __init__(self):
        store = InMemoryListenerStore()
        for name in ("version", "all", "broken", "add", "change", "remove", "edit", "close"):
            setattr(self, name, getattr(store, name))


class Failing(InMemoryListenerStore):
    def __init__(self, error):
        super().__init__()
        self.error = error
        self.asked = 0

    def remember_types(self, told):
        self.asked += 1
        raise self.error

    def remembered_types(self):
        raise self.error


@pytest.fixture
def open_bus(tmp_path):
    opened = []

    def open_it(store, **options):
        class Home:
            @hookimpl
            def pulp_listener_store(self, settings):
                return store

            @hookimpl
            def pulp_event_types(self):
                return [EventType("of.plugin", "It comes with a plugin.")]

        plugins = Plugins()
        plugins.add("home", Home())
        options = {"deliver": "external", "event_types": [PAID], **options}
        opened.append(EventBus.open(settings={"events": {"data_dir": tmp_path}}, plugins=plugins, **options))
        return opened[-1]

    yield open_it
    for bus in opened:
        bus.close()


def test_a_store_that_remembers_no_types_is_as_good_as_ever(open_bus):
    assert not isinstance(Plain(), RemembersTypes)
    bus = open_bus(Plain())
    assert bus.emit("order.paid").event_type == "order.paid"
    assert bus.learn_event_types() == {} and bus.forget_event_types(["order.paid"]) == 0
    with pytest.raises(UnknownEventType):
        bus.event_types.check_pattern("order.lost")


@pytest.mark.parametrize("error", [StoreError("the store is away"), RuntimeError("a bug")])
def test_a_store_that_fails_is_logged_once_and_not_asked_at_each_event(open_bus, caplog, error):
    store = Failing(error)
    bus = open_bus(store)
    for _ in range(10):
        bus.emit("order.paid")
    assert store.asked == 1
    assert len([each for each in caplog.records if "will not know the event types" in each.getMessage()]) == 1


def test_only_types_of_the_application_are_told(open_bus):
    store = InMemoryListenerStore()
    open_bus(store)
    assert list(store.remembered_types()) == ["order.paid"]


def test_what_was_learnt_is_not_told_again_and_gives_way_to_what_is_registered(open_bus):
    store = InMemoryListenerStore()
    open_bus(store, clock=FakeClock())
    seen = store.remembered_types()["order.paid"].last_seen
    admin = open_bus(store, event_types=[])
    assert list(admin.learn_event_types()) == ["order.paid"]
    admin.emit("order.paid")
    assert store.remembered_types()["order.paid"].last_seen == seen
    admin.event_types.register(EventType("order.paid", "Another description.", version="2"))
    admin.emit("order.paid")
    assert store.remembered_types()["order.paid"].event_type.version == "2"


def test_a_process_that_goes_on_tells_again_now_and_then_without_emitting(open_bus):
    store, clock = InMemoryListenerStore(), FakeClock()
    bus = open_bus(store, clock=clock)
    first = store.remembered_types()["order.paid"].last_seen
    bus.heartbeat.beat(delivers=False)
    assert store.remembered_types()["order.paid"].last_seen == first
    clock.advance(AGAIN + 1)
    bus.heartbeat.beat(delivers=False)
    assert (store.remembered_types()["order.paid"].last_seen - first).total_seconds() == AGAIN + 1


def test_types_are_told_before_a_fork_by_warm_up_and_by_a_child_that_registers_more(tmp_path):
    with EventBus.open(settings={"events": {"data_dir": tmp_path}}, plugins=False, deliver="external") as bus:
        bus.event_types.register(PAID)
        bus.warm_up()
        assert list(bus.learn_event_types()) == ["order.paid"]
        child = os.fork()
        if not child:
            code = 1
            try:
                bus.event_types.register(EventType("order.sent", "It was sent."))
                bus.emit("order.sent")
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert sorted(bus.learn_event_types()) == ["order.paid", "order.sent"]


def test_more_types_than_are_kept_are_said_and_the_first_are_told(open_bus, caplog, monkeypatch):
    monkeypatch.setattr("pulp_events.bus.remembering.MOST", 2)
    store = InMemoryListenerStore()
    with caplog.at_level(logging.WARNING):
        open_bus(store, event_types=[EventType(f"t.n{number}", "One of many.") for number in range(4)])
    assert list(store.remembered_types()) == ["t.n0", "t.n1"]
    assert "this application has 4 event types, of which 2 are remembered" in caplog.text
