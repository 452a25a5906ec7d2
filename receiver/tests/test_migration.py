"""Django's table is what its model says, and what the statements of `Seen` need."""

import subprocess
import sys

CODE = """
import django
from django.conf import settings
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["pulp_events_receiver.seen.django"],
)
django.setup()
from django.core.management import call_command
call_command("makemigrations", "--check", "--dry-run")
call_command("check", "--fail-level", "WARNING")
"""


def test_no_migration_is_missing():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No changes detected" in done.stdout
