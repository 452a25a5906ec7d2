"""A real Pulp 3 on loopback, for tests and the demonstration: `PulpServer`."""

from pulp_events_pulpcore.testing.database import DatabaseServer, Missing
from pulp_events_pulpcore.testing.files import FileServer
from pulp_events_pulpcore.testing.kept import start_pulp
from pulp_events_pulpcore.testing.pulp_server import PulpServer

__all__ = ["DatabaseServer", "FileServer", "Missing", "PulpServer", "start_pulp"]
