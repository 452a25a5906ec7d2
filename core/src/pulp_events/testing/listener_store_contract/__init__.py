"""`ListenerStoreContract`: what every home of listener records must do, as tests to be subclassed.

    class TestMyStore(ListenerStoreContract):
        @pytest.fixture
        def home(self, tmp_path):
            return MyHome(tmp_path)             # has open() -> ListenerStore

`open` may be called several times: each store is another process's view of the same home. What a home has besides, each
for a test more:

    def spoil(self, listener, **attributes):    # stores this record with these attributes as somebody would by hand
    def keeping(self, seconds):                 # -> ListenerStore that keeps its history for so long, 0: not at all
    def files(self):                            # -> the files that the store has made; once they are deleted, with
                                                #    their folder if nothing else is in it

The tests of the history are for a store that keeps one (`ListenerHistory`), those of event types for one that remembers
them (`RemembersTypes`), and skipped for any other.
"""

from __future__ import annotations

from pulp_events.testing.listener_store_contract.history import HistoryClaims, changes_at, noted
from pulp_events.testing.listener_store_contract.home import Home, add_all, new_listener, not_defaults
from pulp_events.testing.listener_store_contract.records import RecordClaims
from pulp_events.testing.listener_store_contract.secrecy import SecrecyClaims
from pulp_events.testing.listener_store_contract.types import TypeClaims

__all__ = ["Home", "ListenerStoreContract", "add_all", "changes_at", "new_listener", "not_defaults", "noted"]


class ListenerStoreContract(RecordClaims, HistoryClaims, SecrecyClaims, TypeClaims):
    """Subclass it and give it a fixture `home`."""
