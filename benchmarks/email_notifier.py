"""Messages per second of the email notifier's channel, against a bare smtplib connection, kept or made for each."""

from __future__ import annotations

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
    settings = notifier.settings_schema().load({"enabled": "true", "host": "127.0.0.1", "port": port})
    config = notifier.config_schema().load({"subject": "s", "addresses": "a@example.com", "format": format})
    message = Composer(config, settings).compose(delivery, "a@example.com")
    if how == "ours":
        channel = notifier.open(config, settings)
        channel.__enter__()
        send = lambda: channel.send(delivery)
    elif how == "kept":
        kept = smtplib.SMTP("127.0.0.1", port)
        send = lambda: kept.sendmail("no-reply@your.domain", ["a@example.com"], message)
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
        children = {how: Child(SENDER, port, COUNT, how, format) for how in ("ours", "kept", "each")}
        with children["ours"] as ours, children["kept"] as kept, children["each"] as each:

            def rate(child: Child) -> float:
                server.ask("clear")
                return float(child.ask("go"))

            rounds = [(rate(ours), rate(kept), rate(each)) for _ in range(ROUNDS)]
    mine, *peers = (statistics.median(speeds) for speeds in zip(*rounds, strict=True))
    what = f"format {format}, a server {'with' if pipelining else 'without'} PIPELINING"
    for number, (peer, least) in enumerate((("one smtplib connection", 0.9), ("a connection for each", 1.8))):
        # by rounds, so that what slows the machine down for a moment slows both
        ratio = statistics.median(speeds[0] / speeds[1 + number] for speeds in rounds)
        yield Row(
            f"messages, {what}; {peer}",
            f"{mine:.0f}/s",
            f"{peers[number]:.0f}/s",
            ratio,
            f"≥ {least}",
            ratio >= least,
        )
