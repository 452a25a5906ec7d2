"""By which names the server may be called: a page elsewhere whose name leads here (DNS rebinding) is refused."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from pulp_events_web.access.listening import Address

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def name_in(host: str) -> str:
    """The host of `HOST[:PORT]`, in lower case, without brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


class Hosts:
    """Names that are ours: those of the setting, else of loopback and of the address that is listened at.

    Without the setting an IP address is ours, too: no name had to be resolved to come here by it.
    """

    def __init__(self, names: Iterable[str], listen: Address) -> None:
        self._names = {name_in(each) for each in names}
        self._named = bool(self._names)
        if not self._named:
            self._names = {*LOOPBACK, listen.host.lower()}

    def allows(self, host: str) -> bool:
        """Whether a Host header names us."""
        name = name_in(host).removesuffix(".")
        return name in self._names or (not self._named and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
