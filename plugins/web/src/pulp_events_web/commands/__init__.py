"""Commands: `pulp-admin event web`, `pulp-admin event web token …`."""

from typing import Any


def add(commands: Any) -> None:
    """To the subcommands of `pulp-admin event`."""
    web = commands.add_parser("web", help="serve the REST API and the web console")
    web.set_defaults(run=_run)


def _run(bus: Any, arguments: Any) -> int:
    from waitress import serve

    from pulp_events_web import create_app

    serve(create_app(bus), listen=bus.settings.section("web")["listen"])
    return 0
