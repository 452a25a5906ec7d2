"""What `config check` says of mutes: nobody is to wonder in the morning why nothing comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pulp_events_cli.output.findings import NOTE, Finding
from pulp_events_cli.output.listener_records import mute_text
from pulp_events_cli.output.text import count

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener

LONG = 30 * 86400.0
"""Seconds from which on a mute is none that anybody waits for."""


def check(listeners: list[Listener], now: float) -> Iterator[Finding]:
    """A note for each mute that holds, be it of one listener or of many."""
    together: dict[tuple[str, bool, bool], list[Listener]] = {}
    for each in listeners:
        if each.enabled and (left := each.muted_for(now)):
            together.setdefault((mute_text(each), each.mute_drops, left > LONG), []).append(each)
    for (said, drops, long), muted in together.items():
        who = f"listener {muted[0].id} is" if len(muted) == 1 else f"{count(len(muted), 'listener', 'listeners')} are"
        dropped = "; new events are dropped" if drops else ""
        remedy = (
            "; disable what is not to get events for so long, or `pulp-admin event listener unmute`" if long else ""
        )
        yield Finding(NOTE, "listeners", f"{who} muted {said}{dropped}{remedy}")
