"""The outbox behind PgBouncer in transaction mode, where no statement can count on the session of the one before."""

import os
import shutil
import subprocess
import time

import psycopg
import pytest

from pulp_events.errors import StoreBusy
from pulp_events.outbox.records import ClaimRequest
from pulp_events.testing.listener_store_contract import ListenerStoreContract, new_listener
from pulp_events.testing.outbox_contract import LISTENER, OutboxContract, new_event, result

pytestmark = pytest.mark.slow


@pytest.fixture
def pooler(server, url, tmp_path, missing, free_port):
    """URL of the database through the pooler."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        missing("PgBouncer is not installed; run .ci/install-postgres")
    port, database = free_port, url.rpartition("/")[2]
    config = server.folder / f"pgbouncer-{port}.ini"
    config.write_text(
        f"[databases]\n{database} = host=127.0.0.1 port={server.port} user=pulp password=pw\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = transaction\n"
        "default_pool_size = 3\nunix_socket_dir =\n"
    )
    process = subprocess.Popen([program, "-q", config], **server.user, stderr=subprocess.DEVNULL)
    through = url.replace(f":{server.port}/", f":{port}/")
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(through).close()
            break
        except psycopg.OperationalError:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
    yield through
    process.kill()
    process.wait()


@pytest.fixture
def home(pooler, place):
    place.url = pooler
    place.limits = {"listen": False}
    return place


class TestOutbox(OutboxContract):
    @pytest.fixture
    def home(self, home):
        home.open = lambda: home.outbox(look=0.0)
        return home


def test_a_statement_that_hangs_is_bounded_by_timeout_and_the_limit_stays_with_it(home, pooler):
    home.database().close()  # makes the tables, in its own time
    home.limits = {"listen": False, "timeout": 0.3, "pool_size": 1}
    database = home.database()
    began = time.monotonic()
    with pytest.raises(StoreBusy, match="statement timeout"):
        database.rows("SELECT pg_sleep(60)")
    assert time.monotonic() - began < 30  # of 60
    assert database.rows("SELECT 1") == [(1,)]
    # The pooler gave the same session of the server to all of this: what was set in it would be there.
    with psycopg.connect(pooler, autocommit=True) as others:
        for _ in range(5):
            assert others.execute("SHOW statement_timeout").fetchone() == ("0",)
    database.close()


def test_a_pooler_that_nobody_told_of_is_noticed_and_said_once(place, pooler, eventually, caplog):
    place.url, place.limits = pooler, {"pool_size": 4}
    outbox = place.outbox()
    listeners = place.listeners()
    for _ in range(8):  # psycopg prepares what is run more often
        outbox.add([new_event(), new_event()])
        found = outbox.claim([ClaimRequest(LISTENER, 9)], 60, "t").deliveries
        assert outbox.record([result(one, "succeed") for one in found]) == [True, True]
        listeners.add(new_listener())
        outbox.changed()
    outbox.add([new_event()])
    assert eventually(outbox.changed)
    said = [each.getMessage() for each in caplog.records if "pooler" in each.getMessage()]
    assert len(said) == 1 and "listen = false" in said[0]
    with psycopg.connect(pooler, autocommit=True) as others:
        assert others.execute("SHOW statement_timeout").fetchone() == ("0",), "nothing was left in the session"
    for store in (outbox, listeners):
        store.close()


class TestListenerStore(ListenerStoreContract):
    @pytest.fixture
    def home(self, home):
        home.open = lambda: home.listeners(fresh=0.0)
        return home
