"""SQL that migrations load: each `NAME.sql` has a `NAME.reverse.sql` beside it."""

from pathlib import Path

from django.db.migrations import RunSQL

TIMEOUTS = "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '60s';\n"


def run(folder: Path, name: str) -> RunSQL:
    """A reversible migration operation of the two files, with time-outs so that it never blocks a table for long."""
    forwards = TIMEOUTS + (folder / f"{name}.sql").read_text()
    backwards = TIMEOUTS + (folder / f"{name}.reverse.sql").read_text()
    return RunSQL(forwards, backwards)
