"""`listener list` narrowed, with how deliveries went; `listener explain`."""

from __future__ import annotations

import pytest

from pulp_events.testing import record_events
from pulp_events.testing.http_sink import HttpSink

LIST = ("event", "listener", "list")
EXPLAIN = ("event", "listener", "explain", "--event-type=repo.sync.finish")


@pytest.fixture
def listeners(admin, refused):
    with HttpSink() as sink:
        good = admin.listener("http", "create", "--event-type=repo.sync.*", f"--url={sink.url}")
        bad = admin.listener("http", "create", "--event-type=*", f"--url=http://{refused}/", "--retry-schedule=1h")
        mail = admin.listener(
            "email", "create", "--event-type=repo.publish.#", "--subject=s", "--addresses=a@b.example", "--disabled"
        )
        admin.ok("event", "emit", "repo.sync.start", "--no-wait")
        admin.ok("event", "worker", "--drain")
        yield good, bad, mail


def ids(run):
    return [line.split()[-1] for line in run.out.splitlines() if line.startswith("Id:")]


def test_each_filter_leaves_what_it_says(admin, listeners):
    good, bad, mail = listeners
    assert ids(admin.ok(*LIST)) == [good, bad, mail]
    assert ids(admin.ok(*LIST, "--type=http")) == [good, bad]
    assert ids(admin.ok(*LIST, "--disabled")) == [mail]
    assert ids(admin.ok(*LIST, "--failing")) == [bad]
    assert ids(admin.ok(*LIST, "--event-type=repo.publish.start")) == [bad, mail]
    assert ids(admin.ok(*LIST, "--event-type=repo.sync.*")) == [good]
    assert ids(admin.ok(*LIST, "--type=http", "--event-type=repo.publish.start", "--failing")) == [bad]
    assert admin.ok(*LIST, "--type=email", "--failing").out == ""


def test_they_show_the_last_outcome_and_the_last_success(admin, listeners):
    good, bad, mail = listeners
    assert "Last" not in admin.ok(*LIST).out
    first, second, third = admin.ok(*LIST, "--health").out.split("\n\n")
    assert "Last Outcome:      delivered\n" in first and "Last Success:      20" in first
    assert "Last Outcome:      failed once since 20" in second and "Last Success:      -" in second
    assert "Last Outcome:      -" in third
    shown = {each["id"]: each["health"] for each in admin.ok(*LIST, "--health", "--json").json}
    assert shown[good]["last_outcome"] == "delivered" and shown[good]["last_success"].endswith("Z")
    assert (shown[bad]["last_outcome"], shown[bad]["failures"], shown[bad]["last_success"]) == ("failed", 1, None)
    assert shown[mail]["last_outcome"] is None
    assert {each["health"] for each in admin.ok(*LIST, "--json").json} == {None}


def test_what_is_asked_for_must_exist(admin, listeners):
    assert "did you mean 'http'?" in admin(*LIST, "--type=htpp").err
    assert "did you mean 'repo.sync.start'?" in admin(*LIST, "--event-type=repo.sync.strat").err


def test_explain_says_of_each_listener_why(admin, listeners):
    good, bad, mail = listeners
    admin.ok("event", "listener", "http", "update", "--listener-id", good, "--filter=payload.result == 'failed'")
    admin.ok("event", "listener", "mute", "--listener-id", bad, "--for=1h")
    run = admin.ok(*EXPLAIN, "--payload", '{"result": "success"}')
    lines = run.out.splitlines()
    assert lines[0].split("  ")[0] == "LISTENER" and "GETS IT" in lines[0]
    assert f"{good}  http   no       the filter payload.result == 'failed' yields false, which is false" in run.out
    assert f"{bad}  http   later    the listener is muted until" in run.out
    assert f"{mail}  email  no       repo.publish.# does not match repo.sync.finish" in run.out
    [one] = admin.ok(*EXPLAIN, "--payload", '{"result": "failed"}', "--listener-id", good[:10], "--json").json
    assert (one["gets"], one["cause"]) == ("yes", "all")
    assert admin.ok("event", "delivery", "list", "--event-type=repo.sync.finish").out == ""


def test_explain_refuses_what_emit_refuses(admin):
    assert admin("event", "listener", "explain", "--event-type=repo.sink").code == 2
    assert admin(*EXPLAIN, "--payload=[1]").code == 2
    assert admin.ok(*EXPLAIN).err == "pulp-admin: note: there are no listeners\n"
    assert admin.ok(*EXPLAIN, "--quiet").out == ""


def test_while_a_test_records_events_its_listeners_are_listed(admin):
    admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/")
    with record_events():
        assert admin.ok("event", "listener", "list", "--json").json == []
    assert len(admin.ok("event", "listener", "list", "--json").json) == 1
