"""Failures to sign in, as django-axes' table has them, under permissions of ours."""

from axes.models import AccessAttempt
from django.utils.translation import gettext_lazy as _


class Failures(AccessAttempt):  # type: ignore[misc]  # the package has no types
    """Failures from one address with one name, or of one known browser; enough of them are a lock."""

    class Meta:
        proxy = True
        verbose_name = _("failed sign-in")
        verbose_name_plural = _("failed sign-ins")
        default_permissions = ("view",)
        permissions = [("lift_failures", "Can lift a lockout")]
