"""`pulp-admin event storage`."""

import json

import pytest

from pulp_events import EventBus
from pulp_events.clock import SystemClock
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.testing.outbox_contract import new_event, result


@pytest.fixture
def admin(conf):
    from pulp_events.testing.admin import Admin

    return Admin(conf)


def test_status_and_migrate(admin):
    before = json.loads(admin("event", "storage", "status", "--json").out)
    assert (before["version"], before["newest_version"], before["schema"]) == (0, 1, "public")
    assert "up to date" in admin("event", "storage", "status").out
    assert "of version 1 (before: none)" in admin("event", "storage", "migrate").out
    assert "are up to date (version 1)" in admin("event", "storage", "migrate").out
    after = admin("event", "storage", "status")
    assert after.code == 0 and "pw" not in after.out and "Delivery table:" in after.out


def test_status_of_files_says_so(pulp_admin):
    run = pulp_admin("event", "storage", "status")
    assert run.code == 1 and "records are in files" in run.err


@pytest.fixture
def event_clock():
    """The system's, which `pulp-admin` goes by, too."""
    return SystemClock()


@pytest.fixture
def filled(event_bus):
    """Files with listeners, pending, dead and delivered deliveries, and what they are in order."""
    listener = event_bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], enabled=False).id
    outbox = event_bus.outbox
    outbox.add([new_event(listener) for _ in range(700)])
    [one, two, three] = outbox.claim(listener, 3, 60, "t").deliveries
    outbox.record([result(one, "postpone", 500), result(two, "give_up", detail="no"), result(three, "succeed")])
    return event_bus, listener


@pytest.fixture
def copy(filled, event_settings, url, pulp_admin):
    return lambda *more: pulp_admin("event", "storage", "copy", "--to", url, "--password", "pw", "--json", *more)


def test_copying_takes_everything_with_it_in_order(filled, copy, conf):
    source, listener = filled
    run = copy()
    assert run.code == 0, run.err
    assert json.loads(run.out) == {"listeners": 1, "pending": 698, "dead": 1, "attempts": 2, "there_already": 0}
    with EventBus.open(conf, deliver="external") as target:
        assert target.listeners.list() == source.listeners.list()
        for state in ("pending", "dead"):
            query = DeliveryQuery(state=state)
            mine, theirs = (
                [(one.id, one.attempts, one.detail, one.report) for one in bus.outbox.find(query, 1000)]
                for bus in (source, target)
            )
            assert mine == theirs
        [dead] = target.outbox.find(DeliveryQuery(state="dead"), 10)
        assert target.outbox.attempts(dead.id) == source.outbox.attempts(dead.id)
        target.outbox.add([new_event(listener)])
        claimed = [one.event_id for one in target.outbox.claim(listener, 1000, 60, "t").deliveries]
        assert claimed == sorted(claimed) and len(claimed) == 698


def test_an_interrupted_copy_can_be_run_again(filled, copy, conf, monkeypatch):
    from pulp_events_postgres import copying

    whole, calls = copying._store, []

    def torn(*arguments, **more):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(*arguments, **more)

    monkeypatch.setattr(copying, "_store", torn)
    try:
        assert copy().code != 0
    except KeyboardInterrupt:
        pass
    run = copy()
    assert run.code == 0, run.err
    assert json.loads(run.out)["there_already"] == copying.BATCH
    with EventBus.open(conf, deliver="external") as target:
        assert target.outbox.stats().pending == 698
        claimed = [one.event_id for one in target.outbox.claim(filled[1], 1000, 60, "t").deliveries]
        assert claimed == sorted(claimed)


def test_copying_onto_itself_is_refused(admin, url):
    run = admin("event", "storage", "copy", "--to", url, "--password", "pw")
    assert run.code == 1 and "name another" in run.err
