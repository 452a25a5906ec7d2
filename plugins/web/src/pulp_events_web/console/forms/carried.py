"""What a form carries from page to page besides what is typed: as hidden fields, so that no server has to keep it.

| name | holds |
|---|---|
| `version` | which record it was made from |
| `shown` | what each control had in it then, as digests: what was touched is what differs |
| `again` | controls of secrets that were typed and not sent back, to be typed again |
| `keeps` | controls whose text may be sent back: all but those of secrets |
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from werkzeug.datastructures import MultiDict

from pulp_events_web.console.forms.field import Field

VERSION, SHOWN, AGAIN, KEEPS = "version", "shown", "again", "keeps"
PREVIEW_EVENT = "preview_event"
REMOVE, WITHOUT = "remove.", "without."
"""Before the name of a secret: a box, ticked to remove what is stored, or to go on without typing it again."""


def typed_of(form: MultiDict[str, str]) -> dict[str, str]:
    """What a form sends: of several boxes with one name, those that are ticked, one in each line."""
    return {name: "\n".join(texts) for name, texts in form.lists()}


def digests(fields: Iterable[Field]) -> str:
    """Of what stands in each of these, but for those that never have anything in them."""
    return json.dumps({each.name: _digest(each.value) for each in fields if not each.hidden})


def touched(typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, without the controls in which still stands what stood there."""
    before = _shown(typed)
    return {name: text for name, text in typed.items() if name not in before or before[name] != _digest(text)} | {
        name: "" for name, digest in before.items() if name not in typed and digest != _digest("")
    }  # a box that is not ticked is not sent


def changed_since(typed: Mapping[str, str], field: Field) -> bool:
    """Whether the field, as it is stored now, differs from what was shown when the form was made."""
    before = _shown(typed)
    return field.name in before and before[field.name] != _digest(field.value)


def kept(typed: Mapping[str, str]) -> dict[str, str]:
    """What may be sent back, whoever asks; `again` names what was left out. Of another's form, nothing."""
    plain = {*typed.get(KEEPS, "").split()}
    if not plain:
        return {}
    left_out = {name for name, text in typed.items() if name.startswith("config.") and text and name not in plain}
    again = " ".join(sorted({*words(typed), *left_out}))
    own = (VERSION, SHOWN, KEEPS, PREVIEW_EVENT)
    found = {
        name: text for name, text in typed.items() if name in plain or name in own or name.startswith((REMOVE, WITHOUT))
    }
    return {**found, AGAIN: again}


def words(typed: Mapping[str, str]) -> list[str]:
    """Controls whose secrets are to be typed again."""
    return typed.get(AGAIN, "").split()


def _shown(typed: Mapping[str, str]) -> dict[str, str]:
    try:
        found = json.loads(typed.get(SHOWN, ""))
    except (ValueError, RecursionError):
        return {}
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.replace("\r\n", "\n").strip().encode("utf-8", "replace")).hexdigest()[:16]
