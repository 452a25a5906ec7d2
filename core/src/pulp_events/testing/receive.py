"""`python -m pulp_events.testing.receive [PORT [STATUS]]`: an HTTP server that prints what it is sent.

To see what a notifier sends, before there is a receiver. Each request is answered with STATUS (200 unless given).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from pulp_events.testing.http_sink import Answer, HttpSink, Request
from pulp_events.worker.signals import Signals

PORT = 8765


def show(request: Request) -> str:
    """The request as text."""
    headers = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
    return f"{request.method} {request.path}\n{headers}\n{request.body.decode('utf-8', 'replace')}\n\n"


def main(arguments: Sequence[str], out: TextIO, wait: Callable[[], None]) -> int:
    """Serve until `wait` returns; returns the exit code."""
    if len(arguments) > 2 or not all(word.isdecimal() and int(word) <= 65535 for word in arguments):
        sys.stderr.write("usage: python -m pulp_events.testing.receive [PORT [STATUS]]\n")
        return 2
    port, status = [int(word) for word in arguments] + [PORT, 200][len(arguments) :]

    def answer(request: Request) -> Answer:
        out.write(show(request))
        out.flush()
        return Answer(status)

    try:
        with HttpSink(answer, port=port) as sink:
            out.write(f"listening at {sink.url}\n\n")
            out.flush()
            wait()
    except OSError as error:
        sys.stderr.write(f"port {port}: {os.strerror(error.errno or 0)}; name another\n")
        return 1
    return 0


if __name__ == "__main__":
    with Signals(dict.fromkeys(("SIGINT", "SIGTERM"), lambda: None)) as signals:
        sys.exit(main(sys.argv[1:], sys.stdout, lambda: signals.wait(None)))
