"""The contracts of both stores, with LISTEN and as behind a pooler."""

import time

import pytest

from pulp_events.testing.listener_store_contract import ListenerStoreContract
from pulp_events.testing.outbox_contract import OutboxContract


class Patient:
    """An outbox that is told of changes: they are there in a moment, not at once."""

    def __init__(self, outbox):
        self._outbox = outbox

    def __getattr__(self, name):
        return getattr(self._outbox, name)

    def changed(self):
        deadline = time.monotonic() + 0.3
        while not (changed := self._outbox.changed()) and time.monotonic() < deadline:
            time.sleep(0.005)
        return changed


class TestOutboxThatListens(OutboxContract):
    @pytest.fixture
    def home(self, place):
        place.open = lambda: Patient(place.outbox())
        return place


class TestOutboxBehindAPooler(OutboxContract):
    @pytest.fixture
    def home(self, place):
        place.limits = {"listen": False}
        place.open = lambda: place.outbox(look=0.0)
        return place


class TestListenerStore(ListenerStoreContract):
    @pytest.fixture
    def home(self, place):
        place.open = lambda: place.listeners(fresh=0.0)
        return place
