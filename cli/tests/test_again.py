"""`delivery retry`, `discard` and `listener backfill`, as an administrator uses them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.outbox.records import ClaimRequest
from pulp_events.testing.http_sink import Answer, HttpSink

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

EMIT = ("event", "emit", "repo.sync.start")
RETRY = ("event", "delivery", "retry")
BACKFILL = ("event", "listener", "backfill")


@pytest.fixture
def sink():
    with HttpSink(lambda request: Answer(503 if request.path == "/503" else 200)) as it:
        yield it


@pytest.fixture
def listener(admin, sink):
    return admin.listener("http", "create", "--event-type=repo.#", f"--url={sink.url}/hook", "--name=ci", "--label=a=b")


def deliveries(admin, *words):
    return admin.ok("event", "delivery", "list", "--json", *words).json


def drain(admin):
    admin.ok("event", "worker", "--drain")


def terminal(admin, *words, answer=None, **streams):
    process = Terminal(admin.command(*words), admin.environment, **streams)
    try:
        if answer is not None:
            process.read(until="[y/N] ")
            process.type(answer)
        return process.end()
    finally:
        process.close()


def test_a_delivered_one_is_sent_again_with_an_id_of_its_own(admin, sink, listener):
    admin.ok(*EMIT)
    assert admin.ok(*RETRY, "--state=delivered", "--dry-run").out == "1 delivery would be sent again\n"
    assert admin.ok(*RETRY, "--state=delivered", "--listener-id=ci").out == "1 delivery is sent again\n"
    drain(admin)
    first, second = (request.headers["pulp-delivery-id"] for request in sink.requests)
    shown = admin.ok("event", "delivery", "show", second)
    assert re.search(rf"^Repeat Of: +{re.escape(first)}$", shown.out, re.MULTILINE)
    assert admin.ok("event", "delivery", "show", second, "--json").json["repeat_of"] == first
    assert [each["repeat_of"] for each in deliveries(admin)] == [first, None]


def test_run_again_it_repeats_nothing_twice_and_says_so(admin, listener):
    admin.ok(*EMIT)
    admin.ok(*RETRY, "--state=delivered")
    drain(admin)
    run = admin.ok(*RETRY, "--state=delivered")
    assert run.out == (
        "0 deliveries are sent again\n"
        "2 deliveries passed over: sent again before; --again sends the latest of each again\n"
    )
    assert "2 deliveries passed over" in admin.ok(*RETRY, "--state=delivered", "--dry-run").out
    assert admin.ok(*RETRY, "--state=delivered", "--json").json["passed_over"] == 2
    assert admin.ok(*RETRY, "--state=delivered", "--again").out == "1 delivery is sent again\n"


def test_a_repeat_is_repeated_by_its_id_and_what_was_repeated_is_not(admin, listener):
    admin.ok(*EMIT)
    first = deliveries(admin)[0]["id"]
    assert admin.ok(*RETRY, first).out == "1 delivery is sent again\n"
    refused = admin(*RETRY, first)
    second = deliveries(admin)[0]["id"]
    assert refused.code == 1 and f"was sent again already, and is now {second}, which is pending; retry" in refused.err
    drain(admin)
    assert admin.ok(*RETRY, second, "--json").json["retry"] == 1
    assert [each["repeat_of"] for each in deliveries(admin)] == [second, first, None]


def test_the_last_of_a_chain_of_repeats_is_named_and_sent_again_if_asked(admin, sink, listener):
    admin.ok(*EMIT)
    chain = [deliveries(admin)[0]["id"]]
    for _ in range(2):
        admin.ok(*RETRY, chain[-1])
        drain(admin)
        chain.append(deliveries(admin)[0]["id"])
    refused = admin(*RETRY, chain[0])
    assert (
        refused.code == 1 and f"is now {chain[2]}, which is delivered; retry that one, or give --again" in refused.err
    )
    run = admin.ok(*RETRY, chain[0], chain[1], chain[2], "--again")
    assert run.out == "1 delivery is sent again\n", "three names of one"
    assert admin.ok(*RETRY, chain[0], "--again").out == "0 deliveries are due now\n", "its latest repeat is pending"
    assert [each["repeat_of"] for each in deliveries(admin)] == [*reversed(chain), None]


@pytest.fixture
def waiting(admin, sink):
    """A delivery that waits for its retry, and its id."""
    admin.listener("http", "create", "--event-type=repo.#", f"--url={sink.url}/503", "--retry-schedule=10h,10h",
                   "--name=down")  # fmt: skip
    admin.ok(*EMIT, "--no-wait")
    drain(admin)
    return deliveries(admin, "--state=pending")[0]["id"]


@pytest.mark.sample(2)
@pytest.mark.parametrize("how", [("--state=pending",), ("--pending",), None, ("--pending", "--error=503 SERVICE")])
def test_what_waits_ten_hours_is_attempted_now(admin, sink, waiting, how):
    assert admin.ok(*RETRY, *(how or [waiting])).out == "1 delivery is due now\n"
    drain(admin)
    assert deliveries(admin)[0]["attempts"] == 2 and len(sink.requests) == 2


def test_ids_in_various_states_are_each_treated_as_what_they_are(admin, sink, listener, waiting):
    [done] = [each["id"] for each in deliveries(admin, "--state=delivered")]
    run = admin.ok(*RETRY, waiting, done)
    assert run.out == "1 delivery is due now\n1 delivery is sent again\n"


def test_what_waits_is_discarded_with_a_reason(admin, listener, waiting):
    discard = ("event", "delivery", "discard")
    assert admin.ok(*discard, "--listener-id=down", "--dry-run").out == "1 delivery would be discarded\n"
    run = admin.ok(*discard, "--listener-id=down", "--reason=wrong address", "--json")
    assert run.json == {"discard": 1, "attempted": 0, "dry_run": False, "interrupted": False}
    [dead] = deliveries(admin, "--error=wrong")
    assert (dead["state"], dead["detail"]) == ("dead", "wrong address")
    refused = admin(*discard, waiting)
    assert refused.code == 1 and "is dead; only pending deliveries can be chosen" in refused.err
    assert admin(*discard).code == 2


@pytest.fixture
def attempted(admin, waiting):
    """The id of a delivery that another process is attempting, beside the one that waits."""
    with EventBus.open(admin.config, deliver="external") as bus:
        event = bus.emit("repo.sync.start")
        [delivery] = bus.outbox.of_event(event.id)
        assert bus.outbox.claim([ClaimRequest(delivery.listener_id, 1, ids=[delivery.id])], 600.0, "t").deliveries
    return delivery.id


def test_what_is_being_attempted_is_counted_apart_and_left_alone(admin, attempted, waiting):
    discard = ("event", "delivery", "discard")
    left = "1 delivery is being attempted and left alone\n"
    assert admin.ok(*discard, "--all", "--dry-run").out == f"1 delivery would be discarded\n{left}"
    assert admin.ok(*discard, attempted).out == f"0 deliveries discarded\n{left}"
    assert admin.ok(*RETRY, "--pending", "--dry-run").out == f"1 delivery would be due now\n{left}"
    assert admin.ok(*RETRY, "--pending").out == f"1 delivery is due now\n{left}"
    text, _ = terminal(admin, *discard, "--all", answer="y\n")
    assert "Discard 1 delivery?" in text and "1 delivery discarded" in text and "left alone" in text
    counts = {"attempted": 1, "dry_run": False, "interrupted": False}
    assert admin.ok(*discard, "--all", "--json").json == {"discard": 0, **counts}
    assert admin.ok(*RETRY, "--pending", "--json").json == {
        "retry": 0,
        "passed_over": 0,
        "listener_deleted": 0,
        **counts,
    }


def test_what_was_for_a_deleted_listener_is_not_retried(admin, waiting):
    admin.ok("event", "delivery", "discard", "--all")
    admin.ok("event", "listener", "delete", "--listener-id=down")
    left = "1 delivery is left alone: no listener has the id any more\n"
    for chosen in ("--all", waiting):
        assert admin.ok(*RETRY, chosen, "--dry-run").out == f"0 deliveries would be pending again\n{left}"
        assert admin.ok(*RETRY, chosen).out == f"0 deliveries are pending again\n{left}"
    assert admin.ok(*RETRY, "--all", "--json").json["listener_deleted"] == 1
    assert deliveries(admin)[0]["state"] == "dead"


def test_a_drain_tells_what_is_for_a_deleted_listener_apart(admin, waiting):
    admin.ok("event", "delivery", "discard", "--all")
    stored = admin.stored()
    admin.ok("event", "listener", "delete", "--listener-id=down")
    left = admin.stored()
    (admin.data / "listeners.json").write_text(stored)
    admin.ok(*RETRY, "--all")
    (admin.data / "listeners.json").write_text(left)
    run = admin.ok("event", "worker", "--drain")
    assert run.out == "0 deliveries made, 0 dead; 1 is to a listener that was deleted, and not made\n"


def test_deliveries_are_chosen_by_label_event_pattern_and_text(admin, listener, waiting):
    event = waiting.rpartition(".")[0]
    assert (
        len(deliveries(admin, "--label=a")) == len(deliveries(admin, "--label=a=b", "--event-type=repo.*.start")) == 1
    )
    assert len(deliveries(admin, "--event-id", event)) == 2 and len(deliveries(admin, "--event-type=repo.#")) == 2
    assert [each["id"] for each in deliveries(admin, "--error=service")] == [waiting]
    assert "no listener has the label c" in admin("event", "delivery", "list", "--label=c").err
    assert "matches no event type" in admin("event", "delivery", "list", "--event-type=other.#").err
    assert admin.ok(*RETRY, "--label=a", "--state=delivered").out == "1 delivery is sent again\n"


@pytest.mark.slow
def test_on_a_terminal_it_asks_and_says_how_many(admin, listener):
    for _ in range(2):
        admin.ok(*EMIT)
    text, code = terminal(admin, *RETRY, "--state=delivered", answer="n\n")
    assert "Send 2 deliveries again? [y/N]" in text and "nothing was changed" in text and code == 1
    assert len(deliveries(admin)) == 2
    text, code = terminal(admin, *RETRY, "--state=delivered", answer="y\n")
    assert "2 deliveries are sent again" in text and code == 0
    text, code = terminal(admin, "event", "delivery", "discard", "--all", answer="yes\n")
    assert "Discard 2 deliveries? [y/N]" in text and "2 deliveries discarded" in text and code == 0
    text, code = terminal(admin, *RETRY, "--all", "--yes")
    assert "[y/N]" not in text and "2 deliveries are pending again" in text and code == 0


def test_before_it_deletes_it_asks_and_counts(admin, listener):
    purge = ("event", "delivery", "purge")
    for _ in range(2):
        admin.ok(*EMIT)
    assert admin.ok(*purge, "--state=delivered", "--dry-run").out == "2 deliveries would be deleted\n"
    assert admin.ok(*purge, "--all", "--dry-run", "--json").json == {"purge": 2, "dry_run": True, "interrupted": False}
    text, code = terminal(admin, *purge, "--all", answer="n\n")
    assert "Delete 2 deliveries? [y/N]" in text and "nothing was changed" in text and code == 1
    assert len(deliveries(admin)) == 2
    text, code = terminal(admin, *purge, "--all", answer="y\n")
    assert "2 deliveries deleted" in text and code == 0 and deliveries(admin) == []


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", ["stdout", "stderr"])
def test_it_asks_as_well_where_one_stream_goes_to_a_file(admin, listener, tmp_path, elsewhere):
    admin.ok(*EMIT)
    with (tmp_path / "file").open("w") as file:
        text, code = terminal(admin, *RETRY, "--state=delivered", answer="n\n", **{elsewhere: file})
    assert "Send 1 delivery again? [y/N]" in text and code == 1 and len(deliveries(admin)) == 1


@pytest.mark.sample(2)
@pytest.mark.sample(5)
@pytest.mark.parametrize("option", ["error", "event-id", "event-type", "listener-id", "label", "reason"])
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_condition_is_none_and_therefore_refused(admin, waiting, option, value):
    run = admin("event", "delivery", "discard", f"--{option}={value}", *(["--all"] if option == "reason" else []))
    assert (run.code, run.out) == (2, "") and f"--{option}" in run.err
    assert deliveries(admin)[0]["state"] == "pending"


def test_a_reason_has_a_limit_as_each_delivery_keeps_it(admin, waiting):
    run = admin("event", "delivery", "discard", "--all", "--reason=" + 1001 * "x")
    assert (run.code, run.out) == (2, "") and "has 1001 characters; the longest allowed has 1000" in run.err
    admin.ok("event", "delivery", "discard", "--all", "--reason=" + 1000 * "x")


@pytest.mark.parametrize("option", ["--id=", "--where=", "--event-type="])
def test_an_empty_condition_of_events_is_refused_too(admin, listener, option):
    run = admin("event", "erase", "--since=1h", option)
    assert (run.code, run.out) == (2, "") and "is empty" in run.err


def test_conditions_that_contradict_each_other_are_refused(admin, listener, waiting):
    for words in (("--state=delivered", "--pending"), ("--pending", "--state=dead"), ("--listener-id=ci",
                  "--listener-id=down"), ("--error=a", "--error=b")):  # fmt: skip
        run = admin(*RETRY, *words)
        assert (run.code, run.out) == (2, "") and "contradicts" in run.err and "give only one" in run.err
    run = admin("event", "listener", "disable", "--listener-id=ci", "--listener-id=down")
    assert run.code == 2 and "down contradicts ci" in run.err
    assert admin.ok(*RETRY, "--pending", "--state=pending").out == "1 delivery is due now\n"


def test_all_may_say_of_which_state(admin, listener, waiting):
    """`--pending` alone means all that are pending; nobody is wrong to say so."""
    would = "1 delivery would be due now\n"
    for words in (["--pending"], ["--pending", "--all"], ["--all", "--state=pending"]):
        assert admin.ok(*RETRY, *words, "--dry-run").out == would
    assert admin.ok(*RETRY, "--all", "--dry-run").out == "0 deliveries would be pending again\n"
    purge = ("event", "delivery", "purge", "--all", "--dry-run", "--json")
    assert admin.ok(*purge, "--state=dead").json["purge"] == 0
    for words in (["--listener-id=down"], ["--pending", "--since=1h"], ["ID"]):
        run = admin(*RETRY, "--all", *words)
        assert run.code == 2 and "in one way" in run.err
    run = admin(*RETRY, "--pending", "ID")
    assert run.code == 2 and "in one way" in run.err


@pytest.mark.parametrize("command", ["delivery retry", "delivery discard", "delivery purge", "delivery list", "list",
                                     "erase", "listener backtest ci", "listener backfill ci"])  # fmt: skip
def test_a_span_that_ends_before_it_begins_is_refused(admin, listener, command):
    run = admin("event", *command.split(), "--since=1h", "--until=2h")
    assert (run.code, run.out) == (2, "") and "--until is not after --since" in run.err


def test_a_new_listener_is_filled_once(admin, sink, listener):
    for kind in ("repo.sync.start", "repo.sync.finish"):
        admin.ok("event", "emit", kind)
    new = admin.listener("http", "create", "--event-type=*", f"--url={sink.url}/new", "--name=new", "--disabled")
    assert admin.ok(*BACKFILL, "new", "--since=1h", "--dry-run").out == "2 deliveries would be added\n"
    run = admin.ok(*BACKFILL, "new", "--since=1h", "--rate=100/s")
    assert run.out == "2 deliveries added\n" and f"listener {new} is disabled; its deliveries wait" in run.err
    assert admin.ok(*BACKFILL, new[:12], "--since=1h").out == "Nothing to add: 2 deliveries are there already\n"
    run = admin.ok(*BACKFILL, "new", "--since=1h", "--json")
    assert run.json == {"listener_id": new, "added": 0, "there": 2, "expired": 0, "unknown": 0, "dry_run": False,
                        "interrupted": False}  # fmt: skip
    admin.ok("event", "listener", "enable", "--listener-id=new")
    drain(admin)
    assert [request.path for request in sink.requests[-2:]] == ["/new", "/new"]


def test_what_is_wrong_with_a_backfill_is_said(admin, listener):
    assert "--since is required" in admin(*BACKFILL, "ci").err
    assert "'fast' is not a rate; write for example 10/s" in admin(*BACKFILL, "ci", "--since=1d", "--rate=fast").err
    assert "--until is not after --since" in admin(*BACKFILL, "ci", "--since=1d", "--until=2d").err
    assert admin(*BACKFILL, "nobody", "--since=1d").code == 1


def test_ctrl_c_ends_a_backfill_and_the_same_command_continues_it(admin, sink, listener):
    with EventBus.open(admin.config, deliver="external") as bus:
        bus.emit_many([("repo.sync.start", {"n": n}) for n in range(60)])
    new = admin.listener("http", "create", "--event-type=*", f"--url={sink.url}/new", "--name=new")
    process = subprocess.Popen(
        admin.command(*BACKFILL, "new", "--since=1h", "--rate=1/s"),
        env=admin.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with EventBus.open(admin.config, deliver="external") as bus:
        while not (added := bus.deliveries.stats().by_listener.get(new, {}).get("pending", 0)):
            assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and 0 < added < 60
    done = int(re.search(r"error: interrupted after (\d+) deliver", err)[1])
    assert added <= done < 60 and "run the same command to continue" in err
    rest = admin.ok(*BACKFILL, "new", "--since=1h").out
    assert rest == f"{60 - done} deliveries added; {done} there already\n"
