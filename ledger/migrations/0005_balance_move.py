from pathlib import Path

from django.db import migrations
from qenex.kernel import sql

FOLDER = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0004_open_holds"),
    ]

    operations = [
        sql.run(FOLDER, "balance_move"),
    ]
