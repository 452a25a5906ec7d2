"""`[opentelemetry]` in server.conf."""

from __future__ import annotations

from marshmallow import Schema, fields


class OpenTelemetrySettings(Schema):
    """How traces are made."""

    sdk = fields.Boolean(
        load_default=False,
        metadata={
            "help": "set up OpenTelemetry's SDK by the environment's OTEL_… variables, in a process where nothing else "
            "has done so",
            "reloads": False,  # a process has one provider, for good
        },
    )
