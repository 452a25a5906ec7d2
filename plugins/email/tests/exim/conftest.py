"""An Exim of the tests' own, with Debian's defaults: on a free port of 127.0.0.1, delivering into a Maildir."""

from __future__ import annotations

import contextlib
import email
import email.policy
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme

PLACES = f"/usr/local/sbin:{os.environ.get('PATH', '')}:/usr/sbin"

CONFIGURATION = """\
exim_path = {program}
keep_environment =
spool_directory = {root}/spool
log_file_path = {root}/log/%slog
primary_hostname = exim.test
exim_user = nobody
exim_group = nogroup
never_users =
message_size_limit = 1M
tls_advertise_hosts = *
tls_certificate = ${{if exists{{{root}/broken}}{{{root}/nothing}}{{{root}/tls.pem}}}}
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  deny domains = !box.test
       message = relay not permitted
  require verify = recipient
  accept
begin routers
box:
  driver = accept
  domains = box.test
  local_parts = ops
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = {root}/mail
  maildir_format
  user = nobody
"""


class Exim:
    """The server and what it delivered."""

    def __init__(
        self, program: str, root: Path, authority: trustme.CA, taken_port: Callable[[], socket.socket]
    ) -> None:
        self.root = root
        self._as_root = [] if os.getuid() == 0 else ["sudo", "-n"]
        self._place = taken_port()
        self.port = int(self._place.getsockname()[1])
        root.chmod(0o755)
        for folder in ("spool", "log", "mail"):
            (root / folder).mkdir()
        certificate = authority.issue_cert("127.0.0.1")
        (root / "tls.pem").write_bytes(
            certificate.private_key_pem.bytes() + b"".join(part.bytes() for part in certificate.cert_chain_pems)
        )
        (root / "conf").write_text(CONFIGURATION.format(program=program, root=root))
        self._run("chown", "-R", "nobody:nogroup", *(str(root / name) for name in ("spool", "log", "mail", "tls.pem")))
        # not by other users' hands: Exim gives its privileges up for a configuration that is not root's
        self._run("chown", "root", str(root / "conf"))
        self._run(program, "-C", str(root / "conf"), "-bd", "-oX", f"127.0.0.1.{self.port}", "-oP", str(root / "pid"))
        self._until(self._answers, "it does not answer")

    def _run(self, *command: str) -> None:
        done = subprocess.run([*self._as_root, *command], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def _until(self, is_so: Callable[[], bool], otherwise: str, timeout: float = 30.0) -> None:
        deadline = time.monotonic() + timeout
        while not is_so():
            assert time.monotonic() < deadline, f"{otherwise} after {timeout} s\n{self.log()}"
            time.sleep(0.05)

    def log(self) -> str:
        """What Exim has logged."""
        return "".join(file.read_text(errors="replace") for file in sorted((self.root / "log").glob("*")))

    def break_tls(self, broken: bool) -> None:
        """Take its certificate away: it goes on offering STARTTLS, and refuses it."""
        if broken:
            (self.root / "broken").touch()
        else:
            (self.root / "broken").unlink(missing_ok=True)

    def messages(self, count: int) -> list[EmailMessage]:
        """The messages in the mailbox, once there are `count`; they are taken out of it."""
        folder = self.root / "mail" / "new"
        self._until(lambda: len(list(folder.glob("*"))) >= count, f"there are not {count} messages")
        found = []
        for file in folder.glob("*"):
            found.append(email.message_from_bytes(file.read_bytes(), policy=email.policy.default))
            self._run("rm", str(file))
        return found

    def stop(self) -> None:
        """End it."""
        self._run("kill", (self.root / "pid").read_text().strip())
        self._run("rm", "-rf", str(self.root))
        self._place.close()


@pytest.fixture(scope="session")
def exim(
    authority: trustme.CA, missing: Callable[[str], None], taken_port: Callable[[], socket.socket]
) -> Iterator[Exim]:
    program = shutil.which("exim4", path=PLACES)
    if program is None:
        missing("Exim is not installed; .ci/install-mta does it")
    # Not below pytest's folder, which is for one user only: Exim has several.
    server = Exim(str(program), Path(tempfile.mkdtemp(prefix="pulp-exim-")), authority, taken_port)
    yield server
    server.stop()
