"""Where the login page leads: to pages of the console, never elsewhere."""

from __future__ import annotations

from urllib.parse import quote

from flask import Request

CONSOLE = "/console"


def login(request: Request) -> str:
    """The login page that leads back to what was asked for."""
    wanted = request.full_path.removesuffix("?")
    return f"{request.script_root}/login?next={quote(wanted, safe='/')}"


def after_login(request: Request, wanted: str) -> str:
    """The page of the console that was wanted; the first one for anything else, such as `//elsewhere.example/`."""
    own = wanted.startswith(f"{CONSOLE}/") and "\\" not in wanted and wanted.isascii() and wanted.isprintable()
    return f"{request.script_root}{wanted if own and '//' not in wanted.partition('?')[0] else CONSOLE + '/'}"
