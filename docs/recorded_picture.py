"""A picture of a terminal, recorded: the commands run, real servers receive, and what was printed becomes an SVG.

    python docs/recorded_picture.py        writes docs/pictures/first-delivery.svg

A test runs the same commands and compares; only ids and times may differ.
"""

from __future__ import annotations

import fcntl
import os
import pty
import runpy
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.text import Text

from pulp_events.testing.http_sink import HttpSink
from pulp_events.testing.smtp_sink import SmtpSink

TERMINAL: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("terminal_pictures.py")))
PICTURE = Path(__file__).parent / "pictures" / "first-delivery.svg"
WIDTH = 84
COMMANDS = (
    "pulp-admin event listener http create --event-type='repo.sync.*' \\\n    --url=http://ci.example/hook --name=ci",
    "pulp-admin event listener email create --event-type='repo.#' \\\n    --filter=\"payload.result == 'failed'\" \\\n"
    "    --subject='pulp failed' --addresses=ops@pulp.example --name=ops",
    'pulp-admin event emit repo.sync.finish \\\n    --payload=\'{"repo_id": "pulp2", "result": "failed"}\'',
    "pulp-admin event delivery list --columns=time,event_type,listener,state,detail",
)
PROMPT = Text("$ ", style="bold green")


def recorded() -> list[tuple[str, str]]:
    """Each command, and what it printed on the terminal, escape sequences included."""
    with tempfile.TemporaryDirectory() as folder, HttpSink() as http, SmtpSink() as smtp:
        config = Path(folder) / "server.conf"
        config.write_text(
            f"[events]\ndata_dir = {folder}/data\nsource = pulp.example\n"
            f"[email]\nenabled = true\nhost = {smtp.host}\nport = {smtp.port}\n"
        )
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")},
            "PULP_EVENTS_CONFIG": str(config), "http_proxy": http.url, "HTTP_PROXY": http.url, "TZ": "UTC",
            "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }  # fmt: skip
        return [(command, _printed(command, environment)) for command in COMMANDS]


def _printed(command: str, environment: dict[str, str]) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    with subprocess.Popen(["sh", "-c", command], stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as child:
        os.close(theirs)
        text = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    if child.returncode:
        sys.exit(f"{command}: exit code {child.returncode}\n{text.decode()}")
    return text.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the last process that had it open has ended
        return b""


def lines(run: list[tuple[str, str]]) -> Iterator[Text]:
    """The lines of the terminal's screen."""
    for command, printed in run:
        for number, line in enumerate(command.split("\n")):
            yield Text.assemble(PROMPT, line) if number == 0 else Text(line)
        yield from (Text.from_ansi(line) for line in printed.rstrip("\n").split("\n"))


def picture(run: list[tuple[str, str]]) -> str:
    """The SVG."""
    made: str = TERMINAL["svg"](list(lines(run)), "pulp-admin", WIDTH, "first-delivery")
    return made


if __name__ == "__main__":
    PICTURE.write_text(picture(recorded()), "utf-8")
    sys.stdout.write(f"written docs/pictures/{PICTURE.name}\n")
