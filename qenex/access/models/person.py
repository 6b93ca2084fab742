"""What is known of a user beyond Django's own table."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7


class Person(models.Model):
    """What a user still has to do, and since when he counts as active."""

    audited = True

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="person")
    password_due = models.BooleanField(
        _("must change the password"), default=False, help_text=_("Somebody else has set it.")
    )
    active_since = models.DateTimeField(
        _("active since"), null=True, help_text=_("When the user was last made active by an administrator.")
    )

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user_id)


class FormerPassword(models.Model):
    """A hash of a password that must not come back yet."""

    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="former_passwords")
    encoded = models.CharField(_("hash"), max_length=128)
    created_at = models.DateTimeField(_("set at"))

    class Meta:
        verbose_name = _("former password")
        verbose_name_plural = _("former passwords")
        default_permissions = ()
        indexes = [models.Index(fields=["user", "-created_at"], name="formerpassword_user")]

    def __str__(self) -> str:
        return str(self.pk)
