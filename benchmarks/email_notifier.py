"""Messages per second of the email notifier's channel, against a bare smtplib connection, kept or made for each."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Child, Row, in_turn

COUNT = 100

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
                return child.ask("go")

            mine, one, many = in_turn(lambda: rate(ours), lambda: rate(kept), lambda: rate(each), rounds=21)
    what = f"format {format}, a server {'with' if pipelining else 'without'} PIPELINING"
    for peer, speed, least in (("one smtplib connection", one, 0.9), ("a connection for each", many, 1.8)):
        yield Row(
            f"messages, {what}; {peer}",
            f"{mine:.0f}/s",
            f"{speed:.0f}/s",
            mine / speed,
            f"≥ {least}",
            mine / speed >= least,
        )
