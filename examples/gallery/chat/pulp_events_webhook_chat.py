"""Posts events to the incoming webhook of a chat: each by itself, or those of a while together in one message."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events import Channel, Delivery, DeliveryFailure, Notifier, PermanentFailure, TimedOut, TransientFailure
from pulp_events.fields import Duration
from pulp_events.networks import Networks
from pulp_events.notifier import WITHIN_NETWORKS, Config, Settlement
from pulp_events.visible import one_line

GONE, FOR_GOOD, CREDENTIALS = 410, {400, 413, 422}, {401, 403}
"""Statuses: the webhook was deleted; about this message; about who we are. All others may pass, or be mended."""


def can_be_asked(url: str) -> None:
    """What `fields.Url` lets through, and no request line or address can have."""
    try:
        port = urlsplit(url).port
    except ValueError:  # beyond 65535
        port = 0
    if port == 0 or not url.isascii():
        raise ValidationError("Write a port from 1 to 65535, and all but ASCII percent-encoded.")


class ChatConfig(Schema):
    url = fields.Url(
        required=True,
        require_tld=False,
        schemes={"http", "https"},
        validate=can_be_asked,
        metadata={"help": "incoming webhook of the chat", "secret": True},
    )
    rooms = fields.List(
        fields.String(),
        load_default=["events"],
        validate=validate.Length(min=1),
        metadata={"help": "rooms to post to"},
    )
    every = Duration(minimum=1.0, metadata={"help": "post the events of each such while as one message"})
    ca_path = fields.String(metadata={"help": "file of certificates to trust", "names_file": True, "local": True})


class ChatSettings(Schema):
    timeout = Duration(minimum=0.1, load_default=10.0, metadata={"help": "how long a post may take in all"})


class ChatChannel(Channel):
    def __init__(self, config: Config, timeout: float, check: Callable[[str], object] | None = None) -> None:
        self._config, self._timeout, self._check = config, timeout, check

    def send(self, delivery: Delivery) -> None:
        self._post([delivery], delivery.trace_context)

    def send_batch(self, deliveries: Sequence[Delivery]) -> Iterator[Settlement]:
        failure: DeliveryFailure | None = None
        try:
            self._post(deliveries, {})
        except (TransientFailure, PermanentFailure) as error:
            failure = error
        yield from ((delivery, failure) for delivery in deliveries)

    def _post(self, deliveries: Sequence[Delivery], more_headers: Config) -> None:
        from http.client import HTTPException

        message = {"channel": deliveries[0].target, "text": _text(deliveries)}
        headers = {"Content-Type": "application/json", "Idempotency-Key": deliveries[0].id, **more_headers}
        url = urlsplit(self._config["url"])
        try:
            with closing(self._connect(url.scheme, str(url.hostname), url.port)) as connection:
                path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
                connection.request("POST", path, json.dumps(message).encode(), headers)
                answer = connection.getresponse()
        except TimeoutError:
            raise TimedOut(f"no answer within {self._timeout:g} s") from None
        except (OSError, HTTPException) as error:
            raise TransientFailure(f"not posted: {one_line(str(error))[:200] or type(error).__name__}") from None
        self._judge(answer)

    def _connect(self, scheme: str, host: str, port: int | None) -> Any:
        """A connection under one deadline, however slowly an answer comes; to an address that `check` allows."""
        from http.client import HTTPConnection

        from pulp_events.deadline import Deadline, DeadlineSocket, open_tcp, put_under_deadline
        from pulp_events.tls import client_context

        deadline = Deadline()
        deadline.start(self._timeout)
        port = port or (443 if scheme == "https" else 80)
        connection = HTTPConnection(host, port)
        connection.sock = DeadlineSocket.around(open_tcp(host, port, deadline, self._check), deadline)
        if scheme == "https":
            context = client_context(self._config.get("ca_path"))
            put_under_deadline(context, deadline)
            connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
        return connection

    def _judge(self, answer: Any) -> None:
        self.detail = one_line(f"{answer.status} {answer.reason}")[:200]
        if answer.status < 300:
            return
        if answer.status == GONE or answer.status in FOR_GOOD:
            raise PermanentFailure(self.detail, disable_listener=answer.status == GONE)
        wait = answer.headers.get("Retry-After", "")
        pause = float(wait) if wait.isdecimal() else None
        raise TransientFailure(self.detail, pause, credentials=answer.status in CREDENTIALS)


def _text(deliveries: Sequence[Delivery]) -> str:
    events = [delivery.event for delivery in deliveries]
    return "\n".join(f"{each.event_type} {json.dumps(dict(each.payload), ensure_ascii=False)}" for each in events)


class WebhookChat(Notifier):
    type_id = "webhook-chat"
    config_schema = ChatConfig
    settings_section = "webhook_chat"
    settings_schema = ChatSettings
    connects_to = WITHIN_NETWORKS

    def targets(self, config: Config) -> Sequence[str]:
        return list(dict.fromkeys(config["rooms"]))

    def window(self, config: Config) -> float | None:
        return config.get("every")

    def preview(self, deliveries: Sequence[Delivery], config: Config, settings: Config) -> str:
        return _text(deliveries)

    def limit(self, config: Config, settings: Config) -> float:
        return float(settings["timeout"]) + 1

    def open(self, config: Config, settings: Config) -> Channel:
        return ChatChannel(config, settings["timeout"])

    def open_within(self, config: Config, settings: Config, networks: Networks) -> Channel:
        return ChatChannel(config, settings["timeout"], networks.check)
