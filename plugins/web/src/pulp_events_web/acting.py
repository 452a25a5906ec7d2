"""`Acting`: the event bus in the name of one principal; what his role does not allow is refused."""

from __future__ import annotations

from pulp_events import EventBus, EventsError
from pulp_events.listeners.listeners import Listeners
from pulp_events_web.principal import Principal, Role


class Forbidden(EventsError):
    """The role of a principal does not allow it; the text says which one does."""


class Acting:
    """What views use, all of them: of the API, of Pulp 2's routes and of the console. Never `bus` past it."""

    def __init__(self, bus: EventBus, principal: Principal) -> None:
        self._bus = bus
        self.principal = principal

    def require(self, role: Role) -> None:
        """Raise Forbidden if this role, or a higher one, is not the principal's."""
        if self.principal.role < role:
            raise Forbidden(f"{self.principal.name} has the role {self.principal.role}; this needs the role {role}")

    @property
    def reading(self) -> EventBus:
        """The bus, only to be asked: a viewer may. Raises Forbidden."""
        self.require(Role.VIEWER)
        return self._bus

    @property
    def operating(self) -> EventBus:
        """The bus, to test, retry and emit: an operator may; no configuration is changed. Raises Forbidden."""
        self.require(Role.OPERATOR)
        return self._bus

    @property
    def operated(self) -> Listeners:
        """The listeners, to mute, enable and disable them, whoever made them. Raises Forbidden."""
        self.require(Role.OPERATOR)
        return self._bus.listeners.by(self.principal.said)

    @property
    def written(self) -> Listeners:
        """The listeners, to be created, changed and deleted by the principal as an author. Raises Forbidden."""
        self.require(Role.ADMIN)
        return self._bus.listeners.by(self.principal.author)
