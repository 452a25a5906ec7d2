"""The hooks: one section of server.conf, and commands of `pulp-admin event`."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema

from pulp_events import hookimpl
from pulp_events_web.settings import WebSettings


@hookimpl
def pulp_settings_sections() -> Mapping[str, type[Schema]]:
    """`[web]`."""
    return {"web": WebSettings}


@hookimpl
def pulp_data_files() -> Mapping[str, str]:
    """That of `access.store`; its name is said here, as that module costs more."""
    return {"web.json": "tokens of the REST API and the console, and which sessions were ended"}


@hookimpl
def pulp_admin_commands(commands: Any) -> None:
    """`event web`, `event web token …`."""
    from pulp_events_web.commands import add

    add(commands)
