"""The section [web] of server.conf."""

import re

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events.fields import Duration, Words


def _network(text: str) -> None:
    from ipaddress import ip_network

    if text == "unix":
        return
    try:
        ip_network(text, strict=False)
    except ValueError as error:
        raise ValidationError(f"{error}; write an address, a network such as 10.0.0.0/8, or unix.") from None


def _address(text: str) -> None:
    from pulp_events_web.access.listening import parse

    try:
        parse(text)
    except ValueError as error:
        raise ValidationError(f"{error}.") from None


def _host(text: str) -> None:
    from pulp_events_web.access.hosts import name_in

    if name_in(text) is None:
        raise ValidationError(f"{text!r} is no host; write a name such as pulp.example, without https:// and path.")


def _rate(text: str) -> None:
    if not re.fullmatch(r"[1-9]\d{0,8}/[smhd]", text.strip()):
        raise ValidationError("Write a number of requests and s, m, h or d, such as 10/s or 600/m.")


class WebSettings(Schema):
    """How the REST API and the console are served."""

    listen = fields.String(
        load_default="127.0.0.1:8088",
        validate=_address,
        metadata={"help": "address and port, HOST:PORT, or unix:PATH"},
    )
    hosts = Words(
        fields.String(validate=_host),
        load_default=list,
        metadata={
            "help": "names by which it may be called (Host); empty: those of loopback, that of listen, IP addresses"
        },
    )
    trusted_proxies = Words(
        fields.String(validate=_network),
        load_default=list,
        metadata={
            "help": "networks of reverse proxies whose X-Forwarded-* and user_header count; unix: who opens the socket"
        },
    )
    user_header = fields.String(
        load_default="",
        validate=validate.Regexp(r"([A-Za-z][A-Za-z0-9-]*)?$", error="Write a header's name, such as X-Remote-User."),
        metadata={"help": "header in which a trusted proxy names the user; empty: none"},
    )
    proxy_role = fields.String(
        load_default="viewer", validate=validate.OneOf(["viewer", "operator", "admin"]),
        metadata={"help": "role of users whom the proxy names"},
    )  # fmt: skip
    session = Duration(
        load_default=28800.0, minimum=60, metadata={"help": "how long a login at the console holds, at most"}
    )
    threads = fields.Integer(
        load_default=8,
        validate=validate.Range(2, 256),
        metadata={"help": "requests answered at the same time"},
    )
    request_timeout = Duration(
        load_default=30.0, minimum=1, metadata={"help": "how long a client may take to send a request, and be idle"}
    )
    max_body = fields.Integer(
        load_default=1048576, validate=validate.Range(1024, 67108864), metadata={"help": "octets of a request, at most"}
    )
    requests = fields.String(
        load_default="600/m",
        validate=_rate,
        metadata={"help": "requests of one user, at most, such as 10/s or 600/m"},
    )
