"""`manage.py retention`: ends the personal data whose time is over, or says what that would be."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.models import DataClass
from compliance.privacy.retention import Outcome, retention_apply
from compliance.privacy.rules import ACTIONS
from qenex.kernel.context import acting, command
from qenex.vault.errors import VaultError


class Command(BaseCommand):
    """Applies the retention rules now; by the clock it happens every day."""

    help = "Ends the personal data whose time is over."

    def add_arguments(self, parser: CommandParser) -> None:
        """The one option."""
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Applies, and shows what came of it. Raises CommandError where the keys are out of reach."""
        try:
            with acting(command("retention")):
                found = retention_apply(dry_run=options["dry_run"])
        except VaultError as error:
            raise CommandError(str(error)) from None
        verb = "would go" if options["dry_run"] else "went"
        for each in found:
            self.stdout.write(line(each, verb))
        if any(each.refused for each in found):
            raise CommandError("Some data was refused: something is still open. The next run asks again.")


def line(each: Outcome, verb: str) -> str:
    """What became of a class."""
    held = "; a legal hold keeps some or all" if each.held else ""
    action = ACTIONS[DataClass(each.data_class)]
    return f"{each.data_class:10} before {each.before:%Y-%m-%d}  {each.gone:7,} {verb}: {action}{held}"
