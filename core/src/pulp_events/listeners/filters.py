"""Filters: JMESPath expressions over the report (https://jmespath.org/specification.html)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from pulp_events.budgets.budget import OverBudget
from pulp_events.errors import InvalidConfig
from pulp_events.frozen import thaw
from pulp_events.system.late_imports import imports_late
from pulp_events.system.logs import get_logger
from pulp_events.system.signal_handlers import raised_in_handler
from pulp_events.visible import one_line

if TYPE_CHECKING:
    from pulp_events.budgets.jmespath_budget import Filter

LONGEST = 10_000
"""Characters of a filter."""
DEEPEST = 100
"""Levels of an expression; a chain of `||` has one for each."""
_EXAMPLE = {"call_report": {}, "event_type": "repo.sync.finish", "payload": {"repo_id": "pulp2", "result": "success"}}

_logger = get_logger(__name__)


_in_use: WeakValueDictionary[str, Filter] = WeakValueDictionary()


def compile_filter(expression: str, name: str = "filter", *, hidden: bool = False) -> Filter:
    """The expression as a function of the report. Raises InvalidConfig with place and remedy if it is malformed, or
    costs too much on any report. `name`: what the error calls it. `hidden`: the error does not quote it: it may hold
    what nobody is to read again.

    To compile takes as long as three or four searches, so it is done once for as long as anybody holds the result: each
    listener does (`Listener.condition`), however many there are.
    """
    found = _in_use.get(expression) if isinstance(expression, str) else None
    if found is None:
        found = _in_use[expression] = _compile(expression, name, hidden)
    return found


@imports_late
def _compile(expression: str, name: str, hidden: bool) -> Filter:
    import jmespath  # needed only where a listener has a filter
    from jmespath.exceptions import JMESPathError

    from pulp_events.budgets.jmespath_budget import Filter

    if not isinstance(expression, str):
        given = f"of type {type(expression).__name__}" if hidden else f"{expression!r:.60}"
        raise InvalidConfig(f"{name} is {given}; it must be text, such as payload.result == 'failed'")
    whole, part = (name, name) if hidden else (f"{name} {expression!r}", f"{name} {expression!r:.60}…")
    if len(expression) > LONGEST:
        raise InvalidConfig(f"{part} has {len(expression)} characters; at most {LONGEST} are allowed")
    try:
        compiled = jmespath.compile(expression)
        _check(compiled.parsed, DEEPEST, whole)
    except JMESPathError as error:
        reason = _place(error) if hidden else f": {one_line(str(error))}"
        raise InvalidConfig(
            f"{whole} is not valid JMESPath{reason}; write for example payload.result == 'failed'"
        ) from (None if hidden else error)
    except RecursionError as error:
        raise InvalidConfig(f"{part} is nested too deeply; at most {DEEPEST} levels") from error
    made = Filter(expression, compiled.parsed)
    try:
        made(_EXAMPLE)
    except OverBudget as error:
        shown = name if hidden else f"{name} {expression!r:.200}"
        raise InvalidConfig(f"{shown}: {error}") from error
    except Exception:  # noqa: BLE001, S110  # a function that the example gives the wrong type
        pass
    return made


def passes(condition: Filter | None, report: Mapping[str, Any]) -> bool:
    """True if there is no filter, or if it finds something true in the report by JMESPath's own rules of truth.

    `report`: in plain dicts and lists, as `thaw` makes it; JMESPath's functions know a type by its class's name.

    An expression that fails on this report (a function given the wrong type, or it costs too much, see `budget`) lets
    the event pass: an event too many is better than one that is lost.
    """
    if condition is None:
        return True
    try:
        return _is_true(condition(report))
    except OverBudget as error:
        _say_once(condition.expression, str(error))
        return True
    except Exception as error:  # also ValueError and OverflowError, as of [::0] and ceil(to_number('inf'))
        if raised_in_handler(error):
            raise
        return True


def judge(expression: str | None, report: Mapping[str, Any]) -> tuple[bool, str]:
    """What `passes` says, and why, in words; no words where there is no filter."""
    if expression is None:
        return True, ""
    try:
        found = compile_filter(expression)(thaw(report))
    except Exception as error:  # noqa: BLE001  # as in `passes`
        why = one_line(str(error))
        return True, f"the filter {expression} fails on this report, which lets it pass: {why:.200}"
    import json

    passed = _is_true(found)
    shown = json.dumps(found, ensure_ascii=False, default=str)
    return passed, f"the filter {expression} yields {shown:.80}, which is {'true' if passed else 'false'}"


def failure(condition: Filter, report: Mapping[str, Any]) -> str:
    """Why the filter fails on a plain report, which lets it pass; empty if it does not."""
    try:
        condition(report)
    except Exception as error:  # noqa: BLE001  # as in `passes`
        return one_line(str(error)) or type(error).__name__
    return ""


class Search:
    """An expression that events are searched with: an event on which it fails is not found, and counted."""

    def __init__(self, expression: str, *, hidden: bool = False) -> None:
        """Raises InvalidConfig, as `compile_filter`."""
        self._condition = compile_filter(expression, "where", hidden=hidden)
        self.failed: int = 0
        self.looked: int = 0
        """On how many events it failed, of how many that it was asked about."""
        self.why: str = ""
        """How it failed first, without what stands in the report or in the expression."""

    def finds(self, report: Mapping[str, Any]) -> bool:
        """Whether it finds something true."""
        self.looked += 1
        try:
            return _is_true(self._condition(report))
        except Exception as error:  # noqa: BLE001  # as in `passes`
            self.why = self.why or _without_values(error)
            self.failed += 1
            return False

    def sum_up(self) -> None:
        """Say on how many events it failed: a mistake in it looks like events that are not there."""
        if self.failed:
            # Not the expression: somebody's data may be in it that is to be erased.
            _logger.warning(
                "`where` fails on %d of the %d events that it was asked about, which are left out: %.200s",
                self.failed, self.looked, self.why,
            )  # fmt: skip


def _without_values(error: Exception) -> str:
    """What went wrong, without what stands in the report: it goes to a log."""
    from jmespath.exceptions import JMESPathTypeError

    if isinstance(error, JMESPathTypeError):
        types = " or ".join(error.expected_types)
        return f"{error.function_name}() was given {error.actual_type}, and takes {types}"
    return str(error) if isinstance(error, OverBudget) else type(error).__name__


def _is_true(found: Any) -> bool:
    # False by the specification: empty list, object and string, false, null; the number 0 is true.
    return found is not False and (isinstance(found, int | float) or bool(found))


@lru_cache(maxsize=1024)
def _say_once(expression: str, why: str) -> None:
    _logger.warning("the filter %.200s fails on a report, which lets the event pass: %s", expression, why)


def _place(error: Exception) -> str:
    """Where it is malformed."""
    place = getattr(error, "lex_position", getattr(error, "lexer_position", None))
    return f" at character {place + 1}" if isinstance(place, int) and place >= 0 else ""


def _check(node: Mapping[str, Any], levels: int, shown: str) -> None:
    if levels == 0:
        raise RecursionError
    # jmespath finds these mistakes only when it searches, and then each event would pass.
    from jmespath.functions import Functions

    if node["type"] == "function_expression":
        function, given = node["value"], len(node["children"])
        known = Functions.FUNCTION_TABLE
        if function not in known:
            raise InvalidConfig(
                f"{shown} calls {function}(), which is not a JMESPath function; there are {', '.join(sorted(known))}"
            )
        signature = known[function]["signature"]
        variadic = bool(signature) and bool(signature[-1].get("variadic"))
        if given < len(signature) or (given > len(signature) and not variadic):
            least = "at least " if variadic else ""
            raise InvalidConfig(f"{shown} gives {given} arguments to {function}(), which takes {least}{len(signature)}")
    for child in node["children"]:
        if isinstance(child, Mapping):
            _check(child, levels - 1, shown)
