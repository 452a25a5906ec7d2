"""What the methods of a notifier answer for a configuration made of values that its schema accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, missing

from pulp_events.errors import EventsError
from pulp_events.listeners.config_references import with_secrets
from pulp_events.listeners.notifier_config import readable_part
from pulp_events.notation.samples import sample
from pulp_events.notation.structure import offered
from pulp_events.notifier import Notifier
from pulp_events.plugins import boundary
from pulp_events.visible import one_line

_MARK = "s3cr3t-of-the-check"
_REFERENCE: Mapping[str, str] = {"$env": "NAME_OF_THE_CHECK"}


def answers_are_right(notifier: Notifier) -> Iterator[str]:
    """`targets`, `window` and `limit` return what they must; they and `check` can do without secrets that are
    references."""
    given = _sample_config(notifier)
    try:
        config = notifier.config_schema().load(given)
    except ValidationError:
        return  # the samples do not go together
    except Exception as error:  # noqa: BLE001  # a plugin may raise anything
        yield f"its schema raises {type(error).__name__}: {error}; it must raise nothing but ValidationError"
        return
    faults = [*_targets(notifier, config), *_window(notifier, config), *_limit(notifier, config)]
    yield from faults
    if not faults:
        yield from _labels_with_secrets(notifier, given)
        yield from _with_references(notifier, given)


def _sample_config(notifier: Notifier) -> dict[str, Any]:
    known = offered(notifier.config_schema())
    return {key: value for key, field in known.items() if (value := sample(field)) is not missing}


def _default_settings(notifier: Notifier) -> dict[str, Any] | None:
    """None where the defaults are no settings, which another claim says."""
    try:
        return {} if notifier.settings_schema is None else dict(notifier.settings_schema().load({}))
    except ValidationError:
        return None


def _targets(notifier: Notifier, config: Mapping[str, Any]) -> Iterator[str]:
    try:
        found = boundary.texts(notifier.targets(config), "targets()")
    except boundary.NotifierMistake as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001
        yield f"targets() raises {type(error).__name__}: {error}; it must return a list of texts"
    else:
        if twice := sorted({each for each in found if found.count(each) > 1}):
            yield f"targets() returns {twice[0]!r:.60} twice; give each target a label of its own"


def _window(notifier: Notifier, config: Mapping[str, Any]) -> Iterator[str]:
    try:
        found = boundary.window_of(notifier, config)
    except boundary.NotifierMistake as error:
        yield str(error)
        return
    except Exception as error:  # noqa: BLE001
        yield f"window() raises {type(error).__name__}: {error}; it must return a number of seconds or None"
        return
    overridden = type(notifier).window is not Notifier.window
    if (found is not None or overridden) and type(notifier).open is Notifier.open:
        yield (
            "it has window(), and deliver() sends each event by itself; override open() with a Channel whose "
            "send_batch() sends the events of a window together"
        )


def _limit(notifier: Notifier, config: Mapping[str, Any]) -> Iterator[str]:
    if (settings := _default_settings(notifier)) is None:
        return
    what = "limit()" if type(notifier).limit is not Notifier.limit else "time_limit"
    try:
        boundary.limit_of(notifier, config, settings)
    except boundary.NotifierMistake as error:
        yield str(error).replace("what limit() returned", what, 1)
    except Exception as error:  # noqa: BLE001
        yield f"{what} raises {type(error).__name__}: {error}; it must be a number of seconds"


def _labels_with_secrets(notifier: Notifier, given: Mapping[str, Any]) -> Iterator[str]:
    schema = notifier.config_schema()
    try:
        labels = notifier.targets(schema.load(with_secrets(schema, given, lambda value: value + _MARK)))
    except Exception:  # noqa: BLE001  # secrets that cannot be marked
        return
    if any(_MARK in label for label in labels):
        yield "targets() returns a label that has a secret in it; labels are shown: make them of other fields"


def _with_references(notifier: Notifier, given: Mapping[str, Any]) -> Iterator[str]:
    schema = notifier.config_schema()
    referring = with_secrets(schema, given, lambda _: dict(_REFERENCE))
    if referring == given:
        return
    try:
        readable = readable_part(notifier, referring)
    except EventsError:
        return  # the samples do not go together without them
    settings = _default_settings(notifier)
    calls: dict[str, Callable[[], object]] = {
        "check": lambda: notifier.check(readable),
        "targets": lambda: notifier.targets(readable),
        "window": lambda: notifier.window(readable),
        "warnings": lambda: None if settings is None else notifier.warnings(readable, settings),
    }
    for name, call in calls.items():
        try:
            call()
        except ValidationError:
            continue
        except Exception as error:  # noqa: BLE001
            yield one_line(
                f"{name}() raises {type(error).__name__}: {error} where secrets are references, which it does not "
                "get, at any depth; use config.get() or is_given()"
            )
