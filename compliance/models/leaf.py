"""The leaves of the tree over all events."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Leaf(models.Model):
    """An event's place in the tree. It was given once, after the event could no longer be followed by an earlier one.

    The database refuses a position that leaves a gap, and UPDATE, DELETE and TRUNCATE.
    """

    append_only = True

    position = models.BigIntegerField(_("position"), primary_key=True, help_text=_("From 0, without gaps."))
    # No foreign key: the sealer has read the event a moment before, events are never deleted, and a probe a row costs.
    event_id = models.UUIDField(_("event"), unique=True)
    transaction = models.BigIntegerField(_("transaction"), help_text=_("That of the event; a part of what is hashed."))
    hash = models.BinaryField(_("hash"), max_length=32)

    class Meta:
        verbose_name = _("leaf")
        verbose_name_plural = _("leaves")

    def __str__(self) -> str:
        return str(self.position)


class Restoration(models.Model):
    """Where the tree goes on after the database was restored into a cluster with other transaction numbers."""

    append_only = True

    position = models.BigIntegerField(
        _("position"), primary_key=True, help_text=_("The size of the tree when it went on.")
    )
    horizon = models.BigIntegerField(
        _("horizon"), help_text=_("Of the new cluster: what was written below it has a leaf since then.")
    )
    at = models.DateTimeField(_("at"))
    reason = models.TextField(_("reason"))

    class Meta:
        verbose_name = _("restoration")
        verbose_name_plural = _("restorations")

    def __str__(self) -> str:
        return str(self.position)
