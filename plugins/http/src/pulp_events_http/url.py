"""Which URLs a listener may have, and what a request is made of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import urljoin, urlsplit, urlunsplit

# Compiled when first used: each start of pulp-admin imports this.
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_FORBIDDEN = r"[\x00-\x20\x7f\\]"
_STRAY_PERCENT = r"%(?![0-9A-Fa-f]{2})"
# What needs no normalising (RFC 3986 §6.2.2): most URLs, for which urllib3 takes ten times as long.
_PLAIN = r"(https?)://([a-z0-9-]++(?:\.[a-z0-9-]++)*+)(?::([1-9][0-9]{0,4}))?(/(?:[A-Za-z0-9_~-]++[/.]?)*+)?"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535


def check_url(url: str) -> None:
    """Raise ValueError, with what to write instead, unless `url` is one that can be posted to.

    That is an absolute http or https URL (RFC 9110 §4.2) with a host: a name, an internationalised name, an IPv4
    address or an IPv6 address in brackets. User information is refused, as RFC 9110 §4.2.4 has it: it would be shown
    wherever the URL is. What would be sent otherwise than it is written is refused too: a fragment, which is never
    sent, a `%` that begins no escape, and an IPv6 zone, which has a meaning on one machine only (RFC 9844).
    """
    if re.search(_FORBIDDEN, url):
        raise ValueError("has white space, a control character or a backslash; write it as %20, %5C and so on")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"is not a URL: {error}") from None
    try:
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL: its port is not a number from 1 to 65535") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("must not contain a user name or password; give them with --username and --password")
    if port == 0:
        raise ValueError("has port 0, which nothing can listen on")
    if "#" in url:
        raise ValueError("has a #, and whatever follows it is never sent; write it as %23, or leave it out")
    if re.search(_STRAY_PERCENT, parts.path + "?" + parts.query):
        raise ValueError("has a % that does not start an escape; write it as %25")
    _check_host(parts.hostname or "", "[" in parts.netloc)


def _check_host(host: str, bracketed: bool) -> None:
    if not host:
        raise ValueError("has no host; write for example https://ci.example.com/hook")
    if bracketed:
        if "%" in host:
            raise ValueError("has an IPv6 zone; write an address that needs none, or a name for it in /etc/hosts")
        try:
            IPv6Address(host)
        except ValueError:
            raise ValueError(f"has no valid IPv6 address in its brackets: [{host}]") from None
        return
    host = ascii_host(host)
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(re.fullmatch(_LABEL, label) for label in labels):
        raise ValueError(f"has no valid host name: {host!r}")


def ascii_host(host: str) -> str:
    """The IDNA form of a host name; `idna` is imported only for a name that needs it. Raises ValueError."""
    if host.isascii():
        return host
    import idna

    try:
        labels = (
            label if label.isascii() else idna.encode(label.lower(), strict=True, std3_rules=True).decode()
            for label in host.split(".")
        )
        return ".".join(labels)
    except idna.IDNAError as error:
        raise ValueError(f"has no valid host name: {error}") from None


@dataclass(frozen=True, slots=True)
class Place:
    """What a request needs to know of its URL."""

    scheme: str
    host: str
    """For the look-up: in ASCII and lower case, an IPv6 address without brackets."""
    port: int
    target: str
    """Path and query, percent-encoded."""

    @property
    def authority(self) -> str:
        """For the header Host (RFC 9110 §7.2): without a default port, or the dot at a name's end."""
        host = f"[{self.host}]" if ":" in self.host else self.host.rstrip(".")
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole, as a proxy is asked for it (RFC 9112 §3.2.2)."""
        return f"{self.scheme}://{self.authority}{self.target}"


def place_of(url: str) -> Place:
    """What `url`, which `check_url` takes, means. Raises ValueError if it cannot be used all the same."""
    if plain := re.fullmatch(_PLAIN, url):
        scheme, host, text, target = plain.groups()
        if (port := int(text) if text else _DEFAULT_PORTS[scheme]) <= _LAST_PORT:
            return Place(scheme, host, port, target or "/")
    from urllib3.exceptions import LocationParseError
    from urllib3.util import parse_url

    try:
        parsed = parse_url(url)
    except LocationParseError:
        raise ValueError("is not a URL") from None
    scheme = str(parsed.scheme)
    if scheme not in _DEFAULT_PORTS or not parsed.host:
        raise ValueError("is not an http or https URL with a host")
    host = str(parsed.host).removeprefix("[").removesuffix("]")
    return Place(scheme, host, parsed.port or _DEFAULT_PORTS[scheme], parsed.request_uri)


def without_secrets(url: str) -> str:
    """`url` without user information, query and fragment, any of which may hold a secret; fit to be shown."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not a URL)"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def location_without_secrets(url: str, location: str) -> str:
    """Where an answer to a request for `url` refers us to, fit to be shown; as it is written where it is no URL."""
    try:
        return without_secrets(urljoin(url, location))
    except ValueError:
        shown = re.split(r"[?#]", location, maxsplit=1)[0]
        return re.sub(r"//[^/@]*@", "//", shown)
