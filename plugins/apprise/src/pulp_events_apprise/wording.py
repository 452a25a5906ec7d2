"""The words that an event becomes. No input or output here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulp_events import Event
from pulp_events.templates import Template
from pulp_events.visible import one_line

TITLE = "{{ event_type }}{% if payload.repo_id %}: {{ payload.repo_id }}{% endif %}"

_VALUE = "{{ value if value is string else value | tojson }}"
_EACH = "{% for key, value in payload.items() %}"

BODIES = {
    "text": _EACH + "{{ key }}: " + _VALUE + "\n{% endfor %}{{ time }} {{ event.source }}",
    "markdown": _EACH + "- **{{ key }}**: " + _VALUE + "\n{% endfor %}\n{{ time }} {{ event.source }}",
    "html": "<ul>" + _EACH + "<li><b>{{ key }}</b>: " + _VALUE + "</li>{% endfor %}</ul>{{ time }} {{ event.source }}",
}
"""Default body for each format. The last line keeps it from being empty, which Apprise refuses."""


class Wording:
    """The templates of one listener, compiled. In the format html, what is put into the body is escaped."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Raises TemplateError."""
        self.format: str = config["format"]
        self._title = Template(config.get("title") or TITLE, name="title")
        self._body = Template(config.get("body") or BODIES[self.format], html=self.format == "html", name="body")

    def title(self, event: Event) -> str:
        """One line. Raises TemplateError."""
        return one_line(self._title.render(event))

    def body(self, event: Event) -> str:
        """Raises TemplateError."""
        return self._body.render(event)


def kind(event: Event) -> str:
    """`success`, `failure` or `info`: by it Apprise chooses colours, and PagerDuty and Opsgenie the severity."""
    return {"success": "success", "failed": "failure"}.get(str(event.payload.get("result")), "info")
