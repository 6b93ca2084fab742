"""Writing and reading signed tokens.

The package behind it is imported by the first token, not before: it reads SECRET_KEY as it is imported, and where that
is missing, `check` shall still say so.
"""

from typing import TYPE_CHECKING

from qenex.access.tokens.claims import Claims, Kind

if TYPE_CHECKING:
    from qenex.access.tokens.jwt import Signed


def write(claims: Claims, kind: Kind) -> str:
    """The signed token."""
    return _type(kind).issue(claims)


def read(text: str, kind: Kind) -> Claims:
    """The claims of a token of ours that is valid now. Raises TokenInvalid and TokenExpired."""
    return _type(kind).read(text)


def _type(kind: Kind) -> "type[Signed]":
    from qenex.access.tokens import jwt

    return jwt.Access if kind is Kind.ACCESS else jwt.Refresh
