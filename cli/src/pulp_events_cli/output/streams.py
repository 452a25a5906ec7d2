"""Standard output and standard error: encodings that cannot fail, messages in one line, or on a terminal in a few."""

from __future__ import annotations

import contextlib
import io
import os
import sys

from pulp_events.visible import one_line, visible
from pulp_events_cli.output.terminal import console, has_colour
from pulp_events_cli.output.wrapping import for_terminal

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
    """One line on standard error, `pulp-admin: KIND: TEXT`, broken to fit a terminal; with `--quiet` only errors."""
    if _quiet and kind != "error":
        return
    from pulp_events.redaction.passwords import mask_passwords

    text = one_line(mask_passwords(text))  # which may quote whatever was typed
    with contextlib.suppress(OSError, ValueError):
        line = for_terminal(f"{PROGRAM}: {kind}: {text}", sys.stderr)
        if has_colour(sys.stderr):
            from rich.text import Text

            styled = Text(line)
            styled.stylize(_STYLES.get(kind, ""), len(PROGRAM) + 2, len(f"{PROGRAM}: {kind}:"))
            console(sys.stderr).print(styled, soft_wrap=True)
        else:
            print(line, file=sys.stderr, flush=True)


def confirm(text: str) -> None:
    """Say on standard output that something was done, or give a hint; nothing with `--quiet`."""
    if not _quiet:
        tell(text)


def tell(text: str) -> None:
    """Say on standard output what was asked for, in sentences; broken to fit a terminal."""
    print(for_terminal(visible(text, keep="\n"), sys.stdout))


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
