"""A listener that has only failed for `disable_after` is disabled, also where that is shorter than usual."""

import pytest


@pytest.mark.parametrize("after", [3, 3600])
def test_it_is_disabled_by_the_first_failure_after_that_time(open_bus, clock, scripted, after):
    bus = open_bus("inline", clock, retry_schedule="1s, 10d", disable_after=f"{after}s", jitter=0)
    scripted.behaviour["down"] = scripted.refuse
    listener = bus.listeners.create("scripted", {"name": "down"}, ["*"])
    bus.emit("repo.sync.start")
    clock.advance(2)
    bus.deliver_due()
    assert bus.listeners.get(listener.id).enabled
    clock.advance(after)
    bus.emit("repo.sync.start")
    bus.deliver_due()
    found = bus.listeners.get(listener.id)
    assert not found.enabled and "failures and no success since" in found.disabled_reason
