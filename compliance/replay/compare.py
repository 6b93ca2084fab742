"""Comparing a table with the one beside it, row by row and column by column, in the database."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from qenex.kernel.projections import Shadow, Table
from qenex.kernel.projections.shadow import UNTOLD

ROW = "(row)"
"""Instead of a column: the whole row is in one of the two only."""
THERE, MISSING = "there", "missing"

# Only rows that differ somewhere are taken apart; that is what makes it fast where nothing does.
_COMPARE = """
DECLARE replay_differences NO SCROLL CURSOR FOR
SELECT {key}, d.name, d.replayed, d.live
FROM (SELECT *, TRUE AS replay_there FROM {shadow} WHERE {told}) s
FULL JOIN (SELECT *, TRUE AS replay_live, {counts} AS replay_counts FROM ({live}) unmarked) l ON {same}
CROSS JOIN LATERAL (VALUES {pairs}) AS d (name, replayed, live, differs)
WHERE (s.replay_there OR l.replay_counts) AND (s.replay_there IS NULL OR l.replay_live IS NULL{columns}) AND d.differs
ORDER BY {order}
"""
_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that the log tells and the live table does not have."""

    table: str
    key: str
    column: str
    replayed: str | None
    live: str | None

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.column} is {_shown(self.live)}, replayed {_shown(self.replayed)}"


def differences(cursor: CursorWrapper, shadow: Shadow) -> Iterator[Difference]:
    """What differs, in the order of the key."""
    table = shadow.table
    cursor.execute(_query(table))
    try:
        while True:
            cursor.execute(f"FETCH FORWARD {_PAGE} FROM replay_differences")
            page = cursor.fetchall()
            if not page:
                break
            for *key, column, replayed, live in page:
                yield Difference(table.name, "/".join(key), column, replayed, live)
    finally:
        cursor.execute("CLOSE replay_differences")
    for stray, type in shadow.stray:
        yield Difference(table.name, "/".join(stray), ROW, f"changed by {type}, made by no event", None)


def _query(table: Table) -> str:
    both = "s.replay_there AND l.replay_live"
    row = f"('{ROW}', CASE WHEN s.replay_there THEN '{THERE}' ELSE '{MISSING}' END,"
    row += f" CASE WHEN l.replay_live THEN '{THERE}' ELSE '{MISSING}' END, ({both}) IS NOT TRUE)"
    pairs = [row] + [
        f"('{name}', s.\"{name}\"::text, l.\"{name}\"::text, {both} AND NOT '{name}' = ANY(s.{UNTOLD})"
        f' AND s."{name}" IS DISTINCT FROM l."{name}")'
        for name in table.columns
    ]
    names = ", ".join(f's."{name}"' for name in table.columns)
    columns = f" OR ({names}) IS DISTINCT FROM ({names.replace('s.', 'l.')})" if table.columns else ""
    key = [f'coalesce(s."{name}", l."{name}")' for name in table.key]
    return _COMPARE.format(
        key=", ".join(f"{each}::text" for each in key),
        shadow=table.shadow,
        told=table.told,
        counts=table.counts,
        live=table.select,
        same=" AND ".join(f's."{name}" = l."{name}"' for name in table.key),
        pairs=", ".join(pairs),
        columns=columns,
        order=", ".join(key),
    )


def _shown(value: str | None) -> str:
    return "nothing" if value is None else value
