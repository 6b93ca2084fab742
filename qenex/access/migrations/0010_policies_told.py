"""Tells the log of the policies that came by a migration, which the log has not been told of yet."""

from datetime import timedelta

from django.db import migrations

from qenex.kernel import events
from qenex.kernel.context import Context

_INSERT = """
INSERT INTO kernel_event (id, recorded_at, type, version, subject_type, subject_id, actor, request_id, body)
VALUES (%s, %s, %s, %s, %s, %s, %s, '', %s)
"""
_CHANGED = "access.policy.changed"


def tell(apps, editor):
    """One event for each, with all that it says now."""
    cursor = editor.connection.cursor()
    cursor.execute("SELECT DISTINCT subject_id FROM kernel_event WHERE type = %s", [_CHANGED])
    known = {subject for (subject,) in cursor.fetchall()}
    for row in apps.get_model("access", "ApprovalPolicy").objects.using(editor.connection.alias).order_by("pk"):
        if str(row.pk) in known:
            continue
        event = events.draft(
            _CHANGED,
            subject_type="approval_policy",
            subject_id=row.pk,
            data={"version": row.version, "created_at": row.created_at},
            changes={name: (None, value) for name, value in _terms(row).items() if value is not None},
            version=2,
            by=Context(actor="migrate", method="command"),
        )
        place = (event.id, event.recorded_at, event.type, event.version, event.subject_type, event.subject_id)
        cursor.execute(_INSERT, (*place, event.context.actor, event.body()))


def _terms(row):
    return {
        "command": row.command,
        "book": row.book_id,
        "asset": row.asset_id,
        "above": None if row.above is None else f"{row.above.normalize():f}",
        "permission": row.permission,
        "expires_after": row.expires_after // timedelta(seconds=1),
        "active": row.active,
    }


class Migration(migrations.Migration):
    dependencies = [("access", "0009_collected_secrets"), ("kernel", "0001_initial")]
    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
