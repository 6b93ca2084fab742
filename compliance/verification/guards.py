"""What keeps honest mistakes out: the triggers and grants that refuse to change a fact are there."""

from django.conf import settings

from compliance.verification.report import TrailReport
from ledger.verification.pages import Snapshot
from qenex.kernel.grants import append_only_tables

_TRIGGERS = """
SELECT c.relname, bool_or(t.tgenabled IN ('O', 'A')) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname = 'append_only' AND c.relname = ANY(%s) GROUP BY c.relname
"""
_RIGHTS = """
SELECT t.name, p.privilege FROM unnest(%s::text[]) t (name), unnest(%s::text[]) p (privilege)
WHERE has_table_privilege(%s, t.name, p.privilege)
"""
FORBIDDEN = ["UPDATE", "DELETE", "TRUNCATE"]


def guards(snapshot: Snapshot, report: TrailReport) -> None:
    """Notes the tables of facts whose trigger is off, or that the application's role may change."""
    tables = sorted(append_only_tables())
    on: dict[str, bool] = dict(snapshot.rows(_TRIGGERS, tables))
    for table in tables:
        report.compare("table", table, "the trigger append_only", "on" if on.get(table) else "off", "on")
    writer = settings.DATABASES["default"]["USER"]
    if settings.DATABASES["owner"]["USER"] != writer:
        for table, privilege in snapshot.rows(_RIGHTS, tables, FORBIDDEN, writer):
            report.differ("table", table, f"the right of {writer}", privilege, "none but to read and to add")
