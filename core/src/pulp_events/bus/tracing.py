"""`Tracing`: in which trace events are emitted, as plugins say just before they are stored."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events.events.event import Event, place_in_trace
from pulp_events.events.trace_context import Traced, checked, to_text
from pulp_events.system.logs import get_logger
from pulp_events.system.signal_handlers import raised_in_handler

if TYPE_CHECKING:
    from pulp_events.bus.emitter import Prepared
    from pulp_events.outbox.records import NewEvent
    from pulp_events.settings.settings import Settings

_logger = get_logger(__name__)

Begun = tuple[str, str, Callable[[], object]]
"""Id of an event that a plugin traces, the plugin's name, and what of it is to be called once the event is stored."""


class Tracing:
    """Asks plugins, and tells them. One that raises, even SystemExit, is only logged; not under `exits`, which takes as
    long as a tracer that has nothing to trace, so a KeyboardInterrupt counts as pressed."""

    def __init__(self, tracers: Sequence[tuple[str, Callable[..., Any]]], settings: Settings) -> None:
        self._tracers = tracers
        self._settings = settings

    def begin(self, prepared: Sequence[Prepared], stored: Sequence[NewEvent]) -> Sequence[Begun]:
        """Give those of `prepared` that are to be `stored` their trace context. Returns what `end` takes."""
        if not self._tracers or not stored:
            return ()
        begun: list[Begun] = []
        ids = None if len(stored) == len(prepared) else {each.id for each in stored}
        for event, _, new in prepared:
            if ids is None or new.id in ids:
                for plugin, call in self._tracers:
                    try:
                        if (traced := call(event=event, settings=self._settings)) is not None:
                            _place(event, new, traced)
                            if traced.stored is not None:
                                begun.append((event.id, plugin, traced.stored))
                    except KeyboardInterrupt:
                        raise
                    except BaseException as error:
                        if raised_in_handler(error):
                            raise
                        _logger.exception(
                            "plugin %s: pulp_trace_context failed; the event is stored without its trace", plugin
                        )
        return begun

    @staticmethod
    def end(begun: Sequence[Begun], there: Container[str] = ()) -> None:
        """They are stored, but for those with the ids of `there`, which had been stored before."""
        for event_id, plugin, stored in begun:
            try:
                if event_id not in there:
                    stored()
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                if raised_in_handler(error):
                    raise
                _logger.exception("plugin %s: stored() of pulp_trace_context failed", plugin)


def _place(event: Event, new: NewEvent, traced: object) -> None:
    if not isinstance(traced, Traced):
        raise TypeError(f"returned {type(traced).__name__}, expected Traced or None")
    if context := checked(traced.context):
        place_in_trace(event, context)
        new.trace_context = to_text(context)
