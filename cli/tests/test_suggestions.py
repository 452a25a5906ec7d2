"""Did you mean: the same words for commands, options, values, types, event types and ids of every sort."""

from __future__ import annotations

import pytest

HTTP = ("event", "listener", "http", "create", "--url=http://127.0.0.1:9/", "--event-type")


@pytest.fixture
def known(admin):
    """Ids of a listener and of a delivery to it."""
    listener = admin.ok(*HTTP, "*", "--json").json["id"]
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    return listener, admin.ok("event", "delivery", "list", "--json").json[0]["id"]


def mistyped(text):
    return text[:-3] + ("a" if text[-3] != "a" else "b") + text[-2:]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("event listner", "listener"),
        ("event listener lst", "list"),
        ("event listener htpp create", "http"),
        ("completion bsh", "bash"),
        ("completion install fsh", "fish"),
        ("event listener list --helth", "--health"),
        ("event --jsn types", "--json"),
        ("event delivery list --state=ded", "dead"),
        ("event listener list --type=htp", "http"),
        ("event listener list --event-type=repo.sync.strat", "repo.sync.start"),
        ("event listener explain --event-type=repo.sync.strat", "repo.sync.start"),
        ("event emit repo.publsh.start", "repo.publish.start"),
        ("event delivery list --event-type=repo.sync.strat", "repo.sync.start"),
        ("event plugin show htp", "http"),
        ("event plugin check emial", "email"),
    ],
)
def test_what_was_meant_is_named(admin, known, words, meant):
    run = admin(*words.split())
    assert run.code in (1, 2) and f"; did you mean {meant!r}?" in run.err, run.err
    assert run.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "meant"),
    [("listener list", "event listener"), ("event history", "event listener history"), ("worker", "event worker")],
)
def test_a_command_of_a_section_further_down_is_named_whole(admin, words, meant):
    run = admin(*words.split())
    assert run.code == 2 and run.err.endswith(f"; did you mean `pulp-admin {meant}`?\n"), run.err


OF_ONE_LISTENER = """
listener show --listener-id {0}
listener delete --listener-id {0}
listener http update --listener-id {0}
listener mute --for=1h --listener-id {0}
listener explain --event-type=repo.sync.start --listener-id {0}
listener export --listener-id {0}
delivery list --listener-id {0}
"""


@pytest.mark.parametrize("words", OF_ONE_LISTENER.strip().splitlines())
def test_a_mistyped_listener_id_is_answered_with_the_nearest(admin, known, words):
    wrong = mistyped(known[0])[:23]
    run = admin("event", *words.format(wrong).split())
    assert run.code == 1 and f"no listener has the id {wrong!r}; did you mean {known[0]!r}?" in run.err, run.err


@pytest.mark.parametrize("words", ["show {0}", "retry {0}", "purge {0}", "list --before {0}"])
def test_a_mistyped_delivery_id_is_answered_with_the_nearest(admin, known, words):
    wrong = mistyped(known[1])
    run = admin("event", "delivery", *words.format(wrong).split())
    assert run.code == 1 and f"no delivery has the id {wrong!r}; did you mean {known[1]!r}?" in run.err, run.err


def test_deliveries_are_found_by_their_beginning_and_by_their_event(admin, known):
    _, delivery = known
    for text in (delivery, delivery[:20], delivery.rpartition(".")[0]):
        assert admin.ok("event", "delivery", "show", text, "--json").json["id"] == delivery
    admin.ok(
        "event", "listener", "email", "create", "--event-type=*", "--subject=s", "--addresses=a@b.example,c@b.example"
    )
    event = admin.ok("event", "emit", "repo.sync.start", "--no-wait", "--json").json["id"]
    run = admin("event", "delivery", "show", event)
    assert run.code == 2 and "is ambiguous: 3 deliveries have ids that start with it" in run.err
    assert admin("event", "delivery", "show", "0000").code == 1
