"""The columns beside an event's bytes repeat some of them for look-ups: they must say the same."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

import msgspec

from compliance.verification.report import TrailReport

COLUMNS = (
    *("id", "type", "version", "book_id", "subject_type", "subject_id", "actor_id", "actor", "request_id"),
    "recorded_at",
)
_decode = msgspec.json.decode


def compare_columns(event_id: bytes, body: bytes, stored: Sequence[Any], report: TrailReport) -> None:
    """Notes each column that is not what the hashed bytes say."""
    try:
        told = _told(_decode(body))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        report.differ("event", event_id, "its bytes", str(problem), "canonical JSON of an event")
        return
    for column, value, computed in zip(COLUMNS, _plain(stored), told, strict=True):
        report.compare("event", event_id, column, value, computed)


def _told(body: dict[str, Any]) -> tuple[Any, ...]:
    actor, subject = body["actor"], body["subject"]
    return (
        *(body["id"], body["type"], body["version"], body["book"], subject["type"], subject["id"]),
        *(actor["id"], actor["name"], body["request_id"] or "", body["recorded_at"]),
    )


def _plain(stored: Sequence[Any]) -> tuple[Any, ...]:
    id, type, version, book, *rest, recorded_at = stored
    moment = recorded_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return (str(UUID(bytes=id)), type, version, None if book is None else str(UUID(bytes=book)), *rest, moment)
