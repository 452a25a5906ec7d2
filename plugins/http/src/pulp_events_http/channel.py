"""`HttpChannel`: one connection to one URL."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import requests
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Timeout

from pulp_events import Channel, Delivery, PermanentFailure, TimedOut, TransientFailure
from pulp_events.clock import iso_z
from pulp_events.deadline import Deadline
from pulp_events.errors import DeliveryFailure
from pulp_events.fields import format_duration
from pulp_events.notifier import Config
from pulp_events_http.answer import excerpt_of, judge
from pulp_events_http.explain import explain
from pulp_events_http.transport import DeadlineAdapter, tls_context
from pulp_events_http.url import without_secrets

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool

BODY_LIMIT = 64 * 1024
"""Octets of an answer's body that are read; the connection is closed on a longer one."""

IDLE_LIMIT = 1.0
"""Seconds for which an unused connection is trusted.

A server may close an idle connection just while a request is on its way (RFC 9112 §9.5); whether it took the request
cannot be known then, and to repeat it might deliver twice. Common servers close after 2 to 75 s. A connection that has
rested is therefore not used again: at such a rate a new one costs nothing that matters.
"""


class HttpChannel(Channel):
    """Posts reports over a connection that is kept from delivery to delivery.

    `timeout`: seconds for a whole request. The environment's proxies (`HTTP_PROXY`, `NO_PROXY`, …) and CA bundles
    (`REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`) are honoured as requests documents, and looked up once, at opening.
    `.netrc` is not: credentials are the listener's own or none.
    """

    def __init__(self, config: Config, timeout: float) -> None:
        self._config = config
        self._timeout = timeout
        self._deadline = Deadline()
        # Waiting for a read or a connection is bounded by the deadline; this is for what is not under it (SOCKS).
        self._per_read = Timeout(connect=timeout, read=timeout)
        self._session = requests.Session()
        self._pool: HTTPConnectionPool | None = None
        self._last_used = 0.0

    def open(self) -> None:
        """Prepare the request. The connection is made by the first `send`.

        Raises TransientFailure if the CA certificates cannot be read, PermanentFailure if the URL cannot be used.
        """
        url = self._config["url"]
        credentials = None
        if "username" in self._config:
            # RFC 7617 §2.1: UTF-8 is what servers expect where they expect more than ASCII.
            credentials = (self._config["username"].encode(), self._config["password"].encode())
        headers = {
            "User-Agent": f"pulp-events/{version('pulp-events')}",
            "Content-Type": "application/json",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        try:
            # Request.prepare and not Session.prepare_request: the latter would look into .netrc.
            self._request = requests.Request("POST", url, headers=headers, data=b"", auth=credentials).prepare()
        except (RequestException, ValueError) as error:
            raise PermanentFailure(f"{without_secrets(url)} cannot be used: {type(error).__name__}") from None
        assert self._request.url is not None
        environment = self._session.merge_environment_settings(self._request.url, {}, None, None, None)
        self._proxies = environment["proxies"]
        context = None
        if self._request.url.startswith("https:"):
            bundle = environment["verify"]
            context = tls_context(self._config.get("ca_path") or (bundle if isinstance(bundle, str) else None))
        self._adapter = DeadlineAdapter(self._deadline, context)
        self._session.mount(url, self._adapter)
        self._headers = dict(self._request.headers)
        self._target = self._adapter.request_url(self._request, self._proxies)

    def close(self) -> None:
        """Close the connection."""
        # urllib3 closes a pool's connections when nobody holds the pool any more; here they are to be closed now.
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        self._session.close()

    def send(self, delivery: Delivery) -> None:
        """POST the report; returns on any 2xx.

        Raises TimedOut when the time limit is over, TransientFailure and PermanentFailure by what `answer.judge` says
        of the status. A 2xx whose body does not end well is a 2xx: the receiver said that it has the report.
        """
        headers = self._headers.copy()
        headers["Content-Length"] = str(len(delivery.report))
        headers["Pulp-Event-Id"] = delivery.event_id
        headers["Pulp-Event-Type"] = delivery.event_type
        headers["Pulp-Event-Time"] = iso_z(delivery.event_time)
        headers["Pulp-Delivery-Id"] = delivery.id
        self._deadline.start(self._timeout)
        try:
            # The adapter's pool directly: Session.send takes twice the processor time, HTTPAdapter.send a seventh more,
            # for redirects, cookies and a Response, none of which is wanted here.
            response = self._connected().urlopen(
                "POST",
                self._target,
                body=delivery.report,
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
        body = self._read(response)
        if not 200 <= response.status < 300:
            raise self._refusal(response, body)
        self._last_used = time.monotonic()
        self.detail = f"{response.status} {response.reason or ''}".rstrip()

    def _connected(self) -> HTTPConnectionPool:
        """The pool that holds the connection, emptied if that has rested for too long."""
        pool = self._pool
        if pool is None or time.monotonic() - self._last_used > IDLE_LIMIT:
            if pool is not None:
                pool.close()
                self._adapter.close()
            pool = cast(
                "HTTPConnectionPool",
                self._adapter.get_connection_with_tls_context(self._request, True, self._proxies),
            )
            self._pool = pool
            self._last_used = time.monotonic()
        return pool

    def _read(self, response: BaseHTTPResponse) -> bytes:
        """The answer's body up to BODY_LIMIT; empty if it does not end well. The connection is kept if it can be."""
        if response.status < 200:  # the final answer is still to come, and would be taken for the next request's
            response.close()
            return b""
        try:
            body = response.read(BODY_LIMIT + 1, decode_content=False)
        except (HTTPError, OSError):
            response.close()
            return b""
        if len(body) > BODY_LIMIT:
            response.close()
        return body

    def _refusal(self, response: BaseHTTPResponse, body: bytes) -> DeliveryFailure:
        """What an answer other than 2xx means, without what it may repeat of our credentials."""
        excerpt = excerpt_of(body, response.headers.get("Content-Encoding"))
        for secret in self._secrets():
            excerpt = excerpt.replace(secret, "***")
        failure = judge(
            response.status, response.reason, response.headers, excerpt, url=self._config["url"], now=time.time()
        )
        assert failure is not None
        return failure

    def _secrets(self) -> list[str]:
        if "password" not in self._config:
            return []
        token = self._headers["Authorization"].partition(" ")[2]
        return [token, self._config["password"]]

    def _failure(self, error: Exception) -> TransientFailure:
        """There was no answer."""
        host = urlsplit(self._config["url"]).netloc
        if self._deadline.over or isinstance(error, ReadTimeoutError):
            return TimedOut(f"{host}: no answer within {format_duration(self._timeout)}")
        return TransientFailure(f"{host}: {explain(error)}")
