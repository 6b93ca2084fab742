from pathlib import Path

from django.conf import settings
from django.db import migrations

from qenex.kernel import sql

FOLDER = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0010_policies_told"),
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [sql.run(FOLDER, "deactivation")]
