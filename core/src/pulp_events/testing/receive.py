"""`python -m pulp_events.testing.receive [PORT [STATUS]]`: an HTTP server that prints what it is sent.

To see what a notifier sends, before there is a receiver. Each request is answered with STATUS (200 unless given).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import TextIO

from pulp_events.testing.http_sink import Answer, HttpSink, Request

PORT = 8765


def show(request: Request) -> str:
    """The request as text."""
    headers = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
    return f"{request.method} {request.path}\n{headers}\n{request.body.decode('utf-8', 'replace')}\n\n"


def main(arguments: Sequence[str], out: TextIO, stop: threading.Event) -> int:
    """Serve until `stop` is set; returns the exit code."""
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
            stop.wait()
    except OSError as error:
        sys.stderr.write(f"port {port}: {os.strerror(error.errno or 0)}; name another\n")
        return 1
    return 0


if __name__ == "__main__":
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    sys.exit(main(sys.argv[1:], sys.stdout, ended))
