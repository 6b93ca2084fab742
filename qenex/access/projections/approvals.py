"""What takes two people, and what became of each request."""

from typing import Any

from qenex.kernel.projections import Projection, Shadows, Table
from qenex.kernel.upcasting import UNKNOWN, Told

_POLICY = {"command": "command", "book": "book_id", "asset": "asset_id", "above": "above", "permission": "permission"}
"""The word of the events → column."""
_SAID = (
    *("command", "key", "payload_hash", "reason", "checker_permissions", "status", "comment", "result", "code"),
    *("detail", "created_at", "expires_at", "decided_at", "version", "payload", "difference"),
)
_COLUMNS = (*_SAID, "requester_id", "approver_id", "book_id")
_DIGESTS = {name: f"encode(sha256({name}), 'hex') AS {name}" for name in ("payload", "difference")}
_DIGESTS["payload_hash"] = "encode(payload_hash, 'hex') AS payload_hash"
"""What is long is compared by its digest."""


class Policies(Projection):
    """From the events of their changes."""

    name = "policies"
    tables = (
        Table(
            "access_approvalpolicy",
            ("id",),
            (*_POLICY.values(), "expires_after", "active", "version", "created_at"),
        ),
    )
    events = frozenset({"access.policy.changed"})

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Makes a policy or changes one."""
        policies = shadows["access_approvalpolicy"]
        row = policies.get(told.subject) or {"created_at": told.data["created_at"], "permission": ""}
        row = {**row, "version": told.data["version"]}
        row |= {_POLICY[word]: value for word, value in told.after.items() if word in _POLICY}
        if "active" in told.changes:
            row["active"] = told.after["active"]
        if "expires_after" in told.changes:
            row["expires_after"] = f"{told.after['expires_after']} seconds"
        policies.put(told.subject, **row)


class Approvals(Projection):
    """Every event of a request tells all of it, as it is then."""

    name = "approvals"
    tables = (
        Table(
            "access_approval",
            ("id",),
            _COLUMNS,
            live=f"SELECT id, {', '.join(_DIGESTS.get(name, name) for name in _COLUMNS)} FROM access_approval",  # noqa: S608  # names of ours
        ),
    )
    events = frozenset(
        f"access.approval.{what}" for what in ("requested", "executed", "rejected", "withdrawn", "expired", "failed")
    )

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Takes over what is told."""
        requests = shadows["access_approval"]
        before: dict[str, Any] = requests.get(told.subject) or {}
        said = {name: told.data[name] for name in _SAID}
        said |= {
            "requester_id": told.data["requester"],
            "approver_id": told.data["approver"],
            "book_id": told.book,
        }
        known = {name: value for name, value in said.items() if value is not UNKNOWN}
        requests.put(told.subject, **{**said, **before, **known})
