"""`event metrics`, `event worker --metrics`: as an administrator types them, in real processes."""

import gzip
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.testing import HttpSink
from pulp_events.testing.admin import Admin
from pulp_events_prometheus.address import Address, address

from .scraping import parse


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "server.conf"
    path.write_text(f"[events]\ndata_dir = {tmp_path}/data\n")
    return path


@pytest.fixture
def admin(conf):
    return Admin(conf)


@pytest.fixture
def start(conf):
    processes = []

    def start(*words):
        """A worker; returns its process and the address that its log names."""
        command = [sys.executable, "-m", "pulp_events_cli", "--config", str(conf), "event", "worker", *words]
        processes.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        for line in processes[-1].stderr:
            if found := re.search(r"metrics are served at (http://\S+)", line):
                return processes[-1], found[1]
        return pytest.fail(f"it ended with {processes[-1].wait()}")

    yield start
    for each in processes:
        each.send_signal(signal.SIGTERM)
        try:
            each.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            each.kill()
            each.communicate()


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        return answer.headers, answer.read()


def until(url, holds):
    deadline = time.monotonic() + 30
    while not holds(found := parse(get(url)[1].decode())):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def delivered(found):
    return found.of("pulp_events_attempts_total", notifier="http", listener="ci", outcome="delivered")


def test_metrics_are_printed_once(admin):
    printed = admin("event", "metrics")
    assert printed.code == 0 and parse(printed.out).of("pulp_events_up") == 1
    families = json.loads(admin("--json", "event", "metrics").out)
    assert {"name": "pulp_events_up", "labels": {}, "value": 1} in [one for each in families for one in each["samples"]]


def test_a_text_file_is_replaced_whole_and_readable_by_others(admin, tmp_path):
    file = tmp_path / "pulp_events.prom"
    file.write_text("old")
    before = file.stat().st_ino
    old = os.umask(0o077)
    try:
        assert admin("event", "metrics", "--textfile", str(file)).code == 0
    finally:
        os.umask(old)
    assert parse(file.read_text()).of("pulp_events_up") == 1
    assert file.stat().st_ino != before and stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [each.name for each in tmp_path.glob(".*")] == [] and [*tmp_path.glob("*.tmp")] == []


@pytest.mark.parametrize("name", ["metrics.txt", "absent/metrics.prom"])
def test_a_text_file_that_cannot_be_is_one_clear_line(admin, tmp_path, name):
    said = admin("event", "metrics", "--textfile", str(tmp_path / name))
    assert said.code == 1 and said.err.count("\n") == 1 and str(tmp_path) in said.err


def test_a_folder_that_is_missing_is_said_with_the_name_that_was_given(admin, tmp_path):
    wished = tmp_path / "no such folder" / "x.prom"
    said = admin("event", "metrics", "--textfile", str(wished))
    assert said.code == 1 and f"{wished}: No such file" in said.err and ".tmp" not in said.err


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9464", "127.0.0.1:9464"),
        ("0.0.0.0:1", "0.0.0.0:1"),
        ("[::1]:9464", "[::1]:9464"),
        ("localhost:0", "localhost:0"),
    ],
)
def test_an_address_may_be_a_port_alone_which_is_one_of_loopback(text, found):
    assert str(address(text)) == found and address(found) == address(text)


@pytest.mark.parametrize("text", ["", ":9464", "host", "127.0.0.1:http", "127.0.0.1:65536", "::1:9464", "1²"])
def test_an_address_that_is_none_is_a_usage_error(admin, text):
    said = admin("event", "worker", f"--metrics={text}")
    assert said.code == 2 and "HOST:PORT" in said.err and said.err.count("\n") == 1


def test_an_address_that_is_a_whole_url_is_refused_without_its_secrets(admin):
    said = admin("event", "worker", "--metrics=http://me:hunter2@h:80/?token=s3cr3t")
    assert said.code == 2 and "HOST:PORT" in said.err and "hunter2" not in said.err and "s3cr3t" not in said.err


def test_a_port_that_is_taken_is_one_clear_line(admin):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = admin.process("event", "worker", "--metrics", f"{taken.getsockname()[1]}")
    assert said.code == 1 and said.err.count("\n") == 1
    assert "Address already in use" in said.err and "--metrics HOST:PORT" in said.err


def test_the_unit_file_has_the_option(admin):
    printed = admin("event", "worker", "--metrics=9464", "--print-unit")
    assert printed.code == 0 and "--metrics 127.0.0.1:9464" in printed.out
    said = admin("event", "worker", "--metrics=9464", "list")
    assert said.code == 2 and "before `list`" in said.err


def test_a_worker_serves_what_it_delivers(start, admin, conf):
    with HttpSink() as sink:
        admin("event", "listener", "http", "create", "--event-type=*", f"--url={sink.url}", "--name=ci")
        process, url = start("--metrics", "0")
        assert url.startswith("http://127.0.0.1:")
        assert admin("event", "emit", "repo.sync.start", "--payload", '{"repo_id": "a"}').code == 0
        found = until(url, lambda found: delivered(found) == 1)
        assert found.of("pulp_events_emitted_total", event_type="repo.sync.start") == 1
        headers, body = get(url, **{"Accept-Encoding": "gzip"})
        assert headers["Content-Encoding"] == "gzip" and b"pulp_events_up 1" in gzip.decompress(body)
        headers, body = get(url, Accept="application/openmetrics-text; version=1.0.0")
        assert "openmetrics" in headers["Content-Type"] and body.endswith(b"# EOF\n")
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(url.replace("/metrics", "/"))
        assert refused.value.code == 404
        idle = [socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0]))) for _ in range(5)]
        assert parse(get(url)[1].decode()).of("pulp_events_up") == 1  # clients that say nothing keep nobody
        for each in idle:
            each.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0 and "Traceback" not in process.stderr.read()


@pytest.mark.parametrize("words", [(), ("--processes", "2")], ids=["one", "several"])
def test_a_worker_told_to_read_its_settings_again_tells_metrics_by_them(start, admin, conf, words):
    before = conf.read_text()
    conf.write_text(f"{before}[prometheus]\nlisteners = 0\n")
    admin("event", "listener", "http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--name=ci")
    process, url = start("--metrics", "0", *words)
    muted = "pulp_events_listener_muted"
    until(url, lambda found: found.of(muted, notifier="http", listener="other") == 0)
    conf.write_text(f"{before}[prometheus]\nlisteners = many\n")
    process.send_signal(signal.SIGHUP)
    kept = "what a plugin does beside this command keeps its settings" if words else "the settings stay unchanged"
    assert kept in next(line for line in process.stderr if "listeners = 'many'" in line)
    assert parse(get(url)[1].decode()).of(muted, notifier="http", listener="other") == 0
    conf.write_text(f"{before}[prometheus]\nlisteners = 1\n") if words else conf.write_text(
        f"[events]\ndata_dir = {conf.parent}/other\n"
    )
    process.send_signal(signal.SIGHUP)
    if words:
        until(url, lambda found: found.of(muted, notifier="http", listener="ci") == 0)
    else:  # another data folder, without any listener
        until(url, lambda found: not found.all(muted) and found.of("pulp_events_up") == 1)


@pytest.mark.slow
def test_several_processes_are_added_up_also_when_one_is_killed(start, admin, conf):
    with HttpSink() as sink, EventBus.open(conf, deliver="external") as bus:
        admin("event", "listener", "http", "create", "--event-type=*", f"--url={sink.url}", "--name=ci")
        process, url = start("--processes", "2", "--metrics", "127.0.0.1:0")
        until(url, lambda found: found.of("pulp_events_processes", kind="worker", state="delivering") == 2)
        bus.emit_many([("repo.sync.start", {"repo_id": "a"})] * 50)
        until(url, lambda found: delivered(found) == 50)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        bus.emit_many([("repo.sync.start", {"repo_id": "a"})] * 50)
        until(url, lambda found: delivered(found) == 100)
        found = until(url, lambda found: found.of("pulp_events_processes", kind="worker", state="delivering") == 2)
        assert found.of("pulp_events_processes", kind="worker", state="gone") == 1
        assert delivered(found) == 100


def test_a_list_of_listeners_loads_nothing_of_prometheus_client(conf):
    code = (
        "import sys; from pulp_events_cli.main import main; main(sys.argv[1:]);"
        "print([each for each in sys.modules if each.startswith('prometheus_client')])"
    )
    words = ["--config", str(conf), "event", "listener", "list"]
    out = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True).stdout
    assert out.endswith("[]\n")
    out = subprocess.run(
        [sys.executable, "-c", code, *words[:2], "event", "emit", "repo.sync.start"], capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
    assert out.endswith("[]\n")


def test_what_is_exposed_is_what_promtool_wants(admin, needs, conf):
    with EventBus.open(conf, deliver="inline") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="broken")
        bus.emit("repo.sync.start", {"repo_id": "a"})
    text = admin("event", "metrics").out
    checked = subprocess.run([needs("promtool"), "check", "metrics"], input=text, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_an_address_is_text_again():
    assert str(Address("::1", 1)) == "[::1]:1"
