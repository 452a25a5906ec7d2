"""By which names the server may be called: a page elsewhere whose name leads here (DNS rebinding) is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

from pulp_events_web.access.listening import Address

LOOPBACK = ("localhost", "127.0.0.1", "::1")


_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::\d{1,5})?")
"""RFC 9110 §7.2, without what no name in use has."""


def name_in(host: str) -> str | None:
    """The host of `HOST[:PORT]`, in lower case, without brackets; None if there is none."""
    found = _HOST.fullmatch(host.strip().lower())
    return None if found is None else found["v6"] or found["name"]


class Hosts:
    """Names that are ours: those of the setting, else of loopback and of the address that is listened at.

    Without the setting an IP address is ours, too: no name had to be resolved to come here by it.
    """

    def __init__(self, names: Iterable[str], listen: Address) -> None:
        self._names = {name for each in names if (name := name_in(each))}
        self._named = bool(self._names)
        if not self._named:
            self._names = {*LOOPBACK, listen.host.lower()}

    def allows(self, host: str) -> bool:
        """Whether a Host header names us."""
        name = (name_in(host) or "").removesuffix(".")
        return bool(name) and (name in self._names or (not self._named and _is_address(name)))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
