"""What a token says, and whether that counts at a moment (RFC 7519, RFC 9068).

A token also says how and when its person was known (`acr`, `amr`, `auth_time`); one that does not is refused.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from qenex.access.tokens.errors import TokenInvalid

PURPOSE = "tokens"
"""That of the vault's keys that sign them."""
MAX_LENGTH = 2_048
"""Characters of a token that is looked at."""
LEEWAY = 5
"""Seconds by which the clocks of our machines may differ: for `nbf` and `iat`, and never for `exp`."""
NAMES = frozenset({"iss", "aud", "sub", "sid", "jti", "token_type", "iat", "nbf", "exp", "auth_time", "acr", "amr"})


class Kind(Enum):
    """The two sorts of tokens, by the `typ` of their header."""

    ACCESS = "at+jwt"
    REFRESH = "refresh+jwt"

    @property
    def audience(self) -> str:
        """Who may accept it: refresh tokens are for the issuer alone."""
        return str(settings.TOKEN_AUDIENCE if self is Kind.ACCESS else settings.TOKEN_ISSUER)


class Strength(Enum):
    """How the person of a sign-in was known, by the `acr` of its tokens."""

    TWO_FACTORS = "urn:qenex:acr:two-factors"
    """A password, and a code of an app or a recovery code."""
    OPERATOR = "urn:qenex:acr:operator"
    """Somebody with a shell on the machine vouches for it."""

    @property
    def methods(self) -> list[str]:
        """The authentication methods (RFC 8176)."""
        return ["pwd", "otp", "mfa"] if self is Strength.TWO_FACTORS else []


class Claims(NamedTuple):
    """The claims that differ from token to token."""

    user: int
    family: UUID
    issued: datetime
    expires: datetime
    authenticated: datetime
    """When the person was known, however often tokens were refreshed since."""
    strength: Strength

    def document(self, kind: Kind) -> dict[str, Any]:
        """What is signed beside the token's id, its sort and its life; moments are whole seconds."""
        return {
            "iss": settings.TOKEN_ISSUER,
            "aud": kind.audience,
            "sub": str(self.user),
            "sid": str(self.family),
            "nbf": int(self.issued.timestamp()),
            "auth_time": int(self.authenticated.timestamp()),
            "acr": self.strength.value,
            "amr": self.strength.methods,
        }


def check(document: Any, kind: Kind, now: datetime) -> Claims:
    """The claims of a token of this kind whose signature was good; whether its time is over is not looked at.

    Raises TokenInvalid.
    """
    if not isinstance(document, Mapping) or document.keys() != NAMES:
        raise TokenInvalid
    if document["iss"] != settings.TOKEN_ISSUER or document["aud"] != kind.audience:
        raise TokenInvalid
    issued, begins, ends = (_seconds(document[name]) for name in ("iat", "nbf", "exp"))
    present = now.timestamp()
    known = _seconds(document["auth_time"])
    if max(issued, begins, known) > present + LEEWAY:
        raise TokenInvalid
    strength = _strength(document["acr"], document["amr"])
    _id(document["jti"])
    return Claims(
        _user(document["sub"]), _id(document["sid"]), _moment(issued), _moment(ends), _moment(known), strength
    )


def _seconds(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**33:
        raise TokenInvalid
    return value


def _strength(acr: Any, amr: Any) -> Strength:
    for strength in Strength:
        if acr == strength.value and amr == strength.methods:
            return strength
    raise TokenInvalid


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _user(value: Any) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 18:
        raise TokenInvalid
    return int(value)


def _id(value: Any) -> UUID:
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise TokenInvalid from None
