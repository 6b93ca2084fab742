"""Signed-in browsers."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7


class Method(models.TextChoices):
    """What showed, besides the password, that it is the user."""

    TOTP = "totp", _("authenticator app")
    PASSKEY = "passkey", _("passkey")
    RECOVERY = "recovery", _("recovery code")


class Ended(models.TextChoices):
    """Why a session ended."""

    SIGNED_OUT = "signed_out", _("signed out")
    IDLE = "idle", _("idle for too long")
    EXPIRED = "expired", _("open for too long")
    TOO_MANY = "too_many", _("too many at once")
    BY_USER = "by_user", _("ended by the user")
    BY_ADMINISTRATOR = "by_administrator", _("ended by an administrator")
    PASSWORD_CHANGED = "password_changed", _("the password was changed")
    FACTOR_REMOVED = "factor_removed", _("a second factor was removed")
    DEACTIVATED = "deactivated", _("the user was deactivated")


class StaffSession(models.Model):
    """One browser in which somebody has given the password; it opens nothing until it is verified."""

    audited = True
    unaudited_columns = {
        "last_seen_at": "Written once a minute while the session is used.",
        "key_hash": "Follows Django's session when that changes its key.",
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="staff_sessions", verbose_name=_("user")
    )
    key_hash = models.CharField(_("hash of the session's key"), max_length=40, unique=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("signed in at"))
    last_seen_at = models.DateTimeField(_("last seen at"), help_text=_("Written once a minute at most."))
    verified_at = models.DateTimeField(_("verified at"), null=True)
    verified_by = models.CharField(_("verified by"), max_length=10, choices=Method.choices, blank=True)
    stepped_up_at = models.DateTimeField(
        _("confirmed at"), null=True, help_text=_("When the second factor was last shown.")
    )
    password_due = models.BooleanField(
        _("must change the password"), default=False, help_text=_("Nothing else answers until it was changed.")
    )
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ended_by = models.BigIntegerField(_("ended by"), null=True, help_text=_("The id of the user who ended it."))
    ended_reason = models.CharField(_("reason"), max_length=20, choices=Ended.choices, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        permissions = [("end_staffsession", "Can end anybody's session")]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["user", "-created_at"], name="staffsession_user"),
            models.Index(fields=["-created_at", "-id"], name="staffsession_created"),
            models.Index(fields=["last_seen_at"], name="staffsession_open", condition=Q(ended_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True, verified_by="")
                | Q(verified_at__isnull=False, verified_by__in=Method.values),
                name="staffsession_verified_by",
            ),
            models.CheckConstraint(
                condition=Q(stepped_up_at__isnull=True) | Q(verified_at__isnull=False),
                name="staffsession_stepped_up_after_verified",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_reason="")
                | Q(ended_at__isnull=False, ended_reason__in=Ended.values),
                name="staffsession_ended_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.created_at:%Y-%m-%d %H:%M}"
