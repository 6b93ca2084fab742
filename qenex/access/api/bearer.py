"""`Authorization: Bearer <access token>` (RFC 6750)."""

from django.contrib.auth.models import User
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from qenex.access.tokens import Bearer, TokenInvalid, bearer
from qenex.access.tokens.bearer import METHOD
from qenex.access.tokens.problems import challenge

SCHEME = b"bearer"


class TokenAuthentication(BaseAuthentication):
    """The user of an access token that counts now. Raises TokenRefused for one that does not."""

    method = METHOD

    def authenticate(self, request: Request) -> tuple[User, Bearer] | None:
        """The user and what the token says; none where the header is of another scheme or missing."""
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME:
            return None
        try:
            found = bearer(token.decode("ascii"))
        except UnicodeDecodeError:
            raise TokenInvalid from None
        return found.user, found

    def authenticate_header(self, request: Request) -> str:
        """The challenge to whoever shows nothing."""
        return challenge()["WWW-Authenticate"]


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the package has no types
    """Describes it."""

    target_class = TokenAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """The scheme of OpenAPI."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of `POST /api/v1/auth/token`, or of `manage.py access_token`.",
        }
