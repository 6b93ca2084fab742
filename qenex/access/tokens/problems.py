"""The problems of signing in by token."""

from qenex.access.tokens.errors import TokenExpired, TokenRefused, TokenReused
from qenex.kernel import problems
from qenex.kernel.problems import Kind, Problem

TOKEN_EXPIRED = problems.register(
    "token_expired", 401, "The token has expired", "Exchange the refresh token for a new one, or sign in again."
)
TOKEN_REUSED = problems.register(
    "token_reused",
    401,
    "The refresh token was used before",
    "Each can be used once. Somebody may have a copy, so its sign-in has been ended: sign in again.",
)
_KINDS: dict[type[TokenRefused], Kind] = {TokenExpired: TOKEN_EXPIRED, TokenReused: TOKEN_REUSED}


def challenge(error: str | None = None, description: str = "") -> dict[str, str]:
    """The header of a 401 (RFC 6750, section 3): without an error where no token was shown."""
    if error is None:
        return {"WWW-Authenticate": "Bearer"}
    return {"WWW-Authenticate": f'Bearer error="{error}", error_description="{description}"'}


def refused(error: TokenRefused) -> Problem:
    """What is answered to whoever shows such a token."""
    kind = _KINDS.get(type(error), problems.AUTHENTICATION_FAILED)
    return Problem(kind, str(error), headers=challenge("invalid_token", str(error)))


problems.translate(TokenRefused, refused)
