"""Apache Qpid C++ (qpidd)."""

from __future__ import annotations

from pulp_events_amqp.dialects.unknown import Unknown


class Qpid(Unknown):
    """Knows `create-on-demand`; says `amqp:precondition-failed` for an exchange of another type.

    A message that no queue is bound for is ACCEPTED. Its ACL calls the permissions by these words.
    """

    products = ("qpid-cpp",)
    publish = "publish exchange"
    create = "create exchange"
