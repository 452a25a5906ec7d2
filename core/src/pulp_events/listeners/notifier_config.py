"""A listener's configuration: checked when it is stored, completed when a channel opens."""

from __future__ import annotations

import contextlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from marshmallow import Schema, ValidationError

from pulp_events.errors import InvalidConfig, PluginError
from pulp_events.fields import messages
from pulp_events.frozen import thaw
from pulp_events.listeners.config_references import faults_beside, refuse_misnamed, refuse_misplaced, without_references
from pulp_events.notation.reading import NotUnderstood
from pulp_events.notation.resolving import resolved
from pulp_events.notation.structure import Pairs, offered, structure
from pulp_events.notifier import Notifier, ReadablePart
from pulp_events.plugins import boundary
from pulp_events.secrets import (
    Place,
    Scrubber,
    holds_reference,
    is_reference,
    is_secret,
    mask_message,
    mask_value,
    places,
    redact,
    resolve,
    secret_values,
)


def validate(notifier: Notifier, config: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The configuration as it is stored (JSON values, only the keys that were given) and its targets.

    Raises InvalidConfig that lists every mistake, without a secret's value.
    """
    schema = notifier.config_schema()
    given = thaw(config)
    references = {key: value for key, value in given.items() if holds_reference(value)}
    refuse_misplaced(notifier.type_id, schema, references)
    refuse_misnamed(notifier.type_id, schema, references)
    with _explained(notifier, schema, references):
        if faults := faults_beside(schema, references):
            raise ValidationError(faults)
    plain = {key: value for key, value in given.items() if key not in references}
    with _explained(notifier, schema, plain):
        with _called(notifier, "prepare", schema, given):
            prepared: object = notifier.prepare(plain)
            if not isinstance(prepared, Mapping):
                raise boundary.NotifierMistake(f"it must return a mapping, not {boundary.shown(prepared)}")
        plain = dict(prepared)
    given = {key: value for key, value in {**given, **plain}.items() if key in plain or key in references}
    loaded = _readable(notifier, schema, plain, references)
    with _explained(notifier, schema, plain), _called(notifier, "check", schema, given):
        answer: object = notifier.check(loaded)  # type: ignore[func-returns-value]
        if inspect.iscoroutine(answer):
            answer.close()
            raise boundary.NotifierMistake("it must not be a coroutine function: nobody awaits it")
    # A field that is load_only, as passwords often are, is not dumped: it is stored as it was given.
    declared = {field.data_key or name for name, field in schema.fields.items()}
    with _called(notifier, "config_schema", schema, given):
        dumped = schema.dump(loaded)
    stored = {key: value for key, value in given.items() if key in declared} | dumped | references
    try:
        stored = json.loads(json.dumps({key: stored[key] for key in given if key in stored}, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InvalidConfig(f"the configuration of {notifier.type_id} cannot be stored as JSON: {error}") from error
    _check_stored(notifier, schema, plain, {key: each for key, each in stored.items() if key in plain}, references)
    with _called(notifier, "targets", schema, given):
        return stored, _targets(notifier, loaded)


def _check_stored(
    notifier: Notifier, schema: Schema, given: Any, stored: dict[str, Any], references: Mapping[str, Any]
) -> None:
    """Raise PluginError where what is stored in place of what was given would be refused when a channel opens."""
    if stored == given:
        return
    try:
        _readable(notifier, schema, stored, references)
    except InvalidConfig as error:
        raise PluginError(
            f"notifier type {notifier.type_id!r} does not load what its config_schema dumps ({error}); nothing was "
            "stored; its author must make the schema load what it dumps"
        ) from None


def complete(notifier: Notifier, stored: Mapping[str, Any], schema: Schema | None = None) -> dict[str, Any]:
    """What a channel is opened with: references read, defaults filled in, values as the schema loads them.

    `schema`: an instance of the notifier's, where there is one already. Raises SettingsError for a reference that
    cannot be read, InvalidConfig for what the schema refuses now.
    """
    from pulp_events.redaction.logs import scrub_our_threads  # which imports logging

    scrub_our_threads()  # before anything can log what is read now
    schema = schema or notifier.config_schema()
    known = offered(schema)
    plain: dict[str, Any] = {}
    for key, value in thaw(stored).items():
        plain[key] = value
        if key in known and holds_reference(value):
            try:
                plain[key] = resolved(known[key], value, f"{notifier.type_id} {key}")
            except NotUnderstood as error:
                raise InvalidConfig(f"{notifier.type_id} {key}: what its reference leads to {error}") from None
    return _load(notifier, schema, plain)


def secrets_of(schema: Schema, stored: Mapping[str, Any], *, reads: bool = True) -> list[Any]:
    """What a `Scrubber` must know of a listener: its secrets, wherever they stand, that can be read now.

    `reads`: False for a listener whose references are not read, as its author is not trusted.
    """
    return [found for value in secret_values(schema, thaw(stored)) for found in _known(value, reads)]


def _known(value: Any, reads: bool) -> Iterator[Any]:
    if is_reference(value):
        with contextlib.suppress(Exception):
            text = resolve(value, "") if reads else ""
            yield text
            if text.lstrip().startswith(("{", "[")):  # a whole mapping or list
                yield from _known(json.loads(text), reads)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _known(each, reads)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _known(each, reads)
    else:
        yield value


def readable_part(notifier: Notifier, stored: Mapping[str, Any]) -> ReadablePart:
    """What `check`, `targets`, `window` and `warnings` are given: the same without what is a reference, and without
    lists and mappings of secrets with one among them; nothing outside the record is read.

    Raises InvalidConfig for what the schema refuses now.
    """
    given = thaw(stored)
    references = {key: value for key, value in given.items() if holds_reference(value)}
    plain = {key: value for key, value in given.items() if key not in references}
    return _readable(notifier, notifier.config_schema(), plain, references)


def _readable(notifier: Notifier, schema: Schema, plain: dict[str, Any], references: Mapping[str, Any]) -> ReadablePart:
    kept, absent = without_references(schema, references)
    names = {field.data_key or name: name for name, field in schema.fields.items()}
    try:
        found = ReadablePart(_load(notifier, schema, {**plain, **kept}, partial=absent))
    except PluginError:
        if not kept:
            raise
        # A nested schema that cannot do with a part of an object judges the whole of it when the references are read.
        absent |= {names[key] for key in kept}
        kept = {}
        found = ReadablePart(_load(notifier, schema, plain, partial=absent))
    left_out = [names[key] for key in references if key in names and key not in kept]
    found.references = frozenset(schema.fields[name].attribute or name for name in left_out)
    return found


def window(notifier: Notifier, stored: Mapping[str, Any]) -> float | None:
    """What the notifier's `window` says of this configuration, in seconds. Raises what that, or the schema, raises."""
    return boundary.window_of(notifier, readable_part(notifier, stored))


def _targets(notifier: Notifier, loaded: Mapping[str, Any]) -> tuple[str, ...]:
    found = boundary.texts(notifier.targets(loaded), "it")
    return tuple(dict.fromkeys(found)) or ("",)


def _load(
    notifier: Notifier, schema: Schema, config: dict[str, Any], partial: AbstractSet[str] = frozenset()
) -> dict[str, Any]:
    with _explained(notifier, schema, config), _called(notifier, "config_schema", schema, config):
        return schema.load(config, partial=partial or None)  # type: ignore[no-any-return]


@contextlib.contextmanager
def _called(notifier: Notifier, method: str, schema: Schema, config: Mapping[str, Any]) -> Iterator[None]:
    """Make PluginError, which names the method and shows no secret, of what no method of a notifier should raise."""

    def scrub(text: str) -> str:
        return Scrubber(secret_values(schema, config))(text)

    with boundary.mistakes(f"notifier type {notifier.type_id!r}, {method}()", scrub, passes=ValidationError):
        yield


@contextlib.contextmanager
def _explained(notifier: Notifier, schema: Schema, config: Mapping[str, Any]) -> Iterator[None]:
    """Make InvalidConfig, which names key and value and shows no secret, of a ValidationError."""
    try:
        yield
    except ValidationError as error:
        found: dict[str, list[str]] = {}
        scrub = Scrubber(secret_values(schema, config))
        hidden = [at for at in places(schema, config) if at.is_secret]
        for path, message in messages(error.normalized_messages()):  # type: ignore[no-untyped-call]
            key = _key_of(path, config)
            masked = mask_message(scrub(message), config.get(key))
            for at in hidden:
                if at.path[0] == key:
                    masked = mask_message(masked, _without_public_part(at), secret=True)
            found.setdefault(path, []).append(masked)
        parts = [_part(path, texts, config, schema) for path, texts in found.items()]
        lines = "; ".join(f"{key}{said}" for key, said in parts)
        raise InvalidConfig(f"invalid {notifier.type_id} configuration: {lines}", found, parts) from None


def _without_public_part(at: Place) -> Any:
    """The secret, without what its field says is none in it: metadata `public_part` finds it at the beginning of a
    text."""
    find = None if at.field is None else at.field.metadata.get("public_part")
    if find is None:
        return at.value
    values = at.value.splitlines() if isinstance(at.value, str) else at.value
    try:
        return [each.removeprefix(find(each)) if isinstance(each, str) else each for each in values]
    except Exception:  # noqa: BLE001  # a plugin's function may raise anything; nothing of the value is shown then
        return at.value


def _part(path: str, texts: list[str], config: Mapping[str, Any], schema: Schema) -> tuple[str, str]:
    """The key, and what is said of it."""
    key = _key_of(path, config)
    rest = path[len(key) + 1 :]
    value = redact(schema, {key: config[key]})[key] if key in config else None
    if rest.isdigit() and isinstance(value, list) and int(rest) < len(value):
        value = value[int(rest)]
    shown = "" if is_secret(schema, key) or value is None else " " + mask_value(value)[:100]
    if any(isinstance(structure(each), Pairs) for at, each in offered(schema).items() if at == key):
        rest = re.sub(r"^(.*?)\.(key|value)\b", r"\1", rest)  # marshmallow's own words for what of a pair is wrong
        below = f".{rest}" if rest else ""
    else:
        below = f".{rest}" if rest and not rest.isdigit() else ""
    return (key, f"{below}{shown}: {' '.join(texts)}") if key else ("", " ".join(texts))


def _key_of(path: str, config: Mapping[str, Any]) -> str:
    return path if path in config else path.partition(".")[0]  # an unknown key may have dots
