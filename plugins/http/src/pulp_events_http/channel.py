"""`HttpChannel`: one connection to one URL."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import requests
from requests.exceptions import RequestException
from requests.utils import select_proxy
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Timeout

from pulp_events import Channel, Delivery, PermanentFailure, TimedOut, TransientFailure
from pulp_events.clock import iso_z
from pulp_events.errors import DeliveryFailure
from pulp_events.notifier import Config
from pulp_events.secrets import Scrubber
from pulp_events_http.answer import clean, excerpt_of, judge
from pulp_events_http.answer_body import read_body
from pulp_events_http.body import body_maker
from pulp_events_http.explain import explain
from pulp_events_http.headers import parse_header
from pulp_events_http.limits import TimeLimits
from pulp_events_http.networks import ForbiddenAddress, Networks
from pulp_events_http.proxies import ENVIRONMENT, need_socks, proxies_for
from pulp_events_http.quiet import TARGETS
from pulp_events_http.signing import Signer
from pulp_events_http.transport import GuardedAdapter, load_client_certificate, tls_context
from pulp_events_http.url import without_secrets

if TYPE_CHECKING:
    from ssl import SSLContext

    from urllib3 import BaseHTTPResponse, HTTPConnectionPool

IN_FAILURE = 200
"""Characters of an answer's body that stand in a failure's own text, which lists and logs show as one line."""

IDLE_LIMIT = 1.0
"""Seconds for which an unused connection is trusted.

A server may close an idle connection just while a request is on its way (RFC 9112 §9.5); whether it took the request
cannot be known then, and to repeat it might deliver twice. Common servers close after 2 to 75 s. A connection that has
rested is therefore not used again: at such a rate a new one costs nothing that matters.
"""


class HttpChannel(Channel):
    """Posts reports over a connection that is kept from delivery to delivery.

    `settings` are those of [http]. The environment's proxies (`HTTP_PROXY`, `NO_PROXY`, …; unless [http] names another)
    and CA bundles (`REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`) are honoured as requests documents, and looked up once, at
    opening. `.netrc` is not: credentials are the listener's own or none.
    """

    def __init__(self, config: Config, settings: Config) -> None:
        self._config = config
        self._settings = settings
        self._limits = TimeLimits(settings["timeout"], settings["connect_timeout"], settings["read_timeout"])
        # The limits bound reads and connections by themselves; urllib3 would otherwise set a socket back to none.
        self._per_read = Timeout(connect=self._limits.connect, read=self._limits.read)
        self._session = requests.Session()
        self._pool: HTTPConnectionPool | None = None
        self._last_used = 0.0
        self._hidden: str | None = None

    def open(self) -> None:
        """Prepare the request. The connection is made by the first `send`.

        Raises TransientFailure if certificates cannot be read, PermanentFailure if the URL or template cannot be used.
        """
        url = self._config["url"]
        self._make_body = body_maker(self._config)
        self._signer = Signer(self._config) if "secret" in self._config else None
        try:
            # Request.prepare and not Session.prepare_request: the latter would look into .netrc.
            self._request = requests.Request("POST", url, headers=self._fixed_headers(), data=b"").prepare()
        except (RequestException, ValueError) as error:
            raise PermanentFailure(f"{without_secrets(url)} cannot be used: {type(error).__name__}") from None
        assert self._request.url is not None
        environment = self._session.merge_environment_settings(self._request.url, {}, None, None, None)
        proxy = self._settings["proxy"]
        self._proxies = (
            environment["proxies"]
            if proxy == ENVIRONMENT
            else proxies_for(self._request.url, proxy, self._settings["no_proxy"])
        )
        try:
            need_socks(select_proxy(self._request.url, self._proxies) or "")
        except ValueError as error:
            raise TransientFailure(str(error)) from None
        bundle = environment["verify"]
        context = self._context(bundle if isinstance(bundle, str) else None)
        self._networks = Networks(self._settings["networks"])
        self._adapter = GuardedAdapter(self._limits, context, self._networks)
        self._session.mount(url, self._adapter)
        self._headers = dict(self._request.headers)
        self._target = self._adapter.request_url(self._request, self._proxies)
        self._line = f"POST {without_secrets(self._request.url)}"
        self._scrub = Scrubber(self._secrets())
        self._hidden = self._target
        TARGETS.hide(self._target)

    def _fixed_headers(self) -> dict[str, str]:
        headers = {
            "User-Agent": f"pulp-events/{version('pulp-events')}",
            "Content-Type": self._make_body.content_type,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        if "username" in self._config:
            # RFC 7617 §2.1: UTF-8 is what servers expect where they expect more than ASCII.
            pair = f"{self._config['username']}:{self._config['password']}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        elif "token" in self._config:
            headers["Authorization"] = f"Bearer {self._config['token']}"
        for text in self._config.get("header", ()):
            name, value = parse_header(text)
            for known in [known for known in headers if known.lower() == name.lower()]:
                del headers[known]
            headers[name] = value
        return headers

    def _context(self, bundle: str | None) -> SSLContext | None:
        assert self._request.url is not None
        if not self._request.url.startswith("https:"):
            return None
        context = tls_context(self._config.get("ca_path") or bundle, insecure=self._config.get("insecure", False))
        if "cert" in self._config:
            load_client_certificate(context, self._config["cert"], self._config.get("key"))
        return context

    def _secrets(self) -> Iterator[str]:
        """What a receiver may repeat and nobody is to see."""
        for key in ("password", "token"):
            if key in self._config:
                yield self._config[key]
        for key in ("secret", "previous_secret"):
            if key in self._config:
                yield self._config[key].partition("_")[2]  # without its prefix, which is no secret
        if "Authorization" in self._headers:
            yield self._headers["Authorization"].partition(" ")[2]
        for text in self._config.get("header", ()):
            yield parse_header(text)[1]

    def close(self) -> None:
        """Close the connection."""
        # urllib3 closes a pool's connections when nobody holds the pool any more; here they are to be closed now.
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        self._session.close()
        if self._hidden is not None:
            TARGETS.show(self._hidden)
            self._hidden = None

    def send(self, delivery: Delivery) -> None:
        """POST the event; returns on any 2xx.

        Raises TimedOut when a time limit is over, TransientFailure and PermanentFailure by what `answer.judge` says
        of the status. A 2xx whose body does not end well is a 2xx: the receiver said that it has the event. `detail`
        has the request line, and what the answer begins with.
        """
        self.detail = self._line
        body, more = self._make_body(delivery)
        headers = self._headers.copy()
        headers["Content-Length"] = str(len(body))
        headers["Pulp-Event-Id"] = delivery.event_id
        headers["Pulp-Event-Type"] = delivery.event_type
        headers["Pulp-Event-Time"] = iso_z(delivery.event_time)
        headers["Pulp-Delivery-Id"] = delivery.id
        headers.update(more)
        if self._signer is not None:
            headers.update(self._signer.headers(delivery.id, body, time.time()))
        self._limits.begin()
        try:
            # The adapter's pool directly: Session.send takes twice the processor time, HTTPAdapter.send a seventh more,
            # for redirects, cookies and a Response, none of which is wanted here.
            response = self._connected().urlopen(
                "POST",
                self._target,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=self._per_read,
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError) as error:
            raise self._failure(error) from error
        answer = read_body(response)
        excerpt = self._scrub(excerpt_of(answer, response.headers.get("Content-Encoding"))) if answer else ""
        if not 200 <= response.status < 300:
            if len(excerpt) > IN_FAILURE:
                self.detail = f"{self._line}\n{excerpt}"
            raise self._refusal(response, excerpt[:IN_FAILURE])
        self._last_used = time.monotonic()
        status = self._scrub(f"{response.status} {clean(response.reason or '')[:100]}").rstrip()
        self.detail = f"{status}\n{self._line}\n{excerpt}".rstrip()

    def _connected(self) -> HTTPConnectionPool:
        """The pool that holds the connection, emptied if that has rested for too long."""
        pool = self._pool
        if pool is None or time.monotonic() - self._last_used > IDLE_LIMIT:
            if pool is not None:
                pool.close()
                self._adapter.close()
            if select_proxy(self._request.url or "", self._proxies):
                # The proxy connects, by addresses of its own finding; what can be checked from here is checked.
                self._networks.check_name(urlsplit(self._request.url or "").hostname or "")
            pool = cast(
                "HTTPConnectionPool",
                self._adapter.get_connection_with_tls_context(
                    self._request, not self._config.get("insecure", False), self._proxies
                ),
            )
            self._pool = pool
            self._last_used = time.monotonic()
        return pool

    def _refusal(self, response: BaseHTTPResponse, excerpt: str) -> DeliveryFailure:
        """What an answer other than 2xx means, without what it may repeat of our credentials."""
        reason = self._scrub(clean(response.reason or ""))
        failure = judge(response.status, reason, response.headers, excerpt, url=self._config["url"], now=time.time())
        assert failure is not None
        return failure

    def _failure(self, error: Exception) -> TransientFailure:
        """There was no answer."""
        host = urlsplit(self._config["url"]).netloc
        if isinstance(error, ForbiddenAddress):
            return TransientFailure(f"{host}: {error.strerror}")
        if self._limits.over or isinstance(error, ReadTimeoutError):
            return TimedOut(f"{host}: {self._limits.exceeded()}")
        return TransientFailure(f"{host}: {explain(error)}")
