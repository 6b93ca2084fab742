"""Reading a range of the log a page at a time."""

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from django.db import connections

from compliance.selectors.checkpoints import READER

PAGE = 5_000
_PAGE = """
SELECT l.position, e.transaction, e.body, l.hash, e.id, e.type FROM compliance_leaf l JOIN kernel_event e
ON e.id = l.event_id WHERE l.position >= %s AND l.position < %s ORDER BY l.position
"""


class Incomplete(Exception):
    """An event of the range is gone: `manage.py verify_log` says which."""


class Line(NamedTuple):
    """An event in its place, with the hash that was sealed."""

    position: int
    transaction: int
    body: bytes
    hash: bytes
    event_id: UUID
    type: str


def lines(first: int, last: int) -> Iterator[Line]:
    """The events from one position on and before another. Raises Incomplete where one is missing."""
    for start in range(first, last, PAGE):
        end = min(last, start + PAGE)
        with connections[READER].cursor() as cursor:
            cursor.execute(_PAGE, [start, end])
            rows = cursor.fetchall()
        if [row[0] for row in rows] != list(range(start, end)):
            raise Incomplete(f"an event between positions {start} and {end - 1} is missing")
        for position, transaction, body, digest, event_id, type in rows:
            yield Line(position, transaction, bytes(body), bytes(digest), event_id, type)
