"""A table beside the live one: a temporary table that only its own transaction sees, and that ends with it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.backends.utils import CursorWrapper

from qenex.kernel.projections.table import Table
from qenex.kernel.upcasting import UNKNOWN

Key = tuple[str, ...]
Row = dict[str, Any]
ROWS = 20_000
"""How many rows are kept in memory before they are written."""
UNTOLD = "replay_untold"
"""The column with the names of those columns that no event has told."""


class Shadow:
    """The rows of one table as the events have made them. Rows that were touched last are in memory."""

    def __init__(self, cursor: CursorWrapper, table: Table) -> None:
        self.cursor, self.table = cursor, table
        self.stray: list[tuple[Key, str]] = []
        """Keys of rows that events have changed and none has made, with the type of the first such event."""
        self._rows: dict[Key, Row] = {}
        self._gone: set[Key] = set()
        self._stored = False
        self._create()

    def put(self, *key: Any, **values: Any) -> None:
        """Makes a row, in the place of one that has the same key."""
        self._rows[_text(key)] = values
        self._gone.discard(_text(key))
        if len(self._rows) >= ROWS:
            self.flush()

    def change(self, *key: Any, by: str = "", **values: Any) -> Row | None:
        """Changes a row and returns it; where there is none, that is noted, with the type `by` of the event."""
        row = self.get(*key)
        if row is None:
            self.stray.append((_text(key), by))
            return None
        row.update(values)
        return row

    def get(self, *key: Any) -> Row | None:
        """A row to look at, or to change in place."""
        wanted = _text(key)
        row = self._rows.get(wanted)
        if row is None and self._stored and wanted not in self._gone:
            row = self._load(wanted)
            if row is not None:
                self._rows[wanted] = row
        return row

    def remove(self, *key: Any) -> None:
        """Takes a row away."""
        self._rows.pop(_text(key), None)
        self._gone.add(_text(key))

    def find(self, **match: Any) -> list[Key]:
        """The keys of the rows with these values."""
        self.flush()
        where = " AND ".join(f'"{name}" = %s' for name in match)
        self.cursor.execute(
            f"SELECT {_names(self.table.key)} FROM {self.table.shadow} WHERE {where}",  # noqa: S608  # names of ours
            list(match.values()),
        )
        return [_text(row) for row in self.cursor.fetchall()]

    def flush(self) -> None:
        """Writes what is in memory."""
        shadow, key = self.table.shadow, self.table.key
        if self._gone:
            where = " AND ".join(f'"{name}" = %s' for name in key)
            self.cursor.executemany(f"DELETE FROM {shadow} WHERE {where}", sorted(self._gone))  # noqa: S608  # names of ours
            self._gone.clear()
        if not self._rows:
            return
        names = (*self.table.fields, UNTOLD)
        with self.cursor.copy(f"COPY {shadow}_in ({_names(names)}) FROM STDIN") as copy:
            for each in self._columns():
                copy.write_row(each)
        updates = ", ".join(f'"{name}" = excluded."{name}"' for name in (*self.table.columns, UNTOLD))
        self.cursor.execute(
            f"INSERT INTO {shadow} SELECT * FROM {shadow}_in"  # noqa: S608  # names of ours
            f" ON CONFLICT ({_names(key)}) DO UPDATE SET {updates}"
        )
        self.cursor.execute(f"TRUNCATE {shadow}_in")
        self._rows.clear()
        self._stored = True

    def lines(self) -> Iterator[bytes]:
        """All rows in the order of the key, as COPY writes them, in pieces of any length."""
        self.flush()
        names = _names((*self.table.fields, UNTOLD))
        query = f"SELECT {names} FROM {self.table.shadow} ORDER BY {_names(self.table.key)}"  # noqa: S608  # ours
        with self.cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
            yield from map(bytes, copy)

    def fill(self, pieces: Iterable[bytes]) -> None:
        """Takes rows in, as `lines` gave them."""
        with self.cursor.copy(f"COPY {self.table.shadow} FROM STDIN") as copy:
            for piece in pieces:
                copy.write(piece)
        self._stored = True

    def _create(self) -> None:
        shadow = self.table.shadow
        for name in (shadow, f"{shadow}_in"):
            self.cursor.execute(
                f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT {_names(self.table.fields)},"  # noqa: S608  # names of ours
                f" '{{}}'::text[] AS {UNTOLD} FROM ({self.table.select}) live WHERE false"
            )
        self.cursor.execute(f"ALTER TABLE {shadow} ADD PRIMARY KEY ({_names(self.table.key)})")
        self.cursor.execute(f"ALTER TABLE {shadow} ALTER {UNTOLD} SET DEFAULT '{{}}'")

    def _load(self, key: Key) -> Row | None:
        names = (*self.table.columns, UNTOLD)
        where = " AND ".join(f'"{name}" = %s' for name in self.table.key)
        query = f"SELECT {_names(names)} FROM {self.table.shadow} WHERE {where}"  # noqa: S608  # names of ours
        self.cursor.execute(query, key)
        found = self.cursor.fetchone()
        if found is None:
            return None
        row: Row = dict(zip(names, found, strict=True))
        for name in row.pop(UNTOLD):
            row[name] = UNKNOWN
        return row

    def _columns(self) -> Iterator[Sequence[Any]]:
        for key, row in self._rows.items():
            untold = [name for name in self.table.columns if row.get(name) is UNKNOWN]
            yield (*key, *(_stored(row.get(name)) for name in self.table.columns), untold)


Shadows = Mapping[str, Shadow]
"""Name of a live table → the one beside it."""


def _text(key: Sequence[Any]) -> Key:
    return tuple(map(str, key))


def _names(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _stored(value: Any) -> Any:
    if value is UNKNOWN:
        return None
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
