"""`PulpServer`: a real Pulp 3: PostgreSQL, migrations, API, workers and `pulp-admin event worker`, each a process."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

from pulp_events_pulpcore.testing.database import DatabaseServer, free_port

API_ROOT = "/pulp/api/v3/"
INCOMPLETE = ("waiting", "running", "canceling")


class PulpServer:
    """Begun by the constructor (some 15 s, most of it migrations), ended by `close`.

    `kept`: a folder in which the first of several leaves its migrated database, and with which the others begin.

    `pulp_settings`: what settings.py has beyond the necessary, as `DOMAIN_ENABLED=True` or
    `PULP_EVENTS={"delivery": {"lanes": 1}}`. `workers`: how many of Pulp's workers. `deliver`: whether
    `pulp-admin event worker` is started too. `bin`: the folder of the environment's commands.
    """

    def __init__(
        self,
        pulp_settings: Mapping[str, Any] | None = None,
        workers: int = 1,
        deliver: bool = True,
        database: DatabaseServer | None = None,
        bin: Path | None = None,
        kept: Path | None = None,
    ) -> None:
        self.bin = bin or Path(sys.executable).parent
        self.folder = Path(tempfile.mkdtemp(prefix="pulp3-"))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._own_database = database is None
        found = kept is not None and (kept / "db.key").exists()
        self.database = database or DatabaseServer(data=kept / "data" if kept and found else None)
        try:
            self.port = free_port()
            self.url = f"http://127.0.0.1:{self.port}"
            for name in ("media", "tmp", "assets"):
                (self.folder / name).mkdir()
            key = self.folder / "db.key"
            key.write_bytes((kept / "db.key").read_bytes() if kept and found else Fernet.generate_key())
            self.settings: dict[str, Any] = {**self._defaults(), **(pulp_settings or {})}
            self.write_settings()
            if not found:
                self.manage("migrate", "--noinput")
                self.manage("reset-admin-password", "--password", "password")
            if kept and not found:
                self._keep(kept)
            self.session = self.login("admin", "password")
            self.start("api")
            for number in range(workers):
                self.start(f"worker{number or ''}")
            if deliver:
                self.start("events")
            self._wait_until_up(workers)
        except BaseException:
            self.close()
            raise

    def _keep(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.database.keep(folder / "data")
        shutil.copy(self.folder / "db.key", folder)  # the last: with it, all is there

    def _defaults(self) -> dict[str, Any]:
        database = {
            "ENGINE": "django.db.backends.postgresql", "NAME": "pulp", "USER": "pulp", "PASSWORD": "pw",
            "HOST": "127.0.0.1", "PORT": str(self.database.port),
        }  # fmt: skip
        folder = str(self.folder)
        return {
            "CONTENT_ORIGIN": "http://127.0.0.1:1", "SECRET_KEY": "test", "DB_ENCRYPTION_KEY": f"{folder}/db.key",
            "DATABASES": {"default": database}, "MEDIA_ROOT": f"{folder}/media", "STATIC_ROOT": f"{folder}/assets",
            "WORKING_DIRECTORY": f"{folder}/tmp", "FILE_UPLOAD_TEMP_DIR": f"{folder}/tmp", "CACHE_ENABLED": False,
            "ANALYTICS": False, "WORKER_TTL": 3,
            # Each request has a password, whose proper hash takes most of a second.
            "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
            # Its endpoints are on loopback, here as an administrator might allow it.
            "PULP_EVENTS": {"untrusted": {"networks": ["public", "127.0.0.0/8"]}},
        }  # fmt: skip

    def write_settings(self) -> None:
        """Write settings.py from `settings`; processes read it when they start."""
        lines = [f"{name} = {value!r}\n" for name, value in self.settings.items()]
        deploy = f"from pathlib import Path\nDEPLOY_ROOT = Path({str(self.folder)!r})\n"
        (self.folder / "settings.py").write_text(deploy + "".join(lines))

    @property
    def environment(self) -> dict[str, str]:
        """Of each process of this Pulp."""
        path = f"{self.bin}{os.pathsep}{os.environ.get('PATH', '')}"
        ours = {"PULP_SETTINGS": f"{self.folder}/settings.py", "DJANGO_SETTINGS_MODULE": "pulpcore.app.settings"}
        return {**os.environ, **ours, "PATH": path}

    # Processes

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start `api`, a worker (`worker`, `worker1`, …) or `events` (`pulp-admin event worker`); see `log`."""
        if name == "api":
            command = ["pulpcore-api", "--bind", f"127.0.0.1:{self.port}", "--workers", "1"]
        elif name.startswith("worker"):
            command = ["pulpcore-worker"]
        else:
            command = ["pulp-admin", "event", "worker"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [self.bin / command[0], *command[1:]], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=self.environment, cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        return self.processes[name]

    def stop(self, name: str, how: int = signal.SIGTERM) -> None:
        """End a process, and wait for it."""
        process = self.processes.pop(name)
        process.send_signal(how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # the API's workers are children of it
            process.wait()

    def kill_group(self, name: str) -> None:
        """SIGKILL to a process and all its children."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def children(self, name: str) -> list[int]:
        """Process ids of the children of a process, as a worker has one for each task."""
        pid = self.processes[name].pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def log(self, name: str) -> str:
        """What a process wrote."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def manage(self, *words: str) -> str:
        """`pulpcore-manager WORDS`; returns what it wrote, raises RuntimeError if it fails."""
        return self.run("pulpcore-manager", *words)

    def pulp_admin(self, *words: str) -> str:
        """`pulp-admin event WORDS` with this Pulp's settings."""
        return self.run("pulp-admin", "event", *words)

    def run(self, program: str, *words: str, stdin: str = "") -> str:
        """A command of the environment; returns its standard output. Raises RuntimeError with what it said."""
        done = subprocess.run(
            [self.bin / program, *words], env=self.environment, cwd=self.folder, input=stdin, capture_output=True,
            text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def python(self, code: str) -> str:
        """Run code in a process of its own in which Pulp is set up; returns what it prints."""
        return self.run("python", "-c", f"import django\ndjango.setup()\n{code}")

    # REST

    def login(self, user: str, password: str) -> requests.Session:
        """A session of a user; its `get`, `post`, … take whole URLs."""
        session = requests.Session()
        session.trust_env = False
        session.auth = (user, password)
        return session

    def api(self, path: str, data: Any = None, method: str = "", user: requests.Session | None = None) -> Any:
        """A request with JSON; `path`: an href, or what follows /pulp/api/v3/. Raises HTTPError with the body."""
        whole = path if path.startswith("http") else self.url + (path if path.startswith("/") else API_ROOT + path)
        answer = (user or self.session).request(method or ("GET" if data is None else "POST"), whole, json=data)
        if not answer.ok:
            raise requests.HTTPError(f"{answer.status_code} {method} {path}: {answer.text[:2000]}", response=answer)
        return answer.json() if answer.content else None

    def task(self, href: str, timeout: float = 60) -> dict[str, Any]:
        """The task once it has ended."""
        deadline = time.monotonic() + timeout
        while (found := self.api(href))["state"] in INCOMPLETE:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the task is still {found['state']}")
            time.sleep(0.05)
        return dict(found)

    def repository(self, name: str, **fields: Any) -> str:
        """Make a file repository; returns its href."""
        return str(self.api("repositories/file/file/", {"name": name, **fields})["pulp_href"])

    def remote(self, name: str, url: str, **fields: Any) -> str:
        """Make a file remote; returns its href."""
        return str(self.api("remotes/file/file/", {"name": name, "url": url, **fields})["pulp_href"])

    def sync(self, repository: str, remote: str, wait: bool = True) -> dict[str, Any]:
        """Synchronize; returns the task, ended unless `wait` is False."""
        href = self.api(f"{repository}sync/", {"remote": remote})["task"]
        return self.task(href) if wait else dict(self.api(href))

    def publish(self, repository: str) -> dict[str, Any]:
        """Publish; returns the task, ended."""
        return self.task(self.api("publications/file/file/", {"repository": repository})["task"])

    # The outbox

    def events(self, *types: str) -> list[dict[str, Any]]:
        """Reports of the events that are stored, in order: `{"event_type": …, "payload": …, "call_report": …}`."""
        listed = json.loads(self.run("pulp-admin", "--json", "event", "list", "--limit=1000000"))
        found = listed if isinstance(listed, list) else listed["events"]
        return [each for each in found if not types or each["event_type"] in types]

    def reports_for(self, listener: str) -> list[dict[str, Any]]:
        """Reports of the events that are stored for the listener with this id, in order, delivered or not."""
        with self.database.connect() as database:
            sql = (
                "SELECT convert_from(e.report, 'UTF8') FROM pulp_events.pulp_event e "
                "JOIN pulp_events.pulp_delivery d ON d.event_seq = e.seq WHERE d.listener_id = %s ORDER BY e.seq, d.n"
            )
            return [json.loads(report) for (report,) in database.execute(sql, [listener]).fetchall()]

    @contextlib.contextmanager
    def pausing(self, name: str) -> Iterator[None]:
        """A process is stopped (SIGSTOP) in the block."""
        os.kill(self.processes[name].pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.processes[name].pid, signal.SIGCONT)

    def _wait_until_up(self, workers: int) -> None:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(requests.RequestException):
                if len(self.api("status/")["online_workers"]) >= workers:
                    return
            ended = [name for name, process in self.processes.items() if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                logs = "\n".join(f"--- {name}\n{self.log(name)[-3000:]}" for name in self.processes)
                raise RuntimeError(f"Pulp does not start; ended: {ended}\n{logs}")
            time.sleep(0.2)

    def close(self) -> None:
        """End all processes, and remove the folder."""
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()
        if self._own_database:
            self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)
