"""Messages per second of the email notifier's channel, against bare smtplib: a connection that is kept, made for each
message, or, as ours by default, for ten."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterator

from benchmarks.measure import Child, Row

COUNT = 100
ROUNDS = 21

SERVER = """
    import json, sys
    from pulp_events.testing.smtp_sink import SmtpSink
    with SmtpSink(pipelining=sys.argv[1] == "True") as sink:
        for line in sys.stdin:
            sink.received.clear()
            print(json.dumps(sink.port), flush=True)
"""

SENDER = """
    import json, smtplib, sys, time
    from pulp_events.testing.factory import make_delivery
    from pulp_events_email.message import Composer
    from pulp_events_email.notifier import EmailNotifier
    port, count, how, format = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    delivery = make_delivery("repo.sync.start", {"repo_id": "pulp2", "padding": "x" * 600}, target="a@example.com")
    notifier = EmailNotifier()
    most = {"messages_per_connection": 1000} if how == "ours" else {}
    settings = notifier.settings_schema().load({"enabled": "true", "host": "127.0.0.1", "port": port, **most})
    config = notifier.config_schema().load({"subject": "s", "addresses": "a@example.com", "format": format})
    message = Composer(config, settings).compose(delivery, "a@example.com")
    if how in ("ours", "default"):
        channel = notifier.open(config, settings)
        channel.__enter__()
        send = lambda: channel.send(delivery)
    elif how == "kept":
        kept = smtplib.SMTP("127.0.0.1", port)
        send = lambda: kept.sendmail("no-reply@your.domain", ["a@example.com"], message)
    elif how == "tens":
        sent = 0
        def send():
            global kept, sent
            if sent % 10 == 0:
                kept = smtplib.SMTP("127.0.0.1", port)
            kept.sendmail("no-reply@your.domain", ["a@example.com"], message)
            sent += 1
            if sent % 10 == 0:
                kept.quit()
    else:
        def send():
            with smtplib.SMTP("127.0.0.1", port) as connection:
                connection.sendmail("no-reply@your.domain", ["a@example.com"], message)
    send()
    for line in sys.stdin:
        began = time.perf_counter()
        for _ in range(count):
            send()
        print(json.dumps(count / (time.perf_counter() - began)), flush=True)
"""


def run() -> Iterator[Row]:
    """The rows. The peers send the same octets, made beforehand."""
    for pipelining in (True, False):
        for format in ("report", "readable"):
            yield from _measure(pipelining, format)


def _measure(pipelining: bool, format: str) -> Iterator[Row]:
    with Child(SERVER, pipelining) as server:
        port = int(server.ask("port"))
        with contextlib.ExitStack() as stack:
            kinds = ("ours", "kept", "each", "default", "tens")
            children = [stack.enter_context(Child(SENDER, port, COUNT, how, format)) for how in kinds]

            def rate(child: Child) -> float:
                server.ask("clear")
                return float(child.ask("go"))

            rounds = [[rate(child) for child in children] for _ in range(ROUNDS)]
    speeds = [statistics.median(found) for found in zip(*rounds, strict=True)]
    what = f"format {format}, a server {'with' if pipelining else 'without'} PIPELINING"
    for name, mine, peer, least in (
        ("one smtplib connection", 0, 1, 0.9),
        ("a connection for each", 0, 2, 1.8),
        ("a connection for ten, as ours has by default", 3, 4, 0.9),
    ):
        # by rounds, so that what slows the machine down for a moment slows both
        ratio = statistics.median(found[mine] / found[peer] for found in rounds)
        yield Row(
            f"messages, {what}; {name}",
            f"{speeds[mine]:.0f}/s",
            f"{speeds[peer]:.0f}/s",
            ratio,
            f"≥ {least}",
            ratio >= least,
        )
