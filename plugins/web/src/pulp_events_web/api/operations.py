"""`operationId` of each operation: the name of a function in a generated client, which nobody may change lightly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LISTENER = "/api/v1/listeners/{listener_id}"
IDS = {
    ("get", "/api/v1/health"): "get_health",
    ("get", "/api/v1/version"): "get_version",
    ("get", "/api/v1/listeners"): "list_listeners",
    ("post", "/api/v1/listeners"): "create_listener",
    ("get", _LISTENER): "get_listener",
    ("patch", _LISTENER): "update_listener",
    ("delete", _LISTENER): "delete_listener",
    ("post", f"{_LISTENER}/enable"): "enable_listener",
    ("post", f"{_LISTENER}/disable"): "disable_listener",
    ("post", f"{_LISTENER}/mute"): "mute_listener",
    ("post", f"{_LISTENER}/unmute"): "unmute_listener",
    ("post", f"{_LISTENER}/test"): "test_listener",
    ("post", f"{_LISTENER}/rotate-secret"): "rotate_listener_secret",
    ("post", f"{_LISTENER}/backfill"): "backfill_listener",
    ("get", f"{_LISTENER}/history"): "list_listener_history",
    ("post", f"{_LISTENER}/explain"): "explain_listener",
    ("post", f"{_LISTENER}/backtest"): "backtest_listener",
    ("get", "/api/v1/deliveries"): "list_deliveries",
    ("get", "/api/v1/deliveries/{delivery_id}"): "get_delivery",
    ("post", "/api/v1/deliveries/{delivery_id}/retry"): "retry_delivery",
    ("post", "/api/v1/deliveries/retry"): "retry_deliveries",
    ("get", "/api/v1/events"): "list_events",
    ("post", "/api/v1/events"): "emit_event",
    ("get", "/api/v1/events/{event_id}"): "get_event",
    ("get", "/api/v1/events/{event_id}/deliveries"): "list_event_deliveries",
    ("get", "/api/v1/events/{event_id}/explanation"): "explain_event",
    ("get", "/api/v1/event-types"): "list_event_types",
    ("get", "/api/v1/event-types/{name}"): "get_event_type",
    ("get", "/api/v1/notifier-types"): "list_notifier_types",
    ("get", "/api/v1/notifier-types/{type_id}"): "get_notifier_type",
    ("get", "/api/v1/plugins"): "list_plugins",
    ("get", "/api/v1/stats"): "get_stats",
    ("get", "/api/v1/tail"): "tail_deliveries",
}


def named(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document, with the names of those that are in the table; a test says which is not."""
    for (method, path), name in IDS.items():
        document["paths"][path][method]["operationId"] = name
    return document
