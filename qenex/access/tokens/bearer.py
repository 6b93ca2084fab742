"""Who shows an access token."""

from typing import NamedTuple

from django.contrib.auth.models import User

from qenex.access.models import TokenFamily
from qenex.access.tokens import jose
from qenex.access.tokens.claims import Claims, Kind
from qenex.access.tokens.errors import TokenEnded
from qenex.access.tokens.families import mark
from qenex.kernel import clock

METHOD = "jwt"
"""How the actor of what such a request does was known, as events have it."""


class Bearer(NamedTuple):
    """The user behind an access token, and what it says."""

    user: User
    claims: Claims

    @property
    def key_id(self) -> str:
        """What events know the sign-in by."""
        return str(self.claims.family)


def bearer(token: str) -> Bearer:
    """Who shows the token: its signature and claims count now, its family is open and its user may sign in. One query.

    Raises TokenInvalid, TokenExpired and TokenEnded.
    """
    claims = jose.read(token, Kind.ACCESS)
    family = TokenFamily.objects.select_related("user").filter(pk=claims.family, user=claims.user).first()
    if family is None or not family.is_live(clock.now(), mark(family.user)):
        raise TokenEnded
    return Bearer(family.user, claims)
