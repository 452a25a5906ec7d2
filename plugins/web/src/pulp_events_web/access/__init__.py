"""Who may: tokens, users whom a proxy names, sessions of the console; and what is refused to anybody.

| file | holds |
|---|---|
| `authentication.py` | who asks, before any view runs |
| `tokens.py` | tokens, stored as hashes |
"""

from flask import Flask


def register(app: Flask) -> None:
    """Decide who asks before each request."""
    from pulp_events_web.access import authentication

    authentication.register(app)
