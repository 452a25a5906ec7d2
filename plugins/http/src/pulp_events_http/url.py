"""Which URLs a listener may have."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import urlsplit, urlunsplit

# Compiled when first used: each start of pulp-admin imports this.
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_FORBIDDEN = r"[\x00-\x20\x7f\\]"


def check_url(url: str) -> None:
    """Raise ValueError, with what to write instead, unless `url` is one that can be posted to.

    That is an absolute http or https URL (RFC 9110 §4.2) with a host: a name, an internationalised name, an IPv4
    address or an IPv6 address in brackets. User information is refused, as RFC 9110 §4.2.4 has it: it would be shown
    wherever the URL is.
    """
    if re.search(_FORBIDDEN, url):
        raise ValueError("has white space, a control character or a backslash; write it as %20, %5C and so on")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is not a URL: {error}") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password; give them with --username and --password")
    if port == 0:
        raise ValueError("has port 0, which nothing can listen on")
    _check_host(parts.hostname or "", "[" in parts.netloc)


def _check_host(host: str, bracketed: bool) -> None:
    if not host:
        raise ValueError("has no host; write for example https://ci.example.com/hook")
    if bracketed:
        try:
            IPv6Address(host)
        except ValueError:
            raise ValueError(f"has no valid IPv6 address in its brackets: [{host}]") from None
        return
    if not host.isascii():
        host = _to_ascii(host)
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(re.fullmatch(_LABEL, label) for label in labels):
        raise ValueError(f"has no valid host name: {host!r}")


def _to_ascii(host: str) -> str:
    """The IDNA form of a host name, made as urllib3 makes it; `idna` is imported only for a name that needs it."""
    import idna

    try:
        labels = (
            label if label.isascii() else idna.encode(label.lower(), strict=True, std3_rules=True).decode()
            for label in host.split(".")
        )
        return ".".join(labels)
    except idna.IDNAError as error:
        raise ValueError(f"has no valid host name: {error}") from None


def without_secrets(url: str) -> str:
    """`url` without user information, query and fragment, any of which may hold a secret; fit to be shown."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not a URL)"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
