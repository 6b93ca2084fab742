"""Ships the policy for taking away somebody's second factors, switched off as the others are."""

from datetime import timedelta
from importlib import import_module

from django.db import migrations
from django.utils.timezone import now

COMMAND = "access.factors.reset"
tell = import_module("qenex.access.migrations.0010_policies_told").tell


def ship(apps, editor):
    """The policy, unless somebody has made one, and its event."""
    policies = apps.get_model("access", "ApprovalPolicy").objects.using(editor.connection.alias)
    if not policies.filter(command=COMMAND).exists():
        policies.create(command=COMMAND, active=False, expires_after=timedelta(days=3), created_at=now())
        tell(apps, editor)


class Migration(migrations.Migration):
    dependencies = [("access", "0012_sessions_at_once"), ("kernel", "0001_initial")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
