"""A PostgreSQL server of the tests' own: initdb in a temporary folder, a free port, fsync on."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

MAJORS = (13, 14, 15, 16, 17, 18)
"""The majors of PostgreSQL that are supported."""


def binaries():
    """The folder of the system's initdb and postgres; None if PostgreSQL is not installed."""
    folders = _with_major("/usr/lib/postgresql")
    found = shutil.which("initdb")
    if found:
        folders.insert(0, Path(found).resolve().parent)
    return next(filter(_usable, folders), None)


def binaries_of(major):
    """The same for a major: the system's, else one that `.ci/install-postgres` fetched; None if neither is there."""
    fetched = os.environ.get("PULP_EVENTS_POSTGRES_MAJORS")
    folders = [*_with_major("/usr/lib/postgresql"), *(_with_major(fetched) if fetched else ())]
    return next((each for each in folders if each.parent.name == str(major) and _usable(each)), None)


def _with_major(folder):
    found = [path for path in Path(folder).glob("*/bin") if path.parent.name.isdigit()]
    return sorted(found, key=lambda path: int(path.parent.name), reverse=True)


def _usable(folder):
    return (folder / "initdb").exists() and (folder / "postgres").exists()


class Server:
    """A running server; its superuser is `postgres`, its ordinary user `pulp` with password `pw`."""

    def __init__(self, bin_folder, host="127.0.0.1", settings=(), parent="/tmp"):
        self.bin = bin_folder
        self.host = host
        self.settings = settings
        # not in pytest's folder: nobody but its owner may pass through that
        self.folder = Path(tempfile.mkdtemp(prefix="pulp-pg-", dir=parent))
        self.data = self.folder / "data"
        self._reserved = socket.socket()  # the system gives its port to nobody else, also while the server is down
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does, which may take it
        self._reserved.bind((host, 0))
        self.port = self._reserved.getsockname()[1]
        self.user = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            name = next(user for user in ("postgres", "nobody") if user in {each.pw_name for each in pwd.getpwall()})
            self.user = {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}
            os.chown(self.folder, pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid)
        self.process = None
        self._begin()

    def _begin(self):
        password = self.folder / "password"
        password.write_text("super")
        password.chmod(0o644)
        self._run(
            "initdb", "-D", self.data, "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C",
            f"--pwfile={password}",
        )  # fmt: skip
        with (self.data / "pg_hba.conf").open("a") as file:
            file.write("host all all 0.0.0.0/0 scram-sha-256\n")
        self.start()
        with self.connect() as connection:
            connection.execute("CREATE USER pulp PASSWORD 'pw'")

    def _run(self, program, *arguments, **environment):
        subprocess.run(
            [self.bin / program, *arguments], check=True, capture_output=True, cwd=self.folder,
            env={**os.environ, **environment}, **self.user,
        )  # fmt: skip

    def start(self):
        log = (self.folder / "log").open("a")
        self.process = subprocess.Popen(
            [
                self.bin / "postgres", "-D", self.data, "-p", str(self.port), "-k", self.folder,
                "-c", f"listen_addresses={self.host}", "-c", "max_connections=200", *self.settings,
            ],
            stdout=log, stderr=log, cwd=self.folder, **self.user,
        )  # fmt: skip
        log.close()
        deadline = time.monotonic() + 90
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast shutdown; SIGQUIT: as a crash."""
        self.process.send_signal(how)
        self.process.wait(90)

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def close(self):
        if self.process.poll() is None:
            self.stop(signal.SIGQUIT)
        self._reserved.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database="postgres"):
        """A superuser's connection, in autocommit mode."""
        return psycopg.connect(
            host=self.folder, port=self.port, user="postgres", password="super", dbname=database, autocommit=True
        )

    def create(self, name):
        """A new database that `pulp` owns; returns its URL, without the password."""
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" OWNER pulp')
        return self.url(name)

    def url(self, name):
        return f"postgresql://pulp@{self.host}:{self.port}/{name}"

    def drop(self, name):
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Standby(Server):
    """A server that follows another one, until it is promoted."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__(primary.bin)

    def _begin(self):
        self._run(
            "pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast",
            "-h", self.primary.host, "-p", str(self.primary.port), "-U", "postgres", PGPASSWORD="super",
        )  # fmt: skip
        self.start()

    def promote(self):
        with self.connect() as connection:
            connection.execute("SELECT pg_promote()")
