"""A Postfix of the tests' own: on a free port of 127.0.0.1, delivering into Maildirs."""

from __future__ import annotations

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

MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/spool
data_directory = {root}/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mta.test
mydestination =
maillog_file = {root}/log
maillog_file_prefixes = {root}
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
default_transport = error:no mail leaves this machine
virtual_mailbox_domains = box.test
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = inline:{{ {{ops@box.test = ops/}}, {{dev@box.test = dev/}}, {{jösé@box.test = jose/}}, \
{{grey@box.test = grey/}} }}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{grey@box.test = 450 4.2.0 Greylisted, try again in 5 \
minutes}} }}, permit
smtpd_tls_security_level = may
smtpd_tls_cert_file = {root}/tls.pem
smtpd_tls_key_file = {root}/tls.pem
message_size_limit = 1000000
smtputf8_enable = yes
smtputf8_autodetect_classes = all
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
"""

NOBODY = 65534


class Postfix:
    """The server and what it delivered."""

    def __init__(self, root: Path, authority: trustme.CA, taken_port: Callable[[], socket.socket]) -> None:
        self.root = root
        self._place = taken_port()
        self.port = int(self._place.getsockname()[1])
        self.ca_path = str(root / "ca.pem")
        self._as_root = [] if os.getuid() == 0 else ["sudo", "-n"]
        root.chmod(0o755)
        for folder in ("etc", "spool", "data", "mail"):
            (root / folder).mkdir()
        authority.cert_pem.write_to_path(self.ca_path)
        certificate = authority.issue_cert("127.0.0.1")
        (root / "tls.pem").write_bytes(
            certificate.private_key_pem.bytes() + b"".join(part.bytes() for part in certificate.cert_chain_pems)
        )
        values = {"root": root, "uid": NOBODY, "gid": NOBODY, "port": self.port}
        (root / "etc" / "main.cf").write_text(MAIN.format(**values))
        (root / "etc" / "master.cf").write_text(MASTER.format(**values))
        self._run("chown", f"{NOBODY}:{NOBODY}", str(root / "mail"))
        self._run("chown", "postfix", str(root / "data"))
        self._run("postfix", "-c", str(root / "etc"), "start")

    def _run(self, *command: str) -> None:
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        done = subprocess.run(
            [*self._as_root, *command], capture_output=True, text=True, timeout=60, env={**os.environ, "PATH": path}
        )
        assert done.returncode == 0, done.stdout + done.stderr + self.log()

    def log(self) -> str:
        """What Postfix has logged."""
        file = self.root / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def sendmail(self) -> str:
        """A program as /usr/sbin/sendmail, for this Postfix."""
        path = self.root / "sendmail"
        command = " ".join([*self._as_root, "env", f"MAIL_CONFIG={self.root}/etc", "/usr/sbin/sendmail"])
        path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        path.chmod(0o755)
        return str(path)

    def messages(self, box: str, count: int, timeout: float = 30.0) -> list[EmailMessage]:
        """The messages in a mailbox, once there are `count`, oldest first; they are taken out of it."""
        folder = self.root / "mail" / box / "new"
        deadline = time.monotonic() + timeout
        while len(list(folder.glob("*"))) < count:
            assert time.monotonic() < deadline, f"not {count} messages for {box} within {timeout} s\n{self.log()}"
            time.sleep(0.05)
        found = []
        for file in sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime_ns):
            found.append(email.message_from_bytes(file.read_bytes(), policy=email.policy.default))
            file.unlink()
        return found

    def stop(self) -> None:
        """End it."""
        self._run("postfix", "-c", str(self.root / "etc"), "stop")
        self._run("rm", "-rf", str(self.root))
        self._place.close()


@pytest.fixture(scope="session")
def postfix(
    authority: trustme.CA, missing: Callable[[str], None], taken_port: Callable[[], socket.socket]
) -> Iterator[Postfix]:
    if shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        missing("Postfix is not installed; .ci/install-mta does it")
    # Not below pytest's folder, which is for one user only: Postfix has several.
    server = Postfix(Path(tempfile.mkdtemp(prefix="pulp-postfix-")), authority, taken_port)
    yield server
    server.stop()
