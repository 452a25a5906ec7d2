"""TLS and log-in as libpq has them: modes, authorities, names, client certificates, service and password files."""

import os
import stat
import time
from pathlib import Path

import pytest
import trustme

from pulp_events import EventBus
from pulp_events.errors import StoreError
from pulp_events_postgres.address import make
from pulp_events_postgres.database import Database

LOADED = "SELECT pg_conf_load_time()"
ENCRYPTED = """
SELECT bool_and(ssl), count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
WHERE usename = current_user AND backend_type = 'client backend'
"""


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def secure_server(postgres_binaries, servers, authority):
    """A server that takes the user `pulp` only over TLS, and `certified` only with a client certificate."""
    server = servers.Server(postgres_binaries)
    hba = server.data / "pg_hba.conf"
    hba.write_text(
        "hostssl all certified all cert\nhostnossl all pulp all reject\n" + hba.read_text(),
    )
    _install(server, authority.issue_cert("localhost", "127.0.0.1"), authority)
    with server.connect() as connection:
        connection.execute("CREATE USER certified")
    yield server
    server.close()


def _install(server, certificate, authority):
    """Give the server a certificate, and what it is to trust; both hold from now on."""
    files = {
        "server.key": certificate.private_key_pem.bytes(),
        "server.pem": certificate.cert_chain_pems[0].bytes(),
        "ca.pem": authority.cert_pem.bytes(),
    }
    owner = server.data.stat()
    for name, content in files.items():
        path = server.data / name
        path.write_bytes(content)
        path.chmod(0o600)
        os.chown(path, owner.st_uid, owner.st_gid)
    with server.connect() as connection:
        before = connection.execute(LOADED).fetchone()
        for key, value in (
            ("ssl_key_file", "server.key"), ("ssl_cert_file", "server.pem"), ("ssl_ca_file", "ca.pem"), ("ssl", "on"),
        ):  # fmt: skip
            connection.execute(f"ALTER SYSTEM SET {key} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")
    deadline = time.monotonic() + 30
    while True:  # a signal to the server, which gives its connections what it has read by then
        with server.connect() as connection:
            if connection.execute(LOADED).fetchone() > before:
                return
        assert time.monotonic() < deadline, "the server has not read its settings again"


@pytest.fixture
def ca(authority, tmp_path):
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def url(secure_server):
    """In place of the session's server."""
    yield secure_server.create("secure")
    secure_server.drop("secure")


@pytest.fixture(autouse=True)
def nobodys_home(tmp_path, monkeypatch):
    """libpq looks for certificates and passwords there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)


def opened(url, parameters, password="pw"):
    database = Database(make(f"{url}?{parameters}", password))
    try:
        return database.rows(ENCRYPTED)[0][0]
    finally:
        database.close()


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require", "prefer"])
def test_the_modes_that_encrypt_do(url, ca, mode, eventually):
    assert eventually(lambda: opened(url, f"sslmode={mode}&sslrootcert={ca}"))


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require"])
def test_an_authority_that_is_not_trusted_is_refused_in_one_line(url, tmp_path, mode):
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with pytest.raises(StoreError, match="certificate verify failed") as caught:
        opened(url, f"sslmode={mode}&sslrootcert={other}")
    assert "\n" not in str(caught.value) and "sslrootcert" in str(caught.value)


def test_without_an_authority_nothing_is_verified_by_require_and_nothing_opened_by_verify_full(url):
    assert opened(url, "sslmode=require")
    with pytest.raises(StoreError, match="root.crt.* does not exist"):
        opened(url, "sslmode=verify-full")


def test_a_certificate_for_another_host_is_refused_by_verify_full_alone(url, ca, secure_server, authority):
    _install(secure_server, authority.issue_cert("db.example"), authority)
    try:
        assert opened(url, f"sslmode=verify-ca&sslrootcert={ca}")
        with pytest.raises(StoreError, match="does not match host name") as caught:
            opened(url, f"sslmode=verify-full&sslrootcert={ca}")
        assert "\n" not in str(caught.value)
    finally:
        _install(secure_server, authority.issue_cert("localhost", "127.0.0.1"), authority)


def test_where_the_server_has_no_tls_it_is_not_done_without(server):
    plain = server.create("plain")
    with pytest.raises(StoreError, match="server does not support SSL"):
        opened(plain, "sslmode=require")
    server.drop("plain")


def test_where_the_server_asks_for_tls_it_is_not_done_without(url):
    with pytest.raises(StoreError, match="no encryption|SSL off|rejects"):
        opened(url, "sslmode=disable")


def test_a_client_certificate_opens_in_place_of_a_password(url, ca, secure_server, authority, tmp_path):
    with secure_server.connect("secure") as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS certified AUTHORIZATION certified")
    certificate = authority.issue_cert("certified@example.org", common_name="certified")
    key = tmp_path / "client.key"
    certificate.private_key_pem.write_to_path(str(key))
    key.chmod(stat.S_IRUSR)
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
    certified = url.replace("pulp@", "certified@")
    common = f"sslmode=verify-full&sslrootcert={ca}&options=-csearch_path%3Dcertified"
    assert opened(certified, f"{common}&sslcert={tmp_path}/client.pem&sslkey={key}", password="")
    with pytest.raises(StoreError, match="requires a valid client certificate.*sslcert"):
        opened(certified, common)


def test_every_connection_of_a_bus_is_encrypted_and_verified(
    url, ca, tmp_path, pulp_events_http_sink, secure_server, eventually
):
    conf = tmp_path / "server.conf"
    address = f"{url}?sslmode=verify-full&sslrootcert={ca}"
    conf.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n[storage]\nurl = {address}\npassword = pw\n")
    with EventBus.open(conf, deliver="background") as bus:
        bus.listeners.create("http", {"url": pulp_events_http_sink.url}, ["*"])
        event = bus.emit("repo.sync.start", {"repo_id": "x"})
        assert [one.state for one in bus.wait(event, timeout=30)] == ["delivered"]
        assert eventually(lambda: bus.outbox.database.rows(ENCRYPTED)[0][1] >= 2)  # one listens
        assert bus.outbox.database.rows(ENCRYPTED)[0][0]


# ---- service and password files -------------------------------------------------------------------------------------


@pytest.fixture
def service(server, tmp_path, monkeypatch):
    """A service file that names a database, and a password file for it."""
    there = server.create("by_service")
    host, port = there.partition("@")[2].partition("/")[0].split(":")
    (tmp_path / "services.conf").write_text(f"[events]\nhost={host}\nport={port}\ndbname=by_service\nuser=pulp\n")
    passwords = tmp_path / "passwords"
    passwords.write_text(f"{host}:{port}:by_service:pulp:pw\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services.conf"))
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    yield passwords
    server.drop("by_service")


def test_a_service_file_says_where_and_a_password_file_opens(service):
    address = make("postgresql:///?service=events")
    assert address.shown == "PostgreSQL at service events"
    database = Database(address)
    assert database.rows("SELECT current_database()::text, current_user::text") == [("by_service", "pulp")]
    database.close()


def test_a_password_file_is_not_asked_where_settings_have_one(service):
    service.write_text("*:*:*:*:wrong\n")
    Database(make("postgresql:///?service=events", "pw")).close()
    with pytest.raises(StoreError, match="PostgreSQL at service events refused the login") as caught:
        Database(make("postgresql:///?service=events"))
    assert "wrong" not in str(caught.value).replace("retrieved from file", "")


def test_a_password_file_that_others_may_read_is_not_used_and_a_service_that_is_not_there_is_named(service):
    service.chmod(0o644)
    with pytest.raises(StoreError, match="refused the login"):
        Database(make("postgresql:///?service=events"))
    with pytest.raises(StoreError, match='"nowhere" not found'):
        Database(make("postgresql:///?service=nowhere"))


def test_a_password_file_in_the_home_folder_is_found(server, tmp_path):
    there = server.create("by_home")
    passwords = Path(tmp_path / ".pgpass")
    passwords.write_text(f"127.0.0.1:{server.port}:*:pulp:pw\n")
    passwords.chmod(0o600)
    Database(make(there)).close()
    server.drop("by_home")
