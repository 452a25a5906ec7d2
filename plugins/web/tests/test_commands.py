"""`pulp-admin event web` and its tokens, as real processes."""

import json
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture
def admin(tmp_path):
    conf = tmp_path / "server.conf"
    conf.write_text(f"[events]\ndata_dir = {tmp_path}/data\n")
    return [sys.executable, "-m", "pulp_events_cli", "--config", str(conf)]


@pytest.fixture
def run(admin, capsys):
    """The command in this process."""
    from pulp_events_cli.main import main

    def run(*words, code=0):
        capsys.readouterr()
        found = main([*admin[3:], *words])
        out, error = capsys.readouterr()
        assert found == code, error
        return SimpleNamespace(stdout=out, stderr=error)

    return run


@pytest.fixture
def refused(run, monkeypatch):
    """`run` for what is refused: a server that starts instead is a failure, and not waited for."""
    from pulp_events_web.commands.server import Server

    monkeypatch.setattr(Server, "run", lambda *_: pytest.fail("it serves"))
    return run


@pytest.fixture
def start(admin):
    processes = []

    def start(*words, **more):
        processes.append(
            subprocess.Popen([*admin, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        )
        return processes[-1]

    yield start
    for each in processes:
        each.kill()
        each.communicate()


def served(process):
    """The address that its log names."""
    for line in process.stderr:
        if found := re.search(r"serving (http://\S+/)$", line):
            return found[1]
    pytest.fail(f"it ended with {process.wait()}")


def get(url, token=None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, answer.url, answer.headers


def test_tokens_are_made_listed_and_revoked(run, tmp_path):
    made = json.loads(run("--json", "event", "web", "token", "create", "--role", "operator", "--name", "ci").stdout)
    assert re.fullmatch(r"pulpev_[\w-]{43}", made["token"]) and made["expires"] > made["created"]
    assert stat.S_IMODE((tmp_path / "data/web.json").stat().st_mode) == 0o600
    text = run("event", "web", "token", "create", "--role=admin", "--expires=never", "--trusted").stdout
    assert text.count("pulpev_") == 1 and "valid for ever" in text and "trusted" in text
    listed = json.loads(run("--json", "event", "web", "token", "list").stdout)
    assert [(each["role"], each["trusted"]) for each in listed] == [("operator", False), ("admin", True)]
    assert "token" not in listed[0] and "pulpev_" not in run("event", "web", "token", "list").stdout
    run("event", "web", "token", "revoke", "ci")
    failed = run("event", "web", "token", "revoke", "ci", code=1).stderr
    assert failed.count("\n") == 1 and "token list" in failed
    failed = run("event", "web", "token", "revoke", made["token"], code=1).stderr
    assert "token list" in failed and made["token"] not in failed
    run("event", "web", "token", "revoke", text.split()[0])
    assert json.loads(run("--json", "event", "web", "token", "list").stdout) == []


@pytest.mark.parametrize(
    "words",
    [("--role", "root"), ("--role", "admin", "--expires", "0"), ("--role", "admin", "--name", "dispatcher"), ()],
)
def test_a_bad_token_command_is_a_usage_error(run, words):
    assert "pulp-admin: error: " in run("event", "web", "token", "create", *words, code=2).stderr


def test_without_a_token_it_prints_a_link_that_opens_the_console_once(start):
    process = start("event", "web", "--listen", "127.0.0.1:0")
    address = served(process)
    while not (found := re.search(r"(http://127\.0\.0\.1:\d+/)login\?token=\S+", process.stdout.readline())):
        pass
    assert found[1] == address
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor)
    with pytest.raises(urllib.error.HTTPError) as refused:
        opener.open(found[0].replace("token=", "token=x"), timeout=60)
    assert refused.value.code == 403
    try:
        opener.open(found[0], timeout=60).close()
    except urllib.error.HTTPError as error:
        assert error.code == 404  # a console without pages is still a console that let us in
    assert opener.open(address + "api/v1/version", timeout=60).status == 200
    with pytest.raises(urllib.error.HTTPError) as again:
        urllib.request.urlopen(found[0], timeout=60)
    assert again.value.code == 403
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert "token" not in process.stderr.read().replace("a token that is not valid", "")


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_without_a_token_it_does_not_listen_where_others_could_come_first(refused, listen):
    said = refused("event", "web", "--listen", listen, code=1).stderr
    assert said.count("\n") == 1 and "token create" in said


def test_with_a_token_it_serves_until_told_to_stop(run, start):
    token = json.loads(run("--json", "event", "web", "token", "create", "--role", "viewer").stdout)["token"]
    process = start("event", "web", "--listen", "0.0.0.0:0")
    port = served(process).rstrip("/").rpartition(":")[2]
    url = f"http://127.0.0.1:{port}/api/v1/version"
    assert get(url, token)[0] == 200
    assert token not in Path(f"/proc/{process.pid}/cmdline").read_text()
    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "") and "stopped" in error and "Traceback" not in error


def test_a_service_manager_is_told(run, start, tmp_path):
    run("event", "web", "token", "create", "--role", "viewer")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(60)
        manager.bind(str(tmp_path / "notify"))
        process = start("event", "web", "--listen", "127.0.0.1:0", env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(4096).decode().startswith("READY=1\nSTATUS=serving http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert manager.recv(4096) == b"STOPPING=1"


def test_it_answers_at_a_unix_socket_and_removes_it(start, run, tmp_path):
    token = json.loads(run("--json", "event", "web", "token", "create", "--role", "viewer").stdout)["token"]
    path = tmp_path / "web.sock"
    process = start("event", "web", "--listen", f"unix:{path}")
    for line in process.stderr:
        if f"serving unix:{path}" in line:
            break
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(
            b"GET /api/v1/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Authorization: Bearer " + token.encode() + b"\r\n\r\n"
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0 and not path.exists()


def test_at_a_socket_without_a_token_it_says_what_to_do(run, monkeypatch, tmp_path):
    from pulp_events_web.commands.server import Server

    monkeypatch.setattr(Server, "run", lambda *_: None)
    said = run("event", "web", "--listen", f"unix:{tmp_path}/web.sock").stdout
    assert said.count("\n") == 1 and "token create" in said and "login?token" not in said
    lines = run("--json", "event", "web", "--listen", f"unix:{tmp_path}/web.sock").stdout.splitlines()
    assert "token create" in next(told["warning"] for told in map(json.loads, lines) if "warning" in told)


def test_a_port_that_is_taken_is_one_clear_line(refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = refused("event", "web", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", code=1).stderr
    assert said.count("\n") == 1 and "--listen" in said


@pytest.mark.parametrize("listen", ["8088", "127.0.0.1:http", "unix:here"])
def test_an_address_that_is_none_too(refused, listen):
    said = refused("event", "web", "--listen", listen, code=1).stderr
    assert said.count("\n") == 1 and "write" in said


def test_the_section_of_tokens_shows_its_help_and_serves_nothing(refused):
    shown = refused("event", "web", "token").stdout
    assert "create" in shown and "revoke" in shown
