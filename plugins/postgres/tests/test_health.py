"""`event health` on PostgreSQL: a worker that is killed, a database that takes no writes, one that is down."""

import signal
import subprocess
import sys

import pytest

from pulp_events import EventBus


@pytest.fixture
def admin(conf):
    from pulp_events.testing.admin import Admin

    return Admin(conf)


@pytest.fixture
def worker(conf):
    """A real worker on the database, once it delivers."""
    command = [sys.executable, "-m", "pulp_events_cli", "--config", str(conf), "event", "worker"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert "delivers from" in process.stderr.readline()
    yield process
    process.kill()
    process.communicate()


def test_a_worker_that_is_killed_counts_no_more_once_it_is_silent_for_long(admin, worker, place_in_public):
    assert admin("event", "health").code == 0
    assert admin("event", "health", "--live", "--here").code == 0
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    place_in_public.advance(100)
    run = admin("event", "health", "--nagios")
    assert run.code == 2 and "no process delivers (one that was killed" in run.out
    assert admin("event", "health", "--live").code == 1 and admin("event", "health", "--ready").code == 0


def test_a_database_that_takes_no_writes_is_not_ready(admin, server, url):
    assert admin("event", "health", "--ready").code == 0
    with server.connect(url.rpartition("/")[2]) as connection:
        connection.execute("ALTER TABLE pulp_meta OWNER TO postgres")
        connection.execute("GRANT SELECT ON pulp_meta TO pulp")
    run = admin("event", "health", "--ready")
    assert run.code == 1 and "cannot be read and written" in run.out and "permission denied" in run.out


def test_a_database_that_is_down_is_critical_at_once_and_no_password_is_told(admin, conf, free_port):
    conf.write_text(
        f"[events]\ndata_dir = {conf.parent / 'data'}\n[storage]\nurl = postgresql://pulp@127.0.0.1:{free_port}/none\n"
        "password = hunter2-and-more\n"
    )
    run = admin("event", "health", "--nagios")
    assert run.code == 2 and "hunter2" not in run.out + run.err
    assert admin("event", "health", "--live").code == 1


def test_a_look_by_a_program_is_the_same(conf, worker):
    with EventBus.open(conf, deliver="external") as bus:
        found = bus.health()
        assert (found.live, found.ready, found.degraded, found.delivering) == (True, True, False, 1)
