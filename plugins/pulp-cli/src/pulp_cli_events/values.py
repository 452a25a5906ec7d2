"""Values that people write on the command line, as the server takes them."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click

SECRET_HELP = "@FILE is read, and - asks for it; prefix a literal value that starts this way with \\"
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+|\d+(?:\.\d+)?")
_STEP = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])?")
_IP_LITERAL = re.compile(r"\s*\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[^\]]*)?\]")
"""RFC 3986, §3.2.2."""
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "": 1}


def secret(text: str, option: str) -> str:
    """A secret, or what `@FILE` or `-` stand for, without the line's end."""
    if text.startswith("@"):
        return _file(text[1:], option).rstrip("\r\n")
    if text == "-":
        if sys.stdin.isatty():
            return str(click.prompt(option[2:], hide_input=True, err=True))
        return sys.stdin.read().rstrip("\r\n")
    return text[1:] if text[:2] in ("\\@", "\\-", "\\\\") else text


def structure(text: str, option: str) -> Any:
    """JSON, or what is in `@FILE`."""
    try:
        return json.loads(_file(text[1:], option) if text.startswith("@") else text)
    except (ValueError, RecursionError):
        raise click.UsageError(
            f'{option}: the value is not JSON; write for example {option}=\'{{"key": "value"}}\''
        ) from None


def array(text: str, option: str) -> list[Any] | None:
    """The items of a list that is written as JSON, so that they may have commas; None for a text that is no array.

    A text that begins with a bracket is an array, or refused, unless an address such as `[::1]:5672` begins it.
    """
    if not text.lstrip().startswith("[") or _IP_LITERAL.match(text):
        return None
    try:
        found: list[Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise click.UsageError(
            f'{option} begins with [ and is not a JSON array; write for example {option}=\'["a", "b"]\''
        ) from None
    return found


def pair(text: str, option: str) -> tuple[str, str]:
    """`KEY=VALUE`."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.UsageError(f"{option} takes KEY=VALUE, and may be repeated.")
    return key, value


def seconds(text: str, option: str) -> float:
    """`90`, `30m` or `1h30m`."""
    if not _DURATION.fullmatch(text.replace(" ", "")):
        raise click.UsageError(f"{option}: '{text}' is not a duration, such as 30s, 10m or 2h.")
    found = sum(float(number) * _SECONDS[unit] for number, unit in _STEP.findall(text.replace(" ", "")))
    return int(found) if found == int(found) else found


def _file(name: str, option: str) -> str:
    try:
        with click.open_file(name, "r", encoding="utf-8") as opened:
            return str(opened.read())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise click.UsageError(f"{option}: {name} cannot be read: {reason}.") from None
