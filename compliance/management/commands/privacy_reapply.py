"""`manage.py privacy_reapply`: after a restore, erases again whom the backup has brought back."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.privacy import tombstones
from compliance.privacy.erasing import erasures_reapply
from compliance.privacy.errors import PrivacyError
from qenex.kernel.context import acting, task
from qenex.vault.errors import VaultError


class Command(BaseCommand):
    """Reads the list of erasures, which is not in the database, and erases again who is back."""

    help = "After a restore, erases again whom the backup has brought back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the list is."""
        parser.add_argument("--file", type=Path, default=settings.ERASED_FILE, help="the list (QENEX_ERASED)")
        parser.add_argument("--dry-run", action="store_true", help="say who is back, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Erases again. Raises CommandError where the list cannot be read, keys are lost, or a hold stands."""
        try:
            with acting(task("privacy_reapply")):
                found = erasures_reapply(register=tombstones.read(options["file"]), dry_run=options["dry_run"])
        except (PrivacyError, VaultError, OSError) as error:
            raise CommandError(str(error)) from None
        verb = "are back" if options["dry_run"] else "were erased again"
        self.stdout.write(f"{found.known:,} erasures are known; {len(found.due) - len(found.refused):,} {verb}.")
        if found.refused:
            raise CommandError("Not erased: " + "; ".join(found.refused))
