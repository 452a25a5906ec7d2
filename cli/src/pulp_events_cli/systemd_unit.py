"""The unit file with which systemd runs `pulp-admin event worker` as it was asked for.

The rules of quoting are those of systemd.service(5) and systemd.syntax(7); `systemd-analyze verify` has nothing to say
of what is written here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pulp_events_cli.errors import CommandFailed

NOTIFY_RELOAD = 253
"""Release of systemd that first knew `Type=notify-reload`."""
STATE = Path("/var/lib")
"""What `StateDirectory=` is relative to."""
WATCHDOG = 60
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108
_PLAIN = re.compile(r"[A-Za-z0-9@/._:=+,%-]+")

_TEMPLATE = """\
# Made by `pulp-admin event worker --print-unit`; make it again after a change of these options, of [events] data_dir or
# outbox, or of where pulp-admin is installed.
#
# pulp-admin event worker --print-unit > /etc/systemd/system/pulp-events-worker.service
# systemctl enable --now pulp-events-worker

[Unit]
Description=Deliver Pulp's events to their listeners
Documentation=man:pulp-admin-event-worker(1)
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
{service}

NoNewPrivileges=yes
PrivateTmp={private_tmp}
ProtectSystem=strict
ProtectHome={protect_home}
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Service:
    """What the unit is to run."""

    command: Sequence[str]
    """The program, as an absolute path, and its arguments."""
    user: str
    grace: float
    """Seconds."""
    data_dir: Path
    outbox: Path
    reads: Sequence[Path]
    """Files and folders that it must be able to read."""
    environment: Mapping[str, str]
    systemd: int
    """Release."""


def text(service: Service) -> str:
    """The unit file. Raises CommandFailed for a name that systemd cannot be told."""
    data_dir, outbox = Path(os.path.abspath(service.data_dir)), Path(os.path.abspath(service.outbox))  # noqa: PTH100
    paths = [data_dir, outbox, Path(service.command[0]), *service.reads]
    lines = [
        f"Type={'notify-reload' if service.systemd >= NOTIFY_RELOAD else 'notify'}",
        f"User={service.user}",
        *(f"Environment={_word(f'{name}={value}')}" for name, value in sorted(service.environment.items())),
        f"ExecStart={_command(service.command)}",
    ]
    if service.systemd < NOTIFY_RELOAD:
        lines.append("ExecReload=/bin/kill -HUP $MAINPID")
    lines += [
        f"TimeoutStopSec={int(service.grace) + 15}s",
        "# SIGTERM goes to the main process, which passes it on; SIGKILL, after the time-out, to all.",
        "KillMode=mixed",
        "Restart=on-failure",
        "RestartSec=5s",
        f"WatchdogSec={WATCHDOG}s",
        *_folders(data_dir, outbox),
        "UMask=0077",
    ]
    return _TEMPLATE.format(
        service="\n".join(lines),
        private_tmp="no" if _any_below(paths, _TEMPORARY) else "yes",
        protect_home="read-only" if _any_below(paths, _HOMES) else "yes",
    )


def installed_release() -> int:
    """The release of the systemd that is there; 0 where none is, or it does not say."""
    try:
        said = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, timeout=10).stdout  # noqa: S607
        return int(said.split()[1].partition(".")[0].partition("~")[0])
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return 0


def program() -> list[str]:
    """What runs this very pulp-admin: its script, or the interpreter with the module."""
    script = Path(os.path.abspath(sys.argv[0]))  # noqa: PTH100  # a symlink on the way stays: it may outlive upgrades
    if script.name != "__main__.py" and os.access(script, os.X_OK) and script.is_file():
        return [str(script)]
    return [sys.executable, "-m", "pulp_events_cli"]


def user(data_dir: Path, named: bool) -> str:
    """Who is to run it: the owner of the data folder. `named`: server.conf names it; else it is this user's own."""
    number = os.geteuid()
    if named and data_dir.exists():
        number = data_dir.stat().st_uid
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def read_by_python() -> list[Path]:
    """What this interpreter imports from."""
    return [Path(each) for each in (sys.prefix, sys.base_prefix, sys.executable, *sys.path) if each]


def _folders(data_dir: Path, outbox: Path) -> Iterable[str]:
    written = [outbox.parent] if outbox.parent != data_dir else []
    if STATE in data_dir.parents and ":" not in str(data_dir):
        yield f"StateDirectory={_word(str(data_dir.relative_to(STATE)))}"
        yield "StateDirectoryMode=0700"
    else:
        written.insert(0, data_dir)
    if written:
        # - lets it start where a folder is absent: the worker says so more clearly.
        yield f"ReadWritePaths={' '.join(_word(f'-{path}') for path in written)}"


def _any_below(paths: Iterable[Path], folders: Iterable[Path]) -> bool:
    found = {each for path in paths for each in (path, Path(os.path.realpath(path)))}
    return any(folder == each or folder in each.parents for each in found for folder in folders)


def _command(words: Sequence[str]) -> str:
    # Variables are not expanded in the path of the program, which may have no quotes, but in all words after it.
    first, *others = words if not set(words[0]) & set("'\"\\") else ["/usr/bin/env", *words]
    return " ".join([_word(first), *(_word(word).replace("$", "$$") for word in others)])


def _word(text: str) -> str:
    """One word of a setting: specifiers and quotes are taken as text."""
    if not text.isprintable():
        raise CommandFailed(f"{text!r} has a character that a unit file cannot hold; rename it")
    text = text.replace("%", "%%")
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
