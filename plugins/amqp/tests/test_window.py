"""How many messages are kept in flight."""

from __future__ import annotations

from pulp_events_amqp.window import FIRST, LARGEST, SMALLEST, Window


def test_the_window_follows_how_long_a_message_takes_to_be_settled() -> None:
    window = Window(limit=10.0)
    assert window.size == FIRST
    for _ in range(3 * FIRST):
        window.settled(in_flight=window.size, waiting=0, submitted_at=0.0, now=0.5)
    assert window.size == 4 * FIRST
    for _ in range(10 * FIRST):
        window.settled(in_flight=window.size, waiting=100, submitted_at=0.0, now=0.5)
    assert window.size == 4 * FIRST, "the broker gives no credit for more"
    for number in range(20 * FIRST):
        window.settled(in_flight=window.size, waiting=0, submitted_at=0.0, now=0.5 + number * 1e-6)
    assert window.size == LARGEST
    window.settled(in_flight=window.size, waiting=0, submitted_at=10.0, now=13.0)
    assert window.size == LARGEST / 2
    window.settled(in_flight=window.size, waiting=0, submitted_at=11.0, now=14.0)
    assert window.size == LARGEST / 2, "once for what was in flight together"
    for number in range(20):
        window.settled(in_flight=window.size, waiting=0, submitted_at=20.0 + 4 * number, now=23.0 + 4 * number)
    assert window.size == SMALLEST


def test_large_messages_are_fewer() -> None:
    window = Window(limit=10.0)
    for _ in range(100):
        window.submitted(1024 * 1024)
    assert 30 <= window.size <= 33
