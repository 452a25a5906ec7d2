"""Which addresses a listener's host may have: `[http] networks`, and `[untrusted] networks`.

The rule is applied to the address that is about to be connected to, so that neither a name that changes its address
(DNS rebinding) nor an unusual spelling of an address gets past it.
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulp_events.deadline import Deadline

Address = IPv4Address | IPv6Address

ANY = "any"
PUBLIC = "public"

REMEMBERED = 4096
"""Addresses that are remembered as allowed, at the most."""

_WITHHELD = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local; metadata of AWS, Azure, Google, OpenStack, …
        "fe80::/10",  # link-local
        "fd00:ec2::/32",  # AWS
        "fd20:ce::/32",  # Google
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's wire server
        "192.0.0.192/32",  # Oracle
    )
)
"""Link-local addresses and those at which clouds hand out credentials."""

_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "224.0.0.0/4",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
        "ff00::/8",
    )
)
"""What ipaddress calls global in one release of Python or another, and nobody should be sent events at."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that IANA has given out; what lies beyond is special, or a translator's."""

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765 §2.1: ::ffff:0:a.b.c.d
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291 §2.5.5.1
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214 §6.1: the four octets before the IPv4 address

_LOCAL_NAME = re.compile(
    r"(.+\.)?(localhost|localhost6|localdomain|localdomain6)\.?|ip6-(localhost|loopback)\.?", re.IGNORECASE
)
"""Names of the machine itself."""


class ForbiddenAddress(OSError):
    """The networks that hold for a listener do not let us connect there."""


class Networks:
    """What a setting such as `[http] networks` allows: `any`, `public`, or networks as CIDR; an address needs one.

    `any` is every address but link-local ones and those of cloud metadata services. These are reached only if a network
    is named that lies within them. A notifier gives `check` to `pulp_events.deadline.open_tcp`, which calls it with
    each address before it connects to it.

    >>> Networks(["public", "10.1.0.0/16"]).allows("10.1.2.3"), Networks(["any"]).allows("169.254.169.254")
    (True, False)
    """

    def __init__(
        self,
        entries: Iterable[str],
        setting: str = "[http] networks",
        *,
        pinned: bool = False,
        also: Networks | None = None,
    ) -> None:
        """`setting`: what an error names. `pinned`: see there. `also`: an address has to be allowed by these, too."""
        self._entries = tuple(entries)
        self._setting = setting
        self._also = also
        self.pinned: bool = pinned or (also is not None and also.pinned)
        """True: only an address that was checked may be connected to, so no proxy may look the name up itself; and
        errors do not say which address it was."""
        self._words = [entry for entry in self._entries if entry in (ANY, PUBLIC)]
        self._networks = [ip_network(entry, strict=False) for entry in self._entries if entry not in (ANY, PUBLIC)]
        self._text = ", ".join(self._entries)
        self._allowed: set[str] = set()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Networks) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[object, ...]:
        return self._entries, self._setting, self.pinned, self._also

    def allows(self, address: str) -> bool:
        """Whether the numeric `address` (a zone after `%` is left aside) may be connected to."""
        return self._allows(address) and (self._also is None or self._also.allows(address))

    def _allows(self, address: str) -> bool:
        itself, *embedded = _forms(ip_address(address.partition("%")[0]))
        if _reaches(itself, embedded, list(self._named_withheld())):
            return True
        if any(_within(form, _WITHHELD) for form in (itself, *embedded)):
            return False
        if ANY in self._words or _reaches(itself, embedded, self._networks):
            return True
        return PUBLIC in self._words and all(_is_public(form) for form in (itself, *embedded))

    def check(self, address: str) -> None:
        """Raise ForbiddenAddress unless `allows`."""
        if address in self._allowed:
            return
        if not self._allows(address):
            raise ForbiddenAddress(errno.EACCES, self._refusal(address))
        if self._also is not None:
            self._also.check(address)
        if len(self._allowed) >= REMEMBERED:
            self._allowed.clear()
        self._allowed.add(address)

    def _refusal(self, address: str) -> str:
        """In words. An untrusted author learns neither what a name stands for in here, nor which networks there are."""
        if self.pinned:
            return f"its address is not allowed by {self._setting}"
        return f"the address {address} is not allowed by {self._setting} = {self._text}"

    def check_if_numeric(self, host: str) -> None:
        """`check` for a host that is an address in any spelling, or a name that means this machine; asks nobody."""
        numeric = numeric_address(host)
        if numeric is not None:
            self.check(str(numeric))
        elif _LOCAL_NAME.fullmatch(host) and not self.allows("::1"):
            self.check("127.0.0.1")

    def first_allowed(self, host: str, port: int, deadline: Deadline, *, only_ipv4: bool = False) -> str:
        """The first address of `host` that is allowed, for a proxy to be asked for.

        Raises ForbiddenAddress if there is none, TimeoutError, and the OSError of the look-up.
        """
        from pulp_events.deadline import look_up  # which imports ssl

        last: OSError | None = None
        for family, *_, address in look_up(host.removesuffix("."), port, deadline):
            if only_ipv4 and family != socket.AF_INET:
                continue
            try:
                self.check(str(address[0]))
            except OSError as error:
                last = error
            else:
                return str(address[0])
        raise last or OSError(errno.EADDRNOTAVAIL, f"the name has no {'IPv4 ' * only_ipv4}address")

    def check_name(self, host: str, deadline: Deadline) -> None:
        """`check` for each address that `host` has; nothing if it cannot be resolved here in time, unless its name
        alone says that it is local (RFC 6761 §6.3): a proxy may know an address for it.

        What is an address in any spelling counts as one, also with a dot at its end: a proxy may take it for that.
        """
        numeric = numeric_address(host)
        if numeric is not None:
            self.check(str(numeric))
            return
        from pulp_events.deadline import look_up  # which imports ssl, and this module is imported with the plugin

        try:
            found = look_up(host.removesuffix("."), 0, deadline)
        except OSError:
            self.check_if_numeric(host)
            return
        for *_, address in found:
            self.check(str(address[0]))

    def _named_withheld(self) -> Iterator[object]:
        for network in self._networks:
            if any(network.version == one.version and network.subnet_of(one) for one in _WITHHELD):  # type: ignore[arg-type]
                yield network


def numeric_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, in whatever spelling the system's look-up understands; None for a name.

    >>> numeric_address("0x7f.1"), numeric_address("::ffff:127.0.0.1"), numeric_address("ci.example")
    (IPv4Address('127.0.0.1'), IPv4Address('127.0.0.1'), None)
    """
    host = host.removesuffix(".")
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        if not re.fullmatch(r"[0-9a-fA-FxX.]+", host):
            return None
        try:
            return IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    return getattr(address, "ipv4_mapped", None) or address


def parse_entry(entry: str) -> None:
    """Raise ValueError unless `entry` is a word of ours or a network."""
    if entry not in (ANY, PUBLIC):
        ip_network(entry, strict=False)


def _forms(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 addresses that it may lead to by way of a transition mechanism."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:  # RFC 4291 §2.5.5.2: the system connects to the IPv4 address itself
        yield address.ipv4_mapped
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    number = int(address)
    if address in _NAT64 or address in _TRANSLATED or (address in _COMPATIBLE and number > 1):
        yield _ipv4(number)
    if number >> 32 & 0xFFFFFFFF in _ISATAP:
        yield _ipv4(number)
    if address in _LOCAL_NAT64:  # RFC 6052 §2.2: whose operator may have prefixes of 96, 64, 56 or 48 bits in it
        yield _ipv4(number)
        yield _ipv4(number >> 24)
        yield _ipv4((number >> 64 & 0xFF) << 24 | number >> 32 & 0xFFFFFF)
        yield _ipv4((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF)


def _ipv4(number: int) -> IPv4Address:
    return IPv4Address(number & 0xFFFFFFFF)


def _reaches(address: Address, embedded: list[Address], networks: Iterable[object]) -> bool:
    """Whether the networks hold the address, or wherever else it may lead."""
    networks = list(networks)
    return _within(address, networks) or (bool(embedded) and all(_within(form, networks) for form in embedded))


def _within(address: Address, networks: Iterable[object]) -> bool:
    return any(address in network for network in networks)  # type: ignore[operator]


def _is_public(address: Address) -> bool:
    if _within(address, _NOT_PUBLIC):
        return False
    if isinstance(address, IPv6Address):
        return address in _NAT64 or (address in _GLOBAL_UNICAST and address.is_global)
    return address.is_global
