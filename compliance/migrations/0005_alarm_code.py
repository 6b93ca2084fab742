from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0004_rules_told")]
    operations = [
        migrations.AlterField(
            "tamperalarm",
            "code",
            models.CharField("kind", max_length=220, help_text="Of a witness: its name too."),
        ),
    ]
