"""A Django project in a folder: `shop`, whose views place orders."""

import json
import os
import subprocess
import sys
import textwrap

SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).parent
SECRET_KEY = "not secret"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
ROOT_URLCONF = "urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "pulp_events_django", "shop",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
    "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                           "django.contrib.messages.context_processors.messages"]}}]
"""

FILES = {
    "urls.py": """
        from django.contrib import admin
        from django.urls import path
        from shop.views import orders
        urlpatterns = [path("admin/", admin.site.urls), path("orders/<str:item>", orders)]
    """,
    "wsgi.py": """
        import os
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project_settings")
        from django.core.wsgi import get_wsgi_application
        application = get_wsgi_application()
    """,
    "manage.py": """
        import os, sys
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project_settings")
        from django.core.management import execute_from_command_line
        execute_from_command_line(sys.argv)
    """,
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models
        class Order(models.Model):
            item = models.TextField()
    """,
    "shop/migrations/__init__.py": "",
    "shop/migrations/0001_initial.py": """
        from django.db import migrations, models
        class Migration(migrations.Migration):
            operations = [migrations.CreateModel("Order", [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item", models.TextField())])]
    """,
    "shop/events.py": """
        from pathlib import Path
        from pulp_events import EventType, on
        from shop.models import Order
        EVENT_TYPES = [EventType("shop.order.placed", "a customer ordered something")]
        @on("shop.order.placed")
        def note(event):
            with open(Path(__file__).with_name("noted"), "a") as file:
                file.write(event.payload["item"] + "\\n")
    """,
    "shop/views.py": """
        from django.db import transaction
        from django.http import JsonResponse
        from pulp_events_django import emit
        from shop.models import Order
        @transaction.atomic
        def orders(request, item):
            order = Order.objects.create(item=item)
            event = emit("shop.order.placed", {"item": item, "order_id": order.pk})
            if item == "refused":
                raise ValueError("refused")
            return JsonResponse({"event_id": event.id})
    """,
}


class Project:
    """`settings`: lines of Python that the settings end with."""

    def __init__(self, folder, settings):
        self.folder = folder
        for name, text in {**FILES, "project_settings.py": SETTINGS}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        with (folder / "project_settings.py").open("a") as file:
            file.write("\n" + textwrap.dedent(settings))
        self.environment = {**os.environ, "PYTHONPATH": str(folder), "DJANGO_SETTINGS_MODULE": "project_settings"}
        self.manage("migrate", "--verbosity=0")

    def start(self, *command):
        return subprocess.Popen(
            [sys.executable, *command], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def manage(self, *words, code=0):
        """`manage.py`; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=self.folder, env=self.environment, capture_output=True,
            text=True, timeout=100,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def python(self, text):
        """What a script printed as JSON on its last line, with Django set up."""
        script = "import django, json\ndjango.setup()\n" + textwrap.dedent(text)
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            timeout=100,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None
