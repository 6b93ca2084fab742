"""Tokens of programs: short access tokens checked by their signature, and refresh tokens that are used once."""

from qenex.access.tokens.bearer import Bearer, bearer
from qenex.access.tokens.errors import TokenEnded, TokenExpired, TokenInvalid, TokenRefused, TokenReused
from qenex.access.tokens.families import Issued, families_end, families_prune, family_end, family_refresh, family_start

__all__ = [
    "Bearer",
    "Issued",
    "TokenEnded",
    "TokenExpired",
    "TokenInvalid",
    "TokenRefused",
    "TokenReused",
    "bearer",
    "families_end",
    "families_prune",
    "family_end",
    "family_refresh",
    "family_start",
]
