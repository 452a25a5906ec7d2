"""A process that delivers for another gets the settings that were given as a mapping, and nobody else sees them."""

import os
import socket
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.processes.standard_input import standard_input
from pulp_events.processes.supervisor import Supervisor


def test_a_process_that_delivers_gets_them_and_nobody_sees_them_in_its_command_or_environment(tmp_path, eventually):
    with socket.socket() as taken:  # nobody listens here
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        settings = {
            "events": {"data_dir": tmp_path / "data"},
            "delivery": {"retry_schedule": [0.01], "jitter": 0},
            "email": {"password": "s3cret-password", "username": "pulp"},
        }
        with EventBus.open(settings=settings, deliver="process") as bus:
            listener = bus.listeners.create("http", {"url": url}, ["*"])
            event = bus.emit("repo.sync.start")
            assert [one.state for one in bus.wait(event, 40)] == ["dead"], "it took the defaults: 5s, …"
            [pid] = bus._delivering.mode._supervisor.pids
            process = Path(f"/proc/{pid}")
            for name in ("cmdline", "environ"):
                assert b"s3cret" not in (process / name).read_bytes()
            assert (process / "fd/0").readlink() == Path(os.devnull)
            os.kill(pid, 9)
            eventually(lambda: bus._delivering.mode._supervisor.pids not in ([pid], []))
            assert [one.state for one in bus.wait(bus.emit("repo.sync.start"), 40)] == ["dead"]
            assert listener.id
    assert not any(b"s3cret" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_process_reads_what_it_is_given_however_much_it_is(tmp_path, eventually, monkeypatch, in_memory):
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    given = b"x" * 300_000
    supervisor = Supervisor(["sh", "-c", f"wc -c > {tmp_path}/count; sleep 60"], given=given)
    supervisor.start()
    try:
        eventually(lambda: (tmp_path / "count").exists() and (tmp_path / "count").read_text().strip() == "300000")
    finally:
        supervisor.stop(0)
    with standard_input(given) as file:
        assert os.read(file, 3) == b"xxx"
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(file)
