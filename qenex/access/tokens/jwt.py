"""The two sorts of tokens.

simplejwt keeps their life, their id and their sort, the vault's keys sign them, and `check` looks at all other claims.
"""

from datetime import datetime
from typing import Any, ClassVar

from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from qenex.access.tokens.backend import VaultBackend
from qenex.access.tokens.claims import Claims, Kind, check
from qenex.access.tokens.errors import TokenExpired, TokenInvalid
from qenex.kernel import clock
from qenex.kernel.ids import uuid7


class Signed(Token):
    """A token of a sign-in."""

    kind: ClassVar[Kind]
    claims: Claims
    """What a token that was read says; one that was just made has none."""

    @classmethod
    def issue(cls, claims: Claims) -> str:
        """A new token that says so, signed."""
        token = cls()
        token.set_iat(at_time=claims.issued)
        token.set_exp(from_time=claims.issued, lifetime=claims.expires - claims.issued)
        token.payload.update(claims.document(cls.kind))
        return str(token)

    @classmethod
    def read(cls, text: str) -> Claims:
        """The claims of a token of ours that is valid now. Raises TokenInvalid and TokenExpired."""
        token: Any = text  # the package has a type for it that it is not
        try:
            return cls(token).claims
        except TokenError:
            raise TokenInvalid from None

    def set_jti(self) -> None:
        """Gives the token an id of its own."""
        self.payload["jti"] = str(uuid7())

    def verify(self) -> None:
        """Whether what it says counts now. Raises TokenInvalid, TokenExpired and TokenError."""
        self.claims = check(self.payload, self.kind, clock.now())
        super().verify()

    def check_exp(self, claim: str = "exp", current_time: datetime | None = None) -> None:
        """Whether its time is not over by our clock. Raises TokenExpired."""
        try:
            super().check_exp(claim, current_time or clock.now())
        except TokenError:
            raise TokenExpired from None


class Access(Signed, AccessToken):
    """What a program shows with each request."""

    kind = Kind.ACCESS
    _token_backend = VaultBackend(kind)


class Refresh(Signed, RefreshToken):  # type: ignore[misc]  # of its list of used tokens, which is not installed
    """What it gets new ones with, once."""

    kind = Kind.REFRESH
    _token_backend = VaultBackend(kind)
