"""A server that loads the application and forks workers afterwards: each is ready, and shares nothing."""


def test_children_import_and_read_nothing_for_their_first_event_and_share_nothing(place):
    place.listener()
    place.run(
        """
        import os, sys, threading
        from pathlib import Path
        from pulp_events import EventBus, EventType
        bus = EventBus.open(deliver="external")
        bus.event_types.register(EventType("a.b", "typed", schema={
            "type": "object", "properties": {"n": {"type": "integer", "multipleOf": 2}}, "required": ["n"]}))
        [listener] = bus.listeners.list()
        bus.listeners.update(listener.id, filter="payload.n > `-1`", event_types=["*"])
        bus.warm_up()
        assert [each.name for each in threading.enumerate()] == ["MainThread"]
        data = str(bus.data_dir)
        opened = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if n.isdigit() and
                  os.path.exists(f"/proc/self/fd/{n}")]
        assert not [name for name in opened if name.startswith(data)], opened
        reads = []
        store, all_of = bus._store, bus._store.all
        store.all = lambda: reads.append(1) or all_of()
        children = []
        for child in range(4):
            pid = os.fork()
            if pid == 0:
                before = set(sys.modules)
                bus.emit("repo.sync.start", {"n": child})
                bus.emit("a.b", {"n": 2 * child})
                new = set(sys.modules) - before
                print(sorted(new), reads, file=sys.stderr)
                os._exit(1 if new or reads else 0)
            children.append(pid)
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        assert bus.deliveries.stats().pending == 8
        bus.emit("repo.sync.start", {"n": 9})
        bus.close()
        """
    )


def test_a_listener_that_is_made_after_the_warm_up_is_noticed(place):
    place.run(
        """
        import os
        from pulp_events import EventBus
        bus = EventBus.open(deliver="external")
        bus.warm_up()
        bus.listeners.create("spool", {"path": "x"}, ["*"])
        pid = os.fork()
        if pid == 0:
            bus.emit("repo.sync.start", {"n": 1})
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        assert bus.deliveries.stats().pending == 1
        """
    )
