"""A retry of what is dead takes each once, however fast it dies again."""

from itertools import islice

from pulp_events.outbox.records import DeliveryQuery


def test_what_died_again_meanwhile_is_not_taken_once_more(recording, recording_bus):
    bus = recording_bus(deliver="external")
    bus.listeners.create("recording", {}, ["*"])
    for _ in range(3):
        bus.emit("repo.sync.start", {"repo_id": "a"})
    revive = bus.outbox.revive

    def kill():
        bus.outbox._writer.run(lambda connection: connection.execute("UPDATE pulp_delivery SET state = 'dead'"))

    def and_die(query, limit):
        count = revive(query, limit)
        kill()
        return count

    kill()
    bus.outbox.revive = and_die
    assert [*islice(bus.deliveries.retry(DeliveryQuery()), 5)] == [3]
