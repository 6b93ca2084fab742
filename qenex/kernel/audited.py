"""Tables in which nothing changes without an event: a trigger refuses what no event of the same transaction tells of.

A model says `audited = True`, or `not_audited` with the reason; what changes all the time and means nothing is named
with the reason in `unaudited_columns`. For the models of others, `AUDITED_OTHERS` names the table that says so.

Most triggers look at the COMMIT, so that the event may come before the change or after it. The first changed row of a
transaction puts that look on the list, and a variable of the transaction keeps the others off it. Where a batch changes
thousands of rows, `audited = AT_ONCE` looks once after each statement: the event must have been written by then.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.utils.module_loading import import_string
from psycopg import sql

AT_ONCE = "at once"
"""Looked at after each statement, not at the COMMIT."""
Others = Mapping[str, str | Mapping[str, str]]
"""`app.Model` → why it is not audited, or the columns that do not count, each with the reason."""

_FUNCTION = "kernel_demand_event"
_FIRST = sql.SQL(
    "current_setting('qenex.owed', true) IS DISTINCT FROM '1' AND set_config('qenex.owed', '1', true) = '1'"
)
_DEFERRED = sql.SQL(
    "CREATE CONSTRAINT TRIGGER {name} AFTER {operations} ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    " WHEN ({condition}) EXECUTE FUNCTION kernel_demand_event()"
)
_STATEMENT = sql.SQL(
    "CREATE TRIGGER {name} AFTER {operations} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION kernel_demand_event()"
)
_TRIGGERS = """
SELECT c.relname, t.tgname, obj_description(t.oid, 'pg_trigger') FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE p.proname = %s AND p.pronamespace = 'public'::regnamespace
"""


class Audited(NamedTuple):
    """A table that nobody changes without an event."""

    table: str
    columns: tuple[str, ...]
    """The columns that count."""
    ignored: Mapping[str, str]
    """The columns that do not, each with the reason."""
    at_once: bool

    def triggers(self) -> dict[str, sql.Composed]:
        """Name → the statement that makes it."""
        if self.at_once:
            return {"audited": self._statement("audited", "INSERT OR UPDATE OR DELETE OR TRUNCATE")}
        changed = sql.SQL("{} IS DISTINCT FROM {} AND {}").format(self._row("old"), self._row("new"), _FIRST)
        return {
            "audited": self._deferred("audited", "INSERT OR DELETE", _FIRST),
            "audited_update": self._deferred("audited_update", "UPDATE", changed),
            "audited_truncate": self._statement("audited_truncate", "TRUNCATE"),
        }

    def _deferred(self, name: str, operations: str, condition: sql.Composable) -> sql.Composed:
        return _DEFERRED.format(
            name=sql.Identifier(name), operations=sql.SQL(operations), table=self._table, condition=condition
        )

    def _statement(self, name: str, operations: str) -> sql.Composed:
        return _STATEMENT.format(name=sql.Identifier(name), operations=sql.SQL(operations), table=self._table)

    def _row(self, which: str) -> sql.Composed:
        return sql.SQL("ROW({})").format(
            sql.SQL(", ").join(sql.Identifier(which.lower(), each) for each in self.columns)
        )

    @property
    def _table(self) -> sql.Identifier:
        return sql.Identifier(self.table)


def tables() -> dict[str, Audited]:
    """Every audited table, by its name."""
    return {found.table: found for model in _models() if (found := _audited(model)) is not None}


def exceptions() -> dict[str, str]:
    """Every table that is not audited, with the reason."""
    others = _others()
    reasons: dict[str, str] = {}
    for model in _models():
        said = others.get(model._meta.label) if _is_another_s(model) else getattr(model, "not_audited", None)
        if isinstance(said, str):
            reasons[model._meta.db_table] = said
    return reasons


def undecided() -> list[str]:
    """The models that say neither: there must not be any. Facts that are only ever added to have said enough."""
    known = tables().keys() | exceptions().keys()
    rest = (model for model in _models() if model._meta.db_table not in known)
    return sorted(model._meta.label for model in rest if not getattr(model, "append_only", False))


def install(connection: BaseDatabaseWrapper) -> list[str]:
    """Makes the triggers of all audited tables and removes those of others; the connection is the owner's.

    Returns the tables that were changed: none on the second time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc(%s)", [_FUNCTION])
        if cursor.fetchone()[0] is None:  # the migration that brings it was undone, or is yet to come
            return []
        cursor.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')")
        there = {name for (name,) in cursor.fetchall()}
        cursor.execute(_TRIGGERS, [_FUNCTION])
        present = {(table, name): comment for table, name, comment in cursor.fetchall()}
        wanted = {
            (table, name): statement
            for table, audited in tables().items()
            if table in there
            for name, statement in audited.triggers().items()
        }
        return sorted(_replace(cursor, present, wanted))


def _replace(
    cursor: CursorWrapper, present: Mapping[tuple[str, str], str | None], wanted: Mapping[tuple[str, str], sql.Composed]
) -> set[str]:
    changed = set()
    texts = {place: statement.as_string(cursor.connection) for place, statement in wanted.items()}
    marks = {place: hashlib.sha256(text.encode()).hexdigest() for place, text in texts.items()}
    for table, name in sorted(present.keys() | wanted.keys()):
        place, names = (table, name), {"name": sql.Identifier(name), "table": sql.Identifier(table)}
        if place in wanted and present.get(place) == marks[place]:
            continue
        changed.add(table)
        if place in present:
            cursor.execute(sql.SQL("DROP TRIGGER {name} ON {table}").format(**names))
        if place in wanted:
            cursor.execute(texts[place])
            comment = sql.SQL("COMMENT ON TRIGGER {name} ON {table} IS {mark}")
            cursor.execute(comment.format(mark=sql.Literal(marks[place]), **names))
    return changed


def _models() -> Iterator[type[Model]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


def _audited(model: type[Model]) -> Audited | None:
    if _is_another_s(model):
        said = _others().get(model._meta.label)
        return None if said is None or isinstance(said, str) else _of(model, said, at_once=False)
    said = getattr(model, "audited", None)
    return _of(model, getattr(model, "unaudited_columns", {}), at_once=said == AT_ONCE) if said else None


def _of(model: type[Model], ignored: Mapping[str, str], *, at_once: bool) -> Audited:
    names = [str(field.column) for field in model._meta.concrete_fields if field.column]
    strangers = ignored.keys() - set(names)
    if strangers:
        raise LookupError(f"{model._meta.label} has no column {min(strangers)}")
    return Audited(model._meta.db_table, tuple(each for each in names if each not in ignored), ignored, at_once)


def _is_another_s(model: type[Model]) -> bool:
    """Whether we cannot write into its class, such as a table of many-to-many rows."""
    return model._meta.label in _others()


def _others() -> Others:
    found: Any = import_string(settings.AUDITED_OTHERS)
    others: Others = found
    return others
