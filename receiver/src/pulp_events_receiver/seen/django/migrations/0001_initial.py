"""The table as it was first released."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):  # type: ignore[misc]
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.CreateModel(
            name="SeenDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sender", models.CharField(max_length=200)),
                ("delivery_id", models.CharField(max_length=255)),
                ("seen_at", models.FloatField(help_text="seconds since the epoch")),
            ],
            options={
                "db_table": "pulp_events_seen",
                "constraints": [
                    models.UniqueConstraint(fields=["sender", "delivery_id"], name="pulp_events_seen_once")
                ],
                "indexes": [models.Index(fields=["seen_at"], name="pulp_events_seen_at")],
            },
        )
    ]
