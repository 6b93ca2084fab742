"""Sign-ins of programs: each is a family of tokens, of which the latest refresh token alone counts."""

from datetime import datetime
from hmac import compare_digest

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7


class TokenFamily(models.Model):
    """One sign-in: all tokens that came of it. Its id is the `sid` of each.

    No token is kept. `refresh_hash` is the SHA-256 of the one refresh token that may still be used, and `password_mark`
    that of the user's stored password, so that a new password ends what the old one began.
    """

    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="token_families", verbose_name=_("user")
    )
    method = models.CharField(_("method"), max_length=20, help_text=_("How the user was known at the sign-in."))
    address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("user agent"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"))
    refreshed_at = models.DateTimeField(_("refreshed at"), null=True)
    expires_at = models.DateTimeField(_("expires at"), help_text=_("No token of the family lives longer."))
    refresh_hash = models.BinaryField(_("hash of the refresh token"), null=True)
    password_mark = models.BinaryField(_("mark of the password"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ended_reason = models.CharField(_("reason"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("token family")
        verbose_name_plural = _("token families")
        default_permissions = ("view",)
        permissions = [("end_tokenfamily", "Can end anybody's tokens")]
        indexes = [
            models.Index("user", name="tokenfamily_open", condition=Q(ended_at=None)),
            models.Index("expires_at", name="tokenfamily_expires"),
        ]
        constraints = [
            models.UniqueConstraint("refresh_hash", name="tokenfamily_refresh_once"),
            models.CheckConstraint(
                condition=Q(refresh_hash=None) | Q(refresh_hash__length=32), name="tokenfamily_refresh_is_a_hash"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="tokenfamily_expires_later"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_reason="") | (Q(ended_at__isnull=False) & ~Q(ended_reason="")),
                name="tokenfamily_ended_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user.get_username()}, {self.created_at:%Y-%m-%d %H:%M}"

    def is_live(self, now: datetime, mark: bytes) -> bool:
        """Whether tokens of the family count at that moment; `mark` is that of the user's present password."""
        unended = self.ended_at is None and now < self.expires_at
        return unended and self.user.is_active and compare_digest(bytes(self.password_mark), mark)


models.BinaryField.register_lookup(Length)
