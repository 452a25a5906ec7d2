"""What the workers of a pool tell the process that looks after them: the same as they would tell systemd, whether or
not there is one.

systemd listens to a service's main process only. So a pool's workers speak to the pool, which speaks for all of them.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator, Mapping

from pulp_events.system import sd_notify

_CREDENTIALS = struct.Struct("3i")  # struct ucred of unix(7): process, user, group


class Reports:
    """A socket that workers send their notifications to."""

    def __init__(self, interval: float) -> None:
        """`interval`: seconds within which a worker is to give a sign of life. Raises OSError without such sockets."""
        self._interval = interval
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        # Who sends is the kernel's word: anybody on the machine can reach an address without a file.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(f"\0pulp-events-pool-{os.getpid()}-{os.urandom(4).hex()}")

    @property
    def environment(self) -> Mapping[str, str]:
        """What the workers need to find it."""
        return {
            sd_notify.SOCKET: "@" + self._socket.getsockname()[1:].decode(),
            sd_notify.WATCHDOG: str(int(self._interval * 1e6)),
        }

    def read(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Process id and assignments of each notification that has come."""
        while True:
            try:
                text, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(_CREDENTIALS.size))
            except BlockingIOError:
                return
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                    lines = (line.partition("=") for line in text.decode("utf-8", "replace").splitlines())
                    yield _CREDENTIALS.unpack(data)[0], {key: value for key, _, value in lines}

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
