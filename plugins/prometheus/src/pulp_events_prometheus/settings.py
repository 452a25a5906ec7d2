"""The section [prometheus] of server.conf."""

from marshmallow import Schema, fields, validate


class PrometheusSettings(Schema):
    """What metrics tell apart."""

    listeners = fields.Integer(
        load_default=100,
        validate=validate.Range(0, 10_000),
        metadata={"help": "listeners with series of their own; those beyond are `other`, together by notifier type"},
    )
    event_types = fields.Integer(
        load_default=200,
        validate=validate.Range(0, 1_000),
        metadata={"help": "event types with a series of their own; those beyond are `other`"},
    )
    count_emitted = fields.Boolean(
        load_default=True,
        metadata={"help": "count what this process emits, in a small file for each process in the data folder"},
    )
