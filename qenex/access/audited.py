"""What is audited of the tables that other packages bring, and why the rest is not (`AUDITED_OTHERS`)."""

from qenex.kernel.audited import Others

_MIGRATIONS = "Written by migrations alone, from the code."
_UNUSED = "Nothing is written to it here."
_COUNTS = "Counts failures, which expire; each failure and each lockout is an event of its own."

OTHERS: Others = {
    "auth.User": {"last_login": "Each sign-in is an event of its own."},
    "auth.Group": {},
    "auth.User_groups": {},
    "auth.User_user_permissions": {},
    "auth.Group_permissions": {},
    "auth.Permission": _MIGRATIONS,
    "contenttypes.ContentType": _MIGRATIONS,
    "admin.LogEntry": "Django's own note of what a form did; the event is the record.",
    "sessions.Session": "Django's own half of a session; what it means is in StaffSession.",
    "axes.AccessAttempt": _COUNTS,
    "axes.AccessAttemptExpiration": _UNUSED,
    "axes.AccessFailureLog": _UNUSED,
    "axes.AccessLog": _UNUSED,
    "django_otp_webauthn.WebAuthnCredential": _UNUSED,
    "django_otp_webauthn.WebAuthnAttestation": _UNUSED,
    "django_otp_webauthn.WebAuthnUserHandle": "A random name of a user for his passkeys; it opens nothing.",
}
