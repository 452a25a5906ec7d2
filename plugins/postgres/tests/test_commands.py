"""`pulp-admin event storage`."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pulp_events import EventBus, EventConflict
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.stored_event import Addition
from pulp_events.system.clock import SystemClock
from pulp_events.testing.outbox_contract import new_event, result
from pulp_events_postgres.set_up import scripts


@pytest.fixture
def admin(conf):
    from pulp_events.testing.admin import Admin

    return Admin(conf)


def test_status_and_migrate(admin):
    before = json.loads(admin("event", "storage", "status", "--json").out)
    newest = len(scripts())
    assert (before["version"], before["newest_version"], before["schema"]) == (0, newest, "public")
    assert "up to date" in admin("event", "storage", "status").out
    assert f"of version {newest} (before: none)" in admin("event", "storage", "migrate").out
    assert f"are up to date (version {newest})" in admin("event", "storage", "migrate").out
    after = admin("event", "storage", "status")
    assert after.code == 0 and "pw" not in after.out and "Delivery table:" in after.out


def test_status_of_files_says_so(pulp_events_admin):
    run = pulp_events_admin("event", "storage", "status")
    assert run.code == 1 and "records are stored in files" in run.err


@pytest.fixture
def pulp_events_clock():
    """The system's, which `pulp-admin` goes by, too."""
    return SystemClock()


@pytest.fixture
def filled(pulp_events_bus):
    """Files with listeners, pending, dead and delivered deliveries, and what they are in order."""
    listener = pulp_events_bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], enabled=False).id
    outbox = pulp_events_bus.outbox
    outbox.add([new_event(listener) for _ in range(700)])
    [one, two, three] = outbox.claim([ClaimRequest(listener, 3)], 60, "t").deliveries
    outbox.record([result(one, "postpone", 500), result(two, "give_up", detail="no"), result(three, "succeed")])
    return pulp_events_bus, listener


@pytest.fixture
def copy(filled, pulp_events_settings, url, pulp_events_admin):
    return lambda *more: pulp_events_admin("event", "storage", "copy", "--to", url, "--password", "pw", "--json", *more)


def test_copying_takes_everything_with_it_in_order(filled, copy, conf):
    source, listener = filled
    run = copy()
    assert run.code == 0, run.err
    counts = {"listeners": 1, "pending": 698, "dead": 1, "attempts": 2, "events": 0, "there_already": 0}
    assert json.loads(run.out) == counts
    with EventBus.open(conf, deliver="external") as target:
        assert target.listeners.list() == source.listeners.list()
        for state in ("pending", "dead"):
            query = DeliveryQuery(state=state)
            mine, theirs = (
                [(one.id, one.attempts, one.detail, one.report) for one in bus.outbox.find(query, 1000)]
                for bus in (source, target)
            )
            assert mine == theirs
        [dead] = target.outbox.find(DeliveryQuery(state="dead"), 10)
        assert target.outbox.attempts(dead.id) == source.outbox.attempts(dead.id)
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        [there, here] = [bus.deliveries.stats(long_ago).activity.total for bus in (source, target)]
        assert (
            (here.pending, here.oldest_pending) == (there.pending, there.oldest_pending) == (698, here.oldest_pending)
        )
        # Attempts of the time of `result` are older than what is told.
        known = [
            one
            for each in (dead, *target.outbox.find(DeliveryQuery(state="pending"), 1000))
            for one in target.outbox.attempts(each.id)
            if one.started > datetime.now(UTC) - timedelta(days=89)
        ]
        assert sum(here.attempts.values()) == len(known)
        assert target.outbox.stats().totals == {"pending": 698, "delivered": 0, "dead": 1}
        target.outbox.add([new_event(listener)])
        claimed = [one.event_id for one in target.outbox.claim([ClaimRequest(listener, 1000)], 60, "t").deliveries]
        assert claimed == sorted(claimed) and len(claimed) == 698


def test_what_a_backfill_offered_is_not_offered_again_after_a_copy(filled, copy, conf, monkeypatch):
    """A copy leaves out what was delivered; its event says that it had deliveries, not whose."""
    source, _ = filled
    day_ago = datetime.now(UTC) - timedelta(days=1)
    event = source.emit("repo.sync.start", {"repo_id": "r"}, id="kept")
    new = source.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.sync.start"])
    *_, added = source.backfill(new.id, since=day_ago)
    assert added.added == 1
    [own] = source.outbox.claim([ClaimRequest(new.id, 9)], 60, "t").deliveries
    source.outbox.record([result(own, "succeed")])
    assert copy().code == 0
    with EventBus.open(conf, deliver="external") as target:
        assert own.id not in [each.id for each in target.events.deliveries(event.id)]
        *_, again = target.backfill(new.id, since=day_ago)
        assert (again.added, again.unknown) == (0, 1)


def test_the_history_of_listeners_is_copied_once_and_goes_on_there(filled, copy, conf):
    source, listener = filled
    source.listeners.by("alice").update(listener, lanes=1)
    gone = source.listeners.create("http", {"url": "http://ci.example/"}, ["*"], name="gone")
    source.listeners.delete("gone")
    assert copy().code == copy().code == 0
    with EventBus.open(conf, deliver="external", by="bob") as target:
        target.listeners.update(listener, lanes=2)
        last, *copied = target.listeners.history()
        assert (str(last.action), last.by) == ("updated", "bob") and copied == list(source.listeners.history())
        assert [str(each.action) for each in target.listeners.history("gone")] == ["deleted", "created"]
        assert target.listeners.history("gone")[0].listener_id == gone.id


def test_a_name_that_another_listener_has_there_stops_a_copy_before_anything_is_stored(filled, copy, conf):
    source, listener = filled
    source.listeners.update(listener, name="ci")
    with EventBus.open(conf, deliver="external") as target:
        other = target.listeners.create("http", {"url": "http://ci.example/"}, ["*"], name="ci")
        run = copy()
        assert run.code == 1 and f"has another listener with the name 'ci', {other.id}; rename" in run.err
        assert target.listeners.list() == [other] and target.outbox.stats().pending == 0
        target.listeners.update(other.id, name="ci-old")
        assert copy().code == copy().code == 0
        assert {each.name for each in target.listeners.list()} == {"ci", "ci-old"}


def test_scopes_are_copied_and_that_they_are_not_known_too(filled, copy, conf):
    source, listener = filled
    scopes = {"of-a": "a", "of-none": None, "not-known": None}
    source.outbox.add([replace(new_event(listener), id=each, scope=scope) for each, scope in scopes.items()])
    forget = "UPDATE pulp_event SET scope = NULL WHERE id = 'not-known'"
    source.outbox._writer.run(lambda connection: connection.execute(forget))
    assert copy().code == 0
    with EventBus.open(conf, deliver="external") as target:
        found = {each: target.events.get(each) for each in scopes}
        assert {each: (one.scope, one.scope_known) for each, one in found.items()} == {
            "of-a": ("a", True), "of-none": (None, True), "not-known": (None, False),
        }  # fmt: skip


@pytest.mark.parametrize("keeps_all", [False, True])
def test_events_that_may_be_emitted_again_or_are_kept_are_copied(filled, copy, conf, monkeypatch, keeps_all):
    from pulp_events_postgres import copying

    monkeypatch.setattr(copying, "keeps_beyond", lambda settings: keeps_all)
    source, listener = filled
    chosen = source.emit("repo.sync.start", {"n": 1}, id="chosen")
    kept = replace(new_event(listener), deliveries=(), time=time.time())
    source.outbox.add([kept])
    [repeat] = source.outbox.add_deliveries([Addition("chosen", listener, repeat_of="chosen.0")])
    assert source.outbox.bury(listener, "all of them") == 700
    list(source.deliveries.purge(DeliveryQuery(ids=[repeat])))
    run = copy()
    assert run.code == 0 and json.loads(run.out)["events"] == (702 if keeps_all else 1), run.err
    with EventBus.open(conf, deliver="external") as target:
        assert target.emit("repo.sync.start", {"n": 1}, id="chosen") == chosen
        with pytest.raises(EventConflict):
            target.emit("repo.sync.start", {"n": 2}, id="chosen")
        assert (target.outbox.event(kept.id) is not None) is keeps_all
        stats = target.outbox.stats()
        # Of the event whose only delivery was delivered, the delivery is not copied.
        assert (stats.events, stats.events_alone) == ((702, 2) if keeps_all else (700, 0))
        assert target.outbox.add_deliveries([Addition("chosen", "c" * 24)]) == ["chosen.2"]
    assert json.loads(copy().out)["there_already"] == 700


def test_an_interrupted_copy_can_be_run_again(filled, copy, conf, monkeypatch):
    from pulp_events_postgres import copying

    whole, calls = copying._store, []

    def torn(*arguments, **more):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(*arguments, **more)

    monkeypatch.setattr(copying, "_store", torn)
    try:
        assert copy().code != 0
    except KeyboardInterrupt:
        pass
    run = copy()
    assert run.code == 0, run.err
    assert json.loads(run.out)["there_already"] == copying.BATCH
    with EventBus.open(conf, deliver="external") as target:
        assert target.outbox.stats().pending == 698
        claimed = [one.event_id for one in target.outbox.claim([ClaimRequest(filled[1], 1000)], 60, "t").deliveries]
        assert claimed == sorted(claimed)


HOLD = """
import sys, time
from pulp_events import EventBus
bus = EventBus.open(sys.argv[1], deliver=sys.argv[2])
bus.outbox.stats()
bus.listeners.list()
print("open", flush=True)
time.sleep(600)
"""


@pytest.fixture
def at_work(pulp_events_settings):
    """Starts a process that has the records of a server.conf open, and changes nothing; returns its pid."""
    running = []

    def start(conf=pulp_events_settings, deliver="background"):
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(conf), deliver], stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout.readline() == "open\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_ctrl_c_ends_a_copy_between_two_batches_and_the_same_command_goes_on(filled, copy, conf, monkeypatch):
    import signal

    from pulp_events_postgres import copying

    whole, calls = copying._store, []

    def interrupted(*arguments, **named):
        calls.append(named)
        if len(calls) == 1:
            signal.raise_signal(signal.SIGINT)
        return whole(*arguments, **named)

    monkeypatch.setattr(copying, "_store", interrupted)
    run = copy()
    made = copying.BATCH
    assert (
        run.code == 1
        and f"interrupted after {made} of 699 deliveries; run the same command to copy the rest" in run.err
    )
    run = copy()
    assert run.code == 0 and json.loads(run.out)["there_already"] == made
    with EventBus.open(conf, deliver="external") as target:
        assert target.deliveries.stats().pending == 698


@pytest.mark.parametrize("deliver", ["background", "external"])
def test_while_another_process_has_the_files_open_nothing_is_copied(filled, copy, conf, at_work, deliver):
    filled[0].close()
    process = at_work(deliver=deliver)
    run = copy()
    assert (run.code, run.out) == (1, "")
    assert f"is in use by process {process.pid}; stop applications and workers" in run.err and run.err.count("\n") == 1
    with EventBus.open(conf, deliver="external") as target:
        assert target.listeners.list() == []
    process.kill()
    process.wait()
    assert copy().code == 0


def test_while_another_process_has_the_database_open_nothing_is_copied(admin, conf, server, at_work):
    with EventBus.open(conf, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], enabled=False)
        bus.emit("repo.sync.start", {})
    to = server.create("copied")
    words = ("event", "storage", "copy", "--to", to, "--password", "pw")
    process = at_work(conf, "external")
    run = admin(*words)
    assert run.code == 1 and "in use: " in run.err and "'pulp-events'" in run.err and run.err.count("\n") == 1
    process.kill()
    process.wait()
    assert eventually_ok(lambda: admin(*words)).out.startswith("Copied to")
    server.drop("copied")


def eventually_ok(run):
    """The server notices the end of a killed process's connections in a moment."""
    deadline = time.monotonic() + 30
    while (found := run()).code != 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@pytest.mark.parametrize(
    "act",
    [
        lambda bus, listener: bus.outbox.add([new_event(listener)]),
        lambda bus, listener: bus.outbox.claim([ClaimRequest(listener, 1)], 60, "late"),
        lambda bus, listener: bus.outbox.bury(listener, "gone"),
        lambda bus, listener: bus.listeners.update(listener, {"url": "http://127.0.0.1:10/"}),
    ],
    ids=["an event", "a claim", "a death", "a listener"],
)
def test_what_changes_while_it_is_copied_is_said_and_never_passed_over(
    filled, copy, pulp_events_settings, monkeypatch, act
):
    from pulp_events_postgres import copying

    whole, calls = copying._store, []

    def meanwhile(*arguments, **more):
        calls.append(1)
        if len(calls) == 1:
            with EventBus.open(pulp_events_settings, deliver="external") as other:
                act(other, filled[1])
        return whole(*arguments, **more)

    monkeypatch.setattr(copying, "_store", meanwhile)
    run = copy()
    assert (run.code, run.out) == (1, "")
    assert "the source changed while it was copied" in run.err and run.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [("--password", "hush", "hush"), ("--password=hush", "--nonsense"), ("--pasword=hush",), ("--password=hush",)],
)
def test_no_error_of_a_copy_has_a_password_in_it(pulp_events_admin, words):
    run = pulp_events_admin("event", "storage", "copy", "--to", "postgresql://pulp@127.0.0.1:9/x", *words)
    assert run.code in (1, 2) and run.err.count("\n") == 1
    assert "hush" not in run.out + run.err


def test_copying_onto_itself_is_refused(admin, url):
    run = admin("event", "storage", "copy", "--to", url, "--password", "pw")
    assert run.code == 1 and "name another" in run.err
