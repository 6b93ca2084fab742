"""Second factors: authenticator apps, passkeys and recovery codes."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin
from django_otp_webauthn.models import AbstractWebAuthnAttestation, AbstractWebAuthnCredential

from qenex.kernel.ids import uuid7
from qenex.vault.fields import EncryptedBinaryField

NEVER = -1
"""The last step of a device that has shown no code yet."""


class Algorithm(models.TextChoices):
    """The hash of RFC 6238; apps in the field know the first."""

    SHA1 = "sha1", "SHA-1"
    SHA256 = "sha256", "SHA-256"
    SHA512 = "sha512", "SHA-512"


class AuthenticatorApp(ThrottlingMixin, Device):  # type: ignore[misc]  # the package has no types
    """Somebody's authenticator app (TOTP, RFC 6238): six digits every thirty seconds."""

    audited = True
    unaudited_columns = {
        "last_step": "Counts uses; each sign-in is an event.",
        "last_used_at": "Each sign-in is an event.",
        "throttling_failure_timestamp": "Each failure is an event.",
        "throttling_failure_count": "Each failure is an event.",
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    secret = EncryptedBinaryField(_("secret"), purpose="totp", subject="user_id")
    algorithm = models.CharField(_("hash"), max_length=6, choices=Algorithm.choices, default=Algorithm.SHA1)
    last_step = models.BigIntegerField(
        _("last step"),
        default=NEVER,
        help_text=_("The time step of the last code that was accepted; none comes twice."),
    )
    created_at = models.DateTimeField(_("set up at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True)

    class Meta:
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "confirmed"], name="authenticatorapp_one_and_one_in_the_making"),
            models.CheckConstraint(condition=Q(last_step__gte=NEVER), name="authenticatorapp_last_step"),
        ]

    def get_throttle_factor(self) -> float:
        """Seconds that the first failure costs; each further one doubles it."""
        return 1.0

    def verify_token(self, token: Any) -> bool:
        """Refused: codes are checked by `qenex.access.mfa`, under a lock and with the lockout's rules."""
        return False


class Passkey(AbstractWebAuthnCredential):  # type: ignore[misc]  # the package has no types
    """A key pair in somebody's device, of which only the public half is here."""

    audited = True
    unaudited_columns = {
        "sign_count": "The device counts its uses; each sign-in is an event.",
        "last_used_at": "Each sign-in is an event.",
        "backup_state": "What the device says of itself at each use.",
    }

    class Meta:
        verbose_name = _("passkey")
        verbose_name_plural = _("passkeys")
        default_permissions = ()


class PasskeyAttestation(AbstractWebAuthnAttestation):  # type: ignore[misc]  # the package has no types
    """What a passkey's device said of itself when it was made."""

    audited = True

    credential = models.OneToOneField(Passkey, models.CASCADE, related_name="attestation", verbose_name=_("passkey"))

    class Meta:
        verbose_name = _("passkey's attestation")
        verbose_name_plural = _("passkeys' attestations")
        default_permissions = ()


class RecoveryCode(models.Model):
    """A code that opens once, for who has lost the other factors. Only its hash is here."""

    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes", verbose_name=_("user")
    )
    code_hash = models.CharField(_("hash"), max_length=64)
    created_at = models.DateTimeField(_("made at"))
    used_at = models.DateTimeField(_("used at"), null=True)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "code_hash"], name="recoverycode_once")]

    def __str__(self) -> str:
        return str(self.pk)
