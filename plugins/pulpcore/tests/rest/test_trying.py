"""`POST …/test/`: how long it may take, how many may be under way, how often, and where it gets."""

import json

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a Pulp is started

ALLOWED_BY = "PULP_EVENTS['untrusted']['networks']"

# Requests to the API in a process of its own.
CLIENT = """
import json, socket, threading
from base64 import b64encode
from django.test import Client, override_settings
from pulp_events_pulpcore.app import trying

client = Client(headers={"authorization": "Basic " + b64encode(b"USER:Secret-w0rd").decode()})

def create(url):
    body = {"notifier_type_id": "http", "notifier_config": {"url": url}, "event_types": ["*"]}
    return client.post("/pulp/api/v3/event-listeners/", json.dumps(body), "application/json")

def say(*answers):
    print(json.dumps([(each.status_code, each.json(), each.headers.get("Retry-After")) for each in answers]))
"""

CUT_OFF = """
assert (trying.LONGEST, trying.AT_ONCE, trying.WAITED) == (5, 4, 10), "as the documents say"
silent = socket.create_server(("127.0.0.1", 0))
href = create(f"http://127.0.0.1:{silent.getsockname()[1]}/").json()["pulp_href"]
trying.LONGEST = 0.2
answers = [client.post(href + "test/") for _ in range(5)]
silent.close()
for thread in threading.enumerate():
    if thread.name == "event-listener-test":
        thread.join(30)
trying.LONGEST = 5
say(*answers, client.post(href + "test/"))
"""

PUBLIC_ONLY = """
looked_up = socket.getaddrinfo
def look_up(host, *more, **how):
    return looked_up("127.0.0.1" if host == "hook.example" else host, *more, **how)

with override_settings(PULP_EVENTS={}):
    refused = [create("http://localhost:PORT/"), create("http://127.0.0.1:PORT/")]
    href = create("http://hook.example:PORT/").json()["pulp_href"]
    socket.getaddrinfo = look_up
    say(*refused, client.post(href + "test/"), client.post("HREFtest/"))
"""


def asked(pulp, user, code):
    """(status, body, Retry-After) of the answers that it says."""
    return json.loads(pulp.python((CLIENT + code).replace("USER", user.name)).splitlines()[-1])


def test_a_silent_endpoint_is_cut_off_and_four_of_them_are_all_that_a_process_waits_for(alice, pulp):
    said = asked(pulp, alice, CUT_OFF)
    *cut_off, refused, last = said
    assert [status for status, _, _ in cut_off] == [200] * 4, said
    results = [body["results"][0] for _, body, _ in cut_off]
    assert {(each["outcome"], each["detail"]) for each in results} == {("timeout", "no outcome within 0.2 seconds")}
    assert refused[0] == 429 and "under way" in refused[1]["detail"] and int(refused[2]) > 0, refused
    assert last[0] == 200 and last[1]["results"][0]["outcome"] == "transient", last


WAITS = """
from rest_framework.exceptions import Throttled
from pulp_events_pulpcore.app import trying

now = [100.0]
waits = trying.Waits(lambda: now[0])
waits.add("alice", 5.0)
waits.check("alice")
now[0] = 110.0
waits.add("alice", 5.0)
waits.check("bob")
try:
    waits.check("alice")
except Throttled as error:
    print(error.wait, error.status_code)
now[0] = 161.0
waits.check("alice")
"""


def test_the_tests_of_a_user_wait_ten_seconds_a_minute_together(pulp):
    assert pulp.python(WAITS).split() == ["50", "429"]


def test_a_user_has_twenty_tests_a_minute(alice, sink):
    href = alice.create(sink.url).body["pulp_href"]
    answers = [alice("POST", f"{href}test/") for _ in range(21)]
    assert [each.status for each in answers[:5]] == [200] * 5
    assert answers[-1].status == 429 and int(answers[-1].headers["Retry-After"]) > 0
    assert len(sink.requests) == [each.status for each in answers].count(200)


def test_neither_a_name_nor_an_older_listener_leads_where_it_is_not_allowed(alice, pulp, sink):
    older = alice.create(sink.url).body["pulp_href"]
    code = PUBLIC_ONLY.replace("PORT", sink.url.rpartition(":")[2]).replace("HREF", older)
    *refused, by_name, by_the_older = asked(pulp, alice, code)
    for status, body, _ in refused:
        assert status == 400 and ALLOWED_BY in body["notifier_config"]["url"][0], body
    for status, body, _ in (by_name, by_the_older):
        [result] = body["results"]
        assert status == 200 and result["outcome"] in ("transient", "permanent"), body
        assert ALLOWED_BY in result["detail"] and "127.0.0.1" not in result["detail"], body
    assert not sink.requests
