"""How far each reader of the event log has come."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Cursor(models.Model):
    """The last event that a reader has finished with, in the order of (transaction, id)."""

    not_audited = "How far readers of the log have come."

    name = models.CharField(_("reader"), primary_key=True, max_length=80)
    transaction = models.BigIntegerField(_("transaction"))
    event_id = models.UUIDField(_("event"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("cursor")
        verbose_name_plural = _("cursors")

    def __str__(self) -> str:
        return self.name
