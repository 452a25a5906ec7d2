"""What a function knows of who calls it."""

from contextvars import copy_context

from pulp_events.functions.calling import calling, is_called


class Waiting:
    def __await__(self):
        yield


async def called():
    with calling():
        assert is_called()
        await Waiting()


def test_a_call_that_was_abandoned_can_be_closed_in_any_context():
    coroutine = called()
    copy_context().run(coroutine.send, None)
    coroutine.close()  # as the garbage collector does
    assert not is_called()
