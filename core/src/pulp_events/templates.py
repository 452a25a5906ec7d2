"""Text made from an event: jinja2 in its sandbox, for notifiers that let administrators word what they send.

jinja2 is a dependency of the plugins that use this, and imported when the first template is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pulp_events.events.event import Event
from pulp_events.system.clock import iso_z
from pulp_events.visible import one_line

LONGEST = 1_000_000
"""Characters of the longest text that a template may make."""
LONGEST_SOURCE = 200_000
"""Characters of a template."""


class TemplateError(ValueError):
    """A template cannot be compiled or rendered; the text says where and why, in one line."""


class Template:
    """A compiled template. `{{ event.payload.repo_id }}: {{ event.event_type }}` and `{{ payload.repo_id }}` both work.

    Names in it: `event` (id, event_type, time, source, payload, call_report), `payload`, `call_report`, `event_type`,
    `report` (the report as JSON text), and what the caller adds. A missing name is empty text. The filter `tojson`
    makes JSON of a value.

    >>> Template("{{ payload.repo_id }} is {{ payload.result | upper }}").source
    '{{ payload.repo_id }} is {{ payload.result | upper }}'
    """

    def __init__(self, source: str, *, html: bool = False, name: str = "template") -> None:
        """Compile `source`. `html`: escape what is put in. Raises TemplateError with the line of the mistake."""
        from jinja2 import TemplateSyntaxError

        from pulp_events.budgets.template_sandbox import counting, environment

        self.source = source
        self._name = name
        self._counting = counting
        if len(source) > LONGEST_SOURCE:
            raise TemplateError(f"{name}: it has {len(source)} characters; at most {LONGEST_SOURCE} are allowed")
        try:
            with counting():
                self._template = environment(html).from_string(source)
        except TemplateSyntaxError as error:
            raise TemplateError(f"{name}, line {error.lineno}: {_in_its_signs(error.message or '')}") from error
        except (RecursionError, MemoryError, SyntaxError) as error:  # of Python, into which it is translated
            raise TemplateError(f"{name} is nested too deeply; simplify it") from error

    def render(self, event: Event, **more: Any) -> str:
        """The text for `event`. Raises TemplateError for any error in the template, also if it costs too much (see
        `pulp_events.budgets.budget`)."""
        names = {
            "event": event,
            "event_type": event.event_type,
            "payload": event.payload,
            "call_report": event.call_report,
            "time": iso_z(event.time),
            "report": _Lazy(lambda: _json(event.report())),
            **more,
        }
        try:
            with self._counting():
                text = "".join(_limited(self._template.generate(names)))
        except Exception as error:
            raise TemplateError(f"{self._name}: {_said(error)}") from error
        return text


def _in_its_signs(message: str) -> str:
    """What jinja2 says of a template, with the signs that stand in it, and not its own names of them."""
    return message.replace("'end of print statement'", "'}}'").replace("'end of statement block'", "'%}'")


def _said(error: Exception) -> str:
    """What went wrong; of what neither jinja2 nor we say, with the name of the error, which may be all there is."""
    import jinja2

    kind = "" if isinstance(error, ValueError | jinja2.TemplateError) else f"{type(error).__name__}: "
    return f"{kind}{one_line(str(error))}"


class _Lazy:
    """Text that is made if the template asks for it."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make

    def __str__(self) -> str:
        return self._make()


def _limited(parts: Any) -> Any:
    length = 0
    for part in parts:
        length += len(part)
        if length > LONGEST:
            raise ValueError(f"it produces more than {LONGEST} characters")
        yield part


def _json(value: Mapping[str, Any]) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
