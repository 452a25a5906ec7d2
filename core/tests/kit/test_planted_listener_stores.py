"""Stores of listeners with one fault each: the claim that is meant for it must find it."""

import json

import pytest

from pulp_events.errors import StoreError
from pulp_events.listeners.tinydb_store import KEEP_HISTORY, TinyDBListenerStore
from pulp_events.testing.listener_store_contract import ListenerStoreContract


class Home:
    """Of a store without a fault."""

    make = TinyDBListenerStore

    def __init__(self, folder):
        self.folder = folder

    def open(self):
        return self.make(self.folder)

    def keeping(self, seconds):
        return self.make(self.folder, seconds)

    def files(self):
        return [path for path in self.folder.iterdir() if path.is_file()]

    def spoil(self, listener, **attributes):
        path = self.folder / "listeners.json"
        content = json.loads(path.read_text())
        for each in content["listeners"].values():
            each.update(attributes)
        path.write_text(json.dumps(content))


class NeverPruned(Home):
    def keeping(self, seconds):
        return self.make(self.folder, seconds and KEEP_HISTORY)


class KeptAllTheSame(Home):
    def keeping(self, seconds):
        return self.make(self.folder, seconds or KEEP_HISTORY)


class ShownAllTheSame(Home):
    """What was kept before is hidden, and not gone."""

    def keeping(self, seconds):
        store = self.make(self.folder, seconds or KEEP_HISTORY)
        if not seconds:
            store.history = lambda query: []
        return store


class Telling(TinyDBListenerStore):
    """Shows the record in what it says of it."""

    def broken(self):
        content = json.loads((self._folder / "listeners.json").read_text())
        return {key: f"{why}: {content['listeners']}" for key, why in super().broken().items()}


class TellingHome(Home):
    make = Telling


class ForAll(TinyDBListenerStore):
    """Leaves its files readable by everybody."""

    def edit(self, make):
        found = super().edit(make)
        for path in self._folder.iterdir():
            path.chmod(0o644)
        return found


class ForAllHome(Home):
    make = ForAll


class NeedsAFolder(Home):
    """Opens only in a folder that is there."""

    def __init__(self, folder):
        super().__init__(folder)
        folder.mkdir()

    def open(self):
        (self.folder / "journal").touch(0o600)
        return super().open()


class FolderForAll(Home):
    """Makes its folder, for everybody."""

    def open(self):
        self.folder.mkdir(exist_ok=True)
        return super().open()


class SaysNothingOfTheFolder(NeedsAFolder):
    """What it says of a folder that is not there does not name it."""

    def open(self):
        try:
            return super().open()
        except FileNotFoundError:
            raise StoreError("it is not there; make it") from None


KEPT = "test_a_history_is_kept_for_as_long_as_it_is_to_be"
NONE = "test_no_history_is_kept_or_shown_where_none_is_wanted"
TOLD = "test_what_is_said_of_a_record_that_is_no_listener_shows_nothing_of_its_configuration"
FOLDER = "test_it_opens_in_a_folder_that_is_not_there_yet"
MODE = "test_its_files_are_for_their_owner_alone"


@pytest.mark.parametrize(
    ("home", "claim"),
    [
        (NeverPruned, KEPT),
        (KeptAllTheSame, NONE),
        (ShownAllTheSame, NONE),
        (TellingHome, TOLD),
        (ForAllHome, MODE),
        (NeedsAFolder, FOLDER),
        (FolderForAll, FOLDER),
        (SaysNothingOfTheFolder, FOLDER),
    ],
)
def test_a_fault_is_found_by_the_claim_meant_for_it(tmp_path, caplog, home, claim):
    run(Home(tmp_path / "good"), claim, caplog)
    with pytest.raises(AssertionError):
        run(home(tmp_path / "bad"), claim, caplog)


def run(home, claim, caplog):
    method = getattr(ListenerStoreContract(), claim)
    method(home, home.open(), caplog) if claim == TOLD else method(home)
