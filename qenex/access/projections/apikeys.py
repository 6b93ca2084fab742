"""Keys of programs, and which of their secrets count; never the secrets themselves.

Those of owners who are not active open nothing, and are not compared: an erasure may have ended them, of which the log
does not say whose they were.
"""

from qenex.kernel.projections import Projection, Shadows, Table
from qenex.kernel.upcasting import UNKNOWN, Told

_USE = "Technical: written now and then, apart from what the key does."
_TERMS = ("key_id", "name", "scopes", "books", "cidrs", "created_at", "expires_at")
_STATE = ("revoked_at", "secret_due_at")
_OWNED = "owner_id IN (SELECT id FROM {0}auth_user WHERE is_active)"
_OF_KEY = f"key_id IN (SELECT id FROM {{0}}access_apikey WHERE {_OWNED})"  # noqa: S608  # constants
_SECRET = ("slot", "created_at", "retired_at", "collected_by")


class ApiKeys(Projection):
    """From the events of keys: each tells how the key stands then, and which secrets have come and gone."""

    name = "apikeys"
    tables = (
        Table(
            *("access_apikey", ("id",), (*_TERMS, "owner_id", *_STATE)),
            {"last_used_at": _USE, "last_used_address": _USE},
            counts=_OWNED.format(""),
            told=_OWNED.format("replay_"),
        ),
        Table(
            *("access_apikeysecret", ("id",), ("key_id", *_SECRET)),
            {"secret": "A secret."},
            counts=_OF_KEY.format(""),
            told=_OF_KEY.format("replay_"),
        ),
    )
    after = ("users",)
    events = frozenset(
        f"access.apikey.{what}"
        for what in ("created", "rotated", "collected", "rotation_asked", "secret_retired", "revoked")
    )

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Makes a key, or takes over how it stands now; secrets that are told of come, or are retired."""
        keys, data = shadows["access_apikey"], told.data
        state = {name: data[name] for name in _STATE}
        if told.type == "access.apikey.created":
            keys.put(told.subject, **{name: data[name] for name in _TERMS}, owner_id=data["owner"], **state)
        else:
            keys.change(told.subject, by=told.type, **state)
        if data["secrets"] is not UNKNOWN:
            for each in data["secrets"]:
                values = {name: each[name] for name in _SECRET}
                shadows["access_apikeysecret"].put(each["id"], key_id=told.subject, **values)
