"""`manage.py subject_export`: everything that is held about somebody, as JSON."""

import os
from pathlib import Path
from typing import IO, Any, cast

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.privacy.errors import PrivacyError
from compliance.privacy.exporting import subject_export
from qenex.kernel.context import acting, command
from qenex.vault.errors import VaultError


class Command(BaseCommand):
    """Writes the data of one person for that person (GDPR Art. 15 and 20)."""

    help = "Writes everything that is held about somebody as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who, why and where to."""
        parser.add_argument("subject", help="a login name, or a subject such as auth.user:7")
        parser.add_argument("--reason", default="", help="is kept in the event; write no names")
        parser.add_argument("--output", type=Path, help="a file to make, readable by you alone; else standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exports. Raises CommandError for nobody, an existing file and lost keys."""
        user = User.objects.filter(username=options["subject"]).first()
        try:
            with acting(command("subject_export", reason=options["reason"])):
                self._export(user or options["subject"], options["output"])
        except (PrivacyError, VaultError, OSError) as error:
            raise CommandError(str(error)) from None

    def _export(self, subject: Any, output: Path | None) -> None:
        if output is None:
            self.stdout.ending = ""  # else each part would end in a line feed
            subject_export(subject=subject, to=cast(IO[str], self.stdout))
            return
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            count = subject_export(subject=subject, to=file)
        self.stderr.write(f"{count:,} events. The file is readable by you alone: hand it to nobody but the person.")
