"""The TinyDB store does what every home of listener records must do."""

import json

import pytest

from pulp_events.listeners.document import to_document
from pulp_events.listeners.tinydb_store import TinyDBListenerStore
from pulp_events.testing.listener_store_contract import ListenerStoreContract


class TinyDBHome:
    def __init__(self, folder):
        self.folder = folder

    def open(self):
        return TinyDBListenerStore(self.folder)

    def keeping(self, seconds):
        return TinyDBListenerStore(self.folder, keep_history=seconds)

    def files(self):
        return [path for path in self.folder.iterdir() if path.is_file()]

    def spoil(self, listener, **attributes):
        path = self.folder / "listeners.json"
        content = json.loads(path.read_text())
        [key] = (key for key, each in content["listeners"].items() if each["id"] == listener.id)
        content["listeners"][key] = to_document(listener) | attributes
        path.write_text(json.dumps(content))


class TestTinyDBListenerStore(ListenerStoreContract):
    @pytest.fixture
    def home(self, tmp_path):
        return TinyDBHome(tmp_path / "data")
