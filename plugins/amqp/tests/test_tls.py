"""TLS to the broker."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from pulp_events import TransientFailure
from pulp_events_amqp.settings import MessagingSettings
from pulp_events_amqp.testing import AmqpBroker


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Paths of PEM files: a CA, the broker's certificate and key, a certificate for another host, a client's."""
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    paths = {"ca": str(folder / "ca.pem"), "other_ca": str(folder / "other-ca.pem")}
    ca.cert_pem.write_to_path(paths["ca"])
    trustme.CA().cert_pem.write_to_path(paths["other_ca"])
    for name, host in (("server", "localhost"), ("stranger", "broker.example.com"), ("client", "pulp@example.com")):
        issued = ca.issue_cert(host)
        paths[name] = str(folder / f"{name}.pem")
        paths[f"{name}_cert"] = str(folder / f"{name}-cert.pem")
        paths[f"{name}_key"] = str(folder / f"{name}-key.pem")
        issued.private_key_and_cert_chain_pem.write_to_path(paths[name])
        issued.cert_chain_pems[0].write_to_path(paths[f"{name}_cert"])
        issued.private_key_pem.write_to_path(paths[f"{name}_key"])
    return paths


def test_events_travel_over_tls(files, make_delivery, open_channel) -> None:
    with AmqpBroker(certificate=files["server"]) as broker:
        channel = open_channel(broker.url, cacert=files["ca"])
        report = b'{"payload": "%s"}' % (b"x" * 300_000)
        outcomes = list(channel.send_batch([make_delivery(number, report=report) for number in range(10)]))
        assert len(outcomes) == 10 and all(failure is None for _, failure in outcomes)
        assert broker.wait_for(10)[-1].body == report


def test_pulps_ssl_url_is_the_same(files, make_delivery, open_channel) -> None:
    with AmqpBroker(certificate=files["server"]) as broker:
        open_channel(f"ssl://localhost:{broker.port}", cacert=files["ca"]).send(make_delivery())
        assert len(broker.wait_for(1)) == 1


def test_a_password_travels_over_tls(files, make_delivery, open_channel) -> None:
    with AmqpBroker(certificate=files["server"], users={"pulp": "s3cret"}) as broker:
        open_channel(broker.url, cacert=files["ca"], username="pulp", password="s3cret").send(make_delivery())
        assert broker.authentications == [("PLAIN", "pulp")]


def test_a_broker_of_another_ca_is_not_trusted(files, open_channel) -> None:
    with AmqpBroker(certificate=files["server"]) as broker:
        for settings in ({"cacert": files["other_ca"]}, {}):
            with pytest.raises(TransientFailure, match=r"not trusted.*cacert"):
                open_channel(broker.url, **settings)


def test_a_broker_with_another_hosts_certificate_is_not_trusted(files, open_channel) -> None:
    with (
        AmqpBroker(certificate=files["stranger"]) as broker,
        pytest.raises(TransientFailure, match=r"not trusted.*[Hh]ostname"),
    ):
        open_channel(broker.url, cacert=files["ca"])


@pytest.mark.parametrize("separate_key", [False, True])
def test_a_client_certificate_authenticates(separate_key, files, make_delivery, open_channel) -> None:
    mine = (
        {"clientcert": files["client_cert"], "clientkey": files["client_key"]}
        if separate_key
        else {"clientcert": files["client"]}
    )
    with AmqpBroker(certificate=files["server"], client_ca=files["ca"]) as broker:
        open_channel(broker.url, cacert=files["ca"], **mine).send(make_delivery())
        assert broker.authentications == [("EXTERNAL", "")]


def test_a_broker_that_wants_a_client_certificate_refuses_us_without_one(files, open_channel) -> None:
    with (
        AmqpBroker(certificate=files["server"], client_ca=files["ca"]) as broker,
        pytest.raises(TransientFailure, match="certificate") as caught,
    ):
        open_channel(broker.url, cacert=files["ca"])
    assert caught.value.credentials


def test_tls_to_a_port_without_it_says_so(broker, open_channel) -> None:
    with pytest.raises(TransientFailure, match="TLS"):
        open_channel(f"amqps://localhost:{broker.port}", timeout="500ms")


@pytest.mark.parametrize("key", ["cacert", "clientcert"])
def test_a_file_that_is_not_there_is_named(key, open_channel, files) -> None:
    settings = {"cacert": files["ca"], key: "/nowhere/file.pem"}
    with pytest.raises(TransientFailure, match=rf"/nowhere/file\.pem cannot be used: No such file.*{key}"):
        open_channel("amqps://localhost:1", **settings)


@pytest.mark.parametrize("key", ["cacert", "clientcert"])
def test_a_file_that_has_changed_makes_another_connection(key, files, tmp_path, make_delivery, open_channel) -> None:
    """The dispatcher opens another channel then (`names_file`), which must not be on the old connection."""
    assert MessagingSettings().fields[key].metadata["names_file"]
    settings = {"cacert": str(tmp_path / "ca.pem"), "clientcert": str(tmp_path / "client.pem")}
    for name in ("ca", "client"):
        (tmp_path / f"{name}.pem").write_bytes(Path(files[name]).read_bytes())
    with AmqpBroker(certificate=files["server"], client_ca=files["ca"]) as broker:
        channels = [open_channel(broker.url, **settings) for _ in range(2)]
        assert channels[0]._engine is channels[1]._engine
        Path(settings[key]).write_bytes(Path(settings[key]).read_bytes() + b"\n")
        another = open_channel(broker.url, **settings)
        assert another._engine is not channels[0]._engine
        for channel in (*channels, another):
            channel.send(make_delivery())
