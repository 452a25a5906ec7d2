"""`event top` in a real pseudo-terminal: what is seen, what keys do to the store, and how the terminal is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.testing.http_sink import HttpSink

sys.path.insert(0, str(Path(__file__).parents[1]))
from screen import Screen

UP_ARROW, DOWN_ARROW, ESCAPE = "\x1b[A", "\x1b[B", "\x1b"


@pytest.fixture
def scene(admin):
    """Listeners and deliveries: one fails, one is muted, one gets nothing."""
    with EventBus.open(admin.config, deliver="inline") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.sync.*"], name="mirror", timeout=2.0)
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.publish.*"], name="idler")
        quiet = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.sync.start"], name="quiet")
        bus.listeners.mute(quiet.id, 3600)
        for number in range(3):
            bus.emit("repo.sync.start", {"repo_id": f"rhel-{number}"})
    return admin


@pytest.fixture
def top(scene):
    """`top("--interval=100ms", columns=80)`: the screen of a running one."""
    screens = []

    def start(*words, columns=80, rows=24, environment=(), command=None):
        command = command or scene.command("event", "top", *words)
        screen = Screen(command, {**scene.environment, **dict(environment)}, columns, rows)
        screens.append(screen)
        return screen

    yield start
    for screen in screens:
        screen.close()


@pytest.fixture
def bus(scene):
    with EventBus.open(scene.config, deliver="external") as bus:
        yield bus


def test_what_keys_do_is_done_in_the_store_and_seen(top, bus):
    screen = top("--interval=200ms").see("mirror", "1 failing", "1 muted", "refused", "q quit")
    assert ">!mirror" in screen.lines[7] and "refused" in screen.line_with(" mirror: ")
    assert screen.style_at("!mirror").fg == "red" and screen.style_at("failing   ").bold
    screen.type("m")
    screen.see("Mute mirror for how long?").type("45m\r")
    screen.see("Mute mirror for 45m. Reason?").type("moving\r")
    screen.see("mirror is muted for 45m", "muted 45m", "; moving")
    muted = bus.listeners.get("mirror")
    assert 2600 < muted.muted_for(bus.clock.time()) <= 2700 and muted.mute_reason == "moving"
    screen.type("u")
    screen.see("mirror is not muted any more", "failing")
    assert not bus.listeners.get("mirror").muted_for(bus.clock.time())
    screen.type("d")
    screen.see("Disable mirror").type("no more\r")
    screen.see("mirror is disabled", "stopped")
    assert bus.listeners.get("mirror").disabled_reason == "no more"
    screen.type("e")
    screen.see("mirror is enabled")
    assert bus.listeners.get("mirror").enabled
    screen.type("rp")
    screen.see("mirror: 3 deliveries due now")
    [*_, first] = bus.deliveries.list(DeliveryQuery(listener_id="mirror"))
    assert first.due is None or first.due.timestamp() <= bus.clock.time()
    screen.type("q")
    assert screen.end() == 0 and screen.is_as_before()


def test_the_way_to_a_delivery_and_its_retry(top, bus):
    screen = top("--interval=200ms").see("mirror")
    screen.type("\r")
    screen.see("repo.sync.start", "[all]", "3 pending")
    screen.type(DOWN_ARROW + "\r")
    middle = bus.deliveries.list(DeliveryQuery(listener_id="mirror"))[1]
    screen.see(f"delivery {middle.id}", "Attempts: 1", "transient", '"repo_id": "rhel-1"')
    next(iter(bus.deliveries.discard(DeliveryQuery(ids=[middle.id]), "given up")))
    screen.see("State       dead").type("ry")
    screen.see("is due now")
    assert bus.deliveries.get(middle.id).state == State.PENDING
    screen.type(ESCAPE)
    screen.see("[all]").type("?")
    screen.see("mute it: for how long, and why").type(ESCAPE)
    screen.see("[all]").type("\t\t")
    screen.see("[delivered]", gone=["repo.sync.start"])
    bus.listeners.delete("mirror")
    screen.see("no listener has the id", "LISTENER", gone=["[delivered]"])  # back where it is listed no more
    screen.type("q")
    assert screen.end() == 0


def test_only_what_is_looked_for_is_shown_in_the_order_that_is_asked_for(top):
    screen = top("--interval=200ms", "--sort=name").see("mirror", "quiet", "idler")
    assert [line[2:].split()[0] for line in screen.lines[7:10]] == ["idler", "mirror", "quiet"]
    screen.type("/muted")
    screen.see("Show listeners with: muted_", gone=["mirror"]).type("\r")
    screen.see("find: muted", "quiet").type(ESCAPE)
    screen.see("mirror", gone=["find: muted"])


def test_it_fits_the_terminal_whatever_its_size_becomes(top):
    screen = top("--interval=200ms", columns=40).see("mirror", "STATE")
    assert "PENDING" in screen.shown and "OLDEST" not in screen.shown
    screen.resize(160, 50)
    screen.see("LAST ERROR", "OLDEST", "Connection refused", "q quit")
    assert screen.lines[49].startswith(" q quit")
    screen.resize(60, 12)
    screen.see("mirror", "q quit", gone=["LAST ERROR"])
    assert screen.lines[11].startswith(" q quit") and "mirror" in screen.shown
    screen.resize(12, 4)
    screen.see("too small", gone=["mirror"])


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("\x03", 0),
        (signal.SIGTERM, 0),
        pytest.param(signal.SIGHUP, 1, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, 0, marks=pytest.mark.slow),
    ],
    ids=["ctrl-c", "SIGTERM", "SIGHUP", "SIGINT"],
)
def test_a_signal_ends_it_and_the_terminal_is_as_before(top, how, code):
    screen = top().see("mirror")
    assert screen.modes() != screen.before
    if isinstance(how, str):
        screen.type(how)
    else:
        screen.process.send_signal(how)
    assert screen.end() == code and screen.is_as_before()
    assert "Traceback" not in screen.text


CRASHES = r"""
import os, sys
from pulp_events_cli.top import app
from pulp_events_cli.main import main
shown, real = 0, app.frame
def frame(*given):
    global shown
    shown += 1
    if shown > 5:
        os.write(1, b"a plugin prints this\n")
        raise RuntimeError("planted")
    return real(*given)
app.frame = frame
sys.exit(main(sys.argv[1:]))
"""


def test_a_crash_is_told_in_a_line_on_a_terminal_that_is_as_before(top):
    screen = top(command=[sys.executable, "-c", CRASHES, "event", "top", "--interval=100ms"])
    assert screen.end() == 1 and screen.is_as_before()
    told = screen.text[screen.text.rindex("\x1b[?1049l") :]
    assert "a plugin prints this" in told and "unexpected RuntimeError: planted" in told and "Traceback" not in told


def test_when_the_terminal_goes_away_it_ends(top):
    screen = top().see("mirror")
    os.close(screen._handle)
    assert screen.process.wait(60) != 0


@pytest.mark.slow
def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again(top, scene):
    screen = top(command=["sh", "-i"], environment={"PS1": "$ ", "ENV": ""})
    screen.see("$").type(f"{' '.join(scene.command('event', 'top'))}\n")
    screen.see("mirror", "q quit").type("\x1a")
    screen.see("Stopped")
    assert screen.text.rindex("\x1b[?1049l") > screen.text.rindex("\x1b[?1049h")
    screen._pyte.reset()
    screen.type("fg\n")
    screen.see(">!mirror", "q quit").type("q")
    screen.see("$", gone=["mirror"]).type("exit\n")
    screen.end()
    assert screen.is_as_before()


@pytest.mark.parametrize(
    "environment",
    [{"NO_COLOR": "1"}, pytest.param({"LC_ALL": "C", "PYTHONUTF8": "0"}, marks=pytest.mark.slow)],
    ids=["NO_COLOR", "ASCII"],
)
def test_without_colour_or_more_than_ascii_it_says_the_same(top, environment):
    screen = top(environment=environment).see("!mirror", "failing")
    if "NO_COLOR" in environment:
        assert screen.style_at("mirror").fg == "default" and not screen.style_at("mirror").bold
    else:
        assert screen.shown.isascii() or "…" not in screen.shown


def test_a_terminal_that_can_only_print_is_told_what_to_do(scene):
    for environment, stdin in (({"TERM": "dumb"}, None), ({"TERM": "xterm"}, "/dev/null")):
        command = ["env", *(f"{key}={value}" for key, value in environment.items()), *scene.command("event", "top")]
        if stdin:
            command = ["sh", "-c", 'exec "$@" </dev/null', "sh", *command]
        screen = Screen(command, scene.environment)
        code = screen.end()
        screen.close()
        assert code == 1 and screen.text.count("\n") == 1 and "--once" in screen.text, screen.text
        assert stdin or "\x1b" not in screen.text


@pytest.mark.slow
def test_a_pipe_gets_it_once_and_json_an_object_at_each_interval(scene):
    run = scene.process("event", "top")
    assert run.code == 0 and "\x1b" not in run.out and not run.err
    assert any(line.startswith(" !mirror") and "failing" in line for line in run.out.splitlines())
    assert scene.process("event", "top", "--once").out.splitlines()[1:3] == run.out.splitlines()[1:3]
    assert len(scene.process("event", "top", "--json", "--interval=1h", "--for=1s").out.splitlines()) == 1
    command = scene.command("event", "top", "--json", "--interval=100ms", "--rows=1", "--sort=pending")
    started = subprocess.Popen(command, env=scene.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with started as process, contextlib.ExitStack() as end:
        end.callback(process.kill)
        objects = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.stdout.close()
        assert process.wait(60) == 1 and b"Traceback" not in process.stderr.read()  # nobody reads it any more
    assert objects[0]["time"] < objects[1]["time"] < objects[2]["time"]
    assert objects[0]["listeners_in_all"] == 3 and [each["name"] for each in objects[0]["listeners"]] == ["mirror"]
    assert objects[0]["listeners"][0]["condition"] == "failing" and objects[0]["totals"]["pending"] == 6


def test_what_is_counted_comes_from_the_store_and_workers_are_those_that_deliver(admin):
    with HttpSink() as sink, EventBus.open(admin.config, deliver="background") as bus:
        bus.listeners.create("http", {"url": sink.url}, ["*"], name="good")
        event = bus.emit("repo.sync.start", {})
        assert bus.wait(event, 60)
        end = time.monotonic() + 30
        while not bus.workers():  # it tells of itself beside its work
            assert time.monotonic() < end
        shown = admin.ok("event", "top", "--once", "--json").json
        assert [each["name"].rpartition(":")[2] for each in shown["workers"]] == [str(os.getpid())]
        [good] = shown["listeners"]
        assert (good["condition"], good["delivered"], good["failed"], good["pending"]) == ("ok", 1, 0, 0)
        assert 0 < good["p50"] == good["p95"] < 20 and sum(good["series"]) == 1
        lines = admin.ok("event", "top").out.splitlines()
        assert "0.1/m delivered   0 failed" in lines[2] and f":{os.getpid()} " in lines[4]


def test_bad_options_are_refused(admin):
    for words in (["--interval=0"], ["--sort=colour"], ["--rows=0"], ["--span=x"], ["--span=100d"]):
        assert admin("event", "top", *words).code == 2
