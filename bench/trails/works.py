"""Writers of events, as cheap as can be: the server makes the rows from one that is there."""

from dataclasses import dataclass

from django.db import connection, transaction

from bench.works.base import Outcome, Run, timed

_COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
    string_agg(CASE attname WHEN 'id' THEN 'uuidv7()' WHEN 'recorded_at' THEN 'clock_timestamp()'
        ELSE 'k.' || quote_ident(attname) END, ', ' ORDER BY attnum)
FROM pg_attribute WHERE attrelid = 'kernel_event'::regclass AND attnum > 0 AND NOT attisdropped
    AND attname <> 'transaction'
"""


def insert() -> str:
    """The statement that writes so many events like the first one."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        columns, values = cursor.fetchone()
    first = "(SELECT * FROM kernel_event ORDER BY id LIMIT 1) k"
    return f"INSERT INTO kernel_event ({columns}) SELECT {values} FROM {first}, generate_series(1, %s)"  # noqa: S608  # names of ours


def write(statement: str, count: int) -> None:
    """Writes so many events in one transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [count])


@dataclass(frozen=True)
class EventWork:
    """One writer's transactions of a few events each."""

    database: str
    count: int
    size: int

    def prepare(self) -> Run:
        """The statement is made before the clock starts."""
        statement = insert()

        def run() -> Outcome:
            return timed(lambda size: write(statement, size), [self.size] * self.count, self.size)

        return run
