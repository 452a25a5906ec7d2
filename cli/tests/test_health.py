"""`pulp-admin event health`: exit codes for probes, a line for Nagios, with workers that are killed and that hang."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest

from pulp_events import EventBus
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock

HEALTH = ("event", "health")
FIGURE = r"[a-z_]+=(?:\d+s?|U);\d*;;0"
NAGIOS = re.compile(rf"PULP EVENTS (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \| {FIGURE}( {FIGURE})*)?\n")


@pytest.fixture
def worker(admin):
    """A real one, once it delivers."""
    started = []

    def start():
        process = subprocess.Popen(
            admin.command("event", "worker"), env=admin.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        started.append(process)
        assert "delivers from" in process.stderr.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def nagios(admin, *words):
    run = admin(*HEALTH, "--nagios", *words)
    assert NAGIOS.fullmatch(run.out), run.out
    word = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}[run.out.split(" - ")[0].split()[-1]]
    assert run.code == word
    return run


def test_it_is_well_while_a_worker_delivers_and_fails_when_it_is_killed(admin, worker):
    running = worker()
    assert admin(*HEALTH).code == admin(*HEALTH, "--live", "--here").code == 0
    assert nagios(admin).code == 0
    running.send_signal(signal.SIGKILL)
    running.wait()
    run = admin(*HEALTH, "--live")
    assert run.code == 1 and "no process delivers (one that was killed was last seen at 20" in run.out
    assert admin(*HEALTH).code == admin(*HEALTH, "--live", "--here").code == 1
    assert admin(*HEALTH, "--ready").code == 0, "the stores are well"
    assert nagios(admin).code == 2 and "processes=0;;;0" in nagios(admin, "--live").out


def test_one_that_was_stopped_in_order_delivers_no_more_either(admin, worker):
    running = worker()
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert admin(*HEALTH, "--live").code == 1


@pytest.mark.slow
def test_a_worker_that_hangs_counts_no_more_after_a_while(admin, worker):
    running = worker()
    running.send_signal(signal.SIGSTOP)
    deadline = time.monotonic() + 60
    while (run := admin(*HEALTH, "--live", "--silence=30s")).code == 0 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert run.code == 1 and f"{running.pid} gave no sign of life" in run.out
    running.send_signal(signal.SIGCONT)
    while admin(*HEALTH, "--live", "--silence=30s").code != 0 and time.monotonic() < deadline + 60:
        time.sleep(0.5)
    assert admin(*HEALTH, "--live", "--silence=30s").code == 0


def test_an_application_that_delivers_in_the_background_is_what_is_live(admin):
    assert admin(*HEALTH, "--live").code == 1
    with EventBus.open(admin.config, deliver="background", plugins=Plugins()) as bus:
        deadline = time.monotonic() + 60
        while not bus.workers() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert admin(*HEALTH, "--live", "--here").code == 0
    assert admin(*HEALTH, "--live").code == 1


def test_what_is_wrong_but_works_has_a_code_of_its_own(admin, worker, refused):
    worker()
    admin.listener("http", "create", "--event-type=*", f"--url=http://{refused}/", "--name=mine")
    with EventBus.open(admin.config, deliver="external", clock=FakeClock(time.time() - 120)) as bus:
        listener = bus.listeners.list()[0]
        bus.listeners.disable_for(listener.id, "5 days of failures")
    run = admin(*HEALTH)
    assert run.code == 3 and "mine" in run.out and "note" in run.out
    assert nagios(admin).code == 1 and "disabled=1;;;0" in nagios(admin).out
    assert admin(*HEALTH, "--live").code == admin(*HEALTH, "--ready").code == 0, "no reason to restart anything"
    assert admin(*HEALTH, "--json").json["troubles"][0]["code"] == "disabled"


def test_more_that_is_pending_than_somebody_wants_is_a_warning(admin, worker, refused):
    worker()
    admin.listener("http", "create", "--event-type=*", f"--url=http://{refused}/")
    listener = json.loads(admin.ok("event", "listener", "list", "--json").out)[0]["id"]
    admin.ok("event", "listener", "disable", "--listener-id", listener)
    for _ in range(2):
        admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    assert nagios(admin, "--max-pending=2").code == 0
    run = nagios(admin, "--max-pending=1")
    assert run.code == 1 and "2 deliveries are pending" in run.out and "pending=2;1;;0" in run.out


def test_stores_that_cannot_be_written_are_not_ready(admin):
    (admin.data).mkdir(mode=0o700)
    (admin.data / "listeners.lock").mkdir()
    run = admin(*HEALTH, "--ready")
    assert run.code == 1 and "listeners.lock" in run.out
    assert nagios(admin).code == 2


def test_an_outbox_that_is_no_database_we_may_use_is_critical(admin):
    admin.configure("outbox = /proc/version\n")
    assert admin(*HEALTH, "--ready").code == 1
    run = nagios(admin)
    assert run.code == 2 and "pending=U;" in run.out and "oldest=U;" in run.out and "pending=0" not in run.out
    found = admin(*HEALTH, "--json")
    assert found.code == 1 and found.json["status"] == "failing" and found.json["ready"] is False


def test_a_lock_that_nobody_lets_go_of_is_given_up_after_the_time_limit(admin):
    import fcntl

    admin.ok(*HEALTH, "--ready")
    with (admin.data / "listeners.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        run = admin(*HEALTH, "--ready", "--timeout=0.3s")
        assert run.code == 1 and "no answer within 0.3 s" in run.out
        assert nagios(admin, "--timeout=0.3s").code == 2


@pytest.mark.parametrize("conf", ["nonsense = 1\n", "[delivery]\nlanes = many\n"])
def test_settings_that_are_wrong_are_unknown_to_nagios_and_a_failure_else(admin, conf):
    admin.configure(conf)
    run = nagios(admin)
    assert run.code == 3 and "server.conf" in run.out
    run = admin(*HEALTH)
    assert run.code == 1 and run.out == "" and len(run.err.splitlines()) <= 3


def test_a_file_of_settings_that_is_not_there_is_unknown(admin):
    run = admin("--config", "/no/such/file", *HEALTH, "--nagios")
    assert run.code == 3 and "/no/such/file" in run.out


@pytest.mark.parametrize(
    "words",
    [["--silence=5s"], ["--timeout=0s"], ["--max-pending=0"], ["--nonsense"], ["--ready", "--max-pending=3"], ["more"]],
)
def test_what_does_not_fit_is_a_mistake_of_the_command_line_and_unknown_to_nagios(admin, words):
    assert admin(*HEALTH, *words).code == 2
    assert nagios(admin, *words).code == 3


def test_a_line_for_nagios_is_no_json(admin):
    assert nagios(admin, "--json").code == 3


def test_no_secret_of_a_listener_that_fails_is_in_any_of_it(admin, refused):
    secret = "hunter2-and-more"
    admin.listener(
        "http", "create", "--event-type=*", f"--url=http://{refused}/{secret}", "--username=me", f"--password={secret}"
    )
    with EventBus.open(admin.config, deliver="inline", clock=FakeClock(time.time() - 600)) as bus:
        bus.emit("repo.sync.start")
    for words in ([], ["--nagios"], ["--json"]):
        run = admin(*HEALTH, *words)
        assert "fails, for 10 min" in run.out and secret not in run.out + run.err


def test_the_line_of_nagios_stays_one_line_whatever_a_name_holds(admin, worker):
    from pulp_events.health.answer import Aspect, ServiceHealth, Trouble
    from pulp_events_cli.health import nagios as lines

    trouble = Trouble(Aspect.DEGRADED, "failing", "listener a|b\nc \x1b[31m fails" + "x" * 5000)
    found = ServiceHealth(True, True, True, (trouble,), oldest_pending=datetime.now(UTC) - timedelta(seconds=5))
    line = lines.line(found, "", time.time(), None)
    assert NAGIOS.fullmatch(line + "\n") and line.count("|") == 1 and len(line) < 2000 and "oldest=5s" in line


def test_it_loads_no_transport(admin):
    process = subprocess.run(
        [*admin.command(*HEALTH)], env={**admin.environment, "PYTHONPROFILEIMPORTTIME": "1"}, capture_output=True,
        text=True,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in process.stderr.splitlines() if line.startswith("import time")}
    assert "pulp_events.health.look" in loaded and not loaded & {"requests", "smtplib", "proton", "jinja2", "ssl"}
