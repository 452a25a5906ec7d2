"""From a URL to the service of Apprise that it stands for. Importing this imports apprise."""

from __future__ import annotations

from typing import Any

from apprise import Apprise, AppriseAsset, NotifyBase
from apprise.plugins import N_MGR

from pulp_events_apprise.scrubbing import silenced
from pulp_events_apprise.urls import scheme

SERVICES = "https://appriseit.com/services/"

_known: Any = N_MGR
"""Apprise's services by scheme."""


class UnusableUrl(ValueError):
    """Apprise cannot use a URL; the text says why and has nothing of the URL but a scheme that Apprise knows."""


def asset() -> AppriseAsset:
    """How Apprise is to work here.

    It calls a service in the thread that calls it (a pool that all listeners shared would let a hanging service delay
    the others), and follows no redirect: the request that follows one may have lost its body.
    """
    return AppriseAsset(async_mode=False, service_timeout=0, http_redirects=False)


def service_of(url: str) -> NotifyBase:
    """The service; nothing is sent or looked up. Raises UnusableUrl.

    What Apprise offers on top of an attempt is turned off: it would report an `optional` service that failed as
    notified, and `retry` would hold up the listener where the retry schedule does not.
    """
    name = scheme(url)
    try:
        with silenced():
            service = Apprise.instantiate(url, asset=asset(), suppress_exceptions=False)
    except Exception:  # noqa: BLE001  # plugins of Apprise raise anything, and their texts repeat parts of the URL
        service = None
    if service is None:
        raise UnusableUrl(_why(name)) from None
    service.optional = False
    service.retry = 0
    return service


def _why(name: str) -> str:
    if name not in _known:
        return f"has no scheme that Apprise supports, such as slack:// or ntfy://; {SERVICES} lists them"
    plugin = _known[name]
    if not plugin.enabled:
        packages = plugin.requirements.get("packages_required") or []
        needed = ", ".join([packages] if isinstance(packages, str) else packages)
        return f"is for a service that needs more than is installed ({needed or 'see ' + SERVICES})"
    return f"is not a complete {name}:// URL; {plugin.setup_url or SERVICES} says what belongs in it"
