"""Workers deliver what others emitted, and leave nothing behind when they go, however they go."""

import os
import signal
import time
from pathlib import Path

import pytest

from pulp_events import DeliveryQuery, EventBus
from pulp_events.plugins.registry import Plugins


def test_a_worker_delivers_what_another_process_emits(place, eventually):
    place.configure(lanes=1)  # else two threads may end in another order than they began
    place.listener()
    place.worker()
    ids = place.emit(20)
    eventually(lambda: len(place.arrived()) == 20)
    assert place.arrived() == ids


def test_a_worker_leaves_alone_whom_another_process_disables_or_mutes_until_it_is_lifted(place, eventually):
    place.listener()
    place.worker()
    with EventBus.open(place.config, deliver="external", plugins=Plugins()) as bus:
        listeners = bus.listeners
        [listener] = listeners.list()
        for stop, resume in (
            (listeners.disable, listeners.enable),
            (lambda id: listeners.mute(id, 3600), listeners.unmute),
        ):
            before = bus.emit("repo.sync.start")
            eventually(lambda before=before: place.arrived()[-1:] == [before.id])
            stop(listener.id)
            held = {bus.emit("repo.sync.start").id for _ in range(3)}
            time.sleep(0.1)
            assert {one.state for one in bus.deliveries.list() if one.event_id in held} == {"pending"}
            assert place.arrived()[-1] == before.id
            resume(listener.id)
            eventually(lambda held=held: held.issubset(place.arrived()))


def test_a_worker_withholds_what_is_of_another_scope_than_the_listener_has_by_now(place, eventually):
    place.listener()
    with EventBus.open(place.config, deliver="external", plugins=Plugins()) as bus:
        ids = {scope: bus.emit("repo.sync.start", scope=scope).id for scope in ("a", "b", None)}
        bus.listeners.update(bus.listeners.list()[0].id, scope="b")
        place.worker()
        eventually(lambda: not bus.deliveries.stats().pending)
        assert place.arrived() == [ids["b"]]
        bus.listeners.update(bus.listeners.list()[0].id, scope="a")  # while it runs
        late = [bus.emit("repo.sync.start", scope=scope).id for scope in ("b", "a")]
        eventually(lambda: place.arrived()[1:] == late[1:])
        assert sum(bus.deliveries.retry(DeliveryQuery(event_id=ids["a"]))) == 1
        eventually(lambda: place.arrived()[2:] == [ids["a"]])
        dead = [one for one in bus.deliveries.list() if one.state == "dead"]
        assert [(one.event_id, one.detail.split(":")[0]) for one in dead] == [(ids[None], "withheld")]


def test_sigterm_finishes_what_is_under_way_gives_back_the_rest_and_ends_with_0(place, systemd, eventually):
    place.listener(delay=0.3)
    place.hold_at(1)
    worker = place.worker(grace=60)
    ids = place.emit(12)  # more than its lanes take at once
    eventually(place.lines)
    worker.send_signal(signal.SIGTERM)
    systemd.hear("STOPPING=1")
    place.go_on()
    assert worker.wait(30) == 0
    arrived = place.arrived()
    assert 1 <= len(arrived) < 12
    states = place.states()
    assert {event_id for event_id, (state, *_) in states.items() if state == "delivered"} == set(arrived)
    assert all(attempts == 0 for state, attempts, _ in states.values() if state == "pending")

    place.worker()
    eventually(lambda: len(place.arrived()) == 12)
    assert sorted(place.arrived()) == sorted(ids)


@pytest.mark.slow
def test_what_outlasts_the_grace_is_given_back(place, eventually):
    place.configure(lease="60s")
    place.listener(delay=120)
    worker = place.worker(grace=0.2)
    [event_id] = place.emit(1)
    eventually(place.begun)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(30) == 0
    assert place.states()[event_id][:2] == ["pending", 0]


def test_a_second_signal_ends_the_worker_at_once(place, eventually):
    place.listener(delay=120)
    worker = place.worker(grace=120)
    place.emit(1)
    eventually(place.begun)
    worker.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGINT)  # two of one kind may arrive as one
    assert worker.wait(30) == 1


def test_sighup_reads_server_conf_again_and_a_wrong_one_changes_nothing(place, eventually):
    place.listener()
    worker = place.worker()
    right = place.config.read_text()
    place.config.write_text(right + "nonsense = 1\n")
    worker.send_signal(signal.SIGHUP)
    eventually(lambda: "nonsense = '1': unknown key" in place.log.read_text())
    place.config.write_text(right)
    place.emit(1)
    eventually(lambda: len(place.arrived()) == 1)

    other = place.folder / "other"
    place.config.write_text(f"[events]\ndata_dir = {other}\n")
    worker.send_signal(signal.SIGHUP)
    assert worker.stdout.readline() == "ready\n"
    place.listener()
    place.emit(1)
    eventually(lambda: len(place.arrived()) == 2)
    assert (other / "outbox.sqlite").exists()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


def test_systemd_is_told_when_the_worker_is_ready_and_when_it_stops(place, systemd):
    worker = place.worker()
    systemd.hear("READY=1")
    worker.send_signal(signal.SIGHUP)
    systemd.hear("RELOADING=1\nMONOTONIC_USEC=")
    systemd.hear("READY=1")
    worker.send_signal(signal.SIGTERM)
    systemd.hear("STOPPING=1")
    assert worker.wait(30) == 0
    # Now and then it also says how fast it delivers.
    said = [text.split("\n")[0] for text in systemd.said if not text.startswith("STATUS=")]
    assert said == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]


@pytest.mark.slow
def test_several_workers_share_the_work_and_make_no_delivery_twice(place, eventually):
    place.listener(delay=0.002)
    place.hold_at(1)
    for _ in range(3):
        place.worker()
    ids = place.emit(300)
    eventually(lambda: len({line.split()[1] for line in place.begun()}) == 3)
    place.go_on()
    eventually(lambda: len(place.arrived()) >= 300)
    assert sorted(place.arrived()) == sorted(ids)
    assert len({line.split()[1] for line in place.lines()}) == 3


def test_a_worker_that_is_killed_loses_nothing(place, eventually):
    place.configure(lease="1s")
    place.listener(delay=0.01)
    ids = place.emit(60)
    for _ in range(3):
        count = len(place.lines())
        place.hold_at(count + 4)  # so that it is killed in the middle of its work
        worker = place.worker()
        eventually(lambda count=count: len(place.lines()) > count + 3)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert len(set(place.arrived())) < 60
    place.go_on()
    place.worker()
    eventually(lambda: set(place.arrived()) == set(ids), timeout=60)
    eventually(lambda: {state for state, *_ in place.states().values()} == {"delivered"})


@pytest.mark.slow
def test_a_delivery_that_kills_its_worker_again_and_again_ends_dead_and_the_others_arrive(place, eventually):
    place.configure(lease="1s", retry_schedule="0.1s")
    place.listener()
    place.run(
        """
        import os, sys
        from pulp_events import DeliveryQuery, EventBus
        with EventBus.open(deliver="external") as bus:
            bus.emit_many([("repo.sync.start", {"n": n, "kill": n == 3}) for n in range(6)])
        """
    )
    for _ in range(12):
        worker = place.worker()
        eventually(
            lambda worker=worker: worker.poll() is not None or len(set(place.arrived())) == 5 and finished(place)
        )
        if worker.poll() is None:
            break
    states = place.states()
    assert sorted(state for state, *_ in states.values()) == ["dead"] + ["delivered"] * 5
    [poison] = [outcomes for state, _, outcomes in states.values() if state == "dead"]
    assert set(poison) == {"lost"}


def finished(place):
    return all(state != "pending" for state, *_ in place.states().values())


APPLICATION = """
import sys, time
from pulp_events import DeliveryQuery, EventBus
bus = EventBus.open(deliver="process")
print(*bus._delivering.mode._supervisor.pids, flush=True)
for line in sys.stdin:
    bus.emit("repo.sync.start", {"n": line.strip()})
bus.close()
"""


def test_an_applications_own_process_delivers_and_ends_with_it(place, eventually):
    place.listener()
    application = place.start(APPLICATION)
    pid = int(application.stdout.readline())
    application.stdin.write("1\n")
    application.stdin.flush()
    eventually(place.lines)
    assert place.lines()[0].split()[1] == str(pid) != str(application.pid)
    application.stdin.close()
    assert application.wait(30) == 0
    eventually(lambda: not alive(pid))


def test_an_applications_own_process_is_restarted_when_it_dies(place, eventually):
    place.listener()
    application = place.start(APPLICATION)
    pid = int(application.stdout.readline())
    os.kill(pid, signal.SIGKILL)
    application.stdin.write("1\n")
    application.stdin.flush()
    eventually(place.lines)
    assert place.lines()[0].split()[1] != str(pid)


def test_an_applications_own_process_ends_when_the_application_is_killed(place, eventually):
    place.listener()
    application = place.start(APPLICATION)
    pid = int(application.stdout.readline())
    application.send_signal(signal.SIGKILL)
    application.wait()
    eventually(lambda: not alive(pid))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
