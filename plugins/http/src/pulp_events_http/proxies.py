"""By which proxy a URL is reached: `[http] proxy` and `no_proxy`, or the environment."""

from __future__ import annotations

import importlib.util
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from pulp_events_http.url import check_url

ENVIRONMENT = "environment"
NONE = "none"
_SCHEMES = ("http", "https", "socks5", "socks5h", "socks4", "socks4a")


def check_proxy(text: str) -> None:
    """Raise ValueError unless `text` is one of the two words or the URL of a proxy, user information allowed.

    A SOCKS proxy is refused where the package for it is not installed.
    """
    if text in (ENVIRONMENT, NONE):
        return
    scheme, _, rest = text.partition("://")
    if scheme not in _SCHEMES or not rest:
        raise ValueError(f"write {ENVIRONMENT}, {NONE}, or a URL such as http://proxy.example.com:3128")
    check_url("http://" + rest.rpartition("@")[2])
    need_socks(text)


def is_socks(proxy: str) -> bool:
    """Whether the URL of a proxy is that of a SOCKS proxy."""
    return proxy.lower().startswith("socks")


def need_socks(proxy: str) -> None:
    """Raise ValueError if this is a SOCKS proxy and the package for it is not installed."""
    if is_socks(proxy) and importlib.util.find_spec("socks") is None:
        raise ValueError("a SOCKS proxy needs the extra: pip install 'pulp-events-http[socks]'")


def proxies_for(url: str, proxy: str, no_proxy: list[str]) -> dict[str, str]:
    """What requests calls `proxies`, for a `proxy` that is not `environment`."""
    if proxy == NONE or _goes_past(url, no_proxy):
        return {}
    return {"http": proxy, "https": proxy}


def _goes_past(url: str, no_proxy: list[str]) -> bool:
    """Whether one of the entries (`*`, a domain with all below it, an address or network) stands for the URL's host."""
    host = (urlsplit(url).hostname or "").removesuffix(".")
    return any(_stands_for(entry.lower().strip("[]"), host) for entry in no_proxy)


def _stands_for(entry: str, host: str) -> bool:
    if entry == "*":
        return True
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        domain = entry.removeprefix("*").removeprefix(".")
        return bool(domain) and (host == domain or host.endswith("." + domain))
