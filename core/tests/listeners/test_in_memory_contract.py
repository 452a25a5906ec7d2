"""The store in memory does what every home of listener records must do."""

import pytest

from pulp_events.listeners.in_memory_store import InMemoryListenerStore
from pulp_events.testing.listener_store_contract import ListenerStoreContract


class MemoryHome:
    def __init__(self):
        self.store = InMemoryListenerStore()

    def open(self):
        return self.store

    def spoil(self, listener, **attributes):
        pytest.skip("nobody but the store itself writes to memory")


class TestInMemoryListenerStore(ListenerStoreContract):
    @pytest.fixture
    def home(self):
        return MemoryHome()
