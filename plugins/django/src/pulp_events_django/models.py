"""Models without tables: what permissions and pages of the admin are for."""

from django.db import models


class Listener(models.Model):
    """A listener of the event bus. Who may change it may enable, disable, mute and test it."""

    class Meta:
        managed = False
        default_permissions = ("view", "change")


class Delivery(models.Model):
    """A delivery. Who may change it may retry it."""

    class Meta:
        managed = False
        default_permissions = ("view", "change")
        verbose_name_plural = "deliveries"
