"""Whoever looks after workers goes on doing so, or ends with an error: it never ends silently."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pulp_events.processes.complaints import EVERY, Complaints
from pulp_events.processes.supervisor import LONGEST_PAUSE, Supervisor
from pulp_events.worker.health import PoolHealth
from pulp_events.worker.pace import Made, Pace
from pulp_events.worker.pool import MOST_PROCESSES, WorkerPool

SLEEP = ["-c", "import time; time.sleep(60)"]


class Log:
    def __init__(self):
        self.lines = []

    def error(self, text, *arguments):
        self.lines.append(text % arguments)


@pytest.fixture
def supervisor():
    made = []

    def make(command, **options):
        made.append(Supervisor(command, **options))
        return made[-1]

    yield make
    for each in made:
        each.stop(0.1)


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def test_an_interpreter_that_is_away_for_a_while_is_used_again_when_it_is_back(
    supervisor, tmp_path, eventually, caplog
):
    interpreter = tmp_path / "python"
    interpreter.symlink_to(sys.executable)
    found = supervisor([str(interpreter), *SLEEP])
    found.start()
    [pid] = found.pids
    interpreter.unlink()
    kill(pid)
    eventually(lambda: "a worker cannot be started: [Errno 2] No such file or directory" in caplog.text)
    interpreter.symlink_to(sys.executable)
    eventually(lambda: found.pids and found.pids != [pid])
    assert caplog.text.count("cannot be started") == 1 and "was finally started" in caplog.text


@pytest.mark.parametrize("error", [BlockingIOError(11, "Resource temporarily unavailable"), MemoryError("no memory")])
@pytest.mark.slow
def test_a_fork_that_fails_is_tried_again_whatever_it_raises(supervisor, eventually, caplog, monkeypatch, error):
    found = supervisor([sys.executable, *SLEEP])
    found.start()
    [pid] = found.pids
    popen = subprocess.Popen
    fails = [error] * 3

    def failing(*arguments, **options):
        if fails:
            raise fails.pop()
        return popen(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", failing)
    kill(pid)
    eventually(lambda: found.pids and found.pids != [pid])
    assert not fails and str(error) in caplog.text


def test_an_application_opens_its_bus_though_no_process_can_be_started_now(supervisor, tmp_path, eventually):
    interpreter = tmp_path / "python"
    found = supervisor([str(interpreter), *SLEEP])
    found.start()
    assert not found.pids
    interpreter.symlink_to(sys.executable)
    eventually(lambda: found.pids)


def test_pauses_grow_to_a_limit_and_it_is_known_for_how_long_nothing_works(supervisor, monkeypatch):
    now, tries = [0.0], []

    def failing(*_, **__):
        tries.append(now[0])
        raise OSError(11, "no")

    monkeypatch.setattr(subprocess, "Popen", failing)
    found = supervisor(["x"], monotonic=lambda: now[0])
    while now[0] < 300:
        found.restart_dead()
        now[0] += 0.1
    pauses = [b - a for a, b in zip(tries, tries[1:], strict=False)]
    assert pauses[:4] == pytest.approx([0.2, 0.4, 0.8, 1.6], abs=0.11)
    assert max(pauses) <= LONGEST_PAUSE + 0.2 and len(tries) < 25
    assert found.failing_for == pytest.approx(300, abs=1)


def test_what_goes_on_failing_is_said_at_once_and_once_a_minute():
    log = Log()
    complaints = Complaints(log)
    for second in range(300):
        complaints.say(float(second), "start", "it fails")
    assert len(log.lines) == 300 / EVERY
    assert log.lines[0] == "it fails" and log.lines[1] == "it fails (and 59 more like it in the last minute)"
    assert complaints.over("start") and not complaints.over("start")
    complaints.say(300.0, "start", "again")
    assert log.lines[-1] == "again"


POOL = """
import logging, sys
from pathlib import Path
from pulp_events.worker.pool import WorkerPool
logging.basicConfig(stream=sys.stderr, level=logging.INFO)
if sys.argv[4] != "-":
    sys.executable = sys.argv[4]
pool = WorkerPool(
    int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), grace=5.0, give_up=float(sys.argv[5]), watch=1.0,
    start_limit=float(sys.argv[6]),
)
sys.exit(pool.run())
"""


def start_pool(place, processes=2, interpreter="-", give_up=600, start_limit=300):
    return place.start(POOL, processes, place.config, place.folder / "data", interpreter, give_up, start_limit)


@pytest.mark.parametrize("processes", [0, MOST_PROCESSES + 1])
def test_a_pool_has_a_number_of_processes_that_can_be_meant(processes):
    with pytest.raises(ValueError, match=r"worker processes; there may be 1 to 256$"):
        WorkerPool(processes, None, None)


def test_a_pool_without_a_worker_for_long_ends_with_an_error(place):
    pool = start_pool(place, interpreter="/no/such/python", give_up=0.5)
    _, error = pool.communicate(timeout=60)
    assert pool.returncode == 1 and "no worker process has been running for" in error and "No such file" in error


@pytest.mark.slow
def test_a_pool_whose_workers_all_die_for_long_ends_with_an_error(place):
    place.config.write_text("[events]\nnonsense = 1\n")
    pool = start_pool(place, give_up=2.0)
    _, error = pool.communicate(timeout=60)
    assert pool.returncode == 1 and "ended with 1; a new one starts" in error
    assert error.count("a new one starts") <= 2, "said for each of many deaths"


def workers_of(pool):
    found = Path(f"/proc/{pool.pid}/task/{pool.pid}/children").read_text().split()
    return [int(pid) for pid in found]


@pytest.mark.slow
def test_a_pool_speaks_to_systemd_for_all_its_workers(place, systemd, eventually):
    place.listener()
    place.environment["WATCHDOG_USEC"] = "4000000"
    pool = start_pool(place, processes=2)
    assert systemd.hear("READY=1") == pool.pid
    assert len(workers_of(pool)) == 2
    for pid in workers_of(pool):
        assert f"{pid}" in systemd.said[-1]
    assert systemd.hear("WATCHDOG=1") == pool.pid
    pool.send_signal(signal.SIGHUP)
    assert systemd.hear("RELOADING=1\nMONOTONIC_USEC=") == pool.pid
    assert systemd.hear("READY=1") == pool.pid
    place.emit(1)
    eventually(place.lines)
    pool.send_signal(signal.SIGTERM)
    assert systemd.hear("STOPPING=1") == pool.pid
    assert pool.wait(60) == 0


@pytest.mark.slow
def test_a_worker_of_a_pool_that_hangs_is_killed_and_replaced_without_systemd_too(place, eventually):
    pool = start_pool(place, processes=2)
    ready = 0
    while ready < 2:  # each says so after it told the pool
        ready += "delivers from" in pool.stderr.readline()
    hung = workers_of(pool)[0]
    os.kill(hung, signal.SIGSTOP)
    eventually(lambda: len(workers_of(pool)) == 2 and hung not in workers_of(pool))
    pool.send_signal(signal.SIGTERM)
    _, error = pool.communicate(timeout=60)
    assert f"worker {hung} gave no sign of life" in error


@pytest.mark.slow
def test_a_worker_of_a_pool_that_hangs_is_killed_and_replaced(place, systemd, eventually):
    place.environment["WATCHDOG_USEC"] = "4000000"  # the other one must not seem to hang on a busy machine
    pool = start_pool(place, processes=2)
    systemd.hear("READY=1")
    hung, other = workers_of(pool)
    os.kill(hung, signal.SIGSTOP)
    eventually(lambda: len(workers_of(pool)) == 2 and hung not in workers_of(pool))
    assert other in workers_of(pool)
    pool.send_signal(signal.SIGTERM)
    _, error = pool.communicate(timeout=60)
    assert f"worker {hung} gave no sign of life" in error


def test_a_single_worker_gives_signs_of_life_while_its_dispatcher_lives(place, systemd):
    place.environment["WATCHDOG_USEC"] = "400000"
    worker = place.worker()
    assert systemd.hear("READY=1") == worker.pid
    for _ in range(3):
        assert systemd.hear("WATCHDOG=1") == worker.pid
    worker.send_signal(signal.SIGHUP)
    systemd.hear(f"WATCHDOG_USEC={400_000 + 5_000_000}")  # the grace in which deliveries under way may end
    systemd.hear("WATCHDOG_USEC=400000\nWATCHDOG=1")
    systemd.hear("READY=1")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


def test_a_worker_whose_dispatcher_is_gone_gives_no_sign_of_life(recording_bus, monkeypatch):
    from pulp_events.system import sd_notify
    from pulp_events.worker.worker import Worker

    monkeypatch.setenv("WATCHDOG_USEC", "1000")
    said = []
    monkeypatch.setattr(sd_notify, "alive", lambda: said.append(1))
    bus, worker = recording_bus(deliver="background"), Worker(lambda: None)
    worker._give_sign(bus)
    assert said == [1]
    bus.dispatcher.stop()
    bus.dispatcher._timekeeper.turned -= 31  # [storage] timeout is 30 s, in which it may wait for the store
    worker._next_sign = 0.0
    worker._give_sign(bus)
    assert said == [1]


HANGING = """
import os, time
from pathlib import Path
from pulp_events.dispatcher.timekeeper import Timekeeper

turn, wanted = Timekeeper._round, Path(os.environ["HANG"])

def hang(timekeeper, now):
    while wanted.exists() and wanted.read_text() in ("any", str(os.getpid())):
        time.sleep(0.05)
    turn(timekeeper, now)

Timekeeper._round = hang
"""


@pytest.fixture
def hang(place):
    """`hang(pid)`: the dispatcher's thread of that worker, or of `any`, hangs from its next round on."""
    site, wanted = place.folder / "site", place.folder / "hang"
    plugin = site / "spool_plugin.py"
    plugin.write_text(f"{HANGING}\n{plugin.read_text()}")
    place.environment["HANG"] = str(wanted)
    place.config.write_text(f"{place.config.read_text()}[storage]\ntimeout = 0.1s\n")

    def set_to(pid):
        (place.folder / "hang.new").write_text(str(pid))
        (place.folder / "hang.new").rename(wanted)

    yield set_to
    wanted.unlink(missing_ok=True)


@pytest.mark.slow
def test_a_worker_whose_dispatcher_hangs_is_killed_by_systemd(place, systemd, hang):
    place.environment["WATCHDOG_USEC"] = "600000"
    worker = place.worker()
    systemd.hear("READY=1")
    systemd.hear("WATCHDOG=1")
    systemd.hear("WATCHDOG=1")
    hang("any")
    systemd.socket.settimeout(1.2)
    with pytest.raises(TimeoutError):  # then systemd kills it; its main thread is well all the while
        for _ in range(10):
            systemd.hear("WATCHDOG=1")
    assert worker.poll() is None


@pytest.mark.slow
def test_a_worker_of_a_pool_whose_dispatcher_hangs_is_killed_and_replaced(place, systemd, hang, eventually):
    place.environment["WATCHDOG_USEC"] = "4000000"
    pool = start_pool(place, processes=2)
    systemd.hear("READY=1")
    hung, other = workers_of(pool)
    hang(hung)
    eventually(lambda: len(workers_of(pool)) == 2 and hung not in workers_of(pool))
    assert other in workers_of(pool)
    systemd.hear("WATCHDOG=1")
    pool.send_signal(signal.SIGTERM)
    _, error = pool.communicate(timeout=60)
    assert f"worker {hung} gave no sign of life" in error


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_the_status_line_has_the_rates_of_all_workers(place, systemd, processes):
    place.listener()
    worker = start_pool(place, processes) if processes > 1 else place.worker()
    systemd.hear("READY=1")
    place.emit(200)
    systemd.hear("STATUS=delivering ")
    while "delivering 0.0/s" in systemd.said[-1]:  # the first of them may have been before
        systemd.hear("STATUS=delivering ")
    assert re.fullmatch(
        r"STATUS=delivering \d+\.\d/s, failing 0\.0/s, \d+ under way; process(es)? \d+(, \d+)*", systemd.said[-1]
    )
    pids = re.findall(r"\d+", systemd.said[-1].partition("process")[2])
    assert [int(each) for each in pids] == (workers_of(worker) if processes > 1 else [worker.pid])
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0


def test_rates_are_of_all_processes_also_of_those_that_end_or_begin_again():
    pace = Pace(100.0)
    pace.add(1, Made(50, 5, 3))
    pace.add(2, Made(30, 0, 1))
    assert pace.status(110.0, [1, 2]) == "delivering 8.0/s, failing 0.5/s, 4 under way; processes 1, 2"
    pace.add(2, Made(40, 0, 0))
    pace.add(1, Made(10, 0, 0))  # it has opened its bus again
    pace.add(3, Made(20, 0, 2))
    assert pace.status(120.0, [1, 3]) == "delivering 4.0/s, failing 0.0/s, 2 under way; processes 1, 3"
    assert pace.status(130.0, [3]) == "delivering 0.0/s, failing 0.0/s, 2 under way; process 3"
    assert (
        Made.read(str(Made(1, 2, 3))) == Made(1, 2, 3)
        and Made.read("1 2") is Made.read("") is Made.read("a b c") is None
    )


def test_a_status_alone_is_no_sign_of_life_of_a_worker(monkeypatch):
    """The main thread of a worker whose dispatcher hangs tells it all the same."""
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    now, said = [0.0], [(7, {"READY": "1"})]

    class Heard:
        def read(self):
            while said:
                yield said.pop(0)

    health = PoolHealth(Heard(), lambda: now[0], 1.0, 300.0)
    health.read_reports([7])
    now[0] = 1.0
    said.append((7, {"STATUS": "delivering", "X_PULP_EVENTS_MADE": "1 0 0"}))
    health.read_reports([7])
    assert not health.silent()
    now[0] = 1.5
    assert health.silent() == {7: "gave no sign of life"}


SLOW = """
import os, time
from pathlib import Path

wanted = Path(os.environ["HANG"])
if wanted.exists():
    wanted.unlink()
    time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.sample(1)
@pytest.mark.parametrize("first", [True, False])
def test_a_worker_of_a_pool_that_hangs_before_it_is_ready_is_killed_and_replaced(place, systemd, eventually, first):
    place.environment["HANG"] = str(place.folder / "hang")
    plugin = place.folder / "site" / "spool_plugin.py"
    plugin.write_text(f"{SLOW}\n{plugin.read_text()}")
    place.listener()
    if first:
        (place.folder / "hang").touch()
    pool = start_pool(place, processes=1, start_limit=8)
    if not first:  # one that takes the place of another
        systemd.hear("READY=1")
        (place.folder / "hang").touch()
        os.kill(workers_of(pool)[0], signal.SIGKILL)
    eventually(lambda: not (place.folder / "hang").exists())
    place.emit(1)
    eventually(place.lines)
    pool.send_signal(signal.SIGTERM)
    _, error = pool.communicate(timeout=60)
    assert error.count("was not ready within 8s; it is killed and replaced") == 1


@pytest.mark.slow
def test_sigterm_to_the_whole_group_lets_deliveries_under_way_finish(place, eventually):
    place.listener(delay=1.0)
    pool = start_pool(place, processes=1)
    [event_id] = place.emit(1)
    eventually(place.begun)
    for pid in [*workers_of(pool), pool.pid]:  # as systemd does with KillMode=control-group, and `kill 0`
        os.kill(pid, signal.SIGTERM)
    assert pool.wait(60) == 0
    assert place.states()[event_id][0] == "delivered"


def test_the_process_of_an_application_never_speaks_to_systemd_in_its_name(place, systemd, eventually):
    place.environment["WATCHDOG_USEC"] = "400000"
    place.listener()
    place.run(
        """
        from pulp_events import EventBus
        with EventBus.open(deliver="process") as bus:
            assert bus.wait(bus.emit("repo.sync.start"), 20)[0].state == "delivered"
        """
    )
    systemd.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.hear("")
