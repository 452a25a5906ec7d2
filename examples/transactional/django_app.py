"""An order and its event, in one Django transaction: either both are there, or neither.

    pip install pulp-events-postgres pulp-events-http django
    python django_app.py /etc/pulp/server.conf pulp localhost 5432

server.conf names the same database as url in its section [storage]. The password is Django's: here, of ~/.pgpass.
"""

import sys
from typing import Any

import django
from django.conf import settings
from django.db import connection, models, transaction

from pulp_events import EventBus, EventType


def configure(database: str, host: str, port: str, user: str = "pulp") -> None:
    """What settings.py of a project has."""
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": database,
                "HOST": host,
                "PORT": port,
                "USER": user,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()


def make_model() -> Any:
    """What models.py of an application has."""

    class Order(models.Model):
        item = models.TextField()
        amount = models.IntegerField()

        class Meta:
            app_label = "shop"
            db_table = "example_django_order"

    return Order


@transaction.atomic
def place_order(orders: Any, bus: EventBus, item: str, amount: int) -> None:
    """A view would have ATOMIC_REQUESTS; `atomic` does the same here."""
    order = orders.create(item=item, amount=amount)
    bus.emit("shop.order.placed", {"order_id": order.pk, "item": item}, connection=connection)
    if amount < 1:
        raise ValueError("an order is for one piece or more")


def main(config: str, database: str, host: str, port: str) -> None:
    configure(database, host, port)
    model = make_model()
    if model._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(model)
    with EventBus.open(config, deliver="external") as bus:
        bus.event_types.register(EventType("shop.order.placed", "a customer ordered something"))
        if not bus.listeners.list():
            bus.listeners.create("http", {"url": "http://127.0.0.1:8080/orders"}, ["shop.order.placed"])

        place_order(model.objects, bus, "lamp", 2)
        try:
            place_order(model.objects, bus, "table", 0)
        except ValueError as error:
            print(f"rolled back: {error}")
        print(f"{model.objects.count()} orders, {bus.deliveries.stats().pending} events on their way")
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
