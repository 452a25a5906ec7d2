"""What is the same in each request of a listener: headers, and what of it nobody is to see."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from urllib.parse import parse_qsl, quote

from pulp_events.notifier import Config
from pulp_events_http.headers import parse_header
from pulp_events_http.proxies import Proxy
from pulp_events_http.url import Place

Headers = list[tuple[str, str]]

SHORTEST = 6
"""Characters from which a value in a URL's query is taken for a secret."""


def fixed_headers(config: Config, place: Place, content_type: str) -> Headers:
    """Those that do not depend on the delivery."""
    headers = {
        "User-Agent": _user_agent(),
        "Content-Type": content_type,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    if (authorization := _authorization(config)) is not None:
        headers["Authorization"] = authorization
    for text in config.get("header", ()):
        name, value = parse_header(text)
        for known in [known for known in headers if known.lower() == name.lower()]:
            del headers[known]
        headers[name] = value
    return [("Host", place.authority), *headers.items()]


@cache
def _user_agent() -> str:
    return f"pulp-events/{version('pulp-events')}"


def _authorization(config: Config) -> str | None:
    if "username" in config:
        # RFC 7617 §2.1: UTF-8 is what servers expect where they expect more than ASCII.
        pair = f"{config['username']}:{config['password']}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"
    return f"Bearer {config['token']}" if "token" in config else None


def secrets_of(config: Config, place: Place, proxy: Proxy | None) -> Iterator[str]:
    """What a receiver or a proxy may repeat, in the forms in which they have it."""
    for key in ("password", "token"):
        if key in config:
            yield from (config[key], quote(config[key], safe=""))
    for key in ("secret", "previous_secret"):
        if key in config:
            yield config[key].partition("_")[2]  # without its prefix, which is no secret
    for authorization in (_authorization(config), *(value for _, value in (proxy.headers() if proxy else ()))):
        if authorization:
            yield authorization.partition(" ")[2]
    if proxy is not None and proxy.password:
        yield from (proxy.password, quote(proxy.password, safe=""))
    for text in config.get("header", ()):
        yield parse_header(text)[1]
    query = place.target.partition("?")[2]
    if query:
        yield query
        yield from (value for _, value in parse_qsl(query) if len(value) >= SHORTEST)
