"""Contexts for notifiers: what they trust, and what is said of a file that cannot be used."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import threading

import pytest
import trustme

from pulp_events import TransientFailure
from pulp_events.tls import client_context


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def files(tmp_path, authority):
    """ca.pem, cert.pem, key.pem, one.pem with both, other.pem with another's key, and what is none of them."""
    one, other = (authority.issue_cert(f"{name}.example") for name in ("one", "other"))
    chain = b"".join(blob.bytes() for blob in one.cert_chain_pems)
    for name, content in {
        "ca.pem": authority.cert_pem.bytes(),
        "cert.pem": chain,
        "key.pem": one.private_key_pem.bytes(),
        "one.pem": one.private_key_pem.bytes() + chain,
        "other.pem": other.private_key_pem.bytes(),
        "text.pem": b"hello\n",
    }.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def handshake(context, authority, name="localhost", ask=False):
    """Common names of the client's certificate as the server saw it; raises what the client got."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    if ask:
        authority.configure_trust(server)
        server.verify_mode = ssl.CERT_REQUIRED
    one, other = socket.socketpair()
    seen = []

    def serve():
        try:
            with server.wrap_socket(other, server_side=True) as made:
                seen.append(made.getpeercert())
                made.recv(1)
        except OSError:
            other.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with context.wrap_socket(one, server_hostname=name) as made:
            made.send(b".")
    finally:
        one.close()
        thread.join()
    return seen


def test_a_file_or_a_folder_of_authorities_is_trusted_and_nothing_else(files, authority, tmp_path):
    folder = tmp_path / "authorities"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(authority.cert_pem.bytes())
    subprocess.run(["openssl", "rehash", folder], check=True)
    for path in (files / "ca.pem", folder):
        handshake(client_context(str(path)), authority)
    for context, name in ((client_context(), "localhost"), (client_context(str(folder)), "other.example")):
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(context, authority, name)


def test_without_verification_whoever_answers_is_trusted(authority):
    handshake(client_context(verify=False), authority, "other.example")


def test_old_versions_are_not_spoken():
    assert client_context().minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("names", [("cert.pem", "key.pem"), ("one.pem", None)])
def test_a_client_certificate_is_shown(files, authority, names):
    cert, key = (name and str(files / name) for name in names)
    assert handshake(client_context(str(files / "ca.pem"), cert, key), authority, ask=True)[0]


@pytest.mark.parametrize(
    ("ca", "cert", "key", "text"),
    [
        ("none.pem", None, None, "the CA certificates in CA cannot be used: No such file or directory"),
        ("text.pem", None, None, "the CA certificates in CA cannot be used: it holds no CA certificates in PEM form"),
        (None, "none.pem", None, "the client certificate CERT cannot be used: No such file or directory"),
        (None, "cert.pem", "none.pem", "the client certificate CERT with the key KEY cannot be used: No such file"),
        (None, "text.pem", "key.pem", "CERT with the key KEY cannot be used: not in PEM form"),
        (None, "cert.pem", "other.pem", "CERT with the key KEY cannot be used: the key does not match it"),
        (None, "cert.pem", "locked.pem", "the key is encrypted; store it without a passphrase"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(files, ca, cert, key, text):
    if key == "locked.pem":
        command = ["openssl", "pkey", "-in", files / "key.pem", "-aes256", "-passout", "pass:x", "-out", files / key]
        subprocess.run(command, check=True)
    ca, cert, key = (name and str(files / name) for name in (ca, cert, key))
    text = text.replace("CA cannot", f"{ca} cannot").replace("CERT", str(cert)).replace("KEY", str(key))
    with pytest.raises(TransientFailure, match=re.escape(text)):
        client_context(ca, cert, key)
