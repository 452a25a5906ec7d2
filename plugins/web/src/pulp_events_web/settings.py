"""The section [web] of server.conf."""

from marshmallow import Schema, fields, validate

from pulp_events.fields import Words


def _network(text: str) -> None:
    from pulp_events.networks import parse_entry

    parse_entry(text)


class WebSettings(Schema):
    """How the REST API and the console are served."""

    listen = fields.String(
        load_default="127.0.0.1:8088", metadata={"help": "address and port, HOST:PORT, or unix:PATH"}
    )
    hosts = Words(
        fields.String(),
        load_default=list,
        metadata={"help": "names by which it may be called (Host); empty: those of loopback, and that of listen"},
    )
    trusted_proxies = Words(
        fields.String(validate=_network),
        load_default=list,
        metadata={"help": "networks of reverse proxies whose X-Forwarded-* and user_header count"},
    )
    user_header = fields.String(
        load_default="", metadata={"help": "header in which a trusted proxy names the user; empty: none"}
    )
    proxy_role = fields.String(
        load_default="viewer", validate=validate.OneOf(["viewer", "operator", "admin"]),
        metadata={"help": "role of users whom the proxy names"},
    )  # fmt: skip
    threads = fields.Integer(
        load_default=8,
        validate=validate.Range(2, 256),
        metadata={"help": "requests answered at the same time"},
    )
    max_body = fields.Integer(
        load_default=1048576, validate=validate.Range(1024, 67108864), metadata={"help": "octets of a request, at most"}
    )
    requests = fields.String(
        load_default="600/m", metadata={"help": "requests of one user, at most, such as 10/s or 600/m"}
    )
