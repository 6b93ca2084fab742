"""Sealing stored values again under the newest data keys, while others read and write them."""

from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F
from psycopg import sql

from qenex.kernel import events, transactions
from qenex.vault import envelope, keyring
from qenex.vault.errors import Shredded, Tampered
from qenex.vault.models import Rotation
from qenex.vault.sealed import Sealing

_READ = "SELECT {pk}, {column} FROM {table} WHERE {column} IS NOT NULL AND {after} ORDER BY {pk} LIMIT {limit}"
# What somebody else has written meanwhile stays; it is under the newest key, or the next pass finds it.
_WRITE = "UPDATE {table} SET {column} = %s WHERE {pk} = %s AND {column} = %s"


class Page(NamedTuple):
    """Some rows of a column, in the order of their keys."""

    seen: int
    changed: int
    broken: list[str]
    """The primary keys of values that do not open."""
    last: Any
    """The key of the last row; none: there are no more."""


def count(field: Sealing) -> int:
    """How many values the column has."""
    with connection.cursor() as cursor:
        cursor.execute(_compose("SELECT count({column}) FROM {table}", field))
        return int(cursor.fetchone()[0])


def values_reseal(*, rotation: Rotation, field: Sealing, after: Any, limit: int) -> Page:
    """Seals the next values of a column under the live version of their own subject's and purpose's key.

    Shredded values stay as they are, and so do values that do not open; these are named. Raises ProviderUnavailable.
    """
    rows = _read(field, after, limit)
    keyring.preload(id for _, sealed in rows if (id := _key_id(sealed)) is not None)
    changes, broken = [], []
    for pk, sealed in rows:
        try:
            fresh = _reseal(field, pk, sealed)
        except Shredded:
            continue
        except Tampered:
            broken.append(str(pk))
            continue
        if fresh is not None:
            changes.append((fresh, pk, sealed))
    changed = transactions.run(lambda: _write(rotation, field, changes)) if changes else 0
    return Page(len(rows), changed, broken, rows[-1][0] if rows else None)


def _reseal(field: Sealing, pk: Any, sealed: bytes) -> bytes | None:
    """The value under the live key; none where it is under it."""
    old = keyring.key(envelope.key_id(sealed))
    new = keyring.live(old.purpose, old.subject)
    if new.id == old.id:
        return None
    place = field.place_of(pk)
    return envelope.seal_under(new, envelope.unseal(sealed, place), place)


def _key_id(sealed: bytes) -> Any:
    try:
        return envelope.key_id(sealed)
    except Tampered:
        return None


def _read(field: Sealing, after: Any, limit: int) -> list[tuple[Any, bytes]]:
    statement = _READ.replace("{after}", "TRUE" if after is None else "{pk} > %s")
    with connection.cursor() as cursor:
        cursor.execute(_compose(statement, field, limit), [] if after is None else [after])
        return [(pk, bytes(sealed)) for pk, sealed in cursor.fetchall()]


def _write(rotation: Rotation, field: Sealing, changes: list[tuple[bytes, Any, bytes]]) -> int:
    written = 0
    statement = _compose(_WRITE, field)
    with connection.cursor() as cursor:
        for change in changes:
            cursor.execute(statement, change)
            written += cursor.rowcount
    if written:
        Rotation.objects.filter(pk=rotation.pk).update(values=F("values") + written)
        data = {"count": written, "table": field.model._meta.db_table, "column": field.column}
        events.emit("vault.values.resealed", subject_type="rotation", subject_id=rotation.pk, data=data)
    return written


def _compose(statement: str, field: Sealing, limit: int = 0) -> sql.Composed:
    meta = field.model._meta
    assert field.column is not None
    assert meta.pk.column is not None
    return sql.SQL(statement).format(
        table=sql.Identifier(meta.db_table),
        column=sql.Identifier(field.column),
        pk=sql.Identifier(meta.pk.column),
        limit=sql.Literal(limit),
    )
