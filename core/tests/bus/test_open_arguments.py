"""Arguments of `EventBus.open` of another kind: one line says what was given, and nothing was made."""

from random import Random

import pytest

from pulp_events import EventBus, EventsError
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock

REMEDIES = {
    "config": "give a path, as a str or Path",
    "data_dir": "give a path, as a str or Path",
    "deliver": "use one of background, emitted, process, external, inline",
    "on_error": "use one of raise, log",
    "settings": "give a mapping of sections",
    "plugins": "give True for those installed, or False for none",
    "clock": r"give an object with time\(\), monotonic\(\) and boottime\(\)",
    "random": "give a random.Random",
    "imports": "give a list of modules",
    "by": "give who makes the changes",
    "event_types": "EventType.* derived from EventModel",
    "encode": "give a function of one value",
}
RIGHT = [("plugins", True)]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in REMEDIES for value in (5, 5.5, True) if (name, value) not in RIGHT]
)
def test_each_argument_of_another_kind_is_one_clear_error(tmp_path, name, value):
    folder = tmp_path / "events"
    given = {"data_dir": folder, "settings": {}, "deliver": "external", "plugins": False, name: value}
    with pytest.raises(EventsError, match=REMEDIES[name]) as refused:
        EventBus.open(**given)
    assert name in str(refused.value) or name == "event_types"
    assert "\n" not in str(refused.value) and "is empty" not in str(refused.value)
    assert not folder.exists()


def test_what_is_nearly_right_is_named_too():
    async def encode(value):
        return value

    for name, value, said in (
        ("encode", encode, "is a coroutine function, and nothing awaits it; write def"),
        ("event_types", "order.placed", "event_types='order.placed' is a text; give a list of EventTypes"),
    ):
        with pytest.raises(EventsError, match=said):
            EventBus.open(settings={}, deliver="external", plugins=False, **{name: value})


def test_bytes_are_no_path(tmp_path):
    with pytest.raises(EventsError, match=r"^data_dir=b'/tmp/x' is of type bytes; give a path"):
        EventBus.open(data_dir=b"/tmp/x")


def test_all_that_is_documented_is_taken(tmp_path):
    for plugins in (True, False, Plugins()):
        with EventBus.open(
            settings={}, data_dir=str(tmp_path / "events"), deliver="external", plugins=plugins, clock=FakeClock(),
            random=Random(1), imports=(), by="a person", on_error="log", event_types=(), encode=str,
        ) as bus:  # fmt: skip
            assert bus.emit("repo.sync.start", {"repo_id": object}).id
