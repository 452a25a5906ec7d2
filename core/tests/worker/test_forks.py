"""An application may fork after it has opened its bus."""


def test_parent_and_children_go_on_emitting_and_delivering_after_a_fork(place, eventually):
    place.listener()
    place.run(
        """
        import os, sys, threading, time
        from pulp_events import EventBus
        bus = EventBus.open()
        stop = threading.Event()
        def emit():                                  # forks happen in the middle of transactions
            while not stop.is_set():
                bus.emit("repo.sync.finish", {"n": "background"})
        thread = threading.Thread(target=emit)
        thread.start()
        children = []
        for child in range(5):
            pid = os.fork()
            if pid == 0:
                for n in range(10):
                    event = bus.emit("repo.sync.start", {"n": f"child-{child}-{n}"})
                done = bus.wait(event, 20)
                bus.close()
                os._exit(0 if done[0].state == "delivered" else 1)
            children.append(pid)
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        stop.set()
        thread.join()
        event = bus.emit("repo.sync.start", {"n": "parent"})
        assert bus.wait(event, 20)[0].state == "delivered"
        bus.close()
        """
    )
    names = [line.split()[2] for line in place.lines()]
    expected = {f"child-{child}-{n}" for child in range(5) for n in range(10)} | {"parent"}
    assert expected <= set(names)
    assert all(names.count(name) == 1 for name in expected)


def test_multiprocessing_with_the_fork_method_works(place):
    place.listener()
    place.run(
        """
        import multiprocessing
        from pulp_events import EventBus
        bus = EventBus.open(deliver="external")
        def work(n):
            return bus.emit("repo.sync.start", {"n": n}).id
        with multiprocessing.get_context("fork").Pool(4) as pool:
            ids = pool.map(work, range(40))
        assert len(set(ids)) == 40 and bus.deliveries.stats().pending == 40
        bus.close()
        """
    )
