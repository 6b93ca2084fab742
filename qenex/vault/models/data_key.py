"""Data keys: what seals values, itself wrapped under a key-encryption key."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7


class DataKey(models.Model):
    """The key of one subject and purpose in one version, wrapped; or the place where it was until it was shredded.

    The database refuses to delete a key, to change whose it is, and to bring a shredded one back.
    """

    kept = True
    audited = True

    class Use(models.TextChoices):
        """What the key does; a key never does both."""

        SEAL = "seal", _("seals values")
        INDEX = "index", _("makes blind indexes")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    use = models.CharField(_("use"), max_length=5, choices=Use)
    subject = models.CharField(
        _("subject"), max_length=150, blank=True, help_text=_("Whose data it seals; empty: one key for the purpose.")
    )
    purpose = models.CharField(_("purpose"), max_length=60)
    version = models.PositiveIntegerField(_("version"))
    kek_id = models.CharField(_("wrapped under"), max_length=60)
    kek_version = models.PositiveIntegerField(_("wrapped under version"))
    wrapped = models.BinaryField(_("wrapped key"), null=True)
    created_at = models.DateTimeField(_("created at"))
    retired_at = models.DateTimeField(_("retired at"), null=True, help_text=_("A newer version seals from then on."))
    shredded_at = models.DateTimeField(_("shredded at"), null=True)

    class Meta:
        verbose_name = _("data key")
        verbose_name_plural = _("data keys")
        constraints = [
            models.UniqueConstraint(fields=("use", "subject", "purpose", "version"), name="data_key_version_once"),
            models.UniqueConstraint(
                fields=("use", "subject", "purpose"), name="data_key_live_once", condition=Q(retired_at=None)
            ),
            models.CheckConstraint(
                condition=Q(wrapped=None, shredded_at__isnull=False) | Q(wrapped__isnull=False, shredded_at=None),
                name="data_key_wrapped_or_shredded",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="data_key_version_from_one"),
        ]
        indexes = [models.Index("kek_id", "id", name="data_key_kek", condition=Q(shredded_at=None))]

    def __str__(self) -> str:
        return f"{self.purpose} {self.subject} {self.version}"
