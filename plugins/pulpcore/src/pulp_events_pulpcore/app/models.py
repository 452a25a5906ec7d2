"""The models: listeners, their version and their history; event types of applications."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from pulpcore.plugin.models import AutoAddObjPermsMixin, BaseModel, EncryptedTextField


class EventListener(BaseModel, AutoAddObjPermsMixin):
    """A listener's record, whole and encrypted in `record`; the other columns are there to be searched and filtered.

    Written by `PulpListenerStore` only: a change made otherwise has no history, and no version that others would see.
    """

    listener_id = models.CharField(max_length=24, unique=True)
    """24 hex digits, as `pulp-admin` shows it."""
    position = models.BigIntegerField(unique=True)
    """Listeners in the order of their creation."""
    name = models.TextField(null=True, db_index=True)
    notifier_type_id = models.TextField(db_index=True)
    event_types = ArrayField(models.TextField(), default=list)
    enabled = models.BooleanField(default=True)
    record = EncryptedTextField()
    """JSON, with the secrets."""
    pulp_domain = models.ForeignKey("core.Domain", null=True, on_delete=models.PROTECT)
    """Whose events it gets; null: every domain's, or those of a scope that is no domain."""

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        permissions = [
            ("manage_roles_eventlistener", "Can manage role assignments on event listeners"),
            ("test_eventlistener", "Can send a test event to an event listener"),
            ("mute_eventlistener", "Can mute and unmute an event listener"),
            ("retry_eventlistener", "Can retry deliveries of an event listener"),
        ]


class ListenerVersion(models.Model):
    """One row, whose key is 1: a number that differs after every change of any listener."""

    version = models.BigIntegerField(default=0)


class ListenerChange(models.Model):
    """The history of listeners: who changed what, when."""

    time = models.DateTimeField(db_index=True)
    listener_id = models.CharField(max_length=24, db_index=True)
    change = EncryptedTextField()
    """JSON; secrets are masked in it already."""


class KnownEventType(models.Model):
    """An event type of an application beside Pulp, for programs that do not have it: see
    `pulp_events.events.remembered`."""

    name = models.TextField(primary_key=True)
    document = models.TextField()
    """JSON: the type, and who told of it last."""
    last_seen = models.DateTimeField()
    """When that was."""
