"""Why a delivery waits: one rule for `listener explain` and for `emit`."""

from datetime import UTC, datetime, timedelta

import pytest

from pulp_events import Listener, Notifier
from pulp_events.listeners.waiting import wait_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def listener(**attributes):
    own = {"id": "0" * 24, "notifier_type_id": "http", "notifier_config": {}, "event_types": ("*",), "targets": ("",)}
    return Listener(**{**own, "created": NOW, "updated": NOW, **attributes})


@pytest.mark.parametrize(
    ("attributes", "cause", "reason"),
    [
        ({"enabled": False}, "disabled", "the listener is disabled"),
        ({"enabled": False, "disabled_reason": "410"}, "disabled", "the listener is disabled (410)"),
        ({"enabled": False, "muted_until": LATER}, "disabled", "the listener is disabled"),
        ({"muted_until": LATER}, "muted", "the listener is muted until 2026-11-26T12:05:00Z"),
        ({"notifier_type_id": "gone"}, "notifier", "notifier type gone is not installed"),
    ],
)
def test_what_stands_in_the_way_is_told(attributes, cause, reason):
    wait = wait_of(listener(**attributes), {"http": Notifier()}, NOW.timestamp())
    assert (wait.cause, wait.reason) == (cause, reason)


def test_nothing_stands_in_the_way():
    for attributes in ({}, {"muted_until": LATER}):
        assert wait_of(listener(**attributes), {"http": Notifier()}, LATER.timestamp() + 1) is None
