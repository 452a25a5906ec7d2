"""The Django app that pulpcore loads."""

from importlib import metadata

from pulpcore.plugin import PulpPluginAppConfig


class PulpEventsPluginAppConfig(PulpPluginAppConfig):
    """Registers models, REST and the places where events are emitted."""

    name = "pulp_events_pulpcore.app"
    label = "events"
    python_package_name = "pulp-events-pulpcore"
    version = metadata.version(python_package_name)
    domain_compatible = True

    def ready(self) -> None:
        super().ready()
        from pulp_events_pulpcore.app import checks, emitting, tables

        checks.register()
        tables.register(self)
        # Where pulpcore is not as this plugin knows it, Pulp works on, without events.
        if checks.fits():
            emitting.install()
