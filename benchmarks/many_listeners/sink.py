"""A receiver that stands for thousands of endpoints: one asyncio process on the loopback interface.

It answers on every address 127.x.y.z at one port, so that each listener can have an origin of its own; with TLS on many
ports of 127.0.0.1, as a certificate names addresses and no ports. Paths that begin with `/hang` are never answered.
"""

from __future__ import annotations

from typing import Any

from benchmarks.measure import Child

PATIENCE = 400.0
"""Seconds that are waited for requests: 3,200 endpoints of which 3,000 hang are gone through in 220."""

CODE = """
    import asyncio, json, socket, ssl, sys, threading, time

    delay, ports, certificate, patience = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    arrivals, answered, wanted, first = [], 0, None, None
    OK = b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"

    class Endpoint(asyncio.Protocol):
        def connection_made(self, transport):
            global first
            self.transport, self.data = transport, b""
            first = first or time.time()

        def data_received(self, data):
            self.data += data
            while True:
                head, end, rest = self.data.partition(b"\\r\\n\\r\\n")
                if not end:
                    return
                lower = head.lower()
                length = int(lower.partition(b"content-length:")[2].split(b"\\r\\n", 1)[0] or 0)
                if len(rest) < length:
                    return
                self.data = rest[length:]
                path = head.split(b" ", 2)[1]
                if path.startswith(b"/hang"):
                    continue
                event = lower.partition(b"pulp-event-id:")[2].split(b"\\r\\n", 1)[0].strip().decode()
                arrivals.append((time.time(), event))
                if delay:
                    loop.call_later(delay, self.answer)
                else:
                    self.answer()

        def answer(self):
            global answered
            self.transport.write(OK)
            answered += 1
            if wanted is not None and answered >= wanted[0]:
                finish()

    def finish():
        global wanted, answered, first
        count, what = wanted
        wanted = None
        took, first = time.time() - (first or arrivals[0][0]), None
        answer = took if what == "took" else arrivals[:]
        arrivals.clear()
        answered -= count
        print(json.dumps(answer), flush=True)

    def ask(line):
        global wanted
        what, count = line.split()
        if what == "clear":
            arrivals.clear()
            globals().update(answered=0, first=None)
            return print("null", flush=True)
        wanted = mine = int(count), what
        if what == "now" or answered >= wanted[0]:
            finish() if arrivals else nothing()
        else:
            loop.call_later(patience, lambda: nothing() if wanted is mine else None)

    def nothing():
        global wanted
        wanted = None
        print("[]", flush=True)

    def read():
        for line in sys.stdin:
            loop.call_soon_threadsafe(ask, line)
        loop.call_soon_threadsafe(loop.stop)

    def listening(address):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address == "0.0.0.0":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")  # nobody else can connect
        sock.bind((address, 0))
        return sock

    async def start():
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        socks = [listening("127.0.0.1" if certificate else "0.0.0.0") for _ in range(ports)]
        for sock in socks:
            await loop.create_server(Endpoint, sock=sock, ssl=context, backlog=4096)
        print(json.dumps([sock.getsockname()[1] for sock in socks]), flush=True)
        threading.Thread(target=read, daemon=True).start()

    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(start())
    loop.run_forever()
"""


class ManySink(Child):
    """The receiver. `delay`: seconds before an answer. `ports`, `certificate` (a PEM file): for TLS."""

    def __init__(self, delay: float = 0.0, ports: int = 1, certificate: str = "") -> None:
        super().__init__(CODE, delay, ports, certificate, PATIENCE)
        self._ports: list[int] = self.read()
        self._scheme = "https" if certificate else "http"

    def urls(self, count: int, own: bool, path: str = "") -> list[str]:
        """Of so many endpoints: each with an origin of its own, or all with one and a path each."""
        if not own:
            return [f"{self._scheme}://127.0.0.1:{self._ports[0]}/{path}{number}" for number in range(count)]
        if len(self._ports) > 1:
            return [f"{self._scheme}://127.0.0.1:{port}/{path}" for port in self._ports[:count]]
        return [f"http://127.{1 + n // 62500}.{n // 250 % 250}.{1 + n % 250}:{self._ports[0]}/{path}{n}"
                for n in range(count)]  # fmt: skip

    def took(self, count: int) -> float:
        """Seconds from the first connection to the last of so many answers; infinite where they do not come.

        Not from the first request: a client that opens all its connections before it sends would have that for free.
        """
        return float(self.ask(f"took {count}") or "inf")

    def arrivals(self) -> list[Any]:
        """(seconds since the epoch, event id) of each request since the last question."""
        return list(self.ask("now 0"))

    def wait_for(self, count: int) -> list[Any]:
        """The same, once there are so many."""
        return list(self.ask(f"arrivals {count}"))

    def clear(self) -> None:
        """Forget what came."""
        self.ask("clear 0")
