"""Rotations, so that one that was interrupted is continued and not begun again."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7


class Rotation(models.Model):
    """One change of the key-encryption key, with or without new data keys."""

    kept = True
    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    data = models.BooleanField(_("with new data keys"))
    kek_id = models.CharField(_("to the key"), max_length=60)
    kek_version = models.PositiveIntegerField(_("to the key's version"))
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    keys = models.PositiveBigIntegerField(_("keys wrapped again"), default=0)
    values = models.PositiveBigIntegerField(_("values sealed again"), default=0)

    class Meta:
        verbose_name = _("rotation")
        verbose_name_plural = _("rotations")
        constraints = [
            models.UniqueConstraint(models.Value(1), name="rotation_one_at_a_time", condition=Q(finished_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kek_id} {self.started_at:%Y-%m-%d}"
