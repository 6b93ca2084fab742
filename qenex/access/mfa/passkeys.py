"""Passkeys (WebAuthn), by django-otp-webauthn: two ceremonies of two steps, each with a challenge that is used once."""

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django_otp_webauthn.exceptions import OTPWebAuthnApiError
from django_otp_webauthn.helpers import WebAuthnHelper
from webauthn.helpers.exceptions import WebAuthnException

from qenex.access.mfa.enrolment import emit
from qenex.access.models import Method, Passkey
from qenex.kernel.transactions import run

_REGISTER, _AUTHENTICATE = "passkey_register", "passkey_authenticate"
NAME_LENGTH = 64


class Refused(Exception):
    """What the browser sent does not prove that it holds the passkey."""


class Helper(WebAuthnHelper):  # type: ignore[misc]  # the package has no types
    """The site as passkeys know it: by the host of QENEX_ORIGIN."""

    name = ""

    def get_allowed_origins(self) -> list[str]:
        """QENEX_ORIGIN; without one, on one's own machine, whatever port of localhost the page came from."""
        host = self.request.get_host()
        if settings.EMBEDDED and not settings.ORIGIN_GIVEN and urlsplit(f"//{host}").hostname == "localhost":
            return [f"{self.request.scheme}://{host}"]
        return list(settings.OTP_WEBAUTHN_ALLOWED_ORIGINS)

    def create_credential(self, *args: Any, **kwargs: Any) -> Passkey:
        """The passkey with its name."""
        passkey: Passkey = super().create_credential(*args, **kwargs)
        passkey.name = self.name
        return passkey


def register_begin(request: HttpRequest) -> dict[str, Any]:
    """The options for the browser; the challenge is kept in the session."""
    options, state = Helper(request).register_begin(request.user)
    request.session[_REGISTER] = state
    return dict(options)


def register_complete(request: HttpRequest, answer: str, *, name: str) -> Passkey:
    """Keeps the user's new passkey. Raises Refused."""
    helper = Helper(request)
    helper.name = name[:NAME_LENGTH]
    state, data = _state(request, _REGISTER), _parse(answer)

    def command() -> Passkey:
        passkey: Passkey = helper.register_complete(user=request.user, state=state, data=data)
        emit("enrolled", request.user, Method.PASSKEY, passkey.pk)
        return passkey

    return _carry_out(command)


def authenticate_begin(request: HttpRequest) -> dict[str, Any]:
    """The options for the browser, with the user's passkeys; the challenge is kept in the session."""
    options, state = Helper(request).authenticate_begin(user=request.user, require_user_verification=False)
    request.session[_AUTHENTICATE] = state
    return dict(options)


def authenticate_complete(request: HttpRequest, answer: str) -> Passkey:
    """The user's passkey that has signed the challenge. Raises Refused."""
    helper, state, data = Helper(request), _state(request, _AUTHENTICATE), _parse(answer)

    def command() -> Passkey:
        passkey: Passkey = helper.authenticate_complete(user=request.user, state=state, data=data)
        if not passkey.confirmed:
            raise Refused
        return passkey

    return _carry_out(command)


def _carry_out(command: Any) -> Passkey:
    try:
        passkey: Passkey = run(command)
    except (OTPWebAuthnApiError, WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Refused from error
    return passkey


def _state(request: HttpRequest, key: str) -> dict[str, Any]:
    """The challenge, which is forgotten at once: whatever comes of it, it was used."""
    state = request.session.pop(key, None)
    request.session.save()
    if not isinstance(state, dict):
        raise Refused
    return state


def _parse(answer: str) -> dict[str, Any]:
    try:
        data = json.loads(answer)
    except ValueError as error:
        raise Refused from error
    if not isinstance(data, dict):
        raise Refused
    return data
