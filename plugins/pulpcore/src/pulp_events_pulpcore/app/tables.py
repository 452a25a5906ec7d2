"""The tables of the outbox, made by `pulpcore-manager migrate`."""

from typing import Any

from django.db.models.signals import post_migrate


def register(app: Any) -> None:
    """Make or update them whenever the tables of this app are."""
    post_migrate.connect(_make, sender=app, dispatch_uid="pulp_events_tables")


def _make(using: str, plan: Any = (), **_: object) -> None:
    if using != "default" or any(backwards for _, backwards in plan):
        return  # `migrate events zero` leaves the outbox alone: what is pending there may still be delivered
    from pulp_events import EventBus
    from pulp_events_pulpcore.given import settings_mapping

    with EventBus.open(settings=settings_mapping(migrate=True), deliver="external") as bus:
        bus.warm_up()
