"""`tail`: each change of a delivery as it happens, as server-sent events (WHATWG HTML §9.2)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, current_app, request
from flask.views import MethodView

from pulp_events import EventBus
from pulp_events.bus.asked import check_query
from pulp_events.errors import ListenerNotFound, StoreError
from pulp_events.events import pattern
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.following import Skipped
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.system.ids import is_listener_id
from pulp_events_web.api.feed import LOOK, Feed, Version, version_of
from pulp_events_web.api.refusing import refuse
from pulp_events_web.api.resources import Resources
from pulp_events_web.api.schemas.deliveries import DeliverySchema
from pulp_events_web.api.schemas.tail import TailHeaders, TailQuery
from pulp_events_web.context import RETRY, acting, context, still_known
from pulp_events_web.places import Full, Places
from pulp_events_web.principal import Role
from pulp_events_web.problems import problem, text_of
from pulp_events_web.shown import deliveries as shown

blueprint = Resources("tail", __name__, "What happens, as it happens")

HEARTBEAT = 10.0
"""Seconds of silence after which a comment is sent: by it, both sides notice that the other is gone."""
LONGEST = 900.0
"""Seconds after which a stream ends, and its client comes again with Last-Event-ID: what it may is asked again."""
PROVED = 2.0
"""Seconds between two looks whether the token was revoked, or has expired."""
COME_AGAIN = 2
"""Seconds after which a client comes again, as it is told."""
MESSAGES = {
    "description": "Each message has `event` (delivery, skipped or gap), `data` (JSON on one line: a Delivery, or an "
    "object with `reason`), and most have an `id`, to be given as Last-Event-ID.",
}
"""As the OpenAPI document describes them: of no type, so that no generated client reads them as JSON. Tools differ in
whether it is a schema of the whole stream or of a message; OpenAPI has `itemSchema` for that only from 3.2 on."""
MOST_AGAIN = 1000
"""Deliveries that another process sends, at most, to a client that goes on."""
_ID = re.compile(r"([0-9a-f]{8})-(\d{1,15})-(\d{1,18})\Z")
"""Name of the feed, number of the change, and place of an event for whoever has another feed."""


MISSED = "how deliveries that were stored before changed meanwhile is not known here; read the lists again"
UNKNOWN = "what happened since then is not known here; read the lists again"
_ANY_NUMBER = 999_999_999
"""Above the number of any delivery of an event."""


@dataclass(frozen=True)
class Tails:
    """What the streams of an application share."""

    feed: Feed
    streams: Places

    @classmethod
    def of_application(cls) -> Tails:
        """That of the application that answers, made at the first call."""
        made = current_app.extensions.get("pulp_events_web_tails")
        if made is None:
            given = context()
            made = cls(Feed(given.bus.outbox), given.budget.streams)
            made = current_app.extensions.setdefault("pulp_events_web_tails", made)
        found: Tails = made
        return found


@blueprint.route("/tail")
class Tail(MethodView):
    @blueprint.arguments(TailHeaders, location="headers")
    @blueprint.arguments(TailQuery, location="query")
    @blueprint.response(200, MESSAGES, content_type="text/event-stream", description="messages, until one side ends")
    @blueprint.who(Role.VIEWER)
    def get(self, headers: Mapping[str, Any], query: Mapping[str, Any]) -> Any:
        """Each change of a delivery that fits, as server-sent events, until the client goes away"""
        bus = acting().reading
        wanted = Wanted.of(bus, query)
        tails = Tails.of_application()
        who = acting().principal.name
        try:
            tails.streams.take(who)
        except Full as full:
            whose, status = (" of yours", 429) if full.own else ("", 503)
            detail = f"{full.most} streams{whose} are open, or as many other requests wait; come again later"
            return problem(status, detail, **{"Retry-After": str(RETRY)})
        left, stopping = request.environ.get("waitress.client_disconnected"), context().stopping

        holds = still_known(PROVED)

        def gone() -> bool:
            return stopping.is_set() or (left is not None and left()) or not holds()

        stream = Stream(bus, tails, wanted, headers.get("last_event_id", ""), query["last"], gone, who)
        # `close` is called also where nothing was read: then a generator's own `finally` would not run.
        answer = Response(stream, content_type="text/event-stream")
        answer.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        return answer


@dataclass(frozen=True)
class Wanted:
    """Which changes are streamed."""

    query: DeliveryQuery
    bus: EventBus

    @classmethod
    def of(cls, bus: EventBus, given: Mapping[str, Any]) -> Wanted:
        """For these filters."""
        query = shown.query_of(given)
        check_query(query)  # now: a stream that has begun can refuse nothing
        if query.listener_id is None:
            return cls(query, bus)
        try:
            found = bus.listeners.get(query.listener_id).id
        except ListenerNotFound as error:
            if not is_listener_id(query.listener_id):  # one that was deleted is known by its id alone
                refuse("listener", text_of(error))
            found = query.listener_id
        return cls(replace(query, listener_id=found), bus)

    def fits(self, one: Delivery) -> bool:
        """True if it is to be shown."""
        asked = self.query
        return (
            asked.state in (None, one.state)
            and asked.listener_id in (None, one.listener_id)
            and asked.event_id in (None, one.event_id)
            and (asked.event_type is None or pattern.matches(asked.event_type, one.event_type))
            and (asked.error is None or asked.error.lower() in one.detail.lower())
            and (asked.notifier_type_id is None or asked.notifier_type_id == self._type_of(one.listener_id))
        )

    def _type_of(self, listener_id: str) -> str | None:
        try:
            return self.bus.listeners.get(listener_id).notifier_type_id
        except ListenerNotFound:
            return None


class Stream:
    """The body of an answer. It must be closed, which gives its place to another."""

    def __init__(
        self, bus: EventBus, tails: Tails, wanted: Wanted, last_id: str, last: int, gone: Callable[[], bool], who: str
    ) -> None:
        self._bus = bus
        self._tails = tails
        self._wanted = wanted
        self._gone = gone
        self._who = who
        self._closed = False
        self._messages = self._run(last_id, last)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._messages)

    def close(self) -> None:
        """End it."""
        if not self._closed:
            self._closed = True
            self._tails.streams.give_back(self._who)
            self._messages.close()

    def _run(self, last_id: str, last: int) -> Generator[bytes, None, None]:
        feed, end = self._tails.feed, time.monotonic() + LONGEST
        known: set[Version] = set()
        yield f"retry: {COME_AGAIN * 1000}\n\n".encode()
        try:
            matched = _ID.match(last_id)
            if matched is not None and feed.has(matched[1], int(matched[2])):
                name, number, place = matched[1], int(matched[2]), int(matched[3])
            else:
                name, number, place = feed.start()
                if matched is not None:
                    first = since(self._bus, self._wanted.query, int(matched[3]))
                    yield message("gap", {"reason": MISSED if len(first) < MOST_AGAIN else UNKNOWN})
                else:
                    if last_id:
                        yield message("gap", {"reason": UNKNOWN})
                    first = self._bus.deliveries.list(self._wanted.query, limit=last)[::-1] if last else []
                known = {version_of(each) for each in first}
                # Without an id: broken off amid these, a client gets all of them again.
                yield from self._messages_of(first)
                yield f"id: {name}-{number}-{place}\n\n".encode()
            spoke = time.monotonic()
            while time.monotonic() < end and not self._gone() and not self._closed:
                changes = feed.after(name, number)
                if changes is None:
                    yield message("gap", {"reason": "more happened than is kept; read the lists again"})
                    return
                for each in changes:
                    number, place = each.number, each.place
                    if isinstance(each.of, Skipped):
                        told = {"skipped": each.of.count, "reason": each.of.reason}
                        yield message("skipped", told, f"{name}-{number}-{place}")
                    elif version_of(each.of) in known:
                        known.discard(version_of(each.of))
                        continue
                    elif self._wanted.fits(each.of):
                        yield from self._messages_of([each.of], f"{name}-{number}-{place}")
                    else:
                        continue
                    spoke = time.monotonic()
                if time.monotonic() - spoke >= HEARTBEAT:
                    spoke = time.monotonic()
                    yield f"id: {name}-{number}-{place}\n: still here\n\n".encode()
                time.sleep(LOOK)
        except StoreError:
            yield message("gap", {"reason": "the store of events cannot be used now; come again later"})

    def _messages_of(self, deliveries: Sequence[Delivery], id: str | None = None) -> Iterator[bytes]:
        schema = DeliverySchema()
        for each in shown.shown_all(self._bus, deliveries):
            yield message("delivery", schema.dump(each), id)


def since(bus: EventBus, query: DeliveryQuery, place: int) -> Sequence[Delivery]:
    """The deliveries of events that were stored after this place, the oldest first; the newest of them if they are
    very many."""
    found = bus.outbox.events(EventQuery(), 1, before=place + 1)
    after = f"{found[0].id}.{_ANY_NUMBER}" if found else None
    those = bus.outbox.find(query, MOST_AGAIN, after=after, oldest_first=True)
    return those if len(those) < MOST_AGAIN else bus.outbox.find(query, MOST_AGAIN)[::-1]


def message(event: str, data: Any, id: str | None = None) -> bytes:
    """One message: JSON has no line break in it, so the data is a single line."""
    head = "" if id is None else f"id: {id}\n"
    return f"{head}event: {event}\ndata: {json.dumps(data)}\n\n".encode()
