"""Which hosts are reached past a proxy: `[http] no_proxy` and the environment's `NO_PROXY`, understood alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from pulp_events_http.url import ascii_host, numeric_address

_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>\d+))?")

_Network = IPv4Network | IPv6Network
_Rule = tuple[str | _Network, int | None]


def goes_past(entries: Iterable[str], host: str, port: int) -> bool:
    """Whether one of the entries stands for this host.

    An entry is `*`, a name with all below it (`.x` and `*.x` mean the same), an address or a network, IPv6 ones with
    brackets or without; any but `*` may end in `:PORT`. Upper and lower case, a dot at the end of a name, and how an
    address is spelt make no difference.

    >>> goes_past(["*.example", "fd00::/8", "[::1]"], "ci.example", 443), goes_past(["[::1]"], "::1", 80)
    (True, True)
    """
    address = numeric_address(host)
    name = ascii_host(host).removesuffix(".").lower()
    return any(
        (wanted is None or wanted == port) and _stands_for(rule, name, address)
        for rule, wanted in _rules(tuple(entries))
    )


def _stands_for(rule: str | _Network, name: str, address: IPv4Address | IPv6Address | None) -> bool:
    if rule == "*":
        return True
    if not isinstance(rule, str):
        return address is not None and address in rule
    return address is None and (name == rule or name.endswith(f".{rule}"))


@lru_cache(maxsize=64)
def _rules(entries: tuple[str, ...]) -> tuple[_Rule, ...]:
    return tuple(rule for entry in entries if (rule := _rule(entry.strip().lower())) is not None)


def _rule(entry: str) -> _Rule | None:
    if entry == "*":
        return "*", None
    if (network := _network(entry)) is not None:
        return network, None
    found = _ENTRY.fullmatch(entry)
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    if (network := _network(found["host"])) is not None:
        return network, port
    name = found["host"].removeprefix("*").removeprefix(".").removesuffix(".")
    try:
        return (ascii_host(name), port) if name else None
    except ValueError:
        return None


def _network(text: str) -> _Network | None:
    """`10.0.0.0/8`, `::1`, `[fd00::]/8`, `127.1`; None for a name."""
    host, slash, length = text.partition("/")
    host = host.removeprefix("[").removesuffix("]")
    address = numeric_address(host)
    if address is None:
        return None
    try:
        return ip_network(f"{address}{slash}{length}", strict=False)
    except ValueError:
        return None
