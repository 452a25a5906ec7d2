"""Requests per second and processor time of the HTTP notifier's channel, against a bare prepared request."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.measure import Child, Row, Sink, folder, in_turn

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

FIRST_COUNT = 1000

TLS_SINK = """
    import json, ssl, sys, trustme
    from pulp_events.testing.http_sink import HttpSink
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("*.ci.example").configure_cert(context)
    authority.cert_pem.write_to_path(sys.argv[1])
    with HttpSink(ssl_context=context) as sink:
        print(json.dumps(sink.port), flush=True)
        for line in sys.stdin:
            sink.clear()
            print("null", flush=True)
"""

FIRST = """
    import json, socket, ssl, sys, time
    from pulp_events.testing.factory import make_delivery
    port, bundle, count, how = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    look_up = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *rest: look_up("127.0.0.1" if host.endswith(".ci.example") else host, *rest)
    delivery = make_delivery("repo.sync.start", {"repo_id": "pulp2", "padding": "x" * 600})
    rounds = 0
    def hosts():
        return [f"n{rounds}-{number}.ci.example" for number in range(count)]
    if how == "bare":
        import http.client
        context = ssl.create_default_context(cafile=bundle)
        headers = {"Content-Type": "application/json"}
        def all_of_them():
            for host in hosts():
                connection = http.client.HTTPSConnection(host, port, context=context, timeout=15)
                connection.request("POST", "/", delivery.report, headers)
                assert connection.getresponse().read() == b""
                connection.close()
    else:
        from pulp_events_http.notifier import HttpNotifier
        notifier = HttpNotifier()
        settings = notifier.settings_schema().load({})
        def all_of_them():
            for host in hosts():
                config = {"url": f"https://{host}:{port}/", "ca_path": bundle, "format": "report"}
                with notifier.open(config, settings) as channel:
                    channel.send(delivery)
    all_of_them()
    for line in sys.stdin:
        rounds += 1
        began = time.process_time()
        all_of_them()
        print(json.dumps((time.process_time() - began) / count), flush=True)
"""

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
    yield _measure_first()


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


def _measure_first() -> Row:
    """The first delivery of many listeners, each with a receiver of its own; their authority is one."""
    with folder() as place:
        bundle = str(place / "ca.pem")
        with (
            Child(TLS_SINK, bundle) as sink,
            Child(FIRST, port := sink.read(), bundle, FIRST_COUNT, "bare") as bare,
            Child(FIRST, port, bundle, FIRST_COUNT, "ours") as ours,
        ):

            def cost(child: Child) -> float:
                sink.ask("clear")
                return float(child.ask("go"))

            mine, peer = in_turn(lambda: cost(ours), lambda: cost(bare))
    return Row(
        f"first delivery of {FIRST_COUNT:,} https listeners of one CA: processor time; bare handshake and request",
        f"{mine * 1e6:.0f} µs",
        f"{peer * 1e6:.0f} µs",
        mine / peer,
        "≤ 1.2",
        mine / peer <= 1.2,
    )
