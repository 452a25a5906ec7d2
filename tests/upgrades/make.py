"""Keeps what a release leaves behind, for the tests of later ones to open: see README.md beside this file.

    .venv-extra/bin/python tests/upgrades/make.py NAME                    # of the sources as they are here
    .venv-extra/bin/python tests/upgrades/make.py NAME --commit COMMIT    # of earlier ones, in an environment of theirs

Writes `fixtures/NAME/`: the data folder, a dump of PostgreSQL, and what that release itself said of both.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import lzma
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from release_name import release_name

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIXTURES = HERE / "fixtures"
PACKAGES = ("core", "cli", "plugins/http", "plugins/email", "plugins/amqp", "plugins/postgres")
STAGES = ("attempted", "hanging", "waiting")
SETTINGS = """\
[events]
data_dir = {folder}
source = fixture
[delivery]
keep_delivered = 36500d
keep_dead = 36500d
[email]
host = 127.0.0.1
port = 9
[messaging]
url = amqp://127.0.0.1:9
"""


class Endpoint(BaseHTTPRequestHandler):
    """Refuses `/down` and `/dead`; a request to `/hang` is not answered, but told of."""

    hung = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/hang":
            self.hung.set()
            threading.Event().wait(600)
        self.send_response(503 if self.path in ("/down", "/dead") else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is said of requests."""


@contextlib.contextmanager
def endpoint() -> Iterator[int]:
    """The port of a server with five digits, so that a test can put another in its place."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()


def environment_of(commit: str, work: Path) -> Path:
    """Python of an environment with the packages of a commit, and of nothing else of ours."""
    archive = subprocess.run(["git", "archive", commit, *PACKAGES], cwd=ROOT, check=True, capture_output=True).stdout
    sources = work / "sources"
    sources.mkdir()
    subprocess.run(["tar", "-x", "-C", sources], input=archive, check=True)
    subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
    python = work / "venv/bin/python"
    packages = [str(sources / each) for each in PACKAGES]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def play(python: Path, config: Path, port: int) -> dict[str, Any]:
    """Play the scene; returns what that release says of its listeners and deliveries.

    Some deliveries are meant to fail, so what the scene logs is shown only where the scene itself does not succeed.
    """
    for stage in STAGES:
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen([python, HERE / "scene.py", config, str(port), stage], stderr=log)
            if stage == "hanging":
                succeeded = Endpoint.hung.wait(60)
                process.send_signal(signal.SIGKILL)
                process.wait()
                Endpoint.hung.clear()
            else:
                succeeded = process.wait() == 0
            if not succeeded:
                log.seek(0)
                raise SystemExit(f"{log.read()}make.py: the stage {stage!r} of scene.py did not succeed")
    return {
        "listeners": ask(python, config, "listener", "list"),
        "deliveries": ask(python, config, "delivery", "list", "--limit", "1000"),
    }


def ask(python: Path, config: Path, *command: str) -> Any:
    """What `pulp-admin --json event COMMAND` prints."""
    admin = [python, "-m", "pulp_events_cli", "--config", config, "--json", "event", *command]
    return json.loads(subprocess.run(admin, check=True, capture_output=True, text=True).stdout)


def keep_folder(python: Path, port: int, work: Path, home: Path) -> dict[str, Any]:
    """Make a data folder, and keep it as an archive; returns what is said of it."""
    folder, config = work / "data", work / "server.conf"
    config.write_text(SETTINGS.format(folder=folder))
    said = play(python, config, port)
    with contextlib.closing(sqlite3.connect(folder / "outbox.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [found] = connection.execute("SELECT value FROM pulp_outbox_meta WHERE key = 'version'").fetchone()
    said["schema"] = int(found)
    with tarfile.open(home / "folder.tar.xz", "w:xz") as archive:
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.stat().st_size:
                archive.add(path, path.name, filter=_anonymous)
    return said


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def keep_database(python: Path, port: int, work: Path, home: Path) -> dict[str, Any]:
    """The same for a database."""
    servers = _module("server", ROOT / "plugins/postgres/tests/server.py")
    server = servers.Server(servers.binaries_of(servers.MAJORS[0]) or servers.binaries())
    try:
        config = work / "postgres.conf"
        url = server.create("kept")
        config.write_text(SETTINGS.format(folder=work / "unused") + f"[storage]\nurl = {url}\npassword = pw\n")
        said = play(python, config, port)
        with server.connect("kept") as connection:
            [found] = connection.execute("SELECT value FROM pulp_meta WHERE key = 'version'").fetchone()
        said["schema"] = int(found)
        dump = [shutil.which("pg_dump"), "--inserts", "--no-owner", "--no-privileges", "--dbname", url]
        dumped = subprocess.run(dump, stdout=subprocess.PIPE, env={**os.environ, "PGPASSWORD": "pw"})
        if dumped.returncode != 0:
            raise SystemExit("make.py: pg_dump failed, see above; it must not be older than the server")
    finally:
        server.close()
    statements = b"".join(
        line for line in dumped.stdout.splitlines(keepends=True) if not line.startswith((b"\\", b"--"))
    )
    (home / "postgres.sql.xz").write_bytes(lzma.compress(statements))
    return said


def _module(name: str, path: Path) -> Any:
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", type=release_name, help="of the fixture: that of the release, such as 1.0.0")
    parser.add_argument("--commit", help="a commit of this repository; default: what is installed here")
    parser.add_argument("--python", type=Path, help="an environment that has that commit's packages already")
    given = parser.parse_args()
    target = FIXTURES / given.name
    if target.exists():
        parser.error(f"{target} is there already; to make it again, remove it first")
    with tempfile.TemporaryDirectory(prefix="pulp-upgrades-") as temporary, endpoint() as port:
        work = Path(temporary)
        home = work / "kept"
        home.mkdir()
        python = given.python or (environment_of(given.commit, work) if given.commit else Path(sys.executable))
        said = {"folder": keep_folder(python, port, work, home), "postgres": keep_database(python, port, work, home)}
        (home / "port").write_text(f"{port}\n")
        text = json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (home / "said.json.xz").write_bytes(lzma.compress(text.encode()))
        shutil.copytree(home, target)
    schemas = f"SQLite {said['folder']['schema']} and PostgreSQL {said['postgres']['schema']}"
    print(f"kept in tests/upgrades: fixtures/{given.name}, with the tables' versions of {schemas}")


if __name__ == "__main__":
    main()
