"""Reads server.conf: an INI file, of which only our sections concern us."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

from pulp_events.errors import SettingsError
from pulp_events.remedies import remedy

DEFAULT_PATH = Path("/etc/pulp/server.conf")
ENVIRONMENT_VARIABLE = "PULP_EVENTS_CONFIG"


def locate(path: str | Path | None) -> Path | None:
    """The file to read: `path`, else `$PULP_EVENTS_CONFIG`, else /etc/pulp/server.conf; None where there is none.

    Raises SettingsError if `path` was given and does not exist.
    """
    if path is not None:
        given = Path(path).expanduser()
        if not _is_file(given):
            raise SettingsError(f"{given}: no such file; name an existing server.conf, or none to use the defaults")
        return given
    found = Path(os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_PATH).expanduser()
    return found if _is_file(found) else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # such as a folder that this user may not enter
        raise SettingsError(f"{path}: cannot be read: {error.strerror}; {remedy(error, 'read')}") from error


def read(path: Path | None) -> Mapping[str, Mapping[str, str]]:
    """Sections of the file, each a mapping of its keys to their text.

    Raises SettingsError with file, line and remedy where it is not an INI file or cannot be read.
    """
    if path is None:
        return {}
    parser = configparser.ConfigParser(interpolation=None, default_section="\0none")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case, as ours are looked up
    try:
        parser.read_string(path.read_text("utf-8-sig"), source=str(path))
    except configparser.DuplicateOptionError as error:
        raise SettingsError(
            f"{path}, section [{error.section}], key {error.option}: set twice (again in line {error.lineno}); keep one"
        ) from error
    except configparser.DuplicateSectionError as error:
        raise SettingsError(
            f"{path}, section [{error.section}]: begun twice (again in line {error.lineno}); merge the two"
        ) from error
    # These two quote the line, which may hold a password: neither they nor what they say is passed on.
    except configparser.MissingSectionHeaderError as error:
        raise SettingsError(
            f"{path}, line {error.lineno}: it stands before the first section; begin with a line such as [events]"
        ) from None
    except configparser.ParsingError as error:
        line, _ = error.errors[0]
        raise SettingsError(f"{path}, line {line}: it is neither `key = value` nor [section]") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}; {remedy(error, 'read')}") from error
    return {name: dict(parser[name]) for name in parser.sections()}
