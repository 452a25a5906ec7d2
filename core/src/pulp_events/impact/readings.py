"""`readings`: which listeners of an event type read which of its fields, in filters and templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pulp_events.events import pattern
from pulp_events.impact.template_texts import templates_of
from pulp_events.impact.uses import Path, Uses
from pulp_events.listeners.listener import Listener
from pulp_events.plugins.registry import Plugins

FILTER = "filter"


@dataclass(frozen=True)
class Reading:
    """What one filter or template of a listener reads."""

    listener: Listener
    where: str
    """`filter`, or the key of the configuration that holds the template."""
    fields: tuple[str, ...]
    """Such as `payload.repo_id`; `any field` where it may be anything."""
    problem: str = ""
    """Why it may be anything, if it cannot be read."""
    _uses: Uses = field(default_factory=Uses, repr=False, compare=False)

    def of(self, path: Path) -> str:
        """`yes`, `maybe` or `no`: is this field read?"""
        return self._uses.of(path)


def readings(listeners: Iterable[Listener], event_type: str, plugins: Plugins) -> Iterator[Reading]:
    """Of each listener that gets events of this type, what its filter and templates read; none where they read none.

    Listeners that are disabled or muted are among them. Templates are found in the fields whose metadata says
    `template`, and in texts with `{{` or `{%`, whatever the notifier.
    """
    for listener in listeners:
        if not any(pattern.matches(each, event_type) for each in listener.event_types):
            continue
        found = [_reading(listener, FILTER, _of_filter, listener.filter)] if listener.filter else []
        notifier = plugins.notifiers.get(listener.notifier_type_id)
        schema = None if notifier is None else notifier.config_schema
        # One of an untrusted author has none: nothing is rendered of it, and no file of it is read.
        for each in () if listener.untrusted else templates_of(listener.notifier_config, schema):
            if each.problem:
                found.append(_unknown(listener, each.where, each.problem))
            else:
                found.append(_reading(listener, each.where, _of_template, each.source))
        yield from (each for each in found if each.fields)


def _reading(listener: Listener, where: str, read: Callable[[str], Uses], source: str) -> Reading:
    try:
        uses = read(source)
    except ImportError:
        return _unknown(listener, where, "jinja2 is not installed: pip install 'pulp-events[templates]'")
    except Exception as error:  # noqa: BLE001  # of jmespath or jinja2; what cannot be parsed cannot be known
        # Not the error's own text: it may quote the template, which may be a secret.
        return _unknown(listener, where, f"it cannot be parsed: {type(error).__name__}")
    return Reading(listener, where, tuple(uses.fields), "", uses)


def _unknown(listener: Listener, where: str, problem: str) -> Reading:
    anything = Uses()
    anything.add([()])
    return Reading(listener, where, tuple(anything.fields), problem, anything)


def _of_filter(source: str) -> Uses:
    from pulp_events.impact.of_filter import uses_of_filter  # imports jmespath

    return uses_of_filter(source)


def _of_template(source: str) -> Uses:
    from pulp_events.impact.of_template import uses_of_template  # imports jinja2

    return uses_of_template(source)
