"""Filters: JMESPath expressions over the report (https://jmespath.org/specification.html)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pulp_events.errors import InvalidConfig


@lru_cache(maxsize=1024)
def compile_filter(expression: str) -> Callable[[Mapping[str, Any]], Any]:
    """The expression as a function of the report. Raises InvalidConfig with place and remedy if it is malformed."""
    import jmespath  # needed only where a listener has a filter
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.compile(expression).search
    except JMESPathError as error:
        reason = " ".join(str(error).split())
        raise InvalidConfig(
            f"filter {expression!r} is not JMESPath: {reason}; write for example payload.result == 'failed'"
        ) from error


def passes(expression: str | None, report: Mapping[str, Any]) -> bool:
    """True if there is no filter, or if it finds something true in the report by JMESPath's own rules of truth.

    An expression that fails on this report (a function given the wrong type) lets the event pass: an event too many is
    better than one that is lost.
    """
    if expression is None:
        return True
    from jmespath.exceptions import JMESPathError

    try:
        found = compile_filter(expression)(report)
    except JMESPathError:
        return True
    # False by the specification: empty list, object and string, false, null; the number 0 is true.
    return found is not False and (isinstance(found, int | float) or bool(found))
