"""What a replay finds, for tests."""

from collections.abc import Mapping, Sequence

from compliance.replay import Replay, TableReport, replay
from qenex.kernel.projections import Table
from tests.support.sabotage import changed, deleted

Key = tuple[str, ...]
Found = list[tuple[str, str]]
"""Key and column of every difference."""


def nothing_differs(names: Sequence[str] = ()) -> None:
    """Fails with the differences where there are some."""
    report = replay(names)
    assert [str(each) for table in report.tables for each in table.differences] == []


def compared(replayed: Replay, table: Table) -> Found:
    """What differs in one table."""
    report = TableReport(table.name)
    replayed.compare(table.name, report)
    return [(each.key, each.column) for each in report.differences]


def tables(replayed: Replay) -> list[Table]:
    """All that were built."""
    return [shadow.table for shadow in replayed.shadows.values()]


def change_each_column(replayed: Replay, keys: Mapping[str, Key]) -> dict[tuple[str, str], Found]:
    """Table and column → what is found when the owner of the database has changed just that."""
    found = {}
    for table in tables(replayed):
        for column in table.columns:
            with changed(replayed.cursor, table, keys[table.name], column):
                found[table.name, column] = compared(replayed, table)
    return found


def each_column(replayed: Replay, keys: Mapping[str, Key]) -> dict[tuple[str, str], Found]:
    """What it has to be: that, and nothing else."""
    return {
        (table.name, column): [("/".join(keys[table.name]), column)]
        for table in tables(replayed)
        for column in table.columns
    }


def delete_each_row(replayed: Replay, keys: Mapping[str, Key]) -> dict[str, Found]:
    """Table → what is found when the owner has deleted the row."""
    found = {}
    for table in tables(replayed):
        with deleted(replayed.cursor, table, keys[table.name]):
            found[table.name] = compared(replayed, table)
    return found
