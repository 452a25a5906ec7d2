"""`manage.py pulp_events …`: `pulp-admin event …` with the project's settings."""

import os
import sys

from django.core.management.base import BaseCommand

from pulp_events_django.environment import SET_UP
from pulp_events_django.project_bus import event_modules


class Command(BaseCommand):
    """Every subcommand and option is that of `pulp-admin event`."""

    help = (
        "pulp-admin event … with the settings of this project, such as: pulp_events worker; pulp_events listener list"
    )
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """All options are those of `pulp-admin`, not Django's."""
        from pulp_events_cli.main import main

        os.environ[SET_UP] = "1"
        words = argv[2:]
        if words[:1] == ["worker"] and words[1:2] != ["list"]:
            named = [name for name in event_modules() if name not in words]
            words = ["worker", *(word for name in named for word in ("--import", name)), *words[1:]]
        sys.exit(main(["event", *words]))

    def handle(self, *arguments: str, **options: object) -> None:
        """By `call_command`: the same words."""
        self.run_from_argv(["manage.py", "pulp_events", *arguments])
