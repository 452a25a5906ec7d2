"""The table."""

from __future__ import annotations

from django.db import models


class SeenDelivery(models.Model):  # type: ignore[misc]
    """A delivery that was applied. Written by `Seen`, whose statement no query set can make."""

    sender = models.CharField(max_length=200)
    delivery_id = models.CharField(max_length=255)
    seen_at = models.FloatField(help_text="seconds since the epoch")

    class Meta:
        db_table = "pulp_events_seen"
        constraints = [models.UniqueConstraint(fields=["sender", "delivery_id"], name="pulp_events_seen_once")]
        indexes = [models.Index(fields=["seen_at"], name="pulp_events_seen_at")]
