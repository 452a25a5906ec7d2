"""The file: YAML or JSON, a version and a list of listeners. What holds its default is left out.

    version: 1
    listeners:
    - id: 5081a42ce19a00ea4300000e
      notifier_type_id: http
      event_types: [repo.sync.finish]
      notifier_config: {url: http://ci.example/hook}
      filter: payload.result == 'failed'

Further keys are the attributes that core says files have. Health and mutes are not in it: they are of the moment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from pulp_events.fields import messages
from pulp_events.frozen import thaw
from pulp_events.listeners.listener import Listener
from pulp_events.secrets import is_reference, places
from pulp_events.system.suggestion import did_you_mean
from pulp_events.visible import json_text
from pulp_events.visible import visible as made_visible
from pulp_events_cli.errors import UsageError
from pulp_events_cli.listener_attributes import SINCE, fields_of_file, written
from pulp_events_cli.listener_files.parsing import parse

VERSION = max(SINCE.values())
"""The newest that this release reads. A file is written in the oldest that has all that is in it."""

_MESSAGES: dict[str, Any] = {"required": "it is missing", "null": "it is empty"}
_MESSAGES_OF_ALL = _MESSAGES | {"null": "it is empty; write listeners: [] for none"}
_UNKNOWN = "Unknown field."
_REMEDIES = {
    "Not a valid boolean.": "write true or false",
    "Not a valid integer.": "write a whole number, such as 4",
    "Not a valid list.": "write a list, such as [a, b]",
    "Not a valid mapping type.": "write keys with values, such as {team: build}",
    "Not a valid string.": "write text, in quotes if it looks like a number",
}
"""What marshmallow's messages leave open."""


class _AlwaysThere(Schema):
    class Meta:
        unknown = RAISE

    id = fields.String()
    notifier_type_id = fields.String(required=True, error_messages=_MESSAGES)
    event_types = fields.List(fields.String(), required=True, error_messages=_MESSAGES)
    notifier_config = fields.Dict(keys=fields.String(), required=True, error_messages=_MESSAGES)


EntrySchema = _AlwaysThere.from_dict(dict(fields_of_file()), name="EntrySchema")
"""One listener of the file."""


class FileSchema(Schema):
    """The file."""

    class Meta:
        unknown = RAISE

    version = fields.Integer(strict=True, required=True, error_messages=_MESSAGES)
    listeners = fields.List(fields.Nested(EntrySchema), required=True, error_messages=_MESSAGES_OF_ALL)


def from_listener(listener: Listener, redacted: Mapping[str, Any] | None) -> dict[str, Any]:
    """The entry of a listener. `redacted`: its configuration fit to be shown; None: the file gets the secrets."""
    config = thaw(listener.notifier_config)
    if redacted is not None:
        config = visible(config, redacted)
    return {
        "id": listener.id,
        "notifier_type_id": listener.notifier_type_id,
        "event_types": list(listener.event_types),
        "notifier_config": config,
        **written(listener),
    }


def visible(config: Mapping[str, Any], redacted: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with its secrets masked, and its references, which are none, as they are."""
    return {key: _visible(value, redacted[key]) for key, value in config.items()}


def _visible(value: Any, shown: Any) -> Any:
    if is_reference(value):
        return value
    if isinstance(value, list) and isinstance(shown, list) and len(value) == len(shown):
        return [_visible(*pair) for pair in zip(value, shown, strict=True)]
    if isinstance(value, Mapping) and isinstance(shown, Mapping):
        return visible(value, shown)
    return shown


def write(entries: list[dict[str, Any]], as_json: bool) -> str:
    """The text of a file with these entries."""
    since = [version for name, version in SINCE.items() if any(name in entry for entry in entries)]
    content = {"version": max([1, *since]), "listeners": entries}
    if as_json:
        return json_text(content, 2) + "\n"
    import yaml

    # Text is written as it is, unless there is something in it that a terminal would obey: all is escaped then.
    plain = json.dumps(content, ensure_ascii=False)
    return str(
        yaml.safe_dump(
            content, sort_keys=False, allow_unicode=made_visible(plain) == plain, default_flow_style=False, width=120
        )
    )


def read(text: str, name: str) -> list[dict[str, Any]]:
    """The entries of a file; raises UsageError that says where in `name` what is wrong."""
    content = parse(text, name)
    if not isinstance(content, dict):
        raise UsageError(
            f"{name} is not a listeners file; it must have the keys version and listeners, as `export` writes them"
        )
    version = content.get("version")
    if isinstance(version, int) and version < 1:
        raise UsageError(f"{name} has version {version}, which does not exist; write version: {VERSION}")
    if isinstance(version, int) and version > VERSION:
        raise UsageError(f"{name} has version {version}, but this release supports only {VERSION}; upgrade it")
    try:
        loaded = FileSchema().load(content)
    except ValidationError as error:
        found = list(messages(error.messages))
        # A key that is misspelt is missing, too, under the name that it should have.
        misspelt = (each for each in found if each[1] == _UNKNOWN and did_you_mean(_key(each[0]), _known(each[0])))
        path, message = next(misspelt, found[0])
        raise UsageError(f"{name}: {_place(path)}{_explain(path, message)}") from None
    return list(loaded["listeners"])


_WRITTEN = re.compile(r"(env):[A-Za-z_]\w*|(file):(?!//)\S+")


def refuse_written_references(config: Mapping[str, Any], schema: Schema, stored: Mapping[str, Any], place: str) -> None:
    """Raise UsageError for a secret that is written as the command line takes a reference: it would be stored as text.

    `stored`: the record's values, which may stay.
    """
    changed = {key: value for key, value in config.items() if value != stored.get(key)}
    for at in places(schema, changed):
        for text in _texts(at.value) if at.is_secret else ():
            if found := _WRITTEN.fullmatch(text):
                kind = found[1] or found[2]
                what = "NAME" if kind == "env" else "PATH"
                raise UsageError(
                    f"{place}, {'.'.join(at.path)}: {kind}:{what} is the command-line form of a reference; in a file, "
                    f"write {{${kind}: {what}}}"
                )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _place(path: str) -> str:
    """`listeners.2.lanes` → `listener 3, lanes: `."""
    parts = path.split(".")
    if parts[0] == "listeners" and len(parts) > 1 and parts[1].isdigit():
        rest = ".".join(parts[2:])
        return f"listener {int(parts[1]) + 1}{', ' if rest else ''}{rest}: "
    return f"{path}: " if path else ""


def _explain(path: str, message: str) -> str:
    if message == _UNKNOWN:
        return f"unknown key{did_you_mean(_key(path), _known(path))}; known keys: {', '.join(_known(path))}"
    if message in _REMEDIES:
        return f"{message.removesuffix('.')}; {_REMEDIES[message]}"
    return message


def _key(path: str) -> str:
    return path.rpartition(".")[2]


def _known(path: str) -> list[str]:
    """The keys that there are beside this one."""
    return list((EntrySchema() if path.startswith("listeners.") else FileSchema()).fields)
