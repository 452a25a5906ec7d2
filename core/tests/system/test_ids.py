"""Ids: time-ordered UUIDs for events, ObjectId form for listeners; never the same twice."""

import os
import subprocess
import sys
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events.system.ids import is_listener_id, new_event_id, new_listener_id

LAST = 2**48 / 1000 - 1


@given(seconds=st.floats(0, LAST))
def test_an_event_id_is_a_uuid_of_version_7_that_holds_its_milliseconds(seconds):
    found = uuid.UUID(new_event_id(seconds))
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert found.int >> 80 == int(seconds * 1000)


@given(earlier=st.integers(0, 10**12), later=st.integers(1, 10**11))
def test_event_ids_sort_by_time_to_the_millisecond(earlier, later):
    assert new_event_id(earlier / 1000) < new_event_id((earlier + later) / 1000 + 0.0005)


def test_events_of_one_moment_have_ids_of_their_own():
    assert len({new_event_id(1.0) for _ in range(20_000)}) == 20_000


def test_a_listener_id_has_objectid_form_and_begins_with_the_second_of_its_making():
    before = int(time.time())
    made = new_listener_id()
    assert is_listener_id(made) and len(made) == 24
    assert before <= int(made[:8], 16) <= time.time()


def test_the_counter_of_listener_ids_goes_on_and_wraps():
    numbers = [int(new_listener_id()[18:], 16) for _ in range(3)]
    assert [(b - a) % 2**24 for a, b in zip(numbers, numbers[1:], strict=False)] == [1, 1]


def test_processes_that_make_ids_at_once_make_different_ones():
    code = "from pulp_events.system.ids import new_listener_id\nfor _ in range(2000): print(new_listener_id())"
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ids = [line for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert len(ids) == 8000 == len(set(ids))


@pytest.mark.parametrize("make", [new_listener_id, lambda: new_event_id(1.0)])
def test_a_forked_child_makes_other_ids_than_its_parent(make):
    make()  # what was drawn in advance is inherited by the child
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, "\n".join(make() for _ in range(100)).encode())
        os._exit(0)
    ids = {make() for _ in range(100)}
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as file:
        theirs = set(file.read().split())
    assert len(theirs) == 100 and not ids & theirs


@pytest.mark.parametrize("text", ["", "0" * 23, "0" * 25, "g" * 24, "A" * 24, "0" * 24 + "\n", " " + "0" * 23])
def test_what_has_another_form_is_no_listener_id(text):
    assert not is_listener_id(text)
