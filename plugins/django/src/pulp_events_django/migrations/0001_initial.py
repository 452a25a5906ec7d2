"""The models have no tables; this is for their permissions."""

from django.db import migrations, models

KEY = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
OPTIONS = {"managed": False, "default_permissions": ("view", "change")}


class Migration(migrations.Migration):
    """Two models."""

    initial = True
    operations = [
        migrations.CreateModel("Listener", [KEY], OPTIONS),
        migrations.CreateModel("Delivery", [KEY], {**OPTIONS, "verbose_name_plural": "deliveries"}),
    ]
