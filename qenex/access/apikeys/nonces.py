"""The nonces that were used: in the database, so that a restart or another process forgets none."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from qenex.access.models import Nonce
from qenex.kernel import clock
from qenex.kernel.transactions import run

WINDOW = 300
"""Seconds for which a signature counts after it was made."""
SKEW = 60
"""Seconds by which a client's clock may be ahead; clocks of our own differ by less than that too."""
_INSERT = """
INSERT INTO access_nonce (key_id, nonce, expires_at) SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[])
ON CONFLICT DO NOTHING RETURNING key_id, nonce
"""


class Used(NamedTuple):
    """A nonce that a key has used."""

    key: UUID
    nonce: str


def forgotten_at(created: int) -> datetime:
    """When a nonce need not be known any more, by the signature's seconds since 1970."""
    return datetime.fromtimestamp(created, UTC) + timedelta(seconds=WINDOW + SKEW)


def use(nonces: Collection[tuple[Used, datetime]]) -> set[Used]:
    """Writes nonces down, each with the moment at which it may be forgotten; returns those that were new.

    One statement in a transaction of its own. Of several who use the same nonce at once, one finds it new.
    """
    if not nonces:
        return set()
    ordered = sorted(nonces)
    columns: list[Any] = [
        [used.key for used, _ in ordered],
        [used.nonce for used, _ in ordered],
        [until for _, until in ordered],
    ]

    def command() -> set[Used]:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, columns)
            return {Used(*row) for row in cursor.fetchall()}

    return run(command)


def prune() -> int:
    """Forgets the nonces of signatures that are too old by now, and returns how many."""
    deleted, _ = Nonce.objects.filter(expires_at__lt=clock.now()).delete()
    return deleted
