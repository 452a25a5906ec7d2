"""The contracts of both stores, with LISTEN and as behind a pooler."""

import pytest

from pulp_events.listeners.history import HistoryQuery
from pulp_events.testing.listener_store_contract import ListenerStoreContract, new_listener, noted
from pulp_events.testing.outbox_contract import OutboxContract


class TestOutboxThatListens(OutboxContract):
    @pytest.fixture
    def home(self, place, patient):
        place.open = lambda: patient(place.outbox())
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


def test_no_history_is_kept_or_shown_where_none_is_wanted(place):
    keeping, not_keeping = place.listeners(fresh=0.0), place.listeners(fresh=0.0, keep_history=0.0)
    for number, store in enumerate((keeping, not_keeping)):
        store.edit(noted(lambda edit: edit.add(new_listener()), number))
        assert len(store.history(HistoryQuery())) == 1 - number
    assert keeping.history(HistoryQuery()) == []
    keeping.close()
    not_keeping.close()
