"""Claims about secrets: records have some, and nothing that others can read may show them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pulp_events.errors import StoreError
from pulp_events.listeners.store import ListenerStore
from pulp_events.testing.listener_store_contract.history import noted
from pulp_events.testing.listener_store_contract.home import Home, new_listener, next_lane_of

SECRET = "hunter2-of-a-listener"


class SecrecyClaims:
    """Part of `ListenerStoreContract`."""

    def test_what_is_said_of_a_record_that_is_no_listener_shows_nothing_of_its_configuration(
        self, home: Home, store: ListenerStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        spoil = getattr(home, "spoil", None)
        if spoil is None:
            pytest.skip("the home has no spoil(listener, **attributes), which writes a record past the store")
        bad = new_listener(notifier_config={"token": SECRET})
        store.add(bad)
        for wrong in ({"lanes": "2"}, {"notifier_config": [SECRET]}, {"notifier_type_id": None}):
            spoil(bad, **wrong)
            assert list(store.all()) == []
            said = [*store.broken().values(), caplog.text]
            for attempt in (store.remove, lambda id: store.change(id, lambda before: before)):
                with pytest.raises(StoreError) as refused:
                    attempt(bad.id)
                said.append(str(refused.value))
            assert not [text for text in said if SECRET in text], "the record's document stands in what is said of it"

    def test_its_files_are_for_their_owner_alone(self, home: Home) -> None:
        files = getattr(home, "files", None)
        if files is None:
            pytest.skip("the home has no files(), which names the files of the store")
        before = os.umask(0o022)
        try:
            store, listener = home.open(), new_listener(notifier_config={"token": SECRET})
            store.edit(noted(lambda edit: edit.add(listener), 0))
            store.edit(noted(next_lane_of(listener.id), 1))
            found = {str(path): stat.S_IMODE(Path(path).stat().st_mode) for path in files()}
            store.close()
        finally:
            os.umask(before)
        assert found, "files() names none"
        assert set(found.values()) == {0o600}, f"{found}: records may hold secrets, so their files have mode 0600"
