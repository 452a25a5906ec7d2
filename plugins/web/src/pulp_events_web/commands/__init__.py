"""Commands: `pulp-admin event web`, `pulp-admin event web token …`."""

from typing import Any

_EXAMPLE = "Serve on the port that the proxy in front expects:\n\n    $ pulp-admin event web --listen=127.0.0.1:8088\n"


def add(commands: Any) -> None:
    """To the subcommands of `pulp-admin event`."""
    from pulp_events_web.commands import token

    web = commands.add_parser("web", help="serve the REST API and the web console")
    web.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help="where, or unix:PATH; default: listen in section [web] of server.conf, 127.0.0.1:8088",
    )
    token.add(web.add_subparsers(metavar="COMMAND"))
    web.epilog = (
        "Before a token was made it listens only on loopback, and prints a link that opens the console once. Logs go "
        "to standard error."
    )
    web.examples = _EXAMPLE
    web.set_defaults(run=_run)


def _run(bus: Any, arguments: Any) -> int:
    from pulp_events_web.commands.serving import run

    return run(bus, arguments)
