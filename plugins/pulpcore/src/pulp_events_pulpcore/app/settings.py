"""Defaults of this plugin's settings, which pulpcore loads before its own file."""

PULP_EVENTS: dict[str, dict[str, object]] = {}
"""Sections of server.conf → keys → values, such as `{"email": {"host": "mail.example"}}`."""
