"""The TinyDB store does what every home of listener records must do."""

import pytest

from pulp_events.listeners.tinydb_store import TinyDBListenerStore
from pulp_events.testing.listener_store_contract import ListenerStoreContract


class TinyDBHome:
    def __init__(self, folder):
        self.folder = folder

    def open(self):
        return TinyDBListenerStore(self.folder)


class TestTinyDBListenerStore(ListenerStoreContract):
    @pytest.fixture
    def home(self, tmp_path):
        return TinyDBHome(tmp_path / "data")
