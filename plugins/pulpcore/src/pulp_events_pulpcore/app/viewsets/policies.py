"""Who may do what: access policies and roles."""

from typing import Any

_PREFIX = "events."


def _may(actions: list[str], permission: str = "", how: str = "has_model_or_domain_or_obj_perms") -> dict[str, Any]:
    found: dict[str, Any] = {"action": actions, "principal": "authenticated", "effect": "allow"}
    return {**found, "condition": f"{how}:{_PREFIX}{permission}"} if permission else found


LISTENERS: dict[str, Any] = {
    "statements": [
        _may(["list", "retrieve", "deliveries", "history", "my_permissions"]),  # of those that the queryset has
        _may(["create"], "add_eventlistener", "has_model_or_domain_perms"),
        _may(["update", "partial_update"], "change_eventlistener"),
        _may(["destroy"], "delete_eventlistener"),
        _may(["test"], "test_eventlistener"),
        _may(["mute", "unmute"], "mute_eventlistener"),
        _may(["retry"], "retry_eventlistener"),
        _may(["list_roles", "add_role", "remove_role"], "manage_roles_eventlistener"),
    ],
    "creation_hooks": [
        {"function": "add_roles_for_object_creator", "parameters": {"roles": f"{_PREFIX}eventlistener_owner"}}
    ],
    "queryset_scoping": {"function": "scope_queryset"},
}

ROLES: dict[str, list[str]] = {
    f"{_PREFIX}eventlistener_creator": [f"{_PREFIX}add_eventlistener"],
    f"{_PREFIX}eventlistener_owner": [
        f"{_PREFIX}{verb}_eventlistener"
        for verb in ("view", "change", "delete", "manage_roles", "test", "mute", "retry")
    ],
    f"{_PREFIX}eventlistener_viewer": [f"{_PREFIX}view_eventlistener"],
}

DELIVERIES: dict[str, Any] = {
    "statements": [_may(["list", "retrieve"]), _may(["retry"], "retry_eventlistener")],
}
"""Of deliveries to the listeners that the user may see."""

FOR_ALL: dict[str, Any] = {"statements": [_may(["list", "retrieve"])]}
"""What every user may read."""
