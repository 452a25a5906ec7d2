"""`python -m pulp_events.testing.receive`, as a process."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

COMMAND = [sys.executable, "-m", "pulp_events.testing.receive"]


@pytest.mark.parametrize("status", [200, 503])
def test_it_prints_what_it_is_sent_and_answers_as_told(status):
    with subprocess.Popen([*COMMAND, "0", str(status)], stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().removeprefix("listening at ").strip()
        request = urllib.request.Request(f"{url}/hook", "Grüße".encode(), {"X-Id": "7"})
        try:
            answered = urllib.request.urlopen(request, timeout=60).status
        except urllib.error.HTTPError as error:
            answered = error.code
        process.send_signal(signal.SIGINT)
        shown = process.stdout.read()
        assert process.wait(60) == 0
    assert answered == status
    assert shown.lstrip().startswith("POST /hook\n") and "x-id: 7\n" in shown and shown.endswith("\n\nGrüße\n\n")


def test_bad_arguments_and_a_taken_port_are_one_line(pulp_events_http_sink):
    for words, code, text in (
        (["x"], 2, "usage: "),
        (["70000"], 2, "usage: "),
        ([str(pulp_events_http_sink.port)], 1, "in use"),
    ):
        done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=30)
        assert done.returncode == code and done.stderr.count(text) == done.stderr.count("\n") == 1
