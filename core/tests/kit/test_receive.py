"""`python -m pulp_events.testing.receive`, as a process."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

COMMAND = [sys.executable, "-m", "pulp_events.testing.receive"]

BESIDE = """
import runpy, signal, sys, threading, time

def interrupt():
    while sys._current_frames()[threading.main_thread().ident].f_code.co_name != "wait":
        time.sleep(0.01)
    time.sleep(0.1)  # the main thread sleeps in the system now, and a signal to another does not wake it
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=interrupt, daemon=True).start()
sys.argv[1:] = ["0"]
runpy.run_module("pulp_events.testing.receive", run_name="__main__")
"""


@pytest.mark.parametrize("status", [200, 503])
def test_it_prints_what_it_is_sent_and_answers_as_told(status):
    with subprocess.Popen([*COMMAND, "0", str(status)], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().removeprefix("listening at ").strip()
            request = urllib.request.Request(f"{url}/hook", "Grüße".encode(), {"X-Id": "7"})
            try:
                answered = urllib.request.urlopen(request, timeout=60).status
            except urllib.error.HTTPError as error:
                answered = error.code
            process.send_signal(signal.SIGINT)
            shown, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 0
    assert answered == status
    assert shown.lstrip().startswith("POST /hook\n") and "x-id: 7\n" in shown and shown.endswith("\n\nGrüße\n\n")


def test_a_signal_ends_it_whichever_of_its_threads_the_system_gives_it_to():
    ran = subprocess.run([sys.executable, "-c", BESIDE], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("listening at ")


def test_bad_arguments_and_a_taken_port_are_one_line(pulp_events_http_sink):
    for words, code, text in (
        (["x"], 2, "usage: "),
        (["70000"], 2, "usage: "),
        ([str(pulp_events_http_sink.port)], 1, "in use"),
    ):
        done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=30)
        assert done.returncode == code and done.stderr.count(text) == done.stderr.count("\n") == 1
