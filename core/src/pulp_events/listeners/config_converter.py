"""What a marshmallow Schema loads, as JSON Schema: the converter of payloads, and what configurations have besides."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apispec.ext.marshmallow.common import resolve_schema_instance
from marshmallow import fields, missing

from pulp_events.fields import Duration, Size
from pulp_events.frozen import thaw
from pulp_events.listeners.untrusted import is_local
from pulp_events.references import VARIABLE
from pulp_events.schemas.marshmallow_schema import Converter
from pulp_events.secrets import is_secret_field

DURATION = r"^\s*\d+(\.\d+)?\s*$|^(\s*\d+(\.\d+)?\s*(ms|[smhdw]))+\s*$"
SIZE = r"^\s*\d+(\.\d+)?\s*[KMGTkmgt]?([iI]?[bB])?\s*$"
REFERENCE: Mapping[str, Any] = {
    "description": "reference to an environment variable, or to a file, of the process that delivers",
    "type": "object",
    "properties": {"$env": {"type": "string", "pattern": f"^{VARIABLE}$"}, "$file": {"type": "string"}},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}
_ABOUT = ("description", "writeOnly", "default", "examples", "x-local", "x-group")
"""Keywords that stay with the field where its value is one of several kinds."""
_FORMATS = {"url": "uri", "ip": None}
"""apispec's name → JSON Schema's (draft 2020-12 validation, §7.3)."""
_PYTHON_ONLY = re.compile(r"\\[AZ]|\(\?[^:=!]")


def converted(schema: Any, references: bool) -> dict[str, Any]:
    """The JSON Schema of what it loads; with `references` in the place of secrets, too."""
    converter = _ConfigConverter(references)
    made: dict[str, Any] = thaw(converter.whole(resolve_schema_instance(schema)))
    definitions = thaw(converter.definitions)
    if converter.has_references:
        definitions["reference"] = dict(REFERENCE)
    return {**made, "$defs": definitions} if definitions else made


def _or_reference(described: dict[str, Any]) -> dict[str, Any]:
    reference = {"$ref": "#/$defs/reference"}
    about = {key: described.pop(key) for key in _ABOUT if key in described}
    for key in ("items", "additionalProperties"):
        if isinstance(described.get(key), Mapping):
            described[key] = {"anyOf": [described[key], reference]}
    return {**about, "anyOf": [described, reference]}


class _ConfigConverter(Converter):
    def __init__(self, references: bool) -> None:
        super().__init__()
        self._with_references = references
        self.has_references = False
        add: Any = self.add_attribute_function
        for each in (_spelt, _tuple, _constant, _pattern, _format, _metadata, _json):
            add(each)

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        described: Any = super().schema2jsonschema
        made: dict[str, Any] = dict(described(schema))
        made["properties"] = {
            field.data_key or name: made["properties"][field.data_key or name]
            for name, field in schema.fields.items()
            if not field.dump_only
        }
        for name, field in schema.fields.items() if self._with_references else ():
            if (key := field.data_key or name) in made["properties"] and is_secret_field(field):
                made["properties"][key] = _or_reference(made["properties"][key])
                self.has_references = True
        if "required" in made:
            made["required"] = [key for key in made["required"] if key in made["properties"]]
        made["additionalProperties"] = schema.unknown != "raise"
        return made


def _spelt(converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Fields of ours that take a number or a text."""
    if not isinstance(field, Duration | Size) or "type" in field.metadata:
        return {}
    bounds = {}
    for key in ("minimum", "maximum"):
        found = [getattr(each, key[:3], None) for each in field.validators]
        if isinstance(field, Duration) and key == "minimum" and field.minimum:
            found.append(field.minimum)
        if numbers := [each for each in found if isinstance(each, int | float)]:
            bounds[key] = max(numbers) if key == "minimum" else min(numbers)
        ret.pop(f"x-{key}", None)
    bounds.setdefault("minimum", 0)
    kinds = ["string", "number"] if isinstance(field, Duration) else ["string", "integer"]
    if field.allow_none:
        kinds.append("null")
    ret.pop("enum", None)  # of numbers, of which each has many spellings
    return {"type": kinds, "pattern": DURATION if isinstance(field, Duration) else SIZE, **bounds}


def _tuple(converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    if not isinstance(field, fields.Tuple):
        return {}
    items = [converter.field2property(each) for each in field.tuple_fields]
    kinds: Any = ["array", "null"] if field.allow_none else "array"
    return {"type": kinds, "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _constant(converter: Any, field: Any, **_: Any) -> dict[str, Any]:
    """Whatever is given for a Constant, marshmallow loads its value."""
    return {"default": field.constant} if isinstance(field, fields.Constant) else {}


def _pattern(converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """marshmallow matches at the start. Flags and syntax that only Python has cannot be expressed."""
    if "pattern" in field.metadata or "pattern" not in ret or isinstance(field, Duration | Size):
        return {}
    found = next(each.regex for each in field.validators if isinstance(getattr(each, "regex", None), re.Pattern))
    if found.flags & ~re.UNICODE or not isinstance(found.pattern, str):
        del ret["pattern"]
        return {}
    text = re.sub(r"\\Z$", "$", re.sub(r"^\\A", "^", found.pattern))
    if _PYTHON_ONLY.search(text):
        del ret["pattern"]
        return {}
    return {"pattern": text if text.startswith("^") and "|" not in text else f"^(?:{text})"}


def _format(converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    name = ret.get("format")
    if name not in _FORMATS or "format" in field.metadata:
        return {}
    del ret["format"]
    return {"format": _FORMATS[name]} if _FORMATS[name] else {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}


def _metadata(converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if is_secret_field(field):
        made["writeOnly"] = True
    if is_local(field.metadata) or field.metadata.get("template"):  # a template without templates is of no use
        made["x-local"] = True
    if group := field.metadata.get("group"):
        made["x-group"] = str(group)
    if not isinstance(ret.get("required"), list):
        ret.pop("required", None)  # a flag in metadata, where JSON Schema has a list of keys
    example = ret.pop("example", None)
    if example is not None and "examples" not in ret and not is_secret_field(field):
        try:
            value = field._serialize(field.deserialize(example), None, None)
        except Exception:  # noqa: BLE001 - a plugin's field may raise anything
            value = missing  # it is text for the command line, and cannot be read as a value
        if value is not missing:
            made["examples"] = [value]
    return made


def _json(converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Only what JSON can hold: a default or choice that it cannot, such as a path object, is left out or is text."""
    if is_secret_field(field):
        ret.pop("default", None)
    for key in ("default", "enum", "examples"):
        if key not in ret:
            continue
        try:
            ret[key] = json.loads(json.dumps(thaw(ret[key]), default=_plain, allow_nan=False))
        except (TypeError, ValueError):
            del ret[key]
    return {}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError
