"""Workers are killed at random moments while they send digests: each event is counted once, and none is missing.

A message may come twice, and then it is the same message: who drops what is there already, by its Message-ID, has each
event exactly once.
"""

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from pulp_events import EventBus
from pulp_events.testing.smtp_sink import DROP, HANG, SmtpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EVENTS = 1500
KILLS = 25
TARGETS = ("ops@box.example", "dev@box.example")

WORKER = """
    import sys
    from pulp_events import EventBus
    from pulp_events.worker.worker import Worker
    sys.exit(Worker(EventBus.open).run())
"""


def start(environment):
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(WORKER)], env=environment)


@pytest.mark.parametrize("seed", [1, 2])
def test_each_event_is_counted_once_over_kills_of_workers_and_a_server_that_fails(tmp_path, seed):
    dice = random.Random(seed)
    with SmtpSink() as sink:
        conf = tmp_path / "server.conf"
        conf.write_text(
            f"[events]\ndata_dir = {tmp_path}/data\n[delivery]\nlease = 1s\nretry_schedule = 200ms, 400ms, 1s, 1s, 1s\n"
            f"[email]\nenabled = true\nhost = {sink.host}\nport = {sink.port}\ntimeout = 30s\n"
        )
        environment = {**os.environ, "PULP_EVENTS_CONFIG": str(conf)}
        workers = [start(environment), start(environment)]
        try:
            with EventBus.open(conf, deliver="external") as bus:
                bus.listeners.create(
                    "email",
                    {"subject": "s", "addresses": list(TARGETS), "digest": "1s"},
                    ["*"],
                    retry_schedule=[0.2] * 60,
                )
                emitted = []
                for number in range(EVENTS):
                    emitted.append(bus.emit("repo.sync.start", {"n": number}).id)
                    if number % (EVENTS // KILLS) == 0:
                        answer = dice.choice(["250 2.0.0 OK", "451 4.3.0 the answer got lost", DROP, HANG])
                        sink.clear_replies()
                        sink.reply("DATA", answer, times=2)
                        # On a busy machine the workers may still be starting: the kills are to hit them at work.
                        heard, patience = len(sink.received), time.monotonic() + 5
                        while len(sink.received) == heard and time.monotonic() < patience:
                            time.sleep(0.02)
                        time.sleep(0.2 + dice.random())
                        # Where the server took a message and says nothing, nobody may live to wait for it.
                        victims = [0, 1] if answer == HANG else [dice.randrange(2)]
                        for victim in victims:
                            workers[victim].send_signal(signal.SIGKILL)
                            workers[victim].wait()
                            workers[victim] = start(environment)
                sink.clear_replies()
                deadline = time.monotonic() + 120
                while bus.deliveries.stats().pending:
                    assert time.monotonic() < deadline, bus.deliveries.stats()
                    time.sleep(0.1)
                stats = bus.deliveries.stats()
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        assert (stats.delivered, stats.dead) == (EVENTS * len(TARGETS), 0)
        assert len(sink.received) > len({one.message["Message-ID"] for one in sink.received}), "some came again"
        for target in TARGETS:
            messages = {}
            for one in sink.received:  # also those of which the sender never heard that they had been taken
                if one.recipients == (target,):
                    content = messages.setdefault(one.message["Message-ID"], one.raw)
                    assert content == one.raw, "one id, one message"
            counted = [
                event["id"]
                for raw in messages.values()
                for event in json.loads(raw.partition(b"\r\n\r\n")[2])["events"]
            ]
            assert sorted(counted) == sorted(emitted), "each event once"
            assert len(messages) < EVENTS / 10, "they came together"
