"""Tells the log of the retention rules that came by a migration, which the log has not been told of yet."""

from django.db import migrations

from qenex.kernel import events
from qenex.kernel.context import Context

_INSERT = """
INSERT INTO kernel_event (id, recorded_at, type, version, subject_type, subject_id, actor, request_id, body)
VALUES (%s, %s, %s, %s, %s, %s, %s, '', %s)
"""
_CHANGED = "compliance.retention.changed"
_FIELDS = ("keep_days", "period_days", "legal_basis", "active")


def tell(apps, editor):
    """One event for each that has none, with all that it says now."""
    cursor = editor.connection.cursor()
    cursor.execute("SELECT DISTINCT subject_id FROM kernel_event WHERE type = %s", [_CHANGED])
    known = {subject for (subject,) in cursor.fetchall()}
    for row in apps.get_model("compliance", "RetentionRule").objects.using(editor.connection.alias).order_by("pk"):
        if row.pk in known:
            continue
        event = events.draft(
            _CHANGED,
            subject_type="retention_rule",
            subject_id=row.pk,
            data={"version": row.version},
            changes={name: (None, getattr(row, name)) for name in _FIELDS},
            version=2,
            by=Context(actor="migrate", method="command"),
        )
        place = (event.id, event.recorded_at, event.type, event.version, event.subject_type, event.subject_id)
        cursor.execute(_INSERT, (*place, event.context.actor, event.body()))


class Migration(migrations.Migration):
    dependencies = [("compliance", "0003_trail_admin"), ("kernel", "0001_initial")]
    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
