"""`listener backtest`: what a listener would have been sent; nothing leaves."""

from __future__ import annotations

import pytest

from pulp_events.testing.http_sink import Answer, HttpSink


@pytest.fixture
def sink():
    with HttpSink(lambda request: Answer(200)) as it:
        yield it


@pytest.fixture
def tried(admin, sink):
    """A listener that was sent two of four events."""
    admin.configure("keep = all\n")
    admin.sink = sink
    admin.id = admin.listener(
        "http", "create", "--name=ci", "--event-type=repo.sync.*", "--filter=payload.n > `2`", f"--url={sink.url}/hook"
    )
    for number in range(1, 5):
        admin.ok(
            "event", "emit", "repo.sync.finish", "--payload", f'{{"repo_id": "a", "n": {number}}}', f"--id=e{number}"
        )
    assert len(sink.requests) == 2
    admin.before = admin.stored(), admin.ok("--json", "event", "delivery", "list").json
    return admin


def test_a_listener_as_it_is_is_sent_what_it_was_sent(tried):
    run = tried.ok("event", "listener", "backtest", "ci", "--since=1h")
    lines = run.out.splitlines()
    assert lines[:2] == [
        "2 of 4 stored events of its types would be sent, in 2 messages",
        "= 2 would be sent, and have a delivery",
    ]
    assert [line.split()[:2] for line in lines[4:]] == [["=", "e3"], ["=", "e4"]]


def test_what_another_filter_changes_is_told_and_nothing_leaves_or_is_stored(tried):
    run = tried.ok("event", "listener", "backtest", "ci", "--since=1h", "--filter=payload.n < `4`", "--sample=1")
    lines = run.out.splitlines()
    assert lines[1:4] == [
        "+ 2 would be sent, and have no delivery",
        "- 1 has a delivery, and would not be sent",
        "= 1 would be sent, and has a delivery",
    ]
    assert [line.split()[:2] for line in lines[6:]] == [["+", "e1"], ["-", "e4"], ["=", "e3"]]
    assert [line.split()[-2:] for line in lines[6:]] == [["yes", "none"], ["no", "delivered"], ["yes", "delivered"]]
    assert (tried.stored(), tried.ok("--json", "event", "delivery", "list").json) == tried.before
    assert len(tried.sink.requests) == 2


def test_what_was_never_sent_is_not_said_to_have_been(tried):
    tried.ok("event", "listener", "disable", "--listener-id=ci")
    tried.ok("event", "emit", "repo.sync.finish", "--payload", '{"n": 9}', "--id=e9", "--no-wait")
    run = tried.ok("event", "listener", "backtest", "ci", "--since=1h")
    assert run.out.splitlines()[1] == "= 3 would be sent, and have a delivery"
    assert [line.split()[-1] for line in run.out.splitlines()[4:]] == ["delivered", "delivered", "pending"]
    found = tried.ok("--json", "event", "listener", "backtest", "ci", "--since=1h").json
    assert [each["states"] for each in found["events"]] == [["delivered"], ["delivered"], ["pending"]]


def test_messages_that_cannot_be_rendered_are_counted_though_they_are_not_shown(tried):
    words = ["event", "listener", "backtest", "ci", "--type=http", "--since=1h", "--sample=1", "--filter="]
    words += [
        "--format=template",
        "--content-type=text/plain",
        "--body-template={{ 6 // ((payload.n | default(1)) - 4) }}",
    ]
    run = tried.ok(*words)
    assert run.out.splitlines()[:2] == [
        "4 of 4 stored events of its types would be sent, in 4 messages",
        "! 1 message cannot be rendered",
    ]
    found = tried.ok("--json", *words).json
    assert found["failing"] == 1 and [each["failed"] for each in found["previews"]] == [False]


def test_the_options_of_a_type_describe_a_listener_that_is_not_there_and_its_messages_are_shown(tried):
    words = ["--type=http", "--event-type=repo.#", "--url=http://x.example/", "--format=template", "--since=1h"]
    run = tried.ok(
        "event",
        "listener",
        "backtest",
        *words,
        "--content-type=text/plain",
        "--body-template={{ payload.n }} of\n{{ event_type }}",
    )
    assert run.out.startswith("4 of 4 stored events of its types would be sent, in 4 messages\n\n")
    assert "Message, of e1:\n\n1 of\nrepo.sync.finish\n" in run.out and "before the listener" not in run.out
    words = [
        "--type",
        "email",
        "--event-type=*",
        "--subject=n is {{ payload.n }}",
        "--addresses=a@x.example,b@x.example",
    ]
    found = tried.ok("--json", "event", "listener", "backtest", *words, "--digest=7d", "--since=1h").json
    assert found["listener_id"] is None and found["counts"]["added"] == 4
    assert found["messages"] in (2, 4), "a window may just have ended"
    assert [each["target"] for each in found["previews"][:2]] == ["a@x.example", "b@x.example"]
    in_them = [event for each in found["previews"] for event in each["event_ids"]]
    assert sorted(in_them) == sorted(2 * ["e1", "e2", "e3", "e4"])
    found = tried.ok("--json", "event", "listener", "backtest", *words, "--since=1h", "--sample=1").json
    assert found["messages"] == 8 and found["previews"][0]["text"].startswith("Subject: n is 1\n\n{\n")


def test_an_existing_listener_is_tried_with_other_options_of_its_type(tried):
    words = ["event", "listener", "backtest", "ci", "--type=http", "--since=1h"]
    found = tried.ok("--json", *words, "--format=template", "--content-type=text/plain", "--body-template=Grüße").json
    assert {each["text"] for each in found["previews"]} == {"Grüße"} and found["listener_id"] == tried.id
    run = tried("event", "listener", "backtest", "ci", "--type=email", "--since=1h")
    assert run.code == 2 and "is of type http; leave out --type" in run.err


@pytest.mark.parametrize("before", [[], ["--since", "1h"], ["--label=a=b"]])
def test_the_options_of_its_type_need_no_type(tried, before):
    words = ["--format=template", "--content-type=text/plain", "--body-template={{ payload.n }} of {{ event_type }}"]
    run = tried.ok("--json", "event", "listener", "backtest", *before, "ci", "--since=1h", *words)
    assert {each["text"] for each in run.json["previews"]} == {"3 of repo.sync.finish", "4 of repo.sync.finish"}
    run = tried.ok(
        "--json", "event", "listener", "backtest", "--since=1h", *words[:2], "--body-template", "x", tried.id[:20]
    )
    assert run.json["listener_id"] == tried.id


def test_an_option_that_its_type_does_not_have_is_named(tried):
    for words in (["ci", "--subject={{ a }} of b"], ["ci", "--subject=a"], ["nobody", "--body-template=a b"]):
        run = tried("event", "listener", "backtest", "--since=1h", *words)
        assert run.code == 2 and f"unknown option {words[1].partition('=')[0]}" in run.err


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--since=1h"], 2, "--type"),
        (["--type=http", "--since=1h"], 2, "--event-type"),
        (["ci"], 2, "--since is required"),
        (["--type=nope", "--event-type=*", "--since=1h"], 2, "unknown notifier type 'nope'"),
        (["--type=http", "--event-type=*", "--since=1h"], 2, "url"),
        (["ci", "--since=1h", "--filter=a ="], 2, "not valid JMESPath"),
        (["nobody", "--since=1h"], 1, "nobody"),
        (["--type=http", "--event-type=*", "--since=1h", "--addresses=a"], 2, "unknown option --addresses"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_a_line(tried, words, code, text):
    run = tried("event", "listener", "backtest", *words)
    assert (run.code, len(run.err.splitlines())) == (code, 1) and text in run.err
