"""Pulp 2's own routes under `/pulp/api/v2/events/`, for its clients and scripts.

| file | holds |
|---|---|
| `routes.py` | the calls |
| `bodies.py` | what a request must say |
| `shown.py` | a listener as Pulp 2 showed it |
| `failures.py` | errors as Pulp 2 said them |
"""

from flask import Flask

PREFIX = "/pulp/api/v2/events"


def register(app: Flask) -> None:
    """Add its routes."""
    from pulp_events_web import problems
    from pulp_events_web.pulp2 import failures, routes

    app.register_blueprint(routes.blueprint, url_prefix=PREFIX)
    problems.answered_by(app, PREFIX, failures.answer_to)
