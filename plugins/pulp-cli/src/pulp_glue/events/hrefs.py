"""Gives operations whose path has several parameters one: an href, as pulp-glue knows them.

pulp-glue 0.38 to 0.41 put only the last parameter of a path in its place.
"""

from __future__ import annotations

import re
from typing import Any

from pulp_glue.common import context
from pulp_glue.common.context import PluginRequirement

DELIVERY_HREF = "events_delivery_href"
_DELIVERY = re.compile(r"[^{]*(?:\{pulp_domain\}/[^{]*)?\{\w+\}/?deliveries/\{\w+\}/(?P<action>(?:\w+/)?)")


def with_hrefs(api_spec: Any) -> Any:
    """Change the OpenAPI document in place: the path of a delivery is `{events_delivery_href}`."""
    paths = api_spec.get("paths", {})
    for path in list(paths):
        if match := _DELIVERY.fullmatch(path):
            item = paths.pop(path)
            for operation in (item, *(each for each in item.values() if isinstance(each, dict))):
                if "parameters" in operation:
                    kept = [each for each in operation["parameters"] if each.get("in") != "path"]
                    operation["parameters"] = kept
            item.setdefault("parameters", []).append(
                {"name": DELIVERY_HREF, "in": "path", "required": True, "schema": {"type": "string"}}
            )
            paths[f"{{{DELIVERY_HREF}}}{match['action']}"] = item
    return api_spec


def install() -> None:
    """Have pulp-glue do it for every server that has pulp-events."""
    requirement = PluginRequirement("events")
    if hasattr(context, "api_spec_quirk"):
        context.api_spec_quirk(requirement)(with_hrefs)
    else:  # before 0.38
        context.api_quirk(requirement)(_with_hrefs_before)


def _with_hrefs_before(api: Any) -> None:
    with_hrefs(api.api_spec)
    for path, item in api.api_spec["paths"].items():
        if path.startswith(f"{{{DELIVERY_HREF}}}"):
            for method, operation in item.items():
                if method != "parameters":
                    api.operations[operation["operationId"]] = (method, path)
