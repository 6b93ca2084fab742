"""Rules for passwords beside Django's own, and the only way in which one is changed."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qenex.access import breached, sessions
from qenex.access.models import Ended, FormerPassword, Person
from qenex.kernel import clock, events
from qenex.kernel.transactions import run

KEPT = 4
"""How many of the last passwords must not come back, the present one included (PCI DSS 8.3.7)."""


class BreachedValidator:
    """Refuses what the site's file of breached passwords lists."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError for what is listed, and OSError where the file cannot be read."""
        path: str = settings.BREACHED_PASSWORDS
        if path and breached.contains(Path(path), password):
            raise ValidationError(_("This password is known from a breach of another site."), code="password_breached")

    def get_help_text(self) -> str:
        """The rule."""
        return _("Your password cannot be one that is known from a breach.")


class FormerValidator:
    """Refuses the last passwords of the user."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError for one of them."""
        if user is None or user.pk is None:
            return
        former = (
            FormerPassword.objects.filter(user_id=user.pk).order_by("-created_at").values_list("encoded", flat=True)
        )
        if any(check_password(password, encoded) for encoded in dict.fromkeys([user.password, *former[:KEPT]])):
            raise ValidationError(self.get_help_text(), code="password_former")

    def get_help_text(self) -> str:
        """The rule."""
        text = ngettext(
            "Your password cannot be the last one.", "Your password cannot be one of the last %(count)d.", KEPT
        )
        return text % {"count": KEPT}


def password_change(*, user: User, password: str, session: sessions.StaffSession | None = None) -> None:
    """Sets a user's password, by himself where his session is given, and ends all of his other sessions.

    Whoever gets a password from somebody else must change it when he has signed in. The caller has validated it.
    """
    user.set_password(password)
    user._password = None  # type: ignore[attr-defined]  # Django's own hook has nothing to do

    def command() -> None:
        FormerPassword.objects.create(user=user, encoded=user.password, created_at=clock.now())
        kept = FormerPassword.objects.filter(user=user).order_by("-created_at").values_list("pk", flat=True)[:KEPT]
        FormerPassword.objects.filter(user=user).exclude(pk__in=list(kept)).delete()
        user.save(update_fields=["password"])
        Person.objects.update_or_create(user=user, defaults={"password_due": session is None})
        if session is not None:
            session.password_due = False
            session.save(update_fields=["password_due"])
        own = None if session is None else session.pk
        sessions.end_all_in_transaction(user=user, reason=Ended.PASSWORD_CHANGED, but=own)
        events.emit(
            "access.password.changed",
            subject_type="user",
            subject_id=user.pk,
            data={"user": user.get_username(), "by": "user" if session is not None else "administrator"},
        )

    run(command)
