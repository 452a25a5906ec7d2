"""`pulp-admin event worker`, as systemd or a person at a terminal runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.testing.http_sink import HttpSink

PULP_ADMIN = str(Path(sys.executable).with_name("pulp-admin"))


@pytest.fixture
def place(tmp_path):
    (tmp_path / "server.conf").write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n")
    return tmp_path


@pytest.fixture
def worker(place):
    running = []

    def start(*options):
        process = subprocess.Popen(
            [PULP_ADMIN, "--config", str(place / "server.conf"), "event", "worker", *options],
            stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def emit(place, sink, count):
    with EventBus.open(place / "server.conf", deliver="external") as bus:
        if not bus.listeners.list():
            bus.listeners.create("http", {"url": sink.url}, ["*"])
        bus.emit_many([("repo.sync.start", {})] * count)


def children(pid):
    """Living children, whichever thread of the process started them."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    found = [int(word) for task in tasks for word in read(task / "children").split()]
    return [
        child for child in found if "\nState:\t" in (status := read(f"/proc/{child}/status")) and "\tZ" not in status
    ]


def read(path):
    """What the kernel says of a thread or process; nothing once it is gone, which it may be since it was listed."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_delivers_until_told_to_stop_and_ends_with_0(place, worker, stop):
    with HttpSink() as sink:
        emit(place, sink, 10)
        process = worker()
        sink.wait_for(10, 60)
        process.send_signal(stop)
        out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in error and "delivers from" in error


def test_several_processes_share_the_work_are_replaced_when_they_die_and_end_together(place, worker):
    with HttpSink() as sink:
        process = worker("--processes", "2")
        deadline = time.monotonic() + 60
        while len(children(process.pid)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        first = children(process.pid)
        os.kill(first[0], signal.SIGKILL)
        while first[0] in children(process.pid) or len(children(process.pid)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        emit(place, sink, 20)
        sink.wait_for(20, 60)
        second = children(process.pid)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in second)


@pytest.mark.parametrize("options", [("--processes", "0"), ("--processes", "many"), ("--grace", "soon")])
def test_a_bad_option_is_one_line_and_exit_code_2(worker, options):
    process = worker(*options)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert len(error.strip().splitlines()) == 1


def test_a_wrong_server_conf_is_one_line_and_exit_code_1(place, worker):
    (place / "server.conf").write_text("[events]\nnonsense = 1\n")
    process = worker()
    _, error = process.communicate(timeout=60)
    assert process.returncode in (1, 2)
    assert len(error.strip().splitlines()) == 1 and "nonsense" in error


def test_it_prints_a_unit_for_systemd_that_runs_this_very_program():
    done = subprocess.run([PULP_ADMIN, "event", "worker", "--print-unit"], capture_output=True, text=True, check=True)
    assert f"ExecStart={PULP_ADMIN} event worker" in done.stdout
    assert "Type=notify" in done.stdout and "Restart=on-failure" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_with_json_it_logs_an_object_a_line_on_standard_output(place, worker, processes):
    with HttpSink() as sink:
        emit(place, sink, 3)
        process = worker("--json", "--processes", processes)
        sink.wait_for(3, 60)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    records = [json.loads(line) for line in out.splitlines()]
    assert any(re.match(r"worker \d+ delivers from", record["message"]) for record in records)
    assert all(list(record)[:4] == ["time", "level", "logger", "message"] for record in records)
    assert all(record["time"].endswith("Z") for record in records) and err == ""
