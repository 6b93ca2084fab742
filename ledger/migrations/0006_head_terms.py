import qenex.kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0005_balance_move'),
    ]

    operations = [
        migrations.AddField(
            model_name='bookhead',
            name='terms_id',
            field=models.UUIDField(default=qenex.kernel.ids.uuid7, help_text="Stays where only counters moved: what else is known of the book's accounts is still so.", verbose_name='last change of terms'),
        ),
    ]
