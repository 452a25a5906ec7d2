"""`HttpChannel`: posts one listener's reports, over connections that it shares."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import urlsplit

import urllib3.util  # noqa: F401  # as `url` does where it is needed: here it is whole before any thread can ask for it

from pulp_events import Channel, Delivery, TimedOut, TransientFailure
from pulp_events.errors import DeliveryFailure
from pulp_events.events.trace_context import TRACEPARENT, TRACESTATE
from pulp_events.networks import Networks
from pulp_events.notifier import Config
from pulp_events.secrets import Scrubber
from pulp_events.system.clock import iso_z
from pulp_events.visible import one_line
from pulp_events_http.answer import accepts, excerpt_of, judge, pause_for
from pulp_events_http.body import BodyMaker, body_maker
from pulp_events_http.connections.answer_head import Head
from pulp_events_http.connections.exchange import exchange
from pulp_events_http.connections.failures import NotHttp, ProxyFailed
from pulp_events_http.connections.kept import KEPT
from pulp_events_http.connections.request_head import request_head
from pulp_events_http.connections.route import Route
from pulp_events_http.connections.tls import TRUSTS, TlsFiles
from pulp_events_http.explain import about_credentials, explain
from pulp_events_http.limits import TimeLimits
from pulp_events_http.proxies import Proxy, need_socks, proxy_for
from pulp_events_http.request import Headers, fixed_headers, secrets_of
from pulp_events_http.signing import Signer
from pulp_events_http.url import Place, place_of, without_secrets

IN_FAILURE = 200
"""Characters of an answer's body that stand in a failure's own text, which lists and logs show as one line."""

MOST_OF_A_REASON = 500
"""Characters of the reason why there is no answer; it may have what came instead of one."""

_PHRASES = frozenset(status.phrase for status in HTTPStatus)


class HttpChannel(Channel):
    """Posts reports. Connections, TLS contexts and sessions are the process's; credentials and limits are its own.

    `settings` are those of [http]. The environment's proxies (`HTTP_PROXY`, `NO_PROXY`, …; unless [http] names another)
    and CA bundles (`REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`) are looked up once, at opening. `.netrc` is not: credentials
    are the listener's own or none.
    """

    # Thousands may be open at once.
    __slots__ = (
        "_config", "_files", "_headers", "_limits", "_line", "_make_body", "_networks", "_place", "_proxy",
        "_proxy_files", "_route", "_scrubber", "_settings", "_signer", "_target", "_traces", "detail",
    )  # fmt: skip

    def __init__(self, config: Config, settings: Config, networks: Networks | None = None) -> None:
        """`networks`: those that must allow an address, too, beside `[http] networks`."""
        self.detail = ""
        self._networks = networks
        self._config = config
        self._settings = settings
        total = settings["timeout"]
        self._limits = TimeLimits(total, settings["connect_timeout"], settings["read_timeout"] or total)
        self._route: Route | None = None
        self._scrubber: Scrubber | None = None

    def open(self) -> None:
        """Prepare the request. A connection is made by the first `send` that finds none.

        Raises TransientFailure if the URL, the template, a certificate or the proxy cannot be used.
        """
        config, url = self._config, self._config["url"]
        self._make_body: BodyMaker = body_maker(config)
        self._signer = Signer(config) if "secret" in config else None
        try:
            self._place: Place = place_of(url)
            self._proxy: Proxy | None = proxy_for(
                self._place.scheme,
                self._place.host,
                self._place.port,
                self._settings["proxy"],
                self._settings["no_proxy"],
            )
            need_socks(self._proxy)
        except ValueError as error:
            raise TransientFailure(f"{without_secrets(url)}: {error}") from None
        self._files, self._proxy_files = self._tls_files()
        self._find_route(look=True)
        self._headers: Headers = fixed_headers(config, self._place, self._make_body.content_type)
        # What the administrator has written wins, and whole: a state belongs to its parent.
        self._traces = not any(name.lower() in (TRACEPARENT, TRACESTATE) for name, _ in self._headers)
        self._target = self._place.target
        if self._proxy is not None and self._route is not None and self._route.forwards:
            self._target = self._place.url
            self._headers += self._proxy.headers()
        path = self._place.target.partition("?")[0]
        self._line = f"POST {self._place.scheme}://{self._place.authority}{path}"

    def _tls_files(self) -> tuple[TlsFiles | None, TlsFiles | None]:
        """What TLS to the receiver and to the proxy is made with; a listener's options are about its receiver only."""
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None
        files = proxy_files = None
        if self._place.scheme == "https":
            files = TlsFiles(
                self._config.get("ca_path") or self._settings.get("ca_path") or bundle,
                self._config.get("cert"),
                self._config.get("key"),
                self._config.get("insecure", False),
            )
        if self._proxy is not None and self._proxy.scheme == "https":
            proxy_files = TlsFiles(self._settings.get("proxy_ca_path") or bundle)
        return files, proxy_files

    def _find_route(self, look: bool = False) -> Route:
        """The route by the certificates as they are; `look`: do not rely on what was read a moment ago."""
        route = self._route
        if route is not None and self._files is None and self._proxy_files is None:
            return route
        trust = TRUSTS.get(self._files, look=look) if self._files else None
        proxy_trust = TRUSTS.get(self._proxy_files, look=look) if self._proxy_files else None
        if route is None or route.trust is not trust or route.proxy_trust is not proxy_trust:
            place = self._place
            networks = _networks(tuple(self._settings["networks"]), self._networks)
            made = Route(place.scheme, place.host, place.port, trust, networks, self._proxy, proxy_trust)
            KEPT.hold(made)
            self.close()
            self._route = route = made
        return route

    def close(self) -> None:
        """Let go of the route; its idle connections are closed with the last channel that uses it."""
        route, self._route = self._route, None
        if route is not None:
            KEPT.release(route)

    def send(self, delivery: Delivery) -> None:
        """POST the event; returns on any 2xx.

        Raises TimedOut when a time limit is over, TransientFailure and PermanentFailure by what `answer.judge` says
        of the status. A 2xx whose body does not end well is a 2xx: the receiver said that it has the event. `detail`
        has the request line, and what the answer begins with.
        """
        self.detail = self._line
        body, more = self._make_body(delivery)
        headers = [
            *self._headers,
            ("Content-Length", str(len(body))),
            ("Pulp-Event-Id", delivery.event_id),
            ("Pulp-Event-Type", delivery.event_type),
            ("Pulp-Event-Time", iso_z(delivery.event_time)),
            ("Pulp-Delivery-Id", delivery.id),
            *more.items(),
        ]
        if self._traces:
            headers += delivery.trace_context.items()
        if self._signer is not None:
            headers += self._signer.headers(delivery.id, body, time.time()).items()
        route = self._find_route()
        request = request_head("POST", self._target, headers)
        self._limits.begin()
        try:
            head, answer = exchange(route, request, body, self._limits)
        except (OSError, NotHttp, ProxyFailed) as error:
            raise self._failure(error) from error
        excerpt = self._scrub(excerpt_of(answer, head.headers.get("content-encoding"))) if answer else ""
        if not accepts(head.status):
            if len(excerpt) > IN_FAILURE:
                self.detail = f"{self._line}\n{excerpt}"
            raise self._refusal(head, excerpt[:IN_FAILURE])
        status = f"{head.status} {self._reason(head)[:100]}".rstrip()
        self.detail = f"{status}\n{self._line}\n{excerpt}".rstrip()

    def _refusal(self, head: Head, excerpt: str) -> DeliveryFailure:
        """What an answer other than 2xx means, without what it may repeat of our credentials."""
        headers: Mapping[str, str] = head.headers
        if "location" in headers:
            headers = {**headers, "location": self._scrub(headers["location"])}
        failure = judge(
            head.status,
            self._reason(head),
            headers,
            excerpt,
            url=self._config["url"],
            now=time.time(),
            permanent=self._config.get("permanent", ()),
            by_proxy=self._proxy is not None and self._target == self._place.url,
        )
        assert failure is not None
        return failure

    def _failure(self, error: Exception) -> TransientFailure:
        """There was no answer."""
        host = urlsplit(self._config["url"]).netloc
        cause = error.__cause__ if isinstance(error, ProxyFailed) else error
        if self._limits.over or isinstance(cause, TimeoutError):
            text = self._limits.exceeded()
            if isinstance(error, ProxyFailed):
                text = f"{error.proxy}: {text}"
            return TimedOut(f"{host}: {text}")
        text = f"{host}: {one_line(self._scrub(explain(error)))[:MOST_OF_A_REASON]}"
        pause = pause_for(error.status, error.retry_after, time.time()) if isinstance(error, ProxyFailed) else None
        return TransientFailure(text, retry_after=pause, credentials=about_credentials(error))

    def _reason(self, head: Head) -> str:
        return head.reason if head.reason in _PHRASES else self._scrub(one_line(head.reason))

    def _scrub(self, text: str) -> str:
        if self._scrubber is None:  # made for the few that need it
            self._scrubber = Scrubber(secrets_of(self._config, self._place, self._proxy))
        return self._scrubber(text)


@lru_cache(maxsize=16)
def _networks(entries: tuple[str, ...], also: Networks | None) -> Networks:
    return Networks(entries, also=also)
