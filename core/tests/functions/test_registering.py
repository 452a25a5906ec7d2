"""`@bus.on`: which functions it takes, what it calls them, and what becomes of their records."""

import functools
import threading

import pytest

from pulp_events import EventsError, InvalidConfig, UnknownEventType, UnknownNotifierType, on
from pulp_events.functions.registration import marked_in
from pulp_events.listeners.tinydb_store import TinyDBListenerStore

MODULE = __name__


def of_module(event):
    """A function that any process can import."""


class Indexer:
    def index(self, event):
        pass

    def __call__(self, event):
        pass


def of(bus, name):
    return next(each for each in bus.listeners.list() if each.notifier_config["function"] == name)


def test_a_function_is_called_by_its_module_and_qualified_name_and_stays_what_it_was(open_bus):
    bus = open_bus()
    assert bus.on("repo.sync.*", "repo.publish.start")(of_module) is of_module
    [listener] = bus.listeners.list()
    assert listener.notifier_type_id == "function"
    assert listener.notifier_config == {"function": f"{MODULE}:of_module"}
    assert listener.event_types == ("repo.sync.*", "repo.publish.start")
    assert listener.targets == (f"{MODULE}:of_module",)


def test_the_method_of_an_object_has_a_name_too(open_bus):
    bus = open_bus()
    bus.on("*")(Indexer().index)
    assert bus.listeners.list()[0].targets == (f"{MODULE}:Indexer.index",)


def test_attributes_of_the_listener_are_given_like_those_of_any_other(open_bus):
    bus = open_bus()
    bus.on("*", name="n", filter="payload.n > `1`", retry_schedule=[1, 2], lanes=1, timeout=7)(of_module)
    [listener] = bus.listeners.list()
    assert (listener.filter, listener.retry_schedule, listener.lanes) == ("payload.n > `1`", (1.0, 2.0), 1)
    assert (listener.notifier_config, listener.timeout) == ({"function": "n"}, 7.0)


def test_every_attribute_that_is_not_the_administrators_can_be_given_and_goes_with_the_code(open_bus):
    import inspect

    from pulp_events.listeners.listener import OPTIONS

    bus = open_bus()
    of_administrators = {"name", "description", "labels"}
    for taker in (bus.on, on):
        assert set(inspect.signature(taker).parameters) == {"event_types", "name", *OPTIONS} - {"description", "labels"}
    given = {"filter": "`true`", "retry_schedule": [1.0], "lanes": 1, "timeout": 7.0, "rate": "10/s", "expires": 60.0,
             "scope": "a"}  # fmt: skip
    assert given.keys() == OPTIONS.keys() - of_administrators, "a new one is given by on() too, or listed above"
    bus.on("*", name="n", **given)(of_module)
    [listener] = bus.listeners.list()
    assert {key: getattr(listener, key) for key in given} == {**given, "retry_schedule": (1.0,)}
    bus.listeners.update(listener.id, name="mine", labels={"team": "ops"})
    again = open_bus()
    again.on("*", name="n")(of_module)
    [listener] = again.listeners.list()
    assert {getattr(listener, key) for key in given} == {None}
    assert (listener.name, listener.labels) == ("mine", {"team": "ops"})


def in_a_script(event):
    pass


in_a_script.__module__ = "__main__"


def inner():
    def function(event):
        pass

    return function


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda event: None, "a lambda has no name"),
        (inner(), "it is defined inside another function"),
        (functools.partial(of_module), "an object of type partial has no name of its own"),
        (Indexer(), "an object of type Indexer has no name of its own"),
    ],
)
def test_what_has_no_stable_name_must_be_given_one(open_bus, function, why):
    bus = open_bus()
    with pytest.raises(InvalidConfig, match=r"needs a name that stays the same .*name='…'") as caught:
        bus.on("*")(function)
    assert why in str(caught.value) and "\n" not in str(caught.value)
    assert bus.listeners.list() == []
    bus.on("*", name="given")(function)
    assert bus.listeners.list()[0].targets == ("given",)


def test_a_function_of_a_script_has_the_name_of_a_module_only_where_it_is_one(open_bus, monkeypatch):
    import sys
    from types import SimpleNamespace

    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    with pytest.raises(InvalidConfig, match="it is defined in a script"):
        open_bus().on("*")(in_a_script)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", SimpleNamespace(name="myapp.events"))
    bus = open_bus()
    bus.on("*")(in_a_script)
    assert bus.listeners.list()[0].targets == ("myapp.events:in_a_script",)


def generator(event):
    yield event


def nothing():
    pass


def three(event, delivery, more):
    pass


def by_keyword(event, *, more):
    pass


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (generator, "is a generator"),
        (nothing, "it is called with"),
        (three, "it is called with"),
        (by_keyword, "it is called with"),
        (Indexer.index, "is a method of a class"),
        (Indexer, "is not a function"),
        (7, "is not a function"),
    ],
)
def test_what_cannot_be_called_with_an_event_is_refused_before_anything_is_stored(open_bus, function, text):
    bus = open_bus()
    with pytest.raises(InvalidConfig, match=text):
        bus.on("*", name="n")(function)
    assert bus.listeners.list() == []


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201, 7])
def test_a_bad_name_is_refused(open_bus, name):
    with pytest.raises(InvalidConfig, match="cannot name a function"):
        open_bus().on("*", name=name)(of_module)


def test_the_parentheses_cannot_be_forgotten(open_bus):
    bus = open_bus()
    for wrong in ((), (of_module,), (["repo.sync.*"],)):
        with pytest.raises(InvalidConfig, match=r"name event types or patterns, such as @bus\.on\("):
            bus.on(*wrong)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"filter": "payload."}, InvalidConfig),
        ({"lanes": 0}, InvalidConfig),
        ({"timeout": 0}, InvalidConfig),
        ({"retry_schedule": "soon"}, InvalidConfig),
    ],
)
def test_a_bad_option_is_refused_and_the_function_is_not_registered(open_bus, options, error):
    bus = open_bus()
    with pytest.raises(error):
        bus.on("*", **options)(of_module)
    bus.on("*", lanes=2)(of_module)  # it can be registered again
    assert bus.listeners.list()[0].lanes == 2


def test_an_unknown_event_type_is_refused(open_bus):
    with pytest.raises(UnknownEventType):
        open_bus().on("repo.snyc.*")(of_module)


def test_two_functions_of_one_name_are_one_clear_error(open_bus):
    bus = open_bus()
    bus.on("*", name="index")(of_module)
    with pytest.raises(InvalidConfig, match=r"two functions are registered as 'index'.*name='…'"):
        bus.on("*", name="index")(in_a_script)
    with pytest.raises(InvalidConfig, match=r"registered twice, for \* and for repo\.sync\.\*"):
        bus.on("repo.sync.*", name="index")(of_module)
    bus.on("*", name="index")(of_module)  # the same once more is no mistake
    assert len(bus.listeners.list()) == 1


def test_the_next_process_finds_its_record_and_what_the_code_says_now_holds(open_bus):
    first = open_bus()
    first.on("*", name="n", filter="payload.n > `1`", lanes=1, timeout=7)(of_module)
    [before] = first.listeners.list()
    second = open_bus()
    second.on("*", name="n", filter="payload.n > `1`", lanes=1, timeout=7)(of_module)
    assert second.listeners.list() == [before], "nothing is written where nothing differs"
    third = open_bus()
    third.on("repo.sync.*", name="n")(of_module)
    [after] = third.listeners.list()
    assert after.id == before.id
    assert (after.event_types, after.filter, after.lanes) == (("repo.sync.*",), None, None)
    assert (after.notifier_config, after.timeout) == ({"function": "n"}, None)


def test_buses_that_register_it_at_once_make_one_record(open_bus):
    buses = [open_bus(deliver="external") for _ in range(12)]
    together = threading.Barrier(len(buses))

    def register(bus):
        together.wait(60)
        bus.on("*", name="n")(of_module)

    threads = [threading.Thread(target=register, args=(bus,)) for bus in buses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.targets for each in buses[0].listeners.list()] == [("n",)]


def test_what_the_administrator_decided_stays(open_bus):
    bus = open_bus()
    bus.on("*", name="n")(of_module)
    [listener] = bus.listeners.list()
    bus.listeners.disable(listener.id)
    bus.listeners.mute(listener.id, 3600)
    open_bus().on("repo.sync.*", name="n")(of_module)
    after = bus.listeners.get(listener.id)
    assert after.event_types == ("repo.sync.*",)
    assert not after.enabled and after.muted_until is not None


def test_a_deleted_one_comes_back_with_the_next_registration(open_bus):
    bus = open_bus()
    bus.on("*", name="n")(of_module)
    [listener] = bus.listeners.list()
    bus.listeners.delete(listener.id)
    assert bus.emit("repo.sync.start") and bus.listeners.list() == []
    open_bus().on("*", name="n")(of_module)
    [again] = bus.listeners.list()
    assert again.id == listener.id, "the name decides"


def test_types_that_only_another_process_knows_are_no_obstacle_to_one_that_finds_the_record(open_bus):
    from pulp_events import EventType

    first = open_bus()
    first.event_types.register(EventType("backup.done", "A backup was written."))
    first.on("backup.done", name="n")(of_module)
    open_bus().on("backup.done", name="n")(of_module)


def test_buses_that_share_their_plugins_share_their_functions(tmp_path):
    from pulp_events import EventBus, Plugins

    plugins = Plugins()
    for _ in range(2):
        with EventBus.open(plugins=plugins, data_dir=tmp_path / "data", deliver="external") as bus:
            bus.on("*", name="n")(of_module)
    assert [plugin.name for plugin in plugins.all] == ["functions"]


def test_a_type_of_that_name_which_a_plugin_has_is_no_place_for_functions(open_bus):
    from marshmallow import Schema

    from pulp_events import Notifier, PluginError

    class Other(Notifier):
        type_id = "function"
        config_schema = Schema

        def deliver(self, event, config):
            pass

    bus = open_bus()
    bus.plugins.add("other", Other)
    with pytest.raises(PluginError, match="notifier type 'function' is already taken"):
        bus.on("*")(of_module)


def test_a_closed_bus_registers_nothing(open_bus):
    bus = open_bus()
    bus.close()
    with pytest.raises(EventsError, match="was closed"):
        bus.on("*")(of_module)


def test_without_the_function_no_command_or_program_can_make_such_a_listener(open_bus):
    bus = open_bus()
    with pytest.raises(UnknownNotifierType, match="its listeners are functions of an application"):
        bus.listeners.create("function", {"function": "n"}, ["*"])


def test_a_mark_is_left_by_both_decorators_and_found_once_in_the_module():
    from types import ModuleType

    module = ModuleType("myapp")

    def first(event):
        pass

    class Refuses:
        """As lazy settings do before they are configured."""

        def __getattr__(self, name):
            raise RuntimeError("not configured")

    module.refuses = Refuses()
    module.first = module.alias = on("repo.#", name="a")(on("*", name="b")(first))
    assert [(made.name, made.wish.event_types) for made in marked_in(module)] == [("b", ("*",)), ("a", ("repo.#",))]


def test_the_listener_can_be_shown_and_its_function_is_no_secret(open_bus):
    bus = open_bus()
    bus.on("*", name="n")(of_module)
    [listener] = bus.listeners.list()
    for each in (bus, open_bus()):
        assert each.listeners.redacted(listener) == {"function": "n"}


MODULE_WITH_TWO = """
from pulp_events import on

@on("repo.sync.*")
def first(event):
    pass

@on("repo.snyc.*")
def second(event):
    pass
"""


def test_modules_are_imported_before_a_bus_is_opened_and_a_bad_one_leaves_none_open(
    tmp_path, open_bus, monkeypatch, eventually
):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "with_two_functions.py").write_text(MODULE_WITH_TWO)
    with pytest.raises(EventsError, match=r"imports is the text 'json'; give a list of modules"):
        open_bus(imports="json")
    for wrong, text in ((["no_such_module"], "there is no module"), ([7], "name a module"), (["json"], "no function")):
        with pytest.raises(EventsError, match=text):
            open_bus(imports=wrong)
    before = set(threading.enumerate())  # tests that ran earlier may have left some that hang
    with pytest.raises(UnknownEventType, match="snyc"):
        open_bus(deliver="background", imports=["with_two_functions"])
    eventually(lambda: not [each for each in threading.enumerate() if each.name.startswith("pulp-events")
                            and each not in before])  # fmt: skip


FAULTS = {
    "unknown type": ('@on("repo.nosuch")', "bad", "event type 'repo.nosuch'"),
    "filter": ('@on("*", filter="foo(")', "bad", "filter"),
    "rate": ('@on("*", rate="x")', "bad", "rate"),
    "name of another": ('@on("*", name="{module}:good")', "bad", "two functions are registered as"),
}


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("fault", FAULTS)
def test_of_modules_with_a_fault_nothing_is_registered_and_the_error_names_the_function(
    tmp_path, open_bus, monkeypatch, fault, place
):
    monkeypatch.syspath_prepend(tmp_path)
    mark, function, text = FAULTS[fault]
    module = f"faulty_{'_'.join(fault.split())}_{place}"
    good, bad = '@on("repo.#")\ndef good(event): pass\n', f"{mark}\ndef {function}(event): pass\n"
    bad = bad.replace("{module}", module)
    parts = [bad, good] if place == "before" else [good, bad]
    (tmp_path / f"{module}.py").write_text("from pulp_events import on\n" + "".join(parts))
    (tmp_path / f"sound_{module}.py").write_text('from pulp_events import on\n@on("repo.#")\ndef sound(event): pass\n')
    with pytest.raises(EventsError) as caught:
        open_bus(imports=[f"sound_{module}", module])
    assert text in str(caught.value) and f"{function}() in {module}, line " in str(caught.value)
    assert open_bus().listeners.list() == []


def test_functions_of_a_module_are_stored_in_one_write_and_at_the_next_start_in_none(tmp_path, open_bus, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "module_of_two.py").write_text(MODULE_WITH_TWO.replace("snyc", "sync"))
    edits, edit = [], TinyDBListenerStore.edit
    monkeypatch.setattr(TinyDBListenerStore, "edit", lambda self, make: (edits.append(make), edit(self, make))[1])
    first = open_bus(imports=["module_of_two"])
    assert [each.targets for each in first.listeners.list()] == [("module_of_two:first",), ("module_of_two:second",)]
    assert len(edits) == 1
    open_bus(imports=["module_of_two"])
    assert len(edits) == 1


def test_an_error_of_the_decorator_names_the_function_too(open_bus):
    with pytest.raises(
        UnknownEventType, match=r"^of_module\(\) in .*test_registering, line \d+: unknown event type 'repo.nosuch'"
    ):
        open_bus().on("repo.nosuch", name="n")(of_module)


TYPED = """
from pulp_events import Delivery, Event, EventBus, on

bus = EventBus.open()

@bus.on("repo.#", name="a", retry_schedule=[1.0])
def one(event: Event) -> int:
    return 7

@on("repo.#")
async def two(event: Event, delivery: Delivery) -> None:
    pass

reveal_type(one)
reveal_type(two)
bus.on("repo.#", name="b")(print)

@bus.on("repo.#")
def wrong(number: int) -> None:
    pass
"""


@pytest.mark.slow
def test_a_strict_type_checker_sees_the_function_that_was_decorated_and_one_that_takes_no_event(tmp_path):
    import subprocess
    import sys
    from pathlib import Path

    import pulp_events

    (tmp_path / "users.py").write_text(TYPED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable", sys.executable, "users.py"],
        cwd=tmp_path, capture_output=True, text=True, env={"MYPYPATH": str(Path(pulp_events.__file__).parents[1])},
    )  # fmt: skip
    assert "def (event: pulp_events.events.event.Event) -> int" in done.stdout
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    assert len(errors) == 1 and "wrong" not in errors[0] and "users.py:18" in errors[0], done.stdout
