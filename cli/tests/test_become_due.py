"""What a change lets go is said."""

import pytest

from pulp_events import EventBus
from pulp_events.outbox.records import ClaimRequest
from pulp_events.testing.outbox_contract.home import result


@pytest.fixture
def waiting(admin):
    """A listener with three deliveries, two of which wait ten hours for their retry."""
    with EventBus.open(admin.config, deliver="external") as bus:
        made = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="ci")
        for _ in range(3):
            bus.emit("repo.sync.finish", {"repo_id": "a"})
        taken = bus.outbox.claim([ClaimRequest(made.id, 2)], 60, "t").deliveries
        said = "127.0.0.1:9: the connection failed: Connection refused"
        bus.outbox.record([result(each, "postpone", 36000.0, said) for each in taken])


def listener(admin, *words):
    return admin.ok("event", "listener", *words).out.splitlines()[1:]


def test_an_update_that_ends_waits_says_how_many(admin, waiting):
    assert listener(admin, "http", "update", "ci", "--url=http://127.0.0.1:10/") == [
        "2 pending deliveries become due within a minute"
    ]
    assert listener(admin, "http", "update", "ci", "--name=other") == [], "a name ends none"
    assert listener(admin, "http", "update", "other", "--name=other") == []


def test_so_does_enable(admin, waiting):
    admin.ok("event", "listener", "disable", "ci")
    assert listener(admin, "http", "update", "ci", "--url=http://127.0.0.1:10/") == [], "it is disabled"
    assert listener(admin, "enable", "ci") == ["3 pending deliveries become due within a minute"]
    assert listener(admin, "enable", "ci") == []


def test_so_does_unmute(admin, waiting):
    for chosen in ("ci", "--all"):
        admin.ok("event", "listener", "mute", "ci", "--for=1h")
        assert listener(admin, "unmute", chosen) == ["1 pending delivery is due now"]
        assert listener(admin, "unmute", chosen) == []


def test_with_json_it_is_the_record_alone(admin, waiting):
    assert admin.ok("event", "listener", "http", "update", "ci", "--timeout=3s", "--json").json["name"] == "ci"


def test_the_table_of_listeners_says_how_the_last_attempt_went_and_why(admin, waiting, lines):
    heading, row = admin.ok("event", "listener", "list", "--table").out.splitlines()
    assert "LAST OUTCOME" in heading and "DETAIL" in heading
    assert "failed" in row and "127.0.0.1:9: the connection failed: Connection refused" in row
    heading, row = lines(80, "event", "listener", "list", "--table")
    assert "failed" in row and "Connection refused" in row
    assert admin.ok("event", "listener", "list", "--table", "--json").json[0]["health"] is None
