"""Adds each event to Redis streams: a pipeline of XADD for a batch, an answer for each delivery."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from marshmallow import Schema, fields, validate

from pulp_events import Channel, Delivery, Notifier, PermanentFailure, TimedOut, TransientFailure
from pulp_events.fields import Duration
from pulp_events.notifier import Config, Settlement
from pulp_events.visible import one_line

FOR_GOOD = ("exhausted the last possible ID",)
"""Errors that no later attempt can do anything about. All others an administrator can: memory, rights, a wrong key."""


class RedisStreamsConfig(Schema):
    host = fields.String(required=True, metadata={"help": "Redis server", "example": "redis.example"})
    port = fields.Integer(load_default=6379, metadata={"help": "its port"})
    streams = fields.List(
        fields.String(validate=validate.Length(min=1)),
        required=True,
        validate=validate.Length(min=1),
        metadata={"help": "keys of the streams", "example": "events"},
    )
    split_by = fields.String(metadata={"help": "key of the payload: each of its values has a stream, STREAM:VALUE"})
    maxlen = fields.Integer(
        load_default=100_000,
        validate=validate.Range(min=1),
        metadata={"help": "entries that a stream keeps, about; older ones are removed"},
    )
    username = fields.String(metadata={"help": "user of Redis's ACL"})
    password = fields.String(metadata={"help": "password", "secret": True})


class RedisStreamsSettings(Schema):
    timeout = Duration(minimum=0.1, load_default=5.0, metadata={"help": "how long to wait for an answer of Redis"})


class StreamsChannel(Channel):
    batch_size = 100

    def __init__(self, config: Config, timeout: float) -> None:
        self._config, self._timeout = config, timeout
        self._redis: Any = None

    def open(self) -> None:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        account: dict[str, Any] = {key: self._config.get(key) for key in ("host", "port", "username", "password")}
        # No retries of the library's: each attempt is to be recorded, and the schedule is the listener's.
        limits: dict[str, Any] = {"socket_timeout": self._timeout, "socket_connect_timeout": self._timeout}
        self._redis = Redis(**account, **limits, retry=Retry(NoBackoff(), 0), protocol=2)
        with self._failures():
            self._redis.ping()

    def close(self) -> None:
        if self._redis is not None:
            self._redis.close()

    def send_batch(self, deliveries: Sequence[Delivery]) -> Iterator[Settlement]:
        with self._failures():
            pipeline = self._redis.pipeline(transaction=False)
            for delivery in deliveries:
                pipeline.xadd(self._stream(delivery), _entry(delivery), maxlen=self._config["maxlen"])
            answers = pipeline.execute(raise_on_error=False)
        for delivery, answer in zip(deliveries, answers, strict=True):
            failure = None
            self.detail = answer.decode() if isinstance(answer, bytes) else ""
            try:
                with self._failures():
                    if isinstance(answer, Exception):
                        raise answer
            except (TransientFailure, PermanentFailure) as error:
                failure = error
            yield delivery, failure

    def _stream(self, delivery: Delivery) -> str:
        key = self._config.get("split_by")
        value = delivery.event.payload.get(key) if key else None
        return delivery.target if value is None else f"{delivery.target}:{quote(str(value), safe='')}"

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """What redis-py raises, as a failure. What the server says may be of any length."""
        from redis import exceptions

        try:
            yield
        except exceptions.TimeoutError:
            self.broken = True  # a late answer must not be taken for that to the next delivery
            raise TimedOut(f"no answer within {self._timeout:g} s") from None
        except (exceptions.AuthenticationError, exceptions.AuthorizationError, exceptions.NoPermissionError) as error:
            raise TransientFailure(_short(error), credentials=True) from None
        except exceptions.ResponseError as error:
            kind = PermanentFailure if any(text in str(error) for text in FOR_GOOD) else TransientFailure
            raise kind(_short(error)) from None
        except (exceptions.RedisError, OSError) as error:
            self.broken = True
            raise TransientFailure(_short(error)) from None


def _entry(delivery: Delivery) -> dict[Any, Any]:
    """The fields of an entry. A consumer drops what it had by `id`, which each attempt has."""
    about = {"id": delivery.id, "event_type": delivery.event_type, "time": delivery.event_time.isoformat()}
    return {**about, "source": delivery.source, **delivery.trace_context, "report": delivery.report}


def _short(error: Exception) -> str:
    return one_line(str(error))[:200] or type(error).__name__


class RedisStreams(Notifier):
    type_id = "redis-streams"
    config_schema = RedisStreamsConfig
    settings_section = "redis_streams"
    settings_schema = RedisStreamsSettings

    def targets(self, config: Config) -> Sequence[str]:
        return list(dict.fromkeys(config["streams"]))

    def limit(self, config: Config, settings: Config) -> float:
        return 3 * float(settings["timeout"]) + 1  # to connect, to log in, to add

    def open(self, config: Config, settings: Config) -> Channel:
        return StreamsChannel(config, settings["timeout"])
