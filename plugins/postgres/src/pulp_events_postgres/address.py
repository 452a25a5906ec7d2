"""Where the database is: `[storage]` as what libpq is told, and as what a user is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pulp_events.errors import SettingsError
from pulp_events.secrets import Scrubber, resolve

if TYPE_CHECKING:
    from pulp_events.settings.settings import Settings

SCHEMES = ("postgresql", "postgres")

_NAMED = ("service", "host", "hostaddr", "port", "user", "dbname", "sslmode")
_DEFAULTS = {
    "client_encoding": "utf8",
    "fallback_application_name": "pulp-events",
    # A peer that vanished without a word is noticed in half a minute instead of two hours.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}


@dataclass(frozen=True)
class Address:
    """What libpq is told. `shown` and `scrub` keep passwords out of whatever is printed."""

    parameters: Mapping[str, str] = field(repr=False)
    shown: str
    scrub: Scrubber = field(repr=False)
    pool_size: int = 4
    timeout: float = 30.0
    listen: bool = True
    schema: str = ""
    """Where the tables are; empty: in the first of search_path that exists."""
    idle: float = 60.0
    """Seconds after which a connection that nobody needed is closed."""

    @property
    def command_line(self) -> str:
        """What the server's own programs are told, without a password."""
        from psycopg.conninfo import make_conninfo

        return make_conninfo(**{key: self.parameters[key] for key in _NAMED if key in self.parameters})


def is_ours(settings: Settings) -> bool:
    """True if `[storage] url` names a PostgreSQL database."""
    return str(settings.section("storage")["url"]).partition(":")[0] in SCHEMES


def from_settings(settings: Settings) -> Address:
    """The address that `[storage]` gives; raises SettingsError."""
    section = settings.section("storage")
    return make(
        section["url"], section["password"], settings.where("storage", "url"), settings.where("storage", "password"),
        pool_size=section["pool_size"], timeout=section["timeout"], listen=section["listen"],
        schema=section["schema"], idle=section["idle"],
    )  # fmt: skip


def make(
    url: str, password: str = "", place: str = "--to: url", place_of_password: str = "--to: password", **limits: Any
) -> Address:
    """An address from a URL and the password that it does not have; raises SettingsError, which quotes neither."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise SettingsError(f"{place}: its scheme is {parts.scheme!r}; use postgresql://USER@HOST/DATABASE")
    if parts.netloc.count("@") > 1:
        raise SettingsError(f"{place}: more than one @ before the database's name; write @ in a password as %40")
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    except ProgrammingError:
        raise SettingsError(
            f"{place}: not a PostgreSQL URL; use postgresql://USER@HOST:PORT/DATABASE?PARAMETER=VALUE, with "
            "special characters percent-encoded, and libpq's parameters"
        ) from None
    # What is in the URL was said more plainly than what the environment has; what neither has, libpq finds.
    if password and "password" not in given:
        given["password"] = _read(password, place_of_password)
    timeout = float(limits.get("timeout", 30.0))
    parameters = {
        **_DEFAULTS,
        "connect_timeout": str(max(2, math.ceil(timeout))),
        "tcp_user_timeout": str(int(timeout * 1000)),
        **given,
    }
    secrets = [given.get("password"), parts.password, given.get("sslpassword")]
    return Address(parameters, _show(given), Scrubber(secret for secret in secrets if secret), **limits)


def _read(text: str, place: str) -> str:
    kind, _, name = text.partition(":")
    if kind in ("env", "file") and name:
        return str(resolve({f"${kind}": name}, place))
    return text


def _show(parameters: Mapping[str, str]) -> str:
    if "service" in parameters:
        return f"PostgreSQL at service {parameters['service']}"
    host = parameters.get("host") or parameters.get("hostaddr") or "localhost"
    port = f":{parameters['port']}" if "port" in parameters else ""
    database = parameters.get("dbname") or parameters.get("user") or ""
    return f"PostgreSQL at {host}{port}/{database}"
