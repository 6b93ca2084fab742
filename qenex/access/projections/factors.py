"""Whose second factors count: that they are there, and nothing of what they hold.

Those of users who are not active open nothing, and are not compared: an erasure may have ended them, of which the log
does not say whose they were.
"""

from qenex.access.projections.users import OF_ACTIVE
from qenex.kernel.projections import Projection, Shadows, Table
from qenex.kernel.upcasting import Told

_APPS, _PASSKEYS = "access_authenticatorapp", "access_passkey"
_SECRET = "Part of the secret, or of how it was used."  # noqa: S105  # a reason
_COUNTS = {"confirmed": "A factor that is not confirmed does not count, and is not there."}
_OF_APPS = (
    *("name", "secret", "algorithm", "last_step", "created_at", "last_used_at"),
    *("throttling_failure_timestamp", "throttling_failure_count"),
)
_OF_PASSKEYS = (
    *("name", "created_at", "last_used_at", "aaguid", "credential_id_sha256", "credential_id", "public_key"),
    *("transports", "discoverable", "sign_count", "backup_eligible", "backup_state", "credential_type"),
)
_LEFT_OUT = {
    _APPS: dict.fromkeys(_OF_APPS, _SECRET) | _COUNTS,
    _PASSKEYS: dict.fromkeys(_OF_PASSKEYS, _SECRET) | _COUNTS,
}
_LIVE = "SELECT id, user_id FROM {} WHERE confirmed"


class Factors(Projection):
    """From the events of enrolment and removal; one that is still being set up does not count."""

    name = "factors"
    tables = (
        Table(_APPS, ("id",), ("user_id",), _LEFT_OUT[_APPS], _LIVE.format(_APPS), *OF_ACTIVE),
        Table(_PASSKEYS, ("id",), ("user_id",), _LEFT_OUT[_PASSKEYS], _LIVE.format(_PASSKEYS), *OF_ACTIVE),
    )
    after = ("users",)
    events = frozenset({"access.factor.enrolled", "access.factor.removed"})

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Adds a factor, an app in the place of an earlier one, or takes one away."""
        factors = shadows[_APPS if told.data["method"] == "totp" else _PASSKEYS]
        if told.type == "access.factor.removed":
            factors.remove(told.data["factor"])
            return
        if told.data["method"] == "totp":
            for key in factors.find(user_id=told.subject):
                factors.remove(*key)
        factors.put(told.data["factor"], user_id=told.subject)
