"""Requests that are signed with the key of a program (RFC 9421)."""

from urllib.parse import quote

from django.contrib.auth.models import User
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from qenex.access.apikeys import callers, nonces
from qenex.access.apikeys.checking import MARK, Asked, Signed, check
from qenex.access.apikeys.usage import apikey_used
from qenex.access.models import KeyOwner
from qenex.access.signatures import NonceReused, SignatureInvalid
from qenex.kernel.context import current

_FIELDS = ("HTTP_SIGNATURE", "HTTP_SIGNATURE_INPUT")
_UNRESERVED = "/:@!$&'()*+,;=~"


class SignatureAuthentication(BaseAuthentication):
    """The owner of a key, narrowed to the key's scopes. Raises SignatureError and AddressRefused."""

    method = callers.METHOD

    def authenticate(self, request: Request) -> tuple[User, Signed] | None:
        """The owner and what was checked; none where there is neither of the two fields."""
        plain = request._request
        if not any(name in plain.META for name in _FIELDS):
            return None
        signed = check(asked_of(plain), callers.find)
        owner = KeyOwner.objects.filter(pk=signed.caller.owner, is_active=True).first()
        if owner is None:
            raise SignatureInvalid("the signature is not one of a known key over this message")
        if getattr(plain, "scope", {}).get(MARK) != signed.used and not nonces.use([(signed.used, signed.until)]):
            raise NonceReused("this nonce was accepted before")
        apikey_used([(signed.caller.id, current().address)])
        owner.granted = signed.caller.scopes
        return owner, signed


def asked_of(request: HttpRequest) -> Asked:
    """The request as it came over the wire."""
    scope = getattr(request, "scope", None)
    if scope is None:
        return Asked(request.method or "", _url(request, None), request.headers, request.body, current().address)
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    return Asked(request.method or "", _url(request, scope.get("raw_path")), headers, request.body, current().address)


def _url(request: HttpRequest, raw: bytes | None) -> str:
    path = raw.decode("latin-1") if raw else quote(request.path, safe=_UNRESERVED)
    query = request.META.get("QUERY_STRING", "")
    return f"{request.scheme}://{request.get_host()}{path}{'?' if query else ''}{query}"


class SignatureScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the package has no types
    """Describes it."""

    target_class = SignatureAuthentication
    name = "signature"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """The scheme of OpenAPI, which knows no message signatures."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": "An HTTP message signature (RFC 9421) by an API key, hmac-sha256, over @method, "
            "@target-uri, content-digest where there is a body, created, nonce and keyid; with Signature-Input.",
        }
