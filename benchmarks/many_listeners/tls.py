"""What the first delivery of each of a thousand https listeners costs, all trusting one private authority."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.many_listeners.senders import USAGE, Measured, ours
from benchmarks.many_listeners.sink import ManySink
from benchmarks.measure import Child, Row, rounds, scaled

LISTENERS = 1000

BARE = """
    import http.client, ssl, urllib.parse
    urls, ca = json.load(open(sys.argv[1])), sys.argv[2]
    body, headers = b"x" * 680, {"Content-Type": "application/json"}
    print("null", flush=True)
    sys.stdin.readline()
    began, kept = time.process_time(), []
    context = ssl.create_default_context(cafile=ca)
    for url in urls:
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=30)
        connection.request("POST", parts.path, body, headers)
        connection.getresponse().read()
        kept.append(connection)
    sys.stdin.readline()
    print(usage(began), flush=True)
"""


def run() -> Iterator[Row]:
    """The rows."""
    yield from _first(own=True)
    yield from _first(own=False)


def _first(own: bool) -> Iterator[Row]:
    import trustme

    from benchmarks.many_listeners import senders

    count = scaled(LISTENERS)
    with tempfile.TemporaryDirectory() as folder:
        authority, ca, certificate = trustme.CA(), Path(folder) / "ca.pem", Path(folder) / "server.pem"
        authority.cert_pem.write_to_path(ca)
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        with ManySink(ports=count if own else 1, certificate=str(certificate)) as sink:
            urls = sink.urls(count, own)
            mine: list[Measured] = []
            bare: list[Measured] = []
            for _ in range(rounds(3)):
                mine.append(ours(sink, urls, 1, None, ca_path=str(ca)))
                with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                    senders.write(file, urls)
                    with Child(USAGE + BARE, file.name, ca) as child:
                        bare.append(senders.measure(sink, child, count))
    cost, peer = (statistics.median(one.cpu for one in found) for found in (mine, bare))
    where = "own origins (ports)" if own else "one origin"
    yield Row(
        f"{count:,} https listeners of one authority, {where}, concurrency as by default: processor time of a first "
        "delivery; bare handshake and request on a shared context",
        f"{cost * 1e3:.2f} ms", f"{peer * 1e3:.2f} ms", cost / peer, "≤ 1.2", cost / peer <= 1.2,
    )  # fmt: skip


PARTS = {"own": lambda: _first(own=True), "one": lambda: _first(own=False)}
