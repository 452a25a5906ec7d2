"""Claims about secrets: records have some, and nothing that others can read may show them."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
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

    def test_it_opens_in_a_folder_that_is_not_there_yet(self, home: Home) -> None:
        files = getattr(home, "files", None)
        if files is None:
            pytest.skip("the home has no files(), which names the files of the store")
        before = os.umask(0o022)
        try:
            first = home.open()
            first.add(new_listener())
            first.close()
            folders = _without_their_folders([Path(each) for each in files()])
            listener = new_listener()
            try:
                store = home.open()
                store.add(listener)
            except StoreError as error:
                assert any(str(folder) in str(error) for folder in folders), f"{error}: it must name the folder"
                return
            except OSError as error:
                raise AssertionError(
                    f"{error}: in a new installation the data folder is made by what is first in it; make the folder "
                    "of your files (mode 0700), or raise StoreError that names it"
                ) from error
            modes = {str(folder): stat.S_IMODE(folder.stat().st_mode) for folder in folders}
            assert list(store.all()) == [listener]
            store.close()
        finally:
            os.umask(before)
        assert set(modes.values()) == {0o700}, f"{modes}: records may hold secrets, so their folder has mode 0700"


def _without_their_folders(files: Sequence[Path]) -> list[Path]:
    """The folders of these files, deleted with them; the test is skipped where there is anything else in one."""
    folders = sorted({path.parent for path in files}, reverse=True)
    if any(set(folder.iterdir()) - {*files, *folders} for folder in folders):
        pytest.skip("the files of the store are not alone in their folder, so it cannot be taken away")
    for path in files:
        path.unlink()
    for folder in folders:
        folder.rmdir()
    return folders
