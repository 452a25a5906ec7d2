"""An order and its event, in one SQLAlchemy transaction: either both are there, or neither.

    pip install pulp-events-postgres pulp-events-http sqlalchemy
    python sqlalchemy_app.py /etc/pulp/server.conf postgresql+psycopg://pulp@localhost/pulp

server.conf names the same database as url in its section [storage].
"""

import sys

from sqlalchemy import create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pulp_events import EventBus, EventType


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "example_order"

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str]
    amount: Mapped[int]


def place_order(session: Session, bus: EventBus, item: str, amount: int) -> None:
    """Both rows are written by the session's commit, and by nothing else."""
    order = Order(item=item, amount=amount)
    session.add(order)
    session.flush()
    bus.emit("shop.order.placed", {"order_id": order.id, "item": item}, connection=session)
    if amount < 1:
        raise ValueError("an order is for one piece or more")


def main(config: str, url: str) -> None:
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    with EventBus.open(config, deliver="external") as bus:
        bus.event_types.register(EventType("shop.order.placed", "a customer ordered something"))
        if not bus.listeners.list():
            bus.listeners.create("http", {"url": "http://127.0.0.1:8080/orders"}, ["shop.order.placed"])

        with Session(engine) as session, session.begin():
            place_order(session, bus, "lamp", 2)
        try:
            with Session(engine) as session, session.begin():
                place_order(session, bus, "table", 0)
        except ValueError as error:
            print(f"rolled back: {error}")

        with engine.begin() as connection:  # SQLAlchemy Core works just so
            connection.execute(text("INSERT INTO example_order (item, amount) VALUES ('chair', 4)"))
            bus.emit("shop.order.placed", {"item": "chair"}, connection=connection)

        with Session(engine) as session:
            orders = session.query(Order).count()
        print(f"{orders} orders, {bus.deliveries.stats().pending} events on their way")
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
