"""Servers for the tests of the gallery: real programs, each on loopback and a free port, killed and started as told."""

import os
import shutil
import signal
import socket
import subprocess
import time

import pytest


class Server:
    """A server program. `restart` kills it and starts it again on the same port, with the same files."""

    def __init__(self, command, port, folder):
        self.command, self.port, self.log = command, port, folder / "server.log"
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait(self._accepts, "does not accept connections")

    def kill(self):
        """SIGKILL: it can say goodbye to nobody."""
        self._process.kill()
        self._process.wait()

    def restart(self):
        self.kill()
        self.start()

    def reload(self, said):
        """Let it read its files again; it logs `said` when it has."""
        before = self.log.read_bytes().count(said)
        self._process.send_signal(signal.SIGHUP)
        self._wait(lambda: self.log.read_bytes().count(said) > before, f"has not logged {said!r}")

    def _accepts(self):
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def _wait(self, condition, otherwise):
        deadline = time.monotonic() + 60
        while not condition():
            ended = self._process.poll() is not None
            assert not ended and time.monotonic() < deadline, f"{self.command[0]} {otherwise}: {self.log.read_text()}"
            time.sleep(0.01)


@pytest.fixture
def serve(tmp_path, free_port):
    """`serve("redis-server", "--port", "{port}")`: the program, started; skips where it is not installed."""
    servers = []

    def start(program, *arguments):
        path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
        if path is None:
            missing = f"{program} is not installed; .ci/install-system-packages installs it"
            if os.environ.get("PULP_EVENTS_NO_SKIP") == "1":
                pytest.fail(missing)
            pytest.skip(missing)
        words = [word.format(port=free_port, folder=tmp_path) for word in arguments]
        servers.append(Server([path, *words], free_port, tmp_path))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def eventually():
    """`eventually(condition, otherwise)`: waits until it is true; fails with the text after half a minute."""

    def wait(condition, otherwise):
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, otherwise
            time.sleep(0.01)

    return wait
