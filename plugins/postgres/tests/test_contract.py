"""The contracts of both stores, with LISTEN and as behind a pooler."""

import pytest

from pulp_events.testing.listener_store_contract import ListenerStoreContract
from pulp_events.testing.outbox_contract import OutboxContract


class TestOutboxThatListens(OutboxContract):
    @pytest.fixture
    def home(self, place):
        place.open = lambda: place.outbox(look=0.0)  # at each call: how soon it looks or hears is for test_waking.py
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
        place.keeping = lambda seconds: place.listeners(fresh=0.0, keep_history=seconds)
        return place
