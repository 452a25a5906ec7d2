"""What processes of a project tell one another."""

SET_UP = "PULP_EVENTS_DJANGO"
"""A variable that `manage.py pulp_events` sets: its processes, as those of `worker --processes`, set Django up, too."""
