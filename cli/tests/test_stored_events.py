"""`event list` and `event show`, `event emit --id`: events as things of their own."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3

import pytest

from pulp_events.testing.http_sink import Answer, HttpSink


@pytest.fixture
def sink():
    with HttpSink(lambda request: Answer(404 if request.path == "/404" else 200)) as it:
        yield it


@pytest.fixture
def kept(admin, sink):
    """An installation that keeps all events, with a listener that takes them, one that refuses, one that does not match
    and one that is younger."""
    admin.configure("keep = all\n")
    admin.taking = admin.listener("http", "create", "--event-type=repo.sync.*", f"--url={sink.url}/hook")
    admin.refusing = admin.listener(
        "http", "create", "--event-type=repo.sync.start", f"--url={sink.url}/404", "--permanent=404"
    )
    admin.filtering = admin.listener(
        "http", "create", "--event-type=repo.#", "--filter=payload.n > `5`", f"--url={sink.url}/hook"
    )
    admin("event", "emit", "repo.sync.start", "--payload", '{"n": 1, "text": "Grüße"}', "--id=sync-1")
    admin.ok("event", "emit", "repo.sync.finish", "--payload", '{"repo_id": "pulp2", "n": 2}', "--id=sync-2")
    admin.ok("event", "emit", "repo.publish.start", "--payload", '{"n": 3}', "--id=publish-3")
    admin.young = admin.listener("http", "create", "--event-type=*", f"--url={sink.url}/hook")
    return admin


def ids(run):
    return [each["id"] for each in run.json]


def test_events_are_listed_newest_first_page_by_page(kept):
    run = kept.ok("event", "list")
    lines = run.out.splitlines()
    assert re.split(r"\s{2,}", lines[0]) == ["ID", "TIME", "EVENT TYPE", "DELIVERIES"]
    assert [(line.split()[0], line.split()[-1]) for line in lines[1:]] == [
        ("publish-3", "0"), ("sync-2", "1"), ("sync-1", "2"),
    ]  # fmt: skip
    assert "continue with --before publish-3" in kept.ok("event", "list", "--limit=1").out
    assert ids(kept.ok("--json", "event", "list", "--before=publish-3", "--limit=1")) == ["sync-2"]
    assert ids(kept.ok("--json", "event", "list", "--before=publ")) == ["sync-2", "sync-1"]


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--event-type=repo.sync.start"], ["sync-1"]),
        (["--event-type=repo.sync.*"], ["sync-2", "sync-1"]),
        (["--event-type=repo.publish.#", "--event-type=*.sync.start"], ["publish-3", "sync-1"]),
        (["--id=sync"], ["sync-2", "sync-1"]),
        (["--where=payload.n >= `2`"], ["publish-3", "sync-2"]),
        (["--where=contains(payload.text, 'Grüße')"], ["sync-1"]),
        (["--where=payload.text", "--event-type=repo.sync.finish"], []),
        (["--where=payload.n", "--limit=1", "--id=sync"], ["sync-2"]),
        (["--since=1h", "--until=0s"], ["publish-3", "sync-2", "sync-1"]),
        (["--until=1h"], []),
    ],
)
def test_events_are_filtered(kept, words, found):
    assert ids(kept.ok("--json", "event", "list", *words)) == found


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--event-type=repo.snyc.*"], "pattern 'repo.snyc.*' matches no event type"),
        (["--event-type=re po"], "is neither an event type nor a pattern"),
        (["--where=payload.["], "is not valid JMESPath"),
        (["--since=yesterday"], "is not a valid time"),
        (["--before=nonsense"], "no stored event has the id 'nonsense'"),
        (["--limit=0"], "is not a whole number above 0"),
        (["--limit=99999999999999999999"], "is too large; write a number from 1 to 999999999"),
    ],
)
def test_what_cannot_be_asked_is_said(kept, words, said):
    run = kept("event", "list", *words)
    assert run.code != 0 and said in run.err and run.err.count("\n") == 1 and run.out == ""


def test_an_event_is_shown_with_what_became_of_it_for_each_listener(kept):
    run = kept.ok("event", "show", "sync-1")
    rows = {line.split()[0]: line for line in run.out.splitlines() if line[:24] in (
        kept.taking, kept.refusing, kept.filtering, kept.young)}  # fmt: skip
    assert re.search(r" delivered +1 +200", rows[kept.taking])
    assert re.search(r" dead +1 +404", rows[kept.refusing])
    assert re.search(r" not matched +.*yields false", rows[kept.filtering])
    assert "created after the event" in rows[kept.young]
    assert '"text": "Grüße"' in run.out and re.search(r"^Event Type: +repo.sync.start$", run.out, re.MULTILINE)
    shown = kept.ok("--json", "event", "show", "publish").json
    assert shown["id"] == "publish-3" and shown["report"]["payload"] == {"n": 3}
    assert [(each["state"], each["delivery_id"]) for each in shown["listeners"]] == [(None, None)] * 4
    assert "repo.sync.* does not match repo.publish.start" in shown["listeners"][0]["detail"]


def test_deliveries_to_a_listener_that_is_gone_are_shown(kept):
    kept.ok("event", "listener", "delete", f"--listener-id={kept.taking}")
    assert re.search(rf"^{kept.taking} +\(deleted\) +delivered", kept.ok("event", "show", "sync-1").out, re.MULTILINE)


def test_an_id_is_found_by_its_beginning_and_a_wrong_one_is_answered_with_the_nearest(kept):
    assert kept.ok("--json", "event", "show", "publ").json["id"] == "publish-3"
    run = kept("event", "show", "sync")
    assert run.code == 2 and "'sync' is ambiguous: 2 events" in run.err
    run = kept("event", "show", "sync-11")
    assert run.code == 1 and "no stored event has the id 'sync-11'; did you mean" in run.err


def test_an_emit_with_an_id_can_be_repeated(kept, sink):
    before = len(sink.requests)
    words = ("event", "emit", "repo.sync.finish", "--payload", '{"repo_id": "pulp2", "n": 2}', "--id=sync-2")
    run = kept.ok(*words)
    assert "Event sync-2 was emitted before, at " in run.out and "nothing was stored" in run.out
    assert re.search(rf"^{kept.taking}  http  delivered", run.out, re.MULTILINE)
    assert kept.ok("--json", *words).json["new"] is False
    run = kept("event", "emit", "repo.sync.finish", "--payload", '{"repo_id": "pulp2", "n": 4}', "--id=sync-2")
    assert run.code == 1 and "payload.n was 2 and is 4 now" in run.err and run.err.count("\n") == 1
    run = kept("event", "emit", "repo.sync.finish", "--id=a b")
    assert run.code == 2 and "the id of an event cannot be 'a b'" in run.err
    assert len(sink.requests) == before
    assert kept.ok("--json", "event", "emit", "repo.publish.finish", "--id=new").json["new"] is True


def test_stored_events_are_counted(kept):
    stats = kept.ok("--json", "event", "delivery", "stats").json
    assert (stats["events"], stats["events_alone"]) == (3, 1)
    assert stats["oldest_event"] == kept.ok("--json", "event", "show", "sync-1").json["time"]
    assert "Stored events: 3, 1 of them without deliveries; the oldest was" in kept.ok("event", "delivery", "stats").out


def test_by_default_what_no_listener_matches_is_not_kept(admin):
    admin.ok("event", "emit", "repo.sync.start")
    assert admin.ok("--json", "event", "list").json == []
    assert admin.ok("event", "list").out == ""


def test_ids_of_events_are_completed(kept):
    from pulp_events_cli.completion.candidates import candidates

    config = ("--config", str(kept.config))
    assert [word for word, _ in candidates([*config, "event", "show"], "s")] == ["sync-2", "sync-1"]
    assert ("publish-3" in dict(candidates([*config, "event", "list", "--before"], ""))) is True
    assert "repo.sync.start" in dict(candidates([*config, "event", "list", "--event-type"], ""))


def test_a_search_that_fails_on_events_says_on_how_many_and_why(kept):
    run = kept.ok("event", "list", "--where=starts_with(payload.text, 'G')")
    assert "sync-1" in run.out and "sync-2" not in run.out
    assert run.err.count("\n") == 1 and "warning: `where` fails" in run.err
    assert "fails on 2 of the 3 events" in run.err and "starts_with() was given null, and takes string" in run.err
    assert kept.ok("event", "list", "--where=payload.n").err == ""


def test_a_search_that_costs_too_much_on_an_event_says_so(kept):
    large = json.dumps({"l": [1] * 20_000})
    kept.ok("event", "emit", "listener.disabled", f"--payload={large}", "--id=large", "--no-wait")
    run = kept.ok("event", "list", "--where=payload.l[?@ == `1`]")
    assert "fails on 1 of the 4 events" in run.err and "it costs too much" in run.err and run.out == ""


@pytest.mark.parametrize("where", ["", "[", "f(@)"])
def test_a_malformed_search_is_named_by_its_option(kept, where):
    run = kept("event", "list", f"--where={where}")
    assert run.code == 2 and "--where" in run.err and "filter" not in run.err


def test_the_trace_id_is_shown_where_there_is_one(kept, tmp_path):
    event = kept.ok("--json", "event", "show", "sync-1").json
    assert event["trace_id"] is None and "trace" not in kept.ok("event", "show", "sync-1").out.lower()
    trace = "0af7651916cd43dd8448eb211c80319c"
    parent = f"00-{trace}-b7ad6b7169203331-01"
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "outbox.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE pulp_event SET trace_context = ? WHERE id = 'sync-1'", (parent,))
    assert f"Trace Id:    {trace}\n" in kept.ok("event", "show", "sync-1").out
    assert re.search(rf"^Trace Id: +{trace}$", kept.ok("event", "delivery", "show", "sync-1.0").out, re.M)
    for words in (("show", "sync-1"), ("delivery", "show", "sync-1.0"), ("list", "--id=sync-1")):
        found = kept.ok("--json", "event", *words).json
        assert (found[0] if isinstance(found, list) else found)["trace_id"] == trace
    assert kept.ok("event", "list", "--columns=id,trace_id").out.count(trace) == 1
