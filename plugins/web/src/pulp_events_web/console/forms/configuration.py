"""The fields of a notifier's configuration, made from its marshmallow schema, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import missing

from pulp_events.fields import messages
from pulp_events.listeners.untrusted import is_local
from pulp_events.notation.reading import with_secrets
from pulp_events.notation.structure import offered
from pulp_events.notation.writing import default_text
from pulp_events.notifier import Notifier
from pulp_events.secrets import MASK
from pulp_events_web.console.forms import controls
from pulp_events_web.console.forms.carried import REMOVE, WITHOUT, words
from pulp_events_web.console.forms.field import Field
from pulp_events_web.console.forms.wording import example_of, help_of

PREFIX = "config."
_AGAIN = "It is empty now, and you had typed one: type it again, or say below that it need not be."
_PLAIN = "As plain text: templates, with {{ or {%, are for trusted authors."


class Configuration:
    """Of one notifier. `trusted`: whether such a listener may name what belongs to the machine, and have templates.

    `shown`: the stored configuration without its secrets; `present`: the keys that it has.
    """

    def __init__(self, notifier: Notifier, shown: Mapping[str, Any], present: set[str], *, trusted: bool) -> None:
        schema = notifier.config_schema()
        self._fields = {
            key: each for key, each in offered(schema).items() if trusted or not is_local(each.metadata)
        }  # fmt: skip
        self._shown, self._present, self._trusted = shown, present, trusted

    def fields(self, typed: Mapping[str, str] | None = None) -> Iterator[Field]:
        """As they are shown; `typed`: what was, which is shown again, but for secrets."""
        for key, each in self._fields.items():
            kind = controls.kind_of(each)
            hidden = controls.is_hidden(each)
            name = PREFIX + key
            stored = self._shown.get(key)
            default = each.load_default
            plain = default is not missing and default is not None and not callable(default)
            if typed is not None:
                value = "" if hidden and kind != "json" else controls.in_order(each, typed.get(name, ""))
            elif hidden:
                value = ""
            elif kind == "check" and stored is None and plain:
                value = controls.written(kind, default)
            else:
                value = controls.in_order(each, controls.written(kind, stored))
            yield Field(
                name=name,
                label=str(each.metadata.get("label") or key.replace("_", " ")),
                kind=kind,
                help=self._help(each, kind),
                required=bool(each.required),
                value=value,
                choices=controls.choices_of(each),
                example=example_of(each.metadata, kind),
                group=str(each.metadata.get("group", "")),
                default=default_text(each) if kind != "check" else "",
                is_set=hidden and key in self._present,
                hidden=hidden,
                again=hidden and not value and typed is not None and bool(typed.get(name) or name in words(typed)),
                without=typed is not None and bool(typed.get(WITHOUT + key)),
            )

    def _help(self, field: Any, kind: str) -> str:
        said = help_of(field.metadata, kind)
        return said if self._trusted or field.metadata.get("template") != "text" else f"{said} {_PLAIN}".strip()

    def forgotten(self, typed: Mapping[str, str]) -> dict[str, list[str]]:
        """Secrets that were typed before, were not sent back, and would now silently be left out."""
        return {
            PREFIX + key: [_AGAIN] for key, each in self._fields.items()
            if PREFIX + key in words(typed) and controls.is_hidden(each) and not typed.get(PREFIX + key, "").strip()
            and not typed.get(WITHOUT + key) and not typed.get(REMOVE + key)
        }  # fmt: skip

    def read(self, typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """Keys for `create` and `update`, None where one is to be removed; and what could not be understood."""
        found: dict[str, Any] = {}
        faults: dict[str, list[str]] = {}
        for key, each in self._fields.items():
            text, kind = typed.get(PREFIX + key, "").replace("\r\n", "\n"), controls.kind_of(each)
            if kind not in ("secret", "long", "secret-lines"):
                text = text.strip()
            if kind == "check":
                self._read_check(key, each, bool(text), found)
            elif not text.strip():
                self._read_empty(key, controls.is_hidden(each), bool(typed.get(REMOVE + key)), found)
            elif not controls.is_hidden(each) and self._stays(key, each, text):
                continue  # a password in a URL is not shown: what comes back as it was shown stays as it is stored
            elif MASK in text:
                faults[PREFIX + key] = [
                    f"It contains {MASK}, which stands for a secret that is not shown; type all of it."
                ]
            else:
                try:
                    value = controls.read(kind, text, each)
                    found[key] = with_secrets(each, value, _referred) if self._trusted else value
                except controls.NotUnderstood as error:
                    faults[PREFIX + key] = [str(error)]
        return found, faults

    def _stays(self, key: str, field: Any, text: str) -> bool:
        stored = controls.written(controls.kind_of(field), self._shown.get(key)).strip()
        return controls.in_order(field, text) == controls.in_order(field, stored)

    def _read_check(self, key: str, field: Any, ticked: bool, found: dict[str, Any]) -> None:
        default = field.load_default is True
        if ticked != bool(self._shown.get(key, default)):
            found[key] = ticked if ticked != default or key in self._present else None

    def _read_empty(self, key: str, hidden: bool, remove: bool, found: dict[str, Any]) -> None:
        if key in self._present and (remove or not hidden):
            found[key] = None

    def place(self, errors: Any) -> dict[str, list[str]]:
        """What the bus says is wrong, by the name of the control; "" for what belongs to none that is shown."""
        found: dict[str, list[str]] = {}
        for path, text in messages(errors):
            key = path.partition(".")[0]
            rest = path[len(key) + 1 :]
            if key in self._fields:
                found.setdefault(PREFIX + key, []).append(f"{rest}: {text}" if rest and not rest.isdecimal() else text)
            else:
                found.setdefault("", []).append(f"{path}: {text}" if path else text)
        return found


def _referred(text: str) -> Any:
    """A secret may be a reference, as the CLI takes it: `env:NAME`, `file:/PATH`; of who is trusted."""
    kind, colon, name = text.strip().partition(":")
    return {f"${kind}": name} if colon and name and kind in ("env", "file") else text
