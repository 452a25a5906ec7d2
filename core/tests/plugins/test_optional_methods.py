"""What a store need not have, it need not have: none of the optional protocols is asked for when it is offered."""

import inspect

import pytest
from marshmallow import Schema

from pulp_events import Notifier, PluginError, hookimpl, stores
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.plugins.validation import missing_methods
from pulp_events.testing import open_bus


class Taking(Notifier):
    type_id = "taking"
    config_schema = Schema

    def deliver(self, event, config): ...


class Bare:
    """Only what the protocol of an outbox has, of one that has more."""

    def __init__(self, path, without=()):
        self._whole = SQLiteOutbox(path)
        for name in missing_methods(object(), stores.Outbox):
            if name not in without:
                setattr(self, name, getattr(self._whole, name))


class Offering:
    def __init__(self, outbox):
        self.outbox = outbox

    @hookimpl
    def pulp_outbox(self):
        return self.outbox


def test_an_outbox_with_nothing_but_its_protocol_is_taken_and_counts_by_looking(tmp_path):
    bare = Bare(tmp_path / "bare.sqlite")
    optional = (stores.CountsWhatHappens, stores.CountsWhatEnds, stores.NotesWithEvents, stores.FollowsListeners)
    assert not isinstance(bare, optional)
    with open_bus(tmp_path, Taking(), Offering(bare)) as bus:
        listener = bus.listeners.create("taking", {}, ["repo.sync.start"])
        bus.emit("repo.sync.start", {"repo_id": "pulp2"})
        found = bus.deliveries.stats(since=bus.deliveries.list()[0].event_time)
        assert found.activity.groups[listener.id].delivered == 1


def test_an_outbox_that_lacks_a_method_of_the_protocol_is_refused_by_name(tmp_path):
    offering = Offering(Bare(tmp_path / "bare.sqlite", without=("claim", "record")))
    with pytest.raises(PluginError, match="without claim, record") as refused, open_bus(tmp_path, offering) as bus:
        bus.deliveries.list()
    assert str(refused.value).startswith("plugin Offering, pulp_outbox: ")


@pytest.mark.parametrize("protocol", [stores.ListenerStore, stores.Outbox])
def test_a_protocol_has_no_method_of_which_it_says_that_it_is_optional(protocol):
    names = missing_methods(object(), protocol)
    assert len(names) > 3
    for name in names:
        text = inspect.getdoc(getattr(protocol, name)) or ""
        assert "need not have" not in text and "ptional" not in text, name
