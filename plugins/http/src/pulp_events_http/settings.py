"""The section [http] of server.conf: what holds for all HTTP listeners."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from pulp_events.fields import Duration, Words
from pulp_events_http.config import check_path, refusing

# These two need ipaddress, which takes as long to import as the rest of this plugin: only where the settings name any.


def _network(text: str) -> None:
    from pulp_events.networks import parse_entry

    parse_entry(text)


def _proxy(text: str) -> None:
    from pulp_events_http.proxies import check_proxy

    check_proxy(text)


def _past_proxy(text: str) -> None:
    from pulp_events_http.no_proxy import check_entry

    check_entry(text)


class Hosts(Words):
    """Words that white space may separate too, as in NO_PROXY."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, str):
            value = ",".join(value.split())
        return super()._deserialize(value, attr, data, **kwargs)


class HttpSettings(Schema):
    """Section [http] of server.conf."""

    timeout = Duration(
        load_default=15.0,
        minimum=0.1,
        metadata={"help": "time limit for a whole request: connecting, sending, and reading the complete answer"},
    )
    connect_timeout = Duration(
        load_default=10.0,
        minimum=0.1,
        metadata={"help": "time limit for connecting, including proxy and TLS; never more than timeout"},
    )
    read_timeout = Duration(
        load_default=None,
        minimum=0.1,
        metadata={"help": "how long a receiver may be silent; never more than timeout, which is the default"},
    )
    networks = Words(
        fields.String(validate=refusing(_network)),
        load_default=lambda: ["any"],
        validate=validate.Length(min=1, error="Name at least one network, or any."),
        metadata={
            "help": "networks that listeners may send to: any (all but link-local and cloud metadata addresses), "
            "public, or networks such as 10.1.0.0/16, separated by commas"
        },
    )
    proxy = fields.String(
        load_default="environment",
        validate=refusing(_proxy),
        metadata={
            "help": "URL of the proxy for all requests (http, https, socks5, socks5h, socks4, socks4a); environment: "
            "as set by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; none: no proxy"
        },
    )
    no_proxy = Hosts(
        fields.String(validate=refusing(_past_proxy)),
        load_default=list,
        metadata={
            "help": "hosts, domains and networks that are reached without the proxy, separated by commas or spaces"
        },
    )
    ca_path = fields.String(
        load_default=None,
        validate=check_path,
        metadata={
            "help": "absolute path of a file or directory of CA certificates to trust if a listener names none; "
            "default: the system's",
            "names_file": True,
        },
    )
    proxy_ca_path = fields.String(
        load_default=None,
        validate=check_path,
        metadata={
            "help": "absolute path of a file or directory of CA certificates to trust for an https proxy; "
            "default: the system's",
            "names_file": True,
        },
    )
