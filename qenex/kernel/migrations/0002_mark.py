from pathlib import Path

from django.db import migrations
from qenex.kernel import sql

FOLDER = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0001_initial"),
    ]

    operations = [
        sql.run(FOLDER, "mark"),
    ]
