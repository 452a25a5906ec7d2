"""Reads server.conf: an INI file, of which only our sections concern us."""

from __future__ import annotations

import configparser
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from pulp_events.errors import SettingsError
from pulp_events.settings.paths import absolute
from pulp_events.system.remedies import remedy

DEFAULT_PATH = Path("/etc/pulp/server.conf")
ENVIRONMENT_VARIABLE = "PULP_EVENTS_CONFIG"

Lines = Mapping[tuple[str, str], int]
"""(section, key) → its line, (section, "") → that of the section's head."""
_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]")
_KEY = re.compile(r"(?P<key>[^\s#;\[][^=:]*?)\s*[=:]")


def locate(path: str | Path | None) -> Path | None:
    """The file to read: `path`, else `$PULP_EVENTS_CONFIG`, else /etc/pulp/server.conf; None where there is none.

    The path is absolute. Raises SettingsError if one that was named, in either way, cannot be read as a file; a pipe,
    as of `<(…)`, can.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if path is not None:
        return _named(Path(path), "", "server.conf")
    if named:
        return _named(Path(named), f" ({ENVIRONMENT_VARIABLE} names it)", ENVIRONMENT_VARIABLE)
    return DEFAULT_PATH if _kind(DEFAULT_PATH) == "file" else None


def _named(path: Path, by: str, place: str) -> Path:
    found = absolute(path, place=place)
    kind = _kind(found)
    if kind == "folder":
        raise SettingsError(f"{found}: it is a folder{by}; name the server.conf in it")
    if kind == "absent":
        raise SettingsError(
            f"{found}: no such file{by}; name an existing server.conf, or leave it out to use the defaults"
        )
    return found


def _kind(path: Path) -> str:
    try:
        return "folder" if stat.S_ISDIR(path.stat().st_mode) else "file"
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    except OSError as error:  # such as a folder that this user may not enter
        raise SettingsError(f"{path} cannot be read: {error.strerror}; {remedy(error, 'read')}") from error
    except ValueError:  # a NUL in it
        return "absent"


def read(path: Path | None) -> Mapping[str, Mapping[str, str]]:
    """Sections of the file, each a mapping of its keys to their text.

    Raises SettingsError with file, line and remedy where it is not an INI file or cannot be read.
    """
    return parse(content(path), path)


def content(path: Path | None) -> str:
    """The text of the file, read once, as it may be a pipe. Raises SettingsError."""
    if path is None:
        return ""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; {remedy(error, 'read')}") from error


def parse(text: str, path: Path | None) -> Mapping[str, Mapping[str, str]]:
    """What `read` does with the text of the file."""
    parser = configparser.ConfigParser(interpolation=None, default_section="\0none")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case, as ours are looked up
    try:
        parser.read_string(text, source=str(path))
    except configparser.DuplicateOptionError as error:
        raise SettingsError(
            f"{path}, section [{error.section}], key {error.option}: set twice (again in line {error.lineno}); keep one"
        ) from error
    except configparser.DuplicateSectionError as error:
        raise SettingsError(
            f"{path}, section [{error.section}]: appears twice (again in line {error.lineno}); merge the two"
        ) from error
    # These two quote the line, which may hold a password: neither they nor what they say is passed on.
    except configparser.MissingSectionHeaderError as error:
        raise SettingsError(
            f"{path}, line {error.lineno}: it comes before the first section; start with a line such as [events]"
        ) from None
    except configparser.ParsingError as error:
        line, _ = error.errors[0]
        raise SettingsError(f"{path}, line {line}: it is neither `key = value` nor [section]") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; {remedy(error, 'read')}") from error
    return {name: dict(parser[name]) for name in parser.sections()}


def line_numbers(text: str) -> Lines:
    """Where what stands in the text of a file that `parse` takes."""
    found: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if head := _SECTION.match(line):
            section = head["name"]
            found[section, ""] = number
        elif key := _KEY.match(line):
            found[section, key["key"]] = number
    return found
