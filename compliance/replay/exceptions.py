"""The tables that no projector builds again and that are no append-only facts, each with why.

A test fails for a table that is neither a fact, nor built by a projector, nor here.
"""

from collections.abc import Mapping

_CODE = "Made by migrations from the code: the same in every installation of a release."
_SIGN_IN = "Technical: ends by the clock or by signing out; opening, verifying and ending it are events."
_SECRET = "Secrets: the log says that they were made and used, never what they are."  # noqa: S105  # a reason
_UNUSED = "Stays empty: a library's table that is not used."
_COUNTER = "Technical: counts failures for half an hour at most; every failure, lockout and lift is an event."

EXCEPTIONS: Mapping[str, str] = {
    "access_formerpassword": _SECRET,
    "access_nonce": "Technical: nonces of signatures, for as long as a signature is accepted.",
    "access_passkeyattestation": _SECRET,
    "access_recoverycode": _SECRET,
    "access_staffsession": _SIGN_IN,
    "access_tokenfamily": _SIGN_IN,
    "auth_permission": _CODE,
    "axes_accessattempt": _COUNTER,
    "axes_accessattemptexpiration": _COUNTER,
    "axes_accessfailurelog": _UNUSED,
    "axes_accesslog": _UNUSED,
    "django_admin_log": _UNUSED,
    "django_content_type": _CODE,
    "django_otp_webauthn_webauthnattestation": _UNUSED,
    "django_otp_webauthn_webauthncredential": _UNUSED,
    "django_otp_webauthn_webauthnuserhandle": "Technical: a random number by which browsers know a user.",
    "django_session": _SIGN_IN,
    "kernel_cursor": "Technical: how far readers of the log have come; a reader that begins anew arrives at the same.",
    "kernel_idempotencykey": "Technical: first answers, kept for as long as a request may be repeated.",
    "vault_datakey": _SECRET,
    "vault_rotation": "Technical: how far a change of keys has come; its beginning and its end are events.",
    "vault_signingkey": _SECRET,
}
"""Name of the table → why."""
