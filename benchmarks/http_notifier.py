"""Requests per second and processor time of the HTTP notifier's channel, against a bare prepared request."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.measure import Child, Row, Sink, in_turn

COUNT = 3000

SENDER = """
    import json, sys, time
    from pulp_events.testing.factory import make_delivery
    url, count, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    delivery = make_delivery("repo.sync.start", {"repo_id": "pulp2", "padding": "x" * 600})
    if how == "bare":
        import requests
        session = requests.Session()
        headers = {"Content-Type": "application/json"}
        request = session.prepare_request(requests.Request("POST", url, data=delivery.report, headers=headers))
        send = lambda: session.send(request, timeout=15).raise_for_status()
    else:
        from pulp_events_http.notifier import HttpNotifier
        notifier = HttpNotifier()
        config = {"url": url, **json.loads(how)}
        config = notifier.config_schema().load(notifier.prepare(config))
        channel = notifier.open(config, notifier.settings_schema().load({}))
        channel.__enter__()
        send = lambda: channel.send(delivery)
    send()
    for line in sys.stdin:
        began = time.process_time()
        for _ in range(count):
            send()
        print(json.dumps((time.process_time() - began) / count), flush=True)
"""

UNSIGNED = "{}"
SIGNED = '{"secret": "generate"}'
ROTATING = (
    '{"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "previous_secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}'
)
ED25519 = '{"secret": "generate-ed25519"}'
CLOUDEVENTS = '{"format": "cloudevents"}'
TEMPLATE = '{"format": "template", "body_template": "{\\"text\\": {{ payload.repo_id | tojson }}}"}'

VARIANTS = (
    ("unsigned", UNSIGNED, 0.85),
    ("signed (HMAC-SHA256)", SIGNED, 0.85),
    ("signed with an old and a new secret", ROTATING, None),
    ("signed (ed25519)", ED25519, None),
    ("structured CloudEvent", CLOUDEVENTS, None),
    ("template", TEMPLATE, None),
)


def run() -> Iterator[Row]:
    """The rows."""
    for what, config, target in VARIANTS:
        yield from _measure(what, config, target)


def _measure(what: str, config: str, target: float | None) -> Iterator[Row]:
    used: dict[str, list[float]] = {"ours": [], "bare": []}
    with Sink() as sink, Child(SENDER, sink.url, COUNT, "bare") as bare, Child(SENDER, sink.url, COUNT, config) as ours:
        sink.rate(2)  # the requests that the children made to warm up

        def rate(child: Child, name: str) -> float:
            used[name].append(child.ask("go"))
            return sink.rate(COUNT)

        mine, peer = in_turn(lambda: rate(ours, "ours"), lambda: rate(bare, "bare"))
    yield Row(
        f"one channel, {what}: requests; bare Session.send",
        f"{mine:.0f}/s",
        f"{peer:.0f}/s",
        mine / peer,
        f"≥ {target}" if target else "none",
        mine / peer >= target if target else None,
    )
    cost, peers = statistics.median(used["ours"]), statistics.median(used["bare"])
    yield Row(
        f"one channel, {what}: processor time; bare Session.send",
        f"{cost * 1e6:.0f} µs",
        f"{peers * 1e6:.0f} µs",
        cost / peers,
        "≤ 1.2" if target else "none",
        cost / peers <= 1.2 if target else None,
    )
