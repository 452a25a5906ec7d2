"""A Pulp 3 server emits events. Importing this package is cheap: Django and pulpcore are imported by `app`."""

default_app_config = "pulp_events_pulpcore.app.PulpEventsPluginAppConfig"
"""Where pulpcore finds the Django app (entry point `pulpcore.plugin`)."""
