"""Counts what was synced, in Django, whose project this file is: python django_receiver.py migrate, then … runserver.

WEBHOOK_SECRET and DATABASE (a file of SQLite) are in the environment.
"""

import os
import sys

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from pulp_events_receiver import Rejected, Verifier, read_http
from pulp_events_receiver.seen.django import Seen

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}},
    INSTALLED_APPS=["pulp_events_receiver.seen.django"],  # its migration makes the table
    ROOT_URLCONF=__name__,
)
django.setup()

verifier, seen = Verifier(os.environ["WEBHOOK_SECRET"].split()), Seen()


def count(repo: str, added: int) -> None:
    with connection.cursor() as cursor:  # in a project of more than a file: a model
        cursor.execute("CREATE TABLE IF NOT EXISTS synced (repo TEXT PRIMARY KEY, units INTEGER NOT NULL)")
        cursor.execute(
            "INSERT INTO synced VALUES (%s, %s) ON CONFLICT (repo) DO UPDATE SET units = synced.units + excluded.units",
            (repo, added),
        )


@csrf_exempt  # the signature says who sent it
@require_POST
def hook(request: HttpRequest) -> HttpResponse:
    try:
        received = read_http(request.headers, request.body, verifier)
    except Rejected as error:
        return JsonResponse({"error": str(error)}, status=error.status)
    with transaction.atomic():
        if seen.first(connection, received.delivery_id) and not received.is_test:
            match received.payload:  # what has no count is not counted: it is the same in each attempt
                case {"repo_id": str(repo), "added_count": int(added)} if repo.isprintable() and 0 <= added < 2**31:
                    count(repo, added)
    return HttpResponse(status=204)


urlpatterns = [path("hook", hook)]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
