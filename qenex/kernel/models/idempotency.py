"""Answers kept so that a repeated request gets the first answer again."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7


class IdempotencyKey(models.Model):
    """A client's key with the fingerprint of its request and the answer, written in the command's own transaction."""

    not_audited = "Answers that are kept for 30 days, each written by the command that it answers."

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    actor = models.CharField(_("actor"), max_length=150)
    key = models.CharField(_("key"), max_length=255)
    fingerprint = models.BinaryField(_("fingerprint"), help_text=_("SHA-256 of method, path and body."))
    status = models.PositiveSmallIntegerField(_("status"))
    body = models.BinaryField(_("body"))
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="idempotency_key_once")]
        indexes = [models.Index("created_at", name="idempotency_created")]

    def __str__(self) -> str:
        return self.key
