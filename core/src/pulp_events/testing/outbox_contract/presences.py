"""Claims about which processes are at work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pulp_events.outbox.presence import SILENT, Beat, Kind
from pulp_events.outbox.store import Outbox
from pulp_events.testing.outbox_contract.home import Home, Outboxes

ONE, TWO = "1" * 16, "2" * 16


def beat(id: str = ONE, **attributes: object) -> Beat:
    """What a worker tells."""
    told = Beat(
        id, "web1", 4711, Kind.WORKER, True, 5.0, "1.2.3", "3.11.9", {"email": "1.0", "mine": ""}, ["email", "http"], 3
    )
    return replace(told, **attributes)  # type: ignore[arg-type]


class PresenceClaims(Outboxes):
    """Claims about which processes are at work."""

    def test_every_process_sees_who_is_at_work_and_what_each_told(self, home: Home, outbox: Outbox) -> None:
        assert list(outbox.presences()) == []
        outbox.beat(beat())
        other = home.open()
        [seen] = other.presences()
        assert (seen.id, seen.host, seen.pid, seen.kind, seen.delivers) == (ONE, "web1", 4711, Kind.WORKER, True)
        assert (seen.version, seen.python, seen.in_flight) == ("1.2.3", "3.11.9", 3)
        assert (dict(seen.plugins), list(seen.notifier_types)) == ({"email": "1.0", "mine": ""}, ["email", "http"])
        assert not seen.gone and 0 <= seen.silent < 30
        assert (seen.last_seen - seen.started).total_seconds() == pytest.approx(5.0, abs=0.01)
        assert abs(home.time() - seen.last_seen.timestamp()) < 30
        other.close()

    def test_a_beat_takes_the_place_of_the_one_before(self, home: Home, outbox: Outbox) -> None:
        outbox.beat(beat(plugins={"a long name": "1.0.0.0.0.0.0.0"}))
        [before] = outbox.presences()
        home.advance(20)
        outbox.beat(beat(in_flight=0, uptime=99.0, plugins={}))
        [seen] = outbox.presences()
        assert (seen.in_flight, seen.plugins, seen.started) == (0, {}, before.started)
        assert (seen.last_seen - before.last_seen).total_seconds() >= 20

    def test_who_leaves_is_forgotten_at_once(self, home: Home, outbox: Outbox) -> None:
        other = home.open()
        outbox.beat(beat())
        other.beat(beat(TWO, kind=Kind.APPLICATION, delivers=False))
        outbox.leave(ONE)
        outbox.leave("3" * 16)
        for each in (outbox, other):
            assert [(one.id, one.kind, one.delivers) for one in each.presences()] == [(TWO, Kind.APPLICATION, False)]
        other.leave(TWO)
        other.close()

    def test_who_is_silent_for_long_is_gone_until_heard_again(self, home: Home, outbox: Outbox) -> None:
        outbox.beat(beat())
        home.advance(SILENT - 30)
        assert not outbox.presences()[0].gone
        home.advance(60)
        [seen] = outbox.presences()
        assert seen.gone and SILENT < seen.silent < SILENT + 60
        outbox.beat(beat(in_flight=1))
        [seen] = outbox.presences()
        assert not seen.gone and seen.silent < 30

    def test_a_beat_is_no_change_for_anybody(self, home: Home, outbox: Outbox) -> None:
        other = home.open()
        outbox.beat(beat())
        while other.changed():
            pass
        outbox.beat(beat(in_flight=9))
        assert not other.changed()
        outbox.leave(ONE)
        assert not other.changed()
        other.close()

    def test_who_delivers_comes_first_and_who_is_gone_last(self, home: Home, outbox: Outbox) -> None:
        outbox.beat(beat("a" * 16, host="db"))
        home.advance(SILENT + 60)
        outbox.beat(beat("b" * 16, host="web2"))
        outbox.beat(beat("c" * 16, host="app", delivers=False))
        outbox.beat(beat("d" * 16, host="web1"))
        assert [(one.id[0], one.gone) for one in outbox.presences()] == [
            ("d", False), ("b", False), ("c", False), ("a", True),
        ]  # fmt: skip
