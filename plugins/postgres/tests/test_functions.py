"""Functions of an application whose stores are in PostgreSQL."""

import threading

from pulp_events import EventBus


def test_buses_that_register_a_function_at_once_make_one_record_and_one_of_them_calls_it(conf, eventually):
    buses = [EventBus.open(conf, deliver="background") for _ in range(8)]
    try:
        together, calls = threading.Barrier(len(buses)), []

        def register(bus):
            together.wait(60)
            bus.on("repo.#", name="index")(calls.append)

        threads = [threading.Thread(target=register, args=(bus,)) for bus in buses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert eventually(lambda: [len(bus.listeners.list()) for bus in buses] == [1] * len(buses))
        event = buses[0].emit("repo.sync.start")
        assert [delivery.state for delivery in buses[1].wait(event, 30)] == ["delivered"]
        assert [each.id for each in calls] == [event.id]
    finally:
        for bus in buses:
            bus.close()
