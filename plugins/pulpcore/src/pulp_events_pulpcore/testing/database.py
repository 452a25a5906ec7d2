"""`DatabaseServer`: a PostgreSQL of the caller's own, in a temporary folder, on a free port."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg


class Missing(Exception):
    """Something that the machine lacks; the message says how to install it."""


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _copy(source: Path, target: Path) -> None:
    """A folder with owners and modes."""
    subprocess.run(["cp", "-a", source, target], check=True)


def binaries() -> Path:
    """The folder with initdb and postgres; raises Missing."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    folders += sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise Missing("PostgreSQL's server is not installed. On Debian and Ubuntu: apt-get install postgresql")


class DatabaseServer:
    """A running server; its superuser is `postgres`, and `pulp` (password `pw`) owns the database `pulp`.

    It does not wait for the disk (fsync off), unless `durable`. `data`: what `keep` made, to begin with.
    Raises Missing.
    """

    def __init__(self, durable: bool = False, data: Path | None = None) -> None:
        self.bin = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="pulp3-pg-", dir="/tmp"))  # a socket's path is short
        self.port = free_port()
        self._durable = durable
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            names = {each.pw_name for each in pwd.getpwall()}
            user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            self._user = {"user": user.pw_name, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        if data is not None:
            _copy(data, self.folder / "data")
            self.start()
        else:
            self._make()

    def _make(self) -> None:
        password = self.folder / "password"
        password.write_text("super")
        password.chmod(0o644)
        options = ["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", f"--pwfile={password}"]
        command: list[str | Path] = [self.bin / "initdb", "-D", self.folder / "data", "--no-sync", *options]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._user)
        self.start()
        with self.connect("postgres") as connection:
            connection.execute("CREATE USER pulp PASSWORD 'pw'")
            connection.execute("CREATE DATABASE pulp OWNER pulp")

    def keep(self, folder: Path) -> None:
        """Copy all data to a new folder, for the `data` of another server. Nobody may be connected."""
        self.stop()
        _copy(self.folder / "data", folder)
        self.start()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = ["listen_addresses=127.0.0.1", "max_connections=200", f"fsync={'on' if self._durable else 'off'}"]
        chosen = [word for option in options for word in ("-c", option)]
        place: list[str | Path] = ["-D", self.folder / "data", "-p", str(self.port), "-k", self.folder]
        command = [self.bin / "postgres", *place, *chosen]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._user)
        deadline = time.monotonic() + 30
        while True:
            try:
                self.connect("postgres").close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def stop(self, how: int = signal.SIGINT) -> None:
        """SIGINT: a fast shutdown; SIGQUIT: as a crash."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def connect(self, database: str = "pulp") -> psycopg.Connection[Any]:
        """A superuser's connection, in autocommit mode."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", password="super", dbname=database, autocommit=True
        )

    def close(self) -> None:
        """Stop it, and remove its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
