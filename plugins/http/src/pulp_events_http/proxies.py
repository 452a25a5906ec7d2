"""By which proxy a URL is reached: `[http] proxy` and `no_proxy`, or the environment."""

from __future__ import annotations

import base64
import importlib.util
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from pulp_events_http.no_proxy import check_entry, goes_past
from pulp_events_http.url import check_url

ENVIRONMENT = "environment"
NONE = "none"
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080, "socks4": 1080, "socks4a": 1080}
_EXAMPLE = "a URL such as http://proxy.example.com:3128"


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it is, and as whom we use it."""

    scheme: str
    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS."""
        return self.scheme.startswith("socks")

    def headers(self) -> list[tuple[str, str]]:
        """What it asks of a request: its credentials (RFC 9110 §11.7.2)."""
        if self.username is None:
            return []
        pair = f"{self.username}:{self.password or ''}".encode()
        return [("Proxy-Authorization", f"Basic {base64.b64encode(pair).decode()}")]

    def __str__(self) -> str:
        """Fit to be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"the {'SOCKS ' if self.is_socks else ''}proxy {host}:{self.port}"


def check_proxy(text: str) -> None:
    """Raise ValueError unless `text` is one of the two words or the URL of a proxy, user information allowed.

    A SOCKS proxy is refused where the package for it is not installed. The error shows nothing of the password.
    """
    if text in (ENVIRONMENT, NONE):
        return
    if "://" not in text:
        raise ValueError(f"write {ENVIRONMENT}, {NONE}, or {_EXAMPLE}")
    need_socks(parse_proxy(text))


@lru_cache(maxsize=16)
def parse_proxy(text: str) -> Proxy:
    """The proxy that a URL names. Raises ValueError, with nothing of user name or password in it.

    User name and password may hold any character: what is before the last `@` belongs to them, and %-escapes in them
    are resolved. A URL without a scheme is an HTTP proxy's, as environments have it.

    >>> parse_proxy("http://me:p/a#s?s%40@proxy.example:3128").password
    'p/a#s?s@'
    """
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "http", text
    scheme = scheme.lower()
    if scheme not in _PORTS:
        raise ValueError(f"has the scheme {scheme[:20]!r}, not one of {', '.join(_PORTS)}; write {_EXAMPLE}")
    account, at, place = rest.rpartition("@")
    try:
        check_url(f"http://{place}")
    except ValueError:
        raise ValueError(f"has no valid host and port where they are expected; write {_EXAMPLE}") from None
    found = re.fullmatch(r"(?:\[([^\]]+)\]|([^:/]+))(?::(\d+))?/?", place)
    if found is None:
        raise ValueError(f"has something after its host and port; write {_EXAMPLE}")
    username, colon, password = account.partition(":")
    if re.search(r"[\x00-\x1f\x7f]", unquote(account)):
        raise ValueError("has a control character in its user name or password")
    return Proxy(
        scheme,
        found[1] or found[2],
        int(found[3] or _PORTS[scheme]),
        unquote(username) if at else None,
        unquote(password) if colon else None,
    )


def need_socks(proxy: Proxy | None) -> None:
    """Raise ValueError if this is a SOCKS proxy and the package for it is not installed."""
    if proxy is not None and proxy.is_socks and importlib.util.find_spec("python_socks") is None:
        raise ValueError("a SOCKS proxy needs the extra: pip install 'pulp-events-http[socks]'")


def proxy_for(scheme: str, host: str, port: int, proxy: str, no_proxy: list[str]) -> Proxy | None:
    """The proxy by which this receiver is reached. `proxy`, `no_proxy`: the settings.

    Raises ValueError if the environment names one that cannot be used.
    """
    if proxy == ENVIRONMENT:
        for name in (f"{scheme}_proxy", "all_proxy"):
            if found := _variable(name):
                return None if goes_past(_past_proxy(), host, port) else _of_environment(name, found)
        return None
    if proxy == NONE or goes_past(no_proxy, host, port):
        return None
    return parse_proxy(proxy)


def _of_environment(name: str, value: str) -> Proxy:
    try:
        return parse_proxy(value)
    except ValueError as error:
        raise ValueError(f"the environment variable {_spelling(name)} {error}") from None


def faults_of_environment() -> Iterator[str]:
    """What is to be said of each variable that names no usable proxy, and each entry of `no_proxy` that is no host."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        if found := _variable(name):
            try:
                need_socks(_of_environment(name, found))
            except ValueError as error:
                yield f"{error}; deliveries through it fail"
    variable = _spelling("no_proxy")
    for entry in filter(None, _past_proxy()):
        try:
            check_entry(entry)
        except ValueError as error:
            yield f"the environment variable {variable} has an entry that is ignored: {error}"


def _past_proxy() -> list[str]:
    return re.split(r"[\s,]+", _variable("no_proxy"))


def _spelling(name: str) -> str:
    return name if name in os.environ else name.upper()


def _variable(name: str) -> str:
    """The environment's value in lower case or, if there is none, in upper case."""
    value = os.environ.get(name)
    if value is None and not (name == "http_proxy" and "REQUEST_METHOD" in os.environ):
        # In a CGI program HTTP_PROXY is the request's header Proxy (CVE-2016-1000110).
        value = os.environ.get(name.upper())
    return (value or "").strip()
