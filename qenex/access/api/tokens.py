"""Signing in, staying so, and signing out, for programs."""

import hashlib
import json
from typing import Any

from django.http import HttpResponse
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from qenex.access.api.authentication import TokenAuthentication
from qenex.access.api.throttles import AddressThrottle
from qenex.access.api.tokenforms import (
    JwksSerializer,
    RefreshInSerializer,
    RevokeInSerializer,
    TokenInSerializer,
    TokensSerializer,
)
from qenex.access.problems import SECOND_FACTOR_REQUIRED
from qenex.access.tokens import Bearer, Issued, TokenExpired, TokenInvalid, families_end, family_end, family_refresh
from qenex.access.tokens.claims import PURPOSE
from qenex.access.tokens.problems import challenge
from qenex.access.tokens.signin import SignInRefused, sign_in
from qenex.kernel import clock, problems
from qenex.kernel.problems import Problem
from qenex.kernel.views import APIView
from qenex.vault import signing

SIGNED_OUT = "signed_out"
JWKS_SECONDS = 300
"""How long others may keep the keys: less than a key is published before it signs."""
_TOKENS = {
    "access": "eyJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl",
    "refresh": "eyJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiIsInR5cCI6InJlZnJlc2grand0In0.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl",
    "token_type": "Bearer",
    "expires_in": 900,
}
ISSUED = OpenApiExample("Tokens", _TOKENS, response_only=True, status_codes=["200"])


def _unsigned(description: str) -> dict[Any, Any]:
    problem = {"$ref": "#/components/schemas/Problem"}
    return {(401, problems.CONTENT_TYPE): OpenApiResponse(problem, description=description)}


class PublicView(APIView):
    """A route for those who are about to sign in."""

    public = True
    authentication_classes = []
    permission_classes = []
    throttle_classes = [AddressThrottle]


class TokenView(PublicView):
    """Signing in."""

    @extend_schema(
        operation_id="auth_token",
        request=TokenInSerializer,
        responses={200: TokensSerializer, **_unsigned("Without the second factor, or with anything that is wrong.")},
        examples=[
            OpenApiExample("Sign-in", {"username": "anna", "password": "…", "otp": "123456"}, request_only=True),
            ISSUED,
        ],
        auth=[],
    )
    def post(self, request: Request) -> HttpResponse:
        """Signs a person in by password and second factor. Without `otp` nothing is looked at."""
        given = _valid(TokenInSerializer, request)
        if not given["otp"]:
            raise Problem(SECOND_FACTOR_REQUIRED, headers=challenge())
        try:
            issued = sign_in(
                request=request._request, username=given["username"], password=given["password"], code=given["otp"]
            )
        except SignInRefused as error:
            raise Problem(problems.AUTHENTICATION_FAILED, str(error), headers=challenge()) from None
        return _answer(issued)


class RefreshView(PublicView):
    """Staying signed in."""

    @extend_schema(
        operation_id="auth_refresh",
        request=RefreshInSerializer,
        responses={200: TokensSerializer, **_unsigned("The token does not count, or was used before.")},
        examples=[ISSUED],
        auth=[],
    )
    def post(self, request: Request) -> HttpResponse:
        """Exchanges a refresh token for new tokens. Each can be used once; a second use ends the sign-in."""
        return _answer(family_refresh(refresh=_valid(RefreshInSerializer, request)["refresh"]))


class RevokeView(PublicView):
    """Signing out."""

    authentication_classes = [TokenAuthentication]

    @extend_schema(
        operation_id="auth_revoke",
        request=RevokeInSerializer,
        responses={204: None, **_unsigned("Neither a refresh token nor an access token that counts.")},
        auth=[{"bearer": []}, {}],  # type: ignore[list-item]  # requirements as OpenAPI has them, given on as they are
    )
    def post(self, request: Request) -> HttpResponse:
        """Ends the sign-in of a refresh token, or that of the access token in the header, with all of its tokens.

        A refresh token that means nothing to us gets the same answer (RFC 7009).
        """
        refresh = _valid(RevokeInSerializer, request).get("refresh")
        if refresh is not None:
            _end(refresh)
        elif isinstance(request.auth, Bearer):
            families_end(family=request.auth.claims.family, reason=SIGNED_OUT)
        else:
            raise Problem(problems.NOT_AUTHENTICATED, headers=challenge())
        return HttpResponse(status=204)


class JwksView(PublicView):
    """The keys that verify our tokens."""

    throttle_classes = []

    @extend_schema(
        operation_id="auth_jwks",
        responses={200: JwksSerializer, 304: OpenApiResponse(description="Not modified.")},
        parameters=[OpenApiParameter("If-None-Match", str, "header", description="The ETag that you have.")],
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """Lists the public keys (RFC 7517): the next one, the present one, and those whose tokens may still live."""
        keys = {"keys": [key.jwk() for key in signing.public_keys(PURPOSE)]}
        tag = f'"{hashlib.sha256(json.dumps(keys, sort_keys=True).encode()).hexdigest()[:32]}"'
        known = [each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))]
        response = HttpResponse(status=304) if tag in known or known == ["*"] else Response(keys)
        response["ETag"] = tag
        response["Cache-Control"] = f"public, max-age={JWKS_SECONDS}"
        return response


def _valid(form: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = form(data=request.data)
    serializer.is_valid(raise_exception=True)
    given: dict[str, Any] = serializer.validated_data
    return given


def _answer(issued: Issued) -> HttpResponse:
    left = issued.expires - clock.now()
    shown = {
        "access": issued.access,
        "refresh": issued.refresh,
        "token_type": "Bearer",
        "expires_in": int(left.total_seconds()),
    }
    return Response(shown, headers={"Cache-Control": "no-store"})


def _end(refresh: str) -> None:
    try:
        family_end(refresh=refresh, reason=SIGNED_OUT)
    except (TokenInvalid, TokenExpired):
        return
