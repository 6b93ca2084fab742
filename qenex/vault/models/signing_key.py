"""Signing keys with versions."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from qenex.kernel import clock
from qenex.kernel.ids import uuid7


class SigningKey(models.Model):
    """A key pair of a purpose. It signs from `not_before` until the next version does, and is published to `not_after`.

    The private half is wrapped under a key-encryption key, or stays in the HSM under `label`.
    """

    kept = True
    audited = True

    class State(models.TextChoices):
        """Where a key stands at some moment; it follows from the moments alone."""

        NEXT = "next", _("published, does not sign yet")
        ACTIVE = "active", _("signs")
        RETIRED = "retired", _("published, signs no more")
        ENDED = "ended", _("no longer published")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(_("purpose"), max_length=30)
    version = models.PositiveIntegerField(_("version"))
    kid = models.CharField(_("key id"), max_length=60, unique=True)
    algorithm = models.CharField(_("algorithm"), max_length=5, choices=[("EdDSA", "Ed25519"), ("ES256", "ECDSA P-256")])
    public = models.BinaryField(_("public key"), help_text=_("SubjectPublicKeyInfo, DER."))
    kek_id = models.CharField(_("wrapped under"), max_length=60)
    kek_version = models.PositiveIntegerField(_("wrapped under version"), null=True)
    wrapped = models.BinaryField(_("wrapped private key"), null=True, help_text=_("None where the HSM keeps it."))
    label = models.CharField(_("label"), max_length=60)
    created_at = models.DateTimeField(_("created at"))
    not_before = models.DateTimeField(_("signs from"))
    retired_at = models.DateTimeField(_("signs until"), null=True)
    not_after = models.DateTimeField(_("published until"), null=True)

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        constraints = [
            models.UniqueConstraint(fields=("purpose", "version"), name="signing_key_version_once"),
            models.UniqueConstraint(
                fields=("purpose",), name="signing_key_one_without_successor", condition=Q(retired_at=None)
            ),
            models.CheckConstraint(
                condition=Q(not_after=None) | Q(not_after__gte=F("retired_at")), name="signing_key_published_while_used"
            ),
        ]

    def __str__(self) -> str:
        return self.kid

    @property
    def state(self) -> State:
        """Where the key stands now."""
        now = clock.now()
        if self.not_after is not None and self.not_after <= now:
            return self.State.ENDED
        if self.retired_at is not None and self.retired_at <= now:
            return self.State.RETIRED
        return self.State.ACTIVE if self.not_before <= now else self.State.NEXT
