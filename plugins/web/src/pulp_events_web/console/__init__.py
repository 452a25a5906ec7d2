"""The console: pages rendered by the server (Jinja2), under `/console/`.

| file | holds |
|---|---|
| `pages/` | a module for each kind of page |
| `forms/` | a listener as a form: fields of a notifier's schema, attributes, what was typed |
| `asked.py` | filters in the URL, as `shown` takes them |
| `paging.py` | lists, 50 to a page |
| `naming.py` | what listeners are called |
| `filters.py` | how times, durations and numbers are written |
| `reports.py` | reports of events, also damaged ones |
| `notes.py` | what the next page says of what was done |
| `errors.py` | what is answered where something is refused |
| `lost.py` | what becomes of a form whose session ended meanwhile |
| `chart.py` | the chart of the last day |
| `templates/`, `static/` | what the browser gets |
"""

from flask import Blueprint, Flask

from pulp_events_web.console import errors, filters
from pulp_events_web.console.pages import MODULES


def register(app: Flask) -> None:
    """Add its pages."""
    blueprint = Blueprint(
        "console", __name__, url_prefix="/console", template_folder="templates", static_folder="static"
    )
    filters.register(app, blueprint)
    errors.register(blueprint)
    for module in MODULES:
        module.add(blueprint)
    errors.catch_all(blueprint)
    app.register_blueprint(blueprint)
