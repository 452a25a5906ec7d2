"""In a terminal there is colour, and tables fit it; in a pipe everything is plain and stays the same."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest

from pulp_events import EventBus

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

HTTP = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def show(admin):
    """`show("event", "types", columns=80)`: what a terminal shows, and the exit code."""

    def run(*words, columns=120, environment=(), **options):
        terminal = Terminal(admin.command(*words), {**admin.environment, **dict(environment)}, columns, **options)
        try:
            return terminal.end()
        finally:
            terminal.close()

    return run


@pytest.fixture
def dead(admin):
    """A number of dead deliveries."""

    def make(count):
        with EventBus.open(admin.config, deliver="external") as bus:
            listener = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
            for start in range(0, count, 500):
                bus.emit_many([("repo.sync.start", {"n": n}) for n in range(start, min(count, start + 500))])
            bus.outbox.bury(listener.id, "buried")
        return listener.id

    return make


def plain(text):
    return ESCAPE.sub("", text).replace("\r\n", "\n")


def test_the_layout_of_the_guide_is_the_same_with_colour(admin, show):
    admin.ok("event", "listener", *HTTP)
    text, code = show("event", "listener", "list")
    assert code == 0 and "\x1b[1mId:\x1b[0m" in text
    assert plain(text) == admin.process("event", "listener", "list").out


def test_states_have_colours_in_tables_that_fit(admin, show, dead):
    dead(3)
    text, _ = show("event", "delivery", "list", columns=150)
    assert "\x1b[31mdead" in text
    lines = plain(text).splitlines()
    assert lines[0].split() == ["ID", "TIME", "EVENT", "TYPE", "LISTENER", "STATE", "ATTEMPTS", "DETAIL"]
    assert max(map(len, lines)) <= 150 and sum("buried" in line for line in lines) == 3


def test_prose_is_wrapped_where_the_terminal_is_narrow(admin, show):
    text = plain(show("event", "config", "check", columns=60)[0])
    assert text.startswith("STATE  WHAT") and max(map(len, text.splitlines())) <= 60
    assert "with the first event" in " ".join(text.split())  # the end, where the remedy stands


@pytest.mark.slow
@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_whoever_wants_no_colour_gets_none(admin, dead, environment):
    dead(1)
    for words in (("event", "delivery", "list"), ("event", "listener", "list"), ("event", "listner")):
        terminal = Terminal(["env", *(f"{k}={v}" for k, v in environment.items()), *admin.command(*words)],
                            admin.environment)  # fmt: skip
        text, _ = terminal.end()
        assert "\x1b" not in text, text


def test_errors_are_red_on_a_terminal_only(admin, show):
    text, code = show("event", "listner")
    assert code == 2 and "\x1b[1;31merror:" in text
    assert "\x1b" not in admin.process("event", "listner").err


def test_in_a_pipe_rich_is_not_imported(admin):
    import subprocess

    script = (
        "import sys; from pulp_events_cli.main import main; code = main(sys.argv[1:]); "
        "assert 'rich' not in sys.modules; sys.exit(code)"
    )
    for code, *words in (
        (0, "event", "listener", "list"),
        (0, "event", "delivery", "purge", "--all"),
        (2, "event", "listner"),
    ):
        command = [sys.executable, "-c", script, *words]
        run = subprocess.run(command, env=admin.environment, capture_output=True, text=True)
        assert run.returncode == code, run.stderr


@pytest.mark.slow
def test_progress_is_shown_on_a_terminal_and_gone_at_the_end(admin, show, dead):
    dead(2500)
    text, code = show("event", "delivery", "purge", "--all", "--yes")
    assert code == 0 and "purge: deliveries" in text and "/2500" in text
    assert text.rstrip().endswith("2500 deliveries deleted")
    dead(600)
    run = admin.process("event", "delivery", "retry", "--all")
    assert (run.out, run.err) == ("600 deliveries are pending again\n", "")


def test_quiet_shows_neither_progress_nor_confirmation(show, dead):
    dead(600)
    assert show("event", "delivery", "purge", "--all", "--yes", "--quiet") == ("", 0)


@pytest.mark.slow  # and on disk: in memory all can be deleted before it is interrupted
@pytest.mark.parametrize("where", ["terminal", "pipe"])
def test_ctrl_c_stops_between_two_pages_and_says_what_was_done(admin, dead, where, monkeypatch):
    import subprocess

    dead(40_000)
    command = admin.command("event", "delivery", "purge", "--all", "--yes")
    if where == "terminal":
        process = Terminal(command, admin.environment)
        process.read(until="00/40000")
        process.interrupt()
        text, code = process.end()
        text = plain(text)
    else:
        process = subprocess.Popen(
            command, env=admin.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        with EventBus.open(admin.config, deliver="external") as bus:
            end = time.monotonic() + 30
            while bus.deliveries.stats().dead == 40_000:
                assert time.monotonic() < end
        process.send_signal(2)
        text, code = process.communicate(timeout=30)[0], process.returncode
    assert code == 1
    done = int(re.search(r"(\d+) deliveries deleted", text)[1])
    assert f"error: interrupted after {done} deliveries; run the same command to continue" in text
    assert 0 < done < 40_000 and done % 500 == 0
    assert admin.ok("event", "delivery", "stats", "--json").json["dead"] == 40_000 - done


@pytest.mark.slow
def test_drain_delivers_what_is_due_and_ends(admin, show):
    from pulp_events.testing.http_sink import HttpSink

    with HttpSink() as sink:
        admin.ok("event", "listener", "http", "create", "--event-type=*", f"--url={sink.url}")
        muted = admin.listener("http", "create", "--event-type=*", f"--url={sink.url}")
        admin.ok("event", "listener", "mute", "--for=1h", "--listener-id", muted)
        with EventBus.open(admin.config, deliver="external") as bus:
            bus.emit_many([("repo.sync.start", {})] * 300)
        text, code = show("event", "worker", "--drain")
        assert code == 0 and "drain: deliveries" in text
        assert "300 deliveries made, 0 dead; 300 wait for a retry, their endpoint, their listener's rate" in plain(text)
        assert len(sink.requests) == 300
        run = admin.process("event", "worker", "--drain", "--json")
        assert run.json == {"delivered": 0, "dead": 0, "pending": 300, "interrupted": False}
    assert admin("event", "worker", "--drain", "--processes=2").code == 2


@pytest.mark.slow
def test_ctrl_c_ends_a_drain_at_once_and_says_what_was_done(admin):
    from pulp_events.testing.http_sink import HttpSink

    with HttpSink() as sink:
        admin.ok("event", "listener", "http", "create", "--event-type=*", f"--url={sink.url}")
        with EventBus.open(admin.config, deliver="external") as bus:
            for _ in range(40):
                bus.emit_many([("repo.sync.start", {})] * 500)
        process = Terminal(admin.command("event", "worker", "--drain", "--grace=2s"), admin.environment)
        process.read(until="drain: deliveries")
        sink.wait_for(20)
        process.interrupt()
        text, code = process.end()
        made = int(re.search(r"(\d+) deliveries made, 0 dead", plain(text))[1])
        left = admin.ok("event", "delivery", "stats", "--json").json
        assert code == 1 and f"interrupted; {left['pending']} deliveries are still pending" in plain(text)
        assert made == left["delivered"] < 20_000


def test_times_are_local_for_people_and_utc_for_programs(admin, dead):
    dead(1)
    environment = {**admin.environment, "TZ": "Asia/Kolkata"}
    shown = admin.process("event", "delivery", "list", env=environment).out.splitlines()[1]
    exact = admin.process("event", "delivery", "list", "--json", env=environment).json[0]["event_time"]
    from datetime import datetime, timedelta

    local = datetime.fromisoformat(exact) + timedelta(hours=5, minutes=30)
    assert exact.endswith("Z") and f"{local:%Y-%m-%d %H:%M:%S} IST" in shown
