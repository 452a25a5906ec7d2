"""Standard output and standard error: encodings that cannot fail, messages in one line."""

from __future__ import annotations

import contextlib
import io
import os
import sys

from pulp_events.visible import one_line, visible
from pulp_events_cli.output.terminal import console, has_colour

PROGRAM = "pulp-admin"
_STYLES = {"error": "bold red", "warning": "yellow"}
_quiet = False


def error(text: str) -> None:
    """One line on standard error."""
    say("error", text)


def warning(text: str) -> None:
    """One line on standard error."""
    say("warning", text)


def say(kind: str, text: str) -> None:
    """One line on standard error, `pulp-admin: KIND: TEXT`; with `--quiet` only errors."""
    if _quiet and kind != "error":
        return
    with contextlib.suppress(OSError, ValueError):
        if has_colour(sys.stderr):
            from rich.text import Text

            line = Text.assemble(f"{PROGRAM}: ", (f"{kind}:", _STYLES.get(kind, "")), f" {one_line(text)}")
            console(sys.stderr).print(line, soft_wrap=True)
        else:
            print(f"{PROGRAM}: {kind}: {one_line(text)}", file=sys.stderr, flush=True)


def confirm(text: str) -> None:
    """Say on standard output that something was done, or give a hint; nothing with `--quiet`."""
    if not _quiet:
        print(visible(text, keep="\n"))


def is_quiet() -> bool:
    """True with `--quiet`."""
    return _quiet


def prepare(quiet: bool = False) -> None:
    """At the start of a run. Characters that the terminal's encoding lacks are escaped: output must not fail over a
    name."""
    global _quiet
    _quiet = quiet
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write out what was printed; raises OSError."""
    if sys.stdout is not None:
        sys.stdout.flush()


def abandon_stdout() -> None:
    """Nobody reads standard output now: discard what is still buffered, so that nothing complains at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
