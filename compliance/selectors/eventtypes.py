"""The types of events that there are, for whoever types one."""

import time

from django.db import connections

from compliance.selectors.checkpoints import READER

LIMIT = 500
SECONDS = 60.0
"""How long a process believes what it has read: a new type is suggested a minute later."""
# One look into the index for each type, however many events there are.
_TYPES = """
WITH RECURSIVE known AS (
    (SELECT type FROM kernel_event ORDER BY type LIMIT 1)
    UNION ALL
    SELECT (SELECT e.type FROM kernel_event e WHERE e.type > k.type ORDER BY e.type LIMIT 1)
    FROM known k WHERE k.type IS NOT NULL
)
SELECT type FROM known WHERE type IS NOT NULL LIMIT %s
"""
_known: tuple[float, list[str]] | None = None


def event_types() -> list[str]:
    """Every type of which there is an event, in order; LIMIT at most."""
    global _known
    if _known is None or time.monotonic() - _known[0] > SECONDS:
        with connections[READER].cursor() as cursor:
            cursor.execute(_TYPES, [LIMIT])
            _known = time.monotonic(), [name for (name,) in cursor.fetchall()]
    return _known[1]
