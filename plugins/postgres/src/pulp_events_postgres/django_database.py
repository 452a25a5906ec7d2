"""Django's DATABASES as `[storage] url` and `password`, for plugins of applications that have one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pulp_events.errors import SettingsError

_PLAIN_HOST = re.compile(r"[A-Za-z0-9._-]+")
_REFERENCE = re.compile(r"(env|file):.")
"""What `[storage] password` would take for the place of a password."""
_DJANGO_ONLY = frozenset({"pool", "isolation_level", "server_side_binding", "prepare_threshold", "cursor_factory",
                          "row_factory", "context", "autocommit"})  # fmt: skip
"""Options that say how Django uses its connections, not where they lead."""
_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def storage(database: Mapping[str, Any], place: str) -> dict[str, Any]:
    """`url`, and `password` if there is one, of an entry of DATABASES, which errors call `place`.

    Raises SettingsError for what libpq cannot be told.
    """
    engine = str(database.get("ENGINE", ""))
    if "postgresql" not in engine and "psycopg" not in engine and "postgis" not in engine:
        raise SettingsError(f"{place}: ENGINE is {engine!r}; the events need it to be PostgreSQL")
    options = dict(database.get("OPTIONS") or {})
    role = options.pop("assume_role", None)
    if role:
        options["options"] = f"{options.get('options', '')} -c role={_option(str(role))}".strip()
    parameters = {name: _text(place, name, value) for name, value in options.items() if name not in _DJANGO_ONLY}
    _refuse_unknown(place, parameters)
    for parameter, key in _NAMES.items():
        if database.get(key) not in (None, ""):
            parameters[parameter] = str(database[key])
    password = parameters.pop("password", None)
    found: dict[str, Any] = {}
    if password is not None and not _REFERENCE.match(password):
        found["password"] = password
    elif password is not None:
        parameters["password"] = password
    return {"url": _url(parameters), **found}


def _url(parameters: dict[str, str]) -> str:
    """Plain names where a person looks for them; all else, such as the folder of a socket, as parameters."""
    left = dict(parameters)
    user, database = (quote(left.pop(name, ""), safe="") for name in ("user", "dbname"))
    host = left.pop("host") if _PLAIN_HOST.fullmatch(left.get("host", "")) else ""
    port = f":{left.pop('port')}" if host and "port" in left else ""
    password = f":{quote(left.pop('password'), safe='')}" if user and "password" in left else ""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in left.items())
    at = f"{user}{password}@" if user else ""
    return f"postgresql://{at}{host}{port}/{database}{'?' + query if query else ''}"


def _text(place: str, name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    raise SettingsError(
        f"{place}: OPTIONS[{name!r}] is of type {type(value).__name__}, which the outbox cannot be told; write text or "
        "a number, or name the database in PULP_EVENTS['storage']['url']"
    )


def _refuse_unknown(place: str, parameters: Mapping[str, str]) -> None:
    from psycopg import pq

    known = {each.keyword.decode() for each in pq.Conninfo.get_defaults()}
    for name in parameters:
        if name not in known:
            raise SettingsError(
                f"{place}: OPTIONS[{name!r}] is no parameter of PostgreSQL's library, so the outbox cannot be told it; "
                "remove it, or name the database in PULP_EVENTS['storage']['url']"
            )


def _option(text: str) -> str:
    return text.replace("\\", "\\\\").replace(" ", "\\ ")
