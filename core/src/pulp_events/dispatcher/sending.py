"""Sends over a channel: a delivery, a batch, or what leaves together."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from pulp_events.dispatcher import verdict as verdicts
from pulp_events.dispatcher.channels import OpenChannel
from pulp_events.dispatcher.on_time import without_late
from pulp_events.dispatcher.still_wanted import still_wanted
from pulp_events.dispatcher.turn import Turn
from pulp_events.dispatcher.verdict import Verdict
from pulp_events.notifier import Channel
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.states import Outcome
from pulp_events.plugins import boundary
from pulp_events.system import log_fields


async def send(turn: Turn, opened: OpenChannel, part: list[Delivery], may_renew: bool) -> list[Delivery]:
    """Send, and judge each delivery; returns those that are to be sent once more over a new channel."""
    alone = turn.route.window is not None or turn.route.ordered or turn.is_probe
    if not alone and (more := turn.take(opened.batch_size - len(part))):
        more = without_late(turn, still_wanted(turn, more))
        turn.also(more)
        part = part + more
    turn.proceed(opened.limit)
    if opened.batch_size > 1 or turn.route.window is not None:
        if len(part) > 1:
            log_fields.begin(turn.route.listener)
        return _send_batch(turn, opened, part, may_renew)
    return [delivery for delivery in part if not await _send_one(turn, opened, delivery, may_renew)]


async def _send_one(turn: Turn, opened: OpenChannel, delivery: Delivery, may_renew: bool) -> bool:
    channel = opened.channel
    log_fields.begin(delivery)
    try:
        channel.detail = ""
        value = await awaited(turn, channel.send(delivery))
        found = verdicts.of_return(value, boundary.detail_of(channel))
    except BaseException as error:  # noqa: BLE001  # a notifier may raise anything, and only its deliveries suffer
        found = verdicts.of_exception(error, _text_of(channel))
        opened.broken = opened.broken or found.error is not None
    opened.used = True
    if found.credentials and may_renew:
        return False
    turn.judge(delivery, found)
    return True


def _send_batch(turn: Turn, opened: OpenChannel, part: list[Delivery], may_renew: bool) -> list[Delivery]:
    channel, again = opened.channel, []
    left = {delivery.id: delivery for delivery in part}
    rest = Verdict(Outcome.ERROR, "the notifier's send_batch() said nothing about this delivery")
    try:
        channel.detail = ""
        for each in boundary.settlements(channel.send_batch(part), "send_batch"):
            delivery_id, failure = boundary.settlement(each, "send_batch")
            if (delivery := left.pop(delivery_id, None)) is None:
                continue
            found = verdict_of(channel, failure)
            if found.credentials and may_renew:
                again.append(delivery)
            else:
                turn.judge(delivery, found)
    except BaseException as error:  # noqa: BLE001
        rest = verdicts.of_exception(error)
        opened.broken = opened.broken or rest.error is not None
    opened.used = True
    if rest.credentials and may_renew:
        return [*again, *left.values()]
    judge_all(turn, left.values(), rest)
    return again


def verdict_of(channel: Channel, failure: Any) -> Verdict:
    """The verdict on one settlement, with the detail that the channel has for it and for no other."""
    try:
        return verdicts.of_settlement(failure, boundary.detail_of(channel))
    finally:
        channel.detail = ""


def judge_all(turn: Turn, deliveries: Iterable[Delivery], found: Verdict) -> None:
    """The same came of all of these."""
    for delivery in list(deliveries):
        turn.judge(delivery, found)


async def awaited(turn: Turn, value: object) -> object:
    """What a notifier's method returned, awaited if that is to be awaited."""
    if value is not None and inspect.isawaitable(value):
        return await turn.services.loops.wait(turn, value)
    return value


def _text_of(channel: Channel) -> str:
    """The channel's detail, beside a failure that has a text of its own; what is no text is left out."""
    try:
        detail: object = channel.detail
    except BaseException:  # noqa: BLE001
        return ""
    return detail if isinstance(detail, str) else ""
