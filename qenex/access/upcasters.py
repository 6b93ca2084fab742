"""What earlier versions of the events of people, programs and approvals did not tell."""

from qenex.kernel.upcasting import UNKNOWN, Changes, Data, grown, upcaster

grown("access.user.created", 1, "active", "joined_at", "active_since")
grown("access.policy.changed", 1, "version", "created_at")
grown("access.apikey.created", 1, "created_at", "revoked_at", "secret_due_at", "secrets")
for _what in ("rotated", "collected", "rotation_asked", "secret_retired", "revoked"):
    grown(f"access.apikey.{_what}", 1, "revoked_at", "secret_due_at", "secrets")
for _end in ("requested", "executed", "rejected", "withdrawn", "expired", "failed"):
    grown(
        f"access.approval.{_end}",
        1,
        *("key", "reason", "checker_permissions", "detail", "created_at", "expires_at", "decided_at", "version"),
        *("payload", "difference", "status"),
    )


@upcaster("access.user.changed", 1)
def _since(data: Data, changes: Changes) -> tuple[Data, Changes]:
    """Whoever was made active counts as active from a moment that was not told."""
    return ({"active_since": UNKNOWN, **data} if changes.get("is_active") == (False, True) else data), changes
