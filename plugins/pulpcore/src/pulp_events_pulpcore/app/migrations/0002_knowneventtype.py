from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="KnownEventType",
            fields=[
                ("name", models.TextField(primary_key=True, serialize=False)),
                ("document", models.TextField()),
                ("last_seen", models.DateTimeField()),
            ],
        ),
    ]
