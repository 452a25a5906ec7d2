"""`[untrusted]`: what listeners of untrusted authors may do."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events.fields import Words


def _network(text: str) -> None:
    from pulp_events.networks import parse_entry  # which imports ipaddress

    try:
        parse_entry(text)
    except ValueError:
        raise ValidationError("Must be public, any, or networks such as 203.0.113.0/24, separated by commas.") from None


def _rate(text: str) -> None:
    from pulp_events.outbox.rate import Rate  # not needed by most starts

    try:
        Rate.of(text)
    except ValueError as error:
        raise ValidationError(f"{error}.") from None


class UntrustedSettings(Schema):
    """`[untrusted]`"""

    notifier_types = Words(
        fields.String(),
        load_default=lambda: ["http"],
        metadata={
            "help": "notifier types that their listeners may have; only types that hold connections to networks, or "
            "connect only as server.conf says. With email they may send mail to anybody, with amqp publish with the "
            "broker's account"
        },
    )
    networks = Words(
        fields.String(validate=_network),
        load_default=lambda: ["public"],
        validate=validate.Length(min=1, error="Name at least one network, or public."),
        metadata={
            "help": "networks that their listeners may send to, beside what the notifier's own section allows: public, "
            "any (all but link-local and cloud metadata addresses), or networks such as 10.1.0.0/16, separated by "
            "commas"
        },
    )
    max_listeners = fields.Integer(
        load_default=10,
        validate=validate.Range(1, 100_000),
        metadata={"help": "how many listeners each untrusted author may have"},
    )
    max_targets = fields.Integer(
        load_default=10,
        validate=validate.Range(1, 10_000),
        metadata={"help": "how many targets, such as mail addresses, each of their listeners may have"},
    )
    rate = fields.String(
        load_default="60/m",
        validate=_rate,
        metadata={"help": "maximum rate of attempts for each of their listeners, such as 60/m, whatever its own says"},
    )
