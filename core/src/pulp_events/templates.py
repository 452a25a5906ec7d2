"""Text made from an event: jinja2 in its sandbox, for notifiers that let administrators word what they send.

jinja2 is a dependency of the plugins that use this, and imported when the first template is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pulp_events.clock import iso_z
from pulp_events.events.event import Event

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST = 1_000_000
"""Characters of the longest text that a template may make."""


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

        self.source = source
        self._name = name
        try:
            self._template = _environment(html).from_string(source)
        except TemplateSyntaxError as error:
            raise TemplateError(f"{name}, line {error.lineno}: {error.message}") from error

    def render(self, event: Event, **more: Any) -> str:
        """The text for `event`. Raises TemplateError for anything that goes wrong in the template."""
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
            text = "".join(_limited(self._template.generate(names)))
        except Exception as error:
            raise TemplateError(f"{self._name}: {type(error).__name__}: {' '.join(str(error).split())}") from error
        return text


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
            raise ValueError(f"it makes more than {LONGEST} characters")
        yield part


def _json(value: Mapping[str, Any]) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=2)
def _environment(html: bool) -> ImmutableSandboxedEnvironment:
    from jinja2 import ChainableUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        # ranges and repetitions are the two ways in which a short template eats a machine's memory
        intercepted_binops = frozenset(["*", "**"])

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if operator == "**" or not all(isinstance(side, int | float) for side in (left, right)):
                raise ValueError(f"the operator {operator} is not available on these values")
            return super().call_binop(context, operator, left, right)

    environment = Environment(autoescape=html, undefined=ChainableUndefined, keep_trailing_newline=True)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return environment
