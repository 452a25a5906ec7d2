"""A RabbitMQ 4 server for tests: `.ci/install-rabbitmq` unpacks it, this starts and stops it.

    with RabbitMQ(root) as server:
        ...                                     # server.url(), server.restart(), server.kill()

The server runs inside its root with chroot, so this needs to be root. It listens on 127.0.0.1 only, on free ports, and
has a node name, an epmd and a data folder of its own, so that it gets in nobody's way and several may run at once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import trustme

ROOTS_VARIABLE = "PULP_EVENTS_RABBITMQ_ROOT"
"""Environment variable with the folders that `.ci/install-rabbitmq` printed, one or several with `:` between them."""

USERS = {
    "admin": {"configure": ".*", "write": ".*", "read": ".*"},
    "publisher": {"configure": "^$", "write": ".*", "read": ".*"},
    "declarer": {"configure": ".*", "write": "^$", "read": ".*"},
    "certified": {"configure": "^$", "write": ".*", "read": ".*"},
    "reader": {"configure": "^$", "write": "^$", "read": ".*"},
    "guest": {"configure": ".*", "write": ".*", "read": ".*"},
}
"""Users and their permissions; each one's password is its name."""

MAX_MESSAGE_SIZE = 1_000_000
"""Bytes; the largest message that the server takes."""

_START_LIMIT = 90.0


def roots() -> list[Path]:
    """The folders with servers."""
    return [Path(root) for root in os.environ.get(ROOTS_VARIABLE, "").split(":") if root]


def version(root: Path) -> str:
    """Of the server in a folder, such as `4.0.5`."""
    (folder,) = root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*")
    return folder.name.rpartition("-")[2]


class RabbitMQ:
    """One server. Use it as a context manager."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.version = tuple(int(part) for part in version(root).split("."))
        self._home = Path(tempfile.mkdtemp(prefix="pulp-events-rabbitmq-", dir=root / "tmp"))
        self.port, self.tls_port, self._dist_port, self._epmd_port = free_ports(4)
        self._processes: list[subprocess.Popen[bytes]] = []
        inside = Path("/") / self._home.relative_to(root)
        # RabbitMQ looks this machine's name up for each connection; that must not depend on a name server.
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
        (self._home / "definitions.json").write_text(json.dumps(_definitions()))
        (self._home / "enabled_plugins").write_text("[rabbitmq_auth_mechanism_ssl].\n")
        self._issue_certificates()
        (self._home / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndefinitions.import_backend = local_filesystem\n"
            f"definitions.local.path = {inside}/definitions.json\nloopback_users = none\n"
            f"max_message_size = {MAX_MESSAGE_SIZE}\n"
            f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}\nssl_options.cacertfile = {inside}/ca.pem\n"
            f"ssl_options.certfile = {inside}/server.pem\nssl_options.keyfile = {inside}/server-key.pem\n"
            "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = false\n"
            "auth_mechanisms.1 = PLAIN\nauth_mechanisms.2 = ANONYMOUS\nauth_mechanisms.3 = EXTERNAL\n"
            "ssl_cert_login_from = common_name\n"
        )
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(inside),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"rabbit-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": f"{inside}/data",
            "RABBITMQ_LOG_BASE": f"{inside}/log",
            "RABBITMQ_CONFIG_FILE": f"{inside}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{inside}/enabled_plugins",
        }

    def url(self, user: str = "") -> str:
        """URL for one of `USERS`, or without a user."""
        return f"amqp://{user}:{user}@127.0.0.1:{self.port}" if user else f"amqp://127.0.0.1:{self.port}"

    def file(self, name: str) -> str:
        """Path of `ca.pem`, or of `client.pem`: the certificate and key of the user `certified`."""
        return str(self._home / name)

    def _issue_certificates(self) -> None:
        ca = trustme.CA()
        ca.cert_pem.write_to_path(self._home / "ca.pem")
        server = ca.issue_cert("localhost", common_name="localhost")
        server.cert_chain_pems[0].write_to_path(self._home / "server.pem")
        server.private_key_pem.write_to_path(self._home / "server-key.pem")
        client = ca.issue_cert("certified@example.com", common_name="certified")
        client.private_key_and_cert_chain_pem.write_to_path(self._home / "client.pem")

    def start(self) -> None:
        """Start the server and return when it listens."""
        (binary,) = self._root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server")
        if not self._processes:
            # In the foreground and ours: a daemon that the server started would outlive it.
            self._spawn("epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1")
        server = self._spawn(str(Path("/") / binary.relative_to(self._root)))
        deadline = time.monotonic() + _START_LIMIT
        while not (_listens(self.port) and _listens(self.tls_port)):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"RabbitMQ did not start; its output:\n{(self._home / 'output').read_text()[-4000:]}"
                )
            time.sleep(0.1)

    def kill(self) -> None:
        """End the server at once, as a crash would; its data stay. Returns when nothing listens any more."""
        self._end_server(signal.SIGKILL)

    def restart(self) -> None:
        """Stop the server in order and start it again: what it had only in memory is on disk afterwards.

        Declarations need this before a `kill`. RabbitMQ writes messages to disk before it accepts them, but keeps
        exchanges, queues and bindings in Mnesia, whose log is written some time after the answer: in about one of ten
        kills within a second of its declaration a binding was gone after the restart (seen with 4.0.5), and then what
        is published is RELEASED, which is right: nobody is bound.
        """
        self._end_server(signal.SIGTERM)
        self.start()

    def _end_server(self, sign: signal.Signals) -> None:
        _end(self._processes.pop(), sign)
        deadline = time.monotonic() + _START_LIMIT
        while _listens(self.port):  # the process that we started has ended, its child may be dying yet
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def evaluate(self, erlang: str) -> str:
        """Have the server evaluate an Erlang expression; its value as text."""
        (binary,) = self._root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmqctl")
        command = ["chroot", str(self._root), str(Path("/") / binary.relative_to(self._root))]
        name = self._environment["RABBITMQ_NODENAME"]
        done = subprocess.run(
            [*command, "-q", "-n", name, "eval", erlang],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def stop(self) -> None:
        """End everything that was started and remove its files."""
        while self._processes:
            _end(self._processes.pop(), signal.SIGTERM)
        shutil.rmtree(self._home, ignore_errors=True)

    def __enter__(self) -> RabbitMQ:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self, *command: str) -> subprocess.Popen[bytes]:
        with (self._home / "output").open("ab") as output:
            process = subprocess.Popen(
                ["chroot", str(self._root), *command],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # one process group, to end what it starts along with it
            )
        self._processes.append(process)
        return process


def _end(process: subprocess.Popen[bytes], first: signal.Signals) -> None:
    for sign in (first, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            pass
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            continue
        return


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def _definitions() -> dict[str, object]:
    """Virtual host, users and permissions, in the form that RabbitMQ loads when it starts."""
    return {
        "vhosts": [{"name": "/"}, {"name": "pulp"}],
        "users": [
            {
                "name": name,
                "password_hash": _hash(name),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": [],
            }
            for name in USERS
        ],
        "permissions": [
            {"user": name, "vhost": vhost, **permissions}
            for name, permissions in USERS.items()
            for vhost in ("/", "pulp")
        ],
        "exchanges": [
            {
                "name": name,
                "vhost": "/",
                "type": kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
            for name, kind in (("is-direct", "direct"), ("is-there", "topic"))
        ],
    }


def _hash(password: str) -> str:
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
