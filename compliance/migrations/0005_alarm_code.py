from django.db import migrations, models

# The type of a column that a trigger looks at cannot be changed; `manage.py migrate` makes the trigger again.
RELEASE = "DROP TRIGGER IF EXISTS audited_update ON compliance_tamperalarm"


class Migration(migrations.Migration):
    dependencies = [("compliance", "0004_rules_told")]
    operations = [
        migrations.RunSQL(RELEASE, migrations.RunSQL.noop),
        migrations.AlterField(
            "tamperalarm",
            "code",
            models.CharField("kind", max_length=220, help_text="Of a witness: its name too."),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, RELEASE),
    ]
