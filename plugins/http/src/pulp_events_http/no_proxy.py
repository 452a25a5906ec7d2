"""Which hosts are reached past a proxy: `[http] no_proxy` and the environment's `NO_PROXY`, understood alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from pulp_events.networks import numeric_address
from pulp_events.secrets import mask_value
from pulp_events_http.url import ascii_host

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_WILD_ADDRESS = re.compile(r"((?:\d{1,3}\.){1,3})\*")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>\d+))?")

_Network = IPv4Network | IPv6Network
_Rule = tuple[str | _Network, int | None]


def goes_past(entries: Iterable[str], host: str, port: int) -> bool:
    """Whether one of the entries stands for this host.

    An entry is `*`, a name with all below it (`.x` and `*.x` mean the same), an address or a network, IPv6 ones with
    brackets or without; `10.1.*` is `10.1.0.0/16`; any but `*` may end in `:PORT`. Upper and lower case, a scheme, a
    dot at the end of a name, and how an address is spelt make no difference. Anything else stands for nothing.

    >>> goes_past(["*.example", "fd00::/8", "[::1]"], "ci.example", 443), goes_past(["[::1]"], "::1", 80)
    (True, True)
    """
    address = numeric_address(host)
    name = ascii_host(host).removesuffix(".").lower()
    return any(
        (wanted is None or wanted == port) and _stands_for(rule, name, address)
        for rule, wanted in _rules(tuple(entries))
    )


def check_entry(entry: str) -> None:
    """Raise ValueError unless the entry can stand for a host."""
    if _rule(entry.strip().lower()) is None:
        raise ValueError(
            f"{mask_value(entry)} does not name a host; write a name, an address, or a network such as 10.0.0.0/8 or "
            "fd00::/8"
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
    if scheme := _SCHEME.match(entry):
        entry = entry[scheme.end() :].removesuffix("/")
    if (network := _network(entry)) is not None:
        return network, None
    found = _ENTRY.fullmatch(entry)
    if found is None:
        return None
    port = int(found["port"][:6]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        return None
    if (network := _network(found["host"])) is not None:
        return network, port
    name = found["host"].removeprefix("*.").removeprefix(".").removesuffix(".")
    try:
        name = ascii_host(name)
    except ValueError:
        return None
    labels = name.split(".")
    if labels[-1].isdigit():  # only an address ends in a number (WHATWG URL, host parsing), and this is none
        return None
    return (name, port) if all(map(_LABEL.fullmatch, labels)) else None


def _network(text: str) -> _Network | None:
    """`10.0.0.0/8`, `10.*`, `::1`, `[fd00::]/8`, `[fd00::/8]`, `127.1`; None for a name."""
    if wild := _WILD_ADDRESS.fullmatch(text):
        numbers = wild[1].rstrip(".").split(".")
        text = f"{'.'.join((numbers + ['0', '0', '0'])[:4])}/{8 * len(numbers)}"
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    host, slash, length = text.partition("/")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    address = numeric_address(host)
    if address is None:
        return None
    try:
        return ip_network(f"{address}{slash}{length}", strict=False)
    except ValueError:
        return None
