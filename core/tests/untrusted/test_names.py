"""A listener of somebody else is, to an untrusted author, as one that there is not, whatever he asks for."""

import pytest

from pulp_events import Author, DeliveryQuery, ListenerNotFound

ALICE = Author("alice", scope="a")
NO_ID = "0" * 24
METHODS = {
    "get": (),
    "update": ({"note": "x"},),
    "delete": (),
    "enable": (),
    "disable": (),
    "mute": (60,),
    "unmute": (),
    "draft_update": ({"note": "x"},),
}
DELIVERIES = {
    "list": lambda deliveries, query: deliveries.list(query),
    "count": lambda deliveries, query: deliveries.count(query),
    "retry": lambda deliveries, query: list(deliveries.retry(query)),
    "count_retried": lambda deliveries, query: deliveries.count_retried(query),
    "count_orphaned": lambda deliveries, query: deliveries.count_orphaned(query),
    "discard": lambda deliveries, query: list(deliveries.discard(query, "why")),
    "count_discarded": lambda deliveries, query: deliveries.count_discarded(query),
}


@pytest.fixture
def others(bus):
    """The id and name of an administrator's listener, and of one of another author with the same scope."""
    admin = bus.listeners.create("net", {}, ["*"], name="admins")
    bob = bus.listeners.by(Author("bob", scope="a")).create("net", {}, ["*"])
    bus.listeners.update(bob.id, name="bobs")
    return [admin.id, "admins", bob.id, "bobs"]


def refused(call, asked, *arguments):
    """What is said of a listener that is asked for, without the name or id that was given."""
    with pytest.raises(ListenerNotFound) as error:
        call(asked, *arguments)
    return str(error.value).replace(repr(asked), "ASKED")


@pytest.mark.parametrize("method", METHODS)
def test_no_method_tells_it_from_one_that_there_is_not(bus, others, method):
    mine = bus.listeners.by(ALICE)
    for asked in others:
        unknown = NO_ID if len(asked) == 24 else "no-such"
        call = getattr(mine, method)
        assert refused(call, asked, *METHODS[method]) == refused(call, unknown, *METHODS[method])
    assert len(bus.listeners.list()) == 2


@pytest.mark.parametrize("method", ("update", "delete", "enable", "disable", "mute", "unmute"))
def test_nor_do_many_changes_together(bus, others, method):
    def change(asked):
        with bus.listeners.by(ALICE).together() as several:
            getattr(several, method)(asked, *METHODS[method])

    for asked in others:
        assert refused(change, asked) == refused(change, NO_ID if len(asked) == 24 else "no-such")


@pytest.mark.parametrize("method", DELIVERIES)
def test_nor_do_deliveries(bus, others, method):
    bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a")
    deliveries = bus.deliveries.by(ALICE)

    def ask(listener):
        return DELIVERIES[method](deliveries, DeliveryQuery(listener_id=listener))

    for name in ("admins", "bobs"):
        assert refused(ask, name) == refused(ask, "no-such")
    for listener_id in (others[0], others[2]):
        assert ask(listener_id) == ask(NO_ID)
    own = bus.listeners.by(ALICE).create("net", {}, ["*"])
    bus.listeners.update(own.id, name="alices")
    bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a")
    assert deliveries.count(DeliveryQuery(listener_id="alices")) == 1


def test_a_name_that_several_of_others_have_is_none(bus, others, monkeypatch):
    records = [*bus.listeners.list()]
    for each in records:
        object.__setattr__(each, "name", "twice")  # as after a change of the file by hand
    monkeypatch.setattr(bus._index, "all", lambda: records)
    mine = bus.listeners.by(ALICE)
    for call in (mine.get, mine.history):
        assert refused(call, "twice") == refused(call, "no-such")
